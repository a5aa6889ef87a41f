//! One file per AWS resource, each reading top to bottom the same way: what is wanted, what is observed, read, diff,
//! create, update, delete. Nothing here decides an order; `desired.rs` does.

pub mod log_group;
mod owner;

pub use log_group::LogGroup;
pub use owner::Owner;
