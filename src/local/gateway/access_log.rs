//! A stage's access log: one line for each request that reached the stage, as its format says, in a group of CloudWatch
//! Logs (`AWS_FACTS` B2). A delivery stream of Firehose can be named as well, but there is none in this cloud.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::context;
use super::filled::fill;
use super::gateway_response::error_value;
use super::mapping::Scope;
use super::record::{Record, Secrets};
use super::refusal::Refusal;
use super::site::Backend;
use super::trace::StepName;
use crate::local::cloud::apigateway as model;
use crate::local::cloud::logs::{Event, GroupId};
use crate::local::cloud::{ACCOUNT, Cloud, State, hex};

/// Stands for a variable that has no value.
const NOTHING: &str = "-";

/// Where it goes, and what stands in it.
#[derive(Debug)]
pub struct AccessLog {
    group: GroupId,
    /// API Gateway writes to streams of its own, with names of 32 hexadecimal digits.
    stream: String,
    format: String,
    /// The group is there already. API Gateway makes one that is missing.
    has_group: bool,
}

/// How a request ended.
pub struct Ended<'a> {
    pub scope: &'a Scope<'a>,
    pub record: &'a Record,
    /// Why the gateway answered by itself, where it did.
    pub refusal: Option<&'a Refusal>,
    pub response: &'a Response<Bytes>,
    /// What the log calls the request, which is not always what the caller does.
    pub request_id: &'a str,
}

impl AccessLog {
    /// None where the stage writes none: without a format, or to a group of another account. `may_log` is whether the
    /// account has API Gateway's logging role.
    pub fn of(state: &State, api: &str, stage: &model::Stage, may_log: bool) -> Option<AccessLog> {
        let settings = stage.access_log_settings.as_ref().filter(|_| may_log)?;
        let parts: Vec<&str> = settings.destination_arn.as_deref()?.splitn(7, ':').collect();
        let ["arn", _, "logs", region, ACCOUNT, "log-group", name] = parts.as_slice() else { return None };
        let group = GroupId { region: (*region).to_owned(), name: (*name).to_owned() };
        let digest = Sha256::digest(format!("{api}/{}", stage.stage_name));
        Some(AccessLog {
            has_group: state.logs.has(&group),
            group,
            stream: hex(&digest[..16]),
            format: settings.format.clone()?,
        })
    }

    /// Writes the request's line. What cannot be written changes no answer, as everywhere with logs.
    pub async fn write(&self, cloud: &Cloud, ended: &Ended<'_>) {
        let (now, message) = (cloud.clock().epoch_millis(), self.line(ended));
        if !self.has_group && cloud.make_log_group(&self.group).await.is_err() {
            return;
        }
        let event = Event { at: ended.scope.request.at, received: now, message };
        let _ = cloud.logs().append(&self.group, &self.stream, now, &[event]);
    }

    fn line(&self, ended: &Ended<'_>) -> String {
        let known = known(ended);
        let mut line = fill(&self.format, |path| {
            let value = context::value_at(&known, path.strip_prefix("context.")?);
            Some(value.filter(|value| !value.is_empty()).map_or_else(|| NOTHING.to_owned(), one_line))
        });
        // `$context.identity.apiKey` would tell it, and so may what the caller wrote elsewhere.
        Secrets::of(&ended.scope.request.headers).hide(&mut line);
        line
    }
}

/// No value begins a line of its own.
fn one_line(value: String) -> String {
    if !value.contains(char::is_control) {
        return value;
    }
    value.chars().map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() }).collect()
}

/// `$context`, with what only an access log knows of a request: how it ended, and how long that took in milliseconds.
fn known(ended: &Ended<'_>) -> Map<String, Value> {
    let Ended { scope, record, refusal, response, request_id } = ended;
    let mut known = scope.context().clone();
    let mut put = |name: &str, value: Value| known.insert(name.to_owned(), value);
    put("requestId", (*request_id).into());
    put("status", response.status().as_u16().into());
    put("responseLength", response.body().len().into());
    put("responseLatency", millis(record.elapsed()));
    let backend = scope.method.and_then(|method| method.integration.as_ref()).map(|integration| &integration.backend);
    let called = backend.is_some_and(|backend| !matches!(backend, Backend::Mock));
    let latency = record.trace.steps.iter().find(|step| called && step.name == StepName::Integration);
    let latency = latency.map_or(Value::Null, |step| millis(step.elapsed));
    let endpoint = &record.endpoint;
    let (id, status) = (Value::from(endpoint.request_id.clone()), Value::from(endpoint.status));
    put("integrationLatency", latency.clone());
    put("integrationStatus", status.clone());
    put("awsEndpointRequestId", id.clone());
    let integration = [
        ("latency", latency),
        ("requestId", id),
        ("status", endpoint.own_status.map_or_else(|| status.clone(), Value::from)),
        ("integrationStatus", status),
        ("error", endpoint.error.clone().into()),
    ];
    put("integration", integration.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
    if let Some(refusal) = refusal {
        let names = ["message", "messageString", "responseType", "validationErrorString"];
        let error = names.iter().map(|name| ((*name).to_owned(), Value::from(error_value(refusal, name))));
        put("error", error.collect());
    }
    known
}

fn millis(time: Duration) -> Value {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).into()
}
