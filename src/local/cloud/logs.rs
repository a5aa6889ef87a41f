//! CloudWatch Logs: log groups with retention and tags, streams and their events. JSON 1.1.
//!
//! Groups are part of the cloud's state; what is logged to them is not ([`store`] says why).

mod events;
mod store;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::page::page;
use super::{ACCOUNT, Call, Failure, Reply, Request};

pub use store::{Event, GroupId, LogStore, Stream};

/// Log groups by region.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    pub regions: BTreeMap<String, BTreeMap<String, Group>>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Group {
    /// Milliseconds since 1970, as everywhere here.
    pub created: u64,
    pub retention_days: Option<u64>,
    pub class: String,
    pub tags: BTreeMap<String, String>,
}

impl State {
    pub fn has(&self, id: &GroupId) -> bool {
        self.regions.get(&id.region).is_some_and(|groups| groups.contains_key(&id.name))
    }

    /// What Lambda does on the first invocation: a group made so is untagged and keeps its events for ever
    /// (`AWS_FACTS` B2).
    pub fn make(&mut self, id: &GroupId, now: u64) {
        self.regions.entry(id.region.clone()).or_default().entry(id.name.clone()).or_insert_with(|| Group {
            created: now,
            class: "STANDARD".to_owned(),
            ..Group::default()
        });
    }
}

const RETENTIONS: [u64; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

type Answer = Result<Value, Failure>;

pub fn handle(call: &mut Call<'_>, request: &Request) -> Reply {
    let input = request.json();
    let operation = request.header("x-amz-target").and_then(|target| target.split_once('.')).map_or("", |(_, op)| op);
    let answer = match operation {
        "CreateLogGroup" => create(call, &input),
        "DescribeLogGroups" => describe(call, &input),
        "PutRetentionPolicy" => put_retention(call, &input),
        "DeleteRetentionPolicy" => delete_retention(call, &input),
        "DeleteLogGroup" => delete(call, &input),
        "TagResource" => tag(call, &input),
        "UntagResource" => untag(call, &input),
        "ListTagsForResource" => list_tags(call, &input),
        "CreateLogStream" => events::create_stream(call, &input),
        "DeleteLogStream" => events::delete_stream(call, &input),
        "DescribeLogStreams" => events::describe_streams(call, &input),
        "PutLogEvents" => events::put_events(call, &input),
        "GetLogEvents" => events::get_events(call, &input),
        "FilterLogEvents" => events::filter_events(call, &input),
        other => Err(Failure::new(400, "UnknownOperationException", format!("no operation {other}"))),
    };
    match answer {
        Ok(output) => Reply::json(200, &output),
        Err(failure) => failure.json(),
    }
}

fn groups<'c>(call: &'c mut Call<'_>) -> &'c mut BTreeMap<String, Group> {
    call.state.logs.regions.entry(call.region.clone()).or_default()
}

fn group<'c>(call: &'c mut Call<'_>, input: &Value) -> Result<&'c mut Group, Failure> {
    let name = group_name(input)?;
    groups(call).get_mut(&name).ok_or_else(|| not_found("The specified log group does not exist."))
}

/// `logGroupName`, or the name inside `logGroupIdentifier`.
fn group_name(input: &Value) -> Result<String, Failure> {
    if let Some(arn) = input["logGroupIdentifier"].as_str() {
        return Ok(arn.rsplit_once(":log-group:").map_or(arn, |(_, name)| name).to_owned());
    }
    let name = text(input, "logGroupName")?;
    let good = |letter: char| letter.is_ascii_alphanumeric() || "._/#-".contains(letter);
    if name.is_empty() {
        return Err(constraint("", "logGroupName", "Member must have length greater than or equal to 1"));
    }
    if name.len() > 512 {
        return Err(constraint(name, "logGroupName", "Member must have length less than or equal to 512"));
    }
    if !name.chars().all(good) {
        let rule = "Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+";
        return Err(constraint(name, "logGroupName", rule));
    }
    Ok(name.to_owned())
}

fn text<'v>(input: &'v Value, member: &str) -> Result<&'v str, Failure> {
    input[member].as_str().ok_or_else(|| {
        Failure::new(
            400,
            "InvalidParameterException",
            format!(
                "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
            ),
        )
    })
}

fn constraint(value: &str, member: &str, rule: &str) -> Failure {
    Failure::new(
        400,
        "InvalidParameterException",
        format!("1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {rule}"),
    )
}

fn not_found(message: &str) -> Failure {
    Failure::new(400, "ResourceNotFoundException", message)
}

fn arn(region: &str, name: &str) -> String {
    format!("arn:aws:logs:{region}:{ACCOUNT}:log-group:{name}")
}

fn create(call: &mut Call<'_>, input: &Value) -> Answer {
    let name = group_name(input)?;
    let tags = pairs(&input["tags"]);
    if tags.len() > 50 {
        return Err(Failure::new(400, "InvalidParameterException", "Too many tags specified"));
    }
    let now = call.now;
    let groups = groups(call);
    if groups.contains_key(&name) {
        let message = "The specified log group already exists";
        return Err(Failure::new(400, "ResourceAlreadyExistsException", message));
    }
    let class = input["logGroupClass"].as_str().unwrap_or("STANDARD").to_owned();
    groups.insert(name, Group { created: now, class, tags, ..Group::default() });
    Ok(json!({}))
}

fn describe(call: &mut Call<'_>, input: &Value) -> Answer {
    let region = call.region.clone();
    let prefix = input["logGroupNamePrefix"].as_str().unwrap_or_default();
    let pattern = input["logGroupNamePattern"].as_str().unwrap_or_default();
    let logs = call.logs;
    let found = groups(call).iter().filter(|(name, _)| name.starts_with(prefix) && name.contains(pattern));
    let told = found.map(|(name, group)| {
        let size = logs.size(&GroupId { region: region.clone(), name: name.clone() }).unwrap_or_default();
        (name, describe_one(&region, name, group, size))
    });
    let page = page(told, input["nextToken"].as_str(), limit(input, 50)?).ok_or_else(bad_token)?;
    Ok(with_token(json!({ "logGroups": page.items }), page.next))
}

fn describe_one(region: &str, name: &str, group: &Group, size: u64) -> Value {
    let arn = arn(region, name);
    let mut told = json!({
        "logGroupName": name,
        "creationTime": group.created,
        "metricFilterCount": 0,
        "arn": format!("{arn}:*"),
        "logGroupArn": arn,
        "storedBytes": size,
        "logGroupClass": group.class,
    });
    if let Some(days) = group.retention_days {
        told["retentionInDays"] = days.into();
    }
    told
}

fn put_retention(call: &mut Call<'_>, input: &Value) -> Answer {
    let days = input["retentionInDays"].as_u64().unwrap_or_default();
    if !RETENTIONS.contains(&days) {
        let rule = format!("Member must satisfy enum value set: {RETENTIONS:?}");
        return Err(constraint(&input["retentionInDays"].to_string(), "retentionInDays", &rule));
    }
    group(call, input)?.retention_days = Some(days);
    Ok(json!({}))
}

fn delete_retention(call: &mut Call<'_>, input: &Value) -> Answer {
    group(call, input)?.retention_days = None;
    Ok(json!({}))
}

fn delete(call: &mut Call<'_>, input: &Value) -> Answer {
    group(call, input)?;
    let name = group_name(input)?;
    groups(call).remove(&name);
    let deleted = call.logs.delete_group(&GroupId { region: call.region.clone(), name });
    deleted.map_err(|fault| Failure::new(500, "ServiceUnavailableException", fault.to_string()))?;
    Ok(json!({}))
}

/// The group a tagging call means: its ARN, without `:*` at the end.
fn tagged<'c>(call: &'c mut Call<'_>, input: &Value) -> Result<&'c mut Group, Failure> {
    let wanted = text(input, "resourceArn")?;
    let name = wanted.strip_prefix(&arn(&call.region, "")).unwrap_or_default();
    groups(call).get_mut(name).ok_or_else(|| not_found("The specified resource does not exist."))
}

fn tag(call: &mut Call<'_>, input: &Value) -> Answer {
    let group = tagged(call, input)?;
    let mut tags = group.tags.clone();
    tags.extend(pairs(&input["tags"]));
    if tags.len() > 50 {
        return Err(Failure::new(400, "TooManyTagsException", "Too many tags"));
    }
    group.tags = tags;
    Ok(json!({}))
}

fn untag(call: &mut Call<'_>, input: &Value) -> Answer {
    let group = tagged(call, input)?;
    for key in input["tagKeys"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        group.tags.remove(key);
    }
    Ok(json!({}))
}

fn list_tags(call: &mut Call<'_>, input: &Value) -> Answer {
    Ok(json!({ "tags": tagged(call, input)?.tags }))
}

fn limit(input: &Value, most: usize) -> Result<usize, Failure> {
    match input["limit"].as_u64() {
        None => Ok(most),
        Some(0) => Err(constraint("0", "limit", "Member must have value greater than or equal to 1")),
        Some(asked) => match usize::try_from(asked) {
            Ok(asked) if asked <= most => Ok(asked),
            _ => {
                let rule = format!("Member must have value less than or equal to {most}");
                Err(constraint(&asked.to_string(), "limit", &rule))
            }
        },
    }
}

fn bad_token() -> Failure {
    Failure::new(400, "InvalidParameterException", "The specified nextToken is invalid.")
}

fn with_token(mut output: Value, next: Option<String>) -> Value {
    if let Some(next) = next {
        output["nextToken"] = next.into();
    }
    output
}

fn pairs(object: &Value) -> BTreeMap<String, String> {
    let entries = object.as_object().into_iter().flatten();
    entries.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}
