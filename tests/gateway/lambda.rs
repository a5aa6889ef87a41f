//! `AWS_FACTS` C6 and B5: functions behind templates.

use std::time::Duration;

use serde_json::json;

use super::support::{Reply, Route, World};

const FAILED: &str = "{\"message\":\"Internal server error\"}";
const ERROR: &str = "InternalServerErrorException";

/// The article's method: success as it is, errors by their text.
async fn admit(patterns: &[(&str, &str)]) -> World {
    let world = World::new().await;
    world.function().await;
    let mut route = Route::lambda("GET", "/admit").template("application/json", "{\"gre\": \"$input.params('gre')\"}");
    for (status, pattern) in patterns {
        let reply = Reply::new(status);
        route = route.reply(if pattern.is_empty() {
            reply
        } else {
            reply.when(pattern).json("$input.path('$.errorMessage')")
        });
    }
    world.put(route).await;
    world.deploy().await;
    world
}

#[tokio::test(start_paused = true)]
async fn the_result_comes_back_as_it_is() {
    let world = admit(&[("200", "")]).await;
    let seen = world.get("/admit?gre=800").await;
    seen.is(200, "{\"result\": true}", "");
    assert_eq!(world.function.event(), json!({ "gre": "800" }));
    assert_eq!(seen.header("content-type"), "application/json");
    // C7: of AWS integrations only; the function is given the same.
    let trace = seen.header("x-amzn-trace-id");
    assert!(trace.starts_with("Root=1-"), "{trace}");
    assert_eq!(world.function.seen.lock().unwrap()[0].trace_id.as_deref(), Some(trace));
}

/// What the error message is, and which status it selects. Patterns describe the whole text (C6).
#[tokio::test(start_paused = true)]
async fn patterns_describe_the_whole_error_message() {
    let patterns = [
        ("200", ""),
        ("400", ".*\"httpStatus\":400.*"),
        ("404", "Error"),
        ("409", "Error: .*"),
        ("422", "(?s)multi.*line"),
        ("500", "200"),
    ];
    let world = admit(&patterns).await;
    for (message, status) in [
        ("{\"httpStatus\":400,\"message\":\"bad\"}", 400),
        ("Error", 404),
        ("Error: x", 409),
        // `.` ends at a line's end, unless (?s) is said.
        ("Error: x\ny", 200),
        ("multi\nline", 422),
        ("an Error: x", 200),
        ("something else", 200),
        ("200", 500),
    ] {
        world.function.raises(message);
        let seen = world.get("/admit").await;
        assert_eq!(seen.status, status, "{message}");
        // Whatever the caller gets, the developer is told.
        assert_eq!(seen.reason(), format!("the function raised Exception: {message}"));
    }
    // C6, recorded: the pattern `200` has nothing to do with a success.
    world.function.returns("{\"statusCode\": 200}");
    let seen = world.get("/admit").await;
    assert_eq!((seen.status, seen.reason()), (200, ""));
    world.function.returns("\"200\"");
    assert_eq!(world.get("/admit").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_catch_all_takes_errors_and_leaves_successes() {
    let world = admit(&[("200", ""), ("400", ".*four hundred.*"), ("500", "(\\n|.)+")]).await;
    for (message, status) in [("it is four hundred now", 400), ("other", 500), ("two\nlines", 500)] {
        world.function.raises(message);
        assert_eq!(world.get("/admit").await.status, status, "{message}");
    }
    world.function.returns("[1, 2]");
    world.get("/admit").await.is(200, "[1, 2]", "");
}

#[tokio::test(start_paused = true)]
async fn a_pattern_that_matches_nothing_hijacks_successes() {
    let world = admit(&[("200", ""), ("500", ".*")]).await;
    world.get("/admit").await.is(500, "", "");
}

#[tokio::test(start_paused = true)]
async fn nothing_selected_is_a_configuration_error() {
    let world = admit(&[("400", "Error.*")]).await;
    world.get("/admit").await.is(500, FAILED, ERROR);
    world.function.raises("Error: x");
    world.get("/admit").await.is(400, "Error: x", "");
}

#[tokio::test(start_paused = true)]
async fn a_response_that_the_method_does_not_declare_is_a_configuration_error() {
    let world = World::new().await;
    world.function().await;
    world.put(Route::lambda("GET", "/admit").reply(Reply::new("201").undeclared())).await;
    world.deploy().await;
    let seen = world.get("/admit").await;
    seen.is(500, FAILED, ERROR);
    assert!(seen.reason().contains("no response 201"), "{}", seen.reason());
}

/// B5: per qualifier, by source.
#[tokio::test(start_paused = true)]
async fn without_permission_nothing_is_invoked() {
    let world = World::new().await;
    world.bare_function().await;
    world.put(Route::lambda("GET", "/admit/{rank}").reply(Reply::new("200"))).await;
    world.deploy().await;
    let permit = |sid: &str, qualifier: Option<&str>, source: String| {
        let add = world.lambda.add_permission().function_name("admit").statement_id(sid);
        let add = add.set_qualifier(qualifier.map(str::to_owned)).source_arn(source);
        add.principal("apigateway.amazonaws.com").action("lambda:InvokeFunction").send()
    };
    let source = |rest: &str| format!("arn:aws:execute-api:us-east-1:000000000000:{}/{rest}", world.api);
    let refused = || async {
        let seen = world.get("/admit/1").await;
        seen.is(500, FAILED, ERROR);
        assert!(seen.reason().contains("Invalid permissions on Lambda function"), "{}", seen.reason());
    };
    refused().await;
    // The function is not its alias, and another method or stage not this one.
    permit("function", None, source("*/*")).await.unwrap();
    refused().await;
    permit("verb", Some("prod"), source("*/POST/admit/*")).await.unwrap();
    permit("stage", Some("prod"), source("dev/GET/admit/*")).await.unwrap();
    refused().await;
    assert_eq!(world.function.count(), 0);
    permit("right", Some("prod"), source("prod/GET/admit/*")).await.unwrap();
    assert_eq!(world.get("/admit/1").await.status, 200);
}

/// B1: recorded from AWS for proxies; a function's integration method is POST always.
#[tokio::test(start_paused = true)]
async fn functions_are_invoked_by_post() {
    let world = World::new().await;
    world.function().await;
    world.put(Route::lambda("GET", "/one").by("GET").reply(Reply::new("200"))).await;
    world.put(Route::proxy("GET", "/two").by("GET")).await;
    world.deploy().await;
    for path in ["/one", "/two"] {
        world.get(path).await.is(500, FAILED, ERROR);
    }
    assert_eq!(world.function.count(), 0);
}

/// C8: the caller gets 504, the function goes on.
#[tokio::test(start_paused = true)]
async fn a_function_that_takes_too_long() {
    let world = World::new().await;
    world.function().await;
    world.put(Route::lambda("GET", "/short").timeout(50).reply(Reply::new("200"))).await;
    world.put(Route::lambda("GET", "/long").reply(Reply::new("200"))).await;
    world.deploy().await;
    world.function.takes(Duration::from_millis(60));
    let seen = world.get("/short").await;
    seen.is(504, "{\"message\": \"Endpoint request timed out\"}", ERROR);
    assert_eq!(*world.function.finished.lock().unwrap(), 0);
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(*world.function.finished.lock().unwrap(), 1);
    world.function.takes(Duration::from_millis(28_900));
    assert_eq!(world.get("/long").await.status, 200);
    world.function.takes(Duration::from_millis(29_100));
    assert_eq!(world.get("/long").await.status, 504);
}

/// C5, C6: Lambda's own words on an event that is no JSON pass through the default response; a throttle and Lambda's
/// faults are a 500 whatever the patterns say; C8: Lambda's limit is the effective one.
#[tokio::test(start_paused = true)]
async fn what_lambda_refuses() {
    let world = admit(&[("200", ""), ("400", "4\\d\\d"), ("429", ".+")]).await;
    world.function.refuses(400, "InvalidRequestContentException", "Could not parse request body into json: x");
    let seen = world.get("/admit").await;
    assert_eq!((seen.status, &seen.json()["message"]), (200, &json!("Could not parse request body into json: x")));
    assert!(seen.reason().contains("InvalidRequestContentException"), "{}", seen.reason());
    world.function.refuses(429, "TooManyRequestsException", "Rate Exceeded.");
    let seen = world.get("/admit").await;
    seen.is(500, FAILED, ERROR);
    let reason = "Lambda answered 429 TooManyRequestsException: Rate Exceeded. ConcurrentInvocationLimitExceeded";
    assert_eq!(seen.reason(), reason);
    world.function.refuses(413, "RequestEntityTooLargeException", "6291457 byte payload is too large");
    world.get("/admit").await.is(413, "{\"message\":\"Request Too Long\"}", "RequestTooLargeException");
    for (status, code) in [(500, "ServiceException"), (502, "KMSDisabledException"), (404, "ResourceNotFoundException")]
    {
        world.function.refuses(status, code, "no");
        world.get("/admit").await.is(500, FAILED, ERROR);
    }
}

/// As AWS's guide sets it up; what Lambda does not take is refused at once, as it is without.
#[tokio::test(start_paused = true)]
async fn an_event_is_handed_over_and_not_waited_for() {
    let world = World::new().await;
    world.function().await;
    let route = Route::lambda("POST", "/later").map("header.X-Amz-Invocation-Type", "'Event'");
    world.put(route.reply(Reply::new("202"))).await;
    world.deploy().await;
    world.post("/later", "application/json", "{\"x\": 1}").await.is(202, "", "");
    assert_eq!((world.function.count(), world.function.queued.lock().unwrap().len()), (0, 1));
    assert_eq!(world.function.queued.lock().unwrap()[0].payload, "{\"x\": 1}");
    world.function.refuses(400, "InvalidRequestContentException", "Could not parse request body into json: x");
    let seen = world.post("/later", "application/json", "nope").await;
    assert_eq!((seen.status, &seen.json()["message"]), (202, &json!("Could not parse request body into json: x")));
    world.function.refuses(404, "ResourceNotFoundException", "no");
    world.post("/later", "application/json", "{}").await.is(500, FAILED, ERROR);
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_runs_nothing() {
    let world = World::new().await;
    world.function().await;
    let route = Route::lambda("POST", "/dry").map("header.X-Amz-Invocation-Type", "'DryRun'");
    world.put(route.reply(Reply::new("204"))).await;
    world.deploy().await;
    world.post("/dry", "application/json", "{}").await.is(204, "", "");
    assert_eq!((world.function.count(), world.function.queued.lock().unwrap().len()), (0, 0));
}
