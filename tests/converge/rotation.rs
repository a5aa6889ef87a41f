//! `poc key rotate`: a new value without a moment in which no key works, from wherever it was interrupted.

use std::cell::Cell;
use std::time::Duration;

use aws_sdk_apigateway::Client;
use poc::event::{Action, Event, Outcome, Recorder, Reporter};
use poc::local::cloud::Profile;
use poc::pipeline::{self, Failure, Rotated};
use tokio::sync::Notify;

use crate::inventory::Inventory;
use crate::support::{REGION, Told, World, counting};

const NAME: &str = "ServerlessPOC";
const MINUTE: Option<Duration> = Some(Duration::from_secs(60));

async fn rotate(world: &World, grace: Option<Duration>) -> (Result<Rotated, Failure>, Told) {
    let recorder = Recorder::default();
    let result = pipeline::rotate_key(&world.settings, None, grace, &recorder, &|_| true).await;
    (result, Told(recorder.0.into_inner()))
}

/// Ids of our keys, of those that callers of the plan can use, and the value that `poc key show` prints.
struct Keys {
    ours: Vec<String>,
    usable: Vec<String>,
}

impl Keys {
    async fn of(world: &World) -> Keys {
        let gateway = Client::new(&world.sdk());
        let keys = gateway.get_api_keys().send().await.unwrap();
        let keys = keys.items().iter().filter(|key| key.tags().is_some_and(|tags| tags.contains_key("poc:app")));
        let ours: Vec<String> = keys.map(|key| key.id().unwrap().to_owned()).collect();
        let mut usable = Vec::new();
        for plan in gateway.get_usage_plans().send().await.unwrap().items() {
            let held = gateway.get_usage_plan_keys().usage_plan_id(plan.id().unwrap()).send().await.unwrap();
            usable.extend(held.items().iter().map(|key| key.id().unwrap().to_owned()));
        }
        usable.retain(|id| ours.contains(id));
        Keys { ours, usable }
    }
}

async fn shown(world: &World) -> String {
    let shown = pipeline::show_key(&world.settings, None, &Recorder::default()).await;
    shown.unwrap_or_else(|failure| panic!("{failure:?}")).value
}

/// Burns after so many calls.
struct Fuse {
    left: Cell<usize>,
    burnt: Notify,
}

impl Fuse {
    fn of(calls: usize) -> Fuse {
        Fuse { left: Cell::new(calls), burnt: Notify::new() }
    }
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

/// Half of a rotation: killed after so many calls.
async fn rotate_until(world: &World, calls: usize) {
    let fuse = Fuse::of(calls);
    tokio::select! {
        biased;
        () = fuse.burnt.notified() => {}
        _ = pipeline::rotate_key(&world.settings, None, MINUTE, &fuse, &|_| true) => {}
    }
}

/// Asks the run to stop after so many calls; whether it said that it would end by itself.
struct Brake<'s> {
    left: Cell<usize>,
    stop: &'s pipeline::Stop,
    heeded: Cell<bool>,
    pulled: Notify,
}

impl Reporter for Brake<'_> {
    fn report(&self, event: &Event) {
        if matches!(event, Event::Call { .. }) && self.left.get() > 0 {
            self.left.set(self.left.get() - 1);
            if self.left.get() == 0 {
                self.heeded.set(self.stop.ask());
                self.pulled.notify_one();
            }
        }
    }
}

/// Whenever a person presses Ctrl-C, the rotation does not go on to its long wait, and the same command ends it later.
#[tokio::test(start_paused = true)]
async fn asked_to_stop_it_ends_at_once_and_goes_on_with_the_next_run() {
    let mut heeded = 0;
    for calls in 1..=all_calls().await {
        let world = World::with(counting());
        world.deploy().await;
        let stop = world.settings.stop.clone();
        let (left, pulled) = (Cell::new(calls), Notify::new());
        let brake = Brake { left, stop: &stop, heeded: Cell::new(false), pulled };
        let run = pipeline::rotate_key(&world.settings, None, MINUTE, &brake, &|_| true);
        tokio::pin!(run);
        let ended = tokio::select! {
            biased;
            ended = &mut run => Some(ended),
            () = brake.pulled.notified() => None,
        };
        // What does not heed it is dropped by the command line.
        if brake.heeded.get() {
            heeded += 1;
            let ended = match ended {
                Some(ended) => ended,
                None => tokio::time::timeout(Duration::from_secs(20), run).await.expect("it waits for no grace time"),
            };
            assert!(matches!(ended, Err(Failure::Interrupted)), "{calls}: {ended:?}");
        }
        let again = World {
            cloud: world.cloud.clone(),
            settings: pipeline::Settings { stop: pipeline::Stop::default(), ..world.settings.clone() },
            ..world
        };
        let (result, _) = rotate(&again, MINUTE).await;
        assert_eq!(result.unwrap().outcome, Outcome::Changed, "{calls}");
        let keys = Keys::of(&again).await;
        assert_eq!((keys.ours.len(), keys.usable.len()), (1, 1), "{calls}: {:?}", keys.ours);
    }
    assert!(heeded > 3, "{heeded}");
}

/// A run goes by the time of the cloud that it is given, and not by this machine's.
#[tokio::test(start_paused = true)]
async fn a_rotation_that_nobody_waits_for_is_told_of_until_its_time_is_over() {
    let world = World::with(counting());
    world.deploy().await;
    let month = Duration::from_secs(30 * 24 * 3600);
    let waited = tokio::time::timeout(Duration::from_secs(600), rotate(&world, Some(month))).await;
    assert!(waited.is_err(), "it waits for a month");
    assert_eq!(world.status().await.notes.len(), 1);
    tokio::time::sleep(month).await;
    assert_eq!(world.status().await.notes, [""; 0]);
    assert!(world.deploy().await.writes().contains(&"DeleteApiKey"));
    world.assert_idle().await;
}

/// Calls of a whole rotation.
async fn all_calls() -> usize {
    let world = World::with(counting());
    world.deploy().await;
    let (result, told) = rotate(&world, MINUTE).await;
    result.unwrap();
    told.calls().len()
}

#[tokio::test(start_paused = true)]
async fn the_new_key_is_in_the_plan_for_the_grace_time_before_the_old_one_goes() {
    let world = World::with(counting());
    world.deploy().await;
    let before = shown(&world).await;
    let (result, told) = rotate(&world, MINUTE).await;
    assert_eq!(result.unwrap().outcome, Outcome::Changed);
    assert_eq!(
        told.writes(),
        [
            "PutObject",
            "TagResource",
            "CreateApiKey",
            "CreateUsagePlanKey",
            "PutObject",
            "DeleteUsagePlanKey",
            "DeleteApiKey"
        ],
        "the lock is not held while the old value is accepted"
    );
    let begun = |wanted: &str| {
        let mut times = told.0.iter().filter_map(|event| match event {
            Event::Call { operation, started, .. } if *operation == wanted => Some(*started),
            _ => None,
        });
        times.next_back().unwrap()
    };
    assert!(begun("DeleteUsagePlanKey") - begun("CreateUsagePlanKey") >= Duration::from_secs(59));
    assert!(told.0.iter().any(|event| matches!(event, Event::StepWaiting { .. })), "the wait is not told");

    let keys = Keys::of(&world).await;
    assert_eq!((keys.ours.len(), &keys.usable), (1, &keys.ours));
    assert_ne!(shown(&world).await, before);
    world.assert_idle().await;
}

#[tokio::test(start_paused = true)]
async fn no_event_of_a_rotation_holds_a_value() {
    let world = World::with(counting());
    world.deploy().await;
    let before = shown(&world).await;
    let (_, told) = rotate(&world, MINUTE).await;
    let after = shown(&world).await;
    let all = serde_json::to_string(&told.0).unwrap();
    assert!(!all.contains(&before) && !all.contains(&after));
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_call_the_same_command_finishes_it() {
    for calls in 1..all_calls().await {
        let world = World::with(counting());
        world.deploy().await;
        let before = shown(&world).await;
        rotate_until(&world, calls).await;
        let keys = Keys::of(&world).await;
        assert!(!keys.usable.is_empty() && keys.ours.len() <= 2, "killed after call {calls}: {:?}", keys.ours);
        let current = pipeline::show_key(&world.settings, None, &Recorder::default()).await.unwrap().id;
        assert!(keys.usable.contains(&current), "killed after call {calls}, the value shown is not accepted");

        let (result, told) = rotate(&world, None).await;
        result.unwrap_or_else(|failure| panic!("killed after call {calls}: {failure:#?}"));
        assert!(told.calls().iter().filter(|call| **call == "CreateApiKey").count() <= 1);
        let keys = Keys::of(&world).await;
        assert_eq!((keys.ours.len(), &keys.usable), (1, &keys.ours), "killed after call {calls}");
        assert_ne!(shown(&world).await, before, "killed after call {calls}");
        Inventory::of(&world).await.assert_single(&format!("a rotation killed after call {calls}"));
        world.assert_idle().await;
    }
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_call_a_deploy_goes_on_and_leaves_the_old_key_its_time() {
    for calls in 1..all_calls().await {
        let world = World::with(counting());
        world.deploy().await;
        let before = Keys::of(&world).await.ours[0].clone();
        let begun = tokio::time::Instant::now();
        rotate_until(&world, calls).await;
        // Only who killed it after the whole wait left a key whose time is over.
        let over = Some(begun.elapsed()) >= MINUTE;
        let there = Keys::of(&world).await.ours.contains(&before);

        let told = world.deploy().await;
        let deleted = told.writes().contains(&"DeleteApiKey");
        assert_eq!(deleted, there && over, "killed after call {calls}: {:?}", told.writes());
        let standing = there && !over;
        let keys = Keys::of(&world).await;
        assert!(!keys.usable.is_empty(), "killed after call {calls}");
        assert!(keys.ours.len() <= 2 && keys.ours.contains(&before) == standing, "killed after call {calls}");
        world.assert_idle().await;

        let (torn, _) = world.teardown().await;
        assert!(torn.left.is_empty(), "killed after call {calls}: {:?}", torn.left);
        assert!(Keys::of(&world).await.ours.is_empty(), "killed after call {calls}");
    }
}

/// The calls after which the new key is in the plan and the old one waits.
async fn waiting_for_its_time(world: &World) -> String {
    let before = Keys::of(world).await.ours[0].clone();
    let fuse = Fuse::of(usize::MAX);
    tokio::select! {
        biased;
        _ = pipeline::rotate_key(&world.settings, None, MINUTE, &fuse, &|_| true) => panic!("it did not wait"),
        () = tokio::time::sleep(Duration::from_secs(2)) => {}
    }
    assert_eq!(Keys::of(world).await.usable.len(), 2);
    before
}

#[tokio::test]
async fn after_its_time_the_old_key_is_pruned_by_a_deploy_as_a_step_of_the_plan() {
    let world = World::with(Profile::quick());
    world.deploy().await;
    let old = waiting_for_its_time(&world).await;
    world.assert_idle().await;
    assert!(world.planned_changes().await.is_empty());
    // Whoever looks is told that the old value is good still.
    let notes = world.status().await.notes;
    let [note] = notes.as_slice() else { panic!("{notes:?}") };
    assert!(note.starts_with("an earlier value of the API key ServerlessPOC is accepted, too, until 20"), "{note}");
    assert_eq!(world.plan().await.notes, notes);

    let tag = Client::new(&world.sdk()).tag_resource();
    let tag = tag.resource_arn(format!("arn:aws:apigateway:{REGION}::/apikeys/{old}"));
    tag.tags("poc:retires", "2020-01-01T00:00:00Z").tags("poc:grace", "0").send().await.unwrap();
    assert_eq!(world.status().await.notes, [""; 0]);
    let planned = world.plan().await.plan;
    let steps: Vec<_> = planned.steps.iter().map(|step| (step.step.as_str(), step.action)).collect();
    assert_eq!(steps, [("api_key.ServerlessPOC", Action::Prune)]);
    assert_eq!(planned.steps[0].changes[0].path, format!("old key {old}"));
    world.deploy().await;
    let keys = Keys::of(&world).await;
    assert!(keys.ours.len() == 1 && !keys.ours.contains(&old));
    world.assert_idle().await;
}

#[tokio::test]
async fn the_rest_of_a_rotation_can_be_hurried() {
    let world = World::with(Profile::quick());
    world.deploy().await;
    let old = waiting_for_its_time(&world).await;
    let new = shown(&world).await;
    let (result, told) = rotate(&world, Some(Duration::ZERO)).await;
    assert!(result.unwrap().resumed);
    assert!(!told.writes().contains(&"CreateApiKey"), "{:?}", told.writes());
    let keys = Keys::of(&world).await;
    assert!(keys.ours.len() == 1 && !keys.ours.contains(&old));
    assert_eq!(shown(&world).await, new);
}

#[tokio::test]
async fn keys_of_others_stay_where_they_are() {
    let world = World::with(Profile::quick());
    world.deploy().await;
    let gateway = Client::new(&world.sdk());
    let namesake = gateway.create_api_key().name(NAME).enabled(true).send().await.unwrap().id.unwrap();
    let other = gateway.create_api_key().name("theirs").tags("poc:app", "another").enabled(true).send().await;
    let other = other.unwrap().id.unwrap();
    let plan = gateway.get_usage_plans().send().await.unwrap().items()[0].id().unwrap().to_owned();
    for key in [&namesake, &other] {
        gateway.create_usage_plan_key().usage_plan_id(&plan).key_id(key).key_type("API_KEY").send().await.unwrap();
    }
    let (result, _) = rotate(&world, Some(Duration::ZERO)).await;
    result.unwrap();
    let held = gateway.get_usage_plan_keys().usage_plan_id(&plan).send().await.unwrap();
    let held: Vec<&str> = held.items().iter().filter_map(|key| key.id()).collect();
    assert!(held.len() == 3 && held.contains(&namesake.as_str()) && held.contains(&other.as_str()), "{held:?}");
    for key in [&namesake, &other] {
        let tags = gateway.get_api_key().api_key(key).send().await.unwrap().tags;
        assert!(tags.is_none_or(|tags| !tags.contains_key("poc:retires")));
    }
}

fn problem(failure: Failure) -> poc::event::Problem {
    match failure {
        Failure::Problem(problem) => *problem,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_not_there_or_not_ours_is_neither_shown_nor_rotated() {
    let world = World::new();
    let show = async || pipeline::show_key(&world.settings, None, &Recorder::default()).await;
    assert_eq!(problem(show().await.unwrap_err()).kind, "not_deployed");
    let gateway = Client::new(&world.sdk());
    gateway.create_api_key().name(NAME).value("a-value-of-somebody-else").send().await.unwrap();
    let foreign = problem(show().await.unwrap_err());
    assert_eq!(foreign.kind, "not_ours");
    assert!(!format!("{foreign:?}").contains("a-value-of-somebody-else"));
    let (result, told) = rotate(&world, None).await;
    assert_eq!(problem(result.unwrap_err()).kind, "not_ours");
    assert!(told.writes().is_empty());
}

#[tokio::test]
async fn said_no_nothing_is_written() {
    let world = World::new();
    world.deploy().await;
    let recorder = Recorder::default();
    let rotated = pipeline::rotate_key(&world.settings, None, None, &recorder, &|_| false).await.unwrap();
    assert_eq!(rotated.outcome, Outcome::Declined);
    assert!(Told(recorder.0.into_inner()).writes().is_empty());
}

/// There is always a key that opens the API: the old one stays where the new one was taken out of the plan meanwhile.
#[tokio::test(start_paused = true)]
async fn a_new_key_that_somebody_takes_out_of_the_plan_keeps_the_old_one_there() {
    let world = World::with(counting());
    world.deploy().await;
    let old = Keys::of(&world).await.usable;
    let gateway = Client::new(&world.sdk());
    let plan = gateway.get_usage_plans().send().await.unwrap().items()[0].id().unwrap().to_owned();
    let undone = async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        let new = Keys::of(&world).await.usable.into_iter().find(|id| !old.contains(id)).expect("both are in the plan");
        gateway.delete_usage_plan_key().usage_plan_id(&plan).key_id(new).send().await.unwrap();
    };
    let ((result, _), ()) = tokio::join!(rotate(&world, MINUTE), undone);
    let problem = problem(result.unwrap_err());
    assert_eq!(problem.kind, "rotation_undone");
    crate::support::problems::shown(&problem);
    assert_eq!(Keys::of(&world).await.usable, old);
}
