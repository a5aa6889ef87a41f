//! A client of a page: what it sends and what came back stand as they were on the wire.

use std::fmt;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Of a machine that does other things, too.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request, written as it will be sent.
#[derive(Clone)]
pub struct Call {
    verb: &'static str,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

pub fn get(target: &str) -> Call {
    call("GET", target)
}

/// A POST of JSON.
pub fn post(target: &str, body: &str) -> Call {
    call("POST", target).body("application/json", body)
}

pub fn call(verb: &'static str, target: &str) -> Call {
    Call { verb, target: target.to_owned(), headers: Vec::new(), body: Vec::new() }
}

impl Call {
    pub fn header(mut self, name: &str, value: &str) -> Call {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn key(self, value: &str) -> Call {
        self.header("x-api-key", value)
    }

    pub fn body(self, content_type: &str, body: impl AsRef<[u8]>) -> Call {
        self.header("Content-Type", content_type).bare_body(body)
    }

    /// Without a content type.
    pub fn bare_body(mut self, body: impl AsRef<[u8]>) -> Call {
        self.body = body.as_ref().to_vec();
        self
    }

    /// On a connection of its own.
    pub fn send(&self, address: SocketAddr) -> Seen {
        self.clone().header("Connection", "close").on(&mut connect(address))
    }

    /// On a connection that may go on afterwards.
    pub fn on(&self, stream: &mut TcpStream) -> Seen {
        stream.write_all(&self.written(stream)).unwrap();
        Seen::read(stream, self.verb == "HEAD")
    }

    fn written(&self, stream: &TcpStream) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.verb, self.target);
        let sends = |wanted: &str| self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
        if !sends("host") {
            head += &format!("Host: {}\r\n", stream.peer_addr().unwrap());
        }
        if !self.body.is_empty() {
            head += &format!("Content-Length: {}\r\n", self.body.len());
        }
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        [head.as_bytes(), b"\r\n", &self.body].concat()
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.target)
    }
}

pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// An answer.
#[derive(Debug)]
pub struct Seen {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub bytes: Vec<u8>,
}

impl Seen {
    fn read(stream: &mut TcpStream, headless: bool) -> Seen {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            stream
                .read_exact(&mut byte)
                .unwrap_or_else(|error| panic!("{error} after {}", String::from_utf8_lossy(&head)));
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let line = lines.next().unwrap();
        let status = line.strip_prefix("HTTP/1.1 ").unwrap_or_else(|| panic!("{line}")).split(' ').next().unwrap();
        let headers = lines.map(|line| line.split_once(": ").unwrap_or_else(|| panic!("{line:?} is no header")));
        let headers: Vec<_> = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let mut seen = Seen { status: status.parse().unwrap(), headers, bytes: Vec::new() };
        // A HEAD's answer says how long a body would be.
        if !headless {
            let length = seen.header("content-length").unwrap_or_else(|| panic!("no length: {head}")).parse().unwrap();
            seen.bytes = vec![0; length];
            stream.read_exact(&mut seen.bytes).unwrap();
        }
        seen
    }

    /// The header's value; one that is there twice shows as both, with a bar between.
    pub fn header(&self, name: &str) -> Option<String> {
        let values = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let values: Vec<&str> = values.map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then(|| values.join(" | "))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }
}
