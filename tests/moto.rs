//! A second opinion: the sample's whole life, by the real binary, against a cloud that cannot share this program's
//! mistakes. That is a real moto server, or whatever answers at `POC_ENDPOINT`. What was done is judged by a portrait of
//! everything that cloud holds, drawn through the AWS SDK, and never by what `poc` says of itself alone.
//!
//!     cargo test --test moto -- --ignored
//!     POC_ENDPOINT=http://127.0.0.1:4566 cargo test --test moto -- --ignored

#[path = "moto/decoys.rs"]
mod decoys;
#[path = "moto/drift.rs"]
mod drift;
#[path = "moto/edits.rs"]
mod edits;
#[path = "moto/everything.rs"]
mod everything;
#[path = "moto/fire.rs"]
mod fire;
#[path = "moto/life.rs"]
mod life;
#[path = "moto/portrait.rs"]
mod portrait;
#[path = "support/relay.rs"]
mod relay;
#[path = "support/sample.rs"]
mod sample;
#[path = "support/moto.rs"]
mod server;
#[path = "moto/world.rs"]
mod world;
