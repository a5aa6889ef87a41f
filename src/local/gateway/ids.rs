//! Identifiers of requests, as API Gateway makes them up.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use http::header::{HeaderMap, HeaderName};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::headers;

/// Seeded by the clock, so that a run under a paused one repeats itself.
#[derive(Debug)]
pub struct Ids {
    seed: u64,
    drawn: AtomicU64,
}

/// Of one request.
#[derive(Debug)]
pub struct RequestIds {
    /// `x-amzn-RequestId`: a UUID.
    pub request: String,
    /// The same, as access logs tell it: never in the words of a caller who brought something else than a UUID.
    pub logged: String,
    /// `x-amz-apigw-id`
    pub extended: String,
    /// `X-Amzn-Trace-Id`
    pub trace: String,
}

impl RequestIds {
    /// What every answer tells of them (`AWS_FACTS` C7).
    pub fn put(&self, headers: &mut HeaderMap) {
        headers.insert(HeaderName::from_static("x-amzn-requestid"), headers::value(&self.request));
        headers.insert(HeaderName::from_static("x-amz-apigw-id"), headers::value(&self.extended));
    }
}

impl Ids {
    pub fn new(epoch_millis: u64) -> Ids {
        Ids { seed: epoch_millis ^ (u64::from(std::process::id()) << 44), drawn: AtomicU64::new(0) }
    }

    pub fn next(&self, epoch_millis: u64) -> RequestIds {
        let drawn = self.drawn.fetch_add(1, Ordering::Relaxed);
        let mut rng = SmallRng::seed_from_u64(self.seed.wrapping_add(drawn.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
        let (high, low): (u64, u64) = (rng.random(), rng.random());
        let request = format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            0x8000 | ((low >> 48) & 0x3fff),
            low & 0xffff_ffff_ffff
        );
        let extended: [u8; 11] = rng.random();
        let root: (u64, u32) = rng.random();
        let trace = format!("Root=1-{:08x}-{:016x}{:08x}", epoch_millis / 1000, root.0, root.1);
        RequestIds { logged: request.clone(), request, extended: URL_SAFE.encode(extended), trace }
    }
}
