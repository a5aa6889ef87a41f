//! Stages: names under which deployments are served. Their many patch paths are in `stage_patches.rs`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::input::{Constraints, Input};
use super::model::{CanarySettings, Moment, RestApi, Stage, Texts};
use super::{Answer, api, fail, now, patch, region, stage_patches, tags, wire};
use crate::local::cloud::{Call, Failure, Reply, Request};

/// Per API.
const STAGES: usize = 10;

pub fn create(call: &mut Call<'_>, request: &Request, api_id: &str) -> Answer {
    let input = Input::new(request)?;
    let (name, deployment) = (input.text("stageName")?, input.text("deploymentId")?);
    Constraints::default()
        .required("createStageInput.stageName", name.as_deref())
        .required("createStageInput.deploymentId", deployment.as_deref())
        .check()?;
    let canary_settings = match input.structure("canarySettings")? {
        Some(settings) => Some(canary(&settings)?),
        None => None,
    };
    let tags = tags::checked(input.text_map("tags")?.unwrap_or_default())?;
    let stage = Stage {
        stage_name: name.unwrap_or_default(),
        deployment_id: deployment.unwrap_or_default(),
        description: input.text("description")?,
        documentation_version: input.text("documentationVersion")?,
        canary_settings,
        tags: Some(tags).filter(|tags| !tags.is_empty()),
        ..from_deployment_input(&input, now(call))?
    };
    let reply = wire::reply(201, &stage);
    let api = api(call, api_id)?;
    let canary_deployment = stage.canary_settings.as_ref().and_then(|canary| canary.deployment_id.as_ref());
    for id in [Some(&stage.deployment_id), canary_deployment].into_iter().flatten() {
        check_deployment(api, id)?;
    }
    insert(api, stage)?;
    Ok(reply)
}

pub fn list(call: &mut Call<'_>, request: &Request, api_id: &str) -> Answer {
    let deployment = request.query("deploymentId");
    let stages = api(call, api_id)?.stages.values();
    let shown: Vec<Value> =
        stages.filter(|stage| deployment.is_none_or(|id| stage.deployment_id == id)).map(wire::value).collect();
    Ok(Reply::json(200, &json!({ "item": shown })))
}

pub fn get(call: &mut Call<'_>, api_id: &str, name: &str) -> Answer {
    Ok(wire::reply(200, api(call, api_id)?.stages.get(name).ok_or_else(no_stage)?))
}

pub fn update(call: &mut Call<'_>, request: &Request, api_id: &str, name: &str) -> Answer {
    let patches = patch::read(&Input::new(request)?, "updateStageInput", |found| found)?;
    let profile = call.profile;
    let may_log = region(call).logging_role(profile).is_some();
    let now = now(call);
    let api = api(call, api_id)?;
    let mut stage = api.stages.get(name).ok_or_else(no_stage)?.clone();
    for patch in &patches {
        stage_patches::apply(&mut stage, patch, api, may_log)?;
    }
    stage.last_updated_date = now;
    let reply = wire::reply(200, &stage);
    api.stages.insert(name.to_owned(), stage);
    Ok(reply)
}

pub fn delete(call: &mut Call<'_>, api_id: &str, name: &str) -> Answer {
    api(call, api_id)?.stages.get(name).ok_or_else(no_stage)?;
    let region = region(call);
    let mapped = region.domain_names.values().find(|domain| {
        let mut mappings = domain.base_path_mappings.values();
        mappings.any(|mapping| mapping.rest_api_id == api_id && mapping.stage.as_deref() == Some(name))
    });
    if let Some(domain) = mapped {
        return Err(fail::bad_request(format!(
            "Deleting stage {name} failed. Please remove all base path mappings related to the stage in your domains: {}",
            domain.domain_name
        )));
    }
    for plan in region.usage_plans.values_mut() {
        plan.api_stages.retain(|stage| stage.api_id != api_id || stage.stage != name);
    }
    api(call, api_id)?.stages.remove(name);
    Ok(Reply::empty(202))
}

pub fn no_stage() -> Failure {
    fail::not_found("Invalid stage identifier specified")
}

pub fn check_deployment(api: &RestApi, id: &str) -> Result<(), Failure> {
    if api.deployments.contains_key(id) {
        return Ok(());
    }
    Err(fail::bad_request("Deployment id does not exist"))
}

/// A stage that points nowhere yet, from what CreateStage and CreateDeployment have in common.
pub fn from_deployment_input(input: &Input, now: Moment) -> Result<Stage, Failure> {
    let variables = input.text_map("variables")?;
    check_variables(variables.as_ref())?;
    let cache_cluster_enabled = input.flag("cacheClusterEnabled")?.unwrap_or(false);
    Ok(Stage {
        stage_name: String::new(),
        deployment_id: String::new(),
        description: input.text("stageDescription")?,
        client_certificate_id: None,
        cache_cluster_enabled,
        cache_cluster_size: input.text("cacheClusterSize")?,
        cache_cluster_status: cache_status(cache_cluster_enabled),
        method_settings: BTreeMap::new(),
        variables,
        documentation_version: None,
        access_log_settings: None,
        canary_settings: None,
        tracing_enabled: input.flag("tracingEnabled")?.unwrap_or(false),
        tags: None,
        created_date: now,
        last_updated_date: now,
    })
}

pub fn cache_status(enabled: bool) -> String {
    if enabled { "AVAILABLE" } else { "NOT_AVAILABLE" }.into()
}

/// What CreateDeployment does to the stage it names when that exists.
pub fn repoint(stage: &mut Stage, deployment: &str, input: &Input, now: Moment) -> Result<(), Failure> {
    deployment.clone_into(&mut stage.deployment_id);
    if let Some(description) = input.text("stageDescription")? {
        stage.description = Some(description);
    }
    if let Some(variables) = input.text_map("variables")? {
        stage.variables = Some(variables);
    }
    if let Some(tracing) = input.flag("tracingEnabled")? {
        stage.tracing_enabled = tracing;
    }
    stage.last_updated_date = now;
    Ok(())
}

pub fn insert(api: &mut RestApi, stage: Stage) -> Result<(), Failure> {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    if stage.stage_name.is_empty() || stage.stage_name.len() > 128 || !stage.stage_name.chars().all(allowed) {
        return Err(fail::bad_request("Stage name only allows a-zA-Z0-9_"));
    }
    if api.stages.contains_key(&stage.stage_name) {
        return Err(fail::conflict("Stage already exists"));
    }
    if api.stages.len() >= STAGES {
        return Err(fail::limit_exceeded(
            "Maximum number of stages for this API has been reached. Please contact AWS if you need additional stages.",
        ));
    }
    api.stages.insert(stage.stage_name.clone(), stage);
    Ok(())
}

pub fn canary(input: &Input) -> Result<CanarySettings, Failure> {
    Ok(CanarySettings {
        percent_traffic: input.number("percentTraffic")?.unwrap_or(0.0),
        deployment_id: input.text("deploymentId")?,
        stage_variable_overrides: input.text_map("stageVariableOverrides")?,
        use_stage_cache: input.flag("useStageCache")?.unwrap_or(false),
    })
}

pub fn check_variables(variables: Option<&Texts>) -> Result<(), Failure> {
    let Some(variables) = variables else { return Ok(()) };
    let name_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let value_letter = |letter: char| letter.is_ascii_alphanumeric() || "-._~:/?#&=,".contains(letter);
    for (name, value) in variables {
        if name.is_empty() || name.len() > 64 || !name.chars().all(name_letter) {
            return Err(fail::bad_request(format!("Invalid stage variable name: {name}")));
        }
        if value.len() > 512 || !value.chars().all(value_letter) {
            return Err(fail::bad_request(format!(
                "Invalid stage variable value: {value}. Please use values with alphanumeric characters and the symbols '-._~:/?#&=,'"
            )));
        }
    }
    if variables.len() > 100 {
        return Err(fail::limit_exceeded("Maximum number of stage variables for this stage has been reached"));
    }
    Ok(())
}
