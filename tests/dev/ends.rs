//! How it ends, and why it does not begin.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use poc::event::Problem;
use rustix::process::Signal;

use crate::problems;
use crate::server::{Dev, poc, processes, sample, wait_for};

#[test]
fn ctrl_c_finishes_what_is_under_way_and_leaves_no_process() {
    let directory = sample();
    let slow = "\nimport time\n\n\ndef lambda_handler(event, context):\n    time.sleep(1)\n    return {'slow': True}\n";
    let handler = std::fs::read_to_string(directory.path().join("app/handler.py")).unwrap();
    std::fs::write(directory.path().join("app/handler.py"), handler + slow).unwrap();
    let dev = Dev::start_in(directory, &["--no-watch"]);
    let mut stream = TcpStream::connect(&dev.address).unwrap();
    let key = &dev.key;
    let head = format!("GET /prod/admit?gre=800&gpa=4&rank=1 HTTP/1.1\r\nHost: localhost\r\nx-api-key: {key}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let root = dev.path("").canonicalize().unwrap();
    let ours = root.to_str().unwrap();
    wait_for("the handler", || (!processes(ours).is_empty()).then_some(()));
    let (status, last, _directory) = dev.end();
    assert_eq!(status.code(), Some(0));
    assert_eq!((&last["event"], &last["requests"]), (&"stopped".into(), &1.into()));
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("slow"), "{answer}");
    wait_for("the handler's end", || processes(ours).is_empty().then_some(()));
}

#[test]
fn sigterm_is_like_ctrl_c() {
    let (status, last, _directory) = Dev::start(&["--no-watch"]).end_by(Signal::TERM);
    assert_eq!((status.code(), &last["event"]), (Some(0), &"stopped".into()));
}

#[test]
fn a_port_in_use_is_told_with_a_way_out() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port().to_string();
    let directory = sample();
    let ran = poc(directory.path(), &["dev", "--port", &port]).output().unwrap();
    let err = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(1), "{err}");
    assert!(err.contains(&format!("port {port} of 127.0.0.1 is in use")) && err.contains("--port"), "{err}");
    assert!(err.contains("explain port_in_use"), "{err}");
    let ran = poc(directory.path(), &["dev", "--port", &port, "--json"]).output().unwrap();
    let out = String::from_utf8(ran.stdout).unwrap();
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    let problem = problems::read(&told["problem"]);
    problems::shown(&Problem { message: problem.message.replace(&port, "3000"), ..problem });
    assert!(!directory.path().join(".poc").exists(), "it deployed before it looked");
}

#[test]
fn a_broken_file_is_not_served() {
    let directory = sample();
    std::fs::write(directory.path().join("deploy.yaml"), "name: 1x\n").unwrap();
    let ran = poc(directory.path(), &["dev", "--port", "0"]).output().unwrap();
    assert_eq!(ran.status.code(), Some(2), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn it_never_works_on_aws() {
    let directory = sample();
    for (flag, value) in [("--profile", "prod"), ("--endpoint-url", "http://localhost:4566")] {
        let ran = poc(directory.path(), &["dev", "--port", "0", flag, value]).output().unwrap();
        let err = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(2), "{err}");
        assert!(err.contains(flag), "{err}");
    }
}
