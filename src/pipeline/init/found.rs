//! The code that is there when a project begins: which language it is in, and what of it Lambda is to call.

use std::fs;
use std::path::Path;

use super::Template;

/// Somebody's own code in the place of the sample's.
pub(super) struct Found {
    /// From the directory of the code.
    pub file: &'static str,
    /// Module and function, where the code tells them.
    pub handler: Option<String>,
}

const PYTHON: [&str; 4] = ["handler.py", "lambda_function.py", "app.py", "main.py"];
const NODE: [&str; 6] = ["handler.mjs", "index.mjs", "handler.js", "index.js", "handler.cjs", "index.cjs"];

/// As people call such functions, the usual name first.
const FUNCTIONS: [&str; 3] = ["lambda_handler", "handler", "lambdaHandler"];

impl Template {
    /// The language of the code in a directory, as far as its files tell.
    pub fn of(directory: &Path) -> Option<Template> {
        let all = [Template::Python, Template::Node, Template::Rust, Template::R];
        all.into_iter().find(|template| template.found(directory).is_some())
    }

    /// What is there of that language. A file of the first name is taken for the handler whatever it says.
    pub(super) fn found(self, directory: &Path) -> Option<Found> {
        let names: &[&'static str] = match self {
            Template::Python => &PYTHON,
            Template::Node => &NODE,
            Template::Rust => &["Cargo.toml"],
            Template::R => &["Dockerfile"],
        };
        let text = |name: &str| fs::read_to_string(directory.join(name)).ok();
        let with_handler = names.iter().find_map(|file| {
            let function = self.function_in(&text(file)?)?;
            let module = file.split('.').next().unwrap_or(file);
            Some(Found { file, handler: Some(format!("{module}.{function}")) })
        });
        let first = names.first().filter(|first| text(first).is_some());
        with_handler.or_else(|| first.map(|file| Found { file, handler: None }))
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
