//! What it takes to invoke a function, and what comes back.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;

/// One invocation.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// `arn:aws:lambda:REGION:ACCOUNT:function:NAME`, with `:QUALIFIER` where an alias or a version is meant.
    pub function_arn: String,
    /// The event: JSON. Anything else is refused as Lambda refuses it.
    pub payload: Bytes,
    /// `X-Amzn-Trace-Id`, passed on to the handler.
    pub trace_id: Option<String>,
    /// `X-Amz-Client-Context`, decoded.
    pub client_context: Option<String>,
}

/// What the function came to: a result, or an error object in its place.
#[derive(Clone, Debug)]
pub struct Invoked {
    /// JSON: what the handler returned, or `{"errorMessage", "errorType", …}`.
    pub payload: Bytes,
    /// `X-Amz-Function-Error`.
    pub error: Option<FunctionError>,
    /// The version that ran: `$LATEST` or a number.
    pub executed_version: String,
    pub request_id: String,
    /// The last 4 KB of the log of this invocation (`X-Amz-Log-Result`, not yet base64).
    pub log_tail: String,
    /// Of the handler alone.
    pub duration: Duration,
    /// Of the cold start, where this invocation had one.
    pub init_duration: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionError {
    /// The handler raised it.
    Handled,
    /// The runtime died, timed out, or never came up. Lambda itself says `Unhandled` for both.
    Unhandled,
}

/// Lambda did not run the function: an error of its API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// HTTP status of the Invoke API.
    pub status: u16,
    /// `ResourceNotFoundException`, `TooManyRequestsException`, `InvalidRequestContentException`, …
    pub code: &'static str,
    pub message: String,
    /// `Reason` in the answer: which limit it was that throttled.
    pub reason: Option<&'static str>,
}

/// What an answer takes, whoever gives it.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, Refused>> + Send + 'a>>;

/// Who runs functions. The gateway knows this much of it.
pub trait Functions: Send + Sync {
    /// `RequestResponse`: runs it and waits.
    fn invoke(&self, invocation: Invocation) -> Pending<'_, Invoked>;

    /// `Event`: takes the event, and runs it later.
    fn queue(&self, invocation: Invocation) -> Pending<'_, ()>;

    /// `DryRun`: says whether it could run.
    fn check(&self, invocation: Invocation) -> Pending<'_, ()>;
}
