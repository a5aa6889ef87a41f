//! No telemetry, no version checks: what the built program connects to, as the kernel sees it. `.ci/run` runs these.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::problems::{read, shown};
use super::{Desk, Ran, refusing};

impl Desk {
    /// Runs the command; every address that it, or a program that it started, connected or sent to.
    fn watched(&self, arguments: &[&str]) -> (Ran, BTreeSet<String>) {
        let ran = Ran::of(self.under_watch(arguments).output().expect("strace is installed"));
        (ran, self.seen())
    }

    /// The command itself is the child, and whoever watches it a process beside it.
    fn under_watch(&self, arguments: &[&str]) -> Command {
        let ours = self.command(arguments);
        let mut command = Command::new("strace");
        command.args(["-D", "-f", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o"]).arg(self.trace());
        command.arg(ours.get_program()).args(ours.get_args()).current_dir(self.directory.path()).env_clear();
        command.envs(ours.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret");
        command
    }

    fn trace(&self) -> std::path::PathBuf {
        self.directory.path().join("trace")
    }

    fn seen(&self) -> BTreeSet<String> {
        fs::read_to_string(self.trace()).unwrap().lines().filter_map(address).collect()
    }
}

/// A kernel that has no more watches to give: told with the way out, and without watching it goes.
#[test]
#[ignore = "needs strace"]
fn watched_files_that_cannot_be_are_told_of() {
    let desk = Desk::new();
    let ours = desk.command(&["dev", "--port", "0", "--json"]);
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-e", "inject=inotify_add_watch:error=ENOSPC", "-o", "/dev/null"]);
    command.arg(ours.get_program()).args(ours.get_args()).current_dir(desk.directory.path()).env_clear();
    command.envs(ours.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let ran = Ran::of(command.output().expect("strace is installed")).exits(1);
    let problem = &ran.last_event()["problem"];
    assert_eq!(problem["kind"], "watch", "{}", ran.out);
    shown(&read(problem));
    assert!(problem["next"].as_str().is_some_and(|next| next.contains("--no-watch")), "{problem}");
}

/// `127.0.0.1:3000` of a line of strace; none where it names no place on a network.
fn address(line: &str) -> Option<String> {
    let between = |from: &str, to: &str| Some(line.split_once(from)?.1.split_once(to)?.0.to_owned());
    if !line.contains("sa_family=AF_INET") {
        return None;
    }
    let port = between("sin_port=htons(", ")").or_else(|| between("sin6_port=htons(", ")"))?;
    let host = between("inet_addr(\"", "\"").or_else(|| between("inet_pton(AF_INET6, \"", "\""))?;
    Some(format!("{host}:{port}"))
}

fn is_this_machine(address: &str) -> bool {
    address.starts_with("127.") || address.starts_with("::1:")
}

#[test]
fn addresses_are_read_as_strace_writes_them() {
    let four = r#"7 connect(9, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("54.239.28.85")}, 16) = -1 EINPROGRESS"#;
    let six = r#"7 connect(9, {sa_family=AF_INET6, sin6_port=htons(53), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2600::1", &sin6_addr), sin6_scope_id=0}, 28) = 0"#;
    let unix = r#"7 connect(9, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = -1 ENOENT"#;
    assert_eq!(address(four).as_deref(), Some("54.239.28.85:443"));
    assert_eq!(address(six).as_deref(), Some("2600::1:53"));
    assert_eq!(address(unix), None);
    assert!(!is_this_machine("54.239.28.85:443") && is_this_machine("127.0.0.1:9"));
}

#[test]
#[ignore = "needs strace"]
fn watched_the_embedded_cloud_calls_nobody() {
    let desk = Desk::new();
    let request = "/admit?gre=800&gpa=4&rank=1";
    for arguments in [
        &["validate"][..],
        &["package"],
        &["schema"],
        &["plan", "--local"],
        &["deploy", "--local", "--yes"],
        &["status", "--local"],
        &["test", "--local"],
        &["call", "GET", request, "--local"],
        &["logs", "--local"],
        &["key", "show", "--local"],
        &["rollback", "--list", "--local"],
        &["diff", "prod", "dev"],
        &["open", "--print", "--local"],
        &["explain", "no_log"],
        &["policy", "--local"],
        &["export", "openapi"],
        &["teardown", "--local", "--yes"],
        &["deploy", "--local", "--yes", "--simulate", "aws", "--speed", "500"],
    ] {
        let (ran, addresses) = desk.watched(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.err);
        let strangers: Vec<&String> = addresses.iter().filter(|address| !is_this_machine(address)).collect();
        assert!(strangers.is_empty(), "{arguments:?} called {strangers:?}");
    }
}

#[test]
#[ignore = "needs strace"]
fn watched_a_given_endpoint_is_the_only_one_that_is_called() {
    let desk = Desk::new();
    let body = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
    let endpoint = refusing("403 Forbidden", body);
    let place = endpoint.trim_start_matches("http://").to_owned();
    for arguments in [
        &["plan", "--endpoint-url", &endpoint][..],
        &["deploy", "--yes", "--endpoint-url", &endpoint],
        &["status", "--endpoint-url", &endpoint],
        &["teardown", "--yes", "--endpoint-url", &endpoint],
    ] {
        let (ran, addresses) = desk.watched(arguments);
        assert_eq!(ran.code, Some(1), "{arguments:?}: {}", ran.err);
        // Also that the watch sees what there is.
        assert_eq!(addresses, BTreeSet::from([place.clone()]), "{arguments:?}");
    }
}

/// The one command that goes on for hours.
#[test]
#[ignore = "needs strace"]
fn watched_a_server_calls_nobody_either() {
    let desk = Desk::new();
    let mut served = desk.under_watch(&["dev", "--local", "--port", "0", "--json"]);
    let mut served = served.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("strace is installed");
    let mut events = BufReader::new(served.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut event = |name: &str| {
        let tag = format!("\"event\":\"{name}\"");
        events.find(|event| event.contains(&tag)).unwrap_or_else(|| panic!("it ended before {tag}"))
    };
    let serving: serde_json::Value = serde_json::from_str(&event("serving")).unwrap();
    let api = serving["url"].as_str().unwrap();
    desk.poc(&["test", "--local", "--url", api]).exits(0);
    desk.edit("deploy.yaml", "memory: 256", "memory: 512");
    event("redeployed");
    kill_process(Pid::from_child(&served), Signal::INT).unwrap();
    event("stopped");
    // Whoever watches holds the same pipe, and is gone when it is at its end.
    events.for_each(drop);
    assert!(served.wait().unwrap().success());
    let (here, strangers): (Vec<String>, Vec<String>) =
        desk.seen().into_iter().partition(|address| is_this_machine(address));
    assert!(strangers.is_empty(), "it called {strangers:?}");
    assert!(!here.is_empty(), "not even the handler's process was seen, which asks for its events here");
}
