//! Warnings as they reach people, programs and CI: on stderr, before the plan, never an exit code unless they are denied.

use serde_json::Value;

use super::Desk;

/// The sample with the article's trap: the handler's JSON is spaced, the pattern is not.
fn trapped() -> Desk {
    let desk = Desk::new();
    desk.edit("app/handler.py", ", separators=(\",\", \":\")", "");
    desk
}

#[test]
fn the_articles_trap_is_told_and_keeps_nobody_from_going_on() {
    let told = trapped().poc(&["validate"]).exits(0);
    insta::assert_snapshot!(told.err, @r#"
      warning[POC010]: the pattern `.*"httpStatus":400.*` cannot match: json.dumps writes
        `"httpStatus": 400` with a space after the colon
        ╭─[deploy.yaml:45:22]
     44               # Where the function raised an error whose text matches, this status and templ
     45               pattern: '.*"httpStatus":400.*'
        ·                      ──────────────────────
     46               templates: { application/json: templates/admit/error.vtl }
        ╰────
      help: write `.*"httpStatus": ?400.*`, which takes both

    1 warning in deploy.yaml. `poc explain POC010` says why and what to do; `allow: [POC010]` keeps it
    quiet.
    "#);
    assert!(told.out.contains("deploy.yaml is right"), "{}", told.out);
}

#[test]
fn where_warnings_are_denied_they_are_mistakes() {
    let desk = trapped();
    for command in [&["validate"][..], &["plan", "--local"], &["deploy", "--local", "--yes"]] {
        let refused = desk.poc(&[command, &["--deny-warnings"]].concat()).exits(2);
        assert!(refused.err.contains("error[POC010]: the pattern"), "{command:?}: {}", refused.err);
        assert!(refused.err.contains("1 mistake in deploy.yaml; nothing was sent to AWS."), "{}", refused.err);
        assert_eq!(refused.out, "", "{command:?}");
    }
    assert!(!desk.directory.path().join(".poc").exists(), "something was sent");
    desk.edit("deploy.yaml", "allow: [POC020]", "allow: [POC010, POC020]");
    assert_eq!(desk.poc(&["validate", "--deny-warnings"]).exits(0).err, "");
}

#[test]
fn an_allow_without_use_is_named() {
    let desk = Desk::new();
    desk.edit("deploy.yaml", "allow: [POC020]", "allow: [POC010, POC020]");
    let told = desk.poc(&["validate", "--json"]).exits(0).json();
    let warnings = told["warnings"].as_array().unwrap();
    let [warning] = warnings.as_slice() else { panic!("{warnings:#?}") };
    assert_eq!((&warning["code"], &warning["path"]), (&"POC090".into(), &"api.resources./admit.GET.allow[0]".into()));
    // Another stage may need it.
    assert_eq!(desk.poc(&["validate", "--json", "--stage", "dev"]).exits(0).json()["warnings"], Value::Array(vec![]));
}

#[test]
fn editors_get_them_with_their_places() {
    let told = trapped().poc(&["validate", "--json"]).exits(0);
    insta::assert_json_snapshot!(told.json()["warnings"], @r#"
    [
      {
        "code": "POC010",
        "path": "api.resources./admit.GET.responses.400.pattern",
        "file": "deploy.yaml",
        "line": 45,
        "column": 22,
        "message": "the pattern `.*\"httpStatus\":400.*` cannot match: json.dumps writes `\"httpStatus\": 400` with a space after the colon",
        "help": "write `.*\"httpStatus\": ?400.*`, which takes both",
        "title": "a pattern that cannot match what the function prints"
      }
    ]
    "#);
    assert_eq!((&told.json()["valid"], &told.json()["faults"]), (&Value::Bool(true), &Value::Array(vec![])));
    assert_eq!(told.err, "");
}

#[test]
fn plan_and_deploy_tell_them_once_before_the_plan() {
    let desk = trapped();
    for command in [&["plan", "--local"][..], &["deploy", "--local", "--yes", "--no-checks"]] {
        let ran = desk.poc(command).exits(0);
        assert_eq!(ran.err.matches("warning[POC010]").count(), 1, "{}", ran.err);
        // The plan is the result of the one and a part of the story of the other.
        let after = if command[0] == "plan" { &ran.out } else { &ran.err[ran.err.find("1 warning").unwrap()..] };
        assert!(after.contains("Plan: "), "{}{}", ran.out, ran.err);
    }
    desk.edit("deploy.yaml", "rate: 10,", "rate: 12,");
    let quiet = desk.poc(&["deploy", "--local", "--yes", "--quiet", "--no-checks"]).exits(0);
    assert!(!quiet.err.contains("POC010"), "{}", quiet.err);
}

#[test]
fn a_deploy_for_programs_has_an_event_for_each() {
    let ran = trapped().poc(&["deploy", "--local", "--yes", "--json", "--no-checks"]).exits(0);
    let events: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let warned: Vec<&Value> = events.iter().filter(|event| event["event"] == "warning").collect();
    let [warning] = warned.as_slice() else { panic!("{warned:#?}") };
    assert_eq!((&warning["code"], &warning["line"]), (&"POC010".into(), &45.into()));
    assert_eq!(events[0]["event"], "warning", "before anything is sent");
    assert_eq!(ran.err, "");
}

/// Mistakes go first: what is wrong is not warned of.
#[test]
fn a_file_with_mistakes_has_no_warnings() {
    let desk = trapped();
    desk.edit("deploy.yaml", "memory: 256", "memroy: 256");
    for command in [&["validate"][..], &["plan", "--local"]] {
        let refused = desk.poc(command).exits(2);
        assert!(refused.err.contains("error[unknown_key]") && !refused.err.contains("POC010"), "{}", refused.err);
    }
}
