//! The bucket: whose it is, what is finished, what is kept.

use poc::engine::plan::Side;

use crate::bench::{Bench, PREFIX, Want};

#[tokio::test(start_paused = true)]
async fn a_bucket_without_tags_and_objects_under_our_name_is_finished() {
    let (bench, want) = (Bench::new(), Want::new());
    let _ = bench.deploy(&want).await;
    let _ = bench.teardown(&want).await;
    // As an interrupted creation leaves it.
    assert!(bench.killed_at("CreateBucket", &want).await);
    assert!(bench.inspect(|state| state.s3.buckets[&want.bucket].tags.is_empty()).await);
    let run = bench.deploy(&want).await;
    assert_eq!(run.steps()[0], "bucket Update: tags.poc:app, tags.poc:stage");
    Bench::assert_idle(&bench.deploy(&want).await);
}

#[tokio::test(start_paused = true)]
async fn a_bucket_without_tags_but_with_objects_is_not_ours() {
    let (bench, want) = (Bench::new(), Want::new());
    let _ = bench.deploy(&want).await;
    bench.inspect(|state| state.s3.buckets.get_mut(&want.bucket).expect("it is there").tags.clear()).await;
    let problem = bench.run(want.graph()).await.ended.expect_err("it is refused");
    assert_eq!((problem.kind, problem.resource), ("not_ours", Some(format!("S3 bucket {}", want.bucket))));
    let adopting = Want { adopt: true, ..want };
    let _ = bench.deploy(&adopting).await;
    Bench::assert_idle(&bench.deploy(&adopting).await);
}

#[tokio::test(start_paused = true)]
async fn an_empty_bucket_with_a_name_of_somebodys_own_is_not_ours() {
    let bench = Bench::new();
    let want = Want { bucket: "artifacts-of-a-team".to_owned(), ..Want::new() };
    assert!(bench.killed_at("CreateBucket", &want).await);
    let problem = bench.run(want.graph()).await.ended.expect_err("it is refused");
    assert_eq!(problem.kind, "not_ours");
}

#[tokio::test(start_paused = true)]
async fn another_accounts_bucket_is_told_as_such() {
    let (bench, want) = (Bench::new(), Want::new());
    let _ = bench.deploy(&want).await;
    let somebody = "999999999999";
    bench.inspect(|state| somebody.clone_into(&mut state.s3.buckets.get_mut(&want.bucket).expect("there").owner)).await;
    let run = bench.run(want.graph()).await;
    let problem = run.ended.expect_err("it is refused");
    assert_eq!(problem.kind, "access_denied");
    assert!(problem.next.contains("choose another package.bucket"), "{problem:?}");
    assert_eq!(run.writes, 0);
}

#[tokio::test(start_paused = true)]
async fn a_bucket_in_another_region_is_told_as_such() {
    let (bench, want) = (Bench::new(), Want::new());
    let _ = bench.deploy(&want).await;
    bench
        .inspect(|state| "eu-west-1".clone_into(&mut state.s3.buckets.get_mut(&want.bucket).expect("there").region))
        .await;
    let problem = bench.run(want.graph()).await.ended.expect_err("it is refused");
    assert_eq!(problem.kind, "bucket_elsewhere", "{problem:?}");
}

#[tokio::test(start_paused = true)]
async fn public_access_opened_by_hand_is_closed_again() {
    let (bench, want) = (Bench::new(), Want::new());
    let _ = bench.deploy(&want).await;
    bench.inspect(|state| state.s3.buckets.get_mut(&want.bucket).expect("there").public_access_block = None).await;
    let run = bench.deploy(&want).await;
    assert_eq!(run.change("bucket", "public_access"), (Side::from("possible"), Side::from("blocked")));
    Bench::assert_idle(&bench.deploy(&want).await);
}

#[tokio::test(start_paused = true)]
async fn tags_of_others_stay() {
    let (bench, mut want) = (Bench::new(), Want::new());
    let _ = bench.deploy(&want).await;
    bench
        .inspect(|state| {
            let bucket = state.s3.buckets.get_mut(&want.bucket).expect("there");
            bucket.tags.insert("finance".to_owned(), "7".to_owned());
        })
        .await;
    want.tags.insert("team".to_owned(), "a".to_owned());
    let _ = bench.deploy(&want).await;
    let tags = bench.inspect(|state| state.s3.buckets[&want.bucket].tags.clone()).await;
    assert_eq!((tags["finance"].as_str(), tags["team"].as_str()), ("7", "a"));
}

#[tokio::test(start_paused = true)]
async fn a_bucket_with_other_peoples_objects_is_kept_and_said_so() {
    let (bench, want) = (Bench::new(), Want::new());
    let _ = bench.deploy(&want).await;
    bench
        .inspect(|state| {
            let objects = &mut state.s3.buckets.get_mut(&want.bucket).expect("there").objects;
            let ours = objects.values().next().expect("the package").clone();
            objects.insert("theirs.txt".to_owned(), ours);
        })
        .await;
    let run = bench.teardown(&want).await;
    assert!(run.notes.iter().any(|note| note.contains("is kept")), "{:?}", run.notes);
    let left = bench.inspect(|state| state.s3.buckets[&want.bucket].objects.keys().cloned().collect::<Vec<_>>()).await;
    assert_eq!(left, ["theirs.txt"]);
}

#[tokio::test(start_paused = true)]
async fn a_versioned_buckets_old_versions_go_with_the_teardown() {
    let (bench, mut want) = (Bench::new(), Want::new());
    let _ = bench.deploy(&want).await;
    bench
        .inspect(|state| {
            state.s3.buckets.get_mut(&want.bucket).expect("there").versioning = Some("Enabled".to_owned());
        })
        .await;
    for number in 0..6 {
        want.code = format!("# {number}");
        let _ = bench.deploy(&want).await;
    }
    let keys = bench.inspect(|state| state.s3.buckets[&want.bucket].objects.len()).await;
    assert_eq!(keys, 7, "pruned ones are there still, behind delete markers, all under {PREFIX}");
    let _ = bench.teardown(&want).await;
    assert!(bench.inspect(|state| state.s3.buckets.is_empty()).await);
}
