//! `$util`: the functions API Gateway adds.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{Called, fail, found};
use crate::vtl::json;
use crate::vtl::render::Renderer;
use crate::vtl::value::Value;

/// Padding may be missing and left-over bits are ignored, as Java's decoder has it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

impl Renderer<'_> {
    pub(super) fn util_method(&mut self, name: &str, arguments: &[Value]) -> Called {
        let [Value::String(text)] = arguments else { return Ok(None) };
        self.charge(text.len())?;
        match name {
            "escapeJavaScript" => found(self.made(escape_java_script(text))?),
            "urlEncode" => found(self.made(url_encode(text))?),
            "urlDecode" => match url_decode(text) {
                Some(decoded) => found(self.made(decoded)?),
                None => fail(format!("IllegalArgumentException: URLDecoder: {text:?} holds a % that encodes nothing")),
            },
            "base64Encode" => found(self.made(BASE64.encode(text.as_bytes()))?),
            "base64Decode" => match BASE64.decode(text.as_bytes()) {
                Ok(bytes) => found(self.made(String::from_utf8_lossy(&bytes).into_owned())?),
                Err(error) => fail(format!("IllegalArgumentException: not base64: {error}")),
            },
            "parseJson" => {
                self.step(text.len())?;
                match json::parse(text) {
                    Some(value) => found(value),
                    None => fail("InvalidJsonException: the text given to $util.parseJson is no JSON"),
                }
            }
            _ => Ok(None),
        }
    }
}

/// As commons-lang 2 does it: `'` and `/` are escaped too.
fn escape_java_script(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for unit in text.encode_utf16() {
        match unit {
            0x08 => escaped.push_str("\\b"),
            0x09 => escaped.push_str("\\t"),
            0x0a => escaped.push_str("\\n"),
            0x0c => escaped.push_str("\\f"),
            0x0d => escaped.push_str("\\r"),
            0..0x20 | 0x80.. => escaped.push_str(&format!("\\u{unit:04X}")),
            _ => {
                let c = char::from(unit as u8);
                if matches!(c, '\'' | '"' | '\\' | '/') {
                    escaped.push('\\');
                }
                escaped.push(c);
            }
        }
    }
    escaped
}

/// Form encoding: a space is `+`.
fn url_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'_' => encoded.push(char::from(byte)),
            b' ' => encoded.push('+'),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

fn url_decode(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while let Some(&byte) = bytes.get(i) {
        i += 1;
        match byte {
            b'+' => decoded.push(b' '),
            b'%' => {
                let digits = text.get(i..i + 2).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
                decoded.push(u8::from_str_radix(digits, 16).ok()?);
                i += 2;
            }
            byte => decoded.push(byte),
        }
    }
    Some(String::from_utf8_lossy(&decoded).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_for_java_script() {
        assert_eq!(
            escape_java_script("it's \"a/b\"\\\n\u{1}é😀"),
            "it\\'s \\\"a\\/b\\\"\\\\\\n\\u0001\\u00E9\\uD83D\\uDE00"
        );
    }

    #[test]
    fn form_encoding_both_ways() {
        assert_eq!(url_encode("a b&c=d/é?+%~*-_."), "a+b%26c%3Dd%2F%C3%A9%3F%2B%25%7E*-_.");
        assert_eq!(url_decode("a+b%26%C3%A9").as_deref(), Some("a b&é"));
        assert_eq!(url_decode("100%"), None);
        assert_eq!(url_decode("%+1"), None);
    }
}
