//! What runs a handler on this machine: an interpreter found here with a small client of the Runtime API, or the
//! package's own `bootstrap`. Interpreters are asked once who they are, because what is on the PATH may be a shim that
//! needs the developer's environment; handlers run without that.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;
use tokio::sync::OnceCell;

use super::deployed::Deployed;
use super::outcome::Denied;
use super::process::Launch;

const PYTHON_CLIENT: &str = include_str!("client.py");
const NODE_CLIENT: &str = include_str!("client.mjs");
const R_CLIENT: &str = include_str!("client.R");

/// `POC_LOCAL_SITE_PACKAGES=use` lets Python handlers import whatever is installed on this machine. Otherwise they find
/// what is in their package and what AWS's runtime brings (boto3), so that a dependency nobody packaged is missing here,
/// too.
pub const USE_SITE_PACKAGES: &str = "POC_LOCAL_SITE_PACKAGES";

/// How long an interpreter may take to say who it is.
const PATIENCE: Duration = Duration::from_secs(30);

const PYTHON_PROBE: &str = "\
import json, os, sys
try:
    import awslambdaric.bootstrap
    client = True
except ImportError:
    client = False
print(json.dumps({'executable': sys.executable, 'version': list(sys.version_info[:3]), 'client': client}))";
const NODE_PROBE: &str = "console.log(JSON.stringify({executable: process.execPath, version: process.versions.node.split('.').map(Number)}))";
const R_PROBE: &str = "cat(sprintf('{\"executable\": \"%s\", \"version\": [%s, %s], \"client\": %s}', \
    file.path(R.home('bin'), 'Rscript'), R.version$major, sub('[.].*', '', R.version$minor), \
    tolower(requireNamespace('jsonlite', quietly = TRUE) && requireNamespace('httr', quietly = TRUE))))";

/// An interpreter of this machine, as it told itself.
#[derive(Clone, Debug, Deserialize)]
pub struct Interpreter {
    pub executable: PathBuf,
    version: Vec<u32>,
    /// Python: whether AWS's own runtime client can be imported. R: whether what ours needs can.
    #[serde(default)]
    client: bool,
}

impl Interpreter {
    fn told(&self) -> String {
        self.version.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
    }

    fn is(&self, major: u32, minor: u32) -> bool {
        self.version.starts_with(&[major, minor])
    }
}

/// What to start, and what to say about it.
pub struct Start {
    pub launch: Launch,
    /// `python:3.11.7`: what INIT_START tells.
    pub version: String,
    /// For the log, once: how this differs from AWS.
    pub note: Option<String>,
    /// Of the interpreter, for the PATH.
    pub path: Option<PathBuf>,
    /// Only for the client of ours, which takes it away again.
    pub environment: Vec<(String, OsString)>,
}

/// Why there is nothing to start.
pub enum NoStart {
    /// Not on this machine.
    Denied(Denied),
    /// Not in this package, which AWS finds out when it starts it.
    Entrypoint(String),
}

impl From<Denied> for NoStart {
    fn from(denied: Denied) -> NoStart {
        NoStart::Denied(denied)
    }
}

#[derive(Default)]
pub struct Runtimes {
    asked: Mutex<HashMap<String, Arc<OnceCell<Option<Interpreter>>>>>,
}

impl Runtimes {
    /// `home` is where our clients are written to.
    pub async fn start(&self, deployed: &Deployed, package: &Path, home: &Path) -> Result<Start, NoStart> {
        let runtime = deployed.configuration.runtime.as_str();
        match family(runtime) {
            Some(Family::Python { minor }) => Ok(self.python(deployed, minor, home).await?),
            Some(Family::Node) => Ok(self.node(deployed, home).await?),
            Some(Family::Provided) => self.provided(deployed, package, home).await,
            None => Err(Denied::runtime(format!(
                "The runtime {runtime} does not run on this machine. What runs here: python3.x, nodejs*.x, and provided.* \
                 with a bootstrap file (or an R handler, with Rscript)."
            ))
            .into()),
        }
    }

    async fn python(&self, deployed: &Deployed, minor: u32, home: &Path) -> Result<Start, Denied> {
        let Some(python) = self.any_python(minor).await else {
            let runtime = &deployed.configuration.runtime;
            return Err(Denied::runtime(format!("{runtime} needs Python 3.8 or newer on the PATH of this machine.")));
        };
        let note = (!python.is(3, minor)).then(|| {
            format!("python3.{minor} is not installed here; runs on {}.{}", python.version[0], python.version[1])
        });
        let client = written(home, "client.py", PYTHON_CLIENT)?;
        let shown = std::env::var_os(USE_SITE_PACKAGES).filter(|value| value == "use");
        let mut environment: Vec<(String, OsString)> =
            shown.map(|value| ("POC_SITE_PACKAGES".to_owned(), value)).into_iter().collect();
        if python.client {
            // Ours only prepares the way for it.
            environment.push(("POC_RUNTIME_CLIENT".to_owned(), "awslambdaric".into()));
        }
        let arguments = vec!["-s".into(), client.into()];
        Ok(Start {
            version: format!("python:{}", python.told()),
            path: python.executable.parent().map(Path::to_owned),
            launch: Launch { program: python.executable, arguments },
            note,
            environment,
        })
    }

    /// The one that is wanted, else what is here. Shims take half a second to answer, so the two likeliest are asked at
    /// the same time. (Nothing is remembered: what a shim leads to is changed without a trace in it.)
    async fn any_python(&self, minor: u32) -> Option<Interpreter> {
        let suits = |it: &Interpreter| it.version.as_slice() >= [3, 8].as_slice();
        let exact = format!("python3.{minor}");
        let mut exact = pin!(self.ask(&exact, "-c", PYTHON_PROBE));
        let mut usual = pin!(self.ask("python3", "-c", PYTHON_PROBE));
        let (exact, answered) = tokio::select! {
            biased;
            exact = exact.as_mut() => (exact, None),
            usual = usual.as_mut() => (exact.await, Some(usual)),
        };
        if exact.as_ref().is_some_and(suits) {
            return exact;
        }
        let usual = match answered {
            Some(usual) => usual,
            None => usual.await,
        };
        match usual.filter(suits) {
            Some(usual) => Some(usual),
            None => self.ask("python", "-c", PYTHON_PROBE).await.filter(suits),
        }
    }

    async fn node(&self, deployed: &Deployed, home: &Path) -> Result<Start, Denied> {
        let runtime = &deployed.configuration.runtime;
        let Some(node) = self.any_node().await else {
            return Err(Denied::runtime(format!("{runtime} needs Node.js 18 or newer on the PATH of this machine.")));
        };
        let wanted = runtime.trim_start_matches("nodejs").trim_end_matches(".x");
        let note = (node.version.first().map(u32::to_string).as_deref() != Some(wanted))
            .then(|| format!("{runtime} is not installed here; runs on Node.js {}", node.told()));
        let heap = deployed.configuration.memory_mb * 90 / 100;
        let arguments =
            vec![format!("--max-old-space-size={heap}").into(), written(home, "client.mjs", NODE_CLIENT)?.into()];
        Ok(Start {
            version: format!("nodejs:{}", node.told()),
            path: node.executable.parent().map(Path::to_owned),
            launch: Launch { program: node.executable, arguments },
            note,
            environment: Vec::new(),
        })
    }

    async fn any_node(&self) -> Option<Interpreter> {
        let node = self.ask("node", "-e", NODE_PROBE).await;
        node.filter(|node| node.version.first().is_some_and(|major| *major >= 18))
    }

    async fn provided(&self, deployed: &Deployed, package: &Path, home: &Path) -> Result<Start, NoStart> {
        let bootstrap = package.join("bootstrap");
        let version = deployed.configuration.runtime.replace('.', ":");
        if let Ok(metadata) = std::fs::metadata(&bootstrap) {
            if !metadata.is_file() || metadata.permissions().mode() & 0o111 == 0 {
                return Err(NoStart::Entrypoint("fork/exec /var/task/bootstrap: permission denied".to_owned()));
            }
            let launch = Launch { program: bootstrap, arguments: Vec::new() };
            return Ok(Start { launch, version, note: None, path: None, environment: Vec::new() });
        }
        let handler = &deployed.configuration.handler;
        let is_r = handler.rsplit_once('.').is_some_and(|(file, _)| package.join(format!("{file}.R")).is_file());
        if !is_r {
            let problem = "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]";
            return Err(NoStart::Entrypoint(problem.to_owned()));
        }
        let r = self.ask("Rscript", "-e", R_PROBE).await.filter(|r| r.client).ok_or_else(|| {
            Denied::runtime(format!(
                "The handler {handler} is in R. It runs here with Rscript on the PATH and the R packages jsonlite and \
                 httr; on AWS the package needs a bootstrap of its own."
            ))
        })?;
        Ok(Start {
            version: format!("R:{}", r.told()),
            note: Some("R runs without a bootstrap on this machine only; AWS needs one".to_owned()),
            path: r.executable.parent().map(Path::to_owned),
            launch: Launch { program: r.executable, arguments: vec![written(home, "client.R", R_CLIENT)?.into()] },
            environment: Vec::new(),
        })
    }

    /// Asked once, in the developer's environment.
    async fn ask(&self, name: &str, flag: &str, probe: &str) -> Option<Interpreter> {
        let cell = {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            asked.entry(name.to_owned()).or_default().clone()
        };
        cell.get_or_init(|| probed(name, flag, probe)).await.clone()
    }
}

async fn probed(name: &str, flag: &str, probe: &str) -> Option<Interpreter> {
    let mut command = Command::new(name);
    command.args([flag, probe]).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await.ok()?.ok()?;
    serde_json::from_slice(&output.stdout).ok()
}

/// What runs functions of `runtime` here, as it told itself, or what is missing; none where it is the package's own.
pub async fn interpreter_for(runtime: &str) -> Option<Result<String, String>> {
    let runtimes = Runtimes::default();
    match family(runtime)? {
        Family::Python { minor } => Some(match runtimes.any_python(minor).await {
            Some(python) => Ok(format!("Python {}", python.told())),
            None => Err("Python 3.8 or newer".to_owned()),
        }),
        Family::Node => Some(match runtimes.any_node().await {
            Some(node) => Ok(format!("Node.js {}", node.told())),
            None => Err("Node.js 18 or newer".to_owned()),
        }),
        Family::Provided => None,
    }
}

enum Family {
    Python { minor: u32 },
    Node,
    Provided,
}

fn family(runtime: &str) -> Option<Family> {
    if let Some(minor) = runtime.strip_prefix("python3.") {
        return Some(Family::Python { minor: minor.parse().ok()? });
    }
    if runtime.starts_with("nodejs") {
        return Some(Family::Node);
    }
    (runtime == "provided" || runtime.starts_with("provided.")).then_some(Family::Provided)
}

/// A client in a file: several versions of this program may share one home.
fn written(home: &Path, name: &str, text: &str) -> Result<PathBuf, Denied> {
    let write = || -> io::Result<PathBuf> {
        let directory = home.join(format!("runtime-{}", env!("CARGO_PKG_VERSION")));
        std::fs::DirBuilder::new().recursive(true).mode(0o755).create(&directory)?;
        let path = directory.join(name);
        if std::fs::read(&path).is_ok_and(|there| there == text.as_bytes()) {
            return Ok(path);
        }
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let partial = directory.join(format!("{name}.{}.{serial}.partial", std::process::id()));
        std::fs::write(&partial, text)?;
        std::fs::rename(&partial, &path)?;
        Ok(path)
    };
    write().map_err(|fault| Denied::service(format!("{name} cannot be written: {fault}")))
}
