//! What the gateway itself costs per request: a MOCK method, and a function behind templates, a key, a throttle and a
//! quota, with a function that answers at once.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::types::{ApiStage, IntegrationType, QuotaPeriodType, QuotaSettings, ThrottleSettings};
use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use poc::aws::EmbeddedCloud;
use poc::clock::Clock;
use poc::local::cloud::lambda::Function;
use poc::local::cloud::{Cloud, Profile};
use poc::local::gateway::{Call, Gateway, Target, Traced};
use poc::local::lambda::{Functions, Invocation, Invoked, Pending};
use tokio::runtime::Builder;

const KEY: &str = "the-value-of-the-key-of-the-benchmark";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:admit";

struct Immediate;

impl Functions for Immediate {
    fn queue(&self, _: Invocation) -> Pending<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn check(&self, _: Invocation) -> Pending<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn invoke(&self, _: Invocation) -> Pending<'_, Invoked> {
        Box::pin(async {
            Ok(Invoked {
                payload: Bytes::from_static(b"{\"result\": true}"),
                error: None,
                executed_version: "1".to_owned(),
                request_id: String::new(),
                log_tail: String::new(),
                duration: Duration::ZERO,
                init_duration: None,
            })
        })
    }
}

fn bench(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let (gateway, api) = runtime.block_on(deployed());
    for (name, path) in [("mock", "/prod/mock"), ("function", "/prod/admit?gre=800&gpa=4&rank=1")] {
        criterion.bench_function(&format!("gateway/{name}"), |bencher| {
            bencher.iter(|| {
                let answer = runtime.block_on(gateway.handle(call(&api, path)));
                assert_eq!(answer.response.status(), 200, "{:?}", answer.trace.reason);
                black_box(answer)
            });
        });
    }
}

fn call(api: &str, path: &str) -> Call {
    let request = http::Request::get(path)
        .header("host", "127.0.0.1:3000")
        .header("user-agent", "bench")
        .header("accept", "*/*")
        .header("x-api-key", KEY);
    Call {
        target: Target::Api { id: api.to_owned() },
        request: request.body(Bytes::new()).expect("a well-formed request"),
        source_ip: [127, 0, 0, 1].into(),
        traced: Traced::Times,
    }
}

async fn deployed() -> (Gateway, String) {
    let cloud = Cloud::in_memory(Clock::system(), Profile::quick());
    let config = EmbeddedCloud::from(cloud.clone()).sdk_config("us-east-1");
    let client = Client::new(&config);
    let made = client.create_rest_api().name("bench").send().await.expect("an API");
    let (api, root) = (made.id.expect("an id"), made.root_resource_id.expect("a root"));
    let function = Function { arn: FUNCTION.to_owned(), name: "admit".to_owned(), ..Function::default() };
    let keep = |state: &mut poc::local::cloud::State| {
        state.lambda.regions.entry("us-east-1".to_owned()).or_default().insert("admit".to_owned(), function);
    };
    cloud.inspect(keep).await.expect("memory does not fail");
    let permission = aws_sdk_lambda::Client::new(&config).add_permission().function_name("admit").statement_id("all");
    permission
        .principal("apigateway.amazonaws.com")
        .action("lambda:InvokeFunction")
        .send()
        .await
        .expect("a permission");

    let request = "{\"gre\": \"$util.escapeJavaScript($input.params('gre'))\", \
                   \"gpa\": \"$util.escapeJavaScript($input.params('gpa'))\", \
                   \"rank\": \"$util.escapeJavaScript($input.params('rank'))\"}";
    method(&client, (&api, &root), "mock", false, None, "{\"statusCode\": 200}").await;
    let uri = format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations");
    method(&client, (&api, &root), "admit", true, Some(uri), request).await;
    client.create_deployment().rest_api_id(&api).stage_name("prod").send().await.expect("a deployment");
    key(&client, &api).await;
    (Gateway::new(cloud, Arc::new(Immediate)).without_account_throttle(), api)
}

async fn method(
    client: &Client,
    (api, root): (&str, &str),
    name: &str,
    keyed: bool,
    uri: Option<String>,
    template: &str,
) {
    let resource = client.create_resource().rest_api_id(api).parent_id(root).path_part(name).send().await;
    let id = resource.expect("a resource").id.expect("an id");
    let put = client.put_method().rest_api_id(api).resource_id(&id).http_method("GET").authorization_type("NONE");
    put.api_key_required(keyed).send().await.expect("a method");
    let put = client.put_method_response().rest_api_id(api).resource_id(&id).http_method("GET").status_code("200");
    put.send().await.expect("a method response");
    let put = client.put_method_response().rest_api_id(api).resource_id(&id).http_method("GET").status_code("400");
    put.send().await.expect("a method response");
    let kind = if uri.is_some() { IntegrationType::Aws } else { IntegrationType::Mock };
    let put = client.put_integration().rest_api_id(api).resource_id(&id).http_method("GET").r#type(kind);
    let put = put.set_integration_http_method(uri.is_some().then(|| "POST".to_owned())).set_uri(uri);
    put.request_templates("application/json", template).send().await.expect("an integration");
    for (status, pattern) in [("200", None), ("400", Some(".*\"httpStatus\":400.*".to_owned()))] {
        let put = client.put_integration_response().rest_api_id(api).resource_id(&id).http_method("GET");
        let put = put.status_code(status).set_selection_pattern(pattern);
        put.send().await.expect("an integration response");
    }
}

async fn key(client: &Client, api: &str) {
    let key = client.create_api_key().name("bench").value(KEY).enabled(true).send().await.expect("a key");
    let plan =
        client.create_usage_plan().name("bench").api_stages(ApiStage::builder().api_id(api).stage("prod").build());
    let plan = plan.throttle(ThrottleSettings::builder().rate_limit(1e9).burst_limit(1_000_000_000).build());
    let quota = QuotaSettings::builder().limit(2_000_000_000).period(QuotaPeriodType::Day).build();
    let plan = plan.quota(quota).send().await.expect("a plan").id.expect("an id");
    let put = client.create_usage_plan_key().usage_plan_id(plan).key_id(key.id.expect("an id")).key_type("API_KEY");
    put.send().await.expect("a key in the plan");
}

criterion_group!(benches, bench);
criterion_main!(benches);
