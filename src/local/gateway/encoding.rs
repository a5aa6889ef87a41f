//! Content encodings: compressed requests are unpacked before anything looks into them, answers packed where the API's
//! `minimumCompressionSize` says so.

use std::io::{Read, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::{DeflateDecoder, GzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderMap, HeaderValue};

use super::limits;
use super::refusal::{Kind, Refusal};

/// The body unpacked, and its `Content-Encoding` taken away with it.
///
/// # Errors
/// When it is not what its header says, or larger than any body may be.
pub fn unpack(headers: &mut HeaderMap, body: Bytes) -> Result<Bytes, Refusal> {
    let Some(coding) = headers.get(CONTENT_ENCODING) else { return Ok(body) };
    let coding = String::from_utf8_lossy(coding.as_bytes()).trim().to_ascii_lowercase();
    let unpacked = match coding.as_str() {
        "gzip" | "x-gzip" => bounded(GzDecoder::new(&body[..])),
        // In the wild both with zlib's frame, as it should be, and without.
        "deflate" => bounded(ZlibDecoder::new(&body[..])).or_else(|fault| match fault.kind() {
            std::io::ErrorKind::FileTooLarge => Err(fault),
            _ => bounded(DeflateDecoder::new(&body[..])),
        }),
        "identity" | "" => return Ok(body),
        other => {
            let reason = format!("Content-Encoding {other} is not among gzip, deflate and identity");
            return Err(Kind::UnsupportedMediaType.because(reason));
        }
    };
    match unpacked {
        Ok(body) => {
            headers.remove(CONTENT_ENCODING);
            Ok(body)
        }
        Err(fault) if fault.kind() == std::io::ErrorKind::FileTooLarge => {
            Err(Kind::RequestTooLarge.because("the body is larger than 10 MB once it is unpacked"))
        }
        Err(fault) => Err(Kind::BadBody.because(format!("the body cannot be unpacked as {coding}: {fault}"))),
    }
}

fn bounded(packed: impl Read) -> std::io::Result<Bytes> {
    let mut body = Vec::new();
    packed.take(limits::PAYLOAD as u64 + 1).read_to_end(&mut body)?;
    if body.len() > limits::PAYLOAD {
        return Err(std::io::ErrorKind::FileTooLarge.into());
    }
    Ok(body.into())
}

/// Packs an answer of at least `minimum` bytes, in a way that the caller accepts.
pub fn pack(minimum: Option<i64>, asked: &HeaderMap, response: &mut http::Response<Bytes>) {
    let Some(minimum) = minimum.and_then(|minimum| usize::try_from(minimum).ok()) else { return };
    if response.body().is_empty()
        || response.body().len() < minimum
        || response.headers().contains_key(CONTENT_ENCODING)
    {
        return;
    }
    let Some(coding) = accepted(asked) else { return };
    let body = response.body();
    let packed = match coding {
        "gzip" => write(GzEncoder::new(Vec::new(), Compression::fast()), body, GzEncoder::finish),
        _ => write(ZlibEncoder::new(Vec::new(), Compression::fast()), body, ZlibEncoder::finish),
    };
    if let Ok(packed) = packed {
        *response.body_mut() = packed.into();
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
}

fn write<W: Write>(
    mut encoder: W,
    body: &[u8],
    finish: impl FnOnce(W) -> std::io::Result<Vec<u8>>,
) -> std::io::Result<Vec<u8>> {
    encoder.write_all(body)?;
    finish(encoder)
}

/// The better of gzip and deflate, as the caller weighs them.
fn accepted(asked: &HeaderMap) -> Option<&'static str> {
    let mut gzip = None;
    let mut deflate = None;
    let mut any = None;
    let values = asked.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    for part in values.flat_map(|value| value.split(',')) {
        let (name, parameters) = part.split_once(';').unwrap_or((part, ""));
        let weight = parameters.trim().strip_prefix("q=").map_or(Some(1.0), |weight| weight.trim().parse::<f32>().ok());
        let slot = match name.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => &mut gzip,
            "deflate" => &mut deflate,
            "*" => &mut any,
            _ => continue,
        };
        *slot = weight;
    }
    let gzip = gzip.or(any).unwrap_or(0.0);
    let deflate = deflate.or(any).unwrap_or(0.0);
    match (gzip > 0.0, deflate > 0.0) {
        (true, _) if gzip >= deflate => Some("gzip"),
        (_, true) => Some("deflate"),
        _ => None,
    }
}
