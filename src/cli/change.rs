//! What every command that changes a stage is told besides: whether to ask, and how long to wait for its turn.

use std::time::Duration;

use clap::Args;

use super::{ensure_answer, input};
use crate::pipeline::{Failure, Settings};
use crate::ui::Ui;

#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Change {
    /// Do not ask; needed where nobody can answer
    #[arg(short, long)]
    pub(super) yes: bool,

    /// Wait so long for somebody else's run on this stage, like 90s or 10m, instead of ending with 5
    #[arg(long, value_name = "TIME", value_parser = input::duration)]
    wait_for_lock: Option<Duration>,
}

impl Change {
    /// The same settings with the wait in them.
    ///
    /// # Errors
    /// Where `command` would ask, and nobody can answer.
    pub(super) fn resolve(self, command: &str, run: Settings, ui: &Ui) -> Result<Settings, Failure> {
        ensure_answer(command, self.yes, ui)?;
        Ok(Settings { wait_for_lock: self.wait_for_lock.unwrap_or_default(), ..run })
    }
}
