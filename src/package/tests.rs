use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::*;
use crate::spec::model::Architecture;

/// A package directory.
struct Files(TempDir);

impl Files {
    fn new(files: &[(&str, &str)]) -> Files {
        let directory = tempfile::tempdir().expect("a directory");
        let files_of = Files(directory);
        files.iter().for_each(|(path, text)| files_of.put(path, text));
        files_of
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text).expect("written");
    }

    fn zip(&self) -> Result<Zipped, Vec<Fault>> {
        self.zip_without(&[])
    }

    fn zip_without(&self, ignore: &[&str]) -> Result<Zipped, Vec<Fault>> {
        let ignore = ignore.iter().map(|line| (*line).to_owned()).collect();
        build(&PackageSource::Directory { path: self.0.path().to_owned(), ignore })
    }
}

fn names(zipped: &Zipped) -> Vec<&str> {
    zipped.entries.iter().map(|entry| entry.path.as_str()).collect()
}

fn bytes(zipped: &Zipped) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(zipped.content.size()).expect("small")];
    assert_eq!(zipped.content.read_at(0, &mut bytes).expect("read"), bytes.len());
    bytes
}

#[track_caller]
fn fault_of(result: Result<Zipped, Vec<Fault>>) -> Fault {
    let mut faults = result.expect_err("it is refused");
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults.remove(0)
}

fn modes(zipped: &Zipped) -> BTreeMap<String, u32> {
    let mut archive = ZipArchive::new(Cursor::new(bytes(zipped))).expect("a zip");
    (0..archive.len())
        .map(|index| {
            let file = archive.by_index(index).expect("an entry");
            (file.name().expect("a name").into_owned(), file.unix_mode().expect("a mode"))
        })
        .collect()
}

#[test]
fn entries_are_sorted_bytewise_and_can_be_read_back() {
    let files = Files::new(&[("z.py", "z"), ("a/b.py", "b"), ("a.py", "a"), ("B.py", "B"), ("ü.txt", "ü")]);
    let zipped = files.zip().expect("zipped");
    assert_eq!(names(&zipped), ["B.py", "a.py", "a/b.py", "z.py", "ü.txt"]);
    assert_eq!((zipped.unzipped_size, zipped.sha256_hex.len(), zipped.sha256_base64.len()), (6, 64, 44));
    assert!(zipped.contains("a/b.py") && !zipped.contains("a"));
    let mut archive = ZipArchive::new(Cursor::new(bytes(&zipped))).expect("a zip");
    let mut text = String::new();
    archive.by_name("ü.txt").expect("it is there").read_to_string(&mut text).expect("text");
    assert_eq!(text, "ü");
    let ready = tempfile::NamedTempFile::new().expect("a file");
    fs::write(ready.path(), bytes(&zipped)).expect("written");
    let again = build(&PackageSource::Zip { path: ready.path().to_owned() }).expect("what poc zips, poc accepts");
    assert_eq!((again.sha256_hex, again.entries), (zipped.sha256_hex, zipped.entries));
}

/// Pinned: another value means that every user's next deploy uploads and publishes for nothing.
#[test]
fn the_same_files_give_the_same_bytes_on_any_machine() {
    let text = "def run(event, context):\n    return event\n".repeat(200);
    let one = Files::new(&[("handler.py", &text), ("lib/x.py", "x"), ("lib/y.py", "y")]);
    let other = Files::new(&[("lib/y.py", "y"), ("lib/x.py", "x"), ("handler.py", &text)]);
    let old = fs::File::open(other.path("handler.py")).expect("opened");
    old.set_modified(std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)).expect("an old file");
    fs::create_dir(other.path("empty")).expect("made");
    chmod(&one.path("lib/x.py"), 0o600);
    chmod(&other.path("lib/x.py"), 0o664);
    let (one, other) = (one.zip().expect("zipped"), other.zip().expect("zipped"));
    assert_eq!(bytes(&one), bytes(&other));
    assert_eq!(one.sha256_hex, "e90813b053931d534008398c0d2e2a96ba4d8a653d26c8d56afc79950b60afb7");
}

#[test]
fn modes_are_those_of_the_exec_bit_and_links_stay_links() {
    let files = Files::new(&[("bin/tool", "#!"), ("data.txt", "d")]);
    chmod(&files.path("bin/tool"), 0o700);
    link("../data.txt", &files.path("bin/data"));
    let zipped = files.zip().expect("zipped");
    let modes = modes(&zipped);
    assert_eq!((modes["bin/tool"], modes["data.txt"], modes["bin/data"]), (0o100_755, 0o100_644, 0o120_777));
    let kinds: Vec<EntryKind> = zipped.entries.iter().map(|entry| entry.kind).collect();
    let (plain, executable) = (EntryKind::File { executable: false }, EntryKind::File { executable: true });
    assert_eq!(kinds, [EntryKind::Link, executable, plain]);
}

#[test]
fn links_that_lead_elsewhere_are_refused_by_name() {
    for target in ["/etc/hostname", "../../outside", "sub/../../../x"] {
        let files = Files::new(&[("sub/a.py", "a")]);
        link(target, &files.path("sub/away"));
        let fault = fault_of(files.zip());
        assert_eq!(fault.code, "link_outside");
        assert!(fault.message.contains("sub/away") && fault.message.contains(target), "{}", fault.message);
    }
    // Through another link: the words stay inside, the file does not.
    let outside = Files::new(&[("secret", "s")]);
    let files = Files::new(&[("a.py", "a")]);
    link(outside.0.path().to_str().expect("UTF-8"), &files.path("door"));
    link("door/secret", &files.path("inner"));
    let faults = files.zip().expect_err("both are refused");
    assert_eq!(faults.iter().map(|fault| fault.code).collect::<Vec<_>>(), ["link_outside", "link_outside"]);
    assert!(files.zip_without(&["door", "inner"]).is_ok(), "ignored ones do not matter");
}

#[test]
fn patterns_of_gitignore_decide_and_a_gitignore_itself_does_not() {
    let files = Files::new(&[
        ("handler.py", ""),
        ("test_handler.py", ""),
        ("docs/a.md", ""),
        ("keep/docs/b.md", ""),
        ("data/big.bin", ""),
        ("data/small.bin", ""),
        (".git/config", ""),
        ("__pycache__/x.txt", ""),
        ("lib/__pycache__/y.txt", ""),
        ("old.pyc", ""),
        ("node_modules/.cache/z", ""),
        ("node_modules/left-pad/index.js", ""),
        (".DS_Store", ""),
        (".poc/local/state", ""),
        (".gitignore", "handler.py"),
        (".pocignore", "# comment\n/docs\ntest_*.py\n"),
    ]);
    let zipped = files.zip_without(&["data/*", "!data/small.bin"]).expect("zipped");
    assert_eq!(
        names(&zipped),
        [".gitignore", "data/small.bin", "handler.py", "keep/docs/b.md", "node_modules/left-pad/index.js"]
    );
    let fault = fault_of(files.zip_without(&["a{b"]));
    assert_eq!((fault.code, fault.path.as_str()), ("bad_pattern", "package.ignore"));
}

#[test]
fn what_cannot_be_packed_is_named_all_at_once() {
    let files = Files::new(&[("a.py", "a")]);
    let _socket = std::os::unix::net::UnixListener::bind(files.path("talk.sock")).expect("bound");
    fs::write(files.path("back\\slash.py"), "").expect("written");
    let mut faults = files.zip().expect_err("both are refused");
    faults.sort_by_key(|fault| fault.code);
    assert_eq!(faults.iter().map(|fault| fault.code).collect::<Vec<_>>(), ["bad_name", "special_file"]);
    assert!(faults[1].message.contains("talk.sock") && faults[1].message.contains("a socket"), "{}", faults[1]);
}

#[test]
fn a_file_that_may_not_be_read_is_named() {
    let files = Files::new(&[("a.py", "a"), ("locked.py", "l")]);
    chmod(&files.path("locked.py"), 0o000);
    if fs::read(files.path("locked.py")).is_ok() {
        return; // The superuser reads everything.
    }
    let fault = fault_of(files.zip());
    assert_eq!(fault.code, "unreadable_file");
    assert!(fault.message.contains("locked.py"), "{fault}");
}

#[test]
fn nothing_too_much_and_nowhere_are_refused() {
    assert_eq!(fault_of(Files::new(&[("old.pyc", "")]).zip()).code, "empty_package");
    let files = Files::new(&[("a.py", "a")]);
    let huge = fs::File::create(files.path("model.bin")).expect("made");
    huge.set_len(MAX_UNZIPPED).expect("a sparse file");
    let fault = fault_of(files.zip());
    assert_eq!(fault.code, "package_too_big");
    assert!(fault.message.contains("262144001"), "{fault}");
    let nowhere = PackageSource::Directory { path: files.path("nowhere"), ignore: Vec::new() };
    assert_eq!(fault_of(build(&nowhere)).code, "missing_file");
    let file = PackageSource::Directory { path: files.path("a.py"), ignore: Vec::new() };
    assert_eq!(fault_of(build(&file)).code, "wrong_type");
    assert_eq!(fault_of(build(&PackageSource::Zip { path: files.path("nowhere.zip") })).code, "missing_file");
    assert_eq!(fault_of(build(&PackageSource::Zip { path: files.0.path().to_owned() })).code, "wrong_type");
}

/// A ready zip of one entry, `change`d as bytes.
fn ready(name: &str, options: SimpleFileOptions, change: impl FnOnce(&mut Vec<u8>)) -> Result<Zipped, Vec<Fault>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file(name, options).expect("begun");
    writer.write_all(b"print('hello hello hello hello')").expect("written");
    let mut bytes = writer.finish().expect("a zip").into_inner();
    change(&mut bytes);
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), bytes).expect("written");
    build(&PackageSource::Zip { path: file.path().to_owned() })
}

#[test]
fn a_ready_zip_is_taken_as_it_stands() {
    let options = SimpleFileOptions::default().unix_permissions(0o755);
    let zipped = ready("handler.py", options, |_| {}).expect("it is good");
    assert_eq!(names(&zipped), ["handler.py"]);
    assert_eq!((zipped.unzipped_size, zipped.entries[0].kind), (32, EntryKind::File { executable: true }));
}

#[test]
fn a_ready_zip_that_lambda_would_misread_is_refused() {
    let plain = SimpleFileOptions::default();
    for (name, why) in [
        ("../evil.py", "leads out"),
        ("a/../../evil.py", "leads out"),
        ("/etc/passwd", "absolute"),
        ("C:/evil.py", "absolute"),
        ("lib\\evil.py", "backslashes"),
    ] {
        let fault = fault_of(ready(name, plain, |_| {}));
        assert_eq!(fault.code, "bad_zip");
        assert!(fault.message.contains(why), "{fault}");
    }
}

#[test]
fn a_ready_zip_that_is_damaged_or_lies_is_refused() {
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let flipped = fault_of(ready("a.py", stored, |bytes| {
        let at = bytes.windows(5).position(|window| window == b"hello").expect("the text");
        bytes[at] = b'j';
    }));
    assert!(flipped.message.contains("damaged"), "{flipped}");
    // The size in the zip's directory: 24 bytes after its signature.
    let liar = fault_of(ready("a.py", SimpleFileOptions::default(), |bytes| {
        let at = bytes.windows(4).position(|window| window == b"PK\x01\x02").expect("a directory");
        bytes[at + 24] = 8;
    }));
    assert_eq!(liar.code, "bad_zip", "{liar}");
    let encrypted = fault_of(ready("a.py", SimpleFileOptions::default(), |bytes| {
        for (signature, flags) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
            let at = bytes.windows(4).position(|window| window == signature).expect("a header");
            bytes[at + flags] |= 1;
        }
    }));
    assert!(encrypted.message.contains("encrypted"), "{encrypted}");
    let garbage = fault_of(ready("a.py", SimpleFileOptions::default(), |bytes| *bytes = b"PK no zip".to_vec()));
    assert_eq!(garbage.code, "bad_zip");
    let nothing = fault_of(ready("a/", SimpleFileOptions::default(), |bytes| {
        *bytes = ZipWriter::new(Cursor::new(Vec::new())).finish().expect("a zip").into_inner();
    }));
    assert_eq!(nothing.code, "empty_package");
}

/// What a tool fetched, as a bundle beside the directory.
fn fetched(files: &[(&str, &str)], replaces: &'static [&'static str]) -> (TempDir, dependencies::Fetched) {
    let (made, place) = (Files::new(files), tempfile::tempdir().expect("a directory"));
    if made.path("pkg/run").exists() {
        chmod(&made.path("pkg/run"), 0o755);
        link("../pkg/run", &made.path("pkg/again"));
    }
    let zip = place.path().join("bundle.zip");
    directory::bundle(made.0.path(), &[], &zip).expect("bundled");
    let bundle = bundle::Bundle::open(zip, Path::new("requirements.txt")).expect("it can be read");
    (place, dependencies::Fetched { bundle, replaces })
}

fn with(files: &Files, ignore: &[&str], fetched: dependencies::Fetched) -> Result<Zipped, Vec<Fault>> {
    let ignore: Vec<String> = ignore.iter().map(|line| (*line).to_owned()).collect();
    directory::zip(files.0.path(), &ignore, Some(fetched))
}

#[test]
fn what_was_fetched_lies_beside_the_code_and_the_code_goes_first() {
    let files =
        Files::new(&[("handler.py", "own"), ("six.py", "own six"), (".venv/x.py", ""), ("requirements.txt", "six")]);
    let made = [("six.py", "fetched six"), ("pkg/__init__.py", "p"), ("pkg/run", "#!"), ("pkg/__pycache__/x.pyc", "")];
    let (_place, libraries) = fetched(&made, &["/.venv"]);
    let zipped = with(&files, &[], libraries).expect("zipped");
    assert_eq!(names(&zipped), ["handler.py", "pkg/__init__.py", "pkg/again", "pkg/run", "requirements.txt", "six.py"]);
    let modes = modes(&zipped);
    assert_eq!((modes["pkg/run"], modes["pkg/__init__.py"], modes["pkg/again"]), (0o100_755, 0o100_644, 0o120_777));
    let mut archive = ZipArchive::new(Cursor::new(bytes(&zipped))).expect("a zip");
    let mut text = String::new();
    archive.by_name("six.py").expect("it is there").read_to_string(&mut text).expect("text");
    assert_eq!(text, "own six");
    let told = zipped.fetched.as_ref().expect("it was told");
    assert_eq!((told.list.as_path(), told.files), (Path::new("requirements.txt"), 4));
    let ready = tempfile::NamedTempFile::new().expect("a file");
    fs::write(ready.path(), bytes(&zipped)).expect("written");
    build(&PackageSource::Zip { path: ready.path().to_owned() }).expect("what poc zips, poc accepts");
}

/// Pinned, as the bytes of a directory are.
#[test]
fn the_same_libraries_give_the_same_bytes() {
    let files = Files::new(&[("handler.py", "def run(event, context): pass\n")]);
    let text = "x = 1\n".repeat(500);
    let hash = || {
        let (_place, libraries) = fetched(&[("pkg/a.py", &text), ("pkg/run", "#!"), ("z.py", "z")], &[]);
        with(&files, &[], libraries).expect("zipped").sha256_hex
    };
    assert_eq!(hash(), hash());
    assert_eq!(hash(), "333f90c4e682b817d630ce6095f3a930fb8bab2c6cb070a6318f4ded53dc020d");
}

#[test]
fn only_patterns_that_begin_at_the_top_thin_out_libraries() {
    let files = Files::new(&[("handler.py", ""), ("tests/t.py", ""), (".pocignore", "/numpy/doc\n")]);
    let made =
        [("numpy/tests/t.py", ""), ("numpy/doc/d.md", ""), ("numpy/a.py", ""), ("boto3/b.py", ""), ("tests/x.py", "")];
    let (_place, libraries) = fetched(&made, &[]);
    let zipped = with(&files, &["tests/", "/boto3"], libraries).expect("zipped");
    assert_eq!(names(&zipped), ["handler.py", "numpy/a.py", "numpy/tests/t.py", "tests/x.py"]);
}

#[test]
fn a_file_where_a_library_has_a_directory_is_refused() {
    for (own, library, clash) in [("yaml", "yaml/a.py", "yaml"), ("yaml/a.py", "yaml", "yaml/a.py")] {
        let files = Files::new(&[(own, "")]);
        let (_place, libraries) = fetched(&[(library, "")], &[]);
        let fault = fault_of(with(&files, &[], libraries));
        assert_eq!(fault.code, "dependency_clash");
        assert!(fault.message.starts_with(clash), "{fault}");
    }
}

#[test]
fn a_package_that_is_too_big_names_its_biggest_parts() {
    let files = Files::new(&[("a.py", "a"), ("small/x", "x")]);
    for (name, size) in
        [("models/one.bin", MAX_UNZIPPED / 2), ("models/two.bin", MAX_UNZIPPED / 4), ("rest.bin", MAX_UNZIPPED / 2)]
    {
        fs::create_dir_all(files.path("models")).expect("made");
        fs::File::create(files.path(name)).expect("made").set_len(size).expect("a sparse file");
    }
    let help = fault_of(files.zip()).help.expect("a remedy");
    assert!(help.starts_with("the biggest parts are models/ (196.6 MB), rest.bin (131.0 MB), a.py (1 byte)"), "{help}");
    assert!(help.contains("package.image") && help.contains("package.ignore"), "{help}");
}

fn function(runtime: &str, handler: &str) -> Function {
    Function {
        name: "f".to_owned(),
        description: None,
        runtime: runtime.to_owned(),
        handler: handler.to_owned(),
        memory: 128,
        timeout: Duration::from_secs(3),
        environment: BTreeMap::new(),
        architecture: Architecture::X86_64,
        ephemeral_storage: 512,
        reserved_concurrency: None,
        layers: Vec::new(),
        log_retention: None,
        tags: BTreeMap::new(),
    }
}

#[test]
fn the_handlers_module_is_looked_for() {
    let files = Files::new(&[
        ("handler.py", ""),
        ("app/main.py", ""),
        ("pkg/__init__.py", ""),
        ("fast.cpython-313-x86_64-linux-gnu.so", ""),
        ("index.mjs", ""),
        ("dist/api.v1.js", ""),
        ("dist/api.js", ""),
        ("bootstrap", ""),
    ]);
    let zipped = files.zip().expect("zipped");
    let there = [
        ("python3.13", "handler.run"),
        ("python3.13", "app.main.run"),
        ("python3.13", "app/main.run"),
        ("python3.13", "pkg.run"),
        ("python3.13", "fast.run"),
        ("nodejs22.x", "index.handler"),
        ("nodejs22.x", "dist/api.handler"),
        ("java21", "com.example.Handler::run"),
        ("python3.13", "no_dot_at_all"),
    ];
    for (runtime, handler) in there {
        assert_eq!(zipped.handler_fault(&function(runtime, handler)), None, "{runtime} {handler}");
    }
    let missing = zipped.handler_fault(&function("python3.13", "main.run")).expect("it is missing");
    assert_eq!((missing.code, missing.path.as_str()), ("handler_missing", "function.handler"));
    assert_eq!(missing.message, "the handler main.run needs main.py, which is not in the package");
    assert!(missing.help.is_some_and(|help| help.contains("app/main.py")));
    let missing = zipped.handler_fault(&function("nodejs22.x", "indx.handler")).expect("it is missing");
    assert!(missing.help.as_deref().is_some_and(|help| help.starts_with("did you mean index.")), "{missing}");
    let missing = zipped.handler_fault(&function("nodejs22.x", "server.handler")).expect("it is missing");
    assert!(missing.message.contains("server.js"));
    let with_layer = Function { layers: vec!["arn".to_owned()], ..function("python3.13", "main.run") };
    assert_eq!(zipped.handler_fault(&with_layer), None, "it may be in the layer");
    let bootstrap = zipped.handler_fault(&function("provided.al2023", "any")).expect("it cannot be started");
    assert_eq!(bootstrap.code, "not_executable");
}

#[test]
fn a_packages_bytes_are_not_printed() {
    let zipped = Files::new(&[("a.py", "secret")]).zip().expect("zipped");
    assert!(format!("{zipped:?}").len() < 120);
}

fn chmod(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the mode is set");
}

fn link(target: &str, at: &Path) {
    std::os::unix::fs::symlink(target, at).expect("the link is made");
}
