//! Parameter mappings: `method.request.querystring.gre`, `integration.response.body.x`, `context.…`, `stageVariables.…`,
//! `'static'`. The control plane has checked their shape; here they have values.

use std::sync::OnceLock;

use http::header::HeaderMap;
use serde_json::{Map, Value};

use super::request::MethodRequest;
use super::site::{Method, Stage};
use super::{context, headers};
use crate::vtl;

/// Where a value comes from.
#[derive(Debug)]
pub enum Source {
    Static(String),
    Query(String),
    Header(String),
    Path(String),
    MultiQuery(String),
    MultiHeader(String),
    /// The body, or what a JSONPath finds in it.
    Body(Option<Box<vtl::Template>>),
    ResponseHeader(String),
    ResponseMultiHeader(String),
    ResponseBody(Option<Box<vtl::Template>>),
    Context(String),
    StageVariable(String),
    /// An expression that means nothing.
    Nothing,
}

/// What expressions can look at.
pub struct Scope<'a> {
    pub stage: &'a Stage,
    pub method: Option<&'a Method>,
    pub request: &'a MethodRequest,
    /// Headers and body of the integration's response, once there is one.
    pub response: Option<(&'a HeaderMap, &'a [u8])>,
    context: OnceLock<Map<String, Value>>,
}

impl<'a> Scope<'a> {
    pub fn new(stage: &'a Stage, method: Option<&'a Method>, request: &'a MethodRequest) -> Scope<'a> {
        Scope { stage, method, request, response: None, context: OnceLock::new() }
    }

    pub fn with_response(self, headers: &'a HeaderMap, body: &'a [u8]) -> Scope<'a> {
        Scope { response: Some((headers, body)), ..self }
    }

    pub fn context(&self) -> &Map<String, Value> {
        self.context.get_or_init(|| match self.method {
            Some(method) => context::document(self.stage, method, self.request),
            None => context::without_method(self.stage, self.request),
        })
    }
}

impl Source {
    pub fn parse(expression: &str) -> Source {
        if let Some(text) = expression.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
            return Source::Static(text.to_owned());
        }
        if let Some(path) = expression.strip_prefix("context.") {
            return Source::Context(path.to_owned());
        }
        if let Some(name) = expression.strip_prefix("stageVariables.") {
            return Source::StageVariable(name.to_owned());
        }
        let named = |rest: &str| rest.split_once('.').map(|(place, name)| (place.to_owned(), name.to_owned()));
        if let Some(rest) = expression.strip_prefix("method.request.") {
            if let Some(path) = rest.strip_prefix("body") {
                return Source::Body(json_path(path));
            }
            return match named(rest) {
                Some((place, name)) => match place.as_str() {
                    "querystring" => Source::Query(name),
                    "header" => Source::Header(name),
                    "path" => Source::Path(name),
                    "multivaluequerystring" => Source::MultiQuery(name),
                    "multivalueheader" => Source::MultiHeader(name),
                    _ => Source::Nothing,
                },
                None => Source::Nothing,
            };
        }
        if let Some(rest) = expression.strip_prefix("integration.response.") {
            if let Some(path) = rest.strip_prefix("body") {
                return Source::ResponseBody(json_path(path));
            }
            return match named(rest) {
                Some((place, name)) if place == "header" => Source::ResponseHeader(name),
                Some((place, name)) if place == "multivalueheader" => Source::ResponseMultiHeader(name),
                _ => Source::Nothing,
            };
        }
        Source::Nothing
    }

    /// The values; empty where there is none, and then nothing is mapped.
    pub fn values(&self, scope: &Scope<'_>) -> Vec<String> {
        let request = scope.request;
        let one = |value: Option<String>| value.into_iter().collect();
        match self {
            Source::Static(text) => vec![text.clone()],
            Source::Query(name) => one(request.query(name).map(str::to_owned)),
            Source::Header(name) => one(request.header(name).map(std::borrow::Cow::into_owned)),
            Source::Path(name) => one(request.path_parameter(name).map(str::to_owned)),
            Source::MultiQuery(name) => request.queries(name).map(str::to_owned).collect(),
            Source::MultiHeader(name) => request.headers(name).into_iter().map(std::borrow::Cow::into_owned).collect(),
            Source::Body(path) => one(in_body(path.as_deref(), &request.body)),
            Source::ResponseHeader(name) => {
                one(scope.response.and_then(|(all, _)| all.get(name)).map(|value| headers::text(value).into_owned()))
            }
            Source::ResponseMultiHeader(name) => {
                let all = scope.response.map(|(all, _)| all.get_all(name).iter());
                all.into_iter().flatten().map(|value| headers::text(value).into_owned()).collect()
            }
            Source::ResponseBody(path) => one(scope.response.and_then(|(_, body)| in_body(path.as_deref(), body))),
            Source::Context(path) => one(context::value_at(scope.context(), path)),
            Source::StageVariable(name) => one(scope.stage.variables.get(name).cloned()),
            Source::Nothing => Vec::new(),
        }
    }
}

/// `.a.b` or `[0].c` after `body`, as a template that reads it; none for the whole body.
fn json_path(path: &str) -> Option<Box<vtl::Template>> {
    if path.is_empty() {
        return None;
    }
    let quote = if path.contains('\'') { '"' } else { '\'' };
    vtl::Template::parse(&format!("$input.json({quote}${path}{quote})")).ok().map(Box::new)
}

fn in_body(path: Option<&vtl::Template>, body: &[u8]) -> Option<String> {
    let body = String::from_utf8_lossy(body).into_owned();
    let Some(path) = path else { return Some(body) };
    let found = path.render(&vtl::Request { body: Some(body), ..vtl::Request::default() }).ok()?.output;
    match serde_json::from_str(&found) {
        // What is not there reads as an empty text.
        Ok(Value::String(text)) => Some(text).filter(|text| !text.is_empty()),
        Ok(Value::Null) | Err(_) => None,
        Ok(_) => Some(found),
    }
}
