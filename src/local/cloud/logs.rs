//! CloudWatch Logs: log groups with retention and tags, streams and their events. JSON 1.1.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::page::page;
use super::{ACCOUNT, Call, Failure, Reply, Request};

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
    pub streams: BTreeMap<String, Stream>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Stream {
    pub created: u64,
    pub events: Vec<Event>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Event {
    pub at: u64,
    pub received: u64,
    pub message: String,
}

impl State {
    /// Appends to a stream, making the group and the stream where they are missing: what Lambda does on the first
    /// invocation. A group made so is untagged and keeps its events for ever (`AWS_FACTS` B2).
    pub fn write(&mut self, region: &str, group: &str, stream: &str, now: u64, messages: Vec<String>) {
        let group = self
            .regions
            .entry(region.to_owned())
            .or_default()
            .entry(group.to_owned())
            .or_insert_with(|| Group { created: now, class: "STANDARD".to_owned(), ..Group::default() });
        let stream =
            group.streams.entry(stream.to_owned()).or_insert_with(|| Stream { created: now, ..Stream::default() });
        stream.events.extend(messages.into_iter().map(|message| Event { at: now, received: now, message }));
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
        "CreateLogStream" => create_stream(call, &input),
        "DescribeLogStreams" => describe_streams(call, &input),
        "PutLogEvents" => put_events(call, &input),
        "GetLogEvents" => get_events(call, &input),
        "FilterLogEvents" => filter_events(call, &input),
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
    let found = groups(call).iter().filter(|(name, _)| name.starts_with(prefix) && name.contains(pattern));
    let told = found.map(|(name, group)| (name, describe_one(&region, name, group)));
    let page = page(told, input["nextToken"].as_str(), limit(input, 50)?).ok_or_else(bad_token)?;
    Ok(with_token(json!({ "logGroups": page.items }), page.next))
}

fn describe_one(region: &str, name: &str, group: &Group) -> Value {
    let arn = arn(region, name);
    let size: usize = group.streams.values().flat_map(|stream| &stream.events).map(|event| event.message.len()).sum();
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
    groups(call).remove(&group_name(input)?);
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

fn create_stream(call: &mut Call<'_>, input: &Value) -> Answer {
    let name = text(input, "logStreamName")?.to_owned();
    let now = call.now;
    let group = group(call, input)?;
    if group.streams.contains_key(&name) {
        let message = "The specified log stream already exists";
        return Err(Failure::new(400, "ResourceAlreadyExistsException", message));
    }
    group.streams.insert(name, Stream { created: now, ..Stream::default() });
    Ok(json!({}))
}

fn describe_streams(call: &mut Call<'_>, input: &Value) -> Answer {
    let base = arn(&call.region, &group_name(input)?);
    let prefix = input["logStreamNamePrefix"].as_str().unwrap_or_default();
    let newest_first = input["descending"].as_bool().unwrap_or_default();
    let by_time = input["orderBy"].as_str() == Some("LastEventTime");
    let mut streams: Vec<(&String, &Stream)> =
        group(call, input)?.streams.iter().filter(|(name, _)| name.starts_with(prefix)).collect();
    if by_time {
        streams.sort_by_key(|(_, stream)| stream.events.last().map_or(stream.created, |event| event.at));
    }
    if newest_first {
        streams.reverse();
    }
    let told = streams.into_iter().enumerate().map(|(at, (name, stream))| {
        let mut told = json!({
            "logStreamName": name, "creationTime": stream.created, "arn": format!("{base}:log-stream:{name}"),
        });
        if let (Some(first), Some(last)) = (stream.events.first(), stream.events.last()) {
            told["firstEventTimestamp"] = first.at.into();
            told["lastEventTimestamp"] = last.at.into();
            told["lastIngestionTime"] = last.received.into();
        }
        (format!("{at:08}"), told)
    });
    let page = page(told, input["nextToken"].as_str(), limit(input, 50)?).ok_or_else(bad_token)?;
    Ok(with_token(json!({ "logStreams": page.items }), page.next))
}

fn put_events(call: &mut Call<'_>, input: &Value) -> Answer {
    let now = call.now;
    let name = text(input, "logStreamName")?.to_owned();
    let stream = group(call, input)?
        .streams
        .get_mut(&name)
        .ok_or_else(|| not_found("The specified log stream does not exist."))?;
    for event in input["logEvents"].as_array().into_iter().flatten() {
        let at = event["timestamp"].as_u64().unwrap_or(now);
        stream.events.push(Event { at, received: now, message: text(event, "message")?.to_owned() });
    }
    stream.events.sort_by_key(|event| event.at);
    Ok(json!({ "nextSequenceToken": "local" }))
}

fn get_events(call: &mut Call<'_>, input: &Value) -> Answer {
    let name = text(input, "logStreamName")?.to_owned();
    let most = limit(input, 10_000)?;
    let group = group(call, input)?;
    let stream = group.streams.get(&name).ok_or_else(|| not_found("The specified log stream does not exist."))?;
    let within: Vec<&Event> = stream.events.iter().filter(|event| in_window(event, input)).collect();
    let start = match input["nextToken"].as_str() {
        Some(token) => token.rsplit('/').next().and_then(|at| at.parse().ok()).ok_or_else(bad_token)?,
        None if input["startFromHead"].as_bool().unwrap_or_default() => 0,
        None => within.len().saturating_sub(most),
    };
    let told: Vec<Value> = within
        .iter()
        .skip(start)
        .take(most)
        .map(|event| json!({ "timestamp": event.at, "ingestionTime": event.received, "message": event.message }))
        .collect();
    let forward = format!("f/{}", start.saturating_add(told.len()));
    let backward = format!("b/{}", start.saturating_sub(most));
    Ok(json!({ "events": told, "nextForwardToken": forward, "nextBackwardToken": backward }))
}

fn filter_events(call: &mut Call<'_>, input: &Value) -> Answer {
    let wanted = input["filterPattern"].as_str().unwrap_or_default().trim_matches('"').to_owned();
    let prefix = input["logStreamNamePrefix"].as_str().unwrap_or_default();
    let names: Vec<&str> = input["logStreamNames"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut found = Vec::new();
    for (name, stream) in &group(call, input)?.streams {
        if !name.starts_with(prefix) || !(names.is_empty() || names.contains(&name.as_str())) {
            continue;
        }
        for (at, event) in stream.events.iter().enumerate() {
            if in_window(event, input) && event.message.contains(&wanted) {
                let key = format!("{:020}/{name}/{at:010}", event.at);
                let told = json!({
                    "logStreamName": name, "timestamp": event.at, "ingestionTime": event.received,
                    "message": event.message, "eventId": key,
                });
                found.push((key, told));
            }
        }
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    let page = page(found, input["nextToken"].as_str(), limit(input, 10_000)?).ok_or_else(bad_token)?;
    Ok(with_token(json!({ "events": page.items, "searchedLogStreams": [] }), page.next))
}

fn in_window(event: &Event, input: &Value) -> bool {
    event.at >= input["startTime"].as_u64().unwrap_or(0) && event.at < input["endTime"].as_u64().unwrap_or(u64::MAX)
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
