//! Round trips: the longest chain of calls, counted in virtual time. A run that changes something takes the lock, which
//! may add three: the bucket first of all, the lock, and letting it go.

use crate::support::{World, counting};

/// Twelve of the twenty are the draft's, which are written one after the other; six of those are what CORS takes. The site
/// adds the two at its end: the pages, and the note that they have arrived.
#[tokio::test(start_paused = true)]
async fn a_first_deploy_of_the_whole_sample_is_at_most_20_calls_deep_and_three_for_the_lock() {
    let world = World::with(counting());
    let (depth, chain) = world.deploy().await.depth();
    assert!(depth <= 20 + 3, "{depth}: {chain:?}");
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
