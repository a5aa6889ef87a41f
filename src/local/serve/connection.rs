//! One connection: its protocol, its requests, and when it ends.

use std::convert::Infallible;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http::request::Parts;
use http::{HeaderValue, Request, Response, Version};
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::body::{self, Room, Taken};
use super::refusal::{Refusal, busy, refused};
use super::screen::Screen;
use super::server::stopped;
use super::{Answered, Answers, Behind, Destination, Limits, Observer, Served};
use crate::clock::Clock;
use crate::local::gateway::Ids;

/// Streams of one HTTP/2 connection, and how often its peer is asked whether it is still there.
const STREAMS: u32 = 250;
const ASKED: Duration = Duration::from_secs(20);

/// What all connections share.
pub(super) struct Front<A> {
    answers: Arc<A>,
    pub(super) limits: Limits,
    observer: Observer,
    protocol: Builder<TokioExecutor>,
    room: Arc<Room>,
    under_way: Arc<AtomicUsize>,
    clock: Clock,
    ids: Ids,
}

impl<A: Answers> Front<A> {
    pub(super) fn new(answers: Arc<A>, limits: Limits, observer: Observer) -> Front<A> {
        let protocol = protocol(&limits);
        let (room, under_way, clock) = (Arc::default(), Arc::default(), Clock::system());
        let ids = Ids::new(clock.epoch_millis());
        Front { answers, limits, observer, protocol, room, under_way, clock, ids }
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        source: IpAddr,
        stopping: &watch::Receiver<bool>,
    ) -> Response<Full<Bytes>> {
        let (begun, at) = (Instant::now(), self.clock.now());
        let (head, body) = request.into_parts();
        let (method, version) = (head.method.clone(), head.version);
        // The screen does not follow chunks to their end, so nothing may come after them.
        let last = head.headers.contains_key(http::header::TRANSFER_ENCODING) || asks_to_close(&head);
        let target = head.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
        let mut answered = self.admit(head, body, source).await;
        let status = answered.response.status();
        // Only HTTP/1 has a connection of its own for every request in a row; AWS says in every answer whether it goes on
        // (`AWS_FACTS` C7).
        let headers = answered.response.headers_mut();
        if version >= Version::HTTP_2 {
            headers.remove(http::header::CONNECTION);
        } else if last || *stopping.borrow() {
            headers.insert(http::header::CONNECTION, HeaderValue::from_static("close"));
        } else if version == Version::HTTP_11 {
            headers.entry(http::header::CONNECTION).or_insert(HeaderValue::from_static("keep-alive"));
        }
        (self.observer)(Served { at, source, method, target, status, elapsed: begun.elapsed(), by: answered.by });
        answered.response.map(Full::new)
    }

    /// Passes the request on, if it is fit for it and there is room.
    async fn admit(&self, head: Parts, body: Incoming, source: IpAddr) -> Answered {
        let unread = !body.is_end_stream();
        let place = Place::taken(&self.under_way);
        if place.number > self.limits.requests {
            return answered(busy().because("more requests at once than are answered at once"), None, unread);
        }
        if let Err(refusal) = self.fit(&head) {
            return answered(refusal, None, true);
        }
        let (default_api, site) = (self.answers.default_api(), self.answers.site());
        let own = self.answers.has_own_paths();
        let behind = Behind { default_api: default_api.as_deref(), site: site.as_ref(), own };
        let to = match Destination::of(&head, &behind) {
            Ok(to) => to,
            Err(refusal) => return answered(refusal, None, unread),
        };
        let mut taken = Taken::none(&self.room);
        let body = match body::read(body, to.longest_body(), &self.limits, &mut taken).await {
            Ok(body) => body,
            Err(unread) => return self.unread(Refusal::unread(unread, &to), &to),
        };
        let answer = self.answers.answer(to, Request::from_parts(head, body), source);
        match AssertUnwindSafe(answer).catch_unwind().await {
            Ok(answered) => answered,
            Err(_) => {
                let refusal = refused(500, "InternalServerErrorException", "Internal server error");
                answered(refusal.because("the handler of this request panicked; please report it"), None, false)
            }
        }
    }

    /// The refusal of a body; one that was for an API has what all of its answers have (`AWS_FACTS` C7).
    fn unread(&self, refusal: Refusal, to: &Destination) -> Answered {
        let mut answered = answered(refusal, Some(to), true);
        if let Destination::Api(_) = to {
            self.ids.next(self.clock.epoch_millis()).put(answered.response.headers_mut());
        }
        answered
    }

    /// What AWS bounds, and what HTTP demands of a head beyond its grammar.
    fn fit(&self, head: &Parts) -> Result<(), Refusal> {
        let url = head.uri.path_and_query().map_or(0, |target| target.as_str().len());
        if url > self.limits.url {
            return Err(refused(414, "RequestTooLargeException", "Request-URI Too Long"));
        }
        let headers: usize = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        if headers > self.limits.headers {
            return Err(refused(431, "RequestTooLargeException", "Request Header Fields Too Large"));
        }
        let hosts = head.headers.get_all(http::header::HOST).iter().count();
        if hosts > 1 || (head.version == Version::HTTP_11 && hosts == 0) {
            return Err(refused(400, "BadRequestException", "Bad Request").because("there must be one Host header"));
        }
        Ok(())
    }
}

fn asks_to_close(head: &Parts) -> bool {
    let asked = head.headers.get_all(http::header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    asked.flat_map(|value| value.split(',')).any(|option| option.trim().eq_ignore_ascii_case("close"))
}

fn protocol(limits: &Limits) -> Builder<TokioExecutor> {
    let mut protocol = Builder::new(TokioExecutor::new());
    // How long a head may take, and a pause between requests, the screen and the loop below see to: the parser's own
    // bound does not tell one from the other.
    protocol
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_buf_size(limits.head_buffer())
        .half_close(true);
    protocol
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(u32::try_from(limits.head_buffer()).unwrap_or(u32::MAX))
        .keep_alive_interval(ASKED)
        .keep_alive_timeout(ASKED);
    protocol
}

/// An answer of the server itself. Where something of the request was left unread, the connection ends with it.
fn answered(refusal: Refusal, to: Option<&Destination>, closing: bool) -> Answered {
    let mut response = refusal.response(to);
    if closing {
        response.headers_mut().insert(http::header::CONNECTION, HeaderValue::from_static("close"));
    }
    Answered { response, by: refusal.by() }
}

/// Serves the connection to its end.
pub(super) async fn serve<A: Answers>(
    front: Arc<Front<A>>,
    socket: TcpStream,
    source: IpAddr,
    mut stopping: watch::Receiver<bool>,
) {
    // Answers are written whole; waiting for more to send with them only delays them.
    let _ = socket.set_nodelay(true);
    let activity = Arc::new(Activity::default());
    let ending = stopping.clone();
    let service = service_fn(|request| {
        let (front, activity, place) = (front.clone(), activity.clone(), Place::taken(&activity.requests));
        let ending = ending.clone();
        async move {
            let response = front.answer(request, source, &ending).await;
            activity.mark();
            drop(place);
            Ok::<_, Infallible>(response)
        }
    });
    let io = TokioIo::new(Screen::new(socket, front.limits.head_time));
    let mut connection = pin!(front.protocol.serve_connection(io, service));
    let mut closing = false;
    let mut deadline = Instant::now() + front.limits.idle;
    loop {
        tokio::select! {
            // Errors are the peer's: it went away, or sent what was refused already.
            _ = connection.as_mut() => return,
            () = stopped(&mut stopping), if !closing => {
                closing = true;
                connection.as_mut().graceful_shutdown();
                // The server's own grace bounds it.
                deadline = Instant::now() + front.limits.grace + front.limits.farewell;
            }
            () = sleep_until(deadline) => {
                match activity.idle_since() {
                    None => deadline = Instant::now() + front.limits.idle,
                    Some(_) if closing => return,
                    Some(since) if since + front.limits.idle > Instant::now() => deadline = since + front.limits.idle,
                    Some(_) => {
                        closing = true;
                        connection.as_mut().graceful_shutdown();
                        deadline = Instant::now() + front.limits.farewell;
                    }
                }
            }
        }
    }
}

/// When a connection was last of use.
struct Activity {
    opened: Instant,
    requests: Arc<AtomicUsize>,
    /// Milliseconds after it was opened.
    ended: AtomicU64,
}

impl Default for Activity {
    fn default() -> Self {
        Activity { opened: Instant::now(), requests: Arc::default(), ended: AtomicU64::new(0) }
    }
}

impl Activity {
    fn mark(&self) {
        let now = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.ended.store(now, Ordering::Relaxed);
    }

    /// Since when nothing is being answered; none while something is.
    fn idle_since(&self) -> Option<Instant> {
        let idle = self.requests.load(Ordering::Relaxed) == 0;
        idle.then(|| self.opened + Duration::from_millis(self.ended.load(Ordering::Relaxed)))
    }
}

/// One of the requests being answered, until it is dropped.
struct Place {
    all: Arc<AtomicUsize>,
    number: usize,
}

impl Place {
    fn taken(all: &Arc<AtomicUsize>) -> Place {
        Place { number: all.fetch_add(1, Ordering::Relaxed) + 1, all: all.clone() }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.all.fetch_sub(1, Ordering::Relaxed);
    }
}
