//! The seven stages in a row: load, desired, read, decide, confirm, apply, check. Every command is a prefix of it.

mod dev;
mod result;
mod session;
mod watch;

use std::collections::BTreeMap;

use session::{Read, Session};

pub use dev::{DevSettings, dev};
pub use result::{
    Confirm, Deployed, Failure, Planned, ResourceState, ResourceStatus, Settings, Status, Target, TornDown, Validated,
};

use crate::engine::apply;
use crate::event::{Event, Outcome, Reporter};

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
        let outcome = session.carry_out(&read, confirm).await?;
        Ok((outcome, session.outputs(&read)))
    };
    match worked.await {
        Ok((outcome, outputs)) => {
            session.finish("deploy", outcome, outputs.clone(), None, None);
            Ok(Deployed { target: session.target, outcome, outputs })
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
        let outcome = session.carry_out(&session.read_unwanted().await?, confirm).await?;
        // Law 12: everything is looked up again, by the same names and tags.
        let left = match outcome {
            Outcome::Changed => session.read_unwanted().await?.standing(),
            _ => Vec::new(),
        };
        Ok((outcome, left))
    };
    match worked.await {
        Ok((outcome, left)) => {
            session.finish("teardown", outcome, BTreeMap::new(), Some(left.clone()), None);
            Ok(TornDown { target: session.target, outcome, left })
        }
        Err(failure) => Err(session.fail("teardown", failure)),
    }
}

impl Session<'_> {
    /// Confirm and apply.
    async fn carry_out(&self, read: &Read, confirm: Confirm<'_>) -> Result<Outcome, Failure> {
        let planned = self.planned(read);
        if planned.plan.is_empty() {
            return Ok(Outcome::Unchanged);
        }
        if !confirm(&planned) {
            return Ok(Outcome::Declined);
        }
        let applied = apply(&read.desired.graph, &read.observed, &read.decided, &self.aws).await;
        applied.map_err(|problem| Failure::Problem(Box::new(problem)))?;
        Ok(Outcome::Changed)
    }

    /// The last event of a run.
    fn finish(
        &self,
        command: &'static str,
        outcome: Outcome,
        outputs: BTreeMap<String, String>,
        left: Option<Vec<String>>,
        problem: Option<crate::event::Problem>,
    ) {
        let (requests, writes) = self.aws.counted();
        let elapsed = self.aws.elapsed();
        self.aws.report(&Event::Finished { command, outcome, outputs, requests, writes, elapsed, left, problem });
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
