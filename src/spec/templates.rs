//! Mapping templates and the other files deploy.yaml names: read, judged, and kept with where they came from.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

use super::decode::{At, Table};
use super::fault::{Source, Span};
use super::grammar::INLINE;
use super::interpolate::shorten;
use super::limits;
use super::model::{Parameter, Template};
use super::tree::{self, Kind, Node, Style};
use crate::vtl;

/// A: size of a mapping template, and of the schema of a model.
const MAX_TEMPLATE: u64 = 300 * 1024;
const MAX_VALUE: u64 = 400 * 1024;

/// The mapping templates under `templates`, judged as VTL against what the method declares.
pub(super) fn read(table: &Table<'_>, parameters: &[Parameter]) -> IndexMap<String, Template> {
    let mut templates = IndexMap::new();
    for (key, at) in table.entries("templates") {
        limits::content_type(&at, &key.text);
        let Some((template, text)) = load(&at) else {
            continue;
        };
        judge(&text, &template.text, parameters);
        templates.insert(key.text.clone(), template);
    }
    templates
}

/// Templates that are not VTL.
pub(super) fn plain(table: &Table<'_>) -> BTreeMap<String, Template> {
    let mut templates = BTreeMap::new();
    for (key, at) in table.entries("templates") {
        limits::content_type(&at, &key.text);
        if let Some((template, _)) = load(&at) {
            templates.insert(key.text.clone(), template);
        }
    }
    templates
}

/// Where a template's own lines are to be shown.
enum Text<'a> {
    File {
        at: At<'a>,
        source: Arc<Source>,
    },
    /// In deploy.yaml itself.
    Inline {
        at: At<'a>,
    },
}

fn load<'a>(at: &At<'a>) -> Option<(Template, Text<'a>)> {
    if let Kind::Map(_) = at.node.kind {
        // The template's own `${…}` are VTL's.
        let inline = at.table(&INLINE)?.need("inline")?;
        let text = inline.raw_text()?.to_string();
        return Some((Template { text, file: None }, Text::Inline { at: inline }));
    }
    let (path, source) = file(at, MAX_TEMPLATE)?;
    let text = source.text.clone();
    Some((Template { text, file: Some(path) }, Text::File { at: at.clone(), source }))
}

/// The file a value names: its path, and its text under the name a message may show.
fn file(at: &At<'_>, limit: u64) -> Option<(PathBuf, Arc<Source>)> {
    let name = at.text()?;
    let path = at.reader.resolve(&name.text);
    match super::read_text(&path, limit) {
        Ok(text) => {
            let shown = if name.from_env { PathBuf::from(name.shown()) } else { path.clone() };
            Some((path, Arc::new(Source { path: shown, text })))
        }
        Err(super::Unread { code, message, help, .. }) => {
            let missing = code == "missing_file";
            let message = if name.from_env { format!("the file `{}` cannot be used", name.shown()) } else { message };
            let help = if missing { super::lost(&name, &path) } else { help };
            at.fault(code, message, help);
            None
        }
    }
}

fn judge(text: &Text<'_>, template: &str, parameters: &[Parameter]) {
    if template.is_empty() {
        // API Gateway stores nothing for it and hands null back, which no client can read (B1).
        let help = "leave it out to pass the body on as it is, or write what should be sent";
        text.fault("empty_template", 1, 1, "the template is empty".to_string(), help);
    }
    match vtl::Template::parse(template) {
        Err(_) => {
            for broken in vtl::Template::faults(template) {
                let message = format!("the template does not parse: {}", broken.message);
                let help = "API Gateway would answer 500 with it";
                text.fault("template_syntax", broken.line, broken.column, message, help);
            }
        }
        Ok(parsed) => {
            if let Some(fault) = parsed.fault() {
                let (line, column) = fault.at.map_or((1, 1), |at| (at.line, at.column));
                let message = format!("the template cannot be rendered: {}", fault.message);
                text.fault("template_syntax", line, column, message, "API Gateway would answer 500 with it");
            }
            // One that resembles none may be meant: API Gateway hands over all that was sent (C5).
            for used in parsed.parameters() {
                if parameters.iter().any(|parameter| parameter.name == used.name) {
                    continue;
                }
                let Some(near) = parameters.iter().find(|parameter| misspelt(&used.name, &parameter.name)) else {
                    continue;
                };
                let message = format!(
                    "the template reads the parameter `{}`, which the method does not declare",
                    shorten(&used.name)
                );
                let help = format!("did you mean `{}`?", near.name);
                text.fault("undeclared_parameter", used.line, used.column, message, &help);
            }
        }
    }
}

/// One letter off, or in other capitals. Of names as short as `x` any is one letter off.
fn misspelt(used: &str, declared: &str) -> bool {
    used.eq_ignore_ascii_case(declared)
        || used.chars().count().max(declared.chars().count()) > 2 && strsim::osa_distance(declared, used) <= 1
}

impl Text<'_> {
    /// A mistake at a line and column of the template.
    fn fault(&self, code: &'static str, line: usize, column: usize, message: String, help: &str) {
        match self {
            Text::File { at, source } => {
                let length = word_at(&source.text, line, column);
                at.fault_at(place(source, 0, line, column, length), code, message, help);
            }
            Text::Inline { at } => {
                // In a `|` block the template's lines are the file's, indented; elsewhere quoting and folding hide them.
                let length = at.raw_text().map_or(1, |text| word_at(text, line, column));
                match in_block(at.node, line, column, length) {
                    Some(span) => at.fault_at(span, code, message, help),
                    None => at.fault(code, format!("{message} (line {line}, column {column} of the template)"), help),
                }
            }
        }
    }
}

/// How many characters the word or the text in quotes has that begins there; one, if it is neither.
fn word_at(text: &str, line: usize, column: usize) -> usize {
    let line = text.split('\n').nth(line.saturating_sub(1)).unwrap_or_default();
    let rest: Vec<char> = line.chars().skip(column.saturating_sub(1)).collect();
    let word = |letter: &&char| letter.is_alphanumeric() || "_.-$!".contains(**letter);
    match rest.first() {
        Some(quote @ ('"' | '\'')) => rest.iter().skip(1).position(|letter| letter == quote).map_or(1, |at| at + 2),
        _ => rest.iter().take_while(word).count().max(1),
    }
}

/// The place in the file of a line and column of a text, `length` characters long, where the text is a `|` block.
pub(super) fn in_block(node: &Node, line: usize, column: usize, length: usize) -> Option<Span> {
    let Kind::Text { style: Style::Literal, text } = &node.kind else { return None };
    let (above, indent) = block_origin(node, text)?;
    Some(place(&node.span.source, indent, above + line, column, length))
}

/// How many lines the text of a `|` block starts below the file's first, and by how much it is indented: told from its
/// first line that is not blank.
fn block_origin(node: &Node, template: &str) -> Option<(usize, usize)> {
    let not_blank = |(_, line): &(usize, &str)| !line.trim().is_empty();
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let (own, first) = template.lines().enumerate().find(not_blank)?;
    // The parser's span starts at the content; a header it might start at instead is skipped.
    let below = node.span.source.text.lines().enumerate().skip(node.span.line - 1);
    let (line, shown) = below.filter(|(_, line)| line.trim_start().starts_with(first.trim())).find(not_blank)?;
    Some((line.checked_sub(own)?, indent(shown).checked_sub(indent(first))?))
}

/// The span of so many characters of a line, `indent` columns in; past the end of its line it is the end of the line.
pub(super) fn place(source: &Arc<Source>, indent: usize, line: usize, column: usize, length: usize) -> Span {
    let mut start = 0;
    let mut found = "";
    for (number, text) in (1..).zip(source.text.split_inclusive('\n')) {
        found = text.trim_end_matches(['\n', '\r']);
        if number == line {
            break;
        }
        start += text.len();
    }
    let column = column + indent;
    let offset = found.char_indices().nth(column - 1).map_or(found.len(), |(at, _)| at);
    let width: usize = found[offset..].chars().take(length).map(char::len_utf8).sum();
    let start = (start + offset).min(source.text.len());
    Span { source: source.clone(), start, end: (start + width).min(source.text.len()), line, column }
}

/// A mapping as it stands, or the JSON or YAML file that a text names. `${…}` is filled in in the former only.
pub(super) fn value_or_file(at: &At<'_>, what: &str) -> Option<Value> {
    match at.node.kind {
        Kind::Map(_) => return Some(at.json()),
        Kind::Text { .. } => {}
        _ => {
            let message = format!("`{what}` must be a mapping or the path of a file, found {}", at.node.found());
            at.fault("wrong_type", message, "write it out here, or name a .json or .yaml file");
            return None;
        }
    }
    let (path, source) = file(at, MAX_VALUE)?;
    let json = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    if json {
        return match serde_json::from_str::<Value>(&source.text) {
            Ok(value) => Some(value),
            Err(error) => {
                let span = place(&source, 0, error.line().max(1), error.column().max(1), 1);
                let message = format!("{} is not JSON", source.path.display());
                at.fault_at(span, "json_syntax", message, error.to_string());
                None
            }
        };
    }
    match tree::parse(&source) {
        Ok(node) => Some(node.to_json(&mut |_, text| text.to_string())),
        Err(faults) => {
            for fault in faults {
                let span = fault.span.unwrap_or_else(|| at.span().clone());
                at.fault_at(span, fault.code, fault.message, fault.help.unwrap_or_default());
            }
            None
        }
    }
}
