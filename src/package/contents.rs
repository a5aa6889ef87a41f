//! What a package consists of, by size: its files are too many to read, so they are told by the directory or the library
//! at the top that they belong to.

use std::collections::BTreeMap;

use super::Entry;

/// A directory, a library or a file at the top of the package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartOf {
    /// With a slash at its end where it is a directory.
    pub name: String,
    pub files: usize,
    /// Bytes, unzipped.
    pub size: u64,
}

/// The parts of the package, the biggest first.
pub fn parts(entries: &[Entry]) -> Vec<PartOf> {
    let mut parts: BTreeMap<String, (usize, u64)> = BTreeMap::new();
    for entry in entries {
        let part = parts.entry(top(&entry.path)).or_default();
        *part = (part.0 + 1, part.1 + entry.size);
    }
    let parts = parts.into_iter().map(|(name, (files, size))| PartOf { name, files, size });
    let mut parts: Vec<PartOf> = parts.collect();
    parts.sort_by(|one, other| other.size.cmp(&one.size).then_with(|| one.name.cmp(&other.name)));
    parts
}

/// `numpy/`, `handler.py`, `node_modules/@aws-sdk/client-s3/`.
fn top(path: &str) -> String {
    let depth = match path.strip_prefix("node_modules/") {
        Some(library) if library.starts_with('@') => 3,
        Some(_) => 2,
        None => 1,
    };
    match path.match_indices('/').nth(depth - 1) {
        Some((slash, _)) => path[..=slash].to_owned(),
        None => path.to_owned(),
    }
}

/// `85.1 MB`, `3.4 KB`, `12 bytes`.
pub fn size_words(bytes: u64) -> String {
    let tenths = |unit: u64| format!("{}.{}", bytes / unit, bytes % unit * 10 / unit);
    match bytes {
        1 => "1 byte".to_owned(),
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} KB", tenths(1_000)),
        _ => format!("{} MB", tenths(1_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::EntryKind;

    #[test]
    fn parts_are_told_by_their_top_and_the_biggest_comes_first() {
        let entry =
            |path: &str, size| Entry { path: path.to_owned(), size, kind: EntryKind::File { executable: false } };
        let entries = [
            entry("handler.py", 5),
            entry("numpy/core.so", 80),
            entry("numpy/a/b.py", 3),
            entry("node_modules/a/index.js", 7),
            entry("node_modules/@x/y/index.js", 9),
            entry("node_modules/@x/z/index.js", 1),
        ];
        let parts: Vec<(String, usize, u64)> =
            parts(&entries).into_iter().map(|part| (part.name, part.files, part.size)).collect();
        let told = |name: &str, files, size| (name.to_owned(), files, size);
        assert_eq!(
            parts,
            [
                told("numpy/", 2, 83),
                told("node_modules/@x/y/", 1, 9),
                told("node_modules/a/", 1, 7),
                told("handler.py", 1, 5),
                told("node_modules/@x/z/", 1, 1),
            ]
        );
        assert_eq!(size_words(85_149_999), "85.1 MB");
        assert_eq!(size_words(1_064), "1.0 KB");
    }
}
