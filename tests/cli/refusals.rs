//! What AWS, or an endpoint that is not quite AWS, refuses: met with patience where it passes, told in its own words where it
//! does not. And Ctrl-C while the lock is held. Real connections and real signals.

use std::cell::Cell;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::rc::Rc;

use poc::aws::{EmbeddedCloud, Port};
use poc::clock::Clock;
use poc::local::cloud::{Cloud, Profile};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::task::LocalSet;

use super::problems::{read, shown, shown_as};
use super::relay::{Fate, Relay};
use super::{Desk, Ran};

/// A deploy over a line on which requests that begin with `start` and hold `part` are answered so, the first `times` of them.
async fn refused(start: &'static str, part: &'static str, answer: String, times: usize) -> (Desk, Ran) {
    let desk = Desk::new();
    let met = Cell::new(0);
    let ran = over_a_line(&desk, &[&DEPLOY], move |request| {
        let wanted = met.get() < times && request.starts_with(start) && request.contains(part);
        met.set(met.get() + usize::from(wanted));
        if wanted { Fate::Refused(answer.clone()) } else { Fate::Passed }
    })
    .await;
    (desk, ran)
}

const DEPLOY: [&str; 5] = ["deploy", "--yes", "--json", "--verbose", "--no-checks"];

/// The commands, one after the other, over a line to one cloud; what the last of them did.
async fn over_a_line(desk: &Desk, commands: &[&[&str]], fate: impl Fn(&str) -> Fate + 'static) -> Ran {
    let cloud = Cloud::in_memory(Clock::system(), Profile { assumes_images: true, ..Profile::quick() });
    let port = Port::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let upstream = port.address().unwrap();
    let mut serving = EmbeddedCloud::from(cloud).serve(port).unwrap();
    let local = LocalSet::new();
    let ran = local.run_until(async {
        let relay = Relay::to(upstream, fate).await;
        let endpoint = relay.url();
        let mut last = None;
        for arguments in commands {
            let mut command = desk.command(&[arguments, &["--endpoint-url", &endpoint][..]].concat());
            command.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret");
            command.env("KEY", "twenty-characters-long");
            last = Some(Ran::of(tokio::process::Command::from(command).output().await.unwrap()));
        }
        last.expect("there is a command")
    });
    let ran = ran.await;
    serving.stop(|_| ()).await;
    ran
}

/// The problem that ended the last of the commands, where requests that `wanted` picks are answered so.
async fn stopped_by(
    desk: &Desk,
    commands: &[&[&str]],
    wanted: impl Fn(&str) -> bool + 'static,
    answer: String,
) -> Value {
    let fate = move |request: &str| if wanted(request) { Fate::Refused(answer.clone()) } else { Fate::Passed };
    over_a_line(desk, commands, fate).await.exits(1).last_event()["problem"].clone()
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

fn events(ran: &Ran, name: &str) -> Vec<Value> {
    let events = ran.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.filter(|event| event["event"] == name).collect()
}

#[tokio::test]
async fn a_wait_that_aws_asks_for_is_kept_and_told() {
    let body = r#"{"__type":"TooManyRequestsException","message":"Too Many Requests"}"#;
    let slow =
        answer("429 Too Many Requests", "retry-after: 2\r\nx-amzn-errortype: TooManyRequestsException\r\n", body);
    let (_desk, ran) = refused("POST /restapis ", "HTTP/1.1", slow, 1).await;
    let ran = ran.exits(0);
    let told = events(&ran, "step_retrying");
    let [retry] = told.as_slice() else { panic!("one delay is worth telling: {told:?}") };
    assert_eq!((&retry["step"], &retry["operation"]), (&"rest_api".into(), &"CreateRestApi".into()));
    assert_eq!(retry["reason"], "Too Many Requests");
    assert!(retry["delay_ms"].as_u64().is_some_and(|delay| (2000..3000).contains(&delay)), "{retry}");
}

/// Each request is a try that is told of: nothing below sends one again by itself.
#[tokio::test]
async fn the_sdk_sends_nothing_again_by_itself() {
    let sent = Rc::new(Cell::new(0));
    let count = sent.clone();
    let fate = move |request: &str| {
        if !request.starts_with("GET /restapis?") {
            return Fate::Passed;
        }
        count.set(count.get() + 1);
        match count.get() {
            1 => Fate::Refused(answer("503 Service Unavailable", "", "{}")),
            2 => Fate::RequestLost,
            3 => Fate::Refused(answer("429 Too Many Requests", "", "{}")),
            _ => Fate::Passed,
        }
    };
    let ran = over_a_line(&Desk::new(), &[&DEPLOY], fate).await.exits(0);
    let told = events(&ran, "call").into_iter().filter(|call| call["operation"] == "GetRestApis").count();
    assert!(sent.get() > 3, "{}", sent.get());
    assert_eq!(told, sent.get());
}

/// Not everything that speaks S3 knows conditional writes.
#[tokio::test]
async fn where_no_lock_can_be_kept_that_is_told_and_the_deploy_goes_on() {
    let body = "<?xml version=\"1.0\"?><Error><Code>NotImplemented</Code><Message>A header you provided implies \
                functionality that is not implemented</Message></Error>";
    let (_desk, ran) =
        refused("PUT /serverless-poc", "/lock.json", answer("501 Not Implemented", "", body), usize::MAX).await;
    let ran = ran.exits(0);
    let notes: Vec<Value> = events(&ran, "note").into_iter().map(|note| note["text"].clone()).collect();
    assert_eq!(notes, ["this endpoint cannot keep two runs apart: see that nobody else is at work"]);
}

#[tokio::test]
async fn a_lock_that_may_not_be_written_stops_the_run_with_its_name() {
    let body = "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message>\
                <RequestId>4442587FB7D0A2F9</RequestId></Error>";
    let (_desk, ran) =
        refused("PUT /serverless-poc", "/lock.json", answer("403 Forbidden", "", body), usize::MAX).await;
    let ran = ran.exits(1);
    let problem = &ran.last_event()["problem"];
    assert_eq!(problem["kind"], "access_denied");
    shown(&read(problem));
    assert_eq!(problem["operation"], "PutObject");
    let resource = problem["resource"].as_str().unwrap_or_default();
    assert_eq!(resource, "lock s3://serverless-poc-000000000000-us-east-1/ServerlessPOC/prod/lock.json");
    assert!(problem["next"].as_str().is_some_and(|next| next.contains("s3:PutObject")), "{problem}");
    // Nothing was made but the bucket that the lock would lie in.
    let made: Vec<Value> = events(&ran, "step_finished").into_iter().map(|event| event["step"].clone()).collect();
    assert_eq!(made, ["bucket"]);
}

/// Where it serves an API, only an emulator knows.
#[tokio::test]
async fn an_emulators_page_is_not_guessed() {
    let open = ["open", "--print", "--json"];
    let ran = over_a_line(&Desk::new(), &[&DEPLOY, &open], |_| Fate::Passed).await.exits(1);
    let problem = &ran.json()["problem"];
    assert_eq!(problem["kind"], "emulated", "{problem}");
    shown(&read(problem));
    assert!(problem["next"].as_str().is_some_and(|next| next.contains("poc call --url URL")), "{problem}");
}

#[tokio::test]
async fn an_image_that_these_credentials_may_not_see_is_told_with_the_right_that_is_missing() {
    let desk = Desk::new();
    desk.edit("deploy.yaml", "package: { path: app,", "package: { image: \"admission:1.4\",");
    desk.edit("deploy.yaml", "  runtime: python3.13\n", "");
    desk.edit("deploy.yaml", "  handler: handler.lambda_handler\n", "");
    let denied = answer(
        "400 Bad Request",
        "content-type: application/x-amz-json-1.1\r\n",
        r#"{"__type":"AccessDeniedException","message":"not authorized to perform: ecr:DescribeImages"}"#,
    );
    let asked = |request: &str| request.contains("ContainerRegistry_V20150921.DescribeImages");
    let problem = stopped_by(&desk, &[&DEPLOY], asked, denied).await;
    assert_eq!(problem["kind"], "image_denied", "{problem}");
    shown(&read(&problem));
    assert!(problem["next"].as_str().is_some_and(|next| next.contains("ecr:DescribeImages")), "{problem}");
}

#[tokio::test]
async fn a_function_that_lambda_cannot_make_ready_is_told_with_lambdas_reason() {
    let failed = r#"{"FunctionName":"ServerlessPOCAdmission","State":"Failed","StateReason":"The image is not valid.",
        "StateReasonCode":"InvalidImage","Version":"1"}"#;
    let looked = |request: &str| request.starts_with("GET /2015-03-31/functions/ServerlessPOCAdmission/configuration");
    let problem = stopped_by(&Desk::new(), &[&DEPLOY], looked, answer("200 OK", "", failed)).await;
    assert_eq!(problem["kind"], "function_failed", "{problem}");
    shown(&read(&problem));
    assert!(problem["message"].as_str().is_some_and(|told| told.contains("The image is not valid.")), "{problem}");
}

#[tokio::test]
async fn a_domain_name_that_another_account_has_is_told() {
    let taken = answer(
        "400 Bad Request",
        "x-amzn-errortype: BadRequestException\r\n",
        r#"{"message":"The domain name you provided already exists."}"#,
    );
    let made = |request: &str| request.starts_with("POST /domainnames ");
    let problem = stopped_by(&Desk::new(), &[&DEPLOY], made, taken).await;
    assert_eq!(problem["kind"], "domain_taken", "{problem}");
    shown(&read(&problem));
    assert!(problem["message"].as_str().is_some_and(|told| told.contains("api.example.com")), "{problem}");
}

/// From the moment it is made, AWS asks for something that nobody has done yet.
#[tokio::test]
async fn a_domain_name_that_waits_for_a_person_is_told_with_its_status() {
    let made = Cell::new(false);
    let stuck = r#"{"domainName":"api.example.com","domainNameStatus":"PENDING_OWNERSHIP_VERIFICATION",
        "domainNameStatusMessage":"Prove that it is yours.","endpointConfiguration":{"types":["REGIONAL"]}}"#;
    let looked = move |request: &str| {
        made.set(made.get() || request.starts_with("POST /domainnames "));
        made.get() && request.starts_with("GET /domainnames/api.example.com ")
    };
    let problem = stopped_by(&Desk::new(), &[&DEPLOY], looked, answer("200 OK", "", stuck)).await;
    assert_eq!(problem["kind"], "domain_name_stuck", "{problem}");
    shown(&read(&problem));
    let message = problem["message"].as_str().unwrap_or_default();
    assert!(message.ends_with("PENDING_OWNERSHIP_VERIFICATION: Prove that it is yours."), "{problem}");
}

/// Whoever may issue certificates for the name, ACM may not.
#[tokio::test]
async fn a_certificate_that_will_never_come_is_told_with_what_forbids_it() {
    let failed = r#"{"Certificate":{"CertificateArn":"arn:aws:acm:us-east-1:000000000000:certificate/1","Status":"FAILED",
        "DomainName":"api.example.com","FailureReason":"CAA_ERROR","DomainValidationOptions":[],"InUseBy":[]}}"#;
    let looked = |request: &str| request.contains("CertificateManager.DescribeCertificate");
    let answer = answer("200 OK", "content-type: application/x-amz-json-1.1\r\n", failed);
    let problem = stopped_by(&Desk::new(), &[&DEPLOY], looked, answer).await;
    assert_eq!(problem["kind"], "certificate_failed", "{problem}");
    assert!(problem["next"].as_str().is_some_and(|next| next.contains("CAA")), "{problem}");
    shown(&read(&problem));
}

/// Whose key has the value is nobody's business, so it is met only when ours is made.
#[tokio::test]
async fn a_value_that_a_strangers_key_has_is_told_with_the_way_out() {
    let desk = Desk::new();
    desk.edit("deploy.yaml", "keys: [ServerlessPOC]", "keys: [{ name: ServerlessPOC, value: \"${env:KEY}\" }]");
    let taken =
        answer("409 Conflict", "x-amzn-errortype: ConflictException\r\n", r#"{"message":"API Key already exists"}"#);
    let problem = stopped_by(&desk, &[&DEPLOY], |request| request.starts_with("POST /apikeys "), taken).await;
    assert_eq!((&problem["kind"], &problem["resource"]), (&"already_exists".into(), &"API key ServerlessPOC".into()));
    shown_as("already_exists-a_strangers_key", &read(&problem));
    assert!(problem["next"].as_str().unwrap().contains("another environment variable"), "{problem}");
}

/// S3 answers 200 and says in the body what it did not delete (B9).
#[tokio::test]
async fn an_object_that_may_not_be_deleted_stops_a_teardown_with_its_name() {
    let kept = "<DeleteResult><Error><Key>kept.zip</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error>\
                </DeleteResult>";
    let deleted = |request: &str| {
        let line = request.lines().next().unwrap_or_default();
        line.starts_with("POST /serverless-poc-") && line.contains("?delete")
    };
    let teardown = ["teardown", "--yes", "--json"];
    let problem = stopped_by(&Desk::new(), &[&DEPLOY, &teardown], deleted, answer("200 OK", "", kept)).await;
    assert_eq!(problem["kind"], "object_kept", "{problem}");
    shown(&read(&problem));
    assert_eq!((&problem["message"], &problem["code"]), (&"kept.zip: Access Denied".into(), &"AccessDenied".into()));
    assert!(problem["next"].as_str().is_some_and(|next| next.contains("s3:DeleteObject")), "{problem}");
}

/// A deploy into the embedded cloud with AWS's manners, up to its first step but the bucket: from there on it holds the lock.
#[expect(clippy::zombie_processes, reason = "`rest` waits for it; where it ended too early the test fails")]
fn at_work(desk: &Desk) -> (Child, BufReader<std::process::ChildStdout>) {
    let arguments =
        ["deploy", "--local", "--simulate", "aws,seed=1", "--speed", "20", "--yes", "--json", "--no-checks"];
    let mut child = desk.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    loop {
        let mut line = String::new();
        assert_ne!(lines.read_line(&mut line).unwrap(), 0, "the run ended before it was interrupted");
        let event: Value = serde_json::from_str(&line).unwrap();
        if event["event"] == "step_started" && event["step"] != "bucket" {
            return (child, lines);
        }
    }
}

fn press(child: &Child) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
}

fn rest(mut child: Child, mut lines: BufReader<std::process::ChildStdout>) -> (Option<i32>, String) {
    let mut out = String::new();
    lines.read_to_string(&mut out).unwrap();
    (child.wait().unwrap().code(), out)
}

#[test]
fn ctrl_c_finishes_what_is_in_flight_lets_the_lock_go_and_the_next_run_continues() {
    let desk = Desk::new();
    let (child, lines) = at_work(&desk);
    press(&child);
    let (code, out) = rest(child, lines);
    assert_eq!(code, Some(130), "{out}");
    let last: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!((&last["event"], &last["outcome"]), (&"finished".into(), &"interrupted".into()), "{out}");
    shown(&read(&last["problem"]));
    let again = desk.poc(&["deploy", "--local", "--yes", "--json", "--no-checks"]).exits(0);
    assert!(!again.out.contains("is taken over"), "the lock was not let go: {}", again.out);
    let idle = desk.poc(&["deploy", "--local", "--yes", "--json", "--no-checks"]).exits(0).last_event();
    assert_eq!(idle["writes"], 0);
}

#[test]
fn ctrl_c_twice_ends_at_once_and_the_next_run_continues() {
    let desk = Desk::new();
    let (child, mut lines) = at_work(&desk);
    press(&child);
    // The first was heard, be it that the run has ended by itself since.
    let mut line = String::new();
    while !line.contains("once more") && lines.read_line(&mut line).unwrap() > 0 {}
    press(&child);
    let (code, out) = rest(child, lines);
    assert_eq!(code, Some(130), "{out}");
    desk.poc(&["deploy", "--local", "--yes", "--json", "--no-checks"]).exits(0);
    let idle = desk.poc(&["deploy", "--local", "--yes", "--json", "--no-checks"]).exits(0).last_event();
    assert_eq!(idle["writes"], 0);
}
