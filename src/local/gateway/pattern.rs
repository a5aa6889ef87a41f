//! Selection patterns: Java's regular expressions over the whole text (`AWS_FACTS` C6).

use crate::vtl::JavaPattern;

/// One pattern, ready to be matched.
#[derive(Debug)]
pub struct Pattern {
    pub text: String,
    compiled: JavaPattern,
}

impl Pattern {
    /// # Errors
    /// Says why it cannot be used.
    pub fn new(text: &str) -> Result<Pattern, String> {
        let compiled = JavaPattern::compile(text).map_err(|error| error.to_string())?;
        Ok(Pattern { text: text.to_owned(), compiled })
    }

    /// Whether the pattern describes the whole of `text`.
    ///
    /// # Errors
    /// When that would take too many steps.
    pub fn matches(&self, text: &str) -> Result<bool, String> {
        self.compiled.matches_whole(text).map_err(|error| error.to_string())
    }
}
