//! A zip somebody else made: it is uploaded as it stands, so what Lambda would refuse or misread is told before.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use zip::read::ZipFile;
use zip::{CompressionMethod, ZipArchive};

use super::{Entry, EntryKind, MAX_UNZIPPED, Zipped, empty, fault, too_big};
use crate::spec::Fault;

/// Checks the zip at `path`.
pub(super) fn check(path: &Path) -> Result<Zipped, Vec<Fault>> {
    let file = open(path)?;
    let again = file.try_clone().map_err(|error| vec![unreadable(path, &error)])?;
    let mut archive = ZipArchive::new(BufReader::new(again)).map_err(|error| {
        let message = format!("{} is not a zip that can be read: {error}", path.display());
        vec![fault("bad_zip", "package.path", message, "make it anew, or name the directory and let poc zip it")]
    })?;
    let mut judge = Judge { zip: path, entries: Vec::new(), faults: Vec::new(), declared: 0 };
    for index in 0..archive.len() {
        judge.listed(&mut archive, index);
    }
    if judge.declared > MAX_UNZIPPED {
        judge.faults.push(too_big(judge.declared, &judge.entries));
    } else if judge.faults.is_empty() {
        (0..archive.len()).for_each(|index| judge.unzipped(&mut archive, index));
    }
    let Judge { entries, mut faults, .. } = judge;
    if entries.is_empty() && faults.is_empty() {
        faults.push(empty());
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    Zipped::new(file, entries).map_err(|error| vec![unreadable(path, &error)])
}

fn open(path: &Path) -> Result<File, Vec<Fault>> {
    let unreadable = |error| vec![unreadable(path, &error)];
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        let message = format!("{} is not a file", path.display());
        return Err(vec![fault("wrong_type", "package.path", message, "name a zip file, or a directory to be zipped")]);
    }
    if metadata.len() > MAX_UNZIPPED {
        return Err(vec![too_big(metadata.len(), &[])]);
    }
    Ok(file)
}

fn unreadable(path: &Path, error: &io::Error) -> Fault {
    let code = if error.kind() == io::ErrorKind::NotFound { "missing_file" } else { "unreadable_file" };
    let message = format!("{} cannot be read: {error}", path.display());
    fault(code, "package.path", message, "create it, or correct package.path")
}

type Archive = ZipArchive<BufReader<File>>;

struct Judge<'a> {
    zip: &'a Path,
    entries: Vec<Entry>,
    faults: Vec<Fault>,
    /// Sum of the sizes that the zip claims.
    declared: u64,
}

impl Judge<'_> {
    fn refuse(&mut self, name: &str, why: &str, help: &str) {
        let message = format!("{}: the entry `{}` {why}", self.zip.display(), name.escape_debug());
        self.faults.push(fault("bad_zip", "package.path", message, help));
    }

    /// Judges an entry by what the zip's directory says of it.
    fn listed(&mut self, archive: &mut Archive, index: usize) {
        let file = match archive.by_index_raw(index) {
            Ok(file) => file,
            Err(error) => return self.refuse(&format!("#{index}"), &format!("cannot be read: {error}"), "zip it anew"),
        };
        let name = named(&file);
        if let Some(why) = bad_path(&name) {
            return self.refuse(&name, why, "zip it with relative paths and forward slashes");
        }
        if file.encrypted() {
            return self.refuse(&name, "is encrypted", "zip it without a password");
        }
        let method = file.compression();
        if !matches!(method, CompressionMethod::Stored | CompressionMethod::Deflated) {
            return self.refuse(&name, &format!("is compressed with {method}"), "zip it with deflate");
        }
        self.declared = self.declared.saturating_add(file.size());
        if file.is_dir() {
            return;
        }
        let executable = file.unix_mode().is_some_and(|mode| mode & 0o100 != 0);
        let kind = if file.is_symlink() { EntryKind::Link } else { EntryKind::File { executable } };
        self.entries.push(Entry { path: name, size: file.size(), kind });
    }

    /// Unzips an entry into nothing: its checksum and its size must be what the zip claims.
    fn unzipped(&mut self, archive: &mut Archive, index: usize) {
        let (name, size, read) = match archive.by_index(index) {
            Ok(file) => {
                let (name, size) = (named(&file), file.size());
                // One byte more than claimed is enough to know.
                (name, size, io::copy(&mut file.take(size + 1), &mut io::sink()))
            }
            Err(error) => return self.refuse(&format!("#{index}"), &format!("cannot be read: {error}"), "zip it anew"),
        };
        match read {
            Ok(read) if read == size => {}
            Ok(_) => self.refuse(&name, "does not have the size that the zip claims", "zip it anew"),
            Err(error) => self.refuse(&name, &format!("is damaged: {error}"), "zip it anew"),
        }
    }
}

fn named<R: Read>(file: &ZipFile<'_, R>) -> String {
    file.name().map_or_else(|_| String::from_utf8_lossy(file.name_raw()).into_owned(), Cow::into_owned)
}

/// Why a path would land elsewhere than in the function's directory.
fn bad_path(name: &str) -> Option<&'static str> {
    let drive = name.as_bytes().get(1) == Some(&b':') && name.as_bytes()[0].is_ascii_alphabetic();
    if name.is_empty() || name.contains('\0') {
        Some("has no usable name")
    } else if name.contains('\\') {
        Some("is named with backslashes, which Lambda does not take for directories")
    } else if name.starts_with('/') || drive {
        Some("has an absolute path")
    } else if name.split('/').any(|part| part == "..") {
        Some("leads out of the package")
    } else {
        None
    }
}
