//! Methods: parameters, mapping expressions, responses, patterns.

use std::time::Duration;

use poc::spec::model::{Authorization, ContentHandling, IntegrationKind, Passthrough, Validate};

use crate::project::{accepts, refuses};

/// `GET /a` with these keys.
fn get(keys: &str) -> String {
    format!("api: {{ resources: {{ /a: {{ GET: {{ {keys} }} }} }} }}\n")
}

#[test]
fn what_is_left_out_has_a_default() {
    let route = &accepts(&get("")).api.routes[0];
    assert_eq!((route.authorization, route.api_key, route.validate), (Authorization::None, false, Validate::None));
    assert_eq!(
        (route.integration.kind, route.integration.passthrough),
        (IntegrationKind::Lambda, Passthrough::WhenNoTemplates)
    );
    assert_eq!(route.timeout, Duration::from_secs(29));
    assert_eq!(route.responses.keys().copied().collect::<Vec<_>>(), [200]);
}

#[test]
fn everything_given_is_taken() {
    let text = "\
api:
  validate: all
  models: { Input: { schema: { type: object } } }
  resources:
    /p/{id}:
      POST:
        operation: predict
        summary: Predict
        description: |
          One line,
          another.
        authorization: aws_iam
        query: { a: required, b: { required: false, description: B } }
        headers: { X-Trace: optional }
        path: { id: { description: who } }
        models: { application/json: Input }
        timeout: 0.05
        request:
          passthrough: never
          headers: { X-Out: method.request.header.X-Trace, X-Static: \"'1'\" }
          query: { q: method.request.querystring.a, c: context.identity.sourceIp }
          path: { p: method.request.path.id, s: stageVariables.x_1 }
          content_handling: convert_to_text
        responses:
          200: { headers: { X-Id: integration.response.header.Id, X-Body: integration.response.body.id, X-Set: \"\" }, models: { application/json: Empty } }
          404: { pattern: \"not found.*\", content_handling: convert_to_binary }
";
    let api = accepts(text).api;
    let route = &api.routes[0];
    assert_eq!((route.operation.as_deref(), route.authorization), (Some("predict"), Authorization::AwsIam));
    assert_eq!((route.validate, route.timeout), (Validate::All, Duration::from_millis(50)));
    assert_eq!(route.summary.as_deref(), Some("Predict"));
    assert_eq!(route.description.as_deref(), Some("One line,\nanother.\n"));
    let described: Vec<_> = route.parameters.iter().map(|p| p.description.as_deref()).collect();
    assert_eq!(described, [Some("who"), None, Some("B"), None]);
    let parameters: Vec<_> = route.parameters.iter().map(|p| (p.name.as_str(), p.required)).collect();
    assert_eq!(parameters, [("id", true), ("a", true), ("b", false), ("X-Trace", false)]);
    assert_eq!(route.integration.parameters["integration.request.header.X-Out"], "method.request.header.X-Trace");
    assert_eq!(route.integration.parameters["integration.request.path.s"], "stageVariables.x_1");
    assert_eq!(route.integration.content_handling, Some(ContentHandling::ConvertToText));
    assert_eq!(route.request_models["application/json"], "Input");
    assert_eq!(route.responses[&200].headers["X-Set"], "");
    assert_eq!(route.responses[&404].content_handling, Some(ContentHandling::ConvertToBinary));
}

#[test]
fn words_for_people_fit_where_they_are_shown() {
    refuses(&get("summary: ▸\"\""), "bad_summary", &["is empty", "remove the line"]);
    refuses(&get("summary: ▸\"a\\nb\""), "bad_summary", &["more than one line", "`description`"]);
    refuses(&get(&format!("summary: ▸{}", "a".repeat(121))), "bad_summary", &["has 121 characters", "at most 120"]);
    assert!(accepts(&get(&format!("summary: {}", "ä".repeat(120)))).api.routes[0].summary.is_some());
    refuses(&get("description: ▸\"\""), "bad_description", &["is empty"]);
    refuses(&get(&format!("description: ▸{}", "a".repeat(1025))), "bad_description", &["at most 1024"]);
    refuses(&get("query: { a: { description: ▸\"\" } }"), "bad_description", &["is empty"]);
    refuses(&get("headers: { A: { ▸says: x } }"), "unknown_key", &["says"]);
}

#[test]
fn verbs_stay_in_the_files_order() {
    let routes = accepts("api: { resources: { /b: { POST: {}, GET: {} }, /a: { ANY: {} } } }\n").api.routes;
    let order: Vec<_> = routes.iter().map(|route| format!("{} {}", route.verb, route.path)).collect();
    assert_eq!(order, ["POST /b", "GET /b", "ANY /a"]);
}

#[test]
fn the_timeout_is_within_api_gateways_limit() {
    refuses(&get("timeout: ▸29.5"), "out_of_range", &["outside 0.05 to 29"]);
    refuses(&get("timeout: ▸0.01"), "out_of_range", &["outside 0.05 to 29"]);
    refuses(&get("timeout: ▸.inf"), "out_of_range", &["outside"]);
    refuses(&get("timeout: ▸.nan"), "out_of_range", &["outside"]);
}

#[test]
fn parameters_are_required_or_optional() {
    refuses(&get("query: { a: ▸needed }"), "unknown_value", &["values are required, optional"]);
    // Quotes would not make one of them.
    refuses(&get("query: { a: ▸true }"), "wrong_type", &["values are required, optional"]);
    refuses(&get("query: { a: ▸yes }"), "unknown_value", &["values are required, optional"]);
    refuses(&get("query: { a: ▸true }"), "wrong_type", &["`a` must be text"]);
    refuses(&get("query: { ▸\"a b\": required }"), "bad_name", &["not a parameter name"]);
    refuses(&get("headers: { ▸\"X:Y\": required }").replace("X:Y", "X/Y"), "bad_name", &["not a parameter name"]);
}

#[test]
fn names_are_unique_over_all_places() {
    refuses(
        &get("query: { a: required }, headers: { ▸a: required }"),
        "duplicate_parameter",
        &["declared in two places", "unique across query, headers and path"],
    );
    refuses(
        "api: { resources: { \"/{a}\": { GET: { query: { ▸a: required } } } } }\n",
        "duplicate_parameter",
        &["`a`"],
    );
}

#[test]
fn path_variables_come_from_the_path() {
    refuses(
        &get("path: { ▸id: required }"),
        "unknown_parameter",
        &["`id` is not a variable of the path `/a`", "{name}"],
    );
    refuses(
        "api: { resources: { \"/{id}\": { GET: { path: { ▸ids: required } } } } }\n",
        "unknown_parameter",
        &["did you mean `id`?"],
    );
    refuses(
        "api: { resources: { \"/{id}\": { GET: { path: { id: ▸optional } } } } }\n",
        "optional_path_variable",
        &["cannot be optional"],
    );
}

#[test]
fn mapping_expressions_see_what_is_declared() {
    let header =
        |expression: &str| get(&format!("query: {{ Rank: required }}, request: {{ headers: {{ X: ▸{expression} }} }}"));
    refuses(&header("method.request.querystring.gre"), "undeclared_parameter", &["declare it under `query`"]);
    refuses(
        &header("method.request.querystring.rank"),
        "undeclared_parameter",
        &["case-sensitive: `Rank` is declared"],
    );
    refuses(&header("method.request.header.Rank"), "undeclared_parameter", &["declare it under `headers`"]);
    refuses(&header("method.request.cookie.a"), "bad_mapping", &["places are method.request.querystring"]);
    refuses(&header("method.request.querystring"), "bad_mapping", &["after the last dot"]);
    refuses(&header("plain text"), "bad_mapping", &["single quotes"]);
    refuses(&header("\"'a'b'\""), "bad_mapping", &["not a mapping expression here"]);
    refuses(&header("integration.response.header.X"), "bad_mapping", &["not a mapping expression here"]);
    refuses(&header("stageVariables.a-b"), "bad_mapping", &["stageVariables.x"]);
    refuses(&header("\"\""), "bad_mapping", &["not a mapping expression here"]);
    for fine in [
        "method.request.querystring.Rank",
        "method.request.multivaluequerystring.Rank",
        "method.request.body",
        "method.request.body.a",
        "context.requestId",
        "stageVariables.a",
        "\"'x'\"",
        "\"''\"",
    ] {
        accepts(&header(fine).replace('▸', ""));
    }
}

#[test]
fn response_headers_see_the_integration() {
    let header = |expression: &str| get(&format!("responses: {{ 200: {{ headers: {{ X: ▸{expression} }} }} }}"));
    refuses(&header("method.request.header.X"), "bad_mapping", &["integration.response.header.X"]);
    refuses(&header("integration.response.status"), "bad_mapping", &["not a mapping expression here"]);
    refuses(&header("integration.response.body."), "bad_mapping", &["not a mapping expression here"]);
    for fine in [
        "integration.response.header.X-A",
        "integration.response.multivalueheader.X",
        "integration.response.body",
        "integration.response.body.a.b",
        "context.requestId",
        "stageVariables.a",
        "\"'x'\"",
    ] {
        accepts(&header(fine).replace('▸', ""));
    }
}

#[test]
fn models_must_be_there() {
    refuses(
        &get("models: { application/json: ▸Input }"),
        "unknown_model",
        &["there is no model `Input`", "there are Empty, Error"],
    );
    refuses(
        &get("responses: { 200: { models: { application/json: ▸Emty } } }"),
        "unknown_model",
        &["did you mean `Empty`?"],
    );
    refuses(&get("models: { ▸json: Empty }"), "bad_content_type", &["application/json"]);
}

#[test]
fn responses_have_status_codes() {
    refuses(&get("responses: { 200: {}, ▸99: { pattern: a } }"), "bad_status", &["100 to 599"]);
    refuses(&get("responses: { 200: {}, ▸600: { pattern: a } }"), "bad_status", &["100 to 599"]);
    refuses(&get("responses: { 200: {}, ▸4xx: { pattern: a } }"), "bad_status", &["`4xx`"]);
    refuses(&get("responses: { ▸200: }"), "wrong_type", &["write {} for an empty one"]);
}

#[test]
fn one_response_is_the_default() {
    refuses(&get("responses: { 200: {}, ▸400: {} }"), "two_defaults", &["`200` and `400` both have no pattern"]);
    refuses(
        &get("▸responses: { 400: { pattern: a } }"),
        "no_default",
        &["would answer 500", "leave the `pattern` out"],
    );
    refuses(&get("▸responses: {}"), "no_default", &["is empty"]);
    accepts(&get("integration: lambda_proxy, responses: { 200: {}, 400: {} }"));
}

#[test]
fn patterns_are_java_regular_expressions() {
    let pattern = |text: &str| get(&format!("responses: {{ 200: {{}}, 400: {{ pattern: ▸'{text}' }} }}"));
    refuses(&pattern("(a"), "bad_pattern", &["the pattern `(a` does not compile", "Java regular expression"]);
    refuses(&pattern(".*{\"httpStatus\":400.*"), "bad_pattern", &["`{` stands where", "\\{"]);
    refuses(&pattern("(?P<a>b)"), "bad_pattern", &["Python"]);
    refuses(&pattern(".*"), "pattern_matches_success", &["matches a success too", "(\\n|.)+"]);
    refuses(
        &get("responses: { 200: {}, 400: { pattern: a }, 404: { pattern: ▸a } }"),
        "duplicate_pattern",
        &["`400` and `404`"],
    );
    accepts(&pattern(".*\"httpStatus\":400.*").replace('▸', ""));
}

#[test]
fn the_proxy_integration_takes_no_templates() {
    refuses(
        &get("integration: lambda_proxy, request: { ▸templates: { application/json: { inline: a } } }"),
        "unused_key",
        &["`templates` has no effect under lambda_proxy", "`integration: lambda`"],
    );
    refuses(
        &get("integration: lambda_proxy, responses: { 200: { ▸templates: { application/json: { inline: a } } } }"),
        "unused_key",
        &["the body itself"],
    );
    refuses(
        &get("integration: lambda_proxy, responses: { 200: { ▸pattern: a } }"),
        "unused_key",
        &["the status itself"],
    );
}

#[test]
fn a_mock_answers_by_itself() {
    let route = &accepts(&get("integration: mock")).api.routes[0];
    assert_eq!(route.integration.templates["application/json"].text, "{\"statusCode\": 200}");
}
