//! The site beside the API: on the same port as people open it, and from an origin of its own as on AWS.

use serde_json::{Value, json};

use crate::server::{Dev, poc, sample, wait_for};

const SITE_HOST: &str = "serverless-poc-site-000000000000-us-east-1.s3-website.localhost";

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines()
        .find_map(|line| line.split_once(": ").filter(|(key, _)| key.eq_ignore_ascii_case(name)))
        .map(|(_, v)| v)
}

#[test]
fn the_page_is_at_the_root_and_finds_its_api() {
    let mut dev = Dev::start(&["--no-watch"]);
    let address = dev.address.clone();
    assert_eq!(dev.event("serving", 0)["site"], format!("http://{address}/"));
    let (status, head, body) = dev.request("GET", "/", "", "");
    assert_eq!((status, header(&head, "content-type")), (200, Some("text/html; charset=utf-8")));
    assert_eq!(header(&head, "cache-control"), Some("no-store"), "what is edited is seen at once");
    assert!(body.starts_with("<!doctype html>"), "{body}");
    let (_, head, settings) = dev.request("GET", "/poc.json", "", "");
    assert_eq!(header(&head, "cache-control"), Some("no-store"));
    let settings: Value = serde_json::from_str(&settings).unwrap();
    let api = format!("http://{address}/prod");
    assert_eq!(settings, json!({ "app": "ServerlessPOC", "stage": "prod", "api": api, "needs_key": true }));
    // As a phone or another machine would see it: the name that it was asked for by.
    let (_, _, settings) = dev.request("GET", "/poc.json", "Host: mybox:3000\r\n", "");
    assert!(settings.contains("\"api\":\"http://mybox:3000/prod\""), "{settings}");

    let told = dev.event("request", 0);
    assert_eq!((&told["answered_by"], &told["status"]), (&json!("site"), &json!(200)));
}

#[test]
fn the_api_and_the_server_keep_their_paths() {
    let mut dev = Dev::start(&["--no-watch"]);
    assert_eq!(dev.get("/prod/admit?gre=800&gpa=4&rank=1").0, 200);
    assert_eq!(dev.request("GET", "/prod", "", "").0, 403);
    assert!(dev.request("GET", "/_poc/health", "", "").2.contains("\"ok\""));
    // What only the API has is not the site's; the log says where it is.
    let (status, _, body) = dev.request("GET", "/admit?gre=1", "", "");
    assert!(status == 403 && body.contains("<li>Code: AccessDenied</li>"), "{status} {body}");
    let refused = wait_for("the refusal in the log", || {
        dev.events("request").into_iter().find(|request| request["target"] == "/admit?gre=1")
    });
    assert_eq!(refused["reason"], "the site has no admit; the API answers under /prod/");
    assert_eq!(dev.request("POST", "/", "", "a=b").0, 405);
    // The AWS APIs answer as before, and a page of the site cannot drive them.
    let signed = "Authorization: AWS4-HMAC-SHA256 Credential=LOCAL/20260101/us-east-1/s3/aws4_request\r\n";
    assert_eq!(dev.request("GET", "/", signed, "").0, 200);
    let by_a_page = format!("{signed}Origin: http://{}\r\n", dev.address);
    assert_eq!(dev.request("GET", "/", &by_a_page, "").0, 403);
    dev.event("request", 0);
}

#[test]
fn nothing_leads_out_of_the_folder() {
    let directory = sample();
    std::fs::write(directory.path().join("web/.env"), "SECRET=1").unwrap();
    std::fs::create_dir(directory.path().join("web/.git")).unwrap();
    std::fs::write(directory.path().join("web/.git/config"), "SECRET=1").unwrap();
    let dev = Dev::start_in(directory, &["--no-watch"]);
    for path in [
        "/../deploy.yaml",
        "/%2e%2e/deploy.yaml",
        "/..%2fdeploy.yaml",
        "/..%5cdeploy.yaml",
        "/web/../../deploy.yaml",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
        "/deploy.yaml",
        "/app/handler.py",
        "/.env",
        "/%2eenv",
        "/.git/config",
        "/index.html%00.txt",
        "/.poc/local/cloud.json",
    ] {
        let (status, _, body) = dev.request("GET", path, "", "");
        assert_eq!(status, 403, "{path}: {body}");
        assert!(!body.contains("SECRET") && !body.contains("lambda_handler"), "{path}: {body}");
    }
    // A link that comes later leads nowhere either: the edit is refused, and what was there stays.
    let mut dev = Dev::start_in(sample(), &[]);
    std::os::unix::fs::symlink("../deploy.yaml", dev.path("web/more.txt")).unwrap();
    let invalid = dev.event("invalid", 0);
    assert_eq!(invalid["faults"][0]["code"], "link_in_site");
    assert_eq!(dev.request("GET", "/more.txt", "", "").0, 403);
    assert_eq!(dev.request("GET", "/", "", "").0, 200);
}

#[test]
fn an_edited_page_is_served_and_a_removed_one_is_not() {
    let mut dev = Dev::start(&[]);
    dev.edit("web/index.html", "Will I be admitted?", "Shall I be admitted?");
    let redeployed = dev.event("redeployed", 0);
    assert_eq!(redeployed["changes"], json!(["site index.html"]));
    assert!(dev.request("GET", "/", "", "").2.contains("Shall I be"));
    dev.write("web/new.txt", "new");
    dev.event("redeployed", 1);
    assert_eq!(dev.request("GET", "/new.txt", "", "").2, "new");
    std::fs::remove_file(dev.path("web/new.txt")).unwrap();
    dev.event("redeployed", 2);
    assert_eq!(dev.request("GET", "/new.txt", "", "").0, 403);
    // A site that is given up is not served any more, and the API has its paths back.
    let text = std::fs::read_to_string(dev.path("deploy.yaml")).unwrap();
    let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("site:")).collect();
    dev.write("deploy.yaml", &format!("{}\n", kept.join("\n")));
    dev.event("redeployed", 3);
    let (status, head, _) = dev.request("GET", "/", "", "");
    assert!(status == 403 && head.contains("application/json"), "{head}");
}

/// Under its bucket's name the page is of another origin than its API, and the browser asks before it sends the key.
#[test]
fn under_its_own_name_the_page_needs_cors_and_gets_it() {
    let directory = sample();
    let file = directory.path().join("deploy.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("{ rate: 10, burst: 20 }", "{ rate: 0.01, burst: 3 }")).unwrap();
    let dev = Dev::start_in(directory, &["--no-watch"]);
    let port = dev.address.rsplit(':').next().unwrap();
    let origin = format!("http://{SITE_HOST}:{port}");
    let (_, _, settings) = dev.request("GET", "/poc.json", &format!("Host: {SITE_HOST}:{port}\r\n"), "");
    let settings: Value = serde_json::from_str(&settings).unwrap();
    assert_eq!(settings["api"], format!("http://{}/prod", dev.address));
    let asking = "Access-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: x-api-key\r\n";
    let asking = format!("Origin: {origin}\r\n{asking}");
    let (status, head, _) = dev.request("OPTIONS", "/prod/admit?gre=800&gpa=4&rank=1", &asking, "");
    assert_eq!((status, header(&head, "access-control-allow-origin")), (200, Some("*")));
    assert!(header(&head, "access-control-allow-headers").is_some_and(|names| names.contains("X-Api-Key")), "{head}");
    let from = format!("Origin: {origin}\r\n");
    let keyed = format!("{from}x-api-key: {}\r\n", dev.key);
    // Whatever the answer is, the page may read it.
    for (target, headers, status) in [
        ("/prod/admit?gre=800&gpa=4&rank=1", &keyed, 200),
        ("/prod/admit?gre=abc&gpa=4&rank=1", &keyed, 400),
        ("/prod/admit?gre=800&gpa=4&rank=1", &from, 403),
        ("/prod/nowhere", &from, 403),
    ] {
        let (seen, head, _) = dev.request("GET", target, headers, "");
        assert_eq!((seen, header(&head, "access-control-allow-origin")), (status, Some("*")), "{target}: {head}");
    }
    dev.request("GET", "/prod/admit?gre=800&gpa=4&rank=1", &keyed, "");
    let (seen, head, _) = dev.request("GET", "/prod/admit?gre=800&gpa=4&rank=1", &keyed, "");
    assert_eq!((seen, header(&head, "access-control-allow-origin")), (429, Some("*")), "{head}");
}

#[test]
fn without_a_site_everything_is_the_apis() {
    let directory = sample();
    let file = directory.path().join("deploy.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("site:")).collect();
    std::fs::write(&file, format!("{}\n", kept.join("\n"))).unwrap();
    let validated = poc(directory.path(), &["validate"]).output().unwrap();
    assert!(validated.status.success());
    let mut dev = Dev::start_in(directory, &["--no-watch"]);
    assert_eq!(dev.event("serving", 0).get("site"), None);
    let (status, _, body) = dev.request("GET", "/", "", "");
    assert_eq!((status, body.as_str()), (403, "{\"message\":\"Forbidden\"}"));
}
