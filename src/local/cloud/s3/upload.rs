//! Multipart uploads: begun, filled part by part, put together or given up.

use bytes::Bytes;

use crate::local::cloud::stamp::iso;
use crate::local::cloud::xml::{self, Writer};
use crate::local::cloud::{ALNUM, Call, Failure, Reply, Request};

use super::delete::no_such_upload;
use super::{Answer, NAMESPACE, Part, Upload, Version, bucket, kept, malformed, object};

/// Every part but the last has at least 5 MiB.
const SMALLEST_PART: u64 = 5 * 1024 * 1024;

pub fn create(call: &mut Call<'_>, name: &str, key: &str, request: &Request) -> Answer {
    bucket(call, name, request)?;
    let tags = object::header_tags(request)?;
    let id = call.id(64, ALNUM);
    let headers = object::told_again(request);
    let upload = Upload {
        bucket: name.to_owned(),
        key: key.to_owned(),
        initiated: call.now,
        headers,
        tags,
        ..Upload::default()
    };
    call.state.s3.uploads.insert(id.clone(), upload);
    let mut body = Writer::new();
    body.text("Bucket", name).text("Key", key).text("UploadId", id);
    Ok(Reply::xml(200, body.document("InitiateMultipartUploadResult", NAMESPACE)))
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
    let blob = call.blobs.put(&request.body).map_err(|fault| kept(&fault))?;
    let size = u64::try_from(request.body.len()).unwrap_or(u64::MAX);
    let etag = blob[..32].to_owned();
    let reply = Reply::empty(200).header("etag", &format!("\"{etag}\""));
    let part = Part { blob, size, etag, at: call.now };
    upload(call, name, key, request)?.parts.insert(number, part);
    Ok(reply)
}

pub fn parts(call: &mut Call<'_>, name: &str, key: &str, request: &Request) -> Answer {
    let found = upload(call, name, key, request)?;
    let mut body = Writer::new();
    body.text("Bucket", name).text("Key", key).maybe("UploadId", request.query("uploadId"));
    body.text("IsTruncated", false);
    for (number, part) in &found.parts {
        body.element("Part", |out| {
            out.text("PartNumber", number).text("LastModified", iso(part.at));
            out.text("ETag", format_args!("\"{}\"", part.etag)).text("Size", part.size);
        });
    }
    Ok(Reply::xml(200, body.document("ListPartsResult", NAMESPACE)))
}

pub fn list(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    bucket(call, name, request)?;
    let mut body = Writer::new();
    body.text("Bucket", name).text("IsTruncated", false);
    for (id, upload) in call.state.s3.uploads.iter().filter(|(_, upload)| upload.bucket == name) {
        body.element("Upload", |out| {
            out.text("Key", &upload.key).text("UploadId", id).text("Initiated", iso(upload.initiated));
        });
    }
    Ok(Reply::xml(200, body.document("ListMultipartUploadsResult", NAMESPACE)))
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
    let mut bytes = Vec::new();
    for part in &chosen {
        bytes.extend_from_slice(&call.blobs.get(&part.blob).ok_or_else(no_such_upload)?);
    }
    let bytes = Bytes::from(bytes);
    let blob = call.blobs.put(&bytes).map_err(|fault| kept(&fault))?;
    let etag = format!("{}-{}", &blob[..32], chosen.len());
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let version = Version { blob, size, etag, headers: found.headers, tags: found.tags, ..Version::default() };
    let (id, etag) = object::store(call, name, key, request, version)?;
    call.state.s3.uploads.remove(request.query("uploadId").unwrap_or_default());
    let mut body = Writer::new();
    body.text("Location", format_args!("https://{name}.s3.{}.amazonaws.com/{key}", call.region));
    body.text("Bucket", name).text("Key", key).text("ETag", format_args!("\"{etag}\""));
    let reply = Reply::xml(200, body.document("CompleteMultipartUploadResult", NAMESPACE));
    Ok(if id == "null" { reply } else { reply.header("x-amz-version-id", &id) })
}

pub fn abort(call: &mut Call<'_>, name: &str, key: &str, request: &Request) -> Answer {
    upload(call, name, key, request)?;
    call.state.s3.uploads.remove(request.query("uploadId").unwrap_or_default());
    Ok(Reply::empty(204))
}
