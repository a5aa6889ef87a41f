//! What people and programs see. Plans, events, results and failures come in as data; text goes out: data to stdout,
//! everything else to stderr. Nothing here knows AWS or decides anything.
//!
//! The modules that draw (`human`, `values`, `outcome`, `diagnostics`, `json`) are pure: data and a [`Look`] in, text
//! out. [`Ui`] owns the streams; `progress` owns the step lines.

mod diagnostics;
mod human;
mod json;
mod layout;
mod linediff;
mod look;
mod outcome;
mod progress;
mod served;
mod streams;
#[cfg(test)]
mod tests;
mod values;
mod words;

use std::path::Path;

pub use self::look::Look;
use self::progress::Progress;
pub use self::streams::Captured;
use self::streams::Streams;
use crate::event::{Event, Reporter};
use crate::pipeline::{Deployed, Failure, Planned, Status, TornDown, Validated};

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

/// What the person is asked to agree to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    Deploy,
    Teardown,
}

/// The streams of one run, and what has been seen on them so far.
pub struct Ui {
    streams: Streams,
    format: Format,
    volume: Volume,
    look: Look,
    progress: Progress,
}

impl Ui {
    /// Writes to this process's stdout and stderr, reads its stdin.
    pub fn of_process(format: Format, volume: Volume, color: Color) -> Ui {
        let streams = Streams::of_process(color);
        let look = Look::of_process(volume == Volume::Verbose);
        Ui::new(streams, format, volume, look)
    }

    /// Writes to memory, without colour, `width` columns wide, and finds `answer` on stdin (`None`: nobody is there).
    pub fn captured(format: Format, volume: Volume, width: usize, answer: Option<&str>) -> (Ui, Captured) {
        let (streams, captured) = Streams::captured(answer);
        let look = Look::plain(width, volume == Volume::Verbose);
        (Ui::new(streams, format, volume, look), captured)
    }

    fn new(streams: Streams, format: Format, volume: Volume, look: Look) -> Ui {
        let live = streams.live() && format == Format::Human && volume != Volume::Quiet;
        let progress = if live { Progress::live(look, streams.colour()) } else { Progress::plain(look) };
        Ui { streams, format, volume, look, progress }
    }

    /// Is there a person who sees a question and can answer it?
    pub fn can_ask(&self) -> bool {
        self.format == Format::Human && self.streams.can_ask()
    }

    pub fn validated(&self, file: &Path, validated: &Validated) {
        match self.format {
            Format::Human => self.streams.out(&outcome::validated(file, validated, &self.look)),
            _ => self.document(&json::validated(validated)),
        }
    }

    /// The result of `poc plan`.
    pub fn planned(&self, planned: &Planned) {
        self.progress.rest();
        match (self.format, self.volume) {
            (Format::Human, Volume::Quiet) => self.streams.out(&human::summary(planned, &self.look)),
            (Format::Human, _) => self.streams.out(&human::plan(planned, &self.look)),
            _ => self.document(&json::of(planned)),
        }
        if !planned.plan.is_empty() {
            self.say("`poc deploy` with the same options does exactly this.\n");
        }
    }

    /// Shows the plan and, unless `yes`, asks. `interrupted` ends the question with a no.
    pub fn agreed(&self, question: Question, planned: &Planned, yes: bool, interrupted: &dyn Fn() -> bool) -> bool {
        self.progress.rest();
        self.progress.expect(&planned.plan);
        match self.format {
            Format::JsonLines => self.document(&json::tagged("planned", planned)),
            _ if self.volume == Volume::Quiet && yes => {}
            _ => self.streams.err(&match question {
                Question::Deploy => human::plan(planned, &self.look),
                Question::Teardown => human::teardown(planned, &self.look),
            }),
        }
        if yes || planned.plan.is_empty() {
            return true;
        }
        self.streams.err(&human::question(question));
        self.streams.answer(interrupted)
    }

    pub fn deployed(&self, deployed: &Deployed) {
        self.progress.rest();
        if self.format == Format::Human {
            let (result, summary) = outcome::deployed(deployed, &self.progress.tally(), &self.look);
            if self.volume != Volume::Quiet {
                self.streams.err(&summary);
            }
            self.streams.out(&result);
        }
    }

    pub fn status(&self, status: &Status) {
        self.progress.rest();
        match self.format {
            Format::Human => self.streams.out(&outcome::status(status, &self.look)),
            _ => self.document(&json::of(status)),
        }
    }

    pub fn torn_down(&self, gone: &TornDown) {
        self.progress.rest();
        if self.format == Format::Human {
            self.streams.out(&outcome::torn_down(gone, &self.progress.tally(), &self.look));
        }
    }

    /// Tells why a command failed: on stderr for people, and on stdout for programs if they are what is served.
    pub fn failed(&self, command: &'static str, failure: &Failure) {
        self.progress.rest();
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
            Failure::Faults(faults) => diagnostics::faults(faults, &self.look),
            Failure::Usage(sentence) => diagnostics::usage(command, sentence, &self.look),
            Failure::Problem(problem) => diagnostics::problems(problem, &tally, &self.look),
            Failure::Interrupted => diagnostics::interrupted(command, &tally, &self.look),
        });
    }

    /// Tells why an edit was not deployed, while the server goes on.
    pub fn edit_refused(&self, failure: &Failure) {
        self.progress.rest();
        if self.format == Format::JsonLines {
            self.document(&json::refused(failure));
        }
        self.streams.err(&match failure {
            Failure::Faults(faults) => diagnostics::faults(faults, &self.look),
            Failure::Problem(problem) => diagnostics::problems(problem, &Default::default(), &self.look),
            Failure::Usage(sentence) => diagnostics::usage("dev", sentence, &self.look),
            Failure::Interrupted => String::new(),
        });
    }

    /// Something that keeps the program from starting at all.
    pub fn fatal(&self, sentence: &str) {
        self.streams.err(&diagnostics::usage("poc", sentence, &self.look));
    }

    /// Called about once a second while a command runs, so that long waits show life.
    pub fn pulse(&self) {
        let said = self.progress.pulse();
        self.say(&said);
    }

    /// The last call: leaves the terminal as it was, and tells of a stdout that could not be written.
    ///
    /// # Errors
    /// The first failure of stdout; a reader that has gone away is none.
    pub fn finish(&self) -> std::io::Result<()> {
        self.progress.rest();
        self.streams.finish()
    }

    fn document(&self, document: &serde_json::Value) {
        let text = match self.format {
            Format::JsonDocument => serde_json::to_string_pretty(document),
            _ => serde_json::to_string(document),
        };
        // A `Value` has string keys only; it always serialises.
        self.streams.out(&(text.unwrap_or_default() + "\n"));
    }

    /// A line of progress.
    fn say(&self, text: &str) {
        if self.format == Format::Human && self.volume != Volume::Quiet && !text.is_empty() {
            self.progress.aside(|| self.streams.err(text));
        }
    }
}

impl Reporter for Ui {
    fn report(&self, event: &Event) {
        let said = self.progress.report(event);
        self.say(&said);
        if self.format == Format::Human {
            match event {
                Event::Serving { .. } => self.streams.out(&served::serving(event, &self.look)),
                Event::Request(request) if self.volume != Volume::Quiet => {
                    self.streams.out(&served::request(request, &self.look));
                }
                _ => {}
            }
        }
        let wanted = self.volume == Volume::Verbose || !matches!(event, Event::Call { .. });
        if self.format == Format::JsonLines && wanted {
            self.document(&json::of(event));
        }
    }
}
