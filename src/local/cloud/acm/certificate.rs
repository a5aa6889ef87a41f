//! One certificate, and how it comes to be issued.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::local::cloud::store::hex;
use crate::local::cloud::{ACCOUNT, Call, Profile, route53, stamp};

/// After so long an unvalidated request is given up: 72 hours.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(72 * 60 * 60);

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Certificate {
    pub arn: String,
    pub region: String,
    /// The domain name asked for, then the alternative names.
    pub domains: Vec<String>,
    pub requested: u64,
    pub issued: Option<u64>,
    pub given_up: bool,
    /// `DNS` or `EMAIL`. Only the first is ever answered here.
    pub validation: String,
    /// As requests spell it: `RSA_2048`.
    pub key_algorithm: String,
    pub transparency_logging: String,
    pub tags: BTreeMap<String, String>,
    /// ARNs of what uses it; with the time of release once they no longer do.
    pub users: BTreeMap<String, Option<u64>>,
}

/// What other services may know of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateView {
    pub issued: bool,
    pub domains: Vec<String>,
}

/// The record that proves the hold over a domain. It follows from domain and account, not from the certificate, and a
/// wildcard shares its apex's (`AWS_FACTS` B6).
pub struct ValidationRecord {
    pub name: String,
    pub value: String,
}

impl ValidationRecord {
    pub fn of(domain: &str) -> ValidationRecord {
        let base = domain.strip_prefix("*.").unwrap_or(domain).to_lowercase();
        let digest = |what: &str| hex(&Sha256::digest(format!("{what} {ACCOUNT} {base}")));
        let letters: String = digest("zone").bytes().take(10).map(|byte| char::from(b'a' + byte % 26)).collect();
        ValidationRecord {
            name: format!("_{}.{base}.", &digest("name")[..32]),
            value: format!("_{}.{letters}.acm-validations.aws.", &digest("value")[..32]),
        }
    }
}

impl Certificate {
    pub fn status(&self) -> &'static str {
        match (self.issued, self.given_up) {
            (Some(_), _) => "ISSUED",
            (None, true) => "VALIDATION_TIMED_OUT",
            (None, false) => "PENDING_VALIDATION",
        }
    }

    /// ACM forgets a certificate for a moment right after the request.
    pub fn is_known(&self, now: u64, known_after: Duration) -> bool {
        stamp::age(now, self.requested) >= known_after
    }

    /// The record of the domain at `position`, once ACM tells it: one domain after the other.
    pub fn record(&self, position: usize, call: &Call<'_>) -> Option<ValidationRecord> {
        let turn = u32::try_from(position).unwrap_or(u32::MAX);
        let wait = call.profile.certificate_record;
        let told = call.passed(self.requested, wait.saturating_add((wait / 4).saturating_mul(turn)));
        (self.validation == "DNS" && told).then(|| ValidationRecord::of(&self.domains[position]))
    }
}

/// How long a fresh certificate is unknown to every call but the one that made it.
pub fn known_after(profile: &Profile) -> Duration {
    profile.certificate_record / 2
}

/// Works out what time and Route 53 have done since the last call: issues, gives up, and lets go of former users.
pub fn settle(call: &mut Call<'_>) {
    let (now, profile) = (call.now, call.profile);
    let zones = &call.state.route53;
    let after = |since: u64, wait: Duration| since.saturating_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
    for certificate in call.state.acm.certificates.values_mut() {
        certificate
            .users
            .retain(|_, released| released.is_none_or(|at| stamp::age(now, at) < profile.certificate_released));
        if certificate.issued.is_some() || certificate.given_up {
            continue;
        }
        match stands_since(certificate, zones) {
            Some(since) if stamp::age(now, since) >= profile.certificate_issued => {
                certificate.issued = Some(after(since, profile.certificate_issued));
            }
            _ => certificate.given_up = after(certificate.requested, GIVEN_UP_AFTER) <= now,
        }
    }
}

/// Since when every domain's record stands in a public zone; `None` while one is missing.
fn stands_since(certificate: &Certificate, zones: &route53::State) -> Option<u64> {
    if certificate.validation != "DNS" {
        return None;
    }
    let mut since = certificate.requested;
    for domain in &certificate.domains {
        let record = ValidationRecord::of(domain);
        since = since.max(zones.cname_since(&record.name, &record.value)?);
    }
    Some(since)
}
