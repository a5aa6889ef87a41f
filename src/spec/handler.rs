//! The function's handler: which function of which module, and whether the package has it.

use std::path::Path;

use super::decode::{Table, nearest, resembling};
use super::function::LONGEST_HANDLER;
use super::interpolate::shorten;
use super::model::PackageSource;
use super::package;

/// `handler.lambda_handler`: judged against the package where that is a directory that no build changes.
pub(super) fn read(table: &Table<'_>, endings: Option<&[&str]>, package: &package::Read) -> String {
    let Some((at, text)) = table.need("handler").and_then(|at| at.text().map(|text| (at, text))) else {
        return String::new();
    };
    let length = text.text.chars().count();
    if length == 0 || length > LONGEST_HANDLER || text.text.chars().any(char::is_whitespace) {
        let help = "1 to 128 characters without spaces, like handler.lambda_handler";
        at.fault("bad_handler", format!("`{}` is not a handler", text.shown()), help);
        return text.text;
    }
    let Some(endings) = endings else {
        return text.text;
    };
    let Some((module, function)) = text.text.rsplit_once('.').filter(|(m, f)| !m.is_empty() && !f.is_empty()) else {
        let help = "write module.function: handler.lambda_handler is lambda_handler in handler.py";
        at.fault("bad_handler", format!("the handler `{}` names no function of a module", text.shown()), help);
        return text.text;
    };
    // What a build may still make is judged once the package is there.
    let Some(PackageSource::Directory { path, .. }) =
        package.source.as_ref().filter(|_| package.build.commands.is_empty())
    else {
        return text.text;
    };
    if !module_exists(path, module, endings) {
        let file = format!("{}.{}", module.replace('.', "/"), endings.first().unwrap_or(&"*"));
        let message = match text.from_env {
            true => format!("the module of the handler `{}` is not in the package", text.shown()),
            false => format!("the handler's module `{}` is not in the package", shorten(module)),
        };
        let help = match text.from_env {
            true => "the module is a file of `package.path`".to_string(),
            false => elsewhere(path, module, function, endings).unwrap_or_else(|| {
                format!("add {} with `{}` in it, or name another handler", shorten(&file), shorten(function))
            }),
        };
        at.fault("missing_file", message, help);
    } else if let Some((file, names)) = undefined(path, module, function, endings) {
        let message = match text.from_env {
            true => format!("{file} has nothing of the name that the handler `{}` gives", text.shown()),
            false => format!("{file} has no `{}`", shorten(function)),
        };
        let help = match names.as_slice() {
            [] => "define it there, or name another handler".to_owned(),
            names => nearest(function, names.iter().map(String::as_str), "functions are"),
        };
        at.fault("handler_missing", message, help);
    }
    text.text
}

/// Entries of a package's directory that are looked at for what a handler may have meant.
const LOOKED_AT: usize = 500;

/// The module that is meant instead: one of nearly that name, or of that name in a directory below.
fn elsewhere(package: &Path, module: &str, function: &str, endings: &[&str]) -> Option<String> {
    let names = |directory: &Path| -> Vec<(String, bool)> {
        let entries = std::fs::read_dir(directory).into_iter().flatten().flatten().take(LOOKED_AT);
        entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path().is_dir())).collect()
    };
    let here = names(package);
    let stem =
        |name: &str| endings.iter().find_map(|ending| name.strip_suffix(&format!(".{ending}")).map(str::to_owned));
    let modules: Vec<String> = here.iter().filter(|(_, is_dir)| !is_dir).filter_map(|(name, _)| stem(name)).collect();
    if let Some(near) = resembling(module, modules.iter().map(String::as_str)) {
        return Some(format!("did you mean `{}.{}`?", shorten(near), shorten(function)));
    }
    let below = here.iter().filter(|(name, is_dir)| *is_dir && !name.starts_with('.')).find_map(|(directory, _)| {
        let found = names(&package.join(directory)).into_iter().find(|(name, _)| stem(name).as_deref() == Some(module));
        Some((directory, found?.0))
    });
    let (directory, file) = below?;
    Some(format!("{} is in {directory}/: let package.path end with /{directory}", shorten(&file)))
}

/// The file that should define a function, and what it does define, where the function's name does not stand in it at all.
fn undefined(package: &Path, module: &str, function: &str, endings: &[&str]) -> Option<(String, Vec<String>)> {
    /// What fills a module with names that do not stand in it.
    const OTHERWISE: [&str; 9] =
        ["import *", "exec(", "globals(", "setattr(", "__getattr__", "export *", "module.exports", "require(", "eval("];
    const LONGEST: u64 = 1 << 20;
    let stem = module.replace('.', "/");
    let file = ["py", "mjs", "js", "cjs"].iter().filter(|ending| endings.contains(ending)).find_map(|ending| {
        let file = format!("{stem}.{ending}");
        package.join(&file).is_file().then_some(file)
    })?;
    let path = package.join(&file);
    let text = std::fs::metadata(&path)
        .ok()
        .filter(|about| about.len() <= LONGEST)
        .and_then(|_| std::fs::read_to_string(path).ok())?;
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    if text.split(|c| !is_name(c)).any(|word| word == function) || OTHERWISE.iter().any(|way| text.contains(way)) {
        return None;
    }
    let defined = text.lines().filter_map(|line| {
        let rest = ["def ", "async def ", "export const ", "export function ", "export async function ", "exports."]
            .iter()
            .find_map(|start| line.strip_prefix(start))?;
        rest.split(|c| !is_name(c)).next().map(str::to_owned)
    });
    Some((file, defined.take(10).collect()))
}

/// A module may be a file of any of the language's endings, or a directory (a Python package).
fn module_exists(package: &Path, module: &str, endings: &[&str]) -> bool {
    let as_paths = [module.replace('.', "/"), module.to_string()];
    as_paths.iter().any(|stem| {
        let path = package.join(stem);
        path.is_dir() || endings.iter().any(|ending| package.join(format!("{stem}.{ending}")).is_file()) || {
            // Compiled modules carry a platform tag: handler.cpython-313-x86_64-linux-gnu.so.
            let (Some(directory), Some(name)) = (path.parent(), path.file_name().and_then(|n| n.to_str())) else {
                return false;
            };
            let start = format!("{name}.");
            std::fs::read_dir(directory).is_ok_and(|entries| {
                entries.flatten().any(|entry| {
                    let entry = entry.file_name();
                    let entry = entry.to_string_lossy();
                    entry.starts_with(&start) && endings.iter().any(|ending| entry.ends_with(&format!(".{ending}")))
                })
            })
        }
    })
}
