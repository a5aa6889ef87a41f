//! One run at a time on a stage, across machines: the lock in the artifact bucket.

use std::cell::Cell;
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use poc::event::{Event, Outcome, Problem, Recorder};
use poc::local::cloud::{ACCOUNT, Profile};
use poc::pipeline::{self, Failure};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::inventory::Inventory;
use crate::support::problems::shown;
use crate::support::{Told, World, counting};

const KEY: &str = "ServerlessPOC/prod/lock.json";
const MINUTE: Duration = Duration::from_secs(60);

fn bucket() -> String {
    format!("serverless-poc-{ACCOUNT}-us-east-1")
}

/// A second checkout of the same application, before the same account.
fn beside(world: &World) -> World {
    let other = World::new();
    World {
        cloud: world.cloud.clone(),
        settings: pipeline::Settings { cloud: world.settings.cloud.clone(), ..other.settings.clone() },
        ..other
    }
}

fn s3(world: &World) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(&world.sdk()).force_path_style(true).build();
    aws_sdk_s3::Client::from_conf(config)
}

async fn lock(world: &World) -> Option<Value> {
    let object = s3(world).get_object().bucket(bucket()).key(KEY).send().await.ok()?;
    Some(serde_json::from_slice(&object.body.collect().await.unwrap().into_bytes()).unwrap())
}

#[track_caller]
fn assert_free(lock: Option<&Value>) {
    assert_eq!(lock.map(|lock| &lock["held"]), Some(&json!(false)), "{lock:?}");
}

/// Somebody on another machine takes the lock, without asking.
async fn seize(world: &World, lease: Duration) {
    let now = poc::local::cloud::iso(world.cloud.clock().epoch_millis());
    let until = poc::local::cloud::iso(world.cloud.clock().epoch_millis() + u64::try_from(lease.as_millis()).unwrap());
    let record = json!({
        "held": true, "id": "ci-1", "command": "deploy", "who": "runner@ci-17", "run": "https://ci.example.com/run/1",
        "host": "ci-17", "pid": 42, "machine": "another", "since": now, "until": until,
    });
    let body = ByteStream::from(record.to_string().into_bytes());
    s3(world).put_object().bucket(bucket()).key(KEY).body(body).send().await.unwrap();
}

#[track_caller]
fn refusal(failure: Failure) -> Problem {
    match failure {
        Failure::Problem(problem) => *problem,
        other => panic!("{other:?}"),
    }
}

fn notes(told: &Told) -> String {
    let notes =
        told.0.iter().filter_map(|event| if let Event::Note { text } = event { Some(text.as_str()) } else { None });
    notes.collect::<Vec<_>>().join("\n")
}

/// Everything is quick but the certificate.
fn slow_certificate(issued: Duration) -> Profile {
    Profile { certificate_issued: issued, ..counting() }
}

#[tokio::test(start_paused = true)]
async fn of_two_first_deploys_at_once_one_deploys_and_the_other_names_it() {
    let one = World::with(counting());
    let two = beside(&one);
    let (first, second) = tokio::join!(one.try_deploy(), two.try_deploy());
    let (done, refused): (Vec<_>, Vec<_>) = [first, second].into_iter().partition(|(result, _)| result.is_ok());
    assert_eq!((done.len(), refused.len()), (1, 1));
    let (result, told) = refused.into_iter().next().unwrap();
    let problem = refusal(result.unwrap_err());
    assert!(problem.is_of_the_lock() && problem.kind == "locked", "{problem:?}");
    let pid = format!("process {} on ", std::process::id());
    assert!(problem.message.contains("poc deploy since ") && problem.message.contains(&pid), "{problem:?}");
    assert!(problem.next.contains("--wait-for-lock") && problem.next.contains("poc unlock"), "{problem:?}");
    // Both may have made the bucket, which is the same for both.
    let harmless = ["CreateBucket", "PutBucketTagging", "PutPublicAccessBlock", "PutObject"];
    assert!(told.writes().iter().all(|write| harmless.contains(write)), "{:?}", told.writes());
    Inventory::of(&one).await.assert_single("two at once");
    assert_free(lock(&one).await.as_ref());
    two.assert_idle().await;
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_goes_on_when_the_other_is_done_and_doubles_nothing() {
    let one = World::with(counting());
    let mut two = beside(&one);
    two.settings.wait_for_lock = 10 * MINUTE;
    one.deploy().await;
    one.edit("deploy.yaml", "memory: 256", "memory: 512");
    two.edit("deploy.yaml", "memory: 256", "memory: 512");
    two.edit("deploy.yaml", "limit: 500", "limit: 600");
    let late = async {
        sleep(Duration::from_millis(450)).await;
        two.deploy().await
    };
    let (first, second) = tokio::join!(one.deploy(), late);
    assert!(first.writes().contains(&"UpdateFunctionConfiguration"), "{:?}", first.writes());
    // What the first did is not done again.
    assert!(!second.writes().contains(&"UpdateFunctionConfiguration"), "{:?}", second.writes());
    assert!(second.writes().contains(&"UpdateUsagePlan"), "{:?}", second.writes());
    assert!(notes(&second).contains("waiting for "), "{} {:?}", notes(&second), second.calls());
    two.assert_idle().await;
}

#[tokio::test(start_paused = true)]
async fn a_teardown_does_not_begin_during_a_deploy() {
    let one = World::with(slow_certificate(5 * MINUTE));
    let two = beside(&one);
    let teardown = async {
        sleep(MINUTE).await;
        pipeline::teardown(&two.settings, &Recorder::default(), &|_| true).await
    };
    let (deployed, torn) = tokio::join!(one.try_deploy(), teardown);
    deployed.0.unwrap();
    assert_eq!(refusal(torn.unwrap_err()).kind, "locked");
    one.assert_idle().await;
    let empty = Inventory::of(&World::with(counting())).await;
    let (torn, _) = two.teardown().await;
    assert_eq!((torn.left, Inventory::of(&two).await), (vec![], empty));
    assert_eq!(lock(&one).await, None, "the lock goes with its bucket");
}

#[tokio::test(start_paused = true)]
async fn a_lock_from_elsewhere_holds_until_its_lease_has_ended_by_s3s_clock() {
    let world = World::with(counting());
    world.deploy().await;
    world.edit("deploy.yaml", "memory: 256", "memory: 512");
    seize(&world, 2 * MINUTE).await;
    sleep(2 * MINUTE - Duration::from_secs(10)).await;
    let asked = Cell::new(false);
    let confirm = |_: &_| {
        asked.set(true);
        true
    };
    let recorder = Recorder::default();
    let result = pipeline::deploy(&world.settings, &recorder, &confirm).await;
    let problem = refusal(result.unwrap_err());
    for words in ["runner@ci-17", "poc deploy since ", "process 42 on ci-17", "https://ci.example.com/run/1"] {
        assert!(problem.message.contains(words), "{problem:?}");
    }
    assert!(!asked.get(), "nobody is asked about what cannot be done");
    assert_eq!(Told(recorder.0.into_inner()).finished().1, 0);

    sleep(Duration::from_secs(11)).await;
    let told = world.deploy().await;
    assert!(notes(&told).contains("runner@ci-17") && notes(&told).contains("taken over"), "{}", notes(&told));
    assert_free(lock(&world).await.as_ref());
    world.assert_idle().await;
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_dead_holder_ends_with_its_lease_or_when_patience_does() {
    let mut world = World::with(counting());
    world.deploy().await;
    world.edit("deploy.yaml", "memory: 256", "memory: 512");
    seize(&world, 2 * MINUTE).await;
    world.settings.wait_for_lock = MINUTE;
    let begun = Instant::now();
    assert_eq!(refusal(world.try_deploy().await.0.unwrap_err()).kind, "locked");
    assert!((55..65).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    world.settings.wait_for_lock = 10 * MINUTE;
    world.deploy().await;
    assert!((120..135).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_renewed_for_as_long_as_the_run_takes() {
    let world = World::with(slow_certificate(20 * MINUTE));
    let two = beside(&world);
    let later = async {
        sleep(19 * MINUTE).await;
        two.try_deploy().await.0
    };
    let ((first, _), second) = tokio::join!(world.try_deploy(), later);
    first.unwrap();
    assert_eq!(refusal(second.unwrap_err()).kind, "locked");
    assert_free(lock(&world).await.as_ref());
}

#[tokio::test(start_paused = true)]
async fn a_run_that_lost_its_lock_writes_nothing_more() {
    let world = World::with(slow_certificate(5 * MINUTE));
    let seized = async {
        sleep(MINUTE).await;
        seize(&world, 60 * MINUTE).await;
    };
    let ((result, told), ()) = tokio::join!(world.try_deploy(), seized);
    let problem = refusal(result.unwrap_err());
    assert!(problem.kind == "lock_lost" && problem.is_of_the_lock(), "{problem:?}");
    assert!(problem.message.contains("runner@ci-17 has it"), "{problem:?}");
    shown(&problem);
    let late = told.0.iter().filter_map(|event| match event {
        Event::Call { operation, started, error: None, .. }
            if *started > MINUTE
                && !["Get", "List", "Describe", "Head"].iter().any(|look| operation.starts_with(look)) =>
        {
            Some(*operation)
        }
        _ => None,
    });
    let late: Vec<_> = late.collect();
    assert_eq!(late, Vec::<&str>::new());
    assert_eq!(lock(&world).await.unwrap()["who"], "runner@ci-17", "it is not let go by whom it does not belong to");
}

#[tokio::test(start_paused = true)]
async fn a_failed_run_lets_the_lock_go() {
    let world = World::with(counting());
    // AWS_FACTS B5: 100 of the account's concurrency stay unreserved.
    world.edit("deploy.yaml", "  timeout: 10 ", "  reserved_concurrency: 950\n  timeout: 10 ");
    let (result, _) = world.try_deploy().await;
    assert!(!refusal(result.unwrap_err()).is_of_the_lock());
    assert_free(lock(&world).await.as_ref());
}

#[tokio::test(start_paused = true)]
async fn asked_to_stop_a_run_finishes_what_is_in_flight_and_lets_the_lock_go() {
    for moment in [450, 750, 1_000, 1_250, 2_000] {
        let world = World::with(slow_certificate(5 * MINUTE));
        let stop = world.settings.stop.clone();
        let asked = async {
            sleep(Duration::from_millis(moment)).await;
            (stop.ask(), Instant::now())
        };
        let ended = async { (world.try_deploy().await, Instant::now()) };
        let ((heeded, then), ((result, told), end)) = tokio::join!(asked, ended);
        assert!(heeded, "{moment}");
        assert!(matches!(result, Err(Failure::Interrupted)), "{moment}: {result:?}");
        assert_eq!(told.outcome(), Outcome::Interrupted);
        assert!(end - then < Duration::from_secs(1), "{moment}: it took {:?}", end - then);
        assert_free(lock(&world).await.as_ref());

        let again = beside(&world);
        again.deploy().await;
        Inventory::of(&again).await.assert_single(&format!("stopped after {moment} ms"));
        again.assert_idle().await;
    }
}

/// Asks the run to stop when it has told so many of certain events.
struct StopsAt<'s> {
    recorder: Recorder,
    stop: &'s pipeline::Stop,
    event: fn(&Event) -> bool,
    left: Cell<usize>,
}

impl poc::event::Reporter for StopsAt<'_> {
    fn report(&self, event: &Event) {
        self.recorder.report(event);
        if (self.event)(event) {
            self.left.set(self.left.get().wrapping_sub(1));
            if self.left.get() == 0 {
                self.stop.ask();
            }
        }
    }
}

/// Where the last call was under way, the work is done. What AWS tells of only later is the next run's: a teardown looks
/// for it once more, and would wait for ever to delete it.
#[tokio::test(start_paused = true)]
async fn asked_to_stop_in_its_last_step_a_teardown_ends() {
    let mut last = 0;
    for left in 1..=6 {
        let world = World::with(Profile::aws(7));
        let stopped = |stop, event, left| StopsAt { recorder: Recorder::default(), stop, event, left: Cell::new(left) };
        let requested = |event: &Event| matches!(event, Event::Call { operation: "RequestCertificate", .. });
        let reporter = stopped(&world.settings.stop, requested, 1);
        let cut = pipeline::deploy(&world.settings, &reporter, &|_| true).await;
        assert!(matches!(cut, Err(Failure::Interrupted)), "{cut:?}");

        let down = beside(&world);
        let reporter =
            stopped(&down.settings.stop, |event| matches!(event, Event::Call { step, .. } if step == "bucket"), left);
        let ended = tokio::time::timeout(60 * MINUTE, pipeline::teardown(&down.settings, &reporter, &|_| true)).await;
        let ended = ended.unwrap_or_else(|_| panic!("stopped after {left} calls, it does not end"));
        let asked = reporter.left.get() == 0;
        assert!(!asked || matches!(ended, Err(Failure::Interrupted)), "{left}: {ended:?}");
        last += usize::from(!asked);

        let (torn, _) = beside(&world).teardown().await;
        assert!(torn.left.is_empty(), "{left}: {:?}", torn.left);
    }
    assert!((1..6).contains(&last), "the last step has some calls, and fewer than that");
}

/// Then everything stands, but nobody has tried it.
#[tokio::test(start_paused = true)]
async fn asked_to_stop_in_its_last_step_a_deploy_makes_no_checks() {
    let ends = |event: &Event| matches!(event, Event::StepFinished { .. });
    let steps = World::with(counting()).deploy().await.0.iter().filter(|event| ends(event)).count();
    let mut world = World::with(counting());
    world.settings.checks = true;
    let (recorder, left) = (Recorder::default(), Cell::new(steps));
    let reporter = StopsAt { recorder, stop: &world.settings.stop, event: ends, left };
    let ended = pipeline::deploy(&world.settings, &reporter, &|_| true).await;
    assert!(matches!(ended, Err(Failure::Interrupted)), "{ended:?}");
    assert_free(lock(&world).await.as_ref());
    beside(&world).assert_idle().await;
}

/// Asks the run to stop when the answer to its request for the lock is there.
struct StopsAtTheLock<'s>(Recorder, &'s pipeline::Stop);

impl poc::event::Reporter for StopsAtTheLock<'_> {
    fn report(&self, event: &Event) {
        if matches!(event, Event::Call { operation: "PutObject", .. }) {
            assert!(self.1.ask(), "nobody heeds it");
        }
        self.0.report(event);
    }
}

/// Whoever asks is told that the run ends, so it does, also where it did not get the lock.
#[tokio::test(start_paused = true)]
async fn asked_to_stop_a_run_that_lost_the_race_for_the_lock_does_not_go_on() {
    let world = World::with(counting());
    world.deploy().await;
    world.edit("deploy.yaml", "memory: 256", "memory: 512");
    let before = Inventory::of(&world).await;
    let reporter = StopsAtTheLock(Recorder::default(), &world.settings.stop);
    let (shown, taken) = (tokio::sync::Notify::new(), Cell::new(0));
    let confirm = |_: &_| {
        taken.set(taken.get() + 1);
        shown.notify_one();
        true
    };
    // Somebody is quicker: it takes the lock between the plan and the write.
    let other = async {
        shown.notified().await;
        seize(&world, 10 * MINUTE).await;
    };
    let run = pipeline::deploy(&world.settings, &reporter, &confirm);
    let (result, ()) = tokio::join!(run, other);
    assert!(matches!(result, Err(Failure::Interrupted)), "{result:?}");
    assert_eq!(taken.get(), 1, "nobody is asked again");
    assert_eq!(Inventory::of(&world).await, before);
    assert_eq!(lock(&world).await.unwrap()["who"], "runner@ci-17");
}

#[tokio::test(start_paused = true)]
async fn what_changes_nothing_takes_no_lock_and_tells_who_is_at_work() {
    let world = World::with(counting());
    world.deploy().await;
    seize(&world, 2 * MINUTE).await;
    let told = world.deploy().await;
    assert_eq!((told.outcome(), told.finished().1), (Outcome::Unchanged, 0));
    assert!(notes(&told).contains("runner@ci-17 is at work on this stage"), "{}", notes(&told));
    let planned = world.plan().await;
    assert!(planned.notes[0].contains("runner@ci-17"), "{:?}", planned.notes);
    world.status().await;
    assert_eq!(lock(&world).await.unwrap()["who"], "runner@ci-17");
}

/// The plan that was shown is true when it is done: somebody else was here while the person thought about it.
#[tokio::test]
async fn a_plan_that_is_no_longer_true_is_made_anew() {
    let one = World::new();
    let two = beside(&one);
    let asked = Cell::new(0);
    let confirm = |_: &_| {
        asked.set(asked.get() + 1);
        let settings = two.settings.clone();
        let elsewhere = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime
                .block_on(async { pipeline::deploy(&settings, &Recorder::default(), &|_| true).await.unwrap().outcome })
        });
        assert_eq!(elsewhere.join().unwrap(), Outcome::Changed);
        true
    };
    let deployed = pipeline::deploy(&one.settings, &Recorder::default(), &confirm).await.unwrap();
    assert_eq!((deployed.outcome, asked.get()), (Outcome::Unchanged, 1));
    Inventory::of(&one).await.assert_single("deployed by somebody else meanwhile");
}

#[tokio::test(start_paused = true)]
async fn unlock_takes_the_lock_away_from_whoever_has_it() {
    let world = World::with(slow_certificate(5 * MINUTE));
    let none = pipeline::unlock(&world.settings, &Recorder::default(), &|_| panic!("there is no lock")).await.unwrap();
    assert_eq!(none.outcome, Outcome::Unchanged);

    let two = beside(&world);
    let unlocked = async {
        sleep(MINUTE).await;
        let declined = pipeline::unlock(&two.settings, &Recorder::default(), &|_| false).await.unwrap();
        assert_eq!(declined.outcome, Outcome::Declined);
        let confirm = |holder: &pipeline::Holder| {
            assert!(holder.what.starts_with("poc deploy since ") && !holder.dead, "{holder:?}");
            true
        };
        pipeline::unlock(&two.settings, &Recorder::default(), &confirm).await.unwrap()
    };
    let ((result, _), unlocked) = tokio::join!(world.try_deploy(), unlocked);
    assert_eq!(unlocked.outcome, Outcome::Changed);
    let problem = refusal(result.unwrap_err());
    assert!(problem.kind == "lock_lost" && problem.message.contains("poc unlock"), "{problem:?}");
    two.deploy().await;
    two.assert_idle().await;
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_cannot_be_read_holds_until_it_is_taken_away() {
    let world = World::with(counting());
    world.deploy().await;
    world.edit("deploy.yaml", "memory: 256", "memory: 512");
    let body = ByteStream::from_static(b"a later version's");
    s3(&world).put_object().bucket(bucket()).key(KEY).body(body).send().await.unwrap();
    sleep(10 * MINUTE).await;
    assert_eq!(refusal(world.try_deploy().await.0.unwrap_err()).kind, "locked");
    pipeline::unlock(&world.settings, &Recorder::default(), &|_| true).await.unwrap();
    world.deploy().await;
    world.assert_idle().await;
}

#[tokio::test(start_paused = true)]
async fn a_rotation_waits_for_its_turn_too() {
    let world = World::with(counting());
    world.deploy().await;
    seize(&world, 2 * MINUTE).await;
    let rotated = pipeline::rotate_key(&world.settings, None, None, &Recorder::default(), &|_| true).await;
    assert_eq!(refusal(rotated.unwrap_err()).kind, "locked");
}

#[tokio::test(start_paused = true)]
async fn without_a_bucket_a_teardown_goes_on_and_says_so() {
    let world = World::with(counting());
    world.deploy().await;
    world.cloud.inspect(|state| state.s3.buckets.clear()).await.unwrap();
    let (torn, told) = world.teardown().await;
    assert!(torn.left.is_empty(), "{:?}", torn.left);
    assert!(notes(&told).contains("no artifact bucket of ours"), "{}", notes(&told));
}
