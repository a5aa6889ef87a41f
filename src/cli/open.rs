//! `poc open`: the deployed page in the browser.

use std::process::{Command, Stdio};

use clap::Args;

use super::{End, Global, HELP};
use crate::pipeline::{self, Failure, Settings};
use crate::ui::Ui;

const ABOUT: &str = "\
Opens in the browser what deploy.yaml puts on the web: its site, or without one the API's URL, its own name first. \
With --local it is what `poc dev` serves on this machine. Where stdout is no terminal, and with --print or --json, the \
URL is printed and no program is started. The URL never carries a key.";

const EXAMPLES: &str = "\
Examples:
  poc open
  poc open --print
  poc open --stage dev
  poc open --local --port 8080   what `poc dev --port 8080` serves";

/// Open the deployed page in the browser, or print its URL
#[derive(Args, Debug)]
#[command(before_help = ABOUT, after_help = EXAMPLES, help_template = HELP)]
pub(super) struct OpenArgs {
    /// Print the URL; start no program
    #[arg(long)]
    print: bool,

    /// With --local: the port that `poc dev` answers
    #[arg(short, long, value_name = "PORT", default_value_t = 3000)]
    port: u16,
}

pub(super) struct OpenSettings {
    run: Settings,
    print: bool,
    port: u16,
}

impl OpenArgs {
    pub(super) fn resolve(self, global: Global) -> Result<OpenSettings, Failure> {
        Ok(OpenSettings { run: global.resolve()?, print: self.print, port: self.port })
    }
}

pub(super) async fn run(ui: &Ui, settings: OpenSettings) -> Result<End, Failure> {
    let page = pipeline::page(&settings.run, settings.port, ui).await?;
    if settings.print || !ui.watched() {
        ui.page(&page);
        return Ok(End::Done);
    }
    let (program, arguments) = opener(std::env::consts::OS);
    let mut command = Command::new(program);
    command.args(arguments).arg(&page.url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match command.status() {
        Ok(status) if status.success() => ui.opened(&format!("opened {}", page.url)),
        // Whoever has no browser here opens it elsewhere.
        ended => {
            let why = ended.map_or_else(|fault| fault.to_string(), |status| status.to_string());
            ui.opened(&format!("{program} could not open the page ({why}); here is its URL"));
            ui.page(&page);
        }
    }
    Ok(End::Done)
}

/// What opens a URL on that system, and what stands before the URL. Windows' `start` takes a first word for a title.
fn opener(system: &str) -> (&'static str, &'static [&'static str]) {
    match system {
        "macos" => ("open", &[]),
        "windows" => ("cmd", &["/C", "start", ""]),
        _ => ("xdg-open", &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::opener;

    #[test]
    fn each_system_has_its_own_way() {
        assert_eq!(opener("linux"), ("xdg-open", [].as_slice()));
        assert_eq!(opener("freebsd").0, "xdg-open");
        assert_eq!(opener("macos").0, "open");
        assert_eq!(opener("windows"), ("cmd", ["/C", "start", ""].as_slice()));
    }
}
