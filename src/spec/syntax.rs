//! Where YAML that is none went wrong. A parser tells where it could not go on; what a person has to mend is often above: a
//! quote or bracket that is never closed, a tab in the next line's indentation, a colon without its space.

use std::sync::Arc;

use super::fault::{Fault, Source, Span};
use super::interpolate::shorten;
use super::tree::MAX_DEPTH;

/// The mistake behind a parser's words at a place of the text.
pub(super) fn fault(source: &Arc<Source>, at: Span, words: &str) -> Fault {
    let text = source.text.as_str();
    let failed = Span::of(source, at.start, at.start).start;
    let made = |code, span, message: String, help: String| Fault {
        code,
        path: String::new(),
        span: Some(span),
        message: format!("{}{message}", if code == "yaml_syntax" { "this is not YAML: " } else { "" }),
        help: Some(help),
    };
    if words.contains("nesting") || words.contains("recursion") || words.contains("depth") {
        let message = format!("the YAML is nested deeper than {MAX_DEPTH} levels");
        return made("too_deep", at, message, "deploy.yaml needs nine at most".to_owned());
    }
    if words.contains("tab")
        && let Some(tab) = indenting_tab(text, failed)
    {
        let message = "a tab stands in the indentation".to_owned();
        return made("yaml_syntax", Span::of(source, tab, tab + 1), message, "indent with spaces".to_owned());
    }
    let Opened { quote, bracket } = opened(text, failed);
    if let Some((start, end)) = quote {
        let place = Span::of(source, start, start + 1);
        let line = Span::of(source, end, end).line;
        let message = format!("the quote that opens here is closed in line {line} only");
        return made("yaml_syntax", place, message, "close it in its own line".to_owned());
    }
    if let Some(start) = bracket {
        let open = &text[start..=start];
        let message = format!("the `{open}` that opens here is never closed");
        let help = format!("close it with `{}`; line {} does not go on with it", closing(open), at.line);
        return made("yaml_syntax", Span::of(source, start, start + 1), message, help);
    }
    if words.contains("mapping values")
        && let Some((start, end)) = colon_without_space(text, failed)
    {
        let pair = &text[start..end];
        let help = format!("write a space after the colon: {}", shorten(&pair.replacen(':', ": ", 1)));
        let message = format!("`{}` is one word", shorten(pair));
        return made("yaml_syntax", Span::of(source, start, end), message, help);
    }
    let help = "check the indentation, the quotes and the brackets around here".to_owned();
    made("yaml_syntax", at, words.to_owned(), help)
}

/// Whether a text is `key:value`, which lacks its space.
pub(super) fn is_pair_without_space(text: &str) -> bool {
    text.split_once(':').is_some_and(|(key, value)| {
        !key.is_empty()
            && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
            && !value.is_empty()
            && !value.starts_with([':', '/', ' '])
    })
}

/// The first tab in an indentation, from the line of `from` on.
fn indenting_tab(text: &str, from: usize) -> Option<usize> {
    let begin = text[..from].rfind('\n').map_or(0, |at| at + 1);
    let mut start = begin;
    for line in text[begin..].split_inclusive('\n').take(2) {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(tab) = line[..indent].find('\t') {
            return Some(start + tab);
        }
        start += line.len();
    }
    None
}

/// `memory:256` in the line of `at` or the one above.
fn colon_without_space(text: &str, at: usize) -> Option<(usize, usize)> {
    let own = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let above = text[..own.saturating_sub(1)].rfind('\n').map_or(0, |end| end + 1);
    [above, own].into_iter().find_map(|start| {
        let line = text[start..].lines().next().unwrap_or_default();
        let word = line.trim().trim_start_matches("- ");
        let begins = start + line.find(word)?;
        (!word.contains(' ') && is_pair_without_space(word)).then_some((begins, begins + word.len()))
    })
}

/// What is open where the parser could not go on.
#[derive(Default)]
struct Opened {
    /// A quoted text of several lines that ends in the parser's line: where it begins and ends.
    quote: Option<(usize, usize)>,
    /// A bracket that nothing closes.
    bracket: Option<usize>,
}

fn closing(open: &str) -> &'static str {
    if open == "[" { "]" } else { "}" }
}

/// Goes through the text as YAML has it, as far as quotes, brackets, comments and blocks go.
fn opened(text: &str, failed: usize) -> Opened {
    let mut opened = Opened::default();
    let mut brackets: Vec<usize> = Vec::new();
    let mut at = 0;
    // Where a token may begin; within a plain text quotes and brackets are letters.
    let mut fresh = true;
    while let Some(c) = text[at..].chars().next() {
        let flow = !brackets.is_empty();
        match c {
            '\n' => {
                fresh = true;
                at += 1;
                continue;
            }
            '#' if fresh || text[..at].ends_with([' ', '\t']) => {
                at += text[at..].find('\n').unwrap_or(text.len() - at);
                continue;
            }
            '|' | '>' if fresh && !flow => {
                at = after_block(text, at);
                continue;
            }
            '"' | '\'' if fresh => {
                let Some(end) = end_of_quote(text, at, c) else { return opened };
                let lines = text[at..end].contains('\n');
                let same_line = failed >= end && !text[end..failed].contains('\n');
                if lines && same_line {
                    opened.quote = Some((at, end - 1));
                    return opened;
                }
                at = end;
                fresh = false;
                continue;
            }
            '[' | '{' if fresh => brackets.push(at),
            ']' | '}' if flow => {
                let matches = brackets.last().is_some_and(|open| closing(&text[*open..=*open]) == c.to_string());
                if !matches {
                    break;
                }
                brackets.pop();
            }
            _ => {}
        }
        let separates = |next: &str| next.starts_with([' ', '\n', '\r']) || next.is_empty();
        fresh = match c {
            '[' | '{' => fresh,
            ',' => flow,
            ' ' | '\t' | '\r' => fresh,
            ':' => separates(&text[at + 1..]) || flow && text[..at].ends_with(['"', '\'']),
            '-' | '?' => fresh && separates(&text[at + 1..]),
            _ => false,
        };
        at += c.len_utf8();
    }
    opened.bracket = brackets.first().copied().filter(|open| *open < failed);
    opened
}

/// The end of a quoted text, behind its quote.
fn end_of_quote(text: &str, start: usize, quote: char) -> Option<usize> {
    let mut rest = text[start + 1..].char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        if c == '\\' && quote == '"' {
            rest.next();
        } else if c == quote {
            if quote == '\'' && rest.peek().is_some_and(|(_, next)| *next == '\'') {
                rest.next();
                continue;
            }
            return Some(start + 1 + at + 1);
        }
    }
    None
}

/// Behind a `|` or `>` block: the first line that is indented no more than the one that begins it.
fn after_block(text: &str, at: usize) -> usize {
    let begin = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let own = indent(&text[begin..at]);
    let mut end = at + text[at..].find('\n').map_or(text.len() - at, |end| end + 1);
    for line in text[end..].split_inclusive('\n') {
        if !line.trim().is_empty() && indent(line) <= own {
            break;
        }
        end += line.len();
    }
    end
}
