//! deploy.yaml as a user writes it: the sample, stages, and whole lists of mistakes.

use std::path::Path;

use poc::spec::{Document, Spec, Variables};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sample(stage: Option<&str>) -> Spec {
    let document = Document::open(&root().join("deploy.yaml")).expect("the sample is well formed");
    let variables = Variables { account: Some("123456789012"), region: None, stage, env: &|_| None };
    document.spec(&variables).unwrap_or_else(|faults| panic!("the sample is valid: {}", listed(&faults)))
}

fn listed(faults: &[poc::spec::Fault]) -> String {
    faults.iter().map(|fault| format!("\n{fault}")).collect()
}

#[test]
fn the_sample_loads() {
    let spec = sample(None);
    assert_eq!(
        (spec.app.as_str(), spec.stage.as_str(), spec.region.as_deref()),
        ("ServerlessPOC", "prod", Some("us-east-1"))
    );
    assert_eq!(spec.package.bucket, "serverless-poc-123456789012-us-east-1");
    assert_eq!(spec.function.name, "ServerlessPOCAdmission");
    assert_eq!(spec.role.name, "ServerlessPOCAdmission-role");
    let [route] = &spec.api.routes[..] else { panic!("one route: {:?}", spec.api.routes) };
    assert_eq!((route.path.as_str(), route.verb.as_str(), route.api_key), ("/admit", "GET", true));
    assert_eq!(route.responses.keys().copied().collect::<Vec<_>>(), [200, 400]);
    let request = &route.integration.templates["application/json"];
    assert!(request.text.contains("$input.params('gre')"), "{request:?}");
    assert_eq!(request.file.as_deref(), Some(root().join("templates/admit/request.vtl").as_path()));
    assert_eq!(spec.domain.as_ref().map(|domain| domain.name.as_str()), Some("api.example.com"));
    assert_eq!(spec.checks.len(), 3);
}
