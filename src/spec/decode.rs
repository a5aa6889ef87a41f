//! From the tree to typed values, by the tables of `grammar.rs`. A mistake is noted and reading goes on, so that one
//! run reports them all. Messages show what stands in the file, never what came from the environment.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::fault::{Fault, Span};
use super::grammar::{Mapping, Needed, Takes};
use super::interpolate::{Filled, Scope, fill, shorten};
use super::syntax;
use super::tree::{self, Key, Kind, Node, Style};

/// One reading of one stage: what `${…}` stands for, where paths start from, and the mistakes so far.
pub(super) struct Reader<'a> {
    /// The directory deploy.yaml stands in, as the user named it.
    pub directory: PathBuf,
    pub scope: Scope<'a>,
    /// The stage's own entry under `stages`; `None` for the file's own stage.
    pub differences: Option<&'a Node>,
    pub faults: RefCell<Vec<(usize, Fault)>>,
}

impl<'a> Reader<'a> {
    pub fn at(&'a self, node: &'a Node) -> At<'a> {
        At { reader: self, node, key: None, path: String::new(), needed: None }
    }

    /// Mistakes in the order of the file.
    pub fn into_faults(self) -> Vec<Fault> {
        let mut faults = self.faults.into_inner();
        faults.sort_by_key(|(position, _)| *position);
        faults.into_iter().map(|(_, fault)| fault).collect()
    }

    /// A path of the file as the user would name it from where they stand.
    pub fn resolve(&self, path: &str) -> PathBuf {
        let path = Path::new(path);
        if path.is_absolute() || self.directory.as_os_str().is_empty() {
            path.to_path_buf()
        } else {
            self.directory.join(path)
        }
    }

    /// A name that must be unique in the account: another stage's gets the suffix `-<stage>`, unless that stage's own
    /// entry sets it or the text tells stages apart already.
    pub fn unique(&self, path: &[&str], name: &Filled) -> String {
        let Some(differences) = self.differences else {
            return name.text.clone();
        };
        let set_there = path.iter().try_fold(differences, |node, key| node.get(key)).is_some();
        if set_there || name.names_stage() { name.text.clone() } else { format!("{}-{}", name.text, self.scope.stage) }
    }

    /// A mistake that two sections make together, placed where one of them can mend it.
    pub fn fault_at_path(&self, path: String, span: Span, code: &'static str, message: String, help: &str) {
        let position = span.start;
        self.note(position, Fault { code, path, span: Some(span), message, help: Some(help.to_string()) });
    }

    fn note(&self, position: usize, fault: Fault) {
        fault.has_a_page();
        self.faults.borrow_mut().push((position, fault));
    }
}

/// A value together with where it stands.
#[derive(Clone)]
pub(super) struct At<'a> {
    pub reader: &'a Reader<'a>,
    pub node: &'a Node,
    /// The key it stands under; items of a list have none.
    pub key: Option<&'a Key>,
    pub path: String,
    /// What a value that must be there is for.
    needed: Option<&'static str>,
}

impl<'a> At<'a> {
    /// What a message about this value points at: the value itself where it is on one line, else its key.
    pub fn span(&self) -> &'a Span {
        match self.key {
            Some(key) if self.node.is_collection() || matches!(self.node.kind, Kind::Null) => &key.span,
            _ => &self.node.span,
        }
    }

    /// The last part of the path, for sentences.
    pub fn name(&self) -> String {
        match self.key {
            Some(key) => key.text.clone(),
            None if self.path.is_empty() => "deploy.yaml".to_string(),
            None => self.path.clone(),
        }
    }

    pub fn fault(&self, code: &'static str, message: impl Into<String>, help: impl Into<String>) {
        self.fault_at(self.span().clone(), code, message, help);
    }

    /// A mistake at another place (a template file, the key) that belongs here in the order of the file.
    pub fn fault_at(&self, span: Span, code: &'static str, message: impl Into<String>, help: impl Into<String>) {
        let fault =
            Fault { code, path: self.path.clone(), span: Some(span), message: message.into(), help: Some(help.into()) };
        self.reader.note(self.span().start, fault);
    }

    /// A mistake in the key rather than the value.
    pub fn fault_in_key(&self, code: &'static str, message: impl Into<String>, help: impl Into<String>) {
        let span = self.key.map_or_else(|| self.span().clone(), |key| key.span.clone());
        self.fault_at(span, code, message, help);
    }

    fn wrong_type(&self, wanted: &str, help: String) {
        let found = self.node.found();
        self.fault("wrong_type", format!("`{}` must be {wanted}, found {found}", self.name()), help);
    }

    fn child(&self, key: &'a Key, node: &'a Node) -> At<'a> {
        let path = if self.path.is_empty() { key.text.clone() } else { format!("{}.{}", self.path, key.text) };
        At { reader: self.reader, node, key: Some(key), path, needed: None }
    }

    /// The value as a mapping with known keys. Unknown ones are reported.
    pub fn table(&self, shape: &'static Mapping) -> Option<Table<'a>> {
        let Kind::Map(entries) = &self.node.kind else {
            let example = shape.keys.first().map_or(String::new(), |field| format!("{}: …", field.key));
            let help = match &self.node.kind {
                Kind::Null => "indent its keys under it, write {} for an empty one, or remove the line".to_string(),
                Kind::Text { text, style: Style::Plain } if syntax::is_pair_without_space(text) => {
                    format!("write a space after the colon: {}", shorten(&text.replacen(':', ": ", 1)))
                }
                _ => format!("indent its keys under it, like `{example}`"),
            };
            self.wrong_type("a mapping", help);
            return None;
        };
        for (key, node) in entries.iter().filter(|(key, _)| shape.field(&key.text).is_none()) {
            let at = self.child(key, node);
            let message = format!("`{}` is not a key of {}", shorten(&key.text), shape.what);
            at.fault_in_key("unknown_key", message, nearest(&key.text, shape.keys.iter().map(|f| f.key), "keys are"));
        }
        Some(Table { at: self.clone(), shape })
    }

    /// The value as a mapping from names of the user's choice.
    pub fn entries(&self) -> Vec<(&'a Key, At<'a>)> {
        match &self.node.kind {
            Kind::Map(entries) => entries.iter().map(|(key, node)| (key, self.child(key, node))).collect(),
            _ => {
                self.wrong_type("a mapping", "write `name: value` lines under it, or {} for none".to_string());
                Vec::new()
            }
        }
    }

    pub fn items(&self) -> Vec<At<'a>> {
        match &self.node.kind {
            Kind::List(items) => (0..)
                .zip(items)
                .map(|(i, node): (usize, _)| At {
                    reader: self.reader,
                    node,
                    key: None,
                    path: format!("{}[{i}]", self.path),
                    needed: None,
                })
                .collect(),
            _ => {
                self.wrong_type("a list", "write [a, b], or one `- …` per line".to_string());
                Vec::new()
            }
        }
    }

    /// Every item as text.
    pub fn texts(&self) -> Vec<(At<'a>, Filled)> {
        self.items().into_iter().filter_map(|item| item.text().map(|text| (item, text))).collect()
    }

    /// The value as text, `${…}` filled in.
    /// What `${…}` stands for here.
    pub fn scope(&self) -> &Scope<'_> {
        &self.reader.scope
    }

    pub fn text(&self) -> Option<Filled> {
        match fill(self.raw_text()?, &self.reader.scope) {
            Ok(filled) => Some(filled),
            Err(faults) => {
                for fault in faults {
                    self.fault(fault.code, fault.message, fault.help);
                }
                None
            }
        }
    }

    /// The value as text, as it stands.
    pub fn raw_text(&self) -> Option<&'a str> {
        let as_written =
            || self.node.span.source.text.get(self.node.span.start..self.node.span.end).unwrap_or_default();
        let help = match &self.node.kind {
            // `no`, `yes`, `on` and `off` are switches to many YAML readers and text to the rest: quotes settle it.
            Kind::Text { text, style: Style::Plain } if is_switch_word(text) => {
                let message =
                    format!("`{}` must be text, and plain `{text}` is true/false to many YAML readers", self.name());
                self.fault("wrong_type", message, format!("put it in quotes: \"{text}\""));
                return None;
            }
            Kind::Text { text, .. } => return Some(text),
            Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) => {
                format!("put it in quotes: \"{}\"", as_written())
            }
            Kind::Null if self.needed.is_some() => {
                format!("write it after the colon: {}", self.needed.unwrap_or_default())
            }
            Kind::Null => "give it a value, write \"\" for an empty text, or remove the line".to_string(),
            Kind::List(_) | Kind::Map(_) => "write one text".to_string(),
        };
        self.wrong_type("text", help);
        None
    }

    /// The value with `${…}` filled in where it stands unquoted, so that `memory: ${env:MEMORY:-256}` is a number.
    fn scalar(&self) -> Option<Kind> {
        match &self.node.kind {
            Kind::Text { text, style: Style::Plain } if text.contains("${") => {
                self.text().map(|f| tree::plain(&f.text))
            }
            other => Some(other.clone()),
        }
    }

    pub fn whole(&self, low: i64, high: i64, says: &str) -> Option<i64> {
        match self.scalar()? {
            Kind::Int(n) if (low..=high).contains(&n) => Some(n),
            Kind::Int(_) => self.out_of_range(low, high, says),
            Kind::Text { text, .. } if text.trim().parse::<i64>().is_ok() => {
                self.wrong_type("a whole number", "remove the quotes".to_string());
                None
            }
            _ => {
                self.wrong_type("a whole number", format!("write one between {low} and {high}: {says}"));
                None
            }
        }
    }

    pub fn number(&self, low: f64, high: f64, says: &str) -> Option<f64> {
        let n = match self.scalar()? {
            Kind::Float(n) => n,
            #[expect(clippy::cast_precision_loss, reason = "numbers beyond 2^53 are out of every range here")]
            Kind::Int(n) => n as f64,
            Kind::Text { text, .. } if text.trim().parse::<f64>().is_ok() => {
                self.wrong_type("a number", "remove the quotes".to_string());
                return None;
            }
            _ => {
                self.wrong_type("a number", format!("write one between {low} and {high}: {says}"));
                return None;
            }
        };
        if (low..=high).contains(&n) { Some(n) } else { self.out_of_range(low, high, says) }
    }

    fn out_of_range<T>(&self, low: impl std::fmt::Display, high: impl std::fmt::Display, says: &str) -> Option<T> {
        let shown = self.shown();
        self.fault("out_of_range", format!("`{}` is {shown}, outside {low} to {high}", self.name()), says);
        None
    }

    /// The value as written in the file, shortened.
    fn shown(&self) -> String {
        shorten(self.node.span.source.text.get(self.node.span.start..self.node.span.end).unwrap_or_default())
    }

    pub fn flag(&self) -> Option<bool> {
        match self.scalar()? {
            Kind::Bool(b) => Some(b),
            Kind::Text { text, .. } if is_switch_word(&text) || matches!(text.as_str(), "true" | "false") => {
                let meant = matches!(text.to_ascii_lowercase().as_str(), "yes" | "on" | "true");
                self.wrong_type("true or false", format!("write {meant}"));
                None
            }
            _ => {
                self.wrong_type("true or false", "write true or false".to_string());
                None
            }
        }
    }

    /// One of a set of words; the word found.
    pub fn choice(&self, words: &'static [&'static str]) -> Option<&'static str> {
        // Where `off` is one of the words, a plain one is taken as written; and quotes would not make one of any other.
        let text = match &self.node.kind {
            Kind::Text { text, .. } if words.contains(&text.as_str()) || is_switch_word(text) => Filled::literal(text),
            Kind::Text { .. } => self.text()?,
            _ => {
                self.wrong_type("text", format!("values are {}", words.join(", ")));
                return None;
            }
        };
        let found = words.iter().find(|word| **word == text.text).copied();
        if found.is_none() {
            let message = format!("`{}` is not a value of `{}`", text.shown(), self.name());
            self.fault("unknown_value", message, nearest(&text.raw, words.iter().copied(), "values are"));
        }
        found
    }

    /// The value as JSON, `${…}` filled in.
    pub fn json(&self) -> Value {
        self.node.to_json(&mut |node, _| {
            let item = At { reader: self.reader, node, key: None, path: self.path.clone(), needed: None };
            match &node.kind {
                Kind::Text { text, .. } => match fill(text, &self.reader.scope) {
                    Ok(filled) => filled.text,
                    Err(faults) => {
                        faults.into_iter().for_each(|fault| item.fault(fault.code, fault.message, fault.help));
                        String::new()
                    }
                },
                _ => String::new(),
            }
        })
    }
}

/// A mapping whose keys are known.
#[derive(Clone)]
pub(super) struct Table<'a> {
    pub at: At<'a>,
    shape: &'static Mapping,
}

impl<'a> Table<'a> {
    pub fn get(&self, key: &'static str) -> Option<At<'a>> {
        debug_assert!(self.shape.field(key).is_some(), "{key} is not in the table of {}", self.shape.what);
        match &self.at.node.kind {
            Kind::Map(entries) => entries.iter().find(|(k, _)| k.text == key).map(|(k, node)| self.at.child(k, node)),
            _ => None,
        }
    }

    /// A key that must be there.
    pub fn need(&self, key: &'static str) -> Option<At<'a>> {
        let says = self.shape.field(key).map_or("", |field| field.says);
        let found = self.get(key).map(|at| At { needed: Some(says), ..at });
        debug_assert!(
            self.shape.field(key).is_some_and(|field| field.needed != Needed::Never),
            "the table does not say that {key} is needed"
        );
        if found.is_none() {
            let whose = self.at.key.map_or_else(|| self.shape.what.to_string(), |key| format!("`{}`", key.text));
            self.at.fault("missing_key", format!("{whose} has no `{key}`"), format!("add `{key}`: {says}"));
        }
        found
    }

    pub fn text(&self, key: &'static str) -> Option<Filled> {
        self.get(key)?.text()
    }

    pub fn whole(&self, key: &'static str) -> Option<i64> {
        match self.shape.field(key).map(|field| (&field.takes, field.says)) {
            Some((Takes::Whole(low, high), says)) => self.get(key)?.whole(*low, *high, says),
            _ => None,
        }
    }

    pub fn number(&self, key: &'static str) -> Option<f64> {
        match self.shape.field(key).map(|field| (&field.takes, field.says)) {
            Some((Takes::Number(low, high), says)) => self.get(key)?.number(*low, *high, says),
            _ => None,
        }
    }

    pub fn flag(&self, key: &'static str) -> Option<bool> {
        self.get(key)?.flag()
    }

    pub fn choice(&self, key: &'static str) -> Option<&'static str> {
        match self.shape.field(key).map(|field| &field.takes) {
            Some(Takes::OneOf(words)) => self.get(key)?.choice(words),
            _ => None,
        }
    }

    pub fn texts(&self, key: &'static str) -> Vec<(At<'a>, Filled)> {
        self.get(key).map(|at| at.texts()).unwrap_or_default()
    }

    pub fn entries(&self, key: &'static str) -> Vec<(&'a Key, At<'a>)> {
        self.get(key).map(|at| at.entries()).unwrap_or_default()
    }

    pub fn items(&self, key: &'static str) -> Vec<At<'a>> {
        self.get(key).map(|at| at.items()).unwrap_or_default()
    }
}

/// YAML 1.1's other spellings of true and false.
fn is_switch_word(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "yes" | "no" | "on" | "off")
}

/// The help for a word that is not one of a set: the one it resembles, or all of them.
pub(super) fn nearest<'w>(word: &str, known: impl Iterator<Item = &'w str> + Clone, all: &str) -> String {
    match resembling(word, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("{all} {}", known.collect::<Vec<_>>().join(", ")),
    }
}

/// The known word that a misspelt one resembles.
pub fn resembling<'w>(word: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    // Nothing known is that long, and comparing costs the product of the lengths.
    if word.len() > 64 {
        return None;
    }
    let word = word.to_lowercase();
    let distance = |k: &str| {
        let k = k.to_lowercase();
        let cut_short = word.len() >= 3 && k.len() > word.len() && k.starts_with(&word);
        let distance = if cut_short { 1 } else { strsim::damerau_levenshtein(&k, &word) };
        (distance <= (k.chars().count().max(word.chars().count()) / 3).max(1)).then_some(distance)
    };
    known.filter_map(|k| distance(k).map(|distance| (distance, k))).min_by_key(|(d, _)| *d).map(|(_, k)| k)
}
