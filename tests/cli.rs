//! The program as people and CI run it: the built binary, its exit codes, its two streams, what it leaves behind.

#[path = "cli/actions.rs"]
mod actions;
#[path = "cli/begun.rs"]
mod begun;
#[path = "cli/builds.rs"]
mod builds;
#[path = "cli/commands.rs"]
mod commands;
#[path = "cli/daily.rs"]
mod daily;
#[path = "cli/dns.rs"]
mod dns;
#[path = "cli/doctor.rs"]
mod doctor;
#[path = "cli/explain.rs"]
mod explain;
#[path = "cli/first_hour.rs"]
mod first_hour;
#[cfg(unix)]
#[path = "cli/killed.rs"]
mod killed;
#[path = "cli/kinds.rs"]
mod kinds;
#[cfg(target_os = "linux")]
#[path = "cli/live.rs"]
mod live;
#[path = "cli/logs.rs"]
mod logs;
#[path = "cli/lost.rs"]
mod lost;
#[cfg(target_os = "linux")]
#[path = "cli/memory.rs"]
mod memory;
#[path = "cli/network.rs"]
mod network;
#[path = "cli/packages.rs"]
mod packages;
#[path = "cli/policy.rs"]
mod policy;
#[path = "support/problems.rs"]
mod problems;
#[cfg(unix)]
#[path = "cli/proxied.rs"]
mod proxied;
#[cfg(unix)]
#[path = "cli/refusals.rs"]
mod refusals;
#[path = "support/relay.rs"]
mod relay;
#[path = "cli/rollback.rs"]
mod rollback;
#[path = "support/sample.rs"]
mod sample;
#[cfg(target_os = "linux")]
#[path = "support/terminal.rs"]
mod terminal;
#[path = "cli/warnings.rs"]
mod warnings;
#[cfg(target_os = "linux")]
#[path = "cli/watched.rs"]
mod watched;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A copy of the sample, and a shell without an AWS account.
struct Desk {
    directory: TempDir,
}

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ran {
    fn of(output: Output) -> Ran {
        Ran {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    fn exits(self, code: i32) -> Ran {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.out, self.err);
        self
    }

    /// The one document of `--json`.
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }

    /// The last of the lines of `--json`.
    fn last_event(&self) -> Value {
        let line = self.out.lines().last().unwrap_or_default();
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }
}

impl Desk {
    fn new() -> Desk {
        let directory = TempDir::new().unwrap();
        sample::copy(directory.path());
        Desk { directory }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_poc"));
        command.args(arguments).current_dir(self.directory.path()).stdin(Stdio::null()).env_clear();
        command.env("HOME", self.directory.path()).env("AWS_EC2_METADATA_DISABLED", "true").env("COLUMNS", "100");
        // Where the function's runtime is found.
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
    }

    fn poc(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().unwrap())
    }

    fn with_keys(&self, arguments: &[&str]) -> Ran {
        let mut command = self.command(arguments);
        command.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret");
        Ran::of(command.output().unwrap())
    }

    fn edit(&self, path: &str, from: &str, to: &str) {
        let path = self.directory.path().join(path);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from:?} does not stand in {}", path.display());
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    }
}

#[test]
fn the_first_hour() {
    let desk = Desk::new();
    let first = desk.poc(&["deploy", "--local", "--yes"]).exits(0);
    for word in
        [".execute-api.us-east-1.amazonaws.com/prod", "https://api.example.com/poc", "ServerlessPOC", "poc call GET"]
    {
        assert!(first.out.contains(word), "{word} is not in {}", first.out);
    }
    assert!(!first.err.contains('\x1b'), "colour without a terminal: {}", first.err);

    let second = desk.poc(&["deploy", "--local", "--yes", "--json"]).exits(0).last_event();
    assert_eq!((&second["event"], &second["outcome"]), (&"finished".into(), &"unchanged".into()));
    assert_eq!(second["writes"], 0);
    assert!(second["requests"].as_u64().unwrap() > 0);

    assert_eq!(desk.poc(&["plan", "--local", "--json"]).exits(0).json()["steps"], Value::Array(Vec::new()));
    desk.poc(&["plan", "--local", "--exit-code"]).exits(0);
    desk.edit("deploy.yaml", "rate: 10,", "rate: 12,");
    let planned = desk.poc(&["plan", "--local", "--json", "--exit-code"]).exits(3).json();
    let change = &planned["steps"][0]["changes"][0];
    assert_eq!(planned["steps"].as_array().unwrap().len(), 1);
    assert_eq!((&planned["steps"][0]["step"], &change["path"]), (&"usage_plan".into(), &"throttle.rate".into()));
    assert_eq!((&change["before"]["value"], &change["after"]["value"]), (&10.0.into(), &12.0.into()));

    let status = desk.poc(&["status", "--local", "--json"]).exits(0).json();
    assert_eq!(status["deployed"], true);
    let plan = status["resources"].as_array().unwrap().iter().find(|one| one["step"] == "usage_plan").unwrap();
    assert_eq!(plan["state"], "drifted");

    let gone = desk.poc(&["teardown", "--local", "--yes", "--json"]).exits(0).last_event();
    assert_eq!(gone["left"], Value::Array(Vec::new()));
    let again = desk.poc(&["teardown", "--local", "--yes"]).exits(0);
    assert!(format!("{}{}", again.out, again.err).contains("nothing of ServerlessPOC"), "{}{}", again.out, again.err);
}

#[test]
fn without_a_terminal_a_deploy_and_a_teardown_need_yes() {
    let desk = Desk::new();
    for command in ["deploy", "teardown"] {
        if command == "teardown" {
            desk.poc(&["deploy", "--local", "--yes"]).exits(0);
        }
        let ran = desk.poc(&[command, "--local"]).exits(2);
        assert!(ran.err.contains("--yes"), "{}", ran.err);
    }
}

/// Programs are told on stdout, also of a command line that clap does not take.
#[test]
fn a_command_line_that_means_nothing_is_told_to_programs_too() {
    let desk = Desk::new();
    for (arguments, says) in [
        (&["plan", "--local", "--bogus", "--json"][..], "unexpected argument '--bogus' found"),
        (&["nonsense", "--json"], "unrecognized subcommand 'nonsense'"),
        (&["key", "show", "--json", "--region"], "a value is required for '--region <REGION>'"),
    ] {
        let ran = desk.poc(arguments).exits(2);
        let problem = &ran.json()["problem"];
        assert_eq!(problem["kind"], "usage", "{problem}");
        assert!(problem["message"].as_str().unwrap().starts_with(says), "{problem}");
        assert_eq!(problem["next"], "see `poc --help`");
        assert!(ran.err.starts_with("error: "), "{}", ran.err);
    }
    assert_eq!(desk.poc(&["plan", "--bogus"]).exits(2).out, "");
    assert!(desk.poc(&["plan", "--help", "--json"]).exits(0).out.contains("Usage: poc plan"));
}

#[test]
fn who_wants_to_follow_the_log_by_its_usual_letter_is_told_the_way() {
    let ran = Desk::new().poc(&["logs", "-f", "--local"]).exits(2);
    assert!(ran.err.contains("tip: -f is --file, for every command; `poc logs -F` follows the log"), "{}", ran.err);
}

#[test]
fn mistakes_are_told_all_at_once_with_their_places_and_nothing_is_sent() {
    let desk = Desk::new();
    desk.edit("deploy.yaml", "memory: 256", "memroy: 256");
    desk.edit("deploy.yaml", "handler.lambda_handler", "nowhere.lambda_handler");
    desk.edit("templates/admit/request.vtl", "{", "#if( {");
    let told = desk.poc(&["validate", "--json"]).exits(2).json();
    let faults = told["faults"].as_array().unwrap();
    let has = |code: &str, file: &str| {
        faults.iter().any(|fault| {
            fault["code"] == code && fault["file"].as_str().unwrap().ends_with(file) && fault["line"].as_u64() > Some(0)
        })
    };
    assert!(has("unknown_key", "deploy.yaml") && has("template_syntax", "request.vtl"), "{faults:#?}");
    let seen = desk.poc(&["deploy", "--local", "--yes"]).exits(2);
    assert!(seen.err.contains("did you mean `memory`"), "{}", seen.err);
    assert!(!desk.directory.path().join(".poc").exists(), "something was sent");
}

#[test]
fn a_missing_file_a_directory_and_an_empty_file_are_named() {
    let desk = Desk::new();
    let missing = desk.poc(&["plan", "-f", "nowhere.yaml", "--local"]).exits(2);
    assert!(missing.err.contains("nowhere.yaml"), "{}", missing.err);
    let directory = desk.poc(&["plan", "-f", "app", "--local"]).exits(2);
    assert!(directory.err.contains("is a directory"), "{}", directory.err);
    fs::write(desk.directory.path().join("empty.yaml"), "").unwrap();
    desk.poc(&["validate", "-f", "empty.yaml"]).exits(2);
}

#[test]
fn without_credentials_one_sentence_says_what_to_do() {
    let ran = Desk::new().poc(&["plan"]).exits(1);
    assert!(ran.err.contains("credentials"), "{}", ran.err);
    assert!(ran.err.contains("--local"), "{}", ran.err);
    let told = Desk::new().poc(&["plan", "--json"]).exits(1).json();
    problems::shown(&problems::read(&told["problem"]));
}

#[test]
fn an_endpoint_that_does_not_answer_is_named_as_such() {
    let ran = Desk::new().with_keys(&["plan", "--endpoint-url", "http://127.0.0.1:1", "--json"]).exits(1);
    assert!(ran.err.contains("--endpoint-url"), "{}", ran.err);
}

/// Answers every request with the same refusal.
fn refusing(status: &'static str, body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            std::thread::spawn(move || {
                let mut head = [0; 16 * 1024];
                let _ = stream.read(&mut head);
                let answer = format!(
                    "HTTP/1.1 {status}\r\ncontent-type: text/xml\r\nx-amzn-RequestId: r-2\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes());
            });
        }
    });
    format!("http://{address}")
}

#[test]
fn expired_credentials_and_refused_actions_are_told_in_awss_words() {
    let expired = refusing(
        "403 Forbidden",
        "<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>The security token included in the request is expired</Message></Error><RequestId>r-1</RequestId></ErrorResponse>",
    );
    let ran = Desk::new().with_keys(&["plan", "--endpoint-url", &expired]).exits(1);
    for words in ["GetCallerIdentity", "security token included in the request is expired", "sign in again"] {
        assert!(ran.err.replace("\n", " ").contains(words), "{words}: {}", ran.err);
    }
    let denied = refusing(
        "403 Forbidden",
        "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: arn:aws:iam::1:user/x is not authorized to perform: sts:GetCallerIdentity</Message></Error><RequestId>r-2</RequestId></ErrorResponse>",
    );
    let ran = Desk::new().with_keys(&["deploy", "--yes", "--endpoint-url", &denied]).exits(1);
    for words in ["is not authorized to perform: sts:GetCallerIdentity", "r-2"] {
        assert!(ran.err.replace("\n", " ").contains(words), "{words}: {}", ran.err);
    }
}

#[test]
fn without_a_region_the_ways_to_say_it_are_told() {
    let desk = Desk::new();
    desk.edit("deploy.yaml", "region: us-east-1\n", "");
    let ran = desk.with_keys(&["plan"]).exits(1);
    assert!(ran.err.contains("AWS_REGION") && ran.err.contains("--region"), "{}", ran.err);
}

#[test]
fn a_profile_that_does_not_exist_is_named() {
    let desk = Desk::new();
    fs::create_dir(desk.directory.path().join(".aws")).unwrap();
    fs::write(desk.directory.path().join(".aws/config"), "[profile mine]\nregion = eu-west-1\n").unwrap();
    let told = |ran: &Ran| ran.err.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = desk.poc(&["plan", "--profile", "nosuch"]).exits(1);
    let wanted = "there is no profile `nosuch`; AWS's configuration files hold mine next: set AWS_PROFILE or --profile";
    assert!(told(&said).contains(wanted), "{}", said.err);
    let set = |name: &str| Ran::of(desk.command(&["plan"]).env("AWS_PROFILE", name).output().unwrap()).exits(1);
    let wanted = "there is no profile `other`, which AWS_PROFILE names; AWS's configuration files hold mine";
    assert!(told(&set("other")).contains(wanted), "{}", set("other").err);
    // One that is there is not what is wrong.
    assert!(!told(&set("mine")).contains("there is no profile"), "{}", set("mine").err);
}

#[test]
fn a_profile_on_the_command_line_wins_over_keys_in_the_environment() {
    let desk = Desk::new();
    let config = desk.directory.path().join(".aws/config");
    fs::create_dir(config.parent().unwrap()).unwrap();
    fs::write(config, "[profile mine]\ncredential_process = /bin/false\n").unwrap();
    let ran = desk.with_keys(&["plan", "--profile", "mine"]).exits(1);
    assert!(ran.err.contains("the AWS credentials could not be loaded"), "{}", ran.err);
}

#[test]
fn a_stage_that_cannot_be_is_called_what_it_was_called() {
    let ran = Desk::new().poc(&["plan", "--local", "--stage", "a b"]).exits(2);
    assert!(ran.err.contains("there is no stage `a b`"), "{}", ran.err);
}

#[test]
fn a_reader_that_goes_away_does_not_stop_a_deploy() {
    let desk = Desk::new();
    let mut deploy = desk.command(&["deploy", "--local", "--yes", "--json"]);
    let mut deploy = deploy.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    drop(deploy.stdout.take());
    assert!(deploy.wait().unwrap().success());
    let again = desk.poc(&["deploy", "--local", "--yes", "--json"]).exits(0);
    assert_eq!(again.last_event()["writes"], 0);
}

/// Two processes before one `.poc/local`.
#[test]
fn of_two_deploys_at_the_same_time_one_deploys_and_nothing_is_doubled() {
    let desk = Desk::new();
    let start = || {
        let mut command = desk.command(&["deploy", "--local", "--yes", "--json", "--no-checks"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let both = [start(), start()].map(|child| Ran::of(child.wait_with_output().unwrap()));
    let changed = both.iter().filter(|ran| ran.code == Some(0) && ran.last_event()["outcome"] == "changed");
    assert_eq!(changed.count(), 1, "{}\n{}", both[0].out, both[1].out);
    for ran in &both {
        let end = ran.last_event();
        match ran.code {
            Some(5) => assert_eq!(end["problem"]["kind"], "locked", "{end}"),
            // The other was done when this one had the bucket, which is the same whoever made it.
            _ => assert!(end["outcome"] == "changed" || end["writes"].as_u64() <= Some(3), "{end}"),
        }
    }
    let again = desk.poc(&["deploy", "--local", "--yes", "--json", "--no-checks"]).exits(0).last_event();
    assert_eq!((&again["outcome"], &again["writes"]), (&Value::from("unchanged"), &Value::from(0)));
    let state = fs::read_to_string(desk.directory.path().join(".poc/local/cloud.json")).unwrap();
    let state: Value = serde_json::from_str(&state).unwrap();
    for things in ["rest_apis", "usage_plans", "api_keys", "domain_names"] {
        let all = &state["apigateway"]["regions"]["us-east-1"][things];
        assert_eq!(all.as_object().map(serde_json::Map::len), Some(1), "{things}: {all}");
    }
}

/// Holds the lock as a process on another machine would.
fn seized(desk: &Desk, until: &str) {
    let path = desk.directory.path().join(".poc/local/cloud.json");
    let text = fs::read_to_string(&path).unwrap();
    let mut state: Value = serde_json::from_str(&text).unwrap();
    let buckets = state["s3"]["buckets"].as_object_mut().unwrap();
    let object = buckets.values_mut().find_map(|bucket| bucket["objects"].get_mut("ServerlessPOC/prod/lock.json"));
    let version = object.unwrap().as_array_mut().unwrap().last_mut().unwrap();
    let record = serde_json::json!({
        "held": true, "id": "x", "command": "teardown", "who": "alice@laptop", "host": "laptop", "pid": 7,
        "machine": "another", "since": "2026-01-31T12:00:00Z", "until": until,
    });
    let blob = "ab".repeat(32);
    fs::write(desk.directory.path().join(".poc/local/blobs").join(&blob), record.to_string()).unwrap();
    version["size"] = record.to_string().len().into();
    version["blob"] = blob.into();
    version["checksums"] = serde_json::json!({});
    version["etag"] = "cd".repeat(16).into();
    fs::write(path, state.to_string()).unwrap();
}

#[test]
fn whoever_meets_a_lock_ends_with_5_and_unlock_takes_it_away() {
    let desk = Desk::new();
    desk.poc(&["deploy", "--local", "--yes", "--quiet", "--no-checks"]).exits(0);
    let free = desk.poc(&["unlock", "--local", "--yes"]).exits(0);
    assert!(free.err.contains("is not held by anybody"), "{}", free.err);
    seized(&desk, "2099-01-01T00:00:00Z");
    let ran = desk.poc(&["teardown", "--local", "--yes"]).exits(5);
    let words = ran.err.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        "alice@laptop is at work on this stage: poc teardown since 2026-01-31 12:00:00 UTC (process 7 on laptop)",
        "--wait-for-lock 10m",
        "`poc unlock --local`",
    ] {
        assert!(words.contains(said), "{words}");
    }
    let told = desk.poc(&["teardown", "--local", "--yes", "--json"]).exits(5).last_event();
    problems::shown(&problems::read(&told["problem"]));
    let waited = desk.poc(&["teardown", "--local", "--yes", "--wait-for-lock", "1s"]).exits(5);
    assert!(waited.err.contains("waiting for alice@laptop"), "{}", waited.err);
    desk.poc(&["unlock", "--local"]).exits(2);
    let unlocked = desk.poc(&["unlock", "--local", "--yes", "--json"]).exits(0).json();
    assert_eq!((&unlocked["outcome"], &unlocked["holder"]["who"]), (&"changed".into(), &"alice@laptop".into()));
    desk.poc(&["teardown", "--local", "--yes"]).exits(0);
}

/// A run that is killed leaves its lock, and the next on this machine need not wait for it.
#[cfg(target_os = "linux")]
#[test]
fn the_lock_of_a_killed_process_is_taken_over_at_once() {
    let desk = Desk::new();
    let mut child = desk.command(&["deploy", "--local", "--yes", "--json", "--verbose", "--no-checks"]);
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    // Whatever it does after the bucket and the lock, it does under the lock.
    lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("\"CreateRestApi\""))).unwrap().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let ran = desk.poc(&["deploy", "--local", "--yes", "--no-checks"]).exits(0);
    assert!(ran.err.contains("is taken over"), "{}", ran.err);
    let again = desk.poc(&["deploy", "--local", "--yes", "--json", "--no-checks"]).exits(0).last_event();
    assert_eq!(again["writes"], 0);
}
