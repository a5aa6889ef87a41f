//! `poc` puts a prediction function behind a protected web API.

pub mod spec;
