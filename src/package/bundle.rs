//! A part of the package that was made before: a zip whose entries go into the whole one as they are, without being
//! deflated again.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use super::{Entry, EntryKind};

pub(super) type Archive = ZipArchive<BufReader<File>>;

pub(super) struct Bundle {
    pub archive: Archive,
    /// In the order of the zip.
    pub entries: Vec<Entry>,
    /// The file that asked for it.
    pub list: PathBuf,
}

impl Bundle {
    /// # Errors
    /// When it is not a zip of ours.
    pub fn open(path: PathBuf, list: &Path) -> io::Result<Bundle> {
        let mut archive = ZipArchive::new(BufReader::new(File::open(path)?)).map_err(io::Error::from)?;
        let mut entries = Vec::with_capacity(archive.len());
        for at in 0..archive.len() {
            let file = archive.by_index_raw(at).map_err(io::Error::from)?;
            let name = file.name().map_err(io::Error::from)?.into_owned();
            let executable = file.unix_mode().is_some_and(|mode| mode & 0o100 != 0);
            let kind = if file.is_symlink() { EntryKind::Link } else { EntryKind::File { executable } };
            entries.push(Entry { path: name, size: file.size(), kind });
        }
        Ok(Bundle { archive, entries, list: list.to_owned() })
    }
}
