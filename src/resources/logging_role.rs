//! The account's logging role: without it API Gateway takes no log or metrics setting of a stage (`AWS_FACTS` B2). It is
//! shared by the whole account and region, so it is looked up and never changed.

use crate::aws::{Aws, Error, Repeat, Result};
use crate::engine::plan::Change;
use crate::engine::{Identity, Known, NodeId, Resource};

/// That the account has one.
#[derive(Clone, Debug)]
pub struct LoggingRole;

impl Resource for LoggingRole {
    type Observed = ();
    type Outputs = ();

    fn identity(&self) -> Identity {
        Identity::one("logging_role", "API Gateway logging role", "of the account")
    }

    fn needs(&self) -> Vec<NodeId> {
        Vec::new()
    }

    async fn read(&self, aws: &Aws<'_>, _: &Known) -> Result<Option<()>> {
        let call = || aws.apigateway().get_account().send();
        let account = aws.call("apigateway", "GetAccount", Repeat::Safe, call).await?;
        match account.cloudwatch_role_arn() {
            Some(arn) if !arn.is_empty() => Ok(Some(())),
            _ => Err(missing()),
        }
    }

    fn outputs(&self, (): &()) {}

    fn diff(&self, (): &(), _: &Known) -> Vec<Change> {
        Vec::new()
    }

    fn creation(&self, _: &Known) -> Vec<Change> {
        Vec::new()
    }

    async fn create(&self, _: &Aws<'_>, _: &Known) -> Result<()> {
        Err(missing())
    }

    async fn update(&self, _: &Aws<'_>, _: &Known, (): &(), _: &[Change]) -> Result<()> {
        Ok(())
    }

    fn deletable(&self) -> bool {
        false
    }

    async fn delete(&self, _: &Aws<'_>, _: &Known, (): &()) -> Result<()> {
        Ok(())
    }
}

fn missing() -> Error {
    Error::in_the_way(
        "no_logging_role",
        "logs and metrics of a stage need API Gateway's logging role, which this account and region do not have",
        "set it once for the account (aws apigateway update-account --patch-operations \
         op=replace,path=/cloudwatchRoleArn,value=ROLE_ARN), or take logging, metrics and access_log out of stage_settings",
    )
}
