//! The records that lead the host name to API Gateway: an alias A, and an AAAA where the target has IPv6. Records carry
//! no tags, so ours is what points at our custom domain name; anything else of that name is somebody's.

use std::time::Duration;

use aws_sdk_route53::types::{AliasTarget, Change as RecordChange, ChangeAction, ResourceRecordSet, RrType};

use super::domain_name::{self, DomainName, EndpointType};
use super::hosted_zone::HostedZone;
use super::zone::{Zone, impossible, in_sync, plain, record_change};
use crate::aws::{Aws, Error, ErrorKind, Result};
use crate::engine::plan::{Change, Side, Slow};
use crate::engine::wait::{self, Wait};
use crate::engine::{Handle, Identity, Known, NodeId, Resource, slow};
use crate::event::Action;

/// The alias records of one host name; one lookup and one batch serve both types.
#[derive(Clone)]
pub struct AliasRecord {
    /// `api.example.com`.
    pub name: String,
    pub endpoint: EndpointType,
    /// An AAAA as well: see [`DomainName::has_ipv6`].
    pub ipv6: bool,
    pub zone: Handle<HostedZone>,
    pub domain: Handle<DomainName>,
    /// What must stand before as well.
    pub after: Option<NodeId>,
    /// Overwrite records of this name that are not ours.
    pub adopt: bool,
    /// Wait until Route 53 answers by the new record everywhere.
    pub wait: bool,
}

/// The A, AAAA and CNAME records of the name, as listed.
#[derive(Clone, Debug)]
pub struct Observed {
    sets: Vec<Set>,
}

#[derive(Clone, Debug)]
struct Set {
    listed: ResourceRecordSet,
    ours: bool,
}

impl Resource for AliasRecord {
    type Observed = Observed;
    type Outputs = ();

    fn identity(&self) -> Identity {
        Identity::one("alias_record", "alias record", &self.name)
    }

    fn needs(&self) -> Vec<NodeId> {
        [self.zone.id(), self.domain.id()].into_iter().chain(self.after).collect()
    }

    fn read_after(&self) -> Vec<NodeId> {
        vec![self.zone.id(), self.domain.id()]
    }

    async fn read(&self, aws: &Aws<'_>, known: &Known) -> Result<Option<Observed>> {
        let Some(zone) = known.get(self.zone) else { return Ok(None) };
        let domain = known.get(self.domain);
        let listed = relevant(zone.records.clone());
        let sets: Vec<Set> = listed
            .into_iter()
            .map(|listed| Set { ours: self.ours(&listed, domain.as_ref(), aws.region()), listed })
            .collect();
        match sets.iter().find(|set| !set.ours) {
            Some(foreign) if !self.adopt => Err(foreign.in_the_way(&zone)),
            _ => Ok((!sets.is_empty()).then_some(Observed { sets })),
        }
    }

    fn outputs(&self, _: &Observed) {}

    fn diff(&self, seen: &Observed, known: &Known) -> Vec<Change> {
        let target = known.get(self.domain);
        let mut changes = Vec::new();
        for kind in self.kinds() {
            let there: Vec<&Set> = seen.sets.iter().filter(|set| *set.listed.r#type() == kind).collect();
            let right = target.as_ref().is_some_and(|target| there.iter().any(|set| set.leads_to(target)));
            if !right || there.len() > 1 {
                let before = there.first().map(|set| set.value());
                changes.push(Change::new(kind.as_str(), before, self.target(known)));
            }
        }
        let unwanted = seen.sets.iter().filter(|set| !self.kinds().contains(set.listed.r#type()));
        changes.extend(unwanted.map(|set| Change::removed(set.listed.r#type().as_str(), set.value())));
        changes
    }

    fn creation(&self, known: &Known) -> Vec<Change> {
        self.kinds().iter().map(|kind| Change::set(kind.as_str(), self.target(known))).collect()
    }

    fn slow(&self, action: Action) -> Option<Slow> {
        let publishes = self.wait && matches!(action, Action::Create | Action::Update);
        publishes.then(|| slow("Route 53 publishes the record", Duration::from_secs(60))).flatten()
    }

    async fn create(&self, aws: &Aws<'_>, known: &Known) -> Result<()> {
        let kinds = self.kinds();
        self.put(aws, known, Vec::new(), &kinds).await
    }

    async fn update(&self, aws: &Aws<'_>, known: &Known, seen: &Observed, changes: &[Change]) -> Result<()> {
        self.target_answers(aws, known).await?;
        let changed = |kind: &RrType| changes.iter().any(|change| change.path == kind.as_str());
        let old = seen.sets.iter().filter(|set| changed(set.listed.r#type())).map(|set| set.listed.clone()).collect();
        let new: Vec<RrType> = self.kinds().into_iter().filter(changed).collect();
        self.put(aws, known, old, &new).await
    }

    async fn delete(&self, aws: &Aws<'_>, known: &Known, seen: &Observed) -> Result<()> {
        let zone = known.require(self.zone)?;
        let ours = seen.sets.iter().filter(|set| set.ours).map(|set| set.listed.clone());
        let changes = ours.map(|set| record_change(ChangeAction::Delete, set)).collect::<Result<Vec<_>>>()?;
        if changes.is_empty() {
            return Ok(());
        }
        match zone.change(aws, changes).await {
            Err(error) if error.is(ErrorKind::Invalid) => {
                let left = self.list(aws, &zone).await?;
                let ours_left = left.iter().any(|set| seen.sets.iter().any(|was| was.ours && was.listed == *set));
                if ours_left { Err(error) } else { Ok(()) }
            }
            result => result.map(|_| ()),
        }
    }
}

impl AliasRecord {
    fn kinds(&self) -> Vec<RrType> {
        if self.ipv6 { vec![RrType::A, RrType::Aaaa] } else { vec![RrType::A] }
    }

    fn target(&self, known: &Known) -> Side {
        match known.get(self.domain) {
            Some(domain) => domain.target.into(),
            None => Side::KnownAfter(known.step_of(self.domain)),
        }
    }

    /// The records by which clients would find the host.
    async fn list(&self, aws: &Aws<'_>, zone: &Zone) -> Result<Vec<ResourceRecordSet>> {
        Ok(relevant(zone.records(aws, &self.name).await?))
    }

    /// Ours is what points at our domain name, or did before that was made anew: a target of API Gateway's that only a
    /// domain name called like ours can have had.
    fn ours(&self, set: &ResourceRecordSet, domain: Option<&domain_name::Outputs>, region: &str) -> bool {
        let (Some(domain), Some(alias), None) = (domain, set.alias_target(), set.set_identifier()) else {
            return false;
        };
        let target = plain(alias.dns_name());
        let former = match self.endpoint {
            EndpointType::Regional => target.ends_with(&format!(".execute-api.{region}.amazonaws.com")),
            EndpointType::Edge => target.ends_with(".cloudfront.net"),
        };
        former || domain.hosts.iter().any(|host| plain(host) == target)
    }

    /// What callers reach today stays until the new target works (law 6).
    async fn target_answers(&self, aws: &Aws<'_>, known: &Known) -> Result<()> {
        if known.require(self.domain)?.ready {
            return Ok(());
        }
        if self.wait {
            return domain_name::until_ready(aws, &self.name, self.endpoint).await.map(|_| ());
        }
        match domain_name::is_ready(aws, &self.name).await? {
            true => Ok(()),
            false => Err(Error::deferred(self.endpoint.waiting_for())),
        }
    }

    /// Puts aliases of `kinds` in the place of `old`, all at once. The old records are named as they were seen, so that
    /// Route 53 refuses if somebody changed them meanwhile.
    async fn put(&self, aws: &Aws<'_>, known: &Known, old: Vec<ResourceRecordSet>, kinds: &[RrType]) -> Result<()> {
        let (zone, domain) = (known.require(self.zone)?, known.require(self.domain)?);
        let mut changes = Vec::new();
        for set in old {
            changes.push(record_change(ChangeAction::Delete, set)?);
        }
        for kind in kinds {
            changes.push(record_change(ChangeAction::Create, self.alias(kind, &domain)?)?);
        }
        let id = match self.send(aws, &zone, &changes).await {
            Ok(id) => id,
            Err(error) if error.is(ErrorKind::Invalid) => return self.or_done(aws, &zone, &domain, error).await,
            Err(error) => return Err(error),
        };
        if self.wait { in_sync(aws, &id).await } else { Ok(()) }
    }

    /// Route 53 may not know the new domain name's target for a moment.
    async fn send(&self, aws: &Aws<'_>, zone: &Zone, changes: &[RecordChange]) -> Result<String> {
        let patience = Wait {
            what: "Route 53 to know the domain name's target",
            usual: Duration::from_secs(10),
            deadline: Duration::from_secs(120),
            interval: Duration::from_secs(5),
        };
        wait::until(aws, patience, || async move {
            match zone.change(aws, changes.to_vec()).await {
                Err(error) if error.message.contains("target was not found") => Ok(None),
                result => result.map(Some),
            }
        })
        .await
    }

    /// A refused batch may have been carried out before: then everything is as wanted.
    async fn or_done(&self, aws: &Aws<'_>, zone: &Zone, domain: &domain_name::Outputs, refusal: Error) -> Result<()> {
        let sets = self.list(aws, zone).await?;
        let sets: Vec<Set> = sets
            .into_iter()
            .map(|listed| Set { ours: self.ours(&listed, Some(domain), aws.region()), listed })
            .collect();
        if let Some(foreign) = sets.iter().find(|set| !set.ours) {
            return Err(foreign.in_the_way(zone));
        }
        let right = |kind: &RrType| sets.iter().any(|set| set.listed.r#type() == kind && set.leads_to(domain));
        if self.kinds().iter().all(right) && sets.len() == self.kinds().len() { Ok(()) } else { Err(refusal) }
    }

    fn alias(&self, kind: &RrType, domain: &domain_name::Outputs) -> Result<ResourceRecordSet> {
        let target = AliasTarget::builder()
            .hosted_zone_id(&domain.target_zone)
            .dns_name(format!("{}.", plain(&domain.target)))
            .evaluate_target_health(false)
            .build()
            .map_err(impossible)?;
        let set = ResourceRecordSet::builder().name(format!("{}.", self.name)).r#type(kind.clone());
        set.alias_target(target).build().map_err(impossible)
    }
}

impl Set {
    fn leads_to(&self, domain: &domain_name::Outputs) -> bool {
        let plainly = self.listed.set_identifier().is_none();
        plainly
            && self.listed.alias_target().is_some_and(|alias| {
                plain(alias.dns_name()) == plain(&domain.target)
                    && alias.hosted_zone_id() == domain.target_zone
                    && !alias.evaluate_target_health()
            })
    }

    /// Where it leads, in words.
    fn value(&self) -> String {
        match self.listed.alias_target() {
            Some(alias) => plain(alias.dns_name()),
            None => self.listed.resource_records().iter().map(|record| record.value()).collect::<Vec<_>>().join(", "),
        }
    }

    fn in_the_way(&self, zone: &Zone) -> Error {
        let (name, kind) = (plain(self.listed.name()), self.listed.r#type().as_str());
        Error::in_the_way(
            "not_ours",
            format!(
                "the {kind} record {name} in zone {} leads to {}, which is not this deployment's domain name",
                zone.name,
                self.value()
            ),
            "remove that record, choose another domain.name, or have it overwritten with --adopt",
        )
    }
}

/// Only these stand in the way of an alias, or are one.
fn relevant(mut sets: Vec<ResourceRecordSet>) -> Vec<ResourceRecordSet> {
    sets.retain(|set| matches!(set.r#type(), RrType::A | RrType::Aaaa | RrType::Cname));
    sets
}
