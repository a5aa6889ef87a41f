//! What is deployed: which version of which function an invocation means, as the cloud holds it now.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::local::cloud::lambda::{self, Code, Configuration, Function, Target};
use crate::local::cloud::logs::GroupId;
use crate::local::cloud::{Cloud, Failure, Revision};

use super::outcome::Denied;

/// One version of a function, with all that its sandboxes need.
#[derive(Debug)]
pub struct Deployed {
    pub region: String,
    pub name: String,
    /// Unqualified.
    pub arn: String,
    /// `$LATEST` or a number.
    pub number: String,
    pub configuration: Configuration,
    pub code: Code,
    /// Names code and configuration: sandboxes of one identity are alike.
    pub identity: String,
    pub reserved_concurrency: Option<u64>,
}

impl Deployed {
    fn of(region: &str, function: &Function, number: &str) -> Option<Deployed> {
        let version = function.version(number)?;
        let (configuration, code) = (version.configuration.clone(), version.code.clone());
        Some(Deployed {
            region: region.to_owned(),
            name: function.name.clone(),
            arn: function.arn.clone(),
            number: number.to_owned(),
            identity: identity(&function.arn, number, &configuration, &code),
            configuration,
            code,
            reserved_concurrency: function.reserved_concurrency,
        })
    }

    pub fn log_group(&self) -> GroupId {
        let own = || format!("/aws/lambda/{}", self.name);
        let name = self.configuration.logging.get("LogGroup").cloned().unwrap_or_else(own);
        GroupId { region: self.region.clone(), name }
    }

    pub fn logs_json(&self) -> bool {
        self.configuration.logging.get("LogFormat").is_some_and(|format| format == "JSON")
    }
}

fn identity(arn: &str, number: &str, configuration: &Configuration, code: &Code) -> String {
    // Concurrency and tags are left out on purpose: they do not reach the process.
    let told = serde_json::json!([arn, number, configuration, code]).to_string();
    crate::local::cloud::hex(&Sha256::digest(told))
}

/// What the cloud held at one revision.
struct Seen {
    revision: Revision,
    functions: lambda::State,
    log_groups: BTreeSet<GroupId>,
    /// What was called since, by ARN with the version.
    deployed: Mutex<HashMap<String, Arc<Deployed>>>,
}

impl Seen {
    fn deployed(&self, region: &str, function: &Function, number: &str) -> Option<Arc<Deployed>> {
        let mut known = self.deployed.lock().unwrap_or_else(PoisonError::into_inner);
        let arn = format!("{}:{number}", function.arn);
        if let Some(deployed) = known.get(&arn) {
            return Some(deployed.clone());
        }
        let deployed = Arc::new(Deployed::of(region, function, number)?);
        known.insert(arn, deployed.clone());
        Some(deployed)
    }
}

/// Looks functions up, and reads the cloud only when it changed.
pub struct Catalogue {
    cloud: Arc<Cloud>,
    seen: Mutex<Option<Arc<Seen>>>,
}

impl Catalogue {
    pub fn new(cloud: Arc<Cloud>) -> Catalogue {
        Catalogue { cloud, seen: Mutex::default() }
    }

    async fn seen(&self) -> Result<Arc<Seen>, Denied> {
        // Asked before the look: what changes in between is seen the next time.
        let revision = self.cloud.revision();
        let before = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(seen) = before.filter(|seen| seen.revision == revision) {
            return Ok(seen);
        }
        let look = self.cloud.look(|state, _| {
            let groups = state.logs.regions.iter().flat_map(|(region, groups)| {
                groups.keys().map(|name| GroupId { region: region.clone(), name: name.clone() })
            });
            (state.lambda.clone(), groups.collect())
        });
        let (functions, log_groups) = look.await.map_err(|fault| Denied::service(fault.to_string()))?;
        let seen = Arc::new(Seen { revision, functions, log_groups, deployed: Mutex::default() });
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen.clone());
        Ok(seen)
    }

    /// The version that an invocation of `target` gets. An alias with weights goes by `drawn`, which
    /// is between 0 and 1.
    pub async fn find(&self, target: &Target, region: &str, drawn: f64) -> Result<Arc<Deployed>, Denied> {
        let seen = self.seen().await?;
        let function = seen.functions.function(region, &target.name).ok_or_else(|| target.not_found())?;
        let number = number(function, target.qualifier.as_deref(), drawn).ok_or_else(|| target.not_found())?;
        let version = function.version(number).ok_or_else(|| target.not_found())?;
        if version.is_pending(self.cloud.clock().epoch_millis(), self.cloud.profile()) {
            return Err(Denied::from(Failure::new(
                409,
                "ResourceConflictException",
                "The operation cannot be performed at this time. The function is currently in the following state: \
                 Pending",
            )));
        }
        seen.deployed(region, function, number).ok_or_else(|| target.not_found().into())
    }

    /// Whether sandboxes of this identity may still be needed: nothing of it was changed or deleted.
    pub async fn is_current(&self, deployed: &Deployed) -> bool {
        let Ok(seen) = self.seen().await else { return true };
        let function = seen.functions.function(&deployed.region, &deployed.name);
        let now = function.and_then(|function| seen.deployed(&deployed.region, function, &deployed.number));
        now.is_some_and(|now| now.identity == deployed.identity)
    }

    /// Makes the log group where it is missing.
    pub async fn ensure_log_group(&self, group: &GroupId) -> Result<(), Denied> {
        if self.seen().await?.log_groups.contains(group) {
            return Ok(());
        }
        self.cloud.make_log_group(group).await.map_err(|fault| Denied::service(fault.to_string()))
    }
}

/// The version a qualifier means now.
fn number<'f>(function: &'f Function, qualifier: Option<&'f str>, drawn: f64) -> Option<&'f str> {
    let Some(qualifier) = qualifier else { return Some("$LATEST") };
    let Some(alias) = function.aliases.get(qualifier) else { return Some(qualifier) };
    let mut passed = 0.0;
    for (version, weight) in &alias.weights {
        passed += weight;
        if drawn < passed {
            return Some(version);
        }
    }
    Some(&alias.version)
}
