//! `poc schema`: what deploy.yaml may say, for editors.

use std::path::PathBuf;

use clap::Args;

use super::{End, Global, HELP, written};
use crate::pipeline::{self, Failure};
use crate::ui::Ui;

const ABOUT: &str = "\
Prints a JSON schema (draft 7) of deploy.yaml, made from the tables that the file is read by. With it, an editor completes \
keys, explains them, and underlines what is wrong while it is typed. It sees form, choices and ranges; `poc validate` \
sees everything.";

const EXAMPLES: &str = "\
Examples:
  poc schema -o .poc/deploy.schema.json

and as the first line of deploy.yaml, for editors that use yaml-language-server (VS Code, Neovim, Helix, …):
  # yaml-language-server: $schema=.poc/deploy.schema.json";

/// Print a JSON schema of deploy.yaml, for editors
#[derive(Args, Debug)]
#[command(before_help = ABOUT, after_help = EXAMPLES, help_template = HELP)]
pub(super) struct SchemaArgs {
    /// Write the schema to this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) struct SchemaSettings {
    output: Option<PathBuf>,
}

impl SchemaArgs {
    pub(super) fn resolve(self, global: Global) -> Result<SchemaSettings, Failure> {
        global.resolve()?;
        Ok(SchemaSettings { output: self.output })
    }
}

pub(super) fn run(ui: &Ui, settings: &SchemaSettings) -> Result<End, Failure> {
    written(ui, settings.output.as_deref(), &pipeline::deploy_schema())?;
    Ok(End::Done)
}
