//! The sections `function` and `function.role` (limits: AWS_FACTS D, B8).

use std::collections::BTreeMap;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::decode::{At, Reader, Table, nearest};
use super::grammar::{ENVIRONMENT_VALUE, FUNCTION, ROLE};
use super::handler;
use super::interpolate::{Filled, shorten};
use super::limits;
use super::model::{Architecture, EnvironmentValue, Function, Role};
use super::package;
use super::reference;
use super::runtimes::{self, Verdict};
use super::tree::Kind;

/// CloudWatch Logs keeps events for one of these numbers of days.
pub(super) const RETENTIONS: [i64; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];
const DEFAULT_RETENTION: u32 = 30;
/// Characters.
pub(super) const LONGEST_HANDLER: usize = 128;
const MAX_LAYERS: usize = 5;
const MAX_ENVIRONMENT: usize = 4096;
const MAX_ROLE_NAME: usize = 64;
const MAX_ATTACHED: usize = 10;

/// Set by Lambda itself; a function that names one is refused.
pub(super) const RESERVED: [&str; 18] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
];

pub(super) fn read(
    root: &Table<'_>,
    reader: &Reader<'_>,
    app: &Filled,
    tags: &BTreeMap<String, String>,
    package: &package::Read,
    region: Option<&str>,
) -> (Function, Role) {
    let Some(table) = root.need("function").and_then(|at| at.table(&FUNCTION)) else {
        return (nothing(), Role { name: String::new(), managed_policies: Vec::new(), statements: Vec::new() });
    };
    let name = name(&table, reader, app);
    let role = role(&table, reader, &name);
    let (runtime, handler, layers) = if package.is_image {
        image_brings(&table);
        (String::new(), String::new(), Vec::new())
    } else {
        let (runtime, endings) = runtime(&table);
        (runtime, handler::read(&table, endings, package), layers(&table, region))
    };
    let function = Function {
        description: limits::description(&table, limits::FUNCTION_DESCRIPTION),
        handler,
        runtime,
        memory: size(&table, "memory", 128),
        timeout: Duration::from_secs(u64::from(size(&table, "timeout", 3))),
        environment: environment(&table),
        architecture: match table.choice("architecture") {
            Some("arm64") => Architecture::Arm64,
            _ => Architecture::X86_64,
        },
        ephemeral_storage: size(&table, "ephemeral_storage", 512),
        reserved_concurrency: table.whole("reserved_concurrency").and_then(|n| u32::try_from(n).ok()),
        layers,
        log_retention: log_retention(&table),
        tags: limits::tags(&table, tags),
        name,
    };
    (function, role)
}

fn nothing() -> Function {
    Function {
        name: String::new(),
        description: None,
        runtime: String::new(),
        handler: String::new(),
        memory: 128,
        timeout: Duration::from_secs(3),
        environment: BTreeMap::new(),
        architecture: Architecture::X86_64,
        ephemeral_storage: 512,
        reserved_concurrency: None,
        layers: Vec::new(),
        log_retention: None,
        tags: BTreeMap::new(),
    }
}

/// The ranges in the grammar fit `u32`.
fn size(table: &Table<'_>, key: &'static str, default: u32) -> u32 {
    table.whole(key).and_then(|n| u32::try_from(n).ok()).unwrap_or(default)
}

fn name(table: &Table<'_>, reader: &Reader<'_>, app: &Filled) -> String {
    let path = ["function", "name"];
    match table.get("name") {
        Some(at) => at.text().map_or(String::new(), |given| {
            let name = reader.unique(&path, &given);
            limits::FUNCTION.judge(&at, &name, &given);
            name
        }),
        None => {
            let name = reader.unique(&path, app);
            if let Some(wrong) = limits::FUNCTION.wrong(&name) {
                let message = format!("the application's name `{}` cannot be the function's: {wrong}", app.shown());
                table.at.fault("bad_name", message, format!("add `name` to `function`; {}", limits::FUNCTION.rule()));
            }
            name
        }
    }
}

/// What an image has inside, Lambda takes from nowhere else.
pub(super) const IMAGE_BRINGS: [(&str, &str); 3] = [
    ("runtime", "remove it: the image holds its own runtime"),
    ("handler", "remove it: the image's CMD says what is run, or `package.image.command` in its place"),
    ("layers", "remove it, and put what the layers hold into the image"),
];

fn image_brings(table: &Table<'_>) {
    for (key, help) in IMAGE_BRINGS {
        if let Some(at) = table.get(key) {
            at.fault_in_key("unused_key", format!("a container image takes no `{key}`"), help);
        }
    }
}

fn runtime(table: &Table<'_>) -> (String, Option<&'static [&'static str]>) {
    let Some((at, text)) = table.need("runtime").and_then(|at| at.text().map(|text| (at, text))) else {
        return (String::new(), None);
    };
    let endings = match runtimes::judge(&text.text) {
        Verdict::Accepted(endings) => endings,
        Verdict::Blocked { since, instead, module_handler } => {
            let message = format!("Lambda creates no functions with the runtime `{}` since {since}", text.shown());
            at.fault("blocked_runtime", message, format!("use {instead}"));
            module_handler
        }
        Verdict::Unknown => {
            let message = format!("`{}` is not a runtime of Lambda", text.shown());
            at.fault("unknown_runtime", message, nearest(&text.raw, runtimes::accepted(), "runtimes are"));
            None
        }
    };
    (text.text, endings)
}

fn environment(table: &Table<'_>) -> BTreeMap<String, EnvironmentValue> {
    let mut environment = BTreeMap::new();
    for (key, at) in table.entries("environment") {
        let name = &key.text;
        let well_named = name.len() >= 2
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if RESERVED.contains(&name.as_str()) {
            let message = format!("`{}` is set by Lambda itself", shorten(name));
            at.fault_in_key("reserved_name", message, "choose another name");
        } else if !well_named {
            let message = format!("`{}` is not the name of an environment variable", shorten(name));
            at.fault_in_key("bad_name", message, "a letter, then letters, digits and _; two characters at least");
        }
        if let Some(value) = environment_value(&at) {
            environment.insert(name.clone(), value);
        }
    }
    let as_json: BTreeMap<&str, &str> = environment.iter().map(|(k, v)| (k.as_str(), v.value.as_str())).collect();
    // A map of strings is always JSON; Lambda measures it in this form (B5).
    let size = serde_json::to_string(&as_json).map_or(0, |json| json.len());
    if size > MAX_ENVIRONMENT
        && let Some(at) = table.get("environment")
    {
        let help = "keep it in a file of the package, in SSM or in Secrets Manager";
        at.fault_in_key(
            "too_large",
            format!("the environment has {size} bytes as JSON, and Lambda takes {MAX_ENVIRONMENT}"),
            help,
        );
    }
    environment
}

fn environment_value(at: &At<'_>) -> Option<EnvironmentValue> {
    let read = |at: &At<'_>, secret: bool| {
        if let Kind::Text { text, .. } = &at.node.kind
            && let Some(reference) = reference::read(at, text, secret)
        {
            return reference;
        }
        let text = at.text()?;
        Some(EnvironmentValue { secret: secret || text.asks_env, value: text.text, reference: None })
    };
    let Kind::Map(_) = at.node.kind else { return read(at, false) };
    let table = at.table(&ENVIRONMENT_VALUE)?;
    let secret = table.flag("secret").unwrap_or(false);
    table.need("value").and_then(|value| read(&value, secret))
}

fn layers(table: &Table<'_>, region: Option<&str>) -> Vec<String> {
    let layers = table.texts("layers");
    for (at, text) in &layers {
        let resource = limits::arn(&text.text).filter(|arn| arn[1] == "lambda");
        let version = resource.and_then(|arn| arn[4].strip_prefix("layer:")?.split_once(':'));
        match (resource, version) {
            (Some(arn), Some((name, number)))
                if !name.is_empty() && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) =>
            {
                if region.is_some_and(|region| region != arn[2]) {
                    let message = format!("the layer is in {}, the function in {}", arn[2], region.unwrap_or_default());
                    let message = if text.from_env {
                        "the layer is in another region than the function".to_string()
                    } else {
                        message
                    };
                    at.fault("wrong_region", message, "use the ARN of the layer in the function's region");
                }
            }
            _ => {
                let help = "write arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION";
                at.fault("bad_arn", format!("`{}` is not the ARN of a layer version", text.shown()), help);
            }
        }
    }
    if let Some((at, _)) = layers.get(MAX_LAYERS) {
        let message = format!("a function takes {MAX_LAYERS} layers, and there are {}", layers.len());
        at.fault("too_many_layers", message, "put them together, or into the package");
    }
    layers.into_iter().map(|(_, text)| text.text).collect()
}

fn log_retention(table: &Table<'_>) -> Option<u32> {
    let Some(at) = table.get("log_retention") else {
        return Some(DEFAULT_RETENTION);
    };
    if let Kind::Text { text, .. } = &at.node.kind
        && !text.contains("${")
    {
        at.choice(&["forever"])?;
        return None;
    }
    let days = at.whole(1, 3653, "days, or forever")?;
    if !RETENTIONS.contains(&days) {
        let near = RETENTIONS.into_iter().min_by_key(|known| (known - days).abs()).unwrap_or(30);
        let message = format!("CloudWatch Logs cannot keep events for {days} days");
        at.fault("bad_retention", message, format!("the nearest it can is {near}"));
    }
    u32::try_from(days).ok()
}

fn role(table: &Table<'_>, reader: &Reader<'_>, function: &str) -> Role {
    let own = table.get("role").and_then(|at| at.table(&ROLE));
    let name = match own.as_ref().and_then(|own| own.get("name")) {
        Some(at) => at.text().map_or(String::new(), |given| {
            let name = reader.unique(&["function", "role", "name"], &given);
            limits::ROLE.judge(&at, &name, &given);
            name
        }),
        None => default_role(function),
    };
    let Some(own) = own else {
        return Role { name, managed_policies: Vec::new(), statements: Vec::new() };
    };
    let managed = own.texts("managed_policies");
    for (at, text) in &managed {
        if limits::arn(&text.text).is_none_or(|arn| arn[1] != "iam" || !arn[4].starts_with("policy/")) {
            let help = "write arn:aws:iam::aws:policy/NAME or arn:aws:iam::ACCOUNT:policy/NAME";
            at.fault("bad_arn", format!("`{}` is not the ARN of a managed policy", text.shown()), help);
        }
    }
    if let Some((at, _)) = managed.get(MAX_ATTACHED) {
        let message = format!("a role takes {MAX_ATTACHED} managed policies, and there are {}", managed.len());
        at.fault("too_many_policies", message, "put them together as `statements`");
    }
    let statements = own.items("statements").into_iter().filter_map(|at| statement(&at)).collect();
    Role { name, managed_policies: managed.into_iter().map(|(_, text)| text.text).collect(), statements }
}

/// `<function>-role`; where that is too long, cut and told apart by a hash, so that it stays the same from run to run.
fn default_role(function: &str) -> String {
    let name = format!("{function}-role");
    if name.chars().count() <= MAX_ROLE_NAME {
        return name;
    }
    let start: String = function.chars().take(50).collect();
    let hash: String = Sha256::digest(function.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{start}-{hash}-role")
}

fn statement(at: &At<'_>) -> Option<serde_json::Value> {
    let Kind::Map(entries) = &at.node.kind else {
        let found = at.node.found();
        at.fault(
            "wrong_type",
            format!("a statement must be a mapping, found {found}"),
            "write Effect, Action and Resource",
        );
        return None;
    };
    const KEYS: [&str; 7] = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];
    for (key, _) in entries.iter().filter(|(key, _)| !KEYS.contains(&key.text.as_str())) {
        let message = format!("`{}` is not a key of an IAM statement of a role", shorten(&key.text));
        at.fault_at(key.span.clone(), "unknown_key", message, nearest(&key.text, KEYS.into_iter(), "keys are"));
    }
    for either in [&["Effect"][..], &["Action", "NotAction"], &["Resource", "NotResource"]] {
        if !either.iter().any(|key| at.node.get(key).is_some()) {
            at.fault(
                "missing_key",
                format!("the statement has no `{}`", either[0]),
                "write Effect, Action and Resource",
            );
        }
    }
    if let Some(effect) = at.node.get("Effect")
        && !matches!(&effect.kind, Kind::Text { text, .. } if text == "Allow" || text == "Deny")
    {
        at.fault_at(effect.span.clone(), "unknown_value", "`Effect` must be Allow or Deny", "write Allow");
    }
    Some(at.json())
}
