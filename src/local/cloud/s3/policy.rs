//! Bucket policies: what S3 checks before it keeps one, when it refuses one as public, and what one lets a caller do who
//! has not signed. Codes and texts are S3's; those of malformed policies are memory, unverified, as is their order.

use serde_json::Value;

use crate::local::cloud::{ACCOUNT, Call, Failure, Reply, Request, like};

use super::{Answer, Bucket, State, bucket};

/// Bytes of a policy.
const LIMIT: usize = 20 * 1024;

/// Conditions on these keep a policy from being public, where they name fixed values.
const FIXED: [&str; 8] = [
    "aws:principalorgid",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "s3:dataaccesspointaccount",
];

pub fn get(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    match &bucket(call, name, request)?.policy {
        Some(policy) => {
            Ok(Reply::empty(200).header("content-type", "application/json").body(policy.clone().into_bytes()))
        }
        None => Err(Failure::new(404, "NoSuchBucketPolicy", "The bucket policy does not exist")),
    }
}

pub fn put(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    let (account, now) = (call.state.s3.public_access_block, call.now);
    let found = bucket(call, name, request)?;
    let text = String::from_utf8_lossy(&request.body).into_owned();
    let policy = checked(&text, name)?;
    let blocks = |block: Option<super::PublicAccessBlock>| block.is_some_and(|block| block.block_policy);
    let blocked = blocks(account) || blocks(found.public_access_block) || now < found.policies_blocked_until;
    if blocked && is_public(&policy) {
        let message = format!(
            "User: arn:aws:iam::{ACCOUNT}:user/local is not authorized to perform: s3:PutBucketPolicy on resource: \
             \"arn:aws:s3:::{name}\" because public policies are prevented by the BlockPublicPolicy setting in S3 \
             Block Public Access."
        );
        return Err(Failure::new(403, "AccessDenied", message));
    }
    found.policy = Some(text);
    Ok(Reply::empty(204))
}

pub fn delete(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    bucket(call, name, request)?.policy = None;
    Ok(Reply::empty(204))
}

/// The policy, if S3 would keep it.
fn checked(text: &str, bucket: &str) -> Result<Value, Failure> {
    let malformed = |message: &str| Err(Failure::new(400, "MalformedPolicy", message));
    if text.len() > LIMIT {
        return malformed("Policy exceeds the maximum allowed document size.");
    }
    let policy: Value = match serde_json::from_str(text) {
        Ok(policy @ Value::Object(_)) if text.starts_with('{') => policy,
        _ => return malformed("Policies must be valid JSON and the first byte must be '{'"),
    };
    let statements = list(&policy["Statement"]);
    if statements.is_empty() {
        return malformed("Missing required field Statement");
    }
    for statement in statements {
        if statement["Effect"] != "Allow" && statement["Effect"] != "Deny" {
            return malformed("Missing required field Effect");
        }
        if !is_principal(&statement["Principal"]) {
            return malformed("Invalid principal in policy");
        }
        let actions = texts(&statement["Action"]);
        if actions.is_empty() || !actions.iter().all(|action| *action == "*" || action.starts_with("s3:")) {
            return malformed("Policy has invalid action");
        }
        let resources = texts(&statement["Resource"]);
        let own = |resource: &&str| {
            let rest = resource.strip_prefix("arn:aws").and_then(|rest| rest.split_once(":s3:::"));
            rest.is_some_and(|(_, path)| path == bucket || path.starts_with(&format!("{bucket}/")))
        };
        if resources.is_empty() || !resources.iter().all(own) {
            return malformed("Policy has invalid resource");
        }
        let of_objects = |action: &&str| action.ends_with("Object");
        if actions.iter().all(of_objects) && resources.iter().all(|resource| !resource.contains('/')) {
            return malformed("Action does not apply to any resource(s) in statement");
        }
        let keys = conditions(statement).map(|(_, key, _)| key.to_ascii_lowercase());
        if keys.into_iter().any(|key| !key.starts_with("aws:") && !key.starts_with("s3:")) {
            return malformed("Policy has an invalid condition key");
        }
    }
    Ok(policy)
}

fn is_principal(principal: &Value) -> bool {
    const KINDS: [&str; 4] = ["AWS", "CanonicalUser", "Federated", "Service"];
    principal == "*"
        || principal.as_object().is_some_and(|kinds| {
            !kinds.is_empty() && kinds.iter().all(|(kind, who)| KINDS.contains(&kind.as_str()) && !who.is_null())
        })
}

/// Does a statement let in everybody? One that a condition binds to fixed values does not.
fn is_public(policy: &Value) -> bool {
    list(&policy["Statement"]).into_iter().any(|statement| {
        let bound = conditions(statement)
            .any(|(operator, key, _)| FIXED.contains(&key.to_ascii_lowercase().as_str()) && !operator.contains("Not"));
        statement["Effect"] == "Allow" && is_anybody(&statement["Principal"]) && !bound
    })
}

fn is_anybody(principal: &Value) -> bool {
    principal == "*" || list(&principal["AWS"]).into_iter().any(|who| who == "*")
}

/// May somebody who has not signed read that object? A denial wins.
pub(super) fn lets_anybody_read(state: &State, bucket: &Bucket, name: &str, key: &str) -> bool {
    let Some(policy) = bucket.policy.as_ref().and_then(|text| serde_json::from_str::<Value>(text).ok()) else {
        return false;
    };
    let restricts = |block: Option<super::PublicAccessBlock>| block.is_some_and(|block| block.restrict_buckets);
    if restricts(state.public_access_block) || restricts(bucket.public_access_block) {
        return false;
    }
    let arn = format!("arn:aws:s3:::{name}/{key}");
    let mut allowed = false;
    for statement in list(&policy["Statement"]) {
        let means_it = texts(&statement["Action"]).iter().any(|action| like(action, "s3:GetObject"))
            && texts(&statement["Resource"]).iter().any(|resource| like(resource, &arn))
            && is_anybody(&statement["Principal"]);
        let denies = statement["Effect"] == "Deny";
        if means_it && conditions(statement).all(|(operator, _, _)| holds_for_nobody(operator).unwrap_or(denies)) {
            if denies {
                return false;
            }
            allowed = true;
        }
    }
    allowed
}

/// Somebody who has not signed brings none of the keys a condition could ask for: what compares to a value fails, what
/// negates holds. Of other operators nothing is known here.
fn holds_for_nobody(operator: &str) -> Option<bool> {
    match operator {
        "StringEquals" | "StringLike" | "ArnEquals" | "ArnLike" => Some(false),
        "StringNotEquals" | "StringNotLike" | "ArnNotEquals" | "ArnNotLike" => Some(true),
        _ => None,
    }
}

/// Operator, key and values of each condition.
fn conditions(statement: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let operators = statement["Condition"].as_object().into_iter().flatten();
    operators.flat_map(|(operator, keys)| {
        let keys = keys.as_object().into_iter().flatten();
        keys.map(move |(key, values)| (operator.as_str(), key.as_str(), values))
    })
}

fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

fn texts(value: &Value) -> Vec<&str> {
    list(value).into_iter().filter_map(Value::as_str).collect()
}
