//! Methods of text. Positions and lengths are in UTF-16 code units, as Java counts.

use std::rc::Rc;

use super::{Called, fail, format, found};
use crate::vtl::java;
use crate::vtl::limits;
use crate::vtl::number::Number;
use crate::vtl::render::{Rendered, Renderer};
use crate::vtl::value::{ListKind, Value};

fn int(n: i32) -> Called {
    found(Value::Number(Number::Int(n)))
}

fn bool(value: bool) -> Called {
    found(Value::Bool(value))
}

fn place(text: &str, byte: Option<usize>) -> Called {
    match byte {
        Some(byte) => found(Value::int(java::unit_of_byte(text, byte))),
        None => int(-1),
    }
}

impl Renderer<'_> {
    pub(super) fn string_method(&mut self, text: &Rc<str>, name: &str, arguments: &[Value]) -> Called {
        self.step(text.len() / limits::BYTES_PER_STEP)?;
        if takes_text(name) && arguments.iter().any(Value::is_null) {
            return fail(format!("NullPointerException: {name} takes no null"));
        }
        match arguments {
            [] => self.string_nullary(text, name),
            _ => match self.string_search(text, name, arguments)? {
                Some(value) => found(value),
                None => self.string_change(text, name, arguments),
            },
        }
    }

    fn string_nullary(&mut self, text: &str, name: &str) -> Called {
        match name {
            "length" => found(Value::int(java::length(text))),
            "isEmpty" => bool(text.is_empty()),
            "isBlank" => bool(text.trim_matches(java_white_space).is_empty()),
            "toLowerCase" => found(self.made(text.to_lowercase())?),
            "toUpperCase" => found(self.made(text.to_uppercase())?),
            "trim" => found(self.made(text.trim_matches(|c| c <= ' ').to_owned())?),
            "strip" => found(self.made(text.trim_matches(java_white_space).to_owned())?),
            "stripLeading" => found(self.made(text.trim_start_matches(java_white_space).to_owned())?),
            "stripTrailing" => found(self.made(text.trim_end_matches(java_white_space).to_owned())?),
            "intern" => found(Value::text(text)),
            "toCharArray" => {
                self.step(text.len())?;
                found(Value::list(ListKind::Array, text.chars().map(Value::Char).collect()))
            }
            _ => Ok(None),
        }
    }

    /// Methods that look into a text.
    fn string_search(&mut self, text: &str, name: &str, arguments: &[Value]) -> Called {
        match (name, arguments) {
            ("contains", [Value::String(part)]) => bool(text.contains(&**part)),
            ("startsWith", [Value::String(part)]) => bool(text.starts_with(&**part)),
            ("startsWith", [Value::String(part), Value::Number(Number::Int(from))]) => {
                let end = i32::try_from(java::length(text)).unwrap_or(i32::MAX);
                bool(java::substring(text, *from, end).is_some_and(|rest| rest.starts_with(&**part)))
            }
            ("endsWith", [Value::String(part)]) => bool(text.ends_with(&**part)),
            ("equalsIgnoreCase", [Value::String(other)]) => bool(text.to_lowercase() == other.to_lowercase()),
            ("equalsIgnoreCase", [Value::Null]) => bool(false),
            ("contentEquals", [Value::String(other)]) => bool(text == &**other),
            ("compareTo", [Value::String(other)]) => int(java::compare(text, other)),
            ("compareToIgnoreCase", [Value::String(other)]) => {
                int(java::compare(&text.to_uppercase().to_lowercase(), &other.to_uppercase().to_lowercase()))
            }
            ("indexOf", [Value::String(part)]) => place(text, text.find(&**part)),
            ("lastIndexOf", [Value::String(part)]) => place(text, text.rfind(&**part)),
            ("indexOf", [Value::Number(Number::Int(c))]) => place(text, code_point(*c).and_then(|c| text.find(c))),
            ("lastIndexOf", [Value::Number(Number::Int(c))]) => place(text, code_point(*c).and_then(|c| text.rfind(c))),
            ("indexOf", [part, Value::Number(Number::Int(from))]) => {
                let Some(part) = part_text(part) else { return Ok(None) };
                if part.is_empty() {
                    return int((*from).clamp(0, i32::try_from(java::length(text)).unwrap_or(i32::MAX)));
                }
                let start = java::byte_of_unit(text, usize::try_from(*from).unwrap_or(0));
                place(text, text[start..].find(&part).map(|at| start + at))
            }
            ("lastIndexOf", [part, Value::Number(Number::Int(from))]) => {
                let Some(part) = part_text(part) else { return Ok(None) };
                let Ok(from) = usize::try_from(*from) else { return int(-1) };
                let end = java::byte_of_unit(text, from).saturating_add(part.len()).min(text.len());
                let end = (end..=text.len()).find(|&end| text.is_char_boundary(end)).unwrap_or(text.len());
                place(text, text[..end].rfind(&part))
            }
            ("charAt", [Value::Number(Number::Int(at))]) => match java::substring(text, *at, at.saturating_add(1)) {
                Some(c) => found(Value::Char(c.chars().next().unwrap_or('?'))),
                None => fail(format!("StringIndexOutOfBoundsException: index {at} of length {}", java::length(text))),
            },
            ("codePointAt", [Value::Number(Number::Int(at))]) => {
                let byte = usize::try_from(*at).ok().map(|at| java::byte_of_unit(text, at));
                match byte.and_then(|byte| text[byte..].chars().next()) {
                    Some(c) => int(c as i32),
                    None => fail(format!("StringIndexOutOfBoundsException: index {at}")),
                }
            }
            ("matches", [Value::String(pattern)]) => {
                let regex = self.regex(pattern)?;
                self.step(text.len() / 16 + regex.cost(text))?;
                bool(regex.matches_whole(text)?)
            }
            _ => Ok(None),
        }
    }

    /// Methods that make other texts.
    fn string_change(&mut self, text: &Rc<str>, name: &str, arguments: &[Value]) -> Called {
        match (name, arguments) {
            ("substring", [Value::Number(Number::Int(from))]) => {
                let end = i32::try_from(java::length(text)).unwrap_or(i32::MAX);
                self.substring(text, *from, end)
            }
            ("substring" | "subSequence", [Value::Number(Number::Int(from)), Value::Number(Number::Int(to))]) => {
                self.substring(text, *from, *to)
            }
            ("concat", [Value::String(other)]) => found(self.made(format!("{text}{other}"))?),
            ("repeat", [Value::Number(Number::Int(count))]) => self.repeat(text, *count),
            ("replace", [Value::String(from), Value::String(to)]) => {
                self.check_growth(text.matches(&**from).count(), to.len())?;
                found(self.made(text.replace(&**from, to))?)
            }
            ("replace", [Value::Char(from), Value::Char(to)]) => {
                found(self.made(text.replace(*from, to.encode_utf8(&mut [0; 4])))?)
            }
            ("replaceAll", [Value::String(pattern), Value::String(to)]) => self.replace(text, pattern, to, usize::MAX),
            ("replaceFirst", [Value::String(pattern), Value::String(to)]) => self.replace(text, pattern, to, 1),
            ("split", [Value::String(pattern)]) => self.split(text, pattern, 0),
            ("split", [Value::String(pattern), Value::Number(Number::Int(limit))]) => self.split(text, pattern, *limit),
            ("join", [Value::String(separator), rest @ ..]) => self.join(separator, rest),
            ("format", [Value::String(pattern), rest @ ..]) => self.format(pattern, rest),
            ("formatted", rest) => self.format(text, rest),
            ("valueOf" | "copyValueOf", [value]) => {
                let text = self.text(value)?;
                found(Value::text(text.unwrap_or_else(|| "null".to_owned())))
            }
            _ => Ok(None),
        }
    }

    fn substring(&mut self, text: &str, from: i32, to: i32) -> Called {
        match java::substring(text, from, to) {
            Some(part) => found(self.made(part)?),
            None => {
                fail(format!("StringIndexOutOfBoundsException: begin {from}, end {to}, length {}", java::length(text)))
            }
        }
    }

    fn repeat(&mut self, text: &str, count: i32) -> Called {
        let Ok(count) = usize::try_from(count) else {
            return fail(format!("IllegalArgumentException: count is negative: {count}"));
        };
        self.check_growth(count, text.len())?;
        found(self.made(if text.is_empty() { String::new() } else { text.repeat(count) })?)
    }

    /// Checks the size of what is made of `count` pieces before it is made.
    fn check_growth(&mut self, count: usize, bytes: usize) -> Rendered<()> {
        Ok(self.charge(count.saturating_mul(bytes))?)
    }

    fn replace(&mut self, text: &str, pattern: &str, to: &str, most: usize) -> Called {
        let regex = self.regex(pattern)?;
        self.step(text.len() / 16)?;
        let cost = regex.cost(text);
        self.step(cost)?;
        let replaced = regex.replace(text, to, most, |made| {
            self.check_text(made)?;
            self.step(cost)
        })?;
        found(self.made(replaced)?)
    }

    fn split(&mut self, text: &str, pattern: &str, limit: i32) -> Called {
        let regex = self.regex(pattern)?;
        let cost = regex.cost(text);
        self.step(text.len() / 16 + cost)?;
        let parts = regex.split(text, limit, |_| self.step(cost))?;
        self.charge(text.len())?;
        found(Value::list(ListKind::Array, parts.into_iter().map(Value::text).collect()))
    }

    /// `String.join`: of the elements of a collection, or of the arguments.
    fn join(&mut self, separator: &str, parts: &[Value]) -> Called {
        let parts = match parts {
            [collection @ (Value::List(_) | Value::View(..))] => match collection {
                Value::List(list) => list.items.borrow().clone(),
                other => self.elements(other)?.unwrap_or_default(),
            },
            parts if parts.iter().all(|part| matches!(part, Value::String(_))) => parts.to_vec(),
            _ => return Ok(None),
        };
        let mut joined = String::new();
        for (i, part) in parts.iter().enumerate() {
            if i > 0 {
                joined.push_str(separator);
            }
            let Value::String(part) = part else {
                return fail("ClassCastException: String.join takes texts");
            };
            joined.push_str(part);
            self.step(1)?;
            self.charge(separator.len() + part.len())?;
        }
        found(self.made(joined)?)
    }

    fn format(&mut self, pattern: &str, arguments: &[Value]) -> Called {
        // a list of arguments counts as the arguments
        let arguments = match arguments {
            [Value::List(list)] if list.kind == ListKind::Array => list.items.borrow().clone(),
            _ => arguments.to_vec(),
        };
        let mut texts = Vec::with_capacity(arguments.len());
        for argument in &arguments {
            texts.push(self.text(argument)?.unwrap_or_else(|| "null".to_owned()));
        }
        let formatted = format::format(pattern, &arguments, &texts)?;
        found(self.made(formatted)?)
    }
}

/// Methods whose arguments are texts and must not be null.
fn takes_text(name: &str) -> bool {
    matches!(
        name,
        "contains" | "startsWith" | "endsWith" | "indexOf" | "lastIndexOf" | "concat" | "matches" | "replace"
    ) || matches!(name, "replaceAll" | "replaceFirst" | "split" | "compareTo" | "compareToIgnoreCase" | "contentEquals")
}

/// What `indexOf` looks for: a text, or a character by its number.
fn part_text(part: &Value) -> Option<String> {
    match part {
        Value::String(part) => Some(part.to_string()),
        Value::Number(Number::Int(c)) => code_point(*c).map(|c| c.to_string()),
        _ => None,
    }
}

fn code_point(c: i32) -> Option<char> {
    u32::try_from(c).ok().and_then(char::from_u32)
}

/// `Character.isWhitespace`.
fn java_white_space(c: char) -> bool {
    matches!(c, '\u{1c}'..='\u{1f}')
        || (c.is_whitespace() && !matches!(c, '\u{a0}' | '\u{2007}' | '\u{202f}' | '\u{85}'))
}
