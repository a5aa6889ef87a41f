//! The integration request: parameters mapped, the body converted, the template chosen by content type and rendered
//! (`AWS_FACTS` C4, C5), overrides applied.

use bytes::Bytes;
use serde_json::Value;

use super::mapping::Scope;
use super::record::Record;
use super::refusal::{Kind, Refusal};
use super::request::MethodRequest;
use super::site::{Integration, Method, Passthrough, Stage, Target};
use super::template::{Overrides, Template};
use super::{binary, headers};

/// What goes to the backend.
#[derive(Debug, Default)]
pub struct IntegrationRequest {
    pub body: Bytes,
    pub headers: Vec<(String, String)>,
    pub query: Vec<(String, String)>,
    pub path: Vec<(String, String)>,
    /// Whether a template made the body.
    pub rendered: bool,
    pub overrides: Overrides,
}

impl IntegrationRequest {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().rev().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// # Errors
/// 415 where no template fits and the body may not pass, 500 where a mapping or a template fails.
pub fn build(
    integration: &Integration,
    (stage, method, request): (&Stage, &Method, &MethodRequest),
    record: &mut Record,
) -> Result<IntegrationRequest, Refusal> {
    let mut built = mapped(integration, Scope::new(stage, Some(method), request))?;
    let content_type = request.content_type();
    // The template is chosen before the body is looked at.
    let template = choose(integration, &content_type)?;
    let declared = request.headers.contains_key(http::header::CONTENT_TYPE).then_some(content_type.as_str());
    let is_binary = stage.binary.contain(declared);
    let body = binary::request_body(request.body.clone(), integration.content_handling, is_binary)?;
    let Some((name, template)) = template else {
        record.fact("template", || "none: the body passes through");
        record.document("body", &body);
        built.body = body;
        return Ok(built);
    };
    record.fact("template", || name);
    let rendered = template.render(name, &body, (stage, method, request), &Overrides::default())?;
    record.document("body", rendered.output.as_bytes());
    built.body = rendered.output.into();
    built.rendered = true;
    built.overrides = Overrides { request: rendered.request_override, response: rendered.response_override };
    let overriding = built.overrides.request.take();
    if let Some(changed) = &overriding {
        record.fact("request_override", || changed.clone());
        apply_overrides(&mut built, changed)?;
    }
    built.overrides.request = overriding;
    Ok(built)
}

/// The parameters alone: proxies use no template.
///
/// # Errors
/// When a header is mapped that an integration may not get.
pub fn mapped(integration: &Integration, scope: Scope<'_>) -> Result<IntegrationRequest, Refusal> {
    let mut built = IntegrationRequest::default();
    for (target, name, source) in &integration.parameters {
        let values = source.values(&scope);
        match target {
            Target::Header => {
                refuse_reserved(name)?;
                if !values.is_empty() {
                    built.headers.push((name.clone(), values.join(",")));
                }
            }
            Target::Query => built.query.extend(values.into_iter().map(|value| (name.clone(), value))),
            Target::Path => built.path.extend(values.into_iter().map(|value| (name.clone(), value))),
        }
    }
    Ok(built)
}

fn refuse_reserved(name: &str) -> Result<(), Refusal> {
    if headers::is_refused_by_integrations(name) {
        let reason = format!("the header {name} must not be mapped into an integration request");
        return Err(Kind::ApiConfiguration.because(reason));
    }
    Ok(())
}

/// By the table of `AWS_FACTS` C4.
fn choose<'a>(integration: &'a Integration, content_type: &str) -> Result<Option<(&'a str, &'a Template)>, Refusal> {
    if let Some(found) = integration.templates.for_content_type(content_type) {
        return Ok(Some(found));
    }
    let refused = match integration.passthrough {
        Passthrough::WhenNoMatch => false,
        Passthrough::WhenNoTemplates => !integration.templates.is_empty(),
        Passthrough::Never => true,
    };
    if refused {
        return Err(Kind::UnsupportedMediaType.because(format!(
            "no request template for {}, and the passthrough behaviour is {}",
            if content_type.is_empty() { "an empty content type" } else { content_type },
            integration.passthrough
        )));
    }
    Ok(None)
}

fn apply_overrides(built: &mut IntegrationRequest, changed: &Value) -> Result<(), Refusal> {
    let entries = |part: &str| changed[part].as_object().into_iter().flatten();
    for (name, value) in entries("header") {
        refuse_reserved(name)?;
        built.headers.retain(|(key, _)| !key.eq_ignore_ascii_case(name));
        built.headers.push((name.clone(), plain(value)));
    }
    for (part, target) in [("querystring", &mut built.query), ("path", &mut built.path)] {
        for (name, value) in entries(part) {
            target.retain(|(key, _)| key != name);
            target.push((name.clone(), plain(value)));
        }
    }
    Ok(())
}

/// Text without quotes, anything else as JSON.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
