//! What is wrong with the input, as data: where it stands, what is wrong, what would be right. The ui draws it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::mistake::Mistake;

/// The text a span points into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// As the user would name it, relative to where they stand.
    pub path: PathBuf,
    pub text: String,
}

/// A stretch of a source text, in bytes, with the 1-based line and column (in characters) of its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub source: Arc<Source>,
    pub start: usize,
    pub end: usize,
    pub line: usize,
    pub column: usize,
}

impl Span {
    /// From one byte of a text to another, both moved back to where a character begins.
    pub(super) fn of(source: &Arc<Source>, start: usize, end: usize) -> Span {
        let text = source.text.as_str();
        let begins = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let (start, end) = (begins(start), begins(end));
        let before = &text[..start];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |own| own.chars().count()) + 1;
        Span { source: source.clone(), start, end: end.max(start), line, column }
    }

    /// Of a file that has no text, or none that can be read: there is nothing to show.
    pub fn is_blank(&self) -> bool {
        self.source.text.is_empty()
    }
}

/// One mistake in deploy.yaml, a template or a package, found before anything is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Stable, for machines and `--json`: `unknown_key`, `wrong_type`, `missing_file`, …
    pub code: &'static str,
    /// Where in the document (`api.resources./admit.GET.query`), empty for the file as a whole.
    pub path: String,
    /// Where in the text; `None` where there is no text (a missing file named on the command line).
    pub span: Option<Span>,
    /// What is wrong, one sentence without a full stop.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
}

impl Fault {
    /// Sees, while the program is being built and tested, that its kind is known and explained.
    pub(crate) fn has_a_page(&self) {
        debug_assert!(Mistake::named(self.code).is_some(), "{} has no page: see src/spec/mistake.rs", self.code);
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(span) = self.span.as_ref().filter(|span| !span.is_blank()) {
            write!(f, "{}:{}:{}: ", span.source.path.display(), span.line, span.column)?;
        }
        f.write_str(&self.message)?;
        if let Some(help) = &self.help {
            write!(f, " ({help})")?;
        }
        Ok(())
    }
}
