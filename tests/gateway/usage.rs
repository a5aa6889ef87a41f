//! `AWS_FACTS` C2: throttles and quotas. The clock is paused, so every refill is exact.

use std::time::{Duration, SystemTime};

use aws_sdk_apigateway::types::EndpointType;
use poc::clock::Clock;
use poc::local::cloud::{Cloud, Profile};
use tokio::time::advance;

use super::support::{Key, NOON, Plan, Route, World, patch};

const TOO_MANY: &str = "{\"message\":\"Too Many Requests\"}";
const EXCEEDED: &str = "{\"message\":\"Limit Exceeded\"}";

async fn with(plan: Plan) -> (World, Key) {
    let world = World::new().await;
    for path in ["/admit", "/other"] {
        world.put(Route::mock("GET", path, "in").keyed()).await;
    }
    world.deploy().await;
    let key = world.key(plan).await;
    (world, key)
}

/// How many of `of` requests get through.
async fn let_in(world: &World, path: &str, key: &str, of: usize) -> usize {
    let mut count = 0;
    for _ in 0..of {
        let seen = world.with_key(path, key).await;
        match seen.status {
            200 => count += 1,
            _ => seen.is(429, TOO_MANY, "TooManyRequestsException"),
        }
    }
    count
}

#[tokio::test(start_paused = true)]
async fn a_plans_bucket_holds_the_burst_and_refills_by_the_rate() {
    let (world, key) = with(Plan { throttle: Some((10.0, 20)), ..Plan::OPEN }).await;
    assert_eq!(let_in(&world, "/admit", &key.value, 30).await, 20);
    advance(Duration::from_millis(100)).await;
    assert_eq!(let_in(&world, "/admit", &key.value, 3).await, 1);
    advance(Duration::from_secs(1)).await;
    assert_eq!(let_in(&world, "/other", &key.value, 15).await, 10);
    advance(Duration::from_secs(60)).await;
    assert_eq!(let_in(&world, "/admit", &key.value, 30).await, 20);
}

#[tokio::test(start_paused = true)]
async fn each_key_has_a_bucket_of_its_own() {
    let (world, key) = with(Plan { throttle: Some((1.0, 2)), ..Plan::OPEN }).await;
    let second = "second-secret-value-of-a-key";
    let made = world.client.create_api_key().name("second").value(second).enabled(true).send().await.unwrap();
    let put = world.client.create_usage_plan_key().usage_plan_id(&key.plan).key_id(made.id.unwrap());
    put.key_type("API_KEY").send().await.unwrap();
    assert_eq!(let_in(&world, "/admit", &key.value, 5).await, 2);
    assert_eq!(let_in(&world, "/admit", second, 5).await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_plans_limit_on_one_method_leaves_the_others_alone() {
    let plan = Plan { throttle: Some((5.0, 5)), methods: &[("/admit/GET", 1.0, 2)], ..Plan::OPEN };
    let (world, key) = with(plan).await;
    assert_eq!(let_in(&world, "/admit", &key.value, 4).await, 2);
    // What was refused took no token of the plan's own bucket.
    assert_eq!(let_in(&world, "/other", &key.value, 9).await, 3);
}

#[tokio::test(start_paused = true)]
async fn a_stage_limits_its_methods_key_or_not() {
    let world = World::new().await;
    world.put(Route::mock("GET", "/admit", "in")).await;
    world.put(Route::mock("GET", "/other", "in")).await;
    world.deploy().await;
    world
        .patch_stage(&[
            ("/*/*/throttling/rateLimit", "1"),
            ("/*/*/throttling/burstLimit", "3"),
            ("/~1admit/GET/throttling/rateLimit", "1"),
            ("/~1admit/GET/throttling/burstLimit", "1"),
        ])
        .await;
    assert_eq!(let_in(&world, "/admit", "", 3).await, 1);
    assert_eq!(let_in(&world, "/other", "", 5).await, 3);
    advance(Duration::from_secs(1)).await;
    assert_eq!(let_in(&world, "/admit", "", 3).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_nothing_blocks_everything() {
    for (rate, burst) in [(0.0, 0), (5.0, 0), (0.0, 5)] {
        let (world, key) = with(Plan { throttle: Some((rate, burst)), ..Plan::OPEN }).await;
        assert_eq!(let_in(&world, "/admit", &key.value, 1).await, 0, "{rate} {burst}");
        advance(Duration::from_secs(60)).await;
        assert_eq!(let_in(&world, "/admit", &key.value, 1).await, 0, "{rate} {burst}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_account_has_a_burst_of_5000() {
    let world = World::new().await;
    world.put(Route::mock("GET", "/open", "in")).await;
    world.deploy().await;
    assert_eq!(let_in(&world, "/open", "", 5_003).await, 5_000);
    advance(Duration::from_millis(1)).await;
    assert_eq!(let_in(&world, "/open", "", 12).await, 10);
}

/// What is let in now, and after each of `waits` (in hours).
async fn through_periods(quota: (i32, &'static str, i32), waits: &[u64]) -> Vec<u16> {
    let (world, key) = with(Plan { quota: Some(quota), ..Plan::OPEN }).await;
    let mut statuses = Vec::new();
    for _ in 0..quota.0 {
        assert_eq!(world.with_key("/admit", &key.value).await.status, 200);
    }
    world.with_key("/admit", &key.value).await.is(429, EXCEEDED, "LimitExceededException");
    for hours in waits {
        advance(Duration::from_secs(hours * 3600)).await;
        statuses.push(world.with_key("/admit", &key.value).await.status);
    }
    statuses
}

/// It is Saturday, 2026-01-31, noon.
#[tokio::test(start_paused = true)]
async fn quotas_begin_anew_with_their_period_in_utc() {
    assert_eq!(through_periods((3, "DAY", 0), &[11, 1]).await, [429, 200]);
    // Sundays; Mondays; Saturdays, of which today is one.
    assert_eq!(through_periods((2, "WEEK", 0), &[11, 1]).await, [429, 200]);
    assert_eq!(through_periods((2, "WEEK", 1), &[12, 23, 1]).await, [429, 429, 200]);
    assert_eq!(through_periods((2, "WEEK", 6), &[6 * 24, 12]).await, [429, 200]);
    // The 1st; the 6th; the 28th, three days ago.
    assert_eq!(through_periods((2, "MONTH", 0), &[11, 1]).await, [429, 200]);
    assert_eq!(through_periods((2, "MONTH", 5), &[5 * 24, 12]).await, [429, 200]);
    assert_eq!(through_periods((2, "MONTH", 27), &[27 * 24, 12]).await, [429, 200]);
}

/// C2: "rejected requests also count" (unverified there): the throttled one uses up a request of the quota.
#[tokio::test(start_paused = true)]
async fn a_throttled_request_counts_against_the_quota() {
    let plan = Plan { throttle: Some((1.0, 1)), quota: Some((3, "DAY", 0)), ..Plan::OPEN };
    let (world, key) = with(plan).await;
    assert_eq!(let_in(&world, "/admit", &key.value, 2).await, 1);
    advance(Duration::from_secs(1)).await;
    assert_eq!(world.with_key("/admit", &key.value).await.status, 200);
    advance(Duration::from_secs(1)).await;
    world.with_key("/admit", &key.value).await.is(429, EXCEEDED, "LimitExceededException");
}

/// One process after the other, on the same directory.
#[tokio::test(start_paused = true)]
async fn what_was_used_survives_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let open = || {
        let clock = Clock::starting_at(SystemTime::UNIX_EPOCH + Duration::from_secs(NOON));
        Cloud::open(directory.path(), clock, Profile::quick()).unwrap()
    };
    let first = World::in_cloud(open(), EndpointType::Regional).await;
    first.put(Route::mock("GET", "/admit", "in").keyed()).await;
    first.deploy().await;
    let key = first.key(Plan { throttle: Some((0.001, 5)), quota: Some((4, "DAY", 0)), ..Plan::OPEN }).await;
    for _ in 0..3 {
        assert_eq!(first.with_key("/admit", &key.value).await.status, 200);
    }
    first.gateway.close().await;

    let mut second = World::in_cloud(open(), EndpointType::Regional).await;
    second.api.clone_from(&first.api);
    assert_eq!(second.with_key("/admit", &key.value).await.status, 200);
    second.with_key("/admit", &key.value).await.is(429, EXCEEDED, "LimitExceededException");
    second.gateway.close().await;

    // Of the throttle's five tokens four are gone; the quota is raised.
    let update = second.client.update_usage_plan().usage_plan_id(&key.plan);
    update.patch_operations(patch("replace", "/quota/limit", "100")).send().await.unwrap();
    let mut third = World::in_cloud(open(), EndpointType::Regional).await;
    third.api.clone_from(&first.api);
    assert_eq!(let_in(&third, "/admit", &key.value, 4).await, 1);
}

#[tokio::test]
async fn counters_are_written_soon_after_they_changed() {
    let directory = tempfile::tempdir().unwrap();
    let cloud = Cloud::open(directory.path(), Clock::system(), Profile::quick()).unwrap();
    let world = World::in_cloud(cloud, EndpointType::Regional).await;
    world.put(Route::mock("GET", "/admit", "in").keyed()).await;
    world.deploy().await;
    let key = world.key(Plan { quota: Some((10, "DAY", 0)), ..Plan::OPEN }).await;
    assert_eq!(world.with_key("/admit", &key.value).await.status, 200);
    let file = directory.path().join("usage.json");
    let written = tokio::time::timeout(Duration::from_secs(5), async {
        while !file.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    written.await.expect("usage.json is written");
    assert!(std::fs::read_to_string(file).unwrap().contains(&key.plan));
}

#[tokio::test(start_paused = true)]
async fn the_control_plane_tells_what_was_used_and_can_give_more() {
    let (world, key) = with(Plan { quota: Some((2, "DAY", 0)), ..Plan::OPEN }).await;
    for status in [200, 200, 429] {
        assert_eq!(world.with_key("/admit", &key.value).await.status, status);
    }
    let usage = || async {
        let usage = world.client.get_usage().usage_plan_id(&key.plan).start_date("2026-01-30").end_date("2026-01-31");
        usage.send().await.unwrap().items.unwrap()[&key.id].clone()
    };
    // Per day: used, remaining.
    assert_eq!(usage().await, [vec![0, 2], vec![2, 0]]);
    let update = world.client.update_usage().usage_plan_id(&key.plan).key_id(&key.id);
    let updated = update.patch_operations(patch("replace", "/remaining", "5")).send().await.unwrap();
    assert_eq!(updated.items.unwrap()[&key.id], [vec![2, 5]]);
    assert_eq!(world.with_key("/admit", &key.value).await.status, 200);
    assert_eq!(usage().await, [vec![0, 2], vec![3, 4]]);
    // Tomorrow the quota is what it was.
    advance(Duration::from_secs(24 * 3600)).await;
    for status in [200, 200, 429] {
        assert_eq!(world.with_key("/admit", &key.value).await.status, status);
    }
}
