//! The rooms joined: one account of AWS on this machine, with its APIs, its functions and its gateway.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use serde_json::json;

use super::cloud::Cloud;
use super::gateway::{Answer, Call, Gateway};
use super::lambda::Lambda;
use super::serve::{Answered, Answers, By, Destination};

/// `POC_LOCAL_ACCOUNT_THROTTLE=off` lifts the account's limit of 10 000 requests a second, for measurements.
pub const ACCOUNT_THROTTLE: &str = "POC_LOCAL_ACCOUNT_THROTTLE";

/// What a port of this machine answers.
pub struct LocalAws {
    cloud: Arc<Cloud>,
    gateway: Gateway,
    lambda: Arc<Lambda>,
    default_api: RwLock<Option<String>>,
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
        LocalAws { cloud, gateway, lambda, default_api: RwLock::default() }
    }

    pub fn cloud(&self) -> &Arc<Cloud> {
        &self.cloud
    }

    /// From now on, that API answers where the host name does not say which one is meant.
    pub fn set_default_api(&self, id: &str) {
        *self.default_api.write().unwrap_or_else(PoisonError::into_inner) = Some(id.to_owned());
    }

    /// Where this answers: handlers are told.
    pub fn set_endpoint(&self, url: &str) {
        self.lambda.set_endpoint(url);
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

    /// Whether this is the right server, and alive: for scripts that wait for it.
    fn health(&self, path: &str) -> Response<Bytes> {
        let known = path == "/_poc/health";
        let body = match known {
            true => json!({ "status": "ok", "api": self.default_api(), "version": env!("CARGO_PKG_VERSION") }),
            false => json!({ "message": "Not Found" }),
        };
        let mut response = Response::new(Bytes::from(body.to_string()));
        if !known {
            *response.status_mut() = http::StatusCode::NOT_FOUND;
        }
        response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

impl Answers for LocalAws {
    fn default_api(&self) -> Option<String> {
        self.default_api.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn answer(&self, to: Destination, request: Request<Bytes>, source: IpAddr) -> Answered {
        match to {
            Destination::Aws(service) => Answered { response: self.aws(request).await, by: By::Aws(service.name) },
            Destination::Api(target) => {
                let call = Call { target, request, source_ip: source, traced: false };
                let answer = self.call(call).await;
                Answered { response: answer.response, by: By::Api(Box::new(answer.trace)) }
            }
            Destination::Own => {
                let response = self.health(request.uri().path());
                Answered { response, by: By::Server { reason: String::new() } }
            }
        }
    }
}
