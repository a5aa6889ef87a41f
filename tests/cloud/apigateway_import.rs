//! PutRestApi and ImportRestApi: what an import makes of a document, what it resets, and that a refused one changes
//! nothing. Expected is what AWS was seen to do (LocalStack's recorded tests, `LS`; `DG` import), not what we would like.

use aws_sdk_apigateway::operation::put_rest_api::PutRestApiOutput;
use aws_sdk_apigateway::primitives::Blob;
use aws_sdk_apigateway::types::PutMode;
use serde_json::{Value, json};

use crate::support::{Account, Api, FUNCTION, Rows, account, replace};

/// A document with these paths.
fn document(paths: Value) -> Value {
    json!({ "openapi": "3.0.1", "info": { "title": "imported", "version": "1.0" }, "paths": paths })
}

fn mock() -> Value {
    json!({
        "responses": { "200": { "description": "ok" } },
        "x-amazon-apigateway-integration": { "type": "mock", "responses": { "default": { "statusCode": "200" } } },
    })
}

impl Account {
    async fn put(
        &self,
        api: &Api,
        mode: Option<PutMode>,
        document: &Value,
    ) -> Result<PutRestApiOutput, impl std::fmt::Debug + use<>> {
        let body = Blob::new(document.to_string());
        let sent = self.put_rest_api().rest_api_id(&api.id).set_mode(mode).body(body).send().await;
        sent.map_err(|error| format!("{:?}", error.into_service_error()))
    }

    async fn overwrite(&self, api: &Api, document: &Value) -> PutRestApiOutput {
        self.put(api, Some(PutMode::Overwrite), document).await.expect("the document can be imported")
    }

    /// Path and id, sorted.
    async fn paths(&self, api: &Api) -> Vec<(String, String)> {
        let all = self.get_resources().rest_api_id(&api.id).limit(500).send().await.expect("resources");
        let pair = |one: &aws_sdk_apigateway::types::Resource| Some((one.path()?.to_owned(), one.id()?.to_owned()));
        let mut pairs: Vec<_> = all.items().iter().filter_map(pair).collect();
        pairs.sort();
        pairs
    }

    async fn draft(&self, api: &Api) -> Value {
        let look = |state: &mut poc::local::cloud::State| {
            serde_json::to_value(&state.apigateway.regions["us-east-1"].rest_apis[&api.id]).expect("it is data")
        };
        self.cloud.inspect(look).await.expect("memory does not fail")
    }
}

#[tokio::test]
async fn an_operation_becomes_a_method_with_all_that_belongs_to_it() {
    let account = account();
    let api = account.api().await;
    let mut document = document(json!({ "/admit/{id}": { "post": {
        "operationId": "admit",
        "parameters": [
            { "name": "gre", "in": "query", "required": true, "schema": { "type": "string" } },
            { "name": "X-Trace", "in": "header", "schema": { "type": "string" } },
        ],
        "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Score" } } } },
        "responses": {
            "200": {
                "description": "ok",
                "headers": { "X-Model": { "schema": { "type": "string" } } },
                "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Score" } } },
            },
            "default": { "description": "skipped" },
        },
        "security": [{ "api_key": [], "sigv4": [] }],
        "x-amazon-apigateway-request-validator": "all",
        "x-amazon-apigateway-integration": {
            "type": "aws", "httpMethod": "POST", "uri": FUNCTION, "passthroughBehavior": "never",
            "requestParameters": { "integration.request.header.X": "method.request.header.X-Trace" },
            "responses": {
                "default": { "statusCode": "200", "responseParameters": { "method.response.header.X-Model": "'v1'" } },
                "Bad:.*": { "statusCode": 400, "responseTemplates": { "application/json": "{}" } },
            },
        },
    } } }));
    document["components"] = json!({
        "schemas": { "Score": { "$schema": "http://json-schema.org/draft-04/schema#", "type": "object", "description": "one",
            "properties": { "next": { "$ref": "#/components/schemas/Score" } } } },
        "securitySchemes": {
            "api_key": { "type": "apiKey", "name": "x-api-key", "in": "header" },
            "sigv4": { "type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4" },
        },
    });
    document["x-amazon-apigateway-request-validators"] =
        json!({ "all": { "validateRequestBody": true, "validateRequestParameters": true } });
    account.overwrite(&api, &document).await;

    let paths = account.paths(&api).await;
    assert_eq!(paths.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["/", "/admit", "/admit/{id}"]);
    let method = account.get_method().rest_api_id(&api.id).resource_id(&paths[2].1).http_method("POST");
    let method = method.send().await.expect("the method is there");
    let mut rows = Rows::default();
    rows.check("key", method.api_key_required() == Some(true));
    rows.check("IAM", method.authorization_type() == Some("AWS_IAM"));
    rows.check("operation", method.operation_name() == Some("admit"));
    let parameters = method.request_parameters().expect("parameters");
    // The path's variable was not declared: an import adds it (LS).
    let expected = [
        ("method.request.querystring.gre", true),
        ("method.request.header.X-Trace", false),
        ("method.request.path.id", true),
    ];
    rows.check("parameters", expected.iter().all(|(name, required)| parameters.get(*name) == Some(required)));
    rows.check("no more parameters", parameters.len() == 3);
    rows.check("request model", method.request_models().is_some_and(|models| models["application/json"] == "Score"));
    let validators = account.get_request_validators().rest_api_id(&api.id).send().await.expect("validators");
    rows.check("validator", method.request_validator_id() == validators.items()[0].id());
    let responses = method.method_responses().expect("responses");
    rows.check("a default response is skipped", responses.len() == 1);
    let headers = responses["200"].response_parameters().expect("headers");
    rows.check("headers are not required", headers.get("method.response.header.X-Model") == Some(&false));
    let integration = method.method_integration().expect("an integration");
    rows.check("timeout", integration.timeout_in_millis() == 29_000);
    rows.check("passthrough", integration.passthrough_behavior() == Some("NEVER"));
    rows.check("cache namespace", integration.cache_namespace() == Some(paths[2].1.as_str()));
    let answers = integration.integration_responses().expect("integration responses");
    rows.check("default", answers["200"].selection_pattern().is_none());
    rows.check("pattern", answers["400"].selection_pattern() == Some("Bad:.*"));

    // Only the document's models are left, without what OpenAPI does not know (LS).
    let models = account.get_models().rest_api_id(&api.id).send().await.expect("models");
    rows.check("models", models.items().iter().map(|model| model.name().unwrap_or_default()).eq(["Score"]));
    let schema: Value = serde_json::from_str(models.items()[0].schema().unwrap_or_default()).expect("JSON");
    let address = format!("https://apigateway.amazonaws.com/restapis/{}/models/Score", api.id);
    rows.check("reference", schema["properties"]["next"]["$ref"] == json!(address));
    rows.check("$schema", schema.get("$schema").is_none());
    rows.check("model's description", models.items()[0].description() == Some("one"));
}

#[tokio::test]
async fn what_the_calls_refuse_is_refused_and_nothing_is_changed() {
    let account = account();
    let api = account.deployed().await;
    let before = account.draft(&api).await;
    let with = |change: &dyn Fn(&mut Value)| {
        let mut operation = mock();
        change(&mut operation);
        document(json!({ "/fine": { "get": mock() }, "/bad": { "get": operation } }))
    };
    let integration = "x-amazon-apigateway-integration";
    let refused = [
        (
            with(&|operation| {
                operation[integration] = json!({
                    "type": "aws", "httpMethod": "POST", "uri": "arn:aws:lambda:us-east-1:000000000000:function:f",
                });
            }),
            "Unable to put integration on 'GET' for resource at path '/bad': AWS ARN for integration must contain path or action",
        ),
        (
            with(&|operation| operation[integration]["timeoutInMillis"] = json!(40_000)),
            "Timeout should be between 50 ms and 29000 ms",
        ),
        (
            with(&|operation| {
                operation[integration]["requestParameters"] =
                    json!({ "integration.request.header.X": "method.request.header.X" });
            }),
            "Invalid mapping expression parameter specified: method.request.header.X",
        ),
        (
            with(&|operation| {
                operation[integration]["responses"]["default"]["responseParameters"] =
                    json!({ "method.response.header.X": "'x'" });
            }),
            "Invalid mapping expression parameter specified: method.response.header.X",
        ),
        (
            with(&|operation| operation["x-amazon-apigateway-request-validator"] = json!("none")),
            "Invalid Request Validator identifier specified",
        ),
        (
            document(json!({ "/{a}": { "get": mock() }, "/{b}": { "get": mock() } })),
            "A sibling ({a}) of this resource already has a variable path part -- only one is allowed",
        ),
        (document(json!({ "/a b": { "get": mock() } })), "Resource's path part only allow"),
        (json!({ "openapi": "3.0.1", "info": { "title": "no paths" } }), "Invalid OpenAPI input."),
    ];
    for (document, words) in refused {
        for mode in [PutMode::Overwrite, PutMode::Merge] {
            let refusal = format!("{:?}", account.put(&api, Some(mode), &document).await.expect_err(words));
            assert!(refusal.contains("BadRequestException"), "{refusal}");
            assert!(refusal.contains(words), "{words}\n{refusal}");
        }
        assert_eq!(account.draft(&api).await, before, "{words}");
    }
    let (status, answer) = account.raw("PUT", &format!("/restapis/{}?mode=overwrite", api.id), "openapi: [").await;
    assert_eq!((status, &answer["message"]), (400, &json!("Invalid OpenAPI input.")));
    let (status, answer) = account.raw("PUT", &format!("/restapis/{}?mode=replace", api.id), "{}").await;
    assert_eq!((status, &answer["__type"]), (400, &json!("ValidationException")));
    assert_eq!(account.draft(&api).await, before);
}

#[tokio::test]
async fn more_resources_than_an_api_can_have_are_refused_as_a_whole() {
    let account = account();
    let api = account.api().await;
    let paths: serde_json::Map<String, Value> =
        (0..300).map(|at| (format!("/r{at}"), json!({ "get": mock() }))).collect();
    let refusal = account.put(&api, Some(PutMode::Overwrite), &document(Value::Object(paths))).await;
    let refusal = format!("{:?}", refusal.expect_err("300 and the root"));
    assert!(refusal.contains("Maximum number of resources for this API has been reached"), "{refusal}");
    assert_eq!(account.paths(&api).await.len(), 1);
}

#[tokio::test]
async fn overwriting_resets_what_the_document_does_not_say_and_merging_keeps_it() {
    let account = account();
    let api = account.deployed().await;
    let tags = [("team".to_owned(), "data".to_owned())].into();
    let arn = format!("arn:aws:apigateway:us-east-1::/restapis/{}", api.id);
    account.tag_resource().resource_arn(arn).set_tags(Some(tags)).send().await.expect("tagged");
    let set = [("/description", "old"), ("/apiKeySource", "AUTHORIZER"), ("/minimumCompressionSize", "10")];
    let set = set.map(|(path, value)| replace(path, value)).to_vec();
    account.update_rest_api().rest_api_id(&api.id).set_patch_operations(Some(set)).send().await.expect("patched");
    let gone = account.resource(&api, &api.root, "gone").await;
    let stays = account.resource(&api, &api.root, "stays").await;
    account.mock(&api, &gone, "GET").await;
    account.mock(&api, &stays, "POST").await;

    let new = document(json!({ "/stays": { "get": mock() } }));
    let merged = account.put(&api, None, &new).await.expect("merged");
    assert_eq!(merged.name(), Some("imported"));
    assert_eq!((merged.description(), merged.minimum_compression_size()), (Some("old"), Some(10)));
    let paths = account.paths(&api).await;
    assert_eq!(paths[1..], [("/gone".to_owned(), gone), ("/stays".to_owned(), stays.clone())]);
    let verbs = async || {
        let resource = account.get_resource().rest_api_id(&api.id).resource_id(&stays).send().await.expect("it stays");
        let mut verbs: Vec<String> =
            resource.resource_methods().into_iter().flatten().map(|(verb, _)| verb.clone()).collect();
        verbs.sort();
        verbs
    };
    assert_eq!(verbs().await, ["GET", "POST"]);

    let before = account.draft(&api).await;
    let written = account.overwrite(&api, &new).await;
    assert_eq!((written.description(), written.minimum_compression_size()), (None, None));
    assert_eq!(written.api_key_source().map(|source| source.as_str()), Some("HEADER"));
    assert_eq!(written.version(), Some("1.0"));
    assert_eq!(written.tags().map(|tags| tags["team"].as_str()), Some("data"));
    let types = written.endpoint_configuration().map(|endpoint| endpoint.types()[0].as_str());
    assert_eq!(types, Some("REGIONAL"), "an import does not change the endpoint's type");
    assert_eq!(account.paths(&api).await[1..], [("/stays".to_owned(), stays.clone())], "the same path has the same id");
    assert_eq!(verbs().await, ["GET"]);
    assert!(account.get_models().rest_api_id(&api.id).send().await.expect("models").items().is_empty());
    // What is deployed is a picture of its own.
    let after = account.draft(&api).await;
    assert_eq!((&after["deployments"], &after["stages"]), (&before["deployments"], &before["stages"]));
}

#[tokio::test]
async fn warnings_are_told_or_fail_the_import() {
    let account = account();
    let api = account.api().await;
    let before = account.draft(&api).await;
    let mut update = mock();
    update["responses"]["200"]["content"] =
        json!({ "application/json": { "schema": { "$ref": "#/components/schemas/ModelThatDoesNotExist" } } });
    let document = document(json!({ "/update": { "get": update } }));
    let words = "Parse issue: attribute paths.'/update'(get).responses.200.content.schema.#/components/schemas/ModelThatDoesNotExist is missing";
    let strict = account.put_rest_api().rest_api_id(&api.id).mode(PutMode::Overwrite).fail_on_warnings(true);
    let outcome = strict.body(Blob::new(document.to_string())).send().await;
    let mut rows = Rows::default();
    rows.refused("strict", outcome, "BadRequestException", &format!("Warnings found during import:\n\t{words}"));
    rows.check("nothing changed", account.draft(&api).await == before);
    let lenient = account.overwrite(&api, &document).await;
    rows.check("told", lenient.warnings() == [words]);
    rows.check("carried out", account.paths(&api).await.len() == 2);
}

#[tokio::test]
async fn an_api_is_made_from_a_document_in_yaml_or_not_at_all() {
    let account = account();
    let yaml =
        "openapi: 3.0.1\ninfo: { title: from yaml, version: '1.0' }\npaths:\n  /a:\n    get:\n      responses: {}\n";
    let made = account.import_rest_api().body(Blob::new(yaml)).send().await.expect("imported");
    let types = made.endpoint_configuration().map(|endpoint| endpoint.types()[0].as_str());
    assert_eq!((made.name(), made.version(), types), (Some("from yaml"), Some("1.0"), Some("EDGE")));
    let regional = account.import_rest_api().parameters("endpointConfigurationTypes", "REGIONAL").body(Blob::new(yaml));
    let regional = regional.send().await.expect("imported");
    let types = regional.endpoint_configuration().map(|endpoint| endpoint.types()[0].as_str());
    assert_eq!(types, Some("REGIONAL"));

    let bad = document(json!({ "/a b": { "get": mock() } }));
    let refused = account.import_rest_api().body(Blob::new(bad.to_string())).send().await;
    assert!(refused.is_err());
    assert_eq!(account.get_rest_apis().send().await.expect("a list").items().len(), 2);
}
