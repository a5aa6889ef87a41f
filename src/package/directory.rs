//! A directory as a zip: entries sorted bytewise, one fixed time, modes reduced to 0644 and 0755, links kept as links,
//! so that neither the clock, the umask nor the order of creation shows in the bytes.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Component, Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use super::bundle::{Archive, Bundle};
use super::dependencies;
use super::{Entry, EntryKind, Fetched, MAX_UNZIPPED, Zipped, empty, fault, too_big};
use crate::spec::Fault;

/// Patterns of its own that a package directory may hold.
const IGNORE_FILE: &str = ".pocignore";

/// Never part of a package, unless a pattern of the user's takes them back in with `!`.
const IGNORED: &[&str] = &[".git", "__pycache__", "*.pyc", ".DS_Store", ".poc", "**/node_modules/.cache", IGNORE_FILE];

/// Deflate's usual trade of time for size; part of what makes the bytes the same everywhere.
const LEVEL: i64 = 6;

/// Zips what is under `root`, and what was fetched beside it. A file of the directory goes before a fetched one.
pub(super) fn zip(
    root: &Path,
    patterns: &[String],
    fetched: Option<dependencies::Fetched>,
) -> Result<Zipped, Vec<Fault>> {
    let replaced = fetched.as_ref().map_or(&[][..], |fetched| fetched.replaces);
    let (mut found, mut faults) = walk(root, patterns, replaced)?;
    let about = fetched.as_ref().map(|fetched| Fetched {
        list: fetched.bundle.list.clone(),
        files: fetched.bundle.entries.len(),
        size: fetched.bundle.entries.iter().map(|entry| entry.size).sum(),
    });
    let mut archive = None;
    if let Some(fetched) = fetched {
        let slimmed = anchored(root, patterns);
        archive = Some(add(&mut found, fetched.bundle, &slimmed, &mut faults));
    }
    let size = found.iter().map(|found| found.entry.size).sum();
    if found.is_empty() && faults.is_empty() {
        faults.push(empty());
    } else if size > MAX_UNZIPPED {
        let entries: Vec<Entry> = found.iter().map(|found| found.entry.clone()).collect();
        faults.push(too_big(size, &entries));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let file = tempfile::tempfile().map_err(|error| vec![unwritten(&error)])?;
    let (file, entries) = write(found, archive, file)?;
    let zipped = Zipped::new(file, entries).map_err(|error| vec![unwritten(&error)])?;
    Ok(Zipped { fetched: about, ..zipped })
}

/// Zips what a tool made under `root` into the file `to`, but for what is in `without`.
pub(super) fn bundle(root: &Path, without: &[&str], to: &Path) -> Result<(), Vec<Fault>> {
    let (found, faults) = walk(root, &[], without)?;
    if !faults.is_empty() {
        return Err(faults);
    }
    let file = File::create(to).map_err(|error| vec![unwritten(&error)])?;
    write(found, None, file).map(|_| ())
}

/// All that is to be packed, and what is wrong with it.
fn walk(root: &Path, patterns: &[String], own: &[&str]) -> Result<(Vec<Found>, Vec<Fault>), Vec<Fault>> {
    let canonical = root.canonicalize().map_err(|error| vec![unreadable(root, &error)])?;
    if !canonical.is_dir() {
        let message = format!("{} is not a directory", root.display());
        return Err(vec![fault("wrong_type", "package.path", message, "name a directory, or a file ending in .zip")]);
    }
    let (ignored, faults) = ignored(root, own, patterns);
    let mut walk = Walk { root, canonical, ignored, found: Vec::new(), faults };
    walk.enter(Path::new(""));
    Ok((walk.found, walk.faults))
}

/// Adds the entries of the bundle that are wanted, and gives its archive.
fn add(found: &mut Vec<Found>, bundle: Bundle, slimmed: &Gitignore, faults: &mut Vec<Fault>) -> Archive {
    let own: BTreeSet<String> = found.iter().map(|found| found.entry.path.clone()).collect();
    for (at, entry) in bundle.entries.into_iter().enumerate() {
        if own.contains(&entry.path) || slimmed.matched_path_or_any_parents(&entry.path, false).is_ignore() {
            continue;
        }
        let within = own.range(format!("{}/", entry.path)..).next();
        let above =
            entry.path.match_indices('/').map(|(slash, _)| &entry.path[..slash]).find(|above| own.contains(*above));
        if let Some(clash) =
            above.or(within.filter(|own| own.starts_with(&format!("{}/", entry.path))).map(String::as_str))
        {
            let list = bundle.list.display();
            let message = format!("{clash} of the directory and {} of {list} are in each other's way", entry.path);
            faults.push(fault("dependency_clash", "package.path", message, "rename the one that is yours"));
            continue;
        }
        found.push(Found { file: PathBuf::from(&entry.path), entry, from: From::Bundle(at) });
    }
    bundle.archive
}

/// What belongs to a package, for whoever watches it.
pub struct Tree {
    root: PathBuf,
    ignored: Gitignore,
}

impl Tree {
    pub(super) fn new(root: &Path, patterns: &[String]) -> Tree {
        let (ignored, _) = ignored(root, &[], patterns);
        Tree::without(root, ignored)
    }

    pub(super) fn without(root: &Path, ignored: Gitignore) -> Tree {
        Tree { root: root.canonicalize().unwrap_or_else(|_| root.to_owned()), ignored }
    }

    /// Is this (a canonical path) a file of the package, or would it be one?
    pub fn holds(&self, path: &Path) -> bool {
        let Ok(within) = path.strip_prefix(&self.root) else { return false };
        let known = within.file_name() == Some(IGNORE_FILE.as_ref());
        known || !self.ignored.matched_path_or_any_parents(within, path.is_dir()).is_ignore()
    }

    /// All directories of it, as far as they can be read.
    pub fn directories(&self) -> Vec<PathBuf> {
        let mut found = vec![self.root.clone()];
        let mut next = 0;
        while let Some(directory) = found.get(next).cloned() {
            next += 1;
            for entry in fs::read_dir(&directory).into_iter().flatten().filter_map(Result::ok) {
                let path = entry.path();
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) && self.holds(&path) {
                    found.push(path);
                }
            }
        }
        found
    }
}

/// Something to be packed.
struct Found {
    entry: Entry,
    /// As the file system knows it; for messages.
    file: PathBuf,
    from: From,
}

/// Where the bytes are.
enum From {
    File,
    /// A link, and where it leads.
    Link(String),
    /// Of the bundle, the entry of that number.
    Bundle(usize),
}

struct Walk<'a> {
    root: &'a Path,
    canonical: PathBuf,
    ignored: Gitignore,
    found: Vec<Found>,
    faults: Vec<Fault>,
}

impl Walk<'_> {
    /// Looks through one directory, given relative to the root.
    fn enter(&mut self, within: &Path) {
        let directory = self.root.join(within);
        let entries = match fs::read_dir(&directory).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(entries) => entries,
            Err(error) => return self.faults.push(unreadable(&directory, &error)),
        };
        for entry in entries {
            self.meet(&within.join(entry.file_name()), &entry.path());
        }
    }

    fn meet(&mut self, path: &Path, file: &Path) {
        let metadata = match fs::symlink_metadata(file) {
            Ok(metadata) => metadata,
            Err(error) => return self.faults.push(unreadable(file, &error)),
        };
        if self.ignored.matched(path, metadata.is_dir()).is_ignore() {
            return;
        }
        if metadata.is_dir() {
            return self.enter(path);
        }
        let name = match name(path) {
            Ok(name) => name,
            Err(why) => return self.faults.push(bad_name(file, why)),
        };
        if metadata.is_symlink() {
            match self.link(path, file) {
                Ok(target) => {
                    let entry = Entry { path: name, size: target.len() as u64, kind: EntryKind::Link };
                    self.found.push(Found { entry, file: file.to_owned(), from: From::Link(target) });
                }
                Err(fault) => self.faults.push(*fault),
            }
        } else if metadata.is_file() {
            let kind = EntryKind::File { executable: executable(&metadata) };
            let entry = Entry { path: name, size: metadata.len(), kind };
            self.found.push(Found { entry, file: file.to_owned(), from: From::File });
        } else {
            let message = format!("{} is {}, which cannot be packed", file.display(), special(&metadata));
            let help = "remove it, or name it in package.ignore";
            self.faults.push(fault("special_file", "package.path", message, help));
        }
    }

    /// Where the link leads, if that is inside the directory.
    fn link(&self, path: &Path, file: &Path) -> Result<String, Box<Fault>> {
        let target = fs::read_link(file).map_err(|error| Box::new(unreadable(file, &error)))?;
        let refused = |how: &str| {
            let message = format!("the symbolic link {} leads to {}, {how}", file.display(), target.display());
            let help = "copy what it leads to, link to it relative to the link, or name the link in package.ignore";
            Box::new(fault("link_outside", "package.path", message, help))
        };
        if target.is_absolute() {
            return Err(refused("an absolute path that means nothing to Lambda"));
        }
        let inside = stays_inside(path.parent().unwrap_or(Path::new("")), &target);
        // What the words of the path do not show, another link on the way may do.
        if !inside || file.canonicalize().is_ok_and(|real| !real.starts_with(&self.canonical)) {
            return Err(refused("outside of the package"));
        }
        name(&target).map_err(|why| Box::new(bad_name(file, why)))
    }
}

/// Does `target`, seen from the directory `from`, stay under the root that both are relative to?
fn stays_inside(from: &Path, target: &Path) -> bool {
    let mut depth = from.components().count();
    for component in target.components() {
        match component {
            Component::CurDir => {}
            Component::Normal(_) => depth += 1,
            Component::ParentDir if depth > 0 => depth -= 1,
            _ => return false,
        }
    }
    true
}

/// The path as a zip spells it.
fn name(path: &Path) -> Result<String, &'static str> {
    let parts: Option<Vec<&str>> = path.components().map(|component| component.as_os_str().to_str()).collect();
    let name = parts.ok_or("is not UTF-8")?.join("/");
    if name.contains('\\') { Err("contains a backslash") } else { Ok(name) }
}

/// The patterns in the order of their weight: a later one wins.
fn ignored(root: &Path, own: &[&str], patterns: &[String]) -> (Gitignore, Vec<Fault>) {
    let mut builder = GitignoreBuilder::new("");
    let mut faults = Vec::new();
    let mut add = |line: &str, path: &str, from: &str| {
        if let Err(error) = builder.add_line(None, line) {
            let message = format!("{from} has a pattern that cannot be read, `{line}`: {error}");
            faults.push(fault("bad_pattern", path, message, "patterns are written as in .gitignore"));
        }
    };
    for line in IGNORED.iter().chain(own) {
        add(line, "package.ignore", "the list of poc");
    }
    let file = root.join(IGNORE_FILE);
    let listed = match fs::read_to_string(&file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        read => read.map_err(|error| unreadable(&file, &error)),
    };
    for line in listed.as_deref().unwrap_or_default().lines() {
        add(line, "package.path", &file.display().to_string());
    }
    for line in patterns {
        add(line, "package.ignore", "package.ignore");
    }
    faults.extend(listed.err());
    match builder.build() {
        Ok(ignored) => (ignored, faults),
        Err(error) => {
            let message = format!("the ignore patterns cannot be read: {error}");
            faults.push(fault("bad_pattern", "package.ignore", message, "patterns are written as in .gitignore"));
            (Gitignore::empty(), faults)
        }
    }
}

/// Those of the user's patterns that begin at the top of the package: they are meant for libraries, too. One that may
/// match anywhere (`tests/`) is meant for the directory alone: libraries need what is called so.
fn anchored(root: &Path, patterns: &[String]) -> Gitignore {
    let mut builder = GitignoreBuilder::new("");
    let listed = fs::read_to_string(root.join(IGNORE_FILE)).unwrap_or_default();
    let lines = listed.lines().chain(patterns.iter().map(String::as_str));
    for line in lines.filter(|line| line.starts_with('/') || line.starts_with("!/")) {
        // A pattern that cannot be read was told of before.
        let _ = builder.add_line(None, line);
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

fn unwritten(error: &io::Error) -> Fault {
    let message = format!("the package cannot be zipped into the directory for temporary files: {error}");
    fault("package_unwritten", "package.path", message, "make room there, or let TMPDIR name another directory")
}

/// Writes the zip, sorted.
fn write(mut found: Vec<Found>, mut archive: Option<Archive>, file: File) -> Result<(File, Vec<Entry>), Vec<Fault>> {
    found.sort_by(|one, other| one.entry.path.as_bytes().cmp(other.entry.path.as_bytes()));
    let mut writer = ZipWriter::new(BufWriter::with_capacity(1 << 16, file));
    let mut faults = Vec::new();
    let mut entries = Vec::with_capacity(found.len());
    for Found { mut entry, file, from } in found {
        let packed = match (from, &mut archive) {
            (From::Bundle(at), Some(archive)) => copy(&mut writer, archive, at).map(|()| entry.size),
            (From::Bundle(_), None) => Err(io::Error::other("there is no bundle")),
            (From::Link(target), _) => pack(&mut writer, &entry, &file, Some(&target)),
            (From::File, _) => pack(&mut writer, &entry, &file, None),
        };
        match packed {
            Ok(size) => {
                entry.size = size;
                entries.push(entry);
            }
            Err(error) if error.kind() == io::ErrorKind::StorageFull => return Err(vec![unwritten(&error)]),
            Err(error) => faults.push(unreadable(&file, &error)),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let file = writer.finish().map_err(io::Error::from).and_then(|file| file.into_inner().map_err(Into::into));
    file.map(|file| (file, entries)).map_err(|error| vec![unwritten(&error)])
}

/// As it is: what was deflated before is not deflated again.
fn copy(writer: &mut ZipWriter<BufWriter<File>>, archive: &mut Archive, at: usize) -> io::Result<()> {
    let file = archive.by_index_raw(at).map_err(io::Error::from)?;
    writer.raw_copy_file(file).map_err(io::Error::from)
}

fn pack(writer: &mut ZipWriter<BufWriter<File>>, entry: &Entry, file: &Path, target: Option<&str>) -> io::Result<u64> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(LEVEL))
        .last_modified_time(DateTime::DEFAULT)
        .system(System::Unix);
    if let Some(target) = target {
        writer.add_symlink(&entry.path, target, options.unix_permissions(0o777))?;
        return Ok(target.len() as u64);
    }
    let mode = if entry.kind == (EntryKind::File { executable: true }) { 0o755 } else { 0o644 };
    let mut reader = io::BufReader::with_capacity(1 << 16, File::open(file)?);
    writer.start_file(&entry.path, options.unix_permissions(mode))?;
    let size = io::copy(&mut reader, writer)?;
    writer.flush()?;
    Ok(size)
}

#[cfg(unix)]
fn executable(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn executable(_: &fs::Metadata) -> bool {
    false
}

#[cfg(unix)]
pub(super) fn special(metadata: &fs::Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    let kind = metadata.file_type();
    if kind.is_socket() {
        "a socket"
    } else if kind.is_fifo() {
        "a named pipe"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
pub(super) fn special(_: &fs::Metadata) -> &'static str {
    "no ordinary file"
}

fn unreadable(path: &Path, error: &io::Error) -> Fault {
    let (code, help) = match error.kind() {
        io::ErrorKind::NotFound => ("missing_file", "create it, or correct package.path"),
        io::ErrorKind::PermissionDenied => ("unreadable_file", "make it readable, or name it in package.ignore"),
        _ => ("unreadable_file", "mend it, or name it in package.ignore"),
    };
    fault(code, "package.path", format!("{} cannot be read: {error}", path.display()), help)
}

fn bad_name(path: &Path, why: &str) -> Fault {
    let message = format!("the name of {} {why}", path.display());
    fault("bad_name", "package.path", message, "rename it, or name it in package.ignore")
}
