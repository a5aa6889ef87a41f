//! The live view on a real terminal: the program behind a pseudo-terminal, and what stands on the screen in the end.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::Desk;
use super::terminal::Terminal;

const ROWS: u16 = 24;
/// Longer than any run of these takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);
/// What only rows that are drawn again and again hold.
const LIVE: &str = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏━─";

/// The program at work in a terminal.
struct Session {
    child: Child,
    keyboard: File,
    display: Receiver<String>,
    terminal: Terminal,
    bytes: String,
}

impl Session {
    fn begin(desk: &Desk, arguments: &[&str], term: &str, columns: u16) -> Session {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        resize(&keyboard, columns);
        let name = ptsname(&keyboard, Vec::new()).unwrap().into_string().unwrap();
        let line = || Stdio::from(File::options().read(true).write(true).open(&name).unwrap());
        // setsid makes it the terminal of the program, which Ctrl-C needs.
        let ours = desk.command(arguments);
        let mut command = Command::new("setsid");
        command.args(["--ctty", "--wait"]).arg(ours.get_program()).args(ours.get_args());
        command.current_dir(desk.directory.path()).env_clear();
        command.envs(ours.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.env_remove("COLUMNS").env("TERM", term);
        let child = command.stdin(line()).stdout(line()).stderr(line()).spawn().unwrap();
        drop(command);
        let keyboard = File::from(keyboard);
        let mut display = keyboard.try_clone().unwrap();
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            let (mut bytes, mut unread) = ([0; 4096], Vec::new());
            // When the last writer is gone, reading fails.
            while let Ok(count @ 1..) = display.read(&mut bytes) {
                unread.extend_from_slice(&bytes[..count]);
                let whole = match std::str::from_utf8(&unread) {
                    Ok(text) => text.len(),
                    Err(error) => error.valid_up_to(),
                };
                let text = String::from_utf8(unread.drain(..whole).collect()).unwrap();
                if sender.send(text).is_err() {
                    return;
                }
            }
        });
        let terminal = Terminal::new(usize::from(columns), usize::from(ROWS));
        Session { child, keyboard, display: receiver, terminal, bytes: String::new() }
    }

    /// Reads on; false at the end.
    fn read(&mut self, patience: Duration) -> bool {
        match self.display.recv_timeout(patience) {
            Ok(text) => {
                self.terminal.write(&text);
                self.bytes += &text;
                true
            }
            Err(RecvTimeoutError::Disconnected) => false,
            Err(RecvTimeoutError::Timeout) if patience < PATIENCE => false,
            Err(RecvTimeoutError::Timeout) => panic!("it says nothing any more: {}", self.terminal.screen()),
        }
    }

    /// Reads until a drawing has ended on a screen that holds `words`.
    fn until(&mut self, words: &str) {
        let seen = |terminal: &Terminal| terminal.shown.last().is_some_and(|screen| screen.contains(words));
        while !seen(&self.terminal) || !self.bytes.ends_with("\x1b[?2026l") {
            assert!(self.read(PATIENCE), "{words:?} never stood there: {}", self.terminal.all());
        }
    }

    /// The person pulls at the window's edge; the program is stopped for so long, so that it draws before or after it.
    fn resize(&mut self, columns: u16) {
        self.signal(Signal::STOP);
        while self.read(Duration::from_millis(300)) {}
        resize(&self.keyboard, columns);
        self.terminal.resize(usize::from(columns));
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        // It leads its session, for setsid makes no process of its own here.
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// The window is closed: with its end of the line gone, the program's terminal hangs up.
    fn close(mut self) -> Option<i32> {
        // The reader lets go of the line with the next text that nobody takes.
        self.display = channel().1;
        self.keyboard = File::open("/dev/null").unwrap();
        self.child.wait().unwrap().code()
    }

    fn end(mut self) -> (Option<i32>, Terminal, String) {
        while self.read(PATIENCE) {}
        let code = self.child.wait().unwrap().code();
        let nothing = Terminal::new(1, 1);
        (code, std::mem::replace(&mut self.terminal, nothing), std::mem::take(&mut self.bytes))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn resize(terminal: impl std::os::fd::AsFd, columns: u16) {
    let size = Winsize { ws_row: ROWS, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(terminal, size).unwrap();
}

const DEPLOY: [&str; 8] = ["deploy", "--local", "--yes", "--no-checks", "--simulate", "aws,seed=7", "--speed", "60"];

/// No row of the live view stays, each step is told once, and the shell can go on.
#[track_caller]
fn is_clean(terminal: &Terminal) {
    let all = terminal.all();
    assert!(!all.contains(|c| LIVE.contains(c)), "left behind:\n{all}");
    assert!(terminal.is_at_rest(), "{all}");
    let (shown, most) = (&terminal.shown, usize::from(ROWS));
    assert!(shown.len() > 5, "it was drawn {} times", shown.len());
    for screen in shown {
        assert!(screen.lines().count() <= most + 1, "{screen}");
        assert!(screen.matches(" of 24 steps, ").count() <= 1, "drawn beside an older one:\n{screen}");
    }
}

#[track_caller]
fn told_once(terminal: &Terminal) {
    let all = terminal.all();
    assert_eq!(all.matches("  ✓ created  ").count(), 24, "{all}");
    for title in ["IAM role ServerlessPOCAdmission-role (", "stage prod (", "alias record api.example.com ("] {
        assert_eq!(all.matches(title).count(), 1, "{title}: {all}");
    }
    assert!(all.contains("24 created"), "{all}");
}

#[test]
fn a_deploy_at_sixty_columns_leaves_its_lines_and_nothing_else() {
    let desk = Desk::new();
    let (code, terminal, bytes) = Session::begin(&desk, &DEPLOY, "xterm-256color", 60).end();
    assert_eq!(code, Some(0), "{}", terminal.all());
    is_clean(&terminal);
    told_once(&terminal);
    assert!(bytes.contains("\x1b[32m✓ created"), "no colour");
    for screen in &terminal.shown {
        // A row of the view that had no room would go on in the next one, without its indentation.
        let view = screen.lines().skip_while(|line| !line.contains(|c| "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏".contains(c)));
        let broken: Vec<&str> = view.filter(|line| !line.is_empty() && !line.starts_with("  ")).collect();
        assert!(broken.is_empty(), "{broken:?}:\n{screen}");
    }
    let waits =
        |screen: &&String| screen.contains("waiting for the certificate to be issued") && screen.contains("5 minutes");
    assert!(terminal.shown.iter().any(|screen| waits(&screen)), "the long wait was not told");
}

#[test]
fn made_narrower_and_wider_on_the_way_nothing_is_left_behind() {
    let desk = Desk::new();
    let mut session = Session::begin(&desk, &DEPLOY, "xterm-256color", 100);
    session.until(" of 24 steps, ");
    session.resize(60);
    session.until("waiting for the certificate");
    session.resize(44);
    session.until(" of 24 steps, ");
    session.resize(90);
    let (code, terminal, _) = session.end();
    assert_eq!(code, Some(0), "{}", terminal.all());
    is_clean(&terminal);
    told_once(&terminal);
}

#[test]
fn ctrl_c_leaves_a_clean_screen_and_says_how_to_go_on() {
    let desk = Desk::new();
    let mut session = Session::begin(&desk, &DEPLOY, "xterm-256color", 60);
    session.until("waiting for the certificate");
    session.keyboard.write_all(b"\x03").unwrap();
    let (code, terminal, _) = session.end();
    assert_eq!(code, Some(130), "{}", terminal.all());
    is_clean(&terminal);
    let all = terminal.all();
    let last: Vec<&str> = all.lines().rev().take(6).collect();
    let told = last.iter().any(|line| line.contains("interrupted; run the same command again to continue"));
    assert!(told, "{all}");

    let (code, terminal, _) = Session::begin(&desk, &DEPLOY, "xterm-256color", 60).end();
    assert_eq!(code, Some(0), "{}", terminal.all());
}

/// A connection that breaks in a long wait must not leave the stage locked.
#[test]
fn a_window_that_is_closed_ends_the_run_in_order() {
    let desk = Desk::new();
    let mut session = Session::begin(&desk, &DEPLOY, "xterm-256color", 60);
    session.until("waiting for the certificate");
    assert_eq!(session.close(), Some(130));
    let (code, terminal, _) = Session::begin(&desk, &DEPLOY, "xterm-256color", 60).end();
    assert_eq!(code, Some(0), "{}", terminal.all());
}

#[test]
fn what_nohup_started_goes_on() {
    let desk = Desk::new();
    let ours = desk.command(&DEPLOY);
    let mut command = Command::new("nohup");
    command.arg(ours.get_program()).args(ours.get_args()).current_dir(desk.directory.path()).env_clear();
    command.envs(ours.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("waiting for the certificate") {
        line.clear();
        assert!(told.read_line(&mut line).unwrap() > 0, "it never waited");
    }
    kill_process(Pid::from_child(&child), Signal::HUP).unwrap();
    told.read_to_string(&mut line).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{line}");
}

#[test]
fn a_dumb_terminal_gets_plain_lines() {
    let desk = Desk::new();
    let (code, terminal, bytes) = Session::begin(&desk, &DEPLOY, "dumb", 60).end();
    assert_eq!(code, Some(0), "{}", terminal.all());
    assert!(!bytes.contains('\x1b'), "{bytes:?}");
    told_once(&terminal);
    // A long wait is told when it begins, and then every half minute.
    let words = terminal.all().split_whitespace().collect::<Vec<_>>().join(" ");
    let wait = "certificate validation api.example.com: waiting for the certificate to be issued, ";
    assert!(words.matches(wait).count() >= 3, "{words}");
}

/// What it cannot know, and again where an answer will not do.
#[test]
fn init_asks_for_name_region_directory_and_language() {
    let desk = Desk::new();
    let mut session = Session::begin(&desk, &["init", "flats"], "xterm-256color", 100);
    for (question, answer) in [
        ("Name", "007"),
        ("AWS region", "nowhere"),
        ("a region looks like eu-west-1", "eu-west-1"),
        ("Directory of the function's code", ""),
        ("Language", "node"),
    ] {
        while !session.terminal.all().contains(question) {
            assert!(session.read(PATIENCE), "{question:?} was not asked: {}", session.terminal.all());
        }
        session.keyboard.write_all(format!("{answer}\n").as_bytes()).unwrap();
    }
    let (code, terminal, _) = session.end();
    assert_eq!(code, Some(0), "{}", terminal.all());
    let text = std::fs::read_to_string(desk.directory.path().join("flats/deploy.yaml")).unwrap();
    assert!(text.contains("\nname: \"007\"\n") && text.contains("\nregion: eu-west-1\n"), "{text}");
    assert!(desk.directory.path().join("flats/app/handler.mjs").is_file());
}
