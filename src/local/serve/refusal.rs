//! What the server answers by itself, in the shape of whoever was asked.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use serde_json::json;

use super::body::Unread;
use super::{By, Destination};

/// An answer of the server itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    /// The type of the error, as AWS names such things.
    pub(super) code: &'static str,
    pub(super) message: String,
    /// For the log, where it says more than the caller is told.
    pub(super) reason: String,
    /// The caller is an SDK, which looks for the type in the body, too.
    sdk: bool,
}

pub(super) fn refused(status: u16, code: &'static str, message: &str) -> Refusal {
    Refusal { status, code, message: message.to_owned(), reason: message.to_owned(), sdk: false }
}

impl Refusal {
    pub(super) fn because(mut self, reason: impl Into<String>) -> Refusal {
        self.reason = reason.into();
        self
    }

    pub(super) fn for_sdk(mut self) -> Refusal {
        self.sdk = true;
        self
    }

    /// A body that was not read to its end.
    pub(super) fn unread(unread: Unread, to: &Destination) -> Refusal {
        let longest = to.longest_body() >> 20;
        match (unread, to) {
            (Unread::TooLong, Destination::Aws(service)) if service.name == "s3" => {
                refused(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
                    .because(format!("the body has more than {longest} MB"))
            }
            (Unread::TooLong, Destination::Aws(service)) if service.name == "lambda" => {
                let message = format!("Request must be smaller than {} bytes", to.longest_body());
                refused(413, "RequestEntityTooLargeException", &message)
            }
            // `AWS_FACTS` C8; the gateway response REQUEST_TOO_LARGE cannot be customised (C7).
            (Unread::TooLong, _) => refused(413, "RequestTooLargeException", "Request Too Long")
                .because(format!("the body has more than {longest} MB")),
            (Unread::Slow, _) => refused(408, "RequestTimeout", "Request Timeout").because("the body came too slowly"),
            (Unread::Broken, _) => {
                refused(400, "BadRequestException", "Bad Request").because("the body broke off or was malformed")
            }
            (Unread::NoRoom, _) => busy().because("all bodies being read together take as much memory as they may"),
        }
    }

    pub(super) fn response(&self, to: Option<&Destination>) -> Response<Bytes> {
        let xml = matches!(to, Some(Destination::Aws(service)) if service.name == "s3");
        let (kind, body) = if xml {
            let body = format!("<Error><Code>{}</Code><Message>{}</Message></Error>", self.code, self.message);
            ("application/xml", body)
        } else {
            let body = match self.sdk {
                true => json!({ "__type": self.code, "message": self.message }),
                false => json!({ "message": self.message }),
            };
            ("application/json", body.to_string())
        };
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static(kind));
        response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(self.code));
        response
    }

    pub(super) fn by(self) -> By {
        By::Server { reason: self.reason }
    }
}

/// More at once than is answered at once.
pub(super) fn busy() -> Refusal {
    refused(503, "ServiceUnavailableException", "Service Unavailable")
}
