//! The rooms joined: one account of AWS on this machine, with its APIs, its functions, its gateway and its sites.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use serde_json::{Value, json};

use super::cloud::Cloud;
use super::cloud::s3::website::{self, Shown};
use super::gateway::{Answer, Call, Gateway, Traced};
use super::lambda::Lambda;
use super::page::{Begun, Page};
use super::serve::{Answered, Answers, By, Destination, Site};

/// `POC_LOCAL_ACCOUNT_THROTTLE=off` lifts the account's limit of 10 000 requests a second, for measurements.
pub const ACCOUNT_THROTTLE: &str = "POC_LOCAL_ACCOUNT_THROTTLE";

/// Answered to whoever reaches the port.
const HEALTH: &str = "/_poc/health";

/// The object that tells a site's pages where their API is.
const SETTINGS: &str = "/poc.json";

/// What a port of this machine answers.
pub struct LocalAws {
    cloud: Arc<Cloud>,
    gateway: Gateway,
    lambda: Arc<Lambda>,
    default_api: RwLock<Option<String>>,
    site: RwLock<Option<Site>>,
    endpoint: RwLock<String>,
    page: Page,
}

impl LocalAws {
    /// Answers for what `cloud` holds.
    pub fn new(cloud: Arc<Cloud>) -> LocalAws {
        LocalAws::with_lambda(cloud.clone(), Lambda::new(cloud))
    }

    /// A cloud whose functions somebody else runs, too.
    pub fn with_lambda(cloud: Arc<Cloud>, lambda: Arc<Lambda>) -> LocalAws {
        let mut gateway = Gateway::new(cloud.clone(), lambda.clone());
        if std::env::var(ACCOUNT_THROTTLE).is_ok_and(|throttle| throttle == "off") {
            gateway = gateway.without_account_throttle();
        }
        let (default_api, site, endpoint, page) = Default::default();
        LocalAws { cloud, gateway, lambda, default_api, site, endpoint, page }
    }

    pub fn cloud(&self) -> &Arc<Cloud> {
        &self.cloud
    }

    /// From now on, that API answers where the host name does not say which one is meant.
    pub fn set_default_api(&self, id: &str) {
        *self.default_api.write().unwrap_or_else(PoisonError::into_inner) = Some(id.to_owned());
    }

    /// From now on, that site answers where neither the host name nor the path means anything else.
    pub fn set_site(&self, site: Option<Site>) {
        *self.site.write().unwrap_or_else(PoisonError::into_inner) = site;
    }

    /// The page of the API.
    pub fn page(&self) -> &Page {
        &self.page
    }

    /// Where this answers: handlers are told, and pages.
    pub fn set_endpoint(&self, url: &str) {
        self.lambda.set_endpoint(url);
        url.clone_into(&mut self.endpoint.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Ends handler processes, and writes down what was counted.
    pub async fn close(&self) {
        self.lambda.close().await;
        self.gateway.close().await;
    }

    /// An AWS API: Lambda's data plane answers invocations, the control plane everything else.
    pub async fn aws(&self, request: Request<Bytes>) -> Response<Bytes> {
        match self.lambda.answer(&request).await {
            Some(response) => response,
            None => self.cloud.handle(request).await,
        }
    }

    /// A caller's request to a deployed API, with or without a port between.
    pub async fn call(&self, call: Call) -> Answer {
        self.gateway.handle(call).await
    }

    /// A call through the port; the page keeps it.
    async fn served(&self, target: super::gateway::Target, request: Request<Bytes>, source_ip: IpAddr) -> Answered {
        let traced = self.page.wants();
        let begun = (traced != Traced::Times).then(|| Begun::now(&request, self.cloud.clock().epoch_millis()));
        let Answer { response, trace } = self.call(Call { target, request, source_ip, traced }).await;
        let Some(begun) = begun else { return Answered { response, by: By::Api(Box::new(trace)) } };
        let times = trace.times();
        self.page.keep(begun, &response, trace);
        Answered { response, by: By::Api(Box::new(times)) }
    }

    /// What the server says for itself.
    async fn own(&self, request: Request<Bytes>) -> Answered {
        if request.uri().path() == HEALTH {
            return Answered { response: self.health(), by: By::Server { reason: String::new() } };
        }
        let keys = async || {
            let api = self.default_api().unwrap_or_default();
            self.gateway.keys(&api, &self.page.stage()).await
        };
        self.page.answer(&request.into_parts().0, keys).await
    }

    /// A page, as S3's website endpoint shows it. Of the site that is being worked on nothing is kept by the browser, and
    /// its pages are sent to the API on this machine.
    async fn site_page(&self, bucket: &str, request: &Request<Bytes>) -> Answered {
        let (method, path) = (request.method(), request.uri().path());
        let shown =
            self.cloud.look(|state, blobs| website::answer(&state.s3, blobs, bucket, method, path, request.headers()));
        let Shown { reply, mut reason } = match shown.await {
            Ok(shown) => shown,
            Err(fault) => {
                let reply = super::cloud::Failure::new(500, "InternalError", fault.to_string()).s3();
                Shown { reply, reason: Some(format!("what is deployed cannot be read: {fault}")) }
            }
        };
        let mut response = reply.into_http();
        if let Some(site) = Answers::site(self).filter(|site| site.bucket == bucket) {
            response.headers_mut().insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            if path == SETTINGS && response.status() == http::StatusCode::OK {
                self.lead_here(&site, request, &mut response);
            }
            // Whoever asks the site for what only the API has, most likely forgot the stage.
            reason = reason.map(|reason| format!("{reason}; the API answers under {}/", site.api));
        }
        Answered { response, by: By::Website { reason } }
    }

    /// Under the name that the page was asked for by, unless that name is the bucket's own: then page and API are of two
    /// origins, as on AWS.
    fn lead_here(&self, site: &Site, request: &Request<Bytes>, response: &mut Response<Bytes>) {
        let Ok(Value::Object(mut settings)) = serde_json::from_slice(response.body()) else { return };
        let named = request.headers().get(http::header::HOST).and_then(|host| host.to_str().ok());
        let host = request.uri().authority().map(http::uri::Authority::as_str).or(named);
        let host = host.filter(|host| !host.contains(".s3-website"));
        let here = host.map(|host| format!("http://{host}"));
        let here = here.unwrap_or_else(|| self.endpoint.read().unwrap_or_else(PoisonError::into_inner).clone());
        settings.insert("api".to_owned(), format!("{here}{}", site.api).into());
        response.headers_mut().remove(http::header::ETAG);
        *response.body_mut() = Bytes::from(Value::Object(settings).to_string());
    }

    /// Whether this is the right server, and alive: for scripts that wait for it.
    fn health(&self) -> Response<Bytes> {
        let body = json!({ "status": "ok", "api": self.default_api(), "version": env!("CARGO_PKG_VERSION") });
        let mut response = Response::new(Bytes::from(body.to_string()));
        response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

impl Answers for LocalAws {
    fn default_api(&self) -> Option<String> {
        self.default_api.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn site(&self) -> Option<Site> {
        self.site.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn has_own_paths(&self) -> bool {
        self.page.has_room()
    }

    async fn answer(&self, to: Destination, request: Request<Bytes>, source: IpAddr) -> Answered {
        match to {
            Destination::Aws(service) => Answered { response: self.aws(request).await, by: By::Aws(service.name) },
            Destination::Api(target) => self.served(target, request, source).await,
            Destination::Site(bucket) => self.site_page(&bucket, &request).await,
            Destination::Own => self.own(request).await,
        }
    }
}
