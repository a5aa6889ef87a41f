//! `poc logs`: what the function wrote, or the stage's access log, as CloudWatch Logs has it.

mod invocation;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;

use super::session::{Session, unnamed};
use super::{Failure, Settings};
use crate::aws::{Aws, Error, ErrorKind, Repeat};
use crate::desired;
use crate::engine::wait;
use crate::event::Reporter;

/// Which lines are wanted.
#[derive(Clone, Debug)]
pub struct LogsWanted {
    /// How far to look back.
    pub since: Duration,
    /// Go on with what is written from now on.
    pub follow: bool,
    /// Only what looks like something going wrong.
    pub errors: bool,
    /// The stage's access log instead of the function's.
    pub access: bool,
    /// Only what belongs to the request with this id: API Gateway's or Lambda's. Not with `follow`.
    pub request: Option<String>,
}

/// One event of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// Milliseconds since 1970-01-01 UTC.
    pub timestamp: i64,
    /// The same, to be read: `2026-11-26T09:30:00.125Z`.
    pub time: String,
    pub stream: String,
    pub message: String,
}

/// Between two looks with `--follow`.
const INTERVAL: Duration = Duration::from_secs(1);
/// CloudWatch shows events a little after their time, and not in order: each look goes back by this much.
const LATE: i64 = 15_000;

/// Hands the wanted lines to `show`, the oldest first; with `follow` until the caller stops.
///
/// # Errors
/// Where there is no such log, or AWS cannot be read.
pub async fn logs(
    settings: &Settings,
    wanted: LogsWanted,
    reporter: &dyn Reporter,
    show: &dyn Fn(&LogLine),
) -> Result<usize, Failure> {
    let session = Session::open(settings, "logs", reporter).await?;
    let now = i64::try_from(session.aws.clock().epoch_millis()).unwrap_or(i64::MAX);
    let back = i64::try_from(wanted.since.as_millis()).unwrap_or(i64::MAX);
    let function = session.spec.function.name.clone();
    let access = session.spec.stage_settings.access_log.as_ref().and_then(|log| Some(log.group()?.to_owned()));
    let deploy = session.command("deploy");
    let (group, whose, maker) = match (wanted.access, &access) {
        (false, _) => {
            (format!("/aws/lambda/{function}"), format!("the function {function}"), format!("`{deploy}` makes it"))
        }
        (true, Some(group)) => {
            let maker = format!(
                "after `{deploy}`, the first call makes it, where `access_log.destination` names this account and region"
            );
            (group.clone(), format!("the stage {}", session.spec.stage), maker)
        }
        (true, None) => return Err(Failure::Usage(NO_ACCESS_LOG.to_owned())),
    };
    let reading = Reading {
        aws: &session.aws,
        group,
        whose,
        maker,
        errors: wanted.errors,
        show,
        state: RefCell::new(State { from: now.saturating_sub(back).max(0), ..State::default() }),
    };
    if let Some(id) = &wanted.request {
        let others = if wanted.access { Vec::new() } else { tying_groups(&session, access).await? };
        reading.request(id, &others, wanted.access).await.map_err(unnamed)?;
        return Ok(reading.state.into_inner().shown);
    }
    if wanted.follow {
        let Err(error) = wait::forever(INTERVAL, || reading.look()).await;
        return Err(unnamed(error));
    }
    reading.look().await.map_err(unnamed)?;
    let shown = reading.state.borrow().shown;
    Ok(shown)
}

const NO_ACCESS_LOG: &str =
    "the stage has no access log in CloudWatch Logs; `stage_settings.access_log` in deploy.yaml turns it on";

/// Where API Gateway may have written which of its requests became which of Lambda's.
async fn tying_groups(session: &Session<'_>, access: Option<String>) -> Result<Vec<String>, Failure> {
    let mut groups: Vec<String> = access.into_iter().collect();
    if session.spec.stage_settings.logs_executions() {
        let id = session.api_id(&session.lookups()).await?;
        groups.push(desired::execution_log(&id, &session.spec.stage));
    }
    Ok(groups)
}

/// An event as CloudWatch Logs has it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    at: i64,
    id: String,
    stream: String,
    message: String,
}

struct Reading<'a, 'r> {
    aws: &'a Aws<'r>,
    group: String,
    /// Who writes there.
    whose: String,
    /// What would make the log group.
    maker: String,
    errors: bool,
    show: &'a dyn Fn(&LogLine),
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// The next look begins here.
    from: i64,
    /// Events of the overlap that were shown already, with their time.
    known: BTreeMap<String, i64>,
    shown: usize,
}

impl Reading<'_, '_> {
    /// Everything since the last look.
    async fn look(&self) -> crate::aws::Result<()> {
        let from = self.state.borrow().from;
        let events = self.events(&self.group, None).await.map_err(|error| self.explained(error))?;
        for event in events {
            self.tell(event);
        }
        let mut state = self.state.borrow_mut();
        let last = state.known.values().copied().max().unwrap_or(from);
        state.from = from.max(last.saturating_sub(LATE));
        let from = state.from;
        state.known.retain(|_, at| *at >= from);
        Ok(())
    }

    /// All that belongs to the request, in the order of time.
    async fn request(&self, id: &str, others: &[String], alone: bool) -> crate::aws::Result<()> {
        let named = format!("\"{id}\"");
        if alone {
            let events = self.events(&self.group, Some(&named)).await.map_err(|error| self.explained(error))?;
            events.into_iter().for_each(|event| self.tell(event));
            return Ok(());
        }
        let (mut ids, mut told) = (BTreeSet::from([id.to_owned()]), Vec::new());
        for group in others {
            match self.events(group, Some(&named)).await {
                Ok(events) => {
                    ids.extend(events.iter().flat_map(|event| invocation::ids_in(&event.message)));
                    told.extend(events);
                }
                // API Gateway has written nothing yet.
                Err(error) if error.is(ErrorKind::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        let events = self.events(&self.group, None).await.map_err(|error| self.explained(error))?;
        told.extend(invocation::of_request(events, &ids));
        told.sort_by_key(|event| event.at);
        told.into_iter().for_each(|event| self.tell(event));
        Ok(())
    }

    /// What is in a log group from the moment on where the next look begins; with `pattern` only what matches it.
    async fn events(&self, group: &str, pattern: Option<&str>) -> crate::aws::Result<Vec<Found>> {
        let from = self.state.borrow().from;
        let mut events: BTreeMap<(i64, usize), Found> = BTreeMap::new();
        let mut token = None;
        loop {
            let call = || {
                let request = self.aws.logs().filter_log_events().log_group_name(group).start_time(from);
                request.set_filter_pattern(pattern.map(str::to_owned)).set_next_token(token.clone()).send()
            };
            let page = self.aws.call("logs", "FilterLogEvents", Repeat::Safe, call).await?;
            for event in page.events.unwrap_or_default() {
                let (at, place) = (event.timestamp.unwrap_or_default(), events.len());
                let (stream, message) = (event.log_stream_name.unwrap_or_default(), event.message.unwrap_or_default());
                let id = event.event_id.unwrap_or_else(|| format!("{group} {stream} {at} {place}"));
                events.insert((at, place), Found { at, id, stream, message });
            }
            token = page.next_token;
            if token.is_none() {
                return Ok(events.into_values().collect());
            }
        }
    }

    fn tell(&self, event: Found) {
        let Found { at, id, stream, message } = event;
        if self.state.borrow_mut().known.insert(id, at).is_some() || (self.errors && !tells_of_a_failure(&message)) {
            return;
        }
        let time = jiff::Timestamp::from_millisecond(at).unwrap_or_default();
        let message = message.trim_end_matches(['\n', '\r']).to_owned();
        (self.show)(&LogLine { timestamp: at, time: format!("{time:.3}"), stream, message });
        self.state.borrow_mut().shown += 1;
    }

    fn explained(&self, error: Error) -> Error {
        if !error.is(ErrorKind::NotFound) {
            return error;
        }
        Error::refused(
            "no_log",
            format!("there is no log group {}, so {} has written nothing yet", self.group, self.whose),
            format!("{}; --stage, --region and --local say where to look", self.maker),
        )
    }
}

/// What runtimes and Lambda itself write when something goes wrong.
fn tells_of_a_failure(message: &str) -> bool {
    let signs = [
        "ERROR",
        "Error:",
        "Exception",
        "Traceback",
        "Task timed out",
        "Status: error",
        "Status: timeout",
        "errorMessage",
        "errorType",
        "Process exited",
        "Runtime exited",
        "CRITICAL",
        "FATAL",
        "panicked",
    ];
    signs.iter().any(|sign| message.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::tells_of_a_failure;

    /// The lines of AWS_FACTS D: what a failed invocation and a time-out leave in the log.
    #[test]
    fn failures_are_known_by_their_lines() {
        for line in [
            "[ERROR] ValueError: could not convert string to float: 'abc'\rTraceback (most recent call last):",
            "2026-11-26T09:30:00.125Z 6f1e Task timed out after 3.00 seconds",
            "REPORT RequestId: 6f1e\tDuration: 3000.00 ms\tStatus: timeout",
            "RequestId: 6f1e Error: Runtime exited with error: exit status 1",
        ] {
            assert!(tells_of_a_failure(line), "{line}");
        }
        for line in
            ["START RequestId: 6f1e Version: 1", "END RequestId: 6f1e", "REPORT RequestId: 6f1e\tDuration: 2 ms"]
        {
            assert!(!tells_of_a_failure(line), "{line}");
        }
    }
}
