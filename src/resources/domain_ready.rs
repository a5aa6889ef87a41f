//! The custom domain name once it works everywhere. There is nothing of AWS's own behind it: it is the wait that the
//! mapping and the alias record need not share.

use super::domain_name::{self, DomainName, EndpointType};
use crate::aws::{Aws, Error, Result};
use crate::engine::plan::{Change, Slow};
use crate::engine::{Handle, Identity, Known, NodeId, Resource};
use crate::event::Action;

/// Exists when the domain name is available.
#[derive(Clone)]
pub struct DomainReady {
    /// `api.example.com`.
    pub name: String,
    pub endpoint: EndpointType,
    pub domain: Handle<DomainName>,
    /// Wait for it; otherwise it is put off.
    pub wait: bool,
}

impl Resource for DomainReady {
    type Observed = ();
    type Outputs = ();

    fn identity(&self) -> Identity {
        Identity::one("domain_ready", "custom domain set-up", &self.name)
    }

    fn needs(&self) -> Vec<NodeId> {
        vec![self.domain.id()]
    }

    fn read_after(&self) -> Vec<NodeId> {
        vec![self.domain.id()]
    }

    async fn read(&self, _: &Aws<'_>, known: &Known) -> Result<Option<()>> {
        Ok(known.get(self.domain).filter(|domain| domain.ready).map(|_| ()))
    }

    fn outputs(&self, (): &()) {}

    fn diff(&self, (): &(), _: &Known) -> Vec<Change> {
        Vec::new()
    }

    fn creation(&self, _: &Known) -> Vec<Change> {
        vec![Change::set("status", "AVAILABLE")]
    }

    fn slow(&self, action: Action) -> Option<Slow> {
        (action == Action::Create).then(|| self.endpoint.slow()).flatten()
    }

    async fn create(&self, aws: &Aws<'_>, known: &Known) -> Result<()> {
        if known.require(self.domain)?.ready {
            return Ok(());
        }
        if self.wait {
            return domain_name::until_ready(aws, &self.name, self.endpoint).await.map(|_| ());
        }
        if domain_name::is_ready(aws, &self.name).await? {
            return Ok(());
        }
        Err(Error::deferred(self.endpoint.waiting_for()))
    }

    async fn update(&self, _: &Aws<'_>, _: &Known, (): &(), _: &[Change]) -> Result<()> {
        Ok(())
    }

    fn deletable(&self) -> bool {
        false
    }

    async fn delete(&self, _: &Aws<'_>, _: &Known, (): &()) -> Result<()> {
        Ok(())
    }
}
