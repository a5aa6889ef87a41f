//! Which sandboxes there are: warm ones that wait for work, how many work at the same time, and when they are ended.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::deployed::Deployed;
use super::outcome::Denied;
use super::process::Process;
use super::sandbox::Sandbox;

/// Executions at a time, on this machine, of all functions that reserve none: room for the burst of a usage plan, and no
/// more processes than a machine bears. AWS gives an account 1 000. `POC_LOCAL_CONCURRENCY` sets another number.
pub const CONCURRENCY: usize = 100;
pub const CONCURRENCY_VARIABLE: &str = "POC_LOCAL_CONCURRENCY";

/// How long a sandbox is kept warm.
const IDLE: Duration = Duration::from_secs(5 * 60);
/// How often that is looked at.
pub const SWEEP: Duration = Duration::from_secs(15);

#[derive(Default)]
pub struct Pool {
    idle: Mutex<Vec<Sandbox>>,
    busy: Mutex<Busy>,
    /// Whoever is alive, so that nobody is forgotten at the end.
    processes: Mutex<Vec<Weak<Process>>>,
    closed: AtomicBool,
}

#[derive(Default)]
struct Busy {
    /// By ARN.
    functions: HashMap<String, usize>,
    unreserved: usize,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn concurrency() -> usize {
    std::env::var(CONCURRENCY_VARIABLE).ok().and_then(|set| set.parse().ok()).unwrap_or(CONCURRENCY)
}

impl Pool {
    /// Room for one execution, until it is dropped.
    pub fn admit(self: &Arc<Pool>, deployed: &Deployed) -> Result<Permit, Denied> {
        if self.is_closed() {
            return Err(Denied::service("Lambda on this machine is shutting down"));
        }
        let mut busy = lock(&self.busy);
        let running = busy.functions.get(&deployed.arn).copied().unwrap_or(0);
        let reserved = deployed.reserved_concurrency.map(|reserved| usize::try_from(reserved).unwrap_or(usize::MAX));
        match reserved {
            Some(reserved) if running >= reserved => return Err(Denied::throttled(true)),
            None if busy.unreserved >= concurrency() => return Err(Denied::throttled(false)),
            _ => {}
        }
        *busy.functions.entry(deployed.arn.clone()).or_default() += 1;
        if reserved.is_none() {
            busy.unreserved += 1;
        }
        Ok(Permit { pool: self.clone(), arn: deployed.arn.clone(), unreserved: reserved.is_none() })
    }

    /// A warm sandbox, the one used last. Those of the same version that are out of date are ended.
    pub fn take(&self, deployed: &Deployed) -> Option<Sandbox> {
        let mut outdated = Vec::new();
        let mut found: Option<Sandbox> = None;
        let mut idle = lock(&self.idle);
        // From the end: the one used last is the likeliest to be alive.
        for at in (0..idle.len()).rev() {
            let other = &idle[at];
            let same_version = other.deployed.arn == deployed.arn && other.deployed.number == deployed.number;
            if !other.is_alive() || same_version && other.deployed.identity != deployed.identity {
                outdated.push(idle.remove(at));
            } else if same_version && found.is_none() {
                found = Some(idle.remove(at));
            }
        }
        drop(idle);
        for sandbox in outdated {
            sandbox.end();
        }
        found
    }

    /// Keeps a sandbox warm.
    pub fn put_back(&self, mut sandbox: Sandbox) {
        sandbox.released = Instant::now();
        let mut idle = lock(&self.idle);
        if self.is_closed() {
            drop(idle);
            sandbox.end();
            return;
        }
        idle.push(sandbox);
        let most = concurrency().max(CONCURRENCY);
        let surplus: Vec<Sandbox> = if idle.len() > most { idle.drain(..1).collect() } else { Vec::new() };
        drop(idle);
        for sandbox in surplus {
            sandbox.end();
        }
    }

    /// Takes out what waited for too long.
    pub fn sweep(&self) -> Vec<Arc<Deployed>> {
        let mut idle = lock(&self.idle);
        let (old, kept): (Vec<Sandbox>, Vec<Sandbox>) =
            idle.drain(..).partition(|sandbox| !sandbox.is_alive() || sandbox.released.elapsed() > IDLE);
        *idle = kept;
        let deployed = idle.iter().map(|sandbox| sandbox.deployed.clone()).collect();
        drop(idle);
        for sandbox in old {
            sandbox.end();
        }
        deployed
    }

    /// Ends what waits for invocations that cannot come any more.
    pub fn retire(&self, deployed: &Arc<Deployed>) {
        let retired: Vec<Sandbox> =
            lock(&self.idle).extract_if(.., |sandbox| Arc::ptr_eq(&sandbox.deployed, deployed)).collect();
        for sandbox in retired {
            sandbox.end();
        }
    }

    pub fn register(&self, process: &Arc<Process>) {
        let mut processes = lock(&self.processes);
        processes.retain(|process| process.strong_count() > 0);
        processes.push(Arc::downgrade(process));
        if self.is_closed() {
            process.kill();
        }
    }

    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Kills everything, and starts nothing any more. What is left is waiting for the ends.
    pub fn shut(&self) -> (Vec<Arc<Process>>, Vec<Sandbox>) {
        self.closed.store(true, Ordering::Release);
        let idle = std::mem::take(&mut *lock(&self.idle));
        let processes: Vec<Arc<Process>> = lock(&self.processes).iter().filter_map(Weak::upgrade).collect();
        for process in &processes {
            process.kill();
        }
        (processes, idle)
    }

    pub async fn close(&self) {
        let (processes, idle) = self.shut();
        let ends: Vec<JoinHandle<()>> = idle.into_iter().map(Sandbox::end).collect();
        for process in processes {
            process.ended().await;
        }
        for end in ends {
            let _ = end.await;
        }
    }
}

/// One execution.
pub struct Permit {
    pool: Arc<Pool>,
    arn: String,
    unreserved: bool,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut busy = lock(&self.pool.busy);
        if self.unreserved {
            busy.unreserved = busy.unreserved.saturating_sub(1);
        }
        if let Some(running) = busy.functions.get_mut(&self.arn) {
            *running = running.saturating_sub(1);
            if *running == 0 {
                busy.functions.remove(&self.arn);
            }
        }
    }
}
