//! `poc policy`: files to be read before they are used, and what is still to be done.

use std::fmt::Write;

use super::layout::{harmless, wrap};
use super::look::{BOLD, DIM, GOOD, Look, paint};
use crate::pipeline::{Github, PolicyMade};

/// The files, or that they were written; then what remains.
pub(super) fn github(github: &Github, look: &Look) -> String {
    let mut text = String::new();
    for file in &github.files {
        let path = harmless(&file.path);
        if github.written {
            let _ = writeln!(text, "{} {path}: {}", paint(GOOD, look.glyphs.good), file.what);
        } else {
            let _ = write!(text, "{}\n{}\n", paint(BOLD, format!("# {path}: {}", file.what)), harmless(&file.text));
        }
    }
    let _ = writeln!(
        text,
        "{}",
        paint(BOLD, "# Once, by somebody who may make roles (the first, unless the account has this provider):")
    );
    for command in &github.commands {
        let _ = writeln!(text, "{}", harmless(command));
    }
    text
}

/// What the person has to know, for stderr.
pub(super) fn notes(made: &PolicyMade, look: &Look) -> String {
    let mut text = String::new();
    for note in &made.notes {
        text += &wrap("note: ", &harmless(note), look.width);
    }
    if let Some(Github { secrets, .. }) = made.github.as_ref().filter(|github| !github.secrets.is_empty()) {
        let secrets = harmless(&secrets.join(", "));
        text += &wrap("note: ", &format!("deploy.yaml reads {secrets}: secrets of the repository"), look.width);
    }
    text
}

pub(super) fn size(made: &PolicyMade) -> String {
    format!("{}\n", paint(DIM, format!("{} of the {} characters of a managed policy", made.characters, made.largest)))
}
