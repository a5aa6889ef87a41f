//! The convergence engine: resources, the graph they form, the plan that follows from it, and its execution. It knows
//! nothing of API Gateway or Lambda; `resources/` does.

mod apply;
mod decide;
mod graph;
pub mod plan;
mod read;
mod resource;
mod schedule;
pub mod wait;

pub use apply::{Extent, apply, apply_first};
pub use decide::{Decided, decide};
pub use graph::{Graph, Handle, Kept, Known, NodeId};
pub use read::{Observed, Unreadable, read};
pub use resource::{Identity, Resource, slow};
