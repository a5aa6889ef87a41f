//! One file per AWS resource, each reading top to bottom the same way: what is wanted, what is observed, read, diff,
//! create, update, delete. Nothing here decides an order; `desired.rs` does.

pub mod api_key;
pub mod base_path_mapping;
pub mod definition;
pub mod deployment;
pub mod log_group;
mod lookups;
mod owner;
mod patch;
pub mod permission;
pub mod rest_api;
pub mod stage;
pub mod usage_plan;
pub mod usage_plan_key;

pub use api_key::ApiKey;
pub use base_path_mapping::BasePathMapping;
pub use definition::{Definition, Draft};
pub use deployment::Deployment;
pub use log_group::LogGroup;
pub use lookups::Lookups;
pub use owner::Owner;
pub use permission::Permission;
pub use rest_api::RestApi;
pub use stage::Stage;
pub use usage_plan::UsagePlan;
pub use usage_plan_key::UsagePlanKey;
