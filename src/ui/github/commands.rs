//! The language of GitHub's runner: a line `::name property=value::text` on either stream is obeyed, and so is what follows
//! a `##[`, wherever in a line it stands (actions/runner, `ActionCommand.cs`).

use std::borrow::Cow;
use std::path::Path;

use anstream::adapter::strip_str;

pub(in crate::ui) const END_GROUP: &str = "::endgroup::\n";

/// A place in a file of the repository.
pub(super) struct Place<'a> {
    pub(super) path: &'a Path,
    pub(super) line: usize,
    pub(super) column: usize,
}

/// The lines from here to [`END_GROUP`] fold under the title.
pub(in crate::ui) fn group(title: &str) -> String {
    format!("::group::{}\n", data(title))
}

/// How bad it is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Level {
    Error,
    Warning,
}

pub(super) fn error(place: Option<Place>, title: &str, message: &str) -> String {
    annotation(Level::Error, place, title, message)
}

pub(super) fn annotation(level: Level, place: Option<Place>, title: &str, message: &str) -> String {
    let level = match level {
        Level::Error => "error",
        Level::Warning => "warning",
    };
    let place = place.map_or_else(String::new, |Place { path, line, column }| {
        format!("file={},line={line},col={column},", property(&path.display().to_string()))
    });
    format!("::{level} {place}title={}::{}\n", property(title), data(message))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Text in which the runner finds nothing to obey: names, what AWS says and what a handler prints end up in lines, too.
pub(in crate::ui) fn tame(text: &str) -> Cow<'_, str> {
    // For the runner, a carriage return alone ends a line as well.
    let breaks = ['\n', '\r'];
    if !text.split(breaks).any(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let lines = text.split_inclusive(breaks).map(|line| match is_obeyed(line) {
        true => line.replacen("::", ": :", 1).replace("##[", "## ["),
        false => line.to_owned(),
    });
    Cow::Owned(lines.collect())
}

fn is_obeyed(line: &str) -> bool {
    line.contains("##[") || strip_str(line).to_string().trim_start().starts_with("::")
}

/// The same in a JSON document, which stays what it was for whoever parses it: `##[` can only stand in a string.
pub(in crate::ui) fn tame_json(document: &str) -> String {
    document.replace("##[", "##\\u005b")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_command_or_a_property_is_escaped() {
        let place = Place { path: Path::new("a,b:c.yaml"), line: 3, column: 5 };
        let told = error(Some(place), "one: two, 5 %", "first\r\nsecond::error::100 %");
        let expected =
            "::error file=a%2Cb%3Ac.yaml,line=3,col=5,title=one%3A two%2C 5 %25::first%0D%0Asecond::error::100 %25\n";
        assert_eq!(told, expected);
        assert_eq!(group("a\n::error::b"), "::group::a%0A::error::b\n");
    }

    #[test]
    fn text_commands_nothing() {
        for text in ["", "a::b::c\n", "GET /a [200] ##\n", "https://x/::1\n"] {
            assert!(matches!(tame(text), Cow::Borrowed(_)), "{text}");
        }
        assert_eq!(tame("::error::a"), ": :error::a");
        assert_eq!(tame("a\n \u{a0}\t::error::a\r::debug::b\r\n"), "a\n \u{a0}\t: :error::a\r: :debug::b\r\n");
        assert_eq!(tame("\u{1b}[2m::add-mask::a"), "\u{1b}[2m: :add-mask::a");
        assert_eq!(tame("b ##[add-path]/tmp\nc"), "b ## [add-path]/tmp\nc");
        assert_eq!(tame("::::a"), ": :::a");
        let document = serde_json::json!({ "said": "x ##[group]y" });
        let tamed = tame_json(&document.to_string());
        assert!(!tamed.contains("##["));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&tamed).ok(), Some(document));
    }
}
