//! Mapping templates: what they put into JSON, and which requests they never see (AWS_FACTS C4, C5).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::fault::{Source, Span};
use super::super::model::{IntegrationKind, Passthrough, Route, Template};
use super::super::templates::{in_block, place};
use super::super::tree::{Kind, Node};
use super::{Look, Place, WarningCode, called, in_method};
use crate::vtl::{self, Hazard, HazardKind};

pub(super) fn look(look: &Look<'_>) {
    for route in &look.spec.api.routes {
        for (content_type, template) in &route.integration.templates {
            let keys = in_method(route, &["request", "templates", content_type]);
            // Whatever the caller sent, a function is sent JSON.
            let json = route.integration.kind == IntegrationKind::Lambda && looks_like_json(&template.text);
            if json || is_json(content_type) {
                judge(look, route, &keys, template);
            }
        }
        for (status, response) in &route.responses {
            let status = status.to_string();
            for (content_type, template) in &response.templates {
                let keys = in_method(route, &["responses", &status, "templates", content_type]);
                if is_json(content_type) || content_type == "$default" && looks_like_json(&template.text) {
                    judge(look, route, &keys, template);
                }
            }
        }
        bodies(look, route);
    }
    unused(look);
}

fn is_json(content_type: &str) -> bool {
    let bare = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    bare == "application/json" || bare.ends_with("+json") || bare == "text/json"
}

/// Whether the first thing a template prints begins an object or a list.
fn looks_like_json(template: &str) -> bool {
    let lines = template.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.starts_with(['{', '['])).next().unwrap_or(false)
}

fn judge(look: &Look<'_>, route: &Route, keys: &[&str], template: &Template) {
    let Some(node) = look.node(keys) else { return };
    let Ok(parsed) = vtl::Template::parse(&template.text) else { return };
    for hazard in parsed.hazards() {
        let Hazard { kind, reference, parameter, .. } = &hazard;
        let escaped = format!("$util.escapeJavaScript({})", plain(reference));
        let (code, message, help) = match kind {
            HazardKind::RawParameter => (
                WarningCode::RawParameter,
                match parameter {
                    Some(name) => {
                        format!("`{name}` is put into JSON as the caller sent it: a `\"` in it writes JSON of its own")
                    }
                    None => "text of the caller's is put into JSON as it came: a `\"` in it writes JSON of its own"
                        .to_owned(),
                },
                format!("write \"{escaped}.replaceAll(\"\\\\'\", \"'\")\", in quotes"),
            ),
            HazardKind::RawBody if reference.contains("input.json") => (
                WarningCode::RawBody,
                format!("`{reference}` is JSON with quotes of its own, and stands between quotes"),
                format!("leave the quotes around it out, or write \"{escaped}.replaceAll(\"\\\\'\", \"'\")\""),
            ),
            HazardKind::RawBody if reference.contains("input.body") || reference.contains("getBody") => (
                WarningCode::RawBody,
                format!("`{reference}` is whatever was sent, and becomes part of this JSON"),
                "write $input.json('$'), which is JSON whatever was sent".to_owned(),
            ),
            HazardKind::RawBody => (
                WarningCode::RawBody,
                format!("`{reference}` is put between quotes as it came: a `\"` in it breaks the JSON"),
                format!("write \"{escaped}.replaceAll(\"\\\\'\", \"'\")\""),
            ),
            HazardKind::Apostrophe => (
                WarningCode::Apostrophe,
                "escapeJavaScript writes \\' for an apostrophe, which JSON does not know".to_owned(),
                "add .replaceAll(\"\\\\'\", \"'\") behind it".to_owned(),
            ),
            HazardKind::Unquoted => (
                WarningCode::Unquoted,
                format!("`{reference}` stands outside of quotes: what is no number breaks the JSON"),
                "put quotes around it, and let the function make a number of it".to_owned(),
            ),
        };
        let place = at(look, node, keys, template, (hazard.line, hazard.column, &hazard.reference));
        look.warn_of(route, code, place, message, help);
    }
}

/// The reference without what is only punctuation: `$!{input.x}` is `$input.x`.
fn plain(reference: &str) -> String {
    let inner = reference.trim_start_matches('$').trim_start_matches('!');
    let inner = inner.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(inner);
    format!("${inner}")
}

/// What stands at a line and column of the template: in its own file, or in deploy.yaml where it stands there.
pub(super) fn at(
    look: &Look<'_>,
    node: &Node,
    keys: &[&str],
    template: &Template,
    (line, column, written): (usize, usize, &str),
) -> Place {
    let path = look.place(keys).path;
    let length = written.chars().count();
    if let Some(file) = &template.file {
        let written = match &node.kind {
            Kind::Text { text, .. } => text.as_str(),
            _ => "",
        };
        // What the environment says is not shown.
        let shown = if written.contains("${env:") { PathBuf::from(written) } else { file.clone() };
        let source = Arc::new(Source { path: shown, text: template.text.clone() });
        return Place { path, span: place(&source, 0, line, column, length) };
    }
    let text = node.get("inline").unwrap_or(node);
    let span = in_block(text, line, column, length).unwrap_or_else(|| text.span.clone());
    Place { path, span }
}

fn bodies(look: &Look<'_>, route: &Route) {
    let integration = &route.integration;
    let request = in_method(route, &["request"]);
    if integration.kind != IntegrationKind::Lambda || integration.templates.is_empty() {
        return;
    }
    let has_default = integration.templates.contains_key("$default");
    let brings_a_body = matches!(route.verb.as_str(), "POST" | "PUT" | "PATCH" | "ANY");
    if integration.passthrough == Passthrough::WhenNoMatch && brings_a_body && !has_default {
        let place = look.place(&in_method(route, &["request", "passthrough"]));
        let message = format!(
            "a body of another content type goes past the template of `{}`: the function gets it as it came",
            called(route)
        );
        let help = "write `passthrough: never`: what no template is for is answered with 415";
        look.warn_of(route, WarningCode::UntemplatedBody, place, message, help);
    }
    let without_body = matches!(route.verb.as_str(), "GET" | "DELETE" | "HEAD");
    if without_body && !has_default && !integration.templates.keys().any(|key| key == "application/json") {
        let (first, then) = (integration.templates.keys().next(), integration.passthrough);
        let then = if then == Passthrough::WhenNoMatch {
            "the function gets an empty body"
        } else {
            "it is answered with 415"
        };
        let place = look.key(&in_method(route, &["request", "templates", first.map_or("", String::as_str)]));
        let message = format!(
            "a `{}` without a Content-Type counts as application/json: no template is for it, and {then}",
            route.verb
        );
        look.warn_of(route, WarningCode::NoTemplateWithoutContentType, place, message, "write application/json");
    }
    debug_assert!(look.node(&request).is_some() || integration.templates.len() == 1);
}

/// A `.vtl` beside those in use that no stage of the file names.
fn unused(look: &Look<'_>) {
    let mut directories: Vec<&Path> = Vec::new();
    for file in look.named.iter().filter(|file| file.extension().is_some_and(|ending| ending == "vtl")) {
        // The project's own directory is not a directory of templates.
        if let Some(directory) = file.parent().filter(|directory| *directory != look.directory)
            && !directories.contains(&directory)
        {
            directories.push(directory);
        }
    }
    for directory in directories {
        let Ok(entries) = std::fs::read_dir(directory) else { continue };
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        files.sort();
        let is_template = |file: &&PathBuf| file.extension().is_some_and(|ending| ending == "vtl") && file.is_file();
        for file in files.iter().filter(is_template).filter(|file| !look.named.contains(file)) {
            let text = std::fs::read_to_string(file).unwrap_or_default();
            let source = Arc::new(Source { path: file.clone(), text });
            let span = Span { source, start: 0, end: 0, line: 1, column: 1 };
            let message = format!("nothing in deploy.yaml names {}", file.display());
            let help = "name it under `templates`, or remove it: an edit of it would change nothing";
            look.warn(WarningCode::UnusedTemplate, Place { path: String::new(), span }, message, help);
        }
    }
}
