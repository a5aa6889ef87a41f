//! Concurrency set aside for functions, and the account's limits.

use serde_json::json;

use crate::local::cloud::{Call, Failure, Reply, Request};

use super::name::Target;
use super::{Answer, constraint, functions, invalid};

/// Unless AWS set another limit.
const CONCURRENCY: u64 = 1000;
/// So much stays for functions that reserve none.
const UNRESERVED_MINIMUM: u64 = 100;

pub fn put_concurrency(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    let input = request.json();
    let target = whole_function(call, name)?;
    let Some(wanted) = input["ReservedConcurrentExecutions"].as_i64() else {
        return Err(constraint("null", "reservedConcurrentExecutions", "Member must not be null"));
    };
    let Ok(wanted) = u64::try_from(wanted) else {
        let rule = "Member must have value greater than or equal to 0";
        return Err(constraint(&format!("'{wanted}'"), "reservedConcurrentExecutions", rule));
    };
    target.function(call)?;
    let others: u64 = functions(call)
        .values()
        .filter(|function| function.name != target.name)
        .filter_map(|function| function.reserved_concurrency)
        .sum();
    let limit = call.state.lambda.concurrency.unwrap_or(CONCURRENCY);
    if others.saturating_add(wanted) > limit.saturating_sub(UNRESERVED_MINIMUM) {
        return Err(invalid(format!(
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution \
             below its minimum value of [{UNRESERVED_MINIMUM}]."
        )));
    }
    target.function(call)?.reserved_concurrency = Some(wanted);
    Ok(Reply::json(200, &json!({ "ReservedConcurrentExecutions": wanted })))
}

pub fn get_concurrency(call: &mut Call<'_>, name: &str) -> Answer {
    let told = match whole_function(call, name)?.function(call)?.reserved_concurrency {
        Some(reserved) => json!({ "ReservedConcurrentExecutions": reserved }),
        None => json!({}),
    };
    Ok(Reply::json(200, &told))
}

pub fn delete_concurrency(call: &mut Call<'_>, name: &str) -> Answer {
    whole_function(call, name)?.function(call)?.reserved_concurrency = None;
    Ok(Reply::empty(204))
}

/// Concurrency is the whole function's; when there is none, errors call it by `$LATEST`.
fn whole_function(call: &Call<'_>, name: &str) -> Result<Target, Failure> {
    let target = Target::read(call, name, None)?;
    if target.qualifier.is_some() {
        return Err(invalid(
            "This operation is permitted on Lambda functions only. Aliases and versions do not support this \
             operation. Please specify either a function name or an unqualified function ARN.",
        ));
    }
    Ok(Target { qualifier: Some("$LATEST".to_owned()), ..target })
}

pub fn settings(call: &mut Call<'_>) -> Answer {
    let limit = call.state.lambda.concurrency.unwrap_or(CONCURRENCY);
    let functions = functions(call);
    let reserved: u64 = functions.values().filter_map(|function| function.reserved_concurrency).sum();
    let stored: u64 = functions
        .values()
        .flat_map(|function| function.versions.values().chain([&function.latest]))
        .map(|version| version.code.size)
        .sum();
    Ok(Reply::json(
        200,
        &json!({
            "AccountLimit": {
                "TotalCodeSize": 80_530_636_800_u64,
                "CodeSizeUnzipped": 262_144_000,
                "CodeSizeZipped": 52_428_800,
                "ConcurrentExecutions": limit,
                "UnreservedConcurrentExecutions": limit.saturating_sub(reserved),
            },
            "AccountUsage": { "TotalCodeSize": stored, "FunctionCount": functions.len() },
        }),
    ))
}
