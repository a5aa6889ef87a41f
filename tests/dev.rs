//! `poc dev` as people use it: the built binary on a free port, real HTTP, edits with an editor, Ctrl-C.
#![cfg(unix)]

#[path = "dev/builds.rs"]
mod builds;
#[path = "dev/crowd.rs"]
mod crowd;
#[path = "dev/edits.rs"]
mod edits;
#[path = "dev/ends.rs"]
mod ends;
#[path = "dev/page.rs"]
mod page;
#[path = "support/problems.rs"]
mod problems;
#[path = "support/sample.rs"]
mod sample;
#[path = "dev/server.rs"]
mod server;
#[path = "dev/site.rs"]
mod site;
#[path = "dev/speaks.rs"]
mod speaks;
