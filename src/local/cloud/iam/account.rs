//! What an account has and may do: GetAccountSummary, and SimulatePrincipalPolicy for its one user, who may do what his
//! policy grants, or everything while he has none, and nothing that is denied.

use std::collections::BTreeMap;

use crate::local::cloud::xml::Writer;
use crate::local::cloud::{ACCOUNT, Call, Failure};

use super::{Answer, Form, document};

/// IAM's quota of roles, unless AWS raised it.
const ROLES: usize = 1000;

pub fn summary(call: &mut Call<'_>, _: &Form) -> Answer {
    let entries = [
        ("AccountMFAEnabled", 0),
        ("AttachedPoliciesPerRoleQuota", 10),
        ("PolicySizeQuota", 6144),
        ("RolePolicySizeQuota", 10_240),
        ("Roles", call.state.iam.roles.len()),
        ("RolesQuota", ROLES),
        ("Users", 1),
        ("UsersQuota", 5000),
    ];
    let mut out = Writer::new();
    out.element("SummaryMap", |map| {
        for (key, value) in entries {
            map.element("entry", |entry| {
                entry.text("key", key).text("value", value);
            });
        }
    });
    Ok(out)
}

/// Values of condition keys: `ContextEntries.member.1.ContextKeyName`, …; keys in lower case.
fn context(input: &Form) -> BTreeMap<String, Vec<&str>> {
    let entries = (1..).map(|at| format!("ContextEntries.member.{at}"));
    let named = entries.map_while(|entry| Some((input.get(&format!("{entry}.ContextKeyName"))?.to_lowercase(), entry)));
    named.map(|(name, entry)| (name, members(input, &format!("{entry}.ContextKeyValues")))).collect()
}

/// The members of a list: `ActionNames.member.1`, …
fn members<'f>(input: &'f Form, name: &str) -> Vec<&'f str> {
    (1..).map_while(|at| input.get(&format!("{name}.member.{at}"))).collect()
}

pub fn simulate(call: &mut Call<'_>, input: &Form) -> Answer {
    let source = input.get("PolicySourceArn").unwrap_or_default();
    let known = source == format!("arn:aws:iam::{ACCOUNT}:user/local") || call.state.iam.role_by_arn(source).is_some();
    if !known {
        return Err(Failure::new(404, "NoSuchEntity", format!("The entity {source} cannot be found.")));
    }
    let (actions, resources) = (members(input, "ActionNames"), members(input, "ResourceArns"));
    if actions.is_empty() {
        let message = "1 validation error detected: Value null at 'actionNames' failed to satisfy constraint: Member must \
                       not be null";
        return Err(Failure::new(400, "ValidationError", message));
    }
    let (iam, context) = (&call.state.iam, context(input));
    let decided = |action: &str, resource: &str| match &iam.granted {
        _ if iam.denied.contains(action) => "explicitDeny",
        Some(policy) if !document::allows(policy, action, resource, &context) => "implicitDeny",
        _ => "allowed",
    };
    let mut out = Writer::new();
    out.text("IsTruncated", false);
    out.element("EvaluationResults", |results| {
        for action in actions {
            let first = resources.first().copied().unwrap_or("*");
            results.element("member", |result| {
                result.text("EvalActionName", action).text("EvalDecision", decided(action, first));
                result.text("EvalResourceName", first);
                result.element("MatchedStatements", |_| {}).element("MissingContextValues", |_| {});
                result.element("ResourceSpecificResults", |specific| {
                    for resource in &resources {
                        specific.element("member", |one| {
                            one.text("EvalResourceName", resource);
                            one.text("EvalResourceDecision", decided(action, resource));
                            one.element("MatchedStatements", |_| {}).element("MissingContextValues", |_| {});
                        });
                    }
                });
            });
        }
    });
    Ok(out)
}
