//! The world's DNS, as far as it decides whether a domain works: who serves a zone according to the zone above it, and who
//! may issue certificates. Asked for real, not through AWS.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{RData, Record, RecordType};

/// For one server to answer one question; it is asked twice.
const PATIENCE: Duration = Duration::from_secs(3);
const TRIES: usize = 2;
/// So many servers of a zone are asked; one answer is enough.
const SERVERS: usize = 4;
const PORT: u16 = 53;

/// Whom to ask.
pub(super) struct Dns {
    /// None: what the system is set up to ask.
    server: Option<SocketAddr>,
}

/// A record of type CAA: who may issue certificates for a name (RFC 8659).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Caa {
    /// Lower case: `issue`, `issuewild`, `iodef`, …
    pub tag: String,
    pub value: String,
}

/// What a question came to.
enum Answer {
    Records(Vec<Record>),
    /// Nothing of that type; what the server said of who knows more.
    Nothing(Vec<Record>),
}

/// Names without their last dot, in lower case.
fn plain(name: &impl ToString) -> String {
    name.to_string().trim_end_matches('.').to_lowercase()
}

fn servers_in(records: &[Record], zone: &str) -> BTreeSet<String> {
    let named = records.iter().filter(|record| plain(&record.name) == zone);
    let servers = named.filter_map(|record| match &record.data {
        RData::NS(server) => Some(plain(&server.0)),
        _ => None,
    });
    servers.collect()
}

impl Dns {
    pub fn at(server: Option<SocketAddr>) -> Dns {
        Dns { server }
    }

    /// The name servers of `zone` as the zone above it tells them; none where it tells of none.
    ///
    /// # Errors
    /// Why nobody could be asked, in words.
    pub async fn delegation(&self, zone: &str) -> Result<BTreeSet<String>, String> {
        let resolver = self.resolver()?;
        let parent = self.servers_above(&resolver, zone).await?;
        let above = self.servers(&parent)?;
        match ask(&above, zone, RecordType::NS).await? {
            Answer::Records(records) | Answer::Nothing(records) => Ok(servers_in(&records, zone)),
        }
    }

    /// The CAA records that count for `name`: its own, or those of the nearest name above it that has some. With the name
    /// that has them.
    ///
    /// # Errors
    /// Why nobody could be asked, in words.
    pub async fn caa(&self, name: &str) -> Result<Option<(String, Vec<Caa>)>, String> {
        let resolver = self.resolver()?;
        let mut at = name.trim_start_matches("*.");
        loop {
            if let Answer::Records(records) = ask(&resolver, at, RecordType::CAA).await? {
                let found: Vec<Caa> = records.iter().filter_map(caa).collect();
                if !found.is_empty() {
                    return Ok(Some((at.to_owned(), found)));
                }
            }
            match at.split_once('.') {
                Some((_, above)) => at = above,
                None => return Ok(None),
            }
        }
    }

    /// Addresses of the servers of the zone above `zone`: the next name up that has servers of its own.
    async fn servers_above(&self, resolver: &TokioResolver, zone: &str) -> Result<Vec<IpAddr>, String> {
        let mut at = zone;
        while let Some((_, above)) = at.split_once('.') {
            at = above;
            let Answer::Records(records) = ask(resolver, at, RecordType::NS).await? else { continue };
            let servers = servers_in(&records, at);
            if servers.is_empty() {
                continue;
            }
            let mut addresses = Vec::new();
            for server in servers.iter().take(SERVERS) {
                if let Ok(found) = Box::pin(resolver.lookup_ip(format!("{server}."))).await {
                    addresses.extend(found.iter().filter(IpAddr::is_ipv4).take(1));
                }
            }
            return match addresses.is_empty() {
                true => Err(format!("the name servers of {at} have no address")),
                false => Ok(addresses),
            };
        }
        Err(format!("nobody serves what is above {zone}"))
    }

    fn resolver(&self) -> Result<TokioResolver, String> {
        let mut builder = match self.server {
            Some(server) => {
                let config =
                    ResolverConfig::from_parts(None, Vec::new(), vec![name_server(server.ip(), server.port())]);
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            }
            None => TokioResolver::builder_tokio()
                .map_err(|fault| format!("the system's DNS settings cannot be read: {fault}"))?,
        };
        let options = builder.options_mut();
        (options.timeout, options.attempts) = (PATIENCE, TRIES);
        builder.build().map_err(told)
    }

    /// Servers of a zone, which know of nothing else.
    fn servers(&self, addresses: &[IpAddr]) -> Result<TokioResolver, String> {
        let port = self.server.map_or(PORT, |server| server.port());
        let servers = addresses.iter().map(|address| name_server(*address, port)).collect();
        let config = ResolverConfig::from_parts(None, Vec::new(), servers);
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        let options = builder.options_mut();
        (options.timeout, options.attempts) = (PATIENCE, TRIES);
        options.recursion_desired = false;
        builder.build().map_err(told)
    }
}

fn name_server(address: IpAddr, port: u16) -> NameServerConfig {
    let [mut udp, mut tcp] = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
    (udp.port, tcp.port) = (port, port);
    NameServerConfig::new(address, true, vec![udp, tcp])
}

async fn ask(resolver: &TokioResolver, name: &str, kind: RecordType) -> Result<Answer, String> {
    match Box::pin(resolver.lookup(format!("{name}."), kind)).await {
        // A server that leads on to others says so beside the answer.
        Ok(found) => Ok(Answer::Records([found.answers(), found.authorities()].concat())),
        Err(NetError::Dns(DnsError::NoRecordsFound(nothing)))
            if matches!(nothing.response_code, ResponseCode::NoError | ResponseCode::NXDomain) =>
        {
            Ok(Answer::Nothing(nothing.authorities.map(|records| records.to_vec()).unwrap_or_default()))
        }
        Err(fault) => Err(format!("DNS does not tell the {kind} records of {name}: {}", told(fault))),
    }
}

fn caa(record: &Record) -> Option<Caa> {
    match &record.data {
        RData::CAA(caa) => {
            Some(Caa { tag: caa.tag.to_lowercase(), value: String::from_utf8_lossy(&caa.value).trim().to_owned() })
        }
        _ => None,
    }
}

fn told(fault: NetError) -> String {
    match fault {
        NetError::Timeout => "no answer in time".to_owned(),
        NetError::Dns(DnsError::ResponseCode(code)) => format!("the server says {code}"),
        fault => fault.to_string(),
    }
}
