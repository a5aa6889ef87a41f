//! How a command ends: what was validated, the outputs of a deploy, the state of things, what a teardown left.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use super::layout::{columns, harmless, pad, wrap};
use super::look::{BAD, BOLD, CARE, DIM, GOOD, LINK, Look, paint};
use super::tally::Tally;
use super::values::{self, Shown, shown};
use super::words::{count, took, took_whole};
use super::{checks, human, pages, releases};
use crate::engine::plan::{Change, Plan, Side};
use crate::event::{CheckTally, Outcome};
use crate::pipeline::{
    Deployed, Holder, LogLine, ResourceState, ResourceStatus, Rotated, Rotation, Status, TornDown, Unlocked, Validated,
};

const INDENT: &str = "      ";

/// Outputs that people look for first, and what they are called.
const LABELS: [(&str, &str); 6] = [
    ("invoke_url", "invoke URL"),
    ("custom_url", "custom URL"),
    ("site", "site"),
    ("api_keys", "API key"),
    ("call", "try it"),
    ("serve", "serve it"),
];

pub(super) fn validated(file: &Path, validated: &Validated, look: &Look) -> String {
    let stages = match validated.stages.as_slice() {
        [] => String::new(),
        [stage] => format!(", stage {}", harmless(stage)),
        stages => format!(", stages {}", harmless(&stages.join(", "))),
    };
    let sentence = format!(
        "{} {} is right: {}, {}, {}{stages}. Nothing was sent to AWS.",
        paint(GOOD, look.glyphs.good),
        harmless(&file.display().to_string()),
        harmless(&validated.app),
        count(validated.routes, "route"),
        count(validated.templates, "template"),
    );
    wrap("", &sentence, look.width)
}

/// The outputs, and a sentence on what was done.
pub(super) fn deployed(deployed: &Deployed, tally: &Tally, look: &Look) -> (String, String) {
    let target = &deployed.target;
    let whole = format!("{} (stage {})", harmless(&target.app), target.stage);
    let sentence = match deployed.outcome {
        Outcome::Declined => "Nothing was changed.".to_owned(),
        Outcome::Unchanged => format!("{} {whole} is as deploy.yaml says.", paint(GOOD, "Nothing changed:")),
        Outcome::Changed => format!("{} {whole}: {}.", paint(GOOD, "Deployed"), tally.done()),
        Outcome::Failed | Outcome::Interrupted => {
            format!("{} {whole}. Run `poc deploy` again to continue.", paint(BAD, "Not finished:"))
        }
    };
    let sentence = match tally.deferred.len() {
        0 => sentence,
        steps => format!("{sentence} {} put off: run `poc deploy` again later to go on.", count(steps, "step")),
    };
    let sentence = match deployed.checks {
        None => sentence,
        Some(tally @ CheckTally { failed: 0, .. }) => format!("{sentence} {}.", checks::verdict(tally)),
        Some(tally) => format!(
            "{sentence} {}: what is deployed stays deployed. Mend what the checks show and run `poc deploy` again; \
             `poc test` runs the checks alone.",
            checks::verdict(tally)
        ),
    };
    let summary = format!("\n{}", wrap("", &look.typed(&sentence), look.width));
    if deployed.outcome == Outcome::Declined {
        return (String::new(), summary);
    }
    let summary = summary + &cost(tally);
    let outputs = outputs(&deployed.outputs);
    (outputs, if deployed.outputs.is_empty() { summary } else { summary + "\n" })
}

/// `3.2 s, requests: 55, writes: 14`
pub(super) fn cost(tally: &Tally) -> String {
    let time = tally.elapsed().map_or_else(String::new, |elapsed| format!("{}, ", took(elapsed)));
    format!("{}\n", paint(DIM, format!("{time}requests: {}, writes: {}", tally.requests, tally.writes)))
}

/// Every output with what it is called, in the order in which people look for them.
pub(super) fn labelled(outputs: &BTreeMap<String, String>) -> Vec<(String, &String)> {
    let known = LABELS.iter().filter_map(|(key, label)| Some(((*label).to_owned(), outputs.get(*key)?)));
    let rest = outputs.iter().filter(|(key, _)| LABELS.iter().all(|(known, _)| known != key));
    let rest = rest.map(|(key, value)| (harmless(&key.replace('_', " ")), value));
    known.chain(rest).collect()
}

/// Labels and values; a value stands on one line, whatever the width, so that it can be copied.
fn outputs(outputs: &BTreeMap<String, String>) -> String {
    let rows = labelled(outputs);
    let width = rows.iter().map(|(label, _)| columns(label)).max().unwrap_or(0);
    let mut text = String::new();
    for (label, value) in rows {
        let style = if value.starts_with("https://") || value.starts_with("http://") { LINK } else { BOLD };
        let _ = writeln!(text, "{}  {}", pad(&label, width), paint(style, harmless(value)));
    }
    text
}

pub(super) fn status(status: &Status, look: &Look) -> String {
    let mut text = human::heading(&status.target, look);
    if !status.deployed {
        return text + &wrap("", &look.typed("Nothing is deployed. `poc deploy` deploys it."), look.width);
    }
    let titles = status.resources.iter().map(|resource| columns(&title(resource))).max().unwrap_or(0);
    for resource in &status.resources {
        text += &row(resource, titles, look);
        text += &pages::drawn(&resource.drift, INDENT, look);
        for change in resource.drift.iter().filter(|change| pages::page(change).is_none()) {
            text += &drift(change, look);
        }
    }
    text += "\n";
    if let Some(last) = &status.last_change {
        let run = last.run.as_ref().map(|run| format!(" ({})", harmless(run))).unwrap_or_default();
        let (command, by) = (harmless(&last.command), harmless(&last.by));
        text += &wrap("", &format!("Last changed {} by {by}: poc {command}{run}.", harmless(&last.at)), look.width);
        text += "\n";
    }
    if !status.releases.is_empty() {
        text += &releases::table(&status.releases, look);
        text += "\n";
    }
    if !status.outputs.is_empty() {
        text += &outputs(&status.outputs);
        text += "\n";
    }
    for note in &status.notes {
        text += &wrap(&format!("{} ", paint(CARE, "!")), &look.typed(&harmless(note)), look.width);
    }
    text += &earlier(status, look);
    text + &wrap("", &look.typed(&verdict(status)), look.width)
}

/// That somebody went back, where they did. Served as deploy.yaml says, a release that is not the newest is no way back.
fn earlier(status: &Status, look: &Look) -> String {
    let moves = |resource: &ResourceStatus| ["alias", "stage"].contains(&resource.step.as_str());
    if !status.resources.iter().any(|resource| moves(resource) && resource.state == ResourceState::Drifted) {
        return String::new();
    }
    let Some(served) = status.releases.iter().skip(1).find(|release| release.serves) else { return String::new() };
    let sentence = format!(
        "{} version {} with deployment {}. `poc deploy` goes forward again.",
        paint(CARE, "An earlier release is served:"),
        harmless(&served.version),
        harmless(&served.deployment),
    );
    wrap("", &look.typed(&sentence), look.width)
}

fn title(resource: &ResourceStatus) -> String {
    format!("{} {}", resource.kind, harmless(&resource.name))
}

fn row(resource: &ResourceStatus, titles: usize, look: &Look) -> String {
    let (glyph, style, word) = match resource.state {
        ResourceState::Deployed => (look.glyphs.good, GOOD, "deployed"),
        ResourceState::Drifted => ("~", CARE, "drifted"),
        ResourceState::Missing => (look.glyphs.bad, BAD, "missing"),
        ResourceState::Surplus => ("-", BAD, "surplus"),
    };
    let title = format!("{} {}", resource.kind, paint(BOLD, harmless(&resource.name)));
    let start = format!("  {} ", paint(style, format!("{glyph} {word:<8}")));
    let facts: Vec<String> =
        resource.facts.iter().map(|(name, value)| format!("{} {}", harmless(name), harmless(value))).collect();
    if facts.is_empty() {
        return format!("{start}{title}\n");
    }
    let line = format!("{start}{}  {}", pad(&title, titles), paint(DIM, facts.join(", ")));
    if columns(&line) <= look.width {
        return line + "\n";
    }
    format!("{start}{title}\n{}", wrap(INDENT, &paint(DIM, facts.join(", ")), look.width))
}

/// `memory: AWS has 512, deploy.yaml says 256`.
fn drift(change: &Change, look: &Look) -> String {
    let plan = Plan::default();
    let path = harmless(&change.path);
    if let (Shown::Inline(has), Shown::Inline(says)) = (shown(&change.before, &plan), shown(&change.after, &plan)) {
        let sentence = match (&change.before, &change.after) {
            (Side::Secret, Side::Secret) => format!("{path}: the secret differs"),
            (_, Side::Absent) => format!("{path}: AWS has {has}, deploy.yaml does not"),
            (Side::Absent, _) => format!("{path}: deploy.yaml says {says}, AWS has nothing"),
            _ => format!("{path}: AWS has {has}, deploy.yaml says {says}"),
        };
        if columns(&sentence) + columns(INDENT) <= look.width {
            return format!("{INDENT}{sentence}\n");
        }
    }
    let below = values::difference(&change.before, &change.after, &plan, &format!("{INDENT}  "), look);
    format!("{INDENT}{path} (- AWS has, + deploy.yaml says)\n{below}")
}

fn verdict(status: &Status) -> String {
    let of = |state| status.resources.iter().filter(|resource| resource.state == state).count();
    let wrong: Vec<String> = [
        (of(ResourceState::Drifted), "drifted"),
        (of(ResourceState::Missing), "missing"),
        (of(ResourceState::Surplus), "no longer in deploy.yaml"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect();
    let all = count(status.resources.len(), "resource");
    if wrong.is_empty() {
        return format!("{all}, {}", paint(GOOD, "all as deploy.yaml says."));
    }
    format!("{all}: {}. `poc plan` shows how to put that right, `poc deploy` does it.", wrong.join(", "))
}

pub(super) fn torn_down(gone: &TornDown, tally: &Tally, look: &Look) -> String {
    let target = &gone.target;
    let whole = format!("{} (stage {})", harmless(&target.app), target.stage);
    if gone.outcome == Outcome::Declined {
        return "\nNothing was deleted.\n".to_owned();
    }
    if gone.left.is_empty() {
        let sentence = match gone.outcome {
            Outcome::Unchanged => format!("There is nothing of {whole} to delete: {}.", paint(GOOD, "0 left")),
            _ if tally.finished.is_empty() => format!("{whole} is gone: {}.", paint(GOOD, "0 left")),
            _ => format!("{whole} is gone: {}, {}.", tally.done(), paint(GOOD, "0 left")),
        };
        return wrap("", &sentence, look.width) + &kept(gone, look) + &cost(tally);
    }
    let mut text = format!("{}\n", paint(BAD, format!("{} left:", gone.left.len())));
    for left in &gone.left {
        text += &wrap("  - ", &harmless(left), look.width);
    }
    text += &kept(gone, look);
    text + &wrap(
        "",
        &look.typed("Run `poc teardown` again to finish; if something stays, its message says why."),
        look.width,
    )
}

/// What stays, which is no failure.
fn kept(gone: &TornDown, look: &Look) -> String {
    gone.kept.iter().map(|kept| wrap(&format!("{} ", paint(CARE, "kept:")), &harmless(kept), look.width)).collect()
}

/// What a rotation is about to do, before it is asked for.
pub(super) fn rotation(rotation: &Rotation, look: &Look) -> String {
    let key = paint(BOLD, harmless(&rotation.key));
    let grace = match rotation.grace.as_secs() {
        0 => "goes at once; callers that send it get 403".to_owned(),
        _ => format!("is accepted for {} more, then callers that send it get 403", took_whole(rotation.grace)),
    };
    let leave = match rotation.grace.as_secs() {
        0 => "",
        _ => " So long this command waits; after Ctrl-C both are accepted until it or `poc deploy` is run again.",
    };
    let sentence = match rotation.resumed {
        true => format!(
            "The rotation of the API key {key} that was begun before is finished. The old value {grace}.{leave}"
        ),
        false => format!("The API key {key} gets a new value. The old value {grace}.{leave}"),
    };
    human::heading(&rotation.target, look) + &wrap("", &look.typed(&sentence), look.width)
}

pub(super) fn rotated(rotated: &Rotated, look: &Look) -> String {
    let key = harmless(&rotated.key);
    let sentence = match (rotated.outcome, rotated.resumed) {
        (Outcome::Declined, _) => "Nothing was changed.".to_owned(),
        (_, false) => format!("{} {key}: `poc key show` prints its new value.", paint(GOOD, "Rotated")),
        (_, true) => format!(
            "{} {key}: the rotation that was begun before. `poc key show` prints its new value; to rotate it once \
             more, run the same command again.",
            paint(GOOD, "Finished")
        ),
    };
    format!("\n{}", wrap("", &look.typed(&sentence), look.width))
}

/// Who is about to lose the lock.
pub(super) fn holder(holder: &Holder, look: &Look) -> String {
    let (who, what) = (paint(BOLD, harmless(&holder.who)), harmless(&holder.what));
    let lease = match (&holder.until, holder.dead) {
        (_, true) => " Nobody is behind it any more; the next deploy or teardown takes it over by itself.".to_owned(),
        (Some(until), false) => {
            format!(" If that is dead, its lease ends at {until}, and the next run goes on by itself.")
        }
        (None, false) => String::new(),
    };
    let sentence = format!("{} is held by {who}: {what}.{lease}", harmless(&holder.lock));
    human::heading(&holder.target, look) + &wrap("", &sentence, look.width)
}

pub(super) fn unlocked(unlocked: &Unlocked, look: &Look) -> String {
    let sentence = match (&unlocked.holder, unlocked.outcome) {
        (None, _) => format!("{} is not held by anybody.", harmless(&unlocked.lock)),
        (Some(_), Outcome::Declined) => "Nothing was changed.".to_owned(),
        (Some(holder), _) => format!(
            "{} {}: should {} be at work still, it stops before its next change.",
            paint(GOOD, "Unlocked"),
            harmless(&unlocked.lock),
            harmless(&holder.who)
        ),
    };
    format!("\n{}", wrap("", &sentence, look.width))
}

/// The time, then the text; further lines of an event stand below its text. `guarded`: nothing may drive the terminal.
pub(super) fn log_line(line: &LogLine, guarded: bool) -> String {
    // Lambda's runtimes write the lines of one event with a carriage return between them.
    let text = line.message.replace("\r\n", "\n").replace('\r', "\n");
    let text = if guarded { harmless(&text) } else { text };
    let indent = " ".repeat(columns(&line.time) + 2);
    let time = if guarded { paint(DIM, &line.time) } else { line.time.clone() };
    let text = text.trim_end().split('\n').collect::<Vec<_>>().join(&format!("\n{indent}"));
    format!("{time}  {text}\n")
}

/// An override without the parts that override nothing.
pub(super) fn without_empty(value: &serde_json::Value) -> serde_json::Value {
    let Some(members) = value.as_object() else { return value.clone() };
    let says = |value: &serde_json::Value| value.as_object().is_none_or(|members| !members.is_empty());
    members.iter().filter(|(_, value)| says(value)).map(|(name, value)| (name.clone(), value.clone())).collect()
}
