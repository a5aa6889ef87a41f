//! Who runs this: what a lock says of its holder, and whether a holder on this machine still lives.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};

use tokio::time::Instant;

use crate::resources::lock::Record;

/// Runs of this process that held a lock: none is under way, else when it ended.
static RUNS: LazyLock<Mutex<HashMap<String, Option<Instant>>>> = LazyLock::new(Mutex::default);
static SERIAL: AtomicU64 = AtomicU64::new(0);

/// A run of this process, under way for as long as this lives.
#[derive(Debug)]
pub(super) struct Run(String);

impl Run {
    pub fn begin(record: &Record) -> Run {
        runs(|runs| runs.insert(record.id.clone(), None));
        Run(record.id.clone())
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        runs(|runs| runs.insert(self.0.clone(), Some(Instant::now())));
    }
}

fn runs<T>(work: impl FnOnce(&mut HashMap<String, Option<Instant>>) -> T) -> T {
    work(&mut RUNS.lock().unwrap_or_else(PoisonError::into_inner))
}

/// When the run behind `record` ended, where it was one of this process.
pub(super) fn ended(record: &Record) -> Option<Instant> {
    runs(|runs| runs.get(&record.id).copied().flatten())
}

/// This process as the holder of a lock, without its times. `token` tells runs of one name apart.
pub(super) fn this(command: &str, token: &str) -> Record {
    let (host, pid, machine) = (host(), std::process::id(), machine());
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    Record {
        held: true,
        id: format!("{host}-{pid}-{serial}-{token}"),
        command: command.to_owned(),
        target: None,
        who: who(&host),
        run: ci_run(),
        host,
        pid,
        machine,
        since: None,
        until: None,
    }
}

/// Who runs this, in a word: the page of a CI run, or a person at a machine.
pub(super) fn by() -> String {
    ci_run().unwrap_or_else(|| who(&host()))
}

fn who(host: &str) -> String {
    format!("{}@{host}", first_of(&["USER", "LOGNAME", "USERNAME"]).unwrap_or_else(|| "somebody".to_owned()))
}

/// Is it certain that nobody is behind it any more? Only this machine's own processes can be asked.
pub(super) fn is_dead(record: &Record) -> bool {
    if record.machine.is_none() || record.machine != machine() {
        return false;
    }
    if record.pid == std::process::id() {
        // A run that is not known was that of an earlier process with this number.
        return runs(|runs| runs.get(&record.id).is_none_or(Option::is_some));
    }
    !is_alive(record.pid)
}

#[cfg(unix)]
fn is_alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    // Whoever may not be signalled lives.
    pid.is_none_or(|pid| rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

#[cfg(not(unix))]
fn is_alive(_: u32) -> bool {
    true
}

/// Where a process's number is its own: the boot of this machine and the name space of its processes. Linux tells both;
/// elsewhere only the lease counts.
fn machine() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let space = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), space.display()))
}

#[cfg(unix)]
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn host() -> String {
    first_of(&["COMPUTERNAME", "HOSTNAME"]).unwrap_or_else(|| "an unnamed machine".to_owned())
}

/// The page of this run, as CI systems tell it.
fn ci_run() -> Option<String> {
    let github = || {
        let (server, repository) = (first_of(&["GITHUB_SERVER_URL"])?, first_of(&["GITHUB_REPOSITORY"])?);
        Some(format!("{server}/{repository}/actions/runs/{}", first_of(&["GITHUB_RUN_ID"])?))
    };
    let others = ["CI_JOB_URL", "BUILDKITE_BUILD_URL", "CIRCLE_BUILD_URL", "BUILD_URL"];
    github().or_else(|| first_of(&others)).filter(|url| url.len() <= 500)
}

fn first_of(names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| std::env::var(name).ok()).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_this_process_is_alive_until_it_ends() {
        let record = this("deploy", "0");
        let run = Run::begin(&record);
        assert!(!is_dead(&record) && ended(&record).is_none());
        drop(run);
        assert!(ended(&record).is_some());
        assert_eq!(is_dead(&record), record.machine.is_some());
    }

    #[test]
    fn another_machine_is_never_known_to_be_dead() {
        let record = Record { machine: Some("elsewhere".to_owned()), pid: u32::MAX, ..this("deploy", "0") };
        assert!(!is_dead(&record));
        assert!(!is_dead(&Record { machine: None, ..record }));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_of_this_machine_that_has_ended_is_dead() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let record = Record { pid: child.id(), ..this("deploy", "0") };
        child.wait().unwrap();
        assert!(is_dead(&record));
        assert!(!is_dead(&Record { pid: 1, ..record }), "init lives, and may not be signalled");
    }
}
