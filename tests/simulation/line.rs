//! The line between one run and the cloud: what goes wrong on it, who reaches in, where the run is cut.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use poc::local::cloud::Cloud;
use poc::local::cloud::faults::{Between, Decision, Fault, Intended};
use rand::Rng;
use rand::rngs::SmallRng;
use tokio::sync::Notify;

use crate::probe::Probe;

/// Somebody else's hand, once, between two calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intrusion {
    EditApi,
    DeleteStage,
    DetachKey,
    TakeRecord,
}

pub const INTRUSIONS: [Intrusion; 4] =
    [Intrusion::EditApi, Intrusion::DeleteStage, Intrusion::DetachKey, Intrusion::TakeRecord];

/// Which calls are numbered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Counted {
    #[default]
    All,
    /// Those that change something or mean to, but for what is written as often as a run lasts long: the lock's lease,
    /// and DeleteCertificate until the certificate is free.
    Writes,
}

/// The calls that misfortunes are drawn among.
#[derive(Clone, Copy, Debug)]
pub struct Among {
    pub calls: usize,
    pub counted: Counted,
    /// Operations of which one is denied now and then.
    pub denied: &'static [&'static str],
}

/// What goes wrong, by the number of the call.
#[derive(Clone, Debug, Default)]
pub struct Misfortune {
    pub counted: Counted,
    pub faults: BTreeMap<usize, Fault>,
    /// From this call on, the credentials have expired.
    pub expires: Option<usize>,
    /// Every call of this operation.
    pub denied: Option<&'static str>,
    /// Creations, by their number among the creations, that are carried out and whose answer is lost.
    pub lost: BTreeMap<usize, Fault>,
    /// The first call of this operation is carried out and its answer lost.
    pub unheard: Option<&'static str>,
    /// The process ends when it is about to make this call.
    pub killed: Option<usize>,
    pub interrupted: Option<Interrupted>,
    pub intrusion: Option<(usize, Intrusion)>,
}

/// Ctrl-C, when this call is about to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted {
    pub at: usize,
    /// Once more, so many calls later: the process ends there.
    pub again: Option<usize>,
}

/// What a deploy may not be allowed to do: of each service something.
pub const MAKING: &[&str] = &[
    "GetCallerIdentity",
    "CreateRole",
    "PutRolePolicy",
    "CreateLogGroup",
    "CreateFunction",
    "UpdateFunctionCode",
    "UpdateAlias",
    "AddPermission",
    "GetPolicy",
    "CreateRestApi",
    "PutMethod",
    "CreateDeployment",
    "UpdateStage",
    "CreateUsagePlan",
    "CreateApiKey",
    "CreateUsagePlanKey",
    "CreateBucket",
    "GetObject",
    "PutObject",
    "PutBucketPolicy",
    "RequestCertificate",
    "DescribeCertificate",
    "CreateDomainName",
    "ChangeResourceRecordSets",
];

/// What a teardown may not be allowed to do.
pub const REMOVING: &[&str] = &[
    "DeleteRestApi",
    "DeleteUsagePlan",
    "DeleteApiKey",
    "DeleteBasePathMapping",
    "DeleteDomainName",
    "DeleteFunction",
    "DeleteLogGroup",
    "DeleteRole",
    "DeleteRolePolicy",
    "DeleteCertificate",
    "ChangeResourceRecordSets",
    "ListObjectVersions",
    "DeleteObjects",
    "DeleteBucket",
];

/// Creations of a first deploy that AWS would gladly repeat: a run that tried again without a look would make two.
pub const REPEATABLE: [&str; 4] = ["CreateRestApi", "CreateUsagePlan", "CreateApiKey", "CreateDeployment"];

impl Misfortune {
    /// Up to five passing faults among those calls, in every other run creations whose answer is lost, and in two of
    /// three runs something that ends it.
    pub fn draw(chance: &mut SmallRng, among: Among) -> Misfortune {
        let Among { calls, counted, denied } = among;
        let mut drawn = Misfortune { counted, ..Misfortune::default() };
        for _ in 0..chance.random_range(0..=5) {
            let fault = Fault::PASSING[chance.random_range(0..Fault::PASSING.len())];
            drawn.faults.insert(chance.random_range(0..calls), fault);
        }
        if chance.random_ratio(1, 2) {
            for _ in 0..chance.random_range(1..=4) {
                let fault = if chance.random_ratio(1, 4) { Fault::HangAfter } else { Fault::ResetAfter };
                drawn.lost.insert(chance.random_range(0..CREATIONS), fault);
            }
        }
        match chance.random_range(0..9) {
            0 => drawn.expires = Some(chance.random_range(1..calls)),
            1 => drawn.denied = Some(denied[chance.random_range(0..denied.len())]),
            2..=3 => drawn.killed = Some(chance.random_range(1..calls)),
            4..=5 => drawn.interrupted = Some(Interrupted::draw(chance, calls)),
            _ => {}
        }
        drawn
    }

    /// One passing fault or one end, at one of these calls.
    pub fn draw_one(chance: &mut SmallRng, calls: Range<usize>, counted: Counted) -> Misfortune {
        let at = chance.random_range(calls);
        let mut drawn = Misfortune { counted, ..Misfortune::default() };
        match chance.random_range(0..4) {
            0 => drawn.killed = Some(at),
            1 => drawn.interrupted = Some(Interrupted { at, again: None }),
            _ => drop(drawn.faults.insert(at, Fault::PASSING[chance.random_range(0..Fault::PASSING.len())])),
        }
        drawn
    }

    /// In one of four runs the answer of one of these calls is lost and nothing else happens, so that the run ends well and
    /// what it made is counted; in the others what is usual.
    pub fn draw_unheard(chance: &mut SmallRng, among: Among, repeatable: &[&'static str]) -> Misfortune {
        if chance.random_ratio(1, 4) {
            let unheard = Some(repeatable[chance.random_range(0..repeatable.len())]);
            return Misfortune { unheard, ..Misfortune::default() };
        }
        Misfortune::draw(chance, among)
    }

    /// Would a run end by itself, and let go of its lock?
    pub fn is_gentle(&self) -> bool {
        self.faults.is_empty()
            && self.lost.is_empty()
            && self.unheard.is_none()
            && self.expires.is_none()
            && self.denied.is_none()
    }
}

impl Interrupted {
    pub fn draw(chance: &mut SmallRng, calls: usize) -> Interrupted {
        let again = chance.random_ratio(1, 3).then(|| chance.random_range(1..4));
        Interrupted { at: chance.random_range(1..calls), again }
    }
}

/// Of a first deploy of the sample, all told; an update has fewer.
const CREATIONS: usize = 16;

/// Does another call of it make another one?
fn creates(operation: &str) -> bool {
    operation.starts_with("Create") || ["RequestCertificate", "PublishVersion", "AddPermission"].contains(&operation)
}

/// One call.
struct Numbered {
    /// Among all.
    at: usize,
    /// Among those that are counted, where it is one of them.
    place: Option<usize>,
    /// The number of the next one that is counted, this one or a later one.
    next: usize,
    /// Among those that create something.
    creation: Option<usize>,
}

pub struct Line {
    cloud: Arc<Cloud>,
    misfortune: Misfortune,
    made: Mutex<Made>,
    pub cut: Notify,
    /// Ctrl-C.
    pub pressed: Notify,
    pub probe: Option<Arc<Probe>>,
}

#[derive(Default)]
struct Made {
    calls: usize,
    /// Those of them that are numbered.
    counted: usize,
    creations: usize,
    /// The answer that was to be lost is.
    unheard: bool,
    intruded: bool,
    met: Vec<String>,
}

impl Line {
    pub fn new(cloud: Arc<Cloud>, misfortune: Misfortune, probe: Option<Arc<Probe>>) -> Arc<Line> {
        Arc::new(Line { cloud, misfortune, made: Mutex::default(), cut: Notify::new(), pressed: Notify::new(), probe })
    }

    /// What should have happened between two calls happens now, if the run had ended before.
    pub async fn intrude_at_last(&self) {
        let Some((_, intrusion)) = self.misfortune.intrusion else { return };
        if !std::mem::replace(&mut self.made.lock().unwrap().intruded, true) {
            self.made.lock().unwrap().met.push(format!("{intrusion:?} after the run"));
            intrude(&self.cloud, intrusion).await;
        }
    }

    /// What went wrong so far, in words.
    pub fn met(&self) -> String {
        self.made.lock().unwrap().met.join(", ")
    }

    fn note(&self, at: usize, call: &Intended, what: impl std::fmt::Debug) {
        self.made.lock().unwrap().met.push(format!("{what:?} at call {at} ({})", call.operation));
    }

    pub fn misfortune(&self) -> &Misfortune {
        &self.misfortune
    }

    fn next(&self, call: &Intended) -> Numbered {
        let mut made = self.made.lock().unwrap();
        let patient = call.request.path.ends_with("/lock.json") || call.operation == "DeleteCertificate";
        let writes = call.is_write() && !patient;
        let counts = writes || self.misfortune.counted == Counted::All;
        let creation = creates(call.operation).then_some(made.creations);
        let numbered = Numbered { at: made.calls, place: counts.then_some(made.counted), next: made.counted, creation };
        made.calls += 1;
        made.counted += usize::from(counts);
        made.creations += usize::from(creation.is_some());
        numbered
    }

    fn first_unheard(&self) -> bool {
        !std::mem::replace(&mut self.made.lock().unwrap().unheard, true)
    }

    /// The process ends, as the person or the machine wants it.
    async fn end(&self) {
        self.cut.notify_one();
        std::future::pending::<()>().await;
    }

    async fn decide(&self, call: &Intended) -> Option<Fault> {
        let Numbered { at, place, next, creation } = self.next(call);
        let comes = |number: usize| place == Some(number);
        if self.misfortune.killed.is_some_and(comes) {
            self.note(at, call, "killed");
            self.end().await;
        }
        if let Some(Interrupted { at: first, again }) = self.misfortune.interrupted {
            if comes(first) {
                self.note(at, call, "Ctrl-C");
                self.pressed.notify_one();
            }
            if again.is_some_and(|later| comes(first + later)) {
                self.note(at, call, "Ctrl-C again");
                self.end().await;
            }
        }
        if let Some(probe) = &self.probe {
            probe.call(&format!("before call {at} ({})", call.operation)).await;
        }
        if let Some((when, intrusion)) = self.misfortune.intrusion
            && comes(when)
        {
            self.note(at, call, intrusion);
            self.made.lock().unwrap().intruded = true;
            intrude(&self.cloud, intrusion).await;
        }
        if self.misfortune.expires.is_some_and(|from| next >= from) {
            self.note(at, call, Fault::ExpiredToken);
            return Some(Fault::ExpiredToken);
        }
        if self.misfortune.denied == Some(call.operation) {
            self.note(at, call, Fault::AccessDenied);
            return Some(Fault::AccessDenied);
        }
        if self.misfortune.unheard == Some(call.operation) && self.first_unheard() {
            self.note(at, call, Fault::ResetAfter);
            return Some(Fault::ResetAfter);
        }
        let lost = creation.and_then(|creation| self.misfortune.lost.get(&creation));
        let fault = lost.or_else(|| self.misfortune.faults.get(&place?)).copied();
        if let Some(fault) = fault {
            self.note(at, call, fault);
        }
        fault
    }
}

impl Between for Line {
    fn before<'a>(&'a self, call: &'a Intended) -> Decision<'a> {
        Box::pin(self.decide(call))
    }
}

/// Reaches past every rule into what is ours.
async fn intrude(cloud: &Cloud, intrusion: Intrusion) {
    let reach = cloud.inspect(|state| {
        let ours = |tags: &BTreeMap<String, String>| {
            tags.get("poc:app").is_some_and(|app| app == "ServerlessPOC")
                && tags.get("poc:stage").is_some_and(|stage| stage == "prod")
        };
        let Some(region) = state.apigateway.regions.get_mut("us-east-1") else { return };
        match intrusion {
            Intrusion::EditApi => {
                for api in region.rest_apis.values_mut().filter(|api| ours(&api.tags)) {
                    for resource in api.draft.resources.values_mut() {
                        for method in resource.resource_methods.values_mut() {
                            method.api_key_required = !method.api_key_required;
                        }
                    }
                }
            }
            Intrusion::DeleteStage => {
                for api in region.rest_apis.values_mut().filter(|api| ours(&api.tags)) {
                    api.stages.clear();
                }
            }
            Intrusion::DetachKey => {
                for plan in region.usage_plans.values_mut().filter(|plan| ours(&plan.tags)) {
                    plan.keys.clear();
                }
            }
            Intrusion::TakeRecord => {
                for zone in state.route53.zones.values_mut() {
                    zone.records.retain(|record| !(record.name == "api.example.com." && record.kind == "A"));
                }
            }
        }
    });
    reach.await.unwrap();
}
