//! That a key is in the usage plan. Keys which others put into it are theirs and stay.

use super::api_key::ApiKey;
use super::usage_plan::{UsagePlan, keys};
use crate::aws::{Aws, Error, ErrorKind, Repeat, Result, gone};
use crate::engine::plan::{Change, Side};
use crate::engine::{Handle, Identity, Known, NodeId, Resource};

/// One of our keys in our plan.
#[derive(Clone, Debug)]
pub struct UsagePlanKey {
    pub name: String,
    pub plan: Handle<UsagePlan>,
    pub key: Handle<ApiKey>,
}

impl Resource for UsagePlanKey {
    type Observed = ();
    type Outputs = ();

    fn identity(&self) -> Identity {
        Identity::of_many("usage_plan_key", "usage plan key", &self.name)
    }

    fn needs(&self) -> Vec<NodeId> {
        vec![self.plan.id(), self.key.id()]
    }

    fn read_after(&self) -> Vec<NodeId> {
        self.needs()
    }

    /// The plan's own look-up has told it already.
    async fn read(&self, _: &Aws<'_>, known: &Known) -> Result<Option<()>> {
        let (Some(plan), Some(key)) = (known.get(self.plan), known.get(self.key)) else { return Ok(None) };
        Ok(plan.keys.contains(&key.id).then_some(()))
    }

    fn outputs(&self, (): &()) {}

    fn diff(&self, (): &(), known: &Known) -> Vec<Change> {
        // A replaced key is another key: it must be put into the plan.
        match known.get(self.key) {
            Some(_) => Vec::new(),
            None => vec![Change::new("key", Side::Secret, Side::KnownAfter(known.step_of(self.key)))],
        }
    }

    fn creation(&self, _: &Known) -> Vec<Change> {
        Vec::new()
    }

    async fn create(&self, aws: &Aws<'_>, known: &Known) -> Result<()> {
        let (plan, key) = (known.require(self.plan)?.id, known.require(self.key)?.id);
        attach(aws, &plan, &key).await
    }

    async fn update(&self, aws: &Aws<'_>, known: &Known, (): &(), _: &[Change]) -> Result<()> {
        self.create(aws, known).await
    }

    async fn delete(&self, aws: &Aws<'_>, known: &Known, (): &()) -> Result<()> {
        let (Some(plan), Some(key)) = (known.get(self.plan), known.get(self.key)) else { return Ok(()) };
        detach(aws, &plan.id, &key.id).await
    }
}

/// Puts the key into the plan, where it may be already.
pub(super) async fn attach(aws: &Aws<'_>, plan: &str, key: &str) -> Result<()> {
    let call = || aws.apigateway().create_usage_plan_key().usage_plan_id(plan).key_id(key).key_type("API_KEY").send();
    match aws.call("apigateway", "CreateUsagePlanKey", Repeat::Safe, call).await {
        // A repeated call whose first answer was lost; else the key reaches this stage through another plan.
        Err(error) if error.is(ErrorKind::AlreadyExists) => {
            match keys(aws, plan).await?.iter().any(|held| held == key) {
                true => Ok(()),
                false => Err(Error { next: Some(ELSEWHERE.to_owned()), ..error }),
            }
        }
        ended => ended.map(|_| ()),
    }
}

/// Takes the key out of the plan, where it may not be any more.
pub(super) async fn detach(aws: &Aws<'_>, plan: &str, key: &str) -> Result<()> {
    let call = || aws.apigateway().delete_usage_plan_key().usage_plan_id(plan).key_id(key).send();
    gone(aws.call("apigateway", "DeleteUsagePlanKey", Repeat::Safe, call).await)
}

/// `AWS_FACTS` B3.
const ELSEWHERE: &str = "a key reaches a stage through one usage plan alone: take the key, or this stage, out of the \
                         other plan, then run the same command again";
