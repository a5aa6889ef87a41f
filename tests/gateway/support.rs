//! An API from a few lines, a function that a test plays, and what a caller sees.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::types::{
    ApiStage, EndpointConfiguration, EndpointType, GatewayResponseType, Op, PatchOperation, QuotaPeriodType,
    QuotaSettings, ThrottleSettings,
};
use bytes::Bytes;
use http::HeaderMap;
use poc::aws::EmbeddedCloud;
use poc::clock::Clock;
use poc::local::cloud::lambda::Function;
use poc::local::cloud::{Cloud, Profile};
use poc::local::gateway::{Answer, Call, Gateway, Target, Traced};
use poc::local::lambda::{FunctionError, Functions, Invocation, Invoked, Pending, Refused};
use serde_json::Value;

#[path = "../support/routes.rs"]
mod routes;

use routes::Draft;
pub use routes::{Reply, Route, URI};

pub const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:admit";

/// 2026-01-31 12:00:00 UTC, a Saturday.
pub const NOON: u64 = 1_769_860_800;

type Played = dyn Fn(&Invocation) -> Result<Invoked, Refused> + Send + Sync;

/// The function: answers as the test says, after as long as the test says.
pub struct FakeFunction {
    play: Mutex<Arc<Played>>,
    takes: Mutex<Duration>,
    pub seen: Mutex<Vec<Invocation>>,
    /// Asynchronous ones.
    pub queued: Mutex<Vec<Invocation>>,
    pub finished: Mutex<usize>,
}

impl Default for FakeFunction {
    fn default() -> Self {
        FakeFunction {
            play: Mutex::new(Arc::new(|_: &Invocation| Ok(result("{\"result\": true}")))),
            takes: Mutex::default(),
            seen: Mutex::default(),
            queued: Mutex::default(),
            finished: Mutex::default(),
        }
    }
}

impl FakeFunction {
    pub fn returns(&self, payload: impl Into<String>) {
        let payload = payload.into();
        self.plays(move |_| Ok(result(&payload)));
    }

    pub fn raises(&self, message: &str) {
        let payload = serde_json::json!({ "errorMessage": message, "errorType": "Exception" }).to_string();
        self.plays(move |_| Ok(Invoked { error: Some(FunctionError::Unhandled), ..result(&payload) }));
    }

    pub fn refuses(&self, status: u16, code: &'static str, message: &str) {
        let message = message.to_owned();
        self.plays(move |_| {
            Err(Refused {
                status,
                code,
                message: message.clone(),
                reason: (status == 429).then_some("ConcurrentInvocationLimitExceeded"),
            })
        });
    }

    pub fn plays(&self, play: impl Fn(&Invocation) -> Result<Invoked, Refused> + Send + Sync + 'static) {
        *self.play.lock().unwrap() = Arc::new(play);
    }

    pub fn takes(&self, duration: Duration) {
        *self.takes.lock().unwrap() = duration;
    }

    /// The event of the last invocation.
    pub fn event(&self) -> Value {
        let seen = self.seen.lock().unwrap();
        let last = seen.last().expect("the function was invoked");
        serde_json::from_slice(&last.payload).unwrap_or_else(|_| panic!("not JSON: {:?}", last.payload))
    }

    pub fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

pub fn result(payload: &str) -> Invoked {
    Invoked {
        payload: Bytes::from(payload.to_owned()),
        error: None,
        executed_version: "1".to_owned(),
        request_id: "11111111-2222-3333-4444-555555555555".to_owned(),
        log_tail: String::new(),
        duration: Duration::from_millis(2),
        init_duration: None,
    }
}

impl Functions for FakeFunction {
    fn queue(&self, invocation: Invocation) -> Pending<'_, ()> {
        Box::pin(async move {
            self.queued.lock().unwrap().push(invocation.clone());
            let play = self.play.lock().unwrap().clone();
            play(&invocation).map(drop)
        })
    }

    fn check(&self, invocation: Invocation) -> Pending<'_, ()> {
        Box::pin(async move {
            let play = self.play.lock().unwrap().clone();
            play(&invocation).map(drop)
        })
    }

    fn invoke(&self, invocation: Invocation) -> Pending<'_, Invoked> {
        Box::pin(async move {
            self.seen.lock().unwrap().push(invocation.clone());
            let takes = *self.takes.lock().unwrap();
            if !takes.is_zero() {
                tokio::time::sleep(takes).await;
            }
            let play = self.play.lock().unwrap().clone();
            let outcome = play(&invocation);
            *self.finished.lock().unwrap() += 1;
            outcome
        })
    }
}

pub struct World {
    pub cloud: Arc<Cloud>,
    pub client: Client,
    pub lambda: aws_sdk_lambda::Client,
    pub function: Arc<FakeFunction>,
    pub gateway: Gateway,
    pub api: String,
    root: String,
}

/// What a caller sees, and the reason behind it.
pub struct Seen {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
    pub answer: Answer,
}

impl Seen {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn reason(&self) -> &str {
        self.answer.trace.reason.as_deref().unwrap_or_default()
    }

    /// Status, body and error type in one.
    #[track_caller]
    pub fn is(&self, status: u16, body: &str, error_type: &str) {
        assert_eq!(
            (self.status, self.body.as_str(), self.header("x-amzn-errortype")),
            (status, body, error_type),
            "reason: {}",
            self.reason()
        );
    }
}

impl World {
    /// A regional API without resources.
    pub async fn new() -> World {
        World::of(EndpointType::Regional).await
    }

    pub async fn of(endpoint: EndpointType) -> World {
        let clock = Clock::starting_at(SystemTime::UNIX_EPOCH + Duration::from_secs(NOON));
        World::in_cloud(Cloud::in_memory(clock, Profile::quick()), endpoint).await
    }

    pub async fn in_cloud(cloud: Arc<Cloud>, endpoint: EndpointType) -> World {
        let config = EmbeddedCloud::from(cloud.clone()).sdk_config("us-east-1");
        let client = Client::new(&config);
        let endpoint = EndpointConfiguration::builder().types(endpoint).build();
        let api = client.create_rest_api().name("ServerlessPOC").endpoint_configuration(endpoint).send().await.unwrap();
        let function = Arc::new(FakeFunction::default());
        let gateway = Gateway::new(cloud.clone(), function.clone());
        World {
            lambda: aws_sdk_lambda::Client::new(&config),
            client,
            function,
            gateway,
            api: api.id.unwrap(),
            root: api.root_resource_id.unwrap(),
            cloud,
        }
    }

    /// The function `admit` with the alias `prod`, which this API may invoke.
    pub async fn function(&self) {
        self.bare_function().await;
        let source = format!("arn:aws:execute-api:us-east-1:000000000000:{}/*/*", self.api);
        let permission = self.lambda.add_permission().function_name("admit").qualifier("prod").statement_id("gateway");
        let permission = permission.principal("apigateway.amazonaws.com").action("lambda:InvokeFunction");
        permission.source_arn(source).send().await.unwrap();
    }

    pub async fn bare_function(&self) {
        let mut function = Function { arn: FUNCTION.to_owned(), name: "admit".to_owned(), ..Function::default() };
        let alias: poc::local::cloud::lambda::Alias =
            serde_json::from_value(serde_json::json!({ "name": "prod", "version": "$LATEST" })).unwrap();
        function.aliases.insert("prod".to_owned(), alias);
        let keep = |state: &mut poc::local::cloud::State| {
            state.lambda.regions.entry("us-east-1".to_owned()).or_default().insert("admit".to_owned(), function);
        };
        self.cloud.inspect(keep).await.unwrap();
    }

    pub async fn put(&self, route: Route) {
        Draft { client: &self.client, api: &self.api, root: &self.root }.put(route).await;
    }

    /// The draft, live in the stage `prod`.
    pub async fn deploy(&self) {
        self.deploy_to("prod").await;
    }

    pub async fn deploy_to(&self, stage: &str) {
        self.client.create_deployment().rest_api_id(&self.api).stage_name(stage).send().await.unwrap();
    }

    pub async fn patch_stage(&self, patches: &[(&str, &str)]) {
        let update = self.client.update_stage().rest_api_id(&self.api).stage_name("prod");
        let patches = patches.iter().map(|(path, value)| patch("replace", path, value)).collect();
        update.set_patch_operations(Some(patches)).send().await.unwrap();
    }

    pub async fn patch_api(&self, patches: &[(&str, &str, &str)]) {
        let patches = patches.iter().map(|(op, path, value)| patch(op, path, value)).collect();
        let update = self.client.update_rest_api().rest_api_id(&self.api);
        update.set_patch_operations(Some(patches)).send().await.unwrap();
    }

    /// A key in a plan for the stage `prod`; returns the key's value and both identifiers.
    pub async fn key(&self, plan: Plan) -> Key {
        let value = format!("{}-secret-value-of-the-key", plan.name);
        let key = self.client.create_api_key().name(plan.name).value(&value).enabled(true).send().await.unwrap();
        let key = key.id.unwrap();
        let mut stage = ApiStage::builder().api_id(&self.api).stage("prod");
        for (method, rate, burst) in plan.methods {
            stage = stage.throttle(*method, throttle(*rate, *burst));
        }
        let made = self.client.create_usage_plan().name(plan.name).api_stages(stage.build());
        let made = made.set_throttle(plan.throttle.map(|(rate, burst)| throttle(rate, burst)));
        let made = made.set_quota(plan.quota.map(|(limit, period, offset)| {
            QuotaSettings::builder().limit(limit).period(QuotaPeriodType::from(period)).offset(offset).build()
        }));
        let plan = made.send().await.unwrap().id.unwrap();
        let put = self.client.create_usage_plan_key().usage_plan_id(&plan).key_id(&key).key_type("API_KEY");
        put.send().await.unwrap();
        Key { value, id: key, plan }
    }

    pub async fn gateway_response(
        &self,
        kind: &str,
        status: Option<&str>,
        headers: &[(&str, &str)],
        templates: &[(&str, &str)],
    ) {
        let put = self.client.put_gateway_response().rest_api_id(&self.api);
        let mut put = put.response_type(GatewayResponseType::from(kind)).set_status_code(status.map(str::to_owned));
        for (name, value) in headers {
            put = put.response_parameters(format!("gatewayresponse.header.{name}"), *value);
        }
        for (kind, text) in templates {
            put = put.response_templates(*kind, *text);
        }
        put.send().await.unwrap();
    }

    pub async fn validator(&self, body: bool, parameters: bool) -> String {
        let made = self.client.create_request_validator().rest_api_id(&self.api).name("validator");
        let made = made.validate_request_body(body).validate_request_parameters(parameters).send().await;
        made.unwrap().id.unwrap()
    }

    pub async fn model(&self, name: &str, schema: &str) {
        let made = self.client.create_model().rest_api_id(&self.api).name(name).content_type("application/json");
        made.schema(schema).send().await.unwrap();
    }

    /// GET below the stage `prod`.
    pub async fn get(&self, path: &str) -> Seen {
        self.send("GET", path, &[], "").await
    }

    pub async fn post(&self, path: &str, content_type: &str, body: &str) -> Seen {
        self.send("POST", path, &[("content-type", content_type)], body).await
    }

    pub async fn with_key(&self, path: &str, key: &str) -> Seen {
        self.send("GET", path, &[("X-API-Key", key)], "").await
    }

    pub async fn send(&self, verb: &str, path: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Seen {
        let target = Target::Api { id: self.api.clone() };
        self.call(target, verb, &format!("/prod{path}"), headers, Bytes::copy_from_slice(body.as_ref())).await
    }

    pub async fn host(&self, host: &str, path: &str) -> Seen {
        self.call(Target::Host(host.to_owned()), "GET", path, &[], Bytes::new()).await
    }

    pub async fn call(&self, target: Target, verb: &str, path: &str, headers: &[(&str, &str)], body: Bytes) -> Seen {
        self.call_from("127.0.0.1", target, verb, path, headers, body).await
    }

    pub async fn call_from(
        &self,
        source: &str,
        target: Target,
        verb: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Seen {
        let mut request = http::Request::builder().method(verb).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).unwrap();
        let call = Call { target, request, source_ip: source.parse().unwrap(), traced: Traced::Whole };
        seen(self.gateway.handle(call).await)
    }
}

pub fn seen(answer: Answer) -> Seen {
    Seen {
        status: answer.response.status().as_u16(),
        headers: answer.response.headers().clone(),
        body: String::from_utf8_lossy(answer.response.body()).into_owned(),
        answer,
    }
}

pub fn patch(op: &str, path: &str, value: &str) -> PatchOperation {
    PatchOperation::builder().op(Op::from(op)).path(path).value(value).build()
}

fn throttle(rate: f64, burst: i32) -> ThrottleSettings {
    ThrottleSettings::builder().rate_limit(rate).burst_limit(burst).build()
}

pub struct Key {
    pub value: String,
    pub id: String,
    pub plan: String,
}

#[derive(Clone, Copy)]
pub struct Plan {
    pub name: &'static str,
    /// Rate and burst.
    pub throttle: Option<(f64, i32)>,
    /// `/admit/GET`, rate and burst.
    pub methods: &'static [(&'static str, f64, i32)],
    /// Limit, period and offset.
    pub quota: Option<(i32, &'static str, i32)>,
}

impl Plan {
    pub const OPEN: Plan = Plan { name: "plan", throttle: None, methods: &[], quota: None };
}
