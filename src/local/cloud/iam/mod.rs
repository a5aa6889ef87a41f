//! IAM: roles, their trust, inline and attached policies, and tags. Query protocol, one account for all regions.

mod account;
mod document;
mod managed;
mod policies;
mod roles;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::page::{Page, page};
use super::xml::Writer;
use super::{ACCOUNT, Call, Failure, Reply, Request, stamp};

/// Roles by name.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    pub roles: BTreeMap<String, Role>,
    /// ARNs of the account's own managed policies. No operation makes them; tests may.
    pub policies: BTreeSet<String>,
    /// The one policy of the caller, who may do everything while there is none. No operation writes it; tests may.
    pub granted: Option<String>,
    /// Actions that a simulation says are denied. No operation denies them; tests may.
    pub denied: BTreeSet<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Role {
    pub name: String,
    pub path: String,
    pub id: String,
    pub created: u64,
    /// When the trust policy was last written: Lambda learns of it a while later.
    pub trust_changed: u64,
    /// The trust policy, as it was sent.
    pub trust: String,
    pub description: Option<String>,
    pub max_session_seconds: u64,
    pub tags: BTreeMap<String, String>,
    /// Inline policies by name, as they were sent.
    pub inline: BTreeMap<String, String>,
    /// ARNs of attached managed policies.
    pub attached: BTreeSet<String>,
    /// Names of the instance profiles that hold the role. No operation makes them; tests may.
    pub instance_profiles: BTreeSet<String>,
}

impl Role {
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{ACCOUNT}:role{}{}", self.path, self.name)
    }

    /// Does the trust policy let `service` (such as `lambda.amazonaws.com`) assume the role?
    pub fn trusts(&self, service: &str) -> bool {
        document::trusts(&self.trust, service)
    }
}

impl State {
    pub fn role_by_arn(&self, arn: &str) -> Option<&Role> {
        self.roles.values().find(|role| role.arn() == arn)
    }
}

type Answer = Result<Writer, Failure>;

pub fn handle(call: &mut Call<'_>, request: &Request) -> Reply {
    let input = Form(request.form());
    let action = input.get("Action").unwrap_or_default().to_owned();
    let answer = match action.as_str() {
        "GetAccountSummary" => account::summary(call, &input),
        "SimulatePrincipalPolicy" => account::simulate(call, &input),
        "CreateRole" => roles::create(call, &input),
        "GetRole" => roles::get(call, &input),
        "ListRoles" => roles::list(call, &input),
        "UpdateRole" => roles::update(call, &input),
        "UpdateRoleDescription" => roles::update_description(call, &input),
        "UpdateAssumeRolePolicy" => roles::update_trust(call, &input),
        "DeleteRole" => roles::delete(call, &input),
        "TagRole" => roles::tag(call, &input),
        "UntagRole" => roles::untag(call, &input),
        "ListRoleTags" => roles::list_tags(call, &input),
        "ListInstanceProfilesForRole" => roles::list_instance_profiles(call, &input),
        "PutRolePolicy" => policies::put(call, &input),
        "GetRolePolicy" => policies::get(call, &input),
        "ListRolePolicies" => policies::list(call, &input),
        "DeleteRolePolicy" => policies::delete(call, &input),
        "AttachRolePolicy" => policies::attach(call, &input),
        "DetachRolePolicy" => policies::detach(call, &input),
        "ListAttachedRolePolicies" => policies::list_attached(call, &input),
        other => {
            let message = format!("Could not find operation {other} for version 2010-05-08");
            Err(Failure::new(400, "InvalidAction", message))
        }
    };
    match answer {
        Ok(result) => Reply::xml(200, envelope(&action, result)),
        Err(failure) => failure.query_xml(),
    }
}

fn envelope(action: &str, result: Writer) -> String {
    let mut body = Writer::new();
    body.element(&format!("{action}Result"), |inside| inside.append(result));
    body.element("ResponseMetadata", |meta| {
        meta.text("RequestId", "local");
    });
    body.document(&format!("{action}Response"), "https://iam.amazonaws.com/doc/2010-05-08/")
}

/// The members of a request.
struct Form(Vec<(String, String)>);

impl Form {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A required member of at most `longest` characters, each a word character or one of `marks`.
    fn name(&self, member: &str, longest: usize, marks: &str) -> Result<&str, Failure> {
        let wire = format!("{}{}", member[..1].to_lowercase(), &member[1..]);
        let Some(value) = self.get(member) else {
            let message = format!(
                "1 validation error detected: Value null at '{wire}' failed to satisfy constraint: Member must not be null"
            );
            return Err(Failure::new(400, "ValidationError", message));
        };
        if value.is_empty() {
            return Err(constraint(value, &wire, "Member must have length greater than or equal to 1"));
        }
        if value.chars().count() > longest {
            let rule = format!("Member must have length less than or equal to {longest}");
            return Err(constraint(value, &wire, &rule));
        }
        if !value.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_' || marks.contains(letter)) {
            let rule = format!("Member must satisfy regular expression pattern: [\\w{marks}]+");
            return Err(constraint(value, &wire, &rule));
        }
        Ok(value)
    }

    /// `Tags.member.N.Key` and `.Value`.
    fn tags(&self) -> Vec<(String, String)> {
        (1..)
            .map_while(|at| {
                let key = self.get(&format!("Tags.member.{at}.Key"))?;
                let value = self.get(&format!("Tags.member.{at}.Value")).unwrap_or_default();
                Some((key.to_owned(), value.to_owned()))
            })
            .collect()
    }

    /// The page the request asks for.
    fn page<K: AsRef<str>, T>(&self, items: impl IntoIterator<Item = (K, T)>) -> Result<Page<T>, Failure> {
        let most = self.get("MaxItems").and_then(|most| most.parse().ok()).unwrap_or(100);
        page(items, self.get("Marker"), most)
            .ok_or_else(|| Failure::new(400, "ValidationError", "Invalid Marker.".to_owned()))
    }
}

fn constraint(value: &str, member: &str, rule: &str) -> Failure {
    Failure::new(
        400,
        "ValidationError",
        format!("1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {rule}"),
    )
}

const ROLE_NAME: (usize, &str) = (64, "+=,.@-");
const POLICY_NAME: (usize, &str) = (128, "+=,.@-");

/// The role that `RoleName` means; IAM does not find one for a moment after it was made (`AWS_FACTS` B8).
fn role<'c>(call: &'c mut Call<'_>, input: &Form) -> Result<&'c mut Role, Failure> {
    let name = input.name("RoleName", ROLE_NAME.0, ROLE_NAME.1)?;
    let (now, unseen) = (call.now, call.profile.role_visible);
    let seen = |role: &Role| stamp::age(now, role.created) >= unseen;
    let roles = call.state.iam.roles.values_mut();
    roles
        .into_iter()
        .find(|role| role.name.eq_ignore_ascii_case(name) && seen(role))
        .ok_or_else(|| Failure::new(404, "NoSuchEntity", format!("The role with name {name} cannot be found.")))
}

fn paging<T>(out: &mut Writer, page: &Page<T>) {
    out.text("IsTruncated", page.next.is_some()).maybe("Marker", page.next.as_deref());
}
