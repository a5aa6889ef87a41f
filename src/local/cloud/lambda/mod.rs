//! Lambda: functions, their published versions and aliases, who may invoke them. REST-JSON, regional.
//!
//! Slow states are worked out from times kept here: a function is Pending, and an update InProgress, until the
//! profile's time has passed.

mod account;
mod alias;
mod code;
mod configure;
mod create;
mod image;
mod name;
mod permission;
mod read;
mod runtime;
mod tags;
mod update;
mod version;

use std::collections::BTreeMap;

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Call, Failure, Reply, Request};

pub use name::Target;
pub use version::{Code, Configuration, ImageCode, Version};

/// Functions by region and name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    pub regions: BTreeMap<String, BTreeMap<String, Function>>,
    /// How many invocations may run at once, where that is not the usual. No operation sets it; tests may.
    pub concurrency: Option<u64>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Function {
    pub arn: String,
    pub name: String,
    /// What can be changed.
    pub latest: Version,
    /// What was published, by number.
    pub versions: BTreeMap<u64, Version>,
    /// The number published last; numbers are never used twice.
    pub last_published: u64,
    /// What could be changed as it was then: while it is the same, nothing new is published.
    pub last_published_from: Option<Configuration>,
    pub aliases: BTreeMap<String, Alias>,
    /// Resource policies by qualifier; the function's own under the empty one.
    pub policies: BTreeMap<String, Policy>,
    pub reserved_concurrency: Option<u64>,
    pub tags: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Alias {
    pub name: String,
    pub version: String,
    pub description: String,
    /// The part of the calls, between 0 and 1, that another version gets.
    pub weights: BTreeMap<String, f64>,
    pub revision: String,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    pub revision: String,
    /// As IAM writes statements, `Sid` and all.
    pub statements: Vec<Value>,
}

impl State {
    pub fn function(&self, region: &str, name: &str) -> Option<&Function> {
        self.regions.get(region)?.get(name)
    }
}

impl Function {
    /// The version a qualifier means: a number, an alias, or nothing and `$LATEST` for what can be changed.
    pub fn resolve(&self, qualifier: Option<&str>) -> Option<&Version> {
        match qualifier {
            None | Some("$LATEST") => Some(&self.latest),
            Some(qualifier) => match self.aliases.get(qualifier) {
                Some(alias) => self.version(&alias.version),
                None => self.version(qualifier),
            },
        }
    }

    /// `$LATEST` or what was published under a number.
    pub fn version(&self, number: &str) -> Option<&Version> {
        if number == "$LATEST" { Some(&self.latest) } else { self.versions.get(&number.parse().ok()?) }
    }
}

type Answer = Result<Reply, Failure>;

pub fn handle(call: &mut Call<'_>, request: &Request) -> Reply {
    let segments: Vec<&str> = request.segments.iter().skip(1).map(String::as_str).collect();
    let answer = match (&request.method, &segments[..]) {
        (&Method::POST, ["functions"]) => create::create(call, request),
        (&Method::GET, ["functions"]) => read::list(call, request),
        (&Method::GET, ["functions", name]) => read::get(call, name, request),
        (&Method::DELETE, ["functions", name]) => update::delete(call, name, request),
        (&Method::GET, ["functions", name, "configuration"]) => read::configuration(call, name, request),
        (&Method::PUT, ["functions", name, "configuration"]) => update::configuration(call, name, request),
        (&Method::PUT, ["functions", name, "code"]) => update::code(call, name, request),
        (&Method::POST, ["functions", name, "versions"]) => update::publish(call, name, request),
        (&Method::GET, ["functions", name, "versions"]) => read::versions(call, name, request),
        (&Method::POST, ["functions", name, "aliases"]) => alias::create(call, name, request),
        (&Method::GET, ["functions", name, "aliases"]) => alias::list(call, name, request),
        (&Method::GET, ["functions", name, "aliases", alias]) => alias::get(call, name, alias),
        (&Method::PUT, ["functions", name, "aliases", alias]) => alias::update(call, name, alias, request),
        (&Method::DELETE, ["functions", name, "aliases", alias]) => alias::delete(call, name, alias),
        (&Method::POST, ["functions", name, "policy"]) => permission::add(call, name, request),
        (&Method::GET, ["functions", name, "policy"]) => permission::get(call, name, request),
        (&Method::DELETE, ["functions", name, "policy", sid]) => permission::remove(call, name, sid, request),
        (&Method::PUT, ["functions", name, "concurrency"]) => account::put_concurrency(call, name, request),
        (&Method::GET, ["functions", name, "concurrency"]) => account::get_concurrency(call, name),
        (&Method::DELETE, ["functions", name, "concurrency"]) => account::delete_concurrency(call, name),
        (&Method::GET, ["tags", arn]) => tags::list(call, arn),
        (&Method::POST, ["tags", arn]) => tags::tag(call, arn, request),
        (&Method::DELETE, ["tags", arn]) => tags::untag(call, arn, request),
        (&Method::GET, ["account-settings"]) => account::settings(call),
        (method, _) => {
            Err(Failure::new(404, "UnknownOperationException", format!("no operation {method} {}", request.path)))
        }
    };
    answer.unwrap_or_else(|failure| failure.lambda())
}

fn functions<'c>(call: &'c mut Call<'_>) -> &'c mut BTreeMap<String, Function> {
    call.state.lambda.regions.entry(call.region.clone()).or_default()
}

fn invalid(message: impl Into<String>) -> Failure {
    Failure::new(400, "InvalidParameterValueException", message)
}

fn conflict(message: impl Into<String>) -> Failure {
    Failure::new(409, "ResourceConflictException", message)
}

fn missing(message: impl Into<String>) -> Failure {
    Failure::new(404, "ResourceNotFoundException", message)
}

/// What Lambda says about a member that breaks the model.
fn constraint(value: &str, member: &str, rule: &str) -> Failure {
    Failure::new(
        400,
        "ValidationException",
        format!("1 validation error detected: Value {value} at '{member}' failed to satisfy constraint: {rule}"),
    )
}

fn stale_revision(operation: &str) -> Failure {
    Failure::new(
        412,
        "PreconditionFailedException",
        format!(
            "The Revision Id provided does not match the latest Revision Id. Call the {operation} API to retrieve the \
             latest Revision Id"
        ),
    )
}

/// A fresh revision id.
fn revision(call: &mut Call<'_>) -> String {
    [8, 4, 4, 4, 12].map(|length| call.id(length, super::HEX)).join("-")
}
