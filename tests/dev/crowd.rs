//! Ten thousand connections that only stay.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::server::Dev;

const CROWD: usize = 10_000;
/// What each may cost the server, in KB: its buffers, after it has been used once.
const EACH: usize = 20;

/// KB of memory that the process holds.
fn resident(pid: u32) -> usize {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn ten_thousand_idle_connections_are_affordable() {
    // One process holds one end of each: this one. The server is another, with a limit of its own.
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    let granted = usize::try_from(limit.maximum.unwrap_or(1 << 20)).unwrap();
    assert!(granted > CROWD + 500, "this machine grants {granted} open files; the test needs {}", CROWD + 500);

    let dev = Dev::start(&["--no-watch"]);
    assert_eq!(dev.get("/prod/admit?gre=800&gpa=4&rank=1").0, 200);
    let before = resident(dev.pid());
    let mut crowd = Vec::with_capacity(CROWD);
    for n in 0..CROWD {
        let mut stream = TcpStream::connect(&dev.address).unwrap_or_else(|error| panic!("connection {n}: {error}"));
        // Half of them have been of use; the other half never say a word.
        if n % 2 == 0 {
            stream.write_all(b"GET /_poc/health HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
            let mut answer = [0; 16];
            stream.read_exact(&mut answer).unwrap();
            assert_eq!(&answer[..15], b"HTTP/1.1 200 OK");
        }
        crowd.push(stream);
    }
    let grown = resident(dev.pid()).saturating_sub(before);
    assert!(grown < CROWD * EACH, "{CROWD} connections take {grown} KB");
    assert_eq!(dev.get("/prod/admit?gre=800&gpa=4&rank=1").0, 200, "with the crowd there");
    drop(crowd);
    assert_eq!(dev.get("/prod/admit?gre=800&gpa=4&rank=1").0, 200, "after the crowd has gone");
    let (status, ..) = dev.end();
    assert_eq!(status.code(), Some(0));
}
