//! What a person wants to know once all is done: where the API answers, and how to call it.

use super::{Account, Desired, Words};
use crate::engine::Known;
use crate::spec::Spec;

/// URLs, names and a line to copy; only what is known. A key's value is never among it (law 10).
pub fn outputs(spec: &Spec, account: &Account, desired: &Desired, known: &Known) -> Words {
    let mut outputs = Words::new();
    let Some(api) = known.get(desired.handles.api) else { return outputs };
    let host = format!("{}.execute-api.{}.{}", api.id, account.region, suffix(&account.partition));
    let invoke = format!("https://{host}/{}", spec.stage);
    outputs.insert("rest_api_id".to_owned(), api.id);
    outputs.insert("function".to_owned(), spec.function.name.clone());
    if let Some(alias) = known.get(desired.handles.alias) {
        outputs.insert("function_version".to_owned(), alias.version);
    }
    let mut best = invoke.clone();
    if !spec.api.disable_execute_api_endpoint {
        outputs.insert("invoke_url".to_owned(), invoke);
    }
    if let Some(domain) = &spec.domain {
        let path = domain.base_path.as_ref().map(|path| format!("/{path}")).unwrap_or_default();
        let custom = format!("https://{}{path}", domain.name);
        if spec.api.disable_execute_api_endpoint {
            best.clone_from(&custom);
        }
        outputs.insert("custom_url".to_owned(), custom);
    }
    let keys: Vec<&str> = spec.usage_plan.iter().flat_map(|plan| &plan.keys).map(|key| key.name.as_str()).collect();
    if !keys.is_empty() {
        outputs.insert("api_keys".to_owned(), keys.join(", "));
    }
    if let Some(call) = call(spec, &best, "$API_KEY") {
        outputs.insert("call".to_owned(), call);
    }
    outputs
}

/// The first declared check is a request that its author means to work; else the first method. `key` is what a shell
/// makes the API key's value of.
pub fn call(spec: &Spec, url: &str, key: &str) -> Option<String> {
    let check = spec.checks.iter().find(|check| check.expect.status.is_none_or(|status| status < 400));
    let (verb, target) = match (check, spec.api.routes.first()) {
        (Some(check), _) => (check.verb.clone(), check.target.clone()),
        (None, Some(route)) => (route.verb.replace("ANY", "GET"), route.path.clone()),
        (None, None) => return None,
    };
    let bare = target.split('?').next().unwrap_or_default();
    let keyed = spec.api.routes.iter().any(|route| route.path == bare && route.api_key);
    // A path variable stands for any value; curl would take its braces for a pattern.
    let target = if check.is_some() { target } else { target.replace(['{', '}', '+'], "") };
    let method = if verb == "GET" { String::new() } else { format!("-X {verb} ") };
    let header = if keyed { format!("-H \"x-api-key: {key}\" ") } else { String::new() };
    Some(format!("curl {method}{header}'{url}{target}'"))
}

fn suffix(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "amazonaws.com.cn",
        _ => "amazonaws.com",
    }
}
