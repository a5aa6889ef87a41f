//! The cloud in this process, in the place of AWS. The one module of the deployer that may know `local`: what passes here
//! is HTTP.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use http_body_util::BodyExt;

use crate::clock::Clock;
use crate::local::cloud::{Cloud, Profile};
use crate::local::lambda::Lambda;

/// The cloud in this process, as the deployer may hold it: something to connect to and nothing more.
#[derive(Clone)]
pub struct EmbeddedCloud {
    cloud: Arc<Cloud>,
    /// Who answers Invoke.
    lambda: Arc<Lambda>,
}

impl EmbeddedCloud {
    /// The one kept under `directory`, quick and shared with other processes.
    ///
    /// # Errors
    /// When the directory cannot be made or what it holds cannot be read.
    pub fn open(directory: &Path, clock: Clock) -> std::io::Result<EmbeddedCloud> {
        Cloud::open(directory, clock, Profile::quick()).map(EmbeddedCloud::from)
    }

    /// A cloud whose functions somebody else runs, too.
    pub fn with_lambda(cloud: Arc<Cloud>, lambda: Arc<Lambda>) -> EmbeddedCloud {
        EmbeddedCloud { cloud, lambda }
    }

    /// Client settings that send every request here.
    pub fn sdk_config(&self, region: &str) -> SdkConfig {
        let credentials = Credentials::new("LOCAL", "local", None, None, "embedded cloud");
        SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::v2026_01_12())
            .region(Region::new(region.to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(self.clone())
            .retry_config(RetryConfig::disabled())
            .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .time_source(aws_smithy_async::time::SystemTimeSource::new())
            .build()
    }
}

impl From<Arc<Cloud>> for EmbeddedCloud {
    fn from(cloud: Arc<Cloud>) -> Self {
        EmbeddedCloud { lambda: Lambda::new(cloud.clone()), cloud }
    }
}

impl fmt::Debug for EmbeddedCloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmbeddedCloud")
    }
}

impl HttpClient for EmbeddedCloud {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for EmbeddedCloud {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let EmbeddedCloud { cloud, lambda } = self.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|fault| ConnectorError::user(fault.into()))?;
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map_err(ConnectorError::user)?.to_bytes();
            let request = http::Request::from_parts(parts, body);
            let response = match lambda.answer(&request).await {
                Some(invoked) => invoked,
                None => cloud.handle(request).await,
            };
            HttpResponse::try_from(response.map(SdkBody::from))
                .map_err(|fault| ConnectorError::other(fault.into(), None))
        })
    }
}
