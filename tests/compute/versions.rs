//! Versions, the alias, and packages kept for a rollback.

use poc::engine::plan::Side;

use crate::bench::{Bench, FUNCTION, Want};

async fn numbers(bench: &Bench) -> Vec<u64> {
    bench.inspect(|state| state.lambda.regions["us-east-1"][FUNCTION].versions.keys().copied().collect()).await
}

async fn points_to(bench: &Bench) -> String {
    bench.inspect(|state| state.lambda.regions["us-east-1"][FUNCTION].aliases["prod"].version.clone()).await
}

/// Deploys `count` different handlers, one after the other.
async fn deploy_many(bench: &Bench, want: &mut Want, count: usize) {
    for number in 0..count {
        want.code = format!("# {number}");
        let _ = bench.deploy(want).await;
    }
}

#[tokio::test(start_paused = true)]
async fn five_versions_and_five_packages_are_kept() {
    let (bench, mut want) = (Bench::new(), Want::new());
    deploy_many(&bench, &mut want, 7).await;
    assert_eq!(numbers(&bench).await, [3, 4, 5, 6, 7]);
    assert_eq!(bench.inspect(|state| state.s3.buckets[&want.bucket].objects.len()).await, 5);
    Bench::assert_idle(&bench.deploy(&want).await);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_another_alias_points_to_is_kept_and_not_planned_to_go() {
    let (bench, mut want) = (Bench::new(), Want::new());
    let _ = bench.deploy(&want).await;
    bench
        .inspect(|state| {
            let function = state.lambda.regions.get_mut("us-east-1").and_then(|all| all.get_mut(FUNCTION));
            let function = function.expect("it is deployed");
            let mut theirs = function.aliases["prod"].clone();
            "theirs".clone_into(&mut theirs.name);
            function.aliases.insert("theirs".to_owned(), theirs);
        })
        .await;
    deploy_many(&bench, &mut want, 7).await;
    assert_eq!(numbers(&bench).await, [1, 4, 5, 6, 7, 8]);
    Bench::assert_idle(&bench.deploy(&want).await);
}

#[tokio::test(start_paused = true)]
async fn the_code_of_before_is_published_anew_or_found_but_never_doubled() {
    let (bench, mut want) = (Bench::new(), Want::new());
    let first = want.code.clone();
    let _ = bench.deploy(&want).await;
    want.code.push('2');
    let _ = bench.deploy(&want).await;
    want.code = first;
    let run = bench.deploy(&want).await;
    assert_eq!(run.count("PutObject"), 0, "the package is there still");
    assert_eq!(points_to(&bench).await, "3");
    Bench::assert_idle(&bench.deploy(&want).await);
}

#[tokio::test(start_paused = true)]
async fn an_alias_that_was_moved_is_moved_back_to_the_version_that_is_as_wanted() {
    let (bench, mut want) = (Bench::new(), Want::new());
    let _ = bench.deploy(&want).await;
    want.code.push('2');
    let _ = bench.deploy(&want).await;
    move_alias(&bench, "1", None).await;
    let run = bench.deploy(&want).await;
    assert_eq!(run.steps(), ["alias Update: version"]);
    assert_eq!(run.change("alias", "version"), (Side::from("1"), Side::from("2")));
    assert_eq!(run.writes, 1, "{:?}", run.operations);
    assert_eq!(points_to(&bench).await, "2");
}

#[tokio::test(start_paused = true)]
async fn a_canary_set_by_hand_is_ended() {
    let (bench, mut want) = (Bench::new(), Want::new());
    let _ = bench.deploy(&want).await;
    want.code.push('2');
    let _ = bench.deploy(&want).await;
    move_alias(&bench, "2", Some("1")).await;
    let run = bench.deploy(&want).await;
    assert_eq!(run.steps(), ["alias Update: routing.1"]);
    assert_eq!(run.change("alias", "routing.1"), (Side::from(0.5), Side::Absent));
    Bench::assert_idle(&bench.deploy(&want).await);
}

#[tokio::test(start_paused = true)]
async fn settings_changed_by_hand_are_put_back_without_a_new_version() {
    let (bench, want) = (Bench::new(), Want::new());
    let _ = bench.deploy(&want).await;
    bench
        .inspect(|state| {
            let function = state.lambda.regions.get_mut("us-east-1").and_then(|all| all.get_mut(FUNCTION));
            function.expect("it is deployed").latest.configuration.memory_mb = 128;
        })
        .await;
    let run = bench.deploy(&want).await;
    assert_eq!(run.steps(), ["function Update: memory"]);
    assert_eq!(run.change("function", "memory"), (Side::from(128), Side::from(256)));
    assert_eq!(numbers(&bench).await, [1]);
    Bench::assert_idle(&bench.deploy(&want).await);
}

async fn move_alias(bench: &Bench, version: &str, canary: Option<&str>) {
    bench
        .inspect(|state| {
            let function = state.lambda.regions.get_mut("us-east-1").and_then(|all| all.get_mut(FUNCTION));
            let alias = function.and_then(|function| function.aliases.get_mut("prod")).expect("it is deployed");
            version.clone_into(&mut alias.version);
            alias.weights = canary.iter().map(|version| ((*version).to_owned(), 0.5)).collect();
        })
        .await;
}
