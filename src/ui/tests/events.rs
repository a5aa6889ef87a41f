//! A run as it happens: in a log, and for programs.

use std::time::Duration;

use super::*;
use crate::event::{Event, Outcome, Problem, Reporter};
use crate::pipeline::Deployed;
use crate::ui::{Captured, Format, Ui, Volume};

fn started(step: &str, kind: &'static str, name: &str) -> Event {
    Event::StepStarted { step: step.to_owned(), kind, name: name.to_owned(), action: Action::Create }
}

fn finished(step: &str, millis: u64) -> Event {
    Event::StepFinished { step: step.to_owned(), action: Action::Create, elapsed: Duration::from_millis(millis) }
}

fn waiting(seconds: u64) -> Event {
    Event::StepWaiting {
        step: "certificate".to_owned(),
        waiting_for: "ACM to issue the certificate".to_owned(),
        elapsed: Duration::from_secs(seconds),
        usual: Duration::from_secs(1800),
    }
}

fn story() -> Vec<Event> {
    let problem = Problem {
        kind: "limit_exceeded",
        resource: Some("REST API ServerlessPOC".to_owned()),
        operation: Some("CreateRestApi".to_owned()),
        code: Some("LimitExceededException".to_owned()),
        message: "Limit exceeded: 120 regional APIs".to_owned(),
        request_id: None,
        next: "ask for a higher quota".to_owned(),
    };
    vec![
        Event::Started {
            command: "deploy",
            app: "ServerlessPOC".to_owned(),
            stage: "prod".to_owned(),
            region: "us-east-1".to_owned(),
            account: "123456789012".to_owned(),
        },
        Event::Reading { resources: 17 },
        started("role", "IAM role", "ServerlessPOCAdmission"),
        started("certificate", "Certificate", "api.example.com"),
        started("rest_api", "REST API", "ServerlessPOC"),
        Event::Call {
            step: String::new(),
            held: Duration::ZERO,
            service: "iam",
            operation: "CreateRole",
            started: Duration::from_millis(300),
            elapsed: Duration::from_millis(81),
            error: None,
        },
        finished("role", 812),
        waiting(3),
        Event::StepRetrying {
            step: "rest_api".to_owned(),
            operation: "CreateRestApi",
            reason: "TooManyRequestsException".to_owned(),
            delay: Duration::from_secs(30),
        },
        Event::StepRetrying {
            step: "rest_api".to_owned(),
            operation: "CreateRestApi",
            reason: "TooManyRequestsException".to_owned(),
            delay: Duration::from_millis(200),
        },
        waiting(20),
        Event::StepFailed { step: "rest_api".to_owned(), action: Action::Create, problem },
        Event::StepSkipped { step: "stage".to_owned(), action: Action::Create, because: "rest_api".to_owned() },
        Event::Note { text: "the bucket was there already and is ours".to_owned() },
        finished("certificate", 95_000),
    ]
}

fn told(format: Format, volume: Volume, width: usize) -> Captured {
    let (ui, captured) = Ui::captured(format, volume, width, None);
    for event in story() {
        ui.report(&event);
    }
    captured
}

#[tokio::test(start_paused = true)]
async fn in_a_log() {
    let captured = told(Format::Human, Volume::Normal, 100);
    assert_eq!(captured.out(), "");
    insta::assert_snapshot!(captured.err(), @"
      ✓ created  IAM role ServerlessPOCAdmission (0.8 s)
      … Certificate api.example.com: waiting for ACM to issue the certificate, 3 s so far (up to 30
        minutes is usual)
      … REST API ServerlessPOC: CreateRestApi again in 30 s, because of TooManyRequestsException
      ✗ failed   REST API ServerlessPOC (while creating it)
      · skipped  stage (it needs REST API ServerlessPOC)
    note: the bucket was there already and is ours
      ✓ created  Certificate api.example.com (1 min 35 s)
    ");
    insta::assert_snapshot!(told(Format::Human, Volume::Normal, 60).err(), @"
      ✓ created  IAM role ServerlessPOCAdmission (0.8 s)
      … Certificate api.example.com: waiting for ACM to issue
        the certificate, 3 s so far (up to 30 minutes is usual)
      … REST API ServerlessPOC: CreateRestApi again in 30 s,
        because of TooManyRequestsException
      ✗ failed   REST API ServerlessPOC (while creating it)
      · skipped  stage (it needs REST API ServerlessPOC)
    note: the bucket was there already and is ours
      ✓ created  Certificate api.example.com (1 min 35 s)
    ");
}

#[tokio::test(start_paused = true)]
async fn with_every_call() {
    insta::assert_snapshot!(told(Format::Human, Volume::Verbose, 100).err(), @"
        iam CreateRole  81 ms
      ✓ created  IAM role ServerlessPOCAdmission (0.8 s)
      … Certificate api.example.com: waiting for ACM to issue the certificate, 3 s so far (up to 30
        minutes is usual)
      … REST API ServerlessPOC: CreateRestApi again in 30 s, because of TooManyRequestsException
      … REST API ServerlessPOC: CreateRestApi again in 0.2 s, because of TooManyRequestsException
      ✗ failed   REST API ServerlessPOC (while creating it)
      · skipped  stage (it needs REST API ServerlessPOC)
    note: the bucket was there already and is ours
      ✓ created  Certificate api.example.com (1 min 35 s)
    ");
}

#[tokio::test(start_paused = true)]
async fn quiet_is_quiet() {
    let captured = told(Format::Human, Volume::Quiet, 100);
    assert_eq!((captured.out(), captured.err()), Default::default());
}

#[tokio::test(start_paused = true)]
async fn for_programs() {
    let captured = told(Format::JsonLines, Volume::Normal, 100);
    assert_eq!(captured.err(), "");
    insta::assert_snapshot!(captured.out(), @r#"
    {"event":"started","command":"deploy","app":"ServerlessPOC","stage":"prod","region":"us-east-1","account":"123456789012"}
    {"event":"reading","resources":17}
    {"event":"step_started","step":"role","kind":"IAM role","name":"ServerlessPOCAdmission","action":"create"}
    {"event":"step_started","step":"certificate","kind":"Certificate","name":"api.example.com","action":"create"}
    {"event":"step_started","step":"rest_api","kind":"REST API","name":"ServerlessPOC","action":"create"}
    {"event":"step_finished","step":"role","action":"create","elapsed_ms":812}
    {"event":"step_waiting","step":"certificate","waiting_for":"ACM to issue the certificate","elapsed_ms":3000,"usual_ms":1800000}
    {"event":"step_retrying","step":"rest_api","operation":"CreateRestApi","reason":"TooManyRequestsException","delay_ms":30000}
    {"event":"step_retrying","step":"rest_api","operation":"CreateRestApi","reason":"TooManyRequestsException","delay_ms":200}
    {"event":"step_waiting","step":"certificate","waiting_for":"ACM to issue the certificate","elapsed_ms":20000,"usual_ms":1800000}
    {"event":"step_failed","step":"rest_api","action":"create","problem":{"kind":"limit_exceeded","resource":"REST API ServerlessPOC","operation":"CreateRestApi","code":"LimitExceededException","message":"Limit exceeded: 120 regional APIs","next":"ask for a higher quota"}}
    {"event":"step_skipped","step":"stage","action":"create","because":"rest_api"}
    {"event":"note","text":"the bucket was there already and is ours"}
    {"event":"step_finished","step":"certificate","action":"create","elapsed_ms":95000}
    "#);
    let calls = |volume| told(Format::JsonLines, volume, 100).out().matches("\"event\":\"call\"").count();
    assert_eq!((calls(Volume::Normal), calls(Volume::Verbose)), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_log_shows_life_every_half_minute() {
    let (ui, captured) = Ui::captured(Format::Human, Volume::Normal, 100, None);
    ui.report(&started("certificate", "Certificate", "api.example.com"));
    ui.report(&started("bucket_object", "Package", "app.zip"));
    ui.report(&waiting(2));
    for _ in 0..95 {
        tokio::time::advance(Duration::from_secs(1)).await;
        ui.pulse();
    }
    ui.report(&finished("certificate", 97_000));
    insta::assert_snapshot!(captured.err(), @"
    … Certificate api.example.com: waiting for ACM to issue the certificate, 2 s so far (up to 30
      minutes is usual)
    … Certificate api.example.com: waiting for ACM to issue the certificate, 32 s so far (up to 30
      minutes is usual)
    … Package app.zip: still creating, 30 s so far
    … Certificate api.example.com: waiting for ACM to issue the certificate, 1 min 2 s so far (up to
      30 minutes is usual)
    … Package app.zip: still creating, 1 min so far
    … Certificate api.example.com: waiting for ACM to issue the certificate, 1 min 32 s so far (up to
      30 minutes is usual)
    … Package app.zip: still creating, 1 min 30 s so far
    ✓ created  Certificate api.example.com (1 min 37 s)
    ");
}

#[tokio::test(start_paused = true)]
async fn a_long_upload_tells_how_far_it_is() {
    let (ui, captured) = Ui::captured(Format::Human, Volume::Normal, 100, None);
    ui.report(&started("package", "package", "s3://bucket/app/"));
    for second in 1..=65 {
        tokio::time::advance(Duration::from_secs(1)).await;
        let (step, elapsed) = ("package".to_owned(), Duration::from_secs(second));
        ui.report(&Event::StepProgress { step, done: second * 2_000_000, total: 250_000_000, elapsed });
        ui.pulse();
    }
    insta::assert_snapshot!(captured.err(), @"
    … package s3://bucket/app/: 2.0 of 250 MB sent (0 %), 1 s so far
    … package s3://bucket/app/: 62 of 250 MB sent (24 %), 31 s so far
    … package s3://bucket/app/: 122 of 250 MB sent (48 %), 1 min 1 s so far
    ");
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_deploy_by_event_and_result() {
    let end = Event::Finished {
        command: "deploy",
        outcome: Outcome::Changed,
        outputs: outputs(),
        requests: 55,
        writes: 14,
        elapsed: Duration::from_millis(3200),
        left: None,
        kept: Vec::new(),
        checks: None,
        problem: None,
    };
    let deployed = Deployed { target: target(), outcome: Outcome::Changed, outputs: outputs(), checks: None };
    let run = |format| {
        let (ui, captured) = Ui::captured(format, Volume::Normal, 80, None);
        ui.report(&started("role", "IAM role", "Admission"));
        ui.report(&finished("role", 812));
        ui.report(&end);
        ui.deployed(&deployed);
        captured
    };
    let human = run(Format::Human);
    insta::assert_snapshot!(human.out(), @r#"
    invoke URL    https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod
    custom URL    https://api.example.com/poc
    API key       ServerlessPOC
    try it        curl -H "x-api-key: $(poc key show)" 'https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/admit?gre=800&gpa=4&rank=1'
    function arn  arn:aws:lambda:us-east-1:123456789012:function:ServerlessPOCAdmission
    "#);
    insta::assert_snapshot!(human.err(), @"
      ✓ created  IAM role Admission (0.8 s)

    Deployed ServerlessPOC (stage prod): 1 created.
    3.2 s, requests: 55, writes: 14
    ");
    let program = run(Format::JsonLines);
    assert_eq!(program.err(), "");
    insta::assert_snapshot!(program.out().lines().last().unwrap_or_default(), @r#"{"event":"finished","command":"deploy","outcome":"changed","outputs":{"api_keys":"ServerlessPOC","call":"curl -H \"x-api-key: $(poc key show)\" 'https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/admit?gre=800&gpa=4&rank=1'","custom_url":"https://api.example.com/poc","function_arn":"arn:aws:lambda:us-east-1:123456789012:function:ServerlessPOCAdmission","invoke_url":"https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod"},"requests":55,"writes":14,"elapsed_ms":3200}"#);
}

#[tokio::test(start_paused = true)]
async fn what_is_put_off_has_not_failed() {
    let (ui, captured) = Ui::captured(Format::Human, Volume::Normal, 100, None);
    ui.report(&started("certificate", "certificate", "api.example.com"));
    ui.report(&Event::StepDeferred {
        step: "certificate".to_owned(),
        action: Action::Create,
        waiting_for: "the certificate to be issued".to_owned(),
    });
    let skipped = |step: &str| Event::StepSkipped {
        step: step.to_owned(),
        action: Action::Create,
        because: "certificate".to_owned(),
    };
    ui.report(&skipped("domain_name"));
    ui.report(&skipped("alias_record"));
    ui.deployed(&Deployed { target: target(), outcome: Outcome::Changed, outputs: BTreeMap::new(), checks: None });
    insta::assert_snapshot!(captured.err(), @"
      · put off  certificate api.example.com (not waited for: the certificate to be issued)
      · put off  domain_name (after certificate api.example.com)
      · put off  alias_record (after certificate api.example.com)

    Deployed ServerlessPOC (stage prod): nothing new yet. 3 steps put off: run `poc deploy` again later
    to go on.
    0.0 s, requests: 0, writes: 0
    ");
}
