//! The steps of a run as they happen: spinners on a terminal, plain lines elsewhere. It keeps the tally that the end of
//! the run is told from, and sees to it that a log shows life during long waits.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use anstream::adapter::strip_str;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;

use super::layout::{HARD_SPACE, harmless, pad, wrap};
use super::look::{BAD, BOLD, CARE, DIM, GOOD, Look, paint};
use super::served;
use super::words::{doing, done, sign, style, took, up_to, uploaded};
use crate::engine::plan::Plan;
use crate::event::{Action, Event, Problem};

/// A log that is silent for longer looks dead.
const SILENCE: Duration = Duration::from_secs(30);
/// A shorter delay before a repeated call is not worth a line.
const PATIENCE: Duration = Duration::from_secs(5);

/// What has happened so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// What the plan calls its steps.
    planned: BTreeMap<String, String>,
    steps: BTreeMap<String, Running>,
    /// In the order in which they began.
    in_flight: Vec<String>,
    pub(super) finished: Vec<Action>,
    pub(super) skipped: usize,
    /// Put off for the next run, and what needs one of those.
    pub(super) deferred: Vec<String>,
    pub(super) problems: Vec<Problem>,
    pub(super) requests: u64,
    pub(super) writes: u64,
    began: Option<Instant>,
    elapsed: Option<Duration>,
    /// The run told its end itself.
    pub(super) ended: bool,
    /// The run is made for its checks.
    pub(super) tests: bool,
    building: Option<Building>,
}

/// A program that is run for the package.
#[derive(Clone, Debug)]
struct Building {
    work: String,
    began: Instant,
    /// When a log last mentioned it.
    said: Instant,
}

/// A step that has begun.
#[derive(Clone, Debug)]
struct Running {
    kind: &'static str,
    name: String,
    action: Action,
    began: Instant,
    /// When the log last told of it.
    said: Instant,
    waiting: Option<Waiting>,
    /// Bytes so far, and of how many.
    uploading: Option<(u64, u64)>,
}

#[derive(Clone, Debug)]
struct Waiting {
    what: String,
    /// Where the wait was when `heard`.
    elapsed: Duration,
    heard: Instant,
    usual: Duration,
}

impl Tally {
    /// `Lambda function ServerlessPOCAdmission`; the id where neither plan nor events name the step.
    pub(super) fn title(&self, step: &str) -> String {
        let planned = || self.planned.get(step).cloned().unwrap_or_else(|| harmless(step));
        self.steps.get(step).map_or_else(planned, Running::title)
    }

    /// Since the first event, or as the run itself has measured it.
    pub(super) fn elapsed(&self) -> Option<Duration> {
        self.elapsed.or_else(|| self.began.map(|began| began.elapsed()))
    }

    /// What was going on when the run ended: `creating REST API ServerlessPOC`.
    pub(super) fn in_flight(&self) -> Vec<String> {
        let running = self.in_flight.iter().filter_map(|step| self.steps.get(step));
        running.map(|step| format!("{} {}", doing(step.action), step.title())).collect()
    }

    /// `14 created, 1 updated`.
    pub(super) fn done(&self) -> String {
        let count = |action| self.finished.iter().filter(|finished| **finished == action).count();
        let counts: Vec<String> = [Action::Create, Action::Update, Action::Replace, Action::Delete, Action::Prune]
            .into_iter()
            .filter(|action| count(*action) > 0)
            .map(|action| format!("{} {}", count(action), done(action)))
            .collect();
        if counts.is_empty() { "nothing new yet".to_owned() } else { counts.join(", ") }
    }

    /// Takes note that the step has ended, and gives its title.
    fn end(&mut self, step: &str) -> String {
        self.in_flight.retain(|running| running != step);
        self.title(step)
    }
}

impl Running {
    fn title(&self) -> String {
        format!("{} {}", self.kind, harmless(&self.name))
    }
}

/// A time that still runs has no fractions.
fn so_far_words(time: Duration) -> String {
    if time.as_secs() < 10 { format!("{} s", time.as_secs()) } else { took(time) }
}

impl Waiting {
    fn words(&self) -> String {
        let so_far = self.elapsed + self.heard.elapsed();
        format!(
            "waiting for {}, {} so far ({} is usual)",
            harmless(&self.what),
            so_far_words(so_far),
            up_to(self.usual)
        )
    }
}

pub(super) struct Progress {
    look: Look,
    tally: RefCell<Tally>,
    live: Option<Live>,
}

struct Live {
    lines: MultiProgress,
    /// The spinners do not pass through the stream that takes colour off.
    colour: bool,
    bars: RefCell<BTreeMap<String, ProgressBar>>,
}

/// The ids of the spinners that stand for reading AWS, for calling what is deployed and for making the package; no step has them.
const READING: &str = "";
const CHECKING: &str = " ";
const BUILDING: &str = "  ";

impl Progress {
    pub(super) fn plain(look: Look) -> Progress {
        Progress { look, tally: RefCell::default(), live: None }
    }

    pub(super) fn live(look: Look, colour: bool) -> Progress {
        let lines = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(12));
        Progress { live: Some(Live { lines, colour, bars: RefCell::default() }), ..Progress::plain(look) }
    }

    pub(super) fn tally(&self) -> Tally {
        self.tally.borrow().clone()
    }

    /// Takes note of what the steps are called.
    pub(super) fn expect(&self, plan: &Plan) {
        let titles =
            plan.steps.iter().map(|step| (step.step.clone(), format!("{} {}", step.kind, harmless(&step.name))));
        self.tally.borrow_mut().planned.extend(titles);
    }

    /// Takes note of the event; what should be said of it is returned.
    pub(super) fn report(&self, event: &Event) -> String {
        let mut tally = self.tally.borrow_mut();
        tally.began.get_or_insert_with(Instant::now);
        match event {
            Event::Started { command, .. } => {
                tally.tests = *command == "test";
                String::new()
            }
            Event::WorkStarted { work } => {
                let (work, now) = (harmless(work), Instant::now());
                self.spin(BUILDING, format!("building {work}"));
                let line = self.line(self.look.glyphs.more, DIM, &format!("building {work}"));
                tally.building = Some(Building { work, began: now, said: now });
                if self.look.verbose { line } else { String::new() }
            }
            Event::WorkOutput { line } => match self.look.verbose {
                true => format!("    {}\n", paint(DIM, harmless(line))),
                false => String::new(),
            },
            Event::WorkFinished { work, elapsed, kept } => {
                self.still(BUILDING);
                tally.building = None;
                match (kept, self.look.verbose) {
                    (false, _) => {
                        let time = took(*elapsed).replace(' ', &HARD_SPACE.to_string());
                        self.ended(self.look.glyphs.good, GOOD, "built", &harmless(work), &time)
                    }
                    (true, true) => self.ended(self.look.glyphs.dot, DIM, "kept", &harmless(work), "nothing changed"),
                    (true, false) => String::new(),
                }
            }
            Event::WorkFailed { work, output } => {
                self.still(BUILDING);
                tally.building = None;
                // With -v it was shown line by line.
                let (shown, place) = if self.look.verbose { ("", "above") } else { (output.as_str(), "below") };
                let place = match output.trim() {
                    "" => "it printed nothing".to_owned(),
                    _ => format!("what it printed is {place}"),
                };
                let lines: String = shown.lines().map(|line| format!("    {}\n", harmless(line))).collect();
                self.ended(self.look.glyphs.bad, BAD, "failed", &harmless(work), &place) + &lines
            }
            Event::Reading { resources } => {
                self.spin(READING, format!("reading {}", super::words::count(*resources, "resource")));
                String::new()
            }
            Event::StepStarted { step, kind, name, action } => {
                let now = Instant::now();
                let (name, action) = (name.clone(), *action);
                let running = Running { kind, name, action, began: now, said: now, waiting: None, uploading: None };
                self.still(READING);
                self.spin(step, live_line(&running));
                tally.in_flight.push(step.clone());
                tally.steps.insert(step.clone(), running);
                String::new()
            }
            Event::StepWaiting { step, waiting_for, elapsed, usual } => {
                self.waiting(&mut tally, step, waiting_for, *elapsed, *usual)
            }
            Event::StepProgress { step, done, total, .. } => self.uploading(&mut tally, step, *done, *total),
            Event::StepRetrying { step, operation, reason, delay } => {
                let line = format!("{operation} again in {}, because of {}", took(*delay), harmless(reason));
                if let Some(running) = tally.steps.get(step) {
                    self.spin(step, format!("{}: {line}", live_line(running)));
                }
                if *delay < PATIENCE && !self.look.verbose {
                    return String::new();
                }
                // While AWS is only being read, no step is under way.
                let whose = if step.is_empty() { String::new() } else { format!("{}: ", tally.title(step)) };
                self.line(self.look.glyphs.more, CARE, &format!("{whose}{line}"))
            }
            Event::StepFinished { step, action, elapsed } => {
                tally.finished.push(*action);
                self.still(step);
                let title = tally.end(step);
                let time = took(*elapsed).replace(' ', &HARD_SPACE.to_string());
                self.ended(self.look.glyphs.good, GOOD, done(*action), &title, &time)
            }
            Event::StepFailed { step, action, problem } => {
                tally.problems.push(problem.clone());
                self.still(step);
                let title = tally.end(step);
                self.ended(self.look.glyphs.bad, BAD, "failed", &title, &format!("while {} it", doing(*action)))
            }
            Event::StepDeferred { step, waiting_for, .. } => {
                tally.deferred.push(step.clone());
                self.still(step);
                let title = tally.end(step);
                let waiting_for = format!("not waited for: {}", harmless(waiting_for));
                self.ended(self.look.glyphs.dot, CARE, "put off", &title, &waiting_for)
            }
            Event::StepSkipped { step, because, .. } if tally.deferred.contains(because) => {
                tally.deferred.push(step.clone());
                let because = format!("after {}", tally.title(because));
                self.ended(self.look.glyphs.dot, CARE, "put off", &tally.title(step), &because)
            }
            Event::StepSkipped { step, because, .. } => {
                tally.skipped += 1;
                let because = format!("it needs {}", tally.title(because));
                self.ended(self.look.glyphs.dot, DIM, "skipped", &tally.title(step), &because)
            }
            Event::Checking { checks, url } => {
                self.still(READING);
                self.spin(CHECKING, super::checks::title(*checks, url));
                String::new()
            }
            Event::CheckPassed(check) | Event::CheckFailed(check) => super::checks::line(check, &self.look),
            Event::Call { service, operation, elapsed, error, .. } => {
                tally.requests += 1;
                tally.writes += u64::from(!only_looks(operation));
                if !self.look.verbose {
                    return String::new();
                }
                let error = error.as_ref().map_or_else(String::new, |code| format!("  {}", harmless(code)));
                let call = format!("    {service} {operation}  {} ms{error}", elapsed.as_millis());
                format!("{}\n", paint(DIM, call))
            }
            Event::Serving { .. } | Event::Request(_) => String::new(),
            Event::Redeployed { elapsed, changes } => served::redeployed(*elapsed, changes, &self.look),
            Event::Kept { .. } => served::kept(&self.look),
            Event::Restored { .. } => served::restored(&self.look),
            Event::Stopped { requests, elapsed } => {
                tally.ended = true;
                served::stopped(*requests, *elapsed, &self.look)
            }
            Event::Note { text } => wrap("note: ", &harmless(text), self.look.width),
            Event::Finished { requests, writes, elapsed, .. } => {
                (tally.requests, tally.writes) = (*requests, *writes);
                tally.elapsed = Some(*elapsed);
                tally.ended = true;
                String::new()
            }
        }
    }

    /// A log says that something waits when the wait begins, and again every [`SILENCE`].
    fn waiting(&self, tally: &mut Tally, step: &str, what: &str, elapsed: Duration, usual: Duration) -> String {
        let Some(running) = tally.steps.get_mut(step) else { return String::new() };
        let news = running.waiting.as_ref().is_none_or(|waiting| waiting.what != what);
        let now = Instant::now();
        running.waiting = Some(Waiting { what: what.to_owned(), elapsed, heard: now, usual });
        self.spin(step, live_line(running));
        if self.live.is_some() || !news {
            return String::new();
        }
        running.said = now;
        self.life(running)
    }

    /// A log tells of an upload when it begins to take long, and again every [`SILENCE`].
    fn uploading(&self, tally: &mut Tally, step: &str, done: u64, total: u64) -> String {
        let Some(running) = tally.steps.get_mut(step) else { return String::new() };
        let news = running.uploading.replace((done, total)).is_none();
        self.spin(step, live_line(running));
        if self.live.is_some() || !news {
            return String::new();
        }
        running.said = Instant::now();
        self.life(running)
    }

    /// Time passes: steps that the log has not mentioned for long are mentioned.
    pub(super) fn pulse(&self) -> String {
        let mut tally = self.tally.borrow_mut();
        let tally = &mut *tally;
        if self.live.is_some() {
            return String::new();
        }
        let now = Instant::now();
        let mut text = String::new();
        if let Some(building) = &mut tally.building
            && now.duration_since(building.said) >= SILENCE
        {
            building.said = now;
            let so_far = so_far_words(building.began.elapsed());
            text +=
                &self.line(self.look.glyphs.more, DIM, &format!("still building {}, {so_far} so far", building.work));
        }
        for step in &tally.in_flight {
            if let Some(running) = tally.steps.get_mut(step)
                && now.duration_since(running.said) >= SILENCE
            {
                running.said = now;
                text += &self.life(running);
            }
        }
        text
    }

    fn life(&self, running: &Running) -> String {
        let doing = match (&running.waiting, running.uploading) {
            (Some(waiting), _) => waiting.words(),
            (None, Some((done, total))) => {
                format!("{}, {} so far", uploaded(done, total), so_far_words(running.began.elapsed()))
            }
            (None, None) => {
                format!("still {}, {} so far", doing(running.action), so_far_words(running.began.elapsed()))
            }
        };
        self.line(self.look.glyphs.more, DIM, &format!("{}: {doing}", running.title()))
    }

    fn line(&self, glyph: &str, style: anstyle::Style, text: &str) -> String {
        wrap(&format!("  {} ", paint(style, glyph)), text, self.look.width)
    }

    /// `  ✓ created  REST API ServerlessPOC (0.8 s)`
    fn ended(&self, glyph: &str, style: anstyle::Style, word: &str, title: &str, about: &str) -> String {
        let start = format!("  {} ", paint(style, format!("{glyph} {}", pad(word, 8))));
        wrap(&start, &format!("{title} {}", paint(DIM, format!("({about})"))), self.look.width)
    }

    /// Shows or changes the spinner of a step.
    fn spin(&self, step: &str, text: String) {
        let Some(live) = &self.live else { return };
        let mut bars = live.bars.borrow_mut();
        let bar = bars.entry(step.to_owned()).or_insert_with(|| {
            let bar = live.lines.add(ProgressBar::new_spinner().with_style(spinner(&self.look, live.colour)));
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        bar.set_message(if live.colour { text } else { strip_str(&text).to_string() });
    }

    /// Takes the spinner of a step away.
    fn still(&self, step: &str) {
        if let Some(live) = &self.live
            && let Some(bar) = live.bars.borrow_mut().remove(step)
        {
            bar.finish_and_clear();
            live.lines.remove(&bar);
        }
    }

    /// Takes all spinners away, so that the terminal is free for other text.
    pub(super) fn rest(&self) {
        if let Some(live) = &self.live {
            let steps: Vec<String> = live.bars.borrow().keys().cloned().collect();
            for step in steps {
                self.still(&step);
            }
            let _ = live.lines.clear();
        }
    }

    /// Runs `write`, which writes whole lines to stderr, with the spinners out of the way.
    pub(super) fn aside(&self, write: impl FnOnce()) {
        match &self.live {
            Some(live) => live.lines.suspend(write),
            None => write(),
        }
    }
}

fn live_line(running: &Running) -> String {
    let title = format!("{} {}", running.kind, paint(BOLD, harmless(&running.name)));
    let sign = paint(style(running.action), sign(running.action));
    match (&running.waiting, running.uploading) {
        // The time so far stands in front of every line.
        (Some(waiting), _) => {
            format!("{sign} {title} ({}): waiting for {}", up_to(waiting.usual), harmless(&waiting.what))
        }
        (None, Some((done, total))) => format!("{sign} {title}: {}", uploaded(done, total)),
        (None, None) => format!("{sign} {} {title}", doing(running.action)),
    }
}

fn spinner(look: &Look, colour: bool) -> ProgressStyle {
    let ticks = if look.glyphs.unicode { "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ " } else { "|/-\\ " };
    let template =
        if colour { "  {spinner:.cyan} {elapsed:>3} {wide_msg}" } else { "  {spinner} {elapsed:>3} {wide_msg}" };
    // The templates are constants, and a wrong one would only lose the time.
    let style = ProgressStyle::with_template(template);
    style.unwrap_or_else(|_| ProgressStyle::default_spinner()).tick_chars(ticks)
}

/// AWS names its reading operations with a few verbs.
pub(super) fn only_looks(operation: &str) -> bool {
    ["Get", "List", "Describe", "Head"].iter().any(|verb| operation.starts_with(verb))
}
