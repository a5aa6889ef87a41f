//! What is allowed and will hurt. Each theme has its file and looks at one stage that has been read without a mistake: the
//! typed result says what is meant, the tree where it stands. Nothing here keeps a deploy from happening.
//!
//! A warning is kept quiet by its code in `allow`: at the top for the whole file, at a method for that method.

mod access;
mod allow;
mod checks;
mod code;
mod cors;
mod edges;
mod function;
mod handler;
mod names;
mod patterns;
mod permissions;
mod samples;
mod templates;
mod validation;

use std::cell::RefCell;
use std::path::{Path, PathBuf};

pub(super) use allow::judge as judge_allow;
pub use code::WarningCode;

use super::fault::{Fault, Span};
use super::model::{Route, Spec};
use super::secrets;
use super::tree::{Kind, Node};

/// Something that works and will hurt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    pub code: WarningCode,
    /// Where in the document (`api.resources./admit.GET`).
    pub path: String,
    pub span: Span,
    /// What it is, one sentence without a full stop.
    pub message: String,
    /// What would be right.
    pub help: String,
}

impl Warning {
    /// Of the same place in the same words, be it met on another way: two methods may share a template.
    pub(super) fn says_the_same(&self, other: &Warning) -> bool {
        (self.code, &self.span, &self.message) == (other.code, &other.span, &other.message)
    }

    /// The mistake that it is where warnings are denied.
    pub fn denied(&self) -> Fault {
        Fault {
            code: self.code.name(),
            path: self.path.clone(),
            span: Some(self.span.clone()),
            message: self.message.clone(),
            help: Some(self.help.clone()),
        }
    }
}

/// One stage under the eyes of every theme.
pub(super) struct Look<'a> {
    pub spec: &'a Spec,
    /// The file with the stage's differences merged over it.
    pub root: &'a Node,
    pub directory: &'a Path,
    /// Every file that the deploy.yaml names, in whichever stage.
    pub named: &'a [PathBuf],
    /// `2026-11-26`.
    pub today: &'a str,
    found: RefCell<Vec<Found>>,
}

/// A warning, and where an `allow` may stand that it heeds.
struct Found {
    warning: Warning,
    method: Option<(String, String)>,
}

/// Where something stands.
#[derive(Clone)]
struct Place {
    path: String,
    span: Span,
}

/// The warnings of one stage, and the places of the `allow` entries that kept one quiet or did not.
pub(super) struct Linted {
    pub warnings: Vec<Warning>,
    pub allowed: Vec<allow::Allowed>,
}

pub(super) fn lint(spec: &Spec, root: &Node, directory: &Path, named: &[PathBuf], today: &str) -> Linted {
    let look = Look { spec, root, directory, named, today, found: RefCell::default() };
    templates::look(&look);
    names::look(&look);
    patterns::look(&look);
    validation::look(&look);
    access::look(&look);
    cors::look(&look);
    function::look(&look);
    permissions::look(&look);
    edges::look(&look);
    checks::look(&look);
    let mut linted = allow::sort_out(look.root, look.found.into_inner());
    secrets::hide(root, linted.warnings.iter_mut().map(|warning| &mut warning.span));
    linted
}

/// An `allow` that kept nothing quiet in any stage is one warning itself.
pub(super) fn unused(allowed: &[allow::Allowed]) -> Vec<Warning> {
    allow::unused(allowed)
}

impl<'a> Look<'a> {
    /// The value under the keys, else the last of them that is there: what a person would look at.
    fn place(&self, keys: &[&str]) -> Place {
        self.walk(keys, false)
    }

    /// The last key itself.
    fn key(&self, keys: &[&str]) -> Place {
        self.walk(keys, true)
    }

    fn walk(&self, keys: &[&str], want_key: bool) -> Place {
        let (mut node, mut span, mut path) = (self.root, &self.root.span, String::new());
        for wanted in keys {
            let Kind::Map(entries) = &node.kind else { break };
            let Some((key, value)) = entries.iter().find(|(key, _)| key.text == *wanted) else { break };
            path = if path.is_empty() { key.text.clone() } else { format!("{path}.{}", key.text) };
            let by_key = want_key || value.is_collection() || matches!(value.kind, Kind::Null);
            span = if by_key { &key.span } else { &value.span };
            node = value;
        }
        Place { path, span: span.clone() }
    }

    fn node(&self, keys: &[&str]) -> Option<&'a Node> {
        keys.iter().try_fold(self.root, |node, key| node.get(key))
    }

    fn warn(&self, code: WarningCode, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.note(code, place, None, message.into(), help.into());
    }

    /// About a method, whose own `allow` counts.
    fn warn_of(
        &self,
        route: &Route,
        code: WarningCode,
        place: Place,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let method = (route.path.clone(), route.verb.clone());
        self.note(code, place, Some(method), message.into(), help.into());
    }

    fn note(&self, code: WarningCode, place: Place, method: Option<(String, String)>, message: String, help: String) {
        let Place { path, span } = place;
        let warning = Warning { code, path, span, message, help };
        self.found.borrow_mut().push(Found { warning, method });
    }
}

/// The keys that lead to a method, and on to what is in it.
fn in_method<'k>(route: &'k Route, keys: &[&'k str]) -> Vec<&'k str> {
    ["api", "resources", &route.path, &route.verb].into_iter().chain(keys.iter().copied()).collect()
}

/// `GET /admit`.
fn called(route: &Route) -> String {
    format!("{} {}", route.verb, route.path)
}
