//! Checks that cannot come out as they are meant.

use super::super::decode::resembling;
use super::super::model::{Check, Route};
use super::super::tree::Kind;
use super::{Look, Place, WarningCode};

/// What API Gateway answers where no method is: a check may be about that.
const REFUSED: [u16; 2] = [403, 404];

pub(super) fn look(look: &Look<'_>) {
    let Some(Kind::List(items)) = look.node(&["checks"]).map(|node| &node.kind) else { return };
    let routes = &look.spec.api.routes;
    for (at, (check, node)) in look.spec.checks.iter().zip(items).enumerate() {
        let meant = check.expect.status.is_some_and(|status| REFUSED.contains(&status));
        if meant || routes.iter().any(|route| answers(route, check)) {
            continue;
        }
        let verb = check.verb.to_ascii_lowercase();
        let span = node.get(&verb).unwrap_or(node).span.clone();
        let path = path_of(&check.target);
        let message = format!("the API has no method for `{} {path}`, and answers 403", check.verb);
        let near = resembling(path, routes.iter().map(|route| route.path.as_str()).filter(|known| *known != path));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "name a path and method of `api.resources`, or expect the status 403".to_owned(),
        };
        look.warn(WarningCode::CheckOfNothing, Place { path: format!("checks[{at}]"), span }, message, help);
    }
}

fn path_of(target: &str) -> &str {
    target.split(['?', '#']).next().unwrap_or_default()
}

fn answers(route: &Route, check: &Check) -> bool {
    let verb = route.verb == check.verb || route.verb == "ANY" || check.verb == "OPTIONS" && route.cors.is_some();
    verb && takes(&route.path, path_of(&check.target))
}

/// `/{a}/b` takes `/x/b`, `/{rest+}` all below.
fn takes(route: &str, path: &str) -> bool {
    let parts = |path: &str| path.trim_matches('/').split('/').map(str::to_owned).collect::<Vec<_>>();
    let (route, path) = (parts(route), parts(path));
    let variable = |part: &str| part.starts_with('{') && part.ends_with('}');
    let greedy = route.last().is_some_and(|last| last.ends_with("+}"));
    let long_enough = if greedy { path.len() >= route.len() } else { path.len() == route.len() };
    long_enough && route.iter().zip(&path).all(|(own, part)| variable(own) && !part.is_empty() || own == part)
}
