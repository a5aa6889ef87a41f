//! `AWS_FACTS` C7: what an API makes of the gateway's own answers; and CORS, which is made of them.

use super::support::{Reply, Route, World};

async fn world() -> World {
    let world = World::new().await;
    world.put(Route::mock("GET", "/admit", "in").keyed()).await;
    world
}

#[tokio::test(start_paused = true)]
async fn a_type_has_its_own_status_headers_and_body() {
    let world = world().await;
    let headers = [
        ("X-Static", "'fixed'"),
        ("X-Query", "method.request.querystring.q"),
        ("X-From", "method.request.header.Origin"),
        ("X-Stage", "context.stage"),
        ("X-Type", "context.error.responseType"),
    ];
    let template = "{\"why\":$context.error.messageString,\"type\":\"$context.error.responseType\",\
                    \"at\":\"$context.stage ${context.identity.sourceIp} $stageVariables.env\",\
                    \"plain\":\"$context.error.message.\",\"#set\":\"$input.body $nothing\"}";
    world.gateway_response("INVALID_API_KEY", Some("401"), &headers, &[("application/json", template)]).await;
    world.deploy().await;
    world.patch_stage(&[("/variables/env", "blue")]).await;
    let seen = world.send("GET", "/admit?q=7", &[("origin", "https://example.com")], "").await;
    let body = "{\"why\":\"Forbidden\",\"type\":\"INVALID_API_KEY\",\"at\":\"prod 127.0.0.1 blue\",\
                \"plain\":\"Forbidden.\",\"#set\":\"$input.body $nothing\"}";
    seen.is(401, body, "ForbiddenException");
    for (name, value) in [
        ("x-static", "fixed"),
        ("x-query", "7"),
        ("x-from", "https://example.com"),
        ("x-stage", "prod"),
        ("x-type", "INVALID_API_KEY"),
    ] {
        assert_eq!(seen.header(name), value, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_defaults_stand_for_all_types_that_are_not_set() {
    let world = world().await;
    world.gateway_response("DEFAULT_4XX", Some("418"), &[("X-By", "'default'")], &[]).await;
    world.gateway_response("INVALID_API_KEY", None, &[("X-By", "'own'")], &[]).await;
    world
        .put(Route::new("GET", "/broken", aws_sdk_apigateway::types::IntegrationType::Mock).reply(Reply::new("200")))
        .await;
    world.deploy().await;
    let seen = world.get("/nowhere").await;
    // C7: a status of DEFAULT_4XX changes that of all other unset types.
    seen.is(418, "{\"message\":\"Missing Authentication Token\"}", "MissingAuthenticationTokenException");
    assert_eq!(seen.header("x-by"), "default");
    let seen = world.get("/admit").await;
    seen.is(403, "{\"message\":\"Forbidden\"}", "ForbiddenException");
    assert_eq!(seen.header("x-by"), "own");
    // Nothing is said about those above 500.
    let seen = world.get("/broken").await;
    assert_eq!((seen.status, seen.header("x-by")), (500, ""));
}

#[tokio::test(start_paused = true)]
async fn a_body_may_be_of_another_type() {
    let world = world().await;
    world.gateway_response("INVALID_API_KEY", None, &[], &[("text/plain", "no: $context.error.message")]).await;
    world.deploy().await;
    let seen = world.get("/admit").await;
    seen.is(403, "no: Forbidden", "ForbiddenException");
    assert_eq!(seen.header("content-type"), "text/plain");
}

/// REQUEST_TOO_LARGE is not customisable.
#[tokio::test(start_paused = true)]
async fn a_request_that_is_too_large_has_no_gateway_response() {
    let world = World::new().await;
    world.put(Route::mock("POST", "/admit", "in")).await;
    world.gateway_response("DEFAULT_4XX", Some("418"), &[], &[]).await;
    world.deploy().await;
    let seen = world.send("POST", "/admit", &[], vec![b' '; 10 * 1024 * 1024 + 1]).await;
    assert_eq!((seen.status, seen.header("x-amzn-errortype")), (413, "RequestTooLargeException"));
}

/// The shapes that the deployer's `cors: true` gives a method.
#[tokio::test(start_paused = true)]
async fn cors_is_a_mock_and_headers() {
    let world = World::new().await;
    let origin = "Access-Control-Allow-Origin";
    let preflight = Reply::new("200")
        .header(origin, "'*'")
        .header("Access-Control-Allow-Methods", "'GET,OPTIONS'")
        .header("Access-Control-Allow-Headers", "'Content-Type,X-Api-Key'")
        .header("Access-Control-Max-Age", "'600'");
    world.put(Route::mock("OPTIONS", "/admit", "").reply(preflight)).await;
    world.put(Route::mock("GET", "/admit", "").keyed().reply(Reply::new("200").header(origin, "'*'"))).await;
    world.gateway_response("DEFAULT_4XX", None, &[(origin, "'*'")], &[]).await;
    world.deploy().await;
    let headers = [("origin", "https://a.example"), ("access-control-request-method", "GET")];
    let seen = world.send("OPTIONS", "/admit", &headers, "").await;
    seen.is(200, "", "");
    for (name, value) in [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "GET,OPTIONS"),
        ("access-control-allow-headers", "Content-Type,X-Api-Key"),
        ("access-control-max-age", "600"),
    ] {
        assert_eq!(seen.header(name), value, "{name}");
    }
    let seen = world.send("GET", "/admit", &headers, "").await;
    assert_eq!((seen.status, seen.header("access-control-allow-origin")), (403, "*"));
}

/// With several origins the deployer's template picks the caller's own.
#[tokio::test(start_paused = true)]
async fn cors_with_several_origins() {
    let world = World::new().await;
    let choice = "#set($origin = $input.params(\"Origin\"))#if($origin == \"\")#set($origin = $input.params(\"origin\"))#end\
                  #if($origin == \"https://a.example\" || $origin == \"https://b.example\")\
                  #set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)#end";
    let reply = Reply::new("200").header("Access-Control-Allow-Origin", "'https://a.example'").json(choice);
    world.put(Route::mock("OPTIONS", "/admit", "").reply(reply)).await;
    world.deploy().await;
    for (origin, allowed) in [
        ("https://a.example", "https://a.example"),
        ("https://b.example", "https://b.example"),
        ("https://c.example", "https://a.example"),
    ] {
        let seen = world.send("OPTIONS", "/admit", &[("Origin", origin)], "").await;
        assert_eq!(seen.header("access-control-allow-origin"), allowed, "{origin}");
    }
}
