//! A function that runs a container image: its tag, its settings, and the way from a zip to it and back.

use aws_sdk_ecr::types::ImageTagMutability;
use poc::engine::plan::Side;
use poc::event::{Action, Outcome, Problem};
use poc::local::cloud::{ACCOUNT, Profile};
use poc::pipeline::Failure;

use crate::support::World;
use crate::support::problems::shown;

const HOST: &str = "000000000000.dkr.ecr.us-east-1.amazonaws.com";

/// The sample as an image, in a registry that holds what is put there.
fn world() -> World {
    let world = World::with(Profile { assumes_images: false, ..Profile::quick() });
    to_image(&world, "admission:1.4");
    world
}

fn to_image(world: &World, image: &str) {
    world.edit("deploy.yaml", "package: { path: app,", &format!("package: {{ image: \"{image}\","));
    world.edit("deploy.yaml", "  runtime: python3.13\n", "");
    world.edit("deploy.yaml", "  handler: handler.lambda_handler\n", "");
}

fn ecr(world: &World) -> aws_sdk_ecr::Client {
    aws_sdk_ecr::Client::new(&world.sdk())
}

async fn repository(world: &World, name: &str) {
    let create = ecr(world).create_repository().repository_name(name);
    create.image_tag_mutability(ImageTagMutability::Mutable).send().await.unwrap();
}

/// Pushes an image, and gives its digest.
async fn push(world: &World, repository: &str, tag: &str, manifest: &str) -> String {
    let put = ecr(world).put_image().repository_name(repository).image_tag(tag).image_manifest(manifest);
    let image = put.send().await.unwrap().image.unwrap();
    image.image_id.unwrap().image_digest.unwrap()
}

const ONE: &str = r#"{"schemaVersion": 2, "layers": ["one"]}"#;
const TWO: &str = r#"{"schemaVersion": 2, "layers": ["two"]}"#;

async fn problem(world: &World) -> Problem {
    match world.try_deploy().await.0 {
        Err(Failure::Problem(problem)) => *problem,
        other => panic!("{other:?}"),
    }
}

/// What `GetFunction` tells of the version that callers get.
async fn live(world: &World) -> (String, String) {
    let lambda = aws_sdk_lambda::Client::new(&world.sdk());
    let get = lambda.get_function().function_name("ServerlessPOCAdmission").qualifier("prod").send().await.unwrap();
    let version = get.configuration.unwrap().version.unwrap();
    (version, get.code.unwrap().resolved_image_uri.unwrap())
}

#[tokio::test(start_paused = true)]
async fn an_image_is_deployed_by_its_digest_and_a_moved_tag_is_a_change() {
    let world = world();
    repository(&world, "admission").await;
    let digest = push(&world, "admission", "1.4", ONE).await;
    let told = world.deploy().await;
    assert_eq!(told.calls().iter().filter(|call| **call == "DescribeImages").count(), 1);
    assert_eq!(live(&world).await, ("1".to_owned(), format!("{HOST}/admission@{digest}")));
    let (stored, function) = world
        .cloud
        .inspect(|state| {
            let bucket = state.s3.buckets.values().next().unwrap();
            let function = state.lambda.regions["us-east-1"]["ServerlessPOCAdmission"].latest.configuration.clone();
            (bucket.objects.keys().cloned().collect::<Vec<_>>(), function)
        })
        .await
        .unwrap();
    assert_eq!(stored, ["ServerlessPOC/prod/lock.json"], "no package, but the lock");
    assert_eq!((function.runtime.as_str(), function.handler.as_str(), function.memory_mb), ("", "", 256));
    world.assert_idle().await;

    // Another tag on the same image is no change; another image on the same tag is.
    push(&world, "admission", "1.5", TWO).await;
    world.assert_idle().await;
    ecr(&world)
        .batch_delete_image()
        .repository_name("admission")
        .image_ids(aws_sdk_ecr::types::ImageIdentifier::builder().image_tag("1.5").build())
        .send()
        .await
        .unwrap();
    let moved = push(&world, "admission", "1.4", TWO).await;
    let planned = world.plan().await;
    let change = &planned.plan.steps[0].changes[0];
    assert_eq!((planned.plan.steps[0].step.as_str(), change.path.as_str()), ("function", "image"));
    assert_eq!(change.before, Side::from(format!("{HOST}/admission@{digest}")));
    assert_eq!(change.after, Side::from(format!("{HOST}/admission@{moved}")));
    let told = world.deploy().await;
    assert_eq!(told.writes().iter().filter(|call| call.starts_with("Update")).count(), 2, "{:?}", told.writes());
    assert_eq!(live(&world).await, ("2".to_owned(), format!("{HOST}/admission@{moved}")));
    world.assert_idle().await;

    // By its digest, that is what runs, whatever the tag means.
    world.edit("deploy.yaml", "admission:1.4", &format!("{HOST}/admission@{digest}"));
    assert_eq!(world.deploy().await.outcome(), Outcome::Changed);
    // The function has run it before: the version is found again.
    assert_eq!(live(&world).await.1, format!("{HOST}/admission@{digest}"));
    world.assert_idle().await;

    let (gone, _) = world.teardown().await;
    assert_eq!(gone.left, [""; 0]);
    let images = ecr(&world).describe_images().repository_name("admission").send().await.unwrap();
    assert_eq!(images.image_details().len(), 2, "images are nobody's to delete");
}

#[tokio::test(start_paused = true)]
async fn what_goes_before_the_images_own_is_set_and_cleared() {
    let world = World::new();
    to_image(&world, "admission");
    world.edit(
        "deploy.yaml",
        "image: \"admission\"",
        "image: { uri: admission, command: [app.main], entry_point: [/run.sh, --fast], working_directory: /srv }",
    );
    world.deploy().await;
    let config = async || {
        let all =
            world.cloud.inspect(|state| state.lambda.regions["us-east-1"].values().next().unwrap().latest.clone());
        all.await.unwrap().configuration.image.unwrap()
    };
    assert_eq!(
        config().await,
        serde_json::json!({ "EntryPoint": ["/run.sh", "--fast"], "Command": ["app.main"], "WorkingDirectory": "/srv" })
    );
    world.assert_idle().await;
    world.edit("deploy.yaml", ", entry_point: [/run.sh, --fast], working_directory: /srv", "");
    world.edit("deploy.yaml", "[app.main]", "[app.other]");
    let changes = world.planned_changes().await;
    assert_eq!(changes[..3], ["function: command", "function: entry_point", "function: working_directory"]);
    world.deploy().await;
    assert_eq!(config().await, serde_json::json!({ "Command": ["app.other"] }));
    world.assert_idle().await;
}

#[tokio::test(start_paused = true)]
async fn the_same_image_from_another_repository_moves_callers_too() {
    let world = world();
    for name in ["admission", "elsewhere"] {
        repository(&world, name).await;
        push(&world, name, "1.4", ONE).await;
    }
    world.deploy().await;
    world.edit("deploy.yaml", "admission:1.4", "elsewhere:1.4");
    world.deploy().await;
    let (version, image) = live(&world).await;
    assert!(version == "2" && image.contains("/elsewhere@"), "{version} {image}");
    world.assert_idle().await;
}

#[tokio::test(start_paused = true)]
async fn a_zip_does_not_become_an_image_in_place() {
    let world = World::new();
    world.deploy().await;
    to_image(&world, "admission");
    let refused = problem(&world).await;
    assert_eq!(
        (refused.kind, refused.resource.as_deref()),
        ("package_type", Some("Lambda function ServerlessPOCAdmission"))
    );
    shown(&refused);
    insta::assert_snapshot!(format!("{}\n{}", refused.message, refused.next), @"
    ServerlessPOCAdmission runs a zip, and AWS cannot change it to run a container image
    give the new one a name of its own, `function: { name: ServerlessPOCAdmission-image }`: it is made beside the old one, callers move to it in one step, and then the old one is removed
    ");
    let told = world.try_deploy().await.1;
    assert_eq!(told.writes(), [""; 0]);
    assert!(matches!(
        poc::pipeline::plan(&world.settings, &poc::event::Recorder::default()).await,
        Err(Failure::Problem(_))
    ));
    // To see, and to take down, is possible all the same.
    let status = world.status().await;
    let function = status.resources.iter().find(|one| one.step == "function").unwrap();
    assert_eq!(function.drift[0].path, "package_type");

    // As it says: nobody's call is lost on the way.
    world.edit("deploy.yaml", "name: ServerlessPOCAdmission", "name: ServerlessPOCAdmission-image");
    let told = world.deploy().await;
    let at = |call: &str| told.calls().iter().position(|other| *other == call).unwrap_or_else(|| panic!("no {call}"));
    let order = ["CreateFunction", "CreateAlias", "AddPermission", "CreateDeployment", "UpdateStage", "DeleteFunction"];
    let places: Vec<usize> = order.iter().map(|call| at(call)).collect();
    assert!(places.is_sorted(), "{:?}", told.writes());
    let names = async || {
        let all = world.cloud.inspect(|state| state.lambda.regions["us-east-1"].keys().cloned().collect::<Vec<_>>());
        all.await.unwrap()
    };
    assert_eq!(names().await, ["ServerlessPOCAdmission-image"]);
    let stored = world.cloud.inspect(|state| state.s3.buckets.values().next().unwrap().objects.len()).await.unwrap();
    assert_eq!(stored, 1, "the zips go, the lock stays");
    world.assert_idle().await;

    // And back.
    world.edit("deploy.yaml", "package: { image: \"admission\",", "package: { path: app,");
    world.edit(
        "deploy.yaml",
        "  memory: 256",
        "  runtime: python3.13\n  handler: handler.lambda_handler\n  memory: 256",
    );
    let refused = problem(&world).await;
    assert!(refused.next.contains("name: ServerlessPOCAdmission-image-zip"), "{}", refused.next);
    world.edit("deploy.yaml", "name: ServerlessPOCAdmission-image", "name: ServerlessPOCAdmission");
    world.deploy().await;
    assert_eq!(names().await, ["ServerlessPOCAdmission"]);
    world.assert_idle().await;
    assert_eq!(world.teardown().await.0.left, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_told_before_anything_is_changed() {
    let world = world();
    let told = |problem: Problem| {
        shown(&problem);
        format!("{} {}\n{}\n{}", problem.kind, problem.code.as_deref().unwrap_or("-"), problem.message, problem.next)
    };
    insta::assert_snapshot!(told(problem(&world).await), @"
    no_repository RepositoryNotFoundException
    The repository with name 'admission' does not exist in the registry with id '000000000000'
    create it (aws ecr create-repository --repository-name admission) and push the image, or correct package.image
    ");
    repository(&world, "admission").await;
    insta::assert_snapshot!(told(problem(&world).await), @"
    no_image ImageNotFoundException
    The image with imageId {imageDigest:'null', imageTag:'1.4'} does not exist within the repository with name 'admission' in the registry with id '000000000000'
    push it (docker push 000000000000.dkr.ecr.us-east-1.amazonaws.com/admission:1.4), or correct package.image
    ");
    let index = r#"{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}"#;
    push(&world, "admission", "1.4", index).await;
    insta::assert_snapshot!(told(problem(&world).await), @"
    image_index -
    the container image 000000000000.dkr.ecr.us-east-1.amazonaws.com/admission:1.4 is a list of images, which Lambda does not take
    build it as one image and push it again: docker buildx build --provenance=false --sbom=false --platform linux/amd64 (or linux/arm64) --push …
    ");
    assert_eq!(world.try_deploy().await.1.writes(), [""; 0]);
    // With the image, it goes on; without it again, it can still be taken down.
    push(&world, "admission", "1.4", ONE).await;
    world.deploy().await;
    ecr(&world).delete_repository().repository_name("admission").force(true).send().await.unwrap();
    let planned = poc::pipeline::plan(&world.settings, &poc::event::Recorder::default()).await;
    assert!(matches!(planned, Err(Failure::Problem(problem)) if problem.kind == "no_repository"));
    let (gone, told) = world.teardown().await;
    assert_eq!(gone.left, [""; 0]);
    assert!(told.writes().contains(&"DeleteFunction"));
}

#[tokio::test(start_paused = true)]
async fn an_unchanged_image_costs_no_round_trip_more() {
    let zip = World::with(crate::support::counting());
    let image = World::with(crate::support::counting());
    to_image(&image, "admission");
    for world in [&zip, &image] {
        world.deploy().await;
    }
    let (by_zip, by_image) = (zip.deploy().await, image.deploy().await);
    assert!(by_image.depth().0 <= by_zip.depth().0, "{:?}\n{:?}", by_image.depth(), by_zip.depth());
    assert_eq!(by_image.finished().1, 0);
}

#[tokio::test(start_paused = true)]
async fn an_image_that_nobody_pushed_is_taken_for_existing_where_that_is_assumed() {
    let world = World::new();
    to_image(&world, &format!("{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/team/model:2"));
    let told = world.deploy().await;
    assert_eq!(told.outcome(), Outcome::Changed);
    let status = world.status().await;
    // Nothing on this machine runs it, so there is no line to try.
    assert!(status.outputs.contains_key("serve") && !status.outputs.contains_key("call"), "{:?}", status.outputs);
    let steps = status.resources;
    let image = steps.iter().find(|one| one.step == "image").unwrap();
    assert!(image.facts[0].1.starts_with("sha256:"), "{:?}", image.facts);
    assert!(world.plan().await.plan.steps.iter().all(|step| step.action != Action::Create));
    world.assert_idle().await;
}
