//! Problems with AWS: what a person reads on a bad day.

use crate::event::{Action, Event, Problem, Reporter};
use crate::pipeline::Failure;
use crate::ui::{Format, Ui, Volume};

fn denied() -> Problem {
    Problem {
        kind: "access_denied",
        resource: Some("REST API ServerlessPOC".to_owned()),
        operation: Some("CreateRestApi".to_owned()),
        code: Some("AccessDeniedException".to_owned()),
        message: "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: apigateway:POST on resource: \
                  arn:aws:apigateway:us-east-1::/restapis"
            .to_owned(),
        request_id: Some("3c1f9a52-5c56-4d0a-9d2f-2f1f0d0f7c11".to_owned()),
        next: "allow apigateway:POST to this user, then run the same command again: it continues here".to_owned(),
    }
}

fn unreachable() -> Problem {
    Problem {
        kind: "unreachable",
        resource: None,
        operation: None,
        code: None,
        message: "nothing answers at http://localhost:4566".to_owned(),
        request_id: None,
        next: "start the emulator, or leave out --endpoint-url".to_owned(),
    }
}

fn err(failure: Failure, width: usize) -> String {
    let (ui, captured) = Ui::captured(Format::Human, Volume::Normal, width, None);
    ui.failed("deploy", &failure);
    captured.err()
}

#[test]
fn aws_refuses() {
    insta::assert_snapshot!(err(Failure::Problem(Box::new(denied())), 100), @"
    error: REST API ServerlessPOC: CreateRestApi failed (AccessDeniedException)
           AWS says: User: arn:aws:iam::123456789012:user/ci is not authorized to perform:
                     apigateway:POST on resource: arn:aws:apigateway:us-east-1::/restapis
           request id 3c1f9a52-5c56-4d0a-9d2f-2f1f0d0f7c11
     next: allow apigateway:POST to this user, then run the same command again: it continues here
     more: poc explain access_denied
    ");
    insta::assert_snapshot!(err(Failure::Problem(Box::new(denied())), 60), @"
    error: REST API ServerlessPOC: CreateRestApi failed
           (AccessDeniedException)
           AWS says: User: arn:aws:iam::123456789012:user/ci is
                     not authorized to perform: apigateway:POST
                     on resource:
                     arn:aws:apigateway:us-east-1::/restapis
           request id 3c1f9a52-5c56-4d0a-9d2f-2f1f0d0f7c11
     next: allow apigateway:POST to this user, then run the same
           command again: it continues here
     more: poc explain access_denied
    ");
}

#[test]
fn nothing_answers() {
    insta::assert_snapshot!(err(Failure::Problem(Box::new(unreachable())), 100), @"
    error: nothing answers at http://localhost:4566
     next: start the emulator, or leave out --endpoint-url
     more: poc explain unreachable
    ");
}

#[test]
fn the_command_line_is_wrong() {
    insta::assert_snapshot!(err(Failure::Usage("--local needs no credentials; leave out --profile".to_owned()), 100), @"
    error: --local needs no credentials; leave out --profile
    See `poc deploy --help`.
    ");
}

#[test]
fn two_steps_fail_beside_each_other_and_each_is_told_once() {
    let (ui, captured) = Ui::captured(Format::Human, Volume::Quiet, 100, None);
    let other = Problem { resource: Some("Certificate api.example.com".to_owned()), ..unreachable() };
    for problem in [denied(), other] {
        ui.report(&Event::StepFailed { step: "x".to_owned(), action: Action::Create, problem });
    }
    ui.report(&Event::StepSkipped { step: "stage".to_owned(), action: Action::Create, because: "x".to_owned() });
    ui.failed("deploy", &Failure::Problem(Box::new(denied())));
    insta::assert_snapshot!(captured.err(), @"
    error: Certificate api.example.com: nothing answers at http://localhost:4566
     next: start the emulator, or leave out --endpoint-url
     more: poc explain unreachable

    error: REST API ServerlessPOC: CreateRestApi failed (AccessDeniedException)
           AWS says: User: arn:aws:iam::123456789012:user/ci is not authorized to perform:
                     apigateway:POST on resource: arn:aws:apigateway:us-east-1::/restapis
           request id 3c1f9a52-5c56-4d0a-9d2f-2f1f0d0f7c11
     next: allow apigateway:POST to this user, then run the same command again: it continues here
     more: poc explain access_denied

    0 done, 2 failed, 1 not tried. What is done stays done.
    ");
}

#[test]
fn interrupted_in_the_middle() {
    let (ui, captured) = Ui::captured(Format::Human, Volume::Normal, 80, None);
    for (step, kind, name) in [("rest_api", "REST API", "ServerlessPOC"), ("role", "IAM role", "Admission")] {
        ui.report(&Event::StepStarted { step: step.to_owned(), kind, name: name.to_owned(), action: Action::Create });
    }
    ui.failed("deploy", &Failure::Interrupted);
    insta::assert_snapshot!(captured.err(), @"

    interrupted; run the same command again to continue
    Stopped while creating REST API ServerlessPOC, creating IAM role Admission.
    ");
}

#[tokio::test(start_paused = true)]
async fn programs_get_the_problem_as_the_last_line() {
    let (ui, captured) = Ui::captured(Format::JsonLines, Volume::Normal, 100, None);
    for operation in ["GetRestApis", "CreateRestApi"] {
        ui.report(&Event::Call {
            step: String::new(),
            held: std::time::Duration::ZERO,
            service: "apigateway",
            operation,
            started: std::time::Duration::ZERO,
            elapsed: std::time::Duration::ZERO,
            error: None,
        });
    }
    ui.failed("teardown", &Failure::Interrupted);
    insta::assert_snapshot!(captured.out(), @r#"{"event":"finished","command":"teardown","outcome":"interrupted","outputs":{},"requests":2,"writes":1,"elapsed_ms":0,"problem":{"kind":"interrupted","message":"interrupted","next":"run `poc teardown` again"}}"#);
    insta::assert_snapshot!(captured.err(), @"

    interrupted; nothing was changed
    ");

    let (ui, captured) = Ui::captured(Format::JsonDocument, Volume::Normal, 100, None);
    ui.failed("plan", &Failure::Problem(Box::new(unreachable())));
    insta::assert_snapshot!(captured.out(), @r#"
    {
      "problem": {
        "kind": "unreachable",
        "message": "nothing answers at http://localhost:4566",
        "next": "start the emulator, or leave out --endpoint-url"
      }
    }
    "#);
}
