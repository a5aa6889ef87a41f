//! Objects: put, told, read whole or in part.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::local::cloud::stamp::http;
use crate::local::cloud::{ALNUM, Call, Failure, Reply, Request};

use super::{Answer, Bucket, Version, bucket, checked_tags, kept, settings};

/// Headers of a PUT that are told again with the object, beside `x-amz-meta-*`.
const TOLD_AGAIN: [&str; 8] = [
    "content-type",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "expires",
    "x-amz-storage-class",
    "x-amz-website-redirect-location",
];

const KEY_LIMIT: usize = 1024;

pub fn put(call: &mut Call<'_>, name: &str, key: &str, request: &Request) -> Answer {
    check_key(key)?;
    if request.header("x-amz-copy-source").is_some() {
        let message = "A header you provided implies functionality that is not implemented";
        return Err(Failure::new(501, "NotImplemented", message));
    }
    let tags = header_tags(request)?;
    let checksums = checksums(request)?;
    check_conditions(bucket(call, name, request)?, key, request)?;
    let blob = call.blobs.put(&request.body).map_err(|fault| kept(&fault))?;
    let size = u64::try_from(request.body.len()).unwrap_or(u64::MAX);
    let etag = blob[..32].to_owned();
    let told = told_again(request);
    let version = Version { blob, size, etag, headers: told, checksums: checksums.clone(), tags, ..Version::default() };
    let (id, etag) = store(call, name, key, request, version)?;
    let mut reply = Reply::empty(200).header("etag", &format!("\"{etag}\""));
    reply = reply.header("x-amz-server-side-encryption", "AES256");
    for (name, value) in &checksums {
        reply = reply.header(name, value);
    }
    if !checksums.is_empty() {
        reply = reply.header("x-amz-checksum-type", "FULL_OBJECT");
    }
    Ok(with_version(reply, &id))
}

pub fn check_key(key: &str) -> Result<(), Failure> {
    if key.len() > KEY_LIMIT {
        return Err(Failure::new(400, "KeyTooLongError", "Your key is too long"));
    }
    Ok(())
}

/// Adds the version under the bucket's rules. Its id and ETag.
pub fn store(
    call: &mut Call<'_>,
    name: &str,
    key: &str,
    request: &Request,
    mut version: Version,
) -> Result<(String, String), Failure> {
    let fresh = call.id(32, ALNUM);
    version.at = call.now;
    let found = bucket(call, name, request)?;
    version.id = if found.versioning.as_deref() == Some("Enabled") { fresh } else { "null".to_owned() };
    let told = (version.id.clone(), version.etag.clone());
    let versions = found.objects.entry(key.to_owned()).or_default();
    if version.id == "null" {
        versions.retain(|other| other.id != "null");
    }
    versions.push(version);
    Ok(told)
}

/// `If-None-Match: *` and `If-Match`: write only if nothing is there, write or delete only what is known.
pub fn check_conditions(found: &Bucket, key: &str, request: &Request) -> Result<(), Failure> {
    let current = found.objects.get(key).and_then(|versions| versions.last()).filter(|version| !version.delete_marker);
    if request.header("if-none-match") == Some("*") && current.is_some() {
        return Err(precondition());
    }
    match (request.header("if-match"), current) {
        (Some(_), None) => Err(Failure::new(404, "NoSuchKey", "The specified key does not exist.")),
        (Some(wanted), Some(current)) if wanted != "*" && wanted.trim_matches('"') != current.etag => {
            Err(precondition())
        }
        _ => Ok(()),
    }
}

fn precondition() -> Failure {
    Failure::new(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
}

pub fn told_again(request: &Request) -> BTreeMap<String, String> {
    let kept = |name: &str| TOLD_AGAIN.contains(&name) || name.starts_with("x-amz-meta-");
    let mut told: BTreeMap<String, String> = request
        .headers
        .iter()
        .filter(|(name, _)| kept(name.as_str()))
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    // The transfer's own coding is not the object's.
    if let Some(coding) = told.remove("content-encoding") {
        let rest: Vec<&str> = coding.split(',').map(str::trim).filter(|one| *one != "aws-chunked").collect();
        if !rest.is_empty() {
            told.insert("content-encoding".to_owned(), rest.join(","));
        }
    }
    told.entry("content-type".to_owned()).or_insert_with(|| "binary/octet-stream".to_owned());
    told
}

/// `x-amz-tagging: key=value&…`.
pub fn header_tags(request: &Request) -> Result<BTreeMap<String, String>, Failure> {
    let pairs = request.header("x-amz-tagging").map(crate::local::cloud::request::form).unwrap_or_default();
    checked_tags(pairs, 10)
}

/// The checksum headers of a PUT. SHA-256 is checked; the others are taken as they are.
pub fn checksums(request: &Request) -> Result<BTreeMap<String, String>, Failure> {
    const KNOWN: [&str; 5] = ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"];
    let mut given = BTreeMap::new();
    for algorithm in KNOWN {
        let name = format!("x-amz-checksum-{algorithm}");
        if let Some(value) = request.header(&name) {
            if algorithm == "sha256" && value != STANDARD.encode(Sha256::digest(&request.body)) {
                let message = "The SHA256 you specified did not match the calculated checksum.";
                return Err(Failure::new(400, "BadDigest", message));
            }
            given.insert(name, value.to_owned());
        }
    }
    Ok(given)
}

pub fn get(call: &mut Call<'_>, name: &str, key: &str, request: &Request) -> Answer {
    let version = version(call, name, key, request)?.clone();
    if let Some(reply) = unchanged(&version, request)? {
        return Ok(reply);
    }
    let lost = || Failure::new(500, "InternalError", "We encountered an internal error. Please try again.");
    let Some(range) = request.header("range").and_then(|range| range.strip_prefix("bytes=")) else {
        let bytes = call.blobs.get(&version.blob).ok_or_else(lost)?;
        return Ok(described(&version, request, true).body(bytes));
    };
    let (start, end) = span(range, version.size)
        .ok_or_else(|| Failure::new(416, "InvalidRange", "The requested range is not satisfiable"))?;
    let part = call.blobs.stretch(&version.blob, start, end).ok_or_else(lost)?;
    let mut reply = described(&version, request, false).body(part);
    reply.status = 206;
    Ok(reply.header("content-range", &format!("bytes {start}-{}/{}", end - 1, version.size)))
}

/// The half-open span that `range` (`5-9`, `5-`, `-5`) means in an object of `size`.
fn span(range: &str, size: u64) -> Option<(u64, u64)> {
    let (from, to) = range.split_once('-')?;
    let (start, end) = match (from, to) {
        ("", last) => (size.saturating_sub(last.parse::<u64>().ok()?), size),
        (from, "") => (from.parse().ok()?, size),
        (from, to) => (from.parse().ok()?, to.parse::<u64>().ok()?.saturating_add(1).min(size)),
    };
    (start < end).then_some((start, end))
}

pub fn head(call: &mut Call<'_>, name: &str, key: &str, request: &Request) -> Answer {
    let version = version(call, name, key, request)?;
    if let Some(reply) = unchanged(version, request)? {
        return Ok(reply);
    }
    Ok(described(version, request, true).header("content-length", &version.size.to_string()))
}

fn unchanged(version: &Version, request: &Request) -> Result<Option<Reply>, Failure> {
    let same = |wanted: &str| wanted == "*" || wanted.trim_matches('"') == version.etag;
    if request.header("if-match").is_some_and(|wanted| !same(wanted)) {
        return Err(precondition());
    }
    Ok(request.header("if-none-match").is_some_and(same).then(|| Reply::empty(304)))
}

/// The version a read means: the newest, or the one named.
fn version<'c>(call: &'c mut Call<'_>, name: &str, key: &str, request: &Request) -> Result<&'c mut Version, Failure> {
    let missing = || Failure::new(404, "NoSuchKey", "The specified key does not exist.");
    let versions = bucket(call, name, request)?.objects.get_mut(key).ok_or_else(missing)?;
    match request.query("versionId") {
        None => versions.last_mut().filter(|version| !version.delete_marker).ok_or_else(missing),
        Some(id) => {
            let found = versions.iter_mut().find(|version| version.id == id);
            let found =
                found.ok_or_else(|| Failure::new(404, "NoSuchVersion", "The specified version does not exist."))?;
            if found.delete_marker {
                let message = "The specified method is not allowed against this resource.";
                return Err(Failure::new(405, "MethodNotAllowed", message));
            }
            Ok(found)
        }
    }
}

fn described(version: &Version, request: &Request, whole: bool) -> Reply {
    let mut reply = Reply::empty(200)
        .header("etag", &format!("\"{}\"", version.etag))
        .header("last-modified", &http(version.at))
        .header("accept-ranges", "bytes")
        .header("x-amz-server-side-encryption", "AES256");
    for (name, value) in &version.headers {
        reply = reply.header(name, value);
    }
    if whole && request.header("x-amz-checksum-mode") == Some("ENABLED") {
        for (name, value) in &version.checksums {
            reply = reply.header(name, value);
        }
    }
    if !version.tags.is_empty() {
        reply = reply.header("x-amz-tagging-count", &version.tags.len().to_string());
    }
    with_version(reply, &version.id)
}

fn with_version(reply: Reply, id: &str) -> Reply {
    if id == "null" { reply } else { reply.header("x-amz-version-id", id) }
}

pub fn get_tagging(call: &mut Call<'_>, name: &str, key: &str, request: &Request) -> Answer {
    Ok(settings::tell_tags(&version(call, name, key, request)?.tags))
}

pub fn put_tagging(call: &mut Call<'_>, name: &str, key: &str, request: &Request) -> Answer {
    let tags = checked_tags(settings::read_tags(request)?, 10)?;
    version(call, name, key, request)?.tags = tags;
    Ok(Reply::empty(200))
}
