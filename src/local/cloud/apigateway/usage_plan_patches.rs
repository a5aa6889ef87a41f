//! What a PATCH of a usage plan may say (`AWS_FACTS` B3): limits, and API stages given as `apiId:stage` in the value.

use serde_json::Value;

use super::fail;
use super::model::{ApiStage, Quota, Region, Throttle, UsagePlan};
use super::patch::{Op, Patch};
use super::usage_plans::check_stage;
use crate::local::cloud::Failure;

const PATHS: [&str; 6] = [
    "/apiStages",
    "/quota",
    "/throttle",
    "/productCode",
    "/apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>",
    "/apiStages/<apidId:stageName>/throttle",
];

pub fn apply(plan: &mut UsagePlan, patch: &Patch, region: &Region) -> Result<(), Failure> {
    patch.edits()?;
    let removes = patch.op == Op::Remove;
    match patch.parts().as_slice() {
        ["name"] if !removes => plan.name = patch.text(),
        ["description"] => plan.description = patch.optional(),
        ["productCode"] => plan.product_code = patch.optional(),
        ["throttle"] if removes => plan.throttle = None,
        ["throttle", leaf @ ("rateLimit" | "burstLimit")] if !removes => {
            set_limit(plan.throttle.get_or_insert_default(), leaf, patch)?;
        }
        ["quota"] if removes => plan.quota = None,
        ["quota", leaf @ ("limit" | "offset" | "period")] if !removes => {
            let unset = Quota { limit: 0, offset: 0, period: String::new() };
            let quota = plan.quota.get_or_insert(unset);
            match *leaf {
                "limit" => quota.limit = patch.number()?,
                "offset" => quota.offset = patch.number()?,
                _ => quota.period = patch.text(),
            }
        }
        ["apiStages"] if patch.op != Op::Replace => api_stages(plan, patch, region)?,
        ["apiStages", stage, "throttle", rest @ ..] => method_throttle(plan, patch, stage, rest)?,
        _ => return Err(patch.not_one_of(&PATHS)),
    }
    Ok(())
}

fn api_stages(plan: &mut UsagePlan, patch: &Patch, region: &Region) -> Result<(), Failure> {
    let value = patch.text();
    let Some((api, stage)) = value.split_once(':').filter(|(api, stage)| !api.is_empty() && !stage.is_empty()) else {
        return Err(fail::bad_request("Invalid API Stage specified"));
    };
    let position = plan.api_stages.iter().position(|held| held.api_id == api && held.stage == stage);
    match (patch.op, position) {
        (Op::Remove, Some(position)) => {
            plan.api_stages.remove(position);
        }
        (Op::Remove, None) => return Err(no_stage(api, stage, plan)),
        (_, Some(_)) => {}
        (_, None) => {
            check_stage(region, api, stage, &plan.id)?;
            plan.api_stages.push(ApiStage { api_id: api.to_owned(), stage: stage.to_owned(), throttle: None });
        }
    }
    Ok(())
}

fn no_stage(api: &str, stage: &str, plan: &UsagePlan) -> Failure {
    fail::not_found(format!("Invalid API Stage {{api: {api}, stage: {stage}}} specified for usageplan {}", plan.id))
}

/// `rest` is the resource path, escaped into one part or not, the verb, and maybe a limit's name.
fn method_throttle(plan: &mut UsagePlan, patch: &Patch, stage: &str, rest: &[&str]) -> Result<(), Failure> {
    let (api, name) = stage.split_once(':').ok_or_else(|| fail::bad_request("Invalid API Stage specified"))?;
    let Some(position) = plan.api_stages.iter().position(|held| held.api_id == api && held.stage == name) else {
        return Err(no_stage(api, name, plan));
    };
    let throttles = &mut plan.api_stages[position].throttle;
    let (leaf, rest) = match rest {
        [rest @ .., leaf @ ("rateLimit" | "burstLimit")] => (Some(*leaf), rest),
        _ => (None, rest),
    };
    let [path @ .., verb] = rest else {
        if patch.op == Op::Remove && leaf.is_none() {
            *throttles = None;
            return Ok(());
        }
        return Err(patch.not_one_of(&PATHS));
    };
    if path.is_empty() {
        return Err(patch.not_one_of(&PATHS));
    }
    let key = format!("/{}/{verb}", path.join("/").trim_start_matches('/'));
    match (patch.op, leaf) {
        (Op::Remove, _) => {
            throttles
                .get_or_insert_default()
                .remove(&key)
                .ok_or_else(|| fail::not_found("Invalid method throttle specified"))?;
        }
        (_, Some(leaf)) => set_limit(throttles.get_or_insert_default().entry(key).or_default(), leaf, patch)?,
        (_, None) => {
            let given: Value = serde_json::from_str(&patch.text()).unwrap_or_default();
            let (Some(burst_limit), Some(rate_limit)) = (given["burstLimit"].as_i64(), given["rateLimit"].as_f64())
            else {
                return Err(fail::bad_request(format!(
                    "Invalid value '{}' specified for {}",
                    patch.text(),
                    patch.path
                )));
            };
            throttles.get_or_insert_default().insert(key, Throttle { burst_limit, rate_limit });
        }
    }
    if throttles.as_ref().is_some_and(std::collections::BTreeMap::is_empty) {
        *throttles = None;
    }
    Ok(())
}

fn set_limit(throttle: &mut Throttle, leaf: &str, patch: &Patch) -> Result<(), Failure> {
    if leaf == "rateLimit" {
        throttle.rate_limit = patch.number()?;
    } else {
        throttle.burst_limit = patch.number()?;
    }
    Ok(())
}
