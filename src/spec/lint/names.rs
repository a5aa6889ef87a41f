//! Names that mean nothing, in templates and in mapping expressions, and parameters that the method does not declare: API
//! Gateway takes them all, and hands over nothing for them or more than was meant (AWS_FACTS C5).

use super::super::decode::{nearest, resembling};
use super::super::interpolate::shorten;
use super::super::model::{Route, Template};
use super::super::tree::Kind;
use super::templates::at;
use super::{Look, WarningCode, in_method};
use crate::vtl::{self, Stranger, StrangerKind};

/// A longer list helps nobody.
const MOST: usize = 20;

pub(super) fn look(look: &Look<'_>) {
    for route in &look.spec.api.routes {
        for (content_type, template) in &route.integration.templates {
            in_template(look, route, &in_method(route, &["request", "templates", content_type]), template);
        }
        for (name, expression) in &route.integration.parameters {
            let Some((place, name)) = name.strip_prefix("integration.request.").and_then(|name| name.split_once('.'))
            else {
                continue;
            };
            let key = match place {
                "header" => "headers",
                "querystring" => "query",
                other => other,
            };
            in_expression(look, Some(route), &in_method(route, &["request", key, name]), expression);
        }
        for (status, response) in &route.responses {
            let status = status.to_string();
            for (content_type, template) in &response.templates {
                in_template(
                    look,
                    route,
                    &in_method(route, &["responses", &status, "templates", content_type]),
                    template,
                );
            }
            for (name, expression) in &response.headers {
                let keys = in_method(route, &["responses", &status, "headers", name]);
                in_expression(look, Some(route), &keys, expression);
            }
        }
    }
    for (kind, response) in &look.spec.api.gateway_responses {
        for (name, expression) in &response.headers {
            in_expression(look, None, &["api", "gateway_responses", kind, "headers", name], expression);
        }
    }
}

fn in_template(look: &Look<'_>, route: &Route, keys: &[&str], template: &Template) {
    let Some(node) = look.node(keys) else { return };
    let Ok(parsed) = vtl::Template::parse(&template.text) else { return };
    let variables: Vec<&str> = look.spec.stage_settings.variables.keys().map(String::as_str).collect();
    for stranger in parsed.strangers(&variables) {
        let Some((message, help)) = told(&stranger) else { continue };
        let place = at(look, node, keys, template, (stranger.line, stranger.column, &stranger.written));
        look.warn_of(route, WarningCode::UnknownName, place, message, help);
    }
    for used in parsed.parameters() {
        if route.parameters.iter().any(|parameter| parameter.name == used.name) {
            continue;
        }
        let name = shorten(&used.name);
        let message = format!("the template reads the parameter `{name}`, which the method does not declare");
        let help = "declare it under `query` or `headers` of the method, or as {variable} in the path";
        let place = at(look, node, keys, template, (used.line, used.column, "$"));
        look.warn_of(route, WarningCode::UndeclaredParameter, place, message, help);
    }
}

/// What to say of a name, unless it is text that only looks like one.
fn told(stranger: &Stranger) -> Option<(String, String)> {
    let name = shorten(&stranger.name.replace("()", "(…)"));
    let near = resembling(&stranger.name, stranger.known.iter().map(String::as_str));
    let near = near.map(|near| near.replace("()", "(…)"));
    Some(match &stranger.kind {
        // `#fff` and `#1` are text.
        StrangerKind::Directive => {
            let near = if stranger.name == "endif" { "end".to_owned() } else { near? };
            if near == stranger.name {
                let message = format!("`#{name}` without its parentheses is text, and printed as it stands");
                return Some((message, format!("write `#{name}(…)`")));
            }
            (format!("`#{name}` is no directive: it is printed as it stands"), format!("did you mean `#{near}`?"))
        }
        StrangerKind::Variable => (
            format!("nothing sets `${name}`, so it is always empty"),
            match near {
                Some(near) => format!("did you mean `${near}`?"),
                None => format!("set it before, like #set(${name} = \"…\"), or write \\${name} for the text"),
            },
        ),
        StrangerKind::Member("$stageVariables") => (
            format!("the stage has no variable `{name}`, so this is always empty"),
            match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "add it under `variables` of `stage_settings`".to_owned(),
            },
        ),
        StrangerKind::Member(owner) => (
            format!("`{owner}` has no `{name}`, so this is always empty"),
            match near {
                Some(near) => format!("did you mean `{owner}.{near}`?"),
                None if stranger.known.len() <= MOST => {
                    format!("it has {}", stranger.known.join(", ").replace("()", "(…)"))
                }
                None => "AWS's reference of mapping templates lists what it has".to_owned(),
            },
        ),
    })
}

/// `context.requestId` and `stageVariables.model` as a mapping has them.
fn in_expression(look: &Look<'_>, route: Option<&Route>, keys: &[&str], expression: &str) {
    // What the environment says is not shown.
    let written =
        look.node(keys).is_some_and(|node| matches!(&node.kind, Kind::Text { text, .. } if text == expression));
    if !written {
        return;
    }
    let Some((owner, rest)) = expression.split_once('.') else { return };
    let variables: Vec<&str> = look.spec.stage_settings.variables.keys().map(String::as_str).collect();
    let (first, below) = rest.split_once('.').unwrap_or((rest, ""));
    let (whole, name, known) = match owner {
        "stageVariables" => (owner.to_owned(), rest, variables.as_slice()),
        "context" if !vtl::CONTEXT.contains(&first) => (owner.to_owned(), first, vtl::CONTEXT),
        "context" => match vtl::members_of_context(first) {
            Some((_, known)) if !below.is_empty() => {
                (format!("context.{first}"), below.split('.').next().unwrap_or(below), known)
            }
            _ => return,
        },
        _ => return,
    };
    if known.contains(&name) {
        return;
    }
    let message = format!("`{whole}` has no `{}`: nothing is mapped", shorten(name));
    let help = match resembling(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{whole}.{near}`?"),
        None if owner == "stageVariables" => "add it under `variables` of `stage_settings`".to_owned(),
        None if known.len() <= MOST => nearest(name, known.iter().copied(), "it has"),
        None => "AWS's reference of mapping templates lists what it has".to_owned(),
    };
    match route {
        Some(route) => look.warn_of(route, WarningCode::UnknownName, look.place(keys), message, help),
        None => look.warn(WarningCode::UnknownName, look.place(keys), message, help),
    }
}
