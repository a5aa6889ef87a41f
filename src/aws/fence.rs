//! What keeps two runs apart, on this side: while a run holds the lock of its stage, no call that changes something goes
//! out unless the lease is known to last, and none at all once somebody else has it or the person wants to stop.

use std::cell::{Cell, RefCell};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::{Error, Result};

/// Open until a run holds a lock.
#[derive(Debug, Default)]
pub struct Fence {
    held: RefCell<Option<Held>>,
    /// No further change is begun.
    halted: Cell<bool>,
    /// Changes that were sent and are not answered.
    under_way: Cell<usize>,
    changed: Notify,
}

#[derive(Debug)]
struct Held {
    /// Where the lock lies: `s3://bucket/key`.
    place: String,
    good_until: Instant,
    lost: Option<Error>,
}

impl Fence {
    /// The lock at `place` is held, and lasts until `good_until`, if nothing else is told.
    pub fn hold(&self, place: &str, good_until: Instant) {
        *self.held.borrow_mut() = Some(Held { place: place.to_owned(), good_until, lost: None });
        self.changed.notify_waiters();
    }

    /// The lock is somebody else's, or may be: what is under way cannot be called back, nothing more is sent.
    pub fn lose(&self, why: Error) {
        if let Some(held) = self.held.borrow_mut().as_mut() {
            held.lost.get_or_insert(why);
        }
        self.changed.notify_waiters();
    }

    /// Is the lock at `place` the one that is held?
    pub fn guards(&self, place: &str) -> bool {
        self.held.borrow().as_ref().is_some_and(|held| held.place == place)
    }

    pub fn is_held(&self) -> bool {
        self.held.borrow().is_some()
    }

    /// There is nothing left to be kept apart.
    pub fn lift(&self) {
        *self.held.borrow_mut() = None;
        self.changed.notify_waiters();
    }

    /// Begins no further change; done once those under way have been answered.
    pub async fn halt(&self) {
        self.halted.set(true);
        loop {
            let changed = self.changed.notified();
            if self.under_way.get() == 0 {
                return;
            }
            changed.await;
        }
    }

    /// Waits until a change may be sent, and counts it as under way for as long as the pass lives.
    pub(super) async fn pass(&self) -> Result<Pass<'_>> {
        loop {
            let changed = self.changed.notified();
            if !self.halted.get() && self.is_open()? {
                self.under_way.set(self.under_way.get() + 1);
                return Ok(Pass(self));
            }
            changed.await;
        }
    }

    fn is_open(&self) -> Result<bool> {
        match self.held.borrow().as_ref() {
            None => Ok(true),
            Some(Held { lost: Some(why), .. }) => Err(why.clone()),
            Some(held) => Ok(Instant::now() < held.good_until),
        }
    }
}

/// A change under way.
pub(super) struct Pass<'f>(&'f Fence);

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.0.under_way.set(self.0.under_way.get() - 1);
        self.0.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    const MOMENT: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_change_waits_for_a_lease_that_lasts() {
        let fence = Fence::default();
        assert!(fence.pass().await.is_ok(), "without a lock nothing is kept back");
        fence.hold("s3://a/b", Instant::now() + MOMENT);
        assert!(timeout(MOMENT, fence.pass()).await.is_ok());
        assert!(timeout(MOMENT, fence.pass()).await.is_ok());
        tokio::time::sleep(MOMENT).await;
        assert!(timeout(MOMENT, fence.pass()).await.is_err(), "the lease is over");
        let renewed = async {
            tokio::time::sleep(MOMENT).await;
            fence.hold("s3://a/b", Instant::now() + MOMENT);
        };
        let (passed, ()) = tokio::join!(timeout(2 * MOMENT, fence.pass()), renewed);
        assert!(passed.is_ok(), "a renewed one lets what waits go on");
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_lock_fails_what_waits_and_what_comes() {
        let fence = Fence::default();
        fence.hold("s3://a/b", Instant::now());
        let lost = async { fence.lose(Error::refused("lock_lost", "gone", "")) };
        let (passed, ()) = tokio::join!(fence.pass(), lost);
        assert_eq!(passed.err().and_then(|error| error.name), Some("lock_lost"));
        assert!(fence.pass().await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_halt_lets_what_is_under_way_end_and_nothing_begin() {
        let fence = Fence::default();
        fence.hold("s3://a/b", Instant::now() + 60 * MOMENT);
        let under_way = fence.pass().await.unwrap();
        assert!(timeout(MOMENT, fence.halt()).await.is_err());
        assert!(timeout(MOMENT, fence.pass()).await.is_err());
        drop(under_way);
        assert!(timeout(MOMENT, fence.halt()).await.is_ok());
    }
}
