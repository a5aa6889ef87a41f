//! Integrations and integration responses: what stands behind a method, and how its answers are told apart.

use std::collections::BTreeMap;

use super::input::{Constraints, Input};
use super::methods::{Place, check_verb, method, no_response};
use super::model::{Integration, IntegrationResponse, Method, Texts, TlsConfig};
use super::patch::{self, Op, Patch};
use super::{Answer, fail, mapping_expressions, wire};
use crate::local::cloud::{Call, Failure, Reply, Request};

const TYPES: [&str; 5] = ["HTTP", "MOCK", "AWS_PROXY", "HTTP_PROXY", "AWS"];
const PASSTHROUGH: [&str; 3] = ["WHEN_NO_MATCH", "NEVER", "WHEN_NO_TEMPLATES"];
const CONTENT_HANDLING: [&str; 2] = ["CONVERT_TO_BINARY", "CONVERT_TO_TEXT"];
const CONNECTION_TYPES: [&str; 2] = ["INTERNET", "VPC_LINK"];
const LARGEST_TEMPLATE: usize = 300 * 1024;

/// Replaces the whole integration, its responses included.
pub fn put(call: &mut Call<'_>, request: &Request, place: Place<'_>) -> Answer {
    let input = Input::new(request)?;
    let integration = integration(&input, place.1)?;
    let method = method(call, place)?;
    check(&integration, method)?;
    Ok(wire::reply(201, method.method_integration.insert(integration)))
}

pub fn get(call: &mut Call<'_>, place: Place<'_>) -> Answer {
    Ok(wire::reply(200, existing(method(call, place)?)?))
}

pub fn update(call: &mut Call<'_>, request: &Request, place: Place<'_>) -> Answer {
    let patches = patch::read(&Input::new(request)?, "updateIntegrationInput", |found| found)?;
    let method = method(call, place)?;
    let mut edited = existing(method)?.clone();
    for patch in &patches {
        apply(&mut edited, patch)?;
    }
    check(&edited, method)?;
    Ok(wire::reply(200, method.method_integration.insert(edited)))
}

pub fn delete(call: &mut Call<'_>, place: Place<'_>) -> Answer {
    method(call, place)?.method_integration.take().ok_or_else(no_integration)?;
    Ok(Reply::empty(204))
}

pub fn put_response(call: &mut Call<'_>, request: &Request, place: Place<'_>, status: &str) -> Answer {
    let input = Input::new(request)?;
    let content_handling = input.text("contentHandling")?;
    Constraints::default()
        .one_of("putIntegrationResponseInput.contentHandling", content_handling.as_deref(), &CONTENT_HANDLING)
        .status_code(status)
        .check()?;
    let response = IntegrationResponse {
        status_code: status.to_owned(),
        selection_pattern: input.text("selectionPattern")?,
        response_parameters: input.text_map("responseParameters")?,
        response_templates: input.text_map("responseTemplates")?.map(templates),
        content_handling,
    };
    let method = method(call, place)?;
    if method.method_integration.is_none() {
        return Err(fail::not_found("No integration defined for method"));
    }
    check_response(&response, method)?;
    let reply = wire::reply(201, &response);
    if let Some(integration) = &mut method.method_integration {
        integration.integration_responses.get_or_insert_default().insert(status.to_owned(), response);
    }
    Ok(reply)
}

pub fn get_response(call: &mut Call<'_>, place: Place<'_>, status: &str) -> Answer {
    Constraints::default().status_code(status).check()?;
    Ok(wire::reply(200, existing_response(method(call, place)?, status)?))
}

pub fn update_response(call: &mut Call<'_>, request: &Request, place: Place<'_>, status: &str) -> Answer {
    let patches =
        patch::read(&Input::new(request)?, "updateIntegrationResponseInput", |found| found.status_code(status))?;
    let method = method(call, place)?;
    let mut edited = existing_response(method, status)?.clone();
    for patch in &patches {
        apply_to_response(&mut edited, patch)?;
    }
    check_response(&edited, method)?;
    let kept = existing_response(method, status)?;
    *kept = edited;
    Ok(wire::reply(200, kept))
}

pub fn delete_response(call: &mut Call<'_>, place: Place<'_>, status: &str) -> Answer {
    Constraints::default().status_code(status).check()?;
    let integration = existing(method(call, place)?)?;
    let removed = integration.integration_responses.as_mut().and_then(|responses| responses.remove(status));
    removed.map(|_| Reply::empty(204)).ok_or_else(no_response)
}

fn no_integration() -> Failure {
    fail::not_found("Invalid Integration identifier specified")
}

fn existing(method: &mut Method) -> Result<&mut Integration, Failure> {
    method.method_integration.as_mut().ok_or_else(no_integration)
}

fn existing_response<'m>(method: &'m mut Method, status: &str) -> Result<&'m mut IntegrationResponse, Failure> {
    let responses = existing(method)?.integration_responses.as_mut();
    responses.and_then(|responses| responses.get_mut(status)).ok_or_else(no_response)
}

fn integration(input: &Input, resource: &str) -> Result<Integration, Failure> {
    let kind = input.text("type")?;
    let connection_type = input.text("connectionType")?;
    let content_handling = input.text("contentHandling")?;
    Constraints::default()
        .required("putIntegrationInput.type", kind.as_deref())
        .one_of("putIntegrationInput.type", kind.as_deref(), &TYPES)
        .one_of("putIntegrationInput.connectionType", connection_type.as_deref(), &CONNECTION_TYPES)
        .one_of("putIntegrationInput.contentHandling", content_handling.as_deref(), &CONTENT_HANDLING)
        .check()?;
    let tls_config = match input.structure("tlsConfig")? {
        Some(tls) => {
            Some(TlsConfig { insecure_skip_verification: tls.flag("insecureSkipVerification")?.unwrap_or(false) })
        }
        None => None,
    };
    Ok(Integration {
        kind: kind.unwrap_or_default(),
        http_method: input.text("httpMethod")?,
        uri: input.text("uri")?,
        connection_type,
        connection_id: input.text("connectionId")?,
        credentials: input.text("credentials")?,
        request_parameters: input.text_map("requestParameters")?,
        request_templates: input.text_map("requestTemplates")?.map(templates),
        passthrough_behavior: input.text("passthroughBehavior")?.unwrap_or_else(|| "WHEN_NO_MATCH".into()),
        content_handling,
        timeout_in_millis: input.integer("timeoutInMillis")?.unwrap_or(29_000),
        cache_namespace: input.text("cacheNamespace")?.unwrap_or_else(|| resource.to_owned()),
        cache_key_parameters: input.texts("cacheKeyParameters")?.unwrap_or_default(),
        tls_config,
        response_transfer_mode: input.text("responseTransferMode")?,
        integration_target: input.text("integrationTarget")?,
        integration_responses: None,
    })
}

/// AWS keeps an empty template as `null`.
fn templates(given: Texts) -> BTreeMap<String, Option<String>> {
    given
        .into_iter()
        .map(|(content_type, template)| (content_type, Some(template).filter(|text| !text.is_empty())))
        .collect()
}

fn check(integration: &Integration, method: &Method) -> Result<(), Failure> {
    if integration.kind != "MOCK" {
        let Some(verb) = integration.http_method.as_deref().filter(|verb| !verb.is_empty()) else {
            return Err(fail::bad_request("Enumeration value for HttpMethod must be non-empty"));
        };
        check_verb(verb)?;
        check_uri(&integration.kind, integration.uri.as_deref().unwrap_or_default())?;
    }
    if !PASSTHROUGH.contains(&integration.passthrough_behavior.as_str()) {
        return Err(fail::bad_request(format!(
            "Invalid passthrough behavior specified. Valid options are {}",
            PASSTHROUGH.join(",")
        )));
    }
    if !(50..=29_000).contains(&integration.timeout_in_millis) {
        return Err(fail::bad_request("Timeout should be between 50 ms and 29000 ms"));
    }
    mapping_expressions::check_request_mappings(integration.request_parameters.as_ref(), method)?;
    check_templates(integration.request_templates.as_ref())
}

fn check_response(response: &IntegrationResponse, method: &Method) -> Result<(), Failure> {
    check_templates(response.response_templates.as_ref())?;
    mapping_expressions::check_response_mappings(response.response_parameters.as_ref(), method, &response.status_code)
}

fn check_templates(templates: Option<&BTreeMap<String, Option<String>>>) -> Result<(), Failure> {
    let Some(templates) = templates else { return Ok(()) };
    mapping_expressions::check_content_types(templates.keys())?;
    if templates.values().flatten().any(|template| template.len() > LARGEST_TEMPLATE) {
        return Err(fail::bad_request("Mapping template exceeds the maximum size of 300 KB"));
    }
    Ok(())
}

/// The shape of what stands behind; whether it exists is found out by calling it.
fn check_uri(kind: &str, uri: &str) -> Result<(), Failure> {
    if kind.starts_with("HTTP") {
        let rest = uri.strip_prefix("http://").or_else(|| uri.strip_prefix("https://"));
        if !rest.is_some_and(|rest| {
            rest.starts_with(|letter: char| letter.is_ascii_alphanumeric() || "${".contains(letter))
        }) {
            return Err(fail::bad_request("Invalid HTTP endpoint specified for URI"));
        }
        return Ok(());
    }
    // arn:{partition}:apigateway:{region}:{service}:{path|action}/{rest}
    let parts: Vec<&str> = uri.splitn(6, ':').collect();
    let ["arn", partition, service, region, target, action] = parts.as_slice() else {
        return Err(fail::bad_request("Invalid ARN specified in the request"));
    };
    if partition.is_empty() || region.is_empty() {
        return Err(fail::bad_request("Invalid ARN specified in the request"));
    }
    let Some(rest) = action.strip_prefix("path/").or_else(|| action.strip_prefix("action/")) else {
        return Err(fail::bad_request("AWS ARN for integration must contain path or action"));
    };
    if *service != "apigateway" {
        return Err(fail::bad_request("Invalid ARN specified in the request"));
    }
    let lambda = *target == "lambda";
    if kind == "AWS_PROXY" && !lambda && *target != "firehose" {
        return Err(fail::bad_request(
            "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations.",
        ));
    }
    let function = rest.strip_prefix("2015-03-31/functions/").and_then(|rest| rest.strip_suffix("/invocations"));
    if lambda
        && !function
            .is_some_and(|arn| arn.starts_with("arn:") && arn.contains(":lambda:") && arn.contains(":function:"))
    {
        return Err(fail::bad_request("Invalid ARN specified in the request"));
    }
    Ok(())
}

fn apply(integration: &mut Integration, patch: &Patch) -> Result<(), Failure> {
    match patch.parts().as_slice() {
        ["type"] => {
            patch.only(&[Op::Replace])?;
            integration.kind = patch.text();
            if !TYPES.contains(&integration.kind.as_str()) {
                return Err(fail::bad_request(format!(
                    "Invalid integration type specified. Valid options are {}",
                    TYPES.join(",")
                )));
            }
        }
        ["httpMethod" | "integrationHttpMethod"] => integration.http_method = patch.optional(),
        ["uri"] => integration.uri = patch.optional(),
        ["credentials"] => integration.credentials = patch.optional(),
        ["connectionType"] => integration.connection_type = patch.optional(),
        ["connectionId"] => integration.connection_id = patch.optional(),
        ["passthroughBehavior"] => integration.passthrough_behavior = patch.text(),
        ["contentHandling"] => integration.content_handling = patch.optional(),
        ["cacheNamespace"] => integration.cache_namespace = patch.text(),
        ["responseTransferMode"] => integration.response_transfer_mode = patch.optional(),
        ["timeoutInMillis"] => {
            patch.only(&[Op::Replace])?;
            integration.timeout_in_millis = patch.number()?;
        }
        ["tlsConfig", "insecureSkipVerification"] => {
            integration.tls_config = Some(TlsConfig { insecure_skip_verification: patch.flag() });
        }
        ["cacheKeyParameters", name] => {
            integration.cache_key_parameters.retain(|kept| kept != name);
            if patch.op != Op::Remove {
                integration.cache_key_parameters.push((*name).to_owned());
            }
        }
        ["requestParameters", name] => patch_texts(&mut integration.request_parameters, patch, name)?,
        ["requestTemplates", content_type] => patch_templates(&mut integration.request_templates, patch, content_type)?,
        _ => return Err(patch.invalid_path()),
    }
    patch.edits()
}

fn apply_to_response(response: &mut IntegrationResponse, patch: &Patch) -> Result<(), Failure> {
    match patch.parts().as_slice() {
        ["selectionPattern"] => response.selection_pattern = patch.optional(),
        ["contentHandling"] => response.content_handling = patch.optional(),
        ["responseParameters", name] => patch_texts(&mut response.response_parameters, patch, name)?,
        ["responseTemplates", content_type] => patch_templates(&mut response.response_templates, patch, content_type)?,
        _ => return Err(patch.invalid_path()),
    }
    patch.edits()
}

fn patch_texts(kept: &mut Option<Texts>, patch: &Patch, name: &str) -> Result<(), Failure> {
    let texts = kept.get_or_insert_default();
    if patch.op != Op::Add && !texts.contains_key(name) {
        return Err(fail::not_found("Invalid parameter name specified"));
    }
    if patch.op == Op::Remove {
        texts.remove(name);
    } else {
        texts.insert(name.to_owned(), patch.text());
    }
    if texts.is_empty() {
        *kept = None;
    }
    Ok(())
}

fn patch_templates(
    kept: &mut Option<BTreeMap<String, Option<String>>>,
    patch: &Patch,
    content_type: &str,
) -> Result<(), Failure> {
    let templates = kept.get_or_insert_default();
    if patch.op != Op::Add && !templates.contains_key(content_type) {
        return Err(fail::not_found("Content-Type specified was not found"));
    }
    if patch.op == Op::Remove {
        templates.remove(content_type);
    } else {
        templates.insert(content_type.to_owned(), patch.optional());
    }
    if templates.is_empty() {
        *kept = None;
    }
    Ok(())
}
