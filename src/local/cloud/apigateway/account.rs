//! The account's settings in a region: shared by everything in it, so that nobody who deploys one API may own them.

use serde_json::json;

use super::input::Input;
use super::patch;
use super::{Answer, fail, region};
use crate::local::cloud::{Call, Failure, Reply, Request, iam};

pub fn get(call: &mut Call<'_>) -> Answer {
    let mut body = json!({
        "throttleSettings": { "burstLimit": 5000, "rateLimit": 10000.0 },
        "features": ["UsagePlans"],
        "apiKeyVersion": "4",
    });
    let profile = call.profile;
    if let Some(role) = region(call).logging_role(profile) {
        body["cloudwatchRoleArn"] = json!(role);
    }
    Ok(Reply::json(200, &body))
}

pub fn update(call: &mut Call<'_>, request: &Request) -> Answer {
    let patches = patch::read(&Input::new(request)?, "updateAccountInput", |found| found)?;
    let mut role = region(call).cloudwatch_role_arn.clone();
    for patch in patches {
        match patch.path.as_str() {
            "/cloudwatchRoleArn" => {
                patch.edits()?;
                role = patch.optional().or_else(|| Some(String::new()));
                if let Some(role) = patch.optional() {
                    check_role(call, &role)?;
                }
            }
            "/features" if patch.text() == "UsagePlans" => {}
            _ => return Err(patch.not_one_of(&["/cloudwatchRoleArn", "/features"])),
        }
    }
    region(call).cloudwatch_role_arn = role;
    get(call)
}

/// API Gateway tries the role: it must trust the service, may write logs, and be known everywhere (`AWS_FACTS` B2).
fn check_role(call: &Call<'_>, arn: &str) -> Result<(), Failure> {
    if !(arn.starts_with("arn:") && arn.contains(":role/")) {
        return Err(fail::bad_request("Invalid ARN specified in the request"));
    }
    let usable = |role: &iam::Role| {
        let permitted = !role.attached.is_empty() || !role.inline.is_empty();
        permitted
            && role.trusts("apigateway.amazonaws.com")
            && call.passed(role.trust_changed, call.profile.role_propagation)
    };
    if call.state.iam.role_by_arn(arn).is_some_and(usable) {
        return Ok(());
    }
    Err(fail::bad_request(
        "The role ARN does not have required permissions configured. Please grant trust permission for API Gateway and add the required role policy.",
    ))
}
