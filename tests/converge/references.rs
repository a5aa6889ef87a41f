//! `${ssm:…}` and `${secret:…}` in the function's environment: a name for the function, a right for its role, nothing else.

use poc::pipeline::{self, Failure};
use poc::spec::Fault;
use serde_json::{Value, json};

use crate::support::{World, counting};

const FUNCTION: &str = "ServerlessPOCAdmission";
const ROLE: &str = "ServerlessPOCAdmission-role";
const PARAMETER: &str = "arn:aws:ssm:us-east-1:000000000000:parameter/app/prod/token";
const SECRET: &str = "arn:aws:secretsmanager:us-east-1:000000000000:secret:app/db-??????";

fn with(world: &World, environment: &str) {
    world.edit("deploy.yaml", "  memory: 256", &format!("  environment: {environment}\n  memory: 256"));
}

const BOTH: &str = r#"{ TOKEN: "${ssm:/app/${stage}/token}", DB: "${secret:app/db}" }"#;

async fn variables(world: &World) -> Value {
    let lambda = aws_sdk_lambda::Client::new(&world.sdk());
    let alias = lambda.get_function().function_name(FUNCTION).qualifier("prod").send().await.unwrap();
    let environment = alias.configuration().unwrap().environment().unwrap();
    json!(environment.variables().unwrap())
}

/// Statement ids and resources of what the role may look up.
async fn rights(world: &World) -> Value {
    let iam = aws_sdk_iam::Client::new(&world.sdk());
    let policy = iam.get_role_policy().role_name(ROLE).policy_name("poc").send().await.unwrap();
    let text = percent_encoding::percent_decode_str(policy.policy_document()).decode_utf8_lossy().into_owned();
    let policy: Value = serde_json::from_str(&text).unwrap();
    let statements = policy["Statement"].as_array().unwrap().iter().filter(|one| one.get("Sid").is_some());
    statements.map(|one| json!([one["Action"], one["Resource"]])).collect()
}

#[tokio::test(start_paused = true)]
async fn the_function_gets_the_name_and_its_role_the_right_to_that_one() {
    let world = World::with(counting());
    with(&world, BOTH);
    let told = world.deploy().await;
    assert_eq!(variables(&world).await, json!({ "TOKEN": "/app/prod/token", "DB": "app/db" }));
    let both = json!([["ssm:GetParameter", [PARAMETER]], ["secretsmanager:GetSecretValue", [SECRET]]]);
    assert_eq!(rights(&world).await, both);
    let stores = |call: &&str| call.contains("Parameter") || call.contains("Secret");
    assert_eq!(told.calls().iter().copied().find(|call| stores(call)), None, "nothing is looked up by us");
    world.assert_idle().await;

    // The right outlives the reference until another version is served.
    world.edit("deploy.yaml", r#", DB: "${secret:app/db}""#, "");
    assert_eq!(
        world.planned_changes().await,
        ["function: environment.DB", "alias: version", "role: policy.PocSecrets"]
    );
    let told = world.deploy().await;
    let writes = told.writes();
    let at = |wanted: &str| writes.iter().position(|write| *write == wanted).unwrap_or_else(|| panic!("{writes:?}"));
    assert!(at("UpdateAlias") < at("PutRolePolicy"), "{writes:?}");
    assert_eq!(rights(&world).await, json!([["ssm:GetParameter", [PARAMETER]]]));
    world.assert_idle().await;

    // Another reference comes before the version that uses it.
    world.edit("deploy.yaml", "/token}", "/other}");
    let writes = world.deploy().await.writes().join(" ");
    assert!(writes.find("PutRolePolicy") < writes.find("UpdateFunctionConfiguration"), "{writes}");
    assert_eq!(writes.matches("PutRolePolicy").count(), 2, "once more rights, then fewer: {writes}");
    assert_eq!(rights(&world).await, json!([["ssm:GetParameter", [PARAMETER.replace("/token", "/other")]]]));
    world.assert_idle().await;
}

#[tokio::test(start_paused = true)]
async fn a_plan_shows_the_reference_and_never_what_it_takes_the_place_of() {
    let world = World::with(counting());
    with(&world, "{ TOKEN: { value: hush-hush, secret: true } }");
    world.deploy().await;
    world.edit("deploy.yaml", "{ value: hush-hush, secret: true }", r#""${ssm:/app/${stage}/token}""#);
    let plan = serde_json::to_value(world.plan().await).unwrap();
    let text = plan.to_string();
    assert!(!text.contains("hush-hush"), "{text}");
    let steps = plan["steps"].as_array().unwrap();
    let change = steps.iter().flat_map(|step| step["changes"].as_array().unwrap());
    let change = change.into_iter().find(|change| change["path"] == "environment.TOKEN").unwrap();
    assert_eq!(change["before"], "secret");
    assert_eq!(change["after"], json!({ "value": "${ssm:/app/prod/token}" }));
    assert!(text.contains("kms:Decrypt"), "{text}");
    world.deploy().await;
    world.assert_idle().await;
}

async fn faults(environment: &str, more: (&str, &str)) -> Vec<Fault> {
    let world = World::new();
    with(&world, environment);
    world.edit("deploy.yaml", more.0, more.1);
    match pipeline::validate(&world.settings).await {
        Err(Failure::Faults(faults)) => faults,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_no_reference_or_stands_where_none_can_is_named_with_its_place() {
    let all = faults(
        r#"{ PART: "x-${ssm:/a}", TWO: "${ssm:/a}${ssm:/b}", BAD: "${ssm:/a:3}", NONE: "${secret:}", INNER: "${secret:${nothing}}" }"#,
        ("description: Admission prediction", "description: \"${secret:app/db}\""),
    )
    .await;
    let told: Vec<(&str, &str)> = all.iter().map(|fault| (fault.code, fault.path.as_str())).collect();
    assert_eq!(
        told,
        [
            ("misplaced_reference", "function.environment.PART"),
            ("misplaced_reference", "function.environment.TWO"),
            ("misplaced_reference", "function.environment.TWO"),
            ("bad_reference", "function.environment.BAD"),
            ("bad_reference", "function.environment.NONE"),
            ("unknown_variable", "function.environment.INNER"),
            ("misplaced_reference", "api.description"),
        ]
    );
    let places: Vec<(usize, usize)> =
        all.iter().map(|fault| fault.span.as_ref().map(|span| (span.line, span.column)).unwrap()).collect();
    assert!(places[..6].windows(2).all(|pair| pair[0].0 == pair[1].0 && pair[0].1 <= pair[1].1), "{places:?}");
    assert!(places[6].0 > places[0].0, "{places:?}");
    assert!(all[3].message.contains("`:` may not stand in its name"), "{:?}", all[3]);
    assert!(all[0].help.as_ref().unwrap().contains("the whole value of a variable under function.environment"));
}
