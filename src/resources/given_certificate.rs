//! A certificate that deploy.yaml names by its ARN: looked up, never made or deleted.

use super::certificate::{self, Details};
use crate::aws::{Aws, Error, Result};
use crate::engine::plan::Change;
use crate::engine::{Identity, Known, NodeId, Resource};

/// Somebody's certificate, which must be fit for `domain`.
#[derive(Clone, Debug)]
pub struct GivenCertificate {
    pub arn: String,
    /// `api.example.com`.
    pub domain: String,
    /// Where it has to be: us-east-1 for an edge domain name, the API's own region for a regional one.
    pub region: String,
}

#[derive(Clone, Debug)]
pub struct Outputs {
    pub arn: String,
    /// When it ends, in seconds since 1970-01-01 UTC.
    pub expires: Option<i64>,
}

impl Resource for GivenCertificate {
    type Observed = Outputs;
    type Outputs = Outputs;

    fn identity(&self) -> Identity {
        Identity::one("certificate", "certificate", &self.arn)
    }

    fn needs(&self) -> Vec<NodeId> {
        Vec::new()
    }

    async fn read(&self, aws: &Aws<'_>, _: &Known) -> Result<Option<Outputs>> {
        let region = self.arn.split(':').nth(3).unwrap_or_default();
        if region != self.region {
            return Err(self.unfit(&format!("is in {region}, but has to be in {}", self.region)));
        }
        let details = certificate::describe(aws, &self.region, &self.arn).await?;
        let details = details.ok_or_else(|| self.unfit("does not exist in this account"))?;
        self.check(&details)?;
        Ok(Some(Outputs { arn: details.arn, expires: details.expires }))
    }

    fn outputs(&self, seen: &Outputs) -> Outputs {
        seen.clone()
    }

    fn diff(&self, _: &Outputs, _: &Known) -> Vec<Change> {
        Vec::new()
    }

    fn creation(&self, _: &Known) -> Vec<Change> {
        Vec::new()
    }

    async fn create(&self, _: &Aws<'_>, _: &Known) -> Result<Outputs> {
        Err(self.unfit("does not exist in this account"))
    }

    async fn update(&self, _: &Aws<'_>, _: &Known, seen: &Outputs, _: &[Change]) -> Result<Outputs> {
        Ok(seen.clone())
    }

    fn deletable(&self) -> bool {
        false
    }

    async fn delete(&self, _: &Aws<'_>, _: &Known, _: &Outputs) -> Result<()> {
        Ok(())
    }
}

impl GivenCertificate {
    fn check(&self, details: &Details) -> Result<()> {
        if !details.issued() {
            return Err(self.unfit(&format!("has the status {}, not ISSUED", details.status.as_str())));
        }
        if !details.names.iter().any(|name| covers(name, &self.domain)) {
            return Err(self.unfit(&format!("is for {}, not for {}", details.names.join(", "), self.domain)));
        }
        Ok(())
    }

    fn unfit(&self, why: &str) -> Error {
        Error::in_the_way(
            "certificate_unfit",
            format!("the certificate {} {why}", self.arn),
            "name another one under domain.certificate, or write `request` there to have one made",
        )
    }
}

/// Is a certificate for `name` good for `domain`? A star stands for exactly one label.
fn covers(name: &str, domain: &str) -> bool {
    let parent = domain.split_once('.').map(|(_, parent)| parent);
    name == domain || (name.strip_prefix("*.").is_some() && name.strip_prefix("*.") == parent)
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn a_star_stands_for_one_label() {
        assert!(covers("api.example.com", "api.example.com"));
        assert!(covers("*.example.com", "api.example.com"));
        assert!(covers("*.example.com", "*.example.com"));
        assert!(!covers("*.example.com", "example.com"));
        assert!(!covers("*.example.com", "v1.api.example.com"));
        assert!(!covers("example.com", "api.example.com"));
    }
}
