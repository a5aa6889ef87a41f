//! `AWS_FACTS` B1, and the "idempotency of creates" table in A as far as it concerns APIs, resources and methods.

use aws_sdk_apigateway::types::{
    ApiKeySourceType, EndpointConfiguration, EndpointType, IntegrationType, IpAddressType,
};

use crate::support::{FUNCTION, Rows, account, add, patch, remove, replace};

const INVALID_EXPRESSION: &str = "Invalid mapping expression specified: Validation Result: warnings : [], errors : ";

#[tokio::test]
async fn rest_apis_begin_with_awss_defaults() {
    let account = account();
    let api = account.create_rest_api().name("twice").send().await.expect("API");
    let endpoint = api.endpoint_configuration().expect("endpoint");
    assert_eq!(endpoint.types(), [EndpointType::Edge]);
    assert_eq!(endpoint.ip_address_type(), Some(&IpAddressType::Ipv4));
    assert_eq!(api.api_key_source(), Some(&ApiKeySourceType::Header));
    assert!(!api.disable_execute_api_endpoint());
    let models = account.get_models().rest_api_id(api.id().expect("id")).send().await.expect("models");
    assert_eq!(models.items().iter().filter_map(|model| model.name()).collect::<Vec<_>>(), ["Empty", "Error"]);

    let again = account.create_rest_api().name("twice").send().await.expect("names are not unique");
    assert_ne!(api.id(), again.id());
}

#[tokio::test]
async fn rest_apis_are_refused() {
    let account = account();
    let endpoint = |types: &[EndpointType], address: Option<IpAddressType>| {
        EndpointConfiguration::builder().set_types(Some(types.to_vec())).set_ip_address_type(address).build()
    };
    let create = |configuration| account.create_rest_api().name("x").endpoint_configuration(configuration).send();
    let mut rows = Rows::default();
    rows.refused(
        "empty description",
        account.create_rest_api().name("x").description("").send().await,
        "BadRequestException",
        "Description cannot be an empty string",
    );
    rows.refused(
        "no endpoint type",
        create(endpoint(&[], None)).await,
        "BadRequestException",
        "REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.",
    );
    rows.refused(
        "two endpoint types",
        create(endpoint(&[EndpointType::Regional, EndpointType::Edge], None)).await,
        "BadRequestException",
        "Cannot create an api with multiple Endpoint Types.",
    );
    rows.refused(
        "private over ipv4",
        create(endpoint(&[EndpointType::Private], Some(IpAddressType::Ipv4))).await,
        "BadRequestException",
        "Only dualstack ipAddressType is supported for Private APIs.",
    );
    rows.refused(
        "unknown type",
        create(endpoint(&["wrong".into()], None)).await,
        "ValidationException",
        "1 validation error detected: Value '[wrong]' at 'createRestApiInput.endpointConfiguration.types' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [PRIVATE, EDGE, REGIONAL]]",
    );
    rows.refused(
        "unknown address type and type",
        create(endpoint(&["wrong".into()], Some("wrong".into()))).await,
        "ValidationException",
        "2 validation errors detected: Value '[wrong]' at 'createRestApiInput.endpointConfiguration.types' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [PRIVATE, EDGE, REGIONAL]]; Value 'wrong' at 'createRestApiInput.endpointConfiguration.ipAddressType' failed to satisfy constraint: Member must satisfy enum value set: [ipv4, dualstack]",
    );
    rows.refused(
        "compression size out of range",
        account.create_rest_api().name("x").minimum_compression_size(10_485_761).send().await,
        "BadRequestException",
        "Invalid minimum compression size, must be between 0 and 10485760",
    );

    let api = account.api().await.id;
    let update = |operation| account.update_rest_api().rest_api_id(&api).patch_operations(operation).send();
    for (row, operation, message) in [
        ("bare binaryMediaTypes", add("/binaryMediaTypes", "image/png"), "Invalid patch path /binaryMediaTypes"),
        (
            "replace bare binaryMediaTypes",
            replace("/binaryMediaTypes", "image/png"),
            "Invalid patch path /binaryMediaTypes",
        ),
        (
            "a compression size that is no number",
            replace("/minimumCompressionSize", "ten"),
            "Invalid minimum compression size, must be between 0 and 10485760",
        ),
        (
            "a negative compression size",
            replace("/minimumCompressionSize", "-1"),
            "Invalid minimum compression size, must be between 0 and 10485760",
        ),
        (
            "adding a compression size",
            add("/minimumCompressionSize", "1"),
            "Invalid patch operation specified. Must be one of: [replace]",
        ),
        (
            "an unknown endpoint type",
            replace("/endpointConfiguration/types/REGIONAL", "wrong"),
            "Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE",
        ),
        (
            "copying an endpoint type",
            patch("copy", "/endpointConfiguration/types/REGIONAL", Some("EDGE")),
            "Invalid patch operation specified. Must be 'add'|'remove'|'replace'",
        ),
        (
            "an unknown address type",
            replace("/endpointConfiguration/ipAddressType", "wrong"),
            "ipAddressType must be either ipv4 or dualstack.",
        ),
    ] {
        rows.refused(row, update(operation).await, "BadRequestException", message);
    }
    rows.refused(
        "two unknown operations",
        account
            .update_rest_api()
            .rest_api_id(&api)
            .patch_operations(patch("wrong", "/name", None))
            .patch_operations(patch("wrong", "/name", None))
            .send()
            .await,
        "ValidationException",
        "2 validation errors detected: Value 'wrong' at 'updateRestApiInput.patchOperations.1.member.op' failed to satisfy constraint: Member must satisfy enum value set: [add, remove, move, test, replace, copy]; Value 'wrong' at 'updateRestApiInput.patchOperations.2.member.op' failed to satisfy constraint: Member must satisfy enum value set: [add, remove, move, test, replace, copy]",
    );
    rows.refused(
        "an API that does not exist",
        account.update_rest_api().rest_api_id("api_id").patch_operations(replace("/name", "x")).send().await,
        "NotFoundException",
        "Invalid API identifier specified 000000000000:api_id",
    );
}

#[tokio::test]
async fn rest_apis_are_patched_at_every_path() {
    let account = account();
    let api = account.api().await.id;
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"}]}"#;
    let update =
        |operations: Vec<_>| account.update_rest_api().rest_api_id(&api).set_patch_operations(Some(operations)).send();
    let seen = update(vec![
        replace("/name", "renamed"),
        replace("/description", "said"),
        add("/binaryMediaTypes/image~1png", ""),
        add("/binaryMediaTypes/image~1jpeg", ""),
        replace("/binaryMediaTypes/image~1png", "image/gif"),
        replace("/minimumCompressionSize", "10"),
        replace("/apiKeySource", "AUTHORIZER"),
        replace("/disableExecuteApiEndpoint", "true"),
        replace("/policy", policy),
        replace("/endpointConfiguration/types/REGIONAL", "EDGE"),
    ])
    .await
    .expect("patched");
    assert_eq!((seen.name(), seen.description()), (Some("renamed"), Some("said")));
    assert_eq!(seen.binary_media_types(), ["image/jpeg", "image/gif"]);
    assert_eq!(seen.minimum_compression_size(), Some(10));
    assert_eq!(seen.api_key_source(), Some(&ApiKeySourceType::Authorizer));
    assert!(seen.disable_execute_api_endpoint());
    assert_eq!(seen.endpoint_configuration().expect("endpoint").types(), [EndpointType::Edge]);
    let escaped = seen.policy().expect("policy");
    let policy: String = serde_json::from_str(&format!("\"{escaped}\"")).expect("the inside of a JSON string");
    assert!(policy.contains(&format!("arn:aws:execute-api:us-east-1:000000000000:{api}/*")), "{policy}");

    let seen = update(vec![
        remove("/description"),
        remove("/binaryMediaTypes/image~1gif"),
        replace("/minimumCompressionSize", ""),
    ]);
    let seen = seen.await.expect("patched");
    assert_eq!((seen.description(), seen.minimum_compression_size()), (None, None));
    assert_eq!(seen.binary_media_types(), ["image/jpeg"]);
}

#[tokio::test]
async fn resources_are_refused() {
    let account = account();
    let api = account.api().await;
    let admit = account.resource(&api, &api.root, "admit").await;
    let variable = account.resource(&api, &api.root, "{proxy+}").await;
    let create = |parent: &str, part: &str| {
        account.create_resource().rest_api_id(&api.id).parent_id(parent).path_part(part).send()
    };
    let update = |id: &str, operation| {
        account.update_resource().rest_api_id(&api.id).resource_id(id).patch_operations(operation).send()
    };
    let mut rows = Rows::default();
    rows.refused(
        "duplicate",
        create(&api.root, "admit").await,
        "ConflictException",
        "Another resource with the same parent already has this name: admit",
    );
    rows.refused(
        "two variable siblings",
        create(&api.root, "{id}").await,
        "BadRequestException",
        "A sibling ({proxy+}) of this resource already has a variable path part -- only one is allowed",
    );
    rows.refused(
        "child of a greedy variable",
        create(&variable, "below").await,
        "BadRequestException",
        "Cannot create a child of a resource with a greedy path variable: {proxy+}",
    );
    for part in ["a b", "{open", "a/b", "", "{}", "{+}"] {
        rows.refused(
            &format!("path part '{part}'"),
            create(&admit, part).await,
            "BadRequestException",
            "Resource's path part only allow a-zA-Z0-9._- and curly braces at the beginning and the end and an optional plus sign before the closing brace.",
        );
    }
    rows.refused(
        "unknown parent",
        create("nothere", "x").await,
        "NotFoundException",
        "Invalid Resource identifier specified",
    );
    rows.refused(
        "unknown API",
        account.get_resources().rest_api_id("nothere").send().await,
        "NotFoundException",
        "Invalid API identifier specified 000000000000:nothere",
    );
    let below = create(&admit, "below").await.expect("resource").id.expect("id");
    rows.refused(
        "moved below itself",
        update(&admit, replace("/parentId", &below)).await,
        "BadRequestException",
        "Resources cannot be cyclical.",
    );
    rows.refused(
        "root moved",
        update(&api.root, replace("/parentId", &admit)).await,
        "BadRequestException",
        "Root resource cannot update its parentId.",
    );
    rows.refused(
        "root renamed",
        update(&api.root, replace("/pathPart", "x")).await,
        "BadRequestException",
        "Root resource cannot update its pathPart.",
    );
    rows.refused(
        "added path part",
        update(&admit, add("/pathPart", "x")).await,
        "BadRequestException",
        "Invalid patch path  '/pathPart' specified for op 'add'. Please choose supported operations",
    );
    rows.refused(
        "unknown path",
        update(&admit, replace("/invalid", "x")).await,
        "BadRequestException",
        "Invalid patch path  '/invalid' specified for op 'replace'. Must be one of: [/parentId, /pathPart]",
    );
    let renamed = update(&admit, replace("/pathPart", "pets")).await.expect("renamed");
    rows.check("rename shows in the path", renamed.path() == Some("/pets"));
    let child = account.get_resource().rest_api_id(&api.id).resource_id(&below).send().await.expect("child");
    rows.check("and in the paths below", child.path() == Some("/pets/below"));

    let delete = |id: &str| account.delete_resource().rest_api_id(&api.id).resource_id(id).send();
    rows.accepted("DeleteResource takes the subtree", delete(&admit).await);
    rows.refused(
        "a child removed with it",
        delete(&below).await,
        "NotFoundException",
        "Invalid Resource identifier specified",
    );
}

#[tokio::test]
async fn three_hundred_resources_fit_and_no_more() {
    let account = account();
    let api = account.api().await;
    for index in 1..300 {
        account.resource(&api, &api.root, &format!("r{index}")).await;
    }
    let one_more = account.create_resource().rest_api_id(&api.id).parent_id(&api.root).path_part("more").send().await;
    assert!(one_more.expect_err("300 with the root").into_service_error().is_limit_exceeded_exception());

    let mut pages = account.get_resources().rest_api_id(&api.id).into_paginator().items().send();
    let mut seen = std::collections::BTreeSet::new();
    while let Some(resource) = pages.next().await {
        seen.insert(resource.expect("page").id);
    }
    assert_eq!(seen.len(), 300);
    let first = account.get_resources().rest_api_id(&api.id).send().await.expect("page");
    assert_eq!((first.items().len(), first.position().is_some()), (25, true));
    let all = account.get_resources().rest_api_id(&api.id).limit(500).send().await.expect("page");
    assert_eq!((all.items().len(), all.position().is_some()), (300, false));
}

#[tokio::test]
async fn methods_are_refused() {
    let account = account();
    let api = account.api().await;
    let put = |verb: &str| {
        account.put_method().rest_api_id(&api.id).resource_id(&api.root).http_method(verb).authorization_type("NONE")
    };
    let mut rows = Rows::default();
    rows.refused(
        "unknown verb",
        put("TEST").send().await,
        "BadRequestException",
        "Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY",
    );
    rows.refused(
        "unknown validator",
        put("GET").request_validator_id("nothere").send().await,
        "BadRequestException",
        "Invalid Request Validator identifier specified",
    );
    rows.refused(
        "unknown model",
        put("GET").request_models("application/json", "petModel").send().await,
        "BadRequestException",
        "Invalid model identifier specified: petModel",
    );
    rows.refused(
        "authorizer missing",
        put("GET").authorization_type("CUSTOM").send().await,
        "BadRequestException",
        "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.",
    );
    rows.refused(
        "a name in two places",
        put("GET")
            .request_parameters("method.request.querystring.id", true)
            .request_parameters("method.request.header.id", true)
            .send()
            .await,
        "BadRequestException",
        "Parameter names must be unique across querystring, header and path",
    );
    let other = |api: &str, resource: &str| {
        account.put_method().rest_api_id(api).resource_id(resource).http_method("GET").authorization_type("NONE").send()
    };
    rows.refused(
        "unknown resource",
        other(&api.id, "x").await,
        "NotFoundException",
        "Invalid Resource identifier specified",
    );
    rows.refused(
        "unknown API",
        other("x", &api.root).await,
        "NotFoundException",
        "Invalid Resource identifier specified",
    );

    let lower = put("GET").authorization_type("none").send().await.expect("in any case");
    rows.check("authorizationType in any case", lower.authorization_type() == Some("NONE"));
    rows.refused("put twice", put("GET").send().await, "ConflictException", "Method already exists for this resource");

    let update = |operation| {
        account
            .update_method()
            .rest_api_id(&api.id)
            .resource_id(&api.root)
            .http_method("GET")
            .patch_operations(operation)
            .send()
    };
    for (operation, path) in [
        (replace("/httpMethod", "PUT"), "/httpMethod"),
        (add("/requestModels/application/json", "Empty"), "/requestModels/application/json"),
        (add("/requestParameters", "x"), "/requestParameters"),
    ] {
        rows.refused(path, update(operation).await, "BadRequestException", &format!("Invalid patch path {path}"));
    }
    let changed = update(add("/requestModels/application~1json", "Empty")).await.expect("patched");
    rows.check("model added", changed.request_models().is_some_and(|models| models["application/json"] == "Empty"));

    let response = || {
        let put = account.put_method_response().rest_api_id(&api.id).resource_id(&api.root).http_method("GET");
        put.status_code("200").response_parameters("method.response.header.X-One", true)
    };
    rows.accepted("response", response().send().await);
    rows.refused(
        "response twice",
        response().send().await,
        "ConflictException",
        "Response already exists for this resource",
    );
    rows.refused(
        "response status",
        response().status_code("wrong").send().await,
        "ValidationException",
        "1 validation error detected: Value 'wrong' at 'statusCode' failed to satisfy constraint: Member must satisfy regular expression pattern: [1-5]\\d\\d",
    );
    let update_response = |status: &str, operation| {
        let update = account.update_method_response().rest_api_id(&api.id).resource_id(&api.root).http_method("GET");
        update.status_code(status).patch_operations(operation).send()
    };
    rows.refused(
        "wrong operation and wrong status at once",
        update_response("wrong", patch("wrong_op", "/responseModels/a~1b", None)).await,
        "ValidationException",
        "2 validation errors detected: Value 'wrong_op' at 'updateMethodResponseInput.patchOperations.1.member.op' failed to satisfy constraint: Member must satisfy enum value set: [add, remove, move, test, replace, copy]; Value 'wrong' at 'statusCode' failed to satisfy constraint: Member must satisfy regular expression pattern: [1-5]\\d\\d",
    );
    rows.refused(
        "removing a model that is not there",
        update_response("200", remove("/responseModels/application~1json")).await,
        "NotFoundException",
        "Content-Type specified was not found",
    );
    rows.refused(
        "an unknown path",
        update_response("200", add("/wrong/method.response.header.my-header", "true")).await,
        "BadRequestException",
        "Invalid patch path /wrong/method.response.header.my-header",
    );
    let delete = account.delete_method().rest_api_id(&api.id).resource_id(&api.root).http_method("GET");
    rows.accepted("DeleteMethod", delete.clone().send().await);
    rows.refused("twice", delete.send().await, "NotFoundException", "Invalid Method identifier specified");
    let gone = account.get_method_response().rest_api_id(&api.id).resource_id(&api.root).http_method("GET");
    rows.refused(
        "its response",
        gone.status_code("200").send().await,
        "NotFoundException",
        "Invalid Method identifier specified",
    );
}

#[tokio::test]
async fn integrations_are_refused() {
    let account = account();
    let api = account.api().await;
    let put = |kind: IntegrationType, uri: Option<&str>| {
        let put = account.put_integration().rest_api_id(&api.id).resource_id(&api.root).http_method("GET");
        put.r#type(kind).integration_http_method("POST").set_uri(uri.map(str::to_owned))
    };
    let mut rows = Rows::default();
    rows.refused(
        "before its method",
        put(IntegrationType::Aws, Some(FUNCTION)).send().await,
        "NotFoundException",
        "Invalid Method identifier specified",
    );
    let elsewhere = put(IntegrationType::Aws, Some(FUNCTION)).rest_api_id("nothere").send().await;
    rows.refused("unknown API", elsewhere, "NotFoundException", "Invalid Resource identifier specified");
    let method = account.put_method().rest_api_id(&api.id).resource_id(&api.root).http_method("GET");
    method
        .authorization_type("NONE")
        .request_parameters("method.request.querystring.gre", true)
        .send()
        .await
        .expect("method");

    rows.refused(
        "unknown type",
        put("HTTPS_PROXY".into(), None).send().await,
        "ValidationException",
        "1 validation error detected: Value 'HTTPS_PROXY' at 'putIntegrationInput.type' failed to satisfy constraint: Member must satisfy enum value set: [HTTP, MOCK, AWS_PROXY, HTTP_PROXY, AWS]",
    );
    for kind in [IntegrationType::Aws, IntegrationType::AwsProxy, IntegrationType::Http, IntegrationType::HttpProxy] {
        let put = account.put_integration().rest_api_id(&api.id).resource_id(&api.root).http_method("GET");
        let outcome = put.r#type(kind).uri(FUNCTION).send().await;
        rows.refused("no verb", outcome, "BadRequestException", "Enumeration value for HttpMethod must be non-empty");
    }
    let lambda = "arn:aws:lambda:us-east-1:000000000000:function:f";
    let sqs = "arn:aws:apigateway:us-east-1:sqs:path/000000000000/queue";
    for (kind, uri, message) in [
        (IntegrationType::Http, "lb", "Invalid HTTP endpoint specified for URI"),
        (IntegrationType::HttpProxy, "lb", "Invalid HTTP endpoint specified for URI"),
        (IntegrationType::Aws, "lb", "Invalid ARN specified in the request"),
        (IntegrationType::AwsProxy, "lb", "Invalid ARN specified in the request"),
        (IntegrationType::Aws, lambda, "AWS ARN for integration must contain path or action"),
        (IntegrationType::AwsProxy, lambda, "AWS ARN for integration must contain path or action"),
        (
            IntegrationType::AwsProxy,
            sqs,
            "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations.",
        ),
    ] {
        rows.refused(&format!("{kind} {uri}"), put(kind, Some(uri)).send().await, "BadRequestException", message);
    }
    for (source, error) in [
        ("true", "[Invalid mapping expression specified: true]"),
        (
            "method.request.querystring.gpa",
            "[Invalid mapping expression parameter specified: method.request.querystring.gpa]",
        ),
    ] {
        let outcome =
            put(IntegrationType::Aws, Some(FUNCTION)).request_parameters("integration.request.header.X", source);
        rows.refused(source, outcome.send().await, "BadRequestException", &format!("{INVALID_EXPRESSION}{error}"));
    }
    for source in ["method.request.querystring.gre", "'static'", "context.requestId", "stageVariables.model"] {
        let outcome =
            put(IntegrationType::Aws, Some(FUNCTION)).request_parameters("integration.request.header.X", source);
        rows.accepted(source, outcome.send().await);
    }
    let seen = put(IntegrationType::Aws, Some(FUNCTION)).send().await.expect("an upsert");
    rows.check("defaults", seen.timeout_in_millis() == 29_000 && seen.passthrough_behavior() == Some("WHEN_NO_MATCH"));
    rows.check("cacheNamespace is the resource", seen.cache_namespace() == Some(api.root.as_str()));
}

#[tokio::test]
async fn integration_responses_are_refused() {
    let account = account();
    let api = account.api().await;
    account.method(&api, &api.root, "GET").await;
    let put = |status: &str| {
        let put = account.put_integration_response().rest_api_id(&api.id).resource_id(&api.root).http_method("GET");
        put.status_code(status)
    };
    let get = |status: &str| {
        let get = account.get_integration_response().rest_api_id(&api.id).resource_id(&api.root).http_method("GET");
        get.status_code(status).send()
    };
    let mut rows = Rows::default();
    rows.refused(
        "before PutIntegration",
        put("200").send().await,
        "NotFoundException",
        "No integration defined for method",
    );
    rows.refused(
        "read before PutIntegration",
        get("200").await,
        "NotFoundException",
        "Invalid Integration identifier specified",
    );
    let integration = account.put_integration().rest_api_id(&api.id).resource_id(&api.root).http_method("GET");
    let integration = integration.r#type(IntegrationType::Mock);
    integration.clone().send().await.expect("integration");

    rows.accepted("before PutMethodResponse, without parameters", put("200").send().await);
    let header = "method.response.header.X";
    rows.refused(
        "before PutMethodResponse, with parameters",
        put("200").response_parameters(header, "'*'").send().await,
        "BadRequestException",
        &format!("{INVALID_EXPRESSION}[No method response exists for method.]"),
    );
    let response = account.put_method_response().rest_api_id(&api.id).resource_id(&api.root).http_method("GET");
    response.status_code("200").response_parameters("method.response.header.Y", false).send().await.expect("response");
    rows.refused(
        "an undeclared header",
        put("200").response_parameters(header, "'*'").send().await,
        "BadRequestException",
        &format!("{INVALID_EXPRESSION}[Invalid mapping expression parameter specified: {header}]"),
    );
    rows.refused(
        "an expression that is none",
        put("200").response_parameters("method.response.header.Y", "true").send().await,
        "BadRequestException",
        &format!("{INVALID_EXPRESSION}[Invalid mapping expression specified: true]"),
    );
    rows.accepted("a declared header", put("200").response_parameters("method.response.header.Y", "'*'").send().await);
    rows.refused(
        "a content type that is none",
        put("200").response_templates("123", "x").send().await,
        "BadRequestException",
        "Validation Result: warnings : [], errors : [Invalid content type specified: 123]",
    );
    rows.refused(
        "a status that is none",
        put("wrong").send().await,
        "ValidationException",
        "1 validation error detected: Value 'wrong' at 'statusCode' failed to satisfy constraint: Member must satisfy regular expression pattern: [1-5]\\d\\d",
    );
    rows.refused(
        "a status without response",
        get("404").await,
        "NotFoundException",
        "Invalid Response status code specified",
    );
    integration.send().await.expect("replaced");
    rows.refused(
        "replacing the integration drops them",
        get("200").await,
        "NotFoundException",
        "Invalid Response status code specified",
    );
}
