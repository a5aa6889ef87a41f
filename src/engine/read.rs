//! Stage three: what AWS has, looked up concurrently, each resource as soon as what it looks by is known.

use std::cell::RefCell;

use super::graph::{Graph, Known};
use super::resource::Erased;
use super::schedule;
use crate::aws::{Aws, Error, ErrorKind};
use crate::event::Event;

/// What AWS said of every resource of a graph.
pub struct Observed {
    pub(super) seen: Vec<Option<Erased>>,
}

impl Observed {
    /// Where in the graph the resources stand that exist.
    pub fn present(&self) -> impl Iterator<Item = usize> {
        self.seen.iter().enumerate().filter(|(_, seen)| seen.is_some()).map(|(at, _)| at)
    }
}

/// A failed lookup, and of what.
#[derive(Clone, Debug)]
pub struct Unreadable {
    /// `REST API ServerlessPOC`.
    pub resource: String,
    pub error: Error,
}

/// Reads every resource of `graph`.
///
/// # Errors
/// The first lookup that failed, or the first name that is not ours.
pub async fn read(graph: &Graph, aws: &Aws<'_>) -> Result<Observed, Unreadable> {
    let known = Known::of(graph);
    let seen: Vec<RefCell<Option<Erased>>> = graph.entries.iter().map(|_| RefCell::new(None)).collect();
    let failure = RefCell::new(None);
    let after: Vec<Vec<usize>> =
        graph.entries.iter().map(|entry| entry.node.read_after().into_iter().map(|id| id.0).collect()).collect();
    schedule::in_order(&after, |at| {
        let (known, failure, seen) = (&known, &failure, &seen);
        async move {
            let entry = &graph.entries[at];
            let node = &entry.node;
            match node.read(aws, known).await {
                Ok(Some(found)) => {
                    known.put(super::graph::NodeId(at), node.outputs(&found));
                    *seen[at].borrow_mut() = Some(found);
                    true
                }
                Ok(None) => true,
                // A deploy must not go on past what is not ours; a teardown leaves it and goes on.
                Err(error) if !entry.wanted && error.is(ErrorKind::Foreign) => {
                    aws.report(&Event::Note { text: format!("{}: left alone", error.message) });
                    true
                }
                Err(error) => {
                    let identity = node.identity();
                    let resource = format!("{} {}", identity.kind, identity.name);
                    failure.borrow_mut().get_or_insert(Unreadable { resource, error });
                    false
                }
            }
        }
    })
    .await;
    match failure.into_inner() {
        Some(unreadable) => Err(unreadable),
        None => Ok(Observed { seen: seen.into_iter().map(RefCell::into_inner).collect() }),
    }
}
