//! A function in Rust: cargo-lambda builds its bootstrap for Lambda's system and processor. Built anew when something of
//! the crate, or of the workspace it is in, changed.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Tree, broken, machine};
use crate::package::process::{Task, find, words};
use crate::package::{Broken, Failed, Key, Order, Watcher, Work, fault, tree_key};
use crate::spec::Fault;
use crate::spec::model::Architecture;

pub(super) struct Rust {
    list: PathBuf,
    /// Of the workspace, or the crate's own.
    root: PathBuf,
    /// Names the binary, where there are several.
    handler: String,
    architecture: Architecture,
}

impl Rust {
    pub fn of(list: &Path, order: &Order<'_>) -> Result<Rust, Vec<Fault>> {
        let directory = list.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let real = directory.canonicalize().map_err(|error| {
            let message = format!("{} cannot be read: {error}", list.display());
            vec![fault("missing_file", "package.path", message, "create it, or correct package.path")]
        })?;
        let workspace = |directory: &&Path| {
            fs::read_to_string(directory.join("Cargo.toml")).is_ok_and(|text| text.contains("[workspace]"))
        };
        let root = real.ancestors().find(workspace).unwrap_or(&real).to_owned();
        let architecture = if order.here { here(order.function.architecture) } else { order.function.architecture };
        Ok(Rust { list: list.to_owned(), root, handler: order.function.handler.clone(), architecture })
    }

    pub fn key(&self) -> Key {
        let crate_within = self.list.parent().and_then(|directory| directory.canonicalize().ok());
        let within = crate_within.as_ref().and_then(|real| real.strip_prefix(&self.root).ok());
        let within = within.map(|path| path.display().to_string()).unwrap_or_default();
        Key::new("rust").and(self.target()).and(&self.handler).and(within).and(tree_key(&self.root))
    }

    pub fn target(&self) -> String {
        format!("Lambda on {}", machine(self.architecture))
    }

    pub async fn fetch(&self, place: &Path, work: &Work, told: &dyn Watcher) -> Result<Tree, Failed> {
        let program = cargo_lambda(&self.list)?;
        let built = place.join("built");
        let directory = self.list.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let processor = match self.architecture {
            Architecture::X86_64 => "--x86-64",
            Architecture::Arm64 => "--arm64",
        };
        // As cargo itself calls it, with the name of the subcommand first.
        let task = Task::new(program, directory).args(["lambda", "build", "--release", processor]);
        let task = task.args(["--output-format", "binary", "--lambda-dir"]);
        let task = task.arg(std::path::absolute(&built).unwrap_or_else(|_| built.clone()));
        let task = task.env("CARGO_TERM_COLOR", "never").env("CARGO_TERM_PROGRESS_WHEN", "never");
        let task = task.shown_as(&format!("cargo lambda build --release {processor}"));
        let done = task.run(told).await?;
        if !done.status.success() {
            let message = format!("`{}` {} for {}", task.shown(), words(done.status), self.list.display());
            let next = "mend what it says above, then run the same command again";
            return Err(broken(work, &done.output, told, Broken::new("build_failed", message, next)));
        }
        let binary = self.chosen(&built).map_err(|broke| broken(work, &done.output, told, broke))?;
        let root = place.join("tree");
        let placed = fs::create_dir_all(&root).and_then(|()| fs::copy(binary, root.join("bootstrap")));
        placed.map_err(|error| {
            Broken::new("build_failed", format!("the bootstrap cannot be read: {error}"), "run the same command again")
        })?;
        Ok(Tree { root, without: &[] })
    }

    /// Of the binaries that were built, the handler's.
    fn chosen(&self, built: &Path) -> Result<PathBuf, Broken> {
        let entries = fs::read_dir(built).into_iter().flatten().flatten();
        let mut names: Vec<OsString> =
            entries.filter(|entry| entry.path().join("bootstrap").is_file()).map(|entry| entry.file_name()).collect();
        names.sort();
        let name = match names.as_slice() {
            [one] => one,
            names => match names.iter().find(|name| name.to_str() == Some(&self.handler)) {
                Some(name) => name,
                None => return Err(self.none_of(names)),
            },
        };
        Ok(built.join(name).join("bootstrap"))
    }

    fn none_of(&self, names: &[OsString]) -> Broken {
        let list = self.list.display();
        if names.is_empty() {
            return Broken::new("build_failed", format!("{list} built no binary"), "give the crate a src/main.rs");
        }
        let names: Vec<_> = names.iter().map(|name| name.to_string_lossy()).collect();
        let message = format!("{list} builds {}, and none is called {}", names.join(", "), self.handler);
        Broken::new("build_failed", message, "name the one to run as function.handler")
    }
}

pub(super) fn cargo_lambda(list: &Path) -> Result<PathBuf, Broken> {
    find("cargo-lambda").ok_or_else(|| {
        let message =
            format!("{} is a function in Rust, and cargo-lambda is not on the PATH to build it", list.display());
        let next = "install it (cargo install cargo-lambda, or pip install cargo-lambda), or build the bootstrap by \
                    `build` commands of your own and set `dependencies: none`";
        Broken::new("no_cargo_lambda", message, next)
    })
}

/// The processor of this machine, where a bootstrap of the other would not run.
fn here(wanted: Architecture) -> Architecture {
    match std::env::consts::ARCH {
        "x86_64" => Architecture::X86_64,
        "aarch64" => Architecture::Arm64,
        _ => wanted,
    }
}
