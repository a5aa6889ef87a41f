//! Packages too large for one request: sent in parts, gone on with after an interruption, never left half-way.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use poc::engine::{Graph, apply, decide, read};
use poc::event::{Event, Recorder};
use poc::local::cloud::{ACCOUNT, Profile, s3};
use poc::package::{self, PART};
use poc::resources::{Bucket, Lock, Object, Owner};
use poc::spec::model::PackageSource;
use rand::rngs::SmallRng;
use rand::{RngCore, SeedableRng};

use crate::bench::{Bench, PREFIX, Want, patient, place};

/// Code that is hard to compress: three parts of it.
fn large(seed: u64) -> Want {
    let mut letters = vec![0; 25 << 20];
    SmallRng::seed_from_u64(seed).fill_bytes(&mut letters);
    letters.iter_mut().for_each(|letter| *letter = b' ' + *letter % 64);
    let letters = String::from_utf8(letters).expect("ASCII");
    Want { code: format!("def run(event, context): return 1\n# {letters}"), ..Want::new() }
}

async fn uploads(bench: &Bench) -> BTreeMap<String, s3::Upload> {
    bench.inspect(|state| state.s3.uploads.clone()).await
}

/// The package in the bucket is the one that was zipped, and the function runs it.
async fn assert_whole(bench: &Bench, want: &Want) {
    let package = want.package();
    let size = package.content.size();
    let mut wanted = vec![0; usize::try_from(size).expect("it fits")];
    package.content.read_at(0, &mut wanted).expect("it can be read");
    let key = format!("{PREFIX}{}.zip", package.sha256_hex);
    let look = bench.cloud.look(|state, blobs| {
        let stored = state.s3.buckets[&want.bucket].objects[&key].last().expect("a version").clone();
        let code = state.lambda.regions["us-east-1"]["Admission"].latest.code.sha256.clone();
        (stored.size, blobs.get(&stored.blob).expect("its bytes"), code)
    });
    let (stored_size, stored, code) = look.await.expect("it is in memory");
    assert_eq!((stored_size, code), (size, package.sha256_base64));
    assert!(stored == wanted, "other bytes arrived");
    assert_eq!(uploads(bench).await.len(), 0, "nothing is left half-way");
}

#[tokio::test(start_paused = true)]
async fn a_large_package_goes_in_parts_and_a_small_one_in_one_request() {
    let (bench, want) = (Bench::new(), large(1));
    let size = want.package().content.size();
    assert!(size > 2 * PART && size < 3 * PART, "{size}");
    let run = bench.deploy(&want).await;
    assert_eq!((run.count("CreateMultipartUpload"), run.count("UploadPart"), run.count("PutObject")), (1, 3, 0));
    assert_whole(&bench, &want).await;
    Bench::assert_idle(&bench.deploy(&want).await);
    let run = bench.deploy(&Want::new()).await;
    assert_eq!((run.count("CreateMultipartUpload"), run.count("PutObject")), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_upload_goes_on_with_the_parts_that_are_missing() {
    let (bench, want) = (Bench::new(), large(2));
    assert!(bench.killed_at("UploadPart", &want).await);
    let begun = uploads(&bench).await;
    let parts: Vec<usize> = begun.values().map(|upload| upload.parts.len()).collect();
    assert_eq!(parts, [1]);
    let run = bench.deploy(&want).await;
    assert_eq!((run.count("CreateMultipartUpload"), run.count("UploadPart")), (0, 2));
    assert_whole(&bench, &want).await;
}

#[tokio::test(start_paused = true)]
async fn a_part_that_is_not_the_packages_own_is_sent_again() {
    let (bench, want) = (Bench::new(), large(3));
    assert!(bench.killed_at("UploadPart", &want).await);
    let spoil = |state: &mut poc::local::cloud::State| {
        for part in state.s3.uploads.values_mut().flat_map(|upload| upload.parts.values_mut()) {
            part.checksums.insert("x-amz-checksum-sha256".to_owned(), "another".to_owned());
        }
    };
    bench.inspect(spoil).await;
    let run = bench.deploy(&want).await;
    assert_eq!((run.count("CreateMultipartUpload"), run.count("UploadPart")), (0, 3));
    assert_whole(&bench, &want).await;
}

#[tokio::test(start_paused = true)]
async fn killed_before_and_after_the_parts_the_next_run_finishes() {
    for operation in ["CreateMultipartUpload", "CompleteMultipartUpload"] {
        let (bench, want) = (Bench::new(), large(4));
        assert!(bench.killed_at(operation, &want).await);
        let run = bench.deploy(&want).await;
        assert_eq!(run.count("CreateMultipartUpload"), 0, "after {operation}");
        assert_whole(&bench, &want).await;
        Bench::assert_idle(&bench.deploy(&want).await);
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_nobody_wants_any_more_is_given_up_and_others_stay() {
    let bench = Bench::new();
    assert!(bench.killed_at("UploadPart", &large(5)).await);
    let theirs = s3::Upload { bucket: Want::new().bucket, key: "app/other/model.zip".to_owned(), ..Default::default() };
    bench.inspect(|state| state.s3.uploads.insert("theirs".to_owned(), theirs)).await;
    let run = bench.deploy(&Want::new()).await;
    assert_eq!(run.count("AbortMultipartUpload"), 1);
    assert!(run.steps().iter().any(|step| step.starts_with("package Prune: app/prod/") && step.contains("?uploadId=")));
    assert_eq!(uploads(&bench).await.into_keys().collect::<Vec<_>>(), ["theirs"]);
    Bench::assert_idle(&bench.deploy(&Want::new()).await);
}

#[tokio::test(start_paused = true)]
async fn a_teardown_leaves_no_unfinished_upload() {
    let (bench, want) = (Bench::new(), large(6));
    assert!(bench.killed_at("UploadPart", &want).await);
    let run = bench.teardown(&want).await;
    assert_eq!(run.count("AbortMultipartUpload"), 1);
    assert!(bench.inspect(|state| state.s3.buckets.is_empty() && state.s3.uploads.is_empty()).await);
}

#[tokio::test(start_paused = true)]
async fn a_long_upload_tells_how_far_it_is() {
    let want = large(7);
    let bench = Bench::with(Profile { latency: Duration::from_secs(3), ..patient() });
    let recorder = Recorder::default();
    let aws = bench.connect(&recorder).await;
    let graph = want.graph();
    let observed = read(&graph, &aws).await.map_err(|unreadable| unreadable.error).expect("nothing is there");
    apply(&graph, &observed, &decide(&graph, &observed), &aws).await.expect("it is deployed");
    let told: Vec<(u64, u64, String)> = recorder.0.borrow().iter().filter_map(progress).collect();
    let size = want.package().content.size();
    assert!(told.iter().all(|(done, total, step)| done <= total && *total == size && step == "package"), "{told:?}");
    // Three seconds for the beginning, three for the parts, three for the end; told every second in between.
    assert_eq!(told.len(), 8, "{told:?}");
    assert!(told.is_sorted_by_key(|(done, ..)| *done) && told.last().is_some_and(|(done, ..)| *done == size));
}

fn progress(event: &Event) -> Option<(u64, u64, String)> {
    match event {
        Event::StepProgress { step, done, total, .. } => Some((*done, *total, step.clone())),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_zip_that_changes_while_it_is_sent_is_refused_and_said_so() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("ready.zip");
    let package = Want::new().package();
    let mut bytes = vec![0; usize::try_from(package.content.size()).expect("it fits")];
    package.content.read_at(0, &mut bytes).expect("it can be read");
    std::fs::write(&path, &bytes).expect("written");
    let ready = package::build(&PackageSource::Zip { path: path.clone() }).expect("it is good");
    assert_eq!(ready.sha256_hex, package.sha256_hex);
    bytes.reverse();
    std::fs::write(&path, bytes).expect("written");

    let (bench, mut graph) = (Bench::new(), Graph::new());
    let bucket_name = Want::new().bucket;
    let owner = Owner { tags: poc::aws::Tags::new("app", "prod", &[].into()), adopt: false };
    let (founded, lock) = (Rc::default(), Lock::under(&bucket_name, ACCOUNT, PREFIX));
    let bucket = graph.add(Bucket { place: place(&bucket_name), owner, founded, lock });
    let (account, prefix, package) = (ACCOUNT.to_owned(), PREFIX.to_owned(), Rc::new(ready));
    graph.add(Object { bucket, bucket_name, account, prefix, package });
    let problem = bench.run(graph).await.ended.expect_err("it is not what was planned");
    assert_eq!(problem.code.as_deref(), Some("BadDigest"));
    assert!(problem.next.contains("was changed while it was sent"), "{problem:?}");
}
