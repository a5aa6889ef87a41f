//! One resource record set: read from a request, told in an answer.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use roxmltree::Node;
use serde::{Deserialize, Serialize};

use crate::local::cloud::Failure;
use crate::local::cloud::xml::{self, Writer};

use super::{invalid_input, name};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// Normal, as [`name::normal`] makes it.
    pub name: String,
    /// `A`, `CNAME`, …
    pub kind: String,
    pub ttl: Option<u64>,
    pub values: Vec<String>,
    pub alias: Option<Alias>,
    /// The plain members of routing policies: `SetIdentifier`, `Weight`, `Region`, …
    pub routing: BTreeMap<String, String>,
    /// When it was written.
    pub since: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Alias {
    pub zone_id: String,
    /// Normal.
    pub dns_name: String,
    pub evaluate_target_health: bool,
}

const KINDS: [&str; 16] = [
    "A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV", "SSHFP", "SVCB", "TXT",
];

/// In the order the schema wants them told: before the TTL, and after the values.
const ROUTING_BEFORE: [&str; 5] = ["SetIdentifier", "Weight", "Region", "Failover", "MultiValueAnswer"];
const ROUTING_AFTER: [&str; 1] = ["HealthCheckId"];

impl Record {
    pub fn plain(name: &str, kind: &str, ttl: u64, values: Vec<String>, since: u64) -> Record {
        Record { name: name.to_owned(), kind: kind.to_owned(), ttl: Some(ttl), values, since, ..Record::default() }
    }

    /// What `node` (a `ResourceRecordSet`) says. `action` is for the message.
    pub fn read(node: Node<'_, '_>, action: &str, now: u64) -> Result<Record, Failure> {
        let given = xml::text(node, "Name").unwrap_or_default();
        let kind = xml::text(node, "Type").unwrap_or_default();
        if !KINDS.contains(&kind.as_str()) {
            return Err(invalid_input(format!("Invalid XML ; Value '{kind}' is not facet-valid with respect to Type")));
        }
        let routing = ROUTING_BEFORE.iter().chain(&ROUTING_AFTER);
        let record = Record {
            name: name::normal(&given),
            ttl: xml::text(node, "TTL").and_then(|ttl| ttl.parse().ok()),
            values: xml::child(node, "ResourceRecords")
                .into_iter()
                .flat_map(|records| xml::children(records, "ResourceRecord"))
                .filter_map(|record| xml::text(record, "Value"))
                .collect(),
            alias: xml::child(node, "AliasTarget").map(|alias| Alias {
                zone_id: xml::text(alias, "HostedZoneId").unwrap_or_default(),
                dns_name: name::normal(&xml::text(alias, "DNSName").unwrap_or_default()),
                evaluate_target_health: xml::text(alias, "EvaluateTargetHealth").as_deref() == Some("true"),
            }),
            routing: routing.filter_map(|member| Some(((*member).to_owned(), xml::text(node, member)?))).collect(),
            since: now,
            kind,
        };
        let plain = record.ttl.is_some() && !record.values.is_empty();
        let found = match (record.alias.is_some(), plain) {
            (true, false) | (false, true) => return Ok(record),
            (true, true) => "more than one",
            (false, false) => "none",
        };
        let identifier = record.routing.get("SetIdentifier").map_or("null", String::as_str);
        Err(invalid_input(format!(
            "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or \
             TrafficPolicyInstanceId], but found {found} in Change with [Action={action}, Name={given}, Type={}, \
             SetIdentifier={identifier}]",
            record.kind
        )))
    }

    /// What tells records of a zone apart.
    pub fn is_same_set(&self, other: &Record) -> bool {
        self.name == other.name
            && self.kind == other.kind
            && self.routing.get("SetIdentifier") == other.routing.get("SetIdentifier")
    }

    /// Do all values agree, in whatever order?
    pub fn is_equal(&self, other: &Record) -> bool {
        let sorted = |record: &Record| {
            let mut values = record.values.clone();
            values.sort();
            values
        };
        self.is_same_set(other)
            && self.ttl == other.ttl
            && self.alias == other.alias
            && self.routing == other.routing
            && sorted(self) == sorted(other)
    }

    /// Route 53's order: by name from the last label, then by type.
    pub fn order(&self, other: &Record) -> Ordering {
        name::order(&self.name, &other.name)
            .then_with(|| self.kind.cmp(&other.kind))
            .then_with(|| self.routing.get("SetIdentifier").cmp(&other.routing.get("SetIdentifier")))
    }

    /// As errors call it: `[name='www.example.com.', type='A']`.
    pub fn called(&self) -> String {
        match self.routing.get("SetIdentifier") {
            Some(identifier) => {
                format!("[name='{}', type='{}', set-identifier='{identifier}']", self.name, self.kind)
            }
            None => format!("[name='{}', type='{}']", self.name, self.kind),
        }
    }

    pub fn tell(&self, out: &mut Writer) {
        out.text("Name", &self.name).text("Type", &self.kind);
        for member in ROUTING_BEFORE {
            out.maybe(member, self.routing.get(member));
        }
        out.maybe("TTL", self.ttl);
        if !self.values.is_empty() {
            out.element("ResourceRecords", |records| {
                for value in &self.values {
                    records.element("ResourceRecord", |record| {
                        record.text("Value", value);
                    });
                }
            });
        }
        if let Some(alias) = &self.alias {
            out.element("AliasTarget", |target| {
                target
                    .text("HostedZoneId", &alias.zone_id)
                    .text("DNSName", &alias.dns_name)
                    .text("EvaluateTargetHealth", alias.evaluate_target_health);
            });
        }
        for member in ROUTING_AFTER {
            out.maybe(member, self.routing.get(member));
        }
    }
}
