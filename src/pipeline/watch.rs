//! Notices edits: of deploy.yaml, of the files it names, of the package. Directories are watched, not files, because
//! editors save by putting a new file in the place of the old one.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ignore::WalkBuilder;
use notify::event::{AccessKind, AccessMode, MetadataKind, ModifyKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::session::Sources;
use crate::package;

/// Saving one file takes an editor several steps, and saving all of them takes it a moment.
const QUIET: Duration = Duration::from_millis(60);
/// Edits that never pause are deployed all the same.
const AT_MOST: Duration = Duration::from_millis(600);

/// Made by programs, or large and none of ours: not looked into on the way to the files of a project.
const NOT_ENTERED: [&str; 6] = [".git", ".poc", "target", "node_modules", "__pycache__", ".venv"];
/// How far below deploy.yaml, and how many.
const DEPTH: usize = 6;
const DIRECTORIES: usize = 2_000;

pub(super) struct Watch {
    watcher: RecommendedWatcher,
    watched: BTreeSet<PathBuf>,
    edits: Arc<Notify>,
}

impl Watch {
    /// # Errors
    /// When the system has no room for another watcher.
    pub(super) fn new() -> notify::Result<Watch> {
        let edits = Arc::new(Notify::new());
        let tell = edits.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // An error means that edits may have been missed.
            if event.map_or(true, |event| is_edit(&event)) {
                tell.notify_one();
            }
        })?;
        Ok(Watch { watcher, watched: BTreeSet::new(), edits })
    }

    /// Watches the directories that matter now, and no others.
    ///
    /// # Errors
    /// When the system watches no more for this user.
    pub(super) fn follow(&mut self, file: &Path, sources: &Sources) -> notify::Result<()> {
        let wanted = directories(file, sources);
        for gone in self.watched.difference(&wanted) {
            // One that was removed is not watched any more.
            let _ = self.watcher.unwatch(gone);
        }
        self.watched = wanted;
        for directory in &self.watched {
            // Every time: a directory may have been removed and made again.
            match self.watcher.watch(directory, RecursiveMode::NonRecursive) {
                Err(error) if directory.is_dir() => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Counts as an edit.
    pub(super) fn look_again(&self) {
        self.edits.notify_one();
    }

    /// Done once something was edited and a moment has passed without another edit. What is edited while nobody waits
    /// here is noticed by the next who does.
    pub(super) async fn edited(&self) {
        self.edits.notified().await;
        let first = Instant::now();
        while first.elapsed() < AT_MOST && timeout(QUIET, self.edits.notified()).await.is_ok() {}
    }
}

fn directories(file: &Path, sources: &Sources) -> BTreeSet<PathBuf> {
    let parent = |path: &Path| match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut directories: BTreeSet<PathBuf> = project(&parent(file)).collect();
    directories.insert(parent(file));
    directories.extend(sources.files.iter().map(|path| parent(path)));
    directories.extend(package::directories(&sources.package));
    directories.retain(|directory| directory.is_dir());
    directories
}

/// Where files that deploy.yaml names, or will name, usually are.
fn project(root: &Path) -> impl Iterator<Item = PathBuf> {
    let entered = |name: &OsStr| !NOT_ENTERED.iter().any(|not| name == *not);
    WalkBuilder::new(root)
        .parents(false)
        .require_git(false)
        .git_global(false)
        .max_depth(Some(DEPTH))
        .filter_entry(move |entry| entry.file_type().is_some_and(|kind| kind.is_dir()) && entered(entry.file_name()))
        .build()
        .filter_map(Result::ok)
        .map(ignore::DirEntry::into_path)
        .take(DIRECTORIES)
}

/// Did a file change that may be one of ours? Reading is none, and neither is what editors keep for themselves.
fn is_edit(event: &Event) -> bool {
    let changed = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(MetadataKind::AccessTime)) => false,
        _ => true,
    };
    let ours = |path: &PathBuf| path.file_name().is_none_or(|name| !is_by_the_way(&name.to_string_lossy()));
    changed && (event.paths.is_empty() || event.paths.iter().any(ours))
}

/// Swap files, backups, and what programs make beside the sources.
fn is_by_the_way(name: &str) -> bool {
    let swap = name.starts_with('.') && name.rsplit('.').next().is_some_and(|end| end.starts_with("sw"));
    let emacs = name.starts_with(".#") || (name.starts_with('#') && name.ends_with('#'));
    // Vim tries whether it can write with a file of that name.
    swap || emacs || name.ends_with('~') || name == "4913" || NOT_ENTERED.contains(&name)
}

#[cfg(test)]
mod tests {
    use notify::event::{CreateKind, DataChange, RenameMode};

    use super::*;

    fn edit(kind: EventKind, path: &str) -> bool {
        is_edit(&Event::new(kind).add_path(PathBuf::from(path)))
    }

    #[test]
    fn edits_are_told_from_everything_else() {
        let written = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        assert!(edit(written, "/p/app/handler.py"));
        assert!(edit(EventKind::Modify(ModifyKind::Name(RenameMode::To)), "/p/deploy.yaml"));
        assert!(edit(EventKind::Create(CreateKind::Folder), "/p/app/models"));
        assert!(edit(EventKind::Access(AccessKind::Close(AccessMode::Write)), "/p/deploy.yaml"));
        assert!(!edit(EventKind::Access(AccessKind::Open(AccessMode::Any)), "/p/deploy.yaml"));
        for name in [".handler.py.swp", ".handler.py.swx", "handler.py~", "4913", ".#handler.py", "#a#", "__pycache__"]
        {
            assert!(!edit(written, &format!("/p/app/{name}")), "{name}");
        }
        assert!(edit(written, "/p/templates/.hidden.vtl"));
    }

    #[test]
    fn a_project_is_watched_without_what_programs_make() {
        let root = tempfile::TempDir::new().unwrap();
        for path in ["app/models", "app/__pycache__", "templates/a", ".poc/local", "target/debug", "node_modules/x"] {
            std::fs::create_dir_all(root.path().join(path)).unwrap();
        }
        std::fs::write(root.path().join("app/handler.py"), "").unwrap();
        let package = crate::spec::model::PackageSource::Directory { path: root.path().join("app"), ignore: vec![] };
        let sources = Sources { files: vec![root.path().join("templates/a/b.vtl")], package };
        let found = directories(&root.path().join("deploy.yaml"), &sources);
        let found: Vec<&Path> = found.iter().map(|path| path.strip_prefix(root.path()).unwrap()).collect();
        assert_eq!(found, ["", "app", "app/models", "templates", "templates/a"].map(Path::new));
    }
}
