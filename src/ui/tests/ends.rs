//! The ends of commands: results on stdout.

use super::*;
use crate::event::{Event, Outcome, Reporter};
use crate::pipeline::{
    Deployed, LastChange, ReleaseLine, Releases, ResourceState, ResourceStatus, RolledBack, Status, TornDown, Validated,
};
use crate::ui::{Captured, Format, Ui, Volume};

fn ui(format: Format) -> (Ui, Captured) {
    Ui::captured(format, Volume::Normal, 90, None)
}

/// A run that sent calls and changed nothing.
fn idle(ui: &Ui, command: &'static str) {
    ui.report(&Event::Finished {
        command,
        outcome: Outcome::Unchanged,
        outputs: BTreeMap::new(),
        requests: 31,
        writes: 0,
        elapsed: Duration::from_millis(240),
        left: None,
        kept: Vec::new(),
        checks: None,
        problem: None,
    });
}

#[test]
fn validate_is_content() {
    let validated = Validated {
        warnings: Vec::new(),
        app: "ServerlessPOC".to_owned(),
        stages: vec!["prod".to_owned(), "dev".to_owned()],
        routes: 1,
        templates: 2,
    };
    let (person, shown) = ui(Format::Human);
    person.validated("deploy.yaml".as_ref(), &validated);
    insta::assert_snapshot!(shown.out(), @"
    ✓ deploy.yaml is right: ServerlessPOC, 1 route, 2 templates, stages prod, dev. Nothing was
    sent to AWS.
    ");
    let (program, shown) = ui(Format::JsonDocument);
    program.validated("deploy.yaml".as_ref(), &validated);
    insta::assert_snapshot!(shown.out(), @r#"
    {
      "valid": true,
      "faults": [],
      "app": "ServerlessPOC",
      "stages": [
        "prod",
        "dev"
      ],
      "routes": 1,
      "templates": 2,
      "warnings": []
    }
    "#);
}

#[test]
fn a_second_deploy_changes_nothing() {
    let (ui, shown) = ui(Format::Human);
    idle(&ui, "deploy");
    ui.deployed(&Deployed { target: target(), outcome: Outcome::Unchanged, outputs: outputs(), checks: None });
    insta::assert_snapshot!(shown.err(), @"

    Nothing changed: ServerlessPOC (stage prod) is as deploy.yaml says.
    0.2 s, requests: 31, writes: 0
    ");
    assert!(shown.out().starts_with("invoke URL    https://"));
}

#[test]
fn the_person_said_no() {
    let (ui, shown) = ui(Format::Human);
    ui.deployed(&Deployed { target: target(), outcome: Outcome::Declined, outputs: outputs(), checks: None });
    assert_eq!((shown.out().as_str(), shown.err().as_str()), ("", "\nNothing was changed.\n"));
}

/// Two; the older one is served where somebody went `back`.
fn releases(back: bool) -> Vec<ReleaseLine> {
    let release = |number: usize, version: &str, deployment: &str, made: &str, by: Option<&str>| ReleaseLine {
        number,
        name: format!("{deployment}:{version}"),
        deployment: deployment.to_owned(),
        version: version.to_owned(),
        made: Some(made.to_owned()),
        deployed: Some(made.to_owned()),
        published: Some(made.to_owned()),
        by: by.map(str::to_owned),
        fingerprint: "4fbbda32e1eaee379f52".to_owned(),
        code: Some("5ae9f08efcd879ab5064bbaf60b6e1204d9e5a2fed2bcc68c2b5992c654b70c8".to_owned()),
        description: Some("Predicts \u{1b}[31madmission".to_owned()).filter(|_| number == 1),
        serves: (number == 2) == back,
    };
    vec![
        release(1, "4", "d2e3f4", "2026-11-26 09:30:00 UTC", Some("alice@laptop")),
        release(2, "3", "a1b2c3", "2026-11-25 17:00:00 UTC", None),
    ]
}

#[test]
fn releases_are_listed_with_the_one_that_is_served() {
    let (ui, captured) = Ui::captured(Format::Human, Volume::Normal, 100, None);
    for back in [false, true] {
        ui.releases(&Releases { target: target(), releases: releases(back) });
    }
    ui.releases(&Releases { target: target(), releases: Vec::new() });
    insta::assert_snapshot!(captured.out());
}

#[test]
fn a_status_tells_what_was_deployed_before_and_that_somebody_went_back() {
    let (ui, captured) = Ui::captured(Format::Human, Volume::Normal, 90, None);
    let last_change = Some(LastChange {
        command: "rollback".to_owned(),
        by: "alice@laptop".to_owned(),
        run: Some("https://ci.example.com/run/1".to_owned()),
        at: "2026-11-26 10:00:00 UTC".to_owned(),
    });
    let notes = vec!["the certificate of api.example.com expires in 12 days".to_owned()];
    let mut status = Status { releases: releases(true), last_change, notes, ..status(false) };
    status.resources.push(ResourceStatus {
        step: "alias".to_owned(),
        kind: "Lambda alias",
        name: "ServerlessPOCAdmission:prod".to_owned(),
        state: ResourceState::Drifted,
        drift: vec![Change::new("version", 3, 4)],
        facts: Vec::new(),
    });
    ui.status(&status);
    insta::assert_snapshot!(captured.out());
}

/// A template that was put back and deployed: the deployment of before serves again, and nobody went back.
#[test]
fn what_deploy_yaml_asks_for_is_no_way_back_though_a_newer_release_is_there() {
    let (ui, captured) = Ui::captured(Format::Human, Volume::Normal, 90, None);
    ui.status(&Status { releases: releases(true), ..status(false) });
    let out = captured.out();
    assert!(out.contains("a1b2c3") && out.contains("all as deploy.yaml says"), "{out}");
    assert!(!out.contains("earlier release") && !out.contains("goes forward"), "{out}");
}

#[test]
fn a_rollback_ends_with_what_is_served_now() {
    let (ui, captured) = Ui::captured(Format::Human, Volume::Normal, 80, None);
    let to = releases(true).remove(1);
    for outcome in [Outcome::Changed, Outcome::Unchanged, Outcome::Declined] {
        ui.rolled_back(&RolledBack { target: target(), outcome, to: to.clone(), earlier: true });
    }
    insta::assert_snapshot!(captured.err());
}

fn status(drifted: bool) -> Status {
    let resource = |step: &str, kind, name: &str, facts: &[(&str, &str)]| ResourceStatus {
        step: step.to_owned(),
        kind,
        name: name.to_owned(),
        state: ResourceState::Deployed,
        drift: Vec::new(),
        facts: facts.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    };
    let mut resources = vec![
        resource("role", "IAM role", "ServerlessPOCAdmission", &[]),
        resource("function", "Lambda function", "ServerlessPOCAdmission", &[("version", "3")]),
        resource("rest_api", "REST API", "ServerlessPOC", &[("id", "a1b2c3d4e5")]),
        resource("certificate", "Certificate", "api.example.com", &[("expires", "2027-01-01")]),
    ];
    if drifted {
        resources[1].state = ResourceState::Drifted;
        resources[1].drift = vec![
            Change::new("memory", 512, 256),
            Change::removed("environment.DEBUG", "1"),
            Change::new("environment.TOKEN", Side::Secret, Side::Secret),
        ];
        resources[2].state = ResourceState::Drifted;
        resources[2].drift = vec![Change::new(
            "/admit GET · response 400.templates.application/json",
            "{\n  \"message\": \"broken\"\n}",
            "{\n  \"message\": \"$input.path('$.errorMessage')\"\n}",
        )];
        resources[3].state = ResourceState::Missing;
        resources[3].facts.clear();
    }
    Status { target: target(), deployed: true, outputs: outputs(), resources, ..Status::default() }
}

#[test]
fn status_when_all_is_well() {
    let (ui, shown) = ui(Format::Human);
    ui.status(&status(false));
    insta::assert_snapshot!(shown.out(), @r#"
    ServerlessPOC · stage prod · us-east-1 · account 123456789012

      ✓ deployed IAM role ServerlessPOCAdmission
      ✓ deployed Lambda function ServerlessPOCAdmission  version 3
      ✓ deployed REST API ServerlessPOC                  id a1b2c3d4e5
      ✓ deployed Certificate api.example.com             expires 2027-01-01

    invoke URL    https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod
    custom URL    https://api.example.com/poc
    API key       ServerlessPOC
    try it        curl -H "x-api-key: $(poc key show)" 'https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/admit?gre=800&gpa=4&rank=1'
    function arn  arn:aws:lambda:us-east-1:123456789012:function:ServerlessPOCAdmission

    4 resources, all as deploy.yaml says.
    "#);
}

#[test]
fn status_with_drift() {
    let (ui, shown) = ui(Format::Human);
    ui.status(&status(true));
    insta::assert_snapshot!(shown.out(), @r#"
    ServerlessPOC · stage prod · us-east-1 · account 123456789012

      ✓ deployed IAM role ServerlessPOCAdmission
      ~ drifted  Lambda function ServerlessPOCAdmission  version 3
          memory: AWS has 512, deploy.yaml says 256
          environment.DEBUG: AWS has "1", deploy.yaml does not
          environment.TOKEN: the secret differs
      ~ drifted  REST API ServerlessPOC                  id a1b2c3d4e5
          /admit GET · response 400.templates.application/json (- AWS has, + deploy.yaml says)
              {
            -   "message": "broken"
            +   "message": "$input.path('$.errorMessage')"
              }
      ✗ missing  Certificate api.example.com

    invoke URL    https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod
    custom URL    https://api.example.com/poc
    API key       ServerlessPOC
    try it        curl -H "x-api-key: $(poc key show)" 'https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/admit?gre=800&gpa=4&rank=1'
    function arn  arn:aws:lambda:us-east-1:123456789012:function:ServerlessPOCAdmission

    4 resources: 2 drifted, 1 missing. `poc plan` shows how to put that right, `poc deploy`
    does it.
    "#);
}

#[test]
fn status_of_nothing() {
    let (ui, shown) = ui(Format::Human);
    ui.status(&Status { target: target(), ..Status::default() });
    insta::assert_snapshot!(shown.out(), @"
    ServerlessPOC · stage prod · us-east-1 · account 123456789012

    Nothing is deployed. `poc deploy` deploys it.
    ");
}

fn gone(outcome: Outcome, left: &[&str]) -> String {
    let (ui, shown) = ui(Format::Human);
    idle(&ui, "teardown");
    let left = left.iter().map(|left| (*left).to_owned()).collect();
    ui.torn_down(&TornDown { target: target(), outcome, left, kept: Vec::new() });
    shown.out()
}

#[tokio::test(start_paused = true)]
async fn a_teardown_proves_it() {
    let (ui, shown) = ui(Format::Human);
    for step in ["record", "rest_api"] {
        let (step, elapsed) = (step.to_owned(), Duration::from_secs(1));
        ui.report(&Event::StepFinished { step, action: Action::Delete, elapsed });
    }
    ui.torn_down(&TornDown { target: target(), outcome: Outcome::Changed, left: Vec::new(), kept: Vec::new() });
    insta::assert_snapshot!(shown.out(), @"
    ServerlessPOC (stage prod) is gone: 2 deleted, 0 left.
    0.0 s, requests: 0, writes: 0
    ");
}

/// Of what others have something in, nothing is left to do.
#[tokio::test(start_paused = true)]
async fn a_teardown_that_keeps_what_is_not_only_ours() {
    let (ui, shown) = ui(Format::Human);
    let (step, kind, name, action) = ("site_bucket".to_owned(), "site bucket", "pages".to_owned(), Action::Delete);
    ui.report(&Event::StepStarted { step: step.clone(), kind, name, action });
    let why = "it holds objects that poc did not put there".to_owned();
    ui.report(&Event::StepKept { step, why: why.clone() });
    let kept = vec![format!("site bucket pages: {why}")];
    ui.torn_down(&TornDown { target: target(), outcome: Outcome::Changed, left: Vec::new(), kept });
    insta::assert_snapshot!(shown.out(), @"
    ServerlessPOC (stage prod) is gone: 0 left.
    kept: site bucket pages: it holds objects that poc did not put there
    0.0 s, requests: 0, writes: 0
    ");
    insta::assert_snapshot!(shown.err(), @"  · kept     site bucket pages (it holds objects that poc did not put there)");
}

#[test]
fn a_teardown_of_nothing() {
    insta::assert_snapshot!(gone(Outcome::Unchanged, &[]), @"
    There is nothing of ServerlessPOC (stage prod) to delete: 0 left.
    0.2 s, requests: 31, writes: 0
    ");
}

#[test]
fn a_teardown_that_left_something() {
    let left = ["Custom domain name api.example.com: mapped to an API that is not ours (base path billing)"];
    insta::assert_snapshot!(gone(Outcome::Failed, &left), @"
    1 left:
      - Custom domain name api.example.com: mapped to an API that is not ours (base path
        billing)
    Run `poc teardown` again to finish; if something stays, its message says why.
    ");
}
