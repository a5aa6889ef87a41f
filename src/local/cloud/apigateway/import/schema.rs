//! Schemas as an import keeps them: what OpenAPI 3.0 knows of JSON schema. `$schema` and whatever else it does not know
//! is lost, and a reference within the document becomes the address of the API's own model.

use serde_json::{Map, Value};

/// The keywords of a Schema Object of OpenAPI 3.0.
const KNOWN: [&str; 35] = [
    "$ref",
    "title",
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
    "enum",
    "type",
    "allOf",
    "oneOf",
    "anyOf",
    "not",
    "items",
    "properties",
    "additionalProperties",
    "description",
    "format",
    "default",
    "nullable",
    "discriminator",
    "readOnly",
    "writeOnly",
    "xml",
    "externalDocs",
    "deprecated",
];

/// The schema of a model of the API `id`.
pub fn imported(schema: &Value, id: &str) -> Value {
    let Value::Object(members) = schema else { return schema.clone() };
    let known = members.iter().filter(|(keyword, _)| KNOWN.contains(&keyword.as_str()));
    Value::Object(known.map(|(keyword, value)| (keyword.clone(), member(keyword, value, id))).collect())
}

fn member(keyword: &str, value: &Value, id: &str) -> Value {
    match (keyword, value) {
        ("$ref", Value::String(reference)) => match reference.strip_prefix("#/components/schemas/") {
            Some(name) => Value::from(format!("https://apigateway.amazonaws.com/restapis/{id}/models/{name}")),
            None => value.clone(),
        },
        ("properties", Value::Object(named)) => {
            Value::Object(named.iter().map(|(name, one)| (name.clone(), imported(one, id))).collect::<Map<_, _>>())
        }
        ("allOf" | "oneOf" | "anyOf", Value::Array(several)) => {
            Value::Array(several.iter().map(|one| imported(one, id)).collect())
        }
        ("not" | "items" | "additionalProperties", Value::Object(_)) => imported(value, id),
        _ => value.clone(),
    }
}
