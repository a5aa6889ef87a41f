//! Java's regular expressions: read as Java reads them, matched by `fancy-regex`.
//!
//! The one place that knows what Java takes for a pattern; what is measured against Java itself is in
//! `tests/vtl/java_patterns.json`.

mod class;
mod fault;
mod property;
mod reader;
mod translate;

use std::ops::Range;
use std::sync::OnceLock;

use fancy_regex::{Captures, Regex, RegexBuilder};

pub use fault::{PatternError, PatternErrorKind, TooHard};

use super::error::RenderError;
use super::limits;
use fault::unsupported;
use translate::{Translated, Work, translate};

/// A Java regular expression that has to match a text as a whole, like `Pattern.matches`: what API Gateway's selection
/// patterns are.
///
/// `.` stops at `\n`, `\r`, `\u0085`, `\u2028` and `\u2029` unless `(?s)` says otherwise, `\w` and `(?i)` are about ASCII,
/// and what Java refuses is refused, as of Java 17. A match is given up when it backtracks too often.
///
/// ```
/// use poc::vtl::JavaPattern;
///
/// let pattern = JavaPattern::compile(r#".*"httpStatus":400.*"#)?;
/// assert_eq!(pattern.matches_whole(r#"{"httpStatus":400,"message":"no"}"#), Ok(true));
/// assert_eq!(pattern.matches_whole("{\n\"httpStatus\":400}"), Ok(false));
/// assert_eq!(JavaPattern::compile("(?s).*")?.matches_whole("two\nlines"), Ok(true));
/// assert!(JavaPattern::compile("*").is_err());
/// # Ok::<(), poc::vtl::PatternError>(())
/// ```
#[derive(Debug)]
pub struct JavaPattern {
    usual: Regex,
    /// For long texts: each step may go through the whole text, so there may be fewer.
    careful: OnceLock<Option<Regex>>,
    work: Work,
}

/// Texts up to this many bytes may have the usual number of steps.
const SHORT: usize = 4096;

impl JavaPattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    ///
    /// Where Java refuses the pattern, or where it is beyond what is known here: the [kind](PatternError::kind) tells.
    pub fn compile(pattern: &str) -> Result<Self, PatternError> {
        Self::of(&translate(pattern)?, limits::REGEX_BACKTRACKS)
    }

    fn of(translated: &Translated, backtracks: usize) -> Result<Self, PatternError> {
        let text = &translated.text[..translated.before_end.unwrap_or(translated.text.len())];
        let usual = build(format!("\\A(?:{text})\\z"), backtracks)?;
        Ok(Self { usual, careful: OnceLock::new(), work: translated.work })
    }

    /// Whether the pattern matches the whole text.
    ///
    /// # Errors
    ///
    /// Where that would take too many steps.
    pub fn matches_whole(&self, text: &str) -> Result<bool, TooHard> {
        if text.len() <= SHORT {
            return self.usual.is_match(text).map_err(|_| TooHard);
        }
        if self.work == Work::Repeated {
            return Err(TooHard);
        }
        let careful =
            self.careful.get_or_init(|| build(self.usual.as_str().to_owned(), limits::REGEX_BACKTRACKS_LONG).ok());
        careful.as_ref().ok_or(TooHard)?.is_match(text).map_err(|_| TooHard)
    }
}

fn build(text: String, backtracks: usize) -> Result<Regex, PatternError> {
    RegexBuilder::new(&text)
        .backtrack_limit(backtracks)
        .delegate_size_limit(limits::REGEX_BYTES)
        .build()
        .map_err(|error| unsupported(error.to_string().lines().last().unwrap_or_default()))
}

/// A pattern as templates use it, which also replace and split.
#[derive(Debug)]
pub(super) struct JavaRegex {
    translated: Translated,
    /// Each is compiled once it is needed.
    anywhere: OnceLock<Regex>,
    whole: OnceLock<JavaPattern>,
}

/// Told the length of what was made so far, says whether to go on.
pub(super) trait Count: FnMut(usize) -> Result<(), RenderError> {}

impl<F: FnMut(usize) -> Result<(), RenderError>> Count for F {}

/// A match.
struct Found<'t> {
    range: Range<usize>,
    /// None where there are no groups.
    captures: Option<Captures<'t>>,
}

impl<'t> Found<'t> {
    /// How many groups there are, the whole match included.
    fn groups(&self) -> usize {
        self.captures.as_ref().map_or(1, Captures::len)
    }

    fn group(&self, text: &'t str, number: usize) -> &'t str {
        match &self.captures {
            Some(captures) => captures.get(number).map_or("", |group| group.as_str()),
            None if number == 0 => &text[self.range.clone()],
            None => "",
        }
    }
}

impl JavaRegex {
    /// Reads a pattern.
    pub fn new(pattern: &str) -> Result<Self, RenderError> {
        let translated = translate(pattern).map_err(refused)?;
        Ok(Self { translated, anywhere: OnceLock::new(), whole: OnceLock::new() })
    }

    pub fn matches_whole(&self, text: &str) -> Result<bool, RenderError> {
        if let Some(literal) = &self.translated.literal {
            return Ok(text == literal);
        }
        let whole = match self.whole.get() {
            Some(whole) => whole,
            None => {
                let whole = JavaPattern::of(&self.translated, self.backtracks()).map_err(refused)?;
                self.whole.get_or_init(|| whole)
            }
        };
        whole.matches_whole(text).map_err(too_hard)
    }

    /// How many steps of a render a match counts as.
    pub fn cost(&self, text: &str) -> usize {
        match self.translated.work {
            Work::Even if self.translated.text.contains("(?=") => {
                limits::MATCH_STEPS + (text.len().saturating_mul(text.len()) / 16).min(limits::REGEX_STEPS)
            }
            Work::Even => limits::MATCH_STEPS,
            Work::Tried | Work::Repeated => limits::HARD_MATCH_STEPS,
        }
    }

    fn backtracks(&self) -> usize {
        match self.translated.work {
            Work::Even => limits::REGEX_BACKTRACKS_LONG,
            Work::Tried | Work::Repeated => limits::REGEX_BACKTRACKS_HARD,
        }
    }

    fn anywhere(&self, text: &str) -> Result<&Regex, RenderError> {
        // a match that is looked for everywhere is a repetition
        if self.translated.work != Work::Even && text.len() > SHORT * 4 {
            return Err(too_hard(()));
        }
        if let Some(regex) = self.anywhere.get() {
            return Ok(regex);
        }
        let regex = build(self.translated.text.clone(), self.backtracks()).map_err(refused)?;
        Ok(self.anywhere.get_or_init(|| regex))
    }

    /// `replaceAll`, or `replaceFirst` with `most` = 1. `count` is asked before each match is dealt with.
    pub fn replace(&self, text: &str, to: &str, most: usize, mut count: impl Count) -> Result<String, RenderError> {
        let mut out = String::new();
        let mut copied = 0;
        let mut from = Some(0);
        for _ in 0..most {
            let Some(found) = self.next(text, &mut from)? else { break };
            count(out.len())?;
            out.push_str(&text[copied..found.range.start]);
            self.expand(to, text, &found, &mut out)?;
            copied = found.range.end;
        }
        out.push_str(&text[copied..]);
        Ok(out)
    }

    /// The next match from a position, which then is where the one after begins. Unlike elsewhere, nothing may match
    /// right after something did.
    fn next<'t>(&self, text: &'t str, from: &mut Option<usize>) -> Result<Option<Found<'t>>, RenderError> {
        let Some(start) = *from else { return Ok(None) };
        let found = match &self.translated.literal {
            Some(literal) if !literal.is_empty() => text[start..]
                .find(literal.as_str())
                .map(|at| Found { range: start + at..start + at + literal.len(), captures: None }),
            _ => {
                let captures = self.anywhere(text)?.captures_from_pos(text, start).map_err(too_hard)?;
                captures.and_then(|captures| Some(Found { range: captures.get(0)?.range(), captures: Some(captures) }))
            }
        };
        let Some(found) = found else { return Ok(None) };
        let Range { start, end } = found.range;
        let step = if start == end { text[end..].chars().next().map(char::len_utf8) } else { Some(0) };
        *from = step.map(|step| end + step);
        Ok(Some(found))
    }

    /// `split`: a limit of 0 drops empty parts at the end, a positive one is the most parts there can be.
    pub fn split(&self, text: &str, limit: i32, mut count: impl Count) -> Result<Vec<String>, RenderError> {
        let most = usize::try_from(limit).ok().filter(|&limit| limit > 0);
        let mut parts: Vec<String> = Vec::new();
        let mut from = 0;
        let mut any = false;
        let mut next = Some(0);
        while let Some(found) = self.next(text, &mut next)? {
            count(0)?;
            if most.is_some_and(|most| parts.len() + 1 >= most) {
                break;
            }
            // a match of nothing at the beginning makes no empty first part
            if found.range.end == 0 {
                continue;
            }
            any = true;
            parts.push(text[from..found.range.start].to_owned());
            from = found.range.end;
        }
        if !any {
            return Ok(vec![text.to_owned()]);
        }
        parts.push(text[from..].to_owned());
        while limit == 0 && parts.last().is_some_and(String::is_empty) {
            parts.pop();
        }
        Ok(parts)
    }
}

fn too_hard<E>(_: E) -> RenderError {
    RenderError::limit(TooHard.to_string())
}

fn refused(error: PatternError) -> RenderError {
    match error.kind {
        PatternErrorKind::Invalid => RenderError::runtime(format!("PatternSyntaxException: {error}")),
        PatternErrorKind::Unsupported => RenderError::limit(format!("a regular expression is beyond us: {error}")),
    }
}

impl JavaRegex {
    /// `$1`, `${name}` and backslashes in a replacement.
    fn expand(&self, to: &str, text: &str, found: &Found, out: &mut String) -> Result<(), RenderError> {
        let illegal =
            |what: &str| RenderError::runtime(format!("IllegalArgumentException: {what} in the replacement {to:?}"));
        let mut chars = to.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' => out.push(chars.next().ok_or_else(|| illegal("a backslash at the end"))?),
                '$' if chars.peek() == Some(&'{') => {
                    chars.next();
                    let name: String = chars.by_ref().take_while(|&c| c != '}').collect();
                    let number = self.translated.names.get(&name).ok_or_else(|| illegal("an unknown group"))?;
                    out.push_str(found.group(text, *number));
                }
                '$' => {
                    let first =
                        chars.next().and_then(|c| c.to_digit(10)).ok_or_else(|| illegal("a $ without a group"))?;
                    let mut group = first as usize;
                    if group >= found.groups() {
                        return Err(RenderError::runtime(format!("IndexOutOfBoundsException: No group {group}")));
                    }
                    // further digits belong to the number as long as there is such a group
                    while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
                        let longer = group * 10 + digit as usize;
                        if longer >= found.groups() {
                            break;
                        }
                        group = longer;
                        chars.next();
                    }
                    out.push_str(found.group(text, group));
                }
                c => out.push(c),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regex(pattern: &str) -> JavaRegex {
        JavaRegex::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"))
    }

    fn replaced(text: &str, pattern: &str, to: &str) -> String {
        regex(pattern).replace(text, to, usize::MAX, |_| Ok(())).unwrap_or_else(|error| error.message)
    }

    #[test]
    fn replacements_know_groups_and_escapes() {
        assert_eq!(replaced("Hello, World", "(\\w+), (\\w+)", "$2 $1"), "World Hello");
        assert_eq!(replaced("a.b", "\\.", "\\$"), "a$b");
        assert_eq!(replaced("ab", "(?<x>a)", "${x}${x}"), "aab");
        assert_eq!(replaced("abc", "", "-"), "-a-b-c-");
        assert_eq!(replaced("a", "(a)", "$12"), "a2");
    }

    #[test]
    fn splitting_drops_empty_parts_at_the_end() {
        let split =
            |text: &str, pattern: &str, limit| regex(pattern).split(text, limit, |_| Ok(())).unwrap_or_default();
        assert_eq!(split("a,,b,,", ",", 0), ["a", "", "b"]);
        assert_eq!(split("a,,b,,", ",", -1), ["a", "", "b", "", ""]);
        assert_eq!(split("a,b,c", ",", 2), ["a", "b,c"]);
        assert_eq!(split("abc", "", 0), ["a", "b", "c"]);
        assert_eq!(split("", ",", 0), [""]);
        assert_eq!(split(",", ",", 0), [] as [&str; 0]);
    }

    #[test]
    fn classes_are_about_ascii() {
        assert_eq!(regex("\\w+").matches_whole("é").ok(), Some(false));
        assert_eq!(regex("[\\w-]+").matches_whole("a-b").ok(), Some(true));
        assert_eq!(regex("\\p{Alpha}[^\\d]\\Q.*\\E").matches_whole("ax.*").ok(), Some(true));
        assert_eq!(regex("a.b").matches_whole("a\u{85}b").ok(), Some(false));
    }

    #[test]
    fn what_is_no_pattern_in_java_is_none_here() {
        for pattern in ["(", "[a", "*a", "a{", "\\y"] {
            assert!(JavaRegex::new(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn catastrophes_are_cut_short() {
        let slow = regex("(a|a)*\\1b").matches_whole(&"a".repeat(5000));
        assert!(slow.is_err());
    }
}
