//! Every warning: a file that it is for, with the place it is told at (▸), and a near miss that it is not for.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use poc::pipeline::{InitWanted, Template, init};
use poc::spec::{Document, Source, Variables, Warning, WarningCode};
use poc::ui::{Format, Ui, Volume};
use tempfile::TempDir;

use crate::project::{Project, complete, mark};

const TODAY: &str = "2026-11-26";

/// The head of a file whose one method is `GET /a` with these lines, and a 500 for every error.
macro_rules! method {
    ($lines:literal) => {
        concat!("api:\n  resources:\n    /a:\n      GET:\n", $lines)
    };
}

/// A method whose request template this is.
macro_rules! template {
    ($lines:literal) => {
        concat!(
            "api:\n  resources:\n    /a:\n      GET:\n        query: { x: optional }\n        request:\n          \
             templates:\n            application/json:\n              inline: |\n",
            $lines
        )
    };
}

/// A method with these responses beside the default.
macro_rules! responses {
    ($lines:literal) => {
        concat!("api:\n  resources:\n    /a:\n      GET:\n        responses:\n          200: {}\n", $lines)
    };
}

/// A protected method and a plan.
macro_rules! plan {
    ($lines:literal) => {
        concat!("api: { resources: { /a: { GET: { api_key: true } } } }\n", $lines)
    };
}

macro_rules! function {
    ($lines:literal) => {
        concat!("function:\n  runtime: python3.13\n  handler: handler.main\n", $lines)
    };
}

/// Code, and what the least file has in it.
const FIRES: &[(&str, &str)] = &[
    ("POC001", template!("                {\"x\": \"▸$input.params('x')\"}\n")),
    ("POC001", template!("                {\"x\": ▸$input.params('x')}\n")),
    ("POC002", template!("                {\"x\": \"▸$input.path('$.x')\"}\n")),
    ("POC002", template!("                {\"x\": ▸$input.body}\n")),
    ("POC002", template!("                {\"x\": \"▸$input.json('$.x')\"}\n")),
    (
        "POC002",
        responses!(
            "          400:\n            pattern: '.*no.*'\n            templates:\n              application/json:\n                \
             inline: |\n                  {\"message\": \"▸$input.path('$.errorMessage')\"}\n"
        ),
    ),
    ("POC003", template!("                {\"x\": \"▸$util.escapeJavaScript($input.params('x'))\"}\n")),
    ("POC004", template!("                {\"x\": ▸$util.escapeJavaScript($input.params('x'))}\n")),
    (
        "POC005",
        "api: { resources: { /a: { POST: { request: { passthrough: ▸when_no_match, templates: { application/json: { inline: \"{}\" } } } } } } }\n",
    ),
    (
        "POC006",
        "api: { resources: { /a: { GET: { request: { templates: { ▸text/plain: { inline: \"{}\" } } } } } } }\n",
    ),
    ("POC008", template!("                {\"x\": \"▸$util.escapeJavascript($input.params('x'))\"}\n")),
    ("POC008", template!("                {\"x\": \"▸$inptu.params('x')\"}\n")),
    ("POC008", template!("                {\"x\": \"▸$contxt.requestId\"}\n")),
    ("POC008", template!("                {\"x\": \"▸$context.requestID\"}\n")),
    ("POC008", template!("                {\"x\": \"▸$context.identity.sourceIP\"}\n")),
    ("POC008", template!("                {\"x\": \"▸$!{stageVariables.modl}\"}\n")),
    ("POC008", template!("                #set($error = $input.path('$'))\n                {\"n\": ▸$err.message}\n")),
    ("POC008", template!("                #if($input.body == '')1▸#elsif(true)2#end\n")),
    ("POC008", template!("                ▸#set $input.body\n")),
    ("POC008", template!("                #set($x = \"a ▸$nowhere b\")\n                {\"x\": 1}\n")),
    ("POC008", template!("                {\"x\": \"▸$input.params().querystrng.x\"}\n")),
    ("POC008", template!("                {\"x\": \"▸$input.params.x\"}\n")),
    ("POC008", "api: { resources: { /a: { GET: { request: { headers: { X-A: ▸context.requstId } } } } } }\n"),
    (
        "POC008",
        "api: { resources: { /a: { GET: { responses: { 200: { headers: { X-A: ▸stageVariables.modl } } } } } } }\n",
    ),
    (
        "POC008",
        "api: { gateway_responses: { DEFAULT_4XX: { headers: { X-A: ▸context.identity.sourceIP } } }, resources: { /a: { GET: {} } } }\n",
    ),
    ("POC009", template!("                {\"y\": $input.json('$.y'), \"n\": ▸$input.params('other')}\n")),
    ("POC009", template!("                {\"x\": \"▸$input.params().header.get('X-A')\"}\n")),
    ("POC011", responses!("          400: { pattern: ▸'4\\d{2}' }\n")),
    ("POC011", responses!("          404: { pattern: ▸'404' }\n")),
    ("POC012", responses!("          400: { pattern: ▸'\"httpStatus\": ?400' }\n")),
    ("POC013", responses!("          400: { pattern: '.*ValueError.*' }\n          500: { pattern: ▸'(\\n|.)+' }\n")),
    (
        "POC013",
        responses!(
            "          400: { pattern: '.*\"httpStatus\": ?4\\d\\d.*' }\n          404: { pattern: ▸'.*\"httpStatus\": ?404.*' }\n"
        ),
    ),
    ("POC014", method!("        responses:\n          ▸400: {}\n          200: { pattern: '.*fine.*' }\n")),
    ("POC015", method!("        ▸responses:\n          200: {}\n")),
    ("POC015", "api: { resources: { /a: { ▸GET: {} } } }\n"),
    ("POC020", method!("        query: { x: ▸required }\n")),
    ("POC020", method!("        headers: { X-A: ▸required }\n        validate: none\n")),
    ("POC021", "api: { resources: { /a: { POST: { validate: ▸body } } } }\n"),
    ("POC021", "api: { validate: all, resources: { /a: { ▸POST: {} } } }\n"),
    ("POC022", "api: { resources: { /a: { POST: { ▸models: { application/json: Empty } } } } }\n"),
    ("POC030", "api: { resources: { /a: { GET: { api_key: true }, ▸POST: {} } } }\nusage_plan: { keys: [k] }\n"),
    ("POC030", "api: { resources: { /a: { GET: { authorization: aws_iam } }, /b: { ▸GET: {} } } }\n"),
    ("POC031", "▸usage_plan: { quota: { limit: 5, period: day }, keys: [k] }\n"),
    ("POC032", plan!("▸usage_plan: { throttle: { rate: 1, burst: 2 }, keys: [k] }\n")),
    ("POC033", plan!("▸usage_plan: { quota: { limit: 5, period: day }, keys: [k] }\n")),
    ("POC034", plan!("usage_plan: { throttle: { rate: 1, burst: ▸0 }, keys: [k] }\n")),
    ("POC034", "stage_settings: { throttle: { rate: ▸0, burst: 5 } }\n"),
    ("POC034", "stage_settings: { methods: { GET /a: { rate: ▸0, burst: 5 } } }\n"),
    (
        "POC035",
        "api: { api_key_source: ▸authorizer, resources: { /a: { GET: { api_key: true } } } }\nusage_plan: { keys: [k] }\n",
    ),
    ("POC036", plan!("usage_plan: { ▸keys: [{ name: k, enabled: false }] }\n")),
    (
        "POC040",
        "api: { cors: true, resources: { /a: { GET: { responses: { 200: { headers: { Access-Control-Allow-Origin: ▸\"\" } } } } } } }\n",
    ),
    (
        "POC040",
        "api:\n  cors: { origins: [https://a.example] }\n  gateway_responses: { DEFAULT_4XX: { headers: { Access-Control-Allow-Origin: \
         ▸\"'https://b.example'\" } } }\n  resources: { /a: { GET: {} } }\n",
    ),
    ("POC041", "api: { cors: true, resources: { /a: { GET: { integration: ▸lambda_proxy } } } }\n"),
    (
        "POC042",
        "api: { cors: { ▸headers: [Content-Type] }, resources: { /a: { GET: { api_key: true } } } }\nusage_plan: { keys: [k] }\n",
    ),
    ("POC043", "api: { resources: { /a: { cors: { ▸methods: [GET] }, DELETE: {} } } }\n"),
    ("POC050", "function: { runtime: ▸python3.11, handler: handler.main }\n"),
    ("POC051", function!("  timeout: ▸30\n")),
    (
        "POC051",
        "function: { runtime: python3.13, handler: handler.main, timeout: 10 }\napi: { resources: { /a: { GET: { timeout: ▸5 } } } }\n",
    ),
    (
        "POC052",
        function!("  role: { statements: [{ Effect: Allow, Action: ▸\"*\", Resource: \"arn:aws:s3:::b\" }] }\n"),
    ),
    (
        "POC052",
        function!(
            "  role: { statements: [{ Effect: Allow, Action: [s3:GetObject, ▸\"s3:*\"], Resource: \"arn:aws:s3:::b\" }] }\n"
        ),
    ),
    ("POC052", function!("  role: { statements: [{ Effect: Allow, Action: s3:GetObject, Resource: ▸\"*\" }] }\n")),
    (
        "POC052",
        function!("  role: { statements: [{ Effect: Allow, Action: ▸\"s3*\", Resource: \"arn:aws:s3:::b\" }] }\n"),
    ),
    (
        "POC052",
        function!(
            "  role: { statements: [{ Effect: Allow, Action: s3:GetObject, Resource: [\"arn:aws:s3:::b/*\", ▸\"arn:aws:s3:::*\"] }] }\n"
        ),
    ),
    ("POC052", function!("  role: { statements: [{ Effect: Allow, Action: s3:GetObject, Resource: ▸\"**\" }] }\n")),
    (
        "POC052",
        function!(
            "  role: { statements: [{ Effect: Allow, NotAction: ▸iam:PassRole, Resource: \"arn:aws:s3:::b\" }] }\n"
        ),
    ),
    ("POC052", function!("  role: { managed_policies: [▸arn:aws:iam::aws:policy/AmazonS3FullAccess] }\n")),
    ("POC053", function!("  environment: { ▸DB_PASSWORD: hunter2 }\n")),
    ("POC053", function!("  environment: { ▸SALT: { value: abc, secret: true } }\n")),
    ("POC053", function!("  environment: { ▸ANY: AKIAIOSFODNN7EXAMPLE }\n")),
    ("POC053", function!("  environment: { ▸DB: \"postgres://u:pw@h/db\" }\n")),
    ("POC054", function!("  reserved_concurrency: ▸0\n")),
    ("POC060", "api: { endpoint: ▸edge, resources: { /a: { GET: {} } } }\n"),
    ("POC061", "stage_settings: { logging: { level: info, data_trace: ▸true } }\n"),
    (
        "POC062",
        "domain: { name: api.example.com, certificate: request, ▸mutual_tls: { truststore: \"s3://trusted/t.pem\" } }\n",
    ),
    ("POC063", "domain: { name: api.example.com, certificate: request, security_policy: ▸TLS_1_0 }\n"),
    ("POC064", "region: ▸us-esat-1\n"),
    ("POC064", "region: ▸xx-nowhere-7\n"),
    ("POC070", "checks: [{ get: ▸/b, expect: { status: 200 } }]\n"),
    ("POC070", "checks: [{ post: ▸\"/a?b=1\", expect: { status: 200 } }]\n"),
    ("POC090", "allow: [▸POC060]\n"),
    ("POC090", "api: { resources: { /a: { GET: { allow: [POC015, ▸POC001] } } } }\n"),
];

/// Nearly the same, and right.
const SPARED: &[(&str, &str)] = &[
    (
        "POC001",
        template!(
            "                {\"x\": \"$util.escapeJavaScript($input.params('x')).replaceAll(\"\\\\'\", \"'\")\"}\n"
        ),
    ),
    (
        "POC001",
        "api: { resources: { /a: { GET: { query: { x: optional }, responses: { 200: { templates: { text/html: { inline: \"<b>$input.params('x')</b>\" } } } } } } } }\n",
    ),
    ("POC002", template!("                {\"x\": $input.json('$.x'), \"n\": $input.path('$.n')}\n")),
    ("POC002", template!("                $input.body\n")),
    (
        "POC003",
        template!(
            "                {\"x\": \"$util.escapeJavaScript($input.params('x')).replaceAll(\"\\\\'\", \"'\")\"}\n"
        ),
    ),
    (
        "POC003",
        template!("                #set($e = $input.path('$')){\"x\": \"$util.escapeJavaScript($e.request_id)\"}\n"),
    ),
    ("POC004", template!("                {\"x\": $input.params('x').replaceAll('[^0-9]', '')}\n")),
    (
        "POC005",
        "api: { resources: { /a: { POST: { request: { passthrough: never, templates: { application/json: { inline: \"{}\" } } } } } } }\n",
    ),
    (
        "POC005",
        "api: { resources: { /a: { GET: { request: { passthrough: when_no_match, templates: { application/json: { inline: \"{}\" } } } } } } }\n",
    ),
    (
        "POC006",
        "api: { resources: { /a: { POST: { request: { templates: { text/plain: { inline: \"{}\" } } } } } } }\n",
    ),
    ("POC006", "api: { resources: { /a: { GET: { request: { templates: { $default: { inline: \"{}\" } } } } } } }\n"),
    (
        "POC008",
        template!(
            "                #if($input.params('x'))#set($y = 1)#else#set($z = \"$y\")#end{\"x\": $y, \"y\": \"$z $context.authorizer.claims.sub\"}\n"
        ),
    ),
    (
        "POC008",
        template!(
            "                #foreach($i in $input.path('$.all'))$i.name $foreach.count $velocityCount #if($foreach.hasNext),#end#end\n"
        ),
    ),
    (
        "POC008",
        template!(
            "                #set($context.requestOverride.header.X-A = 'a')#set($context.own = 1)$context.own $context.error.message\n"
        ),
    ),
    (
        "POC008",
        template!(
            "                #macro(put $a)$a#end#define($b)b#end#put('x')$b#if($input.body == $null)#fff #1 \\$no#end\n"
        ),
    ),
    ("POC008", template!("                #literal()$no #elsif#end ## $nor here\n")),
    ("POC008", template!("                #evaluate($input.body)$whatever\n")),
    (
        "POC008",
        "stage_settings: { variables: { model: a } }\napi: { resources: { /a: { GET: { request: { headers: { X-A: stageVariables.model, X-B:          context.authorizer.any, X-C: context.identity.sourceIp }, templates: { application/json: { inline: \"$stageVariables.model\" } } } } } } }\n",
    ),
    ("POC009", template!("                {\"x\": $input.params('x'), \"y\": $input.params($input.body)}\n")),
    ("POC011", responses!("          400: { pattern: '.*400.*' }\n")),
    ("POC011", responses!("          500: { pattern: '(\\n|.)+' }\n")),
    ("POC012", responses!("          400: { pattern: '.*\"httpStatus\": ?400.*' }\n")),
    ("POC012", responses!("          400: { pattern: 'Bad request' }\n")),
    (
        "POC013",
        responses!(
            "          400: { pattern: '.*\"httpStatus\": ?400.*' }\n          404: { pattern: '.*\"httpStatus\": ?404.*' }\n"
        ),
    ),
    (
        "POC013",
        responses!(
            "          400: { pattern: '.*\"httpStatus\": ?400.*' }\n          500: { pattern: '(?!.*\"httpStatus\")(\\n|.)+' }\n"
        ),
    ),
    ("POC014", responses!("          400: { pattern: '.*no.*' }\n")),
    ("POC015", responses!("          400: { pattern: '.*no.*' }\n")),
    ("POC015", "api: { resources: { /a: { GET: { integration: lambda_proxy } } } }\n"),
    ("POC015", "api: { resources: { /a: { GET: { integration: mock } } } }\n"),
    ("POC020", method!("        query: { x: required }\n        validate: parameters\n")),
    ("POC020", method!("        query: { x: optional }\n")),
    ("POC020", "api: { resources: { \"/{id}\": { GET: {} } } }\n"),
    ("POC021", "api: { resources: { /a: { POST: { validate: body, models: { application/json: Empty } } } } }\n"),
    ("POC021", "api: { resources: { /a: { POST: { validate: parameters } } } }\n"),
    ("POC022", "api: { validate: all, resources: { /a: { POST: { models: { application/json: Empty } } } } }\n"),
    ("POC030", "api: { resources: { /a: { GET: {}, POST: {} } } }\n"),
    (
        "POC030",
        "api: { resources: { /a: { GET: { api_key: true }, OPTIONS: { integration: mock } } } }\nusage_plan: { keys: [k] }\n",
    ),
    ("POC031", plan!("usage_plan: { keys: [k] }\n")),
    ("POC032", plan!("usage_plan: { quota: { limit: 5, period: day }, keys: [k] }\n")),
    ("POC033", plan!("usage_plan: { throttle: { rate: 1, burst: 2 }, keys: [k] }\n")),
    ("POC033", plan!("usage_plan: { keys: [k] }\nstage_settings: { throttle: { rate: 1, burst: 2 } }\n")),
    ("POC034", plan!("usage_plan: { throttle: { rate: 0.5, burst: 1 }, keys: [k] }\n")),
    ("POC035", plan!("usage_plan: { keys: [k] }\n")),
    ("POC035", "api: { api_key_source: authorizer, resources: { /a: { GET: {} } } }\n"),
    ("POC036", plan!("usage_plan: { keys: [k, { name: l, enabled: false }] }\n")),
    ("POC040", "api: { cors: true, resources: { /a: { GET: { responses: { 200: { headers: { X-A: \"\" } } } } } } }\n"),
    (
        "POC040",
        "api: { cors: true, resources: { /a: { GET: { responses: { 200: { headers: { Access-Control-Allow-Origin: \"'*'\" } } } } } } }\n",
    ),
    (
        "POC040",
        "api: { resources: { /a: { GET: { responses: { 200: { headers: { Access-Control-Allow-Origin: \"\" } } } } } } }\n",
    ),
    ("POC041", "api: { resources: { /a: { GET: { integration: lambda_proxy } } } }\n"),
    (
        "POC042",
        "api: { cors: { headers: [x-api-key] }, resources: { /a: { GET: { api_key: true } } } }\nusage_plan: { keys: [k] }\n",
    ),
    ("POC042", "api: { cors: { headers: [Content-Type] }, resources: { /a: { GET: {} } } }\n"),
    ("POC043", "api: { resources: { /a: { cors: { methods: [DELETE] }, DELETE: {} } } }\n"),
    ("POC043", "api: { resources: { /a: { cors: { methods: [DELETE] }, DELETE: {}, GET: {} } } }\n"),
    ("POC050", "function: { runtime: python3.13, handler: handler.main }\n"),
    ("POC051", function!("  timeout: 29\n")),
    (
        "POC051",
        "function: { runtime: python3.13, handler: handler.main, timeout: 5 }\napi: { resources: { /a: { GET: { timeout: 5 } } } }\n",
    ),
    (
        "POC051",
        "function: { runtime: python3.13, handler: handler.main, timeout: 60 }\napi: { resources: { /a: { GET: { integration: mock } } } }\n",
    ),
    (
        "POC052",
        function!(
            "  role: { statements: [{ Effect: Allow, Action: s3:GetObject, Resource: \"arn:aws:s3:::b/*\" }] }\n"
        ),
    ),
    ("POC052", function!("  role: { statements: [{ Effect: Deny, Action: \"*\", Resource: \"*\" }] }\n")),
    (
        "POC052",
        function!("  role: { statements: [{ Effect: Allow, Action: cloudwatch:PutMetricData, Resource: \"*\" }] }\n"),
    ),
    (
        "POC052",
        function!("  role: { statements: [{ Effect: Allow, Action: s3:ListAllMyBuckets, Resource: \"*\" }] }\n"),
    ),
    (
        "POC052",
        function!(
            "  role: { statements: [{ Effect: Allow, Action: kms:Decrypt, Resource: \"*\", Condition: { StringEquals: { aws:ResourceTag/a: b } } }] }\n"
        ),
    ),
    (
        "POC052",
        function!(
            "  role: { managed_policies: [arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess, arn:aws:iam::123456789012:policy/OursFullAccess] }\n"
        ),
    ),
    (
        "POC053",
        function!(
            "  environment: { DB_PASSWORD: \"${env:DB_PASSWORD:-none}\", TOKEN_LIMIT: \"5\", MODEL_KEY: small }\n"
        ),
    ),
    (
        "POC053",
        function!("  environment: { SECRET_NAME: prod/db, DB_PASSWORD_PATH: /run/db, API_KEY_HEADER: x-api-key }\n"),
    ),
    (
        "POC053",
        function!(
            "  environment: { DB: \"postgres://u@h:5432/db\", AT: \"https://h/a:b@c\", ON: \"redis://h:6379\" }\n"
        ),
    ),
    ("POC054", function!("  reserved_concurrency: 1\n")),
    ("POC060", "api: { endpoint: regional, resources: { /a: { GET: {} } } }\n"),
    ("POC061", "stage_settings: { logging: { level: info } }\n"),
    (
        "POC062",
        "api: { disable_execute_api_endpoint: true, resources: { /a: { GET: {} } } }\n\
         domain: { name: api.example.com, certificate: request, mutual_tls: { truststore: \"s3://trusted/t.pem\" } }\n",
    ),
    ("POC063", "domain: { name: api.example.com, certificate: request }\n"),
    ("POC064", "region: eusc-de-east-1\n"),
    ("POC064", "region: \"${env:REGION:-xx-nowhere-7}\"\n"),
    ("POC070", "checks: [{ get: \"/a?b=/c\", expect: { status: 200 } }, { get: /b, expect: { status: 403 } }]\n"),
    (
        "POC070",
        "api: { resources: { \"/{id}/x\": { cors: true, ANY: {} }, \"/f/{rest+}\": { GET: {} } } }\nchecks: [{ put: /7/x, expect: { status: 200 } }, \
         { get: /f/a/b, expect: { status: 200 } }]\n",
    ),
    ("POC090", "allow: [POC015]\n"),
    ("POC090", "api: { resources: { /a: { GET: { allow: [POC015] } } } }\n"),
];

/// Those whose files need more than a deploy.yaml: their tests are below.
const ELSEWHERE: [&str; 2] = ["POC007", "POC010"];

fn listed(warnings: &[Warning]) -> String {
    warnings
        .iter()
        .map(|one| format!("\n  {} {}:{} {}", one.code, one.span.line, one.span.column, one.message))
        .collect()
}

fn of(warnings: Vec<Warning>, code: &str) -> Vec<Warning> {
    warnings.into_iter().filter(|warning| warning.code.name() == code).collect()
}

#[test]
fn each_is_told_at_its_place() {
    let mut wrong = String::new();
    for (code, sections) in FIRES {
        let warnings = Project::new().warnings(sections, TODAY);
        let told = of(warnings.clone(), code);
        let place = mark(&complete(sections)).expect("there is a mark");
        let right = matches!(told.as_slice(), [one] if (one.span.line, one.span.column) == place && one.span.end > one.span.start);
        if !right {
            wrong += &format!("{code} at {place:?}, alone, is expected in\n{sections}{}\n\n", listed(&warnings));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn what_is_right_is_spared() {
    let mut wrong = String::new();
    for (code, sections) in SPARED {
        let told = of(Project::new().warnings(sections, TODAY), code);
        if !told.is_empty() {
            wrong += &format!("{code} is not expected in\n{sections}{}\n\n", listed(&told));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_kind_is_tried_both_ways() {
    let all: BTreeSet<&str> = WarningCode::all().iter().map(|code| code.name()).collect();
    for (table, name) in [(FIRES, "FIRES"), (SPARED, "SPARED")] {
        let tried: BTreeSet<&str> = table.iter().map(|(code, _)| *code).chain(ELSEWHERE).collect();
        assert_eq!(tried, all, "{name}");
    }
    let numbers: Vec<&str> = WarningCode::all().iter().map(|code| code.name()).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
}

/// A sentence goes on: `warning[POC001]: …`, `help: …`.
#[test]
fn sentences_are_of_one_kind() {
    for (code, sections) in FIRES {
        for warning in of(Project::new().warnings(sections, TODAY), code) {
            for text in [&warning.message, &warning.help] {
                assert!(!text.ends_with('.') && !text.is_empty() && !text.contains('\n'), "{code}: {text}");
            }
        }
    }
}

/// A suggestion that is followed is no mistake and draws no warning.
#[test]
fn help_helps() {
    let help = |sections: &str, code: &str| {
        let told = of(Project::new().warnings(sections, TODAY), code);
        let [one] = told.as_slice() else { panic!("{}", listed(&told)) };
        one.help.clone()
    };
    let rest = help(
        responses!("          400: { pattern: '.*ValueError.*' }\n          500: { pattern: '(\\n|.)+' }\n"),
        "POC013",
    );
    assert!(rest.contains("`(?!.*\"httpStatus\").+`"), "{rest}");
    crate::project::accepts(responses!("          500: { pattern: '(?!.*\"httpStatus\").+' }\n"));
    for (pattern, better) in [
        ("\"httpStatus\": ?400", ".*\"httpStatus\": ?400.*"),
        (".*\"httpStatus\": 400", ".*\"httpStatus\": 400.*"),
        ("\"httpStatus\": 400.*", ".*\"httpStatus\": 400.*"),
        ("\"httpStatus\": 400|\"httpStatus\": 401", ".*(?:\"httpStatus\": 400|\"httpStatus\": 401).*"),
    ] {
        let of_part = |pattern: &str| {
            format!(
                "api: {{ resources: {{ /a: {{ GET: {{ responses: {{ 200: {{}}, 400: {{ pattern: '{pattern}' }} }} }} }} }} }}\n"
            )
        };
        assert_eq!(help(&of_part(pattern), "POC012"), format!("write `{better}`"));
        assert_eq!(of(Project::new().warnings(&of_part(better), TODAY), "POC012"), []);
    }
    let timeout = |seconds: &str| {
        let head = "function: { runtime: python3.13, handler: handler.main, timeout: 20 }\n";
        help(&format!("{head}api: {{ resources: {{ /a: {{ GET: {{ timeout: {seconds} }} }} }} }}\n"), "POC051")
    };
    assert!(timeout("9.9").ends_with("`timeout` to 9 s"), "{}", timeout("9.9"));
    assert_eq!(timeout("0.5"), "raise it to the function's");
}

// ------------------------------------------------------------------------------------------------- files

#[test]
fn templates_that_nothing_names() {
    let sections = "api: { resources: { /a: { GET: { request: { templates: { application/json: t/a.vtl } } } } } }\n\
                    stages: { dev: { api: { resources: { /a: { GET: { request: { templates: { application/json: t/dev.vtl } } } } } } } }\n";
    let project =
        Project::new().file("t/a.vtl", "{}").file("t/dev.vtl", "{}").file("t/notes.txt", "").file("b.vtl", "{}");
    assert_eq!(of(project.warnings(sections, TODAY), "POC007"), []);
    let project = project.file("t/old.vtl", "{}");
    let told = of(project.warnings(sections, TODAY), "POC007");
    let [warning] = told.as_slice() else { panic!("{}", listed(&told)) };
    assert_eq!(warning.span.source.path, project.path("t/old.vtl"));
}

#[test]
fn a_template_is_shown_in_its_own_file() {
    let sections = "api: { resources: { /a: { GET: { query: { x: optional }, request: { templates: { application/json: t/a.vtl } } }, \
                    POST: { query: { x: optional }, request: { templates: { application/json: t/a.vtl } } } } } }\n";
    let project = Project::new().file("t/a.vtl", "{\n  \"x\": \"$!{input.params('x')}\"\n}\n");
    let told = of(project.warnings(sections, TODAY), "POC001");
    // Two methods, one template: it is told once.
    let [warning] = told.as_slice() else { panic!("{}", listed(&told)) };
    let span = &warning.span;
    assert_eq!((span.line, span.column, &span.source.text[span.start..span.end]), (2, 9, "$!{input.params('x')}"));
    assert_eq!(
        warning.help,
        "write \"$util.escapeJavaScript($input.params('x')).replaceAll(\"\\\\'\", \"'\")\", in quotes"
    );
}

/// A function is sent JSON whatever its caller sent.
#[test]
fn a_form_becomes_json_too() {
    let sections = "api: { resources: { /a: { POST: { query: { x: optional }, request: { templates: { application/x-www-form-urlencoded: \
                    { inline: \"{\\\"x\\\": \\\"$input.params('x')\\\"}\" } } } } } } }\n";
    assert_eq!(of(Project::new().warnings(sections, TODAY), "POC001").len(), 1);
}

// ------------------------------------------------------------------------------------------------- time

/// On one day, because runtimes end.
#[test]
fn the_sample_and_every_new_project_are_clean() {
    let clean = |directory: &Path| {
        let variables = Variables { account: None, region: None, stage: None, env: &|_| None };
        let document = Document::open(&directory.join("deploy.yaml")).expect("its form is right");
        let stages = document.stages(&variables);
        document.spec(&variables).unwrap_or_else(|faults| panic!("{}", crate::project::listed(&faults)));
        let told = document.warnings(&variables, &stages, TODAY);
        assert!(told.is_empty(), "{}{}", directory.display(), listed(&told));
    };
    clean(Path::new(env!("CARGO_MANIFEST_DIR")));
    for template in [Template::Python, Template::Node, Template::Rust, Template::R] {
        let directory = TempDir::new().expect("a temporary directory");
        let (name, region) = ("flats".to_owned(), "us-east-1".to_owned());
        let code = "app".to_owned();
        init(&InitWanted { directory: directory.path().to_owned(), template, name, region, code })
            .expect("it is written");
        clean(directory.path());
    }
}

#[test]
fn runtimes_end_on_a_day() {
    let told = |runtime: &str, today: &str| {
        let sections = format!("function: {{ runtime: {runtime}, handler: handler.main }}\n");
        let project = Project::new().file("app/handler.js", "exports.main = () => {};\n");
        of(project.warnings(&sections, today), "POC050").into_iter().map(|one| (one.message, one.help)).next()
    };
    assert_eq!(told("nodejs22.x", "2026-10-31"), None);
    let (message, help) = told("nodejs22.x", "2026-11-01").expect("half a year before");
    assert_eq!(
        (message.as_str(), help.as_str()),
        ("AWS ends its support of `nodejs22.x` on 2027-04-30", "move to nodejs24.x")
    );
    let (message, _) = told("nodejs22.x", "2027-04-30").expect("on the day");
    assert!(message.contains("no security fixes any more since 2027-04-30"), "{message}");
    assert_eq!(told("python3.14", TODAY), None);
    let (_, help) = told("python3.10", TODAY).expect("Amazon Linux 2 has ended");
    assert_eq!(help, "move to python3.14");
}

// ------------------------------------------------------------------------------------------------- allow

#[test]
fn what_is_allowed_is_not_told() {
    let two = "api: { resources: { /a: { GET: {} }, /b: { GET: {} } } }\n";
    let told = |sections: &str| of(Project::new().warnings(sections, TODAY), "POC015").len();
    assert_eq!(told(two), 2);
    assert_eq!(told(&format!("allow: [POC015]\n{two}")), 0);
    assert_eq!(told(&two.replace("/b: { GET: {}", "/b: { GET: { allow: [POC015] }")), 1);
}

#[test]
fn an_allow_of_another_stage_is_of_use() {
    let sections = "allow: [POC060]\nstages: { dev: { api: { endpoint: edge } } }\n";
    let told: Vec<&str> = Project::new().warnings(sections, TODAY).iter().map(|one| one.code.name()).collect();
    assert_eq!(told, ["POC015"]);
    let own = "stages: { dev: { allow: [POC060], api: { endpoint: edge } } }\n";
    let told: Vec<&str> = Project::new().warnings(own, TODAY).iter().map(|one| one.code.name()).collect();
    assert_eq!(told, ["POC015"]);
}

#[test]
fn a_code_that_there_is_not_is_a_mistake() {
    crate::project::refuses("allow: [▸POC60]\n", "unknown_value", &["`POC60`", "did you mean `POC060`?"]);
    crate::project::refuses("api: { resources: { /a: { GET: { allow: [▸edge] } } } }\n", "unknown_value", &["POC001"]);
    crate::project::refuses("allow: [▸poc010]\n", "unknown_value", &["did you mean `POC010`?"]);
    crate::project::refuses("allow: ▸POC060\n", "wrong_type", &["must be a list"]);
}

/// Two that mean the same: the one at the method is the one in use.
#[test]
fn an_allow_that_another_makes_needless_is_told() {
    let sections = "allow: [POC015]\napi: { resources: { /a: { GET: { allow: [POC015] } } } }\n";
    let told = Project::new().warnings(sections, TODAY);
    let [warning] = told.as_slice() else { panic!("{}", listed(&told)) };
    assert_eq!((warning.code, warning.path.as_str()), (WarningCode::UnusedAllow, "allow[0]"));
}

/// Nor is it in the lines around another warning.
#[test]
fn a_secret_in_the_file_is_not_shown_once_more() {
    let sections = function!(
        "  reserved_concurrency: 0\n  environment:\n    DB_PASSWORD: \"h\u{fc}nter2\"\n    TOKEN: { value: gr4y, secret: true }\n"
    );
    let project = Project::new();
    let told = seen(&project, project.warnings(sections, TODAY));
    assert!(told.contains("POC053") && told.contains("POC054"), "{told}");
    assert!(!told.contains("nter2") && !told.contains("gr4y"), "{told}");
    assert!(told.contains("    DB_PASSWORD: ***") && told.contains("{ value: ****, secret: true }"), "{told}");
}

// ------------------------------------------------------------------------------------------------- what people see

/// The warnings of a project, whose directory may be called anything.
fn seen(project: &Project, warnings: Vec<Warning>) -> String {
    let directory = project.path("");
    let here = |mut warning: Warning| {
        let source = &warning.span.source;
        let path = source.path.strip_prefix(&directory).expect("it is in the project").to_path_buf();
        warning.span.source = Arc::new(Source { path, text: source.text.clone() });
        warning.message = warning.message.replace(&directory.display().to_string(), "");
        warning
    };
    let (ui, captured) = Ui::captured(Format::Human, Volume::Normal, 100, None);
    ui.warned(&warnings.into_iter().map(here).collect::<Vec<_>>());
    captured.err()
}

/// Read `snapshots/` as somebody who meets one for the first time.
#[test]
fn every_warning_as_a_person_sees_it() {
    let mut all = String::new();
    let mut shown: BTreeSet<&str> = BTreeSet::new();
    for (code, sections) in FIRES.iter().filter(|(code, _)| shown.insert(code)) {
        let project = Project::new();
        let warnings = of(project.warnings(sections, TODAY), code);
        all += &seen(&project, warnings);
    }
    let project = Project::new().file("t/a.vtl", "{}").file("t/old.vtl", "{ \"gre\": 1 }\n");
    let named = "api: { resources: { /a: { GET: { request: { templates: { application/json: t/a.vtl } } } } } }\n";
    all += &seen(&project, of(project.warnings(named, TODAY), "POC007"));
    let project = Project::new()
        .file("app/handler.py", "def main(event, context):\n    raise Exception(json.dumps({'httpStatus': 400}))\n");
    let trap = responses!("          400: { pattern: '.*\"httpStatus\":400.*' }\n");
    all += &seen(&project, of(project.warnings(trap, TODAY), "POC010"));
    insta::assert_snapshot!("every_warning_as_a_person_sees_it", all);
}
