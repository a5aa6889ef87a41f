//! Stages: which there are, and what one of them looks like once its differences have been merged over the file.

use super::decode::Table;
use super::interpolate::shorten;
use super::limits;
use super::tree::{Kind, Node};

/// What identifies the application; a stage that changed one of them would be another application.
pub(super) const FIXED: [&str; 3] = ["name", "stage", "stages"];

/// Lays `over` upon `base`: mappings merge, everything else replaces, and null removes. Positions stay with the text
/// each value came from.
pub(super) fn merge(base: &Node, over: &Node) -> Node {
    let (Kind::Map(below), Kind::Map(above)) = (&base.kind, &over.kind) else {
        return over.clone();
    };
    let mut merged = Vec::with_capacity(below.len() + above.len());
    for (key, node) in below {
        match above.iter().find(|(k, _)| k.text == key.text) {
            None => merged.push((key.clone(), node.clone())),
            Some((_, Node { kind: Kind::Null, .. })) => {}
            Some((k, changed)) if changed.is_collection() && node.is_collection() => {
                merged.push((k.clone(), merge(node, changed)));
            }
            Some((k, changed)) => merged.push((k.clone(), changed.clone())),
        }
    }
    let added = above
        .iter()
        .filter(|(key, node)| !matches!(node.kind, Kind::Null) && !below.iter().any(|(k, _)| k.text == key.text));
    merged.extend(added.cloned());
    Node { span: base.span.clone(), kind: Kind::Map(merged) }
}

/// The whole file as the stage with these differences sees it. A custom domain is one host name, so a stage has one
/// only where it names its own.
pub(super) fn merge_stage(root: &Node, differences: &Node) -> Node {
    let mut base = root.clone();
    if let Kind::Map(entries) = &mut base.kind
        && differences.get("domain").is_none()
    {
        entries.retain(|(key, _)| key.text != "domain");
    }
    let mut own = differences.clone();
    if let Kind::Map(entries) = &mut own.kind {
        entries.retain(|(key, _)| !FIXED.contains(&key.text.as_str()));
    }
    if own.is_collection() { merge(&base, &own) } else { base }
}

/// Judges the `stages` mapping itself; what a stage says is judged when it is the one being read.
pub(super) fn judge(root: &Table<'_>, base_stage: &str) {
    let Some(stages) = root.get("stages") else {
        return;
    };
    for (key, stage) in stages.entries() {
        limits::stage_name(&stage, &key.text);
        if key.text == base_stage {
            let message = format!("the stage `{}` is the file's own", shorten(&key.text));
            stage.fault_in_key("duplicate_stage", message, "what it needs belongs at the top level");
        }
        for (own, entry) in stage.entries() {
            if FIXED.contains(&own.text.as_str()) {
                let message = format!("a stage cannot change `{}`", own.text);
                entry.fault_in_key("fixed_key", message, "remove it; names get the suffix of the stage by themselves");
            }
        }
    }
}
