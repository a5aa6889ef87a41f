//! String literals: from the text between the quotes to the value.

/// The text of a string literal.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct StringText {
    pub text: String,
    /// In double quotes and with something in it that may be replaced.
    pub interpolate: bool,
}

/// Reads a literal with its quotes. `None` where `\u` is not followed by four hexadecimal digits.
pub(super) fn read(image: &str) -> Option<StringText> {
    let quote = if image.starts_with('"') { '"' } else { '\'' };
    let inner = image.get(1..image.len().saturating_sub(1)).unwrap_or_default();
    let double = quote == '"';
    let unescaped = if double { unescape(inner)? } else { inner.to_owned() };
    let doubled = format!("{quote}{quote}");
    Some(StringText {
        text: unescaped.replace(&doubled, &quote.to_string()),
        interpolate: double && image.contains(['$', '#']),
    })
}

/// `\u0041`: the only escape there is.
fn unescape(text: &str) -> Option<String> {
    if !text.contains("\\u") {
        return Some(text.to_owned());
    }
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\\u") {
        units.extend(rest[..at].encode_utf16());
        let digits = rest.get(at + 2..at + 6)?;
        if !digits.chars().all(|c| c.is_ascii_hexdigit()) {
            return None;
        }
        units.push(u16::from_str_radix(digits, 16).ok()?);
        rest = &rest[at + 6..];
    }
    units.extend(rest.encode_utf16());
    Some(super::java::from_utf16(&units))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(image: &str) -> String {
        read(image).map(|s| s.text).unwrap_or_else(|| "no value".into())
    }

    #[test]
    fn a_doubled_quote_is_one_quote() {
        assert_eq!(text("'it''s'"), "it's");
        assert_eq!(text("\"a\"\"b\""), "a\"b");
        assert_eq!(text("'a\"\"b'"), "a\"\"b");
    }

    #[test]
    fn only_double_quotes_know_unicode_escapes() {
        assert_eq!(text("\"\\u0041\\ud83d\\ude00\""), "A😀");
        assert_eq!(text("'\\u0041'"), "\\u0041");
        assert_eq!(read("\"\\u00\""), None);
    }

    #[test]
    fn only_double_quotes_interpolate() {
        assert!(read("\"$x\"").is_some_and(|s| s.interpolate));
        assert!(read("\"plain\"").is_some_and(|s| !s.interpolate));
        assert!(read("'$x'").is_some_and(|s| !s.interpolate));
    }
}
