//! `$input`: the request.

use super::{Called, found};
use crate::vtl::json;
use crate::vtl::jsonpath;
use crate::vtl::render::{Rendered, Renderer};
use crate::vtl::value::Value;

impl Renderer<'_> {
    pub(super) fn input_method(&mut self, name: &str, arguments: &[Value]) -> Called {
        match (name, arguments) {
            ("getBody", []) => found(Value::text(self.input.body())),
            ("params", []) => found(Value::Map(self.input.parameters())),
            ("params", [Value::String(name)]) => self.parameter(name),
            ("path", [Value::String(path)]) => found(self.body_at(path)?),
            ("json", [Value::String(path)]) => {
                let value = self.body_at(path)?;
                found(Value::text(if value.is_null() { "\"\"".to_owned() } else { self.json(&value)? }))
            }
            _ => Ok(None),
        }
    }

    /// The path's parameter of this name, else the query string's, else the header's, else "".
    fn parameter(&mut self, name: &str) -> Called {
        match self.input.parameter(name) {
            text @ Value::String(_) => found(text),
            value => {
                let text = self.text(&value)?;
                found(Value::text(text.unwrap_or_default()))
            }
        }
    }

    /// What a JSONPath finds in the body; null where it finds nothing.
    fn body_at(&mut self, path: &str) -> Rendered<Value> {
        if self.input.document.is_none() {
            let body = self.input.body();
            self.step(body.len() / 16)?;
            self.input.document = Some(json::parse(body).unwrap_or(Value::Null));
        }
        match self.input.document.clone() {
            None | Some(Value::Null) => Ok(Value::Null),
            Some(document) => Ok(jsonpath::read(self, path, &document)?.unwrap_or(Value::Null)),
        }
    }
}
