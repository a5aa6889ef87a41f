//! An embedded cloud with AWS's own slowness under a clock that costs nothing, and the name's resources run through the
//! engine as a deploy and a teardown run them.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use poc::aws::EmbeddedCloud;
use poc::aws::{Aws, Connection, Place, Tags};
use poc::clock::Clock;
use poc::engine::plan::Plan;
use poc::engine::{Graph, apply, decide, read};
use poc::event::{Action, Event, Problem, Reporter};
use poc::local::cloud::{Cloud, Profile};
use poc::resources::Owner;

use crate::clock::clock;

pub const DOMAIN: &str = "api.example.com";
pub const REGION: &str = "eu-west-1";

pub struct World {
    pub cloud: Arc<Cloud>,
    clock: Clock,
    runs: Cell<u64>,
}

/// What a run did.
#[derive(Debug, Default)]
pub struct Ran {
    pub plan: Plan,
    pub events: Vec<Event>,
    pub writes: u64,
}

/// Keeps events, and ends the run right after the write of a given number, as SIGKILL would. Between two writes nothing
/// changes, so to be killed there is the same.
struct Watch {
    events: RefCell<Vec<Event>>,
    writes: Cell<usize>,
    kill_after: Option<usize>,
}

impl Reporter for Watch {
    fn report(&self, event: &Event) {
        self.events.borrow_mut().push(event.clone());
        if let Event::Call { operation, .. } = event
            && !["Get", "List", "Describe"].iter().any(|lookup| operation.starts_with(lookup))
        {
            self.writes.set(self.writes.get() + 1);
            if self.kill_after == Some(self.writes.get()) {
                std::panic::resume_unwind(Box::new("killed") as Box<dyn Any + Send>);
            }
        }
    }
}

impl World {
    pub fn new() -> World {
        let profile = Profile {
            latency: Duration::from_millis(20),
            role_propagation: Duration::from_secs(8),
            function_settles: Duration::from_secs(4),
            certificate_record: Duration::from_secs(8),
            certificate_issued: Duration::from_secs(60),
            certificate_released: Duration::from_secs(900),
            domain_regional: Duration::from_secs(30),
            domain_edge: Duration::from_secs(2400),
            record_insync: Duration::from_secs(30),
            ..Profile::instant()
        };
        World::with(profile)
    }

    /// A world without long states: for tests that go through every call of a run.
    pub fn quick() -> World {
        World::with(Profile { latency: Duration::from_millis(1), ..Profile::quick() })
    }

    fn with(profile: Profile) -> World {
        let clock = clock();
        World { cloud: Cloud::in_memory(clock, profile), clock, runs: Cell::new(0) }
    }

    /// Reads, decides and applies. A refusal while reading is a problem like one while applying.
    pub async fn run(&self, graph: Graph) -> Result<Ran, Problem> {
        let watch = Watch { events: RefCell::default(), writes: Cell::new(0), kill_after: None };
        let (plan, writes) = self.drive(graph, &watch).await?;
        Ok(Ran { plan, writes, events: watch.events.into_inner() })
    }

    /// The same, but killed after so many writes. Tells whether it came to that.
    pub async fn killed_after(&self, writes: usize, graph: Graph) -> bool {
        let watch = Watch { events: RefCell::default(), writes: Cell::new(0), kill_after: Some(writes) };
        let ended = AssertUnwindSafe(self.drive(graph, &watch)).catch_unwind().await;
        ended.is_err()
    }

    async fn drive(&self, graph: Graph, watch: &Watch) -> Result<(Plan, u64), Problem> {
        self.runs.set(self.runs.get() + 1);
        let connection = Connection {
            place: Place::Embedded(self.cloud.clone().into()),
            region: Some(REGION.to_owned()),
            profile: None,
            clock: self.clock,
            seed: self.runs.get(),
        };
        let aws = Aws::connect(connection, watch).await.map_err(|error| error.problem(None))?;
        let observed =
            read(&graph, &aws).await.map_err(|unreadable| unreadable.error.problem(Some(unreadable.resource)))?;
        let decided = decide(&graph, &observed);
        apply(&graph, &observed, &decided, &aws).await?;
        Ok((decided.plan.clone(), aws.counted().1))
    }

    /// Nothing differs, nothing is written.
    #[track_caller]
    pub fn assert_idle(ran: &Ran) {
        assert_eq!((ran.told(), ran.writes), (Vec::new(), 0));
    }

    pub fn acm(&self) -> aws_sdk_acm::Client {
        aws_sdk_acm::Client::new(&EmbeddedCloud::from(self.cloud.clone()).sdk_config(REGION))
    }

    pub fn apigateway(&self) -> aws_sdk_apigateway::Client {
        aws_sdk_apigateway::Client::new(&EmbeddedCloud::from(self.cloud.clone()).sdk_config(REGION))
    }

    pub fn route53(&self) -> aws_sdk_route53::Client {
        aws_sdk_route53::Client::new(&EmbeddedCloud::from(self.cloud.clone()).sdk_config(REGION))
    }

    /// The records of the first zone in words, its own NS and SOA aside.
    pub async fn records(&self) -> Vec<String> {
        let listed = self.route53().list_resource_record_sets().hosted_zone_id(self.zone_id().await).send().await;
        let listed = listed.expect("the zone lists its records");
        let sets = listed.resource_record_sets().iter();
        let sets = sets.filter(|set| !matches!(set.r#type().as_str(), "NS" | "SOA"));
        sets.map(|set| {
            let values: Vec<&str> = match set.alias_target() {
                Some(alias) => vec![alias.dns_name()],
                None => set.resource_records().iter().map(|record| record.value()).collect(),
            };
            format!("{} {} {}", set.r#type().as_str(), set.name(), values.join(","))
        })
        .collect()
    }

    pub async fn zone_id(&self) -> String {
        let zones = self.route53().list_hosted_zones_by_name().dns_name("example.com").send().await;
        let zones = zones.expect("zones are listed");
        zones.hosted_zones()[0].id().trim_start_matches("/hostedzone/").to_owned()
    }

    /// Status by ARN of the certificates in `REGION`.
    pub async fn certificates(&self) -> BTreeMap<String, String> {
        let listed = self.acm().list_certificates().send().await.expect("certificates are listed");
        let summaries = listed.certificate_summary_list().iter();
        summaries
            .map(|summary| {
                let status = summary.status().map_or("", |status| status.as_str());
                (summary.certificate_arn().unwrap_or_default().to_owned(), status.to_owned())
            })
            .collect()
    }
}

impl Ran {
    /// `create certificate`, `update alias_record`, …
    pub fn told(&self) -> Vec<String> {
        let word = |action: Action| format!("{action:?}").to_lowercase();
        self.plan.steps.iter().map(|step| format!("{} {}", word(step.action), step.step)).collect()
    }

    pub fn deferred(&self) -> Vec<String> {
        let events = self.events.iter();
        events
            .filter_map(|event| match event {
                Event::StepDeferred { step, waiting_for, .. } => Some(format!("{step}: {waiting_for}")),
                _ => None,
            })
            .collect()
    }

    pub fn notes(&self) -> Vec<String> {
        let events = self.events.iter();
        events
            .filter_map(|event| match event {
                Event::Note { text } => Some(text.clone()),
                _ => None,
            })
            .collect()
    }
}

pub fn owner(app: &str) -> Owner {
    Owner { tags: Tags::new(app, "prod", &BTreeMap::new()), adopt: false }
}

/// Lets so many seconds pass.
pub async fn seconds(count: u64) {
    tokio::time::advance(Duration::from_secs(count)).await;
}
