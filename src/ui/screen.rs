//! The rows at the bottom of a terminal that are drawn again and again: how they are put there and taken away. What stands
//! in them is `live`'s affair; text comes in, and what to send to the terminal comes out.
//!
//! It is drawn by hand, and not by a crate for progress bars, because of what those leave behind: a terminal that is made
//! narrower breaks the rows that stand on it, a bar goes up by as many rows as it had written, and the rest of them stays
//! for good. Here the rows are counted again by the width that the terminal has now.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use super::layout::columns;

/// How large a terminal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) columns: usize,
    pub(super) rows: usize,
}

/// Where the terminal does not tell.
pub(super) const USUAL: Size = Size { columns: 80, rows: 24 };

/// Between two drawings, by the wall's clock: no eye is quicker.
const BEAT: Duration = Duration::from_millis(80);

/// Terminals that know synchronized output show what stands between these at once; others ignore them.
const HOLD: &str = "\x1b[?2026h";
const SHOW: &str = "\x1b[?2026l";

#[derive(Debug)]
pub(super) struct Screen {
    /// Columns of each row that stands there; the cursor is at the beginning of the row below them.
    standing: RefCell<Vec<usize>>,
    drawn: Cell<Option<Instant>>,
    /// The terminal breaks rows that became too long for it, as most do.
    reflows: bool,
    /// Nothing is drawn until something happens.
    resting: Cell<bool>,
}

impl Screen {
    pub(super) fn new(reflows: bool) -> Screen {
        Screen { standing: RefCell::default(), drawn: Cell::new(None), reflows, resting: Cell::new(false) }
    }

    /// The terminals of this process's environment that leave rows as they are, and cut what is too long: going up by
    /// broken rows that do not exist would take away what stands above.
    pub(super) fn of_process() -> Screen {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let term = std::env::var("TERM").unwrap_or_default();
        let rigid = set("XTERM_VERSION") || set("STY") || term.starts_with("linux") || term.starts_with("rxvt");
        Screen::new(!rigid)
    }

    /// Is it time to draw again?
    #[expect(
        clippy::disallowed_methods,
        reason = "how often an eye wants news is the wall's affair, also where tokio's clock is hastened"
    )]
    pub(super) fn is_due(&self) -> bool {
        !self.resting.get() && self.drawn.get().is_none_or(|drawn| Instant::now().duration_since(drawn) >= BEAT)
    }

    pub(super) fn wake(&self) {
        self.resting.set(false);
    }

    /// Takes the rows away until something happens.
    pub(super) fn rest(&self, size: Size) -> String {
        self.resting.set(true);
        let gone = self.gone(size);
        if gone.is_empty() { gone } else { format!("{HOLD}{gone}{SHOW}") }
    }

    /// Takes the rows away for text that is to stand above them; [`Screen::put`] comes next.
    pub(super) fn lift(&self, size: Size) -> String {
        format!("{HOLD}{}", self.gone(size))
    }

    /// Puts the rows back.
    pub(super) fn put(&self, rows: &[String]) -> String {
        if self.resting.get() {
            return SHOW.to_owned();
        }
        format!("{}{SHOW}", self.stand(rows))
    }

    /// The rows in place of those that stand there.
    pub(super) fn draw(&self, rows: &[String], size: Size) -> String {
        if self.standing.borrow().is_empty() && rows.is_empty() {
            return String::new();
        }
        format!("{HOLD}{}{}{SHOW}", self.gone(size), self.stand(rows))
    }

    #[expect(clippy::disallowed_methods, reason = "as above")]
    fn stand(&self, rows: &[String]) -> String {
        self.drawn.set(Some(Instant::now()));
        *self.standing.borrow_mut() = rows.iter().map(|row| columns(row)).collect();
        rows.iter().map(|row| format!("{row}\n")).collect()
    }

    /// Up to the first row, and away with everything from there on: also a `^C` that the terminal showed.
    fn gone(&self, size: Size) -> String {
        let standing = std::mem::take(&mut *self.standing.borrow_mut());
        let broken = |columns: &usize| if self.reflows { columns.div_ceil(size.columns.max(1)).max(1) } else { 1 };
        match standing.iter().map(broken).sum::<usize>() {
            0 => String::new(),
            rows => format!("\r\x1b[{rows}A\x1b[J"),
        }
    }
}
