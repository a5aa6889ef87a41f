//! What happened, as data: the only thing that passes from the engine to the ui. Serialised as it stands, an event is
//! one line of `--json`.

mod kind;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::Value;

pub use kind::{FindingKind, ProblemKind};

/// Something that happened during a run. Times are measured by tokio's clock.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run knows whom and where it works for.
    Started {
        command: &'static str,
        app: String,
        stage: String,
        region: String,
        account: String,
    },
    /// A program is run for the package: a command of its build, or what fetches its libraries.
    WorkStarted {
        work: String,
    },
    /// A line that such a program printed; shown with `-v`.
    WorkOutput {
        line: String,
    },
    WorkFinished {
        work: String,
        #[serde(rename = "elapsed_ms", serialize_with = "millis")]
        elapsed: Duration,
        /// It was done at an earlier time, and nothing has changed since.
        kept: bool,
    },
    /// With all that the program printed.
    WorkFailed {
        work: String,
        output: String,
    },
    /// AWS is being read.
    Reading {
        resources: usize,
    },
    StepStarted {
        step: String,
        kind: &'static str,
        name: String,
        action: Action,
    },
    /// The step waits for AWS to reach a state; told once a wait is longer than a moment, then again as it goes on.
    StepWaiting {
        step: String,
        waiting_for: String,
        #[serde(rename = "elapsed_ms", serialize_with = "millis")]
        elapsed: Duration,
        /// The longest that is still usual.
        #[serde(rename = "usual_ms", serialize_with = "millis")]
        usual: Duration,
    },
    /// AWS asked for patience, or did not answer; the same call goes out again after `delay`.
    StepRetrying {
        step: String,
        operation: &'static str,
        reason: String,
        #[serde(rename = "delay_ms", serialize_with = "millis")]
        delay: Duration,
    },
    /// An upload goes on; told every second.
    StepProgress {
        step: String,
        /// Bytes handed to the network so far, what an earlier run had sent included.
        #[serde(rename = "done_bytes")]
        done: u64,
        #[serde(rename = "total_bytes")]
        total: u64,
        #[serde(rename = "elapsed_ms", serialize_with = "millis")]
        elapsed: Duration,
    },
    StepFinished {
        step: String,
        action: Action,
        #[serde(rename = "elapsed_ms", serialize_with = "millis")]
        elapsed: Duration,
    },
    /// It was to be deleted, and is kept because of what others have in it.
    StepKept {
        step: String,
        why: String,
    },
    StepFailed {
        step: String,
        action: Action,
        problem: Problem,
    },
    /// Put off, because it would have to wait and the run was told not to; running the same command again continues.
    StepDeferred {
        step: String,
        action: Action,
        waiting_for: String,
    },
    /// Not tried, because `because` failed or was put off.
    StepSkipped {
        step: String,
        action: Action,
        because: String,
    },
    /// What is deployed is being called.
    Checking {
        checks: usize,
        url: String,
    },
    CheckPassed(Checked),
    CheckFailed(Checked),
    /// One request to AWS was answered; shown with `-v`.
    Call {
        /// Whose call it is; nothing while AWS is only being read.
        #[serde(skip_serializing_if = "String::is_empty")]
        step: String,
        service: &'static str,
        operation: &'static str,
        /// How long it was kept back before, to stay within a limit of AWS.
        #[serde(rename = "held_ms", serialize_with = "millis", skip_serializing_if = "Duration::is_zero")]
        held: Duration,
        /// Since the run began.
        #[serde(rename = "started_ms", serialize_with = "millis")]
        started: Duration,
        #[serde(rename = "elapsed_ms", serialize_with = "millis")]
        elapsed: Duration,
        /// The error code, where it was refused.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// Something worth knowing that is no failure.
    Note {
        text: String,
    },
    /// What was deployed is answered on this machine from now on.
    Serving {
        /// Of the API's stage: `http://127.0.0.1:3000/prod`.
        url: String,
        /// Of the pages, where the file has some.
        #[serde(skip_serializing_if = "Option::is_none")]
        site: Option<String>,
        /// That shows the API and the life of every call, where there is room for it.
        #[serde(skip_serializing_if = "Option::is_none")]
        page: Option<String>,
        /// Where the AWS APIs answer: `AWS_ENDPOINT_URL`.
        endpoint: String,
        /// A line to try it with.
        #[serde(skip_serializing_if = "Option::is_none")]
        call: Option<String>,
        /// The API under its own host name, by the `Host` header.
        #[serde(skip_serializing_if = "Option::is_none")]
        custom_url: Option<String>,
        /// Edits are redeployed.
        watching: bool,
    },
    /// One request was answered.
    Request(Request),
    /// An edit was deployed.
    Redeployed {
        #[serde(rename = "elapsed_ms", serialize_with = "millis")]
        elapsed: Duration,
        /// `GET /admit integration.templates.application/json`, `Lambda function code`.
        changes: Vec<String>,
    },
    /// An edit could not be deployed, and what was deployed before is still served. Why was told before.
    Kept {
        #[serde(rename = "elapsed_ms", serialize_with = "millis")]
        elapsed: Duration,
    },
    /// After such an edit: the files say again what is served.
    Restored {
        #[serde(rename = "elapsed_ms", serialize_with = "millis")]
        elapsed: Duration,
    },
    /// The last line of a server.
    Stopped {
        /// Requests answered.
        requests: u64,
        #[serde(rename = "elapsed_ms", serialize_with = "millis")]
        elapsed: Duration,
        /// Why, where nobody asked it to stop.
        #[serde(skip_serializing_if = "Option::is_none")]
        problem: Option<Problem>,
    },
    /// The last line of every deploy and teardown.
    Finished {
        command: &'static str,
        outcome: Outcome,
        outputs: BTreeMap<String, String>,
        /// Calls sent to AWS.
        requests: u64,
        /// Calls that changed something.
        writes: u64,
        #[serde(rename = "elapsed_ms", serialize_with = "millis")]
        elapsed: Duration,
        /// What is left of ours after a teardown, in words.
        #[serde(skip_serializing_if = "Option::is_none")]
        left: Option<Vec<String>>,
        /// What a teardown keeps because others have something in it, in words.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        kept: Vec<String>,
        /// Where the file's checks were run at the end of a deploy.
        #[serde(skip_serializing_if = "Option::is_none")]
        checks: Option<CheckTally>,
        #[serde(skip_serializing_if = "Option::is_none")]
        problem: Option<Problem>,
    },
}

/// A request to what is served on this machine, and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct Request {
    /// UTC, to the millisecond: `2026-01-01T09:30:00.125Z`.
    pub time: String,
    pub source: String,
    pub method: String,
    /// Path and query, as they were sent.
    pub target: String,
    pub status: u16,
    #[serde(rename = "elapsed_us", serialize_with = "micros")]
    pub elapsed: Duration,
    /// `api`, `site`, `poc`, or the AWS API by its signing name: `s3`.
    pub answered_by: &'static str,
    /// The path with its variables: `/admit/{rank}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Name of the API key, never its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<RequestStep>,
    /// Why it was answered before it reached the function, or with what the function failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// One step of the method execution.
#[derive(Clone, Debug, Serialize)]
pub struct RequestStep {
    /// `method_request`, `integration_request`, `integration`, …
    pub name: &'static str,
    #[serde(rename = "elapsed_us", serialize_with = "micros")]
    pub elapsed: Duration,
    /// How much of it was a cold start.
    #[serde(rename = "cold_us", serialize_with = "some_micros", skip_serializing_if = "Option::is_none")]
    pub cold: Option<Duration>,
}

/// One of the file's checks, and what it came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Checked {
    /// As the file names it, else the request: `GET /admit?gre=800`.
    pub check: String,
    /// Verb and target.
    pub request: String,
    /// Name of the API key that was sent; never its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How often it was sent: more than once while something new spreads.
    pub attempts: u32,
    #[serde(rename = "elapsed_ms", serialize_with = "millis")]
    pub elapsed: Duration,
    /// None where it passed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
    /// What lies behind an answer that is not as expected, where the embedded cloud tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Checked {
    pub fn passed(&self) -> bool {
        self.differences.is_empty()
    }
}

/// One thing in an answer that is not what a check expects.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// `status`, `json.result`, `text`, `header content-type`, `request` where there was no answer at all.
    pub at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub got: Option<Value>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CheckTally {
    pub passed: usize,
    pub failed: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Something was changed, and all of it succeeded.
    Changed,
    /// Nothing had to be changed.
    Unchanged,
    /// The person said no.
    Declined,
    Failed,
    Interrupted,
}

/// What is done to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Create,
    Update,
    /// Deleted and made anew, because AWS cannot change it in place.
    Replace,
    Delete,
    /// Left-overs removed after everything new is in place.
    Prune,
}

/// Why something failed, with all that a person needs in order to go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Stable, for machines: `access_denied`, `not_ours`, `unreachable`, …
    pub kind: &'static str,
    /// The resource, as the plan names it: `REST API ServerlessPOC`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// What was tried: `CreateRestApi`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// AWS's error code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What went wrong, in AWS's own words where it is AWS that refused.
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What to do now.
    pub next: String,
}

impl Problem {
    /// Is it that somebody else is at work on the stage, or took the lock over?
    pub fn is_of_the_lock(&self) -> bool {
        matches!(self.kind, "locked" | "lock_lost")
    }
}

/// Takes events as they happen.
pub trait Reporter {
    fn report(&self, event: &Event);
}

/// Keeps every event: for tests.
#[derive(Debug, Default)]
pub struct Recorder(pub RefCell<Vec<Event>>);

impl Reporter for Recorder {
    fn report(&self, event: &Event) {
        self.0.borrow_mut().push(event.clone());
    }
}

fn millis<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

fn micros<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}

fn some_micros<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    micros(&duration.unwrap_or_default(), serializer)
}
