//! Schemas of models: JSON schema of draft 4, which is what API Gateway validates bodies with (AWS_FACTS B1, C3).

use serde_json::Value;

use super::decode::At;
use super::interpolate::shorten;
use super::templates;

/// Every API is born with these.
pub(super) const BORN_WITH: [&str; 2] = ["Empty", "Error"];

const MAX_SCHEMA: usize = 400 * 1024;
const DRAFT_4: &str = "http://json-schema.org/draft-04/schema";
const TYPES: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];

/// Keywords of later drafts, and what draft 4 says instead.
const LATER: [(&str, &str); 11] = [
    ("const", "write enum with one value"),
    ("contains", "draft 4 has no such check"),
    ("propertyNames", "draft 4 has no such check; patternProperties is near"),
    ("if", "write anyOf"),
    ("then", "write anyOf"),
    ("else", "write anyOf"),
    ("$defs", "write definitions"),
    ("$id", "write id"),
    ("dependentRequired", "write dependencies"),
    ("dependentSchemas", "write dependencies"),
    ("unevaluatedProperties", "write additionalProperties"),
];

pub(super) fn read(at: &At<'_>) -> Option<Value> {
    let schema = templates::value_or_file(at, "schema")?;
    let Some(keys) = schema.as_object() else {
        at.fault("bad_schema", "the schema is not an object", "start with {\"type\": \"object\", \"properties\": …}");
        return None;
    };
    if keys.is_empty() {
        at.fault("bad_schema", "the schema is empty", "API Gateway wants one property or array item at least");
    }
    let size = schema.to_string().len();
    if size > MAX_SCHEMA {
        let message = format!("the schema has {} KB", size / 1024);
        at.fault("too_large", message, format!("at most {} KB are accepted", MAX_SCHEMA / 1024));
    }
    if let Some(draft) = keys.get("$schema")
        && draft.as_str().is_none_or(|draft| draft.trim_end_matches('#') != DRAFT_4)
    {
        let message = "the schema's `$schema` is not draft 4, the one API Gateway reads";
        at.fault("bad_schema", message, format!("write {DRAFT_4}#"));
    }
    walk(at, &schema, "");
    Some(schema)
}

/// Judges a schema and the schemas in it. Depth is bounded by the parsers that made it.
fn walk(at: &At<'_>, schema: &Value, path: &str) {
    let Some(keys) = schema.as_object() else {
        bad(at, path, "is not a schema", "a schema is an object");
        return;
    };
    for (keyword, instead) in LATER {
        if keys.contains_key(keyword) {
            bad(at, &format!("{path}/{keyword}"), "is of a later draft than 4", instead);
        }
    }
    for bound in ["exclusiveMinimum", "exclusiveMaximum"] {
        if keys.get(bound).is_some_and(|value| !value.is_boolean()) {
            bad(
                at,
                &format!("{path}/{bound}"),
                "must be true or false in draft 4",
                "give the number as minimum or maximum",
            );
        }
    }
    if let Some(required) = keys.get("required")
        && required.as_array().is_none_or(|names| names.is_empty() || !names.iter().all(Value::is_string))
    {
        bad(
            at,
            &format!("{path}/required"),
            "must be a list of one name at least",
            "write [\"name\"] beside properties",
        );
    }
    if let Some(kind) = keys.get("type") {
        let known = |kind: &Value| kind.as_str().is_some_and(|kind| TYPES.contains(&kind));
        if !known(kind) && kind.as_array().is_none_or(|kinds| kinds.is_empty() || !kinds.iter().all(known)) {
            bad(at, &format!("{path}/type"), "is not a type", &format!("types are {}", TYPES.join(", ")));
        }
    }
    for named in ["properties", "patternProperties", "definitions"] {
        match keys.get(named).map(Value::as_object) {
            None => {}
            Some(None) => bad(at, &format!("{path}/{named}"), "must be an object of schemas", "write {\"name\": {…}}"),
            Some(Some(inner)) => {
                inner.iter().for_each(|(name, schema)| walk(at, schema, &format!("{path}/{named}/{name}")))
            }
        }
    }
    for several in ["allOf", "anyOf", "oneOf"] {
        match keys.get(several).map(Value::as_array) {
            None => {}
            Some(Some(inner)) if !inner.is_empty() => {
                inner.iter().enumerate().for_each(|(i, schema)| walk(at, schema, &format!("{path}/{several}/{i}")));
            }
            Some(_) => bad(at, &format!("{path}/{several}"), "must be a list of one schema at least", "write [{…}]"),
        }
    }
    for one in ["not", "items", "additionalItems", "additionalProperties"] {
        match keys.get(one) {
            None => {}
            Some(Value::Bool(_)) if one.starts_with("additional") => {}
            Some(Value::Array(inner)) if one == "items" => {
                inner.iter().enumerate().for_each(|(i, schema)| walk(at, schema, &format!("{path}/items/{i}")));
            }
            Some(inner) => walk(at, inner, &format!("{path}/{one}")),
        }
    }
}

fn bad(at: &At<'_>, path: &str, what: &str, help: &str) {
    let path = if path.is_empty() { "the schema".to_string() } else { format!("`{}` of the schema", shorten(path)) };
    at.fault("bad_schema", format!("{path} {what}"), help);
}
