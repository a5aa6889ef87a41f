//! `poc diff`: two stages side by side.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::{End, Global, HELP, usage};
use crate::pipeline::{self, DifferenceWanted, Failure, Settings};
use crate::ui::Ui;

const ABOUT: &str = "\
Compares what deploy.yaml asks for in two stages, property by property in the file's own words, with the differences \
of each stage merged in and everything filled in. Nothing is sent. Names get the stage's suffix by themselves and are \
no difference. With --deployed it compares what is served instead: the function behind each stage and the methods \
that it answers. Secrets are told to differ and never shown.";

const EXAMPLES: &str = "\
Examples:
  poc diff dev prod
  poc diff dev prod --deployed    what callers of each get
  poc diff dev prod --exit-code   for a CI job: exits with 3 when they differ
  poc diff dev prod --json";

/// Show how two stages differ
#[derive(Args, Debug)]
#[command(before_help = ABOUT, after_help = EXAMPLES, help_template = HELP)]
pub(super) struct DiffArgs {
    /// One stage of deploy.yaml
    #[arg(value_name = "STAGE", value_parser = NonEmptyStringValueParser::new())]
    left: String,

    /// The other
    #[arg(value_name = "OTHER", value_parser = NonEmptyStringValueParser::new())]
    right: String,

    /// Compare what is served, not what deploy.yaml asks for
    #[arg(long)]
    deployed: bool,

    /// Exit with 3 when they differ
    #[arg(long)]
    exit_code: bool,
}

pub(super) struct DiffSettings {
    run: Settings,
    wanted: DifferenceWanted,
    exit_code: bool,
}

impl DiffArgs {
    pub(super) fn resolve(self, global: Global) -> Result<DiffSettings, Failure> {
        if global.stage.is_some() {
            return Err(usage("diff takes its two stages as arguments; leave out --stage"));
        }
        let wanted = DifferenceWanted { left: self.left, right: self.right, deployed: self.deployed };
        Ok(DiffSettings { run: global.resolve()?, wanted, exit_code: self.exit_code })
    }
}

pub(super) async fn run(ui: &Ui, settings: DiffSettings) -> Result<End, Failure> {
    let difference = pipeline::difference(&settings.run, &settings.wanted, ui).await?;
    ui.difference(&difference);
    Ok(if settings.exit_code && !difference.changes.is_empty() { End::ChangesPending } else { End::Done })
}
