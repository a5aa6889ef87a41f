//! What is uploaded. The package: the zip that Lambda runs, built from a directory so that the same files give the same
//! bytes on any machine, or taken as it stands after a check. And the pages of a site, file by file. It knows the file
//! system and the limits of Lambda and S3, never AWS.

mod content;
mod directory;
mod ready;
pub mod site;
#[cfg(all(test, unix))]
mod tests;

use std::fs::File;
use std::{fmt, io};

pub use content::{Content, PART, Part};
pub use directory::Tree;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::spec::model::{Function, PackageSource};
use crate::spec::{Fault, Span};

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

/// Zips the directory, or checks the ready zip.
///
/// # Errors
/// Everything that is wrong with the package, all at once; each fault's path is the property of deploy.yaml it belongs to.
pub fn build(source: &PackageSource) -> Result<Zipped, Vec<Fault>> {
    match source {
        PackageSource::Directory { path, ignore } => directory::zip(path, ignore),
        PackageSource::Zip { path } => ready::check(path),
    }
}

/// What the package is zipped from; nothing where it is a ready zip.
pub fn tree(source: &PackageSource) -> Option<Tree> {
    match source {
        PackageSource::Directory { path, ignore } => Some(Tree::new(path, ignore)),
        PackageSource::Zip { .. } => None,
    }
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
            None => format!("put {first} into the package, or correct function.handler"),
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
    Fault { code, path: path.to_owned(), span, message: message.into(), help: Some(help.into()) }
}

fn too_big(size: u64) -> Fault {
    fault(
        "package_too_big",
        "package.path",
        format!("the package takes {size} bytes unzipped; Lambda takes at most {MAX_UNZIPPED}"),
        "leave out what the function does not need (package.ignore), or move libraries into layers",
    )
}

fn empty() -> Fault {
    fault("empty_package", "package.path", "the package holds no files", "put the function's code there")
}
