//! `poc rollback` as it is typed: exit codes, both streams, what callers get before and after.

use aws_sdk_s3::primitives::ByteStream;
use poc::aws::EmbeddedCloud;
use poc::clock::Clock;
use serde_json::{Value, json};

use super::{Desk, Ran};

const REQUEST: &str = "/admit?gre=800&gpa=4&rank=1";

fn told(ran: &Ran) -> String {
    format!("{} {}", ran.out, ran.err).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn deploy(desk: &Desk) {
    desk.poc(&["deploy", "--local", "--yes", "--quiet", "--no-checks"]).exits(0);
}

/// The sample, then one whose code answers otherwise and whose template sends more.
fn twice() -> Desk {
    let desk = Desk::new();
    deploy(&desk);
    desk.edit("app/handler.py", "{\"result\":", "{\"edited\": True, \"result\":");
    desk.edit("templates/admit/request.vtl", "\"gre\":", "\"more\": 1, \"gre\":");
    deploy(&desk);
    desk
}

fn answer(desk: &Desk) -> Value {
    desk.poc(&["call", "GET", REQUEST, "--local", "--quiet"]).exits(0).json()
}

#[test]
fn callers_get_what_they_got_before_and_a_deploy_goes_forward_again() {
    let desk = twice();
    assert_eq!(answer(&desk)["edited"], true);
    let ran = desk.poc(&["rollback", "--local", "--yes"]).exits(0);
    let words = told(&ran);
    assert!(words.contains("Rolled back: ServerlessPOC (stage prod) serves version 1 with deployment "), "{words}");
    assert!(words.contains("note: from version 2 with deployment ") && words.contains("version 2 → 1"), "{words}");
    assert!(words.contains("`poc deploy --local` goes forward again.") && ran.out.is_empty(), "{words}");
    assert_eq!(answer(&desk), json!({ "result": true }));

    let listed = desk.poc(&["rollback", "--local", "--list", "--json"]).exits(0).json();
    let serves: Vec<(u64, bool)> = listed["releases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|release| (release["number"].as_u64().unwrap(), release["serves"].as_bool().unwrap()))
        .collect();
    assert_eq!(serves, [(1, false), (2, true)]);
    assert!(listed["releases"][0]["by"].as_str().unwrap().starts_with("somebody@"), "{listed:#}");

    let planned = desk.poc(&["plan", "--local", "--exit-code"]).exits(3);
    assert!(told(&planned).contains("Plan: 0 to create, 2 to update, 0 to delete."), "{}", planned.out);
    let status = desk.poc(&["status", "--local"]).exits(0);
    assert!(told(&status).contains("An earlier release is served: version 1 with deployment "), "{}", status.out);
    deploy(&desk);
    assert_eq!(answer(&desk)["edited"], true);
    let status = desk.poc(&["status", "--local"]).exits(0);
    assert!(!status.out.contains("earlier release is served"), "{}", status.out);
}

#[test]
fn the_list_is_for_people_and_nothing_is_asked() {
    let desk = twice();
    let ran = desk.poc(&["rollback", "--local", "--list"]).exits(0);
    let lines: Vec<&str> = ran.out.lines().filter(|line| !line.is_empty()).collect();
    let heads: Vec<&str> = lines[1].split_whitespace().collect();
    assert_eq!(heads, ["version", "deployment", "made", "code"]);
    assert!(lines[2].trim_start().starts_with("1  2 ") && lines[2].ends_with("  served"), "{}", ran.out);
    assert!(lines[3].trim_start().starts_with("by somebody@"), "{}", ran.out);
    assert!(lines[4].trim_start().starts_with("2  1 ") && lines[4].contains(" UTC  "), "{}", ran.out);
    assert_eq!(lines.last(), Some(&"2 releases, of which the newest is served."), "{}", ran.out);
    assert_eq!(ran.err, "");
}

#[test]
fn programs_get_a_line_for_each_event() {
    let desk = twice();
    let name = desk.poc(&["rollback", "--local", "--list", "--json"]).exits(0).json()["releases"][1]["name"].clone();
    let ran = desk.poc(&["rollback", "--local", "--yes", "--json", "--to", name.as_str().unwrap()]).exits(0);
    let events: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let steps: Vec<&Value> =
        events.iter().filter(|one| one["event"] == "step_finished").map(|one| &one["step"]).collect();
    assert_eq!(steps, ["stage", "alias"]);
    assert!(events.iter().any(|event| event["event"] == "planned" && event["steps"][1]["after"] == json!(["stage"])));
    let end = ran.last_event();
    assert_eq!((&end["command"], &end["outcome"]), (&json!("rollback"), &json!("changed")));
    assert_eq!(end["outputs"]["function_version"], "1");
    let again = desk.poc(&["rollback", "--local", "--yes", "--json", "--to", name.as_str().unwrap()]).exits(0);
    assert_eq!((&again.last_event()["outcome"], &again.last_event()["writes"]), (&json!("unchanged"), &json!(0)));
}

#[test]
fn what_cannot_be_is_said_before_anything_is_sent() {
    let desk = Desk::new();
    let ran = desk.poc(&["rollback", "--local"]).exits(2);
    assert!(
        told(&ran).contains("rollback asks before it changes anything") && ran.err.contains("--yes"),
        "{}",
        ran.err
    );
    for to in ["0", "a1:x", "-3x"] {
        let ran = desk.poc(&["rollback", "--local", "--yes", &format!("--to={to}")]).exits(2);
        assert!(told(&ran).contains("give a number of `poc rollback --list`"), "{}", ran.err);
    }
    desk.poc(&["rollback", "--list", "--to", "2"]).exits(2);
    let ran = desk.poc(&["rollback", "--local", "--list"]).exits(1);
    assert!(told(&ran).contains("ServerlessPOC (stage prod) is not deployed"), "{}", ran.err);
    deploy(&desk);
    let ran = desk.poc(&["rollback", "--local", "--yes"]).exits(1);
    assert!(told(&ran).contains("is the earliest release that is kept: there is nothing before it"), "{}", ran.err);
    let ran = desk.poc(&["rollback", "--local", "--yes", "--to", "7"]).exits(1);
    assert!(told(&ran).contains("there is no release 7: one is kept"), "{}", ran.err);
}

#[tokio::test]
async fn somebody_elses_lock_ends_it_with_5() {
    let desk = twice();
    let lock = json!({
        "held": true, "id": "ci-1", "command": "deploy", "who": "runner@ci-17", "host": "ci-17", "pid": 42,
        "machine": "another", "since": "2020-01-01T00:00:00Z", "until": "2999-01-01T00:00:00Z",
    });
    let cloud = EmbeddedCloud::open(&desk.directory.path().join(".poc/local"), Clock::system()).unwrap();
    let config = aws_sdk_s3::config::Builder::from(&cloud.sdk_config("us-east-1")).force_path_style(true).build();
    let put = aws_sdk_s3::Client::from_conf(config).put_object().bucket("serverless-poc-000000000000-us-east-1");
    let body = ByteStream::from(lock.to_string().into_bytes());
    put.key("ServerlessPOC/prod/lock.json").body(body).send().await.unwrap();
    drop(cloud);
    let ran = desk.poc(&["rollback", "--local", "--yes"]).exits(5);
    assert!(told(&ran).contains("runner@ci-17 is at work on this stage"), "{}", ran.err);
    assert_eq!(answer(&desk)["edited"], true);
}
