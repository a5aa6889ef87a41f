//! `poc man`: the help texts as manual pages.

use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory};
use clap_mangen::Man;

use super::{Cli, End, Global, HELP};
use crate::pipeline::Failure;
use crate::ui::Ui;

const ABOUT: &str = "\
Writes a manual page for poc and one for each of its commands, as `man` reads them; without --output, prints that of poc.";

const EXAMPLES: &str = "\
Examples:
  poc man | man -l -
  poc man --output ~/.local/share/man/man1    then: man poc-deploy";

/// Write manual pages
#[derive(Args, Debug)]
#[command(before_help = ABOUT, after_help = EXAMPLES, help_template = HELP)]
pub(super) struct ManArgs {
    /// Write one file for each command into this directory
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

impl ManArgs {
    pub(super) fn resolve(self, global: Global) -> Result<Option<PathBuf>, Failure> {
        global.resolve()?;
        Ok(self.output)
    }
}

pub(super) fn run(ui: &Ui, directory: Option<&Path>) -> Result<End, Failure> {
    let mut whole = Cli::command();
    whole.build();
    let Some(directory) = directory else {
        ui.raw(&page(&whole)?);
        return Ok(End::Done);
    };
    let wrong =
        |path: &Path, fault: &std::io::Error| Failure::Usage(format!("{} cannot be written: {fault}", path.display()));
    std::fs::create_dir_all(directory).map_err(|fault| wrong(directory, &fault))?;
    let mut left = vec![whole];
    while let Some(command) = left.pop() {
        let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
        let path = directory.join(format!("{name}.1"));
        std::fs::write(&path, page(&command)?).map_err(|fault| wrong(&path, &fault))?;
        left.extend(command.get_subcommands().cloned());
    }
    Ok(End::Done)
}

/// In troff, with what the help says before and after the options as sections of their own.
fn page(command: &clap::Command) -> Result<Vec<u8>, Failure> {
    let mut described = command.clone().after_help(None::<&str>);
    if let Some(text) = command.get_before_help() {
        described = described.before_help(None::<&str>).long_about(text.to_string());
    }
    let mut page = Vec::new();
    let rendered = Man::new(described).render(&mut page);
    rendered.map_err(|fault| Failure::Usage(format!("the manual page cannot be made: {fault}")))?;
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let sections: String = after.split("\n\n").map(section).collect();
    // Who wrote it and which version it is come last.
    let text = String::from_utf8_lossy(&page).into_owned();
    let end = text.find(".SH VERSION").unwrap_or(text.len());
    let (before, last) = text.split_at(end);
    Ok(format!("{before}{sections}{last}").into_bytes())
}

/// A heading of the help and what stands under it; or a paragraph. Indented lines stay lines.
fn section(block: &str) -> String {
    let is_heading = |line: &str| line.ends_with(':') && line.starts_with(char::is_uppercase);
    let (head, rest) = match block.split_once('\n') {
        Some((line, rest)) if is_heading(line) => {
            (format!(".SH {}\n", line.trim_end_matches(':').to_uppercase()), rest)
        }
        _ => (".PP\n".to_owned(), block),
    };
    let indented = |line: &&str| line.starts_with(' ');
    let text: String = rest.lines().take_while(|line| !indented(line)).map(|line| escaped(line) + "\n").collect();
    let code: String = rest.lines().skip_while(|line| !indented(line)).map(|line| escaped(line) + "\n").collect();
    format!("{head}{text}.nf\n{code}.fi\n")
}

/// A line that troff shows letter by letter: no escape, no request, dashes and quotes that can be copied.
fn escaped(line: &str) -> String {
    let text = line.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq").replace('`', "\\(ga");
    let text = text.replace('^', "\\(ha").replace('~', "\\(ti");
    if text.starts_with('.') { format!("\\&{text}") } else { text }
}
