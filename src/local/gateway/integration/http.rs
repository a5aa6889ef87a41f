//! HTTP backends, called over a plain connection of their own. TLS is not spoken from here.

use std::time::Duration;

use ::http::header::{CONTENT_LENGTH, HOST, HeaderName};
use ::http::uri::Authority;
use ::http::{Method as Verb, Request};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::net::TcpStream;

use super::Endpoint;
use crate::local::gateway::integration_request::IntegrationRequest;
use crate::local::gateway::record::Record;
use crate::local::gateway::refusal::{Kind, Refusal};
use crate::local::gateway::request::MethodRequest;
use crate::local::gateway::site::Integration;
use crate::local::gateway::{headers, limits};

const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What goes out.
#[derive(Debug)]
pub struct Outgoing {
    pub headers: Vec<(String, String)>,
    pub query: Vec<(String, String)>,
    pub path: Vec<(String, String)>,
    pub body: Bytes,
}

/// `HTTP_PROXY`: everything of the caller's, and what is mapped over it.
pub fn proxied(asked: IntegrationRequest, request: &MethodRequest) -> Outgoing {
    let hop = ["host", "connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "content-length"];
    let own = request.headers.iter().filter(|(name, _)| !hop.contains(&name.as_str()));
    let mut headers: Vec<(String, String)> =
        own.map(|(name, value)| (name.to_string(), headers::text(value).into_owned())).collect();
    headers.retain(|(name, _)| !asked.headers.iter().any(|(mapped, _)| mapped.eq_ignore_ascii_case(name)));
    headers.extend(asked.headers);
    headers.push(("x-forwarded-for".to_owned(), request.source_ip.to_string()));
    let mut query = request.query.clone();
    query.retain(|(name, _)| !asked.query.iter().any(|(mapped, _)| mapped == name));
    query.extend(asked.query);
    Outgoing { headers, query, path: asked.path, body: request.body.clone() }
}

/// # Errors
/// When the backend cannot be reached, speaks no HTTP, or takes too long.
pub async fn answer(
    uri: &str,
    integration: &Integration,
    outgoing: Outgoing,
    request: &MethodRequest,
    record: &mut Record,
) -> Result<Endpoint, Refusal> {
    let verb = integration.verb.as_deref().and_then(|verb| verb.parse().ok()).unwrap_or_else(|| request.verb.clone());
    let (authority, target) = address(uri, &outgoing)?;
    record.fact("backend", || format!("{verb} http://{authority}{target}"));
    let asked = to_send(verb, &authority, &target, outgoing, request)?;
    let response = within(integration.timeout, exchange(authority, asked)).await?;
    let (parts, body) = response.into_parts();
    record.endpoint.status = Some(parts.status.as_u16());
    record.fact("status", || parts.status.as_u16());
    record.document("result", &body);
    Ok(Endpoint {
        selector: parts.status.as_u16().to_string(),
        headers: parts.headers,
        body,
        told_trace: !integration.proxy,
    })
}

async fn within<T>(time: Duration, work: impl Future<Output = Result<T, String>>) -> Result<T, Refusal> {
    match tokio::time::timeout(time, work).await {
        Ok(done) => done.map_err(|reason| Kind::IntegrationFailure.because(reason)),
        Err(_) => {
            let reason = format!("the backend did not answer within {} ms", time.as_millis());
            Err(Kind::IntegrationTimeout.because(reason))
        }
    }
}

/// Host and request target, path variables filled in.
fn address(uri: &str, outgoing: &Outgoing) -> Result<(Authority, String), Refusal> {
    let failed = |reason: String| Kind::IntegrationFailure.because(reason);
    if uri.starts_with("https://") {
        return Err(failed(format!("{uri}: https backends are not called from this machine")));
    }
    let mut filled = uri.to_owned();
    for (name, value) in &outgoing.path {
        let greedy = format!("{{{name}+}}");
        let segments: Vec<String> = value.split('/').map(encoded).collect();
        filled = filled.replace(&greedy, &segments.join("/")).replace(&format!("{{{name}}}"), &encoded(value));
    }
    let invalid = || failed(format!("{filled} is no address of a backend"));
    let rest = filled.strip_prefix("http://").ok_or_else(invalid)?;
    let at = rest.find(['/', '?']).unwrap_or(rest.len());
    let authority: Authority = rest[..at].parse().map_err(|_| invalid())?;
    let mut target = rest[at..].to_owned();
    if !target.starts_with('/') {
        target.insert(0, '/');
    }
    for (name, value) in &outgoing.query {
        target.push(if target.contains('?') { '&' } else { '?' });
        target.push_str(&format!("{}={}", encoded(name), encoded(value)));
    }
    Ok((authority, target))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, KEPT).to_string()
}

fn to_send(
    verb: Verb,
    authority: &Authority,
    target: &str,
    outgoing: Outgoing,
    request: &MethodRequest,
) -> Result<Request<Full<Bytes>>, Refusal> {
    let mut asked = Request::builder().method(verb).uri(target).header(HOST, authority.as_str());
    let trace = ("x-amzn-trace-id".to_owned(), request.trace_id.clone());
    let given = outgoing.headers.into_iter().filter(|(name, _)| !name.eq_ignore_ascii_case(&trace.0));
    for (name, value) in given.chain([trace.clone()]) {
        if let Ok(name) = HeaderName::from_bytes(name.as_bytes())
            && name != HOST
            && name != CONTENT_LENGTH
        {
            asked = asked.header(name, headers::value(&value));
        }
    }
    asked.body(Full::new(outgoing.body)).map_err(|fault| Kind::IntegrationFailure.because(fault.to_string()))
}

async fn exchange(authority: Authority, asked: Request<Full<Bytes>>) -> Result<::http::Response<Bytes>, String> {
    let port = authority.port_u16().unwrap_or(80);
    let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
    let told = |what: &str, fault: &dyn std::fmt::Display| format!("the backend {authority} {what}: {fault}");
    let stream = TcpStream::connect((host, port)).await.map_err(|fault| told("cannot be reached", &fault))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|fault| told("does not speak HTTP", &fault))?;
    let driver = tokio::spawn(async move { connection.await.is_ok() });
    let response = sender.send_request(asked).await.map_err(|fault| told("broke off", &fault));
    let read = match response {
        Ok(response) => {
            let (parts, body) = response.into_parts();
            let body = Limited::new(body, limits::PAYLOAD).collect().await;
            body.map(|body| ::http::Response::from_parts(parts, body.to_bytes()))
                .map_err(|fault| told("sent no whole body of at most 10 MB", &fault))
        }
        Err(fault) => Err(fault),
    };
    driver.abort();
    read
}
