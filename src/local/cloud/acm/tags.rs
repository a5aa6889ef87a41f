//! Tags of certificates.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::local::cloud::{Call, Failure};

use super::{Answer, certificate, constraint};

pub fn list(call: &mut Call<'_>, input: &Value) -> Answer {
    let tags = &certificate(call, input)?.tags;
    let told: Vec<Value> = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    Ok(json!({ "Tags": told }))
}

pub fn add(call: &mut Call<'_>, input: &Value) -> Answer {
    let new = given(input)?;
    let certificate = certificate(call, input)?;
    let mut tags = certificate.tags.clone();
    tags.extend(new);
    if tags.len() > 50 {
        return Err(too_many());
    }
    certificate.tags = tags;
    Ok(json!({}))
}

/// A tag is removed when its key is named alone, or with the value it has.
pub fn remove(call: &mut Call<'_>, input: &Value) -> Answer {
    let certificate = certificate(call, input)?;
    for tag in input["Tags"].as_array().into_iter().flatten() {
        let (key, value) = (tag["Key"].as_str().unwrap_or_default(), tag["Value"].as_str());
        if value.is_none() || certificate.tags.get(key).map(String::as_str) == value {
            certificate.tags.remove(key);
        }
    }
    Ok(json!({}))
}

/// The `Tags` of a request.
pub fn given(input: &Value) -> Result<BTreeMap<String, String>, Failure> {
    let mut tags = BTreeMap::new();
    for tag in input["Tags"].as_array().into_iter().flatten() {
        let key = tag["Key"].as_str().unwrap_or_default();
        let value = tag["Value"].as_str().unwrap_or_default();
        if key.is_empty() || key.chars().count() > 128 {
            return Err(constraint(key, "tags.1.member.key", "Member must have length less than or equal to 128"));
        }
        if key.to_lowercase().starts_with("aws:") {
            let message = "System tags cannot be added/updated/deleted by requester";
            return Err(Failure::new(400, "InvalidTagException", message));
        }
        tags.insert(key.to_owned(), value.to_owned());
    }
    if tags.len() > 50 {
        return Err(too_many());
    }
    Ok(tags)
}

fn too_many() -> Failure {
    Failure::new(400, "TooManyTagsException", "The request contains too many tags. Limit is 50.")
}
