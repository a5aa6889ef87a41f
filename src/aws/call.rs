//! Every request to AWS passes through [`Aws::call`]: paced, counted, retried by class within a stated time, and told
//! as an event. The SDK's own retries are off, so that the two cannot multiply.

use std::future::Future;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::time::Instant;

use super::{Aws, Error, ErrorKind, Result};
use crate::event::Event;

/// May a call whose answer was lost be sent again?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Sending it twice is the same as once.
    Safe,
    /// It would make a second one: the caller looks whether the first arrived (law 2).
    Never,
}

tokio::task_local! {
    static STEP: String;
}

/// Runs `work` as part of the step `id`, which its events will name.
pub async fn during<T>(id: String, work: impl Future<Output = T>) -> T {
    STEP.scope(id, work).await
}

/// The step whose work this is, or nothing while AWS is only being read.
pub fn current_step() -> String {
    STEP.try_with(Clone::clone).unwrap_or_default()
}

/// How long a class of refusal is met with patience.
fn patience(kind: ErrorKind) -> Duration {
    match kind {
        ErrorKind::Throttled => Duration::from_secs(300),
        ErrorKind::Busy | ErrorKind::RoleNotReady => Duration::from_secs(120),
        ErrorKind::Unclear => Duration::from_secs(60),
        ErrorKind::Unreachable => Duration::from_secs(3),
        _ => Duration::ZERO,
    }
}

/// Told to the person from here on; shorter delays are nobody's concern.
const WORTH_TELLING: Duration = Duration::from_secs(1);

/// How often a creation whose answer was lost, and which did not arrive either, is tried.
const TRIES: usize = 5;

/// Creates something whose creation AWS would repeat: where the answer is lost, `find` looks whether it arrived (law 2).
///
/// # Errors
/// What `create` fails with, or the last lost answer.
pub async fn once<T>(create: impl AsyncFn() -> Result<T>, find: impl AsyncFn() -> Result<Option<T>>) -> Result<T> {
    let mut tries = 1;
    loop {
        match create().await {
            Err(error) if error.is(ErrorKind::Unclear) => {
                if let Some(made) = find().await? {
                    return Ok(made);
                }
                if tries == TRIES {
                    return Err(error);
                }
                tries += 1;
            }
            ended => return ended,
        }
    }
}

impl Aws<'_> {
    /// Sends one request, again where its refusal allows and time is left.
    ///
    /// # Errors
    /// The last answer, classified.
    pub async fn call<T, E, F, Fut>(
        &self,
        service: &'static str,
        operation: &'static str,
        repeat: Repeat,
        send: F,
    ) -> Result<T>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = std::result::Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let begun = Instant::now();
        let mut delay = Duration::from_millis(50);
        loop {
            let ready = Instant::now();
            let turn = self.pace().turn(service, operation, ready);
            tokio::time::sleep_until(turn).await;
            let held = turn.saturating_duration_since(ready);
            let error = match self.attempt(service, operation, held, &send).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let lost = error.is(ErrorKind::Unclear) && repeat == Repeat::Never;
            if lost || begun.elapsed() + delay > patience(error.kind) {
                return Err(error);
            }
            let jittered = self.jitter(delay);
            if jittered >= WORTH_TELLING {
                let (step, reason) = (current_step(), error.message.clone());
                self.report(&Event::StepRetrying { step, operation, reason, delay: jittered });
            }
            tokio::time::sleep(jittered).await;
            delay = (delay * 2).min(Duration::from_secs(20));
        }
    }

    async fn attempt<T, E, F, Fut>(
        &self,
        service: &'static str,
        operation: &'static str,
        held: Duration,
        send: &F,
    ) -> Result<T>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = std::result::Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let started = Instant::now();
        let answer = send().await.map_err(|error| Error::from_sdk(operation, error));
        self.count(operation, answer.is_ok());
        self.report(&Event::Call {
            step: current_step(),
            service,
            operation,
            held,
            started: self.since_start(started),
            elapsed: started.elapsed(),
            error: answer.as_ref().err().map(|error| error.code.clone().unwrap_or_else(|| error.message.clone())),
        });
        answer
    }
}

/// Does the operation change anything? AWS names its lookups consistently.
pub fn is_write(operation: &str) -> bool {
    !["Get", "List", "Describe", "Head"].iter().any(|prefix| operation.starts_with(prefix))
}
