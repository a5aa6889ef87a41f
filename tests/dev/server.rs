//! A `poc dev` under way in a copy of the sample.
#![allow(dead_code, reason = "each test binary uses its own part of this")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);

pub struct Dev {
    pub directory: TempDir,
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    err: Arc<Mutex<Vec<String>>>,
    /// `127.0.0.1:PORT`
    pub address: String,
    pub key: String,
}

pub fn sample() -> TempDir {
    let directory = TempDir::new().unwrap();
    crate::sample::copy(directory.path());
    directory
}

pub fn poc(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_poc"));
    command.args(arguments).current_dir(directory).stdin(Stdio::null()).env_clear();
    command.env("HOME", directory).env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("COLUMNS", "100");
    command
}

/// Waits for `found`, with the patience that a busy machine needs.
pub fn wait_for<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    // Only how often is looked; nothing is taken for done because time has passed.
    let tries = PATIENCE.as_millis() / 20;
    for _ in 0..tries {
        if let Some(found) = found() {
            return found;
        }
        pause();
    }
    panic!("waited in vain for {what}");
}

#[expect(clippy::disallowed_methods, reason = "the process that is waited for has a clock of its own")]
fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}

impl Dev {
    pub fn start(arguments: &[&str]) -> Dev {
        Dev::start_in(sample(), arguments)
    }

    pub fn start_in(directory: TempDir, arguments: &[&str]) -> Dev {
        let mut all = vec!["dev", "--port", "0", "--json"];
        all.extend(arguments);
        let command = poc(directory.path(), &all);
        Dev::of(directory, command)
    }

    /// Where the system grants that many open files and not one more.
    pub fn start_with_files(files: usize) -> Dev {
        let directory = sample();
        let script = format!("ulimit -n {files}; exec \"$0\" \"$@\"");
        let served = poc(directory.path(), &["dev", "--port", "0", "--json", "--no-watch"]);
        let mut command = Command::new("sh");
        command.args(["-c", &script]).arg(served.get_program()).args(served.get_args());
        command.current_dir(directory.path()).stdin(Stdio::null()).env("HOME", directory.path());
        Dev::of(directory, command)
    }

    fn of(directory: TempDir, mut command: Command) -> Dev {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = gathered(child.stdout.take().unwrap());
        let err = gathered(child.stderr.take().unwrap());
        let mut dev = Dev { directory, child, lines, err, address: String::new(), key: String::new() };
        let serving = dev.event("serving", 0);
        dev.address = serving["endpoint"].as_str().unwrap().trim_start_matches("http://").to_owned();
        let shown = poc(dev.directory.path(), &["key", "show", "--local"]).output().unwrap();
        dev.key = String::from_utf8(shown.stdout).unwrap().trim().to_owned();
        dev
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// All events of that name so far.
    pub fn events(&self, name: &str) -> Vec<Value> {
        let lines = self.lines.lock().unwrap();
        let events = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("{line}")));
        events.filter(|event| event["event"] == name).collect()
    }

    /// The event of that name after `seen` others.
    pub fn event(&mut self, name: &str, seen: usize) -> Value {
        wait_for(name, || {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("ended with {status}: {:?} {:?}", self.lines.lock().unwrap(), self.err.lock().unwrap());
            }
            self.events(name).get(seen).cloned()
        })
    }

    pub fn write(&self, path: &str, text: &str) {
        fs::write(self.path(path), text).unwrap();
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    /// Replaces text in place.
    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(path)).unwrap();
        assert!(text.contains(from), "{path} has no {from:?}");
        self.write(path, &text.replacen(from, to, 1));
    }

    /// Status, head and body of a GET with the key.
    pub fn get(&self, target: &str) -> (u16, String, String) {
        self.request("GET", target, &format!("x-api-key: {}\r\n", self.key), "")
    }

    pub fn request(&self, method: &str, target: &str, headers: &str, body: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let host = if headers.contains("Host:") { String::new() } else { format!("Host: {}\r\n", self.address) };
        let length = body.len();
        let head = format!(
            "{method} {target} HTTP/1.1\r\n{host}{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all((head + body).as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_owned(), body.to_owned())
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.pid()).unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Ctrl-C; how it ended, and the last line.
    pub fn end(self) -> (ExitStatus, Value, TempDir) {
        self.end_by(rustix::process::Signal::INT)
    }

    pub fn end_by(mut self, signal: rustix::process::Signal) -> (ExitStatus, Value, TempDir) {
        self.signal(signal);
        let status = wait_for("the end", || self.child.try_wait().unwrap());
        let last = wait_for("the last line", || {
            let last = self.lines.lock().unwrap().last().cloned().unwrap_or_default();
            last.contains("stopped").then(|| serde_json::from_str(&last).unwrap())
        });
        (status, last, std::mem::replace(&mut self.directory, TempDir::new().unwrap()))
    }

    pub fn stderr(&self) -> String {
        self.err.lock().unwrap().join("\n")
    }
}

impl Drop for Dev {
    /// A failed test leaves no server behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn gathered(stream: impl Read + Send + 'static) -> Arc<Mutex<Vec<String>>> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = lines.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            kept.lock().unwrap().push(line);
        }
    });
    lines
}

/// Processes of this machine whose command line names `text`.
pub fn processes(text: &str) -> Vec<String> {
    let all = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    let commands = all.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    let commands = commands.map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " "));
    commands.filter(|command| command.contains(text)).collect()
}
