//! The section `api` apart from its methods: the API's own settings, models, gateway responses, CORS and the
//! resource policy (limits: AWS_FACTS A, B1, C7).

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::decode::{At, Reader, Table, nearest};
use super::grammar::{API, CORS, GATEWAY_RESPONSE, MODEL};
use super::interpolate::{Filled, shorten};
use super::mapping::{self, Side};
use super::model::{Api, ApiKeySource, Cors, Endpoint, GatewayResponse, Model, Validate};
use super::tree::Kind;
use super::{limits, routes, schema, templates};

const MAX_POLICY: usize = 8192;

/// The gateway responses that can be changed (C7).
pub(super) const RESPONSE_TYPES: [&str; 21] = [
    "ACCESS_DENIED",
    "API_CONFIGURATION_ERROR",
    "AUTHORIZER_CONFIGURATION_ERROR",
    "AUTHORIZER_FAILURE",
    "BAD_REQUEST_BODY",
    "BAD_REQUEST_PARAMETERS",
    "DEFAULT_4XX",
    "DEFAULT_5XX",
    "EXPIRED_TOKEN",
    "INTEGRATION_FAILURE",
    "INTEGRATION_TIMEOUT",
    "INVALID_API_KEY",
    "INVALID_SIGNATURE",
    "MISSING_AUTHENTICATION_TOKEN",
    "QUOTA_EXCEEDED",
    "REQUEST_TOO_LARGE",
    "RESOURCE_NOT_FOUND",
    "THROTTLED",
    "UNAUTHORIZED",
    "UNSUPPORTED_MEDIA_TYPE",
    "WAF_FILTERED",
];

/// What the methods of an API need to know of it.
pub(super) struct Defaults<'m> {
    pub validate: Validate,
    pub cors: Option<Cors>,
    pub models: &'m BTreeMap<String, Model>,
}

pub(super) fn read(root: &Table<'_>, reader: &Reader<'_>, app: &Filled, region: Option<&str>) -> Api {
    let mut api = nothing();
    let Some(table) = root.need("api").and_then(|at| at.table(&API)) else {
        return api;
    };
    api.name = unique_name(&table, reader, &["api", "name"], app);
    api.description = limits::description(&table, limits::DESCRIPTION);
    api.endpoint = endpoint(&table, Endpoint::Regional);
    if let Some(at) = table.get("endpoint") {
        edge_exists(&at, api.endpoint, region);
    }
    if table.choice("api_key_source") == Some("authorizer") {
        api.api_key_source = ApiKeySource::Authorizer;
    }
    api.binary_media_types = binary_media_types(&table);
    api.minimum_compression = table.whole("minimum_compression").and_then(|n| u32::try_from(n).ok());
    api.policy = table.get("policy").and_then(|at| policy(&at));
    api.disable_execute_api_endpoint = table.flag("disable_execute_api_endpoint").unwrap_or(false);
    api.models = models(&table);
    api.gateway_responses = gateway_responses(&table);
    let defaults = Defaults {
        validate: validate(&table, Validate::None),
        cors: table.get("cors").and_then(|at| cors(&at)).flatten(),
        models: &api.models,
    };
    api.routes = table.need("resources").map(|at| routes::read(&at, &defaults)).unwrap_or_default();
    api
}

fn nothing() -> Api {
    Api {
        name: String::new(),
        description: None,
        endpoint: Endpoint::Regional,
        api_key_source: ApiKeySource::Header,
        binary_media_types: Vec::new(),
        minimum_compression: None,
        policy: None,
        disable_execute_api_endpoint: false,
        models: BTreeMap::new(),
        gateway_responses: BTreeMap::new(),
        routes: Vec::new(),
    }
}

/// The name given, or the application's, with the stage's suffix where that is due.
pub(super) fn unique_name(table: &Table<'_>, reader: &Reader<'_>, path: &[&str], app: &Filled) -> String {
    match table.get("name") {
        None => reader.unique(path, app),
        Some(at) => at.text().map_or(String::new(), |given| {
            let name = reader.unique(path, &given);
            limits::API_THING.judge(&at, &name, &given);
            name
        }),
    }
}

pub(super) fn endpoint(table: &Table<'_>, default: Endpoint) -> Endpoint {
    match table.choice("endpoint") {
        Some("edge") => Endpoint::Edge,
        Some(_) => Endpoint::Regional,
        None => default,
    }
}

/// Edge endpoints are CloudFront's, and exist in the partition `aws` alone.
pub(super) fn edge_exists(at: &At<'_>, endpoint: Endpoint, region: Option<&str>) {
    let elsewhere =
        region.is_some_and(|r| ["cn-", "us-gov-", "us-iso", "eu-iso", "eusc-"].iter().any(|p| r.starts_with(p)));
    if endpoint == Endpoint::Edge && elsewhere {
        let message = format!("there are no edge endpoints in {}", region.unwrap_or_default());
        at.fault("no_edge", message, "write regional");
    }
}

pub(super) fn validate(table: &Table<'_>, default: Validate) -> Validate {
    match table.choice("validate") {
        Some("none") => Validate::None,
        Some("parameters") => Validate::Parameters,
        Some("body") => Validate::Body,
        Some("all") => Validate::All,
        _ => default,
    }
}

fn binary_media_types(table: &Table<'_>) -> Vec<String> {
    let types = table.texts("binary_media_types");
    for (at, text) in &types {
        let token = |part: &str| !part.is_empty() && part.chars().all(limits::HEADER.allowed);
        if !text.text.split_once('/').is_some_and(|(kind, sub)| token(kind) && token(sub)) {
            let message = format!("`{}` is not a media type", text.shown());
            at.fault("bad_content_type", message, "write one like image/png, or */* for all");
        }
    }
    types.into_iter().map(|(_, text)| text.text).collect()
}

fn policy(at: &At<'_>) -> Option<Value> {
    let policy = templates::value_or_file(at, "policy")?;
    if policy.get("Statement").is_none_or(|s| !s.is_array() && !s.is_object()) {
        at.fault("bad_policy", "the resource policy has no `Statement`", "write Version and a list of Statement");
    }
    let size = policy.to_string().chars().count();
    if size > MAX_POLICY {
        at.fault(
            "too_large",
            format!("the resource policy has {size} characters"),
            format!("at most {MAX_POLICY} are accepted"),
        );
    }
    Some(policy)
}

fn models(table: &Table<'_>) -> BTreeMap<String, Model> {
    let mut models = BTreeMap::new();
    for (key, at) in table.entries("models") {
        limits::MODEL.judge_key(&at);
        if schema::BORN_WITH.contains(&key.text.as_str()) {
            let message = format!("every API has a model `{}` from the start", key.text);
            at.fault_in_key("reserved_name", message, "choose another name, or use that one as it is");
        }
        let Some(own) = at.table(&MODEL) else {
            continue;
        };
        let content_type = own.get("content_type").map_or(Some("application/json".to_string()), |at| {
            let text = at.text()?;
            if text.text.split('/').filter(|part| !part.is_empty()).count() != 2 {
                let message = format!("`{}` is not a content type", text.shown());
                at.fault("bad_content_type", message, "write one like application/json");
            }
            Some(text.text)
        });
        let schema = own.need("schema").and_then(|at| schema::read(&at));
        models.insert(
            key.text.clone(),
            Model {
                content_type: content_type.unwrap_or_default(),
                description: limits::description(&own, limits::DESCRIPTION),
                schema: schema.unwrap_or(Value::Null),
            },
        );
    }
    models
}

fn gateway_responses(table: &Table<'_>) -> BTreeMap<String, GatewayResponse> {
    let mut responses = BTreeMap::new();
    for (key, at) in table.entries("gateway_responses") {
        if !RESPONSE_TYPES.contains(&key.text.as_str()) {
            let message = format!("`{}` is not a type of gateway response", shorten(&key.text));
            at.fault_in_key("unknown_key", message, nearest(&key.text, RESPONSE_TYPES.into_iter(), "types are"));
        }
        let Some(own) = at.table(&GATEWAY_RESPONSE) else {
            continue;
        };
        let response = GatewayResponse {
            status: own.whole("status").and_then(|n| u16::try_from(n).ok()),
            headers: mapping::expressions(&own, "headers", Side::Gateway),
            // Gateway responses substitute variables only; they are no VTL (C7).
            templates: templates::plain(&own),
        };
        responses.insert(key.text.clone(), response);
    }
    responses
}

/// `Some(None)` turns CORS off; `None` where nothing can be told because of a mistake.
#[expect(clippy::option_option, reason = "off is something else than unknown")]
pub(super) fn cors(at: &At<'_>) -> Option<Option<Cors>> {
    let mut cors = Cors {
        origins: vec!["*".to_string()],
        headers: ["Content-Type", "X-Api-Key", "Authorization", "X-Amz-Date", "X-Amz-Security-Token"]
            .map(String::from)
            .to_vec(),
        methods: Vec::new(),
        credentials: false,
        max_age: None,
        expose: Vec::new(),
    };
    if !matches!(at.node.kind, Kind::Map(_)) {
        return Some(at.flag()?.then_some(cors));
    }
    let table = at.table(&CORS)?;
    if let Some(at) = table.get("origins") {
        cors.origins = one_or_more(&at).into_iter().map(|(at, text)| origin(&at, text)).collect();
        if cors.origins.is_empty() {
            at.fault("bad_cors", "`origins` is empty", "write '*' or the origins that may call");
        }
    }
    if let Some(at) = table.get("headers") {
        cors.headers = header_names(&at);
    }
    cors.methods = table.texts("methods").into_iter().map(|(at, text)| verb(&at, text)).collect();
    if let Some(at) = table.get("expose") {
        cors.expose = header_names(&at);
    }
    cors.credentials = table.flag("credentials").unwrap_or(false);
    cors.max_age = table.whole("max_age").and_then(|n| u64::try_from(n).ok()).map(Duration::from_secs);
    if cors.credentials
        && cors.origins.iter().any(|origin| origin == "*")
        && let Some(at) = table.get("credentials")
    {
        at.fault("bad_cors", "browsers refuse `credentials` from any origin (`*`)", "name the origins that may call");
    }
    Some(Some(cors))
}

fn one_or_more<'a>(at: &At<'a>) -> Vec<(At<'a>, Filled)> {
    match at.node.kind {
        Kind::Text { .. } => at.text().map(|text| (at.clone(), text)).into_iter().collect(),
        _ => at.texts(),
    }
}

fn origin(at: &At<'_>, text: Filled) -> String {
    let host = text.text.strip_prefix("https://").or(text.text.strip_prefix("http://"));
    let well_formed = host.is_some_and(|host| {
        !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']'))
    });
    if text.text != "*" && !well_formed {
        let message = format!("`{}` is not an origin", text.shown());
        at.fault("bad_cors", message, "write https://host or https://host:port, without a path, or '*'");
    }
    text.text
}

fn header_names(at: &At<'_>) -> Vec<String> {
    let names = at.texts();
    for (at, text) in &names {
        limits::HEADER.judge(at, &text.text, text);
    }
    names.into_iter().map(|(_, text)| text.text).collect()
}

fn verb(at: &At<'_>, text: Filled) -> String {
    const VERBS: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];
    if !VERBS.contains(&text.text.as_str()) {
        let message = format!("`{}` is not a method", text.shown());
        at.fault("unknown_value", message, nearest(&text.raw, VERBS.into_iter(), "methods are"));
    }
    text.text
}
