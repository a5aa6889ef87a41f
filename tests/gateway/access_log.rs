//! The stage's access log: which requests have a line in it, what stands there, and where it goes.

use std::time::Duration;

use aws_sdk_cloudwatchlogs::Client;
use poc::aws::EmbeddedCloud;
use serde_json::json;

use super::support::{Plan, Reply, Route, Seen, World};

const CALLS: &str = "arn:aws:logs:us-east-1:000000000000:log-group:calls";

/// What the function's invocations are called here.
const INVOCATION: &str = "11111111-2222-3333-4444-555555555555";

impl World {
    /// What the account's administrator does once, and undoes.
    async fn may_log(&self, may: bool) {
        let role = may.then(|| "arn:aws:iam::000000000000:role/gateway-logs".to_owned());
        let region = |state: &mut poc::local::cloud::State| {
            state.apigateway.regions.get_mut("us-east-1").unwrap().cloudwatch_role_arn = role;
        };
        self.cloud.inspect(region).await.unwrap();
    }

    async fn logs_to(&self, destination: &str, format: &str) {
        self.may_log(true).await;
        self.patch_stage(&[("/accessLogSettings/destinationArn", destination), ("/accessLogSettings/format", format)])
            .await;
    }

    fn cloudwatch(&self) -> Client {
        Client::new(&EmbeddedCloud::from(self.cloud.clone()).sdk_config("us-east-1"))
    }

    /// None where there is no such group.
    async fn lines(&self) -> Option<Vec<String>> {
        let found = self.cloudwatch().filter_log_events().log_group_name("calls").send().await.ok()?;
        Some(found.events.unwrap_or_default().into_iter().map(|event| event.message.unwrap()).collect())
    }

    async fn last_line(&self) -> String {
        self.lines().await.unwrap().pop().unwrap()
    }
}

fn id(seen: &Seen) -> &str {
    seen.headers["x-amzn-requestid"].to_str().unwrap()
}

/// An API with one keyed method that a function is behind, deployed; and its key's value and id.
async fn admission() -> (World, String, String) {
    let world = World::new().await;
    world.function().await;
    world.put(Route::lambda("GET", "/admit/{rank}").keyed().reply(Reply::new("200"))).await;
    world.deploy().await;
    let key = world.key(Plan::OPEN).await;
    (world, key.value, key.id)
}

#[tokio::test(start_paused = true)]
async fn every_request_that_reaches_the_stage_has_a_line() {
    let (world, key, _) = admission().await;
    let format = "$context.requestId $context.integration.requestId $context.awsEndpointRequestId $context.status \
                  $context.httpMethod ${context.resourcePath} $context.path $context.responseLength \
                  \"$context.error.responseType\" $context.error.messageString $context.identity.caller, $5.";
    world.logs_to(CALLS, format).await;
    assert_eq!(world.lines().await, None, "nobody has called yet");
    let mut told = Vec::new();
    let good = world.with_key("/admit/1", &key).await;
    told.push(format!(
        "{} {INVOCATION} {INVOCATION} 200 GET /admit/{{rank}} /prod/admit/1 16 \"-\" - -, $5.",
        id(&good)
    ));
    let keyless = world.get("/admit/2").await;
    told.push(format!(
        "{} - - 403 GET /admit/{{rank}} /prod/admit/2 23 \"INVALID_API_KEY\" \"Forbidden\" -, $5.",
        id(&keyless)
    ));
    let lost = world.get("/nowhere").await;
    told.push(format!(
        "{} - - 403 GET - /prod/nowhere 42 \"MISSING_AUTHENTICATION_TOKEN\" \"Missing Authentication Token\" -, $5.",
        id(&lost)
    ));
    assert_eq!(world.lines().await.unwrap(), told);
    // Of another stage, of which there is none, nothing is known here.
    world.host("unknown.example.com", "/admit/1").await;
    assert_eq!(world.lines().await.unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn times_are_in_milliseconds_and_statuses_those_of_each_side() {
    let world = World::new().await;
    world.function().await;
    world.put(Route::proxy("GET", "/tea")).await;
    world.put(Route::mock("GET", "/mock", "in")).await;
    world.deploy().await;
    let format = "$context.responseLatency $context.integrationLatency $context.integration.latency $context.status \
                  $context.integration.status $context.integrationStatus $context.integration.integrationStatus \
                  $context.integration.error $context.extendedRequestId";
    world.logs_to(CALLS, format).await;
    world.function.takes(Duration::from_millis(120));
    world.function.returns(json!({ "statusCode": 418 }).to_string());
    world.get("/tea").await;
    assert!(world.last_line().await.starts_with("120 120 120 418 418 200 200 - "), "{}", world.last_line().await);
    world.get("/mock").await;
    assert!(world.last_line().await.starts_with("0 - - 200 - - - - "), "{}", world.last_line().await);
    world.function.refuses(429, "TooManyRequestsException", "Rate Exceeded.");
    world.get("/tea").await;
    let throttled = world.last_line().await;
    assert!(throttled.starts_with("120 120 120 500 429 429 429 Rate Exceeded. "), "{throttled}");
}

/// Who reads logs is not always who may have the key.
#[tokio::test(start_paused = true)]
async fn a_keys_value_is_in_no_line_and_a_callers_words_are_not_taken_for_an_id() {
    let (world, key, key_id) = admission().await;
    let format = "$context.requestId|$context.identity.apiKey|$context.identity.apiKeyId|$context.identity.userAgent|\
                  $context.path";
    world.logs_to(CALLS, format).await;
    let send = async |id: &str| {
        let headers = [("X-API-Key", key.as_str()), ("x-amzn-requestid", id), ("user-agent", "a\tb")];
        world.send("GET", &format!("/admit/{key}"), &headers, "").await;
        world.last_line().await
    };
    let rest = format!("|<API key>|{key_id}|a\\tb|/prod/admit/<API key>");
    let own = "6f1e0a52-0001-4000-8000-000000000001";
    assert_eq!(send(own).await, format!("{own}{rest}"));
    let line = send("mine\"|forged").await;
    let (uuid, replaced) = line.split_at(36);
    assert_eq!(replaced, format!("_REPLACED_INVALID_REQUEST_ID{rest}"));
    assert!(uuid.bytes().filter(|byte| *byte == b'-').count() == 4 && uuid != own, "{uuid}");
}

#[tokio::test(start_paused = true)]
async fn it_goes_to_the_group_that_it_names_and_nowhere_without_the_accounts_role() {
    let (world, key, _) = admission().await;
    let logs = world.cloudwatch();
    logs.create_log_group().log_group_name("calls").send().await.unwrap();
    logs.put_retention_policy().log_group_name("calls").retention_in_days(7).send().await.unwrap();
    world.with_key("/admit/1", &key).await;
    assert_eq!(world.lines().await.unwrap(), [""; 0], "the stage has no access log");

    world.logs_to(CALLS, "$context.requestId").await;
    let first = world.with_key("/admit/1", &key).await;
    world.may_log(false).await;
    world.with_key("/admit/1", &key).await;
    world.logs_to("arn:aws:logs:us-east-1:111111111111:log-group:calls", "$context.requestId").await;
    world.with_key("/admit/1", &key).await;
    world
        .logs_to("arn:aws:firehose:us-east-1:000000000000:deliverystream/amazon-apigateway-a", "$context.requestId")
        .await;
    assert_eq!(world.with_key("/admit/1", &key).await.status, 200);
    assert_eq!(world.lines().await.unwrap(), [id(&first)]);

    let groups = logs.describe_log_groups().send().await.unwrap().log_groups.unwrap();
    let told: Vec<_> =
        groups.iter().map(|group| (group.log_group_name().unwrap(), group.retention_in_days())).collect();
    assert_eq!(told, [("calls", Some(7))]);
}
