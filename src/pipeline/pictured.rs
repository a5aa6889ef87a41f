//! What the page of `poc dev` shows of the API: the methods with their parameters and what the file says of them, the
//! names of the templates, and values to try it with, from the file's checks.

use std::path::Path;

use indexmap::IndexMap;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::Settings;
use super::call::route;
use super::session::Session;
use crate::spec::Spec;
use crate::spec::model::{
    Authorization, Check, CheckKey, IntegrationKind, ParameterLocation, Route, Template, Validate,
};

/// The page's document. The API answers under `path` (`prod`), and where `host` is given, to that `Host` header alone.
pub(super) fn page(session: &Session<'_>, settings: &Settings, path: &str, host: Option<&str>) -> Value {
    let spec = &session.spec;
    let home = settings.file.parent().unwrap_or(Path::new(""));
    let methods: Vec<Value> = spec.api.routes.iter().map(|route| method(spec, route, home)).collect();
    json!({
        "app": spec.app,
        "stage": spec.stage,
        "name": spec.api.name,
        "description": spec.api.description,
        "path": format!("/{path}"),
        "host": host,
        "site": spec.site.is_some(),
        "function": spec.function.name,
        "key_command": session.command("key show"),
        "methods": methods,
    })
}

fn method(spec: &Spec, route: &Route, home: &Path) -> Value {
    let tried = example(spec, route);
    let parameters = route.parameters.iter().map(|parameter| {
        let place = match parameter.location {
            ParameterLocation::Query => "query",
            ParameterLocation::Header => "header",
            ParameterLocation::Path => "path",
        };
        json!({
            "place": place,
            "name": parameter.name,
            "required": parameter.required,
            "description": parameter.description,
            "example": tried.and_then(|check| value_in(check, route, parameter.location, &parameter.name)),
        })
    });
    let responses = route.responses.iter().map(|(status, response)| {
        json!({
            "status": status,
            "pattern": response.pattern,
            "templates": templates(&response.templates, home),
        })
    });
    json!({
        "verb": route.verb,
        "path": route.path,
        "operation": route.operation,
        "summary": route.summary,
        "description": route.description,
        "key": route.api_key,
        "signed": route.authorization == Authorization::AwsIam,
        "integration": match route.integration.kind {
            IntegrationKind::Lambda => "lambda",
            IntegrationKind::LambdaProxy => "lambda_proxy",
            IntegrationKind::Mock => "mock",
        },
        "validates": match route.validate {
            Validate::None => "nothing",
            Validate::Parameters => "parameters",
            Validate::Body => "body",
            Validate::All => "parameters and body",
        },
        "parameters": parameters.collect::<Vec<_>>(),
        "models": route.request_models,
        "body": tried.and_then(|check| check.body.clone()),
        "templates": templates(&route.integration.templates, home),
        "responses": responses.collect::<Vec<_>>(),
    })
}

/// Content type to the file that the template is in; null where it stands in deploy.yaml.
fn templates(templates: &IndexMap<String, Template>, home: &Path) -> Value {
    let named = templates.iter().map(|(kind, template)| {
        let file = template.file.as_ref().map(|file| file.strip_prefix(home).unwrap_or(file));
        (kind.clone(), json!(file.map(|file| file.display().to_string())))
    });
    Value::Object(named.collect())
}

/// The first check of the method that should succeed.
fn example<'s>(spec: &'s Spec, wanted: &Route) -> Option<&'s Check> {
    let good = |check: &&Check| {
        let succeeds = check.expect.status.is_none_or(|status| status < 400);
        let keyed = !wanted.api_key || check.key != CheckKey::None;
        let found = route(spec, &check.verb, &check.target);
        succeeds && keyed && found.is_some_and(|found| std::ptr::eq(found, wanted))
    };
    spec.checks.iter().find(good)
}

fn value_in(check: &Check, route: &Route, location: ParameterLocation, name: &str) -> Option<String> {
    let (path, query) = check.target.split_once('?').unwrap_or((&check.target, ""));
    match location {
        ParameterLocation::Header => {
            let named = check.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
            named.map(|(_, value)| value.clone())
        }
        ParameterLocation::Query => {
            let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
            let mut values = pairs.filter(|(key, _)| decoded(&key.replace('+', " ")) == name);
            values.next().map(|(_, value)| decoded(&value.replace('+', " ")))
        }
        ParameterLocation::Path => {
            let given: Vec<&str> = path.trim_matches('/').split('/').collect();
            let at = |template: &str| route.path.trim_matches('/').split('/').position(|part| part == template);
            match (at(&format!("{{{name}}}")), at(&format!("{{{name}+}}"))) {
                (Some(at), _) => given.get(at).map(|part| decoded(part)),
                (None, Some(at)) => given.get(at..).map(|parts| decoded(&parts.join("/"))),
                (None, None) => None,
            }
        }
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
