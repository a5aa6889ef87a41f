//! The one place where the wall clock is read. Everything else asks a [`Clock`], which moves with tokio's clock, so
//! that a run under a paused clock has its own, repeatable time of day.

use std::sync::mpsc::{self, RecvTimeoutError};
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

/// What requests are signed with.
impl aws_smithy_async::time::TimeSource for Clock {
    fn now(&self) -> SystemTime {
        Clock::now(self)
    }
}

/// How finely hastened time moves.
const TICK: Duration = Duration::from_millis(1);

/// Does `work` while tokio's clock runs `speed` times as fast as the wall's: every wait, latency and pace takes that part
/// of its time, on both sides, and measured times stay what they would be. What other processes do is not hastened. Call
/// it in a runtime of one thread whose clock is not paused.
pub async fn hasten<T>(speed: u32, work: impl Future<Output = T>) -> T {
    if speed == 1 {
        return work.await;
    }
    tokio::time::pause();
    let (stop, stopped) = mpsc::channel::<()>();
    let (tick, mut ticks) = tokio::sync::mpsc::channel(1);
    // While a blocking task runs, tokio does not let a paused clock jump ahead by itself.
    tokio::task::spawn_blocking(move || {
        while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) && tick.blocking_send(()).is_ok() {}
    });
    let moves = async {
        while ticks.recv().await.is_some() {
            tokio::time::advance(TICK * speed).await;
        }
        std::future::pending().await
    };
    let done = tokio::select! {
        biased;
        done = work => done,
        never = moves => never,
    };
    drop(stop);
    tokio::time::resume();
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn hastened_time_is_measured_in_full_and_takes_its_part() {
        let (hour, wall) = (Duration::from_secs(3600), SystemTimeOfTest::now());
        let measured = hasten(20_000, async {
            let begun = Instant::now();
            tokio::time::sleep(hour).await;
            begun.elapsed()
        })
        .await;
        assert!(measured >= hour && measured < hour + Duration::from_secs(600), "{measured:?}");
        let took = wall.elapsed();
        assert!(took >= Duration::from_millis(150), "the clock jumped: {took:?}");
    }

    /// The wall's time, which tokio's does not tell while it is hastened.
    struct SystemTimeOfTest(SystemTime);

    impl SystemTimeOfTest {
        #[expect(clippy::disallowed_methods, reason = "what is tested is the relation to the wall's clock")]
        fn now() -> SystemTimeOfTest {
            SystemTimeOfTest(SystemTime::now())
        }

        fn elapsed(&self) -> Duration {
            SystemTimeOfTest::now().0.duration_since(self.0).unwrap_or_default()
        }
    }
}
