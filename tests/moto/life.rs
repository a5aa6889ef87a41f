//! From nothing to everything and back, among other people's things.

use rand::rngs::SmallRng;
use rand::{RngCore, SeedableRng};
use sha2::{Digest, Sha256};

use crate::decoys::THEIRS;
use crate::world::World;

#[tokio::test]
#[ignore = "needs python3 and a network for moto: run by .ci/run"]
async fn what_is_deployed_is_what_the_file_says() {
    let world = World::new().await;
    let empty = world.portrait().await;

    let first = world.deploy().await;
    // 47 for what is made (twelve of them for the site, six for CORS), two for the lock, and its renewals where the machine is
    // slow.
    assert_eq!(first.outcome, "changed");
    assert!((49..=57).contains(&first.writes), "{}", first.writes);
    let built = world.portrait().await.since(&empty).join("\n");
    insta::with_settings!({filters => vec![
        (r"[0-9a-f]{64}", "[sha256]"),
        (r"poc [0-9a-f]{20}", "poc [fingerprint]"),
        (r"code \S+=", "code [sha256]"),
    ]}, { insta::assert_snapshot!(built) });
    world.assert_idle().await;

    let gone = world.teardown().await;
    assert_eq!((gone.outcome.as_str(), gone.left.as_slice()), ("changed", [].as_slice()));
    assert_eq!(world.portrait().await.since(&empty), [""; 0]);
    let again = world.teardown().await;
    assert_eq!((again.outcome.as_str(), again.writes), ("unchanged", 0));
}

#[tokio::test]
#[ignore = "needs python3 and a network for moto: run by .ci/run"]
async fn what_is_not_ours_is_not_touched() {
    let world = World::new().await;
    let empty = world.portrait().await;
    world.place_decoys().await;
    let theirs = world.portrait().await;

    world.deploy().await;
    let built = world.portrait().await;
    let made = built.since(&theirs);
    assert!(made.iter().all(|line| line.starts_with("+ ") && !line.contains("foreign")), "{made:#?}");
    let bucket = world.sdk.bucket().await;
    world.intrude(&bucket).await;
    let shared = world.portrait().await;
    world.assert_idle().await;
    world.edit("deploy.yaml", "memory: 256", "memory: 512");
    world.edit(
        "deploy.yaml",
        "    /admit:\n",
        "    /health: { GET: { integration: mock, responses: { 200: {} } } }\n    /admit:\n",
    );
    world.deploy().await;
    let changes = world.portrait().await.since(&shared);
    let gone = changes.iter().filter(|line| line.starts_with("- "));
    assert!(gone.clone().all(|line| !THEIRS.iter().any(|mark| line.contains(mark))), "{changes:#?}");

    // The bucket is kept for what somebody else put there, which is told and a proper end.
    let kept = world.poc(&["teardown", "--yes"]).await;
    let last = kept.stdout.last().unwrap();
    assert_eq!((kept.code, &last["left"]), (0, &serde_json::json!([])));
    assert!(
        last["kept"][0].as_str().is_some_and(|kept| kept.starts_with(&format!("S3 bucket {bucket}: it holds"))),
        "{last}"
    );
    let left = world.portrait().await.since(&theirs).join("\n");
    insta::assert_snapshot!(left, @r#"
    + bucket serverless-poc-ACCOUNT-us-east-1: object theirs/notes.txt
    + bucket serverless-poc-ACCOUNT-us-east-1: public access blocked true
    + bucket serverless-poc-ACCOUNT-us-east-1: tags {"poc:app": "ServerlessPOC", "poc:stage": "prod"}
    "#);
    world.sdk.s3.delete_object().bucket(&bucket).key("theirs/notes.txt").send().await.unwrap();
    world.teardown().await;
    assert_eq!(world.portrait().await.since(&theirs), [""; 0]);

    world.remove_decoys().await;
    assert_eq!(world.portrait().await.since(&empty), [""; 0]);
}

/// Another S3 takes the parts, tells them, and puts them together.
#[tokio::test]
#[ignore = "needs python3 and a network for moto: run by .ci/run"]
async fn a_large_package_arrives_whole() {
    let world = World::new().await;
    let mut letters = vec![0; 25 << 20];
    SmallRng::seed_from_u64(8).fill_bytes(&mut letters);
    letters.iter_mut().for_each(|letter| *letter = b' ' + *letter % 64);
    world.write("app/model.txt", &String::from_utf8(letters).unwrap());
    world.deploy().await;
    let bucket = world.sdk.bucket().await;
    let mut stored = world.sdk.s3.list_objects_v2().bucket(&bucket).send().await.unwrap().contents().to_vec();
    // The lock lies beside it.
    stored.retain(|object| object.key().is_some_and(|key| !key.ends_with("/lock.json")));
    let [package] = stored.as_slice() else { panic!("one package: {stored:?}") };
    assert!(package.size().is_some_and(|size| size > 16 << 20), "{package:?}");
    let body = world.sdk.s3.get_object().bucket(&bucket).key(package.key().unwrap()).send().await.unwrap().body;
    let hash: String =
        Sha256::digest(body.collect().await.unwrap().to_vec()).iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(package.key().is_some_and(|key| key.ends_with(&format!("/{hash}.zip"))), "{package:?} is {hash}");
    world.assert_idle().await;
    let uploads = world.sdk.s3.list_multipart_uploads().bucket(&bucket).send().await.unwrap();
    assert_eq!(uploads.uploads().len(), 0);
    assert_eq!(world.teardown().await.left, [""; 0]);
}
