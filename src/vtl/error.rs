//! What can be wrong with a template: before it runs ([`ParseError`]) and while it runs ([`RenderError`]).

use std::fmt;

/// A place in a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// From 1. `\n`, `\r` and `\r\n` each end a line.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// The template is not in the language. API Gateway accepts such a template and fails every request with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct ParseError {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

impl ParseError {
    pub(super) fn new(at: Position, message: impl Into<String>) -> Self {
        Self { line: at.line, column: at.column, message: message.into() }
    }
}

/// Why a render failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenderErrorKind {
    /// A piece of template that was only known while rendering is not in the language: the text given to `#evaluate`,
    /// or a macro called with a bare word.
    Parse,
    /// The template did what cannot be done: an index out of bounds, a number that is none.
    Runtime,
    /// The template asked for more work, output or depth than a render may have.
    Limit,
}

/// A render that came to no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", .at.map(|at| format!("{at}: ")).unwrap_or_default())]
pub struct RenderError {
    pub kind: RenderErrorKind,
    /// Where in the template, if it can be said.
    pub at: Option<Position>,
    pub message: String,
}

impl RenderError {
    pub(super) fn runtime(message: impl Into<String>) -> Self {
        Self { kind: RenderErrorKind::Runtime, at: None, message: message.into() }
    }

    pub(super) fn limit(message: impl Into<String>) -> Self {
        Self { kind: RenderErrorKind::Limit, at: None, message: message.into() }
    }

    pub(super) fn parse(at: Position, message: impl Into<String>) -> Self {
        Self { kind: RenderErrorKind::Parse, at: Some(at), message: message.into() }
    }

    /// Says where, unless a more precise place is known already.
    pub(super) fn or_at(mut self, at: Position) -> Self {
        self.at.get_or_insert(at);
        self
    }
}

impl From<ParseError> for RenderError {
    fn from(error: ParseError) -> Self {
        Self::parse(Position { line: error.line, column: error.column }, error.message)
    }
}

/// Positions of character offsets in one text.
pub(super) struct LineIndex {
    /// Offsets at which lines begin.
    starts: Vec<usize>,
    /// Where the text itself begins in the whole template.
    base: Position,
}

impl LineIndex {
    pub fn new(text: &str, base: Position) -> Self {
        let mut starts = vec![0];
        let mut previous = None;
        for (i, c) in text.chars().enumerate() {
            match previous {
                Some('\n') => starts.push(i),
                Some('\r') if c != '\n' => starts.push(i),
                _ => {}
            }
            previous = Some(c);
        }
        Self { starts, base }
    }

    /// Where the line after this one begins; behind everything, if there is none.
    pub fn start_after(&self, line: usize) -> usize {
        self.starts.get((line + 1).saturating_sub(self.base.line)).copied().unwrap_or(usize::MAX)
    }

    pub fn position(&self, offset: usize) -> Position {
        let line = self.starts.partition_point(|&start| start <= offset).saturating_sub(1);
        let column = offset - self.starts[line];
        if line == 0 {
            Position { line: self.base.line, column: self.base.column + column }
        } else {
            Position { line: self.base.line + line, column: column + 1 }
        }
    }
}
