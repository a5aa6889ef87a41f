//! Log events, in a store of their own: they come with every invocation, and `cloud.json` is rewritten whole at each
//! change. On disk a stream is a file of JSON lines under `logs/REGION/GROUP/`, appended to under the group's lock.
//! What a group may hold is bounded; its oldest streams go first.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::local::cloud::store::hex;

/// Bytes and streams that a group may hold.
const GROUP_BYTES: u64 = 16 * 1024 * 1024;
const GROUP_STREAMS: usize = 500;
/// How often (in bytes of a stream) the bounds are looked at.
const LOOK_EVERY: u64 = 1024 * 1024;

#[derive(Clone, Debug, Default)]
pub struct Stream {
    /// Milliseconds since 1970, as everywhere here.
    pub created: u64,
    /// By time.
    pub events: Vec<Event>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub at: u64,
    pub received: u64,
    pub message: String,
}

/// The first line of a stream's file: file names cannot hold every stream name.
#[derive(Serialize, Deserialize)]
struct Header {
    stream: String,
    created: u64,
}

/// Whose log: region and group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupId {
    pub region: String,
    pub name: String,
}

pub enum LogStore {
    Memory(Mutex<BTreeMap<GroupId, BTreeMap<String, Stream>>>),
    Directory(PathBuf),
}

impl LogStore {
    pub fn in_memory() -> LogStore {
        LogStore::Memory(Mutex::default())
    }

    /// Appends to a stream, which is made where it is missing.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn append(&self, group: &GroupId, stream: &str, now: u64, events: &[Event]) -> io::Result<()> {
        match self {
            LogStore::Memory(kept) => {
                let mut kept = lock(kept);
                let streams = kept.entry(group.clone()).or_default();
                let kept =
                    streams.entry(stream.to_owned()).or_insert_with(|| Stream { created: now, events: Vec::new() });
                kept.events.extend_from_slice(events);
                kept.events.sort_by_key(|event| event.at);
                bound_memory(streams, stream);
                Ok(())
            }
            LogStore::Directory(root) => {
                let directory = group_directory(root, group);
                fs::create_dir_all(&directory)?;
                let _held = hold(&directory)?;
                append_to_file(&directory, stream, now, events)
            }
        }
    }

    /// Makes an empty stream; false when it is there already.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn create(&self, group: &GroupId, stream: &str, now: u64) -> io::Result<bool> {
        if self.stream(group, stream)?.is_some() {
            return Ok(false);
        }
        self.append(group, stream, now, &[])?;
        Ok(true)
    }

    /// # Errors
    /// When the file cannot be read.
    pub fn stream(&self, group: &GroupId, stream: &str) -> io::Result<Option<Stream>> {
        match self {
            LogStore::Memory(kept) => Ok(lock(kept).get(group).and_then(|streams| streams.get(stream)).cloned()),
            LogStore::Directory(root) => {
                Ok(read(&group_directory(root, group).join(file_name(stream)))?.map(|(_, stream)| stream))
            }
        }
    }

    /// Every stream of a group, by name.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub fn streams(&self, group: &GroupId) -> io::Result<BTreeMap<String, Stream>> {
        match self {
            LogStore::Memory(kept) => Ok(lock(kept).get(group).cloned().unwrap_or_default()),
            LogStore::Directory(root) => {
                let mut streams = BTreeMap::new();
                for file in files(&group_directory(root, group))? {
                    if let Some((name, stream)) = read(&file.path)? {
                        streams.insert(name, stream);
                    }
                }
                Ok(streams)
            }
        }
    }

    /// About how many bytes a group holds.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn size(&self, group: &GroupId) -> io::Result<u64> {
        match self {
            LogStore::Memory(kept) => Ok(lock(kept).get(group).map_or(0, |streams| streams.values().map(size).sum())),
            LogStore::Directory(root) => Ok(files(&group_directory(root, group))?.iter().map(|file| file.length).sum()),
        }
    }

    /// A group that is not there is deleted already.
    ///
    /// # Errors
    /// When the directory cannot be removed.
    pub fn delete_group(&self, group: &GroupId) -> io::Result<()> {
        match self {
            LogStore::Memory(kept) => {
                lock(kept).remove(group);
                Ok(())
            }
            LogStore::Directory(root) => gone(fs::remove_dir_all(group_directory(root, group))),
        }
    }

    /// # Errors
    /// When the file cannot be removed.
    pub fn delete_stream(&self, group: &GroupId, stream: &str) -> io::Result<()> {
        match self {
            LogStore::Memory(kept) => {
                lock(kept).get_mut(group).and_then(|streams| streams.remove(stream));
                Ok(())
            }
            LogStore::Directory(root) => gone(fs::remove_file(group_directory(root, group).join(file_name(stream)))),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => Err(fault),
        _ => Ok(()),
    }
}

fn size(stream: &Stream) -> u64 {
    stream.events.iter().map(|event| event.message.len() as u64).sum()
}

/// Takes whole streams away, the one that ended first before others, and then the older half of `current`.
fn bound_memory(streams: &mut BTreeMap<String, Stream>, current: &str) {
    loop {
        let total: u64 = streams.values().map(size).sum();
        if total <= GROUP_BYTES && streams.len() <= GROUP_STREAMS {
            return;
        }
        let last = |stream: &Stream| stream.events.last().map_or(stream.created, |event| event.at);
        let oldest = streams.iter().filter(|(name, _)| *name != current).min_by_key(|(_, stream)| last(stream));
        match oldest.map(|(name, _)| name.clone()) {
            Some(oldest) => {
                streams.remove(&oldest);
            }
            None => {
                let Some(stream) = streams.get_mut(current) else { return };
                let half = stream.events.len().div_ceil(2);
                stream.events.drain(..half);
            }
        }
    }
}

/// A name as one path component, recognisable where it is short.
fn component(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let mut told = String::new();
    for byte in name.bytes() {
        if plain(byte) { told.push(char::from(byte)) } else { told.push_str(&format!("%{byte:02x}")) }
    }
    if told.len() > 200 {
        told.truncate(120);
        told.push('+');
        told.push_str(&hex(&Sha256::digest(name)));
    }
    told
}

fn group_directory(root: &Path, group: &GroupId) -> PathBuf {
    root.join(component(&group.region)).join(component(&group.name))
}

fn file_name(stream: &str) -> String {
    format!("{}.jsonl", component(stream))
}

/// The group's lock, held until it is dropped: several processes may write to one cloud.
fn hold(directory: &Path) -> io::Result<File> {
    let held = File::options().create(true).truncate(false).write(true).open(directory.join("lock"))?;
    held.lock()?;
    Ok(held)
}

fn append_to_file(directory: &Path, stream: &str, now: u64, events: &[Event]) -> io::Result<()> {
    let path = directory.join(file_name(stream));
    let mut file = File::options().create(true).read(true).append(true).open(&path)?;
    let before = file.metadata()?.len();
    let mut lines = Vec::new();
    if before == 0 {
        line(&mut lines, &Header { stream: stream.to_owned(), created: now })?;
    } else if !ends_in_newline(&mut file)? {
        // A writer was killed in the middle of a line: that line is lost, the next one is not.
        lines.push(b'\n');
    }
    for event in events {
        line(&mut lines, event)?;
    }
    file.write_all(&lines)?;
    let after = before + lines.len() as u64;
    if before == 0 || before / LOOK_EVERY != after / LOOK_EVERY {
        bound_files(directory, &path)?;
    }
    Ok(())
}

fn line(lines: &mut Vec<u8>, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *lines, value)?;
    lines.push(b'\n');
    Ok(())
}

fn ends_in_newline(file: &mut File) -> io::Result<bool> {
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

struct StreamFile {
    path: PathBuf,
    length: u64,
    modified: Option<std::time::SystemTime>,
}

fn files(directory: &Path) -> io::Result<Vec<StreamFile>> {
    let entries = match fs::read_dir(directory) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        // One that went in the meantime is none.
        if path.extension().is_some_and(|extension| extension == "jsonl")
            && let Ok(metadata) = fs::metadata(&path)
        {
            found.push(StreamFile { path, length: metadata.len(), modified: metadata.modified().ok() });
        }
    }
    Ok(found)
}

fn bound_files(directory: &Path, current: &Path) -> io::Result<()> {
    let mut files = files(directory)?;
    files.sort_by_key(|file| file.modified);
    let mut total: u64 = files.iter().map(|file| file.length).sum();
    let mut count = files.len();
    for file in files.iter().filter(|file| file.path != current) {
        if total <= GROUP_BYTES && count <= GROUP_STREAMS {
            return Ok(());
        }
        gone(fs::remove_file(&file.path))?;
        total -= file.length;
        count -= 1;
    }
    if total > GROUP_BYTES { halve(current) } else { Ok(()) }
}

/// Leaves the header and the newer half of a stream.
fn halve(path: &Path) -> io::Result<()> {
    let bytes = fs::read(path)?;
    let newline = |from: usize| bytes[from..].iter().position(|byte| *byte == b'\n').map(|at| from + at + 1);
    let (Some(head), Some(tail)) = (newline(0), newline(bytes.len() / 2)) else { return Ok(()) };
    let partial = path.with_extension("partial");
    fs::write(&partial, [&bytes[..head], &bytes[tail.max(head)..]].concat())?;
    fs::rename(partial, path)
}

/// Name and content. Lines that are no events (cut off by a kill) are left out.
fn read(path: &Path) -> io::Result<Option<(String, Stream)>> {
    let bytes = match fs::read(path) {
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(None),
        bytes => bytes?,
    };
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let Some(header) = lines.next().and_then(|line| serde_json::from_slice::<Header>(line).ok()) else {
        return Ok(None);
    };
    let mut events: Vec<Event> = lines.filter_map(|line| serde_json::from_slice(line).ok()).collect();
    events.sort_by_key(|event| event.at);
    Ok(Some((header.stream, Stream { created: header.created, events })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group() -> GroupId {
        GroupId { region: "us-east-1".to_owned(), name: "/aws/lambda/f".to_owned() }
    }

    fn event(at: u64, message: &str) -> Event {
        Event { at, received: at, message: message.to_owned() }
    }

    fn stores() -> (tempfile::TempDir, [LogStore; 2]) {
        let directory = tempfile::tempdir().unwrap();
        let on_disk = LogStore::Directory(directory.path().join("logs"));
        (directory, [LogStore::in_memory(), on_disk])
    }

    #[test]
    fn what_was_appended_is_read_by_time() {
        let (_directory, stores) = stores();
        for store in stores {
            store.append(&group(), "2026/01/01/[1]ab", 1, &[event(2, "second\n"), event(1, "first\n")]).unwrap();
            store.append(&group(), "2026/01/01/[1]ab", 2, &[event(3, "third")]).unwrap();
            let streams = store.streams(&group()).unwrap();
            let told: Vec<&str> =
                streams["2026/01/01/[1]ab"].events.iter().map(|event| event.message.as_str()).collect();
            assert_eq!(told, ["first\n", "second\n", "third"]);
            assert_eq!(streams["2026/01/01/[1]ab"].created, 1);
            store.delete_group(&group()).unwrap();
            assert!(store.streams(&group()).unwrap().is_empty());
        }
    }

    #[test]
    fn two_writers_at_once_do_not_harm_each_other() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("logs");
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let root = root.clone();
                scope.spawn(move || {
                    let store = LogStore::Directory(root);
                    for at in 0..50 {
                        let message = format!("{writer}:{at}:{}", "x".repeat(20_000));
                        store.append(&group(), "s", 1, &[event(at, &message)]).unwrap();
                    }
                });
            }
        });
        let stream = LogStore::Directory(root).stream(&group(), "s").unwrap().unwrap();
        assert_eq!(stream.events.len(), 200);
        assert!(stream.events.iter().all(|event| event.message.len() > 20_000));
    }

    #[test]
    fn a_line_cut_off_by_a_kill_costs_only_itself() {
        let directory = tempfile::tempdir().unwrap();
        let store = LogStore::Directory(directory.path().to_owned());
        store.append(&group(), "s", 1, &[event(1, "whole")]).unwrap();
        let path = group_directory(directory.path(), &group()).join(file_name("s"));
        File::options().append(true).open(path).unwrap().write_all(b"{\"at\":2,\"rec").unwrap();
        store.append(&group(), "s", 1, &[event(3, "after")]).unwrap();
        let told = store.stream(&group(), "s").unwrap().unwrap().events;
        assert_eq!(told, [event(1, "whole"), event(3, "after")]);
    }

    #[test]
    fn a_group_stays_within_its_bounds_and_keeps_the_newest() {
        let (_directory, stores) = stores();
        for store in stores {
            let long = "x".repeat(100_000);
            for at in 0..400 {
                store.append(&group(), if at < 200 { "old" } else { "new" }, at, &[event(at, &long)]).unwrap();
            }
            assert!(store.size(&group()).unwrap() <= GROUP_BYTES + LOOK_EVERY + 200_000);
            let streams = store.streams(&group()).unwrap();
            assert_eq!(streams.keys().collect::<Vec<_>>(), ["new"]);
            assert_eq!(streams["new"].events.last().unwrap().at, 399);
        }
    }

    #[test]
    fn names_that_are_no_file_names_are_told_apart() {
        let (_directory, stores) = stores();
        let long = "/x".repeat(250);
        for store in stores {
            for name in ["../a", "..", "a/b", "a%2fb", long.as_str()] {
                let group = GroupId { region: "us-east-1".to_owned(), name: name.to_owned() };
                store.append(&group, name, 1, &[event(1, name)]).unwrap();
                assert_eq!(store.streams(&group).unwrap().keys().collect::<Vec<_>>(), [name]);
            }
        }
    }
}
