//! Lambda: `AWS_FACTS` B5 and D.

use aws_sdk_lambda::operation::create_function::builders::CreateFunctionFluentBuilder;
use aws_sdk_lambda::types::{
    AliasRoutingConfiguration, Architecture, Environment, EphemeralStorage, FunctionCode, Runtime, VpcConfig,
};

use super::support::{Env, TRUST, function_arn, hollow_zip, refusal, refused, seconds, zip};

pub const ROLE: &str = "arn:aws:iam::000000000000:role/runner";

pub async fn with_role(env: &Env) {
    env.iam.create_role().role_name("runner").assume_role_policy_document(TRUST).send().await.unwrap();
    seconds(8).await;
}

/// A request that succeeds once the role can be assumed.
pub fn creation(env: &Env, name: &str) -> CreateFunctionFluentBuilder {
    env.lambda
        .create_function()
        .function_name(name)
        .runtime(Runtime::Python313)
        .handler("handler.lambda_handler")
        .role(ROLE)
        .code(FunctionCode::builder().zip_file(zip("def lambda_handler(event, context): pass")).build())
}

/// An active function.
pub async fn with_function(env: &Env, name: &str) {
    if env.iam.get_role().role_name("runner").send().await.is_err() {
        with_role(env).await;
    }
    creation(env, name).send().await.unwrap();
    seconds(4).await;
}

#[tokio::test(start_paused = true)]
async fn a_function_is_made_published_aliased_and_permitted() {
    let env = Env::new();
    with_role(&env).await;
    let made = creation(&env, "f")
        .environment(aws_sdk_lambda::types::Environment::builder().variables("MODEL", "model.json").build());
    let made = made.tags("poc:app", "x").send().await.unwrap();
    assert_eq!(made.state().unwrap().as_str(), "Pending");
    seconds(4).await;
    let told = env.lambda.get_function().function_name("f").send().await.unwrap();
    assert_eq!(told.configuration().unwrap().state().unwrap().as_str(), "Active");
    assert_eq!(told.tags().unwrap()["poc:app"], "x");
    let version = env.lambda.publish_version().function_name("f").send().await.unwrap();
    assert_eq!(version.function_arn(), Some(function_arn("f:1").as_str()));
    let alias = env.lambda.create_alias().function_name("f").name("prod").function_version("1").send().await.unwrap();
    assert_eq!(alias.alias_arn(), Some(function_arn("f:prod").as_str()));
    env.lambda
        .add_permission()
        .function_name("f")
        .qualifier("prod")
        .statement_id("get-admit")
        .action("lambda:InvokeFunction")
        .principal("apigateway.amazonaws.com")
        .source_arn("arn:aws:execute-api:us-east-1:000000000000:abc/prod/GET/admit")
        .send()
        .await
        .unwrap();
    let policy = env.lambda.get_policy().function_name("f").qualifier("prod").send().await.unwrap();
    assert!(policy.policy().unwrap().contains("ArnLike"));
    env.lambda.delete_function().function_name("f").send().await.unwrap();
}

const INVALID: &str = "InvalidParameterValueException";
const CONFLICT: &str = "ResourceConflictException";
const NOT_FOUND: &str = "ResourceNotFoundException";
const VALIDATION: &str = "ValidationException";
const NOT_ASSUMABLE: &str = "The role defined for the function cannot be assumed by Lambda.";

#[tokio::test(start_paused = true)]
async fn a_role_is_assumable_a_while_after_it_is_made_and_only_with_trust() {
    let env = Env::new();
    refused(creation(&env, "f").send().await, INVALID, NOT_ASSUMABLE);
    let trust = TRUST.replace("lambda.amazonaws.com", "ec2.amazonaws.com");
    env.iam.create_role().role_name("runner").assume_role_policy_document(trust).send().await.unwrap();
    seconds(600).await;
    refused(creation(&env, "f").send().await, INVALID, NOT_ASSUMABLE);
    env.iam.update_assume_role_policy().role_name("runner").policy_document(TRUST).send().await.unwrap();
    seconds(7).await;
    refused(creation(&env, "f").send().await, INVALID, NOT_ASSUMABLE);
    seconds(1).await;
    creation(&env, "f").send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn every_wrong_member_has_its_own_text() {
    type Edit = fn(CreateFunctionFluentBuilder) -> CreateFunctionFluentBuilder;
    let env = Env::new();
    with_role(&env).await;
    let runtimes = "Member must satisfy enum value set: [nodejs20.x, python3.14, provided.al2023, python3.12, \
        python3.13, nodejs24.x, nodejs22.x, java25, python3.10, python3.11, java21, ruby3.3, ruby3.4, ruby3.2, \
        python3.8, python3.9, java17, nodejs16.x, dotnet10, dotnet8, java11, dotnet6, nodejs18.x, provided.al2, \
        java8.al2] or be a valid ARN";
    let large = format!("{{\"LARGE_VAR\":\"{}\"}}", "x".repeat(4096));
    let role = r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+";
    let failed = "1 validation error detected: Value";
    let rows: [(Edit, &str, String); 20] = [
        (
            |one| one.runtime(Runtime::from("non-existent-runtime")),
            INVALID,
            format!("Value non-existent-runtime at 'runtime' failed to satisfy constraint: {runtimes}"),
        ),
        (
            |one| one.runtime(Runtime::from("PYTHON3.9")),
            INVALID,
            format!("Value PYTHON3.9 at 'runtime' failed to satisfy constraint: {runtimes}"),
        ),
        (
            |one| one.environment(Environment::builder().variables("LARGE_VAR", "x".repeat(4096)).build()),
            INVALID,
            format!(
                "Lambda was unable to configure your environment variables because the environment variables you have \
                 provided exceeded the 4KB limit. String measured: {large}"
            ),
        ),
        (
            |one| one.role("r1"),
            VALIDATION,
            format!(
                "{failed} 'r1' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: \
                 {role}"
            ),
        ),
        (
            |one| one.architectures(Architecture::from("X86_64")),
            VALIDATION,
            format!(
                "{failed} '[X86_64]' at 'architectures' failed to satisfy constraint: Member must satisfy constraint: \
                 [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]"
            ),
        ),
        (
            |one| one.architectures(Architecture::X8664).architectures(Architecture::Arm64),
            VALIDATION,
            format!(
                "{failed} '[x86_64, arm64]' at 'architectures' failed to satisfy constraint: Member must have length \
                 less than or equal to 1"
            ),
        ),
        (
            |one| one.snap_start(aws_sdk_lambda::types::SnapStart::builder().apply_on("invalidOption".into()).build()),
            VALIDATION,
            format!(
                "{failed} 'invalidOption' at 'snapStart.applyOn' failed to satisfy constraint: Member must satisfy \
                 enum value set: [PublishedVersions, None]"
            ),
        ),
        (
            |one| one.function_name("a".repeat(65)),
            INVALID,
            format!(
                "{failed} '{}' at 'functionName' failed to satisfy constraint: Member must have length less than or \
                 equal to 64",
                "a".repeat(65)
            ),
        ),
        (
            |one| one.memory_size(64),
            VALIDATION,
            format!(
                "{failed} '64' at 'memorySize' failed to satisfy constraint: Member must have value greater than or \
                 equal to 128"
            ),
        ),
        (
            |one| one.timeout(901),
            VALIDATION,
            format!(
                "{failed} '901' at 'timeout' failed to satisfy constraint: Member must have value less than or equal \
                 to 900"
            ),
        ),
        (
            |one| one.ephemeral_storage(EphemeralStorage::builder().size(511).build().unwrap()),
            VALIDATION,
            format!(
                "{failed} '511' at 'ephemeralStorage.size' failed to satisfy constraint: Member must have value \
                 greater than or equal to 512"
            ),
        ),
        (
            |one| one.code(FunctionCode::builder().zip_file(aws_smithy_types::Blob::new("no zip")).build()),
            INVALID,
            "Could not unzip uploaded file. Please check your file, then try to upload again.".to_owned(),
        ),
        (
            |one| one.code(FunctionCode::builder().s3_bucket("absent").s3_key("k").build()),
            INVALID,
            "Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does \
             not exist"
                .to_owned(),
        ),
        (
            |one| one.code(FunctionCode::builder().image_uri("repository:tag").build()).package_type("Image".into()),
            INVALID,
            "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image."
                .to_owned(),
        ),
        (
            |one| {
                let one = one.code(FunctionCode::builder().image_uri("repository:tag").build());
                one.package_type("Image".into()).set_handler(None).set_runtime(None)
            },
            INVALID,
            "Source image repository:tag is not valid. Provide a valid source image.".to_owned(),
        ),
        (
            |one| one.code(FunctionCode::builder().image_uri("repository:tag").build()),
            INVALID,
            "Please provide a source for function code.".to_owned(),
        ),
        (
            |one| one.vpc_config(VpcConfig::builder().subnet_ids("subnet-1").build()),
            INVALID,
            "Error occurred while DescribeSubnets. EC2 Error Code: InvalidSubnetID.NotFound. EC2 Error Message: The \
             subnet ID 'subnet-1' does not exist"
                .to_owned(),
        ),
        (
            |one| one.vpc_config(VpcConfig::builder().security_group_ids("sg-1").build()),
            INVALID,
            "Error occurred while DescribeSecurityGroups. EC2 Error Code: InvalidGroup.NotFound. EC2 Error Message: \
             The security group 'sg-1' does not exist"
                .to_owned(),
        ),
        (
            |one| one.set_tags(Some((0..51).map(|at| (format!("k{at}"), String::new())).collect())),
            INVALID,
            "Number of tags exceeds resource tag limit.".to_owned(),
        ),
        (
            |one| one.function_name("arn:aws:lambda:ap-southeast-1:000000000000:function:f"),
            NOT_FOUND,
            "Functions from 'ap-southeast-1' are not reachable in this region ('us-east-1')".to_owned(),
        ),
    ];
    for (edit, code, message) in rows {
        refused(edit(creation(&env, "f")).send().await, code, &message);
    }
}

#[tokio::test(start_paused = true)]
async fn runtimes_of_the_past_are_refused() {
    let env = Env::new();
    with_role(&env).await;
    let gone = ["dotnetcore3.1", "go1.x", "java8", "nodejs12.x", "nodejs14.x", "provided", "python3.7", "ruby2.7"];
    for runtime in gone {
        refused(
            creation(&env, "f").runtime(Runtime::from(runtime)).send().await,
            INVALID,
            &format!(
                "The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda \
                 functions. We recommend you use a supported runtime while creating or updating functions."
            ),
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_package_that_is_too_large_is_refused() {
    let env = Env::new();
    with_role(&env).await;
    // Sent past the client, which takes seconds to encode so much.
    let send = async |body: String| {
        let request = http::Request::post("/2015-03-31/functions")
            .header("authorization", "AWS4-HMAC-SHA256 Credential=A/1/us-east-1/lambda/aws4_request");
        let response = env.cloud.handle(request.body(body.into()).unwrap()).await;
        (response.status().as_u16(), String::from_utf8(response.into_body().to_vec()).unwrap())
    };
    let (status, body) = send(" ".repeat(70_167_211)).await;
    assert_eq!(status, 413);
    assert!(body.contains("Request must be smaller than 70167211 bytes for the CreateFunction operation"));
    let zeros = "A".repeat(69_905_068);
    let (status, body) = send(format!(
        r#"{{"FunctionName":"f","Role":"{ROLE}","Handler":"h.h","Runtime":"python3.13","Code":{{"ZipFile":"{zeros}"}}}}"#
    ))
    .await;
    assert_eq!(status, 413);
    assert!(body.contains("Zipped size must be smaller than 52428800 bytes"));
    let unzipped = FunctionCode::builder().zip_file(hollow_zip(26_214_400)).build();
    refused(
        creation(&env, "f").code(unzipped).send().await,
        INVALID,
        "Unzipped size must be smaller than 262144000 bytes",
    );
}

#[tokio::test(start_paused = true)]
async fn code_comes_from_a_bucket_of_the_same_region() {
    let env = Env::new();
    with_role(&env).await;
    env.s3.create_bucket().bucket("packages").send().await.unwrap();
    let bytes = zip("print()").into_inner();
    env.s3.put_object().bucket("packages").key("f.zip").body(bytes.into()).send().await.unwrap();
    let code = |key: &str| FunctionCode::builder().s3_bucket("packages").s3_key(key).build();
    refused(
        creation(&env, "f").code(code("g.zip")).send().await,
        INVALID,
        "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.",
    );
    let elsewhere = creation(&env.in_region("us-west-2"), "f").code(code("f.zip")).send().await;
    assert!(refusal(elsewhere).1.contains("S3 Error Code: PermanentRedirect"));
    let from_bucket = creation(&env, "f").code(code("f.zip")).send().await.unwrap();
    let sent = creation(&env, "g").code(FunctionCode::builder().zip_file(zip("print()")).build()).send().await.unwrap();
    assert_eq!(from_bucket.code_sha256(), sent.code_sha256());
    assert_eq!(from_bucket.code_sha256().unwrap().len(), 44, "base64 of 32 bytes");
}

#[tokio::test(start_paused = true)]
async fn a_name_is_taken() {
    let env = Env::new();
    with_function(&env, "f").await;
    refused(creation(&env, "f").send().await, CONFLICT, "Function already exist: f");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_changed_while_something_is_under_way() {
    let env = Env::new();
    with_role(&env).await;
    creation(&env, "f").send().await.unwrap();
    let pending =
        "The operation cannot be performed at this time. The function is currently in the following state: Pending";
    let configure = async || env.lambda.update_function_configuration().function_name("f").timeout(9).send().await;
    let load = async || env.lambda.update_function_code().function_name("f").zip_file(zip("new")).send().await;
    let publish = async || env.lambda.publish_version().function_name("f").send().await;
    refused(configure().await, CONFLICT, pending);
    refused(load().await, CONFLICT, pending);
    refused(publish().await, CONFLICT, pending);
    refused(env.lambda.delete_function().function_name("f").send().await, CONFLICT, pending);
    let permission = env.lambda.add_permission().function_name("f").statement_id("s").action("lambda:InvokeFunction");
    permission.principal("apigateway.amazonaws.com").send().await.expect("permissions do not wait");
    env.lambda.put_function_concurrency().function_name("f").reserved_concurrent_executions(1).send().await.unwrap();

    seconds(4).await;
    let changed = configure().await.unwrap();
    assert_eq!(changed.last_update_status().unwrap().as_str(), "InProgress");
    let progress = format!(
        "The operation cannot be performed at this time. An update is in progress for resource: {}",
        function_arn("f")
    );
    refused(configure().await, CONFLICT, &progress);
    refused(load().await, CONFLICT, &progress);
    refused(publish().await, CONFLICT, &progress);
    seconds(4).await;
    let told = env.lambda.get_function_configuration().function_name("f").send().await.unwrap();
    assert_eq!((told.last_update_status().unwrap().as_str(), told.timeout()), ("Successful", Some(9)));
    assert_ne!(told.revision_id(), changed.revision_id(), "the revision changes once more when the update is through");
    load().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_version_is_published_when_something_changed() {
    let env = Env::new();
    with_function(&env, "f").await;
    let publish = async || env.lambda.publish_version().function_name("f").send().await.unwrap();
    let first = publish().await;
    assert_eq!((first.version(), first.state().unwrap().as_str()), (Some("1"), "Active"));
    assert_eq!(publish().await.version(), Some("1"));
    env.lambda.update_function_configuration().function_name("f").description("new").send().await.unwrap();
    seconds(4).await;
    assert_eq!(publish().await.version(), Some("2"));
    let code = env.lambda.update_function_code().function_name("f").zip_file(zip("new")).publish(true).send().await;
    assert_eq!(code.unwrap().version(), Some("3"));
    seconds(4).await;
    assert_eq!(publish().await.version(), Some("3"));
    let kept = env.lambda.get_function_configuration().function_name("f").qualifier("1").send().await.unwrap();
    assert_eq!((kept.code_sha256(), kept.description()), (first.code_sha256(), Some("")));
    let all = env.lambda.list_versions_by_function().function_name("f").max_items(2).into_paginator().items().send();
    let all: Vec<_> =
        all.collect::<Result<Vec<_>, _>>().await.unwrap().iter().map(|one| one.version().unwrap().to_owned()).collect();
    assert_eq!(all, ["$LATEST", "1", "2", "3"]);
    let current = env.lambda.get_function_configuration().function_name("f").send().await.unwrap();
    refused(
        env.lambda.publish_version().function_name("f").code_sha256("somenonexistentsha256").send().await,
        INVALID,
        &format!(
            "CodeSHA256 (somenonexistentsha256) is different from current CodeSHA256 in $LATEST ({}). Please try again \
             with the CodeSHA256 in $LATEST.",
            current.code_sha256().unwrap()
        ),
    );
    refused(
        env.lambda.publish_version().function_name("f").revision_id("stale").send().await,
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve \
         the latest Revision Id",
    );
}

#[tokio::test(start_paused = true)]
async fn publishing_with_the_creation_makes_version_1() {
    let env = Env::new();
    with_role(&env).await;
    let made = creation(&env, "f").publish(true).send().await.unwrap();
    assert_eq!((made.version(), made.state().unwrap().as_str()), (Some("1"), "Pending"));
    seconds(4).await;
    assert_eq!(env.lambda.publish_version().function_name("f").send().await.unwrap().version(), Some("1"));
}

#[tokio::test(start_paused = true)]
async fn aliases_point_at_versions_that_are_there() {
    let env = Env::new();
    with_function(&env, "f").await;
    env.lambda.publish_version().function_name("f").send().await.unwrap();
    env.lambda.update_function_code().function_name("f").zip_file(zip("2")).publish(true).send().await.unwrap();
    let create =
        |name: &str, version: &str| env.lambda.create_alias().function_name("f").name(name).function_version(version);
    let route = |weights: &[(&str, f64)]| {
        let weights = weights.iter().map(|(version, weight)| ((*version).to_owned(), *weight)).collect();
        AliasRoutingConfiguration::builder().set_additional_version_weights(Some(weights)).build()
    };
    create("custom", "1").send().await.unwrap();
    let failed = "1 validation error detected: Value";
    let weights = "at 'routingConfig.additionalVersionWeights' failed to satisfy constraint:";
    let value = "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have \
                 value greater than or equal to 0.0, Member must not be null]";
    let rows = [
        (create("custom", "1"), CONFLICT, format!("Alias already exists: {}", function_arn("f:custom"))),
        (
            create("2024", "1"),
            VALIDATION,
            format!(
                "{failed} '2024' at 'name' failed to satisfy constraint: Member must satisfy regular expression \
                 pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)"
            ),
        ),
        (create("a", "10"), NOT_FOUND, format!("Function not found: {}", function_arn("f:10"))),
        (
            create("a", "$LATEST").routing_config(route(&[("1", 0.5)])),
            INVALID,
            "$LATEST is not supported for an alias pointing to more than 1 version".to_owned(),
        ),
        (
            create("a", "1").routing_config(route(&[("1", 0.5)])),
            INVALID,
            "Invalid function version 1. Function version 1 is already included in routing configuration.".to_owned(),
        ),
        (
            create("a", "1").routing_config(route(&[("1", 0.5), ("2", 0.5)])),
            INVALID,
            "Number of items in AdditionalVersionWeights cannot be greater than 1".to_owned(),
        ),
        (
            create("a", "1").routing_config(route(&[("$LATEST", 0.5)])),
            VALIDATION,
            format!(
                "{failed} '{{$LATEST=0.5}}' {weights} Map keys must satisfy constraint: [Member must have length less \
                 than or equal to 1024, Member must have length greater than or equal to 1, Member must satisfy \
                 regular expression pattern: [0-9]+]"
            ),
        ),
        (
            create("a", "1").routing_config(route(&[("2", 2.0)])),
            VALIDATION,
            format!("{failed} '{{2=2.0}}' {weights} {value}"),
        ),
        (
            create("a", "1").routing_config(route(&[("2", -1.0)])),
            VALIDATION,
            format!("{failed} '{{2=-1.0}}' {weights} {value}"),
        ),
    ];
    for (call, code, message) in rows {
        refused(call.send().await, code, &message);
    }
    let cannot_find = format!("Cannot find alias arn: {}", function_arn("f:none"));
    refused(env.lambda.get_alias().function_name("f").name("none").send().await, NOT_FOUND, &cannot_find);
    let not_found = format!("Alias not found: {}", function_arn("f:none"));
    refused(env.lambda.update_alias().function_name("f").name("none").send().await, NOT_FOUND, &not_found);
    let canary = env.lambda.update_alias().function_name("f").name("custom").routing_config(route(&[("2", 0.1)]));
    assert!(canary.send().await.unwrap().routing_config().is_some());
    let cleared = env.lambda.update_alias().function_name("f").name("custom").routing_config(route(&[]));
    assert!(cleared.send().await.unwrap().routing_config().is_none());
    let moved = env.lambda.update_alias().function_name("f").name("custom").function_version("2").send().await.unwrap();
    assert_eq!(moved.function_version(), Some("2"));
    let through = env.lambda.get_function_configuration().function_name("f:custom").send().await.unwrap();
    assert_eq!((through.version(), through.function_arn()), (Some("2"), Some(function_arn("f:custom").as_str())));
}

#[tokio::test(start_paused = true)]
async fn policies_belong_to_a_qualifier_and_refuse_with_their_own_texts() {
    let env = Env::new();
    with_function(&env, "f").await;
    env.lambda.publish_version().function_name("f").send().await.unwrap();
    env.lambda.create_alias().function_name("f").name("live").function_version("1").send().await.unwrap();
    let add = |name: &str, sid: &str| {
        let call = env.lambda.add_permission().function_name(name).statement_id(sid);
        call.action("lambda:InvokeFunction").principal("apigateway.amazonaws.com")
    };
    let get = async |name: &str| env.lambda.get_policy().function_name(name).send().await;
    let remove =
        async |name: &str, sid: &str| env.lambda.remove_permission().function_name(name).statement_id(sid).send().await;
    let no_policy = "The resource you requested does not exist.";
    refused(get("f").await, NOT_FOUND, no_policy);
    add("f", "s3").send().await.unwrap();
    refused(get("f:live").await, NOT_FOUND, no_policy);
    refused(get("f:1").await, NOT_FOUND, no_policy);
    add("f", "s3").qualifier("live").send().await.unwrap();
    let policy = get("f:live").await.unwrap();
    assert!(policy.policy().unwrap().contains(&function_arn("f:live")));
    let rows = [
        (
            add("f", "s3"),
            CONFLICT,
            "The statement id (s3) provided already exists. Please provide a new statement id, or remove the existing \
             statement."
                .to_owned(),
        ),
        (
            add("f", "a").qualifier("$LATEST"),
            INVALID,
            "We currently do not support adding policies for $LATEST.".to_owned(),
        ),
        (
            add("f", "a").principal("nobody"),
            INVALID,
            "The provided principal was invalid. Please check the principal and try again.".to_owned(),
        ),
        (add("f", "a").qualifier("42"), NOT_FOUND, format!("Function not found: {}", function_arn("f:42"))),
        (
            add("f", "a").qualifier("valid-with-$-but-doesnotexist"),
            NOT_FOUND,
            format!("Function not found: {}", function_arn("f:valid-with-$-but-doesnotexist")),
        ),
        (
            add("f", "a").qualifier("alias-doesnotexist"),
            NOT_FOUND,
            format!("Cannot find alias arn: {}", function_arn("f:alias-doesnotexist")),
        ),
        (add("none", "a"), NOT_FOUND, format!("Function not found: {}", function_arn("none"))),
        (
            add("f", "example.com"),
            VALIDATION,
            "1 validation error detected: Value 'example.com' at 'statementId' failed to satisfy constraint: Member \
             must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)"
                .to_owned(),
        ),
        (
            add("f", "a").qualifier("invalid-qualifier-with-?-char"),
            VALIDATION,
            "1 validation error detected: Value 'invalid-qualifier-with-?-char' at 'qualifier' failed to satisfy \
             constraint: Member must satisfy regular expression pattern: \\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"
                .to_owned(),
        ),
        (
            add("f", "a").qualifier("live").revision_id("stale"),
            "PreconditionFailedException",
            "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the \
             latest Revision Id"
                .to_owned(),
        ),
    ];
    for (call, code, message) in rows {
        refused(call.send().await, code, &message);
    }
    refused(remove("f", "x").await, NOT_FOUND, "Statement x is not found in resource policy.");
    refused(remove("f:1", "s3").await, NOT_FOUND, "No policy is associated with the given resource.");
    refused(remove("none", "s3").await, NOT_FOUND, &format!("No policy found for: {}", function_arn("none")));
    remove("f", "s3").await.unwrap();
    refused(get("f").await, NOT_FOUND, no_policy);
}

#[tokio::test(start_paused = true)]
async fn a_policy_holds_20_kilobytes() {
    let env = Env::new();
    with_function(&env, "f").await;
    let mut refusals = 0;
    for at in 0..80 {
        let source = format!("arn:aws:execute-api:us-east-1:000000000000:abcdefghij/prod/GET/path/{at:0>60}");
        let call = env.lambda.add_permission().function_name("f").statement_id(format!("s{at}"));
        let call = call.action("lambda:InvokeFunction").principal("apigateway.amazonaws.com").source_arn(source);
        if let Err(error) = call.send().await {
            let (code, message) = refusal::<(), _, _>(Err(error));
            assert_eq!(code, "PolicyLengthExceededException");
            assert!(
                message.starts_with("The final policy size (") && message.ends_with("bigger than the limit (20480).")
            );
            refusals += 1;
        }
    }
    assert!(refusals > 0);
    let policy = env.lambda.get_policy().function_name("f").send().await.unwrap();
    assert!(policy.policy().unwrap().len() <= 20_480);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_executions_stay_unreserved() {
    let env = Env::new();
    with_function(&env, "f").await;
    with_function(&env, "g").await;
    let reserve = async |name: &str, count: i32| {
        let call = env.lambda.put_function_concurrency().function_name(name);
        call.reserved_concurrent_executions(count).send().await
    };
    reserve("f", 500).await.unwrap();
    refused(
        reserve("g", 401).await,
        INVALID,
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below \
         its minimum value of [100].",
    );
    reserve("g", 400).await.unwrap();
    refused(
        reserve(&function_arn("f:1"), 1).await,
        INVALID,
        "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. \
         Please specify either a function name or an unqualified function ARN.",
    );
    let missing = format!("Function not found: {}", function_arn("doesnotexist:$LATEST"));
    refused(reserve("doesnotexist", 1).await, NOT_FOUND, &missing);
    let told = env.lambda.get_function_concurrency().function_name("f").send().await.unwrap();
    assert_eq!(told.reserved_concurrent_executions(), Some(500));
    env.lambda.delete_function_concurrency().function_name("f").send().await.unwrap();
    let told = env.lambda.get_function_concurrency().function_name("f").send().await.unwrap();
    assert_eq!(told.reserved_concurrent_executions(), None);
    let limits = env.lambda.get_account_settings().send().await.unwrap();
    assert_eq!(limits.account_limit().unwrap().unreserved_concurrent_executions(), Some(600));
}

#[tokio::test(start_paused = true)]
async fn tags_are_the_whole_function_s() {
    let env = Env::new();
    with_function(&env, "f").await;
    let tag = |arn: &str| env.lambda.tag_resource().resource(arn).tags("a", "1");
    tag(&function_arn("f")).tags("b", "2").send().await.unwrap();
    env.lambda.untag_resource().resource(function_arn("f")).tag_keys("a").send().await.unwrap();
    let told = env.lambda.list_tags().resource(function_arn("f")).send().await.unwrap();
    assert_eq!(told.tags().unwrap().len(), 1);
    refused(
        tag(&function_arn("f:1")).send().await,
        INVALID,
        "Tags on function aliases and versions are not supported. Please specify a function ARN.",
    );
    let missing = format!("Function not found: {}", function_arn("doesnotexist"));
    refused(tag(&function_arn("doesnotexist")).send().await, NOT_FOUND, &missing);
    let empty = env.lambda.tag_resource().resource(function_arn("f")).set_tags(Some(std::collections::HashMap::new()));
    refused(empty.send().await, INVALID, "An error occurred and the request cannot be processed.");
    let many = (0..50).map(|at| (format!("k{at}"), String::new())).collect();
    let many = env.lambda.tag_resource().resource(function_arn("f")).set_tags(Some(many));
    refused(many.send().await, INVALID, "Number of tags exceeds resource tag limit.");
}

#[tokio::test(start_paused = true)]
async fn versions_and_functions_are_deleted() {
    let env = Env::new();
    with_function(&env, "f").await;
    env.lambda.publish_version().function_name("f").send().await.unwrap();
    env.lambda.create_alias().function_name("f").name("live").function_version("1").send().await.unwrap();
    let delete = |name: &str| env.lambda.delete_function().function_name(name);
    refused(
        delete("f").qualifier("1").send().await,
        CONFLICT,
        "Unable to delete version because the following aliases reference it: [live]",
    );
    refused(
        delete("f").qualifier("$LATEST").send().await,
        INVALID,
        "$LATEST version cannot be deleted without deleting the function.",
    );
    refused(
        delete("f:1").qualifier("$LATEST").send().await,
        INVALID,
        "The derived qualifier from the function name does not match the specified qualifier.",
    );
    env.lambda.delete_alias().function_name("f").name("live").send().await.unwrap();
    delete("f").qualifier("1").send().await.unwrap();
    delete("f").send().await.unwrap();
    let missing = format!("Function not found: {}", function_arn("f"));
    refused(delete("f").send().await, NOT_FOUND, &missing);
    refused(env.lambda.get_function().function_name("f").send().await, NOT_FOUND, &missing);
    refused(
        env.lambda.get_function().function_name("f").qualifier("gone").send().await,
        NOT_FOUND,
        &format!("Function not found: {}", function_arn("f:gone")),
    );
}
