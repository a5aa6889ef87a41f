//! The domain's certificate: whether there is one, and what keeps it from being issued.

use aws_sdk_acm::types::CertificateStatus;

use super::dns::{Caa, Dns};
use super::{Finding, Patient};
use crate::aws::{Error, ErrorKind, Result, US_EAST_1};
use crate::event::FindingKind;
use crate::resources::certificate::{self, Details};
use crate::resources::zone::{Zone, plain};
use crate::resources::{Certificate, Owner};
use crate::spec::Spec;
use crate::spec::model::{self, Domain, Endpoint};

/// After so many seconds ACM gives an unvalidated request up.
const GIVEN_UP: i64 = 72 * 60 * 60;
/// Usually issued by then, once the record is there.
const USUAL: i64 = 30 * 60;

/// Whom CAA records may name so that ACM may issue (AWS's user guide of ACM).
const AMAZON: [&str; 4] = ["amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"];

/// The finding on CAA records, where the file asks for a certificate.
pub(super) async fn caa(spec: &Spec, dns: Option<&Dns>) -> Option<Finding> {
    let domain = spec.domain.as_ref().filter(|domain| domain.certificate == model::Certificate::Request)?;
    let name = &domain.name;
    let Some(dns) = dns else {
        return Some(Finding::not_asked(
            "caa",
            "the names of the embedded cloud are in no other DNS; --dns names a server",
        ));
    };
    Some(match dns.caa(name).await {
        Err(why) => Finding::not_asked("caa", why),
        Ok(None) => Finding::ok("caa", format!("nothing keeps anybody from issuing certificates for {name}")),
        Ok(Some((at, records))) if allows(name, &records) => {
            Finding::ok("caa", format!("the records of {at} let Amazon issue certificates"))
        }
        Ok(Some((at, records))) => {
            let tag = if is_wild(name, &records) { "issuewild" } else { "issue" };
            let named = records.iter().filter(|record| record.tag == tag).map(|record| record.value.as_str());
            let named = named.collect::<Vec<_>>().join(", ");
            Finding::problem(
                "caa",
                FindingKind::CaaForbids.name(),
                format!("the CAA records of {at} let only {named:?} issue certificates, so ACM cannot"),
                format!("add a record to {at}: 0 {tag} \"amazon.com\""),
            )
        }
    })
}

/// Records for wildcards count before the others, for wildcards.
fn is_wild(name: &str, records: &[Caa]) -> bool {
    name.starts_with("*.") && records.iter().any(|record| record.tag == "issuewild")
}

fn allows(name: &str, records: &[Caa]) -> bool {
    let tag = if is_wild(name, records) { "issuewild" } else { "issue" };
    let issuers: Vec<&str> = records
        .iter()
        .filter(|record| record.tag == tag)
        .map(|record| record.value.split(';').next().unwrap_or_default().trim())
        .collect();
    issuers.is_empty() || issuers.iter().any(|issuer| AMAZON.iter().any(|amazon| issuer.eq_ignore_ascii_case(amazon)))
}

/// What ACM and the zone say.
pub(super) struct Facts {
    domain: String,
    region: String,
    /// Given by its ARN, and not requested.
    given: bool,
    /// None: there is no such certificate.
    found: Result<Option<Details>>,
    /// Records that ACM looks for, and the values that stand under their names; none where the zone could not be read.
    records: Option<Vec<Sought>>,
    /// Seconds since 1970.
    now: i64,
}

struct Sought {
    name: String,
    value: String,
    there: Vec<String>,
}

pub(super) async fn facts(patient: &Patient<'_, '_>, domain: &Domain, zone: Option<&Zone>) -> Facts {
    let Patient { aws, spec, account, .. } = patient;
    let region = match domain.endpoint {
        Endpoint::Edge => US_EAST_1.to_owned(),
        Endpoint::Regional => account.region.clone(),
    };
    let found = match &domain.certificate {
        model::Certificate::Arn(arn) => certificate::describe(aws, &region, arn).await,
        model::Certificate::Request => {
            let tags = crate::aws::Tags::new(&spec.app, &spec.stage, &spec.tags);
            let owner = Owner { tags, adopt: false };
            let name = domain.name.clone();
            Certificate { domain: name, region: region.clone(), spared: None, owner }.best(aws).await
        }
    };
    let records = match (&found, zone) {
        (Ok(Some(details)), Some(zone)) => sought(patient, details, zone).await.ok(),
        _ => None,
    };
    Facts {
        domain: domain.name.clone(),
        region,
        given: domain.certificate != model::Certificate::Request,
        found,
        records,
        now: i64::try_from(aws.clock().epoch_millis() / 1000).unwrap_or(i64::MAX),
    }
}

async fn sought(patient: &Patient<'_, '_>, details: &Details, zone: &Zone) -> Result<Vec<Sought>> {
    let mut all = Vec::new();
    for record in details.records() {
        let sets = zone.records(patient.aws, &record.name).await?;
        let there = sets.iter().flat_map(|set| set.resource_records()).map(|record| plain(record.value())).collect();
        all.push(Sought { name: record.name.clone(), value: record.value.clone(), there });
    }
    Ok(all)
}

/// `caa` is what DNS said of it.
pub(super) fn judged(facts: Facts, caa: Option<&Finding>) -> Finding {
    let Facts { domain, region, given, found, records, now } = facts;
    let details = match found {
        Ok(Some(details)) => details,
        Ok(None) if given => {
            return Finding::problem(
                "certificate",
                FindingKind::NoCertificate.name(),
                format!("the certificate that domain.certificate names does not exist in {region}"),
                "name another one, or write `request` there to have one made",
            );
        }
        Ok(None) => return Finding::ok("certificate", format!("one for {domain} will be requested in {region}")),
        Err(Error { kind: ErrorKind::Invalid, message, .. }) => {
            let next = "correct domain.certificate, or write `request` there";
            return Finding::problem("certificate", FindingKind::NoCertificate.name(), message, next);
        }
        Err(error) => return Finding::unanswered("certificate", &error),
    };
    match details.status {
        CertificateStatus::Issued => Finding::ok("certificate", format!("issued, in {region}")),
        CertificateStatus::PendingValidation => pending(
            &details,
            records.as_deref(),
            now,
            caa.filter(|finding| finding.kind == FindingKind::CaaForbids.name()),
        ),
        CertificateStatus::ValidationTimedOut => Finding::problem(
            "certificate",
            FindingKind::CertificateTimedOut.name(),
            "ACM looked for the validation record for 72 hours and gave up",
            "see the findings on the zone and its delegation; then `poc deploy` requests a new one",
        ),
        _ => {
            let problem = details.failed().problem(None);
            Finding::problem("certificate", problem.kind, problem.message, problem.next)
        }
    }
}

fn pending(details: &Details, records: Option<&[Sought]>, now: i64, caa: Option<&Finding>) -> Finding {
    let age = now.saturating_sub(details.created);
    let left = GIVEN_UP.saturating_sub(age).max(0) / 3600;
    let until = format!("ACM gives up in {left} hours");
    if let Some(caa) = caa {
        let remedy = caa.remedy.clone().unwrap_or_default();
        return Finding::problem(
            "certificate",
            FindingKind::CaaForbids.name(),
            format!("not issued: {}", caa.message),
            remedy,
        );
    }
    let Some(records) = records.filter(|records| !records.is_empty()) else {
        return Finding::warning(
            "certificate",
            FindingKind::CertificatePending.name(),
            format!("not issued yet; {until}"),
            "run this again once ACM has named its validation record and the zone can be read",
        );
    };
    let wrong = records.iter().find(|record| !record.there.contains(&record.value));
    match wrong {
        Some(Sought { name, value, there }) if there.is_empty() => Finding::problem(
            "certificate",
            FindingKind::ValidationRecordMissing.name(),
            format!("not issued: the zone has no record {name}; {until}"),
            format!("`poc deploy` writes it (CNAME {name} -> {value})"),
        ),
        Some(Sought { name, value, there }) => Finding::problem(
            "certificate",
            FindingKind::ValidationRecordWrong.name(),
            format!("not issued: {name} leads to {}, and ACM looks for {value}; {until}", there.join(", ")),
            format!("delete that record; `poc deploy` writes the right one (CNAME {name} -> {value})"),
        ),
        None if age > USUAL => Finding::problem(
            "certificate",
            FindingKind::CertificateHangs.name(),
            format!("not issued after {} minutes, and its record stands in the zone; {until}", age / 60),
            "the world does not see the zone: see the finding on its delegation",
        ),
        None => Finding::ok("certificate", "its record stands in the zone; ACM issues it within minutes"),
    }
}
