//! stdout, stderr and stdin: the process's own, or memory in tests. The only place that writes or reads them.

use std::borrow::Cow;
use std::cell::RefCell;
use std::io::{self, BufRead, IsTerminal, Write};
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;

use anstream::{AutoStream, ColorChoice, StripStream};

use super::Color;
use super::github::commands::tame;
use super::screen::Size;

pub(super) struct Streams {
    out: RefCell<Box<dyn Write>>,
    err: RefCell<Box<dyn Write>>,
    /// stderr past everything that changes text on its way: for what moves the cursor.
    terminal: RefCell<Box<dyn Write>>,
    input: RefCell<Option<Box<dyn BufRead + Send>>>,
    /// stdout past everything that changes text on its way.
    raw: RefCell<Box<dyn Write>>,
    /// stdout is a terminal, which what stands in data may not drive.
    watched: bool,
    /// stderr is a terminal that can move its cursor.
    live: bool,
    /// stderr is a terminal that can be asked for its size.
    sized: bool,
    /// stderr takes colour.
    colour: bool,
    can_ask: bool,
    /// GitHub's runner reads along: what would be obeyed is written so that it is not.
    tamed: bool,
    /// The first failure of stdout.
    broken: RefCell<Option<io::Error>>,
}

/// What a test finds on the two streams.
#[derive(Clone, Debug, Default)]
pub struct Captured {
    out: Rc<RefCell<Vec<u8>>>,
    err: Rc<RefCell<Vec<u8>>>,
}

impl Captured {
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.out.borrow()).into_owned()
    }

    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.err.borrow()).into_owned()
    }
}

impl Streams {
    pub(super) fn of_process(color: Color) -> Streams {
        let choice = match color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "false");
        let watched = io::stderr().is_terminal();
        let err = AutoStream::new(io::stderr(), choice);
        Streams {
            // A build server may have a terminal, and keeps what is written there as a log.
            live: watched && !dumb && !set("CI"),
            sized: watched,
            colour: err.current_choice() != ColorChoice::Never,
            out: RefCell::new(Box::new(AutoStream::new(io::stdout(), choice))),
            raw: RefCell::new(Box::new(io::stdout())),
            watched: io::stdout().is_terminal(),
            err: RefCell::new(Box::new(err)),
            terminal: RefCell::new(Box::new(io::stderr())),
            input: RefCell::new(Some(Box::new(io::BufReader::new(io::stdin())))),
            can_ask: watched && io::stdin().is_terminal(),
            tamed: false,
            broken: RefCell::new(None),
        }
    }

    pub(super) fn captured(answer: Option<&str>) -> (Streams, Captured) {
        let captured = Captured::default();
        let input: Box<dyn BufRead + Send> = Box::new(io::Cursor::new(answer.unwrap_or_default().to_owned()));
        let streams = Streams {
            out: RefCell::new(Box::new(StripStream::new(Box::new(Memory(captured.out.clone())) as Box<dyn Write>))),
            err: RefCell::new(Box::new(StripStream::new(Box::new(Memory(captured.err.clone())) as Box<dyn Write>))),
            raw: RefCell::new(Box::new(Memory(captured.out.clone()))),
            terminal: RefCell::new(Box::new(Memory(captured.err.clone()))),
            watched: false,
            input: RefCell::new(Some(input)),
            live: false,
            sized: false,
            colour: false,
            can_ask: answer.is_some(),
            tamed: false,
            broken: RefCell::new(None),
        };
        (streams, captured)
    }

    /// The same streams where GitHub's runner reads along.
    pub(super) fn tamed(self) -> Streams {
        Streams { tamed: true, ..self }
    }

    /// What the runner is to obey.
    pub(super) fn command(&self, text: &str) {
        if !text.is_empty() {
            self.write_err(text);
        }
    }

    fn tame<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.tamed { tame(text) } else { Cow::Borrowed(text) }
    }

    pub(super) fn live(&self) -> bool {
        self.live
    }

    /// How large the terminal behind stderr is by now; none where it is no terminal or does not tell.
    pub(super) fn size(&self) -> Option<Size> {
        if !self.sized {
            return None;
        }
        let size = rustix::termios::tcgetwinsize(io::stderr()).ok()?;
        let (columns, rows) = (usize::from(size.ws_col), usize::from(size.ws_row));
        (columns > 0 && rows > 0).then_some(Size { columns, rows })
    }

    /// Rows that may hold colour, and what moves the cursor, in one piece.
    pub(super) fn terminal(&self, text: &str) {
        if text.is_empty() {
            return;
        }
        let mut terminal = self.terminal.borrow_mut();
        let _ = terminal.write_all(text.as_bytes()).and_then(|()| terminal.flush());
    }

    pub(super) fn colour(&self) -> bool {
        self.colour
    }

    pub(super) fn can_ask(&self) -> bool {
        self.can_ask
    }

    /// Data. A reader that has gone away (`poc plan | head`) must not stop a deploy: the failure is kept for the end.
    pub(super) fn out(&self, text: &str) {
        let text = self.tame(text);
        let mut out = self.out.borrow_mut();
        if self.broken.borrow().is_none()
            && let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush())
        {
            *self.broken.borrow_mut() = Some(error);
        }
    }

    /// Bytes exactly as they are, unless GitHub's runner would obey them.
    pub(super) fn bytes(&self, bytes: &[u8]) {
        if self.tamed
            && let text = String::from_utf8_lossy(bytes)
            && let Cow::Owned(text) = tame(&text)
        {
            self.err("note: GitHub's runner would obey a line of this; it is shown with a space in it\n");
            return self.exactly(text.as_bytes());
        }
        self.exactly(bytes);
    }

    fn exactly(&self, bytes: &[u8]) {
        let mut raw = self.raw.borrow_mut();
        if self.broken.borrow().is_none()
            && let Err(error) = raw.write_all(bytes).and_then(|()| raw.flush())
        {
            *self.broken.borrow_mut() = Some(error);
        }
    }

    /// Is stdout watched by a person?
    pub(super) fn watched(&self) -> bool {
        self.watched
    }

    /// All of stdin; nothing where it has been read before.
    pub(super) fn input(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        if let Some(mut input) = self.input.borrow_mut().take() {
            input.read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    }

    /// Everything else. There is nowhere to tell of a stderr that fails.
    pub(super) fn err(&self, text: &str) {
        self.write_err(&self.tame(text));
    }

    fn write_err(&self, text: &str) {
        let mut err = self.err.borrow_mut();
        let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
    }

    /// One line of stdin; true if it says yes. Ends with a no at the end of the input and when `interrupted`.
    pub(super) fn answer(&self, interrupted: &dyn Fn() -> bool) -> bool {
        let line = self.line(interrupted).unwrap_or_default();
        matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes")
    }

    /// One line of stdin; none at the end of the input and when `interrupted`.
    pub(super) fn line(&self, interrupted: &dyn Fn() -> bool) -> Option<String> {
        let mut input = self.input.borrow_mut().take()?;
        let (sender, receiver) = mpsc::channel();
        // A thread of its own: a blocking read would go on through Ctrl-C.
        let reading = std::thread::Builder::new().name("answer".to_owned()).spawn(move || {
            let mut line = String::new();
            let _ = input.read_line(&mut line);
            let _ = sender.send((line, input));
        });
        reading.ok()?;
        loop {
            match receiver.recv_timeout(Duration::from_millis(50)) {
                Ok((line, input)) => {
                    // Another question may follow.
                    self.input.replace(Some(input));
                    if !line.ends_with('\n') {
                        self.err("\n");
                    }
                    return Some(line).filter(|line| !line.is_empty());
                }
                Err(mpsc::RecvTimeoutError::Timeout) if !interrupted() => {}
                Err(_) => {
                    self.err("\n");
                    return None;
                }
            }
        }
    }

    /// Tells of the first failure of stdout, unless it is that nobody reads it any more.
    pub(super) fn finish(&self) -> io::Result<()> {
        match self.broken.borrow_mut().take() {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                self.err(&format!("error: stdout could not be written: {error}\n"));
                Err(error)
            }
            _ => Ok(()),
        }
    }
}

struct Memory(Rc<RefCell<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
