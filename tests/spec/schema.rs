//! The JSON schema for editors judges as `poc validate` does, as far as a schema can see.

use std::path::Path;

use poc::spec::{Document, Variables, json_schema};
use serde_json::Value;

fn sample() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy.yaml")).unwrap()
}

/// As the file's directory, so that templates and the package are found.
fn validates(text: &str) -> bool {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy.yaml");
    let Ok(document) = Document::parse(&path, text.to_owned()) else { return false };
    let at = |stage: Option<&str>| {
        let variables = Variables { account: Some("123456789012"), region: None, stage, env: &|_| None };
        document.spec(&variables).is_ok()
    };
    at(None) && at(Some("dev"))
}

/// An editor's judgement: YAML as JSON, against the schema.
fn fits(text: &str) -> bool {
    let validator = jsonschema::validator_for(&json_schema()).unwrap();
    serde_yaml::from_str::<Value>(text).is_ok_and(|value| validator.is_valid(&value))
}

/// What is written in place of what.
type Edit = (&'static str, &'static str);

/// Both see these.
const BROKEN: [Edit; 38] = [
    ("  runtime: python3.13\n", ""),
    ("  handler: handler.lambda_handler\n", ""),
    ("package: { path: app, ", "package: { "),
    ("package: { path: app, ", "package: { image: \"admission:1\", path: app, "),
    ("get: \"/admit?gre=abc", "post: /admit, get: \"/admit?gre=abc"),
    ("get: \"/admit?gre=abc&gpa=4&rank=1\", ", ""),
    ("name: ServerlessPOC ", "nam: ServerlessPOC "),
    ("name: ServerlessPOC ", "name: 5 "),
    ("stage: prod ", "region2: eu-west-1\nstage: prod "),
    ("  memory: 256 ", "  memory: 100 "),
    ("  memory: 256 ", "  memory: 20000 "),
    ("  memory: 256 ", "  memory: \"256\" "),
    ("  memory: 256 ", "  memory: 256.5 "),
    ("  memory: 256 ", "  memory: lots "),
    ("  timeout: 10 ", "  timeout: 901 "),
    ("  timeout: 10 ", "  timeout: [10] "),
    ("  timeout: 10 ", "  architecture: x64\n  timeout: 10 "),
    ("  timeout: 10 ", "  layers: arn:aws:lambda:us-east-1:123456789012:layer:a:1\n  timeout: 10 "),
    ("  timeout: 10 ", "  environment: { SOME: 5 }\n  timeout: 10 "),
    ("  timeout: 10 ", "  environment: { SOME: { secret: true } }\n  timeout: 10 "),
    ("  endpoint: regional ", "  endpoint: private "),
    ("  endpoint: regional ", "  models: { Body: { description: no schema } }\n  endpoint: regional "),
    ("        api_key: true ", "        api_key: \"yes\" "),
    ("        api_key: true ", "        apikey: true "),
    ("gre: required,", "gre: must,"),
    ("passthrough: when_no_templates", "passthrough: always"),
    ("          200: {} ", "          200: { patern: a } "),
    ("          200: {} ", "          200: [] "),
    ("{ rate: 10, burst: 20 }", "{ rate: 10 }"),
    ("{ rate: 10, burst: 20 }", "{ rate: -1, burst: 20 }"),
    ("{ limit: 500, period: day }", "{ limit: 0, period: day }"),
    ("{ limit: 500, period: day }", "{ limit: 500, period: year }"),
    ("{ limit: 500, period: day }", "{ limit: 500 }"),
    ("  keys: [ServerlessPOC]", "  keys: ServerlessPOC"),
    ("  certificate: request ", "  certificates: request "),
    ("  name: api.example.com\n", ""),
    ("expect: { status: 403 } }", "expects: { status: 403 } }"),
    ("quota: { limit: 50, period: day }", "quota: { limit: many }"),
];

/// Texts and names, by how they look.
const MISSHAPEN: [Edit; 52] = [
    ("  timeout: 10 ", "  tags: { aws:team: a }\n  timeout: 10 "),
    ("  timeout: 10 ", "  tags: { \"poc:app\": a }\n  timeout: 10 "),
    ("  timeout: 10 ", "  tags: { team: \"a;b\" }\n  timeout: 10 "),
    ("  timeout: 10 ", "  tags: { \"team!\": a }\n  timeout: 10 "),
    ("  timeout: 10 ", "  layers: [\"arn:aws:lambda:us-east-1:123456789012:layer:a\"]\n  timeout: 10 "),
    ("  timeout: 10 ", "  role: { managed_policies: [ReadOnlyAccess] }\n  timeout: 10 "),
    ("  timeout: 10 ", "  log_retention: 31\n  timeout: 10 "),
    ("handler: handler.lambda_handler", "handler: \"handler. lambda_handler\""),
    ("  name: api.example.com\n", "  name: https://api.example.com\n"),
    ("  name: api.example.com\n", "  name: localhost\n"),
    ("  name: api.example.com\n", "  name: 10.0.0.1\n"),
    ("  name: api.example.com\n", "  name: -api.example.com\n"),
    ("hosted_zone: example.com", "hosted_zone: \"*.example.com\""),
    ("  base_path: poc\n", "  base_path: poc\n  mutual_tls: { truststore: certificates.pem }\n"),
    ("  base_path: poc\n", "  base_path: poc\n  mutual_tls: { truststore: s3://My_Bucket/a.pem }\n"),
    ("  base_path: poc\n", "  base_path: poc\n  mutual_tls: { truststore: s3://bucket/ }\n"),
    ("\nstages:", "\nstage_settings: { access_log: { destination: logs, format: $context.requestId } }\nstages:"),
    (
        "\nstages:",
        "\nstage_settings: { access_log: { destination: \"arn:aws:firehose:us-east-1:123456789012:deliverystream/mine\", format: $context.requestId } }\nstages:",
    ),
    (
        "\nstages:",
        "\nstage_settings: { access_log: { destination: \"arn:aws:logs:us-east-1:123456789012:log-group:a\", format: $context.status } }\nstages:",
    ),
    ("\nstages:", "\nstage_settings: { methods: { admit: { rate: 1, burst: 1 } } }\nstages:"),
    ("get: \"/admit?gre=abc", "get: \"admit?gre=abc"),
    ("get: \"/admit?gre=abc", "get: \"/admit?gre=a bc"),
    ("runtime: python3.13", "runtime: python9.9"),
    ("runtime: python3.13", "runtime: python3.8"),
    ("name: ServerlessPOCAdmission", "name: \"not a name\""),
    ("name: ServerlessPOC ", "name: \"a\\tb\" "),
    ("stage: prod ", "stage: \"1\" "),
    ("region: us-east-1", "region: nowhere"),
    ("    /admit:\n", "    admit:\n"),
    ("    /admit:\n", "    /admit/:\n"),
    ("    /admit:\n", "    /admit?gre=1:\n"),
    ("    /admit:\n", "    \"/{a}{b}\":\n"),
    ("    /admit:\n", "    \"/x{a}\":\n"),
    ("    /admit:\n", "    \"/{a+}/b\":\n"),
    ("          200: {} ", "          4OO: { pattern: a }\n          200: {} "),
    ("          200: {} ", "          600: { pattern: a }\n          200: {} "),
    ("  timeout: 10 ", "  environment: { 1A: text }\n  timeout: 10 "),
    ("  timeout: 10 ", "  environment: { AWS_REGION: text }\n  timeout: 10 "),
    ("  timeout: 10 ", "  description: \"\"\n  timeout: 10 "),
    ("bucket: \"serverless-poc-${account}-${region}\"", "bucket: My_Bucket"),
    ("bucket: \"serverless-poc-${account}-${region}\"", "bucket: a..b"),
    ("bucket: \"serverless-poc-${account}-${region}\"", "bucket: 10.0.0.1"),
    ("bucket: \"serverless-poc-${account}-${region}\"", "bucket: xn--bucket"),
    ("bucket: \"serverless-poc-${account}-${region}\"", "bucket: bucket.mrap"),
    ("  certificate: request ", "  certificate: reqest "),
    ("  certificate: request ", "  certificate: arn:aws:iam::123456789012:role/a "),
    ("  certificate: request ", "  security_policy: TLS_1_4\n  certificate: request "),
    ("  base_path: poc\n", "  base_path: a/b\n"),
    ("  base_path: poc\n", "  base_path: ping\n"),
    ("  endpoint: regional ", "  gateway_responses: { DEFAULT_4X: { status: 400 } }\n  endpoint: regional "),
    ("  endpoint: regional ", "  models: { a-b: { schema: { type: object } } }\n  endpoint: regional "),
    ("templates: { application/json:", "templates: { json:"),
];

/// What takes more than form to see: other places of the file, other files, sums, `${…}`.
const UNSEEN: [Edit; 4] = [
    ("templates/admit/request.vtl", "templates/admit/nowhere.vtl"),
    ("pattern: '.*\"httpStatus\":400.*'", "pattern: '('"),
    ("hosted_zone: example.com", "hosted_zone: example.org"),
    ("region: us-east-1", "region: \"${env:NOT_SET}\""),
];

/// What is right, and must not be underlined.
const RIGHT: [Edit; 25] = [
    ("  timeout: 10 ", "  tags: { \"Kosten:Stelle\": \"größe a@b\", \"ours\": \"\" }\n  timeout: 10 "),
    ("  timeout: 10 ", "  layers: [\"arn:aws:lambda:us-east-1:123456789012:layer:a:7\"]\n  timeout: 10 "),
    (
        "  timeout: 10 ",
        "  role: { managed_policies: [\"arn:aws-us-gov:iam::aws:policy/service-role/A\"] }\n  timeout: 10 ",
    ),
    ("  timeout: 10 ", "  log_retention: 731\n  timeout: 10 "),
    ("  name: api.example.com\n", "  name: \"*.a-1.Example.COM.\"\n"),
    (
        "\nstages:",
        "\nstage_settings: { access_log: { destination: \"arn:aws:firehose:us-east-1:123456789012:deliverystream/amazon-apigateway-a\", format: a $context.extendedRequestId b } }\nstages:",
    ),
    (
        "\nstages:",
        "\nstage_settings: { access_log: { destination: \"arn:aws:logs:us-east-1:123456789012:log-group:a/b\", format: \"$context.requestId\\n\" } }\nstages:",
    ),
    ("\nstages:", "\nstage_settings: { methods: { GET /admit: { rate: 1, burst: 1 } } }\nstages:"),
    ("runtime: python3.13", "runtime: \"${env:RUNTIME:-python3.13}\""),
    ("name: ServerlessPOC ", "name: \"Größe: a+b=c@d/e_f.g-h\" "),
    ("    /admit:\n", "    \"/a.b_c-d:e,f/{id}\":\n      cors: false\n      GET: {}\n    /admit:\n"),
    ("    /admit:\n", "    \"/files/{path+}\":\n      cors: false\n      GET: {}\n    /admit:\n"),
    ("    /admit:\n", "    /:\n      cors: false\n      GET: {}\n    /admit:\n"),
    ("          200: {} ", "          599: { pattern: a }\n          200: {} "),
    ("  timeout: 10 ", "  environment: { A1: text, AWS_REGIONS: b }\n  timeout: 10 "),
    ("region: us-east-1", "region: us-gov-west-1"),
    ("  endpoint: regional ", "  gateway_responses: { DEFAULT_4XX: { status: 400 } }\n  endpoint: regional "),
    ("  memory: 256 ", "  memory: ${env:MEMORY:-256} "),
    ("        api_key: true ", "        api_key: ${env:OPEN:-true} "),
    ("  timeout: 10 ", "  environment: { SOME: text, MORE: { value: hidden, secret: true } }\n  timeout: 10 "),
    ("  timeout: 10 ", "  log_retention: forever\n  timeout: 10 "),
    ("  cors: true ", "  cors: false "),
    ("  cors: true ", "  cors: { origins: ['*'], max_age: 60 } "),
    ("  dev: { usage_plan: { quota: { limit: 50, period: day } } }", "  dev: { usage_plan: { quota: { limit: 50 } } }"),
    ("  dev: { usage_plan: { quota: { limit: 50, period: day } } }", "  dev: { usage_plan: { quota: null } }"),
];

fn edited((from, to): Edit) -> String {
    let text = sample();
    assert!(text.contains(from), "the sample has no {from:?}");
    text.replacen(from, to, 1)
}

#[test]
fn the_sample_fits() {
    assert!(validates(&sample()) && fits(&sample()));
}

#[test]
fn what_is_right_fits() {
    for edit in RIGHT {
        assert!(validates(&edited(edit)), "{edit:?} is refused by poc validate");
        assert!(fits(&edited(edit)), "{edit:?} does not fit the schema");
    }
}

#[test]
fn what_is_broken_is_seen_by_both() {
    for edit in MISSHAPEN {
        assert!(serde_yaml::from_str::<Value>(&edited(edit)).is_ok(), "{edit:?} is broken in another way");
    }
    for edit in BROKEN.into_iter().chain(MISSHAPEN) {
        assert!(!validates(&edited(edit)), "{edit:?} passes poc validate");
        assert!(!fits(&edited(edit)), "{edit:?} fits the schema");
    }
}

/// As long as the decoders say, and not one more.
#[test]
fn lengths_are_seen_by_both() {
    let with = |line: &str, length: usize| {
        let text = sample();
        assert!(text.contains(line), "{line}");
        text.replacen(line, &format!("{line}\n  description: {}", "x".repeat(length)), 1)
    };
    for (line, longest) in [("\nfunction:", 256), ("\nusage_plan:", 1024)] {
        assert!(validates(&with(line, longest)) && fits(&with(line, longest)), "{line}");
        assert!(!validates(&with(line, longest + 1)) && !fits(&with(line, longest + 1)), "{line}");
    }
}

#[test]
fn what_a_schema_cannot_see_is_seen_by_validate() {
    for edit in UNSEEN {
        assert!(!validates(&edited(edit)), "{edit:?} passes poc validate");
        assert!(fits(&edited(edit)), "{edit:?}: the schema sees it; move it to BROKEN");
    }
}

/// So that an editor can explain each of them.
#[test]
fn every_key_is_described() {
    fn walk(schema: &Value, path: &str) {
        if let Some(properties) = schema["properties"].as_object() {
            for (key, value) in properties {
                assert!(value["description"].is_string(), "{path}/{key} says nothing");
            }
        }
    }
    let schema = json_schema();
    walk(&schema, "");
    for (name, definition) in schema["definitions"].as_object().unwrap() {
        walk(definition, name);
    }
}
