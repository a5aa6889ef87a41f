//! A request on its way through the logs: from what `poc call` told to what was written of it.

use poc::clock::Clock;
use poc::local::cloud::{Cloud, Profile};
use serde_json::Value;

use super::Desk;

const FORMAT: &str = "$context.requestId $context.integration.requestId $context.status";

/// The sample with an access log, in an account whose administrator has set API Gateway's logging role.
async fn deployed() -> Desk {
    let desk = Desk::new();
    let destination = "arn:aws:logs:${region}:${account}:log-group:calls";
    let log = format!("stage_settings:\n  access_log: {{ destination: \"{destination}\", format: \"{FORMAT}\" }}\n");
    desk.edit("deploy.yaml", "usage_plan:", &format!("{log}usage_plan:"));
    let directory = desk.directory.path().join(".poc/local");
    let cloud = Cloud::open(&directory, Clock::system(), Profile::instant()).unwrap();
    let role = "arn:aws:iam::000000000000:role/gateway-logs".to_owned();
    let set = cloud.inspect(|state| {
        state.apigateway.regions.entry("us-east-1".to_owned()).or_default().cloudwatch_role_arn = Some(role);
    });
    set.await.unwrap();
    drop(cloud);
    desk.poc(&["deploy", "--local", "--yes", "--quiet", "--no-checks"]).exits(0);
    desk
}

/// Calls, and says what API Gateway calls the request.
fn id_of(desk: &Desk, query: &str, more: &[&str]) -> String {
    let target = format!("/admit?{query}&gpa=4&rank=1");
    let called = desk.poc(&[&["call", "GET", &target, "--local", "--json"], more].concat()).exits(0).json();
    called["headers"]["x-amzn-requestid"].as_str().unwrap().to_owned()
}

fn messages(desk: &Desk, arguments: &[&str]) -> Vec<String> {
    let told = desk.poc(&[&["logs", "--local", "--json"], arguments].concat()).exits(0).out;
    let message = |line: &str| serde_json::from_str::<Value>(line).unwrap()["message"].as_str().unwrap().to_owned();
    told.lines().map(message).collect()
}

#[tokio::test]
async fn a_request_is_found_by_the_id_that_call_told() {
    let desk = deployed().await;
    let early = desk.poc(&["logs", "--local", "--access"]).exits(1);
    let words = early.err.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("there is no log group calls, so the stage prod has written nothing yet"), "{words}");
    assert!(words.contains("the first call makes it"), "{words}");

    let good = id_of(&desk, "gre=800", &[]);
    let bad = id_of(&desk, "gre=abc", &[]);
    let keyless = id_of(&desk, "gre=800", &["--key", "none"]);

    // Another id than Lambda's, which the access log alone knows to be the same request.
    let log = messages(&desk, &["--request", &bad]);
    let access = log.iter().find(|line| line.starts_with(&bad)).unwrap_or_else(|| panic!("{log:#?}"));
    let [_, lambda, "400"] = access.split(' ').collect::<Vec<_>>()[..] else { panic!("{access}") };
    assert!(log.contains(&format!("START RequestId: {lambda} Version: 1")), "{log:#?}");
    assert!(log.iter().any(|line| line.contains("gre must be a number")), "{log:#?}");
    assert_eq!(log.iter().filter(|line| line.starts_with("START ")).count(), 1, "{log:#?}");
    assert!(!log.iter().any(|line| line.contains(&good)), "{log:#?}");

    let log = messages(&desk, &["--request", &good]);
    assert!(log.iter().any(|line| line.starts_with("REPORT ")), "{log:#?}");
    assert!(!log.iter().any(|line| line.contains("gre must be a number")), "{log:#?}");
    // Who was turned away has met no function.
    let refused = format!("{keyless} - 403");
    assert_eq!(messages(&desk, &["--request", &keyless]), std::slice::from_ref(&refused));

    let log = messages(&desk, &["--access"]);
    let ids: Vec<&str> = log.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(ids, [&good, &bad, &keyless]);
    assert!(log[0].ends_with(" 200") && log[1].ends_with(" 400") && log[2] == refused, "{log:#?}");
    assert_eq!(messages(&desk, &["--access", "--request", &bad]), [log[1].as_str()]);
    assert_eq!(desk.poc(&["plan", "--local", "--json"]).exits(0).json()["steps"], serde_json::json!([]));

    // The group is not the deployment's: whoever the account belongs to may still want to know who called.
    desk.poc(&["teardown", "--local", "--yes", "--quiet"]).exits(0);
    assert_eq!(messages(&desk, &["--access"]), log);
}
