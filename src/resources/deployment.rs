//! The deployment: an immutable picture of the draft. Its description carries the fingerprint of what it pictures and the
//! versions of the function that it was served with, so that any later run knows what the stage serves, and what it could
//! go back to, without a file of its own (law 1).

use super::patch;
use super::release::record::OfDeployment;
use crate::aws::{Aws, Error, Repeat, Result, found, gone, once};
use crate::engine::plan::{Change, Side};
use crate::engine::{Handle, Identity, Known, NodeId, Resource};
use crate::event::Action;
use crate::resources::{Alias, RestApi};

/// Kept for rollback, the one in use included.
const KEPT: usize = 5;

/// A deployment of the wanted definition.
#[derive(Clone, Debug)]
pub struct Deployment {
    pub api: Handle<RestApi>,
    /// Which version is served with it.
    pub alias: Handle<Alias>,
    pub stage: String,
    /// What is to be pictured: [`super::definition::fingerprint`].
    pub fingerprint: String,
    /// Who deploys, for those who look later.
    pub by: String,
    /// The draft, and everything callers will meet through it (law 6: permission before deployment).
    pub after: Vec<NodeId>,
}

/// Our deployments, newest first.
#[derive(Clone, Debug)]
pub struct Observed {
    ours: Vec<Made>,
}

/// A deployment of ours.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub id: String,
    pub record: OfDeployment,
    /// Seconds since 1970-01-01 UTC.
    pub created: i64,
}

#[derive(Clone, Debug)]
pub struct Outputs {
    pub id: String,
    /// Seconds since 1970-01-01 UTC, where it was there before this run.
    pub created: Option<i64>,
    pub record: OfDeployment,
}

impl Observed {
    fn current(&self, fingerprint: &str) -> Option<&Made> {
        self.ours.iter().find(|made| made.record.fingerprint == fingerprint)
    }
}

impl Resource for Deployment {
    type Observed = Observed;
    type Outputs = Outputs;

    fn identity(&self) -> Identity {
        Identity::one("deployment", "deployment", &self.stage)
    }

    fn needs(&self) -> Vec<NodeId> {
        [vec![self.api.id(), self.alias.id()], self.after.clone()].concat()
    }

    fn read_after(&self) -> Vec<NodeId> {
        vec![self.api.id()]
    }

    async fn read(&self, aws: &Aws<'_>, known: &Known) -> Result<Option<Observed>> {
        let Some(api) = known.get(self.api) else { return Ok(None) };
        let ours = list(aws, &api.id).await?;
        Ok((!ours.is_empty()).then_some(Observed { ours }))
    }

    fn outputs(&self, seen: &Observed) -> Outputs {
        let Some(made) = seen.current(&self.fingerprint).or(seen.ours.first()) else {
            return Outputs { id: String::new(), created: None, record: OfDeployment::default() };
        };
        Outputs { id: made.id.clone(), created: Some(made.created), record: made.record.clone() }
    }

    fn diff(&self, seen: &Observed, _: &Known) -> Vec<Change> {
        if seen.current(&self.fingerprint).is_some() {
            return Vec::new();
        }
        let before = seen.ours.first().map_or(Side::Absent, |made| Side::from(made.record.fingerprint.clone()));
        vec![Change::new("definition", before, self.fingerprint.clone())]
    }

    fn creation(&self, _: &Known) -> Vec<Change> {
        vec![Change::set("definition", self.fingerprint.clone())]
    }

    fn keeps_outputs(&self, _: &[Change]) -> bool {
        false
    }

    async fn create(&self, aws: &Aws<'_>, known: &Known) -> Result<Outputs> {
        let api = known.require(self.api)?.id;
        let version = known.require(self.alias)?.version_name();
        let record = OfDeployment::new(&self.fingerprint, version, &self.by);
        let description = record.to_string();
        let create = async || {
            let call = || aws.apigateway().create_deployment().rest_api_id(&api).description(&description).send();
            let made = aws.call("apigateway", "CreateDeployment", Repeat::Never, call).await?;
            made.id.ok_or_else(|| Error::unexpected("CreateDeployment names no id"))
        };
        let find = async || {
            let found = list(aws, &api).await?.into_iter().find(|made| made.record.fingerprint == self.fingerprint);
            Ok(found.map(|made| made.id))
        };
        Ok(Outputs { id: once(create, find).await?, created: None, record })
    }

    async fn update(&self, aws: &Aws<'_>, known: &Known, _: &Observed, _: &[Change]) -> Result<Outputs> {
        self.create(aws, known).await
    }

    fn surplus(&self, seen: &Observed, _: &Known, acting: bool) -> Vec<Change> {
        let doomed = self.doomed(seen, acting);
        doomed.map(|made| Change::removed(format!("deployment {}", made.id), made.record.fingerprint.clone())).collect()
    }

    async fn prune(&self, aws: &Aws<'_>, known: &Known, seen: &Observed, surplus: &[Change]) -> Result<()> {
        let api = known.require(self.api)?.id;
        for made in seen
            .ours
            .iter()
            .filter(|made| surplus.iter().any(|change| change.path == format!("deployment {}", made.id)))
        {
            let call = || aws.apigateway().delete_deployment().rest_api_id(&api).deployment_id(&made.id).send();
            match gone(aws.call("apigateway", "DeleteDeployment", Repeat::Safe, call).await) {
                // Another stage, not ours, serves it: it stays.
                Err(error) if error.message.contains("Active stages") => {}
                ended => ended?,
            }
        }
        Ok(())
    }

    fn consequences(&self, action: Action, _: &[Change]) -> Vec<String> {
        match action {
            Action::Prune => vec![format!("rollback reaches the last {KEPT} deployments")],
            _ => Vec::new(),
        }
    }

    fn goes_with(&self) -> Option<NodeId> {
        Some(self.api.id())
    }

    async fn delete(&self, _: &Aws<'_>, _: &Known, _: &Observed) -> Result<()> {
        Ok(())
    }
}

impl Deployment {
    /// Those beyond the last five, never the one that is wanted; and of equal ones all but the newest.
    fn doomed<'a>(&'a self, seen: &'a Observed, acting: bool) -> impl Iterator<Item = &'a Made> {
        let room = if acting { KEPT - 1 } else { KEPT };
        seen.ours
            .iter()
            .enumerate()
            .filter(move |(at, made)| {
                let double = seen.ours[..*at].iter().any(|newer| newer.record.fingerprint == made.record.fingerprint);
                double || (*at >= room && made.record.fingerprint != self.fingerprint)
            })
            .map(|(_, made)| made)
    }
}

/// Our deployments, newest first.
pub(super) async fn list(aws: &Aws<'_>, api: &str) -> Result<Vec<Made>> {
    let (mut ours, mut position) = (Vec::new(), None);
    loop {
        let call = || {
            let request = aws.apigateway().get_deployments().rest_api_id(api).limit(500);
            request.set_position(position.clone()).send()
        };
        let page = found(aws.call("apigateway", "GetDeployments", Repeat::Safe, call).await)?;
        let Some(page) = page else { return Ok(Vec::new()) };
        position = page.position;
        ours.extend(page.items.unwrap_or_default().into_iter().filter_map(|deployment| {
            let record = OfDeployment::parse(deployment.description.as_deref()?)?;
            let created = deployment.created_date.map_or(0, |date| date.secs());
            Some(Made { id: deployment.id?, record, created })
        }));
        if position.is_none() {
            // Newest first; within a second the list's own order is kept, reversed.
            ours.reverse();
            ours.sort_by_key(|made| std::cmp::Reverse(made.created));
            return Ok(ours);
        }
    }
}

impl Outputs {
    /// Takes note that a deployment of an earlier run is served again, and with which version. Not on emulators: moto, for one,
    /// has no UpdateDeployment, and only the list of releases needs the note.
    ///
    /// # Errors
    /// When AWS refuses.
    pub(super) async fn serves_again(&self, aws: &Aws<'_>, api: &str, version: &str) -> Result<()> {
        let Some(more) = self.created.and_then(|_| self.record.and(version)) else { return Ok(()) };
        if aws.is_emulated() {
            return Ok(());
        }
        let operation = patch::replace("/description", more.to_string());
        let call = || {
            let update = aws.apigateway().update_deployment().rest_api_id(api).deployment_id(&self.id);
            update.patch_operations(operation.clone()).send()
        };
        aws.call("apigateway", "UpdateDeployment", Repeat::Safe, call).await.map(|_| ())
    }
}
