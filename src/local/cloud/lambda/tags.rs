//! Tags: on functions as a whole.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::local::cloud::{Call, Failure, Reply, Request};

use super::name::Target;
use super::{Answer, Function, constraint, invalid};

const PATTERN: &str = "Member must satisfy regular expression pattern: \
    arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:(function:[a-zA-Z0-9-_]+\
    (:(\\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:\
    [0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|capacity-provider:[a-zA-Z0-9-_]+)";

pub fn list(call: &mut Call<'_>, arn: &str) -> Answer {
    let tags = &tagged(call, arn)?.tags;
    Ok(Reply::json(200, &json!({ "Tags": tags })))
}

pub fn tag(call: &mut Call<'_>, arn: &str, request: &Request) -> Answer {
    let new = checked(&request.json()["Tags"])?;
    if new.is_empty() {
        return Err(invalid("An error occurred and the request cannot be processed."));
    }
    let function = tagged(call, arn)?;
    let mut tags = function.tags.clone();
    tags.extend(new);
    check_count(&tags)?;
    function.tags = tags;
    Ok(Reply::empty(204))
}

pub fn untag(call: &mut Call<'_>, arn: &str, request: &Request) -> Answer {
    let keys: Vec<&str> =
        request.query.iter().filter(|(name, _)| name == "tagKeys").map(|(_, key)| key.as_str()).collect();
    if keys.is_empty() {
        return Err(constraint("null", "tagKeys", "Member must not be null"));
    }
    let function = tagged(call, arn)?;
    for key in keys {
        function.tags.remove(key);
    }
    Ok(Reply::empty(204))
}

fn tagged<'c>(call: &'c mut Call<'_>, arn: &str) -> Result<&'c mut Function, Failure> {
    if !arn.starts_with("arn:") || arn.split(':').nth(5) != Some("function") {
        return Err(constraint(&format!("'{arn}'"), "resource", PATTERN));
    }
    let target = Target::read(call, arn, None)?;
    if target.qualifier.is_some() {
        return Err(invalid("Tags on function aliases and versions are not supported. Please specify a function ARN."));
    }
    target.function(call)
}

/// The tags of a request.
pub fn checked(given: &Value) -> Result<BTreeMap<String, String>, Failure> {
    let mut tags = BTreeMap::new();
    for (key, value) in given.as_object().into_iter().flatten() {
        if key.to_lowercase().starts_with("aws:") {
            return Err(invalid("System tags are not allowed to be added to this resource."));
        }
        tags.insert(key.clone(), value.as_str().unwrap_or_default().to_owned());
    }
    check_count(&tags)?;
    Ok(tags)
}

fn check_count(tags: &BTreeMap<String, String>) -> Result<(), Failure> {
    if tags.len() > 50 {
        return Err(invalid("Number of tags exceeds resource tag limit."));
    }
    Ok(())
}
