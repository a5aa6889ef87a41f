//! The code that is there when a project begins: which language it is in, and what of it Lambda is to call.

use std::fs;
use std::path::Path;

use super::Template;

/// Somebody's own code in the place of the sample's.
pub(super) struct Found {
    /// From the directory of the code.
    pub file: String,
    /// Module and function, where the code tells them.
    pub handler: Option<String>,
}

const PYTHON: [&str; 4] = ["handler.py", "lambda_function.py", "app.py", "main.py"];
const NODE: [&str; 6] = ["handler.mjs", "index.mjs", "handler.js", "index.js", "handler.cjs", "index.cjs"];

/// Files that are looked into, beside those of the usual names.
const LOOKED_INTO: usize = 100;

/// As people call such functions, the usual name first.
const FUNCTIONS: [&str; 3] = ["lambda_handler", "handler", "lambdaHandler"];

impl Template {
    /// The language of the code in a directory, as far as its files tell.
    pub fn of(directory: &Path) -> Option<Template> {
        let all = [Template::Python, Template::Node, Template::Rust, Template::R];
        all.into_iter().find(|template| template.found(directory).is_some())
    }

    /// What is there of that language: a function of a usual name in a file of a usual name, else in any. A file of the first
    /// name is taken for the handler whatever it says.
    pub(super) fn found(self, directory: &Path) -> Option<Found> {
        let (names, endings): (&[&str], &[&str]) = match self {
            Template::Python => (&PYTHON, &["py"]),
            Template::Node => (&NODE, &["mjs", "js", "cjs"]),
            Template::Rust => (&["Cargo.toml"], &[]),
            Template::R => (&["Dockerfile"], &[]),
        };
        let text = |name: &str| fs::read_to_string(directory.join(name)).ok();
        let with_handler = |file: String| {
            let function = self.function_in(&text(&file)?)?;
            let module = file.split('.').next().unwrap_or(&file);
            Some(Found { handler: Some(format!("{module}.{function}")), file })
        };
        let usual = names.iter().find_map(|file| with_handler((*file).to_owned()));
        let first = || {
            let first = names.first().filter(|first| text(first).is_some());
            first.map(|file| Found { file: (*file).to_owned(), handler: None })
        };
        usual.or_else(first).or_else(|| modules(directory, endings).into_iter().find_map(with_handler))
    }

    fn function_in(self, text: &str) -> Option<&'static str> {
        let is = match self {
            Template::Python => is_python,
            Template::Node => is_exported,
            Template::Rust | Template::R => return None,
        };
        FUNCTIONS.into_iter().find(|name| text.lines().any(|line| is(line, name)))
    }
}

/// Files with one of these endings whose names can be a module's, in order.
fn modules(directory: &Path, endings: &[&str]) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten().take(LOOKED_INTO);
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names
        .filter(|name| {
            let is_word = |stem: &str| stem.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            name.split_once('.').is_some_and(|(stem, ending)| is_word(stem) && endings.contains(&ending))
        })
        .collect();
    names.sort();
    names
}

/// `def NAME(`, `NAME = `, at the top of a module.
fn is_python(line: &str, name: &str) -> bool {
    let rest = line.strip_prefix("def ").unwrap_or(line).strip_prefix(name).map(str::trim_start);
    rest.is_some_and(|rest| match line.starts_with("def ") {
        true => rest.starts_with('('),
        false => rest.starts_with('=') && !rest.starts_with("=="),
    })
}

/// `export const NAME`, `export async function NAME`, `exports.NAME`.
fn is_exported(line: &str, name: &str) -> bool {
    let mut words = line.split(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '_' | '$'))).peekable();
    while let Some(word) = words.next() {
        match word {
            "exports" if words.peek() == Some(&name) => return true,
            "export" => {
                let declared = ["const", "let", "var", "async", "function"];
                return words.find(|word| !word.is_empty() && !declared.contains(word)) == Some(name);
            }
            _ => {}
        }
    }
    false
}
