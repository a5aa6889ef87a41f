//! Writes a request's trace while the request is served.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::trace::{Fact, Step, StepName, Trace};

const HIDDEN: &str = "<API key>";
const SHORTEST_SECRET: usize = 8;

/// The trace as far as it has come.
#[derive(Debug)]
pub struct Record {
    pub trace: Trace,
    traced: bool,
    entered: Instant,
    /// API keys' values that the request brought: they may stand in headers, events and rendered texts.
    secrets: Vec<String>,
}

impl Record {
    pub fn new(traced: bool) -> Record {
        let trace = Trace { steps: Vec::with_capacity(5), ..Trace::default() };
        let mut record = Record { trace, traced, entered: Instant::now(), secrets: Vec::new() };
        record.enter(StepName::MethodRequest);
        record
    }

    /// The step before ends here.
    pub fn enter(&mut self, name: StepName) {
        self.leave();
        self.trace.steps.push(Step { name, elapsed: Duration::ZERO, facts: Vec::new() });
    }

    fn leave(&mut self) {
        let now = Instant::now();
        if let Some(step) = self.trace.steps.last_mut() {
            step.elapsed = now - self.entered;
        }
        self.entered = now;
    }

    /// Keys have 20 characters at least; what is much shorter is none, and would take half of the trace with it.
    pub fn hide(&mut self, secret: &str) {
        if secret.len() >= SHORTEST_SECRET {
            self.secrets.push(secret.to_owned());
        }
    }

    /// Notes a value, where the call is traced at all.
    pub fn fact<V: Into<Value>>(&mut self, name: &'static str, value: impl FnOnce() -> V) {
        if !self.traced {
            return;
        }
        if let Some(step) = self.trace.steps.last_mut() {
            step.facts.push(Fact { name, value: value().into() });
        }
    }

    /// The whole trace, without the key's value anywhere.
    pub fn finish(mut self) -> Trace {
        self.leave();
        for secret in &self.secrets {
            let hide = |text: &mut String| {
                if text.contains(secret.as_str()) {
                    *text = text.replace(secret.as_str(), HIDDEN);
                }
            };
            self.trace.reason.iter_mut().for_each(hide);
            for fact in self.trace.steps.iter_mut().flat_map(|step| &mut step.facts) {
                redact(&mut fact.value, &hide);
            }
        }
        self.trace
    }
}

fn redact(value: &mut Value, hide: &impl Fn(&mut String)) {
    match value {
        Value::String(text) => hide(text),
        Value::Array(items) => items.iter_mut().for_each(|item| redact(item, hide)),
        Value::Object(members) => members.values_mut().for_each(|member| redact(member, hide)),
        _ => {}
    }
}

/// A document as JSON where it is some, as text otherwise.
pub fn document(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|_| String::from_utf8_lossy(bytes).into_owned().into())
}
