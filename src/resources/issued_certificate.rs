//! The certificate once it may be used: the wait between the validation record and the domain name. There is nothing of
//! AWS's own behind it.

use std::time::Duration;

use super::certificate::{self, Certificate};
use super::validation_record::ValidationRecord;
use crate::aws::{Aws, Error, Result};
use crate::engine::plan::{Change, Slow};
use crate::engine::wait::{self, Wait};
use crate::engine::{Handle, Identity, Known, NodeId, Resource, slow};
use crate::event::Action;

/// Exists when ACM has issued the certificate.
#[derive(Clone)]
pub struct IssuedCertificate {
    pub request: Certificate,
    pub certificate: Handle<Certificate>,
    pub validation: Handle<ValidationRecord>,
    /// Wait for it; otherwise it is put off, and all that needs it.
    pub wait: bool,
}

#[derive(Clone, Debug)]
pub struct Outputs {
    pub arn: String,
}

impl Resource for IssuedCertificate {
    type Observed = Outputs;
    type Outputs = Outputs;

    fn identity(&self) -> Identity {
        Identity::one("certificate_validation", "certificate validation", &self.request.domain)
    }

    fn needs(&self) -> Vec<NodeId> {
        vec![self.certificate.id(), self.validation.id()]
    }

    fn read_after(&self) -> Vec<NodeId> {
        vec![self.certificate.id()]
    }

    async fn read(&self, _: &Aws<'_>, known: &Known) -> Result<Option<Outputs>> {
        let certificate = known.get(self.certificate).filter(|certificate| certificate.issued);
        Ok(certificate.map(|certificate| Outputs { arn: certificate.arn }))
    }

    fn outputs(&self, seen: &Outputs) -> Outputs {
        seen.clone()
    }

    fn diff(&self, _: &Outputs, _: &Known) -> Vec<Change> {
        Vec::new()
    }

    fn creation(&self, _: &Known) -> Vec<Change> {
        vec![Change::set("status", "ISSUED")]
    }

    fn slow(&self, action: Action) -> Option<Slow> {
        (action == Action::Create).then(|| slow("ACM looks for the validation record", USUAL)).flatten()
    }

    async fn create(&self, aws: &Aws<'_>, known: &Known) -> Result<Outputs> {
        let certificate = known.require(self.certificate)?;
        let (region, arn) = (&certificate.region, &certificate.arn);
        let look = || async move {
            match certificate::describe(aws, region, arn).await? {
                Some(details) if details.issued() => Ok(Some(Outputs { arn: details.arn })),
                Some(details) if !details.usable() => Err(details.failed()),
                _ => Ok(None),
            }
        };
        let issued = if self.wait {
            let interval = Duration::from_secs(5);
            wait::until(aws, Wait { what: WHAT, usual: USUAL, deadline: DEADLINE, interval }, look)
                .await
                .map_err(hint)?
        } else {
            look().await?.ok_or_else(|| Error::deferred(WHAT))?
        };
        if !certificate.sole {
            self.request.leave_only(aws, &issued.arn).await?;
        }
        Ok(issued)
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

const WHAT: &str = "the certificate to be issued";
const USUAL: Duration = Duration::from_secs(5 * 60);
/// As patient as Terraform (`AWS_FACTS` B6).
const DEADLINE: Duration = Duration::from_secs(75 * 60);

/// The usual cause of a certificate that never comes: the world does not ask this zone.
fn hint(mut error: Error) -> Error {
    if error.name == Some("timed_out") {
        let check = "check that the domain's registrar names this hosted zone's name servers, then run the same \
                     command again: it continues waiting";
        error.next = Some(check.to_owned());
    }
    error
}
