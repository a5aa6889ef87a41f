//! Objects listed: the newest of each key, or all versions.

use std::collections::BTreeSet;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::local::cloud::page::page;
use crate::local::cloud::stamp::iso;
use crate::local::cloud::xml::Writer;
use crate::local::cloud::{ACCOUNT, Call, Failure, Reply, Request};

use super::{Answer, NAMESPACE, Version, bucket};

const MOST: usize = 1000;

pub const IN_URL: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/').remove(b'*');

/// One line of a list: a key, or the common start of several.
enum Line<'b> {
    Object(&'b String, &'b Version),
    Prefix(String),
}

pub fn objects(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    let most = max_keys(request)?;
    let prefix = request.query("prefix").unwrap_or_default();
    let delimiter = request.query("delimiter").filter(|delimiter| !delimiter.is_empty());
    let after = request.query("start-after").unwrap_or_default();
    let found = bucket(call, name, request)?;
    let current = found.objects.iter().filter_map(|(key, versions)| {
        let newest = versions.last().filter(|version| !version.delete_marker)?;
        (key.starts_with(prefix) && key.as_str() > after).then_some((key, newest))
    });
    let mut seen = BTreeSet::new();
    let lines = current.filter_map(|(key, version)| match common(key, prefix, delimiter) {
        None => Some((key.clone(), Line::Object(key, version))),
        // Under its last possible key, so that a page that ends with it leaves none of it for the next.
        Some(start) => seen.insert(start.clone()).then(|| (format!("{start}\u{10ffff}"), Line::Prefix(start))),
    });
    let page = page(lines, request.query("continuation-token"), most)
        .ok_or_else(|| Failure::new(400, "InvalidArgument", "The continuation token provided is incorrect"))?;
    let mut body = Writer::new();
    body.text("Name", name).text("Prefix", written(prefix, request)).text("MaxKeys", most);
    body.text("KeyCount", page.items.len()).text("IsTruncated", page.next.is_some());
    body.maybe("Delimiter", delimiter).maybe("EncodingType", request.query("encoding-type"));
    body.maybe("ContinuationToken", request.query("continuation-token"));
    body.maybe("NextContinuationToken", page.next.as_deref()).maybe("StartAfter", request.query("start-after"));
    for line in &page.items {
        match line {
            Line::Object(key, version) => {
                body.element("Contents", |out| {
                    out.text("Key", written(key, request)).text("LastModified", iso(version.at));
                    out.text("ETag", format_args!("\"{}\"", version.etag)).text("Size", version.size);
                    out.text("StorageClass", "STANDARD");
                });
            }
            Line::Prefix(start) => {
                body.element("CommonPrefixes", |out| {
                    out.text("Prefix", written(start, request));
                });
            }
        }
    }
    Ok(Reply::xml(200, body.document("ListBucketResult", NAMESPACE)))
}

/// The start that `key` shares with others, up to the first `delimiter` after `prefix`.
fn common(key: &str, prefix: &str, delimiter: Option<&str>) -> Option<String> {
    let delimiter = delimiter?;
    let rest = key.strip_prefix(prefix)?;
    rest.find(delimiter).map(|at| format!("{prefix}{}{delimiter}", &rest[..at]))
}

/// By key; of each key the newest first.
pub fn versions(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    let most = max_keys(request)?;
    let prefix = request.query("prefix").unwrap_or_default();
    let (after_key, after_id) = (request.query("key-marker"), request.query("version-id-marker"));
    let found = bucket(call, name, request)?;
    let mut past_marker = after_key.is_none();
    let all = found.objects.iter().filter(|(key, _)| key.starts_with(prefix)).flat_map(|(key, versions)| {
        let newest = versions.len().saturating_sub(1);
        versions.iter().enumerate().rev().map(move |(at, version)| (key, version, at == newest))
    });
    let mut rest = all.filter(|(key, version, _)| {
        if past_marker {
            return true;
        }
        let marker = after_key.unwrap_or_default();
        past_marker = key.as_str() > marker || (key.as_str() == marker && after_id == Some(version.id.as_str()));
        key.as_str() > marker
    });
    let told: Vec<_> = rest.by_ref().take(most).collect();
    let more = rest.next().is_some();
    let mut body = Writer::new();
    body.text("Name", name).text("Prefix", written(prefix, request)).text("MaxKeys", most);
    body.maybe("KeyMarker", after_key).maybe("VersionIdMarker", after_id).text("IsTruncated", more);
    body.maybe("EncodingType", request.query("encoding-type"));
    if let Some((key, version, _)) = told.last().filter(|_| more) {
        body.text("NextKeyMarker", written(key, request)).text("NextVersionIdMarker", &version.id);
    }
    for (key, version, latest) in told {
        let kind = if version.delete_marker { "DeleteMarker" } else { "Version" };
        body.element(kind, |out| {
            out.text("Key", written(key, request)).text("VersionId", &version.id).text("IsLatest", latest);
            out.text("LastModified", iso(version.at));
            if !version.delete_marker {
                out.text("ETag", format_args!("\"{}\"", version.etag)).text("Size", version.size);
                out.text("StorageClass", "STANDARD");
            }
            out.element("Owner", |owner| {
                owner.text("ID", ACCOUNT);
            });
        });
    }
    Ok(Reply::xml(200, body.document("ListVersionsResult", NAMESPACE)))
}

fn max_keys(request: &Request) -> Result<usize, Failure> {
    match request.query("max-keys").map(str::parse::<usize>) {
        None => Ok(MOST),
        Some(Ok(asked)) => Ok(asked.min(MOST)),
        Some(Err(_)) => {
            Err(Failure::new(400, "InvalidArgument", "Provided max-keys not an integer or within integer range"))
        }
    }
}

/// A key as the request wants it written: plain, or percent-encoded.
fn written(key: &str, request: &Request) -> String {
    match request.query("encoding-type") {
        Some("url") => utf8_percent_encode(key, IN_URL).to_string(),
        _ => key.to_owned(),
    }
}
