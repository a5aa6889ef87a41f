//! Request validation (`AWS_FACTS` C3): required parameters, and bodies against models (JSON schema, draft 4).

use std::collections::BTreeMap;
use std::sync::Arc;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{Draft, Retrieve, Uri, ValidationError, Validator};
use serde_json::Value;

use super::refusal::{Kind, Refusal};
use super::request::MethodRequest;
use crate::local::cloud::apigateway::{self as model, Definition};

/// What is asked of a method's requests.
#[derive(Debug, Default)]
pub struct Validation {
    /// Required ones, sorted by their full name; none where they are not looked at.
    pub parameters: Vec<Required>,
    /// By bare content type; none where bodies are not looked at.
    pub bodies: Option<BTreeMap<String, Body>>,
}

#[derive(Debug)]
pub struct Required {
    place: Place,
    name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Header,
    Path,
    Query,
}

#[derive(Debug)]
pub struct Body {
    model: String,
    /// Or why the model cannot be used.
    validator: Result<Validator, String>,
}

/// Models by the address by which others refer to them.
#[derive(Clone, Debug)]
struct Models(Arc<BTreeMap<String, Value>>);

impl Retrieve for Models {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let name = uri.as_str().split('#').next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
        self.0.get(name).cloned().ok_or_else(|| format!("there is no model {name}").into())
    }
}

impl Validation {
    pub fn new(definition: &Definition, method: &model::Method) -> Validation {
        let asked = method.request_validator_id.as_ref().and_then(|id| definition.request_validators.get(id));
        let Some(asked) = asked else { return Validation::default() };
        let mut parameters: Vec<Required> = Vec::new();
        if asked.validate_request_parameters {
            let declared = method.request_parameters.iter().flatten();
            parameters.extend(declared.filter(|(_, required)| **required).filter_map(|(key, _)| Required::parse(key)));
            parameters.sort_by(|one, other| (one.place, &one.name).cmp(&(other.place, &other.name)));
        }
        let bodies = asked.validate_request_body.then(|| bodies(definition, method));
        Validation { parameters, bodies }
    }

    /// What `check` looks at, for a person.
    pub fn told(&self, request: &MethodRequest) -> String {
        let mut told: Vec<String> = self.parameters.iter().map(|one| one.name.clone()).collect();
        told.extend(self.body(request).map(|body| format!("the body by the model {}", body.model)));
        if told.is_empty() { "nothing".to_owned() } else { told.join(", ") }
    }

    fn body(&self, request: &MethodRequest) -> Option<&Body> {
        let bodies = self.bodies.as_ref()?;
        bodies.get(&request.content_type()).or_else(|| bodies.get("$default"))
    }

    /// # Errors
    /// Names all missing parameters, or what of the body is wrong.
    pub fn check(&self, request: &MethodRequest) -> Result<(), Refusal> {
        let missing: Vec<&str> =
            self.parameters.iter().filter(|one| !one.is_in(request)).map(|one| one.name.as_str()).collect();
        if !missing.is_empty() {
            let message = format!("Missing required request parameters: [{}]", missing.join(", "));
            return Err(Kind::BadParameters.because(message.clone()).saying(message));
        }
        self.body(request).map_or(Ok(()), |body| body.check(&request.body))
    }
}

impl Required {
    fn parse(key: &str) -> Option<Required> {
        let (place, name) = key.strip_prefix("method.request.")?.split_once('.')?;
        let place = match place {
            "header" => Place::Header,
            "path" => Place::Path,
            "querystring" => Place::Query,
            _ => return None,
        };
        Some(Required { place, name: name.to_owned() })
    }

    /// A blank value counts as none.
    fn is_in(&self, request: &MethodRequest) -> bool {
        match self.place {
            Place::Header => request.header(&self.name).is_some_and(|value| !value.trim().is_empty()),
            Place::Path => request.path_parameter(&self.name).is_some_and(|value| !value.trim().is_empty()),
            Place::Query => request.query(&self.name).is_some_and(|value| !value.trim().is_empty()),
        }
    }
}

fn bodies(definition: &Definition, method: &model::Method) -> BTreeMap<String, Body> {
    let schemas = definition.models.values().filter_map(|model| {
        let schema = serde_json::from_str(model.schema.as_deref()?).ok()?;
        Some((model.name.clone(), schema))
    });
    let models = Models(Arc::new(schemas.collect()));
    let declared = method.request_models.iter().flatten();
    declared
        .map(|(content_type, name)| {
            let body = Body { model: name.clone(), validator: validator(&models, name) };
            (super::media::bare(content_type), body)
        })
        .collect()
}

fn validator(models: &Models, name: &str) -> Result<Validator, String> {
    let schema = models.0.get(name).ok_or_else(|| format!("the model {name} is no JSON schema"))?;
    jsonschema::options()
        .with_draft(Draft::Draft4)
        .with_retriever(models.clone())
        .with_base_uri(format!("https://apigateway.amazonaws.com/restapis/api/models/{name}"))
        .build(schema)
        .map_err(|error| error.to_string())
}

impl Body {
    fn check(&self, body: &[u8]) -> Result<(), Refusal> {
        let validator = self.validator.as_ref().map_err(|fault| {
            Kind::ApiConfiguration.because(format!("the model {} cannot be used: {fault}", self.model))
        })?;
        let text: &[u8] = if body.is_empty() { b"{}" } else { body };
        let Ok(document) = serde_json::from_slice::<Value>(text) else {
            return Err(wrong(vec!["[Unable to parse body as JSON]".to_owned()], &self.model));
        };
        let faults = told_all(validator.iter_errors(&document));
        if faults.is_empty() { Ok(()) } else { Err(wrong(faults, &self.model)) }
    }
}

fn wrong(faults: Vec<String>, model: &str) -> Refusal {
    let validation = match faults.as_slice() {
        [only] if only.starts_with('[') => only.clone(),
        _ => format!("[{}]", faults.join(", ")),
    };
    let reason = format!("the body does not fit the model {model}: {validation}");
    Refusal { validation: Some(validation), ..Kind::BadBody.because(reason) }
}

/// One text per fault; the properties that one object lacks are told together.
fn told_all<'e>(errors: impl Iterator<Item = ValidationError<'e>>) -> Vec<String> {
    let mut missing: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut faults = Vec::new();
    for error in errors {
        match error.kind() {
            ValidationErrorKind::Required { property } => {
                missing.entry(error.instance_path().to_string()).or_default().push(property.to_string());
            }
            _ => faults.push(told(&error)),
        }
    }
    let missing = missing.into_values().map(|mut names| {
        names.sort_unstable();
        format!("object has missing required properties ([{}])", names.join(","))
    });
    missing.chain(faults).collect()
}

/// In the words of the Java library that API Gateway validates with, as far as they are known.
fn told(error: &ValidationError<'_>) -> String {
    let instance = error.instance();
    match error.kind() {
        ValidationErrorKind::Type { kind } => {
            let allowed: Vec<String> = match kind {
                TypeKind::Single(one) => vec![format!("\"{one}\"")],
                TypeKind::Multiple(several) => several.iter().map(|one| format!("\"{one}\"")).collect(),
            };
            format!(
                "instance type ({}) does not match any allowed primitive type (allowed: [{}])",
                type_of(instance),
                allowed.join(",")
            )
        }
        ValidationErrorKind::Enum { options } => {
            format!("instance value ({instance}) not found in enum (possible values: {options})")
        }
        ValidationErrorKind::Minimum { limit } => {
            format!("numeric instance is lower than the required minimum (minimum: {limit}, found: {instance})")
        }
        ValidationErrorKind::Maximum { limit } => {
            format!("numeric instance is greater than the required maximum (maximum: {limit}, found: {instance})")
        }
        ValidationErrorKind::ExclusiveMinimum { limit } => {
            format!("numeric instance is not strictly greater than the required minimum {limit}")
        }
        ValidationErrorKind::ExclusiveMaximum { limit } => {
            format!("numeric instance is not strictly lower than the required maximum {limit}")
        }
        ValidationErrorKind::MinLength { limit } => {
            format!("string {instance} is too short (length: {}, required minimum: {limit})", length(instance))
        }
        ValidationErrorKind::MaxLength { limit } => {
            format!("string {instance} is too long (length: {}, maximum allowed: {limit})", length(instance))
        }
        ValidationErrorKind::MinItems { limit } => {
            format!(
                "array is too short: must have at least {limit} elements but instance has {} elements",
                length(instance)
            )
        }
        ValidationErrorKind::MaxItems { limit } => {
            format!(
                "array is too long: must have at most {limit} elements but instance has {} elements",
                length(instance)
            )
        }
        ValidationErrorKind::UniqueItems => "array must not contain duplicate elements".to_owned(),
        ValidationErrorKind::Pattern { pattern } => {
            format!("ECMA 262 regex \"{pattern}\" does not match input string {instance}")
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let names: Vec<String> = unexpected.iter().map(|name| format!("\"{name}\"")).collect();
            format!("object instance has properties which are not allowed by the schema: [{}]", names.join(","))
        }
        _ => error.to_string(),
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.len(),
        _ => 0,
    }
}
