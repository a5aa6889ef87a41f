//! The integration response: selected by pattern, its body converted and rendered, its headers mapped; and the method
//! response that the caller gets (`AWS_FACTS` C6).

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use serde_json::Value;

use super::integration::Endpoint;
use super::integration_request::plain;
use super::mapping::Scope;
use super::record::Record;
use super::refusal::{Kind, Refusal};
use super::site::{Integration, IntegrationResponse};
use super::template::Overrides;
use super::{binary, headers, media};

/// # Errors
/// When nothing is selected, a template fails, or the method declares no such response.
pub fn build(
    integration: &Integration,
    endpoint: Endpoint,
    mut overrides: Overrides,
    scope: Scope<'_>,
    record: &mut Record,
) -> Result<Response<Bytes>, Refusal> {
    let (stage, request) = (scope.stage, scope.request);
    let Some(method) = scope.method else { return Err(Kind::ApiConfiguration.because("there is no method")) };
    let selected = select(&integration.responses, &endpoint.selector, record)?;
    let told = endpoint.headers.get(CONTENT_TYPE).map(|value| media::bare(&headers::text(value)));
    let accepted = request.accepted();
    let body = binary::response_body(
        endpoint.body.clone(),
        selected.content_handling,
        stage.binary.contain(told.as_deref()),
        stage.binary.contain(accepted.as_deref()),
    )?;
    let scope = scope.with_response(&endpoint.headers, &endpoint.body);
    let mut response = Response::new(Bytes::new());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, source) in &selected.headers {
        let values = source.values(&scope);
        if !values.is_empty() {
            headers::put(response.headers_mut(), name, values.iter().map(String::as_str));
        }
    }
    *response.body_mut() = match selected.templates.for_accept(accepted.as_deref()) {
        Some((name, template)) => {
            record.fact("template", || name);
            let rendered = template.render(name, &body, (stage, method, request), &overrides)?;
            overrides.response = rendered.response_override.or(overrides.response);
            Bytes::from(rendered.output)
        }
        None => {
            record.fact("template", || "none: the body passes through");
            body
        }
    };
    record.document("body", response.body());
    if !method.responses.contains(&selected.status) {
        return Err(Kind::ApiConfiguration.because(format!(
            "the integration response {} was selected, but the method has no response {}",
            selected.status, selected.status
        )));
    }
    *response.status_mut() =
        selected.status.parse().ok().and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or_default();
    if let Some(changed) = &overrides.response {
        record.fact("response_override", || changed.clone());
        apply_overrides(&mut response, changed);
    }
    if endpoint.told_trace {
        let name = HeaderName::from_static("x-amzn-trace-id");
        response.headers_mut().insert(name, headers::value(&request.trace_id));
    }
    Ok(response)
}

/// The first whose pattern describes the whole text, then the default.
fn select<'a>(
    responses: &'a [IntegrationResponse],
    text: &str,
    record: &mut Record,
) -> Result<&'a IntegrationResponse, Refusal> {
    if !text.is_empty() {
        record.fact("selected_by", || text);
    }
    for response in responses {
        let pattern = match response.pattern.as_deref() {
            None => {
                record.fact("pattern", || format!("none matched: the default, {}", response.status));
                return Ok(response);
            }
            Some(Ok(pattern)) => pattern,
            Some(Err(fault)) => {
                let reason = format!("the selection pattern of {} is no regular expression: {fault}", response.status);
                return Err(Kind::ApiConfiguration.because(reason));
            }
        };
        let matched = pattern.matches(text).map_err(|fault| {
            Kind::ApiConfiguration.because(format!("the selection pattern {} failed: {fault}", pattern.text))
        })?;
        if matched {
            record.fact("pattern", || format!("{} → {}", pattern.text, response.status));
            return Ok(response);
        }
    }
    Err(Kind::ApiConfiguration
        .because(format!("no integration response matches {text:?}, and there is none without a pattern")))
}

/// A status that is no number from 100 to 599 is ignored.
fn apply_overrides(response: &mut Response<Bytes>, changed: &Value) {
    let status = changed["status"].as_u64().and_then(|status| u16::try_from(status).ok());
    if let Some(status) = status.filter(|status| (100..=599).contains(status))
        && let Ok(status) = StatusCode::from_u16(status)
    {
        *response.status_mut() = status;
    }
    for (name, value) in changed["header"].as_object().into_iter().flatten() {
        match value {
            Value::Array(values) => {
                let values: Vec<String> = values.iter().map(plain).collect();
                headers::put(response.headers_mut(), name, values.iter().map(String::as_str));
            }
            one => headers::put(response.headers_mut(), name, [plain(one).as_str()]),
        }
    }
}
