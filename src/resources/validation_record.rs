//! The CNAME by which ACM sees that the domain is ours. It derives from domain and account, not from the certificate
//! (`AWS_FACTS` B6): the same record serves every certificate of that name, whoever made it.

use aws_sdk_route53::types::{ChangeAction, ResourceRecord, ResourceRecordSet, RrType};
use futures_util::future::try_join_all;

use super::certificate::{self, Certificate, Cname};
use super::hosted_zone::HostedZone;
use super::zone::{Zone, impossible, plain, record_change};
use crate::aws::{Aws, Error, ErrorKind, Result, US_EAST_1};
use crate::engine::plan::{Change, Side};
use crate::engine::{Handle, Identity, Known, NodeId, Resource};
use crate::event::{Action, Event};

/// What ACM wants to find in the zone.
#[derive(Clone)]
pub struct ValidationRecord {
    /// `api.example.com`.
    pub domain: String,
    pub zone: Handle<HostedZone>,
    pub certificate: Handle<Certificate>,
}

/// The records that are there, as listed.
#[derive(Clone, Debug)]
pub struct Observed {
    present: Vec<(Cname, ResourceRecordSet)>,
}

impl Resource for ValidationRecord {
    type Observed = Observed;
    type Outputs = ();

    fn identity(&self) -> Identity {
        Identity::one("validation_record", "validation record", &self.domain)
    }

    fn needs(&self) -> Vec<NodeId> {
        vec![self.zone.id(), self.certificate.id()]
    }

    fn read_after(&self) -> Vec<NodeId> {
        vec![self.zone.id(), self.certificate.id()]
    }

    async fn read(&self, aws: &Aws<'_>, known: &Known) -> Result<Option<Observed>> {
        let (Some(zone), Some(certificate)) = (known.get(self.zone), known.get(self.certificate)) else {
            return Ok(None);
        };
        let present = look(aws, &zone, &certificate.records).await?;
        // A cloud that issues without a record has nothing to look for, and that is as good as there.
        let settled = certificate.issued && certificate.records.is_empty();
        Ok((settled || !present.is_empty()).then_some(Observed { present }))
    }

    fn outputs(&self, _: &Observed) {}

    fn diff(&self, seen: &Observed, known: &Known) -> Vec<Change> {
        let Some(certificate) = known.get(self.certificate) else {
            let before = seen.present.first().map(|(cname, _)| cname.value.clone());
            let path = seen.present.first().map_or("CNAME", |(cname, _)| &cname.name);
            return vec![Change::new(path, before, Side::KnownAfter(known.step_of(self.certificate)))];
        };
        let missing = certificate.records.iter().filter(|wanted| !seen.has(wanted));
        missing.map(|wanted| Change::set(&wanted.name, wanted.value.as_str())).collect()
    }

    fn creation(&self, known: &Known) -> Vec<Change> {
        match known.get(self.certificate) {
            Some(certificate) => {
                certificate.records.iter().map(|cname| Change::set(&cname.name, cname.value.as_str())).collect()
            }
            None => vec![Change::set("CNAME", Side::KnownAfter(known.step_of(self.certificate)))],
        }
    }

    fn consequences(&self, action: Action, _: &[Change]) -> Vec<String> {
        match action {
            Action::Delete => vec!["it stays where another certificate is renewed by it".to_owned()],
            _ => Vec::new(),
        }
    }

    async fn create(&self, aws: &Aws<'_>, known: &Known) -> Result<()> {
        let (zone, certificate) = (known.require(self.zone)?, known.require(self.certificate)?);
        self.add(aws, &zone, certificate.records).await
    }

    async fn update(&self, aws: &Aws<'_>, known: &Known, seen: &Observed, _: &[Change]) -> Result<()> {
        let (zone, mut certificate) = (known.require(self.zone)?, known.require(self.certificate)?);
        certificate.records.retain(|wanted| !seen.has(wanted));
        self.add(aws, &zone, certificate.records).await
    }

    async fn delete(&self, aws: &Aws<'_>, known: &Known, seen: &Observed) -> Result<()> {
        let (zone, certificate) = (known.require(self.zone)?, known.require(self.certificate)?);
        if let Some(other) = self.also_used_by(aws, &certificate.region, &certificate.ours).await? {
            let text = format!("validation record of {} stays: {other} is renewed by it", self.domain);
            aws.report(&Event::Note { text });
            return Ok(());
        }
        let sets = seen.present.iter().map(|(_, set)| record_change(ChangeAction::Delete, set.clone()));
        let changes = sets.collect::<Result<Vec<_>>>()?;
        if changes.is_empty() {
            return Ok(());
        }
        match zone.change(aws, changes).await {
            Err(error) if error.is(ErrorKind::Invalid) => {
                let left = look(aws, &zone, &certificate.records).await?;
                if left.is_empty() { Ok(()) } else { Err(error) }
            }
            result => result.map(|_| ()),
        }
    }
}

impl ValidationRecord {
    /// Adds `wanted` in one batch. Where Route 53 refuses it, something of it is there already: then what is missing.
    async fn add(&self, aws: &Aws<'_>, zone: &Zone, wanted: Vec<Cname>) -> Result<()> {
        if wanted.is_empty() {
            return Ok(());
        }
        let refusal = match zone.change(aws, creations(&wanted)?).await {
            Err(error) if error.is(ErrorKind::Invalid) => error,
            result => return result.map(|_| ()),
        };
        let present = Observed { present: look(aws, zone, &wanted).await? };
        let missing: Vec<Cname> = wanted.iter().filter(|cname| !present.has(cname)).cloned().collect();
        match missing.len() {
            0 => Ok(()),
            count if count == wanted.len() => Err(refusal),
            _ => zone.change(aws, creations(&missing)?).await.map(|_| ()),
        }
    }

    /// Another certificate of the same name, in any of the two regions that matter.
    async fn also_used_by(&self, aws: &Aws<'_>, region: &str, ours: &[String]) -> Result<Option<String>> {
        let mut regions = vec![region, aws.region(), US_EAST_1];
        regions.sort_unstable();
        regions.dedup();
        let listed = try_join_all(regions.into_iter().map(|region| certificate::list(aws, region))).await?;
        let bare = |name: &str| plain(name).trim_start_matches("*.").to_owned();
        let mut others = listed.into_iter().flatten().filter(|summary| {
            let names = summary.subject_alternative_name_summaries().iter().map(String::as_str);
            let mut names = names.chain(summary.domain_name());
            let alive =
                summary.status().is_none_or(|status| matches!(status.as_str(), "ISSUED" | "PENDING_VALIDATION"));
            alive && names.any(|name| bare(name) == bare(&self.domain))
        });
        let other = others.find(|summary| !ours.iter().any(|arn| Some(arn.as_str()) == summary.certificate_arn()));
        Ok(other.and_then(|summary| summary.certificate_arn))
    }
}

impl Observed {
    fn has(&self, wanted: &Cname) -> bool {
        self.present.iter().any(|(cname, _)| cname == wanted)
    }
}

/// Those of `wanted` that are in the zone.
///
/// # Errors
/// Where a record has the name but another value.
async fn look(aws: &Aws<'_>, zone: &Zone, wanted: &[Cname]) -> Result<Vec<(Cname, ResourceRecordSet)>> {
    let found = try_join_all(wanted.iter().map(|cname| zone.records(aws, &cname.name))).await?;
    let mut present = Vec::new();
    for (cname, sets) in wanted.iter().zip(found) {
        for set in sets {
            let values: Vec<String> = set.resource_records().iter().map(|record| plain(record.value())).collect();
            if *set.r#type() != RrType::Cname || values != [cname.value.as_str()] {
                return Err(in_the_way(zone, cname, &values));
            }
            present.push((cname.clone(), set));
        }
    }
    Ok(present)
}

fn in_the_way(zone: &Zone, wanted: &Cname, values: &[String]) -> Error {
    Error::in_the_way(
        "not_ours",
        format!(
            "the record {} in zone {} holds '{}', where ACM asks for the CNAME '{}'",
            wanted.name,
            zone.name,
            values.join(", "),
            wanted.value
        ),
        "remove that record, then run the same command again",
    )
}

fn creations(wanted: &[Cname]) -> Result<Vec<aws_sdk_route53::types::Change>> {
    let set = |cname: &Cname| {
        let value = ResourceRecord::builder().value(format!("{}.", cname.value)).build().map_err(impossible)?;
        let set = ResourceRecordSet::builder().name(format!("{}.", cname.name)).r#type(RrType::Cname).ttl(300);
        record_change(ChangeAction::Create, set.resource_records(value).build().map_err(impossible)?)
    };
    wanted.iter().map(set).collect()
}
