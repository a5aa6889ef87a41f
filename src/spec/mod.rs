//! What `deploy.yaml` may say: reading it, judging it, and the typed result.
//!
//! `tree` reads the text, `stages` merges one stage's differences over it, `decode` turns values into types by the
//! tables of `grammar` with `interpolate` filling in `${…}`; the other modules each judge one section. Nothing here
//! knows how AWS is called, and nothing is ever printed.

mod api;
mod asked;
mod bucket;
mod checks;
mod decode;
mod domain;
mod fault;
mod form;
mod function;
mod grammar;
mod handler;
mod image;
mod interpolate;
mod json_schema;
mod limits;
mod lint;
mod mapping;
mod method;
mod mistake;
pub mod model;
mod package;
mod pattern;
mod reference;
mod regions;
mod root;
mod routes;
mod runtimes;
mod schema;
mod secrets;
mod site;
mod stage_settings;
mod stages;
mod syntax;
mod templates;
mod tree;
mod usage_plan;

use std::cell::RefCell;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use asked::Asked;
pub use fault::{Fault, Source, Span};
pub use interpolate::{UNKNOWN_ACCOUNT, UNKNOWN_REGION, Variables};
pub use json_schema::json_schema;
pub use lint::{Warning, WarningCode};
pub use mistake::Mistake;
pub use model::Spec;
pub use regions::REGIONS;

pub use decode::resembling as nearest_word;
use decode::{Reader, resembling};
use interpolate::{Scope, fill, shorten};
use tree::{Kind, Node};

/// A deploy.yaml of more bytes is refused unread; 300 resources fill a tenth of it.
pub const MAX_BYTES: u64 = 1024 * 1024;

/// deploy.yaml's text as a tree that knows where everything stands.
#[derive(Clone, Debug)]
pub struct Document {
    source: Arc<Source>,
    directory: PathBuf,
    root: Node,
}

/// Does it look like the name of one of AWS's regions?
pub fn is_region(text: &str) -> bool {
    limits::is_region(text)
}

/// What can be known before the rest of the file is valid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    pub app: Option<String>,
    /// The stage being worked on: the command line's, else the file's.
    pub stage: Option<String>,
    /// The region of [`Variables`], else the one the stage or the file names.
    pub region: Option<String>,
}

impl Document {
    /// Reads the file and its form, not yet its meaning. `path` is kept as given, for messages.
    pub fn open(path: &Path) -> Result<Document, Vec<Fault>> {
        let text = read_text(path, MAX_BYTES).map_err(|unread| {
            let Unread { code, message, help, text, end } = unread;
            let missing = code == "missing_file";
            let help = if missing { "`poc init` writes one, `--file` names another".to_string() } else { help };
            // What there is of its text is the place, be it nothing.
            let source = Arc::new(Source { path: path.to_path_buf(), text });
            let span = Some(Span::of(&source, end, source.text.len().min(end + 1)));
            vec![Fault { code, path: String::new(), span, message, help: Some(help) }]
        })?;
        Document::parse(path, text)
    }

    /// The same for a text that is at hand; paths in it start from the directory of `path`.
    pub fn parse(path: &Path, text: String) -> Result<Document, Vec<Fault>> {
        let source = Arc::new(Source { path: path.to_path_buf(), text });
        let root = tree::parse(&source).map_err(|mut faults| {
            secrets::hide_by_name(&source, faults.iter_mut().filter_map(|fault| fault.span.as_mut()));
            faults
        })?;
        if !matches!(root.kind, Kind::Map(_)) {
            return Err(vec![Fault {
                code: "wrong_type",
                path: String::new(),
                span: Some(root.span.clone()),
                message: format!("deploy.yaml must be a mapping, found {}", root.found()),
                help: Some("start with `name: …`; `poc init` writes a whole one to start from".to_string()),
            }]);
        }
        let directory = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Ok(Document { source, directory, root })
    }

    /// The file as the user named it.
    pub fn path(&self) -> &Path {
        &self.source.path
    }

    /// Application, stage and region, as far as they can be told without judging the rest.
    pub fn names(&self, variables: &Variables<'_>) -> Names {
        let stage = variables.stage.map(str::to_string).or_else(|| self.base_stage(variables));
        let differences = stage.as_deref().and_then(|stage| self.differences(stage, variables));
        let scope = scope(variables, variables.region.unwrap_or(UNKNOWN_REGION), stage.as_deref().unwrap_or_default());
        let text = |node: Option<&Node>| match node.map(|node| &node.kind) {
            Some(Kind::Text { text, .. }) => fill(text, &scope).ok().map(|filled| filled.text),
            _ => None,
        };
        let own_region = differences.and_then(|own| own.get("region")).or_else(|| self.root.get("region"));
        Names {
            app: text(self.root.get("name")),
            region: variables.region.map(str::to_string).or_else(|| text(own_region)),
            stage,
        }
    }

    /// Every stage of the file, its own one first.
    pub fn stages(&self, variables: &Variables<'_>) -> Vec<String> {
        let mut stages: Vec<String> = self.base_stage(variables).into_iter().collect();
        if let Some(Kind::Map(entries)) = self.root.get("stages").map(|node| &node.kind) {
            stages.extend(entries.iter().map(|(key, _)| key.text.clone()));
        }
        stages
    }

    /// One stage of the file, merged, filled in, typed and judged; every mistake of it in the order of the file.
    /// May be called again once the account is known.
    pub fn spec(&self, variables: &Variables<'_>) -> Result<Spec, Vec<Fault>> {
        let names = self.names(variables);
        let base_stage = self.base_stage(variables).unwrap_or_default();
        let differences = names.stage.as_deref().and_then(|stage| self.differences(stage, variables));
        if let Some(asked) = variables.stage.filter(|asked| *asked != base_stage && differences.is_none()) {
            return Err(vec![self.unknown_stage(asked, variables)]);
        }
        let merged = self.merged(differences);
        // What is no region or stage is reported where it stands; a stand-in keeps it out of everything else.
        let stage = names.stage.filter(|stage| limits::STAGE.wrong(stage).is_none());
        let stage = stage.unwrap_or_else(|| "stage".to_string());
        let own_region = names.region.filter(|region| variables.region.is_some() || limits::is_region(region));
        let region = own_region.unwrap_or_else(|| UNKNOWN_REGION.to_string());
        let reader = Reader {
            directory: self.directory.clone(),
            scope: scope(variables, &region, &stage),
            differences,
            faults: RefCell::default(),
        };
        let spec = root::read(&reader, &merged, variables, &base_stage);
        let mut faults = reader.into_faults();
        secrets::hide(&self.root, faults.iter_mut().filter_map(|fault| fault.span.as_mut()));
        match spec {
            Some(spec) if faults.is_empty() => Ok(spec),
            _ => Err(faults),
        }
    }

    /// What is right in these stages and will hurt, in the order of the file, without what the file allows. A stage that has
    /// mistakes has no warnings. `today` is a day like `2026-11-26`: runtimes end. An `allow` that keeps nothing quiet is told
    /// only where all stages are looked at, because another one may need it.
    pub fn warnings(&self, variables: &Variables<'_>, stages: &[String], today: &str) -> Vec<Warning> {
        let named = self.files();
        let (mut warnings, mut allowed): (Vec<Warning>, Vec<_>) = (Vec::new(), Vec::new());
        for stage in stages {
            let variables = Variables { stage: Some(stage.as_str()), ..*variables };
            let Ok(spec) = self.spec(&variables) else { continue };
            let merged = self.merged(self.differences(stage, &variables));
            let linted = lint::lint(&spec, &merged, &self.directory, &named, today);
            for warning in linted.warnings {
                if !warnings.iter().any(|told| told.says_the_same(&warning)) {
                    warnings.push(warning);
                }
            }
            allowed.extend(linted.allowed);
        }
        if self.stages(variables).iter().all(|stage| stages.contains(stage)) {
            warnings.extend(lint::unused(&allowed));
        }
        warnings
    }

    /// Every file that a text of the document may name, in whichever stage.
    pub fn files(&self) -> Vec<PathBuf> {
        fn walk(node: &Node, directory: &Path, files: &mut Vec<PathBuf>) {
            match &node.kind {
                Kind::Text { text, .. } if text.len() < 1024 && !text.contains('\n') => {
                    files.push(directory.join(text))
                }
                Kind::List(items) => items.iter().for_each(|item| walk(item, directory, files)),
                Kind::Map(entries) => entries.iter().for_each(|(_, value)| walk(value, directory, files)),
                _ => {}
            }
        }
        let mut files = Vec::new();
        walk(&self.root, &self.directory, &mut files);
        files
    }

    /// The file with a stage's differences laid over it.
    fn merged(&self, differences: Option<&Node>) -> Node {
        differences.map_or_else(|| self.root.clone(), |own| stages::merge_stage(&self.root, own))
    }

    /// What one stage asks for, value by value. For a file that [`Document::spec`] takes.
    pub fn asked(&self, variables: &Variables<'_>) -> Vec<Asked> {
        let names = self.names(variables);
        let stage = names.stage.unwrap_or_default();
        let merged = self.merged(self.differences(&stage, variables));
        let region = names.region.unwrap_or_else(|| UNKNOWN_REGION.to_string());
        asked::asked(&merged, &scope(variables, &region, &stage))
    }

    fn base_stage(&self, variables: &Variables<'_>) -> Option<String> {
        match self.root.get("stage").map(|node| &node.kind) {
            Some(Kind::Text { text, .. }) => {
                fill(text, &scope(variables, UNKNOWN_REGION, "")).ok().map(|filled| filled.text)
            }
            _ => None,
        }
    }

    fn differences(&self, stage: &str, variables: &Variables<'_>) -> Option<&Node> {
        let own = self.base_stage(variables).is_some_and(|base| base == stage);
        if own { None } else { self.root.get("stages")?.get(stage) }
    }

    fn unknown_stage(&self, stage: &str, variables: &Variables<'_>) -> Fault {
        let mut known = self.stages(variables);
        if let (Some(own), Some(Kind::Text { text, .. })) = (known.first_mut(), self.root.get("stage").map(|n| &n.kind))
        {
            own.clone_from(text);
        }
        let key = |name: &str| match &self.root.kind {
            Kind::Map(entries) => entries.iter().find(|(key, _)| key.text == name).map(|(key, _)| key.span.clone()),
            _ => None,
        };
        let span = key("stages").or_else(|| key("stage")).unwrap_or_else(|| self.root.span.clone());
        Fault {
            code: "unknown_stage",
            path: "stages".to_string(),
            span: Some(span),
            message: format!("there is no stage `{}`", shorten(stage)),
            help: Some(match resembling(stage, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "stages are {}; one that was taken out of the file is torn down with the file as it was",
                    known.join(", ")
                ),
            }),
        }
    }
}

fn scope<'a>(variables: &Variables<'a>, region: &'a str, stage: &'a str) -> Scope<'a> {
    Scope { account: variables.account.unwrap_or(UNKNOWN_ACCOUNT), region, stage, env: variables.env }
}

/// The same path with a file or directory that is there and of nearly the same name.
fn near_path(written: &str, path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let names: Vec<String> =
        std::fs::read_dir(directory).ok()?.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let near = nearest_word(name, names.iter().map(String::as_str).filter(|near| *near != name))?;
    written.strip_suffix(name).map(|before| format!("{before}{near}"))
}

/// What helps where a path of the file leads nowhere.
fn lost(name: &interpolate::Filled, path: &Path) -> String {
    let near = if name.from_env { None } else { near_path(&name.text, path) };
    let near = near.map(|near| format!("did you mean `{}`? ", shorten(&near))).unwrap_or_default();
    format!("{near}paths start from the directory deploy.yaml is in")
}

/// Why a file cannot be used.
struct Unread {
    code: &'static str,
    message: String,
    help: String,
    /// What could be read of it, and the byte up to which it is right.
    text: String,
    end: usize,
}

/// Reads a text file of at most `limit` bytes.
fn read_text(path: &Path, limit: u64) -> Result<String, Unread> {
    let shown = path.display();
    let fail = |code, message: String, help: &str| {
        Err(Unread { code, message, help: help.to_string(), text: String::new(), end: 0 })
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return fail("missing_file", format!("there is no file {shown}"), "check the path, or create it");
        }
        Err(error) => {
            return fail("unreadable_file", format!("{shown} cannot be read: {error}"), "check its permissions");
        }
    };
    let about = file.metadata();
    if about.as_ref().is_ok_and(std::fs::Metadata::is_dir) {
        return fail("not_a_file", format!("{shown} is a directory"), "name the file in it");
    }
    let mut bytes = Vec::new();
    // One byte beyond the limit tells a file that is too large, also where its size is not known beforehand.
    let read = match about {
        Ok(about) if about.is_file() && about.len() > limit => Ok(usize::MAX),
        _ => file.take(limit + 1).read_to_end(&mut bytes),
    };
    match read {
        Err(error) => {
            return fail("unreadable_file", format!("{shown} cannot be read: {error}"), "check its permissions");
        }
        Ok(size) if size as u64 > limit => {
            return fail(
                "too_large",
                format!("{shown} is larger than {} KB", limit / 1024),
                "check that it is the file you mean",
            );
        }
        Ok(_) => {}
    }
    String::from_utf8(bytes).map_err(|error| {
        let end = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..end].iter().filter(|b| **b == b'\n').count() + 1;
        Unread {
            code: "not_utf8",
            message: format!("{shown} is not UTF-8 text: line {line} holds other bytes"),
            help: "save it as UTF-8".to_string(),
            text: String::from_utf8_lossy(error.as_bytes()).into_owned(),
            end,
        }
    })
}
