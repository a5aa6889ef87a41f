//! ListResourceRecordSets.

use crate::local::cloud::xml::Writer;
use crate::local::cloud::{Call, Request};

use super::{Answer, Record, answer, invalid_input, max_items, name, zone};

pub fn list(call: &mut Call<'_>, id: &str, request: &Request) -> Answer {
    let most = max_items(request, 300)?;
    let start = request.query("name").map(name::normal);
    let kind = request.query("type").unwrap_or_default();
    if start.is_none() && !kind.is_empty() {
        return Err(invalid_input("The input is not valid: a start record type needs a start record name."));
    }
    let from = Record {
        name: start.clone().unwrap_or_default(),
        kind: kind.to_owned(),
        routing: request
            .query("identifier")
            .map(|identifier| ("SetIdentifier".to_owned(), identifier.to_owned()))
            .into_iter()
            .collect(),
        ..Record::default()
    };
    let zone = zone(call, id)?;
    let mut rest = zone.records.iter().filter(|record| start.is_none() || record.order(&from).is_ge());
    let told: Vec<&Record> = rest.by_ref().take(most).collect();
    let next = rest.next();
    let mut body = Writer::new();
    body.element("ResourceRecordSets", |out| {
        for record in told {
            out.element("ResourceRecordSet", |one| record.tell(one));
        }
    });
    body.text("IsTruncated", next.is_some());
    if let Some(next) = next {
        body.text("NextRecordName", &next.name).text("NextRecordType", &next.kind);
        body.maybe("NextRecordIdentifier", next.routing.get("SetIdentifier"));
    }
    body.text("MaxItems", most);
    Ok(answer(200, "ListResourceRecordSetsResponse", body))
}
