//! The house's rules that the compiler does not know: who may import whom (the table in `src/lib.rs`), who may print,
//! who may sleep, and how long a file may get.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Where anybody may print; clippy's `print_stdout` and `print_stderr` hold this too.
const PRINTERS: &[&str] = &["src/ui/"];

/// Waits are conditions: their one sleep is in `wait.rs`; `call.rs` paces and retries; `local` takes its time as AWS
/// does. Tests may sleep, because their clock is paused.
const SLEEPERS: &[&str] = &["src/engine/wait.rs", "src/aws/call.rs", "src/local/"];

/// Who may start programs: the package's tools, the handlers of the embedded cloud, and the person's browser.
const STARTERS: &[&str] = &["src/package/process.rs", "src/local/lambda/", "src/cli/open.rs"];

/// Who may open a connection or answer one: AWS's endpoints and what is deployed there, the HTTP integrations of the embedded
/// gateway, what `poc dev` serves, and the Runtime API of the handlers. Nobody else is ever called; `.ci/run` watches the
/// built program, too.
const SPEAKERS: &[&str] = &[
    "src/aws/wire.rs",
    "src/local/gateway/integration/http.rs",
    "src/local/lambda/runtime_api.rs",
    "src/local/serve/",
];

const LONGEST: usize = 700;

#[test]
fn imports_keep_to_the_table() {
    let rules = Rules::read(&source_text("src/lib.rs"));
    let broken: Vec<String> = sources().iter().flat_map(|file| rules.broken(file, &source_text(file))).collect();
    assert!(broken.is_empty(), "the table in src/lib.rs says otherwise:\n{}", broken.join("\n"));
}

#[test]
fn the_table_names_every_module_from_the_top_down() {
    let lib = source_text("src/lib.rs");
    let rules = Rules::read(&lib);
    let mut listed: Vec<&str> = rules.order.iter().map(String::as_str).collect();
    for (at, module) in listed.iter().enumerate() {
        for allowed in rules.allowed[*module].iter().filter(|allowed| allowed.only_in.is_none()) {
            let below = listed.iter().position(|other| *other == allowed.path[0]);
            assert!(below.is_some_and(|below| below > at), "{module} may import {}, which is above", allowed.path[0]);
        }
    }
    listed.sort_unstable();
    let declared: Vec<&str> = lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert_eq!(listed, declared);
}

#[test]
fn nobody_prints_outside_the_ui() {
    let macros = ["print", "println", "eprint", "eprintln", "dbg"];
    let called = |words: &[&str]| words.windows(2).any(|pair| macros.contains(&pair[0]) && pair[1] == "!");
    let found = offences(PRINTERS, &called, false);
    assert!(found.is_empty(), "only ui prints:\n{}", found.join("\n"));
}

#[test]
fn nobody_sleeps_where_a_condition_could_be_waited_for() {
    let sleeps = ["sleep", "sleep_until", "interval", "interval_at"];
    let called = |words: &[&str]| words.windows(2).any(|pair| sleeps.contains(&pair[0]) && pair[1] == "(");
    let found = offences(SLEEPERS, &called, true);
    // The ui's pulse during long waits: it changes nothing and nothing waits for it.
    let found: Vec<String> = found.into_iter().filter(|place| !place.contains("interval(PULSE)")).collect();
    assert!(found.is_empty(), "sleep in {} alone:\n{}", SLEEPERS.join(", "), found.join("\n"));
}

#[test]
fn programs_are_started_in_one_place() {
    let named = |words: &[&str]| words.contains(&"process") && words.contains(&"Command");
    let found = offences(STARTERS, &named, true);
    assert!(found.is_empty(), "programs are started in {} alone:\n{}", STARTERS.join(", "), found.join("\n"));
}

#[test]
fn the_network_is_spoken_to_in_few_places() {
    let sockets = ["TcpStream", "TcpListener", "TcpSocket", "UdpSocket", "UnixStream", "UnixListener", "UnixDatagram"];
    let clients = ["aws_smithy_http_client", "lookup_host", "ToSocketAddrs", "socket", "reqwest", "ureq"];
    let named = |words: &[&str]| words.iter().any(|word| sockets.contains(word) || clients.contains(word));
    let found = offences(SPEAKERS, &named, true);
    assert!(found.is_empty(), "connections are opened in {} alone:\n{}", SPEAKERS.join(", "), found.join("\n"));
    // Each of them does: a list that is longer than needed would let somebody in.
    for speaker in SPEAKERS {
        let others: Vec<&str> = SPEAKERS.iter().filter(|other| *other != speaker).copied().collect();
        assert!(!offences(&others, &named, true).is_empty(), "{speaker} speaks to nobody");
    }
}

#[test]
fn files_have_one_reason_to_exist() {
    let long: Vec<String> = sources()
        .into_iter()
        .filter_map(|file| {
            let lines = source_text(&file).lines().count();
            (lines > LONGEST).then(|| format!("{file}: {lines} lines, {LONGEST} at most"))
        })
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn the_rules_bite() {
    let rules = Rules::read(&source_text("src/lib.rs"));
    let told = |file: &str, text: &str| rules.broken(file, text).join("\n");

    assert_eq!(
        told("src/engine/plan.rs", "use crate::event::Action;\nuse crate::resources::bucket::Bucket;\n"),
        "src/engine/plan.rs:2: engine imports resources::bucket::Bucket; it may import aws, event"
    );
    assert!(
        told("src/vtl/mod.rs", "use crate::{\n    vtl::token,\n    event::{self, Event},\n};").contains("rs:3: vtl")
    );
    assert!(told("src/engine/apply.rs", "use super::super::ui::Ui;").contains("engine imports ui::Ui"));
    assert!(told("src/pipeline.rs", "fn f() { super::cli::run() }").contains("pipeline imports cli::run"));
    assert!(
        told("src/spec/mod.rs", "mod tests {\n    use super::super::aws::Tags;\n}").contains("rs:2: spec imports aws")
    );
    assert!(told("src/local/mod.rs", "fn f() -> crate::aws::Tags {}").contains("local imports aws::Tags"));
    assert!(told("src/aws/call.rs", "use crate::local::cloud::Cloud;").contains("aws imports local"));
    assert!(told("src/ui/json.rs", "use crate::engine::wait::until;").contains("ui imports engine::wait::until"));
    assert!(told("src/new.rs", "").contains("is not in the table"));

    assert_eq!(told("src/aws/embedded.rs", "use crate::local::cloud::Cloud;"), "");
    assert_eq!(told("src/ui/json.rs", "use crate::engine::plan::{Change, Plan};"), "");
    assert_eq!(told("src/vtl/mod.rs", "// crate::aws\nconst A: &str = \"crate::aws::Tags\";\n/* crate::ui */"), "");
    assert_eq!(told("src/engine/graph.rs", "pub(super) fn f() {}\npub(crate) use super::plan::Plan;"), "");
    assert_eq!(told("src/spec/mod.rs", "mod a {\n mod b {\n use super::super::tree;\n }\n}"), "");
}

/// The table of `src/lib.rs`.
struct Rules {
    order: Vec<String>,
    allowed: BTreeMap<String, Vec<Allowed>>,
}

struct Allowed {
    path: Vec<String>,
    /// The one file that may.
    only_in: Option<String>,
}

impl Rules {
    fn read(lib: &str) -> Rules {
        let rows = lib.lines().skip_while(|line| !line.starts_with("//! | module | may import |")).skip(2);
        let mut rules = Rules { order: Vec::new(), allowed: BTreeMap::new() };
        for row in rows.map_while(|line| line.strip_prefix("//! | ")) {
            let cells: Vec<&str> = row.split('|').collect();
            let module = quoted(cells[0]).remove(0);
            let mut only_in = None;
            let mut allowed = Vec::new();
            for word in quoted(cells[1]) {
                if word.ends_with(".rs") {
                    only_in = Some(word);
                } else {
                    let path = word.split("::").map(str::to_owned).collect();
                    allowed.push(Allowed { path, only_in: only_in.clone() });
                }
            }
            rules.order.push(module.clone());
            rules.allowed.insert(module, allowed);
        }
        assert!(!rules.order.is_empty(), "src/lib.rs has no table of modules");
        rules
    }

    fn broken(&self, file: &str, text: &str) -> Vec<String> {
        let home = module_path(file);
        let Some(module) = home.first() else { return Vec::new() };
        let Some(allowed) = self.allowed.get(module) else {
            return vec![format!("{file}: {module} is not in the table")];
        };
        let may = |path: &[String]| {
            path[0] == *module
                || allowed.iter().any(|allowed| {
                    path.starts_with(&allowed.path) && allowed.only_in.as_ref().is_none_or(|only| only == file)
                })
        };
        let names: Vec<String> = allowed.iter().map(|allowed| allowed.path.join("::")).collect();
        let names = if names.is_empty() { "nothing of ours".to_owned() } else { names.join(", ") };
        imports(&home, text)
            .into_iter()
            .filter(|(_, path)| !may(path))
            .map(|(line, path)| format!("{file}:{line}: {module} imports {}; it may import {names}", path.join("::")))
            .collect()
    }
}

fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// `src/aws/call.rs` is `aws::call`; nothing for the crate's root and the binary.
fn module_path(file: &str) -> Vec<String> {
    let inner = file.trim_start_matches("src/").trim_end_matches(".rs");
    let mut path: Vec<String> = inner.split('/').map(str::to_owned).collect();
    if path.last().is_some_and(|last| last == "mod") {
        path.pop();
    }
    if matches!(inner, "lib" | "main") { Vec::new() } else { path }
}

/// Every path from the crate's root that `text` names, with its line: `crate::…`, and `super::…` as far as it leads
/// out of the top-level module.
fn imports(home: &[String], text: &str) -> Vec<(usize, Vec<String>)> {
    let tokens = tokens(text);
    let word = |at: usize| tokens.get(at).map_or("", |(_, word)| word.as_str());
    let mut found = Vec::new();
    // One entry per open brace: whether it is a module's.
    let mut braces: Vec<bool> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match word(at) {
            "{" => braces.push(at >= 2 && word(at - 2) == "mod"),
            "}" => drop(braces.pop()),
            "crate" if word(at + 1) == "::" && !matches!(word(at.wrapping_sub(1)), "::") => {
                paths(&tokens, at + 2, &mut Vec::new(), &mut found);
            }
            "super" if word(at + 1) == "::" && word(at.wrapping_sub(1)) != "::" => {
                let mut depth = home.len() + braces.iter().filter(|module| **module).count();
                let mut next = at;
                while word(next) == "super" && word(next + 1) == "::" {
                    depth = depth.saturating_sub(1);
                    next += 2;
                }
                if depth == 0 {
                    paths(&tokens, next, &mut Vec::new(), &mut found);
                }
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// The paths that begin at a token, groups taken apart; returns where they end.
fn paths(
    tokens: &[(usize, String)],
    mut at: usize,
    before: &mut Vec<String>,
    found: &mut Vec<(usize, Vec<String>)>,
) -> usize {
    let word = |at: usize| tokens.get(at).map_or("", |(_, word)| word.as_str());
    let kept = before.len();
    loop {
        match word(at) {
            "{" => {
                at += 1;
                while !matches!(word(at), "}" | "") {
                    at = paths(tokens, at, before, found);
                    at += usize::from(word(at) == ",");
                }
                before.truncate(kept);
                return at + 1;
            }
            name if name.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '*') => {
                if name != "self" && name != "*" {
                    before.push(name.to_owned());
                }
                if word(at + 1) != "::" || word(at + 2) == "<" {
                    break;
                }
                at += 2;
            }
            _ => break,
        }
    }
    if !before.is_empty() {
        found.push((tokens.get(at).map_or(0, |(line, _)| *line), before.clone()));
    }
    before.truncate(kept);
    let renamed = word(at + 1) == "as";
    at + if renamed { 3 } else { 1 }
}

/// Words and signs with their lines; comments and literals left out.
fn tokens(text: &str) -> Vec<(usize, String)> {
    let chars: Vec<char> = text.chars().collect();
    let char_at = |at: usize| chars.get(at).copied().unwrap_or('\0');
    let starts = |at: usize, sign: &str| sign.chars().enumerate().all(|(offset, c)| char_at(at + offset) == c);
    let mut tokens = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < chars.len() {
        let begin = at;
        let c = chars[at];
        if starts(at, "//") {
            while at < chars.len() && chars[at] != '\n' {
                at += 1;
            }
        } else if starts(at, "/*") {
            while at < chars.len() && !starts(at, "*/") {
                at += 1;
            }
            at += 2;
        } else if c == 'r' && raw_string(&chars, at).is_some() {
            at = raw_string(&chars, at).unwrap_or(at);
        } else if c == '"' {
            at += 1;
            while at < chars.len() && chars[at] != '"' {
                at += if chars[at] == '\\' { 2 } else { 1 };
            }
            at += 1;
        } else if c == '\'' && (char_at(at + 1) == '\\' || char_at(at + 2) == '\'') {
            at += if char_at(at + 1) == '\\' { 3 } else { 2 };
            while at < chars.len() && chars[at] != '\'' {
                at += 1;
            }
            at += 1;
        } else if c.is_alphanumeric() || c == '_' {
            while char_at(at).is_alphanumeric() || char_at(at) == '_' {
                at += 1;
            }
            tokens.push((line, chars[begin..at].iter().collect()));
        } else if starts(at, "::") {
            at += 2;
            tokens.push((line, "::".to_owned()));
        } else {
            at += 1;
            if !c.is_whitespace() {
                tokens.push((line, c.to_string()));
            }
        }
        line += chars[begin..at.min(chars.len())].iter().filter(|c| **c == '\n').count();
    }
    tokens
}

/// Where the raw string that begins at `at` ends, if one does.
fn raw_string(chars: &[char], at: usize) -> Option<usize> {
    let before = at.checked_sub(1).map(|at| chars[at]);
    if before.is_some_and(|c| c.is_alphanumeric() && c != 'b') {
        return None;
    }
    let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
    let open = at + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return None;
    }
    let closes = |end: usize| chars[end] == '"' && (1..=hashes).all(|offset| chars.get(end + offset) == Some(&'#'));
    (open + 1..chars.len()).find(|end| closes(*end)).map(|end| end + 1 + hashes)
}

/// Lines whose words offend, in files that are not excepted; without tests where these may do it.
fn offences(excepted: &[&str], offends: &dyn Fn(&[&str]) -> bool, tests_may: bool) -> Vec<String> {
    let mut found = Vec::new();
    for file in sources() {
        let is_test = file.ends_with("/tests.rs") || file.contains("/tests/");
        if excepted.iter().any(|place| file.starts_with(place)) || (tests_may && is_test) {
            continue;
        }
        let text = source_text(&file);
        let tests = text.lines().position(|line| line == "#[cfg(test)]" && text.contains("\nmod tests {"));
        let end = tests.filter(|_| tests_may).unwrap_or(usize::MAX);
        let tokens = tokens(&text);
        for (number, line) in text.lines().enumerate().take(end) {
            let words: Vec<&str> =
                tokens.iter().filter(|(at, _)| *at == number + 1).map(|(_, word)| word.as_str()).collect();
            if offends(&words) {
                found.push(format!("{file}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    found
}

/// Every source file, as `src/…`, in order.
fn sources() -> Vec<String> {
    fn walk(directory: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).expect("src can be read") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    walk(&root.join("src"), &mut files);
    let relative = |path: &PathBuf| path.strip_prefix(root).expect("under the root").display().to_string();
    let mut files: Vec<String> = files.iter().map(|path| relative(path).replace('\\', "/")).collect();
    files.sort();
    files
}

fn source_text(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("the file can be read")
}
