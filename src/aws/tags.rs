//! The tags by which what is ours is known (law 1).

use std::collections::{BTreeMap, HashMap};

pub const APP: &str = "poc:app";
pub const STAGE: &str = "poc:stage";

/// Tags for one resource: `poc:app`, `poc:stage`, and what deploy.yaml adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tags(BTreeMap<String, String>);

impl Tags {
    pub fn new(app: &str, stage: &str, more: &BTreeMap<String, String>) -> Tags {
        let mut tags = more.clone();
        tags.insert(APP.to_owned(), app.to_owned());
        tags.insert(STAGE.to_owned(), stage.to_owned());
        Tags(tags)
    }

    /// These and `more`; what is ours already wins.
    #[must_use]
    pub fn and(&self, more: &BTreeMap<String, String>) -> Tags {
        let mut tags = more.clone();
        tags.extend(self.0.clone());
        Tags(tags)
    }

    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Tags {
        self.0.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Do `found` make their bearer ours?
    pub fn own(&self, found: &BTreeMap<String, String>) -> bool {
        found.get(APP) == self.0.get(APP) && found.get(STAGE) == self.0.get(STAGE)
    }

    /// The other stage of this application that `found` make their bearer part of.
    pub fn other_stage<'f>(&self, found: &'f BTreeMap<String, String>) -> Option<&'f str> {
        let theirs = found.get(STAGE).filter(|stage| Some(*stage) != self.0.get(STAGE))?;
        (found.get(APP) == self.0.get(APP)).then_some(theirs)
    }

    pub fn map(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    pub fn hash_map(&self) -> HashMap<String, String> {
        self.0.clone().into_iter().collect()
    }
}

/// Tags as the SDK gives them, in order.
pub fn ordered(tags: Option<&HashMap<String, String>>) -> BTreeMap<String, String> {
    tags.map(|tags| tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect()).unwrap_or_default()
}
