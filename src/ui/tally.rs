//! What has happened so far in a run, and what is going on: the state that progress lines, the live view and the end of the
//! run are told from. Nothing here draws.

use std::collections::BTreeSet;
use std::time::Duration;

use indexmap::IndexMap;
use tokio::time::Instant;

use super::layout::harmless;
use super::words::{doing, done};
use crate::engine::plan::Plan;
use crate::event::{Action, Problem};

#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// The steps of the plan, in its order.
    pub(super) planned: IndexMap<String, Planned>,
    /// Those that have begun.
    pub(super) steps: IndexMap<String, Running>,
    /// In the order in which they began.
    in_flight: Vec<String>,
    /// Those that are over, however they ended, and those that will not be tried.
    over: BTreeSet<String>,
    pub(super) finished: Vec<Action>,
    pub(super) skipped: usize,
    /// Not deleted, because of what others have in it.
    pub(super) kept: usize,
    /// Put off for the next run, and what needs one of those.
    pub(super) deferred: Vec<String>,
    pub(super) problems: Vec<Problem>,
    pub(super) requests: u64,
    pub(super) writes: u64,
    pub(super) began: Option<Instant>,
    pub(super) measured: Option<Duration>,
    /// The run told its end itself.
    pub(super) ended: bool,
    /// The run is made for its checks.
    pub(super) tests: bool,
    pub(super) building: Option<Work>,
    /// AWS is being read.
    pub(super) reading: Option<Work>,
    /// What is deployed is being called.
    pub(super) checking: Option<Work>,
    /// The person asked to stop, and what is in flight is being finished.
    pub(super) stopping: bool,
}

/// A step of the plan.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    kind: &'static str,
    pub(super) title: String,
    pub(super) after: Vec<String>,
    /// The longest that is usual, where AWS takes long.
    pub(super) usual: Option<Duration>,
}

/// What is done outside of steps: reading AWS, running a program for the package, calling what is deployed.
#[derive(Clone, Debug)]
pub(super) struct Work {
    pub(super) what: String,
    pub(super) began: Instant,
    /// When a log last mentioned it.
    pub(super) said: Instant,
}

impl Work {
    pub(super) fn begun(what: String) -> Work {
        let now = Instant::now();
        Work { what, began: now, said: now }
    }
}

/// A step that has begun.
#[derive(Clone, Debug)]
pub(super) struct Running {
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) action: Action,
    pub(super) began: Instant,
    /// When the log last told of it.
    pub(super) said: Instant,
    pub(super) waiting: Option<Waiting>,
    /// Bytes so far, and of how many.
    pub(super) uploading: Option<(u64, u64)>,
    pub(super) retrying: Option<Retrying>,
}

/// It waits for AWS to reach a state.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) what: String,
    /// Where the wait was when `heard`.
    pub(super) elapsed: Duration,
    pub(super) heard: Instant,
    pub(super) usual: Duration,
}

/// A call goes out again.
#[derive(Clone, Debug)]
pub(super) struct Retrying {
    pub(super) operation: &'static str,
    pub(super) reason: String,
    pub(super) until: Instant,
}

impl Waiting {
    pub(super) fn so_far(&self, now: Instant) -> Duration {
        self.elapsed + now.saturating_duration_since(self.heard)
    }
}

impl Running {
    pub(super) fn begun(kind: &'static str, name: &str, action: Action) -> Running {
        let now = Instant::now();
        let name = harmless(name);
        Running { kind, name, action, began: now, said: now, waiting: None, uploading: None, retrying: None }
    }

    pub(super) fn title(&self) -> String {
        format!("{} {}", self.kind, self.name)
    }
}

impl Tally {
    /// Takes note of what the plan will do.
    pub(super) fn expect(&mut self, plan: &Plan) {
        self.planned = plan
            .steps
            .iter()
            .map(|step| {
                let title = format!("{} {}", step.kind, harmless(&step.name));
                let usual = step.slow.as_ref().map(|slow| slow.usual);
                (step.step.clone(), Planned { kind: step.kind, title, after: step.after.clone(), usual })
            })
            .collect();
    }

    pub(super) fn begin(&mut self, step: &str, running: Running) {
        self.reading = None;
        self.over.remove(step);
        self.in_flight.push(step.to_owned());
        self.steps.insert(step.to_owned(), running);
    }

    /// Takes note that the step has ended or will not be tried, and gives its title.
    pub(super) fn end(&mut self, step: &str) -> String {
        self.in_flight.retain(|running| running != step);
        self.over.insert(step.to_owned());
        self.title(step)
    }

    /// `Lambda function ServerlessPOCAdmission`; the id where neither plan nor events name the step.
    pub(super) fn title(&self, step: &str) -> String {
        let planned = || self.planned.get(step).map_or_else(|| harmless(step), |planned| planned.title.clone());
        self.steps.get(step).map_or_else(planned, Running::title)
    }

    /// Since the first event, or as the run itself has measured it.
    pub(super) fn elapsed(&self) -> Option<Duration> {
        self.measured.or_else(|| self.began.map(|began| began.elapsed()))
    }

    /// The steps under way, oldest first.
    pub(super) fn running(&self) -> impl Iterator<Item = &Running> {
        self.in_flight.iter().filter_map(|step| self.steps.get(step))
    }

    pub(super) fn running_mut(&mut self) -> impl Iterator<Item = &mut Running> {
        let in_flight = &self.in_flight;
        self.steps.iter_mut().filter(|(step, _)| in_flight.contains(step)).map(|(_, running)| running)
    }

    /// How many steps of the plan are over.
    pub(super) fn over(&self) -> usize {
        self.planned.keys().filter(|step| self.over.contains(*step)).count()
    }

    /// What has neither begun nor been given up, in the plan's order; with the kinds of what it waits for.
    pub(super) fn to_come(&self) -> Vec<(&Planned, Vec<&str>)> {
        let idle = |step: &String| !self.over.contains(step) && !self.in_flight.contains(step);
        self.planned
            .iter()
            .filter(|(step, _)| idle(step))
            .map(|(_, planned)| {
                let before = planned.after.iter().filter(|step| !self.over.contains(*step));
                (planned, before.filter_map(|step| self.planned.get(step)).map(|one| one.kind).collect())
            })
            .collect()
    }

    /// What was going on when the run ended: `creating REST API ServerlessPOC`.
    pub(super) fn in_flight(&self) -> Vec<String> {
        self.running().map(|running| format!("{} {}", doing(running.action), running.title())).collect()
    }

    /// `14 created, 1 updated`.
    pub(super) fn done(&self) -> String {
        let count = |action| self.finished.iter().filter(|finished| **finished == action).count();
        let counts: Vec<String> = [Action::Create, Action::Update, Action::Replace, Action::Delete, Action::Prune]
            .into_iter()
            .filter(|action| count(*action) > 0)
            .map(|action| format!("{} {}", count(action), done(action)))
            .collect();
        if counts.is_empty() { "nothing new yet".to_owned() } else { counts.join(", ") }
    }
}
