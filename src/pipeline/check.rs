//! Stage seven: the file's checks, made through the deployed API. A new key, deployment or name takes AWS a while to
//! spread, so an answer that only that explains is asked for again within a stated time.

mod compare;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use self::compare::{Answer, differences};
use super::call::{API_KEY, Caller, keys_from, reason};
use super::session::Session;
use super::{Failure, Settings, Target};
use crate::aws::{ErrorKind, is_here};
use crate::engine::wait;
use crate::event::{CheckTally, Checked, Difference, Event, Reporter};
use crate::resources::Lookups;
use crate::spec::model::{self, Check, CheckKey};

/// How long an answer that spreading explains is asked for again, unless the command line says otherwise.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// How long after a deploy any other answer may still be the former definition's.
const FORMER: Duration = Duration::from_secs(30);
/// Checks that change nothing are made so many at once.
const AT_ONCE: usize = 4;

/// `poc test`.
#[derive(Clone, Debug, Serialize)]
pub struct Tested {
    #[serde(flatten)]
    pub target: Target,
    pub url: String,
    pub passed: usize,
    pub failed: usize,
    pub checks: Vec<Checked>,
}

/// Runs the file's checks. Without `retry_for` as patient as the place asks for: nothing spreads on this machine.
///
/// # Errors
/// Where nothing is deployed, or AWS cannot be read. A check that fails is none.
pub async fn test(
    settings: &Settings,
    url: Option<&str>,
    retry_for: Option<Duration>,
    reporter: &dyn Reporter,
) -> Result<Tested, Failure> {
    let session = Session::open(settings, "test", reporter).await.map_err(|failure| keys_from(url, failure))?;
    let usual = if url.is_some_and(is_here) { Duration::ZERO } else { PATIENCE };
    let patience = Patience { spreading: retry_for.unwrap_or(usual), former: Duration::ZERO };
    let tested = session.check(url, patience).await;
    session.aws.close().await;
    tested
}

/// For how long which answers are asked for again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// Those that a new key, deployment or name explains.
    pub spreading: Duration,
    /// All others.
    pub former: Duration,
}

impl Patience {
    /// At the end of a deploy.
    pub(super) fn after(changed: bool) -> Patience {
        Patience { spreading: PATIENCE, former: if changed { FORMER } else { Duration::ZERO } }
    }
}

impl CheckTally {
    pub(super) fn of(checks: &[Checked]) -> CheckTally {
        let passed = checks.iter().filter(|check| check.passed()).count();
        CheckTally { passed, failed: checks.len() - passed }
    }
}

impl Session<'_> {
    /// All checks, told in the file's order.
    pub(super) async fn check(&self, url: Option<&str>, patience: Patience) -> Result<Tested, Failure> {
        let checks = &self.spec.checks;
        if checks.is_empty() {
            return Ok(self.tested(String::new(), Vec::new()));
        }
        let lookups = self.lookups();
        let (place, keys) = tokio::try_join!(self.place(url, &lookups), self.key_headers(&lookups))?;
        let url = place.url.clone();
        self.aws.report(&Event::Checking { checks: checks.len(), url: url.clone() });
        // The cloud in this process shows everything at once.
        let here = self.aws.embedded().is_some() && !place.given;
        let nothing = Patience { spreading: Duration::ZERO, former: Duration::ZERO };
        let patience = if here { nothing } else { patience };
        let run = Run { session: self, caller: Caller { aws: &self.aws, place }, keys, patience };
        let mut results = Vec::new();
        let mut rest = checks.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(run.at_once(rest));
            for checked in join_all(now.iter().map(|check| run.check(check))).await {
                let checked = checked?;
                let told = if checked.passed() { Event::CheckPassed } else { Event::CheckFailed };
                self.aws.report(&told(checked.clone()));
                results.push(checked);
            }
            rest = later;
        }
        Ok(self.tested(url, results))
    }

    fn tested(&self, url: String, checks: Vec<Checked>) -> Tested {
        let CheckTally { passed, failed } = CheckTally::of(&checks);
        Tested { target: self.target.clone(), url, passed, failed, checks }
    }

    /// The key that a check is made with.
    fn key_of(&self, check: &Check) -> Option<&model::ApiKey> {
        match &check.key {
            CheckKey::None => None,
            CheckKey::First => self.needed_key(&check.verb, &check.target),
            CheckKey::Named(name) => {
                self.spec.usage_plan.iter().flat_map(|plan| &plan.keys).find(|key| key.name == *name)
            }
        }
    }

    /// Values of all keys that are needed, by name.
    async fn key_headers(&self, lookups: &Lookups) -> Result<BTreeMap<String, HeaderValue>, Failure> {
        let mut headers = BTreeMap::new();
        for key in self.spec.checks.iter().filter_map(|check| self.key_of(check)) {
            if !headers.contains_key(&key.name) {
                headers.insert(key.name.clone(), self.key_header(key, lookups).await?);
            }
        }
        Ok(headers)
    }
}

/// What one request came to.
struct Attempt {
    status: Option<u16>,
    differences: Vec<Difference>,
    reason: Option<String>,
    /// Until when, counted from the first attempt, such an answer is asked for again.
    again: Duration,
}

struct Run<'a, 'r> {
    session: &'a Session<'r>,
    caller: Caller<'a, 'r>,
    keys: BTreeMap<String, HeaderValue>,
    patience: Patience,
}

impl Run<'_, '_> {
    /// How many of the next checks are made at the same time: those that change nothing, as far as the usage plan lets
    /// so many through. Here, one after the other needs one process of the function.
    fn at_once(&self, rest: &[Check]) -> usize {
        let harmless = |check: &&Check| matches!(check.verb.as_str(), "GET" | "HEAD" | "OPTIONS");
        let plan = self.session.spec.usage_plan.as_ref().and_then(|plan| plan.throttle);
        let burst = plan.map_or(AT_ONCE, |throttle| usize::try_from(throttle.burst).unwrap_or(1));
        let most = if self.session.aws.embedded().is_some() { 1 } else { AT_ONCE.min(burst) };
        rest.iter().take_while(harmless).count().clamp(1, most.max(1))
    }

    async fn check(&self, check: &Check) -> Result<Checked, Failure> {
        let key = self.session.key_of(check).map(|key| key.name.clone());
        let begun = Instant::now();
        let (mut attempts, mut delay) = (0, Duration::from_millis(500));
        loop {
            attempts += 1;
            let Attempt { status, differences, reason, again } = self.attempt(check, key.as_deref()).await?;
            if differences.is_empty() || begun.elapsed() + delay > again {
                let request = format!("{} {}", check.verb, check.target);
                let name = || match check.key {
                    CheckKey::None => format!("{request} (no key)"),
                    _ => request.clone(),
                };
                return Ok(Checked {
                    check: check.name.clone().unwrap_or_else(name),
                    request,
                    key,
                    status,
                    attempts,
                    elapsed: begun.elapsed(),
                    reason: reason.filter(|_| !differences.is_empty()),
                    differences,
                });
            }
            wait::pause(delay).await;
            delay = (delay * 2).min(Duration::from_secs(5));
        }
    }

    async fn attempt(&self, check: &Check, key: Option<&str>) -> Result<Attempt, Failure> {
        let headers = check.headers.iter();
        let headers = headers.filter_map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, value.parse().ok()?)));
        let mut headers: HeaderMap = headers.collect();
        let value = key.and_then(|name| self.keys.get(name));
        if let Some(value) = value.filter(|_| !headers.contains_key(API_KEY)) {
            headers.insert(API_KEY, value.clone());
        }
        let body = check.body.clone().map(Bytes::from).unwrap_or_default();
        let request = self.caller.request(&check.verb, &check.target, headers, body)?;
        let (answer, trace) = match self.caller.send(request, false).await {
            Ok(answered) => answered,
            Err(error) => {
                let lost = matches!(error.kind, ErrorKind::Unreachable | ErrorKind::Unclear);
                let again = if lost { self.patience.spreading } else { Duration::ZERO };
                let got = Some(Value::String(error.message));
                let differences = vec![Difference { at: "request".to_owned(), expected: None, got }];
                return Ok(Attempt { status: None, differences, reason: None, again });
            }
        };
        let (parts, body) = answer.into_parts();
        let answer = Answer { status: parts.status.as_u16(), headers: parts.headers, body };
        let mut found = differences(&check.expect, &answer);
        let again = self.again(check, value.is_some(), &answer);
        for secret in self.keys.values().filter_map(|value| value.to_str().ok()) {
            found.iter_mut().filter_map(|one| one.got.as_mut()).for_each(|got| redact(got, secret));
        }
        let reason = trace.as_ref().and_then(reason);
        Ok(Attempt { status: Some(answer.status), differences: found, reason, again })
    }

    /// Until when, counted from the first attempt, this answer is not believed.
    fn again(&self, check: &Check, keyed: bool, answer: &Answer) -> Duration {
        let body = String::from_utf8_lossy(&answer.body);
        let expected = check.expect.status == Some(answer.status);
        let not_there_yet = matches!(answer.status, 403 | 404) && body.contains("Missing Authentication Token");
        let key_not_known_yet = answer.status == 403 && keyed && body.contains("Forbidden");
        // Checks come quicker than the plan's own rate may allow.
        if answer.status == 429 && !expected && body.contains("Too Many Requests") {
            return Duration::from_secs(20);
        }
        match !expected && (not_there_yet || key_not_known_yet) {
            true => self.patience.spreading,
            false => self.patience.former,
        }
    }
}

/// A key that an answer repeats stays out of what is told (law 10).
fn redact(value: &mut Value, secret: &str) {
    match value {
        Value::String(text) => *text = text.replace(secret, "[the API key]"),
        Value::Array(items) => items.iter_mut().for_each(|item| redact(item, secret)),
        Value::Object(members) => members.values_mut().for_each(|member| redact(member, secret)),
        _ => {}
    }
}
