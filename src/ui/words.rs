//! Numbers, durations and actions in words; one wording for each, everywhere.

use std::time::Duration;

use anstyle::Style;

use super::look::{BAD, CARE, GOOD};
use crate::event::Action;

/// `1 mistake`, `2 mistakes`.
pub(super) fn count(n: usize, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

/// How long something took: `0.8 s`, `34 s`, `2 min 5 s`, `1 h 3 min`.
pub(super) fn took(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min{}", seconds / 60, rest(seconds % 60, "s")),
        _ => format!("{} h{}", seconds / 3600, rest(seconds % 3600 / 60, "min")),
    }
}

/// As [`took`], for what is usually quick: `42 ms`.
pub(super) fn took_exactly(time: Duration) -> String {
    if time.as_secs() < 1 { format!("{} ms", time.as_millis()) } else { took(time) }
}

/// As [`took`], for a time that was asked for: no fractions.
pub(super) fn took_whole(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..10 => format!("{seconds} s"),
        _ => took(time),
    }
}

/// A time that still runs, as a clock shows it: `0:03`, `12:05`, `1:02:11`.
pub(super) fn clock(time: Duration) -> String {
    let (hours, minutes, seconds) = (time.as_secs() / 3600, time.as_secs() / 60 % 60, time.as_secs() % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

fn rest(n: u64, unit: &str) -> String {
    if n == 0 { String::new() } else { format!(" {n} {unit}") }
}

/// How far an upload is: `48 of 250 MB sent (19 %)`.
pub(super) fn uploaded(done: u64, total: u64) -> String {
    let tenths = |bytes: u64| bytes / 100_000;
    let megabytes = |bytes| match tenths(bytes) {
        tenths @ 0..100 => format!("{}.{}", tenths / 10, tenths % 10),
        tenths => (tenths / 10).to_string(),
    };
    let percent = done * 100 / total.max(1);
    format!("{} of {} MB sent ({percent} %)", megabytes(done), megabytes(total))
}

/// How long something may take: `up to 40 minutes`.
pub(super) fn up_to(time: Duration) -> String {
    let seconds = usize::try_from(time.as_secs()).unwrap_or(usize::MAX);
    let amount = match seconds {
        0..=90 => count(seconds.max(1), "second"),
        91..=5400 => count(seconds.div_ceil(60), "minute"),
        _ => count(seconds.div_ceil(3600), "hour"),
    };
    format!("up to {amount}")
}

/// The action as a plan says it.
pub(super) fn verb(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Replace => "replace",
        Action::Delete => "delete",
        Action::Prune => "prune",
    }
}

/// The action as it is said once it is done.
pub(super) fn done(action: Action) -> &'static str {
    match action {
        Action::Create => "created",
        Action::Update => "updated",
        Action::Replace => "replaced",
        Action::Delete => "deleted",
        Action::Prune => "pruned",
    }
}

/// The action while it is going on.
pub(super) fn doing(action: Action) -> &'static str {
    match action {
        Action::Create => "creating",
        Action::Update => "updating",
        Action::Replace => "replacing",
        Action::Delete => "deleting",
        Action::Prune => "pruning",
    }
}

/// The sign in front of a step of a plan.
pub(super) fn sign(action: Action) -> &'static str {
    match action {
        Action::Create => "+",
        Action::Update => "~",
        Action::Replace => "-/+",
        Action::Delete | Action::Prune => "-",
    }
}

pub(super) fn style(action: Action) -> Style {
    match action {
        Action::Create => GOOD,
        Action::Update => CARE,
        Action::Replace | Action::Delete | Action::Prune => BAD,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_say_them() {
        let words = |millis| took(Duration::from_millis(millis));
        assert_eq!(words(812), "0.8 s");
        assert_eq!(words(34_900), "34 s");
        assert_eq!(words(125_000), "2 min 5 s");
        assert_eq!(words(120_000), "2 min");
        assert_eq!(words(3_780_000), "1 h 3 min");
    }

    #[test]
    fn a_time_that_runs_reads_as_a_clock() {
        let words = |seconds| clock(Duration::from_secs(seconds));
        assert_eq!((words(3), words(725), words(3731)), ("0:03".into(), "12:05".into(), "1:02:11".into()));
    }

    #[test]
    fn usual_times_are_bounds() {
        let words = |seconds| up_to(Duration::from_secs(seconds));
        assert_eq!(words(1), "up to 1 second");
        assert_eq!(words(60), "up to 60 seconds");
        assert_eq!(words(2400), "up to 40 minutes");
        assert_eq!(words(7200), "up to 2 hours");
    }
}
