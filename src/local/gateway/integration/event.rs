//! The event of a proxy integration, payload format version 1.0.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::local::gateway::request::MethodRequest;
use crate::local::gateway::site::{Method, Stage};
use crate::local::gateway::{context, headers};

pub fn of(stage: &Stage, method: &Method, request: &MethodRequest) -> Value {
    let mut names: Vec<(String, Value)> = Vec::new();
    for (name, value) in &request.headers {
        names.push((method.spelling(name.as_str()), headers::text(value).into()));
    }
    names.sort_by(|one, other| one.0.cmp(&other.0));
    let query = request.query.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
    let query: Vec<(String, Value)> = query.collect();
    let path = request.path_parameters.iter().map(|(name, value)| (name.to_string(), Value::from(value.as_str())));
    let variables = stage.variables.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
    let declared = request.headers.contains_key(::http::header::CONTENT_TYPE).then(|| request.content_type());
    let is_binary = stage.binary.contain(declared.as_deref());
    let body = match (request.body.is_empty(), is_binary) {
        (true, _) => Value::Null,
        (false, true) => STANDARD.encode(&request.body).into(),
        (false, false) => String::from_utf8_lossy(&request.body).into(),
    };
    json!({
        "resource": method.resource_path,
        "path": event_path(request),
        "httpMethod": request.verb.as_str(),
        "headers": some(last_of(&names)),
        "multiValueHeaders": some(all_of(&names)),
        "queryStringParameters": some(last_of(&query)),
        "multiValueQueryStringParameters": some(all_of(&query)),
        "pathParameters": some(path.collect()),
        "stageVariables": some(variables.collect()),
        "requestContext": context::of_event(stage, method, request),
        "body": body,
        "isBase64Encoded": is_binary && !request.body.is_empty(),
    })
}

/// Without the stage, but with the base path of a custom domain name.
fn event_path(request: &MethodRequest) -> String {
    let path = if request.by_stage { &request.path } else { &request.full_path };
    let path = crate::local::gateway::route::decoded(path);
    if path.is_empty() { "/".to_owned() } else { path }
}

fn last_of(pairs: &[(String, Value)]) -> Map<String, Value> {
    pairs.iter().cloned().collect()
}

fn all_of(pairs: &[(String, Value)]) -> Map<String, Value> {
    let mut all = Map::new();
    for (name, value) in pairs {
        if let Value::Array(values) = all.entry(name.clone()).or_insert_with(|| json!([])) {
            values.push(value.clone());
        }
    }
    all
}

/// Nothing is `null`, not an empty map.
fn some(map: Map<String, Value>) -> Value {
    if map.is_empty() { Value::Null } else { Value::Object(map) }
}
