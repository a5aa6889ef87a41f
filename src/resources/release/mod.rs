//! Releases: what a stage can serve. A release is a deployment of the API together with the version of the function that
//! belongs to it. Nothing keeps a list of them; they are told by what AWS has (law 1): see [`record`]. Going back to one
//! is two writes, the stage's and the alias's, and before them the right to call what that deployment calls (law 6).

pub mod record;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_apigateway::operation::get_stage::GetStageOutput;
use aws_sdk_lambda::operation::get_alias::GetAliasOutput;
use jiff::Timestamp;

use self::record::OfAlias;
use super::alias::{self, Version};
use super::deployment::{self, Made};
use super::function::Seen;
use super::{Owner, patch};
use crate::aws::{Aws, Error, ErrorKind, Repeat, Result, found, ordered};
use crate::engine::plan::{Change, Changes, Side};

/// The longest that one run takes from a version to the deployment that it makes, in seconds. It tells what belongs
/// together where nothing else does.
const ONE_RUN: i64 = 300;

/// Where a stage's releases are looked for.
#[derive(Clone, Debug)]
pub struct Place {
    /// The REST API's id.
    pub api: String,
    /// Of the stage and of the alias.
    pub stage: String,
    pub function: String,
}

/// What callers get now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Serving {
    /// Id.
    pub deployment: String,
    pub version: String,
    /// Another deployment gets a share of the calls, by somebody's hand.
    pub canary: bool,
    /// Other versions do.
    pub shares: bool,
}

/// A deployment and the version that belongs to it.
#[derive(Clone, Debug)]
pub struct Release {
    /// Id.
    pub deployment: String,
    pub fingerprint: String,
    /// Who made the deployment, where it tells.
    pub by: Option<String>,
    pub deployed: Option<Timestamp>,
    pub version: String,
    pub published: Option<Timestamp>,
    /// The description that the function had then.
    pub description: Option<String>,
    seen: Seen,
}

/// All releases of a stage, the newest first.
#[derive(Clone, Debug)]
pub struct History {
    pub serving: Serving,
    pub releases: Vec<Release>,
    /// Every version that is there, be it of a release or not.
    pub versions: Vec<String>,
    pub deployments: Vec<String>,
}

impl Serving {
    /// The version's number. `$LATEST` has none: it is newer than all.
    pub fn number(&self) -> u64 {
        self.version.parse().unwrap_or(u64::MAX)
    }
}

impl Release {
    /// `DEPLOYMENT:VERSION`: stays the same whatever is deployed later.
    pub fn name(&self) -> String {
        format!("{}:{}", self.deployment, self.version)
    }

    /// The version's.
    pub fn number(&self) -> u64 {
        self.version.parse().unwrap_or_default()
    }

    /// When it could be served first: once the later of the two was there.
    pub fn made(&self) -> Option<Timestamp> {
        self.deployed.max(self.published)
    }

    /// Of the code, as Lambda knows it: of a zip or an image, in digits.
    pub fn code(&self) -> Option<&str> {
        self.seen.code.as_deref()
    }

    /// Is it what callers get?
    pub fn is(&self, serving: &Serving) -> bool {
        self.deployment == serving.deployment && self.version == serving.version && !serving.canary && !serving.shares
    }

    /// What the function of `other` is and this is not, property by property. Which variables were secret then nobody
    /// knows any more, so none is shown (law 10).
    pub fn function_changes(&self, other: &Release) -> Vec<Change> {
        let (was, then) = (&self.seen, &other.seen);
        let mut changes = Changes::default();
        changes
            .compare("code", was.code.clone(), then.code.clone())
            .compare("package_type", was.package_type.clone(), then.package_type.clone())
            .compare("runtime", was.runtime.clone(), then.runtime.clone())
            .compare("handler", was.handler.clone(), then.handler.clone())
            .compare("memory", was.memory, then.memory)
            .compare("timeout", was.timeout, then.timeout)
            .compare("architecture", was.architecture.clone(), then.architecture.clone())
            .compare("ephemeral_storage", was.ephemeral_storage, then.ephemeral_storage)
            .compare("layers", was.layers.clone(), then.layers.clone())
            .compare("role", was.role.clone(), then.role.clone())
            .compare("command", was.command.clone(), then.command.clone())
            .compare("entry_point", was.entry_point.clone(), then.entry_point.clone())
            .compare("working_directory", was.working_directory.clone(), then.working_directory.clone())
            .compare("description", self.description.clone(), other.description.clone());
        let names: BTreeSet<&String> = was.environment.keys().chain(then.environment.keys()).collect();
        for name in names.into_iter().filter(|name| was.environment.get(*name) != then.environment.get(*name)) {
            let side = |value: Option<&String>| value.map_or(Side::Absent, |_| Side::Secret);
            let (before, after) = (side(was.environment.get(name)), side(then.environment.get(name)));
            changes.push(Change::new(format!("environment.{name}"), before, after));
        }
        changes.done()
    }

    /// ARN of the role that this version works with.
    pub fn role(&self) -> Option<&str> {
        self.seen.role.as_deref()
    }
}

impl History {
    /// Where what is served stands in the list.
    pub fn now(&self) -> Option<usize> {
        self.releases.iter().position(|release| release.is(&self.serving))
    }

    /// The release before what is served. Where what is served is none, as when a way back was cut between its two writes,
    /// the newest whose parts are both no newer.
    pub fn before(&self) -> Option<&Release> {
        if let Some(now) = self.now() {
            return self.releases.get(now + 1);
        }
        let place = |id: &str| self.deployments.iter().position(|known| known == id);
        let (served, version) = (place(&self.serving.deployment), self.serving.number());
        self.releases.iter().find(|release| {
            let no_newer = release.number() <= version && place(&release.deployment) >= served;
            no_newer && (release.deployment != self.serving.deployment || release.version != self.serving.version)
        })
    }

    pub fn named(&self, name: &str) -> Option<&Release> {
        self.releases.iter().find(|release| release.name() == name)
    }
}

impl Place {
    /// Everything that can be served; none where no stage or no alias is there.
    ///
    /// # Errors
    /// When AWS refuses to tell.
    pub async fn history(&self, aws: &Aws<'_>) -> Result<Option<History>> {
        let (stage, alias, deployments, versions) = tokio::join!(
            self.stage(aws),
            self.alias(aws),
            deployment::list(aws, &self.api),
            alias::versions(aws, &self.function)
        );
        let (Some(stage), Some(alias), deployments, versions) = (stage?, alias?, deployments?, versions?) else {
            return Ok(None);
        };
        let serving = Serving {
            deployment: stage.deployment_id().unwrap_or_default().to_owned(),
            version: alias.function_version().unwrap_or_default().to_owned(),
            canary: stage.canary_settings().is_some(),
            shares: !alias::weights(alias.routing_config()).is_empty(),
        };
        let told = OfAlias::parse(alias.description()).unwrap_or_default();
        let pairs = pairs(&deployments, &versions, &told, &self.function, &serving);
        let mut releases: Vec<Release> =
            pairs.into_iter().map(|(made, version)| release(&deployments[made], &versions[version])).collect();
        // Newest first; within a second, which is all that AWS tells, by the version, then as deployments are listed.
        releases.sort_by_key(|release| {
            let place = deployments.iter().position(|made| made.id == release.deployment);
            (Reverse(release.made().map(Timestamp::as_second)), Reverse(release.number()), place)
        });
        Ok(Some(History {
            serving,
            releases,
            versions: versions.iter().map(|version| version.number.to_string()).collect(),
            deployments: deployments.into_iter().map(|made| made.id).collect(),
        }))
    }

    async fn stage(&self, aws: &Aws<'_>) -> Result<Option<GetStageOutput>> {
        let call = || aws.apigateway().get_stage().rest_api_id(&self.api).stage_name(&self.stage).send();
        found(aws.call("apigateway", "GetStage", Repeat::Safe, call).await)
    }

    async fn alias(&self, aws: &Aws<'_>) -> Result<Option<GetAliasOutput>> {
        let call = || aws.lambda().get_alias().function_name(&self.function).name(&self.stage).send();
        found(aws.call("lambda", "GetAlias", Repeat::Safe, call).await)
    }

    /// Passes where the function is ours (law 5).
    ///
    /// # Errors
    /// `not_ours`, or what AWS refuses with.
    pub async fn check_function(&self, aws: &Aws<'_>, owner: &Owner) -> Result<()> {
        let call = || aws.lambda().get_function().function_name(&self.function).send();
        let answer = found(aws.call("lambda", "GetFunction", Repeat::Safe, call).await)?;
        let Some(answer) = answer else { return Ok(()) };
        owner.check("Lambda function", &self.function, &ordered(answer.tags()))
    }

    /// Path and verb of every method that callers of a deployment can call; none where it is not there any more.
    ///
    /// # Errors
    /// When AWS refuses to tell.
    pub async fn methods(&self, aws: &Aws<'_>, deployment: &str) -> Result<Option<Vec<(String, String)>>> {
        let call = || {
            let get = aws.apigateway().get_deployment().rest_api_id(&self.api).deployment_id(deployment);
            get.embed("apisummary").send()
        };
        let answer = found(aws.call("apigateway", "GetDeployment", Repeat::Safe, call).await)?;
        let paths: Option<BTreeMap<String, Vec<String>>> = answer.map(|answer| {
            let paths = answer.api_summary.unwrap_or_default().into_iter();
            paths.map(|(path, verbs)| (path, verbs.into_keys().collect())).collect()
        });
        let methods = paths.map(|paths| {
            let each = |(path, verbs): (String, Vec<String>)| verbs.into_iter().map(move |verb| (path.clone(), verb));
            let mut methods: Vec<(String, String)> = paths.into_iter().flat_map(each).collect();
            methods.sort();
            methods
        });
        Ok(methods)
    }

    /// The stage serves that deployment and no other; with a `canary`, that ends.
    ///
    /// # Errors
    /// `release_gone` where the deployment is not there, and what AWS refuses with.
    pub async fn serve(&self, aws: &Aws<'_>, deployment: &str, canary: bool) -> Result<()> {
        let mut operations = vec![patch::replace("/deploymentId", deployment)];
        operations.extend(canary.then(|| patch::remove("/canarySettings")));
        let call = || {
            let update = aws.apigateway().update_stage().rest_api_id(&self.api).stage_name(&self.stage);
            update.set_patch_operations(Some(operations.clone())).send()
        };
        match aws.call("apigateway", "UpdateStage", Repeat::Safe, call).await {
            Err(error) if error.message.contains("Deployment id does not exist") => {
                Err(gone(&format!("deployment {deployment}")))
            }
            ended => ended.map(|_| ()),
        }
    }

    /// All calls go to that version.
    ///
    /// # Errors
    /// `release_gone` where the version is not there, and what AWS refuses with.
    pub async fn point(&self, aws: &Aws<'_>, version: &str) -> Result<()> {
        match alias::point(aws, &self.function, &self.stage, version, None).await {
            Err(error) if error.is(ErrorKind::NotFound) => {
                Err(gone(&format!("version {version} of {}", self.function)))
            }
            ended => ended,
        }
    }
}

/// What a release is made of went while it was being gone back to.
pub fn gone(what: &str) -> Error {
    Error::refused(
        "release_gone",
        format!("{what} is not there any more: somebody removed it meanwhile"),
        "`poc rollback --list` shows what can be gone back to; `poc deploy` makes what deploy.yaml says anew",
    )
}

fn release(made: &Made, version: &Version) -> Release {
    Release {
        deployment: made.id.clone(),
        fingerprint: made.record.fingerprint.clone(),
        by: made.record.by.clone(),
        deployed: Timestamp::from_second(made.created).ok().filter(|_| made.created > 0),
        version: version.number.to_string(),
        published: version.published(),
        description: version.description.clone(),
        seen: version.seen.clone(),
    }
}

/// Which deployments and versions belong together, by their places in the two lists, of which each has the newest first.
fn pairs(
    deployments: &[Made],
    versions: &[Version],
    told: &OfAlias,
    function: &str,
    serving: &Serving,
) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    let mut add = |pair: (usize, usize)| {
        if !pairs.contains(&pair) {
            pairs.push(pair);
        }
    };
    for (made, deployment) in deployments.iter().enumerate() {
        for (at, version) in versions.iter().enumerate() {
            let named = deployment.record.versions.contains(&format!("{function}:{}", version.number));
            // Of two pictures of one definition, the newer is what a deploy would serve.
            let first =
                deployments[..made].iter().all(|newer| newer.record.fingerprint != deployment.record.fingerprint);
            let by_alias = first && told.tells(version.number, &deployment.record.fingerprint);
            let served = deployment.id == serving.deployment && version.number.to_string() == serving.version;
            if named || by_alias || served {
                add((made, at));
            }
        }
        // Made before this was told: the version that was the newest then.
        if deployment.record.versions.is_empty() {
            let then = versions.iter().position(|version| {
                version.published().is_some_and(|published| published.as_second() <= deployment.created)
            });
            then.into_iter().for_each(|at| add((made, at)));
        }
    }
    // Published before this was told, and not by the run that made the next deployment: with the one that was there.
    for (at, version) in versions.iter().enumerate() {
        let untold = told.first().is_none_or(|first| version.number < first);
        let Some(published) = version.published().map(Timestamp::as_second).filter(|_| untold) else { continue };
        let then = deployments.iter().position(|made| made.created <= published);
        let next = then.unwrap_or(deployments.len()).checked_sub(1).map(|next| deployments[next].created);
        let alone = next.is_none_or(|next| next - published > ONE_RUN);
        if let Some(made) = then.filter(|made| alone && !pairs.contains(&(*made, at))) {
            pairs.push((made, at));
        }
    }
    pairs
}
