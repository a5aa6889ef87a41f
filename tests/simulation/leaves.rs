//! What one state of a cloud holds and another does not, as a list of lines.

use std::fmt;

use serde_json::{Value, json};

/// What AWS keeps for itself: no resource of anybody's.
const ITS_OWN: [&str; 3] = ["/serial", "/route53/changes", "/acm/tokens"];

/// `path = value` of everything that is in `state` and not in `other`. Elements of a list stand for themselves, wherever
/// they are in it.
pub fn without(state: &Value, other: &Value) -> Vec<String> {
    let mut left = Vec::new();
    collect(&Place(None, ""), state, other, &mut left);
    left.retain(|leaf: &String| !ITS_OWN.iter().any(|own| leaf.starts_with(own)));
    left
}

/// Where a value is. It is written out for what is told, and nearly everything is as before.
struct Place<'a>(Option<&'a Place<'a>>, &'a str);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(above) => write!(f, "{above}/{}", self.1.replace('/', "~1")),
            None => Ok(()),
        }
    }
}

fn collect(place: &Place<'_>, value: &Value, other: &Value, left: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                collect(&Place(Some(place), name), member, &other[name.as_str()], left);
            }
        }
        Value::Array(items) => {
            let there = other.as_array().map_or(&[][..], Vec::as_slice);
            left.extend(items.iter().filter(|item| !there.contains(item)).map(|item| format!("{place}[] = {item}")));
        }
        Value::Null => {}
        plain if plain == other => {}
        plain => left.push(format!("{place} = {plain}")),
    }
}

#[test]
fn what_differs_is_told_with_its_place() {
    let before =
        json!({ "serial": 1, "iam": { "roles": { "a/b": { "name": "x", "tags": ["k", "l"] } }, "none": null } });
    let mut after = before.clone();
    assert_eq!(without(&after, &before), [""; 0]);
    after["serial"] = json!(2);
    after["iam"]["roles"]["a/b"]["name"] = json!("y");
    after["iam"]["roles"]["a/b"]["tags"] = json!(["l", "m"]);
    after["iam"]["roles"]["c"] = json!({ "path": "/", "arn": null });
    let roles = "/iam/roles";
    let more = [
        format!("{roles}/a~1b/name = \"y\""),
        format!("{roles}/a~1b/tags[] = \"m\""),
        format!("{roles}/c/path = \"/\""),
    ];
    assert_eq!(without(&after, &before), more);
    assert_eq!(
        without(&before, &after),
        [format!("{roles}/a~1b/name = \"x\""), format!("{roles}/a~1b/tags[] = \"k\"")]
    );
    assert_eq!(without(&before["iam"], &json!([])).len(), 3);
}
