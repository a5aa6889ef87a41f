//! The stage: the name under which one deployment is served, with its variables, throttling and logging.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_apigateway::types::{MethodSetting, PatchOperation};

use super::deployment::Deployment;
use super::{Owner, patch};
use crate::aws::{Aws, ErrorKind, Repeat, Result, found, gone, ordered};
use crate::engine::plan::{Change, Changes, Side};
use crate::engine::{Handle, Identity, Known, NodeId, Resource};
use crate::event::Action;
use crate::resources::{Alias, RestApi};
use crate::spec::model::{AccessLog, LogLevel, StageSettings};

/// A stage of our API.
#[derive(Clone, Debug)]
pub struct Stage {
    pub name: String,
    pub api: Handle<RestApi>,
    /// What the deployment calls.
    pub alias: Handle<Alias>,
    pub deployment: Handle<Deployment>,
    /// Where something is logged: that the account can.
    pub logging_role: Option<NodeId>,
    pub settings: StageSettings,
    pub region: String,
    pub partition: String,
    pub owner: Owner,
}

#[derive(Clone, Debug)]
pub struct Observed {
    deployment: String,
    /// Another deployment that gets a share of the calls, in words.
    canary: Option<String>,
    description: Option<String>,
    variables: BTreeMap<String, String>,
    xray: bool,
    access_log: Option<AccessLog>,
    /// `*/*` or `~1admit/GET`, to what is set there.
    methods: BTreeMap<String, MethodSettings>,
    tags: BTreeMap<String, String>,
}

/// Requests per second and burst that AWS tells where no limit is set.
const DEFAULT_LIMITS: (Option<f64>, Option<i32>) = (Some(10_000.0), Some(5_000));

/// What can be set for one method, or for all as `*/*`.
#[derive(Clone, Debug, Default, PartialEq)]
struct MethodSettings {
    rate: Option<f64>,
    burst: Option<i32>,
    log_level: Option<String>,
    data_trace: bool,
    metrics: bool,
}

impl MethodSettings {
    /// Setting to text, as PATCH takes it.
    fn flat(&self) -> BTreeMap<&'static str, String> {
        let mut flat = BTreeMap::new();
        if let (Some(rate), Some(burst)) = (self.rate, self.burst) {
            flat.insert("throttling/rateLimit", rate.to_string());
            flat.insert("throttling/burstLimit", burst.to_string());
        }
        if let Some(level) = &self.log_level {
            flat.insert("logging/loglevel", level.clone());
        }
        if self.data_trace {
            flat.insert("logging/dataTrace", "true".to_owned());
        }
        if self.metrics {
            flat.insert("metrics/enabled", "true".to_owned());
        }
        flat
    }

    fn observed(seen: &MethodSetting) -> MethodSettings {
        let level = seen.logging_level().filter(|level| !level.is_empty() && *level != "OFF");
        // AWS tells -1 where no throttle of its own is set.
        let limited = seen.throttling_rate_limit() >= 0.0 && seen.throttling_burst_limit() >= 0;
        let unset = seen.throttling_rate_limit() == 0.0 && seen.throttling_burst_limit() == 0;
        MethodSettings {
            rate: (limited && !unset).then(|| seen.throttling_rate_limit()),
            burst: (limited && !unset).then(|| seen.throttling_burst_limit()),
            log_level: level.map(str::to_owned),
            data_trace: seen.data_trace_enabled(),
            metrics: seen.metrics_enabled(),
        }
    }
}

impl Resource for Stage {
    type Observed = Observed;
    type Outputs = ();

    fn identity(&self) -> Identity {
        Identity::one("stage", "stage", &self.name)
    }

    fn needs(&self) -> Vec<NodeId> {
        [self.api.id(), self.alias.id(), self.deployment.id()].into_iter().chain(self.logging_role).collect()
    }

    fn read_after(&self) -> Vec<NodeId> {
        vec![self.api.id()]
    }

    async fn read(&self, aws: &Aws<'_>, known: &Known) -> Result<Option<Observed>> {
        let Some(api) = known.get(self.api) else { return Ok(None) };
        let call = || aws.apigateway().get_stage().rest_api_id(&api.id).stage_name(&self.name).send();
        let Some(stage) = found(aws.call("apigateway", "GetStage", Repeat::Safe, call).await)? else { return Ok(None) };
        let wanted = self.method_settings();
        let methods = stage.method_settings().into_iter().flatten().map(|(key, settings)| {
            let (key, mut settings) = (canonical(key), MethodSettings::observed(settings));
            // A key that sets anything else shows the account's default limits, which nobody asked for.
            let asked = wanted.get(&key).is_some_and(|wanted| wanted.rate.is_some());
            if !asked && (settings.rate, settings.burst) == DEFAULT_LIMITS {
                (settings.rate, settings.burst) = (None, None);
            }
            (key, settings)
        });
        Ok(Some(Observed {
            deployment: stage.deployment_id().unwrap_or_default().to_owned(),
            canary: stage.canary_settings().map(|canary| {
                format!("{} % to {}", canary.percent_traffic(), canary.deployment_id().unwrap_or("the same deployment"))
            }),
            description: stage.description().filter(|text| !text.is_empty()).map(str::to_owned),
            variables: ordered(stage.variables()),
            xray: stage.tracing_enabled(),
            access_log: stage.access_log_settings().and_then(|log| {
                let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
                Some(AccessLog {
                    destination: text(log.destination_arn())?,
                    format: text(log.format()).unwrap_or_default(),
                })
            }),
            methods: methods.filter(|(_, settings)| *settings != MethodSettings::default()).collect(),
            tags: ordered(stage.tags()),
        }))
    }

    fn outputs(&self, _: &Observed) {}

    fn diff(&self, seen: &Observed, known: &Known) -> Vec<Change> {
        let (want, mut changes) = (&self.settings, Changes::default());
        let deployment = known
            .get(self.deployment)
            .map_or_else(|| Side::KnownAfter(known.step_of(self.deployment)), |deployment| deployment.id.into());
        changes
            .compare("deployment", seen.deployment.clone(), deployment)
            .compare("description", seen.description.clone(), want.description.clone())
            .compare("xray", seen.xray, want.xray);
        changes.compare("canary", seen.canary.clone(), None::<String>);
        compare_maps(&mut changes, "variables.", &seen.variables, &want.variables);
        let log = |log: &Option<AccessLog>| {
            log.as_ref().map(|log| (log.destination.trim_end_matches(":*").to_owned(), log.format.clone()))
        };
        let ((was_to, was_format), (to, format)) = (log(&seen.access_log).unzip(), log(&want.access_log).unzip());
        changes.compare("access_log.destination", was_to, to).compare("access_log.format", was_format, format);
        let wanted = self.method_settings();
        for key in seen.methods.keys().chain(wanted.keys()).collect::<BTreeSet<_>>() {
            let flat = |settings: Option<&MethodSettings>| -> BTreeMap<String, String> {
                let flat = settings.map(MethodSettings::flat).unwrap_or_default();
                flat.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            };
            let at = format!("{} · ", readable(key));
            compare_maps(&mut changes, &at, &flat(seen.methods.get(key)), &flat(wanted.get(key)));
        }
        self.stage_owner().diff(&mut changes, &seen.tags);
        changes.done()
    }

    fn creation(&self, known: &Known) -> Vec<Change> {
        let blank = Observed {
            deployment: String::new(),
            canary: None,
            description: None,
            variables: BTreeMap::new(),
            xray: false,
            access_log: None,
            methods: BTreeMap::new(),
            tags: self.stage_owner().tags.map().clone(),
        };
        let told = self.diff(&blank, known).into_iter().filter(|change| change.path != "deployment");
        told.collect()
    }

    fn consequences(&self, action: Action, changes: &[Change]) -> Vec<String> {
        let has = |path: &str| changes.iter().any(|change| change.path == path);
        let (served, canary) =
            ("callers get the new definition", "the canary that was set outside of deploy.yaml ends");
        match action {
            Action::Update => {
                let told = [("deployment", served), ("canary", canary)].into_iter();
                told.filter(|(path, _)| has(path)).map(|(_, text)| text.to_owned()).collect()
            }
            Action::Delete => vec!["the API's URL stops answering".to_owned()],
            _ => Vec::new(),
        }
    }

    async fn create(&self, aws: &Aws<'_>, known: &Known) -> Result<()> {
        let (api, deployment) = (known.require(self.api)?.id, known.require(self.deployment)?.id);
        let variables: Vec<(String, String)> = self.settings.variables.clone().into_iter().collect();
        let variables = (!variables.is_empty()).then(|| variables.into_iter().collect());
        let tags = self.stage_owner().tags.hash_map();
        let call = || {
            let request = aws.apigateway().create_stage().rest_api_id(&api).stage_name(&self.name);
            request
                .deployment_id(&deployment)
                .set_description(self.settings.description.clone())
                .set_variables(variables.clone())
                .tracing_enabled(self.settings.xray)
                .set_tags(Some(tags.clone()))
                .send()
        };
        match aws.call("apigateway", "CreateStage", Repeat::Safe, call).await {
            // A repeated call whose first answer was lost.
            Err(error) if error.is(ErrorKind::AlreadyExists) => {}
            ended => drop(ended?),
        }
        // CreateStage takes neither method settings nor an access log (B2).
        let operations = [self.patch_methods(&BTreeMap::new()), self.patch_access_log(None)].concat();
        self.patch(aws, &api, operations).await
    }

    async fn update(&self, aws: &Aws<'_>, known: &Known, seen: &Observed, changes: &[Change]) -> Result<()> {
        let (api, deployment) = (known.require(self.api)?.id, known.require(self.deployment)?);
        let (want, mut operations) = (&self.settings, Vec::new());
        let moves = seen.deployment != deployment.id;
        if moves {
            operations.push(patch::replace("/deploymentId", &deployment.id));
        }
        if seen.canary.is_some() {
            operations.push(patch::remove("/canarySettings"));
        }
        if seen.description != want.description {
            operations.push(patch::replace("/description", want.description.clone().unwrap_or_default()));
        }
        if seen.xray != want.xray {
            operations.push(patch::replace("/tracingEnabled", want.xray.to_string()));
        }
        for (name, value) in want.variables.iter().filter(|(name, value)| seen.variables.get(*name) != Some(*value)) {
            operations.push(patch::replace(format!("/variables/{name}"), value));
        }
        for name in seen.variables.keys().filter(|name| !want.variables.contains_key(*name)) {
            operations.push(patch::remove(format!("/variables/{name}")));
        }
        operations.extend(self.patch_access_log(seen.access_log.as_ref()));
        operations.extend(self.patch_methods(&seen.methods));
        if moves {
            // First: should this be cut once the stage has moved, no later run would see that the note is missing.
            deployment.serves_again(aws, &api, &known.require(self.alias)?.version_name()).await?;
        }
        self.patch(aws, &api, operations).await?;
        if changes.iter().any(|change| change.path.starts_with("tags.")) {
            let arn =
                format!("arn:{}:apigateway:{}::/restapis/{api}/stages/{}", self.partition, self.region, self.name);
            super::rest_api::tag(aws, &arn, self.stage_owner().tags.hash_map()).await?;
        }
        Ok(())
    }

    async fn delete(&self, aws: &Aws<'_>, known: &Known, _: &Observed) -> Result<()> {
        let Some(api) = known.get(self.api) else { return Ok(()) };
        let call = || aws.apigateway().delete_stage().rest_api_id(&api.id).stage_name(&self.name).send();
        gone(aws.call("apigateway", "DeleteStage", Repeat::Safe, call).await)
    }
}

impl Stage {
    fn stage_owner(&self) -> Owner {
        Owner { tags: self.owner.tags.and(&self.settings.tags), adopt: self.owner.adopt }
    }

    /// What is wanted for all methods, and for single ones on top of it: a method with settings of its own takes none
    /// from `*/*`.
    fn method_settings(&self) -> BTreeMap<String, MethodSettings> {
        let want = &self.settings;
        let level = match want.log_level {
            None | Some(LogLevel::Off) => None,
            Some(LogLevel::Error) => Some("ERROR".to_owned()),
            Some(LogLevel::Info) => Some("INFO".to_owned()),
        };
        let all = MethodSettings {
            rate: want.throttle.map(|throttle| throttle.rate),
            burst: want.throttle.map(|throttle| throttle.burst),
            log_level: level,
            data_trace: want.data_trace,
            metrics: want.metrics,
        };
        let mut settings = BTreeMap::new();
        for ((path, verb), throttle) in &want.method_throttles {
            let own = MethodSettings { rate: Some(throttle.rate), burst: Some(throttle.burst), ..all.clone() };
            settings.insert(format!("{}/{verb}", patch::escape(path)), own);
        }
        if all != MethodSettings::default() {
            settings.insert("*/*".to_owned(), all);
        }
        settings
    }

    fn patch_methods(&self, seen: &BTreeMap<String, MethodSettings>) -> Vec<PatchOperation> {
        let wanted = self.method_settings();
        let mut operations: Vec<PatchOperation> = Vec::new();
        for key in seen.keys() {
            let (was, want) = (seen[key].flat(), wanted.get(key).map(MethodSettings::flat).unwrap_or_default());
            // Only a whole key can be removed (B2); what is left is set again below.
            if was.keys().any(|name| !want.contains_key(name)) {
                operations.push(patch::remove(format!("/{key}")));
            }
        }
        for (key, settings) in &wanted {
            let (want, was) = (settings.flat(), seen.get(key).map(MethodSettings::flat).unwrap_or_default());
            let emptied = was.keys().any(|name| !want.contains_key(name));
            for (name, value) in want.iter().filter(|(name, value)| emptied || was.get(*name) != Some(*value)) {
                operations.push(patch::replace(format!("/{key}/{name}"), value));
            }
        }
        operations
    }

    fn patch_access_log(&self, seen: Option<&AccessLog>) -> Vec<PatchOperation> {
        match (&self.settings.access_log, seen) {
            (None, None) => Vec::new(),
            (None, Some(_)) => vec![patch::remove("/accessLogSettings")],
            (Some(want), Some(seen)) if want == seen => Vec::new(),
            (Some(want), _) => vec![
                // AWS refuses the ARN as CloudWatch Logs prints it, with `:*` (B2).
                patch::replace("/accessLogSettings/destinationArn", want.destination.trim_end_matches(":*")),
                patch::replace("/accessLogSettings/format", &want.format),
            ],
        }
    }

    async fn patch(&self, aws: &Aws<'_>, api: &str, operations: Vec<PatchOperation>) -> Result<()> {
        if operations.is_empty() {
            return Ok(());
        }
        let call = || {
            let request = aws.apigateway().update_stage().rest_api_id(api).stage_name(&self.name);
            request.set_patch_operations(Some(operations.clone())).send()
        };
        aws.call("apigateway", "UpdateStage", Repeat::Safe, call).await.map(|_| ())
    }
}

/// AWS tells keys with or without the leading `~1`; the root is `~1`.
fn canonical(key: &str) -> String {
    let Some((path, verb)) = key.rsplit_once('/') else { return key.to_owned() };
    if path == "*" {
        return key.to_owned();
    }
    let path = path.replace("~1", "/").replace("~0", "~");
    let path = if path.starts_with('/') { path } else { format!("/{path}") };
    format!("{}/{verb}", patch::escape(&path))
}

fn readable(key: &str) -> String {
    match key.rsplit_once('/') {
        Some(("*", _)) | None => "all methods".to_owned(),
        Some((path, verb)) => format!("{verb} {}", path.replace("~1", "/").replace("~0", "~")),
    }
}

pub(super) fn compare_maps(
    changes: &mut Changes,
    prefix: &str,
    was: &BTreeMap<String, String>,
    want: &BTreeMap<String, String>,
) {
    for name in was.keys().chain(want.keys()).collect::<BTreeSet<_>>() {
        changes.compare(&format!("{prefix}{name}"), was.get(name).cloned(), want.get(name).cloned());
    }
}
