//! A case of the corpus: a template, what it is rendered for, and what should come out.

use poc::vtl::{RenderError, RenderErrorKind, Rendered, Request, Template};
use serde_json::{Map, Value, json};

/// The request of a case.
pub fn request(case: &Value) -> Request {
    let map = |value: &Value| value.as_object().cloned().unwrap_or_else(Map::new);
    let request = &case["request"];
    Request {
        body: request["body"].as_str().map(str::to_owned),
        path: map(&request["path"]),
        querystring: map(&request["querystring"]),
        header: map(&request["header"]),
        context: map(&case["context"]),
        stage_variables: map(&case["stageVariables"]),
        variables: map(&case["vars"]),
    }
}

/// Renders a case; the result in the corpus's form, without the name.
pub fn run(case: &Value) -> Value {
    let template = match Template::parse(case["template"].as_str().unwrap_or_default()) {
        Ok(template) => template,
        Err(error) => return json!({ "error": "parse", "message": error.to_string() }),
    };
    match template.render(&request(case)) {
        Ok(rendered) => success(rendered),
        Err(error) => failure(&error),
    }
}

fn success(rendered: Rendered) -> Value {
    let mut result = json!({ "output": rendered.output });
    for (key, value) in
        [("requestOverride", rendered.request_override), ("responseOverride", rendered.response_override)]
    {
        if let Some(mut value) = value {
            drop_nulls(&mut value);
            result[key] = value;
        }
    }
    result
}

fn failure(error: &RenderError) -> Value {
    let kind = match error.kind {
        RenderErrorKind::Parse => "parse",
        RenderErrorKind::Runtime | RenderErrorKind::Limit => "runtime",
    };
    json!({ "error": kind, "message": error.to_string() })
}

/// The corpus leaves out keys whose values are null.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(entries) => {
            entries.retain(|_, value| !value.is_null());
            entries.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}
