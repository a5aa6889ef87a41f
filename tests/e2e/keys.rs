//! `AWS_FACTS` C2: who gets in, and how often. No row depends on speed: what is refilled at all is refilled at one in a
//! hundred seconds, or waited for.

use std::path::Path;
use std::time::{Duration, SystemTime};

use aws_sdk_apigateway::types::Op;
use poc::aws::EmbeddedCloud;
use poc::clock::Clock;
use poc::local::cloud::{Cloud, Profile};
use tempfile::TempDir;

use super::routes::Route;
use super::rows::{Expected, Rows, function, mock, refused};
use super::served::{Served, patch};
use super::support::World;
use super::wire::{Call, get};

/// "403 `{"message":"Forbidden"}`, `x-amzn-ErrorType: ForbiddenException` (INVALID_API_KEY)"
fn forbidden() -> Expected {
    refused(403, "ForbiddenException", "Forbidden")
}

/// "Throttled: 429 `{"message":"Too Many Requests"}`, TooManyRequestsException (THROTTLED)". "No Retry-After header on the
/// data plane"
fn too_many() -> Expected {
    refused(429, "TooManyRequestsException", "Too Many Requests").without("retry-after")
}

/// "quota: 429 `{"message":"Limit Exceeded"}`, LimitExceededException (QUOTA_EXCEEDED)"
fn exceeded() -> Expected {
    refused(429, "LimitExceededException", "Limit Exceeded").without("retry-after")
}

#[tokio::test]
async fn keys_that_open_and_keys_that_do_not() {
    let served = Served::file(
        r"
api:
  name: E2e
  endpoint: regional
  resources:
    /admit: { GET: { api_key: true } }
    /open: { GET: {} }
usage_plan: { keys: [good, { name: disabled, enabled: false }] }
",
    )
    .await;
    let (good, disabled) = (served.key("good").await, served.key("disabled").await);
    let mut rows = served.rows();
    let admit = || get("/prod/admit");

    // "Key source header `X-API-Key` (case-insensitive header)"
    for name in ["x-api-key", "X-API-Key", "X-Api-Key", "X-API-KEY"] {
        rows.row(name, admit().header(name, &good), function(200));
    }
    // "Missing, unknown, disabled key, or key not in a plan attached to this stage → 403"
    rows.row("missing", admit(), forbidden());
    rows.row("empty", admit().key(""), forbidden());
    rows.row("unknown", admit().key("0123456789012345678901234567890123456789"), forbidden());
    rows.row("another case", admit().key(&good.to_uppercase()), forbidden());
    rows.row("as a query parameter", get(&format!("/prod/admit?x-api-key={good}")), forbidden());
    rows.row("disabled", admit().key(&disabled), forbidden());
    let value = "made-by-hand-and-in-no-plan-at-all";
    let made = served.client.create_api_key().name("loose").value(value).enabled(true).send().await.unwrap();
    rows.row("in no plan", admit().key(value), forbidden());
    let plan = served.client.create_usage_plan().name("elsewhere").send().await.unwrap().id.unwrap();
    let put = served.client.create_usage_plan_key().usage_plan_id(&plan).key_id(made.id.unwrap()).key_type("API_KEY");
    put.send().await.unwrap();
    rows.row("in a plan that is not for this stage", admit().key(value), forbidden());
    let stage = patch(Op::Add, "/apiStages", &format!("{}:prod", served.api));
    served.client.update_usage_plan().usage_plan_id(&plan).patch_operations(stage).send().await.unwrap();
    rows.row("in a plan for this stage", admit().key(value), function(200));

    // "`apiKeyRequired` is per method and needs redeploy."
    rows.row("a method that needs none", get("/prod/open"), function(200));
    let resources = served.client.get_resources().rest_api_id(&served.api).send().await.unwrap();
    let open = resources.items().iter().find(|one| one.path() == Some("/open")).and_then(|one| one.id()).unwrap();
    let update = served.client.update_method().rest_api_id(&served.api).resource_id(open).http_method("GET");
    update.patch_operations(patch(Op::Replace, "/apiKeyRequired", "true")).send().await.unwrap();
    rows.row("set, not deployed", get("/prod/open"), function(200));
    served.client.create_deployment().rest_api_id(&served.api).stage_name("prod").send().await.unwrap();
    rows.row("set and deployed", get("/prod/open"), forbidden());
    rows.row("and with the key", get("/prod/open").key(&good), function(200));

    // "API keys do nothing without a usage plan": no key opens a method of an API that no plan is for.
    let api = served.api("unplanned").await;
    api.put(Route::mock("GET", "/admit", "in").keyed()).await;
    api.deploy().await;
    rows.row("an API without a plan", admit().key(&good).header("Host", &api.host()), forbidden());
    rows.end();
    served.stop().await;
}

#[tokio::test]
async fn limits_of_a_plan_and_of_a_stage() {
    let served = Served::file(
        r"
api:
  name: E2e
  endpoint: regional
  resources:
    /admit: { GET: { api_key: true, integration: mock } }
    /other: { GET: { api_key: true, integration: mock } }
    /often: { GET: { api_key: true, integration: mock } }
    /open: { GET: { integration: mock } }
    /closed: { GET: { integration: mock } }
    /no-rate: { GET: { integration: mock } }
    /refilled: { GET: { integration: mock } }
stage_settings:
  throttle: { rate: 0.01, burst: 6 }
  methods:
    GET /open: { rate: 0.01, burst: 1 }
    GET /closed: { rate: 5, burst: 0 }
    GET /no-rate: { rate: 0, burst: 5 }
    GET /refilled: { rate: 2, burst: 1 }
    GET /often: { rate: 0.01, burst: 3 }
usage_plan:
  throttle: { rate: 0.01, burst: 5 }
  methods: { GET /admit: { rate: 0.01, burst: 2 } }
  keys: [first, second]
",
    )
    .await;
    let (first, second) = (served.key("first").await, served.key("second").await);
    let mut rows = served.rows();
    let with = |path: &str, key: &str| get(path).key(key);

    // "(1) per-client/per-method in usage plan": two of /admit, where the plan itself would allow five.
    let mut bucket = |name: &str, call: &Call, holds: usize, over: &Expected| {
        for number in 1..=holds {
            rows.row(&format!("{name}: {number} of {holds}"), call.clone(), mock(200));
        }
        rows.row(&format!("{name}: one more"), call.clone(), over.clone());
    };
    bucket("the plan's limit of a method", &with("/prod/admit", &first), 2, &too_many());
    // "Limits combine, first exceeded wins": the key has three tokens left of five, the method six of its stage.
    bucket("what the plan leaves for others", &with("/prod/other", &first), 3, &too_many());
    // "Usage-plan counters are per key": the second key has a bucket of its own, and the stage's three of /often.
    // "(2) per-method in stage"
    bucket("the stage's limit, whoever calls", &with("/prod/often", &second), 3, &too_many());
    bucket("another key's own limit of the method", &with("/prod/admit", &second), 2, &too_many());
    bucket("the stage's limit of an open method", &get("/prod/open"), 1, &too_many());
    // "burst 0/rate 0 blocks everything" [K]
    bucket("burst 0", &get("/prod/closed"), 0, &too_many());
    bucket("rate 0", &get("/prod/no-rate"), 0, &too_many());
    // "refill = rate tokens/s": after half a second there is one again, whenever that is looked for.
    rows.row("a full bucket", get("/prod/refilled"), mock(200));
    let again = (0..100_000).any(|_| get("/prod/refilled").send(served.address).status == 200);
    rows.holds("one more after half a second", again, &again);
    rows.end();
    served.stop().await;
}

/// "aggregated over all stages in the plan"
#[tokio::test]
async fn one_bucket_for_all_stages_of_a_plan() {
    let served = Served::file(
        r"
api: { name: E2e, endpoint: regional, resources: { /admit: { GET: { api_key: true, integration: mock } } } }
usage_plan: { throttle: { rate: 0.01, burst: 3 }, quota: { limit: 4, period: day }, keys: [key] }
",
    )
    .await;
    let key = served.key("key").await;
    let deployed = served.client.create_deployment().rest_api_id(&served.api).stage_name("second").send().await;
    deployed.unwrap();
    let plans = served.client.get_usage_plans().send().await.unwrap();
    let plan = plans.items()[0].id().unwrap();
    let stage = patch(Op::Add, "/apiStages", &format!("{}:second", served.api));
    served.client.update_usage_plan().usage_plan_id(plan).patch_operations(stage).send().await.unwrap();
    let mut rows = served.rows();
    rows.row("one", get("/prod/admit").key(&key), mock(200));
    rows.row("two", get("/second/admit").key(&key), mock(200));
    rows.row("three", get("/prod/admit").key(&key), mock(200));
    rows.row("four", get("/second/admit").key(&key), too_many());
    rows.end();
    served.stop().await;
}

/// "rejected requests also count" [PUB, unverified; this gateway does so]: of a quota of four, one was answered and two were
/// throttled, so one is left.
#[tokio::test]
async fn a_throttled_request_counts_against_the_quota() {
    let served = Served::file(
        r"
api:
  name: E2e
  endpoint: regional
  resources:
    /admit: { GET: { api_key: true, integration: mock } }
    /other: { GET: { api_key: true, integration: mock } }
usage_plan:
  methods: { GET /admit: { rate: 0.01, burst: 1 } }
  quota: { limit: 4, period: month }
  keys: [key, another]
",
    )
    .await;
    let (key, another) = (served.key("key").await, served.key("another").await);
    let mut rows = served.rows();
    let with = |path: &str| get(path).key(&key);
    rows.row("answered", with("/prod/admit"), mock(200));
    rows.row("throttled", with("/prod/admit"), too_many());
    rows.row("throttled again", with("/prod/admit"), too_many());
    rows.row("the last of four", with("/prod/other"), mock(200));
    rows.row("over the quota", with("/prod/other"), exceeded());
    rows.row("without a key nothing is counted", get("/prod/other"), forbidden());
    rows.row("each key has a quota of its own", get("/prod/other").key(&another), mock(200));
    rows.end();
    served.stop().await;
}

/// "Period DAY/WEEK/MONTH from the usage plan, UTC": the same cloud, served at different times.
#[tokio::test]
async fn quotas_last_as_long_as_their_period_and_outlive_the_server() {
    // A Saturday.
    let saturday = "2026-01-31T12:00:00Z";
    for (period, same, next) in [
        ("period: day", "2026-01-31T23:30:00Z", "2026-02-01T00:00:00Z"),
        // "offset": a week begins on Sunday unless it says otherwise; here on Monday.
        ("period: week", "2026-01-31T23:30:00Z", "2026-02-01T00:00:00Z"),
        ("period: week, offset: 1", "2026-02-01T23:30:00Z", "2026-02-02T00:00:00Z"),
        ("period: month", "2026-01-31T23:30:00Z", "2026-02-01T00:00:00Z"),
        ("period: month, offset: 4", "2026-02-04T23:30:00Z", "2026-02-05T00:00:00Z"),
    ] {
        let home = TempDir::new().unwrap();
        let file = format!(
            "api: {{ name: E2e, endpoint: regional, resources: {{ /admit: {{ GET: {{ api_key: true, integration: mock }} }} }} }}\n\
             usage_plan: {{ quota: {{ limit: 2, {period} }}, keys: [key] }}\n"
        );
        for (time, expected) in [(saturday, mock(200)), (same, exceeded()), (next, mock(200))] {
            let served = Served::file_in(world_at(home.path(), time), &file).await;
            let key = served.key("key").await;
            let mut rows: Rows = served.rows();
            for number in 1..=2 {
                let name = format!("{period}, request {number} at {time}");
                rows.row(&name, get("/prod/admit").key(&key), expected.clone());
            }
            rows.row(&format!("{period}, one more at {time}"), get("/prod/admit").key(&key), exceeded());
            rows.end();
            served.stop().await;
        }
    }
}

/// A cloud that is kept in a directory, at a time of its own.
fn world_at(home: &Path, time: &str) -> World {
    let time: jiff::Timestamp = time.parse().unwrap();
    let since = Duration::from_secs(u64::try_from(time.as_second()).unwrap());
    let mut world = World::new();
    world.cloud = Cloud::open(home, Clock::starting_at(SystemTime::UNIX_EPOCH + since), Profile::quick()).unwrap();
    world.settings.cloud = Some(EmbeddedCloud::from(world.cloud.clone()));
    world
}
