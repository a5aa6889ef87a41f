//! One invocation from its request to its answer: find the version, make room, get a sandbox (warm or cold), have the
//! work done, and write the log around it.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::local::cloud::lambda::Target;
use crate::local::cloud::{Cloud, iso};

use super::chance::Chance;
use super::deployed::{Catalogue, Deployed};
use super::frames::{self, Account};
use super::outcome::{ASYNCHRONOUS_LIMIT, Denied, FunctionFault, SYNCHRONOUS_LIMIT, Source};
use super::package::Packages;
use super::pool::{Pool, SWEEP};
use super::runtime_api::Work;
use super::runtimes::{NoStart, Runtimes, Start};
use super::sandbox::{Ended, Initialised, Sandbox, Site, Worked};
use super::{FunctionError, Invoked, event};

/// How long a sandbox may take to come up before an invocation; after that it has the invocation's own time.
const INIT_LIMIT: Duration = Duration::from_secs(10);
/// Sandboxes that end between two invocations are replaced so often before that counts as a failure.
const REPLACEMENTS: usize = 3;
/// Waits between the attempts at an asynchronous invocation, as long as AWS's.
const RETRIES: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(120)];
/// A throttled asynchronous invocation is tried again after this long, then twice as long, up to five minutes.
const THROTTLED: Duration = Duration::from_secs(1);
const THROTTLED_MOST: Duration = Duration::from_secs(300);
/// How old an asynchronous event gets.
const EVENT_AGE: Duration = Duration::from_secs(6 * 60 * 60);

/// What is asked for.
#[derive(Clone)]
pub struct Asked {
    pub region: String,
    pub target: Target,
    pub event: Bytes,
    pub trace_id: Option<String>,
    pub client_context: Option<String>,
}

pub struct Service {
    cloud: Arc<Cloud>,
    catalogue: Catalogue,
    packages: Packages,
    runtimes: Runtimes,
    pool: Arc<Pool>,
    chance: Chance,
    endpoint: Mutex<Option<String>>,
    closing: watch::Sender<bool>,
    sweeping: Mutex<bool>,
}

/// A sandbox for one invocation, or why there is none.
enum Provided {
    Warm(Sandbox),
    /// With the time that its init took, where that was before the invocation.
    Cold(Sandbox, Option<Duration>),
    Fault(FunctionFault, Box<Tried>),
}

/// What is left of an attempt to make a sandbox: its log.
struct Tried {
    sandbox: Option<Sandbox>,
    log_stream: String,
    init: Option<Duration>,
    /// The part of the invocation's time that is gone.
    spent: Duration,
}

impl Service {
    pub fn new(cloud: Arc<Cloud>) -> Arc<Service> {
        Arc::new(Service {
            catalogue: Catalogue::new(cloud.clone()),
            packages: Packages::of(&cloud),
            runtimes: Runtimes::default(),
            pool: Arc::default(),
            chance: Chance::new(cloud.clock()),
            endpoint: Mutex::default(),
            closing: watch::Sender::new(false),
            sweeping: Mutex::default(),
            cloud,
        })
    }

    pub fn set_endpoint(&self, url: &str) {
        *self.endpoint.lock().unwrap_or_else(PoisonError::into_inner) = Some(url.to_owned());
    }

    fn now(&self) -> u64 {
        self.cloud.clock().epoch_millis()
    }

    pub fn shut(&self) {
        self.closing.send_replace(true);
        // Nothing waits for the ends: they are brought about.
        drop(self.pool.shut());
    }

    pub async fn close(&self) {
        self.closing.send_replace(true);
        self.pool.close().await;
    }

    /// Runs it and waits. Runs to its end even if nobody waits any more, as on AWS.
    pub async fn run(self: &Arc<Service>, asked: Asked) -> Result<Invoked, Denied> {
        if asked.event.len() > SYNCHRONOUS_LIMIT {
            return Err(Denied::too_large(asked.event.len(), "RequestResponse", SYNCHRONOUS_LIMIT));
        }
        let asked = self.checked(asked)?;
        let service = self.clone();
        let running = tokio::spawn(async move { service.execute(&asked, None).await });
        running.await.map_err(|fault| Denied::service(fault.to_string()))?
    }

    /// Runs it in the background, again if it fails: twice, after one minute and after two more.
    pub async fn queue(self: &Arc<Service>, asked: Asked) -> Result<String, Denied> {
        if asked.event.len() > ASYNCHRONOUS_LIMIT {
            return Err(Denied::too_large(asked.event.len(), "Event", ASYNCHRONOUS_LIMIT));
        }
        let asked = self.checked(asked)?;
        self.find(&asked).await?;
        let request_id = self.chance.request_id();
        let (service, id) = (self.clone(), request_id.clone());
        tokio::spawn(async move { service.attempts(asked, id).await });
        Ok(request_id)
    }

    /// Whether it could run.
    pub async fn check(&self, asked: Asked) -> Result<(), Denied> {
        let asked = self.checked(asked)?;
        self.find(&asked).await.map(|_| ())
    }

    fn checked(&self, mut asked: Asked) -> Result<Asked, Denied> {
        if asked.event.is_empty() {
            asked.event = Bytes::from_static(b"{}");
        }
        event::check(&asked.event).map_err(Denied::content)?;
        Ok(asked)
    }

    async fn find(&self, asked: &Asked) -> Result<Arc<Deployed>, Denied> {
        self.catalogue.find(&asked.target, &asked.region, self.chance.part()).await
    }

    async fn attempts(self: Arc<Service>, asked: Asked, request_id: String) {
        let (begun, mut throttled, mut failures) = (Instant::now(), THROTTLED, 0);
        let mut closing = self.closing.subscribe();
        while begun.elapsed() < EVENT_AGE {
            let pause = match self.execute(&asked, Some(&request_id)).await {
                Ok(invoked) if invoked.error.is_none() => return,
                Err(denied) if denied.is_throttle() => {
                    let pause = throttled;
                    throttled = (throttled * 2).min(THROTTLED_MOST);
                    pause
                }
                _ => {
                    let Some(pause) = RETRIES.get(failures) else { return };
                    failures += 1;
                    *pause
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = closing.wait_for(|closing| *closing) => return,
            }
        }
    }

    async fn execute(self: &Arc<Service>, asked: &Asked, request_id: Option<&str>) -> Result<Invoked, Denied> {
        let deployed = self.find(asked).await?;
        let _permit = self.pool.admit(&deployed)?;
        let request_id = request_id.map_or_else(|| self.chance.request_id(), str::to_owned);
        self.catalogue.ensure_log_group(&deployed.log_group()).await?;
        for _ in 0..REPLACEMENTS {
            match self.provide(&deployed, &request_id).await? {
                Provided::Fault(fault, tried) => {
                    return Ok(self.without_sandbox(&deployed, &request_id, fault, *tried));
                }
                Provided::Warm(sandbox) => {
                    if let Some(invoked) = self.work(sandbox, asked, &request_id, None, true).await {
                        return Ok(invoked);
                    }
                }
                Provided::Cold(sandbox, init) => {
                    if let Some(invoked) = self.work(sandbox, asked, &request_id, init, false).await {
                        return Ok(invoked);
                    }
                }
            }
        }
        Err(Denied::service("The function's processes end before they take an invocation"))
    }

    /// Has a sandbox do the work. Nothing when it was over before it took it (`may_be_gone`).
    async fn work(
        self: &Arc<Service>,
        mut sandbox: Sandbox,
        asked: &Asked,
        request_id: &str,
        init: Option<Duration>,
        may_be_gone: bool,
    ) -> Option<Invoked> {
        let deployed = sandbox.deployed.clone();
        let timeout = Duration::from_secs(deployed.configuration.timeout_seconds);
        let start = frames::start(&deployed, self.now(), request_id);
        let work = Work {
            request_id: request_id.to_owned(),
            deadline_millis: self.now().saturating_add(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX)),
            function_arn: asked.target.qualified_arn(),
            trace_id: asked.trace_id.clone().unwrap_or_else(|| self.chance.trace_id(self.cloud.clock())),
            client_context: asked.client_context.clone(),
            event: asked.event.clone(),
        };
        sandbox.output.begin();
        sandbox.output.say(&start);
        let (worked, duration) = sandbox.work(work, timeout).await;
        let result = match worked {
            Worked::NotTaken(_) if may_be_gone => {
                sandbox.output.take_back(&start);
                sandbox.end();
                return None;
            }
            Worked::Answered(body) => Ok(body),
            Worked::TooLarge(size) => Err(FunctionFault::response_too_large(size)),
            Worked::Failed { error_type, body } => Err(FunctionFault::reported(body, error_type, Source::Handler)),
            Worked::NotTaken(status) => Err(FunctionFault::exited(request_id, status)),
            Worked::Ended(ended) => Err(self.fault(&deployed, request_id, ended)),
        };
        let peak_memory = match &result {
            Err(fault) if fault.error_type == "Runtime.OutOfMemory" => Some(u64::MAX),
            _ => sandbox.peak_memory(),
        };
        let fault = result.as_ref().err();
        let account = Account { request_id, duration, init, peak_memory, fault };
        let mut last: Vec<String> = fault.and_then(|fault| fault.logged.clone()).into_iter().collect();
        last.extend(frames::end(&deployed, self.now(), &account));
        let log_tail = sandbox.output.end(&last);
        let invoked = invoked(&deployed, request_id, &result, log_tail, duration, init);
        if fault.is_none_or(FunctionFault::is_survived) {
            self.pool.put_back(sandbox);
            self.keep_sweeping();
        } else {
            sandbox.end();
        }
        Some(invoked)
    }

    fn fault(&self, deployed: &Deployed, request_id: &str, ended: Ended) -> FunctionFault {
        match ended {
            Ended::Exited(status) => FunctionFault::exited(request_id, status),
            Ended::OutOfMemory => FunctionFault::out_of_memory(request_id),
            Ended::TimedOut => {
                FunctionFault::timed_out(request_id, &iso(self.now()), deployed.configuration.timeout_seconds)
            }
        }
    }

    /// A sandbox of that version: a warm one if there is one.
    async fn provide(&self, deployed: &Arc<Deployed>, request_id: &str) -> Result<Provided, Denied> {
        if let Some(sandbox) = self.pool.take(deployed) {
            return Ok(Provided::Warm(sandbox));
        }
        if let Some(image) = &deployed.code.image {
            return Err(Denied::runtime(format!(
                "The function runs the container image {}, and images do not run on this machine: there is no container \
                 engine in the embedded cloud.",
                image.uri
            )));
        }
        let package = self.packages.directory(&self.cloud, &deployed.code.blob).await?;
        let home = self.packages.home().map_err(|fault| Denied::service(fault.to_string()))?;
        let day = iso(self.now())[..10].replace('-', "/");
        let log_stream = format!("{day}/[{}]{}", deployed.number, self.chance.hex(32));
        let start = match self.runtimes.start(deployed, &package, &home).await {
            Ok(start) => start,
            Err(NoStart::Denied(denied)) => return Err(denied),
            Err(NoStart::Entrypoint(problem)) => {
                let fault = FunctionFault::entrypoint(request_id, &problem);
                let tried = Tried { sandbox: None, log_stream, init: None, spent: Duration::ZERO };
                return Ok(Provided::Fault(fault, Box::new(tried)));
            }
        };
        let endpoint = self.endpoint.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let site = Site { cloud: &self.cloud, package: &package, home: &home, log_stream: &log_stream, endpoint };
        self.bring_up(&site, deployed, &start, request_id).await
    }

    /// The init phase. One that takes longer than it may is begun again as part of the invocation.
    async fn bring_up(
        &self,
        site: &Site<'_>,
        deployed: &Arc<Deployed>,
        start: &Start,
        request_id: &str,
    ) -> Result<Provided, Denied> {
        let mut first = vec![frames::init_start(deployed, self.now(), &start.version)];
        first.extend(start.note.iter().map(|note| format!("[poc] {note}\n")));
        let mut sandbox = self.started(site, deployed, start, &first).await?;
        let begun = Instant::now();
        let initialised = sandbox.initialise(begun + INIT_LIMIT).await;
        let took = begun.elapsed();
        let initialised = match initialised {
            Initialised::Ready => return Ok(Provided::Cold(sandbox, Some(took))),
            Initialised::Ended(Ended::TimedOut) => {
                sandbox.output.end(&[frames::init_report(deployed, self.now(), took, "init", None)]);
                sandbox.end();
                sandbox = self.started(site, deployed, start, &[]).await?;
                let timeout = Duration::from_secs(deployed.configuration.timeout_seconds);
                match sandbox.initialise(Instant::now() + timeout).await {
                    Initialised::Ready => return Ok(Provided::Cold(sandbox, None)),
                    other => other,
                }
            }
            other => other,
        };
        let fault = match initialised {
            Initialised::Failed { error_type, body } => FunctionFault::reported(body, error_type, Source::Init),
            Initialised::Ended(ended) => self.fault(deployed, request_id, ended),
            Initialised::Ready => return Ok(Provided::Cold(sandbox, Some(took))),
        };
        let spent = if fault.is_timeout() {
            Duration::from_secs(deployed.configuration.timeout_seconds)
        } else {
            sandbox.output.say_after_output(&frames::init_report(
                deployed,
                self.now(),
                took,
                "init",
                Some(&fault.error_type),
            ));
            Duration::ZERO
        };
        let tried = Tried { log_stream: site.log_stream.to_owned(), sandbox: Some(sandbox), init: Some(took), spent };
        Ok(Provided::Fault(fault, Box::new(tried)))
    }

    async fn started(
        &self,
        site: &Site<'_>,
        deployed: &Arc<Deployed>,
        start: &Start,
        first: &[String],
    ) -> Result<Sandbox, Denied> {
        let sandbox = Sandbox::start(site, deployed, start, first).await?;
        self.pool.register(sandbox.process());
        Ok(sandbox)
    }

    /// An invocation whose sandbox did not come up.
    fn without_sandbox(&self, deployed: &Deployed, request_id: &str, fault: FunctionFault, tried: Tried) -> Invoked {
        let now = self.now();
        let peak_memory = tried.sandbox.as_ref().and_then(Sandbox::peak_memory);
        let account = Account { request_id, duration: tried.spent, init: None, peak_memory, fault: Some(&fault) };
        let mut lines = vec![frames::start(deployed, now, request_id)];
        lines.extend(fault.logged.clone());
        lines.extend(frames::end(deployed, now, &account));
        let log_tail = match tried.sandbox {
            Some(sandbox) => {
                let tail = sandbox.output.end(&lines);
                sandbox.end();
                tail
            }
            None => {
                let message = |message: &String| crate::local::cloud::logs::Event {
                    at: now,
                    received: now,
                    message: message.clone(),
                };
                let events: Vec<_> = lines.iter().map(message).collect();
                // As everywhere: a log that cannot be written does not change the answer.
                let _ = self.cloud.logs().append(&deployed.log_group(), &tried.log_stream, now, &events);
                lines.concat()
            }
        };
        invoked(deployed, request_id, &Err(fault), log_tail, tried.spent, tried.init)
    }

    /// From the first warm sandbox on, until this is dropped.
    fn keep_sweeping(self: &Arc<Service>) {
        let mut sweeping = self.sweeping.lock().unwrap_or_else(PoisonError::into_inner);
        if !*sweeping {
            *sweeping = true;
            tokio::spawn(sweep(Arc::downgrade(self), self.closing.subscribe()));
        }
    }
}

async fn sweep(service: Weak<Service>, mut closing: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(SWEEP) => {}
            _ = closing.wait_for(|closing| *closing) => return,
        }
        let Some(service) = service.upgrade() else { return };
        for deployed in service.pool.sweep() {
            if !service.catalogue.is_current(&deployed).await {
                service.pool.retire(&deployed);
            }
        }
    }
}

fn invoked(
    deployed: &Deployed,
    request_id: &str,
    result: &Result<Bytes, FunctionFault>,
    log_tail: String,
    duration: Duration,
    init_duration: Option<Duration>,
) -> Invoked {
    let (payload, error) = match result {
        Ok(payload) => (payload.clone(), None),
        Err(fault) if matches!(fault.source, Source::Handler) => (fault.payload.clone(), Some(FunctionError::Handled)),
        Err(fault) => (fault.payload.clone(), Some(FunctionError::Unhandled)),
    };
    Invoked {
        payload,
        error,
        executed_version: deployed.number.clone(),
        request_id: request_id.to_owned(),
        log_tail,
        duration,
        init_duration,
    }
}
