//! `poc doctor`: one line for each check, what to do below it, and what it comes to.

use std::fmt::Write;

use super::layout::{harmless, pad, wrap};
use super::look::{BAD, BOLD, CARE, DIM, GOOD, Look, paint};
use super::words::count;
use crate::pipeline::{Diagnosis, Finding, Verdict};

/// As wide as the longest name of a check.
const NAME: usize = 13;

pub(super) fn diagnosis(diagnosis: &Diagnosis, look: &Look) -> String {
    let mut text = String::new();
    let parts = [Some(&diagnosis.app), Some(&diagnosis.stage), diagnosis.region.as_ref(), Some(&diagnosis.place)];
    let parts: Vec<String> = parts.into_iter().flatten().map(|part| harmless(part)).collect();
    let _ = writeln!(text, "{}\n", paint(BOLD, parts.join(&format!(" {} ", look.glyphs.dot))));
    for finding in &diagnosis.checks {
        text += &line(finding, look);
    }
    let _ = writeln!(text, "\n{}", summary(diagnosis));
    text
}

fn line(finding: &Finding, look: &Look) -> String {
    let (style, glyph) = match finding.verdict {
        Verdict::Ok => (GOOD, look.glyphs.good),
        Verdict::Warning => (CARE, "!"),
        Verdict::Problem => (BAD, look.glyphs.bad),
        Verdict::NotAsked => (DIM, "?"),
    };
    let name = pad(&finding.check.replace('_', " "), NAME);
    let hanging = " ".repeat(NAME + 5);
    let said = wrap(&hanging, &harmless(&finding.message), look.width);
    let mut text = format!("  {} {name} {}", paint(style, glyph), said.trim_start());
    if let Some(remedy) = &finding.remedy {
        let arrow = wrap(&hanging, &look.typed(&harmless(remedy)), look.width);
        let more = wrap(&hanging, &format!("more: poc explain {}", finding.kind), look.width);
        let _ = write!(text, "{}{}", paint(DIM, &arrow), paint(DIM, &more));
    }
    text
}

fn summary(diagnosis: &Diagnosis) -> String {
    let of = |verdict| diagnosis.count(verdict);
    let (problems, warnings, unasked) = (of(Verdict::Problem), of(Verdict::Warning), of(Verdict::NotAsked));
    let mut parts = vec![match problems {
        0 => paint(GOOD, "Nothing keeps a deploy from working, as far as can be told"),
        problems => paint(BAD, count(problems, "problem")),
    }];
    if warnings > 0 {
        parts.push(count(warnings, "warning"));
    }
    if unasked > 0 {
        parts.push(format!("{unasked} could not be asked"));
    }
    format!("{}.", parts.join(", "))
}
