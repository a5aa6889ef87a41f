//! `AWS_FACTS` B2: deployments, stages and their settings, and appendix B as far as it concerns them.

use std::time::Duration;

use aws_sdk_apigateway::types::{DeploymentCanarySettings, PatchOperation};
use poc::aws::EmbeddedCloud;

use crate::support::{Rows, account, add, patch, remove, replace};

const NO_ROLE: &str = "CloudWatch Logs role ARN must be set in account settings to enable logging";

#[tokio::test]
async fn deployments_are_refused() {
    let account = account();
    let api = account.api().await;
    let create = || account.create_deployment().rest_api_id(&api.id);
    let mut rows = Rows::default();
    rows.refused(
        "no methods",
        create().send().await,
        "BadRequestException",
        "The REST API doesn't contain any methods",
    );
    account.mock(&api, &api.root, "GET").await;
    account.method(&api, &api.root, "POST").await;
    rows.refused(
        "a method without integration",
        create().send().await,
        "BadRequestException",
        "No integration defined for method",
    );
    account
        .delete_method()
        .rest_api_id(&api.id)
        .resource_id(&api.root)
        .http_method("POST")
        .send()
        .await
        .expect("deleted");
    let canary = || DeploymentCanarySettings::builder().percent_traffic(10.0).build();
    let begin = "Invalid deployment content specified.";
    for (stage, message) in [
        (None, "Non null and non empty stageName must be provided for canary deployment. Provided value is null"),
        (Some(""), "Non null and non empty stageName must be provided for canary deployment. Provided value is "),
        (Some("non-existing"), "Stage non-existing must already be created before making a canary release deployment"),
    ] {
        let outcome = create().set_stage_name(stage.map(str::to_owned)).canary_settings(canary()).send().await;
        rows.refused(message, outcome, "BadRequestException", &format!("{begin}{message}"));
    }
    let served = account.stage(&api, "prod").await;
    let delete = |id: &str| account.delete_deployment().rest_api_id(&api.id).deployment_id(id).send();
    rows.refused(
        "delete in use",
        delete(&served).await,
        "BadRequestException",
        "Active stages pointing to this deployment must be moved or deleted",
    );
    let idle = account.deployment(&api).await;
    rows.accepted("delete idle", delete(&idle).await);
    let elsewhere = account.create_deployment().rest_api_id("nothere").send().await;
    rows.refused("no API", elsewhere, "NotFoundException", "Invalid API identifier specified 000000000000:nothere");
}

#[tokio::test]
async fn stages_are_refused() {
    let account = account();
    let api = account.api().await;
    account.mock(&api, &api.root, "GET").await;
    let deployment = account.deployment(&api).await;
    let create = |name: &str, deployment: &str| {
        account.create_stage().rest_api_id(&api.id).stage_name(name).deployment_id(deployment).send()
    };
    let mut rows = Rows::default();
    rows.refused(
        "unknown deployment",
        create("prod", "nothere").await,
        "BadRequestException",
        "Deployment id does not exist",
    );
    rows.accepted("stage", create("prod", &deployment).await);
    rows.refused("twice", create("prod", &deployment).await, "ConflictException", "Stage already exists");
    for index in 1..10 {
        rows.accepted("ten stages", create(&format!("s{index}"), &deployment).await);
    }
    let eleventh = create("s10", &deployment).await.expect_err("eleven stages");
    rows.check("eleven stages", eleventh.into_service_error().is_limit_exceeded_exception());
    let elsewhere = account.get_stages().rest_api_id("nothere").send().await;
    rows.refused("no API", elsewhere, "NotFoundException", "Invalid API identifier specified 000000000000:nothere");
}

#[tokio::test(start_paused = true)]
async fn stage_patches_are_refused() {
    let account = account();
    let api = account.deployed().await;
    let update = |operation: PatchOperation| {
        account.update_stage().rest_api_id(&api.id).stage_name("prod").patch_operations(operation).send()
    };
    let copy = |path: &str, from: &str| PatchOperation::builder().op("copy".into()).path(path).from(from).build();
    let unset =
        |key: &str| format!("Cannot remove method setting {key} because there is no method setting for this method ");
    let mut rows = Rows::default();
    rows.refused(
        "unknown deployment",
        update(replace("/deploymentId", "nothere")).await,
        "BadRequestException",
        "Deployment id does not exist",
    );
    for path in [
        "/canarySettings",
        "/canarySettings/badPath",
        "/documentation_version",
        "/tags/tag1",
        "/test/throttling/burstLimit",
    ] {
        let outcome = update(replace(path, "x")).await;
        let message = outcome
            .as_ref()
            .err()
            .and_then(aws_sdk_apigateway::error::ProvideErrorMetadata::message)
            .unwrap_or_default();
        let begins = format!(
            "Invalid method setting path: {path}. Must be one of: [/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, /accessLogSettings, /accessLogSettings/destinationArn, /accessLogSettings/format, /{{resourcePath}}/{{httpMethod}}/metrics/enabled, /{{resourcePath}}/{{httpMethod}}/logging/dataTrace, /{{resourcePath}}/{{httpMethod}}/logging/loglevel, /{{resourcePath}}/{{httpMethod}}/throttling/burstLimit/{{resourcePath}}/{{httpMethod}}/throttling/rateLimit/{{resourcePath}}/{{httpMethod}}/caching/ttlInSeconds, /{{resourcePath}}/{{httpMethod}}/caching/enabled, "
        );
        rows.check(&format!("unknown path {path}: {message}"), message.starts_with(&begins));
    }
    for (operation, message) in [
        (remove("/*/*"), unset("*/*")),
        (remove("/accessLogSettings/destinationArn"), unset("accessLogSettings/destinationArn")),
        (remove("/accessLogSettings/*"), unset("accessLogSettings/*")),
        (remove("/accessLogSettings/randomValue"), unset("accessLogSettings/randomValue")),
        (remove("/canarySettings/badPath"), unset("canarySettings/badPath")),
        (remove("/canarySettings/stageVariableOverrides"), unset("canarySettings/stageVariableOverrides")),
        (
            add("/accessLogSettings/randomValue", "x"),
            "Invalid accessLogSettings path. Must be one of : [/accessLogSettings/destinationArn, /accessLogSettings/format]".into(),
        ),
        (replace("/accessLogSettings/destinationArn", ""), "Access Log value must not be empty".into()),
        (add("/canarySettings/deploymentId", "x"), "Invalid add operation with path: /canarySettings/deploymentId".into()),
        (
            copy("/canarySettings/stageVariableOverrides", "/variables"),
            "Invalid copy operation with path: /canarySettings/stageVariableOverrides and from /variables. Valid copy:path are [/deploymentId, /variables] and valid copy:from are [/canarySettings/deploymentId, /canarySettings/stageVariableOverrides]".into(),
        ),
        (
            copy("/deploymentId", "/canarySettings/deploymentId"),
            "Promotion not available. Canary does not exist.".into(),
        ),
    ] {
        rows.refused(&message, update(operation).await, "BadRequestException", &message);
    }
    let arn = "arn:aws:logs:us-east-1:000000000000:log-group:prod";
    for operation in [
        replace("/*/*/logging/loglevel", "INFO"),
        replace("/*/*/metrics/enabled", "true"),
        replace("/accessLogSettings/destinationArn", arn),
    ] {
        rows.refused("logging without the account's role", update(operation).await, "BadRequestException", NO_ROLE);
    }
    let arn_of_role = "arn:aws:iam::000000000000:role/logs";
    let set_role = || account.update_account().patch_operations(replace("/cloudwatchRoleArn", arn_of_role)).send();
    let unusable = "The role ARN does not have required permissions configured. Please grant trust permission for API Gateway and add the required role policy.";
    rows.refused("a role that does not exist", set_role().await, "BadRequestException", unusable);
    let iam = aws_sdk_iam::Client::new(&EmbeddedCloud::from(account.cloud.clone()).sdk_config("us-east-1"));
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    iam.create_role().role_name("logs").assume_role_policy_document(trust).send().await.expect("role");
    tokio::time::advance(Duration::from_secs(1)).await;
    rows.refused("a role without a policy", set_role().await, "BadRequestException", unusable);
    let policy = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs";
    iam.attach_role_policy().role_name("logs").policy_arn(policy).send().await.expect("policy");
    set_role().await.expect("role");
    rows.accepted("logging with the account's role", update(replace("/*/*/logging/loglevel", "INFO")).await);
    rows.accepted("destination", update(replace("/accessLogSettings/destinationArn", arn)).await);
    rows.refused(
        "a destination that ends in :*",
        update(replace("/accessLogSettings/destinationArn", &format!("{arn}:*"))).await,
        "BadRequestException",
        "Access log destination must only contain characters a-z, A-Z, 0-9, '_', '-', '/', '.': 'log-group:prod:*'",
    );
    rows.check(
        "a Firehose stream of another name",
        update(replace(
            "/accessLogSettings/destinationArn",
            "arn:aws:firehose:us-east-1:000000000000:deliverystream/mine",
        ))
        .await
        .is_err(),
    );
    rows.check("two lines", update(replace("/accessLogSettings/format", "$context.requestId\nx")).await.is_err());
    rows.check("no request id", update(replace("/accessLogSettings/format", "$context.status")).await.is_err());
    rows.accepted("format", update(replace("/accessLogSettings/format", "$context.requestId $context.status")).await);
    rows.refused(
        "a setting's leaf cannot be removed",
        update(remove("/*/*/logging/loglevel")).await,
        "BadRequestException",
        &unset("*/*/logging/loglevel"),
    );
    rows.accepted("a whole key can, escaped", update(remove("/*~1*")).await);
    rows.accepted("the access log as a whole", update(remove("/accessLogSettings")).await);
}

#[tokio::test]
async fn a_failed_patch_changes_nothing() {
    let account = account();
    let api = account.deployed().await;
    let update = account.update_stage().rest_api_id(&api.id).stage_name("prod");
    let both =
        update.patch_operations(replace("/description", "said")).patch_operations(replace("/deploymentId", "nothere"));
    both.send().await.expect_err("no such deployment");
    let stage = account.get_stage().rest_api_id(&api.id).stage_name("prod").send().await.expect("stage");
    assert_eq!(stage.description(), None);
}

#[tokio::test]
async fn a_canary_is_promoted() {
    let account = account();
    let api = account.deployed().await;
    let canary = DeploymentCanarySettings::builder().percent_traffic(10.0).build();
    let create = account.create_deployment().rest_api_id(&api.id).stage_name("prod").canary_settings(canary);
    let deployment = create.send().await.expect("canary").id.expect("id");
    let delete = account.delete_deployment().rest_api_id(&api.id).deployment_id(&deployment).send();
    delete.await.expect_err("a canary's deployment is in use");
    let copy =
        PatchOperation::builder().op("copy".into()).path("/deploymentId").from("/canarySettings/deploymentId").build();
    let update = account.update_stage().rest_api_id(&api.id).stage_name("prod");
    let stage = update.patch_operations(copy).patch_operations(patch("remove", "/canarySettings", None)).send().await;
    let stage = stage.expect("promoted");
    assert_eq!((stage.deployment_id(), stage.canary_settings()), (Some(deployment.as_str()), None));
}
