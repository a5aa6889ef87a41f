//! What the SDK's types would not let through: bodies of other clients, and bodies that are broken (`AWS_FACTS` 0); and tags.

use crate::support::{Rows, account};

#[tokio::test]
async fn values_of_the_wrong_type_are_not_converted() {
    let account = account();
    let api = account.deployed().await;
    let patch = format!("/restapis/{}", api.id);
    let integration = format!("/restapis/{}/resources/{}/methods/GET/integration", api.id, api.root);
    let response = format!("{integration}/responses/200");
    let number = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to an String";
    let boolean = "class java.lang.Boolean can not be converted to an String";
    for (method, path, body, message) in [
        (
            "PATCH",
            &patch,
            r#"{"patchOperations":[{"op":"replace","path":"/disableExecuteApiEndpoint","value":true}]}"#,
            boolean,
        ),
        ("PUT", &integration, r#"{"type":"MOCK","requestParameters":{"integration.request.header.X":true}}"#, boolean),
        ("PUT", &response, r#"{"responseTemplates":{"application/json":123}}"#, number),
    ] {
        let (status, seen) = account.raw(method, path, body).await;
        assert_eq!((status, seen["__type"].as_str()), (400, Some("SerializationException")), "{body}");
        assert_eq!(seen["message"].as_str(), Some(message), "{body}");
    }
}

/// As AWS does: see `put-integration-response` in the AWS CLI's reference. The SDK for Rust cannot read such an answer, so
/// an empty template must not be sent.
#[tokio::test]
async fn an_empty_template_comes_back_as_null() {
    let account = account();
    let api = account.deployed().await;
    let path = format!("/restapis/{}/resources/{}/methods/GET/integration/responses/200", api.id, api.root);
    let (status, seen) = account.raw("PUT", &path, r#"{"responseTemplates":{"application/json":""}}"#).await;
    assert_eq!((status, &seen["responseTemplates"]), (201, &serde_json::json!({ "application/json": null })));
}

#[tokio::test]
async fn no_body_breaks_it() {
    let account = account();
    let api = account.deployed().await;
    let paths = [
        "/restapis".to_owned(),
        format!("/restapis/{}", api.id),
        format!("/restapis/{}/resources/{}", api.id, api.root),
        format!("/restapis/{}/resources/{}/methods/GET", api.id, api.root),
        format!("/restapis/{}/resources/{}/methods/GET/integration", api.id, api.root),
        format!("/restapis/{}/resources/{}/methods/GET/integration/responses/200", api.id, api.root),
        format!("/restapis/{}/resources/{}/methods/GET/responses/200", api.id, api.root),
        format!("/restapis/{}/gatewayresponses/DEFAULT_4XX", api.id),
        format!("/restapis/{}/models", api.id),
        format!("/restapis/{}/models/Empty", api.id),
        format!("/restapis/{}/requestvalidators", api.id),
        format!("/restapis/{}/deployments", api.id),
        format!("/restapis/{}/stages", api.id),
        format!("/restapis/{}/stages/prod", api.id),
        "/usageplans".to_owned(),
        "/apikeys".to_owned(),
        "/domainnames".to_owned(),
        "/domainnames/x/basepathmappings".to_owned(),
        "/account".to_owned(),
        "/tags/arn:aws:apigateway:us-east-1::%2Frestapis%2Fx".to_owned(),
        "/".to_owned(),
    ];
    let bodies = [
        "",
        "null",
        "[]",
        "{",
        "\"text\"",
        "{}",
        "{\"patchOperations\":null}",
        "{\"patchOperations\":[null]}",
        "{\"patchOperations\":[{}]}",
        "{\"patchOperations\":[{\"op\":\"replace\"}]}",
        "{\"patchOperations\":[{\"op\":\"add\",\"path\":\"\"}]}",
        "{\"patchOperations\":[{\"op\":\"remove\",\"path\":\"/\"}]}",
        "{\"patchOperations\":[{\"op\":\"replace\",\"path\":\"////\",\"value\":\"\\u0000\"}]}",
        "{\"name\":7,\"tags\":[],\"endpointConfiguration\":\"x\"}",
        "{\"limit\":1e400,\"timeoutInMillis\":\"x\",\"type\":[]}",
    ];
    for path in &paths {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            for body in bodies {
                let (status, _) = account.raw(method, path, body).await;
                assert!((200..500).contains(&status), "{method} {path} {body}: {status}");
            }
        }
    }
}

#[tokio::test]
async fn what_aws_tags_can_be_tagged() {
    let account = account();
    let api = account.deployed().await;
    let (plan, key) = (account.plan("p").await, account.key("k").await);
    let mut rows = Rows::default();
    for path in [
        format!("/restapis/{}", api.id),
        format!("/restapis/{}/stages/prod", api.id),
        format!("/usageplans/{plan}"),
        format!("/apikeys/{key}"),
    ] {
        let arn = format!("arn:aws:apigateway:us-east-1::{path}");
        let tag = account.tag_resource().resource_arn(&arn).tags("poc:app", "a").tags("poc:stage", "prod").send().await;
        rows.accepted(&path, tag);
        let untag = account.untag_resource().resource_arn(&arn).tag_keys("poc:stage").send().await;
        rows.accepted(&path, untag);
        let tags = account.get_tags().resource_arn(&arn).send().await.expect("tags");
        rows.check(&path, tags.tags().is_some_and(|tags| tags.len() == 1 && tags["poc:app"] == "a"));
    }
    let stage = account.get_stage().rest_api_id(&api.id).stage_name("prod").send().await.expect("stage");
    rows.check("a stage shows its tags", stage.tags().is_some_and(|tags| tags["poc:app"] == "a"));
    let arn = format!("arn:aws:apigateway:us-east-1::/restapis/{}/resources/{}", api.id, api.root);
    rows.check("a resource has none", account.get_tags().resource_arn(arn).send().await.is_err());
    let reserved = account.tag_resource().resource_arn(format!("arn:aws:apigateway:us-east-1::/apikeys/{key}"));
    rows.check("aws: is reserved", reserved.tags("aws:x", "y").send().await.is_err());
}

#[tokio::test]
async fn what_is_not_built_says_so() {
    let account = account();
    let (status, body) = account.raw("POST", "/vpclinks", "{}").await;
    let message = body["message"].as_str().unwrap_or_default();
    assert_eq!(status, 400, "{body}");
    assert!(message.starts_with("the local cloud does not support"), "{message}");
}
