//! `AWS_FACTS` C8, and the rows of C6 that are about Lambda's own limits: time, size, bytes that are no text.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::json;

use super::rows::{Expected, function, mock, refused};
use super::served::Served;
use super::server::wait_for;
use super::wire::{Seen, call, get, post};

/// "Timeout → 504 `{"message": "Endpoint request timed out"}`": with a blank, unlike the others.
fn timed_out() -> Expected {
    Expected::any(504, "InternalServerErrorException").text("{\"message\": \"Endpoint request timed out\"}")
}

#[tokio::test]
async fn time() {
    let served = Served::changed(
        "timeout: 20",
        "timeout: 1",
        r#"
api:
  name: E2e
  endpoint: regional
  resources:
    /hasty: { POST: { timeout: 0.05 } }
    /hasty/proxy: { POST: { timeout: 0.05, integration: lambda_proxy } }
    /later: { POST: { request: { headers: { X-Amz-Invocation-Type: "'Event'" } } } }
    /patient: { POST: { responses: { 200: {}, 503: { pattern: '.*Task timed out after 1\.00 seconds.*' } } } }
"#,
    )
    .await;
    let mut rows = served.rows();
    // "Integration timeout 50 ms–29 s". "the Lambda keeps running"
    for path in ["/prod/hasty", "/prod/hasty/proxy"] {
        let done = served.world.path(&format!("done{}", path.replace('/', "-")));
        let event = json!({ "sleep": 0.3, "touch": done });
        rows.row(path, post(path, &event.to_string()), timed_out());
        wait_for("the function that nobody waits for", || done.exists().then_some(()));
    }
    // Lambda's own "Event": nobody waits at all.
    let done = served.world.path("done-later");
    let event = json!({ "touch": done, "return": "nobody sees it" });
    rows.row("an event for later", post("/prod/later", &event.to_string()), function(200).text(""));
    wait_for("the function that was called for later", || done.exists().then_some(()));
    // "Lambda timeout gives `errorMessage` `2025-… <reqid> Task timed out after 3.00 seconds`"
    let seen = rows.row("the function's own limit", post("/prod/patient", r#"{"sleep": 30}"#), function(503)).json();
    let told = seen["errorMessage"].as_str().unwrap_or_default();
    let mut words = told.split(' ');
    let time = words.next().is_some_and(|time| time.parse::<jiff::Timestamp>().is_ok());
    let id = words.next().is_some_and(|id| id.len() == 36);
    rows.holds("time, request id, sentence", time && id && told.ends_with(" Task timed out after 1.00 seconds"), &seen);
    rows.row("the next one starts anew", post("/prod/patient", "{}"), function(200));
    rows.end();
    served.stop().await;
}

/// "Lambda throttle (TooManyRequests 429) or 5xx in `AWS` integration: status-code patterns not applied → default mapping /
/// 500" [K unverified; it is the 500 here: AWS's forums have it as INTEGRATION_FAILURE, whatever the patterns say]
#[tokio::test]
async fn a_function_that_may_not_run() {
    let served = Served::changed(
        "timeout: 20",
        "timeout: 20, reserved_concurrency: 0",
        "api: { name: E2e, endpoint: regional, resources: { /x: { POST: { responses: { 200: {}, 429: { pattern: '429' } } } } } }\n",
    )
    .await;
    let mut rows = served.rows();
    let failed = refused(500, "InternalServerErrorException", "Internal server error");
    rows.row("throttled by Lambda", post("/prod/x", "{}"), failed);
    rows.end();
    served.stop().await;
}

#[tokio::test]
async fn size() {
    let served = Served::file(
        r#"
api:
  name: E2e
  endpoint: regional
  resources:
    /mock: { POST: { integration: mock, request: { templates: { application/json: { inline: '{"statusCode": 200}' } } } } }
    /function: { POST: { responses: { 200: {}, 502: { pattern: '.*exceeded maximum allowed payload size.*' } } } }
"#,
    )
    .await;
    let mut rows = served.rows();
    let ten = 10 << 20;
    let body = |size: usize| format!("\"{}\"", "x".repeat(size - 2));
    // "Payload 10 MB (REST)"
    rows.row("10 MB", post("/prod/mock", &body(ten)), mock(200));
    // "Over → 413 (body text `Request Too Long`/`Request Entity Too Large` [unverified])"; here it is the first.
    let too_long = refused(413, "RequestTooLargeException", "Request Too Long");
    rows.row("one byte more", post("/prod/mock", &body(ten + 1)), too_long);
    // "Lambda sync invoke 6 MB each way → the effective limit for Lambda"
    let six = 6 << 20;
    rows.row("6 MB to the function", post("/prod/function", &body(six)), function(200).text(&body(six)));
    let too_long = refused(413, "RequestTooLargeException", "Request Too Long");
    rows.row("one byte more to the function", post("/prod/function", &body(six + 1)), too_long);
    // In JSON two quotes are added.
    let long = |size: usize| post("/prod/function", &json!({ "long": size - 2 }).to_string());
    let seen = rows.row("6 MB from the function", long(six), function(200));
    rows.holds("all of it", seen.bytes.len() == six, &seen.bytes.len());
    rows.row("too much from the function", long(six + 1000), function(502));
    rows.end();
    served.stop().await;
}

/// The smallest PNG there is: one transparent dot.
const PNG: &str = "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082";

fn png() -> Vec<u8> {
    (0..PNG.len()).step_by(2).map(|at| u8::from_str_radix(&PNG[at..at + 2], 16).unwrap()).collect()
}

const BINARY: &str = r#"
api:
  name: E2e
  endpoint: regional
  binary_media_types: [image/png, audio/*]
  resources:
    /in:
      POST: { request: { passthrough: never, content_handling: convert_to_text, templates: { image/png: { inline: '{"got": "$input.body"}' }, $default: { inline: '{"got": "$input.body"}' } } } }
    /in/unconverted:
      POST: { request: { passthrough: never, templates: { image/png: { inline: '{"got": "$input.body"}' }, $default: { inline: '{"got": "$util.escapeJavaScript($input.body)"}' } } } }
    /out: { POST: { responses: { 200: { content_handling: convert_to_binary, headers: { Content-Type: "'image/png'" } } } } }
    /out/unconverted: { POST: { responses: { 200: { headers: { Content-Type: "'image/png'" } } } } }
    /proxy: { POST: { integration: lambda_proxy } }
"#;

/// "Binary: `binaryMediaTypes` + contentHandling table; base64 failure → 500". "Without it everything is UTF-8 text with
/// replacement chars"
#[tokio::test]
async fn bytes() {
    let served = Served::file(BINARY).await;
    let mut rows = served.rows();
    let base64 = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgAAACAAAB4iG8MwAAAABJRU5ErkJggg==";
    let into = |path: &str, kind: &str| call("POST", path).body(kind, png());
    rows.row("a PNG comes in", into("/prod/in", "image/png"), function(200).json(json!({ "got": base64 })));
    let bytes = call("POST", "/prod/in").body("audio/wav", [0xff, 0x00]);
    rows.row("a wildcard's bytes come in", bytes, function(200).json(json!({ "got": "/wA=" })));
    let text = call("POST", "/prod/in").body("text/plain", "text");
    rows.row("text is text", text, function(200).json(json!({ "got": "text" })));
    let internal = || refused(500, "InternalServerErrorException", "Internal server error");
    rows.row("a template cannot read bytes", into("/prod/in/unconverted", "image/png"), internal());
    let broken = call("POST", "/prod/in/unconverted").body("text/plain", b"a\xffb");
    rows.row("replacement characters", broken, function(200).json(json!({ "got": "a\u{fffd}b" })));

    // What a Python handler returns is JSON: base64 in quotes.
    let event = json!({ "hex": PNG }).to_string();
    let out = |path: &str| post(path, &event).header("Accept", "image/png");
    let image = || function(200).header("content-type", "image/png").bytes(&png());
    rows.row("a PNG goes out", out("/prod/out"), image());
    rows.row("to whoever asks", post("/prod/out", &event), image());
    rows.row("by Accept alone", out("/prod/out/unconverted"), image());
    let text = function(200).header("content-type", "image/png").text(&format!("\"{base64}\""));
    rows.row("not by Accept: text", post("/prod/out/unconverted", &event), text);
    rows.row("base64 failure", post("/prod/out", r#"{"return": "no base64!"}"#), internal());

    let proxied =
        json!({ "return": { "headers": { "Content-Type": "image/png" }, "isBase64Encoded": true, "body": base64 } });
    let seen =
        rows.row("a PNG by proxy", post("/prod/proxy", &proxied.to_string()).header("Accept", "image/png"), image());
    rows.holds("all of it", seen.bytes == png(), &seen.bytes.len());
    rows.end();
    served.stop().await;
}

fn gzip(body: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn unpacked(seen: &Seen) -> String {
    let mut body = String::new();
    GzDecoder::new(seen.bytes.as_slice()).read_to_string(&mut body).unwrap_or_else(|_| panic!("no gzip: {seen:?}"));
    body
}

/// `minimum_compression`: answers of that size and more, to whoever accepts them; requests come packed as they like.
#[tokio::test]
async fn packed() {
    let file = "api: { name: E2e, endpoint: regional, minimum_compression: 100, resources: { /x: { POST: {} } } }\n";
    let served = Served::file(file).await;
    let mut rows = served.rows();
    let text = |size: usize| format!("\"{}\"", "x".repeat(size - 2));
    let sent = |size: usize| post("/prod/x", &text(size));
    let seen = rows.row(
        "100 bytes",
        sent(100).header("Accept-Encoding", "gzip"),
        function(200).header("content-encoding", "gzip"),
    );
    rows.holds("what is in it", unpacked(&seen) == text(100), &seen);
    let plain = |size: usize| function(200).without("content-encoding").text(&text(size));
    rows.row("99 bytes", sent(99).header("Accept-Encoding", "gzip"), plain(99));
    rows.row("nobody asked", sent(100), plain(100));
    rows.row("identity", sent(100).header("Accept-Encoding", "identity"), plain(100));
    let packed = post("/prod/x", "").bare_body(gzip(&text(50))).header("Content-Encoding", "gzip");
    rows.row("a packed request", packed, plain(50));
    let unknown = refused(403, "MissingAuthenticationTokenException", "Missing Authentication Token");
    rows.row("the gateway's own are short", get("/prod/nowhere").header("Accept-Encoding", "gzip"), unknown);
    rows.end();
    served.stop().await;
}
