//! Checks: a line for each, below a failed one what differs; and all of them as JUnit XML.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde_json::Value;

use super::layout::{HARD_SPACE, columns, harmless, pad, wrap};
use super::linediff::{Line, diff};
use super::look::{BAD, BOLD, DIM, GOOD, Look, paint};
use super::words::{count, took_exactly};
use crate::event::{CheckTally, Checked, Difference};
use crate::pipeline::Tested;

const INDENT: &str = "      ";
/// Equal lines around each change of a text.
const AROUND: usize = 2;

/// `  ✓ passed   GET /admit?gre=800 (0.1 s)`
pub(super) fn line(check: &Checked, look: &Look) -> String {
    let (glyph, style, word) =
        if check.passed() { (look.glyphs.good, GOOD, "passed") } else { (look.glyphs.bad, BAD, "failed") };
    let start = format!("  {} ", paint(style, format!("{glyph} {}", pad(word, 8))));
    let tries = match check.attempts {
        0 | 1 => String::new(),
        attempts => format!(", {attempts} attempts"),
    };
    let about = format!("({}{tries})", took_exactly(check.elapsed)).replace(' ', &HARD_SPACE.to_string());
    let mut text = wrap(&start, &format!("{} {}", harmless(&check.check), paint(DIM, about)), look.width);
    if !check.passed() && !check.check.starts_with(&check.request) {
        text += &wrap(INDENT, &paint(DIM, harmless(&check.request)), look.width);
    }
    text + &why(check, look)
}

/// What differs, and what lies behind it.
fn why(check: &Checked, look: &Look) -> String {
    let differences: String = check.differences.iter().map(|one| difference(one, look)).collect();
    let reason = check.reason.iter().map(|reason| format!("{}: {}", paint(BOLD, "reason"), harmless(reason)));
    differences + &reason.map(|reason| wrap(INDENT, &reason, look.width)).collect::<String>()
}

/// `status: expected 200, got 403`; texts of several lines by their lines.
fn difference(one: &Difference, look: &Look) -> String {
    let at = paint(BOLD, harmless(&one.at));
    if let (Some(Value::String(expected)), Some(Value::String(got))) = (&one.expected, &one.got)
        && (expected.contains('\n') || got.contains('\n'))
    {
        let rows = diff(expected, got, AROUND).into_iter().map(|line| match line {
            Line::Same(text) => format!("{INDENT}    {}\n", harmless(text)),
            Line::Removed(text) => format!("{INDENT}  {}\n", paint(BAD, format!("- {}", harmless(text)))),
            Line::Added(text) => format!("{INDENT}  {}\n", paint(GOOD, format!("+ {}", harmless(text)))),
            Line::Gap(lines) => format!("{INDENT}  {}\n", paint(DIM, format!("({})", count(lines, "equal line")))),
        });
        let rows: String = rows.collect();
        return format!("{INDENT}{at} (- expected, + got)\n{rows}");
    }
    let sentence = match (&one.expected, &one.got) {
        (Some(expected), Some(got)) => format!("{at}: expected {}, got {}", shown(expected), shown(got)),
        (Some(expected), None) => format!("{at}: expected {}, got nothing", shown(expected)),
        (None, Some(Value::String(got))) if got.is_empty() => format!("{at}: empty"),
        (None, Some(Value::String(got))) => format!("{at}: {}", harmless(got)),
        (None, Some(got)) => format!("{at}: {}", shown(got)),
        (None, None) => at,
    };
    wrap(INDENT, &sentence, look.width)
}

fn shown(value: &Value) -> String {
    harmless(&value.to_string())
}

/// How a run of checks ended.
pub(super) fn summary(tested: &Tested, look: &Look) -> String {
    if tested.checks.is_empty() {
        return wrap("", "deploy.yaml has no checks, so there is nothing to run.", look.width);
    }
    let tally = CheckTally { passed: tested.passed, failed: tested.failed };
    wrap("", &format!("{}: {}", verdict(tally), harmless(&tested.url)), look.width)
}

/// `3 checks passed`, `1 of 3 checks failed`.
pub(super) fn verdict(tally: CheckTally) -> String {
    let all = tally.passed + tally.failed;
    match tally.failed {
        0 => paint(GOOD, format!("{} passed", count(all, "check"))),
        failed => paint(BAD, format!("{failed} of {} failed", count(all, "check"))),
    }
}

/// # Errors
/// None that XML made in memory could meet; the library keeps the door open.
pub fn junit(tested: &Tested) -> Result<String, quick_junit::SerializeError> {
    let mut suite = TestSuite::new(format!("{} {}", tested.target.app, tested.target.stage));
    let elapsed = tested.checks.iter().map(|check| check.elapsed).sum();
    suite.set_time(elapsed);
    for check in &tested.checks {
        let status = match check.passed() {
            true => TestCaseStatus::success(),
            false => {
                let look = Look::plain(100, true);
                let told = why(check, &look);
                let told = anstream::adapter::strip_str(&told).to_string();
                let lines: Vec<&str> = told.lines().map(str::trim).collect();
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status.set_message(lines.first().copied().unwrap_or_default());
                status.set_type("check");
                status.set_description(format!("{}\n{}", check.request, lines.join("\n")));
                status
            }
        };
        let mut case = TestCase::new(check.check.clone(), status);
        case.set_classname(format!("{}.checks", tested.target.app)).set_time(check.elapsed);
        suite.add_test_case(case);
    }
    let mut report = Report::new("poc test");
    report.set_time(elapsed).add_test_suite(suite);
    report.to_string()
}

/// For a spinner.
pub(super) fn title(checks: usize, url: &str) -> String {
    let text = format!("{} at {}", count(checks, "check"), harmless(url));
    if columns(&text) > 70 { count(checks, "check") } else { text }
}
