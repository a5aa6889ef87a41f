//! The package: where it comes from and whether it is one.

use std::io::{Cursor, Read, Seek};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::Value;
use zip::ZipArchive;

use crate::local::cloud::s3::Fetched;
use crate::local::cloud::{Call, Failure};

use super::{Code, image, invalid};

/// Bytes of a zip sent with the request; of the whole request; of what a zip unpacks to.
const ZIPPED_LIMIT: usize = 52_428_800;
const REQUEST_LIMIT: usize = 70_167_211;
const UNZIPPED_LIMIT: u64 = 262_144_000;

pub fn check_request_size(size: usize, operation: &str) -> Result<(), Failure> {
    if size < REQUEST_LIMIT {
        return Ok(());
    }
    let message = format!("Request must be smaller than {REQUEST_LIMIT} bytes for the {operation} operation");
    Err(Failure::new(413, "RequestEntityTooLargeException", message))
}

/// Fetches, checks and keeps the package that `input` (ZipFile, or S3Bucket, S3Key and S3ObjectVersion) means, or finds the
/// image that it names.
pub fn load(call: &mut Call<'_>, input: &Value, of_image: bool) -> Result<Code, Failure> {
    if of_image {
        let uri = input["ImageUri"].as_str().ok_or_else(|| invalid("Please provide a source for function code."))?;
        return image::load(call, uri);
    }
    let (blob, size) = match (input["ZipFile"].as_str(), input["S3Bucket"].as_str(), input["S3Key"].as_str()) {
        (Some(encoded), None, None) => {
            let bytes = STANDARD.decode(encoded).map_err(|_| not_a_zip())?;
            if bytes.len() >= ZIPPED_LIMIT {
                let message = format!("Zipped size must be smaller than {ZIPPED_LIMIT} bytes");
                return Err(Failure::new(413, "RequestEntityTooLargeException", message));
            }
            check_zip(Cursor::new(&bytes))?;
            let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            let kept = call
                .blobs
                .put(&Bytes::from(bytes))
                .map_err(|fault| Failure::new(500, "ServiceException", format!("the package cannot be kept: {fault}")));
            (kept?, size)
        }
        (None, Some(bucket), Some(key)) => {
            let (blob, size) = fetch(call, bucket, key, input["S3ObjectVersion"].as_str())?;
            let lost = || Failure::new(500, "ServiceException", "the object's bytes are gone");
            check_zip(call.blobs.open(&blob).ok_or_else(lost)?)?;
            (blob, size)
        }
        (Some(_), _, _) => {
            return Err(invalid("Please do not provide other FunctionCode parameters when providing a ZipFile."));
        }
        _ => return Err(invalid("Please provide a source for function code.")),
    };
    Ok(Code { sha256: in_base64(&blob), blob, size, image: None })
}

/// A blob's name is its SHA-256 in hex; Lambda tells it in base64.
fn in_base64(blob: &str) -> String {
    let digit = |at: usize| blob.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    STANDARD.encode((0..blob.len()).step_by(2).filter_map(digit).collect::<Vec<u8>>())
}

fn fetch(call: &Call<'_>, bucket: &str, key: &str, version: Option<&str>) -> Result<(String, u64), Failure> {
    let failed = |code: &str, message: &str| {
        Err(invalid(format!("Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}")))
    };
    match call.state.s3.fetch(&call.region, bucket, key, version) {
        Fetched::Object { blob, size } => Ok((blob, size)),
        Fetched::NoSuchBucket => failed("NoSuchBucket", "The specified bucket does not exist"),
        Fetched::NoSuchKey => failed("NoSuchKey", "The specified key does not exist."),
        Fetched::NoSuchVersion => failed("NoSuchVersion", "The specified version does not exist."),
        Fetched::Elsewhere(region) => failed(
            "PermanentRedirect",
            &format!("The bucket is in this region: {region}. Please use this region to retry the request"),
        ),
        Fetched::AccessDenied => {
            let message = format!(
                "Your access has been denied by S3, please make sure your request credentials have permission to \
                 GetObject for {bucket}/{key}. S3 Error Code: AccessDenied. S3 Error Message: Access Denied"
            );
            Err(Failure::new(403, "AccessDeniedException", message))
        }
    }
}

fn check_zip(zip: impl Read + Seek) -> Result<(), Failure> {
    let mut archive = ZipArchive::new(zip).map_err(|_| not_a_zip())?;
    if archive.is_empty() {
        return Err(invalid("Uploaded file must be a non-empty zip"));
    }
    let mut unzipped = 0u64;
    for at in 0..archive.len() {
        let entry = archive.by_index_raw(at).map_err(|_| not_a_zip())?;
        unzipped = unzipped.saturating_add(entry.size());
    }
    if unzipped >= UNZIPPED_LIMIT {
        return Err(invalid(format!("Unzipped size must be smaller than {UNZIPPED_LIMIT} bytes")));
    }
    Ok(())
}

fn not_a_zip() -> Failure {
    invalid("Could not unzip uploaded file. Please check your file, then try to upload again.")
}
