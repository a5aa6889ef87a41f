//! JSON as json-smart reads and writes it, which is what `$input` and `$util.parseJson` rest on.
//!
//! Reading is permissive: keys and strings need no quotes, commas may be superfluous, what follows the value is
//! ignored. So a body that is no JSON at all is read as one string.

use std::rc::Rc;

use super::bigint::BigInt;
use super::decimal::Decimal;
use super::java;
use super::number::Number;
use super::value::{Key, ListKind, Map, MapKind, Value};

/// Objects and arrays inside one another.
const DEPTH: usize = 200;

/// Whether `/` is written as `\/`: a list's own printing does it, `$input.json()` does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slashes {
    Plain,
    Escaped,
}

pub(super) fn write_string(text: &str, slashes: Slashes, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '/' if slashes == Slashes::Escaped => out.push_str("\\/"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{2000}'..='\u{20ff}' => {
                out.push_str(&format!("\\u{:04X}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Reads a value; `None` where even json-smart gives up.
pub(super) fn parse(text: &str) -> Option<Value> {
    let mut reader = Reader { units: text.encode_utf16().collect(), position: 0, depth: 0 };
    reader.skip_white_space();
    match reader.current() {
        END => Some(Value::text("")),
        COLON | RIGHT_BRACKET | RIGHT_CURLY => None,
        _ => reader.value(&[]),
    }
}

/// The character that json-smart takes for the end of its input.
const END: u16 = 0x1a;
const COMMA: u16 = b',' as u16;
const COLON: u16 = b':' as u16;
const LEFT_BRACKET: u16 = b'[' as u16;
const RIGHT_BRACKET: u16 = b']' as u16;
const LEFT_CURLY: u16 = b'{' as u16;
const RIGHT_CURLY: u16 = b'}' as u16;
const QUOTE: u16 = b'"' as u16;
const SINGLE_QUOTE: u16 = b'\'' as u16;
const BACKSLASH: u16 = b'\\' as u16;
const MINUS: u16 = b'-' as u16;

struct Reader {
    units: Vec<u16>,
    position: usize,
    depth: usize,
}

impl Reader {
    fn current(&self) -> u16 {
        self.units.get(self.position).copied().unwrap_or(END)
    }

    /// JSON's own white space.
    fn skip_white_space(&mut self) {
        while matches!(self.current(), 0x20 | 0x09 | 0x0a | 0x0d) {
            self.position += 1;
        }
    }

    /// Everything up to the blank.
    fn skip_space(&mut self) {
        while self.current() <= 0x20 && self.current() != END {
            self.position += 1;
        }
    }

    fn value(&mut self, stops: &[u16]) -> Option<Value> {
        self.skip_white_space();
        match self.current() {
            COLON | RIGHT_BRACKET | RIGHT_CURLY => None,
            LEFT_CURLY => self.nested(Self::object),
            LEFT_BRACKET => self.nested(Self::array),
            QUOTE | SINGLE_QUOTE => self.string().map(Value::text),
            MINUS | 0x30..=0x39 => self.number(stops),
            _ => {
                let text = self.bare(stops);
                Some(match text.as_str() {
                    "null" => Value::Null,
                    "true" => Value::Bool(true),
                    "false" => Value::Bool(false),
                    "NaN" => Value::Number(Number::Float(f32::NAN)),
                    _ => Value::text(text),
                })
            }
        }
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Option<Value>) -> Option<Value> {
        self.depth += 1;
        if self.depth > DEPTH {
            return None;
        }
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn object(&mut self) -> Option<Value> {
        let map = Map::new(MapKind::Linked);
        self.position += 1;
        loop {
            self.skip_white_space();
            match self.current() {
                COLON | LEFT_BRACKET | RIGHT_BRACKET | LEFT_CURLY => return None,
                RIGHT_CURLY => break,
                COMMA => {
                    self.position += 1;
                    continue;
                }
                _ => {}
            }
            let key = match self.current() {
                QUOTE | SINGLE_QUOTE => self.string()?,
                _ => self.bare(&[COLON]),
            };
            self.skip_space();
            if self.current() != COLON {
                return None;
            }
            self.position += 1;
            if self.position >= self.units.len() {
                return None;
            }
            let value = self.value(&[COMMA, RIGHT_CURLY])?;
            map.put(Key::text(&key), value);
            self.skip_space();
            match self.current() {
                RIGHT_CURLY => break,
                COMMA => self.position += 1,
                _ => return None,
            }
        }
        self.position += 1;
        Some(Value::Map(map))
    }

    fn array(&mut self) -> Option<Value> {
        let mut items = Vec::new();
        self.position += 1;
        loop {
            self.skip_white_space();
            match self.current() {
                RIGHT_BRACKET => break,
                COLON | RIGHT_CURLY => return None,
                COMMA => self.position += 1,
                _ if self.position >= self.units.len() || self.current() == END => return None,
                _ => items.push(self.value(&[COMMA, RIGHT_BRACKET])?),
            }
        }
        self.position += 1;
        Some(Value::list(ListKind::Json, items))
    }

    /// Text without quotes, up to one of `stops`.
    fn bare(&mut self, stops: &[u16]) -> String {
        let start = self.position;
        self.skip_bare(stops);
        self.trimmed(start)
    }

    fn skip_bare(&mut self, stops: &[u16]) {
        while self.current() != END && !stops.contains(&self.current()) {
            self.position += 1;
        }
    }

    fn trimmed(&self, start: usize) -> String {
        let text = java::from_utf16(&self.units[start..self.position.min(self.units.len())]);
        text.trim_matches(|c| c <= ' ').to_owned()
    }

    fn number(&mut self, stops: &[u16]) -> Option<Value> {
        let start = self.position;
        self.position += 1;
        self.skip_digits();
        let mut fractional = false;
        if self.current() == u16::from(b'.') {
            fractional = true;
            self.position += 1;
            self.skip_digits();
        }
        if matches!(self.current(), 0x45 | 0x65) {
            fractional = true;
            self.position += 1;
            if !matches!(self.current(), 0x2b | 0x2d | 0x30..=0x39) {
                self.skip_bare(stops);
                return Some(Value::text(self.trimmed(start)));
            }
            self.position += 1;
            self.skip_digits();
        }
        self.skip_space();
        let ends = self.current() == END || self.current() >= u16::from(b'~') || stops.contains(&self.current());
        if !ends {
            self.skip_bare(stops);
            return Some(Value::text(self.trimmed(start)));
        }
        let image = self.trimmed(start);
        let number = if fractional { fraction(&image) } else { whole(&image) };
        number.map(Value::Number)
    }

    fn skip_digits(&mut self) {
        while matches!(self.current(), 0x30..=0x39) {
            self.position += 1;
        }
    }

    /// A quoted string; the opening quote is current. Where there are escapes, control characters are dropped.
    fn string(&mut self) -> Option<String> {
        let quote = self.current();
        let start = self.position + 1;
        let length = self.units.get(start..)?.iter().position(|&unit| unit == quote)?;
        let plain = &self.units[start..start + length];
        if !plain.contains(&BACKSLASH) {
            self.position = start + length + 1;
            return Some(java::from_utf16(plain));
        }
        let mut units = Vec::new();
        loop {
            self.position += 1;
            match self.current() {
                unit if unit == quote => break,
                END => return None,
                BACKSLASH => {
                    self.position += 1;
                    units.extend(self.escape()?);
                }
                0..0x20 | 0x7f => {}
                unit => units.push(unit),
            }
        }
        self.position += 1;
        Some(java::from_utf16(&units))
    }

    /// The character that an escape stands for; unknown escapes stand for nothing.
    fn escape(&mut self) -> Option<Option<u16>> {
        let unit = self.current();
        Some(Some(match u8::try_from(unit).unwrap_or(0) {
            b't' => 0x09,
            b'n' => 0x0a,
            b'r' => 0x0d,
            b'f' => 0x0c,
            b'b' => 0x08,
            b'\\' | b'/' | b'\'' | b'"' => unit,
            b'u' => self.hexadecimal(4)?,
            b'x' => self.hexadecimal(2)?,
            _ => return Some(None),
        }))
    }

    fn hexadecimal(&mut self, digits: usize) -> Option<u16> {
        let mut value = 0;
        for _ in 0..digits {
            self.position += 1;
            let digit = char::from_u32(u32::from(self.current()))?.to_digit(16)?;
            value = value * 16 + digit as u16;
        }
        Some(value)
    }
}

fn whole(image: &str) -> Option<Number> {
    if image == "-" {
        return Some(Number::Int(0));
    }
    match Number::whole(image)? {
        Number::Big(big) => Some(big.to_i64().map_or(Number::Big(big), Number::Long)),
        number => Some(number),
    }
}

/// Long fractions keep all their digits.
fn fraction(image: &str) -> Option<Number> {
    let exact = if image.len() > 18 { Decimal::parse(image) } else { None };
    exact.map(Number::Decimal).or_else(|| image.parse().ok().map(Number::Double))
}

/// A value given from outside, with Java's types.
pub(super) fn from_serde(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(number) => Value::Number(number_from_serde(number)),
        serde_json::Value::String(text) => Value::text(text.as_str()),
        serde_json::Value::Array(items) => Value::list(ListKind::Java, items.iter().map(from_serde).collect()),
        serde_json::Value::Object(entries) => Value::Map(map_from_serde(entries)),
    }
}

pub(super) fn map_from_serde(entries: &serde_json::Map<String, serde_json::Value>) -> Rc<Map> {
    let map = Map::new(MapKind::Linked);
    for (key, value) in entries {
        map.put(Key::text(key), from_serde(value));
    }
    map
}

fn number_from_serde(number: &serde_json::Number) -> Number {
    if let Some(n) = number.as_i64() {
        return i32::try_from(n).map_or(Number::Long(n), Number::Int);
    }
    if let Some(n) = number.as_u64() {
        return Number::Big(BigInt::from(n));
    }
    Number::Double(number.as_f64().unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> Option<String> {
        match parse(json)? {
            Value::String(text) => Some(text.to_string()),
            _ => None,
        }
    }

    #[test]
    fn what_is_no_json_is_a_string() {
        assert_eq!(text("a=1&b=2").as_deref(), Some("a=1&b=2"));
        assert_eq!(text(" 12 apples ").as_deref(), Some("12 apples"));
        assert!(parse("{\"a\":1").is_none());
        assert!(parse("]").is_none());
    }

    #[test]
    fn numbers_take_the_type_that_holds_them() {
        for (json, printed) in [
            ("1", "1"),
            ("2147483648", "2147483648"),
            ("12345678901234567890", "12345678901234567890"),
            ("1.50", "1.5"),
            ("1e3", "1000.0"),
            ("0.1234567890123456789", "0.1234567890123456789"),
        ] {
            let Some(Value::Number(number)) = parse(json) else { panic!("{json} is a number") };
            assert_eq!(number.to_string(), printed);
        }
    }

    #[test]
    fn strings_are_written_with_their_escapes() {
        let mut out = String::new();
        write_string("a/b\"\\\n\u{2028}é", Slashes::Escaped, &mut out);
        assert_eq!(out, "\"a\\/b\\\"\\\\\\n\\u2028é\"");
    }
}
