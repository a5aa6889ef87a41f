//! `\p{…}`: POSIX names are about ASCII, the others Unicode's or those of `java.lang.Character`.

use super::fault::{PatternError, invalid, unsupported};
use super::reader::Flags;

/// The characters with a property, as what stands within a class's brackets.
pub(super) fn characters(name: &str, flags: Flags) -> Result<String, PatternError> {
    if let Some((key, value)) = name.split_once('=') {
        return match key.to_ascii_lowercase().as_str() {
            "sc" | "script" => script(name, value),
            "gc" | "general_category" => category(value, flags).ok_or_else(|| unknown(name)),
            "blk" | "block" => block(name, value),
            _ => Err(unknown(name)),
        };
    }
    if let Some(name) = name.strip_prefix("In") {
        return block(name, name);
    }
    if let Some(rest) = name.strip_prefix("Is") {
        return match binary(&rest.to_ascii_uppercase()) {
            Some("\\p{Lowercase}" | "\\p{Uppercase}" | "\\p{Lt}") if flags.ignore_case => Ok(CASED.to_owned()),
            Some(found) => Ok(found.to_owned()),
            None => category(rest, flags).map_or_else(|| script(name, rest), Ok),
        };
    }
    if flags.unicode_classes
        && let Some(found) = unicode_posix(name)
    {
        return Ok(found.to_owned());
    }
    posix(name, flags)
        .or_else(|| java(name, flags))
        .map(str::to_owned)
        .or_else(|| category(name, flags))
        .ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> PatternError {
    invalid(format!("`\\p{{{name}}}` is no property that Java knows"))
        .help("write \\p{Alpha}, \\p{Digit}, \\p{Lu}, \\p{IsGreek} …")
}

fn script(name: &str, script: &str) -> Result<String, PatternError> {
    let set = format!("\\p{{sc={script}}}");
    let word = !script.is_empty() && script.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if word && fancy_regex::Regex::new(&set).is_ok() { Ok(set) } else { Err(unknown(name)) }
}

fn block(name: &str, value: &str) -> Result<String, PatternError> {
    let squeezed: String = value.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let range = match squeezed.to_ascii_lowercase().as_str() {
        "basiclatin" => "\\x{0}-\\x{7f}",
        "latin1supplement" => "\\x{80}-\\x{ff}",
        "latinextendeda" => "\\x{100}-\\x{17f}",
        "latinextendedb" => "\\x{180}-\\x{24f}",
        "greek" | "greekandcoptic" => "\\x{370}-\\x{3ff}",
        "cyrillic" => "\\x{400}-\\x{4ff}",
        "hebrew" => "\\x{590}-\\x{5ff}",
        "arabic" => "\\x{600}-\\x{6ff}",
        "hiragana" => "\\x{3040}-\\x{309f}",
        "katakana" => "\\x{30a0}-\\x{30ff}",
        "cjkunifiedideographs" => "\\x{4e00}-\\x{9fff}",
        "hangulsyllables" => "\\x{ac00}-\\x{d7af}",
        "generalpunctuation" => "\\x{2000}-\\x{206f}",
        "" => return Err(unknown(name)),
        _ => return Err(unsupported(format!("the Unicode block `{value}` is not known here"))),
    };
    Ok(range.to_owned())
}

fn category(name: &str, flags: Flags) -> Option<String> {
    const CATEGORIES: &[&str] = &[
        "L", "M", "N", "P", "S", "Z", "C", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc",
        "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Co", "Cn",
    ];
    Some(match name {
        "Lu" | "Ll" | "Lt" if flags.ignore_case => "\\p{Lu}\\p{Ll}\\p{Lt}".to_owned(),
        "LC" => "\\p{Lu}\\p{Ll}\\p{Lt}".to_owned(),
        "LD" => "\\p{L}\\p{Nd}".to_owned(),
        "L1" => "\\x{0}-\\x{ff}".to_owned(),
        "all" => "\\x{0}-\\x{10ffff}".to_owned(),
        // lone surrogates, which no text here can hold
        "Cs" => "[a&&b]".to_owned(),
        name if CATEGORIES.contains(&name) => format!("\\p{{{name}}}"),
        _ => return None,
    })
}

fn posix(name: &str, flags: Flags) -> Option<&'static str> {
    Some(match name {
        "Lower" | "Upper" if flags.ignore_case => "a-zA-Z",
        "Lower" => "a-z",
        "Upper" => "A-Z",
        "ASCII" => "\\x{0}-\\x{7f}",
        "Alpha" => "a-zA-Z",
        "Digit" => "0-9",
        "Alnum" => "a-zA-Z0-9",
        "Punct" => "\\x{21}-\\x{2f}\\x{3a}-\\x{40}\\x{5b}-\\x{60}\\x{7b}-\\x{7e}",
        "Graph" => "\\x{21}-\\x{7e}",
        "Print" => "\\x{20}-\\x{7e}",
        "Blank" => "\\x{20}\\x{9}",
        "Cntrl" => "\\x{0}-\\x{1f}\\x{7f}",
        "XDigit" => "0-9a-fA-F",
        "Space" => "\\x{20}\\x{9}-\\x{d}",
        _ => return None,
    })
}

/// The same names where `(?U)` makes them Unicode's.
fn unicode_posix(name: &str) -> Option<&'static str> {
    binary(match name {
        "Lower" => "LOWERCASE",
        "Upper" => "UPPERCASE",
        "Alpha" => "ALPHABETIC",
        "Digit" => "DIGIT",
        "Alnum" => "ALNUM",
        "Punct" => "PUNCTUATION",
        "Graph" => "GRAPH",
        "Print" => "PRINT",
        "Blank" => "BLANK",
        "Cntrl" => "CONTROL",
        "XDigit" => "HEX_DIGIT",
        "Space" => "WHITE_SPACE",
        _ => return None,
    })
}

/// Unicode's binary properties that Java has.
fn binary(name: &str) -> Option<&'static str> {
    Some(match name {
        "ALPHABETIC" => "\\p{Alphabetic}",
        "LETTER" => "\\p{L}",
        "IDEOGRAPHIC" => "\\p{Ideographic}",
        "LOWERCASE" => "\\p{Lowercase}",
        "UPPERCASE" => "\\p{Uppercase}",
        "TITLECASE" => "\\p{Lt}",
        "WHITE_SPACE" | "WHITESPACE" => "\\p{White_Space}",
        "CONTROL" => "\\p{Cc}",
        "PUNCTUATION" => "\\p{P}",
        "HEX_DIGIT" | "HEXDIGIT" => "\\p{Nd}\\p{Hex_Digit}",
        "ASSIGNED" => "\\P{Cn}",
        "NONCHARACTER_CODE_POINT" | "NONCHARACTERCODEPOINT" => "\\p{Noncharacter_Code_Point}",
        "DIGIT" => "\\p{Nd}",
        "ALNUM" => "\\p{Alphabetic}\\p{Nd}",
        "BLANK" => "\\p{Zs}\\x{9}",
        "GRAPH" => "[^\\p{Zs}\\p{Zl}\\p{Zp}\\p{Cc}\\p{Cn}]",
        "PRINT" => "[^\\p{Zl}\\p{Zp}\\p{Cc}\\p{Cn}]",
        "WORD" => WORD,
        "JOIN_CONTROL" | "JOINCONTROL" => "\\p{Join_Control}",
        _ => return None,
    })
}

const CASED: &str = "\\p{Lowercase}\\p{Uppercase}\\p{Lt}";

/// `\w` with `(?U)`.
pub(super) const WORD: &str = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}";

/// The tests of `java.lang.Character`.
fn java(name: &str, flags: Flags) -> Option<&'static str> {
    Some(match name {
        "javaLowerCase" | "javaUpperCase" | "javaTitleCase" if flags.ignore_case => CASED,
        "javaLowerCase" => "\\p{Lowercase}",
        "javaUpperCase" => "\\p{Uppercase}",
        "javaAlphabetic" => "\\p{Alphabetic}",
        "javaIdeographic" => "\\p{Ideographic}",
        "javaTitleCase" => "\\p{Lt}",
        "javaDigit" => "\\p{Nd}",
        "javaDefined" => "\\P{Cn}",
        "javaLetter" => "\\p{L}",
        "javaLetterOrDigit" => "\\p{L}\\p{Nd}",
        "javaJavaIdentifierStart" => "\\p{L}\\p{Nl}\\p{Sc}\\p{Pc}",
        "javaJavaIdentifierPart" => {
            "\\p{L}\\p{Nl}\\p{Sc}\\p{Pc}\\p{Nd}\\p{Mn}\\p{Mc}\\p{Cf}\\x{0}-\\x{8}\\x{e}-\\x{1b}\\x{7f}-\\x{9f}"
        }
        "javaUnicodeIdentifierStart" => "\\p{ID_Start}",
        "javaUnicodeIdentifierPart" => "\\p{ID_Continue}\\p{Cf}\\x{0}-\\x{8}\\x{e}-\\x{1b}\\x{7f}-\\x{9f}",
        "javaIdentifierIgnorable" => "\\p{Cf}\\x{0}-\\x{8}\\x{e}-\\x{1b}\\x{7f}-\\x{9f}",
        "javaSpaceChar" => "\\p{Z}",
        "javaWhitespace" => "[\\p{Z}&&[^\\x{a0}\\x{2007}\\x{202f}]]\\x{9}-\\x{d}\\x{1c}-\\x{1f}",
        "javaISOControl" => "\\x{0}-\\x{1f}\\x{7f}-\\x{9f}",
        _ => return None,
    })
}
