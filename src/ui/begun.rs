//! What `poc init` made, and what to type next.

use super::layout::{harmless, pad, wrap};
use super::look::{BOLD, DIM, GOOD, Look, paint};
use crate::pipeline::{Initialised, shell_word};

pub(super) fn initialised(made: &Initialised, quiet: bool, look: &Look) -> String {
    let directory = harmless(&made.directory.display().to_string());
    let here = directory == ".";
    let place = if here { "this directory".to_owned() } else { directory.clone() };
    let mut text = wrap("", &format!("{} in {place}:", paint(BOLD, harmless(&made.name))), look.width) + "\n";
    let widest = made.files.iter().map(|(path, _)| path.len()).max().unwrap_or_default();
    for (path, what) in &made.files {
        let what = if made.kept.contains(path) { "there already, as it would be" } else { what };
        text += &format!("  {}  {what}\n", paint(GOOD, pad(path, widest)));
    }
    if let Some(first) = &made.first {
        text += "\n";
        text += &wrap("First: ", first, look.width);
    }
    if quiet {
        return text;
    }
    text += "\nNext:\n";
    if !here {
        // Where it begins with a dash, cd would take it for an option.
        let dash = if directory.starts_with('-') { "./" } else { "" };
        text += &format!("  cd {}\n", shell_word(&format!("{dash}{directory}")));
    }
    for (command, what) in [
        ("poc deploy --local", made.local),
        ("poc dev", "serve it here, and deploy every edit"),
        ("poc deploy", "build it on AWS"),
    ] {
        text += &format!("  {command:<20}{}\n", paint(DIM, what));
    }
    text
}
