//! Mapping templates of a method: compiled once, chosen by content type, rendered with what of the request they look at.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::context;
use super::headers;
use super::refusal::{Kind, Refusal};
use super::request::MethodRequest;
use super::site::{Method, Stage};
use crate::vtl::{self, ParameterLocation};

/// One template, ready to be rendered.
#[derive(Debug)]
pub struct Template {
    form: Form,
    /// What it may look at, by its text; a part that it does not look at is not put together.
    sees: Sees,
}

#[derive(Debug)]
enum Form {
    /// Nothing in it needs rendering.
    Fixed(String),
    Compiled(Box<vtl::Template>),
    /// API Gateway takes any text as a template, and fails when it renders (`AWS_FACTS` C5).
    Broken(String),
}

#[derive(Clone, Copy, Debug)]
struct Sees {
    context: bool,
    parameters: bool,
    variables: bool,
}

/// What a template made of a request.
#[derive(Debug, Default)]
pub struct Rendered {
    pub output: String,
    pub request_override: Option<Value>,
    pub response_override: Option<Value>,
}

/// What of `$context` templates changed so far; the response template sees what the request template left.
#[derive(Debug, Default)]
pub struct Overrides {
    pub request: Option<Value>,
    pub response: Option<Value>,
}

impl Template {
    pub fn new(text: &str) -> Template {
        let builds_code = text.contains("evaluate");
        let sees = |word: &str| builds_code || text.contains(word);
        let sees = Sees { context: sees("context"), parameters: sees("params"), variables: sees("stageVariables") };
        let form = if text.contains(['$', '#', '\\']) {
            match vtl::Template::parse(text) {
                Ok(template) => Form::Compiled(Box::new(template)),
                Err(error) => Form::Broken(format!("line {}, column {}: {}", error.line, error.column, error.message)),
            }
        } else {
            Form::Fixed(text.to_owned())
        };
        Template { form, sees }
    }

    /// Header names as the template spells them.
    pub fn header_names(&self) -> Vec<String> {
        let Form::Compiled(template) = &self.form else { return Vec::new() };
        let uses = template.parameters().into_iter();
        uses.filter(|used| matches!(used.location, ParameterLocation::Header | ParameterLocation::Any))
            .map(|used| used.name)
            .collect()
    }

    /// # Errors
    /// When the template fails: 500, with the fault for the developer.
    pub fn render(
        &self,
        name: &str,
        body: &[u8],
        (stage, method, request): (&Stage, &Method, &MethodRequest),
        overrides: &Overrides,
    ) -> Result<Rendered, Refusal> {
        let template = match &self.form {
            Form::Fixed(text) => return Ok(Rendered { output: text.clone(), ..Rendered::default() }),
            Form::Broken(fault) => return Err(failed(name, fault)),
            Form::Compiled(template) => template,
        };
        let Ok(body) = std::str::from_utf8(body) else {
            return Err(failed(name, "the body is binary; contentHandling CONVERT_TO_TEXT makes base64 of it"));
        };
        let mut asked = vtl::Request { body: Some(body.to_owned()), ..vtl::Request::default() };
        if self.sees.parameters {
            asked.path = request.path_parameters.iter().map(|(key, value)| (key.to_string(), text(value))).collect();
            asked.querystring = request.query.iter().map(|(key, value)| (key.clone(), text(value))).collect();
            asked.header = header_map(method, request);
        }
        if self.sees.context {
            asked.context = context::document(stage, method, request);
            for (part, value) in [("requestOverride", &overrides.request), ("responseOverride", &overrides.response)] {
                if let Some(value) = value {
                    asked.context.insert(part.to_owned(), value.clone());
                }
            }
        }
        if self.sees.variables {
            asked.stage_variables = stage.variables.iter().map(|(key, value)| (key.clone(), text(value))).collect();
        }
        let rendered = template.render(&asked).map_err(|error| failed(name, &error.to_string()))?;
        if let Some(parameter) = &rendered.overridden_twice {
            return Err(failed(name, &format!("it sets $context.{parameter} twice, and overrides are final")));
        }
        Ok(Rendered {
            output: rendered.output,
            request_override: rendered.request_override,
            response_override: rendered.response_override,
        })
    }
}

fn text(value: &str) -> Value {
    Value::String(value.to_owned())
}

/// Last values, under the names that the method's declarations and templates spell.
fn header_map(method: &Method, request: &MethodRequest) -> Map<String, Value> {
    let mut map = Map::new();
    for (name, value) in &request.headers {
        map.insert(method.spelling(name.as_str()), text(&headers::text(value)));
    }
    map
}

fn failed(name: &str, fault: &str) -> Refusal {
    Kind::ApiConfiguration.because(format!("the template {name} failed: {fault}"))
}

/// Templates by content type.
#[derive(Debug, Default)]
pub struct Templates(BTreeMap<String, Arc<Template>>);

impl Templates {
    pub fn new(by_content_type: BTreeMap<String, Arc<Template>>) -> Templates {
        Templates(by_content_type)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Template> {
        self.0.values().map(|template| &**template)
    }

    /// The request's: by its bare content type, then `$default`.
    pub fn for_content_type(&self, content_type: &str) -> Option<(&str, &Template)> {
        self.named(content_type).or_else(|| self.named("$default"))
    }

    /// The response's: what the caller accepts, then `application/json`, then the first (`AWS_FACTS` C6).
    pub fn for_accept(&self, accepted: Option<&str>) -> Option<(&str, &Template)> {
        accepted
            .and_then(|accepted| self.named(accepted))
            .or_else(|| self.named("application/json"))
            .or_else(|| self.0.iter().next().map(|(name, template)| (name.as_str(), &**template)))
    }

    fn named(&self, content_type: &str) -> Option<(&str, &Template)> {
        let exact = self.0.get_key_value(content_type);
        let found = exact.or_else(|| self.0.iter().find(|(name, _)| super::media::bare(name) == content_type));
        found.map(|(name, template)| (name.as_str(), &**template))
    }
}
