//! Selection patterns are Java regular expressions, matched against the whole text. They are judged here with another
//! engine, so what Java reads differently is told apart first: what Java refuses is refused, what only Java knows is
//! rewritten or left unjudged.

use fancy_regex::Regex;

pub(super) struct Wrong {
    pub message: String,
    pub help: &'static str,
}

pub(super) struct Compiled {
    /// `None` where the engine at hand cannot judge what Java accepts.
    regex: Option<Regex>,
}

impl Compiled {
    /// Whether the empty text, which a success is matched as (C6), matches as a whole.
    pub fn matches_empty(&self) -> bool {
        self.regex.as_ref().is_some_and(|regex| regex.is_match("").unwrap_or(false))
    }

    #[cfg(test)]
    fn matches(&self, text: &str) -> bool {
        self.regex.as_ref().is_some_and(|regex| regex.is_match(text).unwrap_or(false))
    }
}

pub(super) fn compile(pattern: &str) -> Result<Compiled, Wrong> {
    let translated = translate(pattern)?;
    match Regex::new(&format!("\\A(?:{})\\z", translated.text)) {
        Ok(regex) => Ok(Compiled { regex: Some(regex) }),
        Err(_) if translated.beyond_us => Ok(Compiled { regex: None }),
        Err(error) => {
            let words = error.to_string();
            // The engine draws the pattern over several lines; its last one is the reason.
            let reason = words.lines().last().unwrap_or_default();
            let reason = reason.trim_start_matches("error: ").trim_start_matches("Parsing error at position ");
            // Positions are those of the rewritten pattern, which nobody sees.
            let reason = reason.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches(':');
            Err(Wrong {
                message: reason.trim().to_string(),
                help: "write a Java regular expression, like .*\"httpStatus\":400.*",
            })
        }
    }
}

struct Translated {
    text: String,
    /// It holds what Java accepts within limits of its own (look-behind, Java's character properties).
    beyond_us: bool,
}

fn wrong<T>(message: impl Into<String>, help: &'static str) -> Result<T, Wrong> {
    Err(Wrong { message: message.into(), help })
}

/// Walks the pattern once, with Java's eyes.
fn translate(pattern: &str) -> Result<Translated, Wrong> {
    let mut out = Translated { text: String::with_capacity(pattern.len()), beyond_us: false };
    let mut chars = pattern.chars().peekable();
    let mut class_depth = 0_usize;
    // Whether there is something a quantifier could repeat.
    let mut atom = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                escape(&mut chars, &mut out, class_depth > 0)?;
                atom = true;
            }
            '[' => {
                if class_depth > 0 && chars.peek() == Some(&':') {
                    return wrong(
                        "`[:name:]` is no character class in Java",
                        "write \\p{Alpha}, \\p{Digit}, \\p{Punct} …",
                    );
                }
                class_depth += 1;
                out.text.push(c);
            }
            ']' if class_depth > 0 => {
                class_depth -= 1;
                atom = true;
                out.text.push(c);
            }
            ']' => {
                out.text.push_str("\\]");
                atom = true;
            }
            _ if class_depth > 0 => out.text.push(c),
            '{' => {
                let body: String = chars.clone().take_while(|c| *c != '}').collect();
                let counts = body.split_once(',').map_or(vec![body.as_str()], |(low, high)| vec![low, high]);
                let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
                let closed = chars.clone().any(|c| c == '}');
                let counted =
                    closed && number(counts[0]) && counts.get(1).is_none_or(|high| high.is_empty() || number(high));
                if !counted || !atom {
                    return wrong(
                        "`{` stands where Java wants a repetition like {2} or {2,5}",
                        "write \\{ for the character itself",
                    );
                }
                out.text.push(c);
            }
            '}' if !in_repetition(&out.text) => {
                out.text.push_str("\\}");
                atom = true;
            }
            '(' => {
                group(&mut chars, &mut out)?;
                out.text.push_str(&take_group_head(&mut chars));
                atom = false;
            }
            '|' => {
                atom = false;
                out.text.push(c);
            }
            _ => {
                atom = true;
                out.text.push(c);
            }
        }
    }
    Ok(out)
}

/// Whether the text ends within `{2,5`.
fn in_repetition(text: &str) -> bool {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_digit() || c == ',');
    digits.len() < text.len() && digits.ends_with('{') && !digits.ends_with("\\{")
}

/// What may follow `(`.
fn group(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut Translated) -> Result<(), Wrong> {
    let ahead: String = chars.clone().take(4).collect();
    out.text.push('(');
    if ahead.starts_with("?P") {
        return wrong("`(?P…` is Python's; Java does not know it", "write (?<name>…) and \\k<name>");
    }
    if ["?R", "?0", "?&", "?(", "?|", "?#", "*"].iter().any(|other| ahead.starts_with(other)) {
        return wrong(
            format!("`({ahead}` is not a group of Java's"),
            "write (…), (?:…), (?<name>…), (?=…), (?!…), (?<=…), (?<!…) or (?>…)",
        );
    }
    if ahead.starts_with("?<=") || ahead.starts_with("?<!") {
        out.beyond_us = true;
    }
    Ok(())
}

/// Copies `?:`, `?=`, `?<name>` and so on, so that their `?` and `<` are not taken for anything else.
fn take_group_head(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    let mut head = String::new();
    if chars.peek() == Some(&'?') {
        head.extend(chars.next());
        while let Some(c) = chars.next_if(|c| matches!(c, '<' | '=' | '!' | ':' | '>')) {
            head.push(c);
            if matches!(c, '=' | '!' | ':' | '>') {
                break;
            }
        }
    }
    head
}

/// What may follow a backslash.
fn escape(
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
    out: &mut Translated,
    in_class: bool,
) -> Result<(), Wrong> {
    let Some(c) = chars.next() else {
        return wrong("it ends in a lone backslash", "write \\\\ for the character itself");
    };
    match c {
        'Q' => {
            let rest: String = chars.clone().collect();
            let quoted = rest.split("\\E").next().unwrap_or_default();
            let skip = quoted.chars().count() + if rest.contains("\\E") { 2 } else { 0 };
            chars.by_ref().take(skip).for_each(drop);
            out.text.push_str(&fancy_regex::escape(quoted));
        }
        'E' => {}
        'h' => out.text.push_str(if in_class { " \\t" } else { "[ \\t]" }),
        'R' => out.text.push_str("(?:\\r\\n|[\\n\\r])"),
        'Z' => out.text.push_str("\\n?\\z"),
        'e' => out.text.push_str("\\x1B"),
        'p' | 'P' => {
            out.text.push('\\');
            out.text.push(c);
            out.beyond_us = true;
            if chars.peek() == Some(&'{') && !chars.clone().any(|c| c == '}') {
                return wrong(format!("`\\{c}{{` is not closed"), "write \\p{Alpha}");
            }
            if chars.peek() == Some(&'{') {
                let name: String = chars.by_ref().take_while(|c| *c != '}').collect();
                out.text.push_str(&name);
                out.text.push('}');
            }
        }
        'c' | '0' | 'N' | 'X' | 'G' | 'H' | 'V' => {
            out.beyond_us = true;
            out.text.push('\\');
            out.text.push(c);
        }
        'k' if chars.peek() != Some(&'<') => {
            return wrong("`\\k` is not followed by <name>", "write \\k<name>");
        }
        't' | 'n' | 'r' | 'f' | 'a' | 'd' | 'D' | 's' | 'S' | 'v' | 'w' | 'W' | 'b' | 'B' | 'A' | 'z' | 'x' | 'u'
        | 'k' => {
            out.text.push('\\');
            out.text.push(c);
        }
        c if c.is_ascii_alphabetic() => {
            return wrong(
                format!("`\\{c}` means nothing in Java"),
                "remove the backslash, or write \\\\ for the character itself",
            );
        }
        c if c.is_ascii_digit() => {
            out.beyond_us = true;
            out.text.push('\\');
            out.text.push(c);
        }
        c if c.is_ascii_punctuation() || c == ' ' => out.text.push_str(&fancy_regex::escape(&c.to_string())),
        c => out.text.push(c),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(pattern: &str) -> String {
        match compile(pattern) {
            Ok(_) => panic!("`{pattern}` was accepted"),
            Err(wrong) => wrong.message,
        }
    }

    #[test]
    fn the_whole_text_must_match() {
        let Ok(compiled) = compile("Error") else { panic!("`Error` is a pattern") };
        assert!(compiled.matches("Error"));
        assert!(!compiled.matches("Error: x"));
    }

    #[test]
    fn a_dot_stops_at_a_line_break() {
        let Ok(one_line) = compile(".*\"httpStatus\":400.*") else { panic!("the sample's pattern compiles") };
        assert!(one_line.matches("{\"httpStatus\":400,\"message\":\"x\"}"));
        assert!(!one_line.matches("{\n\"httpStatus\":400}"));
        let Ok(all) = compile("(\\n|.)+") else { panic!("the catch-all compiles") };
        assert!(all.matches("a\nb"));
        assert!(!all.matches_empty());
    }

    #[test]
    fn what_java_refuses_is_refused() {
        for (pattern, reason) in [
            ("(", ""),
            ("a)", ""),
            ("[a", ""),
            ("*a", ""),
            ("a**b(", ""),
            (".*{\"httpStatus\":400.*", "`{` stands where"),
            ("a{,3}", "`{` stands where"),
            ("(?P<x>a)", "Python"),
            ("(?R)", "not a group"),
            ("\\y", "means nothing"),
            ("x\\", "lone backslash"),
            ("[[:alpha:]]", "no character class"),
            ("\\p{Alpha", "not closed"),
        ] {
            let message = refused(pattern);
            assert!(message.contains(reason), "{pattern}: {message}");
            assert!(!message.contains('\n'), "{pattern}: {message}");
        }
    }

    #[test]
    fn what_java_accepts_is_accepted() {
        for pattern in [
            "\\Q[x]\\E.*",
            "a}b",
            "a]b",
            "a{2}b{1,}c{1,2}",
            "\\{\"a\":1\\}",
            "(?i)not found.*",
            "(?s).*x.*",
            "(?<code>\\d+)\\k<code>",
            "(?<=ab|c)d",
            "(?<!x+)d",
            "\\p{javaLowerCase}+",
            "\\p{Alpha}+",
            "[a-z&&[^b]]+",
            "a*+b",
            "(?>a|b)c",
            "\\h+\\R",
            "\\[BadRequest\\].*",
            "<a>.*",
        ] {
            if let Err(wrong) = compile(pattern) {
                panic!("`{pattern}`: {}", wrong.message);
            }
        }
    }
}
