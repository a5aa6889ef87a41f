//! deploy.yaml as a JSON schema for editors, from the same tables the file is read by.

use serde_json::{Map, Value, json};

use super::grammar::{Mapping, ROOT, Takes};

/// The schema of a whole deploy.yaml, draft 7, which is what editors' YAML support reads.
pub fn json_schema() -> Value {
    let mut schema = mapping(&ROOT);
    if let Value::Object(keys) = &mut schema {
        keys.insert("$schema".to_string(), json!("http://json-schema.org/draft-07/schema#"));
        keys.insert("title".to_string(), json!("deploy.yaml of poc"));
        keys.insert("required".to_string(), json!(["name", "stage", "package", "function", "api"]));
    }
    schema
}

fn mapping(shape: &Mapping) -> Value {
    let properties: Map<String, Value> = shape
        .keys
        .iter()
        .map(|field| {
            let mut schema = takes(&field.takes);
            if let Value::Object(keys) = &mut schema {
                keys.insert("description".to_string(), json!(field.says));
            }
            (field.key.to_string(), schema)
        })
        .collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties })
}

fn takes(takes_what: &Takes) -> Value {
    match takes_what {
        Takes::Text => json!({ "type": "string" }),
        // A plain `${…}` is filled in before it is typed.
        Takes::Flag => {
            json!({ "anyOf": [{ "type": "boolean" }, { "type": "string", "pattern": "\\$\\{" }] })
        }
        Takes::Whole(low, high) => json!({ "anyOf": [
            { "type": "integer", "minimum": low, "maximum": high },
            { "type": "string", "pattern": "\\$\\{" },
        ] }),
        Takes::Number(low, high) => json!({ "anyOf": [
            { "type": "number", "minimum": low, "maximum": high },
            { "type": "string", "pattern": "\\$\\{" },
        ] }),
        Takes::OneOf(words) => json!({ "enum": words }),
        Takes::List(item) => json!({ "type": "array", "items": takes(item) }),
        Takes::Named(value) => json!({ "type": "object", "additionalProperties": takes(value) }),
        Takes::Map(shape) => mapping(shape),
        Takes::Either(several) => json!({ "anyOf": several.iter().map(takes).collect::<Vec<_>>() }),
        Takes::Any => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_knows_ranges_choices_and_nesting() {
        let schema = json_schema();
        let function = &schema["properties"]["function"]["properties"];
        assert_eq!(function["memory"]["anyOf"][0], json!({ "type": "integer", "minimum": 128, "maximum": 10240 }));
        assert_eq!(function["architecture"]["enum"], json!(["x86_64", "arm64"]));
        let method =
            &schema["properties"]["api"]["properties"]["resources"]["additionalProperties"]["properties"]["GET"];
        assert_eq!(method["additionalProperties"], json!(false));
        assert_eq!(
            method["properties"]["query"]["additionalProperties"]["anyOf"][0]["enum"],
            json!(["required", "optional"])
        );
    }
}
