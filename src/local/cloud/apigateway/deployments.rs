//! Deployments: snapshots of the whole draft. What callers get changes when a stage points at another one, and at no
//! other time (`AWS_FACTS` B2).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::input::Input;
use super::model::{CanarySettings, Definition, Deployment, RestApi};
use super::{Answer, api, fail, now, patch, stages, wire};
use crate::local::cloud::{Call, Failure, LOWER, Reply, Request};

pub fn create(call: &mut Call<'_>, request: &Request, api_id: &str) -> Answer {
    let input = Input::new(request)?;
    let stage_name = input.text("stageName")?;
    let canary = match input.structure("canarySettings")? {
        Some(settings) => Some(stages::canary(&settings)?),
        None => None,
    };
    let fresh = stages::from_deployment_input(&input, now(call))?;
    let id = call.id(6, LOWER);
    let created_date = now(call);
    let api = api(call, api_id)?;
    if canary.is_some() {
        check_canary(api, stage_name.as_deref())?;
    }
    check_complete(&api.draft)?;
    let deployment = Deployment {
        id: id.clone(),
        description: input.text("description")?,
        created_date,
        definition: api.draft.clone(),
    };
    if let Some(name) = stage_name.filter(|name| !name.is_empty()) {
        match (api.stages.get_mut(&name), canary) {
            (Some(stage), Some(canary)) => {
                stage.canary_settings = Some(CanarySettings { deployment_id: Some(id.clone()), ..canary });
                stage.last_updated_date = created_date;
            }
            (Some(stage), None) => stages::repoint(stage, &id, &input, created_date)?,
            (None, _) => {
                stages::insert(api, super::model::Stage { stage_name: name, deployment_id: id.clone(), ..fresh })?
            }
        }
    }
    let reply = wire::reply(201, &view(&deployment, false));
    api.deployments.insert(id, deployment);
    Ok(reply)
}

pub fn list(call: &mut Call<'_>, request: &Request, api_id: &str) -> Answer {
    let deployments = &api(call, api_id)?.deployments;
    wire::page(request, deployments.values().map(|deployment| (deployment.id.clone(), view(deployment, false))))
}

pub fn get(call: &mut Call<'_>, request: &Request, api_id: &str, id: &str) -> Answer {
    let summary = request.query.iter().any(|(name, value)| name == "embed" && value.eq_ignore_ascii_case("apisummary"));
    let deployment = api(call, api_id)?.deployments.get(id).ok_or_else(no_deployment)?;
    Ok(wire::reply(200, &view(deployment, summary)))
}

pub fn update(call: &mut Call<'_>, request: &Request, api_id: &str, id: &str) -> Answer {
    let patches = patch::read(&Input::new(request)?, "updateDeploymentInput", |found| found)?;
    let deployment = api(call, api_id)?.deployments.get_mut(id).ok_or_else(no_deployment)?;
    let mut description = deployment.description.clone();
    for patch in &patches {
        patch.replaces(&["/description"])?;
        description = patch.optional();
    }
    deployment.description = description;
    Ok(wire::reply(200, &view(deployment, false)))
}

pub fn delete(call: &mut Call<'_>, api_id: &str, id: &str) -> Answer {
    let api = api(call, api_id)?;
    if !api.deployments.contains_key(id) {
        return Err(no_deployment());
    }
    let points_here = |stage: &super::model::Stage| {
        let canary = stage.canary_settings.as_ref().and_then(|canary| canary.deployment_id.as_deref());
        stage.deployment_id == id || canary == Some(id)
    };
    if api.stages.values().any(points_here) {
        return Err(fail::bad_request("Active stages pointing to this deployment must be moved or deleted"));
    }
    api.deployments.remove(id);
    Ok(Reply::empty(202))
}

fn no_deployment() -> Failure {
    fail::not_found("Invalid Deployment identifier specified")
}

/// Without its snapshot, which AWS shows no one but callers.
fn view(deployment: &Deployment, summary: bool) -> Value {
    let mut members = Map::new();
    members.insert("id".into(), json!(deployment.id));
    members.insert("createdDate".into(), wire::value(&deployment.created_date));
    if let Some(description) = &deployment.description {
        members.insert("description".into(), json!(description));
    }
    if summary {
        members.insert("apiSummary".into(), json!(api_summary(&deployment.definition)));
    }
    Value::Object(members)
}

fn api_summary(definition: &Definition) -> BTreeMap<&str, BTreeMap<&str, Value>> {
    let resources = definition.resources.values().filter(|resource| !resource.resource_methods.is_empty());
    resources
        .map(|resource| {
            let methods = resource.resource_methods.values().map(|method| {
                let summary =
                    json!({ "authorizationType": method.authorization_type, "apiKeyRequired": method.api_key_required });
                (method.http_method.as_str(), summary)
            });
            (resource.path.as_str(), methods.collect())
        })
        .collect()
}

fn check_complete(draft: &Definition) -> Result<(), Failure> {
    let mut methods = draft.resources.values().flat_map(|resource| resource.resource_methods.values()).peekable();
    if methods.peek().is_none() {
        return Err(fail::bad_request("The REST API doesn't contain any methods"));
    }
    if methods.any(|method| method.method_integration.is_none()) {
        return Err(fail::bad_request("No integration defined for method"));
    }
    Ok(())
}

fn check_canary(api: &RestApi, stage_name: Option<&str>) -> Result<(), Failure> {
    match stage_name {
        None | Some("") => Err(fail::bad_request(format!(
            "Invalid deployment content specified.Non null and non empty stageName must be provided for canary deployment. Provided value is {}",
            stage_name.unwrap_or("null")
        ))),
        Some(name) if !api.stages.contains_key(name) => Err(fail::bad_request(format!(
            "Invalid deployment content specified.Stage {name} must already be created before making a canary release deployment"
        ))),
        Some(_) => Ok(()),
    }
}
