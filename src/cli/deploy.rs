//! `poc deploy`: make AWS what deploy.yaml says.

use std::path::PathBuf;

use clap::Args;

use super::change::Change;
use super::package::Rebuild;
use super::simulate::{Hastened, Simulation};
use super::warnings::Warnings;
use super::{End, Global, HELP, Interrupts, draw, ensure_heard};
use crate::pipeline::{self, Failure, Settings};
use crate::ui::{Question, Ui};

const ABOUT: &str = "\
Shows the plan, asks, then does what the plan says and nothing else. Interrupted or failed at any point, the \
same command run again continues. Where nothing differs, nothing is written. At the end the file's checks are \
made through the API, also where nothing changed; not where a step was put off. Ends with the URLs, the names \
of the keys and how to call the API.";

const EXAMPLES: &str = "\
Examples:
  poc deploy --local            everything on this machine, no AWS account needed
  poc deploy --local --simulate aws --speed 20    how long AWS would take, in a twentieth of it
  poc deploy                    show the plan, ask, do it
  poc deploy --yes --json       in CI: no question, one event per line
  poc deploy --stage dev        another stage, with its overrides
  poc deploy --no-wait          come back later for a domain that takes 40 minutes";

/// Make AWS what deploy.yaml says: package, function, API, keys, domain
#[derive(Args, Debug)]
#[command(before_help = ABOUT, after_help = EXAMPLES, help_template = HELP)]
pub(super) struct DeployArgs {
    #[command(flatten)]
    change: Change,

    /// Take over resources that have our names but not our tags
    #[arg(long)]
    adopt: bool,

    /// Do not wait for certificates and domain names that AWS is still working on
    #[arg(long)]
    no_wait: bool,

    /// Do not run the file's checks at the end
    #[arg(long)]
    no_checks: bool,

    /// Draw the run as an SVG: steps over time, waits, and the critical path
    #[arg(long, value_name = "FILE")]
    timeline: Option<PathBuf>,

    #[command(flatten)]
    rebuild: Rebuild,

    #[command(flatten)]
    warnings: Warnings,

    #[command(flatten)]
    simulation: Simulation,
}

pub(super) struct DeploySettings {
    run: Settings,
    hastened: Hastened,
    yes: bool,
    warnings: Warnings,
}

impl DeployArgs {
    pub(super) fn resolve(self, global: Global, ui: &Ui) -> Result<DeploySettings, Failure> {
        let run = Settings { adopt: self.adopt, wait: !self.no_wait, checks: !self.no_checks, ..global.resolve()? };
        let run = Settings { rebuild: self.rebuild.rebuild, ..self.change.resolve("deploy", run, ui)? };
        draw(self.timeline.as_deref(), ui)?;
        let (run, hastened) = self.simulation.resolve(run)?;
        Ok(DeploySettings { run, hastened, yes: self.change.yes, warnings: self.warnings })
    }
}

pub(super) async fn run(ui: &Ui, interrupts: &Interrupts, mut settings: DeploySettings) -> Result<End, Failure> {
    settings.run.stop = interrupts.stop.clone();
    settings.warnings.tell(ui, &settings.run)?;
    settings.hastened.tell(ui);
    let stop = || interrupts.happened();
    let confirm = |planned: &_| ui.agreed(Question::Deploy, planned, settings.yes, &stop);
    let deploy = async |run| pipeline::deploy(&run, ui, &confirm).await;
    let deployed = settings.hastened.run(settings.run, deploy).await?;
    ensure_heard(deployed.outcome, interrupts)?;
    ui.deployed(&deployed);
    let failed = deployed.checks.is_some_and(|checks| checks.failed > 0);
    Ok(if failed { End::ChecksFailed } else { End::of(deployed.outcome) })
}
