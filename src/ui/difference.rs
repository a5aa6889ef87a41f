//! Two stages side by side.

use super::layout::{columns, harmless, wrap};
use super::look::{BOLD, GOOD, Look, paint};
use super::values::{self, Shown, shown};
use super::words::count;
use crate::engine::plan::{Change, Plan, Side};
use crate::pipeline::Difference;

const INDENT: &str = "  ";

pub(super) fn drawn(difference: &Difference, look: &Look) -> String {
    let (left, right, dot) = (harmless(&difference.left), harmless(&difference.right), look.glyphs.dot);
    let what = if difference.deployed { "as they are served" } else { "as deploy.yaml asks for them" };
    let app = paint(BOLD, harmless(&difference.app));
    let mut text = wrap("", &format!("{app} {dot} {left} and {right} {dot} {what}"), look.width) + "\n";
    for change in &difference.changes {
        text += &row(change, (&left, &right), look);
    }
    if !difference.changes.is_empty() {
        text += "\n";
    }
    let sentence = match difference.changes.len() {
        0 => format!("{} {left} and {right} are the same.", paint(GOOD, "No difference:")),
        all => format!("{} between {left} and {right}.", count(all, "difference")),
    };
    text + &wrap("", &sentence, look.width)
}

/// `usage_plan.quota.limit: dev 50, prod 500`.
fn row(change: &Change, (left, right): (&str, &str), look: &Look) -> String {
    let (plan, path) = (Plan::default(), harmless(&change.path));
    if (&change.before, &change.after) == (&Side::Secret, &Side::Secret) {
        return format!("{INDENT}{path}: the secret differs\n");
    }
    if let (Shown::Inline(before), Shown::Inline(after)) = (shown(&change.before, &plan), shown(&change.after, &plan)) {
        let line = format!("{INDENT}{path}: {left} {before}, {right} {after}");
        if columns(&line) <= look.width {
            return line + "\n";
        }
    }
    let below = values::difference(&change.before, &change.after, &plan, &format!("{INDENT}  "), look);
    format!("{INDENT}{path} (- {left}, + {right})\n{below}")
}
