//! AWS's manners with those who call: how long each operation takes ([`latency`]), how many of them are taken
//! ([`limits`]), and that one REST API has one writer at a time (`AWS_FACTS` A). All of it from tokio's clock and a seed.

mod latency;
mod limits;
mod operation;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::SmallRng;
use tokio::time::Instant;

pub use latency::{LATENCIES, Latency, of as latency};
pub use operation::name as operation;

use super::{Failure, Reply, Request};
use limits::Buckets;

/// What callers have met so far.
#[derive(Debug)]
pub struct Traffic {
    met: Mutex<Met>,
    steady: bool,
}

#[derive(Debug)]
struct Met {
    chance: SmallRng,
    buckets: Buckets,
    /// Until when a mutation of each REST API is being worked on.
    writing: HashMap<String, Instant>,
}

impl Traffic {
    pub fn new(seed: u64, steady: bool) -> Traffic {
        let chance = SmallRng::seed_from_u64(seed);
        let met = Mutex::new(Met { chance, buckets: Buckets::default(), writing: HashMap::new() });
        Traffic { met, steady }
    }

    /// How long this call will take, there and back.
    pub fn latency(&self, request: &Request) -> Duration {
        let usual = latency(request.service(), operation(request));
        if self.steady { usual.median } else { usual.draw(&mut self.met().chance) }
    }

    /// Takes the call, which will be answered after another `work`.
    ///
    /// # Errors
    /// With AWS's refusal: too many calls, or another change of the same API under way.
    pub fn admit(&self, request: &Request, work: Duration) -> Result<(), Reply> {
        let (mut met, now) = (self.met(), Instant::now());
        if let Some(after) = met.buckets.take(request, operation(request), now) {
            return Err(too_many(request.service(), after));
        }
        if let Some(api) = written(request) {
            if met.writing.get(api).is_some_and(|until| *until > now) {
                let message = "Unable to complete operation due to concurrent modification. Please try again later.";
                return Err(Failure::new(409, "ConflictException", message).json());
            }
            met.writing.insert(api.to_owned(), now + work);
        }
        Ok(())
    }

    fn met(&self) -> std::sync::MutexGuard<'_, Met> {
        self.met.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The REST API that a request changes.
fn written(request: &Request) -> Option<&str> {
    match request.segments.as_slice() {
        [kind, id, ..] if request.service() == "apigateway" && kind == "restapis" && request.method != "GET" => {
            Some(id)
        }
        _ => None,
    }
}

/// Each service's way to say it.
pub fn too_many(service: &str, after: Duration) -> Reply {
    const TEXT: &str = "Rate exceeded";
    match service {
        "apigateway" => Failure::new(429, "TooManyRequestsException", "Too Many Requests")
            .json()
            .header("retry-after", &after.as_secs_f64().ceil().to_string()),
        "lambda" => Failure::new(429, "TooManyRequestsException", TEXT).lambda(),
        "s3" => Failure::new(503, "SlowDown", "Please reduce your request rate.").s3(),
        "iam" | "sts" | "route53" => Failure::new(400, "Throttling", TEXT).query_xml(),
        _ => Failure::new(400, "ThrottlingException", TEXT).json(),
    }
}
