//! `poc render`: what a template makes of a request. Needs no deploy.yaml and no AWS.

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Failure;
use crate::event::{Problem, ProblemKind};
use crate::spec::{Fault, Source, Span};
use crate::vtl::{ParseError, RenderError, RenderErrorKind, Request, Template};

/// A template, and what it is rendered for.
pub struct Render {
    /// As the user named it.
    pub path: std::path::PathBuf,
    pub template: String,
    pub request: RenderRequest,
}

/// A request as mapping templates see it; what is not given is empty.
#[derive(Clone, Debug, Default)]
pub struct RenderRequest {
    pub body: Option<String>,
    pub path: Map<String, Value>,
    pub querystring: Map<String, Value>,
    pub header: Map<String, Value>,
    pub context: Map<String, Value>,
    pub stage_variables: Map<String, Value>,
    /// Any other variables.
    pub variables: Map<String, Value>,
}

/// What came out.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rendered {
    pub output: String,
    /// `$context.requestOverride`, where the template changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_override: Option<Value>,
    /// `$context.responseOverride`, where the template changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_override: Option<Value>,
}

impl RenderRequest {
    /// Members of the request that mean nothing: the template finds nothing where their author put something.
    pub fn unknown(document: &Value) -> Vec<&str> {
        const OF_REQUEST: [&str; 4] = ["body", "path", "querystring", "header"];
        const BESIDE: [&str; 3] = ["context", "stageVariables", "vars"];
        let nested = document.get("request");
        let members = nested.unwrap_or(document).as_object().into_iter().flat_map(Map::keys).map(String::as_str);
        let known = |member: &str| OF_REQUEST.contains(&member) || (nested.is_none() && BESIDE.contains(&member));
        members.filter(|member| !known(member)).collect()
    }

    /// A case's request: `{"request": {"body", "path", "querystring", "header"}, "context", "stageVariables", "vars"}`.
    /// The members of `request` may also stand at the top, as they do in a file for `--request`.
    ///
    /// # Errors
    /// The member that has the wrong type.
    pub fn from_json(document: &Value) -> Result<RenderRequest, String> {
        if !document.is_object() {
            return Err("it is not a JSON object".to_owned());
        }
        let request = document.get("request").unwrap_or(document);
        let body = match request.get("body") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            // Somebody who writes the body as a document means its text.
            Some(document) => Some(document.to_string()),
        };
        Ok(RenderRequest {
            body,
            path: object(request, "path")?,
            querystring: object(request, "querystring")?,
            header: object(request, "header")?,
            context: object(document, "context")?,
            stage_variables: object(document, "stageVariables")?,
            variables: object(document, "vars")?,
        })
    }
}

fn object(of: &Value, member: &str) -> Result<Map<String, Value>, String> {
    match of.get(member) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(map)) => Ok(map.clone()),
        Some(_) => Err(format!("`{member}` is not an object")),
    }
}

impl From<RenderRequest> for Request {
    fn from(request: RenderRequest) -> Request {
        Request {
            body: request.body,
            path: request.path,
            querystring: request.querystring,
            header: request.header,
            context: request.context,
            stage_variables: request.stage_variables,
            variables: request.variables,
        }
    }
}

/// Renders one template.
///
/// # Errors
/// [`Failure::Faults`] where the template does not parse, [`Failure::Problem`] where it fails while it runs.
pub fn render(render: Render) -> Result<Rendered, Failure> {
    let source = Arc::new(Source { path: render.path, text: render.template });
    let faults = || Template::faults(&source.text).into_iter().map(|error| fault(&source, error)).collect();
    let template = Template::parse(&source.text).map_err(|_| Failure::Faults(faults()))?;
    let rendered = template.render(&render.request.into()).map_err(|error| problem(&source.path, &error))?;
    Ok(Rendered {
        output: rendered.output,
        request_override: rendered.request_override.map(without_nulls),
        response_override: rendered.response_override.map(without_nulls),
    })
}

/// Renders an array of cases; what comes out is an array of results in the same order, errors among them.
///
/// # Errors
/// [`Failure::Usage`] where `text` is not an array of cases.
pub fn render_cases(text: &str) -> Result<Value, Failure> {
    let document: Value = serde_json::from_str(text).map_err(|error| wrong(&format!("they are not JSON: {error}")))?;
    let cases = document.as_array().ok_or_else(|| wrong("they are not a JSON array"))?;
    let results = cases.iter().enumerate().map(|(at, case)| {
        let name = case.get("name").cloned().unwrap_or_else(|| json!(at.to_string()));
        let template = case.get("template").and_then(Value::as_str);
        let template = template.ok_or_else(|| wrong(&format!("case {name} has no text `template`")))?;
        let request = RenderRequest::from_json(&with_request(case));
        let request = request.map_err(|fault| wrong(&format!("in case {name} {fault}")))?;
        let mut result = json!({ "name": name });
        if let (Value::Object(result), Value::Object(more)) = (&mut result, outcome(template, request)) {
            result.extend(more);
        }
        Ok(result)
    });
    Ok(Value::Array(results.collect::<Result<_, Failure>>()?))
}

/// In a case the request's members never stand at the top.
fn with_request(case: &Value) -> Value {
    let mut case = case.clone();
    if let Value::Object(members) = &mut case {
        members.entry("request").or_insert_with(|| json!({}));
    }
    case
}

fn outcome(template: &str, request: RenderRequest) -> Value {
    let rendered = match Template::parse(template) {
        Ok(template) => template.render(&request.into()),
        Err(error) => return json!({ "error": "parse", "message": error.to_string() }),
    };
    match rendered {
        Ok(rendered) => {
            let mut result = json!({ "output": rendered.output });
            let overrides =
                [("requestOverride", rendered.request_override), ("responseOverride", rendered.response_override)];
            for (name, value) in overrides {
                if let Some(value) = value {
                    result[name] = without_nulls(value);
                }
            }
            result
        }
        Err(error) => {
            let kind = match error.kind {
                RenderErrorKind::Parse => "parse",
                RenderErrorKind::Runtime | RenderErrorKind::Limit => "runtime",
            };
            json!({ "error": kind, "message": error.to_string() })
        }
    }
}

/// An override that is null overrides nothing.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(entries) => {
            let kept = entries.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(kept.map(|(name, value)| (name, without_nulls(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        value => value,
    }
}

fn wrong(why: &str) -> Failure {
    Failure::Usage(format!("--cases takes an array of cases, each with a `template`; {why}"))
}

/// The line from the mistake on.
fn fault(source: &Arc<Source>, error: ParseError) -> Fault {
    let mut lines = lines(&source.text).skip(error.line.saturating_sub(1));
    let (begins, line) = lines.next().unwrap_or((source.text.len(), ""));
    let start = begins + line.char_indices().nth(error.column.saturating_sub(1)).map_or(line.len(), |(at, _)| at);
    let end = begins + line.trim_end().len();
    let span = Span { source: source.clone(), start, end: end.max(start), line: error.line, column: error.column };
    Fault {
        code: "template_syntax",
        path: String::new(),
        span: Some(span),
        message: format!("the template does not parse: {}", error.message),
        help: Some("API Gateway would answer 500 with it".to_owned()),
    }
}

/// Lines with the bytes at which they begin; `\n`, `\r` and `\r\n` each end one, as the template language counts.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    let mut over = false;
    std::iter::from_fn(move || {
        if over {
            return None;
        }
        let (begins, rest) = (at, &text[at..]);
        match rest.find(['\n', '\r']) {
            Some(end) => {
                at += end + if rest[end..].starts_with("\r\n") { 2 } else { 1 };
                Some((begins, &rest[..end]))
            }
            None => {
                over = true;
                Some((begins, rest))
            }
        }
    })
}

fn problem(path: &Path, error: &RenderError) -> Failure {
    let place = error.at.map_or_else(String::new, |at| format!(":{at}"));
    let next = match error.kind {
        RenderErrorKind::Limit => "API Gateway would answer 500; let the template do less",
        RenderErrorKind::Parse | RenderErrorKind::Runtime => "API Gateway would answer 500; mend the template there",
    };
    Failure::Problem(Box::new(Problem {
        kind: ProblemKind::TemplateFailed.name(),
        resource: None,
        operation: None,
        code: None,
        message: format!("{}{place}: {}", path.display(), error.message),
        request_id: None,
        next: next.to_owned(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(template: &str) -> Failure {
        let render = Render { path: "t.vtl".into(), template: template.to_owned(), request: RenderRequest::default() };
        super::render(render).unwrap_err()
    }

    #[test]
    fn a_mistake_is_underlined_from_where_it_stands_to_the_end_of_its_line() {
        let Failure::Faults(faults) = failure("{\r\n  é #set($x = )  \r\n}") else { panic!("no faults") };
        let span = faults[0].span.clone().unwrap();
        assert_eq!(span.line, 2);
        assert_eq!(&span.source.text[span.start..span.end], ")", "{span:?}");
    }

    #[test]
    fn a_failure_while_rendering_has_its_place() {
        let Failure::Problem(problem) = failure("a\n#foreach()#end") else { panic!("no problem") };
        assert!(problem.message.starts_with("t.vtl:2:"), "{problem:?}");
    }
}
