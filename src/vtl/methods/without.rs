//! Methods without parameters, by name.
//!
//! The language takes such a method to fit any arguments when no other of its name does, and then fails to call it:
//! `$text.length(1)` is an error where `$text.nope(1)` is null.

use crate::vtl::number::Number;
use crate::vtl::value::{ListKind, Value};

const OBJECT: &[&str] = &["toString", "hashCode", "getClass"];
const TEXT: &[&str] = &[
    "length",
    "isEmpty",
    "trim",
    "strip",
    "stripLeading",
    "stripTrailing",
    "stripIndent",
    "isBlank",
    "toUpperCase",
    "toLowerCase",
    "lines",
    "chars",
    "codePoints",
    "intern",
    "toCharArray",
    "translateEscapes",
];
const COLLECTION: &[&str] =
    &["size", "isEmpty", "iterator", "clear", "toArray", "stream", "parallelStream", "spliterator"];
const ARRAY_LIST: &[&str] = &["clone", "listIterator", "trimToSize"];
const MAP: &[&str] = &["size", "isEmpty", "clear", "clone", "keySet", "values", "entrySet"];
const NUMBER: &[&str] = &["byteValue", "shortValue", "intValue", "longValue", "floatValue", "doubleValue"];
const BIG: &[&str] = &["abs", "negate", "signum", "bitLength", "bitCount", "getLowestSetBit", "nextProbablePrime"];
const DECIMAL: &[&str] =
    &["abs", "negate", "signum", "scale", "precision", "plus", "ulp", "unscaledValue", "toPlainString"];

/// Whether a value has a method of this name that takes no arguments.
pub(super) fn exists(target: &Value, name: &str) -> bool {
    let own: &[&[&str]] = match target {
        Value::String(_) => &[TEXT],
        Value::List(list) => match list.kind {
            ListKind::Java => &[COLLECTION, ARRAY_LIST],
            ListKind::Json => &[COLLECTION, ARRAY_LIST, &["toJSONString"]],
            ListKind::Fixed => &[COLLECTION],
            ListKind::Array => &[],
        },
        Value::Map(_) => &[MAP],
        Value::View(..) => &[COLLECTION],
        Value::Entry(..) => &[&["getKey", "getValue"]],
        Value::Iterator(_) => &[&["hasNext", "next", "remove"]],
        Value::Number(number) => match number {
            Number::Big(_) => &[NUMBER, BIG],
            Number::Decimal(_) => &[NUMBER, DECIMAL],
            Number::Double(_) | Number::Float(_) => &[NUMBER, &["isNaN", "isInfinite"]],
            _ => &[NUMBER],
        },
        Value::Bool(_) => &[&["booleanValue"]],
        Value::Char(_) => &[&["charValue"]],
        Value::Input => &[&["params", "getBody"]],
        Value::Scope(_) => &[&["getCount", "getIndex", "hasNext", "isFirst", "isLast", "getParent", "getInfo"]],
        Value::Util | Value::Define(_) | Value::ScopeInfo(_) => &[],
        Value::Null => return false,
    };
    OBJECT.contains(&name) || own.iter().any(|names| names.contains(&name))
}
