//! The function's execution role: who may assume it (Lambda), what it may do (write to its own log group, and what
//! deploy.yaml adds), and which managed policies are attached to it.
//!
//! Others attach policies to roles, too. Which attachments are ours is therefore kept in the role's tag `poc:policies`,
//! as short hashes: one that we did not make is left alone, and goes only when the role goes (`AWS_FACTS` B8).

pub(super) mod document;
mod references;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_iam::types::Tag;
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::aws::{APP, Aws, Error, ErrorKind, Repeat, Result, STAGE, found, gone};
use crate::engine::plan::{Change, Changes, Side};
use crate::engine::wait::{self, Wait};
use crate::engine::{Identity, Known, NodeId, Resource};
use crate::event::Action;
use crate::package::hex;
use crate::resources::Owner;
use crate::spec::model::{self, Reference};

/// The inline policy's name.
const POLICY: &str = "poc";

/// The tag that holds which attachments are ours.
const POLICIES_TAG: &str = "poc:policies";

/// An IAM role for Lambda.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its name, and what deploy.yaml adds to what it may do.
    pub role: model::Role,
    pub partition: String,
    pub account: String,
    pub region: String,
    /// `/aws/lambda/NAME`.
    pub log_group: String,
    /// What the function may look up.
    pub references: Vec<Reference>,
    pub owner: Owner,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outputs {
    pub arn: String,
}

#[derive(Clone, Debug)]
pub struct Observed {
    trust: Value,
    /// The inline policy of our name.
    policy: Option<Value>,
    /// Names of all inline policies.
    inline: Vec<String>,
    /// ARNs of all attached policies.
    attached: Vec<String>,
    tags: BTreeMap<String, String>,
}

impl Resource for Role {
    type Observed = Observed;
    type Outputs = Outputs;

    fn identity(&self) -> Identity {
        Identity::one("role", "IAM role", &self.role.name)
    }

    fn needs(&self) -> Vec<NodeId> {
        Vec::new()
    }

    async fn read(&self, aws: &Aws<'_>, _: &Known) -> Result<Option<Observed>> {
        let (role, policy, inline, attached) =
            tokio::join!(self.get(aws), self.policy(aws), self.inline(aws), self.attached(aws));
        let Some((trust, tags)) = role? else { return Ok(None) };
        self.owner.check("IAM role", &self.role.name, &tags)?;
        let policy = policy?;
        match policy.as_ref().and_then(region_of) {
            Some(region) if region != self.region => Err(self.elsewhere(region)),
            _ => Ok(Some(Observed { trust, policy, inline: inline?, attached: attached?, tags })),
        }
    }

    fn outputs(&self, _: &Observed) -> Outputs {
        Outputs { arn: self.arn() }
    }

    fn diff(&self, seen: &Observed, _: &Known) -> Vec<Change> {
        let mut changes = Changes::default();
        if !document::same(&seen.trust, &document::trust()) {
            changes.push(Change::new("trust_policy", seen.trust.clone(), document::trust()));
        }
        // What is looked up still by the version that is served stays until another one is (law 6).
        let wanted = self.document(&self.outdated(seen));
        if !seen.policy.as_ref().is_some_and(|policy| document::same(policy, &wanted)) {
            changes.push(Change::new("policy", seen.policy.clone(), wanted));
        }
        let ours = marks_in(&seen.tags);
        let wanted: BTreeSet<&String> = self.role.managed_policies.iter().collect();
        for arn in wanted.iter().filter(|arn| !seen.attached.contains(arn)) {
            changes.push(Change::set(format!("managed_policies.{arn}"), "attached"));
        }
        for arn in seen.attached.iter().filter(|arn| ours.contains(&mark(arn)) && !wanted.contains(arn)) {
            changes.push(Change::removed(format!("managed_policies.{arn}"), "attached"));
        }
        self.owner.diff(&mut changes, &seen.tags);
        changes.done()
    }

    fn notes(&self, seen: &Observed) -> Vec<String> {
        let (ours, wanted) = (marks_in(&seen.tags), &self.role.managed_policies);
        let attached = seen.attached.iter().filter(|arn| !ours.contains(&mark(arn)) && !wanted.contains(arn));
        let theirs: Vec<&str> =
            seen.inline.iter().filter(|name| *name != POLICY).chain(attached).map(String::as_str).collect();
        if theirs.is_empty() {
            return Vec::new();
        }
        vec![format!(
            "the IAM role {} has policies that poc did not put there, so the function may do more than deploy.yaml says: \
             {}; they are left alone, and go when the role goes",
            self.role.name,
            theirs.join(", ")
        )]
    }

    fn creation(&self, _: &Known) -> Vec<Change> {
        let mut changes =
            vec![Change::set("trust_policy", document::trust()), Change::set("policy", self.document(&[]))];
        let policies = self.role.managed_policies.iter();
        changes.extend(policies.map(|arn| Change::set(format!("managed_policies.{arn}"), "attached")));
        changes
    }

    async fn create(&self, aws: &Aws<'_>, known: &Known) -> Result<Outputs> {
        let marks = self.marks(&BTreeSet::new(), &[]);
        let tags = self.tags(&marks)?;
        let trust = document::trust().to_string();
        let call = || {
            let create = aws.iam().create_role().role_name(&self.role.name).assume_role_policy_document(&trust);
            create.description("Lambda execution role, made by poc").set_tags(Some(tags.clone())).send()
        };
        match aws.call("iam", "CreateRole", Repeat::Safe, call).await {
            Ok(_) => {}
            // A repeated call whose first answer was lost, or one that was made a moment ago and that IAM did not find when
            // it was looked for; should it be somebody else's after all, this refuses.
            Err(error) if error.is(ErrorKind::AlreadyExists) => {
                let seen = wait::until(aws, known_to_iam(), || self.read(aws, known)).await?;
                let changes = self.diff(&seen, known);
                return self.update(aws, known, &seen, &changes).await;
            }
            Err(error) => return Err(error),
        }
        self.put_policy(aws, &[]).await?;
        self.attach(aws, self.role.managed_policies.iter().map(String::as_str)).await?;
        Ok(Outputs { arn: self.arn() })
    }

    /// Rights are added before any are taken away (law 6), and marked as ours before they are added.
    async fn update(&self, aws: &Aws<'_>, _: &Known, seen: &Observed, changes: &[Change]) -> Result<Outputs> {
        let has = |path: &str| changes.iter().any(|change| change.path == path);
        let policies = |removed: bool| {
            let of = changes.iter().filter(move |change| (change.after == Side::Absent) == removed);
            of.filter_map(|change| change.path.strip_prefix("managed_policies.")).collect::<Vec<&str>>()
        };
        let (added, removed) = (policies(false), policies(true));
        if has("trust_policy") {
            self.put_trust(aws).await?;
        }
        if !added.is_empty() || changes.iter().any(|change| change.path.starts_with("tags.")) {
            let tags = self.tags(&self.marks(&marks_in(&seen.tags), &seen.attached))?;
            let call = || aws.iam().tag_role().role_name(&self.role.name).set_tags(Some(tags.clone())).send();
            aws.call("iam", "TagRole", Repeat::Safe, call).await?;
        }
        if has("policy") {
            self.put_policy(aws, &self.outdated(seen)).await?;
        }
        self.attach(aws, added.into_iter()).await?;
        self.detach(aws, removed.into_iter()).await?;
        Ok(Outputs { arn: self.arn() })
    }

    fn consequences(&self, action: Action, changes: &[Change]) -> Vec<String> {
        let removed =
            changes.iter().any(|change| change.path.starts_with("managed_policies.") && change.after == Side::Absent);
        let mut told = Vec::new();
        if action == Action::Update && removed {
            told.push("the function loses the rights of the detached policies at once".to_owned());
        }
        let granted = changes.iter().any(|change| change.path == "policy") && !self.references.is_empty();
        if matches!(action, Action::Create | Action::Update) && granted {
            told.push(
                "the function may look up what its environment refers to; what a key of your own encrypts needs \
                 kms:Decrypt on that key, too: function.role.statements"
                    .to_owned(),
            );
        }
        told
    }

    /// What no variable refers to any more, once the version that does so is served.
    fn surplus(&self, seen: &Observed, _: &Known, _: bool) -> Vec<Change> {
        self.outdated(seen).into_iter().map(|(sid, arn)| Change::removed(format!("policy.{sid}"), arn)).collect()
    }

    async fn prune(&self, aws: &Aws<'_>, _: &Known, _: &Observed, _: &[Change]) -> Result<()> {
        self.put_policy(aws, &[]).await
    }

    /// IAM tells everybody within seconds (`AWS_FACTS` B8).
    fn unseen_for(&self) -> Option<Duration> {
        Some(Duration::from_secs(10))
    }

    /// Foreign attachments go, too: IAM deletes no role that has any (`AWS_FACTS` B8).
    async fn delete(&self, aws: &Aws<'_>, _: &Known, seen: &Observed) -> Result<()> {
        let inline = try_join_all(seen.inline.iter().map(|policy| async move {
            let call = || aws.iam().delete_role_policy().role_name(&self.role.name).policy_name(policy).send();
            gone(aws.call("iam", "DeleteRolePolicy", Repeat::Safe, call).await)
        }));
        let (detached, deleted) = tokio::join!(self.detach(aws, seen.attached.iter().map(String::as_str)), inline);
        detached.and(deleted.map(|_| ()))?;
        let call = || aws.iam().delete_role().role_name(&self.role.name).send();
        gone(aws.call("iam", "DeleteRole", Repeat::Safe, call).await)
    }
}

impl Role {
    /// Follows from the name, so that others need not wait for the role to exist.
    pub fn arn(&self) -> String {
        format!("arn:{}:iam::{}:role/{}", self.partition, self.account, self.role.name)
    }

    /// Statement and resource of what the policy lets the function look up and nothing refers to any more.
    fn outdated(&self, seen: &Observed) -> Vec<(&'static str, String)> {
        let wanted = references::grants(&self.references, &self.partition, &self.region, &self.account);
        let granted = seen.policy.as_ref().map(references::granted).unwrap_or_default();
        granted.into_iter().filter(|grant| !wanted.contains(grant)).collect()
    }

    /// With rights that are `still` needed beside those that are wanted.
    fn document(&self, still: &[(&'static str, String)]) -> Value {
        let group =
            format!("arn:{}:logs:{}:{}:log-group:{}:*", self.partition, self.region, self.account, self.log_group);
        let mut statements = vec![json!({
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": group,
        })];
        let grants = references::grants(&self.references, &self.partition, &self.region, &self.account);
        statements.extend(references::statements(grants.into_iter().chain(still.iter().cloned())));
        statements.extend(self.role.statements.iter().cloned());
        json!({ "Version": "2012-10-17", "Statement": statements })
    }

    /// The trust policy and the tags.
    async fn get(&self, aws: &Aws<'_>) -> Result<Option<(Value, BTreeMap<String, String>)>> {
        let call = || aws.iam().get_role().role_name(&self.role.name).send();
        let Some(role) = found(aws.call("iam", "GetRole", Repeat::Safe, call).await)?.and_then(|answer| answer.role)
        else {
            return Ok(None);
        };
        if role.path() != "/" {
            return Err(Error::in_the_way(
                "role_has_path",
                format!("the IAM role {} exists already, under the path {}", self.role.name, role.path()),
                "choose another function.role.name: poc makes and uses roles without a path",
            ));
        }
        let tags = role.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
        Ok(Some((document::read(role.assume_role_policy_document().unwrap_or_default()), tags)))
    }

    async fn policy(&self, aws: &Aws<'_>) -> Result<Option<Value>> {
        let call = || aws.iam().get_role_policy().role_name(&self.role.name).policy_name(POLICY).send();
        let answer = found(aws.call("iam", "GetRolePolicy", Repeat::Safe, call).await)?;
        Ok(answer.map(|answer| document::read(answer.policy_document())))
    }

    async fn inline(&self, aws: &Aws<'_>) -> Result<Vec<String>> {
        let (mut names, mut marker) = (Vec::new(), None);
        loop {
            let call = || aws.iam().list_role_policies().role_name(&self.role.name).set_marker(marker.clone()).send();
            let Some(page) = found(aws.call("iam", "ListRolePolicies", Repeat::Safe, call).await)? else { break };
            names.extend(page.policy_names);
            marker = page.marker;
            if !page.is_truncated || marker.is_none() {
                break;
            }
        }
        Ok(names)
    }

    async fn attached(&self, aws: &Aws<'_>) -> Result<Vec<String>> {
        let (mut arns, mut marker) = (Vec::new(), None);
        loop {
            let call =
                || aws.iam().list_attached_role_policies().role_name(&self.role.name).set_marker(marker.clone()).send();
            let page = found(aws.call("iam", "ListAttachedRolePolicies", Repeat::Safe, call).await)?;
            let Some(page) = page else { break };
            arns.extend(page.attached_policies().iter().filter_map(|policy| policy.policy_arn().map(str::to_owned)));
            marker = page.marker;
            if !page.is_truncated || marker.is_none() {
                break;
            }
        }
        arns.sort();
        Ok(arns)
    }

    async fn put_trust(&self, aws: &Aws<'_>) -> Result<()> {
        let trust = document::trust().to_string();
        let call = || aws.iam().update_assume_role_policy().role_name(&self.role.name).policy_document(&trust).send();
        aws.call("iam", "UpdateAssumeRolePolicy", Repeat::Safe, call).await.map(|_| ())
    }

    /// IAM may not know a fresh role for a moment.
    async fn put_policy(&self, aws: &Aws<'_>, still: &[(&'static str, String)]) -> Result<()> {
        let document = self.document(still).to_string();
        wait::until(aws, known_to_iam(), || async {
            let call = || {
                let put = aws.iam().put_role_policy().role_name(&self.role.name).policy_name(POLICY);
                put.policy_document(&document).send()
            };
            found(aws.call("iam", "PutRolePolicy", Repeat::Safe, call).await)
        })
        .await
        .map(|_| ())
    }

    async fn attach(&self, aws: &Aws<'_>, arns: impl Iterator<Item = &str>) -> Result<()> {
        let all = arns.map(|arn| async move {
            let call = || aws.iam().attach_role_policy().role_name(&self.role.name).policy_arn(arn).send();
            aws.call("iam", "AttachRolePolicy", Repeat::Safe, call).await.map_err(|error| Error {
                next: error.is(ErrorKind::NotFound).then(|| {
                    format!("correct {arn} under function.role in deploy.yaml, then run the same command again")
                }),
                ..error
            })
        });
        try_join_all(all).await.map(|_| ())
    }

    async fn detach(&self, aws: &Aws<'_>, arns: impl Iterator<Item = &str>) -> Result<()> {
        let all = arns.map(|arn| async move {
            let call = || aws.iam().detach_role_policy().role_name(&self.role.name).policy_arn(arn).send();
            gone(aws.call("iam", "DetachRolePolicy", Repeat::Safe, call).await)
        });
        try_join_all(all).await.map(|_| ())
    }

    /// What is marked as ours from now on: what is wanted, and what was marked and is attached still.
    fn marks(&self, before: &BTreeSet<String>, attached: &[String]) -> BTreeSet<String> {
        let still = attached.iter().map(|arn| mark(arn)).filter(|mark| before.contains(mark));
        // A wanted policy that somebody else attached stays theirs.
        let wanted = self.role.managed_policies.iter().filter(|arn| !attached.contains(arn)).map(|arn| mark(arn));
        still.chain(wanted).collect()
    }

    /// IAM is one for all regions, the rest of a deployment is not: to take the role would break the other one.
    fn elsewhere(&self, region: &str) -> Error {
        let Role { role: model::Role { name, .. }, owner, .. } = self;
        let (app, stage) = (&owner.tags.map()[APP], &owner.tags.map()[STAGE]);
        Error::in_the_way(
            "role_elsewhere",
            format!("the IAM role {name} serves {app} (stage {stage}) in {region}, and a role is one for all regions"),
            format!(
                "name another one under function.role.name, such as {name}-${{region}}; or, to move, tear the other \
                 deployment down first (poc teardown --region {region})"
            ),
        )
    }

    fn tags(&self, marks: &BTreeSet<String>) -> Result<Vec<Tag>> {
        let marks = marks.iter().cloned().collect::<Vec<_>>().join(" ");
        let ours = self.owner.tags.map().iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let marks = (!marks.is_empty()).then_some((POLICIES_TAG, marks.as_str()));
        ours.chain(marks)
            .map(|(key, value)| {
                let tag = Tag::builder().key(key).value(value).build();
                tag.map_err(|error| Error::unexpected(error.to_string()))
            })
            .collect()
    }
}

/// IAM may not find a role for a while after it was made (`AWS_FACTS` B8).
fn known_to_iam() -> Wait<'static> {
    Wait {
        what: "IAM to know the new role",
        usual: Duration::from_secs(10),
        deadline: Duration::from_secs(60),
        interval: Duration::from_secs(2),
    }
}

/// Where the log group is that our policy lets the function write to.
fn region_of(policy: &Value) -> Option<&str> {
    let parts: Vec<&str> = policy["Statement"][0]["Resource"].as_str()?.split(':').collect();
    match parts[..] {
        ["arn", _, "logs", region, _, "log-group", ..] if !region.is_empty() && region != "*" => Some(region),
        _ => None,
    }
}

/// Short enough for 28 of them in one tag value.
fn mark(arn: &str) -> String {
    hex(&Sha256::digest(arn.as_bytes())[..4])
}

fn marks_in(tags: &BTreeMap<String, String>) -> BTreeSet<String> {
    tags.get(POLICIES_TAG).map(|marks| marks.split(' ').map(str::to_owned).collect()).unwrap_or_default()
}
