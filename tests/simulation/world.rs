//! One simulated account and one laptop, and runs between them.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::provider::ProvideCredentials;
use poc::aws::EmbeddedCloud;
use poc::clock::Clock;
use poc::event::{Event, Recorder, Reporter};
use poc::local::cloud::{Cloud, Profile, State};
use poc::pipeline::{self, Failure, Settings, Stop};
use poc::ui::{Captured, Format, Ui, Volume};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::{Instant, timeout};

use crate::decoys;
use crate::leaves;
use crate::line::{Line, Misfortune};
use crate::support::World;

/// No run may take longer, whatever goes wrong: forty minutes for an edge domain, the rest for patience.
const LONGEST: Duration = Duration::from_secs(4 * 60 * 60);

/// What nobody may ever see.
pub const SECRET: &str = "quiet-as-a-mouse-4711";

pub struct Sim {
    pub world: World,
    pub chance: SmallRng,
    /// What others have, as it was in the beginning.
    pub theirs: &'static Value,
    /// All that was said so far, for the ear that listens for secrets.
    pub said: Vec<String>,
    /// What must be in none of that: the file's secret, the credentials', and the value of every API key that there was
    /// at the end of a run.
    pub secrets: BTreeSet<String>,
    /// Of the runs so far.
    lines: Vec<Arc<Line>>,
}

/// What is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    Deploy,
    Teardown,
    Rotate,
}

/// How a run went.
pub struct Run {
    /// None where it was killed.
    pub ended: Option<Result<(), Failure>>,
    pub events: Vec<Event>,
    pub took: Duration,
    /// What a teardown says is left.
    pub left: Vec<String>,
    pub plan: Option<Value>,
    /// When Ctrl-C was pressed: after so many events, so long after the beginning.
    pub pressed: Option<(usize, Duration)>,
    /// What a person saw.
    pub printed: String,
}

impl Sim {
    pub async fn new(seed: u64, steady: bool) -> Sim {
        let mut chance = SmallRng::seed_from_u64(seed);
        let clock = Clock::starting_at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
        let cloud = Cloud::in_memory(clock, Profile { steady, ..Profile::aws(seed) });
        let theirs = decoys::account();
        let state = State::deserialize(theirs).unwrap();
        cloud.inspect(|kept| *kept = state).await.unwrap();
        let world = World::in_cloud(cloud);
        world.edit("deploy.yaml", "throttle: { rate: 10, burst: 20 }", "throttle: { rate: 1000, burst: 2000 }");
        world.edit("deploy.yaml", "quota: { limit: 500, period: day }", "quota: { limit: 500000, period: day }");
        let environment = format!("  environment: {{ TOKEN: {{ value: {SECRET}, secret: true }} }}\n  timeout: 10 ");
        world.edit("deploy.yaml", "  timeout: 10 ", &environment);
        if chance.random_ratio(1, 4) {
            world.edit("deploy.yaml", "certificate: request ", "endpoint: edge\n  certificate: request ");
        }
        if chance.random_ratio(1, 3) {
            let more = "    /score:\n      POST: {}\n    /admit:\n";
            world.edit("deploy.yaml", "    /admit:\n", more);
        }
        let credentials = world.sdk().credentials_provider().unwrap().provide_credentials().await.unwrap();
        let secrets = BTreeSet::from([SECRET.to_owned(), credentials.secret_access_key().to_owned()]);
        Sim { world, chance, theirs, said: Vec::new(), secrets, lines: Vec::new() }
    }

    pub fn cloud(&self) -> &Arc<Cloud> {
        &self.world.cloud
    }

    pub fn line(&self, misfortune: Misfortune) -> Arc<Line> {
        Line::new(self.cloud().clone(), misfortune, None)
    }

    pub async fn state(&self) -> Value {
        self.cloud().look(|state, _| serde_json::to_value(state).unwrap()).await.unwrap()
    }

    /// Our part of what the cloud holds: what was not there in the beginning.
    pub async fn ours(&self) -> Vec<String> {
        leaves::without(&self.state().await, self.theirs)
    }

    /// One run over `line`, until it ends or is cut.
    pub async fn run(&mut self, command: Command, line: &Arc<Line>) -> Run {
        self.lines.push(line.clone());
        let run = Box::pin(run(self.world.settings.clone(), self.cloud().clone(), command, line.clone())).await;
        self.hear(&run).await;
        run
    }

    /// Lines of runs that are not made by [`Sim::run`].
    pub fn overhear(&mut self, lines: [&Arc<Line>; 2]) {
        self.lines.extend(lines.into_iter().cloned());
    }

    /// What went wrong in each of the runs so far, in words.
    pub fn met(&self) -> String {
        self.lines.iter().map(|line| format!("[{}]", line.met())).collect()
    }

    /// Of all that was said so far, word by word, but for the laptop's directory and the number of this process.
    pub fn fingerprint(&self) -> u64 {
        let place = self.world.directory.path().display().to_string();
        let process = std::process::id().to_string();
        let mut hasher = DefaultHasher::new();
        for said in &self.said {
            said.replace(&place, "")
                .split_whitespace()
                .filter(|word| *word != process)
                .for_each(|word| word.hash(&mut hasher));
        }
        hasher.finish()
    }

    /// A run in which nothing goes wrong.
    pub async fn calmly(&mut self, command: Command) -> Run {
        self.run(command, &self.line(Misfortune::default())).await
    }

    /// Keeps what was said, and what it must not have told: a key that the next run removes was a secret, too.
    pub async fn hear(&mut self, run: &Run) {
        let values = self.cloud().look(|state, _| {
            let keys = state.apigateway.regions.values().flat_map(|region| region.api_keys.values());
            keys.map(|key| key.value.clone()).collect::<Vec<_>>()
        });
        self.secrets.extend(values.await.unwrap());
        self.said.extend(run.events.iter().map(|event| serde_json::to_string(event).unwrap()));
        self.said.push(format!("{:?}", run.ended));
        self.said.push(run.printed.clone());
        self.said.extend(run.plan.as_ref().map(Value::to_string));
    }
}

pub async fn run(settings: Settings, cloud: Arc<Cloud>, command: Command, line: Arc<Line>) -> Run {
    let cloud = EmbeddedCloud::from(cloud).with(line.clone());
    let stop = Stop::default();
    let settings = Settings { cloud: Some(cloud), stop: stop.clone(), ..settings };
    let (witness, begun) = (Witness::new(), Instant::now());
    let (mut left, plan) = (Vec::new(), RefCell::new(None));
    let confirm = |planned: &pipeline::Planned| {
        *plan.borrow_mut() = Some(serde_json::to_value(planned).unwrap());
        witness.ui.planned(planned);
        true
    };
    let work = Box::pin(async {
        match command {
            Command::Deploy => {
                let deployed = pipeline::deploy(&settings, &witness, &confirm).await;
                deployed.map(|deployed| witness.ui.deployed(&deployed))
            }
            Command::Teardown => pipeline::teardown(&settings, &witness, &confirm).await.map(|torn| {
                witness.ui.torn_down(&torn);
                left.extend(torn.left);
            }),
            Command::Rotate => pipeline::rotate_key(&settings, None, None, &witness, &|_| true)
                .await
                .map(|rotated| witness.ui.rotated(&rotated)),
        }
    });
    let pressed = Cell::new(None);
    // As the command line does it: who heeds it ends by itself, anything else is dropped where it is.
    let interrupted = async {
        line.pressed.notified().await;
        pressed.set(Some((witness.recorder.0.borrow().len(), begun.elapsed())));
        if stop.ask() {
            std::future::pending::<()>().await;
        }
    };
    let ended = tokio::select! {
        biased;
        () = line.cut.notified() => None,
        () = interrupted => Some(Err(Failure::Interrupted)),
        ended = timeout(LONGEST, work) => {
            let last = || witness.recorder.0.borrow().iter().rev().take(5).map(|event| format!("{event:?}")).collect::<Vec<_>>();
            Some(ended.unwrap_or_else(|_| panic!("{command:?} does not end: {:#?}", last())))
        }
    };
    if let Some(Err(failure)) = &ended {
        witness.ui.failed(command.name(), failure);
    }
    let printed = witness.captured.out() + &witness.captured.err();
    let (events, plan) = (witness.recorder.0.into_inner(), plan.into_inner());
    Run { ended, events, took: begun.elapsed(), left, plan, pressed: pressed.get(), printed }
}

/// Keeps the events, and shows them to a person who wants to know everything.
struct Witness {
    recorder: Recorder,
    ui: Ui,
    captured: Captured,
}

impl Witness {
    fn new() -> Witness {
        let (ui, captured) = Ui::captured(Format::Human, Volume::Verbose, 100, None);
        Witness { recorder: Recorder::default(), ui, captured }
    }
}

impl Reporter for Witness {
    fn report(&self, event: &Event) {
        self.recorder.report(event);
        self.ui.report(event);
    }
}

impl Command {
    fn name(self) -> &'static str {
        match self {
            Command::Deploy => "deploy",
            Command::Teardown => "teardown",
            Command::Rotate => "key rotate",
        }
    }
}

impl Run {
    pub fn succeeded(&self) -> bool {
        matches!(self.ended, Some(Ok(())))
    }

    /// Service, operation and the error that was answered.
    pub fn calls(&self) -> impl Iterator<Item = (&'static str, &'static str, Option<&str>)> {
        self.events.iter().filter_map(|event| match event {
            Event::Call { service, operation, error, .. } => Some((*service, *operation, error.as_deref())),
            _ => None,
        })
    }

    pub fn writes(&self) -> Vec<&'static str> {
        let looks =
            |operation: &str| ["Get", "List", "Describe", "Head"].iter().any(|look| operation.starts_with(look));
        self.calls()
            .filter(|(_, operation, error)| !looks(operation) && error.is_none())
            .map(|(_, name, _)| name)
            .collect()
    }
}
