//! `poc status`: what is there, and is it what deploy.yaml says?

use clap::Args;

use super::{End, Global, HELP};
use crate::pipeline::{self, Failure, Settings};
use crate::ui::Ui;

const ABOUT: &str = "\
Reads AWS and compares it with deploy.yaml, property by property. Tells who changed the stage last and when, every \
release that it can serve, keys, URLs, and when the domain's certificate ends. Nothing is changed. As for a \
plan, the package is made where something of it changed.";

const EXAMPLES: &str = "\
Examples:
  poc status
  poc status -v            and every call that was made
  poc status --json";

/// Show what is deployed, by whom and when, what has drifted, and the URLs
#[derive(Args, Debug)]
#[command(before_help = ABOUT, after_help = EXAMPLES, help_template = HELP)]
pub(super) struct StatusArgs {}

impl StatusArgs {
    pub(super) fn resolve(self, global: Global) -> Result<Settings, Failure> {
        global.resolve()
    }
}

pub(super) async fn run(ui: &Ui, settings: Settings) -> Result<End, Failure> {
    let status = pipeline::status(&settings, ui).await?;
    ui.status(&status);
    Ok(End::Done)
}
