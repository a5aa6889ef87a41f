//! Large bytes by their hash: in memory, or each in a file of its own. Those in files are read and put together piece by
//! piece, so that a package of 250 MB is never held as a whole.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::store::hex;

/// Bytes by SHA-256 (hex), shared by S3 and Lambda.
pub enum Blobs {
    Memory(Mutex<BTreeMap<String, Bytes>>),
    Directory(Directory),
}

/// Files called by their hashes.
pub struct Directory {
    path: PathBuf,
    /// The first that could not be read or written: whoever asked was told in AWS's words, which have none for that.
    fault: Mutex<Option<io::Error>>,
}

impl Directory {
    pub fn at(path: PathBuf) -> Directory {
        Directory { path, fault: Mutex::default() }
    }

    fn file(&self, hash: &str) -> PathBuf {
        self.path.join(hash)
    }

    /// Notes what failed with `file`.
    fn minded<T>(&self, file: &Path, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|fault| {
            let named = || named(file, &fault);
            self.fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(named);
            named()
        })
    }
}

/// The fault, and what file it is of.
pub(super) fn named(file: &Path, fault: &io::Error) -> io::Error {
    io::Error::new(fault.kind(), format!("{}: {fault}", file.display()))
}

/// Bytes to be read from anywhere in them.
pub trait Source: Read + Seek + Send {}

impl<T: Read + Seek + Send> Source for T {}

impl Blobs {
    /// Keeps `bytes`; returns their hash.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn put(&self, bytes: &Bytes) -> io::Result<String> {
        let hash = hex(&Sha256::digest(bytes));
        match self {
            Blobs::Memory(kept) => {
                locked(kept).insert(hash.clone(), bytes.clone());
            }
            Blobs::Directory(directory) => {
                let path = directory.file(&hash);
                if !path.exists() {
                    let partial = directory.file(&format!("{hash}.{}.partial", std::process::id()));
                    let written = fs::write(&partial, bytes).and_then(|()| fs::rename(&partial, &path));
                    if written.is_err() {
                        let _ = fs::remove_file(&partial);
                    }
                    directory.minded(&path, written)?;
                }
            }
        }
        Ok(hash)
    }

    /// Keeps what those of `hashes` are one after the other; returns the hash of that.
    ///
    /// # Errors
    /// When one of them is gone, or the file cannot be written.
    pub fn join<'h>(&self, hashes: impl IntoIterator<Item = &'h str>) -> io::Result<String> {
        let mut hashes = hashes.into_iter();
        match self {
            Blobs::Memory(_) => {
                let whole = hashes.try_fold(Vec::new(), |mut whole, hash| {
                    whole.extend_from_slice(&self.get(hash).ok_or(io::ErrorKind::NotFound)?);
                    Ok::<_, io::Error>(whole)
                });
                self.put(&Bytes::from(whole?))
            }
            Blobs::Directory(directory) => {
                let partial = directory.file(&format!("joined.{}.partial", std::process::id()));
                let file = directory.minded(&partial, File::create(&partial))?;
                let mut whole = Hashing { file, hash: Sha256::new() };
                let joined = hashes.try_for_each(|hash| {
                    let part = directory.file(hash);
                    let copied = File::open(&part)
                        .and_then(|file| io::copy(&mut BufReader::with_capacity(1 << 16, file), &mut whole).map(drop));
                    directory.minded(&part, copied)
                });
                if joined.is_err() {
                    let _ = fs::remove_file(&partial);
                }
                joined?;
                let hash = hex(&whole.hash.finalize());
                directory.minded(&partial, fs::rename(&partial, directory.file(&hash)))?;
                Ok(hash)
            }
        }
    }

    pub fn get(&self, hash: &str) -> Option<Bytes> {
        match self {
            Blobs::Memory(kept) => locked(kept).get(hash).cloned(),
            Blobs::Directory(directory) => {
                let file = directory.file(hash);
                directory.minded(&file, fs::read(&file)).ok().map(Bytes::from)
            }
        }
    }

    /// A stretch of them, which must lie inside.
    pub fn stretch(&self, hash: &str, start: u64, end: u64) -> Option<Bytes> {
        let mut source = self.open(hash)?;
        let mut bytes = vec![0; usize::try_from(end.checked_sub(start)?).ok()?];
        let read = source.seek(SeekFrom::Start(start)).and_then(|_| source.read_exact(&mut bytes));
        match self {
            Blobs::Memory(_) => read.ok()?,
            Blobs::Directory(directory) => directory.minded(&directory.file(hash), read).ok()?,
        }
        Some(Bytes::from(bytes))
    }

    /// To be read without holding all of them.
    pub fn open(&self, hash: &str) -> Option<Box<dyn Source>> {
        match self {
            Blobs::Memory(kept) => Some(Box::new(Cursor::new(locked(kept).get(hash).cloned()?))),
            Blobs::Directory(directory) => {
                let file = directory.file(hash);
                Some(Box::new(BufReader::new(directory.minded(&file, File::open(&file)).ok()?)))
            }
        }
    }

    /// Forgets bytes that nothing consists of any more. What cannot be removed is only space.
    pub fn forget(&self, hash: &str) {
        match self {
            Blobs::Memory(kept) => drop(locked(kept).remove(hash)),
            Blobs::Directory(directory) => drop(fs::remove_file(directory.file(hash))),
        }
    }

    /// The file that holds those bytes, where there is one.
    pub fn path(&self, hash: &str) -> Option<PathBuf> {
        match self {
            Blobs::Memory(_) => None,
            Blobs::Directory(directory) => Some(directory.file(hash)),
        }
    }

    /// What could not be read or written since this was asked last.
    pub(super) fn fault(&self) -> Option<io::Error> {
        match self {
            Blobs::Memory(_) => None,
            Blobs::Directory(directory) => directory.fault.lock().unwrap_or_else(PoisonError::into_inner).take(),
        }
    }
}

fn locked(kept: &Mutex<BTreeMap<String, Bytes>>) -> MutexGuard<'_, BTreeMap<String, Bytes>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Hashes what is written.
struct Hashing {
    file: File,
    hash: Sha256,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
