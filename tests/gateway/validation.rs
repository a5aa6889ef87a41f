//! `AWS_FACTS` C3: request validation.

use super::support::{Route, World};

const SCHEMA: &str = r#"{
    "$schema": "http://json-schema.org/draft-04/schema#",
    "type": "object",
    "required": ["gre", "gpa"],
    "properties": { "gre": { "type": "integer", "minimum": 200, "exclusiveMinimum": true }, "gpa": { "type": "number" } }
}"#;

#[tokio::test(start_paused = true)]
async fn missing_parameters_are_told_in_the_order_of_their_full_names() {
    let world = World::new().await;
    let validator = world.validator(false, true).await;
    let route = Route::mock("GET", "/pets/{issuer}", "in").validated(&validator);
    let route = route.parameter("header.x-header-param", true).parameter("path.issuer", true);
    let route = route.parameter("querystring.qs1", true).parameter("querystring.optional", false);
    world.put(route).await;
    world.deploy().await;
    let error = "BadRequestException";
    let missing = |names: &str| format!("{{\"message\":\"Missing required request parameters: [{names}]\"}}");
    world.get("/pets/me").await.is(400, &missing("x-header-param, qs1"), error);
    world.get("/pets/me?qs1=x").await.is(400, &missing("x-header-param"), error);
    // Blank is missing; a query parameter's name has a case.
    let header = [("X-Header-Param", "a")];
    world.send("GET", "/pets/me?qs1=", &header, "").await.is(400, &missing("qs1"), error);
    world.send("GET", "/pets/me?QS1=x", &header, "").await.is(400, &missing("qs1"), error);
    world.send("GET", "/pets/me?qs1=x", &header, "").await.is(200, "in", "");
    world.send("GET", "/pets/%20?qs1=x", &header, "").await.is(400, &missing("issuer"), error);
}

#[tokio::test(start_paused = true)]
async fn all_three_places_are_told_at_once() {
    let world = World::new().await;
    let validator = world.validator(false, true).await;
    let route = Route::mock("GET", "/{proxy+}", "in").validated(&validator).parameter("path.issuer", true);
    world.put(route.parameter("querystring.qs1", true).parameter("header.x-header-param", true)).await;
    world.deploy().await;
    let body = "{\"message\":\"Missing required request parameters: [x-header-param, issuer, qs1]\"}";
    world.get("/x").await.is(400, body, "BadRequestException");
}

#[tokio::test(start_paused = true)]
async fn without_a_validator_required_means_nothing() {
    let world = World::new().await;
    world.put(Route::mock("GET", "/admit", "in").parameter("querystring.gre", true)).await;
    world.deploy().await;
    world.get("/admit").await.is(200, "in", "");
}

#[tokio::test(start_paused = true)]
async fn bodies_are_held_to_the_model_of_their_content_type() {
    let world = World::new().await;
    let validator = world.validator(true, false).await;
    world.model("Application", SCHEMA).await;
    let route = Route::mock("POST", "/admit", "in").template("$default", "{\"statusCode\": 200}");
    world.put(route.validated(&validator).model("application/json", "Application")).await;
    world.deploy().await;
    let invalid = "{\"message\":\"Invalid request body\"}";
    for (body, fits) in [
        ("{\"gre\": 800, \"gpa\": 4}", true),
        ("{\"gre\": 800, \"gpa\": 3.5, \"more\": null}", true),
        ("{\"gre\": 800}", false),
        ("{\"gre\": \"800\", \"gpa\": 4}", false),
        ("{\"gre\": 200, \"gpa\": 4}", false),
        ("[]", false),
        ("not json", false),
        // Nothing is {}.
        ("", false),
    ] {
        for kind in ["application/json", "Application/JSON; charset=utf-8"] {
            let seen = world.post("/admit", kind, body).await;
            if fits { seen.is(200, "in", "") } else { seen.is(400, invalid, "BadRequestException") }
        }
    }
    // No model for that type: not looked at.
    assert_eq!(world.post("/admit", "text/plain", "not json").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_model_may_refer_to_another() {
    let world = World::new().await;
    let validator = world.validator(true, false).await;
    world.model("Application", SCHEMA).await;
    let address = format!("https://apigateway.amazonaws.com/restapis/{}/models/Application", world.api);
    let all = format!("{{\"type\": \"array\", \"items\": {{\"$ref\": \"{address}\"}}}}");
    world.model("Applications", &all).await;
    world.put(Route::mock("POST", "/all", "in").validated(&validator).model("application/json", "Applications")).await;
    world.deploy().await;
    assert_eq!(world.post("/all", "application/json", "[{\"gre\": 800, \"gpa\": 4}]").await.status, 200);
    assert_eq!(world.post("/all", "application/json", "[{\"gre\": 800}]").await.status, 400);
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_is_told_through_a_gateway_response_alone() {
    let world = World::new().await;
    let validator = world.validator(true, false).await;
    world.model("Application", SCHEMA).await;
    world.put(Route::mock("POST", "/admit", "in").validated(&validator).model("application/json", "Application")).await;
    let template = "{\"message\":$context.error.messageString,\"why\":\"$context.error.validationErrorString\"}";
    world.gateway_response("BAD_REQUEST_BODY", None, &[], &[("application/json", template)]).await;
    world.deploy().await;
    let seen = world.post("/admit", "application/json", "{\"gre\": 800}").await;
    let expected =
        "{\"message\":\"Invalid request body\",\"why\":\"[object has missing required properties ([\"gpa\"])]\"}";
    seen.is(400, expected, "BadRequestException");
}
