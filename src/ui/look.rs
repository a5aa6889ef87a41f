//! How text should look: how wide, with which glyphs, how much of it, in which colours.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};

use super::screen::Size;

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
pub(super) const CARE: Style = AnsiColor::Yellow.on_default();
pub(super) const BAD: Style = AnsiColor::Red.on_default();
pub(super) const LINK: Style = AnsiColor::Cyan.on_default();

/// Wider text is hard to read, however wide the terminal.
const WIDEST: usize = 110;
const NARROWEST: usize = 40;
/// Where the terminal does not tell.
const USUAL: usize = 90;

/// Commands about a deployment that texts name.
const COMMANDS: [&str; 11] = [
    "deploy",
    "key rotate",
    "key rotate --grace 0s",
    "key show",
    "plan",
    "rollback",
    "rollback --list",
    "status",
    "teardown",
    "test",
    "unlock",
];

/// The signs used in text, so that a terminal without UTF-8 gets plain ones.
#[derive(Debug)]
pub(super) struct Glyphs {
    pub(super) arrow: &'static str,
    pub(super) dot: &'static str,
    pub(super) more: &'static str,
    pub(super) good: &'static str,
    pub(super) bad: &'static str,
    pub(super) unicode: bool,
}

const UNICODE: Glyphs = Glyphs { arrow: "→", dot: "·", more: "…", good: "✓", bad: "✗", unicode: true };
const ASCII: Glyphs = Glyphs { arrow: "->", dot: "-", more: "...", good: "*", bad: "x", unicode: false };

/// What the pure drawing functions need to know of the terminal and the person.
#[derive(Clone, Debug)]
pub struct Look {
    /// Columns.
    pub(super) width: usize,
    /// The environment says how wide, and a terminal is not asked.
    told: bool,
    /// `-v`.
    pub(super) verbose: bool,
    pub(super) glyphs: &'static Glyphs,
    /// What leads another command to the same deployment: ` --local --stage dev`.
    pub(super) options: String,
}

impl Look {
    pub(super) fn of_process(verbose: bool) -> Look {
        let columns: Option<usize> = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
        Look {
            width: columns.unwrap_or(USUAL).clamp(NARROWEST, WIDEST),
            told: columns.is_some(),
            verbose,
            glyphs: if locale.is_none_or(|locale| speaks_utf8(&locale)) { &UNICODE } else { &ASCII },
            options: String::new(),
        }
    }

    /// A text with every command in it as it has to be typed to be about the same deployment.
    pub(super) fn typed(&self, text: &str) -> String {
        if self.options.is_empty() {
            return text.to_owned();
        }
        COMMANDS.iter().fold(text.to_owned(), |text, command| {
            text.replace(&format!("`poc {command}`"), &format!("`poc {command}{}`", self.options))
        })
    }

    /// The same on a terminal of that size.
    pub(super) fn in_terminal(&self, size: Option<Size>) -> Look {
        let columns = size.filter(|_| !self.told).map(|size| size.columns.clamp(NARROWEST, WIDEST));
        Look { width: columns.unwrap_or(self.width), ..self.clone() }
    }

    pub(super) fn plain(width: usize, verbose: bool) -> Look {
        Look { width, told: true, verbose, glyphs: &UNICODE, options: String::new() }
    }

    #[cfg(test)]
    pub(super) fn ascii(width: usize) -> Look {
        Look { width, told: true, verbose: false, glyphs: &ASCII, options: String::new() }
    }
}

fn speaks_utf8(locale: &str) -> bool {
    let locale = locale.to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// `text` in a style. Streams that should have no colour take it off again.
pub(super) fn paint(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}
