//! STS, and what holds for the whole cloud.

use poc::clock::Clock;
use poc::local::cloud::Cloud;

use super::support::{Env, TRUST, profile};

#[tokio::test(start_paused = true)]
async fn the_caller_is_the_local_user() {
    let caller = Env::new().sts.get_caller_identity().send().await.unwrap();
    assert_eq!(caller.account(), Some("000000000000"));
    assert_eq!(caller.arn(), Some("arn:aws:iam::000000000000:user/local"));
}

#[tokio::test(start_paused = true)]
async fn what_was_made_is_there_when_the_cloud_is_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cloud");
    {
        let env = Env::of(Cloud::open(&path, Clock::system(), profile()).unwrap(), "eu-west-1");
        env.iam.create_role().role_name("kept").assume_role_policy_document(TRUST).send().await.unwrap();
        env.logs.create_log_group().log_group_name("/kept").send().await.unwrap();
        let location = aws_sdk_s3::types::CreateBucketConfiguration::builder()
            .location_constraint(aws_sdk_s3::types::BucketLocationConstraint::EuWest1)
            .build();
        env.s3.create_bucket().bucket("kept").create_bucket_configuration(location).send().await.unwrap();
        let body = aws_sdk_s3::primitives::ByteStream::from_static(b"bytes");
        env.s3.put_object().bucket("kept").key("a/b").body(body).send().await.unwrap();
    }
    let env = Env::of(Cloud::open(&path, Clock::system(), profile()).unwrap(), "eu-west-1");
    assert!(env.iam.get_role().role_name("kept").send().await.is_ok());
    assert_eq!(env.logs.describe_log_groups().send().await.unwrap().log_groups().len(), 1);
    let object = env.s3.get_object().bucket("kept").key("a/b").send().await.unwrap();
    assert_eq!(object.body.collect().await.unwrap().into_bytes().as_ref(), b"bytes");
}
