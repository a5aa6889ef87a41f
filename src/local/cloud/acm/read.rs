//! DescribeCertificate and ListCertificates.

use serde_json::{Value, json};

use crate::local::cloud::page::page;
use crate::local::cloud::stamp::seconds;
use crate::local::cloud::{Call, Failure};

use super::{Answer, Certificate, certificate, constraint};

/// An issued certificate is valid for 395 days.
const VALID_MILLIS: u64 = 395 * 24 * 60 * 60 * 1000;

/// What ListCertificates tells when no key types are asked for.
const DEFAULT_KEY_TYPES: [&str; 2] = ["RSA_1024", "RSA_2048"];

pub fn describe(call: &mut Call<'_>, input: &Value) -> Answer {
    let certificate = certificate(call, input)?.clone();
    let options: Vec<Value> = (0..certificate.domains.len()).map(|at| validation(&certificate, at, call)).collect();
    let mut told = json!({
        "CertificateArn": certificate.arn,
        "DomainName": certificate.domains.first(),
        "SubjectAlternativeNames": certificate.domains,
        "DomainValidationOptions": options,
        "Subject": format!("CN={}", certificate.domains.first().map_or("", String::as_str)),
        "Issuer": "Amazon",
        "CreatedAt": seconds(certificate.requested),
        "Status": certificate.status(),
        "KeyAlgorithm": told_algorithm(&certificate),
        "SignatureAlgorithm": "SHA256WITHRSA",
        "InUseBy": certificate.users.keys().collect::<Vec<_>>(),
        "Type": "AMAZON_ISSUED",
        "KeyUsages": [],
        "ExtendedKeyUsages": [],
        "RenewalEligibility": if certificate.issued.is_some() { "ELIGIBLE" } else { "INELIGIBLE" },
        "Options": { "CertificateTransparencyLoggingPreference": certificate.transparency_logging },
    });
    if let Some(issued) = certificate.issued {
        told["IssuedAt"] = seconds(issued).into();
        told["NotBefore"] = seconds(issued).into();
        told["NotAfter"] = seconds(issued.saturating_add(VALID_MILLIS)).into();
        told["Serial"] = serial(&certificate).into();
    }
    Ok(json!({ "Certificate": told }))
}

fn validation(certificate: &Certificate, at: usize, call: &Call<'_>) -> Value {
    let domain = &certificate.domains[at];
    let status = match certificate.status() {
        "ISSUED" => "SUCCESS",
        "VALIDATION_TIMED_OUT" => "FAILED",
        _ => "PENDING_VALIDATION",
    };
    let mut told = json!({
        "DomainName": domain,
        "ValidationDomain": domain,
        "ValidationStatus": status,
        "ValidationMethod": certificate.validation,
    });
    if let Some(record) = certificate.record(at, call) {
        told["ResourceRecord"] = json!({ "Name": record.name, "Type": "CNAME", "Value": record.value });
    }
    told
}

pub fn list(call: &mut Call<'_>, input: &Value) -> Answer {
    let named = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let statuses = named(&input["CertificateStatuses"]);
    let mut key_types = named(&input["Includes"]["keyTypes"]);
    if key_types.is_empty() {
        key_types = DEFAULT_KEY_TYPES.map(str::to_owned).to_vec();
    }
    let most = match input["MaxItems"].as_u64() {
        None => 1000,
        Some(most @ 1..=1000) => usize::try_from(most).unwrap_or(1000),
        Some(0) => return Err(constraint("0", "maxItems", "Member must have value greater than or equal to 1")),
        Some(most) => {
            let rule = "Member must have value less than or equal to 1000";
            return Err(constraint(&most.to_string(), "maxItems", rule));
        }
    };
    let known_after = super::certificate::known_after(call.profile);
    let found = call.state.acm.certificates.iter().filter(|(_, certificate)| {
        certificate.region == call.region
            && certificate.is_known(call.now, known_after)
            && key_types.contains(&certificate.key_algorithm)
            && (statuses.is_empty() || statuses.iter().any(|status| status == certificate.status()))
    });
    let page = page(found.map(|(arn, certificate)| (arn, summary(certificate))), input["NextToken"].as_str(), most)
        .ok_or_else(|| Failure::new(400, "InvalidArgsException", "The NextToken is not valid."))?;
    let mut told = json!({ "CertificateSummaryList": page.items });
    if let Some(next) = page.next {
        told["NextToken"] = next.into();
    }
    Ok(told)
}

fn summary(certificate: &Certificate) -> Value {
    let mut told = json!({
        "CertificateArn": certificate.arn,
        "DomainName": certificate.domains.first(),
        "SubjectAlternativeNameSummaries": certificate.domains,
        "HasAdditionalSubjectAlternativeNames": false,
        "Status": certificate.status(),
        "Type": "AMAZON_ISSUED",
        "KeyAlgorithm": told_algorithm(certificate),
        "KeyUsages": [],
        "ExtendedKeyUsages": [],
        "InUse": !certificate.users.is_empty(),
        "RenewalEligibility": if certificate.issued.is_some() { "ELIGIBLE" } else { "INELIGIBLE" },
        "CreatedAt": seconds(certificate.requested),
    });
    if let Some(issued) = certificate.issued {
        told["IssuedAt"] = seconds(issued).into();
        told["NotBefore"] = seconds(issued).into();
        told["NotAfter"] = seconds(issued.saturating_add(VALID_MILLIS)).into();
    }
    told
}

/// Requests say `RSA_2048`, answers `RSA-2048`; elliptic ones are spelled alike (`AWS_FACTS` B6).
fn told_algorithm(certificate: &Certificate) -> String {
    certificate.key_algorithm.replace("RSA_", "RSA-")
}

fn serial(certificate: &Certificate) -> String {
    let id = certificate.arn.rsplit('/').next().unwrap_or_default().replace('-', "");
    id.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).into_owned()).collect::<Vec<_>>().join(":")
}
