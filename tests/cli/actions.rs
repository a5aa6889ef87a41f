//! In GitHub Actions: what the runner is told, and that nobody else can tell it anything.

use std::fs;
use std::path::PathBuf;

use super::{Desk, Ran};

/// Lines that GitHub's runner obeys, read as `ActionCommand.cs` does: command, properties, text.
fn obeyed(output: &str) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for line in output.split(['\n', '\r']) {
        let parts = |rest: &str, end: &str| {
            let (head, text) = rest.split_once(end)?;
            let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
            Some((name.to_owned(), properties.to_owned(), text.to_owned()))
        };
        let second = line.trim_start().strip_prefix("::").and_then(|rest| parts(rest, "::"));
        let first = || line.split_once("##[").and_then(|(_, rest)| parts(rest, "]"));
        found.extend(second.or_else(first));
    }
    found
}

impl Desk {
    fn in_actions(&self, arguments: &[&str]) -> Ran {
        let mut command = self.command(arguments);
        command.env("CI", "true").env("GITHUB_ACTIONS", "true").env("GITHUB_WORKSPACE", self.directory.path());
        command.env("GITHUB_STEP_SUMMARY", self.page_file());
        Ran::of(command.output().unwrap())
    }

    fn page_file(&self) -> PathBuf {
        self.directory.path().join("summary.md")
    }

    fn page(&self) -> String {
        fs::read_to_string(self.page_file()).unwrap_or_default()
    }
}

impl Ran {
    fn commands(&self) -> Vec<(String, String, String)> {
        [&self.err, &self.out].into_iter().flat_map(|text| obeyed(text)).collect()
    }

    fn errors(&self) -> Vec<(String, String)> {
        let errors = self.commands().into_iter().filter(|(name, ..)| name == "error");
        errors.map(|(_, properties, text)| (properties, text)).collect()
    }
}

#[test]
fn mistakes_stand_beside_their_lines() {
    let desk = Desk::new();
    desk.edit("deploy.yaml", "memory: 256", "memroy: 256");
    desk.edit("templates/admit/request.vtl", "{", "#if( {");
    let text = fs::read_to_string(desk.directory.path().join("deploy.yaml")).unwrap();
    let line = text.lines().position(|line| line.contains("memroy")).unwrap() + 1;
    let column = text.lines().nth(line - 1).unwrap().find("memroy").unwrap() + 1;
    for arguments in [&["validate"][..], &["validate", "--json"], &["deploy", "--local", "--yes", "--quiet"]] {
        let errors = desk.in_actions(arguments).exits(2).errors();
        assert_eq!(errors.len(), 2, "{errors:?}");
        assert_eq!(errors[0].0, format!("file=deploy.yaml,line={line},col={column},title=unknown_key"));
        assert!(errors[0].1.contains("%0Adid you mean `memory`"), "{errors:?}");
        assert!(errors[1].0.starts_with("file=templates/admit/request.vtl,line="), "{errors:?}");
    }
    assert!(desk.page().contains("2 mistakes; nothing was sent to AWS") && desk.page().contains("memroy"));

    // From a directory below, and with a name that would end the property.
    let directory = desk.directory.path().join("a,b:c");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("x.yaml"), "nmae: a\n").unwrap();
    let mut command = desk.command(&["validate", "-f", "x.yaml"]);
    command.current_dir(&directory).env("GITHUB_ACTIONS", "true").env("GITHUB_WORKSPACE", desk.directory.path());
    let errors = Ran::of(command.output().unwrap()).exits(2).errors();
    assert!(errors.iter().any(|(place, _)| place.starts_with("file=a%2Cb%3Ac/x.yaml,line=1,col=1,")), "{errors:?}");
}

#[test]
fn warnings_stand_beside_their_lines_and_stop_nobody() {
    let desk = Desk::new();
    desk.edit("app/handler.py", ", separators=(\",\", \":\")", "");
    let text = fs::read_to_string(desk.directory.path().join("deploy.yaml")).unwrap();
    let line = text.lines().position(|line| line.contains("pattern: '.*\"httpStatus\"")).unwrap() + 1;
    for arguments in [&["validate"][..], &["validate", "--json"], &["plan", "--local"]] {
        let commands = desk.in_actions(arguments).exits(0).commands();
        let warnings: Vec<_> = commands.iter().filter(|(name, ..)| name == "warning").collect();
        assert_eq!(warnings.len(), 1, "{arguments:?}: {commands:?}");
        assert!(warnings[0].1.starts_with(&format!("file=deploy.yaml,line={line},col=")), "{warnings:?}");
        assert!(warnings[0].1.ends_with("title=POC010"), "{warnings:?}");
        assert!(!commands.iter().any(|(name, ..)| name == "error"), "{commands:?}");
    }
}

#[test]
fn a_deploy_folds_its_parts_and_ends_on_the_page() {
    let desk = Desk::new();
    let ran = desk.in_actions(&["deploy", "--local", "--yes"]).exits(0);
    let commands = ran.commands();
    let names: Vec<&str> = commands.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["group", "endgroup", "group", "endgroup", "group", "endgroup"], "{commands:?}");
    let titles: Vec<&str> =
        commands.iter().map(|(.., title)| title.as_str()).filter(|title| !title.is_empty()).collect();
    assert_eq!(titles[1..], ["Steps", "Checks"]);
    assert!(titles[0].starts_with("Plan: 24 to create, 0 to update, 0 to delete."), "{titles:?}");
    let steps = ran.err.split("::group::Steps\n").nth(1).unwrap().split("::endgroup::").next().unwrap();
    assert_eq!(steps.matches("✓ created").count(), 24, "{steps}");
    let page = desk.page();
    for words in
        ["### ✅ poc deploy: `ServerlessPOC`, stage `prod`", "Deployed: 24 created.", "| created | `stage prod` |"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    let url = ran.out.lines().find_map(|line| line.strip_prefix("invoke URL")).unwrap().trim();
    assert!(page.contains(&format!("| invoke URL | <{url}> |")), "{page}");
    assert_eq!(page.matches("✅ passed").count(), 3, "{page}");
    let key = desk.poc(&["key", "show", "--local"]).exits(0).out;
    assert!(!page.contains(key.trim()) && !ran.err.contains(key.trim()), "the key is on the page");

    // The page is added to; a log for programs has no folds.
    let quiet = desk.in_actions(&["deploy", "--local", "--yes", "--json"]).exits(0);
    assert_eq!(quiet.commands(), []);
    assert!(desk.page().starts_with(&page) && desk.page().contains("Nothing changed"), "{}", desk.page());
    desk.in_actions(&["teardown", "--local", "--yes"]).exits(0);
    assert!(desk.page().contains("### ✅ poc teardown") && desk.page().contains("0 left."), "{}", desk.page());
}

#[test]
fn failed_checks_and_failed_steps_are_annotated() {
    let desk = Desk::new();
    desk.edit("deploy.yaml", "status: 400", "status: 422");
    let told = "title=check failed%3A GET /admit?gre=abc&gpa=4&rank=1".to_owned();
    let expected = [(told, "status: expected 422, got 400".to_owned())];
    assert_eq!(desk.in_actions(&["deploy", "--local", "--yes"]).exits(4).errors(), expected);
    assert_eq!(desk.in_actions(&["test", "--local"]).exits(4).errors(), expected);
    assert_eq!(desk.in_actions(&["test", "--local", "--json"]).exits(4).errors(), expected);
    assert_eq!(desk.page().matches("❌ failed").count(), 3, "{}", desk.page());
    assert_eq!(desk.page().matches("### ❌ poc").count(), 3, "{}", desk.page());

    let mut command = desk.command(&["plan", "--endpoint-url", "http://127.0.0.1:1"]);
    command
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("GITHUB_ACTIONS", "true");
    let errors = Ran::of(command.output().unwrap()).exits(1).errors();
    assert!(errors.len() == 1 && errors[0].1.contains("%0Anext: "), "{errors:?}");
    let errors = desk.in_actions(&["deploy", "--local"]).exits(2).errors();
    assert!(errors.len() == 1 && errors[0].0 == "title=poc deploy", "{errors:?}");
}

/// Names, handlers and builds print what the runner would obey.
#[test]
fn nobody_else_can_command_the_runner() {
    let desk = Desk::new();
    let path = desk.directory.path().join("app/handler.py");
    let handler = "import json\ndef lambda_handler(event, context):\n    print('::add-mask::x\\n##[add-path]/tmp\\r::error::y')\n    return '::set-env name=a::b\\n ::error::z ##[group]w'\n";
    fs::write(&path, handler).unwrap();
    let text = fs::read_to_string(desk.directory.path().join("deploy.yaml")).unwrap();
    let text = text.replace("Admission prediction", "\"::error::d ##[error]e\"");
    let (before, _) = text.split_once("\nchecks:").unwrap();
    let checks = "\nchecks:\n  - { name: \"a ##[add-path]/tmp\\n::error::b\", get: \"/admit?gre=800&gpa=4&rank=1\", expect: { status: 201 } }\n";
    fs::write(desk.directory.path().join("deploy.yaml"), format!("{before}{checks}")).unwrap();
    let ran = desk.in_actions(&["deploy", "--local", "--yes"]).exits(4);
    let only = |ran: &Ran, allowed: &[&str]| {
        let others: Vec<_> =
            ran.commands().into_iter().filter(|(name, ..)| !allowed.contains(&name.as_str())).collect();
        assert!(others.is_empty(), "{others:?}\n{}{}", ran.out, ran.err);
    };
    only(&ran, &["group", "endgroup", "error"]);
    assert_eq!(ran.errors().len(), 1, "{:?}", ran.errors());
    let request = "/admit?gre=800&gpa=4&rank=1";
    for arguments in [
        &["call", "GET", request, "--local"][..],
        &["call", "GET", request, "--local", "--trace", "--include"],
        &["call", "GET", request, "--local", "--json"],
        &["logs", "--local"],
        &["logs", "--local", "--json"],
        &["plan", "--local", "-v"],
        &["status", "--local"],
        &["test", "--local", "--quiet"],
        &["export", "openapi"],
    ] {
        let ran = desk.in_actions(arguments);
        assert!(matches!(ran.code, Some(0 | 4)), "{arguments:?}: {}", ran.err);
        only(&ran, &["error"]);
        let annotated = usize::from(arguments[0] == "test");
        assert_eq!(ran.errors().len(), annotated, "{arguments:?}: {:?}", ran.errors());
    }
    let called = desk.in_actions(&["call", "GET", request, "--local"]).exits(0);
    assert!(called.out.contains("set-env") && called.err.contains("GitHub's runner"), "{}{}", called.out, called.err);
    // For programs the answer is what it was.
    let document = desk.in_actions(&["call", "GET", request, "--local", "--json"]).exits(0).json();
    assert!(document["body"].to_string().contains("##[group]w"), "{document}");
    // Elsewhere nothing is changed.
    assert!(desk.poc(&["logs", "--local"]).exits(0).out.contains("##[add-path]/tmp"));

    desk.edit("deploy.yaml", "path: app,", "path: app, build: [\"echo '::error::b'; echo '##[error]c'; exit 3\"],");
    for arguments in [&["deploy", "--local", "--yes"][..], &["deploy", "--local", "--yes", "-v"]] {
        let ran = desk.in_actions(arguments).exits(1);
        only(&ran, &["error"]);
        assert_eq!(ran.errors().len(), 1, "{:?}", ran.errors());
    }
}
