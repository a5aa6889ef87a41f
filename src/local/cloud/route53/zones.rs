//! Hosted zones: made, told, deleted.

use crate::local::cloud::xml::{self, Writer};
use crate::local::cloud::{Call, Failure, Reply, Request, UPPER};

use super::{Answer, Record, Zone, answer, change, invalid_input, max_items, name, zone};

/// The time to live of the records a zone is born with, in seconds.
const NS_TTL: u64 = 172_800;
const SOA_TTL: u64 = 900;

impl Zone {
    /// A zone as it is born: with its NS and SOA records.
    pub fn new(id: String, name: &str, now: u64) -> Zone {
        let servers: Vec<String> = ["com", "net", "org", "co.uk"]
            .iter()
            .enumerate()
            .map(|(at, top)| format!("ns-{}.awsdns-{:02}.{top}", 512 * at + 7, 8 * at + 1))
            .collect();
        let soa =
            format!("{}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400", servers.first().map_or("", |s| s));
        let records = vec![
            Record::plain(name, "NS", NS_TTL, servers.iter().map(|server| format!("{server}.")).collect(), now),
            Record::plain(name, "SOA", SOA_TTL, vec![soa], now),
        ];
        Zone { id, name: name.to_owned(), name_servers: servers, records, ..Zone::default() }
    }

    fn tell(&self, out: &mut Writer) {
        out.text("Id", format_args!("/hostedzone/{}", self.id))
            .text("Name", &self.name)
            .text("CallerReference", &self.caller_reference)
            .element("Config", |config| {
                config.maybe("Comment", self.comment.as_deref()).text("PrivateZone", self.private);
            })
            .text("ResourceRecordSetCount", self.records.len());
    }

    fn tell_more(&self, out: &mut Writer) {
        if self.private {
            out.element("VPCs", |networks| {
                for (region, id) in &self.networks {
                    networks.element("VPC", |network| {
                        network.text("VPCRegion", region).text("VPCId", id);
                    });
                }
            });
        } else {
            out.element("DelegationSet", |set| {
                set.element("NameServers", |servers| {
                    for server in &self.name_servers {
                        servers.text("NameServer", server);
                    }
                });
            });
        }
    }
}

pub fn create(call: &mut Call<'_>, request: &Request) -> Answer {
    let document = xml::parse(&request.body).ok_or_else(|| invalid_input("Invalid XML"))?;
    let root = document.root_element();
    let given = xml::text(root, "Name").unwrap_or_default();
    let name = name::normal(&given);
    if !name.trim_end_matches('.').contains('.') && given.is_empty() {
        return Err(Failure::new(400, "InvalidDomainName", "The specified domain name is not valid."));
    }
    let caller_reference = xml::text(root, "CallerReference").unwrap_or_default();
    if call.state.route53.zones.values().any(|zone| zone.caller_reference == caller_reference) {
        let message =
            format!("A hosted zone has already been created with the specified caller reference: {caller_reference}");
        return Err(Failure::new(409, "HostedZoneAlreadyExists", message));
    }
    let config = xml::child(root, "HostedZoneConfig");
    let network = xml::child(root, "VPC");
    let private = config.and_then(|config| xml::text(config, "PrivateZone")).as_deref() == Some("true");
    if private && network.is_none() {
        return Err(invalid_input("When you're creating a private hosted zone, you must specify a VPC."));
    }
    let id = format!("Z{}", call.id(20, UPPER));
    let mut zone = Zone::new(id.clone(), &name, call.now);
    zone.private = private || network.is_some();
    zone.comment = config.and_then(|config| xml::text(config, "Comment"));
    zone.caller_reference = caller_reference;
    zone.networks = network
        .map(|vpc| (xml::text(vpc, "VPCRegion").unwrap_or_default(), xml::text(vpc, "VPCId").unwrap_or_default()))
        .into_iter()
        .collect();
    let mut body = Writer::new();
    body.element("HostedZone", |out| zone.tell(out));
    change::submit(call, &mut body);
    zone.tell_more(&mut body);
    call.state.route53.zones.insert(id.clone(), zone);
    Ok(answer(201, "CreateHostedZoneResponse", body)
        .header("location", &format!("https://route53.amazonaws.com/2013-04-01/hostedzone/{id}")))
}

pub fn get(call: &mut Call<'_>, id: &str) -> Answer {
    let zone = zone(call, id)?;
    let mut body = Writer::new();
    body.element("HostedZone", |out| zone.tell(out));
    zone.tell_more(&mut body);
    Ok(answer(200, "GetHostedZoneResponse", body))
}

pub fn count(call: &mut Call<'_>) -> Answer {
    let mut body = Writer::new();
    body.text("HostedZoneCount", call.state.route53.zones.len());
    Ok(answer(200, "GetHostedZoneCountResponse", body))
}

/// By id. `marker` is the first zone to tell.
pub fn list(call: &mut Call<'_>, request: &Request) -> Answer {
    let most = max_items(request, 100)?;
    let marker = request.query("marker").unwrap_or_default();
    let private_only = request.query("hostedzonetype") == Some("PrivateHostedZone");
    let mut rest =
        call.state.route53.zones.values().filter(|zone| zone.id.as_str() >= marker && (zone.private || !private_only));
    let told: Vec<&Zone> = rest.by_ref().take(most).collect();
    let next = rest.next();
    let mut body = Writer::new();
    tell_all(&mut body, &told);
    body.maybe("Marker", request.query("marker")).text("IsTruncated", next.is_some());
    body.maybe("NextMarker", next.map(|zone| &zone.id)).text("MaxItems", most);
    Ok(answer(200, "ListHostedZonesResponse", body))
}

/// From `dnsname` on, by name from the last label, then by id.
pub fn list_by_name(call: &mut Call<'_>, request: &Request) -> Answer {
    let most = max_items(request, 100)?;
    let start = request.query("dnsname").map(name::normal);
    let start_id = request.query("hostedzoneid").unwrap_or_default();
    if start.is_none() && !start_id.is_empty() {
        return Err(invalid_input("If you specify a hosted zone ID, you must also specify a DNS name."));
    }
    let mut zones: Vec<&Zone> = call.state.route53.zones.values().collect();
    zones.sort_by(|one, other| name::order(&one.name, &other.name).then_with(|| one.id.cmp(&other.id)));
    let mut rest = zones.into_iter().filter(|zone| match &start {
        Some(start) => name::order(&zone.name, start).then_with(|| zone.id.as_str().cmp(start_id)).is_ge(),
        None => true,
    });
    let told: Vec<&Zone> = rest.by_ref().take(most).collect();
    let next = rest.next();
    let mut body = Writer::new();
    tell_all(&mut body, &told);
    body.maybe("DNSName", request.query("dnsname")).maybe("HostedZoneId", request.query("hostedzoneid"));
    body.text("IsTruncated", next.is_some());
    body.maybe("NextDNSName", next.map(|zone| &zone.name)).maybe("NextHostedZoneId", next.map(|zone| &zone.id));
    body.text("MaxItems", most);
    Ok(answer(200, "ListHostedZonesByNameResponse", body))
}

fn tell_all(body: &mut Writer, zones: &[&Zone]) {
    body.element("HostedZones", |out| {
        for zone in zones {
            out.element("HostedZone", |one| zone.tell(one));
        }
    });
}

pub fn delete(call: &mut Call<'_>, id: &str) -> Answer {
    let zone = zone(call, id)?;
    let born_with = |record: &Record| record.name == zone.name && matches!(record.kind.as_str(), "NS" | "SOA");
    if !zone.records.iter().all(born_with) {
        let message = "The specified hosted zone contains non-required resource record sets  and so cannot be deleted.";
        return Err(Failure::new(400, "HostedZoneNotEmpty", message));
    }
    call.state.route53.zones.remove(id);
    let mut body = Writer::new();
    change::submit(call, &mut body);
    let reply: Reply = answer(200, "DeleteHostedZoneResponse", body);
    Ok(reply)
}
