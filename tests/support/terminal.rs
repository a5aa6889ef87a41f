//! A terminal, as far as this program drives one: what stands on it after some bytes, with a width that can change. What
//! it does not know is a mistake of the program, and fails the test.

/// What is written first and last of a drawing that is to be seen at once.
const SHOW: &str = "?2026l";

pub struct Terminal {
    columns: usize,
    height: usize,
    /// Breaks rows anew when its width changes, as most do; xterm cuts them.
    pub reflows: bool,
    /// All that was ever written, what scrolled away included.
    rows: Vec<Row>,
    /// The first row that is still on the screen.
    top: usize,
    row: usize,
    column: usize,
    /// The beginning of an escape sequence.
    unread: String,
    /// The screen at the end of each drawing.
    pub shown: Vec<String>,
}

#[derive(Clone, Default)]
struct Row {
    cells: Vec<char>,
    /// It had no room, and goes on in the next row.
    broken: bool,
}

impl Terminal {
    pub fn new(columns: usize, height: usize) -> Terminal {
        Terminal {
            columns,
            height,
            reflows: true,
            rows: vec![Row::default()],
            top: 0,
            row: 0,
            column: 0,
            unread: String::new(),
            shown: Vec::new(),
        }
    }

    pub fn write(&mut self, text: &str) {
        let text = std::mem::take(&mut self.unread) + text;
        let mut rest = text.as_str();
        while let Some(c) = rest.chars().next() {
            match c {
                '\x1b' => {
                    let Some(end) = rest.char_indices().skip(2).find(|(_, c)| c.is_ascii_alphabetic()) else {
                        self.unread = rest.to_owned();
                        return;
                    };
                    let sequence = rest[1..=end.0].strip_prefix('[').unwrap_or_else(|| panic!("{rest:?}"));
                    self.obey(sequence);
                    rest = &rest[end.0 + 1..];
                    continue;
                }
                '\r' => self.column = 0,
                '\n' => self.down(),
                c => {
                    assert!(!c.is_control(), "{c:?}");
                    self.put(c);
                }
            }
            rest = &rest[c.len_utf8()..];
        }
    }

    fn obey(&mut self, sequence: &str) {
        let (parameters, last) = sequence.split_at(sequence.len() - 1);
        match (parameters, last) {
            (_, "m") | ("?2026", "h") => {}
            ("", "J") => {
                self.rows.truncate(self.row + 1);
                self.rows[self.row].cells.truncate(self.column);
                self.rows[self.row].broken = false;
            }
            (count, "A") => {
                let count: usize = count.parse().unwrap();
                self.row = self.row.saturating_sub(count).max(self.top);
            }
            _ if sequence == SHOW => self.shown.push(self.screen()),
            _ => panic!("{sequence:?} is not what a terminal should be sent"),
        }
    }

    fn down(&mut self) {
        self.row += 1;
        self.column = 0;
        if self.row == self.rows.len() {
            self.rows.push(Row::default());
        }
        if self.row >= self.top + self.height {
            self.top += 1;
        }
    }

    fn put(&mut self, c: char) {
        if self.column == self.columns {
            self.rows[self.row].broken = true;
            self.down();
        }
        let row = &mut self.rows[self.row];
        if row.cells.len() <= self.column {
            row.cells.resize(self.column + 1, ' ');
        }
        row.cells[self.column] = c;
        self.column += 1;
    }

    /// The person makes it narrower or wider.
    pub fn resize(&mut self, columns: usize) {
        if self.reflows {
            self.reflow(columns);
        } else {
            for row in &mut self.rows {
                row.cells.truncate(columns);
            }
            self.column = self.column.min(columns);
        }
        self.columns = columns;
        self.top = (self.row + 1).saturating_sub(self.height);
    }

    fn reflow(&mut self, columns: usize) {
        let (mut rows, mut row, mut column) = (Vec::new(), 0, 0);
        let mut at = 0;
        while at < self.rows.len() {
            let end = (at..self.rows.len()).find(|row| !self.rows[*row].broken).unwrap_or(self.rows.len() - 1);
            let cells: Vec<char> = self.rows[at..=end].iter().flat_map(|row| row.cells.clone()).collect();
            if (at..=end).contains(&self.row) {
                let before: usize = self.rows[at..self.row].iter().map(|row| row.cells.len()).sum();
                row = rows.len() + (before + self.column) / columns;
                column = (before + self.column) % columns;
            }
            let pieces = cells.len().div_ceil(columns).max(1);
            for piece in 0..pieces {
                let cells = cells.iter().skip(piece * columns).take(columns).copied().collect();
                rows.push(Row { cells, broken: piece + 1 < pieces });
            }
            at = end + 1;
        }
        while rows.len() <= row {
            rows.push(Row::default());
        }
        (self.rows, self.row, self.column) = (rows, row, column);
    }

    /// What can be seen.
    pub fn screen(&self) -> String {
        self.lines_from(self.top)
    }

    /// All that was written and not taken away.
    pub fn all(&self) -> String {
        self.lines_from(0)
    }

    fn lines_from(&self, first: usize) -> String {
        let rows = self.rows[first..].iter().take(if first == 0 { usize::MAX } else { self.height });
        let rows: Vec<String> = rows.map(|row| row.cells.iter().collect::<String>().trim_end().to_owned()).collect();
        rows.join("\n")
    }

    /// At the beginning of an empty row, where a shell writes its prompt.
    pub fn is_at_rest(&self) -> bool {
        self.column == 0 && self.rows[self.row].cells.is_empty() && self.row + 1 == self.rows.len()
    }
}
