//! deploy.yaml as a JSON schema for editors, from the same tables the file is read by. It sees form and ranges; what needs
//! a look at several places, at other files or at `${…}` is seen by `poc validate` alone.

use serde_json::{Map, Value, json};

use super::checks::VERBS;
use super::function::IMAGE_BRINGS;
use super::grammar::{CHECK, Field, Mapping, Needed, PACKAGE, ROOT, Takes};
use super::package::FOR_DIRECTORIES;
use super::stages::FIXED;

/// The schema of a whole deploy.yaml, draft 7, which is what editors' YAML support reads.
pub fn json_schema() -> Value {
    let mut definitions = Map::new();
    let mut schema = Whole.mapping(&ROOT, &mut definitions);
    let stage = Differences.mapping(&ROOT, &mut definitions);
    if let Some(stages) = schema.pointer_mut("/properties/stages").and_then(Value::as_object_mut) {
        stages.insert("additionalProperties".to_owned(), stage);
    }
    if let Value::Object(keys) = &mut schema {
        keys.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
        keys.insert("title".to_owned(), json!("deploy.yaml of poc"));
        keys.insert("definitions".to_owned(), Value::Object(definitions));
    }
    schema
}

/// What the tables are read for.
#[derive(Clone, Copy)]
enum Reading {
    /// The file itself.
    Whole,
    /// A stage's entry under `stages`: nothing must be there, and null takes away what the file says.
    Differences,
}

use Reading::{Differences, Whole};

impl Reading {
    fn mapping(self, shape: &'static Mapping, definitions: &mut Map<String, Value>) -> Value {
        let keys = shape.keys.iter().filter(|field| matches!(self, Whole) || !self.is_fixed(shape, field));
        let properties: Map<String, Value> =
            keys.clone().map(|field| (field.key.to_owned(), self.field(field, definitions))).collect();
        let mut schema = json!({ "type": "object", "additionalProperties": false, "properties": properties });
        let needed: Vec<&str> = keys.filter(|field| field.needed == Needed::Always).map(|field| field.key).collect();
        if matches!(self, Whole) && !needed.is_empty() {
            schema["required"] = json!(needed);
        }
        if let (Whole, Some(rule), Value::Object(keys)) = (self, together(shape), &mut schema) {
            keys.extend(rule);
        }
        schema
    }

    fn is_fixed(self, shape: &'static Mapping, field: &Field) -> bool {
        std::ptr::eq(shape, &raw const ROOT) && FIXED.contains(&field.key)
    }

    fn field(self, field: &'static Field, definitions: &mut Map<String, Value>) -> Value {
        let takes = self.takes(&field.takes, definitions);
        let mut schema = match (self, takes) {
            (Whole, Value::Object(keys)) if !keys.contains_key("$ref") => Value::Object(keys),
            // Beside a reference nothing else counts in draft 7.
            (Whole, reference) => json!({ "allOf": [reference] }),
            (Differences, takes) => json!({ "anyOf": [takes, { "type": "null" }] }),
        };
        schema["description"] = json!(field.says);
        schema
    }

    fn takes(self, takes: &'static Takes, definitions: &mut Map<String, Value>) -> Value {
        // A plain `${…}` is filled in before it is typed.
        let filled_in = json!({ "type": "string", "pattern": "\\$\\{" });
        match takes {
            Takes::Text => json!({ "type": "string" }),
            Takes::Like(form) => json!({ "anyOf": [form.schema(), filled_in] }),
            Takes::Flag => json!({ "anyOf": [{ "type": "boolean" }, filled_in] }),
            Takes::Whole(low, high) => {
                json!({ "anyOf": [{ "type": "integer", "minimum": low, "maximum": high }, filled_in] })
            }
            Takes::Number(low, high) => {
                json!({ "anyOf": [{ "type": "number", "minimum": low, "maximum": high }, filled_in] })
            }
            Takes::OneOf(words) => json!({ "anyOf": [{ "enum": words }, filled_in] }),
            Takes::List(item) => json!({ "type": "array", "items": self.takes(item, definitions) }),
            Takes::Named(value) => self.named(value, definitions),
            Takes::Keyed(form, value) => {
                let mut schema = self.named(value, definitions);
                schema["propertyNames"] = form.schema();
                schema
            }
            Takes::Map(shape) => {
                let name = self.name(shape);
                if !definitions.contains_key(&name) {
                    // Entered before it is drawn up, should it ever contain itself.
                    definitions.insert(name.clone(), Value::Bool(true));
                    let schema = self.mapping(shape, definitions);
                    definitions.insert(name.clone(), schema);
                }
                json!({ "$ref": format!("#/definitions/{name}") })
            }
            Takes::Either(several) => {
                let several: Vec<Value> = several.iter().map(|one| self.takes(one, definitions)).collect();
                json!({ "anyOf": several })
            }
            Takes::Any => json!({}),
        }
    }

    fn named(self, value: &'static Takes, definitions: &mut Map<String, Value>) -> Value {
        let value = self.takes(value, definitions);
        let value = match self {
            Whole => value,
            Differences => json!({ "anyOf": [value, { "type": "null" }] }),
        };
        json!({ "type": "object", "additionalProperties": value })
    }

    /// `method`, and `stage_method` for what a stage may say of one.
    fn name(self, shape: &Mapping) -> String {
        let words = shape.what.trim_start_matches("an ").trim_start_matches("a ").trim_matches('`');
        let name = words.to_lowercase().replace(' ', "_");
        match self {
            Whole => name,
            Differences => format!("stage_{name}"),
        }
    }
}

/// What keys of one mapping ask of each other, where they do.
fn together(shape: &'static Mapping) -> Option<Map<String, Value>> {
    let has = |key: &str| json!({ "required": [key] });
    let has_none = |keys: &[&str]| json!({ "not": { "anyOf": keys.iter().copied().map(has).collect::<Vec<_>>() } });
    let rule = if std::ptr::eq(shape, &raw const CHECK) {
        json!({ "oneOf": VERBS.map(has) })
    } else if std::ptr::eq(shape, &raw const PACKAGE) {
        json!({ "if": has("image"), "then": has_none(&FOR_DIRECTORIES), "else": has("path") })
    } else if std::ptr::eq(shape, &raw const ROOT) {
        let function = |value: Value| json!({ "properties": { "function": value } });
        json!({
            "if": { "required": ["package"], "properties": { "package": has("image") } },
            "then": function(has_none(&IMAGE_BRINGS.map(|(key, _)| key))),
            "else": function(json!({ "required": ["runtime", "handler"] })),
        })
    } else {
        return None;
    };
    match rule {
        Value::Object(keys) => Some(keys),
        _ => None,
    }
}
