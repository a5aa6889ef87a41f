//! The Route 53 zone that holds the domain's records: looked up, never made or deleted.

use std::rc::Rc;

use futures_util::future::try_join_all;

use super::lookups::Lookups;
use super::zone::Zone;
use crate::aws::{Aws, Error, Result};
use crate::engine::plan::Change;
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
        let zone = Box::pin(self.sole(aws)).await?;
        let records = zone.records(aws, &self.domain).await?;
        Ok(Some(Zone { records, ..zone }))
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
    /// The zone, its records not read.
    ///
    /// # Errors
    /// Where there is none, or there are several of the name; when a list cannot be read.
    pub async fn sole(&self, aws: &Aws<'_>) -> Result<Zone> {
        let mut longest =
            self.look(aws).await?.into_iter().find(|zones| !zones.is_empty()).ok_or_else(|| self.missing())?;
        match (longest.pop(), longest.len()) {
            (Some(zone), 0) => Ok(zone),
            (_, others) => Err(self.ambiguous(others + 1)),
        }
    }

    /// The zones of every name that may hold `domain`, the longest name first; each name is asked for once a run.
    /// # Errors
    /// When a list cannot be read.
    pub async fn look(&self, aws: &Aws<'_>) -> Result<Vec<Vec<Zone>>> {
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
}
