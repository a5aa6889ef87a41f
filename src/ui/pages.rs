//! The pages of a site in a plan: a few names of what comes, what changes and what goes, and how many more. Their hashes are
//! for programs.

use super::layout::{harmless, pack};
use super::look::{BAD, CARE, GOOD, Look, paint};
use crate::engine::plan::{Change, Side};

/// Of a page's [`Change::path`], before its own.
const PART: &str = "site · ";
/// Lines for each of the three, unless `-v`.
const LINES: usize = 2;

/// The page that a change is about.
pub(super) fn page(change: &Change) -> Option<&str> {
    change.path.strip_prefix(PART)
}

/// A sign and names for new pages, changed ones, and those that go.
pub(super) fn drawn(changes: &[Change], indent: &str, look: &Look) -> String {
    let lines = if look.verbose { usize::MAX } else { LINES };
    let mut text = String::new();
    for (sign, style) in [("+", GOOD), ("~", CARE), ("-", BAD)] {
        let of_a_kind = changes.iter().filter(|change| self::sign(change) == sign);
        let names: Vec<String> = of_a_kind.filter_map(page).map(harmless).collect();
        let packed = pack(&format!("{indent}  "), &names, look.width, lines);
        // The sign takes the place of the first line's last two blanks.
        if let Some(rest) = packed.strip_prefix(&format!("{indent}  ")) {
            text += &format!("{indent}{} {rest}", paint(style, sign));
        }
    }
    text
}

fn sign(change: &Change) -> &'static str {
    match (&change.before, &change.after) {
        (Side::Absent, _) => "+",
        (_, Side::Absent) => "-",
        _ => "~",
    }
}
