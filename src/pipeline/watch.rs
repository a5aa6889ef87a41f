//! Notices edits: of deploy.yaml, of the files it names, of the package and the site. Directories are watched, not files, because
//! editors save by putting a new file in the place of the old one.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ignore::WalkBuilder;
use notify::event::{AccessKind, AccessMode, MetadataKind, ModifyKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::session::Sources;
use crate::package::{self, Tree, site};
use crate::spec::Document;
use crate::spec::model::PackageSource;

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
    scope: Arc<Mutex<Scope>>,
    edits: Arc<Notify>,
}

/// What is ours among the files of the directories watched. A log that the project's directory holds is not.
#[derive(Default)]
struct Scope {
    /// deploy.yaml and what it named when it was read last.
    files: BTreeSet<PathBuf>,
    /// What the texts of deploy.yaml end in, as paths do: one may name a file that is still missing.
    named: BTreeSet<OsString>,
    /// Package and site.
    trees: Vec<Tree>,
    /// Files and directories elsewhere that decide what the package is.
    inputs: Vec<PathBuf>,
}

impl Watch {
    /// # Errors
    /// When the system has no room for another watcher.
    pub(super) fn new() -> notify::Result<Watch> {
        let (edits, scope) = (Arc::new(Notify::new()), Arc::new(Mutex::new(Scope::default())));
        let (tell, ours) = (edits.clone(), scope.clone());
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // An error means that edits may have been missed.
            let scope = ours.lock().unwrap_or_else(PoisonError::into_inner);
            if event.map_or(true, |event| scope.is_edit(&event)) {
                tell.notify_one();
            }
        })?;
        Ok(Watch { watcher, watched: BTreeSet::new(), scope, edits })
    }

    /// Watches the directories that matter now, and no others.
    ///
    /// # Errors
    /// When the system watches no more for this user.
    pub(super) fn follow(&mut self, file: &Path, sources: &Sources) -> notify::Result<()> {
        let scope = Scope::of(file, sources);
        let wanted = scope.directories(&canonical_parent(file));
        *self.scope.lock().unwrap_or_else(PoisonError::into_inner) = scope;
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

impl Scope {
    fn of(file: &Path, sources: &Sources) -> Scope {
        let zip = match &sources.package {
            PackageSource::Zip { path } => Some(path.as_path()),
            PackageSource::Directory { .. } | PackageSource::Image(_) => None,
        };
        let files = sources.files.iter().map(PathBuf::as_path).chain([file]).chain(zip);
        let files = files.filter_map(|path| Some(canonical_parent(path).join(path.file_name()?))).collect();
        // While its form is wrong it names nothing: no file that comes could mend that.
        let texts = Document::open(file).map(|document| document.files()).unwrap_or_default();
        let named = texts.iter().filter_map(|path| path.file_name()).map(OsStr::to_owned).collect();
        let trees = package::tree(&sources.package).into_iter().chain(sources.site.as_ref().map(site::tree));
        let inputs = sources.inputs.iter().filter_map(|path| Some(canonical_parent(path).join(path.file_name()?)));
        Scope { files, named, trees: trees.collect(), inputs: inputs.collect() }
    }

    fn directories(&self, root: &Path) -> BTreeSet<PathBuf> {
        let mut directories: BTreeSet<PathBuf> = project(root).collect();
        directories.insert(root.to_owned());
        directories.extend(self.files.iter().filter_map(|path| path.parent()).map(Path::to_owned));
        directories.extend(self.trees.iter().flat_map(Tree::directories));
        for input in &self.inputs {
            directories.extend(input.parent().map(Path::to_owned));
            directories.extend(project(input));
        }
        directories.retain(|directory| directory.is_dir());
        directories
    }

    /// Did a file change that is one of ours? Reading is none, and neither is what editors keep for themselves.
    fn is_edit(&self, event: &Event) -> bool {
        let changed = match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
            EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(MetadataKind::AccessTime)) => false,
            _ => true,
        };
        changed && (event.paths.is_empty() || event.paths.iter().any(|path| self.is_ours(path)))
    }

    fn is_ours(&self, path: &Path) -> bool {
        let Some(name) = path.file_name() else { return true };
        if is_by_the_way(&name.to_string_lossy()) {
            return false;
        }
        // A directory that is new may bring anything.
        self.files.contains(path)
            || self.named.contains(name)
            || path.is_dir()
            || self.trees.iter().any(|tree| tree.holds(path))
            || self.inputs.iter().any(|input| path.starts_with(input))
    }
}

/// The directory of a file that need not be there, as the system names it.
fn canonical_parent(path: &Path) -> PathBuf {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    parent.canonicalize().unwrap_or_else(|_| parent.to_owned())
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

    /// It holds `err`, `out` and `dev.log`, and names no file of these names.
    const DEPLOY: &str = "description: errors, without dev.log\n# what comes out\n\
                          templates: { application/json: templates/a/missing.vtl }";

    /// A project in a directory of its own, with a log and what programs make.
    fn project_scope() -> (tempfile::TempDir, PathBuf, Scope) {
        let directory = tempfile::TempDir::new().unwrap();
        let root = directory.path().canonicalize().unwrap();
        for path in ["app/models", "app/__pycache__", "templates/a", ".poc/local", "target/debug", "node_modules/x"] {
            std::fs::create_dir_all(root.join(path)).unwrap();
        }
        std::fs::write(root.join("deploy.yaml"), DEPLOY).unwrap();
        let package = PackageSource::Directory { path: root.join("app"), ignore: vec!["*.log".to_owned()] };
        let inputs = vec![root.join("shared"), root.join("base.txt")];
        let files = vec![root.join("templates/a/b.vtl")];
        let sources = Sources { files, package, site: None, inputs, builds: false };
        let scope = Scope::of(&root.join("deploy.yaml"), &sources);
        (directory, root, scope)
    }

    #[test]
    fn edits_are_told_from_everything_else() {
        let (_directory, root, scope) = project_scope();
        let edit = |kind: EventKind, path: &str| scope.is_edit(&Event::new(kind).add_path(root.join(path)));
        let written = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        for path in ["deploy.yaml", "app/handler.py", "app/models/m.bin", "app/.pocignore", "templates/a/b.vtl"] {
            assert!(edit(written, path), "{path}");
        }
        assert!(edit(written, "templates/a/missing.vtl"), "a file that deploy.yaml names and that was not there yet");
        assert!(edit(EventKind::Modify(ModifyKind::Name(RenameMode::To)), "deploy.yaml"));
        assert!(edit(EventKind::Create(CreateKind::Folder), "templates/a"));
        assert!(edit(EventKind::Access(AccessKind::Close(AccessMode::Write)), "deploy.yaml"));
        assert!(!edit(EventKind::Access(AccessKind::Open(AccessMode::Any)), "deploy.yaml"));
        for path in [
            "err",
            "out",
            "a",
            "vtl",
            "dev.log",
            "README.md",
            "app/requests.log",
            "app/__pycache__/handler.pyc",
            "app/__pycache__",
        ] {
            assert!(!edit(written, path), "{path}");
        }
        assert!(edit(written, "base.txt") && edit(written, "shared/a/b.py"), "what decides of the package");
        for name in [".handler.py.swp", ".handler.py.swx", "handler.py~", "4913", ".#handler.py", "#a#"] {
            assert!(!edit(written, &format!("app/{name}")), "{name}");
        }
    }

    #[test]
    fn a_project_is_watched_without_what_programs_make() {
        let (_directory, root, scope) = project_scope();
        let found = scope.directories(&root);
        let found: Vec<&Path> = found.iter().map(|path| path.strip_prefix(&root).unwrap()).collect();
        assert_eq!(found, ["", "app", "app/models", "templates", "templates/a"].map(Path::new));
    }
}
