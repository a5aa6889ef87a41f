//! A [`Course`] drawn: one row per bar, time from left to right. Everything it needs is inside: no script, no font, and
//! the colours for light and for dark.

use std::fmt::Write;
use std::time::Duration;

use super::course::{Bar, Course, Ended, Piece, What};
use super::scale::Scale;
use crate::event::Outcome;
use crate::ui::layout::{columns, cut};
use crate::ui::words::{count, took, took_exactly};

const WIDTH: f64 = 960.0;
const MARGIN: f64 = 28.0;
/// Where labels begin, and where time does.
const LABELS: f64 = 46.0;
const LEFT: f64 = 336.0;
/// Where time ends; a duration still fits behind it.
const RIGHT: f64 = 856.0;
/// Of the first row.
const TOP: f64 = 142.0;
const ROW: f64 = 22.0;
const BAR: f64 = 12.0;
/// Between two phases.
const GAP: f64 = 10.0;
/// Nothing is drawn narrower.
const LEAST: f64 = 2.0;
/// Letters of a label, and of a line below the rows.
const LABEL: usize = 39;
const LINE: usize = 130;

const STYLE: &str = "
text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;fill:#1f2328}
.paper{fill:#fff;stroke:#d1d9e0}.line{stroke:#e6eaef}.rule{stroke:#d1d9e0}
.head{font-size:18px;font-weight:600}.total{font-size:18px;font-weight:600;text-anchor:end}
.soft{fill:#59636e}.tick{fill:#59636e;font-size:11px;text-anchor:middle}.sign{font-weight:700;text-anchor:middle}
.name{fill:#59636e}.took{font-size:11px;fill:#59636e;paint-order:stroke;stroke:#fff;stroke-width:3px;stroke-linejoin:round}
.call{fill:#2f6fde}.own{fill:#818b98}.wait-paper{fill:#e3ecfc}.wait-ink{fill:#8db1f0}.edge{fill:none;stroke:#2f6fde}
.hot .call{fill:#d9570f}.hot .own{fill:#b98a6d}.hot .edge{stroke:#d9570f}.hot .took{fill:#b4430a;font-weight:600}.hot .kind{font-weight:600}
.hot-paper{fill:#fde8da}.hot-ink{fill:#f0a878}.path{fill:none;stroke:#d9570f;stroke-width:1.5}
.paced-paper{fill:#eceef1}.paced-ink{fill:#9aa4af}.retry-paper{fill:#fff3c4}.retry-ink{fill:#c99700}
.bad .call,.mismatch{fill:#cf222e}.bad .edge{stroke:#cf222e}.bad .took{fill:#cf222e;font-weight:600}
.cut .edge{stroke-dasharray:3 2}.row{fill:transparent}.bar:hover .row{fill:#818b981f}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.paper{fill:#0d1117;stroke:#30363d}.line{stroke:#1c222a}
.rule{stroke:#30363d}.soft,.tick,.name{fill:#9198a1}.took{fill:#9198a1;stroke:#0d1117}
.call{fill:#4f8ff7}.wait-paper{fill:#14253f}.wait-ink{fill:#33598f}.edge{stroke:#4f8ff7}
.hot .call{fill:#f58a42}.hot .own{fill:#8d6b55}.hot .edge{stroke:#f58a42}.hot .took{fill:#f7a168}.hot-paper{fill:#3a2010}.hot-ink{fill:#8f5327}
.path{stroke:#f58a42}.paced-paper{fill:#20262d}.paced-ink{fill:#5f6975}.retry-paper{fill:#332701}.retry-ink{fill:#a67c00}
.bad .call,.mismatch{fill:#f85149}.bad .edge{stroke:#f85149}.bad .took{fill:#ff7b72}}
";

/// Hatchings: name, classes of paper and ink, angle, width of the lines.
const HATCHINGS: [(&str, &str, u32, u32); 4] =
    [("wait", "wait", 45, 2), ("hot", "hot", 45, 2), ("paced", "paced", 90, 2), ("retry", "retry", 135, 3)];

pub(super) fn draw(course: &Course) -> String {
    let scale = Scale { total: course.total, left: LEFT, right: RIGHT };
    let rows = rows(&course.bars);
    let bottom = rows.last().map_or(TOP, |last| last + ROW);
    let footer = footer(course);
    let height = bottom + 18.0 + 17.0 * count_of(footer.len()) + if footer.is_empty() { 0.0 } else { 12.0 };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         role=\"img\" aria-labelledby=\"poc-title poc-about\">\n<title id=\"poc-title\">{}</title>\n<desc \
         id=\"poc-about\">{}</desc>\n<style>{STYLE}</style>\n<defs>",
        escape(&title(course)),
        escape(&format!("{}. {}", subtitle(course), footer.join(" "))),
        height = n(height),
    );
    for (id, class, angle, width) in HATCHINGS {
        let _ = write!(
            svg,
            "<pattern id=\"poc-{id}\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" \
             patternTransform=\"rotate({angle})\"><rect class=\"{class}-paper\" width=\"6\" height=\"6\"/><rect \
             class=\"{class}-ink\" width=\"{width}\" height=\"6\"/></pattern>"
        );
    }
    let (paper_width, paper_height) = (n(WIDTH - 1.0), n(height - 1.0));
    let _ = writeln!(
        svg,
        "</defs>\n<rect class=\"paper\" x=\"0.5\" y=\"0.5\" width=\"{paper_width}\" height=\"{paper_height}\" rx=\"8\"/>"
    );
    heading(&mut svg, course);
    axis(&mut svg, &scale, bottom);
    separators(&mut svg, &course.bars, &rows);
    path(&mut svg, course, &rows, &scale);
    for (at, bar) in course.bars.iter().enumerate() {
        draw_bar(&mut svg, bar, rows[at], course.critical.contains(&at), &scale);
    }
    for (at, line) in footer.iter().enumerate() {
        text(&mut svg, MARGIN, bottom + 24.0 + 17.0 * count_of(at), "soft", line);
    }
    svg + "</svg>\n"
}

/// The upper edge of every bar's row.
fn rows(bars: &[Bar]) -> Vec<f64> {
    let mut y = TOP;
    let mut before = None;
    let place = |bar: &Bar| {
        if before.is_some_and(|before| before != bar.phase) {
            y += GAP;
        }
        before = Some(bar.phase);
        y += ROW;
        y - ROW
    };
    bars.iter().map(place).collect()
}

fn title(course: &Course) -> String {
    format!("poc {} {}", course.command, course.app).trim_end().to_owned()
}

fn subtitle(course: &Course) -> String {
    let (calls, writes) = course.calls;
    let mut words = course.whereabouts.clone();
    words.push(format!("{}, {}", count(small(calls), "call"), count(small(writes), "write")));
    words.extend(ending(course.outcome).map(str::to_owned));
    words.join(" · ")
}

/// What is worth a word: a run that did what it should speaks for itself.
fn ending(outcome: Option<Outcome>) -> Option<&'static str> {
    match outcome {
        Some(Outcome::Changed) => None,
        Some(Outcome::Unchanged) => Some("nothing had to be changed"),
        Some(Outcome::Declined) => Some("answered with no"),
        Some(Outcome::Failed) => Some("failed"),
        Some(Outcome::Interrupted) | None => Some("interrupted"),
    }
}

fn heading(svg: &mut String, course: &Course) {
    text(svg, MARGIN, 40.0, "head", &title(course));
    text(svg, WIDTH - MARGIN, 40.0, "total", &took(course.total));
    text(svg, MARGIN, 61.0, "soft", &subtitle(course));
    let has = |what: What| course.bars.iter().flat_map(|bar| &bar.pieces).any(|piece| piece.what == what);
    let mut x = MARGIN;
    let entries = [
        (has(What::Own), "class=\"own\"", "work on this machine"),
        (true, "class=\"call\"", "AWS answers a call"),
        (true, "fill=\"url(#poc-wait)\"", "waiting for AWS"),
        (has(What::Paced), "fill=\"url(#poc-paced)\"", "kept within AWS's limits"),
        (has(What::Retrying), "fill=\"url(#poc-retry)\"", "refused, sent again"),
        (true, "class=\"call\" data-of=\"hot\"", "critical path"),
        (course.bars.iter().any(|bar| bar.end == Ended::Failed), "class=\"mismatch\"", "failed"),
    ];
    for (_, fill, words) in entries.iter().filter(|(shown, ..)| *shown) {
        let group = if fill.contains("hot") { " class=\"hot\"" } else { "" };
        let fill = fill.replace(" data-of=\"hot\"", "");
        let _ = write!(svg, "<g{group}><rect {fill} x=\"{}\" y=\"80\" width=\"22\" height=\"10\" rx=\"2\"/>", n(x));
        text(svg, x + 29.0, 89.0, "soft", words);
        svg.push_str("</g>\n");
        x += 29.0 + 6.3 * count_of(words.len()) + 24.0;
    }
}

fn axis(svg: &mut String, scale: &Scale, bottom: f64) {
    for (at, words) in scale.ticks() {
        let x = n(scale.x(at));
        let _ = writeln!(svg, "<path class=\"line\" d=\"M{x} {}V{}\"/>", n(TOP - 8.0), n(bottom + 2.0));
        text(svg, scale.x(at), TOP - 15.0, "tick", &words);
    }
}

fn separators(svg: &mut String, bars: &[Bar], rows: &[f64]) {
    for (pair, y) in bars.windows(2).zip(&rows[1.min(rows.len())..]) {
        if pair[0].phase != pair[1].phase {
            let _ = writeln!(svg, "<path class=\"rule\" d=\"M{MARGIN} {}H{}\"/>", n(y - GAP / 2.0), n(WIDTH - MARGIN));
        }
    }
}

/// From the end of each bar that decided the end to the beginning of the next.
fn path(svg: &mut String, course: &Course, rows: &[f64], scale: &Scale) {
    for pair in course.critical.windows(2) {
        let (from, to) = (&course.bars[pair[0]], &course.bars[pair[1]]);
        let (x, next) = (scale.x(from.to), scale.x(to.from));
        let (y, below) = (rows[pair[0]] + ROW / 2.0, rows[pair[1]] + ROW / 2.0);
        let _ = writeln!(svg, "<path class=\"path\" d=\"M{} {}V{}H{}\"/>", n(x), n(y), n(below), n(next));
    }
}

fn draw_bar(svg: &mut String, bar: &Bar, y: f64, critical: bool, scale: &Scale) {
    let mut class = "bar".to_owned();
    class.push_str(if critical { " hot" } else { "" });
    class.push_str(match bar.end {
        Ended::Failed => " bad",
        Ended::CutOff | Ended::Deferred => " cut",
        Ended::Done => "",
    });
    let _ = write!(svg, "<g class=\"{class}\"><title>{}</title>", escape(&about(bar)));
    let _ = write!(
        svg,
        "<rect class=\"row\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{ROW}\" rx=\"4\"/>",
        n(MARGIN - 8.0),
        n(y),
        n(WIDTH - 2.0 * MARGIN + 16.0)
    );
    if !bar.sign.is_empty() {
        text(svg, MARGIN + 6.0, y + 15.0, "sign soft", bar.sign);
    }
    label(svg, bar, y);
    let (left, right) = extent(bar.from, bar.to, (LEFT, RIGHT), scale);
    let (edge, top) = (right - left, y + (ROW - BAR) / 2.0);
    let hatching = if critical { "hot" } else { "wait" };
    rect(svg, &format!("fill=\"url(#poc-{hatching})\""), left, top, edge);
    if bar.pieces.is_empty() && edge <= LEAST {
        rect(svg, "class=\"call\"", left, top, edge);
    }
    for Piece { from, to, what } in &bar.pieces {
        let (from, to) = extent(*from, *to, (left, right), scale);
        let fill = match what {
            What::Own => "class=\"own\"",
            What::Call => "class=\"call\"",
            What::Mismatch => "class=\"mismatch\"",
            What::Paced => "fill=\"url(#poc-paced)\"",
            What::Retrying => "fill=\"url(#poc-retry)\"",
        };
        rect(svg, fill, from, top, to - from);
    }
    rect(svg, "class=\"edge\"", left, top, edge);
    text(svg, right + 7.0, y + 15.0, "took", &ended(bar));
    svg.push_str("</g>\n");
}

/// From where to where a stretch of time is drawn: never too narrow to be seen, never outside of `room`.
fn extent(from: Duration, to: Duration, room: (f64, f64), scale: &Scale) -> (f64, f64) {
    let least = LEAST.min(room.1 - room.0);
    let left = scale.x(from).clamp(room.0, room.1 - least);
    (left, scale.x(to).clamp(left + least, room.1))
}

fn rect(svg: &mut String, fill: &str, x: f64, y: f64, width: f64) {
    let (x, y, width) = (n(x), n(y), n(width));
    let _ = write!(svg, "<rect {fill} x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{BAR}\" rx=\"1.5\"/>");
}

fn label(svg: &mut String, bar: &Bar, y: f64) {
    let room = LABEL.saturating_sub(columns(&bar.kind) + 1);
    let _ = write!(
        svg,
        "<text x=\"{}\" y=\"{}\"><tspan class=\"kind\">{}</tspan> <tspan class=\"name\">{}</tspan></text>",
        n(LABELS),
        n(y + 15.0),
        escape(&bar.kind),
        escape(&cut(&bar.name, room.max(8), "…"))
    );
}

fn ended(bar: &Bar) -> String {
    let took = took_exactly(bar.took());
    match bar.end {
        Ended::Done => took,
        Ended::Failed => format!("✕ {took}"),
        Ended::Deferred => "put off".to_owned(),
        Ended::CutOff => format!("{took} …"),
    }
}

/// All there is to tell of a bar.
fn about(bar: &Bar) -> String {
    let name = format!("{} {}", bar.kind, bar.name);
    let (from, to) = (took_exactly(bar.from), took_exactly(bar.to));
    let times = format!("{} (from {from} to {to})", took_exactly(bar.took()));
    [vec![name, times], bar.about.clone()].concat().join("\n")
}

/// What decided how long the run took, and what was not done.
fn footer(course: &Course) -> Vec<String> {
    let mut lines = Vec::new();
    let names: Vec<String> = course
        .critical
        .iter()
        .map(|at| {
            let bar = &course.bars[*at];
            format!("{} {}", bar.kind, took_exactly(bar.took()))
        })
        .collect();
    let mut line = "critical path: ".to_owned();
    for (at, name) in names.iter().enumerate() {
        let joint = if at + 1 < names.len() { " → " } else { "" };
        if columns(&line) + columns(name) + columns(joint) > LINE {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
        }
        line = line + name + joint;
    }
    if !names.is_empty() {
        lines.push(line);
    }
    if course.skipped > 0 {
        lines.push(format!("not tried, because of what failed or was put off: {}", count(course.skipped, "step")));
    }
    lines
}

fn text(svg: &mut String, x: f64, y: f64, class: &str, words: &str) {
    let (x, y, words) = (n(x), n(y), escape(words));
    let _ = writeln!(svg, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{words}</text>");
}

/// A length with one decimal, where it has one.
fn n(length: f64) -> String {
    let text = format!("{length:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

fn count_of(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

fn small(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // XML has no place for these, escaped or not.
            letter if letter.is_control() && letter != '\n' => escaped.push('\u{fffd}'),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}
