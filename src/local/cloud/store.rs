//! What the cloud keeps: one serialisable [`State`], and large bytes by their hash. On disk it is `cloud.json` beside
//! `blobs/`, replaced whole by rename, under a file lock, so that two processes see one cloud and a kill loses nothing.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::blobs::{self, Blobs, named};
use super::{acm, apigateway, ecr, iam, lambda, logs, route53, s3};

/// Everything but the bytes of objects and packages.
#[derive(Debug, Serialize, Deserialize)]
pub struct State {
    /// Counts the identifiers made up so far; each is drawn from it.
    pub serial: u64,
    pub acm: acm::State,
    pub apigateway: apigateway::State,
    #[serde(default)]
    pub ecr: ecr::State,
    pub iam: iam::State,
    pub lambda: lambda::State,
    pub logs: logs::State,
    pub route53: route53::State,
    pub s3: s3::State,
}

impl State {
    /// An account in which nothing was made yet, but for the hosted zone.
    pub fn new() -> State {
        State {
            serial: 0,
            acm: acm::State::default(),
            apigateway: apigateway::State::default(),
            ecr: ecr::State::default(),
            iam: iam::State::default(),
            lambda: lambda::State::default(),
            logs: logs::State::default(),
            route53: route53::State::with_zone(super::FIRST_ZONE),
            s3: s3::State::default(),
        }
    }
}

impl State {
    /// Does anything here consist of those bytes?
    pub fn uses(&self, blob: &str) -> bool {
        let versions = self.s3.buckets.values().flat_map(|bucket| bucket.objects.values().flatten());
        let parts = self.s3.uploads.values().flat_map(|upload| upload.parts.values());
        let functions = self.lambda.regions.values().flat_map(|functions| functions.values());
        let codes = functions.flat_map(|function| function.versions.values().chain([&function.latest]));
        versions.map(|version| &version.blob).any(|used| used == blob)
            || parts.map(|part| &part.blob).any(|used| used == blob)
            || codes.map(|version| &version.code.blob).any(|used| used == blob)
    }
}

impl Default for State {
    fn default() -> Self {
        State::new()
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) enum Kept {
    Memory { state: Box<State>, blobs: Blobs },
    Disk { directory: PathBuf, blobs: Blobs, lock: File },
}

impl Kept {
    pub fn in_memory() -> Kept {
        Kept::Memory { state: Box::new(State::new()), blobs: Blobs::Memory(Mutex::default()) }
    }

    pub fn open(directory: &Path) -> io::Result<Kept> {
        private_directory(directory)?;
        private_directory(&directory.join("blobs"))?;
        let lock = File::options().create(true).truncate(false).write(true).open(directory.join("lock"))?;
        // Whatever is wrong with it is told now, once, and not by every call that needs it.
        state_on_disk(directory)?;
        let blobs = Blobs::Directory(blobs::Directory::at(directory.join("blobs")));
        Ok(Kept::Disk { directory: directory.to_owned(), blobs, lock })
    }

    /// Files are replaced whole, so reading needs no lock.
    pub fn look<T>(&self, look: impl FnOnce(&State, &Blobs) -> T) -> io::Result<T> {
        match self {
            Kept::Memory { state, blobs } => Ok(look(state, blobs)),
            Kept::Disk { directory, blobs, .. } => Ok(look(&state_on_disk(directory)?.1, blobs)),
        }
    }

    pub fn transact<T>(&mut self, work: impl FnOnce(&mut State, &Blobs) -> T) -> io::Result<T> {
        match self {
            Kept::Memory { state, blobs } => Ok(work(state, blobs)),
            Kept::Disk { directory, blobs, lock } => {
                lock.lock()?;
                let done = on_disk(directory, blobs, work);
                lock.unlock()?;
                done
            }
        }
    }
}

/// When what is kept was written last, as far as that can be told without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stamp {
    Memory(u64),
    Disk { modified: Option<SystemTime>, length: u64, inode: u64 },
}

impl Stamp {
    pub fn of_disk(directory: &Path) -> Stamp {
        Stamp::of_file(&directory.join("cloud.json"))
    }

    pub fn of_file(file: &Path) -> Stamp {
        let metadata = fs::metadata(file);
        Stamp::Disk {
            modified: metadata.as_ref().ok().and_then(|metadata| metadata.modified().ok()),
            length: metadata.as_ref().map_or(0, fs::Metadata::len),
            inode: metadata.as_ref().map_or(0, inode),
        }
    }
}

#[cfg(unix)]
fn inode(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_: &fs::Metadata) -> u64 {
    0
}

/// What is kept, as bytes and as what they say. Only where there is no file at all, there is nothing yet.
fn state_on_disk(directory: &Path) -> io::Result<(Vec<u8>, State)> {
    let file = directory.join("cloud.json");
    match fs::read(&file) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok((Vec::new(), State::new())),
        Err(fault) => Err(named(&file, &fault)),
        Ok(bytes) => match serde_json::from_slice(&bytes) {
            Ok(state) => Ok((bytes, state)),
            Err(fault) => Err(named(&file, &fault.into())),
        },
    }
}

fn on_disk<T>(directory: &Path, blobs: &Blobs, work: impl FnOnce(&mut State, &Blobs) -> T) -> io::Result<T> {
    let (before, mut state) = state_on_disk(directory)?;
    drop(blobs.fault());
    let done = work(&mut state, blobs);
    if let Some(fault) = blobs.fault() {
        return Err(fault);
    }
    let after = serde_json::to_vec(&state)?;
    if after != before {
        let (partial, file) = (directory.join("cloud.json.partial"), directory.join("cloud.json"));
        let written = write_private(&partial, &after).and_then(|()| fs::rename(&partial, &file));
        written.map_err(|fault| {
            // On a full disk every byte counts.
            let _ = fs::remove_file(&partial);
            named(&partial, &fault)
        })?;
    }
    Ok(done)
}

/// The directory keeps others out already; a copy of the file does so by itself. It holds the API keys' values.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(bytes)
}

#[cfg(unix)]
fn private_directory(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn private_directory(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}
