//! The page at `/_poc/`: what it is told of the API and of every call, and who else is told.

use serde_json::{Value, json};

use crate::server::{Dev, poc, sample, wait_for};

const GOOD: &str = "/prod/admit?gre=800&gpa=4&rank=1";
/// What a browser says when a person opens a page.
const OPENED: &str = "Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n";
/// What it says when a page's script asks the page's own origin.
const OWN_SCRIPT: &str = "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n";

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines()
        .find_map(|line| line.split_once(": ").filter(|(key, _)| key.eq_ignore_ascii_case(name)))
        .map(|(_, value)| value)
}

impl Dev {
    fn page(&self, part: &str) -> Value {
        let (status, _, body) = self.request("GET", &format!("/_poc/{part}"), "", "");
        assert_eq!(status, 200, "{part}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// As a person's browser finds it in the page.
    fn token(&self) -> String {
        let (_, _, page) = self.request("GET", "/_poc/", OPENED, "");
        let token = page.split("name=\"poc-page\" content=\"").nth(1).unwrap().split('"').next().unwrap();
        token.to_owned()
    }

    fn status_of(&self, part: &str, headers: &str) -> u16 {
        self.request("GET", &format!("/_poc/{part}"), headers, "").0
    }

    fn calls(&self) -> Vec<Value> {
        self.page("calls")["calls"].as_array().unwrap().clone()
    }
}

fn step<'a>(call: &'a Value, name: &str) -> &'a Value {
    let steps = call["steps"].as_array().unwrap();
    steps.iter().find(|step| step["name"] == name).unwrap_or_else(|| panic!("no {name} in {call}"))
}

fn fact<'a>(call: &'a Value, of: &str, name: &str) -> &'a Value {
    let facts = step(call, of)["facts"].as_array().unwrap();
    facts.iter().find(|fact| fact["name"] == name).unwrap_or_else(|| panic!("no {name} in {}", step(call, of)))
}

fn json_of(fact: &Value) -> Value {
    serde_json::from_str(fact["json"].as_str().unwrap()).unwrap()
}

/// Edits the sample's deploy.yaml.
fn edited(from: &str, to: &str) -> tempfile::TempDir {
    let directory = sample();
    let file = directory.path().join("deploy.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{from}");
    std::fs::write(&file, text.replacen(from, to, 1)).unwrap();
    directory
}

#[test]
fn the_page_is_there_and_keeps_strangers_out_of_itself() {
    let mut dev = Dev::start(&["--no-watch"]);
    assert_eq!(dev.event("serving", 0)["page"], format!("http://{}/_poc/", dev.address));
    let (status, head, body) = dev.request("GET", "/_poc/", OPENED, "");
    assert_eq!((status, header(&head, "content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(body.starts_with("<!doctype html>"), "{body}");
    let (status, head, _) = dev.request("GET", "/_poc", "", "");
    assert_eq!((status, header(&head, "location")), (308, Some("/_poc/")));

    // Whatever the page names is here, and nothing that it names is elsewhere.
    let named: Vec<&str> = ["src=\"", "href=\""]
        .into_iter()
        .flat_map(|attribute| body.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()))
        .filter(|name| !name.starts_with('#') && *name != "/")
        .collect();
    assert!(named.len() >= 4, "{named:?}");
    for part in named.into_iter().chain(["form.js", "life.js", "parts.js", "routes", "calls", "nothing", "../x"]) {
        let (status, head, body) = dev.request("GET", &format!("/_poc/{part}"), "", "");
        assert_eq!(status, if matches!(part, "nothing" | "../x") { 404 } else { 200 }, "{part}: {body}");
        let is = |name, value| assert_eq!(header(&head, name), Some(value), "{part}: {head}");
        is("cache-control", "no-store");
        is("x-content-type-options", "nosniff");
        is("cross-origin-resource-policy", "same-origin");
        is("cross-origin-opener-policy", "same-origin");
        is("referrer-policy", "no-referrer");
        let policy = header(&head, "content-security-policy").unwrap();
        for rule in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        ] {
            assert!(policy.split("; ").any(|own| own == rule), "{part} lacks {rule}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        assert!(!body.contains("innerHTML") && !body.contains("//cdn") && !body.contains("https://"), "{part}");
    }

    // It is for reading, and its asking every second is in no log and no count.
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let (status, head, _) = dev.request(method, "/_poc/calls", "", "");
        assert_eq!((status, header(&head, "allow")), (405, Some("GET, HEAD")), "{method}");
    }
    dev.get(GOOD);
    let logged = wait_for("the call", || {
        let all = dev.events("request");
        all.iter().any(|request| request["target"] == GOOD).then_some(all)
    });
    let of_page = |request: &&Value| request["target"].as_str().unwrap().starts_with("/_poc");
    let statuses: Vec<&Value> = logged.iter().filter(of_page).map(|request| &request["status"]).collect();
    assert_eq!(statuses, [405; 4].map(Value::from).iter().collect::<Vec<_>>(), "refusals alone are told");
    assert_eq!(dev.end().1["requests"], 5);
}

#[test]
fn what_can_be_called_is_told_with_values_to_try() {
    let dev = Dev::start(&[]);
    let told = dev.page("routes");
    assert_eq!((&told["open"], &told["deployed"]), (&json!(false), &json!(1)));
    let api = &told["api"];
    assert_eq!(api["app"], "ServerlessPOC");
    assert_eq!((&api["stage"], &api["path"], &api["host"]), (&json!("prod"), &json!("/prod"), &Value::Null));
    assert_eq!((&api["site"], &api["function"]), (&json!(true), &json!("ServerlessPOCAdmission")));
    let methods = api["methods"].as_array().unwrap();
    assert_eq!(methods.len(), 1);
    let admit = &methods[0];
    assert_eq!((&admit["verb"], &admit["path"], &admit["key"]), (&json!("GET"), &json!("/admit"), &json!(true)));
    let parameters = admit["parameters"].as_array().unwrap();
    let tried: Vec<(&str, &str, bool, &str)> = parameters
        .iter()
        .map(|one| {
            let text = |name: &str| one[name].as_str().unwrap();
            (text("place"), text("name"), one["required"].as_bool().unwrap(), text("example"))
        })
        .collect();
    let wanted = [("query", "gre", true, "800"), ("query", "gpa", true, "4"), ("query", "rank", true, "1")];
    assert_eq!(tried, wanted);
    assert_eq!(admit["templates"], json!({ "application/json": "templates/admit/request.vtl" }));
    assert_eq!(admit["responses"][1]["status"], 400);
    assert_eq!(admit["responses"][1]["pattern"], ".*\"httpStatus\":400.*");
    assert_eq!(admit["responses"][1]["templates"], json!({ "application/json": "templates/admit/error.vtl" }));

    // What is edited is shown at once; a new route with it.
    dev.edit("deploy.yaml", "        api_key: true ", "        api_key: false");
    wait_for("the edit", || (dev.page("routes")["api"]["methods"][0]["key"] == false).then_some(()));
    assert!(dev.page("calls")["deployed"].as_u64().unwrap() >= 2, "whoever asks for calls learns that there is more");
}

#[test]
fn a_call_is_told_with_every_value_it_had() {
    let mut dev = Dev::start(&["--no-watch"]);
    dev.get(GOOD);
    dev.get("/prod/admit?gre=abc&gpa=4&rank=1");
    dev.request("GET", GOOD, "", "");
    dev.request("GET", "/prod/nowhere", "", "");
    let calls = dev.calls();
    let [good, bad, keyless, nowhere] = calls.as_slice() else { panic!("{calls:?}") };

    let steps: Vec<&Value> = good["steps"].as_array().unwrap().iter().map(|step| &step["name"]).collect();
    let all = ["method_request", "integration_request", "integration", "integration_response", "method_response"];
    assert_eq!(steps, all.map(Value::from).iter().collect::<Vec<_>>());
    assert_eq!((&good["method"], &good["target"], &good["status"]), (&json!("GET"), &json!(GOOD), &json!(200)));
    assert_eq!(
        (&good["number"], &good["resource"], &good["api_key"]),
        (&1.into(), &"/admit".into(), &"ServerlessPOC".into())
    );
    assert_eq!(fact(good, "method_request", "query")["pairs"], json!([["gre", "800"], ["gpa", "4"], ["rank", "1"]]));
    assert_eq!(fact(good, "integration_request", "template")["text"], "application/json");
    // As the template wrote it.
    assert_eq!(json_of(fact(good, "integration_request", "body")), json!({ "gre": "800", "gpa": "4", "rank": "1" }));
    assert_eq!(json_of(fact(good, "integration", "result")), json!({ "result": true }));
    assert_eq!(fact(good, "integration_response", "pattern")["text"], "none matched: the default, 200");
    assert_eq!(json_of(&good["body"]), json!({ "result": true }));
    assert!(good["elapsed_us"].as_u64().unwrap() >= step(good, "integration")["elapsed_us"].as_u64().unwrap());
    assert!(good["cold_start_us"].as_u64().unwrap() > 0, "the first one starts the handler");

    assert_eq!(bad["status"], 400);
    assert_eq!(fact(bad, "integration_response", "pattern")["text"], ".*\"httpStatus\":400.* → 400");
    assert_eq!(fact(bad, "integration_response", "template")["text"], "application/json");
    let raised = json_of(fact(bad, "integration", "result"));
    assert!(raised["errorMessage"].as_str().unwrap().contains("gre must be a number, not 'abc'"), "{raised}");
    assert_eq!(json_of(&bad["body"])["code"], 400);

    for (call, kind, error, body) in [
        (keyless, "INVALID_API_KEY", "ForbiddenException", "Forbidden"),
        (
            nowhere,
            "MISSING_AUTHENTICATION_TOKEN",
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        ),
    ] {
        assert_eq!((&call["status"], call["steps"].as_array().unwrap().len()), (&json!(403), 2));
        assert_eq!(fact(call, "method_response", "gateway_response")["text"], kind);
        let headers = fact(call, "method_response", "headers")["pairs"].as_array().unwrap();
        assert!(headers.contains(&json!(["x-amzn-errortype", error])), "{headers:?}");
        assert_eq!(json_of(&call["body"]), json!({ "message": body }));
        assert!(!call["reason"].as_str().unwrap().is_empty());
    }
    // Only what is new is told twice a second.
    let (_, _, newer) = dev.request("GET", "/_poc/calls?after=3", "", "");
    let newer: Value = serde_json::from_str(&newer).unwrap();
    assert_eq!((newer["calls"].as_array().unwrap().len(), &newer["calls"][0]["number"]), (1, &json!(4)));
    // The log has the times alone, as before.
    let request = dev.event("request", 0);
    assert!(request["steps"][0].get("facts").is_none(), "{request}");
}

#[test]
fn no_key_s_value_is_told_by_the_way() {
    let mut dev = Dev::start(&["--no-watch"]);
    let key = dev.key.clone();
    dev.get(GOOD);
    // In the query by mistake, too; and a key that opens nothing.
    dev.get(&format!("{GOOD}&key={key}"));
    let other = "somebody-elses-key-1234567890";
    dev.request("GET", GOOD, &format!("x-api-key: {other}\r\n"), "");
    let (_, _, calls) = dev.request("GET", "/_poc/calls", "", "");
    assert_eq!(serde_json::from_str::<Value>(&calls).unwrap()["calls"].as_array().unwrap().len(), 3);
    assert!(calls.contains("<API key>") && !calls.contains(&key) && !calls.contains(other), "{calls}");
    for part in ["", "routes", "page.js"] {
        let (_, _, body) = dev.request("GET", &format!("/_poc/{part}"), OPENED, "");
        assert!(!body.contains(&key), "{part}");
    }
    dev.event("request", 2);
    // The log of the program itself; the target is what the caller sent.
    let log = format!("{:?}", dev.events("request").iter().map(|request| &request["steps"]).collect::<Vec<_>>());
    assert!(!log.contains(&key) && !dev.stderr().contains(&key), "{log}");
}

#[test]
fn the_key_is_for_the_page_itself_alone() {
    let dev = Dev::start(&["--no-watch"]);
    let token = dev.token();
    assert_eq!(token.len(), 32, "{token}");
    let with = |headers: &str| format!("{headers}X-Poc-Page: {token}\r\n");
    let (status, head, body) = dev.request("GET", "/_poc/keys", &with(OWN_SCRIPT), "");
    let told: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, told), (200, json!({ "keys": [{ "name": "ServerlessPOC", "value": dev.key }] })));
    assert!(!head.to_ascii_lowercase().contains("access-control"), "{head}");
    assert_eq!(header(&head, "cache-control"), Some("no-store"));

    let refused = |headers: &str| {
        let (status, _, body) = dev.request("GET", "/_poc/keys", headers, "");
        assert!(status == 403 && !body.contains(&dev.key), "{headers}: {status} {body}");
    };
    // Without the token, with a wrong one, by a program, by another site, by another port of this machine.
    refused(OWN_SCRIPT);
    refused(&format!("{OWN_SCRIPT}X-Poc-Page: {}\r\n", "0".repeat(32)));
    refused(&with(""));
    refused(&with("Sec-Fetch-Site: cross-site\r\n"));
    refused(&with("Sec-Fetch-Site: same-site\r\n"));
    refused(&with("Sec-Fetch-Site: none\r\n"));
    refused(&with(&format!("{OWN_SCRIPT}Origin: http://127.0.0.1:1\r\n")));
    refused(&with(&format!("{OWN_SCRIPT}Origin: null\r\n")));
    refused(&with(&format!("{OWN_SCRIPT}Host: evil.example\r\n")));
    // A script of the site, of the same origin, cannot read the token: what it fetches or frames is without one.
    for headers in [OWN_SCRIPT, &OPENED.replace("document", "iframe"), ""] {
        let (status, _, page) = dev.request("GET", "/_poc/", headers, "");
        assert_eq!(status, 200);
        assert!(page.contains("name=\"poc-page\" content=\"\"") && !page.contains(&token), "{headers}");
    }
}

#[test]
fn no_other_site_sees_anything_of_it() {
    let dev = Dev::start(&["--no-watch"]);
    dev.get(GOOD);
    for part in ["", "page.js", "routes", "calls", "keys"] {
        // DNS rebinding: the stranger's own name leads here. To the server it is a custom domain that is not there.
        let (status, _, body) = dev.request("GET", &format!("/_poc/{part}"), "Host: evil.example:3000\r\n", "");
        assert!(status == 403 && body == r#"{"message":"Forbidden"}"#, "{part}: {status} {body}");
        // A name of the local network is nobody's in particular.
        assert_eq!(dev.status_of(part, "Host: mybox:3000\r\n"), 403, "{part}");
        assert_eq!(dev.status_of(part, "Host: 192.168.1.7\r\n"), 403, "{part}");
        assert_eq!(dev.status_of(part, "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n"), 403, "{part}");
        assert_eq!(dev.status_of(part, "Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: cors\r\n"), 403, "{part}");
        assert_eq!(dev.status_of(part, "Origin: https://elsewhere.example\r\n"), 403, "{part}");
    }
    // Nor is a browser told that it could be: the question before a cross-origin request is answered with no.
    let asking = "Origin: https://elsewhere.example\r\nAccess-Control-Request-Method: GET\r\n";
    let (status, head, _) = dev.request("OPTIONS", "/_poc/calls", asking, "");
    assert!(status == 405 && !head.to_ascii_lowercase().contains("access-control"), "{head}");
    // Every name of this machine is as good.
    let port = dev.address.rsplit(':').next().unwrap();
    for host in ["localhost", "app.localhost", "127.0.0.1", "[::1]"] {
        assert_eq!(dev.status_of("calls", &format!("Host: {host}:{port}\r\n")), 200, "{host}");
    }
    // A link may lead to the page, which then has a window of its own.
    assert_eq!(dev.status_of("", &OPENED.replace("none", "cross-site")), 200);
}

#[test]
fn the_last_fifty_are_kept_and_of_long_values_the_beginning() {
    let dev = Dev::start_in(
        edited("  throttle: { rate: 10, burst: 20 }", "  throttle: { rate: 1000, burst: 2000 }"),
        &["--no-watch"],
    );
    for n in 0..60 {
        dev.request("GET", &format!("/prod/nowhere/{n}"), "", "");
    }
    let calls = dev.calls();
    assert_eq!(calls.len(), 50);
    assert_eq!((&calls[0]["number"], &calls[0]["target"]), (&json!(11), &json!("/prod/nowhere/10")));
    assert_eq!(calls[49]["target"], "/prod/nowhere/59");
    // 1 MB in; the function raises what it got.
    let long = "9".repeat(1 << 20);
    let keyed = format!("x-api-key: {}\r\n", dev.key);
    let (status, _, _) = dev.request("GET", "/prod/admit?gre=abc&gpa=4&rank=1", &keyed, &long);
    assert_eq!(status, 400);
    let (_, _, told) = dev.request("GET", "/_poc/calls?after=60", "", "");
    assert!(told.len() < 40_000, "{}", told.len());
    let told: Value = serde_json::from_str(&told).unwrap();
    let body = fact(&told["calls"][0], "method_request", "body")["text"].as_str().unwrap();
    assert!(body.ends_with("\n… the first 8192 of 1048576 bytes"), "{}", &body[body.len() - 60..]);
}

#[test]
fn open_to_others_it_shows_what_can_be_called_and_nothing_else() {
    let mut dev = Dev::start(&["--no-watch", "--host", "0.0.0.0"]);
    wait_for("the note", || {
        let mut notes = dev.events("note").into_iter();
        notes.find(|note| note["text"].as_str().unwrap().contains("/_poc/ shows no key then, and no calls"))
    });
    dev.get(GOOD);
    dev.event("request", 0);
    let told = dev.page("calls");
    assert_eq!(told["calls"], Value::Null, "{told}");
    let routes = dev.page("routes");
    assert_eq!((&routes["open"], &routes["api"]["methods"][0]["path"]), (&json!(true), &json!("/admit")));
    let (_, _, page) = dev.request("GET", "/_poc/", OPENED, "");
    assert!(page.contains("name=\"poc-page\" content=\"\""), "{page}");
    let (status, _, body) = dev.request("GET", "/_poc/keys", &format!("{OWN_SCRIPT}X-Poc-Page: \r\n"), "");
    assert!(status == 403 && body.contains("open to others") && !body.contains(&dev.key), "{body}");
    // Still no stranger's name, and no other site.
    assert_eq!(dev.status_of("routes", "Host: evil.example\r\n"), 403);
    assert_eq!(dev.status_of("routes", "Sec-Fetch-Site: cross-site\r\n"), 403);
}

#[test]
fn a_stage_or_a_resource_of_that_name_stays_the_api_s() {
    // A resource is below its stage, so both are there.
    let route = "    /_poc: { GET: { integration: mock } }\n    /admit:\n";
    let dev = Dev::start_in(edited("    /admit:\n", route), &["--no-watch"]);
    assert_eq!(dev.request("GET", "/prod/_poc", "", "").0, 200);
    assert!(dev.request("GET", "/_poc/", OPENED, "").2.starts_with("<!doctype html>"));
    assert!(dev.page("routes")["api"]["methods"].as_array().unwrap().iter().any(|method| method["path"] == "/_poc"));
    drop(dev);

    let mut dev = Dev::start_in(edited("stage: prod", "stage: _poc"), &["--no-watch"]);
    assert_eq!(dev.event("serving", 0).get("page"), None);
    let notes = dev.events("note");
    assert!(notes.iter().any(|note| note["text"].as_str().unwrap().contains("the stage is called _poc")), "{notes:?}");
    assert_eq!(dev.get("/_poc/admit?gre=800&gpa=4&rank=1").0, 200);
    for path in ["/_poc/", "/_poc/calls", "/_poc/health"] {
        let (status, _, body) = dev.request("GET", path, "", "");
        assert!(status == 403 && body.contains("Missing Authentication Token"), "{path}: {body}");
    }
}

#[test]
fn a_site_s_folder_of_that_name_is_told_of() {
    let directory = sample();
    std::fs::create_dir(directory.path().join("web/_poc")).unwrap();
    std::fs::write(directory.path().join("web/_poc/index.html"), "mine").unwrap();
    let mut dev = Dev::start_in(directory, &["--no-watch"]);
    dev.event("serving", 0);
    let text = wait_for("the note", || {
        dev.events("note")
            .into_iter()
            .find_map(|note| note["text"].as_str().filter(|t| t.contains("_poc")).map(str::to_owned))
    });
    assert!(text.ends_with("so the site's folder _poc is shown under its bucket's name alone"), "{text}");
    assert_ne!(dev.request("GET", "/_poc/", "", "").2, "mine");
    let bucket = "Host: serverless-poc-site-000000000000-us-east-1.s3-website.localhost\r\n";
    assert_eq!(dev.request("GET", "/_poc/index.html", bucket, "").2, "mine");
}

#[test]
fn what_the_file_says_of_a_method_is_shown_and_changes_nothing_in_the_cloud() {
    let words = "        summary: Will they be admitted?\n        description: <b>Asks</b> a model.\n";
    let query = "query: { gre: { required: true, description: GRE score }, gpa: required, rank: required }";
    let directory = edited("        summary: Is an applicant with these marks admitted?\n", words);
    let file = directory.path().join("deploy.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("query: { gre: required, gpa: required, rank: required }", query)).unwrap();
    let dev = Dev::start_in(directory, &[]);
    let told = || dev.page("routes")["api"]["methods"][0].clone();
    assert_eq!(told()["summary"], "Will they be admitted?");
    assert_eq!(told()["description"], "<b>Asks</b> a model.");
    let described: Vec<Value> =
        told()["parameters"].as_array().unwrap().iter().map(|p| p["description"].clone()).collect();
    assert_eq!(described, [json!("GRE score"), Value::Null, Value::Null]);
    dev.edit("deploy.yaml", "Will they be admitted?", "Who is admitted?");
    wait_for("the edit", || (told()["summary"] == "Who is admitted?").then_some(()));
    let out = poc(dev.directory.path(), &["plan", "--local", "--json"]).output().unwrap();
    let plan: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(plan["steps"], json!([]), "{plan}");
    assert!(dev.events("redeployed").is_empty());
}
