//! The seven stages in a row: load, desired, read, decide, confirm, apply, check. Every command is a prefix of it.

mod call;
mod check;
mod dev;
mod keys;
mod logs;
mod render;
mod result;
mod session;
mod watch;

use std::collections::BTreeMap;

use session::{Read, Session};

pub use call::{CallWanted, Called, KeyWanted, call};
pub use check::{PATIENCE, Tested, test};
pub use dev::{DevSettings, dev};
pub use keys::{ConfirmRotation, GRACE, Rotated, Rotation, ShownKey, rotate_key, show_key};
pub use logs::{LogLine, LogsWanted, logs};
pub use render::{Render, RenderRequest, Rendered, render, render_cases};
pub use result::{
    Confirm, Deployed, Failure, Planned, ResourceState, ResourceStatus, Settings, Status, Target, TornDown, Validated,
};

pub use crate::clock::hasten;
pub use session::simulated;

use crate::engine::{Extent, apply};
use crate::event::{CheckTally, Event, Outcome, Problem, Reporter};

/// Checks deploy.yaml, every stage of it, the templates and the package, and sends nothing.
///
/// # Errors
/// [`Failure::Faults`] with everything that is wrong.
pub async fn validate(settings: &Settings) -> Result<Validated, Failure> {
    session::validate(settings)
}

/// # Errors
/// Faults of the file, or the first problem met while reading AWS.
pub async fn plan(settings: &Settings, reporter: &dyn Reporter) -> Result<Planned, Failure> {
    let session = Session::open(settings, "plan", reporter).await?;
    let read = session.read().await?;
    Ok(session.planned(&read))
}

/// # Errors
/// Faults of the file, or the first problem met; what was done stays done, and the same command continues.
pub async fn deploy(settings: &Settings, reporter: &dyn Reporter, confirm: Confirm<'_>) -> Result<Deployed, Failure> {
    let session = Session::open(settings, "deploy", reporter).await?;
    let worked = async {
        let read = session.read().await?;
        let (outcome, extent) = session.carry_out(&read, confirm).await?;
        let outputs = session.outputs(&read);
        let checks = match (outcome, extent) {
            (Outcome::Changed | Outcome::Unchanged, Extent::Whole) if settings.checks => {
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

/// # Errors
/// As [`plan`].
pub async fn status(settings: &Settings, reporter: &dyn Reporter) -> Result<Status, Failure> {
    let session = Session::open(settings, "status", reporter).await?;
    let read = session.read().await?;
    Ok(session.status(&read))
}

/// # Errors
/// As [`deploy`].
pub async fn teardown(settings: &Settings, reporter: &dyn Reporter, confirm: Confirm<'_>) -> Result<TornDown, Failure> {
    let session = Session::open(settings, "teardown", reporter).await?;
    let worked = async {
        let read = session.read_unwanted().await?;
        let (mut outcome, _) = session.carry_out(&read, confirm).await?;
        // What a deploy that was cut a moment ago made may be found only now.
        if outcome != Outcome::Declined
            && let Some(late) = read.late()
            && session.passes(late).await
        {
            let again = session.read_unwanted().await?;
            let (found, _) = session.carry_out(&again, confirm).await?;
            outcome = if found == Outcome::Unchanged { outcome } else { found };
        }
        // Law 12: everything is looked up again, by the same names and tags.
        let left = match outcome {
            Outcome::Changed => session.read_unwanted().await?.standing(),
            _ => Vec::new(),
        };
        Ok((outcome, left))
    };
    match worked.await {
        Ok((outcome, left)) => {
            session.finish_with(
                "teardown",
                outcome,
                BTreeMap::new(),
                End { left: Some(left.clone()), ..End::default() },
            );
            Ok(TornDown { target: session.target, outcome, left })
        }
        Err(failure) => Err(session.fail("teardown", failure)),
    }
}

impl Session<'_> {
    /// Confirm and apply.
    async fn carry_out(&self, read: &Read, confirm: Confirm<'_>) -> Result<(Outcome, Extent), Failure> {
        let planned = self.planned(read);
        if planned.plan.is_empty() {
            return Ok((Outcome::Unchanged, Extent::Whole));
        }
        if !confirm(&planned) {
            return Ok((Outcome::Declined, Extent::Whole));
        }
        let applied = apply(&read.desired.graph, &read.observed, &read.decided, &self.aws).await;
        let extent = applied.map_err(|problem| Failure::Problem(Box::new(problem)))?;
        Ok((Outcome::Changed, extent))
    }

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
        self.finish_with(command, outcome, outputs, End { checks, problem, left: None });
    }

    fn finish_with(&self, command: &'static str, outcome: Outcome, outputs: BTreeMap<String, String>, end: End) {
        let (requests, writes) = self.aws.counted();
        let (elapsed, End { left, checks, problem }) = (self.aws.elapsed(), end);
        self.aws.report(&Event::Finished {
            command,
            outcome,
            outputs,
            requests,
            writes,
            elapsed,
            left,
            checks,
            problem,
        });
    }

    fn fail(&self, command: &'static str, failure: Failure) -> Failure {
        let problem = match &failure {
            Failure::Problem(problem) => Some((**problem).clone()),
            _ => None,
        };
        self.finish(command, Outcome::Failed, BTreeMap::new(), None, problem);
        failure
    }
}

/// What the last event tells besides the outcome.
#[derive(Default)]
struct End {
    left: Option<Vec<String>>,
    checks: Option<CheckTally>,
    problem: Option<Problem>,
}
