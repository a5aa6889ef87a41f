//! The compute side's resources through the engine, against the embedded cloud: what is built, what an edit changes, what
//! an interruption leaves, what belongs to others, what goes.

#[path = "compute/bench.rs"]
mod bench;
#[path = "compute/bucket.rs"]
mod bucket;
#[path = "support/clock.rs"]
mod clock;
#[path = "compute/life.rs"]
mod life;
#[path = "compute/others.rs"]
mod others;
#[path = "support/problems.rs"]
mod problems;
#[path = "compute/upload.rs"]
mod upload;
#[path = "compute/versions.rs"]
mod versions;
