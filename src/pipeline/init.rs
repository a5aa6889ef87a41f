//! `poc init`: a small project that deploys as it stands. Nothing that is there is ever overwritten.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Failure, deploy_schema};
use crate::spec::Document;

/// What kind of function it begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    Python,
    Node,
    Rust,
    R,
}

/// What `poc init` was asked for.
#[derive(Clone, Debug)]
pub struct InitWanted {
    pub directory: PathBuf,
    pub template: Template,
    pub name: String,
    pub region: String,
}

/// What it made.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Initialised {
    pub directory: PathBuf,
    pub name: String,
    /// Paths from there, and what each is for.
    pub files: Vec<(&'static str, &'static str)>,
    /// Those that were there already, as they would have been written.
    pub kept: Vec<&'static str>,
    /// What must be done before it can be deployed, beside having this program.
    pub first: Option<&'static str>,
}

struct File {
    path: &'static str,
    what: &'static str,
    text: String,
}

const SCHEMA: &str = ".poc/deploy.schema.json";

const IGNORE: &str = include_str!("init/gitignore");

impl Template {
    fn function(self) -> &'static str {
        match self {
            Template::Python | Template::Node => include_str!("init/function.yaml"),
            Template::Rust => include_str!("init/rust/function.yaml"),
            Template::R => include_str!("init/r/function.yaml"),
        }
    }

    fn code(self) -> Vec<(&'static str, &'static str, &'static str)> {
        match self {
            Template::Python => {
                vec![("app/handler.py", "your model goes here", include_str!("init/python/handler.py"))]
            }
            Template::Node => vec![("app/handler.mjs", "your model goes here", include_str!("init/node/handler.mjs"))],
            Template::Rust => vec![
                ("app/src/main.rs", "your model goes here", include_str!("init/rust/main.rs")),
                ("app/Cargo.toml", "its package", include_str!("init/rust/Cargo.toml")),
            ],
            Template::R => vec![
                ("app/predict.R", "your model goes here", include_str!("init/r/predict.R")),
                ("app/Dockerfile", "the image that Lambda runs", include_str!("init/r/Dockerfile")),
            ],
        }
    }

    fn runtime_and_handler(self) -> (&'static str, &'static str) {
        match self {
            Template::Node => ("nodejs24.x", "handler.handler"),
            _ => ("python3.13", "handler.lambda_handler"),
        }
    }

    fn first(self) -> Option<&'static str> {
        match self {
            Template::Python | Template::Node => None,
            Template::Rust => Some("cargo-lambda builds it for Lambda: `cargo install cargo-lambda`"),
            Template::R => Some("build the image and put it into ECR: the commands stand in deploy.yaml"),
        }
    }
}

/// Is it a name that everything can carry which is called after it: function, role, API, key?
///
/// # Errors
/// What is wrong with it.
pub fn judge_name(name: &str) -> Result<(), String> {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    if name.is_empty() || name.len() > 50 || !name.chars().all(allowed) {
        return Err("a name has 1 to 50 letters, digits, - and _".to_owned());
    }
    Ok(())
}

/// The directory's name, as far as a name may look like that.
pub fn name_for(directory: &Path) -> String {
    let whole = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_path_buf());
    let named = whole.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let letters = named.chars().map(|letter| if judge_name(&letter.to_string()).is_ok() { letter } else { '-' });
    let name: String = letters.take(50).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "prediction".to_owned() } else { name.to_owned() }
}

/// # Errors
/// When something else is there already, before anything is written; when a file cannot be written.
pub fn init(wanted: &InitWanted) -> Result<Initialised, Failure> {
    let files = files(wanted);
    let mut differing = Vec::new();
    let mut kept = Vec::new();
    for file in &files {
        match fs::read(wanted.directory.join(file.path)) {
            Ok(bytes) if bytes == file.text.as_bytes() => kept.push(file.path),
            Ok(_) => differing.push(file.path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(&wanted.directory.join(file.path), "read", &error)),
        }
    }
    if !differing.is_empty() {
        let whole = |path: &&str| match wanted.directory.as_os_str().to_str() {
            Some(".") => (*path).to_owned(),
            _ => wanted.directory.join(path).display().to_string(),
        };
        let names: Vec<String> = differing.iter().map(whole).collect();
        return Err(Failure::Usage(format!(
            "{} would be overwritten, so nothing was written; give another directory, or move what is there away",
            names.join(", "),
        )));
    }
    for file in files.iter().filter(|file| !kept.contains(&file.path)) {
        write(&wanted.directory.join(file.path), &file.text)?;
    }
    // Made again by every init: it belongs to the program, and git does not see it.
    write(&wanted.directory.join(SCHEMA), &format!("{:#}\n", deploy_schema()))?;
    ignore(&wanted.directory)?;
    judge(&wanted.directory)?;
    Ok(Initialised {
        directory: wanted.directory.clone(),
        name: wanted.name.clone(),
        files: files.iter().map(|file| (file.path, file.what)).collect(),
        kept,
        first: wanted.template.first(),
    })
}

fn files(wanted: &InitWanted) -> Vec<File> {
    let (runtime, handler) = wanted.template.runtime_and_handler();
    let filled = |text: &str| {
        let text = text.replace("@CODE@\n", wanted.template.function());
        let text = text.replace("@NAME@", &wanted.name).replace("@BASE@", &wanted.name.to_lowercase());
        let text = text.replace("@IMAGE@", &repository(&wanted.name));
        text.replace("@REGION@", &wanted.region).replace("@RUNTIME@", runtime).replace("@HANDLER@", handler)
    };
    let file = |(path, what, text): (&'static str, &'static str, &str)| File { path, what, text: filled(text) };
    let mut files =
        vec![file(("deploy.yaml", "what is deployed; every part is explained", include_str!("init/deploy.yaml")))];
    files.extend(wanted.template.code().into_iter().map(file));
    files.extend([
        file(("templates/request.vtl", "the function's event, out of the query", include_str!("init/request.vtl"))),
        file(("templates/error.vtl", "what callers get for bad input", include_str!("init/error.vtl"))),
    ]);
    files
}

/// A name as ECR takes one: two characters at least, all in lower case, and signs between letters alone, one at a time.
fn repository(name: &str) -> String {
    let lower = name.to_lowercase();
    let parts: Vec<&str> = lower.split(['-', '_']).filter(|part| !part.is_empty()).collect();
    match parts.join("-") {
        short if short.len() < 2 => format!("prediction-{short}").trim_end_matches('-').to_owned(),
        joined => joined,
    }
}

/// Adds what git must not see, unless it is there.
fn ignore(directory: &Path) -> Result<(), Failure> {
    let path = directory.join(".gitignore");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed(&path, "read", &error)),
    };
    if text.lines().any(|line| matches!(line.trim(), ".poc/" | ".poc" | "/.poc/" | "/.poc")) {
        return Ok(());
    }
    let gap = match text.as_str() {
        "" => "",
        some if some.ends_with('\n') => "\n",
        _ => "\n\n",
    };
    write(&path, &format!("{text}{gap}{IGNORE}"))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let parent = path.parent().map_or(Ok(()), fs::create_dir_all);
    parent.and_then(|()| fs::write(path, text)).map_err(|error| failed(path, "written", &error))
}

fn failed(path: &Path, what: &str, error: &io::Error) -> Failure {
    Failure::Usage(format!("{} cannot be {what}: {error}", path.display()))
}

/// What was written is well formed; `poc validate` says the rest.
fn judge(directory: &Path) -> Result<(), Failure> {
    Document::open(&directory.join("deploy.yaml")).map(drop).map_err(Failure::Faults)
}
