//! The one place where the wall clock is read. Everything else asks a [`Clock`], which moves with tokio's clock, so
//! that a run under a paused clock has its own, repeatable time of day.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// Time of day that advances with tokio's clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: SystemTime,
    started: Instant,
    /// It began as the machine's own time of day.
    of_machine: bool,
}

impl Clock {
    /// Starts at the machine's time of day. Call it inside the runtime.
    #[expect(clippy::disallowed_methods, reason = "the one reading of the wall clock; everything else derives from it")]
    pub fn system() -> Clock {
        Clock { of_machine: true, ..Clock::starting_at(SystemTime::now()) }
    }

    /// Starts at `origin`: for simulations and tests. Call it inside the runtime.
    pub fn starting_at(origin: SystemTime) -> Clock {
        Clock { origin, started: Instant::now(), of_machine: false }
    }

    /// Of a machine that slept so long since it began.
    #[cfg(test)]
    pub fn asleep_for(time: Duration) -> Clock {
        let clock = Clock::system();
        Clock { origin: clock.origin - time, ..clock }
    }

    pub fn now(&self) -> SystemTime {
        self.origin + self.started.elapsed()
    }

    /// How long the machine slept since: by so much its time of day is ahead of this clock, which slept along.
    pub fn slept(&self) -> Duration {
        if !self.of_machine {
            return Duration::ZERO;
        }
        Clock::system().origin.duration_since(self.now()).unwrap_or(Duration::ZERO)
    }

    /// Milliseconds since 1970-01-01 UTC.
    pub fn epoch_millis(&self) -> u64 {
        let since = self.now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}
