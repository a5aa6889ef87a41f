//! The plan, as a tree for people: each step with a sign and a word, below it what changes, what that means, and how
//! long AWS takes.

use std::fmt::Write;

use super::Question;
use super::layout::{columns, harmless, pack, pad, wrap};
use super::look::{BOLD, CARE, DIM, Look, paint};
use super::pages;
use super::values::{self, Shown, shown};
use super::words::{sign, style, up_to, verb};
use crate::engine::plan::{Change, Plan, Side, Step};
use crate::event::Action;
use crate::pipeline::{Planned, Target};

const INDENT: &str = "      ";

/// Longer names of properties do not push the values of the others aside.
const NAMES: usize = 28;
/// Lines on which something new is summarised, unless `-v`.
const SUMMARY: usize = 2;
/// A longer value is left out of a summary.
const SUMMARY_VALUE: usize = 48;
/// Between the part of a resource (`/admit GET`) and its property, in [`Change::path`].
const PART: &str = " · ";

pub(super) fn plan(planned: &Planned, look: &Look) -> String {
    let mut text = heading(&planned.target, look);
    for step in &planned.plan.steps {
        text += &drawn(step, &planned.plan, look);
    }
    if !planned.plan.is_empty() {
        text.push('\n');
    }
    text += &notes(planned, look);
    text += &summary(planned, look);
    text
}

/// What a teardown is about to delete: one line each, and what it means.
pub(super) fn teardown(planned: &Planned, look: &Look) -> String {
    let mut text = heading(&planned.target, look);
    if planned.plan.is_empty() {
        return text + &notes(planned, look);
    }
    for step in &planned.plan.steps {
        text += &head(step);
        text += &meaning(step, look);
    }
    text.push('\n');
    text += &notes(planned, look);
    let steps = planned.plan.steps.len();
    let all = if steps == 1 { "This will be deleted".to_owned() } else { format!("These {steps} will be deleted") };
    text += &wrap("", &format!("{}. {}", paint(BOLD, all), slowest(&planned.plan)), look.width);
    text
}

/// A question that is answered with a text; return takes what is usual.
pub(super) fn open_question(question: &str, usual: &str) -> String {
    format!("{} [{}]: ", paint(BOLD, question), harmless(usual))
}

pub(super) fn question(question: Question) -> String {
    let asked = match question {
        Question::Deploy => "Deploy these changes?",
        Question::Teardown => "Delete all of it?",
        Question::Rollback => "Roll back?",
        Question::Rotate => "Rotate the key?",
        Question::Unlock => "Take the lock away?",
    };
    format!("\n{} [y/N] ", paint(BOLD, asked))
}

/// Whom and where this is about.
pub(super) fn heading(target: &Target, look: &Look) -> String {
    let dot = look.glyphs.dot;
    let mut words = format!(
        "{} {dot} stage {} {dot} {} {dot} account {}",
        paint(BOLD, harmless(&target.app)),
        target.stage,
        target.region,
        target.account
    );
    if target.place != "AWS" {
        let _ = write!(words, " {dot} {}", harmless(&target.place));
    }
    wrap("", &words, look.width) + "\n"
}

/// `Plan: 14 to create, 1 to update, 0 to delete.`
pub(super) fn summary(planned: &Planned, look: &Look) -> String {
    let plan = &planned.plan;
    if plan.is_empty() {
        return wrap("", &format!("{} Everything is as deploy.yaml says.", paint(BOLD, "No changes.")), look.width);
    }
    let mut counts = Vec::new();
    for action in [Action::Create, Action::Update, Action::Replace, Action::Delete, Action::Prune] {
        let count = plan.count(action);
        let rare = matches!(action, Action::Replace | Action::Prune);
        if count > 0 || !rare {
            counts.push(format!("{count} to {}", verb(action)));
        }
    }
    wrap("", &format!("{} {}. {}", paint(BOLD, "Plan:"), counts.join(", "), slowest(plan)), look.width)
}

/// The longest of the long waits.
fn slowest(plan: &Plan) -> String {
    let slowest = plan.steps.iter().filter_map(|step| Some((step, step.slow.as_ref()?))).max_by_key(|(_, s)| s.usual);
    slowest.map_or_else(String::new, |(step, slow)| format!("Slowest: {}, {}.", step.kind, up_to(slow.usual)))
}

fn notes(planned: &Planned, look: &Look) -> String {
    let notes: String =
        planned.notes.iter().map(|note| wrap("note: ", &look.typed(&harmless(note)), look.width)).collect();
    if notes.is_empty() { notes } else { notes + "\n" }
}

fn drawn(step: &Step, plan: &Plan, look: &Look) -> String {
    let mut text = head(step);
    text += &match step.action {
        Action::Create if !look.verbose => summarised(&step.changes, |change| &change.after, plan, look),
        Action::Delete | Action::Prune if !look.verbose => {
            summarised(&step.changes, |change| &change.before, plan, look)
        }
        _ => properties(step, plan, look),
    };
    text + &meaning(step, look)
}

/// `  + create   REST API ServerlessPOC`
fn head(step: &Step) -> String {
    let style = style(step.action);
    let sign = format!("{:>3} {:<8}", sign(step.action), verb(step.action));
    format!("{} {} {}\n", paint(style, sign), step.kind, paint(BOLD, harmless(&step.name)))
}

/// What the step means for people, and how long it takes.
fn meaning(step: &Step, look: &Look) -> String {
    let mut text = String::new();
    for consequence in &step.consequences {
        text += &wrap(&format!("{INDENT}{} ", paint(CARE, "!")), &harmless(consequence), look.width);
    }
    if let Some(slow) = &step.slow {
        text += &wrap(INDENT, &format!("takes {}: {}", up_to(slow.usual), harmless(&slow.why)), look.width);
    }
    text
}

/// Something new (or something that goes) on a line or two.
fn summarised(changes: &[Change], side: fn(&Change) -> &Side, plan: &Plan, look: &Look) -> String {
    let mut items: Vec<String> = Vec::new();
    let mut parts: Vec<&str> = Vec::new();
    for change in changes {
        match change.path.split_once(PART) {
            Some((part, _)) => {
                if !parts.contains(&part) {
                    parts.push(part);
                }
            }
            None if matches!(side(change), Side::KnownAfter(_)) => {}
            None => items.push(match shown(side(change), plan) {
                Shown::Inline(value) if columns(&value) <= SUMMARY_VALUE => {
                    format!("{} {value}", harmless(&change.path))
                }
                _ => harmless(&change.path),
            }),
        }
    }
    items.extend(parts.into_iter().map(harmless));
    paint_lines(&pack(INDENT, &items, look.width, SUMMARY))
}

fn paint_lines(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", paint(DIM, line))).collect()
}

/// Every property, by part.
fn properties(step: &Step, plan: &Plan, look: &Look) -> String {
    let mut text = String::new();
    let mut part = "";
    text += &pages::drawn(&step.changes, INDENT, look);
    for change in step.changes.iter().filter(|change| pages::page(change).is_none()) {
        let (here, name) = change.path.split_once(PART).unwrap_or(("", &change.path));
        if here != part {
            part = here;
            if !here.is_empty() {
                let _ = writeln!(text, "{INDENT}{}", harmless(here));
            }
        }
        let indent = if here.is_empty() { INDENT.to_owned() } else { format!("{INDENT}  ") };
        text += &property(change, name, names_width(&step.changes, here), &indent, step.action, plan, look);
    }
    text
}

/// The column in which the values of a part begin.
fn names_width(changes: &[Change], part: &str) -> usize {
    let names = changes.iter().filter_map(|change| match change.path.split_once(PART) {
        Some((of, name)) => (of == part).then_some(name),
        None => part.is_empty().then_some(change.path.as_str()),
    });
    names.map(columns).filter(|width| *width <= NAMES).max().unwrap_or(0)
}

fn property(
    change: &Change,
    name: &str,
    names: usize,
    indent: &str,
    action: Action,
    plan: &Plan,
    look: &Look,
) -> String {
    let name = harmless(name);
    let inline = match (action, shown(&change.before, plan), shown(&change.after, plan)) {
        _ if change.before == Side::Secret && change.after == Side::Secret => Some("(secret), changed".to_owned()),
        (Action::Create, _, Shown::Inline(after)) => Some(after),
        (_, Shown::Inline(before), Shown::Inline(after)) => Some(format!("{before} {} {after}", look.glyphs.arrow)),
        _ => None,
    };
    let mut text = match inline.map(|values| format!("{indent}{}  {values}\n", pad(&name, names))) {
        Some(line) if columns(&line) <= look.width => line,
        _ => {
            let below = values::difference(&change.before, &change.after, plan, &format!("{indent}  "), look);
            format!("{indent}{name}\n{below}")
        }
    };
    if change.replaces {
        text += &format!("{indent}  {}\n", paint(CARE, "cannot be changed in place"));
    }
    text
}
