//! Lambda's own lines in a log: START, END and REPORT as CloudWatch shows them, or their JSON forms.

use std::time::Duration;

use serde_json::{Value, json};

use crate::local::cloud::iso;

use super::deployed::Deployed;
use super::outcome::{FunctionFault, Source};

/// How an invocation went, for its REPORT.
pub struct Account<'a> {
    pub request_id: &'a str,
    pub duration: Duration,
    pub init: Option<Duration>,
    pub peak_memory: Option<u64>,
    pub fault: Option<&'a FunctionFault>,
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn billed(duration: Duration) -> u128 {
    duration.as_micros().div_ceil(1000).max(1)
}

fn platform(now: u64, kind: &str, record: &Value) -> String {
    json!({ "time": iso(now), "type": format!("platform.{kind}"), "record": record }).to_string() + "\n"
}

pub fn init_start(deployed: &Deployed, now: u64, version: &str) -> String {
    if deployed.logs_json() {
        let record = json!({
            "initializationType": "on-demand", "phase": "init", "runtimeVersion": version,
            "functionName": deployed.name, "functionVersion": deployed.number,
        });
        return platform(now, "initStart", &record);
    }
    format!("INIT_START Runtime Version: {version}\t\n")
}

/// An init that came to nothing. `error_type`: none for one that took too long.
pub fn init_report(deployed: &Deployed, now: u64, took: Duration, phase: &str, error_type: Option<&str>) -> String {
    let status = if error_type.is_some() { "error" } else { "timeout" };
    if deployed.logs_json() {
        let mut record = json!({
            "initializationType": "on-demand", "phase": phase, "status": status,
            "metrics": { "durationMs": millis(took) },
        });
        if let Some(error_type) = error_type {
            record["errorType"] = error_type.into();
        }
        return platform(now, "initReport", &record);
    }
    let error = error_type.map(|error| format!("\tError Type: {error}")).unwrap_or_default();
    format!("INIT_REPORT Init Duration: {:.2} ms\tPhase: {phase}\tStatus: {status}{error}\n", millis(took))
}

pub fn start(deployed: &Deployed, now: u64, request_id: &str) -> String {
    if deployed.logs_json() {
        return platform(now, "start", &json!({ "requestId": request_id, "version": deployed.number }));
    }
    format!("START RequestId: {request_id} Version: {}\n", deployed.number)
}

/// What ends an invocation's log.
pub fn end(deployed: &Deployed, now: u64, account: &Account<'_>) -> Vec<String> {
    let memory_mb = deployed.configuration.memory_mb;
    let used = account.peak_memory.map_or(1, |bytes| bytes.div_ceil(1024 * 1024)).min(memory_mb);
    let Account { request_id, duration, .. } = *account;
    let status = account
        .fault
        .filter(|fault| fault.source != Source::Handler)
        .map(|fault| if fault.is_timeout() { ("timeout", None) } else { ("error", Some(fault.error_type.as_str())) });
    if deployed.logs_json() {
        let mut metrics = json!({
            "durationMs": millis(duration), "billedDurationMs": billed(duration),
            "memorySizeMB": memory_mb, "maxMemoryUsedMB": used,
        });
        if let Some(init) = account.init {
            metrics["initDurationMs"] = millis(init).into();
        }
        let mut record = json!({ "requestId": request_id, "metrics": metrics, "status": "success" });
        if let Some(fault) = account.fault {
            record["status"] = status.map_or("error", |(status, _)| status).into();
            record["errorType"] = fault.error_type.as_str().into();
        }
        return vec![platform(now, "report", &record)];
    }
    let mut report = format!(
        "REPORT RequestId: {request_id}\tDuration: {:.2} ms\tBilled Duration: {} ms\tMemory Size: {memory_mb} MB\tMax \
         Memory Used: {used} MB\t",
        millis(duration),
        billed(duration)
    );
    if let Some(init) = account.init {
        report.push_str(&format!("Init Duration: {:.2} ms\t", millis(init)));
    }
    match status {
        Some((status, Some(error))) => report.push_str(&format!("Status: {status}\tError Type: {error}\n")),
        Some((status, None)) => report.push_str(&format!("Status: {status}\n")),
        None => report.push('\n'),
    }
    vec![format!("END RequestId: {request_id}\n"), report]
}
