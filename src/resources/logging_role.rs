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
            _ => Err(missing(aws)),
        }
    }

    fn outputs(&self, (): &()) {}

    fn diff(&self, (): &(), _: &Known) -> Vec<Change> {
        Vec::new()
    }

    fn creation(&self, _: &Known) -> Vec<Change> {
        Vec::new()
    }

    async fn create(&self, aws: &Aws<'_>, _: &Known) -> Result<()> {
        Err(missing(aws))
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

/// A command as it stands would change the account of whoever types it: only where that is the one that is meant, it is told.
fn missing(aws: &Aws<'_>) -> Error {
    const PATCH: &str = "update-account --patch-operations op=replace,path=/cloudwatchRoleArn,value=ROLE_ARN";
    let region = aws.region();
    let set = match (aws.embedded(), aws.is_emulated()) {
        (Some(_), _) => format!(
            "somebody took it away from the embedded account: set one through `poc dev` (aws apigateway --endpoint-url \
             http://127.0.0.1:3000 --region {region} {PATCH}), remove .poc/local to start with an empty cloud"
        ),
        (None, true) => {
            format!("set it once for that account (aws apigateway --endpoint-url URL --region {region} {PATCH})")
        }
        (None, false) => format!("set it once for the account (aws apigateway --region {region} {PATCH})"),
    };
    Error::in_the_way(
        "no_logging_role",
        "logs and metrics of a stage need API Gateway's logging role, which this account and region do not have",
        format!("{set}, or take logging, metrics and access_log out of stage_settings"),
    )
}
