//! What `deploy.yaml` says once it has been read: typed, merged for one stage, every `${…}` filled in, every
//! template's text at hand. It knows nothing of how AWS is called; `desired.rs` turns it into a graph.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::Value;

/// One stage of one application, ready to be turned into a graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// `name`: the value of the tag `poc:app`.
    pub app: String,
    /// The stage being deployed: the value of the tag `poc:stage`, the API Gateway stage and the Lambda alias.
    pub stage: String,
    /// AWS region, where the file or the command line names one.
    pub region: Option<String>,
    /// Extra tags for everything that can be tagged; never contains a `poc:` key.
    pub tags: BTreeMap<String, String>,
    pub package: Package,
    pub function: Function,
    pub role: Role,
    pub api: Api,
    pub stage_settings: StageSettings,
    pub usage_plan: Option<UsagePlan>,
    pub domain: Option<Domain>,
    pub site: Option<Site>,
    pub checks: Vec<Check>,
}

/// What is uploaded, and where to.
#[derive(Clone, Debug, PartialEq)]
pub struct Package {
    pub source: PackageSource,
    /// The artifact bucket's name. It holds the stage's lock, too, so there is one where the code is an image.
    pub bucket: String,
    pub build: Build,
    pub dependencies: Dependencies,
}

#[derive(Clone, Debug, PartialEq)]
pub enum PackageSource {
    /// A directory to be zipped; `ignore` holds patterns in `.gitignore` syntax, added to a `.pocignore` found there.
    Directory { path: PathBuf, ignore: Vec<String> },
    /// A zip that is uploaded as it stands.
    Zip { path: PathBuf },
    /// A container image, which is nobody's to upload.
    Image(Image),
}

/// What is run in the package's directory before it is zipped.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Build {
    /// One after the other.
    pub commands: Vec<BuildCommand>,
    /// Files and directories outside of the package's whose change asks for a new build.
    pub inputs: Vec<PathBuf>,
}

#[derive(Clone, PartialEq)]
pub struct BuildCommand {
    pub run: Run,
    /// As it stands in the file: some of it may have come from the environment.
    pub shown: String,
}

impl fmt::Debug for BuildCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    /// A line for the shell.
    Shell(String),
    /// A program and its arguments.
    Program(Vec<String>),
}

/// Which libraries are put beside the code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Dependencies {
    /// Those of the file that the runtime's language usually lists them in, where the directory has one.
    #[default]
    Auto,
    None,
    File(PathBuf),
}

/// A container image in a private registry of ECR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Whose registry it is.
    pub account: String,
    pub region: String,
    /// `ACCOUNT.dkr.ecr.REGION.amazonaws.com`.
    pub host: String,
    pub repository: String,
    pub reference: ImageReference,
    /// In place of the image's own; empty where that stays.
    pub command: Vec<String>,
    pub entry_point: Vec<String>,
    pub working_directory: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageReference {
    Tag(String),
    /// `sha256:` and 64 lower-case digits.
    Digest(String),
}

impl Image {
    /// As deploy.yaml means it: `HOST/REPOSITORY:TAG` or `HOST/REPOSITORY@DIGEST`.
    pub fn uri(&self) -> String {
        match &self.reference {
            ImageReference::Tag(tag) => format!("{}/{}:{tag}", self.host, self.repository),
            ImageReference::Digest(digest) => self.uri_of(digest),
        }
    }

    /// The one image that `digest` names.
    pub fn uri_of(&self, digest: &str) -> String {
        format!("{}/{}@{digest}", self.host, self.repository)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    pub name: String,
    pub description: Option<String>,
    /// Lambda's identifier, `python3.13`; empty for a container image, which brings its own.
    pub runtime: String,
    /// Empty for a container image.
    pub handler: String,
    /// MB, 128 to 10 240.
    pub memory: u32,
    /// Whole seconds, 1 to 900.
    pub timeout: Duration,
    pub environment: BTreeMap<String, EnvironmentValue>,
    pub architecture: Architecture,
    /// MB, 512 to 10 240.
    pub ephemeral_storage: u32,
    pub reserved_concurrency: Option<u32>,
    /// Layer version ARNs, in order, at most five.
    pub layers: Vec<String>,
    /// Days the log group keeps its events; `None` keeps them for ever.
    pub log_retention: Option<u32>,
    pub tags: BTreeMap<String, String>,
}

/// One environment variable of the function. A secret one (its text came from `${env:…}` or `secret: true`) is never printed.
#[derive(Clone, PartialEq)]
pub struct EnvironmentValue {
    pub value: String,
    pub secret: bool,
    /// Where the value is the name of something that the function looks up itself.
    pub reference: Option<Reference>,
}

/// Something kept elsewhere: the function gets its name, and the right to look it up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    pub store: Store,
    /// As the function is given it: `/path/name`, `name`, or a secret's ARN.
    pub name: String,
}

/// Where references lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Store {
    /// Systems Manager's Parameter Store, `${ssm:NAME}`.
    Parameters,
    /// Secrets Manager, `${secret:NAME}`.
    Secrets,
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let store = match self.store {
            Store::Parameters => "ssm",
            Store::Secrets => "secret",
        };
        write!(f, "${{{store}:{}}}", self.name)
    }
}

impl fmt::Debug for EnvironmentValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.secret { f.write_str("(secret)") } else { write!(f, "{:?}", self.value) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    X86_64,
    Arm64,
}

/// The function's execution role (`function.role` in the file).
#[derive(Clone, Debug, PartialEq)]
pub struct Role {
    pub name: String,
    /// ARNs of managed policies to attach.
    pub managed_policies: Vec<String>,
    /// IAM policy statements (`{Effect, Action, Resource, …}`) added to the inline policy, as the file gives them.
    pub statements: Vec<Value>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Api {
    pub name: String,
    pub description: Option<String>,
    pub endpoint: Endpoint,
    pub api_key_source: ApiKeySource,
    pub binary_media_types: Vec<String>,
    /// Bytes from which responses are compressed, 0 to 10 485 760; `None` never compresses.
    pub minimum_compression: Option<u32>,
    /// The resource policy document.
    pub policy: Option<Value>,
    pub disable_execute_api_endpoint: bool,
    pub models: BTreeMap<String, Model>,
    pub gateway_responses: BTreeMap<String, GatewayResponse>,
    /// Every method of the file, by path then verb, in the file's order. OPTIONS methods that CORS asks for are not here.
    pub routes: Vec<Route>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    Regional,
    Edge,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiKeySource {
    Header,
    Authorizer,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    pub content_type: String,
    pub description: Option<String>,
    /// JSON schema, draft 4.
    pub schema: Value,
}

/// A customised gateway response; the key it stands under is API Gateway's type name (`DEFAULT_4XX`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GatewayResponse {
    pub status: Option<u16>,
    /// Header name to mapping expression (`'text'` in single quotes, or `method.request.header.X`, `context.x`, `stageVariables.x`).
    pub headers: BTreeMap<String, String>,
    pub templates: BTreeMap<String, Template>,
}

/// A mapping template: its text, and the file it came from where it has one of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    pub text: String,
    pub file: Option<PathBuf>,
}

/// One method on one path.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// `/admit`, `/{gre}/{gpa}`, `/files/{proxy+}`, `/`.
    pub path: String,
    /// Upper case, `ANY` included.
    pub verb: String,
    pub operation: Option<String>,
    /// What it does, in a line.
    pub summary: Option<String>,
    pub description: Option<String>,
    pub authorization: Authorization,
    pub api_key: bool,
    /// Query, header and path parameters that the method declares. Path variables of `path` are always here.
    pub parameters: Vec<Parameter>,
    pub validate: Validate,
    /// Request models by content type.
    pub request_models: BTreeMap<String, String>,
    pub integration: Integration,
    /// 50 ms to 29 s.
    pub timeout: Duration,
    /// By status code.
    pub responses: BTreeMap<u16, Response>,
    /// CORS of this path, after `api.cors` and the path's own `cors` have been merged.
    pub cors: Option<Cors>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authorization {
    None,
    AwsIam,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    pub location: ParameterLocation,
    pub name: String,
    pub required: bool,
    pub description: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ParameterLocation {
    Query,
    Header,
    Path,
}

/// What a request validator checks before the integration is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Validate {
    None,
    Parameters,
    Body,
    All,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Integration {
    pub kind: IntegrationKind,
    pub passthrough: Passthrough,
    /// Request templates by content type.
    pub templates: IndexMap<String, Template>,
    /// `integration.request.{header,querystring,path}.NAME` to mapping expression.
    pub parameters: BTreeMap<String, String>,
    pub content_handling: Option<ContentHandling>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntegrationKind {
    /// Lambda behind mapping templates (`AWS`).
    Lambda,
    /// Lambda gets the request as it is (`AWS_PROXY`).
    LambdaProxy,
    /// API Gateway answers by itself (`MOCK`).
    Mock,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passthrough {
    WhenNoMatch,
    WhenNoTemplates,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentHandling {
    ConvertToBinary,
    ConvertToText,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Response {
    /// Selection pattern: a Java regular expression matched against the whole `errorMessage`; `None` is the default response.
    pub pattern: Option<String>,
    pub templates: IndexMap<String, Template>,
    /// Response header name to mapping expression; an empty expression declares the header without mapping it.
    pub headers: BTreeMap<String, String>,
    /// Response models by content type.
    pub models: BTreeMap<String, String>,
    pub content_handling: Option<ContentHandling>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Cors {
    /// `*` or origins; API Gateway's mock can answer with one only, several are told apart by a template.
    pub origins: Vec<String>,
    pub headers: Vec<String>,
    /// Empty: the path's own verbs and OPTIONS.
    pub methods: Vec<String>,
    pub credentials: bool,
    pub max_age: Option<Duration>,
    pub expose: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct StageSettings {
    pub description: Option<String>,
    pub variables: BTreeMap<String, String>,
    /// For every method that has no limit of its own.
    pub throttle: Option<Throttle>,
    /// By `(path, verb)`.
    pub method_throttles: BTreeMap<(String, String), Throttle>,
    /// Execution logging; needs the account's logging role.
    pub log_level: Option<LogLevel>,
    pub data_trace: bool,
    pub metrics: bool,
    pub access_log: Option<AccessLog>,
    pub xray: bool,
    pub tags: BTreeMap<String, String>,
}

impl StageSettings {
    /// Does API Gateway write what it does in each request?
    pub fn logs_executions(&self) -> bool {
        matches!(self.log_level, Some(LogLevel::Error | LogLevel::Info))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    Off,
    Error,
    Info,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessLog {
    pub destination: String,
    pub format: String,
}

impl AccessLog {
    /// The log group that it goes to, unless it goes to Firehose.
    pub fn group(&self) -> Option<&str> {
        self.destination.split_once(":log-group:").map(|(_, group)| group)
    }
}

/// Token bucket: `rate` tokens per second, at most `burst` at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Throttle {
    pub rate: f64,
    pub burst: i32,
}

#[derive(Clone, Debug, PartialEq)]
pub struct UsagePlan {
    pub name: String,
    pub description: Option<String>,
    pub throttle: Option<Throttle>,
    pub quota: Option<Quota>,
    /// By `(path, verb)`; at most 20.
    pub method_throttles: BTreeMap<(String, String), Throttle>,
    pub keys: Vec<ApiKey>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    pub limit: i32,
    pub period: Period,
    pub offset: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    Day,
    Week,
    Month,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ApiKey {
    pub name: String,
    pub description: Option<String>,
    pub enabled: bool,
    /// Taken from an environment variable; `None` lets AWS make one up.
    pub value: Option<Secret>,
}

/// Text that is never printed, not even by `{:?}`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: String) -> Self {
        Secret(text)
    }

    /// The text itself, to be put into a request and nowhere else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Domain {
    /// Host name, lower case, no trailing dot.
    pub name: String,
    /// One path segment; `None` maps the whole host.
    pub base_path: Option<String>,
    pub certificate: Certificate,
    /// Name of the hosted zone; `None` takes the longest public zone that holds `name`.
    pub hosted_zone: Option<String>,
    pub endpoint: Endpoint,
    /// `TLS_1_2` and so on.
    pub security_policy: String,
    pub dualstack: bool,
    pub mutual_tls: Option<MutualTls>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certificate {
    /// Requested from ACM and validated through the hosted zone.
    Request,
    Arn(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MutualTls {
    /// `s3://bucket/key`.
    pub truststore: String,
    pub version: Option<String>,
}

/// Pages that use the API: a folder, shown from a bucket that everybody may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    pub path: PathBuf,
    pub bucket: String,
    /// What is shown for a path that ends with a slash: a file's name.
    pub index: String,
    /// What is shown with an error: a path in the folder.
    pub error: Option<String>,
    /// How long browsers keep what is no HTML.
    pub cache: Duration,
    /// Patterns in `.gitignore` syntax.
    pub ignore: Vec<String>,
}

/// One declared request and what should come back.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    pub name: Option<String>,
    pub verb: String,
    /// Path with query string.
    pub target: String,
    pub headers: BTreeMap<String, String>,
    pub body: Option<String>,
    pub key: CheckKey,
    pub expect: Expectation,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckKey {
    /// The first key of the usage plan.
    First,
    Named(String),
    None,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expectation {
    pub status: Option<u16>,
    pub json: Option<Value>,
    pub text: Option<String>,
    pub headers: BTreeMap<String, String>,
}
