//! requirements.txt as far as it must be understood here: which files it draws in, which of its lines no wheel can stand
//! for, and which leave the version open. What it means otherwise is uv's and pip's to say.

use std::fs;
use std::path::{Path, PathBuf};

use crate::package::{Key, fault};
use crate::spec::Fault;

/// How deep files may draw in others.
const DEPTH: usize = 20;

/// All that a file of requirements, and those it draws in, say.
pub(super) struct Requirements {
    /// Every file, the first one first.
    pub files: Vec<PathBuf>,
    /// Packages asked for.
    pub count: usize,
    /// Names of those whose version the files leave open.
    pub open: Vec<String>,
    key: Key,
}

impl Requirements {
    /// Reads the file and those it draws in.
    ///
    /// # Errors
    /// Files that are missing, and requirements that are source code.
    pub fn read(file: &Path) -> Result<Requirements, Vec<Fault>> {
        let mut read = Requirements { files: Vec::new(), count: 0, open: Vec::new(), key: Key::new("requirements") };
        let mut faults = Vec::new();
        read.file(file, true, &mut faults);
        if faults.is_empty() { Ok(read) } else { Err(faults) }
    }

    /// Of everything that was read.
    pub fn key(&self) -> String {
        self.key.clone().done()
    }

    /// `asked`: what it names is wanted, and not only limited.
    fn file(&mut self, file: &Path, asked: bool, faults: &mut Vec<Fault>) {
        if self.files.iter().any(|known| known == file) || self.files.len() >= DEPTH {
            return;
        }
        self.files.push(file.to_owned());
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) => {
                let message = format!("{} cannot be read: {error}", file.display());
                let help = "create it, or take the line that names it out";
                return faults.push(fault("missing_file", "package.dependencies", message, help));
            }
        };
        self.key = self.key.clone().and(&text);
        let directory = file.parent().unwrap_or(Path::new(""));
        for line in lines(&text) {
            self.line(&line, (file, directory), asked, faults);
        }
    }

    fn line(&mut self, line: &str, (file, directory): (&Path, &Path), asked: bool, faults: &mut Vec<Fault>) {
        let option = |names: [&str; 2]| {
            let [short, long] = names;
            let rest = line.strip_prefix(long).map(|rest| rest.trim_start_matches(['=', ' ']));
            let rest = rest.or_else(|| line.strip_prefix(short).map(str::trim_start));
            rest.map(|rest| rest.trim().to_owned()).filter(|rest| !rest.is_empty())
        };
        if let Some(other) = option(["-r", "--requirement"]) {
            return self.file(&directory.join(other), asked, faults);
        }
        if let Some(limits) = option(["-c", "--constraint"]) {
            return self.file(&directory.join(limits), false, faults);
        }
        if option(["-e", "--editable"]).is_some() {
            return faults.push(source(file, line, "is a directory of source code that stays where it is"));
        }
        if let Some(links) = option(["-f", "--find-links"]) {
            return self.links(&directory.join(links));
        }
        if line.starts_with('-') || !asked {
            return;
        }
        self.count += 1;
        let requirement = line.split(" --").next().unwrap_or(line).trim();
        // `NAME @ URL`; a URL of its own may hold an at sign, too.
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.[], ".contains(c);
        let (name, from) = match requirement.split_once('@') {
            Some((name, from)) if name.chars().all(plain) => (name.trim(), from.trim()),
            _ => (requirement, requirement),
        };
        let bare = from.split(['#', '?', ';']).next().unwrap_or(from).trim();
        let wheel = bare.to_ascii_lowercase().ends_with(".whl");
        let control = ["git+", "hg+", "svn+", "bzr+"].iter().any(|scheme| from.starts_with(scheme));
        let place = from.starts_with(['.', '/']) || from.starts_with("file:");
        let away = from.starts_with("http:") || from.starts_with("https:");
        if control || ((place || away) && !wheel) {
            return faults.push(source(file, line, "is source code"));
        }
        if place {
            let path = directory.join(bare.trim_start_matches("file://").trim_start_matches("file:"));
            if let Ok(bytes) = fs::read(&path) {
                self.key = self.key.clone().and(bytes);
            }
            return;
        }
        let specifier = requirement.split(';').next().unwrap_or_default();
        if !away && !specifier.contains("==") {
            let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(name.len());
            self.open.push(name[..end].to_owned());
        }
    }

    /// Wheels beside the project: others of the same names are others.
    fn links(&mut self, directory: &Path) {
        let mut names: Vec<String> = fs::read_dir(directory)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| format!("{} {}", entry.file_name().display(), entry.metadata().map_or(0, |about| about.len())))
            .collect();
        names.sort();
        self.key = self.key.clone().and(names.join("\n"));
    }
}

/// Logical lines without comments.
fn lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut begun = String::new();
    for line in text.lines() {
        match line.strip_suffix('\\') {
            Some(more) => begun += more,
            None => {
                let line = std::mem::take(&mut begun) + line;
                let line = if line.trim_start().starts_with('#') { "" } else { &line };
                let line = line.split(" #").next().unwrap_or_default().trim();
                if !line.is_empty() {
                    lines.push(line.to_owned());
                }
            }
        }
    }
    lines
}

fn source(file: &Path, line: &str, why: &str) -> Fault {
    // A URL may carry a password, so what is shown is the name or nothing.
    let shown = if line.contains("://") { line.split(['@', ' ']).next().unwrap_or_default() } else { line };
    let shown = if shown.contains("://") { "a requirement".to_owned() } else { format!("`{shown}`") };
    let message = format!("{}: {shown} {why}, and only wheels are packaged", file.display());
    let help =
        "build a wheel of it (pip wheel --no-deps -w wheels …) and require that: ./wheels/NAME-1.0-py3-none-any.whl";
    fault("not_a_wheel", "package.dependencies", message, help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(files: &[(&str, &str)]) -> Result<Requirements, Vec<Fault>> {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(directory.path().join(name), text).unwrap();
        }
        Requirements::read(&directory.path().join(files[0].0))
    }

    #[test]
    fn files_are_followed_and_open_versions_are_named() {
        let text = "# our own\n--index-url https://me:pw@pypi.example.com/simple\n-r base.txt\nnumpy>=2 # fast\n\
                    pandas==2.2 \\\n  --hash=sha256:00\nrequests[socks]\nold ; python_version < '3'\n";
        let read =
            read(&[("requirements.txt", text), ("base.txt", "-c limits.txt\nsix==1.16.0\n"), ("limits.txt", "x<2")]);
        let read = read.unwrap();
        assert_eq!((read.files.len(), read.count), (3, 5));
        assert_eq!(read.open, ["numpy", "requests", "old"]);
    }

    #[test]
    fn the_key_follows_every_file_and_every_local_wheel() {
        let key = |base: &str, wheel: &str| {
            let files =
                [("r.txt", "-r b.txt\n./a-1-py3-none-any.whl\n"), ("b.txt", base), ("a-1-py3-none-any.whl", wheel)];
            read(&files).unwrap().key()
        };
        assert_eq!(key("six", "1"), key("six", "1"));
        assert_ne!(key("six", "1"), key("six==1", "1"));
        assert_ne!(key("six", "1"), key("six", "2"));
    }

    #[test]
    fn source_code_is_refused_and_no_password_shown() {
        for line in ["-e .", "./lib", "git+https://u:pw@h/x.git", "x @ git+https://u:pw@h/x", "file:///tmp/a.tar.gz"] {
            let faults = read(&[("requirements.txt", line)]).err().unwrap();
            assert_eq!((faults.len(), faults[0].code), (1, "not_a_wheel"), "{line}");
            assert!(!faults[0].to_string().contains("u:pw"), "{}", faults[0]);
        }
        let faults = read(&[("requirements.txt", "-r gone.txt")]).err().unwrap();
        assert_eq!(faults[0].code, "missing_file");
        for line in ["./w/x-1-py3-none-any.whl", "x @ https://h/x-1-py3-none-any.whl#sha256=0", "x==1"] {
            assert!(read(&[("requirements.txt", line)]).is_ok(), "{line}");
        }
    }
}
