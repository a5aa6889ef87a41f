//! What `deploy.yaml` may say: reading it, judging it, and the typed result.

mod fault;
pub mod model;

pub use fault::{Fault, Source, Span};
pub use model::Spec;
