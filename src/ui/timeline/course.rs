//! The course of a run: bars made of events, and the chain of bars that decided when the run ended.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Seen;
use crate::engine::plan::Step;
use crate::event::{Action, Checked, Event, Outcome};
use crate::ui::layout::harmless;
use crate::ui::words::{count, done, sign, took_exactly};

/// A step begins this long after what the plan has it wait for at most, where this machine is busy; more than that has
/// another cause, which ended right before.
const SOON: Duration = Duration::from_millis(250);
const AT_ONCE: Duration = Duration::from_millis(20);

/// Before anything is asked of AWS, less than this, or than one part in a hundred of the run, is not worth a bar.
const WORTH_A_BAR: Duration = Duration::from_millis(100);

/// So many operations are named in a tooltip.
const NAMED: usize = 12;

/// A run, ready to be drawn.
#[derive(Clone, Debug, Default)]
pub(super) struct Course {
    /// `deploy`, `teardown`.
    pub command: &'static str,
    pub app: String,
    /// `stage prod`, `us-east-1`, `account …`, and the place where it is told.
    pub whereabouts: Vec<String>,
    /// Calls, and those that changed something.
    pub calls: (u64, u64),
    pub outcome: Option<Outcome>,
    pub total: Duration,
    pub bars: Vec<Bar>,
    /// Positions of the bars that decided the end, in order of time.
    pub critical: Vec<usize>,
    /// Steps that were not tried.
    pub skipped: usize,
}

/// Which part of the run a bar belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Before the first call: files are read and the package is zipped.
    Preparing,
    Reading,
    Building,
    Removing,
    Looking,
    Checking,
}

#[derive(Clone, Debug)]
pub(super) struct Bar {
    pub phase: Phase,
    /// `+`, `~`, `-`; empty where nothing is changed.
    pub sign: &'static str,
    /// `REST API`.
    pub kind: String,
    pub name: String,
    pub from: Duration,
    pub to: Duration,
    /// What it consists of, one after the other; between two of them the bar waited for AWS.
    pub pieces: Vec<Piece>,
    pub end: Ended,
    /// In words, for whoever points at it.
    pub about: Vec<String>,
    step: String,
    operations: Vec<(&'static str, Duration)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Done,
    Failed,
    Deferred,
    /// The run ended first.
    CutOff,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Piece {
    pub from: Duration,
    pub to: Duration,
    pub what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// AWS was asked, and had not answered yet.
    Call,
    /// Kept back on this side, within a limit of AWS.
    Paced,
    /// Refused, and about to be sent again.
    Retrying,
    /// This machine computes.
    Own,
    /// A check that did not pass.
    Mismatch,
}

/// The course that the events tell of. A run without an end has ended `now`.
pub(super) fn of(seen: &Seen, now: Duration) -> Course {
    let mut teller = Teller::default();
    for (at, event) in &seen.events {
        teller.hear(*at, event);
    }
    let Teller { mut course, phase_bar, checks, ended, .. } = teller;
    course.total = ended.unwrap_or(now);
    course.outcome = course.outcome.or(seen.failed.then_some(Outcome::Failed));
    for bar in &mut course.bars {
        if bar.end == Ended::CutOff {
            bar.to = course.total.max(bar.from);
        }
    }
    if let Some(bar) = phase_bar.map(|at| &mut course.bars[at])
        && ended.is_some()
    {
        bar.done();
    }
    course.bars.iter_mut().for_each(Bar::settle);
    if let Some(bar) = course.bars.iter_mut().find(|bar| bar.phase == Phase::Checking) {
        bar.about.extend(checks);
    }
    course.whereabouts.extend(seen.place.clone().filter(|place| place != "AWS").map(|place| harmless(&place)));
    if let Some(preparing) = preparing(&course) {
        course.bars.insert(0, preparing);
    }
    course.critical = critical(&course.bars, &seen.steps);
    course
}

/// What went on before the first call.
fn preparing(course: &Course) -> Option<Bar> {
    let to = course.bars.first()?.from;
    let what = match course.command {
        "teardown" => "deploy.yaml",
        _ => "deploy.yaml, package",
    };
    let bar = Bar::new(Phase::Preparing, Duration::ZERO, "on this machine", what.to_owned());
    let pieces = vec![Piece { from: Duration::ZERO, to, what: What::Own }];
    (to >= WORTH_A_BAR && to * 100 >= course.total).then_some(Bar { to, pieces, end: Ended::Done, ..bar })
}

#[derive(Default)]
struct Teller {
    course: Course,
    /// The bar of each step that is under way.
    running: BTreeMap<String, usize>,
    /// The bar of the phase in which calls belong to no step.
    phase_bar: Option<usize>,
    checks: Vec<String>,
    ended: Option<Duration>,
}

impl Teller {
    fn hear(&mut self, at: Duration, event: &Event) {
        match event {
            Event::Started { command, app, stage, region, account } => {
                self.course.command = command;
                self.course.app = harmless(app);
                let account = format!("account {account}");
                self.course.whereabouts = vec![format!("stage {}", harmless(stage)), region.clone(), account];
            }
            Event::Reading { resources } => {
                let name = count(*resources, "resource");
                let reading = self.course.bars.iter_mut().find(|bar| bar.phase == Phase::Reading);
                match reading {
                    None => self.phase(at, Phase::Reading, "reading AWS", name),
                    // The calls before it found out whom to read for.
                    Some(bar) if bar.name.is_empty() => bar.name = name,
                    Some(_) => {
                        self.end_phase();
                        self.phase(at, Phase::Looking, "looking again", name);
                    }
                }
            }
            Event::StepStarted { step, kind, name, action } => {
                self.end_phase();
                self.running.insert(step.clone(), self.course.bars.len());
                let phase = match action {
                    Action::Delete | Action::Prune => Phase::Removing,
                    _ => Phase::Building,
                };
                let bar = Bar { sign: sign(*action), step: step.clone(), ..Bar::new(phase, at, kind, harmless(name)) };
                self.course.bars.push(bar);
            }
            Event::StepWaiting { step, waiting_for, .. } => {
                let said = format!("waited for {}", harmless(waiting_for));
                self.of_step(step, |bar| {
                    if !bar.about.contains(&said) {
                        bar.about.push(said);
                    }
                });
            }
            Event::StepRetrying { step, operation, reason, delay } => {
                let piece = Piece { from: at, to: at + *delay, what: What::Retrying };
                let said = format!("{operation} again after {}: {}", took_exactly(*delay), harmless(reason));
                self.of_step(step, |bar| {
                    bar.pieces.push(piece);
                    bar.about.push(said);
                });
            }
            Event::StepFinished { step, action, .. } => {
                let word = done(*action);
                self.end_step(at, step, Ended::Done, word.to_owned());
            }
            Event::StepKept { step, why } => self.end_step(at, step, Ended::Done, format!("kept: {}", harmless(why))),
            Event::StepFailed { step, problem, .. } => {
                let operation =
                    problem.operation.as_ref().map(|operation| format!("{operation}: ")).unwrap_or_default();
                let said = format!("failed: {operation}{}", harmless(&problem.message));
                self.end_step(at, step, Ended::Failed, said);
            }
            Event::StepDeferred { step, waiting_for, .. } => {
                self.end_step(at, step, Ended::Deferred, format!("put off: {}", harmless(waiting_for)));
            }
            Event::StepSkipped { .. } => self.course.skipped += 1,
            Event::Checking { checks, .. } => {
                self.end_phase();
                self.phase(at, Phase::Checking, "checks", count(*checks, "check"));
            }
            Event::CheckPassed(check) | Event::CheckFailed(check) => self.checked(at, check),
            Event::Call { step, operation, held, elapsed, .. } => self.called(at, step, operation, *held, *elapsed),
            Event::Finished { outcome, requests, writes, .. } => {
                self.course.outcome = Some(*outcome);
                self.course.calls = (*requests, *writes);
                self.ended = Some(at);
            }
            _ => {}
        }
    }

    /// Begins a bar that is no step's.
    fn phase(&mut self, at: Duration, phase: Phase, kind: &str, name: String) {
        self.phase_bar = Some(self.course.bars.len());
        self.course.bars.push(Bar::new(phase, at, kind, name));
    }

    fn end_phase(&mut self) {
        if let Some(at) = self.phase_bar.take() {
            self.course.bars[at].done();
        }
    }

    fn called(&mut self, at: Duration, step: &str, operation: &'static str, held: Duration, elapsed: Duration) {
        if self.ended.is_none() {
            self.course.calls.0 += 1;
            self.course.calls.1 += u64::from(!crate::ui::progress::only_looks(operation));
        }
        let from = at.saturating_sub(elapsed);
        if step.is_empty() && self.course.bars.is_empty() {
            self.phase(from, Phase::Reading, "reading AWS", String::new());
        }
        let bar = if step.is_empty() { self.phase_bar } else { self.running.get(step).copied() };
        let Some(bar) = bar.and_then(|bar| self.course.bars.get_mut(bar)) else { return };
        if !held.is_zero() {
            bar.pieces.push(Piece { from: from.saturating_sub(held), to: from, what: What::Paced });
        }
        bar.pieces.push(Piece { from, to: at, what: What::Call });
        bar.operations.push((operation, elapsed));
        if step.is_empty() {
            // Between reading and the first step a person may have thought about the plan for long.
            bar.to = bar.to.max(at);
        }
    }

    fn checked(&mut self, at: Duration, check: &Checked) {
        let passed = check.passed();
        let word = if passed { "passed" } else { "failed" };
        self.checks.push(format!("{} {word} ({})", harmless(&check.check), took_exactly(check.elapsed)));
        let Some(bar) = self.phase_bar.and_then(|bar| self.course.bars.get_mut(bar)) else { return };
        let what = if passed { What::Call } else { What::Mismatch };
        bar.pieces.push(Piece { from: at.saturating_sub(check.elapsed).max(bar.from), to: at, what });
        bar.to = bar.to.max(at);
        if !passed {
            bar.end = Ended::Failed;
        }
    }

    fn of_step(&mut self, step: &str, note: impl FnOnce(&mut Bar)) {
        let at = if step.is_empty() { self.phase_bar } else { self.running.get(step).copied() };
        if let Some(bar) = at.and_then(|at| self.course.bars.get_mut(at)) {
            note(bar);
        }
    }

    fn end_step(&mut self, at: Duration, step: &str, end: Ended, said: String) {
        if let Some(bar) = self.running.remove(step).and_then(|bar| self.course.bars.get_mut(bar)) {
            (bar.to, bar.end) = (at, end);
            bar.about.insert(0, said);
        }
    }
}

impl Bar {
    fn new(phase: Phase, at: Duration, kind: &str, name: String) -> Bar {
        Bar {
            phase,
            sign: "",
            kind: kind.to_owned(),
            name,
            from: at,
            to: at,
            pieces: Vec::new(),
            end: Ended::CutOff,
            about: Vec::new(),
            step: String::new(),
            operations: Vec::new(),
        }
    }

    /// Its end has come, unless it had failed before.
    fn done(&mut self) {
        if self.end == Ended::CutOff {
            self.end = Ended::Done;
        }
    }

    pub fn took(&self) -> Duration {
        self.to.saturating_sub(self.from)
    }

    /// Brings the pieces into order, inside the bar and without overlaps: a call counts more than what went on beside it.
    fn settle(&mut self) {
        let mut settled: Vec<Piece> = Vec::new();
        for what in [What::Mismatch, What::Call, What::Retrying, What::Paced] {
            let mut of_kind: Vec<Piece> = self.pieces.iter().copied().filter(|piece| piece.what == what).collect();
            of_kind.sort_unstable();
            for piece in of_kind {
                let mut from = piece.from.max(self.from);
                let end = piece.to.min(self.to);
                // What is free of the stretch, between those that are settled.
                settled.sort_unstable();
                let mut free = Vec::new();
                for taken in &settled {
                    if taken.from > from && from < end {
                        free.push((from, taken.from.min(end)));
                    }
                    from = from.max(taken.to);
                }
                free.push((from, end));
                settled.extend(free.into_iter().filter(|(from, to)| from < to).map(|(from, to)| Piece {
                    from,
                    to,
                    what,
                }));
            }
        }
        settled.sort_unstable();
        self.pieces = settled;
        self.about.extend(self.operated());
    }

    /// `3 calls: CreateRole 0.1 s, …`.
    fn operated(&self) -> Option<String> {
        let calls = self.operations.len();
        let mut by_name: Vec<(&'static str, usize, Duration)> = Vec::new();
        for (operation, elapsed) in &self.operations {
            match by_name.iter_mut().find(|(name, ..)| name == operation) {
                Some((_, times, took)) => (*times, *took) = (*times + 1, *took + *elapsed),
                None => by_name.push((operation, 1, *elapsed)),
            }
        }
        let words = by_name.iter().take(NAMED).map(|(name, times, took)| match times {
            1 => format!("{name} {}", took_exactly(*took)),
            times => format!("{times} × {name} {}", took_exactly(*took)),
        });
        let mut words: Vec<String> = words.collect();
        if by_name.len() > NAMED {
            words.push("…".to_owned());
        }
        (calls > 0).then(|| format!("{}: {}", count(calls, "call"), words.join(", ")))
    }
}

/// From the bar that ended last back to the beginning, each time to what the bar had waited for.
fn critical(bars: &[Bar], steps: &[Step]) -> Vec<usize> {
    let mut path = Vec::new();
    let mut at = (0..bars.len()).max_by_key(|at| (bars[*at].to, *at));
    while let Some(bar) = at {
        path.push(bar);
        at = cause(bars, steps, bar).filter(|cause| !path.contains(cause));
    }
    path.reverse();
    path
}

/// What ended for the bar at `at` to begin.
fn cause(bars: &[Bar], steps: &[Step], at: usize) -> Option<usize> {
    let bar = &bars[at];
    let before = |other: &usize| *other != at && bars[*other].to <= bar.from;
    let last = |found: &mut dyn Iterator<Item = usize>| found.max_by_key(|other| (bars[*other].to, *other));
    let removes = bar.phase == Phase::Removing;
    let wanted = steps.iter().filter(|step| step.step == bar.step && sign(step.action) == bar.sign);
    let needed: Vec<&String> = wanted.flat_map(|step| &step.after).collect();
    let of_needed = |other: &usize| {
        let other = &bars[*other];
        needed.contains(&&other.step) && (other.phase == Phase::Removing) == removes
    };
    let declared = last(&mut (0..bars.len()).filter(before).filter(of_needed));
    let latest = last(&mut (0..bars.len()).filter(before));
    // A step also waits through resources that have no step of their own; then it begins as the other one ends.
    let within = |limit: Duration| move |other: &usize| bar.from.saturating_sub(bars[*other].to) <= limit;
    declared.filter(within(SOON)).or(latest.filter(within(AT_ONCE))).or(declared).or(latest)
}
