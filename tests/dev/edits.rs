//! Edits while it serves.

use std::fs;

use crate::server::{Dev, wait_for};

const BAD: &str = "/prod/admit?gre=abc&gpa=4&rank=1";
const GOOD: &str = "/prod/admit?gre=800&gpa=4&rank=1";

#[test]
fn an_edited_template_is_served_within_a_second() {
    let mut dev = Dev::start(&[]);
    assert!(dev.get(BAD).2.contains("\"code\""));
    dev.edit("templates/admit/error.vtl", "\"code\"", "\"status\"");
    let redeployed = dev.event("redeployed", 0);
    assert!(dev.get(BAD).2.contains("\"status\""));
    let change = "GET /admit integration.responses.400.templates.application/json";
    assert_eq!(redeployed["changes"], serde_json::json!([change]));
    // A machine that is busy with other tests takes longer than the fifth of a second that it takes alone.
    assert!(redeployed["elapsed_ms"].as_u64().unwrap() < 5_000, "{redeployed}");
}

#[test]
fn an_edited_function_is_run_and_the_rest_stays() {
    let mut dev = Dev::start(&[]);
    assert_eq!(dev.get(GOOD).2.replace(' ', ""), r#"{"result":true}"#);
    let handler = fs::read_to_string(dev.path("app/handler.py")).unwrap();
    // As editors save: a new file takes the old one's place.
    let more = "\n\ndef lambda_handler(event, context):\n    return {'edited': True}\n";
    dev.write("app/.new", &(handler + more));
    fs::rename(dev.path("app/.new"), dev.path("app/handler.py")).unwrap();
    wait_for("the edited function", || dev.get(GOOD).2.contains("edited").then_some(()));
    let changes = dev.event("redeployed", 0)["changes"].clone();
    assert_eq!(changes, serde_json::json!(["Lambda function code"]));
}

#[test]
fn a_broken_edit_is_told_once_and_what_was_deployed_stays() {
    let mut dev = Dev::start(&[]);
    dev.edit("deploy.yaml", "rate: 10,", "rate: fast,");
    let invalid = dev.event("invalid", 0);
    assert_eq!(invalid["faults"][0]["path"], "usage_plan.throttle.rate");
    dev.event("kept", 0);
    assert!(dev.stderr().contains("`rate` must be a number"), "{}", dev.stderr());
    assert_eq!(dev.get(GOOD).0, 200);
    // Files that are none of ours, among them a log that grows, do not bring it up again.
    for n in 0..5 {
        for log in ["dev.log", "err", "out"] {
            dev.write(log, &"line\n".repeat(n));
        }
        // Saved again as it is, the mistake is known.
        dev.write("deploy.yaml", &fs::read_to_string(dev.path("deploy.yaml")).unwrap());
        assert_eq!(dev.get(GOOD).0, 200, "request {n}");
    }
    dev.edit("deploy.yaml", "rate: fast,", "rate: 100,");
    let redeployed = dev.event("redeployed", 0);
    assert_eq!(redeployed["changes"], serde_json::json!(["usage plan throttle.rate"]));
    let told = dev.events("invalid").len();
    assert_eq!(told, 1, "the same mistake was told {told} times");
    // Taken back, there is nothing to deploy, and that is told, too.
    dev.edit("deploy.yaml", "rate: 100,", "rate: fast,");
    dev.event("kept", 1);
    dev.edit("deploy.yaml", "rate: fast,", "rate: 100,");
    dev.event("restored", 0);
    assert_eq!(dev.events("redeployed").len(), 1);
}

#[test]
fn a_file_that_was_missing_is_noticed_when_it_comes() {
    let mut dev = Dev::start(&[]);
    dev.edit("deploy.yaml", "templates/admit/error.vtl", "templates/new/error.vtl");
    dev.event("invalid", 0);
    fs::create_dir_all(dev.path("templates/new")).unwrap();
    dev.write("templates/new/error.vtl", "{\"moved\": true}");
    dev.event("redeployed", 0);
    assert!(dev.get(BAD).2.contains("moved"));
}

#[test]
fn edits_in_a_row_all_arrive() {
    let mut dev = Dev::start(&[]);
    for n in 1..=5 {
        let (before, after) = (if n == 1 { 10 } else { n + 19 }, n + 20);
        dev.edit("deploy.yaml", &format!("rate: {before},"), &format!("rate: {after},"));
    }
    // However many redeploys it took: the last one is what counts.
    wait_for("the last edit", || {
        let out = crate::server::poc(dev.directory.path(), &["plan", "--local", "--json"]).output().unwrap();
        let plan: serde_json::Value = serde_json::from_slice(&out.stdout).ok()?;
        plan["steps"].as_array().filter(|steps| steps.is_empty()).map(|_| ())
    });
    dev.event("redeployed", 0);
}
