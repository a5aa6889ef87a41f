//! Pictures of runs for the documentation, in a cloud whose states take as long as AWS's usually do.

use std::path::{Path, PathBuf};

use poc::local::cloud::Profile;
use poc::pipeline;
use poc::ui::{Recording, Timeline};

use super::World;

/// A day at AWS that can be repeated.
const DAY: u64 = 7;

/// Every picture in docs/, as the program draws it today.
pub async fn drawn() -> Vec<(PathBuf, String)> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let world = World::with(Profile::aws(DAY));
    let first = timeline(&world).await;
    world.edit("deploy.yaml", "memory: 256", "memory: 512");
    world.edit("templates/admit/error.vtl", "error", "problem");
    let update = timeline(&world).await;
    let all = [("timeline-deploy.svg", first), ("timeline-update.svg", update), ("deploy.svg", recorded().await)];
    all.map(|(name, picture)| (docs.join(name), picture)).into()
}

/// One deploy over time.
async fn timeline(world: &World) -> String {
    let timeline = Timeline::begin();
    let confirm = |planned: &_| {
        timeline.expect(planned);
        true
    };
    pipeline::deploy(&world.settings, &timeline, &confirm).await.expect("the sample can be deployed");
    timeline.svg()
}

/// The sample's first deploy, as it is seen on a terminal.
async fn recorded() -> String {
    let world = World::with(Profile::aws(DAY));
    let recording = Recording::begin("poc deploy", 80, 44);
    let confirm = |planned: &_| {
        recording.expect(planned);
        true
    };
    let deployed = pipeline::deploy(&world.settings, &recording, &confirm).await.expect("the sample can be deployed");
    recording.deployed(&deployed);
    recording.svg()
}
