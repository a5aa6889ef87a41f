//! Methods of numbers, truth values and characters, with the static ones of their classes:
//! `#set($n = 0)$n.parseInt('12')` is how templates turn text into numbers.

use std::cmp::Ordering;

use super::{Called, fail, found};
use crate::vtl::bigint::BigInt;
use crate::vtl::decimal::Decimal;
use crate::vtl::number::Number;
use crate::vtl::render::Renderer;
use crate::vtl::value::Value;

fn number(number: Number) -> Called {
    found(Value::Number(number))
}

fn int(n: i32) -> Called {
    number(Number::Int(n))
}

fn sign(order: Ordering) -> Called {
    int(order as i32)
}

fn no_number(text: &str) -> Called {
    fail(format!("NumberFormatException: For input string: \"{text}\""))
}

impl Renderer<'_> {
    pub(super) fn number_method(&mut self, n: &Number, name: &str, arguments: &[Value]) -> Called {
        self.step(n.size() * n.size() / 16)?;
        match (name, arguments) {
            ("parseInt" | "parseLong" | "parseDouble" | "valueOf", [Value::Null, ..]) => return no_number("null"),
            ("intValue", []) => return int(n.to_int()),
            ("longValue", []) => return number(Number::Long(n.to_long())),
            ("doubleValue", []) => return number(Number::Double(n.to_double())),
            ("floatValue", []) => return number(Number::Float(n.to_float())),
            ("shortValue", []) => return int(i32::from(n.to_int() as i16)),
            ("byteValue", []) => return int(i32::from(n.to_int() as i8)),
            _ => {}
        }
        match n {
            Number::Int(n) => int_method(*n, name, arguments),
            Number::Long(n) => long_method(*n, name, arguments),
            Number::Double(n) => double_method(*n, name, arguments),
            Number::Float(n) => match (name, arguments) {
                ("isNaN", []) => found(Value::Bool(n.is_nan())),
                ("isInfinite", []) => found(Value::Bool(n.is_infinite())),
                ("compareTo", [Value::Number(Number::Float(other))]) => sign(n.total_cmp(other)),
                _ => Ok(None),
            },
            Number::Big(n) => big_method(n, name, arguments),
            Number::Decimal(n) => match (name, arguments) {
                ("compareTo", [Value::Number(Number::Decimal(other))]) => sign(n.cmp(other)),
                ("signum", []) => int(if n.is_zero() {
                    0
                } else if n.to_f64() < 0.0 {
                    -1
                } else {
                    1
                }),
                _ => Ok(None),
            },
        }
    }

    pub(super) fn boolean_method(&mut self, value: bool, name: &str, arguments: &[Value]) -> Called {
        match (name, arguments) {
            ("booleanValue", []) => found(Value::Bool(value)),
            ("compareTo", [Value::Bool(other)]) => sign(value.cmp(other)),
            ("parseBoolean" | "valueOf", [Value::String(text)]) => {
                found(Value::Bool(text.eq_ignore_ascii_case("true")))
            }
            ("parseBoolean" | "valueOf", [Value::Null]) => found(Value::Bool(false)),
            ("valueOf", [Value::Bool(other)]) => found(Value::Bool(*other)),
            ("toString", [Value::Bool(other)]) => found(Value::text(other.to_string())),
            ("logicalAnd", [Value::Bool(a), Value::Bool(b)]) => found(Value::Bool(*a && *b)),
            ("logicalOr", [Value::Bool(a), Value::Bool(b)]) => found(Value::Bool(*a || *b)),
            ("logicalXor", [Value::Bool(a), Value::Bool(b)]) => found(Value::Bool(a != b)),
            _ => Ok(None),
        }
    }

    pub(super) fn char_method(&mut self, c: char, name: &str, arguments: &[Value]) -> Called {
        match (name, arguments) {
            ("charValue", []) => found(Value::Char(c)),
            ("compareTo", [Value::Char(other)]) => int(c as i32 - *other as i32),
            ("isDigit", [Value::Char(c)]) => found(Value::Bool(c.is_ascii_digit())),
            ("isLetter", [Value::Char(c)]) => found(Value::Bool(c.is_alphabetic())),
            ("isLetterOrDigit", [Value::Char(c)]) => found(Value::Bool(c.is_alphabetic() || c.is_ascii_digit())),
            ("isUpperCase", [Value::Char(c)]) => found(Value::Bool(c.is_uppercase())),
            ("isLowerCase", [Value::Char(c)]) => found(Value::Bool(c.is_lowercase())),
            ("isWhitespace", [Value::Char(c)]) => found(Value::Bool(c.is_whitespace() && *c != '\u{a0}')),
            ("toUpperCase", [Value::Char(c)]) => found(Value::Char(c.to_uppercase().next().unwrap_or(*c))),
            ("toLowerCase", [Value::Char(c)]) => found(Value::Char(c.to_lowercase().next().unwrap_or(*c))),
            ("getNumericValue", [Value::Char(c)]) => int(c.to_digit(36).map_or(-1, |digit| digit as i32)),
            ("toString" | "valueOf", [Value::Char(c)]) => found(Value::text(c.to_string())),
            _ => Ok(None),
        }
    }
}

fn int_method(n: i32, name: &str, arguments: &[Value]) -> Called {
    use Value::Number as N;
    match (name, arguments) {
        ("compareTo", [N(Number::Int(other))]) => sign(n.cmp(other)),
        ("parseInt" | "valueOf", [Value::String(text)]) => {
            match parse_radix(text, 10).and_then(|n| i32::try_from(n).ok()) {
                Some(n) => int(n),
                None => no_number(text),
            }
        }
        ("parseInt" | "valueOf", [Value::String(text), N(Number::Int(radix))]) => {
            match parse_radix(text, *radix).and_then(|n| i32::try_from(n).ok()) {
                Some(n) => int(n),
                None => no_number(text),
            }
        }
        ("valueOf", [N(Number::Int(n))]) => int(*n),
        ("toString", [N(Number::Int(n))]) => found(Value::text(n.to_string())),
        ("toString", [N(Number::Int(n)), N(Number::Int(radix))]) => found(Value::text(in_radix(i64::from(*n), *radix))),
        ("toHexString", [N(Number::Int(n))]) => found(Value::text(format!("{n:x}"))),
        ("toOctalString", [N(Number::Int(n))]) => found(Value::text(format!("{n:o}"))),
        ("toBinaryString", [N(Number::Int(n))]) => found(Value::text(format!("{n:b}"))),
        ("max", [N(Number::Int(a)), N(Number::Int(b))]) => int(*a.max(b)),
        ("min", [N(Number::Int(a)), N(Number::Int(b))]) => int(*a.min(b)),
        ("sum", [N(Number::Int(a)), N(Number::Int(b))]) => int(a.wrapping_add(*b)),
        ("compare", [N(Number::Int(a)), N(Number::Int(b))]) => sign(a.cmp(b)),
        ("signum", [N(Number::Int(n))]) => int(n.signum()),
        ("bitCount", [N(Number::Int(n))]) => int(n.count_ones() as i32),
        _ => Ok(None),
    }
}

/// A whole number that fits `long`, or an `int` given to a method of `Long`.
fn long(value: &Value) -> Option<i64> {
    match value {
        Value::Number(Number::Int(n)) => Some(i64::from(*n)),
        Value::Number(Number::Long(n)) => Some(*n),
        _ => None,
    }
}

/// A number in another radix, which is 10 where there is no such radix.
fn in_radix(n: i64, radix: i32) -> String {
    let radix = u32::try_from(radix).ok().filter(|radix| (2..=36).contains(radix)).unwrap_or(10);
    let mut digits = Vec::new();
    let mut rest = n.unsigned_abs();
    loop {
        let digit = (rest % u64::from(radix)) as u32;
        digits.extend(char::from_digit(digit, radix));
        rest /= u64::from(radix);
        if rest == 0 {
            break;
        }
    }
    if n < 0 {
        digits.push('-');
    }
    digits.iter().rev().collect()
}

fn long_method(n: i64, name: &str, arguments: &[Value]) -> Called {
    let wrap = |n: i64| number(Number::Long(n));
    match (name, arguments) {
        ("compareTo", [Value::Number(Number::Long(other))]) => sign(n.cmp(other)),
        ("parseLong" | "valueOf", [Value::String(text)]) => match parse_radix(text, 10) {
            Some(n) => wrap(n),
            None => no_number(text),
        },
        ("valueOf", [value]) => long(value).map_or(Ok(None), wrap),
        ("toString", [value]) => long(value).map_or(Ok(None), |n| found(Value::text(n.to_string()))),
        ("toString", [value, Value::Number(Number::Int(radix))]) => {
            long(value).map_or(Ok(None), |n| found(Value::text(in_radix(n, *radix))))
        }
        ("toOctalString", [value]) => long(value).map_or(Ok(None), |n| found(Value::text(format!("{n:o}")))),
        ("toHexString", [value]) => long(value).map_or(Ok(None), |n| found(Value::text(format!("{n:x}")))),
        ("toBinaryString", [value]) => long(value).map_or(Ok(None), |n| found(Value::text(format!("{n:b}")))),
        ("max" | "min" | "sum" | "compare", [a, b]) => {
            let (Some(a), Some(b)) = (long(a), long(b)) else { return Ok(None) };
            match name {
                "max" => wrap(a.max(b)),
                "min" => wrap(a.min(b)),
                "sum" => wrap(a.wrapping_add(b)),
                _ => sign(a.cmp(&b)),
            }
        }
        _ => Ok(None),
    }
}

/// A number given to a method that takes `double`.
fn double(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n @ (Number::Int(_) | Number::Long(_) | Number::Float(_) | Number::Double(_))) => {
            Some(n.to_double())
        }
        _ => None,
    }
}

fn double_method(n: f64, name: &str, arguments: &[Value]) -> Called {
    let wrap = |n: f64| number(Number::Double(n));
    match (name, arguments) {
        ("isNaN", []) => found(Value::Bool(n.is_nan())),
        ("isInfinite", []) => found(Value::Bool(n.is_infinite())),
        ("compareTo", [Value::Number(Number::Double(other))]) => sign(n.total_cmp(other)),
        ("parseDouble" | "valueOf", [Value::String(text)]) => match parse_double(text) {
            Some(n) => wrap(n),
            None => no_number(text),
        },
        ("valueOf", [value]) => double(value).map_or(Ok(None), wrap),
        ("toString", [value]) => double(value).map_or(Ok(None), |n| found(Value::text(Number::Double(n).to_string()))),
        ("isNaN", [value]) => double(value).map_or(Ok(None), |n| found(Value::Bool(n.is_nan()))),
        ("max" | "min" | "sum" | "compare", [a, b]) => {
            let (Some(a), Some(b)) = (double(a), double(b)) else { return Ok(None) };
            match name {
                "max" => wrap(a.max(b)),
                "min" => wrap(a.min(b)),
                "sum" => wrap(a + b),
                _ => sign(a.total_cmp(&b)),
            }
        }
        _ => Ok(None),
    }
}

fn big_method(n: &BigInt, name: &str, arguments: &[Value]) -> Called {
    let wrap = |n: BigInt| number(Number::Big(n));
    match (name, arguments) {
        ("negate", []) => wrap(n.negate()),
        ("abs", []) => wrap(if n.is_negative() { n.negate() } else { n.clone() }),
        ("signum", []) => int(if n.is_zero() {
            0
        } else if n.is_negative() {
            -1
        } else {
            1
        }),
        ("compareTo", [Value::Number(Number::Big(other))]) => sign(n.cmp(other)),
        ("add", [Value::Number(Number::Big(other))]) => wrap(n.add(other)),
        ("subtract", [Value::Number(Number::Big(other))]) => wrap(n.subtract(other)),
        _ => Ok(None),
    }
}

fn parse_radix(text: &str, radix: i32) -> Option<i64> {
    let radix = u32::try_from(radix).ok().filter(|radix| (2..=36).contains(radix))?;
    i64::from_str_radix(text, radix).ok()
}

/// `Double.parseDouble`: white space around and a type suffix are allowed.
fn parse_double(text: &str) -> Option<f64> {
    let text = text.trim_matches(|c| c <= ' ');
    let bare = text.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(text);
    match bare.strip_prefix(['+', '-']).unwrap_or(bare) {
        "NaN" | "Infinity" if bare.len() == text.len() => bare.parse().ok(),
        unsigned if unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') => bare.parse().ok(),
        _ => None,
    }
}

/// A number read from text that JSON may hold, for comparing.
pub(in crate::vtl) fn decimal_of(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(n) => Decimal::parse(&n.to_string()),
        Value::String(text) => Decimal::parse(text),
        _ => None,
    }
}
