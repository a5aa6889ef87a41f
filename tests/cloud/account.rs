//! STS, and what holds for the whole cloud.

use bytes::Bytes;
use poc::clock::Clock;
use poc::local::cloud::Cloud;

use super::lambda::with_function;
use super::support::{Env, TRUST, profile, seconds};

#[tokio::test(start_paused = true)]
async fn the_caller_is_the_local_user() {
    let caller = Env::new().sts.get_caller_identity().send().await.unwrap();
    assert_eq!(caller.account(), Some("000000000000"));
    assert_eq!(caller.arn(), Some("arn:aws:iam::000000000000:user/local"));
}

#[tokio::test(start_paused = true)]
async fn what_was_made_is_there_when_the_cloud_is_opened_again() {
    let clock = Clock::system();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cloud");
    {
        let env = Env::of(Cloud::open(&path, clock, profile()).unwrap(), clock, "eu-west-1");
        env.iam.create_role().role_name("kept").assume_role_policy_document(TRUST).send().await.unwrap();
        env.logs.create_log_group().log_group_name("/kept").send().await.unwrap();
        let location = aws_sdk_s3::types::CreateBucketConfiguration::builder()
            .location_constraint(aws_sdk_s3::types::BucketLocationConstraint::EuWest1)
            .build();
        env.s3.create_bucket().bucket("kept").create_bucket_configuration(location).send().await.unwrap();
        with_function(&env, "kept").await;
        env.lambda.publish_version().function_name("kept").send().await.unwrap();
        env.lambda.create_alias().function_name("kept").name("prod").function_version("1").send().await.unwrap();
        env.acm.request_certificate().domain_name("kept.example.com").send().await.unwrap();
        let zone = env.route53.create_hosted_zone().name("kept.test").caller_reference("1").send().await;
        zone.unwrap();
        let body = aws_sdk_s3::primitives::ByteStream::from_static(b"bytes");
        env.s3.put_object().bucket("kept").key("a/b").body(body).send().await.unwrap();
    }
    let env = Env::of(Cloud::open(&path, clock, profile()).unwrap(), clock, "eu-west-1");
    let alias = env.lambda.get_function_configuration().function_name("kept:prod").send().await.unwrap();
    assert_eq!((alias.version(), alias.state().unwrap().as_str()), (Some("1"), "Active"));
    seconds(10).await;
    assert_eq!(env.acm.list_certificates().send().await.unwrap().certificate_summary_list().len(), 1);
    assert_eq!(env.route53.list_hosted_zones().send().await.unwrap().hosted_zones().len(), 2);
    assert!(env.iam.get_role().role_name("kept").send().await.is_ok());
    assert_eq!(env.logs.describe_log_groups().send().await.unwrap().log_groups().len(), 1);
    let object = env.s3.get_object().bucket("kept").key("a/b").send().await.unwrap();
    assert_eq!(object.body.collect().await.unwrap().into_bytes().as_ref(), b"bytes");
}

/// Whatever is sent, there is an answer, and it is not one of ours that something broke.
#[tokio::test(start_paused = true)]
async fn nothing_that_is_sent_breaks_the_cloud() {
    let env = Env::new();
    env.s3.create_bucket().bucket("bucket").send().await.unwrap();
    with_function(&env, "f").await;
    let paths = [
        "/",
        "//",
        "/bucket",
        "/bucket/key?uploadId=x&partNumber=99999999999",
        "/bucket?list-type=2&max-keys=0&continuation-token=%21",
        "/bucket?versions&max-keys=-1",
        "/bucket?delete",
        "/bucket?tagging",
        "/bucket?publicAccessBlock",
        "/%ff%00/%e2%82",
        "/2013-04-01/hostedzone?maxitems=0&marker=%ff",
        "/2013-04-01/hostedzone/Z0LOCAL0FIRST0ZONE00/rrset?name=%5C052%5C9%5C&type=A",
        "/2013-04-01/hostedzonesbyname?dnsname=%5C%5C..",
        "/2015-03-31/functions",
        "/2015-03-31/functions/f/policy?Qualifier=%24LATEST",
        "/2015-03-31/functions/f/aliases/%20",
        "/2015-03-31/functions/:::::::/configuration",
        "/2015-03-31/functions/f/code",
        "/2015-03-31/functions/f/configuration",
        "/2015-03-31/functions/f/versions?MaxItems=-1&Marker=%00",
        "/2017-10-31/functions/f/concurrency",
        "/2017-03-31/tags/arn:aws:lambda:::function",
    ];
    let bodies = [
        "",
        "{",
        "[1]",
        "null",
        r#"{"logGroupName":7,"limit":99999999999,"retentionInDays":-1,"Timeout":-9,"Layers":[1],"Tags":{"a":null}}"#,
        r#"{"CertificateArn":"","DomainName":"*.","IdempotencyToken":"\u00e9","Environment":{"Variables":{"":1}}}"#,
        r#"{"FunctionName":"é","Role":"arn","Code":{},"RoutingConfig":{"AdditionalVersionWeights":{"":1e999}}}"#,
        "<a>",
        "<Delete><Object/></Delete>",
        "<x><ChangeBatch><Changes><Change><Action>CREATE</Action></Change></Changes></ChangeBatch></x>",
        "Action=CreateRole&RoleName=%ff&AssumeRolePolicyDocument=%7B%22Statement%22%3A%5B%5D%7D",
        "Action=TagRole&RoleName=runner&Tags.member.1.Key=",
        "FFFFFFFFFFFFFFFF;x\r\nz",
    ];
    let targets = ["x.", "x.ListCertificates", "x.RequestCertificate", "x.DescribeCertificate", "x.CreateLogGroup"];
    let targeted = ["acm", "logs"].into_iter().flat_map(|service| targets.map(|target| (service, target)));
    let others = ["iam", "lambda", "route53", "s3", "sts", ""].map(|service| (service, ""));
    for (service, operation) in targeted.chain(others) {
        for method in ["GET", "PUT", "POST", "DELETE", "HEAD", "PATCH"] {
            for (path, body) in paths.iter().flat_map(|path| bodies.iter().map(move |body| (path, body))) {
                let request = http::Request::builder()
                    .method(method)
                    .uri(*path)
                    .header(
                        "authorization",
                        format!("AWS4-HMAC-SHA256 Credential=A/1/us-east-1/{service}/aws4_request"),
                    )
                    .header("x-amz-target", operation)
                    .header("x-amz-content-sha256", if body.starts_with("FFFF") { "STREAMING-X" } else { "" })
                    .header("range", "bytes=9-1")
                    .body(Bytes::from_static(body.as_bytes()))
                    .unwrap();
                let status = env.cloud.handle(request).await.status().as_u16();
                assert!(status != 500, "{service} {operation} {method} {path} {body}");
            }
        }
    }
}
