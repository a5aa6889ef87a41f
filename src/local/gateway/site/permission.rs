//! May API Gateway invoke this function? Resource policies are per qualifier (`AWS_FACTS` B5).

use serde_json::Value;

use crate::local::cloud::lambda::{self, Function};
use crate::local::cloud::{ACCOUNT, State, like};

/// `arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]`, taken apart.
struct Place<'a> {
    region: &'a str,
    account: &'a str,
    name: &'a str,
    qualifier: Option<&'a str>,
}

impl<'a> Place<'a> {
    fn parse(arn: &'a str) -> Option<Place<'a>> {
        match arn.split(':').collect::<Vec<_>>().as_slice() {
            ["arn", _, "lambda", region, account, "function", name] => {
                Some(Place { region, account, name, qualifier: None })
            }
            ["arn", _, "lambda", region, account, "function", name, qualifier] => {
                Some(Place { region, account, name, qualifier: Some(qualifier) })
            }
            _ => None,
        }
    }
}

/// # Errors
/// Says what is missing; API Gateway itself says "Invalid permissions on Lambda function" in all these cases.
pub fn check(state: &State, function_arn: &str, source_arn: &str) -> Result<(), String> {
    let refused = |why: String| Err(format!("Invalid permissions on Lambda function: {why}"));
    let Some(place) = Place::parse(function_arn) else {
        return refused(format!("{function_arn} is no function's ARN"));
    };
    let function: Option<&Function> =
        (place.account == ACCOUNT).then(|| state.lambda.function(place.region, place.name)).flatten();
    let Some(function) = function.filter(|function| function.resolve(place.qualifier).is_some()) else {
        return refused(format!("{function_arn} does not exist"));
    };
    let policy: Option<&lambda::Policy> = function.policies.get(place.qualifier.unwrap_or_default());
    let statements = policy.map(|policy| policy.statements.as_slice()).unwrap_or_default();
    if statements.iter().any(|statement| allows(statement, source_arn)) {
        return Ok(());
    }
    refused(format!(
        "no statement in the policy of {function_arn} lets apigateway.amazonaws.com invoke it for {source_arn}; a \
         permission on the function does not cover its aliases and versions"
    ))
}

fn allows(statement: &Value, source_arn: &str) -> bool {
    let principal = &statement["Principal"];
    let ours = principal == "*" || principal["Service"] == "apigateway.amazonaws.com" || principal["AWS"] == "*";
    let action = statement["Action"].as_str().unwrap_or_default();
    let invokes = ["lambda:InvokeFunction", "lambda:*", "*"].contains(&action);
    let conditions = statement["Condition"].as_object().into_iter().flatten();
    let mut keys = conditions.flat_map(|(operator, keys)| {
        keys.as_object().into_iter().flatten().map(move |(key, value)| (operator, key, value))
    });
    statement["Effect"] == "Allow"
        && ours
        && invokes
        && keys.all(|(operator, key, value)| {
            let wanted = value.as_str().unwrap_or_default();
            match (operator.as_str(), key.to_ascii_lowercase().as_str()) {
                ("ArnLike" | "StringLike", "aws:sourcearn") => like(wanted, source_arn),
                ("ArnEquals" | "StringEquals", "aws:sourcearn") => wanted == source_arn,
                ("StringEquals", "aws:sourceaccount") => wanted == ACCOUNT,
                _ => false,
            }
        })
}
