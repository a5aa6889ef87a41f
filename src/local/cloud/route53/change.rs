//! ChangeResourceRecordSets: all changes of a batch or none. And GetChange.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::local::cloud::apigateway::AliasTarget;
use crate::local::cloud::stamp::iso;
use crate::local::cloud::xml::{self, Writer};
use crate::local::cloud::{Call, Failure, Request, UPPER, apigateway};

use super::{Answer, Record, Zone, answer, invalid_input, name, zone};

const MOST_CHANGES: usize = 1000;

struct Change {
    action: String,
    record: Record,
}

pub fn change(call: &mut Call<'_>, id: &str, request: &Request) -> Answer {
    let before = zone(call, id)?.clone();
    let document = xml::parse(&request.body).ok_or_else(|| invalid_input("Invalid XML"))?;
    let changes = read(document.root_element(), call.now)?;
    let mut after = before;
    let mut faults = repeated(&changes);
    for change in &changes {
        if let Err(fault) = apply(&mut after, change, &call.state.apigateway) {
            faults.push(fault);
        }
    }
    if faults.is_empty() {
        faults = missing_base(&after);
    }
    if !faults.is_empty() {
        return Err(Failure::new(400, "InvalidChangeBatch", format!("[{}]", faults.join(", "))));
    }
    after.records.sort_by(Record::order);
    call.state.route53.zones.insert(id.to_owned(), after);
    let mut body = Writer::new();
    submit(call, &mut body);
    Ok(answer(200, "ChangeResourceRecordSetsResponse", body))
}

fn read(root: roxmltree::Node<'_, '_>, now: u64) -> Result<Vec<Change>, Failure> {
    let batch = xml::child(root, "ChangeBatch").ok_or_else(|| invalid_input("Invalid XML ; ChangeBatch is missing"))?;
    let list = xml::child(batch, "Changes").into_iter().flat_map(|list| xml::children(list, "Change"));
    let mut changes = Vec::new();
    for node in list {
        let action = xml::text(node, "Action").unwrap_or_default();
        if !matches!(action.as_str(), "CREATE" | "DELETE" | "UPSERT") {
            let message = format!("Invalid XML ; Value '{action}' is not facet-valid with respect to ChangeAction");
            return Err(invalid_input(message));
        }
        let record = xml::child(node, "ResourceRecordSet")
            .ok_or_else(|| invalid_input("Invalid XML ; ResourceRecordSet is missing"))?;
        changes.push(Change { record: Record::read(record, &action, now)?, action });
    }
    if changes.is_empty() {
        return Err(invalid_input("Invalid XML ; Changes must not be empty"));
    }
    if changes.len() > MOST_CHANGES {
        let message = format!("[Number of records limit of {MOST_CHANGES} exceeded.]");
        return Err(Failure::new(400, "InvalidChangeBatch", message));
    }
    Ok(changes)
}

/// A set may stand in a batch once, or be deleted and then made anew.
fn repeated(changes: &[Change]) -> Vec<String> {
    let mut faults = Vec::new();
    for (at, change) in changes.iter().enumerate() {
        let earlier: Vec<&str> = changes[..at]
            .iter()
            .filter(|other| other.record.is_same_set(&change.record))
            .map(|other| other.action.as_str())
            .collect();
        let anew = earlier == ["DELETE"] && change.action != "DELETE";
        if !earlier.is_empty() && !anew {
            let Record { name, kind, .. } = &change.record;
            faults.push(format!(
                "The request contains an invalid set of changes for a resource record set '{kind} {name}'"
            ));
        }
    }
    faults
}

fn apply(zone: &mut Zone, change: &Change, gateway: &apigateway::State) -> Result<(), String> {
    let record = &change.record;
    if !name::is_within(&record.name, &zone.name) {
        return Err(format!("RRSet with DNS name {} is not permitted in zone {}", record.name, zone.name));
    }
    let standing = zone.records.iter().position(|other| other.is_same_set(record));
    match (change.action.as_str(), standing) {
        ("DELETE", None) => {
            return Err(format!("Tried to delete resource record set {} but it was not found", record.called()));
        }
        ("DELETE", Some(at)) if !zone.records[at].is_equal(record) => {
            return Err(format!(
                "Tried to delete resource record set {} but the values provided do not match the current values",
                record.called()
            ));
        }
        ("DELETE", Some(at)) => {
            zone.records.remove(at);
            return Ok(());
        }
        ("CREATE", Some(_)) => {
            return Err(format!("Tried to create resource record set {} but it already exists", record.called()));
        }
        _ => {}
    }
    check_values(record)?;
    check_neighbours(zone, record)?;
    check_alias(zone, record, gateway)?;
    match standing {
        // Written again as it stands, it stands since it was first written.
        Some(at) if zone.records[at].is_equal(record) => {}
        Some(at) => zone.records[at] = record.clone(),
        None => zone.records.push(record.clone()),
    }
    Ok(())
}

fn check_values(record: &Record) -> Result<(), String> {
    let fatal = |problem: &str, value: &str| {
        Err(format!("Invalid Resource Record: 'FATAL problem: {problem} encountered with '{value}''"))
    };
    for (at, value) in record.values.iter().enumerate() {
        if record.values[..at].contains(value) {
            return Err(format!("Duplicate Resource Record: '{value}'"));
        }
        match record.kind.as_str() {
            "A" if value.parse::<Ipv4Addr>().is_err() => {
                return fatal("ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)", value);
            }
            "AAAA" if value.parse::<Ipv6Addr>().is_err() => {
                return fatal("AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)", value);
            }
            "TXT" | "SPF" if value.len() < 2 || !value.starts_with('"') || !value.ends_with('"') => {
                return fatal("InvalidCharacterString (Value should be enclosed in quotation marks)", value);
            }
            "CNAME" if value.is_empty() || value.contains(char::is_whitespace) => {
                return fatal("DomainLabelEmpty (Domain label is empty)", value);
            }
            _ => {}
        }
    }
    if record.kind == "CNAME" && record.values.len() > 1 {
        return Err("Tried to create a CNAME record set with more than one value".to_owned());
    }
    Ok(())
}

/// A CNAME stands alone at its name, and never at the zone's own.
fn check_neighbours(zone: &Zone, record: &Record) -> Result<(), String> {
    let Record { name, kind, .. } = record;
    if kind == "CNAME" && *name == zone.name {
        return Err(format!("RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {}", zone.name));
    }
    let mut others = zone.records.iter().filter(|other| other.name == *name && other.kind != *kind);
    if kind == "CNAME" && others.next().is_some() {
        return Err(format!(
            "RRSet of type CNAME with DNS name {name} is not permitted as it conflicts with other records with the \
             same DNS name in zone {}",
            zone.name
        ));
    }
    if others.any(|other| other.kind == "CNAME") {
        return Err(format!(
            "RRSet of type {kind} with DNS name {name} is not permitted because a conflicting RRSet of type CNAME \
             with the same DNS name already exists in zone {}",
            zone.name
        ));
    }
    Ok(())
}

fn check_alias(zone: &Zone, record: &Record, gateway: &apigateway::State) -> Result<(), String> {
    let Some(alias) = &record.alias else { return Ok(()) };
    let target = if alias.zone_id == zone.id {
        let stands = |other: &Record| other.name == alias.dns_name && other.kind == record.kind;
        match (name::is_within(&alias.dns_name, &zone.name), zone.records.iter().any(stands)) {
            (false, _) => AliasTarget::WrongZone,
            (true, false) => AliasTarget::Missing,
            (true, true) => AliasTarget::Found,
        }
    } else {
        gateway.alias_target_exists(alias.dns_name.trim_end_matches('.'), &alias.zone_id)
    };
    let why = match target {
        AliasTarget::Found => return Ok(()),
        AliasTarget::WrongZone => "the alias target name does not lie within the target zone",
        AliasTarget::Missing => "that target was not found",
    };
    Err(format!(
        "Tried to create an alias that targets {}, type {} in zone {}, but {why}",
        alias.dns_name, record.kind, alias.zone_id
    ))
}

/// A zone keeps the records it was born with.
fn missing_base(zone: &Zone) -> Vec<String> {
    let has = |kind: &str| zone.records.iter().any(|record| record.name == zone.name && record.kind == kind);
    let mut faults = Vec::new();
    if !has("SOA") {
        faults.push("A HostedZone must contain exactly one SOA record.".to_owned());
    }
    if !has("NS") {
        faults.push("A HostedZone must contain at least one NS record for the zone itself.".to_owned());
    }
    faults
}

/// Notes a new change and tells it, PENDING.
pub fn submit(call: &mut Call<'_>, body: &mut Writer) {
    let id = format!("C{}", call.id(20, UPPER));
    tell(body, &id, "PENDING", call.now);
    call.state.route53.changes.insert(id, call.now);
}

pub fn get(call: &mut Call<'_>, id: &str) -> Answer {
    let Some(&submitted) = call.state.route53.changes.get(id) else {
        return Err(Failure::new(404, "NoSuchChange", format!("Could not find resource with ID: {id}")));
    };
    let status = if call.passed(submitted, call.profile.record_insync) { "INSYNC" } else { "PENDING" };
    let mut body = Writer::new();
    tell(&mut body, id, status, submitted);
    Ok(answer(200, "GetChangeResponse", body))
}

fn tell(body: &mut Writer, id: &str, status: &str, submitted: u64) {
    body.element("ChangeInfo", |info| {
        info.text("Id", format_args!("/change/{id}")).text("Status", status).text("SubmittedAt", iso(submitted));
    });
}
