//! Law 2 for every kind of call that changes something, in the lives of files that use every block: it is carried out, the
//! answer is lost, and the same run ends as if nothing had been.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use poc::aws::EmbeddedCloud;
use poc::local::cloud::Profile;
use poc::local::cloud::faults::{Between, Decision, Fault, Intended};
use rand::rngs::SmallRng;
use rand::{RngCore, SeedableRng};

use crate::everything::{EVERYTHING, LITTLE, set_logging_role};
use crate::inventory::Inventory;
use crate::many_routes::plain;
use crate::support::World;

/// Loses the answer of the first call of one operation, and remembers every operation that writes.
#[derive(Default)]
struct Line {
    operation: Mutex<Option<String>>,
    met: Mutex<BTreeSet<String>>,
}

impl Line {
    fn loses(&self, operation: Option<&str>) {
        *self.operation.lock().unwrap() = operation.map(str::to_owned);
    }

    fn has_lost(&self) -> bool {
        self.operation.lock().unwrap().is_none()
    }

    /// What was written since this was asked last.
    fn met(&self) -> BTreeSet<String> {
        std::mem::take(&mut self.met.lock().unwrap())
    }
}

impl Between for Line {
    fn before<'a>(&'a self, call: &'a Intended) -> Decision<'a> {
        let mut operation = self.operation.lock().unwrap();
        let lost = operation.as_deref() == Some(call.operation);
        if lost {
            *operation = None;
        }
        if call.is_write() {
            self.met.lock().unwrap().insert(call.operation.to_owned());
        }
        Box::pin(std::future::ready(lost.then_some(Fault::ResetAfter)))
    }
}

/// Files that are deployed one after the other, before all is torn down.
struct Life {
    files: Vec<String>,
    /// Bytes beside the code that do not pack.
    model: usize,
}

/// What the parts of a life wrote, and what stood after each; the last part is the teardown.
#[derive(Default)]
struct Lived {
    wrote: Vec<BTreeSet<String>>,
    stood: Vec<Inventory>,
}

/// Everything there is and back, call by call and as one document, and a package that goes in parts.
fn lives() -> [Life; 4] {
    let life = |files: &[&str], model| Life { files: files.iter().map(|&file| file.to_owned()).collect(), model };
    [
        life(&[EVERYTHING, LITTLE], 0),
        life(&[LITTLE, EVERYTHING], 0),
        life(&[&plain(24, &|_| true)], 0),
        life(&[LITTLE], 17 * 1024 * 1024),
    ]
}

impl Life {
    /// With the answer of `operation` lost in the part `lost_in`.
    async fn live(&self, lost: Option<(usize, &str)>) -> Lived {
        let mut world = World::with(Profile::instant());
        set_logging_role(&world).await;
        let line = Arc::new(Line::default());
        world.settings.cloud = Some(EmbeddedCloud::from(world.cloud.clone()).with(line.clone()));
        let mut model = vec![0; self.model];
        SmallRng::seed_from_u64(1).fill_bytes(&mut model);
        std::fs::write(world.path("app/model.bin"), model).unwrap();

        let mut lived = Lived::default();
        for part in 0..=self.files.len() {
            let lost_here = lost.filter(|(lost_in, _)| *lost_in == part).map(|(_, operation)| operation);
            line.loses(lost_here);
            match self.files.get(part) {
                Some(file) => {
                    world.write("deploy.yaml", file);
                    let (result, told) = world.try_deploy().await;
                    assert!(result.is_ok(), "{lost:?}: {:#?}", told.0.last());
                }
                None => {
                    let (torn, _) = world.teardown().await;
                    assert!(torn.left.is_empty(), "{lost:?}: {:?}", torn.left);
                }
            }
            assert!(line.has_lost(), "{lost:?}: it was never sent");
            lived.wrote.push(line.met());
            lived.stood.push(Inventory::of(&world).await);
            if lost_here.is_some() && part < self.files.len() {
                let again = world.deploy().await;
                assert_eq!(again.finished().1, 0, "{lost:?}: the run after that wrote {:?}", again.writes());
            }
        }
        lived
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_kind_of_change_loses_its_answer_nothing_is_doubled_or_missing() {
    let mut kinds = BTreeSet::new();
    for life in lives() {
        let calm = life.live(None).await;
        for (part, wrote) in calm.wrote.iter().enumerate() {
            // The same call in another part is no other case.
            for operation in wrote.iter().filter(|operation| kinds.insert(operation.to_string())) {
                let lost = life.live(Some((part, operation))).await;
                for (then, (lost, calm)) in lost.stood.iter().zip(&calm.stood).enumerate() {
                    assert_eq!(lost, calm, "{operation} of part {part}: after part {then}");
                }
            }
        }
    }
    for wanted in ["CreateRestApi", "PutRestApi", "CompleteMultipartUpload", "UpdateUsagePlan", "DeleteRestApi"] {
        assert!(kinds.contains(wanted), "{wanted} was never sent: {kinds:?}");
    }
}
