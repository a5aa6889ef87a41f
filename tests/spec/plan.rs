//! Usage plan, keys, stage settings and checks.

use poc::spec::model::{CheckKey, LogLevel, Period};
use serde_json::json;

use crate::project::{Project, accepts, refuses};

#[test]
fn quota_offsets_fit_their_period() {
    let quota = |keys: &str| format!("usage_plan: {{ quota: {{ {keys} }} }}\n");
    refuses(&quota("limit: 1, period: day, offset: ▸1"), "bad_offset", &["a day has no offset"]);
    refuses(&quota("limit: 1, period: week, offset: ▸7"), "bad_offset", &["0 to 6"]);
    refuses(&quota("limit: 1, period: month, offset: ▸28"), "out_of_range", &["outside 0 to 27"]);
    refuses(&quota("limit: ▸0, period: day"), "out_of_range", &["outside 1 to"]);
    refuses(&quota("limit: 1, period: ▸year"), "unknown_value", &["values are day, week, month"]);
    refuses("usage_plan: { ▸quota: { limit: 1 } }\n", "missing_key", &["`quota` has no `period`"]);
    for (keys, period, offset) in [
        ("limit: 5, period: day", Period::Day, 0),
        ("limit: 5, period: week, offset: 6", Period::Week, 6),
        ("limit: 5, period: month, offset: 27", Period::Month, 27),
    ] {
        let found = accepts(&quota(keys)).usage_plan.and_then(|plan| plan.quota).expect("a quota");
        assert_eq!((found.limit, found.period, found.offset), (5, period, offset));
    }
}

#[test]
fn throttles_have_both_halves() {
    refuses(
        "usage_plan: { ▸throttle: { rate: 1 } }\n",
        "missing_key",
        &["`throttle` has no `burst`", "requests at once"],
    );
    refuses("usage_plan: { throttle: { rate: ▸-1, burst: 1 } }\n", "out_of_range", &["`rate` is -1"]);
    refuses("usage_plan: { throttle: { rate: 1, burst: ▸1.5 } }\n", "wrong_type", &["a whole number"]);
    let throttle =
        accepts("usage_plan: { throttle: { rate: 0.5, burst: 2 } }\n").usage_plan.and_then(|plan| plan.throttle);
    assert_eq!(throttle.map(|throttle| (throttle.rate, throttle.burst)), Some((0.5, 2)));
}

#[test]
fn limits_of_methods_name_methods() {
    refuses(
        "usage_plan: { methods: { ▸\"GET /b\": { rate: 1, burst: 1 } } }\n",
        "unknown_route",
        &["there is no method `GET /b`", "`GET /a`"],
    );
    refuses("usage_plan: { methods: { ▸/a: { rate: 1, burst: 1 } } }\n", "unknown_route", &["write verb and path"]);
    refuses("stage_settings: { methods: { ▸\"POST /a\": { rate: 1, burst: 1 } } }\n", "unknown_route", &["POST /a"]);
    let plan = accepts("usage_plan: { methods: { GET /a: { rate: 1, burst: 2 } } }\n").usage_plan.expect("a plan");
    assert_eq!(plan.method_throttles[&("/a".to_string(), "GET".to_string())].burst, 2);
    let paths: String = (0..21).map(|i| format!("    /r{i}: {{ GET: {{}} }}\n")).collect();
    let limits: String = (0..21).map(|i| format!("    GET /r{i}: {{ rate: 1, burst: 1 }}\n")).collect();
    refuses(
        &format!("api:\n  resources:\n{paths}usage_plan:\n  ▸methods:\n{limits}"),
        "too_many_throttles",
        &["21 methods", "takes 20"],
    );
}

#[test]
fn a_key_without_a_plan_opens_nothing() {
    let api = "api: { resources: { /a: { GET: { api_key: ▸true } } } }\n";
    refuses(api, "key_without_plan", &["`GET /a` needs an API key", "always answer 403", "usage_plan"]);
    refuses(&format!("{api}usage_plan: {{}}\n"), "key_without_plan", &["`usage_plan` has no keys"]);
    accepts(&format!("{api}usage_plan: {{ keys: [a] }}\n").replace('▸', ""));
}

#[test]
fn keys_have_names() {
    refuses("usage_plan: { keys: [a, ▸a] }\n", "duplicate_key_name", &["told apart by their names"]);
    refuses("usage_plan: { keys: [▸{ enabled: true }] }\n", "missing_key", &["no `name`"]);
    refuses("usage_plan: { keys: [▸1] }\n", "wrong_type", &["\"1\""]);
    refuses(&format!("usage_plan: {{ keys: [▸{}] }}\n", "k".repeat(1025)), "bad_name", &["1025 characters"]);
    let keys = accepts("usage_plan: { keys: [a, { name: b, description: for b, enabled: false }] }\n")
        .usage_plan
        .expect("a plan")
        .keys;
    assert_eq!(
        keys.iter().map(|key| (key.name.as_str(), key.enabled)).collect::<Vec<_>>(),
        [("a", true), ("b", false)]
    );
}

#[test]
fn the_value_of_a_key_comes_from_the_environment_alone() {
    let key = |value: &str| format!("usage_plan: {{ keys: [{{ name: a, value: ▸{value} }}] }}\n");
    let twenty = "abcdefghij0123456789";
    let project = Project::new()
        .env("GOOD", twenty)
        .env("LONGEST", &"x".repeat(128))
        .env("SHORT", "abcdefghij012345678")
        .env("LONG", &"x".repeat(129))
        .env("SPACED", "abcdefghij 0123456789");
    for name in ["GOOD", "LONGEST"] {
        let plan = project.spec(&key(&format!("\"${{env:{name}}}\"")).replace('▸', "")).usage_plan.expect("a plan");
        assert!(plan.keys[0].value.as_ref().is_some_and(|value| value.reveal().len() >= 20));
        assert!(!format!("{plan:?}").contains(twenty));
    }
    project.refuses(&key("\"${env:SHORT}\""), "bad_key_value", &["`${env:SHORT}` has fewer than 20 characters"]);
    project.refuses(&key("\"${env:LONG}\""), "bad_key_value", &["more than 128"]);
    project.refuses(&key("\"${env:SPACED}\""), "bad_key_value", &["cannot be sent as a header"]);
    project.refuses(&key("\"${env:NONE}\""), "missing_variable", &["`NONE`"]);
    for literal in
        [twenty.to_string(), "\"${env:NONE:-abcdefghij0123456789}\"".to_string(), "\"x${env:GOOD}\"".to_string()]
    {
        project.refuses(&key(&literal), "key_in_file", &["does not belong", "write \"${env:NAME}\""]);
    }
    let faults = project.faults(&key(twenty));
    assert!(!faults[0].to_string().contains(twenty), "{}", faults[0]);
}

#[test]
fn stage_settings_are_api_gateways() {
    let with = |keys: &str| format!("stage_settings: {{ {keys} }}\n");
    refuses(&with("variables: { ▸a-b: x }"), "bad_name", &["stage variable"]);
    refuses(&with(&format!("variables: {{ ▸{}: x }}", "v".repeat(65))), "bad_name", &["65 characters"]);
    refuses(&with("variables: { a: ▸\"b c\" }"), "bad_name", &["value of a stage variable"]);
    refuses(&with(&format!("variables: {{ a: ▸{} }}", "v".repeat(513))), "bad_name", &["513 characters"]);
    let many: String = (0..101).map(|i| format!("v{i}: x, ")).collect();
    refuses(&with(&format!("▸variables: {{ {many} }}")), "too_many_variables", &["101 stage variables"]);
    refuses(&with("logging: { level: ▸debug }"), "unknown_value", &["values are off, error, info"]);
    refuses(
        &with("access_log: { destination: ▸\"arn:aws:logs:eu-west-1:1:log-group:a:*\", format: $context.requestId }"),
        "bad_arn",
        &["without :*"],
    );
    refuses(
        &with(
            "access_log: { destination: ▸\"arn:aws:firehose:eu-west-1:1:deliverystream/a\", format: $context.requestId }",
        ),
        "bad_arn",
        &["amazon-apigateway-"],
    );
    refuses(
        &with("access_log: { destination: \"arn:aws:logs:eu-west-1:1:log-group:a\", format: ▸$context.status }"),
        "bad_log_format",
        &["$context.requestId"],
    );
    refuses(
        &with(
            "access_log: { destination: \"arn:aws:logs:eu-west-1:1:log-group:a\", format: ▸\"$context.requestId\\na\" }",
        ),
        "bad_log_format",
        &["several lines"],
    );
    refuses("stage_settings: { ▸access_log: { format: $context.requestId } }\n", "missing_key", &["no `destination`"]);
    let settings = accepts(&with("logging: { level: off, data_trace: true }, metrics: true, xray: true, variables: { a: \"b/c?d=1\" }, throttle: { rate: 1, burst: 1 }")).stage_settings;
    assert_eq!(
        (settings.log_level, settings.data_trace, settings.metrics, settings.xray),
        (Some(LogLevel::Off), true, true, true)
    );
    assert_eq!(settings.variables["a"], "b/c?d=1");
}

#[test]
fn checks_make_one_request_and_expect_something() {
    let plan = "usage_plan: { keys: [a] }\n";
    let check = |keys: &str| format!("{plan}checks: [{{ {keys} }}]\n");
    refuses("checks: [▸{ get: /a }]\n", "missing_key", &["no `expect`", "what must come back"]);
    refuses(&check("get: /a, ▸expect: {}"), "missing_key", &["expects nothing"]);
    refuses("checks: [▸{ expect: { status: 200 } }]\n", "missing_key", &["makes no request"]);
    refuses("checks: [▸{ get: /a, post: /a, expect: { status: 200 } }]\n", "several_requests", &["`get` and `post`"]);
    refuses(&check("get: /a, headers: { X-A: ▸\"a\\nb\" }, expect: { status: 200 }"), "bad_header", &["X-A"]);
    refuses(&check("get: ▸a, expect: { status: 200 }"), "bad_target", &["start with /"]);
    refuses(&check("get: ▸\"/a b\", expect: { status: 200 }"), "bad_target", &["%20"]);
    refuses(&check("get: /a, key: ▸b, expect: { status: 200 }"), "unknown_api_key", &["there is no API key `b`"]);
    refuses(&check("get: /a, expect: { status: ▸20 }"), "out_of_range", &["outside 100 to 599"]);
    refuses(
        &check("get: /a, ▸expects: { status: 200 }, expect: { status: 200 }"),
        "unknown_key",
        &["did you mean `expect`?"],
    );
    refuses(&check("get: /a, expect: { json: 1, ▸text: a }"), "unused_key", &["both describe the body"]);
    let checks = accepts(&check("post: \"/a?x=1\", name: first, headers: { X-A: b }, body: { a: [1, \"${stage}\"] }, key: a, expect: { text: ok, headers: { X-B: c } }")).checks;
    assert_eq!((checks[0].verb.as_str(), checks[0].target.as_str()), ("POST", "/a?x=1"));
    assert_eq!(
        (checks[0].body.as_deref(), &checks[0].key),
        (Some("{\"a\":[1,\"prod\"]}"), &CheckKey::Named("a".to_string()))
    );
    let json = accepts(&check("get: /a, expect: { json: { result: true, p: [0.5, ~] } }")).checks.remove(0).expect.json;
    assert_eq!(json, Some(json!({ "result": true, "p": [0.5, null] })));
}
