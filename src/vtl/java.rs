//! Java's view of text: strings are counted, indexed and hashed in UTF-16 code units.

/// The string of these code units. A half of a surrogate pair prints as `?`, as Java's encoder does.
pub(super) fn from_utf16(units: &[u16]) -> String {
    if units.iter().all(|&unit| unit < 0x80) {
        return units.iter().map(|&unit| char::from(unit as u8)).collect();
    }
    char::decode_utf16(units.iter().copied()).map(|c| c.unwrap_or('?')).collect()
}

/// `String.length()`.
pub(super) fn length(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

/// `String.hashCode()`.
pub(super) fn hash(text: &str) -> i32 {
    text.encode_utf16().fold(0i32, |h, unit| h.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// `String.substring(from, to)`; `None` where that throws.
pub(super) fn substring(text: &str, from: i32, to: i32) -> Option<String> {
    let (from, to) = (usize::try_from(from).ok()?, usize::try_from(to).ok()?);
    if from > to {
        return None;
    }
    if text.is_ascii() {
        return text.get(from..to).map(str::to_owned);
    }
    let units: Vec<u16> = text.encode_utf16().collect();
    units.get(from..to).map(from_utf16)
}

/// The position in code units of a position in bytes.
pub(super) fn unit_of_byte(text: &str, byte: usize) -> usize {
    length(&text[..byte])
}

/// The position in bytes of a position in code units, rounded up to a whole character; the end where it is beyond it.
pub(super) fn byte_of_unit(text: &str, unit: usize) -> usize {
    let mut units = 0;
    for (byte, c) in text.char_indices() {
        if units >= unit {
            return byte;
        }
        units += c.len_utf16();
    }
    text.len()
}

/// `String.compareTo()`: the difference of the first code units that differ, else of the lengths.
pub(super) fn compare(a: &str, b: &str) -> i32 {
    match a.encode_utf16().zip(b.encode_utf16()).find(|(a, b)| a != b) {
        Some((a, b)) => i32::from(a) - i32::from(b),
        None => length(a) as i32 - length(b) as i32,
    }
}
