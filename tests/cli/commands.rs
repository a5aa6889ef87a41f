//! The commands around what is deployed: test, call, key, logs, render.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::{Value, json};

use super::{Desk, Ran};

const REQUEST: &str = "/admit?gre=800&gpa=4&rank=1";

/// The sample, deployed on this machine.
fn deployed() -> Desk {
    let desk = Desk::new();
    desk.poc(&["deploy", "--local", "--yes", "--quiet", "--no-checks"]).exits(0);
    desk
}

fn value(desk: &Desk) -> String {
    desk.poc(&["key", "show", "--local"]).exits(0).out.trim_end().to_owned()
}

/// Wrapped texts as one line.
fn told(ran: &Ran) -> String {
    format!("{} {}", ran.out, ran.err).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_deploy_ends_with_its_checks_and_with_lines_that_work() {
    let desk = Desk::new();
    let ran = desk.poc(&["deploy", "--local", "--yes"]).exits(0);
    assert!(told(&ran).contains("24 created. 3 checks passed."), "{}", ran.err);
    assert!(ran.out.contains("poc call GET '/admit?gre=800&gpa=4&rank=1' --local"), "{}", ran.out);
    assert_eq!(ran.err.matches("✓ passed").count(), 3, "{}", ran.err);

    let again = desk.poc(&["deploy", "--local", "--yes", "--json"]).exits(0);
    assert_eq!(again.out.matches("\"event\":\"check_passed\"").count(), 3, "{}", again.out);
    let end = again.last_event();
    assert_eq!((&end["outcome"], &end["checks"]), (&json!("unchanged"), &json!({ "passed": 3, "failed": 0 })));

    let skipped = desk.poc(&["deploy", "--local", "--yes", "--json", "--no-checks"]).exits(0);
    assert!(!skipped.out.contains("check"), "{}", skipped.out);
}

#[test]
fn a_check_that_fails_ends_a_deploy_with_4_and_leaves_it_deployed() {
    let desk = Desk::new();
    desk.edit("deploy.yaml", "json: { result: true }", "json: { result: false }");
    let ran = desk.poc(&["deploy", "--local", "--yes"]).exits(4);
    let words = told(&ran);
    assert!(words.contains("json.result: expected false, got true"), "{}", ran.err);
    assert!(words.contains("1 of 3 checks failed: what is deployed stays deployed"), "{}", ran.err);
    assert!(ran.out.contains("invoke URL"), "{}", ran.out);
    let again = desk.poc(&["deploy", "--local", "--yes", "--json"]).exits(4).last_event();
    assert_eq!((&again["outcome"], &again["writes"]), (&json!("unchanged"), &json!(0)));
    assert_eq!(again["checks"], json!({ "passed": 2, "failed": 1 }));
    desk.poc(&["deploy", "--local", "--yes", "--no-checks"]).exits(0);
}

#[test]
fn without_the_functions_runtime_the_checks_say_so() {
    let desk = Desk::new();
    let mut command = desk.command(&["deploy", "--local", "--yes"]);
    let ran = Ran::of(command.env("PATH", desk.directory.path()).output().unwrap()).exits(4);
    let words = told(&ran);
    assert!(words.contains("2 of 3 checks failed"), "{}", ran.err);
    assert_eq!(words.matches("reason: ").count(), 2, "{}", ran.err);
    assert!(words.contains("python3"), "{}", ran.err);

    // A call's answer is what a caller would get; the developer is told more.
    let mut command = desk.command(&["call", "GET", REQUEST, "--local"]);
    let ran = Ran::of(command.env("PATH", desk.directory.path()).output().unwrap()).exits(0);
    assert_eq!(ran.out, "{\"message\":\"Internal server error\"}");
    assert!(told(&ran).contains("reason: ") && told(&ran).contains("python3"), "{}", ran.err);
}

#[test]
fn a_test_tells_of_every_check_and_what_differs() {
    let desk = deployed();
    let ran = desk.poc(&["test", "--local"]).exits(0);
    assert!(ran.out.ends_with(".amazonaws.com/prod\n") && ran.out.contains("3 checks passed"), "{}", ran.out);

    desk.edit("deploy.yaml", "status: 400", "status: 422, headers: { content-type: text/plain }");
    let ran = desk.poc(&["test", "--local", "--junit", "checks.xml"]).exits(4);
    for words in [
        "✗ failed",
        "status: expected 422, got 400",
        "header content-type: expected \"text/plain\", got \"application/json\"",
        "1 of 3 checks failed",
    ] {
        assert!(told(&ran).contains(words), "{words}: {}", ran.out);
    }
    let xml = fs::read_to_string(desk.directory.path().join("checks.xml")).unwrap();
    assert!(xml.contains("tests=\"3\"") && xml.contains("failures=\"1\""), "{xml}");
    let document = desk.poc(&["test", "--local", "--json"]).exits(4).json();
    assert_eq!((&document["passed"], &document["failed"]), (&json!(2), &json!(1)));
    let difference = json!({ "at": "status", "expected": 422, "got": 400 });
    assert_eq!(document["checks"][2]["differences"][0], difference, "{document:#}");
    assert_eq!(document["checks"][1].get("key"), None, "{document:#}");
}

#[test]
fn a_report_gets_its_directory_and_one_without_a_place_costs_no_run() {
    let desk = deployed();
    desk.poc(&["test", "--local", "--junit", "target/reports/checks.xml"]).exits(0);
    assert!(desk.directory.path().join("target/reports/checks.xml").is_file());
    for place in ["target", "deploy.yaml/checks.xml"] {
        let ran = desk.poc(&["test", "--local", "--junit", place]).exits(2);
        assert!(told(&ran).contains("cannot be written") && !ran.out.contains("passed"), "{}{}", ran.out, ran.err);
    }
}

#[test]
fn a_file_without_checks_is_told_as_such_and_nothing_deployed_is_an_error() {
    let desk = Desk::new();
    let ran = desk.poc(&["test", "--local"]).exits(1);
    assert!(told(&ran).contains("is not deployed next: `poc deploy --local` deploys it"), "{}", ran.err);
    // A mistake of the command line is told first.
    let ran = desk.poc(&["call", "GET", REQUEST, "--local", "--key", "ServerlessPC"]).exits(2);
    assert!(told(&ran).contains("did you mean `ServerlessPOC`?"), "{}", ran.err);
    let ran = desk.poc(&["call", "GET", REQUEST, "--trace"]).exits(2);
    assert!(told(&ran).contains("it needs --local"), "{}", ran.err);
    let ran = desk.poc(&["logs", "--local", "--stage", "dev"]).exits(1);
    assert!(told(&ran).contains("`poc deploy --local --stage dev` makes it"), "{}", ran.err);
    let ran = desk.poc(&["key", "show", "--local"]).exits(1);
    assert!(told(&ran).contains("`poc deploy --local` makes it"), "{}", ran.err);
    let text = fs::read_to_string(desk.directory.path().join("deploy.yaml")).unwrap();
    let (before, rest) = text.split_once("\nchecks:").unwrap();
    let after = &rest[rest.find("\nstages:").unwrap()..];
    fs::write(desk.directory.path().join("deploy.yaml"), format!("{before}\n{after}")).unwrap();
    let ran = desk.poc(&["test", "--local"]).exits(0);
    assert!(ran.out.contains("no checks"), "{}", ran.out);
}

/// Answers of the issue and of AWS_FACTS C2 and C6.
#[test]
fn a_call_gets_what_a_caller_would_get() {
    let desk = deployed();
    let admitted = desk.poc(&["call", "GET", REQUEST, "--local"]).exits(0);
    assert_eq!(admitted.out, "{\"result\": true}");
    assert!(admitted.err.contains("200 OK") && admitted.err.contains("API key ServerlessPOC"), "{}", admitted.err);

    let keyless = desk.poc(&["call", "get", REQUEST, "--local", "--key", "none", "-i"]).exits(0);
    assert!(keyless.out.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{}", keyless.out);
    assert!(keyless.out.contains("x-amzn-errortype: ForbiddenException\r\n"), "{}", keyless.out);
    assert!(keyless.out.ends_with("\r\n\r\n{\"message\":\"Forbidden\"}"), "{}", keyless.out);
    desk.poc(&["call", "GET", REQUEST, "--local", "--key", "none", "--fail"]).exits(1);

    let unknown = desk.poc(&["call", "GET", "/nowhere", "--local", "--json"]).exits(0).json();
    assert_eq!((&unknown["status"], &unknown["key"]), (&json!(403), &Value::Null));
    assert_eq!(unknown["body"], "{\"message\":\"Missing Authentication Token\"}");
    let wrong = desk.poc(&["call", "GET", REQUEST, "--local", "-H", "x-api-key: not-a-key"]).exits(0);
    assert_eq!(wrong.out, "{\"message\":\"Forbidden\"}");

    let missing = desk.poc(&["call", "GET", REQUEST, "--local", "--key", "ServerlessPC"]).exits(2);
    assert_eq!(missing.out, "");
    assert!(missing.err.contains("did you mean `ServerlessPOC`?"), "{}", missing.err);
    desk.poc(&["call", "GET", "/a b", "--local"]).exits(2);
    let whole = desk.poc(&["call", "GET", "http://127.0.0.1:3000/prod/admit", "--local"]).exits(2);
    assert!(told(&whole).contains("is a whole URL; give the path under the stage"), "{}", whole.err);
    desk.poc(&["call", "GET", "/admit", "--local", "--url", "http://127.0.0.1:1/prod?gre=800"]).exits(2);
}

#[test]
fn a_trace_shows_every_step_and_never_the_key() {
    let desk = deployed();
    let value = value(&desk);
    let ran = desk.poc(&["call", "GET", "/admit?gre=abc&gpa=4&rank=1", "--local", "--trace"]).exits(0);
    let mut from = 0;
    for step in ["method request", "integration request", "integration", "integration response", "method response"] {
        let heading = format!("─ {step} ─");
        from += ran.err[from..].find(&heading).unwrap_or_else(|| panic!("no {step} after {from}: {}", ran.err));
    }
    assert!(ran.err.contains(".*\"httpStatus\":400.*"), "{}", ran.err);
    assert!(ran.err.lines().take_while(|line| !line.starts_with("GET")).all(|line| line.chars().count() <= 80));
    let document = desk.poc(&["call", "GET", REQUEST, "--local", "--trace", "--json"]).exits(0);
    assert_eq!(document.json()["trace"]["steps"][0]["name"], "method_request");
    for text in [&ran.out, &ran.err, &document.out, &document.err] {
        assert!(!text.contains(&value), "the key's value is shown: {text}");
    }
    let ran = desk.poc(&["call", "GET", REQUEST, "--local", "--trace", "--url", "http://127.0.0.1:1"]).exits(2);
    assert!(ran.err.contains("--trace"), "{}", ran.err);
}

/// A server of its own: answers with these one after the other, the last for ever, and tells what it was asked.
fn answering(answers: &'static [(&'static str, &'static str)]) -> (String, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, asked) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for (at, stream) in listener.incoming().enumerate() {
            let Ok(mut stream) = stream else { continue };
            let (status, body) = answers[at.min(answers.len() - 1)];
            let mut head = vec![0; 16 * 1024];
            let read = stream.read(&mut head).unwrap_or(0);
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes());
            let _ = sender.send(String::from_utf8_lossy(&head[..read]).into_owned());
        }
    });
    (format!("http://{address}/prod/"), asked)
}

#[test]
fn another_url_is_called_over_the_network() {
    let desk = deployed();
    let (url, asked) = answering(&[("200 OK", "{\"result\": 1, \"more\": 2}")]);
    let ran = desk.poc(&["call", "POST", "/admit?x=1", "--local", "--url", &url, "-d", "{\"gre\": 800}"]).exits(0);
    assert_eq!(ran.out, "{\"result\": 1, \"more\": 2}");
    let asked = asked.recv().unwrap().to_lowercase();
    assert!(asked.starts_with("post /prod/admit?x=1 http/1.1\r\n"), "{asked}");
    assert!(
        asked.contains("content-type: application/json\r\n") && asked.contains("content-length: 12\r\n"),
        "{asked}"
    );

    // The key's value has to be looked up somewhere.
    let ran = desk.poc(&["call", "GET", "/admit", "--url", &url]).exits(1);
    assert!(told(&ran).contains("for what `poc dev` serves, add --local"), "{}", ran.err);

    let ran = desk.poc(&["call", "GET", "/", "--local", "--url", "http://127.0.0.1:1"]).exits(1);
    assert!(told(&ran).contains("http://127.0.0.1:1 does not answer"), "{}", ran.err);

    let (url, _asked) = answering(&[("200 OK", "{\"result\": true}")]);
    desk.edit("deploy.yaml", "key: none, expect: { status: 403 }", "key: none, expect: { json: { result: true } }");
    desk.edit("deploy.yaml", "expect: { status: 400 }", "expect: { text: '{\"result\": true}' }");
    let ran = desk.poc(&["test", "--local", "--url", &url]).exits(0);
    assert!(ran.out.contains("3 checks passed: http://127.0.0.1"), "{}", ran.out);
    // Nothing spreads on this machine: nobody waits for what does not run, unless told to.
    let ran = desk.poc(&["test", "--local", "--url", "http://127.0.0.1:1"]).exits(4);
    assert!(told(&ran).contains("request: http://127.0.0.1:1 does not answer"), "{}", ran.out);
    let document = desk.poc(&["test", "--local", "--url", "http://127.0.0.1:1", "--json"]).exits(4).json();
    let attempts: Vec<&Value> = document["checks"].as_array().unwrap().iter().map(|one| &one["attempts"]).collect();
    assert_eq!(attempts, [1, 1, 1]);
    let waiting = ["test", "--local", "--url", "http://127.0.0.1:1", "--json", "--retry-for", "1s"];
    assert!(desk.poc(&waiting).exits(4).json()["checks"][0]["attempts"].as_u64() > Some(1));
}

/// What is told to be typed is about the same deployment as what was typed.
#[test]
fn commands_that_are_told_have_the_options_of_the_one_that_was_run() {
    let desk = Desk::new();
    fs::rename(desk.directory.path().join("deploy.yaml"), desk.directory.path().join("flats.yaml")).unwrap();
    let run = |arguments: &[&str]| {
        let ran = desk.poc(&[arguments, &["--local", "--stage", "dev", "-f", "flats.yaml"]].concat());
        format!("{}{}", told(&ran), ran.err.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let options = "--local --file flats.yaml --stage dev`";
    let wanted = |text: String, commands: &[&str]| {
        for command in commands {
            assert!(text.contains(&format!("`poc {command} {options}")), "{command}: {text}");
        }
    };
    wanted(run(&["status"]), &["deploy"]);
    run(&["deploy", "--yes"]);
    desk.edit("flats.yaml", "memory: 256", "memory: 512");
    wanted(run(&["status"]), &["plan", "deploy"]);
    desk.edit("flats.yaml", "json: { result: true }", "json: { result: false }");
    wanted(run(&["deploy", "--yes"]), &["deploy", "test"]);
    wanted(run(&["rollback", "--yes"]), &["deploy"]);
    wanted(run(&["key", "rotate", "--yes", "--grace", "0s"]), &["key show"]);
}

/// Of these answers a new key, a new deployment and the plan's own rate explain the first three; a wrong body nothing.
#[test]
fn answers_that_spreading_explains_are_asked_for_again_and_no_others() {
    let desk = deployed();
    let text = fs::read_to_string(desk.directory.path().join("deploy.yaml")).unwrap();
    let one = "\nchecks:\n  - { get: /admit, expect: { status: 200, json: { result: true } } }\n";
    let (before, rest) = text.split_once("\nchecks:").unwrap();
    let text = format!("{before}{one}{}", &rest[rest.find("\nstages:").unwrap()..]);
    fs::write(desk.directory.path().join("deploy.yaml"), text).unwrap();
    let (url, asked) = answering(&[
        ("403 Forbidden", "{\"message\":\"Forbidden\"}"),
        ("403 Forbidden", "{\"message\":\"Missing Authentication Token\"}"),
        ("429 Too Many Requests", "{\"message\":\"Too Many Requests\"}"),
        ("200 OK", "{\"result\":true}"),
    ]);
    // The URL is of this machine, where nothing spreads unless it is said so.
    let patient = ["test", "--local", "--url", &url, "--json", "--retry-for", "2m"];
    let document = desk.poc(&patient).exits(0).json();
    assert_eq!(document["checks"][0]["attempts"], 4, "{document:#}");
    assert!(asked.recv().unwrap().contains(&value(&desk)), "the key was not sent");

    for answer in [&[("200 OK", "{\"result\":false}")], &[("403 Forbidden", "{\"message\":\"no\"}")]] {
        let (url, _asked) = answering(answer);
        let document = desk.poc(&["test", "--local", "--url", &url, "--json"]).exits(4).json();
        assert_eq!(document["checks"][0]["attempts"], 1, "{document:#}");
    }
    let (url, _asked) = answering(&[("403 Forbidden", "{\"message\":\"Forbidden\"}")]);
    let document = desk.poc(&["test", "--local", "--url", &url, "--json", "--retry-for", "0s"]).exits(4).json();
    assert_eq!(document["checks"][0]["attempts"], 1, "{document:#}");
}

#[test]
fn a_key_that_an_answer_repeats_is_not_told() {
    let desk = deployed();
    let value = value(&desk);
    let body: &'static str = format!("{{\"result\":\"{value}\"}}").leak();
    let answers: &'static [(&str, &str)] = Vec::leak(vec![("200 OK", body)]);
    let (url, _asked) = answering(answers);
    let ran = desk.poc(&["test", "--local", "--url", &url, "--retry-for", "0s"]).exits(4);
    assert!(ran.out.contains("got \"[the API key]\"") && !ran.out.contains(&value), "{}", ran.out);
}

#[test]
fn logs_are_what_cloudwatch_would_hold() {
    let desk = Desk::new();
    let missing = desk.poc(&["logs", "--local"]).exits(1);
    assert!(told(&missing).contains("no log group /aws/lambda/ServerlessPOCAdmission"), "{}", missing.err);
    desk.poc(&["deploy", "--local", "--yes", "--quiet", "--no-checks"]).exits(0);
    let silent = desk.poc(&["logs", "--local"]).exits(0);
    assert!(silent.out.is_empty() && silent.err.contains("No log lines in the last 10 min"), "{}", silent.err);

    desk.poc(&["call", "GET", REQUEST, "--local"]).exits(0);
    desk.poc(&["call", "GET", "/admit?gre=abc&gpa=4&rank=1", "--local"]).exits(0);
    let log = desk.poc(&["logs", "--local"]).exits(0).out;
    for line in ["START RequestId: ", "END RequestId: ", "REPORT RequestId: "] {
        assert_eq!(log.matches(line).count(), 2, "{line}: {log}");
    }
    let failures = desk.poc(&["logs", "--local", "--errors"]).exits(0).out;
    assert!(failures.contains("gre must be a number") && !failures.contains("START RequestId"), "{failures}");
    let lines = desk.poc(&["logs", "--local", "--json"]).exits(0).out;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let times: Vec<i64> = lines.iter().map(|line| line["timestamp"].as_i64().unwrap()).collect();
    assert!(times.is_sorted() && times.len() > 6, "{times:?}");
    desk.poc(&["logs", "--local", "--since", "yesterday"]).exits(2);
}

#[test]
fn a_key_is_shown_and_rotated() {
    let desk = deployed();
    let before = value(&desk);
    assert!((20..=128).contains(&before.len()) && !before.contains(char::is_whitespace), "{before}");
    desk.poc(&["key", "rotate", "--local"]).exits(2);
    let ran = desk.poc(&["key", "rotate", "--local", "--grace", "0s", "--yes", "--json"]).exits(0);
    assert_eq!((&ran.last_event()["command"], &ran.last_event()["outcome"]), (&json!("key rotate"), &json!("changed")));
    let after = value(&desk);
    assert!(before != after && !ran.out.contains(&before) && !ran.out.contains(&after), "{}", ran.out);
    let header = format!("x-api-key: {before}");
    let old = desk.poc(&["call", "GET", REQUEST, "--local", "-H", &header]).exits(0);
    assert_eq!(old.out, "{\"message\":\"Forbidden\"}");
    assert_eq!(desk.poc(&["call", "GET", REQUEST, "--local"]).exits(0).out, "{\"result\": true}");
    assert_eq!(desk.poc(&["plan", "--local", "--json"]).exits(0).json()["steps"], json!([]));
}

/// The one file that holds it.
#[cfg(unix)]
#[test]
fn the_file_that_holds_a_keys_value_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let desk = deployed();
    let file = desk.directory.path().join(".poc/local/cloud.json");
    assert!(fs::read_to_string(&file).unwrap().contains(&value(&desk)));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_value_from_the_environment_is_replaced_before_the_old_one_goes() {
    let desk = Desk::new();
    desk.edit("deploy.yaml", "keys: [ServerlessPOC]", "keys: [{ name: ServerlessPOC, value: \"${env:OUR_KEY}\" }]");
    let poc = |key: &str, arguments: &[&str]| Ran::of(desk.command(arguments).env("OUR_KEY", key).output().unwrap());
    let (old, new) = ("the-first-value-of-the-key", "the-second-value-of-the-key");
    poc(old, &["deploy", "--local", "--yes", "--no-checks"]).exits(0);
    assert_eq!(poc(old, &["key", "show", "--local"]).exits(0).out.trim_end(), old);
    let refused = poc(old, &["key", "rotate", "--local", "--yes"]).exits(1);
    assert!(
        told(&refused).contains("set that variable to the new value and run `poc deploy --local`"),
        "{}",
        refused.err
    );

    let ran = poc(new, &["deploy", "--local", "--yes", "--no-checks", "--json", "-v"]).exits(0);
    let calls = ran.out.lines().filter_map(|line| {
        let event: Value = serde_json::from_str(line).unwrap();
        event["operation"].as_str().filter(|_| event["event"] == "call").map(str::to_owned)
    });
    let writes: Vec<String> =
        calls.filter(|call| ["Create", "Delete", "Update"].iter().any(|verb| call.starts_with(verb))).collect();
    assert_eq!(writes, ["CreateApiKey", "CreateUsagePlanKey", "DeleteApiKey"]);
    assert!(!ran.out.contains(old) && !ran.out.contains(new) && !ran.err.contains(new));
    assert_eq!(poc(new, &["key", "show", "--local"]).exits(0).out.trim_end(), new);
}

#[test]
fn a_key_that_is_not_there_is_told() {
    let desk = Desk::new();
    let ran = desk.poc(&["key", "show", "--local"]).exits(1);
    assert!(told(&ran).contains("the API key ServerlessPOC is not there") && ran.out.is_empty(), "{}", ran.err);
    let ran = desk.poc(&["key", "show", "nobody", "--local"]).exits(2);
    assert!(told(&ran).contains("there is no API key `nobody` in deploy.yaml; there is ServerlessPOC"), "{}", ran.err);
}

#[test]
fn the_corpus_is_rendered_as_the_real_engine_renders_it() {
    let cases = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vtl/cases.json");
    let results = Desk::new().poc(&["render", "--cases", cases]).exits(0).json();
    let cases: Vec<Value> = serde_json::from_str(&fs::read_to_string(cases).unwrap()).unwrap();
    let compared = |result: &Value| {
        ["output", "error", "requestOverride", "responseOverride"].map(|member| result.get(member).cloned())
    };
    assert!(cases.len() >= 100);
    for (case, result) in cases.iter().zip(results.as_array().unwrap()) {
        assert_eq!(result["name"], case["name"]);
        assert_eq!(compared(result), compared(&case["expected"]), "{}", case["name"]);
    }
}

#[test]
fn a_template_is_rendered_for_what_the_options_say() {
    let desk = Desk::new();
    let write = |name: &str, text: &str| fs::write(desk.directory.path().join(name), text).unwrap();
    write(
        "t.vtl",
        "$input.params('a')|$input.params('b')|$input.params('c')|$input.body|$context.stage|$stageVariables.v",
    );
    write("request.json", r#"{"body": "{}", "querystring": {"a": "file", "b": "file"}, "context": {"stage": "file"}}"#);
    write("context.json", r#"{"stage": "dev"}"#);
    let ran = desk.poc(&["render", "t.vtl"]).exits(0);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("|||{}||", ""));
    let ran = desk.poc(&["render", "t.vtl", "--request", "request.json"]).exits(0);
    assert_eq!(ran.out, "file|file||{}|file|");
    write("wrong.json", r#"{"query": {"a": "file"}, "body": "x"}"#);
    let ran = desk.poc(&["render", "t.vtl", "--request", "wrong.json"]).exits(0);
    assert_eq!(ran.out, "|||x||");
    assert!(told(&ran).contains("wrong.json: `query` means nothing"), "{}", ran.err);
    let options = ["--query", "a=1=2", "--header", "c=3", "--body", "@context.json", "--context", "context.json"];
    let variable = ["--stage-variable", "v=x", "--request", "request.json"];
    let ran = desk.poc(&[["render", "t.vtl"].as_slice(), &options, &variable].concat()).exits(0);
    assert_eq!(ran.out, "1=2|file|3|{\"stage\": \"dev\"}|dev|x");
    desk.poc(&["render", "t.vtl", "--query", "novalue"]).exits(2);
    desk.poc(&["render", "nothing.vtl"]).exits(2);
    desk.poc(&["render"]).exits(2);
    desk.poc(&["render", "-", "--body", "-"]).exits(2);
    write("cases.json", "{}");
    desk.poc(&["render", "--cases", "cases.json"]).exits(2);
}

#[test]
fn a_template_that_fails_is_told_with_its_place() {
    let desk = Desk::new();
    let write = |name: &str, text: &str| fs::write(desk.directory.path().join(name), text).unwrap();
    write("broken.vtl", "{\n  #set($x = )\n}");
    let ran = desk.poc(&["render", "broken.vtl"]).exits(2);
    assert!(ran.err.contains("broken.vtl:2:") && ran.err.contains("#set($x = )") && ran.out.is_empty(), "{}", ran.err);
    let faults = desk.poc(&["render", "broken.vtl", "--json"]).exits(2).json();
    assert_eq!((&faults["faults"][0]["line"], &faults["faults"][0]["file"]), (&json!(2), &json!("broken.vtl")));
    write("fails.vtl", "{\n#foreach()#end}");
    let ran = desk.poc(&["render", "fails.vtl"]).exits(1);
    assert!(ran.err.contains("fails.vtl:2:1: ") && ran.out.is_empty(), "{}", ran.err);
}

#[test]
fn an_exported_document_names_the_account_where_it_is_known_and_asks_nobody() {
    let desk = Desk::new();
    let document = desk.poc(&["export", "openapi"]).exits(0).json();
    let uri = |document: &Value| {
        document["paths"]["/admit"]["get"]["x-amazon-apigateway-integration"]["uri"].as_str().unwrap().to_owned()
    };
    let function = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:";
    let alias = ":function:ServerlessPOCAdmission:prod/invocations";
    assert_eq!(uri(&document), format!("{function}${{account}}{alias}"));
    let given = desk.poc(&["export", "openapi", "--account", "123456789012"]).exits(0).json();
    assert_eq!(uri(&given), format!("{function}123456789012{alias}"));
    let local = desk.poc(&["export", "openapi", "--local"]).exits(0).json();
    assert_eq!(uri(&local), format!("{function}000000000000{alias}"));
    assert!(!desk.directory.path().join(".poc").exists(), "something was made");

    let told = desk.poc(&["export", "openapi", "--account", "12"]).exits(2);
    assert!(told.err.contains("an account has 12 digits"), "{}", told.err);
    desk.edit("deploy.yaml", "memory: 256", "memroy: 256");
    assert!(desk.poc(&["export", "openapi"]).exits(2).err.contains("did you mean `memory`"));
}

#[test]
fn a_plain_document_tells_callers_what_they_need_and_nothing_of_what_is_behind() {
    let desk = Desk::new();
    let plain = desk.poc(&["export", "openapi", "--plain"]).exits(0);
    assert!(!plain.out.contains("x-amazon") && !plain.out.contains("lambda"), "{}", plain.out);
    let document = plain.json();
    assert_eq!(
        document["info"],
        json!({ "title": "ServerlessPOC", "description": "Admission prediction", "version": "1.0" })
    );
    let urls: Vec<&str> =
        document["servers"].as_array().unwrap().iter().filter_map(|one| one["url"].as_str()).collect();
    assert_eq!(urls, ["https://api.example.com/poc", "https://{api}.execute-api.us-east-1.amazonaws.com/prod"]);
    let operation = &document["paths"]["/admit"]["get"];
    let required = operation["parameters"].as_array().unwrap().iter().map(|one| (&one["name"], &one["required"]));
    assert_eq!(
        required.collect::<Vec<_>>(),
        [(&json!("gpa"), &json!(true)), (&json!("gre"), &json!(true)), (&json!("rank"), &json!(true))]
    );
    assert_eq!(operation["security"], json!([{ "api_key": [] }]));
    assert_eq!(document["components"]["securitySchemes"]["api_key"]["name"], "x-api-key");

    let path = desk.directory.path().join("openapi.json");
    let written = desk.poc(&["export", "openapi", "--no-extensions", "-o", path.to_str().unwrap()]).exits(0);
    assert!(written.out.is_empty(), "{}", written.out);
    assert_eq!(fs::read_to_string(path).unwrap(), plain.out, "the same, every time");
}

/// They are in both forms of the document, and in no call to AWS.
#[test]
fn what_is_said_of_methods_is_exported_and_changes_nothing_that_is_deployed() {
    let desk = Desk::new();
    desk.poc(&["deploy", "--local", "--yes"]).exits(0);
    let words = "        summary: Is it enough?\n        description: Asks a model.\n";
    desk.edit("deploy.yaml", "        summary: Is an applicant with these marks admitted?\n", words);
    desk.edit("deploy.yaml", "{ gre: required,", "{ gre: { required: true, description: 200 to 800 },");
    for form in [&["export", "openapi"][..], &["export", "openapi", "--plain"]] {
        let document = desk.poc(form).exits(0).json();
        let operation = &document["paths"]["/admit"]["get"];
        assert_eq!(
            (&operation["summary"], &operation["description"]),
            (&json!("Is it enough?"), &json!("Asks a model."))
        );
        let gre = operation["parameters"].as_array().unwrap().iter().find(|one| one["name"] == "gre").unwrap();
        let schema = json!({ "type": "string" });
        let whole =
            json!({ "name": "gre", "in": "query", "description": "200 to 800", "required": true, "schema": schema });
        assert_eq!(*gre, whole);
        assert!(document["paths"]["/admit"]["options"].get("summary").is_none(), "nobody said anything of it");
    }
    let plan = desk.poc(&["plan", "--local", "--json", "--exit-code"]).exits(0).json();
    assert_eq!(plan["steps"], json!([]));
    let again = desk.poc(&["deploy", "--local", "--yes", "--json"]).exits(0);
    let last: Value = serde_json::from_str(again.out.lines().last().unwrap()).unwrap();
    assert_eq!((&last["outcome"], &last["writes"]), (&json!("unchanged"), &json!(0)));
}

#[test]
fn a_run_is_drawn_however_it_ends() {
    let desk = Desk::new();
    let picture = |name: &str| fs::read_to_string(desk.directory.path().join(name)).unwrap();
    let unwritable = desk.poc(&["deploy", "--local", "--yes", "--timeline", "nowhere/run.svg"]).exits(2);
    assert!(told(&unwritable).contains("--timeline: nowhere/run.svg cannot be written"), "{}", unwritable.err);
    assert!(!desk.directory.path().join(".poc").exists(), "nothing was sent");

    desk.poc(&["deploy", "--local", "--yes", "--timeline", "run.svg"]).exits(0);
    let svg = picture("run.svg");
    let document = roxmltree::Document::parse(&svg).unwrap();
    let names: Vec<&str> = document.descendants().filter_map(|node| node.text()).collect();
    for words in ["poc deploy ServerlessPOC", "reading AWS", "Lambda function", "API definition", "checks", "3 checks"]
    {
        assert!(names.contains(&words), "{words} is not in {names:?}");
    }
    desk.edit("deploy.yaml", "json: { result: true }", "json: { result: false }");
    desk.poc(&["deploy", "--local", "--yes", "--timeline", "run.svg"]).exits(4);
    assert!(picture("run.svg").contains("class=\"mismatch\""), "the check that failed shows");
    desk.poc(&["teardown", "--local", "--yes", "--timeline", "gone.svg"]).exits(0);
    let gone = picture("gone.svg");
    assert!(gone.contains("poc teardown ServerlessPOC") && gone.contains("looking again"), "{gone}");

    desk.edit("deploy.yaml", "memory: 256", "memory: lots");
    desk.poc(&["deploy", "--local", "--yes", "--timeline", "none.svg"]).exits(2);
    assert!(!desk.directory.path().join("none.svg").exists(), "there was no run");
}
