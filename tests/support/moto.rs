//! The server that plays AWS: moto in a virtual environment under `target/`, on a free port and gone with the test, or
//! the one at `POC_ENDPOINT`.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::SdkConfig;
use aws_types::region::Region;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{sleep, timeout};

const VERSION: &str = "5.2.5";
pub const REGION: &str = "us-east-1";
/// What every emulator takes for credentials.
pub const KEY: &str = "test";

/// Serves until its parent's end of the pipe closes, so that it outlives no test, however that ends.
const SERVE: &str = "\
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
from moto.server import main
main(sys.argv[1:])
";

/// A foreign server is one for all tests; they take turns.
static TURN: Mutex<()> = Mutex::const_new(());

pub struct Server {
    pub endpoint: String,
    moto: Option<Child>,
    _turn: Option<MutexGuard<'static, ()>>,
}

impl Server {
    /// Answers requests when this returns.
    pub async fn start() -> Server {
        let server = match std::env::var("POC_ENDPOINT") {
            Ok(endpoint) => Server { endpoint, moto: None, _turn: Some(TURN.lock().await) },
            Err(_) => Server::moto(),
        };
        let sts = aws_sdk_sts::Client::new(&server.sdk());
        let answers = async {
            while sts.get_caller_identity().send().await.is_err() {
                sleep(Duration::from_millis(100)).await;
            }
        };
        timeout(Duration::from_secs(120), answers).await.unwrap_or_else(|_| panic!("{} is silent", server.endpoint));
        server
    }

    fn moto() -> Server {
        let python = python();
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap().port();
        let log = File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("moto-{port}.log"))).unwrap();
        let moto = Command::new(python)
            .args(["-c", SERVE, "-H", "127.0.0.1", "-p", &port.to_string()])
            .env("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
            .env("MOTO_ACM_VALIDATION_WAIT", "1")
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Server { endpoint: format!("http://127.0.0.1:{port}"), moto: Some(moto), _turn: None }
    }

    /// Moto, and no other: each has its gaps.
    pub fn is_moto(&self) -> bool {
        self.moto.is_some()
    }

    /// Settings for the SDK's own view of this cloud.
    pub fn sdk(&self) -> SdkConfig {
        let credentials = Credentials::new(KEY, KEY, None, None, "test");
        SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::v2026_01_12())
            .region(Region::new(REGION))
            .endpoint_url(&self.endpoint)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .time_source(aws_smithy_async::time::SystemTimeSource::new())
            .build()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(moto) = &mut self.moto {
            let _ = moto.kill();
            let _ = moto.wait();
        }
    }
}

/// The interpreter of a virtual environment that has moto; made once, and anew where an attempt was broken off.
fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("moto-venv");
        let (python, complete) = (venv.join("bin/python"), venv.join(format!("has-moto-{VERSION}")));
        if !complete.exists() {
            run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv));
            let moto = format!("moto[server]=={VERSION}");
            run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", &moto]));
            fs::write(&complete, "").unwrap();
        }
        python
    })
}

fn run(command: &mut Command) {
    let status = command.status().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(status.success(), "{command:?}: {status}");
}
