//! Stage six: does what the plan says and no more. First everything that is made or changed, in the order of the graph;
//! then, once all of it stands, what is left over goes (law 6: add before remove).

use std::cell::{Cell, RefCell};

use tokio::time::Instant;

use super::decide::{Decided, Work, before_deletion};
use super::graph::{Graph, NodeId};
use super::read::Observed;
use super::resource::Identity;
use super::schedule::{self, Ended};
use crate::aws::{Aws, ErrorKind, Result, during};
use crate::event::{Action, Event, Problem};

/// How much of a plan was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    Whole,
    /// What would have had to wait, and what needs it, was put off.
    Partly,
}

/// Runs the plan. Every failure is told as an event, too. A step that would have to wait, in a run told not to, is put
/// off together with what needs it and with everything that is to be removed: the next run does that.
///
/// # Errors
/// The first failure; what does not depend on it was still done.
pub async fn apply(
    graph: &Graph,
    observed: &Observed,
    decided: &Decided,
    aws: &Aws<'_>,
) -> std::result::Result<Extent, Problem> {
    let run = Run { graph, observed, decided, aws, failure: RefCell::default(), deferred: Cell::default() };
    run.build().await;
    if run.failure.borrow().is_none() && !run.deferred.get() {
        run.clear().await;
    }
    match run.failure.into_inner() {
        Some(problem) => Err(problem),
        None if run.deferred.get() => Ok(Extent::Partly),
        None => Ok(Extent::Whole),
    }
}

/// Does the step of one resource, which needs nothing, ahead of the others; they wait for more than for it.
///
/// # Errors
/// As [`apply`]: the others are told as not tried.
pub async fn apply_first(
    graph: &Graph,
    observed: &Observed,
    decided: &mut Decided,
    aws: &Aws<'_>,
    first: NodeId,
) -> std::result::Result<(), Problem> {
    let run = Run { graph, observed, decided, aws, failure: RefCell::default(), deferred: Cell::default() };
    let at = first.0;
    let Some(action) = run.decided.work[at].action else { return Ok(()) };
    if run.step(at, action, run.make(at, action)).await {
        decided.work[at].action = None;
        return Ok(());
    }
    let ended: Vec<Ended> =
        (0..graph.len()).map(|other| if other == at { Ended::Failed } else { Ended::Skipped(at) }).collect();
    run.tell_skipped(&ended, |work| work.action);
    match run.failure.into_inner() {
        Some(problem) => Err(problem),
        None => Ok(()),
    }
}

struct Run<'a, 'r> {
    graph: &'a Graph,
    observed: &'a Observed,
    decided: &'a Decided,
    aws: &'a Aws<'r>,
    failure: RefCell<Option<Problem>>,
    deferred: Cell<bool>,
}

impl Run<'_, '_> {
    /// Creates, updates and replaces.
    async fn build(&self) {
        let after: Vec<Vec<usize>> =
            self.graph.entries.iter().map(|entry| entry.node.needs().into_iter().map(|id| id.0).collect()).collect();
        let ended = schedule::in_order(&after, |at| async move {
            match self.decided.work[at].action {
                None | Some(Action::Delete | Action::Prune) => true,
                Some(action) => self.step(at, action, self.make(at, action)).await,
            }
        })
        .await;
        self.tell_skipped(&ended, |work| work.action.filter(|action| *action != Action::Delete));
    }

    /// Prunes, and deletes what is not wanted, each after everything that needs it.
    async fn clear(&self) {
        let count = self.graph.len();
        let mut after: Vec<Vec<usize>> = (0..count).map(|at| before_deletion(self.graph, at)).collect();
        let deletions = (0..count).filter(|at| self.decided.work[*at].action == Some(Action::Delete));
        let deletions: Vec<usize> = deletions.collect();
        after.extend(self.graph.entries.iter().map(|entry| match entry.node.prunes_last() {
            true => deletions.clone(),
            false => Vec::new(),
        }));
        let ended = schedule::in_order(&after, |piece| async move {
            let at = piece % count;
            let work = &self.decided.work[at];
            if piece >= count {
                return work.surplus.is_empty() || self.step(at, Action::Prune, self.prune(at)).await;
            }
            work.action != Some(Action::Delete) || self.step(at, Action::Delete, self.delete(at)).await
        })
        .await;
        self.tell_skipped(&ended[..count], |work| work.action.filter(|action| *action == Action::Delete));
    }

    async fn make(&self, at: usize, action: Action) -> Result<()> {
        let (node, known) = (&self.graph.entries[at].node, &self.decided.known);
        let changes = &self.decided.work[at].changes;
        let outputs = match (&self.observed.seen[at], action) {
            (Some(seen), Action::Replace) => node.replace(self.aws, known, seen, changes).await?,
            (Some(seen), _) => node.update(self.aws, known, seen, changes).await?,
            (None, _) => node.create(self.aws, known).await?,
        };
        known.put(NodeId(at), outputs);
        Ok(())
    }

    async fn prune(&self, at: usize) -> Result<()> {
        let Some(seen) = &self.observed.seen[at] else { return Ok(()) };
        self.graph.entries[at].node.prune(self.aws, &self.decided.known, seen, &self.decided.work[at].surplus).await
    }

    async fn delete(&self, at: usize) -> Result<()> {
        let Some(seen) = &self.observed.seen[at] else { return Ok(()) };
        let entry = &self.graph.entries[at];
        if let Some(why) = entry.node.remove(self.aws, &self.decided.known, seen).await? {
            entry.kept.get_or_init(|| why);
        }
        Ok(())
    }

    /// Tells the beginning and the end of one step.
    async fn step(&self, at: usize, action: Action, work: impl Future<Output = Result<()>>) -> bool {
        self.aws.fence().unless_halted().await;
        let identity = self.identity(at);
        let (step, begun) = (self.id(at), Instant::now());
        let (kind, name) = (identity.kind, identity.name.clone());
        self.aws.report(&Event::StepStarted { step: step.clone(), kind, name, action });
        match during(step.clone(), work).await {
            Ok(()) => {
                self.aws.report(&match self.graph.entries[at].kept.get() {
                    Some(why) => Event::StepKept { step, why: why.clone() },
                    None => Event::StepFinished { step, action, elapsed: begun.elapsed() },
                });
                true
            }
            Err(error) if error.is(ErrorKind::Deferred) => {
                self.aws.report(&Event::StepDeferred { step, action, waiting_for: error.message });
                self.deferred.set(true);
                false
            }
            Err(error) => {
                let problem = error.problem(Some(format!("{} {}", identity.kind, identity.name)));
                self.aws.report(&Event::StepFailed { step, action, problem: problem.clone() });
                self.failure.borrow_mut().get_or_insert(problem);
                false
            }
        }
    }

    fn tell_skipped(&self, ended: &[Ended], action: impl Fn(&Work) -> Option<Action>) {
        for (at, end) in ended.iter().enumerate() {
            if let (Ended::Skipped(cause), Some(action)) = (end, action(&self.decided.work[at])) {
                let (step, because) = (self.id(at), self.id(*cause));
                self.aws.report(&Event::StepSkipped { step, action, because });
            }
        }
    }

    fn id(&self, at: usize) -> String {
        self.graph.entries[at].id.clone()
    }

    fn identity(&self, at: usize) -> Identity {
        self.graph.entries[at].node.identity()
    }
}
