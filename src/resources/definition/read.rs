//! The draft as AWS tells it, in our vocabulary: four lists, asked for at once.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_apigateway::types as api;
use serde_json::Value;

use super::model::{GatewayResponse, Integration, IntegrationResponse, Method, MethodResponse, Model, Validator};
use super::{Methods, Observed};
use crate::aws::{Aws, Repeat, Result, found, ordered};

const PAGE: i32 = 500;

/// Reads all of a draft; nothing where the API is gone.
pub(super) async fn draft(aws: &Aws<'_>, id: &str) -> Result<Option<Observed>> {
    let read = async {
        tokio::try_join!(resources(aws, id), models(aws, id), validators(aws, id), gateway_responses(aws, id))
    };
    let Some((resources, models, validators, gateway_responses)) = found(read.await)? else { return Ok(None) };
    let names: BTreeMap<String, String> =
        validators.iter().filter_map(|one| Some((one.id()?.to_owned(), one.name()?.to_owned()))).collect();
    let mut observed = Observed::default();
    for resource in resources {
        let (Some(path), Some(resource_id)) = (resource.path(), resource.id()) else { continue };
        let methods = resource.resource_methods().into_iter().flatten();
        let methods: Methods = methods.map(|(verb, method)| (verb.clone(), self::method(method, &names))).collect();
        if path != "/" || !methods.is_empty() {
            observed.definition.resources.insert(path.to_owned(), methods);
        }
        observed.resource_ids.insert(path.to_owned(), resource_id.to_owned());
    }
    observed.definition.models = models;
    observed.definition.validators = validators
        .iter()
        .filter_map(|one| {
            let checks = Validator { parameters: one.validate_request_parameters(), body: one.validate_request_body() };
            Some((one.name()?.to_owned(), checks))
        })
        .collect();
    observed.definition.gateway_responses = gateway_responses;
    observed.validator_ids = names.into_iter().map(|(id, name)| (name, id)).collect();
    Ok(Some(observed))
}

async fn resources(aws: &Aws<'_>, id: &str) -> Result<Vec<api::Resource>> {
    let (mut all, mut position) = (Vec::new(), None);
    loop {
        let call = || {
            let request = aws.apigateway().get_resources().rest_api_id(id).limit(PAGE).embed("methods");
            request.set_position(position.clone()).send()
        };
        let page = aws.call("apigateway", "GetResources", Repeat::Safe, call).await?;
        position = page.position;
        all.extend(page.items.unwrap_or_default());
        if position.is_none() {
            return Ok(all);
        }
    }
}

async fn models(aws: &Aws<'_>, id: &str) -> Result<BTreeMap<String, Model>> {
    let (mut all, mut position) = (BTreeMap::new(), None);
    loop {
        let call = || aws.apigateway().get_models().rest_api_id(id).limit(PAGE).set_position(position.clone()).send();
        let page = aws.call("apigateway", "GetModels", Repeat::Safe, call).await?;
        position = page.position;
        for model in page.items.unwrap_or_default() {
            let name = model.name.unwrap_or_default();
            // Every API is born with these two (B1); they are not ours to keep or remove.
            if name != "Empty" && name != "Error" {
                let text = model.schema.unwrap_or_default();
                all.insert(
                    name,
                    Model {
                        content_type: model.content_type.unwrap_or_default(),
                        description: model.description.filter(|text| !text.is_empty()),
                        schema: serde_json::from_str(&text).unwrap_or(Value::String(text)),
                    },
                );
            }
        }
        if position.is_none() {
            return Ok(all);
        }
    }
}

pub(super) async fn validators(aws: &Aws<'_>, id: &str) -> Result<Vec<api::RequestValidator>> {
    let call = || aws.apigateway().get_request_validators().rest_api_id(id).limit(PAGE).send();
    let page = aws.call("apigateway", "GetRequestValidators", Repeat::Safe, call).await?;
    Ok(page.items.unwrap_or_default())
}

async fn gateway_responses(aws: &Aws<'_>, id: &str) -> Result<BTreeMap<String, GatewayResponse>> {
    let call = || aws.apigateway().get_gateway_responses().rest_api_id(id).limit(PAGE).send();
    let page = aws.call("apigateway", "GetGatewayResponses", Repeat::Safe, call).await?;
    let set = page.items.unwrap_or_default().into_iter().filter(|response| !response.default_response);
    Ok(set
        .filter_map(|response| {
            let kind = response.response_type?.as_str().to_owned();
            let parameters = ordered(response.response_parameters.as_ref());
            let templates = ordered(response.response_templates.as_ref());
            Some((kind, GatewayResponse { status: response.status_code, parameters, templates }))
        })
        .collect())
}

fn method(method: &api::Method, validators: &BTreeMap<String, String>) -> Method {
    let validator = method.request_validator_id().filter(|id| !id.is_empty());
    Method {
        authorization: method.authorization_type().unwrap_or("NONE").to_uppercase(),
        api_key_required: method.api_key_required().unwrap_or_default(),
        operation_name: text(method.operation_name()),
        request_parameters: flags(method.request_parameters()),
        request_models: ordered(method.request_models()),
        validator: validator.map(|id| validators.get(id).cloned().unwrap_or_else(|| format!("(unknown {id})"))),
        responses: method
            .method_responses()
            .into_iter()
            .flatten()
            .map(|(code, response)| {
                let parameters = flags(response.response_parameters());
                (code.clone(), MethodResponse { parameters, models: ordered(response.response_models()) })
            })
            .collect(),
        integration: method.method_integration().map(integration),
    }
}

fn integration(integration: &api::Integration) -> Integration {
    let kind = integration.r#type().map_or("", api::IntegrationType::as_str).to_owned();
    let mock = kind == "MOCK";
    Integration {
        method: text(integration.http_method()).filter(|_| !mock),
        uri: text(integration.uri()),
        passthrough: text(integration.passthrough_behavior()).unwrap_or_else(|| "WHEN_NO_MATCH".to_owned()),
        content_handling: integration.content_handling().map(|handling| handling.as_str().to_owned()),
        timeout_ms: match integration.timeout_in_millis() {
            0 => 29_000,
            millis => millis,
        },
        parameters: ordered(integration.request_parameters()),
        templates: ordered(integration.request_templates()),
        responses: integration
            .integration_responses()
            .into_iter()
            .flatten()
            .map(|(code, response)| {
                let response = IntegrationResponse {
                    pattern: text(response.selection_pattern()),
                    parameters: ordered(response.response_parameters()),
                    templates: ordered(response.response_templates()),
                    content_handling: response.content_handling().map(|handling| handling.as_str().to_owned()),
                };
                (code.clone(), response)
            })
            .collect(),
        kind,
    }
}

/// AWS tells an unset text as nothing or as the empty one.
fn text(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

fn flags(map: Option<&HashMap<String, bool>>) -> BTreeMap<String, bool> {
    map.into_iter().flatten().map(|(key, value)| (key.clone(), *value)).collect()
}
