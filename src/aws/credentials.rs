//! Credentials, asked for once before anything is sent: where there are none, that is one sentence and not one per call.

use std::sync::Mutex;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::credential_feature::AwsCredentialFeature;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::SdkConfig;
use jiff::Timestamp;

use super::{Error, Result};

/// A profile said on the command line wins over keys in the environment, which the default chain would prefer.
pub(super) fn of_profile(config: SdkConfig, profile: &str, https: SharedHttpClient) -> SdkConfig {
    let base = ProviderConfig::without_region().with_region(config.region().cloned()).with_http_client(https);
    let provider = ProfileFileCredentialsProvider::builder().configure(&base).profile_name(profile).build();
    config.into_builder().credentials_provider(SharedCredentialsProvider::new(provider)).build()
}

/// What may be told of credentials: nothing that would let anybody use them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownCredentials {
    /// The element of the chain that they come from: `the environment`, `single sign-on, a profile`.
    pub source: String,
    pub expires: Option<Timestamp>,
}

impl KnownCredentials {
    fn of(credentials: &Credentials) -> KnownCredentials {
        let features = credentials.get_property::<Vec<AwsCredentialFeature>>().map(Vec::as_slice).unwrap_or_default();
        let mut words: Vec<&str> = features.iter().filter_map(word).collect();
        words.dedup();
        let source = if words.is_empty() { "the default chain".to_owned() } else { words.join(", ") };
        let expires = credentials.expiry().and_then(|time| Timestamp::try_from(time).ok());
        KnownCredentials { source, expires }
    }
}

fn word(feature: &AwsCredentialFeature) -> Option<&'static str> {
    use AwsCredentialFeature as Of;
    Some(match feature {
        Of::CredentialsEnvVars => "the environment",
        Of::CredentialsEnvVarsStsWebIdToken => "a web identity token named in the environment",
        Of::CredentialsStsAssumeRole => "an assumed role",
        Of::CredentialsStsAssumeRoleWebId | Of::CredentialsProfileStsWebIdToken => "a web identity token",
        Of::CredentialsProfile | Of::CredentialsProfileSourceProfile | Of::CredentialsProfileNamedProvider => {
            "a profile"
        }
        Of::CredentialsProfileSso | Of::CredentialsSso => "single sign-on",
        Of::CredentialsProfileProcess | Of::CredentialsProcess => "a credential process",
        Of::CredentialsHttp => "the container",
        Of::CredentialsImds => "the machine's role",
        Of::CredentialsProfileLogin | Of::CredentialsLogin => "aws login",
        _ => return None,
    })
}

/// The same settings with credentials at hand, and what may be told of those.
///
/// # Errors
/// When there are none, or they cannot be loaded.
pub(super) async fn at_hand(config: SdkConfig) -> Result<(SdkConfig, Option<KnownCredentials>)> {
    let Some(provider) = config.credentials_provider() else { return Ok((config, None)) };
    let first = provider.provide_credentials().await.map_err(|failure| Error::credentials(&failure))?;
    let known = KnownCredentials::of(&first);
    let loaded = Loaded { first: Mutex::new(Some(first)), later: provider };
    Ok((config.into_builder().credentials_provider(SharedCredentialsProvider::new(loaded)).build(), Some(known)))
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
