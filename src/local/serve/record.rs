//! What became of one request, for whoever keeps the log.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use http::{Method, StatusCode};

use crate::local::gateway::Trace;

/// One request and its answer.
#[derive(Clone, Debug)]
pub struct Served {
    /// When it had arrived.
    pub at: SystemTime,
    pub source: IpAddr,
    pub method: Method,
    /// Path and query, as they were sent.
    pub target: String,
    pub status: StatusCode,
    /// From the end of the request's headers to the answer.
    pub elapsed: Duration,
    pub by: By,
}

/// Who answered.
#[derive(Clone, Debug)]
pub enum By {
    /// A deployed API.
    Api(Box<Trace>),
    /// One of AWS's own APIs, by its signing name.
    Aws(&'static str),
    /// A website endpoint of S3; why it refused.
    Website { reason: Option<String> },
    /// The page, which asks every second: nobody wants to read of it.
    Page,
    /// The server, for itself or because the request was not fit to be passed on.
    Server { reason: String },
}

/// Is told of every request. Called where requests are answered, so it must not take long.
pub type Observer = Box<dyn Fn(Served) + Send + Sync>;
