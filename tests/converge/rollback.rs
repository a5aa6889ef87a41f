//! `poc rollback`: back to an earlier release and forward again, told by what AWS has alone; nothing made, nothing lost.

use std::cell::Cell;
use std::future::Future;
use std::time::Duration;

use aws_sdk_apigateway::types::{Op, PatchOperation};
use aws_sdk_lambda::types::AliasRoutingConfiguration;
use poc::event::{Event, Outcome, Problem, Recorder, Reporter};
use poc::pipeline::{self, Failure, Planned, RollbackTo, RolledBack};
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::inventory::Inventory;
use crate::support::problems::{shown, shown_as};
use crate::support::{Told, World, counting};

const FUNCTION: &str = "ServerlessPOCAdmission";
const HOUR: Duration = Duration::from_secs(3600);
const TEMPLATE: &str = "templates/admit/request.vtl";

async fn back_to(world: &World, to: Option<&str>) -> (Result<RolledBack, Failure>, Told) {
    let (recorder, to) = (Recorder::default(), to.map(|to| to.parse::<RollbackTo>().unwrap()));
    let result = pipeline::rollback(&world.settings, to.as_ref(), &recorder, &|_| true).await;
    (result, Told(recorder.0.into_inner()))
}

async fn back(world: &World) -> Told {
    let (result, told) = back_to(world, None).await;
    assert_eq!(result.unwrap_or_else(|failure| panic!("{failure:#?}")).outcome, Outcome::Changed);
    told
}

async fn refused(world: &World, to: Option<&str>) -> Problem {
    problem(back_to(world, to).await.0)
}

#[track_caller]
fn problem<T: std::fmt::Debug>(result: Result<T, Failure>) -> Problem {
    match result {
        Err(Failure::Problem(problem)) => *problem,
        other => panic!("{other:?}"),
    }
}

/// The releases, the newest first: the place of the deployment among all, the oldest being A, and the version. A star
/// marks what is served.
async fn releases(world: &World) -> Vec<String> {
    let listed = pipeline::releases(&world.settings, &Recorder::default()).await.unwrap().releases;
    let mut deployments: Vec<(&Option<String>, &String)> =
        listed.iter().map(|line| (&line.deployed, &line.deployment)).collect();
    deployments.sort();
    deployments.dedup();
    let letter = |id: &str| {
        let place = deployments.iter().position(|(_, known)| *known == id).unwrap();
        char::from(b'A' + u8::try_from(place).unwrap())
    };
    listed
        .iter()
        .map(|line| format!("{}{}{}", letter(&line.deployment), line.version, if line.serves { "*" } else { "" }))
        .collect()
}

/// What the stage and the alias say.
async fn serves(world: &World) -> (String, String) {
    let gateway = aws_sdk_apigateway::Client::new(&world.sdk());
    let stage = gateway.get_stage().rest_api_id(api(world).await).stage_name("prod").send().await.unwrap();
    let lambda = aws_sdk_lambda::Client::new(&world.sdk());
    let alias = lambda.get_alias().function_name(FUNCTION).name("prod").send().await.unwrap();
    (stage.deployment_id().unwrap().to_owned(), alias.function_version().unwrap().to_owned())
}

async fn api(world: &World) -> String {
    let gateway = aws_sdk_apigateway::Client::new(&world.sdk());
    gateway.get_rest_apis().send().await.unwrap().items()[0].id().unwrap().to_owned()
}

/// The next deploy is another hour's.
async fn deploy(world: &World) -> Told {
    sleep(HOUR).await;
    world.deploy().await
}

fn new_code(world: &World) {
    world.edit("app/handler.py", "import json", "import json  # edited");
}

fn new_template(world: &World) {
    world.edit(TEMPLATE, "{", "{ ");
}

/// A1, then new code A2, then a new template B2.
async fn three() -> World {
    let world = World::with(counting());
    world.deploy().await;
    new_code(&world);
    deploy(&world).await;
    new_template(&world);
    deploy(&world).await;
    world
}

/// A1, then both new: B2.
async fn two() -> World {
    let world = World::with(counting());
    world.deploy().await;
    new_code(&world);
    new_template(&world);
    deploy(&world).await;
    world
}

#[tokio::test(start_paused = true)]
async fn of_templates_and_code_each_change_is_a_release_and_each_is_one_write_away() {
    let world = three().await;
    assert_eq!(releases(&world).await, ["B2*", "A2", "A1"]);
    let before = Inventory::of(&world).await;

    let told = back(&world).await;
    assert_eq!(told.writes(), ["PutObject", "UpdateStage", "PutObject"], "the lock, the stage, the lock");
    assert!(told.finished().0 <= 26, "{:?}", told.calls());
    assert_eq!(releases(&world).await, ["B2", "A2*", "A1"]);
    let told = back(&world).await;
    assert_eq!(told.writes(), ["PutObject", "UpdateAlias", "PutObject"]);
    let of_the_stage = |call: &&str| ["GetDeployment", "GetPolicy"].contains(call);
    assert_eq!(told.calls().iter().copied().find(|call| of_the_stage(call)), None, "the methods stay what they are");
    assert_eq!(releases(&world).await, ["B2", "A2", "A1*"]);
    assert_eq!(Inventory::of(&world).await, before, "nothing is made and nothing goes");

    assert_eq!(world.planned_changes().await, ["alias: version", "stage: deployment"]);
    let forward = deploy(&world).await;
    assert_eq!(forward.writes(), ["PutObject", "UpdateAlias", "UpdateStage", "PutObject"]);
    assert_eq!(releases(&world).await, ["B2*", "A2", "A1"]);
    world.assert_idle().await;
    assert_eq!(Inventory::of(&world).await, before);
}

#[tokio::test(start_paused = true)]
async fn old_code_never_stands_behind_new_templates() {
    let world = two().await;
    assert_eq!(releases(&world).await, ["B2*", "A1"]);
    assert_eq!(back(&world).await.writes(), ["PutObject", "UpdateStage", "UpdateAlias", "PutObject"]);
    let (result, told) = back_to(&world, Some("1")).await;
    assert_eq!((result.unwrap().outcome, releases(&world).await), (Outcome::Changed, vec!["B2*".into(), "A1".into()]));
    assert_eq!(told.writes(), ["PutObject", "UpdateAlias", "UpdateStage", "PutObject"]);
    // It is served already.
    let (result, told) = back_to(&world, Some("1")).await;
    assert_eq!((result.unwrap().outcome, told.writes().len()), (Outcome::Unchanged, 0));
    world.assert_idle().await;
}

/// A permission goes once no method needs it any more, so it comes back before the method does.
#[tokio::test(start_paused = true)]
async fn a_method_that_was_removed_may_be_called_before_it_is_served_again() {
    let world = World::with(counting());
    let more = "    /other:\n      GET: { integration: lambda }\n    /admit:\n";
    world.edit("deploy.yaml", "    /admit:\n", more);
    world.deploy().await;
    world.edit("deploy.yaml", more, "    /admit:\n");
    assert!(deploy(&world).await.writes().contains(&"RemovePermission"));
    let told = back(&world).await;
    // A deployment does not tell that its OPTIONS was answered without the function; no right too few is what counts.
    assert_eq!(told.writes(), ["PutObject", "AddPermission", "AddPermission", "UpdateStage", "PutObject"]);
    let lambda = aws_sdk_lambda::Client::new(&world.sdk());
    let policy = lambda.get_policy().function_name(FUNCTION).qualifier("prod").send().await.unwrap();
    assert!(policy.policy().unwrap().contains("/prod/GET/other"), "{policy:?}");
    deploy(&world).await;
    world.assert_idle().await;
    assert_eq!(releases(&world).await, ["B1*", "A1"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_shown_is_what_changes_and_a_no_changes_nothing() {
    let world = World::with(counting());
    world.edit(
        "deploy.yaml",
        "memory: 256",
        "memory: 256\n  environment: { TOKEN: { value: hush-hush, secret: true } }",
    );
    world.deploy().await;
    world.edit("deploy.yaml", "hush-hush", "other-hush");
    world.edit("deploy.yaml", "memory: 256", "memory: 512");
    world.edit("deploy.yaml", "    /admit:\n", "    /health:\n      GET: { integration: mock }\n    /admit:\n");
    deploy(&world).await;
    let (shown, recorder) = (Cell::new(None), Recorder::default());
    let confirm = |planned: &Planned| {
        shown.set(Some(planned.clone()));
        false
    };
    let done = pipeline::rollback(&world.settings, None, &recorder, &confirm).await.unwrap();
    assert_eq!((done.outcome, Told(recorder.0.into_inner()).writes().len()), (Outcome::Declined, 0));
    let planned = shown.take().unwrap();
    let changes: Vec<String> = planned
        .plan
        .steps
        .iter()
        .flat_map(|step| step.changes.iter().map(|change| format!("{}: {}", step.step, change.path)))
        .collect();
    assert_eq!(
        changes,
        [
            "stage: deployment",
            "stage: deployed",
            "stage: definition",
            "stage: GET /health",
            "stage: OPTIONS /health",
            "alias: version",
            "alias: published",
            "alias: memory",
            "alias: environment.TOKEN",
        ]
    );
    let text = serde_json::to_string(&planned).unwrap();
    assert!(!text.contains("hush-hush") && !text.contains("other-hush"), "{text}");
    assert!(text.contains("callers of GET /health get 403"), "{text}");
    assert!(planned.notes[0].starts_with("from version 2 with deployment "), "{:?}", planned.notes);
    assert!(planned.notes[0].contains(", made ") && planned.notes[0].contains(" by "), "{:?}", planned.notes);
}

/// Burns when this operation was answered.
struct Fuse {
    operation: &'static str,
    burnt: Notify,
}

impl Reporter for Fuse {
    fn report(&self, event: &Event) {
        if matches!(event, Event::Call { operation, .. } if *operation == self.operation) {
            self.burnt.notify_one();
        }
    }
}

async fn killed_after(world: &World, operation: &'static str, to: Option<&str>) {
    let (fuse, to) = (Fuse { operation, burnt: Notify::new() }, to.map(|to| to.parse::<RollbackTo>().unwrap()));
    tokio::select! {
        biased;
        () = fuse.burnt.notified() => {}
        ended = pipeline::rollback(&world.settings, to.as_ref(), &fuse, &|_| true) => panic!("it ended: {ended:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn killed_between_the_two_writes_the_same_command_ends_what_was_begun() {
    for to in [None, Some("3")] {
        // Two steps back in one: what is served between the writes is A2, a release of its own.
        let world = three().await;
        if to.is_none() {
            new_code(&world);
            new_template(&world);
            deploy(&world).await;
            assert_eq!(releases(&world).await, ["C3*", "B2", "A2", "A1"]);
        }
        killed_after(&world, "UpdateStage", to).await;
        let (result, told) = back_to(&world, to).await;
        assert_eq!(result.unwrap().outcome, Outcome::Changed);
        assert_eq!(told.writes(), ["PutObject", "UpdateAlias", "PutObject"], "{to:?}");
        let wanted: &[&str] = if to.is_none() { &["C3", "B2*", "A2", "A1"] } else { &["B2", "A2", "A1*"] };
        assert_eq!(releases(&world).await, wanted);
        deploy(&world).await;
        world.assert_idle().await;
    }
}

/// Killed on the way to A1 by name; asked without a name, it ends that way and begins no other.
#[tokio::test(start_paused = true)]
async fn a_way_that_was_cut_is_ended_before_another_is_begun() {
    let world = three().await;
    killed_after(&world, "UpdateStage", Some("3")).await;
    assert_eq!(releases(&world).await, ["B2", "A2*", "A1"]);
    let told = back(&world).await;
    let ended = |event: &Event| matches!(event, Event::Note { text } if text.contains("was begun and not ended"));
    assert!(told.0.iter().any(ended), "{:?}", told.0);
    assert_eq!(releases(&world).await, ["B2", "A2", "A1*"]);
    // It is ended, so it is not begun again: there is nothing before.
    assert_eq!(refused(&world, None).await.kind, "no_earlier_release");
}

/// Burns when so many writes were answered.
struct Cut {
    after: usize,
    writes: Recorder,
    burnt: Notify,
}

impl Reporter for Cut {
    fn report(&self, event: &Event) {
        self.writes.report(event);
        if Told(self.writes.0.borrow().clone()).writes().len() == self.after {
            self.burnt.notify_one();
        }
    }
}

/// Asked without a name, a way back that was cut ends where it was going, wherever it was cut, and goes no further: not even
/// where all that was left to do is to let go of the lock.
#[tokio::test(start_paused = true)]
async fn killed_after_any_write_the_same_command_goes_one_release_back_and_no_further() {
    let world = World::with(counting());
    world.deploy().await;
    let more = "    /other:\n      GET: { integration: lambda }\n    /admit:\n";
    world.edit("deploy.yaml", "    /admit:\n", more);
    new_code(&world);
    deploy(&world).await;
    world.edit("deploy.yaml", more, "    /admit:\n");
    new_code(&world);
    new_template(&world);
    deploy(&world).await;
    assert_eq!(releases(&world).await, ["C3*", "B2", "A1"]);
    let all = ["PutObject", "AddPermission", "AddPermission", "UpdateStage", "UpdateAlias", "PutObject"];
    for after in 1..all.len() {
        let cut = Cut { after, writes: Recorder::default(), burnt: Notify::new() };
        tokio::select! {
            biased;
            () = cut.burnt.notified() => {}
            ended = pipeline::rollback(&world.settings, None, &cut, &|_| true) => panic!("it ended: {ended:?}"),
        }
        assert_eq!(Told(cut.writes.0.into_inner()).writes(), all[..after]);
        let (result, told) = back_to(&world, None).await;
        assert_eq!(result.unwrap().to.version, "2", "killed after {after} writes");
        let wanted = [&["PutObject"], all[after..].as_ref()].concat();
        assert_eq!(told.writes(), wanted, "killed after {after} writes");
        assert_eq!(releases(&world).await, ["C3", "B2*", "A1"], "killed after {after} writes");
        deploy(&world).await;
        assert_eq!(releases(&world).await, ["C3*", "B2", "A1"]);
    }
    back(&world).await;
    back(&world).await;
    assert_eq!(releases(&world).await, ["C3", "B2", "A1*"], "it was ended, so the next one is a way of its own");
}

#[tokio::test(start_paused = true)]
async fn where_there_is_nothing_to_go_back_to_that_is_said_and_nothing_is_sent() {
    let world = World::with(counting());
    let (result, told) = back_to(&world, None).await;
    let told_of = problem(result);
    shown(&told_of);
    assert_eq!((told_of.kind, told.writes().len()), ("not_deployed", 0));
    world.deploy().await;
    let (result, told) = back_to(&world, None).await;
    let told_of = problem(result);
    assert_eq!((told_of.kind, told.writes().len()), ("no_earlier_release", 0));
    shown(&told_of);
    assert!(told_of.message.starts_with("version 1 with deployment "), "{told_of:?}");
    assert!(told_of.next.contains("`poc deploy --local"), "{told_of:?}");
    for to in ["2", "nothere", "nothere:1"] {
        let told_of = refused(&world, Some(to)).await;
        shown_as(&format!("no_such_release-{}", to.replace(':', "_")), &told_of);
        assert!(told_of.message.contains(to) && told_of.next.contains("rollback --list"), "{told_of:?}");
    }
}

/// A rollback during whose question something else happens.
async fn while_asked(world: &World, work: impl Future<Output = ()>) -> (Problem, Vec<&'static str>) {
    let (recorder, asked) = (Recorder::default(), Notify::new());
    let confirm = |_: &_| {
        asked.notify_one();
        true
    };
    let other = async {
        asked.notified().await;
        work.await;
    };
    let (done, ()) = tokio::join!(pipeline::rollback(&world.settings, None, &recorder, &confirm), other);
    (problem(done), Told(recorder.0.into_inner()).writes())
}

#[tokio::test(start_paused = true)]
async fn what_is_pruned_meanwhile_stops_it_before_it_changes_anything() {
    let world = two().await;
    let (before, lambda) = (serves(&world).await, aws_sdk_lambda::Client::new(&world.sdk()));
    let (told_of, writes) = while_asked(&world, async {
        lambda.delete_function().function_name(FUNCTION).qualifier("1").send().await.unwrap();
    })
    .await;
    assert_eq!((told_of.kind, serves(&world).await), ("release_gone", before));
    assert!(told_of.message.starts_with("version 1 of ServerlessPOCAdmission is not there any more"), "{told_of:?}");
    assert_eq!(writes, ["PutObject", "PutObject"], "the lock alone");
    shown_as("release_gone-version", &told_of);

    let world = two().await;
    let (before, api) = (serves(&world).await, api(&world).await);
    let gateway = aws_sdk_apigateway::Client::new(&world.sdk());
    let all = gateway.get_deployments().rest_api_id(&api).send().await.unwrap();
    let old = all.items().iter().find(|one| one.id() != Some(&before.0)).unwrap().id().unwrap().to_owned();
    let (told_of, writes) = while_asked(&world, async {
        gateway.delete_deployment().rest_api_id(&api).deployment_id(&old).send().await.unwrap();
    })
    .await;
    assert_eq!((told_of.kind, serves(&world).await), ("release_gone", before));
    assert!(told_of.message.starts_with(&format!("deployment {old} is not there any more")), "{told_of:?}");
    shown_as("release_gone-deployment", &told_of);
    assert_eq!(writes, ["PutObject", "PutObject"]);
}

#[tokio::test(start_paused = true)]
async fn what_somebody_changes_meanwhile_stays_as_they_made_it() {
    let world = two().await;
    let lambda = aws_sdk_lambda::Client::new(&world.sdk());
    let (told_of, writes) = while_asked(&world, async {
        lambda.update_alias().function_name(FUNCTION).name("prod").function_version("1").send().await.unwrap();
    })
    .await;
    assert_eq!((told_of.kind, writes), ("changed_meanwhile", vec!["PutObject", "PutObject"]));
    assert!(told_of.message.contains("serves version 1 with deployment "), "{told_of:?}");
    shown(&told_of);
    assert_eq!(serves(&world).await.1, "1");
}

/// A way that was refused before its first step was never begun, so there is nothing of it to be ended.
#[tokio::test(start_paused = true)]
async fn a_way_that_was_refused_is_decided_anew() {
    let world = three().await;
    let lambda = aws_sdk_lambda::Client::new(&world.sdk());
    let (told_of, _) = while_asked(&world, async {
        lambda.update_alias().function_name(FUNCTION).name("prod").function_version("1").send().await.unwrap();
    })
    .await;
    assert_eq!(told_of.kind, "changed_meanwhile");
    let told = back(&world).await;
    let begun = |event: &Event| matches!(event, Event::Note { text } if text.contains("was begun"));
    assert!(!told.0.iter().any(begun), "{:?}", told.0);
    assert_eq!(releases(&world).await, ["B2", "A2*", "A1"], "the release before what they made of it");
}

#[tokio::test(start_paused = true)]
async fn a_role_that_is_gone_keeps_its_version_from_being_served() {
    let world = World::with(counting());
    world.deploy().await;
    world.edit("deploy.yaml", "  memory: 256", "  role: { name: another }\n  memory: 256");
    deploy(&world).await;
    assert_eq!(releases(&world).await, ["A2*", "A1"]);
    let (result, told) = back_to(&world, None).await;
    let told_of = problem(result);
    assert_eq!((told_of.kind, told.writes().len()), ("release_gone", 0));
    assert!(told_of.message.contains("the role ") && told_of.message.contains("version 1"), "{told_of:?}");
    shown_as("release_gone-role", &told_of);
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_function_is_left_alone() {
    let world = two().await;
    let lambda = aws_sdk_lambda::Client::new(&world.sdk());
    let arn = lambda.get_function().function_name(FUNCTION).send().await.unwrap();
    let arn = arn.configuration().unwrap().function_arn().unwrap().to_owned();
    lambda.tag_resource().resource(arn).tags("poc:app", "another").send().await.unwrap();
    let before = serves(&world).await;
    let (result, told) = back_to(&world, None).await;
    let told_of = problem(result);
    assert_eq!((told_of.kind, told.writes().len(), serves(&world).await), ("not_ours", 0, before));
    assert!(told_of.message.contains(FUNCTION), "{told_of:?}");
}

/// A deploy that is under way is not disturbed, and waited for where that is asked.
#[tokio::test(start_paused = true)]
async fn while_somebody_deploys_it_waits_or_ends_with_their_name() {
    let world = two().await;
    let other = World::in_cloud(world.cloud.clone());
    world.edit("deploy.yaml", "memory: 256", "memory: 512");
    let late = async {
        sleep(Duration::from_millis(450)).await;
        back_to(&other, None).await
    };
    let (_, (result, told)) = tokio::join!(world.deploy(), late);
    let told_of = problem(result);
    assert!(told_of.is_of_the_lock() && told_of.kind == "locked", "{told_of:?}");
    assert_eq!(told.writes().len(), 0);

    let mut other = World::in_cloud(world.cloud.clone());
    other.settings.wait_for_lock = Duration::from_secs(600);
    world.edit("deploy.yaml", "memory: 512", "memory: 1024");
    let late = async {
        sleep(Duration::from_millis(450)).await;
        back_to(&other, None).await
    };
    let (_, (result, _)) = tokio::join!(deploy(&world), async {
        sleep(HOUR).await;
        late.await
    });
    // To the release before the one that was being deployed.
    assert_eq!(result.unwrap().outcome, Outcome::Changed);
    assert_eq!(releases(&world).await, ["B4", "B3*", "B2", "A1"]);
}

/// Templates as they were, with the code of today: one more release, and the descriptions tell it.
#[tokio::test(start_paused = true)]
async fn old_templates_with_new_code_are_a_release_of_their_own() {
    let world = two().await;
    let old = std::fs::read_to_string(world.path(TEMPLATE)).unwrap();
    world.write(TEMPLATE, old.replacen("{ ", "{", 1).as_str());
    let told = deploy(&world).await;
    assert!(told.writes().ends_with(&["UpdateDeployment", "UpdateStage", "PutObject"]), "{:?}", told.writes());
    world.assert_idle().await;
    world.edit(TEMPLATE, "{", "{  ");
    deploy(&world).await;
    assert_eq!(releases(&world).await, ["C2*", "B2", "A2", "A1"]);
}

/// Once callers get that release, nothing but its descriptions tells of it later, and the next run has no reason to look.
#[tokio::test(start_paused = true)]
async fn a_deploy_that_is_killed_once_the_stage_moved_has_told_of_its_release() {
    let world = two().await;
    let old = std::fs::read_to_string(world.path(TEMPLATE)).unwrap();
    world.write(TEMPLATE, old.replacen("{ ", "{", 1).as_str());
    sleep(HOUR).await;
    let fuse = Fuse { operation: "UpdateStage", burnt: Notify::new() };
    tokio::select! {
        biased;
        () = fuse.burnt.notified() => {}
        ended = pipeline::deploy(&world.settings, &fuse, &|_| true) => panic!("it ended: {ended:?}"),
    }
    deploy(&world).await;
    world.edit(TEMPLATE, "{", "{  ");
    deploy(&world).await;
    assert_eq!(releases(&world).await, ["C2*", "B2", "A2", "A1"]);
}

/// What was deployed before the descriptions told which version belongs to which deployment is told by the times.
#[tokio::test(start_paused = true)]
async fn releases_of_before_are_read_by_their_times() {
    let world = three().await;
    let (gateway, api) = (aws_sdk_apigateway::Client::new(&world.sdk()), api(&world).await);
    for made in gateway.get_deployments().rest_api_id(&api).send().await.unwrap().items() {
        let before = made.description().unwrap().split(' ').take(2).collect::<Vec<_>>().join(" ");
        let plain = PatchOperation::builder().op(Op::Replace).path("/description").value(before).build();
        let update = gateway.update_deployment().rest_api_id(&api).deployment_id(made.id().unwrap());
        update.patch_operations(plain).send().await.unwrap();
    }
    let lambda = aws_sdk_lambda::Client::new(&world.sdk());
    lambda.update_alias().function_name(FUNCTION).name("prod").description("").send().await.unwrap();
    assert_eq!(releases(&world).await, ["B2*", "A2", "A1"]);
    world.assert_idle().await;
    back(&world).await;
    back(&world).await;
    assert_eq!(releases(&world).await, ["B2", "A2", "A1*"]);
    deploy(&world).await;
    world.assert_idle().await;
}

/// Lambda takes 256 characters and refuses more: the oldest make room for what is new.
#[tokio::test(start_paused = true)]
async fn a_description_that_is_full_takes_what_is_new() {
    let world = World::with(counting());
    world.deploy().await;
    let lambda = aws_sdk_lambda::Client::new(&world.sdk());
    let describe = async |text: String| {
        lambda.update_alias().function_name(FUNCTION).name("prod").description(text).send().await.map(|_| ())
    };
    let first = lambda.get_alias().function_name(FUNCTION).name("prod").send().await.unwrap();
    let older: Vec<String> = (0..22).map(|at| format!("1@{at:08}")).collect();
    let full = format!("poc {} {}", older.join(" "), first.description().unwrap().trim_start_matches("poc "));
    assert_eq!(full.len(), 256);
    describe(full.clone()).await.unwrap();
    assert!(describe(format!("{full}0")).await.is_err(), "Lambda refuses more");
    new_code(&world);
    deploy(&world).await;
    let alias = lambda.get_alias().function_name(FUNCTION).name("prod").send().await.unwrap();
    assert!(!alias.description().unwrap().contains("1@00000000 "), "{alias:?}");
    assert_eq!(releases(&world).await, ["A2*", "A1"]);
    world.assert_idle().await;
}

#[tokio::test(start_paused = true)]
async fn a_description_that_somebody_wrote_stays_theirs() {
    let world = World::with(counting());
    world.deploy().await;
    let lambda = aws_sdk_lambda::Client::new(&world.sdk());
    lambda.update_alias().function_name(FUNCTION).name("prod").description("live").send().await.unwrap();
    new_code(&world);
    deploy(&world).await;
    back(&world).await;
    let alias = lambda.get_alias().function_name(FUNCTION).name("prod").send().await.unwrap();
    assert_eq!((alias.description(), alias.function_version()), (Some("live"), Some("1")));
}

#[tokio::test(start_paused = true)]
async fn a_share_of_the_calls_for_another_version_ends_with_it() {
    let world = two().await;
    let lambda = aws_sdk_lambda::Client::new(&world.sdk());
    let share = AliasRoutingConfiguration::builder().additional_version_weights("1", 0.5).build();
    let update = lambda.update_alias().function_name(FUNCTION).name("prod").routing_config(share);
    update.send().await.unwrap();
    assert_eq!(releases(&world).await, ["B2", "A1"], "nothing is served alone");
    assert_eq!(back_to(&world, Some("1")).await.1.writes(), ["PutObject", "UpdateAlias", "PutObject"]);
    assert_eq!(releases(&world).await, ["B2*", "A1"]);
    let alias = lambda.get_alias().function_name(FUNCTION).name("prod").send().await.unwrap();
    let shares = alias.routing_config().and_then(|routing| routing.additional_version_weights());
    assert!(shares.is_none_or(|shares| shares.is_empty()), "{alias:?}");
    world.assert_idle().await;
}

/// `$LATEST` has no number: it is newer than every version.
#[tokio::test(start_paused = true)]
async fn from_code_that_no_version_holds_there_is_a_way_back_too() {
    let world = two().await;
    let lambda = aws_sdk_lambda::Client::new(&world.sdk());
    let update = lambda.update_alias().function_name(FUNCTION).name("prod").function_version("$LATEST");
    update.send().await.unwrap();
    assert_eq!(back_to(&world, Some("2")).await.1.writes(), ["PutObject", "UpdateStage", "UpdateAlias", "PutObject"]);
    let update = lambda.update_alias().function_name(FUNCTION).name("prod").function_version("$LATEST");
    update.send().await.unwrap();
    assert_eq!(back(&world).await.writes(), ["PutObject", "UpdateAlias", "PutObject"]);
    assert_eq!(releases(&world).await, ["B2", "A1*"]);
    deploy(&world).await;
    world.assert_idle().await;
}

/// Older ones go, and with them the way back; what is served by hand of time is never among them.
#[tokio::test(start_paused = true)]
async fn five_are_kept_and_the_one_that_is_served_stays() {
    let world = World::with(counting());
    world.deploy().await;
    for memory in [257, 258, 259, 260, 261, 262] {
        world.edit("deploy.yaml", &format!("memory: {}", memory - 1), &format!("memory: {memory}"));
        new_template(&world);
        deploy(&world).await;
    }
    assert_eq!(releases(&world).await, ["E7*", "D6", "C5", "B4", "A3"]);
    back_to(&world, Some("5")).await.0.unwrap();
    assert_eq!(releases(&world).await, ["E7", "D6", "C5", "B4", "A3*"]);
    assert_eq!(refused(&world, None).await.kind, "no_earlier_release");
    deploy(&world).await;
    world.assert_idle().await;
}
