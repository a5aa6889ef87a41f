//! The function's log group, made by us so that it has a retention and can be removed by us; Lambda would make one
//! without either at its first invocation (`AWS_FACTS` B2, D).

use std::collections::BTreeMap;

use crate::aws::{Aws, Error, ErrorKind, Repeat, Result, found, gone, ordered};
use crate::engine::plan::{Change, Changes};
use crate::engine::{Identity, Known, NodeId, Resource};
use crate::event::Action;
use crate::resources::Owner;

/// A CloudWatch log group.
#[derive(Clone, Debug)]
pub struct LogGroup {
    /// `/aws/lambda/NAME`.
    pub name: String,
    /// Days; `None` keeps events for ever.
    pub retention: Option<i32>,
    pub owner: Owner,
}

#[derive(Clone, Debug)]
pub struct Observed {
    arn: String,
    retention: Option<i32>,
    tags: BTreeMap<String, String>,
}

impl Resource for LogGroup {
    type Observed = Observed;
    type Outputs = ();

    fn identity(&self) -> Identity {
        Identity::one("log_group", "log group", &self.name)
    }

    fn needs(&self) -> Vec<NodeId> {
        Vec::new()
    }

    async fn read(&self, aws: &Aws<'_>, _: &Known) -> Result<Option<Observed>> {
        let Some((arn, retention)) = self.find(aws).await? else { return Ok(None) };
        let call = || aws.logs().list_tags_for_resource().resource_arn(&arn).send();
        let answer = found(aws.call("logs", "ListTagsForResource", Repeat::Safe, call).await)?;
        let tags = ordered(answer.as_ref().and_then(|answer| answer.tags()));
        self.owner.check("log group", &self.name, &tags)?;
        Ok(Some(Observed { arn, retention, tags }))
    }

    fn outputs(&self, _: &Observed) {}

    fn diff(&self, seen: &Observed, _: &Known) -> Vec<Change> {
        let mut changes = Changes::default();
        changes.compare("retention_days", seen.retention, self.retention);
        self.owner.diff(&mut changes, &seen.tags);
        changes.done()
    }

    fn creation(&self, _: &Known) -> Vec<Change> {
        vec![Change::set("retention_days", self.retention)]
    }

    async fn create(&self, aws: &Aws<'_>, _: &Known) -> Result<()> {
        let tags = self.owner.tags.hash_map();
        let call = || aws.logs().create_log_group().log_group_name(&self.name).set_tags(Some(tags.clone())).send();
        match aws.call("logs", "CreateLogGroup", Repeat::Safe, call).await {
            Ok(_) => {}
            // A repeated call whose first answer was lost.
            Err(error) if error.is(ErrorKind::AlreadyExists) => {}
            Err(error) => return Err(error),
        }
        self.set_retention(aws).await
    }

    async fn update(&self, aws: &Aws<'_>, _: &Known, seen: &Observed, changes: &[Change]) -> Result<()> {
        if changes.iter().any(|change| change.path == "retention_days") {
            self.set_retention(aws).await?;
        }
        if changes.iter().any(|change| change.path.starts_with("tags.")) {
            let tags = self.owner.tags.hash_map();
            let call = || aws.logs().tag_resource().resource_arn(&seen.arn).set_tags(Some(tags.clone())).send();
            aws.call("logs", "TagResource", Repeat::Safe, call).await?;
        }
        Ok(())
    }

    fn consequences(&self, action: Action, _: &[Change]) -> Vec<String> {
        match action {
            Action::Delete => vec!["the function's logs are lost".to_owned()],
            _ => Vec::new(),
        }
    }

    async fn delete(&self, aws: &Aws<'_>, _: &Known, _: &Observed) -> Result<()> {
        let call = || aws.logs().delete_log_group().log_group_name(&self.name).send();
        gone(aws.call("logs", "DeleteLogGroup", Repeat::Safe, call).await)
    }
}

impl LogGroup {
    /// ARN (without the trailing `:*`, which tagging does not take) and retention.
    async fn find(&self, aws: &Aws<'_>) -> Result<Option<(String, Option<i32>)>> {
        let call = || aws.logs().describe_log_groups().log_group_name_prefix(&self.name).send();
        let answer = aws.call("logs", "DescribeLogGroups", Repeat::Safe, call).await?;
        let Some(group) = answer.log_groups().iter().find(|group| group.log_group_name() == Some(&self.name)) else {
            return Ok(None);
        };
        let arn = group.log_group_arn().or_else(|| group.arn()).map(|arn| arn.trim_end_matches(":*").to_owned());
        let arn = arn.ok_or_else(|| Error::unexpected("DescribeLogGroups names no ARN"))?;
        Ok(Some((arn, group.retention_in_days())))
    }

    async fn set_retention(&self, aws: &Aws<'_>) -> Result<()> {
        if let Some(days) = self.retention {
            let call = || aws.logs().put_retention_policy().log_group_name(&self.name).retention_in_days(days).send();
            aws.call("logs", "PutRetentionPolicy", Repeat::Safe, call).await?;
        } else {
            let call = || aws.logs().delete_retention_policy().log_group_name(&self.name).send();
            gone(aws.call("logs", "DeleteRetentionPolicy", Repeat::Safe, call).await)?;
        }
        Ok(())
    }
}
