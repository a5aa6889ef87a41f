//! Rows of a table: what is sent, and what AWS would answer. All rows are tried; the ones that differ are told together, by
//! name.

use std::net::SocketAddr;

use serde_json::Value;

use super::wire::{Call, Seen};

/// What a row says must come back. Who answered decides which headers are there (`AWS_FACTS` C7).
#[derive(Clone)]
pub struct Expected {
    status: u16,
    by: By,
    body: Body,
    headers: Vec<(&'static str, Option<String>)>,
}

#[derive(Clone)]
enum By {
    /// C7: "`X-Amzn-Trace-Id` only for AWS/AWS_PROXY/HTTP success".
    Function,
    /// C7: "not MOCK, not HTTP_PROXY".
    Mock,
    /// C7: "Errors add `x-amzn-ErrorType`", "not gateway errors" for the trace.
    Gateway(&'static str),
}

#[derive(Clone)]
enum Body {
    Any,
    Text(String),
    Json(Value),
    Bytes(Vec<u8>),
}

/// An answer made of what the function said.
pub fn function(status: u16) -> Expected {
    Expected { status, by: By::Function, body: Body::Any, headers: Vec::new() }
}

/// An answer made of a mock integration.
pub fn mock(status: u16) -> Expected {
    Expected { by: By::Mock, ..function(status) }
}

/// The gateway's own refusal: its error type, and `{"message":…}` as the default template of all types writes it.
pub fn refused(status: u16, error_type: &'static str, message: &str) -> Expected {
    Expected::any(status, error_type).text(&format!("{{\"message\":{}}}", Value::from(message)))
}

impl Expected {
    /// A refusal whose body is the API's own.
    pub fn any(status: u16, error_type: &'static str) -> Expected {
        Expected { by: By::Gateway(error_type), ..function(status) }
    }

    /// The body, to the letter.
    pub fn text(mut self, body: &str) -> Expected {
        self.body = Body::Text(body.to_owned());
        self
    }

    /// The body, whatever its blanks.
    pub fn json(mut self, body: Value) -> Expected {
        self.body = Body::Json(body);
        self
    }

    pub fn bytes(mut self, body: &[u8]) -> Expected {
        self.body = Body::Bytes(body.to_vec());
        self
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Expected {
        self.headers.push((name, Some(value.to_owned())));
        self
    }

    pub fn without(mut self, name: &'static str) -> Expected {
        self.headers.push((name, None));
        self
    }

    fn differs(&self, seen: &Seen) -> Vec<String> {
        let mut wrong = Vec::new();
        if seen.status != self.status {
            wrong.push(format!("status {}, not {}", seen.status, self.status));
        }
        let mut headers = self.headers.clone();
        let mut unless_told = |name: &'static str, value: Option<&str>| {
            if !headers.iter().any(|(told, _)| told.eq_ignore_ascii_case(name)) {
                headers.push((name, value.map(str::to_owned)));
            }
        };
        // C6: "Response `Content-Type` defaults to `application/json`".
        unless_told("content-type", Some("application/json"));
        unless_told("x-amzn-errortype", if let By::Gateway(kind) = self.by { Some(kind) } else { None });
        if !matches!(self.by, By::Function) {
            unless_told("x-amzn-trace-id", None);
        }
        for (name, value) in headers {
            let there = seen.header(name);
            if there != value {
                wrong.push(format!("{name}: {there:?}, not {value:?}"));
            }
        }
        // C7: "Every response: `x-amzn-RequestId`, `x-amz-apigw-id`, `Content-Type`, `Date`, `Connection`".
        for name in ["x-amzn-requestid", "x-amz-apigw-id", "content-type", "date", "connection"] {
            if seen.header(name).is_none() {
                wrong.push(format!("no {name}"));
            }
        }
        if matches!(self.by, By::Function)
            && !seen.header("x-amzn-trace-id").is_some_and(|id| id.starts_with("Root=1-"))
        {
            wrong.push(format!("x-amzn-trace-id: {:?}", seen.header("x-amzn-trace-id")));
        }
        let same = match &self.body {
            Body::Any => true,
            Body::Text(body) => seen.bytes == body.as_bytes(),
            Body::Json(body) => serde_json::from_slice::<Value>(&seen.bytes).is_ok_and(|there| there == *body),
            Body::Bytes(body) => seen.bytes == *body,
        };
        if !same {
            let wanted = match &self.body {
                Body::Json(body) => body.to_string(),
                Body::Text(text) => text.clone(),
                Body::Bytes(bytes) => format!("{bytes:?}"),
                Body::Any => String::new(),
            };
            wrong.push(format!("body {:?}, not {wanted:?}", seen.text()));
        }
        wrong
    }
}

/// A table under way.
pub struct Rows {
    address: SocketAddr,
    tried: usize,
    wrong: Vec<String>,
}

impl Rows {
    pub fn new(address: SocketAddr) -> Rows {
        Rows { address, tried: 0, wrong: Vec::new() }
    }

    /// Tries one row.
    pub fn row(&mut self, name: &str, call: Call, expected: Expected) -> Seen {
        self.tried += 1;
        let seen = call.send(self.address);
        let wrong = expected.differs(&seen);
        if !wrong.is_empty() {
            self.wrong.push(format!("- {name} ({call}):\n    {}", wrong.join("\n    ")));
        }
        seen
    }

    /// Notes what a row alone cannot say.
    pub fn holds(&mut self, name: &str, holds: bool, seen: &dyn std::fmt::Debug) {
        self.tried += 1;
        if !holds {
            self.wrong.push(format!("- {name}: {seen:?}"));
        }
    }

    #[track_caller]
    pub fn end(self) {
        let Rows { tried, wrong, .. } = self;
        assert!(wrong.is_empty(), "{} of {tried} rows differ:\n{}", wrong.len(), wrong.join("\n"));
    }
}
