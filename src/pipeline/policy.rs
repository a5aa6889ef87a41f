//! `poc policy`: what AWS has to allow whoever deploys this file, and how GitHub's workflows become that somebody.

mod github;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use serde::Serialize;
use serde_json::Value;

use super::session::{connection, place, variables, with_profile};
use super::{Failure, Settings, Target, opened};
use crate::aws::{self, Aws, Error, ErrorKind, LARGEST_INLINE, LARGEST_MANAGED};
use crate::desired::{self, Account};
use crate::event::Reporter;
use crate::resources::{HostedZone, Lookups};
use crate::spec::{Document, Spec, Variables};

pub use github::{Github, GithubFile, GithubWanted, Trusted, judge_repository};

/// Which policy.
#[derive(Clone, Debug, Default)]
pub struct PolicyWanted {
    /// The account, where AWS is not to be asked for it.
    pub account: Option<String>,
    /// Of somebody who only looks.
    pub reads: bool,
    pub github: Option<GithubWanted>,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct PolicyMade {
    #[serde(flatten)]
    pub target: Target,
    pub policy: Value,
    /// As IAM counts: without white space.
    pub characters: usize,
    /// That a managed policy holds.
    pub largest: usize,
    /// What whoever uses the policy has to know.
    pub notes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub github: Option<Github>,
}

/// Makes the policy of the file's stage; where an account is given, without a word to AWS.
///
/// # Errors
/// Faults of the file; no credentials; files of the repository that would be overwritten.
pub async fn policy(
    settings: &Settings,
    wanted: &PolicyWanted,
    reporter: &dyn Reporter,
) -> Result<PolicyMade, Failure> {
    let document = opened::open(settings)?;
    let asked_for = RefCell::default();
    let (spec, account, zone) = match &wanted.account {
        Some(id) => offline(settings, &document, id, &asked_for)?,
        None => online(settings, &document, &asked_for, reporter).await?,
    };
    let scope = desired::scope(&spec, &account, zone.as_deref());
    let policy = aws::policy(&scope, wanted.reads);
    let characters = aws::size(&policy);
    let target = Target {
        app: spec.app.clone(),
        stage: spec.stage.clone(),
        region: account.region.clone(),
        account: account.id.clone(),
        place: place(settings),
    };
    let github = match &wanted.github {
        Some(wanted) => {
            let secrets: Vec<String> = asked_for.into_inner().into_iter().collect();
            let asked = github::Asked { spec: &spec, secrets: &secrets };
            Some(github::github(settings, wanted, &target, &account.partition, &policy, asked)?)
        }
        None => None,
    };
    let mut notes = Vec::new();
    if spec.domain.is_some() && zone.is_none() {
        notes.push(
            "the hosted zone's id is not known, so the policy names every zone, for the records of this domain alone; put \
             the id in place of hostedzone/*"
                .to_owned(),
        );
    }
    notes.extend(too_large(characters));
    if github.as_ref().is_some_and(|github| github.unset) {
        notes.push(
            "set OWNER and COMMIT in the workflow: where your poc comes from, and the commit that you trust".to_owned(),
        );
    }
    Ok(PolicyMade { target, policy, characters, largest: LARGEST_MANAGED, notes, github })
}

fn too_large(characters: usize) -> Option<String> {
    if characters <= LARGEST_MANAGED {
        return None;
    }
    let next = if characters <= LARGEST_INLINE {
        "make it an inline policy of the deployer's role, which may have 10240"
    } else {
        "split its statements over several managed policies"
    };
    Some(format!("the policy has {characters} characters, and a managed policy holds {LARGEST_MANAGED}: {next}"))
}

type Settled = (Spec, Account, Option<String>);

/// The variables of the environment that a file asks for.
type AskedFor = RefCell<BTreeSet<String>>;

fn noting<'a>(asked_for: &'a AskedFor) -> impl Fn(&str) -> Option<String> + 'a {
    move |name| {
        asked_for.borrow_mut().insert(name.to_owned());
        std::env::var(name).ok()
    }
}

fn offline(settings: &Settings, document: &Document, id: &str, asked_for: &AskedFor) -> Result<Settled, Failure> {
    let environment = || ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().find_map(|name| std::env::var(name).ok());
    let region = document.names(&variables(settings, None, None)).region.or_else(environment).ok_or_else(|| {
        Failure::Usage("no region: write region: in deploy.yaml, set AWS_REGION, or give --region".to_owned())
    })?;
    let env = noting(asked_for);
    let settled = Variables { env: &env, ..variables(settings, Some(id), Some(&region)) };
    let spec = document.spec(&settled).map_err(Failure::Faults)?;
    let partition = super::export::partition(&region).to_owned();
    Ok((spec, Account { id: id.to_owned(), partition, region }, None))
}

async fn online(
    settings: &Settings,
    document: &Document,
    asked_for: &AskedFor,
    reporter: &dyn Reporter,
) -> Result<Settled, Failure> {
    let spec = document.spec(&variables(settings, None, None)).map_err(Failure::Faults)?;
    let named = |error: Error| {
        let nobody = error.kind == ErrorKind::Credentials;
        let mut problem = with_profile(error, settings).problem(None);
        if nobody {
            problem.next += "; or give --account ID, then AWS is not asked";
        }
        Failure::Problem(Box::new(problem))
    };
    let aws = Box::pin(Aws::connect(connection(settings, &spec)?, reporter)).await.map_err(named)?;
    let (identity, zone) = tokio::join!(aws.identify(), zone(&aws, &spec));
    let (id, partition) = identity.map_err(named)?;
    let region = aws.region().to_owned();
    let env = noting(asked_for);
    let settled = Variables { env: &env, ..variables(settings, Some(&id), Some(&region)) };
    let spec = document.spec(&settled).map_err(Failure::Faults)?;
    Ok((spec, Account { id, partition, region }, zone))
}

/// The id of the one hosted zone that holds the domain. Who may not look, or has none, gets a policy for any zone.
async fn zone(aws: &Aws<'_>, spec: &Spec) -> Option<String> {
    let domain = spec.domain.as_ref()?;
    let (name, zone_name) = (domain.name.clone(), domain.hosted_zone.clone());
    let zone = HostedZone { domain: name, zone_name, lookups: Rc::new(Lookups::default()) };
    Some(zone.sole(aws).await.ok()?.id)
}
