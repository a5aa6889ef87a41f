//! A small application, its graph, and runs of the engine over it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::clock;
use futures_util::FutureExt;
use poc::aws::{Aws, Connection, Place, Tags};
use poc::engine::plan::{Plan, Side};
use poc::engine::{Graph, apply, decide, read};
use poc::event::{Event, Problem, Reporter};
use poc::local::cloud::{ACCOUNT, Cloud, Profile, State};
use poc::package::{self, Zipped};
use poc::resources::bucket;
use poc::resources::function::Configuration;
use poc::resources::{Alias, Bucket, Function, Lock, LogGroup, Object, Owner, Role};
use poc::spec::model::{self, Architecture, EnvironmentValue, PackageSource};

pub const FUNCTION: &str = "Admission";
pub const ROLE: &str = "AdmissionRole";
pub const PREFIX: &str = "app/prod/";

/// What is wanted; tests change it.
#[derive(Clone)]
pub struct Want {
    pub code: String,
    pub bucket: String,
    pub function: model::Function,
    pub role: model::Role,
    pub tags: BTreeMap<String, String>,
    pub retention: Option<i32>,
    pub adopt: bool,
}

impl Want {
    pub fn new() -> Want {
        Want {
            code: "def run(event, context): return 1".to_owned(),
            bucket: format!("app-{ACCOUNT}-us-east-1"),
            function: model::Function {
                name: FUNCTION.to_owned(),
                description: Some("Predicts".to_owned()),
                runtime: "python3.13".to_owned(),
                handler: "handler.run".to_owned(),
                memory: 256,
                timeout: Duration::from_secs(10),
                environment: [("MODEL".to_owned(), plain("a")), ("TOKEN".to_owned(), secret("hush"))].into(),
                architecture: Architecture::X86_64,
                ephemeral_storage: 512,
                reserved_concurrency: None,
                layers: Vec::new(),
                log_retention: Some(14),
                tags: BTreeMap::new(),
            },
            role: model::Role { name: ROLE.to_owned(), managed_policies: Vec::new(), statements: Vec::new() },
            tags: BTreeMap::new(),
            retention: Some(14),
            adopt: false,
        }
    }

    pub fn package(&self) -> Zipped {
        let directory = tempfile::tempdir().expect("a directory");
        std::fs::write(directory.path().join("handler.py"), &self.code).expect("the handler is written");
        package::build(&source(directory.path())).expect("the package is built")
    }

    pub fn graph(&self) -> Graph {
        let owner = Owner { tags: Tags::new("app", "prod", &self.tags), adopt: self.adopt };
        let package = Rc::new(self.package());
        let mut g = Graph::new();
        let bucket = g.add(Bucket {
            lock: Lock::under(&self.bucket, ACCOUNT, PREFIX),
            founded: Rc::default(),
            place: place(&self.bucket),
            owner: owner.clone(),
        });
        let object = g.add(Object {
            bucket,
            bucket_name: self.bucket.clone(),
            account: ACCOUNT.to_owned(),
            prefix: PREFIX.to_owned(),
            package: package.clone(),
        });
        let log_group = format!("/aws/lambda/{FUNCTION}");
        let logs = g.add(LogGroup { name: log_group.clone(), retention: self.retention, owner: owner.clone() });
        let role = Role {
            references: Vec::new(),
            role: self.role.clone(),
            partition: "aws".to_owned(),
            account: ACCOUNT.to_owned(),
            region: "us-east-1".to_owned(),
            log_group,
            owner: owner.clone(),
        };
        let configuration = Rc::new(Configuration::new(&self.function, role.arn(), &package));
        let role = g.add(role);
        let arn = Function::arn_of("aws", "us-east-1", ACCOUNT, FUNCTION);
        let function = g.add(Function {
            role,
            package: object,
            image: None,
            log_group: logs,
            name: FUNCTION.to_owned(),
            arn: arn.clone(),
            configuration: configuration.clone(),
            description: self.function.description.clone(),
            reserved_concurrency: self.function.reserved_concurrency,
            owner: Owner { tags: owner.tags.and(&self.function.tags), ..owner },
        });
        g.add(Alias {
            function,
            function_name: FUNCTION.to_owned(),
            function_arn: arn,
            name: "prod".to_owned(),
            configuration,
            picture: "0123456789abcdef0123".to_owned(),
        });
        g
    }
}

pub fn source(path: &Path) -> PackageSource {
    PackageSource::Directory { path: path.to_owned(), ignore: Vec::new() }
}

pub fn plain(value: &str) -> EnvironmentValue {
    EnvironmentValue { value: value.to_owned(), secret: false, reference: None }
}

pub fn secret(value: &str) -> EnvironmentValue {
    EnvironmentValue { value: value.to_owned(), secret: true, reference: None }
}

/// States that take as long as AWS's own: the tests' clock costs nothing.
pub fn patient() -> Profile {
    Profile { role_propagation: Duration::from_secs(8), function_settles: Duration::from_secs(4), ..Profile::quick() }
}

/// A cloud and what happened in it.
pub struct Bench {
    pub cloud: Arc<Cloud>,
    pub region: &'static str,
}

/// A run's plan and what it sent.
#[must_use]
pub struct Run {
    pub plan: Plan,
    pub operations: Vec<&'static str>,
    pub notes: Vec<String>,
    pub writes: u64,
    /// By the paused clock.
    pub took: Duration,
    pub ended: Result<(), Problem>,
}

impl Run {
    #[track_caller]
    pub fn done(self) -> Run {
        if let Err(problem) = &self.ended {
            panic!("{problem:?}");
        }
        self
    }

    /// `function update: memory, timeout`, one line per step.
    pub fn steps(&self) -> Vec<String> {
        let step = |step: &poc::engine::plan::Step| {
            let paths: Vec<&str> = step.changes.iter().map(|change| change.path.as_str()).collect();
            format!("{} {:?}: {}", step.step, step.action, paths.join(", "))
        };
        self.plan.steps.iter().map(step).collect()
    }

    #[track_caller]
    pub fn change(&self, step: &str, path: &str) -> (Side, Side) {
        let steps = self.plan.steps.iter().filter(|one| one.step == step);
        let change = steps.flat_map(|step| &step.changes).find(|change| change.path == path);
        let change = change.unwrap_or_else(|| panic!("{step} {path} is not in {:?}", self.steps()));
        (change.before.clone(), change.after.clone())
    }

    pub fn count(&self, operation: &str) -> usize {
        self.operations.iter().filter(|sent| **sent == operation).count()
    }
}

/// Keeps what is told, and ends the run right after a number of calls as if the process were killed.
#[derive(Default)]
struct Watch {
    events: RefCell<Vec<Event>>,
    calls: Cell<usize>,
    killed_after: Option<usize>,
    killed_at: Option<&'static str>,
}

struct Killed;

impl Reporter for Watch {
    fn report(&self, event: &Event) {
        self.events.borrow_mut().push(event.clone());
        if let Event::Call { operation, .. } = event {
            self.calls.set(self.calls.get() + 1);
            if self.killed_after == Some(self.calls.get()) || self.killed_at == Some(*operation) {
                std::panic::resume_unwind(Box::new(Killed));
            }
        }
    }
}

impl Bench {
    pub fn new() -> Bench {
        Bench::with(patient())
    }

    pub fn with(profile: Profile) -> Bench {
        Bench { cloud: Cloud::in_memory(clock(), profile), region: "us-east-1" }
    }

    /// Reads, decides, applies.
    pub async fn run(&self, graph: Graph) -> Run {
        let watch = Watch::default();
        self.watched(&watch, graph).await
    }

    pub async fn deploy(&self, want: &Want) -> Run {
        self.run(want.graph()).await.done()
    }

    pub async fn teardown(&self, want: &Want) -> Run {
        self.run(want.graph().unwanted()).await.done()
    }

    /// Kills a deploy right after so many calls. Was it killed, or over before?
    pub async fn killed_after(&self, calls: usize, want: &Want) -> bool {
        self.killed(Watch { killed_after: Some(calls), ..Watch::default() }, want.graph()).await
    }

    /// Kills a deploy right after its first call of `operation`.
    pub async fn killed_at(&self, operation: &'static str, want: &Want) -> bool {
        self.killed(Watch { killed_at: Some(operation), ..Watch::default() }, want.graph()).await
    }

    pub async fn killed_tearing_down(&self, calls: usize, want: &Want) -> bool {
        self.killed(Watch { killed_after: Some(calls), ..Watch::default() }, want.graph().unwanted()).await
    }

    async fn killed(&self, watch: Watch, graph: Graph) -> bool {
        AssertUnwindSafe(self.watched(&watch, graph)).catch_unwind().await.is_err()
    }

    async fn watched(&self, watch: &Watch, graph: Graph) -> Run {
        let begun = tokio::time::Instant::now();
        let aws = self.connect(watch).await;
        let mut plan = Plan::default();
        let ended = match read(&graph, &aws).await {
            Ok(observed) => {
                let decided = decide(&graph, &observed);
                plan = decided.plan.clone();
                apply(&graph, &observed, &decided, &aws).await
            }
            Err(unreadable) => Err(unreadable.error.problem(Some(unreadable.resource))),
        };
        let (_, writes) = aws.counted();
        let (mut operations, mut notes) = (Vec::new(), Vec::new());
        for event in watch.events.borrow().iter() {
            match event {
                Event::Call { operation, .. } => operations.push(*operation),
                Event::Note { text } => notes.push(text.clone()),
                Event::StepKept { step, why } => notes.push(format!("{step} is kept: {why}")),
                _ => {}
            }
        }
        Run { plan, operations, notes, writes, took: begun.elapsed(), ended: ended.map(drop) }
    }

    pub async fn connect<'w>(&self, reporter: &'w dyn Reporter) -> Aws<'w> {
        let connection = Connection {
            place: Place::Embedded(self.cloud.clone().into()),
            region: Some(self.region.to_owned()),
            profile: None,
            clock: self.cloud.clock(),
            seed: 1,
        };
        Aws::connect(connection, reporter).await.expect("a region is given")
    }

    /// Looks at the cloud, or changes it behind everybody's back.
    pub async fn inspect<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        self.cloud.inspect(look).await.expect("it is in memory")
    }

    #[track_caller]
    pub fn assert_idle(run: &Run) {
        assert_eq!(run.steps(), Vec::<String>::new());
        assert_eq!(run.writes, 0, "{:?}", run.operations);
    }
}

/// The packages' bucket.
pub fn place(bucket: &str) -> bucket::Place {
    bucket::Place {
        name: bucket.to_owned(),
        region: "us-east-1".to_owned(),
        account: ACCOUNT.to_owned(),
        key: "package.bucket",
    }
}
