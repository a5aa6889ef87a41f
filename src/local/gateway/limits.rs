//! What a request may be at most (`AWS_FACTS` A and C8).

/// Payload of a request or a response, in bytes.
pub const PAYLOAD: usize = 10 * 1024 * 1024;

/// Names and values of all headers together.
pub const HEADERS: usize = 10_240;

/// Path and query, at a regional endpoint.
pub const URI_REGIONAL: usize = 10_240;

/// Path and query, at an edge endpoint.
pub const URI_EDGE: usize = 8_192;
