//! `poc logs`: what the function wrote, as CloudWatch Logs has it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;

use super::session::{Session, unnamed};
use super::{Failure, Settings};
use crate::aws::{Aws, Error, ErrorKind, Repeat};
use crate::engine::wait;
use crate::event::Reporter;

/// Which lines are wanted.
#[derive(Clone, Copy, Debug)]
pub struct LogsWanted {
    /// How far to look back.
    pub since: Duration,
    /// Go on with what is written from now on.
    pub follow: bool,
    /// Only what looks like something going wrong.
    pub errors: bool,
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
    let reading = Reading {
        aws: &session.aws,
        group: format!("/aws/lambda/{}", session.spec.function.name),
        function: session.spec.function.name.clone(),
        deploy: session.command("deploy"),
        errors: wanted.errors,
        show,
        state: RefCell::new(State { from: now.saturating_sub(back).max(0), ..State::default() }),
    };
    if wanted.follow {
        let Err(error) = wait::forever(INTERVAL, || reading.look()).await;
        return Err(unnamed(error));
    }
    reading.look().await.map_err(unnamed)?;
    let shown = reading.state.borrow().shown;
    Ok(shown)
}

struct Reading<'a, 'r> {
    aws: &'a Aws<'r>,
    group: String,
    function: String,
    /// The command that would make the log group.
    deploy: String,
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
        let mut events: BTreeSet<(i64, usize, String, String, String)> = BTreeSet::new();
        let mut token = None;
        loop {
            let call = || {
                let request = self.aws.logs().filter_log_events().log_group_name(&self.group);
                request.start_time(from).set_next_token(token.clone()).send()
            };
            let page = self.aws.call("logs", "FilterLogEvents", Repeat::Safe, call).await;
            let page = page.map_err(|error| self.explained(error))?;
            for event in page.events.unwrap_or_default() {
                let (at, place) = (event.timestamp.unwrap_or_default(), events.len());
                let (stream, message) = (event.log_stream_name.unwrap_or_default(), event.message.unwrap_or_default());
                let id = event.event_id.unwrap_or_else(|| format!("{stream} {at} {place}"));
                events.insert((at, place, id, stream, message));
            }
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        for (at, _, id, stream, message) in events {
            self.tell(at, id, stream, message);
        }
        let mut state = self.state.borrow_mut();
        let last = state.known.values().copied().max().unwrap_or(from);
        state.from = from.max(last.saturating_sub(LATE));
        let from = state.from;
        state.known.retain(|_, at| *at >= from);
        Ok(())
    }

    fn tell(&self, at: i64, id: String, stream: String, message: String) {
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
            format!("there is no log group {}, so the function {} has written nothing yet", self.group, self.function),
            format!("`{}` makes it; --stage, --region and --local say where to look", self.deploy),
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
