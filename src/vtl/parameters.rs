//! Which request parameters a template reads, as far as its text shows.

use super::ast::{Expr, Reference, Step};

/// Where `$input.params` looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParameterLocation {
    /// `$input.params('x')`: the path, then the query string, then the headers.
    Any,
    Path,
    Query,
    Header,
}

/// One use of a request parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterUse {
    pub name: String,
    pub location: ParameterLocation,
    /// Of the reference; from 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

/// The parameter that `$input.params('x')` or `$input.params().querystring.x`, in any spelling, reads.
pub(super) fn used_by(reference: &Reference) -> Option<ParameterUse> {
    if reference.root != "input" || reference.escaped {
        return None;
    }
    let [Step::Method(method, arguments), rest @ ..] = reference.steps.as_slice() else { return None };
    if method != "params" {
        return None;
    }
    let (location, name) = match (arguments.as_slice(), rest) {
        ([Expr::String(name)], _) => (ParameterLocation::Any, name.to_string()),
        ([], [group, key, ..]) => (location(&key_of(group)?)?, key_of(key)?),
        _ => return None,
    };
    let at = reference.at;
    Some(ParameterUse { name, location, line: at.line, column: at.column })
}

fn location(group: &str) -> Option<ParameterLocation> {
    match group {
        "path" => Some(ParameterLocation::Path),
        "querystring" => Some(ParameterLocation::Query),
        "header" => Some(ParameterLocation::Header),
        _ => None,
    }
}

/// The key of a map that a step reads, if the template's text says which.
pub(super) fn key_of(step: &Step) -> Option<String> {
    match step {
        Step::Property(name) => Some(name.clone()),
        Step::Index(Expr::String(key)) => Some(key.to_string()),
        Step::Method(name, arguments) if name == "get" => match arguments.as_slice() {
            [Expr::String(key)] => Some(key.to_string()),
            _ => None,
        },
        _ => None,
    }
}
