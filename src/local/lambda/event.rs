//! Whether an event is JSON, and what Lambda says if it is not: in the words of its parser (Jackson), as recorded in
//! `AWS_FACTS`, appendix B.

use serde::de::IgnoredAny;

const EXPECTED: &str = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

/// # Errors
/// What is wrong with it.
pub fn check(event: &[u8]) -> Result<(), String> {
    match serde_json::from_slice::<IgnoredAny>(event) {
        Ok(_) if std::str::from_utf8(event).is_ok() => Ok(()),
        Ok(_) => Err(problem(event, None)),
        Err(fault) => Err(problem(event, Some(&fault))),
    }
    .map_err(|problem| format!("Could not parse request body into json: Could not parse payload into json: {problem}"))
}

fn problem(event: &[u8], fault: Option<&serde_json::Error>) -> String {
    let first = event.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(event.len());
    if let Err(fault) = std::str::from_utf8(event) {
        let at = fault.valid_up_to();
        let byte = event[at];
        // At the beginning of a value the parser looks at one byte, later at whole characters.
        return if at == first {
            unexpected(char::from(byte), "expected a valid value")
        } else if byte >= 0xc2 && at + 1 < event.len() {
            format!("Invalid UTF-8 middle byte 0x{:02x}", event[at + 1])
        } else {
            format!("Invalid UTF-8 start byte 0x{byte:02x}")
        };
    }
    let text = String::from_utf8_lossy(event);
    if fault.is_some_and(|fault| fault.classify() == serde_json::error::Category::Eof) {
        return "Unexpected end-of-input".to_owned();
    }
    let at = fault.map_or(first, |fault| offset(&text, fault)).max(first);
    let start = text[..at.min(text.len())].rfind(|letter: char| !letter.is_alphanumeric()).map_or(0, |at| at + 1);
    let token: String = text.get(start..).unwrap_or_default().chars().take_while(|c| c.is_alphanumeric()).collect();
    if token.starts_with(char::is_alphabetic) {
        return format!("Unrecognized token '{token}': was expecting {EXPECTED}");
    }
    match text.get(at..).and_then(|rest| rest.chars().next()) {
        Some(letter) => unexpected(letter, "expected a valid value"),
        None => "Unexpected end-of-input".to_owned(),
    }
}

fn unexpected(letter: char, expected: &str) -> String {
    let code = u32::from(letter);
    let told =
        if letter.is_control() { format!("(CTRL-CHAR, code {code})") } else { format!("'{letter}' (code {code})") };
    format!("Unexpected character ({told}): {expected} {EXPECTED}")
}

/// Where the parser stopped.
fn offset(text: &str, fault: &serde_json::Error) -> usize {
    let before: usize = text.split_inclusive('\n').take(fault.line().saturating_sub(1)).map(str::len).sum();
    let mut at = before + fault.column().saturating_sub(1);
    while at > 0 && !text.is_char_boundary(at) {
        at -= 1;
    }
    at.min(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn told(event: &[u8], problem: &str) {
        let prefix = "Could not parse request body into json: Could not parse payload into json: ";
        assert_eq!(check(event), Err(format!("{prefix}{problem}")));
    }

    #[test]
    fn the_recorded_refusals() {
        told(b"n\x87r\x9e\xe9\xb5\xd7I\xee\x9bmt", "Invalid UTF-8 start byte 0x87");
        let expected = "expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
        told(b"\x99\xeb,j\x07\xa1zYh", &format!("Unexpected character ((CTRL-CHAR, code 153)): {expected}"));
    }

    #[test]
    fn a_word_is_a_token_nobody_knows() {
        let expected = "was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
        told(b"badbod", &format!("Unrecognized token 'badbod': {expected}"));
        told(b"{\"a\": nope}", &format!("Unrecognized token 'nope': {expected}"));
    }

    #[test]
    fn what_is_not_whole_or_not_utf8_is_refused() {
        told(b"{\"a\": 1", "Unexpected end-of-input");
        assert!(check(b"\"\xff\"").is_err());
    }

    #[test]
    fn json_passes_however_deep_it_is() {
        let deep = [vec![b'['; 10_000], vec![b']'; 10_000]].concat();
        for event in [b"{}".as_slice(), b" null ", b"\"x\"", b"1.5e3", &deep] {
            assert_eq!(check(event), Ok(()));
        }
    }
}
