//! Large bytes by their hash: in memory, or each in a file of its own. Those in files are read and put together piece by
//! piece, so that a package of 250 MB is never held as a whole.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::store::hex;

/// Bytes by SHA-256 (hex), shared by S3 and Lambda.
pub enum Blobs {
    Memory(Mutex<BTreeMap<String, Bytes>>),
    Directory(PathBuf),
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
                let path = directory.join(&hash);
                if !path.exists() {
                    let partial = directory.join(format!("{hash}.{}.partial", std::process::id()));
                    fs::write(&partial, bytes)?;
                    fs::rename(partial, path)?;
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
                let partial = directory.join(format!("joined.{}.partial", std::process::id()));
                let mut whole = Hashing { file: File::create(&partial)?, hash: Sha256::new() };
                let joined = hashes.try_for_each(|hash| {
                    io::copy(&mut BufReader::with_capacity(1 << 16, File::open(directory.join(hash))?), &mut whole)
                        .map(drop)
                });
                if joined.is_err() {
                    let _ = fs::remove_file(&partial);
                }
                joined?;
                let hash = hex(&whole.hash.finalize());
                fs::rename(partial, directory.join(&hash))?;
                Ok(hash)
            }
        }
    }

    pub fn get(&self, hash: &str) -> Option<Bytes> {
        match self {
            Blobs::Memory(kept) => locked(kept).get(hash).cloned(),
            Blobs::Directory(directory) => fs::read(directory.join(hash)).ok().map(Bytes::from),
        }
    }

    /// A stretch of them, which must lie inside.
    pub fn stretch(&self, hash: &str, start: u64, end: u64) -> Option<Bytes> {
        let mut source = self.open(hash)?;
        source.seek(SeekFrom::Start(start)).ok()?;
        let mut bytes = vec![0; usize::try_from(end.checked_sub(start)?).ok()?];
        source.read_exact(&mut bytes).ok()?;
        Some(Bytes::from(bytes))
    }

    /// To be read without holding all of them.
    pub fn open(&self, hash: &str) -> Option<Box<dyn Source>> {
        match self {
            Blobs::Memory(kept) => Some(Box::new(Cursor::new(locked(kept).get(hash).cloned()?))),
            Blobs::Directory(directory) => Some(Box::new(BufReader::new(File::open(directory.join(hash)).ok()?))),
        }
    }

    /// Forgets bytes that nothing consists of any more. What cannot be removed is only space.
    pub fn forget(&self, hash: &str) {
        match self {
            Blobs::Memory(kept) => drop(locked(kept).remove(hash)),
            Blobs::Directory(directory) => drop(fs::remove_file(directory.join(hash))),
        }
    }

    /// The file that holds those bytes, where there is one.
    pub fn path(&self, hash: &str) -> Option<PathBuf> {
        match self {
            Blobs::Memory(_) => None,
            Blobs::Directory(directory) => Some(directory.join(hash)),
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
