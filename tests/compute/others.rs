//! Role and function: what belongs to others is refused or left alone, and failures say what to do.

use crate::bench::{Bench, FUNCTION, ROLE, Want};

const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const XRAY: &str = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess";

#[tokio::test(start_paused = true)]
async fn a_policy_that_others_attached_stays_until_the_role_goes() {
    let (bench, mut want) = (Bench::new(), Want::new());
    want.role.managed_policies = vec![XRAY.to_owned()];
    let _ = bench.deploy(&want).await;
    bench
        .inspect(|state| {
            let role = state.iam.roles.get_mut(ROLE).expect("it is there");
            role.attached.insert(READ_ONLY.to_owned());
            role.inline.insert("theirs".to_owned(), r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned());
        })
        .await;
    Bench::assert_idle(&bench.deploy(&want).await);
    want.role.managed_policies.clear();
    let _ = bench.deploy(&want).await;
    let attached = bench.inspect(|state| state.iam.roles[ROLE].attached.iter().cloned().collect::<Vec<_>>()).await;
    assert_eq!(attached, [READ_ONLY]);
    Bench::assert_idle(&bench.deploy(&want).await);
    let _ = bench.teardown(&want).await;
    assert!(bench.inspect(|state| state.iam.roles.is_empty()).await);
}

#[tokio::test(start_paused = true)]
async fn a_wanted_policy_that_others_attached_is_not_taken_from_them() {
    let (bench, mut want) = (Bench::new(), Want::new());
    let _ = bench.deploy(&want).await;
    bench
        .inspect(|state| {
            state.iam.roles.get_mut(ROLE).expect("it is there").attached.insert(READ_ONLY.to_owned());
        })
        .await;
    want.role.managed_policies = vec![READ_ONLY.to_owned(), XRAY.to_owned()];
    let run = bench.deploy(&want).await;
    assert_eq!(run.steps(), [format!("role Update: managed_policies.{XRAY}")]);
    want.role.managed_policies.clear();
    let run = bench.deploy(&want).await;
    assert_eq!(run.steps(), [format!("role Update: managed_policies.{XRAY}")]);
}

#[tokio::test(start_paused = true)]
async fn a_trust_policy_and_rights_changed_by_hand_are_put_back() {
    let (bench, want) = (Bench::new(), Want::new());
    let _ = bench.deploy(&want).await;
    bench
        .inspect(|state| {
            let role = state.iam.roles.get_mut(ROLE).expect("it is there");
            role.trust = role.trust.replace("lambda.amazonaws.com", "ec2.amazonaws.com");
            role.inline.remove("poc");
        })
        .await;
    let run = bench.deploy(&want).await;
    assert_eq!(run.steps(), ["role Update: trust_policy, policy"]);
    Bench::assert_idle(&bench.deploy(&want).await);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_managed_policy_is_named_with_the_way_out() {
    let (bench, mut want) = (Bench::new(), Want::new());
    want.role.managed_policies = vec!["arn:aws:iam::aws:policy/NoSuchPolicy".to_owned()];
    let problem = bench.run(want.graph()).await.ended.expect_err("IAM refuses it");
    assert_eq!(problem.operation.as_deref(), Some("AttachRolePolicy"));
    assert!(problem.message.contains("NoSuchPolicy"), "{problem:?}");
    assert!(problem.next.contains("function.role"), "{problem:?}");
    want.role.managed_policies.clear();
    let _ = bench.deploy(&want).await;
    Bench::assert_idle(&bench.deploy(&want).await);
}

#[tokio::test(start_paused = true)]
async fn namesakes_of_others_stop_the_run_before_anything_is_written() {
    let want = Want::new();
    for whose in [ROLE, FUNCTION] {
        let bench = Bench::new();
        let _ = bench.deploy(&want).await;
        bench
            .inspect(|state| {
                let function = state.lambda.regions.get_mut("us-east-1").and_then(|all| all.get_mut(FUNCTION));
                match whose {
                    ROLE => state.iam.roles.get_mut(ROLE).expect("there").tags.clear(),
                    _ => function.expect("there").tags.clear(),
                }
            })
            .await;
        let run = bench.run(want.graph()).await;
        let problem = run.ended.expect_err("it is refused");
        assert_eq!(problem.kind, "not_ours");
        assert!(problem.message.contains(whose) && problem.next.contains("--adopt"), "{problem:?}");
        assert_eq!(run.writes, 0);
        let adopting = Want { adopt: true, ..want.clone() };
        let _ = bench.deploy(&adopting).await;
        Bench::assert_idle(&bench.deploy(&want).await);
    }
}

#[tokio::test(start_paused = true)]
async fn too_much_reserved_concurrency_is_told_with_the_way_out() {
    let (bench, mut want) = (Bench::new(), Want::new());
    want.function.reserved_concurrency = Some(950);
    let problem = bench.run(want.graph()).await.ended.expect_err("Lambda refuses it");
    assert_eq!(problem.operation.as_deref(), Some("PutFunctionConcurrency"));
    assert!(problem.next.contains("function.reserved_concurrency"), "{problem:?}");
    want.function.reserved_concurrency = None;
    let _ = bench.deploy(&want).await;
    Bench::assert_idle(&bench.deploy(&want).await);
}

#[tokio::test(start_paused = true)]
async fn lambdas_refusal_is_told_in_its_words() {
    let (bench, mut want) = (Bench::new(), Want::new());
    want.function.runtime = "python3.7".to_owned();
    let problem = bench.run(want.graph()).await.ended.expect_err("Lambda refuses it");
    assert_eq!(problem.resource.as_deref(), Some("Lambda function Admission"));
    assert!(problem.message.contains("python3.7"), "{problem:?}");
}
