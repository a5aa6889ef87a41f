//! What a stage asks for in the file's own words: every value that stands in deploy.yaml, with the stage's differences
//! merged over it and everything filled in. For comparing two stages; what it means is `root`'s business.

use serde_json::Value;

use super::interpolate::{Scope, fill};
use super::stages::FIXED;
use super::tree::{Kind, Node};

/// One value of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// `function.environment.TOKEN`.
    pub path: String,
    /// Filled in; of a secret what must not be shown.
    pub value: Value,
    /// Some of it came from the environment, or the file says that it is one.
    pub secret: bool,
}

/// Every value below `root`, in the order of the file. Lists are one value each.
pub(super) fn asked(root: &Node, scope: &Scope<'_>) -> Vec<Asked> {
    let mut all = Vec::new();
    if let Kind::Map(entries) = &root.kind {
        for (key, node) in entries.iter().filter(|(key, _)| !FIXED.contains(&key.text.as_str())) {
            walk(&key.text, node, false, scope, &mut all);
        }
    }
    all
}

fn walk(path: &str, node: &Node, within_secret: bool, scope: &Scope<'_>, all: &mut Vec<Asked>) {
    match &node.kind {
        Kind::Map(entries) if !entries.is_empty() => {
            let secret = matches!(node.get("secret").map(|node| &node.kind), Some(Kind::Bool(true)));
            for (key, inner) in entries {
                let secret = within_secret || (secret && key.text == "value");
                walk(&format!("{path}.{}", key.text), inner, secret, scope, all);
            }
        }
        _ => {
            let mut secret = within_secret;
            let value = node.to_json(&mut |_, text| match fill(text, scope) {
                Ok(filled) => {
                    secret |= filled.asks_env;
                    filled.text
                }
                Err(_) => text.to_owned(),
            });
            all.push(Asked { path: path.to_owned(), value, secret });
        }
    }
}
