//! CreateFunction.

use serde_json::Value;

use crate::local::cloud::{Call, Failure, Reply, Request};

use super::name::Target;
use super::runtime::Purpose;
use super::{
    Answer, Function, Version, code, configure, conflict, constraint, functions, image, invalid, revision, tags,
};

pub fn create(call: &mut Call<'_>, request: &Request) -> Answer {
    code::check_request_size(request.body.len(), "CreateFunction")?;
    let input = request.json();
    let target = Target::read(call, required(&input, "FunctionName", "functionName")?, None)?;
    required(&input, "Role", "role")?;
    let package_type = input["PackageType"].as_str().unwrap_or("Zip");
    if !["Zip", image::IMAGE].contains(&package_type) {
        let rule = "Member must satisfy enum value set: [Image, Zip]";
        return Err(constraint(&format!("'{package_type}'"), "packageType", rule));
    }
    if package_type == image::IMAGE {
        image::refuse_runtime(&input)?;
    } else {
        for member in ["Handler", "Runtime"] {
            if !input[member].is_string() {
                let message =
                    "Runtime and Handler are mandatory parameters for functions created with deployment packages.";
                return Err(invalid(message));
            }
        }
    }
    let configuration = configure::read(&input, configure::defaults(), Purpose::Create, call.now)?;
    let tags = tags::checked(&input["Tags"])?;
    if functions(call).contains_key(&target.name) {
        return Err(conflict(format!("Function already exist: {}", target.name)));
    }
    configure::check_assumable(call, &configuration.role)?;
    let code = code::load(call, &input["Code"], package_type == image::IMAGE)?;
    let latest = Version {
        number: "$LATEST".to_owned(),
        configuration,
        code,
        revision: revision(call),
        settled_revision: Some(revision(call)),
        modified: call.now,
        created: call.now,
        updated: None,
    };
    let mut function = Function {
        arn: target.arn.clone(),
        name: target.name.clone(),
        latest: latest.clone(),
        tags,
        ..Function::default()
    };
    let mut told = latest;
    if input["Publish"].as_bool().unwrap_or_default() {
        told = Version { number: "1".to_owned(), revision: revision(call), settled_revision: None, ..told };
        function.versions.insert(1, told.clone());
        function.last_published = 1;
        function.last_published_from = Some(function.latest.configuration.clone());
    }
    let qualifier = Some(told.number.as_str()).filter(|number| *number != "$LATEST");
    let reply = Reply::json(201, &told.tell(call, &target.name, &target.arn, qualifier));
    functions(call).insert(target.name, function);
    Ok(reply)
}

/// A member without which there is nothing to do.
pub fn required<'v>(input: &'v Value, member: &str, wire: &str) -> Result<&'v str, Failure> {
    input[member].as_str().ok_or_else(|| constraint("null", wire, "Member must not be null"))
}
