//! Law 2 for every kind of change that any deploy.yaml can ask for: it is carried out, the answer is lost, and the same run
//! ends as if nothing had been.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use poc::aws::EmbeddedCloud;
use poc::clock::Clock;
use poc::local::cloud::faults::{Between, Decision, Fault, Intended};
use poc::local::cloud::{Cloud, Profile};

use crate::everything::{EVERYTHING, LITTLE, set_logging_role};
use crate::inventory::Inventory;
use crate::support::World;

/// Loses the answer of the first call of one operation, and remembers every operation that writes.
struct Line {
    operation: Mutex<Option<String>>,
    met: Mutex<BTreeSet<String>>,
}

impl Line {
    fn loses(&self, operation: &str) {
        *self.operation.lock().unwrap() = Some(operation.to_owned());
    }

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

async fn world() -> (World, Arc<Line>) {
    let line = Arc::new(Line { operation: Mutex::default(), met: Mutex::default() });
    let cloud = Cloud::in_memory(Clock::system(), Profile::instant());
    let mut world = World::in_cloud(cloud.clone());
    set_logging_role(&world).await;
    world.settings.cloud = Some(EmbeddedCloud::from(cloud).with(line.clone()));
    (world, line)
}

/// Deploys one file after the other and tears down; gives what each part wrote and what stood before the last one.
struct Life {
    wrote: Vec<BTreeSet<String>>,
    stood: Vec<Inventory>,
}

const LIVES: [&[&str]; 2] = [&[EVERYTHING, LITTLE], &[LITTLE, EVERYTHING]];

/// With the answer of `operation` lost in the part `lost_in`.
async fn live(files: &[&str], lost: Option<(usize, &str)>) -> Life {
    let (world, line) = world().await;
    let mut life = Life { wrote: Vec::new(), stood: Vec::new() };
    for part in 0..=files.len() {
        if let Some((_, operation)) = lost.filter(|(lost_in, _)| *lost_in == part) {
            line.loses(operation);
        }
        if let Some(file) = files.get(part) {
            world.write("deploy.yaml", file);
            let (result, told) = world.try_deploy().await;
            assert!(result.is_ok(), "{lost:?}: {:#?}", told.0.last());
            life.wrote.push(line.met());
            life.stood.push(Inventory::of(&world).await);
            if lost.is_some_and(|(lost_in, _)| lost_in == part) {
                let again = world.deploy().await;
                assert_eq!(again.finished().1, 0, "{lost:?}: the run after that wrote {:?}", again.writes());
                line.met();
            }
        } else {
            let (torn, _) = world.teardown().await;
            assert!(torn.left.is_empty(), "{lost:?}: {:?}", torn.left);
            life.wrote.push(line.met());
            life.stood.push(Inventory::of(&world).await);
        }
    }
    assert_eq!(*line.operation.lock().unwrap(), None, "{lost:?}: it was never sent");
    life
}

#[tokio::test(start_paused = true)]
async fn whatever_kind_of_change_loses_its_answer_nothing_is_doubled_or_missing() {
    let mut kinds = BTreeSet::new();
    for files in LIVES {
        let calm = live(files, None).await;
        for (part, wrote) in calm.wrote.iter().enumerate() {
            for operation in wrote {
                // The same call in another part is no other case.
                if !kinds.insert(operation.clone()) {
                    continue;
                }
                let lost = live(files, Some((part, operation))).await;
                for (then, (lost, calm)) in lost.stood.iter().zip(&calm.stood).enumerate() {
                    for (kind, found) in &calm.0 {
                        let (lost, calm) = (lost.get(kind), found);
                        assert_eq!(
                            lost.len(),
                            calm.len(),
                            "{operation} of part {part}, after {then}: {kind}: {lost:?}, not {calm:?}"
                        );
                    }
                }
            }
        }
    }
    assert!(kinds.len() > 50, "only {kinds:?}");
}
