//! Law 2: killed anywhere, the same command run again finishes the job, and nothing is there twice.

use std::cell::Cell;
use std::time::Duration;

use poc::event::{Event, Reporter};
use poc::local::cloud::Profile;
use poc::pipeline;
use tokio::sync::Notify;

use crate::inventory::Inventory;
use crate::support::{World, counting};

/// Wakes the killer once so many calls have been answered.
struct Fuse {
    left: Cell<usize>,
    burnt: Notify,
}

impl Reporter for Fuse {
    fn report(&self, event: &Event) {
        if matches!(event, Event::Call { .. }) && self.left.get() > 0 {
            self.left.set(self.left.get() - 1);
            if self.left.get() == 0 {
                self.burnt.notify_one();
            }
        }
    }
}

/// States take a few calls' time, so that kills also meet the pending ones.
fn slowish() -> Profile {
    let step = Duration::from_millis(130);
    Profile {
        role_propagation: step,
        function_settles: step,
        certificate_record: step,
        certificate_issued: step,
        certificate_released: step,
        domain_regional: step,
        domain_edge: step,
        record_insync: step,
        ..counting()
    }
}

/// Deploys until `kill` is ready, and not a moment longer.
async fn deploy_until(world: &World, reporter: &dyn Reporter, kill: impl Future<Output = ()>) -> bool {
    tokio::select! {
        biased;
        () = kill => false,
        ended = pipeline::deploy(&world.settings, reporter, &|_| true) => ended.is_ok(),
    }
}

async fn recovers(world: &World, moment: &str) {
    let (result, told) = world.try_deploy().await;
    assert!(result.is_ok(), "{moment}: the next run failed: {:#?}", told.0.last());
    let inventory = Inventory::of(world).await;
    inventory.assert_single(moment);
    let told = world.deploy().await;
    assert_eq!(told.finished().1, 0, "{moment}: the run after that wrote {:?}", told.writes());
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_call_of_the_first_deploy_it_resumes() {
    let all = World::with(slowish()).deploy().await.calls().len();
    assert!(all > 40, "a first deploy makes {all} calls");
    for after in 1..all {
        let world = World::with(slowish());
        let fuse = Fuse { left: Cell::new(after), burnt: Notify::new() };
        deploy_until(&world, &fuse, fuse.burnt.notified()).await;
        recovers(&world, &format!("killed after call {after}")).await;
    }
}

/// Half of a call's time passes before it is carried out and half after, so some of these moments lose an answer.
#[tokio::test(start_paused = true)]
async fn killed_at_any_moment_of_the_first_deploy_it_resumes() {
    let world = World::with(slowish());
    let begun = tokio::time::Instant::now();
    world.deploy().await;
    let whole = begun.elapsed();
    let mut moment = Duration::from_millis(75);
    while moment < whole {
        let world = World::with(slowish());
        let reporter = poc::event::Recorder::default();
        deploy_until(&world, &reporter, tokio::time::sleep(moment)).await;
        recovers(&world, &format!("killed after {} ms", moment.as_millis())).await;
        moment += Duration::from_millis(50);
    }
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_call_of_an_update_it_resumes() {
    let change = |world: &World| {
        world.edit("app/handler.py", "import json", "import json  # edited");
        world.edit("templates/admit/error.vtl", "{", "{ ");
        world.edit("deploy.yaml", "memory: 256", "memory: 512");
        world.edit("deploy.yaml", "limit: 500", "limit: 600");
    };
    let world = World::with(slowish());
    world.deploy().await;
    change(&world);
    let all = world.deploy().await.calls().len();
    for after in 1..all {
        let world = World::with(slowish());
        world.deploy().await;
        change(&world);
        let fuse = Fuse { left: Cell::new(after), burnt: Notify::new() };
        deploy_until(&world, &fuse, fuse.burnt.notified()).await;
        recovers(&world, &format!("an update killed after call {after}")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_teardown_killed_after_any_call_is_finished_by_the_next() {
    let world = World::with(slowish());
    world.deploy().await;
    let all = world.teardown().await.1.calls().len();
    for after in 1..all {
        let world = World::with(slowish());
        let empty = Inventory::of(&world).await;
        world.deploy().await;
        let fuse = Fuse { left: Cell::new(after), burnt: Notify::new() };
        tokio::select! {
            biased;
            () = fuse.burnt.notified() => {}
            _ = pipeline::teardown(&world.settings, &fuse, &|_| true) => {}
        }
        let (torn, _) = world.teardown().await;
        assert!(torn.left.is_empty(), "killed after call {after}: left {:?}", torn.left);
        assert_eq!(Inventory::of(&world).await, empty, "killed after call {after}");
    }
}
