//! The hosted zone, and whether the world asks it: a zone that its parent does not point at answers nobody.

use std::collections::BTreeSet;

use super::Finding;
use super::dns::Dns;
use crate::aws::{Aws, Error, ErrorKind, Result};
use crate::event::FindingKind;
use crate::resources::zone::Zone;

pub(super) fn zone(found: &Result<Zone>) -> Finding {
    match found {
        Ok(zone) => Finding::ok("zone", format!("{} ({})", zone.name, zone.id)),
        Err(Error { kind: ErrorKind::Foreign, name: Some(name), message, next, .. }) => {
            Finding::problem("zone", name, message.clone(), next.clone().unwrap_or_default())
        }
        Err(error) => Finding::unanswered("zone", error),
    }
}

pub(super) async fn check(aws: &Aws<'_>, zone: &Zone, dns: Option<&Dns>) -> Finding {
    let Some(dns) = dns else {
        return Finding::not_asked(
            "delegation",
            "the zones of the embedded cloud are in no other DNS; --dns names a server",
        );
    };
    let (ours, theirs) = tokio::join!(zone.name_servers(aws), Box::pin(dns.delegation(&zone.name)));
    match (ours, theirs) {
        (Err(error), _) => Finding::unanswered("delegation", &error),
        (_, Err(why)) => Finding::not_asked("delegation", why),
        (Ok(ours), Ok(theirs)) => compared(&zone.name, &ours, &theirs),
    }
}

fn compared(zone: &str, ours: &BTreeSet<String>, theirs: &BTreeSet<String>) -> Finding {
    let list = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
    let (missing, foreign): (BTreeSet<_>, BTreeSet<_>) =
        (ours.difference(theirs).cloned().collect(), theirs.difference(ours).cloned().collect());
    let wanted =
        format!("at the registrar, or in the zone above, let {zone} have exactly these name servers: {}", list(ours));
    match (theirs.is_empty(), missing.len() == ours.len(), missing.is_empty() && foreign.is_empty()) {
        (true, ..) => Finding::problem(
            "delegation",
            FindingKind::NotDelegated.name(),
            format!("the zone above {zone} does not point at it, so nobody asks it: neither ACM nor callers"),
            wanted,
        ),
        (_, true, _) => Finding::problem(
            "delegation",
            FindingKind::DelegatedElsewhere.name(),
            format!("{zone} is served by {}, and not by this hosted zone", list(theirs)),
            format!("{wanted}; or use the hosted zone that is served there"),
        ),
        (.., true) => Finding::ok("delegation", format!("{zone} is served by this hosted zone")),
        _ if !foreign.is_empty() => Finding::problem(
            "delegation",
            FindingKind::DelegatedPartly.name(),
            format!("{zone} is served by {} as well, which may answer something else", list(&foreign)),
            wanted,
        ),
        _ => Finding::warning(
            "delegation",
            FindingKind::DelegationIncomplete.name(),
            format!("the zone above {zone} does not name {}", list(&missing)),
            wanted,
        ),
    }
}
