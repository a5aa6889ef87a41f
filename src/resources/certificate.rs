//! The certificate of a custom domain, requested from ACM and validated through Route 53. It is found by its domain and
//! our tags; ACM lets names repeat, so a foreign namesake is simply not ours.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_acm::types::{
    CertificateStatus, CertificateSummary, FailureReason, Filters, KeyAlgorithm, Tag, ValidationMethod,
};
use futures_util::future::{try_join, try_join_all};

use super::Owner;
use super::zone::{impossible, plain};
use crate::aws::{Aws, Error, ErrorKind, Repeat, Result, found, gone};
use crate::engine::plan::{Change, Changes, Side};
use crate::engine::wait::{self, Wait};
use crate::engine::{Identity, Known, NodeId, Resource, slow};
use crate::event::Action;

/// A certificate for one domain name.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// `api.example.com`, or `*.example.com`.
    pub domain: String,
    /// us-east-1 for an edge domain name, the API's own for a regional one.
    pub region: String,
    /// The ARN of one that is never this, whatever its tags say.
    pub spared: Option<String>,
    pub owner: Owner,
}

/// A CNAME that ACM looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cname {
    /// `_3f8a.api.example.com`, without a last dot.
    pub name: String,
    /// `_c71b.acm-validations.aws`, without a last dot.
    pub value: String,
}

#[derive(Clone, Debug)]
pub struct Outputs {
    pub arn: String,
    pub region: String,
    /// What must be in the zone; no two alike.
    pub records: Vec<Cname>,
    pub issued: bool,
    /// When it ends, in seconds since 1970-01-01 UTC.
    pub expires: Option<i64>,
    /// ARNs of every certificate of ours for this domain, left-overs of earlier attempts included.
    pub ours: Vec<String>,
    /// No other one can turn up: what an earlier run may have requested, ACM has told by now.
    pub sole: bool,
}

/// The certificates that are ours, the most usable first.
#[derive(Clone, Debug)]
pub struct Observed {
    current: Ours,
    others: Vec<Ours>,
}

#[derive(Clone, Debug)]
struct Ours {
    details: Details,
    tags: BTreeMap<String, String>,
}

/// What ACM says of one certificate.
#[derive(Clone, Debug)]
pub struct Details {
    pub arn: String,
    /// Every name it is good for.
    pub names: Vec<String>,
    pub status: CertificateStatus,
    failure: Option<FailureReason>,
    records: Vec<Cname>,
    /// ACM has named the records of every domain.
    complete: bool,
    in_use: bool,
    /// Seconds since 1970-01-01 UTC.
    pub created: i64,
    /// When it ends, likewise; told once it is issued.
    pub expires: Option<i64>,
}

impl Resource for Certificate {
    type Observed = Observed;
    type Outputs = Outputs;

    fn identity(&self) -> Identity {
        Identity::one("certificate", "certificate", &self.domain)
    }

    fn needs(&self) -> Vec<NodeId> {
        Vec::new()
    }

    async fn read(&self, aws: &Aws<'_>, _: &Known) -> Result<Option<Observed>> {
        let arns = self.namesakes(aws).await?;
        let mut ours = self.ours(aws, &arns).await?.into_iter();
        Ok(ours.next().map(|current| Observed { current, others: ours.collect() }))
    }

    fn outputs(&self, seen: &Observed) -> Outputs {
        let ours = seen.all().map(|ours| ours.details.arn.clone()).collect();
        Outputs { ours, ..self.told(&seen.current.details) }
    }

    fn diff(&self, seen: &Observed, _: &Known) -> Vec<Change> {
        let mut changes = Changes::default();
        let details = &seen.current.details;
        let after = || Side::KnownAfter(self.identity().id());
        if !details.usable() {
            changes.push(Change::new("status", details.status.as_str(), after()).replacing());
        } else if !details.complete {
            changes.push(Change::new(RECORDS, Side::Absent, after()));
        }
        self.owner.diff(&mut changes, &seen.current.tags);
        changes.done()
    }

    fn creation(&self, _: &Known) -> Vec<Change> {
        vec![
            Change::set("domain", self.domain.as_str()),
            Change::set("region", self.region.as_str()),
            Change::set("validation", "DNS"),
        ]
    }

    fn keeps_outputs(&self, changes: &[Change]) -> bool {
        !changes.iter().any(|change| change.path == RECORDS)
    }

    fn consequences(&self, action: Action, _: &[Change]) -> Vec<String> {
        match action {
            Action::Replace => vec!["a new certificate is requested; the old one cannot become valid again".to_owned()],
            _ => Vec::new(),
        }
    }

    fn slow(&self, action: Action) -> Option<crate::engine::plan::Slow> {
        match action {
            Action::Delete => slow("AWS releases a certificate some time after its domain name is gone", MINUTE * 15),
            _ => None,
        }
    }

    /// ACM tells of a new one after several seconds (`AWS_FACTS` B6).
    fn unseen_for(&self) -> Option<Duration> {
        Some(Duration::from_secs(10))
    }

    async fn create(&self, aws: &Aws<'_>, _: &Known) -> Result<Outputs> {
        let tags = self.tags()?;
        // Repeated with this token, the request answers the same certificate. It must be new in every run: ACM
        // remembers it for an hour and would answer a certificate deleted since (AWS_FACTS B6).
        let token = format!("{}{:x}", aws.token(), aws.clock().epoch_millis());
        let call = || {
            let request = aws.acm(&self.region).request_certificate().domain_name(&self.domain);
            let request = request.validation_method(ValidationMethod::Dns).idempotency_token(&token);
            request.set_tags(Some(tags.clone())).send()
        };
        let answer = aws.call("acm", "RequestCertificate", Repeat::Safe, call).await?;
        let arn = answer.certificate_arn().ok_or_else(|| Error::unexpected("RequestCertificate names no ARN"))?;
        let new = self.until_records_are_named(aws, arn).await?;
        self.earliest(aws, new).await
    }

    async fn update(&self, aws: &Aws<'_>, _: &Known, seen: &Observed, changes: &[Change]) -> Result<Outputs> {
        let arn = &seen.current.details.arn;
        if changes.iter().any(|change| change.path.starts_with("tags.")) {
            let tags = self.tags()?;
            let call = || {
                let add = aws.acm(&self.region).add_tags_to_certificate();
                add.certificate_arn(arn).set_tags(Some(tags.clone())).send()
            };
            aws.call("acm", "AddTagsToCertificate", Repeat::Safe, call).await?;
        }
        if self.keeps_outputs(changes) {
            return Ok(self.outputs(seen));
        }
        self.until_records_are_named(aws, arn).await
    }

    /// The old one stays until everything uses the new one: it is then surplus.
    async fn replace(&self, aws: &Aws<'_>, known: &Known, _: &Observed, _: &[Change]) -> Result<Outputs> {
        self.create(aws, known).await
    }

    fn surplus(&self, seen: &Observed, _: &Known, _: bool) -> Vec<Change> {
        let kept = usize::from(seen.current.details.usable());
        let free = seen.all().skip(kept).filter(|ours| !ours.details.in_use);
        free.map(|ours| Change::removed(&ours.details.arn, ours.details.status.as_str())).collect()
    }

    async fn prune(&self, aws: &Aws<'_>, _: &Known, _: &Observed, surplus: &[Change]) -> Result<()> {
        for change in surplus {
            gone(self.send_delete(aws, &change.path).await)?;
        }
        Ok(())
    }

    async fn delete(&self, aws: &Aws<'_>, _: &Known, seen: &Observed) -> Result<()> {
        let patience = Wait {
            what: "the certificate to be released by its former domain name",
            usual: MINUTE * 15,
            deadline: MINUTE * 20,
            interval: Duration::from_secs(15),
        };
        for ours in seen.all() {
            let arn = &ours.details.arn;
            wait::until(aws, patience.clone(), || async move {
                match gone(self.send_delete(aws, arn).await) {
                    Ok(()) => Ok(Some(())),
                    Err(error) if error.is(ErrorKind::InUse) => Ok(None),
                    Err(error) => Err(error),
                }
            })
            .await?;
        }
        Ok(())
    }
}

/// The property that stands for the records ACM has not named yet.
const RECORDS: &str = "validation_records";

const MINUTE: Duration = Duration::from_secs(60);

impl Certificate {
    /// The one of ours that counts, where there is any.
    ///
    /// # Errors
    /// What ACM refuses.
    pub async fn best(&self, aws: &Aws<'_>) -> Result<Option<Details>> {
        let arns = self.namesakes(aws).await?;
        Ok(self.ours(aws, &arns).await?.into_iter().next().map(|ours| ours.details))
    }

    /// ARNs of every certificate for the domain.
    async fn namesakes(&self, aws: &Aws<'_>) -> Result<Vec<String>> {
        let listed = list(aws, &self.region).await?.into_iter();
        let namesakes = listed.filter(|summary| summary.domain_name().map(plain) == Some(plain(&self.domain)));
        let arns = namesakes.filter_map(|summary| summary.certificate_arn);
        Ok(arns.filter(|arn| self.spared.as_ref() != Some(arn)).collect())
    }

    /// Those of `arns` that are ours, the most usable first.
    async fn ours(&self, aws: &Aws<'_>, arns: &[String]) -> Result<Vec<Ours>> {
        let looked = try_join_all(arns.iter().map(|arn| async move {
            let call = || aws.acm(&self.region).list_tags_for_certificate().certificate_arn(arn).send();
            let tags = async { found(aws.call("acm", "ListTagsForCertificate", Repeat::Safe, call).await) };
            let (Some(details), Some(answer)) = try_join(describe(aws, &self.region, arn), tags).await? else {
                return Ok(None);
            };
            let tags = answer.tags().iter();
            let tags = tags.map(|tag| (tag.key().to_owned(), tag.value().unwrap_or_default().to_owned())).collect();
            Ok(self.owner.tags.own(&tags).then_some(Ours { details, tags }))
        }));
        let mut ours: Vec<Ours> = looked.await?.into_iter().flatten().collect();
        ours.sort_by_key(|ours| ours.details.rank());
        Ok(ours)
    }

    /// Runs that were stopped right after their requests left certificates that ACM did not tell yet when this run looked
    /// (`AWS_FACTS` B6). By the time the last one is complete the earlier ones are told: then the first is the one to keep.
    async fn earliest(&self, aws: &Aws<'_>, new: Outputs) -> Result<Outputs> {
        let others = self.others(aws, &new.arn).await?;
        let Some(earliest) = others.first().filter(|other| other.details.usable()) else {
            return Ok(Outputs { sole: true, ..new });
        };
        gone(self.send_delete(aws, &new.arn).await)?;
        self.remove(aws, &others[1..]).await?;
        Ok(Outputs { sole: true, ..self.until_records_are_named(aws, &earliest.details.arn).await? })
    }

    /// Those of ours that ACM tells beside this one.
    async fn others(&self, aws: &Aws<'_>, arn: &str) -> Result<Vec<Ours>> {
        let mut others = self.namesakes(aws).await?;
        others.retain(|other| other != arn);
        self.ours(aws, &others).await
    }

    /// Two runs that were stopped one soon after the other left two certificates, of which ACM told one when this run looked.
    pub(super) async fn leave_only(&self, aws: &Aws<'_>, arn: &str) -> Result<()> {
        self.remove(aws, &self.others(aws, arn).await?).await
    }

    /// Those of them that nothing uses.
    async fn remove(&self, aws: &Aws<'_>, surplus: &[Ours]) -> Result<()> {
        for one in surplus.iter().filter(|one| !one.details.in_use) {
            gone(self.send_delete(aws, &one.details.arn).await)?;
        }
        Ok(())
    }

    /// Right after the request ACM may not know the certificate, then names its records one by one.
    async fn until_records_are_named(&self, aws: &Aws<'_>, arn: &str) -> Result<Outputs> {
        let patience = Wait {
            what: "ACM to name the validation record",
            usual: Duration::from_secs(15),
            deadline: MINUTE * 5,
            interval: Duration::from_secs(3),
        };
        wait::until(aws, patience, || async move {
            match describe(aws, &self.region, arn).await? {
                Some(details) if !details.usable() => Err(details.failed()),
                Some(details) if details.complete => Ok(Some(self.told(&details))),
                _ => Ok(None),
            }
        })
        .await
    }

    fn told(&self, details: &Details) -> Outputs {
        Outputs {
            arn: details.arn.clone(),
            region: self.region.clone(),
            records: details.records.clone(),
            issued: details.issued(),
            expires: details.expires,
            ours: vec![details.arn.clone()],
            sole: details.issued(),
        }
    }

    fn tags(&self) -> Result<Vec<Tag>> {
        let tags = self.owner.tags.map().iter();
        tags.map(|(key, value)| Tag::builder().key(key).value(value).build().map_err(impossible)).collect()
    }

    async fn send_delete(&self, aws: &Aws<'_>, arn: &str) -> Result<()> {
        let call = || aws.acm(&self.region).delete_certificate().certificate_arn(arn).send();
        aws.call("acm", "DeleteCertificate", Repeat::Safe, call).await.map(|_| ())
    }
}

impl Observed {
    fn all(&self) -> impl Iterator<Item = &Ours> {
        std::iter::once(&self.current).chain(&self.others)
    }
}

impl Details {
    /// What ACM looks for, as far as it has told.
    pub fn records(&self) -> &[Cname] {
        &self.records
    }

    pub fn issued(&self) -> bool {
        self.status == CertificateStatus::Issued
    }

    /// Valid, or on the way to it.
    pub fn usable(&self) -> bool {
        matches!(self.status, CertificateStatus::Issued | CertificateStatus::PendingValidation)
    }

    /// Which of several to keep: the issued one, the one in use, the oldest.
    fn rank(&self) -> (bool, bool, bool, i64, String) {
        (!self.issued(), !self.usable(), !self.in_use, self.created, self.arn.clone())
    }

    /// Why it will never be valid.
    pub fn failed(&self) -> Error {
        let reason = self.failure.as_ref().map(|reason| format!(" ({})", reason.as_str())).unwrap_or_default();
        let message = format!("the certificate {} has the status {}{reason}", self.arn, self.status.as_str());
        Error::refused("certificate_failed", message, self.remedy())
    }

    fn remedy(&self) -> String {
        let again = "then run the same command again: it requests a new certificate";
        match self.failure {
            Some(FailureReason::CaaError) => format!(
                "a CAA record of the domain, or of one above it, forbids Amazon to issue certificates: allow it with \
                 0 issue \"amazon.com\" or remove the record, {again}"
            ),
            Some(FailureReason::DomainNotAllowed) => {
                "ACM issues nothing for this domain: use a certificate of your own (domain.certificate: its ARN)".into()
            }
            Some(FailureReason::InvalidPublicDomain) => {
                "ACM issues certificates for names of public top-level domains only: correct domain.name".into()
            }
            Some(FailureReason::AdditionalVerificationRequired) => {
                format!("AWS wants to verify the domain: open a case with AWS Support, {again}")
            }
            _ => format!("see the certificate in the ACM console for details, {again}"),
        }
    }
}

/// What ACM says of the certificate `arn`, or nothing where it does not know it (yet, or any more).
///
/// # Errors
/// What ACM refuses.
pub async fn describe(aws: &Aws<'_>, region: &str, arn: &str) -> Result<Option<Details>> {
    let call = || aws.acm(region).describe_certificate().certificate_arn(arn).send();
    let answer = found(aws.call("acm", "DescribeCertificate", Repeat::Safe, call).await)?;
    let Some(detail) = answer.and_then(|answer| answer.certificate) else { return Ok(None) };
    let status = detail.status().cloned().unwrap_or_else(|| "UNKNOWN".into());
    let options = detail.domain_validation_options();
    let by_dns = options.iter().filter(|option| option.validation_method() != Some(&ValidationMethod::Email));
    let named = by_dns.clone().filter_map(|option| option.resource_record());
    let complete = by_dns.clone().count() == named.clone().count() && !options.is_empty();
    let mut records: Vec<Cname> = Vec::new();
    for record in named {
        let record = Cname { name: plain(record.name()), value: plain(record.value()) };
        if !records.contains(&record) {
            records.push(record);
        }
    }
    // The domain is one of the alternative names as well, but where there are none.
    let alternative = detail.subject_alternative_names().iter().map(|name| plain(name));
    let domain = detail.domain_name().map(plain).filter(|domain| !alternative.clone().any(|name| name == *domain));
    Ok(Some(Details {
        arn: arn.to_owned(),
        names: domain.into_iter().chain(alternative).collect(),
        complete: complete || status == CertificateStatus::Issued,
        status,
        failure: detail.failure_reason().cloned(),
        records,
        in_use: !detail.in_use_by().is_empty(),
        created: detail.created_at().map_or(0, |time| time.secs()),
        expires: detail.not_after().map(|time| time.secs()),
    }))
}

/// Every certificate of the account in `region`. Without naming key types, ACM lists RSA ones alone.
pub(super) async fn list(aws: &Aws<'_>, region: &str) -> Result<Vec<CertificateSummary>> {
    let key_types = [
        KeyAlgorithm::Rsa1024,
        KeyAlgorithm::Rsa2048,
        KeyAlgorithm::Rsa3072,
        KeyAlgorithm::Rsa4096,
        KeyAlgorithm::EcPrime256v1,
        KeyAlgorithm::EcSecp384r1,
        KeyAlgorithm::EcSecp521r1,
    ];
    let filter = Filters::builder().set_key_types(Some(key_types.to_vec())).build();
    let (mut all, mut next) = (Vec::new(), None);
    loop {
        let call = || {
            let list = aws.acm(region).list_certificates().includes(filter.clone());
            list.max_items(1000).set_next_token(next.clone()).send()
        };
        let answer = aws.call("acm", "ListCertificates", Repeat::Safe, call).await?;
        all.extend(answer.certificate_summary_list().iter().cloned());
        next = answer.next_token;
        if next.is_none() {
            return Ok(all);
        }
    }
}
