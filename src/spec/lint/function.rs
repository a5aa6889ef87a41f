//! The function itself: how long it lives, what it knows (AWS_FACTS D, C8).

use std::time::Duration;

use super::super::fault::Span;
use super::super::model::{EnvironmentValue, IntegrationKind};
use super::super::runtimes::{self, End};
use super::super::tree::{Kind, Node};
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
    for (name, why, _) in written_out(look) {
        let message = format!("`{name}` {why}, and its value stands in the file for everybody who can read it");
        let help = format!("write \"${{env:{name}}}\", and set it where poc runs");
        look.warn(WarningCode::SecretInFile, look.key(&["function", "environment", name]), message, help);
    }
}

/// Where the values stand that nobody is to see once more.
pub(super) fn secrets_in_file(look: &Look<'_>) -> Vec<Span> {
    written_out(look).into_iter().map(|(_, _, text)| text.span.clone()).collect()
}

/// Name, reason and text of each environment variable that is a secret and stands in the file.
fn written_out<'a>(look: &Look<'a>) -> Vec<(&'a str, &'static str, &'a Node)> {
    let judged = |(name, value): (&'a String, &'a EnvironmentValue)| {
        let node = look.node(&["function", "environment", name])?;
        let text = node.get("value").unwrap_or(node);
        let declared = value.secret.then_some("is said to be a secret");
        let why = declared.or_else(|| looks_secret(name, value)).filter(|_| is_written_out(text))?;
        Some((name.as_str(), why, text))
    };
    look.spec.function.environment.iter().filter_map(judged).collect()
}

fn is_written_out(node: &Node) -> bool {
    matches!(&node.kind, Kind::Text { text, .. } if !text.is_empty() && !text.contains("${"))
}

/// `postgres://user:password@host/name`
fn holds_password(text: &str) -> bool {
    let authority = text.split_once("://").map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let user = authority.and_then(|authority| authority.rsplit_once('@')).map(|(user, _)| user);
    user.and_then(|user| user.split_once(':')).is_some_and(|(_, password)| !password.is_empty())
}

fn looks_secret(name: &str, value: &EnvironmentValue) -> Option<&'static str> {
    let text = value.value.as_str();
    let is_key_id = (text.starts_with("AKIA") || text.starts_with("ASIA"))
        && text.len() == 20
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if is_key_id || text.contains("PRIVATE KEY-----") {
        return Some("holds a key");
    }
    if ["ghp_", "github_pat_", "xoxb-", "xoxp-", "sk_live_", "glpat-"].iter().any(|start| text.starts_with(start)) {
        return Some("holds a token");
    }
    if holds_password(text) {
        return Some("holds a password");
    }
    let words: Vec<String> = name.split('_').map(str::to_ascii_uppercase).collect();
    let has = |word: &str| words.iter().any(|one| one == word);
    let named = ["PASSWORD", "PASSWD", "PWD", "SECRET", "TOKEN", "CREDENTIALS", "APIKEY"].iter().any(|word| has(word))
        || (has("KEY") && ["API", "ACCESS", "PRIVATE", "SECRET", "ENCRYPTION", "SIGNING"].iter().any(|word| has(word)));
    // Where it is to be found is no secret: a name, a path, an ARN; nor is a number or a switch, like TOKEN_LIMIT.
    let about =
        ["NAME", "ARN", "ID", "PATH", "FILE", "URL", "URI", "LIMIT", "TTL", "COUNT", "LENGTH", "TYPE", "HEADER"];
    let elsewhere = about.iter().any(|word| words.last().is_some_and(|last| last == word))
        || text.starts_with("arn:")
        || text.starts_with('/')
        || text.contains("://") && !text.contains('@')
        || text.parse::<f64>().is_ok()
        || matches!(text, "true" | "false");
    (named && !elsewhere).then_some("looks like a secret")
}
