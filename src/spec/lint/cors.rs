//! What keeps a page of another origin from using the API although CORS is on. The deployer adds the headers to every
//! answer that it can: these are the ones it cannot, or that the file takes away.

use std::collections::BTreeMap;

use super::super::model::{Cors, IntegrationKind, Route};
use super::{Look, Place, WarningCode, called, handler, in_method};

const ORIGIN: &str = "Access-Control-Allow-Origin";

pub(super) fn look(look: &Look<'_>) {
    let routes = &look.spec.api.routes;
    for route in routes {
        let Some(cors) = &route.cors else { continue };
        for (status, response) in &route.responses {
            let status = status.to_string();
            let within = |name: &str| look.place(&in_method(route, &["responses", &status, "headers", name]));
            if let Some((name, message)) = unreadable(&response.headers, cors, &format!("a {status}")) {
                let help = "remove the header: the one that `cors` asks for is added by itself";
                look.warn_of(route, WarningCode::CorsHeader, within(name), message, help);
            }
        }
        if route.integration.kind == IntegrationKind::LambdaProxy {
            proxy(look, route);
        }
        preflight(look, route, cors);
    }
    let Some(cors) = routes.iter().find_map(|route| route.cors.as_ref()) else { return };
    for (kind, response) in &look.spec.api.gateway_responses {
        if let Some((name, message)) = unreadable(&response.headers, cors, &format!("the gateway's {kind}")) {
            let place = look.place(&["api", "gateway_responses", kind, "headers", name]);
            let help = "remove the header: the one that `cors` asks for is added by itself";
            look.warn(WarningCode::CorsHeader, place, message, help);
        }
    }
}

/// A header of the file's own in the place of the one that lets pages read the answer.
fn unreadable<'h>(headers: &'h BTreeMap<String, String>, cors: &Cors, answer: &str) -> Option<(&'h str, String)> {
    let (name, value) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(ORIGIN))?;
    if value.is_empty() {
        return Some((name, format!("`cors` is on, but {answer} has no {ORIGIN} unless a template sets it")));
    }
    let text = value.strip_prefix('\'')?.strip_suffix('\'')?;
    let lets = text == "*" && !cors.credentials || cors.origins.iter().any(|origin| origin == text);
    // One that stands for several is chosen by a template.
    (!lets).then(|| (name.as_str(), format!("`cors` is on, but {answer} is for pages of `{text}` alone")))
}

/// API Gateway adds nothing to what a proxy function answers, errors least of all.
fn proxy(look: &Look<'_>, route: &Route) {
    let Some(code) = handler::code(look) else { return };
    if code.iter().any(|text| text.to_ascii_lowercase().contains("access-control-allow-origin")) {
        return;
    }
    let message = format!(
        "under lambda_proxy nobody but the function can let pages read the answers of `{}`, and its code has no {ORIGIN}",
        called(route)
    );
    let help = format!("return the header {ORIGIN} with every answer, or use `integration: lambda`");
    look.warn_of(route, WarningCode::CorsProxy, look.place(&in_method(route, &["integration"])), message, help);
}

fn preflight(look: &Look<'_>, route: &Route, cors: &Cors) {
    let has = |list: &[String], name: &str| list.iter().any(|one| one == "*" || one.eq_ignore_ascii_case(name));
    if route.api_key && !cors.headers.is_empty() && !has(&cors.headers, "X-Api-Key") {
        let message =
            format!("`{}` needs a key, and `cors` does not let a page send the header X-Api-Key", called(route));
        look.warn_of(
            route,
            WarningCode::CorsKeyHeader,
            setting(look, route, "headers"),
            message,
            "add X-Api-Key to it",
        );
    }
    // Browsers ask no leave for the other three.
    let asks = !matches!(route.verb.as_str(), "GET" | "HEAD" | "POST" | "OPTIONS" | "ANY");
    if asks && !cors.methods.is_empty() && !has(&cors.methods, &route.verb) {
        let message = format!("`cors` does not let a page use `{}`", called(route));
        let help = format!("add {} to it, or remove `methods`: those of the path are the usual ones", route.verb);
        look.warn_of(route, WarningCode::CorsMethod, setting(look, route, "methods"), message, help);
    }
}

/// Of the path's own `cors`, else of the API's.
fn setting(look: &Look<'_>, route: &Route, key: &str) -> Place {
    let own = ["api", "resources", &route.path, "cors", key];
    if look.node(&own[..4]).is_some() { look.place(&own) } else { look.place(&["api", "cors", key]) }
}
