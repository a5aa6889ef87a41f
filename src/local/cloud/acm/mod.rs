//! ACM: certificates that are issued once their validation records stand in a hosted zone. JSON 1.1, regional.
//!
//! Nothing runs in the background: what time and Route 53 have done to a certificate is worked out by [`settle`], on
//! every call here, and by whoever asks for a certificate's state.

mod certificate;
mod read;
mod request;
mod tags;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Call, Failure, Reply, Request};

pub use certificate::{Certificate, CertificateView, settle};

/// Certificates by ARN, and the idempotency tokens seen.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    pub certificates: BTreeMap<String, Certificate>,
    pub tokens: Vec<Token>,
}

/// A request told apart by its token: repeated within an hour it is answered with the same ARN, even if that
/// certificate was deleted (`AWS_FACTS` B6).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Token {
    pub region: String,
    pub token: String,
    pub domains: Vec<String>,
    pub at: u64,
    pub arn: String,
}

impl State {
    /// What others may know of a certificate. Call [`settle`] first: it is as old as the last settling.
    pub fn certificate(&self, region: &str, arn: &str) -> Option<CertificateView> {
        let certificate = self.certificates.get(arn).filter(|certificate| certificate.region == region)?;
        Some(CertificateView { issued: certificate.issued.is_some(), domains: certificate.domains.clone() })
    }

    /// Notes that `by` (an ARN) uses the certificate, or no longer does since `now`.
    pub fn set_in_use(&mut self, arn: &str, by: &str, in_use: bool, now: u64) {
        let Some(certificate) = self.certificates.get_mut(arn) else { return };
        if in_use {
            certificate.users.insert(by.to_owned(), None);
        } else if let Some(released) = certificate.users.get_mut(by) {
            released.get_or_insert(now);
        }
    }
}

type Answer = Result<Value, Failure>;

pub fn handle(call: &mut Call<'_>, request: &Request) -> Reply {
    settle(call);
    let input = request.json();
    let operation = request.header("x-amz-target").and_then(|target| target.split_once('.')).map_or("", |(_, op)| op);
    let answer = match operation {
        "RequestCertificate" => request::request(call, &input),
        "DescribeCertificate" => read::describe(call, &input),
        "ListCertificates" => read::list(call, &input),
        "DeleteCertificate" => delete(call, &input),
        "ListTagsForCertificate" => tags::list(call, &input),
        "AddTagsToCertificate" => tags::add(call, &input),
        "RemoveTagsFromCertificate" => tags::remove(call, &input),
        other => Err(Failure::new(400, "UnknownOperationException", format!("no operation {other}"))),
    };
    match answer {
        Ok(output) => Reply::json(200, &output),
        Err(failure) => failure.json(),
    }
}

fn delete(call: &mut Call<'_>, input: &Value) -> Answer {
    let found = certificate(call, input)?;
    let arn = found.arn.clone();
    if !found.users.is_empty() {
        return Err(Failure::new(400, "ResourceInUseException", format!("Certificate {arn} is in use.")));
    }
    call.state.acm.certificates.remove(&arn);
    Ok(json!({}))
}

/// The certificate that `CertificateArn` means: of this region, and not so new that ACM does not tell it yet.
fn certificate<'c>(call: &'c mut Call<'_>, input: &Value) -> Result<&'c mut Certificate, Failure> {
    let arn = input["CertificateArn"].as_str().unwrap_or_default();
    if !arn.starts_with("arn:aws") || !arn.contains(":acm:") || !arn.contains(":certificate/") {
        let rule = "Member must satisfy regular expression pattern: \
                    arn:[\\w+=/,.@-]+:acm:[\\w+=/,.@-]*:[0-9]+:[\\w+=,.@-]+(/[\\w+=,.@-]+)*";
        return Err(constraint(arn, "certificateArn", rule));
    }
    let missing = || Failure::new(400, "ResourceNotFoundException", format!("Could not find certificate {arn}."));
    let (now, known_after, region) = (call.now, certificate::known_after(call.profile), call.region.as_str());
    let found = call.state.acm.certificates.get_mut(arn);
    found.filter(|found| found.region == region && found.is_known(now, known_after)).ok_or_else(missing)
}

fn constraint(value: &str, member: &str, rule: &str) -> Failure {
    Failure::new(
        400,
        "ValidationException",
        format!("1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {rule}"),
    )
}
