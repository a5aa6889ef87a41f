//! The log of `poc dev`.

use std::time::Duration;

use super::super::{Format, Ui, Volume};
use crate::event::{Event, Reporter, Request, RequestStep};

fn request() -> Request {
    let step = |name, micros, cold| RequestStep { name, elapsed: Duration::from_micros(micros), cold };
    Request {
        time: "2026-01-01T09:30:00.125Z".to_owned(),
        source: "127.0.0.1".to_owned(),
        method: "GET".to_owned(),
        target: "/prod/admit?gre=800&gpa=4".to_owned(),
        status: 200,
        elapsed: Duration::from_micros(12_345),
        answered_by: "api",
        resource: Some("/admit".to_owned()),
        api_key: Some("ServerlessPOC".to_owned()),
        request_id: Some("58c65572-0465-4206-8a7b-dab6a218b574".to_owned()),
        steps: vec![
            step("method_request", 120, None),
            step("integration", 12_100, Some(Duration::from_millis(80))),
            step("method_response", 90, None),
        ],
        reason: None,
    }
}

fn shown(format: Format, volume: Volume, events: &[Event]) -> (String, String) {
    let (ui, captured) = Ui::captured(format, volume, 100, None);
    events.iter().for_each(|event| ui.report(event));
    (captured.out(), captured.err())
}

#[test]
fn a_request_is_one_line() {
    let refused = Request {
        status: 403,
        elapsed: Duration::from_micros(230),
        api_key: None,
        steps: Vec::new(),
        reason: Some("the key is in no usage plan\nof the stage".to_owned()),
        ..request()
    };
    let aws = Request {
        method: "DELETE".to_owned(),
        target: "/b/k".to_owned(),
        status: 503,
        answered_by: "s3",
        api_key: None,
        steps: Vec::new(),
        ..request()
    };
    let events = [request(), refused, aws].map(Event::Request);
    let (out, err) = shown(Format::Human, Volume::Normal, &events);
    insta::assert_snapshot!(out, @"
    09:30:00 GET  /prod/admit?gre=800&gpa=4  200  12.3 ms  gateway 0.2 · function 12.1 (cold 80.0)  key ServerlessPOC
    09:30:00 GET  /prod/admit?gre=800&gpa=4  403  0.2 ms  the key is in no usage plan of the stage
    09:30:00 DELETE /b/k  503  12.3 ms  AWS API s3
    ");
    assert_eq!(err, "");
    assert_eq!(shown(Format::Human, Volume::Quiet, &events), (String::new(), String::new()));
}

#[test]
fn a_target_cannot_break_the_line_or_fill_the_screen() {
    let long = Request { target: format!("/prod/{}\u{1b}[2J\n", "a".repeat(300)), ..request() };
    let (out, _) = shown(Format::Human, Volume::Normal, &[Event::Request(long.clone())]);
    assert!(out.lines().count() == 1 && out.contains('…') && out.len() < 300, "{out}");
    let (out, _) = shown(Format::Human, Volume::Verbose, &[Event::Request(long)]);
    assert!(out.lines().count() == 1 && out.contains("aaa\\u{1b}[2J"), "{out}");
}

#[test]
fn what_a_server_says_besides() {
    let serving = Event::Serving {
        site: Some("http://127.0.0.1:3000/".to_owned()),
        page: Some("http://127.0.0.1:3000/_poc/".to_owned()),
        url: "http://127.0.0.1:3000/prod".to_owned(),
        endpoint: "http://127.0.0.1:3000".to_owned(),
        call: Some("curl -i 'http://127.0.0.1:3000/prod/admit'".to_owned()),
        custom_url: Some("https://api.example.com/poc".to_owned()),
        watching: true,
    };
    let changes = vec!["GET /admit integration.templates.application/json".to_owned(), "usage plan quota".to_owned()];
    let events = [
        serving,
        Event::Redeployed { elapsed: Duration::from_millis(180), changes },
        Event::Kept { elapsed: Duration::from_millis(20) },
        Event::Restored { elapsed: Duration::from_millis(20) },
        Event::Stopped { requests: 1, elapsed: Duration::from_secs(75), problem: None },
    ];
    let (out, err) = shown(Format::Human, Volume::Normal, &events);
    insta::assert_snapshot!(out.trim_start(), @"
    serving      http://127.0.0.1:3000/prod
    site         http://127.0.0.1:3000/
    look inside  http://127.0.0.1:3000/_poc/
    try it       curl -i 'http://127.0.0.1:3000/prod/admit'
    custom URL   http://127.0.0.1:3000/poc with -H 'Host: api.example.com'
    AWS APIs     AWS_ENDPOINT_URL=http://127.0.0.1:3000 AWS_ACCESS_KEY_ID=LOCAL AWS_SECRET_ACCESS_KEY=local

    Edits are deployed as you save them. Ctrl-C ends.
    ");
    insta::assert_snapshot!(err, @"
    ✓ redeployed in 0.2 s: GET /admit integration.templates.application/json, usage plan quota
    · not deployed; what was deployed before is still served
    ✓ nothing to deploy: what is served is what the files say again

    Stopped after 1 min 15 s: 1 request answered.
    ");
    let (out, err) = shown(Format::JsonLines, Volume::Normal, &[Event::Request(request())]);
    insta::assert_snapshot!(out, @r#"{"event":"request","time":"2026-01-01T09:30:00.125Z","source":"127.0.0.1","method":"GET","target":"/prod/admit?gre=800&gpa=4","status":200,"elapsed_us":12345,"answered_by":"api","resource":"/admit","api_key":"ServerlessPOC","request_id":"58c65572-0465-4206-8a7b-dab6a218b574","steps":[{"name":"method_request","elapsed_us":120},{"name":"integration","elapsed_us":12100,"cold_us":80000},{"name":"method_response","elapsed_us":90}]}"#);
    assert_eq!(err, "");
}
