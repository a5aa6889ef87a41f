//! The paths of an API: which may stand side by side, and the methods on them (AWS_FACTS B1).

use std::collections::{BTreeMap, BTreeSet};

use super::api::{self, Defaults};
use super::decode::{At, Table};
use super::grammar::RESOURCE;
use super::interpolate::shorten;
use super::limits;
use super::method;
use super::model::Route;
use super::tree::{Key, Kind};

const MAX_RESOURCES: usize = 300;
const VERBS: [&str; 8] = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "ANY"];

/// One part of a path between slashes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part<'p> {
    Fixed(&'p str),
    Variable(&'p str),
    Greedy(&'p str),
}

pub(super) fn read(resources: &At<'_>, defaults: &Defaults<'_>) -> Vec<Route> {
    let entries = resources.entries();
    siblings(&entries);
    count(resources, &entries);
    let mut routes = Vec::new();
    for (key, at) in &entries {
        let variables = path(key, at);
        let Some(table) = at.table(&RESOURCE) else {
            continue;
        };
        let cors = match table.get("cors") {
            Some(at) => api::cors(&at).unwrap_or_default(),
            None => defaults.cors.clone(),
        };
        verbs_meet(&table, cors.is_some());
        let Kind::Map(methods) = &at.node.kind else {
            continue;
        };
        let first = routes.len();
        // In the file's order, which is what people see in plans.
        for (verb, _) in methods {
            let Some(verb) = VERBS.into_iter().find(|known| *known == verb.text) else {
                continue;
            };
            let Some(method) = table.get(verb) else {
                continue;
            };
            if let Some(mut route) = method::read(&method, &key.text, verb, &variables, defaults) {
                route.cors.clone_from(&cors);
                routes.push(route);
            }
        }
        if routes.len() == first && !methods.iter().any(|(key, _)| key.text != "cors") {
            let message = format!("`{}` has no method", shorten(&key.text));
            at.fault_in_key("no_method", message, "add GET, POST or another, or remove the path");
        }
    }
    if entries.is_empty() && matches!(resources.node.kind, Kind::Map(_)) {
        resources.fault(
            "no_method",
            "the API has no path, and AWS deploys none without a method",
            "add one, like /predict",
        );
    }
    routes
}

/// C1: CORS answers OPTIONS, so a method of its own there would be the second.
fn verbs_meet(table: &Table<'_>, cors: bool) {
    if cors && let Some(at) = table.get("OPTIONS") {
        let message = "`OPTIONS` stands here although `cors` makes one";
        at.fault_in_key("duplicate_route", message, "remove it, or write `cors: false` for this path");
    }
}

/// Judges one path and returns its variables.
fn path<'p>(key: &'p Key, at: &At<'_>) -> Vec<&'p str> {
    let text = key.text.as_str();
    let shown = shorten(text);
    if !text.starts_with('/') {
        at.fault_in_key("bad_path", format!("the path `{shown}` does not start with /"), format!("write /{shown}"));
        return Vec::new();
    }
    if text.split(['?', '#']).nth(1).is_some() {
        let help = "query parameters are declared under `query` of a method";
        at.fault_in_key("bad_path", format!("the path `{shown}` holds a query"), help);
        return Vec::new();
    }
    let mut variables = Vec::new();
    let mut greedy = None;
    for part in parts(text) {
        if let Some(greedy) = greedy {
            let message = format!("nothing can follow the greedy variable `{{{greedy}+}}` in `{shown}`");
            at.fault_in_key("greedy_child", message, "put it at the end of the path");
            return variables;
        }
        match part {
            Part::Fixed(part) => fixed_part(at, &shown, part),
            Part::Variable(name) | Part::Greedy(name) => {
                if let Some(wrong) = limits::PARAMETER.wrong(name) {
                    let message = format!("`{{{}}}` is not a path variable: {wrong}", shorten(name));
                    at.fault_in_key("bad_path", message, limits::PARAMETER.rule());
                }
                if variables.contains(&name) {
                    let message = format!("the variable `{{{}}}` stands twice in `{shown}`", shorten(name));
                    at.fault_in_key("duplicate_parameter", message, "give the two different names");
                }
                variables.push(name);
                greedy = matches!(part, Part::Greedy(_)).then_some(name);
            }
        }
    }
    variables
}

fn fixed_part(at: &At<'_>, path: &str, part: &str) {
    let help = "letters, digits and . _ - : , between slashes, or one {variable}";
    if part.is_empty() {
        // `/a/` is reported where it meets `/a`; on its own the slash at the end is a mistake all the same.
        let message = match path.ends_with('/') && !path.ends_with("//") {
            true => format!("the path `{path}` ends with a slash, which API Gateway does not tell apart"),
            false => format!("the path `{path}` has an empty part"),
        };
        at.fault_in_key("bad_path", message, "remove the slash");
    } else if part.contains(['{', '}']) {
        let message = format!("`{}` mixes a variable with text", shorten(part));
        at.fault_in_key("bad_path", message, "a variable fills its part alone: /{name} or /{name+}");
    } else if let Some(c) = part.chars().find(|c| !limits::in_path(*c)) {
        let message = format!("`{}` is not a part of a path: it holds `{}`", shorten(part), c.escape_debug());
        at.fault_in_key("bad_path", message, help);
    }
}

fn parts(path: &str) -> impl Iterator<Item = Part<'_>> {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.split('/').filter(move |_| !path.is_empty()).map(|part| {
        match part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(inner) if inner.contains(['{', '}']) => Part::Fixed(part),
            Some(inner) => inner.strip_suffix('+').map_or(Part::Variable(inner), Part::Greedy),
            None => Part::Fixed(part),
        }
    })
}

/// B1: under one parent there is room for one variable, and for each name once.
fn siblings(entries: &[(&Key, At<'_>)]) {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    let mut variables: BTreeMap<String, (String, &str)> = BTreeMap::new();
    for (key, at) in entries {
        let trimmed = key.text.trim_end_matches('/').to_string();
        if let Some(other) = seen.insert(trimmed, &key.text) {
            let message = format!("`{}` and `{}` are the same path to API Gateway", shorten(other), shorten(&key.text));
            at.fault_in_key("duplicate_route", message, "put their methods under one of them");
            continue;
        }
        let mut parent = String::new();
        for part in parts(&key.text) {
            let own = match part {
                Part::Fixed(part) => part.to_string(),
                Part::Variable(name) => format!("{{{name}}}"),
                Part::Greedy(name) => format!("{{{name}+}}"),
            };
            if !matches!(part, Part::Fixed(_)) {
                match variables.get(&parent) {
                    Some((other, path)) if *other != own => {
                        let message = format!("`{own}` stands beside `{other}` of `{}`", shorten(path));
                        let help = "one parent takes one path variable: give both paths the same";
                        at.fault_in_key("sibling_variables", message, help);
                        break;
                    }
                    Some(_) => {}
                    None => {
                        variables.insert(parent.clone(), (own.clone(), &key.text));
                    }
                }
            }
            parent = format!("{parent}/{own}");
        }
    }
}

/// A: resources per API. Every start of a path is one, the root included.
fn count(resources: &At<'_>, entries: &[(&Key, At<'_>)]) {
    let mut all = BTreeSet::from([""]);
    for (key, _) in entries {
        let path = key.text.trim_end_matches('/');
        all.extend(path.match_indices('/').skip(1).map(|(at, _)| &path[..at]));
        all.insert(path);
    }
    if all.len() > MAX_RESOURCES {
        let message = format!("the paths make {} resources", all.len());
        resources.fault(
            "too_many_resources",
            message,
            format!("an API takes {MAX_RESOURCES}, the root and every part between slashes counted"),
        );
    }
}
