//! The sample is valid as it stands, in both of its stages.

use std::path::Path;
use std::time::Duration;

use poc::spec::model::{CheckKey, Endpoint, IntegrationKind, Passthrough, Period};
use poc::spec::{Document, Spec, Variables};
use serde_json::json;

use crate::project::listed;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sample(stage: Option<&str>) -> Spec {
    let document = Document::open(&root().join("deploy.yaml")).expect("the sample is well formed");
    let variables = Variables { account: Some("123456789012"), region: None, stage, env: &|_| None };
    document.spec(&variables).unwrap_or_else(|faults| panic!("the sample is valid{}", listed(&faults)))
}

#[test]
fn it_says_what_the_article_built() {
    let spec = sample(None);
    let names = (spec.app.as_str(), spec.stage.as_str(), spec.region.as_deref());
    assert_eq!(names, ("ServerlessPOC", "prod", Some("us-east-1")));
    assert_eq!(spec.package.bucket, "serverless-poc-123456789012-us-east-1");
    assert_eq!(spec.function.name, "ServerlessPOCAdmission");
    assert_eq!((spec.function.memory, spec.function.timeout), (256, Duration::from_secs(10)));
    assert_eq!(spec.role.name, "ServerlessPOCAdmission-role");
    assert_eq!(spec.api.endpoint, Endpoint::Regional);
    let plan = spec.usage_plan.expect("the sample has a usage plan");
    let quota = plan.quota.expect("the plan has a quota");
    assert_eq!((plan.name.as_str(), quota.limit, quota.period), ("ServerlessPOC", 500, Period::Day));
    assert_eq!(plan.keys.iter().map(|key| key.name.as_str()).collect::<Vec<_>>(), ["ServerlessPOC"]);
    let domain = spec.domain.expect("the sample has a domain");
    assert_eq!((domain.name.as_str(), domain.base_path.as_deref()), ("api.example.com", Some("poc")));
    assert_eq!(domain.security_policy, "TLS_1_2");
}

#[test]
fn its_one_method_carries_both_templates() {
    let spec = sample(None);
    let [route] = &spec.api.routes[..] else { panic!("one route: {:?}", spec.api.routes) };
    assert_eq!((route.path.as_str(), route.verb.as_str(), route.api_key), ("/admit", "GET", true));
    assert_eq!(route.integration.kind, IntegrationKind::Lambda);
    assert_eq!(route.integration.passthrough, Passthrough::WhenNoTemplates);
    let request = &route.integration.templates["application/json"];
    assert!(request.text.contains("$input.params('gre')"), "{request:?}");
    assert_eq!(request.file.as_deref(), Some(root().join("templates/admit/request.vtl").as_path()));
    let parameters: Vec<_> = route.parameters.iter().map(|p| (p.name.as_str(), p.required)).collect();
    assert_eq!(parameters, [("gre", true), ("gpa", true), ("rank", true)]);
    assert_eq!(route.responses[&200].pattern, None);
    assert_eq!(route.responses[&400].pattern.as_deref(), Some(".*\"httpStatus\":400.*"));
}

#[test]
fn its_checks_are_the_three_of_the_article() {
    let checks = sample(None).checks;
    let [first, without, bad] = &checks[..] else { panic!("three checks: {checks:?}") };
    assert_eq!((first.verb.as_str(), first.target.as_str()), ("GET", "/admit?gre=800&gpa=4&rank=1"));
    assert_eq!(first.expect.json, Some(json!({ "result": true })));
    assert_eq!((&first.key, &without.key), (&CheckKey::First, &CheckKey::None));
    assert_eq!((without.expect.status, bad.expect.status), (Some(403), Some(400)));
}

#[test]
fn its_other_stage_has_names_of_its_own_and_no_domain() {
    let spec = sample(Some("dev"));
    assert_eq!((spec.app.as_str(), spec.stage.as_str()), ("ServerlessPOC", "dev"));
    assert_eq!(spec.function.name, "ServerlessPOCAdmission-dev");
    assert_eq!(spec.role.name, "ServerlessPOCAdmission-dev-role");
    assert_eq!(spec.api.name, "ServerlessPOC-dev");
    assert_eq!(spec.package.bucket, "serverless-poc-123456789012-us-east-1-dev");
    let plan = spec.usage_plan.expect("the plan is inherited");
    let quota = plan.quota.expect("the plan has a quota");
    assert_eq!((plan.name.as_str(), quota.limit), ("ServerlessPOC-dev", 50));
    assert_eq!(plan.throttle.map(|throttle| throttle.burst), Some(20));
    assert_eq!(plan.keys[0].name, "ServerlessPOC-dev");
    assert_eq!(spec.domain, None);
}

/// The article's trap: `json.dumps` writes `"httpStatus": 400` with a space, which the pattern does not match.
#[test]
fn its_handler_raises_what_its_pattern_matches() {
    let handler = std::fs::read_to_string(root().join("app/handler.py")).expect("the sample has a handler");
    assert!(handler.contains("separators=(\",\", \":\")"), "compact JSON: {handler}");
}
