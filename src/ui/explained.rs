//! Pages of `poc explain`: Markdown that is little more than paragraphs, drawn for a terminal.

use super::layout::{columns, harmless, pad, wrap};
use super::look::{BOLD, DIM, Look, paint};
use crate::pipeline::{Explanation, Subject};

/// One page, whole.
pub(super) fn page(page: &Explanation, look: &Look) -> String {
    let mut text = format!("{}\n", wrap("", &format!("{}: {}", paint(BOLD, page.code), page.title), look.width));
    let mut paragraph: Vec<&str> = Vec::new();
    let mut fenced = false;
    for line in page.text.lines().chain([""]) {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            text += &format!("    {line}\n");
        } else if !line.trim().is_empty() {
            paragraph.push(line.trim());
        } else if !paragraph.is_empty() {
            text += &labelled(&paragraph.join(" "), look);
            text.push('\n');
            paragraph.clear();
        } else if !text.ends_with("\n\n") {
            text.push('\n');
        }
    }
    format!("{}\n", text.trim_end())
}

/// `Why: …` with its first word in bold and the rest below itself.
fn labelled(paragraph: &str, look: &Look) -> String {
    for label in ["Why:", "Do:", "Then:"] {
        if let Some(rest) = paragraph.strip_prefix(label) {
            return wrap(&pad(&paint(BOLD, label), 6), rest.trim_start(), look.width);
        }
    }
    wrap("", paragraph, look.width)
}

/// Every code with its title, by subject.
pub(super) fn list(pages: &[Explanation], look: &Look) -> String {
    let width = pages.iter().map(|page| columns(page.code)).max().unwrap_or(0);
    let mut text = String::new();
    for (subject, heading) in [
        (Subject::Warning, "Warnings: what works and will hurt"),
        (Subject::Mistake, "Mistakes: what is wrong in deploy.yaml, in what it names or in the package"),
        (Subject::Problem, "Problems: why a run could not go on"),
        (Subject::Finding, "Findings: what `poc doctor` sees"),
    ] {
        text += &wrap(if text.is_empty() { "" } else { "\n" }, &paint(BOLD, heading), look.width);
        for page in pages.iter().filter(|page| page.subject == subject) {
            text += &wrap(&format!("  {}  ", pad(page.code, width)), &harmless(&page.title), look.width);
        }
    }
    text + "\n" + &wrap("", &paint(DIM, "`poc explain CODE` tells the story behind one."), look.width)
}
