//! Looks at what arrives on a connection before the parser does, and refuses what parsers are known to disagree about:
//! a length together with a transfer coding, two lengths, lines that end in a bare line feed. Whoever sends such a thing
//! wants one program to see one request where another sees two.
//!
//! It also bounds the time a head may take, and when a connection is closed with a body unread, reads on for a moment,
//! so that the answer is not lost to a reset.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// No head may hold it, so the parser refuses the request and answers 400.
const POISON: u8 = 0;
/// Enough of a line to know a length or a coding by.
const LINE: usize = 128;
/// Of an unread body, at the end.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 32 << 20;

const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0";

pub(super) struct Screen<S> {
    socket: S,
    at: At,
    head: Head,
    head_time: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    lingered: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Head,
    /// This many bytes of a body are still to come.
    Body(u64),
    /// A body whose end only the parser knows; the connection ends with it.
    Chunks,
    Http2,
    /// Refused; this much of the empty line that ends the poisoned head is still to be told.
    Refused(usize),
}

/// What is known of the head being read.
#[derive(Debug, Default)]
struct Head {
    begun: bool,
    /// The beginning of the current line.
    line: Vec<u8>,
    last: u8,
    lines: usize,
    length: Option<u64>,
    chunked: bool,
}

impl<S> Screen<S> {
    pub(super) fn new(socket: S, head_time: Duration) -> Screen<S> {
        Screen { socket, at: At::Head, head: Head::default(), head_time, timer: None, lingered: 0 }
    }

    /// Follows the bytes; tells where something is wrong.
    fn follow(&mut self, bytes: &[u8]) -> Result<(), usize> {
        let mut next = 0;
        while next < bytes.len() {
            match self.at {
                At::Head => {
                    let (read, ended) = self.head.read(&bytes[next..]).map_err(|wrong| next + wrong)?;
                    next += read;
                    if let Some(after) = ended {
                        self.at = after;
                        self.head = Head::default();
                        self.timer = None;
                    }
                }
                At::Body(left) => {
                    let taken = left.min((bytes.len() - next) as u64);
                    next += usize::try_from(taken).unwrap_or(bytes.len());
                    self.at = if taken == left { At::Head } else { At::Body(left - taken) };
                }
                At::Chunks | At::Http2 | At::Refused(_) => return Ok(()),
            }
        }
        Ok(())
    }

    /// Has the head that began run out of time?
    fn late(&mut self, cx: &mut Context<'_>) -> bool {
        if self.at != At::Head || !self.head.begun {
            return false;
        }
        let time = self.head_time;
        self.timer.get_or_insert_with(|| Box::pin(sleep(time))).as_mut().poll(cx).is_ready()
    }
}

impl Head {
    /// Reads up to the end of the head: how many bytes, and what comes next if it ended.
    fn read(&mut self, bytes: &[u8]) -> Result<(usize, Option<At>), usize> {
        for (at, byte) in bytes.iter().enumerate() {
            self.begun = true;
            if *byte != b'\n' {
                if self.line.len() < LINE {
                    self.line.push(*byte);
                }
                self.last = *byte;
                continue;
            }
            if self.last != b'\r' {
                return Err(at);
            }
            if let Some(ended) = self.line_ended().map_err(|()| at)? {
                return Ok((at + 1, Some(ended)));
            }
        }
        Ok((bytes.len(), None))
    }

    fn line_ended(&mut self) -> Result<Option<At>, ()> {
        let line = std::mem::take(&mut self.line);
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        self.last = 0;
        match (line.is_empty(), self.lines) {
            // An empty line before a request is overlooked by everybody.
            (true, 0) => {
                self.begun = false;
                return Ok(None);
            }
            (true, _) => {
                let body = self.length.filter(|length| *length > 0).map_or(At::Head, At::Body);
                return Ok(Some(if self.chunked { At::Chunks } else { body }));
            }
            (false, 0) if line == HTTP2_PREFACE => return Ok(Some(At::Http2)),
            (false, 0) => {}
            (false, _) => self.header(line)?,
        }
        self.lines += 1;
        Ok(None)
    }

    fn header(&mut self, line: &[u8]) -> Result<(), ()> {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { return Ok(()) };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.trim_ascii().eq_ignore_ascii_case(b"content-length") {
            let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
            let length = std::str::from_utf8(value).ok().and_then(|value| value.parse().ok()).filter(|_| digits);
            if length.is_none() || self.length.is_some() || self.chunked {
                return Err(());
            }
            self.length = length;
        } else if name.trim_ascii().eq_ignore_ascii_case(b"transfer-encoding") {
            if self.length.is_some() || self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(());
            }
            self.chunked = true;
        }
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Screen<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let screen = self.get_mut();
        if let At::Refused(told) = screen.at {
            let end = b"\r\n\r\n";
            let now = &end[told..end.len().min(told + buf.remaining())];
            buf.put_slice(now);
            screen.at = At::Refused(told + now.len());
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        match Pin::new(&mut screen.socket).poll_read(cx, buf) {
            Poll::Ready(Ok(())) => {
                if let Err(wrong) = screen.follow(&buf.filled()[before..]) {
                    buf.filled_mut()[before + wrong] = POISON;
                    buf.set_filled(before + wrong + 1);
                    screen.at = At::Refused(0);
                }
                Poll::Ready(Ok(()))
            }
            // To the parser it looks as if the client had gone.
            Poll::Pending if screen.late(cx) => Poll::Ready(Ok(())),
            other => other,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Screen<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().socket).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(cx)
    }

    /// Closes this side; then, where the other is still sending what nobody will read, listens for a moment.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let screen = self.get_mut();
        if screen.lingered == 0 {
            ready!(Pin::new(&mut screen.socket).poll_shutdown(cx))?;
            if !matches!(screen.at, At::Body(_) | At::Chunks | At::Refused(_)) {
                return Poll::Ready(Ok(()));
            }
            screen.lingered = 1;
            screen.timer = Some(Box::pin(sleep(LINGER)));
        }
        let mut space = [0; 16 << 10];
        while screen.lingered < LINGER_BYTES {
            if screen.timer.as_mut().is_none_or(|timer| timer.as_mut().poll(cx).is_ready()) {
                break;
            }
            let mut buf = ReadBuf::new(&mut space);
            match ready!(Pin::new(&mut screen.socket).poll_read(cx, &mut buf)) {
                Ok(()) if !buf.filled().is_empty() => screen.lingered += buf.filled().len(),
                _ => break,
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().socket).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }
}
