//! A model's schema, JSON schema of draft 4, as OpenAPI 3.0 can say it. What it cannot say is left out: it describes the
//! API for its readers, and what API Gateway checks by is set on the model itself.

use serde_json::{Map, Value, json};

/// How often one definition may stand within another.
const DEEPEST: usize = 8;

/// Keywords that both have and that hold no schemas.
const SHARED: [&str; 17] = [
    "title",
    "description",
    "multipleOf",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "maxProperties",
    "minProperties",
    "required",
    "format",
];

pub(super) fn openapi(schema: &Value) -> Value {
    let definitions = schema.get("definitions").cloned().unwrap_or_default();
    Translation { definitions: &definitions }.schema(schema, 0)
}

struct Translation<'a> {
    definitions: &'a Value,
}

impl Translation<'_> {
    fn schema(&self, schema: &Value, depth: usize) -> Value {
        let Value::Object(members) = schema else { return json!({}) };
        if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
            return self.reference(reference, depth);
        }
        let mut shown = Map::new();
        for (keyword, value) in members {
            match (keyword.as_str(), value) {
                ("type", kind) => kinds(kind, &mut shown),
                ("enum" | "default", value) => {
                    shown.insert(keyword.clone(), value.clone());
                }
                ("properties", Value::Object(named)) => {
                    let named = named.iter().map(|(name, one)| (name.clone(), self.schema(one, depth)));
                    shown.insert(keyword.clone(), Value::Object(named.collect()));
                }
                ("allOf" | "anyOf" | "oneOf", Value::Array(several)) => {
                    shown.insert(keyword.clone(), several.iter().map(|one| self.schema(one, depth)).collect());
                }
                ("not" | "items" | "additionalProperties", Value::Object(_)) => {
                    shown.insert(keyword.clone(), self.schema(value, depth));
                }
                // With patterns for names, `false` would say more than the schema does.
                ("additionalProperties", Value::Bool(_)) if !members.contains_key("patternProperties") => {
                    shown.insert(keyword.clone(), value.clone());
                }
                _ if SHARED.contains(&keyword.as_str()) => {
                    shown.insert(keyword.clone(), value.clone());
                }
                _ => {}
            }
        }
        if shown.get("type") == Some(&json!("array")) {
            shown.entry("items").or_insert_with(|| json!({}));
        }
        Value::Object(shown)
    }

    /// A definition within the schema stands where it is referred to; another model is one of the document's.
    fn reference(&self, reference: &str, depth: usize) -> Value {
        if let Some(name) = reference.strip_prefix("#/definitions/") {
            return match self.definitions.get(name) {
                Some(definition) if depth < DEEPEST => self.schema(definition, depth + 1),
                _ => json!({}),
            };
        }
        match reference.split_once("/models/") {
            Some((api, name)) if api.contains("/restapis/") => {
                json!({ "$ref": format!("#/components/schemas/{name}") })
            }
            _ => json!({}),
        }
    }
}

/// OpenAPI 3.0 has one type per schema, and a word for "or null".
fn kinds(kind: &Value, shown: &mut Map<String, Value>) {
    let listed: Vec<&str> = match kind {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        kind => kind.as_str().into_iter().collect(),
    };
    let nullable = listed.contains(&"null");
    let rest: Vec<&str> = listed.into_iter().filter(|kind| *kind != "null").collect();
    if let [only] = rest.as_slice() {
        shown.insert("type".to_owned(), json!(only));
        if nullable {
            shown.insert("nullable".to_owned(), json!(true));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_openapi_does_not_know_is_left_out_and_definitions_stand_where_they_are_used() {
        let schema = json!({
            "$schema": "http://json-schema.org/draft-04/schema#",
            "type": ["object", "null"],
            "definitions": { "score": { "type": "integer", "minimum": 200 } },
            "properties": { "gre": { "$ref": "#/definitions/score" }, "any": { "type": ["string", "number"] } },
            "dependencies": { "gre": ["any"] },
        });
        let expected = json!({
            "type": "object",
            "nullable": true,
            "properties": { "gre": { "type": "integer", "minimum": 200 }, "any": {} },
        });
        assert_eq!(openapi(&schema), expected);
    }

    #[test]
    fn a_definition_that_refers_to_itself_ends_somewhere() {
        let schema = json!({ "$ref": "#/definitions/tree", "definitions": { "tree": {
            "type": "array", "items": { "$ref": "#/definitions/tree" },
        } } });
        let text = openapi(&schema).to_string();
        assert_eq!(text.matches("array").count(), DEEPEST);
    }
}
