//! Base path mappings: which API's stage answers under a domain name. The empty base path is addressed as `(none)`.

use super::input::{Constraints, Input};
use super::model::{BasePathMapping, Region};
use super::patch::{self, Op};
use super::{Answer, domains, fail, region, wire};
use crate::local::cloud::{Call, Failure, Reply, Request};

const NONE: &str = "(none)";

pub fn create(call: &mut Call<'_>, request: &Request, domain: &str) -> Answer {
    let input = Input::new(request)?;
    let api = input.text("restApiId")?;
    Constraints::default().required("createBasePathMappingInput.restApiId", api.as_deref()).check()?;
    let mapping = BasePathMapping {
        base_path: input.text("basePath")?.filter(|path| !path.is_empty()).unwrap_or_else(|| NONE.into()),
        rest_api_id: api.unwrap_or_default(),
        stage: input.text("stage")?.filter(|stage| !stage.is_empty() && stage != NONE),
    };
    let routing = domains::domain(call, domain)?.routing_mode.clone();
    if routing == "ROUTING_RULE_ONLY" {
        return Err(fail::bad_request(
            "Base path mappings cannot be created for a domain name in the ROUTING_RULE_ONLY routing mode",
        ));
    }
    check(region(call), &mapping)?;
    let mappings = &mut domains::domain(call, domain)?.base_path_mappings;
    if mappings.contains_key(&mapping.base_path) {
        return Err(taken());
    }
    let reply = wire::reply(201, &mapping);
    mappings.insert(mapping.base_path.clone(), mapping);
    Ok(reply)
}

pub fn list(call: &mut Call<'_>, request: &Request, domain: &str) -> Answer {
    let mappings = &domains::domain(call, domain)?.base_path_mappings;
    wire::page(request, mappings.values().map(|mapping| (mapping.base_path.clone(), wire::value(mapping))))
}

pub fn get(call: &mut Call<'_>, domain: &str, base_path: &str) -> Answer {
    Ok(wire::reply(200, domains::domain(call, domain)?.base_path_mappings.get(base_path).ok_or_else(no_mapping)?))
}

pub fn update(call: &mut Call<'_>, request: &Request, domain: &str, base_path: &str) -> Answer {
    let patches = patch::read(&Input::new(request)?, "updateBasePathMappingInput", |found| found)?;
    let mut mapping = domains::domain(call, domain)?.base_path_mappings.get(base_path).ok_or_else(no_mapping)?.clone();
    for patch in &patches {
        patch.only(&[Op::Replace])?;
        match patch.path.as_str() {
            "/basePath" => mapping.base_path = patch.optional().unwrap_or_else(|| NONE.into()),
            "/restapiId" => mapping.rest_api_id = patch.text(),
            "/stage" => mapping.stage = patch.optional().filter(|stage| stage != NONE),
            _ => return Err(patch.not_one_of(&["/basePath", "/restapiId", "/stage"])),
        }
    }
    check(region(call), &mapping)?;
    let mappings = &mut domains::domain(call, domain)?.base_path_mappings;
    if mapping.base_path != base_path && mappings.contains_key(&mapping.base_path) {
        return Err(taken());
    }
    let reply = wire::reply(200, &mapping);
    mappings.remove(base_path);
    mappings.insert(mapping.base_path.clone(), mapping);
    Ok(reply)
}

pub fn delete(call: &mut Call<'_>, domain: &str, base_path: &str) -> Answer {
    domains::domain(call, domain)?.base_path_mappings.remove(base_path).ok_or_else(no_mapping)?;
    Ok(Reply::empty(202))
}

fn no_mapping() -> Failure {
    fail::not_found("Invalid base path mapping identifier specified")
}

fn taken() -> Failure {
    fail::conflict("Base path already exists for this domain name")
}

fn check(region: &Region, mapping: &BasePathMapping) -> Result<(), Failure> {
    if mapping.base_path.contains('/') {
        return Err(fail::bad_request(
            "API Gateway V1 doesn't support the slash character (/) in base path mappings. To create a multi-level base path mapping, use API Gateway V2.",
        ));
    }
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "$-_.+!*'()".contains(letter);
    if !mapping.base_path.chars().all(allowed) {
        return Err(fail::bad_request("Base path only allows letters, numbers, and the characters $-_.+!*'()"));
    }
    let Some(api) = region.rest_apis.get(&mapping.rest_api_id) else {
        return Err(fail::bad_request("Invalid REST API identifier specified"));
    };
    if mapping.stage.as_ref().is_some_and(|stage| !api.stages.contains_key(stage)) {
        return Err(fail::bad_request("Invalid stage identifier specified"));
    }
    Ok(())
}
