//! The bucket: whose it is, what is finished, what is kept.

use std::rc::Rc;

use poc::aws::Tags;
use poc::engine::plan::Side;
use poc::engine::{Graph, apply, decide, read};
use poc::event::Recorder;
use poc::local::cloud::ACCOUNT;
use poc::resources::bucket::Place;
use poc::resources::{Bucket, Lock, Owner};

use crate::bench::{Bench, PREFIX, Want};
use crate::problems::{shown, shown_as};

fn european() -> Graph {
    let mut g = Graph::new();
    let name = format!("app-{ACCOUNT}-eu-central-1");
    g.add(Bucket {
        lock: Lock::under(&name, ACCOUNT, PREFIX),
        founded: Rc::default(),
        place: Place { name, region: "eu-central-1".to_owned(), account: ACCOUNT.to_owned(), key: "package.bucket" },
        owner: Owner { tags: Tags::new("app", "prod", &[].into()), adopt: false },
    });
    g
}

#[tokio::test(start_paused = true)]
async fn elsewhere_than_in_us_east_1_the_region_is_named_and_a_second_creation_refused_by_s3() {
    let bench = Bench { region: "eu-central-1", ..Bench::new() };
    let (recorder, graph) = (Recorder::default(), european());
    let aws = bench.connect(&recorder).await;
    let observed = read(&graph, &aws).await.map_err(|unreadable| unreadable.error).expect("nothing is there");
    let decided = decide(&graph, &observed);
    let _ = bench.run(european()).await.done();
    // The same plan once more, as after a lost answer: BucketAlreadyOwnedByYou.
    apply(&graph, &observed, &decided, &aws).await.expect("our own bucket is taken as made");
    Bench::assert_idle(&bench.run(european()).await.done());
}

#[tokio::test(start_paused = true)]
async fn a_name_taken_by_somebody_else_is_told_with_the_way_out() {
    let bench = Bench { region: "eu-central-1", ..Bench::new() };
    let (recorder, graph) = (Recorder::default(), european());
    let aws = bench.connect(&recorder).await;
    let observed = read(&graph, &aws).await.map_err(|unreadable| unreadable.error).expect("nothing is there");
    let decided = decide(&graph, &observed);
    let _ = bench.run(european()).await.done();
    bench
        .inspect(|state| state.s3.buckets.values_mut().for_each(|bucket| bucket.owner = "999999999999".to_owned()))
        .await;
    let problem = apply(&graph, &observed, &decided, &aws).await.expect_err("it is theirs");
    assert_eq!((problem.kind, problem.code.as_deref()), ("bucket_taken", Some("BucketAlreadyExists")));
    shown(&problem);
    assert!(problem.next.contains("package.bucket"), "{problem:?}");
}

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

/// As a deploy leaves it for a moment whose package arrives before the tags do.
#[tokio::test(start_paused = true)]
async fn a_bucket_without_tags_that_holds_only_what_we_put_there_is_finished() {
    let (bench, want) = (Bench::new(), Want::new());
    let _ = bench.deploy(&want).await;
    bench.inspect(|state| state.s3.buckets.get_mut(&want.bucket).expect("it is there").tags.clear()).await;
    let _ = bench.deploy(&want).await;
    let tags = bench.inspect(|state| state.s3.buckets[&want.bucket].tags.clone()).await;
    assert!(tags.contains_key("poc:app") && tags.contains_key("poc:stage"), "{tags:?}");
    Bench::assert_idle(&bench.deploy(&want).await);
}

#[tokio::test(start_paused = true)]
async fn a_bucket_without_tags_but_with_objects_of_others_is_not_ours() {
    let (bench, want) = (Bench::new(), Want::new());
    let _ = bench.deploy(&want).await;
    bench
        .inspect(|state| {
            let bucket = state.s3.buckets.get_mut(&want.bucket).expect("it is there");
            bucket.tags.clear();
            let ours = bucket.objects.values().next().expect("the package").clone();
            bucket.objects.insert("theirs.txt".to_owned(), ours);
        })
        .await;
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
    shown_as("access_denied-another_accounts_bucket", &problem);
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
    shown(&problem);
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
    assert!(run.notes.iter().any(|note| note.starts_with("bucket is kept: it holds objects")), "{:?}", run.notes);
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
