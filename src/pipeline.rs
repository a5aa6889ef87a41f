//! The seven stages in a row: load, desired, read, decide, confirm, apply, check. Every command is a prefix of it.

mod call;
mod check;
mod dev;
mod difference;
mod doctor;
mod export;
mod holder;
mod init;
mod keys;
mod locked;
mod logs;
mod open;
mod opened;
mod packing;
mod pictured;
mod planted;
mod policy;
mod render;
mod result;
mod rollback;
mod session;
mod spelled;
mod status;
mod step;
mod stop;
mod unlock;
mod watch;

use std::collections::BTreeMap;

use locked::{Aim, Converged};
use session::Session;

pub use call::{CallWanted, Called, KeyWanted, call};
pub use check::{PATIENCE, Tested, test};
pub use dev::{DevSettings, dev};
pub use difference::{Difference, DifferenceWanted, difference};
pub use doctor::{Diagnosis, DoctorWanted, Finding, Verdict, doctor};
pub use export::{OpenApiWanted, export_openapi};
pub use init::{InitWanted, Initialised, Template, init, judge_code, judge_name, judge_region, name_for};
pub use keys::{ConfirmRotation, GRACE, Rotated, Rotation, ShownKey, rotate_key, show_key};
pub use logs::{LogLine, LogsWanted, logs};
pub use open::{Page, page};
pub use packing::{PackageWanted, Packaged, PackedDependencies, PackedFile, PackedPart, PackedZip, package};
pub use policy::{Github, GithubFile, GithubWanted, PolicyMade, PolicyWanted, Trusted, judge_repository, policy};
pub use render::{Render, RenderRequest, Rendered, render, render_cases};
pub use rollback::{ReleaseLine, Releases, RollbackTo, RolledBack, releases, rollback};
pub use spelled::shell as shell_word;
pub use status::status;
pub use stop::Stop;
pub use unlock::{ConfirmUnlock, Holder, Unlocked, unlock};

pub use result::{
    CertificateEnd, Confirm, Deployed, Failure, LastChange, Planned, ResourceState, ResourceStatus, Settings, Status,
    Target, TornDown, Validated,
};

pub use crate::clock::hasten;
pub use crate::explain::{Explanation, Subject, all as explanations, page as explanation};
pub use crate::spec::Warning;
pub use session::simulated;

use crate::engine::Extent;
use crate::event::{CheckTally, Event, Outcome, Problem, Reporter};

/// Checks deploy.yaml, every stage of it, the templates and the package, and sends nothing.
///
/// # Errors
/// [`Failure::Faults`] with everything that is wrong.
pub async fn validate(settings: &Settings) -> Result<Validated, Failure> {
    session::validate(settings)
}

/// What the stage asked for says that works and will hurt, as far as the file is right.
///
/// # Errors
/// Faults of the form of the file.
pub fn warnings(settings: &Settings) -> Result<Vec<Warning>, Failure> {
    session::warnings(settings)
}

/// # Errors
/// Faults of the file, or the first problem met while reading AWS.
pub async fn plan(settings: &Settings, reporter: &dyn Reporter) -> Result<Planned, Failure> {
    let session = Session::open(settings, "plan", reporter).await?;
    let lock = session.lock();
    let (seen, read) = tokio::join!(lock.look(&session.aws), session.read());
    let read = read?;
    read.allowed()?;
    let mut planned = session.planned(&read);
    planned.notes.extend(seen.ok().and_then(|seen| locked::at_work(&seen)));
    Ok(planned)
}

/// # Errors
/// Faults of the file, or the first problem met; what was done stays done, and the same command continues.
pub async fn deploy(settings: &Settings, reporter: &dyn Reporter, confirm: Confirm<'_>) -> Result<Deployed, Failure> {
    let session = Session::open(settings, "deploy", reporter).await?;
    let worked = async {
        let Converged { read, outcome, extent } = Box::pin(session.converge(Aim::Wanted, confirm)).await?;
        let outputs = session.outputs(&read);
        let checks = match (outcome, extent) {
            (Outcome::Changed | Outcome::Unchanged, Extent::Whole) if settings.checks => {
                session.unless_stopped()?;
                session.final_checks(outcome).await?
            }
            _ => None,
        };
        Ok((outcome, outputs, checks))
    };
    match worked.await {
        Ok((outcome, outputs, checks)) => {
            session.finish("deploy", outcome, outputs.clone(), checks, None);
            Ok(Deployed { target: session.target, outcome, outputs, checks })
        }
        Err(failure) => Err(session.fail("deploy", failure)),
    }
}

/// What deploy.yaml may say, as a JSON schema for editors.
pub fn deploy_schema() -> serde_json::Value {
    crate::spec::json_schema()
}

/// # Errors
/// As [`deploy`].
pub async fn teardown(settings: &Settings, reporter: &dyn Reporter, confirm: Confirm<'_>) -> Result<TornDown, Failure> {
    let session = Session::open(settings, "teardown", reporter).await?;
    let worked = async {
        let Converged { read, mut outcome, .. } = Box::pin(session.converge(Aim::Unwanted, confirm)).await?;
        let mut kept = read.desired.graph.kept();
        // What a deploy that was cut a moment ago made may be found only now.
        if outcome != Outcome::Declined
            && let Some(late) = read.late()
            && session.passes(late).await?
            && (kept.is_empty() || !session.read_unwanted().await?.standing(&kept).is_empty())
        {
            let again = Box::pin(session.converge(Aim::Unwanted, confirm)).await?;
            if again.outcome != Outcome::Unchanged {
                (outcome, kept) = (again.outcome, again.read.desired.graph.kept());
            }
        }
        // Law 12: everything is looked up again, by the same names and tags.
        let left = match outcome {
            Outcome::Changed => session.read_unwanted().await?.standing(&kept),
            _ => Vec::new(),
        };
        let kept: Vec<String> = kept.into_iter().map(|kept| format!("{}: {}", kept.what, kept.why)).collect();
        Ok((outcome, left, kept))
    };
    match worked.await {
        Ok((outcome, left, kept)) => {
            let end = End { left: Some(left.clone()), kept: kept.clone(), ..End::default() };
            session.finish_with("teardown", outcome, BTreeMap::new(), end);
            Ok(TornDown { target: session.target, outcome, left, kept })
        }
        Err(failure) => Err(session.fail("teardown", failure)),
    }
}

impl Session<'_> {
    /// The file's checks, where there are any and the deployment can be called.
    async fn final_checks(&self, outcome: Outcome) -> Result<Option<CheckTally>, Failure> {
        if self.spec.checks.is_empty() {
            return Ok(None);
        }
        if self.aws.is_emulated() {
            let text = "the checks are not run: an emulator serves APIs under URLs of its own; `poc test --url URL` \
                        runs them there";
            self.aws.report(&Event::Note { text: text.to_owned() });
            return Ok(None);
        }
        if self.aws.embedded().is_some()
            && let Some(image) = self.image()
        {
            let text = format!(
                "the checks are not run: {image} is a container image, and images do not run on this machine; \
                 `poc test --url URL` runs the checks against whatever runs it"
            );
            self.aws.report(&Event::Note { text });
            return Ok(None);
        }
        let tested = self.check(None, check::Patience::after(outcome == Outcome::Changed)).await;
        self.aws.close().await;
        Ok(Some(CheckTally::of(&tested?.checks)))
    }

    /// The last event of a run that may have run checks.
    fn finish(
        &self,
        command: &'static str,
        outcome: Outcome,
        outputs: BTreeMap<String, String>,
        checks: Option<CheckTally>,
        problem: Option<Problem>,
    ) {
        self.finish_with(command, outcome, outputs, End { checks, problem, ..End::default() });
    }

    fn finish_with(&self, command: &'static str, outcome: Outcome, outputs: BTreeMap<String, String>, end: End) {
        let (requests, writes) = self.aws.counted();
        let (elapsed, End { left, kept, checks, problem }) = (self.aws.elapsed(), end);
        self.aws.report(&Event::Finished {
            command,
            outcome,
            outputs,
            requests,
            writes,
            elapsed,
            left,
            kept,
            checks,
            problem,
        });
    }

    fn fail(&self, command: &'static str, failure: Failure) -> Failure {
        let problem = failure.to_problem(command);
        let outcome = if matches!(failure, Failure::Interrupted) { Outcome::Interrupted } else { Outcome::Failed };
        self.finish(command, outcome, BTreeMap::new(), None, problem);
        failure
    }
}

/// What the last event tells besides the outcome.
#[derive(Default)]
struct End {
    left: Option<Vec<String>>,
    kept: Vec<String>,
    checks: Option<CheckTally>,
    problem: Option<Problem>,
}
