//! What took long to make, kept beside deploy.yaml under the hash of all it was made from. Nothing here is ever wrong to
//! delete.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::{Broken, hex};

/// How many large things of a kind are kept, and how many words; the newest.
const KEPT: usize = 5;
const WORDS: usize = 200;

/// The directories that are worked in, and after how long one is what a killed run left.
const WORK: &str = ".work-";
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// A directory that only its owner may look into.
pub(super) struct Cache {
    root: PathBuf,
}

/// A hash that grows by parts, each told apart from the next.
#[derive(Clone)]
pub(super) struct Key(Sha256);

impl Key {
    /// `kind` is part of it.
    pub fn new(kind: &str) -> Key {
        Key(Sha256::new()).and(kind)
    }

    pub fn and(mut self, part: impl AsRef<[u8]>) -> Key {
        let part = part.as_ref();
        self.0.update((part.len() as u64).to_be_bytes());
        self.0.update(part);
        self
    }

    pub fn done(self) -> String {
        hex(&self.0.finalize())
    }
}

impl Cache {
    pub fn at(root: &Path) -> Cache {
        Cache { root: root.to_owned() }
    }

    /// Where a thing of this kind and key is, or would be.
    fn path(&self, kind: &str, name: &str) -> PathBuf {
        self.root.join(kind).join(name)
    }

    /// The file, where it is kept. Using it keeps it from being among the first to go.
    pub fn file(&self, kind: &str, name: &str) -> Option<PathBuf> {
        let path = self.path(kind, name);
        let file = fs::File::options().append(true).open(&path).ok()?;
        // Its time is the order in which things go; where it cannot be set, they go in another.
        if let Ok(now) = newest(&self.root) {
            let _ = file.set_modified(now);
        }
        Some(path)
    }

    /// A private directory to work in, on the same file system as what is kept; it goes when dropped.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn workplace(&self) -> Result<TempDir, Broken> {
        let made = private(&self.root).and_then(|()| tempfile::Builder::new().prefix(WORK).tempdir_in(&self.root));
        self.clear_away();
        made.map_err(|error| self.unusable(&error))
    }

    /// Keeps the finished file at `made` under that name.
    ///
    /// # Errors
    /// When it cannot be moved there.
    pub fn keep(&self, kind: &str, name: &str, made: &Path) -> Result<PathBuf, Broken> {
        let path = self.path(kind, name);
        let kept = private(&self.root.join(kind)).and_then(|()| fs::rename(made, &path));
        kept.map_err(|error| self.unusable(&error))?;
        self.prune(kind, KEPT);
        Ok(path)
    }

    /// A word that is remembered.
    pub fn remembered(&self, kind: &str, name: &str) -> Option<String> {
        fs::read_to_string(self.path(kind, name)).ok()
    }

    /// # Errors
    /// When it cannot be written.
    pub fn remember(&self, kind: &str, name: &str, word: &str) -> Result<(), Broken> {
        let place = self.workplace()?;
        let made = place.path().join("word");
        fs::write(&made, word).map_err(|error| self.unusable(&error))?;
        let path = self.path(kind, name);
        let kept = private(&self.root.join(kind)).and_then(|()| fs::rename(&made, &path));
        kept.map_err(|error| self.unusable(&error))?;
        self.prune(kind, WORDS);
        Ok(())
    }

    /// What killed runs left.
    fn clear_away(&self) {
        let Ok(now) = newest(&self.root) else { return };
        for entry in fs::read_dir(&self.root).into_iter().flatten().flatten() {
            let modified = entry.metadata().and_then(|about| about.modified());
            let old = modified.is_ok_and(|then| now.duration_since(then).is_ok_and(|age| age > ABANDONED));
            if old && entry.file_name().to_string_lossy().starts_with(WORK) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    fn prune(&self, kind: &str, most: usize) {
        let entries = fs::read_dir(self.root.join(kind)).into_iter().flatten().flatten();
        let mut files: Vec<_> =
            entries.filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path()))).collect();
        files.sort();
        for (_, old) in files.iter().rev().skip(most) {
            let _ = fs::remove_file(old);
        }
    }

    fn unusable(&self, error: &io::Error) -> Broken {
        let message = format!("what was built cannot be kept in {}: {error}", self.root.display());
        Broken::new(
            "cache_unusable",
            message,
            "make room there, or mend its permissions; it may be deleted at any time",
        )
    }
}

/// The file system's own idea of now.
fn newest(root: &Path) -> io::Result<std::time::SystemTime> {
    tempfile::tempfile_in(root)?.metadata()?.modified()
}

fn private(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}
