//! The function's alias, named after the stage: what API Gateway calls. It points to the version that is as wanted; the
//! versions before are kept for a rollback, five in all.

use std::collections::BTreeMap;
use std::rc::Rc;

use aws_sdk_lambda::types::{AliasRoutingConfiguration, FunctionConfiguration};
use futures_util::future::try_join_all;

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
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outputs {
    /// Qualified; stays what it is whatever the alias points to.
    pub arn: String,
    /// What it points to; while deciding, what it pointed to before.
    pub version: String,
}

#[derive(Clone, Debug)]
pub struct Observed {
    version: String,
    /// Other versions that get a share of the calls.
    routing: BTreeMap<String, f64>,
    /// The newest first.
    versions: Vec<Version>,
    /// Versions that any alias of the function points to; told only where there are versions to be pruned.
    pinned: Vec<String>,
}

#[derive(Clone, Debug)]
struct Version {
    number: u64,
    seen: Seen,
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
        let (alias, versions) = tokio::join!(alias, self.versions(aws));
        let Some(alias) = alias? else { return Ok(None) };
        let versions = versions?;
        let pinned = if versions.len() > KEPT { self.pinned(aws).await? } else { Vec::new() };
        Ok(Some(Observed {
            version: alias.function_version.unwrap_or_default(),
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
        let call = || {
            let create = aws.lambda().create_alias().function_name(&self.function_name).name(&self.name);
            create.function_version(&version).send()
        };
        match aws.call("lambda", "CreateAlias", Repeat::Safe, call).await {
            Ok(_) => {}
            // A repeated call whose first answer was lost. The function is ours, so the alias is.
            Err(error) if error.is(ErrorKind::AlreadyExists) => self.point(aws, &version).await?,
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
        self.point(aws, &version).await?;
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

    /// Published versions, the newest first.
    async fn versions(&self, aws: &Aws<'_>) -> Result<Vec<Version>> {
        let (mut versions, mut marker) = (Vec::new(), None);
        loop {
            let call = || {
                let list = aws.lambda().list_versions_by_function().function_name(&self.function_name);
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

    /// All calls go to `version`, none elsewhere.
    async fn point(&self, aws: &Aws<'_>, version: &str) -> Result<()> {
        let routing = AliasRoutingConfiguration::builder().set_additional_version_weights(Some([].into())).build();
        let call = || {
            let update = aws.lambda().update_alias().function_name(&self.function_name).name(&self.name);
            update.function_version(version).routing_config(routing.clone()).send()
        };
        aws.call("lambda", "UpdateAlias", Repeat::Safe, call).await.map(|_| ())
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
        Some(Version { number: answer.version()?.parse().ok()?, seen: Seen::from(answer) })
    }
}

fn weights(routing: Option<&AliasRoutingConfiguration>) -> BTreeMap<String, f64> {
    let weights = routing.and_then(|routing| routing.additional_version_weights());
    weights.into_iter().flatten().map(|(version, weight)| (version.clone(), *weight)).collect()
}
