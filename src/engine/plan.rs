//! What will be done, as data. A plan is complete before anything is changed: apply does what it says and no more.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::event::Action;

/// Everything that differs between what is wanted and what AWS has, in the order of the pipeline.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Plan {
    pub steps: Vec<Step>,
}

impl Plan {
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// How many steps do `action`.
    pub fn count(&self, action: Action) -> usize {
        self.steps.iter().filter(|step| step.action == action).count()
    }
}

/// One resource and what happens to it. A resource that is both changed and pruned has two steps.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// Stable within a plan: `rest_api`, `api_key.ServerlessPOC`.
    pub step: String,
    /// `REST API`, `Lambda function`: for people.
    pub kind: &'static str,
    /// The resource's own name.
    pub name: String,
    pub action: Action,
    /// Property by property; for a new resource, what it will be.
    pub changes: Vec<Change>,
    /// What this means for callers or data, in plain words (`callers of the old URL get 403 until …`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub consequences: Vec<String>,
    /// Present where AWS takes long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow: Option<Slow>,
    /// Steps that must be done before.
    pub after: Vec<String>,
}

/// How long AWS usually takes, and for what.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Slow {
    pub why: String,
    #[serde(rename = "usual_seconds", serialize_with = "seconds")]
    pub usual: Duration,
}

/// One property.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// `memory`, `/admit GET · integration.templates.application/json`.
    pub path: String,
    pub before: Side,
    pub after: Side,
    /// AWS cannot change this property in place.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub replaces: bool,
}

/// A property's value before or after.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Absent,
    Value(Value),
    /// AWS makes it up: known once the step of that id is done.
    KnownAfter(String),
    /// Not for eyes: only that it differs is told.
    Secret,
}

impl Change {
    pub fn new(path: impl Into<String>, before: impl Into<Side>, after: impl Into<Side>) -> Change {
        Change { path: path.into(), before: before.into(), after: after.into(), replaces: false }
    }

    /// A property of something new.
    pub fn set(path: impl Into<String>, after: impl Into<Side>) -> Change {
        Change::new(path, Side::Absent, after)
    }

    /// Something that goes.
    pub fn removed(path: impl Into<String>, before: impl Into<Side>) -> Change {
        Change::new(path, before, Side::Absent)
    }

    #[must_use]
    pub fn replacing(mut self) -> Change {
        self.replaces = true;
        self
    }
}

impl<T: Into<Value>> From<T> for Side {
    fn from(value: T) -> Side {
        match value.into() {
            Value::Null => Side::Absent,
            value => Side::Value(value),
        }
    }
}

/// Collects the properties that differ.
#[derive(Debug, Default)]
pub struct Changes(Vec<Change>);

impl Changes {
    /// Notes `path` where the two values differ.
    pub fn compare<B, A>(&mut self, path: &str, before: B, after: A) -> &mut Self
    where
        B: Into<Side>,
        A: Into<Side>,
    {
        let (before, after) = (before.into(), after.into());
        if before != after {
            self.0.push(Change::new(path, before, after));
        }
        self
    }

    pub fn push(&mut self, change: Change) -> &mut Self {
        self.0.push(change);
        self
    }

    pub fn done(self) -> Vec<Change> {
        self.0
    }
}

fn seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(duration.as_secs())
}
