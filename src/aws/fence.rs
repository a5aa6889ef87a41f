//! What keeps two runs apart, on this side: while a run holds the lock of its stage, no call that changes something goes
//! out unless the lease is known to last, and none at all once somebody else has it or the person wants to stop.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::{Error, Result};
use crate::clock::Clock;

/// A machine that slept longer asks first whether it still has the lock.
const NAP: Duration = Duration::from_secs(10);

/// Open until a run holds a lock.
#[derive(Debug)]
pub struct Fence {
    clock: Clock,
    held: RefCell<Option<Held>>,
    /// No further change is begun.
    halted: Cell<bool>,
    /// Changes that were sent and are not answered.
    under_way: Cell<usize>,
    changed: Notify,
}

/// A moment, by the clock that sleeps along with the machine and by how long that slept.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    at: Instant,
    slept: Duration,
}

#[derive(Debug)]
struct Held {
    /// Where the lock lies: `s3://bucket/key`.
    place: String,
    good_until: Instant,
    /// How long the machine had slept when that was told; what it sleeps from then on is missing from `good_until`.
    slept: Duration,
    lost: Option<Error>,
}

impl Fence {
    pub(super) fn new(clock: Clock) -> Fence {
        let (held, halted, under_way) = (RefCell::default(), Cell::default(), Cell::default());
        Fence { clock, held, halted, under_way, changed: Notify::new() }
    }

    /// Now, before S3 is asked for a lease.
    pub fn asked(&self) -> Asked {
        Asked { at: Instant::now(), slept: self.clock.slept() }
    }

    /// How long ago that was, the machine's sleep included.
    pub fn since(&self, asked: Asked) -> Duration {
        asked.at.elapsed() + self.clock.slept().saturating_sub(asked.slept)
    }

    /// The lock at `place` is held, and lasts so long from when it was asked for, if nothing else is told.
    pub fn hold(&self, place: &str, asked: Asked, lasts: Duration) {
        let (place, good_until, slept) = (place.to_owned(), asked.at + lasts, asked.slept);
        *self.held.borrow_mut() = Some(Held { place, good_until, slept, lost: None });
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

    /// Passed at once, until the run is to stop; then never, because whoever stops it ends it.
    pub async fn unless_halted(&self) {
        if self.halted.get() {
            std::future::pending::<()>().await;
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
            Some(held) => Ok(Instant::now() < held.good_until && self.clock.slept().saturating_sub(held.slept) < NAP),
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
    use tokio::time::timeout;

    use super::*;

    const MOMENT: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_change_waits_for_a_lease_that_lasts() {
        let fence = Fence::new(Clock::system());
        assert!(fence.pass().await.is_ok(), "without a lock nothing is kept back");
        fence.hold("s3://a/b", fence.asked(), MOMENT);
        assert!(timeout(MOMENT, fence.pass()).await.is_ok());
        assert!(timeout(MOMENT, fence.pass()).await.is_ok());
        tokio::time::sleep(MOMENT).await;
        assert!(timeout(MOMENT, fence.pass()).await.is_err(), "the lease is over");
        let renewed = async {
            tokio::time::sleep(MOMENT).await;
            fence.hold("s3://a/b", fence.asked(), MOMENT);
        };
        let (passed, ()) = tokio::join!(timeout(2 * MOMENT, fence.pass()), renewed);
        assert!(passed.is_ok(), "a renewed one lets what waits go on");
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_sleep_of_the_machine_a_lease_is_renewed_first() {
        let fence = Fence::new(Clock::asleep_for(2 * NAP));
        let before = Asked { at: Instant::now(), slept: NAP };
        fence.hold("s3://a/b", before, 60 * MOMENT);
        assert!(timeout(MOMENT, fence.pass()).await.is_err());
        fence.hold("s3://a/b", fence.asked(), 60 * MOMENT);
        assert!(timeout(MOMENT, fence.pass()).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_lock_fails_what_waits_and_what_comes() {
        let fence = Fence::new(Clock::system());
        fence.hold("s3://a/b", fence.asked(), Duration::ZERO);
        let lost = async { fence.lose(Error::refused("lock_lost", "gone", "")) };
        let (passed, ()) = tokio::join!(fence.pass(), lost);
        assert_eq!(passed.err().and_then(|error| error.name), Some("lock_lost"));
        assert!(fence.pass().await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_halt_lets_what_is_under_way_end_and_nothing_begin() {
        let fence = Fence::new(Clock::system());
        fence.hold("s3://a/b", fence.asked(), 60 * MOMENT);
        let under_way = fence.pass().await.unwrap();
        assert!(timeout(MOMENT, fence.halt()).await.is_err());
        assert!(timeout(MOMENT, fence.pass()).await.is_err());
        drop(under_way);
        assert!(timeout(MOMENT, fence.halt()).await.is_ok());
    }
}
