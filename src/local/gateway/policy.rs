//! The API's resource policy: who may call what. What cannot be judged here is denied, with the reason for the developer.

use std::net::IpAddr;

use serde_json::Value;

use super::refusal::{Kind, Refusal};
use super::request::MethodRequest;
use super::site::Stage;
use crate::local::cloud::{ACCOUNT, like};

/// A policy document, taken apart.
#[derive(Debug)]
pub struct Policy {
    statements: Vec<Statement>,
}

#[derive(Debug)]
struct Statement {
    allows: bool,
    anybody: bool,
    invokes: bool,
    resources: Vec<String>,
    /// `NotResource`: all but these.
    inverted: bool,
    conditions: Vec<Condition>,
}

#[derive(Debug)]
enum Condition {
    Address { inside: bool, ranges: Vec<Range> },
    Unknown(String),
}

#[derive(Clone, Copy, Debug)]
struct Range {
    address: IpAddr,
    bits: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Applies,
    Not,
}

impl Policy {
    /// A document that cannot be read has no statement and so lets nobody in.
    pub fn parse(document: &str) -> Policy {
        let document: Value = serde_json::from_str(document).unwrap_or_default();
        Policy { statements: list(&document["Statement"]).into_iter().map(Statement::parse).collect() }
    }

    /// # Errors
    /// When the caller may not.
    pub fn check(&self, stage: &Stage, request: &MethodRequest) -> Result<(), Refusal> {
        let path = request.path.trim_start_matches('/').trim_end_matches('/');
        let resource = |account: &str| {
            format!(
                "arn:aws:execute-api:{}:{account}:{}/{}/{}/{path}",
                stage.region, stage.api_id, stage.name, request.verb
            )
        };
        let arn = resource(ACCOUNT);
        let mut allowed = false;
        for statement in &self.statements {
            match statement.judge(&arn, request.source_ip) {
                Err(reason) => return Err(denied(&resource, "", &reason)),
                Ok(Verdict::Not) => {}
                Ok(Verdict::Applies) if statement.allows => allowed = true,
                Ok(Verdict::Applies) => {
                    let reason = format!("the resource policy denies {} on {arn}", request.source_ip);
                    return Err(denied(&resource, " with an explicit deny", &reason));
                }
            }
        }
        if allowed || request.access_key.is_some() {
            // A signed caller is the account's own: its identity's policies would let it in.
            return Ok(());
        }
        let reason = format!("no statement of the resource policy allows {} on {arn}", request.source_ip);
        Err(denied(&resource, "", &reason))
    }
}

/// With the account's number hidden, as callers see it.
fn denied(resource: &impl Fn(&str) -> String, how: &str, reason: &str) -> Refusal {
    let hidden = format!("********{}", &ACCOUNT[ACCOUNT.len() - 4..]);
    let message = format!(
        "User: anonymous is not authorized to perform: execute-api:Invoke on resource: {}{how}",
        resource(&hidden)
    );
    Kind::AccessDenied.because(reason).saying(message)
}

impl Statement {
    fn parse(statement: &Value) -> Statement {
        let principal = &statement["Principal"];
        let anybody = principal == "*" || list(&principal["AWS"]).iter().any(|who| *who == "*");
        let actions = texts(&statement["Action"]);
        let inverted = !statement["NotResource"].is_null();
        let resources = texts(if inverted { &statement["NotResource"] } else { &statement["Resource"] });
        let mut conditions = Vec::new();
        for (operator, keys) in statement["Condition"].as_object().into_iter().flatten() {
            for (key, values) in keys.as_object().into_iter().flatten() {
                conditions.push(Condition::parse(operator, key, values));
            }
        }
        Statement {
            allows: statement["Effect"] == "Allow",
            anybody,
            invokes: actions.iter().any(|action| like(&action.to_ascii_lowercase(), "execute-api:invoke")),
            resources,
            inverted,
            conditions,
        }
    }

    /// Does it say something about this call?
    fn judge(&self, arn: &str, caller: IpAddr) -> Result<Verdict, String> {
        let named = self.resources.iter().any(|resource| like(&written_out(resource, arn), arn));
        if !self.anybody || !self.invokes || named == self.inverted {
            return Ok(Verdict::Not);
        }
        for condition in &self.conditions {
            match condition {
                Condition::Unknown(what) => {
                    return Err(format!("the resource policy's condition {what} cannot be judged on this machine"));
                }
                Condition::Address { inside, ranges } => {
                    if ranges.iter().any(|range| range.contains(caller)) != *inside {
                        return Ok(Verdict::Not);
                    }
                }
            }
        }
        Ok(Verdict::Applies)
    }
}

/// `execute-api:/prod/GET/admit` stands for this API's own ARN.
fn written_out(resource: &str, arn: &str) -> String {
    match resource.strip_prefix("execute-api:/") {
        Some(rest) => {
            let api = arn.split('/').next().unwrap_or_default();
            format!("{api}/{rest}")
        }
        None => resource.to_owned(),
    }
}

impl Condition {
    fn parse(operator: &str, key: &str, values: &Value) -> Condition {
        let inside = match operator {
            "IpAddress" => true,
            "NotIpAddress" => false,
            _ => return Condition::Unknown(format!("{operator} on {key}")),
        };
        if !key.eq_ignore_ascii_case("aws:SourceIp") {
            return Condition::Unknown(format!("{operator} on {key}"));
        }
        let ranges: Option<Vec<Range>> = texts(values).iter().map(|text| Range::parse(text)).collect();
        match ranges {
            Some(ranges) => Condition::Address { inside, ranges },
            None => Condition::Unknown(format!("{operator} on {key}: {values}")),
        }
    }
}

impl Range {
    fn parse(text: &str) -> Option<Range> {
        let (address, bits) = text.split_once('/').unwrap_or((text, ""));
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = if bits.is_empty() { most } else { bits.parse().ok()? };
        (bits <= most).then_some(Range { address, bits })
    }

    fn contains(self, other: IpAddr) -> bool {
        let other = other.to_canonical();
        match (self.address, other) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                let shift = 32 - u32::from(self.bits);
                ours.to_bits().checked_shr(shift).unwrap_or(0) == theirs.to_bits().checked_shr(shift).unwrap_or(0)
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                let shift = 128 - u32::from(self.bits);
                ours.to_bits().checked_shr(shift).unwrap_or(0) == theirs.to_bits().checked_shr(shift).unwrap_or(0)
            }
            _ => false,
        }
    }
}

fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

fn texts(value: &Value) -> Vec<String> {
    list(value).into_iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_their_addresses() {
        for (range, address, holds) in [
            ("127.0.0.0/8", "127.9.9.9", true),
            ("127.0.0.0/8", "128.0.0.1", false),
            ("0.0.0.0/0", "1.2.3.4", true),
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.2", false),
            ("10.0.0.0/8", "::ffff:10.1.1.1", true),
            ("fd00::/8", "fd12::1", true),
            ("fd00::/8", "fe80::1", false),
        ] {
            let range = Range::parse(range).unwrap();
            assert_eq!(range.contains(address.parse().unwrap()), holds, "{range:?} {address}");
        }
        assert!(Range::parse("10.0.0.0/33").is_none());
    }
}
