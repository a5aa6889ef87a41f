//! The real tools against the real registries: `cargo test --test cli network -- --ignored`. Needs the network, pip and
//! npm; uv too, where it is on the PATH.

use std::fs;
use std::path::Path;
use std::process::Command;

use zip::ZipArchive;

use crate::packages::names;
use crate::{Desk, Ran};

/// This machine's own environment: tools find their settings and caches in it.
fn poc(desk: &Desk, arguments: &[&str], without_uv: bool) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_poc"));
    command.args(arguments).current_dir(desk.directory.path()).env("COLUMNS", "100");
    if without_uv {
        let path = std::env::var_os("PATH").unwrap();
        let kept = std::env::split_paths(&path).filter(|directory| !directory.join("uv").is_file());
        command.env("PATH", std::env::join_paths(kept).unwrap());
    }
    Ran::of(command.output().unwrap())
}

/// `e_machine` of an ELF file.
fn machine(zip: &Path, name: &str) -> u16 {
    use std::io::Read;
    let mut archive = ZipArchive::new(fs::File::open(zip).unwrap()).unwrap();
    let mut head = [0; 20];
    archive.by_name(name).unwrap().read_exact(&mut head).unwrap();
    assert_eq!(&head[..4], b"\x7fELF", "{name}");
    u16::from_le_bytes([head[18], head[19]])
}

const AARCH64: u16 = 183;
const X86_64: u16 = 62;

#[test]
#[ignore = "needs the network"]
fn network_wheels_are_of_lambdas_platform_and_the_same_by_every_installer() {
    let desk = Desk::new();
    fs::write(desk.directory.path().join("app/requirements.txt"), "six==1.16.0\nmarkupsafe==3.0.2\n").unwrap();
    desk.edit("deploy.yaml", "runtime: python3.13", "runtime: python3.13\n  architecture: arm64");
    let zip = desk.directory.path().join("out.zip");
    let by =
        |without_uv| poc(&desk, &["package", "--json", "--rebuild", "--output", "out.zip"], without_uv).exits(0).json();
    let by_pip = by(true);
    let compiled = "markupsafe/_speedups.cpython-313-aarch64-linux-gnu.so";
    let found = names(&zip);
    assert!(found.contains(&compiled.to_owned()) && found.contains(&"six.py".to_owned()), "{found:?}");
    assert_eq!(machine(&zip, compiled), AARCH64);
    // Where uv is there, its package is the same.
    assert_eq!(by(false)["zip"]["sha256"], by_pip["zip"]["sha256"]);

    desk.edit("deploy.yaml", "architecture: arm64", "architecture: x86_64");
    by(true);
    assert_eq!(machine(&zip, "markupsafe/_speedups.cpython-313-x86_64-linux-gnu.so"), X86_64);

    // 2.1.5 has wheels, but none of this Python.
    fs::write(desk.directory.path().join("app/requirements.txt"), "markupsafe==2.1.5\n").unwrap();
    for without_uv in [true, false] {
        let ran = poc(&desk, &["package"], without_uv).exits(1);
        assert!(
            ran.err.contains("markupsafe==2.1.5 (app/requirements.txt) has no wheel for python3.13"),
            "{}",
            ran.err
        );
    }
    let wrong = "six==1.16.0 --hash=sha256:0000000000000000000000000000000000000000000000000000000000000000\n";
    fs::write(desk.directory.path().join("app/requirements.txt"), wrong).unwrap();
    for without_uv in [true, false] {
        let ran = poc(&desk, &["package"], without_uv).exits(1);
        assert!(
            ran.err.contains("a package of app/requirements.txt is not the one that its hash tells"),
            "{}",
            ran.err
        );
    }
}

#[test]
#[ignore = "needs the network"]
fn network_a_compiled_library_is_imported_here() {
    let desk = Desk::new();
    fs::write(desk.directory.path().join("app/requirements.txt"), "markupsafe==3.0.2\n").unwrap();
    let handler = "import markupsafe._speedups\n\n\ndef lambda_handler(event, context):\n    \
                   return {'result': str(markupsafe.escape('<')) == '&lt;'}\n";
    fs::write(desk.directory.path().join("app/handler.py"), handler).unwrap();
    desk.edit("deploy.yaml", "  - { get: \"/admit?gre=abc&gpa=4&rank=1\", expect: { status: 400 } }\n", "");
    // Whichever the processor and the Python of this machine are.
    desk.edit("deploy.yaml", "runtime: python3.13", "runtime: python3.12\n  architecture: arm64");
    let ran = poc(&desk, &["deploy", "--local", "--yes"], true).exits(0);
    assert!(ran.err.contains("2 checks passed"), "{}", ran.err);
}

#[test]
#[ignore = "needs the network"]
fn network_npm_fetches_for_the_other_processor() {
    let desk = Desk::new();
    desk.edit("deploy.yaml", "runtime: python3.13", "runtime: nodejs22.x\n  architecture: arm64");
    desk.edit("deploy.yaml", "handler.lambda_handler", "index.handler");
    let put = |path: &str, text: &str| fs::write(desk.directory.path().join("app").join(path), text).unwrap();
    put("index.js", "exports.handler = async () => ({})\n");
    put(
        "package.json",
        r#"{"name": "a", "version": "1.0.0", "dependencies": {"is-odd": "3.0.1"}, "devDependencies": {"is-even": "1.0.0"},
            "optionalDependencies": {"@img/sharp-linux-arm64": "0.33.5", "@img/sharp-linux-x64": "0.33.5"}}"#,
    );
    let locked = Command::new("npm")
        .args(["install", "--package-lock-only", "--silent"])
        .current_dir(desk.directory.path().join("app"))
        .status();
    assert!(locked.unwrap().success());
    poc(&desk, &["package", "--output", "out.zip"], false).exits(0);
    let zip = desk.directory.path().join("out.zip");
    let has = |part: &str| names(&zip).iter().any(|name| name.contains(part));
    assert!(has("node_modules/is-odd/") && has("node_modules/@img/sharp-linux-arm64/"));
    assert!(!has("is-even") && !has("sharp-linux-x64") && !has(".package-lock.json"));
    assert_eq!(machine(&zip, "node_modules/@img/sharp-linux-arm64/lib/sharp-linux-arm64.node"), AARCH64);
}

#[test]
#[ignore = "needs the network and cargo-lambda"]
fn network_rust_is_built_by_cargo_lambda_and_answers() {
    let desk = Desk::new();
    poc(&desk, &["init", "flats", "--template", "rust", "--yes"], false).exits(0);
    let file = ["--file", "flats/deploy.yaml"];
    poc(&desk, &[&["package", "--output", "out.zip"][..], &file].concat(), false).exits(0);
    let zip = desk.directory.path().join("out.zip");
    let wanted = if cfg!(target_arch = "aarch64") { AARCH64 } else { X86_64 };
    assert_eq!((names(&zip), machine(&zip, "bootstrap")), (vec!["bootstrap".to_owned()], wanted));
    let ran = poc(&desk, &[&["deploy", "--local", "--yes", "--json"][..], &file].concat(), false).exits(0);
    assert_eq!(ran.last_event()["checks"], serde_json::json!({ "passed": 4, "failed": 0 }), "{}", ran.out);
}
