//! A hosted zone's records: reading those of one name, and changing some in one batch. What every resource that writes
//! records needs.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_route53::types::{
    Change as RecordChange, ChangeAction, ChangeBatch, ChangeStatus, ResourceRecordSet, RrType,
};

use crate::aws::{Aws, Error, Repeat, Result};
use crate::engine::wait::{self, Wait};

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
    /// The name servers that Route 53 gave the zone, without a last dot.
    ///
    /// # Errors
    /// What Route 53 refuses.
    pub async fn name_servers(&self, aws: &Aws<'_>) -> Result<BTreeSet<String>> {
        let call = || aws.route53().get_hosted_zone().id(&self.id).send();
        let answer = aws.call("route53", "GetHostedZone", Repeat::Safe, call).await?;
        let servers = answer.delegation_set().map(|set| set.name_servers()).unwrap_or_default();
        Ok(servers.iter().map(|server| plain(server)).collect())
    }

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
    use super::plain;

    #[test]
    fn names_are_compared_as_people_write_them() {
        assert_eq!(plain("\\052.Example.com."), "*.example.com");
    }
}
