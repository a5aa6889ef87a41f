//! Reading a body within its bounds: bytes, pauses, pace, and the room that all bodies share.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::{Instant, timeout_at};

use super::Limits;

/// Why a body was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// More bytes than the destination takes.
    TooLong,
    /// Too long a pause, or too slow altogether.
    Slow,
    /// The connection broke off, or the chunks were malformed.
    Broken,
    /// All bodies together have no more room.
    NoRoom,
}

/// The room that all bodies share.
#[derive(Debug, Default)]
pub(super) struct Room {
    taken: AtomicUsize,
}

/// What one body takes of the room, until its request is answered.
pub(super) struct Taken {
    room: Arc<Room>,
    bytes: usize,
}

impl Taken {
    pub(super) fn none(room: &Arc<Room>) -> Taken {
        Taken { room: room.clone(), bytes: 0 }
    }

    fn take(&mut self, bytes: usize, all: usize) -> Result<(), Unread> {
        self.bytes += bytes;
        let before = self.room.taken.fetch_add(bytes, Ordering::Relaxed);
        if before + bytes > all { Err(Unread::NoRoom) } else { Ok(()) }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.room.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The whole body, of at most `limit` bytes. One that says beforehand that it is longer is refused unread.
pub(super) async fn read(
    mut body: Incoming,
    limit: usize,
    limits: &Limits,
    taken: &mut Taken,
) -> Result<Bytes, Unread> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limit {
        return Err(Unread::TooLong);
    }
    let begun = Instant::now();
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while !body.is_end_stream() {
        let so_far = first.len() + rest.len();
        let paced = limits.body_time + Duration::from_secs(so_far as u64 / u64::from(limits.body_rate.max(1)));
        let deadline = (begun + paced).min(Instant::now() + limits.body_pause);
        let frame = match timeout_at(deadline, body.frame()).await {
            Err(_) => return Err(Unread::Slow),
            Ok(None) => break,
            Ok(Some(Err(_))) => return Err(Unread::Broken),
            Ok(Some(Ok(frame))) => frame,
        };
        // Trailers say nothing that anybody here asks for.
        let Ok(data) = frame.into_data() else { continue };
        if so_far + data.len() > limit {
            return Err(Unread::TooLong);
        }
        taken.take(data.len(), limits.bodies)?;
        if so_far == 0 {
            first = data;
        } else {
            rest.extend_from_slice(&data);
        }
    }
    if rest.is_empty() {
        return Ok(first);
    }
    let mut whole = BytesMut::with_capacity(first.len() + rest.len());
    whole.extend_from_slice(&first);
    whole.unsplit(rest);
    Ok(whole.freeze())
}
