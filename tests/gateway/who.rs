//! `AWS_FACTS` C2: API keys; signed requests; and the API's resource policy.

use poc::local::gateway::Target;
use serde_json::json;

use super::support::{Plan, Route, World, patch};

const FORBIDDEN: &str = "{\"message\":\"Forbidden\"}";

async fn keyed() -> World {
    let world = World::new().await;
    let said = "$context.identity.apiKeyId";
    world.put(Route::mock("GET", "/admit", said).keyed()).await;
    world.put(Route::mock("GET", "/open", "open")).await;
    world.deploy().await;
    world
}

#[tokio::test(start_paused = true)]
async fn a_key_of_a_plan_of_the_stage_opens_it_in_any_case_of_the_header() {
    let world = keyed().await;
    let key = world.key(Plan::OPEN).await;
    for header in ["x-api-key", "X-API-Key", "X-Api-KEY"] {
        let seen = world.send("GET", "/admit", &[(header, &key.value)], "").await;
        seen.is(200, &key.id, "");
        assert_eq!(seen.answer.trace.api_key.as_deref(), Some("plan"));
    }
    assert_eq!(world.get("/open").await.body, "open");
}

#[tokio::test(start_paused = true)]
async fn every_other_key_is_forbidden_and_the_developer_is_told_why() {
    let world = keyed().await;
    let key = world.key(Plan::OPEN).await;
    let loose = "a-key-that-is-in-no-plan-at-all";
    world.client.create_api_key().name("loose").value(loose).enabled(true).send().await.unwrap();
    for (given, reason) in [
        (None, "no x-api-key header"),
        (Some("unknown-value-of-a-key"), "no API key with the value"),
        (Some(loose), "in no usage plan"),
    ] {
        let seen = match given {
            Some(given) => world.with_key("/admit", given).await,
            None => world.get("/admit").await,
        };
        seen.is(403, FORBIDDEN, "ForbiddenException");
        assert!(seen.reason().contains(reason), "{}", seen.reason());
    }
    let update = world.client.update_api_key().api_key(&key.id);
    update.patch_operations(patch("replace", "/enabled", "false")).send().await.unwrap();
    let seen = world.with_key("/admit", &key.value).await;
    seen.is(403, FORBIDDEN, "ForbiddenException");
    assert!(seen.reason().contains("disabled"), "{}", seen.reason());
}

#[tokio::test(start_paused = true)]
async fn a_plan_of_another_stage_opens_nothing_here() {
    let world = keyed().await;
    let key = world.key(Plan::OPEN).await;
    world.deploy_to("dev").await;
    let target = Target::Api { id: world.api.clone() };
    let seen = world.call(target, "GET", "/dev/admit", &[("x-api-key", &key.value)], "".into()).await;
    seen.is(403, FORBIDDEN, "ForbiddenException");
}

#[tokio::test(start_paused = true)]
async fn no_trace_tells_a_keys_value() {
    let world = keyed().await;
    world.function().await;
    world.put(Route::proxy("GET", "/proxy").keyed()).await;
    world.deploy().await;
    let key = world.key(Plan::OPEN).await;
    for (path, value) in [("/proxy", key.value.as_str()), ("/proxy", "some-wrong-value-of-a-key")] {
        let seen = world.with_key(path, value).await;
        let told = serde_json::to_string(&seen.answer.trace).unwrap();
        assert!(!told.contains(value), "{told}");
        assert!(told.contains("API key"), "{told}");
    }
    // The function itself gets it, as from AWS.
    assert_eq!(world.function.event()["requestContext"]["identity"]["apiKey"], key.value);
}

#[tokio::test(start_paused = true)]
async fn a_method_for_signed_requests() {
    let world = World::new().await;
    world.put(Route::mock("GET", "/signed", "$context.identity.accessKey").signed()).await;
    world.deploy().await;
    let scope = "20260131/us-east-1/execute-api/aws4_request";
    let signature = "a".repeat(64);
    let header = |key: &str, signature: &str| {
        format!("AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders=host;x-amz-date, Signature={signature}")
    };
    world.get("/signed").await.is(
        403,
        "{\"message\":\"Missing Authentication Token\"}",
        "MissingAuthenticationTokenException",
    );
    world.send("GET", "/signed", &[("authorization", &header("LOCAL", &signature))], "").await.is(200, "LOCAL", "");
    world.send("GET", "/signed", &[("authorization", &header("AKIAOTHER", &signature))], "").await.is(
        403,
        "{\"message\":\"The security token included in the request is invalid.\"}",
        "UnrecognizedClientException",
    );
    for (given, error_type) in [
        (header("LOCAL", "short"), "InvalidSignatureException"),
        ("Bearer something".to_owned(), "IncompleteSignatureException"),
    ] {
        let seen = world.send("GET", "/signed", &[("authorization", &given)], "").await;
        assert_eq!((seen.status, seen.header("x-amzn-errortype")), (403, error_type), "{}", seen.body);
    }
    let query = format!("/signed?X-Amz-Credential=LOCAL/{scope}&X-Amz-Signature={signature}");
    assert_eq!(world.get(&query).await.status, 200);
}

/// The policy as given, deployed; who then gets what.
async fn under(policy: serde_json::Value) -> World {
    let world = World::new().await;
    world.put(Route::mock("GET", "/admit", "in")).await;
    world.patch_api(&[("replace", "/policy", &policy.to_string())]).await;
    world.deploy().await;
    world
}

async fn from(world: &World, source: &str) -> super::support::Seen {
    world.call_from(source, Target::Api { id: world.api.clone() }, "GET", "/prod/admit", &[], "".into()).await
}

#[tokio::test(start_paused = true)]
async fn a_policy_by_address() {
    let all =
        json!({ "Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*" });
    let mut but = all.clone();
    but["Effect"] = "Deny".into();
    but["Condition"] = json!({ "NotIpAddress": { "aws:SourceIp": ["10.0.0.0/8", "192.0.2.1"] } });
    let world = under(json!({ "Version": "2012-10-17", "Statement": [all, but] })).await;
    assert_eq!(from(&world, "10.1.2.3").await.body, "in");
    assert_eq!(from(&world, "192.0.2.1").await.body, "in");
    let seen = from(&world, "127.0.0.1").await;
    let expected = format!(
        "{{\"Message\":\"User: anonymous is not authorized to perform: execute-api:Invoke on resource: \
         arn:aws:execute-api:us-east-1:********0000:{}/prod/GET/admit with an explicit deny\"}}",
        world.api
    );
    seen.is(403, &expected, "AccessDeniedException");
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_allows_nothing_here_denies() {
    let only = |resource: &str| json!({ "Statement": { "Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": resource } });
    for (resource, status) in [
        ("execute-api:/prod/GET/admit", 200),
        ("execute-api:/prod/*", 200),
        ("execute-api:/dev/*", 403),
        ("execute-api:/prod/POST/*", 403),
    ] {
        assert_eq!(from(&under(only(resource)).await, "127.0.0.1").await.status, status, "{resource}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_condition_that_cannot_be_judged_denies_and_says_so() {
    let world = under(json!({ "Statement": [{
        "Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*",
        "Condition": { "StringEquals": { "aws:SourceVpc": "vpc-1" } },
    }] }))
    .await;
    let seen = from(&world, "127.0.0.1").await;
    assert_eq!(seen.status, 403);
    assert!(seen.reason().contains("StringEquals on aws:SourceVpc"), "{}", seen.reason());
}
