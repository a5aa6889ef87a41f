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

/// In troff. Help texts end in examples, which `man` must not fill into paragraphs.
fn page(command: &clap::Command) -> Result<Vec<u8>, Failure> {
    let mut page = Vec::new();
    let rendered = Man::new(command.clone()).render(&mut page);
    rendered.map_err(|fault| Failure::Usage(format!("the manual page cannot be made: {fault}")))?;
    Ok(page)
}
