//! The one place of this room that runs programs: in a process group of its own, with its output taken line by line,
//! secrets removed, and ended with all its children should the run be dropped.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;

use super::quiet::Quiet;
use super::{Broken, Watcher};

/// What is kept of the output, for whoever did not look while it ran: its end.
const KEPT: usize = 1 << 20;

/// A program to be run.
pub(super) struct Task {
    program: OsString,
    arguments: Vec<OsString>,
    directory: PathBuf,
    environment: Vec<(String, OsString)>,
    /// How people are told of it; without secrets.
    shown: String,
}

/// How it ended.
pub(super) struct Done {
    pub status: ExitStatus,
    /// Both streams, in the order in which they came; without secrets.
    pub output: String,
    /// The first stream alone.
    pub answer: String,
}

impl Task {
    pub fn new(program: impl AsRef<OsStr>, directory: &Path) -> Task {
        let program = program.as_ref().to_owned();
        let name = Path::new(&program).file_name().unwrap_or(&program).to_string_lossy().into_owned();
        let (arguments, environment) = (Vec::new(), Vec::new());
        Task { program, arguments, directory: directory.to_owned(), environment, shown: name }
    }

    /// A line of the shell's.
    pub fn shell(line: &str, directory: &Path) -> Task {
        Task { arguments: vec!["-c".into(), line.into()], ..Task::new("sh", directory) }
    }

    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Task {
        self.shown = format!("{} {}", self.shown, argument.as_ref().to_string_lossy());
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    pub fn args<A: AsRef<OsStr>>(self, arguments: impl IntoIterator<Item = A>) -> Task {
        arguments.into_iter().fold(self, Task::arg)
    }

    /// On top of the environment of this process, which programs of the person's find their settings in.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Task {
        self.environment.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// In place of the command line.
    pub fn shown_as(self, shown: &str) -> Task {
        Task { shown: shown.to_owned(), ..self }
    }

    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// When it cannot be started, or its output not be read.
    pub async fn run(&self, told: &dyn Watcher) -> Result<Done, Broken> {
        self.ended(told).await.map_err(|error| {
            let next = match error.kind() {
                io::ErrorKind::NotFound => "install it, or correct the command; then run the same command again",
                _ => "mend what the system names, then run the same command again",
            };
            Broken::new("not_started", format!("`{}` cannot be run: {error}", self.shown), next)
        })
    }

    async fn ended(&self, told: &dyn Watcher) -> io::Result<Done> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).current_dir(&self.directory).kill_on_drop(true).process_group(0);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let group = Group(child.id().and_then(|id| i32::try_from(id).ok()));
        let quiet = Quiet::of_this_process();
        let mut heard = Heard { told, output: String::new(), answer: String::new() };
        let (mut out, mut err) = (lines(child.stdout.take()), lines(child.stderr.take()));
        let (mut out_open, mut err_open) = (true, true);
        while out_open || err_open {
            tokio::select! {
                line = next(&mut out), if out_open => match line? {
                    Some(line) => heard.line(&quiet.said(&line), true),
                    None => out_open = false,
                },
                line = next(&mut err), if err_open => match line? {
                    Some(line) => heard.line(&quiet.said(&line), false),
                    None => err_open = false,
                },
            }
        }
        let status = child.wait().await?;
        drop(group);
        Ok(Done { status, output: heard.output, answer: heard.answer })
    }
}

/// The end of a process as people say it: `ended with exit code 2`.
pub(super) fn words(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "did not end by itself".to_owned(),
    }
}

struct Heard<'w> {
    told: &'w dyn Watcher,
    output: String,
    answer: String,
}

impl Heard<'_> {
    fn line(&mut self, line: &str, answer: bool) {
        self.told.line(line);
        let kept = |text: &mut String| {
            text.push_str(line);
            text.push('\n');
            if text.len() > KEPT {
                let cut = text.ceil_char_boundary(text.len() - KEPT / 2);
                text.drain(..cut);
            }
        };
        kept(&mut self.output);
        if answer {
            kept(&mut self.answer);
        }
    }
}

type Lines<R> = Option<BufReader<R>>;

fn lines<R: AsyncRead>(stream: Option<R>) -> Lines<R> {
    stream.map(BufReader::new)
}

/// The next line, without its end; what a progress bar overwrote is left out.
async fn next<R: AsyncRead + Unpin>(lines: &mut Lines<R>) -> io::Result<Option<String>> {
    let Some(reader) = lines else { return Ok(None) };
    let mut bytes = Vec::new();
    if reader.read_until(b'\n', &mut bytes).await? == 0 {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_end_matches(['\n', '\r']);
    Ok(Some(text.rsplit('\r').next().unwrap_or(text).to_owned()))
}

/// Ends with all that is left of it.
struct Group(Option<i32>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0.and_then(Pid::from_raw) {
            // A group that is gone is what was wanted.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// The program of that name on the PATH.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let executable = |path: &PathBuf| {
        std::fs::metadata(path).is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
    };
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(name)).find(executable)
}
