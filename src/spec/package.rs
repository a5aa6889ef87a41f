//! The section `package`: where the code comes from, what prepares it, and which libraries go with it. An image in
//! place of it has a file of its own.

use std::path::Path;

use super::decode::{At, Reader, Table, nearest};
use super::grammar::{BUILD, PACKAGE};
use super::image;
use super::model::{Build, BuildCommand, Dependencies, PackageSource, Run};
use super::root::ignore_patterns;
use super::tree::Kind;

/// Everything of `package` but its bucket.
#[derive(Default)]
pub(super) struct Read {
    /// `None` where it cannot be told.
    pub source: Option<PackageSource>,
    /// It is meant to be one, be it named well or not.
    pub is_image: bool,
    pub build: Build,
    pub dependencies: Dependencies,
}

/// What is for a directory alone, and not for an image.
pub(super) const FOR_DIRECTORIES: [&str; 4] = ["path", "ignore", "build", "dependencies"];

/// `region` is the function's, where it is known.
pub(super) fn read(table: &Table<'_>, reader: &Reader<'_>, region: Option<&str>) -> Read {
    if let Some(at) = table.get("image") {
        for key in FOR_DIRECTORIES {
            if let Some(other) = table.get(key) {
                let message = format!("`{key}` and `image` exclude each other: an image is not made from a directory");
                let help = format!("remove one of them (`{key}: null` takes it out of a stage)");
                other.fault_in_key("image_and_path", message, help);
            }
        }
        return Read {
            source: image::read(&at, reader, region).map(PackageSource::Image),
            is_image: true,
            dependencies: Dependencies::None,
            ..Read::default()
        };
    }
    let build = table.get("build").map(|at| build(&at, reader)).unwrap_or_default();
    let dependencies = table.get("dependencies").map(|at| dependencies(&at, reader)).unwrap_or_default();
    let source = source(table, reader, !build.commands.is_empty());
    if matches!(source, Some(PackageSource::Zip { .. })) {
        for key in ["ignore", "build", "dependencies"] {
            if let Some(at) = table.get(key) {
                let message = format!("`{key}` has no effect on a ready .zip");
                at.fault_in_key("unused_key", message, "remove it, or name the directory");
            }
        }
    }
    Read { source, is_image: false, build, dependencies }
}

/// A directory that is `built` may be missing until then.
fn source(table: &Table<'_>, reader: &Reader<'_>, built: bool) -> Option<PackageSource> {
    let ignore = ignore_patterns(table);
    let at = table.get("path")?;
    let filled = at.text()?;
    if filled.text.is_empty() {
        at.fault("missing_file", "the package's path is empty", "name a directory or a .zip; . is deploy.yaml's own");
        return None;
    }
    let path = reader.resolve(&filled.text);
    let shown = if filled.from_env { filled.shown() } else { path.display().to_string() };
    let ready = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"));
    let Ok(about) = std::fs::metadata(&path) else {
        if built && !ready {
            return Some(PackageSource::Directory { path, ignore });
        }
        at.fault("missing_file", format!("there is no `{shown}`"), super::lost(&filled, &path));
        return None;
    };
    if about.is_dir() {
        return Some(PackageSource::Directory { path, ignore });
    }
    if !ready {
        at.fault(
            "not_a_package",
            format!("{shown} is neither a directory nor a .zip"),
            "name a directory, or a zip that is ready",
        );
    }
    Some(PackageSource::Zip { path })
}

fn build(at: &At<'_>, reader: &Reader<'_>) -> Build {
    let (run, inputs) = match &at.node.kind {
        Kind::Map(_) => {
            let Some(table) = at.table(&BUILD) else { return Build::default() };
            (table.need("run").map(|run| run.items()).unwrap_or_default(), table.texts("inputs"))
        }
        _ => (at.items(), Vec::new()),
    };
    let mut found = Vec::new();
    for (at, input) in inputs {
        let path = reader.resolve(&input.text);
        if !path.exists() {
            let message = format!("there is no `{}`", input.shown());
            at.fault("missing_file", message, "paths start from the directory deploy.yaml is in");
        }
        found.push(path);
    }
    Build { commands: run.iter().filter_map(command).collect(), inputs: found }
}

fn command(at: &At<'_>) -> Option<BuildCommand> {
    let empty = || at.fault("empty_command", "the command is empty", "write one like `npm run build`, or remove it");
    if let Kind::List(_) = at.node.kind {
        let words = at.texts();
        if words.first().is_none_or(|(_, program)| program.text.is_empty()) {
            empty();
            return None;
        }
        let shown: Vec<String> = words.iter().map(|(_, word)| quoted(&word.raw)).collect();
        let words = words.into_iter().map(|(_, word)| word.text).collect();
        return Some(BuildCommand { run: Run::Program(words), shown: shown.join(" ") });
    }
    let line = at.text()?;
    if line.text.trim().is_empty() {
        empty();
        return None;
    }
    Some(BuildCommand { run: Run::Shell(line.text), shown: line.raw })
}

/// As a person would type it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,${}".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{word}'") }
}

fn dependencies(at: &At<'_>, reader: &Reader<'_>) -> Dependencies {
    let Some(given) = at.text() else { return Dependencies::Auto };
    match given.text.as_str() {
        "auto" => return Dependencies::Auto,
        "none" => return Dependencies::None,
        _ => {}
    }
    let path = reader.resolve(&given.text);
    if !path.is_file() {
        // A word is more likely one of the two that is mistyped.
        let word = given.text.bytes().all(|byte| byte.is_ascii_alphabetic());
        let help = match word {
            true => nearest(&given.raw, ["auto", "none"].into_iter(), "write a file, or one of"),
            false => "paths start from the directory deploy.yaml is in".to_owned(),
        };
        at.fault("missing_file", format!("there is no `{}`", given.shown()), help);
    } else if !known(&path) {
        let message = format!("{} is not a list of dependencies that poc reads", given.shown());
        let help =
            "name a requirements.txt (any name that ends in .txt or .in), pyproject.toml, package.json or Cargo.toml";
        at.fault("unknown_value", message, help);
    }
    Dependencies::File(path)
}

fn known(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let listed = path.extension().is_some_and(|end| end == "txt" || end == "in");
    listed || ["pyproject.toml", "package.json", "Cargo.toml"].contains(&name.as_ref())
}

/// The table of `package`, where there is one.
pub(super) fn table<'a>(root: &Table<'a>) -> Option<Table<'a>> {
    let at = root.need("package")?;
    let table = at.table(&PACKAGE)?;
    if table.get("path").is_none() && table.get("image").is_none() {
        let help = "add `path`: a directory to zip, or a ready .zip; or `image`: a container image in ECR";
        at.fault("missing_key", "`package` has neither `path` nor `image`", help);
    }
    Some(table)
}
