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

#[test]
fn out_of_descriptors_it_waits_and_goes_on() {
    // Fewer than the crowd needs, and with the rest of the program's needs taken off.
    let dev = Dev::start_with_files(320);
    let mut crowd: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(&dev.address).unwrap()).collect();
    let mut late = TcpStream::connect(&dev.address).unwrap();
    late.write_all(b"GET /_poc/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let busy = cpu(dev.pid());
    late.set_read_timeout(Some(std::time::Duration::from_millis(700))).unwrap();
    assert!(late.read(&mut [0; 1]).is_err(), "there was room for it");
    let spent = cpu(dev.pid()) - busy;
    assert!(spent < 20, "it spun for {spent} hundredths of a second while there was nothing to do");
    // Some leave, and whoever waited is served; the handler's process finds descriptors, too.
    crowd.truncate(10);
    late.set_read_timeout(Some(std::time::Duration::from_secs(30))).unwrap();
    let mut answer = String::new();
    late.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(dev.get("/prod/admit?gre=800&gpa=4&rank=1").0, 200);
}

/// Hundredths of a second that the process has computed.
fn cpu(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}
