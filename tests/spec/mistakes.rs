//! Every mistake that can be made in a deploy.yaml and in what it names, as a person sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use poc::explain::Subject;
use poc::pipeline::Failure;
use poc::spec::{Fault, Source};
use poc::ui::{Format, Ui, Volume};

use crate::project::{Project, complete};

/// Code, what the least file has in it, and files beside it.
type Made = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const MADE: &[Made] = &[
    ("bad_arn", "domain: { name: api.example.com, certificate: \"yes please\" }\n", &[]),
    ("bad_base_path", "domain: { name: api.example.com, certificate: request, base_path: a/b }\n", &[]),
    ("bad_bucket", "package: { path: app, bucket: My_Models }\n", &[]),
    ("bad_content_type", "api: { resources: { /a: { GET: { models: { json: Empty } } } } }\n", &[]),
    ("bad_cors", "api: { resources: { /a: { GET: {} } }, cors: { credentials: true } }\n", &[]),
    ("bad_description", "api: { resources: { /a: { GET: { description: \"\" } } } }\n", &[]),
    ("bad_directory", "package: { image: { uri: m1, working_directory: srv } }\nfunction: { memory: 512 }\n", &[]),
    ("bad_handler", "function: { runtime: python3.13, handler: handler }\n", &[]),
    (
        "bad_header",
        "usage_plan: { keys: [a] }\nchecks: [{ get: /a, headers: { X-A: \"a\\nb\" }, expect: { status: 200 } }]\n",
        &[],
    ),
    ("bad_host_name", "domain: { name: \"https://api.example.com/\", certificate: request }\n", &[]),
    ("bad_ignore_pattern", "package: { path: app, ignore: [\"[z-a]\"] }\n", &[]),
    ("bad_image", "package: { image: \"model:\" }\nfunction: { memory: 512 }\n", &[]),
    (
        "bad_log_format",
        "stage_settings: { access_log: { destination: \"arn:aws:logs:eu-west-1:1:log-group:a\", format: $context.status } }\n",
        &[],
    ),
    (
        "bad_mapping",
        "api: { resources: { /a: { GET: {} } }, gateway_responses: { THROTTLED: { headers: { X-A: b } } } }\n",
        &[],
    ),
    (
        "bad_mutual_tls",
        "domain: { name: api.example.com, certificate: request, security_policy: TLS_1_0, mutual_tls: { truststore: \"s3://bucket/trust.pem\" } }\n",
        &[],
    ),
    ("bad_name", "name: \"shop;\"\n", &[]),
    ("bad_offset", "usage_plan: { quota: { limit: 1, period: day, offset: 1 } }\n", &[]),
    ("bad_page", "site: { path: web, error: ../oops.html }\n", &[("web/index.html", "<p>")]),
    ("bad_path", "api:\n  resources:\n    \"/{id}.json\": { GET: {} }\n", &[]),
    ("bad_pattern", "api: { resources: { /a: { GET: { responses: { 200: {}, 400: { pattern: '(a' } } } } } }\n", &[]),
    ("bad_policy", "api: { resources: { /a: { GET: {} } }, policy: {} }\n", &[]),
    (
        "bad_reference",
        "function: { runtime: python3.13, handler: handler.main, environment: { AB: \"${ssm:a b}\" } }\n",
        &[],
    ),
    ("bad_region", "region: Ireland\n", &[]),
    ("bad_retention", "function: { runtime: python3.13, handler: handler.main, log_retention: 15 }\n", &[]),
    ("bad_schema", "api: { resources: { /a: { GET: {} } }, models: { Input: { schema: {} } } }\n", &[]),
    (
        "bad_security_policy",
        "domain: { name: api.example.com, certificate: request, security_policy: SecurityPolicy_TLS13_2025_EDGE }\n",
        &[],
    ),
    ("bad_status", "api: { resources: { /a: { GET: { responses: { 200: {}, 4OO: { pattern: a } } } } } }\n", &[]),
    ("bad_summary", "api: { resources: { /a: { GET: { summary: \"one\\ntwo\" } } } }\n", &[]),
    ("bad_tag", "tags: { a*b: a }\n", &[]),
    ("bad_target", "usage_plan: { keys: [a] }\nchecks: [{ get: a?b=1, expect: { status: 200 } }]\n", &[]),
    (
        "bad_truststore",
        "domain: { name: api.example.com, certificate: request, mutual_tls: { truststore: trust.pem } }\n",
        &[],
    ),
    ("blocked_runtime", "function: { runtime: go1.x, handler: main }\n", &[]),
    ("duplicate_key_name", "usage_plan: { keys: [a, a] }\n", &[]),
    ("duplicate_parameter", "api:\n  resources:\n    \"/{a}/{a}\": { GET: {} }\n", &[]),
    (
        "duplicate_pattern",
        "api: { resources: { /a: { GET: { responses: { 200: {}, 400: { pattern: a }, 404: { pattern: a } } } } } }\n",
        &[],
    ),
    ("duplicate_route", "api: { cors: true, resources: { /a: { GET: {}, OPTIONS: {} } } }\n", &[]),
    ("duplicate_stage", "stages: { prod: {} }\n", &[]),
    ("empty_command", "package: { path: app, build: [\"\"] }\n", &[]),
    (
        "empty_template",
        "api: { resources: { /a: { GET: { request: { templates: { application/json: { inline: \"\" } } } } } } }\n",
        &[],
    ),
    ("fixed_key", "stages: { dev: { name: other } }\n", &[]),
    ("greedy_child", "api:\n  resources:\n    \"/{proxy+}/a\": { GET: {} }\n", &[]),
    ("image_and_path", "package: { image: model, path: app }\nfunction: { memory: 512 }\n", &[]),
    (
        "json_syntax",
        "api: { resources: { /a: { GET: {} } }, models: { Input: { schema: input.json } } }\n",
        &[("input.json", "{\n  \"type\": object\n}\n")],
    ),
    ("key_in_file", "usage_plan: { keys: [{ name: a, value: abcdefghij0123456789 }] }\n", &[]),
    ("key_without_plan", "api: { resources: { /a: { GET: { api_key: true } } } }\n", &[]),
    ("misplaced_reference", "stage_settings: { description: \"${ssm:/a/b}\" }\n", &[]),
    ("missing_file", "package: { path: ap }\n", &[]),
    ("missing_key", "function: { runtime: python3.13 }\n", &[]),
    ("missing_variable", "tags: { a: \"${env:TEAM}\" }\n", &[]),
    ("no_default", "api: { resources: { /a: { GET: { responses: {} } } } }\n", &[]),
    ("no_edge", "region: cn-north-1\napi: { resources: { /a: { GET: {} } }, endpoint: edge }\n", &[]),
    ("no_method", "api: { resources: { /a: {} } }\n", &[]),
    ("not_a_directory", "site: { path: web/index.html }\n", &[("web/index.html", "<p>")]),
    ("not_a_file", "api: { resources: { /a: { GET: { request: { templates: { application/json: app } } } } } }\n", &[]),
    ("not_a_package", "package: { path: app/handler.py }\n", &[]),
    ("optional_path_variable", "api: { resources: { \"/{id}\": { GET: { path: { id: optional } } } } }\n", &[]),
    ("out_of_range", "usage_plan: { quota: { limit: 0, period: day } }\n", &[]),
    ("outside_zone", "domain: { name: api.example.com, certificate: request, hosted_zone: ample.com }\n", &[]),
    (
        "pattern_matches_success",
        "api: { resources: { /a: { GET: { responses: { 200: {}, 400: { pattern: '.*' } } } } } }\n",
        &[],
    ),
    ("reserved_name", "function: { runtime: python3.13, handler: handler.main, environment: { _HANDLER: x } }\n", &[]),
    (
        "same_bucket",
        "package: { path: app, bucket: one }\nsite: { path: web, bucket: one }\n",
        &[("web/index.html", "<p>")],
    ),
    ("several_requests", "checks: [{ get: /a, post: /a, expect: { status: 200 } }]\n", &[]),
    ("sibling_variables", "api:\n  resources:\n    \"/{a}\": { GET: {} }\n    \"/{b}/c\": { GET: {} }\n", &[]),
    (
        "site_holds_package",
        "site: { path: app }\n",
        &[("app/index.html", "<p>"), ("web/app/handler.py", ""), ("web/index.html", "")],
    ),
    ("site_holds_project", "site: { path: . }\n", &[("index.html", "<p>")]),
    (
        "template_syntax",
        "api: { resources: { /a: { GET: { request: { templates: { application/json: { inline: \"#if($a\" } } } } } } }\n",
        &[],
    ),
    ("two_defaults", "api: { resources: { /a: { GET: { responses: { 200: {}, 400: {} } } } } }\n", &[]),
    (
        "undeclared_parameter",
        "api: { resources: { /a: { GET: { query: { Rank: required }, request: { headers: { X: method.request.header.Rank } } } } } }\n",
        &[],
    ),
    ("unknown_api_key", "usage_plan: { keys: [a] }\nchecks: [{ get: /a, key: b, expect: { status: 200 } }]\n", &[]),
    ("unknown_key", "functoin: {}\n", &[]),
    ("unknown_model", "api: { resources: { /a: { GET: { models: { application/json: Input } } } } }\n", &[]),
    ("unknown_parameter", "api: { resources: { /a: { GET: { path: { id: required } } } } }\n", &[]),
    ("unknown_route", "usage_plan: { methods: { GET /b: { rate: 1, burst: 1 } } }\n", &[]),
    ("unknown_runtime", "function: { runtime: cobol, handler: handler.main }\n", &[]),
    ("unknown_value", "api: { endpoint: regoinal, resources: { /a: { GET: {} } } }\n", &[]),
    ("unknown_variable", "stage_settings: { description: \"${stag}\" }\n", &[]),
    ("unused_key", "package: { image: model }\nfunction: { layers: [x] }\n", &[]),
    ("variable_syntax", "tags: { a: \"${env:}\" }\n", &[]),
    (
        "wrong_region",
        "function: { runtime: python3.13, handler: handler.main, layers: [\"arn:aws:lambda:us-east-1:111122223333:layer:numpy:1\"] }\n",
        &[],
    ),
    ("wrong_type", "function: { runtime: python3.13, handler: handler.main, memory: \"512\" }\n", &[]),
];

/// Code, and a whole file.
const MALFORMED: &[(&str, &str)] = &[
    ("alias", "name: shop\nstage: *prod\n"),
    ("anchor", "name: &name shop\n"),
    ("control_character", "name: shop\nregion: eu\u{1b}[31m-west-1\n"),
    ("duplicate_key", "name: shop\nstage: prod\nname: shop\n"),
    ("empty_file", "# to be done\n"),
    ("key_not_text", "[name, stage]: shop\n"),
    ("several_documents", "name: shop\n---\nname: shop\n"),
    ("tag", "name: !text shop\n"),
    ("yaml_syntax", "name: shop\nfunction: { runtime: python3.13\napi: {}\n"),
];

/// Those that come with numbers, by a loop.
fn numerous() -> Vec<(&'static str, String)> {
    let listed = |count: usize, one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<Vec<_>>().join(", ");
    let function = |rest: String| format!("function: {{ runtime: python3.13, handler: handler.main, {rest} }}\n");
    let layer = |at: usize| format!("\"arn:aws:lambda:eu-west-1:111122223333:layer:l{at}:1\"");
    let policy = |at: usize| format!("\"arn:aws:iam::111122223333:policy/p{at}\"");
    let routes = |count| listed(count, &|at| format!("/r{at}: {{ GET: {{}} }}"));
    let throttles = listed(40, &|at| format!("GET /r{at}: {{ rate: 1, burst: 1 }}"));
    vec![
        ("too_deep", format!("checks: {}{}\n", "[".repeat(200), "]".repeat(200))),
        ("too_large", function(format!("environment: {{ AB: \"{}\" }}", "x".repeat(4095)))),
        ("too_many_layers", function(format!("layers: [{}]", listed(6, &layer)))),
        ("too_many_policies", function(format!("role: {{ managed_policies: [{}] }}", listed(21, &policy)))),
        ("too_many_resources", format!("api: {{ resources: {{ {} }} }}\n", routes(301))),
        ("too_many_tags", format!("tags: {{ {} }}\n", listed(49, &|at| format!("t{at}: a")))),
        (
            "too_many_throttles",
            format!("api: {{ resources: {{ {} }} }}\nusage_plan: {{ methods: {{ {throttles} }} }}\n", routes(40)),
        ),
        (
            "too_many_variables",
            format!("stage_settings: {{ variables: {{ {} }} }}\n", listed(101, &|at| format!("v{at}: x"))),
        ),
        (
            // No file system takes such a name.
            "unreadable_file",
            format!("api: {{ resources: {{ /a: {{ GET: {{}} }} }}, policy: \"{}.json\" }}\n", "policy-".repeat(40)),
        ),
    ]
}

/// What depends on who asks: code, what the least file has in it, and the project.
fn asked() -> Vec<(&'static str, &'static str, Project)> {
    vec![
        (
            "bad_key_value",
            "usage_plan: { keys: [{ name: a, value: \"${env:KEY}\" }] }\n",
            Project::new().env("KEY", "short"),
        ),
        (
            "not_utf8",
            "api: { resources: { /a: { GET: { request: { templates: { application/json: t.vtl } } } } } }\n",
            Project::new().file("t.vtl", [b'{', 0xe4, b'}']),
        ),
        ("unknown_stage", "stages: { dev: {}, test: {} }\n", Project::new().stage("tset")),
        (
            "wrong_account",
            "domain: { name: api.example.com, certificate: \"arn:aws:acm:eu-west-1:111122223333:certificate/1234\" }\n",
            Project::new().account("999988887777"),
        ),
    ]
}

/// Those that only show when the package or the site is looked at, or when a file cannot be read: told by tests of these.
const ELSEWHERE: [&str; 19] = [
    "bad_package_json",
    "bad_zip",
    "dependency_clash",
    "empty_package",
    "file_too_big",
    "foreign_dependencies",
    "handler_missing",
    "link_in_site",
    "link_outside",
    "local_dependency",
    "no_lock_file",
    "not_a_wheel",
    "not_executable",
    "package_too_big",
    "package_unwritten",
    "page_left_out",
    "secret_in_site",
    "site_too_big",
    "special_file",
];

/// The mistakes of this kind in a project, whose directory may be called anything.
fn seen(project: &Project, text: &str, code: &str) -> Result<String, String> {
    let directory = project.path("");
    let faults = project.read(text).err().unwrap_or_default();
    let told: Vec<Fault> = faults.iter().filter(|fault| fault.code == code).take(1).cloned().collect();
    if told.is_empty() {
        return Err(format!("{code} is expected in\n{text}{}\n\n", crate::project::listed(&faults)));
    }
    let here = |mut fault: Fault| {
        if let Some(span) = &mut fault.span {
            let path = span.source.path.strip_prefix(&directory).expect("it is in the project").to_path_buf();
            span.source = Arc::new(Source { path, text: span.source.text.clone() });
        }
        fault.message = fault.message.replace(&directory.display().to_string(), "");
        fault
    };
    let (ui, captured) = Ui::captured(Format::Human, Volume::Normal, 100, None);
    ui.failed("validate", &Failure::Faults(told.into_iter().map(here).collect()));
    Ok(format!("---- {code}\n\n{}\n", captured.err()))
}

/// Read `snapshots/` as somebody who meets one for the first time.
#[test]
fn every_mistake_as_a_person_sees_it() {
    let mut all = BTreeMap::new();
    for (code, sections, files) in MADE {
        let project = files.iter().fold(Project::new(), |project, (name, text)| project.file(name, text));
        all.insert(*code, seen(&project, &complete(sections), code));
    }
    all.extend(MALFORMED.iter().map(|(code, text)| (*code, seen(&Project::new(), text, code))));
    all.extend(numerous().iter().map(|(code, sections)| (*code, seen(&Project::new(), &complete(sections), code))));
    all.extend(asked().iter().map(|(code, sections, project)| (*code, seen(project, &complete(sections), code))));
    let told: BTreeSet<&str> = all.keys().copied().chain(ELSEWHERE).collect();
    let (all, wrong): (Vec<_>, Vec<_>) = all.into_values().partition(Result::is_ok);
    assert!(wrong.is_empty(), "{}", wrong.into_iter().filter_map(Result::err).collect::<String>());
    assert_eq!(told, Subject::Mistake.codes().into_iter().collect());
    insta::assert_snapshot!("every_mistake_as_a_person_sees_it", all.into_iter().flatten().collect::<String>());
}

/// Nor does one show a secret that stands beside it, or is what it is about.
#[test]
fn no_mistake_shows_a_secret() {
    let secrets = "function:\n  runtime: python3.13\n  handler: handler.main\n  environment:\n    DB_PASSWORD: \"h\u{fc}nter2\"\n    \
                   TOKEN: { value: gr4y, secret: true }\n    PLAIN: { value: gr4yer, secret: true }\nusage_plan: { keys: [{ name: a, value: gr4yest-abcdefghij }] }\n";
    let hidden = |text: &str, code: &str, shown: &str| {
        let told = seen(&Project::new(), text, code).unwrap_or_else(|wrong| panic!("{wrong}"));
        assert!(told.contains(shown), "{told}");
        assert!(!told.contains("nter2") && !told.contains("gr4y"), "{told}");
    };
    let whole = complete(secrets);
    hidden(&whole, "key_in_file", "{ name: a, value: ******************");
    hidden(&whole.replace("    TOKEN", "    1OKEN"), "bad_name", "    DB_PASSWORD: *********");
    hidden(
        &format!(
            "{whole}stages: {{ dev: {{ function: {{ memory: 1, environment: {{ API_TOKEN: gr4y }} }} }} }}\nregion: x\n"
        ),
        "duplicate_key",
        "API_TOKEN: ****",
    );
    // Where no tree can be made of it.
    let broken = whole.replace("    TOKEN", "  \tTOKEN");
    hidden(&broken, "yaml_syntax", "    DB_PASSWORD: *********");
    // A switch is none, whatever it is called.
    let route = "api: { name: a, resources: { /a: { GET: {\n  api_key: true        # without: 403\n  \tx: 1\n} } } }\n";
    hidden(&format!("{secrets}{route}"), "yaml_syntax", "  api_key: true        # without: 403");
}

/// Names of secrets without end: looked at once each, and soon done.
#[test]
fn a_file_of_nothing_but_secrets_is_soon_read() {
    let text = "value: ".repeat(60_000);
    assert!(seen(&Project::new(), &text, "yaml_syntax").is_ok());
}
