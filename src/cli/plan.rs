//! `poc plan`: what would a deploy change?

use clap::Args;

use super::{End, Global, HELP};
use crate::pipeline::{self, Failure, Settings};
use crate::ui::Ui;

const ABOUT: &str = "\
Reads what AWS has, compares it with deploy.yaml and shows every difference: the property, its value now and \
its value then, what has to be replaced and what that means for callers, and what takes long. A deploy does \
exactly what its plan shows.";

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
}

pub(super) struct PlanSettings {
    run: Settings,
    exit_code: bool,
}

impl PlanArgs {
    pub(super) fn resolve(self, global: Global) -> Result<PlanSettings, Failure> {
        Ok(PlanSettings { run: Settings { adopt: self.adopt, ..global.resolve()? }, exit_code: self.exit_code })
    }
}

pub(super) async fn run(ui: &Ui, settings: PlanSettings) -> Result<End, Failure> {
    let planned = pipeline::plan(&settings.run, ui).await?;
    ui.planned(&planned);
    Ok(if settings.exit_code && !planned.plan.is_empty() { End::ChangesPending } else { End::Done })
}
