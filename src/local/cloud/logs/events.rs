//! Streams and their events, which are kept in the [`LogStore`](super::LogStore).

use std::io;

use serde_json::{Value, json};

use crate::local::cloud::page::page;
use crate::local::cloud::{Call, Failure};

use super::store::{Event, GroupId, Stream};
use super::{Answer, arn, bad_token, group, group_name, limit, not_found, text, with_token};

const DAY: u64 = 24 * 60 * 60 * 1000;

/// The group that `input` means, and the time before which its retention hides events.
fn existing(call: &mut Call<'_>, input: &Value) -> Result<(GroupId, u64), Failure> {
    let now = call.now;
    let retention = group(call, input)?.retention_days;
    let since = retention.map_or(0, |days| now.saturating_sub(days.saturating_mul(DAY)));
    Ok((GroupId { region: call.region.clone(), name: group_name(input)? }, since))
}

fn stored<T>(result: io::Result<T>) -> Result<T, Failure> {
    result.map_err(|fault| Failure::new(500, "ServiceUnavailableException", fault.to_string()))
}

fn no_stream() -> Failure {
    not_found("The specified log stream does not exist.")
}

pub fn create_stream(call: &mut Call<'_>, input: &Value) -> Answer {
    let name = text(input, "logStreamName")?;
    let (id, _) = existing(call, input)?;
    if stored(call.logs.create(&id, name, call.now))? {
        return Ok(json!({}));
    }
    Err(Failure::new(400, "ResourceAlreadyExistsException", "The specified log stream already exists"))
}

pub fn delete_stream(call: &mut Call<'_>, input: &Value) -> Answer {
    let name = text(input, "logStreamName")?;
    let (id, _) = existing(call, input)?;
    stored(call.logs.stream(&id, name))?.ok_or_else(no_stream)?;
    stored(call.logs.delete_stream(&id, name))?;
    Ok(json!({}))
}

pub fn describe_streams(call: &mut Call<'_>, input: &Value) -> Answer {
    let base = arn(&call.region, &group_name(input)?);
    let prefix = input["logStreamNamePrefix"].as_str().unwrap_or_default();
    let newest_first = input["descending"].as_bool().unwrap_or_default();
    let by_time = input["orderBy"].as_str() == Some("LastEventTime");
    let (id, _) = existing(call, input)?;
    let mut streams: Vec<(String, Stream)> =
        stored(call.logs.streams(&id))?.into_iter().filter(|(name, _)| name.starts_with(prefix)).collect();
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

pub fn put_events(call: &mut Call<'_>, input: &Value) -> Answer {
    let now = call.now;
    let name = text(input, "logStreamName")?;
    let (id, _) = existing(call, input)?;
    stored(call.logs.stream(&id, name))?.ok_or_else(no_stream)?;
    let mut events = Vec::new();
    for event in input["logEvents"].as_array().into_iter().flatten() {
        let at = event["timestamp"].as_u64().unwrap_or(now);
        events.push(Event { at, received: now, message: text(event, "message")?.to_owned() });
    }
    stored(call.logs.append(&id, name, now, &events))?;
    Ok(json!({ "nextSequenceToken": "local" }))
}

pub fn get_events(call: &mut Call<'_>, input: &Value) -> Answer {
    let name = text(input, "logStreamName")?;
    let most = limit(input, 10_000)?;
    let (id, since) = existing(call, input)?;
    let stream = stored(call.logs.stream(&id, name))?.ok_or_else(no_stream)?;
    let within: Vec<&Event> = stream.events.iter().filter(|event| in_window(event, input, since)).collect();
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

pub fn filter_events(call: &mut Call<'_>, input: &Value) -> Answer {
    let wanted = input["filterPattern"].as_str().unwrap_or_default().trim_matches('"').to_owned();
    let prefix = input["logStreamNamePrefix"].as_str().unwrap_or_default();
    let names: Vec<&str> = input["logStreamNames"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let (id, since) = existing(call, input)?;
    let mut found = Vec::new();
    for (name, stream) in stored(call.logs.streams(&id))? {
        if !name.starts_with(prefix) || !(names.is_empty() || names.contains(&name.as_str())) {
            continue;
        }
        for (at, event) in stream.events.iter().enumerate() {
            if in_window(event, input, since) && event.message.contains(&wanted) {
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

fn in_window(event: &Event, input: &Value, since: u64) -> bool {
    event.at >= input["startTime"].as_u64().unwrap_or(0).max(since)
        && event.at < input["endTime"].as_u64().unwrap_or(u64::MAX)
}
