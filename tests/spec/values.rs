//! Types, unknown keys, `${…}`, names, tags: what holds for values anywhere in the file.

use crate::project::{Project, accepts, listed, refuses};

#[test]
fn an_unknown_key_gets_the_nearest_known_one() {
    refuses("▸functoin: {}\n", "unknown_key", &["`functoin` is not a key of deploy.yaml", "did you mean `function`?"]);
    refuses(
        "api: { resources: { /a: { GET: { ▸querry: {} } } } }\n",
        "unknown_key",
        &["a method", "did you mean `query`?"],
    );
    refuses("api: { resources: { /a: { GET: {}, ▸get: {} } } }\n", "unknown_key", &["did you mean `GET`?"]);
}

#[test]
fn an_unknown_key_like_none_gets_them_all() {
    refuses(
        "package: { path: app, ▸zzzzzz: 1 }\n",
        "unknown_key",
        &["keys are path, image, bucket, ignore, build, dependencies"],
    );
}

#[test]
fn a_missing_section_says_what_it_is_for() {
    let faults = Project::new().read("name: shop\nstage: prod\n").expect_err("sections are missing");
    let messages: Vec<_> = faults.iter().map(|fault| fault.message.as_str()).collect();
    assert_eq!(
        messages,
        ["deploy.yaml has no `package`", "deploy.yaml has no `function`", "deploy.yaml has no `api`"],
        "{}",
        listed(&faults)
    );
}

#[test]
fn text_that_looks_like_something_else_wants_quotes() {
    refuses("name: ▸123\n", "wrong_type", &["`name` must be text, found a whole number", "\"123\""]);
    refuses("name: ▸1.5\n", "wrong_type", &["found a number", "\"1.5\""]);
    refuses("name: ▸true\n", "wrong_type", &["found true/false", "\"true\""]);
    refuses("name: ▸no\n", "wrong_type", &["plain `no` is true/false to many YAML readers", "\"no\""]);
    refuses("name: ▸Off\n", "wrong_type", &["\"Off\""]);
    refuses("▸name:\n", "wrong_type", &["found nothing", "write it after the colon"]);
    refuses("▸name: [a]\n", "wrong_type", &["found a list"]);
    refuses("▸name: {a: b}\n", "wrong_type", &["found a mapping"]);
    assert_eq!(accepts("name: \"123a\"\n").app, "123a");
}

#[test]
fn a_quoted_number_is_text() {
    refuses(
        "function: { runtime: python3.13, handler: handler.main, memory: ▸\"256\" }\n",
        "wrong_type",
        &["`memory` must be a whole number, found text", "remove the quotes"],
    );
    refuses(
        "function: { runtime: python3.13, handler: handler.main, memory: ▸lots }\n",
        "wrong_type",
        &["memory in MB", "128 and 10240"],
    );
    refuses(
        "function: { runtime: python3.13, handler: handler.main, memory: ▸1.5 }\n",
        "wrong_type",
        &["found a number"],
    );
    refuses(
        "api: { resources: { /a: { GET: { timeout: ▸\"3\" } } } }\n",
        "wrong_type",
        &["`timeout` must be a number, found text", "remove the quotes"],
    );
}

#[test]
fn a_switch_is_true_or_false() {
    refuses(
        "api: { disable_execute_api_endpoint: ▸yes, resources: { /a: { GET: {} } } }\n",
        "wrong_type",
        &["write true"],
    );
    refuses(
        "api: { disable_execute_api_endpoint: ▸\"false\", resources: { /a: { GET: {} } } }\n",
        "wrong_type",
        &["write false"],
    );
    refuses(
        "api: { disable_execute_api_endpoint: ▸0, resources: { /a: { GET: {} } } }\n",
        "wrong_type",
        &["true or false"],
    );
}

#[test]
fn mappings_and_lists_are_told_apart() {
    refuses("package: ▸app\n", "wrong_type", &["`package` must be a mapping, found text", "path: …"]);
    refuses("▸package: [app]\n", "wrong_type", &["found a list"]);
    refuses("▸package:\n", "wrong_type", &["found nothing"]);
    refuses("package: { path: app, ignore: ▸\"*.pyc\" }\n", "wrong_type", &["`ignore` must be a list", "[a, b]"]);
    refuses("tags: ▸x\n", "wrong_type", &["`tags` must be a mapping"]);
}

#[test]
fn all_mistakes_come_together_in_the_order_of_the_file() {
    let faults = Project::new().faults(
        "name: 1\nstage: \"2\"\nfunction: { runtime: python3.12x, handler: handler.main, memory: 1 }\nbogus: 1\n",
    );
    let codes: Vec<_> = faults.iter().map(|fault| fault.code).collect();
    let expected = ["wrong_type", "bad_name", "unknown_runtime", "out_of_range", "unknown_key"];
    assert_eq!(codes, expected, "{}", listed(&faults));
}

#[test]
fn variables_are_filled_in() {
    let project = Project::new().env("TEAM", "blue").account("111122223333");
    let spec = project.spec("tags: { a: \"${account}/${region}/${stage}\", b: \"${env:TEAM}\", c: \"${env:NONE:-x}\", d: \"${env:NONE:-}\" }\n");
    assert_eq!(spec.tags["a"], "111122223333/eu-west-1/prod");
    assert_eq!((spec.tags["b"].as_str(), spec.tags["c"].as_str(), spec.tags["d"].as_str()), ("blue", "x", ""));
}

#[test]
fn the_account_is_a_stand_in_until_it_is_known() {
    assert_eq!(accepts("tags: { a: \"${account}\" }\n").tags["a"], "000000000000");
}

#[test]
fn two_dollars_write_one() {
    let spec = accepts("api: { description: \"$${stage} and $5\", resources: { /a: { GET: {} } } }\n");
    assert_eq!(spec.api.description.as_deref(), Some("${stage} and $5"));
}

#[test]
fn an_unquoted_variable_takes_the_type_of_its_value() {
    let function = "function: { runtime: python3.13, handler: handler.main, memory: ";
    let project = Project::new().env("MEMORY", "512").env("WORD", "much");
    assert_eq!(
        project.spec(&format!("{function}'${{region}}' }}\n").replace("'${region}'", "512")).function.memory,
        512
    );
    assert_eq!(
        project
            .spec("function:\n  runtime: python3.13\n  handler: handler.main\n  memory: ${env:MEMORY}\n")
            .function
            .memory,
        512
    );
    project.refuses(
        "function:\n  runtime: python3.13\n  handler: handler.main\n  memory: ▸${env:WORD}\n",
        "wrong_type",
        &["must be a whole number"],
    );
}

#[test]
fn a_missing_environment_variable_is_a_mistake() {
    refuses("tags: { a: ▸\"${env:TEAM}\" }\n", "missing_variable", &["`TEAM` is not set", "${env:TEAM:-…}"]);
    Project::new().env("TEAM", "").refuses("tags: { a: ▸\"${env:TEAM}\" }\n", "missing_variable", &["`TEAM`"]);
}

#[test]
fn an_unknown_variable_is_a_mistake() {
    refuses("tags: { a: ▸\"${acount}\" }\n", "unknown_variable", &["did you mean `${account}`?", "$${"]);
    refuses("tags: { a: ▸\"${aws:username}\" }\n", "unknown_variable", &["${env:NAME}"]);
    refuses("tags: { a: ▸\"${stage\" }\n", "variable_syntax", &["not closed"]);
    refuses("tags: { a: ▸\"${env:}\" }\n", "variable_syntax", &["the name", "is missing", "${env:NAME}"]);
    refuses("tags: { a: ▸\"${env:A B}\" }\n", "variable_syntax", &["not the name"]);
}

#[test]
fn stage_and_region_are_not_filled_in_by_themselves() {
    refuses("stage: ▸\"a${stage}\"\n", "unknown_variable", &["`stage` cannot be filled in by itself"]);
    refuses("region: ▸\"${region}\"\n", "unknown_variable", &["`region` cannot be filled in by itself"]);
}

#[test]
fn keys_are_not_filled_in() {
    refuses("tags: { ▸\"${stage}\": a }\n", "bad_tag", &["`${stage}` is not a tag name"]);
}

/// A value that came from the environment may be a secret wherever it stands.
#[test]
fn nothing_from_the_environment_is_ever_printed() {
    let secret = "S3cr3t//Value  with spaces!";
    let project = Project::new().env("SECRET", secret);
    for sections in [
        "name: \"!${env:SECRET}\"\n",
        "stage: \"${env:SECRET}\"\n",
        "region: \"${env:SECRET}\"\n",
        "package: { path: \"${env:SECRET}\" }\n",
        "package: { path: app, bucket: \"${env:SECRET}\" }\n",
        "function: { runtime: \"${env:SECRET}\", handler: handler.main }\n",
        "function: { runtime: python3.13, handler: \"${env:SECRET}\" }\n",
        "function: { runtime: python3.13, handler: handler.main, memory: \"${env:SECRET}\" }\n",
        "function:\n  runtime: python3.13\n  handler: handler.main\n  memory: ${env:SECRET}\n",
        "function: { runtime: python3.13, handler: handler.main, name: \"${env:SECRET}\" }\n",
        "function: { runtime: python3.13, handler: handler.main, layers: [\"${env:SECRET}\"] }\n",
        "function: { runtime: python3.13, handler: handler.main, role: { name: \"${env:SECRET}\" } }\n",
        "function: { runtime: python3.13, handler: handler.main, role: { managed_policies: [\"${env:SECRET}\"] } }\n",
        "api: { endpoint: \"${env:SECRET}\", resources: { /a: { GET: {} } } }\n",
        "api: { cors: { origins: [\"${env:SECRET}\"] }, resources: { /a: { GET: {} } } }\n",
        "api: { binary_media_types: [\"${env:SECRET}\"], resources: { /a: { GET: {} } } }\n",
        "api: { policy: \"${env:SECRET}\", resources: { /a: { GET: {} } } }\n",
        "api: { resources: { /a: { GET: { models: { application/json: \"${env:SECRET}\" } } } } }\n",
        "api: { resources: { /a: { GET: { request: { headers: { X: \"${env:SECRET}\" } } } } } }\n",
        "api: { resources: { /a: { GET: { request: { templates: { application/json: \"${env:SECRET}\" } } } } } }\n",
        "api: { resources: { /a: { GET: { responses: { 200: {}, 400: { pattern: \"(${env:SECRET}\" } } } } } }\n",
        "stage_settings: { variables: { a: \"${env:SECRET}\" } }\n",
        "stage_settings: { access_log: { destination: \"${env:SECRET}\", format: \"${env:SECRET}\" } }\n",
        "usage_plan: { keys: [{ name: a, value: \"x${env:SECRET}\" }] }\n",
        "domain: { name: \"${env:SECRET}\", certificate: \"${env:SECRET}\", hosted_zone: \"${env:SECRET}\" }\n",
        "domain: { name: a.b, certificate: request, base_path: \"${env:SECRET}\", security_policy: \"${env:SECRET}\" }\n",
        "domain: { name: a.b, certificate: request, mutual_tls: { truststore: \"${env:SECRET}\" } }\n",
        "checks: [{ get: \"${env:SECRET}\", key: \"${env:SECRET}\", expect: { status: 200 } }]\n",
        "tags: { a: \"${env:SECRET}\" }\n",
    ] {
        let faults = project.faults(sections);
        assert!(!faults.is_empty(), "{sections} is refused");
        for fault in &faults {
            let shown = format!("{fault}");
            for part in ["S3cr3t", "Value", "with spaces", "s3cr3t"] {
                assert!(!shown.contains(part), "{sections}: {shown}");
            }
        }
    }
}

#[test]
fn names_are_what_aws_takes() {
    refuses("name: ▸\"a!b\"\n", "bad_name", &["`a!b` is not an application name", "holds `!`"]);
    refuses("name: ▸\"\"\n", "bad_name", &["it is empty"]);
    refuses("stage: ▸a.b\n", "bad_name", &["not a stage name", "holds `.`"]);
    refuses(&format!("stage: ▸{}\n", "s".repeat(129)), "bad_name", &["129 characters"]);
    refuses("▸stage: \"2024\"\n", "bad_name", &["the Lambda alias", "like v1"]);
    refuses("region: ▸Ireland\n", "bad_region", &["`Ireland` is not an AWS region", "us-east-1"]);
    for region in ["us-gov-west-1", "cn-north-1", "eusc-de-east-1", "ap-southeast-4"] {
        accepts(&format!("region: {region}\n"));
    }
}

#[test]
fn tags_are_what_aws_takes() {
    refuses("tags: { ▸\"aws:x\": a }\n", "bad_tag", &["AWS's own"]);
    refuses("tags: { ▸\"poc:app\": a }\n", "bad_tag", &["marks what poc owns"]);
    refuses("tags: { ▸a*b: a }\n", "bad_tag", &["`a*b` is not a tag name"]);
    refuses(&format!("tags: {{ ▸{}: a }}\n", "t".repeat(129)), "bad_tag", &["1 to 128"]);
    refuses("tags: { a: ▸\"b*\" }\n", "bad_tag", &["not a tag value"]);
    let tags = |from: usize, n: usize| (from..from + n).map(|i| format!("t{i}: a, ")).collect::<String>();
    accepts(&format!("tags: {{ {} }}\n", tags(0, 48)));
    refuses(&format!("▸tags: {{ {} }}\n", tags(0, 49)), "too_many_tags", &["51 tags", "at most 50"]);
    refuses(
        &format!("tags: {{ {} }}\nstage_settings: {{ ▸tags: {{ {} }} }}\n", tags(0, 25), tags(20, 30)),
        "too_many_tags",
        &["52 tags"],
    );
}

#[test]
fn the_package_must_be_there() {
    refuses("package: { path: ▸nowhere }\n", "missing_file", &["there is no", "nowhere", "deploy.yaml is in"]);
    refuses("package: { path: ▸app/handler.py }\n", "not_a_package", &["neither a directory nor a .zip"]);
    refuses("package: { path: ▸\"\" }\n", "missing_file", &["path is empty"]);
    refuses("▸package: {}\n", "missing_key", &["`package` has neither `path` nor `image`"]);
    refuses("package: { path: app, ignore: [▸\"[z-a]\"] }\n", "bad_ignore_pattern", &["`[z-a]`"]);
    let project = Project::new().file("ready.zip", "PK");
    project.spec("package: { path: ready.zip }\n");
    project.refuses("package: { path: ready.zip, ▸ignore: [a] }\n", "unused_key", &["ready .zip"]);
}

#[test]
fn the_bucket_is_named_after_application_account_and_region() {
    let project = Project::new().account("111122223333");
    assert_eq!(
        project
            .spec("name: \"My Shop: Ünits\"\nfunction: { name: f, runtime: python3.13, handler: handler.main }\n")
            .package
            .bucket,
        "poc-my-shop-nits-111122223333-eu-west-1"
    );
    let long = project.spec(&format!(
        "name: {}\nfunction: {{ name: f, runtime: python3.13, handler: handler.main }}\n",
        "n".repeat(100)
    ));
    assert_eq!(long.package.bucket.len(), 63);
}

#[test]
fn bucket_names_are_s3s() {
    for (name, why) in [
        ("ab", "3 to 63 characters"),
        ("Abc", "lower case"),
        ("a_bc", "lower-case letters, digits"),
        ("-abc", "begin and end"),
        ("abc.", "begin and end"),
        ("a..b", "adjacent"),
        ("192.168.5.4", "IP address"),
        ("xn--abc", "xn--"),
        ("abc-s3alias", "reserved"),
    ] {
        refuses(&format!("package: {{ path: app, bucket: ▸\"{name}\" }}\n"), "bad_bucket", &[why]);
    }
    refuses(&format!("package: {{ path: app, bucket: ▸\"{}\" }}\n", "b".repeat(64)), "bad_bucket", &["3 to 63"]);
    refuses(
        "package: { path: app, bucket: ▸\"${account}-${account}-${account}-${account}-${account}\" }\n",
        "bad_bucket",
        &["3 to 63"],
    );
}
