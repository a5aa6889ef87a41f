//! The function itself: how long it lives, what it knows (AWS_FACTS D, C8).

use std::time::Duration;

use super::super::model::{EnvironmentValue, IntegrationKind};
use super::super::runtimes::{self, End};
use super::super::secrets::{self, is_written_out};
use super::{Look, WarningCode, called, in_method};

/// Long enough to plan a move, short enough not to be forgotten again.
const SOON: i64 = 180;

pub(super) fn look(look: &Look<'_>) {
    runtime(look);
    time(look);
    secrets(look);
    if look.spec.function.reserved_concurrency == Some(0) {
        let message = "a reserved concurrency of 0 lets the function never run: every call fails";
        let place = look.place(&["function", "reserved_concurrency"]);
        look.warn(WarningCode::NoConcurrency, place, message, "write 1 at least, or remove the line");
    }
}

fn runtime(look: &Look<'_>) {
    let id = &look.spec.function.runtime;
    let Some(End { day, instead }) = runtimes::end(id) else { return };
    let (Some(end), Some(today)) = (days(day), days(look.today)) else { return };
    let message = match end - today {
        ..=0 => {
            format!("AWS gives `{id}` no security fixes any more since {day}, and will stop changing functions with it")
        }
        1..=SOON => format!("AWS ends its support of `{id}` on {day}"),
        _ => return,
    };
    look.warn(WarningCode::RuntimeEnds, look.place(&["function", "runtime"]), message, format!("move to {instead}"));
}

/// Days since 1970-01-01 of `2026-11-26`.
fn days(date: &str) -> Option<i64> {
    let date: jiff::civil::Date = date.parse().ok()?;
    Some(i64::from(jiff::civil::date(1970, 1, 1).until((jiff::Unit::Day, date)).ok()?.get_days()))
}

/// API Gateway answers 504 and goes; the function works on, is paid for, and what it finds reaches nobody.
fn time(look: &Look<'_>) {
    let timeout = look.spec.function.timeout;
    let calls = look.spec.api.routes.iter().filter(|route| route.integration.kind != IntegrationKind::Mock);
    for route in calls.filter(|route| route.timeout < timeout) {
        let own = look.node(&in_method(route, &["timeout"])).is_some();
        let place =
            if own { look.place(&in_method(route, &["timeout"])) } else { look.place(&["function", "timeout"]) };
        let waits = seconds(route.timeout);
        let message = match own {
            true => format!("`{}` is given up after {waits}, the function after {}", called(route), seconds(timeout)),
            false => format!("the function may take {}, and API Gateway waits {waits} at most", seconds(timeout)),
        };
        // Lambda's timeout is a whole number.
        let help = match own {
            true if route.timeout.as_secs() == 0 => "raise it to the function's".to_owned(),
            true => {
                format!(
                    "raise it to the function's, or lower the function's `timeout` to {} s",
                    route.timeout.as_secs()
                )
            }
            false => "write 29 or less: what takes longer needs another way to hand over its result".to_owned(),
        };
        look.warn_of(route, WarningCode::FunctionOutlivesCaller, place, message, help);
    }
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}

fn secrets(look: &Look<'_>) {
    for (name, why) in written_out(look) {
        let message = format!("`{name}` {why}, and its value stands in the file for everybody who can read it");
        let help = format!("write \"${{env:{name}}}\", and set it where poc runs");
        look.warn(WarningCode::SecretInFile, look.key(&["function", "environment", name]), message, help);
    }
}

/// Name and reason of each environment variable that is a secret and stands in the file.
fn written_out<'a>(look: &Look<'a>) -> Vec<(&'a str, &'static str)> {
    let judged = |(name, value): (&'a String, &'a EnvironmentValue)| {
        let node = look.node(&["function", "environment", name])?;
        let text = node.get("value").unwrap_or(node);
        let declared = value.secret.then_some("is said to be a secret");
        let why = declared.or_else(|| secrets::looks_secret(name, &value.value)).filter(|_| is_written_out(text))?;
        Some((name.as_str(), why))
    };
    look.spec.function.environment.iter().filter_map(judged).collect()
}
