//! What a role may do: inline policies, and managed ones attached to it.

use crate::local::cloud::xml::Writer;
use crate::local::cloud::{Call, Failure};

use super::document::{self, encoded};
use super::{Answer, Form, POLICY_NAME, managed, paging, role};

/// All inline policies of a role together, in characters without white space.
const INLINE_LIMIT: usize = 10_240;
const ATTACHED_LIMIT: usize = 10;

pub fn put(call: &mut Call<'_>, input: &Form) -> Answer {
    let name = input.name("PolicyName", POLICY_NAME.0, POLICY_NAME.1)?.to_owned();
    let text = input.get("PolicyDocument").unwrap_or_default().to_owned();
    let role = role(call, input)?;
    document::check_permissions(&text)?;
    let size = |text: &String| text.chars().filter(|letter| !letter.is_whitespace()).count();
    let others: usize = role.inline.iter().filter(|(other, _)| **other != name).map(|(_, text)| size(text)).sum();
    if others + size(&text) > INLINE_LIMIT {
        let message = format!("Maximum policy size of {INLINE_LIMIT} bytes exceeded for role {}", role.name);
        return Err(Failure::new(409, "LimitExceeded", message));
    }
    role.inline.insert(name, text);
    Ok(Writer::new())
}

pub fn get(call: &mut Call<'_>, input: &Form) -> Answer {
    let name = input.name("PolicyName", POLICY_NAME.0, POLICY_NAME.1)?;
    let role = role(call, input)?;
    let text = role.inline.get(name).ok_or_else(|| no_policy(name))?;
    let mut out = Writer::new();
    out.text("RoleName", &role.name).text("PolicyName", name).text("PolicyDocument", encoded(text));
    Ok(out)
}

pub fn list(call: &mut Call<'_>, input: &Form) -> Answer {
    let role = role(call, input)?;
    let page = input.page(role.inline.keys().map(|name| (name, name)))?;
    let mut out = Writer::new();
    out.element("PolicyNames", |inside| {
        for name in &page.items {
            inside.text("member", name);
        }
    });
    paging(&mut out, &page);
    Ok(out)
}

pub fn delete(call: &mut Call<'_>, input: &Form) -> Answer {
    let name = input.name("PolicyName", POLICY_NAME.0, POLICY_NAME.1)?;
    role(call, input)?.inline.remove(name).ok_or_else(|| no_policy(name))?;
    Ok(Writer::new())
}

pub fn attach(call: &mut Call<'_>, input: &Form) -> Answer {
    let arn = policy_arn(input)?;
    role(call, input)?;
    if !managed::exists(&call.state.iam, &arn) {
        let message = format!("Policy {arn} does not exist or is not attachable.");
        return Err(Failure::new(404, "NoSuchEntity", message));
    }
    let role = role(call, input)?;
    if role.attached.len() >= ATTACHED_LIMIT && !role.attached.contains(&arn) {
        let message = format!("Cannot exceed quota for PoliciesPerRole: {ATTACHED_LIMIT}");
        return Err(Failure::new(409, "LimitExceeded", message));
    }
    role.attached.insert(arn);
    Ok(Writer::new())
}

pub fn detach(call: &mut Call<'_>, input: &Form) -> Answer {
    let arn = policy_arn(input)?;
    if !role(call, input)?.attached.remove(&arn) {
        return Err(Failure::new(404, "NoSuchEntity", format!("Policy {arn} was not found.")));
    }
    Ok(Writer::new())
}

pub fn list_attached(call: &mut Call<'_>, input: &Form) -> Answer {
    let role = role(call, input)?;
    let page = input.page(role.attached.iter().map(|arn| (arn, arn)))?;
    let mut out = Writer::new();
    out.element("AttachedPolicies", |inside| {
        for arn in &page.items {
            inside.element("member", |member| {
                member.text("PolicyName", arn.rsplit('/').next().unwrap_or_default()).text("PolicyArn", arn);
            });
        }
    });
    paging(&mut out, &page);
    Ok(out)
}

fn policy_arn(input: &Form) -> Result<String, Failure> {
    let arn = input.get("PolicyArn").unwrap_or_default();
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts[..] {
        ["arn", _, "iam", "", _, resource] if resource.starts_with("policy/") => Ok(arn.to_owned()),
        _ => Err(Failure::new(400, "ValidationError", "Invalid ARN:  Could not be parsed!")),
    }
}

fn no_policy(name: &str) -> Failure {
    Failure::new(404, "NoSuchEntity", format!("The role policy with name {name} cannot be found."))
}
