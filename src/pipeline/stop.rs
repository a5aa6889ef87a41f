//! How a run that holds a lock is asked to stop: it finishes what is in flight and lets the lock go.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Shared by whoever asks and the run that is asked.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    asked: AtomicBool,
    heeding: AtomicUsize,
    told: Notify,
}

impl Stop {
    /// Asks. Will somebody heed it, and end by itself? Otherwise the run may be dropped where it is.
    pub fn ask(&self) -> bool {
        self.0.asked.store(true, Ordering::Relaxed);
        self.0.told.notify_waiters();
        self.0.heeding.load(Ordering::Relaxed) > 0
    }

    pub(super) fn is_asked(&self) -> bool {
        self.0.asked.load(Ordering::Relaxed)
    }

    /// Done once somebody asked.
    pub(super) async fn asked(&self) {
        let told = self.0.told.notified();
        if !self.is_asked() {
            told.await;
        }
    }

    /// From now until it is dropped, the run ends by itself when asked.
    pub(super) fn heed(&self) -> Heeding<'_> {
        self.0.heeding.fetch_add(1, Ordering::Relaxed);
        Heeding(&self.0)
    }
}

pub(super) struct Heeding<'s>(&'s Inner);

impl Drop for Heeding<'_> {
    fn drop(&mut self) {
        self.0.heeding.fetch_sub(1, Ordering::Relaxed);
    }
}
