//! `poc rollback`: serve an earlier release again, within seconds.

use clap::Args;

use super::change::Change;
use super::{End, Global, HELP, Interrupts, ensure_heard};
use crate::pipeline::{self, Failure, RollbackTo, Settings};
use crate::ui::{Question, Ui};

const ABOUT: &str = "\
Every deploy leaves a release: a deployment of the API, with its templates, and the version of the function that \
belongs to it. This makes the stage serve an earlier one again: it shows what changes, asks, and moves the stage and \
the alias. Nothing is built, uploaded or deleted. The last five deployments and versions are kept. Keys, usage plan, \
domain name, role and pages stay as they are. deploy.yaml still says what it said: `poc plan` shows the way forward, \
and the next `poc deploy` goes it. A rollback that was cut is ended by the same command.";

const EXAMPLES: &str = "\
Examples:
  poc rollback                   to the release before the one that is served
  poc rollback --list            every release: number, version, deployment, when and by whom
  poc rollback --to 3            to the third of that list
  poc rollback --to a1b2c3:7     to deployment a1b2c3 with version 7, whatever its number is now
  poc rollback --yes --json      for a CI job";

/// Serve an earlier release again: its templates and its code
#[derive(Args, Debug)]
#[command(before_help = ABOUT, after_help = EXAMPLES, help_template = HELP)]
pub(super) struct RollbackArgs {
    /// The release to serve, by its number in the list or its name DEPLOYMENT[:VERSION]
    #[arg(long, value_name = "N", conflicts_with = "list")]
    to: Option<RollbackTo>,

    /// Show the releases, the newest first; nothing is changed
    #[arg(long)]
    list: bool,

    #[command(flatten)]
    change: Change,
}

pub(super) struct RollbackSettings {
    run: Settings,
    to: Option<RollbackTo>,
    list: bool,
    yes: bool,
}

impl RollbackArgs {
    /// Does it change anything?
    pub(super) fn runs(&self) -> bool {
        !self.list
    }

    pub(super) fn resolve(self, global: Global, ui: &Ui) -> Result<RollbackSettings, Failure> {
        let run = global.resolve()?;
        let run = if self.runs() { self.change.resolve("rollback", run, ui)? } else { run };
        Ok(RollbackSettings { run, to: self.to, list: self.list, yes: self.change.yes })
    }
}

pub(super) async fn run(ui: &Ui, interrupts: &Interrupts, mut settings: RollbackSettings) -> Result<End, Failure> {
    if settings.list {
        ui.releases(&pipeline::releases(&settings.run, ui).await?);
        return Ok(End::Done);
    }
    settings.run.stop = interrupts.stop.clone();
    let stop = || interrupts.happened();
    let confirm = |planned: &_| ui.agreed(Question::Rollback, planned, settings.yes, &stop);
    let done = pipeline::rollback(&settings.run, settings.to.as_ref(), ui, &confirm).await?;
    ensure_heard(done.outcome, interrupts)?;
    ui.rolled_back(&done);
    Ok(End::of(done.outcome))
}
