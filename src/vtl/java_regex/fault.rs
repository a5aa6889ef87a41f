//! What is wrong with a pattern.

use std::fmt;

/// Why a pattern cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternError {
    pub kind: PatternErrorKind,
    /// What is wrong, in a phrase; one line.
    pub message: String,
    /// What would be right.
    pub help: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatternErrorKind {
    /// Java refuses it.
    Invalid,
    /// Java takes it; here it is not known (names of characters, Unicode blocks) or too large.
    Unsupported,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for PatternError {}

/// A match that was given up: it would take too many steps on this text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a regular expression takes too long on this text")]
pub struct TooHard;

const USUAL: &str = "write a Java regular expression, like .*\"httpStatus\": ?400.*";

pub(super) fn invalid(message: impl Into<String>) -> PatternError {
    PatternError { kind: PatternErrorKind::Invalid, message: message.into(), help: USUAL }
}

pub(super) fn unsupported(message: impl Into<String>) -> PatternError {
    PatternError { kind: PatternErrorKind::Unsupported, message: message.into(), help: USUAL }
}

impl PatternError {
    pub(super) fn help(self, help: &'static str) -> Self {
        Self { help, ..self }
    }
}
