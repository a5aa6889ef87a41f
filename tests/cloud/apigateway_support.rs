//! An account with nothing in it, the steps most stories begin with, and the rows of a table of refusals.

use std::sync::Arc;

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::config::http::HttpResponse;
use aws_sdk_apigateway::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_apigateway::types::{EndpointConfiguration, EndpointType, IntegrationType, Op, PatchOperation};
use poc::aws::EmbeddedCloud;
use poc::clock::Clock;
use poc::local::cloud::acm::Certificate;
use poc::local::cloud::{ACCOUNT, Cloud, Profile};

pub const FUNCTION: &str = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:ServerlessPOCAdmission:prod/invocations";

pub struct Account {
    pub cloud: Arc<Cloud>,
    pub client: Client,
}

impl std::ops::Deref for Account {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

pub fn account() -> Account {
    with_profile(Profile::quick())
}

pub fn with_profile(profile: Profile) -> Account {
    of(Cloud::in_memory(Clock::system(), profile), "us-east-1")
}

pub fn of(cloud: Arc<Cloud>, region: &str) -> Account {
    let client = Client::new(&EmbeddedCloud::from(cloud.clone()).sdk_config(region));
    Account { cloud, client }
}

/// An API as the stories begin with it.
pub struct Api {
    pub id: String,
    pub root: String,
}

impl Account {
    pub async fn api(&self) -> Api {
        let regional = EndpointConfiguration::builder().types(EndpointType::Regional).build();
        let api = self
            .create_rest_api()
            .name("ServerlessPOC")
            .endpoint_configuration(regional)
            .send()
            .await
            .expect("an API can be created");
        Api { id: api.id.expect("it has an id"), root: api.root_resource_id.expect("it has a root") }
    }

    pub async fn resource(&self, api: &Api, parent: &str, part: &str) -> String {
        let resource = self.create_resource().rest_api_id(&api.id).parent_id(parent).path_part(part).send().await;
        resource.expect("a resource can be created").id.expect("it has an id")
    }

    pub async fn method(&self, api: &Api, resource: &str, verb: &str) {
        let method = self.put_method().rest_api_id(&api.id).resource_id(resource).http_method(verb);
        method.authorization_type("NONE").send().await.expect("a method can be put");
    }

    /// A method with an integration that needs nothing behind it.
    pub async fn mock(&self, api: &Api, resource: &str, verb: &str) {
        self.method(api, resource, verb).await;
        let integration = self.put_integration().rest_api_id(&api.id).resource_id(resource).http_method(verb);
        integration.r#type(IntegrationType::Mock).send().await.expect("an integration can be put");
    }

    pub async fn deployment(&self, api: &Api) -> String {
        let deployment = self.create_deployment().rest_api_id(&api.id).send().await;
        deployment.expect("a deployment can be made").id.expect("it has an id")
    }

    pub async fn stage(&self, api: &Api, name: &str) -> String {
        let deployment = self.deployment(api).await;
        let stage = self.create_stage().rest_api_id(&api.id).stage_name(name).deployment_id(&deployment);
        stage.send().await.expect("a stage can be created");
        deployment
    }

    /// An API with one method, deployed to the stage `prod`.
    pub async fn deployed(&self) -> Api {
        let api = self.api().await;
        self.mock(&api, &api.root, "GET").await;
        self.stage(&api, "prod").await;
        api
    }

    pub async fn key(&self, name: &str) -> String {
        let key = self.create_api_key().name(name).enabled(true).send().await;
        key.expect("a key can be created").id.expect("it has an id")
    }

    pub async fn plan(&self, name: &str) -> String {
        self.create_usage_plan().name(name).send().await.expect("a plan can be created").id.expect("it has an id")
    }

    /// A certificate, past ACM: `apigateway_names.rs` shows how one comes to be.
    pub async fn certificate(&self, region: &str, name: &str, issued: bool, domains: &[&str]) -> String {
        let arn = format!("arn:aws:acm:{region}:{ACCOUNT}:certificate/{name}");
        let certificate = Certificate {
            arn: arn.clone(),
            region: region.to_owned(),
            domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
            requested: u64::MAX,
            issued: issued.then_some(0),
            ..Certificate::default()
        };
        let keep = self.cloud.inspect(|state| state.acm.certificates.insert(arn.clone(), certificate)).await;
        keep.expect("memory does not fail");
        arn
    }

    /// A body that the SDK would not send: the answer's status and text.
    pub async fn raw(&self, method: &str, path: &str, body: &str) -> (u16, serde_json::Value) {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("https://apigateway.us-east-1.amazonaws.com{path}"))
            .header("authorization", "AWS4-HMAC-SHA256 Credential=LOCAL/20260101/us-east-1/apigateway/aws4_request")
            .body(bytes::Bytes::from(body.to_owned()))
            .expect("a well-formed request");
        let response = self.cloud.handle(request).await;
        let status = response.status().as_u16();
        let body = serde_json::from_slice(response.body()).unwrap_or_default();
        (status, body)
    }
}

pub fn patch(op: &str, path: &str, value: Option<&str>) -> PatchOperation {
    PatchOperation::builder().op(Op::from(op)).path(path).set_value(value.map(str::to_owned)).build()
}

pub fn replace(path: &str, value: &str) -> PatchOperation {
    patch("replace", path, Some(value))
}

pub fn add(path: &str, value: &str) -> PatchOperation {
    patch("add", path, Some(value))
}

pub fn remove(path: &str) -> PatchOperation {
    patch("remove", path, None)
}

/// Rows of a table: all are looked at before the test fails, so that one run shows everything that is off.
#[derive(Default)]
pub struct Rows {
    wrong: Vec<String>,
}

impl Rows {
    /// `outcome` must be this refusal, with the HTTP status its code has.
    #[track_caller]
    pub fn refused<T, E>(&mut self, row: &str, outcome: Result<T, SdkError<E, HttpResponse>>, code: &str, message: &str)
    where
        E: ProvideErrorMetadata,
    {
        let seen = match &outcome {
            Ok(_) => "accepted".to_owned(),
            Err(error) => {
                let status = error.raw_response().map_or(0, |response| response.status().as_u16());
                format!("{status} {}: {}", error.code().unwrap_or("?"), error.message().unwrap_or("?"))
            }
        };
        let expected = format!("{} {code}: {message}", status_of(code));
        if seen != expected {
            self.wrong.push(format!("{row}\n  expected {expected}\n  seen     {seen}"));
        }
    }

    #[track_caller]
    pub fn accepted<T, E>(&mut self, row: &str, outcome: Result<T, SdkError<E, HttpResponse>>)
    where
        E: ProvideErrorMetadata,
    {
        if let Err(error) = outcome {
            self.wrong.push(format!("{row}\n  refused: {:?}: {:?}", error.code(), error.message()));
        }
    }

    pub fn check(&mut self, row: &str, holds: bool) {
        if !holds {
            self.wrong.push(format!("{row}\n  does not hold"));
        }
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(self.wrong.is_empty(), "{} rows are off:\n{}", self.wrong.len(), self.wrong.join("\n"));
        }
    }
}

/// The HTTP status of each code (`AWS_FACTS`, end of appendix A).
fn status_of(code: &str) -> u16 {
    match code {
        "NotFoundException" => 404,
        "ConflictException" => 409,
        "LimitExceededException" => 429,
        _ => 400,
    }
}
