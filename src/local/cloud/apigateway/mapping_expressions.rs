//! The little language of parameter mappings: `method.request.querystring.gre`, `integration.response.header.X`,
//! `context.…`, `stageVariables.…`, `'static'`, and who must have declared what (`AWS_FACTS` B1).

use std::collections::{BTreeMap, BTreeSet};

use super::fail;
use super::model::{Method, Texts};
use crate::local::cloud::Failure;

/// `requestParameters` of a method: known places, and no name in two of them.
pub fn check_request_declarations(parameters: Option<&BTreeMap<String, bool>>) -> Result<(), Failure> {
    let mut names = BTreeSet::new();
    for key in parameters.into_iter().flatten().map(|(key, _)| key) {
        let place = key.strip_prefix("method.request.").and_then(|rest| rest.split_once('.'));
        let Some((_, name)) =
            place.filter(|(place, name)| ["querystring", "path", "header"].contains(place) && is_name(name))
        else {
            return Err(invalid(key));
        };
        if !names.insert(name) {
            return Err(fail::bad_request("Parameter names must be unique across querystring, header and path"));
        }
    }
    Ok(())
}

/// `responseParameters` of a method response: headers.
pub fn check_response_declarations(parameters: Option<&BTreeMap<String, bool>>) -> Result<(), Failure> {
    match parameters.into_iter().flatten().find(|(key, _)| !is_response_header(key)) {
        Some((key, _)) => Err(invalid(key)),
        None => Ok(()),
    }
}

/// `requestParameters` of an integration: where to, and from what the method declares.
pub fn check_request_mappings(mappings: Option<&Texts>, method: &Method) -> Result<(), Failure> {
    for (target, source) in mappings.into_iter().flatten() {
        let place = target.strip_prefix("integration.request.").and_then(|rest| rest.split_once('.'));
        if !place.is_some_and(|(place, name)| ["querystring", "path", "header"].contains(&place) && is_name(name)) {
            return Err(invalid(target));
        }
        check_request_source(source, method)?;
    }
    Ok(())
}

/// `responseParameters` of an integration response: to headers that the method response of the same status declares.
pub fn check_response_mappings(mappings: Option<&Texts>, method: &Method, status: &str) -> Result<(), Failure> {
    let Some(mappings) = mappings.filter(|mappings| !mappings.is_empty()) else { return Ok(()) };
    let Some(declared) = method.method_responses.as_ref().and_then(|responses| responses.get(status)) else {
        return Err(refused("No method response exists for method."));
    };
    for (target, source) in mappings {
        if !is_response_header(target) || !is_response_source(source) {
            return Err(invalid(if is_response_header(target) { source } else { target }));
        }
        if !declared.response_parameters.as_ref().is_some_and(|headers| headers.contains_key(target)) {
            return Err(undeclared(target));
        }
    }
    Ok(())
}

/// `responseParameters` of a gateway response.
pub fn check_gateway_response_mappings(mappings: &Texts) -> Result<(), Failure> {
    for (target, source) in mappings {
        let name = target.strip_prefix("gatewayresponse.header.");
        if !name.is_some_and(is_name) {
            return Err(invalid(target));
        }
        let from_request = source.strip_prefix("method.request.").and_then(|rest| rest.split_once('.'));
        let known = from_request.is_some_and(|(place, name)| {
            ["querystring", "path", "header", "multivalueheader", "multivaluequerystring"].contains(&place)
                && is_name(name)
        });
        if !known && !is_anywhere(source) {
            return Err(invalid(source));
        }
    }
    Ok(())
}

/// Keys of template maps are content types.
pub fn check_content_types<'k>(mut keys: impl Iterator<Item = &'k String>) -> Result<(), Failure> {
    match keys.find(|key| !key.split_once('/').is_some_and(|(kind, rest)| !kind.is_empty() && !rest.is_empty())) {
        Some(key) if key != "$default" => Err(fail::bad_request(format!(
            "Validation Result: warnings : [], errors : [Invalid content type specified: {key}]"
        ))),
        _ => Ok(()),
    }
}

fn check_request_source(source: &str, method: &Method) -> Result<(), Failure> {
    if is_anywhere(source) {
        return Ok(());
    }
    let Some(rest) = source.strip_prefix("method.request.") else { return Err(invalid(source)) };
    if rest == "body" || rest.starts_with("body.") || rest.starts_with("body[") {
        return Ok(());
    }
    let (place, name) = rest.split_once('.').filter(|(_, name)| is_name(name)).ok_or_else(|| invalid(source))?;
    let place = match place {
        "querystring" | "path" | "header" => place,
        "multivaluequerystring" => "querystring",
        "multivalueheader" => "header",
        _ => return Err(invalid(source)),
    };
    let declaration = format!("method.request.{place}.{name}");
    if method.request_parameters.as_ref().is_some_and(|declared| declared.contains_key(&declaration)) {
        return Ok(());
    }
    Err(undeclared(source))
}

fn is_response_header(target: &str) -> bool {
    target.strip_prefix("method.response.header.").is_some_and(is_name)
}

fn is_response_source(source: &str) -> bool {
    let Some(rest) = source.strip_prefix("integration.response.") else { return is_anywhere(source) };
    let header = rest.strip_prefix("header.").or_else(|| rest.strip_prefix("multivalueheader."));
    header.is_some_and(is_name) || rest == "body" || rest.starts_with("body.") || rest.starts_with("body[")
}

/// What may stand on either side: `'text'`, the context, stage variables.
fn is_anywhere(source: &str) -> bool {
    let quoted = source.len() >= 2 && source.starts_with('\'') && source.ends_with('\'');
    let named = |prefix: &str| source.strip_prefix(prefix).is_some_and(|name| !name.is_empty());
    quoted || named("context.") || named("stageVariables.")
}

/// RFC 7230 tokens, and the brackets that query strings bring.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~:[]".contains(letter))
}

fn invalid(expression: &str) -> Failure {
    refused(&format!("Invalid mapping expression specified: {expression}"))
}

fn undeclared(expression: &str) -> Failure {
    refused(&format!("Invalid mapping expression parameter specified: {expression}"))
}

fn refused(error: &str) -> Failure {
    fail::bad_request(format!(
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : [{error}]"
    ))
}
