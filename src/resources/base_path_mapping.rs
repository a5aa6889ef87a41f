//! The base path mapping: under which path of the custom domain our stage answers.

use std::rc::Rc;

use aws_sdk_apigateway::operation::get_base_path_mapping::GetBasePathMappingOutput;

use super::lookups::Lookups;
use super::{Owner, patch};
use crate::aws::{Aws, Error, ErrorKind, Repeat, Result, found, gone};
use crate::engine::plan::{Change, Changes, Side};
use crate::engine::wait::{Wait, until};
use crate::engine::{Handle, Identity, Known, NodeId, Resource};
use crate::resources::RestApi;

/// One base path of one domain name.
#[derive(Clone, Debug)]
pub struct BasePathMapping {
    pub domain_name: String,
    /// `None` is the whole host, which AWS calls `(none)`.
    pub base_path: Option<String>,
    pub domain: NodeId,
    pub api: Handle<RestApi>,
    pub stage: NodeId,
    pub stage_name: String,
    pub owner: Owner,
    pub lookups: Rc<Lookups>,
}

#[derive(Clone, Debug)]
pub struct Observed {
    api: String,
    stage: Option<String>,
}

impl Resource for BasePathMapping {
    type Observed = Observed;
    type Outputs = ();

    fn identity(&self) -> Identity {
        let path = self.base_path.as_deref().unwrap_or_default();
        Identity::one("base_path_mapping", "base path mapping", format!("{}/{path}", self.domain_name))
    }

    fn needs(&self) -> Vec<NodeId> {
        vec![self.domain, self.api.id(), self.stage]
    }

    fn read_after(&self) -> Vec<NodeId> {
        vec![self.api.id()]
    }

    async fn read(&self, aws: &Aws<'_>, known: &Known) -> Result<Option<Observed>> {
        let call =
            || aws.apigateway().get_base_path_mapping().domain_name(&self.domain_name).base_path(self.path()).send();
        let mapping = found(aws.call("apigateway", "GetBasePathMapping", Repeat::Safe, call).await)?;
        let Some(GetBasePathMappingOutput { rest_api_id: Some(api), stage, .. }) = mapping else { return Ok(None) };
        let ours = known.get(self.api).is_some_and(|known| known.id == api);
        // An API that is gone, or a former one of ours, has no claim on the path.
        let foreign = match self.lookups.rest_api_tags(aws, &api).await? {
            Some(tags) => !ours && !self.owner.tags.own(&tags),
            None => false,
        };
        if foreign && !self.owner.adopt {
            return Err(Error::in_the_way(
                "not_ours",
                format!("{} is mapped to another API ({api})", self.identity().name),
                "choose another domain.base_path, or move it to this API with --adopt if it is yours to change",
            ));
        }
        Ok(Some(Observed { api, stage: stage.filter(|stage| stage != "(none)" && !stage.is_empty()) }))
    }

    fn outputs(&self, _: &Observed) {}

    fn diff(&self, seen: &Observed, known: &Known) -> Vec<Change> {
        let api = known.get(self.api).map_or_else(|| Side::KnownAfter(known.step_of(self.api)), |api| api.id.into());
        let mut changes = Changes::default();
        changes.compare("rest_api", seen.api.clone(), api);
        changes.compare("stage", seen.stage.clone(), self.stage_name.clone());
        changes.done()
    }

    fn creation(&self, _: &Known) -> Vec<Change> {
        vec![Change::set("stage", self.stage_name.clone())]
    }

    /// Right after a deployment AWS may say BadRequest for up to half a minute (B4).
    async fn create(&self, aws: &Aws<'_>, known: &Known) -> Result<()> {
        let api = known.require(self.api)?.id;
        let begun = tokio::time::Instant::now();
        let wait = Wait {
            what: "the new stage to be known to API Gateway's domains",
            usual: std::time::Duration::from_secs(10),
            deadline: std::time::Duration::from_secs(40),
            interval: std::time::Duration::from_secs(3),
        };
        until(aws, wait, async || {
            let call = || {
                let request = aws.apigateway().create_base_path_mapping().domain_name(&self.domain_name);
                request.set_base_path(self.base_path.clone()).rest_api_id(&api).stage(&self.stage_name).send()
            };
            match aws.call("apigateway", "CreateBasePathMapping", Repeat::Safe, call).await {
                Ok(_) => Ok(Some(())),
                // A repeated call whose first answer was lost.
                Err(error) if error.is(ErrorKind::AlreadyExists) => Ok(Some(())),
                Err(error) if error.is(ErrorKind::Invalid) && begun.elapsed().as_secs() < 30 => Ok(None),
                Err(error) => Err(error),
            }
        })
        .await
    }

    async fn update(&self, aws: &Aws<'_>, known: &Known, seen: &Observed, _: &[Change]) -> Result<()> {
        let (api, mut operations) = (known.require(self.api)?.id, Vec::new());
        if seen.api != api {
            operations.push(patch::replace("/restapiId", api));
        }
        if seen.stage.as_deref() != Some(&self.stage_name) {
            operations.push(patch::replace("/stage", &self.stage_name));
        }
        let call = || {
            let request = aws.apigateway().update_base_path_mapping().domain_name(&self.domain_name);
            request.base_path(self.path()).set_patch_operations(Some(operations.clone())).send()
        };
        aws.call("apigateway", "UpdateBasePathMapping", Repeat::Safe, call).await.map(|_| ())
    }

    async fn delete(&self, aws: &Aws<'_>, _: &Known, _: &Observed) -> Result<()> {
        let call =
            || aws.apigateway().delete_base_path_mapping().domain_name(&self.domain_name).base_path(self.path()).send();
        gone(aws.call("apigateway", "DeleteBasePathMapping", Repeat::Safe, call).await)
    }
}

impl BasePathMapping {
    fn path(&self) -> &str {
        self.base_path.as_deref().unwrap_or("(none)")
    }
}
