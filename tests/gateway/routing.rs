//! `AWS_FACTS` C1: which method a request finds, and what is answered where none is.

use poc::local::gateway::Target;

use super::support::{Route, World};

#[tokio::test(start_paused = true)]
async fn the_first_segment_is_the_stage() {
    let world = World::new().await;
    world.put(Route::mock("GET", "/admit", "{\"said\": \"hello\"}")).await;
    world.deploy().await;
    for path in ["/admit", "/admit/", "/admit?x=1"] {
        world.get(path).await.is(200, "{\"said\": \"hello\"}", "");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_a_missing_token() {
    let world = World::new().await;
    world.put(Route::mock("GET", "/admit", "")).await;
    world.deploy().await;
    let missing = "{\"message\":\"Missing Authentication Token\"}";
    for (verb, path) in [
        ("GET", "/nowhere"),
        ("POST", "/admit"),
        ("HEAD", "/admit"),
        ("GET", ""),
        ("GET", "//admit"),
        ("GET", "/admit/x"),
    ] {
        let seen = world.send(verb, path, &[], "").await;
        let body = if verb == "HEAD" { "" } else { missing };
        seen.is(403, body, "MissingAuthenticationTokenException");
        assert!(seen.reason().contains(verb), "{}", seen.reason());
    }
}

#[tokio::test(start_paused = true)]
async fn a_stage_or_an_api_that_is_not_there_is_forbidden() {
    let world = World::new().await;
    world.put(Route::mock("GET", "/admit", "")).await;
    world.deploy().await;
    let forbidden = "{\"message\":\"Forbidden\"}";
    for (api, path) in [(world.api.as_str(), "/test/admit"), (world.api.as_str(), "/"), ("nosuchapi", "/prod/admit")] {
        let seen = world.call(Target::Api { id: api.to_owned() }, "GET", path, &[], "".into()).await;
        seen.is(403, forbidden, "ForbiddenException");
    }
}

#[tokio::test(start_paused = true)]
async fn static_beats_variable_beats_greedy_and_any_is_the_last_verb() {
    let world = World::new().await;
    for (verb, path) in [
        ("GET", "/"),
        ("GET", "/users/me"),
        ("GET", "/users/{id}"),
        ("ANY", "/users/{id}/posts"),
        ("POST", "/users/{id}/posts"),
        ("ANY", "/{proxy+}"),
    ] {
        let body = format!("{verb} {path} $input.params('id')$input.params('proxy')");
        world.put(Route::mock(verb, path, &body)).await;
    }
    world.deploy().await;
    for (verb, path, answer) in [
        ("GET", "/", "GET / "),
        ("GET", "/users/me", "GET /users/me "),
        ("GET", "/users/7", "GET /users/{id} 7"),
        ("GET", "/users/a%20b%2Fc", "GET /users/{id} a b/c"),
        ("PUT", "/users/7/posts", "ANY /users/{id}/posts 7"),
        ("POST", "/users/7/posts", "POST /users/{id}/posts 7"),
        ("POST", "/users/me", "ANY /{proxy+} users/me"),
        ("GET", "/users/7/friends", "ANY /{proxy+} users/7/friends"),
    ] {
        assert_eq!(world.send(verb, path, &[], "").await.body, answer, "{verb} {path}");
    }
    assert_eq!(world.send("HEAD", "/other", &[], "").await.status, 200);
}

/// Recorded from AWS: `OPTIONS /test` finds `OPTIONS /{proxy+}` although there is `POST /test`.
#[tokio::test(start_paused = true)]
async fn a_resource_without_the_method_leaves_it_to_a_greedy_sibling() {
    let world = World::new().await;
    world.put(Route::mock("POST", "/test", "POST request")).await;
    world.put(Route::mock("ANY", "/test/any", "ANY request")).await;
    world.put(Route::mock("OPTIONS", "/{proxy+}", "OPTIONS request")).await;
    world.deploy().await;
    for (verb, path, said) in [
        ("OPTIONS", "/test", "OPTIONS request"),
        ("POST", "/test", "POST request"),
        ("OPTIONS", "/test/any", "ANY request"),
        ("GET", "/test/any", "ANY request"),
    ] {
        world.send(verb, path, &[], "").await.is(200, said, "");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_served_is_the_deployment_not_the_draft() {
    let world = World::new().await;
    world.put(Route::mock("GET", "/admit", "old")).await;
    world.deploy().await;
    assert_eq!(world.get("/admit").await.body, "old");
    world.put(Route::mock("GET", "/later", "new")).await;
    assert_eq!(world.get("/later").await.status, 403);
    world.deploy().await;
    assert_eq!(world.get("/later").await.body, "new");
}

#[tokio::test(start_paused = true)]
async fn the_last_of_repeated_query_keys_counts_and_values_are_decoded() {
    let world = World::new().await;
    world.put(Route::mock("GET", "/q", "$input.params('a')|$input.params('b')|$input.params('A')")).await;
    world.deploy().await;
    assert_eq!(world.get("/q?a=1&a=2&b=x%20y+z%26").await.body, "2|x y z&|");
}

#[tokio::test(start_paused = true)]
async fn a_disabled_default_endpoint_is_forbidden_once_it_is_deployed() {
    let world = World::new().await;
    world.put(Route::mock("GET", "/admit", "")).await;
    world.deploy().await;
    world.patch_api(&[("replace", "/disableExecuteApiEndpoint", "true")]).await;
    assert_eq!(world.get("/admit").await.status, 200);
    world.deploy().await;
    world.get("/admit").await.is(403, "{\"message\":\"Forbidden\"}", "ForbiddenException");
}

/// "Canary-free stage snapshots": a stage with a canary answers as if there were none.
#[tokio::test(start_paused = true)]
async fn a_canary_gets_no_traffic() {
    use aws_sdk_apigateway::types::DeploymentCanarySettings;
    let world = World::new().await;
    world.put(Route::mock("GET", "/x", "$context.deploymentId $context.isCanaryRequest $stageVariables.v")).await;
    world.deploy().await;
    world.patch_stage(&[("/variables/v", "own")]).await;
    let before = world.get("/x").await.body;
    world.put(Route::mock("GET", "/new", "")).await;
    let canary = DeploymentCanarySettings::builder().percent_traffic(100.0).stage_variable_overrides("v", "other");
    let deployment = world.client.create_deployment().rest_api_id(&world.api).stage_name("prod");
    deployment.canary_settings(canary.build()).send().await.unwrap();
    assert!(before.ends_with(" false own"), "{before}");
    for _ in 0..5 {
        assert_eq!(world.get("/x").await.body, before);
    }
    world.get("/new").await.is(
        403,
        "{\"message\":\"Missing Authentication Token\"}",
        "MissingAuthenticationTokenException",
    );
}
