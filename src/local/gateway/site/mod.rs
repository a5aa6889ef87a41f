//! What the cloud holds, made ready to be served: routes, parsed templates, compiled patterns and schemas, plans by key.
//! It is made anew when the cloud has changed, and then costs a look at every API; a request in between costs none.

mod compile;
mod keys;
mod permission;
mod texts;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::access_log::AccessLog;
use super::binary::ContentHandling;
use super::gateway_response::GatewayResponses;
use super::mapping::Source;
use super::media::BinaryTypes;
use super::pattern::Pattern;
use super::policy::Policy;
use super::route::Routes;
use super::template::Templates;
use super::validate::Validation;
use crate::local::cloud::apigateway::Quota;
use crate::local::cloud::usage::Tap;
use crate::local::cloud::{Cloud, Revision};
use texts::Texts;

/// Everything that can be called.
#[derive(Debug, Default)]
pub struct Sites {
    /// By identifier, then by stage name.
    pub apis: HashMap<String, HashMap<String, Arc<Stage>>>,
    /// Custom domain names by name in lower case; `*.example.com` by `.example.com`.
    pub domains: HashMap<String, Domain>,
}

/// A custom domain name: base path to what it means.
#[derive(Debug, Default)]
pub struct Domain {
    /// The empty base path is empty.
    pub mappings: BTreeMap<String, Mapping>,
}

#[derive(Debug)]
pub struct Mapping {
    pub api_id: String,
    /// None: the caller names the stage.
    pub stage: Option<String>,
}

/// A stage and the deployment it serves.
#[derive(Debug)]
pub struct Stage {
    pub api_id: String,
    pub region: String,
    pub name: String,
    pub deployment_id: String,
    pub variables: BTreeMap<String, String>,
    pub edge: bool,
    /// The bucket that all of the region's requests share.
    pub account_bucket: Arc<str>,
    pub default_endpoint: bool,
    pub key_source: String,
    pub minimum_compression: Option<i64>,
    pub binary: BinaryTypes,
    pub policy: Option<Policy>,
    pub access_log: Option<AccessLog>,
    pub gateway_responses: GatewayResponses,
    pub routes: Routes<Method>,
    /// By the key's value.
    pub admissions: HashMap<String, Arc<Admission>>,
    /// All keys of the region by value, to tell why one does not open this stage.
    pub known_keys: Arc<HashMap<String, Known>>,
}

#[derive(Debug)]
pub struct Known {
    pub name: String,
    pub enabled: bool,
}

/// What a key may do in a stage, by its usage plan.
#[derive(Debug)]
pub struct Admission {
    pub key_id: String,
    pub key_name: String,
    pub key_value: String,
    /// When the key joined the plan, in milliseconds since 1970.
    pub joined: u64,
    pub plan_id: String,
    pub plan_name: String,
    pub throttle: Option<Tap>,
    /// By `/admit/GET`.
    pub method_throttles: HashMap<String, Tap>,
    pub quota: Option<Quota>,
}

#[derive(Debug)]
pub enum Authorization {
    None,
    Iam,
    /// By its name.
    Unsupported(String),
}

#[derive(Debug)]
pub struct Method {
    pub resource_id: String,
    pub resource_path: String,
    /// `GET`, or `ANY`.
    pub verb: String,
    pub authorization: Authorization,
    pub api_key_required: bool,
    pub validation: Validation,
    /// Of the stage's method settings: by verb, for a method `ANY` stands for several.
    pub throttles: BTreeMap<String, Tap>,
    pub integration: Option<Integration>,
    /// Status codes that the method declares.
    pub responses: BTreeSet<String>,
    /// Lower case to how the method's declarations and templates spell header names.
    pub spellings: HashMap<String, String>,
}

impl Method {
    /// A header's name as the method knows it, or as most write it.
    pub fn spelling(&self, lower: &str) -> String {
        self.spellings.get(lower).cloned().unwrap_or_else(|| super::headers::canonical(lower))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passthrough {
    WhenNoMatch,
    WhenNoTemplates,
    Never,
}

impl fmt::Display for Passthrough {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Passthrough::WhenNoMatch => "when_no_match",
            Passthrough::WhenNoTemplates => "when_no_templates",
            Passthrough::Never => "never",
        })
    }
}

#[derive(Debug)]
pub struct Integration {
    pub backend: Backend,
    pub proxy: bool,
    /// Of the integration's own request; `ANY` and none mean the caller's.
    pub verb: Option<String>,
    pub passthrough: Passthrough,
    pub content_handling: Option<ContentHandling>,
    pub timeout: Duration,
    /// `header`, `querystring` or `path`, the name, and where its value comes from.
    pub parameters: Vec<(Target, String, Source)>,
    pub templates: Templates,
    /// With a pattern first, then the default, each in the order of status codes.
    pub responses: Vec<IntegrationResponse>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Header,
    Query,
    Path,
}

#[derive(Debug)]
pub enum Backend {
    Lambda {
        function_arn: String,
        permitted: Result<(), String>,
    },
    Mock,
    /// Stage variables are filled in, path parameters not.
    Http {
        uri: String,
    },
    /// Another service's URI.
    Service(String),
}

#[derive(Debug)]
pub struct IntegrationResponse {
    pub status: String,
    /// None is the default; or why it does not compile.
    pub pattern: Option<Arc<Result<Pattern, String>>>,
    pub headers: Vec<(String, Source)>,
    pub templates: Templates,
    pub content_handling: Option<ContentHandling>,
}

/// The sites as of some revision of the cloud.
#[derive(Default)]
pub struct Shelf {
    current: Mutex<Option<(Revision, Arc<Sites>)>>,
    /// Of the revision that was made last.
    making: tokio::sync::Mutex<Texts>,
}

impl Shelf {
    /// # Errors
    /// When what the cloud holds cannot be read.
    pub async fn current(&self, cloud: &Cloud) -> std::io::Result<Arc<Sites>> {
        if let Some(sites) = self.at(cloud.revision()) {
            return Ok(sites);
        }
        let mut texts = self.making.lock().await;
        // Read before the look: what changes in between is seen the next time.
        let revision = cloud.revision();
        if let Some(sites) = self.at(revision) {
            return Ok(sites);
        }
        let before = std::mem::take(&mut *texts);
        let (sites, now) = cloud.look(|state, _| compile::sites(state, cloud.profile(), before)).await?;
        *texts = now;
        let sites = Arc::new(sites);
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some((revision, sites.clone()));
        Ok(sites)
    }

    fn at(&self, revision: Revision) -> Option<Arc<Sites>> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().filter(|(made, _)| *made == revision).map(|(_, sites)| sites.clone())
    }
}
