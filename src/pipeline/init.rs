//! `poc init`: a small project that deploys as it stands. Nothing that is there is ever overwritten.

mod found;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use super::planted::{There, failed, plant, there};
use super::spelled::{shell, yaml};
use super::{Failure, deploy_schema};
use crate::spec::{self, Document, Variables};
use found::Found;

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
    /// Where the function's code is or goes, from there.
    pub code: String,
}

/// What it made.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Initialised {
    pub directory: PathBuf,
    pub name: String,
    /// Paths from there, and what each is for.
    pub files: Vec<(String, &'static str)>,
    /// Those that were there already, as they would have been written.
    pub kept: Vec<String>,
    /// What must be done before it can be deployed, beside having this program.
    pub first: Option<String>,
    /// How much of it can be tried without AWS.
    pub local: &'static str,
}

struct File {
    path: String,
    what: &'static str,
    text: String,
}

pub(super) const SCHEMA: &str = ".poc/deploy.schema.json";
const GITIGNORE: &str = ".gitignore";

const IGNORE: &str = include_str!("init/gitignore");

impl Template {
    fn function(self) -> &'static str {
        match self {
            Template::Python | Template::Node => include_str!("init/function.yaml"),
            Template::Rust => include_str!("init/rust/function.yaml"),
            Template::R => include_str!("init/r/function.yaml"),
        }
    }

    /// Names in the directory of the code, what each is for, and texts.
    fn code(self) -> Vec<(&'static str, &'static str, &'static str)> {
        match self {
            Template::Python => {
                vec![("handler.py", "your model goes here", include_str!("init/python/handler.py"))]
            }
            Template::Node => vec![("handler.mjs", "your model goes here", include_str!("init/node/handler.mjs"))],
            Template::Rust => vec![
                ("src/main.rs", "your model goes here", include_str!("init/rust/main.rs")),
                ("Cargo.toml", "its package", include_str!("init/rust/Cargo.toml")),
            ],
            Template::R => vec![
                ("predict.R", "your model goes here", include_str!("init/r/predict.R")),
                ("Dockerfile", "the image that Lambda runs", include_str!("init/r/Dockerfile")),
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

    fn local(self) -> &'static str {
        match self {
            Template::R => "try keys, validation and templates; the image runs on AWS alone",
            _ => "try it on this machine, no AWS account needed",
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

/// Is it a region's name, as the file's `region` has to be?
///
/// # Errors
/// What a region looks like.
pub fn judge_region(text: &str) -> Result<(), String> {
    match spec::is_region(text) {
        true => Ok(()),
        false => Err("a region looks like eu-west-1".to_owned()),
    }
}

/// A directory of the project that can hold the function's code, as the file names it.
///
/// # Errors
/// What is wrong with it.
pub fn judge_code(text: &str) -> Result<String, String> {
    let mut parts = Vec::new();
    for part in Path::new(text).components() {
        match (part, part.as_os_str().to_str()) {
            (Component::CurDir, _) => {}
            (Component::Normal(_), Some(name)) => parts.push(name),
            _ => return Err("give a directory of the project, such as app".to_owned()),
        }
    }
    if text.is_empty() || text.contains(|letter: char| letter.is_control() || letter == '$') {
        return Err("give a directory of the project, such as app".to_owned());
    }
    match parts.first() {
        None => Ok(".".to_owned()),
        Some(&(".poc" | ".git" | "templates")) => {
            Err("that directory holds other things; give one such as app".to_owned())
        }
        Some(_) => Ok(parts.join("/")),
    }
}

/// # Errors
/// When something else is there already, before anything is written; when a file cannot be written.
pub fn init(wanted: &InitWanted) -> Result<Initialised, Failure> {
    let theirs = theirs(wanted);
    let files = files(wanted, theirs.as_ref());
    let whole = |path: &str| wanted.directory.join(path);
    let mut differing = Vec::new();
    let mut kept = Vec::new();
    for file in &files {
        match there(&whole(&file.path), &file.text)? {
            There::Same => kept.push(file.path.clone()),
            There::Other => differing.push(file.path.as_str()),
            There::Nothing => {}
        }
    }
    let ignored = Ignored::read(&wanted.directory)?;
    if ignored.leads_nowhere {
        differing.push(GITIGNORE);
    }
    if !differing.is_empty() {
        let named = |path: &&str| match wanted.directory.as_os_str().to_str() {
            Some(".") => (*path).to_owned(),
            _ => whole(path).display().to_string(),
        };
        let names: Vec<String> = differing.iter().map(named).collect();
        return Err(Failure::Usage(format!(
            "{} would be overwritten, so nothing was written; give another directory, or move what is there away",
            names.join(", "),
        )));
    }
    for file in files.iter().filter(|file| !kept.contains(&file.path)) {
        plant(&whole(&file.path), &file.text)?;
    }
    refresh(&whole(SCHEMA))?;
    ignored.write(&whole(GITIGNORE))?;
    judge(&wanted.directory)?;
    let mut listed: Vec<(String, &'static str)> = files.into_iter().map(|file| (file.path, file.what)).collect();
    if let Some(found) = &theirs {
        listed.insert(1, (wanted.file(&found.file), "your function, as it is"));
    }
    listed.push((GITIGNORE.to_owned(), "keeps .poc out of git"));
    listed.push((SCHEMA.to_owned(), "lets editors complete deploy.yaml"));
    Ok(Initialised {
        directory: wanted.directory.clone(),
        name: wanted.name.clone(),
        files: listed,
        kept,
        first: wanted.first(theirs.as_ref()),
        local: wanted.template.local(),
    })
}

impl InitWanted {
    /// The path of a file of the code.
    fn file(&self, name: &str) -> String {
        if self.code == "." { name.to_owned() } else { format!("{}/{name}", self.code) }
    }

    fn first(&self, theirs: Option<&Found>) -> Option<String> {
        let Some(found) = theirs else { return self.template.first().map(str::to_owned) };
        let file = self.file(&found.file);
        let mut text = format!(
            "deploy.yaml and templates/request.vtl send {file} size and rooms: put what it takes in their place",
        );
        if found.handler.is_none() && matches!(self.template, Template::Python | Template::Node) {
            text += ", and in deploy.yaml its own function for `handler`";
        }
        let more = self.template.first().map(|first| format!("; {first}")).unwrap_or_default();
        Some(text + &more)
    }
}

/// The code that is there, unless it is what would be written.
fn theirs(wanted: &InitWanted) -> Option<Found> {
    let directory = wanted.directory.join(&wanted.code);
    let ours = wanted.template.code();
    let is = |what: There, name: &str, text: &str| there(&directory.join(name), text).is_ok_and(|there| there == what);
    let edited = ours.iter().any(|(name, _, text)| is(There::Other, name, text));
    let found = wanted.template.found(&directory)?;
    let same = ours.iter().any(|(name, _, text)| *name == found.file && is(There::Same, name, text));
    (edited || !same).then_some(found)
}

fn files(wanted: &InitWanted, theirs: Option<&Found>) -> Vec<File> {
    let (runtime, usual) = wanted.template.runtime_and_handler();
    let handler = theirs.and_then(|found| found.handler.as_deref()).unwrap_or(usual);
    let (description, yours, checks) = match theirs {
        None => ("Predicts what a flat costs", "", include_str!("init/checks.yaml")),
        Some(_) => (
            "A prediction",
            "# size and rooms stand for what your function takes, here and in templates/request.vtl.\n",
            include_str!("init/checks_of_yours.yaml"),
        ),
    };
    let filled = |text: &str| {
        let text = text.replace("@CODE@\n", wanted.template.function()).replace("@CHECKS@", checks);
        let text = text.replace("@YOURS@", yours).replace("@DESCRIPTION@", description);
        let text = text.replace("@TRY@", wanted.template.local());
        let text = text.replace("@NAME@", &yaml(&wanted.name)).replace("@BASE@", &yaml(&wanted.name.to_lowercase()));
        let text = text.replace("@IMAGE@", &repository(&wanted.name));
        let text = text.replace("@DIR@", &yaml(&wanted.code)).replace("@DIR_WORD@", &shell(&wanted.code));
        text.replace("@REGION@", &wanted.region).replace("@RUNTIME@", runtime).replace("@HANDLER@", handler)
    };
    let file = |path: &str, what, text: &str| File { path: path.to_owned(), what, text: filled(text) };
    let mut files =
        vec![file("deploy.yaml", "what is deployed; every part is explained", include_str!("init/deploy.yaml"))];
    if theirs.is_none() {
        let code = wanted.template.code().into_iter();
        files.extend(code.map(|(name, what, text)| File { path: wanted.file(name), what, text: text.to_owned() }));
    }
    files.extend([
        file("templates/request.vtl", "the function's event, out of the query", include_str!("init/request.vtl")),
        file("templates/error.vtl", "what callers get for bad input", include_str!("init/error.vtl")),
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

/// What git is told not to see.
struct Ignored {
    text: Option<String>,
    leads_nowhere: bool,
}

impl Ignored {
    fn read(directory: &Path) -> Result<Ignored, Failure> {
        let path = directory.join(GITIGNORE);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Ignored { text: Some(text), leads_nowhere: false }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok(Ignored { text: None, leads_nowhere: fs::symlink_metadata(&path).is_ok() })
            }
            Err(error) => Err(failed(&path, "read", &error)),
        }
    }

    /// Adds what git must not see, unless it is there.
    fn write(&self, path: &Path) -> Result<(), Failure> {
        let Some(text) = &self.text else { return plant(path, IGNORE) };
        if text.lines().any(|line| matches!(line.trim(), ".poc/" | ".poc" | "/.poc/" | "/.poc")) {
            return Ok(());
        }
        let gap = match text.as_str() {
            "" => "",
            some if some.ends_with('\n') => "\n",
            _ => "\n\n",
        };
        let added = OpenOptions::new().append(true).open(path);
        let added = added.and_then(|mut file| file.write_all(format!("{gap}{IGNORE}").as_bytes()));
        added.map_err(|error| failed(path, "written", &error))
    }
}

/// Makes the schema anew: it belongs to the program, and git does not see it.
fn refresh(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(path, "written", &error)),
        _ => {}
    }
    plant(path, &schema_text())
}

pub(super) fn schema_text() -> String {
    format!("{:#}\n", deploy_schema())
}

/// What was written is right in itself; what the code there lacks still, the person is told beside it.
fn judge(directory: &Path) -> Result<(), Failure> {
    let variables = Variables { account: None, region: None, stage: None, env: &|name| std::env::var(name).ok() };
    let document = Document::open(&directory.join("deploy.yaml"));
    let mut faults = document.and_then(|document| document.spec(&variables)).err().unwrap_or_default();
    faults.retain(|fault| fault.code != "handler_missing");
    if faults.is_empty() { Ok(()) } else { Err(Failure::Faults(faults)) }
}
