//! What works and will hurt, told before anything else; with `--deny-warnings` it keeps the run from beginning.

use clap::Args;

use crate::pipeline::{self, Failure, Settings, Warning};
use crate::ui::Ui;

#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Warnings {
    /// Take warnings for mistakes: nothing is done, and the exit code is 2
    #[arg(long)]
    deny_warnings: bool,
}

impl Warnings {
    /// Tells them of the stage that is worked on. A file with mistakes has none: whoever reads it next tells those.
    pub(super) fn tell(self, ui: &Ui, settings: &Settings) -> Result<(), Failure> {
        let warnings = pipeline::warnings(settings)?;
        self.judge(&warnings)?;
        ui.warned(&warnings);
        Ok(())
    }

    pub(super) fn judge(self, warnings: &[Warning]) -> Result<(), Failure> {
        match self.deny_warnings && !warnings.is_empty() {
            true => Err(Failure::Faults(warnings.iter().map(Warning::denied).collect())),
            false => Ok(()),
        }
    }
}
