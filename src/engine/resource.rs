//! What every AWS resource must answer, and the shape in which the engine holds resources of different types.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::graph::{Known, NodeId};
use super::plan::{Change, Slow};
use crate::aws::{Aws, Error, Result};
use crate::event::Action;

/// How a resource is called: in plans, events and errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Stable word for machines: `rest_api`.
    pub step: &'static str,
    /// Words for people: `REST API`.
    pub kind: &'static str,
    /// The resource's own name.
    pub name: String,
    /// Several of a kind may stand in one graph: the step's id then carries the name.
    pub many: bool,
}

impl Identity {
    pub fn one(step: &'static str, kind: &'static str, name: impl Into<String>) -> Identity {
        Identity { step, kind, name: name.into(), many: false }
    }

    pub fn of_many(step: &'static str, kind: &'static str, name: impl Into<String>) -> Identity {
        Identity { step, kind, name: name.into(), many: true }
    }

    pub fn id(&self) -> String {
        if self.many { format!("{}.{}", self.step, self.name) } else { self.step.to_owned() }
    }
}

/// One AWS thing. `self` is what is wanted; `Observed` is what AWS says, in the same vocabulary.
///
/// `diff` and `surplus` are pure: the plan is made from them, and `update` and `prune` do what those plans say.
#[expect(async_fn_in_trait, reason = "one thread runs everything; futures need not be Send")]
pub trait Resource: 'static {
    type Observed: 'static;
    /// What later steps may use.
    type Outputs: Clone + 'static;

    fn identity(&self) -> Identity;

    /// What must be in place before this is created or changed; it goes before they do.
    fn needs(&self) -> Vec<NodeId>;

    /// Whose outputs `read` looks at; fewer than `needs`, so that reading stays shallow.
    fn read_after(&self) -> Vec<NodeId> {
        Vec::new()
    }

    /// Looks it up. Lookups only. Refuses what has this name and is not ours (law 5).
    async fn read(&self, aws: &Aws<'_>, known: &Known) -> Result<Option<Self::Observed>>;

    fn outputs(&self, seen: &Self::Observed) -> Self::Outputs;

    /// The properties that differ. A value that AWS will make up is `Side::KnownAfter`.
    fn diff(&self, seen: &Self::Observed, known: &Known) -> Vec<Change>;

    /// What is no difference, and yet worth a word to whoever compares.
    fn notes(&self, seen: &Self::Observed) -> Vec<String> {
        let _ = seen;
        Vec::new()
    }

    /// What a creation will set, for the plan.
    fn creation(&self, known: &Known) -> Vec<Change>;

    /// Do the outputs stay what they are when `changes` are made in place?
    fn keeps_outputs(&self, changes: &[Change]) -> bool {
        let _ = changes;
        true
    }

    /// Why `changes` are not made, where that can be told before anything is: a plan with them is no plan.
    fn refuses(&self, seen: &Self::Observed, changes: &[Change]) -> Option<Error> {
        let _ = (seen, changes);
        None
    }

    /// What `changes` mean for callers or data.
    fn consequences(&self, action: Action, changes: &[Change]) -> Vec<String> {
        let _ = (action, changes);
        Vec::new()
    }

    /// Where AWS takes long.
    fn slow(&self, action: Action) -> Option<Slow> {
        let _ = action;
        None
    }

    async fn create(&self, aws: &Aws<'_>, known: &Known) -> Result<Self::Outputs>;

    async fn update(
        &self,
        aws: &Aws<'_>,
        known: &Known,
        seen: &Self::Observed,
        changes: &[Change],
    ) -> Result<Self::Outputs>;

    /// Puts a new one in place of `seen`, because AWS cannot change it.
    async fn replace(
        &self,
        aws: &Aws<'_>,
        known: &Known,
        seen: &Self::Observed,
        changes: &[Change],
    ) -> Result<Self::Outputs> {
        let _ = changes;
        self.delete(aws, known, seen).await?;
        self.create(aws, known).await
    }

    /// Left-overs to be removed once everything new is in place: `acting` tells whether `self` is being changed.
    fn surplus(&self, seen: &Self::Observed, known: &Known, acting: bool) -> Vec<Change> {
        let _ = (seen, known, acting);
        Vec::new()
    }

    async fn prune(&self, aws: &Aws<'_>, known: &Known, seen: &Self::Observed, surplus: &[Change]) -> Result<()> {
        let _ = (aws, known, seen, surplus);
        Ok(())
    }

    /// Are its left-overs what later runs find other left-overs by? Then they go only when all deletions are done.
    fn prunes_last(&self) -> bool {
        false
    }

    /// Does its deletion come after all others?
    fn deletes_last(&self) -> bool {
        false
    }

    /// The node whose deletion takes this along; such a one has no step of its own in a teardown.
    fn goes_with(&self) -> Option<NodeId> {
        None
    }

    /// Is there something of ours behind it? What is only looked up or waited for is never deleted, and has no step of
    /// its own in a teardown.
    fn deletable(&self) -> bool {
        true
    }

    /// How long AWS may deny that it exists after it was made. A teardown that does not find it looks again.
    fn unseen_for(&self) -> Option<Duration> {
        None
    }

    /// What is lost with it, for the plan of a teardown.
    fn loses(&self, seen: &Self::Observed) -> Vec<Change> {
        let _ = seen;
        Vec::new()
    }

    async fn delete(&self, aws: &Aws<'_>, known: &Known, seen: &Self::Observed) -> Result<()>;

    /// As `delete`; or tells why it is kept after all, because others have something in it.
    async fn remove(&self, aws: &Aws<'_>, known: &Known, seen: &Self::Observed) -> Result<Option<String>> {
        self.delete(aws, known, seen).await.map(|()| None)
    }
}

/// A usual duration and what takes it.
pub fn slow(why: &str, usual: Duration) -> Option<Slow> {
    Some(Slow { why: why.to_owned(), usual })
}

pub(super) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;
pub(super) type Erased = Box<dyn Any>;

/// [`Resource`] with its types put away, so that one graph can hold them all.
pub(super) trait Node {
    fn identity(&self) -> Identity;
    fn needs(&self) -> Vec<NodeId>;
    fn read_after(&self) -> Vec<NodeId>;
    fn goes_with(&self) -> Option<NodeId>;
    fn prunes_last(&self) -> bool;
    fn deletes_last(&self) -> bool;
    fn deletable(&self) -> bool;
    fn unseen_for(&self) -> Option<Duration>;
    fn read<'a>(&'a self, aws: &'a Aws<'_>, known: &'a Known) -> Boxed<'a, Result<Option<Erased>>>;
    fn outputs(&self, seen: &Erased) -> Erased;
    fn diff(&self, seen: &Erased, known: &Known) -> Vec<Change>;
    fn notes(&self, seen: &Erased) -> Vec<String>;
    fn creation(&self, known: &Known) -> Vec<Change>;
    fn keeps_outputs(&self, changes: &[Change]) -> bool;
    fn refuses(&self, seen: &Erased, changes: &[Change]) -> Option<Error>;
    fn consequences(&self, action: Action, changes: &[Change]) -> Vec<String>;
    fn slow(&self, action: Action) -> Option<Slow>;
    fn surplus(&self, seen: &Erased, known: &Known, acting: bool) -> Vec<Change>;
    fn loses(&self, seen: &Erased) -> Vec<Change>;
    fn create<'a>(&'a self, aws: &'a Aws<'_>, known: &'a Known) -> Boxed<'a, Result<Erased>>;
    fn update<'a>(
        &'a self,
        aws: &'a Aws<'_>,
        known: &'a Known,
        seen: &'a Erased,
        changes: &'a [Change],
    ) -> Boxed<'a, Result<Erased>>;
    fn replace<'a>(
        &'a self,
        aws: &'a Aws<'_>,
        known: &'a Known,
        seen: &'a Erased,
        changes: &'a [Change],
    ) -> Boxed<'a, Result<Erased>>;
    fn prune<'a>(
        &'a self,
        aws: &'a Aws<'_>,
        known: &'a Known,
        seen: &'a Erased,
        surplus: &'a [Change],
    ) -> Boxed<'a, Result<()>>;
    fn remove<'a>(&'a self, aws: &'a Aws<'_>, known: &'a Known, seen: &'a Erased) -> Boxed<'a, Result<Option<String>>>;
}

/// What the graph holds for a node was put there by that node, so the type is always the right one.
fn typed<R: Resource>(seen: &Erased) -> &R::Observed {
    #[expect(clippy::expect_used, reason = "the graph hands a node only what that node's own `read` returned")]
    seen.downcast_ref().expect("a node is given its own observation")
}

impl<R: Resource> Node for R {
    fn identity(&self) -> Identity {
        Resource::identity(self)
    }

    fn needs(&self) -> Vec<NodeId> {
        Resource::needs(self)
    }

    fn read_after(&self) -> Vec<NodeId> {
        Resource::read_after(self)
    }

    fn goes_with(&self) -> Option<NodeId> {
        Resource::goes_with(self)
    }

    fn prunes_last(&self) -> bool {
        Resource::prunes_last(self)
    }

    fn deletes_last(&self) -> bool {
        Resource::deletes_last(self)
    }

    fn deletable(&self) -> bool {
        Resource::deletable(self)
    }

    fn unseen_for(&self) -> Option<Duration> {
        Resource::unseen_for(self)
    }

    fn read<'a>(&'a self, aws: &'a Aws<'_>, known: &'a Known) -> Boxed<'a, Result<Option<Erased>>> {
        Box::pin(async move { Ok(Resource::read(self, aws, known).await?.map(|seen| Box::new(seen) as Erased)) })
    }

    fn outputs(&self, seen: &Erased) -> Erased {
        Box::new(Resource::outputs(self, typed::<R>(seen)))
    }

    fn diff(&self, seen: &Erased, known: &Known) -> Vec<Change> {
        Resource::diff(self, typed::<R>(seen), known)
    }

    fn notes(&self, seen: &Erased) -> Vec<String> {
        Resource::notes(self, typed::<R>(seen))
    }

    fn creation(&self, known: &Known) -> Vec<Change> {
        Resource::creation(self, known)
    }

    fn keeps_outputs(&self, changes: &[Change]) -> bool {
        Resource::keeps_outputs(self, changes)
    }

    fn refuses(&self, seen: &Erased, changes: &[Change]) -> Option<Error> {
        Resource::refuses(self, typed::<R>(seen), changes)
    }

    fn consequences(&self, action: Action, changes: &[Change]) -> Vec<String> {
        Resource::consequences(self, action, changes)
    }

    fn slow(&self, action: Action) -> Option<Slow> {
        Resource::slow(self, action)
    }

    fn surplus(&self, seen: &Erased, known: &Known, acting: bool) -> Vec<Change> {
        Resource::surplus(self, typed::<R>(seen), known, acting)
    }

    fn loses(&self, seen: &Erased) -> Vec<Change> {
        Resource::loses(self, typed::<R>(seen))
    }

    fn create<'a>(&'a self, aws: &'a Aws<'_>, known: &'a Known) -> Boxed<'a, Result<Erased>> {
        Box::pin(async move { Ok(Box::new(Resource::create(self, aws, known).await?) as Erased) })
    }

    fn update<'a>(
        &'a self,
        aws: &'a Aws<'_>,
        known: &'a Known,
        seen: &'a Erased,
        changes: &'a [Change],
    ) -> Boxed<'a, Result<Erased>> {
        Box::pin(
            async move { Ok(Box::new(Resource::update(self, aws, known, typed::<R>(seen), changes).await?) as Erased) },
        )
    }

    fn replace<'a>(
        &'a self,
        aws: &'a Aws<'_>,
        known: &'a Known,
        seen: &'a Erased,
        changes: &'a [Change],
    ) -> Boxed<'a, Result<Erased>> {
        Box::pin(async move {
            Ok(Box::new(Resource::replace(self, aws, known, typed::<R>(seen), changes).await?) as Erased)
        })
    }

    fn prune<'a>(
        &'a self,
        aws: &'a Aws<'_>,
        known: &'a Known,
        seen: &'a Erased,
        surplus: &'a [Change],
    ) -> Boxed<'a, Result<()>> {
        Box::pin(Resource::prune(self, aws, known, typed::<R>(seen), surplus))
    }

    fn remove<'a>(&'a self, aws: &'a Aws<'_>, known: &'a Known, seen: &'a Erased) -> Boxed<'a, Result<Option<String>>> {
        Box::pin(Resource::remove(self, aws, known, typed::<R>(seen)))
    }
}
