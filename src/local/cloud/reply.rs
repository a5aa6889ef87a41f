//! Answers, in the four shapes AWS's protocols give them.

use std::io;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

/// Of an answer that is none, because the files behind this cloud cannot be used.
const UNUSABLE: &str = "x-poc-local-state";

/// One answer.
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl Reply {
    pub fn empty(status: u16) -> Reply {
        Reply { status, headers: Vec::new(), body: Bytes::new() }
    }

    pub fn json(status: u16, body: &Value) -> Reply {
        Reply::empty(status).header("content-type", "application/json").body(body.to_string().into_bytes())
    }

    pub fn xml(status: u16, body: String) -> Reply {
        Reply::empty(status).header("content-type", "text/xml").body(body.into_bytes())
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Reply {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Reply {
        self.body = body.into();
        self
    }

    pub fn into_http(self) -> Response<Bytes> {
        let mut response = Response::new(self.body);
        *response.status_mut() =
            http::StatusCode::from_u16(self.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&value)) {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

/// A refusal, before it is put into its protocol's shape.
#[derive(Clone, Debug)]
pub struct Failure {
    pub status: u16,
    pub code: String,
    pub message: String,
}

impl Failure {
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Failure {
        Failure { status, code: code.to_owned(), message: message.into() }
    }

    /// No refusal of AWS's: what is kept here cannot be read or written, and the same call fails in the same way. Not every
    /// answer has a body, so a header tells it, with what went wrong percent-encoded behind the word for its kind.
    pub fn of_disk(fault: &io::Error) -> Reply {
        let kind = match fault.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "full",
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => "denied",
            _ => "damaged",
        };
        let told = format!("{kind} {}", utf8_percent_encode(&fault.to_string(), NON_ALPHANUMERIC));
        Failure::new(500, "InternalFailure", fault.to_string()).json().header(UNUSABLE, &told)
    }

    /// rest-json (API Gateway) and json 1.1 (ACM, Logs).
    pub fn json(&self) -> Reply {
        Reply::json(self.status, &json!({ "__type": self.code, "message": self.message }))
            .header("x-amzn-errortype", &self.code)
    }

    /// Lambda's rest-json.
    pub fn lambda(&self) -> Reply {
        Reply::json(self.status, &json!({ "Type": "User", "Message": self.message }))
            .header("x-amzn-errortype", &self.code)
    }

    /// The query protocol (IAM, STS) and Route 53.
    pub fn query_xml(&self) -> Reply {
        let (code, message) = (escape_xml(&self.code), escape_xml(&self.message));
        Reply::xml(
            self.status,
            format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>local</RequestId></ErrorResponse>"
            ),
        )
    }

    /// S3.
    pub fn s3(&self) -> Reply {
        let (code, message) = (escape_xml(&self.code), escape_xml(&self.message));
        Reply::xml(
            self.status,
            format!("<Error><Code>{code}</Code><Message>{message}</Message><RequestId>local</RequestId></Error>"),
        )
    }
}

pub fn escape_xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
