//! `poc completions`: what a shell needs to complete commands and options.

use clap::builder::PossibleValuesParser;
use clap::{Args, Command, CommandFactory};
use clap_complete::{Shell, generate};

use super::{Cli, End, Global, HELP};
use crate::pipeline::{self, Failure};
use crate::ui::Ui;

const ABOUT: &str = "\
Prints a script that makes a shell complete the commands, options and values of poc.";

const EXAMPLES: &str = "\
Examples:
  source <(poc completions bash)                                   this shell only
  poc completions bash > ~/.local/share/bash-completion/completions/poc
  poc completions zsh > \"${fpath[1]}/_poc\"
  poc completions fish > ~/.config/fish/completions/poc.fish
  poc completions powershell >> $PROFILE";

/// Print a script that completes commands and options in a shell
#[derive(Args, Debug)]
#[command(before_help = ABOUT, after_help = EXAMPLES, help_template = HELP)]
pub(super) struct CompletionsArgs {
    /// The shell to print it for
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

impl CompletionsArgs {
    pub(super) fn resolve(self, global: Global) -> Result<Shell, Failure> {
        global.resolve()?;
        Ok(self.shell)
    }
}

pub(super) fn run(ui: &Ui, shell: Shell) -> End {
    let mut script = Vec::new();
    // Said here and not where the argument is read, which knows near misses.
    let codes: Vec<&str> = pipeline::explanations().iter().map(|page| page.code).collect();
    let with_codes =
        |explain: Command| explain.mut_arg("code", |code| code.value_parser(PossibleValuesParser::new(codes)));
    generate(shell, &mut Cli::command().mut_subcommand("explain", with_codes), "poc", &mut script);
    ui.raw(&script);
    End::Done
}
