//! The libraries that go beside the code: found by the file that lists them, fetched by the tool of their language for
//! the machine that will run them, and kept as a zip under the hash of all that decides what they are.

mod node;
mod python;
mod requirements;
mod rust;
mod tidy;

use std::fs;
use std::path::{Path, PathBuf};

use tokio::time::Instant;

use super::bundle::Bundle;
use super::cache::Cache;
use super::{Broken, Failed, Key, Order, Watcher, Work, fault};
use crate::spec::Fault;
use crate::spec::model::{Architecture, Dependencies, PackageSource};

use node::Node;
use python::Python;
use rust::Rust;

/// Part of every key: another way to make the same thing makes another thing.
const MANNER: &str = "1";

/// What is to be fetched.
enum Wanted {
    Python(Python),
    Node(Node),
    Rust(Rust),
}

/// The languages whose libraries are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Python { minor: u32 },
    Node,
    Rust,
}

impl Language {
    fn of(runtime: &str) -> Option<Language> {
        if let Some(minor) = runtime.strip_prefix("python3.") {
            return Some(Language::Python { minor: minor.parse().ok()? });
        }
        match runtime {
            _ if runtime.starts_with("nodejs") => Some(Language::Node),
            "provided.al2" | "provided.al2023" => Some(Language::Rust),
            _ => None,
        }
    }

    /// The files that usually list them, the one that counts first.
    fn lists(self) -> &'static [&'static str] {
        match self {
            Language::Python { .. } => &["requirements.txt", "pyproject.toml"],
            Language::Node => &["package.json"],
            Language::Rust => &["Cargo.toml"],
        }
    }

    fn reads(self, file: &Path) -> bool {
        let name = file.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        let list = file.extension().is_some_and(|end| end == "txt" || end == "in");
        self.lists().contains(&name.as_ref()) || (list && matches!(self, Language::Python { .. }))
    }

    /// Of the directory, what the fetched ones take the place of.
    fn replaces(self) -> &'static [&'static str] {
        match self {
            Language::Python { .. } => &["/.venv"],
            Language::Node => &["/node_modules"],
            Language::Rust => &[
                "/src",
                "/target",
                "/Cargo.toml",
                "/Cargo.lock",
                "/build.rs",
                "/.cargo",
                "/tests",
                "/benches",
                "/examples",
                "/rust-toolchain",
                "/rust-toolchain.toml",
                "/bootstrap",
            ],
        }
    }
}

/// The file that lists the libraries, where there is one and they are wanted.
pub(super) fn list(order: &Order<'_>) -> Option<PathBuf> {
    let PackageSource::Directory { path, .. } = &order.package.source else { return None };
    match &order.package.dependencies {
        Dependencies::None => None,
        Dependencies::File(file) => Some(file.clone()),
        Dependencies::Auto => {
            let language = Language::of(&order.function.runtime)?;
            language.lists().iter().map(|name| path.join(name)).find(|file| file.is_file())
        }
    }
}

/// Files that decide what is fetched: whoever watches the package watches them, too.
pub(super) fn files(order: &Order<'_>) -> Vec<PathBuf> {
    let Some(list) = list(order) else { return Vec::new() };
    let beside = |name: &str| list.with_file_name(name);
    match list.file_name().map(|name| name.to_string_lossy()).as_deref() {
        Some("pyproject.toml") => vec![beside("uv.lock"), list],
        Some("package.json") => vec![beside("package-lock.json"), beside("npm-shrinkwrap.json"), list],
        Some("Cargo.toml") => vec![beside("Cargo.lock"), list],
        _ => requirements::Requirements::read(&list).map_or_else(|_| vec![list.clone()], |read| read.files),
    }
}

/// What is wrong with the files, as far as they tell it themselves.
pub(super) fn foresee(order: &Order<'_>, list: &Path) -> Result<(), Vec<Fault>> {
    match Language::of(&order.function.runtime).filter(|language| language.reads(list)) {
        None => Err(vec![foreign(list, &order.function.runtime)]),
        Some(Language::Node) => Node::of(list, order).map(|_| ()),
        Some(Language::Rust) => Rust::of(list, order).map(|_| ()),
        Some(Language::Python { .. }) if list.extension().is_some_and(|end| end == "toml") => Ok(()),
        Some(Language::Python { .. }) => requirements::Requirements::read(list).map(|_| ()),
    }
}

/// What fetches them, or why nothing does; none where the package lists none.
pub(super) async fn installer(order: &Order<'_>) -> Option<Result<&'static str, Broken>> {
    let list = list(order)?;
    Some(match Language::of(&order.function.runtime)? {
        Language::Python { minor } => Python::of(&list, minor, order).await.ok()??.tool().await,
        Language::Node => node::npm(&list).map(|_| "npm"),
        Language::Rust => rust::cargo_lambda(&list).map(|_| "cargo-lambda"),
    })
}

/// The libraries as a zip, and what of the directory they take the place of.
pub(super) struct Fetched {
    pub bundle: Bundle,
    pub replaces: &'static [&'static str],
}

/// Fetches them, or finds them kept from an earlier time.
///
/// # Errors
/// Faults of the files, or why the tool of the language could not do it.
pub(super) async fn fetch(order: &Order<'_>, told: &dyn Watcher) -> Result<Option<Fetched>, Failed> {
    let Some(list) = list(order) else { return Ok(None) };
    let Some(language) = Language::of(&order.function.runtime).filter(|language| language.reads(&list)) else {
        return Err(foreign(&list, &order.function.runtime).into());
    };
    let wanted = match language {
        Language::Python { minor } => {
            Python::of(&list, minor, order).await.map_err(Failed::Faults)?.map(Wanted::Python)
        }
        Language::Node => Node::of(&list, order).map_err(Failed::Faults)?.map(Wanted::Node),
        Language::Rust => Some(Wanted::Rust(Rust::of(&list, order).map_err(Failed::Faults)?)),
    };
    let Some(wanted) = wanted else { return Ok(None) };
    let cache = Cache::at(order.cache);
    let name = format!("{}.zip", wanted.key().and(MANNER).done());
    let work = wanted.work(&list);
    if let Some(kept) = cache.file(KIND, &name).filter(|_| !order.afresh) {
        // A damaged one is made anew.
        if let Ok(bundle) = Bundle::open(kept, &list) {
            told.kept(&work);
            return Ok(Some(Fetched { bundle, replaces: language.replaces() }));
        }
    }
    let begun = Instant::now();
    let place = cache.workplace()?;
    told.began(&work);
    let tree = match &wanted {
        Wanted::Python(python) => python.fetch(place.path(), &work, told).await?,
        Wanted::Node(node) => node.fetch(place.path(), &work, told).await?,
        Wanted::Rust(rust) => rust.fetch(place.path(), &work, told).await?,
    };
    let zipped = place.path().join("bundle.zip");
    super::directory::bundle(&tree.root, tree.without, &zipped).map_err(Failed::Faults)?;
    let kept = cache.keep(KIND, &name, &zipped)?;
    told.ended(&work, begun.elapsed());
    if let Wanted::Python(python) = &wanted
        && let Some(note) = python.note()
    {
        told.note(&note);
    }
    let bundle = Bundle::open(kept, &list).map_err(|error| {
        let again = "run the same command again";
        Broken::new("cache_unusable", format!("what was fetched cannot be read: {error}"), again)
    })?;
    Ok(Some(Fetched { bundle, replaces: language.replaces() }))
}

const KIND: &str = "dependencies";

/// What a tool made.
struct Tree {
    root: PathBuf,
    /// Patterns of what in it is not wanted.
    without: &'static [&'static str],
}

impl Wanted {
    fn key(&self) -> Key {
        match self {
            Wanted::Python(python) => python.key(),
            Wanted::Node(node) => node.key(),
            Wanted::Rust(rust) => rust.key(),
        }
    }

    fn work(&self, list: &Path) -> Work {
        let list = list.display();
        let what = match self {
            Wanted::Python(python) => format!("dependencies of {list} for {}", python.target()),
            Wanted::Node(node) => format!("dependencies of {list} for {}", node.target()),
            Wanted::Rust(rust) => format!("bootstrap of {list} for {}", rust.target()),
        };
        Work { what }
    }
}

/// The work did not come to its end: the output is told, and what it means.
fn broken(work: &Work, output: &str, told: &dyn Watcher, broken: Broken) -> Failed {
    told.failed(work, output);
    Failed::Work(Box::new(broken))
}

fn foreign(list: &Path, runtime: &str) -> Fault {
    let message = format!("{} does not list libraries for the runtime {runtime}", list.display());
    let help = "python3.x takes requirements.txt or pyproject.toml, nodejs package.json, provided.al2023 Cargo.toml; \
                `dependencies: none` packages the directory alone";
    fault("foreign_dependencies", "package.dependencies", message, help)
}

fn machine(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86_64 => "x86_64",
        Architecture::Arm64 => "arm64",
    }
}

/// A file's text for a key: a missing one is as good as an empty one.
fn text(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_default()
}
