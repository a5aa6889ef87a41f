//! `allow: [POC012]`: what the file keeps quiet, and what it keeps quiet for nothing.

use super::super::decode::Table;
use super::super::fault::Span;
use super::super::tree::{Kind, Node};
use super::{Found, Linted, Warning, WarningCode};

/// One code in an `allow`.
pub(in crate::spec) struct Allowed {
    span: Span,
    path: String,
    name: String,
    used: bool,
}

/// Codes that there are not are mistakes.
pub(in crate::spec) fn judge(table: &Table<'_>) {
    for at in table.items("allow") {
        at.choice(WarningCode::NAMES);
    }
}

/// Takes out what the file allows.
pub(super) fn sort_out(root: &Node, found: Vec<Found>) -> Linted {
    let mut allowed = entries(root.get("allow"), None, "allow");
    let resources = root.get("api").and_then(|api| api.get("resources"));
    for (path, methods) in members(resources) {
        for (verb, method) in members(Some(methods)) {
            let place = format!("api.resources.{path}.{verb}.allow");
            allowed.extend(entries(method.get("allow"), Some((path.to_owned(), verb.to_owned())), &place));
        }
    }
    let mut warnings = Vec::new();
    for Found { warning, method } in found {
        let name = warning.code.name();
        let heeds = |scope: &Option<(String, String)>| scope.is_none() || *scope == method;
        let mut quiet = false;
        for (scope, entry) in allowed.iter_mut().filter(|(scope, entry)| entry.name == name && heeds(scope)) {
            quiet = true;
            // The nearer one is what counts; the other may still be of use elsewhere.
            entry.used |= scope.is_some() || method.is_none() || !has_own(root, method.as_ref(), name);
        }
        if !quiet && !warnings.iter().any(|told: &Warning| told.says_the_same(&warning)) {
            warnings.push(warning);
        }
    }
    Linted { warnings, allowed: allowed.into_iter().map(|(_, entry)| entry).collect() }
}

fn has_own(root: &Node, method: Option<&(String, String)>, name: &str) -> bool {
    let Some((path, verb)) = method else { return false };
    let own = ["api", "resources", path, verb, "allow"].into_iter().try_fold(root, |node, key| node.get(key));
    entries(own, None, "").iter().any(|(_, entry)| entry.name == name)
}

/// Entries that kept nothing quiet in any of the stages that were looked at.
pub(super) fn unused(allowed: &[Allowed]) -> Vec<Warning> {
    let mut told: Vec<Warning> = Vec::new();
    for entry in allowed {
        let of_use = allowed.iter().any(|other| other.span == entry.span && other.used);
        let message = format!("`{}` is allowed here, and nothing here would be warned of", entry.name);
        let warning = Warning {
            code: WarningCode::UnusedAllow,
            path: entry.path.clone(),
            span: entry.span.clone(),
            message,
            help: "remove it, so that it does not hide what comes later".to_owned(),
        };
        if !of_use && !told.contains(&warning) {
            told.push(warning);
        }
    }
    told
}

type Scope = Option<(String, String)>;

fn entries(allow: Option<&Node>, scope: Scope, path: &str) -> Vec<(Scope, Allowed)> {
    let Some(Kind::List(items)) = allow.map(|node| &node.kind) else { return Vec::new() };
    let entry = |(at, item): (usize, &Node)| match &item.kind {
        Kind::Text { text, .. } => {
            let path = format!("{path}[{at}]");
            Some((scope.clone(), Allowed { span: item.span.clone(), path, name: text.clone(), used: false }))
        }
        _ => None,
    };
    items.iter().enumerate().filter_map(entry).collect()
}

fn members(node: Option<&Node>) -> Vec<(&str, &Node)> {
    match node.map(|node| &node.kind) {
        Some(Kind::Map(entries)) => entries.iter().map(|(key, value)| (key.text.as_str(), value)).collect(),
        _ => Vec::new(),
    }
}
