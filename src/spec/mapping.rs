//! Mapping expressions: `method.request.querystring.x`, `integration.response.header.X`, `context.requestId`,
//! `stageVariables.x` and `'text'` (AWS_FACTS B1).

use std::collections::BTreeMap;

use super::decode::{At, Table};
use super::interpolate::Filled;
use super::limits;
use super::model::{Parameter, ParameterLocation};

/// Where an expression stands decides what it can see.
#[derive(Clone, Copy)]
pub(super) enum Side<'p> {
    /// Into the integration; sees the parameters the method declares.
    Request(&'p [Parameter]),
    /// From the integration to the caller.
    Response,
    /// A gateway response; sees the request as it came.
    Gateway,
}

/// Name to expression under a key of a table, judged.
pub(super) fn expressions(table: &Table<'_>, key: &'static str, side: Side<'_>) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (name, at) in table.entries(key) {
        if key == "headers" {
            limits::HEADER.judge_key(&at);
        } else {
            limits::PARAMETER.judge_key(&at);
        }
        let Some(text) = at.text() else { continue };
        judge(&at, &text, side);
        all.insert(name.text.clone(), text.text);
    }
    all
}

fn judge(at: &At<'_>, text: &Filled, side: Side<'_>) {
    let expression = text.text.as_str();
    // A response header may be declared without being mapped: the template sets it by an override.
    if matches!(side, Side::Response) && expression.is_empty() || is_static(expression) {
        return;
    }
    let known = match (expression.split_once('.'), side) {
        (Some(("context", rest)), _) => is_path(rest),
        (Some(("stageVariables", rest)), _) => limits::STAGE_VARIABLE.wrong(rest).is_none(),
        (Some(("method", rest)), Side::Request(declared)) => {
            return request(at, text, rest, Some(declared));
        }
        (Some(("method", rest)), Side::Gateway) => return request(at, text, rest, None),
        (Some(("integration", rest)), Side::Response) => response(rest),
        _ => false,
    };
    if !known {
        let message = format!("`{}` is not a mapping expression here", text.shown());
        let seen = match side {
            Side::Request(_) => "method.request.querystring.x, method.request.header.X, method.request.path.x",
            Side::Response => "integration.response.header.X, integration.response.body.x",
            Side::Gateway => "method.request.header.X, method.request.querystring.x",
        };
        let help = format!("write {seen}, context.x, stageVariables.x, or text in single quotes: \"'text'\"");
        at.fault("bad_mapping", message, help);
    }
}

fn is_static(expression: &str) -> bool {
    expression.len() >= 2
        && expression
            .strip_prefix('\'')
            .and_then(|rest| rest.strip_suffix('\''))
            .is_some_and(|inner| !inner.contains('\''))
}

/// Names joined by dots.
fn is_path(text: &str) -> bool {
    text.split('.')
        .all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')))
}

fn response(rest: &str) -> bool {
    let Some(rest) = rest.strip_prefix("response.") else {
        return false;
    };
    match rest.split_once('.') {
        Some(("header" | "multivalueheader", name)) => limits::HEADER.wrong(name).is_none(),
        Some(("body", path)) => !path.is_empty(),
        _ => rest == "body",
    }
}

/// `method.request.<place>.<name>`: the name must be declared at that place.
fn request(at: &At<'_>, text: &Filled, rest: &str, declared: Option<&[Parameter]>) {
    let bad = |help: &str| {
        at.fault("bad_mapping", format!("`{}` is not a mapping expression here", text.shown()), help);
    };
    let places =
        "places are method.request.querystring, .header, .path, .multivaluequerystring, .multivalueheader and .body";
    let Some(rest) = rest.strip_prefix("request.") else {
        return bad(places);
    };
    let (place, name) = rest.split_once('.').unwrap_or((rest, ""));
    let location = match place {
        "querystring" | "multivaluequerystring" => ParameterLocation::Query,
        "header" | "multivalueheader" => ParameterLocation::Header,
        "path" => ParameterLocation::Path,
        "body" if declared.is_some() => return,
        _ => return bad(places),
    };
    if name.is_empty() {
        return bad("name the parameter after the last dot");
    }
    let Some(declared) = declared else { return };
    if declared.iter().any(|parameter| parameter.location == location && parameter.name == name) {
        return;
    }
    let section = match location {
        ParameterLocation::Query => "query",
        ParameterLocation::Header => "headers",
        ParameterLocation::Path => "path",
    };
    let by_case = declared.iter().find(|p| p.location == location && p.name.eq_ignore_ascii_case(name));
    let help = match by_case {
        Some(other) if !text.from_env => {
            format!("names are case-sensitive: `{}` is declared", other.name)
        }
        _ => format!("declare it under `{section}` of the method"),
    };
    at.fault("undeclared_parameter", format!("the method does not declare what `{}` names", text.shown()), help);
}
