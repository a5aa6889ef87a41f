//! The HTTP front of the AWS on this machine: one port that answers the deployed APIs and the AWS APIs themselves.
//!
//! It is made for hostile callers. Whatever arrives is bounded before it is understood: in bytes ([`Limits`]), in time,
//! in number. What two parsers could read in two ways is refused (`screen.rs`), a handler that panics costs its own
//! caller an answer and nobody else, and no web page that a browser on this machine shows can change anything here
//! (`route.rs` says why).

mod body;
mod connection;
mod descriptors;
mod limits;
mod record;
mod refusal;
mod route;
mod screen;
mod server;

pub use limits::Limits;
pub use record::{By, Observer, Served};
pub use route::{Behind, Destination, Service, Site};
pub use server::{Answered, Answers, Listener, Server};
