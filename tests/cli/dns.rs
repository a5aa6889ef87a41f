//! A DNS server of the tests' own: the top of the tree, a zone above example.com, and whatever is said of that.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const A: u16 = 1;
const NS: u16 = 2;
const CAA: u16 = 257;

/// What the world says.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// The servers of example.com, as the zone above it tells them.
    pub servers: Vec<&'static str>,
    /// Name, tag, value.
    pub caa: Vec<(&'static str, &'static str, &'static str)>,
    /// Nobody answers.
    pub silent: bool,
}

/// The servers of the embedded cloud's first zone.
pub const OURS: [&str; 4] =
    ["ns-7.awsdns-01.com", "ns-519.awsdns-09.net", "ns-1031.awsdns-17.org", "ns-1543.awsdns-25.co.uk"];

impl Names {
    pub fn delegated() -> Names {
        Names { servers: OURS.to_vec(), ..Names::default() }
    }

    fn records(&self, name: &str, kind: u16) -> Vec<Vec<u8>> {
        match (name, kind) {
            ("com", NS) => vec![wire("ns.above.test")],
            ("ns.above.test", A) => vec![vec![127, 0, 0, 1]],
            ("example.com", NS) => self.servers.iter().map(|server| wire(server)).collect(),
            (name, CAA) => {
                let of_name = self.caa.iter().filter(|(of, ..)| *of == name);
                let record = |(_, tag, value): &(&str, &str, &str)| {
                    let length = u8::try_from(tag.len()).unwrap();
                    [&[0, length], tag.as_bytes(), value.as_bytes()].concat()
                };
                of_name.map(record).collect()
            }
            _ => Vec::new(),
        }
    }

    fn answer(&self, query: &[u8]) -> Vec<u8> {
        let (mut at, mut labels) = (12, Vec::new());
        while query[at] != 0 {
            let end = at + 1 + usize::from(query[at]);
            labels.push(String::from_utf8_lossy(&query[at + 1..end]).to_lowercase());
            at = end;
        }
        let question = &query[12..at + 5];
        let kind = u16::from_be_bytes([query[at + 1], query[at + 2]]);
        let name = labels.join(".");
        let records = self.records(&name, kind);
        // Who is asked without recursion for what lies below says whom to ask.
        let recursive = query[2] & 1 == 1;
        let refers = !recursive && kind == NS && name == "example.com";
        let count = u16::try_from(records.len()).unwrap().to_be_bytes();
        let mut answer = query[..2].to_vec();
        answer.extend(if refers { [0x80, 0x00] } else { [0x85, 0x80] });
        answer.extend([0, 1]);
        answer.extend(if refers { [0, 0] } else { count });
        answer.extend(if refers { count } else { [0, 0] });
        answer.extend([0, 0]);
        answer.extend(question);
        for record in records {
            answer.extend([0xc0, 12]);
            answer.extend(kind.to_be_bytes());
            answer.extend([0, 1, 0, 0, 0, 60]);
            answer.extend(u16::try_from(record.len()).unwrap().to_be_bytes());
            answer.extend(record);
        }
        answer
    }
}

/// A name as DNS writes it.
fn wire(name: &str) -> Vec<u8> {
    let labels = name.split('.').flat_map(|label| [&[u8::try_from(label.len()).unwrap()], label.as_bytes()].concat());
    labels.chain([0]).collect()
}

/// Answers until it is dropped.
pub struct Server {
    pub address: SocketAddr,
    over: Arc<AtomicBool>,
}

impl Server {
    pub fn of(names: Names) -> Server {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let address = socket.local_addr().unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let told = over.clone();
        std::thread::spawn(move || {
            let mut query = [0; 1500];
            while !told.load(Ordering::Relaxed) {
                let Ok((length, from)) = socket.recv_from(&mut query) else { continue };
                if !names.silent {
                    socket.send_to(&names.answer(&query[..length]), from).unwrap();
                }
            }
        });
        Server { address, over }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}
