//! One method: its parameters, what the function is sent and what callers get (AWS_FACTS B1, C3–C6).

use std::collections::BTreeMap;
use std::time::Duration;

use indexmap::IndexMap;

use super::api::{self, Defaults};
use super::decode::{At, Table, nearest};
use super::grammar::{METHOD, PARAMETER_SETTINGS, REQUEST, RESPONSE};
use super::interpolate::shorten;
use super::mapping::{self, Side};
use super::model::{
    Authorization, ContentHandling, Integration, IntegrationKind, Parameter, ParameterLocation, Passthrough, Response,
    Route, Template,
};
use super::tree::Kind;
use super::{limits, lint, pattern, schema, templates};

pub(super) fn read(at: &At<'_>, path: &str, verb: &str, variables: &[&str], defaults: &Defaults<'_>) -> Option<Route> {
    let table = at.table(&METHOD)?;
    lint::judge_allow(&table);
    let kind = match table.choice("integration") {
        Some("lambda_proxy") => IntegrationKind::LambdaProxy,
        Some("mock") => IntegrationKind::Mock,
        _ => IntegrationKind::Lambda,
    };
    let parameters = parameters(&table, path, variables);
    let integration = integration(&table, kind, &parameters);
    let responses = responses(&table, kind, &parameters, defaults);
    Some(Route {
        path: path.to_string(),
        verb: verb.to_string(),
        operation: operation(&table),
        summary: limits::summary(&table),
        description: limits::description(&table, limits::DESCRIPTION),
        authorization: match table.choice("authorization") {
            Some("aws_iam") => Authorization::AwsIam,
            _ => Authorization::None,
        },
        api_key: table.flag("api_key").unwrap_or(false),
        validate: api::validate(&table, defaults.validate),
        request_models: models(&table, defaults),
        timeout: table.number("timeout").map_or(Duration::from_secs(29), Duration::from_secs_f64),
        parameters,
        integration,
        responses,
        cors: None,
    })
}

fn operation(table: &Table<'_>) -> Option<String> {
    let at = table.get("operation")?;
    let text = at.text()?;
    if text.text.is_empty() || !text.text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')) {
        at.fault("bad_name", format!("`{}` is not an operation name", text.shown()), "letters, digits, - and _");
    }
    Some(text.text)
}

/// Path variables are always there and always required; names are unique over all places (B1).
fn parameters(table: &Table<'_>, path: &str, variables: &[&str]) -> Vec<Parameter> {
    let variable = |name: &&str| Parameter {
        location: ParameterLocation::Path,
        name: (*name).to_string(),
        required: true,
        description: None,
    };
    let mut parameters: Vec<Parameter> = variables.iter().map(variable).collect();
    for (key, at) in table.entries("path") {
        if !variables.contains(&key.text.as_str()) {
            let message = format!("`{}` is not a variable of the path `{}`", shorten(&key.text), shorten(path));
            let help = match variables {
                [] => "put it into the path as {name}, or declare it under `query` or `headers`".to_string(),
                _ => nearest(&key.text, variables.iter().copied(), "variables are"),
            };
            at.fault_in_key("unknown_parameter", message, help);
            continue;
        }
        let (required, description) = settings(&at);
        if required == Some(false) {
            let message = format!("the path variable `{}` cannot be optional", shorten(&key.text));
            at.fault("optional_path_variable", message, "write required, or remove the line");
        }
        if let Some(variable) = parameters.iter_mut().find(|parameter| parameter.name == key.text) {
            variable.description = description;
        }
    }
    for (place, location) in [("query", ParameterLocation::Query), ("headers", ParameterLocation::Header)] {
        for (key, at) in table.entries(place) {
            limits::PARAMETER.judge_key(&at);
            let (required, description) = settings(&at);
            if parameters.iter().any(|other| other.name == key.text) {
                let message = format!("the parameter `{}` is declared in two places", shorten(&key.text));
                at.fault_in_key("duplicate_parameter", message, "names are unique across query, headers and path");
                continue;
            }
            let required = required.unwrap_or(false);
            parameters.push(Parameter { location, name: key.text.clone(), required, description });
        }
    }
    parameters
}

/// Whether it is required, and what it means; as far as that is said.
fn settings(at: &At<'_>) -> (Option<bool>, Option<String>) {
    if let Kind::Map(_) = at.node.kind {
        let table = at.table(&PARAMETER_SETTINGS);
        return table
            .map_or((None, None), |table| (table.flag("required"), limits::description(&table, limits::DESCRIPTION)));
    }
    (at.choice(&["required", "optional"]).map(|word| word == "required"), None)
}

fn models(table: &Table<'_>, defaults: &Defaults<'_>) -> BTreeMap<String, String> {
    let mut models = BTreeMap::new();
    for (key, at) in table.entries("models") {
        limits::content_type(&at, &key.text);
        let Some(name) = at.text() else { continue };
        let known = || schema::BORN_WITH.into_iter().chain(defaults.models.keys().map(String::as_str));
        if !known().any(|known| known == name.text) {
            let names: Vec<&str> = known().collect();
            let message = format!("there is no model `{}`", name.shown());
            at.fault(
                "unknown_model",
                message,
                nearest(&name.raw, names.into_iter(), "declare it under `api.models`; there are"),
            );
        }
        models.insert(key.text.clone(), name.text);
    }
    models
}

fn content_handling(table: &Table<'_>) -> Option<ContentHandling> {
    Some(match table.choice("content_handling")? {
        "convert_to_text" => ContentHandling::ConvertToText,
        _ => ContentHandling::ConvertToBinary,
    })
}

fn integration(table: &Table<'_>, kind: IntegrationKind, parameters: &[Parameter]) -> Integration {
    let mut integration = Integration {
        kind,
        passthrough: Passthrough::WhenNoTemplates,
        templates: IndexMap::new(),
        parameters: BTreeMap::new(),
        content_handling: None,
    };
    if let Some(request) = table.get("request").and_then(|at| at.table(&REQUEST)) {
        for key in ["templates", "passthrough"] {
            refuse_under_proxy(&request, key, kind, "the function gets the request as it is");
        }
        integration.passthrough = match request.choice("passthrough") {
            Some("when_no_match") => Passthrough::WhenNoMatch,
            Some("never") => Passthrough::Never,
            _ => Passthrough::WhenNoTemplates,
        };
        integration.templates = templates::read(&request, parameters);
        for (key, prefix) in [("headers", "header"), ("query", "querystring"), ("path", "path")] {
            for (name, expression) in mapping::expressions(&request, key, Side::Request(parameters)) {
                integration.parameters.insert(format!("integration.request.{prefix}.{name}"), expression);
            }
        }
        integration.content_handling = content_handling(&request);
    }
    if kind == IntegrationKind::Mock && integration.templates.is_empty() {
        // What a mock needs to answer at all.
        let text = "{\"statusCode\": 200}".to_string();
        integration.templates.insert("application/json".to_string(), Template { text, file: None });
    }
    integration
}

fn refuse_under_proxy(table: &Table<'_>, key: &'static str, kind: IntegrationKind, why: &str) {
    if kind == IntegrationKind::LambdaProxy
        && let Some(at) = table.get(key)
    {
        let message = format!("`{key}` has no effect under lambda_proxy: {why}");
        at.fault_in_key("unused_key", message, "remove it, or use `integration: lambda`");
    }
}

fn responses(
    table: &Table<'_>,
    kind: IntegrationKind,
    parameters: &[Parameter],
    defaults: &Defaults<'_>,
) -> BTreeMap<u16, Response> {
    let Some(at) = table.get("responses") else {
        return BTreeMap::from([(200, Response::default())]);
    };
    let mut responses = BTreeMap::new();
    let mut patterns: BTreeMap<String, String> = BTreeMap::new();
    let mut without: Vec<At<'_>> = Vec::new();
    // Something that could not be read might have been the default.
    let mut unread = false;
    for (key, entry) in at.entries() {
        let status = key.text.parse::<u16>().ok().filter(|status| (100..=599).contains(status) && key.text.len() == 3);
        if status.is_none() {
            let message = format!("`{}` is not a status code", shorten(&key.text));
            entry.fault_in_key("bad_status", message, "write one from 100 to 599");
        }
        let Some(own) = entry.table(&RESPONSE) else {
            unread = true;
            continue;
        };
        refuse_under_proxy(&own, "pattern", kind, "the function answers with the status itself");
        refuse_under_proxy(&own, "templates", kind, "the function answers with the body itself");
        match own.get("pattern") {
            None => without.push(entry.clone()),
            Some(at) if kind != IntegrationKind::LambdaProxy => selection(&at, kind, &key.text, &mut patterns),
            Some(_) => {}
        }
        let response = Response {
            pattern: own.text("pattern").map(|text| text.text),
            templates: templates::read(&own, parameters),
            headers: mapping::expressions(&own, "headers", Side::Response),
            models: models(&own, defaults),
            content_handling: content_handling(&own),
        };
        if let Some(status) = status {
            responses.insert(status, response);
        }
    }
    if kind != IntegrationKind::LambdaProxy && !unread {
        one_default(&at, &without);
    }
    responses
}

/// C6: exactly one response is the default, for whatever no pattern matches.
fn one_default(at: &At<'_>, without: &[At<'_>]) {
    let Kind::Map(entries) = &at.node.kind else {
        return;
    };
    if let [first, second, ..] = without {
        let message =
            format!("`{}` and `{}` both have no pattern, and one response is the default", first.name(), second.name());
        second.fault_in_key("two_defaults", message, "give all but one a `pattern`");
    } else if without.is_empty() && !entries.is_empty() {
        let help = "leave the `pattern` out of one: it answers whatever no pattern matches";
        at.fault_in_key("no_default", "every response has a pattern, so what none matches would answer 500", help);
    } else if entries.is_empty() {
        at.fault_in_key("no_default", "`responses` is empty", "remove it for {200: {}}, or add a status");
    }
}

fn selection(at: &At<'_>, kind: IntegrationKind, status: &str, patterns: &mut BTreeMap<String, String>) {
    let Some(text) = at.text() else { return };
    if let Some(other) = patterns.insert(text.text.clone(), status.to_string()) {
        let message = format!("`{other}` and `{}` have the same pattern", shorten(status));
        at.fault("duplicate_pattern", message, "which of them answers is not defined: keep one");
    }
    match pattern::compile(&text.text) {
        Err(wrong) => {
            let message = format!("the pattern `{}` does not compile: {}", text.shown(), wrong.message);
            let message =
                if text.from_env { format!("the pattern `{}` does not compile", text.shown()) } else { message };
            at.fault("bad_pattern", message, wrong.help);
        }
        Ok(compiled) if kind == IntegrationKind::Lambda && compiled.matches_empty() => {
            let message = format!("the pattern `{}` matches a success too, which has no errorMessage", text.shown());
            at.fault(
                "pattern_matches_success",
                message,
                "make it match one character at least: (\\n|.)+ is every error",
            );
        }
        Ok(_) => {}
    }
}
