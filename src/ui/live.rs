//! The live view of a run, as rows for the bottom of a terminal: what is under way and for how long, what comes next and
//! what it waits for, and how far the run is. Pure: state, size and time in, rows out. Each row is cut to the width.

use std::time::Duration;

use tokio::time::Instant;

use super::layout::{HARD_SPACE, columns, cut, wrap};
use super::look::{BOLD, CARE, DIM, GOOD, LINK, Look, paint};
use super::screen::Size;
use super::tally::{Running, Tally, Waiting, Work};
use super::words::{clock, count, sign, style, took_whole, up_to, uploaded};

/// Steps that have not begun, at most.
const TO_COME: usize = 3;
/// Rows below a step that say what it waits for, at most.
const DETAILS: usize = 2;
/// What is over sooner is not worth an outlook.
const LONG: Duration = Duration::from_secs(20);
/// Columns of the gauge, and of terminals that have room for it.
const GAUGE: usize = 20;
const ROOMY: usize = 50;

/// A row, or a row that may be left out where the terminal is low.
struct Part {
    rows: Vec<String>,
    /// Left out first where it is high.
    dispensable: u8,
}

/// What stands at the bottom of a terminal of that size; nothing where nothing is under way.
pub(super) fn frame(tally: &Tally, look: &Look, size: Size, now: Instant) -> Vec<String> {
    // A terminal breaks its line when the last column is written, some of them one character early.
    let room = size.columns.saturating_sub(1);
    let sheet = Sheet { look, room, now, began: tally.began.unwrap_or(now) };
    let mut parts: Vec<Part> = Vec::new();
    for work in [&tally.building, &tally.reading, &tally.checking].into_iter().flatten() {
        parts.push(Part { rows: vec![sheet.work(work)], dispensable: 0 });
    }
    for running in tally.running() {
        parts.push(Part { rows: vec![sheet.step(running)], dispensable: 2 });
        parts.push(Part { rows: sheet.details(running), dispensable: 3 });
    }
    let begun = !tally.planned.is_empty() && tally.steps.keys().any(|step| tally.planned.contains_key(step));
    let over = tally.over() == tally.planned.len();
    if parts.is_empty() && (!begun || over) {
        return Vec::new();
    }
    if begun && !over {
        if !tally.stopping {
            parts.push(Part { rows: sheet.to_come(tally), dispensable: 4 });
        }
        parts.push(Part { rows: sheet.summary(tally), dispensable: 0 });
    } else if tally.stopping {
        parts.push(Part { rows: sheet.row("", DIM, STOPPING), dispensable: 0 });
    }
    fit(parts, size.rows.saturating_sub(1), &sheet)
}

pub(super) const STOPPING: &str = "stopping: what is in flight is finished; Ctrl-C again ends at once";

/// Leaves out what matters least until the rest has room: a row that scrolled away cannot be drawn again.
fn fit(mut parts: Vec<Part>, room: usize, sheet: &Sheet) -> Vec<String> {
    let height = |parts: &[Part]| parts.iter().map(|part| part.rows.len()).sum::<usize>();
    for dispensable in [4, 3] {
        while height(&parts) > room
            && let Some(last) = parts.iter().rposition(|part| part.dispensable == dispensable && !part.rows.is_empty())
        {
            parts[last].rows.clear();
        }
    }
    let mut unseen = 0;
    while height(&parts) + usize::from(unseen > 0) > room
        && let Some(last) = parts.iter().rposition(|part| part.dispensable == 2)
    {
        parts.remove(last);
        unseen += 1;
    }
    if unseen > 0 {
        let last = parts.len() - parts.iter().rev().take_while(|part| part.dispensable == 0).count();
        let rows = sheet.row(sheet.look.glyphs.more, DIM, &format!("and {} more", count(unseen, "step")));
        parts.insert(last, Part { rows, dispensable: 0 });
    }
    let mut rows: Vec<String> = parts.into_iter().flat_map(|part| part.rows).collect();
    rows.truncate(room);
    rows
}

/// Where and when rows are drawn.
struct Sheet<'a> {
    look: &'a Look,
    room: usize,
    now: Instant,
    began: Instant,
}

impl Sheet<'_> {
    /// What stands in front of what is under way: `  ⠹  0:03  `.
    fn lead(&self, began: Instant) -> String {
        let beats = if self.look.glyphs.unicode { "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏" } else { "|/-\\" };
        let beat = self.now.saturating_duration_since(self.began).as_millis() / 100;
        let at = usize::try_from(beat).unwrap_or_default() % beats.chars().count();
        let beat = beats.chars().nth(at).unwrap_or(' ');
        let time = clock(self.now.saturating_duration_since(began));
        format!("  {} {}  ", paint(LINK, beat), paint(DIM, format!("{time:>6}")))
    }

    /// The same in front of what is not: `  ·         `.
    fn row(&self, glyph: &str, look: anstyle::Style, text: &str) -> Vec<String> {
        let glyph = if glyph.is_empty() { " " } else { glyph };
        let lead = format!("  {} ", paint(DIM, glyph));
        let lead = format!("{lead}{}", " ".repeat(INDENT.saturating_sub(columns(&lead))));
        let rows = wrap("", text, self.room.saturating_sub(INDENT).max(1));
        let rows = rows.lines().take(DETAILS).enumerate();
        rows.map(|(at, row)| {
            let before = if at == 0 { lead.clone() } else { " ".repeat(INDENT) };
            self.cut(&before, &paint(look, cut(row, self.left(&before), self.look.glyphs.more)))
        })
        .collect()
    }

    /// One such row, and what has no room is cut off.
    fn one_row(&self, glyph: &str, text: &str) -> Vec<String> {
        // Hard spaces are no places to break.
        self.row(glyph, DIM, &text.replace(' ', &HARD_SPACE.to_string()))
    }

    fn work(&self, work: &Work) -> String {
        let lead = self.lead(work.began);
        let text = cut(&work.what, self.left(&lead), self.look.glyphs.more);
        self.cut(&lead, &text)
    }

    /// `  ⠹   0:03  + REST API ServerlessPOC`
    fn step(&self, running: &Running) -> String {
        let sign = paint(style(running.action), sign(running.action));
        let lead = format!("{}{sign} {} ", self.lead(running.began), running.kind);
        let name = cut(&running.name, self.left(&lead), self.look.glyphs.more);
        self.cut(&lead, &paint(BOLD, name))
    }

    /// What it waits for, how far it is, why a call goes out again.
    fn details(&self, running: &Running) -> Vec<String> {
        let retrying = running.retrying.as_ref().filter(|retrying| retrying.until > self.now);
        match (retrying, &running.waiting, running.uploading) {
            (Some(retrying), ..) => {
                let left = retrying.until.saturating_duration_since(self.now) + Duration::from_millis(999);
                let left = took_whole(Duration::from_secs(left.as_secs()));
                let text = format!("{} again in {left}, because of {}", retrying.operation, retrying.reason);
                self.row("", CARE, &text)
            }
            (None, Some(waiting), _) => {
                let (late, usual) = usual(waiting, self.now);
                let look = if late { CARE } else { DIM };
                self.row("", look, &format!("waiting for {} ({usual})", waiting.what))
            }
            (None, None, Some((done, total))) => self.row("", DIM, &uploaded(done, total)),
            (None, None, None) => Vec::new(),
        }
    }

    /// `  ·         stage prod, after deployment prod`
    fn to_come(&self, tally: &Tally) -> Vec<String> {
        let to_come = tally.to_come();
        let mut order: Vec<usize> = (0..to_come.len()).collect();
        // What waits for little comes first.
        order.sort_by_key(|at| to_come[*at].1.len());
        // One row that says how many are left is no shorter than the last of them.
        let shown = if to_come.len() <= TO_COME + 1 { to_come.len() } else { TO_COME };
        let mut rows = Vec::new();
        for at in order.iter().take(shown) {
            let (planned, before) = &to_come[*at];
            let after = match before.as_slice() {
                [] => String::new(),
                [one] => format!(", after {one}"),
                [one, rest @ ..] => format!(", after {one} and {} more", rest.len()),
            };
            rows.extend(self.one_row(self.look.glyphs.dot, &format!("{}{after}", planned.title)));
        }
        if to_come.len() > shown {
            let left = to_come.len() - shown;
            rows.extend(self.row(self.look.glyphs.dot, DIM, &format!("and {left} more to come")));
        }
        rows
    }

    /// How far the run is, and what decides how long it still takes.
    fn summary(&self, tally: &Tally) -> Vec<String> {
        let (over, all) = (tally.over(), tally.planned.len());
        let time = clock(self.now.saturating_duration_since(self.began));
        let gauge = if self.room >= ROOMY { format!("{}  ", self.gauge(over, all)) } else { String::new() };
        let far = format!("  {gauge}{} of {}, {time}", paint(BOLD, over), count(all, "step"));
        let outlook = if tally.stopping { Some(STOPPING.to_owned()) } else { outlook(tally, self.now) };
        let Some(outlook) = outlook else { return vec![self.cut(&far, "")] };
        let dot = format!(" {} ", self.look.glyphs.dot);
        if columns(&far) + columns(&dot) + columns(&outlook) <= self.room {
            return vec![format!("{far}{}", paint(DIM, format!("{dot}{outlook}")))];
        }
        let mut rows = vec![self.cut(&far, "")];
        let below = wrap("  ", &outlook, self.room);
        rows.extend(below.lines().take(DETAILS).map(|row| paint(DIM, cut(row, self.room, self.look.glyphs.more))));
        rows
    }

    fn gauge(&self, over: usize, all: usize) -> String {
        let full = over * GAUGE / all.max(1);
        let (bar, rest) = if self.look.glyphs.unicode { ("━", "─") } else { ("=", "-") };
        format!("{}{}", paint(GOOD, bar.repeat(full)), paint(DIM, rest.repeat(GAUGE - full)))
    }

    fn left(&self, before: &str) -> usize {
        self.room.saturating_sub(columns(before))
    }

    /// The lead with the text that was cut to fit; where the lead alone is too wide, the part of it that fits.
    fn cut(&self, lead: &str, text: &str) -> String {
        if columns(lead) <= self.room {
            return format!("{lead}{text}");
        }
        cut(&anstream::adapter::strip_str(lead).to_string(), self.room, "")
    }
}

/// Where the titles begin.
const INDENT: usize = 12;

/// `up to 40 minutes is usual`; late where it took longer.
fn usual(waiting: &Waiting, now: Instant) -> (bool, String) {
    if waiting.so_far(now) > waiting.usual {
        (true, format!("{} is usual, this is longer", up_to(waiting.usual)))
    } else {
        (false, format!("{} is usual", up_to(waiting.usual)))
    }
}

/// The wait that decides how long the run still takes: the longest of those under way and those to come.
fn outlook(tally: &Tally, now: Instant) -> Option<String> {
    let waits = tally.running().filter_map(|running| {
        let waiting = running.waiting.as_ref()?;
        let left = waiting.usual.saturating_sub(waiting.so_far(now));
        Some((left, format!("{}: {} more", running.title(), up_to(left))))
    });
    let to_come = tally.to_come();
    let later = to_come.iter().filter_map(|(planned, _)| {
        let usual = planned.usual?;
        Some((usual, format!("then {}: {}", planned.title, up_to(usual))))
    });
    waits.chain(later).filter(|(left, _)| *left >= LONG).max_by_key(|(left, _)| *left).map(|(_, words)| words)
}
