//! Turns that a deploy.yaml takes over its life, each of which once led into a dead end, a gap or a left-over.

use std::time::Duration;

use aws_sdk_apigateway::types::{Op, PatchOperation};
use poc::event::Event;
use poc::local::cloud::Profile;
use poc::pipeline::Failure;

use crate::inventory::Inventory;
use crate::support::{REGION, World};

fn refusal(failure: Failure) -> poc::event::Problem {
    match failure {
        Failure::Problem(problem) => *problem,
        other => panic!("{other:?}"),
    }
}

fn without_a_domain(world: &World) {
    let text = std::fs::read_to_string(world.path("deploy.yaml")).unwrap();
    let (before, rest) = text.split_once("\ndomain:").unwrap();
    let after = &rest[rest.find("\nchecks:").unwrap()..];
    world.write("deploy.yaml", &format!("{before}\n{after}"));
}

/// Where in the calls of a run the first of `operation` stands.
fn first(calls: &[&str], operation: &str) -> usize {
    calls.iter().position(|call| *call == operation).unwrap_or_else(|| panic!("no {operation} in {calls:?}"))
}

#[tokio::test]
async fn an_api_that_never_calls_the_function_needs_no_permission() {
    let world = World::new();
    world.edit("deploy.yaml", "        api_key: true", "        integration: mock\n        api_key: true");
    world.deploy().await;
    world.assert_idle().await;
    world.edit("deploy.yaml", "        integration: mock\n", "");
    assert!(world.deploy().await.writes().contains(&"AddPermission"));
    world.edit("deploy.yaml", "        api_key: true", "        integration: mock\n        api_key: true");
    assert!(world.deploy().await.writes().contains(&"RemovePermission"));
    world.assert_idle().await;
}

#[tokio::test]
async fn a_role_serves_one_region_and_is_not_taken_from_it() {
    let mut world = World::new();
    without_a_domain(&world);
    world.deploy().await;
    world.edit("deploy.yaml", "region: us-east-1", "region: eu-west-1");
    let (result, told) = world.try_deploy().await;
    let problem = refusal(result.unwrap_err());
    assert!(problem.message.contains("us-east-1"), "{problem:?}");
    assert!(problem.next.contains("function.role.name"), "{problem:?}");
    assert_eq!(told.finished().1, 0);

    // With a role of its own the second region stands beside the first, and goes without it.
    world.edit("deploy.yaml", "  timeout: 10 ", "  role: { name: \"admission-${region}\" }\n  timeout: 10 ");
    world.region = "eu-west-1";
    world.deploy().await;
    world.assert_idle().await;
    world.teardown().await;
    world.region = REGION;
    world.edit("deploy.yaml", "region: eu-west-1", "region: us-east-1");
    world.edit("deploy.yaml", "  role: { name: \"admission-${region}\" }\n", "");
    world.assert_idle().await;
}

#[tokio::test]
async fn names_that_tags_cannot_hold_are_remembered_all_the_same() {
    let world = World::new();
    let before = Inventory::of(&world).await;
    world.edit("deploy.yaml", "name: api.example.com", "name: \"*.example.com\"");
    world.edit("deploy.yaml", "base_path: poc", "base_path: \"a$!'()*=\"".replace('=', "").as_str());
    world.edit("deploy.yaml", "  timeout: 10 ", "  role: { name: \"a@b,c=d+e\" }\n  timeout: 10 ");
    world.deploy().await;
    world.assert_idle().await;
    world.edit("deploy.yaml", "name: \"*.example.com\"", "name: www.example.com");
    world.edit("deploy.yaml", "a@b,c=d+e", "plain");
    world.deploy().await;
    world.assert_idle().await;
    let inventory = Inventory::of(&world).await;
    assert_eq!(inventory.get("domain names"), ["www.example.com"]);
    assert_eq!(inventory.get("roles"), ["plain"]);
    world.teardown().await;
    assert_eq!(Inventory::of(&world).await, before);
}

#[tokio::test]
async fn a_certificate_of_ones_own_takes_the_place_of_the_requested_one() {
    let world = World::new();
    world.deploy().await;
    let acm = aws_sdk_acm::Client::new(&world.sdk());
    let zone = Inventory::of(&world).await;
    // Somebody's certificate for the same name is issued by the record that is there already.
    let given = acm.request_certificate().domain_name("api.example.com").validation_method("DNS".into());
    let arn = given.send().await.unwrap().certificate_arn.unwrap();
    for _ in 0..200 {
        let seen = acm.describe_certificate().certificate_arn(&arn).send().await;
        if seen.is_ok_and(|seen| seen.certificate().unwrap().status().unwrap().as_str() == "ISSUED") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    world.edit("deploy.yaml", "certificate: request", &format!("certificate: {arn}"));
    world.deploy().await;
    world.assert_idle().await;
    let left = acm.list_certificates().send().await.unwrap();
    let left: Vec<_> = left.certificate_summary_list().iter().filter_map(|one| one.certificate_arn()).collect();
    assert_eq!(left, [arn.as_str()], "the requested one goes, the given one stays");
    assert_eq!(Inventory::of(&world).await.get("records"), zone.get("records"), "the given one is renewed by it");
    world.teardown().await;
    assert_eq!(acm.list_certificates().send().await.unwrap().certificate_summary_list().len(), 1);
}

#[tokio::test]
async fn the_requested_certificate_may_be_pinned_by_its_arn() {
    let world = World::new();
    world.deploy().await;
    let acm = aws_sdk_acm::Client::new(&world.sdk());
    let listed = acm.list_certificates().send().await.unwrap();
    let arn = listed.certificate_summary_list()[0].certificate_arn().unwrap();
    world.edit("deploy.yaml", "certificate: request", &format!("certificate: {arn}"));
    world.assert_idle().await;
}

#[tokio::test]
async fn all_paths_of_a_large_api_may_move_at_once() {
    let world = World::new();
    let routes = |at: &str| (0..40).map(|n| format!("    {at}/route{n}:\n      GET: {{}}\n")).collect::<String>();
    world.edit("deploy.yaml", "    /admit:\n", &format!("{}    /admit:\n", routes("")));
    world.deploy().await;
    world.edit("deploy.yaml", &routes(""), &routes("/version1"));
    let told = world.deploy().await;
    // Old and new do not fit together: a wide statement bridges, from before the first is removed to the very end.
    let calls = told.calls();
    assert!(first(&calls, "AddPermission") < first(&calls, "RemovePermission"));
    assert!(first(&calls, "RemovePermission") < first(&calls, "CreateDeployment"));
    assert_eq!(calls.iter().rfind(|call| call.ends_with("Permission")), Some(&"RemovePermission"));
    world.assert_idle().await;
    let lambda = aws_sdk_lambda::Client::new(&world.sdk());
    let policy = lambda.get_policy().function_name("ServerlessPOCAdmission").qualifier("prod").send().await.unwrap();
    assert_eq!(policy.policy().unwrap().matches("\"Sid\"").count(), 41);
}

#[tokio::test]
async fn a_teardown_leaves_a_base_path_that_somebody_took() {
    let world = World::new();
    world.deploy().await;
    let gateway = aws_sdk_apigateway::Client::new(&world.sdk());
    let api = gateway.create_rest_api().name("other").send().await.unwrap();
    let (id, root) = (api.id().unwrap(), api.root_resource_id().unwrap());
    let method = gateway.put_method().rest_api_id(id).resource_id(root).http_method("GET").authorization_type("NONE");
    method.send().await.unwrap();
    let integration = gateway.put_integration().rest_api_id(id).resource_id(root).http_method("GET");
    integration.r#type(aws_sdk_apigateway::types::IntegrationType::Mock).send().await.unwrap();
    gateway.create_deployment().rest_api_id(id).stage_name("live").send().await.unwrap();
    let patch = |path: &str, value: &str| PatchOperation::builder().op(Op::Replace).path(path).value(value).build();
    let take = gateway.update_base_path_mapping().domain_name("api.example.com").base_path("poc");
    take.patch_operations(patch("/restapiId", id)).patch_operations(patch("/stage", "live")).send().await.unwrap();

    let (_, told) = world.teardown().await;
    let notes = told.0.iter().filter(|event| matches!(event, Event::Note { text } if text.contains("left alone")));
    assert_eq!(notes.count(), 1);
    assert!(!told.writes().contains(&"DeleteBasePathMapping"));
    assert_eq!(Inventory::of(&world).await.get("rest apis"), ["other"]);
}

#[tokio::test]
async fn adopting_takes_over_what_is_wanted_and_removes_nothing_of_others() {
    let mut world = World::new();
    let text = std::fs::read_to_string(world.path("deploy.yaml")).unwrap();
    let (before, rest) = text.split_once("\nusage_plan:").unwrap();
    world.write("deploy.yaml", &format!("{before}\n{}", &rest[rest.find("\ndomain:").unwrap()..]));
    world.edit("deploy.yaml", "        api_key: true", "        api_key: false");
    let gateway = aws_sdk_apigateway::Client::new(&world.sdk());
    gateway.create_usage_plan().name("ServerlessPOC").send().await.unwrap();
    world.settings.adopt = true;
    world.deploy().await;
    assert_eq!(Inventory::of(&world).await.get("usage plans"), ["ServerlessPOC"]);

    world.edit("deploy.yaml", "name: ServerlessPOCAdmission", "name: Admission");
    let lambda = aws_sdk_lambda::Client::new(&world.sdk());
    let arn = format!("arn:aws:lambda:{REGION}:000000000000:function:ServerlessPOCAdmission");
    lambda.tag_resource().resource(arn).tags("poc:app", "another").send().await.unwrap();
    world.deploy().await;
    assert_eq!(Inventory::of(&world).await.get("functions"), ["Admission", "ServerlessPOCAdmission"]);
}

#[tokio::test]
async fn a_canary_set_behind_our_back_is_taken_back() {
    let world = World::new();
    world.deploy().await;
    let gateway = aws_sdk_apigateway::Client::new(&world.sdk());
    let id = gateway.get_rest_apis().send().await.unwrap().items()[0].id().unwrap().to_owned();
    let canary = aws_sdk_apigateway::types::DeploymentCanarySettings::builder().percent_traffic(10.0).build();
    let theirs = gateway.create_deployment().rest_api_id(&id).stage_name("prod").canary_settings(canary);
    theirs.send().await.unwrap();
    assert_eq!(world.planned_changes().await, ["stage: canary"]);
    world.deploy().await;
    let stage = gateway.get_stage().rest_api_id(&id).stage_name("prod").send().await.unwrap();
    assert!(stage.canary_settings().is_none());
    world.assert_idle().await;
}

/// An adopted record serves somebody until it moves: everything behind the new target comes first (law 6).
#[tokio::test]
async fn an_adopted_record_moves_when_all_behind_it_stands() {
    use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType};
    let mut world = World::with(Profile { domain_regional: Duration::from_millis(400), ..Profile::quick() });
    let route53 = aws_sdk_route53::Client::new(&world.sdk());
    let zone = route53.list_hosted_zones().send().await.unwrap().hosted_zones()[0].id().to_owned();
    let set = ResourceRecordSet::builder().name("api.example.com").r#type(RrType::A).ttl(60);
    let set = set.resource_records(ResourceRecord::builder().value("192.0.2.1").build().unwrap()).build().unwrap();
    let change = Change::builder().action(ChangeAction::Create).resource_record_set(set).build().unwrap();
    let batch = ChangeBatch::builder().changes(change).build().unwrap();
    route53.change_resource_record_sets().hosted_zone_id(zone).change_batch(batch).send().await.unwrap();

    world.settings.adopt = true;
    let told = world.deploy().await;
    let calls = told.calls();
    let moved = calls.iter().rposition(|call| *call == "ChangeResourceRecordSets").unwrap();
    assert!(first(&calls, "CreateBasePathMapping") < moved, "{calls:?}");
    let began = |wanted: &str| {
        let mut times = told.0.iter().filter_map(|event| match event {
            Event::Call { operation, started, .. } if *operation == wanted => Some(*started),
            _ => None,
        });
        times.next_back().unwrap()
    };
    // The cloud's clock counts whole milliseconds.
    let waited = began("ChangeResourceRecordSets") - began("CreateDomainName");
    assert!(waited >= Duration::from_millis(399), "{waited:?}: {calls:?}");
}

#[tokio::test]
async fn a_key_that_reaches_the_stage_through_another_plan_is_told_and_not_taken_for_done() {
    let world = World::new();
    world.deploy().await;
    let gateway = aws_sdk_apigateway::Client::new(&world.sdk());
    let ours = gateway.get_usage_plans().send().await.unwrap().items()[0].clone();
    let key = gateway.get_api_keys().send().await.unwrap().items()[0].id().unwrap().to_owned();
    gateway.delete_usage_plan_key().usage_plan_id(ours.id().unwrap()).key_id(&key).send().await.unwrap();
    let stage = aws_sdk_apigateway::types::ApiStage::builder().api_id(ours.api_stages()[0].api_id().unwrap());
    let theirs = gateway.create_usage_plan().name("theirs").api_stages(stage.stage("prod").build());
    let theirs = theirs.send().await.unwrap().id.unwrap();
    gateway.create_usage_plan_key().usage_plan_id(&theirs).key_id(&key).key_type("API_KEY").send().await.unwrap();
    let (result, _) = world.try_deploy().await;
    let problem = refusal(result.unwrap_err());
    assert!(problem.next.contains("other plan"), "{problem:?}");
}

#[tokio::test]
async fn the_line_to_try_has_no_braces() {
    let world = World::new();
    let text = std::fs::read_to_string(world.path("deploy.yaml")).unwrap();
    world.write("deploy.yaml", &text[..text.find("\nchecks:").unwrap()]);
    world.edit("deploy.yaml", "    /admit:\n", "    /admit/{who+}:\n");
    let deployed = world.try_deploy().await.0.unwrap();
    assert!(deployed.outputs["call"].contains("'/admit/who'"), "{}", deployed.outputs["call"]);
}

#[tokio::test(start_paused = true)]
async fn where_steps_were_put_off_no_check_is_run() {
    let mut world = World::with(Profile { certificate_issued: Duration::from_secs(3_600), ..Profile::quick() });
    (world.settings.wait, world.settings.checks) = (false, true);
    let (result, told) = world.try_deploy().await;
    assert!(result.unwrap().checks.is_none());
    assert!(told.0.iter().any(|event| matches!(event, Event::StepDeferred { .. })), "nothing was put off");
    assert!(!told.0.iter().any(|event| matches!(event, Event::Checking { .. })));
}

#[tokio::test]
async fn where_the_person_said_no_no_check_is_run() {
    let mut world = World::new();
    world.settings.checks = true;
    let recorder = poc::event::Recorder::default();
    let declined = poc::pipeline::deploy(&world.settings, &recorder, &|_| false).await.unwrap();
    assert!(declined.checks.is_none());
    assert!(!recorder.0.borrow().iter().any(|event| matches!(event, Event::Checking { .. })));
}
