//! What is typed every day: status with its history, two stages side by side, the page in the browser.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use aws_sdk_lambda::types::AliasRoutingConfiguration;
use poc::aws::EmbeddedCloud;
use poc::clock::Clock;
use serde_json::{Value, json};

use super::{Desk, Ran};

fn told(ran: &Ran) -> String {
    format!("{} {}", ran.out, ran.err).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn deployed() -> Desk {
    let desk = Desk::new();
    desk.poc(&["deploy", "--local", "--yes", "--quiet", "--no-checks"]).exits(0);
    desk
}

#[test]
fn status_tells_who_changed_it_last_what_it_can_serve_and_when_its_certificate_ends() {
    let desk = deployed();
    let status = desk.poc(&["status", "--local", "--json"]).exits(0).json();
    assert_eq!(status["last_change"]["command"], "deploy");
    assert!(status["last_change"]["by"].as_str().unwrap().starts_with("somebody@"), "{}", status["last_change"]);
    assert!(status["last_change"]["at"].as_str().unwrap().ends_with(" UTC"), "{}", status["last_change"]);
    assert_eq!(status["releases"].as_array().unwrap().len(), 1);
    assert_eq!((&status["releases"][0]["version"], &status["releases"][0]["serves"]), (&json!("1"), &json!(true)));
    // Certificates of ACM are good for 13 months.
    let days = status["certificate"]["days_left"].as_i64().unwrap();
    assert!((390..400).contains(&days), "{}", status["certificate"]);
    assert_eq!(status["notes"], json!([]));
    assert_eq!(status["outputs"]["api_keys"], "ServerlessPOC");
    let one = status["resources"].as_array().unwrap().iter().find(|one| one["step"] == "certificate").unwrap();
    assert_eq!(one["facts"][0][0], "expires");

    let words = told(&desk.poc(&["status", "--local"]).exits(0));
    assert!(words.contains("Last changed ") && words.contains(" by somebody@"), "{words}");
    assert!(words.contains("version deployment made code 1 1 "), "{words}");
    let nothing = Desk::new().poc(&["status", "--local", "--json"]).exits(0).json();
    assert_eq!(
        (&nothing["last_change"], &nothing["releases"], &nothing["certificate"]),
        (&Value::Null, &json!([]), &Value::Null)
    );
}

/// A stage that differs, and secrets in both.
fn two_stages() -> Desk {
    let desk = Desk::new();
    let environment = "memory: 256\n  environment: { TOKEN: { value: hush-prod, secret: true }, FROM: \"x-${stage}\" }";
    desk.edit("deploy.yaml", "memory: 256", environment);
    let dev =
        "dev: { function: { memory: 512, environment: { TOKEN: { value: hush-dev, secret: true } } }, usage_plan:";
    desk.edit("deploy.yaml", "dev: { usage_plan:", dev);
    desk
}

#[test]
fn two_stages_are_compared_without_a_word_to_aws() {
    let desk = two_stages();
    // No --local, no credentials, no network.
    let ran = desk.poc(&["diff", "dev", "prod"]).exits(0);
    for line in [
        "  function.memory: dev 512, prod 256",
        "  function.environment.TOKEN.value: the secret differs",
        "  usage_plan.quota.limit: dev 50, prod 500",
        "  function.environment.FROM: dev x-dev, prod x-prod",
        "  domain.name: dev (none), prod api.example.com",
    ] {
        assert!(ran.out.lines().any(|printed| printed == line), "{line}: {}", ran.out);
    }
    assert!(!ran.out.contains("hush"), "{}", ran.out);
    assert!(ran.out.contains("differences between dev and prod."), "{}", ran.out);
    desk.poc(&["diff", "dev", "prod", "--exit-code"]).exits(3);
    let same = desk.poc(&["diff", "prod", "prod", "--exit-code"]).exits(0);
    assert!(told(&same).contains("No difference: prod and prod are the same."), "{}", same.out);

    let document = desk.poc(&["diff", "dev", "prod", "--json"]).exits(0).json();
    assert_eq!(
        (&document["left"], &document["right"], &document["deployed"]),
        (&json!("dev"), &json!("prod"), &json!(false))
    );
    let changes = document["changes"].as_array().unwrap();
    let of =
        |path: &str| changes.iter().find(|change| change["path"] == path).unwrap_or_else(|| panic!("{document:#}"));
    assert_eq!(of("function.memory")["before"], json!({ "value": 512 }));
    assert_eq!(
        (&of("function.environment.TOKEN.value")["before"], &of("function.environment.TOKEN.value")["after"]),
        (&json!("secret"), &json!("secret"))
    );
    assert_eq!(of("domain.name")["before"], json!("absent"));
    // The stage itself is no difference, nor is what only names it.
    assert!(changes.iter().all(|change| !change["path"].as_str().unwrap().starts_with("stage")), "{document:#}");
}

#[test]
fn a_stage_that_is_not_there_is_named_with_those_that_are() {
    let desk = two_stages();
    let ran = desk.poc(&["diff", "dve", "prod"]).exits(2);
    assert!(ran.err.contains("unknown_stage") && ran.err.contains("dve"), "{}", ran.err);
    assert!(told(&ran).contains("dev"), "{}", ran.err);
    let ran = desk.poc(&["diff", "dev", "prod", "--stage", "dev"]).exits(2);
    assert!(told(&ran).contains("diff takes its two stages as arguments"), "{}", ran.err);
    desk.poc(&["diff", "dev"]).exits(2);
}

#[test]
fn what_two_stages_serve_is_compared_where_both_are_there() {
    let desk = two_stages();
    let ran = desk.poc(&["diff", "dev", "prod", "--deployed", "--local"]).exits(1);
    assert!(told(&ran).contains("ServerlessPOC (stage dev) is not deployed"), "{}", ran.err);
    for stage in ["dev", "prod"] {
        desk.poc(&["deploy", "--local", "--yes", "--quiet", "--no-checks", "--stage", stage]).exits(0);
    }
    let ran = desk.poc(&["diff", "dev", "prod", "--deployed", "--local", "--exit-code"]).exits(3);
    assert!(ran.out.lines().any(|line| line == "  function.memory: dev 512, prod 256"), "{}", ran.out);
    assert!(ran.out.lines().any(|line| line == "  function.environment.TOKEN: the secret differs"), "{}", ran.out);
    assert!(!ran.out.contains("hush") && !ran.out.contains("function.role"), "{}", ran.out);
}

/// A share of the calls for another version, by somebody's hand: deployed it is, and two functions are no one to compare.
#[tokio::test]
async fn a_stage_that_serves_two_versions_is_told_as_that() {
    let desk = deployed();
    desk.edit("app/handler.py", "import json", "import json  # edited");
    for stage in ["dev", "prod"] {
        desk.poc(&["deploy", "--local", "--yes", "--quiet", "--no-checks", "--stage", stage]).exits(0);
    }
    let cloud = EmbeddedCloud::open(&desk.directory.path().join(".poc/local"), Clock::system()).unwrap();
    let lambda = aws_sdk_lambda::Client::new(&cloud.sdk_config("us-east-1"));
    let share = AliasRoutingConfiguration::builder().additional_version_weights("1", 0.5).build();
    let update = lambda.update_alias().function_name("ServerlessPOCAdmission").name("prod").routing_config(share);
    update.send().await.unwrap();
    drop((lambda, cloud));
    let ran = desk.poc(&["diff", "dev", "prod", "--deployed", "--local"]).exits(1);
    let words = told(&ran);
    assert!(
        words.contains("stage prod serves no one release") && words.contains("version 2 with deployment "),
        "{words}"
    );
    assert!(words.contains("a share of the calls") && !words.contains("is not deployed"), "{words}");
}

#[test]
fn the_page_is_printed_where_nobody_looks_and_never_with_a_key() {
    let desk = Desk::new();
    let ran = desk.poc(&["open", "--local"]).exits(1);
    assert!(told(&ran).contains("is not deployed"), "{}", ran.err);
    let desk = deployed();
    let ran = desk.poc(&["open", "--local"]).exits(0);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("http://127.0.0.1:3000/\n", ""));
    let ran = desk.poc(&["open", "--local", "--port", "8080", "--json"]).exits(0);
    assert_eq!(ran.json(), json!({ "url": "http://127.0.0.1:8080/", "of": "local" }));
    let key = desk.poc(&["key", "show", "--local"]).exits(0).out;
    assert!(!ran.out.contains(key.trim()), "{}", ran.out);
}

/// On a terminal the system's own opener gets the URL, and the URL is printed where that fails.
#[test]
fn on_a_terminal_the_page_is_opened() {
    if !cfg!(target_os = "linux") || Command::new("script").arg("--version").output().is_err() {
        return;
    }
    let desk = deployed();
    let tools = desk.directory.path().join("tools");
    fs::create_dir_all(&tools).unwrap();
    let opener = tools.join("xdg-open");
    fs::write(&opener, "#!/bin/sh\necho \"$@\" > opened.txt\n").unwrap();
    fs::set_permissions(&opener, fs::Permissions::from_mode(0o755)).unwrap();
    let on_terminal = |words: &str| {
        let line = format!("{} open --local {words}", env!("CARGO_BIN_EXE_poc"));
        let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap());
        let mut script = Command::new("script");
        script.args(["-qec", &line, "/dev/null"]).current_dir(desk.directory.path()).env_clear();
        script.env("PATH", path).env("HOME", desk.directory.path()).env("TERM", "dumb");
        Ran::of(script.output().unwrap())
    };
    let ran = on_terminal("").exits(0);
    assert!(ran.out.contains("opened http://127.0.0.1:3000/"), "{}", ran.out);
    assert_eq!(fs::read_to_string(desk.directory.path().join("opened.txt")).unwrap(), "http://127.0.0.1:3000/\n");
    fs::remove_file(desk.directory.path().join("opened.txt")).unwrap();
    let ran = on_terminal("--print").exits(0);
    assert!(ran.out.contains("http://127.0.0.1:3000/") && !desk.directory.path().join("opened.txt").exists());
    fs::write(&opener, "#!/bin/sh\nexit 3\n").unwrap();
    let ran = on_terminal("").exits(0);
    assert!(ran.out.contains("could not open the page") && ran.out.contains("http://127.0.0.1:3000/"), "{}", ran.out);
}
