//! One request of a caller, and what it was answered.

use std::net::IpAddr;

use bytes::Bytes;

use super::Trace;

/// Which API a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// By its default endpoint, `{api}.execute-api.{region}.amazonaws.com`: the path begins with the stage.
    Api { id: String },
    /// By the host name it was sent to: a custom domain name, or a default endpoint.
    Host(String),
}

/// A whole request, read from the wire.
#[derive(Debug)]
pub struct Call {
    pub target: Target,
    /// With path and query as they were sent.
    pub request: http::Request<Bytes>,
    pub source_ip: IpAddr,
    pub traced: Traced,
}

/// What the answer's trace is to hold of a call's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traced {
    /// None of them: times alone.
    Times,
    /// The beginning of each, so that many traces can be kept.
    Beginnings,
    Whole,
}

#[derive(Debug)]
pub struct Answer {
    pub response: http::Response<Bytes>,
    pub trace: Trace,
}
