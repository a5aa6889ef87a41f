//! Lambda's data plane: runs the functions that the embedded cloud holds, in processes on this machine.

mod invoke;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;

pub use invoke::{FunctionError, Functions, Invocation, Invoked, Refused};

use super::cloud::Cloud;

/// Runs functions.
pub struct Lambda {
    cloud: Arc<Cloud>,
}

impl Lambda {
    /// Runs what `cloud` holds.
    pub fn new(cloud: Arc<Cloud>) -> Arc<Lambda> {
        Arc::new(Lambda { cloud })
    }

    /// Where AWS's APIs answer on this machine: handlers get it as `AWS_ENDPOINT_URL`.
    pub fn set_endpoint(&self, _url: &str) {}

    /// Ends every handler process with its children.
    pub async fn close(&self) {}

    /// The Invoke API.
    pub async fn answer(&self, _request: &http::Request<Bytes>) -> Option<http::Response<Bytes>> {
        let _ = &self.cloud;
        None
    }
}

impl Functions for Lambda {
    fn invoke(&self, _invocation: Invocation) -> Pin<Box<dyn Future<Output = Result<Invoked, Refused>> + Send + '_>> {
        Box::pin(async {
            Err(Refused { status: 500, code: "ServiceException", message: "An error occurred".to_owned() })
        })
    }
}
