//! Selection patterns: Java's regular expressions over the whole text (`AWS_FACTS` C6).

use crate::vtl::{Request, Template};

/// One pattern, ready to be matched.
#[derive(Debug)]
pub struct Pattern {
    pub text: String,
    matches: Template,
}

impl Pattern {
    /// # Errors
    /// Says why it cannot be used.
    pub fn new(text: &str) -> Result<Pattern, String> {
        let matches = Template::parse("$text.matches($pattern)").map_err(|error| error.to_string())?;
        let pattern = Pattern { text: text.to_owned(), matches };
        pattern.matches("").map(|_| pattern)
    }

    /// Whether the pattern describes the whole of `text`.
    ///
    /// # Errors
    /// When that cannot be told within bounds.
    pub fn matches(&self, text: &str) -> Result<bool, String> {
        let mut request = Request::default();
        request.variables.insert("text".to_owned(), text.into());
        request.variables.insert("pattern".to_owned(), self.text.as_str().into());
        let rendered = self.matches.render(&request).map_err(|error| error.to_string())?;
        Ok(rendered.output == "true")
    }
}
