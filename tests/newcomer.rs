//! What somebody meets who has just cloned the project and gets something wrong: the binary, as it is run.

use std::path::Path;
use std::process::{Command, Output, Stdio};

fn sample() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["deploy.yaml", "app/handler.py", "templates/admit/request.vtl", "templates/admit/error.vtl"] {
        let to = directory.path().join(file);
        std::fs::create_dir_all(to.parent().expect("a parent")).expect("a directory");
        std::fs::copy(project.join(file), to).expect("a copy");
    }
    directory
}

/// Runs `poc` in `directory` with no terminal and nothing in its environment but `environment`.
fn poc(directory: &Path, environment: &[(&str, &str)], words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_poc"))
        .current_dir(directory)
        .args(words)
        .env_clear()
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("poc runs")
}

/// What it said on stderr, on one line, once it has failed as expected.
fn complaint(output: &Output, code: i32) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    assert_eq!(output.status.code(), Some(code), "{line}");
    line
}

#[test]
fn no_credentials_is_one_sentence_and_the_way_out() {
    let project = sample();
    let line = complaint(&poc(project.path(), &[], &["plan"]), 1);
    assert!(line.starts_with("error: no AWS credentials were found next: set AWS_PROFILE or --profile"), "{line}");
    assert!(line.ends_with("without an account with --local"), "{line}");
}

#[test]
fn an_unknown_profile_is_named() {
    let project = sample();
    let line = complaint(&poc(project.path(), &[], &["plan", "--profile", "nosuch"]), 1);
    assert!(line.contains("profile `nosuch` was not defined"), "{line}");
}

#[test]
fn a_profile_wins_over_keys_in_the_environment() {
    let project = sample();
    let config = project.path().join("config");
    std::fs::write(&config, "[profile mine]\ncredential_process = /bin/false\n").expect("a file");
    let environment = [
        ("AWS_CONFIG_FILE", config.to_str().expect("UTF-8")),
        ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];
    let line = complaint(&poc(project.path(), &environment, &["plan", "--profile", "mine"]), 1);
    assert!(line.contains("the AWS credentials could not be loaded"), "{line}");
}

#[test]
fn an_unreachable_endpoint_is_told_within_seconds() {
    let project = sample();
    let keys = [("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    let output = poc(project.path(), &keys, &["plan", "--endpoint-url", "http://127.0.0.1:1"]);
    let line = complaint(&output, 1);
    assert!(line.contains("Connection refused") && line.contains("--endpoint-url"), "{line}");
}

#[test]
fn without_a_terminal_a_deploy_wants_yes() {
    let project = sample();
    let line = complaint(&poc(project.path(), &[], &["deploy", "--local"]), 2);
    assert!(line.contains("add --yes"), "{line}");
    assert!(!project.path().join(".poc").exists(), "nothing was begun");
}

#[test]
fn an_unknown_stage_is_called_what_it_was_called() {
    let project = sample();
    let line = complaint(&poc(project.path(), &[], &["plan", "--local", "--stage", "a b"]), 2);
    assert!(line.contains("there is no stage `a b`") && line.contains("stages are prod, dev"), "{line}");
}

#[test]
fn a_reader_that_goes_away_does_not_stop_a_deploy() {
    let project = sample();
    let mut deploy = Command::new(env!("CARGO_BIN_EXE_poc"))
        .current_dir(project.path())
        .args(["deploy", "--local", "--yes", "--json"])
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("poc runs");
    drop(deploy.stdout.take());
    assert!(deploy.wait().expect("it ends").success());
    let again = poc(project.path(), &[], &["deploy", "--local", "--yes", "--json"]);
    assert!(again.status.success());
    let lines = String::from_utf8_lossy(&again.stdout).into_owned();
    let last: serde_json::Value = serde_json::from_str(lines.lines().last().expect("lines")).expect("JSON");
    assert_eq!((&last["event"], &last["writes"]), (&"finished".into(), &0.into()), "{last}");
}
