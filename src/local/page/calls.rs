//! The last calls of the API, each with what happened to it. However many there are and however large, they take a few
//! megabytes: so many are kept, and of every value the beginning.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::local::gateway::{Fact, Secrets, Trace};

/// How many are kept.
const KEPT: usize = 50;

/// How many in a second: whoever measures how much the API can take is not slowed down by what nobody could read.
const IN_A_SECOND: u32 = 200;

/// Bytes of a path with its query.
const TARGET: usize = 2 << 10;

/// These are shown one member a line, and are texts.
const LISTED: [&str; 3] = ["headers", "query", "path"];

/// A call that is under way.
pub struct Begun {
    at: u64,
    instant: Instant,
    method: String,
    target: String,
    secrets: Secrets,
}

impl Begun {
    /// `at` in milliseconds since 1970.
    pub fn now(request: &Request<Bytes>, at: u64) -> Begun {
        let secrets = Secrets::of(request.headers());
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        let mut target = target.to_owned();
        secrets.hide(&mut target);
        target.truncate(target.floor_char_boundary(TARGET));
        Begun { at, instant: Instant::now(), method: request.method().to_string(), target, secrets }
    }
}

#[derive(Default)]
pub struct Calls {
    kept: VecDeque<Kept>,
    /// So far, those that are not kept any more among them.
    counted: u64,
    /// When the current second began, and how many it saw.
    second: Option<(Instant, u32)>,
}

struct Kept {
    number: u64,
    at: u64,
    method: String,
    target: String,
    status: u16,
    elapsed: Duration,
    trace: Trace,
    body: Value,
}

impl Calls {
    /// Whether one more is kept in this second.
    pub fn have_time(&mut self) -> bool {
        let now = Instant::now();
        let current = self.second.filter(|(began, _)| now.duration_since(*began) < Duration::from_secs(1));
        let (began, seen) = current.unwrap_or((now, 0));
        self.second = Some((began, seen + 1));
        seen < IN_A_SECOND
    }

    pub fn keep(&mut self, begun: Begun, response: &Response<Bytes>, trace: Trace) {
        let Begun { at, instant, method, target, secrets } = begun;
        self.counted += 1;
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        let encoded = response.headers().get(http::header::CONTENT_ENCODING);
        let body = match encoded.and_then(|encoding| encoding.to_str().ok()) {
            Some(encoding) => format!("{encoding}, {} bytes", response.body().len()).into(),
            None => secrets.beginning(response.body()),
        };
        self.kept.push_back(Kept {
            number: self.counted,
            at,
            method,
            target,
            status: response.status().as_u16(),
            elapsed: instant.elapsed(),
            trace,
            body,
        });
    }

    /// Those with a higher number, the oldest first.
    pub fn after(&self, number: u64) -> Vec<Value> {
        self.kept.iter().filter(|call| call.number > number).map(Kept::told).collect()
    }
}

impl Kept {
    fn told(&self) -> Value {
        let Trace { request_id, stage, resource_path, api_key, reason, steps, cold_start, .. } = &self.trace;
        let steps = steps.iter().map(|step| {
            let facts: Vec<Value> = step.facts.iter().map(fact).collect();
            json!({ "name": step.name, "elapsed_us": micros(step.elapsed), "facts": facts })
        });
        let mut body = value(&self.body);
        body["name"] = "body".into();
        json!({
            "number": self.number,
            "at_ms": self.at,
            "method": self.method,
            "target": self.target,
            "status": self.status,
            "elapsed_us": micros(self.elapsed),
            "cold_start_us": cold_start.map(micros),
            "request_id": request_id,
            "stage": stage,
            "resource": resource_path,
            "api_key": api_key,
            "reason": reason,
            "steps": steps.collect::<Vec<_>>(),
            "body": body,
        })
    }
}

fn fact(fact: &Fact) -> Value {
    let mut told = match &fact.value {
        Value::Number(number) if fact.name.ends_with("_ms") => {
            json!({ "text": format!("{:.2}", number.as_f64().unwrap_or_default()) })
        }
        Value::Object(members) if LISTED.contains(&fact.name) => {
            let pairs = members.iter().map(|(name, value)| match value {
                Value::String(text) => json!([name, text]),
                other => json!([name, other.to_string()]),
            });
            json!({ "pairs": pairs.collect::<Vec<_>>() })
        }
        other => value(other),
    };
    told["name"] = fact.name.into();
    told
}

/// Documents as text: what reads them in a browser takes 4.0 for 4, and rounds what has many digits.
fn value(value: &Value) -> Value {
    match value {
        Value::String(text) => json!({ "text": text }),
        Value::Object(_) | Value::Array(_) => {
            json!({ "json": serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string()) })
        }
        other => json!({ "json": other.to_string() }),
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_crowd_of_calls_is_not_kept_and_the_next_second_is() {
        let mut calls = Calls::default();
        let kept = |calls: &mut Calls| (0..1000).filter(|_| calls.have_time()).count();
        assert_eq!(kept(&mut calls), 200);
        tokio::time::advance(Duration::from_millis(999)).await;
        assert_eq!(kept(&mut calls), 0);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(kept(&mut calls), 200);
    }
}
