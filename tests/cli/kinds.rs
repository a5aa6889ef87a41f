//! What keeps a run from going on on this machine, each by its kind: with exit code 1 (or 2 where the command line is wrong),
//! and nothing sent.

use std::fs;
use std::path::Path;
use std::time::Duration;

use poc::event::Problem;

use super::problems::{read, shown, shown_as};
use super::{Desk, Ran};

/// The problem that the last event, or the one document, tells of.
#[track_caller]
fn problem(ran: &Ran) -> Problem {
    let document = serde_json::from_str(&ran.out).unwrap_or_else(|_| ran.last_event());
    read(&document["problem"])
}

/// Its kind; what is told of it is compared with the snapshot of that kind.
#[track_caller]
fn kind(ran: &Ran) -> &'static str {
    let problem = problem(ran);
    shown(&problem);
    problem.kind
}

#[test]
fn a_command_line_that_contradicts_itself() {
    assert_eq!(kind(&Desk::new().poc(&["plan", "-q", "-v", "--json"]).exits(2)), "usage");
}

#[test]
fn no_region_anywhere() {
    let desk = Desk::new();
    desk.edit("deploy.yaml", "region: us-east-1\n", "");
    assert_eq!(kind(&desk.with_keys(&["plan", "--json"]).exits(1)), "no_region");
}

#[test]
fn a_region_of_the_command_line_that_is_none() {
    for region in ["mars-1", "us east", ""] {
        let ran = Desk::new().poc(&["plan", "--local", "--json", "--region", region]).exits(2);
        assert!(ran.err.contains("region"), "{}", ran.err);
        assert_eq!(problem(&ran).kind, "usage", "{}", ran.out);
    }
}

/// On a machine that has it, too: it is not in the package.
#[test]
fn a_library_that_the_package_lacks() {
    let desk = Desk::new();
    let handler = "import numpy_of_nobody.linalg\n\n\ndef lambda_handler(event, context):\n    return {}\n";
    fs::write(desk.directory.path().join("app/handler.py"), handler).unwrap();
    desk.poc(&["deploy", "--local", "--yes", "--no-checks"]).exits(0);
    let ran = desk.poc(&["test", "--local", "--json"]).exits(4);
    let reason = ran.json()["checks"][0]["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("No module named 'numpy_of_nobody'"), "{reason}");
    assert!(reason.contains("list numpy_of_nobody in the requirements.txt beside its code"), "{reason}");
    // The handler's own module is none.
    fs::write(desk.directory.path().join("app/handler.py"), "import handler.rest\n\ndef lambda_handler(e, c): pass\n")
        .unwrap();
    desk.poc(&["deploy", "--local", "--yes", "--no-checks"]).exits(0);
    let ran = desk.poc(&["test", "--local", "--json"]).exits(4);
    assert!(!ran.out.contains("requirements.txt"), "{}", ran.out);
}

#[test]
fn a_log_that_is_not_there_yet() {
    assert_eq!(kind(&Desk::new().poc(&["logs", "--local", "--json"]).exits(1)), "no_log");
}

#[test]
fn a_zip_that_cannot_be_written() {
    let desk = Desk::new();
    assert_eq!(kind(&desk.poc(&["package", "--json", "-o", "deploy.yaml/x.zip"]).exits(1)), "output_unwritten");
}

#[test]
fn a_template_that_fails_with_this_request() {
    let desk = Desk::new();
    fs::write(desk.directory.path().join("t.vtl"), "#set($x = [1])$x.get(5)").unwrap();
    assert_eq!(kind(&desk.poc(&["render", "t.vtl", "--json"]).exits(1)), "template_failed");
}

#[test]
fn an_embedded_cloud_that_cannot_be_opened() {
    let desk = Desk::new();
    fs::create_dir(desk.directory.path().join(".poc")).unwrap();
    fs::write(desk.directory.path().join(".poc/local"), "").unwrap();
    assert_eq!(kind(&desk.poc(&["plan", "--local", "--json"]).exits(1)), "local_state");
}

/// Whatever is wrong with what is kept is told at once, with the file, and never as an answer of AWS's.
#[test]
fn an_embedded_cloud_whose_files_cannot_be_used() {
    type Harm = fn(&Path);
    let harms: [(Harm, &str, &[&str]); 6] = [
        (
            |local| fs::write(local.join("cloud.json"), "{").unwrap(),
            "cloud.json: EOF while parsing an object at line 1 column 1",
            &["status"],
        ),
        (
            |local| fs::write(local.join("cloud.json"), "{\"version\":99}").unwrap(),
            "cloud.json: missing field `serial` at line 1 column 14",
            &["deploy", "--yes"],
        ),
        (
            |local| fs::write(local.join("cloud.json"), "").unwrap(),
            "cloud.json: EOF while parsing a value at line 1 column 0",
            &["call", "GET", "/admit"],
        ),
        (
            |local| {
                fs::remove_file(local.join("cloud.json")).unwrap();
                fs::create_dir(local.join("cloud.json")).unwrap();
            },
            "cloud.json: Is a directory",
            &["plan"],
        ),
        (
            |local| fs::create_dir(local.join("cloud.json.partial")).unwrap(),
            "cloud.json.partial: Is a directory",
            &["teardown", "--yes"],
        ),
        (
            |local| {
                fs::read_dir(local.join("blobs"))
                    .unwrap()
                    .for_each(|blob| fs::remove_file(blob.unwrap().path()).unwrap())
            },
            "No such file or directory",
            &["deploy", "--yes"],
        ),
    ];
    let desk = Desk::new();
    let local = desk.directory.path().join(".poc/local");
    for (harm, words, arguments) in harms {
        let _ = fs::remove_dir_all(&local);
        desk.poc(&["deploy", "--local", "--yes", "--no-checks"]).exits(0);
        harm(&local);
        let begun = tokio::time::Instant::now();
        let ran = desk.poc(&[arguments, &["--local", "--json"]].concat()).exits(1);
        assert_eq!(problem(&ran).kind, "local_state", "{}{}", ran.out, ran.err);
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
        assert!(ran.out.contains("remove .poc/local to start with an empty cloud"), "{}", ran.out);
        assert!(begun.elapsed() < Duration::from_secs(20), "{words}: {:?}", begun.elapsed());
    }
}

#[test]
fn a_build_whose_program_is_not_there() {
    let desk = Desk::new();
    desk.edit("deploy.yaml", "package: { path: app,", "package: { path: app, build: [[no-such-program]],");
    assert_eq!(kind(&desk.poc(&["plan", "--local", "--json"]).exits(1)), "not_started");
}

#[test]
fn libraries_and_nothing_that_fetches_them() {
    let desk = Desk::new();
    fs::write(desk.directory.path().join("app/requirements.txt"), "numpy==2.1.0\n").unwrap();
    let mut command = desk.command(&["plan", "--local", "--json"]);
    assert_eq!(kind(&Ran::of(command.env("PATH", "/nowhere").output().unwrap()).exits(1)), "no_installer");
}

/// A list of libraries of another language.
#[test]
fn libraries_that_the_runtime_cannot_use() {
    let desk = Desk::new();
    fs::write(desk.directory.path().join("app/package.json"), "{}").unwrap();
    desk.edit("deploy.yaml", "package: { path: app,", "package: { path: app, dependencies: app/package.json,");
    let told = desk.poc(&["validate", "--json"]).exits(2).json();
    assert_eq!(told["faults"][0]["code"], "foreign_dependencies", "{told}");
}

#[test]
fn a_key_that_comes_from_outside_is_not_rotated() {
    let desk = Desk::new();
    desk.edit("deploy.yaml", "keys: [ServerlessPOC]", "keys: [{ name: ServerlessPOC, value: \"${env:KEY}\" }]");
    let run =
        |arguments: &[&str]| Ran::of(desk.command(arguments).env("KEY", "twenty-characters-long").output().unwrap());
    run(&["deploy", "--local", "--yes", "--no-checks"]).exits(0);
    assert_eq!(kind(&run(&["key", "rotate", "--local", "--yes", "--json"]).exits(1)), "value_is_given");
}

/// Two stages whose keys take their value from one variable: told before anything is made.
#[test]
fn a_key_with_the_value_of_another_stages_key() {
    let desk = Desk::new();
    desk.edit("deploy.yaml", "keys: [ServerlessPOC]", "keys: [{ name: ServerlessPOC, value: \"${env:KEY}\" }]");
    let run = |value: &str, arguments: &[&str]| {
        let options = ["--local", "--yes", "--no-checks", "--json"];
        Ran::of(desk.command(&[arguments, &options].concat()).env("KEY", value).output().unwrap())
    };
    let (one, two) = ("twenty-characters-long", "twenty-other-characters");
    run(one, &["deploy"]).exits(0);
    let ran = run(one, &["deploy", "--stage", "dev"]).exits(1);
    shown_as("already_exists-of_another_stage", &problem(&ran));
    let last = ran.last_event();
    let (message, next) = (last["problem"]["message"].as_str().unwrap(), last["problem"]["next"].as_str().unwrap());
    assert_eq!(
        (&last["writes"], message.contains("ServerlessPOC of stage prod has the value")),
        (&0.into(), true),
        "{last}"
    );
    assert!(next.contains("another environment variable") && next.contains("stages.dev"), "{next}");
    assert!(!ran.out.contains(one) && !ran.err.contains(one), "{}", ran.out);
    run(two, &["deploy", "--stage", "dev"]).exits(0);
    // The same where one is to take another value; and nothing keeps a teardown from its key.
    assert_eq!(problem(&run(one, &["deploy", "--stage", "dev"]).exits(1)).kind, "already_exists");
    let gone =
        Ran::of(desk.command(&["teardown", "--local", "--yes", "--stage", "dev"]).env("KEY", one).output().unwrap());
    assert!(gone.exits(0).out.contains("0 left"));
}

/// The account of the embedded cloud may log from the start; on AWS that is for the account's owner to arrange.
#[test]
fn a_stage_that_logs_needs_nothing_on_this_machine() {
    let desk = Desk::new();
    desk.edit(
        "deploy.yaml",
        "\nchecks:",
        "\nstage_settings:\n  metrics: true\n  logging: { level: error }\n  access_log: { destination: \"arn:aws:logs:${region}:\
         ${account}:log-group:calls\", format: $context.requestId }\n\nchecks:",
    );
    desk.poc(&["deploy", "--local", "--yes"]).exits(0);
    assert!(desk.poc(&["logs", "--local", "--access"]).exits(0).out.lines().count() >= 3);
    desk.poc(&["teardown", "--local", "--yes"]).exits(0);
}

#[test]
fn an_address_of_another_machine() {
    let ran = Desk::new().poc(&["dev", "--host", "192.0.2.1", "--port", "0", "--json"]).exits(1);
    assert_eq!(kind(&ran), "no_such_address");
}

/// The kinds of the mistakes that a command tells in its one document.
#[track_caller]
fn faults(ran: &Ran) -> Vec<String> {
    let told = ran.json();
    let faults = told["faults"].as_array().unwrap_or_else(|| panic!("{told}"));
    faults.iter().map(|fault| fault["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_package_without_room_for_its_zip() {
    let desk = Desk::new();
    let mut command = desk.command(&["package", "--json"]);
    let ran = Ran::of(command.env("TMPDIR", desk.directory.path().join("nowhere")).output().unwrap()).exits(2);
    assert_eq!(faults(&ran), ["package_unwritten"], "{}", ran.out);
}

/// Of 100 MB and a byte that take no room.
#[test]
fn a_page_that_is_too_big() {
    let desk = Desk::new();
    let page = |bytes: u64| {
        let file = fs::File::create(desk.directory.path().join("web/film.bin")).unwrap();
        file.set_len(bytes).unwrap();
    };
    page((100 << 20) + 1);
    let ran = desk.poc(&["validate", "--json"]).exits(2);
    assert_eq!(faults(&ran), ["file_too_big"], "{}", ran.out);
    assert!(ran.out.contains("web/film.bin has 104857601 bytes; at most 104857600 are shown"), "{}", ran.out);
    page(100 << 20);
    desk.poc(&["validate"]).exits(0);
}

#[test]
fn a_site_of_too_many_pages() {
    let desk = Desk::new();
    for page in 0..10_000 {
        fs::write(desk.directory.path().join(format!("web/{page}.txt")), "").unwrap();
    }
    let ran = desk.poc(&["validate", "--json"]).exits(2);
    assert_eq!(faults(&ran), ["site_too_big"], "{}", ran.out);
}

#[test]
fn a_cache_that_cannot_be_written() {
    let desk = Desk::new();
    desk.edit("deploy.yaml", "package: { path: app,", "package: { path: app, build: [[\"true\"]],");
    fs::create_dir(desk.directory.path().join(".poc")).unwrap();
    fs::write(desk.directory.path().join(".poc/cache"), "").unwrap();
    let ran = desk.poc(&["package", "--json"]).exits(1);
    assert_eq!(kind(&ran), "cache_unusable", "{}", ran.out);
    fs::remove_file(desk.directory.path().join(".poc/cache")).unwrap();
    desk.poc(&["package"]).exits(0);
}

/// An address of a link, without the link.
#[test]
fn a_port_that_the_system_does_not_open() {
    let ran = Desk::new().poc(&["dev", "--host", "fe80::1", "--port", "0", "--json"]).exits(1);
    assert_eq!(kind(&ran), "port_refused", "{}", ran.out);
}
