//! Node's libraries: what package-lock.json says, without what only development needs, for Lambda's platform. Scripts of
//! packages are not run: they would build for this machine.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Tree, broken, machine, text};
use crate::package::process::{Task, find, words};
use crate::package::{Broken, Failed, Key, Order, Watcher, Work, fault};
use crate::spec::Fault;
use crate::spec::model::Architecture;

const LOCKS: [&str; 2] = ["npm-shrinkwrap.json", "package-lock.json"];
const OTHERS: [(&str, &str); 3] = [
    ("yarn.lock", "yarn install --production"),
    ("pnpm-lock.yaml", "pnpm install --prod"),
    ("bun.lock", "bun install --production"),
];

pub(super) struct Node {
    list: PathBuf,
    lock: PathBuf,
    runtime: String,
    architecture: Architecture,
    /// The system and processor of this machine in place of Lambda's.
    here: Option<(&'static str, &'static str)>,
}

impl Node {
    /// Nothing where the file asks for nothing.
    pub fn of(list: &Path, order: &Order<'_>) -> Result<Option<Node>, Vec<Fault>> {
        let wrong = |code, message, help: &str| Err(vec![fault(code, "package.dependencies", message, help)]);
        let package: Value = match serde_json::from_str(&text(list)) {
            Ok(package) => package,
            Err(error) => {
                let message = format!("{} is not JSON: {error}", list.display());
                return wrong("bad_package_json", message, "mend it, or leave it out with `dependencies: none`");
            }
        };
        let has = |key: &str| package[key].as_object().is_some_and(|packages| !packages.is_empty());
        if !has("dependencies") && !has("optionalDependencies") {
            return Ok(None);
        }
        let Some(lock) = LOCKS.iter().map(|name| list.with_file_name(name)).find(|lock| lock.is_file()) else {
            let other = OTHERS.iter().find(|(name, _)| list.with_file_name(name).is_file());
            return match other {
                Some((name, command)) => {
                    let message = format!("{} has a {name} beside it, which npm does not read", list.display());
                    let help = format!(
                        "install with its own tool: `build: [\"{command}\"]` and `dependencies: none`, or make a \
                         package-lock.json: npm install --package-lock-only"
                    );
                    wrong("no_lock_file", message, &help)
                }
                None => {
                    let message = format!("{} lists dependencies, and no package-lock.json says which", list.display());
                    let help =
                        "make one with npm install --package-lock-only, or leave them out with `dependencies: none`";
                    wrong("no_lock_file", message, help)
                }
            };
        };
        if let Some(name) = linked(&text(&lock)) {
            let message = format!("{} links to {name}, a directory of this project", lock.display());
            let help = "publish it or pack it (npm pack), or install by `build: [\"npm ci --omit=dev\"]` and `dependencies: none`";
            return wrong("local_dependency", message, help);
        }
        let here = order.here.then(here).flatten();
        let here = here.filter(|here| *here != ("linux", cpu(order.function.architecture)));
        let (list, runtime) = (list.to_owned(), order.function.runtime.clone());
        Ok(Some(Node { list, lock, runtime, architecture: order.function.architecture, here }))
    }

    pub fn key(&self) -> Key {
        let settings = text(&self.list.with_file_name(".npmrc"));
        Key::new("node").and(self.target()).and(text(&self.list)).and(text(&self.lock)).and(settings)
    }

    pub fn target(&self) -> String {
        match self.here {
            Some((system, cpu)) => format!("this machine ({system}, {cpu})"),
            None => format!("{} on {}", self.runtime, machine(self.architecture)),
        }
    }

    pub async fn fetch(&self, place: &Path, work: &Work, told: &dyn Watcher) -> Result<Tree, Failed> {
        let root = place.join("tree");
        self.copied(&root).map_err(|error| {
            Broken::new("dependencies_failed", format!("{} cannot be copied: {error}", self.list.display()), "mend it")
        })?;
        let task = Task::new(npm(&self.list)?, &root).args([
            "ci",
            "--omit=dev",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
        ]);
        let task = match self.here {
            Some((system, cpu)) => task.arg(format!("--os={system}")).arg(format!("--cpu={cpu}")),
            None => task.args(["--os=linux", &format!("--cpu={}", cpu(self.architecture)), "--libc=glibc"]),
        };
        let task = task.env("NO_UPDATE_NOTIFIER", "1").env("NO_COLOR", "1").env("npm_config_progress", "false");
        let done = task.run(told).await?;
        if !done.status.success() {
            let list = self.list.display();
            let broke = match done.output.as_str() {
                output if output.contains("package.json and package-lock.json") && output.contains("in sync") => {
                    let message = format!("{list} and its lock file do not agree");
                    Broken::new("stale_lock_file", message, "run npm install, and keep the new package-lock.json")
                }
                output if output.contains("EINTEGRITY") => Broken::new(
                    "hash_mismatch",
                    format!("a package of {list} is not the one that its lock file tells"),
                    "see above which; where the new one is right, make the lock file anew",
                ),
                output if ["ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED"].iter().any(|code| output.contains(code)) => {
                    let next = "check the network and the registry's address, then run the same command again";
                    Broken::new("index_unreachable", format!("the registry that {list} needs cannot be reached"), next)
                }
                _ => Broken::new(
                    "dependencies_failed",
                    format!("`npm ci` {} for {list}", words(done.status)),
                    "mend what it says above, then run the same command again",
                ),
            };
            return Err(broken(work, &done.output, told, broke));
        }
        Ok(Tree { root, without: &["/*", "!/node_modules", "/node_modules/.package-lock.json"] })
    }

    /// What npm needs, where nothing of the project's can be in its way.
    fn copied(&self, root: &Path) -> std::io::Result<()> {
        fs::create_dir_all(root)?;
        fs::copy(&self.list, root.join("package.json"))?;
        fs::copy(&self.lock, root.join(self.lock.file_name().unwrap_or_default()))?;
        let settings = self.list.with_file_name(".npmrc");
        if settings.is_file() {
            fs::copy(settings, root.join(".npmrc"))?;
        }
        Ok(())
    }
}

/// The first package of the lock file that is a link to a directory.
fn linked(lock: &str) -> Option<String> {
    let lock: Value = serde_json::from_str(lock).ok()?;
    let packages = lock["packages"].as_object()?;
    let link = packages.iter().find(|(_, package)| package["link"] == true)?;
    Some(link.0.trim_start_matches("node_modules/").to_owned())
}

fn cpu(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86_64 => "x64",
        Architecture::Arm64 => "arm64",
    }
}

pub(super) fn npm(list: &Path) -> Result<PathBuf, Broken> {
    find("npm").ok_or_else(|| {
        let message = format!("{} lists dependencies, and npm is not on the PATH to fetch them", list.display());
        let next = "install Node.js with npm, or leave the dependencies out with `package: { dependencies: none }`";
        Broken::new("no_installer", message, next)
    })
}

/// This machine in npm's words.
fn here() -> Option<(&'static str, &'static str)> {
    let system = match std::env::consts::OS {
        "linux" => "linux",
        "macos" => "darwin",
        _ => return None,
    };
    match std::env::consts::ARCH {
        "x86_64" => Some((system, "x64")),
        "aarch64" => Some((system, "arm64")),
        _ => None,
    }
}
