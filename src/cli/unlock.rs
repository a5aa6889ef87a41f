//! `poc unlock`: takes the lock from whoever holds it.

use clap::Args;

use super::{End, Global, HELP, Interrupts, ensure_answer, ensure_heard};
use crate::pipeline::{self, Failure, Settings};
use crate::ui::Ui;

const ABOUT: &str = "\
One deploy, teardown or key rotation at a time works on a stage: it holds a lock, an object beside the packages in \
the artifact bucket, and lets it go at its end, also when it fails or is interrupted. The lock of a run that died is \
taken over by the next one, at once on the same machine, else when its lease has ended: two minutes after its last \
sign of life. This command is for those who know better: it shows who holds the lock, asks, and takes it away. A run \
that lives all the same stops before its next change.";

const EXAMPLES: &str = "\
Examples:
  poc unlock                show who holds the lock, ask, take it away
  poc unlock --stage dev
  poc unlock --yes --json";

/// Take the lock away from a run that is dead
#[derive(Args, Debug)]
#[command(before_help = ABOUT, after_help = EXAMPLES, help_template = HELP)]
pub(super) struct UnlockArgs {
    /// Do not ask; needed where nobody can answer
    #[arg(short, long)]
    yes: bool,
}

pub(super) struct UnlockSettings {
    run: Settings,
    yes: bool,
}

impl UnlockArgs {
    pub(super) fn resolve(self, global: Global, ui: &Ui) -> Result<UnlockSettings, Failure> {
        let run = global.resolve()?;
        ensure_answer("unlock", self.yes, ui)?;
        Ok(UnlockSettings { run, yes: self.yes })
    }
}

pub(super) async fn run(ui: &Ui, interrupts: &Interrupts, settings: UnlockSettings) -> Result<End, Failure> {
    let stop = || interrupts.happened();
    let confirm = |holder: &_| ui.agreed_to_unlock(holder, settings.yes, &stop);
    let unlocked = pipeline::unlock(&settings.run, ui, &confirm).await?;
    ensure_heard(unlocked.outcome, interrupts)?;
    ui.unlocked(&unlocked);
    Ok(End::of(unlocked.outcome))
}
