//! From what the cloud holds to what is served.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::{
    Authorization, Backend, Domain, Integration, IntegrationResponse, Known, Mapping, Method, Passthrough, Sites,
    Stage, Target, Texts, keys, permission,
};
use crate::local::cloud::apigateway::{self as model, Definition, Region, Resource, RestApi};
use crate::local::cloud::usage::{Limit, Tap};
use crate::local::cloud::{ACCOUNT, Profile, State};
use crate::local::gateway::access_log::AccessLog;
use crate::local::gateway::binary::ContentHandling;
use crate::local::gateway::gateway_response::GatewayResponses;
use crate::local::gateway::mapping::Source;
use crate::local::gateway::media::BinaryTypes;
use crate::local::gateway::policy::Policy;
use crate::local::gateway::route::{Routes, VERBS};
use crate::local::gateway::validate::Validation;

/// With the texts of this revision; `before` are those of the one before it.
pub fn sites(state: &State, profile: &Profile, before: Texts) -> (Sites, Texts) {
    let (mut sites, texts) = (Sites::default(), before.next());
    for (name, region) in &state.apigateway.regions {
        let known = Arc::new(keys::known(region));
        for api in region.rest_apis.values() {
            let scope = Scope { profile, state, texts: &texts, region, region_name: name, api };
            let stages = api.stages.values().filter_map(|stage| scope.stage(stage, &known));
            sites.apis.insert(api.id.clone(), stages.map(|stage| (stage.name.clone(), Arc::new(stage))).collect());
        }
        for domain in region.domain_names.values() {
            let name = domain.domain_name.to_ascii_lowercase();
            let name = name.strip_prefix('*').map(str::to_owned).unwrap_or(name);
            sites.domains.insert(name, self::domain(domain));
        }
    }
    (sites, texts)
}

fn domain(domain: &model::DomainName) -> Domain {
    let mappings = domain.base_path_mappings.values().map(|mapping| {
        let base_path = if mapping.base_path == "(none)" { "" } else { mapping.base_path.as_str() };
        let mapping = Mapping { api_id: mapping.rest_api_id.clone(), stage: mapping.stage.clone() };
        (base_path.trim_matches('/').to_owned(), mapping)
    });
    Domain { mappings: mappings.collect() }
}

/// Where a stage belongs.
struct Scope<'a> {
    profile: &'a Profile,
    state: &'a State,
    texts: &'a Texts,
    region: &'a Region,
    region_name: &'a str,
    api: &'a RestApi,
}

impl Scope<'_> {
    fn stage(&self, stage: &model::Stage, known: &Arc<HashMap<String, Known>>) -> Option<Stage> {
        let definition = &self.api.deployments.get(&stage.deployment_id)?.definition;
        let settings = &definition.settings;
        let variables = stage.variables.clone().unwrap_or_default();
        let mut routes = Routes::default();
        for resource in definition.resources.values() {
            for (verb, method) in &resource.resource_methods {
                let method = self.method(definition, stage, &variables, resource, method);
                routes.add(&resource.path, verb, method);
            }
        }
        Some(Stage {
            api_id: self.api.id.clone(),
            region: self.region_name.to_owned(),
            account_bucket: self.region_name.into(),
            name: stage.stage_name.clone(),
            deployment_id: stage.deployment_id.clone(),
            variables,
            edge: settings.endpoint_configuration.types.iter().any(|kind| kind == "EDGE"),
            default_endpoint: !settings.disable_execute_api_endpoint,
            key_source: settings.api_key_source.clone(),
            minimum_compression: settings.minimum_compression_size,
            binary: BinaryTypes::new(settings.binary_media_types.as_deref().unwrap_or_default()),
            policy: settings.policy.as_deref().map(Policy::parse),
            access_log: AccessLog::of(
                self.state,
                &self.api.id,
                stage,
                self.region.logging_role(self.profile).is_some(),
            ),
            gateway_responses: GatewayResponses::new(&definition.gateway_responses),
            routes,
            admissions: keys::admissions(self.region, &self.api.id, &stage.stage_name),
            known_keys: known.clone(),
        })
    }

    fn method(
        &self,
        definition: &Definition,
        stage: &model::Stage,
        variables: &BTreeMap<String, String>,
        resource: &Resource,
        method: &model::Method,
    ) -> Method {
        let source_arn = self.source_arn(stage, resource, method);
        let integration = method.method_integration.as_ref();
        let integration = integration.map(|integration| self.integration(integration, variables, &source_arn));
        Method {
            resource_id: resource.id.clone(),
            resource_path: resource.path.clone(),
            verb: method.http_method.clone(),
            authorization: match method.authorization_type.as_str() {
                "NONE" => Authorization::None,
                "AWS_IAM" => Authorization::Iam,
                other => Authorization::Unsupported(other.to_owned()),
            },
            api_key_required: method.api_key_required,
            validation: Validation::new(definition, method),
            throttles: self.throttles(stage, resource, method),
            spellings: spellings(method, integration.as_ref()),
            integration,
            responses: method.method_responses.iter().flatten().map(|(status, _)| status.clone()).collect(),
        }
    }

    /// What a function's policy is asked about: path variables are `*`, and so is `ANY` (`AWS_FACTS` B5).
    fn source_arn(&self, stage: &model::Stage, resource: &Resource, method: &model::Method) -> String {
        let verb = if method.http_method == "ANY" { "*" } else { &method.http_method };
        let parts = resource.path.split('/').map(|part| if part.starts_with('{') { "*" } else { part });
        let path = parts.collect::<Vec<_>>().join("/");
        format!("arn:aws:execute-api:{}:{ACCOUNT}:{}/{}/{verb}{path}", self.region_name, self.api.id, stage.stage_name)
    }

    /// A method's own settings stand for themselves; `*/*` is for methods without. Each method has a bucket of its own.
    fn throttles(&self, stage: &model::Stage, resource: &Resource, method: &model::Method) -> BTreeMap<String, Tap> {
        let verbs: Vec<&str> = if method.http_method == "ANY" { VERBS.to_vec() } else { vec![&method.http_method] };
        let path = resource.path.replace('~', "~0").replace('/', "~1");
        let setting = |verb: &str| {
            let keys = [format!("{path}/{verb}"), format!("{path}/{}", method.http_method), "*/*".to_owned()];
            keys.iter().find_map(|key| stage.method_settings.get(key))
        };
        let taps = verbs.into_iter().filter_map(|verb| {
            let limit = limit(setting(verb)?)?;
            let bucket = format!("stage/{}/{}{}/{verb}", self.api.id, stage.stage_name, resource.path).into();
            Some((verb.to_owned(), Tap { bucket, limit, kept: true }))
        });
        taps.collect()
    }

    fn integration(
        &self,
        integration: &model::Integration,
        variables: &BTreeMap<String, String>,
        source_arn: &str,
    ) -> Integration {
        let responses = integration.integration_responses.iter().flatten().map(|(_, response)| self.response(response));
        let (mut responses, defaults): (Vec<_>, Vec<_>) = responses.partition(|response| response.pattern.is_some());
        responses.extend(defaults);
        let parameters = integration.request_parameters.iter().flatten();
        Integration {
            backend: self.backend(integration, variables, source_arn),
            proxy: integration.kind.ends_with("_PROXY"),
            verb: integration.http_method.clone().filter(|verb| verb != "ANY"),
            passthrough: match integration.passthrough_behavior.as_str() {
                "NEVER" => Passthrough::Never,
                "WHEN_NO_TEMPLATES" => Passthrough::WhenNoTemplates,
                _ => Passthrough::WhenNoMatch,
            },
            content_handling: ContentHandling::read(integration.content_handling.as_deref()),
            timeout: Duration::from_millis(u64::try_from(integration.timeout_in_millis).unwrap_or(29_000)),
            parameters: parameters.filter_map(|(target, source)| parameter(target, source)).collect(),
            templates: self.texts.templates(integration.request_templates.as_ref()),
            responses,
        }
    }

    fn backend(
        &self,
        integration: &model::Integration,
        variables: &BTreeMap<String, String>,
        source_arn: &str,
    ) -> Backend {
        let uri = with_variables(integration.uri.as_deref().unwrap_or_default(), variables);
        if integration.kind == "MOCK" {
            return Backend::Mock;
        }
        if integration.kind.starts_with("HTTP") {
            return Backend::Http { uri };
        }
        let function = uri.split_once(":lambda:path/").and_then(|(_, rest)| rest.split_once("/functions/"));
        match function.and_then(|(_, rest)| rest.strip_suffix("/invocations")) {
            Some(arn) => Backend::Lambda {
                function_arn: arn.to_owned(),
                // With credentials, it is the role that invokes.
                permitted: match &integration.credentials {
                    Some(_) => Ok(()),
                    None => permission::check(self.state, arn, source_arn),
                },
            },
            None => Backend::Service(uri),
        }
    }

    fn response(&self, response: &model::IntegrationResponse) -> IntegrationResponse {
        let headers = response.response_parameters.iter().flatten().filter_map(|(target, source)| {
            Some((target.strip_prefix("method.response.header.")?.to_owned(), Source::parse(source)))
        });
        let pattern = response.selection_pattern.as_deref().filter(|pattern| !pattern.is_empty());
        IntegrationResponse {
            status: response.status_code.clone(),
            pattern: pattern.map(|text| self.texts.pattern(text)),
            headers: headers.collect(),
            templates: self.texts.templates(response.response_templates.as_ref()),
            content_handling: ContentHandling::read(response.content_handling.as_deref()),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a burst beyond 2^52 requests limits nothing")]
fn limit(setting: &model::MethodSetting) -> Option<Limit> {
    let burst = setting.throttling_burst_limit.filter(|burst| *burst >= 0);
    let rate = setting.throttling_rate_limit.filter(|rate| *rate >= 0.0);
    match (burst, rate) {
        (None, None) => None,
        (burst, rate) => {
            let account = super::super::throttle::ACCOUNT;
            Some(Limit { burst: burst.map_or(account.burst, |burst| burst as f64), rate: rate.unwrap_or(account.rate) })
        }
    }
}

fn parameter(target: &str, source: &str) -> Option<(Target, String, Source)> {
    let (place, name) = target.strip_prefix("integration.request.")?.split_once('.')?;
    let place = match place {
        "header" => Target::Header,
        "querystring" => Target::Query,
        "path" => Target::Path,
        _ => return None,
    };
    Some((place, name.to_owned(), Source::parse(source)))
}

/// `${stageVariables.name}`; one that is not set leaves nothing.
fn with_variables(uri: &str, variables: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = uri;
    while let Some((before, after)) = rest.split_once("${stageVariables.") {
        out.push_str(before);
        match after.split_once('}') {
            Some((name, behind)) => {
                out.push_str(variables.get(name).map_or("", String::as_str));
                rest = behind;
            }
            None => {
                out.push_str("${stageVariables.");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// How the method's declarations, mappings and templates spell header names; the first spelling counts.
fn spellings(method: &model::Method, integration: Option<&Integration>) -> HashMap<String, String> {
    let declared = method.request_parameters.iter().flatten();
    let declared = declared.filter_map(|(key, _)| key.strip_prefix("method.request.header.").map(str::to_owned));
    let templates = integration.into_iter().flat_map(|integration| {
        let responses = integration.responses.iter().flat_map(|response| response.templates.iter());
        integration.templates.iter().chain(responses)
    });
    let mut spellings = HashMap::new();
    for name in templates.flat_map(|template| template.header_names()).chain(declared) {
        spellings.entry(name.to_ascii_lowercase()).or_insert(name);
    }
    spellings
}
