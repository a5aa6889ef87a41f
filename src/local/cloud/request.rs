//! A request as the services see it: who is meant (from the signature's credential scope), path segments, query, body.

use bytes::Bytes;
use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;

/// One signed request, taken apart.
#[derive(Debug)]
pub struct Request {
    pub method: Method,
    /// Who was asked, with any port: S3 tells buckets by it.
    pub host: String,
    /// As sent, percent-encoded, without the query.
    pub path: String,
    /// Decoded, without empty ones.
    pub segments: Vec<String>,
    /// Decoded, in order.
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    /// With any `aws-chunked` framing taken off.
    pub body: Bytes,
    service: String,
    region: String,
}

impl Request {
    pub fn new(request: http::Request<Bytes>) -> Request {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        let host = match parts.uri.authority() {
            Some(authority) => authority.to_string(),
            None => parts.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned(),
        };
        let query = form(parts.uri.query().unwrap_or_default());
        let (service, region) = scope(&parts.headers).unwrap_or_else(|| presigned(&query));
        let body = if is_chunked(&parts.headers) { unchunk(&body) } else { body };
        Request {
            segments: path.split('/').filter(|part| !part.is_empty()).map(decode).collect(),
            query,
            method: parts.method,
            host,
            headers: parts.headers,
            path,
            body,
            service,
            region,
        }
    }

    /// What one operation asks of another within a service: a body, already past the routing table.
    pub fn of_body(body: &serde_json::Value) -> Request {
        Request {
            method: Method::POST,
            host: String::new(),
            path: String::new(),
            segments: Vec::new(),
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: Bytes::from(body.to_string()),
            service: String::new(),
            region: String::new(),
        }
    }

    /// The signing name: `apigateway`, `s3`, …
    pub fn service(&self) -> &str {
        &self.service
    }

    pub fn region(&self) -> &str {
        &self.region
    }

    /// The first query value of that name.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as JSON; an empty or broken one is `null`.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or(serde_json::Value::Null)
    }

    /// The body as an `application/x-www-form-urlencoded` map: what the query protocol (IAM, STS) sends.
    pub fn form(&self) -> Vec<(String, String)> {
        form(&String::from_utf8_lossy(&self.body))
    }
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

pub(super) fn form(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(&key.replace('+', " ")), decode(&value.replace('+', " ")))
        })
        .collect()
}

/// Service and region out of `Credential=AKID/20260101/us-east-1/apigateway/aws4_request`.
fn scope(headers: &HeaderMap) -> Option<(String, String)> {
    let authorization = headers.get("authorization")?.to_str().ok()?;
    scope_of(authorization.split("Credential=").nth(1)?.split(',').next()?)
}

fn scope_of(credential: &str) -> Option<(String, String)> {
    let mut parts = credential.split('/').skip(2);
    let region = parts.next()?.to_owned();
    Some((parts.next()?.to_owned(), region))
}

/// A presigned URL carries its scope in the query; the older kind has none, and is S3's.
fn presigned(query: &[(String, String)]) -> (String, String) {
    let value = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let older = || value("AWSAccessKeyId").map(|_| ("s3".to_owned(), "us-east-1".to_owned()));
    let unsigned = || (String::new(), "us-east-1".to_owned());
    value("X-Amz-Credential").and_then(scope_of).or_else(older).unwrap_or_else(unsigned)
}

fn is_chunked(headers: &HeaderMap) -> bool {
    let says = |name: &str, word: &str| {
        headers.get(name).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains(word))
    };
    says("content-encoding", "aws-chunked") || says("x-amz-content-sha256", "STREAMING-")
}

/// Takes `aws-chunked` framing off: `SIZE[;extension]\r\nDATA\r\n … 0\r\ntrailers`.
fn unchunk(body: &Bytes) -> Bytes {
    let mut out = Vec::with_capacity(body.len());
    let mut rest: &[u8] = body;
    while let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") {
        let line = String::from_utf8_lossy(&rest[..end]);
        let Ok(size) = usize::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16) else { break };
        let start = end + 2;
        let Some(data) = start.checked_add(size).and_then(|end| rest.get(start..end)) else { break };
        if size == 0 {
            break;
        }
        out.extend_from_slice(data);
        rest = rest.get(start + size + 2..).unwrap_or_default();
    }
    Bytes::from(out)
}
