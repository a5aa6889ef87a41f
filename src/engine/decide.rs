//! Stage four: what is wanted against what was seen. Pure: no client is in reach.

use super::graph::{Graph, Known, NodeId};
use super::plan::{Change, Plan, Step};
use super::read::{Observed, Unreadable};
use crate::event::Action;

/// What is to be done with one resource.
#[derive(Clone, Debug, Default)]
pub(super) struct Work {
    /// Create, Update, Replace or Delete.
    pub action: Option<Action>,
    pub changes: Vec<Change>,
    /// Left-overs to be removed at the end.
    pub surplus: Vec<Change>,
}

/// A plan, with all that apply needs in order to do exactly that.
pub struct Decided {
    pub plan: Plan,
    pub(super) work: Vec<Work>,
    pub(super) known: Known,
    refused: Option<Unreadable>,
}

impl Decided {
    /// Why nothing of this is to be done, and whose reason that is.
    pub fn refused(&self) -> Option<&Unreadable> {
        self.refused.as_ref()
    }

    /// Outputs of all that exists and stays; after apply, of all that was made.
    pub fn known(&self) -> &Known {
        &self.known
    }
}

/// Compares, resource by resource in the order of the graph.
pub fn decide(graph: &Graph, observed: &Observed) -> Decided {
    let known = Known::of(graph);
    let mut refused = None;
    let mut work: Vec<Work> = Vec::with_capacity(graph.entries.len());
    for (at, entry) in graph.entries.iter().enumerate() {
        let (node, id) = (&entry.node, NodeId(at));
        let decided = match (&observed.seen[at], entry.wanted) {
            (None, false) => Work::default(),
            (None, true) => Work { action: Some(Action::Create), changes: node.creation(&known), surplus: Vec::new() },
            (Some(seen), false) => {
                known.put(id, node.outputs(seen));
                let action = node.deletable().then_some(Action::Delete);
                Work { action, changes: node.loses(seen), surplus: Vec::new() }
            }
            (Some(seen), true) => {
                let changes = node.diff(seen, &known);
                if let Some(error) = node.refuses(seen, &changes) {
                    let identity = node.identity();
                    let resource = format!("{} {}", identity.kind, identity.name);
                    refused.get_or_insert(Unreadable { resource, error });
                }
                let action = match changes.as_slice() {
                    [] => None,
                    changes if changes.iter().any(|change| change.replaces) => Some(Action::Replace),
                    _ => Some(Action::Update),
                };
                let kept = match action {
                    None => true,
                    Some(Action::Update) => node.keeps_outputs(&changes),
                    Some(_) => false,
                };
                let surplus = node.surplus(seen, &known, action.is_some());
                if kept {
                    known.put(id, node.outputs(seen));
                }
                Work { action, changes, surplus }
            }
        };
        work.push(decided);
    }
    leave_out_what_goes_along(graph, &mut work);
    Decided { plan: Plan { steps: steps(graph, &work) }, work, known, refused }
}

/// A stage's deployments go with their API: no step of their own where the API goes too.
fn leave_out_what_goes_along(graph: &Graph, work: &mut [Work]) {
    for at in 0..work.len() {
        let with = graph.entries[at].node.goes_with();
        let parent_goes = with.is_some_and(|parent| goes(graph, work, parent.0));
        if work[at].action == Some(Action::Delete) && parent_goes {
            work[at].action = None;
        }
    }
}

fn goes(graph: &Graph, work: &[Work], at: usize) -> bool {
    let with = graph.entries[at].node.goes_with();
    work[at].action == Some(Action::Delete) || with.is_some_and(|parent| goes(graph, work, parent.0))
}

fn steps(graph: &Graph, work: &[Work]) -> Vec<Step> {
    let acts = |at: usize| matches!(work[at].action, Some(action) if action != Action::Delete);
    let ids: Vec<String> = graph.entries.iter().map(|entry| entry.id.clone()).collect();
    let mut steps = Vec::new();
    for (at, entry) in graph.entries.iter().enumerate().filter(|(at, _)| acts(*at)) {
        let after = entry.node.needs().into_iter().filter(|id| acts(id.0)).map(|id| ids[id.0].clone()).collect();
        steps.extend(work[at].action.map(|action| step(graph, at, action, work[at].changes.clone(), after)));
    }
    for (at, _) in work.iter().enumerate().filter(|(_, work)| !work.surplus.is_empty()) {
        steps.push(step(graph, at, Action::Prune, work[at].surplus.clone(), Vec::new()));
    }
    for (at, _) in work.iter().enumerate().rev().filter(|(_, work)| work.action == Some(Action::Delete)) {
        let after = before_deletion(graph, at);
        let after = after
            .into_iter()
            .filter(|other| work[*other].action == Some(Action::Delete))
            .map(|other| ids[other].clone())
            .collect();
        steps.push(step(graph, at, Action::Delete, work[at].changes.clone(), after));
    }
    steps
}

/// What goes, if it goes, before the resource at `at` does.
pub(super) fn before_deletion(graph: &Graph, at: usize) -> Vec<usize> {
    let last = |at: usize| graph.entries[at].node.deletes_last();
    match last(at) {
        true => (0..graph.entries.len()).filter(|other| !last(*other)).collect(),
        false => dependants(graph, at).collect(),
    }
}

/// Who needs the resource at `at`.
fn dependants(graph: &Graph, at: usize) -> impl Iterator<Item = usize> + '_ {
    graph
        .entries
        .iter()
        .enumerate()
        .filter(move |(_, entry)| entry.node.needs().contains(&NodeId(at)))
        .map(|(at, _)| at)
}

fn step(graph: &Graph, at: usize, action: Action, changes: Vec<Change>, after: Vec<String>) -> Step {
    let node = &graph.entries[at].node;
    let identity = node.identity();
    Step {
        step: graph.entries[at].id.clone(),
        kind: identity.kind,
        consequences: node.consequences(action, &changes),
        slow: node.slow(action),
        name: identity.name,
        action,
        changes,
        after,
    }
}
