//! DNS names as Route 53 keeps and orders them.

use std::cmp::Ordering;

/// Lower case, a dot at the end, and every character but letters, digits, `-`, `_` and `.` as three octal digits:
/// `*.Example.com` is `\052.example.com.`.
pub fn normal(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 1);
    for byte in plain_bytes(name) {
        match byte.to_ascii_lowercase() {
            kept @ (b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.') => out.push(char::from(kept)),
            other => out.push_str(&format!("\\{other:03o}")),
        }
    }
    if !out.ends_with('.') {
        out.push('.');
    }
    out
}

/// The bytes that `name` means, octal escapes resolved.
fn plain_bytes(name: &str) -> Vec<u8> {
    let bytes = name.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = bytes.get(at + 1..at + 4).filter(|_| bytes[at] == b'\\');
        let octal = escaped.and_then(|digits| std::str::from_utf8(digits).ok());
        match octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 4;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    out
}

/// Is `name` the zone's own name, or below it? Both normal.
pub fn is_within(name: &str, zone: &str) -> bool {
    name == zone || name.strip_suffix(zone).is_some_and(|rest| rest.ends_with('.'))
}

/// Labels from the end: `com.example.www`. Both normal.
pub fn order(one: &str, other: &str) -> Ordering {
    one.trim_end_matches('.').rsplit('.').cmp(other.trim_end_matches('.').rsplit('.'))
}
