//! Changes, one at a time: the plan names exactly that, the deploy does it, and the run after it writes nothing.

use poc::event::Action;

use crate::inventory::Inventory;
use crate::support::World;

#[tokio::test]
async fn after_a_deploy_nothing_is_left_to_plan() {
    let world = World::new();
    world.deploy().await;
    assert_eq!(world.planned_changes().await, [""; 0]);
    world.assert_idle().await;
}

/// File, what stands there, what is put in its place, and every change that a plan may then name.
const EDITS: &[(&str, &str, &str, &[&str])] = &[
    ("deploy.yaml", "memory: 256", "memory: 512", &["function: memory", "alias: version"]),
    ("deploy.yaml", "timeout: 10 ", "timeout: 11 ", &["function: timeout", "alias: version"]),
    (
        "app/handler.py",
        "import json",
        "import json  # edited",
        &["package: sha256", "function: code", "alias: version"],
    ),
    (
        "templates/admit/request.vtl",
        "{",
        "{ ",
        &[
            "definition: GET /admit · integration.templates.application/json",
            "deployment: definition",
            "stage: deployment",
        ],
    ),
    (
        "templates/admit/error.vtl",
        "{",
        "{ ",
        &[
            "definition: GET /admit · integration.responses.400.templates.application/json",
            "deployment: definition",
            "stage: deployment",
        ],
    ),
    ("deploy.yaml", "description: Admission prediction", "description: Other", &["rest_api: description"]),
    (
        "deploy.yaml",
        "api_key: true",
        "api_key: false",
        &[
            "definition: GET /admit · api_key_required",
            "deployment: definition",
            "stage: deployment",
            "site_settings: needs_key",
        ],
    ),
    ("deploy.yaml", "rate: 10,", "rate: 11,", &["usage_plan: throttle.rate"]),
    ("deploy.yaml", "limit: 500, period: day", "limit: 500, period: week", &["usage_plan: quota.period"]),
    ("deploy.yaml", "keys: [ServerlessPOC]", "keys: [ServerlessPOC, second]", &["api_key.second: value"]),
    (
        "deploy.yaml",
        "base_path: poc",
        "base_path: other",
        &["base_path_mapping: stage", "site_settings: api", "rest_api: tags.poc:domain"],
    ),
    (
        "deploy.yaml",
        "    /admit:\n",
        "    /health:\n      GET: { integration: mock }\n    /admit:\n",
        &["definition: GET /health", "definition: OPTIONS /health", "deployment: definition", "stage: deployment"],
    ),
    (
        "deploy.yaml",
        "  cors: true ",
        "  cors: false ",
        &[
            "definition: GET /admit · integration.responses.200.parameters.method.response.header.Access-Control-Allow-Origin",
            "definition: GET /admit · integration.responses.400.parameters.method.response.header.Access-Control-Allow-Origin",
            "definition: GET /admit · responses.200.parameters.method.response.header.Access-Control-Allow-Origin",
            "definition: GET /admit · responses.400.parameters.method.response.header.Access-Control-Allow-Origin",
            "definition: OPTIONS /admit",
            "definition: gateway_responses.DEFAULT_4XX",
            "definition: gateway_responses.DEFAULT_5XX",
            "deployment: definition",
            "stage: deployment",
        ],
    ),
    (
        "deploy.yaml",
        "        query: { gre: required, gpa: required, rank: required }\n",
        "        query: { gre: required, gpa: required, rank: required }\n        validate: parameters\n",
        &[
            "definition: GET /admit · validator",
            "definition: validators.poc-parameters",
            "deployment: definition",
            "stage: deployment",
        ],
    ),
    (
        "deploy.yaml",
        "\nchecks:",
        "\nstage_settings: { variables: { a: b }, throttle: { rate: 5, burst: 6 } }\n\nchecks:",
        &[
            "stage: variables.a",
            "stage: all methods · throttling/burstLimit",
            "stage: all methods · throttling/rateLimit",
        ],
    ),
];

#[tokio::test]
async fn an_edit_is_planned_as_exactly_that_and_then_done() {
    for (file, from, to, expected) in EDITS {
        let world = World::new();
        world.deploy().await;
        world.edit(file, from, to);
        assert_eq!(world.planned_changes().await, *expected, "{from} → {to}");
        world.deploy().await;
        world.assert_idle().await;
        // And back again.
        world.edit(file, to, from);
        world.deploy().await;
        world.assert_idle().await;
    }
}

#[tokio::test]
async fn an_edit_of_the_draft_alone_makes_one_deployment_and_an_edit_of_the_function_makes_none() {
    let world = World::new();
    world.deploy().await;
    world.edit("templates/admit/request.vtl", "{", "{ ");
    let writes = world.deploy().await.writes();
    assert_eq!(writes.iter().filter(|call| **call == "CreateDeployment").count(), 1, "{writes:?}");
    world.edit("deploy.yaml", "memory: 256", "memory: 512");
    let writes = world.deploy().await.writes();
    assert!(!writes.contains(&"CreateDeployment"), "{writes:?}");
}

#[tokio::test]
async fn back_to_what_was_deployed_before_serves_that_deployment_again() {
    let world = World::new();
    world.deploy().await;
    world.edit("deploy.yaml", "api_key: true", "api_key: false");
    world.deploy().await;
    world.edit("deploy.yaml", "api_key: false", "api_key: true");
    let writes = world.deploy().await.writes();
    assert!(!writes.contains(&"CreateDeployment"), "{writes:?}");
    assert!(writes.contains(&"UpdateStage"), "{writes:?}");
    world.assert_idle().await;
}

#[tokio::test]
async fn six_updates_leave_five_deployments_five_versions_and_five_packages() {
    let world = World::new();
    world.deploy().await;
    for round in 0..6 {
        world.write("app/round.txt", &format!("round {round}"));
        world.edit(
            "deploy.yaml",
            "description: Admission prediction",
            &format!("minimum_compression: {round}\n  description: Admission prediction"),
        );
        world.deploy().await;
        world.edit("deploy.yaml", &format!("minimum_compression: {round}\n  "), "");
    }
    world.deploy().await;
    world.deploy().await;
    let inventory = Inventory::of(&world).await;
    assert_eq!(inventory.get("deployments").len(), 5, "{inventory:?}");
    let packages = inventory.get("objects").iter().filter(|key| key.ends_with(".zip"));
    assert_eq!(packages.count(), 5, "{inventory:?}");
    // Five published ones and $LATEST.
    assert_eq!(inventory.get("function versions").len(), 6, "{inventory:?}");
    world.assert_idle().await;
}

#[tokio::test]
async fn renamed_and_removed_things_are_cleaned_up_without_a_state_file() {
    let world = World::new();
    world.deploy().await;
    world.edit("deploy.yaml", "name: ServerlessPOCAdmission", "name: Renamed");
    world.edit("deploy.yaml", "serverless-poc-${account}-${region}", "renamed-${account}-${region}");
    world.edit("deploy.yaml", "keys: [ServerlessPOC]", "keys: [other]");
    let text = std::fs::read_to_string(world.path("deploy.yaml")).unwrap();
    let (before, rest) = text.split_once("domain:\n").unwrap();
    let (_, after) = rest.split_once("hosted_zone: example.com\n").unwrap();
    world.write("deploy.yaml", &format!("{before}{after}"));
    world.deploy().await;
    let inventory = Inventory::of(&world).await;
    assert_eq!(inventory.get("functions"), ["Renamed"]);
    assert_eq!(inventory.get("roles"), ["Renamed-role"]);
    assert_eq!(inventory.get("log groups"), ["/aws/lambda/Renamed"]);
    assert_eq!(inventory.get("buckets"), ["renamed-000000000000-us-east-1"]);
    assert_eq!(inventory.get("api keys"), ["other"]);
    assert_eq!(inventory.get("usage plan keys"), ["other"]);
    for kind in ["domain names", "certificates", "base path mappings"] {
        assert!(inventory.get(kind).is_empty(), "{kind}: {inventory:?}");
    }
    assert_eq!(inventory.get("records"), ["NS example.com.", "SOA example.com."]);
    world.assert_idle().await;
}

#[tokio::test]
async fn a_removed_usage_plan_goes_with_its_keys() {
    let world = World::new();
    world.deploy().await;
    let text = std::fs::read_to_string(world.path("deploy.yaml")).unwrap();
    let (before, rest) = text.split_once("usage_plan:\n").unwrap();
    let (_, after) = rest.split_once("keys: [ServerlessPOC]\n").unwrap();
    world.write("deploy.yaml", &format!("{before}{after}"));
    world.edit("deploy.yaml", "api_key: true", "api_key: false");
    world.edit("deploy.yaml", "stages:", "former_stages:");
    let text = std::fs::read_to_string(world.path("deploy.yaml")).unwrap();
    let (before, _) = text.split_once("former_stages:").unwrap();
    world.write("deploy.yaml", before);
    world.deploy().await;
    let inventory = Inventory::of(&world).await;
    assert!(inventory.get("usage plans").is_empty(), "{inventory:?}");
    assert!(inventory.get("api keys").is_empty(), "{inventory:?}");
    world.assert_idle().await;
}

#[tokio::test]
async fn a_teardown_leaves_what_was_there_before_and_a_second_says_so() {
    let world = World::new();
    let before = Inventory::of(&world).await;
    world.deploy().await;
    let (torn, _) = world.teardown().await;
    assert!(torn.left.is_empty());
    assert_eq!(Inventory::of(&world).await, before);
    let (_, told) = world.teardown().await;
    assert_eq!(told.finished().1, 0);
}

#[tokio::test]
async fn two_stages_stand_beside_each_other_and_go_apart() {
    let mut world = World::new();
    world.deploy().await;
    let prod = Inventory::of(&world).await;
    world.settings.stage = Some("dev".to_owned());
    world.deploy().await;
    world.assert_idle().await;
    let both = Inventory::of(&world).await;
    assert_eq!(both.get("rest apis"), ["ServerlessPOC", "ServerlessPOC-dev"]);
    assert_eq!(both.get("functions"), ["ServerlessPOCAdmission", "ServerlessPOCAdmission-dev"]);
    world.teardown().await;
    assert_eq!(Inventory::of(&world).await, prod);
    world.settings.stage = None;
    world.assert_idle().await;
}

#[tokio::test]
async fn an_edge_api_with_its_certificate_in_us_east_1() {
    let mut world = World::new();
    world.region = "eu-west-1";
    world.edit("deploy.yaml", "endpoint: regional", "endpoint: edge");
    world.edit("deploy.yaml", "region: us-east-1", "region: eu-west-1");
    world.deploy().await;
    let inventory = Inventory::of(&world).await;
    assert_eq!(inventory.get("certificates"), ["api.example.com"]);
    let records = inventory.get("records");
    assert!(records.contains(&"A api.example.com.".to_owned()), "{records:?}");
    assert!(records.contains(&"AAAA api.example.com.".to_owned()), "{records:?}");
    world.assert_idle().await;
    let (torn, _) = world.teardown().await;
    assert!(torn.left.is_empty(), "{:?}", torn.left);
}

#[tokio::test]
async fn a_domain_that_moves_to_the_edge_leaves_no_certificate_behind() {
    let mut world = World::new();
    world.region = "eu-west-1";
    world.edit("deploy.yaml", "region: us-east-1", "region: eu-west-1");
    world.deploy().await;
    world.edit("deploy.yaml", "endpoint: regional", "endpoint: edge");
    world.deploy().await;
    let inventory = Inventory::of(&world).await;
    assert_eq!(inventory.get("certificates"), ["api.example.com"], "{inventory:?}");
    world.assert_idle().await;
    let (torn, _) = world.teardown().await;
    assert!(torn.left.is_empty(), "{:?}", torn.left);
    assert!(Inventory::of(&world).await.get("certificates").is_empty());
}

#[tokio::test]
async fn a_deploy_that_does_not_wait_puts_the_certificate_off_and_the_next_goes_on() {
    let mut world = World::with(poc::local::cloud::Profile {
        certificate_issued: std::time::Duration::from_millis(400),
        ..poc::local::cloud::Profile::quick()
    });
    world.settings.wait = false;
    world.deploy().await;
    assert!(Inventory::of(&world).await.get("domain names").is_empty());
    world.settings.wait = true;
    world.deploy().await;
    assert_eq!(Inventory::of(&world).await.get("domain names"), ["api.example.com"]);
    world.assert_idle().await;
}

#[tokio::test]
async fn many_methods_are_allowed_by_verb_and_the_plan_says_so() {
    let world = World::new();
    let routes: String = (0..80).map(|n| format!("    /route{n}:\n      GET: {{}}\n      POST: {{}}\n")).collect();
    world.edit("deploy.yaml", "    /admit:\n", &format!("{routes}    /admit:\n"));
    let planned = world.plan().await;
    let permission = planned.plan.steps.iter().find(|step| step.step == "permission").unwrap();
    assert!(permission.consequences.iter().any(|text| text.contains("wider source ARNs")), "{permission:?}");
    assert_eq!(permission.changes.len(), 2);
    world.deploy().await;
    world.assert_idle().await;
    assert_eq!(planned.plan.count(Action::Create), planned.plan.steps.len());
}
