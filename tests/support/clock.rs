//! The day on which tests begin: the same one always (law 11). Only what the built program has a part in goes by the machine's.

use std::time::{Duration, SystemTime};

use poc::clock::Clock;

/// 2026-09-21 14:13:20 UTC. Call it inside the runtime.
pub fn clock() -> Clock {
    Clock::starting_at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000))
}
