//! The story behind every code that a person can meet: warnings, mistakes of deploy.yaml, problems of a run, findings of the
//! doctor. The pages are Markdown beside this file, compiled in, and as data they are what `poc explain` shows.

use serde::Serialize;

use crate::event::{FindingKind, ProblemKind};
use crate::spec::{Mistake, WarningCode, nearest_word};

/// What a page is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// What works and will hurt.
    Warning,
    /// What is wrong in the input; nothing was sent.
    Mistake,
    /// Why a run could not go on.
    Problem,
    /// What `poc doctor` sees that is no problem of a run, too.
    Finding,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    pub code: &'static str,
    pub subject: Subject,
    pub title: String,
    /// Markdown: paragraphs and fenced blocks.
    pub text: String,
}

const SOURCES: [(Subject, &str); 4] = [
    (Subject::Warning, include_str!("warnings.md")),
    (Subject::Mistake, include_str!("mistakes.md")),
    (Subject::Problem, include_str!("problems.md")),
    (Subject::Finding, include_str!("findings.md")),
];

impl Subject {
    /// Every code that the program can show of it.
    pub fn codes(self) -> Vec<&'static str> {
        match self {
            Subject::Warning => WarningCode::all().iter().map(|code| code.name()).collect(),
            Subject::Mistake => Mistake::all().iter().map(|kind| kind.name()).collect(),
            Subject::Problem => ProblemKind::all().iter().map(|kind| kind.name()).collect(),
            Subject::Finding => FindingKind::all().iter().map(|kind| kind.name()).collect(),
        }
    }
}

/// Every page, in the order of the sources.
pub fn all() -> Vec<Explanation> {
    SOURCES.into_iter().flat_map(|(subject, source)| sections(subject, source)).collect()
}

/// The page of a code, however it is written: `poc1` is no code, `poc001` is.
///
/// # Errors
/// The code that may have been meant.
pub fn page(code: &str) -> Result<Explanation, Option<&'static str>> {
    let all = all();
    let wanted = code.replace('-', "_");
    match all.iter().find(|page| page.code.eq_ignore_ascii_case(&wanted)) {
        Some(page) => Ok(page.clone()),
        None => Err(nearest_word(&wanted, all.iter().map(|page| page.code))),
    }
}

fn sections(subject: Subject, source: &'static str) -> Vec<Explanation> {
    source.split("\n## ").skip(1).map(|section| section_page(subject, section)).collect()
}

fn section_page(subject: Subject, section: &'static str) -> Explanation {
    let (code, body) = section.split_once('\n').unwrap_or((section, ""));
    let body = body.trim();
    let warned = WarningCode::all().iter().find(|known| known.name() == code).map(|known| known.title().to_owned());
    let (title, text) = match warned {
        Some(title) => (title, body),
        // The first line of the others is the title, in bold.
        None => {
            let (title, text) = body.split_once('\n').unwrap_or((body, ""));
            (title.trim_matches('*').to_owned(), text.trim())
        }
    };
    Explanation { code: code.trim(), subject, title, text: text.to_owned() }
}
