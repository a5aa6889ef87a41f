//! The one place where the wall clock is read. Everything else asks a [`Clock`], which moves with tokio's clock, so
//! that a run under a paused clock has its own, repeatable time of day.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// Time of day that advances with tokio's clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: SystemTime,
    started: Instant,
}

impl Clock {
    /// Starts at the machine's time of day. Call it inside the runtime.
    #[expect(clippy::disallowed_methods, reason = "the one reading of the wall clock; everything else derives from it")]
    pub fn system() -> Clock {
        Clock::starting_at(SystemTime::now())
    }

    /// Starts at `origin`: for simulations and tests. Call it inside the runtime.
    pub fn starting_at(origin: SystemTime) -> Clock {
        Clock { origin, started: Instant::now() }
    }

    pub fn now(&self) -> SystemTime {
        self.origin + self.started.elapsed()
    }

    /// Milliseconds since 1970-01-01 UTC.
    pub fn epoch_millis(&self) -> u64 {
        let since = self.now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}
