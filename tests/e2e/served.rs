//! A deploy.yaml deployed by the pipeline and served on a port, with a real Python handler behind it; the AWS APIs of the same
//! port, for what deploy.yaml has no words for.

use std::net::SocketAddr;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::types::{Op, PatchOperation};
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use poc::aws::{EmbeddedCloud, Port, Serving};

use super::routes::{Draft, Route};
use super::rows::Rows;
use super::support::{REGION, World};

/// What all files begin with: the function `admit`, which does what its event says, in the stage `prod`.
const BEGINNING: &str = "\
name: E2e
stage: prod
region: us-east-1
package: { path: app, bucket: e2e-packages }
function: { name: admit, runtime: python3.13, handler: handler.lambda_handler, memory: 256, timeout: 20 }
";

pub struct Served {
    pub world: World,
    pub address: SocketAddr,
    /// Of the API that deploy.yaml made.
    pub api: String,
    /// The SDK against the port, as any program with `AWS_ENDPOINT_URL` would have it.
    pub client: Client,
    pub lambda: aws_sdk_lambda::Client,
    serving: Serving,
}

impl Served {
    /// `rest` is deploy.yaml from the API on.
    pub async fn file(rest: &str) -> Served {
        Served::file_in(World::new(), rest).await
    }

    /// With something else in the place of `from`.
    pub async fn changed(from: &str, to: &str, rest: &str) -> Served {
        let beginning = BEGINNING.replace(from, to);
        assert_ne!(beginning, BEGINNING, "{from} is not there");
        Served::written(World::new(), &beginning, rest).await
    }

    pub async fn file_in(world: World, rest: &str) -> Served {
        Served::written(world, BEGINNING, rest).await
    }

    async fn written(world: World, beginning: &str, rest: &str) -> Served {
        world.write("deploy.yaml", &format!("{beginning}{rest}"));
        world.write("app/handler.py", include_str!("app/handler.py"));
        Served::world(world).await
    }

    pub async fn world(world: World) -> Served {
        world.deploy().await;
        let port = Port::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = port.address().unwrap();
        let serving = EmbeddedCloud::from(world.cloud.clone()).serve(port).unwrap();
        let config = sdk(address);
        let client = Client::new(&config);
        let apis = client.get_rest_apis().send().await.unwrap();
        let [api] = apis.items() else { panic!("{apis:?}") };
        let api = api.id().unwrap().to_owned();
        serving.set_default_api(&api);
        Served { world, address, api, client, lambda: aws_sdk_lambda::Client::new(&config), serving }
    }

    pub fn rows(&self) -> Rows {
        Rows::new(self.address)
    }

    /// The value of the key of that name.
    pub async fn key(&self, name: &str) -> String {
        let keys = self.client.get_api_keys().include_values(true).send().await.unwrap();
        let key = keys.items().iter().find(|key| key.name() == Some(name));
        key.and_then(|key| key.value()).unwrap_or_else(|| panic!("no key {name}: {keys:?}")).to_owned()
    }

    /// Another API beside the file's, by the SDK's own calls alone. It may invoke the function, too.
    pub async fn api(&self, name: &str) -> Api<'_> {
        let made = self.client.create_rest_api().name(name).send().await.unwrap();
        let id = made.id.unwrap();
        let permission = self.lambda.add_permission().function_name("admit").qualifier("prod");
        let permission = permission.statement_id(name).principal("apigateway.amazonaws.com");
        let source = format!("arn:aws:execute-api:us-east-1:000000000000:{id}/*/*");
        permission.action("lambda:InvokeFunction").source_arn(source).send().await.unwrap();
        Api { served: self, id, root: made.root_resource_id.unwrap() }
    }

    pub async fn stop(mut self) {
        self.serving.stop(|_| ()).await;
    }
}

/// An API that no deploy.yaml knows.
pub struct Api<'a> {
    pub served: &'a Served,
    pub id: String,
    root: String,
}

impl Api<'_> {
    pub async fn put(&self, route: Route) {
        Draft { client: &self.served.client, api: &self.id, root: &self.root }.put(route).await;
    }

    pub async fn deploy(&self) {
        self.served.client.create_deployment().rest_api_id(&self.id).stage_name("prod").send().await.unwrap();
    }

    /// Its own name, which leads to this machine.
    pub fn host(&self) -> String {
        format!("{}.execute-api.localhost:{}", self.id, self.served.address.port())
    }
}

pub fn patch(op: Op, path: &str, value: &str) -> PatchOperation {
    PatchOperation::builder().op(op).path(path).value(value).build()
}

fn sdk(address: SocketAddr) -> SdkConfig {
    let credentials = Credentials::new("LOCAL", "local", None, None, "test");
    SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::v2026_01_12())
        .region(Region::new(REGION))
        .endpoint_url(format!("http://{address}"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::disabled())
        .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
        .time_source(aws_smithy_async::time::SystemTimeSource::new())
        .build()
}
