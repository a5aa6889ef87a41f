//! The commands of `package.build`: run in the package's directory, one after the other, unless all is as it was when they
//! last ran to their end.

use std::fs;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::cache::Cache;
use super::process::{Task, words};
use super::{Broken, Failed, Key, Order, Watcher, Work};
use crate::spec::model::{Architecture, PackageSource, Run};

/// Made by programs, large, or ours: not looked at for what changed.
const NOT_INPUTS: [&str; 6] = [".git", ".poc", "node_modules", "target", "__pycache__", ".venv"];

const KIND: &str = "built";

/// Runs the commands, where something changed since they last ran.
///
/// # Errors
/// When one of them fails.
pub(super) async fn run(order: &Order<'_>, told: &dyn Watcher) -> Result<(), Failed> {
    let PackageSource::Directory { path, .. } = &order.package.source else { return Ok(()) };
    let commands = &order.package.build.commands;
    if commands.is_empty() {
        return Ok(());
    }
    fs::create_dir_all(path).map_err(|error| {
        Broken::new("build_failed", format!("{} cannot be made: {error}", path.display()), "correct package.path")
    })?;
    let cache = Cache::at(order.cache);
    let name = key(order, path);
    let works: Vec<Work> = commands.iter().map(|command| Work { what: command.shown.clone() }).collect();
    if !order.afresh && cache.remembered(KIND, &name).is_some_and(|before| before == state(order, path)) {
        works.iter().for_each(|work| told.kept(work));
        return Ok(());
    }
    for (command, work) in commands.iter().zip(&works) {
        let begun = Instant::now();
        told.began(work);
        let task = match &command.run {
            Run::Shell(line) => Task::shell(line, path),
            Run::Program(line) => Task::new(&line[0], path).args(&line[1..]),
        };
        let task = environment(order, path).into_iter().fold(task, |task, (name, value)| task.env(name, value));
        let done = task.shown_as(&command.shown).run(told).await.inspect_err(|_| told.failed(work, ""))?;
        if !done.status.success() {
            told.failed(work, &done.output);
            let message = format!("`{}` {}", command.shown, words(done.status));
            let next = "mend what it says above, then run the same command again";
            return Err(Broken::new("build_failed", message, next).into());
        }
        told.ended(work, begun.elapsed());
    }
    cache.remember(KIND, &name, &state(order, path))?;
    Ok(())
}

/// What the commands may ask about.
fn environment(order: &Order<'_>, path: &Path) -> Vec<(&'static str, String)> {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string();
    let architecture = match order.function.architecture {
        Architecture::X86_64 => "x86_64",
        Architecture::Arm64 => "arm64",
    };
    vec![
        ("POC_STAGE", order.stage.to_owned()),
        ("POC_RUNTIME", order.function.runtime.clone()),
        ("POC_ARCHITECTURE", architecture.to_owned()),
        ("POC_PACKAGE", absolute(path)),
        ("POC_PROJECT", absolute(order.project)),
    ]
}

/// Of the commands themselves, and of what they are told.
fn key(order: &Order<'_>, path: &Path) -> String {
    let told = environment(order, path);
    let key = told.iter().fold(Key::new("build"), |key, (name, value)| key.and(name).and(value));
    let words = order.package.build.commands.iter().map(|command| match &command.run {
        Run::Shell(line) => vec!["shell", line.as_str()],
        Run::Program(line) => line.iter().map(String::as_str).collect(),
    });
    words.fold(key, |key, words| words.into_iter().fold(key.and("command"), |key, word| key.and(word))).done()
}

/// What the directory and the other inputs hold: the commands' results are part of it, so that a missing one is noticed.
fn state(order: &Order<'_>, path: &Path) -> String {
    let inputs = order.package.build.inputs.iter().map(PathBuf::as_path);
    inputs.fold(Key::new("state").and(tree_key(path)), |key, input| key.and(tree_key(input))).done()
}

/// Names and contents of all files under `root`, or of the file that it is.
pub(super) fn tree_key(root: &Path) -> String {
    let walk = WalkBuilder::new(root)
        .standard_filters(false)
        .filter_entry(|entry| !NOT_INPUTS.iter().any(|name| entry.file_name() == *name))
        .sort_by_file_path(Path::cmp)
        .build();
    let mut key = Key::new("tree");
    for entry in walk.filter_map(Result::ok) {
        let Some(kind) = entry.file_type() else { continue };
        let name = entry.path().strip_prefix(root).unwrap_or(entry.path()).as_os_str();
        if kind.is_symlink() {
            let target = fs::read_link(entry.path()).unwrap_or_default();
            key = key.and(name.as_encoded_bytes()).and(target.as_os_str().as_encoded_bytes());
        } else if kind.is_file() {
            // One that cannot be read now is told of when it is packed.
            let mut hash = Sha256::new();
            let read =
                fs::File::open(entry.path()).and_then(|mut file| std::io::copy(&mut file, &mut Hashing(&mut hash)));
            let digest = read.map(|_| hash.finalize().to_vec()).unwrap_or_default();
            key = key.and(name.as_encoded_bytes()).and(digest);
        }
    }
    key.done()
}

struct Hashing<'h>(&'h mut Sha256);

impl std::io::Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
