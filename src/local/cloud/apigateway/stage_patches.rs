//! What a PATCH of a stage may say: the deployment it points to, variables, access logs, canaries, and settings per
//! method under `/{resourcePath}/{httpMethod}/…` (`AWS_FACTS` B2).

use super::fail;
use super::model::{CanarySettings, MethodSetting, RestApi, Stage};
use super::patch::{Op, Patch};
use super::stages::{cache_status, check_deployment, check_variables};
use crate::local::cloud::Failure;

/// AWS's own list, missing commas and all.
const PATHS: &str = "/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, /accessLogSettings, /accessLogSettings/destinationArn, /accessLogSettings/format, /{resourcePath}/{httpMethod}/metrics/enabled, /{resourcePath}/{httpMethod}/logging/dataTrace, /{resourcePath}/{httpMethod}/logging/loglevel, /{resourcePath}/{httpMethod}/throttling/burstLimit/{resourcePath}/{httpMethod}/throttling/rateLimit/{resourcePath}/{httpMethod}/caching/ttlInSeconds, /{resourcePath}/{httpMethod}/caching/enabled, /{resourcePath}/{httpMethod}/caching/dataEncrypted, /{resourcePath}/{httpMethod}/caching/requireAuthorizationForCacheControl, /{resourcePath}/{httpMethod}/caching/unauthorizedCacheControlHeaderStrategy, /*/*/metrics/enabled, /*/*/logging/dataTrace, /*/*/logging/loglevel, /*/*/throttling/burstLimit /*/*/throttling/rateLimit /*/*/caching/ttlInSeconds, /*/*/caching/enabled, /*/*/caching/dataEncrypted, /*/*/caching/requireAuthorizationForCacheControl, /*/*/caching/unauthorizedCacheControlHeaderStrategy, /variables/{variable_name}, /tracingEnabled";

/// `may_log`: has the account the role that writes logs?
pub fn apply(stage: &mut Stage, patch: &Patch, api: &RestApi, may_log: bool) -> Result<(), Failure> {
    let parts = patch.parts();
    if patch.op == Op::Copy {
        return copy(stage, patch);
    }
    if matches!(patch.op, Op::Move | Op::Test) {
        return Err(invalid(patch));
    }
    if parts.first() == Some(&"canarySettings") && canary(stage, patch, api)? {
        return Ok(());
    }
    match (patch.op, parts.as_slice()) {
        (Op::Replace, ["deploymentId"]) => {
            stage.deployment_id = patch.text();
            check_deployment(api, &stage.deployment_id)?;
        }
        (_, ["description"]) => stage.description = patch.optional(),
        (_, ["clientCertificateId"]) => {
            stage.client_certificate_id = patch.optional();
            if stage.client_certificate_id.is_some() {
                return Err(fail::bad_request("Invalid client certificate identifier specified"));
            }
        }
        (Op::Replace, ["cacheClusterEnabled"]) => {
            stage.cache_cluster_enabled = patch.flag();
            stage.cache_cluster_status = cache_status(stage.cache_cluster_enabled);
        }
        (Op::Replace, ["cacheClusterSize"]) => stage.cache_cluster_size = patch.optional(),
        (Op::Replace, ["tracingEnabled"]) => stage.tracing_enabled = patch.flag(),
        (_, ["documentationVersion"]) => stage.documentation_version = patch.optional(),
        (_, ["variables", name]) => variable(stage, patch, name)?,
        (Op::Remove, ["accessLogSettings"]) => stage.access_log_settings = None,
        (Op::Add | Op::Replace, ["accessLogSettings", leaf]) => access_log(stage, patch, leaf, may_log)?,
        (Op::Remove, _) => remove_setting(stage, patch)?,
        (_, [_, _, _, _]) => method_setting(stage, patch, may_log)?,
        _ => return Err(invalid(patch)),
    }
    Ok(())
}

fn invalid(patch: &Patch) -> Failure {
    fail::bad_request(format!("Invalid method setting path: {}. Must be one of: [{PATHS}]", patch.path))
}

fn no_role() -> Failure {
    fail::bad_request("CloudWatch Logs role ARN must be set in account settings to enable logging")
}

fn variable(stage: &mut Stage, patch: &Patch, name: &str) -> Result<(), Failure> {
    let variables = stage.variables.get_or_insert_default();
    if patch.op == Op::Remove {
        variables.remove(name);
    } else {
        variables.insert(name.to_owned(), patch.text());
    }
    check_variables(Some(variables))?;
    if variables.is_empty() {
        stage.variables = None;
    }
    Ok(())
}

fn access_log(stage: &mut Stage, patch: &Patch, leaf: &str, may_log: bool) -> Result<(), Failure> {
    if !["destinationArn", "format"].contains(&leaf) {
        return Err(fail::bad_request(
            "Invalid accessLogSettings path. Must be one of : [/accessLogSettings/destinationArn, /accessLogSettings/format]",
        ));
    }
    let Some(value) = patch.optional() else { return Err(fail::bad_request("Access Log value must not be empty")) };
    if !may_log {
        return Err(no_role());
    }
    let settings = stage.access_log_settings.get_or_insert_default();
    if leaf == "destinationArn" {
        check_destination(&value)?;
        settings.destination_arn = Some(value);
    } else {
        check_format(&value)?;
        settings.format = Some(value);
    }
    Ok(())
}

/// `arn:aws:logs:…:log-group:NAME`, without the `:*` that CloudWatch Logs puts at its end, or a Firehose stream of the
/// right name. Whether it exists is not asked.
fn check_destination(arn: &str) -> Result<(), Failure> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, service, _, _, resource] = parts.as_slice() else {
        return Err(fail::bad_request("Invalid ARN specified in the request"));
    };
    let name = match (*service, resource.split_once([':', '/'])) {
        ("logs", Some(("log-group", name))) => name,
        ("firehose", Some(("deliverystream", name))) if name.starts_with("amazon-apigateway-") => name,
        _ => return Err(fail::bad_request("Invalid ARN specified in the request")),
    };
    if !name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-/.".contains(letter)) {
        return Err(fail::bad_request(format!(
            "Access log destination must only contain characters a-z, A-Z, 0-9, '_', '-', '/', '.': '{resource}'"
        )));
    }
    Ok(())
}

fn check_format(format: &str) -> Result<(), Failure> {
    if format.trim_end_matches('\n').contains('\n') {
        return Err(fail::bad_request(format!(
            "Access Log format must be single line, new line character is allowed only at end of the format: '{format}'"
        )));
    }
    if !format.contains("$context.requestId") && !format.contains("$context.extendedRequestId") {
        return Err(fail::bad_request(
            "Access Log format must contain $context.requestId or $context.extendedRequestId",
        ));
    }
    Ok(())
}

/// The key of a method's settings, as sent: `*/*`, `~1admit/GET`.
fn key(patch: &Patch, parts: usize) -> String {
    patch.path.split('/').skip(1).take(parts).collect::<Vec<_>>().join("/")
}

fn method_setting(stage: &mut Stage, patch: &Patch, may_log: bool) -> Result<(), Failure> {
    let key = key(patch, 2);
    let mut setting = stage.method_settings.get(&key).cloned().unwrap_or_else(unset);
    let enables = match patch.parts().as_slice() {
        [_, _, "metrics", "enabled"] => {
            setting.metrics_enabled = patch.flag();
            setting.metrics_enabled
        }
        [_, _, "logging", "dataTrace"] => {
            setting.data_trace_enabled = patch.flag();
            setting.data_trace_enabled
        }
        [_, _, "logging", "loglevel"] => {
            let level = patch.text();
            if !["OFF", "ERROR", "INFO"].contains(&level.as_str()) {
                return Err(fail::bad_request("Invalid logging level specified. Valid options are OFF,ERROR,INFO"));
            }
            let enables = level != "OFF";
            setting.logging_level = Some(level);
            enables
        }
        [_, _, "throttling", "burstLimit"] => {
            setting.throttling_burst_limit = Some(patch.number()?);
            false
        }
        [_, _, "throttling", "rateLimit"] => {
            setting.throttling_rate_limit = Some(patch.number()?);
            false
        }
        [_, _, "caching", leaf] => {
            caching(&mut setting, patch, leaf)?;
            false
        }
        _ => return Err(invalid(patch)),
    };
    if enables && !may_log {
        return Err(no_role());
    }
    stage.method_settings.insert(key, setting);
    Ok(())
}

fn caching(setting: &mut MethodSetting, patch: &Patch, leaf: &str) -> Result<(), Failure> {
    match leaf {
        "enabled" => setting.caching_enabled = patch.flag(),
        "ttlInSeconds" => setting.cache_ttl_in_seconds = patch.number()?,
        "dataEncrypted" => setting.cache_data_encrypted = patch.flag(),
        "requireAuthorizationForCacheControl" => setting.require_authorization_for_cache_control = patch.flag(),
        "unauthorizedCacheControlHeaderStrategy" => setting.unauthorized_cache_control_header_strategy = patch.text(),
        _ => return Err(invalid(patch)),
    }
    Ok(())
}

fn unset() -> MethodSetting {
    MethodSetting {
        metrics_enabled: false,
        logging_level: None,
        data_trace_enabled: false,
        throttling_burst_limit: Some(5000),
        throttling_rate_limit: Some(10_000.0),
        caching_enabled: false,
        cache_ttl_in_seconds: 300,
        cache_data_encrypted: false,
        require_authorization_for_cache_control: true,
        unauthorized_cache_control_header_strategy: "SUCCEED_WITH_RESPONSE_HEADER".into(),
    }
}

/// Only a whole key can be removed, written `/*/*` or `/*~1*`; any other path is taken for a key that is not there.
fn remove_setting(stage: &mut Stage, patch: &Patch) -> Result<(), Failure> {
    let named = patch.path.trim_start_matches('/');
    let found =
        stage.method_settings.keys().find(|key| *key == named || key.replace("~1", "/") == named.replace("~1", "/"));
    let Some(key) = found.cloned() else {
        return Err(fail::bad_request(format!(
            "Cannot remove method setting {named} because there is no method setting for this method "
        )));
    };
    stage.method_settings.remove(&key);
    Ok(())
}

/// Returns whether the path was one of a canary's.
fn canary(stage: &mut Stage, patch: &Patch, api: &RestApi) -> Result<bool, Failure> {
    let parts = patch.parts();
    if (patch.op, parts.as_slice()) == (Op::Remove, &["canarySettings"]) {
        return Ok(stage.canary_settings.take().is_some());
    }
    if patch.op == Op::Add && parts.as_slice() == ["canarySettings", "deploymentId"] {
        return Err(fail::bad_request(format!("Invalid add operation with path: {}", patch.path)));
    }
    if patch.op != Op::Replace && !(parts.len() == 3 && parts[1] == "stageVariableOverrides") {
        return Ok(false);
    }
    let current = CanarySettings {
        percent_traffic: 0.0,
        deployment_id: Some(stage.deployment_id.clone()),
        stage_variable_overrides: None,
        use_stage_cache: false,
    };
    let canary = stage.canary_settings.get_or_insert(current);
    match parts.as_slice() {
        [_, "percentTraffic"] => canary.percent_traffic = patch.number()?,
        [_, "useStageCache"] => canary.use_stage_cache = patch.flag(),
        [_, "deploymentId"] => {
            check_deployment(api, &patch.text())?;
            canary.deployment_id = patch.optional();
        }
        [_, "stageVariableOverrides", name] => {
            let overrides = canary.stage_variable_overrides.get_or_insert_default();
            if patch.op == Op::Remove {
                overrides.remove(*name);
            } else {
                overrides.insert((*name).to_owned(), patch.text());
            }
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// Promotion of a canary.
fn copy(stage: &mut Stage, patch: &Patch) -> Result<(), Failure> {
    let from = patch.from.as_deref().unwrap_or_default();
    let known =
        [("/deploymentId", "/canarySettings/deploymentId"), ("/variables", "/canarySettings/stageVariableOverrides")];
    if !known.contains(&(patch.path.as_str(), from)) {
        return Err(fail::bad_request(format!(
            "Invalid copy operation with path: {} and from {from}. Valid copy:path are [/deploymentId, /variables] and valid copy:from are [/canarySettings/deploymentId, /canarySettings/stageVariableOverrides]",
            patch.path
        )));
    }
    let Some(canary) = &stage.canary_settings else {
        return Err(fail::bad_request("Promotion not available. Canary does not exist."));
    };
    if patch.path == "/deploymentId" {
        if let Some(deployment) = &canary.deployment_id {
            stage.deployment_id.clone_from(deployment);
        }
    } else {
        stage.variables.get_or_insert_default().extend(canary.stage_variable_overrides.clone().unwrap_or_default());
    }
    Ok(())
}
