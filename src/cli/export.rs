//! `poc export openapi`: the API as a document for other programs.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{End, Global, HELP, written};
use crate::pipeline::{self, Failure, OpenApiWanted, Settings};
use crate::ui::Ui;

const ABOUT: &str = "\
Writes what deploy.yaml describes in a form that other programs read.";

const EXAMPLES: &str = "\
Examples:
  poc export openapi --plain -o openapi.json
  poc export openapi --account 123456789012";

const OPENAPI: &str = "\
Prints the API of deploy.yaml as an OpenAPI 3.0 document: paths, parameters, bodies, answers, models, security. With \
AWS's extensions, it is the document that a deploy of many routes sends to API Gateway, which can import it, and the \
file's summaries and descriptions besides, which a deploy keeps to itself; with \
--plain it is for readers and for generators of clients, and says the same of what callers see. Nothing is asked of \
AWS: where the account's number belongs, ${account} stands unless it is given, and in the place of the API's id a \
variable of the server's URL. A greedy path, /{proxy+}, is API Gateway's own and no strict OpenAPI; --plain writes \
/{proxy}.";

const OPENAPI_EXAMPLES: &str = "\
Examples:
  poc export openapi --plain -o openapi.json    for callers
  poc export openapi --account 123456789012     for API Gateway
  poc export openapi --local --stage dev";

/// Write the API as a document for other programs; nothing is sent to AWS
#[derive(Args, Debug)]
#[command(before_help = ABOUT, after_help = EXAMPLES, help_template = HELP)]
#[command(subcommand_required = true, arg_required_else_help = true, disable_help_subcommand = true)]
pub(super) struct ExportArgs {
    #[command(subcommand)]
    command: ExportCommand,
}

#[derive(Debug, Subcommand)]
enum ExportCommand {
    #[command(name = "openapi")]
    OpenApi(OpenApiArgs),
}

/// Print the API as an OpenAPI 3.0 document
#[derive(Args, Debug)]
#[command(before_help = OPENAPI, after_help = OPENAPI_EXAMPLES, help_template = HELP)]
struct OpenApiArgs {
    /// Without AWS's extensions: what callers see, and nothing of what is behind it
    #[arg(long, visible_alias = "no-extensions")]
    plain: bool,

    /// The AWS account that the function is in
    #[arg(long, value_name = "ID", value_parser = account)]
    account: Option<String>,

    /// Write the document to this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) struct ExportSettings {
    run: Settings,
    wanted: OpenApiWanted,
    output: Option<PathBuf>,
}

impl ExportArgs {
    pub(super) fn resolve(self, global: Global) -> Result<ExportSettings, Failure> {
        let ExportCommand::OpenApi(OpenApiArgs { plain, account, output }) = self.command;
        if global.local && account.is_some() {
            return Err(super::usage("--local has an account of its own; leave out --account"));
        }
        Ok(ExportSettings { run: global.resolve()?, wanted: OpenApiWanted { plain, account }, output })
    }
}

pub(super) fn run(ui: &Ui, settings: &ExportSettings) -> Result<End, Failure> {
    let document = pipeline::export_openapi(&settings.run, &settings.wanted)?;
    written(ui, settings.output.as_deref(), &document)?;
    Ok(End::Done)
}

pub(super) fn account(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.chars().all(|letter| letter.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    Err("an account has 12 digits".to_owned())
}
