//! `poc teardown`: delete all of it, and prove it.

use std::path::PathBuf;

use clap::Args;

use super::change::Change;
use super::simulate::{Hastened, Simulation};
use super::{End, Global, HELP, Interrupts, draw, ensure_heard};
use crate::pipeline::{self, Failure, Settings};
use crate::ui::{Question, Ui};

const ABOUT: &str = "\
Shows the list, asks, deletes in the safe order, then looks everything up again and ends with `0 left`, or \
with what is left and how to finish. Things that are not ours, and other stages, are never touched.";

const EXAMPLES: &str = "\
Examples:
  poc teardown                show what will go, ask, delete it
  poc teardown --stage dev    one stage; the others stay
  poc teardown --local --yes";

/// Delete everything that a deploy made
#[derive(Args, Debug)]
#[command(before_help = ABOUT, after_help = EXAMPLES, help_template = HELP)]
pub(super) struct TeardownArgs {
    #[command(flatten)]
    change: Change,

    /// Draw the run as an SVG: steps over time, waits, and the critical path
    #[arg(long, value_name = "FILE")]
    timeline: Option<PathBuf>,

    #[command(flatten)]
    simulation: Simulation,
}

pub(super) struct TeardownSettings {
    run: Settings,
    hastened: Hastened,
    yes: bool,
}

impl TeardownArgs {
    pub(super) fn resolve(self, global: Global, ui: &Ui) -> Result<TeardownSettings, Failure> {
        let (run, hastened) = self.simulation.resolve(global.resolve()?)?;
        let run = self.change.resolve("teardown", run, ui)?;
        draw(self.timeline.as_deref(), ui)?;
        Ok(TeardownSettings { run, hastened, yes: self.change.yes })
    }
}

pub(super) async fn run(ui: &Ui, interrupts: &Interrupts, mut settings: TeardownSettings) -> Result<End, Failure> {
    settings.run.stop = interrupts.stop.clone();
    let stop = || interrupts.happened();
    let confirm = |planned: &_| ui.agreed(Question::Teardown, planned, settings.yes, &stop);
    let teardown = async |run| pipeline::teardown(&run, ui, &confirm).await;
    let gone = settings.hastened.run(settings.run, teardown).await?;
    ensure_heard(gone.outcome, interrupts)?;
    ui.torn_down(&gone);
    Ok(if gone.left.is_empty() { End::of(gone.outcome) } else { End::Unfinished })
}
