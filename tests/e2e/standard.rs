//! `AWS_FACTS` C7: what every answer has, what the gateway says by itself, and what an API may make of that; CORS, which is made
//! of the same; functions behind a proxy.

use serde_json::json;

use super::rows::{Expected, function, mock, refused};
use super::served::Served;
use super::wire::{Call, call, connect, get, post};

fn unknown() -> Expected {
    refused(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
}

#[tokio::test]
async fn every_answer() {
    let served = Served::file(
        r"
api:
  name: E2e
  endpoint: edge
  resources: { /mock: { GET: { integration: mock } }, /function: { GET: {} }, /head: { HEAD: { integration: mock } } }
",
    )
    .await;
    let mut rows = served.rows();
    // "EDGE adds `Via`, `X-Cache`, `X-Amz-Cf-Id`, `X-Amz-Cf-Pop`"; the rows themselves look for the others.
    for (name, target, expected) in [
        ("a mock", "/prod/mock", mock(200)),
        ("a function", "/prod/function", function(200)),
        ("a refusal", "/prod/nowhere", unknown()),
    ] {
        let seen = rows.row(name, get(target), expected);
        for header in ["via", "x-cache", "x-amz-cf-id", "x-amz-cf-pop"] {
            rows.holds(&format!("{name}: {header}"), seen.header(header).is_some(), &seen);
        }
        let id = seen.header("x-amzn-requestid").unwrap_or_default();
        let shape: Vec<usize> = id.split('-').map(str::len).collect();
        rows.holds(&format!("{name}: its request id"), shape == [8, 4, 4, 4, 12], &id);
        let again = get(target).send(served.address);
        rows.holds(&format!("{name}: another id"), again.header("x-amzn-requestid") != Some(id), &again);
    }
    // "requestId (client may override)"
    let given = get("/prod/mock").header("x-amzn-RequestId", "mine-1");
    rows.row("a request id of the caller's", given, mock(200).header("x-amzn-requestid", "mine-1"));
    rows.row("HEAD", call("HEAD", "/prod/head"), mock(200).text(""));
    // "`Connection`": an answer on a connection that goes on has it as well.
    let mut stream = connect(served.address);
    for number in 1..=3 {
        let seen = get("/prod/mock").on(&mut stream);
        let kept = seen.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("keep-alive"));
        rows.holds(&format!("Connection: keep-alive, answer {number}"), seen.status == 200 && kept, &seen);
    }
    rows.end();
    served.stop().await;
}

#[tokio::test]
async fn the_gateways_own_answers() {
    let served = Served::file(
        r##"
api:
  name: E2e
  endpoint: regional
  validate: parameters
  resources:
    /keyed: { GET: { api_key: true } }
    /query: { GET: { query: { gre: required } } }
    /body: { POST: { request: { passthrough: never } } }
    /slow: { POST: { timeout: 0.05 } }
  gateway_responses:
    DEFAULT_4XX:
      status: 418
    INVALID_API_KEY:
      status: 401
      headers:
        WWW-Authenticate: "'ApiKey'"
        X-Stage: context.stage
        X-Asked: method.request.header.X-Asked
        X-Query: method.request.querystring.q
      templates:
        application/json: { inline: '{"type":"$context.error.responseType","text":$context.error.messageString,"plain":"$context.error.message","id":"$context.requestId","who":"$stageVariables.who","unrendered":"#if(true)#set($x = 1)$x#end"}' }
    INTEGRATION_TIMEOUT:
      status: 503
      templates: { application/json: { inline: '{"slow":true}' } }
stage_settings: { variables: { who: me } }
usage_plan: { keys: [key] }
"##,
    )
    .await;
    let mut rows = served.rows();
    // "A DEFAULT_4XX/5XX **status override changes the status of all other unset types**"; the texts stay.
    let teapot = |kind: &'static str, text: &str| refused(418, kind, text);
    rows.row(
        "MISSING_AUTHENTICATION_TOKEN",
        get("/prod/nowhere"),
        teapot("MissingAuthenticationTokenException", "Missing Authentication Token"),
    );
    let missing = teapot("BadRequestException", "Missing required request parameters: [gre]");
    rows.row("BAD_REQUEST_PARAMETERS", get("/prod/query"), missing);
    let type_ = teapot("BadRequestException", "Unsupported Media Type");
    rows.row("UNSUPPORTED_MEDIA_TYPE", post("/prod/body", "{}"), type_);
    // "simple substitution, **not VTL**"
    let asked = get("/prod/keyed?q=a%20b").header("X-Asked", "this");
    let own = Expected::any(401, "ForbiddenException").header("x-stage", "prod").header("x-asked", "this");
    // C6: "Illegal header names are renamed"
    let own = own.header("x-query", "a b").header("x-amzn-remapped-www-authenticate", "ApiKey");
    let seen = rows.row("INVALID_API_KEY", asked, own);
    let id = seen.header("x-amzn-requestid").unwrap_or_default();
    let body = format!(
        r##"{{"type":"INVALID_API_KEY","text":"Forbidden","plain":"Forbidden","id":"{id}","who":"me","unrendered":"#if(true)#set($x = 1)$x#end"}}"##
    );
    rows.holds("its body", seen.text() == body, &seen.text());
    let slow = post("/prod/slow", r#"{"sleep": 0.3}"#);
    let own = Expected::any(503, "InternalServerErrorException");
    rows.row("INTEGRATION_TIMEOUT", slow, own.text("{\"slow\":true}"));
    // Types and default codes where nothing is set: the other files' rows.
    rows.end();
    served.stop().await;
}

/// "ACCESS_DENIED really prints capital `{"Message":…}`"
#[tokio::test]
async fn who_the_policy_lets_in() {
    let served = Served::file(
        r#"
api:
  name: E2e
  endpoint: regional
  policy:
    Version: "2012-10-17"
    Statement:
      - { Effect: Allow, Principal: "*", Action: "execute-api:Invoke", Resource: "execute-api:/prod/GET/open" }
  resources: { /open: { GET: {} }, /closed: { GET: {} } }
"#,
    )
    .await;
    let mut rows = served.rows();
    rows.row("let in", get("/prod/open"), function(200));
    let seen = rows.row("kept out", get("/prod/closed"), Expected::any(403, "AccessDeniedException"));
    let message = seen.json()["Message"].as_str().unwrap_or_default().to_owned();
    rows.holds("its words", message.contains("not authorized to perform: execute-api:Invoke"), &seen.text());
    rows.end();
    served.stop().await;
}

#[tokio::test]
async fn browsers_of_other_origins() {
    let served = Served::file(
        r"
api:
  name: E2e
  endpoint: regional
  cors: true
  resources:
    /any: { GET: { api_key: true }, POST: { responses: { 200: {}, 400: { pattern: 'bad.*' } } } }
    /slow: { POST: { timeout: 0.05 } }
    /some:
      cors: { origins: [https://a.example, https://b.example], headers: [X-Mine], methods: [PUT], credentials: true, max_age: 600, expose: [X-Seen] }
      PUT: {}
    /none: { cors: false, GET: {} }
usage_plan: { throttle: { rate: 0.01, burst: 1 }, quota: { limit: 100, period: day }, keys: [key] }
",
    )
    .await;
    let key = served.key("key").await;
    let mut rows = served.rows();
    let from = |call: Call| call.header("Origin", "https://page.example");
    let open = |expected: Expected| expected.header("access-control-allow-origin", "*");
    let asks = |path: &str, verb: &str| {
        let call = call("OPTIONS", path).header("Access-Control-Request-Method", verb);
        from(call.header("Access-Control-Request-Headers", "x-api-key"))
    };
    let allowed = open(mock(200)).header("access-control-allow-methods", "GET,OPTIONS,POST");
    let allowed = allowed.without("access-control-allow-credentials");
    let seen = rows.row("a preflight needs no key", asks("/prod/any", "GET"), allowed);
    let headers = seen.header("access-control-allow-headers").unwrap_or_default().to_ascii_lowercase();
    rows.holds("and may send one", headers.split(',').any(|name| name == "x-api-key"), &headers);
    rows.row("an answer", from(get("/prod/any").key(&key)), open(function(200)));
    rows.row("another method's", from(post("/prod/any", "{}")), open(function(200)));
    rows.row("a mapped error", from(post("/prod/any", r#"{"raise": "bad"}"#)), open(function(400)));
    // Without the header a browser could not tell these from a network failure.
    rows.row("403", from(get("/prod/any")), open(refused(403, "ForbiddenException", "Forbidden")));
    let too_many = refused(429, "TooManyRequestsException", "Too Many Requests");
    rows.row("429", from(get("/prod/any").key(&key)), open(too_many));
    rows.row("an unknown path", from(get("/prod/nowhere")), open(unknown()));
    let slow = Expected::any(504, "InternalServerErrorException");
    rows.row("504", from(post("/prod/slow", r#"{"sleep": 0.3}"#)), open(slow));
    rows.row("no CORS on this path", from(get("/prod/none")), function(200).without("access-control-allow-origin"));
    rows.row("nor a preflight", asks("/prod/none", "GET"), open(unknown()));

    for (origin, told) in [
        ("https://a.example", "https://a.example"),
        ("https://b.example", "https://b.example"),
        ("https://evil.example", "https://a.example"),
    ] {
        let sent = |verb: &'static str| call(verb, "/prod/some").header("Origin", origin);
        let put = function(200).header("access-control-allow-origin", told);
        let put =
            put.header("access-control-allow-credentials", "true").header("access-control-expose-headers", "X-Seen");
        rows.row(&format!("PUT from {origin}"), sent("PUT").bare_body("{}"), put);
        let options = mock(200).header("access-control-allow-origin", told).header("access-control-max-age", "600");
        let options =
            options.header("access-control-allow-methods", "PUT").header("access-control-allow-headers", "X-Mine");
        rows.row(&format!("OPTIONS from {origin}"), sent("OPTIONS"), options);
    }
    rows.end();
    served.stop().await;
}

#[tokio::test]
async fn functions_behind_a_proxy() {
    let served = Served::file(
        r"
api:
  name: E2e
  endpoint: regional
  resources:
    /{proxy+}: { ANY: { integration: lambda_proxy } }
stage_settings: { variables: { who: me } }
",
    )
    .await;
    let mut rows = served.rows();
    let returns = |returned: serde_json::Value| post("/prod/a/b", &json!({ "return": returned }).to_string());
    let whole = json!({
        "statusCode": 201,
        "headers": { "X-One": "1", "Content-Type": "text/plain" },
        "multiValueHeaders": { "Set-Cookie": ["a=1", "b=2"] },
        "body": "mäde",
    });
    let told = function(201).text("mäde").header("x-one", "1").header("content-type", "text/plain");
    rows.row("status, headers, body", returns(whole), told.header("set-cookie", "a=1 | b=2"));
    rows.row("nothing at all", returns(json!({})), function(200).text(""));
    // The facts name no status for a proxy's failure; API Gateway's guide says 502, and this is its text.
    let broken = || Expected::any(502, "InternalServerErrorException").text("{\"message\": \"Internal server error\"}");
    rows.row("an event given back is no response", get("/prod/a/b"), broken());
    rows.row("an error", post("/prod/a/b", r#"{"raise": "boom"}"#), broken());
    rows.row("text", returns(json!("text")), broken());
    rows.row("a crash", post("/prod/a/b", r#"{"exit": 1}"#), broken());
    let echo = post("/prod/a/b?x=1&x=2&y=%C3%BC", r#"{"echo": true}"#).header("X-Twice", "1").header("X-Twice", "2");
    let seen = rows.row("the event", echo, function(200)).json();
    for (name, there, value) in [
        ("httpMethod", &seen["httpMethod"], json!("POST")),
        ("path", &seen["path"], json!("/a/b")),
        ("resource", &seen["resource"], json!("/{proxy+}")),
        ("pathParameters", &seen["pathParameters"], json!({ "proxy": "a/b" })),
        ("the last of a repeated key", &seen["queryStringParameters"], json!({ "x": "2", "y": "ü" })),
        ("all of a repeated key", &seen["multiValueQueryStringParameters"], json!({ "x": ["1", "2"], "y": ["ü"] })),
        ("the last of a repeated header", &seen["headers"]["X-Twice"], json!("2")),
        ("all of a repeated header", &seen["multiValueHeaders"]["X-Twice"], json!(["1", "2"])),
        ("body", &seen["body"], json!(r#"{"echo": true}"#)),
        ("isBase64Encoded", &seen["isBase64Encoded"], json!(false)),
        ("stageVariables", &seen["stageVariables"], json!({ "who": "me" })),
        ("stage", &seen["requestContext"]["stage"], json!("prod")),
        ("path with the stage", &seen["requestContext"]["path"], json!("/prod/a/b")),
        ("apiId", &seen["requestContext"]["apiId"], json!(served.api)),
    ] {
        rows.holds(name, *there == value, there);
    }
    rows.end();
    served.stop().await;
}
