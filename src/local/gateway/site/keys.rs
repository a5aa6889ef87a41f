//! API keys and the usage plans that open a stage to them.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Admission, Known};
use crate::local::cloud::apigateway::{ApiKey, Region, Throttle, UsagePlan};
use crate::local::cloud::usage::{Limit, Tap};

pub fn known(region: &Region) -> HashMap<String, Known> {
    let keys = region.api_keys.values();
    keys.map(|key| (key.value.clone(), Known { name: name(key).to_owned(), enabled: key.enabled })).collect()
}

pub fn admissions(region: &Region, api_id: &str, stage: &str) -> HashMap<String, Arc<Admission>> {
    let mut admissions = HashMap::new();
    for plan in region.usage_plans.values() {
        if !plan.api_stages.iter().any(|held| held.api_id == api_id && held.stage == stage) {
            continue;
        }
        let keys = plan.keys.iter().filter_map(|id| region.api_keys.get(id)).filter(|key| key.enabled);
        for key in keys {
            admissions.insert(key.value.clone(), Arc::new(admission(plan, key, api_id, stage)));
        }
    }
    admissions
}

/// A key's name, or its identifier where it has none.
fn name(key: &ApiKey) -> &str {
    key.name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&key.id)
}

/// Counters are per key, over all stages of the plan; those of single methods per stage, too.
fn admission(plan: &UsagePlan, key: &ApiKey, api_id: &str, stage: &str) -> Admission {
    let scope = format!("plan/{}/{}", plan.id, key.id);
    let held = plan.api_stages.iter().find(|held| held.api_id == api_id && held.stage == stage);
    let methods = held.and_then(|held| held.throttle.as_ref()).into_iter().flatten();
    Admission {
        key_id: key.id.clone(),
        key_name: name(key).to_owned(),
        key_value: key.value.clone(),
        joined: plan.joined.get(&key.id).copied().unwrap_or_default(),
        plan_id: plan.id.clone(),
        plan_name: plan.name.clone(),
        throttle: plan.throttle.as_ref().map(|throttle| tap(scope.clone(), throttle)),
        method_throttles: methods
            .map(|(method, throttle)| {
                let bucket = format!("{scope}/{api_id}/{stage}{method}");
                (method.clone(), tap(bucket, throttle))
            })
            .collect(),
        quota: plan.quota.clone(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a burst beyond 2^52 requests limits nothing")]
fn tap(bucket: String, throttle: &Throttle) -> Tap {
    let limit = Limit { burst: throttle.burst_limit as f64, rate: throttle.rate_limit };
    Tap { bucket: bucket.into(), limit, kept: true }
}
