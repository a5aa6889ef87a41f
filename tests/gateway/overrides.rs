//! Parameter mappings, overrides from templates, and headers that must not pass (`AWS_FACTS` B1, C5, C6).

use super::support::{Reply, Route, World};

#[tokio::test(start_paused = true)]
async fn response_headers_come_from_mappings_alone() {
    let world = World::new().await;
    world.function().await;
    world.function.returns("{\"a\": {\"b\": 7}, \"list\": [\"x\"], \"none\": null}");
    let reply = Reply::new("200")
        .header("X-Static", "'fixed'")
        .header("X-Body", "integration.response.body.a.b")
        .header("X-List", "integration.response.body.list[0]")
        .header("X-Object", "integration.response.body.a")
        .header("X-Missing", "integration.response.body.nope")
        .header("X-Version", "integration.response.header.X-Amz-Executed-Version")
        .header("X-Id", "context.requestId")
        .header("X-Ip", "context.identity.sourceIp");
    world.put(Route::lambda("GET", "/admit").reply(reply)).await;
    world.deploy().await;
    let seen = world.get("/admit").await;
    for (name, value) in [
        ("x-static", "fixed"),
        ("x-body", "7"),
        ("x-list", "x"),
        ("x-object", "{\"b\":7}"),
        ("x-version", "1"),
        ("x-id", seen.header("x-amzn-requestid")),
        ("x-ip", "127.0.0.1"),
    ] {
        assert_eq!(seen.header(name), value, "{name}");
    }
    // What is not there is not sent; what Lambda sent is not passed on by itself.
    for name in ["x-missing", "x-amz-executed-version"] {
        assert!(!seen.headers.contains_key(name), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_override_sets_status_and_headers() {
    let world = World::new().await;
    let template = "#set($context.responseOverride.status = 418)\
                    #set($context.responseOverride.header.X-Teapot = \"short\")\
                    #set($context.responseOverride.header.X-Mapped = \"overridden\")tea";
    let reply = Reply::new("200").header("X-Mapped", "'mapped'").json(template);
    world.put(Route::mock("GET", "/tea", "").reply(reply)).await;
    world.deploy().await;
    let seen = world.get("/tea").await;
    seen.is(418, "tea", "");
    assert_eq!((seen.header("x-teapot"), seen.header("x-mapped")), ("short", "overridden"));
}

/// C5: the status must be an integer from 100 to 599, or it is ignored.
#[tokio::test(start_paused = true)]
async fn a_status_that_is_none_is_ignored() {
    let none = ["600", "99", "\"404\"", "\"x\"", "true", "-1"];
    for (value, seen) in none.map(|none| (none, 200)).into_iter().chain([("599", 599)]) {
        let world = World::new().await;
        let template = format!("#set($context.responseOverride.status = {value})in");
        world.put(Route::mock("GET", "/x", &template)).await;
        world.deploy().await;
        world.get("/x").await.is(seen, "in", "");
    }
}

/// C5: what the request template set survives into the response template.
#[tokio::test(start_paused = true)]
async fn overrides_of_the_request_template_last() {
    let world = World::new().await;
    let request = "#set($context.requestOverride.header.X-Mine = \"kept\")\
                   #set($context.responseOverride.status = 202){\"statusCode\": 200}";
    let route = Route::mock("GET", "/x", "$context.requestOverride.header.X-Mine");
    world.put(route.template("application/json", request)).await;
    world.deploy().await;
    world.get("/x").await.is(202, "kept", "");
}

#[tokio::test(start_paused = true)]
async fn the_same_header_overridden_twice_fails() {
    let world = World::new().await;
    let request = "#set($context.requestOverride.header.X-Mine = \"a\")\
                   #set($context.requestOverride.header.x-mine = \"b\"){\"statusCode\": 200}";
    world.put(Route::mock("GET", "/x", "").template("application/json", request)).await;
    world.deploy().await;
    world.get("/x").await.is(500, "{\"message\":\"Internal server error\"}", "InternalServerErrorException");
}

/// C5: in any of the parts that can be overridden, and however it is written down.
#[tokio::test(start_paused = true)]
async fn an_override_is_final() {
    let twice = [
        "#set($context.responseOverride.status = 201)#set($context.responseOverride.status = 202)",
        "#set($context.responseOverride.header.X-A = \"1\")#set($context.responseOverride.header.X-A = \"1\")",
        "#set($context.responseOverride.header.X-A = \"1\")#set($context.responseOverride.header.x-a = \"2\")",
        "#set($context.requestOverride.querystring.a = \"1\")#set($context.requestOverride.querystring.a = \"2\")",
        "#set($context.requestOverride.path.a = \"1\")#set($x = $context.requestOverride.path.put(\"a\", \"2\"))",
        "#foreach($x in [1, 2])#set($context.responseOverride.header[\"X-A\"] = $x)#end",
    ];
    for template in twice {
        let world = World::new().await;
        let request = format!("{template}{{\"statusCode\": 200}}");
        world.put(Route::mock("GET", "/x", "").template("application/json", &request)).await;
        world.deploy().await;
        let seen = world.get("/x").await;
        seen.is(500, "{\"message\":\"Internal server error\"}", "InternalServerErrorException");
        assert!(seen.reason().contains("twice"), "{template}: {}", seen.reason());
    }
    let once = "#if(false)#set($context.responseOverride.status = 201)#end#set($context.responseOverride.status = 202)\
                #set($context.responseOverride.header.X-A = \"1\")#set($context.responseOverride.header.X-B = \"1\")";
    let world = World::new().await;
    let request = format!("{once}{{\"statusCode\": 200}}");
    world.put(Route::mock("GET", "/x", "").template("application/json", &request)).await;
    world.deploy().await;
    world.get("/x").await.is(202, "", "");
}

/// HTTP has no final answer with a status below 200, so a caller never gets one.
#[tokio::test(start_paused = true)]
async fn no_answer_is_informational() {
    for status in ["100", "101", "199"] {
        let world = World::new().await;
        let template = format!("#set($context.responseOverride.status = {status})x");
        world.put(Route::mock("GET", "/x", &template)).await;
        world.deploy().await;
        let seen = world.get("/x").await;
        seen.is(500, "{\"message\":\"Internal server error\"}", "InternalServerErrorException");
        assert!(seen.reason().contains(status), "{}", seen.reason());
    }
}

/// C6: recorded from AWS; and those that AWS's documentation adds.
#[tokio::test(start_paused = true)]
async fn some_headers_must_not_be_mapped_to_an_integration() {
    for name in
        ["content-length", "Transfer-Encoding", "X-Amzn-Trace-Id", "Authorization", "connection", "expect", "te"]
    {
        let world = World::new().await;
        world.function().await;
        world.put(Route::lambda("GET", "/x").map(&format!("header.{name}"), "'1'").reply(Reply::new("200"))).await;
        world.deploy().await;
        let seen = world.get("/x").await;
        seen.is(500, "{\"message\":\"Internal server error\"}", "InternalServerErrorException");
        assert!(seen.reason().contains(name), "{}", seen.reason());
        assert_eq!(world.function.count(), 0);
    }
}

/// C6: recorded from AWS (`header_remapping_aws`).
#[tokio::test(start_paused = true)]
async fn some_headers_reach_the_caller_under_another_name() {
    let names = [
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
    let world = World::new().await;
    let reply = names.iter().fold(Reply::new("200"), |reply, name| reply.header(name, "'kept'"));
    world.put(Route::mock("GET", "/x", "").reply(reply)).await;
    world.deploy().await;
    let seen = world.get("/x").await;
    for name in names {
        assert_eq!(seen.header(&format!("x-amzn-remapped-{name}")), "kept", "{name}");
        assert!(!seen.headers.contains_key(name), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_value_splits_the_response() {
    let world = World::new().await;
    world.function().await;
    world.function.returns("{\"evil\": \"a\\r\\nSet-Cookie: b\"}");
    let template = "#set($context.responseOverride.header[\"X-Ev il\"] = \"x\")in";
    let reply = Reply::new("200").header("X-Evil", "integration.response.body.evil").json(template);
    world.put(Route::lambda("GET", "/x").reply(reply)).await;
    world.deploy().await;
    let seen = world.get("/x").await;
    assert_eq!((seen.status, seen.header("x-evil")), (200, "aSet-Cookie: b"));
    assert!(!seen.headers.contains_key("set-cookie"));
}
