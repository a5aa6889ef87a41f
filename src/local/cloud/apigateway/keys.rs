//! API keys. A key's value is told when it is made, and later only to who asks for it by name.

use serde_json::{Value, json};

use super::input::Input;
use super::model::ApiKey;
use super::{Answer, fail, now, patch, region, tags, wire};
use crate::local::cloud::{ALNUM, Call, Failure, LOWER, Reply, Request};

/// Per account and region.
const KEYS: usize = 10_000;
const LONGEST_NAME: usize = 1024;
const LONGEST_DESCRIPTION: usize = 125_000;

pub fn create(call: &mut Call<'_>, request: &Request) -> Answer {
    if request.query("mode") == Some("import") {
        return Err(fail::unsupported("ImportApiKeys"));
    }
    let input = Input::new(request)?;
    let tags = tags::checked(input.text_map("tags")?.unwrap_or_default())?;
    let stage_keys = input.structures("stageKeys")?.iter().map(stage_key).collect::<Result<_, _>>()?;
    let value = input.text("value")?.filter(|value| !value.is_empty());
    if let Some(value) = &value {
        check_value(value)?;
    }
    let key = ApiKey {
        id: call.id(10, LOWER),
        value: value.unwrap_or_else(|| call.id(40, ALNUM)),
        name: input.text("name")?,
        customer_id: input.text("customerId")?,
        description: input.text("description")?,
        enabled: input.flag("enabled")?.unwrap_or(false),
        created_date: now(call),
        last_updated_date: now(call),
        stage_keys,
        tags: Some(tags).filter(|tags| !tags.is_empty()),
    };
    check(&key)?;
    let keys = &mut region(call).api_keys;
    if keys.values().any(|other| other.value == key.value) {
        return Err(fail::conflict("API Key already exists"));
    }
    if keys.len() >= KEYS {
        return Err(fail::limit_exceeded(
            "Maximum number of API keys for this account has been reached. Please contact AWS if you need additional API keys.",
        ));
    }
    let reply = wire::reply(201, &key);
    keys.insert(key.id.clone(), key);
    Ok(reply)
}

pub fn list(call: &mut Call<'_>, request: &Request) -> Answer {
    let with_value = request.query("includeValues") == Some("true");
    let (name, customer) = (request.query("name").unwrap_or_default(), request.query("customerId"));
    let keys = region(call).api_keys.values().filter(|key| {
        key.name.as_deref().unwrap_or_default().starts_with(name)
            && customer.is_none_or(|customer| key.customer_id.as_deref() == Some(customer))
    });
    wire::page(request, keys.map(|key| (key.id.clone(), view(key, with_value))))
}

pub fn get(call: &mut Call<'_>, request: &Request, id: &str) -> Answer {
    let with_value = request.query("includeValue") == Some("true");
    Ok(wire::reply(200, &view(key(call, id)?, with_value)))
}

pub fn update(call: &mut Call<'_>, request: &Request, id: &str) -> Answer {
    let patches = patch::read(&Input::new(request)?, "updateApiKeyInput", |found| found)?;
    let now = now(call);
    let kept = key(call, id)?;
    let mut edited = kept.clone();
    for patch in &patches {
        match patch.replaces(&["/description", "/enabled", "/name", "/customerId"])? {
            "/description" => edited.description = patch.optional(),
            "/enabled" => edited.enabled = patch.flag(),
            "/name" => edited.name = patch.optional(),
            _ => edited.customer_id = patch.optional(),
        }
    }
    check(&edited)?;
    edited.last_updated_date = now;
    *kept = edited;
    let mut body = wire::object(kept);
    body.remove("value");
    body.entry("tags").or_insert_with(|| json!({}));
    Ok(wire::reply(200, &body))
}

/// Also leaves the plans it was in.
pub fn delete(call: &mut Call<'_>, id: &str) -> Answer {
    key(call, id)?;
    let region = region(call);
    region.api_keys.remove(id);
    for plan in region.usage_plans.values_mut() {
        plan.keys.retain(|held| held != id);
    }
    Ok(Reply::empty(202))
}

pub fn no_key() -> Failure {
    fail::not_found("Invalid API Key identifier specified")
}

fn key<'a>(call: &'a mut Call<'_>, id: &str) -> Result<&'a mut ApiKey, Failure> {
    region(call).api_keys.get_mut(id).ok_or_else(no_key)
}

fn view(key: &ApiKey, with_value: bool) -> Value {
    let mut members = wire::object(key);
    if !with_value {
        members.remove("value");
    }
    Value::Object(members)
}

fn stage_key(input: &Input) -> Result<String, Failure> {
    let (api, stage) = (input.text("restApiId")?.unwrap_or_default(), input.text("stageName")?.unwrap_or_default());
    Ok(format!("{api}/{stage}"))
}

fn check_value(value: &str) -> Result<(), Failure> {
    match value.chars().count() {
        0..20 => Err(fail::bad_request("API Key value should be at least 20 characters")),
        20..=128 => Ok(()),
        _ => Err(fail::bad_request("API Key value exceeds maximum size of 128 characters")),
    }
}

fn check(key: &ApiKey) -> Result<(), Failure> {
    let longer = |text: &Option<String>, most| text.as_ref().is_some_and(|text| text.chars().count() > most);
    if longer(&key.name, LONGEST_NAME) {
        return Err(fail::bad_request("Invalid API Key name, can be at most 1024 characters."));
    }
    if longer(&key.description, LONGEST_DESCRIPTION) {
        return Err(fail::bad_request("Invalid API Key description specified."));
    }
    Ok(())
}
