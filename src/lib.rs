//! `poc` puts a prediction function behind a protected web API.

pub mod aws;
pub mod clock;
pub mod local;
pub mod spec;
