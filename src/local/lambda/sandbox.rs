//! A sandbox (AWS: execution environment): one handler process with its Runtime API, its log stream and its scratch
//! directory. It is initialised once and then works on one invocation at a time.

use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::local::cloud::Cloud;

use super::deployed::Deployed;
use super::environment::{Place, environment};
use super::memory;
use super::outcome::Denied;
use super::output::Output;
use super::package::PrivateDirectory;
use super::process::Process;
use super::runtime_api::{Report, RuntimeApi, Work};
use super::runtimes::Start;

/// How often memory is looked at while there is work.
const MEMORY_EVERY: Duration = Duration::from_millis(20);

pub struct Sandbox {
    pub deployed: Arc<Deployed>,
    pub output: Arc<Output>,
    process: Arc<Process>,
    api: RuntimeApi,
    follower: JoinHandle<()>,
    scratch: Option<PrivateDirectory>,
    /// Where its package is.
    package: String,
    /// The most memory seen, in bytes.
    seen_memory: u64,
    /// When it had its last work.
    pub released: Instant,
}

/// Where a sandbox is made.
pub struct Site<'a> {
    pub cloud: &'a Arc<Cloud>,
    pub package: &'a Path,
    pub home: &'a Path,
    pub log_stream: &'a str,
    pub endpoint: Option<String>,
}

/// What ended a piece of work other than an answer.
#[derive(Debug)]
pub enum Ended {
    Exited(ExitStatus),
    OutOfMemory,
    TimedOut,
}

#[derive(Debug)]
pub enum Initialised {
    Ready,
    /// The runtime told what is wrong with the handler.
    Failed {
        error_type: String,
        body: Bytes,
    },
    Ended(Ended),
}

#[derive(Debug)]
pub enum Worked {
    Answered(Bytes),
    TooLarge(usize),
    Failed {
        error_type: String,
        body: Bytes,
    },
    Ended(Ended),
    /// It was over before it took the work: another sandbox can do it.
    NotTaken(ExitStatus),
}

impl Sandbox {
    /// Starts the process; it is not initialised yet. `first` stands in the log before anything that it prints.
    pub async fn start(
        site: &Site<'_>,
        deployed: &Arc<Deployed>,
        start: &Start,
        first: &[String],
    ) -> Result<Sandbox, Denied> {
        let failed = |fault: std::io::Error| Denied::service(format!("a sandbox cannot be made: {fault}"));
        let api = RuntimeApi::open().await.map_err(failed)?;
        let scratch = PrivateDirectory::make("sandbox").map_err(failed)?;
        let place = Place {
            package: site.package,
            scratch: &scratch.path,
            runtime_api: api.address.to_string(),
            log_stream: site.log_stream,
            endpoint: site.endpoint.clone(),
            path: start.path.as_deref(),
            runtime_directory: site.home,
        };
        let mut variables = environment(deployed, &place);
        variables.extend(start.environment.iter().cloned());
        let (process, pipe) = Process::start(&start.launch, site.package, &variables).map_err(failed)?;
        let package = site.package.to_string_lossy().into_owned();
        let output = Output::new(pipe, site.cloud.clone(), deployed.log_group(), site.log_stream, &package);
        let output = output.map_err(failed)?;
        first.iter().for_each(|line| output.say(line));
        let follower = output.follow();
        Ok(Sandbox {
            deployed: deployed.clone(),
            output,
            process: Arc::new(process),
            api,
            follower,
            scratch: Some(scratch),
            package,
            seen_memory: 0,
            released: Instant::now(),
        })
    }

    pub fn process(&self) -> &Arc<Process> {
        &self.process
    }

    pub fn is_alive(&self) -> bool {
        self.process.is_alive()
    }

    /// The most memory that it held, in bytes, as far as it is known.
    pub fn peak_memory(&self) -> Option<u64> {
        let peak = memory::peak(self.process.id).unwrap_or(0).max(self.seen_memory);
        (peak > 0).then_some(peak)
    }

    /// Waits until the runtime asks for its first work, at most until `deadline`.
    pub async fn initialise(&mut self, deadline: Instant) -> Initialised {
        match self.next_report(deadline).await {
            Ok(Report::InitFailed { error_type, body }) => {
                Initialised::Failed { error_type, body: self.as_on_aws(body) }
            }
            Ok(_) => Initialised::Ready,
            Err(ended) => Initialised::Ended(ended),
        }
    }

    /// Has `work` done, within `timeout` from the moment that it is taken. The time it took comes with it.
    pub async fn work(&mut self, work: Work, timeout: Duration) -> (Worked, Duration) {
        self.api.give(work);
        let given = Instant::now();
        loop {
            match self.next_report(given + timeout).await {
                Ok(Report::Taken) => break,
                Ok(_) => {}
                Err(Ended::Exited(status)) => return (Worked::NotTaken(status), Duration::ZERO),
                Err(ended) => return (Worked::Ended(ended), given.elapsed()),
            }
        }
        let taken = Instant::now();
        let worked = loop {
            match self.next_report(taken + timeout).await {
                Ok(Report::Answered(body)) => break Worked::Answered(body),
                Ok(Report::TooLarge(size)) => break Worked::TooLarge(size),
                Ok(Report::Failed { error_type, body }) => {
                    break Worked::Failed { error_type, body: self.as_on_aws(body) };
                }
                Ok(Report::Ready | Report::Taken | Report::InitFailed { .. }) => {}
                Err(ended) => break Worked::Ended(ended),
            }
        };
        (worked, taken.elapsed())
    }

    /// An error object whose stack trace names the files as on AWS.
    fn as_on_aws(&self, body: Bytes) -> Bytes {
        match std::str::from_utf8(&body) {
            Ok(text) if text.contains(&self.package) => Bytes::from(text.replace(&self.package, "/var/task")),
            _ => body,
        }
    }

    /// What the runtime does next, or what ends it. One that is over time or memory is ended here.
    async fn next_report(&mut self, deadline: Instant) -> Result<Report, Ended> {
        let limit = self.deployed.configuration.memory_mb.saturating_mul(1024 * 1024);
        let process = self.process.clone();
        loop {
            tokio::select! {
                biased;
                report = self.api.report() => return Ok(report),
                status = process.ended() => return Err(Ended::Exited(status)),
                () = tokio::time::sleep_until(deadline) => {
                    process.kill();
                    return Err(Ended::TimedOut);
                }
                () = tokio::time::sleep(MEMORY_EVERY) => {
                    let held = memory::resident(process.id).unwrap_or(0);
                    self.seen_memory = self.seen_memory.max(held);
                    if held > limit {
                        process.kill();
                        return Err(Ended::OutOfMemory);
                    }
                }
            }
        }
    }

    /// Ends the process with its children, and clears up after it.
    pub fn end(mut self) -> JoinHandle<()> {
        self.process.kill();
        let scratch = self.scratch.take();
        tokio::spawn(async move {
            self.process.ended().await;
            self.output.end(&[]);
            let _ = tokio::task::spawn_blocking(move || drop(scratch)).await;
        })
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.process.kill();
        self.follower.abort();
    }
}
