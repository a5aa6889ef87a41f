//! The sample as the deployer itself puts it up, called by its default endpoint and by its own name.

use std::sync::Arc;

use bytes::Bytes;
use poc::local::gateway::{Call, Gateway, Target, Traced};

use super::support::{FakeFunction, Seen, seen};
use crate::support::World;

struct Sample {
    world: World,
    gateway: Gateway,
    function: Arc<FakeFunction>,
    api: String,
    key: String,
}

impl Sample {
    async fn deployed(world: World) -> Sample {
        world.deploy().await;
        let function = Arc::new(FakeFunction::default());
        let gateway = Gateway::new(world.cloud.clone(), function.clone());
        let look = |state: &poc::local::cloud::State| {
            let region = &state.apigateway.regions["us-east-1"];
            let api = region.rest_apis.keys().next().unwrap().clone();
            (api, region.api_keys.values().next().unwrap().value.clone())
        };
        let (api, key) = world.cloud.look(|state, _| look(state)).await.unwrap();
        Sample { world, gateway, function, api, key }
    }

    async fn call(&self, target: Target, verb: &str, path: &str, headers: &[(&str, &str)]) -> Seen {
        let mut request = http::Request::builder().method(verb).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Bytes::new()).unwrap();
        seen(
            self.gateway
                .handle(Call { target, request, source_ip: [127, 0, 0, 1].into(), traced: Traced::Whole })
                .await,
        )
    }

    async fn get(&self, path: &str) -> Seen {
        self.call(Target::Api { id: self.api.clone() }, "GET", path, &[("x-api-key", &self.key)]).await
    }
}

const GOOD: &str = "/prod/admit?gre=800&gpa=4&rank=1";

/// The list of what a newcomer sees.
#[tokio::test(start_paused = true)]
async fn the_article_is_answered_as_it_says() {
    let sample = Sample::deployed(World::new()).await;
    sample.function.returns("{\"result\": true}");
    sample.get(GOOD).await.is(200, "{\"result\": true}", "");
    assert_eq!(sample.function.event(), serde_json::json!({ "gre": "800", "gpa": "4", "rank": "1" }));
    let target = || Target::Api { id: sample.api.clone() };
    let forbidden = "{\"message\":\"Forbidden\"}";
    sample.call(target(), "GET", GOOD, &[]).await.is(403, forbidden, "ForbiddenException");
    let missing = "{\"message\":\"Missing Authentication Token\"}";
    sample.get("/prod/nowhere").await.is(403, missing, "MissingAuthenticationTokenException");
    sample.function.raises("{\"httpStatus\":400,\"message\":\"gre is 'abc'\",\"request_id\":\"7\"}");
    let seen = sample.get("/prod/admit?gre=abc&gpa=4&rank=1").await;
    let body = serde_json::json!({ "code": 400, "message": "gre is 'abc'", "request-id": "7" });
    assert_eq!((seen.status, seen.json()), (400, body));
    let mut statuses: Vec<u16> = Vec::new();
    for _ in 0..20 {
        statuses.push(sample.get(GOOD).await.status);
    }
    // Twenty at once, two of which are gone.
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 2, "{statuses:?}");
    sample.get(GOOD).await.is(429, "{\"message\":\"Too Many Requests\"}", "TooManyRequestsException");
}

#[tokio::test(start_paused = true)]
async fn its_own_name_has_a_base_path_and_no_stage() {
    let sample = Sample::deployed(World::new()).await;
    sample.function.returns("{\"result\": false}");
    let target = Target::Host("api.example.com".to_owned());
    let key = [("x-api-key", sample.key.as_str())];
    sample.call(target, "GET", "/poc/admit?gre=1&gpa=1&rank=1", &key).await.is(200, "{\"result\": false}", "");
}

#[tokio::test(start_paused = true)]
async fn its_cors_answers_browsers() {
    let sample = Sample::deployed(World::new()).await;
    let target = || Target::Api { id: sample.api.clone() };
    let origin = [("origin", "https://a.example")];
    let seen = sample.call(target(), "OPTIONS", "/prod/admit", &origin).await;
    seen.is(200, "", "");
    for (name, value) in [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "GET,OPTIONS"),
        ("access-control-allow-headers", "Content-Type,X-Api-Key,Authorization,X-Amz-Date,X-Amz-Security-Token"),
    ] {
        assert_eq!(seen.header(name), value, "{name}");
    }
    // Without its header a browser could not even read the refusal.
    let seen = sample.call(target(), "GET", GOOD, &origin).await;
    assert_eq!((seen.status, seen.header("access-control-allow-origin")), (403, "*"));
    sample.function.returns("{\"result\": true}");
    assert_eq!(sample.get(GOOD).await.header("access-control-allow-origin"), "*");
    drop(sample.world);
}
