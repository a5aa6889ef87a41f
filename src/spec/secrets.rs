//! What stands in the file and nobody is to see once more: lines around a mistake or a warning are shown, on terminals and
//! in the logs of build servers.

use std::sync::Arc;

use super::fault::{Source, Span};
use super::tree::{Kind, Node};

/// How much of a value, in characters, is looked at to see whether it is one.
const LONG: usize = 200;

/// Makes the secrets of the file unreadable wherever one of the spans shows a part of it.
pub(super) fn hide<'s>(root: &Node, spans: impl Iterator<Item = &'s mut Span>) {
    let source = &root.span.source;
    let mut found: Vec<&Span> = Vec::new();
    of_stage(root, &mut found);
    if let Some(Kind::Map(stages)) = root.get("stages").map(|node| &node.kind) {
        stages.iter().for_each(|(_, stage)| of_stage(stage, &mut found));
    }
    show_instead(source, &found.iter().map(|span| (span.start, span.end)).collect::<Vec<_>>(), spans);
}

/// The same for a file that no tree can be made of: by everything that looks like `NAME: VALUE`.
pub(super) fn hide_by_name<'s>(source: &Arc<Source>, spans: impl Iterator<Item = &'s mut Span>) {
    let text = source.text.as_str();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (colon, _) in text.match_indices(':') {
        // Hidden with the value before it.
        if found.last().is_some_and(|(_, end)| colon < *end) {
            continue;
        }
        let before = text[..colon].trim_end_matches(['"', '\'']);
        let name = &before[before.trim_end_matches(is_name).len()..];
        let blank = text[colon + 1..].len() - text[colon + 1..].trim_start_matches(' ').len();
        let rest = &text[colon + 1 + blank..];
        let seen: String = rest.chars().take(LONG).collect();
        // What the value is, a comment does not say; hidden it is all the same, for who knows what was meant as one.
        let value = seen[..length(&seen)].split(" #").next().unwrap_or_default();
        let is_key = name == "value" && !value.contains("${");
        if is_key || looks_secret(name, value.trim().trim_matches(['"', '\''])).is_some() {
            found.push((colon + 1 + blank, colon + 1 + blank + rest[..length(rest)].trim_end().len()));
        }
    }
    show_instead(source, &found, spans);
}

/// Of a value at the beginning of a text, in bytes: to the end of its quotes, or to what ends it in a list or a line.
fn length(text: &str) -> usize {
    match text.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        Some(quote) => text[1..].find([quote, '\n']).map_or(text.len(), |end| end + 2),
        None => text.find([',', '}', ']', '\n']).unwrap_or(text.len()),
    }
}

/// The stretches from one byte to another as stars, at the same places.
fn show_instead<'s>(source: &Arc<Source>, secrets: &[(usize, usize)], spans: impl Iterator<Item = &'s mut Span>) {
    if secrets.is_empty() {
        return;
    }
    let mut text = source.text.clone();
    for (start, end) in secrets {
        let Some(own) = text.get(*start..*end) else { continue };
        // As many bytes, and no fewer lines.
        let stars: String =
            own.chars().map(|c| if c == '\n' { "\n".to_owned() } else { "*".repeat(c.len_utf8()) }).collect();
        text.replace_range(*start..*end, &stars);
    }
    let hidden = Arc::new(Source { path: source.path.clone(), text });
    spans.filter(|span| span.source.path == hidden.path).for_each(|span| span.source = hidden.clone());
}

/// Values of API keys, and environment variables that are said to be secrets or look like one.
fn of_stage<'n>(stage: &'n Node, found: &mut Vec<&'n Span>) {
    if let Some(Kind::List(keys)) = stage.get("usage_plan").and_then(|plan| plan.get("keys")).map(|node| &node.kind) {
        let values = keys.iter().filter_map(|key| key.get("value"));
        found.extend(values.filter(|value| is_written_out(value)).map(|value| &value.span));
    }
    let environment = stage.get("function").and_then(|function| function.get("environment"));
    let Some(Kind::Map(variables)) = environment.map(|node| &node.kind) else { return };
    for (name, variable) in variables {
        let value = variable.get("value").unwrap_or(variable);
        let Kind::Text { text, .. } = &value.kind else { continue };
        let declared = matches!(variable.get("secret").map(|node| &node.kind), Some(Kind::Bool(true)));
        if is_written_out(value) && (declared || looks_secret(&name.text, text).is_some()) {
            found.push(&value.span);
        }
    }
}

/// Text that is not filled in from elsewhere.
pub(super) fn is_written_out(node: &Node) -> bool {
    matches!(&node.kind, Kind::Text { text, .. } if !text.is_empty() && !text.contains("${"))
}

/// `postgres://user:password@host/name`
fn holds_password(text: &str) -> bool {
    let authority = text.split_once("://").map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let user = authority.and_then(|authority| authority.rsplit_once('@')).map(|(user, _)| user);
    user.and_then(|user| user.split_once(':')).is_some_and(|(_, password)| !password.is_empty())
}

/// Why a variable of this name and text is taken for one.
pub(super) fn looks_secret(name: &str, text: &str) -> Option<&'static str> {
    let is_key_id = (text.starts_with("AKIA") || text.starts_with("ASIA"))
        && text.len() == 20
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if is_key_id || text.contains("PRIVATE KEY-----") {
        return Some("holds a key");
    }
    if ["ghp_", "github_pat_", "xoxb-", "xoxp-", "sk_live_", "glpat-"].iter().any(|start| text.starts_with(start)) {
        return Some("holds a token");
    }
    if holds_password(text) {
        return Some("holds a password");
    }
    let words: Vec<String> = name.split('_').map(str::to_ascii_uppercase).collect();
    let has = |word: &str| words.iter().any(|one| one == word);
    let named = ["PASSWORD", "PASSWD", "PWD", "SECRET", "TOKEN", "CREDENTIALS", "APIKEY"].iter().any(|word| has(word))
        || (has("KEY") && ["API", "ACCESS", "PRIVATE", "SECRET", "ENCRYPTION", "SIGNING"].iter().any(|word| has(word)));
    // Where it is to be found is no secret: a name, a path, an ARN; nor is a number or a switch, like TOKEN_LIMIT.
    let about =
        ["NAME", "ARN", "ID", "PATH", "FILE", "URL", "URI", "LIMIT", "TTL", "COUNT", "LENGTH", "TYPE", "HEADER"];
    let elsewhere = about.iter().any(|word| words.last().is_some_and(|last| last == word))
        || text.starts_with("arn:")
        || text.starts_with('/')
        || text.contains("://") && !text.contains('@')
        || text.parse::<f64>().is_ok()
        || matches!(text, "true" | "false");
    (named && !elsewhere).then_some("looks like a secret")
}
