//! What went wrong, and what to do now: mistakes in the input as a compiler shows them, problems with AWS as a
//! paragraph that a tired person can act on.

use std::fmt;
use std::path::PathBuf;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};

use super::layout::{columns, harmless, is_bidi_control, wrap};
use super::look::{BAD, BOLD, CARE, DIM, Look, paint};
use super::tally::Tally;
use super::words::count;
use crate::event::Problem;
use crate::spec::{Fault, Span, Warning};

/// Lines shown before and after the place.
const AROUND: usize = 1;
/// An underline over more lines says no more.
const LONGEST: usize = 6;
/// The frame that miette draws around a source line, and room for the line's number.
const FRAME: usize = 10;

/// Every mistake, in the order of the text, and how many there are.
pub(super) fn faults(faults: &[Fault], look: &Look) -> String {
    let mut text: String = sorted(faults).into_iter().map(|fault| drawn("error", fault, look) + "\n").collect();
    let closing =
        format!("{}{}; nothing was sent to AWS.", paint(BOLD, count(faults.len(), "mistake")), within(faults));
    text += &wrap("", &closing, look.width);
    if let Some(first) = sorted(faults).first() {
        text += &wrap("", &format!("`poc explain {}` says more.", first.code), look.width);
    }
    text
}

/// What works and will hurt, drawn as mistakes are, and how to learn more and how to keep it quiet.
pub(super) fn warnings(warnings: &[Warning], look: &Look) -> String {
    let faults: Vec<Fault> = warnings.iter().map(Warning::denied).collect();
    let sorted = sorted(&faults);
    let mut text: String = sorted.iter().map(|fault| drawn("warning", fault, look) + "\n").collect();
    let Some(first) = sorted.first() else { return text };
    let closing = format!(
        "{}{}. `poc explain {code}` says why and what to do; `allow: [{code}]` keeps it quiet.",
        paint(CARE, count(faults.len(), "warning")),
        within(&faults),
        code = first.code
    );
    text += &wrap("", &closing, look.width);
    text
}

/// ` in deploy.yaml and templates/request.vtl`
fn within(faults: &[Fault]) -> String {
    let mut files: Vec<PathBuf> = Vec::new();
    for span in faults.iter().filter_map(|fault| fault.span.as_ref()) {
        if !files.contains(&span.source.path) {
            files.push(span.source.path.clone());
        }
    }
    match files.as_slice() {
        [] => String::new(),
        [file] => format!(" in {}", harmless(&file.display().to_string())),
        [one, two] => {
            format!(" in {} and {}", harmless(&one.display().to_string()), harmless(&two.display().to_string()))
        }
        files => format!(" in {} files", files.len()),
    }
}

/// Mistakes of the whole file first, then file by file (in order of first mention), from top to bottom.
pub(super) fn sorted(faults: &[Fault]) -> Vec<&Fault> {
    let mention = |fault: &Fault| {
        let path = fault.span.as_ref().map(|span| &span.source.path);
        faults.iter().position(|other| other.span.as_ref().map(|span| &span.source.path) == path)
    };
    let mut sorted: Vec<&Fault> = faults.iter().collect();
    sorted.sort_by_key(|fault| {
        let place = fault.span.as_ref().map(|span| (span.start, span.end));
        (fault.span.is_some(), mention(fault), place)
    });
    sorted
}

/// A wrong command line.
pub(super) fn usage(command: &str, sentence: &str, look: &Look) -> String {
    let command = if command == "poc" { String::new() } else { format!(" {command}") };
    let mut text = wrap(&format!("{} ", paint(BAD, "error:")), &harmless(sentence), look.width);
    text += &wrap("", &format!("See `poc{command} --help`."), look.width);
    text
}

/// Ctrl-C.
pub(super) fn interrupted(command: &str, tally: &Tally, look: &Look) -> String {
    let in_flight = tally.in_flight();
    let untouched = in_flight.is_empty() && tally.finished.is_empty();
    let then = match (command, untouched) {
        ("deploy" | "dev" | "teardown" | "rollback" | "key rotate", false) => "run the same command again to continue",
        ("logs", _) => "that was all so far",
        _ => "nothing was changed",
    };
    let mut text = wrap("\n", &format!("{} {then}", paint(BAD, "interrupted;")), look.width);
    if !in_flight.is_empty() {
        text += &wrap("", &format!("Stopped while {}.", in_flight.join(", ")), look.width);
    }
    text
}

/// The problem that ended the run, after those of other steps that failed beside it.
pub(super) fn problems(last: &Problem, tally: &Tally, look: &Look) -> String {
    let others = tally.problems.iter().filter(|problem| *problem != last);
    let mut text: String = others.chain([last]).map(|problem| format!("\n{}", paragraph(problem, look))).collect();
    let done = tally.finished.len();
    if tally.problems.is_empty() && done == 0 {
        return text;
    }
    let failed = tally.problems.len().max(1);
    let closing = format!("{done} done, {failed} failed, {} not tried. What is done stays done.", tally.skipped);
    text += "\n";
    text += &wrap("", &closing, look.width);
    text
}

fn paragraph(problem: &Problem, look: &Look) -> String {
    let said = harmless(&problem.message);
    let error = format!("{} ", paint(BAD, "error:"));
    let indent = " ".repeat(columns(&error));
    let who = problem.resource.as_deref().filter(|resource| !begins_with(&problem.message, resource));
    let who = who.map(|resource| format!("{}: ", paint(BOLD, harmless(resource)))).unwrap_or_default();
    let mut text = match (&problem.operation, &problem.code) {
        (None, None) => wrap(&error, &format!("{who}{said}"), look.width),
        (Some(operation), None) => wrap(&error, &format!("{who}{}: {said}", harmless(operation)), look.width),
        (operation, Some(code)) => {
            let tried = operation.as_ref().map_or_else(|| "AWS".to_owned(), |operation| harmless(operation));
            let verb = if operation.is_some() { "failed" } else { "refused" };
            wrap(&error, &format!("{who}{tried} {verb} ({})", harmless(code)), look.width)
                + &wrap(&format!("{indent}AWS says: "), &said, look.width)
        }
    };
    if let Some(id) = &problem.request_id {
        text += &format!("{indent}{}\n", paint(DIM, format!("request id {}", harmless(id))));
    }
    if !problem.next.is_empty() {
        text += &wrap(&format!("{} ", paint(BOLD, " next:")), &look.typed(&harmless(&problem.next)), look.width);
    }
    text + &wrap(&format!("{} ", paint(BOLD, " more:")), &format!("poc explain {}", problem.kind), look.width)
}

/// Does the sentence name the resource first, as in `the IAM role admission exists already`? Then it need not stand in front.
fn begins_with(message: &str, resource: &str) -> bool {
    let message = message.replace('\'', "");
    message.strip_prefix("the ").unwrap_or(&message).starts_with(resource)
}

fn drawn(severity: &str, fault: &Fault, look: &Look) -> String {
    let characters = if look.glyphs.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() };
    let characters = ThemeCharacters { error: format!("{severity}[{}]:", fault.code), vbar: ' ', ..characters };
    let ansi = ThemeStyles::ansi();
    let styles = if severity == "warning" { ThemeStyles { error: ansi.warning, ..ansi } } else { ansi };
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme { characters, styles })
        .with_width(look.width)
        .with_links(false)
        .with_context_lines(AROUND)
        .without_primary_span_start();
    let mut text = String::new();
    let place = fault.span.as_ref().filter(|span| !span.is_blank());
    let shown = Shown { fault, excerpt: place.map(|span| Excerpt::of(span, look)) };
    match handler.render_report(&mut text, &shown) {
        Ok(()) => text.lines().map(|line| format!("{}\n", line.trim_end())).collect(),
        // A span that does not fit its text must not hide the mistake.
        Err(fmt::Error) => format!("{severity}[{}]: {}\n", fault.code, harmless(&fault.to_string())),
    }
}

/// A fault as miette wants it.
#[derive(Debug)]
struct Shown<'a> {
    fault: &'a Fault,
    excerpt: Option<Excerpt>,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&harmless(&self.fault.message))
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.fault.help.as_ref().map(|help| Box::new(harmless(help)) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|excerpt| excerpt as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let excerpt = self.excerpt.as_ref()?;
        Some(Box::new(std::iter::once(LabeledSpan::underline(excerpt.place))))
    }
}

/// The lines around a place, cut to the width of the terminal and made harmless, with the place in them.
#[derive(Debug)]
struct Excerpt {
    /// `deploy.yaml:12:3`.
    name: String,
    text: String,
    /// 0-based number of the first line.
    first_line: usize,
    place: SourceSpan,
}

impl Excerpt {
    fn of(span: &Span, look: &Look) -> Excerpt {
        let whole = span.source.text.as_str();
        let start = floor(whole, span.start);
        let end = floor(whole, span.end).max(start);
        let line = whole[..start].matches('\n').count();
        let first_line = line.saturating_sub(AROUND);
        let last_line = (line + whole[start..end].matches('\n').count()).min(line + LONGEST);
        let room = look.width.saturating_sub(FRAME);
        let here = whole[..start].rfind('\n').map_or(0, |at| at + 1);
        let window = Window::around(&whole[here..start], room);

        let (mut text, mut from, mut to) = (String::new(), None, 0);
        let mut offset = 0;
        for (number, line) in whole.split('\n').enumerate() {
            // What follows the last line break is no line, unless the place is there.
            if number > last_line && offset == whole.len() {
                break;
            }
            if (first_line..=last_line + AROUND).contains(&number) {
                let here = text.len() + usize::from(number > first_line);
                if start >= offset && start <= offset + line.len() {
                    from = Some(here + window.cut(&line[..start - offset]).len());
                }
                if end >= offset && end <= offset + line.len() {
                    to = here + window.cut(&line[..end - offset]).len();
                } else if end > offset && number <= last_line {
                    to = here + window.cut(line).len();
                }
                if number > first_line {
                    text.push('\n');
                }
                text += &window.cut(line);
            }
            offset += line.len() + 1;
        }
        let from = from.unwrap_or(0);
        let name = format!("{}:{}:{}", harmless(&span.source.path.display().to_string()), span.line, span.column);
        Excerpt { name, text, first_line, place: (from, to.saturating_sub(from)).into() }
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let inner = self.text.as_str().read_span(span, before, after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            inner.data(),
            *inner.span(),
            inner.line() + self.first_line,
            inner.column(),
            inner.line_count(),
        )))
    }
}

/// The part of every line that is shown, in characters.
struct Window {
    from: usize,
    room: usize,
}

impl Window {
    /// Wide enough to show the end of `before` and something after it.
    fn around(before: &str, room: usize) -> Window {
        let at = before.chars().count();
        let from = if at + room / 4 <= room { 0 } else { at - room / 2 };
        Window { from, room }
    }

    fn cut(&self, line: &str) -> String {
        line.chars().skip(self.from).take(self.room).map(tame).collect()
    }
}

/// A character that a terminal shows in one place.
fn tame(c: char) -> char {
    match c {
        '\t' => ' ',
        '\r' => ' ',
        c if c.is_control() || is_bidi_control(c) => '\u{fffd}',
        c => c,
    }
}

/// The nearest character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
