//! Patterns and templates by their text. A revision of the cloud takes over what the one before it compiled: most of what
//! changes in a cloud changes none of them.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::local::gateway::pattern::Pattern;
use crate::local::gateway::template::{Template, Templates};

/// What is compiled; what is not asked for any more goes with the next revision.
#[derive(Debug, Default)]
pub struct Texts {
    patterns: Known<Result<Pattern, String>>,
    templates: Known<Template>,
}

impl Texts {
    /// The same for the next revision.
    pub fn next(self) -> Texts {
        Texts { patterns: self.patterns.next(), templates: self.templates.next() }
    }

    /// Or why it does not compile.
    pub fn pattern(&self, text: &str) -> Arc<Result<Pattern, String>> {
        self.patterns.get(text, Pattern::new)
    }

    /// By content type; empty ones count as none.
    pub fn templates(&self, given: Option<&BTreeMap<String, Option<String>>>) -> Templates {
        let some = given.into_iter().flatten().filter_map(|(kind, text)| Some((kind, text.as_deref()?)));
        Templates::new(some.map(|(kind, text)| (kind.clone(), self.templates.get(text, Template::new))).collect())
    }
}

#[derive(Debug)]
struct Known<T> {
    before: HashMap<String, Arc<T>>,
    now: RefCell<HashMap<String, Arc<T>>>,
}

impl<T> Default for Known<T> {
    fn default() -> Self {
        Known { before: HashMap::new(), now: RefCell::default() }
    }
}

impl<T> Known<T> {
    fn next(self) -> Known<T> {
        Known { before: self.now.into_inner(), now: RefCell::default() }
    }

    fn get(&self, text: &str, make: impl Fn(&str) -> T) -> Arc<T> {
        let mut now = self.now.borrow_mut();
        if let Some(known) = now.get(text) {
            return known.clone();
        }
        let made = self.before.get(text).cloned().unwrap_or_else(|| Arc::new(make(text)));
        now.insert(text.to_owned(), made.clone());
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_revision_before_compiled_is_taken_over_and_what_nobody_asks_for_goes() {
        let texts = Texts::default();
        let (kept, dropped) = (texts.pattern("a+"), texts.pattern("b+"));
        assert!(Arc::ptr_eq(&kept, &texts.pattern("a+")));
        let texts = texts.next();
        assert!(Arc::ptr_eq(&kept, &texts.pattern("a+")));
        let texts = texts.next();
        assert!(Arc::ptr_eq(&kept, &texts.pattern("a+")));
        assert!(!Arc::ptr_eq(&dropped, &texts.pattern("b+")));
        assert!(texts.pattern("*").is_err());
    }

    #[test]
    fn the_same_text_is_one_template_under_every_content_type() {
        let given = [("a/b", Some("x$input.body")), ("c/d", Some("x$input.body")), ("e/f", None)];
        let given = given.map(|(kind, text)| (kind.to_owned(), text.map(str::to_owned))).into();
        let texts = Texts::default();
        let templates = texts.templates(Some(&given));
        assert_eq!(templates.iter().count(), 2);
        assert_eq!(texts.templates.now.borrow().len(), 1);
        assert!(texts.templates(None).is_empty());
    }
}
