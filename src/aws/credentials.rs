//! Credentials, asked for once before anything is sent: where there are none, that is one sentence and not one per call.

use std::sync::Mutex;

use aws_config::profile::{self, ProfileFileCredentialsProvider};
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::credential_feature::AwsCredentialFeature;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::SdkConfig;
use aws_types::os_shim_internal::{Env, Fs};
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
pub(super) async fn at_hand(config: SdkConfig, profile: Option<&str>) -> Result<(SdkConfig, Option<KnownCredentials>)> {
    let Some(provider) = config.credentials_provider() else { return Ok((config, None)) };
    let first = match provider.provide_credentials().await {
        Ok(first) => first,
        Err(failure) => return Err(Error::credentials(&failure, no_such_profile(profile).await)),
    };
    let known = KnownCredentials::of(&first);
    let loaded = Loaded { first: Mutex::new(Some(first)), later: provider };
    Ok((config.into_builder().credentials_provider(SharedCredentialsProvider::new(loaded)).build(), Some(known)))
}

/// That the profile which was asked for is none: the chain goes on without it, and then tells of the last place it tried.
async fn no_such_profile(said: Option<&str>) -> Option<String> {
    let wanted =
        said.map(str::to_owned).or_else(|| std::env::var("AWS_PROFILE").ok().filter(|name| !name.is_empty()))?;
    let profiles = profile::load(&Fs::real(), &Env::real(), &EnvConfigFiles::default(), None).await.ok()?;
    if profiles.get_profile(&wanted).is_some() {
        return None;
    }
    let mut names: Vec<&str> = profiles.profiles().collect();
    names.sort_unstable();
    let from = if said.is_some() { "" } else { ", which AWS_PROFILE names" };
    let known = if names.is_empty() { "no profile at all".to_owned() } else { names.join(", ") };
    Some(format!("there is no profile `{wanted}`{from}; AWS's configuration files hold {known}"))
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
