//! `AWS_FACTS` C1 and the base paths of C8: which method of which stage a request is for.

use aws_sdk_apigateway::types::Op;
use serde_json::json;

use super::routes::Route;
use super::rows::{Expected, function, mock, refused};
use super::served::{Served, patch};
use super::wire::{call, get, post};

/// "Unknown path **or** wrong method: 403 `{"message":"Missing Authentication Token"}`, `x-amzn-ErrorType:
/// MissingAuthenticationTokenException`"
fn unknown() -> Expected {
    refused(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
}

/// "Nonexistent stage / no mapping on a custom domain / disabled default endpoint: 403 `{"message":"Forbidden"}`,
/// `x-amzn-ErrorType: ForbiddenException`" [K unverified; this gateway does so]
fn forbidden() -> Expected {
    refused(403, "ForbiddenException", "Forbidden")
}

/// Each method answers with its own name and what the path said.
fn says(name: &str) -> String {
    format!(
        "{{ integration: mock, responses: {{ 200: {{ templates: {{ application/json: {{ inline: '{name}' }} }} }} }} }}"
    )
}

#[tokio::test]
async fn stage_path_and_method() {
    let named = |name: &str| says(&format!("{name} $input.params().path"));
    let file = format!(
        r"
api:
  name: E2e
  endpoint: regional
  resources:
    /: {{ GET: {} }}
    /pets: {{ GET: {}, POST: {} }}
    /pets/own: {{ GET: {} }}
    /pets/{{id}}: {{ GET: {}, ANY: {} }}
    /pets/{{id}}/toys/{{toy}}: {{ GET: {} }}
    /files: {{ GET: {} }}
    /files/{{proxy+}}: {{ ANY: {} }}
    /sent: {{ ANY: {{ request: {{ templates: {{ application/json: {{ inline: '{{\x22verb\x22: \x22$context.httpMethod\x22}}' }} }} }} }} }}
domain: {{ name: api.example.com, base_path: poc, certificate: request, hosted_zone: example.com }}
",
        named("root"),
        named("list"),
        named("add"),
        named("own"),
        named("one"),
        named("any"),
        named("toy"),
        named("files"),
        named("proxy"),
    )
    .replace("\\x22", "\"");
    let served = Served::file(&file).await;
    let mut rows = served.rows();
    for (name, target, body) in [
        ("the root", "/prod", "root {}"),
        ("the root with a slash", "/prod/", "root {}"),
        ("a resource", "/prod/pets", "list {}"),
        ("trailing `/` ignored", "/prod/pets/", "list {}"),
        ("static beats {var}", "/prod/pets/own", "own {}"),
        ("{var}", "/prod/pets/7", "one {id=7}"),
        ("{var} decoded", "/prod/pets/a%20b%2Fc", "one {id=a b/c}"),
        ("{var} of another script", "/prod/pets/%C3%BC%E2%82%AC", "one {id=ü€}"),
        ("a plus is a plus in a path", "/prod/pets/a+b", "one {id=a+b}"),
        ("two of them", "/prod/pets/7/toys/ball", "toy {id=7, toy=ball}"),
        ("beside {proxy+}", "/prod/files", "files {}"),
        ("{proxy+} of one part", "/prod/files/a", "proxy {proxy=a}"),
        ("{proxy+} of many", "/prod/files/a/b.txt", "proxy {proxy=a/b.txt}"),
        ("a query is no part of the path", "/prod/pets?x=/own", "list {}"),
    ] {
        rows.row(name, get(target), mock(200).text(body));
    }
    rows.row("a method of its own", post("/prod/pets", "{}"), mock(200).text("add {}"));
    // "`ANY` = DELETE GET HEAD OPTIONS PATCH POST PUT"
    for verb in ["DELETE", "OPTIONS", "PATCH", "POST", "PUT"] {
        rows.row(&format!("{verb} by ANY"), call(verb, "/prod/pets/7"), mock(200).text("any {id=7}"));
        let sent = call(verb, "/prod/sent").bare_body("{}");
        rows.row(&format!("{verb} to the function"), sent, function(200).json(json!({ "verb": verb })));
    }
    rows.row("HEAD by ANY", call("HEAD", "/prod/pets/7"), mock(200).text(""));
    rows.row("GET beside ANY", get("/prod/pets/7"), mock(200).text("one {id=7}"));
    // "HEAD is not implied by GET"
    rows.row("HEAD where there is GET", call("HEAD", "/prod/pets"), unknown().text(""));
    rows.row("unknown path", get("/prod/nowhere"), unknown());
    rows.row("unknown path below a known one", get("/prod/pets/7/toys"), unknown());
    rows.row("another case", get("/prod/Pets"), unknown());
    rows.row("wrong method", call("DELETE", "/prod/pets"), unknown());
    rows.row("a verb that ANY is not", call("TRACE", "/prod/pets/7"), unknown());
    rows.row("nonexistent stage", get("/test/pets"), forbidden());
    rows.row("no stage", get("/"), forbidden());
    rows.row("another stage's case", get("/Prod/pets"), forbidden());

    // C8: "custom domain path = longest matching base path (segment-wise), else `(none)`; with mapping stage set, the URL has
    // no stage"
    let at = |target: &str| get(target).header("Host", "api.example.com");
    rows.row("base path", at("/poc/pets"), mock(200).text("list {}"));
    rows.row("base path alone", at("/poc"), mock(200).text("root {}"));
    rows.row(
        "a host name has no case",
        get("/poc/pets").header("Host", "API.Example.COM:443"),
        mock(200).text("list {}"),
    );
    rows.row("segment-wise", at("/pocket/pets"), forbidden());
    rows.row("no mapping", at("/pets"), forbidden());
    rows.row("a name that nobody has", get("/poc/pets").header("Host", "www.example.com"), forbidden());
    let aws = format!("{}.execute-api.us-east-1.amazonaws.com", served.api);
    rows.row("the API's own name", get("/prod/pets").header("Host", &aws), mock(200).text("list {}"));

    // "stage omitted/"(none)" → caller supplies the stage segment"
    let other = served.api("other").await;
    other.put(Route::mock("GET", "/pets", "other")).await;
    other.deploy().await;
    let map = |base: &str| {
        let map = served.client.create_base_path_mapping().domain_name("api.example.com").rest_api_id(&other.id);
        map.base_path(base.to_owned())
    };
    map("staged").send().await.unwrap();
    rows.row("the caller names the stage", at("/staged/prod/pets"), mock(200).text("other"));
    rows.row("and none is none", at("/staged/pets"), forbidden());
    map("(none)").stage("prod").send().await.unwrap();
    rows.row("(none)", at("/pets"), mock(200).text("other"));
    rows.row("longest first", at("/poc/pets"), mock(200).text("list {}"));
    // "`/ping` and `/sping` reserved on custom domains": no API gets them.
    for path in ["/ping", "/sping"] {
        let seen = at(path).send(served.address);
        rows.holds(path, seen.header("x-amzn-errortype").is_none() && seen.text() != "other", &seen);
    }

    // "`disableExecuteApiEndpoint` affects all stages and needs a **new deployment**"
    let update = served.client.update_rest_api().rest_api_id(&served.api);
    let off = patch(Op::Replace, "/disableExecuteApiEndpoint", "true");
    update.patch_operations(off).send().await.unwrap();
    rows.row("disabled, not deployed", get("/prod/pets"), mock(200));
    served.client.create_deployment().rest_api_id(&served.api).stage_name("prod").send().await.unwrap();
    rows.row("disabled", get("/prod/pets"), forbidden());
    rows.row("but not by the custom name", at("/poc/pets"), mock(200));
    rows.end();
    served.stop().await;
}

/// A stage serves its deployment, not the draft.
#[tokio::test]
async fn the_draft_is_not_served() {
    let served = Served::file("api: { name: E2e, endpoint: regional, resources: { /x: { POST: {} } } }\n").await;
    let api = served.api("by-hand").await;
    let at = |path: &str| get(path).header("Host", &api.host());
    let mut rows = served.rows();
    rows.row("an API that was never deployed", at("/prod/a"), forbidden());
    api.put(Route::mock("GET", "/a", "a")).await;
    api.deploy().await;
    api.put(Route::mock("GET", "/b", "b")).await;
    rows.row("deployed", at("/prod/a"), mock(200).text("a"));
    rows.row("in the draft", at("/prod/b"), unknown());
    api.deploy().await;
    rows.row("deployed now", at("/prod/b"), mock(200).text("b"));
    served.client.delete_stage().rest_api_id(&api.id).stage_name("prod").send().await.unwrap();
    rows.row("the stage is gone", at("/prod/a"), forbidden());
    // "Nonexistent API id: no DNS at all": whoever gets here all the same is told as much.
    rows.row(
        "no such API",
        get("/prod/a").header("Host", "zzzzzzzzzz.execute-api.us-east-1.amazonaws.com"),
        forbidden(),
    );
    rows.end();
    served.stop().await;
}

/// "route → (WAF, authorizer) → API key → throttle/quota → request validation → template selection (415) → … → integration"
#[tokio::test]
async fn the_order_of_work() {
    let served = Served::file(
        r"
api:
  name: E2e
  endpoint: regional
  resources:
    /all:
      POST: { api_key: true, validate: parameters, query: { gre: required }, request: { passthrough: never, templates: { application/json: { inline: '{}' } } } }
    /once:
      POST: { api_key: true, validate: parameters, query: { gre: required } }
stage_settings: { methods: { POST /once: { rate: 0.01, burst: 1 } } }
usage_plan: { quota: { limit: 6, period: month }, keys: [key] }
",
    )
    .await;
    let key = served.key("key").await;
    let mut rows = served.rows();
    let wrong = |path: &str| call("POST", path).body("text/plain", "text");
    let invalid = || refused(400, "BadRequestException", "Missing required request parameters: [gre]");
    rows.row("the route first", wrong("/prod/nowhere"), unknown());
    rows.row("then the key", wrong("/prod/all"), forbidden());
    rows.row("then parameters", wrong("/prod/all").key(&key), invalid());
    let unsupported = refused(415, "BadRequestException", "Unsupported Media Type");
    rows.row("then the template", wrong("/prod/all?gre=1").key(&key), unsupported);
    rows.row("then the function", post("/prod/all?gre=1", "{}").key(&key), function(200));
    rows.row("an invalid request takes its token", wrong("/prod/once").key(&key), invalid());
    let too_many = refused(429, "TooManyRequestsException", "Too Many Requests");
    rows.row("the throttle before parameters", wrong("/prod/once").key(&key), too_many);
    rows.row("the key before the throttle", wrong("/prod/once"), forbidden());
    rows.row("the last of the quota", post("/prod/all?gre=1", "{}").key(&key), function(200));
    let exceeded = refused(429, "LimitExceededException", "Limit Exceeded");
    rows.row("the quota before parameters", wrong("/prod/all").key(&key), exceeded);
    rows.end();
    served.stop().await;
}
