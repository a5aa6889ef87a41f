//! API keys. A key's value is made up by AWS or comes from an environment variable; it passes through here into one
//! request and is in nothing that is printed, planned or returned (law 10).

mod rotation;

use std::collections::BTreeMap;
use std::rc::Rc;

use aws_sdk_apigateway::types::ApiKey as Key;

use jiff::Timestamp;
pub use rotation::{Retired, Standing};

use super::lock::told;
use super::lookups::Lookups;
use super::rest_api::tag;
use super::{Owner, patch};
use crate::aws::{APP, Aws, Error, ErrorKind, Repeat, Result, STAGE, gone, once, ordered};
use crate::engine::plan::{Change, Changes, Side};
use crate::engine::{Identity, Known, NodeId, Resource};
use crate::event::Action;
use crate::spec::model;

/// An API key.
#[derive(Clone, Debug)]
pub struct ApiKey {
    pub key: model::ApiKey,
    pub region: String,
    pub partition: String,
    pub owner: Owner,
    pub lookups: Rc<Lookups>,
}

#[derive(Clone, Debug)]
pub struct Observed {
    id: String,
    description: Option<String>,
    enabled: bool,
    /// Whether the value is the wanted one; `None` where none is asked for.
    value_is_right: Option<bool>,
    tags: BTreeMap<String, String>,
    /// Older ones of the same name: what a new value, or an interrupted creation, leaves.
    doubles: Vec<String>,
    /// A rotation has marked it, and was killed before its successor was there.
    lone: bool,
    /// Others that a rotation has marked: they go when their time has come.
    retired: Vec<Retired>,
    /// That another key of ours has the wanted value.
    taken_by: Option<Error>,
}

#[derive(Clone, Debug)]
pub struct Outputs {
    pub id: String,
}

impl Resource for ApiKey {
    type Observed = Observed;
    type Outputs = Outputs;

    fn identity(&self) -> Identity {
        Identity::of_many("api_key", "API key", &self.key.name)
    }

    fn needs(&self) -> Vec<NodeId> {
        Vec::new()
    }

    async fn read(&self, aws: &Aws<'_>, _: &Known) -> Result<Option<Observed>> {
        let keys = self.lookups.api_keys(aws).await?;
        match self.pick(aws, keys).await? {
            Some(seen) if seen.value_is_right == Some(false) => {
                Ok(Some(Observed { taken_by: self.taken_by(aws, keys).await?, ..seen }))
            }
            Some(seen) => Ok(Some(seen)),
            None => match self.taken_by(aws, keys).await? {
                Some(error) => Err(error),
                None => Ok(None),
            },
        }
    }

    fn outputs(&self, seen: &Observed) -> Outputs {
        Outputs { id: seen.id.clone() }
    }

    fn diff(&self, seen: &Observed, _: &Known) -> Vec<Change> {
        let mut changes = Changes::default();
        if seen.lone {
            let after = Side::KnownAfter(self.identity().id());
            changes.push(Change::new("value", Side::Secret, after).replacing());
            return changes.done();
        }
        changes.compare("description", seen.description.clone(), self.key.description.clone()).compare(
            "enabled",
            seen.enabled,
            self.key.enabled,
        );
        if seen.value_is_right == Some(false) {
            changes.push(Change::new("value", Side::Secret, Side::Secret).replacing());
        }
        self.owner.diff(&mut changes, &seen.tags);
        changes.done()
    }

    fn notes(&self, seen: &Observed) -> Vec<String> {
        let waiting = seen.retired.iter().filter(|retired| !retired.is_due);
        let until = waiting.map(|retired| retired.due).max().and_then(|due| i64::try_from(due).ok());
        let until = until.and_then(|due| Timestamp::from_millisecond(due).ok());
        until.map_or_else(Vec::new, |until| {
            vec![format!(
                "an earlier value of the API key {} is accepted, too, until {}: its rotation was not waited for; the first \
                 `poc deploy` or `poc key rotate` after that takes it away, `poc key rotate --grace 0s` at once",
                self.key.name,
                told(until)
            )]
        })
    }

    fn refuses(&self, seen: &Observed, _: &[Change]) -> Option<Error> {
        seen.taken_by.clone()
    }

    fn creation(&self, _: &Known) -> Vec<Change> {
        let value = if self.key.value.is_some() { Side::Secret } else { Side::KnownAfter(self.identity().id()) };
        let mut changes = vec![Change::set("value", value)];
        if !self.key.enabled {
            changes.push(Change::set("enabled", false));
        }
        changes
    }

    fn consequences(&self, action: Action, _: &[Change]) -> Vec<String> {
        match action {
            Action::Replace => vec!["the new value works first, then the old one is removed".to_owned()],
            Action::Delete => vec!["callers with this key get 403".to_owned()],
            Action::Prune => vec!["callers that still send an old value get 403".to_owned()],
            _ => Vec::new(),
        }
    }

    async fn create(&self, aws: &Aws<'_>, _: &Known) -> Result<Outputs> {
        Ok(Outputs { id: self.make(aws).await? })
    }

    async fn update(&self, aws: &Aws<'_>, _: &Known, seen: &Observed, changes: &[Change]) -> Result<Outputs> {
        let mut operations = Vec::new();
        if seen.description != self.key.description {
            operations.push(patch::replace("/description", self.key.description.clone().unwrap_or_default()));
        }
        if seen.enabled != self.key.enabled {
            operations.push(patch::replace("/enabled", self.key.enabled.to_string()));
        }
        if !operations.is_empty() {
            let call = || {
                let request = aws.apigateway().update_api_key().api_key(&seen.id);
                request.set_patch_operations(Some(operations.clone())).send()
            };
            aws.call("apigateway", "UpdateApiKey", Repeat::Safe, call).await?;
        }
        if changes.iter().any(|change| change.path.starts_with("tags.")) {
            let arn = format!("arn:{}:apigateway:{}::/apikeys/{}", self.partition, self.region, seen.id);
            tag(aws, &arn, self.owner.tags.hash_map()).await?;
        }
        Ok(Outputs { id: seen.id.clone() })
    }

    /// The new key is made beside the old one, which goes when the new one is in the plan (law 6).
    async fn replace(&self, aws: &Aws<'_>, known: &Known, _: &Observed, _: &[Change]) -> Result<Outputs> {
        self.create(aws, known).await
    }

    fn surplus(&self, seen: &Observed, _: &Known, _: bool) -> Vec<Change> {
        let outdated = (seen.value_is_right == Some(false)).then_some(&seen.id);
        let retired = seen.retired.iter().filter(|retired| retired.is_due && !seen.lone).map(|retired| &retired.id);
        let all = outdated.into_iter().chain(&seen.doubles).chain(retired);
        all.map(|id| Change::removed(format!("old key {id}"), Side::Secret)).collect()
    }

    async fn prune(&self, aws: &Aws<'_>, _: &Known, _: &Observed, surplus: &[Change]) -> Result<()> {
        for id in surplus.iter().filter_map(|change| change.path.strip_prefix("old key ")) {
            delete(aws, id).await?;
        }
        Ok(())
    }

    async fn delete(&self, aws: &Aws<'_>, _: &Known, seen: &Observed) -> Result<()> {
        let retired = seen.retired.iter().map(|retired| &retired.id);
        for id in std::iter::once(&seen.id).chain(&seen.doubles).chain(retired) {
            delete(aws, id).await?;
        }
        Ok(())
    }
}

impl ApiKey {
    /// Makes one, whatever else there is.
    async fn make(&self, aws: &Aws<'_>) -> Result<String> {
        let create = async || {
            let call = || {
                let request = aws.apigateway().create_api_key().name(&self.key.name).enabled(self.key.enabled);
                request
                    .set_description(self.key.description.clone())
                    .set_value(self.key.value.as_ref().map(|value| value.reveal().to_owned()))
                    .set_tags(Some(self.owner.tags.hash_map()))
                    .send()
            };
            let made = aws.call("apigateway", "CreateApiKey", Repeat::Never, call).await.map_err(|error| Error {
                next: (error.is(ErrorKind::AlreadyExists) && self.key.value.is_some()).then(|| self.another_value()),
                ..error
            })?;
            made.id.ok_or_else(|| Error::unexpected("CreateApiKey names no id"))
        };
        let find = async || {
            let lookups = Lookups::default();
            let made = self.pick(aws, lookups.api_keys(aws).await?).await?;
            Ok(made.filter(|made| made.value_is_right != Some(false) && !made.lone).map(|made| made.id))
        };
        once(create, find).await
    }

    /// A value belongs to one key of an account and region (`AWS_FACTS` B3). Whether another of this application has the
    /// wanted one can be told before anything is made; what other people's keys are is nobody's business.
    async fn taken_by(&self, aws: &Aws<'_>, keys: &[Key]) -> Result<Option<Error>> {
        if self.key.value.is_none() {
            return Ok(None);
        }
        for other in keys {
            let tags = ordered(other.tags());
            let this = self.owner.tags.own(&tags) && other.name() == Some(&self.key.name);
            if this || tags.get(APP) != self.owner.tags.map().get(APP) {
                continue;
            }
            let has_it = match self.has_wanted_value(aws, other.id().unwrap_or_default()).await {
                Err(error) if error.is(ErrorKind::AccessDenied) => None,
                verdict => verdict?,
            };
            if has_it == Some(true) {
                let (name, stage) = (other.name().unwrap_or_default(), tags.get(STAGE).map_or("", String::as_str));
                let message =
                    format!("the API key {name} of stage {stage} has the value that {} is to get", self.key.name);
                return Ok(Some(Error::in_the_way("already_exists", message, self.another_value())));
            }
        }
        Ok(None)
    }

    fn another_value(&self) -> String {
        let stage = self.owner.tags.map().get(STAGE).map_or("", String::as_str);
        format!(
            "another key of this account and region has this value already, most likely another stage's, and no two may \
             have the same: let {} take its value from another environment variable (for this stage alone under \
             stages.{stage} in deploy.yaml)",
            self.key.name
        )
    }

    /// Ours among `keys`: name and tags. Of several, the one with the wanted value, else the newest; one that a rotation
    /// has marked only where there is no other.
    async fn pick(&self, aws: &Aws<'_>, keys: &[Key]) -> Result<Option<Observed>> {
        let (mut standing, retiring) = self.ours(keys);
        let lone = standing.is_empty();
        if lone {
            standing = retiring.first().copied().into_iter().collect();
        }
        let mut verdicts = Vec::new();
        for key in &standing {
            verdicts.push(if lone { None } else { self.has_wanted_value(aws, key.id().unwrap_or_default()).await? });
        }
        let chosen = verdicts.iter().position(|verdict| *verdict != Some(false)).unwrap_or(0);
        let Some(key) = standing.get(chosen) else { return Ok(None) };
        let doubles = standing.iter().enumerate().filter(|(at, _)| *at != chosen).filter_map(|(_, key)| key.id());
        let now = aws.clock().epoch_millis();
        let others = retiring.iter().filter(|other| other.id() != key.id());
        Ok(Some(Observed {
            id: key.id().unwrap_or_default().to_owned(),
            description: key.description().filter(|text| !text.is_empty()).map(str::to_owned),
            enabled: key.enabled(),
            value_is_right: verdicts[chosen],
            tags: ordered(key.tags()),
            doubles: doubles.map(str::to_owned).collect(),
            lone,
            retired: others.map(|other| Retired::of(other, key, now)).collect(),
            taken_by: None,
        }))
    }

    /// Ours among `keys`, the newest first: those that stand, and those that a rotation has marked.
    fn ours<'k>(&self, keys: &'k [Key]) -> (Vec<&'k Key>, Vec<&'k Key>) {
        let mut named: Vec<&Key> = keys.iter().filter(|key| key.name() == Some(&self.key.name)).collect();
        let adoptable = self.owner.adopt && named.len() == 1;
        named.retain(|key| adoptable || self.owner.tags.own(&ordered(key.tags())));
        named.sort_by_key(|key| std::cmp::Reverse(key.created_date().map(|date| (date.secs(), date.subsec_nanos()))));
        named.into_iter().partition(|key| !rotation::is_marked(key))
    }

    async fn has_wanted_value(&self, aws: &Aws<'_>, id: &str) -> Result<Option<bool>> {
        let Some(wanted) = &self.key.value else { return Ok(None) };
        Ok(Some(ApiKey::value_of(aws, id).await?.as_deref() == Some(wanted.reveal())))
    }
}

async fn delete(aws: &Aws<'_>, id: &str) -> Result<()> {
    let call = || aws.apigateway().delete_api_key().api_key(id).send();
    gone(aws.call("apigateway", "DeleteApiKey", Repeat::Safe, call).await)
}
