//! S3: buckets (one name space for all accounts and regions) and objects with their versions. REST-XML, addressed by
//! virtual host (`bucket.s3.region.amazonaws.com`) or by path.

mod bucket;
mod delete;
mod list;
mod object;
mod policy;
mod settings;
mod upload;
pub mod website;

use std::collections::BTreeMap;

use http::Method;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use super::{ACCOUNT, Call, Failure, Reply, Request};

/// Buckets by name, multipart uploads under way by id, and what holds for the whole account.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    pub buckets: BTreeMap<String, Bucket>,
    pub uploads: BTreeMap<String, Upload>,
    /// The account's own block, which goes before every bucket's. No operation here sets it; a test may.
    pub public_access_block: Option<PublicAccessBlock>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Bucket {
    /// The account it belongs to. Other people's buckets get here only by tests.
    pub owner: String,
    pub region: String,
    pub created: u64,
    pub tags: BTreeMap<String, String>,
    pub versioning: Option<String>,
    pub encryption: Encryption,
    pub public_access_block: Option<PublicAccessBlock>,
    /// Until when (milliseconds since 1970) an opened block still keeps public policies out.
    pub policies_blocked_until: u64,
    /// The bucket policy, as it was put.
    pub policy: Option<String>,
    pub website: Option<Website>,
    /// Versions of each key, oldest first. Without versioning there is one, called `null`.
    pub objects: BTreeMap<String, Vec<Version>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Encryption {
    pub algorithm: String,
    pub key: Option<String>,
    pub bucket_key: bool,
}

impl Default for Encryption {
    fn default() -> Self {
        Encryption { algorithm: "AES256".to_owned(), key: None, bucket_key: false }
    }
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct PublicAccessBlock {
    pub block_acls: bool,
    pub ignore_acls: bool,
    pub block_policy: bool,
    pub restrict_buckets: bool,
}

/// What the bucket's website endpoint goes by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Website {
    /// Added to a path that ends with a slash: `index.html`.
    pub index: String,
    /// Key of the page that is shown with an error.
    pub error: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Version {
    pub id: String,
    pub at: u64,
    pub delete_marker: bool,
    /// Where the bytes are: the key into [`super::Blobs`].
    pub blob: String,
    pub size: u64,
    /// Without quotes.
    pub etag: String,
    /// Headers to be told again: `content-type`, `cache-control`, `x-amz-meta-…`, …
    pub headers: BTreeMap<String, String>,
    /// Checksum headers to be told when asked for.
    pub checksums: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Upload {
    pub bucket: String,
    pub key: String,
    pub initiated: u64,
    pub headers: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
    /// `SHA256`, where one was named.
    pub algorithm: Option<String>,
    pub parts: BTreeMap<u32, Part>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Part {
    pub blob: String,
    pub size: u64,
    pub etag: String,
    pub at: u64,
    /// Checksum headers that came with it.
    pub checksums: BTreeMap<String, String>,
}

/// What Lambda reads a package from.
pub enum Fetched {
    /// In those bytes ([`super::Blobs`]), of that size.
    Object {
        blob: String,
        size: u64,
    },
    NoSuchBucket,
    /// The bucket is in this region.
    Elsewhere(String),
    AccessDenied,
    NoSuchKey,
    NoSuchVersion,
}

impl State {
    /// An object, as a caller in `region` gets it.
    pub fn fetch(&self, region: &str, bucket: &str, key: &str, version: Option<&str>) -> Fetched {
        let Some(bucket) = self.buckets.get(bucket) else { return Fetched::NoSuchBucket };
        if bucket.owner != ACCOUNT {
            return Fetched::AccessDenied;
        }
        if bucket.region != region {
            return Fetched::Elsewhere(bucket.region.clone());
        }
        let Some(versions) = bucket.objects.get(key) else { return Fetched::NoSuchKey };
        let found = match version {
            Some(id) => versions.iter().find(|version| version.id == id),
            None => versions.last().filter(|version| !version.delete_marker),
        };
        match (found, version) {
            (Some(found), _) => Fetched::Object { blob: found.blob.clone(), size: found.size },
            (None, Some(_)) => Fetched::NoSuchVersion,
            (None, None) => Fetched::NoSuchKey,
        }
    }
}

type Answer = Result<Reply, Failure>;

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// Query names that make a request mean something other than the bucket or object itself.
const SUBRESOURCES: [&str; 13] = [
    "tagging",
    "versioning",
    "encryption",
    "publicAccessBlock",
    "location",
    "versions",
    "delete",
    "uploads",
    "uploadId",
    "ownershipControls",
    "policy",
    "website",
    "list-type",
];

pub fn handle(call: &mut Call<'_>, request: &Request) -> Reply {
    let (bucket, key) = address(request);
    let asked = SUBRESOURCES.iter().find(|name| request.query(name).is_some()).copied().unwrap_or_default();
    let answer = match (&request.method, bucket.as_str(), key.as_str(), asked) {
        (&Method::GET, "", "", _) => bucket::list(call),
        (&Method::PUT, name, "", "") => bucket::create(call, name, request),
        (&Method::HEAD, name, "", _) => bucket::head(call, name, request),
        (&Method::DELETE, name, "", "") => bucket::delete(call, name, request),
        (&Method::GET, name, "", "location") => bucket::location(call, name, request),
        (&Method::GET, name, "", "tagging") => settings::get_tagging(call, name, request),
        (&Method::PUT, name, "", "tagging") => settings::put_tagging(call, name, request),
        (&Method::DELETE, name, "", "tagging") => settings::delete_tagging(call, name, request),
        (&Method::GET, name, "", "versioning") => settings::get_versioning(call, name, request),
        (&Method::PUT, name, "", "versioning") => settings::put_versioning(call, name, request),
        (&Method::GET, name, "", "encryption") => settings::get_encryption(call, name, request),
        (&Method::PUT, name, "", "encryption") => settings::put_encryption(call, name, request),
        (&Method::GET, name, "", "publicAccessBlock") => settings::get_public_access(call, name, request),
        (&Method::PUT, name, "", "publicAccessBlock") => settings::put_public_access(call, name, request),
        (&Method::DELETE, name, "", "publicAccessBlock") => settings::delete_public_access(call, name, request),
        (&Method::GET, name, "", "ownershipControls") => settings::get_ownership(call, name, request),
        (&Method::GET, name, "", "policy") => policy::get(call, name, request),
        (&Method::PUT, name, "", "policy") => policy::put(call, name, request),
        (&Method::DELETE, name, "", "policy") => policy::delete(call, name, request),
        (&Method::GET, name, "", "website") => website::get(call, name, request),
        (&Method::PUT, name, "", "website") => website::put(call, name, request),
        (&Method::DELETE, name, "", "website") => website::delete(call, name, request),
        (&Method::GET, name, "", "versions") => list::versions(call, name, request),
        (&Method::GET, name, "", "uploads") => upload::list(call, name, request),
        (&Method::GET, name, "", "" | "list-type") => list::objects(call, name, request),
        (&Method::POST, name, "", "delete") => delete::many(call, name, request),
        (&Method::PUT, name, key, "") => object::put(call, name, key, request),
        (&Method::GET, name, key, "") => object::get(call, name, key, request),
        (&Method::HEAD, name, key, _) => object::head(call, name, key, request),
        (&Method::DELETE, name, key, "") => delete::one(call, name, key, request),
        (&Method::GET, name, key, "tagging") => object::get_tagging(call, name, key, request),
        (&Method::PUT, name, key, "tagging") => object::put_tagging(call, name, key, request),
        (&Method::POST, name, key, "uploads") => upload::create(call, name, key, request),
        (&Method::PUT, name, key, "uploadId") => upload::part(call, name, key, request),
        (&Method::GET, name, key, "uploadId") => upload::parts(call, name, key, request),
        (&Method::POST, name, key, "uploadId") => upload::complete(call, name, key, request),
        (&Method::DELETE, name, key, "uploadId") => upload::abort(call, name, key, request),
        _ => {
            let message = "A header or query you provided implies functionality that is not implemented.";
            Err(Failure::new(501, "NotImplemented", message))
        }
    };
    let reply = match answer {
        Ok(reply) => reply,
        // The answer to a HEAD has no body, so an error there is its status alone.
        Err(failure) if request.method == Method::HEAD => Reply::empty(failure.status),
        Err(failure) => failure.s3(),
    };
    reply.header("x-amz-request-id", "LOCAL").header("x-amz-id-2", "LOCAL")
}

/// Bucket and key, whichever way the request is addressed.
fn address(request: &Request) -> (String, String) {
    let path = request.path.trim_start_matches('/');
    let host = request.host.split(':').next().unwrap_or_default();
    let (bucket, key) = match host.split_once(".s3.").or_else(|| host.split_once(".s3-")) {
        Some((bucket, _)) => (bucket, request.path.strip_prefix('/').unwrap_or_default()),
        None => path.split_once('/').unwrap_or((path, "")),
    };
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    (decoded(bucket), decoded(key))
}

/// The bucket of that name, if it may be used by us from here.
fn bucket<'c>(call: &'c mut Call<'_>, name: &str, request: &Request) -> Result<&'c mut Bucket, Failure> {
    let region = call.region.as_str();
    let Some(bucket) = call.state.s3.buckets.get_mut(name) else {
        return Err(Failure::new(404, "NoSuchBucket", "The specified bucket does not exist"));
    };
    let expected = request.header("x-amz-expected-bucket-owner").unwrap_or(ACCOUNT);
    if bucket.owner != ACCOUNT || expected != bucket.owner {
        return Err(Failure::new(403, "AccessDenied", "Access Denied"));
    }
    if bucket.region != region {
        let message = "The bucket you are attempting to access must be addressed using the specified endpoint. Please \
                       send all future requests to this endpoint.";
        return Err(Failure::new(301, "PermanentRedirect", message));
    }
    Ok(bucket)
}

fn malformed() -> Failure {
    let message = "The XML you provided was not well-formed or did not validate against our published schema";
    Failure::new(400, "MalformedXML", message)
}

fn kept(fault: &std::io::Error) -> Failure {
    Failure::new(500, "InternalError", format!("We encountered an internal error. Please try again. ({fault})"))
}

/// Tag keys and values as S3 takes them.
fn checked_tags(tags: Vec<(String, String)>, most: usize) -> Result<BTreeMap<String, String>, Failure> {
    let invalid = |message: &str| Err(Failure::new(400, "InvalidTag", message));
    let good = |text: &str| text.chars().all(|letter| letter.is_alphanumeric() || " _.:/=+-@".contains(letter));
    let mut checked = BTreeMap::new();
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > 128 || !good(&key) {
            return invalid("The TagKey you have provided is invalid");
        }
        if value.chars().count() > 256 || !good(&value) {
            return invalid("The TagValue you have provided is invalid");
        }
        if key.starts_with("aws:") {
            return invalid(
                "User-defined tag keys can't start with \"aws:\". This prefix is reserved for system tags. Remove \
                 \"aws:\" from your tag keys and try again.",
            );
        }
        if checked.insert(key, value).is_some() {
            return invalid("Cannot provide multiple Tags with the same key");
        }
    }
    if checked.len() > most {
        let message = format!("{} tags cannot be greater than {most}", if most == 10 { "Object" } else { "Bucket" });
        return Err(Failure::new(400, "BadRequest", message));
    }
    Ok(checked)
}
