//! The page of a job, in Markdown: what came of the run, where it answers, what changed, which checks passed. Texts from
//! elsewhere stand in code, where they mean nothing; values of properties and bodies of answers stay away, for a page is
//! read by more people than a log.

use super::super::layout::harmless;
use super::super::outcome;
use super::super::tally::Tally;
use super::super::words::{count, verb};
use super::{headline, words};
use crate::event::{Checked, Outcome};
use crate::pipeline::{Deployed, Failure, Planned, Target, Tested, TornDown};

/// GitHub drops pages above 1 MiB.
const ROWS: usize = 500;

const GOOD: &str = "✅";
const BAD: &str = "❌";
const CARE: &str = "⚠️";

/// Text as it stands, in a cell of a table or elsewhere.
fn code(text: &str) -> String {
    let text = harmless(text).replace('\n', " ").replace('`', "'").replace('|', "\\|");
    if text.trim().is_empty() { String::new() } else { format!("`{text}`") }
}

/// A URL can be followed where nothing in it could mean anything else.
fn value(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/?&=%+".contains(c);
    let is_url = text.starts_with("https://") || text.starts_with("http://");
    if is_url && text.chars().all(plain) { format!("<{text}>") } else { code(text) }
}

fn heading(sign: &str, command: &str, target: &Target) -> String {
    format!("### {sign} poc {command}: {}, stage {}\n\n", code(&target.app), code(&target.stage))
}

fn table(head: [&str; 2], rows: impl ExactSizeIterator<Item = [String; 2]>) -> String {
    let more = rows.len().saturating_sub(ROWS);
    let mut text = format!("| {} | {} |\n|---|---|\n", head[0], head[1]);
    for [one, other] in rows.take(ROWS) {
        text += &format!("| {one} | {other} |\n");
    }
    if more > 0 {
        text += &format!("\n… and {more} more\n");
    }
    text + "\n"
}

fn folded(title: &str, text: &str) -> String {
    format!("<details><summary>{title}</summary>\n\n{text}</details>\n\n")
}

fn steps(steps: &[(&'static str, String)]) -> String {
    if steps.is_empty() {
        return String::new();
    }
    let rows = steps.iter().map(|(done, title)| [(*done).to_owned(), code(title)]);
    folded(&count(steps.len(), "step"), &table(["", "resource"], rows))
}

fn checks(checks: &[Checked]) -> String {
    if checks.is_empty() {
        return String::new();
    }
    let rows = checks.iter().map(|check| match check.passed() {
        true => [format!("{GOOD} passed"), code(&check.check)],
        false => [format!("{BAD} failed"), format!("{}: {}", code(&check.check), code(&differences(check)))],
    });
    table(["", "check"], rows)
}

/// Statuses as they are; of everything else, only that it differs. What is told beside the differences stays away, too.
pub(super) fn differences(check: &Checked) -> String {
    let differences = check.differences.iter().filter_map(|one| match (one.at.as_str(), &one.expected, &one.got) {
        ("status", Some(expected), Some(got)) => Some(format!("status: expected {expected}, got {got}")),
        ("request", ..) => Some("there was no answer".to_owned()),
        (at, Some(_), _) => Some(format!("{at} is not as expected")),
        (_, None, _) => None,
    });
    differences.collect::<Vec<_>>().join("\n")
}

pub(super) fn planned(planned: &Planned) -> String {
    let all = planned.plan.steps.len();
    let sign = if all == 0 { GOOD } else { "📋" };
    let text = heading(sign, "plan", &planned.target);
    if all == 0 {
        return text + "No changes: everything is as deploy.yaml says.\n\n";
    }
    let rows = planned.plan.steps.iter().map(|step| {
        let mut paths: Vec<String> = step.changes.iter().take(5).map(|change| code(&change.path)).collect();
        if step.changes.len() > paths.len() {
            paths.push(format!("and {} more", step.changes.len() - paths.len()));
        }
        let paths = if paths.is_empty() { String::new() } else { format!(": {}", paths.join(", ")) };
        [verb(step.action).to_owned(), format!("{}{paths}", code(&format!("{} {}", step.kind, step.name)))]
    });
    text + &table(["", "resource"], rows)
}

pub(super) fn deployed(
    deployed: &Deployed,
    tally: &Tally,
    done: &[(&'static str, String)],
    checked: &[Checked],
) -> String {
    let failed = deployed.checks.is_some_and(|checks| checks.failed > 0);
    let (sign, sentence) = match deployed.outcome {
        Outcome::Declined => (CARE, "Nothing was changed.".to_owned()),
        Outcome::Unchanged => (GOOD, "Nothing changed: everything is as deploy.yaml says.".to_owned()),
        Outcome::Changed => (GOOD, format!("Deployed: {}.", tally.done())),
        Outcome::Failed | Outcome::Interrupted => (BAD, "Not finished: run the same command again.".to_owned()),
    };
    let put_off = match tally.deferred.len() {
        0 => String::new(),
        steps => format!(" {} put off: run `poc deploy` again later.", count(steps, "step")),
    };
    let mut text = heading(if failed { BAD } else { sign }, "deploy", &deployed.target);
    text += &format!("{sentence}{put_off}\n\n");
    let outputs = outcome::labelled(&deployed.outputs);
    if !outputs.is_empty() {
        text += &table(["", ""], outputs.into_iter().map(|(label, text)| [label, value(text)]));
    }
    text + &checks(checked) + &steps(done)
}

pub(super) fn torn_down(gone: &TornDown, done: &[(&'static str, String)]) -> String {
    let sign = if gone.left.is_empty() { GOOD } else { BAD };
    let mut text = heading(sign, "teardown", &gone.target);
    text += &match gone.outcome {
        Outcome::Declined => "Nothing was deleted.\n\n".to_owned(),
        _ => format!("{} left.\n\n", gone.left.len()),
    };
    text += &gone.left.iter().map(|left| format!("- {}\n", code(left))).collect::<String>();
    text += &gone.kept.iter().map(|kept| format!("- kept: {}\n", code(kept))).collect::<String>();
    text + &steps(done)
}

pub(super) fn tested(tested: &Tested) -> String {
    let sign = if tested.failed == 0 { GOOD } else { BAD };
    let sentence = format!("{} of {} passed.\n\n", tested.passed, count(tested.checks.len(), "check"));
    heading(sign, "test", &tested.target) + &sentence + &checks(&tested.checks)
}

pub(super) fn failed(command: &str, failure: &Failure, tally: &Tally, done: &[(&'static str, String)]) -> String {
    let mut text = format!("### {BAD} poc {command}\n\n");
    match failure {
        Failure::Faults(faults) => {
            text += &format!("{}; nothing was sent to AWS.\n\n", count(faults.len(), "mistake"));
            text +=
                &faults.iter().take(ROWS).map(|fault| format!("- {}\n", code(&fault.to_string()))).collect::<String>();
            text += "\n";
        }
        Failure::Usage(sentence) => text += &format!("{}\n\n", code(sentence)),
        Failure::Problem(last) => {
            let others = tally.problems.iter().filter(|problem| *problem != &**last);
            for problem in others.chain([&**last]) {
                let told = words(problem).lines().map(|line| format!("  {}\n", code(line))).collect::<Vec<_>>();
                text += &format!("- {}\n\n{}\n", code(&headline(problem)), told.join("\n"));
            }
        }
        Failure::Interrupted => text += "Interrupted: run the same command again to continue.\n\n",
    }
    text + &steps(done)
}
