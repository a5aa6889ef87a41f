//! Proxy integrations: the event (payload format 1.0), and what a function may return.

use poc::local::gateway::Target;
use serde_json::{Value, json};

use super::support::{NOON, Plan, Route, World};

const BAD_GATEWAY: &str = "{\"message\": \"Internal server error\"}";

async fn world() -> World {
    let world = World::new().await;
    world.function().await;
    world.put(Route::proxy("ANY", "/admit/{rank}")).await;
    world.put(Route::proxy("GET", "/")).await;
    world.put(Route::proxy("GET", "/keyed").keyed()).await;
    world.deploy().await;
    world.function.returns("{\"statusCode\": 200}");
    world
}

#[tokio::test(start_paused = true)]
async fn the_event_is_whole() {
    let world = world().await;
    world.patch_stage(&[("/variables/env", "blue")]).await;
    let headers = [("x-one", "1"), ("x-one", "2"), ("user-agent", "test"), ("host", "example.com")];
    let seen = world.send("POST", "/admit/a%20b?q=1&q=2&r=x", &headers, "the body").await;
    assert_eq!(seen.status, 200, "{}", seen.reason());
    let mut event = world.function.event();
    let trace = seen.header("x-amzn-trace-id");
    let context = event.as_object_mut().unwrap().remove("requestContext").unwrap();
    assert_eq!(
        event,
        json!({
            "resource": "/admit/{rank}",
            "path": "/admit/a b",
            "httpMethod": "POST",
            "headers": {
                "Host": "example.com", "User-Agent": "test", "X-Amzn-Trace-Id": trace,
                "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Port": "443", "X-Forwarded-Proto": "https", "X-One": "2",
            },
            "multiValueHeaders": {
                "Host": ["example.com"], "User-Agent": ["test"], "X-Amzn-Trace-Id": [trace],
                "X-Forwarded-For": ["127.0.0.1"], "X-Forwarded-Port": ["443"], "X-Forwarded-Proto": ["https"],
                "X-One": ["1", "2"],
            },
            "queryStringParameters": { "q": "2", "r": "x" },
            "multiValueQueryStringParameters": { "q": ["1", "2"], "r": ["x"] },
            "pathParameters": { "rank": "a b" },
            "stageVariables": { "env": "blue" },
            "body": "the body",
            "isBase64Encoded": false,
        })
    );
    for (name, value) in [
        ("resourcePath", json!("/admit/{rank}")),
        ("httpMethod", json!("POST")),
        ("path", json!("/prod/admit/a%20b")),
        ("accountId", json!("000000000000")),
        ("protocol", json!("HTTP/1.1")),
        ("stage", json!("prod")),
        ("requestTimeEpoch", json!(NOON * 1000)),
        ("requestTime", json!("31/Jan/2026:12:00:00 +0000")),
        ("requestId", json!(seen.header("x-amzn-requestid"))),
        ("extendedRequestId", json!(seen.header("x-amz-apigw-id"))),
        ("apiId", json!(world.api)),
        ("domainName", json!(format!("{}.execute-api.us-east-1.amazonaws.com", world.api))),
        ("domainPrefix", json!(world.api)),
    ] {
        assert_eq!(context[name], value, "{name}");
    }
    assert_eq!(
        context["identity"],
        json!({
            "cognitoIdentityPoolId": null, "accountId": null, "cognitoIdentityId": null, "caller": null,
            "sourceIp": "127.0.0.1", "principalOrgId": null, "accessKey": null, "cognitoAuthenticationType": null,
            "cognitoAuthenticationProvider": null, "userArn": null, "userAgent": "test", "user": null,
        })
    );
}

/// As AWS's own events have it: what concerns the connection ends at the gateway.
#[tokio::test(start_paused = true)]
async fn the_function_is_not_told_of_the_connection() {
    let world = world().await;
    let headers = [
        ("connection", "keep-alive"),
        ("content-length", "2"),
        ("content-md5", "x"),
        ("expect", "100-continue"),
        ("max-forwards", "1"),
        ("te", "trailers"),
        ("upgrade", "h2c"),
        ("x-mine", "1"),
    ];
    world.send("POST", "/admit/1", &headers, "{}").await;
    let event = world.function.event();
    let told: Vec<&String> = event["headers"].as_object().unwrap().keys().collect();
    let own = ["X-Amzn-Trace-Id", "X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Mine"];
    assert_eq!(told, own);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_null() {
    let world = world().await;
    world.get("").await;
    let event = world.function.event();
    assert_eq!(event["path"], "/");
    for name in ["queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "stageVariables", "body"]
    {
        assert_eq!(event.get(name), Some(&Value::Null), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_function_is_told_the_key() {
    let world = world().await;
    let key = world.key(Plan::OPEN).await;
    assert_eq!(world.with_key("/keyed", &key.value).await.status, 200);
    let identity = &world.function.event()["requestContext"]["identity"];
    assert_eq!((&identity["apiKey"], &identity["apiKeyId"]), (&json!(key.value), &json!(key.id)));
}

#[tokio::test(start_paused = true)]
async fn a_response_is_passed_on() {
    let world = world().await;
    world.function.returns(
        json!({
            "statusCode": 201,
            "headers": { "X-One": "1", "X-Flag": true, "X-Number": 7, "Server": "mine", "Content-Type": "text/plain" },
            "multiValueHeaders": { "Set-Cookie": ["a=1", "b=2"], "x-one": ["2", "3"] },
            "body": "made",
        })
        .to_string(),
    );
    let seen = world.get("/admit/1").await;
    seen.is(201, "made", "");
    for (name, value) in
        [("x-flag", "true"), ("x-number", "7"), ("content-type", "text/plain"), ("x-amzn-remapped-server", "mine")]
    {
        assert_eq!(seen.header(name), value, "{name}");
    }
    let all = |name: &str| seen.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(all("set-cookie"), ["a=1", "b=2"]);
    assert_eq!(all("x-one"), ["2", "3"]);
}

#[tokio::test(start_paused = true)]
async fn no_member_is_asked_for() {
    let world = world().await;
    for (returned, status) in [("{}", 200), ("{\"statusCode\": \"404\"}", 404), ("{\"body\": null}", 200)] {
        world.function.returns(returned);
        let seen = world.get("/admit/1").await;
        seen.is(status, "", "");
        assert_eq!(seen.header("content-type"), "application/json");
    }
}

#[tokio::test(start_paused = true)]
async fn anything_else_is_a_bad_gateway() {
    let world = world().await;
    for returned in [
        "null",
        "\"text\"",
        "[]",
        "{\"result\": true}",
        "{\"statusCode\": 200, \"more\": 1}",
        "{\"statusCode\": \"abc\"}",
        "{\"statusCode\": 200, \"body\": {\"a\": 1}}",
        "{\"statusCode\": 200, \"headers\": [\"a\"]}",
        "{\"statusCode\": 99}",
        "{\"statusCode\": 101}",
        "no json",
    ] {
        world.function.returns(returned);
        let seen = world.get("/admit/1").await;
        seen.is(502, BAD_GATEWAY, "InternalServerErrorException");
        assert!(seen.reason().contains("malformed Lambda proxy response"), "{returned}: {}", seen.reason());
    }
    world.function.raises("it broke");
    let seen = world.get("/admit/1").await;
    seen.is(502, BAD_GATEWAY, "InternalServerErrorException");
    assert!(seen.reason().contains("it broke"), "{}", seen.reason());
}

#[tokio::test(start_paused = true)]
async fn binary_bodies_travel_as_base64() {
    let world = world().await;
    world.patch_api(&[("add", "/binaryMediaTypes/image~1png", "")]).await;
    world.deploy().await;
    world.function.returns(json!({ "isBase64Encoded": true, "body": "iVBORw==" }).to_string());
    let target = || Target::Api { id: world.api.clone() };
    let headers = [("content-type", "image/png"), ("accept", "image/png")];
    let seen = world.call(target(), "POST", "/prod/admit/1", &headers, vec![0x89, 0x50].into()).await;
    assert_eq!(seen.answer.response.body().as_ref(), b"\x89PNG");
    let event = world.function.event();
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("iVA="), &json!(true)));
    // Who does not accept it gets the text.
    assert_eq!(world.get("/admit/1").await.body, "iVBORw==");
    world.function.returns(json!({ "isBase64Encoded": true, "body": "%%%" }).to_string());
    assert_eq!(world.call(target(), "GET", "/prod/admit/1", &headers[1..], "".into()).await.status, 502);
}
