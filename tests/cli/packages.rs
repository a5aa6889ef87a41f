//! Libraries beside the code, builds before it: with tools that stand for uv, pip, npm and cargo-lambda, and note how they
//! were called.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use zip::ZipArchive;

use crate::problems::{read, shown, shown_as};
use crate::{Desk, Ran};

/// A desk with tools of its own beside the system's.
pub struct Workshop {
    pub desk: Desk,
}

impl Workshop {
    pub fn new() -> Workshop {
        let workshop = Workshop { desk: Desk::new() };
        fs::create_dir(workshop.path("tools")).unwrap();
        fs::create_dir(workshop.path("wheels")).unwrap();
        // What scripts need, and none of the tools that the machine may have.
        for name in ["sh", "python3", "cat", "mkdir", "cp", "false", "date", "sleep", "chmod", "printf"] {
            symlink(found(name), workshop.path("tools").join(name)).unwrap();
        }
        workshop
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.desk.directory.path().join(path)
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        assert!(!path.is_symlink(), "{} is a link out of the test", path.display());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A program of that name.
    pub fn tool(&self, name: &str, script: &str) {
        // Put in place by a rename: a link to a program of this machine is replaced, never written through. And written by
        // another process: what this one holds open for writing cannot be run, nor while a child of another test's does.
        let write = "cat > \"$0.new\" && chmod 755 \"$0.new\" && mv -f \"$0.new\" \"$0\"";
        let mut shell = Command::new("/bin/sh");
        let mut shell =
            shell.args(["-c", write]).arg(self.path("tools").join(name)).stdin(Stdio::piped()).spawn().unwrap();
        shell.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        assert!(shell.wait().unwrap().success());
        assert!(!self.path("tools").join(name).is_symlink());
    }

    /// uv, pip: what installs wheels.
    pub fn installer(&self, name: &str) {
        self.tool(name, &format!("#!{}\n{}", found("python3").display(), include_str!("tools/wheels.py")));
    }

    /// A wheel of one module.
    pub fn wheel(&self, name: &str, version: &str, code: &str) {
        let path = self.path(&format!("wheels/{name}-{version}-py3-none-any.whl"));
        let mut zip = zip::ZipWriter::new(fs::File::create(path).unwrap());
        let info = format!("{name}-{version}.dist-info");
        let record = format!("{name}.py,sha256=x,1\n{info}/METADATA,sha256=y,1\n{info}/RECORD,,\n");
        for (path, text) in [
            (format!("{name}.py"), code.to_owned()),
            (format!("{info}/METADATA"), format!("Name: {name}\nVersion: {version}\n")),
            (format!("{info}/RECORD"), record),
        ] {
            zip.start_file(path, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
    }

    pub fn poc(&self, arguments: &[&str]) -> Ran {
        self.poc_with(arguments, &[])
    }

    pub fn poc_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
        let mut command = self.desk.command(arguments);
        command.env("PATH", self.path("tools")).env("TOOLS_LOG", self.path("log")).env("WHEELS", self.path("wheels"));
        Ran::of(command.envs(environment.iter().copied()).output().unwrap())
    }

    /// How the tools were called since the last look, with this directory left out.
    pub fn calls(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("log")).unwrap_or_default();
        let _ = fs::remove_file(self.path("log"));
        text.lines().map(|line| self.hidden(line)).collect()
    }

    /// Without what differs from run to run.
    pub fn hidden(&self, text: &str) -> String {
        let root = self.desk.directory.path();
        let real = root.canonicalize().unwrap();
        let text = text.replace(&format!("{}/", real.display()), "").replace(&format!("{}/", root.display()), "");
        let mut said = String::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find(".work-") {
            let (before, after) = rest.split_at(at);
            let end = after.find('/').unwrap_or(after.len());
            said += before;
            said += ".work";
            rest = &after[end..];
        }
        said + rest
    }

    pub fn packed(&self) -> Vec<String> {
        let zip = self.path("out.zip");
        self.poc(&["package", "--output", "out.zip"]).exits(0);
        names(&zip)
    }
}

pub fn names(zip: &Path) -> Vec<String> {
    let archive = ZipArchive::new(fs::File::open(zip).unwrap()).unwrap();
    archive.file_names().map(|name| name.unwrap().to_string()).collect()
}

/// A program of this machine, past any shim: those need the home that the desk takes away.
fn found(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let all = std::env::split_paths(&path).map(|directory| directory.join(name)).filter(|path| path.is_file());
    if name == "python3" {
        let asked = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output();
        return PathBuf::from(String::from_utf8(asked.unwrap().stdout).unwrap().trim());
    }
    all.into_iter().next().unwrap_or_else(|| panic!("there is no {name} on the PATH"))
}

#[test]
fn uv_is_asked_for_wheels_of_lambdas_platform() {
    let workshop = Workshop::new();
    workshop.installer("uv");
    workshop.installer("pip");
    workshop.wheel("greeting", "1.0", "WORD = 'hello'\n");
    workshop.write("app/requirements.txt", "greeting==1.0\n");
    let ran = workshop.poc(&["package"]).exits(0);
    let line = "  ✓ built    dependencies of app/requirements.txt for python3.13 on x86_64 (";
    assert!(ran.err.starts_with(line) && ran.err.lines().count() == 1, "{}", ran.err);
    insta::assert_snapshot!(workshop.calls().join("\n"), @"uv pip install --target .poc/cache/.work/tree --python-platform x86_64-manylinux_2_34 --python-version 3.13 --only-binary :all: --link-mode copy --no-progress --color never -r app/requirements.txt");

    // Kept: nothing is asked again, and the package is the same.
    let again = workshop.poc(&["package"]).exits(0);
    assert_eq!((again.out.as_str(), again.err.as_str()), (ran.out.as_str(), ""));
    assert_eq!(workshop.calls(), [""; 0]);
    assert_eq!(workshop.poc(&["package", "--rebuild"]).exits(0).out, ran.out);
    assert_eq!(workshop.calls().len(), 1);

    // Another platform, another set of wheels.
    workshop.desk.edit("deploy.yaml", "runtime: python3.13", "runtime: python3.11\n  architecture: arm64");
    workshop.poc(&["package"]).exits(0);
    insta::assert_snapshot!(workshop.calls().join("\n"), @"uv pip install --target .poc/cache/.work/tree --python-platform aarch64-manylinux2014 --python-version 3.11 --only-binary :all: --link-mode copy --no-progress --color never -r app/requirements.txt");
}

#[test]
fn pip_does_where_uv_is_not_and_the_package_is_the_same() {
    let workshop = Workshop::new();
    workshop.installer("pip");
    workshop.wheel("greeting", "1.0", "WORD = 'hello'\n");
    workshop.write("app/requirements.txt", "greeting==1.0\n");
    workshop.desk.edit("deploy.yaml", "runtime: python3.13", "runtime: python3.11\n  architecture: arm64");
    let by_pip = workshop.poc(&["package", "--json"]).exits(0).json();
    insta::assert_snapshot!(workshop.calls().join("\n"), @"pip install --target .poc/cache/.work/tree --platform manylinux_2_26_aarch64 --platform manylinux_2_25_aarch64 --platform manylinux_2_24_aarch64 --platform manylinux_2_23_aarch64 --platform manylinux_2_22_aarch64 --platform manylinux_2_21_aarch64 --platform manylinux_2_20_aarch64 --platform manylinux_2_19_aarch64 --platform manylinux_2_18_aarch64 --platform manylinux_2_17_aarch64 --platform manylinux2014_aarch64 --implementation cp --python-version 3.11 --only-binary=:all: --no-compile --progress-bar off -r app/requirements.txt");
    workshop.installer("uv");
    let by_uv = workshop.poc(&["package", "--json", "--rebuild"]).exits(0).json();
    assert!(workshop.calls()[0].starts_with("uv pip install"));
    assert_eq!(by_pip["zip"]["sha256"], by_uv["zip"]["sha256"]);
    assert_eq!(
        workshop.packed(),
        [
            "greeting-1.0.dist-info/METADATA",
            "greeting-1.0.dist-info/RECORD",
            "greeting.py",
            "handler.py",
            "requirements.txt"
        ]
    );
}

#[test]
fn a_handler_imports_what_was_packaged() {
    let workshop = Workshop::new();
    workshop.installer("uv");
    workshop.wheel("rule", "1.0", "def admitted(rank):\n    return rank == 1\n");
    workshop.write("app/requirements.txt", "rule==1.0\n");
    workshop.write(
        "app/handler.py",
        "import importlib.metadata\nimport rule\n\n\ndef lambda_handler(event, context):\n    \
         version = importlib.metadata.version('rule')\n    \
         return {'result': rule.admitted(int(event['rank'])), 'version': version}\n",
    );
    workshop.desk.edit(
        "deploy.yaml",
        "  - { get: \"/admit?gre=abc&gpa=4&rank=1\", expect: { status: 400 } }\n",
        "  - { get: \"/admit?gre=1&gpa=4&rank=1\", expect: { json: { version: \"1.0\" } } }\n",
    );
    let first = workshop.poc(&["deploy", "--local", "--yes"]).exits(0);
    assert!(first.err.contains("dependencies of app/requirements.txt"), "{}", first.err);
    assert!(first.err.contains("3 checks passed"), "{}", first.err);
    workshop.poc(&["test", "--local"]).exits(0);
    workshop.calls();
    let second = workshop.poc(&["deploy", "--local", "--yes", "--json"]).exits(0).last_event();
    assert_eq!((&second["outcome"], &second["writes"]), (&"unchanged".into(), &0.into()));
    assert_eq!(workshop.calls(), [""; 0], "an unchanged deploy fetches nothing");
    // The plan tells of new libraries as of new code.
    workshop.write("app/requirements.txt", "rule\n");
    workshop.wheel("rule", "2.0", "def admitted(rank):\n    return False\n");
    let planned = workshop.poc(&["plan", "--local", "--json"]).exits(0).json();
    assert_eq!(planned["steps"][0]["step"], "package");
    assert_eq!(planned["steps"][1]["changes"][0]["path"], "code");
}

#[test]
fn the_zip_that_is_written_is_the_one_that_is_uploaded() {
    let workshop = Workshop::new();
    workshop.installer("uv");
    workshop.wheel("greeting", "1.0", "");
    workshop.write("app/requirements.txt", "greeting==1.0\n");
    workshop.desk.edit("deploy.yaml", "runtime: python3.13", "runtime: python3.13\n  architecture: arm64");
    let told = workshop.poc(&["package", "--json", "--list", "--output", "out.zip"]).exits(0).json()["zip"].clone();
    let files: Vec<&str> = told["list"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(files, names(&workshop.path("out.zip")));
    assert_eq!(told["zipped_bytes"], fs::metadata(workshop.path("out.zip")).unwrap().len());
    // The same with --local: what is made here is for Lambda.
    let local = workshop.poc(&["package", "--json", "--local"]).exits(0).json();
    assert_eq!(local["zip"]["sha256"], told["sha256"]);
    let ran = workshop.poc(&["package", "--output", "nowhere/out.zip"]).exits(1);
    assert!(ran.err.contains("nowhere/out.zip cannot be written"), "{}", ran.err);
    // Taken as it stands, it is the same.
    workshop.desk.edit("deploy.yaml", "path: app", "path: out.zip");
    let ready = workshop.poc(&["package", "--json"]).exits(0).json();
    assert_eq!(ready["zip"]["sha256"], told["sha256"]);
}

#[test]
fn a_missing_wheel_is_told_with_what_helps() {
    let workshop = Workshop::new();
    workshop.write("app/requirements.txt", "docopt==0.6.2\n");
    for name in ["pip", "uv"] {
        workshop.installer(name);
        let ran = workshop.poc(&["deploy", "--local", "--yes"]).exits(1);
        assert!(ran.err.contains("docopt==0.6.2 (app/requirements.txt) has no wheel for"), "{name}: {}", ran.err);
    }
    let ran = workshop.poc(&["package"]).exits(1);
    insta::assert_snapshot!(workshop.hidden(&ran.err), @"
      ✗ failed   dependencies of app/requirements.txt for python3.13 on x86_64 (what it printed is
                 below)
          cause: Because docopt==0.6.2 has no usable wheels and you require docopt==0.6.2, we can conclude

    error: package: docopt==0.6.2 (app/requirements.txt) has no wheel for python3.13 on x86_64
     next: require a version that has one, or, where there is none, try the other `architecture`, build
           a wheel and require its file, or deploy a container image (package.image); nothing was sent
           to AWS
     more: poc explain no_wheel
    ");
    let problem = &workshop.poc(&["package", "--json"]).exits(1).json()["problem"];
    assert_eq!((&problem["kind"], &problem["resource"]), (&"no_wheel".into(), &"package".into()));
    shown(&read(problem));
}

#[test]
fn passwords_of_an_index_are_not_shown() {
    let workshop = Workshop::new();
    workshop.installer("uv");
    workshop.write("app/requirements.txt", "--index-url https://me:hushhush@pypi.example.com/simple\nabsent==1\n");
    let url = "https://you:hushhush@pypi.example.org/simple";
    let ran =
        workshop.poc_with(&["package", "-v"], &[("UV_INDEX_URL", url), ("INDEX_TOKEN", "hushhush-token")]).exits(1);
    assert!(ran.err.contains("Looking in indexes: https://(secret)@pypi.example.org/simple"), "{}", ran.err);
    assert!(!ran.err.contains("hushhush") && !ran.out.contains("hushhush"), "{}{}", ran.err, ran.out);
}

#[test]
fn without_an_installer_the_way_out_is_told() {
    let workshop = Workshop::new();
    // Its pip is not to be found either.
    workshop.tool("python3", "#!/bin/sh\nexit 1\n");
    workshop.write("app/requirements.txt", "six==1.16.0\n");
    let ran = workshop.poc(&["package"]).exits(1);
    insta::assert_snapshot!(workshop.hidden(&ran.err), @"
    error: package: app/requirements.txt lists dependencies, and neither uv nor pip works here to fetch
           them
     next: install uv or pip, or leave the dependencies out with `package: { dependencies: none }`;
           nothing was sent to AWS
     more: poc explain no_installer
    ");
    workshop.desk.edit("deploy.yaml", "package: { path: app,", "package: { path: app, dependencies: none,");
    workshop.poc(&["package"]).exits(0);
    workshop.desk.edit("deploy.yaml", "dependencies: none", "dependencies: auto");
    workshop.write("app/requirements.txt", "# nothing\n");
    workshop.poc(&["package"]).exits(0);
}

#[test]
fn a_project_with_a_lock_is_installed_by_it() {
    let workshop = Workshop::new();
    workshop.wheel("locked", "1", "");
    workshop.write("app/pyproject.toml", "[project]\nname = \"a\"\ndependencies = [\n  \"locked\",\n]\n");
    workshop.write("app/uv.lock", "version = 1\n");
    workshop.installer("pip");
    let ran = workshop.poc(&["package"]).exits(1);
    assert!(ran.err.contains("locked by uv.lock, which uv alone reads"), "{}", ran.err);
    workshop.installer("uv");
    workshop.poc(&["package"]).exits(0);
    insta::assert_snapshot!(workshop.calls().join("\n"), @"
    uv export --frozen --no-dev --no-emit-project --color never --format requirements-txt --output-file ./.poc/cache/.work/requirements.txt
    uv pip install --target .poc/cache/.work/tree --python-platform x86_64-manylinux_2_34 --python-version 3.13 --only-binary :all: --link-mode copy --no-progress --color never -r ./.poc/cache/.work/requirements.txt
    ");
    fs::remove_file(workshop.path("app/uv.lock")).unwrap();
    fs::remove_file(workshop.path("tools/uv")).unwrap();
    // pip reads no such file: what it lists is written down for it.
    assert!(workshop.packed().contains(&"locked.py".to_owned()));
}

#[test]
fn requirements_that_are_source_code_are_mistakes_of_the_file() {
    let workshop = Workshop::new();
    workshop.write("app/requirements.txt", "-e .\ngit+https://me:hushhush@git.example.com/x.git\n-r more.txt\n");
    for command in [&["validate"][..], &["package"], &["plan", "--local"]] {
        let ran = workshop.poc(command).exits(2);
        insta::allow_duplicates! { insta::assert_snapshot!(workshop.hidden(&ran.err), @"
          error[not_a_wheel]: app/requirements.txt: `-e .` is a directory of source code that stays where
            it is, and only wheels are packaged
          help: build a wheel of it (pip wheel --no-deps -w wheels …) and require that: ./wheels/NAME-1.0-
                py3-none-any.whl

          error[not_a_wheel]: app/requirements.txt: a requirement is source code, and only wheels are
            packaged
          help: build a wheel of it (pip wheel --no-deps -w wheels …) and require that: ./wheels/NAME-1.0-
                py3-none-any.whl

          error[missing_file]: app/more.txt cannot be read: No such file or directory (os error 2)
          help: create it, or take the line that names it out

        3 mistakes; nothing was sent to AWS.
        `poc explain not_a_wheel` says more.
        "); }
    }
}

/// Notes its arguments, and makes what npm would.
const NPM: &str = r#"#!/bin/sh
echo "npm $*" >> "$TOOLS_LOG"
[ -f package-lock.json ] || exit 1
mkdir -p node_modules/left-pad node_modules/@scope/native
echo "module.exports = () => 1" > node_modules/left-pad/index.js
echo "binary" > node_modules/@scope/native/lib.node
echo "{}" > node_modules/.package-lock.json
"#;

fn node(workshop: &Workshop) {
    workshop.desk.edit("deploy.yaml", "runtime: python3.13", "runtime: nodejs22.x\n  architecture: arm64");
    workshop.desk.edit("deploy.yaml", "handler.lambda_handler", "index.handler");
    workshop.write("app/index.js", "exports.handler = async () => ({})\n");
    workshop.write("app/node_modules/dev-only/index.js", "");
    workshop.write("app/package.json", r#"{"name": "a", "dependencies": {"left-pad": "1.0.0"}}"#);
}

#[test]
fn npm_installs_what_production_needs_in_a_copy() {
    let workshop = Workshop::new();
    node(&workshop);
    workshop.tool("npm", NPM);
    let ran = workshop.poc(&["validate"]).exits(2);
    insta::assert_snapshot!(workshop.hidden(&ran.err), @"
      error[no_lock_file]: app/package.json lists dependencies, and no package-lock.json says which
      help: make one with npm install --package-lock-only, or leave them out with `dependencies: none`

    1 mistake; nothing was sent to AWS.
    `poc explain no_lock_file` says more.
    ");
    workshop.write("app/yarn.lock", "");
    assert!(workshop.poc(&["package"]).exits(2).err.contains("yarn.lock beside it, which npm does not read"));

    workshop.write("app/package-lock.json", r#"{"packages": {"node_modules/left-pad": {"version": "1.0.0"}}}"#);
    workshop.poc(&["validate"]).exits(0);
    assert_eq!(workshop.calls(), [""; 0], "validate runs nothing");
    assert_eq!(
        workshop.packed(),
        [
            "handler.py",
            "index.js",
            "node_modules/@scope/native/lib.node",
            "node_modules/left-pad/index.js",
            "package-lock.json",
            "package.json",
            "yarn.lock",
        ]
    );
    insta::assert_snapshot!(workshop.calls().join("\n"), @"npm ci --omit=dev --ignore-scripts --no-audit --no-fund --os=linux --cpu=arm64 --libc=glibc");
    assert_eq!(fs::read_dir(workshop.path("app/node_modules")).unwrap().count(), 1, "the project's own is left alone");
    let parts = workshop.poc(&["package", "--json"]).exits(0).json();
    assert_eq!(parts["zip"]["parts"][0]["name"], "handler.py");
    assert!(parts["zip"]["parts"].as_array().unwrap().iter().any(|part| part["name"] == "node_modules/@scope/native/"));

    let link = r#"{"packages": {"node_modules/shared": {"resolved": "../shared", "link": true}}}"#;
    workshop.write("app/package-lock.json", link);
    let ran = workshop.poc(&["package"]).exits(2);
    assert!(ran.err.contains("error[local_dependency]"), "{}", ran.err);
    assert!(ran.err.contains("links to shared, a directory of this project"), "{}", ran.err);

    workshop.write("app/package.json", r#"{"dependencies": {"left-pad": "1.3.0",}}"#);
    let ran = workshop.poc(&["package"]).exits(2);
    assert!(ran.err.contains("error[bad_package_json]"), "{}", ran.err);
    assert!(ran.err.contains("is not JSON: trailing comma at line 1 column 39"), "{}", ran.err);
}

#[test]
fn npm_that_fails_says_so_in_its_own_words() {
    let workshop = Workshop::new();
    node(&workshop);
    workshop.write("app/package-lock.json", r#"{"packages": {}}"#);
    let ran = workshop.poc(&["package"]).exits(1);
    assert!(ran.err.contains("npm is not on the PATH"), "{}", ran.err);
    workshop.tool(
        "npm",
        "#!/bin/sh\necho 'npm error //r.example.com/:_authToken=hushhush' >&2\n\
         echo 'npm error `npm ci` can only install packages when your package.json and package-lock.json are in sync.' >&2\n\
         exit 1\n",
    );
    let ran = workshop.poc(&["package"]).exits(1);
    insta::assert_snapshot!(workshop.hidden(&ran.err), @"
      ✗ failed   dependencies of app/package.json for nodejs22.x on arm64 (what it printed is below)
        npm error //r.example.com/:_authToken=(secret)
        npm error `npm ci` can only install packages when your package.json and package-lock.json are in sync.

    error: package: app/package.json and its lock file do not agree
     next: run npm install, and keep the new package-lock.json; nothing was sent to AWS
     more: poc explain stale_lock_file
    ");
    shown(&read(&workshop.poc(&["package", "--json"]).exits(1).json()["problem"]));
}

/// What each tool prints, and what that means.
#[test]
fn what_keeps_libraries_from_being_fetched_is_told_apart() {
    let npm = [
        ("npm error code EINTEGRITY", "hash_mismatch"),
        ("npm error code ENOTFOUND", "index_unreachable"),
        ("npm error code ECONNREFUSED", "index_unreachable"),
        ("npm error code ETARGET", "dependencies_failed"),
    ];
    let pip = [
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "hash_mismatch"),
        ("WARNING: Retrying after connection broken by 'NewConnectionError('", "index_unreachable"),
        ("ERROR: Invalid requirement: 'six=1'", "dependencies_failed"),
    ];
    let uv = [
        ("error: Hash mismatch for `six==1.16.0`", "hash_mismatch"),
        ("  Caused by: error sending request for url (https://pypi.org/simple/six/)", "index_unreachable"),
        ("error: No interpreter found", "dependencies_failed"),
    ];
    let told = |workshop: &Workshop, tool: &str, words: &str| {
        let words = words.replace('\'', "'\\''");
        workshop.tool(
            tool,
            &format!(
                "#!/bin/sh\ncase \"$*\" in *--version) echo '{tool} 1.0'; exit 0;; esac\necho '{words}' >&2\nexit 1\n"
            ),
        );
        let ran = workshop.poc(&["package", "--json"]).exits(1);
        let problem = read(&ran.json()["problem"]);
        shown_as(&format!("{}-{tool}", problem.kind), &problem);
        problem.kind
    };
    let workshop = Workshop::new();
    node(&workshop);
    workshop.write("app/package-lock.json", r#"{"packages": {}}"#);
    for (words, kind) in npm {
        assert_eq!(told(&workshop, "npm", words), kind, "{words}");
    }
    let workshop = Workshop::new();
    workshop.write("app/requirements.txt", "six==1.16.0\n");
    for (tool, all) in [("pip", pip), ("uv", uv)] {
        for (words, kind) in all {
            assert_eq!(told(&workshop, tool, words), kind, "{tool}: {words}");
        }
    }
}

#[test]
fn cargo_lambda_builds_the_bootstrap() {
    let workshop = Workshop::new();
    workshop.desk.edit("deploy.yaml", "runtime: python3.13", "runtime: provided.al2023\n  architecture: arm64");
    workshop.write("app/Cargo.toml", "[package]\nname = \"admit\"\n");
    workshop.write("app/src/main.rs", "fn main() {}\n");
    workshop.write("app/model.bin", "weights");
    workshop.write("app/target/debug/junk", "");
    let ran = workshop.poc(&["package"]).exits(1);
    insta::assert_snapshot!(workshop.hidden(&ran.err), @"
    error: package: app/Cargo.toml is a function in Rust, and cargo-lambda is not on the PATH to build
           it
     next: install it (cargo install cargo-lambda, or pip install cargo-lambda), or build the bootstrap
           by `build` commands of your own and set `dependencies: none`; nothing was sent to AWS
     more: poc explain no_cargo_lambda
    ");
    shown(&read(&workshop.poc(&["package", "--json"]).exits(1).json()["problem"]));
    workshop.tool(
        "cargo-lambda",
        "#!/bin/sh\necho \"cargo-lambda $*\" >> \"$TOOLS_LOG\"\nfor last; do :; done\nmkdir -p \"$last/admit\"\n\
         cat src/main.rs > \"$last/admit/bootstrap\"\nchmod +x \"$last/admit/bootstrap\"\n",
    );
    assert_eq!(workshop.packed(), ["bootstrap", "handler.py", "model.bin"]);
    insta::assert_snapshot!(workshop.calls().join("\n"), @"cargo-lambda lambda build --release --arm64 --output-format binary --lambda-dir .poc/cache/.work/built");
    workshop.write("app/target/debug/more", "");
    assert_eq!(workshop.packed(), ["bootstrap", "handler.py", "model.bin"]);
    assert_eq!(workshop.calls(), [""; 0]);
    workshop.write("app/src/main.rs", "fn main() { }\n");
    workshop.packed();
    assert_eq!(workshop.calls().len(), 1, "another source is another bootstrap");
}
