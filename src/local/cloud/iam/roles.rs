//! Roles themselves: made, told, changed, tagged, deleted.

use crate::local::cloud::stamp::iso_seconds;
use crate::local::cloud::xml::Writer;
use crate::local::cloud::{Call, Failure, UPPER};

use super::document::{self, encoded};
use super::{Answer, Form, ROLE_NAME, Role, constraint, paging, role};

pub fn create(call: &mut Call<'_>, input: &Form) -> Answer {
    let name = input.name("RoleName", ROLE_NAME.0, ROLE_NAME.1)?.to_owned();
    let path = input.get("Path").unwrap_or("/").to_owned();
    if !path.starts_with('/') || !path.ends_with('/') || path.len() > 512 {
        let message = "The specified value for path is invalid. It must begin and end with / and contain only \
                       alphanumeric characters and/or / characters.";
        return Err(Failure::new(400, "ValidationError", message));
    }
    let description = description(input)?;
    let max_session_seconds = max_session(input)?.unwrap_or(3600);
    let tags = input.tags();
    check_tags(&tags)?;
    if tags.len() > 50 {
        return Err(too_many_tags());
    }
    let trust = input.get("AssumeRolePolicyDocument").unwrap_or_default().to_owned();
    document::check_trust(&trust)?;
    if call.state.iam.roles.keys().any(|taken| taken.eq_ignore_ascii_case(&name)) {
        return Err(Failure::new(409, "EntityAlreadyExists", format!("Role with name {name} already exists.")));
    }
    if call.state.iam.roles.len() >= 1000 {
        return Err(Failure::new(409, "LimitExceeded", "Cannot exceed quota for RolesPerAccount: 1000"));
    }
    let role = Role {
        id: format!("AROA{}", call.id(17, UPPER)),
        name: name.clone(),
        path,
        created: call.now,
        trust_changed: call.now,
        trust,
        description,
        max_session_seconds,
        tags: tags.into_iter().collect(),
        ..Role::default()
    };
    let mut out = Writer::new();
    out.element("Role", |inside| tell(inside, &role, true));
    call.state.iam.roles.insert(name, role);
    Ok(out)
}

pub fn get(call: &mut Call<'_>, input: &Form) -> Answer {
    let role = role(call, input)?;
    let mut out = Writer::new();
    out.element("Role", |inside| tell(inside, role, true));
    Ok(out)
}

pub fn list(call: &mut Call<'_>, input: &Form) -> Answer {
    let prefix = input.get("PathPrefix").unwrap_or("/");
    let found = call.state.iam.roles.iter().filter(|(_, role)| role.path.starts_with(prefix));
    let page = input.page(found)?;
    let mut out = Writer::new();
    out.element("Roles", |inside| {
        for role in &page.items {
            inside.element("member", |member| tell(member, role, false));
        }
    });
    paging(&mut out, &page);
    Ok(out)
}

/// Merges: what is absent stays as it is (`AWS_FACTS` B8).
pub fn update(call: &mut Call<'_>, input: &Form) -> Answer {
    let described = description(input)?;
    let max_session_seconds = max_session(input)?;
    let role = role(call, input)?;
    if described.is_some() {
        role.description = described;
    }
    if let Some(seconds) = max_session_seconds {
        role.max_session_seconds = seconds;
    }
    Ok(Writer::new())
}

pub fn update_description(call: &mut Call<'_>, input: &Form) -> Answer {
    let described = description(input)?;
    let role = role(call, input)?;
    role.description = described;
    let mut out = Writer::new();
    out.element("Role", |inside| tell(inside, role, true));
    Ok(out)
}

pub fn update_trust(call: &mut Call<'_>, input: &Form) -> Answer {
    let trust = input.get("PolicyDocument").unwrap_or_default().to_owned();
    let now = call.now;
    let role = role(call, input)?;
    document::check_trust(&trust)?;
    if role.trust != trust {
        role.trust = trust;
        role.trust_changed = now;
    }
    Ok(Writer::new())
}

/// Refused while anything hangs on the role, in this order (`AWS_FACTS` B8).
pub fn delete(call: &mut Call<'_>, input: &Form) -> Answer {
    let role = role(call, input)?;
    let conflict = |message: &str| Err(Failure::new(409, "DeleteConflict", message));
    if !role.instance_profiles.is_empty() {
        return conflict("Cannot delete entity, must remove roles from instance profile first.");
    }
    if !role.attached.is_empty() {
        return conflict("Cannot delete entity, must detach all policies first.");
    }
    if !role.inline.is_empty() {
        return conflict("Cannot delete entity, must delete policies first.");
    }
    let name = role.name.clone();
    call.state.iam.roles.remove(&name);
    Ok(Writer::new())
}

pub fn tag(call: &mut Call<'_>, input: &Form) -> Answer {
    let new = input.tags();
    check_tags(&new)?;
    let role = role(call, input)?;
    let mut tags = role.tags.clone();
    tags.extend(new);
    if tags.len() > 50 {
        return Err(too_many_tags());
    }
    role.tags = tags;
    Ok(Writer::new())
}

pub fn untag(call: &mut Call<'_>, input: &Form) -> Answer {
    let role = role(call, input)?;
    for at in 1.. {
        let Some(key) = input.get(&format!("TagKeys.member.{at}")) else { break };
        role.tags.remove(key);
    }
    Ok(Writer::new())
}

pub fn list_tags(call: &mut Call<'_>, input: &Form) -> Answer {
    let role = role(call, input)?;
    let page = input.page(role.tags.iter().map(|(key, value)| (key, (key, value))))?;
    let mut out = Writer::new();
    out.element("Tags", |inside| {
        for (key, value) in &page.items {
            inside.element("member", |member| {
                member.text("Key", key).text("Value", value);
            });
        }
    });
    paging(&mut out, &page);
    Ok(out)
}

pub fn list_instance_profiles(call: &mut Call<'_>, input: &Form) -> Answer {
    let role = role(call, input)?;
    let page = input.page(role.instance_profiles.iter().map(|name| (name, name)))?;
    let mut out = Writer::new();
    out.element("InstanceProfiles", |inside| {
        for name in &page.items {
            inside.element("member", |member| {
                let arn = format!("arn:aws:iam::{}:instance-profile/{name}", crate::local::cloud::ACCOUNT);
                member.text("Path", "/").text("InstanceProfileName", name).text("InstanceProfileId", "AIPALOCAL");
                member.text("Arn", arn).text("CreateDate", iso_seconds(role.created));
                member.element("Roles", |roles| {
                    roles.element("member", |holder| tell(holder, role, false));
                });
            });
        }
    });
    paging(&mut out, &page);
    Ok(out)
}

/// As IAM tells a role. Lists leave tags out.
fn tell(out: &mut Writer, role: &Role, whole: bool) {
    out.text("Path", &role.path)
        .text("RoleName", &role.name)
        .text("RoleId", &role.id)
        .text("Arn", role.arn())
        .text("CreateDate", iso_seconds(role.created))
        .text("AssumeRolePolicyDocument", encoded(&role.trust))
        .maybe("Description", role.description.as_deref())
        .text("MaxSessionDuration", role.max_session_seconds);
    if whole && !role.tags.is_empty() {
        out.element("Tags", |tags| {
            for (key, value) in &role.tags {
                tags.element("member", |member| {
                    member.text("Key", key).text("Value", value);
                });
            }
        });
    }
    if whole {
        out.element("RoleLastUsed", |_| {});
    }
}

fn description(input: &Form) -> Result<Option<String>, Failure> {
    let Some(text) = input.get("Description") else { return Ok(None) };
    if text.chars().count() > 1000 {
        return Err(constraint(text, "description", "Member must have length less than or equal to 1000"));
    }
    let good = |letter: char| matches!(letter, '\t' | '\n' | '\r' | ' '..='~' | '\u{a1}'..='\u{ff}');
    if !text.chars().all(good) {
        let rule = "Member must satisfy regular expression pattern: \
                    [\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF]*";
        return Err(constraint(text, "description", rule));
    }
    Ok(Some(text.to_owned()))
}

fn max_session(input: &Form) -> Result<Option<u64>, Failure> {
    let Some(text) = input.get("MaxSessionDuration") else { return Ok(None) };
    match text.parse::<i64>().ok().and_then(|seconds| u64::try_from(seconds).ok()) {
        Some(seconds) if seconds > 43_200 => {
            Err(constraint(text, "maxSessionDuration", "Member must have value less than or equal to 43200"))
        }
        Some(seconds) if seconds >= 3600 => Ok(Some(seconds)),
        _ => Err(constraint(text, "maxSessionDuration", "Member must have value greater than or equal to 3600")),
    }
}

fn check_tags(tags: &[(String, String)]) -> Result<(), Failure> {
    for (at, (key, value)) in tags.iter().enumerate() {
        let member = format!("tags.{}.member", at + 1);
        if key.is_empty() || key.chars().count() > 128 {
            return Err(constraint(key, &format!("{member}.key"), "Member must have length less than or equal to 128"));
        }
        if value.chars().count() > 256 {
            let rule = "Member must have length less than or equal to 256";
            return Err(constraint(value, &format!("{member}.value"), rule));
        }
        let lower = key.to_lowercase();
        if lower.starts_with("aws:") {
            let message = "Your request contains a tag key that begins with the reserved prefix aws:.";
            return Err(Failure::new(400, "InvalidInput", message));
        }
        if tags[..at].iter().any(|(other, _)| other.to_lowercase() == lower) {
            let message = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
            return Err(Failure::new(400, "InvalidInput", message));
        }
    }
    Ok(())
}

fn too_many_tags() -> Failure {
    Failure::new(409, "LimitExceeded", "The number of tags has reached the maximum limit.")
}
