//! Deploys under fire: the real engine and the real SDK clients against the embedded cloud with AWS's manners, time
//! virtual and chance seeded. Each scenario runs with many seeds; each seed is another day at AWS and other misfortunes.
//! What must hold is in `simulation/laws.rs`.
//!
//! A failing seed prints the line that repeats it:
//!
//! ```text
//! SIM_SCENARIO=first_deploy SIM_SEED=17 cargo test --test simulation one_seed -- --nocapture
//! ```
//!
//! `SIM_SEEDS=300 cargo test --test simulation` runs 300 seeds per scenario (10 without it), beginning with `SIM_FIRST`
//! (0 without it); many routes take as long as many scenarios, and run with every hundredth. By hand, optimised:
//!
//! ```text
//! SIM_SEEDS=10000 cargo test --profile simulation --test simulation -- --nocapture
//! ```
//!
//! The fingerprint in the line of each scenario is that of everything its runs said: the same seeds give the same one.
//!
//! `simulation/mutations.sh` breaks the product's laws one after the other and shows what catches it.

mod support;

#[path = "simulation/decoys.rs"]
mod decoys;
#[path = "simulation/laws.rs"]
mod laws;
#[path = "simulation/leaves.rs"]
mod leaves;
#[path = "simulation/line.rs"]
mod line;
#[path = "simulation/others.rs"]
mod others;
#[path = "simulation/path.rs"]
mod path;
#[path = "simulation/probe.rs"]
mod probe;
#[path = "simulation/scenarios.rs"]
mod scenarios;
#[path = "simulation/seeds.rs"]
mod seeds;
#[path = "simulation/world.rs"]
mod world;

use scenarios::Scenario;
use seeds::{many, one};

#[test]
fn first_deploy() {
    many(Scenario::FirstDeploy);
}

#[test]
fn template_update() {
    many(Scenario::TemplateUpdate);
}

#[test]
fn update_of_everything() {
    many(Scenario::UpdateOfEverything);
}

#[test]
fn rename() {
    many(Scenario::Rename);
}

#[test]
fn key_rotation() {
    many(Scenario::KeyRotation);
}

#[test]
fn teardown() {
    many(Scenario::Teardown);
}

#[test]
fn teardown_of_half_a_deploy() {
    many(Scenario::TeardownOfHalf);
}

#[test]
fn two_deploys_at_once() {
    many(Scenario::TwoDeploys);
}

#[test]
fn teardown_during_a_deploy() {
    many(Scenario::TeardownDuringDeploy);
}

#[test]
fn an_intruder() {
    many(Scenario::Intruder);
}

#[test]
fn a_calm_day() {
    many(Scenario::Calm);
}

#[test]
fn a_usual_day() {
    many(Scenario::Usual);
}

#[test]
fn many_routes() {
    many(Scenario::ManyRoutes);
}

/// The seed and scenario that the environment names; nothing without them.
#[test]
fn one_seed() {
    one();
}
