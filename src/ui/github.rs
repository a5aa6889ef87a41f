//! What GitHub's runner is told where it runs the command: parts of the log that fold, annotations where something is
//! wrong, and the page of the job. `commands` knows the runner's language and keeps everybody else from speaking it;
//! `summary` writes the page.

pub(super) mod commands;
mod summary;

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use self::commands::{END_GROUP, Level, Place, annotation, error, group};
use super::diagnostics::sorted;
use super::tally::Tally;
use crate::event::{Checked, Event, Problem};
use crate::pipeline::{Deployed, Failure, Planned, Tested, TornDown};
use crate::spec::{Fault, Warning};

/// The steps of a run, in the log.
const STEPS: &str = "Steps";
const CHECKS: &str = "Checks";

pub(super) struct Github {
    /// Where the repository lies: annotations name files from there.
    workspace: Option<PathBuf>,
    /// The page of the job.
    page: Option<PathBuf>,
    /// The part of the log that is open.
    open: Cell<Option<&'static str>>,
    seen: RefCell<Seen>,
}

/// What the page tells of.
#[derive(Debug, Default)]
struct Seen {
    /// What became of each step, and its title.
    steps: Vec<(&'static str, String)>,
    checks: Vec<Checked>,
}

impl Github {
    /// Where GitHub's runner runs this process.
    pub(super) fn of_process() -> Option<Github> {
        let path = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let runs = std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
        runs.then(|| Github::new(path("GITHUB_WORKSPACE"), path("GITHUB_STEP_SUMMARY")))
    }

    pub(super) fn new(workspace: Option<PathBuf>, page: Option<PathBuf>) -> Github {
        Github { workspace, page, open: Cell::new(None), seen: RefCell::default() }
    }

    /// The plan's words, folded under the sentence that sums it up.
    pub(super) fn plan(&self, sentence: &str) -> String {
        self.leave() + &group(sentence)
    }

    /// Takes note of the event. What the runner is to be told before anything else is said of it.
    pub(super) fn report(&self, event: &Event, tally: &Tally) -> String {
        let mut seen = self.seen.borrow_mut();
        let title = |step: &str| tally.title(step);
        match event {
            Event::StepStarted { .. } => return self.enter(STEPS),
            Event::StepFinished { step, action, .. } => seen.steps.push((super::words::done(*action), title(step))),
            Event::StepKept { step, .. } => seen.steps.push(("kept", title(step))),
            Event::StepFailed { step, .. } => seen.steps.push(("failed", title(step))),
            Event::StepDeferred { step, .. } => seen.steps.push(("put off", title(step))),
            Event::StepSkipped { step, .. } => seen.steps.push(("not tried", title(step))),
            // What `poc test` is made for does not fold.
            Event::Checking { .. } if !tally.tests => return self.enter(CHECKS),
            Event::CheckPassed(check) | Event::CheckFailed(check) => seen.checks.push(check.clone()),
            _ => {}
        }
        String::new()
    }

    fn enter(&self, part: &'static str) -> String {
        if self.open.get() == Some(part) {
            return String::new();
        }
        let end = self.leave();
        self.open.set(Some(part));
        end + &group(part)
    }

    /// Closes what is open.
    pub(super) fn leave(&self) -> String {
        self.open.take().map_or_else(String::new, |_| END_GROUP.to_owned())
    }

    pub(super) fn planned(&self, planned: &Planned) -> io::Result<()> {
        self.write(&summary::planned(planned))
    }

    /// Annotations of the checks that failed, and the page.
    pub(super) fn deployed(&self, deployed: &Deployed, tally: &Tally) -> (String, io::Result<()>) {
        let seen = self.seen.borrow();
        (failed_checks(&seen.checks), self.write(&summary::deployed(deployed, tally, &seen.steps, &seen.checks)))
    }

    pub(super) fn torn_down(&self, gone: &TornDown) -> (String, io::Result<()>) {
        let left = gone.left.iter().map(|left| error(None, "left after the teardown", left)).collect();
        (left, self.write(&summary::torn_down(gone, &self.seen.borrow().steps)))
    }

    pub(super) fn tested(&self, tested: &Tested) -> (String, io::Result<()>) {
        (failed_checks(&tested.checks), self.write(&summary::tested(tested)))
    }

    pub(super) fn failed(&self, command: &str, failure: &Failure, tally: &Tally) -> (String, io::Result<()>) {
        let annotations = match failure {
            Failure::Faults(faults) => {
                sorted(faults).into_iter().map(|fault| self.fault(Level::Error, fault)).collect()
            }
            Failure::Usage(sentence) => error(None, &format!("poc {command}"), sentence),
            Failure::Problem(last) => {
                let others = tally.problems.iter().filter(|problem| *problem != &**last);
                others.chain([&**last]).map(|problem| error(None, &headline(problem), &words(problem))).collect()
            }
            Failure::Interrupted => error(None, &format!("poc {command}"), "interrupted; run the same command again"),
        };
        (annotations, self.write(&summary::failed(command, failure, tally, &self.seen.borrow().steps)))
    }

    /// What works and will hurt, beside its line.
    pub(super) fn warnings(&self, warnings: &[Warning]) -> String {
        let faults: Vec<Fault> = warnings.iter().map(Warning::denied).collect();
        sorted(&faults).into_iter().map(|fault| self.fault(Level::Warning, fault)).collect()
    }

    fn fault(&self, level: Level, fault: &Fault) -> String {
        let message =
            fault.help.as_ref().map_or_else(|| fault.message.clone(), |help| format!("{}\n{help}", fault.message));
        let path = fault.span.as_ref().map(|span| self.in_repository(&span.source.path));
        let place = fault.span.as_ref().zip(path.as_deref());
        let place = place.map(|(span, path)| Place { path, line: span.line, column: span.column });
        annotation(level, place, fault.code, &message)
    }

    fn in_repository(&self, path: &Path) -> PathBuf {
        let inside = || {
            let (whole, root) = (path.canonicalize().ok()?, self.workspace.as_ref()?.canonicalize().ok()?);
            whole.strip_prefix(root).ok().map(Path::to_owned)
        };
        inside().unwrap_or_else(|| path.to_owned())
    }

    /// The page is added to: other steps of the job have their part of it.
    fn write(&self, text: &str) -> io::Result<()> {
        let Some(page) = &self.page else { return Ok(()) };
        File::options().create(true).append(true).open(page)?.write_all(text.as_bytes())
    }
}

/// `REST API ServerlessPOC: CreateRestApi failed (LimitExceededException)`
fn headline(problem: &Problem) -> String {
    let who = problem.resource.clone().unwrap_or_else(|| "poc".to_owned());
    match (&problem.operation, &problem.code) {
        (Some(operation), Some(code)) => format!("{who}: {operation} failed ({code})"),
        (Some(operation), None) => format!("{who}: {operation}"),
        (None, Some(code)) => format!("{who}: {code}"),
        (None, None) => who,
    }
}

fn words(problem: &Problem) -> String {
    let id = problem.request_id.as_ref().map_or_else(String::new, |id| format!("\nrequest id {id}"));
    let next = if problem.next.is_empty() { String::new() } else { format!("\nnext: {}", problem.next) };
    format!("{}{id}{next}", problem.message)
}

fn failed_checks(checks: &[Checked]) -> String {
    let failed = checks.iter().filter(|check| !check.passed());
    failed.map(|check| error(None, &format!("check failed: {}", check.check), &summary::differences(check))).collect()
}
