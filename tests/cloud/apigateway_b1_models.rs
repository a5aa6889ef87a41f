//! `AWS_FACTS` B1, second half: models, request validators and gateway responses.

use aws_sdk_apigateway::types::GatewayResponseType;

use crate::support::{Rows, account, add, patch, replace};

#[tokio::test]
async fn models_and_validators_are_refused() {
    let account = account();
    let api = account.api().await;
    let create = |name: &str, schema: &str| {
        account.create_model().rest_api_id(&api.id).name(name).content_type("application/json").schema(schema).send()
    };
    let mut rows = Rows::default();
    rows.refused("empty name", create("", "{}").await, "BadRequestException", "Model name must be non-empty");
    rows.refused(
        "empty schema",
        create("Pet", "").await,
        "BadRequestException",
        "Model schema must have at least 1 property or array items defined",
    );
    rows.accepted("model", create("Pet", "{\"type\":\"object\"}").await);
    rows.refused(
        "twice",
        create("Pet", "{}").await,
        "ConflictException",
        "Model name already exists for this REST API",
    );
    let get = account.get_model().rest_api_id(&api.id).model_name("MySchema").send().await;
    rows.refused("unknown", get, "NotFoundException", "Invalid model name specified: MySchema");
    let elsewhere = account.get_models().rest_api_id("abcde0").send().await;
    rows.refused("unknown API", elsewhere, "NotFoundException", "Invalid API identifier specified 000000000000:abcde0");
    let update =
        |operation| account.update_model().rest_api_id(&api.id).model_name("Pet").patch_operations(operation).send();
    rows.refused(
        "rename",
        update(replace("/name", "x")).await,
        "BadRequestException",
        "Invalid patch path  '/name' specified for op 'replace'. Must be one of: [/description, /schema]",
    );
    rows.refused(
        "add",
        update(add("/wrong-path", "x")).await,
        "BadRequestException",
        "Invalid patch path  '/wrong-path' specified for op 'add'. Please choose supported operations",
    );
    let test = account.resource(&api, &api.root, "test").await;
    for (resource, place) in [(&api.root, "//ANY"), (&test, "/test/ANY")] {
        let method = account
            .put_method()
            .rest_api_id(&api.id)
            .resource_id(resource)
            .http_method("ANY")
            .authorization_type("NONE");
        method.request_models("application/json", "Pet").send().await.expect("method");
        let delete = account.delete_model().rest_api_id(&api.id).model_name("Pet").send().await;
        let message = format!("Cannot delete model 'Pet', is referenced in method request: {place}");
        rows.refused(place, delete, "ConflictException", &message);
        account
            .delete_method()
            .rest_api_id(&api.id)
            .resource_id(resource)
            .http_method("ANY")
            .send()
            .await
            .expect("deleted");
    }
    rows.accepted("unused", account.delete_model().rest_api_id(&api.id).model_name("Pet").send().await);

    let validator = account.create_request_validator().rest_api_id(&api.id).name("all").validate_request_body(true);
    let validator = validator.send().await.expect("validator").id.expect("id");
    let elsewhere = account.create_request_validator().rest_api_id("nothere").name("x").send().await;
    rows.refused("validator of no API", elsewhere, "BadRequestException", "Invalid REST API identifier specified");
    let unknown = account.get_request_validator().rest_api_id(&api.id).request_validator_id("nothere").send().await;
    rows.refused("unknown validator", unknown, "NotFoundException", "Invalid Request Validator identifier specified");
    for (operation, message) in [
        (
            replace("/invalidPath", "x"),
            "Invalid patch path  '/invalidPath' specified for op 'replace'. Must be one of: [/name, /validateRequestParameters, /validateRequestBody]",
        ),
        (
            add("/validateRequestBody", "true"),
            "Invalid patch path  '/validateRequestBody' specified for op 'add'. Please choose supported operations",
        ),
        (replace("/name", ""), "Request Validator name cannot be blank"),
    ] {
        let update = account.update_request_validator().rest_api_id(&api.id).request_validator_id(&validator);
        rows.refused(message, update.patch_operations(operation).send().await, "BadRequestException", message);
    }
}

#[tokio::test]
async fn gateway_responses_have_defaults_and_refusals() {
    let account = account();
    let api = account.api().await;
    let kind = GatewayResponseType::InvalidApiKey;
    let get = || account.get_gateway_response().rest_api_id(&api.id).response_type(kind.clone()).send();
    let delete = || account.delete_gateway_response().rest_api_id(&api.id).response_type(kind.clone()).send();
    let update = |operation| {
        let update = account.update_gateway_response().rest_api_id(&api.id).response_type(kind.clone());
        update.patch_operations(operation).send()
    };
    let mut rows = Rows::default();
    let default = get().await.expect("default");
    rows.check("default", default.default_response() && default.status_code() == Some("403"));
    rows.check(
        "default template",
        default
            .response_templates()
            .is_some_and(|kept| kept["application/json"] == "{\"message\":$context.error.messageString}"),
    );
    let all = account.get_gateway_responses().rest_api_id(&api.id).send().await.expect("list");
    rows.check("all types are listed", all.items().len() == 21);
    rows.refused("delete unset", delete().await, "NotFoundException", "Gateway response type not defined on api");
    let put = account.put_gateway_response().rest_api_id(&api.id).response_type(kind.clone());
    let put = put.response_parameters("gatewayresponse.header.Access-Control-Allow-Origin", "'*'");
    rows.accepted("put", put.clone().send().await);
    rows.accepted("put again: an upsert", put.send().await);
    rows.check("no default now", !get().await.expect("set").default_response());
    for (operation, code, message) in [
        (add("/statusCode", "200"), "BadRequestException", "Invalid patch path /statusCode"),
        (replace("/wrongPath", "x"), "BadRequestException", "Invalid patch path /wrongPath"),
        (
            patch("add", "/responseTemplates/application~1json", None),
            "BadRequestException",
            "Invalid null or empty value in responseTemplates",
        ),
        (
            patch("add", "/responseParameters/gatewayresponse.header.X", None),
            "BadRequestException",
            "Invalid null or empty value in responseParameters",
        ),
        (
            replace("/responseParameters/gatewayresponse.header.Unset", "'x'"),
            "NotFoundException",
            "Invalid parameter name specified",
        ),
        (
            patch("wrong-op", "/statusCode", None),
            "ValidationException",
            "1 validation error detected: Value 'wrong-op' at 'updateGatewayResponseInput.patchOperations.1.member.op' failed to satisfy constraint: Member must satisfy enum value set: [add, remove, move, test, replace, copy]",
        ),
    ] {
        rows.refused(message, update(operation).await, code, message);
    }
    rows.refused(
        "unknown type",
        account.get_gateway_response().rest_api_id(&api.id).response_type("FAKE_RESPONSE_TYPE".into()).send().await,
        "ValidationException",
        "1 validation error detected: Value 'FAKE_RESPONSE_TYPE' at 'responseType' failed to satisfy constraint: Member must satisfy enum value set: [REQUEST_TOO_LARGE, RESOURCE_NOT_FOUND, AUTHORIZER_CONFIGURATION_ERROR, MISSING_AUTHENTICATION_TOKEN, BAD_REQUEST_BODY, INVALID_SIGNATURE, INVALID_API_KEY, BAD_REQUEST_PARAMETERS, AUTHORIZER_FAILURE, UNAUTHORIZED, INTEGRATION_TIMEOUT, ACCESS_DENIED, DEFAULT_4XX, DEFAULT_5XX, WAF_FILTERED, QUOTA_EXCEEDED, THROTTLED, API_CONFIGURATION_ERROR, UNSUPPORTED_MEDIA_TYPE, INTEGRATION_FAILURE, EXPIRED_TOKEN]",
    );
    let elsewhere = account.get_gateway_responses().rest_api_id("fake-api-id").send().await;
    rows.refused("no API", elsewhere, "NotFoundException", "Invalid API identifier specified 000000000000:fake-api-id");
    rows.accepted("delete", delete().await);
}
