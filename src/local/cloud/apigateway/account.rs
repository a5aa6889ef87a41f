//! The account's settings in a region: shared by everything in it, so that nobody who deploys one API may own them.

use serde_json::json;

use super::input::Input;
use super::patch;
use super::{Answer, fail, region};
use crate::local::cloud::{Call, Reply, Request};

pub fn get(call: &mut Call<'_>) -> Answer {
    let mut body = json!({
        "throttleSettings": { "burstLimit": 5000, "rateLimit": 10000.0 },
        "features": ["UsagePlans"],
        "apiKeyVersion": "4",
    });
    if let Some(role) = &region(call).cloudwatch_role_arn {
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
                role = patch.optional();
                if role.as_ref().is_some_and(|arn| !(arn.starts_with("arn:") && arn.contains(":role/"))) {
                    return Err(fail::bad_request("Invalid ARN specified in the request"));
                }
            }
            "/features" if patch.text() == "UsagePlans" => {}
            _ => return Err(patch.not_one_of(&["/cloudwatchRoleArn", "/features"])),
        }
    }
    region(call).cloudwatch_role_arn = role;
    get(call)
}
