//! `$context`, as `AWS_FACTS` C5 lists it, and the `requestContext` of proxy events, which is nearly the same.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::request::MethodRequest;
use super::site::{Method, Stage};
use crate::local::cloud::ACCOUNT;

/// What is known about the caller. `apiKey` is the key's value: it belongs to the function, never to a trace.
fn identity(request: &MethodRequest) -> Map<String, Value> {
    let mut identity = Map::new();
    let mut put = |name: &str, value: Value| identity.insert(name.to_owned(), value);
    put("sourceIp", request.source_ip.to_string().into());
    put("userAgent", request.header("user-agent").map_or(Value::Null, |agent| agent.into_owned().into()));
    if let Some(admission) = &request.admission {
        put("apiKey", admission.key_value.as_str().into());
        put("apiKeyId", admission.key_id.as_str().into());
    }
    if let Some(access_key) = &request.access_key {
        let arn = format!("arn:aws:iam::{ACCOUNT}:root");
        put("accessKey", access_key.as_str().into());
        put("accountId", ACCOUNT.into());
        put("caller", ACCOUNT.into());
        put("user", ACCOUNT.into());
        put("userArn", arn.into());
    }
    identity
}

/// What both have.
fn common(stage: &Stage, request: &MethodRequest) -> Map<String, Value> {
    let mut map = Map::new();
    let mut put = |name: &str, value: &str| map.insert(name.to_owned(), value.into());
    put("accountId", ACCOUNT);
    put("apiId", &stage.api_id);
    put("deploymentId", &stage.deployment_id);
    put("domainName", &request.domain);
    put("domainPrefix", request.domain.split('.').next().unwrap_or_default());
    put("extendedRequestId", &request.extended_id);
    put("httpMethod", request.verb.as_str());
    put("path", &request.full_path);
    put("protocol", protocol(request.version));
    put("requestId", &request.id);
    put("requestTime", &clf(request.at));
    put("stage", &stage.name);
    map.insert("requestTimeEpoch".to_owned(), request.at.into());
    map
}

/// `$context` of templates and mapping expressions.
pub fn document(stage: &Stage, method: &Method, request: &MethodRequest) -> Map<String, Value> {
    let mut map = without_method(stage, request);
    map.insert("resourceId".to_owned(), method.resource_id.as_str().into());
    map.insert("resourcePath".to_owned(), method.resource_path.as_str().into());
    map
}

/// Where no method was found.
pub fn without_method(stage: &Stage, request: &MethodRequest) -> Map<String, Value> {
    let mut map = common(stage, request);
    let mut identity = identity(request);
    identity.retain(|_, value| !value.is_null());
    map.insert("identity".to_owned(), identity.into());
    map.insert("awsEndpointRequestId".to_owned(), request.id.as_str().into());
    map.insert("isCanaryRequest".to_owned(), false.into());
    map
}

/// `requestContext` of a proxy event (payload version 1.0).
pub fn of_event(stage: &Stage, method: &Method, request: &MethodRequest) -> Value {
    let mut map = common(stage, request);
    map.insert("resourceId".to_owned(), method.resource_id.as_str().into());
    map.insert("resourcePath".to_owned(), method.resource_path.as_str().into());
    let mut all = json!({
        "cognitoIdentityPoolId": null, "accountId": null, "cognitoIdentityId": null, "caller": null,
        "sourceIp": null, "principalOrgId": null, "accessKey": null, "cognitoAuthenticationType": null,
        "cognitoAuthenticationProvider": null, "userArn": null, "userAgent": null, "user": null,
    });
    for (name, value) in identity(request) {
        all[name] = value;
    }
    map.insert("identity".to_owned(), all);
    Value::Object(map)
}

/// A value by its path without `context.`: `identity.sourceIp`.
pub fn value_at(document: &Map<String, Value>, path: &str) -> Option<String> {
    let mut parts = path.split('.');
    let mut value = document.get(parts.next()?)?;
    for part in parts {
        value = value.get(part)?;
    }
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}

fn protocol(version: http::Version) -> &'static str {
    match version {
        http::Version::HTTP_10 => "HTTP/1.0",
        http::Version::HTTP_2 => "HTTP/2.0",
        _ => "HTTP/1.1",
    }
}

/// `09/Apr/2026:12:34:56 +0000`
fn clf(millis: u64) -> String {
    let moment = i64::try_from(millis).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
    moment.unwrap_or(Timestamp::UNIX_EPOCH).strftime("%d/%b/%Y:%H:%M:%S +0000").to_string()
}
