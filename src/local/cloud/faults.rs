//! What goes wrong between a client and AWS. It stands where the client's HTTP connector meets the cloud, so that the
//! whole client, with its timeouts, its parsing and its retries, meets it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::simulation::{operation, too_many};
use super::{Failure, Reply, Request};

/// One thing that goes wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    TooManyRequests,
    InternalError,
    Unavailable,
    /// No connection: nothing was sent.
    ConnectionRefused,
    /// The connection broke before the request had arrived.
    ResetBefore,
    /// The request was carried out, and the connection broke before the answer had arrived.
    ResetAfter,
    /// Nothing comes back, and nothing was done.
    HangBefore,
    /// Nothing comes back, and yet it was done.
    HangAfter,
    /// The answer ends in the middle of its body.
    Truncated,
    ExpiredToken,
    AccessDenied,
    /// Whatever else AWS may answer.
    Refused {
        status: u16,
        code: &'static str,
        message: &'static str,
    },
}

impl Fault {
    /// Those that a run may outlive.
    pub const PASSING: [Fault; 9] = [
        Fault::TooManyRequests,
        Fault::InternalError,
        Fault::Unavailable,
        Fault::ConnectionRefused,
        Fault::ResetBefore,
        Fault::ResetAfter,
        Fault::HangBefore,
        Fault::HangAfter,
        Fault::Truncated,
    ];

    /// AWS's refusal in the service's own shape, where the fault is an answer.
    pub fn answer(self, call: &Intended) -> Option<http::Response<Bytes>> {
        let service = call.service.as_str();
        let (status, code, message) = match self {
            Fault::TooManyRequests => return Some(too_many(service, Duration::from_secs(1)).into_http()),
            Fault::InternalError => (500, "InternalFailure", "An internal error occurred.".to_owned()),
            Fault::Unavailable => (503, "ServiceUnavailable", "The service is unavailable.".to_owned()),
            Fault::ExpiredToken => (
                if service == "s3" { 400 } else { 403 },
                expired(service),
                "The security token included in the request is expired".to_owned(),
            ),
            Fault::AccessDenied => (403, denied(service), call.denial()),
            Fault::Refused { status, code, message } => (status, code, message.to_owned()),
            _ => return None,
        };
        let failure = Failure::new(status, code, message);
        let reply: Reply = match service {
            "s3" if call.bodiless => Reply::empty(status),
            "s3" => failure.s3(),
            "iam" | "sts" | "route53" => failure.query_xml(),
            "lambda" => failure.lambda(),
            _ => failure.json(),
        };
        Some(reply.into_http())
    }
}

fn expired(service: &str) -> &'static str {
    if matches!(service, "s3" | "iam" | "sts" | "route53") { "ExpiredToken" } else { "ExpiredTokenException" }
}

fn denied(service: &str) -> &'static str {
    if matches!(service, "s3" | "iam" | "sts" | "route53") { "AccessDenied" } else { "AccessDeniedException" }
}

/// A call that a client is about to make.
#[derive(Clone, Debug)]
pub struct Intended {
    pub service: String,
    /// AWS's name of the operation.
    pub operation: &'static str,
    /// As it was sent.
    pub request: Arc<Request>,
    /// The answer to a HEAD has no body.
    bodiless: bool,
}

impl Intended {
    pub fn of(request: http::Request<Bytes>) -> Intended {
        let bodiless = request.method() == http::Method::HEAD;
        let request = Arc::new(Request::new(request));
        Intended { service: request.service().to_owned(), operation: operation(&request), request, bodiless }
    }

    /// Does it change anything?
    pub fn is_write(&self) -> bool {
        !["Get", "List", "Describe", "Head"].iter().any(|look| self.operation.starts_with(look))
    }

    fn denial(&self) -> String {
        let Intended { service, operation, .. } = self;
        format!("User: arn:aws:iam::{}:user/local is not authorized to perform: {service}:{operation}", super::ACCOUNT)
    }
}

/// A decision, possibly after something else was done.
pub type Decision<'a> = Pin<Box<dyn Future<Output = Option<Fault>> + Send + 'a>>;

/// Who stands between a client and the cloud.
pub trait Between: Send + Sync {
    /// Asked before every call: what goes wrong with it. The cloud is not locked meanwhile, so that what others do just
    /// then can be done here.
    fn before<'a>(&'a self, call: &'a Intended) -> Decision<'a>;
}
