//! Gateway responses: what a caller gets when the gateway itself answers. An API may set status, headers and bodies per
//! type; `DEFAULT_4XX` and `DEFAULT_5XX` stand for the types that are not set. Bodies are filled in, not rendered: only
//! `$context` and `$stageVariables` mean something in them (`AWS_FACTS` C7).

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use serde_json::{Map, Value};

use super::filled::fill;
use super::headers;
use super::mapping::{Scope, Source};
use super::refusal::{Kind, Refusal};
use crate::local::cloud::apigateway::GatewayResponse;

const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// Those that an API has set.
#[derive(Debug, Default)]
pub struct GatewayResponses(BTreeMap<String, Own>);

#[derive(Debug)]
struct Own {
    status: Option<u16>,
    headers: Vec<(String, Source)>,
    templates: BTreeMap<String, String>,
}

impl GatewayResponses {
    pub fn new(set: &BTreeMap<String, GatewayResponse>) -> GatewayResponses {
        GatewayResponses(set.iter().map(|(kind, response)| (kind.clone(), Own::new(response))).collect())
    }

    fn of(&self, kind: Kind) -> Option<&Own> {
        let name = kind.response_type()?;
        let fallback = if kind.status() < 500 { "DEFAULT_4XX" } else { "DEFAULT_5XX" };
        self.0.get(name).or_else(|| self.0.get(fallback))
    }
}

impl Own {
    fn new(response: &GatewayResponse) -> Own {
        let headers = response.response_parameters.iter().filter_map(|(target, source)| {
            Some((target.strip_prefix("gatewayresponse.header.")?.to_owned(), Source::parse(source)))
        });
        Own {
            // What announces an answer can be none itself.
            status: response.status_code.as_deref().and_then(|status| status.parse().ok()).filter(|it| *it >= 200),
            headers: headers.collect(),
            templates: response.response_templates.clone(),
        }
    }
}

/// The answer; `scope` is none where no API was found whose gateway responses would count.
pub fn answer(refusal: &Refusal, scope: Option<&Scope<'_>>) -> Response<Bytes> {
    let own = scope.and_then(|scope| scope.stage.gateway_responses.of(refusal.kind));
    let status = own.and_then(|own| own.status).or(refusal.status).unwrap_or_else(|| refusal.kind.status());
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let all = response.headers_mut();
    all.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    all.insert(ERROR_TYPE, HeaderValue::from_static(refusal.kind.error_type()));
    let Some((own, scope)) = own.zip(scope) else {
        *response.body_mut() = default_body(refusal, status).into();
        return response;
    };
    if let Some((content_type, template)) =
        own.templates.get_key_value("application/json").or_else(|| own.templates.iter().next())
    {
        all.insert(CONTENT_TYPE, headers::value(content_type));
        let body = if is_default(template) { default_body(refusal, status) } else { filled(template, refusal, scope) };
        *response.body_mut() = body.into();
    }
    let all = response.headers_mut();
    for (name, source) in &own.headers {
        let values = match source {
            Source::Context(path) if path.starts_with("error.") => {
                error_value(refusal, &path["error.".len()..]).into_iter().collect()
            }
            source => source.values(scope),
        };
        if !values.is_empty() {
            headers::put(all, name, values.iter().map(String::as_str));
        }
    }
    response
}

/// As AWS writes it: ACCESS_DENIED with a capital, the integration's timeouts and bad gateways with a space.
fn default_body(refusal: &Refusal, status: u16) -> String {
    let (name, space) = match (refusal.kind, status) {
        (Kind::AccessDenied, _) => ("Message", ""),
        (_, 502..) => ("message", " "),
        _ => ("message", ""),
    };
    format!("{{\"{name}\":{space}{}}}", Value::from(refusal.message.as_str()))
}

fn is_default(template: &str) -> bool {
    template == "{\"message\":$context.error.messageString}"
}

/// `$context.error.…`, which gateway responses and access logs alone have.
pub fn error_value(refusal: &Refusal, name: &str) -> Option<String> {
    match name {
        "message" => Some(refusal.message.clone()),
        "messageString" => Some(Value::from(refusal.message.as_str()).to_string()),
        "responseType" => refusal.kind.response_type().map(str::to_owned),
        "validationErrorString" => refusal.validation.clone(),
        _ => None,
    }
}

/// What has no value leaves nothing.
fn filled(template: &str, refusal: &Refusal, scope: &Scope<'_>) -> String {
    fill(template, |path| {
        let context = path.strip_prefix("context.").map(|path| context_value(path, refusal, scope.context()));
        let variable = || Some(scope.stage.variables.get(path.strip_prefix("stageVariables.")?).cloned());
        Some(context.or_else(variable)?.unwrap_or_default())
    })
}

fn context_value(path: &str, refusal: &Refusal, context: &Map<String, Value>) -> Option<String> {
    match path.strip_prefix("error.") {
        Some(name) => error_value(refusal, name),
        None => super::context::value_at(context, path),
    }
}
