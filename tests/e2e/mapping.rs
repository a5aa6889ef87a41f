//! What of a request reaches the function, and what of it the answer: parameters, headers, bodies, stage variables, the
//! recorded rows of `AWS_FACTS` C5.

use serde_json::{Value, json};

use super::rows::{function, mock, refused};
use super::served::Served;
use super::wire::{Call, call, get, post};

const API: &str = r##"
api:
  name: E2e
  endpoint: regional
  resources:
    /query:
      GET:
        query: { a: optional, b: optional }
        request:
          query: { q: method.request.querystring.a }
          templates:
            application/json:
              inline: |-
                {"a": "$util.escapeJavaScript($input.params('a')).replaceAll("\\'","'")", "map": [#foreach($k in $input.params().querystring.keySet())"$k"#if($foreach.hasNext),#end#end]}
    /headers:
      GET:
        headers: { X-Mixed-Case: optional, X-None: optional }
        request:
          templates:
            application/json:
              inline: |-
                {"mine": "$input.params('X-Mixed-Case')", "map": "$input.params().header.get('X-Mixed-Case')", "agent": "$context.identity.userAgent", "none": "$input.params('X-None')"}
    /first/{a}: { GET: { request: { templates: { application/json: { inline: '{"a": "$input.params(''a'')"}' } } } } }
    /stage: { GET: { request: { templates: { application/json: { inline: '{"name": "$stageVariables.name", "by index": "$stageVariables[''name'']", "braces": "${stageVariables.name}", "none": "$stageVariables.none"}' } } } } }
    /context/{id}:
      GET:
        api_key: true
        request:
          templates:
            application/json:
              inline: |-
                {"accountId": "$context.accountId", "apiId": "$context.apiId", "httpMethod": "$context.httpMethod", "path": "$context.path", "resourcePath": "$context.resourcePath", "stage": "$context.stage", "protocol": "$context.protocol", "requestId": "$context.requestId", "sourceIp": "$context.identity.sourceIp", "apiKey": "$context.identity.apiKey", "domainName": "$context.domainName", "epoch": $context.requestTimeEpoch, "time": "$context.requestTime", "error": "$context.error.message"}
    /request-override:
      POST:
        request:
          templates:
            application/json:
              inline: |-
                #foreach($name in $input.path('$'))
                #set($context.requestOverride.header[$name] = "Event")
                #end
                {"return": "$context.requestOverride.header.get('X-Amz-Invocation-Type')"}
    /mock:
      POST:
        integration: mock
        request: { passthrough: never, templates: { application/json: { inline: '{"statusCode": $input.json(''$.status'')}' } } }
        responses:
          200: { templates: { application/json: { inline: "ok" } } }
          404: { pattern: "404", templates: { application/json: { inline: "gone" } } }
          503: { pattern: '5\d{2}', headers: { Retry-After: "'9'" }, templates: { application/json: { inline: "broken" } } }
stage_settings: { variables: { name: prod-value } }
usage_plan: { keys: [key] }
"##;

#[tokio::test]
async fn what_reaches_the_function() {
    let served = Served::file(API).await;
    let key = served.key("key").await;
    let mut rows = served.rows();

    // C1: "Repeated query keys: single-value map keeps the **last**". "Query params are URL-decoded before mapping"
    for (name, query, value) in [
        ("one", "a=1", "1"),
        ("the last of several", "a=1&a=2&b=x&a=3", "3"),
        ("percent-encoded", "a=%3D%26%25%2B%20", "=&%+ "),
        ("a plus is a space in a query", "a=1+2", "1 2"),
        ("another script", "a=%C3%BC%E2%82%AC%F0%9F%98%80", "ü€😀"),
        ("quotes and backslashes", "a=%22%5C%27%0A", "\"\\'\n"),
        ("an equals sign", "a=b=c", "b=c"),
        ("no value", "a", ""),
        ("none", "", ""),
        ("another case", "A=1", ""),
    ] {
        let seen = rows.row(name, get(&format!("/prod/query?{query}")), function(200)).json();
        rows.holds(name, seen["a"] == value, &seen);
    }
    let seen = get("/prod/query?z=1&a=2&%C3%BC=3&z=4").send(served.address).json();
    rows.holds("names of the query map", seen["map"] == json!(["z", "a", "ü"]), &seen);

    // C1: "Header and query names are case-sensitive in mapping expressions" [DG]. HTTP/2 and many proxies send lower case
    // alone, and the library that reads HTTP tells no other, so this gateway is milder than AWS: any spelling is the one that
    // the template uses.
    for sent in ["X-Mixed-Case", "x-mixed-case", "X-MIXED-CASE"] {
        let call = get("/prod/headers").header(sent, "Value Of Mine").header("User-Agent", "row/1");
        let expected = json!({ "mine": "Value Of Mine", "map": "Value Of Mine", "agent": "row/1", "none": "" });
        rows.row(sent, call, function(200).json(expected));
    }
    let twice = get("/prod/headers").header("X-Mixed-Case", "one").header("X-Mixed-Case", "two");
    let seen = rows.row("a header twice", twice, function(200)).json();
    rows.holds("the last one", seen["mine"] == "two", &seen);

    // C5: "`$input.params('x')` searches **path → querystring → header**, else """
    rows.row(
        "path first",
        get("/prod/first/path?a=query").header("a", "header"),
        function(200).json(json!({ "a": "path" })),
    );
    let call = get("/prod/query?a=query").header("a", "header");
    rows.row("then the query", call, function(200).json(json!({ "a": "query", "map": ["a"] })));
    let call = get("/prod/query").header("a", "header");
    rows.row("then headers", call, function(200).json(json!({ "a": "header", "map": [] })));
    // C5: "`$stageVariables.name`, `$stageVariables['name']`, `${stageVariables.name}`"
    let variables = json!({ "name": "prod-value", "by index": "prod-value", "braces": "prod-value", "none": "" });
    rows.row("stage variables", get("/prod/stage"), function(200).json(variables));

    // C5: "`$context`: … path (includes `/{stage}`…), protocol `HTTP/1.1`, … requestTime (CLF), requestTimeEpoch (ms)"
    let seen = rows.row("context", get("/prod/context/7?x=1").key(&key), function(200));
    let (context, id) = (seen.json(), seen.header("x-amzn-requestid").unwrap());
    for (name, value) in [
        ("accountId", "000000000000"),
        ("apiId", served.api.as_str()),
        ("httpMethod", "GET"),
        ("path", "/prod/context/7"),
        ("resourcePath", "/context/{id}"),
        ("stage", "prod"),
        ("protocol", "HTTP/1.1"),
        ("requestId", &id),
        ("sourceIp", "127.0.0.1"),
        ("apiKey", &key),
        ("domainName", &format!("{}.execute-api.us-east-1.amazonaws.com", served.api)),
        // "error.{message,…} (gateway responses/access log only)"
        ("error", ""),
    ] {
        rows.holds(&format!("$context {name}"), context[name] == value, &context);
    }
    // 2020 to 2100, in milliseconds; `26/Nov/2026:02:20:09 +0000`.
    let epoch = context["epoch"].as_u64().unwrap_or_default();
    rows.holds("requestTimeEpoch", (1_577_836_800_000..4_102_444_800_000).contains(&epoch), &context);
    let time = context["time"].as_str().unwrap_or_default();
    let clf = jiff::fmt::strtime::parse("%d/%b/%Y:%H:%M:%S %z", time).is_ok();
    rows.holds("requestTime", clf && time.ends_with(" +0000"), &context);

    // C5: "assignments to `$context.requestOverride.{header,querystring,path}[x]` … work": the header makes Lambda's Invoke an
    // event for later, which has no result.
    let names = |names: Value| post("/prod/request-override", &names.to_string());
    rows.row("overridden", names(json!(["X-Amz-Invocation-Type"])), function(200).text(""));
    rows.row("not overridden", names(json!([])), function(200).json(json!("")));
    // "Overriding the same parameter twice → 5xx"
    let twice = names(json!(["X-Amz-Invocation-Type", "x-amz-invocation-type"]));
    rows.row("overridden twice", twice, refused(500, "InternalServerErrorException", "Internal server error"));

    // A mock's status selects the response: the whole text, as ever.
    for (status, seen, body) in [(200, 200, "ok"), (201, 200, "ok"), (404, 404, "gone"), (503, 503, "broken")] {
        let expected = mock(seen).text(body);
        let expected = if seen == 503 { expected.header("retry-after", "9") } else { expected.without("retry-after") };
        rows.row(&format!("mock {status}"), post("/prod/mock", &json!({ "status": status }).to_string()), expected);
    }
    rows.end();
    served.stop().await;
}

/// Rows of C5 that were recorded: template, body posted, what is rendered. The handler gives the body back, so the response
/// template sees it as its input.
const RENDERED: &[(&str, &str, &str, &str)] = &[
    ("undefined is empty", "[$foo][$!foo][$foo.bar]", "{}", "[][][]"),
    ("null is the empty text", "#if($nothing == \"\")yes#else no#end", "{}", "yes"),
    ("null is null", "#if($nothing == $null)yes#else no#end", "{}", "yes"),
    ("maps print Java's way", "$input.path('$')", r#"{"foo": "bar"}"#, "{foo=bar}"),
    ("lists print JSON", "$input.path('$')", r#"[{"foo": "bar"}]"#, r#"[{"foo":"bar"}]"#),
    (
        "a list in a map prints JSON",
        "$input.path('$')",
        r#"{"foo": [{"nested": "bar"}]}"#,
        r#"{foo=[{"nested":"bar"}]}"#,
    ),
    ("maps keep their order", "$input.path('$')", r#"{"z": 1, "a": 2}"#, "{z=1, a=2}"),
    ("json of what is missing", "$input.json('$.missing')", "{}", "\"\""),
    ("path of what is missing", "[$input.path('$.missing')]", "{}", "[]"),
    ("no attributes of the body", "[$input.body.x]", r#"{"x": 1}"#, "[]"),
    ("urlEncode", "$util.urlEncode('a b&c')", "{}", "a+b%26c"),
    ("urlDecode", "$util.urlDecode('a+b%26c')", "{}", "a b&c"),
    ("base64", "$util.base64Encode('text') $util.base64Decode('dGV4dA==')", "{}", "dGV4dA== text"),
    ("escapeJavaScript", r#"$util.escapeJavaScript($input.path('$.t'))"#, r#"{"t": "a'b\"c\\d"}"#, r#"a\'b\"c\\d"#),
    ("parseJson", r#"#set($o = $util.parseJson($input.path('$.t')))$o.a.b"#, r#"{"t": "{\"a\": {\"b\": 7}}"}"#, "7"),
    (
        "foreach",
        "#foreach($x in $input.path('$'))$foreach.index:$foreach.count:$x#if($foreach.hasNext),#end#end",
        "[5, 6]",
        "0:1:5,1:2:6",
    ),
    ("velocityCount", "#foreach($x in [5, 6])$velocityCount#end", "{}", "12"),
    ("size and length", "$input.path('$.l').size() $input.path('$.t').length()", r#"{"l": [1, 2], "t": "abc"}"#, "2 3"),
    ("JSONPath: length", "$input.path('$.a.length()')", r#"{"a": [{"b": 1}, {"b": 2}]}"#, "2"),
    ("JSONPath: ..", "$input.json('$..b')", r#"{"a": [{"b": 1}, {"b": 2}]}"#, "[1,2]"),
    ("JSONPath: filters", "$input.json('$.a[?(@.b > 1)]')", r#"{"a": [{"b": 1}, {"b": 2}]}"#, r#"[{"b":2}]"#),
];

#[tokio::test]
async fn what_templates_make_of_it() {
    let mut file = "api:\n  name: E2e\n  endpoint: regional\n  resources:\n".to_owned();
    for (number, (_, template, _, _)) in RENDERED.iter().enumerate() {
        // JSON is YAML.
        let response = json!({ "200": { "templates": { "application/json": { "inline": template } } } });
        file += &format!("    /t{number}: {{ POST: {{ responses: {response} }} }}\n");
    }
    file += r#"
    /body: { ANY: { request: { passthrough: never, templates: { application/json: { inline: '{"body": $input.body, "encoded": "$util.urlEncode($input.body)", "all": $input.json(''$'')}' } } } } }
    /overridden:
      POST:
        integration: mock
        request:
          templates:
            application/json:
              inline: |-
                #set($context.responseOverride.status = 202)
                #set($context.responseOverride.header.X-Kept = "from the request's template")
                {"statusCode": 200}
        responses: { 200: { headers: { X-Kept: "" }, templates: { application/json: { inline: "$context.responseOverride.header.X-Kept" } } } }
"#;
    let served = Served::file(&file).await;
    let mut rows = served.rows();
    for (number, (name, _, body, rendered)) in RENDERED.iter().enumerate() {
        rows.row(name, post(&format!("/prod/t{number}"), body), function(200).text(rendered));
    }
    // "**empty body renders `{}`** and `$util.urlEncode($input.body)` gives `%7B%7D`"
    let empty = json!({ "body": {}, "encoded": "%7B%7D", "all": {} });
    rows.row("an empty body", call("POST", "/prod/body"), function(200).json(empty.clone()));
    rows.row("a GET's", get("/prod/body"), function(200).json(empty));
    let body: Value = json!({ "a": [1, "ü"] });
    let sent: Call = post("/prod/body", &body.to_string());
    let seen = rows.row("a body", sent, function(200)).json();
    rows.holds("as it is", seen["body"] == body && seen["all"] == body, &seen);
    // "assignments to … `$context.responseOverride.status/header` work, extra keys survive into the response template"
    let expected = mock(202).header("x-kept", "from the request's template").text("from the request's template");
    rows.row("overridden by the request's template", post("/prod/overridden", "{}"), expected);
    rows.end();
    served.stop().await;
}
