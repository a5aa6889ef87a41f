//! What people and programs see. Plans, events, results and failures come in as data; text goes out: data to stdout,
//! everything else to stderr. Nothing here knows AWS or decides anything.
//!
//! The modules that draw (`human`, `values`, `outcome`, `diagnostics`, `json`) are pure: data and a [`Look`] in, text
//! out; so is `live`, which draws the rows at the bottom of a terminal from the `tally` of the run. [`Ui`] owns the streams,
//! `progress` the step lines, `screen` what it takes to put rows on a terminal again and again.

mod begun;
mod called;
mod checks;
mod diagnostics;
mod difference;
mod doctor;
mod explained;
mod github;
mod human;
mod json;
mod layout;
mod linediff;
mod live;
mod look;
mod outcome;
mod packaged;
mod pages;
mod policy;
mod progress;
mod questions;
mod recording;
mod releases;
mod screen;
mod served;
mod streams;
mod tally;
#[cfg(test)]
mod tests;
mod timeline;
mod values;
mod words;

use std::cell::OnceCell;
use std::path::Path;
use std::time::Duration;

pub use self::checks::junit;
use self::github::Github;
pub use self::look::Look;
use self::progress::Progress;
pub use self::questions::Question;
pub use self::recording::Recording;
use self::screen::{Screen, Size};
pub use self::streams::Captured;
use self::streams::Streams;
pub use self::timeline::Timeline;
use crate::event::{Event, Reporter};
use crate::pipeline::{
    Called, Deployed, Diagnosis, Difference, Explanation, Failure, Initialised, LogLine, Packaged, Page, Planned,
    PolicyMade, Releases, Rendered, RolledBack, Rotated, ShownKey, Status, Tested, TornDown, Unlocked, Validated,
};
use crate::spec::Warning;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Human,
    /// The result as one document on stdout.
    JsonDocument,
    /// Events and result, one per line, on stdout.
    JsonLines,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Volume {
    /// Errors and the final result.
    Quiet,
    Normal,
    /// Every property, every call.
    Verbose,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    Auto,
    Always,
    Never,
}

/// A JSON document for a file or for people.
pub fn pretty(document: &serde_json::Value) -> String {
    // A `Value` has string keys only; it always serialises.
    serde_json::to_string_pretty(document).unwrap_or_default() + "\n"
}

/// The streams of one run, and what has been seen on them so far.
pub struct Ui {
    streams: Streams,
    format: Format,
    volume: Volume,
    look: Look,
    progress: Progress,
    /// Where the live view is drawn, if it is.
    screen: Option<Screen>,
    /// Where GitHub's runner runs this.
    github: Option<Github>,
    timeline: OnceCell<timeline::Wanted>,
    /// What leads another command to the same deployment.
    options: OnceCell<String>,
}

impl Ui {
    /// Writes to this process's stdout and stderr, reads its stdin.
    pub fn of_process(format: Format, volume: Volume, color: Color) -> Ui {
        let streams = Streams::of_process(color);
        let look = Look::of_process(volume == Volume::Verbose);
        Ui::new(streams, format, volume, look, Github::of_process())
    }

    /// Writes to memory, without colour, `width` columns wide, and finds `answer` on stdin (`None`: nobody is there).
    pub fn captured(format: Format, volume: Volume, width: usize, answer: Option<&str>) -> (Ui, Captured) {
        let (streams, captured) = Streams::captured(answer);
        let look = Look::plain(width, volume == Volume::Verbose);
        (Ui::new(streams, format, volume, look, None), captured)
    }

    fn new(streams: Streams, format: Format, volume: Volume, look: Look, github: Option<Github>) -> Ui {
        let streams = if github.is_some() { streams.tamed() } else { streams };
        let live = streams.live() && format == Format::Human && volume != Volume::Quiet;
        let screen = live.then(Screen::of_process);
        let (progress, timeline) = (Progress::new(live), OnceCell::new());
        Ui { streams, format, volume, look, progress, screen, github, timeline, options: OnceCell::new() }
    }

    /// Parts of the log fold where the log is for people.
    fn folds(&self) -> Option<&Github> {
        self.github.as_ref().filter(|_| self.format == Format::Human && self.volume != Volume::Quiet)
    }

    /// Annotations, and what became of writing the job's page: the run stands, whatever that came to.
    fn annotate(&self, told: impl FnOnce(&Github) -> (String, std::io::Result<()>)) {
        let Some((annotations, written)) = self.github.as_ref().map(told) else { return };
        self.streams.command(&annotations);
        if let Err(error) = written {
            self.streams.err(&format!("note: GITHUB_STEP_SUMMARY could not be written: {error}\n"));
        }
    }

    /// As wide as the terminal is by now.
    fn look(&self) -> Look {
        let options = self.options.get().cloned().unwrap_or_default();
        let mut look = self.look.in_terminal(self.streams.size());
        look.options = options;
        look
    }

    fn size(&self) -> Size {
        self.streams.size().unwrap_or(screen::USUAL)
    }

    fn frame(&self) -> Vec<String> {
        let rows = self.progress.frame(&self.look, self.size());
        match self.streams.colour() {
            true => rows,
            false => rows.iter().map(|row| anstream::adapter::strip_str(row).to_string()).collect(),
        }
    }

    /// Takes the live view away until something happens, so that the terminal is free for other text.
    fn rest(&self) {
        if let Some(github) = self.folds() {
            self.streams.command(&github.leave());
        }
        if let Some(screen) = &self.screen {
            self.streams.terminal(&screen.rest(self.size()));
        }
    }

    /// Runs `write`, which writes whole lines, with the live view out of the way.
    fn aside(&self, write: impl FnOnce()) {
        let Some(screen) = &self.screen else { return write() };
        self.streams.terminal(&screen.lift(self.size()));
        write();
        self.streams.terminal(&screen.put(&self.frame()));
    }

    /// From now on takes note of the run; its picture is written to `path` when the run is over, however it ends.
    ///
    /// # Errors
    /// When the file cannot be written: told now, so that nothing was sent yet.
    pub fn draw(&self, path: &Path) -> std::io::Result<()> {
        let wanted = timeline::Wanted::at(path)?;
        let _ = self.timeline.set(wanted);
        Ok(())
    }

    /// Commands in texts are told as they have to be typed to be about the deployment of this run.
    pub fn repeats(&self, options: String) {
        // Once: there is one command line.
        let _ = self.options.set(options);
    }

    pub fn initialised(&self, made: &Initialised) {
        match self.format {
            Format::Human => self.streams.out(&begun::initialised(made, self.volume == Volume::Quiet, &self.look())),
            _ => self.document(&json::of(made)),
        }
    }

    /// What works and will hurt: for people on stderr, for programs that read events as one event each.
    pub fn warned(&self, warnings: &[Warning]) {
        if self.format == Format::JsonLines {
            for warning in warnings {
                self.document(&json::tagged("warning", &json::warning(warning)));
            }
        } else if self.volume != Volume::Quiet && !warnings.is_empty() {
            self.streams.err(&(diagnostics::warnings(warnings, &self.look()) + "\n"));
        }
        self.annotate(|github| (github.warnings(warnings), Ok(())));
    }

    /// The result of `poc explain CODE`.
    pub fn explained(&self, page: &Explanation) {
        match self.format {
            Format::Human => self.streams.out(&explained::page(page, &self.look())),
            _ => self.document(&json::of(page)),
        }
    }

    /// The result of `poc explain`: all codes.
    pub fn explanations(&self, pages: &[Explanation]) {
        match self.format {
            Format::Human => self.streams.out(&explained::list(pages, &self.look())),
            _ => self.document(&json::of(&pages)),
        }
    }

    pub fn validated(&self, file: &Path, validated: &Validated) {
        match self.format {
            Format::Human => {
                self.warned(&validated.warnings);
                self.streams.out(&outcome::validated(file, validated, &self.look()));
            }
            _ => {
                self.document(&json::validated(validated));
                self.annotate(|github| (github.warnings(&validated.warnings), Ok(())));
            }
        }
    }

    /// The result of `poc package`.
    pub fn packaged(&self, packaged: &Packaged) {
        self.rest();
        match self.format {
            Format::Human => self.streams.out(&packaged::report(packaged, &self.look())),
            _ => self.document(&json::of(packaged)),
        }
    }

    /// The result of `poc plan`.
    pub fn planned(&self, planned: &Planned) {
        self.rest();
        match (self.format, self.volume) {
            (Format::Human, Volume::Quiet) => self.streams.out(&human::summary(planned, &self.look())),
            (Format::Human, _) => self.streams.out(&human::plan(planned, &self.look())),
            _ => self.document(&json::of(planned)),
        }
        self.annotate(|github| (String::new(), github.planned(planned)));
        if !planned.plan.is_empty() {
            self.say("`poc deploy` with the same options does exactly this.\n");
        }
    }

    pub fn deployed(&self, deployed: &Deployed) {
        self.rest();
        if self.format == Format::Human {
            let (result, summary) = outcome::deployed(deployed, &self.progress.tally(), &self.look());
            if self.volume != Volume::Quiet {
                self.streams.err(&summary);
            }
            self.streams.out(&result);
        }
        self.annotate(|github| github.deployed(deployed, &self.progress.tally()));
    }

    /// A template's text, exactly; on a terminal with a line break at its end and without what could drive the terminal.
    pub fn rendered(&self, rendered: &Rendered) {
        if self.format != Format::Human {
            return self.document(&json::of(rendered));
        }
        self.data(rendered.output.as_bytes());
        let overrides =
            [("requestOverride", &rendered.request_override), ("responseOverride", &rendered.response_override)];
        for (name, value) in overrides {
            if let Some(value) = value.as_ref().map(outcome::without_empty) {
                self.say(&format!("$context.{name} = {}\n", layout::harmless(&value.to_string())));
            }
        }
    }

    /// A JSON document, whatever the format.
    pub fn results(&self, results: &serde_json::Value) {
        self.streams.bytes(self.for_programs(pretty(results)).as_bytes());
    }

    /// A text for another program, byte for byte.
    pub fn raw(&self, text: &[u8]) {
        self.streams.bytes(text);
    }

    /// The one place that prints a key's value (law 10).
    pub fn key(&self, key: &ShownKey) {
        match self.format {
            Format::Human => self.streams.out(&format!("{}\n", key.value)),
            _ => self.document(&serde_json::json!({ "name": key.name, "id": key.id, "value": key.value })),
        }
    }

    pub fn rotated(&self, rotated: &Rotated) {
        self.rest();
        if self.format == Format::Human {
            self.streams.err(&outcome::rotated(rotated, &self.look()));
        }
    }

    /// What is beside the policy itself: GitHub's files, and what the person has to know.
    pub fn policy(&self, made: &PolicyMade) {
        match (&made.github, self.format) {
            (Some(github), Format::Human) => self.streams.out(&policy::github(github, &self.look())),
            (Some(_), _) => self.document(&json::of(made)),
            (None, _) => {}
        }
        self.streams.err(&policy::notes(made, &self.look()));
        self.say(&policy::size(made));
    }

    /// The result of `poc doctor`.
    pub fn diagnosed(&self, diagnosis: &Diagnosis) {
        self.rest();
        match self.format {
            Format::Human => self.streams.out(&doctor::diagnosis(diagnosis, &self.look())),
            _ => self.document(&json::of(diagnosis)),
        }
    }

    pub fn unlocked(&self, unlocked: &Unlocked) {
        match self.format {
            Format::Human => self.streams.err(&outcome::unlocked(unlocked, &self.look())),
            _ => self.document(&json::unlocked(unlocked)),
        }
    }

    /// One event of a log: a line of JSON, or its time and text.
    pub fn log_line(&self, line: &LogLine) {
        self.rest();
        match self.format {
            Format::Human => {
                let text = outcome::log_line(line, self.streams.watched());
                if self.streams.watched() { self.streams.out(&text) } else { self.streams.bytes(text.as_bytes()) }
            }
            _ => self.streams.out(&self.for_programs(json::of(line).to_string() + "\n")),
        }
    }

    pub fn no_log_lines(&self, since: Duration, request: Option<&str>) {
        let since = words::took_whole(since);
        let text = match request {
            None => format!("No log lines in the last {since}; --since looks further back."),
            Some(id) => format!(
                "No log lines of request {} in the last {since}; --since looks further back. API Gateway's id is found where \
                 the function prints it, or the stage logs it: `poc logs --help` says how.",
                layout::harmless(id)
            ),
        };
        self.say(&layout::wrap("", &text, self.look().width));
    }

    /// The body on stdout as it is; status, headers and trace on stderr, or with `include` the first two before the body.
    pub fn called(&self, called: &Called, include: bool) {
        self.rest();
        if self.format != Format::Human {
            return self.document(&called::document(called));
        }
        if let Some(trace) = &called.trace {
            self.streams.err(&called::ladder(trace, &self.look()));
        }
        if include {
            self.say(&called::reason(called, &self.look()));
            self.data_without_end(called::head(called).as_bytes());
        } else if self.volume != Volume::Quiet {
            self.streams.err(&called::about(called, &self.look()));
        }
        self.data(&called.body);
    }

    pub fn tested(&self, tested: &Tested) {
        self.rest();
        match self.format {
            Format::Human => self.streams.out(&checks::summary(tested, &self.look())),
            _ => self.document(&json::of(tested)),
        }
        self.annotate(|github| github.tested(tested));
    }

    /// All of stdin.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn input(&self) -> std::io::Result<Vec<u8>> {
        self.streams.input()
    }

    /// Bytes for stdout; a person gets a line break at their end.
    fn data(&self, bytes: &[u8]) {
        self.data_without_end(bytes);
        if self.streams.watched() && !bytes.is_empty() && !bytes.ends_with(b"\n") {
            self.streams.bytes(b"\n");
        }
    }

    fn data_without_end(&self, bytes: &[u8]) {
        match self.streams.watched() {
            true => {
                self.streams.bytes(layout::harmless(&String::from_utf8_lossy(bytes).replace("\r\n", "\n")).as_bytes())
            }
            false => self.streams.bytes(bytes),
        }
    }

    pub fn status(&self, status: &Status) {
        self.rest();
        match self.format {
            Format::Human => self.streams.out(&outcome::status(status, &self.look())),
            _ => self.document(&json::of(status)),
        }
    }

    /// The result of `poc diff`.
    pub fn difference(&self, difference: &Difference) {
        self.rest();
        match self.format {
            Format::Human => self.streams.out(&difference::drawn(difference, &self.look())),
            _ => self.document(&json::of(difference)),
        }
    }

    /// Is somebody looking at stdout?
    pub fn watched(&self) -> bool {
        self.format == Format::Human && self.streams.watched()
    }

    /// The result of `poc open`: where the page is, on a line of its own.
    pub fn page(&self, page: &Page) {
        self.rest();
        match self.format {
            Format::Human => self.streams.out(&format!("{}\n", layout::harmless(&page.url))),
            _ => self.document(&json::of(page)),
        }
    }

    /// That a page was opened, or why not.
    pub fn opened(&self, sentence: &str) {
        self.say(&format!("{}\n", layout::harmless(sentence)));
    }

    /// The result of `poc rollback --list`.
    pub fn releases(&self, releases: &Releases) {
        self.rest();
        match self.format {
            Format::Human => self.streams.out(&releases::list(releases, &self.look())),
            _ => self.document(&json::of(releases)),
        }
    }

    pub fn rolled_back(&self, done: &RolledBack) {
        self.rest();
        if self.format == Format::Human {
            self.streams.err(&releases::rolled_back(done, &self.progress.tally(), &self.look()));
        }
    }

    pub fn torn_down(&self, gone: &TornDown) {
        self.rest();
        if self.format == Format::Human {
            self.streams.out(&outcome::torn_down(gone, &self.progress.tally(), &self.look()));
        }
        self.annotate(|github| github.torn_down(gone));
    }

    /// Tells why a command failed: on stderr for people, and on stdout for programs if they are what is served.
    pub fn failed(&self, command: &'static str, failure: &Failure) {
        self.rest();
        if let Some(wanted) = self.timeline.get().filter(|_| !matches!(failure, Failure::Interrupted)) {
            wanted.timeline.fail();
        }
        let tally = self.progress.tally();
        match self.format {
            Format::Human => {}
            Format::JsonDocument => self.document(&json::failure(command, failure)),
            Format::JsonLines => {
                for line in json::last_lines(command, failure, &tally) {
                    self.document(&line);
                }
            }
        }
        self.streams.err(&match failure {
            Failure::Faults(faults) => diagnostics::faults(faults, &self.look()),
            Failure::Usage(sentence) => diagnostics::usage(command, sentence, &self.look()),
            Failure::Problem(problem) => diagnostics::problems(problem, &tally, &self.look()),
            Failure::Interrupted => diagnostics::interrupted(command, &tally, &self.look()),
        });
        self.annotate(|github| github.failed(command, failure, &tally));
    }

    /// Tells why an edit was not deployed, while the server goes on.
    pub fn edit_refused(&self, failure: &Failure) {
        self.rest();
        if self.format == Format::JsonLines {
            self.document(&json::refused(failure));
        }
        self.streams.err(&match failure {
            Failure::Faults(faults) => diagnostics::faults(faults, &self.look()),
            Failure::Problem(problem) => diagnostics::problems(problem, &Default::default(), &self.look()),
            Failure::Usage(sentence) => diagnostics::usage("dev", sentence, &self.look()),
            Failure::Interrupted => String::new(),
        });
    }

    /// For machines: a command line that means nothing. People are told by whoever read it.
    pub fn misused(&self, sentence: &str) {
        if self.format != Format::Human {
            self.document(&json::failure("", &Failure::Usage(sentence.to_owned())));
        }
    }

    /// Something that keeps the program from starting at all.
    pub fn fatal(&self, sentence: &str) {
        self.streams.err(&diagnostics::usage("poc", sentence, &self.look()));
    }

    /// Called some times in a second while a command runs, so that long waits show life.
    pub fn pulse(&self) {
        let said = self.progress.pulse(&self.look());
        self.say(&said);
        if let Some(screen) = self.screen.as_ref().filter(|screen| screen.is_due()) {
            self.streams.terminal(&screen.draw(&self.frame(), self.size()));
        }
    }

    /// The person asked to stop, and the run finishes what is in flight.
    pub fn stopping(&self) {
        let said = self.progress.stopping(&self.look());
        self.say(&said);
    }

    /// The last call: leaves the terminal as it was, writes the picture that is wanted, and tells of a stdout that could
    /// not be written.
    ///
    /// # Errors
    /// The first failure of stdout; a reader that has gone away is none.
    pub fn finish(&self) -> std::io::Result<()> {
        self.rest();
        if let Some(wanted) = self.timeline.get()
            && let Err(error) = wanted.write()
        {
            // The run is over, and what it came to stands.
            self.streams.err(&format!("note: {} could not be written: {error}\n", wanted.path().display()));
        }
        self.streams.finish()
    }

    fn document(&self, document: &serde_json::Value) {
        let text = match self.format {
            Format::JsonDocument => serde_json::to_string_pretty(document),
            _ => serde_json::to_string(document),
        };
        // A `Value` has string keys only; it always serialises.
        self.streams.out(&self.for_programs(text.unwrap_or_default() + "\n"));
    }

    /// JSON that GitHub's runner finds nothing in.
    fn for_programs(&self, document: String) -> String {
        if self.github.is_some() { github::commands::tame_json(&document) } else { document }
    }

    /// A part of the result for people; the documents for programs hold it anyway.
    fn result(&self, text: &str) {
        if self.format == Format::Human {
            self.aside(|| self.streams.out(text));
        }
    }

    /// A line of progress.
    fn say(&self, text: &str) {
        if self.format == Format::Human && self.volume != Volume::Quiet && !text.is_empty() {
            self.aside(|| self.streams.err(text));
        }
    }
}

impl Reporter for Ui {
    fn report(&self, event: &Event) {
        if let Some(wanted) = self.timeline.get() {
            wanted.timeline.report(event);
        }
        if let Some(screen) = &self.screen {
            screen.wake();
        }
        if let Some(github) = &self.github {
            let command = github.report(event, &self.progress.tally());
            self.streams.command(self.folds().map_or("", |_| &command));
        }
        let said = self.progress.report(event, &self.look());
        match event {
            // What a run was made for is its result; at the end of a deploy it is one step more.
            Event::CheckPassed(_) | Event::CheckFailed(_) if self.progress.tally().tests => self.result(&said),
            // A failed program says what went wrong in its own words.
            Event::WorkFailed { .. } => self.aside(|| self.streams.err(&said)),
            Event::CheckFailed(_) if self.format == Format::Human => self.aside(|| self.streams.err(&said)),
            _ => self.say(&said),
        }
        if self.format == Format::Human {
            match event {
                Event::Serving { .. } => self.streams.out(&served::serving(event, &self.look())),
                Event::Request(request) if self.volume != Volume::Quiet => {
                    self.streams.out(&served::request(request, &self.look()));
                }
                _ => {}
            }
        }
        let wanted = self.volume == Volume::Verbose || !matches!(event, Event::Call { .. } | Event::WorkOutput { .. });
        if self.format == Format::JsonLines && wanted {
            self.document(&json::of(event));
        }
    }
}

/// What there is to say when the process ends at once, at the second Ctrl-C: whatever stands on the terminal stays.
pub fn last_words() {
    let (streams, look) = (Streams::of_process(Color::Auto), Look::of_process(false));
    let words = "ended at once: what was in flight may or may not be done. Run the same command again to continue.";
    // A `^C` that the terminal shows is overwritten.
    streams.err(&format!("\r{}", layout::wrap("", words, look.in_terminal(streams.size()).width)));
}
