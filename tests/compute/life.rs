//! Built, found unchanged, edited one property at a time, interrupted anywhere, torn down.

use std::time::Duration;

use poc::engine::plan::Side;
use poc::engine::{apply, decide, read};
use poc::event::Recorder;
use poc::local::cloud::{ACCOUNT, Profile};
use serde_json::json;

use crate::bench::{Bench, FUNCTION, PREFIX, ROLE, Want, plain, secret};

#[tokio::test(start_paused = true)]
async fn a_first_deploy_builds_everything_and_a_second_changes_nothing() {
    let (bench, want) = (Bench::new(), Want::new());
    let first = bench.deploy(&want).await;
    assert_eq!(first.count("PublishVersion"), 0, "the creation publishes");
    let package = want.package();
    bench
        .inspect(|state| {
            let bucket = &state.s3.buckets[&want.bucket];
            assert_eq!(bucket.tags["poc:app"], "app");
            assert!(bucket.public_access_block.is_some_and(|block| block.block_policy && block.restrict_buckets));
            assert_eq!(bucket.objects.keys().collect::<Vec<_>>(), [&format!("{PREFIX}{}.zip", package.sha256_hex)]);
            let role = &state.iam.roles[ROLE];
            assert_eq!(role.inline.keys().collect::<Vec<_>>(), ["poc"]);
            let policy: serde_json::Value = serde_json::from_str(&role.inline["poc"]).expect("a document");
            let group = format!("arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/lambda/{FUNCTION}:*");
            assert_eq!(policy["Statement"][0]["Resource"], group);
            let function = &state.lambda.regions["us-east-1"][FUNCTION];
            assert_eq!(function.tags["poc:stage"], "prod");
            assert_eq!(function.latest.code.sha256, package.sha256_base64);
            assert_eq!(function.versions.keys().collect::<Vec<_>>(), [&1]);
            assert_eq!(function.aliases["prod"].version, "1");
        })
        .await;
    let second = bench.deploy(&want).await;
    Bench::assert_idle(&second);
    assert!(second.operations.len() <= 14, "{:?}", second.operations);
}

#[tokio::test(start_paused = true)]
async fn the_longest_chain_of_a_first_deploy_is_five_calls_and_of_an_edit_three() {
    let none = Profile { role_propagation: Duration::ZERO, function_settles: Duration::ZERO, ..Profile::quick() };
    let bench = Bench::with(Profile { latency: Duration::from_secs(1), ..none });
    let mut want = Want::new();
    // CreateBucket, PutBucketTagging and PutPublicAccessBlock at once, PutObject, CreateFunction, CreateAlias.
    assert_eq!(bench.deploy(&want).await.took.as_secs(), 1 + 5);
    // The log group's tags are asked for by the ARN that its description tells; everything else is one call deep.
    assert_eq!(bench.deploy(&want).await.took.as_secs(), 2);
    want.code.push('2');
    // PutObject, UpdateFunctionCode, UpdateAlias.
    assert_eq!(bench.deploy(&want).await.took.as_secs(), 2 + 3);
}

#[tokio::test(start_paused = true)]
async fn an_edit_of_the_handler_is_published_and_reaches_the_alias() {
    let (bench, mut want) = (Bench::new(), Want::new());
    let _ = bench.deploy(&want).await;
    want.code.push('2');
    let run = bench.deploy(&want).await;
    assert_eq!(run.steps(), ["package Update: sha256", "function Update: code", "alias Update: version"]);
    assert_eq!(run.change("alias", "version"), (Side::from("1"), Side::KnownAfter("function".to_owned())));
    assert_eq!(run.count("PublishVersion"), 0, "the code's update publishes");
    bench
        .inspect(|state| {
            let function = &state.lambda.regions["us-east-1"][FUNCTION];
            assert_eq!(function.aliases["prod"].version, "2");
            assert_eq!(function.versions[&2].code.sha256, want.package().sha256_base64);
            assert_eq!(state.s3.buckets[&want.bucket].objects.len(), 2);
        })
        .await;
    Bench::assert_idle(&bench.deploy(&want).await);
}

/// One edit: what it does to what is wanted, and the steps that follow.
type Edit = (fn(&mut Want), &'static [&'static str]);

const EDITS: &[Edit] = &[
    (|want| want.function.memory = 512, &["function Update: memory", "alias Update: version"]),
    (|want| want.function.timeout = Duration::from_secs(20), &["function Update: timeout", "alias Update: version"]),
    (|want| want.function.runtime = "python3.12".to_owned(), &["function Update: runtime", "alias Update: version"]),
    (|want| want.function.ephemeral_storage = 1024, &["function Update: ephemeral_storage", "alias Update: version"]),
    (
        |want| want.function.architecture = poc::spec::model::Architecture::Arm64,
        &["function Update: architecture", "alias Update: version"],
    ),
    (
        |want| want.function.environment = [("MODEL".to_owned(), plain("b"))].into(),
        &["function Update: environment.MODEL, environment.TOKEN", "alias Update: version"],
    ),
    (|want| want.function.environment.clear(), &["function Update: environment.MODEL", "alias Update: version"]),
    (
        |want| want.function.layers = vec![format!("arn:aws:lambda:us-east-1:{ACCOUNT}:layer:numbers:1")],
        &["function Update: layers", "alias Update: version"],
    ),
    (|want| want.function.layers.clear(), &["function Update: layers", "alias Update: version"]),
    (|want| want.function.description = None, &["function Update: description"]),
    (|want| want.function.reserved_concurrency = Some(5), &["function Update: reserved_concurrency"]),
    (|want| want.function.reserved_concurrency = None, &["function Update: reserved_concurrency"]),
    (|want| drop(want.function.tags.insert("team".to_owned(), "a".to_owned())), &["function Update: tags.team"]),
    (
        |want| want.role.managed_policies = vec![XRAY.to_owned()],
        &["role Update: managed_policies.arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"],
    ),
    (
        |want| want.role.managed_policies.clear(),
        &["role Update: managed_policies.arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"],
    ),
    (
        |want| {
            let statement =
                json!({"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::model/*"]});
            want.role.statements = vec![statement];
        },
        &["role Update: policy"],
    ),
    (|want| want.retention = Some(30), &["log_group Update: retention_days"]),
    (
        |want| drop(want.tags.insert("cost".to_owned(), "42".to_owned())),
        &[
            "bucket Update: tags.cost",
            "log_group Update: tags.cost",
            "role Update: tags.cost",
            "function Update: tags.cost",
        ],
    ),
];

const XRAY: &str = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess";

#[tokio::test(start_paused = true)]
async fn every_edit_is_planned_as_exactly_that_and_then_done() {
    let (bench, mut want) = (Bench::new(), Want::new());
    let _ = bench.deploy(&want).await;
    for (at, (edit, steps)) in EDITS.iter().enumerate() {
        edit(&mut want);
        let mut run = bench.deploy(&want).await;
        run.plan.steps.retain(|step| step.action != poc::event::Action::Prune);
        assert_eq!(run.steps(), *steps, "edit {at}");
        Bench::assert_idle(&bench.deploy(&want).await);
    }
    bench
        .inspect(|state| {
            assert_eq!(state.iam.roles[ROLE].attached.len(), 0);
            assert_eq!(state.lambda.regions["us-east-1"][FUNCTION].reserved_concurrency, None);
            assert_eq!(state.lambda.regions["us-east-1"][FUNCTION].latest.configuration.memory_mb, 512);
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn code_and_settings_together_become_one_version() {
    let (bench, mut want) = (Bench::new(), Want::new());
    let _ = bench.deploy(&want).await;
    want.code.push('2');
    want.function.memory = 1024;
    let run = bench.deploy(&want).await;
    assert_eq!(run.steps()[1], "function Update: code, memory");
    bench
        .inspect(|state| {
            let function = &state.lambda.regions["us-east-1"][FUNCTION];
            assert_eq!(function.versions.len(), 2);
            assert_eq!(function.versions[&2].configuration.memory_mb, 1024);
        })
        .await;
    Bench::assert_idle(&bench.deploy(&want).await);
}

#[tokio::test(start_paused = true)]
async fn a_secret_shows_nowhere() {
    let (bench, mut want) = (Bench::new(), Want::new());
    let first = bench.deploy(&want).await;
    want.function.environment.insert("TOKEN".to_owned(), secret("whisper"));
    let second = bench.deploy(&want).await;
    assert_eq!(second.change("function", "environment.TOKEN"), (Side::Secret, Side::Secret));
    for plan in [&first.plan, &second.plan] {
        let text = serde_json::to_string(plan).expect("a plan is data");
        assert!(!text.contains("hush") && !text.contains("whisper"), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_call_the_same_command_finishes_the_job() {
    let want = Want::new();
    for calls in 1.. {
        let bench = Bench::new();
        if !bench.killed_after(calls, &want).await {
            assert!(calls > 20, "a first deploy takes more than {calls} calls");
            break;
        }
        let _ = bench.deploy(&want).await;
        Bench::assert_idle(&bench.deploy(&want).await);
        bench
            .inspect(|state| {
                assert_eq!((state.s3.buckets.len(), state.iam.roles.len()), (1, 1), "after {calls} calls");
                assert_eq!(state.s3.buckets[&want.bucket].objects.len(), 1);
                let function = &state.lambda.regions["us-east-1"][FUNCTION];
                assert_eq!(function.versions.len(), 1, "after {calls} calls");
                assert_eq!(function.aliases["prod"].version, "1");
            })
            .await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_edit_is_finished_without_a_second_version() {
    let mut edited = Want::new();
    edited.code.push('2');
    edited.function.memory = 512;
    for calls in 1.. {
        let bench = Bench::new();
        let _ = bench.deploy(&Want::new()).await;
        if !bench.killed_after(calls, &edited).await {
            break;
        }
        let _ = bench.deploy(&edited).await;
        Bench::assert_idle(&bench.deploy(&edited).await);
        let versions = bench.inspect(|state| state.lambda.regions["us-east-1"][FUNCTION].versions.len()).await;
        assert_eq!(versions, 2, "after {calls} calls");
    }
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_somebody_else_carried_out_meanwhile_still_succeeds() {
    let (bench, want) = (Bench::new(), Want::new());
    let (recorder, graph) = (Recorder::default(), want.graph());
    let aws = bench.connect(&recorder).await;
    let observed = read(&graph, &aws).await.map_err(|unreadable| unreadable.error).expect("nothing is there");
    let decided = decide(&graph, &observed);
    let _ = bench.deploy(&want).await;
    apply(&graph, &observed, &decided, &aws).await.expect("what is there already is taken as made");
    Bench::assert_idle(&bench.deploy(&want).await);
}

#[tokio::test(start_paused = true)]
async fn a_teardown_leaves_nothing_and_a_second_finds_nothing() {
    let (bench, mut want) = (Bench::new(), Want::new());
    let _ = bench.deploy(&want).await;
    want.code.push('2');
    want.role.managed_policies = vec![XRAY.to_owned()];
    let _ = bench.deploy(&want).await;
    let run = bench.teardown(&want).await;
    assert_eq!(run.count("DeleteAlias"), 0, "it goes with the function");
    bench
        .inspect(|state| {
            assert!(state.s3.buckets.is_empty());
            assert!(state.iam.roles.is_empty());
            assert!(state.lambda.regions["us-east-1"].is_empty());
            assert!(state.logs.regions["us-east-1"].is_empty());
        })
        .await;
    Bench::assert_idle(&bench.teardown(&want).await);
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_teardown_is_finished_too() {
    let want = Want::new();
    for calls in 1.. {
        let bench = Bench::new();
        let _ = bench.deploy(&want).await;
        let watch_ended = !bench.killed_tearing_down(calls, &want).await;
        let _ = bench.teardown(&want).await;
        let left = bench.inspect(|state| state.s3.buckets.len() + state.iam.roles.len()).await;
        assert_eq!(left, 0);
        if watch_ended {
            break;
        }
    }
}
