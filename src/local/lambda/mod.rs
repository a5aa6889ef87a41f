//! Lambda's data plane: runs the functions that the embedded cloud holds, in processes on this machine, and answers as
//! Lambda would.
//!
//! An invocation goes through [`service`]: which version is meant ([`deployed`]), is there room for it ([`pool`]), a
//! warm sandbox or a new one ([`sandbox`]: a [`process`] with its [`runtime_api`] and its [`output`]), the package
//! unpacked ([`package`]), the interpreter found ([`runtimes`]), and Lambda's words for what went wrong ([`outcome`]).
//!
//! What differs from AWS: there is no jail. Handlers are processes of this user, `/tmp` is the machine's own (TMPDIR and
//! HOME are the sandbox's), and the memory limit is held on Linux only.

mod api;
mod chance;
mod deployed;
mod environment;
mod event;
mod frames;
mod invoke;
mod memory;
mod outcome;
mod output;
mod package;
mod pool;
mod process;
mod runtime_api;
mod runtimes;
mod sandbox;
mod service;

pub use runtimes::interpreter_for;

use std::sync::Arc;

use bytes::Bytes;

pub use environment::PASS_CREDENTIALS;
pub use invoke::{FunctionError, Functions, Invocation, Invoked, Pending, Refused};
pub use pool::{CONCURRENCY, CONCURRENCY_VARIABLE};
pub use runtimes::USE_SITE_PACKAGES;

use super::cloud::Cloud;
use super::cloud::lambda::Target;
use outcome::Denied;
use service::{Asked, Service};

/// Runs functions. Their processes end when this is dropped, at the latest.
pub struct Lambda {
    service: Arc<Service>,
}

impl Lambda {
    /// Runs what `cloud` holds. Packages are unpacked beside the cloud (`<cloud dir>/packages/<sha256>`), for a cloud in
    /// memory in a private temporary directory that goes away.
    pub fn new(cloud: Arc<Cloud>) -> Arc<Lambda> {
        Arc::new(Lambda { service: Service::new(cloud) })
    }

    /// Where AWS's APIs answer on this machine: handlers started from now on get it as `AWS_ENDPOINT_URL`.
    pub fn set_endpoint(&self, url: &str) {
        self.service.set_endpoint(url);
    }

    /// Ends every handler process with its children, and waits until they are gone. Nothing is run any more.
    pub async fn close(&self) {
        self.service.close().await;
    }

    /// The Invoke API: `POST /2015-03-31/functions/{name}/invocations`. None if the request is something else.
    pub async fn answer(&self, request: &http::Request<Bytes>) -> Option<http::Response<Bytes>> {
        if !api::is_invoke(request) {
            return None;
        }
        Some(api::answer(&self.service, request).await.into_http())
    }
}

impl Drop for Lambda {
    fn drop(&mut self) {
        self.service.shut();
    }
}

impl Functions for Lambda {
    fn invoke(&self, invocation: Invocation) -> Pending<'_, Invoked> {
        Box::pin(async move { self.service.run(asked(invocation)?).await.map_err(Denied::refused) })
    }

    fn queue(&self, invocation: Invocation) -> Pending<'_, ()> {
        Box::pin(async move { self.service.queue(asked(invocation)?).await.map(drop).map_err(Denied::refused) })
    }

    fn check(&self, invocation: Invocation) -> Pending<'_, ()> {
        Box::pin(async move { self.service.check(asked(invocation)?).await.map_err(Denied::refused) })
    }
}

fn asked(invocation: Invocation) -> Result<Asked, Refused> {
    let region = invocation.function_arn.split(':').nth(3).unwrap_or_default().to_owned();
    let target = Target::in_region(&region, &invocation.function_arn, None);
    Ok(Asked {
        target: target.map_err(|failure| Denied::from(failure).refused())?,
        region,
        event: invocation.payload,
        trace_id: invocation.trace_id,
        client_context: invocation.client_context,
    })
}
