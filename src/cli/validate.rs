//! `poc validate`: is everything right, before anything is sent?

use clap::Args;

use super::warnings::Warnings;
use super::{End, Global, HELP};
use crate::pipeline::{self, Failure, Settings};
use crate::ui::Ui;

const ABOUT: &str = "\
Finds every mistake at once: unknown keys, wrong types, missing files, templates that do not parse, patterns \
that do not compile, names and sizes that AWS would refuse. Each is shown with the line it stands on and \
what would be right. Exits with 2 if there is any. What is right and will hurt is warned of. Runs no build and fetches nothing: `poc package` does.";

const EXAMPLES: &str = "\
Examples:
  poc validate                      every stage of deploy.yaml
  poc validate -f other/deploy.yaml
  poc validate --json               mistakes and warnings as data, for editors and scripts
  poc validate --deny-warnings      in CI: what will hurt counts as a mistake";

/// Check deploy.yaml, its templates and the package; nothing is sent to AWS
#[derive(Args, Debug)]
#[command(before_help = ABOUT, after_help = EXAMPLES, help_template = HELP)]
pub(super) struct ValidateArgs {
    #[command(flatten)]
    warnings: Warnings,
}

impl ValidateArgs {
    pub(super) fn resolve(self, global: Global) -> Result<(Settings, Warnings), Failure> {
        Ok((global.resolve()?, self.warnings))
    }
}

pub(super) async fn run(ui: &Ui, (settings, warnings): (Settings, Warnings)) -> Result<End, Failure> {
    let validated = pipeline::validate(&settings).await?;
    warnings.judge(&validated.warnings)?;
    ui.validated(&settings.file, &validated);
    Ok(End::Done)
}
