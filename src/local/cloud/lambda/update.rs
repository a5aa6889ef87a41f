//! Functions changed, published and deleted.

use serde_json::Value;

use crate::local::cloud::{Call, Failure, Reply, Request};

use super::name::Target;
use super::runtime::Purpose;
use super::{
    Alias, Answer, Function, Version, code, configure, conflict, functions, image, invalid, revision, stale_revision,
};

pub fn configuration(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    let input = request.json();
    let target = unqualified(call, name)?;
    let function = changeable(call, &target, &input)?;
    if function.latest.code.image.is_some() {
        image::refuse_runtime(&input)?;
    }
    let configuration = configure::read(&input, function.latest.configuration.clone(), Purpose::Update, call.now)?;
    if input["Role"].is_string() {
        configure::check_assumable(call, &configuration.role)?;
    }
    let mut latest = function.latest;
    latest.configuration = configuration;
    touch(call, &mut latest);
    target.function(call)?.latest = latest.clone();
    Ok(Reply::json(200, &latest.tell(call, &target.name, &target.arn, None)))
}

pub fn code(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    code::check_request_size(request.body.len(), "UpdateFunctionCode")?;
    let input = request.json();
    let target = unqualified(call, name)?;
    changeable(call, &target, &input)?;
    let of_image = target.function(call)?.latest.code.image.is_some();
    match (of_image, input["ImageUri"].is_string()) {
        (false, true) => {
            return Err(invalid("Please don't provide ImageUri when updating a function with packageType Zip."));
        }
        (true, false) => {
            return Err(invalid("Please provide ImageUri when updating a function with packageType Image."));
        }
        _ => {}
    }
    let architecture = configure::architecture(&input)?;
    let code = code::load(call, &input, of_image)?;
    let mut latest = target.function(call)?.latest.clone();
    latest.code = code;
    latest.configuration.architecture = architecture.unwrap_or(latest.configuration.architecture);
    if !input["DryRun"].as_bool().unwrap_or_default() {
        touch(call, &mut latest);
        target.function(call)?.latest = latest.clone();
        if input["Publish"].as_bool().unwrap_or_default() {
            let published = publish_latest(call, &target, None)?;
            let number = published.number.clone();
            return Ok(Reply::json(200, &published.tell(call, &target.name, &target.arn, Some(&number))));
        }
    }
    Ok(Reply::json(200, &latest.tell(call, &target.name, &target.arn, None)))
}

/// Begins an update: a new revision id now, and another when it is through.
fn touch(call: &mut Call<'_>, latest: &mut Version) {
    latest.revision = revision(call);
    latest.settled_revision = Some(revision(call));
    latest.modified = call.now;
    latest.updated = Some(call.now);
}

pub fn publish(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    let input = request.json();
    let target = unqualified(call, name)?;
    let function = changeable(call, &target, &input)?;
    let current = &function.latest.code.sha256;
    if let Some(expected) = input["CodeSha256"].as_str().filter(|expected| !expected.is_empty() && expected != current)
    {
        return Err(invalid(format!(
            "CodeSHA256 ({expected}) is different from current CodeSHA256 in $LATEST ({current}). Please try again \
             with the CodeSHA256 in $LATEST."
        )));
    }
    let published = publish_latest(call, &target, input["Description"].as_str())?;
    let number = published.number.clone();
    Ok(Reply::json(201, &published.tell(call, &target.name, &target.arn, Some(&number))))
}

/// The version published last if nothing changed since, else a new one.
fn publish_latest(call: &mut Call<'_>, target: &Target, description: Option<&str>) -> Result<Version, Failure> {
    let fresh = revision(call);
    let now = call.now;
    let function = target.function(call)?;
    if let Some(last) = function.versions.get(&function.last_published)
        && last.code == function.latest.code
        && function.last_published_from.as_ref() == Some(&function.latest.configuration)
    {
        return Ok(last.clone());
    }
    let number = function.last_published.saturating_add(1);
    let mut published = function.latest.clone();
    published.number = number.to_string();
    published.revision = fresh;
    published.settled_revision = None;
    published.modified = now;
    if let Some(description) = description {
        published.configuration.description = description.to_owned();
    }
    function.versions.insert(number, published.clone());
    function.last_published = number;
    function.last_published_from = Some(function.latest.configuration.clone());
    Ok(published)
}

/// Function and version deletions in one, as the operation has it.
pub fn delete(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    let target = Target::read(call, name, request.query("Qualifier"))?;
    let function = target.function(call)?.clone();
    check_pending(&function.latest, call)?;
    let Some(qualifier) = &target.qualifier else {
        functions(call).remove(&target.name);
        return Ok(Reply::empty(204));
    };
    if qualifier == "$LATEST" {
        return Err(invalid("$LATEST version cannot be deleted without deleting the function."));
    }
    // Deleting a version that is not there succeeds.
    let Ok(number) = qualifier.parse::<u64>() else {
        return Err(invalid("Deletion of aliases is not currently supported."));
    };
    let holds = |alias: &&Alias| alias.version == *qualifier || alias.weights.contains_key(qualifier);
    let holders: Vec<&str> = function.aliases.values().filter(holds).map(|alias| alias.name.as_str()).collect();
    if !holders.is_empty() {
        let message = "Unable to delete version because the following aliases reference it:";
        return Err(conflict(format!("{message} [{}]", holders.join(", "))));
    }
    let function = target.function(call)?;
    function.versions.remove(&number);
    function.policies.remove(qualifier);
    Ok(Reply::empty(204))
}

/// These operations mean what can be changed: a function without a qualifier.
fn unqualified(call: &Call<'_>, name: &str) -> Result<Target, Failure> {
    let target = Target::read(call, name, None)?;
    match target.qualifier.as_deref() {
        None | Some("$LATEST") => Ok(Target { qualifier: None, ..target }),
        Some(_) => Err(invalid(
            "This operation is permitted on Lambda functions only. Aliases and versions do not support this \
             operation. Please specify either a function name or an unqualified function ARN.",
        )),
    }
}

/// The function, if it may be changed now and `RevisionId` is its latest.
fn changeable(call: &mut Call<'_>, target: &Target, input: &Value) -> Result<Function, Failure> {
    let function = target.function(call)?.clone();
    check_pending(&function.latest, call)?;
    if function.latest.update_in_progress(call) {
        return Err(conflict(format!(
            "The operation cannot be performed at this time. An update is in progress for resource: {}",
            target.arn
        )));
    }
    let expected = input["RevisionId"].as_str();
    if expected.is_some_and(|expected| expected != function.latest.revision(call)) {
        return Err(stale_revision("GetFunction/GetAlias"));
    }
    Ok(function)
}

fn check_pending(latest: &Version, call: &Call<'_>) -> Result<(), Failure> {
    match latest.state(call) {
        "Pending" => Err(conflict(
            "The operation cannot be performed at this time. The function is currently in the following state: Pending",
        )),
        _ => Ok(()),
    }
}
