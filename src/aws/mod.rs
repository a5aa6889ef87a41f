//! AWS as the deployer sees it: the clients, the account, the region, and what an error means.

mod call;
pub mod connect;
mod credentials;
mod embedded;
mod error;
mod fence;
mod heard;
mod pace;
mod permissions;
mod policy;
mod tags;
mod web;
mod wire;

pub use call::{Manner, Repeat, current_step, during, once};
pub use connect::{Aws, Connection, Identity, Place, US_EAST_1};
pub use credentials::KnownCredentials;
pub use embedded::{EmbeddedCloud, Port, Serving, interpreter, reachable};
pub use error::{Error, ErrorKind, found, gone};
pub use fence::{Asked, Fence};
pub use heard::Heard;
pub use pace::CREATE_EDGE_API;
pub use policy::{DomainScope, LARGEST_INLINE, LARGEST_MANAGED, Scope, github_trust, policy, size};
pub use tags::{APP, STAGE, Tags, ordered};
pub use wire::is_here;

/// What nearly every function here returns.
pub type Result<T> = std::result::Result<T, Error>;
