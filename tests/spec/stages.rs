//! Stages: which there are, how differences are merged, and which names get a suffix.

use poc::spec::{Document, Variables};

use crate::project::{Project, complete, refuses};

fn dev() -> Project {
    Project::new().stage("dev")
}

#[test]
fn differences_are_merged_deeply() {
    let spec = dev().spec(
        "function: { runtime: python3.13, handler: handler.main, memory: 512, environment: { AA: a, BB: b } }\n\
         package: { path: app, ignore: [a, b] }\n\
         stages: { dev: { function: { memory: 128, environment: { BB: x, CC: c } }, package: { ignore: [c] } } }\n",
    );
    assert_eq!(spec.function.memory, 128);
    let environment: Vec<_> = spec.function.environment.iter().map(|(k, v)| (k.as_str(), v.value.as_str())).collect();
    assert_eq!(environment, [("AA", "a"), ("BB", "x"), ("CC", "c")]);
    assert!(
        format!("{:?}", spec.package.source).contains("ignore: [\"c\"]"),
        "lists replace: {:?}",
        spec.package.source
    );
}

#[test]
fn null_removes() {
    let sections =
        "usage_plan: { quota: { limit: 1, period: day }, keys: [a] }\nstages: { dev: { usage_plan: { quota: } } }\n";
    assert_eq!(dev().spec(sections).usage_plan.and_then(|plan| plan.quota), None);
    assert_eq!(dev().spec("usage_plan: { keys: [a] }\nstages: { dev: { usage_plan: ~ } }\n").usage_plan, None);
}

#[test]
fn names_get_the_suffix_unless_the_stage_sets_them() {
    let sections = "\
function: { name: f, runtime: python3.13, handler: handler.main, role: { name: r } }
api: { name: n, resources: { /a: { GET: {} } } }
package: { path: app, bucket: my-bucket }
usage_plan: { name: p, keys: [a, b] }
";
    let spec = dev().spec(&format!("{sections}stages: {{ dev: {{}} }}\n"));
    let plan = spec.usage_plan.expect("a plan");
    let names = [
        &spec.function.name,
        &spec.role.name,
        &spec.api.name,
        &spec.package.bucket,
        &plan.name,
        &plan.keys[0].name,
        &plan.keys[1].name,
    ];
    assert_eq!(names, ["f-dev", "r-dev", "n-dev", "my-bucket-dev", "p-dev", "a-dev", "b-dev"]);
    let own = "stages: { dev: { function: { name: F, role: { name: R } }, api: { name: N }, package: { bucket: own-bucket }, usage_plan: { name: P, keys: [K] } } }\n";
    let spec = dev().spec(&format!("{sections}{own}"));
    let plan = spec.usage_plan.expect("a plan");
    let names =
        [&spec.function.name, &spec.role.name, &spec.api.name, &spec.package.bucket, &plan.name, &plan.keys[0].name];
    assert_eq!(names, ["F", "R", "N", "own-bucket", "P", "K"]);
}

#[test]
fn a_name_that_holds_the_stage_needs_no_suffix() {
    let sections = "function: { name: \"f-${stage}\", runtime: python3.13, handler: handler.main }\npackage: { path: app, bucket: \"b-${stage}\" }\nstages: { dev: {} }\n";
    let spec = dev().spec(sections);
    assert_eq!(
        (spec.function.name.as_str(), spec.role.name.as_str(), spec.package.bucket.as_str()),
        ("f-dev", "f-dev-role", "b-dev")
    );
    assert_eq!(Project::new().spec(sections).function.name, "f-prod");
}

#[test]
fn buckets_take_the_suffix_in_their_own_letters() {
    let spec = Project::new().stage("Dev_1").spec("package: { path: app, bucket: b-cd }\nstages: { Dev_1: {} }\n");
    assert_eq!(spec.package.bucket, "b-cd-dev-1");
    let spec = Project::new().stage("Dev_1").spec("stages: { Dev_1: {} }\n");
    assert_eq!(spec.package.bucket, "poc-shop-000000000000-eu-west-1-dev-1");
}

#[test]
fn a_suffix_may_make_a_name_too_long() {
    let name = "f".repeat(61);
    dev().refuses(
        &format!(
            "function: {{ name: ▸{name}, runtime: python3.13, handler: handler.main }}\nstages: {{ dev: {{}} }}\n"
        ),
        "bad_name",
        &["65 characters"],
    );
}

#[test]
fn a_host_name_is_not_inherited() {
    let domain = "domain: { name: a.example.com, certificate: request, base_path: x }\n";
    assert!(dev().spec(&format!("{domain}stages: {{ dev: {{}} }}\n")).domain.is_none());
    let own = dev()
        .spec(&format!("{domain}stages: {{ dev: {{ domain: {{ name: d.example.com }} }} }}\n"))
        .domain
        .expect("its own");
    assert_eq!((own.name.as_str(), own.base_path.as_deref()), ("d.example.com", Some("x")));
}

#[test]
fn a_check_finds_the_key_by_its_name_in_the_file() {
    let sections =
        "usage_plan: { keys: [a] }\nchecks: [{ get: /a, key: a, expect: { status: 200 } }]\nstages: { dev: {} }\n";
    assert_eq!(format!("{:?}", dev().spec(sections).checks[0].key), "Named(\"a-dev\")");
}

#[test]
fn a_mistake_in_a_difference_is_told_where_it_stands() {
    dev().refuses("stages: { dev: { function: { memory: ▸1 } } }\n", "out_of_range", &["`memory` is 1"]);
    dev().refuses("stages: { dev: { ▸functoin: {} } }\n", "unknown_key", &["did you mean `function`?"]);
}

#[test]
fn a_stage_that_is_not_there_names_those_that_are() {
    let faults = Project::new().stage("tset").faults("stages: { dev: {}, test: {} }\n");
    assert_eq!(faults[0].code, "unknown_stage");
    assert!(faults[0].to_string().contains("did you mean `test`?"), "{}", faults[0]);
    let faults = Project::new().stage("nowhere").faults("stages: { dev: {}, test: {} }\n");
    assert!(
        faults[0].to_string().contains(
            "stages are prod, dev, test; one that was taken out of the file is torn down with the file as it was"
        ),
        "{}",
        faults[0]
    );
}

/// `poc validate` asks for each stage by its name, the wrong ones too.
#[test]
fn a_stage_of_a_wrong_name_hides_nothing() {
    for name in ["a b", "", "v1.0"] {
        for sections in [format!("stage: \"{name}\"\n"), format!("stages: {{ \"{name}\": {{}} }}\n")] {
            let sections = format!("{sections}function: {{ runtime: python3.13, handler: handler.main, memory: 1 }}\n");
            let faults = Project::new().stage(name).faults(&sections);
            let mut codes: Vec<_> = faults.iter().map(|fault| fault.code).collect();
            codes.sort_unstable();
            assert_eq!(codes, ["bad_name", "out_of_range"], "{sections}");
        }
    }
}

#[test]
fn an_unknown_stage_has_a_place() {
    for (sections, line) in [("stages: { dev: {} }\n", 7), ("tags: {}\n", 2)] {
        let faults = Project::new().stage("nowhere").faults(sections);
        assert_eq!(faults[0].span.as_ref().map(|span| (span.line, span.column)), Some((line, 1)), "{}", faults[0]);
    }
}

#[test]
fn the_files_own_stage_may_be_named() {
    assert_eq!(Project::new().stage("prod").spec("stages: { dev: {} }\n").function.name, "shop");
}

#[test]
fn stages_are_judged_as_names() {
    refuses("stages: { ▸\"a b\": {} }\n", "bad_name", &["not a stage name"]);
    refuses("stages: { ▸\"1\": {} }\n", "bad_name", &["must not be a number"]);
    refuses("stages: { ▸prod: {} }\n", "duplicate_stage", &["the file's own", "top level"]);
    refuses("stages: { dev: { ▸name: other } }\n", "fixed_key", &["a stage cannot change `name`"]);
    refuses("stages: { ▸dev: }\n", "wrong_type", &["must be a mapping"]);
    refuses("stages: ▸dev\n", "wrong_type", &["must be a mapping"]);
}

#[test]
fn names_are_known_before_the_rest_is_valid() {
    let text =
        complete("region: \"${env:R:-us-west-2}\"\nfunction: 5\nstages: { dev: { region: eu-north-1 }, test: {} }\n");
    let document = Document::parse("deploy.yaml".as_ref(), text).expect("well formed");
    let with = |region, stage| Variables { account: None, region, stage, env: &|_| None };
    let names = document.names(&with(None, None));
    assert_eq!(
        (names.app.as_deref(), names.stage.as_deref(), names.region.as_deref()),
        (Some("shop"), Some("prod"), Some("us-west-2"))
    );
    assert_eq!(document.names(&with(None, Some("dev"))).region.as_deref(), Some("eu-north-1"));
    assert_eq!(document.names(&with(Some("ap-south-1"), Some("dev"))).region.as_deref(), Some("ap-south-1"));
    assert_eq!(document.stages(&with(None, None)), ["prod", "dev", "test"]);
}
