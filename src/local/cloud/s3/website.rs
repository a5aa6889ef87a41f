//! Static website hosting: a bucket's configuration for it, and what its website endpoint answers a browser. The
//! endpoint speaks HTTP only, takes nobody's signature, and knows GET and HEAD.

use http::{HeaderMap, Method, StatusCode};
use percent_encoding::{percent_decode_str, utf8_percent_encode};

use crate::local::cloud::reply::escape_xml;
use crate::local::cloud::stamp;
use crate::local::cloud::xml::{self, Writer};
use crate::local::cloud::{Blobs, Call, Failure, Reply, Request};

use super::list::IN_URL;
use super::{Answer, Bucket, NAMESPACE, State, Version, Website, bucket, malformed, policy};

pub fn get(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    let Some(website) = &bucket(call, name, request)?.website else { return Err(not_configured()) };
    let mut body = Writer::new();
    body.element("IndexDocument", |index| {
        index.text("Suffix", &website.index);
    });
    if let Some(key) = &website.error {
        body.element("ErrorDocument", |error| {
            error.text("Key", key);
        });
    }
    Ok(Reply::xml(200, body.document("WebsiteConfiguration", NAMESPACE)))
}

/// Redirections are not built here, so a configuration that asks for them is refused rather than half kept.
pub fn put(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    let found = bucket(call, name, request)?;
    let document = xml::parse(&request.body).ok_or_else(malformed)?;
    let root = document.root_element();
    if ["RedirectAllRequestsTo", "RoutingRules"].iter().any(|rules| xml::child(root, rules).is_some()) {
        let message = "A header or query you provided implies functionality that is not implemented.";
        return Err(Failure::new(501, "NotImplemented", message));
    }
    let invalid = |message: &str| Err(Failure::new(400, "InvalidArgument", message));
    let suffix = xml::child(root, "IndexDocument").and_then(|index| xml::text(index, "Suffix"));
    let Some(index) = suffix else {
        return invalid("A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty");
    };
    if index.is_empty() || index.contains('/') {
        return invalid("The IndexDocument Suffix is not well formed");
    }
    let error = xml::child(root, "ErrorDocument").map(|error| xml::text(error, "Key").unwrap_or_default());
    if error.as_deref() == Some("") {
        return invalid("The ErrorDocument Key is not well formed");
    }
    found.website = Some(Website { index, error });
    Ok(Reply::empty(200))
}

pub fn delete(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    bucket(call, name, request)?.website = None;
    Ok(Reply::empty(204))
}

fn not_configured() -> Failure {
    let message = "The specified bucket does not have a website configuration";
    Failure::new(404, "NoSuchWebsiteConfiguration", message)
}

/// What a website endpoint answers.
pub struct Shown {
    pub reply: Reply,
    /// What lies behind a refusal, which S3 tells nobody.
    pub reason: Option<String>,
}

/// What the website endpoint of the bucket `name` answers; `path` as it was sent.
pub fn answer(state: &State, blobs: &Blobs, name: &str, method: &Method, path: &str, headers: &HeaderMap) -> Shown {
    let reply = match found(state, name, method, path) {
        Ok(Found::Page(version)) => page(blobs, version, headers),
        Ok(Found::Folder(location)) => Ok(Reply::empty(302).header("location", &location)),
        Err(refused) => Err(refused),
    };
    let (reply, reason) = match reply {
        Ok(reply) => (reply, None),
        Err((failure, reason)) => (refusal(state, blobs, name, &failure), Some(reason)),
    };
    let reply = reply.header("x-amz-request-id", "LOCAL").header("x-amz-id-2", "LOCAL").header("server", "AmazonS3");
    Shown { reply, reason }
}

/// S3's words, and why.
type Refused = (Failure, String);

enum Found<'s> {
    Page(&'s Version),
    /// A path without its final slash is sent to the one that has it.
    Folder(String),
}

fn found<'s>(state: &'s State, name: &str, method: &Method, path: &str) -> Result<Found<'s>, Refused> {
    let refused = |failure: Failure, why: String| Err((failure, why));
    if method != Method::GET && method != Method::HEAD {
        let message = "The specified method is not allowed against this resource.";
        return refused(Failure::new(405, "MethodNotAllowed", message), "a site knows GET and HEAD alone".to_owned());
    }
    let Some(bucket) = state.buckets.get(name) else {
        let failure = Failure::new(404, "NoSuchBucket", "The specified bucket does not exist");
        return refused(failure, format!("there is no bucket {name}"));
    };
    let Some(website) = &bucket.website else {
        return refused(not_configured(), format!("the bucket {name} has no website configuration"));
    };
    let path = path.strip_prefix('/').unwrap_or(path);
    let Ok(mut key) = percent_decode_str(path).decode_utf8().map(String::from) else {
        let failure = Failure::new(400, "InvalidURI", "Couldn't parse the specified URI.");
        return refused(failure, "the path is no UTF-8".to_owned());
    };
    if key.is_empty() || key.ends_with('/') {
        key.push_str(&website.index);
    }
    if !policy::lets_anybody_read(state, bucket, name, &key) {
        return refused(denied(), format!("the bucket lets nobody read {key}"));
    }
    if let Some(version) = newest(bucket, &key) {
        return Ok(Found::Page(version));
    }
    if newest(bucket, &format!("{key}/{}", website.index)).is_some() {
        return Ok(Found::Folder(format!("/{}/", utf8_percent_encode(&key, IN_URL))));
    }
    // Whoever may not list a bucket is not told what is missing in it.
    refused(denied(), format!("the site has no {key}"))
}

fn denied() -> Failure {
    Failure::new(403, "AccessDenied", "Access Denied")
}

fn newest<'b>(bucket: &'b Bucket, key: &str) -> Option<&'b Version> {
    bucket.objects.get(key)?.last().filter(|version| !version.delete_marker)
}

fn page(blobs: &Blobs, version: &Version, headers: &HeaderMap) -> Result<Reply, Refused> {
    let etag = format!("\"{}\"", version.etag);
    let known = headers.get("if-none-match").and_then(|tags| tags.to_str().ok());
    let unchanged = known.is_some_and(|tags| tags.split(',').any(|tag| tag.trim() == etag || tag.trim() == "*"));
    let mut reply = Reply::empty(if unchanged { 304 } else { 200 });
    reply = reply.header("etag", &etag).header("last-modified", &stamp::http(version.at));
    for (name, value) in &version.headers {
        reply = reply.header(name, value);
    }
    if unchanged {
        return Ok(reply);
    }
    let lost = || {
        let failure = Failure::new(500, "InternalError", "We encountered an internal error. Please try again.");
        (failure, "the object's bytes are gone from this machine".to_owned())
    };
    Ok(reply.body(blobs.get(&version.blob).ok_or_else(lost)?))
}

/// With the bucket's error page, where there is one that may be read.
fn refusal(state: &State, blobs: &Blobs, name: &str, failure: &Failure) -> Reply {
    let bucket = state.buckets.get(name);
    let wanted = bucket.and_then(|bucket| bucket.website.as_ref()?.error.as_ref());
    let own = bucket.zip(wanted).and_then(|(bucket, key)| {
        let version = newest(bucket, key).filter(|_| policy::lets_anybody_read(state, bucket, name, key))?;
        let bytes = blobs.get(&version.blob)?;
        let kind = version.headers.get("content-type").map_or("text/html", String::as_str);
        Some(Reply::empty(failure.status).header("content-type", kind).body(bytes))
    });
    let reply = own.unwrap_or_else(|| {
        let status = StatusCode::from_u16(failure.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let title = format!("{} {}", failure.status, status.canonical_reason().unwrap_or_default());
        let rows: String = [("Code", failure.code.as_str()), ("Message", &failure.message), ("RequestId", "LOCAL")]
            .map(|(name, value)| format!("<li>{name}: {}</li>\n", escape_xml(value)))
            .concat();
        let body = format!(
            "<html>\n<head><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n<ul>\n{rows}</ul>\n<hr/>\n</body>\n\
             </html>\n"
        );
        Reply::empty(failure.status).header("content-type", "text/html; charset=utf-8").body(body.into_bytes())
    });
    reply.header("x-amz-error-code", &failure.code).header("x-amz-error-message", &failure.message)
}
