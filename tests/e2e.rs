//! The whole way, row by row: a deploy.yaml deployed by the pipeline, served on a port, called over a socket, answered by a
//! Python handler. What comes back is held against `AWS_FACTS` C1 to C8; each row names the sentence it is about.

mod support;

use support::sample;

#[path = "support/routes.rs"]
mod routes;

#[path = "e2e/article.rs"]
mod article;
#[path = "e2e/callers.rs"]
mod callers;
#[path = "e2e/content_types.rs"]
mod content_types;
#[path = "e2e/keys.rs"]
mod keys;
#[path = "e2e/limits.rs"]
mod limits;
#[path = "e2e/mapping.rs"]
mod mapping;
#[path = "e2e/results.rs"]
mod results;
#[path = "e2e/routing.rs"]
mod routing;
#[path = "e2e/rows.rs"]
mod rows;
#[path = "e2e/served.rs"]
mod served;
#[path = "dev/server.rs"]
mod server;
#[path = "e2e/standard.rs"]
mod standard;
#[path = "e2e/validation.rs"]
mod validation;
#[path = "e2e/wire.rs"]
mod wire;
