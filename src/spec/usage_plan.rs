//! The section `usage_plan`: quota, throttles and API keys (AWS_FACTS A, B3). A key's text comes from the environment
//! and is never shown.

use super::api::unique_name;
use super::decode::{At, Reader, Table};
use super::grammar::{API_KEY, QUOTA, USAGE_PLAN};
use super::interpolate::{Filled, shorten};
use super::limits;
use super::model::{ApiKey, Period, Quota, Route, Secret, UsagePlan};
use super::stage_settings::{method_throttles, throttle};
use super::tree::Kind;

const MAX_METHOD_THROTTLES: usize = 20;

pub(super) fn read(root: &Table<'_>, reader: &Reader<'_>, app: &Filled, routes: &[Route]) -> Option<UsagePlan> {
    let table = root.get("usage_plan")?.table(&USAGE_PLAN)?;
    let plan = UsagePlan {
        name: unique_name(&table, reader, &["usage_plan", "name"], app),
        description: limits::description(&table, limits::DESCRIPTION),
        throttle: table.get("throttle").and_then(|at| throttle(&at)),
        quota: table.get("quota").and_then(|at| quota(&at)),
        method_throttles: method_throttles(&table, routes),
        keys: keys(&table, reader),
    };
    if plan.method_throttles.len() > MAX_METHOD_THROTTLES
        && let Some(at) = table.get("methods")
    {
        let message = format!("there are limits for {} methods", plan.method_throttles.len());
        at.fault_in_key("too_many_throttles", message, format!("a usage plan takes {MAX_METHOD_THROTTLES} per stage"));
    }
    Some(plan)
}

fn quota(at: &At<'_>) -> Option<Quota> {
    let table = at.table(&QUOTA)?;
    let (limit, period) = (table.need("limit"), table.need("period"));
    let limit = limit.and(table.whole("limit"));
    let (period, last, help) = match period.and(table.choice("period")) {
        Some("day") => (Period::Day, 0, "a day has no offset: remove it"),
        Some("week") => (Period::Week, 6, "0 to 6 for a week, 0 being Sunday"),
        Some(_) => (Period::Month, 27, "0 to 27 for a month, 0 being the first"),
        None => return None,
    };
    let offset = table.whole("offset").unwrap_or(0);
    if offset > last
        && let Some(at) = table.get("offset")
    {
        at.fault("bad_offset", format!("the quota's offset {offset} is outside its period"), help);
    }
    Some(Quota { limit: i32::try_from(limit?).ok()?, period, offset: i32::try_from(offset).ok()? })
}

fn keys(table: &Table<'_>, reader: &Reader<'_>) -> Vec<ApiKey> {
    let mut keys: Vec<ApiKey> = Vec::new();
    for at in table.items("keys") {
        let Some(key) = key(&at, reader) else {
            continue;
        };
        if !key.name.is_empty() && keys.iter().any(|other| other.name == key.name) {
            let message = "this key has the name of another one";
            at.fault("duplicate_key_name", message, "keys are told apart by their names");
        }
        keys.push(key);
    }
    keys
}

fn key(at: &At<'_>, reader: &Reader<'_>) -> Option<ApiKey> {
    let named = |at: &At<'_>| {
        at.text().map_or(String::new(), |given| {
            let name = reader.unique(&["usage_plan", "keys"], &given);
            limits::API_THING.judge(at, &name, &given);
            name
        })
    };
    if !matches!(at.node.kind, Kind::Map(_)) {
        return Some(ApiKey { name: named(at), description: None, enabled: true, value: None });
    }
    let table = at.table(&API_KEY)?;
    Some(ApiKey {
        name: table.need("name").map(|at| named(&at)).unwrap_or_default(),
        description: limits::description(&table, limits::DESCRIPTION),
        enabled: table.flag("enabled").unwrap_or(true),
        value: table.get("value").and_then(|at| value(&at)),
    })
}

/// B3: 20 to 128 characters. Nothing of the value goes into a message, not even where it stands in the file.
fn value(at: &At<'_>) -> Option<Secret> {
    let Kind::Text { text: raw, .. } = &at.node.kind else {
        let found = at.node.found();
        at.fault("wrong_type", format!("the value of an API key must be text, found {found}"), "write \"${env:NAME}\"");
        return None;
    };
    let from_env_alone = raw
        .strip_prefix("${env:")
        .and_then(|rest| rest.strip_suffix('}'))
        .is_some_and(|name| !name.contains(['$', '}', ':']));
    if !from_env_alone {
        let help = "write \"${env:NAME}\" and set it where poc runs, or remove the line and let AWS make one up";
        at.fault("key_in_file", "the value of an API key stands in the file, where it does not belong", help);
        return None;
    }
    let value = at.text()?;
    let length = value.text.chars().count();
    if !(20..=128).contains(&length) {
        let size = if length < 20 { "fewer than 20" } else { "more than 128" };
        let message = format!("the value of the API key from `{}` has {size} characters", shorten(raw));
        at.fault("bad_key_value", message, "AWS takes 20 to 128");
    } else if value.text.chars().any(|c| !c.is_ascii_graphic()) {
        let message = format!("the value of the API key from `{}` cannot be sent as a header", shorten(raw));
        at.fault("bad_key_value", message, "letters, digits and punctuation without spaces");
    }
    Some(Secret::new(value.text))
}
