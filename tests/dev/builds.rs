//! Builds and libraries while it serves.

use std::fs;

use crate::server::{Dev, sample, wait_for};

const GOOD: &str = "/prod/admit?gre=800&gpa=4&rank=1";

fn with_build(build: &str) -> Dev {
    let directory = sample();
    let path = directory.path().join("deploy.yaml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("package: { path: app,", &format!("package: {{ path: app, build: {build},"), 1))
        .unwrap();
    Dev::start_in(directory, &[])
}

#[test]
fn a_build_that_fails_keeps_what_was_deployed_and_is_told_once() {
    // It writes before it fails: that is no edit.
    let mut dev = with_build("[\"date +%N > made && ! test -f broken\"]");
    assert_eq!(dev.get(GOOD).0, 200);
    dev.write("app/broken", "");
    let failed = dev.event("work_failed", 0);
    assert!(failed["work"].as_str().unwrap().contains("! test -f broken"), "{failed}");
    dev.event("kept", 0);
    let problem = dev.event("failed", 0)["problem"].clone();
    assert_eq!(problem["kind"], "build_failed");
    assert_eq!(dev.get(GOOD).0, 200);
    // One more edit is one more failure, and not one for each of the build's own writings.
    dev.write("app/broken", "still");
    dev.event("kept", 1);
    assert_eq!(dev.events("work_failed").len(), 2);
    fs::remove_file(dev.path("app/broken")).unwrap();
    dev.event("redeployed", 0);
    assert_eq!(dev.events("work_failed").len(), 2);
}

#[test]
fn a_build_that_writes_into_the_package_runs_once_for_each_edit() {
    let mut dev = with_build("[\"date +%N > made\"]");
    let runs = |dev: &Dev| dev.events("work_started").len();
    let before = runs(&dev);
    let handler = fs::read_to_string(dev.path("app/handler.py")).unwrap();
    dev.write("app/handler.py", &(handler + "\n\ndef lambda_handler(event, context):\n    return {'edited': True}\n"));
    wait_for("the edited function", || dev.get(GOOD).2.contains("edited").then_some(()));
    dev.event("redeployed", 0);
    // What is no part of the package builds nothing.
    dev.edit("templates/admit/error.vtl", "\"code\"", "\"status\"");
    dev.event("redeployed", 1);
    assert_eq!(runs(&dev), before + 1);
}

#[test]
fn a_file_that_is_wrong_hides_no_edit_after_it() {
    let mut dev = with_build("[\"date +%N > made\"]");
    dev.edit("deploy.yaml", "templates/admit/error.vtl", "templates/new/error.vtl");
    dev.event("kept", 0);
    fs::create_dir_all(dev.path("templates/new")).unwrap();
    dev.write("templates/new/error.vtl", "{\"moved\": true}");
    dev.event("redeployed", 0);
}

#[test]
fn an_image_is_served_but_not_run_and_that_is_said() {
    let directory = sample();
    let path = directory.path().join("deploy.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let text = text.replacen("package: { path: app,", "package: { image: \"admission:1\",", 1);
    fs::write(
        &path,
        text.replacen("  runtime: python3.13\n", "", 1).replacen("  handler: handler.lambda_handler\n", "", 1),
    )
    .unwrap();
    let mut dev = Dev::start_in(directory, &[]);
    let note = dev.event("note", 0)["text"].clone();
    assert!(note.as_str().unwrap().contains("images do not run on this machine"), "{note}");
    assert_eq!(dev.get(GOOD).0, 500);
    let request = wait_for("the request", || dev.events("request").into_iter().find(|one| one["status"] == 500));
    assert!(request["reason"].as_str().unwrap().contains("container image"), "{request}");
    assert_eq!(dev.request("GET", GOOD, "", "").0, 403);
}
