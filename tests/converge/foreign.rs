//! What is not ours is not touched (law 5), and what somebody did to ours is put right.

use std::time::Duration;

use aws_sdk_apigateway::types::{Op, PatchOperation};
use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType};
use poc::event::Recorder;
use poc::local::cloud::Profile;
use poc::pipeline::Failure;

use crate::inventory::Inventory;
use crate::support::World;
use crate::support::problems::{shown, shown_as};

fn problem(failure: Failure) -> poc::event::Problem {
    match failure {
        Failure::Problem(problem) => *problem,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_foreign_log_group_stops_the_run_before_anything_is_made() {
    let mut world = World::new();
    let logs = aws_sdk_cloudwatchlogs::Client::new(&world.sdk());
    logs.create_log_group().log_group_name("/aws/lambda/ServerlessPOCAdmission").send().await.unwrap();
    let before = Inventory::of(&world).await;
    let (result, told) = world.try_deploy().await;
    let problem = problem(result.unwrap_err());
    assert_eq!(problem.kind, "not_ours");
    shown(&problem);
    assert!(problem.message.contains("/aws/lambda/ServerlessPOCAdmission"), "{problem:?}");
    assert!(problem.next.contains("--adopt"), "{problem:?}");
    assert_eq!(told.finished().1, 0);
    assert_eq!(Inventory::of(&world).await, before);

    world.settings.adopt = true;
    world.deploy().await;
    world.settings.adopt = false;
    world.assert_idle().await;
}

#[tokio::test]
async fn a_foreign_record_of_the_domain_is_refused() {
    let world = World::new();
    let route53 = aws_sdk_route53::Client::new(&world.sdk());
    let zone = route53.list_hosted_zones().send().await.unwrap().hosted_zones()[0].id().to_owned();
    let record = ResourceRecordSet::builder().name("api.example.com").r#type(RrType::A).ttl(60);
    let record =
        record.resource_records(ResourceRecord::builder().value("192.0.2.1").build().unwrap()).build().unwrap();
    let change = Change::builder().action(ChangeAction::Create).resource_record_set(record).build().unwrap();
    let batch = ChangeBatch::builder().changes(change).build().unwrap();
    route53.change_resource_record_sets().hosted_zone_id(zone).change_batch(batch).send().await.unwrap();
    let (result, told) = world.try_deploy().await;
    let problem = problem(result.unwrap_err());
    assert!(problem.message.contains("api.example.com"), "{problem:?}");
    assert_eq!(told.finished().1, 0);
}

#[tokio::test]
async fn a_domain_without_a_zone_is_refused_before_anything_is_made() {
    let world = World::new();
    world.edit("deploy.yaml", "name: api.example.com", "name: api.example.org");
    world.edit("deploy.yaml", "hosted_zone: example.com", "hosted_zone: example.org");
    let (result, told) = world.try_deploy().await;
    let problem = problem(result.unwrap_err());
    assert_eq!(problem.kind, "no_hosted_zone");
    shown(&problem);
    assert!(problem.message.contains("example.org"), "{problem:?}");
    assert!(problem.next.contains("remove the domain block"), "{problem:?}");
    assert_eq!(told.finished().1, 0);
}

#[tokio::test]
async fn namesakes_where_names_repeat_are_left_alone() {
    let world = World::new();
    let gateway = aws_sdk_apigateway::Client::new(&world.sdk());
    gateway.create_rest_api().name("ServerlessPOC").tags("poc:app", "ServerlessPOC").send().await.unwrap();
    gateway.create_api_key().name("ServerlessPOC").send().await.unwrap();
    gateway.create_usage_plan().name("ServerlessPOC").send().await.unwrap();
    let before = Inventory::of(&world).await;
    world.deploy().await;
    let inventory = Inventory::of(&world).await;
    assert_eq!(inventory.get("rest apis").len(), 2);
    assert_eq!(inventory.get("api keys").len(), 2);
    assert_eq!(inventory.get("usage plans").len(), 2);
    world.assert_idle().await;
    world.teardown().await;
    assert_eq!(Inventory::of(&world).await, before);
}

#[tokio::test]
async fn a_base_path_of_another_api_is_refused() {
    let world = World::new();
    world.deploy().await;
    let gateway = aws_sdk_apigateway::Client::new(&world.sdk());
    let other = other_api(&gateway).await;
    let patch = |path: &str, value: &str| PatchOperation::builder().op(Op::Replace).path(path).value(value).build();
    gateway
        .update_base_path_mapping()
        .domain_name("api.example.com")
        .base_path("poc")
        .patch_operations(patch("/restapiId", &other))
        .patch_operations(patch("/stage", "live"))
        .send()
        .await
        .unwrap();
    let (result, _) = world.try_deploy().await;
    assert_eq!(problem(result.unwrap_err()).kind, "not_ours");
}

/// Somebody else's API, deployed.
async fn other_api(gateway: &aws_sdk_apigateway::Client) -> String {
    let api = gateway.create_rest_api().name("other").send().await.unwrap();
    let (id, root) = (api.id().unwrap(), api.root_resource_id().unwrap());
    let method = gateway.put_method().rest_api_id(id).resource_id(root).http_method("GET").authorization_type("NONE");
    method.send().await.unwrap();
    let integration = gateway.put_integration().rest_api_id(id).resource_id(root).http_method("GET");
    integration.r#type(aws_sdk_apigateway::types::IntegrationType::Mock).send().await.unwrap();
    gateway.create_deployment().rest_api_id(id).stage_name("live").send().await.unwrap();
    id.to_owned()
}

#[tokio::test]
async fn a_change_made_behind_our_back_and_deployed_is_taken_back() {
    let world = World::new();
    world.deploy().await;
    let gateway = aws_sdk_apigateway::Client::new(&world.sdk());
    let id = gateway.get_rest_apis().send().await.unwrap().items()[0].id().unwrap().to_owned();
    let resources = gateway.get_resources().rest_api_id(&id).send().await.unwrap();
    let admit = resources.items().iter().find(|one| one.path() == Some("/admit")).unwrap().id().unwrap().to_owned();
    gateway.delete_method().rest_api_id(&id).resource_id(&admit).http_method("GET").send().await.unwrap();
    let method =
        gateway.put_method().rest_api_id(&id).resource_id(&admit).http_method("GET").authorization_type("NONE");
    method.send().await.unwrap();
    let integration = gateway.put_integration().rest_api_id(&id).resource_id(&admit).http_method("GET");
    integration.r#type(aws_sdk_apigateway::types::IntegrationType::Mock).send().await.unwrap();
    let theirs = gateway.create_deployment().rest_api_id(&id).stage_name("prod").send().await.unwrap();

    let changes = world.planned_changes().await;
    assert!(changes.contains(&"definition: GET /admit · integration.kind".to_owned()), "{changes:?}");
    assert!(changes.contains(&"stage: deployment".to_owned()), "{changes:?}");
    world.deploy().await;
    let stage = gateway.get_stage().rest_api_id(&id).stage_name("prod").send().await.unwrap();
    assert_ne!(stage.deployment_id(), theirs.id());
    let method = gateway.get_method().rest_api_id(&id).resource_id(&admit).http_method("GET").send().await.unwrap();
    assert_eq!(method.api_key_required(), Some(true));
    world.assert_idle().await;
}

#[tokio::test]
async fn what_somebody_deleted_is_made_again() {
    let world = World::new();
    world.deploy().await;
    let whole = Inventory::of(&world).await;
    let sdk = world.sdk();
    let (gateway, lambda) = (aws_sdk_apigateway::Client::new(&sdk), aws_sdk_lambda::Client::new(&sdk));
    let plan = gateway.get_usage_plans().send().await.unwrap().items()[0].id().unwrap().to_owned();
    let keys = gateway.get_usage_plan_keys().usage_plan_id(&plan).send().await.unwrap();
    gateway.delete_usage_plan_key().usage_plan_id(&plan).key_id(keys.items()[0].id().unwrap()).send().await.unwrap();
    gateway.delete_base_path_mapping().domain_name("api.example.com").base_path("poc").send().await.unwrap();
    lambda.delete_function().function_name("ServerlessPOCAdmission").send().await.unwrap();
    world.deploy().await;
    assert_eq!(Inventory::of(&world).await, whole);
    world.assert_idle().await;
}

#[tokio::test]
async fn nothing_secret_is_told() {
    let world = World::new();
    world.edit(
        "deploy.yaml",
        "  timeout: 10 ",
        "  environment: { TOKEN: \"${env:POC_TEST_TOKEN:-hush-hush-hush}\" }\n  timeout: 10 ",
    );
    let planned = serde_json::to_string(&world.plan().await).unwrap();
    let told = serde_json::to_string(&world.deploy().await.0).unwrap();
    let gateway = aws_sdk_apigateway::Client::new(&world.sdk());
    let keys = gateway.get_api_keys().include_values(true).send().await.unwrap();
    let value = keys.items()[0].value().unwrap();
    for (place, text) in [("plan", &planned), ("events", &told)] {
        assert!(!text.contains(value), "the key's value is in the {place}");
        assert!(!text.contains("hush"), "the environment's value is in the {place}");
    }
}

/// Who edits `stage:` wants another stage, and not the first one's things under another tag.
#[tokio::test]
async fn what_another_stage_works_with_is_not_taken_over_either() {
    let mut world = World::new();
    world.deploy().await;
    let before = Inventory::of(&world).await;
    world.edit("deploy.yaml", "\nstage: prod ", "\nstage: test ");
    for adopt in [false, true] {
        world.settings.adopt = adopt;
        let (result, told) = world.try_deploy().await;
        let problem = problem(result.unwrap_err());
        assert_eq!((problem.kind, told.finished().1), ("not_ours", 0));
        assert!(problem.message.ends_with("belongs to the stage prod of this application"), "{problem:?}");
        shown_as("not_ours-of_another_stage", &problem);
        assert_eq!(Inventory::of(&world).await, before);
    }
}

/// Which of them the world asks, Route 53 does not say.
#[tokio::test]
async fn of_two_zones_of_a_name_none_is_taken() {
    let world = World::new();
    let route53 = aws_sdk_route53::Client::new(&world.sdk());
    route53.create_hosted_zone().name("example.com").caller_reference("second").send().await.unwrap();
    let (result, told) = world.try_deploy().await;
    let problem = problem(result.unwrap_err());
    assert_eq!((problem.kind, told.finished().1), ("ambiguous_hosted_zone", 0));
    shown(&problem);
}

/// A role is one for all regions: the one of the other deployment is not taken from it.
#[tokio::test]
async fn a_second_deployment_in_another_region_needs_a_role_of_its_own() {
    let world = World::new();
    world.deploy().await;
    world.edit("deploy.yaml", "region: us-east-1", "region: eu-west-1");
    let before = Inventory::of(&world).await;
    let (result, told) = world.try_deploy().await;
    let problem = problem(result.unwrap_err());
    assert_eq!(problem.kind, "role_elsewhere", "{problem:?}");
    shown(&problem);
    assert!(problem.next.contains("function.role.name"), "{problem:?}");
    assert_eq!(told.finished().1, 0);
    assert_eq!(Inventory::of(&world).await, before);
}

#[tokio::test]
async fn a_role_with_a_path_is_neither_taken_nor_taken_over() {
    let mut world = World::new();
    let iam = aws_sdk_iam::Client::new(&world.sdk());
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let role = iam.create_role().role_name("ServerlessPOCAdmission-role").path("/team/");
    role.assume_role_policy_document(trust).send().await.unwrap();
    for adopt in [false, true] {
        world.settings.adopt = adopt;
        let (result, told) = world.try_deploy().await;
        let problem = problem(result.unwrap_err());
        assert_eq!(problem.kind, "role_has_path", "{problem:?}");
        shown(&problem);
        assert!(problem.message.ends_with("under the path /team/"), "{problem:?}");
        assert_eq!(told.finished().1, 0);
    }
}

/// AWS says for ever that it is at work.
#[tokio::test(start_paused = true)]
async fn what_does_not_come_is_not_waited_for_without_end() {
    let world = World::with(Profile { function_settles: Duration::from_secs(3600), ..Profile::quick() });
    let (result, _) = world.try_deploy().await;
    let problem = problem(result.unwrap_err());
    assert_eq!(problem.kind, "timed_out", "{problem:?}");
    shown(&problem);
    assert!(problem.message.starts_with("waited 300 s for "), "{problem:?}");
    tokio::time::sleep(Duration::from_secs(3600)).await;
    world.deploy().await;
}

/// They are others', and yet who compares should know of them.
#[tokio::test]
async fn policies_that_somebody_else_gave_to_our_role_are_told_and_left_alone() {
    let world = World::new();
    world.deploy().await;
    assert_eq!(world.plan().await.notes, [""; 0]);
    let iam = aws_sdk_iam::Client::new(&world.sdk());
    let role = "ServerlessPOCAdmission-role";
    let all = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    iam.put_role_policy().role_name(role).policy_name("backdoor").policy_document(all).send().await.unwrap();
    let managed = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
    iam.attach_role_policy().role_name(role).policy_arn(managed).send().await.unwrap();
    let told = [format!(
        "the IAM role {role} has policies that poc did not put there, so the function may do more than deploy.yaml says: \
         backdoor, {managed}; they are left alone, and go when the role goes"
    )];
    let planned = world.plan().await;
    assert_eq!((planned.notes.as_slice(), planned.plan.is_empty()), (&told[..], true));
    let status = poc::pipeline::status(&world.settings, &Recorder::default()).await.unwrap();
    assert_eq!(status.notes, told);
    world.assert_idle().await;
    let (torn, _) = world.teardown().await;
    assert!(torn.left.is_empty(), "{:?}", torn.left);
}

/// What the hint tells to type changes the account that is meant, and no other.
#[tokio::test]
async fn the_way_to_a_logging_role_depends_on_where_it_is() {
    let world = World::new();
    world.edit("deploy.yaml", "\nchecks:", "\nstage_settings: { metrics: true }\n\nchecks:");
    let (result, _) = world.try_deploy().await;
    let stopped = problem(result.unwrap_err());
    assert_eq!(stopped.kind, "no_logging_role");
    shown(&stopped);
    assert!(stopped.next.contains("aws apigateway --endpoint-url http://127.0.0.1:3000 "), "{stopped:?}");
}
