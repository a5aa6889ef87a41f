//! Java's regular expressions, translated to those of `fancy-regex`.
//!
//! The syntaxes agree but for what is translated here: `\d`, `\w`, `\s` and `\b` are about ASCII in Java, `.` stops at
//! more line ends, `$` also holds before a final line end, and there are quotations and a few more escapes.

use fancy_regex::{Captures, Match, Regex, RegexBuilder};

use super::error::RenderError;
use super::limits;

#[derive(Debug)]
pub(super) struct JavaRegex {
    regex: Regex,
    whole: Regex,
}

/// Told the length of what was made so far, says whether to go on.
pub(super) trait Count: FnMut(usize) -> Result<(), RenderError> {}

impl<F: FnMut(usize) -> Result<(), RenderError>> Count for F {}

impl JavaRegex {
    /// Compiles a pattern.
    pub fn new(pattern: &str, ignore_case: bool) -> Result<Self, RenderError> {
        let invalid = |reason: &str| RenderError::runtime(format!("PatternSyntaxException: {pattern:?}: {reason}"));
        let mut translated = Translator { chars: pattern.chars().collect(), position: 0, out: String::new() };
        translated.run().ok_or_else(|| invalid("not a regular expression"))?;
        let flags = if ignore_case { "(?i)" } else { "" };
        let compile = |text: &str| {
            RegexBuilder::new(text)
                .backtrack_limit(limits::REGEX_BACKTRACKS)
                .build()
                .map_err(|error| invalid(&error.to_string()))
        };
        let body = &translated.out;
        Ok(Self { regex: compile(&format!("{flags}{body}"))?, whole: compile(&format!("{flags}\\A(?:{body})\\z"))? })
    }

    pub fn matches_whole(&self, text: &str) -> Result<bool, RenderError> {
        self.whole.is_match(text).map_err(too_hard)
    }

    /// `replaceAll`, or `replaceFirst` with `most` = 1. `count` is asked before each match is dealt with.
    pub fn replace(&self, text: &str, to: &str, most: usize, mut count: impl Count) -> Result<String, RenderError> {
        let mut out = String::new();
        let mut copied = 0;
        let mut from = Some(0);
        for _ in 0..most {
            let Some((captures, found)) = self.next(text, &mut from)? else { break };
            count(out.len())?;
            out.push_str(&text[copied..found.start()]);
            expand(to, &captures, &mut out)?;
            copied = found.end();
        }
        out.push_str(&text[copied..]);
        Ok(out)
    }

    /// The next match from a position, which then is where the one after begins. Unlike elsewhere, nothing may match
    /// right after something did.
    fn next<'t>(
        &self,
        text: &'t str,
        from: &mut Option<usize>,
    ) -> Result<Option<(Captures<'t>, Match<'t>)>, RenderError> {
        let Some(start) = *from else { return Ok(None) };
        let captures = self.regex.captures_from_pos(text, start).map_err(too_hard)?;
        let Some((captures, found)) = captures.and_then(|captures| captures.get(0).map(|found| (captures, found)))
        else {
            return Ok(None);
        };
        let step =
            if found.start() == found.end() { text[found.end()..].chars().next().map(char::len_utf8) } else { Some(0) };
        *from = step.map(|step| found.end() + step);
        Ok(Some((captures, found)))
    }

    /// `split`: a limit of 0 drops empty parts at the end, a positive one is the most parts there can be.
    pub fn split(&self, text: &str, limit: i32, mut count: impl Count) -> Result<Vec<String>, RenderError> {
        let most = usize::try_from(limit).ok().filter(|&limit| limit > 0);
        let mut parts: Vec<String> = Vec::new();
        let mut from = 0;
        let mut any = false;
        let mut next = Some(0);
        while let Some((_, found)) = self.next(text, &mut next)? {
            count(0)?;
            if most.is_some_and(|most| parts.len() + 1 >= most) {
                break;
            }
            // a match of nothing at the beginning makes no empty first part
            if found.end() == 0 {
                continue;
            }
            any = true;
            parts.push(text[from..found.start()].to_owned());
            from = found.end();
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

fn too_hard(_: fancy_regex::Error) -> RenderError {
    RenderError::limit("a regular expression takes too long on this text")
}

/// `$1`, `${name}` and backslashes in a replacement.
fn expand(to: &str, captures: &Captures, out: &mut String) -> Result<(), RenderError> {
    let illegal =
        |what: &str| RenderError::runtime(format!("IllegalArgumentException: {what} in the replacement {to:?}"));
    let mut chars = to.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push(chars.next().ok_or_else(|| illegal("a backslash at the end"))?),
            '$' if chars.peek() == Some(&'{') => {
                chars.next();
                let name: String = chars.by_ref().take_while(|&c| c != '}').collect();
                let group = captures.name(&name);
                out.push_str(group.ok_or_else(|| illegal("an unknown group"))?.as_str());
            }
            '$' => {
                let first = chars.next().and_then(|c| c.to_digit(10)).ok_or_else(|| illegal("a $ without a group"))?;
                let mut group = first as usize;
                if group >= captures.len() {
                    return Err(RenderError::runtime(format!("IndexOutOfBoundsException: No group {group}")));
                }
                // further digits belong to the number as long as there is such a group
                while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
                    let longer = group * 10 + digit as usize;
                    if longer >= captures.len() {
                        break;
                    }
                    group = longer;
                    chars.next();
                }
                out.push_str(captures.get(group).map_or("", |group| group.as_str()));
            }
            c => out.push(c),
        }
    }
    Ok(())
}

struct Translator {
    chars: Vec<char>,
    position: usize,
    out: String,
}

impl Translator {
    fn next(&mut self) -> Option<char> {
        let c = self.chars.get(self.position).copied();
        self.position += usize::from(c.is_some());
        c
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.position).copied()
    }

    fn run(&mut self) -> Option<()> {
        while let Some(c) = self.next() {
            match c {
                '\\' => self.escape(false)?,
                '[' => self.class(0)?,
                '.' => self.out.push_str("[^\\n\\r\\x{85}\\x{2028}\\x{2029}]"),
                '$' => self.out.push_str("(?=(?:\\r\\n|[\\n\\r\\x{85}\\x{2028}\\x{2029}])?\\z)"),
                // an opening brace that counts nothing is an error in Java
                '{' if !self.counts() => return None,
                c => self.out.push(c),
            }
        }
        Some(())
    }

    /// Whether `{` begins a repetition: `{2}`, `{2,}` or `{2,3}`.
    fn counts(&self) -> bool {
        let rest: String = self.chars[self.position..].iter().take_while(|&&c| c != '}').collect();
        let (least, most) = rest.split_once(',').unwrap_or((&rest, ""));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        !least.is_empty() && digits(least) && digits(most)
    }

    fn escape(&mut self, in_class: bool) -> Option<()> {
        let c = self.next()?;
        let open = if in_class { "" } else { "[" };
        let close = if in_class { "" } else { "]" };
        match c {
            'd' => self.out.push_str(&format!("{open}0-9{close}")),
            'w' => self.out.push_str(&format!("{open}a-zA-Z0-9_{close}")),
            's' => self.out.push_str(&format!("{open} \\t\\n\\x0B\\f\\r{close}")),
            'h' => self.out.push_str(&format!("{open} \\t\\x{{A0}}\\x{{2000}}-\\x{{200a}}{close}")),
            'D' => self.out.push_str("[^0-9]"),
            'W' => self.out.push_str("[^a-zA-Z0-9_]"),
            'S' => self.out.push_str("[^ \\t\\n\\x0B\\f\\r]"),
            'H' => self.out.push_str("[^ \\t\\x{A0}\\x{2000}-\\x{200a}]"),
            'R' if !in_class => self.out.push_str("(?:\\r\\n|[\\n\\x0B\\f\\r\\x{85}\\x{2028}\\x{2029}])"),
            'Z' if !in_class => self.out.push_str("(?=(?:\\r\\n|[\\n\\r\\x{85}\\x{2028}\\x{2029}])?\\z)"),
            'A' | 'z' | 'b' | 'B' | 'G' if !in_class => self.out.push_str(&format!("\\{c}")),
            'k' if !in_class => self.out.push_str("\\k"),
            'Q' => self.quotation(),
            'E' => {}
            't' | 'n' | 'r' | 'f' => self.out.push_str(&format!("\\{c}")),
            'a' => self.out.push_str("\\x07"),
            'e' => self.out.push_str("\\x1B"),
            '0' => self.octal()?,
            'x' => self.hexadecimal(2)?,
            'u' => self.hexadecimal(4)?,
            'p' | 'P' => self.property(c, in_class)?,
            '1'..='9' if !in_class => self.out.push_str(&format!("\\{c}")),
            c if c.is_ascii_alphanumeric() => return None,
            c => self.literal(c),
        }
        Some(())
    }

    fn literal(&mut self, c: char) {
        if c.is_ascii() {
            self.out.push_str(&format!("\\x{{{:x}}}", u32::from(c)));
        } else {
            self.out.push(c);
        }
    }

    /// `\Q…\E`
    fn quotation(&mut self) {
        while let Some(c) = self.next() {
            if c == '\\' && self.peek() == Some('E') {
                self.next();
                return;
            }
            self.literal(c);
        }
    }

    fn hexadecimal(&mut self, digits: usize) -> Option<()> {
        let mut value = 0;
        if self.peek() == Some('{') {
            self.next();
            while let Some(c) = self.next().filter(|&c| c != '}') {
                value = (value * 16 + c.to_digit(16)?).min(0x11_0000);
            }
        } else {
            for _ in 0..digits {
                value = value * 16 + self.next()?.to_digit(16)?;
            }
        }
        char::from_u32(value)?;
        self.out.push_str(&format!("\\x{{{value:x}}}"));
        Some(())
    }

    fn octal(&mut self) -> Option<()> {
        let mut value = self.next()?.to_digit(8)?;
        for _ in 0..2 {
            match self.peek().and_then(|c| c.to_digit(8)) {
                Some(digit) if value * 8 + digit <= 0o377 => {
                    value = value * 8 + digit;
                    self.next();
                }
                _ => break,
            }
        }
        self.out.push_str(&format!("\\x{{{value:x}}}"));
        Some(())
    }

    /// `\p{Alpha}` and the like are about ASCII; the others are Unicode's.
    fn property(&mut self, kind: char, in_class: bool) -> Option<()> {
        let name: String = if self.peek() == Some('{') {
            self.next();
            let mut name = String::new();
            loop {
                match self.next()? {
                    '}' => break name,
                    c => name.push(c),
                }
            }
        } else {
            self.next()?.to_string()
        };
        let ascii = match name.as_str() {
            "Lower" => "a-z",
            "Upper" => "A-Z",
            "ASCII" => "\\x00-\\x7F",
            "Alpha" => "a-zA-Z",
            "Digit" => "0-9",
            "Alnum" => "a-zA-Z0-9",
            "Punct" => "!-/:-@\\x{5b}-`\\x{7b}-~",
            "Graph" => "!-~",
            "Print" => " -~",
            "Blank" => " \\t",
            "Cntrl" => "\\x00-\\x1F\\x7F",
            "XDigit" => "0-9a-fA-F",
            "Space" => " \\t\\n\\x0B\\f\\r",
            _ => {
                let unicode = name.strip_prefix("Is").unwrap_or(&name);
                let known =
                    !unicode.is_empty() && unicode.chars().all(|c| c.is_ascii_alphanumeric() || "_=".contains(c));
                self.out.push_str(&format!("\\{kind}{{{unicode}}}"));
                return known.then_some(());
            }
        };
        match (kind, in_class) {
            ('p', true) => self.out.push_str(ascii),
            ('p', false) => self.out.push_str(&format!("[{ascii}]")),
            _ => self.out.push_str(&format!("[^{ascii}]")),
        }
        Some(())
    }

    /// A class in brackets; it is open already.
    fn class(&mut self, depth: usize) -> Option<()> {
        if depth > 20 {
            return None;
        }
        self.out.push('[');
        if self.peek() == Some('^') {
            self.next();
            self.out.push('^');
        }
        let mut first = true;
        loop {
            match self.next()? {
                ']' if !first => break,
                '\\' => self.escape(true)?,
                '[' => self.class(depth + 1)?,
                '&' if self.peek() == Some('&') => {
                    self.next();
                    self.out.push_str("&&");
                }
                '-' => self.out.push('-'),
                c @ ('~' | '&' | '^' | ']') => self.literal(c),
                c => self.out.push(c),
            }
            first = false;
        }
        self.out.push(']');
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regex(pattern: &str) -> JavaRegex {
        JavaRegex::new(pattern, false).unwrap_or_else(|error| panic!("{pattern}: {error}"))
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
            assert!(JavaRegex::new(pattern, false).is_err(), "{pattern}");
        }
    }

    #[test]
    fn catastrophes_are_cut_short() {
        let slow = regex("(a|a)*\\1b").matches_whole(&"a".repeat(5000));
        assert!(slow.is_err());
    }
}
