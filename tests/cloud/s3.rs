//! S3: `AWS_FACTS` B9.

use aws_sdk_s3::primitives::ByteStream;

use super::support::Env;

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
