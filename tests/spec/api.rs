//! The API apart from its methods: settings, paths, models, gateway responses, CORS, policy.

use std::fmt::Write;

use poc::spec::model::{ApiKeySource, Endpoint};
use serde_json::json;

use crate::project::{Project, accepts, refuses};

/// An API with one method and more keys.
fn with(keys: &str) -> String {
    format!("api: {{ resources: {{ /a: {{ GET: {{}} }} }}, {keys} }}\n")
}

/// An API with these paths, each with a GET.
fn paths(paths: &[&str]) -> String {
    let lines: String =
        paths.iter().map(|path| format!("    \"{path}\": {{ GET: {{}} }}\n").replace("\"▸", "▸\"")).collect();
    format!("api:\n  resources:\n{lines}")
}

#[test]
fn what_is_left_out_has_a_default() {
    let api = accepts("").api;
    assert_eq!(
        (api.name.as_str(), api.endpoint, api.api_key_source),
        ("shop", Endpoint::Regional, ApiKeySource::Header)
    );
    assert_eq!((api.minimum_compression, api.disable_execute_api_endpoint), (None, false));
}

#[test]
fn settings_have_api_gateways_ranges() {
    refuses(&with("endpoint: ▸private"), "unknown_value", &["values are regional, edge"]);
    refuses(&with("minimum_compression: ▸10485761"), "out_of_range", &["outside 0 to 10485760"]);
    refuses(&with("minimum_compression: ▸-1"), "out_of_range", &["outside 0 to"]);
    refuses(&with("description: ▸\"\""), "bad_description", &["is empty"]);
    refuses(&with("name: ▸\"\""), "bad_name", &["it is empty"]);
    refuses(&with("binary_media_types: [▸png]"), "bad_content_type", &["not a media type", "image/png"]);
    refuses(
        &format!("region: cn-north-1\n{}", with("endpoint: ▸edge")),
        "no_edge",
        &["no edge endpoints in cn-north-1"],
    );
    let api = accepts(&with(
        "endpoint: edge, api_key_source: authorizer, minimum_compression: 0, binary_media_types: [\"*/*\"]",
    ))
    .api;
    assert_eq!(
        (api.endpoint, api.api_key_source, api.minimum_compression),
        (Endpoint::Edge, ApiKeySource::Authorizer, Some(0))
    );
}

#[test]
fn an_api_has_a_method() {
    refuses("▸api: {}\n", "missing_key", &["`api` has no `resources`"]);
    refuses("api: { ▸resources: {} }\n", "no_method", &["AWS deploys none without a method"]);
    refuses("api: { resources: { ▸/a: {} } }\n", "no_method", &["`/a` has no method"]);
}

#[test]
fn paths_have_api_gateways_characters() {
    refuses(&paths(&["▸a"]), "bad_path", &["does not start with /", "write /a"]);
    refuses(&paths(&["▸/a b"]), "bad_path", &["holds ` `"]);
    refuses(&paths(&["▸/a//b"]), "bad_path", &["empty part"]);
    refuses(&paths(&["▸/a/"]), "bad_path", &["ends with a slash"]);
    refuses(&paths(&["▸/a?x=1"]), "bad_path", &["holds a query", "`query`"]);
    refuses(&paths(&["▸/x-{a}"]), "bad_path", &["mixes a variable with text", "/{name}"]);
    refuses(&paths(&["▸/{a b}"]), "bad_path", &["not a path variable"]);
    refuses(&paths(&["▸/{}"]), "bad_path", &["it is empty"]);
    let routes = accepts(&paths(&["/", "/a.b_c-d", "/{gre}/{gpa}/{rank}/admit", "/files/{proxy+}"])).api.routes;
    assert_eq!(
        routes.iter().map(|route| route.path.as_str()).collect::<Vec<_>>(),
        ["/", "/a.b_c-d", "/{gre}/{gpa}/{rank}/admit", "/files/{proxy+}"]
    );
    assert_eq!(
        routes[2].parameters.iter().map(|p| (p.name.as_str(), p.required)).collect::<Vec<_>>(),
        [("gre", true), ("gpa", true), ("rank", true)]
    );
}

#[test]
fn the_same_path_twice_is_a_mistake() {
    let faults = Project::new().faults(&paths(&["/a", "/a/"]));
    assert!(
        faults.iter().any(|fault| fault.code == "duplicate_route" && fault.message.contains("`/a` and `/a/`")),
        "{faults:?}"
    );
}

#[test]
fn one_parent_takes_one_variable() {
    refuses(
        &paths(&["/{a}", "▸/{b}/c"]),
        "sibling_variables",
        &["`{b}` stands beside `{a}`", "give both paths the same"],
    );
    refuses(&paths(&["/x/{a}", "▸/x/{proxy+}"]), "sibling_variables", &["`{proxy+}` stands beside `{a}`"]);
    accepts(&paths(&["/{a}", "/{a}/c", "/x/{b}", "/{a}/{c}"]));
}

#[test]
fn nothing_follows_a_greedy_variable() {
    refuses(&paths(&["▸/{proxy+}/a"]), "greedy_child", &["nothing can follow", "`{proxy+}`"]);
    refuses(&paths(&["▸/{a}/{a}"]), "duplicate_parameter", &["`{a}` stands twice"]);
}

#[test]
fn an_api_takes_300_resources() {
    let many = |n: usize| {
        let mut text = "api:\n  ▸resources:\n".to_string();
        (0..n).for_each(|i| {
            let _ = writeln!(text, "    /a/r{i}: {{ GET: {{}} }}");
        });
        text
    };
    // The root and /a count too.
    accepts(&many(298).replace('▸', ""));
    refuses(&many(299), "too_many_resources", &["301 resources", "takes 300"]);
}

#[test]
fn models_are_draft_4() {
    let model = |schema: &str| with(&format!("models: {{ Input: {{ schema: {schema} }} }}"));
    let api = accepts(&model("{ type: object, required: [gre], properties: { gre: { type: number } } }")).api;
    assert_eq!(api.models["Input"].content_type, "application/json");
    assert_eq!(api.models["Input"].schema["required"], json!(["gre"]));
    refuses(&model("{}").replace("schema:", "▸schema:"), "bad_schema", &["empty", "one property"]);
    for (schema, says) in [
        ("{ $schema: \"http://json-schema.org/draft-07/schema#\", type: object }", "not draft 4"),
        (
            "{ type: object, properties: { a: { const: 1 } } }",
            "`/properties/a/const` of the schema is of a later draft",
        ),
        ("{ type: number, exclusiveMinimum: 3 }", "true or false in draft 4"),
        ("{ type: object, required: true }", "list of one name"),
        ("{ type: text }", "types are array"),
        ("{ anyOf: [] }", "list of one schema"),
        ("{ properties: [a] }", "object of schemas"),
    ] {
        refuses(&model(schema).replace("schema: {", "▸schema: {"), "bad_schema", &[says]);
    }
    refuses(&with("models: { ▸in-put: { schema: { type: object } } }"), "bad_name", &["letters and digits"]);
    refuses(&with("models: { ▸Empty: { schema: { type: object } } }"), "reserved_name", &["from the start"]);
    refuses(&with("models: { ▸Input: {} }"), "missing_key", &["`Input` has no `schema`"]);
}

#[test]
fn a_schema_may_stand_in_a_file() {
    let project = Project::new()
        .file("good.json", "{\"type\": \"object\", \"properties\": {}}")
        .file("good.yaml", "type: object\nproperties: {}\n")
        .file("bad.json", "{\n  \"type\": object\n}")
        .file("huge.json", format!("{{\"description\": \"{}\"}}", "x".repeat(400 * 1024)));
    let model = |file: &str| with(&format!("models: {{ Input: {{ schema: ▸{file} }} }}"));
    for file in ["good.json", "good.yaml"] {
        assert_eq!(
            project.spec(&model(file).replace('▸', "")).api.models["Input"].schema,
            json!({ "type": "object", "properties": {} })
        );
    }
    project.refuses(&model("gone.json"), "missing_file", &["gone.json", "paths start from"]);
    project.refuses(&model("huge.json"), "too_large", &["400 KB"]);
    let faults = project.faults(&model("bad.json"));
    let span = faults[0].span.as_ref().expect("a place in the file");
    assert_eq!(
        (faults[0].code, span.source.path.file_name().and_then(|n| n.to_str()), span.line),
        ("json_syntax", Some("bad.json"), 2)
    );
}

#[test]
fn gateway_responses_have_api_gateways_types() {
    let api = accepts(&with("gateway_responses: { DEFAULT_4XX: { headers: { X-A: \"'b'\", X-B: context.requestId }, templates: { application/json: { inline: \"{}\" } } }, THROTTLED: { status: 503 } }")).api;
    assert_eq!(api.gateway_responses["THROTTLED"].status, Some(503));
    assert_eq!(api.gateway_responses["DEFAULT_4XX"].headers["X-A"], "'b'");
    refuses(&with("gateway_responses: { ▸DEFAULT_4X: {} }"), "unknown_key", &["did you mean `DEFAULT_4XX`?"]);
    refuses(&with("gateway_responses: { THROTTLED: { status: ▸99 } }"), "out_of_range", &["outside 100 to 599"]);
    refuses(&with("gateway_responses: { THROTTLED: { headers: { X-A: ▸b } } }"), "bad_mapping", &["single quotes"]);
    refuses(
        &with("gateway_responses: { THROTTLED: { headers: { ▸\"X A\": \"'b'\" } } }"),
        "bad_name",
        &["header name"],
    );
    refuses(
        &with("gateway_responses: { THROTTLED: { templates: { ▸json: { inline: a } } } }"),
        "bad_content_type",
        &["application/json"],
    );
}

#[test]
fn cors_is_true_or_settings() {
    let api = accepts(&with("cors: true")).api;
    let cors = api.routes[0].cors.as_ref().expect("CORS is on");
    assert_eq!((cors.origins.as_slice(), cors.credentials), (&["*".to_string()][..], false));
    assert!(accepts(&with("cors: false")).api.routes[0].cors.is_none());
    let api = accepts("api: { cors: true, resources: { /a: { GET: {}, cors: false }, /b: { GET: {}, cors: { origins: [\"https://a.example\", \"http://localhost:8080\"], max_age: 60, credentials: true } } } }\n").api;
    assert!(api.routes[0].cors.is_none());
    assert_eq!(api.routes[1].cors.as_ref().map(|cors| cors.origins.len()), Some(2));
    refuses(
        &with("cors: { credentials: ▸true }"),
        "bad_cors",
        &["refuse `credentials` from any origin", "name the origins"],
    );
    refuses(&with("cors: { origins: [\"*\"], credentials: ▸true }"), "bad_cors", &["name the origins"]);
    refuses(&with("cors: { origins: [▸example.com] }"), "bad_cors", &["not an origin", "https://host"]);
    refuses(&with("cors: { origins: [▸\"https://example.com/\"] }"), "bad_cors", &["without a path"]);
    refuses(&with("cors: { methods: [▸get] }"), "unknown_value", &["did you mean `GET`?"]);
    refuses(&with("cors: { headers: [▸\"X A\"] }"), "bad_name", &["header name"]);
    refuses(&with("cors: { max_age: ▸86401 }"), "out_of_range", &["outside 0 to 86400"]);
    refuses(&with("cors: ▸\"true\""), "wrong_type", &["write true"]);
}

#[test]
fn cors_and_options_do_not_meet() {
    refuses(
        "api: { cors: true, resources: { /a: { GET: {}, ▸OPTIONS: {} } } }\n",
        "duplicate_route",
        &["`cors` makes one", "`cors: false`"],
    );
    accepts("api: { cors: true, resources: { /a: { GET: {}, OPTIONS: { integration: mock }, cors: false } } }\n");
}

#[test]
fn a_resource_policy_is_a_mapping_or_a_file() {
    let project = Project::new()
        .file("policy.json", "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Resource\": \"${aws:username}\"}]}");
    let policy = project.spec(&with("policy: policy.json")).api.policy.expect("a policy");
    assert_eq!(policy["Statement"][0]["Resource"], "${aws:username}");
    let policy =
        accepts(&with("policy: { Statement: [{ Effect: Allow, Resource: \"execute-api:/${stage}/*\" }] }")).api.policy;
    assert_eq!(policy, Some(json!({ "Statement": [{ "Effect": "Allow", "Resource": "execute-api:/prod/*" }] })));
    refuses(&with("▸policy: {}"), "bad_policy", &["no `Statement`"]);
    refuses(&with(&format!("▸policy: {{ Statement: [{}] }}", "x".repeat(8192))), "too_large", &["8192 are accepted"]);
    refuses(&with("policy: ▸5"), "wrong_type", &["a mapping or the path of a file"]);
}
