//! Draws the pictures in `docs/`: the sample's first deploy and an edit of it over time, and the first deploy as it is seen on
//! a terminal, in a cloud whose states take as long as AWS's usually do. The clock is paused, so this takes a moment, and the
//! pictures are the same every time.

use std::io;

#[path = "../tests/support/mod.rs"]
mod support;

fn main() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?;
    for (file, picture) in runtime.block_on(support::pictures::drawn()) {
        std::fs::write(file, picture)?;
    }
    Ok(())
}
