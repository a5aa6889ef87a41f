//! Answers of API Gateway: the kept structures without their empty members, and lists in pages.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::fail;
use crate::local::cloud::{Failure, Reply, Request};

const PAGE: usize = 25;
const LARGEST_PAGE: usize = 500;

/// As AWS would write it: members that are not set do not appear.
pub fn value(of: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(of).unwrap_or_default();
    drop_nulls(&mut value);
    value
}

pub fn reply(status: u16, of: &impl Serialize) -> Reply {
    Reply::json(status, &value(of))
}

/// The same as an open object, for answers that carry more, or less, than what is kept.
pub fn object(of: &impl Serialize) -> Map<String, Value> {
    match value(of) {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// Templates keep theirs: AWS gives an empty template back as `null`.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            for (name, member) in members {
                if name != "requestTemplates" && name != "responseTemplates" {
                    drop_nulls(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// One page of `items`, each with the key it is ordered by. The position is the last key of the page before, so that
/// nothing is skipped or repeated when items come and go in between.
pub fn page(request: &Request, items: impl Iterator<Item = (String, Value)>) -> Result<Reply, Failure> {
    let limit = match request.query("limit").map(str::parse::<i64>) {
        None => PAGE,
        Some(Ok(limit)) if limit > 0 => usize::try_from(limit).unwrap_or(LARGEST_PAGE).min(LARGEST_PAGE),
        Some(_) => return Err(fail::bad_request("Invalid limit specified")),
    };
    let after = match request.query("position") {
        None => None,
        Some(position) => {
            Some(decode(position).ok_or_else(|| fail::bad_request("Invalid position parameter specified"))?)
        }
    };
    let mut rest = items.filter(|(key, _)| after.as_ref().is_none_or(|after| key > after));
    let page: Vec<(String, Value)> = rest.by_ref().take(limit).collect();
    let more = rest.next().is_some();
    let last = page.last().map(|(key, _)| encode(key));
    let mut body = json!({ "item": page.into_iter().map(|(_, item)| item).collect::<Vec<_>>() });
    if let (true, Some(position)) = (more, last) {
        body["position"] = Value::String(position);
    }
    Ok(Reply::json(200, &body))
}

fn encode(key: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(key)
}

fn decode(position: &str) -> Option<String> {
    use base64::Engine as _;
    String::from_utf8(base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(position).ok()?).ok()
}
