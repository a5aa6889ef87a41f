//! What every suite starts from: the sample in a directory of its own, a cloud in memory, and commands that tell what
//! they sent.
#![allow(dead_code, reason = "each test binary uses its own part of this")]

pub mod clock;
pub mod pictures;
pub mod problems;
pub mod sample;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aws_types::SdkConfig;
use poc::aws::EmbeddedCloud;
use poc::event::{Event, Outcome, Recorder};
use poc::local::cloud::{Cloud, Profile};
use poc::pipeline::{self, Deployed, Failure, Planned, Settings, Status, Stop, TornDown};
use tempfile::TempDir;

pub const REGION: &str = "us-east-1";

/// The sample of this repository, and an account of its own.
pub struct World {
    pub directory: TempDir,
    pub cloud: Arc<Cloud>,
    pub settings: Settings,
    /// Where deploy.yaml puts things.
    pub region: &'static str,
}

/// Every state is reached at once and every call takes a tenth of a second: virtual time counts round trips.
pub fn counting() -> Profile {
    Profile { latency: Duration::from_millis(100), ..Profile::instant() }
}

impl World {
    /// Call it inside the runtime.
    pub fn new() -> World {
        World::with(Profile::quick())
    }

    pub fn with(profile: Profile) -> World {
        World::in_cloud(Cloud::in_memory(clock::clock(), profile))
    }

    pub fn in_cloud(cloud: Arc<Cloud>) -> World {
        let directory = TempDir::new().unwrap();
        sample::copy(directory.path());
        let settings = Settings {
            file: directory.path().join("deploy.yaml"),
            stage: None,
            region: None,
            profile: None,
            endpoint_url: None,
            local: true,
            cloud: Some(cloud.clone().into()),
            adopt: false,
            wait: true,
            checks: false,
            rebuild: false,
            wait_for_lock: Duration::ZERO,
            stop: Stop::default(),
        };
        World { directory, cloud, settings, region: REGION }
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path)
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Replaces `from`, which must stand there, in one of the files.
    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(path)).unwrap();
        assert!(text.contains(from), "{path} has no {from:?}:\n{text}");
        fs::write(self.path(path), text.replacen(from, to, 1)).unwrap();
    }

    /// The SDK's own view of the cloud.
    pub fn sdk(&self) -> SdkConfig {
        EmbeddedCloud::from(self.cloud.clone()).sdk_config(self.region)
    }

    pub async fn plan(&self) -> Planned {
        pipeline::plan(&self.settings, &Recorder::default()).await.unwrap_or_else(|failure| panic!("{failure:?}"))
    }

    pub async fn status(&self) -> Status {
        pipeline::status(&self.settings, &Recorder::default()).await.unwrap_or_else(|failure| panic!("{failure:?}"))
    }

    pub async fn try_deploy(&self) -> (Result<Deployed, Failure>, Told) {
        let recorder = Recorder::default();
        let result = pipeline::deploy(&self.settings, &recorder, &|_| true).await;
        (result, Told(recorder.0.into_inner()))
    }

    pub async fn deploy(&self) -> Told {
        let (result, told) = self.try_deploy().await;
        result.unwrap_or_else(|failure| panic!("{failure:#?}"));
        told
    }

    pub async fn teardown(&self) -> (TornDown, Told) {
        let recorder = Recorder::default();
        let result = pipeline::teardown(&self.settings, &recorder, &|_| true).await;
        (result.unwrap_or_else(|failure| panic!("{failure:#?}")), Told(recorder.0.into_inner()))
    }

    /// How every story of convergence ends: once more, and nothing is written.
    pub async fn assert_idle(&self) {
        let told = self.deploy().await;
        assert_eq!(told.finished().1, 0, "an unchanged deploy wrote: {:#?}", told.writes());
        assert_eq!(told.outcome(), Outcome::Unchanged);
    }

    /// `step: path` of every change that a plan would make.
    pub async fn planned_changes(&self) -> Vec<String> {
        let planned = self.plan().await;
        let steps = planned.plan.steps.iter();
        steps.flat_map(|step| step.changes.iter().map(|change| format!("{}: {}", step.step, change.path))).collect()
    }
}

/// What a run told.
pub struct Told(pub Vec<Event>);

impl Told {
    /// Requests and writes.
    pub fn finished(&self) -> (u64, u64) {
        match self.0.last() {
            Some(Event::Finished { requests, writes, .. }) => (*requests, *writes),
            other => panic!("the last event is {other:?}"),
        }
    }

    pub fn outcome(&self) -> Outcome {
        match self.0.last() {
            Some(Event::Finished { outcome, .. }) => *outcome,
            other => panic!("the last event is {other:?}"),
        }
    }

    /// Operations in the order of their answers.
    pub fn calls(&self) -> Vec<&'static str> {
        self.0
            .iter()
            .filter_map(|event| if let Event::Call { operation, .. } = event { Some(*operation) } else { None })
            .collect()
    }

    pub fn writes(&self) -> Vec<&'static str> {
        let looks =
            |operation: &&str| ["Get", "List", "Describe", "Head"].iter().any(|look| operation.starts_with(look));
        self.calls().into_iter().filter(|operation| !looks(operation)).collect()
    }

    /// The longest chain of calls of which each began after the one before had its answer.
    pub fn depth(&self) -> (usize, Vec<&'static str>) {
        let mut calls: Vec<(Duration, Duration, &'static str)> = Vec::new();
        for event in &self.0 {
            if let Event::Call { operation, started, elapsed, .. } = event {
                calls.push((*started, *started + *elapsed, operation));
            }
        }
        calls.sort();
        let mut chains: Vec<Vec<&'static str>> = Vec::new();
        for (at, (begun, _, operation)) in calls.iter().enumerate() {
            let before = (0..at).filter(|other| calls[*other].1 <= *begun).max_by_key(|other| chains[*other].len());
            let mut chain = before.map(|other| chains[other].clone()).unwrap_or_default();
            chain.push(operation);
            chains.push(chain);
        }
        let longest = chains.into_iter().max_by_key(Vec::len).unwrap_or_default();
        (longest.len(), longest)
    }
}
