//! How a property's value is shown: scalars inline, documents (policies, schemas) compactly, texts of several lines as
//! a difference, secrets not at all.

use serde_json::Value;

use super::layout::{columns, cut, harmless};
use super::linediff::{self, Line};
use super::look::{BAD, DIM, GOOD, Look, paint};
use super::words::count;
use crate::engine::plan::{Plan, Side};

/// Longer documents are broken into lines.
const INLINE_DOCUMENT: usize = 60;
/// Longer texts of one line are shown around the place where they differ, unless `-v`.
const LONG_TEXT: usize = 240;
/// Lines of a difference, unless `-v`.
const DIFFERENCE: usize = 24;
/// Equal lines around a change.
const CONTEXT: usize = 2;

/// A value ready to be drawn.
pub(super) enum Shown {
    /// One line.
    Inline(String),
    /// Several lines, or one that deserves its own.
    Block(String),
}

/// `side` as it stands in `plan`, which gives its steps' names to values that AWS makes up.
pub(super) fn shown(side: &Side, plan: &Plan) -> Shown {
    match side {
        Side::Absent => Shown::Inline("(none)".to_owned()),
        Side::Secret => Shown::Inline("(secret)".to_owned()),
        Side::KnownAfter(step) => Shown::Inline(format!("(known after {})", step_title(step, plan))),
        Side::Value(value) => value_shown(value),
    }
}

/// The step's kind, with its name where the kind alone does not say which.
pub(super) fn step_title(id: &str, plan: &Plan) -> String {
    let Some(step) = plan.steps.iter().find(|step| step.step == id) else { return harmless(id) };
    let unique = plan.steps.iter().filter(|other| other.kind == step.kind && other.step != id).count() == 0;
    if unique { step.kind.to_owned() } else { format!("{} {}", step.kind, harmless(&step.name)) }
}

fn value_shown(value: &Value) -> Shown {
    match value {
        Value::String(text) => text_shown(text),
        Value::Array(_) | Value::Object(_) => {
            let inline = compact(value);
            if columns(&inline) <= INLINE_DOCUMENT { Shown::Inline(inline) } else { Shown::Block(document(value)) }
        }
        scalar => Shown::Inline(scalar.to_string()),
    }
}

fn text_shown(text: &str) -> Shown {
    if text.contains('\n') {
        return Shown::Block(harmless(text));
    }
    match serde_json::from_str::<Value>(text) {
        // A policy that AWS keeps as text reads best as a document.
        Ok(value @ (Value::Object(_) | Value::Array(_))) if columns(text) > INLINE_DOCUMENT => {
            Shown::Block(document(&value))
        }
        // `"8"` is not `8`, and an empty text should be seen.
        Ok(Value::Null | Value::Bool(_) | Value::Number(_)) => Shown::Inline(format!("\"{text}\"")),
        _ if text.is_empty() || text != text.trim() => Shown::Inline(format!("\"{}\"", harmless(text))),
        _ => Shown::Inline(harmless(text)),
    }
}

/// JSON on one line, with the spaces that make it readable.
fn compact(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(compact).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) if fields.is_empty() => "{}".to_owned(),
        Value::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("{}: {}", quoted(name), compact(value))).collect();
            format!("{{{}}}", fields.join(", "))
        }
        Value::String(text) => quoted(text),
        scalar => scalar.to_string(),
    }
}

fn quoted(text: &str) -> String {
    harmless(&Value::from(text).to_string())
}

/// JSON on several lines; what fits on one line stays on one.
fn document(value: &Value) -> String {
    let mut text = String::new();
    write_document(&mut text, value, 0);
    text
}

fn write_document(text: &mut String, value: &Value, depth: usize) {
    let inline = compact(value);
    let items: Vec<(Option<&String>, &Value)> = match value {
        _ if depth > 0 && columns(&inline) <= INLINE_DOCUMENT => Vec::new(),
        Value::Array(items) => items.iter().map(|item| (None, item)).collect(),
        Value::Object(fields) => fields.iter().map(|(name, value)| (Some(name), value)).collect(),
        _ => Vec::new(),
    };
    if items.is_empty() {
        *text += &inline;
        return;
    }
    let (open, close) = if value.is_array() { ('[', ']') } else { ('{', '}') };
    text.push(open);
    let last = items.len() - 1;
    for (index, (name, item)) in items.into_iter().enumerate() {
        text.push('\n');
        *text += &"  ".repeat(depth + 1);
        if let Some(name) = name {
            *text += &quoted(name);
            *text += ": ";
        }
        write_document(text, item, depth + 1);
        if index < last {
            text.push(',');
        }
    }
    text.push('\n');
    *text += &"  ".repeat(depth);
    text.push(close);
}

/// Two values under each other, as lines with `-` and `+`, indented.
pub(super) fn difference(before: &Side, after: &Side, plan: &Plan, indent: &str, look: &Look) -> String {
    let (old, new) = match (as_document(before), as_document(after)) {
        (Some(old), Some(new)) if old != new => (Some(old), Some(new)),
        (Some(old), None) if *after == Side::Absent => (Some(old), None),
        (None, Some(new)) if *before == Side::Absent => (None, Some(new)),
        // Texts that are no documents, or documents that differ in their spaces: as they are.
        _ => (as_text(before, plan), as_text(after, plan)),
    };
    let lines = match (&old, &new) {
        (Some(old), Some(new)) if old.contains('\n') || new.contains('\n') => linediff::diff(old, new, CONTEXT),
        (old, new) => {
            let removed = old.iter().flat_map(|text| text.lines()).map(Line::Removed);
            let added = new.iter().flat_map(|text| text.lines()).map(Line::Added);
            removed.chain(added).collect()
        }
    };
    draw(&lines, indent, look)
}

/// The lines of a document; a text counts as one if it is JSON on a single line, which nobody writes by hand.
fn as_document(side: &Side) -> Option<String> {
    match side {
        Side::Value(value @ (Value::Array(_) | Value::Object(_))) => Some(document(value)),
        Side::Value(Value::String(text)) if !text.contains('\n') => match serde_json::from_str::<Value>(text) {
            Ok(value @ (Value::Array(_) | Value::Object(_))) => Some(document(&value)),
            _ => None,
        },
        _ => None,
    }
}

/// The whole text of a side; `None` where there is nothing.
fn as_text(side: &Side, plan: &Plan) -> Option<String> {
    match side {
        Side::Absent => None,
        Side::Value(Value::String(text)) => Some(harmless(text)),
        side => match shown(side, plan) {
            Shown::Inline(text) | Shown::Block(text) => Some(text),
        },
    }
}

fn draw(lines: &[Line<'_>], indent: &str, look: &Look) -> String {
    let more = look.glyphs.more;
    let room = look.width.saturating_sub(columns(indent) + 2);
    let changed = |line: &&Line<'_>| matches!(line, Line::Removed(_) | Line::Added(_));
    // Two long lines are cut around the first character by which they differ.
    let from = match lines {
        [Line::Removed(old), Line::Added(new)] if columns(old) > LONG_TEXT || columns(new) > LONG_TEXT => {
            old.chars().zip(new.chars()).take_while(|(a, b)| a == b).count().saturating_sub(room / 3)
        }
        _ => 0,
    };
    let fit = |line: &str| {
        if look.verbose {
            return line.to_owned();
        }
        let window: String = line.chars().skip(from).collect();
        if from > 0 { cut(&format!("{more}{window}"), room, more) } else { cut(&window, room, more) }
    };
    let shown = if look.verbose { lines.len() } else { DIFFERENCE };
    let mut text = String::new();
    for line in lines.iter().take(shown) {
        let (style, sign, line) = match line {
            Line::Same(line) => (DIM, ' ', fit(line)),
            Line::Removed(line) => (BAD, '-', fit(line)),
            Line::Added(line) => (GOOD, '+', fit(line)),
            Line::Gap(_) => (DIM, ' ', more.to_owned()),
        };
        text += &format!("{indent}{}\n", paint(style, format!("{sign} {line}").trim_end()));
    }
    let hidden = lines.iter().skip(shown).filter(changed).count();
    if hidden > 0 {
        let hint = format!("{more} and {}; -v shows everything", count(hidden, "more changed line"));
        text += &format!("{indent}{}\n", paint(DIM, hint));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn inline(value: Value) -> String {
        match value_shown(&value) {
            Shown::Inline(text) => text,
            Shown::Block(text) => format!("block:\n{text}"),
        }
    }

    #[test]
    fn texts_that_could_be_mistaken_are_quoted() {
        assert_eq!(inline(json!("python3.13")), "python3.13");
        assert_eq!(inline(json!("8")), "\"8\"");
        assert_eq!(inline(json!("")), "\"\"");
        assert_eq!(inline(json!(" a")), "\" a\"");
        assert_eq!(inline(json!(256)), "256");
    }

    #[test]
    fn a_policy_is_a_document_and_not_a_line() {
        let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/ServerlessPOCAdmission:*"}]});
        insta::assert_snapshot!(inline(policy.clone()), @r#"
        block:
        {
          "Version": "2012-10-17",
          "Statement": [
            {
              "Effect": "Allow",
              "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
              "Resource": "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/ServerlessPOCAdmission:*"
            }
          ]
        }
        "#);
        assert_eq!(inline(policy.clone()), inline(json!(policy.to_string())));
    }

    #[test]
    fn long_texts_are_cut_around_their_difference() {
        let look = Look::plain(60, false);
        let before = format!("{}X{}", "a".repeat(300), "b".repeat(300));
        let after = before.replace('X', "Y");
        let text = difference(&before.into(), &after.into(), &Plan::default(), "  ", &look);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text), @"
          - …aaaaaaaaaaaaaaaaaaXbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb…
          + …aaaaaaaaaaaaaaaaaaYbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb…
        ");
    }

    #[test]
    fn templates_are_shown_as_they_are_even_where_they_are_json() {
        let look = Look::plain(60, false);
        let (before, after) = ("{\n  \"a\": 1\n}", "{\n\"a\": 1\n}\n");
        let text = difference(&before.into(), &after.into(), &Plan::default(), "", &look);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text), @r#"
          {
        -   "a": 1
        + "a": 1
          }
        +
        "#);
    }
}
