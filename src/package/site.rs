//! The pages of a site: which files of its folder are shown, under which keys and as what. Everybody can read what gets
//! past here, so hidden files never do, links do not, and a private key stops the run.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use sha2::{Digest, Sha256};

use super::content::Content;
use super::directory::{Tree, special};
use super::{fault, hex};
use crate::spec::Fault;
use crate::spec::model::Site;

/// The object that tells the pages where the API is; `poc` writes it.
pub const SETTINGS: &str = "poc.json";

/// Left out whatever else is: nobody means to show these.
const IGNORED: &[&str] = &["node_modules/", "*~", "Thumbs.db"];

/// Hidden files that nobody expects to see on a site: not worth a word.
const UNTOLD: &[&str] = &[".git", ".gitignore", ".gitkeep", ".gitattributes", ".DS_Store", ".poc", ".pocignore"];

/// The one hidden directory that is made to be shown (RFC 8615).
const WELL_KNOWN: &str = ".well-known";

/// Of all files, of one, and how many: a site of pages stays far below, and what does not belongs elsewhere.
const MOST_BYTES: u64 = 1 << 30;
const LARGEST: u64 = 100 << 20;
const MOST_FILES: usize = 10_000;

/// S3's own limit, in bytes.
const LONGEST_KEY: usize = 1024;

/// Told with a fault that many may have.
const IGNORE_IT: &str = "remove it, or name it in site.ignore";

/// What is shown. `Pages::default()` is nothing at all, for a teardown.
#[derive(Clone, Debug, Default)]
pub struct Pages {
    /// Sorted bytewise by key.
    pub files: Vec<Page>,
    /// What stays out because it is hidden, as far as that may surprise: paths in the folder, directories with a slash.
    pub hidden: Vec<String>,
}

/// One file of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Relative, forward slashes.
    pub key: String,
    pub file: PathBuf,
    /// Bytes.
    pub size: u64,
    pub sha256_hex: String,
    pub sha256_base64: String,
    pub content_type: String,
    pub cache_control: String,
}

impl Pages {
    /// Bytes of all files.
    pub fn size(&self) -> u64 {
        self.files.iter().map(|page| page.size).sum()
    }
}

impl Page {
    /// Is it what browsers are to ask for anew every time?
    pub fn is_html(&self) -> bool {
        is_html(&self.content_type)
    }

    /// The bytes that were hashed, to be sent.
    ///
    /// # Errors
    /// When the file cannot be read, or is another one by now.
    pub fn open(&self) -> io::Result<Content> {
        let (content, digest) = Content::of(File::open(&self.file)?)?;
        match hex(&digest) == self.sha256_hex {
            true => Ok(content),
            false => Err(io::Error::other("it was changed meanwhile")),
        }
    }
}

fn is_html(content_type: &str) -> bool {
    content_type.starts_with("text/html")
}

/// Looks through the folder.
///
/// # Errors
/// Everything that is wrong with it, all at once.
pub fn pages(site: &Site) -> Result<Pages, Vec<Fault>> {
    let root = fs::canonicalize(&site.path).map_err(|error| vec![unreadable(&site.path, &error)])?;
    let mut walk =
        Walk { site, root: &root, ignored: ignored(&site.ignore), pages: Pages::default(), faults: Vec::new() };
    walk.enter(Path::new(""));
    let Walk { mut pages, mut faults, .. } = walk;
    pages.files.sort_by(|one, other| one.key.as_bytes().cmp(other.key.as_bytes()));
    pages.hidden.sort();
    // As the system lists a folder, they come in any order.
    faults.sort_by(|one, other| one.message.cmp(&other.message));
    if pages.size() > MOST_BYTES || pages.files.len() > MOST_FILES {
        let message = format!(
            "the site has {} files with {} bytes; at most {MOST_FILES} files with {MOST_BYTES} bytes are shown",
            pages.files.len(),
            pages.size()
        );
        let help = "leave out what the pages do not need (site.ignore), or keep it in another bucket";
        faults.push(fault("site_too_big", "site.path", message, help));
    }
    for (property, page) in [("site.index", Some(&site.index)), ("site.error", site.error.as_ref())] {
        if let Some(page) = page.filter(|page| faults.is_empty() && !pages.files.iter().any(|one| one.key == **page)) {
            let message = format!("the site leaves out its own page {page}");
            faults.push(fault("page_left_out", property, message, "mend site.ignore, or name another page"));
        }
    }
    if faults.is_empty() { Ok(pages) } else { Err(faults) }
}

/// What the pages are made of, for whoever watches them.
pub fn tree(site: &Site) -> Tree {
    Tree::without(&site.path, ignored(&site.ignore))
}

/// Bad patterns were told when deploy.yaml was read.
fn ignored(patterns: &[String]) -> Gitignore {
    let mut builder = GitignoreBuilder::new("");
    let own = [".*", "!.well-known"];
    let patterns = IGNORED.iter().copied().chain(patterns.iter().map(String::as_str)).chain(own);
    patterns.for_each(|line| drop(builder.add_line(None, line)));
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

struct Walk<'a> {
    site: &'a Site,
    root: &'a Path,
    ignored: Gitignore,
    pages: Pages,
    faults: Vec<Fault>,
}

impl Walk<'_> {
    /// Looks through one directory, given relative to the root.
    fn enter(&mut self, within: &Path) {
        let directory = self.root.join(within);
        let entries = match fs::read_dir(&directory).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(entries) => entries,
            Err(error) => return self.faults.push(unreadable(&self.site.path.join(within), &error)),
        };
        for entry in entries {
            self.meet(&within.join(entry.file_name()), &entry.path());
        }
    }

    fn meet(&mut self, path: &Path, file: &Path) {
        let shown = self.site.path.join(path);
        let metadata = match fs::symlink_metadata(file) {
            Ok(metadata) => metadata,
            Err(error) => return self.faults.push(unreadable(&shown, &error)),
        };
        let name = path.file_name().unwrap_or_default();
        // By its name alone, whatever a pattern takes back in.
        if name.as_encoded_bytes().starts_with(b".") && !(metadata.is_dir() && name == WELL_KNOWN) {
            let slash = if metadata.is_dir() { "/" } else { "" };
            if !UNTOLD.iter().any(|untold| name == *untold) {
                self.pages.hidden.push(format!("{}{slash}", path.display()));
            }
            return;
        }
        if self.ignored.matched(path, metadata.is_dir()).is_ignore() {
            return;
        }
        if metadata.is_symlink() {
            let message = format!("{} is a symbolic link, and S3 has none", shown.display());
            let help = "copy what it leads to, or name it in site.ignore";
            return self.faults.push(fault("link_in_site", "site.path", message, help));
        }
        if metadata.is_dir() {
            return self.enter(path);
        }
        if !metadata.is_file() {
            let message = format!("{} is {}, which cannot be shown", shown.display(), special(&metadata));
            return self.faults.push(fault("special_file", "site.path", message, IGNORE_IT));
        }
        match page(self.site, path, file, &shown, metadata.len()) {
            Ok(page) => self.pages.files.push(page),
            Err(fault) => self.faults.push(*fault),
        }
    }
}

fn page(site: &Site, path: &Path, file: &Path, shown: &Path, size: u64) -> Result<Page, Box<Fault>> {
    let refused = |code: &'static str, why: String, help: &str| {
        Err(Box::new(fault(code, "site.path", format!("{} {why}", shown.display()), help)))
    };
    let key = match key(path) {
        Ok(key) => key,
        Err(why) => return refused("bad_name", why.to_owned(), "rename it, or name it in site.ignore"),
    };
    if key == SETTINGS {
        let why = "has the name of the file that tells the pages where the API is, and which poc writes".to_owned();
        return refused("reserved_name", why, "rename it, or name it in site.ignore");
    }
    if size > LARGEST {
        let why = format!("has {size} bytes; at most {LARGEST} are shown");
        return refused("file_too_big", why, "keep it in another bucket, or name it in site.ignore");
    }
    let (digest, size) = match hash(file) {
        Ok(Some(hashed)) => hashed,
        Ok(None) => {
            let why = "holds a private key, and everybody could read it".to_owned();
            return refused("secret_in_site", why, IGNORE_IT);
        }
        Err(error) => return Err(Box::new(unreadable(shown, &error))),
    };
    let content_type = content_type(&key);
    let seconds = site.cache.as_secs();
    let cache_control = match is_html(&content_type) || seconds == 0 {
        true => "no-cache".to_owned(),
        false => format!("max-age={seconds}"),
    };
    let (sha256_hex, sha256_base64) = (hex(&digest), STANDARD.encode(digest));
    Ok(Page { key, file: file.to_owned(), size, sha256_hex, sha256_base64, content_type, cache_control })
}

/// The path as S3 spells it.
fn key(path: &Path) -> Result<String, &'static str> {
    let parts: Option<Vec<&str>> = path.components().map(|component| component.as_os_str().to_str()).collect();
    let key = parts.ok_or("has a name that is not UTF-8")?.join("/");
    if key.contains('\\') {
        Err("has a backslash in its name")
    } else if key.chars().any(char::is_control) {
        Err("has a control character in its name")
    } else if key.len() > LONGEST_KEY {
        Err("has a path that is longer than S3 takes")
    } else {
        Ok(key)
    }
}

/// SHA-256 and bytes of a file; nothing where it begins as a private key does.
fn hash(file: &Path) -> io::Result<Option<([u8; 32], u64)>> {
    let mut file = File::open(file)?;
    let (mut hash, mut size, mut piece) = (Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        let read = match file.read(&mut piece) {
            Ok(0) => return Ok(Some((hash.finalize().into(), size))),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if size == 0 && is_private_key(&piece[..read]) {
            return Ok(None);
        }
        hash.update(&piece[..read]);
        size += read as u64;
    }
}

/// PEM of whichever kind: `-----BEGIN … PRIVATE KEY-----`.
fn is_private_key(beginning: &[u8]) -> bool {
    let first = beginning.trim_ascii_start().split(|byte| *byte == b'\n').next().unwrap_or_default();
    let first = String::from_utf8_lossy(&first[..first.len().min(100)]).into_owned();
    first.starts_with("-----BEGIN ") && first.contains("PRIVATE KEY")
}

/// By the ending. Texts are taken for UTF-8, as browsers would not by themselves.
fn content_type(key: &str) -> String {
    // What the table does not know, or tells by an older name; what has no ending is not guessed at.
    let kind = match key.rsplit_once('.') {
        Some((_, "map")) => "application/json",
        Some((_, "mjs")) => "text/javascript",
        _ => mime_guess::from_path(key).first_raw().unwrap_or("application/octet-stream"),
    };
    if kind.starts_with("text/") { format!("{kind}; charset=utf-8") } else { kind.to_owned() }
}

fn unreadable(path: &Path, error: &io::Error) -> Fault {
    let (code, help) = match error.kind() {
        io::ErrorKind::NotFound => ("missing_file", "create it, or correct site.path"),
        io::ErrorKind::PermissionDenied => ("unreadable_file", "make it readable, or name it in site.ignore"),
        _ => ("unreadable_file", "mend it, or name it in site.ignore"),
    };
    fault(code, "site.path", format!("{} cannot be read: {error}", path.display()), help)
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Duration;

    use super::*;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Folder {
            Folder(tempfile::TempDir::new().unwrap()).file("index.html", "<p>")
        }

        fn file(self, path: &str, text: &str) -> Folder {
            let path = self.0.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
            self
        }

        fn site(&self) -> Site {
            Site {
                path: self.0.path().to_owned(),
                bucket: "pages".to_owned(),
                index: "index.html".to_owned(),
                error: None,
                cache: Duration::from_secs(300),
                ignore: vec!["*.log".to_owned(), "!.env".to_owned(), "drafts/".to_owned()],
            }
        }

        fn pages(&self) -> Pages {
            pages(&self.site()).unwrap_or_else(|faults| panic!("{faults:?}"))
        }

        fn faults(&self) -> Vec<String> {
            let root = format!("{}/", self.0.path().display());
            let faults = pages(&self.site()).unwrap_err();
            faults.iter().map(|fault| format!("{}: {}", fault.code, fault.message.replace(&root, "web/"))).collect()
        }
    }

    #[test]
    fn what_is_hidden_or_left_out_is_not_shown_whatever_a_pattern_says() {
        let folder = Folder::new()
            .file(".env", "SECRET=1")
            .file(".git/config", "x")
            .file("a/.htpasswd", "x")
            .file(".well-known/security.txt", "x")
            .file(".well-known/.hidden", "x")
            .file("node_modules/x/y.js", "x")
            .file("build.log", "x")
            .file("drafts/soon.html", "x")
            .file("a/b/style.css", "x");
        let pages = folder.pages();
        let keys: Vec<&str> = pages.files.iter().map(|page| page.key.as_str()).collect();
        assert_eq!(keys, [".well-known/security.txt", "a/b/style.css", "index.html"]);
        assert_eq!(pages.hidden, [".env", ".well-known/.hidden", "a/.htpasswd"]);
        let tree = tree(&folder.site());
        let root = folder.0.path().canonicalize().unwrap();
        let watched = |path: &str| tree.holds(&root.join(path));
        assert!(watched("a/b/style.css") && watched("new.html") && watched(".well-known/security.txt"));
        assert!(!watched(".env") && !watched("build.log") && !watched(".git/config"));
    }

    #[test]
    fn files_are_shown_as_what_they_are() {
        let mut folder = Folder::new();
        for name in ["page.js", "m.mjs", "a.svg", "x.png", "f.woff2", "d.json", "page.js.map", "notes.TXT", "LICENSE"] {
            folder = folder.file(name, "x");
        }
        let pages = folder.pages();
        let told: Vec<String> = pages
            .files
            .iter()
            .map(|page| format!("{}: {}, {}", page.key, page.content_type, page.cache_control))
            .collect();
        insta::assert_snapshot!(told.join("\n"), @"
        LICENSE: application/octet-stream, max-age=300
        a.svg: image/svg+xml, max-age=300
        d.json: application/json, max-age=300
        f.woff2: font/woff2, max-age=300
        index.html: text/html; charset=utf-8, no-cache
        m.mjs: text/javascript; charset=utf-8, max-age=300
        notes.TXT: text/plain; charset=utf-8, max-age=300
        page.js: text/javascript; charset=utf-8, max-age=300
        page.js.map: application/json, max-age=300
        x.png: image/png, max-age=300
        ");
    }

    #[test]
    fn what_gives_a_secret_away_or_leads_elsewhere_stops_the_run() {
        let folder = Folder::new()
            .file("key.pem", "-----BEGIN RSA PRIVATE KEY-----\nMII")
            .file("cert.pem", "-----BEGIN CERTIFICATE-----\nMII")
            .file("poc.json", "{}")
            .file("back\\slash.html", "x");
        std::os::unix::fs::symlink("/etc/passwd", folder.0.path().join("users.txt")).unwrap();
        std::os::unix::fs::symlink("index.html", folder.0.path().join("home.html")).unwrap();
        let mut faults = folder.faults();
        faults.sort();
        insta::assert_snapshot!(faults.join("\n"), @r"
        bad_name: web/back\slash.html has a backslash in its name
        link_in_site: web/home.html is a symbolic link, and S3 has none
        link_in_site: web/users.txt is a symbolic link, and S3 has none
        reserved_name: web/poc.json has the name of the file that tells the pages where the API is, and which poc writes
        secret_in_site: web/key.pem holds a private key, and everybody could read it
        ");
    }

    #[test]
    fn a_page_that_changes_after_it_was_hashed_is_not_sent() {
        let folder = Folder::new();
        let page = folder.pages().files.remove(0);
        assert_eq!(page.open().unwrap().size(), 3);
        fs::write(&page.file, "<P>").unwrap();
        assert_eq!(page.open().map(drop).unwrap_err().to_string(), "it was changed meanwhile");
    }

    #[test]
    fn an_index_that_is_left_out_is_a_mistake() {
        let folder = Folder::new();
        let site = Site { ignore: vec!["*.html".to_owned()], ..folder.site() };
        let faults = pages(&site).unwrap_err();
        assert_eq!((faults[0].code, faults[0].path.as_str()), ("page_left_out", "site.index"));
    }
}
