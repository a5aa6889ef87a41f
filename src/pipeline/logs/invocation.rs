//! Which lines of a function's log belong to a request. API Gateway and Lambda each give a request an id of their own, so
//! what ties them is looked for: in the lines themselves, and in what the stage logs. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::Found;

/// The events of the invocations that have one of the ids or name it, in their order.
pub(super) fn of_request(events: Vec<Found>, ids: &BTreeSet<String>) -> Vec<Found> {
    // A sandbox works on one invocation at a time, and writes to a stream of its own.
    let mut current: BTreeMap<String, String> = BTreeMap::new();
    let mut wanted: BTreeSet<String> = BTreeSet::new();
    let owners: Vec<Option<String>> = events
        .iter()
        .map(|event| {
            if let Some(id) = begins(&event.message) {
                current.insert(event.stream.clone(), id);
            }
            let owner = current.get(&event.stream).cloned();
            // What Lambda says of an invocation may come after the next one has begun.
            let said = ends(&event.message).is_none() && named(event, ids);
            wanted.extend(owner.clone().filter(|owner| said || ids.contains(owner)));
            owner
        })
        .collect();
    let belongs = |event: &Found, owner: &Option<String>| match ends(&event.message) {
        Some(id) => wanted.contains(&id) || ids.contains(&id),
        None => owner.as_ref().is_some_and(|owner| wanted.contains(owner)),
    };
    events.into_iter().zip(owners).filter(|(event, owner)| belongs(event, owner)).map(|(event, _)| event).collect()
}

fn named(event: &Found, ids: &BTreeSet<String>) -> bool {
    ids.iter().any(|id| event.message.contains(id.as_str()))
}

/// The id in Lambda's line for the begin of an invocation: as text, or as JSON.
fn begins(message: &str) -> Option<String> {
    own_line(message, &["START RequestId: "], &["platform.start"])
}

/// The same in its lines for the end.
fn ends(message: &str) -> Option<String> {
    own_line(message, &["END RequestId: ", "REPORT RequestId: "], &["platform.report", "platform.runtimeDone"])
}

fn own_line(message: &str, starts: &[&str], kinds: &[&str]) -> Option<String> {
    if let Some(rest) = starts.iter().find_map(|start| message.strip_prefix(start)) {
        return rest.split_whitespace().next().map(str::to_owned);
    }
    let record: serde_json::Value = serde_json::from_str(message).ok()?;
    let kind = record["type"].as_str()?;
    let id = record["record"]["requestId"].as_str()?;
    kinds.contains(&kind).then(|| id.to_owned())
}

/// What in a text looks like an id that Lambda gives: `8c0e7f0e-6d0b-4f57-9d0f-0d5b7a5b0e0f`.
pub(super) fn ids_in(text: &str) -> impl Iterator<Item = String> + '_ {
    let words = text.split(|c: char| !c.is_ascii_hexdigit() && c != '-');
    let dashes = |word: &str| word.match_indices('-').map(|(at, _)| at).eq([8, 13, 18, 23]);
    words.filter(move |word| word.len() == 36 && dashes(word)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "11111111-1111-4111-8111-111111111111";
    const TWO: &str = "22222222-2222-4222-8222-222222222222";
    const GATEWAY: &str = "99999999-9999-4999-8999-999999999999";

    fn events(lines: &[(&str, String)]) -> Vec<Found> {
        let found = |(at, (stream, message)): (i64, &(&str, String))| Found {
            at,
            id: at.to_string(),
            stream: (*stream).to_owned(),
            message: message.clone(),
        };
        (0..).zip(lines).map(found).collect()
    }

    fn log(printed: &str) -> Vec<Found> {
        events(&[
            ("a", "INIT_START".to_owned()),
            ("a", format!("START RequestId: {ONE} Version: 1")),
            ("b", format!("START RequestId: {TWO} Version: 1")),
            ("a", "first of one".to_owned()),
            ("b", printed.to_owned()),
            ("a", format!("END RequestId: {ONE}")),
            ("b", "last of two".to_owned()),
            ("b", format!("END RequestId: {TWO}")),
            ("b", format!("REPORT RequestId: {TWO}\tDuration: 2 ms")),
        ])
    }

    fn told(events: Vec<Found>, ids: &[&str]) -> Vec<i64> {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        of_request(events, &ids).into_iter().map(|event| event.at).collect()
    }

    #[test]
    fn an_invocation_is_all_between_its_first_and_last_line() {
        assert_eq!(told(log("hello"), &[ONE]), [1, 3, 5]);
        assert_eq!(told(log("hello"), &[TWO]), [2, 4, 6, 7, 8]);
        assert_eq!(told(log("hello"), &[GATEWAY]), [0; 0]);
    }

    #[test]
    fn an_id_that_the_function_printed_finds_the_whole_invocation() {
        assert_eq!(told(log(&format!("request {GATEWAY}")), &[GATEWAY]), [2, 4, 6, 7, 8]);
    }

    #[test]
    fn lambdas_lines_may_be_json_and_come_late() {
        let line = |kind: &str, id: &str| {
            format!("{{\"time\":\"t\",\"type\":\"platform.{kind}\",\"record\":{{\"requestId\":\"{id}\"}}}}")
        };
        let log = events(&[
            ("a", line("start", ONE)),
            ("a", "of one".to_owned()),
            ("a", line("start", TWO)),
            ("a", line("report", ONE)),
            ("a", "of two".to_owned()),
        ]);
        assert_eq!(told(log, &[ONE]), [0, 1, 3]);
    }

    #[test]
    fn ids_stand_anywhere_in_a_line() {
        let line = format!(
            "({GATEWAY}) Endpoint response headers: {{x-amzn-RequestId={ONE}, Root=1-6b079254-36151dc57c7d94ad17f5fad1}}"
        );
        assert_eq!(ids_in(&line).collect::<Vec<_>>(), [GATEWAY, ONE]);
    }
}
