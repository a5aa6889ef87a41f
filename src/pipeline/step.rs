//! One piece of work that is no graph's, told as a deploy tells its steps.

use std::future::Future;

use tokio::time::Instant;

use crate::aws::{Aws, Result, during};
use crate::event::{Action, Event};

/// Whose work it is: the step's id, and how people call the resource.
#[derive(Clone, Debug)]
pub(super) struct Doing {
    pub step: String,
    pub kind: &'static str,
    pub name: String,
    pub action: Action,
}

/// Does the work and tells of its beginning and end.
///
/// # Errors
/// Those of the work, told as an event, too.
pub(super) async fn step<T>(aws: &Aws<'_>, doing: Doing, work: impl Future<Output = Result<T>>) -> Result<T> {
    let (Doing { step, kind, name, action }, begun) = (doing, Instant::now());
    aws.report(&Event::StepStarted { step: step.clone(), kind, name: name.clone(), action });
    let ended = Box::pin(during(step.clone(), work)).await;
    match &ended {
        Ok(_) => aws.report(&Event::StepFinished { step, action, elapsed: begun.elapsed() }),
        Err(error) => {
            let problem = error.clone().problem(Some(format!("{kind} {name}")));
            aws.report(&Event::StepFailed { step, action, problem });
        }
    }
    ended
}
