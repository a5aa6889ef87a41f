//! Plans, as people and programs see them.

use serde_json::json;

use super::*;
use crate::ui::{Format, Look, Question, Ui, Volume, human};

const HINT: &str = "`poc deploy` with the same options does exactly this.\n";
const TEMPLATE: &str = "{\n  \"gre\": \"$input.params('gre')\",\n  \"gpa\": \"$input.params('gpa')\",\n  \"rank\": \"$input.params('rank')\"\n}\n";

/// The plan of a first deploy.
fn first() -> Planned {
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/ServerlessPOCAdmission:*"}]});
    planned(vec![
        step(
            "role",
            "IAM role",
            "ServerlessPOCAdmission",
            Action::Create,
            vec![Change::set("trusts", "lambda.amazonaws.com"), Change::set("policy", policy)],
        ),
        step(
            "function",
            "Lambda function",
            "ServerlessPOCAdmission",
            Action::Create,
            vec![
                Change::set("runtime", "python3.13"),
                Change::set("handler", "handler.lambda_handler"),
                Change::set("memory", 256),
                Change::set("timeout", 10),
                Change::set("architecture", "x86_64"),
                Change::set("role", "arn:aws:iam::123456789012:role/ServerlessPOCAdmission"),
                Change::set("environment.TOKEN", Side::Secret),
            ],
        ),
        step(
            "rest_api",
            "REST API",
            "ServerlessPOC",
            Action::Create,
            vec![
                Change::set("description", "Admission prediction"),
                Change::set("endpoint", "regional"),
                Change::set("/admit GET · api key", true),
                Change::set("/admit GET · query.gre", "required"),
                Change::set("/admit GET · integration.templates.application/json", TEMPLATE),
            ],
        ),
        step(
            "stage",
            "Stage",
            "prod",
            Action::Create,
            vec![
                Change::set("deployment", known_after("deployment")),
                Change::set("rest api", known_after("rest_api")),
            ],
        ),
        Step {
            slow: slow(30, "ACM sees the validation record in DNS"),
            ..step(
                "certificate",
                "Certificate",
                "api.example.com",
                Action::Create,
                vec![Change::set("validation", "DNS")],
            )
        },
    ])
}

/// Something of everything.
fn later() -> Planned {
    let after = TEMPLATE.replace("\"$input.params('gre')\"", "$input.params('gre')").replace("rank", "class_rank");
    let mut planned = planned(vec![
        step(
            "function",
            "Lambda function",
            "ServerlessPOCAdmission",
            Action::Update,
            vec![
                Change::new("memory", 256, 512),
                Change::new("description", Side::Absent, "Predicts admission"),
                Change::new("code", "sha256:9f86d081884c7d65", "sha256:60303ae22b998861"),
                Change::new("environment.TOKEN", Side::Secret, Side::Secret),
                Change::removed("environment.DEBUG", "1"),
            ],
        ),
        step(
            "rest_api",
            "REST API",
            "ServerlessPOC",
            Action::Update,
            vec![
                Change::new("description", "Admission", "Admission prediction"),
                Change::new("/admit GET · integration.timeout", "29 s", "10 s"),
                Change::new("/admit GET · integration.templates.application/json", TEMPLATE, after),
                Change::set("/predict POST · api key", true),
            ],
        ),
        step("deployment", "Deployment", "of ServerlessPOC", Action::Create, vec![]),
        step(
            "stage",
            "Stage",
            "prod",
            Action::Update,
            vec![Change::new("deployment", "x7k2p9", known_after("deployment"))],
        ),
        Step {
            consequences: vec![
                "callers of api.example.com get errors until the name points to the new target, usually a minute"
                    .to_owned(),
            ],
            slow: slow(40, "CloudFront distributes the domain name"),
            ..step(
                "domain",
                "Custom domain name",
                "api.example.com",
                Action::Replace,
                vec![Change::new("endpoint", "regional", "edge").replacing()],
            )
        },
        Step {
            consequences: vec!["callers who use the key OldClient get 403".to_owned()],
            ..step("api_key.OldClient", "API key", "OldClient", Action::Delete, vec![Change::removed("enabled", true)])
        },
        step(
            "function.prune",
            "Lambda function",
            "ServerlessPOCAdmission",
            Action::Prune,
            vec![Change::removed("versions", json!(["1", "2"]))],
        ),
    ]);
    planned.notes = vec!["a REST API costs about 3.50 USD per million calls in us-east-1".to_owned()];
    planned
}

fn out(planned: &Planned, volume: Volume, width: usize) -> String {
    let (ui, captured) = Ui::captured(Format::Human, volume, width, None);
    ui.planned(planned);
    let hint = if planned.plan.is_empty() || volume == Volume::Quiet { "" } else { HINT };
    assert_eq!(captured.err(), hint);
    captured.out()
}

#[test]
fn a_first_deploy_is_summarised() {
    insta::assert_snapshot!(out(&first(), Volume::Normal, 100), @"
    ServerlessPOC · stage prod · us-east-1 · account 123456789012

      + create   IAM role ServerlessPOCAdmission
          trusts lambda.amazonaws.com, policy
      + create   Lambda function ServerlessPOCAdmission
          runtime python3.13, handler handler.lambda_handler, memory 256, timeout 10,
          architecture x86_64, role, environment.TOKEN (secret)
      + create   REST API ServerlessPOC
          description Admission prediction, endpoint regional, /admit GET
      + create   Stage prod
      + create   Certificate api.example.com
          validation DNS
          takes up to 30 minutes: ACM sees the validation record in DNS

    Plan: 5 to create, 0 to update, 0 to delete. Slowest: Certificate, up to 30 minutes.
    ");
}

#[test]
fn a_first_deploy_on_a_narrow_terminal() {
    insta::assert_snapshot!(out(&first(), Volume::Normal, 60), @"
    ServerlessPOC · stage prod · us-east-1 · account
    123456789012

      + create   IAM role ServerlessPOCAdmission
          trusts lambda.amazonaws.com, policy
      + create   Lambda function ServerlessPOCAdmission
          runtime python3.13, handler handler.lambda_handler,
          memory 256, timeout 10, architecture x86_64 and 2 more
      + create   REST API ServerlessPOC
          description Admission prediction, endpoint regional,
          /admit GET
      + create   Stage prod
      + create   Certificate api.example.com
          validation DNS
          takes up to 30 minutes: ACM sees the validation record
          in DNS

    Plan: 5 to create, 0 to update, 0 to delete. Slowest:
    Certificate, up to 30 minutes.
    ");
}

#[test]
fn a_first_deploy_with_everything() {
    insta::assert_snapshot!(out(&first(), Volume::Verbose, 100), @r#"
    ServerlessPOC · stage prod · us-east-1 · account 123456789012

      + create   IAM role ServerlessPOCAdmission
          trusts  lambda.amazonaws.com
          policy
            + {
            +   "Version": "2012-10-17",
            +   "Statement": [
            +     {
            +       "Effect": "Allow",
            +       "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            +       "Resource": "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/ServerlessPOCAdmission:*"
            +     }
            +   ]
            + }
      + create   Lambda function ServerlessPOCAdmission
          runtime            python3.13
          handler            handler.lambda_handler
          memory             256
          timeout            10
          architecture       x86_64
          role               arn:aws:iam::123456789012:role/ServerlessPOCAdmission
          environment.TOKEN  (secret)
      + create   REST API ServerlessPOC
          description  Admission prediction
          endpoint     regional
          /admit GET
            api key    true
            query.gre  required
            integration.templates.application/json
              + {
              +   "gre": "$input.params('gre')",
              +   "gpa": "$input.params('gpa')",
              +   "rank": "$input.params('rank')"
              + }
      + create   Stage prod
          deployment  (known after deployment)
          rest api    (known after REST API)
      + create   Certificate api.example.com
          validation  DNS
          takes up to 30 minutes: ACM sees the validation record in DNS

    Plan: 5 to create, 0 to update, 0 to delete. Slowest: Certificate, up to 30 minutes.
    "#);
}

#[test]
fn a_later_deploy() {
    insta::assert_snapshot!(out(&later(), Volume::Normal, 100), @r#"
    ServerlessPOC · stage prod · us-east-1 · account 123456789012

      ~ update   Lambda function ServerlessPOCAdmission
          memory             256 → 512
          description        (none) → Predicts admission
          code               sha256:9f86d081884c7d65 → sha256:60303ae22b998861
          environment.TOKEN  (secret), changed
          environment.DEBUG  "1" → (none)
      ~ update   REST API ServerlessPOC
          description  Admission → Admission prediction
          /admit GET
            integration.timeout  29 s → 10 s
            integration.templates.application/json
                {
              -   "gre": "$input.params('gre')",
              +   "gre": $input.params('gre'),
                  "gpa": "$input.params('gpa')",
              -   "rank": "$input.params('rank')"
              +   "class_rank": "$input.params('class_rank')"
                }
          /predict POST
            api key  (none) → true
      + create   Deployment of ServerlessPOC
      ~ update   Stage prod
          deployment  x7k2p9 → (known after Deployment)
    -/+ replace  Custom domain name api.example.com
          endpoint  regional → edge
            cannot be changed in place
          ! callers of api.example.com get errors until the name points to the new target, usually a
            minute
          takes up to 40 minutes: CloudFront distributes the domain name
      - delete   API key OldClient
          enabled true
          ! callers who use the key OldClient get 403
      - prune    Lambda function ServerlessPOCAdmission
          versions ["1", "2"]

    note: a REST API costs about 3.50 USD per million calls in us-east-1

    Plan: 1 to create, 3 to update, 1 to replace, 1 to delete, 1 to prune. Slowest: Custom domain name,
    up to 40 minutes.
    "#);
}

#[test]
fn a_later_deploy_on_a_narrow_terminal() {
    insta::assert_snapshot!(out(&later(), Volume::Normal, 60), @r#"
    ServerlessPOC · stage prod · us-east-1 · account
    123456789012

      ~ update   Lambda function ServerlessPOCAdmission
          memory             256 → 512
          description        (none) → Predicts admission
          code
            - sha256:9f86d081884c7d65
            + sha256:60303ae22b998861
          environment.TOKEN  (secret), changed
          environment.DEBUG  "1" → (none)
      ~ update   REST API ServerlessPOC
          description  Admission → Admission prediction
          /admit GET
            integration.timeout  29 s → 10 s
            integration.templates.application/json
                {
              -   "gre": "$input.params('gre')",
              +   "gre": $input.params('gre'),
                  "gpa": "$input.params('gpa')",
              -   "rank": "$input.params('rank')"
              +   "class_rank": "$input.params('class_rank')"
                }
          /predict POST
            api key  (none) → true
      + create   Deployment of ServerlessPOC
      ~ update   Stage prod
          deployment  x7k2p9 → (known after Deployment)
    -/+ replace  Custom domain name api.example.com
          endpoint  regional → edge
            cannot be changed in place
          ! callers of api.example.com get errors until the name
            points to the new target, usually a minute
          takes up to 40 minutes: CloudFront distributes the
          domain name
      - delete   API key OldClient
          enabled true
          ! callers who use the key OldClient get 403
      - prune    Lambda function ServerlessPOCAdmission
          versions ["1", "2"]

    note: a REST API costs about 3.50 USD per million calls in
          us-east-1

    Plan: 1 to create, 3 to update, 1 to replace, 1 to delete, 1
    to prune. Slowest: Custom domain name, up to 40 minutes.
    "#);
}

#[test]
fn quiet_is_the_count_alone() {
    insta::assert_snapshot!(out(&later(), Volume::Quiet, 100), @"
    Plan: 1 to create, 3 to update, 1 to replace, 1 to delete, 1 to prune. Slowest: Custom domain name,
    up to 40 minutes.
    ");
}

#[test]
fn nothing_to_do() {
    insta::assert_snapshot!(out(&planned(vec![]), Volume::Normal, 100), @"
    ServerlessPOC · stage prod · us-east-1 · account 123456789012

    No changes. Everything is as deploy.yaml says.
    ");
}

#[test]
fn without_utf8() {
    let plan = planned(vec![step(
        "function",
        "Lambda function",
        "ServerlessPOCAdmission",
        Action::Update,
        vec![Change::new("memory", 256, 512)],
    )]);
    let text = human::plan(&plan, &Look::ascii(80));
    insta::assert_snapshot!(anstream::adapter::strip_str(&text), @"
    ServerlessPOC - stage prod - us-east-1 - account 123456789012

      ~ update   Lambda function ServerlessPOCAdmission
          memory  256 -> 512

    Plan: 0 to create, 1 to update, 0 to delete.
    ");
}

#[test]
fn colour_adds_nothing_to_the_words() {
    let text = human::plan(&later(), &Look::plain(100, false));
    assert!(text.contains('\u{1b}'));
    assert_eq!(anstream::adapter::strip_str(&text).to_string(), out(&later(), Volume::Normal, 100));
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for width in [60, 80, 100] {
        for plan in [first(), later()] {
            for line in out(&plan, Volume::Normal, width).lines() {
                assert!(line.chars().count() <= width, "{line}");
            }
        }
    }
}

#[test]
fn a_large_difference_is_cut_and_says_so() {
    let before: String = (0..200).map(|n| format!("line {n}\n")).collect();
    let after: String = (0..200).map(|n| format!("line {}\n", n * 2)).collect();
    let plan = planned(vec![step(
        "rest_api",
        "REST API",
        "ServerlessPOC",
        Action::Update,
        vec![Change::new("/admit GET · response 200.templates.application/json", before, after)],
    )]);
    let text = out(&plan, Volume::Normal, 80);
    assert!(text.lines().count() < 40, "{text}");
    assert!(text.contains("more changed lines"), "{text}");
}

#[test]
fn for_programs() {
    let (ui, captured) = Ui::captured(Format::JsonDocument, Volume::Normal, 100, None);
    let mut plan = later();
    plan.plan.steps.retain(|step| step.step == "stage" || step.step == "domain");
    ui.planned(&plan);
    insta::assert_snapshot!(captured.out(), @r#"
    {
      "app": "ServerlessPOC",
      "stage": "prod",
      "region": "us-east-1",
      "account": "123456789012",
      "place": "AWS",
      "notes": [
        "a REST API costs about 3.50 USD per million calls in us-east-1"
      ],
      "steps": [
        {
          "step": "stage",
          "kind": "Stage",
          "name": "prod",
          "action": "update",
          "changes": [
            {
              "path": "deployment",
              "before": {
                "value": "x7k2p9"
              },
              "after": {
                "known_after": "deployment"
              }
            }
          ],
          "after": []
        },
        {
          "step": "domain",
          "kind": "Custom domain name",
          "name": "api.example.com",
          "action": "replace",
          "changes": [
            {
              "path": "endpoint",
              "before": {
                "value": "regional"
              },
              "after": {
                "value": "edge"
              },
              "replaces": true
            }
          ],
          "consequences": [
            "callers of api.example.com get errors until the name points to the new target, usually a minute"
          ],
          "slow": {
            "why": "CloudFront distributes the domain name",
            "usual_seconds": 2400
          },
          "after": []
        }
      ],
      "requests": 23
    }
    "#);
}

#[test]
fn deploy_asks_and_takes_silence_for_a_no() {
    let ask = |answer| {
        let (ui, captured) = Ui::captured(Format::Human, Volume::Normal, 80, Some(answer));
        let agreed = ui.agreed(Question::Deploy, &first(), false, &|| false);
        assert_eq!(captured.out(), "", "the plan is not the data of a deploy");
        assert!(captured.err().contains("\nDeploy these changes? [y/N] "));
        agreed
    };
    assert!(ask("y\n"));
    assert!(ask("Yes\n"));
    assert!(!ask("\n"));
    assert!(!ask(""));
    assert!(!ask("sure\n"));
}

#[test]
fn quiet_deploy_shows_the_plan_only_to_ask() {
    let shown = |yes| {
        let (ui, captured) = Ui::captured(Format::Human, Volume::Quiet, 80, Some("y\n"));
        assert!(ui.agreed(Question::Deploy, &first(), yes, &|| false));
        captured.err()
    };
    assert_eq!(shown(true), "");
    assert!(shown(false).contains("Plan:"));
}

#[test]
fn a_teardown_asks_with_the_list() {
    let mut plan = planned(vec![
        Step {
            consequences: vec!["api.example.com no longer resolves".to_owned()],
            ..step("record", "Route 53 record", "api.example.com A", Action::Delete, vec![])
        },
        Step {
            slow: slow(40, "CloudFront lets go of the domain name"),
            ..step("domain", "Custom domain name", "api.example.com", Action::Delete, vec![])
        },
        step("rest_api", "REST API", "ServerlessPOC", Action::Delete, vec![]),
    ]);
    plan.target.place = "the embedded cloud (.poc/local)".to_owned();
    let (ui, captured) = Ui::captured(Format::Human, Volume::Normal, 80, Some("n\n"));
    assert!(!ui.agreed(Question::Teardown, &plan, false, &|| false));
    insta::assert_snapshot!(captured.err(), @"
    ServerlessPOC · stage prod · us-east-1 · account 123456789012 · the embedded
    cloud (.poc/local)

      - delete   Route 53 record api.example.com A
          ! api.example.com no longer resolves
      - delete   Custom domain name api.example.com
          takes up to 40 minutes: CloudFront lets go of the domain name
      - delete   REST API ServerlessPOC

    These 3 will be deleted. Slowest: Custom domain name, up to 40 minutes.

    Delete all of it? [y/N]
    ");
}
