//! What keeps a run from going on on this machine, each by its kind: with exit code 1 (or 2 where the command line is wrong),
//! and nothing sent.

use std::fs;

use super::{Desk, Ran};

/// The kind of the problem that the last event, or the one document, tells of.
#[track_caller]
fn kind(ran: &Ran) -> String {
    let document = serde_json::from_str(&ran.out).unwrap_or_else(|_| ran.last_event());
    document["problem"]["kind"].as_str().unwrap_or_else(|| panic!("{}{}", ran.out, ran.err)).to_owned()
}

#[test]
fn a_command_line_that_contradicts_itself() {
    assert_eq!(kind(&Desk::new().poc(&["plan", "-q", "-v", "--json"]).exits(2)), "usage");
}

#[test]
fn no_region_anywhere() {
    let desk = Desk::new();
    desk.edit("deploy.yaml", "region: us-east-1\n", "");
    assert_eq!(kind(&desk.with_keys(&["plan", "--json"]).exits(1)), "no_region");
}

#[test]
fn a_log_that_is_not_there_yet() {
    assert_eq!(kind(&Desk::new().poc(&["logs", "--local", "--json"]).exits(1)), "no_log");
}

#[test]
fn a_zip_that_cannot_be_written() {
    let desk = Desk::new();
    assert_eq!(kind(&desk.poc(&["package", "--json", "-o", "deploy.yaml/x.zip"]).exits(1)), "output_unwritten");
}

#[test]
fn a_template_that_fails_with_this_request() {
    let desk = Desk::new();
    fs::write(desk.directory.path().join("t.vtl"), "#set($x = [1])$x.get(5)").unwrap();
    assert_eq!(kind(&desk.poc(&["render", "t.vtl", "--json"]).exits(1)), "template_failed");
}

#[test]
fn an_embedded_cloud_that_cannot_be_opened() {
    let desk = Desk::new();
    fs::create_dir(desk.directory.path().join(".poc")).unwrap();
    fs::write(desk.directory.path().join(".poc/local"), "").unwrap();
    assert_eq!(kind(&desk.poc(&["plan", "--local", "--json"]).exits(1)), "local_state");
}

#[test]
fn a_build_whose_program_is_not_there() {
    let desk = Desk::new();
    desk.edit("deploy.yaml", "package: { path: app,", "package: { path: app, build: [[no-such-program]],");
    assert_eq!(kind(&desk.poc(&["plan", "--local", "--json"]).exits(1)), "not_started");
}

#[test]
fn libraries_and_nothing_that_fetches_them() {
    let desk = Desk::new();
    fs::write(desk.directory.path().join("app/requirements.txt"), "numpy==2.1.0\n").unwrap();
    let mut command = desk.command(&["plan", "--local", "--json"]);
    assert_eq!(kind(&Ran::of(command.env("PATH", "/nowhere").output().unwrap()).exits(1)), "no_installer");
}

/// A list of libraries of another language.
#[test]
fn libraries_that_the_runtime_cannot_use() {
    let desk = Desk::new();
    fs::write(desk.directory.path().join("app/package.json"), "{}").unwrap();
    desk.edit("deploy.yaml", "package: { path: app,", "package: { path: app, dependencies: app/package.json,");
    let told = desk.poc(&["validate", "--json"]).exits(2).json();
    assert_eq!(told["faults"][0]["code"], "foreign_dependencies", "{told}");
}

#[test]
fn a_key_that_comes_from_outside_is_not_rotated() {
    let desk = Desk::new();
    desk.edit("deploy.yaml", "keys: [ServerlessPOC]", "keys: [{ name: ServerlessPOC, value: \"${env:KEY}\" }]");
    let run =
        |arguments: &[&str]| Ran::of(desk.command(arguments).env("KEY", "twenty-characters-long").output().unwrap());
    run(&["deploy", "--local", "--yes", "--no-checks"]).exits(0);
    assert_eq!(kind(&run(&["key", "rotate", "--local", "--yes", "--json"]).exits(1)), "value_is_given");
}

#[test]
fn an_address_of_another_machine() {
    let ran = Desk::new().poc(&["dev", "--host", "192.0.2.1", "--port", "0", "--json"]).exits(1);
    assert_eq!(kind(&ran), "no_such_address");
}
