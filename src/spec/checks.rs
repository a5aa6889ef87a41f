//! The section `checks`: requests to make after a deploy, and what must come back.

use std::collections::BTreeMap;

use super::decode::{At, Table};
use super::grammar::{CHECK, EXPECT};
use super::limits;
use super::model::{Check, CheckKey, Expectation, UsagePlan};
use super::tree::Kind;

pub(super) const VERBS: [&str; 7] = ["get", "post", "put", "delete", "patch", "head", "options"];

pub(super) fn read(root: &Table<'_>, plan: Option<&UsagePlan>) -> Vec<Check> {
    root.items("checks").iter().filter_map(|at| check(at, plan)).collect()
}

fn check(at: &At<'_>, plan: Option<&UsagePlan>) -> Option<Check> {
    let table = at.table(&CHECK)?;
    let requests: Vec<&'static str> = VERBS.into_iter().filter(|verb| table.get(verb).is_some()).collect();
    let (verb, target) = match requests[..] {
        [verb] => (verb.to_uppercase(), table.get(verb).and_then(|at| target(&at)).unwrap_or_default()),
        [] => {
            at.fault("missing_key", "the check makes no request", "add one like get: \"/admit?gre=800\"");
            (String::new(), String::new())
        }
        [first, second, ..] => {
            let message = format!("the check makes two requests, `{first}` and `{second}`");
            at.fault("several_requests", message, "write a check for each");
            (String::new(), String::new())
        }
    };
    Some(Check {
        name: table.text("name").map(|text| text.text),
        verb,
        target,
        headers: headers(&table),
        body: table.get("body").and_then(|at| match at.node.kind {
            Kind::Text { .. } => at.text().map(|text| text.text),
            _ => Some(at.json().to_string()),
        }),
        key: table.get("key").map_or(CheckKey::First, |at| key(&at, plan)),
        expect: table.need("expect").and_then(|at| expectation(&at)).unwrap_or_default(),
    })
}

fn target(at: &At<'_>) -> Option<String> {
    let text = at.text()?;
    if !text.text.starts_with('/') || text.text.chars().any(|c| c.is_whitespace() || c.is_control() || !c.is_ascii()) {
        let help = "start with / and the path under the stage; encode spaces as %20";
        at.fault("bad_target", format!("`{}` is not a path with a query", text.shown()), help);
    }
    Some(text.text)
}

fn headers(table: &Table<'_>) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::new();
    for (key, at) in table.entries("headers") {
        limits::HEADER.judge_key(&at);
        let Some(value) = at.text() else { continue };
        if value.text.chars().any(|c| c.is_control() && c != '\t') {
            at.fault(
                "bad_header",
                format!("the header `{}` holds a line break or the like", at.name()),
                "put it on one line",
            );
        }
        headers.insert(key.text.clone(), value.text);
    }
    headers
}

/// A key is named as in the file; the one that is sent carries the stage's suffix where the plan's does.
fn key(at: &At<'_>, plan: Option<&UsagePlan>) -> CheckKey {
    let Some(text) = at.text() else {
        return CheckKey::First;
    };
    if text.text == "none" {
        return CheckKey::None;
    }
    let names: Vec<&str> = plan.map(|plan| plan.keys.iter().map(|key| key.name.as_str()).collect()).unwrap_or_default();
    let suffixed = format!("{}-{}", text.text, at.reader.scope.stage);
    let found = names.iter().find(|name| **name == text.text).or(names.iter().find(|name| **name == suffixed));
    if let Some(found) = found {
        return CheckKey::Named((*found).to_string());
    }
    let message = format!("there is no API key `{}`", text.shown());
    at.fault("unknown_api_key", message, "write a name of `usage_plan.keys`, or none");
    CheckKey::Named(text.text)
}

fn expectation(at: &At<'_>) -> Option<Expectation> {
    let table = at.table(&EXPECT)?;
    if matches!(&at.node.kind, Kind::Map(entries) if entries.is_empty()) {
        at.fault("missing_key", "the check expects nothing", "add status, json, text or headers");
    }
    if let (Some(_), Some(at)) = (table.get("json"), table.get("text")) {
        at.fault_in_key("unused_key", "`text` and `json` both describe the body", "keep one of the two");
    }
    Some(Expectation {
        status: table.whole("status").and_then(|n| u16::try_from(n).ok()),
        json: table.get("json").map(|at| at.json()),
        text: table.text("text").map(|text| text.text),
        headers: headers(&table),
    })
}
