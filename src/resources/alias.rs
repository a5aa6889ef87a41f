//! The function's alias, named after the stage: what API Gateway calls. It points to the version that is as wanted; the
//! versions before are kept for a rollback, five in all.

use std::collections::BTreeMap;
use std::rc::Rc;

use aws_sdk_lambda::types::{AliasRoutingConfiguration, FunctionConfiguration};
use futures_util::future::try_join_all;
use jiff::Timestamp;

use super::release::record::OfAlias;
use crate::aws::{Aws, Error, ErrorKind, Repeat, Result, found, gone};
use crate::engine::plan::{Change, Side};
use crate::engine::{Handle, Identity, Known, NodeId, Resource};
use crate::event::{Action, Event};
use crate::resources::function::{self, Configuration, Function, Seen};

/// How many versions are kept, the one in use included.
const KEPT: usize = 5;

/// A Lambda alias.
#[derive(Clone)]
pub struct Alias {
    pub function: Handle<Function>,
    pub function_name: String,
    /// Unqualified: [`Function::arn_of`].
    pub function_arn: String,
    /// The stage's name.
    pub name: String,
    /// What the version must be: the function's own.
    pub configuration: Rc<Configuration>,
    /// Of the definition that is served with it: [`super::definition::fingerprint`].
    pub picture: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outputs {
    /// Qualified; stays what it is whatever the alias points to.
    pub arn: String,
    /// What it points to; while deciding, what it pointed to before.
    pub version: String,
}

impl Outputs {
    /// `FUNCTION:7`.
    pub fn version_name(&self) -> String {
        let function = self.arn.split(':').nth(6).unwrap_or_default();
        format!("{function}:{}", self.version)
    }
}

#[derive(Clone, Debug)]
pub struct Observed {
    version: String,
    description: Option<String>,
    /// Other versions that get a share of the calls.
    routing: BTreeMap<String, f64>,
    /// The newest first.
    versions: Vec<Version>,
    /// Versions that any alias of the function points to; told only where there are versions to be pruned.
    pinned: Vec<String>,
}

/// A published version.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub number: u64,
    /// When, as Lambda writes it.
    pub modified: Option<String>,
    pub description: Option<String>,
    pub seen: Seen,
}

/// The version the alias should point to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    /// The one it points to.
    Same,
    /// Another one that exists already.
    Existing(String),
    /// One that this step makes known, or makes itself.
    After(String),
}

impl Resource for Alias {
    type Observed = Observed;
    type Outputs = Outputs;

    fn identity(&self) -> Identity {
        Identity::one("alias", "Lambda alias", format!("{}:{}", self.function_name, self.name))
    }

    fn needs(&self) -> Vec<NodeId> {
        vec![self.function.id()]
    }

    async fn read(&self, aws: &Aws<'_>, _: &Known) -> Result<Option<Observed>> {
        let call = || aws.lambda().get_alias().function_name(&self.function_name).name(&self.name).send();
        let alias = async { found(aws.call("lambda", "GetAlias", Repeat::Safe, call).await) };
        let (alias, versions) = tokio::join!(alias, versions(aws, &self.function_name));
        let Some(alias) = alias? else { return Ok(None) };
        let versions = versions?;
        let pinned = if versions.len() > KEPT { self.pinned(aws).await? } else { Vec::new() };
        Ok(Some(Observed {
            version: alias.function_version.unwrap_or_default(),
            description: alias.description,
            routing: weights(alias.routing_config.as_ref()),
            versions,
            pinned,
        }))
    }

    fn outputs(&self, seen: &Observed) -> Outputs {
        Outputs { arn: self.arn(), version: seen.version.clone() }
    }

    fn diff(&self, seen: &Observed, known: &Known) -> Vec<Change> {
        let mut changes = Vec::new();
        match self.target(seen, known) {
            Target::Same => {}
            Target::Existing(version) => changes.push(Change::new("version", seen.version.clone(), version)),
            Target::After(step) => {
                changes.push(Change::new("version", seen.version.clone(), Side::KnownAfter(step)));
            }
        }
        for (version, weight) in &seen.routing {
            changes.push(Change::removed(format!("routing.{version}"), *weight));
        }
        changes
    }

    fn creation(&self, known: &Known) -> Vec<Change> {
        vec![Change::set("version", Side::KnownAfter(self.maker(known)))]
    }

    async fn create(&self, aws: &Aws<'_>, known: &Known) -> Result<Outputs> {
        let version = self.newest(aws, known).await?;
        let description = self.described(None, &version);
        let call = || {
            let create = aws.lambda().create_alias().function_name(&self.function_name).name(&self.name);
            create.function_version(&version).set_description(description.clone()).send()
        };
        match aws.call("lambda", "CreateAlias", Repeat::Safe, call).await {
            Ok(_) => {}
            // A repeated call whose first answer was lost. The function is ours, so the alias is.
            Err(error) if error.is(ErrorKind::AlreadyExists) => {
                point(aws, &self.function_name, &self.name, &version, description).await?;
            }
            Err(error) => return Err(error),
        }
        Ok(Outputs { arn: self.arn(), version })
    }

    async fn update(&self, aws: &Aws<'_>, known: &Known, seen: &Observed, changes: &[Change]) -> Result<Outputs> {
        let version = match changes.iter().find(|change| change.path == "version").map(|change| &change.after) {
            None => seen.version.clone(),
            Some(Side::Value(version)) => {
                let version = version.as_str().unwrap_or_default().to_owned();
                function::settled(aws, &self.function_name, Some(&version)).await?;
                version
            }
            Some(_) => self.newest(aws, known).await?,
        };
        let description = self.described(seen.description.as_deref(), &version);
        point(aws, &self.function_name, &self.name, &version, description).await?;
        Ok(Outputs { arn: self.arn(), version })
    }

    /// Versions beyond the last five, but none that an alias points to.
    fn surplus(&self, seen: &Observed, known: &Known, _: bool) -> Vec<Change> {
        let target = self.target(seen, known);
        let in_use = match &target {
            Target::Same => seen.version.as_str(),
            Target::Existing(version) => version.as_str(),
            Target::After(_) => "",
        };
        // The one in use takes one of the five places, be it there yet or not.
        let others = seen.versions.iter().filter(|version| version.number.to_string() != in_use);
        let old = others.skip(KEPT - 1).filter(|version| !seen.pinned.contains(&version.number.to_string()));
        old.map(|version| Change::removed(format!("versions.{}", version.number), version.seen.code.clone())).collect()
    }

    async fn prune(&self, aws: &Aws<'_>, _: &Known, _: &Observed, surplus: &[Change]) -> Result<()> {
        let versions = surplus.iter().filter_map(|change| change.path.strip_prefix("versions."));
        try_join_all(versions.map(|version| self.drop_version(aws, version))).await.map(|_| ())
    }

    fn consequences(&self, action: Action, changes: &[Change]) -> Vec<String> {
        let has = |beginning: &str| changes.iter().any(|change| change.path.starts_with(beginning));
        let mut words = Vec::new();
        if action == Action::Update && has("version") {
            words
                .push("calls get the new version as soon as the alias points to it; the one before is kept".to_owned());
        }
        if action == Action::Update && has("routing.") {
            words.push("the split of calls between versions that was set outside of deploy.yaml ends".to_owned());
        }
        if action == Action::Prune {
            words.push("a rollback to these versions is no longer possible".to_owned());
        }
        words
    }

    fn goes_with(&self) -> Option<NodeId> {
        Some(self.function.id())
    }

    async fn delete(&self, aws: &Aws<'_>, _: &Known, _: &Observed) -> Result<()> {
        let call = || aws.lambda().delete_alias().function_name(&self.function_name).name(&self.name).send();
        gone(aws.call("lambda", "DeleteAlias", Repeat::Safe, call).await)
    }
}

impl Alias {
    /// Follows from the names, so that the API's definition need not wait for the alias to exist.
    pub fn arn(&self) -> String {
        format!("{}:{}", self.function_arn, self.name)
    }

    /// A version that is as wanted is found by what it is, so an interrupted deploy goes on with what it made.
    fn target(&self, seen: &Observed, known: &Known) -> Target {
        let right = |version: &&Version| self.configuration.is_in(&version.seen);
        let current = seen.versions.iter().find(|version| version.number.to_string() == seen.version);
        // Two versions of one digest may be of two repositories, of which one may go.
        let moved = self.configuration.is_image() && known.get(self.function).is_none();
        if current.as_ref().is_some_and(right) && !moved {
            return Target::Same;
        }
        if known.get(self.function).is_none() {
            return Target::After(known.step_of(self.function));
        }
        match seen.versions.iter().find(right) {
            Some(version) => Target::Existing(version.number.to_string()),
            None => Target::After(self.maker(known)),
        }
    }

    /// The step that will know the version: the function's where it changes, else this one.
    fn maker(&self, known: &Known) -> String {
        if known.get(self.function).is_none() { known.step_of(self.function) } else { self.identity().id() }
    }

    /// That `version` is served with this definition, beside what was told before; nothing where the description is
    /// somebody's own.
    fn described(&self, before: Option<&str>, version: &str) -> Option<String> {
        Some(OfAlias::parse(before)?.and(version, &self.picture).to_string())
    }

    async fn pinned(&self, aws: &Aws<'_>) -> Result<Vec<String>> {
        let (mut pinned, mut marker) = (Vec::new(), None);
        loop {
            let call = || {
                let list = aws.lambda().list_aliases().function_name(&self.function_name);
                list.set_marker(marker.clone()).send()
            };
            let Some(page) = found(aws.call("lambda", "ListAliases", Repeat::Safe, call).await)? else { break };
            for alias in page.aliases().iter().filter(|alias| alias.name() != Some(&self.name)) {
                pinned.extend(alias.function_version().map(str::to_owned));
                pinned.extend(weights(alias.routing_config()).into_keys());
            }
            marker = page.next_marker.filter(|marker| !marker.is_empty());
            if marker.is_none() {
                break;
            }
        }
        Ok(pinned)
    }

    /// The version that the function's own step made, or one made now of what the function is.
    async fn newest(&self, aws: &Aws<'_>, known: &Known) -> Result<String> {
        if let Some(version) = known.require(self.function)?.published {
            return Ok(version);
        }
        let code = self.configuration.code_sha256();
        let call = || aws.lambda().publish_version().function_name(&self.function_name).code_sha256(&code).send();
        let answer = aws.call("lambda", "PublishVersion", Repeat::Safe, call).await?;
        if !function::is_settled(answer.state(), answer.last_update_status()) {
            function::settled(aws, &self.function_name, answer.version()).await?;
        }
        answer.version.ok_or_else(|| Error::unexpected("PublishVersion tells no version"))
    }

    async fn drop_version(&self, aws: &Aws<'_>, version: &str) -> Result<()> {
        let call = || aws.lambda().delete_function().function_name(&self.function_name).qualifier(version).send();
        match gone(aws.call("lambda", "DeleteFunction", Repeat::Safe, call).await) {
            // An alias of somebody's points to it.
            Err(error) if error.is(ErrorKind::AlreadyExists) => {
                let text = format!("version {version} of {} is kept: {}", self.function_name, error.message);
                aws.report(&Event::Note { text });
                Ok(())
            }
            result => result,
        }
    }
}

impl Version {
    /// `$LATEST` has no number and is no version.
    fn of(answer: &FunctionConfiguration) -> Option<Version> {
        Some(Version {
            number: answer.version()?.parse().ok()?,
            modified: answer.last_modified().map(str::to_owned),
            description: answer.description().filter(|text| !text.is_empty()).map(str::to_owned),
            seen: Seen::from(answer),
        })
    }

    /// Lambda writes `2026-01-31T12:00:00.000+0000`.
    pub fn published(&self) -> Option<Timestamp> {
        self.modified.as_deref()?.parse().ok()
    }
}

/// Published versions, the newest first.
pub(super) async fn versions(aws: &Aws<'_>, function: &str) -> Result<Vec<Version>> {
    let (mut versions, mut marker) = (Vec::new(), None);
    loop {
        let call = || {
            let list = aws.lambda().list_versions_by_function().function_name(function);
            list.set_marker(marker.clone()).send()
        };
        let page = found(aws.call("lambda", "ListVersionsByFunction", Repeat::Safe, call).await)?;
        let Some(page) = page else { break };
        versions.extend(page.versions().iter().filter_map(Version::of));
        marker = page.next_marker.filter(|marker| !marker.is_empty());
        if marker.is_none() {
            break;
        }
    }
    versions.sort_by_key(|version| std::cmp::Reverse(version.number));
    Ok(versions)
}

/// All calls go to `version`, none elsewhere. Without a description the one that is there stays.
pub(super) async fn point(
    aws: &Aws<'_>,
    function: &str,
    alias: &str,
    version: &str,
    description: Option<String>,
) -> Result<()> {
    let routing = AliasRoutingConfiguration::builder().set_additional_version_weights(Some([].into())).build();
    let call = || {
        let update = aws.lambda().update_alias().function_name(function).name(alias);
        let update = update.set_description(description.clone());
        update.function_version(version).routing_config(routing.clone()).send()
    };
    aws.call("lambda", "UpdateAlias", Repeat::Safe, call).await.map(|_| ())
}

pub(super) fn weights(routing: Option<&AliasRoutingConfiguration>) -> BTreeMap<String, f64> {
    let weights = routing.and_then(|routing| routing.additional_version_weights());
    weights.into_iter().flatten().map(|(version, weight)| (version.clone(), *weight)).collect()
}
