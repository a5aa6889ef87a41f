//! The cloud in this process, in the place of AWS. The one module of the deployer that may know `local`: what passes here
//! is HTTP.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use std::{fmt, io};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;
use bytes::Bytes;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::{mpsc, oneshot};

use crate::clock::Clock;
use crate::event::{Request, RequestStep};
use crate::local::aws::LocalAws;
use crate::local::cloud::faults::{Between, Fault, Intended};
use crate::local::cloud::{Cloud, Profile};
use crate::local::gateway::{Call, Step, StepName, Target, Trace, Traced};
use crate::local::lambda::{Lambda, interpreter_for};
use crate::local::serve::{By, Limits, Listener, Served, Server, Site};

/// The cloud in this process, as the deployer may hold it: something to connect to and nothing more.
#[derive(Clone)]
pub struct EmbeddedCloud {
    aws: Arc<LocalAws>,
    /// Who makes calls go wrong.
    between: Option<Arc<dyn Between>>,
}

/// Guards nothing. A word that is nowhere else, so that a test can look for it in what is said.
const SECRET_ACCESS_KEY: &str = "the-embedded-cloud-trusts-everybody";

impl EmbeddedCloud {
    /// The one kept under `directory`, quick and shared with other processes.
    ///
    /// # Errors
    /// When the directory cannot be made or what it holds cannot be read.
    pub fn open(directory: &Path, clock: Clock) -> std::io::Result<EmbeddedCloud> {
        Cloud::open(directory, clock, Profile { logging_role: true, ..Profile::quick() }).map(EmbeddedCloud::from)
    }

    /// The same one with AWS's manners, on a day that `seed` stands for.
    ///
    /// # Errors
    /// As [`EmbeddedCloud::open`].
    pub fn simulated(directory: &Path, clock: Clock, seed: u64) -> std::io::Result<EmbeddedCloud> {
        Cloud::open(directory, clock, Profile { logging_role: true, ..Profile::aws(seed) }).map(EmbeddedCloud::from)
    }

    /// A cloud whose functions somebody else runs, too.
    pub fn with_lambda(cloud: Arc<Cloud>, lambda: Arc<Lambda>) -> EmbeddedCloud {
        EmbeddedCloud { aws: Arc::new(LocalAws::with_lambda(cloud, lambda)), between: None }
    }

    /// The same cloud, with somebody on the line.
    #[must_use]
    pub fn with(self, between: Arc<dyn Between>) -> EmbeddedCloud {
        EmbeddedCloud { between: Some(between), ..self }
    }

    /// What time it is there.
    pub fn clock(&self) -> Clock {
        self.aws.cloud().clock()
    }

    /// Where it has AWS's manners: the seed of the chance in them.
    pub fn traffic(&self) -> Option<u64> {
        self.aws.cloud().profile().traffic
    }

    /// A caller's request to a deployed API, by the host name in its URI: the answer, and what happened on the way, as
    /// JSON (with every value where `traced`).
    pub async fn send(
        &self,
        request: http::Request<Bytes>,
        traced: bool,
    ) -> (http::Response<Bytes>, serde_json::Value) {
        let target = Target::Host(request.uri().host().unwrap_or_default().to_owned());
        let traced = if traced { Traced::Whole } else { Traced::Times };
        let answer = self.aws.call(Call { target, request, source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST), traced }).await;
        // A trace holds maps with texts for keys only; it always serialises.
        (answer.response, serde_json::to_value(&answer.trace).unwrap_or_default())
    }

    /// Ends the functions' processes and writes down what was counted.
    pub async fn close(&self) {
        self.aws.close().await;
    }

    /// Client settings that send every request here.
    pub fn sdk_config(&self, region: &str) -> SdkConfig {
        let credentials = Credentials::new("LOCAL", SECRET_ACCESS_KEY, None, None, "embedded cloud");
        SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::v2026_01_12())
            .region(Region::new(region.to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(self.clone())
            .retry_config(RetryConfig::disabled())
            .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .time_source(self.aws.cloud().clock())
            .build()
    }
}

impl From<Arc<Cloud>> for EmbeddedCloud {
    fn from(cloud: Arc<Cloud>) -> Self {
        EmbeddedCloud { aws: Arc::new(LocalAws::new(cloud)), between: None }
    }
}

impl fmt::Debug for EmbeddedCloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmbeddedCloud")
    }
}

impl HttpClient for EmbeddedCloud {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for EmbeddedCloud {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (aws, between) = (self.aws.clone(), self.between.clone());
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|fault| ConnectorError::user(fault.into()))?;
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map_err(ConnectorError::user)?.to_bytes();
            let request = http::Request::from_parts(parts, body);
            let response = match between {
                Some(between) => disturbed(&aws, &*between, request).await?,
                None => aws.aws(request).await.map(SdkBody::from),
            };
            HttpResponse::try_from(response).map_err(|fault| ConnectorError::other(fault.into(), None))
        })
    }
}

/// As long as the real client waits for an answer.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// The call as it goes with somebody on the line, and what a client of HTTP makes of that.
async fn disturbed(
    aws: &LocalAws,
    between: &dyn Between,
    request: http::Request<Bytes>,
) -> Result<http::Response<SdkBody>, ConnectorError> {
    let intended = Intended::of(request.clone());
    let Some(fault) = between.before(&intended).await else { return Ok(aws.aws(request).await.map(SdkBody::from)) };
    if let Some(answer) = fault.answer(&intended) {
        return Ok(answer.map(SdkBody::from));
    }
    let lost = |kind: io::ErrorKind, text: &str| ConnectorError::io(io::Error::new(kind, text).into());
    let late = || ConnectorError::timeout(io::Error::new(io::ErrorKind::TimedOut, "HTTP read timeout").into());
    match fault {
        Fault::ConnectionRefused => {
            Err(lost(io::ErrorKind::ConnectionRefused, "tcp connect error: Connection refused"))
        }
        Fault::ResetBefore => Err(lost(io::ErrorKind::ConnectionReset, "connection reset by peer")),
        Fault::ResetAfter => {
            aws.aws(request).await;
            Err(lost(io::ErrorKind::ConnectionReset, "connection closed before message completed"))
        }
        Fault::HangBefore => {
            let _ = tokio::time::timeout(READ_TIMEOUT, std::future::pending::<()>()).await;
            Err(late())
        }
        Fault::HangAfter => {
            let answered = async {
                aws.aws(request).await;
                std::future::pending::<()>().await;
            };
            let _ = tokio::time::timeout(READ_TIMEOUT, answered).await;
            Err(late())
        }
        _ => Ok(aws.aws(request).await.map(half)),
    }
}

/// The first half of a body, and then the connection breaks.
fn half(body: Bytes) -> SdkBody {
    let broken = io::Error::new(io::ErrorKind::UnexpectedEof, "connection closed before message completed");
    let frames = [Ok(Frame::data(body.slice(..body.len() / 2))), Err(broken)];
    SdkBody::from_body_1_x(StreamBody::new(futures_util::stream::iter(frames)))
}

/// Request events that may wait to be told; what comes while that many wait is counted only.
const UNTOLD: usize = 10_000;

/// A port that is held for a cloud, and not answered yet.
#[derive(Debug)]
pub struct Port(Listener);

impl Port {
    /// Call it inside a runtime.
    ///
    /// # Errors
    /// When the address is in use, or not this machine's.
    pub fn bind(address: SocketAddr) -> io::Result<Port> {
        Listener::bind(address).map(Port)
    }

    /// # Errors
    /// When the system does not tell.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.0.address()
    }
}

/// The cloud behind a port, in a thread of its own, so that a deploy and requests do not wait for each other.
pub struct Serving {
    aws: Arc<LocalAws>,
    told: mpsc::Receiver<Served>,
    answered: Arc<AtomicU64>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl EmbeddedCloud {
    /// Answers what arrives at `port` from now on.
    ///
    /// # Errors
    /// When the system refuses a thread or what a runtime needs.
    pub fn serve(&self, port: Port) -> io::Result<Serving> {
        let address = port.address()?;
        // The one chance that no run has to repeat: it guards a secret.
        let mut chance = StdRng::try_from_os_rng().map_err(|fault| io::Error::other(fault.to_string()))?;
        let aws = self.aws.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = mpsc::channel(UNTOLD);
        let answered = Arc::new(AtomicU64::new(0));
        let (serving, counted) = (aws.clone(), answered.clone());
        let observer = Box::new(move |served: Served| {
            if matches!(served.by, By::Page) {
                return;
            }
            counted.fetch_add(1, Ordering::Relaxed);
            // A terminal that does not keep up must not hold up the server, nor fill its memory.
            let _ = tell.try_send(served);
        });
        let server = {
            let _inside = runtime.enter();
            Server::start(port.0, aws.clone(), Limits::default(), observer)?
        };
        aws.set_endpoint(&format!("http://{}", reachable(address)));
        aws.page().open(address.ip(), &mut chance);
        let thread = std::thread::Builder::new().name("server".to_owned()).spawn(move || {
            runtime.block_on(async {
                // A sender that is gone asks for the same.
                let _ = stopped.await;
                server.stop().await;
                serving.close().await;
            });
        })?;
        Ok(Serving { aws, told, answered, stop: Some(stop), thread: Some(thread) })
    }
}

impl Serving {
    /// From now on, that API answers where the host name does not say which one is meant.
    pub fn set_default_api(&self, id: &str) {
        self.aws.set_default_api(id);
    }

    /// From now on, the site in that bucket answers beside the API, which keeps what is under the path `api` (`/prod`).
    pub fn set_site(&self, bucket: Option<&str>, api: &str) {
        self.aws.set_site(bucket.map(|bucket| Site { bucket: bucket.to_owned(), api: api.to_owned() }));
    }

    /// From now on, the page at `/_poc/` shows `routes`, of the stage that answers under the path `api`. False where that
    /// path is the page's own, and stays the API's.
    pub fn set_page(&self, routes: serde_json::Value, stage: &str, api: &str) -> bool {
        let page = self.aws.page();
        page.set_routes(routes, stage, api);
        page.has_room()
    }

    /// The next request that was answered; pending while there is none.
    pub async fn request(&mut self) -> Request {
        match self.told.recv().await {
            Some(served) => request(served),
            None => std::future::pending().await,
        }
    }

    /// Requests answered so far.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Lets the answers under way finish, ends the handler processes, gives the port back. What was answered in the
    /// meantime is still told.
    pub async fn stop(&mut self, tell: impl Fn(Request)) {
        drop(self.stop.take());
        // The server's end drops the observer, and with it the sender.
        while let Some(served) = self.told.recv().await {
            tell(request(served));
        }
        if let Some(thread) = self.thread.take() {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

/// What would run a function of that runtime on this machine (`Python 3.11.7`), or what it would take. None: nothing of
/// this machine's, the package brings it.
pub async fn interpreter(runtime: &str) -> Option<Result<String, String>> {
    interpreter_for(runtime).await
}

/// What callers on this machine may put into a URL.
pub fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => (Ipv4Addr::LOCALHOST, address.port()).into(),
        IpAddr::V6(ip) if ip.is_unspecified() => (Ipv6Addr::LOCALHOST, address.port()).into(),
        _ => address,
    }
}

fn request(served: Served) -> Request {
    let time = jiff::Timestamp::try_from(served.at).unwrap_or_default();
    let mut request = Request {
        time: time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        source: served.source.to_string(),
        method: served.method.to_string(),
        target: served.target,
        status: served.status.as_u16(),
        elapsed: served.elapsed,
        answered_by: "poc",
        resource: None,
        api_key: None,
        request_id: None,
        steps: Vec::new(),
        reason: None,
    };
    match served.by {
        By::Aws(service) => request.answered_by = service,
        By::Page => {}
        By::Website { reason } => {
            request.answered_by = "site";
            request.reason = reason;
        }
        By::Server { reason } => request.reason = Some(reason).filter(|reason| !reason.is_empty()),
        By::Api(trace) => {
            request.answered_by = "api";
            request.steps = trace.steps.iter().map(|step| of_step(step, &trace)).collect();
            request.resource = trace.resource_path;
            request.api_key = trace.api_key;
            request.request_id = Some(trace.request_id).filter(|id| !id.is_empty());
            request.reason = trace.reason;
        }
    }
    request
}

fn of_step(step: &Step, trace: &Trace) -> RequestStep {
    let name = match step.name {
        StepName::MethodRequest => "method_request",
        StepName::IntegrationRequest => "integration_request",
        StepName::Integration => "integration",
        StepName::IntegrationResponse => "integration_response",
        StepName::MethodResponse => "method_response",
    };
    let cold = trace.cold_start.filter(|_| step.name == StepName::Integration);
    RequestStep { name, elapsed: step.elapsed, cold }
}
