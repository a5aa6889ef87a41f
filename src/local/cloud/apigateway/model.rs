//! What API Gateway keeps, as plain data with the wire's own names. A deployment holds a whole [`Definition`], taken when
//! it was made: the draft may move on, what callers get does not. The local gateway serves from those.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::local::cloud::Profile;

pub type Texts = BTreeMap<String, String>;

/// All regions' API Gateways.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    pub regions: BTreeMap<String, Region>,
}

/// One region's API Gateway; everything is keyed by its identifier.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Region {
    /// What `PATCH /account` made of the role that lets stages write logs; empty where it was taken away.
    pub cloudwatch_role_arn: Option<String>,
    pub rest_apis: BTreeMap<String, RestApi>,
    pub usage_plans: BTreeMap<String, UsagePlan>,
    pub api_keys: BTreeMap<String, ApiKey>,
    pub domain_names: BTreeMap<String, DomainName>,
    /// Changed already, and not yet to be seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub late_tags: Vec<LateTags>,
}

/// The role of an account that has one from the start. Nobody can see it in IAM, as nobody has to look after it.
const FIRST_LOGGING_ROLE: &str = "arn:aws:iam::000000000000:role/service-role/poc-local-gateway-logs";

impl Region {
    /// The role that lets stages write logs.
    pub fn logging_role(&self, profile: &Profile) -> Option<&str> {
        let first = profile.logging_role.then_some(FIRST_LOGGING_ROLE);
        self.cloudwatch_role_arn.as_deref().or(first).filter(|role| !role.is_empty())
    }
}

/// What a change of tags makes of the thing that an ARN names, from a moment on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LateTags {
    pub arn: String,
    pub tags: Texts,
    pub changed: Moment,
}

/// A point in time: milliseconds since 1970 in memory, seconds on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    pub millis: u64,
}

impl Serialize for Moment {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 stay exact for 285 000 years")]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.millis as f64 / 1000.0)
    }
}

impl<'de> Deserialize<'de> for Moment {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Moment { millis: (f64::deserialize(deserializer)? * 1000.0).round() as u64 })
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RestApi {
    pub id: String,
    pub created_date: Moment,
    pub version: Option<String>,
    pub tags: Texts,
    /// What is being edited. Nobody can call it.
    pub draft: Definition,
    pub deployments: BTreeMap<String, Deployment>,
    pub stages: BTreeMap<String, Stage>,
}

/// An API's whole definition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Definition {
    pub settings: Settings,
    pub root_resource_id: String,
    pub resources: BTreeMap<String, Resource>,
    pub models: BTreeMap<String, Model>,
    pub request_validators: BTreeMap<String, RequestValidator>,
    /// Those that were set; every other type has its default.
    pub gateway_responses: BTreeMap<String, GatewayResponse>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    pub name: String,
    pub description: Option<String>,
    pub binary_media_types: Option<Vec<String>>,
    pub minimum_compression_size: Option<i64>,
    pub api_key_source: String,
    pub disable_execute_api_endpoint: bool,
    pub endpoint_configuration: EndpointConfiguration,
    /// The document as it was given, `execute-api:/…` written out.
    pub policy: Option<String>,
    pub security_policy: Option<String>,
    pub endpoint_access_mode: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointConfiguration {
    pub types: Vec<String>,
    pub ip_address_type: String,
    pub vpc_endpoint_ids: Option<Vec<String>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    pub id: String,
    pub parent_id: Option<String>,
    pub path_part: Option<String>,
    pub path: String,
    /// By HTTP verb, or `ANY`.
    pub resource_methods: BTreeMap<String, Method>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Method {
    pub http_method: String,
    pub authorization_type: String,
    pub authorizer_id: Option<String>,
    pub api_key_required: bool,
    pub request_validator_id: Option<String>,
    pub operation_name: Option<String>,
    pub authorization_scopes: Option<Vec<String>>,
    /// `method.request.querystring.gre` → is it required?
    pub request_parameters: Option<BTreeMap<String, bool>>,
    /// Content type → model name.
    pub request_models: Option<Texts>,
    /// By status code.
    pub method_responses: Option<BTreeMap<String, MethodResponse>>,
    pub method_integration: Option<Integration>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodResponse {
    pub status_code: String,
    pub response_parameters: Option<BTreeMap<String, bool>>,
    pub response_models: Option<Texts>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Integration {
    #[serde(rename = "type")]
    pub kind: String,
    pub http_method: Option<String>,
    pub uri: Option<String>,
    pub connection_type: Option<String>,
    pub connection_id: Option<String>,
    pub credentials: Option<String>,
    pub request_parameters: Option<Texts>,
    /// Content type → VTL; an empty template counts as none but is kept.
    pub request_templates: Option<BTreeMap<String, Option<String>>>,
    pub passthrough_behavior: String,
    pub content_handling: Option<String>,
    pub timeout_in_millis: i64,
    pub cache_namespace: String,
    pub cache_key_parameters: Vec<String>,
    pub tls_config: Option<TlsConfig>,
    pub response_transfer_mode: Option<String>,
    pub integration_target: Option<String>,
    /// By status code.
    pub integration_responses: Option<BTreeMap<String, IntegrationResponse>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TlsConfig {
    pub insecure_skip_verification: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IntegrationResponse {
    pub status_code: String,
    /// A regular expression over the whole error message; none is the default response.
    pub selection_pattern: Option<String>,
    pub response_parameters: Option<Texts>,
    pub response_templates: Option<BTreeMap<String, Option<String>>>,
    pub content_handling: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub schema: Option<String>,
    pub content_type: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestValidator {
    pub id: String,
    pub name: Option<String>,
    pub validate_request_body: bool,
    pub validate_request_parameters: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayResponse {
    pub response_type: String,
    pub status_code: Option<String>,
    pub response_parameters: Texts,
    pub response_templates: Texts,
    pub default_response: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    pub id: String,
    pub description: Option<String>,
    pub created_date: Moment,
    /// The draft as it stood when the deployment was made.
    pub definition: Definition,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stage {
    pub stage_name: String,
    pub deployment_id: String,
    pub description: Option<String>,
    pub client_certificate_id: Option<String>,
    pub cache_cluster_enabled: bool,
    pub cache_cluster_size: Option<String>,
    pub cache_cluster_status: String,
    /// Keyed `*/*` or `~1admit/GET`: the resource path escaped, then the verb.
    pub method_settings: BTreeMap<String, MethodSetting>,
    pub variables: Option<Texts>,
    pub documentation_version: Option<String>,
    pub access_log_settings: Option<AccessLogSettings>,
    pub canary_settings: Option<CanarySettings>,
    pub tracing_enabled: bool,
    pub tags: Option<Texts>,
    pub created_date: Moment,
    pub last_updated_date: Moment,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MethodSetting {
    pub metrics_enabled: bool,
    pub logging_level: Option<String>,
    pub data_trace_enabled: bool,
    pub throttling_burst_limit: Option<i64>,
    pub throttling_rate_limit: Option<f64>,
    pub caching_enabled: bool,
    pub cache_ttl_in_seconds: i64,
    pub cache_data_encrypted: bool,
    pub require_authorization_for_cache_control: bool,
    pub unauthorized_cache_control_header_strategy: String,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessLogSettings {
    pub format: Option<String>,
    pub destination_arn: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CanarySettings {
    pub percent_traffic: f64,
    pub deployment_id: Option<String>,
    pub stage_variable_overrides: Option<Texts>,
    pub use_stage_cache: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsagePlan {
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub api_stages: Vec<ApiStage>,
    pub throttle: Option<Throttle>,
    pub quota: Option<Quota>,
    pub product_code: Option<String>,
    pub tags: Texts,
    /// Identifiers of the API keys it holds.
    pub keys: Vec<String>,
    /// When each of them joined, in milliseconds since 1970.
    #[serde(default)]
    pub joined: BTreeMap<String, u64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiStage {
    pub api_id: String,
    pub stage: String,
    /// Keyed `/admit/GET`.
    pub throttle: Option<BTreeMap<String, Throttle>>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Throttle {
    pub burst_limit: i64,
    pub rate_limit: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quota {
    pub limit: i64,
    /// The day of the period on which it begins.
    pub offset: i64,
    /// `DAY`, `WEEK` or `MONTH`.
    pub period: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiKey {
    pub id: String,
    pub value: String,
    pub name: Option<String>,
    pub customer_id: Option<String>,
    pub description: Option<String>,
    pub enabled: bool,
    pub created_date: Moment,
    pub last_updated_date: Moment,
    /// The way of keys before usage plans: `apiId/stage`.
    pub stage_keys: Vec<String>,
    pub tags: Option<Texts>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DomainName {
    pub domain_name: String,
    pub certificate_name: Option<String>,
    pub certificate_arn: Option<String>,
    pub certificate_upload_date: Option<Moment>,
    pub distribution_domain_name: Option<String>,
    pub distribution_hosted_zone_id: Option<String>,
    pub regional_certificate_name: Option<String>,
    pub regional_certificate_arn: Option<String>,
    pub regional_domain_name: Option<String>,
    pub regional_hosted_zone_id: Option<String>,
    pub endpoint_configuration: EndpointConfiguration,
    pub security_policy: Option<String>,
    pub endpoint_access_mode: Option<String>,
    pub mutual_tls_authentication: Option<MutualTls>,
    pub ownership_verification_certificate_arn: Option<String>,
    pub routing_mode: String,
    pub tags: Option<Texts>,
    /// What the domain is going through until it is AVAILABLE: `PENDING` or `UPDATING`, since when.
    pub settling: Option<Settling>,
    /// By base path; the empty one is `(none)`.
    pub base_path_mappings: BTreeMap<String, BasePathMapping>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settling {
    pub status: String,
    pub since: Moment,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MutualTls {
    pub truststore_uri: Option<String>,
    pub truststore_version: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BasePathMapping {
    pub base_path: String,
    pub rest_api_id: String,
    pub stage: Option<String>,
}
