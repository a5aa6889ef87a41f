//! Policy documents: what IAM checks about them before it keeps them.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::local::cloud::{Failure, like};

/// Characters of a trust policy, white space left out.
const TRUST_LIMIT: usize = 2048;

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// As IAM tells documents: percent-encoded (RFC 3986).
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

pub fn check_trust(text: &str) -> Result<(), Failure> {
    for statement in statements(text)? {
        if statement.get("Principal").is_none() && statement.get("NotPrincipal").is_none() {
            return Err(malformed("AssumeRole policy must contain a principal: Missing required field Principal"));
        }
        for field in ["Resource", "NotResource"] {
            if statement.get(field).is_some() {
                return Err(malformed(&format!("Has prohibited field {field}")));
            }
        }
        for action in actions(&statement) {
            if !action.starts_with("sts:") && action != "*" {
                return Err(malformed("AssumeRole policy may only specify STS AssumeRole actions."));
            }
        }
    }
    if text.chars().filter(|letter| !letter.is_whitespace()).count() > TRUST_LIMIT {
        let message = format!("Cannot exceed quota for ACLSizePerRole: {TRUST_LIMIT}");
        return Err(Failure::new(409, "LimitExceeded", message));
    }
    Ok(())
}

pub fn check_permissions(text: &str) -> Result<(), Failure> {
    for statement in statements(text)? {
        if statement.get("Principal").is_some() || statement.get("NotPrincipal").is_some() {
            return Err(malformed("Policy document should not specify a principal."));
        }
        if statement.get("Resource").is_none() && statement.get("NotResource").is_none() {
            return Err(malformed("Policy statement must contain resources."));
        }
        for action in actions(&statement) {
            if action != "*" && !action.contains(':') {
                let message = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";
                return Err(malformed(message));
            }
        }
        for resource in words(statement.get("Resource")) {
            if resource != "*" && !resource.starts_with("arn:") {
                return Err(malformed(&format!("Resource {resource} must be in ARN format or \"*\".")));
            }
        }
    }
    Ok(())
}

/// Does some statement of the trust policy let `service` assume the role?
pub fn trusts(text: &str, service: &str) -> bool {
    let Ok(statements) = statements(text) else { return false };
    statements.iter().any(|statement| {
        let principal = statement.get("Principal");
        let named = principal.is_some_and(|who| words(who.get("Service")).any(|name| name == service) || who == "*");
        statement["Effect"] == "Allow"
            && named
            && actions(statement).any(|action| matches!(action, "sts:AssumeRole" | "sts:*" | "*"))
    })
}

/// Does some statement of the policy allow it, under these values of condition keys?
pub fn allows(text: &str, action: &str, resource: &str, context: &BTreeMap<String, Vec<&str>>) -> bool {
    let statements = statements(text).unwrap_or_default();
    let same = |pattern: &str, text: &str| like(&pattern.to_lowercase(), &text.to_lowercase());
    statements.iter().filter(|statement| statement["Effect"] == "Allow").any(|statement| {
        actions(statement).any(|pattern| same(pattern, action))
            && words(statement.get("Resource")).any(|pattern| like(pattern, resource))
            && holds(&statement["Condition"], context)
    })
}

/// Every key of every operator. A key that has one value only is not compared where several are given.
fn holds(condition: &Value, context: &BTreeMap<String, Vec<&str>>) -> bool {
    let operators = condition.as_object().into_iter().flatten();
    let mut keys =
        operators.flat_map(|(operator, keys)| keys.as_object().into_iter().flatten().map(move |key| (operator, key)));
    keys.all(|(operator, (key, wanted))| {
        let fits = |value: &&str| match operator.as_str() {
            "StringEquals" => words(Some(wanted)).any(|one| one == *value),
            "ArnEquals" | "ForAllValues:StringLike" => words(Some(wanted)).any(|pattern| like(pattern, value)),
            _ => false,
        };
        let given = context.get(&key.to_lowercase()).map(Vec::as_slice).unwrap_or_default();
        match (operator.starts_with("ForAllValues:"), given) {
            (true, given) => given.iter().all(fits),
            (false, [one]) => fits(one),
            (false, _) => false,
        }
    })
}

fn statements(text: &str) -> Result<Vec<Value>, Failure> {
    let document: Value = serde_json::from_str(text).map_err(|_| malformed("This policy contains invalid Json"))?;
    let version_known = match document.get("Version") {
        None => true,
        Some(version) => version == "2012-10-17" || version == "2008-10-17",
    };
    let statements = match document.get("Statement") {
        Some(Value::Array(many)) => many.clone(),
        Some(one @ Value::Object(_)) => vec![one.clone()],
        _ => Vec::new(),
    };
    let sound = |statement: &Value| matches!(statement["Effect"].as_str(), Some("Allow" | "Deny"));
    if !version_known || statements.is_empty() || !statements.iter().all(sound) {
        return Err(malformed("Syntax errors in policy."));
    }
    for statement in &statements {
        if statement.get("Action").is_none() && statement.get("NotAction").is_none() {
            return Err(malformed("Policy statement must contain actions."));
        }
    }
    Ok(statements)
}

fn actions(statement: &Value) -> impl Iterator<Item = &str> {
    words(statement.get("Action"))
}

/// A string, or each string of an array.
fn words(value: Option<&Value>) -> impl Iterator<Item = &str> {
    let one = value.and_then(Value::as_str);
    let many = value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    one.into_iter().chain(many)
}

fn malformed(message: &str) -> Failure {
    Failure::new(400, "MalformedPolicyDocument", message)
}
