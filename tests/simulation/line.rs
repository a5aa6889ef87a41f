//! The line between one run and the cloud: what goes wrong on it, who reaches in, where the run is cut.

use std::collections::BTreeMap;
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

/// What goes wrong, by the number of the call.
#[derive(Clone, Debug, Default)]
pub struct Misfortune {
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

/// Operations of which one is denied now and then.
const DENIABLE: [&str; 8] = [
    "CreateRole",
    "CreateFunction",
    "CreateRestApi",
    "CreateDeployment",
    "CreateUsagePlan",
    "ChangeResourceRecordSets",
    "UpdateStage",
    "DeleteRestApi",
];

/// Creations of a first deploy that AWS would gladly repeat: a run that tried again without a look would make two.
pub const REPEATABLE: [&str; 4] = ["CreateRestApi", "CreateUsagePlan", "CreateApiKey", "CreateDeployment"];

impl Misfortune {
    /// Up to five passing faults among the first `calls`, in every other run creations whose answer is lost, and in
    /// two of three runs something that ends it.
    pub fn draw(chance: &mut SmallRng, calls: usize) -> Misfortune {
        let mut drawn = Misfortune::default();
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
            1 => drawn.denied = Some(DENIABLE[chance.random_range(0..DENIABLE.len())]),
            2..=3 => drawn.killed = Some(chance.random_range(1..calls)),
            4..=5 => {
                let again = chance.random_ratio(1, 3).then(|| chance.random_range(1..4));
                drawn.interrupted = Some(Interrupted { at: chance.random_range(1..calls), again });
            }
            _ => {}
        }
        drawn
    }

    /// In one of four runs the answer of one of these calls is lost and nothing else happens, so that the run ends well and
    /// what it made is counted; in the others what is usual.
    pub fn draw_unheard(chance: &mut SmallRng, calls: usize, repeatable: &[&'static str]) -> Misfortune {
        if chance.random_ratio(1, 4) {
            let unheard = Some(repeatable[chance.random_range(0..repeatable.len())]);
            return Misfortune { unheard, ..Misfortune::default() };
        }
        Misfortune::draw(chance, calls)
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

/// Of a first deploy of the sample, all told; an update has fewer.
const CREATIONS: usize = 16;

/// Does another call of it make another one?
fn creates(operation: &str) -> bool {
    operation.starts_with("Create") || ["RequestCertificate", "PublishVersion", "AddPermission"].contains(&operation)
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
    creations: usize,
    /// The answer that was to be lost is.
    unheard: bool,
    met: Vec<String>,
}

impl Line {
    pub fn new(cloud: Arc<Cloud>, misfortune: Misfortune, probe: Option<Arc<Probe>>) -> Arc<Line> {
        Arc::new(Line { cloud, misfortune, made: Mutex::default(), cut: Notify::new(), pressed: Notify::new(), probe })
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

    /// The number of the call, and where it creates something, its number among those.
    fn next(&self, call: &Intended) -> (usize, Option<usize>) {
        let mut made = self.made.lock().unwrap();
        made.calls += 1;
        let creation = creates(call.operation).then_some(made.creations);
        made.creations += usize::from(creation.is_some());
        (made.calls - 1, creation)
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
        let (at, creation) = self.next(call);
        if self.misfortune.killed == Some(at) {
            self.note(at, call, "killed");
            self.end().await;
        }
        if let Some(Interrupted { at: first, again }) = self.misfortune.interrupted {
            if at == first {
                self.note(at, call, "Ctrl-C");
                self.pressed.notify_one();
            }
            if again.is_some_and(|later| at == first + later) {
                self.note(at, call, "Ctrl-C again");
                self.end().await;
            }
        }
        if let Some(probe) = &self.probe {
            probe.call(&format!("before call {at} ({})", call.operation)).await;
        }
        if let Some((when, intrusion)) = self.misfortune.intrusion
            && when == at
        {
            self.note(at, call, intrusion);
            intrude(&self.cloud, intrusion).await;
        }
        if self.misfortune.expires.is_some_and(|from| at >= from) {
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
        let fault = lost.or_else(|| self.misfortune.faults.get(&at)).copied();
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
