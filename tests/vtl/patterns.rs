//! Java's regular expressions against Java's own: `java_patterns.json` is what `oracle/Patterns.java` printed.

use poc::vtl::{JavaPattern, PatternErrorKind, TooHard};
use serde_json::Value;

/// What Java makes of each pattern: which of the texts it matches as a whole, or nothing where it refuses it.
///
/// `JAVA_PATTERNS` names another file in the same form.
#[test]
fn patterns_match_what_java_says_they_match() {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vtl/java_patterns.json").to_owned();
    let path = std::env::var("JAVA_PATTERNS").unwrap_or(own);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let corpus: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
    let texts: Vec<&str> = corpus["texts"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let patterns = corpus["patterns"].as_array().cloned().unwrap_or_default();
    let mut wrong = Vec::new();
    let mut beyond = 0;
    for entry in &patterns {
        let pattern = entry[0].as_str().unwrap_or_default();
        let expected: Option<Vec<&str>> = entry[1].as_array().map(|indexes| {
            indexes.iter().filter_map(|index| texts.get(usize::try_from(index.as_u64()?).ok()?).copied()).collect()
        });
        match JavaPattern::compile(pattern) {
            Ok(compiled) => {
                let matched: Vec<&str> =
                    texts.iter().filter(|text| compiled.matches_whole(text) == Ok(true)).copied().collect();
                let known = borders_differ(pattern) && expected.is_some();
                if expected.as_ref() != Some(&matched) && !known {
                    wrong.push(format!("{pattern:?}\n  expected: {expected:?}\n  got:      {matched:?}"));
                }
            }
            Err(error) if error.kind == PatternErrorKind::Unsupported => {
                beyond += 1;
                if expected.is_none() || !known_to_be_beyond(pattern) {
                    wrong.push(format!("{pattern:?} is unsupported: {error}"));
                }
            }
            Err(error) if expected.is_some() => wrong.push(format!("{pattern:?} is refused: {error}")),
            Err(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{} of {} patterns differ:\n{}", wrong.len(), patterns.len(), wrong.join("\n"));
    assert!(beyond * 50 < patterns.len(), "{beyond} of {} patterns are unsupported", patterns.len());
}

/// Java's `\b` counts letters, digits and marks on them as parts of words; here, what Unicode counts as such. They
/// differ in numerals, joiners and lone marks, which some texts are.
fn borders_differ(pattern: &str) -> bool {
    pattern.contains("\\b") || pattern.contains("\\B")
}

/// What Java takes and we do not judge: names of characters, borders of what looks like one character, and
/// look-behinds of no fixed length that hold atomic groups.
fn known_to_be_beyond(pattern: &str) -> bool {
    pattern.contains("\\N{") || pattern.contains("\\b{g}") || pattern.contains("(?<")
}

#[test]
fn hostile_patterns_and_texts_come_to_an_end() {
    let long = "a".repeat(100_000);
    for pattern in [
        "(a+)+b",
        "(a|aa)+b",
        "(a|a)*\\1b",
        "(?:(?=(a*))a)*b",
        "(a*)*\\1b",
        "((a{0,9}){0,9}){0,9}b",
        "(?>a*)*b",
        "(?<=(a|aa){1,50})b",
        "(.*)(.*)(.*)(.*)(.*)\\5b",
        "(?=.*b)(?=.*c).*",
        "(?:a?){1000}a{1000}",
        "(x+x+)+y",
        "(?:(?:(?:(?=a)){1000}){1000}){1000}",
        "a{1000000}",
        "((a{1000}){1000}){1000}",
        "(?:.{0,5000}){0,5000}",
        "[a-z]*+b",
        "(a?){0,2147483647}b",
    ] {
        if let Ok(compiled) = JavaPattern::compile(pattern) {
            for text in [&long[..30], &long[..4000], &long] {
                // either answer may be given up; none may be wrong
                assert_ne!(compiled.matches_whole(&format!("{text}!")), Ok(true), "{pattern}");
            }
        }
    }
    let compiled = JavaPattern::compile("(a|aa)+\\1b").map_err(|error| error.message);
    assert_eq!(compiled.map(|pattern| pattern.matches_whole(&long[..4000])), Ok(Err(TooHard)));
}

#[test]
fn deep_and_long_patterns_do_not_overflow_the_stack() {
    for piece in [
        "(", "[", "(?:", "(?=", "(?<=", "[^", "[a&&", "a|", "(a|", "(?i)", "a{2}", "(?>", "\\Q", "(?x)#", "(a*",
        "(?<n>",
    ] {
        for close in ["", ")", "]"] {
            let pattern = piece.repeat(20_000) + "a" + &close.repeat(20_000);
            let _ = JavaPattern::compile(&pattern).map(|pattern| pattern.matches_whole("aaa"));
            let pattern = piece.repeat(90) + "a" + &close.repeat(90);
            let _ = JavaPattern::compile(&pattern).map(|pattern| pattern.matches_whole("aaa"));
        }
    }
}

#[test]
fn a_long_text_is_no_reason_to_give_up() {
    let message = format!("{{\"httpStatus\":400,\"message\":\"{}\"}}", "x".repeat(500_000));
    for pattern in [".*\"httpStatus\":400.*", "^\\{\"httpStatus\":400.*$", "(\\n|.)+", "(?s).*400.*", "[\\s\\S]*"] {
        let compiled = JavaPattern::compile(pattern).map_err(|error| error.message);
        assert_eq!(compiled.map(|pattern| pattern.matches_whole(&message)), Ok(Ok(true)), "{pattern}");
    }
}
