//! Credentials, asked for once before anything is sent: where there are none, that is one sentence and not one per call.

use std::sync::Mutex;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::SdkConfig;

use super::{Error, Result};

/// A profile said on the command line wins over keys in the environment, which the default chain would prefer.
pub(super) fn of_profile(config: SdkConfig, profile: &str, https: SharedHttpClient) -> SdkConfig {
    let base = ProviderConfig::without_region().with_region(config.region().cloned()).with_http_client(https);
    let provider = ProfileFileCredentialsProvider::builder().configure(&base).profile_name(profile).build();
    config.into_builder().credentials_provider(SharedCredentialsProvider::new(provider)).build()
}

/// The same settings with credentials at hand.
///
/// # Errors
/// When there are none, or they cannot be loaded.
pub(super) async fn at_hand(config: SdkConfig) -> Result<SdkConfig> {
    let Some(provider) = config.credentials_provider() else { return Ok(config) };
    let first = provider.provide_credentials().await.map_err(|failure| Error::credentials(&failure))?;
    let loaded = Loaded { first: Mutex::new(Some(first)), later: provider };
    Ok(config.into_builder().credentials_provider(SharedCredentialsProvider::new(loaded)).build())
}

/// What was loaded already goes first; when that has expired, its provider is asked again.
#[derive(Debug)]
struct Loaded {
    first: Mutex<Option<Credentials>>,
    later: SharedCredentialsProvider,
}

impl ProvideCredentials for Loaded {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        match self.first.lock().ok().and_then(|mut first| first.take()) {
            Some(first) => future::ProvideCredentials::ready(Ok(first)),
            None => self.later.provide_credentials(),
        }
    }
}
