//! Resource policies: who may invoke a function, a version or an alias. Each has its own (`AWS_FACTS` B5).

use serde_json::{Value, json};

use crate::local::cloud::{Call, Failure, Reply, Request};

use super::create::required;
use super::name::Target;
use super::{Answer, Function, Policy, conflict, constraint, invalid, missing, revision, stale_revision};

const LIMIT: usize = 20_480;

pub fn add(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    let input = request.json();
    let sid = required(&input, "StatementId", "statementId")?;
    check_sid(sid)?;
    let action = required(&input, "Action", "action")?;
    let principal = principal(required(&input, "Principal", "principal")?)?;
    let target = Target::read(call, name, request.query("Qualifier"))?;
    let fresh = revision(call);
    let function = qualified(call, &target)?;
    if target.qualifier.as_deref() == Some("$LATEST") {
        return Err(invalid("We currently do not support adding policies for $LATEST."));
    }
    let statement = statement(&input, sid, action, &principal, &target.qualified_arn());
    let key = target.qualifier.clone().unwrap_or_default();
    let mut policy = function.policies.get(&key).cloned().unwrap_or_default();
    check_revision(input["RevisionId"].as_str(), &policy)?;
    if policy.statements.iter().any(|other| other["Sid"] == sid) {
        return Err(conflict(format!(
            "The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the \
             existing statement."
        )));
    }
    policy.statements.push(statement.clone());
    policy.revision = fresh;
    let size = tell(&policy).len();
    if size > LIMIT {
        let message = format!("The final policy size ({size}) is bigger than the limit ({LIMIT}).");
        return Err(Failure::new(400, "PolicyLengthExceededException", message));
    }
    function.policies.insert(key, policy);
    Ok(Reply::json(201, &json!({ "Statement": statement.to_string() })))
}

pub fn get(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    let target = Target::read(call, name, request.query("Qualifier"))?;
    let function = qualified(call, &target)?;
    let policy = function
        .policies
        .get(target.qualifier.as_deref().unwrap_or_default())
        .ok_or_else(|| missing("The resource you requested does not exist."))?;
    Ok(Reply::json(200, &json!({ "Policy": tell(policy), "RevisionId": policy.revision })))
}

pub fn remove(call: &mut Call<'_>, name: &str, sid: &str, request: &Request) -> Answer {
    let target = Target::read(call, name, request.query("Qualifier"))?;
    let fresh = revision(call);
    let no_policy = || missing(format!("No policy found for: {}", target.qualified_arn()));
    let function = target.function(call).map_err(|_| no_policy())?;
    let key = target.qualifier.clone().unwrap_or_default();
    let policy =
        function.policies.get_mut(&key).ok_or_else(|| missing("No policy is associated with the given resource."))?;
    let at = policy.statements.iter().position(|statement| statement["Sid"] == sid);
    let at = at.ok_or_else(|| missing(format!("Statement {sid} is not found in resource policy.")))?;
    check_revision(request.query("RevisionId"), policy)?;
    policy.statements.remove(at);
    policy.revision = fresh;
    if policy.statements.is_empty() {
        function.policies.remove(&key);
    }
    Ok(Reply::empty(204))
}

/// The function, if it has the version or alias that is meant.
fn qualified<'c>(call: &'c mut Call<'_>, target: &Target) -> Result<&'c mut Function, Failure> {
    let function = target.function(call)?;
    let Some(qualifier) = &target.qualifier else { return Ok(function) };
    if function.resolve(Some(qualifier)).is_some() {
        return Ok(function);
    }
    let is_version = qualifier.contains('$') || qualifier.bytes().all(|byte| byte.is_ascii_digit());
    let what = if is_version { "Function not found:" } else { "Cannot find alias arn:" };
    Err(missing(format!("{what} {}", target.qualified_arn())))
}

fn check_sid(sid: &str) -> Result<(), Failure> {
    let good = !sid.is_empty() && sid.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if !good {
        let rule = "Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)";
        return Err(constraint(&format!("'{sid}'"), "statementId", rule));
    }
    if sid.len() > 100 {
        return Err(constraint(
            &format!("'{sid}'"),
            "statementId",
            "Member must have length less than or equal to 100",
        ));
    }
    Ok(())
}

fn check_revision(expected: Option<&str>, policy: &Policy) -> Result<(), Failure> {
    match expected {
        Some(expected) if expected != policy.revision => Err(stale_revision("GetPolicy")),
        _ => Ok(()),
    }
}

/// Everyone, a service, an account or an ARN.
fn principal(given: &str) -> Result<Value, Failure> {
    let is_account = given.len() == 12 && given.bytes().all(|byte| byte.is_ascii_digit());
    match given {
        "*" => Ok(json!("*")),
        _ if is_account => Ok(json!({ "AWS": format!("arn:aws:iam::{given}:root") })),
        _ if given.starts_with("arn:") => Ok(json!({ "AWS": given })),
        _ if given.ends_with(".amazonaws.com") || given.ends_with(".amazon.com") => Ok(json!({ "Service": given })),
        _ => Err(invalid("The provided principal was invalid. Please check the principal and try again.")),
    }
}

fn statement(input: &Value, sid: &str, action: &str, principal: &Value, resource: &str) -> Value {
    let mut statement =
        json!({ "Sid": sid, "Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource });
    let equals = [
        ("SourceAccount", "AWS:SourceAccount"),
        ("EventSourceToken", "lambda:EventSourceToken"),
        ("FunctionUrlAuthType", "lambda:FunctionUrlAuthType"),
        ("PrincipalOrgID", "aws:PrincipalOrgID"),
    ];
    let mut condition = json!({});
    for (member, key) in equals {
        if let Some(value) = input[member].as_str() {
            condition["StringEquals"][key] = value.into();
        }
    }
    if let Some(source) = input["SourceArn"].as_str() {
        condition["ArnLike"]["AWS:SourceArn"] = source.into();
    }
    if condition != json!({}) {
        statement["Condition"] = condition;
    }
    statement
}

fn tell(policy: &Policy) -> String {
    json!({ "Version": "2012-10-17", "Id": "default", "Statement": policy.statements }).to_string()
}
