//! Custom domain names: regional and edge, the certificates they stand on, and the states they pass through
//! (`AWS_FACTS` B4).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::input::{Constraints, Input};
use super::model::{DomainName, EndpointConfiguration, MutualTls, Region, Settling, State};
use super::patch::{self, Op, Patch};
use super::{AliasTarget, Answer, fail, now, region, tags, wire};
use crate::local::cloud::{Call, Failure, LOWER, Profile, Reply, Request, acm, stamp};

/// CloudFront's zone: of every edge domain name's target.
const CLOUDFRONT_ZONE: &str = "Z2FDTNDATAQYW2";
/// Per account and region.
const DOMAINS: usize = 120;
const TYPES: [&str; 3] = ["PRIVATE", "EDGE", "REGIONAL"];
const ROUTING_MODES: [&str; 3] = ["BASE_PATH_MAPPING_ONLY", "ROUTING_RULE_ONLY", "ROUTING_RULE_THEN_BASE_PATH_MAPPING"];
const ACCESS_MODES: [&str; 2] = ["BASIC", "STRICT"];

/// AWS's endpoints-and-quotas page: the hosted zone that regional domain names of a region lie in.
const REGIONAL_ZONES: [(&str, &str); 21] = [
    ("af-south-1", "Z2DHW2332DAMTN"),
    ("ap-east-1", "Z3FD1VL90ND7K5"),
    ("ap-northeast-1", "Z1YSHQZHG15GKL"),
    ("ap-northeast-2", "Z20JF4UZKIW1U8"),
    ("ap-northeast-3", "Z22ILHG95FLSZ2"),
    ("ap-south-1", "Z3VO1THU9YC4UR"),
    ("ap-southeast-1", "ZL327KTPIQFUL"),
    ("ap-southeast-2", "Z2RPCDW04V8134"),
    ("ca-central-1", "Z19DQILCV0OWEC"),
    ("eu-central-1", "Z1U9ULNL0V5AJ3"),
    ("eu-north-1", "Z3UWIKFBOOGXPP"),
    ("eu-south-1", "Z3BT4WSQ9TDYZV"),
    ("eu-west-1", "ZLY8HYME6SFDD"),
    ("eu-west-2", "ZJ5UAJN8Y3Z2Q"),
    ("eu-west-3", "Z3KY65QIEKYHQQ"),
    ("me-south-1", "Z20ZBPC0SS8806"),
    ("sa-east-1", "ZCMLWB8V5SYIT"),
    ("us-east-1", "Z1UJRXOUMOOFQ8"),
    ("us-east-2", "ZOJJZC49E0EPZ"),
    ("us-west-1", "Z2MUQ32089INYE"),
    ("us-west-2", "Z2OJLYMUO9EFXC"),
];

pub fn create(call: &mut Call<'_>, request: &Request) -> Answer {
    let input = Input::new(request)?;
    let name = input.text("domainName")?;
    let endpoint = input.structure("endpointConfiguration")?.unwrap_or_default();
    let types = endpoint.texts("types")?;
    let (routing, access) = (input.text("routingMode")?, input.text("endpointAccessMode")?);
    Constraints::default()
        .required("createDomainNameInput.domainName", name.as_deref())
        .all_of("createDomainNameInput.endpointConfiguration.types", types.as_deref().unwrap_or_default(), &TYPES)
        .one_of("createDomainNameInput.routingMode", routing.as_deref(), &ROUTING_MODES)
        .one_of("createDomainNameInput.endpointAccessMode", access.as_deref(), &ACCESS_MODES)
        .check()?;
    let name = name.unwrap_or_default().to_ascii_lowercase();
    let endpoint_configuration = EndpointConfiguration {
        types: types.filter(|types| !types.is_empty()).unwrap_or_else(|| vec!["EDGE".into()]),
        ip_address_type: endpoint.text("ipAddressType")?.unwrap_or_else(|| "ipv4".into()),
        vpc_endpoint_ids: endpoint.texts("vpcEndpointIds")?,
    };
    let mutual_tls_authentication = match input.structure("mutualTlsAuthentication")? {
        Some(tls) => Some(MutualTls {
            truststore_uri: tls.text("truststoreUri")?,
            truststore_version: tls.text("truststoreVersion")?,
        }),
        None => None,
    };
    let tags = tags::checked(input.text_map("tags")?.unwrap_or_default())?;
    let now = now(call);
    let mut domain = DomainName {
        domain_name: name.clone(),
        certificate_name: input.text("certificateName")?,
        certificate_arn: input.text("certificateArn")?,
        certificate_upload_date: Some(now),
        distribution_domain_name: None,
        distribution_hosted_zone_id: None,
        regional_certificate_name: input.text("regionalCertificateName")?,
        regional_certificate_arn: input.text("regionalCertificateArn")?,
        regional_domain_name: None,
        regional_hosted_zone_id: None,
        endpoint_configuration,
        security_policy: Some(input.text("securityPolicy")?.unwrap_or_else(|| "TLS_1_2".into())),
        endpoint_access_mode: access,
        mutual_tls_authentication,
        ownership_verification_certificate_arn: input.text("ownershipVerificationCertificateArn")?,
        routing_mode: routing.unwrap_or_else(|| ROUTING_MODES[0].into()),
        tags: Some(tags).filter(|tags| !tags.is_empty()),
        settling: Some(Settling { status: "PENDING".into(), since: now }),
        base_path_mappings: BTreeMap::new(),
    };
    check_name(&name)?;
    if domain.endpoint_configuration.types.len() != 1 {
        return Err(fail::bad_request("Cannot create a domain name with multiple Endpoint Types."));
    }
    acm::settle(call);
    check(call, &domain)?;
    if taken(call, &domain) {
        return Err(fail::bad_request("The domain name you provided already exists."));
    }
    if region(call).domain_names.len() >= DOMAINS {
        return Err(fail::limit_exceeded(
            "Maximum number of domain names for this account has been reached. Please contact AWS if you need additional domain names.",
        ));
    }
    give_targets(call, &mut domain);
    mark_certificates(call, &domain, true);
    let reply = wire::reply(201, &view(&domain, call.now, call.profile));
    region(call).domain_names.insert(name, domain);
    Ok(reply)
}

pub fn list(call: &mut Call<'_>, request: &Request) -> Answer {
    let (now, profile) = (call.now, call.profile);
    let domains = region(call).domain_names.values();
    wire::page(request, domains.map(|domain| (domain.domain_name.clone(), view(domain, now, profile))))
}

pub fn get(call: &mut Call<'_>, name: &str) -> Answer {
    let (now, profile) = (call.now, call.profile);
    Ok(wire::reply(200, &view(domain(call, name)?, now, profile)))
}

pub fn update(call: &mut Call<'_>, request: &Request, name: &str) -> Answer {
    let patches = patch::read(&Input::new(request)?, "updateDomainNameInput", |found| found)?;
    let (millis, profile) = (call.now, call.profile);
    let kept = domain(call, name)?;
    if status(kept, millis, profile) == "UPDATING" {
        return Err(fail::bad_request(format!(
            "The domain name {name} is being updated and cannot be modified further until the update is complete"
        )));
    }
    let before = kept.clone();
    let mut edited = kept.clone();
    for patch in &patches {
        apply(&mut edited, patch)?;
    }
    acm::settle(call);
    check(call, &edited)?;
    edited.settling = Some(Settling { status: "UPDATING".into(), since: now(call) });
    give_targets(call, &mut edited);
    mark_certificates(call, &before, false);
    mark_certificates(call, &edited, true);
    let reply = wire::reply(200, &view(&edited, millis, profile));
    region(call).domain_names.insert(edited.domain_name.clone(), edited);
    Ok(reply)
}

pub fn delete(call: &mut Call<'_>, name: &str) -> Answer {
    let gone = domain(call, name)?.clone();
    region(call).domain_names.remove(&gone.domain_name);
    mark_certificates(call, &gone, false);
    Ok(Reply::empty(202))
}

pub fn domain<'a>(call: &'a mut Call<'_>, name: &str) -> Result<&'a mut DomainName, Failure> {
    let domain = region(call).domain_names.get_mut(&name.to_ascii_lowercase());
    domain.ok_or_else(|| fail::not_found("Invalid domain name identifier specified"))
}

impl State {
    /// What Route 53 finds when a record is to be an alias of `dns_name` in the zone `zone_id`.
    pub fn alias_target_exists(&self, dns_name: &str, zone_id: &str) -> AliasTarget {
        let wanted = dns_name.trim_end_matches('.').to_ascii_lowercase();
        let targets = self.regions.values().flat_map(|region| region.domain_names.values()).flat_map(|domain| {
            [
                (&domain.distribution_domain_name, &domain.distribution_hosted_zone_id),
                (&domain.regional_domain_name, &domain.regional_hosted_zone_id),
            ]
        });
        let mut answer = AliasTarget::Missing;
        for (name, zone) in targets {
            if name.as_deref() == Some(wanted.as_str()) {
                if zone.as_deref() == Some(zone_id) {
                    return AliasTarget::Found;
                }
                answer = AliasTarget::WrongZone;
            }
        }
        answer
    }
}

/// The hosted zone of a region's regional domain names.
fn regional_zone(region: &str) -> String {
    let known = REGIONAL_ZONES.iter().find(|(name, _)| *name == region).map(|(_, zone)| (*zone).to_owned());
    known.unwrap_or_else(|| format!("ZLOCAL{}", region.replace('-', "").to_ascii_uppercase()))
}

fn has(domain: &DomainName, kind: &str) -> bool {
    domain.endpoint_configuration.types.iter().any(|listed| listed == kind)
}

fn view(domain: &DomainName, now: u64, profile: &Profile) -> Value {
    let mut members = wire::object(domain);
    members.remove("settling");
    members.remove("basePathMappings");
    members.insert("domainNameStatus".into(), json!(status(domain, now, profile)));
    Value::Object(members)
}

fn status<'d>(domain: &'d DomainName, now: u64, profile: &Profile) -> &'d str {
    let Some(Settling { status, since }) = &domain.settling else { return "AVAILABLE" };
    let wait = if has(domain, "EDGE") { profile.domain_edge } else { profile.domain_regional };
    if stamp::age(now, since.millis) >= wait { "AVAILABLE" } else { status }
}

/// A domain is unique in its region; at the edge, everywhere.
fn taken(call: &Call<'_>, domain: &DomainName) -> bool {
    let name = &domain.domain_name;
    let holds = |region: &Region| region.domain_names.contains_key(name);
    let at_edge = |region: &Region| region.domain_names.get(name).is_some_and(|other| has(other, "EDGE"));
    let regions = &call.state.apigateway.regions;
    regions.get(&call.region).is_some_and(holds) || (has(domain, "EDGE") && regions.values().any(at_edge))
}

fn give_targets(call: &mut Call<'_>, domain: &mut DomainName) {
    if has(domain, "EDGE") {
        if domain.distribution_domain_name.is_none() {
            domain.distribution_domain_name = Some(format!("d{}.cloudfront.net", call.id(13, LOWER)));
        }
        domain.distribution_hosted_zone_id = Some(CLOUDFRONT_ZONE.into());
    } else {
        domain.distribution_domain_name = None;
        domain.distribution_hosted_zone_id = None;
    }
    if has(domain, "REGIONAL") {
        if domain.regional_domain_name.is_none() {
            domain.regional_domain_name =
                Some(format!("d-{}.execute-api.{}.amazonaws.com", call.id(10, LOWER), call.region));
        }
        domain.regional_hosted_zone_id = Some(regional_zone(&call.region));
    } else {
        domain.regional_domain_name = None;
        domain.regional_hosted_zone_id = None;
    }
}

fn check_name(name: &str) -> Result<(), Failure> {
    let labels: Vec<&str> = name.strip_prefix("*.").unwrap_or(name).split('.').collect();
    let label = |label: &&str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if labels.len() < 2 || name.len() > 253 || !labels.iter().all(label) {
        return Err(fail::bad_request("Invalid domain name specified"));
    }
    Ok(())
}

/// Endpoint types, certificates, security policy and mutual TLS, as they must fit together.
fn check(call: &Call<'_>, domain: &DomainName) -> Result<(), Failure> {
    if has(domain, "PRIVATE") {
        return Err(fail::unsupported("private custom domain names"));
    }
    if domain.endpoint_configuration.types.is_empty() {
        return Err(fail::bad_request("Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE"));
    }
    let certificates = [
        ("EDGE", &domain.certificate_arn, "us-east-1", "an EDGE domain name takes certificateArn, and that alone"),
        (
            "REGIONAL",
            &domain.regional_certificate_arn,
            call.region.as_str(),
            "a REGIONAL domain name takes regionalCertificateArn, and that alone",
        ),
    ];
    // What is missing at a type it has is told before what is too much for one it has not.
    let fits = certificates.iter().filter(|(kind, arn, ..)| has(domain, kind) != arn.is_some());
    if let Some((.., rule)) = fits.max_by_key(|(kind, ..)| has(domain, kind)) {
        return Err(fail::bad_request(format!("Invalid certificate specified: {rule}")));
    }
    for (kind, arn, place, _) in certificates {
        if let Some(arn) = arn {
            check_certificate(call, arn, &domain.domain_name, place)?;
            check_security(domain, kind == "EDGE")?;
        }
    }
    Ok(())
}

fn check_certificate(call: &Call<'_>, arn: &str, name: &str, place: &str) -> Result<(), Failure> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "acm", region, _, _] = parts.as_slice() else {
        return Err(fail::bad_request("Invalid ARN specified in the request"));
    };
    if *region != place {
        return Err(fail::bad_request(format!("Invalid certificate ARN: {arn}. Certificate must be in '{place}'.")));
    }
    let certificate = call.state.acm.certificate(region, arn).filter(|certificate| certificate.issued);
    if !certificate.is_some_and(|certificate| certificate.domains.iter().any(|covered| covers(covered, name))) {
        return Err(fail::bad_request(
            "The specified SSL certificate doesn't exist, isn't valid, or doesn't include a valid certificate chain.",
        ));
    }
    Ok(())
}

/// `*.x` covers one label below `x`, and the domain name `*.x` itself.
fn covers(certificate: &str, name: &str) -> bool {
    let below = |wildcard: &str| name.split_once('.').is_some_and(|(_, parent)| parent.eq_ignore_ascii_case(wildcard));
    certificate.eq_ignore_ascii_case(name) || certificate.strip_prefix("*.").is_some_and(below)
}

fn check_security(domain: &DomainName, edge: bool) -> Result<(), Failure> {
    let policy = domain.security_policy.as_deref().unwrap_or_default();
    let enhanced = policy.starts_with("SecurityPolicy_");
    let known = match (enhanced, edge) {
        (false, _) => ["TLS_1_0", "TLS_1_2"].contains(&policy),
        (true, true) => policy.ends_with("_EDGE"),
        (true, false) => !policy.ends_with("_EDGE"),
    };
    if !known {
        return Err(fail::bad_request(format!("Invalid security policy specified: {policy}")));
    }
    if enhanced != domain.endpoint_access_mode.is_some() {
        return Err(fail::bad_request(
            "endpointAccessMode must be set with security policies that start with SecurityPolicy_, and with those only",
        ));
    }
    let Some(tls) = &domain.mutual_tls_authentication else { return Ok(()) };
    if edge || policy != "TLS_1_2" {
        return Err(fail::bad_request(
            "Mutual TLS is supported for REGIONAL domain names with the security policy TLS_1_2 only",
        ));
    }
    let path =
        tls.truststore_uri.as_deref().and_then(|uri| uri.strip_prefix("s3://")).and_then(|rest| rest.split_once('/'));
    if !path.is_some_and(|(bucket, key)| !bucket.is_empty() && !key.is_empty()) {
        return Err(fail::bad_request("Invalid truststore URI specified, must be s3://bucket-name/key-name"));
    }
    Ok(())
}

fn mark_certificates(call: &mut Call<'_>, domain: &DomainName, in_use: bool) {
    let region = &call.region;
    let by = format!("arn:aws:apigateway:{region}::/domainnames/{}", domain.domain_name);
    for arn in [&domain.certificate_arn, &domain.regional_certificate_arn].into_iter().flatten() {
        call.state.acm.set_in_use(arn, &by, in_use, call.now);
    }
}

fn apply(domain: &mut DomainName, patch: &Patch) -> Result<(), Failure> {
    patch.edits()?;
    match patch.parts().as_slice() {
        ["certificateArn"] => domain.certificate_arn = patch.optional(),
        ["certificateName"] => domain.certificate_name = patch.optional(),
        ["regionalCertificateArn"] => domain.regional_certificate_arn = patch.optional(),
        ["regionalCertificateName"] => domain.regional_certificate_name = patch.optional(),
        ["securityPolicy"] => domain.security_policy = patch.optional(),
        ["endpointAccessMode"] => domain.endpoint_access_mode = patch.optional(),
        ["ownershipVerificationCertificateArn"] => domain.ownership_verification_certificate_arn = patch.optional(),
        ["routingMode"] => {
            domain.routing_mode = patch.text();
            if !ROUTING_MODES.contains(&domain.routing_mode.as_str()) {
                return Err(fail::bad_request(format!("Invalid routing mode specified: {}", domain.routing_mode)));
            }
        }
        ["endpointConfiguration", "ipAddressType"] => {
            domain.endpoint_configuration.ip_address_type = patch.text();
            if !["ipv4", "dualstack"].contains(&domain.endpoint_configuration.ip_address_type.as_str()) {
                return Err(fail::bad_request("ipAddressType must be either ipv4 or dualstack."));
            }
        }
        ["endpointConfiguration", "types"] => migrate(domain, patch)?,
        ["endpointConfiguration", "types", old] => change_type(domain, patch, old)?,
        ["mutualTlsAuthentication", leaf @ ("truststoreUri" | "truststoreVersion")] => {
            let mut tls = domain
                .mutual_tls_authentication
                .take()
                .unwrap_or(MutualTls { truststore_uri: None, truststore_version: None });
            if *leaf == "truststoreUri" {
                tls.truststore_uri = patch.optional();
            } else {
                tls.truststore_version = patch.optional();
            }
            // An empty URI turns mutual TLS off.
            domain.mutual_tls_authentication = Some(tls).filter(|tls| tls.truststore_uri.is_some());
        }
        _ => return Err(patch.invalid_path()),
    }
    Ok(())
}

/// The documented way from edge to regional or back: the new type is added, and the old one removed once DNS leads to
/// the new one. Both serve in between.
fn migrate(domain: &mut DomainName, patch: &Patch) -> Result<(), Failure> {
    let value = patch.text();
    let types = &mut domain.endpoint_configuration.types;
    match patch.op {
        Op::Add if TYPES.contains(&value.as_str()) && !types.contains(&value) => types.push(value),
        Op::Remove if types.contains(&value) => types.retain(|kind| *kind != value),
        _ => {
            return Err(fail::bad_request("Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE"));
        }
    }
    Ok(())
}

/// From edge to regional or back at once; the certificate of the old type is no longer part of the domain.
fn change_type(domain: &mut DomainName, patch: &Patch, old: &str) -> Result<(), Failure> {
    let value = patch.text();
    if patch.op != Op::Replace || !has(domain, old) || !TYPES.contains(&value.as_str()) {
        return Err(fail::bad_request("Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE"));
    }
    if value == "EDGE" {
        domain.regional_certificate_arn = None;
    } else {
        domain.certificate_arn = None;
    }
    domain.endpoint_configuration.types = vec![value];
    Ok(())
}
