//! Every request to AWS passes through [`Aws::call`]: paced, counted, retried by class within a stated time, and told
//! as an event. The SDK's own retries are off, so that the two cannot multiply.

use std::cell::Cell;
use std::future::Future;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::time::Instant;

use super::pace::service_name;
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

/// How long a class of refusal is met with patience, counted from the first: what a call waits for its turn, for its answer
/// or for the end of a long upload takes nothing from it, so a call that hung is sent once more.
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

/// The longest pause between two tries, unless AWS asks for a longer one.
const LONGEST: Duration = Duration::from_secs(20);

/// Between two tries of what nothing but a state of AWS is waited for: no limit is met, and the run waits for it.
const SOON: Duration = Duration::from_secs(1);

/// How often a creation whose answer was lost, and which did not arrive either, is tried.
const TRIES: usize = 5;

/// Before each look for what may have arrived: AWS shows some things only after a moment.
const LOOKS: [Duration; 3] = [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(4)];

/// Creates something whose creation AWS would repeat: where the answer is lost, `find` looks whether it arrived (law 2).
///
/// # Errors
/// What `create` fails with, or the last lost answer.
pub async fn once<T>(create: impl AsyncFn() -> Result<T>, find: impl AsyncFn() -> Result<Option<T>>) -> Result<T> {
    let mut tries = 1;
    loop {
        match create().await {
            Err(error) if error.is(ErrorKind::Unclear) => {
                for pause in LOOKS {
                    tokio::time::sleep(pause).await;
                    if let Some(made) = find().await? {
                        return Ok(made);
                    }
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

/// How a call is sent, where that is not the usual way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// The budget it draws on, where one operation has several.
    pub budget: Option<&'static str>,
    /// It concerns the lock itself, so the lock does not hold it back.
    pub unfenced: bool,
}

/// The latest try of a call.
struct Try {
    /// When it could have gone out, had nothing held it.
    ready: Instant,
    /// How long it then took.
    took: Cell<Duration>,
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
        self.call_in(Manner::default(), service, operation, repeat, send).await
    }

    /// As [`Aws::call`], in a manner of its own.
    ///
    /// # Errors
    /// The last answer, classified.
    pub async fn call_in<T, E, F, Fut>(
        &self,
        manner: Manner,
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
        // In tries and pauses; how much of it was over at the first refusal.
        let (mut tried, mut first, mut told) = (Duration::ZERO, None, false);
        let mut delay = Duration::from_millis(50);
        loop {
            let this = Try { ready: Instant::now(), took: Cell::default() };
            self.await_turn(service, manner.budget.unwrap_or(operation)).await;
            let mut error = match self.admitted(manner, service, operation, &this, &send).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let lost = error.is(ErrorKind::Unclear) && repeat == Repeat::Never;
            // What AWS asks for counts, be it longer than what would be waited anyway.
            let pause = self.jitter(delay).max(error.retry_after.unwrap_or_default());
            tried += this.took.get();
            let since = tried - *first.get_or_insert(tried);
            if lost || since + pause > patience(error.kind) {
                error.tried_for = Some(tried).filter(|tried| *tried >= WORTH_TELLING);
                return Err(error);
            }
            // One long pause, or many short ones.
            if pause >= WORTH_TELLING || !told && since + pause >= WORTH_TELLING {
                told = true;
                let (step, reason) = (current_step(), error.message.clone());
                self.report(&Event::StepRetrying { step, operation, reason, delay: pause });
            }
            tokio::time::sleep(pause).await;
            tried += pause;
            let longest = if error.is(ErrorKind::RoleNotReady) { SOON } else { LONGEST };
            delay = (delay * 2).min(longest);
        }
    }

    /// Waits until the budget allows one more, and says so where that takes a while.
    async fn await_turn(&self, service: &'static str, budget: &'static str) {
        let now = Instant::now();
        let turn = self.pace().turn(service, budget, now);
        let wait = turn.at.saturating_duration_since(now);
        if wait > WORTH_TELLING {
            let waiting_for = format!("its turn: {} allows {}", service_name(service), turn.allows);
            let (step, elapsed) = (current_step(), Duration::ZERO);
            self.report(&Event::StepWaiting { step, waiting_for, elapsed, usual: wait });
        }
        tokio::time::sleep_until(turn.at).await;
    }

    /// Sends it once this run may change something, and nothing else of ours changes the same API.
    async fn admitted<T, E, F, Fut>(
        &self,
        manner: Manner,
        service: &'static str,
        operation: &'static str,
        this: &Try,
        send: &F,
    ) -> Result<T>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = std::result::Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        if !is_write(operation) {
            return self.attempt(service, operation, this, send).await;
        }
        let _alone = match service == "apigateway" && changes_an_api(operation) {
            true => Some(self.writer().lock().await),
            false => None,
        };
        let _pass = if manner.unfenced { None } else { Some(self.fence().pass().await?) };
        self.attempt(service, operation, this, send).await
    }

    async fn attempt<T, E, F, Fut>(
        &self,
        service: &'static str,
        operation: &'static str,
        this: &Try,
        send: &F,
    ) -> Result<T>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = std::result::Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let started = Instant::now();
        // In a box, so that what waits for it is not as deep as the SDK's own futures: the compiler counts.
        let answer = Box::pin(send()).await.map_err(|error| Error::from_sdk(operation, error));
        this.took.set(started.elapsed());
        self.count(operation, answer.is_ok());
        self.report(&Event::Call {
            step: current_step(),
            service,
            operation,
            held: started.saturating_duration_since(this.ready),
            started: self.since_start(started),
            elapsed: this.took.get(),
            error: answer.as_ref().err().map(|error| error.code.clone().unwrap_or_else(|| error.message.clone())),
        });
        answer
    }
}

/// Does it change a REST API, its draft, its deployments or its stages? API Gateway takes one such change at a time
/// (`AWS_FACTS` A).
fn changes_an_api(operation: &str) -> bool {
    let of_others = ["ApiKey", "UsagePlan", "UsagePlanKey", "DomainName", "BasePathMapping", "Account", "VpcLink"];
    let verbs = ["Create", "Update", "Delete", "Put", "Import", "Flush"];
    let thing = verbs.iter().find_map(|verb| operation.strip_prefix(verb)).unwrap_or(operation);
    !of_others.contains(&thing) && operation != "ImportApiKeys"
}

/// Does the operation change anything? AWS names its lookups consistently.
pub fn is_write(operation: &str) -> bool {
    !["Get", "List", "Describe", "Head", "Filter"].iter().any(|prefix| operation.starts_with(prefix))
}
