//! Draws `docs/timeline-deploy.svg` and `docs/timeline-update.svg`: the sample's first deploy and an edit of it, and
//! `docs/deploy.svg`, the first deploy as it is seen on a terminal. All of them in a cloud whose states take as long as AWS's usually do. The clock is paused, so this takes a moment; but for the jitter of
//! calls that are sent again, the pictures are the same every time.

use std::path::Path;

use poc::pipeline::{self, Failure};
use poc::ui::Timeline;

#[path = "../tests/support/mod.rs"]
mod support;

use support::World;
use support::pictures::{recorded, usual};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?;
    runtime.block_on(async {
        let world = World::with(usual());
        draw(&world, "timeline-deploy.svg").await?;
        world.edit("deploy.yaml", "memory: 256", "memory: 512");
        world.edit("templates/admit/error.vtl", "error", "problem");
        draw(&world, "timeline-update.svg").await?;
        std::fs::write(support::pictures::file(), recorded().await)?;
        Ok(())
    })
}

async fn draw(world: &World, name: &str) -> Result<(), Box<dyn std::error::Error>> {
    let timeline = Timeline::begin();
    let confirm = |planned: &_| {
        timeline.expect(planned);
        true
    };
    pipeline::deploy(&world.settings, &timeline, &confirm).await.map_err(said)?;
    std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name), timeline.svg())?;
    Ok(())
}

fn said(failure: Failure) -> String {
    format!("{failure:?}")
}
