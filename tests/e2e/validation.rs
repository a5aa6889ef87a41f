//! `AWS_FACTS` C3: what is refused before the function is called.

use super::routes::Route;
use super::rows::{Expected, function, mock, refused};
use super::served::Served;
use super::wire::{call, get, post};

const API: &str = r#"
api:
  name: E2e
  endpoint: regional
  models:
    Application:
      schema:
        $schema: "http://json-schema.org/draft-04/schema#"
        type: object
        required: [gre, gpa]
        properties:
          gre: { type: integer, minimum: 200, exclusiveMinimum: true, maximum: 800 }
          gpa: { type: number }
    Named: { schema: { type: object, required: [name] } }
  resources:
    /unvalidated:
      GET: { query: { gre: required }, headers: { x-header-param: required } }
      POST: { models: { application/json: Application } }
    /parameters:
      GET: { validate: parameters, query: { qs2: required, qs1: required, more: optional }, headers: { x-header-param: required } }
      POST: { validate: parameters, query: { qs1: required }, models: { application/json: Application } }
    /body:
      POST:
        validate: body
        query: { qs1: required }
        models: { application/json: Application }
        request: { passthrough: when_no_match }
    /default: { POST: { validate: body, models: { $default: Named, application/json: Application } } }
    /empty: { POST: { validate: body, models: { application/json: Empty } } }
    /all: { POST: { validate: all, query: { qs1: required }, models: { application/json: Application } } }
"#;

/// "Parameters: 400 `{"message":"Missing required request parameters: […]"}`", "ErrorType `BadRequestException`"
fn missing(names: &str) -> Expected {
    refused(400, "BadRequestException", &format!("Missing required request parameters: [{names}]"))
}

/// "Body: 400 `{"message":"Invalid request body"}`"
fn invalid() -> Expected {
    refused(400, "BadRequestException", "Invalid request body")
}

#[tokio::test]
async fn what_a_request_must_have() {
    let served = Served::file(API).await;
    let mut rows = served.rows();

    // "`required:true` in requestParameters alone does nothing"
    rows.row("required without a validator", get("/prod/unvalidated"), function(200));
    rows.row("a model without a validator", post("/prod/unvalidated", "[]"), function(200));

    // "names sorted by full key (header < path < querystring) and comma-space joined"
    let with = |target: &str| get(target).header("x-header-param", "x");
    rows.row("all missing", get("/prod/parameters"), missing("x-header-param, qs1, qs2"));
    rows.row("some missing", get("/prod/parameters?qs1=a"), missing("x-header-param, qs2"));
    rows.row("one missing", with("/prod/parameters?qs1=a"), missing("qs2"));
    rows.row("none missing", with("/prod/parameters?qs1=a&qs2=b"), function(200));
    rows.row("repeated is there", with("/prod/parameters?qs1=a&qs1=b&qs2=c"), function(200));
    // "Blank values count as missing" [K unverified; this gateway does so]
    rows.row("a blank query parameter", with("/prod/parameters?qs1=&qs2=b"), missing("qs1"));
    rows.row("one of spaces", with("/prod/parameters?qs1=%20+&qs2=b"), missing("qs1"));
    let blank = get("/prod/parameters?qs1=a&qs2=b").header("x-header-param", "");
    rows.row("a blank header", blank, missing("x-header-param"));
    // C1: "Header and query names are case-sensitive in mapping expressions and required-parameter checks"
    rows.row("a query parameter in another case", with("/prod/parameters?QS1=a&qs2=b"), missing("qs1"));
    // A parameters' validator looks at no body, a body's at no parameters.
    rows.row("parameters alone", post("/prod/parameters?qs1=a", "[]"), function(200));
    let good = r#"{"gre": 800, "gpa": 4}"#;
    rows.row("the body alone", post("/prod/body", good), function(200));
    rows.row("both: the parameters", post("/prod/all", good), missing("qs1"));
    rows.row("both: the body", post("/prod/all?qs1=a", "{}"), invalid());
    rows.row("both: all is there", post("/prod/all?qs1=a", good), function(200));

    for (name, body, fits) in [
        ("what the model wants", good, true),
        ("more than it wants", r#"{"gre": 800, "gpa": 3.5, "more": null}"#, true),
        ("a member missing", r#"{"gre": 800}"#, false),
        ("a wrong type", r#"{"gre": "800", "gpa": 4}"#, false),
        // "JSON schema draft-04": `exclusiveMinimum` is a flag there.
        ("at an exclusive bound", r#"{"gre": 200, "gpa": 4}"#, false),
        ("at an inclusive bound", r#"{"gre": 800, "gpa": 4}"#, true),
        ("beyond it", r#"{"gre": 801, "gpa": 4}"#, false),
        ("a list", "[]", false),
        ("null", "null", false),
        ("no JSON", "gre=800", false),
        ("half of it", r#"{"gre": 800, "gpa""#, false),
    ] {
        let expected = if fits { function(200) } else { invalid() };
        rows.row(&format!("a body: {name}"), post("/prod/body", body), expected);
    }
    // "empty body is validated as `{}`"
    rows.row("no body, where members are wanted", call("POST", "/prod/body"), invalid());
    rows.row("no body, where an object is wanted", call("POST", "/prod/empty"), function(200));
    rows.row("anything fits Empty", post("/prod/empty", r#"{"a": [1]}"#), function(200));

    // "model picked by request Content-Type": "`application/json` then `$default`"
    let typed = |path: &str, kind: &str, body: &str| call("POST", path).body(kind, body);
    rows.row("its own model", typed("/prod/default", "application/json", good), function(200));
    rows.row("its own model refuses", typed("/prod/default", "application/json", r#"{"name": 1}"#), invalid());
    rows.row("$default", typed("/prod/default", "application/x-other", r#"{"name": 1}"#), function(200));
    rows.row("$default refuses", typed("/prod/default", "application/x-other", good), invalid());
    // C4: "default `application/json` when absent"
    rows.row("no content type: json", call("POST", "/prod/body").bare_body("{}"), invalid());
    rows.row("with a charset", typed("/prod/body", "application/json; charset=utf-8", "{}"), invalid());
    // "No model for that content type → body not validated" [K]
    rows.row("a type without a model", typed("/prod/body", "application/x-other", "{}"), function(200));
    rows.end();
    served.stop().await;
}

/// A path variable can only be missing where the path does not have it, which deploy.yaml refuses.
#[tokio::test]
async fn the_recorded_message() {
    let served = Served::file("api: { name: E2e, endpoint: regional, resources: { /x: { POST: {} } } }\n").await;
    let api = served.api("by-hand").await;
    let validator = served.client.create_request_validator().rest_api_id(&api.id).name("parameters");
    let validator = validator.validate_request_parameters(true).send().await.unwrap().id.unwrap();
    let route = Route::mock("GET", "/{proxy+}", "in").validated(&validator).parameter("path.issuer", true);
    api.put(route.parameter("querystring.qs1", true).parameter("header.x-header-param", true)).await;
    api.deploy().await;
    let mut rows = served.rows();
    let host = api.host();
    // "`{"message":"Missing required request parameters: [x-header-param, issuer, qs1]"}`"
    let asked = get("/prod/any").header("Host", &host);
    rows.row("all three places", asked.clone(), missing("x-header-param, issuer, qs1"));
    rows.row("path and query", asked.header("x-header-param", "x"), missing("issuer, qs1"));
    rows.end();
    served.stop().await;
}

/// "Validation details only via gateway response `$context.error.validationErrorString`"
#[tokio::test]
async fn what_is_wrong_with_a_body_is_told_where_the_api_says_so() {
    let served = Served::file(
        r#"
api:
  name: E2e
  endpoint: regional
  models: { Application: { schema: { type: object, required: [gpa], properties: { gre: { type: integer } } } } }
  gateway_responses:
    BAD_REQUEST_BODY:
      status: 422
      headers: { X-Kind: context.error.responseType }
      templates:
        application/json: { inline: '{"message":$context.error.messageString,"why":"$context.error.validationErrorString"}' }
  resources: { /body: { POST: { validate: body, integration: mock, models: { application/json: Application } } } }
"#,
    )
    .await;
    let mut rows = served.rows();
    let expected = Expected::any(422, "BadRequestException").header("x-kind", "BAD_REQUEST_BODY");
    let seen = rows.row("told", post("/prod/body", r#"{"gre": 1}"#), expected);
    rows.holds("the member that is missing", seen.text().contains("gpa"), &seen.text());
    rows.holds("the message as ever", seen.text().contains(r#"{"message":"Invalid request body","#), &seen.text());
    rows.row("nothing to tell", post("/prod/body", r#"{"gpa": 1}"#), mock(200));
    rows.end();
    served.stop().await;
}
