//! The environment of a handler: what Lambda sets (`AWS_FACTS` D), what the function's configuration sets, and nothing
//! of this machine's. In particular none of the developer's credentials, unless [`PASS_CREDENTIALS`] asks for it.

use std::ffi::OsString;
use std::path::Path;

use super::deployed::Deployed;

/// `POC_LOCAL_CREDENTIALS=pass` hands the developer's AWS credentials and profile to handlers, which then really reach
/// AWS. Otherwise they get made-up ones, good for constructing a client and nothing else.
pub const PASS_CREDENTIALS: &str = "POC_LOCAL_CREDENTIALS";

/// Of the developer's environment, what makes up their credentials.
const CREDENTIALS: [&str; 10] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
];

/// What differs from sandbox to sandbox.
pub struct Place<'a> {
    pub package: &'a Path,
    /// HOME and TMPDIR: the sandbox's own.
    pub scratch: &'a Path,
    pub runtime_api: String,
    pub log_stream: &'a str,
    /// Where AWS's APIs answer on this machine.
    pub endpoint: Option<String>,
    /// Directories of the interpreter, in front of the usual ones.
    pub path: Option<&'a Path>,
    pub runtime_directory: &'a Path,
}

pub fn environment(deployed: &Deployed, place: &Place<'_>) -> Vec<(String, OsString)> {
    let set = &deployed.configuration;
    let mut all: Vec<(String, OsString)> = Vec::new();
    let mut add = |name: &str, value: OsString| {
        all.retain(|(other, _)| other != name);
        all.push((name.to_owned(), value));
    };
    let usual = "/usr/local/bin:/usr/bin:/bin:/opt/bin";
    let path = match place.path {
        Some(first) => format!("{}:{usual}", first.display()),
        None => usual.to_owned(),
    };
    add("PATH", path.into());
    add("LANG", "en_US.UTF-8".into());
    add("TZ", ":UTC".into());
    let mut libraries = OsString::from(place.package);
    libraries.push(":");
    libraries.push(place.package.join("lib"));
    add("LD_LIBRARY_PATH", libraries);
    add("AWS_ACCESS_KEY_ID", "LOCAL".into());
    add("AWS_SECRET_ACCESS_KEY", "local".into());
    add("AWS_SESSION_TOKEN", "local".into());
    add("AWS_EC2_METADATA_DISABLED", "true".into());
    if let Some(endpoint) = &place.endpoint {
        add("AWS_ENDPOINT_URL", endpoint.into());
    }
    // The function's own come before Lambda's, which nobody can set (they are refused), and after the defaults above,
    // some of which can be.
    for (name, value) in set.environment.iter().flatten() {
        add(name, value.into());
    }
    add("HOME", place.scratch.into());
    add("TMPDIR", place.scratch.into());
    add("AWS_LAMBDA_RUNTIME_API", place.runtime_api.clone().into());
    add("_HANDLER", set.handler.clone().into());
    add("LAMBDA_TASK_ROOT", place.package.into());
    add("LAMBDA_RUNTIME_DIR", place.runtime_directory.into());
    add("AWS_REGION", deployed.region.clone().into());
    add("AWS_DEFAULT_REGION", deployed.region.clone().into());
    if !set.runtime.starts_with("provided") {
        add("AWS_EXECUTION_ENV", format!("AWS_Lambda_{}", set.runtime).into());
    }
    add("AWS_LAMBDA_FUNCTION_NAME", deployed.name.clone().into());
    add("AWS_LAMBDA_FUNCTION_VERSION", deployed.number.clone().into());
    add("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", set.memory_mb.to_string().into());
    add("AWS_LAMBDA_LOG_GROUP_NAME", deployed.log_group().name.into());
    add("AWS_LAMBDA_LOG_STREAM_NAME", place.log_stream.into());
    add("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".into());
    add("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR".into());
    add("AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:2000".into());
    if deployed.logs_json() {
        add("AWS_LAMBDA_LOG_FORMAT", "JSON".into());
        let level = set.logging.get("ApplicationLogLevel").map_or("INFO", String::as_str);
        add("AWS_LAMBDA_LOG_LEVEL", level.into());
    }
    if std::env::var_os(PASS_CREDENTIALS).is_some_and(|value| value == "pass") {
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"] {
            all.retain(|(other, _)| other != name);
        }
        let passed = CREDENTIALS.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var_os(name)?)));
        all.extend(passed);
        if let Some(home) = std::env::var_os("HOME") {
            all.retain(|(name, _)| name != "HOME");
            all.push(("HOME".to_owned(), home));
        }
    }
    all
}
