//! The method request: what a caller sent, taken apart once.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode;

use super::headers;
use super::site::Admission;

/// One request of a method that was found.
#[derive(Debug)]
pub struct MethodRequest {
    pub id: String,
    pub extended_id: String,
    /// When it came: milliseconds since 1970.
    pub at: u64,
    pub source_ip: IpAddr,
    pub verb: http::Method,
    /// Host name as it was asked for, without the port.
    pub domain: String,
    /// As it was sent, stage or base path included.
    pub full_path: String,
    /// As it was sent, from the resource on.
    pub path: String,
    /// Whether the full path begins with the stage's name, not with a base path.
    pub by_stage: bool,
    pub version: http::Version,
    pub headers: HeaderMap,
    /// Decoded, in the order they were sent.
    pub query: Vec<(String, String)>,
    /// Decoded.
    pub path_parameters: Vec<(Arc<str>, String)>,
    pub body: Bytes,
    /// `X-Amzn-Trace-Id`
    pub trace_id: String,
    pub admission: Option<Arc<Admission>>,
    /// Of the AWS_IAM caller.
    pub access_key: Option<String>,
}

impl MethodRequest {
    /// The last value of a query parameter, as API Gateway takes it (`AWS_FACTS` C1).
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn queries<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The last value of a header. Names are compared without case: the library that reads HTTP tells no case.
    pub fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        self.headers.get_all(name).iter().next_back().map(headers::text)
    }

    pub fn headers(&self, name: &str) -> Vec<Cow<'_, str>> {
        match HeaderName::from_bytes(name.as_bytes()) {
            Ok(name) => self.headers.get_all(name).iter().map(headers::text).collect(),
            Err(_) => Vec::new(),
        }
    }

    pub fn path_parameter(&self, name: &str) -> Option<&str> {
        self.path_parameters.iter().find(|(key, _)| **key == *name).map(|(_, value)| value.as_str())
    }

    /// Adds what API Gateway tells integrations about the way a request took. Callers of AWS came by HTTPS.
    pub fn add_forwarded(&mut self) {
        let mut hops: Vec<String> = self.headers("x-forwarded-for").into_iter().map(Cow::into_owned).collect();
        hops.push(self.source_ip.to_string());
        self.headers.insert("x-forwarded-for", headers::value(&hops.join(", ")));
        self.headers.insert("x-forwarded-port", HeaderValue::from_static("443"));
        self.headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
        if !self.headers.contains_key("x-amzn-trace-id") {
            self.headers.insert("x-amzn-trace-id", headers::value(&self.trace_id));
        }
    }

    /// `application/json` where the request says nothing (`AWS_FACTS` C4).
    pub fn content_type(&self) -> String {
        match self.headers.get(http::header::CONTENT_TYPE) {
            Some(value) => super::media::bare(&headers::text(value)),
            None => "application/json".to_owned(),
        }
    }

    pub fn accepted(&self) -> Option<String> {
        self.headers.get(http::header::ACCEPT).map(|value| super::media::first_accepted(&headers::text(value)))
    }
}

/// `a=1&b=%20+x`, decoded as forms are.
pub fn parse_query(query: Option<&str>) -> Vec<(String, String)> {
    let decode = |text: &str| {
        if !text.contains(['%', '+']) {
            return text.to_owned();
        }
        let spaced: Vec<u8> = text.bytes().map(|byte| if byte == b'+' { b' ' } else { byte }).collect();
        percent_decode(&spaced).decode_utf8_lossy().into_owned()
    };
    let parts = query.unwrap_or_default().split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(name), decode(value))
        })
        .collect()
}
