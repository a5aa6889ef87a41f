//! Route 53: hosted zones, the records in them, and changes that take a while to be everywhere. REST-XML, one account
//! for all regions.

mod change;
mod name;
mod read;
mod record;
mod zones;

use std::collections::BTreeMap;

use http::Method;
use serde::{Deserialize, Serialize};

use super::xml::Writer;
use super::{Call, Failure, Reply, Request};

pub use record::Record;

/// Hosted zones by id (`Z…`), and changes by id (`C…`).
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    pub zones: BTreeMap<String, Zone>,
    /// When each change was submitted.
    pub changes: BTreeMap<String, u64>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Zone {
    pub id: String,
    /// With the dot at the end.
    pub name: String,
    pub private: bool,
    pub comment: Option<String>,
    pub caller_reference: String,
    pub name_servers: Vec<String>,
    /// Region and id of the networks that see a private zone.
    pub networks: Vec<(String, String)>,
    /// In the order Route 53 tells them.
    pub records: Vec<Record>,
}

impl State {
    /// One public zone, with the records every zone has.
    pub fn with_zone(name: &str) -> State {
        let zone = Zone::new("Z0LOCAL0FIRST0ZONE00".to_owned(), &name::normal(name), 0);
        State { zones: BTreeMap::from([(zone.id.clone(), zone)]), changes: BTreeMap::new() }
    }

    /// Since when a CNAME of that name and value stands in a public zone.
    pub fn cname_since(&self, name: &str, value: &str) -> Option<u64> {
        let (name, value) = (name::normal(name), name::normal(value));
        let public = self.zones.values().filter(|zone| !zone.private);
        public.flat_map(|zone| &zone.records).find_map(|record| {
            let right = record.kind == "CNAME" && record.name == name;
            (right && record.values.iter().any(|stands| name::normal(stands) == value)).then_some(record.since)
        })
    }
}

type Answer = Result<Reply, Failure>;

const NAMESPACE: &str = "https://route53.amazonaws.com/doc/2013-04-01/";

pub fn handle(call: &mut Call<'_>, request: &Request) -> Reply {
    let segments: Vec<&str> = request.segments.iter().skip(1).map(String::as_str).collect();
    let answer = match (&request.method, &segments[..]) {
        (&Method::POST, ["hostedzone"]) => zones::create(call, request),
        (&Method::GET, ["hostedzone"]) => zones::list(call, request),
        (&Method::GET, ["hostedzonesbyname"]) => zones::list_by_name(call, request),
        (&Method::GET, ["hostedzonecount"]) => zones::count(call),
        (&Method::GET, ["hostedzone", id]) => zones::get(call, id),
        (&Method::DELETE, ["hostedzone", id]) => zones::delete(call, id),
        (&Method::GET, ["hostedzone", id, "rrset"]) => read::list(call, id, request),
        (&Method::POST, ["hostedzone", id, "rrset"]) => change::change(call, id, request),
        (&Method::GET, ["change", id]) => change::get(call, id),
        (method, _) => {
            Err(Failure::new(404, "UnknownOperationException", format!("no operation {method} {}", request.path)))
        }
    };
    answer.unwrap_or_else(|failure| failure.query_xml())
}

fn zone<'c>(call: &'c mut Call<'_>, id: &str) -> Result<&'c mut Zone, Failure> {
    let found = call.state.route53.zones.get_mut(id);
    found.ok_or_else(|| Failure::new(404, "NoSuchHostedZone", format!("No hosted zone found with ID: {id}")))
}

fn answer(status: u16, root: &str, body: Writer) -> Reply {
    Reply::xml(status, body.document(root, NAMESPACE))
}

fn invalid_input(message: impl Into<String>) -> Failure {
    Failure::new(400, "InvalidInput", message)
}

/// The `maxitems` of a list, which says at most `most` whatever is asked for.
fn max_items(request: &Request, most: usize) -> Result<usize, Failure> {
    match request.query("maxitems").map(str::parse::<usize>) {
        None => Ok(most),
        Some(Ok(asked)) if asked > 0 => Ok(asked.min(most)),
        Some(_) => Err(invalid_input("Invalid value for maxitems")),
    }
}
