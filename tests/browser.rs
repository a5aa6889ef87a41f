//! What people see of `poc dev` in a browser: the scripts of `tests/browser/` drive headless Chromium against the built
//! binary on a copy of the sample. Needs node, Chromium and `npm ci` in `tests/browser`; `.ci/run` sees to them.
#![cfg(unix)]

#[path = "support/sample.rs"]
mod sample;
#[path = "dev/server.rs"]
mod server;

use std::path::Path;
use std::process::Command;

use server::Dev;

/// Runs one script with node's test runner, which tells what failed.
fn in_browser(script: &str, dev: &Dev) {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    assert!(home.join("node_modules").exists(), "run `npm ci` in tests/browser first");
    let shots = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
    let ran = Command::new("node")
        .args(["--test", "--test-reporter=spec", script])
        .current_dir(home)
        .env("POC_ADDRESS", &dev.address)
        .env("POC_KEY", &dev.key)
        .env("POC_DIRECTORY", dev.path(""))
        .env("POC_SHOTS", shots)
        .output()
        .expect("node can be started");
    let told = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{script} failed\n{told}\n{}", String::from_utf8_lossy(&ran.stderr));
    assert!(!told.contains("tests 0\n"), "{script} has no test\n{told}");
}

#[test]
#[ignore = "needs node and Chromium"]
fn the_harness_bites() {
    in_browser("harness.test.mjs", &Dev::start(&["--no-watch"]));
}

#[test]
#[ignore = "needs node and Chromium"]
fn the_sample_s_page() {
    in_browser("site.test.mjs", &Dev::start(&[]));
}

#[test]
#[ignore = "needs node and Chromium"]
fn the_sample_s_page_at_its_limits() {
    let directory = server::sample();
    let file = directory.path().join("deploy.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text.replace("{ rate: 10, burst: 20 }", "{ rate: 0.01, burst: 2 }");
    let text = text.replace("{ limit: 500, period: day }", "{ limit: 5, period: month }");
    assert!(text.contains("burst: 2 }") && text.contains("limit: 5,"), "{text}");
    std::fs::write(&file, text).unwrap();
    in_browser("limits.test.mjs", &Dev::start_in(directory, &[]));
}

#[test]
#[ignore = "needs node and Chromium"]
fn the_page_of_the_api() {
    in_browser("page.test.mjs", &Dev::start(&[]));
}

#[test]
#[ignore = "needs node and Chromium"]
fn the_page_of_a_port_that_is_open_to_others() {
    in_browser("open.test.mjs", &Dev::start(&["--no-watch", "--host", "0.0.0.0"]));
}
