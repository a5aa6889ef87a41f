//! One file per AWS resource, each reading top to bottom the same way: what is wanted, what is observed, read, diff,
//! create, update, delete. Nothing here decides an order; `desired.rs` does.

pub mod alias;
pub mod bucket;
pub mod function;
pub mod log_group;
pub mod object;
mod owner;
pub mod role;

pub use alias::Alias;
pub use bucket::Bucket;
pub use function::Function;
pub use log_group::LogGroup;
pub use object::Object;
pub use owner::Owner;
pub use role::Role;
