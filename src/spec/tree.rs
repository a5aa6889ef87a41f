//! A YAML text as a tree in which every value knows where it stands. Only the part of YAML that reads the same to
//! everybody is accepted: one document, no anchors or aliases (and so no bombs), no tags, no key twice. It knows
//! nothing of what deploy.yaml means.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, Number, Value};
use serde_yaml::granit_parser::{self as yaml, Event, Marker, Parser, ScalarStyle};

use super::fault::{Fault, Source, Span};
use super::syntax;

/// The deepest nesting that is read; deploy.yaml itself needs nine levels.
pub(super) const MAX_DEPTH: usize = 64;
/// More values than this are not a deploy.yaml (300 resources of 30 values each are 9 000).
pub(super) const MAX_NODES: usize = 100_000;
/// After so many faults of form, reading stops: the rest would be noise.
const MAX_FAULTS: usize = 50;

#[derive(Clone, Debug)]
pub(super) struct Node {
    /// A scalar's whole text; of a list or mapping, its first line.
    pub span: Span,
    pub kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text { text: String, style: Style },
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Quoted,
    /// A `|` block, whose lines stand in the file as they are.
    Literal,
    Folded,
}

#[derive(Clone, Debug)]
pub(super) struct Key {
    pub text: String,
    pub span: Span,
}

impl Node {
    /// What it is, in the words used to a reader of YAML.
    pub fn found(&self) -> &'static str {
        match &self.kind {
            Kind::Null => "nothing",
            Kind::Bool(_) => "true/false",
            Kind::Int(_) => "a whole number",
            Kind::Float(_) => "a number",
            Kind::Text { .. } => "text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
        }
    }

    pub fn is_collection(&self) -> bool {
        matches!(self.kind, Kind::List(_) | Kind::Map(_))
    }

    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.kind {
            Kind::Map(entries) => entries.iter().find(|(k, _)| k.text == key).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The same as JSON. A number that JSON cannot hold becomes null.
    pub fn to_json(&self, text: &mut dyn FnMut(&Node, &str) -> String) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(b) => Value::Bool(*b),
            Kind::Int(i) => Value::from(*i),
            Kind::Float(f) => Number::from_f64(*f).map_or(Value::Null, Value::Number),
            Kind::Text { text: t, .. } => Value::String(text(self, t)),
            Kind::List(items) => Value::Array(items.iter().map(|n| n.to_json(text)).collect()),
            Kind::Map(entries) => {
                Value::Object(entries.iter().map(|(k, v)| (k.text.clone(), v.to_json(text))).collect::<Map<_, _>>())
            }
        }
    }
}

/// Reads one document. All faults of form that can be seen at once are reported together.
pub(super) fn parse(source: &Arc<Source>) -> Result<Node, Vec<Fault>> {
    if let Some(fault) = control_character(source) {
        return Err(vec![fault]);
    }
    let mut builder = Builder { source, faults: Vec::new(), open: Vec::new(), root: None, documents: 0, nodes: 0 };
    let options = yaml::options! {
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
        emit_comments: false,
        emit_anchor_events: true,
        emit_unresolved_aliases: true,
    };
    for event in Parser::new_from_str_with_options(&source.text, options) {
        match event {
            Ok((event, span)) => {
                if !builder.take(event, &span) {
                    break;
                }
            }
            Err(error) => {
                let span = point(source, error.marker());
                builder.faults.push(syntax::fault(source, span, &error.info()));
                break;
            }
        }
        if builder.faults.len() >= MAX_FAULTS {
            break;
        }
    }
    match builder.root {
        Some(root) if builder.faults.is_empty() => Ok(root),
        None if builder.faults.is_empty() => Err(vec![Fault {
            code: "empty_file",
            path: String::new(),
            span: Some(Span::of(source, 0, 0)),
            message: format!("{} is empty", source.path.display()),
            help: Some("`poc init` writes one to start from in another directory".to_string()),
        }]),
        _ => {
            builder.faults.iter().for_each(Fault::has_a_page);
            Err(builder.faults)
        }
    }
}

/// YAML forbids most control characters; naming the first one is clearer than a parser's complaint further on.
fn control_character(source: &Arc<Source>) -> Option<Fault> {
    let (mut line, mut column) = (1, 1);
    for (at, c) in source.text.char_indices() {
        let refused =
            (c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}')) || matches!(c, '\u{fffe}' | '\u{ffff}');
        if refused {
            let span = Span { source: source.clone(), start: at, end: at + c.len_utf8(), line, column };
            return Some(Fault {
                code: "control_character",
                path: String::new(),
                span: Some(span),
                message: format!("the control character U+{:04X} stands here", c as u32),
                help: Some("remove it; inside double quotes it can be written as an escape".to_string()),
            });
        }
        if c == '\n' {
            (line, column) = (line + 1, 1);
        } else {
            column += 1;
        }
    }
    None
}

enum Open {
    List {
        span: Span,
        items: Vec<Node>,
    },
    Map {
        span: Span,
        entries: Vec<(Key, Node)>,
        seen: HashSet<String>,
        key: Option<Key>,
    },
    /// A list or mapping that stands as a key (already reported): its content is skipped.
    Skipped,
}

struct Builder<'a> {
    source: &'a Arc<Source>,
    faults: Vec<Fault>,
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    nodes: usize,
}

impl Builder<'_> {
    /// False once there is no use in reading on.
    fn take(&mut self, event: Event<'_>, span: &yaml::Span) -> bool {
        let at = self.span(span);
        self.nodes += usize::from(event.is_node());
        if self.nodes > MAX_NODES {
            let message = format!("the file holds more than {MAX_NODES} values");
            self.refuse("too_large", at, message, "an API of 300 resources needs a tenth of that");
            return false;
        }
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents == 2 {
                    let help = "keep one, and put the differences between stages under `stages`";
                    self.refuse("several_documents", at, "a second YAML document starts here".to_string(), help);
                    return false;
                }
            }
            Event::Anchor(_, name) => {
                let help = "write the value out where it is needed";
                self.refuse("anchor", at, format!("the anchor `&{name}` is not read here"), help);
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                let help = "write the value out where it is needed";
                let message = format!("the alias `{}` is not read here", self.slice(&at));
                self.refuse("alias", at.clone(), message, help);
                self.place(Node { span: at, kind: Kind::Null });
            }
            Event::Scalar(text, style, _, tag) => {
                self.refuse_tag(tag.is_some(), span, &at);
                let kind = scalar(&text, style);
                self.scalar(Node { span: at, kind }, text.into_owned());
            }
            Event::SequenceStart(_, _, tag) => {
                self.refuse_tag(tag.is_some(), span, &at);
                let opened = Open::List { span: self.first_line(at.clone()), items: Vec::new() };
                self.begin(opened, &at);
            }
            Event::MappingStart(_, _, tag) => {
                self.refuse_tag(tag.is_some(), span, &at);
                let opened = Open::Map {
                    span: self.first_line(at.clone()),
                    entries: Vec::new(),
                    seen: HashSet::new(),
                    key: None,
                };
                self.begin(opened, &at);
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List { span, items }) => self.place(Node { span, kind: Kind::List(items) }),
                Some(Open::Map { span, entries, .. }) => self.place(Node { span, kind: Kind::Map(entries) }),
                Some(Open::Skipped) | None => {}
            },
            _ => {}
        }
        true
    }

    fn begin(&mut self, opened: Open, at: &Span) {
        let as_key = matches!(self.open.last(), Some(Open::Map { key: None, .. }));
        let skipped = matches!(self.open.last(), Some(Open::Skipped));
        if as_key {
            let message = "a list or mapping stands where a key is wanted".to_string();
            self.refuse("key_not_text", at.clone(), message, "keys are text; quote a value that starts with [ or {");
            if let Some(Open::Map { key, .. }) = self.open.last_mut() {
                *key = Some(Key { text: String::new(), span: at.clone() });
            }
        }
        self.open.push(if as_key || skipped { Open::Skipped } else { opened });
    }

    fn scalar(&mut self, node: Node, text: String) {
        let Some(Open::Map { key: key @ None, seen, .. }) = self.open.last_mut() else {
            return self.place(node);
        };
        let repeated = !seen.insert(text.clone());
        *key = Some(Key { text: text.clone(), span: node.span.clone() });
        if repeated {
            let message = format!("the key `{text}` stands here a second time");
            self.refuse("duplicate_key", node.span, message, "keep one of the two");
        }
    }

    fn place(&mut self, node: Node) {
        match self.open.last_mut() {
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { entries, key, .. }) => {
                if let Some(key) = key.take() {
                    entries.push((key, node));
                }
            }
            Some(Open::Skipped) => {}
            None => self.root = Some(node),
        }
    }

    fn refuse(&mut self, code: &'static str, span: Span, message: String, help: &str) {
        self.faults.push(Fault { code, path: String::new(), span: Some(span), message, help: Some(help.to_string()) });
    }

    fn refuse_tag(&mut self, tagged: bool, span: &yaml::Span, at: &Span) {
        if tagged {
            let at = span.tag_span().map_or_else(|| at.clone(), |tag| self.span(&tag));
            let message = format!("the tag `{}` is not read here", self.slice(&at));
            self.refuse("tag", at, message, "remove it; put text that looks like a number in quotes");
        }
    }

    fn slice(&self, span: &Span) -> String {
        self.source.text.get(span.start..span.end).unwrap_or_default().chars().take(60).collect()
    }

    fn span(&self, span: &yaml::Span) -> Span {
        let start = point(self.source, &span.start);
        let end = span.end.byte_offset().unwrap_or(start.end).clamp(start.start, self.source.text.len());
        Span { end, ..start }
    }

    /// A collection may run over many lines: what is shown of it is where it starts.
    fn first_line(&self, span: Span) -> Span {
        let rest = self.source.text.get(span.start..).unwrap_or_default();
        let length = rest.find(['\n', '\r']).unwrap_or(rest.len());
        Span { end: span.start + rest[..length].trim_end().len(), ..span }
    }
}

fn point(source: &Arc<Source>, marker: &Marker) -> Span {
    let at = marker.byte_offset().unwrap_or_default().min(source.text.len());
    Span { source: source.clone(), start: at, end: at, line: marker.line().max(1), column: marker.col() + 1 }
}

/// YAML 1.2's core schema. Only plain scalars can be anything but text.
fn scalar(text: &str, style: ScalarStyle) -> Kind {
    let style = match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
    };
    if style == Style::Plain { plain(text) } else { Kind::Text { text: text.to_string(), style } }
}

/// What a plain scalar of this text is; also used once `${…}` in a plain scalar has been filled in.
pub(super) fn plain(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Kind::Null,
        "true" | "True" | "TRUE" => return Kind::Bool(true),
        "false" | "False" | "FALSE" => return Kind::Bool(false),
        ".nan" | ".NaN" | ".NAN" => return Kind::Float(f64::NAN),
        _ => {}
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(digits, ".inf" | ".Inf" | ".INF") {
        return Kind::Float(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY });
    }
    let number = match (text.strip_prefix("0x"), text.strip_prefix("0o")) {
        (Some(hex), _) => i64::from_str_radix(hex, 16).ok(),
        (_, Some(octal)) => i64::from_str_radix(octal, 8).ok(),
        _ if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    };
    if let Some(number) = number {
        return Kind::Int(number);
    }
    let numeric = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.bytes().any(|b| b.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    match text.parse::<f64>() {
        Ok(number) if numeric => Kind::Float(number),
        _ => Kind::Text { text: text.to_string(), style: Style::Plain },
    }
}
