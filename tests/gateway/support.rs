//! An API from a few lines, a function that a test plays, and what a caller sees.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::types::{
    ApiStage, ContentHandlingStrategy, EndpointConfiguration, EndpointType, GatewayResponseType, IntegrationType, Op,
    PatchOperation, QuotaPeriodType, QuotaSettings, ThrottleSettings,
};
use bytes::Bytes;
use http::HeaderMap;
use poc::aws::EmbeddedCloud;
use poc::clock::Clock;
use poc::local::cloud::lambda::Function;
use poc::local::cloud::{Cloud, Profile};
use poc::local::gateway::{Answer, Call, Gateway, Target};
use poc::local::lambda::{FunctionError, Functions, Invocation, Invoked, Refused};
use serde_json::Value;

pub const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:admit";
pub const URI: &str = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:admit:prod/invocations";

/// 2026-01-31 12:00:00 UTC, a Saturday.
pub const NOON: u64 = 1_769_860_800;

type Played = dyn Fn(&Invocation) -> Result<Invoked, Refused> + Send + Sync;

/// The function: answers as the test says, after as long as the test says.
pub struct FakeFunction {
    play: Mutex<Arc<Played>>,
    takes: Mutex<Duration>,
    pub seen: Mutex<Vec<Invocation>>,
    pub finished: Mutex<usize>,
}

impl Default for FakeFunction {
    fn default() -> Self {
        FakeFunction {
            play: Mutex::new(Arc::new(|_: &Invocation| Ok(result("{\"result\": true}")))),
            takes: Mutex::default(),
            seen: Mutex::default(),
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
        self.plays(move |_| Err(Refused { status, code, message: message.clone() }));
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
    fn invoke(&self, invocation: Invocation) -> Pin<Box<dyn Future<Output = Result<Invoked, Refused>> + Send + '_>> {
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
        let resource = self.resource(&route.path).await;
        route.put(self, &resource).await;
    }

    async fn resource(&self, path: &str) -> String {
        let mut parent = self.root.clone();
        let mut whole = String::new();
        for part in path.split('/').filter(|part| !part.is_empty()) {
            whole = format!("{whole}/{part}");
            let all = self.client.get_resources().rest_api_id(&self.api).limit(500).send().await.unwrap();
            let known = all.items().iter().find(|one| one.path() == Some(whole.as_str()));
            parent = match known {
                Some(known) => known.id().unwrap().to_owned(),
                None => {
                    let made = self.client.create_resource().rest_api_id(&self.api).parent_id(&parent).path_part(part);
                    made.send().await.unwrap().id.unwrap()
                }
            };
        }
        parent
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
        let call = Call { target, request, source_ip: source.parse().unwrap(), traced: true };
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

/// One method, as a test needs it.
#[derive(Clone, Default)]
pub struct Route {
    pub path: String,
    verb: String,
    kind: Option<IntegrationType>,
    uri: Option<String>,
    integration_verb: Option<String>,
    api_key: bool,
    authorization: Option<&'static str>,
    validator: Option<String>,
    parameters: Vec<(String, bool)>,
    models: Vec<(String, String)>,
    mapped: Vec<(String, String)>,
    templates: Vec<(String, String)>,
    passthrough: Option<&'static str>,
    handling: Option<ContentHandlingStrategy>,
    timeout: Option<i32>,
    replies: Vec<Reply>,
}

/// An integration response and the method response of the same status.
#[derive(Clone, Default)]
pub struct Reply {
    status: String,
    pattern: Option<String>,
    headers: Vec<(String, String)>,
    templates: Vec<(String, String)>,
    handling: Option<ContentHandlingStrategy>,
    undeclared: bool,
}

impl Reply {
    pub fn new(status: &str) -> Reply {
        Reply { status: status.to_owned(), ..Reply::default() }
    }

    pub fn when(mut self, pattern: &str) -> Reply {
        self.pattern = Some(pattern.to_owned());
        self
    }

    pub fn header(mut self, name: &str, source: &str) -> Reply {
        self.headers.push((name.to_owned(), source.to_owned()));
        self
    }

    pub fn json(self, template: &str) -> Reply {
        self.template("application/json", template)
    }

    pub fn template(mut self, kind: &str, template: &str) -> Reply {
        self.templates.push((kind.to_owned(), template.to_owned()));
        self
    }

    pub fn handling(mut self, handling: &str) -> Reply {
        self.handling = Some(ContentHandlingStrategy::from(handling));
        self
    }

    /// Without a method response.
    pub fn undeclared(mut self) -> Reply {
        self.undeclared = true;
        self
    }
}

impl Route {
    /// MOCK that always says 200, with `body` as the answer's template.
    pub fn mock(verb: &str, path: &str, body: &str) -> Route {
        Route::new(verb, path, IntegrationType::Mock)
            .template("application/json", "{\"statusCode\": 200}")
            .reply(if body.is_empty() { Reply::new("200") } else { Reply::new("200").json(body) })
    }

    /// The function `admit`, with whatever templates are added.
    pub fn lambda(verb: &str, path: &str) -> Route {
        Route { uri: Some(URI.to_owned()), ..Route::new(verb, path, IntegrationType::Aws).by("POST") }
    }

    pub fn proxy(verb: &str, path: &str) -> Route {
        Route { uri: Some(URI.to_owned()), ..Route::new(verb, path, IntegrationType::AwsProxy).by("POST") }
    }

    pub fn new(verb: &str, path: &str, kind: IntegrationType) -> Route {
        Route { verb: verb.to_owned(), path: path.to_owned(), kind: Some(kind), ..Route::default() }
    }

    pub fn uri(mut self, uri: &str) -> Route {
        self.uri = Some(uri.to_owned());
        self
    }

    pub fn by(mut self, verb: &str) -> Route {
        self.integration_verb = Some(verb.to_owned());
        self
    }

    pub fn keyed(mut self) -> Route {
        self.api_key = true;
        self
    }

    pub fn signed(mut self) -> Route {
        self.authorization = Some("AWS_IAM");
        self
    }

    pub fn validated(mut self, validator: &str) -> Route {
        self.validator = Some(validator.to_owned());
        self
    }

    /// `querystring.gre`, and whether it is required.
    pub fn parameter(mut self, name: &str, required: bool) -> Route {
        self.parameters.push((format!("method.request.{name}"), required));
        self
    }

    pub fn model(mut self, kind: &str, name: &str) -> Route {
        self.models.push((kind.to_owned(), name.to_owned()));
        self
    }

    /// `header.X`, from a mapping expression.
    pub fn map(mut self, target: &str, source: &str) -> Route {
        self.mapped.push((format!("integration.request.{target}"), source.to_owned()));
        self
    }

    pub fn template(mut self, kind: &str, template: &str) -> Route {
        self.templates.retain(|(known, _)| known != kind);
        self.templates.push((kind.to_owned(), template.to_owned()));
        self
    }

    pub fn passthrough(mut self, behaviour: &'static str) -> Route {
        self.passthrough = Some(behaviour);
        self
    }

    pub fn handling(mut self, handling: &str) -> Route {
        self.handling = Some(ContentHandlingStrategy::from(handling));
        self
    }

    pub fn timeout(mut self, millis: i32) -> Route {
        self.timeout = Some(millis);
        self
    }

    pub fn reply(mut self, reply: Reply) -> Route {
        self.replies.retain(|known| known.status != reply.status);
        self.replies.push(reply);
        self
    }

    async fn put(self, world: &World, resource: &str) {
        let (client, api) = (&world.client, &world.api);
        let verb = &self.verb;
        let mut method = client.put_method().rest_api_id(api).resource_id(resource).http_method(verb);
        method = method.authorization_type(self.authorization.unwrap_or("NONE")).api_key_required(self.api_key);
        method = method.set_request_validator_id(self.validator);
        for (name, required) in &self.parameters {
            method = method.request_parameters(name, *required);
        }
        for (kind, name) in &self.models {
            method = method.request_models(kind, name);
        }
        method.send().await.unwrap();
        for reply in self.replies.iter().filter(|reply| !reply.undeclared) {
            let mut put = client.put_method_response().rest_api_id(api).resource_id(resource).http_method(verb);
            put = put.status_code(&reply.status);
            for (name, _) in &reply.headers {
                put = put.response_parameters(format!("method.response.header.{name}"), false);
            }
            put.send().await.unwrap();
        }
        let mut put = client.put_integration().rest_api_id(api).resource_id(resource).http_method(verb);
        put = put.r#type(self.kind.unwrap()).set_uri(self.uri).set_integration_http_method(self.integration_verb);
        put = put.set_content_handling(self.handling).set_timeout_in_millis(self.timeout);
        put = put.set_passthrough_behavior(self.passthrough.map(str::to_owned));
        for (target, source) in &self.mapped {
            put = put.request_parameters(target, source);
        }
        for (kind, text) in &self.templates {
            put = put.request_templates(kind, text);
        }
        put.send().await.unwrap();
        for reply in self.replies {
            let mut put = client.put_integration_response().rest_api_id(api).resource_id(resource).http_method(verb);
            put = put.status_code(reply.status).set_selection_pattern(reply.pattern);
            put = put.set_content_handling(reply.handling);
            for (name, source) in &reply.headers {
                put = put.response_parameters(format!("method.response.header.{name}"), source);
            }
            for (kind, text) in &reply.templates {
                put = put.response_templates(kind, text);
            }
            put.send().await.unwrap();
        }
    }
}
