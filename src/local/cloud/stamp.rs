//! Moments, in the ways AWS's services write them.

use std::time::Duration;

use jiff::Timestamp;

fn timestamp(millis: u64) -> Timestamp {
    i64::try_from(millis).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok()).unwrap_or(Timestamp::MAX)
}

/// `2026-01-31T12:00:00.000Z`: the XML services.
pub fn iso(millis: u64) -> String {
    timestamp(millis).strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// `2026-01-31T12:00:00Z`: IAM, which leaves out fractions.
pub fn iso_seconds(millis: u64) -> String {
    timestamp(millis).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `2026-01-31T12:00:00.000+0000`: Lambda.
pub fn lambda(millis: u64) -> String {
    timestamp(millis).strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string()
}

/// `Sat, 31 Jan 2026 12:00:00 GMT`: HTTP headers.
pub fn http(millis: u64) -> String {
    timestamp(millis).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Seconds since 1970 with a fraction: the JSON services.
#[expect(clippy::cast_precision_loss, reason = "a double holds milliseconds exactly until the year 287396")]
pub fn seconds(millis: u64) -> f64 {
    millis as f64 / 1000.0
}

/// How long ago `since` was. What lies ahead was written by a clock that ran faster, for a person who has waited for it.
pub fn age(now: u64, since: u64) -> Duration {
    now.checked_sub(since).map_or(Duration::MAX, Duration::from_millis)
}
