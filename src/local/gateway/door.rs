//! Which stage a request is for: by the default endpoint's name, or by a custom domain name and its base path mappings
//! (`AWS_FACTS` C1, C8).

use std::sync::Arc;

use super::call::Target;
use super::refusal::{Kind, Refusal};
use super::site::{Domain, Sites, Stage};

/// Where a request goes.
#[derive(Debug)]
pub enum Door {
    Stage {
        stage: Arc<Stage>,
        /// The host name asked for.
        domain: String,
        /// How much of the path is stage and base path.
        consumed: usize,
        by_stage: bool,
    },
    /// `/ping` and `/sping` of a custom domain name belong to API Gateway's own health check. That it says `healthy` is
    /// hearsay; that no API is reached there is documented.
    Health,
}

/// # Errors
/// 403 where nothing is served under the name and path.
pub fn open(sites: &Sites, target: &Target, path: &str) -> Result<Door, Refusal> {
    match target {
        Target::Api { id } => by_stage(sites, id, None, path, 0),
        Target::Host(host) => {
            let host = host_name(host);
            if let Some(id) = default_endpoint(&host) {
                return by_stage(sites, id, Some(&host), path, 0);
            }
            let domain = sites.domains.get(&host);
            let wildcard = || sites.domains.get(&host[host.find('.')?..]);
            let Some(domain) = domain.or_else(wildcard) else {
                return Err(Kind::Forbidden.because(format!("no API is served under the name {host}")));
            };
            by_base_path(sites, domain, &host, path)
        }
    }
}

/// Without port and final dot, in lower case.
fn host_name(host: &str) -> String {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    };
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// The API of `{api}.execute-api.{region}.amazonaws.com`.
fn default_endpoint(host: &str) -> Option<&str> {
    let name = host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"))?;
    match name.split('.').collect::<Vec<_>>().as_slice() {
        [api, "execute-api", _] => Some(api),
        _ => None,
    }
}

/// The path from `from` on begins with the stage's name.
fn by_stage(sites: &Sites, api: &str, host: Option<&str>, path: &str, from: usize) -> Result<Door, Refusal> {
    let by_default = host.is_none_or(|host| default_endpoint(host).is_some());
    let Some(stages) = sites.apis.get(api) else {
        // AWS has no such host name at all, so nobody there could answer.
        return Err(Kind::Forbidden.because(format!("there is no API {api}")));
    };
    let rest = path[from..].strip_prefix('/').unwrap_or(&path[from..]);
    let name = rest.split('/').next().unwrap_or_default();
    let Some(stage) = stages.get(name) else {
        return Err(Kind::Forbidden.because(format!("API {api} has no stage {name:?}")));
    };
    if !stage.default_endpoint && by_default {
        return Err(Kind::Forbidden.because(format!("the default endpoint of API {api} is disabled")));
    }
    Ok(Door::Stage {
        stage: stage.clone(),
        domain: host.map_or_else(|| endpoint_name(stage), str::to_owned),
        consumed: (path.len() - rest.len()) + name.len(),
        by_stage: true,
    })
}

fn endpoint_name(stage: &Stage) -> String {
    let suffix = if stage.region.starts_with("cn-") { ".cn" } else { "" };
    format!("{}.execute-api.{}.amazonaws.com{suffix}", stage.api_id, stage.region)
}

/// The longest base path that the path begins with, segment by segment; the empty one otherwise.
fn by_base_path(sites: &Sites, domain: &Domain, host: &str, path: &str) -> Result<Door, Refusal> {
    if path == "/ping" || path == "/sping" {
        return Ok(Door::Health);
    }
    let rest = path.strip_prefix('/').unwrap_or(path);
    let begins = |base: &str| rest.strip_prefix(base).is_some_and(|after| after.is_empty() || after.starts_with('/'));
    let named = domain.mappings.iter().filter(|(base, _)| !base.is_empty() && begins(base));
    let found = named.max_by_key(|(base, _)| base.len()).or_else(|| domain.mappings.get_key_value(""));
    let Some((base, mapping)) = found else {
        return Err(Kind::Forbidden.because(format!("no base path mapping of {host} is for {path}")));
    };
    let consumed = if base.is_empty() { 0 } else { path.len() - rest.len() + base.len() };
    let Some(name) = &mapping.stage else {
        return match by_stage(sites, &mapping.api_id, Some(host), path, consumed)? {
            Door::Stage { stage, domain, consumed, .. } => Ok(Door::Stage { stage, domain, consumed, by_stage: false }),
            Door::Health => Ok(Door::Health),
        };
    };
    let stage = sites.apis.get(&mapping.api_id).and_then(|stages| stages.get(name));
    let Some(stage) = stage else {
        let reason = format!("the base path mapping of {host} leads to API {} stage {name}: gone", mapping.api_id);
        return Err(Kind::Forbidden.because(reason));
    };
    Ok(Door::Stage { stage: stage.clone(), domain: host.to_owned(), consumed, by_stage: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_lose_port_and_case() {
        for (given, name) in [
            ("API.Example.com:8080", "api.example.com"),
            ("api.example.com.", "api.example.com"),
            ("api.example.com", "api.example.com"),
        ] {
            assert_eq!(host_name(given), name);
        }
        assert_eq!(default_endpoint("abc.execute-api.eu-west-1.amazonaws.com"), Some("abc"));
        assert_eq!(default_endpoint("abc.execute-api.cn-north-1.amazonaws.com.cn"), Some("abc"));
        assert_eq!(default_endpoint("abc.example.com"), None);
    }
}
