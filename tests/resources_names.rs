//! The resources of the name (zone, certificate, domain name, alias) against the embedded cloud, through the engine.

#[path = "resources_names/certificates.rs"]
mod certificates;
#[path = "support/clock.rs"]
mod clock;
#[path = "resources_names/domains.rs"]
mod domains;
#[path = "support/problems.rs"]
mod problems;
#[path = "resources_names/support.rs"]
mod support;
