//! What a person wants to know once all is done: where the API answers, and how to call it.

use super::{Account, Desired, Words};
use crate::engine::Known;
use crate::resources::site_bucket;
use crate::spec::Spec;
use crate::spec::model::PackageSource;

/// How this program was called, as far as the lines to copy repeat it.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// ` --stage dev`, ` -f other.yaml`: empty, or with a space in front.
    pub options: String,
    /// What was deployed is on this machine and answers to this program alone.
    pub local: bool,
}

impl Manner {
    /// `poc deploy --local --stage dev`: another command about the same deployment.
    pub fn command(&self, name: &str) -> String {
        format!("poc {name}{}", self.options())
    }

    /// Those of them that lead a command there, with a space in front: ` --local --stage dev`.
    pub fn options(&self) -> String {
        format!("{}{}", if self.local { " --local" } else { "" }, self.options)
    }
}

/// URLs, names and a line to copy; only what is known. A key's value is never among it (law 10).
pub fn outputs(spec: &Spec, account: &Account, desired: &Desired, known: &Known, manner: &Manner) -> Words {
    let mut outputs = Words::new();
    let Some(api) = known.get(desired.handles.api) else { return outputs };
    let invoke = invoke_url(spec, account, &api.id);
    let base = base_url(spec, account, &api.id);
    outputs.insert("rest_api_id".to_owned(), api.id);
    outputs.insert("function".to_owned(), spec.function.name.clone());
    if let Some(alias) = known.get(desired.handles.alias) {
        outputs.insert("function_version".to_owned(), alias.version);
    }
    if !spec.api.disable_execute_api_endpoint {
        outputs.insert("invoke_url".to_owned(), invoke);
    }
    if let Some(custom) = custom_url(spec) {
        outputs.insert("custom_url".to_owned(), custom);
    }
    if let (Some(site), Some(())) = (&spec.site, desired.handles.site.and_then(|site| known.get(site))) {
        outputs.insert("site".to_owned(), site_bucket::url(&site.bucket, &account.region, &account.partition));
    }
    let keys: Vec<&str> = spec.usage_plan.iter().flat_map(|plan| &plan.keys).map(|key| key.name.as_str()).collect();
    if !keys.is_empty() {
        outputs.insert("api_keys".to_owned(), keys.join(", "));
    }
    let call = match manner.local {
        // Images do not run on this machine: a line to try would answer 500.
        true if matches!(spec.package.source, PackageSource::Image(_)) => None,
        true => wanted(spec)
            .map(|Wanted { verb, target, .. }| format!("poc call {verb} '{target}' --local{}", manner.options)),
        false => curl(spec, &base, manner),
    };
    if let Some(call) = call {
        outputs.insert("call".to_owned(), call);
    }
    if manner.local {
        outputs.insert("serve".to_owned(), format!("poc dev{}", manner.options));
    }
    outputs
}

/// Where the API of that id answers: under AWS's own name for it, unless the file turns that off.
pub fn base_url(spec: &Spec, account: &Account, api: &str) -> String {
    let custom = spec.api.disable_execute_api_endpoint.then(|| custom_url(spec)).flatten();
    custom.unwrap_or_else(|| invoke_url(spec, account, api))
}

pub(super) fn invoke_url(spec: &Spec, account: &Account, api: &str) -> String {
    let host = format!("{api}.execute-api.{}.{}", account.region, suffix(&account.partition));
    format!("https://{host}/{}", spec.stage)
}

/// Where the pages are, where the file has some.
pub fn site_url(spec: &Spec, account: &Account) -> Option<String> {
    let site = spec.site.as_ref()?;
    Some(site_bucket::url(&site.bucket, &account.region, &account.partition))
}

/// Where the API answers under a name of its own.
pub fn custom_url(spec: &Spec) -> Option<String> {
    let domain = spec.domain.as_ref()?;
    let path = domain.base_path.as_ref().map(|path| format!("/{path}")).unwrap_or_default();
    Some(format!("https://{}{path}", domain.name))
}

/// A request that is meant to work.
struct Wanted {
    verb: String,
    target: String,
    /// Does it need a key?
    keyed: bool,
}

/// The first declared check is a request that its author means to work; else the first method.
fn wanted(spec: &Spec) -> Option<Wanted> {
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
    Some(Wanted { verb, target, keyed })
}

/// A line for a shell that calls the API at `url`. It asks for the key's value by a command.
pub fn curl(spec: &Spec, url: &str, manner: &Manner) -> Option<String> {
    let Wanted { verb, target, keyed } = wanted(spec)?;
    let method = if verb == "GET" { String::new() } else { format!("-X {verb} ") };
    let key = manner.command("key show");
    let header = if keyed { format!("-H \"x-api-key: $({key})\" ") } else { String::new() };
    Some(format!("curl {method}{header}'{url}{target}'"))
}

fn suffix(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "amazonaws.com.cn",
        _ => "amazonaws.com",
    }
}
