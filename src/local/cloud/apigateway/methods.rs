//! Methods and method responses: what callers may send, and what they may get.

use std::collections::BTreeMap;

use super::input::{Constraints, Input};
use super::model::{Definition, Method, MethodResponse, Resource, Texts};
use super::patch::{self, Op, Patch};
use super::{Answer, fail, mapping_expressions, region, wire};
use crate::local::cloud::{Call, Failure, Reply, Request};

/// Where a method is: API, resource, verb.
pub type Place<'p> = (&'p str, &'p str, &'p str);

pub const VERBS: [&str; 8] = ["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY"];

pub fn put(call: &mut Call<'_>, request: &Request, (api, id, verb): Place<'_>) -> Answer {
    let input = Input::new(request)?;
    let authorization = input.text("authorizationType")?;
    Constraints::default().required("putMethodInput.authorizationType", authorization.as_deref()).check()?;
    let method = Method {
        http_method: verb.to_owned(),
        authorization_type: authorization.unwrap_or_default().to_uppercase(),
        authorizer_id: input.text("authorizerId")?,
        api_key_required: input.flag("apiKeyRequired")?.unwrap_or(false),
        request_validator_id: input.text("requestValidatorId")?,
        operation_name: input.text("operationName")?,
        authorization_scopes: input.texts("authorizationScopes")?,
        request_parameters: input.flag_map("requestParameters")?,
        request_models: input.text_map("requestModels")?,
        method_responses: None,
        method_integration: None,
    };
    let definition = definition(call, api)?;
    let resource = definition.resources.get(id).ok_or_else(fail::no_resource)?;
    check_verb(verb)?;
    if resource.resource_methods.contains_key(verb) {
        return Err(fail::conflict("Method already exists for this resource"));
    }
    check_method(&method, definition)?;
    let reply = wire::reply(201, &method);
    if let Some(resource) = definition.resources.get_mut(id) {
        resource.resource_methods.insert(verb.to_owned(), method);
    }
    Ok(reply)
}

pub fn get(call: &mut Call<'_>, place: Place<'_>) -> Answer {
    Ok(wire::reply(200, method(call, place)?))
}

pub fn update(call: &mut Call<'_>, request: &Request, place: Place<'_>) -> Answer {
    let patches = patch::read(&Input::new(request)?, "updateMethodInput", |found| found)?;
    let mut edited = method(call, place)?.clone();
    for patch in &patches {
        apply(&mut edited, patch)?;
    }
    check_method(&edited, definition(call, place.0)?)?;
    let kept = method(call, place)?;
    *kept = edited;
    Ok(wire::reply(200, kept))
}

pub fn delete(call: &mut Call<'_>, (api, id, verb): Place<'_>) -> Answer {
    resource(call, api, id)?.resource_methods.remove(verb).ok_or_else(fail::no_method)?;
    Ok(Reply::empty(204))
}

pub fn put_response(call: &mut Call<'_>, request: &Request, place: Place<'_>, status: &str) -> Answer {
    let input = Input::new(request)?;
    Constraints::default().status_code(status).check()?;
    let response = MethodResponse {
        status_code: status.to_owned(),
        response_parameters: input.flag_map("responseParameters")?,
        response_models: input.text_map("responseModels")?,
    };
    if method(call, place)?.method_responses.as_ref().is_some_and(|responses| responses.contains_key(status)) {
        return Err(fail::conflict("Response already exists for this resource"));
    }
    check_response(&response, definition(call, place.0)?)?;
    let reply = wire::reply(201, &response);
    method(call, place)?.method_responses.get_or_insert_default().insert(status.to_owned(), response);
    Ok(reply)
}

pub fn get_response(call: &mut Call<'_>, place: Place<'_>, status: &str) -> Answer {
    Constraints::default().status_code(status).check()?;
    Ok(wire::reply(200, response(call, place, status)?))
}

pub fn update_response(call: &mut Call<'_>, request: &Request, place: Place<'_>, status: &str) -> Answer {
    let patches = patch::read(&Input::new(request)?, "updateMethodResponseInput", |found| found.status_code(status))?;
    let mut edited = response(call, place, status)?.clone();
    for patch in &patches {
        apply_to_response(&mut edited, patch)?;
    }
    check_response(&edited, definition(call, place.0)?)?;
    let kept = response(call, place, status)?;
    *kept = edited;
    Ok(wire::reply(201, kept))
}

pub fn delete_response(call: &mut Call<'_>, place: Place<'_>, status: &str) -> Answer {
    Constraints::default().status_code(status).check()?;
    let responses = method(call, place)?.method_responses.as_mut();
    responses.and_then(|responses| responses.remove(status)).ok_or_else(no_response)?;
    Ok(Reply::empty(204))
}

/// The API's draft; below a resource, AWS reports a missing API as a missing resource.
pub fn definition<'a>(call: &'a mut Call<'_>, api: &str) -> Result<&'a mut Definition, Failure> {
    region(call).rest_apis.get_mut(api).map(|api| &mut api.draft).ok_or_else(fail::no_resource)
}

fn resource<'a>(call: &'a mut Call<'_>, api: &str, id: &str) -> Result<&'a mut Resource, Failure> {
    definition(call, api)?.resources.get_mut(id).ok_or_else(fail::no_resource)
}

pub fn method<'a>(call: &'a mut Call<'_>, (api, id, verb): Place<'_>) -> Result<&'a mut Method, Failure> {
    resource(call, api, id)?.resource_methods.get_mut(verb).ok_or_else(fail::no_method)
}

fn response<'a>(call: &'a mut Call<'_>, place: Place<'_>, status: &str) -> Result<&'a mut MethodResponse, Failure> {
    let responses = method(call, place)?.method_responses.as_mut();
    responses.and_then(|responses| responses.get_mut(status)).ok_or_else(no_response)
}

pub fn no_response() -> Failure {
    fail::not_found("Invalid Response status code specified")
}

pub fn check_verb(verb: &str) -> Result<(), Failure> {
    if VERBS.contains(&verb) {
        return Ok(());
    }
    Err(fail::bad_request(format!("Invalid HttpMethod specified. Valid options are {}", VERBS.join(","))))
}

fn check_method(method: &Method, definition: &Definition) -> Result<(), Failure> {
    match method.authorization_type.as_str() {
        "NONE" | "AWS_IAM" => {}
        "CUSTOM" | "COGNITO_USER_POOLS" => {
            return Err(fail::bad_request(
                "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.",
            ));
        }
        _ => {
            return Err(fail::bad_request(
                "Invalid authorization type specified. Valid options are NONE,AWS_IAM,CUSTOM,COGNITO_USER_POOLS",
            ));
        }
    }
    if method.request_validator_id.as_ref().is_some_and(|id| !definition.request_validators.contains_key(id)) {
        return Err(fail::bad_request("Invalid Request Validator identifier specified"));
    }
    check_models(method.request_models.as_ref(), definition)?;
    mapping_expressions::check_request_declarations(method.request_parameters.as_ref())
}

fn check_response(response: &MethodResponse, definition: &Definition) -> Result<(), Failure> {
    check_models(response.response_models.as_ref(), definition)?;
    mapping_expressions::check_response_declarations(response.response_parameters.as_ref())
}

fn check_models(models: Option<&Texts>, definition: &Definition) -> Result<(), Failure> {
    match models.into_iter().flatten().find(|(_, name)| !definition.models.contains_key(*name)) {
        Some((_, name)) => Err(fail::bad_request(format!("Invalid model identifier specified: {name}"))),
        None => Ok(()),
    }
}

fn apply(method: &mut Method, patch: &Patch) -> Result<(), Failure> {
    match patch.parts().as_slice() {
        ["authorizationType"] => {
            patch.only(&[Op::Replace])?;
            method.authorization_type = patch.text().to_uppercase();
        }
        ["authorizerId"] => method.authorizer_id = patch.optional(),
        ["apiKeyRequired"] => {
            patch.only(&[Op::Replace])?;
            method.api_key_required = patch.flag();
        }
        ["operationName"] => method.operation_name = patch.optional(),
        ["requestValidatorId"] => method.request_validator_id = patch.optional(),
        ["authorizationScopes"] => {
            let scope = patch.text();
            let scopes = method.authorization_scopes.get_or_insert_default();
            scopes.retain(|kept| *kept != scope);
            if patch.op != Op::Remove {
                scopes.push(scope);
            }
        }
        ["requestParameters", name] => patch_flags(&mut method.request_parameters, patch, name)?,
        ["requestModels", content_type] => patch_models(&mut method.request_models, patch, content_type)?,
        _ => return Err(patch.invalid_path()),
    }
    patch.edits()
}

fn apply_to_response(response: &mut MethodResponse, patch: &Patch) -> Result<(), Failure> {
    match patch.parts().as_slice() {
        ["responseParameters", name] => patch_flags(&mut response.response_parameters, patch, name)?,
        ["responseModels", content_type] => patch_models(&mut response.response_models, patch, content_type)?,
        _ => return Err(patch.invalid_path()),
    }
    patch.edits()
}

fn patch_flags(kept: &mut Option<BTreeMap<String, bool>>, patch: &Patch, name: &str) -> Result<(), Failure> {
    let flags = kept.get_or_insert_default();
    if patch.op != Op::Add && !flags.contains_key(name) {
        return Err(fail::not_found("Invalid parameter name specified"));
    }
    if patch.op == Op::Remove {
        flags.remove(name);
    } else {
        flags.insert(name.to_owned(), patch.flag());
    }
    if flags.is_empty() {
        *kept = None;
    }
    Ok(())
}

fn patch_models(kept: &mut Option<Texts>, patch: &Patch, content_type: &str) -> Result<(), Failure> {
    let models = kept.get_or_insert_default();
    if patch.op != Op::Add && !models.contains_key(content_type) {
        return Err(fail::not_found("Content-Type specified was not found"));
    }
    if patch.op == Op::Remove {
        models.remove(content_type);
    } else {
        models.insert(content_type.to_owned(), patch.text());
    }
    if models.is_empty() {
        *kept = None;
    }
    Ok(())
}
