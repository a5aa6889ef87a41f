//! What a developer is shown of a request.

use poc::local::gateway::{Call, StepName, Target, Traced};
use serde_json::{Value, json};

use super::support::{Plan, Reply, Route, World};

fn fact<'a>(trace: &'a poc::local::gateway::Trace, step: StepName, name: &str) -> &'a Value {
    let step = trace.steps.iter().find(|one| one.name == step).unwrap_or_else(|| panic!("no step {step:?}"));
    let fact = step.facts.iter().find(|fact| fact.name == name);
    fact.map(|fact| &fact.value).unwrap_or_else(|| panic!("no {name} in {:?}: {:?}", step.name, step.facts))
}

#[tokio::test(start_paused = true)]
async fn the_whole_life_of_a_request_with_its_values() {
    let world = World::new().await;
    world.function().await;
    let route = Route::lambda("GET", "/admit").keyed();
    let route = route.template("application/json", "{\"gre\": \"$input.params('gre')\"}").reply(Reply::new("200"));
    let error = Reply::new("400").when(".*bad.*").json("{\"why\": \"$input.path('$.errorMessage')\"}");
    world.put(route.reply(error)).await;
    world.deploy().await;
    let key = world.key(Plan { quota: Some((10, "DAY", 0)), ..Plan::OPEN }).await;
    world.function.raises("a bad one");
    let trace = world.with_key("/admit?gre=abc", &key.value).await.answer.trace;
    use StepName::{Integration, IntegrationRequest, IntegrationResponse, MethodRequest, MethodResponse};
    let steps: Vec<StepName> = trace.steps.iter().map(|step| step.name).collect();
    assert_eq!(steps, [MethodRequest, IntegrationRequest, Integration, IntegrationResponse, MethodResponse]);
    for (step, name, value) in [
        (MethodRequest, "route", json!("GET /admit")),
        (MethodRequest, "query", json!({ "gre": "abc" })),
        (MethodRequest, "api_key", json!("plan")),
        (MethodRequest, "quota_remaining", json!(9)),
        (IntegrationRequest, "template", json!("application/json")),
        (IntegrationRequest, "body", json!({ "gre": "abc" })),
        (Integration, "function", json!(format!("{}:prod", super::support::FUNCTION))),
        (Integration, "result", json!({ "errorMessage": "a bad one", "errorType": "Exception" })),
        (Integration, "function_error", json!("Unhandled")),
        (IntegrationResponse, "selected_by", json!("a bad one")),
        (IntegrationResponse, "pattern", json!(".*bad.* → 400")),
        (IntegrationResponse, "template", json!("application/json")),
        (IntegrationResponse, "body", json!({ "why": "a bad one" })),
        (MethodResponse, "status", json!(400)),
    ] {
        assert_eq!(fact(&trace, step, name), &value, "{step:?} {name}");
    }
    assert_eq!(trace.resource_path.as_deref(), Some("/admit"));
    assert_eq!(trace.stage.as_deref(), Some("prod"));
    assert_eq!(trace.reason.as_deref(), Some("the function raised Exception: a bad one"));
}

#[tokio::test(start_paused = true)]
async fn without_being_asked_for_there_are_times_alone() {
    let world = World::new().await;
    world.put(Route::mock("GET", "/x", "in")).await;
    world.deploy().await;
    let call = Call {
        target: Target::Api { id: world.api.clone() },
        request: http::Request::get("/prod/x").body(bytes::Bytes::new()).unwrap(),
        source_ip: "127.0.0.1".parse().unwrap(),
        traced: Traced::Times,
    };
    let trace = world.gateway.handle(call).await.trace;
    assert_eq!(trace.steps.len(), 5);
    assert!(trace.steps.iter().all(|step| step.facts.is_empty()));
}

#[tokio::test(start_paused = true)]
async fn the_gateway_can_be_shared_between_threads() {
    fn is_shared<T: Send + Sync>(_: &T) {}
    fn is_sent<T: Send>(_: &T) {}
    let world = World::new().await;
    is_shared(&world.gateway);
    let call = Call {
        target: Target::Api { id: world.api.clone() },
        request: http::Request::get("/prod/x").body(bytes::Bytes::new()).unwrap(),
        source_ip: "127.0.0.1".parse().unwrap(),
        traced: Traced::Times,
    };
    let answer = world.gateway.handle(call);
    is_sent(&answer);
    assert_eq!(answer.await.response.status(), 403);
}
