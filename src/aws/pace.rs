//! API Gateway's own pace (`AWS_FACTS` A): a budget per operation, kept on this side so that AWS need not refuse.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// Operations with a limit of their own: one per so many milliseconds. Not raisable, per account and region.
const SLOW: &[(&str, u64)] = &[
    ("CreateRestApi", 3_000),
    ("DeleteRestApi", 30_000),
    ("CreateResource", 200),
    ("DeleteResource", 200),
    ("GetResources", 400),
    ("CreateDeployment", 5_000),
    ("CreateDomainName", 30_000),
    ("UpdateDomainName", 30_000),
    ("DeleteDomainName", 30_000),
    ("CreateApiKey", 200),
    ("DeleteApiKey", 200),
    ("UpdateUsagePlan", 20_000),
    ("UpdateAccount", 20_000),
];

/// All of API Gateway's control plane together: 10 per second, 40 at once.
const TOTAL: (Duration, u32) = (Duration::from_millis(100), 40);

/// Hands out turns.
#[derive(Debug, Default)]
pub struct Pace {
    on: bool,
    free_at: Mutex<HashMap<&'static str, Instant>>,
}

impl Pace {
    /// `on` against AWS itself; other endpoints have no such limits.
    pub fn new(on: bool) -> Pace {
        Pace { on, free_at: Mutex::default() }
    }

    pub fn is_on(&self) -> bool {
        self.on
    }

    /// When the next call of `operation` may go out.
    pub fn turn(&self, service: &str, operation: &'static str, now: Instant) -> Instant {
        if !self.on || service != "apigateway" {
            return now;
        }
        let mut free_at = self.free_at.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let own = SLOW.iter().find(|(name, _)| *name == operation).map(|(_, millis)| Duration::from_millis(*millis));
        let own_turn = own.map_or(now, |gap| reserve(&mut free_at, operation, gap, 1, now));
        own_turn.max(reserve(&mut free_at, "all of API Gateway", TOTAL.0, TOTAL.1, own_turn))
    }
}

/// A token bucket as its theoretical arrival time (GCRA): a turn is due when no more than `burst` gaps are owed.
fn reserve(
    free_at: &mut HashMap<&'static str, Instant>,
    key: &'static str,
    gap: Duration,
    burst: u32,
    now: Instant,
) -> Instant {
    let due = free_at.get(key).copied().unwrap_or(now).max(now);
    free_at.insert(key, due + gap);
    (due.checked_sub(gap * (burst - 1)).unwrap_or(now)).max(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_usage_plan_update_waits_twenty_seconds() {
        let (pace, now) = (Pace::new(true), Instant::now());
        assert_eq!(pace.turn("apigateway", "UpdateUsagePlan", now), now);
        assert_eq!(pace.turn("apigateway", "UpdateUsagePlan", now), now + Duration::from_secs(20));
    }

    #[test]
    fn forty_calls_go_at_once_and_the_next_waits_a_tenth_of_a_second() {
        let (pace, now) = (Pace::new(true), Instant::now());
        let turns: Vec<Instant> = (0..42).map(|_| pace.turn("apigateway", "PutMethod", now)).collect();
        assert_eq!(turns[39], now);
        assert_eq!(turns[40], now + Duration::from_millis(100));
        assert_eq!(turns[41], now + Duration::from_millis(200));
    }
}
