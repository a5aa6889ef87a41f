//! What the commands are given and what they give back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::{ReleaseLine, Stop};
use crate::aws::EmbeddedCloud;
use crate::desired::Manner;
use crate::engine::plan::{Change, Plan};
use crate::event::{CheckTally, Outcome, Problem, ProblemKind};
use crate::spec::{Fault, Warning};

/// What the command line asked for, once its flags and the environment are merged.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `deploy.yaml`.
    pub file: PathBuf,
    pub stage: Option<String>,
    pub region: Option<String>,
    pub profile: Option<String>,
    pub endpoint_url: Option<String>,
    /// The embedded cloud instead of AWS.
    pub local: bool,
    /// That cloud, where it is not the one kept beside deploy.yaml.
    pub cloud: Option<EmbeddedCloud>,
    /// Take over resources that carry our names but not our tags.
    pub adopt: bool,
    /// Wait for AWS's slow states (a certificate, an edge domain name) until they are done.
    pub wait: bool,
    /// Run the declared checks at the end of a deploy.
    pub checks: bool,
    /// Run the build and fetch the libraries even where nothing changed.
    pub rebuild: bool,
    /// How long somebody else's run on the same stage is waited for.
    pub wait_for_lock: Duration,
    /// Asks the run to stop.
    pub stop: Stop,
}

/// Whom and where a run works for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Target {
    pub app: String,
    pub stage: String,
    pub region: String,
    pub account: String,
    /// `AWS`, `the embedded cloud (.poc/local)`, or an endpoint's URL.
    pub place: String,
}

/// Why a command could not do its work. `main.rs` turns it into an exit code.
#[derive(Clone, Debug)]
pub enum Failure {
    /// deploy.yaml or what it names is wrong: exit 2, nothing was sent.
    Faults(Vec<Fault>),
    /// The command line is wrong: exit 2.
    Usage(String),
    /// A step failed: exit 1.
    Problem(Box<Problem>),
    /// Ctrl-C: exit 130.
    Interrupted,
}

impl Settings {
    /// The options that lead the next command to the same deployment.
    pub fn manner(&self) -> Manner {
        let mut options = String::new();
        let quoted = |text: &str| match text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:@".contains(c)) {
            true => text.to_owned(),
            false => format!("'{}'", text.replace('\'', "'\\''")),
        };
        if self.file != Path::new("deploy.yaml") {
            options += &format!(" --file {}", quoted(&self.file.display().to_string()));
        }
        let Settings { stage, region, profile, endpoint_url, .. } = self;
        for (name, value) in
            [("stage", stage), ("region", region), ("profile", profile), ("endpoint-url", endpoint_url)]
        {
            if let Some(value) = value {
                options += &format!(" --{name} {}", quoted(value));
            }
        }
        Manner { options, local: self.local }
    }
}

impl Failure {
    /// It as one problem, as the end of `command` tells it to programs; mistakes are many, and have lines of their own.
    pub fn to_problem(&self, command: &str) -> Option<Problem> {
        let told = |kind: ProblemKind, message: &str, next: String| Problem {
            kind: kind.name(),
            resource: None,
            operation: None,
            code: None,
            message: message.to_owned(),
            request_id: None,
            next,
        };
        match self {
            Failure::Faults(_) => None,
            Failure::Usage(sentence) => {
                let asked = ["poc", command, "--help"].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>();
                Some(told(ProblemKind::Usage, sentence, format!("see `{}`", asked.join(" "))))
            }
            Failure::Problem(problem) => Some((**problem).clone()),
            Failure::Interrupted => {
                Some(told(ProblemKind::Interrupted, "interrupted", format!("run `poc {command}` again")))
            }
        }
    }
}

/// `poc validate`.
#[derive(Clone, Debug, Serialize)]
pub struct Validated {
    pub app: String,
    /// Every stage that was checked, the one asked for first.
    pub stages: Vec<String>,
    pub routes: usize,
    pub templates: usize,
    /// What works and will hurt.
    #[serde(skip)]
    pub warnings: Vec<Warning>,
}

/// `poc plan`.
#[derive(Clone, Debug, Serialize)]
pub struct Planned {
    #[serde(flatten)]
    pub target: Target,
    /// Notes that concern the plan as a whole (prices, things that were widened or left alone).
    pub notes: Vec<String>,
    #[serde(flatten)]
    pub plan: Plan,
    /// Calls sent to AWS while reading.
    pub requests: u64,
}

/// `poc deploy`.
#[derive(Clone, Debug)]
pub struct Deployed {
    pub target: Target,
    pub outcome: Outcome,
    pub outputs: BTreeMap<String, String>,
    /// What the file's checks came to, where they were run.
    pub checks: Option<CheckTally>,
}

/// `poc status`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Status {
    #[serde(flatten)]
    pub target: Target,
    pub deployed: bool,
    pub outputs: BTreeMap<String, String>,
    pub resources: Vec<ResourceStatus>,
    /// What the stage can serve, the newest first.
    pub releases: Vec<ReleaseLine>,
    /// Who changed the stage last, as its lock tells; none before anybody did.
    pub last_change: Option<LastChange>,
    /// The domain's certificate.
    pub certificate: Option<CertificateEnd>,
    /// What a person should look at soon.
    pub notes: Vec<String>,
}

/// The last run that held the stage's lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LastChange {
    /// `deploy`, `rollback`, `key rotate`.
    pub command: String,
    /// `alice@laptop`.
    pub by: String,
    /// The run of a CI system, as a URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// UTC.
    pub at: String,
}

/// When a certificate ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CertificateEnd {
    /// UTC.
    pub expires: String,
    /// Whole days from now; negative once it is over.
    pub days_left: i64,
}

#[derive(Clone, Debug, Serialize)]
pub struct ResourceStatus {
    pub step: String,
    pub kind: &'static str,
    pub name: String,
    pub state: ResourceState,
    /// What differs from deploy.yaml.
    pub drift: Vec<Change>,
    /// What a person may want to know: `version: 3`, `expires: 2027-01-01`.
    pub facts: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceState {
    Deployed,
    Drifted,
    Missing,
    /// There, but no longer in deploy.yaml.
    Surplus,
}

/// `poc teardown`.
#[derive(Clone, Debug)]
pub struct TornDown {
    pub target: Target,
    pub outcome: Outcome,
    /// What is left of ours, in words; empty when the teardown proved complete.
    pub left: Vec<String>,
    /// What stays because others have something in it: what, why, and what to do with it.
    pub kept: Vec<String>,
}

/// Asks the person; called once, with the whole plan. A command line with `--yes` answers by itself.
pub type Confirm<'a> = &'a dyn Fn(&Planned) -> bool;
