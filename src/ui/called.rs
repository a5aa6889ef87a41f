//! An answer of the deployed API, and what happened to the request on its way: the life of a call as a ladder of
//! steps, each with what went into it and what came out.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use super::layout::{columns, harmless, pad, wrap};
use super::look::{BAD, BOLD, DIM, GOOD, Look, paint};
use super::words::took_exactly;
use crate::pipeline::Called;

/// A header with this name holds a secret (law 10).
const SECRET: &str = "x-api-key";
const NOT_SHOWN: &str = "[not shown]";
/// The narrowest that a value is squeezed into.
const LEAST: usize = 20;
/// Values of these names are shown one member a line.
const LISTED: [&str; 3] = ["headers", "query", "path"];
/// Lines of one value, unless `-v`.
const LINES: usize = 24;

/// `200 OK, 42 ms`, then headers, then the reason behind it: for stderr.
pub(super) fn about(called: &Called, look: &Look) -> String {
    let style = if called.status < 400 { GOOD } else { BAD };
    let key = called.key.as_ref().map_or_else(String::new, |key| format!(", API key {}", harmless(key)));
    let head = format!(
        "{} {}",
        paint(style, status(called.status)),
        paint(DIM, format!("({}{key})", took_exactly(called.elapsed)))
    );
    let mut text = format!("{} {}\n{head}\n", called.verb, harmless(&called.url));
    // The ladder ends with them.
    let headers = if called.trace.is_some() { Vec::new() } else { shown_headers(called) };
    for (name, value) in headers {
        text += &format!("{}\n", paint(DIM, format!("{}: {}", harmless(&name), harmless(&value))));
    }
    text + &reason(called, look) + "\n"
}

/// What the caller is not told; a ladder ends with it anyway.
pub(super) fn reason(called: &Called, look: &Look) -> String {
    match called.reason.as_ref().filter(|_| called.trace.is_none()) {
        Some(reason) => wrap("reason: ", &harmless(reason), look.width),
        None => String::new(),
    }
}

/// Status line and headers as HTTP has them: for `--include`.
pub(super) fn head(called: &Called) -> String {
    let mut text = format!("HTTP/1.1 {}\r\n", status(called.status));
    for (name, value) in shown_headers(called) {
        text += &format!("{name}: {}\r\n", value.replace(['\r', '\n'], " "));
    }
    text + "\r\n"
}

pub(super) fn document(called: &Called) -> Value {
    let headers: Map<String, Value> = shown_headers(called).into_iter().fold(Map::new(), |mut all, (name, value)| {
        match all.get_mut(&name) {
            Some(Value::String(before)) => *before = format!("{before}, {value}"),
            _ => drop(all.insert(name, Value::String(value))),
        }
        all
    });
    let mut document = json!({
        "method": called.verb,
        "url": called.url,
        "key": called.key,
        "status": called.status,
        "headers": headers,
        "elapsed_ms": u64::try_from(called.elapsed.as_millis()).unwrap_or(u64::MAX),
    });
    match std::str::from_utf8(&called.body) {
        Ok(text) => document["body"] = text.into(),
        Err(_) => document["body_base64"] = BASE64_STANDARD.encode(&called.body).into(),
    }
    if let Some(reason) = &called.reason {
        document["reason"] = reason.as_str().into();
    }
    if let Some(trace) = &called.trace {
        document["trace"] = without_secrets(trace.clone());
    }
    document
}

fn status(code: u16) -> String {
    let reason = http::StatusCode::from_u16(code).ok().and_then(|code| code.canonical_reason()).unwrap_or_default();
    format!("{code} {reason}").trim_end().to_owned()
}

fn shown_headers(called: &Called) -> Vec<(String, String)> {
    let headers = called.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.to_string(), if name.as_str() == SECRET { NOT_SHOWN.to_owned() } else { value })
    });
    headers.collect()
}

/// Every member called x-api-key, however deep and in whatever case, without its value; also in documents that stand in
/// texts, such as a proxy integration's event.
fn without_secrets(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(name, value)| {
                    let secret = name.eq_ignore_ascii_case(SECRET) || name.eq_ignore_ascii_case("apiKey");
                    let hidden = match &value {
                        Value::String(_) if secret => NOT_SHOWN.into(),
                        Value::Array(items) if secret => items.iter().map(|_| Value::from(NOT_SHOWN)).collect(),
                        _ => without_secrets(value),
                    };
                    (name, hidden)
                })
                .collect(),
        ),
        Value::Array(items) => match items.as_slice() {
            // A header as a pair.
            [Value::String(name), Value::String(_)] if name.eq_ignore_ascii_case(SECRET) => {
                json!([name, NOT_SHOWN])
            }
            _ => items.into_iter().map(without_secrets).collect(),
        },
        Value::String(text) => match serde_json::from_str::<Value>(&text) {
            Ok(document @ (Value::Object(_) | Value::Array(_))) => {
                let clean = without_secrets(document.clone());
                Value::String(if clean == document { text } else { clean.to_string() })
            }
            _ => Value::String(text),
        },
        value => value,
    }
}

/// The whole life of the request.
pub(super) fn ladder(trace: &Value, look: &Look) -> String {
    let trace = without_secrets(trace.clone());
    let steps = trace["steps"].as_array().cloned().unwrap_or_default();
    let art = Art::of(look);
    let mut text = String::new();
    for (at, step) in steps.iter().enumerate() {
        text += &rung(step, at == 0, at + 1 == steps.len(), &art, look);
    }
    let word = |name: &str| trace[name].as_str().map(harmless);
    if let Some(reason) = word("reason") {
        for (at, line) in reason.lines().flat_map(|line| folded(line, look.width.min(80) - 2)).enumerate() {
            let glyph = if at == 0 { paint(BAD, look.glyphs.bad) } else { " ".to_owned() };
            text += &format!("{glyph} {line}\n");
        }
    }
    let ids = [("request id", word("request_id")), ("API", word("api_id")), ("stage", word("stage"))];
    let ids: Vec<String> = ids.iter().filter_map(|(name, id)| Some(format!("{name} {}", id.as_ref()?))).collect();
    if !ids.is_empty() {
        text += &format!("{}\n", paint(DIM, ids.join(", ")));
    }
    text + "\n"
}

/// The lines that hold the ladder together.
struct Art {
    first: &'static str,
    between: &'static str,
    last: &'static str,
    side: &'static str,
    dash: &'static str,
}

impl Art {
    fn of(look: &Look) -> Art {
        if look.glyphs.unicode {
            Art { first: "╭─", between: "├─", last: "╰─", side: "│ ", dash: "─" }
        } else {
            Art { first: "+-", between: "+-", last: "+-", side: "| ", dash: "-" }
        }
    }
}

/// `├─ integration request ───────── 0.3 ms`, and below it the values.
fn rung(step: &Value, first: bool, last: bool, art: &Art, look: &Look) -> String {
    let name = harmless(&step["name"].as_str().unwrap_or_default().replace('_', " "));
    let micros = step["elapsed_us"].as_u64().unwrap_or_default();
    let time = match micros {
        0..10_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
        _ => format!("{} ms", micros / 1_000),
    };
    let corner = match (first, last) {
        (true, _) => art.first,
        (_, true) => art.last,
        _ => art.between,
    };
    let room = look.width.min(80).saturating_sub(columns(corner) + columns(&name) + columns(&time) + 3);
    let line = art.dash.repeat(room.max(2));
    let mut text = format!("{} {} {} {}\n", paint(DIM, corner), paint(BOLD, name), paint(DIM, line), paint(DIM, time));
    let side = if last { "  " } else { art.side };
    let facts = step["facts"].as_array().cloned().unwrap_or_default();
    let label = |fact: &Value| harmless(&fact["name"].as_str().unwrap_or_default().replace('_', " "));
    let labels = facts.iter().map(|fact| columns(&label(fact))).max().unwrap_or(0);
    for fact in &facts {
        let room = look.width.min(80).saturating_sub(columns(side) + 1 + labels + 2).max(LEAST);
        let mut lines = value_lines(&fact["value"], LISTED.contains(&label(fact).as_str()), room);
        if lines.len() > LINES && !look.verbose {
            let more = lines.len() - LINES;
            lines.truncate(LINES);
            lines.push(format!("{} {more} more lines; -v shows all", look.glyphs.more));
        }
        for (at, line) in lines.iter().enumerate() {
            let name = if at == 0 { label(fact) } else { String::new() };
            let row = format!("{} {}  {line}", paint(DIM, side), paint(DIM, pad(&name, labels)));
            text += &format!("{}\n", row.trim_end());
        }
    }
    if !last {
        text += &format!("{}\n", paint(DIM, side.trim_end()));
    }
    text
}

/// A document by its members, a text by its lines; long lines go on in the next.
fn value_lines(value: &Value, listed: bool, room: usize) -> Vec<String> {
    let text = match value {
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            // Short documents are shown as they were sent.
            Ok(document @ (Value::Object(_) | Value::Array(_))) if columns(text) > room && !text.contains('\n') => {
                serde_json::to_string_pretty(&document).unwrap_or_else(|_| text.clone())
            }
            _ if text.is_empty() => "(empty)".to_owned(),
            _ => text.clone(),
        },
        Value::Null => "(none)".to_owned(),
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Number(number) if number.is_f64() => format!("{:.2}", number.as_f64().unwrap_or_default()),
        Value::Object(members) if listed => {
            let one = value.to_string();
            if columns(&one) <= room {
                one
            } else {
                let rows = members.iter().map(|(name, value)| match value {
                    Value::String(text) => format!("{name}: {text}"),
                    other => format!("{name}: {other}"),
                });
                rows.collect::<Vec<_>>().join("\n")
            }
        }
        document => {
            let one = document.to_string();
            if columns(&one) <= room { one } else { serde_json::to_string_pretty(document).unwrap_or(one) }
        }
    };
    harmless(&text).trim_end().lines().flat_map(|line| folded(line, room)).collect()
}

/// Cut into pieces that fit.
fn folded(line: &str, room: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut taken = 0;
    for letter in line.chars() {
        let width = columns(letter.encode_utf8(&mut [0; 4]));
        if taken + width > room {
            pieces.push(String::new());
            taken = 0;
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push(letter);
        }
        taken += width;
    }
    pieces
}
