//! Tags, and the ARNs by which the tag operations name things: `arn:aws:apigateway:{region}::/restapis/{id}` and so on
//! (`AWS_FACTS` F).

use serde_json::json;

use super::input::Input;
use super::model::{LateTags, Texts};
use super::{Answer, api, domains, fail, keys, now, region, stages, wire};
use crate::local::cloud::{Call, Failure, Reply, Request};

const MOST: usize = 50;

pub fn get(call: &mut Call<'_>, arn: &str) -> Answer {
    let tags = on(call, arn, |tags| tags.clone())?;
    Ok(wire::reply(200, &json!({ "tags": tags })))
}

pub fn put(call: &mut Call<'_>, request: &Request, arn: &str) -> Answer {
    let added = Input::new(request)?.text_map("tags")?.unwrap_or_default();
    let mut all = latest(call, arn)?;
    checked(added.clone())?;
    all.extend(added);
    let all = checked(all)?;
    change(call, arn, all);
    Ok(Reply::empty(204))
}

pub fn delete(call: &mut Call<'_>, request: &Request, arn: &str) -> Answer {
    let keys: Vec<&str> =
        request.query.iter().filter(|(name, _)| name == "tagKeys").map(|(_, key)| key.as_str()).collect();
    let mut all = latest(call, arn)?;
    all.retain(|key, _| !keys.contains(&key.as_str()));
    change(call, arn, all);
    Ok(Reply::empty(204))
}

/// As they are, be it seen or not.
fn latest(call: &mut Call<'_>, arn: &str) -> Result<Texts, Failure> {
    let seen = on(call, arn, |tags| tags.clone())?;
    let late = region(call).late_tags.iter().rev().find(|late| late.arn == arn);
    Ok(late.map_or(seen, |late| late.tags.clone()))
}

/// Seen at once, or after a while.
fn change(call: &mut Call<'_>, arn: &str, tags: Texts) {
    let late = LateTags { arn: arn.to_owned(), tags, changed: now(call) };
    region(call).late_tags.push(late);
    settle(call);
}

/// From here on, changes that are old enough are seen. Those of what has gone are forgotten.
pub fn settle(call: &mut Call<'_>) {
    if call.state.apigateway.regions.get(&call.region).is_none_or(|region| region.late_tags.is_empty()) {
        return;
    }
    for late in std::mem::take(&mut region(call).late_tags) {
        let due = call.passed(late.changed.millis, call.profile.tags_visible);
        let gone = on(call, &late.arn, |tags| {
            if due {
                *tags = late.tags.clone()
            }
        })
        .is_err();
        if !due && !gone {
            region(call).late_tags.push(late);
        }
    }
}

/// The tags as given, when AWS would take them.
pub fn checked(tags: Texts) -> Result<Texts, Failure> {
    let allowed = |letter: char| letter.is_alphanumeric() || letter == ' ' || "+-=._:/@".contains(letter);
    for (key, value) in &tags {
        if key.is_empty() || key.chars().count() > 128 || key.to_ascii_lowercase().starts_with("aws:") {
            return Err(fail::bad_request(format!("Invalid tag key specified: {key}")));
        }
        if value.chars().count() > 256 || !key.chars().chain(value.chars()).all(allowed) {
            return Err(fail::bad_request(format!("Invalid tag value specified for key: {key}")));
        }
    }
    if tags.len() > MOST {
        return Err(fail::limit_exceeded("Maximum number of tags for this resource has been reached"));
    }
    Ok(tags)
}

/// Does `work` on the tags of what the ARN names.
fn on<T>(call: &mut Call<'_>, arn: &str, work: impl FnOnce(&mut Texts) -> T) -> Result<T, Failure> {
    let invalid = || fail::bad_request("Invalid ARN specified in the request");
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "apigateway", place, "", path] = parts.as_slice() else { return Err(invalid()) };
    if !partition.starts_with("aws") || *place != call.region {
        return Err(invalid());
    }
    let path: Vec<&str> = path.split('/').skip(1).collect();
    match path.as_slice() {
        ["restapis", id] => Ok(work(&mut api(call, id)?.tags)),
        ["restapis", id, "stages", name] => {
            let stage = api(call, id)?.stages.get_mut(*name).ok_or_else(stages::no_stage)?;
            Ok(on_optional(&mut stage.tags, work))
        }
        ["usageplans", id] => {
            let plan = region(call).usage_plans.get_mut(*id);
            Ok(work(&mut plan.ok_or_else(|| fail::not_found("Invalid Usage Plan ID specified"))?.tags))
        }
        ["apikeys", id] => {
            let key = region(call).api_keys.get_mut(*id).ok_or_else(keys::no_key)?;
            Ok(on_optional(&mut key.tags, work))
        }
        ["domainnames", name] => Ok(on_optional(&mut domains::domain(call, name)?.tags, work)),
        _ => Err(invalid()),
    }
}

fn on_optional<T>(tags: &mut Option<Texts>, work: impl FnOnce(&mut Texts) -> T) -> T {
    let mut kept = tags.take().unwrap_or_default();
    let done = work(&mut kept);
    *tags = Some(kept).filter(|tags| !tags.is_empty());
    done
}
