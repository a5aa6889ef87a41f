//! S3: `AWS_FACTS` B9.

use aws_sdk_s3::operation::create_bucket::builders::CreateBucketFluentBuilder;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, CompletedMultipartUpload, CompletedPart,
    CreateBucketConfiguration, Delete, ObjectIdentifier, PublicAccessBlockConfiguration, ServerSideEncryption, Tag,
    Tagging, VersioningConfiguration,
};

use super::support::{Env, refusal, refused};

#[tokio::test(start_paused = true)]
async fn an_object_is_put_told_and_deleted() {
    let env = Env::new();
    env.s3.create_bucket().bucket("poc-artifacts").send().await.unwrap();
    let body = ByteStream::from_static(b"the package");
    env.s3
        .put_object()
        .bucket("poc-artifacts")
        .key("app/x y.zip")
        .body(body)
        .metadata("sha", "1")
        .send()
        .await
        .unwrap();
    let told = env.s3.head_object().bucket("poc-artifacts").key("app/x y.zip").send().await.unwrap();
    assert_eq!((told.content_length(), told.metadata().unwrap()["sha"].as_str()), (Some(11), "1"));
    let object =
        env.s3.get_object().bucket("poc-artifacts").key("app/x y.zip").range("bytes=4-6").send().await.unwrap();
    assert_eq!(object.body.collect().await.unwrap().into_bytes().as_ref(), b"pac");
    let listed = env.s3.list_objects_v2().bucket("poc-artifacts").prefix("app/").send().await.unwrap();
    assert_eq!(listed.contents()[0].key(), Some("app/x y.zip"));
    env.s3.delete_object().bucket("poc-artifacts").key("app/x y.zip").send().await.unwrap();
    env.s3.delete_bucket().bucket("poc-artifacts").send().await.unwrap();
}

const OWNED: &str = "Your previous request to create the named bucket succeeded and you already own it.";

fn located(env: &Env, name: &str, constraint: &str) -> CreateBucketFluentBuilder {
    let place = CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::from(constraint));
    env.s3.create_bucket().bucket(name).create_bucket_configuration(place.build())
}

async fn with_bucket(env: &Env, name: &str) {
    env.s3.create_bucket().bucket(name).send().await.unwrap();
}

async fn put(env: &Env, bucket: &str, key: &str, body: &'static str) -> Option<String> {
    let body = ByteStream::from_static(body.as_bytes());
    env.s3.put_object().bucket(bucket).key(key).body(body).send().await.unwrap().version_id
}

#[tokio::test(start_paused = true)]
async fn the_location_constraint_is_left_out_in_us_east_1_and_is_the_region_elsewhere() {
    let env = Env::new();
    let oregon = env.in_region("us-west-2");
    refused(
        located(&env, "one", "us-east-1").send().await,
        "InvalidLocationConstraint",
        "The specified location-constraint is not valid",
    );
    refused(
        oregon.s3.create_bucket().bucket("one").send().await,
        "IllegalLocationConstraintException",
        "The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.",
    );
    refused(
        located(&oregon, "one", "us-west-1").send().await,
        "IllegalLocationConstraintException",
        "The us-west-1 location constraint is incompatible for the region specific endpoint this request was sent to.",
    );
    located(&oregon, "one", "us-west-2").send().await.unwrap();
    let told = oregon.s3.get_bucket_location().bucket("one").send().await.unwrap();
    assert_eq!(told.location_constraint().unwrap().as_str(), "us-west-2");
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_taken_or_wrong_is_refused() {
    let env = Env::new();
    let oregon = env.in_region("us-west-2");
    with_bucket(&env, "mine").await;
    with_bucket(&env, "mine").await;
    let tagged = CreateBucketConfiguration::builder().tags(Tag::builder().key("a").value("b").build().unwrap()).build();
    refused(
        env.s3.create_bucket().bucket("mine").create_bucket_configuration(tagged).send().await,
        "BucketAlreadyOwnedByYou",
        OWNED,
    );
    located(&oregon, "west", "us-west-2").send().await.unwrap();
    refused(located(&oregon, "west", "us-west-2").send().await, "BucketAlreadyOwnedByYou", OWNED);
    for name in ["Upper-case", "x", "192.168.1.1", "-hyphen"] {
        let created = env.s3.create_bucket().bucket(name).send().await;
        refused(created, "InvalidBucketName", "The specified bucket is not valid.");
    }
    let foreign = poc::local::cloud::s3::Bucket {
        owner: "999999999999".to_owned(),
        region: "us-east-1".to_owned(),
        ..Default::default()
    };
    env.cloud.inspect(|state| state.s3.buckets.insert("theirs".to_owned(), foreign)).await.unwrap();
    assert_eq!(refusal(env.s3.create_bucket().bucket("theirs").send().await).0, "BucketAlreadyExists");
    let listed = env.s3.list_objects_v2().bucket("theirs").send().await;
    refused(listed, "AccessDenied", "Access Denied");
}

#[tokio::test(start_paused = true)]
async fn a_head_tells_absent_foreign_and_elsewhere_apart() {
    let env = Env::new();
    let oregon = env.in_region("us-west-2");
    located(&oregon, "west", "us-west-2").send().await.unwrap();
    let foreign = poc::local::cloud::s3::Bucket {
        owner: "999999999999".to_owned(),
        region: "us-east-1".to_owned(),
        ..Default::default()
    };
    env.cloud.inspect(|state| state.s3.buckets.insert("theirs".to_owned(), foreign)).await.unwrap();
    let status = async |bucket: &str| {
        let error = env.s3.head_bucket().bucket(bucket).send().await.unwrap_err();
        let raw = error.raw_response().unwrap();
        (raw.status().as_u16(), raw.headers().get("x-amz-bucket-region").map(str::to_owned))
    };
    assert_eq!(status("absent").await, (404, None));
    assert_eq!(status("theirs").await, (403, Some("us-east-1".to_owned())));
    assert_eq!(status("west").await, (301, Some("us-west-2".to_owned())));
    let told = oregon.s3.head_bucket().bucket("west").send().await.unwrap();
    assert_eq!(told.bucket_region(), Some("us-west-2"));
}

#[tokio::test(start_paused = true)]
async fn a_bucket_goes_when_every_version_is_gone() {
    let env = Env::new();
    with_bucket(&env, "plain").await;
    put(&env, "plain", "k", "v").await;
    let delete = async |name: &str| env.s3.delete_bucket().bucket(name).send().await;
    refused(delete("plain").await, "BucketNotEmpty", "The bucket you tried to delete is not empty");
    refused(delete("absent").await, "NoSuchBucket", "The specified bucket does not exist");

    with_bucket(&env, "versioned").await;
    let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    env.s3.put_bucket_versioning().bucket("versioned").versioning_configuration(on).send().await.unwrap();
    let first = put(&env, "versioned", "k", "1").await;
    let second = put(&env, "versioned", "k", "2").await;
    assert_ne!(first, second);
    let marker = env.s3.delete_object().bucket("versioned").key("k").send().await.unwrap();
    assert_eq!(marker.delete_marker(), Some(true));
    refused(
        env.s3.get_object().bucket("versioned").key("k").send().await,
        "NoSuchKey",
        "The specified key does not exist.",
    );
    refused(
        delete("versioned").await,
        "BucketNotEmpty",
        "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
    );
    let told = env.s3.list_object_versions().bucket("versioned").send().await.unwrap();
    assert_eq!((told.versions().len(), told.delete_markers().len()), (2, 1));
    let ids = told
        .versions()
        .iter()
        .map(|version| version.version_id().unwrap())
        .chain(told.delete_markers().iter().map(|marker| marker.version_id().unwrap()));
    let objects = ids.map(|id| ObjectIdentifier::builder().key("k").version_id(id).build().unwrap()).collect();
    let all = Delete::builder().set_objects(Some(objects)).build().unwrap();
    let gone = env.s3.delete_objects().bucket("versioned").delete(all).send().await.unwrap();
    assert_eq!((gone.deleted().len(), gone.errors().len()), (3, 0));
    delete("versioned").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_object_is_written_only_where_none_is() {
    let env = Env::new();
    with_bucket(&env, "locks").await;
    let write = async || env.s3.put_object().bucket("locks").key("lock").if_none_match("*").send().await;
    write().await.unwrap();
    refused(write().await, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
    env.s3.delete_object().bucket("locks").key("lock").send().await.unwrap();
    write().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_set_on_a_bucket_is_told() {
    let env = Env::new();
    with_bucket(&env, "set").await;
    let none = env.s3.get_bucket_tagging().bucket("set").send().await;
    refused(none, "NoSuchTagSet", "The TagSet does not exist");
    let tags = |key: &str| Tagging::builder().tag_set(Tag::builder().key(key).value("x").build().unwrap()).build();
    env.s3.put_bucket_tagging().bucket("set").tagging(tags("poc:app").unwrap()).send().await.unwrap();
    let told = env.s3.get_bucket_tagging().bucket("set").send().await.unwrap();
    assert_eq!(told.tag_set()[0].key(), "poc:app");
    refused(
        env.s3.put_bucket_tagging().bucket("set").tagging(tags("aws:x").unwrap()).send().await,
        "InvalidTag",
        "User-defined tag keys can't start with \"aws:\". This prefix is reserved for system tags. Remove \"aws:\" \
         from your tag keys and try again.",
    );
    let blocked = env.s3.get_public_access_block().bucket("set").send().await.unwrap();
    let blocked = blocked.public_access_block_configuration().unwrap();
    assert_eq!(blocked.restrict_public_buckets(), Some(true), "as new buckets are");
    let open = PublicAccessBlockConfiguration::builder().block_public_acls(true).build();
    env.s3.put_public_access_block().bucket("set").public_access_block_configuration(open).send().await.unwrap();
    let blocked = env.s3.get_public_access_block().bucket("set").send().await.unwrap();
    let blocked = blocked.public_access_block_configuration().unwrap();
    assert_eq!((blocked.block_public_acls(), blocked.restrict_public_buckets()), (Some(true), Some(false)));
    let encryption = env.s3.get_bucket_encryption().bucket("set").send().await.unwrap();
    let rule = &encryption.server_side_encryption_configuration().unwrap().rules()[0];
    let algorithm = rule.apply_server_side_encryption_by_default().unwrap().sse_algorithm();
    assert_eq!(*algorithm, ServerSideEncryption::Aes256);
    assert!(env.s3.get_bucket_versioning().bucket("set").send().await.unwrap().status().is_none());
}

#[tokio::test(start_paused = true)]
async fn objects_are_told_in_pages_and_by_common_prefix() {
    let env = Env::new();
    with_bucket(&env, "many").await;
    for key in ["a/1", "a/2", "b/1", "c", "d"] {
        put(&env, "many", key, "x").await;
    }
    let pages = env.s3.list_objects_v2().bucket("many").max_keys(2).into_paginator().send();
    let keys: Vec<String> = pages
        .collect::<Result<Vec<_>, _>>()
        .await
        .unwrap()
        .iter()
        .flat_map(|page| page.contents().iter().map(|object| object.key().unwrap().to_owned()))
        .collect();
    assert_eq!(keys, ["a/1", "a/2", "b/1", "c", "d"]);
    let folded = env.s3.list_objects_v2().bucket("many").delimiter("/").send().await.unwrap();
    let prefixes: Vec<_> = folded.common_prefixes().iter().filter_map(|prefix| prefix.prefix()).collect();
    assert_eq!((prefixes, folded.contents().len()), (vec!["a/", "b/"], 2));
}

#[tokio::test(start_paused = true)]
async fn an_upload_in_parts_becomes_one_object() {
    let env = Env::new();
    with_bucket(&env, "large").await;
    let begun = env.s3.create_multipart_upload().bucket("large").key("model").send().await.unwrap();
    let id = begun.upload_id().unwrap();
    let mut parts = CompletedMultipartUpload::builder();
    for (number, body) in [(1, vec![7_u8; 5 * 1024 * 1024]), (2, vec![8_u8; 3])] {
        let part = env
            .s3
            .upload_part()
            .bucket("large")
            .key("model")
            .upload_id(id)
            .part_number(number)
            .body(ByteStream::from(body))
            .send()
            .await
            .unwrap();
        parts = parts.parts(CompletedPart::builder().part_number(number).e_tag(part.e_tag().unwrap()).build());
    }
    env.s3
        .complete_multipart_upload()
        .bucket("large")
        .key("model")
        .upload_id(id)
        .multipart_upload(parts.build())
        .send()
        .await
        .unwrap();
    let told = env.s3.head_object().bucket("large").key("model").send().await.unwrap();
    assert_eq!(told.content_length(), Some(5 * 1024 * 1024 + 3));
    let aborted = env.s3.abort_multipart_upload().bucket("large").key("model").upload_id(id).send().await;
    assert_eq!(refusal(aborted).0, "NoSuchUpload");
}

/// What a lock stands on: of two that write over the same ETag one succeeds, and answers tell S3's own time.
#[tokio::test(start_paused = true)]
async fn an_object_is_written_over_and_deleted_only_by_who_knows_it() {
    let env = Env::new();
    with_bucket(&env, "locks").await;
    let write = async |body: &'static str, known: &str| {
        let body = ByteStream::from_static(body.as_bytes());
        env.s3.put_object().bucket("locks").key("lock").if_match(known).body(body).send().await
    };
    refused(write("a", "\"0\"").await, "NoSuchKey", "The specified key does not exist.");
    put(&env, "locks", "lock", "first").await;
    let tag = env.s3.head_object().bucket("locks").key("lock").send().await.unwrap().e_tag.unwrap();
    let second = write("second", &tag).await.unwrap().e_tag.unwrap();
    let failed = "At least one of the pre-conditions you specified did not hold";
    refused(write("third", &tag).await, "PreconditionFailed", failed);

    let delete = async |known: &str| env.s3.delete_object().bucket("locks").key("lock").if_match(known).send().await;
    refused(delete(&tag).await, "PreconditionFailed", failed);
    delete(&second).await.unwrap();
    delete(&second).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn every_answer_tells_the_time_at_which_it_was_given() {
    let env = Env::new();
    with_bucket(&env, "locks").await;
    put(&env, "locks", "lock", "x").await;
    let told = async || {
        let heard = poc::aws::Heard::default();
        let head = env.s3.head_object().bucket("locks").key("lock").customize().interceptor(heard.clone());
        head.send().await.unwrap();
        heard.date().unwrap().as_second()
    };
    let before = told().await;
    tokio::time::sleep(std::time::Duration::from_secs(90)).await;
    assert_eq!(told().await - before, 90);
}
