//! The function's code, as far as a look at its text tells what it prints: how the JSON in its errors is spaced.

use std::collections::BTreeSet;
use std::path::Path;

use super::super::model::PackageSource;
use super::Look;

/// A model's own code is small; what lies beyond is libraries and data.
const MAX_FILES: usize = 400;
const MAX_BYTES: u64 = 512 * 1024;
const MAX_DEPTH: usize = 6;

/// Directories that hold other people's code.
const NOT_OURS: [&str; 8] =
    ["node_modules", "site-packages", "dist-packages", "venv", "env", "__pycache__", "target", "vendor"];

/// The languages whose handlers are files of text in the package.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Python,
    Node,
    Ruby,
    /// Built into a program; its sources lie beside the deploy.yaml or in the package's directory.
    Rust,
}

/// How a program writes JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Spacing {
    /// `{"a": 1, "b": 2}`
    Spaced,
    /// `{"a":1,"b":2}`
    Compact,
    /// Each member on a line of its own.
    Indented,
}

impl Spacing {
    pub const ALL: [Spacing; 3] = [Spacing::Spaced, Spacing::Compact, Spacing::Indented];

    /// An object of these members, whose values are JSON.
    pub fn object(self, members: &[(&str, &str)]) -> String {
        let (colon, comma, open, close) = match self {
            Spacing::Spaced => (": ", ", ", "{", "}"),
            Spacing::Compact => (":", ",", "{", "}"),
            Spacing::Indented => (": ", ",\n  ", "{\n  ", "\n}"),
        };
        let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\"{colon}{value}")).collect();
        format!("{open}{}{close}", members.join(comma))
    }
}

impl Language {
    pub fn of(runtime: &str) -> Option<Language> {
        let of = [
            ("python", Language::Python),
            ("nodejs", Language::Node),
            ("ruby", Language::Ruby),
            ("provided", Language::Rust),
        ];
        of.into_iter().find(|(name, _)| runtime.starts_with(name)).map(|(_, language)| language)
    }

    fn endings(self) -> &'static [&'static str] {
        match self {
            Language::Python => &["py"],
            Language::Node => &["js", "mjs", "cjs", "ts", "mts"],
            Language::Ruby => &["rb"],
            Language::Rust => &["rs"],
        }
    }

    fn is_comment(self, line: &str) -> bool {
        match self {
            Language::Python | Language::Ruby => line.starts_with('#'),
            Language::Node | Language::Rust => {
                line.starts_with("//") || line.starts_with('*') || line.starts_with("/*")
            }
        }
    }

    /// What writes JSON when nothing else is said, for a sentence.
    pub fn writer(self) -> &'static str {
        match self {
            Language::Python => "json.dumps",
            Language::Node => "JSON.stringify",
            Language::Ruby => "to_json",
            Language::Rust => "serde_json",
        }
    }

    fn spacings(self, text: &str) -> BTreeSet<Spacing> {
        let mut found = BTreeSet::new();
        match self {
            Language::Python => {
                for (before, arguments) in calls(text, "dumps(") {
                    let Some(dense) = is_dense(text, before) else { continue };
                    let indented = arguments.contains("indent") && !arguments.contains("indent=None");
                    match separators(arguments) {
                        _ if dense => found.extend([Spacing::Compact]),
                        Some(spacings) if indented => found.extend(spacings.into_iter().chain([Spacing::Indented])),
                        Some(spacings) => found.extend(spacings),
                        None => found.extend([if indented { Spacing::Indented } else { Spacing::Spaced }]),
                    }
                }
            }
            Language::Node => {
                for (_, arguments) in calls(text, "JSON.stringify(") {
                    let arguments = top_level(arguments);
                    let indented = arguments.get(2).is_some_and(|third| !matches!(*third, "0" | "null" | "undefined"));
                    found.insert(if indented { Spacing::Indented } else { Spacing::Compact });
                }
            }
            Language::Ruby => {
                if text.contains("pretty_generate(") {
                    found.insert(Spacing::Indented);
                }
                if text.contains(".to_json") || text.contains("JSON.generate(") || text.contains("JSON.dump(") {
                    found.insert(Spacing::Compact);
                }
            }
            Language::Rust => {
                if text.contains("to_string_pretty(") {
                    found.insert(Spacing::Indented);
                }
                if text.contains("serde_json") && (text.contains("to_string(") || text.contains("json!(")) {
                    found.insert(Spacing::Compact);
                }
            }
        }
        found
    }
}

/// Whether the `dumps` that this stands before writes no spaces; none where it writes no JSON, as pickle's does.
fn is_dense(text: &str, before: &str) -> Option<bool> {
    let identifier = |text: &str| {
        let start = text.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |at| at + 1);
        text[start..].to_owned()
    };
    let modules = [("json", false), ("simplejson", false), ("orjson", true), ("ujson", true), ("rapidjson", true)];
    let says = |statement: String| {
        let mut found = text.match_indices(&statement).map(|(at, _)| &text[..at]);
        // `import orjson as j` says `json as j`, too.
        found.any(|before| !before.ends_with(|c: char| c.is_alphanumeric()))
    };
    let known = match before.strip_suffix('.') {
        Some(owner) => {
            let name = identifier(owner);
            modules.into_iter().find(|(module, _)| *module == name || says(format!("{module} as {name}")))
        }
        None if !identifier(before).is_empty() => None,
        None => modules.into_iter().find(|(module, _)| says(format!("from {module} import"))),
    };
    known.map(|(_, dense)| dense)
}

/// What `separators=(',', ': ')` makes of it; both where only a run could tell.
fn separators(arguments: &str) -> Option<Vec<Spacing>> {
    let given = top_level(arguments).into_iter().find_map(|argument| argument.strip_prefix("separators"))?;
    let pair = given.trim_start().strip_prefix('=').unwrap_or_default().trim();
    let pair = pair.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or_default();
    let quoted = |text: &str| text.len() > 1 && text.starts_with(['"', '\'']) && text.ends_with(['"', '\'']);
    Some(match top_level(pair).get(1) {
        Some(colon) if quoted(colon) && colon.trim_matches(['"', '\'']).ends_with(' ') => vec![Spacing::Spaced],
        Some(colon) if quoted(colon) => vec![Spacing::Compact],
        _ => vec![Spacing::Spaced, Spacing::Compact],
    })
}

/// What the code prints JSON with: nothing where it writes none, or cannot be read.
pub(super) fn spacings(language: Language, code: &[String]) -> BTreeSet<Spacing> {
    code.iter().flat_map(|text| language.spacings(text)).collect()
}

/// The text of every source file of the package, without comments that have a line of their own. None where the package is
/// no directory of texts in a known language.
pub(super) fn code(look: &Look<'_>) -> Option<Vec<String>> {
    let language = Language::of(&look.spec.function.runtime)?;
    let PackageSource::Directory { path, .. } = &look.spec.package.source else { return None };
    let mut texts = Vec::new();
    walk(path, language, 0, &mut texts);
    if language == Language::Rust {
        let beside = look.directory.join("src");
        if !beside.starts_with(path) {
            walk(&beside, language, 0, &mut texts);
        }
        // A program of its own may be in any language.
        return Some(texts).filter(|texts| !texts.is_empty());
    }
    Some(texts)
}

fn walk(directory: &Path, language: Language, depth: usize, texts: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        // A link may lead anywhere, and in a circle.
        let Ok(about) = path.symlink_metadata() else { continue };
        if texts.len() >= MAX_FILES || name.starts_with('.') || NOT_OURS.contains(&name.as_str()) {
            continue;
        }
        if about.is_dir() && depth < MAX_DEPTH {
            walk(&path, language, depth + 1, texts);
        } else if about.is_file()
            && about.len() <= MAX_BYTES
            && path.extension().is_some_and(|ending| language.endings().iter().any(|known| ending == *known))
            && let Ok(text) = std::fs::read_to_string(&path)
        {
            let lines = text.lines().filter(|line| !language.is_comment(line.trim_start()));
            texts.push(lines.collect::<Vec<_>>().join("\n"));
        }
    }
}

/// What stands before each call of `name`, which ends in its parenthesis, and its arguments.
fn calls<'t>(text: &'t str, name: &str) -> Vec<(&'t str, &'t str)> {
    let begins = text.match_indices(name).map(|(at, found)| (&text[..at], &text[at + found.len()..]));
    begins.map(|(before, rest)| (before, &rest[..closing(rest)])).collect()
}

/// Whether the quote at a place of a line stands within a text, and begins none.
pub(super) fn within_text(line: &str, place: usize) -> bool {
    let (mut quote, mut escaped) = (None, false);
    for c in line[..place].chars() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'' | '`') => quote = Some(c),
            _ => {}
        }
    }
    escaped || quote.is_some()
}

/// Where the parenthesis closes in which the text begins; strings are passed over.
fn closing(text: &str) -> usize {
    let (mut depth, mut quote, mut escaped) = (0_usize, None, false);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') if depth == 0 => return at,
            (None, ')' | ']' | '}') => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

/// Arguments apart, trimmed.
fn top_level(arguments: &str) -> Vec<&str> {
    let (mut parts, mut from, mut at) = (Vec::new(), 0, 0);
    while at < arguments.len() {
        let rest = &arguments[at..];
        let Some(c) = rest.chars().next() else { break };
        match c {
            ',' => {
                parts.push(arguments[from..at].trim());
                from = at + 1;
                at += 1;
            }
            '(' | '[' | '{' => at += 1 + closing(&rest[1..]) + 1,
            '"' | '\'' | '`' => at += 1 + rest[1..].find(c).map_or(rest.len() - 1, |end| end + 1),
            c => at += c.len_utf8(),
        }
    }
    parts.push(arguments.get(from..).unwrap_or_default().trim());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(language: Language, text: &str) -> Vec<Spacing> {
        spacings(language, &[text.to_owned()]).into_iter().collect()
    }

    #[test]
    fn how_python_is_told_to_write() {
        let python = |text| of(Language::Python, text);
        assert_eq!(python("raise Exception(json.dumps(err))"), [Spacing::Spaced]);
        assert_eq!(python("json.dumps({'a': ')'}, separators=(',', ':'))"), [Spacing::Compact]);
        assert_eq!(python("json.dumps(err, indent=2)"), [Spacing::Indented]);
        assert_eq!(python("json.dumps(err, indent=None)"), [Spacing::Spaced]);
        assert_eq!(python("orjson.dumps(err)"), [Spacing::Compact]);
        assert_eq!(
            python("json.dumps(a)\nlog(json.dumps(b, separators=(',', ':')))"),
            [Spacing::Spaced, Spacing::Compact]
        );
        assert_eq!(python("raise ValueError('no')"), []);
        assert_eq!(python("json.dumps(err, separators=(\", \", \": \"))"), [Spacing::Spaced]);
        assert_eq!(python("json.dumps(err, separators=SEPARATORS)"), [Spacing::Spaced, Spacing::Compact]);
        assert_eq!(python("import json as j\nj.dumps(err)"), [Spacing::Spaced]);
        assert_eq!(python("import orjson as j\nj.dumps(err)"), [Spacing::Compact]);
        assert_eq!(python("from json import dumps\ndumps(err)"), [Spacing::Spaced]);
        for other in ["pickle.dumps(model)", "dumps(err)", "my_dumps(err)"] {
            assert_eq!(python(other), [], "{other}");
        }
    }

    #[test]
    fn how_node_is_told_to_write() {
        let node = |text| of(Language::Node, text);
        assert_eq!(node("throw new Error(JSON.stringify({ a: [1, 2] }))"), [Spacing::Compact]);
        assert_eq!(node("JSON.stringify(x, null, 2)"), [Spacing::Indented]);
        assert_eq!(node("JSON.stringify({ a: \"x, y\" }, (k, v) => [k, v])"), [Spacing::Compact]);
        assert_eq!(of(Language::Ruby, "raise({ a: 1 }.to_json)"), [Spacing::Compact]);
        assert_eq!(
            of(Language::Rust, "use serde_json::json;\nErr(json!({ \"a\": 1 }).to_string())"),
            [Spacing::Compact]
        );
        assert_eq!(of(Language::Rust, "serde_json::to_string_pretty(&a)"), [Spacing::Indented]);
    }

    #[test]
    fn objects_as_each_prints_them() {
        let members = [("a", "1"), ("b", "\"x\"")];
        assert_eq!(Spacing::Spaced.object(&members), "{\"a\": 1, \"b\": \"x\"}");
        assert_eq!(Spacing::Compact.object(&members), "{\"a\":1,\"b\":\"x\"}");
        assert_eq!(Spacing::Indented.object(&members), "{\n  \"a\": 1,\n  \"b\": \"x\"\n}");
    }
}
