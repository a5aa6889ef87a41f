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
    let kinds: [(&str, _, fn(&Change) -> bool); 3] = [
        ("+", GOOD, |change| change.before == Side::Absent),
        ("~", CARE, |change| change.before != Side::Absent && change.after != Side::Absent),
        ("-", BAD, |change| change.after == Side::Absent),
    ];
    let mut text = String::new();
    for (sign, style, is_one) in kinds {
        let names: Vec<String> =
            changes.iter().filter(|change| is_one(change)).filter_map(page).map(harmless).collect();
        let packed = pack(&format!("{indent}  "), &names, look.width, lines);
        // The sign takes the place of the first line's last two blanks.
        if let Some(rest) = packed.strip_prefix(&format!("{indent}  ")) {
            text += &format!("{indent}{} {rest}", paint(style, sign));
        }
    }
    text
}
