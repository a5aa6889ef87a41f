//! What stands behind a method, and how it is called.

mod event;
mod http;
mod lambda;
mod mock;

use std::sync::Arc;

use ::http::HeaderMap;
use ::http::header::{CONTENT_TYPE, HeaderValue};
use ::http::{Response, StatusCode};
use bytes::Bytes;

use super::integration_request::{self, IntegrationRequest};
use super::mapping::Scope;
use super::record::Record;
use super::refusal::{Kind, Refusal};
use super::request::MethodRequest;
use super::response;
use super::site::{Backend, Integration, Method, Stage};
use super::trace::StepName;
use crate::local::lambda::Functions;

/// What a backend answered, before the integration response looks at it.
#[derive(Debug)]
pub struct Endpoint {
    /// What selection patterns are matched against: a function's error message, or a status.
    pub selector: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Whether the answer carries `X-Amzn-Trace-Id` (`AWS_FACTS` C7).
    pub told_trace: bool,
}

/// Calls the method's integration and makes the method response of it.
///
/// # Errors
/// When the gateway has to answer by itself.
pub async fn call(
    functions: &Arc<dyn Functions>,
    found: (&Stage, &Method, &MethodRequest),
    record: &mut Record,
) -> Result<Response<Bytes>, Refusal> {
    let (stage, method, request) = found;
    let Some(integration) = &method.integration else {
        return Err(Kind::ApiConfiguration.because("the method has no integration"));
    };
    record.enter(StepName::IntegrationRequest);
    if integration.proxy {
        return proxied(functions, integration, found, record).await;
    }
    let asked = integration_request::build(integration, found, record)?;
    note(&asked, record);
    record.enter(StepName::Integration);
    let endpoint = match &integration.backend {
        Backend::Mock => mock::answer(&asked)?,
        Backend::Lambda { function_arn, permitted } => {
            permitted.clone().map_err(|reason| Kind::IntegrationFailure.because(reason))?;
            check_verb(integration)?;
            lambda::answer(functions, function_arn, integration, &asked, request, record).await?
        }
        Backend::Http { uri } => http::answer(uri, integration, asked_http(&asked, request), request, record).await?,
        Backend::Service(uri) => return Err(no_service(uri)),
    };
    record.enter(StepName::IntegrationResponse);
    let accepted = Scope::new(stage, Some(method), request);
    response::build(integration, endpoint, asked.overrides, accepted, record)
}

/// What the templates and mappings of an `HTTP` integration say goes out; nothing else of the caller's does.
fn asked_http(asked: &IntegrationRequest, request: &MethodRequest) -> http::Outgoing {
    let mut headers = asked.headers.clone();
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
        headers.push(("content-type".to_owned(), request.content_type()));
    }
    http::Outgoing { headers, query: asked.query.clone(), path: asked.path.clone(), body: asked.body.clone() }
}

async fn proxied(
    functions: &Arc<dyn Functions>,
    integration: &Integration,
    (stage, method, request): (&Stage, &Method, &MethodRequest),
    record: &mut Record,
) -> Result<Response<Bytes>, Refusal> {
    let asked = integration_request::mapped(integration, Scope::new(stage, Some(method), request))?;
    note(&asked, record);
    match &integration.backend {
        Backend::Lambda { function_arn, permitted } => {
            permitted.clone().map_err(|reason| Kind::IntegrationFailure.because(reason))?;
            check_verb(integration)?;
            let event = event::of(stage, method, request);
            record.fact("event", || event.clone());
            record.enter(StepName::Integration);
            lambda::proxied(functions, function_arn, integration, &event, (stage, request), record).await
        }
        Backend::Http { uri } => {
            record.enter(StepName::Integration);
            let outgoing = http::proxied(asked, request);
            let endpoint = http::answer(uri, integration, outgoing, request, record).await?;
            let mut response = Response::new(endpoint.body);
            *response.status_mut() =
                endpoint.selector.parse().ok().and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or_default();
            for name in endpoint.headers.keys() {
                let values: Vec<_> = endpoint.headers.get_all(name).iter().map(super::headers::text).collect();
                super::headers::put(response.headers_mut(), name.as_str(), values.iter().map(AsRef::as_ref));
            }
            response.headers_mut().entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
            Ok(response)
        }
        Backend::Service(uri) => Err(no_service(uri)),
        Backend::Mock => Err(Kind::ApiConfiguration.because("MOCK has no proxy")),
    }
}

/// Lambda's Invoke is a POST; any other verb fails (`AWS_FACTS` B1).
fn check_verb(integration: &Integration) -> Result<(), Refusal> {
    match integration.verb.as_deref() {
        Some("POST") => Ok(()),
        other => {
            let verb = other.unwrap_or("ANY");
            Err(Kind::IntegrationFailure.because(format!("functions are invoked by POST, the integration says {verb}")))
        }
    }
}

fn no_service(uri: &str) -> Refusal {
    Kind::IntegrationFailure.because(format!("{uri}: only Lambda is called from this machine, no other service"))
}

fn note(asked: &IntegrationRequest, record: &mut Record) {
    let parts = [("headers", &asked.headers), ("query", &asked.query), ("path", &asked.path)];
    for (name, values) in parts.into_iter().filter(|(_, values)| !values.is_empty()) {
        record.fact(name, || {
            values.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect::<serde_json::Map<_, _>>()
        });
    }
}
