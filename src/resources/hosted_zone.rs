//! The Route 53 zone that holds the domain's records: looked up, never made or deleted. What the resources that write
//! records have in common is here too: reading the records of one name, and changing some in one batch.

use std::rc::Rc;
use std::time::Duration;

use aws_sdk_route53::types::{
    Change as RecordChange, ChangeAction, ChangeBatch, ChangeStatus, ResourceRecordSet, RrType,
};
use futures_util::future::try_join_all;

use super::lookups::Lookups;
use crate::aws::{Aws, Error, Repeat, Result};
use crate::engine::plan::Change;
use crate::engine::wait::{self, Wait};
use crate::engine::{Identity, Known, NodeId, Resource};

/// The public zone with the longest name that holds `domain`.
#[derive(Clone, Debug)]
pub struct HostedZone {
    /// `api.example.com`.
    pub domain: String,
    /// The zone's name, where deploy.yaml says it.
    pub zone_name: Option<String>,
    pub lookups: Rc<Lookups>,
}

/// A hosted zone that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    /// `Z0123456789`, without `/hostedzone/`.
    pub id: String,
    /// `example.com`.
    pub name: String,
    /// Records that bore the domain's name when it was read.
    pub records: Vec<ResourceRecordSet>,
}

impl Resource for HostedZone {
    type Observed = Zone;
    type Outputs = Zone;

    fn identity(&self) -> Identity {
        Identity::one("hosted_zone", "hosted zone", self.zone_name.as_ref().unwrap_or(&self.domain))
    }

    fn needs(&self) -> Vec<NodeId> {
        Vec::new()
    }

    async fn read(&self, aws: &Aws<'_>, _: &Known) -> Result<Option<Zone>> {
        let mut longest =
            self.look(aws).await?.into_iter().find(|zones| !zones.is_empty()).ok_or_else(|| self.missing())?;
        match (longest.pop(), longest.len()) {
            (Some(zone), 0) => {
                let records = zone.records(aws, &self.domain).await?;
                Ok(Some(Zone { records, ..zone }))
            }
            (_, others) => Err(self.ambiguous(others + 1)),
        }
    }

    fn outputs(&self, seen: &Zone) -> Zone {
        seen.clone()
    }

    fn diff(&self, _: &Zone, _: &Known) -> Vec<Change> {
        Vec::new()
    }

    fn creation(&self, _: &Known) -> Vec<Change> {
        Vec::new()
    }

    async fn create(&self, _: &Aws<'_>, _: &Known) -> Result<Zone> {
        Err(self.missing())
    }

    async fn update(&self, _: &Aws<'_>, _: &Known, seen: &Zone, _: &[Change]) -> Result<Zone> {
        Ok(seen.clone())
    }

    fn deletable(&self) -> bool {
        false
    }

    async fn delete(&self, _: &Aws<'_>, _: &Known, _: &Zone) -> Result<()> {
        Ok(())
    }
}

impl HostedZone {
    /// The zones of every name that may hold `domain`, the longest name first; each name is asked for once a run.
    pub(super) async fn look(&self, aws: &Aws<'_>) -> Result<Vec<Vec<Zone>>> {
        try_join_all(self.candidates().into_iter().map(|name| self.lookups.zones(aws, name))).await
    }

    /// Names that a zone holding `domain` may have, the longest first; a top-level domain is nobody's zone.
    fn candidates(&self) -> Vec<&str> {
        if let Some(name) = &self.zone_name {
            return vec![name.trim_end_matches('.')];
        }
        let whole = self.domain.trim_start_matches("*.");
        let mut names = vec![whole];
        let parents = whole.match_indices('.').map(|(dot, _)| &whole[dot + 1..]);
        names.extend(parents.filter(|parent| parent.contains('.')));
        names
    }

    fn missing(&self) -> Error {
        let (message, next) = match &self.zone_name {
            Some(zone) => (
                format!("no public hosted zone {zone} in this account"),
                "create the zone, correct domain.hosted_zone, or remove the domain block",
            ),
            None => (
                format!("no public hosted zone for {} in this account", self.domain),
                "create the zone, name it under domain.hosted_zone, or remove the domain block",
            ),
        };
        Error::in_the_way("no_hosted_zone", message, next)
    }

    /// Only one of several zones of a name is the one that the world asks; which, Route 53 does not say.
    fn ambiguous(&self, count: usize) -> Error {
        Error::in_the_way(
            "ambiguous_hosted_zone",
            format!("{count} public hosted zones of the same name could hold {}", self.domain),
            "delete those that no registrar points at",
        )
    }
}

/// Public zones called `name`; several may be, and private ones with them.
pub(super) async fn public_zones(aws: &Aws<'_>, name: &str) -> Result<Vec<Zone>> {
    let (mut zones, mut from) = (Vec::new(), None);
    loop {
        let call = || aws.route53().list_hosted_zones_by_name().dns_name(name).set_hosted_zone_id(from.clone()).send();
        let answer = aws.call("route53", "ListHostedZonesByName", Repeat::Safe, call).await?;
        for zone in answer.hosted_zones() {
            let private = zone.config().is_some_and(|config| config.private_zone());
            if !private && plain(zone.name()) == name {
                let id = zone.id().trim_start_matches("/hostedzone/").to_owned();
                zones.push(Zone { id, name: name.to_owned(), records: Vec::new() });
            }
        }
        if !answer.is_truncated() || answer.next_dns_name().map(plain).as_deref() != Some(name) {
            return Ok(zones);
        }
        from = answer.next_hosted_zone_id().map(str::to_owned);
    }
}

impl Zone {
    /// Every record set called `name`, of any type.
    ///
    /// # Errors
    /// What Route 53 refuses.
    pub async fn records(&self, aws: &Aws<'_>, name: &str) -> Result<Vec<ResourceRecordSet>> {
        let (mut sets, mut from) = (Vec::new(), None::<(RrType, Option<String>)>);
        loop {
            let call = || {
                let list = aws.route53().list_resource_record_sets().hosted_zone_id(&self.id).start_record_name(name);
                match &from {
                    Some((kind, identifier)) => {
                        list.start_record_type(kind.clone()).set_start_record_identifier(identifier.clone()).send()
                    }
                    None => list.send(),
                }
            };
            let answer = aws.call("route53", "ListResourceRecordSets", Repeat::Safe, call).await?;
            let named = answer.resource_record_sets().iter().filter(|set| plain(set.name()) == plain(name));
            sets.extend(named.cloned());
            match answer.next_record_type() {
                Some(kind) if answer.is_truncated() && answer.next_record_name().map(plain) == Some(plain(name)) => {
                    from = Some((kind.clone(), answer.next_record_identifier().map(str::to_owned)));
                }
                _ => return Ok(sets),
            }
        }
    }

    /// Sends one batch, which Route 53 carries out whole or not at all. Answers the change's id.
    ///
    /// # Errors
    /// What Route 53 refuses. A batch whose answer was lost is sent again and then refused because it was carried out:
    /// callers look at the records before they believe a refusal.
    pub async fn change(&self, aws: &Aws<'_>, changes: Vec<RecordChange>) -> Result<String> {
        let batch = ChangeBatch::builder().set_changes(Some(changes)).build().map_err(impossible)?;
        let call = || {
            let change = aws.route53().change_resource_record_sets();
            change.hosted_zone_id(&self.id).change_batch(batch.clone()).send()
        };
        let answer = aws.call("route53", "ChangeResourceRecordSets", Repeat::Safe, call).await?;
        let id = answer.change_info().map(|info| info.id()).unwrap_or_default();
        Ok(id.trim_start_matches("/change/").to_owned())
    }
}

/// Waits until every name server of Route 53 answers by the change `id`.
///
/// # Errors
/// That it took too long, or what Route 53 refuses.
pub async fn in_sync(aws: &Aws<'_>, id: &str) -> Result<()> {
    let patience = Wait {
        what: "Route 53 to publish the record",
        usual: Duration::from_secs(60),
        deadline: Duration::from_secs(15 * 60),
        interval: Duration::from_secs(5),
    };
    wait::until(aws, patience, || async move {
        let call = || aws.route53().get_change().id(id).send();
        let answer = aws.call("route53", "GetChange", Repeat::Safe, call).await?;
        let status = answer.change_info().map(|info| info.status());
        Ok((status == Some(&ChangeStatus::Insync)).then_some(()))
    })
    .await
}

/// One line of a batch.
///
/// # Errors
/// Never in practice: the SDK's builder wants an action, and has one.
pub fn record_change(action: ChangeAction, set: ResourceRecordSet) -> Result<RecordChange> {
    RecordChange::builder().action(action).resource_record_set(set).build().map_err(impossible)
}

/// A record's name as people write it: lower case, no last dot, a literal star (`AWS_FACTS` B7).
pub fn plain(name: &str) -> String {
    name.trim_end_matches('.').replace("\\052", "*").to_lowercase()
}

/// The SDK's builders fail only where a required member is missing.
pub fn impossible(error: aws_smithy_types::error::operation::BuildError) -> Error {
    Error::unexpected(format!("a request could not be built: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(domain: &str) -> Vec<String> {
        let zone = HostedZone { domain: domain.to_owned(), zone_name: None, lookups: Rc::default() };
        zone.candidates().into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn the_longest_possible_zone_comes_first_and_no_top_level_domain() {
        assert_eq!(candidates("api.eu.example.com"), ["api.eu.example.com", "eu.example.com", "example.com"]);
        assert_eq!(candidates("example.com"), ["example.com"]);
        assert_eq!(candidates("*.example.com"), ["example.com"]);
    }

    #[test]
    fn names_are_compared_as_people_write_them() {
        assert_eq!(plain("\\052.Example.com."), "*.example.com");
    }
}
