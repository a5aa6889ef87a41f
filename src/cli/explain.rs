//! `poc explain`: the story behind a code.

use clap::Args;

use super::{End, Global, HELP, usage};
use crate::pipeline::{self, Failure};
use crate::ui::Ui;

const ABOUT: &str = "\
Every warning, mistake, problem and finding of the doctor has a code. Tells what stands behind one: why it hurts, what to do, and how to go \
on; of warnings also an example before and after. Without a code it lists all of them.";

const EXAMPLES: &str = "\
Examples:
  poc explain POC010          a warning
  poc explain not_ours        a problem of a run
  poc explain missing_key     a mistake in deploy.yaml
  poc explain not_delegated   what `poc doctor` found
  poc explain                 every code there is
  poc explain --json          all pages as data";

/// Tell the story behind a code: why it hurts, and what to do
#[derive(Args, Debug)]
#[command(before_help = ABOUT, after_help = EXAMPLES, help_template = HELP)]
pub(super) struct ExplainArgs {
    /// The code, as it stands in the message
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

impl ExplainArgs {
    pub(super) fn resolve(self, global: Global) -> Result<Option<String>, Failure> {
        global.resolve()?;
        Ok(self.code)
    }
}

pub(super) fn run(ui: &Ui, code: Option<&str>) -> Result<End, Failure> {
    let Some(code) = code else {
        ui.explanations(&pipeline::explanations());
        return Ok(End::Done);
    };
    let page = pipeline::explanation(code).map_err(|near| match near {
        Some(near) => usage(&format!("there is no code `{code}`; did you mean `{near}`?")),
        None => usage(&format!("there is no code `{code}`; `poc explain` lists all of them")),
    })?;
    ui.explained(&page);
    Ok(End::Done)
}
