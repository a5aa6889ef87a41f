//! A function's configuration: read from a request over what is set already, and checked.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::local::cloud::{Call, Failure, iam};

use super::runtime::{self, Purpose};
use super::version::Configuration;
use super::{constraint, image, invalid};

/// Bytes of all environment variables as JSON.
const ENVIRONMENT_LIMIT: usize = 4096;
const LAYERS_LIMIT: usize = 5;

const ROLE_PATTERN: &str =
    "Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+";

/// Variables that Lambda sets itself.
const RESERVED: [&str; 17] = [
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "_HANDLER",
];

/// As a function is born.
pub fn defaults() -> Configuration {
    Configuration {
        timeout_seconds: 3,
        memory_mb: 128,
        ephemeral_storage_mb: 512,
        architecture: "x86_64".to_owned(),
        tracing: "PassThrough".to_owned(),
        snap_start: "None".to_owned(),
        ..Configuration::default()
    }
}

/// `before` with what `input` sets. Absent members stay as they are.
pub fn read(input: &Value, before: Configuration, purpose: Purpose, now: u64) -> Result<Configuration, Failure> {
    let mut set = before;
    if let Some(role) = input["Role"].as_str() {
        set.role = checked_role(role)?;
    }
    number(input, "Timeout", "timeout", 1, 900)?.inspect(|value| set.timeout_seconds = *value);
    memory(input)?.inspect(|value| set.memory_mb = *value);
    number(&input["EphemeralStorage"], "Size", "ephemeralStorage.size", 512, 10_240)?
        .inspect(|value| set.ephemeral_storage_mb = *value);
    if let Some(handler) = text(input, "Handler", "handler", 128)? {
        if handler.contains(char::is_whitespace) {
            let rule = "Member must satisfy regular expression pattern: [^\\s]+";
            return Err(constraint(&format!("'{handler}'"), "handler", rule));
        }
        set.handler = handler;
    }
    if let Some(description) = text(input, "Description", "description", 256)? {
        set.description = description;
    }
    if let Some(architecture) = architecture(input)? {
        set.architecture = architecture;
    }
    if let Some(mode) = choice(&input["TracingConfig"]["Mode"], "tracingConfig.mode", &["Active", "PassThrough"])? {
        set.tracing = mode;
    }
    let snap_start = &input["SnapStart"]["ApplyOn"];
    if let Some(applied) = choice(snap_start, "snapStart.applyOn", &["PublishedVersions", "None"])? {
        set.snap_start = applied;
    }
    if let Some(name) = input["Runtime"].as_str() {
        runtime::check(name, purpose, now)?;
        set.runtime = name.to_owned();
    }
    if let Some(layers) = input["Layers"].as_array() {
        set.layers = checked_layers(layers)?;
    }
    if let Some(variables) = input["Environment"]["Variables"].as_object() {
        set.environment = Some(checked_environment(variables)?);
    }
    check_network(&input["VpcConfig"])?;
    if let Some(logging) = input["LoggingConfig"].as_object() {
        set.logging = strings(logging).collect::<BTreeMap<_, _>>();
    }
    if let Some(target) = input["DeadLetterConfig"]["TargetArn"].as_str() {
        set.dead_letter_target = Some(target.to_owned()).filter(|target| !target.is_empty());
    }
    if let Some(config) = image::config(input)? {
        set.image = Some(config);
    }
    if let Some(key) = input["KMSKeyArn"].as_str() {
        set.kms_key = Some(key.to_owned()).filter(|key| !key.is_empty());
    }
    Ok(set)
}

/// A member that may be so many characters long.
pub fn text(input: &Value, member: &str, wire: &str, longest: usize) -> Result<Option<String>, Failure> {
    let Some(text) = input[member].as_str() else { return Ok(None) };
    if text.chars().count() > longest {
        let rule = format!("Member must have length less than or equal to {longest}");
        return Err(constraint(&format!("'{text}'"), wire, &rule));
    }
    Ok(Some(text.to_owned()))
}

fn number(input: &Value, member: &str, wire: &str, least: u64, most: u64) -> Result<Option<u64>, Failure> {
    let given = &input[member];
    let Some(value) = given.as_i64() else { return Ok(None) };
    match u64::try_from(value) {
        Ok(value) if value > most => {
            let rule = format!("Member must have value less than or equal to {most}");
            Err(constraint(&format!("'{value}'"), wire, &rule))
        }
        Ok(value) if value >= least => Ok(Some(value)),
        _ => {
            let rule = format!("Member must have value greater than or equal to {least}");
            Err(constraint(&format!("'{value}'"), wire, &rule))
        }
    }
}

/// The model goes to 32768 MB, the quota of an account to 10240.
fn memory(input: &Value) -> Result<Option<u64>, Failure> {
    let memory = number(input, "MemorySize", "memorySize", 128, 32_768)?;
    if memory.is_some_and(|memory| memory > 10_240) {
        let message =
            "'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to 10240";
        return Err(invalid(message));
    }
    Ok(memory)
}

fn choice(given: &Value, wire: &str, choices: &[&str]) -> Result<Option<String>, Failure> {
    let Some(chosen) = given.as_str() else { return Ok(None) };
    if !choices.contains(&chosen) {
        let rule = format!("Member must satisfy enum value set: [{}]", choices.join(", "));
        return Err(constraint(&format!("'{chosen}'"), wire, &rule));
    }
    Ok(Some(chosen.to_owned()))
}

pub fn architecture(input: &Value) -> Result<Option<String>, Failure> {
    let Some(list) = input["Architectures"].as_array() else { return Ok(None) };
    let names: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
    let told = format!("[{}]", names.join(", "));
    if !names.iter().all(|name| matches!(*name, "x86_64" | "arm64")) {
        let rule = "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must \
                    not be null]";
        return Err(constraint(&format!("'{told}'"), "architectures", rule));
    }
    match names[..] {
        [] => Ok(None),
        [one] => Ok(Some(one.to_owned())),
        _ => {
            let rule = "Member must have length less than or equal to 1";
            Err(constraint(&format!("'{told}'"), "architectures", rule))
        }
    }
}

fn checked_role(role: &str) -> Result<String, Failure> {
    let parts: Vec<&str> = role.splitn(6, ':').collect();
    let good_account = |account: &str| account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let good_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-/".contains(&byte))
    };
    match parts[..] {
        ["arn", _, "iam", "", account, resource]
            if good_account(account) && resource.strip_prefix("role").is_some_and(good_name) =>
        {
            Ok(role.to_owned())
        }
        _ => Err(constraint(&format!("'{role}'"), "role", ROLE_PATTERN)),
    }
}

/// There are no networks here, so none that is named exists.
fn check_network(network: &Value) -> Result<(), Failure> {
    if let Some(subnet) = network["SubnetIds"][0].as_str() {
        return Err(invalid(format!(
            "Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. EC2 Error Message: The \
             subnet ID '{subnet}' does not exist"
        )));
    }
    if let Some(group) = network["SecurityGroupIds"][0].as_str() {
        return Err(invalid(format!(
            "Error occurred while DescribeSecurityGroups. EC2 Error Code: InvalidGroup.NotFound. EC2 Error Message: \
             The security group '{group}' does not exist"
        )));
    }
    Ok(())
}

fn checked_layers(layers: &[Value]) -> Result<Vec<String>, Failure> {
    let layers: Vec<String> = layers.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    if layers.len() > LAYERS_LIMIT {
        return Err(invalid(format!("Cannot reference more than {LAYERS_LIMIT} layers.")));
    }
    for layer in &layers {
        let parts: Vec<&str> = layer.split(':').collect();
        let sound =
            matches!(parts[..], ["arn", _, "lambda", _, _, "layer", _, version] if version.parse::<u64>().is_ok());
        if !sound {
            let rule = "Member must satisfy constraint: [Member must have length less than or equal to 140, Member \
                        must have length greater than or equal to 1, Member must satisfy regular expression pattern: \
                        (arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:\
                        layer:[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+), Member \
                        must not be null]";
            return Err(constraint(&format!("'[{}]'", layers.join(", ")), "layers", rule));
        }
    }
    Ok(layers)
}

fn checked_environment(variables: &Map<String, Value>) -> Result<IndexMap<String, String>, Failure> {
    let good = |name: &str| {
        name.len() > 1
            && name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let reserved: Vec<&str> = variables.keys().map(String::as_str).filter(|name| RESERVED.contains(name)).collect();
    if !reserved.is_empty() {
        return Err(invalid(format!(
            "Lambda was unable to configure your environment variables because the environment variables you have \
             provided contains reserved keys that are currently not supported for modification. Reserved keys used in \
             this request: {}",
            reserved.join(", ")
        )));
    }
    if !variables.keys().all(|name| good(name)) {
        let told: Vec<String> = strings(variables).map(|(name, value)| format!("{name}={value}")).collect();
        let rule = "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: \
                    [a-zA-Z]([a-zA-Z0-9_])+]";
        return Err(constraint(&format!("'{{{}}}'", told.join(", ")), "environment.variables", rule));
    }
    let measured = Value::Object(variables.clone()).to_string();
    if measured.len() > ENVIRONMENT_LIMIT {
        return Err(invalid(format!(
            "Lambda was unable to configure your environment variables because the environment variables you have \
             provided exceeded the 4KB limit. String measured: {measured}"
        )));
    }
    Ok(strings(variables).collect())
}

fn strings(object: &Map<String, Value>) -> impl Iterator<Item = (String, String)> {
    object.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
}

/// Lambda learns of a role, and of its trust, a while after IAM does (`AWS_FACTS` B5).
pub fn check_assumable(call: &Call<'_>, role: &str) -> Result<(), Failure> {
    let assumable = |role: &iam::Role| {
        call.passed(role.trust_changed, call.profile.role_propagation) && role.trusts("lambda.amazonaws.com")
    };
    if call.state.iam.role_by_arn(role).is_some_and(assumable) {
        return Ok(());
    }
    Err(invalid("The role defined for the function cannot be assumed by Lambda."))
}
