//! The function, its environment and its role.

use std::time::Duration;

use poc::spec::model::{Architecture, PackageSource};
use serde_json::json;

use crate::project::{Project, accepts, refuses};

/// The least function with more keys.
fn with(keys: &str) -> String {
    format!("function: {{ runtime: python3.13, handler: handler.main, {keys} }}\n")
}

#[test]
fn what_is_left_out_has_a_default() {
    let spec = accepts("");
    let function = &spec.function;
    assert_eq!((function.name.as_str(), spec.role.name.as_str()), ("shop", "shop-role"));
    assert_eq!((function.memory, function.timeout), (128, Duration::from_secs(3)));
    assert_eq!((function.ephemeral_storage, function.architecture), (512, Architecture::X86_64));
    assert_eq!((function.log_retention, function.reserved_concurrency), (Some(30), None));
    assert!(matches!(&spec.package.source, PackageSource::Directory { ignore, .. } if ignore.is_empty()));
}

#[test]
fn names_are_lambdas() {
    refuses(&with("name: ▸a.b"), "bad_name", &["not a function name", "holds `.`"]);
    refuses(&with(&format!("name: ▸{}", "f".repeat(65))), "bad_name", &["65 characters", "1 to 64"]);
    refuses(
        "name: my shop\n▸function: { runtime: python3.13, handler: handler.main }\n",
        "bad_name",
        &["add `name` to `function`"],
    );
}

#[test]
fn a_long_function_name_leaves_room_for_its_role() {
    let name = "f".repeat(64);
    let role = accepts(&with(&format!("name: {name}"))).role.name;
    assert_eq!(role.len(), 64);
    assert!(role.starts_with(&"f".repeat(50)) && role.ends_with("-role"), "{role}");
    assert_ne!(role, accepts(&with(&format!("name: {}g", "f".repeat(63)))).role.name);
}

#[test]
fn runtimes_are_those_lambda_creates() {
    refuses(
        "function: { runtime: ▸python3.133, handler: handler.main }\n",
        "unknown_runtime",
        &["did you mean `python3.13`?"],
    );
    refuses("function: { runtime: ▸cobol, handler: handler.main }\n", "unknown_runtime", &["runtimes are python3.14"]);
    refuses(
        "function: { runtime: ▸python3.8, handler: handler.main }\n",
        "blocked_runtime",
        &["since 2024-11-01", "use python3.14"],
    );
    Project::new().file("app/index.js", "exports.main = () => {};\n").refuses(
        "function: { runtime: ▸nodejs20.x, handler: index.main }\n",
        "blocked_runtime",
        &["since 2026-06-01", "use nodejs24.x"],
    );
    refuses("function: { runtime: ▸go1.x, handler: main }\n", "blocked_runtime", &["use provided.al2023"]);
    refuses("function: { runtime: ▸java8, handler: main }\n", "blocked_runtime", &["use java25"]);
    refuses("function: { runtime: ▸dotnetcore3.1, handler: main }\n", "blocked_runtime", &["use dotnet10"]);
    accepts("function: { runtime: provided.al2023, handler: bootstrap }\n");
    accepts("function: { runtime: java21, handler: \"example.Handler::handle\" }\n");
}

#[test]
fn the_handler_is_in_the_package() {
    refuses(
        "function: { runtime: python3.13, handler: ▸main.main }\n",
        "missing_file",
        &["`main` is not in the package", "add main.py with `main`"],
    );
    refuses(
        "function: { runtime: python3.13, handler: ▸handler }\n",
        "bad_handler",
        &["names no function", "module.function"],
    );
    refuses("function: { runtime: python3.13, handler: ▸\"a b\" }\n", "bad_handler", &["without spaces"]);
    refuses("function: { runtime: python3.13, handler: ▸\"\" }\n", "bad_handler", &["is not a handler"]);
    refuses(&format!("function: {{ runtime: java21, handler: ▸{} }}\n", "h".repeat(129)), "bad_handler", &["1 to 128"]);
    let project = Project::new()
        .file("app/deep/er/module.py", "def main(event, context): pass\n")
        .file("app/fast.cpython-313-x86_64-linux-gnu.so", "");
    project.spec("function: { runtime: python3.13, handler: deep.er.module.main }\n");
    project.spec("function: { runtime: python3.13, handler: deep/er/module.main }\n");
    project.spec("function: { runtime: python3.13, handler: fast.main }\n");
    project.refuses("function: { runtime: nodejs24.x, handler: ▸handler.main }\n", "missing_file", &["add handler.js"]);
    // What was meant is named.
    let python = |handler: &str| format!("function: {{ runtime: python3.13, handler: ▸{handler} }}\n");
    let project = Project::new().file("app/handler.py", "def main(event, context):\n    return {}\n");
    project.refuses(&python("handlr.main"), "missing_file", &["did you mean `handler.main`?"]);
    project.refuses(&python("handler.mian"), "handler_missing", &["handler.py has no `mian`", "did you mean `main`?"]);
    project.refuses(&python("handler.py"), "handler_missing", &["handler.py has no `py`", "functions are main"]);
    let below = Project::new().file("app/src/model.py", "def main(event, context): pass\n");
    below.refuses(&python("model.main"), "missing_file", &["model.py is in src/: let package.path end with /src"]);
    // What may fill a module with names from elsewhere is believed, and so is a name that stands in it at all.
    for text in
        ["from rest import *\n", "globals()['m' + 'ain'] = print\n", "from rest import main\n", "main = print\n"]
    {
        Project::new().file("app/handler.py", text).spec(&python("handler.main").replace('▸', ""));
    }
    let node = |handler: &str| format!("function: {{ runtime: nodejs24.x, handler: ▸{handler} }}\n");
    let project = Project::new().file("app/index.mjs", "export const handler = async () => ({});\n");
    project.refuses(
        &node("index.handlr"),
        "handler_missing",
        &["index.mjs has no `handlr`", "did you mean `handler`?"],
    );
    project.spec(&node("index.handler").replace('▸', ""));
    Project::new()
        .file("app/index.js", "module.exports = require('./rest');\n")
        .spec(&node("index.handler").replace('▸', ""));
}

#[test]
fn sizes_are_lambdas() {
    refuses(&with("memory: ▸127"), "out_of_range", &["`memory` is 127, outside 128 to 10240"]);
    refuses(&with("memory: ▸10241"), "out_of_range", &["outside 128 to 10240"]);
    refuses(&with("timeout: ▸901"), "out_of_range", &["outside 1 to 900"]);
    refuses(&with("timeout: ▸0"), "out_of_range", &["outside 1 to 900"]);
    refuses(&with("ephemeral_storage: ▸511"), "out_of_range", &["outside 512 to 10240"]);
    refuses(&with("reserved_concurrency: ▸-1"), "out_of_range", &["outside 0 to"]);
    refuses(
        &with("architecture: ▸arm"),
        "unknown_value",
        &["`arm` is not a value of `architecture`", "did you mean `arm64`?"],
    );
    refuses(
        &with(&format!("description: ▸{}", "d".repeat(257))),
        "bad_description",
        &["257 characters", "at most 256"],
    );
    refuses(&with("description: ▸\"\""), "bad_description", &["is empty"]);
    let function = accepts(&with(
        "memory: 10240, timeout: 900, ephemeral_storage: 10240, reserved_concurrency: 0, architecture: arm64",
    ))
    .function;
    assert_eq!(
        (function.memory, function.reserved_concurrency, function.architecture),
        (10240, Some(0), Architecture::Arm64)
    );
}

#[test]
fn logs_are_kept_for_days_that_cloudwatch_knows() {
    assert_eq!(accepts(&with("log_retention: forever")).function.log_retention, None);
    assert_eq!(accepts(&with("log_retention: 14")).function.log_retention, Some(14));
    refuses(&with("log_retention: ▸15"), "bad_retention", &["for 15 days", "nearest it can is 14"]);
    refuses(&with("log_retention: ▸never"), "unknown_value", &["forever"]);
}

#[test]
fn layers_are_versions_in_the_functions_region() {
    let layer = |n: u32| format!("\"arn:aws:lambda:eu-west-1:111122223333:layer:numpy:{n}\"");
    assert_eq!(accepts(&with(&format!("layers: [{}]", layer(1)))).function.layers.len(), 1);
    refuses(&with("layers: [▸numpy]"), "bad_arn", &["not the ARN of a layer version", "layer:NAME:VERSION"]);
    refuses(&with("layers: [▸\"arn:aws:lambda:eu-west-1:111122223333:layer:numpy\"]"), "bad_arn", &["layer version"]);
    refuses(
        &with("layers: [▸\"arn:aws:lambda:us-east-1:111122223333:layer:numpy:1\"]"),
        "wrong_region",
        &["in us-east-1, the function in eu-west-1"],
    );
    let five: String = (1..=5).map(|n| layer(n) + ", ").collect();
    refuses(&with(&format!("layers: [{five}▸{}]", layer(6))), "too_many_layers", &["takes 5 layers, and there are 6"]);
}

#[test]
fn environment_variables_have_lambdas_names() {
    refuses(&with("environment: { ▸1A: x }"), "bad_name", &["`1A`", "a letter, then"]);
    refuses(&with("environment: { ▸A: x }"), "bad_name", &["two characters at least"]);
    refuses(&with("environment: { ▸A-B: x }"), "bad_name", &["letters, digits and _"]);
    refuses(&with("environment: { ▸AWS_REGION: x }"), "reserved_name", &["set by Lambda itself"]);
    refuses(&with("environment: { ▸_HANDLER: x }"), "reserved_name", &["set by Lambda itself"]);
    refuses(&with("environment: { DEBUG: ▸true }"), "wrong_type", &["put it in quotes: \"true\""]);
    refuses(&with("environment: { PORT: ▸8080 }"), "wrong_type", &["\"8080\""]);
}

#[test]
fn the_environment_is_measured_as_lambda_measures_it() {
    // {"AB":"…"} has nine bytes around the value.
    accepts(&with(&format!("environment: {{ AB: \"{}\" }}", "x".repeat(4096 - 9))));
    refuses(
        &with(&format!("▸environment: {{ AB: \"{}\" }}", "x".repeat(4096 - 8))),
        "too_large",
        &["4097 bytes", "4096"],
    );
}

#[test]
fn what_comes_from_the_environment_is_secret() {
    let project = Project::new().env("TOKEN", "abc");
    let function = project
        .spec(&with("environment: { AA: \"${env:TOKEN}\", BB: plain, CC: { value: x, secret: true }, DD: \"${env:NONE:-x}\", EE: { value: y } }"))
        .function;
    let secrets: Vec<_> = function.environment.iter().map(|(name, value)| (name.as_str(), value.secret)).collect();
    assert_eq!(secrets, [("AA", true), ("BB", false), ("CC", true), ("DD", true), ("EE", false)]);
    assert_eq!(function.environment["AA"].value, "abc");
    assert!(!format!("{function:?}").contains("abc"));
}

#[test]
fn an_environment_value_may_be_spelled_out() {
    refuses(&with("environment: { ▸AA: { secret: true } }"), "missing_key", &["`AA` has no `value`"]);
    refuses(&with("environment: { AA: { value: x, ▸secrt: true } }"), "unknown_key", &["did you mean `secret`?"]);
}

#[test]
fn the_role_takes_policies_and_statements() {
    let role = accepts(&with(
        "role: { name: runner, managed_policies: [\"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess\"], \
         statements: [{ Effect: Allow, Action: [\"s3:GetObject\"], Resource: \"arn:aws:s3:::b/${stage}/*\" }] }",
    ))
    .role;
    assert_eq!(role.name, "runner");
    assert_eq!(
        role.statements,
        [json!({ "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::b/prod/*" })]
    );
    refuses(&with("role: { name: ▸\"a b\" }"), "bad_name", &["not a role name"]);
    refuses(&with(&format!("role: {{ name: ▸{} }}", "r".repeat(65))), "bad_name", &["1 to 64"]);
    refuses(&with("role: { managed_policies: [▸ReadOnly] }"), "bad_arn", &["not the ARN of a managed policy"]);
    refuses(&with("role: { statements: [▸{ Action: \"*\", Resource: \"*\" }] }"), "missing_key", &["no `Effect`"]);
    refuses(
        &with("role: { statements: [{ Effect: ▸allow, Action: \"*\", Resource: \"*\" }] }"),
        "unknown_value",
        &["Allow or Deny"],
    );
    refuses(
        &with("role: { statements: [{ Effect: Allow, ▸Actions: \"*\", Action: \"*\", Resource: \"*\" }] }"),
        "unknown_key",
        &["did you mean `Action`?"],
    );
    refuses(&with("role: { statements: [▸all] }"), "wrong_type", &["a statement must be a mapping"]);
}

#[test]
fn a_role_takes_ten_managed_policies() {
    let arns = |last: &str| {
        let ten: Vec<String> = (0..10).map(|n| format!("arn:aws:iam::123456789012:policy/p{n}")).collect();
        format!(
            "function: {{ runtime: python3.13, handler: handler.main, role: {{ managed_policies: [{}{last}] }} }}\n",
            ten.join(", ")
        )
    };
    crate::project::accepts(&arns(""));
    refuses(
        &arns(", ▸arn:aws:iam::123456789012:policy/p10"),
        "too_many_policies",
        &["10 managed policies", "there are 11"],
    );
}
