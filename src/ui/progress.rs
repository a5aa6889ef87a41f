//! The steps of a run as they happen, as lines: what is over everywhere, what goes on where there is no live view. It keeps
//! the tally that the end of the run is told from, and sees to it that a log shows life during long waits.

use std::cell::RefCell;
use std::time::Duration;

use tokio::time::Instant;

use super::layout::{HARD_SPACE, harmless, pad, wrap};
use super::look::{BAD, CARE, DIM, GOOD, Look, paint};
use super::screen::Size;
use super::tally::{Retrying, Running, Tally, Waiting, Work};
use super::words::{doing, done, took, up_to, uploaded};
use super::{live, served};
use crate::engine::plan::Plan;
use crate::event::Event;

/// A log that is silent for longer looks dead.
const SILENCE: Duration = Duration::from_secs(30);
/// A shorter delay before a repeated call is not worth a line.
const PATIENCE: Duration = Duration::from_secs(5);

/// A time that still runs has no fractions.
fn so_far_words(time: Duration) -> String {
    if time.as_secs() < 10 { format!("{} s", time.as_secs()) } else { took(time) }
}

fn waiting_words(waiting: &Waiting) -> String {
    let so_far = so_far_words(waiting.so_far(Instant::now()));
    format!("waiting for {}, {so_far} so far ({} is usual)", waiting.what, up_to(waiting.usual))
}

pub(super) struct Progress {
    tally: RefCell<Tally>,
    /// Steps under way are seen in the live view; lines tell what is over.
    live: bool,
}

impl Progress {
    pub(super) fn new(live: bool) -> Progress {
        Progress { tally: RefCell::default(), live }
    }

    pub(super) fn tally(&self) -> Tally {
        self.tally.borrow().clone()
    }

    /// Takes note of what the plan will do.
    pub(super) fn expect(&self, plan: &Plan) {
        self.tally.borrow_mut().expect(plan);
    }

    /// The rows of the live view, as of now.
    pub(super) fn frame(&self, look: &Look, size: Size) -> Vec<String> {
        self.frame_at(look, size, Instant::now())
    }

    /// The same at another time, if nothing happens until then.
    pub(super) fn frame_at(&self, look: &Look, size: Size, now: Instant) -> Vec<String> {
        live::frame(&self.tally.borrow(), look, size, now)
    }

    /// Takes note of the event; what should be said of it is returned.
    pub(super) fn report(&self, event: &Event, look: &Look) -> String {
        let mut tally = self.tally.borrow_mut();
        tally.began.get_or_insert_with(Instant::now);
        match event {
            Event::Started { command, .. } => {
                tally.tests = *command == "test";
                String::new()
            }
            Event::WorkStarted { work } => {
                let what = format!("building {}", harmless(work));
                let text = if look.verbose { line(look, look.glyphs.more, DIM, &what) } else { String::new() };
                tally.building = Some(Work::begun(what));
                text
            }
            Event::WorkOutput { line } => match look.verbose {
                true => format!("    {}\n", paint(DIM, harmless(line))),
                false => String::new(),
            },
            Event::WorkFinished { work, elapsed, kept } => {
                tally.building = None;
                match (kept, look.verbose) {
                    (false, _) => {
                        let time = took(*elapsed).replace(' ', &HARD_SPACE.to_string());
                        ended(look, look.glyphs.good, GOOD, "built", &harmless(work), &time)
                    }
                    (true, true) => ended(look, look.glyphs.dot, DIM, "kept", &harmless(work), "nothing changed"),
                    (true, false) => String::new(),
                }
            }
            Event::WorkFailed { work, output } => {
                tally.building = None;
                // With -v it was shown line by line.
                let (shown, place) = if look.verbose { ("", "above") } else { (output.as_str(), "below") };
                let place = match output.trim() {
                    "" => "it printed nothing".to_owned(),
                    _ => format!("what it printed is {place}"),
                };
                let lines: String = shown.lines().map(|line| format!("    {}\n", harmless(line))).collect();
                ended(look, look.glyphs.bad, BAD, "failed", &harmless(work), &place) + &lines
            }
            Event::Reading { resources } => {
                tally.reading = Some(Work::begun(format!("reading {}", super::words::count(*resources, "resource"))));
                String::new()
            }
            Event::StepStarted { step, kind, name, action } => {
                tally.begin(step, Running::begun(kind, name, *action));
                String::new()
            }
            Event::StepWaiting { step, waiting_for, elapsed, usual } => {
                let Some(running) = tally.steps.get_mut(step) else { return String::new() };
                let (what, heard) = (harmless(waiting_for), Instant::now());
                self.waiting(running, Waiting { what, elapsed: *elapsed, heard, usual: *usual }, look)
            }
            Event::StepProgress { step, done, total, .. } => {
                let Some(running) = tally.steps.get_mut(step) else { return String::new() };
                self.uploading(running, *done, *total, look)
            }
            Event::StepRetrying { step, operation, reason, delay } => {
                let again = format!("{operation} again in {}, because of {}", took(*delay), harmless(reason));
                if let Some(running) = tally.steps.get_mut(step) {
                    let until = Instant::now() + *delay;
                    running.retrying = Some(Retrying { operation, reason: harmless(reason), until });
                }
                if *delay < PATIENCE && !look.verbose {
                    return String::new();
                }
                // While AWS is only being read, no step is under way.
                let whose = if step.is_empty() { String::new() } else { format!("{}: ", tally.title(step)) };
                line(look, look.glyphs.more, CARE, &format!("{whose}{again}"))
            }
            Event::StepFinished { step, action, elapsed } => {
                tally.finished.push(*action);
                let title = tally.end(step);
                let time = took(*elapsed).replace(' ', &HARD_SPACE.to_string());
                ended(look, look.glyphs.good, GOOD, done(*action), &title, &time)
            }
            Event::StepKept { step, why } => {
                tally.kept += 1;
                let title = tally.end(step);
                ended(look, look.glyphs.dot, CARE, "kept", &title, &harmless(why))
            }
            Event::StepFailed { step, action, problem } => {
                tally.problems.push(problem.clone());
                let title = tally.end(step);
                ended(look, look.glyphs.bad, BAD, "failed", &title, &format!("while {} it", doing(*action)))
            }
            Event::StepDeferred { step, waiting_for, .. } => {
                tally.deferred.push(step.clone());
                let title = tally.end(step);
                let waiting_for = format!("not waited for: {}", harmless(waiting_for));
                ended(look, look.glyphs.dot, CARE, "put off", &title, &waiting_for)
            }
            Event::StepSkipped { step, because, .. } if tally.deferred.contains(because) => {
                tally.deferred.push(step.clone());
                let because = format!("after {}", tally.title(because));
                let title = tally.end(step);
                ended(look, look.glyphs.dot, CARE, "put off", &title, &because)
            }
            Event::StepSkipped { step, because, .. } => {
                tally.skipped += 1;
                let because = format!("it needs {}", tally.title(because));
                let title = tally.end(step);
                ended(look, look.glyphs.dot, DIM, "skipped", &title, &because)
            }
            Event::Checking { checks, url } => {
                tally.reading = None;
                tally.checking = Some(Work::begun(super::checks::title(*checks, url)));
                String::new()
            }
            Event::CheckPassed(check) | Event::CheckFailed(check) => super::checks::line(check, look),
            Event::Call { service, operation, elapsed, error, .. } => {
                tally.requests += 1;
                tally.writes += u64::from(!only_looks(operation));
                if !look.verbose {
                    return String::new();
                }
                let error = error.as_ref().map_or_else(String::new, |code| format!("  {}", harmless(code)));
                let call = format!("    {service} {operation}  {} ms{error}", elapsed.as_millis());
                format!("{}\n", paint(DIM, call))
            }
            Event::Serving { .. } | Event::Request(_) => String::new(),
            Event::Redeployed { elapsed, changes } => served::redeployed(*elapsed, changes, look),
            Event::Kept { .. } => served::kept(look),
            Event::Restored { .. } => served::restored(look),
            Event::Stopped { requests, elapsed, .. } => {
                tally.ended = true;
                served::stopped(*requests, *elapsed, look)
            }
            Event::Note { text } => wrap("note: ", &look.typed(&harmless(text)), look.width),
            Event::Finished { requests, writes, elapsed, .. } => {
                (tally.requests, tally.writes) = (*requests, *writes);
                tally.measured = Some(*elapsed);
                tally.ended = true;
                String::new()
            }
        }
    }

    /// A log says that something waits when the wait begins, and again every [`SILENCE`].
    fn waiting(&self, running: &mut Running, waiting: Waiting, look: &Look) -> String {
        let news = running.waiting.as_ref().is_none_or(|before| before.what != waiting.what);
        running.waiting = Some(waiting);
        self.news(news, running, look)
    }

    /// A log tells of an upload when it begins to take long, and again every [`SILENCE`].
    fn uploading(&self, running: &mut Running, done: u64, total: u64, look: &Look) -> String {
        let news = running.uploading.replace((done, total)).is_none();
        self.news(news, running, look)
    }

    fn news(&self, news: bool, running: &mut Running, look: &Look) -> String {
        if self.live || !news {
            return String::new();
        }
        running.said = Instant::now();
        life(running, look)
    }

    /// Time passes: what the log has not mentioned for long is mentioned.
    pub(super) fn pulse(&self, look: &Look) -> String {
        if self.live {
            return String::new();
        }
        let mut tally = self.tally.borrow_mut();
        let now = Instant::now();
        let silent = |said: &mut Instant| {
            let silent = now.duration_since(*said) >= SILENCE;
            if silent {
                *said = now;
            }
            silent
        };
        let mut text = String::new();
        if let Some(work) = &mut tally.building
            && silent(&mut work.said)
        {
            let so_far = so_far_words(work.began.elapsed());
            text += &line(look, look.glyphs.more, DIM, &format!("still {}, {so_far} so far", work.what));
        }
        for running in tally.running_mut() {
            if silent(&mut running.said) {
                text += &life(running, look);
            }
        }
        text
    }

    /// The person asked to stop, and the run finishes what is in flight.
    pub(super) fn stopping(&self, look: &Look) -> String {
        self.tally.borrow_mut().stopping = true;
        if self.live { String::new() } else { wrap("", live::STOPPING, look.width) }
    }
}

/// What a log says of a step that goes on.
fn life(running: &Running, look: &Look) -> String {
    let doing = match (&running.waiting, running.uploading) {
        (Some(waiting), _) => waiting_words(waiting),
        (None, Some((done, total))) => {
            format!("{}, {} so far", uploaded(done, total), so_far_words(running.began.elapsed()))
        }
        (None, None) => format!("still {}, {} so far", doing(running.action), so_far_words(running.began.elapsed())),
    };
    line(look, look.glyphs.more, DIM, &format!("{}: {doing}", running.title()))
}

fn line(look: &Look, glyph: &str, style: anstyle::Style, text: &str) -> String {
    wrap(&format!("  {} ", paint(style, glyph)), text, look.width)
}

/// `  ✓ created  REST API ServerlessPOC (0.8 s)`
fn ended(look: &Look, glyph: &str, style: anstyle::Style, word: &str, title: &str, about: &str) -> String {
    let start = format!("  {} ", paint(style, format!("{glyph} {}", pad(word, 8))));
    wrap(&start, &format!("{title} {}", paint(DIM, format!("({about})"))), look.width)
}

/// AWS names its reading operations with a few verbs.
pub(super) fn only_looks(operation: &str) -> bool {
    ["Get", "List", "Describe", "Head"].iter().any(|verb| operation.starts_with(verb))
}
