//! Functions and versions told.

use serde_json::{Value, json};

use crate::local::cloud::page::{Page, page};
use crate::local::cloud::{Call, Failure, Reply, Request};

use super::name::Target;
use super::{Answer, Function, Version, constraint, functions, invalid};

pub fn get(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    let target = Target::read(call, name, request.query("Qualifier"))?;
    let (function, version) = find(call, &target)?;
    let mut told = json!({
        "Configuration": version.tell(call, &function.name, &function.arn, target.qualifier.as_deref()),
        "Code": {
            "RepositoryType": "S3",
            "Location": format!("https://awslambda-{0}-tasks.s3.{0}.amazonaws.com/{1}", call.region, version.code.blob),
        },
    });
    if let Some(image) = &version.code.image {
        told["Code"] = json!({ "RepositoryType": "ECR", "ImageUri": image.uri, "ResolvedImageUri": image.resolved });
    }
    if !function.tags.is_empty() {
        told["Tags"] = json!(function.tags);
    }
    if let Some(reserved) = function.reserved_concurrency {
        told["Concurrency"] = json!({ "ReservedConcurrentExecutions": reserved });
    }
    Ok(Reply::json(200, &told))
}

pub fn configuration(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    let target = Target::read(call, name, request.query("Qualifier"))?;
    let (function, version) = find(call, &target)?;
    Ok(Reply::json(200, &version.tell(call, &function.name, &function.arn, target.qualifier.as_deref())))
}

fn find(call: &mut Call<'_>, target: &Target) -> Result<(Function, Version), Failure> {
    let function = target.function(call)?.clone();
    let version = function.resolve(target.qualifier.as_deref()).ok_or_else(|| target.not_found())?.clone();
    Ok((function, version))
}

pub fn list(call: &mut Call<'_>, request: &Request) -> Answer {
    let all_versions = match request.query("FunctionVersion") {
        None => false,
        Some("ALL") => true,
        Some(other) => {
            let rule = "Member must satisfy enum value set: [ALL]";
            return Err(constraint(&format!("'{other}'"), "functionVersion", rule));
        }
    };
    let functions = functions(call).clone();
    let mut told = Vec::new();
    for (name, function) in &functions {
        let qualifier = all_versions.then_some("$LATEST");
        told.push((format!("{name}:"), brief(call, function, &function.latest, qualifier)));
        for (number, version) in function.versions.iter().filter(|_| all_versions) {
            told.push((format!("{name}:{number:020}"), brief(call, function, version, Some(&version.number))));
        }
    }
    told.sort_by(|(one, _), (other, _)| one.cmp(other));
    paged("Functions", pages(request, told)?)
}

pub fn versions(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    let target = Target::read(call, name, None)?;
    let function = target.function(call)?.clone();
    let mut told = vec![(String::new(), brief(call, &function, &function.latest, Some("$LATEST")))];
    for (number, version) in &function.versions {
        told.push((format!("{number:020}"), brief(call, &function, version, Some(&version.number))));
    }
    paged("Versions", pages(request, told)?)
}

/// Lists leave out states: those are told by GetFunction alone.
fn brief(call: &Call<'_>, function: &Function, version: &Version, qualifier: Option<&str>) -> Value {
    let mut told = version.tell(call, &function.name, &function.arn, qualifier);
    if let Some(members) = told.as_object_mut() {
        members.retain(|name, _| !name.starts_with("State") && !name.starts_with("LastUpdateStatus"));
    }
    told
}

/// The page of a list that the request asks for.
pub fn pages(request: &Request, told: Vec<(String, Value)>) -> Result<Page<Value>, Failure> {
    let most = match request.query("MaxItems") {
        None => 50,
        Some(asked) => match asked.parse::<usize>() {
            Ok(asked) if asked > 0 => asked.min(50),
            _ => {
                let rule = "Member must have value greater than or equal to 1";
                return Err(constraint(&format!("'{asked}'"), "maxItems", rule));
            }
        },
    };
    page(told, request.query("Marker"), most).ok_or_else(|| invalid("Invalid pagination token"))
}

pub fn paged(member: &str, page: Page<Value>) -> Answer {
    let mut told = json!({ member: page.items });
    if let Some(next) = page.next {
        told["NextMarker"] = next.into();
    }
    Ok(Reply::json(200, &told))
}
