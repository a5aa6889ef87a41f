//! Whose a resource is (laws 1 and 5): the tags that make it ours, and what happens when they are missing.

use std::collections::BTreeMap;

use crate::aws::{Error, Result, Tags};
use crate::engine::plan::Changes;

/// The tags a resource carries, and whether a namesake without them may be taken over.
#[derive(Clone, Debug)]
pub struct Owner {
    pub tags: Tags,
    pub adopt: bool,
}

impl Owner {
    /// The same, for what is to be removed: that is never taken over first.
    #[must_use]
    pub fn without_adopting(&self) -> Owner {
        Owner { adopt: false, ..self.clone() }
    }

    /// Passes what is ours, or may be taken over; stops the run at what is not. Another stage of the application is not taken
    /// over: it would lose what it works with.
    ///
    /// # Errors
    /// `not_ours`, naming the resource and the way out.
    pub fn check(&self, what: &str, name: &str, found: &BTreeMap<String, String>) -> Result<()> {
        match self.tags.other_stage(found) {
            Some(stage) => Err(Error::of_stage(what, name, stage)),
            None if self.adopt || self.tags.own(found) => Ok(()),
            None => Err(Error::foreign(what, name)),
        }
    }

    /// Tags that are missing or differ; tags that others put there stay.
    pub fn diff(&self, changes: &mut Changes, found: &BTreeMap<String, String>) {
        for (key, value) in self.tags.map() {
            changes.compare(&format!("tags.{key}"), found.get(key).cloned(), value.clone());
        }
    }
}
