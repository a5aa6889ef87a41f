//! Multipart uploads: begun, filled part by part, put together or given up.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::utf8_percent_encode;
use sha2::{Digest, Sha256};

use crate::local::cloud::stamp::iso;
use crate::local::cloud::xml::{self, Writer};
use crate::local::cloud::{ALNUM, Call, Failure, Reply, Request};

use super::delete::no_such_upload;
use super::list::IN_URL;
use super::{Answer, NAMESPACE, Part, Upload, Version, bucket, kept, malformed, object};

/// Every part but the last has at least 5 MiB.
const SMALLEST_PART: u64 = 5 * 1024 * 1024;

/// Told in one page.
const MOST: usize = 1000;

const CHECKSUM: &str = "x-amz-checksum-sha256";

pub fn create(call: &mut Call<'_>, name: &str, key: &str, request: &Request) -> Answer {
    bucket(call, name, request)?;
    object::check_key(key)?;
    let tags = object::header_tags(request)?;
    let algorithm = request.header("x-amz-checksum-algorithm").map(str::to_owned);
    let id = call.id(64, ALNUM);
    let headers = object::told_again(request);
    let upload = Upload {
        bucket: name.to_owned(),
        key: key.to_owned(),
        initiated: call.now,
        headers,
        tags,
        algorithm: algorithm.clone(),
        ..Upload::default()
    };
    call.state.s3.uploads.insert(id.clone(), upload);
    let mut body = Writer::new();
    body.text("Bucket", name).text("Key", key).text("UploadId", id);
    let reply = Reply::xml(200, body.document("InitiateMultipartUploadResult", NAMESPACE));
    Ok(match algorithm {
        Some(algorithm) => reply.header("x-amz-checksum-algorithm", &algorithm),
        None => reply,
    })
}

/// The upload that `uploadId` means, of this bucket and key.
fn upload<'c>(call: &'c mut Call<'_>, name: &str, key: &str, request: &Request) -> Result<&'c mut Upload, Failure> {
    bucket(call, name, request)?;
    let found = request.query("uploadId").and_then(|id| call.state.s3.uploads.get_mut(id));
    found.filter(|upload| upload.bucket == name && upload.key == key).ok_or_else(no_such_upload)
}

pub fn part(call: &mut Call<'_>, name: &str, key: &str, request: &Request) -> Answer {
    upload(call, name, key, request)?;
    let number = request.query("partNumber").and_then(|number| number.parse().ok());
    let number: u32 = number.filter(|number| (1..=10_000).contains(number)).ok_or_else(|| {
        let message = "Part number must be an integer between 1 and 10000, inclusive";
        Failure::new(400, "InvalidArgument", message)
    })?;
    let checksums = object::checksums(request)?;
    if upload(call, name, key, request)?.has_checksums() && !checksums.contains_key(CHECKSUM) {
        let message = "Checksum Type mismatch occurred, expected checksum Type: sha256, actual checksum Type: null";
        return Err(Failure::new(400, "InvalidRequest", message));
    }
    let blob = call.blobs.put(&request.body).map_err(|fault| kept(&fault))?;
    let size = u64::try_from(request.body.len()).unwrap_or(u64::MAX);
    let etag = blob[..32].to_owned();
    let mut reply = Reply::empty(200).header("etag", &format!("\"{etag}\""));
    for (name, value) in &checksums {
        reply = reply.header(name, value);
    }
    let part = Part { blob, size, etag, at: call.now, checksums };
    if let Some(before) = upload(call, name, key, request)?.parts.insert(number, part) {
        forget_blob(call, &before.blob);
    }
    Ok(reply)
}

/// Removes what an upload consisted of.
pub fn forget(call: &mut Call<'_>, id: &str) {
    let Some(gone) = call.state.s3.uploads.remove(id) else { return };
    gone.parts.values().for_each(|part| forget_blob(call, &part.blob));
}

fn forget_blob(call: &Call<'_>, blob: &str) {
    if !call.state.uses(blob) {
        call.blobs.forget(blob);
    }
}

impl Upload {
    /// Must every part bring its SHA-256, when it is sent and again when all are put together?
    fn has_checksums(&self) -> bool {
        self.algorithm.as_deref() == Some("SHA256")
    }
}

pub fn parts(call: &mut Call<'_>, name: &str, key: &str, request: &Request) -> Answer {
    let most = limit(request, "max-parts")?;
    let after: u32 = match request.query("part-number-marker").filter(|marker| !marker.is_empty()).map(str::parse) {
        None => 0,
        Some(Ok(after)) => after,
        Some(Err(_)) => return Err(not_an_integer("part-number-marker")),
    };
    let found = upload(call, name, key, request)?;
    let mut rest = found.parts.range(after.saturating_add(1)..);
    let told: Vec<(&u32, &Part)> = rest.by_ref().take(most).collect();
    let more = rest.next().is_some();
    let mut body = Writer::new();
    body.text("Bucket", name).text("Key", key).maybe("UploadId", request.query("uploadId"));
    body.text("PartNumberMarker", after).text("MaxParts", most).text("IsTruncated", more);
    body.maybe("NextPartNumberMarker", told.last().map(|(number, _)| number));
    body.maybe("ChecksumAlgorithm", found.algorithm.as_deref());
    for (number, part) in told {
        body.element("Part", |out| {
            out.text("PartNumber", number).text("LastModified", iso(part.at));
            out.text("ETag", format_args!("\"{}\"", part.etag)).text("Size", part.size);
            out.maybe("ChecksumSHA256", part.checksums.get(CHECKSUM));
        });
    }
    Ok(Reply::xml(200, body.document("ListPartsResult", NAMESPACE)))
}

/// By key; of each key the oldest first.
pub fn list(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    bucket(call, name, request)?;
    let most = limit(request, "max-uploads")?;
    let prefix = request.query("prefix").unwrap_or_default();
    let marker = |name| request.query(name).filter(|marker| !marker.is_empty());
    let (after_key, after_id) = (marker("key-marker").unwrap_or_default(), marker("upload-id-marker"));
    let all = call.state.s3.uploads.iter();
    let mut of_bucket: Vec<(&String, &Upload)> =
        all.filter(|(_, upload)| upload.bucket == name && upload.key.starts_with(prefix)).collect();
    of_bucket.sort_by_key(|(id, upload)| (&upload.key, upload.initiated, *id));
    // Without the id of an upload, a marker means all uploads of that key.
    let at = |(id, upload): &(&String, &Upload)| upload.key == after_key && after_id == Some(id.as_str());
    let from = match of_bucket.iter().position(at) {
        Some(at) => at + 1,
        None => of_bucket.partition_point(|(_, upload)| !after_key.is_empty() && upload.key.as_str() <= after_key),
    };
    let rest = &of_bucket[from..];
    let (told, more) = (&rest[..most.min(rest.len())], rest.len() > most);
    let written = |key: &str| match request.query("encoding-type") {
        Some("url") => utf8_percent_encode(key, IN_URL).to_string(),
        _ => key.to_owned(),
    };
    let mut body = Writer::new();
    body.text("Bucket", name).text("Prefix", written(prefix)).text("KeyMarker", written(after_key));
    body.text("UploadIdMarker", after_id.unwrap_or_default()).text("MaxUploads", most).text("IsTruncated", more);
    if let Some((id, upload)) = told.last().filter(|_| more) {
        body.text("NextKeyMarker", written(&upload.key)).text("NextUploadIdMarker", id);
    }
    for (id, upload) in told {
        body.element("Upload", |out| {
            out.text("Key", written(&upload.key)).text("UploadId", id).text("Initiated", iso(upload.initiated));
            out.text("StorageClass", "STANDARD").maybe("ChecksumAlgorithm", upload.algorithm.as_deref());
        });
    }
    Ok(Reply::xml(200, body.document("ListMultipartUploadsResult", NAMESPACE)))
}

fn limit(request: &Request, name: &str) -> Result<usize, Failure> {
    match request.query(name).map(str::parse::<usize>) {
        None => Ok(MOST),
        Some(Ok(asked)) => Ok(asked.min(MOST)),
        Some(Err(_)) => Err(not_an_integer(name)),
    }
}

fn not_an_integer(name: &str) -> Failure {
    Failure::new(400, "InvalidArgument", format!("Provided {name} not an integer or within integer range"))
}

pub fn complete(call: &mut Call<'_>, name: &str, key: &str, request: &Request) -> Answer {
    let found = upload(call, name, key, request)?.clone();
    object::check_conditions(bucket(call, name, request)?, key, request)?;
    let document = xml::parse(&request.body).ok_or_else(malformed)?;
    let mut chosen: Vec<&Part> = Vec::new();
    let mut last = 0;
    for node in xml::children(document.root_element(), "Part") {
        let number: u32 = xml::text(node, "PartNumber").and_then(|text| text.parse().ok()).ok_or_else(malformed)?;
        let etag = xml::text(node, "ETag").unwrap_or_default();
        if number <= last {
            let message = "The list of parts was not in ascending order. Parts must be ordered by part number.";
            return Err(Failure::new(400, "InvalidPartOrder", message));
        }
        last = number;
        let part = found.parts.get(&number).filter(|part| part.etag == etag.trim_matches('"'));
        let checksum = xml::text(node, "ChecksumSHA256");
        if found.has_checksums() && checksum.is_none() {
            let message = format!(
                "The upload was created using a sha256 checksum. The complete request must include the checksum for \
                 each part. It was missing for part {number} in the request."
            );
            return Err(Failure::new(400, "InvalidRequest", message));
        }
        let part = part.filter(|part| checksum.is_none_or(|sent| part.checksums.get(CHECKSUM) == Some(&sent)));
        chosen.push(part.ok_or_else(|| {
            let message = "One or more of the specified parts could not be found.  The part may not have been \
                           uploaded, or the specified entity tag may not match the part's entity tag.";
            Failure::new(400, "InvalidPart", message)
        })?);
    }
    let Some((_, all_but_last)) = chosen.split_last() else { return Err(malformed()) };
    if all_but_last.iter().any(|part| part.size < SMALLEST_PART) {
        let message = "Your proposed upload is smaller than the minimum allowed size";
        return Err(Failure::new(400, "EntityTooSmall", message));
    }
    let blob = call.blobs.join(chosen.iter().map(|part| part.blob.as_str())).map_err(|fault| kept(&fault))?;
    let etag = format!("{}-{}", &blob[..32], chosen.len());
    let size = chosen.iter().map(|part| part.size).sum();
    let checksum = found.has_checksums().then(|| composite(&chosen));
    let checksums = checksum.iter().map(|checksum| (CHECKSUM.to_owned(), checksum.clone())).collect();
    let version =
        Version { blob, size, etag, headers: found.headers, tags: found.tags, checksums, ..Version::default() };
    let (id, etag) = object::store(call, name, key, request, version)?;
    forget(call, request.query("uploadId").unwrap_or_default());
    let mut body = Writer::new();
    body.text("Location", format_args!("https://{name}.s3.{}.amazonaws.com/{key}", call.region));
    body.text("Bucket", name).text("Key", key).text("ETag", format_args!("\"{etag}\""));
    body.maybe("ChecksumSHA256", checksum.as_deref()).maybe("ChecksumType", checksum.as_ref().map(|_| "COMPOSITE"));
    let reply = Reply::xml(200, body.document("CompleteMultipartUploadResult", NAMESPACE));
    Ok(if id == "null" { reply } else { reply.header("x-amz-version-id", &id) })
}

pub fn abort(call: &mut Call<'_>, name: &str, key: &str, request: &Request) -> Answer {
    upload(call, name, key, request)?;
    forget(call, request.query("uploadId").unwrap_or_default());
    Ok(Reply::empty(204))
}

/// The checksum of an object made of parts: that of the parts' own, one after the other, and their number.
fn composite(parts: &[&Part]) -> String {
    let digests = parts.iter().filter_map(|part| STANDARD.decode(part.checksums.get(CHECKSUM)?).ok());
    format!("{}-{}", STANDARD.encode(Sha256::digest(digests.flatten().collect::<Vec<u8>>())), parts.len())
}
