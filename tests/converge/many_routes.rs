//! Many routes: a large change of the draft goes in one document, a small one call by call, and both leave the same API.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use poc::aws::EmbeddedCloud;
use poc::event::{Event, Recorder, Reporter};
use poc::local::cloud::faults::{Between, Decision, Fault, Intended};
use poc::pipeline::{self, Settings};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::{REGION, Told, World, counting};

/// API Gateway's limit is 300 resources with `/` (`AWS_FACTS` A).
const ALL: usize = 299;

/// So few that they are written call by call.
const FEW: usize = 10;

/// A deploy.yaml with so many routes, which in turn use everything that a method can say. `word` is in every template.
fn many(routes: usize, word: &str) -> String {
    let mut file = r##"
name: many
stage: prod
region: us-east-1
package: { path: app }
function: { name: many, runtime: python3.13, handler: handler.lambda_handler }
api:
  name: many
  description: Very many
  endpoint: regional
  binary_media_types: [image/png, "*/*"]
  minimum_compression: 1024
  disable_execute_api_endpoint: true
  policy:
    Version: "2012-10-17"
    Statement: [{ Effect: Allow, Principal: "*", Action: "execute-api:Invoke", Resource: "execute-api:/*" }]
  models:
    Score:
      content_type: application/json
      description: What to predict
      schema:
        $schema: "http://json-schema.org/draft-04/schema#"
        type: object
        properties: { gre: { type: [number, "null"] }, gpa: { $ref: "#/definitions/grade" } }
        definitions: { grade: { type: number, minimum: 0 } }
        required: [gre]
    Plain: { content_type: application/json, schema: { type: object, additionalProperties: false } }
    Page: { content_type: application/xml, schema: { type: string } }
  gateway_responses:
    THROTTLED:
      status: 429
      headers: { Retry-After: "'1'" }
      templates: { application/json: { inline: '{"message":$context.error.messageString}' } }
    BAD_REQUEST_PARAMETERS: { status: 422 }
  cors: { origins: ["https://a.example.com", "https://b.example.com"], credentials: true, max_age: 600, expose: [X-Model] }
  resources:
"##
    .to_owned();
    for at in 0..routes {
        let route = match at % 6 {
            0 => format!(
                r##"
    /r{at}:
      GET:
        api_key: true
        validate: parameters
        query: {{ gre: required, gpa: optional }}
        headers: {{ X-Trace: optional }}
        timeout: 12.5
        request:
          passthrough: when_no_templates
          templates: {{ application/json: {{ inline: '{{"{word}": $input.params("gre")}}' }}, text/plain: {{ inline: "{word}" }} }}
          headers: {{ X-Meta: "'yes'" }}
          query: {{ trace: method.request.header.X-Trace }}
        responses:
          200: {{ headers: {{ X-Model: integration.response.header.X-Model }}, models: {{ application/json: Empty }} }}
          400: {{ pattern: 'Bad:.*', templates: {{ application/json: {{ inline: '{{"e": "{word}"}}' }} }} }}
          500: {{ pattern: '(?!Bad)[\s\S]+' }}"##
            ),
            1 => format!(
                r##"
    /r{at}:
      POST:
        operation: predict{at}
        authorization: aws_iam
        api_key: true
        validate: all
        models: {{ application/json: Score, application/xml: Page }}
        request: {{ passthrough: never, templates: {{ application/json: {{ inline: "{word}" }} }}, content_handling: convert_to_text }}
        responses:
          200: {{ models: {{ application/json: Plain }}, content_handling: convert_to_binary }}"##
            ),
            2 => format!(
                r##"
    /r{at}/{{id}}:
      GET:
        validate: body
        request: {{ templates: {{ application/json: {{ inline: "{word}" }} }} }}
        responses: {{ 200: {{}}, 404: {{ pattern: 'default' }} }}"##
            ),
            3 => format!("\n    /r{at}/{{proxy+}}:\n      ANY: {{ integration: lambda_proxy, operation: shared }}"),
            4 => format!(
                "\n    /r{at}:\n      cors: false\n      GET: {{ integration: lambda_proxy, operation: shared }}"
            ),
            _ => format!(
                r##"
    /r{at}:
      cors: false
      GET:
        integration: mock
        request: {{ templates: {{ application/json: {{ inline: '{{"statusCode": 200, "w": "{word}"}}' }} }} }}
        responses: {{ 200: {{ templates: {{ text/html: {{ inline: "<p>{word}</p>" }} }} }} }}"##
            ),
        };
        file += &route;
    }
    file + "\nusage_plan: { keys: [many] }\n"
}

/// So many routes as fit: two of six have a resource above theirs.
fn fitting() -> usize {
    let mut resources = 0;
    (0..)
        .take_while(|at| {
            resources += if [2, 3].contains(&(at % 6)) { 2 } else { 1 };
            resources <= ALL
        })
        .count()
}

/// Nothing but routes with one Lambda method and CORS: the most calls per resource.
pub fn plain(routes: usize, edited: &dyn Fn(usize) -> bool) -> String {
    let mut file =
        "name: many\nstage: prod\nregion: us-east-1\npackage: { path: app }\nfunction: { name: many, runtime: \
                    python3.13, handler: handler.lambda_handler }\napi:\n  name: many\n  cors: true\n  resources:\n"
            .to_owned();
    for at in 0..routes {
        let word = if edited(at) { "new" } else { "old" };
        write!(
            file,
            "    /r{at}:\n      GET:\n        request: {{ templates: {{ application/json: {{ inline: {word} }} }} }}\n        \
             responses: {{ 200: {{}}, 400: {{ pattern: 'Bad:.*' }} }}\n"
        )
        .unwrap();
    }
    file
}

fn times(told: &Told, operation: &str) -> usize {
    told.calls().iter().filter(|call| **call == operation).count()
}

/// Calls that write one part of the draft.
fn parts(told: &Told) -> usize {
    let parts = ["PutMethod", "PutMethodResponse", "PutIntegration", "PutIntegrationResponse", "CreateResource"];
    parts.iter().map(|operation| times(told, operation)).sum()
}

/// In round trips it is no deeper than the sample's one route is, call by call (`depth.rs`).
#[tokio::test(start_paused = true)]
async fn all_the_routes_there_can_be_are_one_import_and_one_of_them_is_a_few_calls() {
    let world = World::with(counting());
    world.write("deploy.yaml", &plain(ALL, &|_| false));
    let told = world.deploy().await;
    let (depth, chain) = told.depth();
    assert!(depth <= 14, "{depth}: {chain:?}");
    assert_eq!((times(&told, "PutRestApi"), parts(&told)), (1, 0));
    assert!(told.finished().0 < 80, "{} requests", told.finished().0);
    world.assert_idle().await;

    world.write("deploy.yaml", &plain(ALL, &|at| at == 17));
    let one = world.planned_changes().await;
    let told = world.deploy().await;
    assert_eq!(times(&told, "PutRestApi"), 0);
    // DeleteMethod apart: a method, two responses, an integration and its two.
    assert_eq!(parts(&told), 6);

    world.write("deploy.yaml", &plain(ALL, &|_| true));
    let all = world.planned_changes().await;
    let told = world.deploy().await;
    assert_eq!((times(&told, "PutRestApi"), parts(&told)), (1, 0));
    world.assert_idle().await;

    // The plan is told the same way, however it is carried out.
    assert!(one.contains(&"definition: GET /r17 · integration.templates.application/json".to_owned()), "{one:?}");
    assert!(all.contains(&"definition: GET /r16 · integration.templates.application/json".to_owned()));
    assert_eq!(all.len(), one.len() + ALL - 2);
}

#[tokio::test]
async fn both_ways_leave_the_same_api() {
    let (at_once, by_and_by) = (World::new(), World::new());
    let routes = fitting();
    at_once.write("deploy.yaml", &many(routes, "one"));
    let told = at_once.deploy().await;
    assert_eq!(times(&told, "PutRestApi"), 1);
    at_once.assert_idle().await;
    for count in (FEW..routes).step_by(FEW).chain([routes]) {
        by_and_by.write("deploy.yaml", &many(count, "one"));
        assert_eq!(times(&by_and_by.deploy().await, "PutRestApi"), 0, "{count} routes");
    }
    assert_same(&told_by_the_sdk(&at_once).await, &told_by_the_sdk(&by_and_by).await);
    assert_same(&kept(&at_once).await, &kept(&by_and_by).await);

    // Once more, over what is there: another word everywhere, and most routes gone.
    at_once.write("deploy.yaml", &many(3 * FEW, "two"));
    assert_eq!(times(&at_once.deploy().await, "PutRestApi"), 1);
    at_once.assert_idle().await;
    let anew = World::new();
    for count in [FEW, 2 * FEW, 3 * FEW] {
        anew.write("deploy.yaml", &many(count, "two"));
        assert_eq!(times(&anew.deploy().await, "PutRestApi"), 0, "{count} routes");
    }
    assert_same(&told_by_the_sdk(&at_once).await, &told_by_the_sdk(&anew).await);
    assert_same(&kept(&at_once).await, &kept(&anew).await);
}

/// `poc export openapi` is that document: whoever imports it has the API that a deploy makes.
#[tokio::test]
async fn an_exported_document_makes_the_same_methods_as_a_deploy() {
    let world = World::new();
    world.deploy().await;
    let document = pipeline::export_openapi(&world.settings, &pipeline::OpenApiWanted::default()).unwrap();
    let client = aws_sdk_apigateway::Client::new(&world.sdk());
    let method = async |id: &str| {
        let all = client.get_resources().rest_api_id(id).embed("methods").limit(500).send().await.unwrap();
        let admit = all.items().iter().find(|one| one.path() == Some("/admit")).unwrap();
        let names = BTreeMap::from([(admit.id().unwrap().to_owned(), "/admit".to_owned())]);
        lines(&format!("{:#?}", admit.resource_methods().unwrap()["GET"]), &names)
    };
    let deployed = client.get_rest_apis().send().await.unwrap().items()[0].id().unwrap().to_owned();
    let body = aws_sdk_apigateway::primitives::Blob::new(document.to_string());
    let imported = client.import_rest_api().fail_on_warnings(true).body(body).send().await.unwrap();
    assert_eq!((imported.name(), imported.description()), (Some("ServerlessPOC"), Some("Admission prediction")));
    assert_eq!(method(imported.id().unwrap()).await, method(&deployed).await);
}

/// A path that stays keeps its identifier; tags, the stage and what it serves are not touched by an import.
#[tokio::test]
async fn an_import_leaves_alone_what_is_not_the_draft() {
    let world = World::new();
    world.write("deploy.yaml", &plain(ALL, &|_| false));
    world.deploy().await;
    let client = aws_sdk_apigateway::Client::new(&world.sdk());
    let api = client.get_rest_apis().send().await.unwrap().items()[0].clone();
    let id = api.id().unwrap();
    // By hand, and nothing that deploy.yaml speaks of.
    let patch = aws_sdk_apigateway::types::PatchOperation::builder();
    let patch = patch.op(aws_sdk_apigateway::types::Op::Replace).path("/securityPolicy").value("TLS_1_2").build();
    client.update_rest_api().rest_api_id(id).patch_operations(patch).send().await.unwrap();
    let ids = async || {
        let all = client.get_resources().rest_api_id(id).limit(500).send().await.unwrap();
        let pairs = all.items().iter().map(|one| (one.path().unwrap().to_owned(), one.id().unwrap().to_owned()));
        pairs.collect::<BTreeMap<_, _>>()
    };
    let before = ids().await;
    world.write("deploy.yaml", &plain(ALL, &|_| true));
    assert_eq!(times(&world.deploy().await, "PutRestApi"), 1);
    assert_eq!(ids().await, before);
    let after = client.get_rest_api().rest_api_id(id).send().await.unwrap();
    assert_eq!(after.security_policy().map(|policy| policy.as_str()), Some("TLS_1_2"));
    assert_eq!(after.tags(), api.tags());
    assert_eq!(after.endpoint_configuration(), api.endpoint_configuration());
}

struct Fuse {
    left: Cell<usize>,
    burnt: Notify,
}

impl Reporter for Fuse {
    fn report(&self, event: &Event) {
        if matches!(event, Event::Call { .. }) && self.left.get() > 0 {
            self.left.set(self.left.get() - 1);
            if self.left.get() == 0 {
                self.burnt.notify_one();
            }
        }
    }
}

/// Law 2, where the draft is a document and what is put right after it.
#[tokio::test(start_paused = true)]
async fn killed_around_an_import_it_resumes() {
    let routes = 18;
    let first = World::with(counting());
    first.write("deploy.yaml", &many(routes, "one"));
    let calls = first.deploy().await.calls();
    let import = calls.iter().position(|call| *call == "PutRestApi").unwrap();
    assert_eq!(calls.iter().filter(|call| **call == "PutRestApi").count(), 1);
    for after in (import - 2..(import + 24).min(calls.len())).step_by(2) {
        let world = World::with(counting());
        world.write("deploy.yaml", &many(routes, "one"));
        let fuse = Fuse { left: Cell::new(after), burnt: Notify::new() };
        tokio::select! {
            biased;
            () = fuse.burnt.notified() => {}
            _ = pipeline::deploy(&world.settings, &fuse, &|_| true) => {}
        }
        world.deploy().await;
        world.assert_idle().await;
        assert_same(&kept(&world).await, &kept(&first).await);
    }
}

/// The draft as the cloud keeps it, with names in the place of identifiers.
async fn kept(world: &World) -> Value {
    let draft = world.cloud.inspect(|state| {
        let api = state.apigateway.regions[REGION].rest_apis.values().next().unwrap();
        assert_eq!(api.version.as_deref(), Some("1.0"));
        (api.id.clone(), serde_json::to_value(&api.draft).unwrap())
    });
    let (id, mut draft) = draft.await.unwrap();
    let mut names = BTreeMap::from([(id, "the api".to_owned())]);
    for (id, resource) in draft["resources"].as_object().unwrap() {
        names.insert(id.clone(), resource["path"].as_str().unwrap().to_owned());
    }
    for (id, validator) in draft["request_validators"].as_object().unwrap() {
        names.insert(id.clone(), validator["name"].as_str().unwrap().to_owned());
    }
    for (name, model) in draft["models"].as_object_mut().unwrap() {
        names.insert(model["id"].as_str().unwrap().to_owned(), name.clone());
        forget_born(name, model);
    }
    named(&mut draft, &names);
    draft
}

/// An import keeps the two models every API is born with as OpenAPI can say them: of these the name is compared.
fn forget_born(name: &str, model: &mut Value) {
    if name == "Empty" || name == "Error" {
        model["schema"] = json!(null);
        model["description"] = json!(null);
        return;
    }
    let schema = model["schema"].as_str().unwrap().to_owned();
    model["schema"] = serde_json::from_str(&schema).unwrap();
}

fn named(value: &mut Value, names: &BTreeMap<String, String>) {
    match value {
        Value::String(text) => {
            if let Some(name) = names.get(text.as_str()) {
                text.clone_from(name);
            } else if let Some((id, name)) = names.iter().find(|(id, name)| *name == "the api" && text.contains(*id)) {
                *text = text.replace(id, name);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| named(item, names)),
        Value::Object(members) => {
            let renamed = std::mem::take(members).into_iter().map(|(key, mut value)| {
                named(&mut value, names);
                (names.get(&key).cloned().unwrap_or(key), value)
            });
            let sorted: BTreeMap<String, Value> = renamed.collect();
            members.extend(sorted);
        }
        _ => {}
    }
}

/// Everything that AWS tells of a draft, as the SDK shows it.
async fn told_by_the_sdk(world: &World) -> Value {
    let client = aws_sdk_apigateway::Client::new(&world.sdk());
    let api = client.get_rest_apis().send().await.unwrap().items()[0].clone();
    let id = api.id().unwrap();
    let mut names = BTreeMap::from([(id.to_owned(), "the api".to_owned())]);
    let resources = client.get_resources().rest_api_id(id).embed("methods").limit(500).send().await.unwrap();
    let validators = client.get_request_validators().rest_api_id(id).limit(500).send().await.unwrap();
    let models = client.get_models().rest_api_id(id).limit(500).send().await.unwrap();
    let responses = client.get_gateway_responses().rest_api_id(id).limit(500).send().await.unwrap();
    for one in resources.items() {
        names.insert(one.id().unwrap().to_owned(), one.path().unwrap().to_owned());
    }
    for one in validators.items() {
        names.insert(one.id().unwrap().to_owned(), one.name().unwrap().to_owned());
    }
    let mut told = json!({
        "api": [
            api.name(), api.description(), api.version(), api.policy().map(|text| text.replace(id, "the api")),
            api.api_key_source().map(|source| source.as_str()),
        ],
        "settings": [api.minimum_compression_size().map(i64::from), i64::from(api.disable_execute_api_endpoint())],
        "binary": api.binary_media_types(),
    });
    for one in resources.items() {
        for (verb, method) in one.resource_methods().into_iter().flatten() {
            told[format!("{verb} {}", one.path().unwrap())] = lines(&format!("{method:#?}"), &names);
        }
        told[format!("resource {}", one.path().unwrap())] = json!(one.path_part());
    }
    for one in validators.items() {
        told[format!("validator {}", one.name().unwrap())] =
            json!([one.validate_request_body(), one.validate_request_parameters()]);
    }
    for one in models.items() {
        let name = one.name().unwrap();
        let mut model = json!({ "schema": one.schema(), "type": one.content_type(), "description": one.description() });
        forget_born(name, &mut model);
        told[format!("model {name}")] = model;
    }
    for one in responses.items() {
        told[format!("gateway response {}", one.response_type().unwrap())] = lines(&format!("{one:#?}"), &names);
    }
    told
}

/// A debugging text whose maps come in any order: its lines, sorted, with names in the place of identifiers.
fn lines(text: &str, names: &BTreeMap<String, String>) -> Value {
    let named = |line: &str| match line.split('"').nth(1).and_then(|id| names.get(id).map(|name| (id, name))) {
        Some((id, name)) => line.replace(id, name),
        None => line.to_owned(),
    };
    let mut lines: Vec<String> = text.lines().map(named).collect();
    lines.sort();
    json!(lines)
}

#[track_caller]
fn assert_same(one: &Value, other: &Value) {
    let mut different = Vec::new();
    differences("", one, other, &mut different);
    assert!(different.is_empty(), "{} differ:\n{}", different.len(), different[..different.len().min(12)].join("\n"));
}

fn differences(path: &str, one: &Value, other: &Value, found: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(left), Value::Object(right)) => {
            for key in left.keys().chain(right.keys().filter(|key| !left.contains_key(*key))) {
                differences(&format!("{path}/{key}"), &one[key], &other[key], found);
            }
        }
        _ if one != other => found.push(format!("{path}: {one} / {other}")),
        _ => {}
    }
}

const INVALID: Fault = Fault::Refused { status: 400, code: "BadRequestException", message: "Invalid document" };

/// Refuses documents, as an importer would that knows less than we think.
struct NoDocuments;

impl Between for NoDocuments {
    fn before<'a>(&'a self, call: &'a Intended) -> Decision<'a> {
        Box::pin(async move { (call.operation == "PutRestApi").then_some(INVALID) })
    }
}

/// The one call that AWS does not like tells more than the whole document.
#[tokio::test(start_paused = true)]
async fn where_the_document_is_refused_the_api_is_written_call_by_call() {
    const ROUTES: usize = 24;
    let world = World::with(counting());
    world.write("deploy.yaml", &many(ROUTES, "first"));
    let (recorder, cloud) = (Recorder::default(), EmbeddedCloud::from(world.cloud.clone()).with(Arc::new(NoDocuments)));
    let settings = Settings { cloud: Some(cloud), ..world.settings.clone() };
    pipeline::deploy(&settings, &recorder, &|_| true).await.unwrap_or_else(|failure| panic!("{failure:#?}"));
    let told = Told(recorder.0.into_inner());
    let refused = told.calls().iter().filter(|operation| **operation == "PutRestApi").count();
    assert_eq!(refused, 1, "it is not tried again");
    assert!(told.calls().iter().filter(|operation| **operation == "PutMethod").count() >= ROUTES);
    let text = "the API is written call by call, because its document was refused: Invalid document";
    assert!(told.0.iter().any(|event| matches!(event, Event::Note { text: note } if note == text)), "it is told");
    world.assert_idle().await;
}

/// API Gateway takes no document above 6 MB (`AWS_FACTS` A), and a template may have 300 KB.
#[tokio::test(start_paused = true)]
async fn a_document_larger_than_aws_takes_is_not_even_sent() {
    const ROUTES: usize = 24;
    for (bytes, documents) in [(100, 1), (280 * 1024, 0)] {
        let world = World::with(counting());
        world.write("long.vtl", &"x".repeat(bytes));
        world.write("deploy.yaml", &plain(ROUTES, &|_| true).replace("{ inline: new }", "long.vtl"));
        let told = world.deploy().await;
        assert_eq!(times(&told, "PutRestApi"), documents, "{ROUTES} templates of {bytes} bytes");
        assert_eq!(times(&told, "PutMethod") >= ROUTES, documents == 0);
        world.assert_idle().await;
    }
}
