//! Gateway responses: what callers get when the gateway itself refuses. Each type has a default until it is set.

use super::input::{Constraints, Input};
use super::model::{GatewayResponse, Texts};
use super::patch::{self, Op, Patch};
use super::{Answer, api, fail, mapping_expressions, wire};
use crate::local::cloud::{Call, Failure, Reply, Request};

/// In the order of AWS's complaints about types it does not know, with the status each has by default.
const TYPES: [(&str, Option<&str>); 21] = [
    ("REQUEST_TOO_LARGE", Some("413")),
    ("RESOURCE_NOT_FOUND", Some("404")),
    ("AUTHORIZER_CONFIGURATION_ERROR", Some("500")),
    ("MISSING_AUTHENTICATION_TOKEN", Some("403")),
    ("BAD_REQUEST_BODY", Some("400")),
    ("INVALID_SIGNATURE", Some("403")),
    ("INVALID_API_KEY", Some("403")),
    ("BAD_REQUEST_PARAMETERS", Some("400")),
    ("AUTHORIZER_FAILURE", Some("500")),
    ("UNAUTHORIZED", Some("401")),
    ("INTEGRATION_TIMEOUT", Some("504")),
    ("ACCESS_DENIED", Some("403")),
    ("DEFAULT_4XX", None),
    ("DEFAULT_5XX", None),
    ("WAF_FILTERED", Some("403")),
    ("QUOTA_EXCEEDED", Some("429")),
    ("THROTTLED", Some("429")),
    ("API_CONFIGURATION_ERROR", Some("500")),
    ("UNSUPPORTED_MEDIA_TYPE", Some("415")),
    ("INTEGRATION_FAILURE", Some("504")),
    ("EXPIRED_TOKEN", Some("403")),
];

pub fn list(call: &mut Call<'_>, request: &Request, api_id: &str) -> Answer {
    let set = &api(call, api_id)?.draft.gateway_responses;
    let mut kinds: Vec<&str> = TYPES.iter().map(|(kind, _)| *kind).collect();
    kinds.sort_unstable();
    let responses = kinds.into_iter().map(|kind| {
        let response = set.get(kind).cloned().unwrap_or_else(|| default(kind));
        (kind.to_owned(), wire::value(&response))
    });
    wire::page(request, responses)
}

pub fn put(call: &mut Call<'_>, request: &Request, api_id: &str, kind: &str) -> Answer {
    let input = Input::new(request)?;
    known(Constraints::default(), kind).check()?;
    let status_code = input.text("statusCode")?;
    if let Some(status) = &status_code {
        Constraints::default().status_code(status).check()?;
    }
    let response = GatewayResponse {
        response_type: kind.to_owned(),
        status_code: status_code.or_else(|| default(kind).status_code),
        response_parameters: input.text_map("responseParameters")?.unwrap_or_default(),
        response_templates: match input.text_map("responseTemplates")? {
            Some(templates) => templates,
            None => default(kind).response_templates,
        },
        default_response: false,
    };
    let set = &mut api(call, api_id)?.draft.gateway_responses;
    check(&response)?;
    let reply = wire::reply(201, &response);
    set.insert(kind.to_owned(), response);
    Ok(reply)
}

pub fn get(call: &mut Call<'_>, api_id: &str, kind: &str) -> Answer {
    known(Constraints::default(), kind).check()?;
    let set = api(call, api_id)?.draft.gateway_responses.get(kind).cloned();
    Ok(wire::reply(200, &set.unwrap_or_else(|| default(kind))))
}

pub fn update(call: &mut Call<'_>, request: &Request, api_id: &str, kind: &str) -> Answer {
    let patches = patch::read(&Input::new(request)?, "updateGatewayResponseInput", |found| known(found, kind))?;
    let set = &mut api(call, api_id)?.draft.gateway_responses;
    let mut response = set.get(kind).cloned().unwrap_or_else(|| default(kind));
    for patch in &patches {
        apply(&mut response, patch)?;
    }
    response.default_response = false;
    check(&response)?;
    let reply = wire::reply(200, &response);
    set.insert(kind.to_owned(), response);
    Ok(reply)
}

pub fn delete(call: &mut Call<'_>, api_id: &str, kind: &str) -> Answer {
    known(Constraints::default(), kind).check()?;
    let removed = api(call, api_id)?.draft.gateway_responses.remove(kind);
    removed.map(|_| Reply::empty(202)).ok_or_else(|| fail::not_found("Gateway response type not defined on api"))
}

fn known(found: Constraints, kind: &str) -> Constraints {
    found.one_of("responseType", Some(kind), &TYPES.map(|(kind, _)| kind))
}

fn default(kind: &str) -> GatewayResponse {
    let status = TYPES.iter().find(|(known, _)| *known == kind).and_then(|(_, status)| *status);
    let template = ("application/json".to_owned(), "{\"message\":$context.error.messageString}".to_owned());
    GatewayResponse {
        response_type: kind.to_owned(),
        status_code: status.map(str::to_owned),
        response_parameters: Texts::new(),
        response_templates: Texts::from([template]),
        default_response: true,
    }
}

fn check(response: &GatewayResponse) -> Result<(), Failure> {
    mapping_expressions::check_gateway_response_mappings(&response.response_parameters)?;
    mapping_expressions::check_content_types(response.response_templates.keys())
}

fn apply(response: &mut GatewayResponse, patch: &Patch) -> Result<(), Failure> {
    match patch.parts().as_slice() {
        ["statusCode"] if patch.op == Op::Replace => response.status_code = patch.optional(),
        ["responseParameters", name] => {
            edit(&mut response.response_parameters, patch, name, "responseParameters")?;
        }
        ["responseTemplates", content_type] => {
            edit(&mut response.response_templates, patch, content_type, "responseTemplates")?;
        }
        _ => return Err(patch.invalid_path()),
    }
    patch.edits()
}

fn edit(kept: &mut Texts, patch: &Patch, name: &str, member: &str) -> Result<(), Failure> {
    if patch.op != Op::Add && !kept.contains_key(name) {
        return Err(fail::not_found("Invalid parameter name specified"));
    }
    if patch.op == Op::Remove {
        kept.remove(name);
        return Ok(());
    }
    match patch.optional() {
        Some(value) => kept.insert(name.to_owned(), value),
        None => return Err(fail::bad_request(format!("Invalid null or empty value in {member}"))),
    };
    Ok(())
}
