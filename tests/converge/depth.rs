//! Round trips: the longest chain of calls, counted in virtual time. A run that changes something takes the lock, which
//! may add three: the bucket first of all, the lock, and letting it go.

use poc::event::{Event, Recorder};
use poc::pipeline::{self, DoctorWanted};

use crate::support::{Told, World, counting};

/// What the lock adds: the chain with it, held against that of all other calls. The bucket is made first for the lock's
/// sake alone: beside the others it would be in no chain as long.
fn of_the_lock(told: &Told) -> (usize, Vec<&'static str>) {
    let for_the_lock = |event: &Event| match event {
        // Steps are those of resources; the lock is none.
        Event::Call { step, operation, .. } => {
            (step.is_empty() && *operation == "PutObject") || (step == "bucket" && *operation == "CreateBucket")
        }
        _ => false,
    };
    let others = told.0.iter().filter(|event| !for_the_lock(event)).cloned().collect();
    let (depth, chain) = told.depth();
    (depth - Told(others).depth().0, chain)
}

/// Twelve of the twenty are the draft's, which are written one after the other; six of those are what CORS takes. The site
/// adds the two at its end: the pages, and the note that they have arrived.
#[tokio::test(start_paused = true)]
async fn a_first_deploy_of_the_whole_sample_is_at_most_20_calls_deep_and_three_for_the_lock() {
    let world = World::with(counting());
    let told = world.deploy().await;
    let (depth, chain) = told.depth();
    assert!(depth <= 20 + 3, "{depth}: {chain:?}");
    assert_eq!(told.calls().iter().filter(|call| **call == "CreateBucket").count(), 2);
    let (added, chain) = of_the_lock(&told);
    assert!((1..=3).contains(&added), "{added}: {chain:?}");
}

#[tokio::test(start_paused = true)]
async fn an_edit_of_the_handler_is_at_most_9_calls_deep_and_three_for_the_lock() {
    let world = World::with(counting());
    world.deploy().await;
    world.edit("app/handler.py", "import json", "import json  # edited");
    let told = world.deploy().await;
    assert!(told.calls().contains(&"UpdateAlias"));
    let (depth, chain) = told.depth();
    assert!(depth <= 9 + 3, "{depth}: {chain:?}");
    // Taking it and letting it go.
    let (added, chain) = of_the_lock(&told);
    assert!((1..=2).contains(&added), "{added}: {chain:?}");
}

#[tokio::test(start_paused = true)]
async fn an_unchanged_deploy_is_at_most_4_round_trips_deep() {
    let world = World::with(counting());
    world.deploy().await;
    let told = world.deploy().await;
    let (depth, chain) = told.depth();
    assert!(depth <= 4, "{depth}: {chain:?}");
    assert_eq!(told.finished().1, 0);
    assert!(!told.calls().contains(&"PutObject"), "no change, no lock");
}

#[tokio::test(start_paused = true)]
async fn a_doctor_asks_everything_at_once() {
    let world = World::with(counting());
    let recorder = Recorder::default();
    let diagnosis = pipeline::doctor(&world.settings, DoctorWanted::default(), &recorder).await.unwrap();
    assert_eq!(diagnosis.account.as_deref(), Some("000000000000"));
    let told = Told(recorder.0.into_inner());
    assert!(told.calls().len() > 25, "{:?}", told.calls());
    assert_eq!(told.writes().into_iter().filter(|call| *call != "SimulatePrincipalPolicy").count(), 0);
    // Who it is; then the simulations, some at a time.
    let (depth, chain) = told.depth();
    assert!(depth <= 5, "{depth}: {chain:?}");
}
