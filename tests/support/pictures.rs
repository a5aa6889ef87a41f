//! Pictures of runs for the documentation, in a cloud whose states take as long as AWS's usually do.

use std::path::{Path, PathBuf};
use std::time::Duration;

use poc::local::cloud::Profile;
use poc::pipeline;
use poc::ui::Recording;

use super::World;

/// What AWS usually takes.
pub fn usual() -> Profile {
    Profile {
        latency: Duration::from_millis(180),
        role_propagation: Duration::from_secs(9),
        function_settles: Duration::from_secs(4),
        certificate_record: Duration::from_secs(5),
        certificate_issued: Duration::from_secs(75),
        certificate_released: Duration::from_secs(900),
        domain_regional: Duration::from_secs(35),
        domain_edge: Duration::from_secs(1800),
        record_insync: Duration::from_secs(40),
        ..Profile::instant()
    }
}

pub fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/deploy.svg")
}

/// A day at AWS that can be repeated.
const DAY: u64 = 7;

/// The sample's first deploy, as it is seen on a terminal.
pub async fn recorded() -> String {
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
