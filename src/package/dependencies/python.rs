//! Python's libraries: wheels for Lambda's platform, fetched by uv where it is there and else by pip. Never built here:
//! what is compiled on this machine is for this machine.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::requirements::Requirements;
use super::tidy::tidy;
use super::{Tree, broken, machine, text};
use crate::package::process::{Done, Task, find, words};
use crate::package::{Broken, Failed, Key, Order, Silent, Watcher, Work};
use crate::spec::Fault;
use crate::spec::model::Architecture;

/// The C library of Amazon Linux 2023 and of Amazon Linux 2: 2.34 and 2.26. Runtimes from python3.12 on are of the
/// former.
const GLIBC_AL2023: u32 = 34;
const GLIBC_AL2: u32 = 26;
const FIRST_ON_AL2023: u32 = 12;
/// The oldest C library that wheels are built against by name, on each processor.
const OLDEST_X86_64: u32 = 5;
const OLDEST_ARM64: u32 = 17;

/// Settings of a person's that would send what is installed elsewhere.
const PIP_SETTINGS: [(&str, &str); 5] = [
    ("PIP_USER", "0"),
    ("PIP_REQUIRE_VIRTUALENV", "0"),
    ("PIP_NO_INPUT", "1"),
    ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
    ("PIP_NO_COLOR", "1"),
];

const PROBE: &str =
    "import platform, sys; print(sys.version_info[1], platform.machine(), sys.platform, sys.executable)";

/// Prints what `[project]` asks for, for a pip that reads no pyproject.toml.
const LIST: &str = "\
import sys
try:
    import tomllib
except ImportError:
    from pip._vendor import tomli as tomllib
with open(sys.argv[1], 'rb') as file:
    print('\\n'.join(tomllib.load(file).get('project', {}).get('dependencies', [])))";

pub(super) struct Python {
    list: PathBuf,
    kind: List,
    place: Place,
}

enum List {
    Requirements(Requirements),
    /// And whether uv.lock stands beside it.
    Project {
        locked: bool,
    },
}

/// Where the libraries will run.
enum Place {
    Lambda {
        minor: u32,
        architecture: Architecture,
    },
    /// On this machine, by this interpreter.
    Here {
        minor: u32,
        python: PathBuf,
    },
}

enum Installer {
    Uv(PathBuf),
    /// The program and its first arguments.
    Pip(Vec<OsString>),
}

impl Python {
    /// Nothing where the file asks for nothing.
    pub async fn of(list: &Path, minor: u32, order: &Order<'_>) -> Result<Option<Python>, Vec<Fault>> {
        let kind = if list.file_name().is_some_and(|name| name == "pyproject.toml") {
            let locked = list.with_file_name("uv.lock").is_file();
            if !asks(&text(list)) {
                return Ok(None);
            }
            List::Project { locked }
        } else {
            let read = Requirements::read(list)?;
            if read.count == 0 {
                return Ok(None);
            }
            List::Requirements(read)
        };
        let lambda = Place::Lambda { minor, architecture: order.function.architecture };
        let place = if order.here { here(minor, order.function.architecture).await.unwrap_or(lambda) } else { lambda };
        Ok(Some(Python { list: list.to_owned(), kind, place }))
    }

    pub fn key(&self) -> Key {
        let key = Key::new("python").and(self.target());
        // Where wheels come from decides which they are.
        let sources = [
            "PIP_INDEX_URL",
            "PIP_EXTRA_INDEX_URL",
            "UV_INDEX_URL",
            "UV_EXTRA_INDEX_URL",
            "UV_DEFAULT_INDEX",
            "UV_INDEX",
        ];
        let key = sources.iter().fold(key, |key, name| key.and(std::env::var(name).unwrap_or_default()));
        match &self.kind {
            List::Requirements(read) => key.and(read.key()),
            List::Project { .. } => key.and(text(&self.list)).and(text(&self.list.with_file_name("uv.lock"))),
        }
    }

    /// `python3.13 on arm64`.
    pub fn target(&self) -> String {
        match &self.place {
            Place::Lambda { minor, architecture } => format!("python3.{minor} on {}", machine(*architecture)),
            Place::Here { minor, .. } => format!("this machine's Python 3.{minor} ({})", std::env::consts::ARCH),
        }
    }

    /// Versions that another machine may choose otherwise.
    pub fn note(&self) -> Option<String> {
        let List::Requirements(read) = &self.kind else { return None };
        let (first, rest) = read.open.split_first()?;
        let more = match rest {
            [] => String::new(),
            rest => format!(" and {} more", rest.len()),
        };
        let list = self.list.display();
        Some(format!(
            "{list} leaves the version of {first}{more} open: another machine may package another one. \
             Pin what it has now with NAME==VERSION (`uv pip compile`, `pip freeze`)"
        ))
    }

    pub async fn fetch(&self, place: &Path, work: &Work, told: &dyn Watcher) -> Result<Tree, Failed> {
        let installer = self.installer().await?;
        let root = place.join("tree");
        let list = self.listed(&installer, place, work, told).await?;
        let task = match &installer {
            Installer::Uv(uv) => self.uv(uv, &root, &list),
            Installer::Pip(pip) => self.pip(pip, &root, &list),
        };
        let done = task.run(told).await?;
        if !done.status.success() {
            return Err(broken(work, &done.output, told, self.meant(&task, &done)));
        }
        std::fs::create_dir_all(&root).and_then(|()| tidy(&root)).map_err(|error| {
            let message = format!("what {} installed cannot be read: {error}", installer.name());
            Broken::new("dependencies_failed", message, "run the same command again")
        })?;
        Ok(Tree { root, without: &[] })
    }

    /// What would fetch them.
    pub async fn tool(&self) -> Result<&'static str, Broken> {
        self.installer().await.map(|installer| installer.name())
    }

    async fn installer(&self) -> Result<Installer, Broken> {
        if let Some(uv) = find("uv") {
            return Ok(Installer::Uv(uv));
        }
        let list = self.list.display();
        if let List::Project { locked: true } = &self.kind {
            let message = format!("{} is locked by uv.lock, which uv alone reads, and uv is not on the PATH", list);
            let next = "install uv (pip install uv), or write the locked versions down: uv export -o requirements.txt";
            return Err(Broken::new("no_installer", message, next));
        }
        let module = |python: &Path| vec![python.into(), "-m".into(), "pip".into()];
        let pip = match &self.place {
            Place::Here { python, .. } => Some(module(python)),
            Place::Lambda { .. } => find("pip").or_else(|| find("pip3")).map(|pip| vec![pip.into()]),
        };
        let pip = pip.or_else(|| find("python3").map(|python| module(&python)));
        if let Some(pip) = pip {
            let version = Task::new(&pip[0], Path::new(".")).args(&pip[1..]).arg("--version").run(&Silent).await;
            if version.is_ok_and(|done| done.status.success()) {
                return Ok(Installer::Pip(pip));
            }
        }
        let message = format!("{list} lists dependencies, and neither uv nor pip works here to fetch them");
        let next = "install uv or pip, or leave the dependencies out with `package: { dependencies: none }`";
        Err(Broken::new("no_installer", message, next))
    }

    /// The file to give to the installer.
    async fn listed(
        &self,
        installer: &Installer,
        place: &Path,
        work: &Work,
        told: &dyn Watcher,
    ) -> Result<PathBuf, Failed> {
        let written = place.join("requirements.txt");
        let task = match (&self.kind, installer) {
            (List::Project { locked: true }, Installer::Uv(uv)) => Task::new(uv, self.directory())
                .args(["export", "--frozen", "--no-dev", "--no-emit-project", "--color", "never"])
                .args(["--format", "requirements-txt", "--output-file"])
                .arg(&written),
            (List::Project { .. }, Installer::Pip(pip)) => {
                let python = match pip.as_slice() {
                    [python, _, _] => python.clone(),
                    _ => find("python3").unwrap_or_else(|| "python3".into()).into(),
                };
                Task::new(python, self.directory()).args(["-c", LIST]).arg(absolute(&self.list)).shown_as("python3")
            }
            _ => return Ok(absolute(&self.list)),
        };
        let done = task.run(told).await?;
        if !done.status.success() {
            let message = format!("{} cannot be read: `{}` {}", self.list.display(), task.shown(), words(done.status));
            let next = "mend what it says above, then run the same command again";
            return Err(broken(work, &done.output, told, Broken::new("dependencies_failed", message, next)));
        }
        if matches!(installer, Installer::Pip(_)) {
            std::fs::write(&written, &done.answer).map_err(|error| {
                Broken::new("cache_unusable", format!("{} cannot be written: {error}", written.display()), "make room")
            })?;
        }
        Ok(written)
    }

    fn uv(&self, uv: &Path, root: &Path, list: &Path) -> Task {
        let task = Task::new(uv, self.directory()).args(["pip", "install", "--target"]).arg(absolute(root));
        let task = match &self.place {
            Place::Lambda { minor, architecture } => {
                let (arch, glibc) = (tag(*architecture), glibc(*minor));
                // uv knows platforms by some versions of the C library only.
                let platform = if glibc == GLIBC_AL2023 { "manylinux_2_34" } else { "manylinux2014" };
                let task = task.arg("--python-platform").arg(format!("{arch}-{platform}"));
                task.arg("--python-version").arg(format!("3.{minor}"))
            }
            Place::Here { python, .. } => task.arg("--python").arg(python),
        };
        task.args(["--only-binary", ":all:", "--link-mode", "copy", "--no-progress", "--color", "never", "-r"])
            .arg(list)
    }

    fn pip(&self, pip: &[OsString], root: &Path, list: &Path) -> Task {
        let task =
            Task::new(&pip[0], self.directory()).args(&pip[1..]).args(["install", "--target"]).arg(absolute(root));
        let task = match &self.place {
            Place::Lambda { minor, architecture } => {
                let platforms = platforms(*minor, *architecture);
                let task = platforms.iter().fold(task, |task, platform| task.arg("--platform").arg(platform));
                task.args(["--implementation", "cp", "--python-version"]).arg(format!("3.{minor}"))
            }
            Place::Here { .. } => task,
        };
        let task = task.args(["--only-binary=:all:", "--no-compile", "--progress-bar", "off", "-r"]).arg(list);
        PIP_SETTINGS.iter().fold(task, |task, (name, value)| task.env(name, value))
    }

    fn directory(&self) -> &Path {
        self.list.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    /// What a failure means, as far as the tool's words tell.
    fn meant(&self, task: &Task, done: &Done) -> Broken {
        let (target, list, output) = (self.target(), self.list.display(), done.output.as_str());
        if let Some(name) = without_wheel(output) {
            let message = format!("{name} ({list}) has no wheel for {target}");
            let next = "require a version that has one, or, where there is none, try the other `architecture`, build a \
                        wheel and require its file, or deploy a container image (package.image)";
            return Broken::new("no_wheel", message, next);
        }
        let signs = [
            ("hash_mismatch", ["DO NOT MATCH THE HASHES", "Hash mismatch", "hash mismatch"]),
            ("index_unreachable", ["NewConnectionError", "error sending request", "name resolution"]),
        ];
        match signs.iter().find(|(_, signs)| signs.iter().any(|sign| output.contains(sign))) {
            Some(("hash_mismatch", _)) => Broken::new(
                "hash_mismatch",
                format!("a package of {list} is not the one that its hash tells"),
                "see above which; where the new one is right, write its hash into the file",
            ),
            Some((name, _)) => Broken::new(
                name,
                format!("the index of packages that {list} needs cannot be reached"),
                "check the network and the index's address, then run the same command again",
            ),
            None => Broken::new(
                "dependencies_failed",
                format!("`{}` {} for {list}", task.shown().split(" --").next().unwrap_or_default(), words(done.status)),
                "mend what it says above, then run the same command again",
            ),
        }
    }
}

impl Installer {
    fn name(&self) -> &'static str {
        match self {
            Installer::Uv(_) => "uv",
            Installer::Pip(_) => "pip",
        }
    }
}

/// The package that an installer found no wheel of. (pip says the same of a version that does not exist.)
fn without_wheel(output: &str) -> Option<String> {
    for line in output.lines() {
        let between = |before: &str, after: char| {
            let rest = line.split_once(before)?.1;
            Some(rest.split(after).next()?.trim().to_owned()).filter(|name| !name.is_empty())
        };
        let found =
            between("Because ", ' ').filter(|_| line.contains("no usable wheels") || line.contains("has no wheels"));
        let found = found.or_else(|| between("Wheels are required for `", '`'));
        let found = found.or_else(|| between("No matching distribution found for ", '('));
        if found.is_some() {
            return found;
        }
    }
    None
}

/// Does `[project]` list dependencies? Many a pyproject.toml only configures tools.
fn asks(text: &str) -> bool {
    let project = text.lines().map(str::trim).skip_while(|line| *line != "[project]").skip(1);
    let mut list = None::<String>;
    for line in project {
        let line = line.split('#').next().unwrap_or_default();
        match &mut list {
            None if line.starts_with('[') => return false,
            None => {
                let rest = line.strip_prefix("dependencies").map(str::trim_start);
                list = rest.and_then(|rest| rest.strip_prefix('=')).map(str::to_owned);
            }
            Some(list) => list.push_str(line),
        }
        // A bracket within quotes belongs to an extra, as in "a[b]": it follows a quote anyway.
        if let Some(list) = &list
            && list.contains(['"', '\'', ']'])
        {
            return list.contains(['"', '\'']);
        }
    }
    false
}

fn glibc(minor: u32) -> u32 {
    if minor >= FIRST_ON_AL2023 { GLIBC_AL2023 } else { GLIBC_AL2 }
}

fn tag(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86_64 => "x86_64",
        Architecture::Arm64 => "aarch64",
    }
}

/// Every name of a platform that Lambda's runs, the newest first. pip takes each by its word.
fn platforms(minor: u32, architecture: Architecture) -> Vec<String> {
    let arch = tag(architecture);
    let (oldest, old): (_, &[(u32, &str)]) = match architecture {
        Architecture::X86_64 => (OLDEST_X86_64, &[(17, "manylinux2014"), (12, "manylinux2010"), (5, "manylinux1")]),
        Architecture::Arm64 => (OLDEST_ARM64, &[(17, "manylinux2014")]),
    };
    let versions = (oldest..=glibc(minor)).rev();
    let named = versions.flat_map(|version| {
        let also = old.iter().filter(move |(of, _)| *of == version).map(|(_, name)| format!("{name}_{arch}"));
        [format!("manylinux_2_{version}_{arch}")].into_iter().chain(also)
    });
    named.collect()
}

/// Where the embedded cloud runs the function: nothing where wheels of Lambda's platform run here as well.
async fn here(minor: u32, architecture: Architecture) -> Option<Place> {
    let exact = format!("python3.{minor}");
    let (exact, usual) = tokio::join!(probe(&exact), probe("python3"));
    let Probed { minor: found, machine, system, python } = exact.or(usual)?;
    let same = found == minor && system == "linux" && machine == tag(architecture);
    (!same).then_some(Place::Here { minor: found, python })
}

struct Probed {
    minor: u32,
    machine: String,
    system: String,
    python: PathBuf,
}

async fn probe(name: &str) -> Option<Probed> {
    let program = find(name)?;
    let done = Task::new(program, Path::new(".")).args(["-c", PROBE]).run(&Silent).await.ok()?;
    let line = done.answer.lines().last().filter(|_| done.status.success())?.to_owned();
    let mut words = line.splitn(4, ' ');
    let minor = words.next()?.parse().ok()?;
    let (machine, system) = (words.next()?.to_owned(), words.next()?.to_owned());
    Some(Probed { minor, machine, system, python: words.next()?.into() })
}

/// Tools are run in another directory than this process is.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_go_down_from_lambdas_own() {
        let arm = platforms(13, Architecture::Arm64);
        assert_eq!(
            (arm.first().unwrap().as_str(), arm.last().unwrap().as_str()),
            ("manylinux_2_34_aarch64", "manylinux2014_aarch64")
        );
        let old = platforms(11, Architecture::X86_64);
        assert_eq!(
            (old.first().unwrap().as_str(), old.last().unwrap().as_str()),
            ("manylinux_2_26_x86_64", "manylinux1_x86_64")
        );
        assert!(old.contains(&"manylinux2010_x86_64".to_owned()) && !old.contains(&"manylinux_2_28_x86_64".to_owned()));
    }

    #[test]
    fn a_missing_wheel_is_told_from_what_uv_and_pip_say() {
        let told = |output: &str| without_wheel(output);
        let uv = "  cause: Because docopt==0.6.2 has no usable wheels and you require docopt==0.6.2, we can conclude";
        assert_eq!(told(uv).as_deref(), Some("docopt==0.6.2"));
        let hint = "hint: Wheels are required for `docopt` because building from source is disabled for all packages";
        assert_eq!(told(hint).as_deref(), Some("docopt"));
        let pip = "ERROR: No matching distribution found for docopt==0.6.2 (from -r r.txt (line 1))";
        assert_eq!(told(pip).as_deref(), Some("docopt==0.6.2"));
        assert_eq!(told("error: Failed to fetch"), None);
    }

    #[test]
    fn a_pyproject_of_tools_alone_asks_for_nothing() {
        assert!(asks("[project]\nname = \"a\"\ndependencies = [\"six\"]\n"));
        assert!(asks("[project]\ndependencies = [\n  # none\n  \"six>=1\",\n]\nname = 'x'\n"));
        assert!(!asks("[project]\nname = \"a\"\ndependencies = []\nversion = \"1\"\n"));
        assert!(!asks("[tool.ruff]\ndependencies = [\"x\"]\n"));
        assert!(!asks("[project]\nname = \"a\"\n[project.optional-dependencies]\ndependencies = [\"x\"]\n"));
    }
}
