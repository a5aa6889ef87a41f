//! Aliases: names that point at versions.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::local::cloud::{Call, Failure, Reply, Request};

use super::configure::text;
use super::create::required;
use super::name::Target;
use super::read::{paged, pages};
use super::{Alias, Answer, Function, conflict, constraint, invalid, missing, revision, stale_revision};

pub fn create(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    let input = request.json();
    let alias = required(&input, "Name", "name")?.to_owned();
    check_name(&alias)?;
    let version = required(&input, "FunctionVersion", "functionVersion")?.to_owned();
    let weights = weights(&input["RoutingConfig"])?.unwrap_or_default();
    let target = of_version(call, name, &version)?;
    let fresh = revision(call);
    let function = target.function(call)?;
    check_version(function, &target, &version, &weights)?;
    if function.aliases.contains_key(&alias) {
        return Err(conflict(format!("Alias already exists: {}:{alias}", target.arn)));
    }
    let description = described(&input)?.unwrap_or_default();
    let made = Alias { name: alias.clone(), version, description, weights, revision: fresh };
    let told = tell(&target.arn, &made);
    function.aliases.insert(alias, made);
    Ok(Reply::json(201, &told))
}

fn described(input: &Value) -> Result<Option<String>, Failure> {
    text(input, "Description", "description", 256)
}

pub fn get(call: &mut Call<'_>, name: &str, alias: &str) -> Answer {
    let target = Target::read(call, name, None)?;
    let function = target.function(call).map_err(|_| cannot_find(&target, alias))?;
    let found = function.aliases.get(alias).ok_or_else(|| cannot_find(&target, alias))?;
    Ok(Reply::json(200, &tell(&target.arn, found)))
}

fn cannot_find(target: &Target, alias: &str) -> Failure {
    missing(format!("Cannot find alias arn: {}:{alias}", target.arn))
}

pub fn list(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    let target = Target::read(call, name, None)?;
    let version = request.query("FunctionVersion");
    let aliases = &target.function(call)?.aliases;
    let of = aliases.iter().filter(|(_, alias)| version.is_none_or(|version| alias.version == version));
    let told = of.map(|(name, alias)| (name.clone(), tell(&target.arn, alias))).collect();
    paged("Aliases", pages(request, told)?)
}

pub fn update(call: &mut Call<'_>, name: &str, alias: &str, request: &Request) -> Answer {
    let input = request.json();
    let target = Target::read(call, name, None)?;
    let not_found = || missing(format!("Alias not found: {}:{alias}", target.arn));
    let fresh = revision(call);
    let given = weights(&input["RoutingConfig"])?;
    let function = target.function(call).map_err(|_| not_found())?;
    let mut changed = function.aliases.get(alias).ok_or_else(not_found)?.clone();
    let expected = input["RevisionId"].as_str();
    if expected.is_some_and(|expected| expected != changed.revision) {
        return Err(stale_revision("GetFunction/GetAlias"));
    }
    if let Some(version) = input["FunctionVersion"].as_str() {
        version.clone_into(&mut changed.version);
    }
    if let Some(weights) = given {
        changed.weights = weights;
    }
    if let Some(description) = described(&input)? {
        changed.description = description;
    }
    check_version(function, &target, &changed.version, &changed.weights)?;
    changed.revision = fresh;
    let told = tell(&target.arn, &changed);
    function.aliases.insert(alias.to_owned(), changed);
    Ok(Reply::json(200, &told))
}

/// Deleting an alias that is not there succeeds; its policy goes with it.
pub fn delete(call: &mut Call<'_>, name: &str, alias: &str) -> Answer {
    let target = Target::read(call, name, None)?;
    let function = target.function(call)?;
    function.aliases.remove(alias);
    function.policies.remove(alias);
    Ok(Reply::empty(204))
}

/// Errors name the version asked for.
fn of_version(call: &Call<'_>, name: &str, version: &str) -> Result<Target, Failure> {
    let target = Target::read(call, name, None)?;
    Ok(Target { qualifier: Some(version.to_owned()), ..target })
}

fn check_name(alias: &str) -> Result<(), Failure> {
    let word = alias.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if alias.is_empty() || !word || alias.bytes().all(|byte| byte.is_ascii_digit()) {
        let rule = "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)";
        return Err(constraint(&format!("'{alias}'"), "name", rule));
    }
    if alias.len() > 128 {
        return Err(constraint(&format!("'{alias}'"), "name", "Member must have length less than or equal to 128"));
    }
    Ok(())
}

/// `AdditionalVersionWeights`: absent, or empty to clear it.
fn weights(routing: &Value) -> Result<Option<BTreeMap<String, f64>>, Failure> {
    if !routing.is_object() {
        return Ok(None);
    }
    let mut weights = BTreeMap::new();
    for (version, weight) in routing["AdditionalVersionWeights"].as_object().into_iter().flatten() {
        let weight = weight.as_f64().unwrap_or_default();
        let told = format!("'{{{version}={weight:?}}}'");
        let member = "routingConfig.additionalVersionWeights";
        if version.is_empty() || !version.bytes().all(|byte| byte.is_ascii_digit()) {
            let rule = "Map keys must satisfy constraint: [Member must have length less than or equal to 1024, Member \
                        must have length greater than or equal to 1, Member must satisfy regular expression pattern: \
                        [0-9]+]";
            return Err(constraint(&told, member, rule));
        }
        if !(0.0..=1.0).contains(&weight) {
            let rule = "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member \
                        must have value greater than or equal to 0.0, Member must not be null]";
            return Err(constraint(&told, member, rule));
        }
        weights.insert(version.clone(), weight);
    }
    if weights.len() > 1 {
        return Err(invalid("Number of items in AdditionalVersionWeights cannot be greater than 1"));
    }
    Ok(Some(weights))
}

fn check_version(
    function: &Function,
    target: &Target,
    version: &str,
    weights: &BTreeMap<String, f64>,
) -> Result<(), Failure> {
    for wanted in std::iter::once(version).chain(weights.keys().map(String::as_str)) {
        if function.version(wanted).is_none() {
            return Err(missing(format!("Function not found: {}:{wanted}", target.arn)));
        }
    }
    if version == "$LATEST" && !weights.is_empty() {
        return Err(invalid("$LATEST is not supported for an alias pointing to more than 1 version"));
    }
    if weights.contains_key(version) {
        return Err(invalid(format!(
            "Invalid function version {version}. Function version {version} is already included in routing \
             configuration."
        )));
    }
    Ok(())
}

fn tell(arn: &str, alias: &Alias) -> Value {
    let mut told = json!({
        "AliasArn": format!("{arn}:{}", alias.name),
        "Name": alias.name,
        "FunctionVersion": alias.version,
        "Description": alias.description,
        "RevisionId": alias.revision,
    });
    if !alias.weights.is_empty() {
        told["RoutingConfig"] = json!({ "AdditionalVersionWeights": alias.weights });
    }
    told
}
