//! The section `domain`: host name, certificate, TLS (AWS_FACTS B4, B6, B7).

use super::api::{edge_exists, endpoint};
use super::decode::{At, Table, nearest};
use super::grammar::{DOMAIN, MUTUAL_TLS};
use super::interpolate::Filled;
use super::limits;
use super::model::{Api, Certificate, Domain, Endpoint, MutualTls};

pub(super) const POLICIES: [&str; 14] = [
    "TLS_1_0",
    "TLS_1_2",
    "SecurityPolicy_TLS13_1_3_2025_09",
    "SecurityPolicy_TLS13_1_3_FIPS_2025_09",
    "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_FIPS_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_FIPS_PFS_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_Ext2_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_Ext2_FIPS_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_2021_06",
    "SecurityPolicy_TLS13_2025_EDGE",
    "SecurityPolicy_TLS12_PFS_2025_EDGE",
    "SecurityPolicy_TLS12_2018_EDGE",
];
const DEFAULT_POLICY: &str = "TLS_1_2";

pub(super) fn read(root: &Table<'_>, api: &Api, region: Option<&str>, account: Option<&str>) -> Option<Domain> {
    let at = root.get("domain")?;
    let table = at.table(&DOMAIN)?;
    let endpoint = endpoint(&table, api.endpoint);
    edge_exists(&table.get("endpoint").unwrap_or_else(|| at.clone()), endpoint, region);
    let name = table.need("name").and_then(|at| host_name(&at, true));
    let hosted_zone = table.get("hosted_zone").and_then(|at| zone(&at, name.as_deref()));
    let certificate = table.need("certificate").and_then(|at| certificate(&at, endpoint, region, account));
    let security_policy = security_policy(&table, endpoint);
    let mutual_tls = table.get("mutual_tls").and_then(|at| mutual_tls(&at, endpoint, &security_policy));
    Some(Domain {
        name: name.unwrap_or_default(),
        base_path: table.get("base_path").and_then(|at| base_path(&at)),
        certificate: certificate.unwrap_or(Certificate::Request),
        hosted_zone,
        endpoint,
        security_policy,
        dualstack: table.choice("ip_address_type") == Some("dualstack"),
        mutual_tls,
    })
}

/// Lower case, no trailing dot; labels of letters, digits and hyphens.
fn host_name(at: &At<'_>, wildcard: bool) -> Option<String> {
    let text = at.text()?;
    let name = text.text.trim_end_matches('.').to_ascii_lowercase();
    let labels = if wildcard { name.strip_prefix("*.").unwrap_or(&name) } else { &name };
    let label = |part: &str| {
        (1..=63).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    let numbers = labels.split('.').next_back().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    if name.len() > 253 || labels.split('.').count() < 2 || !labels.split('.').all(label) || numbers {
        let help = if name.contains("://") || name.contains('/') {
            "write the host alone, without https:// and path"
        } else {
            "write one like api.example.com"
        };
        at.fault("bad_host_name", format!("`{}` is not a host name", text.shown()), help);
        return None;
    }
    Some(name)
}

fn zone(at: &At<'_>, name: Option<&str>) -> Option<String> {
    let zone = host_name(at, false)?;
    let Some(name) = name else { return Some(zone) };
    let within = name == zone || name.strip_suffix(&zone).is_some_and(|rest| rest.ends_with('.'));
    if !within {
        let from_env = at.text().is_none_or(|text| text.from_env);
        let message = match from_env {
            true => "the domain's name is not in its hosted zone".to_string(),
            false => format!("the domain's name is not in the zone `{zone}`"),
        };
        at.fault("outside_zone", message, "name the zone that the host name ends in, or remove the line");
    }
    Some(zone)
}

/// Says that there is none, and what API Gateway answers itself.
pub(super) const NO_BASE_PATHS: [&str; 3] = ["(none)", "ping", "sping"];

pub(super) fn in_base_path(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "$-_.+!*'()".contains(letter)
}

/// B4: version 1 mappings take one segment.
fn base_path(at: &At<'_>) -> Option<String> {
    let text = at.text()?;
    let path = text.text.as_str();
    if path.contains('/') {
        let trimmed = text.raw.trim_matches('/');
        let help = if trimmed.contains('/') || trimmed.is_empty() {
            "one segment without slashes, like poc".to_string()
        } else {
            format!("write {trimmed}")
        };
        at.fault("bad_base_path", format!("the base path `{}` holds a slash", text.shown()), help);
    } else if path.is_empty() || path == NO_BASE_PATHS[0] {
        at.fault("bad_base_path", "the base path is empty", "remove the line to use the whole host");
    } else if let Some(c) = path.chars().find(|c| !in_base_path(*c)) {
        let message = match text.from_env {
            true => format!("`{}` is not a base path", text.shown()),
            false => format!("`{}` is not a base path: it holds `{}`", text.shown(), c.escape_debug()),
        };
        at.fault("bad_base_path", message, "letters, digits and $ - _ . + ! * ' ( )");
    } else if NO_BASE_PATHS.contains(&path) {
        at.fault(
            "bad_base_path",
            format!("API Gateway keeps `/{}` on custom domains to itself", text.shown()),
            "choose another",
        );
    }
    Some(text.text)
}

fn certificate(at: &At<'_>, endpoint: Endpoint, region: Option<&str>, account: Option<&str>) -> Option<Certificate> {
    let text = at.text()?;
    if text.text == "request" {
        return Some(Certificate::Request);
    }
    let Some(arn) = limits::arn(&text.text).filter(|arn| arn[1] == "acm" && arn[4].starts_with("certificate/")) else {
        let help = "write request, or arn:aws:acm:REGION:ACCOUNT:certificate/ID";
        at.fault("bad_arn", format!("`{}` is not the ARN of a certificate", text.shown()), help);
        return None;
    };
    let wanted = match endpoint {
        Endpoint::Edge => Some("us-east-1"),
        Endpoint::Regional => region,
    };
    if let Some(wanted) = wanted
        && arn[2] != wanted
    {
        let kind = if endpoint == Endpoint::Edge { "an edge" } else { "this regional" };
        let stands = if text.from_env { "another region".to_string() } else { arn[2].to_string() };
        let message = format!("the certificate is in {stands}, and {kind} domain needs one in {wanted}");
        at.fault("wrong_region", message, format!("use one of {wanted}, or `certificate: request`"));
    }
    if let Some(account) = account
        && arn[3] != account
    {
        let message = format!("the certificate is not of the account {account}");
        at.fault("wrong_account", message, "use a certificate of this account, or `certificate: request`");
    }
    Some(Certificate::Arn(text.text))
}

fn security_policy(table: &Table<'_>, endpoint: Endpoint) -> String {
    let Some(at) = table.get("security_policy") else {
        return DEFAULT_POLICY.to_string();
    };
    let Some(text) = at.text() else {
        return DEFAULT_POLICY.to_string();
    };
    let policy = text.text.as_str();
    if !POLICIES.contains(&policy) {
        let message = format!("`{}` is not a security policy", text.shown());
        at.fault("unknown_value", message, nearest(&text.raw, POLICIES.into_iter(), "policies are"));
    } else if policy.starts_with("SecurityPolicy_") && policy.ends_with("_EDGE") != (endpoint == Endpoint::Edge) {
        let (kind, help) = match endpoint {
            Endpoint::Edge => ("edge", "use TLS_1_2, or one that ends in _EDGE"),
            Endpoint::Regional => ("regional", "use TLS_1_2, or one that does not end in _EDGE"),
        };
        at.fault("bad_security_policy", format!("`{}` is not for {kind} domains", text.shown()), help);
    }
    text.text
}

fn mutual_tls(at: &At<'_>, endpoint: Endpoint, policy: &str) -> Option<MutualTls> {
    let table = at.table(&MUTUAL_TLS)?;
    if endpoint == Endpoint::Edge {
        at.fault_in_key(
            "bad_mutual_tls",
            "mutual TLS needs a regional domain",
            "write `endpoint: regional` under `domain`",
        );
    }
    if policy != DEFAULT_POLICY {
        let message = "mutual TLS needs the security policy TLS_1_2";
        at.fault_in_key("bad_mutual_tls", message, "remove `security_policy`, or write TLS_1_2");
    }
    let truststore = table.need("truststore").and_then(|at| {
        let text: Filled = at.text()?;
        let parts = text.text.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
        if parts.is_none_or(|(bucket, key)| limits::bucket_name(bucket).is_some() || key.is_empty()) {
            at.fault(
                "bad_truststore",
                format!("`{}` is not an object in S3", text.shown()),
                "write s3://bucket/truststore.pem",
            );
        }
        Some(text.text)
    })?;
    Some(MutualTls { truststore, version: table.text("version").map(|text| text.text) })
}
