//! `poc plan`: what would a deploy change?

use clap::Args;

use super::package::Rebuild;
use super::warnings::Warnings;
use super::{End, Global, HELP};
use crate::pipeline::{self, Failure, Settings};
use crate::ui::Ui;

const ABOUT: &str = "\
Reads what AWS has, compares it with deploy.yaml and shows every difference: the property, its value now and \
its value then, what has to be replaced and what that means for callers, and what takes long. A deploy does \
exactly what its plan shows. To tell whether the function's code changed, the package is made: where something \
of it changed, its build is run and its libraries are fetched, on this machine.";

const EXAMPLES: &str = "\
Examples:
  poc plan                     what a deploy would change, and why
  poc plan -v                  every property of everything new
  poc plan --stage dev
  poc plan --exit-code --json  for a CI job: exits with 3 when something would change";

/// Show what a deploy would change; nothing is changed
#[derive(Args, Debug)]
#[command(before_help = ABOUT, after_help = EXAMPLES, help_template = HELP)]
pub(super) struct PlanArgs {
    /// Take over resources that have our names but not our tags
    #[arg(long)]
    adopt: bool,

    /// Exit with 3 when something would change
    #[arg(long)]
    exit_code: bool,

    #[command(flatten)]
    rebuild: Rebuild,

    #[command(flatten)]
    warnings: Warnings,
}

pub(super) struct PlanSettings {
    run: Settings,
    exit_code: bool,
    warnings: Warnings,
}

impl PlanArgs {
    pub(super) fn resolve(self, global: Global) -> Result<PlanSettings, Failure> {
        let run = Settings { adopt: self.adopt, rebuild: self.rebuild.rebuild, ..global.resolve()? };
        Ok(PlanSettings { run, exit_code: self.exit_code, warnings: self.warnings })
    }
}

pub(super) async fn run(ui: &Ui, settings: PlanSettings) -> Result<End, Failure> {
    settings.warnings.tell(ui, &settings.run)?;
    let planned = pipeline::plan(&settings.run, ui).await?;
    ui.planned(&planned);
    Ok(if settings.exit_code && !planned.plan.is_empty() { End::ChangesPending } else { End::Done })
}
