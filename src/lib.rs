//! `poc` puts a prediction function behind a protected web API.

pub mod aws;
pub mod cli;
pub mod clock;
pub mod desired;
pub mod engine;
pub mod event;
pub mod local;
pub mod package;
pub mod pipeline;
pub mod resources;
pub mod spec;
pub mod ui;
pub mod vtl;
