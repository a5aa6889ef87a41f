//! Releases: the list that a rollback chooses from, and what a rollback came to.

use super::layout::{columns, harmless, pad, wrap};
use super::look::{BOLD, CARE, DIM, GOOD, Look, paint};
use super::outcome::cost;
use super::tally::Tally;
use super::{human, words};
use crate::event::Outcome;
use crate::pipeline::{ReleaseLine, Releases, RolledBack};

/// Digits of a fingerprint that people compare.
const SHORT: usize = 8;

const HEADS: [&str; 5] = ["", "version", "deployment", "made", "code"];

pub(super) fn list(releases: &Releases, look: &Look) -> String {
    let mut text = human::heading(&releases.target, look);
    if !releases.releases.is_empty() {
        text = text + &table(&releases.releases, look) + "\n";
    }
    let served = releases.releases.iter().find(|release| release.serves);
    let sentence = match releases.releases.len() {
        0 => "Nothing that is there was deployed by this program.".to_owned(),
        1 => "One release: a deploy that changes something makes the next.".to_owned(),
        count => {
            let all = words::count(count, "release");
            match served.map(|release| release.number) {
                Some(1) => format!("{all}, of which the newest is served."),
                Some(number) => format!("{all}, of which number {number} is served."),
                None => format!("{all}, of which none is served alone."),
            }
        }
    };
    text + &wrap("", &sentence, look.width)
}

/// One release a line; below it who made it and what its function says of itself.
pub(super) fn table(releases: &[ReleaseLine], look: &Look) -> String {
    let rows: Vec<[String; 5]> = releases.iter().map(row).collect();
    let width = |at: usize| {
        let all = rows.iter().map(|row| columns(&row[at])).chain([columns(HEADS[at])]);
        all.max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..HEADS.len()).map(width).collect();
    let drawn = |cells: &[String]| {
        let cells = cells.iter().zip(&widths).map(|(cell, width)| pad(cell, *width));
        format!("  {}", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    let heads = HEADS.map(str::to_owned);
    let mut text = format!("{}\n", paint(DIM, drawn(&heads)));
    for (release, row) in releases.iter().zip(&rows) {
        let line = drawn(row);
        text += &match release.serves {
            true => format!("{}  {}\n", paint(BOLD, line), paint(GOOD, "served")),
            false => format!("{line}\n"),
        };
        let by = release.by.as_ref().map(|by| format!("by {}", harmless(by)));
        let said = release.description.as_ref().map(|said| harmless(said));
        let more: Vec<String> = by.into_iter().chain(said).collect();
        if !more.is_empty() {
            text += &wrap(&" ".repeat(4 + widths[0]), &paint(DIM, more.join(": ")), look.width);
        }
    }
    text
}

fn row(release: &ReleaseLine) -> [String; 5] {
    let short = |digits: &str| harmless(digits.get(..SHORT).unwrap_or(digits));
    [
        release.number.to_string(),
        harmless(&release.version),
        harmless(&release.deployment),
        release.made.clone().unwrap_or_default(),
        release.code.as_deref().map(short).unwrap_or_default(),
    ]
}

pub(super) fn rolled_back(done: &RolledBack, tally: &Tally, look: &Look) -> String {
    let whole = format!("{} (stage {})", harmless(&done.target.app), done.target.stage);
    let release = format!("version {} with deployment {}", harmless(&done.to.version), harmless(&done.to.deployment));
    let onward = if done.earlier { " `poc deploy` goes forward again." } else { "" };
    let sentence = match done.outcome {
        Outcome::Declined => return format!("\n{}", wrap("", "Nothing was changed.", look.width)),
        Outcome::Unchanged => format!("{} {whole} serves {release}.{onward}", paint(GOOD, "Nothing changed:")),
        Outcome::Changed => format!("{} {whole} serves {release}.{onward}", paint(GOOD, "Rolled back:")),
        Outcome::Failed | Outcome::Interrupted => {
            format!("{} {whole}. Run `poc rollback` again to continue.", paint(CARE, "Not finished:"))
        }
    };
    format!("\n{}{}", wrap("", &look.typed(&sentence), look.width), cost(tally))
}
