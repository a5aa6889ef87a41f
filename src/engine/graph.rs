//! The graph of resources. A [`Handle`] comes only from [`Graph::add`], and a resource can need only what it holds a
//! handle of: there are no forward references, hence no cycles.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::marker::PhantomData;
use std::rc::Rc;
use std::time::Duration;

use super::read::Observed;
use super::resource::{Erased, Identity, Node, Resource};

/// Position of a resource in its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(super) usize);

impl NodeId {
    /// Counted from the beginning of the graph.
    pub fn at(self) -> usize {
        self.0
    }
}

/// A resource that was added: the way to depend on it and to its outputs.
pub struct Handle<R> {
    id: NodeId,
    resource: PhantomData<fn() -> R>,
}

impl<R> Handle<R> {
    pub fn id(&self) -> NodeId {
        self.id
    }
}

impl<R> Clone for Handle<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Handle<R> {}

impl<R> std::fmt::Debug for Handle<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.id.fmt(f)
    }
}

pub(super) struct Entry {
    /// Unique within the graph: two of a kind are told apart by their names.
    pub id: String,
    pub node: Box<dyn Node>,
    /// Wanted, or to be deleted if it is there.
    pub wanted: bool,
    /// Why it was not deleted, though that was due.
    pub kept: OnceCell<String>,
}

/// Something of ours that a run did not delete, because others have something in it.
#[derive(Clone, Debug)]
pub struct Kept {
    pub step: String,
    /// `site bucket NAME`.
    pub what: String,
    pub why: String,
}

/// Resources in the order of the pipeline, each after everything it needs.
#[derive(Default)]
pub struct Graph {
    pub(super) entries: Vec<Entry>,
}

impl Graph {
    pub fn new() -> Graph {
        Graph::default()
    }

    /// Adds a resource that should exist.
    pub fn add<R: Resource>(&mut self, resource: R) -> Handle<R> {
        self.put(resource, true)
    }

    /// Adds a resource that should not exist any more.
    pub fn add_unwanted<R: Resource>(&mut self, resource: R) -> Handle<R> {
        self.put(resource, false)
    }

    /// Nothing of it is wanted any more: what a teardown starts from.
    #[must_use]
    pub fn unwanted(mut self) -> Graph {
        for entry in &mut self.entries {
            entry.wanted = false;
        }
        self
    }

    fn put<R: Resource>(&mut self, resource: R, wanted: bool) -> Handle<R> {
        let (at, identity) = (NodeId(self.entries.len()), resource.identity());
        let taken = self.entries.iter().any(|entry| entry.id == identity.id());
        let id = if taken { format!("{}.{}", identity.step, identity.name) } else { identity.id() };
        self.entries.push(Entry { id, node: Box::new(resource), wanted, kept: OnceCell::new() });
        Handle { id: at, resource: PhantomData }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How long after it was made the slowest of what was not seen may stay unseen.
    pub fn late(&self, observed: &Observed) -> Option<Duration> {
        let unseen = self.entries.iter().zip(&observed.seen).filter(|(_, seen)| seen.is_none());
        unseen.filter_map(|(entry, _)| entry.node.unseen_for()).max()
    }

    /// What is worth a word of what is wanted and there.
    pub fn notes(&self, observed: &Observed) -> Vec<String> {
        let present = self.entries.iter().zip(&observed.seen).filter(|(entry, _)| entry.wanted);
        present.filter_map(|(entry, seen)| Some(entry.node.notes(seen.as_ref()?))).flatten().collect()
    }

    /// What was to be deleted and is kept.
    pub fn kept(&self) -> Vec<Kept> {
        let kept = self.entries.iter().filter_map(|entry| {
            let identity = entry.node.identity();
            let what = format!("{} {}", identity.kind, identity.name);
            Some(Kept { step: entry.id.clone(), what, why: entry.kept.get()?.clone() })
        });
        kept.collect()
    }

    /// Every resource: the id of its steps, how it is called, and whether it is wanted.
    pub fn list(&self) -> impl Iterator<Item = (&str, Identity, bool)> {
        self.entries.iter().map(|entry| (entry.id.as_str(), entry.node.identity(), entry.wanted))
    }
}

/// Outputs of the resources that are settled so far. While reading: of those that exist. While deciding: of those that
/// exist and stay. While applying: of those that are done.
#[derive(Default)]
pub struct Known {
    outputs: RefCell<HashMap<NodeId, Rc<Erased>>>,
    names: HashMap<NodeId, String>,
}

impl Known {
    pub(super) fn of(graph: &Graph) -> Self {
        let names = graph.entries.iter().enumerate().map(|(at, entry)| (NodeId(at), entry.id.clone())).collect();
        Known { outputs: RefCell::default(), names }
    }

    pub(super) fn put(&self, id: NodeId, outputs: Erased) {
        self.outputs.borrow_mut().insert(id, Rc::new(outputs));
    }

    /// The outputs of `handle`, where they are known yet.
    pub fn get<R: Resource>(&self, handle: Handle<R>) -> Option<R::Outputs> {
        self.outputs.borrow().get(&handle.id).and_then(|erased| erased.downcast_ref::<R::Outputs>().cloned())
    }

    /// The step after which the outputs of `handle` will be known.
    pub fn step_of<R>(&self, handle: Handle<R>) -> String {
        self.names.get(&handle.id).cloned().unwrap_or_default()
    }

    /// The outputs of `handle`, which must be there because it was needed.
    ///
    /// # Errors
    /// Where a resource uses what it did not declare to need.
    pub fn require<R: Resource>(&self, handle: Handle<R>) -> crate::aws::Result<R::Outputs> {
        self.get(handle).ok_or_else(|| {
            crate::aws::Error::unexpected(format!("the outputs of {} are not known yet", self.step_of(handle)))
        })
    }
}
