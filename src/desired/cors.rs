//! CORS: an OPTIONS method that API Gateway answers by itself, the headers on every response of every method, and on
//! the gateway's own errors, without which a browser cannot even tell a 403 from a network failure.

use std::collections::{BTreeMap, BTreeSet};

use super::definition::default_body;
use crate::resources::definition::{
    Definition, GatewayResponse, Integration, IntegrationResponse, Method, MethodResponse,
};
use crate::spec::model::{Api, Cors};

const ORIGIN: &str = "Access-Control-Allow-Origin";

/// Headers that browsers' preflights name most; the API key's above all.
const DEFAULT_HEADERS: &str = "Content-Type,X-Api-Key,Authorization,X-Amz-Date,X-Amz-Security-Token";

pub(super) fn add(api: &Api, definition: &mut Definition) {
    let mut settings: BTreeMap<&str, &Cors> = BTreeMap::new();
    for route in &api.routes {
        if let Some(cors) = &route.cors {
            settings.insert(&route.path, cors);
            if let Some(method) =
                definition.resources.get_mut(&route.path).and_then(|methods| methods.get_mut(&route.verb))
            {
                put_headers(method, cors);
            }
        }
    }
    for (path, cors) in &settings {
        let verbs: BTreeSet<String> =
            definition.resources.get(*path).into_iter().flat_map(|methods| methods.keys().cloned()).collect();
        if !verbs.contains("OPTIONS") {
            definition.put(path, "OPTIONS", preflight(path, cors, &verbs));
        }
    }
    if let Some(cors) = settings.values().next() {
        for kind in ["DEFAULT_4XX", "DEFAULT_5XX"] {
            let response = definition
                .gateway_responses
                .entry(kind.to_owned())
                .or_insert_with(|| GatewayResponse { templates: default_body(), ..GatewayResponse::default() });
            add_gateway_headers(response, cors);
        }
        let own = definition.gateway_responses.iter_mut().filter(|(kind, _)| !kind.starts_with("DEFAULT_"));
        own.for_each(|(_, response)| add_gateway_headers(response, cors));
    }
}

/// These cannot choose among several origins; a generic error is no secret, so any page may read it then.
fn add_gateway_headers(response: &mut GatewayResponse, cors: &Cors) {
    let origin = match cors.origins.as_slice() {
        [only] => only,
        _ => "*",
    };
    let header = |name: &str| format!("gatewayresponse.header.{name}");
    response.parameters.entry(header(ORIGIN)).or_insert_with(|| literal(origin));
    if cors.credentials && origin != "*" {
        response.parameters.entry(header("Access-Control-Allow-Credentials")).or_insert_with(|| literal("true"));
    }
}

/// On what a method itself answers. A proxy integration's function must send them: API Gateway adds nothing there.
fn put_headers(method: &mut Method, cors: &Cors) {
    let Some(integration) = &mut method.integration else { return };
    if integration.kind == "AWS_PROXY" {
        return;
    }
    let mut headers = BTreeMap::from([(ORIGIN, literal(first(cors)))]);
    if cors.credentials {
        headers.insert("Access-Control-Allow-Credentials", literal("true"));
    }
    if !cors.expose.is_empty() {
        headers.insert("Access-Control-Expose-Headers", literal(&cors.expose.join(",")));
    }
    for (code, response) in &mut method.responses {
        for (name, value) in &headers {
            let parameter = format!("method.response.header.{name}");
            response.parameters.entry(parameter.clone()).or_insert(false);
            if let Some(mapped) = integration.responses.get_mut(code) {
                mapped.parameters.entry(parameter).or_insert_with(|| value.clone());
            }
        }
        if let (true, Some(mapped)) = (cors.origins.len() > 1, integration.responses.get_mut(code)) {
            choose_origin(mapped, cors);
        }
    }
}

/// With several origins the mapping names the first, and the template puts the caller's own in its place if it is one
/// of them.
fn choose_origin(response: &mut IntegrationResponse, cors: &Cors) {
    let choice = origin_template(cors);
    if response.templates.is_empty() {
        response.templates.insert("application/json".to_owned(), "$input.body".to_owned());
    }
    for text in response.templates.values_mut() {
        *text = format!("{choice}{text}");
    }
}

fn origin_template(cors: &Cors) -> String {
    let known: Vec<String> = cors.origins.iter().map(|origin| format!("$origin == \"{origin}\"")).collect();
    format!(
        "#set($origin = $input.params(\"Origin\"))#if($origin == \"\")#set($origin = $input.params(\"origin\"))#end\
         #if({})#set($context.responseOverride.header.{ORIGIN} = $origin)#end",
        known.join(" || ")
    )
}

/// The method that answers a browser's preflight.
fn preflight(path: &str, cors: &Cors, verbs: &BTreeSet<String>) -> Method {
    let methods = if cors.methods.is_empty() { allowed(verbs) } else { cors.methods.join(",") };
    let headers = if cors.headers.is_empty() { DEFAULT_HEADERS.to_owned() } else { cors.headers.join(",") };
    let mut values = BTreeMap::from([
        (ORIGIN, literal(first(cors))),
        ("Access-Control-Allow-Methods", literal(&methods)),
        ("Access-Control-Allow-Headers", literal(&headers)),
    ]);
    if cors.credentials {
        values.insert("Access-Control-Allow-Credentials", literal("true"));
    }
    if let Some(age) = cors.max_age {
        values.insert("Access-Control-Max-Age", literal(&age.as_secs().to_string()));
    }
    let parameter = |name: &&str| format!("method.response.header.{name}");
    let mut response = IntegrationResponse {
        parameters: values.iter().map(|(name, value)| (parameter(name), value.clone())).collect(),
        ..IntegrationResponse::default()
    };
    if cors.origins.len() > 1 {
        response.templates.insert("application/json".to_owned(), origin_template(cors));
    }
    let declared = MethodResponse {
        parameters: values.keys().map(|name| (parameter(name), false)).collect(),
        models: BTreeMap::new(),
    };
    Method {
        authorization: "NONE".to_owned(),
        api_key_required: false,
        operation_name: None,
        request_parameters: variables(path),
        request_models: BTreeMap::new(),
        validator: None,
        responses: [("200".to_owned(), declared)].into(),
        integration: Some(Integration {
            kind: "MOCK".to_owned(),
            method: None,
            uri: None,
            passthrough: "WHEN_NO_MATCH".to_owned(),
            content_handling: None,
            timeout_ms: 29_000,
            parameters: BTreeMap::new(),
            templates: [("application/json".to_owned(), "{\"statusCode\": 200}".to_owned())].into(),
            responses: [("200".to_owned(), response)].into(),
        }),
    }
}

/// A path's variables, which every method declares: an import adds them by itself.
fn variables(path: &str) -> BTreeMap<String, bool> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names.map(|name| (format!("method.request.path.{}", name.trim_end_matches('+')), true)).collect()
}

fn allowed(verbs: &BTreeSet<String>) -> String {
    if verbs.contains("ANY") {
        return "DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT".to_owned();
    }
    let all: BTreeSet<&str> = verbs.iter().map(String::as_str).chain(["OPTIONS"]).collect();
    all.into_iter().collect::<Vec<_>>().join(",")
}

fn first(cors: &Cors) -> &str {
    cors.origins.first().map_or("*", String::as_str)
}

/// A mapping expression for fixed text.
fn literal(text: &str) -> String {
    format!("'{text}'")
}
