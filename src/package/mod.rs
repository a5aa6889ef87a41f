//! What is uploaded. The package: the zip that Lambda runs, built from a directory so that the same files give the same
//! bytes on any machine, or taken as it stands after a check; what prepares the directory and the libraries that go with
//! it are made here, too, and kept. And the pages of a site, file by file. It knows the file system, other programs and
//! the limits of Lambda and S3, never AWS.

mod build;
mod bundle;
mod cache;
mod content;
mod contents;
mod dependencies;
mod directory;
mod process;
mod quiet;
mod ready;
pub mod site;
#[cfg(all(test, unix))]
mod tests;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fmt, io};

pub use content::{Content, PART, Part};
pub use contents::{PartOf, parts, size_words};
pub use directory::Tree;

use build::tree_key;
use cache::Key;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::spec::model::{self, Function, PackageSource};
use crate::spec::{Fault, Span, nearest_word};

/// What all files together may take once unzipped, in bytes (`AWS_FACTS` B5).
pub const MAX_UNZIPPED: u64 = 262_144_000;

/// A zip that Lambda will take. `Zipped::default()` is none at all, for a teardown, which uploads nothing.
#[derive(Clone, Default)]
pub struct Zipped {
    pub content: Content,
    /// 64 lower-case digits: names the object in the bucket.
    pub sha256_hex: String,
    /// As Lambda and S3 tell it.
    pub sha256_base64: String,
    /// Files and symbolic links, sorted bytewise by path.
    pub entries: Vec<Entry>,
    /// Bytes.
    pub unzipped_size: u64,
    /// What was fetched, where something was.
    pub fetched: Option<Fetched>,
}

/// Libraries beside the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The file that lists them.
    pub list: PathBuf,
    pub files: usize,
    /// Bytes, unzipped.
    pub size: u64,
}

/// One file or link of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Relative, forward slashes.
    pub path: String,
    /// Bytes, unzipped.
    pub size: u64,
    pub kind: EntryKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    File { executable: bool },
    Link,
}

impl fmt::Debug for Zipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files = self.entries.len();
        write!(f, "Zipped({}, {files} files, {} bytes)", self.sha256_hex, self.content.size())
    }
}

/// What is to be packed, for what, and where that is kept which took long.
pub struct Order<'a> {
    pub package: &'a model::Package,
    pub function: &'a Function,
    pub stage: &'a str,
    /// The directory of deploy.yaml.
    pub project: &'a Path,
    /// Made where it is missing; for its owner alone.
    pub cache: &'a Path,
    /// Nothing that was kept is good enough.
    pub afresh: bool,
    /// It will run on this machine, which is no Lambda.
    pub here: bool,
}

/// Is told how the work goes on.
pub trait Watcher {
    fn began(&self, work: &Work);
    /// A line that a program printed, without secrets.
    fn line(&self, line: &str);
    fn ended(&self, work: &Work, elapsed: Duration);
    /// It was done at an earlier time, and nothing has changed since.
    fn kept(&self, work: &Work);
    /// With all that was printed.
    fn failed(&self, work: &Work, output: &str);
    fn note(&self, text: &str);
}

/// One thing that takes long.
pub struct Work {
    /// A command, or `dependencies of app/requirements.txt for python3.13 on arm64`.
    pub what: String,
}

/// Watches nothing.
struct Silent;

impl Watcher for Silent {
    fn began(&self, _: &Work) {}
    fn line(&self, _: &str) {}
    fn ended(&self, _: &Work, _: Duration) {}
    fn kept(&self, _: &Work) {}
    fn failed(&self, _: &Work, _: &str) {}
    fn note(&self, _: &str) {}
}

/// Why there is no package.
#[derive(Debug)]
pub enum Failed {
    /// Everything that is wrong with what deploy.yaml says or names, all at once.
    Faults(Vec<Fault>),
    /// A program that was needed did not do its work.
    Work(Box<Broken>),
}

/// What a program did not do.
#[derive(Debug)]
pub struct Broken {
    /// Stable, for machines: `build_failed`, `no_wheel`, …
    pub name: &'static str,
    pub message: String,
    /// What to do now.
    pub next: String,
}

impl Broken {
    fn new(name: &'static str, message: impl Into<String>, next: impl Into<String>) -> Broken {
        Broken { name, message: message.into(), next: next.into() }
    }
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Failed {
        Failed::Faults(vec![fault])
    }
}

impl From<Broken> for Failed {
    fn from(broken: Broken) -> Failed {
        Failed::Work(Box::new(broken))
    }
}

/// Runs the build's commands, fetches the libraries, and zips it all. An image is nothing to be packed.
///
/// # Errors
/// What is wrong with the package, or which program could not do its work.
pub async fn make(order: &Order<'_>, told: &dyn Watcher) -> Result<Zipped, Failed> {
    let zipped = match &order.package.source {
        PackageSource::Image(_) => return Ok(Zipped::default()),
        PackageSource::Zip { path } => ready::check(path),
        PackageSource::Directory { path, ignore } => {
            build::run(order, told).await?;
            match dependencies::fetch(order, told).await? {
                None => directory::zip(path, ignore, None),
                Some(fetched) => directory::zip(path, ignore, Some(fetched)),
            }
        }
    };
    let zipped = zipped.map_err(Failed::Faults)?;
    match zipped.handler_fault(order.function) {
        Some(fault) => Err(fault.into()),
        None => Ok(zipped),
    }
}

/// Zips the directory as it stands, or checks the ready zip: no program is run, nothing is fetched.
///
/// # Errors
/// Everything that is wrong with the package, all at once; each fault's path is the property of deploy.yaml it belongs to.
pub fn build(source: &PackageSource) -> Result<Zipped, Vec<Fault>> {
    match source {
        PackageSource::Directory { path, ignore } => directory::zip(path, ignore, None),
        PackageSource::Zip { path } => ready::check(path),
        PackageSource::Image(_) => Ok(Zipped::default()),
    }
}

/// What can be said of the package before any program is run for it.
///
/// # Errors
/// As [`build`].
pub fn foresee(order: &Order<'_>) -> Result<(), Vec<Fault>> {
    let PackageSource::Directory { path, .. } = &order.package.source else {
        return build(&order.package.source).and_then(|zipped| zipped.judged(order.function));
    };
    if !order.package.build.commands.is_empty() {
        // What it makes is not there yet, or not anew.
        return if path.is_dir() { allow_empty(build(&order.package.source)) } else { Ok(()) };
    }
    match dependencies::list(order) {
        Some(list) => dependencies::foresee(order, &list).and_then(|()| allow_empty(build(&order.package.source))),
        None => build(&order.package.source).and_then(|zipped| zipped.judged(order.function)),
    }
}

fn allow_empty(built: Result<Zipped, Vec<Fault>>) -> Result<(), Vec<Fault>> {
    match built {
        Err(faults) if faults.iter().all(|fault| fault.code == "empty_package") => Ok(()),
        built => built.map(|_| ()),
    }
}

/// What the package is zipped from; nothing where it is a ready zip or an image.
pub fn tree(source: &PackageSource) -> Option<Tree> {
    match source {
        PackageSource::Directory { path, ignore } => Some(Tree::new(path, ignore)),
        PackageSource::Zip { .. } | PackageSource::Image(_) => None,
    }
}

/// What fetches the libraries that the package lists, or why nothing does; none where it lists none.
pub async fn installer(order: &Order<'_>) -> Option<Result<&'static str, Broken>> {
    dependencies::installer(order).await
}

/// Files and directories beside the package's own that decide what is in it.
pub fn inputs(order: &Order<'_>) -> Vec<PathBuf> {
    let mut inputs = dependencies::files(order);
    inputs.extend(order.package.build.inputs.iter().cloned());
    inputs
}

/// What files and directories hold, as a hash.
pub fn picture<'p>(paths: impl Iterator<Item = &'p Path>) -> String {
    paths.fold(Key::new("picture"), |key, path| key.and(tree_key(path))).done()
}

impl Zipped {
    fn new(file: File, mut entries: Vec<Entry>) -> io::Result<Zipped> {
        let (content, digest) = Content::of(file)?;
        entries.sort_by(|one, other| one.path.as_bytes().cmp(other.path.as_bytes()));
        Ok(Zipped {
            sha256_hex: hex(&digest),
            sha256_base64: STANDARD.encode(digest),
            unzipped_size: entries.iter().map(|entry| entry.size).sum(),
            content,
            entries,
            fetched: None,
        })
    }

    /// Is there a file of exactly this path?
    pub fn contains(&self, path: &str) -> bool {
        self.entry(path).is_some()
    }

    fn entry(&self, path: &str) -> Option<&Entry> {
        let at = self.entries.binary_search_by(|entry| entry.path.as_bytes().cmp(path.as_bytes())).ok()?;
        self.entries.get(at)
    }

    fn judged(self, function: &Function) -> Result<(), Vec<Fault>> {
        self.handler_fault(function).map_or(Ok(()), |fault| Err(vec![fault]))
    }

    /// The mistake of a handler whose module is not in the package. Looks only where the answer is sure: a function
    /// with layers may have its handler there.
    pub fn handler_fault(&self, function: &Function) -> Option<Fault> {
        if !function.layers.is_empty() {
            return None;
        }
        if function.runtime.starts_with("python") {
            self.module_fault(function, &python_files(&function.handler)?)
        } else if function.runtime.starts_with("nodejs") {
            self.module_fault(function, &node_files(&function.handler)?)
        } else if function.runtime.starts_with("provided") {
            self.bootstrap_fault(function)
        } else {
            None
        }
    }

    fn module_fault(&self, function: &Function, files: &[String]) -> Option<Fault> {
        if files.iter().any(|file| self.contains(file)) || self.has_compiled(files) {
            return None;
        }
        let first = files.first()?;
        let nearest = first.rsplit('/').next().and_then(|name| {
            self.entries.iter().find(|entry| entry.path.rsplit('/').next() == Some(name)).map(|entry| &entry.path)
        });
        let help = match nearest {
            Some(path) => format!("the package has {path}: package.path may start one directory too high"),
            None => {
                let paths = self.entries.iter().map(|entry| entry.path.as_str());
                let near = nearest_word(first, paths).map(|near| format!("did you mean {near}? Otherwise "));
                format!("{}put {first} into the package, or correct function.handler", near.unwrap_or_default())
            }
        };
        let message = format!("the handler {} needs {first}, which is not in the package", function.handler);
        Some(fault("handler_missing", "function.handler", message, help))
    }

    /// `module.cpython-313-x86_64-linux-gnu.so` serves as the Python module, too.
    fn has_compiled(&self, files: &[String]) -> bool {
        let Some(stem) = files.iter().find_map(|file| file.strip_suffix(".py")) else { return false };
        let beginning = format!("{stem}.");
        self.entries.iter().any(|entry| entry.path.starts_with(&beginning) && entry.path.ends_with(".so"))
    }

    fn bootstrap_fault(&self, function: &Function) -> Option<Fault> {
        let runtime = &function.runtime;
        match self.entry("bootstrap").map(|entry| entry.kind) {
            None => Some(fault(
                "handler_missing",
                "function.runtime",
                format!("the runtime {runtime} starts the file bootstrap, which is not at the top of the package"),
                "put an executable named bootstrap there",
            )),
            Some(EntryKind::File { executable: false }) => Some(fault(
                "not_executable",
                "function.runtime",
                format!("the runtime {runtime} starts the file bootstrap, which is not executable"),
                "chmod +x bootstrap",
            )),
            Some(_) => None,
        }
    }
}

/// `app.handler.run` → `app/handler.py`, `app/handler/__init__.py`.
fn python_files(handler: &str) -> Option<Vec<String>> {
    let (module, _) = handler.rsplit_once('.')?;
    let path = module.replace('.', "/");
    Some(vec![format!("{path}.py"), format!("{path}/__init__.py"), format!("{path}.pyc")])
}

/// `dist/index.handler` → `dist/index.js` and its relatives.
fn node_files(handler: &str) -> Option<Vec<String>> {
    let name_at = handler.rfind('/').map_or(0, |slash| slash + 1);
    let dot = handler[name_at..].find('.')? + name_at;
    let module = handler[..dot].trim_start_matches("./");
    Some([".js", ".mjs", ".cjs", "", "/index.js"].iter().map(|end| format!("{module}{end}")).collect())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn fault(code: &'static str, path: &str, message: impl Into<String>, help: impl Into<String>) -> Fault {
    let span: Option<Span> = None;
    let fault = Fault { code, path: path.to_owned(), span, message: message.into(), help: Some(help.into()) };
    fault.has_a_page();
    fault
}

/// How many parts are named of a package that is too big.
const NAMED: usize = 5;

fn too_big(size: u64, entries: &[Entry]) -> Fault {
    let parts = parts(entries);
    let named = parts.iter().take(NAMED).map(|part| format!("{} ({})", part.name, size_words(part.size)));
    let biggest = match parts.as_slice() {
        [] => String::new(),
        _ => format!("the biggest parts are {}: ", named.collect::<Vec<_>>().join(", ")),
    };
    fault(
        "package_too_big",
        "package.path",
        format!("the package takes {size} bytes unzipped; Lambda takes at most {MAX_UNZIPPED}"),
        format!(
            "{biggest}leave out what the function does not need (package.ignore), require slimmer libraries, move some \
             into layers, or deploy a container image, which may take 10 GB (package.image)"
        ),
    )
}

fn empty() -> Fault {
    fault("empty_package", "package.path", "the package holds no files", "put the function's code there")
}
