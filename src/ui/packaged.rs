//! What is inside of a package, by size.

use std::fmt::Write;

use super::layout::{columns, harmless, wrap};
use super::look::{DIM, GOOD, Look, paint};
use super::words::count;
use crate::pipeline::{Packaged, PackedZip};

/// More parts are told by their number.
const SHOWN: usize = 12;

pub(super) fn report(packaged: &Packaged, look: &Look) -> String {
    let source = harmless(&packaged.source);
    let Some(zip) = &packaged.zip else {
        let sentence =
            format!("The code is the container image {source} ({}): there is nothing to pack.", packaged.architecture);
        return wrap("", &sentence, look.width);
    };
    let sentence = format!(
        "{} {source}: {}, {} zipped, {} unzipped ({} of what Lambda takes), for {} on {}",
        paint(GOOD, look.glyphs.good),
        count(zip.files, "file"),
        size(zip.zipped),
        size(zip.unzipped),
        share(zip.unzipped, zip.limit),
        harmless(&packaged.runtime),
        packaged.architecture,
    );
    let mut text = wrap("", &sentence, look.width);
    text += &format!("  {}\n", paint(DIM, format!("sha256 {}", zip.sha256)));
    if let Some(dependencies) = &zip.dependencies {
        let list = harmless(&dependencies.list.display().to_string());
        let sentence =
            format!("dependencies of {list}: {}, {}", count(dependencies.files, "file"), size(dependencies.unzipped));
        text += &wrap("  ", &sentence, look.width);
    }
    text.push('\n');
    match &zip.list {
        Some(files) => text += &table(files.iter().map(|file| (file.unzipped, harmless(&file.path), String::new()))),
        None => text += &parts(zip),
    }
    if let Some(output) = &zip.output {
        let sentence = format!("written to {}", harmless(&output.display().to_string()));
        text += &format!("\n{}", wrap("", &sentence, look.width));
    }
    text
}

fn parts(zip: &PackedZip) -> String {
    let rows = zip.parts.iter().take(SHOWN).map(|part| {
        let files = if part.name.ends_with('/') { count(part.files, "file") } else { String::new() };
        (part.unzipped, harmless(&part.name), files)
    });
    let mut text = table(rows);
    let more = &zip.parts[zip.parts.len().min(SHOWN)..];
    if !more.is_empty() {
        let rest = size(more.iter().map(|part| part.unzipped).sum());
        text += &format!("  {}\n", paint(DIM, format!("and {} more, {rest} (--list shows every file)", more.len())));
    }
    text
}

/// Sizes end in the same column.
fn table(rows: impl Iterator<Item = (u64, String, String)>) -> String {
    let rows: Vec<(String, String, String)> = rows.map(|(bytes, name, about)| (size(bytes), name, about)).collect();
    let widest = rows.iter().map(|(size, ..)| columns(size)).max().unwrap_or_default();
    rows.iter().fold(String::new(), |mut text, (size, name, about)| {
        let about = if about.is_empty() { String::new() } else { paint(DIM, format!("  {about}")) };
        let _ = writeln!(text, "  {}{size}  {name}{about}", " ".repeat(widest - columns(size)));
        text
    })
}

/// `85.1 MB`, `3.4 KB`, `12 bytes`.
fn size(bytes: u64) -> String {
    let tenths = |unit: u64| format!("{}.{}", bytes / unit, bytes % unit * 10 / unit);
    match bytes {
        0..1_000 => count(usize::try_from(bytes).unwrap_or_default(), "byte"),
        1_000..1_000_000 => format!("{} KB", tenths(1_000)),
        _ => format!("{} MB", tenths(1_000_000)),
    }
}

fn share(part: u64, whole: u64) -> String {
    match part * 100 / whole.max(1) {
        0 => "less than 1 %".to_owned(),
        percent => format!("{percent} %"),
    }
}
