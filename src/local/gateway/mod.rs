//! API Gateway's data plane: calls what is deployed in the embedded cloud, step by step as `AWS_FACTS` C1 orders them.
//!
//! ```text
//! call → door → route → identity → policy → throttle → validate      the method request
//!      → integration_request (mapping, binary, template)              the integration request
//!      → integration (lambda, event, mock, http)                      the integration
//!      → response (pattern, binary, template, mapping)                its response, and the method's
//!      → answer, with a trace
//! ```
//!
//! | module | what it knows |
//! |---|---|
//! | `site` | what the cloud holds, compiled: made anew when the cloud changed, looked at by every request |
//! | `request`, `context` | what the caller sent, and `$context` made of it |
//! | `refusal`, `gateway_response` | the gateway's own answers, and what an API makes of them |
//! | `record`, `trace` | what happened, step by step |
//! | `access_log` | the line that CloudWatch Logs gets of it |
//! | `filled` | texts in which variables alone mean something |
//! | `media`, `encoding`, `headers`, `limits` | the small rules of HTTP that API Gateway adds |
//!
//! Where it cannot be as AWS is: header names arrive in lower case, because the library that reads HTTP says no other.
//! They are compared without case; templates and events see them as the method's declarations and templates spell them,
//! or `Like-This`.

mod access_log;
mod binary;
mod call;
mod context;
mod door;
mod encoding;
mod filled;
mod gateway_response;
mod headers;
mod identity;
mod ids;
mod integration;
mod integration_request;
mod limits;
mod mapping;
mod media;
mod pattern;
mod policy;
mod record;
mod refusal;
mod request;
mod response;
mod route;
mod site;
mod template;
mod throttle;
mod trace;
mod validate;

use std::sync::Arc;
use std::time::Duration;

use ::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, VIA};
use ::http::{Method as Verb, Response};
use bytes::Bytes;

pub use call::{Answer, Call, Target, Traced};
pub use ids::Ids;
pub use record::Secrets;
pub use trace::{Fact, Step, StepName, Trace};

use super::cloud::usage::Limit;
use super::cloud::{Cloud, age};
use super::lambda::Functions;
use access_log::Ended;
use door::Door;
use ids::RequestIds;
use mapping::Scope;
use record::Record;
use refusal::{Kind, Refusal};
use request::MethodRequest;
use site::{Method, Shelf, Sites, Stage};

/// How long counters wait before they are written down.
const WRITE_BEHIND: Duration = Duration::from_millis(150);

/// Serves what a cloud holds.
pub struct Gateway {
    cloud: Arc<Cloud>,
    functions: Arc<dyn Functions>,
    shelf: Shelf,
    ids: Ids,
    account: Option<Limit>,
}

/// A request that found its stage.
struct Visit {
    stage: Arc<Stage>,
    method: Option<Arc<Method>>,
    request: MethodRequest,
}

impl Gateway {
    /// Serves what `cloud` holds. Counters of throttles and quotas are kept beside it (in memory for a cloud in memory).
    pub fn new(cloud: Arc<Cloud>, functions: Arc<dyn Functions>) -> Gateway {
        let ids = Ids::new(cloud.clock().epoch_millis());
        Gateway { cloud, functions, shelf: Shelf::default(), ids, account: Some(throttle::ACCOUNT) }
    }

    /// Without the account's own throttle of 10 000 requests a second: for measuring how many there could be.
    #[must_use]
    pub fn without_account_throttle(self) -> Gateway {
        Gateway { account: None, ..self }
    }

    /// Answers one request. Never fails: what goes wrong is answered as API Gateway would, with the reason in the trace.
    pub async fn handle(&self, call: Call) -> Answer {
        let at = self.cloud.clock().epoch_millis();
        let mut record = Record::new(call.traced);
        let mut ids = self.ids.next(at);
        take_over(&mut ids, call.request.headers());
        let asked = Asked { head: call.request.method() == Verb::HEAD, accepted: accepted(call.request.headers()) };
        let mut visit = None;
        let outcome = match self.shelf.current(&self.cloud).await {
            Ok(sites) => self.serve(&sites, call, &ids, at, &mut visit, &mut record).await,
            Err(fault) => Err(Kind::ApiConfiguration.because(format!("what is deployed cannot be read: {fault}"))),
        };
        if self.cloud.usage().wants_writing() {
            self.write_behind();
        }
        record.enter(StepName::MethodResponse);
        let scope = visit.as_ref().map(|visit| Scope::new(&visit.stage, visit.method.as_deref(), &visit.request));
        let (mut response, refusal) = match outcome.and_then(sendable) {
            Ok(response) => (response, None),
            Err(refusal) => (gateway_response::answer(&refusal, scope.as_ref()), Some(refusal)),
        };
        if let Some(refusal) = &refusal {
            record.fact("gateway_response", || refusal.kind.response_type().unwrap_or("none"));
            record.trace.reason = refusal.reason.clone().or_else(|| Some(refusal.message.clone()));
        }
        finish(&mut response, &ids, visit.as_ref().map(|visit| &*visit.stage), &asked);
        record.fact("status", || response.status().as_u16());
        record.fact("headers", || told(response.headers()));
        if let Some(scope) = &scope
            && let Some(log) = &scope.stage.access_log
        {
            let (refusal, response) = (refusal.as_ref(), &response);
            log.write(&self.cloud, &Ended { scope, record: &record, refusal, response, request_id: &ids.logged }).await;
        }
        record.trace.request_id = ids.request;
        Answer { response, trace: record.finish() }
    }

    /// Does a key that joined its plan at that time open it by now (`AWS_FACTS` B3)?
    fn is_usable(&self, joined: u64) -> bool {
        age(self.cloud.clock().epoch_millis(), joined) >= self.cloud.profile().key_usable
    }

    /// Names and values of the API keys that open a stage, the oldest first.
    pub async fn keys(&self, api_id: &str, stage: &str) -> Vec<(String, String)> {
        let sites = self.shelf.current(&self.cloud).await.unwrap_or_default();
        let admissions = sites.apis.get(api_id).and_then(|stages| stages.get(stage)).map(|stage| &stage.admissions);
        let mut keys: Vec<_> = admissions.into_iter().flat_map(|admissions| admissions.values()).collect();
        keys.sort_by_key(|admission| (admission.joined, admission.key_name.clone()));
        keys.into_iter().map(|admission| (admission.key_name.clone(), admission.key_value.clone())).collect()
    }

    async fn serve(
        &self,
        sites: &Sites,
        call: Call,
        ids: &RequestIds,
        at: u64,
        visit: &mut Option<Visit>,
        record: &mut Record,
    ) -> Result<Response<Bytes>, Refusal> {
        let Call { target, request, source_ip, .. } = call;
        let (parts, body) = request.into_parts();
        let full_path = parts.uri.path().to_owned();
        let (stage, domain, consumed, by_stage) = match door::open(sites, &target, &full_path)? {
            Door::Stage { stage, domain, consumed, by_stage } => (stage, domain, consumed, by_stage),
            Door::Health => return Ok(health()),
        };
        record.trace.api_id = Some(stage.api_id.clone());
        record.trace.stage = Some(stage.name.clone());
        let uri_length = parts.uri.path_and_query().map_or(0, |uri| uri.as_str().len());
        let visit = visit.insert(Visit {
            stage,
            method: None,
            request: MethodRequest {
                id: ids.request.clone(),
                extended_id: ids.extended.clone(),
                at,
                source_ip,
                verb: parts.method,
                domain,
                path: full_path[consumed..].to_owned(),
                full_path,
                by_stage,
                version: parts.version,
                headers: parts.headers,
                query: request::parse_query(parts.uri.query()),
                path_parameters: Vec::new(),
                body,
                trace_id: ids.trace.clone(),
                admission: None,
                access_key: None,
            },
        });
        check_size(visit, uri_length)?;
        headers::keep_end_to_end(&mut visit.request.headers);
        visit.request.add_forwarded();
        self.method_request(visit, record)?;
        let Some(method) = &visit.method else { return Err(no_method(&visit.request)) };
        integration::call(&self.functions, (&visit.stage, method, &visit.request), record).await
    }

    /// Route, caller, limits, validation: all that is decided before anything is done.
    fn method_request(&self, visit: &mut Visit, record: &mut Record) -> Result<(), Refusal> {
        let Visit { stage, method, request } = visit;
        record.hide(&request.headers);
        let found = stage.routes.find(&request.path, request.verb.as_str()).ok_or_else(|| no_method(request))?;
        request.path_parameters = found.parameters;
        let method: &Method = method.insert(found.method);
        record.trace.resource_path = Some(method.resource_path.clone());
        record.fact("route", || format!("{} {}", method.verb, method.resource_path));
        note(request, record);
        identity::authorize(&method.authorization, request)?;
        if let Some(policy) = &stage.policy {
            policy.check(stage, request)?;
        }
        if method.api_key_required {
            let admission = identity::admission(stage, request, |joined| self.is_usable(joined))?;
            record.trace.api_key = Some(admission.key_name.clone());
            record.fact("api_key", || admission.key_name.clone());
            record.fact("usage_plan", || admission.plan_name.clone());
            request.admission = Some(admission);
        }
        throttle::admit(self.cloud.usage(), self.account, (stage, method, request), record)?;
        let body = std::mem::take(&mut request.body);
        request.body = encoding::unpack(&mut request.headers, body)?;
        method.validation.check(request)?;
        record.fact("validated", || method.validation.told(request));
        Ok(())
    }

    /// Counters are written soon, not while a caller waits.
    fn write_behind(&self) {
        let usage = self.cloud.usage().clone();
        tokio::spawn(async move {
            tokio::time::sleep(WRITE_BEHIND).await;
            // What cannot be written is kept for the next time.
            tokio::task::spawn_blocking(move || usage.write().is_ok()).await.is_ok()
        });
    }

    /// Writes down what was counted; call it before the process ends.
    pub async fn close(&self) {
        let usage = self.cloud.usage().clone();
        // Nobody is left to be told of a failure; the counters are a convenience, and the cloud is unharmed.
        drop(tokio::task::spawn_blocking(move || usage.write()).await);
    }
}

fn no_method(request: &MethodRequest) -> Refusal {
    Kind::MissingAuthenticationToken.because(format!("no resource and method for {} {}", request.verb, request.path))
}

fn check_size(visit: &Visit, uri_length: usize) -> Result<(), Refusal> {
    let most = if visit.stage.edge { limits::URI_EDGE } else { limits::URI_REGIONAL };
    if uri_length > most {
        return Err(Kind::UriTooLong.because(format!("path and query are longer than {most} bytes")));
    }
    let headers = visit.request.headers.iter();
    let size: usize = headers.map(|(name, value)| name.as_str().len() + value.len()).sum();
    if size > limits::HEADERS {
        return Err(Kind::HeadersTooLarge.because(format!("the headers are longer than {} bytes", limits::HEADERS)));
    }
    if visit.request.body.len() > limits::PAYLOAD {
        return Err(Kind::RequestTooLarge.because("the body is larger than 10 MB"));
    }
    Ok(())
}

/// What an integration response came to, where a caller can be told that.
fn sendable(response: Response<Bytes>) -> Result<Response<Bytes>, Refusal> {
    if response.status().is_informational() {
        let status = response.status().as_u16();
        return Err(Kind::ApiConfiguration.because(format!("{status} announces an answer, and can be none itself")));
    }
    if response.body().len() > limits::PAYLOAD {
        return Err(Kind::ApiConfiguration.because("the answer's body is larger than 10 MB"));
    }
    Ok(response)
}

fn note(request: &MethodRequest, record: &mut Record) {
    let text = |name: &str, value: &str| (name.to_owned(), serde_json::Value::from(value));
    if !request.path_parameters.is_empty() {
        let parameters = request.path_parameters.iter();
        record.fact("path", || parameters.map(|(name, value)| text(name, value)).collect::<serde_json::Map<_, _>>());
    }
    if !request.query.is_empty() {
        let parameters = request.query.iter();
        record.fact("query", || parameters.map(|(name, value)| text(name, value)).collect::<serde_json::Map<_, _>>());
    }
    record.fact("headers", || told(&request.headers));
    if !request.body.is_empty() {
        record.document("body", &request.body);
    }
}

fn told(headers: &HeaderMap) -> serde_json::Map<String, serde_json::Value> {
    headers.iter().map(|(name, value)| (name.to_string(), headers::text(value).into())).collect()
}

/// What of the request decides how the answer is written.
struct Asked {
    head: bool,
    /// `Accept-Encoding`
    accepted: HeaderMap,
}

fn accepted(headers: &HeaderMap) -> HeaderMap {
    let mut accepted = HeaderMap::new();
    for value in headers.get_all(::http::header::ACCEPT_ENCODING) {
        accepted.append(::http::header::ACCEPT_ENCODING, value.clone());
    }
    accepted
}

/// Callers may bring a trace, and a request id of their own.
fn take_over(ids: &mut RequestIds, headers: &HeaderMap) {
    let given = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(trace) = given("x-amzn-trace-id").filter(|trace| trace.contains("Root=") && trace.len() <= 256) {
        trace.clone_into(&mut ids.trace);
    }
    let plain = |id: &&str| (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    if let Some(id) = given("x-amzn-requestid").filter(plain) {
        ids.logged = if is_uuid(id) { id.to_owned() } else { format!("{}_REPLACED_INVALID_REQUEST_ID", ids.request) };
        id.clone_into(&mut ids.request);
    }
}

fn is_uuid(id: &str) -> bool {
    let dash = |at| [8, 13, 18, 23].contains(&at);
    id.len() == 36
        && id.bytes().enumerate().all(|(at, byte)| if dash(at) { byte == b'-' } else { byte.is_ascii_hexdigit() })
}

fn health() -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(b"healthy"));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

/// What every answer has (`AWS_FACTS` C7); date and connection are the server's.
fn finish(response: &mut Response<Bytes>, ids: &RequestIds, stage: Option<&Stage>, asked: &Asked) {
    if let Some(stage) = stage {
        encoding::pack(stage.minimum_compression, &asked.accepted, response);
    }
    let is_error = response.headers().contains_key("x-amzn-errortype");
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    ids.put(headers);
    if stage.is_some_and(|stage| stage.edge) {
        let cache = if is_error { "Error from cloudfront" } else { "Miss from cloudfront" };
        headers.insert(VIA, HeaderValue::from_static("1.1 local.cloudfront.net (CloudFront)"));
        headers.insert(HeaderName::from_static("x-cache"), HeaderValue::from_static(cache));
        headers.insert(HeaderName::from_static("x-amz-cf-pop"), HeaderValue::from_static("IAD12-P1"));
        headers.insert(HeaderName::from_static("x-amz-cf-id"), headers::value(&ids.extended));
    }
    if asked.head {
        *response.body_mut() = Bytes::new();
    }
}
