//! What is served: the API, and AWS's own APIs, on one port.

use crate::server::{Dev, poc};

#[test]
fn the_api_is_answered_as_api_gateway_would() {
    let mut dev = Dev::start(&["--no-watch"]);
    let (status, _, body) = dev.get("/prod/admit?gre=800&gpa=4&rank=1");
    assert_eq!((status, body.replace(' ', "").as_str()), (200, r#"{"result":true}"#));
    let (status, head, body) = dev.request("GET", "/prod/admit?gre=800&gpa=4&rank=1", "", "");
    assert_eq!((status, body.as_str()), (403, r#"{"message":"Forbidden"}"#));
    assert!(head.contains("ForbiddenException"), "{head}");
    let (status, _, body) = dev.request("GET", "/prod/nowhere", "", "");
    assert_eq!((status, body.as_str()), (403, r#"{"message":"Missing Authentication Token"}"#));
    let (status, _, _) = dev.get("/prod/admit?gre=abc&gpa=4&rank=1");
    assert_eq!(status, 400);
    // By the host name of the file's domain, and its base path.
    let headers = format!("Host: api.example.com\r\nx-api-key: {}\r\n", dev.key);
    let (status, _, body) = dev.request("GET", "/poc/admit?gre=800&gpa=4&rank=1", &headers, "");
    assert_eq!(status, 200, "{body}");

    let first = dev.event("request", 0);
    assert_eq!((&first["method"], &first["status"]), (&"GET".into(), &200.into()));
    assert_eq!(first["target"], "/prod/admit?gre=800&gpa=4&rank=1");
    assert_eq!((&first["resource"], &first["api_key"]), (&"/admit".into(), &"ServerlessPOC".into()));
    let steps = first["steps"].as_array().unwrap();
    let integration = steps.iter().find(|step| step["name"] == "integration").unwrap();
    assert!(integration["elapsed_us"].as_u64().unwrap() > 0);
    assert!(integration["cold_us"].as_u64().unwrap() > 0, "the first one starts the handler: {first}");
    let refused = dev.event("request", 1);
    assert!(refused["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{refused}");
    let all = format!("{:?}", dev.events("request"));
    assert!(!all.contains(&dev.key), "the key's value is in the log");
}

/// C1: a disabled default endpoint answers 403, so nobody is sent there.
#[test]
fn only_the_custom_domain_where_the_file_says_so() {
    let directory = crate::server::sample();
    let file = directory.path().join("deploy.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let turned_off = "  endpoint: regional\n  disable_execute_api_endpoint: true\n";
    let from = text.find("  endpoint: regional").unwrap();
    let to = from + text[from..].find('\n').unwrap() + 1;
    std::fs::write(&file, [&text[..from], turned_off, &text[to..]].concat()).unwrap();
    let mut dev = Dev::start_in(directory, &["--no-watch"]);
    let serving = dev.event("serving", 0);
    let address = dev.address.clone();
    assert_eq!(serving["url"], format!("http://{address}/poc"));
    let call = "curl -i -H 'Host: api.example.com' -H \"x-api-key: $(poc key show --local)\" ";
    assert_eq!(serving["call"], format!("{call}'http://{address}/poc/admit?gre=800&gpa=4&rank=1'"));
    let headers = format!("Host: api.example.com\r\nx-api-key: {}\r\n", dev.key);
    assert_eq!(dev.request("GET", "/poc/admit?gre=800&gpa=4&rank=1", &headers, "").0, 200);
    let (status, head, body) = dev.get("/prod/admit?gre=800&gpa=4&rank=1");
    assert_eq!((status, body.as_str()), (403, r#"{"message":"Forbidden"}"#));
    assert!(head.contains("ForbiddenException"), "{head}");
}

#[test]
fn the_aws_apis_are_answered_to_who_signs() {
    let dev = Dev::start(&["--no-watch"]);
    let scope = |service: &str| {
        let credential = format!("Credential=LOCAL/20260101/us-east-1/{service}/aws4_request");
        format!("Authorization: AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=00\r\n")
    };
    let (status, _, body) = dev.request("GET", "/restapis", &scope("apigateway"), "");
    assert!(status == 200 && body.contains(r#""name":"ServerlessPOC""#), "{status} {body}");
    let event = r#"{"gre":"800","gpa":"4","rank":"1"}"#;
    let invoke = "/2015-03-31/functions/ServerlessPOCAdmission/invocations";
    let (status, _, body) = dev.request("POST", invoke, &scope("lambda"), event);
    assert_eq!((status, body.replace(' ', "").as_str()), (200, r#"{"result":true}"#));
    let (status, _, body) = dev.request("GET", "/", &scope("s3"), "");
    assert!(status == 200 && body.contains("serverless-poc-000000000000-us-east-1"), "{status} {body}");
    // A page of another site, seen in a browser on this machine.
    let page = format!("{}Origin: https://elsewhere.example\r\n", scope("apigateway"));
    assert_eq!(dev.request("GET", "/restapis", &page, "").0, 403);
    let rebound = format!("{}Host: elsewhere.example\r\n", scope("apigateway"));
    assert_eq!(dev.request("GET", "/restapis", &rebound, "").0, 403);
    let (status, _, body) = dev.request("GET", "/_poc/health", "", "");
    assert!(status == 200 && body.contains(r#""status":"ok""#), "{status} {body}");
}

#[test]
fn what_callers_send_cannot_drive_the_terminal() {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;
    let directory = crate::server::sample();
    let mut child = poc(directory.path(), &["dev", "--port", "0", "--no-watch", "--color", "never"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let serving = lines.find(|line| line.starts_with("serving")).unwrap();
    let address = serving.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let tried = lines.find(|line| line.starts_with("try it")).unwrap();
    let line =
        format!("curl -i -H \"x-api-key: $(poc key show --local)\" 'http://{address}/prod/admit?gre=800&gpa=4&rank=1'");
    assert!(tried.ends_with(&line), "{tried}");
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(&address).unwrap();
    stream.write_all(b"GET /prod/\xc2\x9b2J%1b[2J HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let logged = lines.find(|line| line.contains("/prod/")).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(logged.chars().all(|c| !c.is_control()), "{logged:?}");
    assert!(logged.contains("\\u{9b}2J%1b[2J") && logged.contains(" 403 "), "{logged}");
}
