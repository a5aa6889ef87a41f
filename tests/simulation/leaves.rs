//! A cloud's state as a set of lines, so that states can be subtracted from each other.

use std::collections::BTreeSet;

use serde_json::Value;

/// `path = value` of everything that a state holds. Elements of a list stand for themselves, wherever they are in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leaves(pub BTreeSet<String>);

/// What AWS keeps for itself: no resource of anybody's.
const ITS_OWN: [&str; 3] = ["/serial", "/route53/changes", "/acm/tokens"];

impl Leaves {
    pub fn of(state: &Value) -> Leaves {
        let mut leaves = BTreeSet::new();
        collect("", state, &mut leaves);
        leaves.retain(|leaf: &String| !ITS_OWN.iter().any(|own| leaf.starts_with(own)));
        Leaves(leaves)
    }

    /// What is here and not in `other`.
    pub fn without<'a>(&'a self, other: &'a Leaves) -> Vec<&'a str> {
        self.0.difference(&other.0).map(String::as_str).collect()
    }
}

fn collect(path: &str, value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                collect(&format!("{path}/{}", name.replace('/', "~1")), member, into);
            }
        }
        Value::Array(items) => into.extend(items.iter().map(|item| format!("{path}[] = {item}"))),
        Value::Null => {}
        plain => {
            into.insert(format!("{path} = {plain}"));
        }
    }
}
