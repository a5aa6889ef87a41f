//! One file per AWS resource, each reading top to bottom the same way: what is wanted, what is observed, read, diff,
//! create, update, delete. Nothing here decides an order; `desired.rs` does.

pub mod alias;
pub mod api_key;
pub mod base_path_mapping;
pub mod bucket;
pub mod definition;
pub mod deployment;
pub mod function;
pub mod log_group;
mod lookups;
pub mod object;
mod owner;
mod patch;
pub mod permission;
pub mod rest_api;
pub mod role;
pub mod stage;
pub mod usage_plan;
pub mod usage_plan_key;

pub use alias::Alias;
pub use api_key::ApiKey;
pub use base_path_mapping::BasePathMapping;
pub use bucket::Bucket;
pub use definition::{Definition, Draft};
pub use deployment::Deployment;
pub use function::Function;
pub use log_group::LogGroup;
pub use lookups::Lookups;
pub use object::Object;
pub use owner::Owner;
pub use permission::Permission;
pub use rest_api::RestApi;
pub use role::Role;
pub use stage::Stage;
pub use usage_plan::UsagePlan;
pub use usage_plan_key::UsagePlanKey;
