//! `AWS_FACTS` C6, C7: response templates by `Accept`, MOCK, and what every answer has.

use aws_sdk_apigateway::types::{EndpointType, IntegrationType};

use super::support::{Reply, Route, World};

#[tokio::test(start_paused = true)]
async fn the_response_template_is_what_the_caller_accepts_then_json_then_the_first() {
    let world = World::new().await;
    let both = Reply::new("200").template("application/xml", "<x/>").json("{}").template("text/a", "a");
    world.put(Route::mock("GET", "/json", "").reply(both)).await;
    let none = Reply::new("200").template("text/b", "b").template("text/a", "a");
    world.put(Route::mock("GET", "/first", "").reply(none)).await;
    world.deploy().await;
    for (path, accept, body) in [
        ("/json", "application/xml", "<x/>"),
        ("/json", "application/xml;q=0.9, text/a", "<x/>"),
        ("/json", "text/html", "{}"),
        ("/json", "*/*", "{}"),
        ("/first", "text/html", "a"),
        ("/first", "text/b", "b"),
    ] {
        let seen = world.send("GET", path, &[("accept", accept)], "").await;
        assert_eq!(seen.body, body, "{path} {accept}");
        assert_eq!(seen.header("content-type"), "application/json");
    }
    assert_eq!(world.get("/json").await.body, "{}");
}

#[tokio::test(start_paused = true)]
async fn a_mocks_status_selects_the_response() {
    let world = World::new().await;
    let template = "{\"statusCode\": $input.params('status')}";
    let route = Route::new("GET", "/mock", IntegrationType::Mock).template("application/json", template);
    let route = route.reply(Reply::new("200").json("ok")).reply(Reply::new("404").when("404").json("gone"));
    world.put(route.reply(Reply::new("500").when("5\\d{2}").json("broken"))).await;
    world.deploy().await;
    for (status, seen, body) in [(200, 200, "ok"), (204, 200, "ok"), (404, 404, "gone"), (503, 500, "broken")] {
        world.get(&format!("/mock?status={status}")).await.is(seen, body, "");
    }
    world.get("/mock").await.is(500, "{\"message\":\"Internal server error\"}", "InternalServerErrorException");
}

/// C7: the error type on errors, a trace of functions alone; both identifiers always.
#[tokio::test(start_paused = true)]
async fn every_answer_has_its_headers() {
    let world = World::new().await;
    world.put(Route::mock("GET", "/mock", "in")).await;
    world.deploy().await;
    for path in ["/mock", "/nowhere"] {
        let seen = world.get(path).await;
        let id = seen.header("x-amzn-requestid");
        let parts: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12], "{id}");
        assert_eq!(id, seen.answer.trace.request_id);
        assert!(seen.header("x-amz-apigw-id").ends_with('='), "{}", seen.header("x-amz-apigw-id"));
        assert_eq!(seen.header("content-type"), "application/json");
        for name in ["x-amzn-trace-id", "via", "x-cache"] {
            assert!(!seen.headers.contains_key(name), "{path} has {name}");
        }
    }
    assert_ne!(
        world.get("/mock").await.header("x-amzn-requestid"),
        world.get("/mock").await.header("x-amzn-requestid")
    );
    let headers = [("x-amzn-requestid", "mine-1")];
    assert_eq!(world.send("GET", "/mock", &headers, "").await.header("x-amzn-requestid"), "mine-1");
}

#[tokio::test(start_paused = true)]
async fn an_edge_endpoint_is_behind_cloudfront() {
    let world = World::of(EndpointType::Edge).await;
    world.put(Route::mock("GET", "/mock", "in")).await;
    world.deploy().await;
    let seen = world.get("/mock").await;
    assert_eq!(seen.header("x-cache"), "Miss from cloudfront");
    assert!(seen.header("via").ends_with("cloudfront.net (CloudFront)"));
    assert_eq!(world.get("/nowhere").await.header("x-cache"), "Error from cloudfront");
}

#[tokio::test(start_paused = true)]
async fn a_head_is_answered_without_body() {
    let world = World::new().await;
    world.put(Route::mock("ANY", "/any", "some text")).await;
    world.deploy().await;
    world.send("HEAD", "/any", &[], "").await.is(200, "", "");
    world.send("GET", "/any", &[], "").await.is(200, "some text", "");
}

#[tokio::test(start_paused = true)]
async fn a_status_that_is_mapped_to_a_content_type() {
    let world = World::new().await;
    let reply = Reply::new("200").header("Content-Type", "'text/html'").template("text/html", "<p>hi</p>");
    world.put(Route::mock("GET", "/page", "").reply(reply)).await;
    world.deploy().await;
    let seen = world.get("/page").await;
    assert_eq!((seen.header("content-type"), seen.body.as_str()), ("text/html", "<p>hi</p>"));
}
