//! What programs see: one document for validate, plan and status; one line per event for deploy and teardown.

use serde::Serialize;
use serde_json::{Value, json};

use super::tally::Tally;
use crate::event::{Event, Outcome};
use crate::pipeline::{Failure, Unlocked, Validated};
use crate::spec::{Fault, Warning};

/// The data as it stands.
pub(super) fn of(data: &impl Serialize) -> Value {
    // Only maps with keys that are not texts fail; the types shown here have none.
    serde_json::to_value(data).unwrap_or_default()
}

/// The data as an event.
pub(super) fn tagged(event: &str, data: &impl Serialize) -> Value {
    merged(json!({ "event": event }), of(data))
}

pub(super) fn validated(validated: &Validated) -> Value {
    let warnings: Vec<Value> = validated.warnings.iter().map(warning).collect();
    merged(merged(json!({ "valid": true, "faults": [] }), of(validated)), json!({ "warnings": warnings }))
}

/// Something that works and will hurt.
pub(super) fn warning(warning: &Warning) -> Value {
    merged(fault(&warning.denied()), json!({ "title": warning.code.title() }))
}

/// A failed validate, plan or status.
pub(super) fn failure(command: &str, failure: &Failure) -> Value {
    match failure {
        Failure::Faults(faults) => faults_document(faults),
        other => json!({ "problem": other.to_problem(command) }),
    }
}

/// The last lines of a deploy or teardown that did not reach its end: the faults, and the event that closes every run.
pub(super) fn last_lines(command: &'static str, failure: &Failure, tally: &Tally) -> Vec<Value> {
    let mut lines = Vec::new();
    if let Failure::Faults(faults) = failure {
        lines.push(merged(json!({ "event": "invalid" }), faults_document(faults)));
    }
    if !tally.ended {
        lines.push(of(&Event::Finished {
            command,
            outcome: if matches!(failure, Failure::Interrupted) { Outcome::Interrupted } else { Outcome::Failed },
            outputs: Default::default(),
            requests: tally.requests,
            writes: tally.writes,
            elapsed: tally.elapsed().unwrap_or_default(),
            left: None,
            kept: Vec::new(),
            checks: None,
            problem: failure.to_problem(command),
        }));
    }
    lines
}

/// The result of `poc unlock`.
pub(super) fn unlocked(unlocked: &Unlocked) -> Value {
    let holder = unlocked
        .holder
        .as_ref()
        .map(|holder| json!({ "who": holder.who, "what": holder.what, "until": holder.until, "dead": holder.dead }));
    json!({ "lock": unlocked.lock, "outcome": unlocked.outcome, "holder": holder })
}

/// Why an edit was not deployed.
pub(super) fn refused(failure: &Failure) -> Value {
    match failure {
        Failure::Faults(faults) => merged(json!({ "event": "invalid" }), faults_document(faults)),
        other => json!({ "event": "failed", "problem": other.to_problem("dev") }),
    }
}

fn faults_document(faults: &[Fault]) -> Value {
    let faults: Vec<Value> = super::diagnostics::sorted(faults).into_iter().map(fault).collect();
    json!({ "valid": false, "faults": faults })
}

fn fault(fault: &Fault) -> Value {
    let span = fault.span.as_ref();
    json!({
        "code": fault.code,
        "path": fault.path,
        "file": span.map(|span| span.source.path.display().to_string()),
        "line": span.map(|span| span.line),
        "column": span.map(|span| span.column),
        "message": fault.message,
        "help": fault.help,
    })
}

/// The fields of both objects, in order.
fn merged(mut first: Value, second: Value) -> Value {
    if let (Value::Object(first), Value::Object(second)) = (&mut first, second) {
        first.extend(second);
    }
    first
}
