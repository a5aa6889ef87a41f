//! What happened to one request, step by step: for the request log, and with every value for `poc call --trace`.

use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::Value;

/// The life of one request, in the order of the method execution's picture.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Trace {
    pub request_id: String,
    pub api_id: Option<String>,
    pub stage: Option<String>,
    /// The path with its variables, `/admit/{rank}`; none where no resource matched.
    pub resource_path: Option<String>,
    /// Name of the API key that the request came with, never its value.
    pub api_key: Option<String>,
    pub steps: Vec<Step>,
    /// What of the integration's time was the function's cold start, where it had one.
    #[serde(rename = "cold_start_us", skip_serializing_if = "Option::is_none", serialize_with = "some_micros")]
    pub cold_start: Option<Duration>,
    /// Why API Gateway answered by itself, in more words than it tells callers: the fault of a template, a key that is in
    /// no usage plan of the stage, …; or with what the function failed, whatever was made of it for the caller.
    pub reason: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Step {
    pub name: StepName,
    #[serde(rename = "elapsed_us", serialize_with = "micros")]
    pub elapsed: Duration,
    /// In the order to be shown; empty unless the call was traced.
    pub facts: Vec<Fact>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepName {
    /// Route, API key, throttle and quota, validation.
    MethodRequest,
    /// The template that matched, and what it rendered.
    IntegrationRequest,
    /// The function, with its event and its result.
    Integration,
    /// The pattern that matched, the template, and what it rendered.
    IntegrationResponse,
    /// Status and headers as the caller gets them.
    MethodResponse,
}

/// One value of a step: `template` → `application/json`, `event` → `{"gre": 800}`. Text and documents as JSON.
#[derive(Clone, Debug, Serialize)]
pub struct Fact {
    pub name: &'static str,
    pub value: Value,
}

impl Trace {
    /// For a log: values are for whoever asks for them.
    #[must_use]
    pub fn times(&self) -> Trace {
        let steps = self.steps.iter().map(|step| Step { name: step.name, elapsed: step.elapsed, facts: Vec::new() });
        Trace {
            request_id: self.request_id.clone(),
            api_id: self.api_id.clone(),
            stage: self.stage.clone(),
            resource_path: self.resource_path.clone(),
            api_key: self.api_key.clone(),
            steps: steps.collect(),
            cold_start: self.cold_start,
            reason: self.reason.clone(),
        }
    }
}

fn micros<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}

fn some_micros<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    micros(&duration.unwrap_or_default(), serializer)
}
