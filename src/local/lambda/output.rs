//! What a sandbox's processes print, line by line into their log stream, framed as Lambda frames it. Read from the pipe
//! whenever there is something, and up to the last byte before an invocation is answered: what the handler printed is
//! in its log when its caller has the result.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::unix::pipe::Receiver;
use tokio::task::JoinHandle;

use crate::local::cloud::Cloud;
use crate::local::cloud::logs::{Event, GroupId};

/// Bytes of one event (CloudWatch Logs counts 26 of its own).
const EVENT_LIMIT: usize = 262_144 - 26;
/// Bytes that one invocation may log; what is more is counted and dropped.
const INVOCATION_LIMIT: usize = 8 * 1024 * 1024;
/// Bytes that wait to be written.
const WAITING_LIMIT: usize = 256 * 1024;
/// What X-Amz-Log-Result tells.
const TAIL: usize = 4096;
/// Lines of a long invocation can be read after this long.
const FLUSH_AFTER: Duration = Duration::from_millis(250);

/// One log stream, fed by one sandbox.
pub struct Output {
    pipe: Receiver,
    cloud: Arc<Cloud>,
    group: GroupId,
    stream: String,
    /// As on AWS, `/var/task` is where the package is: paths of this machine are told so.
    package: String,
    lines: Mutex<Lines>,
}

fn at_once(pipe: &Receiver, piece: &mut [u8]) -> io::Result<usize> {
    Ok(rustix::io::read(pipe, piece)?)
}

#[derive(Default)]
struct Lines {
    /// The beginning of a line.
    begun: Vec<u8>,
    waiting: Vec<Event>,
    waiting_bytes: usize,
    logged: usize,
    dropped: usize,
    tail: VecDeque<u8>,
    ended: bool,
}

impl Output {
    /// # Errors
    /// When the pipe cannot be watched.
    pub fn new(
        pipe: OwnedFd,
        cloud: Arc<Cloud>,
        group: GroupId,
        stream: &str,
        package: &str,
    ) -> io::Result<Arc<Output>> {
        Ok(Arc::new(Output {
            pipe: Receiver::from_owned_fd(pipe)?,
            cloud,
            group,
            stream: stream.to_owned(),
            package: package.to_owned(),
            lines: Mutex::default(),
        }))
    }

    /// Reads until the pipe's end. A line printed is written to the log soon.
    pub fn follow(self: &Arc<Output>) -> JoinHandle<()> {
        let output = self.clone();
        tokio::spawn(async move {
            loop {
                let ready = match tokio::time::timeout(FLUSH_AFTER, output.pipe.readable()).await {
                    Ok(ready) => ready,
                    Err(_) => {
                        output.flush();
                        output.pipe.readable().await
                    }
                };
                if ready.is_err() || output.drain(Receiver::try_read) {
                    break;
                }
                tokio::task::yield_now().await;
            }
            output.flush();
        })
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads all that is in the pipe now, or a great deal of it. True at its end.
    ///
    /// `read` is tokio's way where readiness is to be waited for again, and the system's own ([`at_once`]) where what
    /// is there now is wanted, whether tokio has heard of it or not.
    fn drain(&self, read: impl Fn(&Receiver, &mut [u8]) -> io::Result<usize>) -> bool {
        let mut lines = self.lock();
        let mut piece = vec![0; 16 * 1024];
        // More than a pipe holds; a handler that prints without pause is left for a moment after so much.
        for _ in 0..64 {
            if lines.ended {
                break;
            }
            match read(&self.pipe, &mut piece) {
                Ok(0) => lines.ended = true,
                Ok(read) => self.take(&mut lines, &piece[..read]),
                Err(fault) if fault.kind() == io::ErrorKind::Interrupted => {}
                Err(fault) if fault.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) => lines.ended = true,
            }
        }
        lines.ended
    }

    fn take(&self, lines: &mut Lines, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            lines.begun.extend_from_slice(piece);
            if piece.ends_with(b"\n") || lines.begun.len() >= EVENT_LIMIT {
                let line = std::mem::take(&mut lines.begun);
                self.line(lines, &line);
            }
        }
    }

    fn line(&self, lines: &mut Lines, line: &[u8]) {
        // Runtimes print one event's lines with `\r` between them.
        let text = String::from_utf8_lossy(line).replace(&self.package, "/var/task");
        let text = match text.strip_suffix("\r\n") {
            Some(text) => format!("{}\n", text.replace('\r', "\n")),
            None => text.replace('\r', "\n"),
        };
        if lines.logged.saturating_add(text.len()) > INVOCATION_LIMIT {
            lines.dropped = lines.dropped.saturating_add(text.len());
            return;
        }
        lines.logged += text.len();
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let cut = rest.floor_char_boundary(EVENT_LIMIT);
            self.push(lines, &rest[..cut]);
            rest = &rest[cut..];
        }
    }

    fn push(&self, lines: &mut Lines, message: &str) {
        lines.tail.extend(message.as_bytes());
        let over = lines.tail.len().saturating_sub(TAIL);
        lines.tail.drain(..over);
        let now = self.cloud.clock().epoch_millis();
        lines.waiting_bytes += message.len();
        lines.waiting.push(Event { at: now, received: now, message: message.to_owned() });
        if lines.waiting_bytes > WAITING_LIMIT {
            self.write(lines);
        }
    }

    /// Before an invocation: the tail and the bounds are each invocation's own.
    pub fn begin(&self) {
        self.drain(at_once);
        let mut lines = self.lock();
        lines.tail.clear();
        lines.logged = 0;
        lines.dropped = 0;
    }

    /// A line of Lambda's own.
    pub fn say(&self, message: &str) {
        self.push(&mut self.lock(), message);
    }

    /// The same, after everything that was printed before.
    pub fn say_after_output(&self, message: &str) {
        self.drain(at_once);
        self.say(message);
    }

    /// A line of Lambda's own was premature.
    pub fn take_back(&self, message: &str) {
        let mut lines = self.lock();
        if let Some(at) = lines.waiting.iter().rposition(|event| event.message == message) {
            lines.waiting.remove(at);
        }
    }

    /// After an invocation: everything printed so far, what was begun of a line, and then `last`. All of it can be
    /// read afterwards. Returns the log's last 4 KB.
    pub fn end(&self, last: &[String]) -> String {
        self.drain(at_once);
        let mut lines = self.lock();
        if !lines.begun.is_empty() {
            let line = std::mem::take(&mut lines.begun);
            self.line(&mut lines, &line);
        }
        if lines.dropped > 0 {
            let note = format!(
                "[{} bytes of output dropped here: an invocation may log {INVOCATION_LIMIT} bytes on this machine]\n",
                lines.dropped
            );
            lines.dropped = 0;
            self.push(&mut lines, &note);
        }
        for message in last {
            self.push(&mut lines, message);
        }
        self.write(&mut lines);
        let (head, rest) = lines.tail.as_slices();
        String::from_utf8_lossy(&[head, rest].concat()).into_owned()
    }

    pub fn flush(&self) {
        self.write(&mut self.lock());
    }

    fn write(&self, lines: &mut Lines) {
        let waiting = std::mem::take(&mut lines.waiting);
        lines.waiting_bytes = 0;
        if !waiting.is_empty() {
            let now = self.cloud.clock().epoch_millis();
            // A log that cannot be written is no reason to fail an invocation.
            let _ = self.cloud.logs().append(&self.group, &self.stream, now, &waiting);
        }
    }
}
