//! What is said about calls of the deployed API: answers, traces, checks; keys and logs.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};

use super::*;
use crate::event::{CheckTally, Checked, Difference, Event, Outcome, Reporter};
use crate::pipeline::{Called, Deployed, LogLine, Rendered, Rotated, Rotation, ShownKey, Tested};
use crate::ui::{Captured, Format, Ui, Volume, junit};

fn ui(format: Format) -> (Ui, Captured) {
    Ui::captured(format, Volume::Normal, 80, None)
}

fn called(trace: Option<Value>) -> Called {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "application/json".parse().unwrap());
    headers.insert("x-amzn-requestid", "6f1e0a52-0001-4000-8000-000000000001".parse().unwrap());
    Called {
        target: target(),
        verb: "GET".to_owned(),
        url: "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/admit?gre=800".to_owned(),
        key: Some("ServerlessPOC".to_owned()),
        status: 200,
        headers,
        body: Bytes::from_static(b"{\"result\": true}"),
        elapsed: Duration::from_millis(42),
        reason: None,
        trace,
    }
}

fn trace() -> Value {
    json!({
        "request_id": "6f1e0a52-0001-4000-8000-000000000001",
        "api_id": "a1b2c3d4e5",
        "stage": "prod",
        "resource_path": "/admit",
        "api_key": "ServerlessPOC",
        "steps": [
            { "name": "method_request", "elapsed_us": 120, "facts": [
                { "name": "resource", "value": "GET /admit" },
                { "name": "headers", "value": { "x-api-key": "the-secret-value-of-a-key", "accept": "*/*" } },
                { "name": "querystring", "value": { "gre": "800", "gpa": "4", "rank": "1" } },
            ]},
            { "name": "integration_request", "elapsed_us": 310, "facts": [
                { "name": "template", "value": "application/json" },
                { "name": "body", "value": "{\n  \"gre\": \"800\",\n  \"gpa\": \"4\",\n  \"rank\": \"1\"\n}" },
            ]},
            { "name": "integration", "elapsed_us": 23_400, "facts": [
                { "name": "event", "value": {
                    "headers": { "X-Api-Key": "the-secret-value-of-a-key", "Accept": "*/*" },
                    "requestContext": { "identity": { "apiKey": "the-secret-value-of-a-key", "sourceIp": "127.0.0.1" } },
                }},
                { "name": "duration_ms", "value": 106.51509800000001 },
                { "name": "result", "value": "{\"headers\": {\"X-API-KEY\": \"the-secret-value-of-a-key\"}}" },
            ]},
            { "name": "method_response", "elapsed_us": 9, "facts": [{ "name": "status", "value": 200 }] },
        ],
        "reason": null,
    })
}

#[test]
fn the_body_is_data_and_the_rest_is_not() {
    let (person, shown) = ui(Format::Human);
    person.called(&called(None), false);
    assert_eq!(shown.out(), "{\"result\": true}");
    insta::assert_snapshot!(shown.err(), @"
    GET https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/admit?gre=800
    200 OK (42 ms, API key ServerlessPOC)
    content-type: application/json
    x-amzn-requestid: 6f1e0a52-0001-4000-8000-000000000001
    ");

    let (person, shown) = ui(Format::Human);
    person.called(&called(None), true);
    assert!(shown.out().starts_with("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"), "{}", shown.out());
    assert!(shown.out().ends_with("\r\n\r\n{\"result\": true}"), "{}", shown.out());
    assert_eq!(shown.err(), "");
}

#[test]
fn the_reason_behind_an_answer_is_for_the_developer() {
    let behind = |trace| Called { reason: Some("the function raised E: \u{1b}[2J".to_owned()), ..called(trace) };
    for (include, trace) in
        [(false, None), (true, None), (false, Some(json!({ "reason": "the function raised E: \u{1b}[2J" })))]
    {
        let (person, shown) = ui(Format::Human);
        person.called(&behind(trace), include);
        assert_eq!(shown.err().matches("the function raised E: \\u{1b}[2J").count(), 1, "{}", shown.err());
        assert!(!shown.out().contains("raised"), "{}", shown.out());
    }
    let (program, shown) = ui(Format::JsonDocument);
    program.called(&behind(None), false);
    assert!(shown.out().contains(r#""reason": "the function raised E: \u001b[2J""#), "{}", shown.out());
}

#[test]
fn a_call_as_a_document() {
    let (program, shown) = ui(Format::JsonDocument);
    program.called(&called(None), false);
    insta::assert_snapshot!(shown.out(), @r#"
    {
      "method": "GET",
      "url": "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/admit?gre=800",
      "key": "ServerlessPOC",
      "status": 200,
      "headers": {
        "content-type": "application/json",
        "x-amzn-requestid": "6f1e0a52-0001-4000-8000-000000000001"
      },
      "elapsed_ms": 42,
      "body": "{\"result\": true}"
    }
    "#);
}

#[test]
fn the_life_of_a_call_is_a_ladder() {
    let (person, shown) = ui(Format::Human);
    person.called(&called(Some(trace())), false);
    insta::assert_snapshot!(shown.err(), @r#"
    ╭─ method request ─────────────────────────────────────────────────────── 0.1 ms
    │  resource     GET /admit
    │  headers      {"x-api-key":"[not shown]","accept":"*/*"}
    │  querystring  {"gre":"800","gpa":"4","rank":"1"}
    │
    ├─ integration request ────────────────────────────────────────────────── 0.3 ms
    │  template  application/json
    │  body      {
    │              "gre": "800",
    │              "gpa": "4",
    │              "rank": "1"
    │            }
    │
    ├─ integration ─────────────────────────────────────────────────────────── 23 ms
    │  event        {
    │                 "headers": {
    │                   "X-Api-Key": "[not shown]",
    │                   "Accept": "*/*"
    │                 },
    │                 "requestContext": {
    │                   "identity": {
    │                     "apiKey": "[not shown]",
    │                     "sourceIp": "127.0.0.1"
    │                   }
    │                 }
    │               }
    │  duration ms  106.52
    │  result       {"headers":{"X-API-KEY":"[not shown]"}}
    │
    ╰─ method response ────────────────────────────────────────────────────── 0.0 ms
       status  200
    request id 6f1e0a52-0001-4000-8000-000000000001, API a1b2c3d4e5, stage prod

    GET https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/admit?gre=800
    200 OK (42 ms, API key ServerlessPOC)
    "#);
    assert!(shown.err().lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn a_key_in_a_trace_is_not_shown_wherever_it_stands() {
    for format in [Format::Human, Format::JsonDocument] {
        let (ui, shown) = ui(format);
        ui.called(&called(Some(trace())), false);
        assert!(!format!("{}{}", shown.out(), shown.err()).contains("secret-value"), "{}{}", shown.out(), shown.err());
    }
}

#[test]
fn long_values_of_a_trace_are_folded_and_shortened() {
    let facts = json!([{ "name": "body", "value": "é".repeat(200) }, { "name": "list", "value": (0..90).collect::<Vec<u32>>() }]);
    let trace =
        json!({ "steps": [{ "name": "integration", "elapsed_us": 12_000, "facts": facts }], "reason": "it broke" });
    let (person, shown) = ui(Format::Human);
    person.called(&called(Some(trace)), false);
    assert!(shown.err().lines().all(|line| line.chars().count() <= 80), "{}", shown.err());
    assert!(shown.err().contains("more lines; -v shows all") && shown.err().contains("✗ it broke"), "{}", shown.err());
}

fn difference(at: &str, expected: Option<Value>, got: Option<Value>) -> Difference {
    Difference { at: at.to_owned(), expected, got }
}

fn check(name: Option<&str>, differences: Vec<Difference>) -> Checked {
    let request = "GET /admit?gre=800&gpa=4&rank=1";
    Checked {
        check: name.unwrap_or(request).to_owned(),
        request: request.to_owned(),
        key: Some("ServerlessPOC".to_owned()),
        status: Some(200),
        attempts: 1,
        elapsed: Duration::from_millis(42),
        differences,
        reason: None,
    }
}

fn tested() -> Tested {
    let checks = vec![
        check(None, Vec::new()),
        Checked { attempts: 3, elapsed: Duration::from_millis(2_100), ..check(Some("spreads"), Vec::new()) },
        check(
            Some("admits nobody"),
            vec![
                difference("status", Some(json!(400)), Some(json!(200))),
                difference("json.result", Some(json!(false)), Some(json!(true))),
                difference("json.reason", Some(json!("gre")), None),
                difference("header content-type", Some(json!("text/plain")), Some(json!("application/json"))),
                difference("text", Some(json!("one\ntwo\nthree\n")), Some(json!("one\n2\u{1b}[1m\nthree\n"))),
            ],
        ),
        Checked {
            reason: Some("the function raised E: no\u{1b}".to_owned()),
            ..check(Some("raises"), vec![difference("status", Some(json!(200)), Some(json!(500)))])
        },
        check(
            Some("unreachable"),
            vec![difference("request", None, Some(json!("https://x does not answer: refused")))],
        ),
    ];
    Tested { target: target(), url: "https://api.example.com/poc".to_owned(), passed: 2, failed: 3, checks }
}

fn started(ui: &Ui, command: &'static str) {
    let text = str::to_owned;
    let (app, stage, region, account) = (text("ServerlessPOC"), text("prod"), text("us-east-1"), text("123456789012"));
    ui.report(&Event::Started { command, app, stage, region, account });
}

fn report(ui: &Ui, tested: &Tested) {
    for check in &tested.checks {
        let told = if check.passed() { Event::CheckPassed } else { Event::CheckFailed };
        ui.report(&told(check.clone()));
    }
}

#[test]
fn checks_are_the_result_of_a_test() {
    let (person, shown) = ui(Format::Human);
    started(&person, "test");
    report(&person, &tested());
    person.tested(&tested());
    insta::assert_snapshot!(shown.out(), @r#"
      ✓ passed   GET /admit?gre=800&gpa=4&rank=1 (42 ms)
      ✓ passed   spreads (2.1 s, 3 attempts)
      ✗ failed   admits nobody (42 ms)
          GET /admit?gre=800&gpa=4&rank=1
          status: expected 400, got 200
          json.result: expected false, got true
          json.reason: expected "gre", got nothing
          header content-type: expected "text/plain", got "application/json"
          text (- expected, + got)
              one
            - two
            + 2\u{1b}[1m
              three
      ✗ failed   raises (42 ms)
          GET /admit?gre=800&gpa=4&rank=1
          status: expected 200, got 500
          reason: the function raised E: no\u{1b}
      ✗ failed   unreachable (42 ms)
          GET /admit?gre=800&gpa=4&rank=1
          request: https://x does not answer: refused
    3 of 5 checks failed: https://api.example.com/poc
    "#);
    assert_eq!(shown.err(), "");
}

#[test]
fn checks_are_a_step_of_a_deploy() {
    let (person, shown) = ui(Format::Human);
    started(&person, "deploy");
    report(&person, &tested());
    let checks = Some(CheckTally { passed: 2, failed: 2 });
    person.deployed(&Deployed { target: target(), outcome: Outcome::Changed, outputs: BTreeMap::new(), checks });
    insta::assert_snapshot!(shown.err().lines().rev().take(5).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n"), @"

    Deployed ServerlessPOC (stage prod): nothing new yet. 2 of 4 checks failed: what
    is deployed stays deployed. Mend what the checks show and run `poc deploy`
    again; `poc test` runs the checks alone.
    0.0 s, requests: 0, writes: 0
    ");
    assert_eq!(shown.out(), "");
}

#[test]
fn checks_for_programs() {
    let (program, shown) = ui(Format::JsonLines);
    report(&program, &Tested { checks: tested().checks[..1].to_vec(), ..tested() });
    insta::assert_snapshot!(shown.out(), @r#"{"event":"check_passed","check":"GET /admit?gre=800&gpa=4&rank=1","request":"GET /admit?gre=800&gpa=4&rank=1","key":"ServerlessPOC","status":200,"attempts":1,"elapsed_ms":42}"#);
    insta::assert_snapshot!(junit(&tested()).unwrap(), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="poc test" tests="5" skipped="0" failures="3" errors="0" time="2.268">
        <testsuite name="ServerlessPOC prod" tests="5" skipped="0" errors="0" failures="3" time="2.268">
            <testcase name="GET /admit?gre=800&amp;gpa=4&amp;rank=1" classname="ServerlessPOC.checks" time="0.042"/>
            <testcase name="spreads" classname="ServerlessPOC.checks" time="2.100"/>
            <testcase name="admits nobody" classname="ServerlessPOC.checks" time="0.042">
                <failure message="status: expected 400, got 200" type="check">GET /admit?gre=800&amp;gpa=4&amp;rank=1
    status: expected 400, got 200
    json.result: expected false, got true
    json.reason: expected &quot;gre&quot;, got nothing
    header content-type: expected &quot;text/plain&quot;, got &quot;application/json&quot;
    text (- expected, + got)
    one
    - two
    + 2\u{1b}[1m
    three</failure>
            </testcase>
            <testcase name="raises" classname="ServerlessPOC.checks" time="0.042">
                <failure message="status: expected 200, got 500" type="check">GET /admit?gre=800&amp;gpa=4&amp;rank=1
    status: expected 200, got 500
    reason: the function raised E: no\u{1b}</failure>
            </testcase>
            <testcase name="unreachable" classname="ServerlessPOC.checks" time="0.042">
                <failure message="request: https://x does not answer: refused" type="check">GET /admit?gre=800&amp;gpa=4&amp;rank=1
    request: https://x does not answer: refused</failure>
            </testcase>
        </testsuite>
    </testsuites>
    "#);
}

#[test]
fn without_checks_there_is_nothing_to_run() {
    let (person, shown) = ui(Format::Human);
    person.tested(&Tested { passed: 0, failed: 0, checks: Vec::new(), ..tested() });
    assert_eq!(shown.out(), "deploy.yaml has no checks, so there is nothing to run.\n");
}

#[test]
fn a_key_is_its_value_and_nothing_else() {
    let key = ShownKey { name: "ServerlessPOC".to_owned(), id: "k1".to_owned(), value: "the-value".to_owned() };
    let (person, shown) = ui(Format::Human);
    person.key(&key);
    assert_eq!((shown.out().as_str(), shown.err().as_str()), ("the-value\n", ""));
    let (program, shown) = ui(Format::JsonDocument);
    program.key(&key);
    let document: Value = serde_json::from_str(&shown.out()).unwrap();
    assert_eq!(document, json!({ "name": "ServerlessPOC", "id": "k1", "value": "the-value" }));
    assert!(!format!("{key:?}").contains("the-value"));
}

#[test]
fn a_rotation_says_what_it_means_and_asks() {
    let rotation = |grace, resumed| Rotation {
        target: target(),
        key: "ServerlessPOC".to_owned(),
        grace: Duration::from_secs(grace),
        resumed,
    };
    let (person, shown) = Ui::captured(Format::Human, Volume::Normal, 80, Some("y\n"));
    assert!(person.agreed_to_rotate(&rotation(300, false), false, &|| false));
    assert!(person.agreed_to_rotate(&rotation(0, true), true, &|| false));
    for (outcome, resumed) in [(Outcome::Changed, false), (Outcome::Changed, true), (Outcome::Declined, false)] {
        person.rotated(&Rotated { key: "ServerlessPOC".to_owned(), outcome, resumed });
    }
    insta::assert_snapshot!(shown.err(), @"
    ServerlessPOC · stage prod · us-east-1 · account 123456789012

    The API key ServerlessPOC gets a new value. The old value is accepted for 5 min
    more, then callers that send it get 403. So long this command waits; after
    Ctrl-C both are accepted until it or `poc deploy` is run again.

    Rotate the key? [y/N] ServerlessPOC · stage prod · us-east-1 · account 123456789012

    The rotation of the API key ServerlessPOC that was begun before is finished. The
    old value goes at once; callers that send it get 403.

    Rotated ServerlessPOC: `poc key show` prints its new value.

    Finished ServerlessPOC: the rotation that was begun before. `poc key show`
    prints its new value; to rotate it once more, run the same command again.

    Nothing was changed.
    ");
}

#[test]
fn a_log_line_has_its_time_and_cannot_drive_a_terminal() {
    let line = LogLine {
        timestamp: 1_795_685_400_125,
        time: "2026-11-26T09:30:00.125Z".to_owned(),
        stream: "2026/11/26/[1]abc".to_owned(),
        message: "[ERROR] ValueError\rTraceback:\r  \u{1b}[2Jline".to_owned(),
    };
    let (person, shown) = ui(Format::Human);
    person.log_line(&line);
    let indent = " ".repeat(26);
    let raw = format!("2026-11-26T09:30:00.125Z  [ERROR] ValueError\n{indent}Traceback:\n{indent}  \u{1b}[2Jline\n");
    assert_eq!(shown.out(), raw);
    let guarded = anstream::adapter::strip_str(&crate::ui::outcome::log_line(&line, true)).to_string();
    assert!(guarded.contains("\\u{1b}[2Jline"), "{guarded}");
    let (program, shown) = ui(Format::JsonDocument);
    program.log_line(&line);
    assert_eq!(serde_json::from_str::<Value>(&shown.out()).unwrap()["timestamp"], 1_795_685_400_125_i64);
    assert_eq!(shown.out().lines().count(), 1);
}

#[test]
fn what_a_template_overrides_is_told_beside_its_text() {
    let rendered = Rendered {
        output: "text\u{1b}[1m".to_owned(),
        request_override: Some(json!({ "path": {}, "header": { "X": "1" } })),
        response_override: None,
    };
    let (person, shown) = ui(Format::Human);
    person.rendered(&rendered);
    assert_eq!(shown.out(), "text\u{1b}[1m");
    assert_eq!(shown.err(), "$context.requestOverride = {\"header\":{\"X\":\"1\"}}\n");
}
