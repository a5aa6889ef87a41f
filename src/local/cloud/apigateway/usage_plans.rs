//! Usage plans and the API keys they hold. What a PATCH of a plan may say is in `usage_plan_patches.rs`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::input::{Constraints, Input};
use super::model::{ApiKey, ApiStage, Quota, Region, Throttle, UsagePlan};
use super::{Answer, fail, keys, patch, region, tags, usage_plan_patches, wire};
use crate::local::cloud::usage::{self, Quotad};
use crate::local::cloud::{Call, Failure, LOWER, Reply, Request, stamp};

/// Per account and region.
const PLANS: usize = 300;
const PLANS_PER_KEY: usize = 10;
/// Days of one GetUsage.
const LONGEST_USAGE: i64 = 90;
pub const METHOD_THROTTLES_PER_STAGE: usize = 20;
pub const PERIODS: [&str; 3] = ["DAY", "WEEK", "MONTH"];

pub fn create(call: &mut Call<'_>, request: &Request) -> Answer {
    let input = Input::new(request)?;
    let name = input.text("name")?;
    let quota = input.structure("quota")?.unwrap_or_default();
    let period = quota.text("period")?;
    Constraints::default()
        .required("createUsagePlanInput.name", name.as_deref())
        .one_of("createUsagePlanInput.quota.period", period.as_deref(), &PERIODS)
        .check()?;
    let id = call.id(6, LOWER);
    let plan = UsagePlan {
        id: id.clone(),
        name: name.unwrap_or_default(),
        description: input.text("description")?,
        api_stages: input.structures("apiStages")?.iter().map(api_stage).collect::<Result<_, _>>()?,
        throttle: input.structure("throttle")?.as_ref().map(throttle).transpose()?,
        quota: match (quota.integer("limit")?, period) {
            (None, None) => None,
            (limit, period) => Some(Quota {
                limit: limit.unwrap_or(0),
                offset: quota.integer("offset")?.unwrap_or(0),
                period: period.unwrap_or_default(),
            }),
        },
        product_code: None,
        tags: tags::checked(input.text_map("tags")?.unwrap_or_default())?,
        keys: Vec::new(),
        joined: BTreeMap::new(),
    };
    let region = region(call);
    if region.usage_plans.len() >= PLANS {
        return Err(fail::limit_exceeded(
            "Maximum number of usage plans for this account has been reached. Please contact AWS if you need additional usage plans.",
        ));
    }
    for stage in &plan.api_stages {
        if stage.api_id.is_empty() || stage.stage.is_empty() {
            // The service's own unfilled format string.
            return Err(fail::bad_request("Invalid API Stage {api: %s, stage: %s} specified for usageplan %s"));
        }
        check_stage(region, &stage.api_id, &stage.stage, &id)?;
    }
    check(&plan)?;
    let reply = wire::reply(201, &view(&plan, true));
    region.usage_plans.insert(id, plan);
    Ok(reply)
}

/// The list leaves tags out; a single plan shows them.
pub fn list(call: &mut Call<'_>, request: &Request) -> Answer {
    let key = request.query("keyId");
    let region = region(call);
    if key.is_some_and(|key| !region.api_keys.contains_key(key)) {
        return Err(keys::no_key());
    }
    let plans =
        region.usage_plans.values().filter(|plan| key.is_none_or(|key| plan.keys.iter().any(|held| held == key)));
    wire::page(request, plans.map(|plan| (plan.id.clone(), view(plan, false))))
}

pub fn get(call: &mut Call<'_>, id: &str) -> Answer {
    Ok(wire::reply(200, &view(plan(call, id)?, true)))
}

pub fn update(call: &mut Call<'_>, request: &Request, id: &str) -> Answer {
    let patches = patch::read(&Input::new(request)?, "updateUsagePlanInput", |found| found)?;
    let mut edited = plan(call, id)?.clone();
    let region = region(call);
    for patch in &patches {
        usage_plan_patches::apply(&mut edited, patch, region)?;
    }
    check(&edited)?;
    for key in &edited.keys {
        check_one_plan_per_stage(region, &edited, key)?;
    }
    let reply = wire::reply(200, &view(&edited, true));
    region.usage_plans.insert(id.to_owned(), edited);
    Ok(reply)
}

pub fn delete(call: &mut Call<'_>, id: &str) -> Answer {
    if let Some(stage) = plan(call, id)?.api_stages.first() {
        return Err(fail::bad_request(format!(
            "Cannot delete Usage Plan {id} because there are API Stages associated with it, including {}:{}",
            stage.api_id, stage.stage
        )));
    }
    region(call).usage_plans.remove(id);
    Ok(Reply::empty(202))
}

/// Per key and day: how many requests there were, and how many the quota still had.
pub fn usage(call: &mut Call<'_>, request: &Request, id: &str) -> Answer {
    let plan = plan(call, id)?;
    let quota = plan.quota.clone().unwrap_or_else(no_quota);
    let mut keys = plan.keys.clone();
    let date = |name| request.query(name).unwrap_or_default().to_owned();
    let (start, end) = (date("startDate"), date("endDate"));
    let (Some(first), Some(last)) = (day_of(&start), day_of(&end)) else {
        return Err(fail::bad_request("Invalid date format specified. Must be in format yyyy-MM-dd"));
    };
    if first > last || last - first > LONGEST_USAGE {
        return Err(fail::bad_request("Usage date range must be between 0 and 90 days"));
    }
    keys.extend(call.usage.keys(id));
    keys.sort_unstable();
    keys.dedup();
    keys.retain(|key| request.query("keyId").is_none_or(|wanted| wanted == key));
    let values: serde_json::Map<String, Value> =
        keys.into_iter().map(|key| (key.clone(), json!(call.usage.usage(id, &key, &quota, (first, last))))).collect();
    Ok(Reply::json(200, &json!({ "usagePlanId": id, "startDate": start, "endDate": end, "values": values })))
}

/// Gives a key more, or less, for the rest of the period.
pub fn update_usage(call: &mut Call<'_>, request: &Request, id: &str, key: &str) -> Answer {
    let patches = patch::read(&Input::new(request)?, "updateUsageInput", |found| found)?;
    let plan = plan(call, id)?;
    if !plan.keys.iter().any(|held| held == key) {
        return Err(no_plan_key());
    }
    let Some(quota) = plan.quota.clone() else {
        return Err(fail::bad_request("Usage Plan has no quota"));
    };
    for patch in &patches {
        if patch.path != "/remaining" {
            return Err(patch.not_one_of(&["/remaining"]));
        }
        patch.only(&[patch::Op::Replace])?;
        call.usage.grant(call.now, Quotad { plan: id, key, quota: &quota }, patch.number()?);
    }
    let today = usage::day(call.now);
    let values = json!({ key: call.usage.usage(id, key, &quota, (today, today)) });
    let date = stamp::iso_seconds(call.now)[..10].to_owned();
    // What others count with is read from the file; a moment later would be too late for a caller that goes on at once.
    call.usage.write().map_err(|fault| Failure::new(500, "InternalFailure", fault.to_string()))?;
    Ok(Reply::json(200, &json!({ "usagePlanId": id, "startDate": date, "endDate": date, "values": values })))
}

/// What a plan without a quota counts against: nothing that ends.
fn no_quota() -> Quota {
    Quota { limit: i64::MAX, offset: 0, period: "DAY".into() }
}

/// Days since 1970 of `2026-01-31`.
fn day_of(date: &str) -> Option<i64> {
    let date: jiff::civil::Date = date.parse().ok()?;
    let since = jiff::civil::date(1970, 1, 1).until(date).ok()?;
    Some(i64::from(since.get_days()))
}

pub fn create_key(call: &mut Call<'_>, request: &Request, id: &str) -> Answer {
    let input = Input::new(request)?;
    let (key_id, kind) = (input.text("keyId")?, input.text("keyType")?);
    Constraints::default()
        .required("createUsagePlanKeyInput.keyId", key_id.as_deref())
        .required("createUsagePlanKeyInput.keyType", kind.as_deref())
        .check()?;
    let key_id = key_id.unwrap_or_default();
    let plan = plan(call, id)?.clone();
    if kind.as_deref() != Some("API_KEY") {
        return Err(fail::bad_request("Invalid usage plan key type specified. Valid options are API_KEY"));
    }
    let now = call.now;
    let region = region(call);
    let key = region.api_keys.get(&key_id).ok_or_else(keys::no_key)?;
    let reply = wire::reply(201, &key_view(key));
    if plan.keys.contains(&key_id) {
        return Err(fail::conflict(format!("Usage Plan Key {key_id} already exists in Usage Plan {id}")));
    }
    if region.usage_plans.values().filter(|plan| plan.keys.contains(&key_id)).count() >= PLANS_PER_KEY {
        return Err(fail::limit_exceeded("Maximum number of usage plans for this API key has been reached"));
    }
    check_one_plan_per_stage(region, &plan, &key_id)?;
    if let Some(plan) = region.usage_plans.get_mut(id) {
        plan.joined.insert(key_id.clone(), now);
        plan.keys.push(key_id);
    }
    Ok(reply)
}

pub fn list_keys(call: &mut Call<'_>, request: &Request, id: &str) -> Answer {
    let mut held = plan(call, id)?.keys.clone();
    held.sort_unstable();
    let name = request.query("name").unwrap_or_default();
    let keys = held.iter().filter_map(|key| region(call).api_keys.get(key).cloned()).collect::<Vec<_>>();
    let named = keys.iter().filter(|key| key.name.as_deref().unwrap_or_default().starts_with(name));
    wire::page(request, named.map(|key| (key.id.clone(), key_view(key))))
}

pub fn get_key(call: &mut Call<'_>, id: &str, key: &str) -> Answer {
    if !plan(call, id)?.keys.iter().any(|held| held == key) {
        return Err(no_plan_key());
    }
    let key = region(call).api_keys.get(key).ok_or_else(no_plan_key)?;
    Ok(wire::reply(200, &key_view(key)))
}

pub fn delete_key(call: &mut Call<'_>, id: &str, key: &str) -> Answer {
    let plan = plan(call, id)?;
    let position = plan.keys.iter().position(|held| held == key).ok_or_else(no_plan_key)?;
    plan.keys.remove(position);
    plan.joined.remove(key);
    Ok(Reply::empty(202))
}

fn no_plan_key() -> Failure {
    fail::not_found("Invalid Usage Plan Key identifier specified")
}

fn plan<'a>(call: &'a mut Call<'_>, id: &str) -> Result<&'a mut UsagePlan, Failure> {
    region(call).usage_plans.get_mut(id).ok_or_else(|| fail::not_found("Invalid Usage Plan ID specified"))
}

fn view(plan: &UsagePlan, with_tags: bool) -> Value {
    let mut members = wire::object(plan);
    members.remove("keys");
    members.remove("joined");
    if !with_tags {
        members.remove("tags");
    }
    Value::Object(members)
}

fn key_view(key: &ApiKey) -> Value {
    wire::value(&json!({ "id": key.id, "type": "API_KEY", "value": key.value, "name": key.name }))
}

fn api_stage(input: &Input) -> Result<ApiStage, Failure> {
    let throttles = input.structure_map("throttle")?.unwrap_or_default();
    let throttle: BTreeMap<String, Throttle> =
        throttles.iter().map(|(method, limits)| Ok((method.clone(), throttle(limits)?))).collect::<Result<_, _>>()?;
    Ok(ApiStage {
        api_id: input.text("apiId")?.unwrap_or_default(),
        stage: input.text("stage")?.unwrap_or_default(),
        throttle: Some(throttle).filter(|throttle| !throttle.is_empty()),
    })
}

pub fn throttle(input: &Input) -> Result<Throttle, Failure> {
    Ok(Throttle {
        burst_limit: input.integer("burstLimit")?.unwrap_or(0),
        rate_limit: input.number("rateLimit")?.unwrap_or(0.0),
    })
}

pub fn check_stage(region: &Region, api: &str, stage: &str, plan: &str) -> Result<(), Failure> {
    if region.rest_apis.get(api).is_some_and(|api| api.stages.contains_key(stage)) {
        return Ok(());
    }
    Err(fail::not_found(format!("Invalid API Stage {{api: {api}, stage: {stage}}} specified for usageplan {plan}")))
}

fn check(plan: &UsagePlan) -> Result<(), Failure> {
    if plan.name.is_empty() {
        return Err(fail::bad_request("Usage Plan name cannot be blank"));
    }
    let throttles = plan.api_stages.iter().flat_map(|stage| stage.throttle.iter().flat_map(BTreeMap::values));
    for throttle in throttles.chain(&plan.throttle) {
        if throttle.burst_limit < 0 || throttle.rate_limit < 0.0 || !throttle.rate_limit.is_finite() {
            return Err(fail::bad_request("Usage Plan throttle limits must not be negative"));
        }
    }
    let crowded = |stage: &ApiStage| stage.throttle.as_ref().is_some_and(|set| set.len() > METHOD_THROTTLES_PER_STAGE);
    if plan.api_stages.iter().any(crowded) {
        return Err(fail::limit_exceeded(
            "Maximum number of method throttling settings for this API stage has been reached",
        ));
    }
    let Some(quota) = &plan.quota else { return Ok(()) };
    if !PERIODS.contains(&quota.period.as_str()) {
        return Err(fail::bad_request("Invalid quota period specified. Valid options are DAY,WEEK,MONTH"));
    }
    if quota.limit < 1 {
        return Err(fail::bad_request("Usage Plan quota limit must be greater than zero"));
    }
    match (quota.period.as_str(), quota.offset) {
        ("DAY", 0) | ("WEEK", 0..=6) | ("MONTH", 0..=27) => Ok(()),
        ("DAY", _) => Err(fail::bad_request("Usage Plan quota offset must be zero in the DAY period")),
        ("WEEK", _) => {
            Err(fail::bad_request("Usage Plan quota offset must be between 0 and 6 inclusive in the WEEK period"))
        }
        _ => Err(fail::bad_request("Usage Plan quota offset must be between 0 and 27 inclusive in the MONTH period")),
    }
}

/// A key reaches an API stage through one plan at most.
fn check_one_plan_per_stage(region: &Region, plan: &UsagePlan, key: &str) -> Result<(), Failure> {
    let others =
        region.usage_plans.values().filter(|other| other.id != plan.id && other.keys.iter().any(|held| held == key));
    for (other, stage) in others.flat_map(|other| other.api_stages.iter().map(move |stage| (other, stage))) {
        if plan.api_stages.iter().any(|ours| ours.api_id == stage.api_id && ours.stage == stage.stage) {
            return Err(fail::conflict(format!(
                "Usage Plan Key {key} cannot be added to Usage Plan {}: it already has API Stage {}:{} through Usage Plan {}",
                plan.id, stage.api_id, stage.stage, other.id
            )));
        }
    }
    Ok(())
}
