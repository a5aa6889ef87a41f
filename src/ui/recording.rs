//! A run as a film of the terminal it is watched on: an SVG in which the rows of the live view come and go, over and over.
//! Made from the events and their times alone, as the timeline's picture is; it needs no script and no font.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use tokio::time::Instant;

use super::layout::{columns, cut};
use super::look::{BOLD, DIM, Look, paint};
use super::outcome;
use super::progress::Progress;
use super::screen::Size;
use crate::event::{Event, Reporter};
use crate::pipeline::{Deployed, Planned};

/// How long the film is, and how long its last picture stands.
const FILM: f64 = 20.0;
const STANDS: f64 = 5.0;
/// Nothing is shown for less: what stands there in between is left out.
const BEAT: Duration = Duration::from_millis(500);
/// While nothing happens, clocks go on in steps of this.
const TICK: Duration = Duration::from_secs(2);

const CELL: (f64, f64) = (7.8, 17.0);
const MARGIN: f64 = 14.0;
/// Where time ends and what it is the time of begins: the halves of a row change apart.
const HALF: usize = 10;

const STYLE: &str = "
text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#1f2328;white-space:pre}
.paper{fill:#fff;stroke:#d1d9e0}.b{font-weight:700}.d{fill:#59636e}.g{fill:#1a7f37}.y{fill:#9a6700}.r{fill:#cf222e}.c{fill:#0969da}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.paper{fill:#0d1117;stroke:#30363d}.d{fill:#9198a1}.g{fill:#3fb950}
.y{fill:#d29922}.r{fill:#f85149}.c{fill:#58a6ff}}
";

/// Takes note of a run as it happens.
pub struct Recording {
    size: Size,
    look: Look,
    began: Instant,
    progress: Progress,
    film: RefCell<Film>,
}

#[derive(Default)]
struct Film {
    /// What moved up and stays.
    said: Vec<String>,
    /// What the screen shows from when on.
    pictures: Vec<(Duration, Vec<String>)>,
}

impl Recording {
    /// Of a run that begins now, in a terminal of that size, where somebody typed `command`.
    pub fn begin(command: &str, columns: usize, rows: usize) -> Recording {
        let (size, look) = (Size { columns, rows }, Look::plain(columns, false));
        let film = Film { said: vec![format!("{} {}", paint(DIM, "$"), paint(BOLD, command))], ..Film::default() };
        Recording { size, look, began: Instant::now(), progress: Progress::new(true), film: RefCell::new(film) }
    }

    /// Takes note of what the plan will do.
    pub fn expect(&self, planned: &Planned) {
        self.progress.expect(&planned.plan);
    }

    /// The end of a deploy.
    pub fn deployed(&self, deployed: &Deployed) {
        let (_, summary) = outcome::deployed(deployed, &self.progress.tally(), &self.look);
        self.until(Instant::now());
        self.film.borrow_mut().said.extend(summary.trim_end().split('\n').map(str::to_owned));
        self.shoot(Instant::now(), Vec::new());
    }

    pub fn svg(&self) -> String {
        draw(&self.film.borrow().pictures, self.size)
    }

    /// The clocks went on since the last picture.
    fn until(&self, now: Instant) {
        loop {
            let last = self.film.borrow().pictures.last().map_or(Duration::ZERO, |(at, _)| *at);
            let next = self.began + last + TICK;
            if next >= now {
                return;
            }
            self.shoot(next, self.progress.frame_at(&self.look, self.size, next));
        }
    }

    fn shoot(&self, now: Instant, frame: Vec<String>) {
        let film = &mut *self.film.borrow_mut();
        let mut rows = film.said.clone();
        rows.extend(frame);
        for row in rows.iter_mut().filter(|row| columns(row) > self.size.columns) {
            *row = cut(&anstream::adapter::strip_str(row).to_string(), self.size.columns, self.look.glyphs.more);
        }
        // The cursor stands in the last row.
        rows.drain(..(rows.len() + 1).saturating_sub(self.size.rows));
        let at = now.duration_since(self.began);
        // What would stand there for less than a beat never stood there.
        if let [.., (_, _), (last, shown)] = film.pictures.as_mut_slice()
            && at.saturating_sub(*last) < BEAT
        {
            *shown = rows;
            return;
        }
        film.pictures.push((at, rows));
    }
}

impl Reporter for Recording {
    fn report(&self, event: &Event) {
        let now = Instant::now();
        self.until(now);
        let said = self.progress.report(event, &self.look);
        self.film.borrow_mut().said.extend(said.lines().map(str::to_owned));
        self.shoot(now, self.progress.frame_at(&self.look, self.size, now));
    }
}

/// When something stands there, as parts of the film's whole.
type Spans = Vec<(f64, f64)>;

fn draw(pictures: &[(Duration, Vec<String>)], size: Size) -> String {
    let total = pictures.last().map_or(1.0, |(at, _)| at.as_secs_f64().max(0.001));
    let part = |at: Duration| at.as_secs_f64() / total * FILM / (FILM + STANDS);
    // Row, column and text of everything that ever stands there, and when.
    let mut texts: BTreeMap<(usize, usize, String), Spans> = BTreeMap::new();
    for (at, (begins, rows)) in pictures.iter().enumerate() {
        let from = if at == 0 { 0.0 } else { part(*begins) };
        let to = pictures.get(at + 1).map_or(1.0, |(ends, _)| part(*ends));
        for (row, text) in rows.iter().enumerate() {
            for (column, text) in halves(text) {
                let spans = texts.entry((row, column, text)).or_default();
                match spans.last_mut() {
                    Some(last) if (last.1 - from).abs() < 1e-9 => last.1 = to,
                    _ => spans.push((from, to)),
                }
            }
        }
    }
    let rows = pictures.iter().map(|(_, rows)| rows.len()).max().unwrap_or_default() + 1;
    let (width, height) = (units(size.columns) * CELL.0 + 2.0 * MARGIN, units(rows) * CELL.1 + 2.0 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         role=\"img\" aria-labelledby=\"poc-film\">\n<title id=\"poc-film\">A terminal: steps run side by side, each with its time and \
         what it waits for; what is done moves up</title>\n<style>{STYLE}</style>\n<rect class=\"paper\" x=\"0.5\" y=\"0.5\" \
         width=\"{:.0}\" height=\"{:.0}\" rx=\"8\"/>\n",
        width - 1.0,
        height - 1.0,
    );
    for ((row, column, text), spans) in &texts {
        let x = MARGIN + units(*column) * CELL.0;
        let y = MARGIN + units(*row + 1) * CELL.1 - 4.0;
        let _ = write!(svg, "<text x=\"{x:.1}\" y=\"{y:.0}\"");
        if spans.as_slice() == [(0.0, 1.0)] {
            let _ = writeln!(svg, ">{text}</text>");
            continue;
        }
        // Where nothing moves, the last picture stands.
        let stays = spans.last().is_some_and(|(_, to)| *to >= 1.0);
        let hidden = if stays { "" } else { " visibility=\"hidden\"" };
        let (mut values, mut times) = (vec!["hidden"], vec!["0".to_owned()]);
        for (from, to) in spans {
            if *from <= 0.0 {
                values.clear();
                times.clear();
            }
            values.push("visible");
            times.push(if *from <= 0.0 { "0".to_owned() } else { format!("{from:.4}") });
            if *to < 1.0 {
                values.push("hidden");
                times.push(format!("{to:.4}"));
            }
        }
        let _ = writeln!(
            svg,
            "{hidden}>{text}<animate attributeName=\"visibility\" values=\"{}\" keyTimes=\"{}\" dur=\"{}s\" calcMode=\"discrete\" \
             repeatCount=\"indefinite\"/></text>",
            values.join(";"),
            times.join(";"),
            FILM + STANDS,
        );
    }
    svg + "</svg>\n"
}

fn units(count: usize) -> f64 {
    u32::try_from(count).map_or(0.0, f64::from)
}

/// A row as one or two texts with the columns where they begin, marked up.
fn halves(row: &str) -> Vec<(usize, String)> {
    let (mut texts, mut column, mut begins) = (Vec::new(), 0, 0);
    let (mut text, mut classes) = (String::new(), String::new());
    let mut rest = row;
    let close = |text: &mut String, classes: &str| {
        if !classes.is_empty() {
            *text += "</tspan>";
        }
    };
    while let Some(c) = rest.chars().next() {
        if let Some((codes, after)) = rest.strip_prefix("\x1b[").and_then(|rest| rest.split_once('m')) {
            close(&mut text, &classes);
            classes = match codes {
                "0" | "" => String::new(),
                codes => format!("{classes} {}", class(codes)).trim().to_owned(),
            };
            if !classes.is_empty() {
                let _ = write!(text, "<tspan class=\"{classes}\">");
            }
            rest = after;
            continue;
        }
        if column == HALF && rest.starts_with("  ") && row.starts_with("  ") {
            close(&mut text, &classes);
            texts.push((begins, std::mem::take(&mut text)));
            begins = column;
            if !classes.is_empty() {
                let _ = write!(text, "<tspan class=\"{classes}\">");
            }
        }
        match c {
            '&' => text += "&amp;",
            '<' => text += "&lt;",
            '>' => text += "&gt;",
            // Spaces at the ends of a text would be dropped.
            ' ' => text.push('\u{a0}'),
            c => text.push(c),
        }
        column += columns(c.encode_utf8(&mut [0; 4]));
        rest = &rest[c.len_utf8()..];
    }
    close(&mut text, &classes);
    texts.push((begins, text));
    texts.retain(|(_, text)| text.chars().any(|c| c != '\u{a0}'));
    texts
}

fn class(codes: &str) -> &'static str {
    match codes {
        "1" => "b",
        "2" => "d",
        "31" => "r",
        "32" => "g",
        "33" => "y",
        "36" => "c",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_marked_up_and_cut_where_their_time_ends() {
        let row =
            format!("  {} {}  + a<b {}", paint(super::super::look::LINK, "⠋"), paint(DIM, "  0:03"), paint(BOLD, "x"));
        let texts = halves(&row);
        assert_eq!(
            texts,
            [
                (
                    0,
                    "\u{a0}\u{a0}<tspan class=\"c\">⠋</tspan>\u{a0}<tspan class=\"d\">\u{a0}\u{a0}0:03</tspan>"
                        .to_owned()
                ),
                (10, "\u{a0}\u{a0}+\u{a0}a&lt;b\u{a0}<tspan class=\"b\">x</tspan>".to_owned()),
            ]
        );
    }

    #[test]
    fn what_comes_goes_and_stays_is_shown_at_its_time() {
        let at =
            |seconds, rows: &[&str]| (Duration::from_secs(seconds), rows.iter().map(|row| (*row).to_owned()).collect());
        let svg = draw(
            &[at(0, &["$ poc", "one"]), at(5, &["$ poc", "two"]), at(10, &["$ poc", "one"])],
            Size { columns: 20, rows: 5 },
        );
        let line = |words: &str| svg.lines().find(|line| line.contains(words)).map(str::to_owned).unwrap_or_default();
        assert!(!line(">$\u{a0}poc<").contains("animate"), "{svg}");
        assert!(line(">one<").contains("values=\"visible;hidden;visible\" keyTimes=\"0;0.4000;0.8000\""), "{svg}");
        assert!(!line(">one<").contains("visibility=\"hidden\""), "{svg}");
        assert!(line(">two<").contains("visibility=\"hidden\">two<animate attributeName=\"visibility\" values=\"hidden;visible;hidden\" keyTimes=\"0;0.4000;0.8000\""), "{svg}");
    }
}
