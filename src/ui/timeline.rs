//! A run as a picture: what was done when, what was only waited for, and which chain of steps decided how long all of it
//! took. Made from the plan and the events alone; drawn when the run is over, however it ended.
//!
//! `course` makes bars of events and finds the critical path, `scale` puts time on an axis, `picture` draws.

mod course;
mod picture;
mod scale;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::plan::Step;
use crate::event::{Event, Reporter};
use crate::pipeline::Planned;

/// Takes note of a run as it happens.
pub struct Timeline {
    began: Instant,
    seen: RefCell<Seen>,
}

/// Everything the picture is made from.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// When, since the beginning.
    events: Vec<(Duration, Event)>,
    steps: Vec<Step>,
    /// `AWS`, `the embedded cloud (.poc/local)`.
    place: Option<String>,
    /// The command failed.
    failed: bool,
}

impl Timeline {
    /// Of a run that begins now.
    pub fn begin() -> Timeline {
        Timeline { began: Instant::now(), seen: RefCell::default() }
    }

    /// Takes note of what the steps wait for.
    pub fn expect(&self, planned: &Planned) {
        let mut seen = self.seen.borrow_mut();
        seen.steps.clone_from(&planned.plan.steps);
        seen.place = Some(planned.target.place.clone());
    }

    /// The picture, as far as the run has come: an SVG that needs nothing else.
    pub fn svg(&self) -> String {
        picture::draw(&course::of(&self.seen.borrow(), self.began.elapsed()))
    }

    /// Takes note that the command failed, which no event may have told.
    pub(super) fn fail(&self) {
        self.seen.borrow_mut().failed = true;
    }

    /// Whom the run worked for was never found out: nothing was read, and nothing done.
    fn is_empty(&self) -> bool {
        !self.seen.borrow().events.iter().any(|(_, event)| matches!(event, Event::Started { .. }))
    }
}

impl Reporter for Timeline {
    fn report(&self, event: &Event) {
        self.seen.borrow_mut().events.push((self.began.elapsed(), event.clone()));
    }
}

/// The file that a picture is wanted in, opened before anything is sent: a run must not end with a result and no place
/// for its picture.
pub(super) struct Wanted {
    pub(super) timeline: Timeline,
    path: PathBuf,
    file: File,
    /// It was not there before.
    fresh: bool,
}

impl Wanted {
    pub(super) fn at(path: &Path) -> io::Result<Wanted> {
        let fresh = !path.exists();
        // What stands there stays until there is something better.
        let file = File::options().create(true).write(true).truncate(false).open(path)?;
        Ok(Wanted { timeline: Timeline::begin(), path: path.to_owned(), file, fresh })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the picture; of a run in which nothing happened there is none.
    pub(super) fn write(&self) -> io::Result<()> {
        if self.timeline.is_empty() {
            return if self.fresh { fs::remove_file(&self.path) } else { Ok(()) };
        }
        // A pipe has no length that could be set.
        if self.file.metadata()?.is_file() {
            self.file.set_len(0)?;
        }
        (&self.file).write_all(self.timeline.svg().as_bytes())
    }
}
