//! Header names that API Gateway keeps to itself, and texts that would break a header.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Mapping one of these into an integration request fails the request (`AWS_FACTS` C6).
const NOT_TO_INTEGRATIONS: [&str; 8] = [
    "authorization",
    "connection",
    "content-length",
    "expect",
    "proxy-authenticate",
    "te",
    "transfer-encoding",
    "x-amzn-trace-id",
];

/// Of a caller's headers, those that concern the connection: nothing behind it gets to see them.
const OF_THE_CONNECTION: [HeaderName; 11] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::MAX_FORWARDS,
    header::PROXY_AUTHENTICATE,
    header::SERVER,
    header::TE,
    header::TRANSFER_ENCODING,
    header::TRAILER,
    header::UPGRADE,
    header::WWW_AUTHENTICATE,
];

/// What callers get under the name `x-amzn-Remapped-…` (`AWS_FACTS` C6).
const REMAPPED: [&str; 14] = [
    "authorization",
    "connection",
    "content-length",
    "content-md5",
    "date",
    "expect",
    "host",
    "max-forwards",
    "proxy-authenticate",
    "server",
    "trailer",
    "upgrade",
    "user-agent",
    "www-authenticate",
];

/// Leaves what methods, templates and functions may see.
pub fn keep_end_to_end(headers: &mut HeaderMap) {
    for name in OF_THE_CONNECTION {
        headers.remove(name);
    }
    headers.remove("content-md5");
}

pub fn is_refused_by_integrations(name: &str) -> bool {
    NOT_TO_INTEGRATIONS.iter().any(|refused| refused.eq_ignore_ascii_case(name))
}

/// The name that a response header reaches the caller with; none for those that frame the message, and for what is no
/// header name at all.
pub fn to_caller(name: &str) -> Option<HeaderName> {
    let lower = name.trim().to_ascii_lowercase();
    if lower == "transfer-encoding" {
        return None;
    }
    let name = if REMAPPED.contains(&lower.as_str()) { format!("x-amzn-remapped-{lower}") } else { lower };
    HeaderName::from_bytes(name.as_bytes()).ok()
}

/// A value that ends no line: control characters are left out.
pub fn value(text: &str) -> HeaderValue {
    HeaderValue::from_bytes(text.as_bytes()).unwrap_or_else(|_| {
        let clean: Vec<u8> = text.bytes().filter(|byte| *byte == b'\t' || (*byte >= 32 && *byte != 127)).collect();
        HeaderValue::from_bytes(&clean).unwrap_or(HeaderValue::from_static(""))
    })
}

/// Puts `values` under `name` for the caller, in the place of what stood there.
pub fn put<'a>(headers: &mut HeaderMap, name: &str, values: impl IntoIterator<Item = &'a str>) {
    let Some(name) = to_caller(name) else { return };
    headers.remove(&name);
    for text in values {
        headers.append(name.clone(), value(text));
    }
}

/// As most clients write it: HTTP libraries hand names over in lower case, API Gateway as they were sent.
pub fn canonical(name: &str) -> String {
    match name {
        "x-amzn-trace-id" => return "X-Amzn-Trace-Id".to_owned(),
        "dnt" | "te" => return name.to_ascii_uppercase(),
        "etag" => return "ETag".to_owned(),
        "www-authenticate" => return "WWW-Authenticate".to_owned(),
        _ => {}
    }
    let mut canonical = String::with_capacity(name.len());
    let mut start = true;
    for letter in name.chars() {
        canonical.push(if start { letter.to_ascii_uppercase() } else { letter });
        start = letter == '-';
    }
    canonical
}

/// A header's text, where it is some.
pub fn text(value: &HeaderValue) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(value.as_bytes())
}
