//! A cloud with clients for its services, under a clock that tests advance.

use std::io::{Cursor, Write};
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::Blob;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use poc::aws::EmbeddedCloud;
use poc::clock::Clock;
use poc::local::cloud::{Cloud, Profile};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

pub struct Env {
    /// The cloud's own.
    pub clock: Clock,
    pub cloud: Arc<Cloud>,
    /// For services that few tests speak to.
    pub config: aws_types::SdkConfig,
    pub acm: aws_sdk_acm::Client,
    pub iam: aws_sdk_iam::Client,
    pub lambda: aws_sdk_lambda::Client,
    pub logs: aws_sdk_cloudwatchlogs::Client,
    pub route53: aws_sdk_route53::Client,
    pub s3: aws_sdk_s3::Client,
    pub sts: aws_sdk_sts::Client,
}

/// States as long as AWS's own, in seconds: the tests' clock costs nothing.
pub fn profile() -> Profile {
    Profile {
        latency: Duration::ZERO,
        role_propagation: Duration::from_secs(8),
        function_settles: Duration::from_secs(4),
        certificate_record: Duration::from_secs(8),
        certificate_issued: Duration::from_secs(60),
        certificate_released: Duration::from_secs(900),
        domain_regional: Duration::from_secs(30),
        domain_edge: Duration::from_secs(2400),
        record_insync: Duration::from_secs(30),
        ..Profile::instant()
    }
}

impl Env {
    pub fn new() -> Env {
        let clock = Clock::system();
        Env::of(Cloud::in_memory(clock, profile()), clock, "us-east-1")
    }

    pub fn of(cloud: Arc<Cloud>, clock: Clock, region: &str) -> Env {
        let config = EmbeddedCloud::from(cloud.clone()).sdk_config(region);
        Env {
            clock,
            cloud,
            acm: aws_sdk_acm::Client::new(&config),
            iam: aws_sdk_iam::Client::new(&config),
            lambda: aws_sdk_lambda::Client::new(&config),
            logs: aws_sdk_cloudwatchlogs::Client::new(&config),
            route53: aws_sdk_route53::Client::new(&config),
            s3: aws_sdk_s3::Client::new(&config),
            sts: aws_sdk_sts::Client::new(&config),
            config,
        }
    }

    /// The same cloud, seen from another region.
    pub fn in_region(&self, region: &str) -> Env {
        Env::of(self.cloud.clone(), self.clock, region)
    }
}

/// Lets so many seconds pass.
pub async fn seconds(count: u64) {
    tokio::time::advance(Duration::from_secs(count)).await;
}

/// Code and message of a refusal. Panics when the call went through.
#[track_caller]
pub fn refusal<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug, R: std::fmt::Debug>(
    result: Result<T, SdkError<E, R>>,
) -> (String, String) {
    let error = result.expect_err("this call is refused");
    let Some(service) = error.as_service_error() else { panic!("not an answer of the service: {error:?}") };
    (service.code().unwrap_or_default().to_owned(), service.message().unwrap_or_default().to_owned())
}

/// Asserts that a call is refused with exactly this code and text.
#[track_caller]
pub fn refused<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug, R: std::fmt::Debug>(
    result: Result<T, SdkError<E, R>>,
    code: &str,
    message: &str,
) {
    assert_eq!(refusal(result), (code.to_owned(), message.to_owned()));
}

/// A zip with one file in it.
pub fn zip(content: &str) -> Blob {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("handler.py", SimpleFileOptions::default()).expect("a zip in memory");
    writer.write_all(content.as_bytes()).expect("a zip in memory");
    Blob::new(writer.finish().expect("a zip in memory").into_inner())
}

pub const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

/// A zip that unpacks to ten times `size` zero bytes.
pub fn hollow_zip(size: usize) -> Blob {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("0", SimpleFileOptions::default()).expect("a zip in memory");
    writer.write_all(&vec![0; size]).expect("a zip in memory");
    for copy in 1..10 {
        writer.shallow_copy_file("0", &copy.to_string()).expect("a zip in memory");
    }
    Blob::new(writer.finish().expect("a zip in memory").into_inner())
}

/// The ARN of a function or of one of its versions or aliases.
pub fn function_arn(rest: &str) -> String {
    format!("arn:aws:lambda:us-east-1:000000000000:function:{rest}")
}
