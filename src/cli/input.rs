//! What people write in options: `name=value`, durations, and text that may be in a file or on stdin.

use std::path::Path;
use std::time::Duration;

use crate::pipeline::Failure;
use crate::ui::Ui;

/// `k=v`; the value may hold more `=`.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as name=value".to_owned()),
    }
}

/// `Name: value`, as HTTP has it.
pub(super) fn header(text: &str) -> Result<(http::HeaderName, http::HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("write it as 'Name: value'")?;
    let name = name.trim().parse().map_err(|_| format!("`{name}` is no name of a header"))?;
    let value = value.trim().parse().map_err(|_| "the value holds characters that headers cannot hold".to_owned())?;
    Ok((name, value))
}

/// `90s`, `10m`, `2h`, `1d`, also together: `1h30m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "write it like 90s, 10m, 2h or 1d".to_owned();
    let (mut rest, mut seconds) = (text, 0u64);
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit()).ok_or_else(wrong)?;
        let number: u64 = rest[..digits].parse().map_err(|_| wrong())?;
        let unit = match rest[digits..].chars().next() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3_600,
            Some('d') => 86_400,
            _ => return Err(wrong()),
        };
        seconds = number.checked_mul(unit).and_then(|more| seconds.checked_add(more)).ok_or_else(wrong)?;
        rest = &rest[digits + 1..];
    }
    // Beyond ten years nothing that is waited for or looked back at makes sense, and sums stay in range.
    if text.is_empty() || seconds > 10 * 366 * 86_400 { Err(wrong()) } else { Ok(Duration::from_secs(seconds)) }
}

/// The text itself, `@FILE`, or `-` for stdin; for a body that is sent or rendered.
pub(super) fn body(text: &str, ui: &Ui) -> Result<Vec<u8>, Failure> {
    match text.strip_prefix('@') {
        _ if text == "-" => stdin(ui),
        Some(path) => file(Path::new(path), ui),
        None => Ok(text.as_bytes().to_vec()),
    }
}

/// The bytes of a file, or of stdin for `-`.
pub(super) fn file(path: &Path, ui: &Ui) -> Result<Vec<u8>, Failure> {
    if path == Path::new("-") {
        return stdin(ui);
    }
    std::fs::read(path).map_err(|fault| Failure::Usage(format!("{} cannot be read: {fault}", path.display())))
}

/// The text of a file, or of stdin for `-`.
pub(super) fn text(path: &Path, ui: &Ui) -> Result<String, Failure> {
    let bytes = file(path, ui)?;
    String::from_utf8(bytes).map_err(|_| Failure::Usage(format!("{} is not UTF-8 text", path.display())))
}

fn stdin(ui: &Ui) -> Result<Vec<u8>, Failure> {
    ui.input().map_err(|fault| Failure::Usage(format!("stdin cannot be read: {fault}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, seconds) in [("0s", 0), ("90s", 90), ("10m", 600), ("1h30m", 5_400), ("2d", 172_800)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "10", "m", "-5m", "1.5h", "5 m", "99999999999999999999s", "9999999999d"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn pairs_and_headers_keep_what_follows_the_first_sign() {
        assert_eq!(pair("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert!(pair("=b").is_err() && pair("a").is_err());
        let (name, value) = header("X-Time: 10:30").unwrap();
        assert_eq!((name.as_str(), value.as_bytes()), ("x-time", b"10:30".as_slice()));
        assert!(header("nothing").is_err() && header("a b: c").is_err());
    }
}
