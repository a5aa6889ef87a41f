//! The custom domain: names, certificates, TLS.

use poc::spec::model::{Certificate, Endpoint};

use crate::project::{Project, accepts, refuses};

/// A domain with a name, a certificate asked for, and more keys.
fn with(keys: &str) -> String {
    format!("domain: {{ name: api.example.com, certificate: request, {keys} }}\n")
}

fn certificate(arn: &str) -> String {
    format!("domain: {{ name: api.example.com, certificate: ▸\"{arn}\" }}\n")
}

const EDGE: &str = "api: { endpoint: edge, resources: { /a: { GET: {} } } }\n";

#[test]
fn what_is_left_out_has_a_default() {
    let domain = accepts(&with("")).domain.expect("a domain");
    assert_eq!((domain.endpoint, domain.security_policy.as_str()), (Endpoint::Regional, "TLS_1_2"));
    assert_eq!((domain.base_path, domain.hosted_zone, domain.dualstack), (None, None, false));
    assert_eq!(accepts(&format!("{EDGE}{}", with(""))).domain.map(|domain| domain.endpoint), Some(Endpoint::Edge));
}

#[test]
fn host_names_are_host_names() {
    let name = |name: &str| format!("domain: {{ name: ▸\"{name}\", certificate: request }}\n");
    for bad in ["example", "a..b", "-a.com", "a_b.com", "1.2.3.4", "*.*.com"] {
        refuses(&name(bad), "bad_host_name", &["not a host name", "api.example.com"]);
    }
    refuses(&name(&format!("{}.com", "a".repeat(64))), "bad_host_name", &["not a host name"]);
    refuses(&name("https://api.example.com"), "bad_host_name", &["without https://"]);
    let spec = accepts(&name("API.Example.com.").replace('▸', ""));
    assert_eq!(spec.domain.map(|domain| domain.name), Some("api.example.com".to_string()));
    accepts(&name("*.example.com").replace('▸', ""));
    refuses("▸domain: { certificate: request }\n", "missing_key", &["`domain` has no `name`"]);
    refuses("▸domain: { name: a.b }\n", "missing_key", &["`domain` has no `certificate`"]);
}

#[test]
fn the_name_is_in_its_zone() {
    accepts(&with("hosted_zone: example.com."));
    accepts(&with("hosted_zone: api.example.com"));
    refuses(&with("hosted_zone: ▸example.org"), "outside_zone", &["not in the zone `example.org`"]);
    refuses(&with("hosted_zone: ▸ample.com"), "outside_zone", &["not in the zone"]);
}

#[test]
fn a_base_path_is_one_segment() {
    refuses(&with("base_path: ▸/poc"), "bad_base_path", &["holds a slash", "write poc"]);
    refuses(&with("base_path: ▸a/b"), "bad_base_path", &["holds a slash", "one segment"]);
    refuses(&with("base_path: ▸\"\""), "bad_base_path", &["remove the line"]);
    refuses(&with("base_path: ▸\"a b\""), "bad_base_path", &["holds ` `"]);
    refuses(&with("base_path: ▸ping"), "bad_base_path", &["to itself"]);
    assert_eq!(accepts(&with("base_path: v1.0")).domain.and_then(|domain| domain.base_path).as_deref(), Some("v1.0"));
}

#[test]
fn certificates_are_where_the_endpoint_wants_them() {
    let arn = |region: &str| format!("arn:aws:acm:{region}:111122223333:certificate/12345678-1234");
    refuses(
        &certificate(&arn("us-east-1")),
        "wrong_region",
        &["in us-east-1, and this regional domain needs one in eu-west-1"],
    );
    refuses(
        &format!("{EDGE}{}", certificate(&arn("eu-west-1"))),
        "wrong_region",
        &["an edge domain needs one in us-east-1", "`certificate: request`"],
    );
    let spec = accepts(&certificate(&arn("eu-west-1")).replace('▸', ""));
    assert_eq!(spec.domain.map(|domain| domain.certificate), Some(Certificate::Arn(arn("eu-west-1"))));
    accepts(&format!("{EDGE}{}", certificate(&arn("us-east-1"))).replace('▸', ""));
    refuses(
        &certificate("arn:aws:iam::111122223333:server-certificate/a"),
        "bad_arn",
        &["not the ARN of a certificate"],
    );
    refuses(&certificate("yes please"), "bad_arn", &["write request"]);
    let other = Project::new().account("999988887777");
    other.refuses(&certificate(&arn("eu-west-1")), "wrong_account", &["not of the account 999988887777"]);
}

#[test]
fn security_policies_fit_the_endpoint() {
    refuses(&with("security_policy: ▸TLS_1_3"), "unknown_value", &["did you mean `TLS_1_"]);
    refuses(
        &with("security_policy: ▸SecurityPolicy_TLS13_2025_EDGE"),
        "bad_security_policy",
        &["not for regional domains"],
    );
    refuses(
        &format!("{EDGE}{}", with("security_policy: ▸SecurityPolicy_TLS13_1_3_2025_09")),
        "bad_security_policy",
        &["not for edge domains", "_EDGE"],
    );
    accepts(&with("security_policy: SecurityPolicy_TLS13_1_3_2025_09"));
    accepts(&format!("{EDGE}{}", with("security_policy: SecurityPolicy_TLS13_2025_EDGE")));
}

#[test]
fn mutual_tls_is_regional_and_tls_1_2() {
    let mutual = "mutual_tls: { truststore: \"s3://bucket/trust.pem\" }";
    accepts(&with(mutual));
    refuses(&format!("{EDGE}{}", with(&format!("▸{mutual}"))), "bad_mutual_tls", &["needs a regional domain"]);
    refuses(&with(&format!("security_policy: TLS_1_0, ▸{mutual}")), "bad_mutual_tls", &["policy TLS_1_2"]);
    refuses(
        &with(&format!("security_policy: SecurityPolicy_TLS13_1_3_2025_09, ▸{mutual}")),
        "bad_mutual_tls",
        &["policy TLS_1_2"],
    );
    refuses(&with("mutual_tls: { truststore: ▸trust.pem }"), "bad_truststore", &["s3://bucket/truststore.pem"]);
    refuses(&with("▸mutual_tls: {}"), "missing_key", &["`mutual_tls` has no `truststore`"]);
}

#[test]
fn edge_exists_in_one_partition() {
    refuses(
        "region: us-gov-west-1\ndomain: { name: a.example.com, certificate: request, endpoint: ▸edge }\n",
        "no_edge",
        &["no edge endpoints in us-gov-west-1"],
    );
}
