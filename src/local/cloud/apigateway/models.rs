//! Models and request validators: what requests are checked against.

use std::collections::BTreeMap;

use serde_json::Value;

use super::input::{Constraints, Input};
use super::model::{Definition, Model, RequestValidator};
use super::{Answer, api, fail, patch, region, wire};
use crate::local::cloud::{Call, Failure, LOWER, Reply, Request};

const LARGEST_SCHEMA: usize = 400 * 1024;

const EMPTY: &str = "{\n  \"$schema\": \"http://json-schema.org/draft-04/schema#\",\n  \"title\" : \"Empty Schema\",\n  \"type\" : \"object\"\n}";
const ERROR: &str = "{\n  \"$schema\" : \"http://json-schema.org/draft-04/schema#\",\n  \"title\" : \"Error Schema\",\n  \"type\" : \"object\",\n  \"properties\" : {\n    \"message\" : { \"type\" : \"string\" }\n  }\n}";

/// The two models every API has from the start.
pub fn born_with(call: &mut Call<'_>) -> BTreeMap<String, Model> {
    let born = [
        ("Empty", "This is a default empty schema model", EMPTY),
        ("Error", "This is a default error schema model", ERROR),
    ];
    born.into_iter()
        .map(|(name, description, schema)| {
            let model = Model {
                id: call.id(6, LOWER),
                name: name.into(),
                description: Some(description.into()),
                schema: Some(schema.into()),
                content_type: "application/json".into(),
            };
            (name.to_owned(), model)
        })
        .collect()
}

pub fn create(call: &mut Call<'_>, request: &Request, api_id: &str) -> Answer {
    let input = Input::new(request)?;
    let (name, content_type) = (input.text("name")?, input.text("contentType")?);
    Constraints::default()
        .required("createModelInput.name", name.as_deref())
        .required("createModelInput.contentType", content_type.as_deref())
        .check()?;
    let name = name.unwrap_or_default();
    let schema = input.text("schema")?;
    let id = call.id(6, LOWER);
    let models = &mut api(call, api_id)?.draft.models;
    if name.is_empty() {
        return Err(fail::bad_request("Model name must be non-empty"));
    }
    if !name.chars().all(|letter| letter.is_ascii_alphanumeric()) {
        return Err(fail::bad_request(format!("Model name must be alphanumeric: {name}")));
    }
    check_schema(schema.as_deref())?;
    if models.contains_key(&name) {
        return Err(fail::conflict("Model name already exists for this REST API"));
    }
    let model = Model {
        id,
        name: name.clone(),
        description: input.text("description")?,
        schema,
        content_type: content_type.unwrap_or_default(),
    };
    let reply = wire::reply(201, &model);
    models.insert(name, model);
    Ok(reply)
}

pub fn list(call: &mut Call<'_>, request: &Request, api_id: &str) -> Answer {
    let models = &api(call, api_id)?.draft.models;
    wire::page(request, models.values().map(|model| (model.name.clone(), wire::value(model))))
}

pub fn get(call: &mut Call<'_>, api_id: &str, name: &str) -> Answer {
    let models = &api(call, api_id)?.draft.models;
    Ok(wire::reply(200, models.get(name).ok_or_else(|| no_model(name))?))
}

pub fn update(call: &mut Call<'_>, request: &Request, api_id: &str, name: &str) -> Answer {
    let patches = patch::read(&Input::new(request)?, "updateModelInput", |found| found)?;
    let kept = api(call, api_id)?.draft.models.get_mut(name).ok_or_else(|| no_model(name))?;
    let mut model = kept.clone();
    for patch in &patches {
        match patch.replaces(&["/description", "/schema"])? {
            "/description" => model.description = patch.optional(),
            _ => {
                model.schema = patch.value.clone();
                check_schema(model.schema.as_deref())?;
            }
        }
    }
    *kept = model;
    Ok(wire::reply(200, kept))
}

pub fn delete(call: &mut Call<'_>, api_id: &str, name: &str) -> Answer {
    let draft = &mut api(call, api_id)?.draft;
    if !draft.models.contains_key(name) {
        return Err(no_model(name));
    }
    if let Some(user) = model_user(draft, name) {
        return Err(fail::conflict(format!("Cannot delete model '{name}', is referenced in {user}")));
    }
    draft.models.remove(name);
    Ok(Reply::empty(202))
}

fn no_model(name: &str) -> Failure {
    fail::not_found(format!("Invalid model name specified: {name}"))
}

fn check_schema(schema: Option<&str>) -> Result<(), Failure> {
    let Some(schema) = schema else { return Ok(()) };
    if schema.is_empty() {
        return Err(fail::bad_request("Model schema must have at least 1 property or array items defined"));
    }
    if schema.len() > LARGEST_SCHEMA {
        return Err(fail::bad_request("Model schema exceeds the maximum size of 400 KB"));
    }
    match serde_json::from_str(schema) {
        Ok(Value::Object(_)) => Ok(()),
        _ => Err(fail::bad_request("Invalid model schema specified")),
    }
}

/// Who refers to the model, in AWS's words: path, then verb.
fn model_user(draft: &Definition, name: &str) -> Option<String> {
    let in_map = |models: Option<&BTreeMap<String, String>>| {
        models.is_some_and(|models| models.values().any(|model| model == name))
    };
    let methods = draft.resources.values().flat_map(|resource| {
        resource.resource_methods.values().map(|method| (format!("{}/{}", resource.path, method.http_method), method))
    });
    for (place, method) in methods {
        if in_map(method.request_models.as_ref()) {
            return Some(format!("method request: {place}"));
        }
        for response in method.method_responses.iter().flat_map(BTreeMap::values) {
            if in_map(response.response_models.as_ref()) {
                return Some(format!("method response: {place}/{}", response.status_code));
            }
        }
    }
    let reference = format!("/models/{name}\"");
    let by_model = draft
        .models
        .values()
        .find(|model| model.name != name && model.schema.as_ref().is_some_and(|schema| schema.contains(&reference)));
    by_model.map(|model| format!("model: {}", model.name))
}

pub fn create_validator(call: &mut Call<'_>, request: &Request, api_id: &str) -> Answer {
    let input = Input::new(request)?;
    let id = call.id(6, LOWER);
    let validator = RequestValidator {
        id: id.clone(),
        name: input.text("name")?,
        validate_request_body: input.flag("validateRequestBody")?.unwrap_or(false),
        validate_request_parameters: input.flag("validateRequestParameters")?.unwrap_or(false),
    };
    // This one create reports a missing API in its own way.
    let Some(api) = region(call).rest_apis.get_mut(api_id) else {
        return Err(fail::bad_request("Invalid REST API identifier specified"));
    };
    let reply = wire::reply(201, &validator);
    api.draft.request_validators.insert(id, validator);
    Ok(reply)
}

pub fn list_validators(call: &mut Call<'_>, request: &Request, api_id: &str) -> Answer {
    let validators = &api(call, api_id)?.draft.request_validators;
    wire::page(request, validators.values().map(|validator| (validator.id.clone(), wire::value(validator))))
}

pub fn get_validator(call: &mut Call<'_>, api_id: &str, id: &str) -> Answer {
    let validators = &api(call, api_id)?.draft.request_validators;
    Ok(wire::reply(200, validators.get(id).ok_or_else(no_validator)?))
}

pub fn update_validator(call: &mut Call<'_>, request: &Request, api_id: &str, id: &str) -> Answer {
    let patches = patch::read(&Input::new(request)?, "updateRequestValidatorInput", |found| found)?;
    let kept = api(call, api_id)?.draft.request_validators.get_mut(id).ok_or_else(no_validator)?;
    let mut validator = kept.clone();
    for patch in &patches {
        match patch.replaces(&["/name", "/validateRequestParameters", "/validateRequestBody"])? {
            "/name" if patch.text().trim().is_empty() => {
                return Err(fail::bad_request("Request Validator name cannot be blank"));
            }
            "/name" => validator.name = patch.value.clone(),
            "/validateRequestParameters" => validator.validate_request_parameters = patch.flag(),
            _ => validator.validate_request_body = patch.flag(),
        }
    }
    *kept = validator;
    Ok(wire::reply(200, kept))
}

pub fn delete_validator(call: &mut Call<'_>, api_id: &str, id: &str) -> Answer {
    let draft = &mut api(call, api_id)?.draft;
    if !draft.request_validators.contains_key(id) {
        return Err(no_validator());
    }
    let user = draft.resources.values().find_map(|resource| {
        let mut methods = resource.resource_methods.values();
        let method = methods.find(|method| method.request_validator_id.as_deref() == Some(id))?;
        Some(format!("{}/{}", resource.path, method.http_method))
    });
    if let Some(user) = user {
        return Err(fail::conflict(format!(
            "Cannot delete request validator '{id}', is referenced in method request: {user}"
        )));
    }
    draft.request_validators.remove(id);
    Ok(Reply::empty(202))
}

fn no_validator() -> Failure {
    fail::not_found("Invalid Request Validator identifier specified")
}
