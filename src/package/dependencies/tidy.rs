//! What an installer leaves that differs from machine to machine, taken away, so that the same wheels give the same
//! bytes whoever installed them: scripts that name an interpreter of this machine, notes on who installed and from where.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

/// In a `.dist-info` directory: the installer's own notes.
const NOTES: [&str; 5] = ["INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json"];

/// Tidies the directory that wheels were installed into.
///
/// # Errors
/// When a file cannot be read or removed.
pub(super) fn tidy(root: &Path) -> io::Result<()> {
    remove(&root.join(".lock"))?;
    scripts(&root.join("bin"))?;
    for entry in fs::read_dir(root)? {
        let directory = entry?.path();
        if directory.extension().is_some_and(|end| end == "dist-info") {
            NOTES.iter().try_for_each(|note| remove(&directory.join(note)))?;
            record(root, &directory.join("RECORD"))?;
        }
    }
    Ok(())
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Programs stay; scripts begin with the path of an interpreter that Lambda does not have.
fn scripts(directory: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        let mut start = [0; 2];
        if path.is_file() && fs::File::open(&path)?.read(&mut start)? == 2 && &start == b"#!" {
            fs::remove_file(&path)?;
        }
    }
    // One that still holds something stays.
    let _ = fs::remove_dir(directory);
    Ok(())
}

/// The list of what was installed, of what is left of it, in order.
fn record(root: &Path, file: &Path) -> io::Result<()> {
    let text = match fs::read_to_string(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        text => text?,
    };
    let lines: BTreeSet<&str> = text.lines().filter(|line| root.join(path(line)).is_file()).collect();
    let lines: Vec<&str> = lines.into_iter().filter(|line| !path(line).ends_with(".pyc")).collect();
    fs::write(file, lines.join("\n") + "\n")
}

/// The first field of a line of CSV.
fn path(line: &str) -> String {
    match line.strip_prefix('"') {
        Some(quoted) => {
            let end = quoted.find("\",").unwrap_or(quoted.len());
            quoted[..end].replace("\"\"", "\"")
        }
        None => line.split(',').next().unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed(by: &str, interpreter: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put("a.py", "a");
        put("b, c.py", "b");
        put("bin/tool", &format!("#!{interpreter}\n"));
        put("a-1.dist-info/METADATA", "Name: a");
        put("a-1.dist-info/INSTALLER", by);
        put("a-1.dist-info/REQUESTED", "");
        let mut lines = [
            "a.py,sha256=x,1".to_owned(),
            "\"b, c.py\",sha256=y,1".to_owned(),
            format!("bin/tool,sha256={interpreter},9"),
            format!("a-1.dist-info/INSTALLER,sha256={by},3"),
            "a-1.dist-info/METADATA,sha256=z,7".to_owned(),
            "a-1.dist-info/RECORD,,".to_owned(),
            "__pycache__/a.cpython-313.pyc,,".to_owned(),
        ];
        if by == "pip" {
            lines.reverse();
        }
        put("a-1.dist-info/RECORD", &lines.join("\r\n"));
        if by == "uv" {
            put(".lock", "");
        }
        root
    }

    #[test]
    fn what_two_installers_leave_is_the_same() {
        let (one, other) = (installed("uv", "/usr/bin/python3"), installed("pip", "/home/me/venv/bin/python"));
        for root in [&one, &other] {
            tidy(root.path()).unwrap();
            assert!(!root.path().join(".lock").exists() && !root.path().join("bin").exists());
            assert!(!root.path().join("a-1.dist-info/INSTALLER").exists());
        }
        let record = |root: &tempfile::TempDir| fs::read_to_string(root.path().join("a-1.dist-info/RECORD")).unwrap();
        assert_eq!(record(&one), record(&other));
        assert_eq!(
            record(&one),
            "\"b, c.py\",sha256=y,1\na-1.dist-info/METADATA,sha256=z,7\na-1.dist-info/RECORD,,\na.py,sha256=x,1\n"
        );
    }

    #[test]
    fn a_program_among_the_scripts_stays() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("bin")).unwrap();
        fs::write(root.path().join("bin/ruff"), b"\x7fELF").unwrap();
        tidy(root.path()).unwrap();
        assert!(root.path().join("bin/ruff").exists());
    }
}
