//! Writes a request's trace while the request is served.

use std::time::Duration;

use http::HeaderMap;
use serde_json::Value;
use tokio::time::Instant;

use super::call::Traced;
use super::headers;
use super::trace::{Fact, Step, StepName, Trace};

const HIDDEN: &str = "<API key>";
const SHORTEST_SECRET: usize = 8;

/// Bytes of a value of which the beginning is kept.
pub const BEGINNING: usize = 8 << 10;
/// Read beyond it, so that a key across the cut is seen whole: keys have 128 characters at most.
const BEYOND: usize = 1 << 10;

/// The trace as far as it has come.
#[derive(Debug)]
pub struct Record {
    pub trace: Trace,
    /// What is known of the call that the integration made.
    pub endpoint: Reached,
    traced: Traced,
    entered: Instant,
    secrets: Secrets,
}

/// What the integration's endpoint told of itself.
#[derive(Debug, Default)]
pub struct Reached {
    /// Lambda's own id of the invocation.
    pub request_id: Option<String>,
    pub status: Option<u16>,
    /// The status that a proxy's function returned, where Lambda's own says that it ran.
    pub own_status: Option<u16>,
    pub error: Option<String>,
}

/// API keys' values that a request brought: they may stand in headers, events and rendered texts.
#[derive(Debug, Default)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// Keys have 20 characters at least; what is much shorter is none, and would take half of the trace with it.
    pub fn of(headers: &HeaderMap) -> Secrets {
        let keys = headers.get_all("x-api-key").iter().map(|key| headers::text(key).into_owned());
        Secrets(keys.filter(|key| key.len() >= SHORTEST_SECRET).collect())
    }

    pub fn hide(&self, text: &mut String) {
        for secret in &self.0 {
            if text.contains(secret.as_str()) {
                *text = text.replace(secret.as_str(), HIDDEN);
            }
        }
    }

    /// A document as JSON where it is some and short, otherwise the beginning of the text.
    pub fn beginning(&self, bytes: &[u8]) -> Value {
        if bytes.len() > BEGINNING {
            let text = String::from_utf8_lossy(&bytes[..bytes.len().min(BEGINNING + BEYOND)]).into_owned();
            return self.cut(text, bytes.len()).into();
        }
        let mut value = document(bytes);
        self.redact(&mut value);
        value
    }

    /// `text` is the beginning of something of `length` bytes.
    fn cut(&self, mut text: String, length: usize) -> String {
        self.hide(&mut text);
        text.truncate(text.floor_char_boundary(BEGINNING));
        text + &format!("\n… the first {BEGINNING} of {length} bytes")
    }

    /// What has more than it goes as its beginning.
    fn shortened(&self, value: Value) -> Value {
        if at_least(&value) <= BEGINNING {
            return value;
        }
        let text = match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        let length = text.len();
        if length <= BEGINNING {
            return text.into();
        }
        let end = text.floor_char_boundary(BEGINNING + BEYOND);
        self.cut(text[..end].to_owned(), length).into()
    }

    fn redact(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.hide(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.redact(item)),
            Value::Object(members) => members.values_mut().for_each(|member| self.redact(member)),
            _ => {}
        }
    }
}

/// Bytes that it takes as JSON, roughly.
fn at_least(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(|item| 1 + at_least(item)).sum(),
        Value::Object(members) => members.iter().map(|(name, member)| name.len() + 4 + at_least(member)).sum(),
        _ => 4,
    }
}

impl Record {
    pub fn new(traced: Traced) -> Record {
        let trace = Trace { steps: Vec::with_capacity(5), ..Trace::default() };
        let mut record = Record {
            trace,
            endpoint: Reached::default(),
            traced,
            entered: Instant::now(),
            secrets: Secrets::default(),
        };
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

    /// So far.
    pub fn elapsed(&self) -> Duration {
        self.trace.steps.iter().map(|step| step.elapsed).sum::<Duration>() + self.entered.elapsed()
    }

    /// The keys among the headers, from here on and from what was noted.
    pub fn hide(&mut self, headers: &HeaderMap) {
        self.secrets = Secrets::of(headers);
    }

    /// Notes a value, where the call is traced at all.
    pub fn fact<V: Into<Value>>(&mut self, name: &'static str, value: impl FnOnce() -> V) {
        let value = match self.traced {
            Traced::Times => return,
            Traced::Beginnings => self.secrets.shortened(value().into()),
            Traced::Whole => value().into(),
        };
        self.note(name, value);
    }

    /// Notes what may be a document of any size.
    pub fn document(&mut self, name: &'static str, bytes: &[u8]) {
        let value = match self.traced {
            Traced::Times => return,
            Traced::Beginnings => self.secrets.beginning(bytes),
            Traced::Whole => document(bytes),
        };
        self.note(name, value);
    }

    fn note(&mut self, name: &'static str, value: Value) {
        if let Some(step) = self.trace.steps.last_mut() {
            step.facts.push(Fact { name, value });
        }
    }

    /// The whole trace, without the key's value anywhere.
    pub fn finish(mut self) -> Trace {
        self.leave();
        self.trace.reason.iter_mut().for_each(|reason| self.secrets.hide(reason));
        for fact in self.trace.steps.iter_mut().flat_map(|step| &mut step.facts) {
            self.secrets.redact(&mut fact.value);
        }
        self.trace
    }
}

/// A document as JSON where it is some, as text otherwise.
fn document(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|_| String::from_utf8_lossy(bytes).into_owned().into())
}
