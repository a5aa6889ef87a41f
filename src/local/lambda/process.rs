//! One handler process with its children: a process group of its own, whose end is seen and can be brought about.
//!
//! A small shell starts it. Beside the handler it leaves a watcher in the group, which reads from a pipe that this
//! process holds open and never writes to: when this process ends, however it ends, the watcher ends the group. So a
//! `bootstrap` that knows nothing of us goes, too; only what leaves its group (a daemon) can stay.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{ChildStdin, Command};
use tokio::sync::watch;

/// One stream for both kinds of output, so that lines stay in order.
const START: &str = r#"exec 3<&0 </dev/null 2>&1
( ( read -r gone <&3; kill -9 0 ) >/dev/null 2>&1 & )
exec 3<&-
exec "$@""#;

pub struct Launch {
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
}

pub struct Process {
    /// Of the handler, which leads its group.
    pub id: i32,
    ended: watch::Receiver<Option<ExitStatus>>,
    /// Open as long as the process may live.
    lifeline: Mutex<Option<ChildStdin>>,
}

impl Process {
    /// Starts it, and gives the reading end of its output.
    pub fn start(
        launch: &Launch,
        directory: &Path,
        environment: &[(String, OsString)],
    ) -> io::Result<(Process, OwnedFd)> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", START, "sh"]).arg(&launch.program).args(&launch.arguments);
        command.env_clear().envs(environment.iter().map(|(name, value)| (name, value)));
        command.current_dir(directory).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let id =
            child.id().and_then(|id| i32::try_from(id).ok()).ok_or_else(|| io::Error::other("it ended at once"))?;
        let lifeline = child.stdin.take();
        let output = child.stdout.take().ok_or_else(|| io::Error::other("it has no output"))?.into_owned_fd()?;
        let (tell, ended) = watch::channel(None);
        tokio::spawn(async move {
            let status = child.wait().await.unwrap_or_default();
            // Its children outlive it otherwise.
            kill(id);
            tell.send_replace(Some(status));
        });
        Ok((Process { id, ended, lifeline: Mutex::new(lifeline) }, output))
    }

    pub fn is_alive(&self) -> bool {
        self.ended.borrow().is_none()
    }

    pub async fn ended(&self) -> ExitStatus {
        let mut ended = self.ended.clone();
        let status = ended.wait_for(Option::is_some).await;
        status.ok().and_then(|status| *status).unwrap_or_default()
    }

    /// Ends the whole group, at once.
    pub fn kill(&self) {
        if self.is_alive() {
            kill(self.id);
        }
        self.lifeline.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A group that is gone is what was wanted.
fn kill(id: i32) {
    if let Some(group) = Pid::from_raw(id) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}
