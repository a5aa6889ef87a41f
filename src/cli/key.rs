//! `poc key show` and `poc key rotate`: the API keys of the usage plan.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::change::Change;
use super::{End, Global, HELP, Interrupts, ensure_heard, input};
use crate::pipeline::{self, Failure, Settings};
use crate::ui::Ui;

const ABOUT: &str = "\
AWS makes a key's value up, or deploy.yaml takes it from an environment variable. Nothing that poc prints, plans \
or logs holds it, except what `poc key show` prints.";

const EXAMPLES: &str = "\
Examples:
  curl -H \"x-api-key: $(poc key show)\" https://…/prod/admit
  poc key show partner-a --stage dev
  poc key rotate                the old value is accepted for five more minutes
  poc key rotate --grace 1d --yes";

const SHOW: &str = "\
Prints the value of one API key and nothing else, on a terminal, too: of the key that deploy.yaml calls NAME, or \
of the usage plan's first. While a key is being rotated, that is the new value.";

const SHOW_EXAMPLES: &str = "\
Examples:
  poc key show
  poc key show --local
  poc key show partner-a --json    {\"name\": …, \"id\": …, \"value\": …}
  export API_KEY=$(poc key show)";

const ROTATE: &str = "\
Makes a second key of the same name, puts it into the usage plan, waits until AWS shows it there, and from then on \
`poc key show` prints its value. The old value is accepted until the grace time is over, for which the command waits; \
then the old key is deleted. After Ctrl-C both stay until it or `poc deploy` is run again. There is no moment without a \
valid key. The old key carries the time at which it goes as its tag \
poc:retires, so that an interrupted rotation is finished by the same command, or its rest by the next deploy. A \
key's quota starts anew with it. A key whose value deploy.yaml takes from the environment is rotated by changing \
the variable and deploying.";

const ROTATE_EXAMPLES: &str = "\
Examples:
  poc key rotate                       of the usage plan's first key, with five minutes of grace
  poc key rotate partner-a --grace 1d  time for the partner to change it
  poc key rotate --grace 0s --yes      the old value has leaked";

/// Show or rotate an API key
#[derive(Args, Debug)]
#[command(before_help = ABOUT, after_help = EXAMPLES, help_template = HELP)]
#[command(subcommand_required = true, arg_required_else_help = true, disable_help_subcommand = true)]
pub(super) struct KeyArgs {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    Show(ShowArgs),
    Rotate(RotateArgs),
}

/// Print the value of an API key, and nothing else
#[derive(Args, Debug)]
#[command(before_help = SHOW, after_help = SHOW_EXAMPLES, help_template = HELP)]
struct ShowArgs {
    /// The key's name in deploy.yaml; the first of the usage plan unless given
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

/// Put a new API key in the place of an old one, without a gap
#[derive(Args, Debug)]
#[command(before_help = ROTATE, after_help = ROTATE_EXAMPLES, help_template = HELP)]
struct RotateArgs {
    /// The key's name in deploy.yaml; the first of the usage plan unless given
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// How long the old value is still accepted, like 90s, 10m or 1d; 5m unless given
    #[arg(long, value_name = "TIME", value_parser = input::duration)]
    grace: Option<Duration>,

    #[command(flatten)]
    change: Change,
}

pub(super) enum KeySettings {
    Show { run: Settings, name: Option<String> },
    Rotate { run: Settings, name: Option<String>, grace: Option<Duration>, yes: bool },
}

impl KeyArgs {
    pub(super) fn name(&self) -> &'static str {
        match self.command {
            KeyCommand::Show(_) => "key show",
            KeyCommand::Rotate(_) => "key rotate",
        }
    }

    /// Is its output a stream of events?
    pub(super) fn runs(&self) -> bool {
        matches!(self.command, KeyCommand::Rotate(_))
    }

    pub(super) fn resolve(self, global: Global, ui: &Ui) -> Result<KeySettings, Failure> {
        let run = global.resolve()?;
        match self.command {
            KeyCommand::Show(ShowArgs { name }) => Ok(KeySettings::Show { run, name }),
            KeyCommand::Rotate(RotateArgs { name, grace, change }) => {
                let run = change.resolve("key rotate", run, ui)?;
                Ok(KeySettings::Rotate { run, name, grace, yes: change.yes })
            }
        }
    }
}

pub(super) async fn run(ui: &Ui, interrupts: &Interrupts, settings: KeySettings) -> Result<End, Failure> {
    match settings {
        KeySettings::Show { run, name } => {
            ui.key(&pipeline::show_key(&run, name.as_deref(), ui).await?);
            Ok(End::Done)
        }
        KeySettings::Rotate { mut run, name, grace, yes } => {
            run.stop = interrupts.stop.clone();
            let stop = || interrupts.happened();
            let confirm = |rotation: &_| ui.agreed_to_rotate(rotation, yes, &stop);
            let rotated = pipeline::rotate_key(&run, name.as_deref(), grace, ui, &confirm).await?;
            ensure_heard(rotated.outcome, interrupts)?;
            ui.rotated(&rotated);
            Ok(End::of(rotated.outcome))
        }
    }
}
