//! Packages unpacked, once each, into directories named by their hash. A package is input from anywhere: nothing of it
//! may land outside its directory, and no zip may fill the disk. What is unpacked is read-only, as `/var/task` is.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::{Duration, SystemTime};

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use tokio::sync::OnceCell;
use zip::ZipArchive;

use crate::local::cloud::{Cloud, Source};

use super::outcome::Denied;

/// Bytes that a package may unpack to (`AWS_FACTS` D), and files in it.
const UNPACKED_LIMIT: u64 = 262_144_000;
const ENTRIES_LIMIT: usize = 100_000;
const DEEPEST: usize = 64;
/// So long a package that nobody needs is left where it is.
const YOUNG: Duration = Duration::from_secs(60 * 60);

/// Where packages are unpacked to, and which are.
pub struct Packages {
    home: Home,
    unpacked: Mutex<HashMap<String, Arc<OnceCell<PathBuf>>>>,
}

enum Home {
    /// Beside the cloud.
    Kept(PathBuf),
    /// Of a cloud in memory; made when it is needed, and goes with this.
    Private(Mutex<Option<PrivateDirectory>>),
}

impl Packages {
    pub fn of(cloud: &Cloud) -> Packages {
        let home = match cloud.directory() {
            Some(directory) => Home::Kept(directory.join("packages")),
            None => Home::Private(Mutex::default()),
        };
        Packages { home, unpacked: Mutex::default() }
    }

    /// The directory of everything here.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn home(&self) -> io::Result<PathBuf> {
        match &self.home {
            Home::Kept(path) => {
                fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
                // Handlers run in it with another working directory.
                path.canonicalize()
            }
            Home::Private(made) => {
                let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
                if made.is_none() {
                    *made = Some(PrivateDirectory::make("packages")?);
                }
                Ok(made.as_ref().map(|made| made.path.clone()).unwrap_or_default())
            }
        }
    }

    /// The package of that hash, unpacked.
    pub async fn directory(&self, cloud: &Cloud, hash: &str) -> Result<PathBuf, Denied> {
        let cell = {
            let mut unpacked = self.unpacked.lock().unwrap_or_else(PoisonError::into_inner);
            unpacked.entry(hash.to_owned()).or_default().clone()
        };
        let path = cell.get_or_try_init(|| self.unpack(cloud, hash)).await?.clone();
        if path.exists() {
            return Ok(path);
        }
        // Somebody cleared the cache.
        self.unpacked.lock().unwrap_or_else(PoisonError::into_inner).remove(hash);
        self.unpack(cloud, hash).await
    }

    /// The hashes of all packages that functions have.
    async fn used(&self, cloud: &Cloud) -> Option<BTreeSet<String>> {
        let look = cloud.look(|state, _| {
            let functions = state.lambda.regions.values().flat_map(|functions| functions.values());
            let versions = functions.flat_map(|function| function.versions.values().chain([&function.latest]));
            versions.map(|version| version.code.blob.clone()).collect()
        });
        look.await.ok()
    }

    async fn unpack(&self, cloud: &Cloud, hash: &str) -> Result<PathBuf, Denied> {
        let home = self.home().map_err(|fault| Denied::service(fault.to_string()))?;
        let path = home.join(hash);
        if path.exists() {
            return Ok(path);
        }
        let zip = cloud.look(|_, blobs| blobs.open(hash)).await.map_err(|fault| Denied::service(fault.to_string()))?;
        let zip = zip.ok_or_else(|| Denied::service("the package of this function is gone"))?;
        let (used, now) = (self.used(cloud).await, cloud.clock().now());
        let done = tokio::task::spawn_blocking(move || {
            unpack_once(zip, &path)?;
            if let Some(used) = used {
                clear(&home, &used, now);
            }
            Ok::<_, String>(path)
        });
        done.await
            .map_err(|fault| Denied::service(fault.to_string()))?
            .map_err(|problem| Denied::zip(format!("Lambda could not unzip the deployment package: {problem}")))
    }
}

/// Removes packages that no function has any more, but for young ones: another process may be about to run them. What
/// cannot be removed is only space.
fn clear(home: &Path, used: &BTreeSet<String>, now: SystemTime) {
    for entry in fs::read_dir(home).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_package = name.split('.').next().is_some_and(|hash| hash.len() == 64);
        let made = entry.metadata().and_then(|metadata| metadata.modified());
        let age = made.ok().and_then(|made| now.duration_since(made).ok());
        if is_package && !used.contains(&name) && age.is_some_and(|age| age > YOUNG) {
            let _ = remove(&entry.path());
        }
    }
}

/// Unpacks beside `path` and puts it in place at once: other processes may do the same at the same time.
fn unpack_once(zip: impl Source, path: &Path) -> Result<(), String> {
    static PARTIAL: AtomicU64 = AtomicU64::new(0);
    let serial = PARTIAL.fetch_add(1, Ordering::Relaxed);
    let partial = path.with_extension(format!("{}.{serial}.partial", std::process::id()));
    let unpacked = unpack(zip, &partial);
    let placed = unpacked.and_then(|()| match fs::rename(&partial, path) {
        Err(_) if path.exists() => remove(&partial).map_err(text),
        renamed => renamed.map_err(text),
    });
    if placed.is_err() {
        // What went wrong is told; what is left over is only space.
        let _ = remove(&partial);
    }
    placed
}

fn text(fault: impl std::fmt::Display) -> String {
    fault.to_string()
}

/// Unpacks a zip into `root`, which is made.
pub fn unpack(zip: impl Source, root: &Path) -> Result<(), String> {
    let mut archive = ZipArchive::new(zip).map_err(text)?;
    if archive.len() > ENTRIES_LIMIT {
        return Err(format!("it has {} entries, more than {ENTRIES_LIMIT}", archive.len()));
    }
    fs::DirBuilder::new().mode(0o755).create(root).map_err(text)?;
    let mut budget = UNPACKED_LIMIT;
    let mut links: Vec<(PathBuf, PathBuf)> = Vec::new();
    for at in 0..archive.len() {
        let entry = archive.by_index(at).map_err(text)?;
        let name = entry.name().map_err(text)?.into_owned();
        let inside = inside(&name)?;
        let path = root.join(&inside);
        match Kind::of(entry.unix_mode(), entry.is_dir(), &name)? {
            Kind::Directory => directories(&path)?,
            Kind::Link => {
                let target = link_target(entry, &name)?;
                check_link(&inside, &target, &name)?;
                links.push((inside, target));
            }
            Kind::File(mode) => {
                if let Some(parent) = path.parent() {
                    directories(parent)?;
                }
                file(entry, &path, mode, &mut budget).map_err(|problem| format!("{name}: {problem}"))?;
            }
        }
    }
    // Last of all, so that nothing was written through one of them.
    for (inside, target) in links {
        let path = root.join(&inside);
        if let Some(parent) = path.parent() {
            directories(parent)?;
        }
        std::os::unix::fs::symlink(&target, &path).map_err(|fault| format!("{}: {fault}", inside.display()))?;
    }
    read_only(root).map_err(text)
}

enum Kind {
    Directory,
    File(u32),
    Link,
}

impl Kind {
    fn of(mode: Option<u32>, is_dir: bool, name: &str) -> Result<Kind, String> {
        let mode = mode.unwrap_or(0o644);
        match mode & 0o170_000 {
            0o120_000 => Ok(Kind::Link),
            _ if is_dir => Ok(Kind::Directory),
            0o040_000 => Ok(Kind::Directory),
            0 | 0o100_000 => Ok(Kind::File(mode & 0o777)),
            _ => Err(format!("{name} is neither a file nor a directory")),
        }
    }
}

/// The entry's name as a path that stays inside.
fn inside(name: &str) -> Result<PathBuf, String> {
    let path = Path::new(name);
    let sound = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !sound || name.contains(['\0', '\\']) {
        return Err(format!("{name:?} is not a path inside the package"));
    }
    let path: PathBuf = path.components().filter(|part| matches!(part, Component::Normal(_))).collect();
    if path.as_os_str().is_empty() || path.components().count() > DEEPEST {
        return Err(format!("{name:?} is not a path inside the package"));
    }
    Ok(path)
}

fn link_target(entry: impl Read, name: &str) -> Result<PathBuf, String> {
    let mut target = String::new();
    let read = entry.take(4096).read_to_string(&mut target).map_err(|fault| format!("{name}: {fault}"))?;
    if read == 0 || target.contains('\0') { Err(format!("{name} links to nothing")) } else { Ok(target.into()) }
}

/// A link may lead up only as far as the package goes, and only at its beginning: then every hop of a chain of links
/// stays inside, whatever the others are.
fn check_link(inside: &Path, target: &Path, name: &str) -> Result<(), String> {
    let mut room = inside.components().count().saturating_sub(1);
    let mut climbing = true;
    for part in target.components() {
        let good = match part {
            Component::ParentDir if climbing && room > 0 => {
                room -= 1;
                true
            }
            Component::CurDir => true,
            Component::Normal(_) => {
                climbing = false;
                true
            }
            _ => false,
        };
        if !good {
            return Err(format!("{name} links to {}, outside the package", target.display()));
        }
    }
    Ok(())
}

fn directories(path: &Path) -> Result<(), String> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(path)
        .map_err(|fault| format!("{}: {fault}", path.display()))
}

/// Sizes that a zip states are not trusted: bytes are counted as they come.
fn file(mut entry: impl Read, path: &Path, mode: u32, budget: &mut u64) -> Result<(), String> {
    let mut file = File::options().write(true).create_new(true).open(path).map_err(text)?;
    let mut piece = vec![0; 64 * 1024];
    loop {
        let read = entry.read(&mut piece).map_err(text)?;
        if read == 0 {
            break;
        }
        *budget = budget
            .checked_sub(read as u64)
            .ok_or_else(|| format!("Unzipped size must be smaller than {UNPACKED_LIMIT} bytes"))?;
        file.write_all(&piece[..read]).map_err(text)?;
    }
    file.set_permissions(Permissions::from_mode(mode & 0o555 | 0o400)).map_err(text)
}

fn read_only(directory: &Path) -> io::Result<()> {
    each_directory(directory, &|path| fs::set_permissions(path, Permissions::from_mode(0o555)))
}

/// Removes a directory that is read-only inside.
fn remove(directory: &Path) -> io::Result<()> {
    each_directory(directory, &|path| fs::set_permissions(path, Permissions::from_mode(0o755)))?;
    fs::remove_dir_all(directory)
}

/// Links are not followed.
fn each_directory(directory: &Path, work: &dyn Fn(&Path) -> io::Result<()>) -> io::Result<()> {
    let mut inner = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            inner.push(entry.path());
        }
    }
    work(directory)?;
    inner.iter().try_for_each(|path| each_directory(path, work))
}

/// A directory under the system's own for temporary files, readable by nobody else, gone when this is dropped.
pub struct PrivateDirectory {
    pub path: PathBuf,
}

impl PrivateDirectory {
    /// # Errors
    /// When there is no place for it.
    pub fn make(purpose: &str) -> io::Result<PrivateDirectory> {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        static CLEARED: Once = Once::new();
        let base = std::env::temp_dir().canonicalize()?;
        CLEARED.call_once(|| clear_left_over(&base));
        loop {
            let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
            let path = base.join(format!("poc-{}-{serial}-{purpose}", std::process::id()));
            // One that is there already is left over from a process that was killed, or not ours at all.
            match fs::DirBuilder::new().mode(0o700).create(&path) {
                Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => {}
                made => return made.map(|()| PrivateDirectory { path }),
            }
        }
    }
}

/// Removes what processes left behind that were killed. What is somebody else's cannot be removed, and stays.
fn clear_left_over(base: &Path) {
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let parts: Vec<&str> = name.split('-').collect();
        let ["poc", process, _, "packages" | "sandbox"] = parts[..] else { continue };
        let gone = process.parse().ok().and_then(Pid::from_raw).map(test_kill_process);
        if gone.is_some_and(|found| found == Err(Errno::SRCH)) && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let _ = remove(&entry.path());
        }
    }
}

impl Drop for PrivateDirectory {
    fn drop(&mut self) {
        let _ = remove(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    struct Zip(ZipWriter<Cursor<Vec<u8>>>);

    impl Zip {
        fn new() -> Zip {
            Zip(ZipWriter::new(Cursor::new(Vec::new())))
        }

        fn file(mut self, name: &str, mode: u32, content: &[u8]) -> Zip {
            self.0.start_file(name, SimpleFileOptions::default().unix_permissions(mode)).unwrap();
            self.0.write_all(content).unwrap();
            self
        }

        fn link(mut self, name: &str, target: &str) -> Zip {
            self.0.add_symlink(name, target, SimpleFileOptions::default()).unwrap();
            self
        }

        fn unpack(self) -> (tempfile::TempDir, PathBuf, Result<(), String>) {
            let directory = tempfile::tempdir().unwrap();
            let root = directory.path().join("package");
            let unpacked = unpack(self.0.finish().unwrap(), &root);
            (directory, root, unpacked)
        }
    }

    #[test]
    fn files_keep_what_may_be_done_with_them_but_for_writing() {
        let zip = Zip::new().file("bin/bootstrap", 0o755, b"#!").file("bin/data", 0o644, b"d").link("b", "bin/data");
        let (_directory, root, unpacked) = zip.unpack();
        unpacked.unwrap();
        let mode = |path: &str| fs::metadata(root.join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("bin/bootstrap"), mode("bin/data"), mode("bin")), (0o555, 0o444, 0o555));
        assert_eq!(fs::read(root.join("b")).unwrap(), b"d");
        remove(&root).unwrap();
    }

    #[test]
    fn nothing_lands_outside() {
        for name in ["../evil", "a/../../evil", "/tmp/evil", "..", "a\\..\\..\\evil", "a/../b"] {
            let (directory, _, unpacked) = Zip::new().file(name, 0o644, b"evil").unpack();
            // The writer takes some of these apart itself; what is left of them must be inside.
            if unpacked.is_ok() {
                assert!(fs::read_dir(directory.path()).unwrap().count() == 1, "{name}");
            }
            assert!(inside(name).is_err(), "{name}");
        }
    }

    #[test]
    fn links_that_lead_out_are_refused() {
        for (name, target) in [
            ("out", "/etc/passwd"),
            ("out", ".."),
            ("out", "../x"),
            ("a/out", "../../x"),
            // Through another link, `..` would lead somewhere else than it seems.
            ("a/out", "b/../../x"),
        ] {
            let (_directory, _, unpacked) = Zip::new().file("a/b/c", 0o644, b"").link(name, target).unpack();
            assert!(unpacked.is_err_and(|problem| problem.contains("outside the package")), "{target}");
        }
        let (_directory, root, unpacked) = Zip::new().file("a/b/c", 0o644, b"in").link("a/up", "../a/b").unpack();
        unpacked.unwrap();
        assert_eq!(fs::read(root.join("a/up/c")).unwrap(), b"in");
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let (_directory, _, unpacked) =
            Zip::new().file("d/real", 0o644, b"").link("l", "d").file("l/new", 0o644, b"").unpack();
        assert!(unpacked.is_err());
    }

    #[test]
    fn a_bomb_is_stopped_while_it_inflates() {
        let mut zip = Zip::new();
        let zeros = vec![0; 1024 * 1024];
        for at in 0..2 {
            zip.0.start_file(format!("{at}"), SimpleFileOptions::default()).unwrap();
            for _ in 0..130 {
                zip.0.write_all(&zeros).unwrap();
            }
        }
        let (_directory, _, unpacked) = zip.unpack();
        assert!(unpacked.is_err_and(|problem| problem.contains("must be smaller than 262144000 bytes")));
    }

    #[test]
    fn packages_that_nobody_has_any_more_go_when_they_are_old() {
        let home = tempfile::tempdir().unwrap();
        let [used, old, other] = ["a", "b", "runtime"].map(|name| name.repeat(if name.len() == 1 { 64 } else { 1 }));
        for name in [&used, &old, &other] {
            fs::create_dir(home.path().join(name)).unwrap();
            fs::write(home.path().join(name).join("file"), "").unwrap();
            read_only(&home.path().join(name)).unwrap();
        }
        let made = fs::metadata(home.path().join(&old)).unwrap().modified().unwrap();
        let left = || fs::read_dir(home.path()).unwrap().count();
        clear(home.path(), &BTreeSet::from([used.clone()]), made + YOUNG);
        assert_eq!(left(), 3);
        clear(home.path(), &BTreeSet::from([used.clone()]), made + YOUNG + Duration::from_secs(60));
        assert_eq!(left(), 2);
        assert!(!home.path().join(old).exists());
        for name in [used, other] {
            remove(&home.path().join(name)).unwrap();
        }
    }

    #[test]
    fn what_a_killed_process_left_behind_is_removed() {
        let base = tempfile::tempdir().unwrap();
        let ours = format!("poc-{}-0-sandbox", std::process::id());
        // No process has this id: Linux gives out 4194304 of them, others fewer.
        for name in [ours.as_str(), "poc-999999999-0-sandbox", "poc-999999999-1-packages", "poc-999999999-notes"] {
            fs::create_dir_all(base.path().join(name).join("inner")).unwrap();
            read_only(&base.path().join(name)).unwrap();
        }
        clear_left_over(base.path());
        let left = |name: &str| base.path().join(name).exists();
        assert!(left(&ours) && left("poc-999999999-notes"));
        assert!(!left("poc-999999999-0-sandbox") && !left("poc-999999999-1-packages"));
        for name in [ours.as_str(), "poc-999999999-notes"] {
            remove(&base.path().join(name)).unwrap();
        }
    }

    #[test]
    fn devices_are_refused() {
        assert!(Kind::of(Some(0o020_666), false, "null").is_err());
        assert!(Kind::of(Some(0o010_666), false, "fifo").is_err());
        assert!(Kind::of(None, false, "plain").is_ok());
    }
}
