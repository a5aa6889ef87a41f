//! Content handling: bytes to base64 text and back, on the way to the integration and on the way from it
//! (`AWS_FACTS` C8 and the payload encodings of API Gateway's guide).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::refusal::{Kind, Refusal};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentHandling {
    ToBinary,
    ToText,
}

impl ContentHandling {
    pub fn read(name: Option<&str>) -> Option<ContentHandling> {
        match name {
            Some("CONVERT_TO_BINARY") => Some(ContentHandling::ToBinary),
            Some("CONVERT_TO_TEXT") => Some(ContentHandling::ToText),
            _ => None,
        }
    }
}

/// The method request's body as the integration request takes it; `binary`: its type is among the binary media types.
///
/// # Errors
/// When text to be made binary is no base64.
pub fn request_body(body: Bytes, handling: Option<ContentHandling>, binary: bool) -> Result<Bytes, Refusal> {
    match (binary, handling) {
        (true, Some(ContentHandling::ToText)) => Ok(encoded(&body)),
        (true, _) => Ok(body),
        (false, Some(ContentHandling::ToBinary)) => decoded(&body),
        (false, _) => Ok(text(body)),
    }
}

/// The integration's body as the integration response takes it; `accepted`: the caller's `Accept` names a binary media
/// type.
///
/// # Errors
/// When text to be made binary is no base64.
pub fn response_body(
    body: Bytes,
    handling: Option<ContentHandling>,
    binary: bool,
    accepted: bool,
) -> Result<Bytes, Refusal> {
    let to_text = handling == Some(ContentHandling::ToText) || (handling.is_none() && !accepted);
    match (binary, to_text) {
        (true, true) => Ok(encoded(&body)),
        (true, false) => Ok(body),
        (false, true) => Ok(text(body)),
        (false, false) => decoded(&body),
    }
}

pub fn encoded(body: &[u8]) -> Bytes {
    STANDARD.encode(body).into()
}

/// Functions return JSON, so their base64 comes in quotes.
///
/// # Errors
/// When it is no base64.
pub fn decoded(body: &[u8]) -> Result<Bytes, Refusal> {
    let body = body.trim_ascii();
    let bare = body.strip_prefix(b"\"").and_then(|body| body.strip_suffix(b"\"")).unwrap_or(body);
    let decoded = STANDARD.decode(bare);
    decoded.map(Bytes::from).map_err(|fault| {
        Kind::ApiConfiguration.because(format!("the body is to be made binary, but is not base64: {fault}"))
    })
}

/// Text is UTF-8; what is not becomes replacement characters.
fn text(body: Bytes) -> Bytes {
    match std::str::from_utf8(&body) {
        Ok(_) => body,
        Err(_) => String::from_utf8_lossy(&body).into_owned().into(),
    }
}
