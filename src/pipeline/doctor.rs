//! `poc doctor`: what keeps a deploy from working, looked for before it is needed. Every check asks the world one question
//! and tells in one line what it found; all of them run at once, and none changes anything.

mod account;
mod certificate;
mod delegation;
mod dns;
mod machine;
mod permissions;
mod quotas;

use std::net::SocketAddr;
use std::rc::Rc;

use serde::Serialize;

use super::session::{connection, place, variables};
use super::{Failure, Settings, opened};
use crate::aws::{Aws, Error, ErrorKind, Heard, Identity};
use crate::desired::Account;
use crate::event::{FindingKind, ProblemKind, Reporter};
use crate::resources::zone::Zone;
use crate::resources::{HostedZone, Lookups};
use crate::spec::model::Domain;
use crate::spec::{Document, Spec};

use account::Clocks;
use dns::Dns;

/// Whom to ask.
#[derive(Clone, Copy, Debug, Default)]
pub struct DoctorWanted {
    /// The DNS server that is asked, instead of the system's. Servers of zones are asked at its port.
    pub dns: Option<SocketAddr>,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Ok,
    /// It works, and may not for long.
    Warning,
    /// A deploy fails on it.
    Problem,
    /// Nobody could be asked; a deploy may find out.
    NotAsked,
}

/// What one check found.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// `clock`, `delegation`, …
    pub check: &'static str,
    pub verdict: Verdict,
    /// Stable, for machines: `clock_off`, `not_delegated`, …, each with a page of `poc explain`; `ok` and `not_asked`.
    pub kind: &'static str,
    /// One sentence.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// All of it.
#[derive(Clone, Debug, Serialize)]
pub struct Diagnosis {
    pub app: String,
    pub stage: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    pub place: String,
    pub checks: Vec<Finding>,
}

impl Diagnosis {
    pub fn count(&self, verdict: Verdict) -> usize {
        self.checks.iter().filter(|finding| finding.verdict == verdict).count()
    }
}

impl Finding {
    fn ok(check: &'static str, message: impl Into<String>) -> Finding {
        Finding { check, verdict: Verdict::Ok, kind: "ok", message: message.into(), remedy: None }
    }

    fn not_asked(check: &'static str, why: impl Into<String>) -> Finding {
        Finding { check, verdict: Verdict::NotAsked, kind: "not_asked", message: why.into(), remedy: None }
    }

    fn warning(
        check: &'static str,
        kind: &'static str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Finding {
        let known = FindingKind::named(kind).is_some() || ProblemKind::named(kind).is_some();
        debug_assert!(known, "{kind} has no page: see src/event/kind.rs");
        Finding { check, verdict: Verdict::Warning, kind, message: message.into(), remedy: Some(remedy.into()) }
    }

    fn problem(
        check: &'static str,
        kind: &'static str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Finding {
        Finding { verdict: Verdict::Problem, ..Finding::warning(check, kind, message, remedy) }
    }

    /// AWS refused the question, or nobody answered it.
    fn unanswered(check: &'static str, error: &Error) -> Finding {
        let operation = error.operation.unwrap_or("the call");
        match error.kind {
            ErrorKind::AccessDenied => Finding::not_asked(check, format!("these credentials may not do {operation}")),
            _ => Finding::not_asked(check, format!("{operation}: {}", error.message)),
        }
    }
}

/// Who asks, for what, with what at hand.
struct Patient<'a, 'r> {
    aws: &'a Aws<'r>,
    spec: &'a Spec,
    account: &'a Account,
    /// The caller.
    arn: &'a str,
    lookups: Rc<Lookups>,
}

impl Patient<'_, '_> {
    /// The hosted zone of the file's domain, looked up once however many ask.
    async fn zone(&self, domain: &Domain) -> Result<Zone, Error> {
        let (name, zone_name) = (domain.name.clone(), domain.hosted_zone.clone());
        HostedZone { domain: name, zone_name, lookups: self.lookups.clone() }.sole(self.aws).await
    }
}

/// Runs every check. What is wrong is told in the findings.
///
/// # Errors
/// Faults of the file, or an embedded cloud that cannot be opened.
pub async fn doctor(settings: &Settings, wanted: DoctorWanted, reporter: &dyn Reporter) -> Result<Diagnosis, Failure> {
    let document = opened::open(settings)?;
    let spec = document.spec(&variables(settings, None, None)).map_err(Failure::Faults)?;
    let here = settings.local || settings.cloud.is_some();
    // The zones of the cloud in this process are in no other DNS.
    let dns = (!here || wanted.dns.is_some()).then(|| Dns::at(wanted.dns));
    let region = spec.region.clone();
    let connection = connection(settings, &spec)?;

    let of_aws = async {
        match Box::pin(Aws::connect(connection, reporter)).await {
            Ok(aws) => Box::pin(examined(settings, &document, &spec, &aws, dns.as_ref())).await,
            Err(error) => Ok(unconnected(settings, &spec, region.clone(), &error)),
        }
    };
    let (of_aws, caa, machine) = tokio::join!(
        Box::pin(of_aws),
        Box::pin(certificate::caa(&spec, dns.as_ref())),
        Box::pin(machine::checks(settings, &spec)),
    );
    let Examined { region, account, mut checks, certificate } = of_aws?;
    checks.extend(certificate.map(|facts| certificate::judged(facts, caa.as_ref())));
    checks.extend(caa);
    checks.extend(machine);
    checks.sort_by_key(|finding| ORDER.iter().position(|check| *check == finding.check));
    Ok(Diagnosis { app: spec.app, stage: spec.stage, region, account, place: place(settings), checks })
}

/// In which findings are told.
const ORDER: [&str; 17] = [
    "credentials",
    "region",
    "endpoint",
    "clock",
    "permissions",
    "zone",
    "delegation",
    "caa",
    "certificate",
    "rest_apis",
    "usage_plans",
    "api_keys",
    "concurrency",
    "code_storage",
    "roles",
    "runtime",
    "installer",
];

/// What AWS was asked.
struct Examined {
    region: Option<String>,
    account: Option<String>,
    checks: Vec<Finding>,
    /// Judged once it is known what DNS says.
    certificate: Option<certificate::Facts>,
}

/// The checks that need AWS, for this file.
fn of_aws(spec: &Spec) -> Vec<&'static str> {
    let mut checks = vec!["permissions", "rest_apis", "concurrency", "code_storage", "roles"];
    if spec.domain.is_some() {
        checks.extend(["zone", "delegation", "certificate"]);
    }
    if spec.usage_plan.is_some() {
        checks.extend(["usage_plans", "api_keys"]);
    }
    checks
}

/// There is nothing to call AWS with.
fn unconnected(settings: &Settings, spec: &Spec, region: Option<String>, error: &Error) -> Examined {
    let mut checks = match error.kind {
        ErrorKind::Credentials | ErrorKind::Expired => {
            vec![account::refused(error, settings), account::region(region.as_deref(), None)]
        }
        _ => vec![
            Finding::not_asked("credentials", "they are looked for once a region is set"),
            Finding::problem(
                "region",
                ProblemKind::NoRegion.name(),
                error.message.clone(),
                error.next.clone().unwrap_or_default(),
            ),
        ],
    };
    let why = "needs credentials and a region";
    checks.extend(["endpoint", "clock"].into_iter().chain(of_aws(spec)).map(|check| Finding::not_asked(check, why)));
    Examined { region, account: None, checks, certificate: None }
}

async fn examined(
    settings: &Settings,
    document: &Document,
    spec: &Spec,
    aws: &Aws<'_>,
    dns: Option<&Dns>,
) -> Result<Examined, Failure> {
    let heard = Heard::default();
    let identity = Box::pin(aws.identify_hearing(&heard)).await;
    let clocks = Clocks { here: aws.clock().epoch_millis(), there: heard.date() };
    let region = aws.region().to_owned();
    let mut checks = vec![
        account::credentials(settings, aws, identity.as_ref(), &clocks),
        account::region(Some(&region), Some(identity.as_ref())),
        account::endpoint(settings, identity.as_ref(), &clocks),
        account::clock(&clocks),
    ];
    let Identity { account: id, partition, arn } = match identity {
        Ok(identity) => identity,
        Err(_) => {
            let why = "needs credentials that AWS takes";
            checks.extend(of_aws(spec).into_iter().map(|check| Finding::not_asked(check, why)));
            return Ok(Examined { region: Some(region), account: None, checks, certificate: None });
        }
    };
    let settled = variables(settings, Some(&id), Some(&region));
    let spec = document.spec(&settled).map_err(Failure::Faults)?;
    let account = Account { id: id.clone(), partition, region: region.clone() };
    let patient = Patient { aws, spec: &spec, account: &account, arn: &arn, lookups: Rc::default() };
    let (permissions, domain, quotas) = tokio::join!(
        Box::pin(permissions::check(&patient)),
        Box::pin(domain(&patient, dns)),
        Box::pin(quotas::checks(&patient)),
    );
    let (of_domain, certificate) = domain;
    checks.push(permissions);
    checks.extend(of_domain);
    checks.extend(quotas);
    Ok(Examined { region: Some(region), account: Some(id), checks, certificate })
}

/// Zone, delegation and certificate of the domain, where the file has one.
async fn domain(patient: &Patient<'_, '_>, dns: Option<&Dns>) -> (Vec<Finding>, Option<certificate::Facts>) {
    let Some(domain) = &patient.spec.domain else { return (Vec::new(), None) };
    let found = patient.zone(domain).await;
    let zone = found.as_ref().ok();
    let delegated = async {
        match zone {
            Some(zone) => delegation::check(patient.aws, zone, dns).await,
            None => Finding::not_asked("delegation", "needs the hosted zone"),
        }
    };
    let (delegated, certificate) =
        tokio::join!(Box::pin(delegated), Box::pin(certificate::facts(patient, domain, zone)));
    (vec![delegation::zone(&found), delegated], Some(certificate))
}
