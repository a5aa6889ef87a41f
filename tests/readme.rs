//! README.md and the pages under docs/ are held to what they say: their snippets are deployable, their commands parse, their tables and
//! links are complete.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use clap::error::ErrorKind;

use poc::cli::Cli;
use poc::spec::{Document, Fault, Variables};

fn text(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("the file can be read")
}

/// README.md and every page under docs/, by path.
fn pages() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = std::fs::read_dir(root.join("docs")).expect("docs can be listed");
    let docs = docs.map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<PathBuf> = docs.filter(|path| path.extension().is_some_and(|ending| ending == "md")).collect();
    paths.push(root.join("README.md"));
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).expect("the page can be read"))).collect()
}

/// All of it as one text.
fn told() -> String {
    pages().into_iter().map(|(_, page)| page).collect::<Vec<_>>().join("\n")
}

/// What stands in fenced blocks of a language, without the indentation of the fence.
fn blocks(language: &str) -> Vec<String> {
    let told = told();
    let mut blocks = Vec::new();
    let mut lines = told.lines();
    while let Some(line) = lines.next() {
        if line.trim() == format!("```{language}") {
            let indent = line.len() - line.trim_start().len();
            let inside = lines.by_ref().take_while(|line| line.trim() != "```");
            blocks.push(inside.map(|line| format!("{}\n", line.get(indent..).unwrap_or_default())).collect());
        }
    }
    assert!(!blocks.is_empty(), "there is no {language}");
    blocks
}

/// Every `code span` outside of fenced blocks.
fn spans() -> Vec<String> {
    let told = told();
    let prose: Vec<&str> =
        told.split("```").enumerate().filter(|(at, _)| at % 2 == 0).map(|(_, prose)| prose).collect();
    prose.join("\n").split('`').skip(1).step_by(2).map(|span| span.replace('\n', " ")).collect()
}

fn faults(deploy_yaml: String) -> Vec<Fault> {
    let variables = |stage| Variables { account: None, region: None, stage, env: &|_| None };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy.yaml");
    let document = match Document::parse(&path, deploy_yaml) {
        Ok(document) => document,
        Err(faults) => return faults,
    };
    let stages = document.stages(&variables(None));
    stages.iter().filter_map(|stage| document.spec(&variables(Some(stage))).err()).flatten().collect()
}

#[test]
fn every_piece_of_a_deploy_yaml_can_be_deployed() {
    let sample = text("deploy.yaml");
    let mut judged = 0;
    for piece in blocks("yaml").into_iter().filter(|piece| !piece.contains("runs-on:")) {
        let whole = if piece.starts_with("name:") { piece.clone() } else { with(&sample, &piece) };
        let faults = faults(whole);
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert!(told.is_empty(), "{piece}\n{}", told.join("\n"));
        judged += 1;
    }
    assert!(judged >= 4, "{judged}");
}

/// The sample with the piece's sections in place of its own.
fn with(sample: &str, piece: &str) -> String {
    let begins = |line: &str| line.starts_with(|c: char| c.is_ascii_lowercase());
    let key = |line: &str| line.split(':').next().unwrap_or_default().to_owned();
    let own: BTreeSet<String> = piece.lines().filter(|line| begins(line)).map(key).collect();
    let mut keep = true;
    let mut whole = String::new();
    for line in sample.lines() {
        if begins(line) {
            keep = !own.contains(&key(line));
        }
        if keep {
            whole += &format!("{line}\n");
        }
    }
    whole + piece
}

#[test]
fn every_command_that_is_printed_exists_with_its_options() {
    let in_blocks = ["console", "yaml"].into_iter().flat_map(blocks);
    let lines: Vec<String> = in_blocks.flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    let typed =
        lines.iter().filter_map(|line| line.trim_start().strip_prefix("$ ").or(line.trim().strip_prefix("- run: ")));
    let mut commands: Vec<String> = typed.map(str::to_owned).collect();
    commands.extend(spans());
    let mut tried = 0;
    for command in commands {
        let Some(words) = command.strip_prefix("poc ").or(command.strip_prefix("cargo run -- ")) else { continue };
        let words = words.split(['|', '>', '#']).next().unwrap_or_default();
        let parsed = Cli::command().try_get_matches_from(["poc"].into_iter().chain(words.split_whitespace()));
        if let Err(error) = parsed {
            let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            // A command that is only named, as in `poc call`.
            let bare = ["call", "completions", "diff", "export", "key", "render"].contains(&words.trim());
            let asked = asked || bare;
            assert!(asked, "`poc {words}`: {error}");
        }
        tried += 1;
    }
    assert!(tried > 10, "{tried}");
}

#[test]
fn commands_and_options_are_told_and_no_others() {
    let command = Cli::command();
    let mut exist: BTreeSet<String> = ["--help", "--version"].map(str::to_owned).into();
    let mut all = vec![&command];
    let mut at = 0;
    while let Some(known) = all.get(at).copied() {
        all.extend(known.get_subcommands());
        at += 1;
    }
    for arguments in all {
        exist.extend(arguments.get_arguments().filter_map(|argument| Some(format!("--{}", argument.get_long()?))));
    }
    let words: Vec<String> =
        spans().iter().flat_map(|span| span.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect();
    // Options of cargo and of what cargo runs.
    let others = ["--bench", "--example", "--test", "--ignored", "--target", "--"];
    let told: BTreeSet<String> =
        words.iter().filter(|word| word.starts_with("--") && !others.contains(&word.as_str())).cloned().collect();
    let unknown: Vec<&String> = told.difference(&exist).collect();
    assert!(unknown.is_empty(), "options that do not exist: {unknown:?}");
    let untold: Vec<&String> = exist.difference(&told).collect();
    assert!(untold.is_empty(), "options that no page tells of: {untold:?}");

    let rows = text("README.md");
    for subcommand in command.get_subcommands() {
        assert!(rows.contains(&format!("| `poc {}` |", subcommand.get_name())), "{}", subcommand.get_name());
    }
}

#[test]
fn every_key_of_the_grammar_is_told() {
    let grammar = text("src/spec/grammar.rs");
    let mut told: String = spans().join(" ");
    told += &blocks("yaml").join(" ");
    let words: BTreeSet<&str> = told.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    let grammar = grammar.replace("needed(", "field(").replace("sometimes(", "field(");
    let keys =
        grammar.split("field(").skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next());
    let untold: BTreeSet<&str> = keys.filter(|key| !words.contains(key)).collect();
    assert!(untold.is_empty(), "keys of deploy.yaml that no page tells of: {untold:?}");
}

#[test]
fn the_table_of_dependencies_is_cargos() {
    let section = |manifest: &str, heading: &str| -> Vec<String> {
        let lines = manifest.lines().skip_while(|line| *line != heading).skip(1);
        let entries = lines.take_while(|line| !line.starts_with('[')).filter(|line| line.contains(" = "));
        entries.filter_map(|line| Some(line.split_once(" = ")?.0.to_owned())).collect()
    };
    let readme = text("README.md");
    let page = readme.split("## Dependencies").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("the section");
    let (main, tests) = page.split_once("For tests only").expect("two tables");
    let rows = |table: &str| -> Vec<String> {
        let cells = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next().map(str::to_owned));
        cells.collect()
    };
    let manifest = text("Cargo.toml");
    assert_eq!(rows(main), section(&manifest, "[dependencies]"));
    let used: Vec<String> = section(&manifest, "[dependencies]");
    let only: Vec<String> =
        section(&manifest, "[dev-dependencies]").into_iter().filter(|name| !used.contains(name)).collect();
    assert_eq!(rows(tests), only);
}

/// The headings of a page as links name them.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings =
        page.lines().filter_map(|line| line.strip_prefix('#')).map(|line| line.trim_start_matches('#').trim());
    let kept = |heading: &str| -> String {
        let words = heading.to_lowercase().replace(' ', "-");
        words.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
    };
    headings.map(kept).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut followed = 0;
    for (path, page) in pages() {
        let own = page.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in own.filter(|link| !link.starts_with("http")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { path.clone() } else { path.with_file_name(file) };
            assert!(target.exists(), "{}: {link}", path.display());
            if !anchor.is_empty() {
                let there = std::fs::read_to_string(&target).expect("a page");
                assert!(anchors(&there).contains(anchor), "{}: {link}", path.display());
            }
            followed += 1;
        }
    }
    assert!(followed > 15, "{followed}");
}

#[test]
fn every_page_is_in_the_list_of_pages() {
    let readme = text("README.md");
    for (path, _) in pages() {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        assert!(name == "README.md" || readme.contains(&format!("](docs/{name})")), "{name}");
    }
}
