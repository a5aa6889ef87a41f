//! Selection patterns are Java regular expressions, matched against the whole text: the template language's own
//! reading of them judges them here, too.

use crate::vtl::{JavaPattern, PatternErrorKind};

pub(super) struct Wrong {
    pub message: String,
    pub help: &'static str,
}

pub(super) struct Compiled {
    /// `None` where what Java accepts cannot be judged here.
    pattern: Option<JavaPattern>,
}

impl Compiled {
    /// Whether the empty text, which a success is matched as (C6), matches as a whole.
    pub fn matches_empty(&self) -> bool {
        self.matches("")
    }

    fn matches(&self, text: &str) -> bool {
        self.pattern.as_ref().is_some_and(|pattern| pattern.matches_whole(text).unwrap_or(false))
    }
}

pub(super) fn compile(pattern: &str) -> Result<Compiled, Wrong> {
    if pattern.contains("[[:") {
        // Java takes it for a class of a colon and letters, which nobody means
        let message = "`[:name:]` is no character class in Java".to_owned();
        return Err(Wrong { message, help: "write \\p{Alpha}, \\p{Digit}, \\p{Punct} …" });
    }
    match JavaPattern::compile(pattern) {
        Ok(pattern) => Ok(Compiled { pattern: Some(pattern) }),
        Err(error) if error.kind == PatternErrorKind::Unsupported => Ok(Compiled { pattern: None }),
        Err(error) => Err(Wrong { message: error.message, help: error.help }),
    }
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
