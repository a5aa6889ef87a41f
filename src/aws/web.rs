//! Requests to what was deployed, and not to AWS itself: over the network with the SDK's own HTTP client, or to the
//! cloud in this process. They are not calls to AWS's API, so they are neither paced nor counted.

use std::cell::OnceCell;
use std::time::Duration;

use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::display::DisplayErrorContext;
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};

use super::{Aws, EmbeddedCloud, Error, ErrorKind, Result, wire};

/// API Gateway sends at most 10 MB; another server may not fill the memory either.
const LARGEST: usize = 64 * 1024 * 1024;

/// The answer, and where the cloud in this process gave it, what happened on the way, as JSON.
pub type Fetched = (http::Response<Bytes>, Option<serde_json::Value>);

impl Aws<'_> {
    /// Sends one request over the network, once.
    ///
    /// # Errors
    /// `unreachable` where no connection could be made, `unclear` where the answer was lost.
    pub async fn fetch(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>> {
        let whither = whither(&request);
        let lost = |kind, why: String| Error { kind, ..unanswered(&whither, &why) };
        let request = HttpRequest::try_from(request.map(SdkBody::from))
            .map_err(|fault| lost(ErrorKind::Invalid, fault.to_string()))?;
        let answer = self.web.connector(wire::is_here(&whither)).call(request).await.map_err(|fault| {
            let kind = if fault.is_io() { ErrorKind::Unreachable } else { ErrorKind::Unclear };
            lost(kind, innermost(&fault))
        })?;
        let answer = answer.try_into_http1x().map_err(|fault| lost(ErrorKind::Unclear, fault.to_string()))?;
        let (parts, body) = answer.into_parts();
        let body =
            Limited::new(body, LARGEST).collect().await.map_err(|fault| lost(ErrorKind::Unclear, fault.to_string()))?;
        Ok(http::Response::from_parts(parts, body.to_bytes()))
    }

    /// Sends one request to an API by its own host name: where the cloud in this process is what the rest of the run
    /// talks to, there.
    ///
    /// # Errors
    /// As [`Aws::fetch`].
    pub async fn fetch_api(&self, request: http::Request<Bytes>, traced: bool) -> Result<Fetched> {
        match self.embedded() {
            Some(cloud) => {
                let (answer, trace) = cloud.send(request, traced).await;
                Ok((answer, Some(trace)))
            }
            None => Ok((self.fetch(request).await?, None)),
        }
    }

    /// Ends what was started in this process in order to answer.
    pub async fn close(&self) {
        if let Some(cloud) = self.embedded() {
            cloud.close().await;
        }
    }

    pub fn embedded(&self) -> Option<&EmbeddedCloud> {
        self.cloud.as_ref()
    }
}

/// Connectors that keep what was connected.
#[derive(Debug, Default)]
pub(super) struct Web {
    here: OnceCell<SharedHttpConnector>,
    elsewhere: OnceCell<SharedHttpConnector>,
}

impl Web {
    fn connector(&self, here: bool) -> &SharedHttpConnector {
        let cell = if here { &self.here } else { &self.elsewhere };
        cell.get_or_init(|| {
            // A REST API answers within 29 seconds, or with 504.
            let settings = HttpConnectorSettings::builder()
                .connect_timeout(Duration::from_secs(5))
                .read_timeout(Duration::from_secs(40));
            let sleep = SharedAsyncSleep::new(TokioSleep::new());
            SharedHttpConnector::new(wire::connector(Some(settings.build()), Some(sleep), here))
        })
    }
}

fn whither(request: &http::Request<Bytes>) -> String {
    let uri = request.uri();
    format!("{}://{}", uri.scheme_str().unwrap_or("https"), uri.authority().map_or("", |authority| authority.as_str()))
}

fn unanswered(whither: &str, why: &str) -> Error {
    let next = match wire::is_here(whither) {
        true => "see that it runs (`poc dev`), or give another --url",
        false => "check that it is deployed (`poc status`) and the network; --url names another place",
    };
    Error::refused("unreachable", format!("{whither} does not answer: {why}"), next)
}

fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    let text = last.to_string();
    if text.is_empty() { DisplayErrorContext(error).to_string() } else { text }
}
