//! How much of anything one caller, and all of them together, may take.

use std::time::Duration;

/// Bounds of a server. The ones that AWS states are AWS's.
#[derive(Clone, Debug)]
pub struct Limits {
    /// URL with its query, in bytes: a regional endpoint's (`AWS_FACTS` A).
    pub url: usize,
    /// Names and values of all headers, in bytes (`AWS_FACTS` A).
    pub headers: usize,
    /// From the first byte of a request to the end of its headers.
    pub head_time: Duration,
    /// Longest silence within a body.
    pub body_pause: Duration,
    /// What a body may take at first; afterwards it must keep [`Limits::body_rate`].
    pub body_time: Duration,
    /// Bytes per second.
    pub body_rate: u32,
    /// A connection without a request is closed after this.
    pub idle: Duration,
    /// What a client may take to read the last answer of a connection that is being closed.
    pub farewell: Duration,
    /// How long answers under way may take once the server stops.
    pub grace: Duration,
    /// Requests being answered at once; more get 503.
    pub requests: usize,
    /// Bytes of all bodies being read or answered at once; more get 503.
    pub bodies: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            url: 10_240,
            headers: 10_240,
            head_time: Duration::from_secs(10),
            body_pause: Duration::from_secs(20),
            body_time: Duration::from_secs(30),
            body_rate: 4096,
            idle: Duration::from_secs(60),
            farewell: Duration::from_secs(10),
            grace: Duration::from_secs(5),
            requests: 2_000,
            bodies: 640 << 20,
        }
    }
}

impl Limits {
    /// Bytes that the parser may hold before it refuses a head by itself: enough for both limits and the framing, so
    /// that what is just over them is refused in words.
    pub(super) fn head_buffer(&self) -> usize {
        (self.url + self.headers) * 2
    }
}
