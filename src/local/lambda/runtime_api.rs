//! The Lambda Runtime API (2018-06-01, `AWS_FACTS` D) for one sandbox: on a loopback port of its own, so that a runtime
//! sees its own invocations only and can answer no other.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::{JoinHandle, JoinSet};

use super::outcome::RESPONSE_LIMIT;

/// Connections of one runtime at a time: it needs one.
const CONNECTIONS: usize = 32;
/// Bytes of an error object.
const ERROR_LIMIT: usize = 256 * 1024;
/// A result that is too large is counted so far, and no further.
const COUNTED_LIMIT: usize = 1024 * 1024 * 1024;

/// One invocation, as the runtime gets it.
#[derive(Clone, Debug)]
pub struct Work {
    pub request_id: String,
    pub deadline_millis: u64,
    pub function_arn: String,
    pub trace_id: String,
    pub client_context: Option<String>,
    pub event: Bytes,
}

/// What a runtime did.
#[derive(Debug)]
pub enum Report {
    /// It asks for work, and there was none yet.
    Ready,
    /// It took the work.
    Taken,
    Answered(Bytes),
    /// With the bytes of the result that it wanted to give.
    TooLarge(usize),
    Failed {
        error_type: String,
        body: Bytes,
    },
    InitFailed {
        error_type: String,
        body: Bytes,
    },
}

#[derive(Default)]
struct Exchange {
    /// A runtime that waits for work.
    parked: Option<oneshot::Sender<Work>>,
    /// Work that waits for a runtime.
    work: Option<Work>,
    /// The invocation that is being worked on.
    current: Option<String>,
    started: bool,
    /// It is known that a runtime waits: told once, however often it asks.
    waits: bool,
}

struct Shared {
    exchange: Mutex<Exchange>,
    reports: mpsc::UnboundedSender<Report>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Exchange> {
        self.exchange.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report(&self, report: Report) {
        // Nobody listens any more when the sandbox is being taken down.
        let _ = self.reports.send(report);
    }
}

pub struct RuntimeApi {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    reports: mpsc::UnboundedReceiver<Report>,
    server: JoinHandle<()>,
}

impl RuntimeApi {
    /// # Errors
    /// When no port can be had.
    pub async fn open() -> std::io::Result<RuntimeApi> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (tell, reports) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared { exchange: Mutex::default(), reports: tell });
        let server = tokio::spawn(serve(listener, shared.clone()));
        Ok(RuntimeApi { address, shared, reports, server })
    }

    /// Gives work to the runtime, now or when it asks for it.
    pub fn give(&self, work: Work) {
        let mut exchange = self.shared.lock();
        let request_id = work.request_id.clone();
        match exchange.parked.take().map(|parked| parked.send(work.clone())) {
            Some(Ok(())) => {
                exchange.current = Some(request_id);
                self.shared.report(Report::Taken);
            }
            // The runtime that waited is gone.
            _ => exchange.work = Some(work),
        }
    }

    /// What it did next.
    pub async fn report(&mut self) -> Report {
        match self.reports.recv().await {
            Some(report) => report,
            // The sender lives as long as `self`.
            None => std::future::pending().await,
        }
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        let Ok((stream, peer)) = listener.accept().await else {
            // Out of file descriptors, for one: the next moment may be better.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        if peer.ip().is_loopback() {
            let shared = shared.clone();
            connections.spawn(async move {
                connection(stream, shared).await;
                drop(permit);
            });
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    // Answers are small and awaited.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let shared = shared.clone();
        async move { Ok::<_, Infallible>(answer(request, &shared).await) }
    });
    // A connection that breaks is the runtime's end, which is seen elsewhere.
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .max_buf_size(64 * 1024)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

type Answer = Response<Full<Bytes>>;

async fn answer(request: Request<Incoming>, shared: &Shared) -> Answer {
    let path = request.uri().path().to_owned();
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match (request.method(), &parts[..]) {
        (&Method::GET, ["2018-06-01", "runtime", "invocation", "next"]) => next(shared).await,
        (&Method::POST, ["2018-06-01", "runtime", "invocation", id, "response"]) => response(request, shared, id).await,
        (&Method::POST, ["2018-06-01", "runtime", "invocation", id, "error"]) => error(request, shared, id).await,
        (&Method::POST, ["2018-06-01", "runtime", "init", "error"]) => init_error(request, shared).await,
        (&Method::GET, ["2018-06-01", "ping"]) => plain(StatusCode::OK, Bytes::from_static(b"pong")),
        _ => plain(StatusCode::NOT_FOUND, Bytes::from_static(b"404 page not found\n")),
    }
}

fn plain(status: StatusCode, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    answer
}

fn told(status: StatusCode, body: &serde_json::Value) -> Answer {
    let mut answer = plain(status, Bytes::from(body.to_string()));
    answer.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    answer
}

fn accepted() -> Answer {
    told(StatusCode::ACCEPTED, &json!({ "status": "OK" }))
}

fn forbidden(error_type: &str, message: &str) -> Answer {
    told(StatusCode::FORBIDDEN, &json!({ "errorMessage": message, "errorType": error_type }))
}

/// Waits as long as it takes.
async fn next(shared: &Shared) -> Answer {
    let waiting = {
        let mut exchange = shared.lock();
        exchange.started = true;
        if exchange.current.is_some() {
            let message = "State transition from Running to Ready failed: the invocation is not answered yet";
            return forbidden("InvalidStateTransition", message);
        }
        match exchange.work.take() {
            Some(work) => {
                exchange.current = Some(work.request_id.clone());
                shared.report(Report::Taken);
                return invocation(&work);
            }
            None => {
                let (give, waiting) = oneshot::channel();
                exchange.parked = Some(give);
                if !std::mem::replace(&mut exchange.waits, true) {
                    shared.report(Report::Ready);
                }
                waiting
            }
        }
    };
    match waiting.await {
        Ok(work) => invocation(&work),
        Err(_) => forbidden("InvalidStateTransition", "Another request asked for the next invocation"),
    }
}

fn invocation(work: &Work) -> Answer {
    let mut answer = plain(StatusCode::OK, work.event.clone());
    let deadline = work.deadline_millis.to_string();
    let headers = [
        ("content-type", Some("application/json")),
        ("lambda-runtime-aws-request-id", Some(work.request_id.as_str())),
        ("lambda-runtime-deadline-ms", Some(deadline.as_str())),
        ("lambda-runtime-invoked-function-arn", Some(work.function_arn.as_str())),
        ("lambda-runtime-trace-id", Some(work.trace_id.as_str())),
        ("lambda-runtime-client-context", work.client_context.as_deref()),
    ];
    for (name, value) in headers {
        if let Some(value) = value.and_then(|value| HeaderValue::from_bytes(value.as_bytes()).ok()) {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}

/// Ends the invocation that is being worked on, if it is `id`. Only one answer gets here.
fn finish(shared: &Shared, id: &str) -> Result<(), Box<Answer>> {
    let mut exchange = shared.lock();
    if exchange.current.as_deref() == Some(id) {
        exchange.current = None;
        exchange.waits = false;
        return Ok(());
    }
    Err(Box::new(forbidden("InvalidRequestID", "Invalid request ID")))
}

fn is_current(shared: &Shared, id: &str) -> bool {
    shared.lock().current.as_deref() == Some(id)
}

async fn response(request: Request<Incoming>, shared: &Shared, id: &str) -> Answer {
    if !is_current(shared, id) {
        return forbidden("InvalidRequestID", "Invalid request ID");
    }
    match read(request.into_body(), RESPONSE_LIMIT).await {
        Ok(body) => match finish(shared, id) {
            Ok(()) => {
                shared.report(Report::Answered(body));
                accepted()
            }
            Err(refused) => *refused,
        },
        Err(Unread::TooLarge(size)) => match finish(shared, id) {
            Ok(()) => {
                shared.report(Report::TooLarge(size));
                let message = format!("Exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes).");
                let body = json!({ "errorMessage": message, "errorType": "RequestEntityTooLarge" });
                told(StatusCode::PAYLOAD_TOO_LARGE, &body)
            }
            Err(refused) => *refused,
        },
        Err(Unread::Broken) => plain(StatusCode::BAD_REQUEST, Bytes::new()),
    }
}

async fn error(request: Request<Incoming>, shared: &Shared, id: &str) -> Answer {
    let stated = error_type(&request);
    match read(request.into_body(), ERROR_LIMIT).await {
        Ok(body) => match finish(shared, id) {
            Ok(()) => {
                shared.report(Report::Failed { error_type: named(stated, &body), body });
                accepted()
            }
            Err(refused) => *refused,
        },
        Err(_) => plain(StatusCode::PAYLOAD_TOO_LARGE, Bytes::new()),
    }
}

async fn init_error(request: Request<Incoming>, shared: &Shared) -> Answer {
    if shared.lock().started {
        return forbidden("InvalidStateTransition", "State transition from Ready to InitError failed for runtime");
    }
    let stated = error_type(&request);
    match read(request.into_body(), ERROR_LIMIT).await {
        Ok(body) => {
            shared.report(Report::InitFailed { error_type: named(stated, &body), body });
            accepted()
        }
        Err(_) => plain(StatusCode::PAYLOAD_TOO_LARGE, Bytes::new()),
    }
}

fn error_type(request: &Request<Incoming>) -> Option<String> {
    let stated = request.headers().get("lambda-runtime-function-error-type")?.to_str().ok()?;
    Some(stated.to_owned())
}

/// As the body has it, else as the header has it.
fn named(stated: Option<String>, body: &Bytes) -> String {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let own = body["errorType"].as_str().map(str::to_owned);
    own.or(stated).unwrap_or_else(|| "Runtime.Unknown".to_owned())
}

enum Unread {
    TooLarge(usize),
    Broken,
}

/// A body of at most `limit` bytes. One that is larger is read to its end, and counted, but not kept.
async fn read(mut body: Incoming, limit: usize) -> Result<Bytes, Unread> {
    let mut kept = Vec::with_capacity(usize::try_from(body.size_hint().lower()).unwrap_or(0).min(limit));
    let mut size = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
        size = size.saturating_add(data.len());
        if size > COUNTED_LIMIT {
            break;
        }
        if size <= limit {
            kept.extend_from_slice(&data);
        } else {
            kept = Vec::new();
        }
    }
    if size > limit { Err(Unread::TooLarge(size)) } else { Ok(Bytes::from(kept)) }
}
