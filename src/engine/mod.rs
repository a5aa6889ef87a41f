//! The convergence engine: resources, the graph they form, the plan that follows from it, and its execution.

pub mod plan;
