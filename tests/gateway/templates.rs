//! `AWS_FACTS` C4 and C5: which template makes the integration request, and what it sees.

use poc::local::gateway::Target;
use serde_json::json;

use super::support::{NOON, Reply, Route, World};

const UNSUPPORTED: &str = "{\"message\":\"Unsupported Media Type\"}";

/// The table of C4: behaviour, whether some templates exist, the request's content type, and what comes of it.
#[tokio::test(start_paused = true)]
async fn passthrough_behaviours() {
    for (behaviour, some, kind, outcome) in [
        ("WHEN_NO_MATCH", true, "application/json", "rendered"),
        ("WHEN_NO_MATCH", true, "application/xml", "passed"),
        ("WHEN_NO_MATCH", false, "application/json", "passed"),
        ("WHEN_NO_TEMPLATES", true, "application/json", "rendered"),
        ("WHEN_NO_TEMPLATES", true, "application/xml", "415"),
        ("WHEN_NO_TEMPLATES", false, "application/json", "passed"),
        ("NEVER", true, "application/json", "rendered"),
        ("NEVER", true, "application/xml", "415"),
        ("NEVER", false, "application/json", "415"),
    ] {
        let world = World::new().await;
        world.function().await;
        let mut route = Route::lambda("POST", "/admit").passthrough(behaviour).reply(Reply::new("200"));
        if some {
            route = route.template("application/json", "{\"rendered\": $input.json('$.x')}");
        }
        world.put(route).await;
        world.deploy().await;
        let seen = world.post("/admit", kind, "{\"x\": 1}").await;
        let row = format!("{behaviour}, templates: {some}, {kind}");
        match outcome {
            "415" => {
                seen.is(415, UNSUPPORTED, "BadRequestException");
                assert_eq!(world.function.count(), 0, "{row}");
            }
            "rendered" => assert_eq!(world.function.event(), json!({ "rendered": 1 }), "{row}"),
            _ => assert_eq!(world.function.event(), json!({ "x": 1 }), "{row}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_content_type_it_is_json_and_parameters_do_not_count() {
    let world = World::new().await;
    world.function().await;
    let route = Route::lambda("ANY", "/admit").passthrough("NEVER").reply(Reply::new("200"));
    world.put(route.template("application/json", "{\"body\": $input.body}")).await;
    world.deploy().await;
    assert_eq!(world.get("/admit").await.status, 200);
    // No body renders as {}.
    assert_eq!(world.function.event(), json!({ "body": {} }));
    for kind in ["application/json; charset=utf-8", "Application/JSON"] {
        assert_eq!(world.post("/admit", kind, "[1]").await.status, 200, "{kind}");
        assert_eq!(world.function.event(), json!({ "body": [1] }));
    }
}

#[tokio::test(start_paused = true)]
async fn the_default_template_is_for_all_other_types() {
    let world = World::new().await;
    world.function().await;
    let route = Route::lambda("POST", "/admit").passthrough("NEVER").reply(Reply::new("200"));
    let route = route.template("application/json", "{\"by\": \"json\"}");
    world.put(route.template("$default", "{\"by\": \"default\"}")).await;
    world.deploy().await;
    world.post("/admit", "text/plain", "x").await;
    assert_eq!(world.function.event(), json!({ "by": "default" }));
    world.post("/admit", "application/json", "{}").await;
    assert_eq!(world.function.event(), json!({ "by": "json" }));
}

#[tokio::test(start_paused = true)]
async fn params_are_looked_for_in_the_path_then_the_query_then_the_headers() {
    let world = World::new().await;
    world.put(Route::mock("GET", "/{a}", "$input.params('a') $input.params('b') $input.params('c')")).await;
    world.deploy().await;
    let headers = [("a", "header"), ("b", "header"), ("c", "header")];
    assert_eq!(world.send("GET", "/path?a=query&b=query", &headers, "").await.body, "path query header");
}

#[tokio::test(start_paused = true)]
async fn headers_are_seen_as_the_template_spells_them() {
    let world = World::new().await;
    let template = "$input.params('X-Trace') $input.params().header.get('x-lower') $input.params('User-Agent')";
    world.put(Route::mock("GET", "/admit", template)).await;
    world.deploy().await;
    let headers = [("x-trace", "1"), ("X-Lower", "2"), ("user-agent", "test")];
    assert_eq!(world.send("GET", "/admit", &headers, "").await.body, "1 2 test");
}

/// C5's list, with AWS's values.
#[tokio::test(start_paused = true)]
async fn the_context_is_complete() {
    let world = World::new().await;
    let names = [
        "accountId",
        "apiId",
        "awsEndpointRequestId",
        "deploymentId",
        "domainName",
        "domainPrefix",
        "extendedRequestId",
        "httpMethod",
        "identity.sourceIp",
        "identity.userAgent",
        "isCanaryRequest",
        "path",
        "protocol",
        "requestId",
        "requestTime",
        "requestTimeEpoch",
        "resourceId",
        "resourcePath",
        "stage",
    ];
    let members: Vec<String> = names.iter().map(|name| format!("\"{name}\": \"$context.{name}\"")).collect();
    world.put(Route::mock("GET", "/admit/{rank}", &format!("{{{}}}", members.join(",")))).await;
    world.deploy().await;
    let target = Target::Api { id: world.api.clone() };
    let headers = [("user-agent", "test/1")];
    let seen = world.call_from("192.0.2.7", target, "GET", "/prod/admit/1", &headers, "".into()).await;
    let context = seen.json();
    for (name, value) in [
        ("accountId", "000000000000"),
        ("apiId", world.api.as_str()),
        ("domainName", &format!("{}.execute-api.us-east-1.amazonaws.com", world.api)),
        ("domainPrefix", &world.api),
        ("httpMethod", "GET"),
        ("identity.sourceIp", "192.0.2.7"),
        ("identity.userAgent", "test/1"),
        ("isCanaryRequest", "false"),
        ("path", "/prod/admit/1"),
        ("protocol", "HTTP/1.1"),
        ("requestId", seen.header("x-amzn-requestid")),
        ("extendedRequestId", seen.header("x-amz-apigw-id")),
        ("requestTime", "31/Jan/2026:12:00:00 +0000"),
        ("requestTimeEpoch", &(NOON * 1000).to_string()),
        ("resourcePath", "/admit/{rank}"),
        ("stage", "prod"),
    ] {
        assert_eq!(context[name], value, "{name}");
    }
    for name in names {
        assert_ne!(context[name], "", "{name} is empty");
    }
}

#[tokio::test(start_paused = true)]
async fn stage_variables_reach_templates_mappings_and_uris() {
    let world = World::new().await;
    world.function().await;
    let uri = super::support::URI.replace(":admit:prod/", ":${stageVariables.function}:prod/");
    let route = Route::lambda("GET", "/admit").uri(&uri).reply(Reply::new("200").header("X-Env", "stageVariables.env"));
    world.put(route.template("application/json", "{\"env\": \"$stageVariables.env ${stageVariables['env']}\"}")).await;
    world.deploy().await;
    world.patch_stage(&[("/variables/env", "blue"), ("/variables/function", "admit")]).await;
    let seen = world.get("/admit").await;
    assert_eq!((seen.status, seen.header("x-env")), (200, "blue"), "{}", seen.reason());
    assert_eq!(world.function.event(), json!({ "env": "blue blue" }));
    assert_eq!(world.function.seen.lock().unwrap()[0].function_arn, format!("{}:prod", super::support::FUNCTION));
}

#[tokio::test(start_paused = true)]
async fn a_template_that_fails_is_a_500_and_the_developer_is_told_why() {
    let world = World::new().await;
    world.function().await;
    let broken = Route::lambda("GET", "/broken").reply(Reply::new("200"));
    world.put(broken.template("application/json", "{\n  #if($x")).await;
    let evaluated = Route::lambda("GET", "/evaluated").reply(Reply::new("200"));
    world.put(evaluated.template("application/json", "#evaluate(\"#if(\")")).await;
    world.put(Route::lambda("GET", "/back").reply(Reply::new("200").json("#evaluate(\"#if(\")"))).await;
    world.deploy().await;
    for (path, reason) in [("/broken", "line "), ("/evaluated", "application/json"), ("/back", "application/json")] {
        let seen = world.get(path).await;
        seen.is(500, "{\"message\":\"Internal server error\"}", "InternalServerErrorException");
        assert!(seen.reason().contains("template") && seen.reason().contains(reason), "{}", seen.reason());
    }
}
