//! `poc package`: make the package, and see what is inside.

use std::path::PathBuf;

use clap::Args;

use super::{End, Global, HELP};
use crate::pipeline::{self, Failure, PackageWanted, Settings};
use crate::ui::Ui;

const ABOUT: &str = "\
Makes the package as a deploy to AWS would and tells what is inside: files, sizes, the biggest parts. For that \
it runs the commands of `package.build` and fetches the libraries that requirements.txt, pyproject.toml or \
package.json list, or builds the crate of Cargo.toml, where something changed since the last time. Sends \
nothing to AWS.";

const EXAMPLES: &str = "\
Examples:
  poc package                        what is inside, by size
  poc package --list                 every file
  poc package --output function.zip  the zip, to look into or to upload by other means
  poc package --rebuild -v           all of it anew, with what the programs print";

/// Make the package, and show what is inside and how big it is; nothing is sent to AWS
#[derive(Args, Debug)]
#[command(before_help = ABOUT, after_help = EXAMPLES, help_template = HELP)]
pub(super) struct PackageArgs {
    /// List every file
    #[arg(short, long)]
    list: bool,

    /// Write the zip to this file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    #[command(flatten)]
    rebuild: Rebuild,
}

/// Of every command that makes the package.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct Rebuild {
    /// Run the package's build and fetch its libraries even where nothing changed
    #[arg(long)]
    pub(super) rebuild: bool,
}

pub(super) struct PackageSettings {
    run: Settings,
    wanted: PackageWanted,
}

impl PackageArgs {
    pub(super) fn resolve(self, global: Global) -> Result<PackageSettings, Failure> {
        let run = Settings { rebuild: self.rebuild.rebuild, ..global.resolve()? };
        Ok(PackageSettings { run, wanted: PackageWanted { list: self.list, output: self.output } })
    }
}

pub(super) async fn run(ui: &Ui, settings: PackageSettings) -> Result<End, Failure> {
    let packaged = pipeline::package(&settings.run, &settings.wanted, ui).await?;
    ui.packaged(&packaged);
    Ok(End::Done)
}
