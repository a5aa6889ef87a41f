//! What is checked before the function is called (AWS_FACTS C3).

use super::super::model::{IntegrationKind, ParameterLocation, Validate};
use super::{Look, WarningCode, called, in_method};

pub(super) fn look(look: &Look<'_>) {
    for route in &look.spec.api.routes {
        let parameters = matches!(route.validate, Validate::Parameters | Validate::All);
        let bodies = matches!(route.validate, Validate::Body | Validate::All);
        let required: Vec<_> =
            route.parameters.iter().filter(|one| one.required && one.location != ParameterLocation::Path).collect();
        if let Some(first) = required.first()
            && !parameters
        {
            let key = if first.location == ParameterLocation::Query { "query" } else { "headers" };
            let names: Vec<String> = required.iter().map(|one| format!("`{}`", one.name)).collect();
            let (verb, they) = if names.len() == 1 { ("is", "it") } else { ("are", "them") };
            let message = format!(
                "{} {verb} required, but nothing checks it: a call without {they} reaches the function",
                listed(&names)
            );
            let right = if bodies { "all" } else { "parameters" };
            let help = format!("add `validate: {right}` to the method, or write optional where the function checks");
            look.warn_of(
                route,
                WarningCode::NotValidated,
                look.place(&in_method(route, &[key, &first.name])),
                message,
                help,
            );
        }
        if bodies && route.request_models.is_empty() {
            let own = look.place(&in_method(route, &["validate"]));
            let place = if own.path.ends_with(".validate") { own } else { look.key(&in_method(route, &[])) };
            let message =
                format!("bodies of `{}` are validated, but it names no model: every body passes", called(route));
            let help = "add `models: { application/json: NAME }` with a model of `api.models`";
            look.warn_of(route, WarningCode::NoModel, place, message, help);
        }
        let mock = route.integration.kind == IntegrationKind::Mock;
        if !bodies && !route.request_models.is_empty() && !mock {
            let place = look.key(&in_method(route, &["models"]));
            let message = format!("the models of `{}` describe bodies that nothing validates", called(route));
            let right = if parameters { "all" } else { "body" };
            look.warn_of(route, WarningCode::ModelNotUsed, place, message, format!("add `validate: {right}`"));
        }
    }
}

/// `a`, `b` and `c`.
fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
