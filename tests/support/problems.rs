//! Every problem and finding as a person meets it stands in tests/problems/, one file for each kind: read them there as
//! somebody who meets one for the first time. tests/catalogue.rs sees that none is missing.
#![allow(dead_code, reason = "each test binary uses its own part of this")]

use std::env;
use std::path::Path;
use std::sync::LazyLock;

use fancy_regex::Regex;
use poc::event::{FindingKind, Problem, ProblemKind};
use poc::pipeline::Failure;
use poc::ui::{Format, Ui, Volume};
use serde_json::Value;

/// What differs from one run to the next, and how it is written in the snapshots.
static VARYING: LazyLock<[(Regex, &str); 10]> = LazyLock::new(|| {
    let temporary = env::temp_dir();
    let temporary =
        format!("(/private)?{}/\\.tmp\\w{{6}}", fancy_regex::escape(temporary.to_str().unwrap().trim_end_matches('/')));
    [
        (temporary.as_str(), "/home/me/admission"),
        (r"127\.0\.0\.1:\d{2,}", "127.0.0.1:4566"),
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "3c1f9a52-5c56-4d0a-9d2f-2f1f0d0f7c11"),
        (r"\b(9|10) minutes", "10 minutes"),
        (r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}", "2026-01-31 12:00:00"),
        (r"tried for \d+ s", "tried for 120 s"),
        (r"--port \d+", "--port 3001"),
        (r"\S+@\S+ is at work", "alice@laptop is at work"),
        (r"process \d+ on [^ )]+", "process 7 on laptop"),
        (r"deployment [a-z0-9]{6}\b", "deployment 4f7k2q"),
    ]
    .map(|(pattern, written)| (Regex::new(pattern).unwrap(), written))
});

fn steady(text: &str) -> String {
    VARYING.iter().fold(text.to_owned(), |text, (pattern, written)| pattern.replace_all(&text, *written).into_owned())
}

/// What a person is told of it, compared with the snapshot of its kind.
#[track_caller]
pub fn shown(problem: &Problem) {
    shown_as(problem.kind, problem);
}

/// The same for a kind that is met in more than one way: `already_exists-elsewhere`.
#[track_caller]
pub fn shown_as(name: &str, problem: &Problem) {
    assert!(name.split('-').next() == Some(problem.kind), "{name}: {problem:#?}");
    let problem = Problem {
        message: steady(&problem.message),
        resource: problem.resource.as_deref().map(steady),
        request_id: problem.request_id.as_deref().map(steady),
        next: steady(&problem.next),
        ..problem.clone()
    };
    let (ui, captured) = Ui::captured(Format::Human, Volume::Normal, 100, None);
    ui.failed("deploy", &Failure::Problem(Box::new(problem)));
    kept(name, &captured.err());
}

/// A problem as `--json` tells it.
#[track_caller]
pub fn read(problem: &Value) -> Problem {
    let text = |name: &str| problem[name].as_str().map(str::to_owned);
    let kind =
        text("kind").and_then(|kind| ProblemKind::named(&kind)).unwrap_or_else(|| panic!("no problem: {problem}"));
    Problem {
        kind: kind.name(),
        resource: text("resource"),
        operation: text("operation"),
        code: text("code"),
        message: text("message").unwrap(),
        request_id: text("request_id"),
        next: text("next").unwrap(),
    }
}

/// A finding of the doctor's, as `--json` tells it, compared with the snapshot of its kind.
#[track_caller]
pub fn found(finding: &Value) {
    let text = |name: &str| finding[name].as_str().unwrap_or_default();
    let kind = text("kind");
    assert!(FindingKind::named(kind).is_some(), "no finding: {finding}");
    kept(
        kind,
        &format!("{} {}: {}\n{}\n", text("verdict"), text("check"), steady(text("message")), steady(text("remedy"))),
    );
}

#[track_caller]
fn kept(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/problems"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}
