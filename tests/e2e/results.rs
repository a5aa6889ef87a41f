//! `AWS_FACTS` C6: what a caller sees of what the function returned, raised or never said.

use serde_json::{Value, json};

use super::routes::{Reply, Route};
use super::rows::{function, refused};
use super::served::Served;
use super::wire::{get, post};

const INTERNAL: (u16, &str, &str) = (500, "InternalServerErrorException", "Internal server error");

const API: &str = r#"
api:
  name: E2e
  endpoint: regional
  resources:
    # The event is what the caller posts: /patterns has the texts that errors are told by.
    /patterns:
      POST:
        responses:
          200: {}
          400: { pattern: '.*"httpStatus":400.*' }
          402: { pattern: '.*four hundred and two.*' }
          404: { pattern: 'Error' }
          409: { pattern: 'Conflict: .*' }
          422: { pattern: '(?s)Several.*lines' }
          423: { pattern: '(\n|.)*any line(\n|.)*' }
          500: { pattern: '200' }
    /caught:
      POST:
        responses: { 200: {}, 400: { pattern: '.*four hundred.*' }, 502: { pattern: '(?!.*four hundred)(\n|.)+' } }
    /plain: { POST: {} }
    /headers:
      POST:
        responses:
          200:
            headers:
              X-From-Body: integration.response.body.deep.list[1]
              X-Whole-Body: integration.response.body
              X-Fixed: "'fixed'"
              X-Nothing: integration.response.body.nowhere
              X-Theirs: integration.response.header.Content-Type
              Content-Type: "'text/plain'"
    /renamed: { POST: { responses: { 200: { headers: RENAMED } } } }
    /overridden:
      POST:
        responses:
          200:
            headers: { X-Over: "'mapped'" }
            templates:
              application/json:
                inline: |-
                  #set($context.responseOverride.status = $input.path('$.status'))
                  #set($context.responseOverride.header.X-Over = 'template')
                  {"overridden": true}
    /accept:
      POST:
        responses:
          200:
            templates:
              application/xml: { inline: "<got>$input.path('$.got')</got>" }
              application/json: { inline: '{"got": $input.json(''$.got'')}' }
              text/csv: { inline: "got,$input.path('$.got')" }
    /accept-without-json:
      POST:
        responses:
          200:
            templates: { text/csv: { inline: "csv" }, text/plain: { inline: "plain" } }
"#;

#[tokio::test]
async fn what_the_function_did_and_what_the_caller_sees() {
    let renamed: serde_json::Map<_, _> =
        RENAMED.iter().map(|name| ((*name).to_owned(), format!("'my {name}'").into())).collect();
    let served = Served::file(&API.replace("RENAMED", &Value::from(renamed).to_string())).await;
    let mut rows = served.rows();
    let raises = |path: &str, text: &str| post(path, &json!({ "raise": text }).to_string());

    // "Error object `{"errorMessage","errorType","requestId"?, "stackTrace":[…]}`"
    let seen = rows.row("an error passes as Lambda tells it", raises("/prod/plain", "boom"), function(200));
    let told = seen.json();
    rows.holds("errorMessage", told["errorMessage"] == "boom", &told);
    rows.holds("errorType", told["errorType"] == "Exception", &told);
    rows.holds("requestId", told["requestId"].as_str().is_some_and(|id| id.len() == 36), &told);
    let trace = told["stackTrace"].as_array().cloned().unwrap_or_default();
    let shows = trace.iter().filter_map(Value::as_str).any(|frame| frame.contains("handler.py"));
    rows.holds("stackTrace", shows, &told);
    let typed = post("/prod/plain", r#"{"raise": "no such thing", "as": "ValueError"}"#);
    let seen = rows.row("the error's own type", typed, function(200)).json();
    rows.holds("errorType is the class", seen["errorType"] == "ValueError", &seen);

    // "recorded: pattern `200` not matched on a success; `.+` catches any error; `.*four hundred.*` first"
    for (name, returned) in
        [("an object", json!({ "statusCode": 200 })), ("a text", json!("200")), ("a number", json!(200))]
    {
        let call = post("/prod/patterns", &json!({ "return": returned }).to_string());
        rows.row(&format!("the pattern 200 is not matched on {name}"), call, function(200).json(returned));
    }
    rows.row("the pattern 200 is about errorMessage", raises("/prod/patterns", "200"), function(500));
    rows.row("one pattern of several", raises("/prod/caught", "it is four hundred now"), function(400));
    rows.row("a catch-all", raises("/prod/caught", "anything"), function(502));
    rows.row("a catch-all over lines", raises("/prod/caught", "two\nlines"), function(502));
    // "Success (no errorMessage, or non-object) matches against "" → default response"
    for (name, returned) in
        [("an object", json!({ "a": 1 })), ("a list", json!([1])), ("null", json!(null)), ("true", json!(true))]
    {
        let call = post("/prod/caught", &json!({ "return": returned }).to_string());
        rows.row(&format!("{name} is a success"), call, function(200).json(returned));
    }
    // "selectionPattern matches only `errorMessage`": a success that has one is selected by it as well.
    let call = post("/prod/patterns", r#"{"return": {"errorMessage": "Error"}}"#);
    rows.row("a returned errorMessage selects too", call, function(404).json(json!({ "errorMessage": "Error" })));

    // "Full-match (anchored) Java `Pattern`: a bare `Error` does not match `Error: x`; use `Error.*`"
    rows.row("the whole text", raises("/prod/patterns", "Error"), function(404));
    rows.row("more than the pattern", raises("/prod/patterns", "Error: x"), function(200));
    rows.row("less than the text", raises("/prod/patterns", "an Error"), function(200));
    rows.row("with .* at its end", raises("/prod/patterns", "Conflict: x"), function(409));
    let article = r#"{"errorType":"ValueError","httpStatus":400,"message":"gre"}"#;
    rows.row("the article's pattern", raises("/prod/patterns", article), function(400));
    // "`.` does **not** match newlines without `(?s)`; multi-line errorMessages need `(\n|.)*X(\n|.)*` or `(?s).*X.*`"
    rows.row("a dot stops at a line's end", raises("/prod/patterns", "Conflict: x\ny"), function(200));
    rows.row("(?s)", raises("/prod/patterns", "Several\n\nlines"), function(422));
    rows.row("(\\n|.)*", raises("/prod/patterns", "first\nin any line\nlast"), function(423));

    // "Runtime crash: `RequestId: … Error: Runtime exited with error: exit status 1`, `errorType: Runtime.ExitError`" [K]
    let seen = rows.row("a crash", post("/prod/plain", r#"{"exit": 1}"#), function(200)).json();
    let told = seen["errorMessage"].as_str().unwrap_or_default();
    let ended = told.starts_with("RequestId: ") && told.ends_with(" Error: Runtime exited with error: exit status 1");
    rows.holds("its errorMessage", ended, &seen);
    rows.holds("its errorType", seen["errorType"] == "Runtime.ExitError", &seen);

    // "Response template chosen by the request's `Accept` (… DG: first media type honoured) exact match → else
    // `application/json` → else first". "Response `Content-Type` defaults to `application/json`".
    let got = |path: &str, accept: &str| {
        let call = post(path, r#"{"got": 1}"#);
        if accept.is_empty() { call } else { call.header("Accept", accept) }
    };
    for (path, accept, body) in [
        ("/prod/accept", "application/xml", "<got>1</got>"),
        ("/prod/accept", "text/csv", "got,1"),
        ("/prod/accept", "application/xml;q=0.9, text/csv", "<got>1</got>"),
        ("/prod/accept", "text/html", "{\"got\": 1}"),
        ("/prod/accept", "*/*", "{\"got\": 1}"),
        ("/prod/accept", "", "{\"got\": 1}"),
        ("/prod/accept-without-json", "text/plain", "plain"),
        ("/prod/accept-without-json", "text/html", "csv"),
    ] {
        rows.row(&format!("Accept: {accept}"), got(path, accept), function(200).text(body));
    }
    // "No template → passthrough."
    let call = post("/prod/plain", r#"{"return": {"b":1,"a":[null,1.50,"ü"]}}"#);
    rows.row("no template", call, function(200).json(json!({ "b": 1, "a": [null, 1.5, "ü"] })));

    // "Method response headers come **only** from responseParameters/responseOverride; Lambda headers are dropped"
    let event = json!({ "deep": { "list": ["no", "yes"] } });
    let mapped = function(200).json(event.clone()).header("content-type", "text/plain");
    let mapped = mapped.header("x-from-body", "yes").header("x-fixed", "fixed").without("x-nothing");
    let mapped = mapped.header("x-theirs", "application/json").without("x-amz-executed-version");
    let mapped = mapped.without("x-amz-function-error").without("x-amz-log-result");
    let seen = rows.row("headers by mapping alone", post("/prod/headers", &event.to_string()), mapped);
    let whole = seen.header("x-whole-body").unwrap_or_default();
    rows.holds(
        "integration.response.body",
        serde_json::from_str::<Value>(&whole).is_ok_and(|seen| seen == event),
        &whole,
    );
    // A value is one line, whatever the function says.
    let event = json!({ "deep": { "list": ["", "a\r\nX-Evil: 1\r\n\r\nbody"] } });
    let one_line = function(200).json(event.clone()).header("content-type", "text/plain").without("x-evil");
    rows.row("a header of several lines", post("/prod/headers", &event.to_string()), one_line);
    // "Illegal header names are renamed `x-amzn-Remapped-<Name>`"
    let seen = rows.row("illegal header names", post("/prod/renamed", "{}"), function(200).json(json!({})));
    for name in RENAMED {
        let renamed = seen.header(&format!("x-amzn-Remapped-{name}"));
        let mine = format!("my {name}");
        rows.holds(name, renamed.as_deref() == Some(&mine) && seen.header(name) != Some(mine), &seen);
    }

    // C5: "status override must be an int 100–599 or it is ignored"; every kind of it is in tests/gateway/overrides.rs.
    let over = |status: Value| post("/prod/overridden", &json!({ "status": status }).to_string());
    for (status, seen) in [(json!(418), 418), (json!(600), 200)] {
        let expected = function(seen).header("x-over", "template").json(json!({ "overridden": true }));
        rows.row(&format!("status override {status}"), over(status), expected);
    }
    rows.end();
    served.stop().await;
}

/// C6, recorded.
const RENAMED: [&str; 14] = [
    "Authorization",
    "Connection",
    "Content-Length",
    "Content-MD5",
    "Date",
    "Expect",
    "Host",
    "Max-Forwards",
    "Proxy-Authenticate",
    "Server",
    "Trailer",
    "Upgrade",
    "User-Agent",
    "WWW-Authenticate",
];

/// What deploy.yaml refuses to say: it is deployed by the SDK's calls, through the same port.
#[tokio::test]
async fn what_deploy_yaml_would_refuse() {
    let served = Served::file("api: { name: E2e, endpoint: regional, resources: { /x: { POST: {} } } }\n").await;
    let api = served.api("by-hand").await;
    let route = |path: &str| Route::lambda("POST", path);
    api.put(route("/hijacked").reply(Reply::new("200")).reply(Reply::new("500").when(".*"))).await;
    api.put(route("/only-errors").reply(Reply::new("400").when("Error.*"))).await;
    api.put(route("/catches").reply(Reply::new("200")).reply(Reply::new("500").when(".+"))).await;
    api.put(route("/undeclared").reply(Reply::new("200").undeclared())).await;
    for (at, name) in FORBIDDEN.iter().enumerate() {
        let mapped = route(&format!("/mapped/{at}")).map(&format!("header.{name}"), "'x'");
        api.put(mapped.reply(Reply::new("200"))).await;
    }
    api.put(route("/unparsed").template("application/json", "#if(").reply(Reply::new("200"))).await;
    api.put(route("/no-json").template("application/json", "{gre: $input.json('$.gre')").reply(Reply::new("200")))
        .await;
    api.put(route("/by-get").by("GET").reply(Reply::new("200"))).await;
    api.put(route("/nobody").uri(&gone()).reply(Reply::new("200"))).await;
    api.deploy().await;

    let mut rows = served.rows();
    let (status, kind, message) = INTERNAL;
    let host = api.host();
    let at = |path: &str, event: &str| post(path, event).header("Host", &host);
    // "`.*` also matches "" and hijacks success"
    rows.row("`.*` hijacks a success", at("/prod/hijacked", "{}"), function(500).json(json!({})));
    rows.row("`.+` leaves it alone", at("/prod/catches", "{}"), function(200).json(json!({})));
    rows.row("`.+` catches any error", at("/prod/catches", r#"{"raise": "x"}"#), function(500));
    // "No match and no default → 500 API_CONFIGURATION_ERROR `Internal server error`"
    rows.row("no match and no default", at("/prod/only-errors", "{}"), refused(status, kind, message));
    rows.row("a match without a default", at("/prod/only-errors", r#"{"raise": "Error 1"}"#), function(400));
    rows.row("a status without a method response", at("/prod/undeclared", "{}"), refused(status, kind, message));
    // "Mapping `content-length`, `transfer-encoding`, `x-amzn-trace-id`, (AWS also `authorization`,`connection`,`expect`,
    // `proxy-authenticate`,`te`) into an integration request → 500 InternalServerErrorException"
    for (number, name) in FORBIDDEN.iter().enumerate() {
        let call = at(&format!("/prod/mapped/{number}"), "{}");
        rows.row(&format!("{name} mapped into the integration request"), call, refused(status, kind, message));
    }
    // C5: "VTL parse error is accepted at PutIntegration (no syntax check) and yields 500 at runtime" [K]
    rows.row("a template that does not parse", at("/prod/unparsed", "{}"), refused(status, kind, message));
    // C5: "invalid JSON → Lambda `InvalidRequestContentException` 400 → client sees 500 … or 400 `{"message": "Could not parse
    // request body into json: …"}`" [unverified]. Here Lambda's words go through the *default* mapping, as that line says.
    let seen = rows.row("a template that makes no JSON", at("/prod/no-json", r#"{"gre": 1}"#), function(200));
    rows.holds("Lambda's words", seen.text().contains("Could not parse request body into json: "), &seen.text());
    // "AccessDenied → 500 Internal server error": the permission is taken away.
    rows.row("before the permission goes", at("/prod/catches", "{}"), function(200));
    let taken = served.lambda.remove_permission().function_name("admit").qualifier("prod").statement_id("by-hand");
    taken.send().await.unwrap();
    rows.row("AccessDenied", at("/prod/catches", "{}"), refused(status, kind, message));
    rows.row("an integration that is no POST", at("/prod/by-get", "{}"), refused(status, kind, message));
    rows.row("a function that is not there", at("/prod/nobody", "{}"), refused(status, kind, message));
    rows.row(
        "and the file's own API goes on",
        get("/prod/x"),
        refused(403, "MissingAuthenticationTokenException", "Missing Authentication Token"),
    );
    rows.end();
    served.stop().await;
}

const FORBIDDEN: [&str; 8] = [
    "content-length",
    "transfer-encoding",
    "x-amzn-trace-id",
    "authorization",
    "connection",
    "expect",
    "proxy-authenticate",
    "te",
];

fn gone() -> String {
    super::routes::URI.replace(":admit:prod/", ":gone:prod/")
}
