//! `poc call`: one request to what was deployed.

use bytes::Bytes;
use clap::Args;
use http::{HeaderName, HeaderValue};

use super::{End, Global, HELP, endpoint_url, input};
use crate::pipeline::{self, CallWanted, Failure, KeyWanted, Settings};
use crate::ui::Ui;

const ABOUT: &str = "\
Sends one request to the deployed API, to the invoke URL on AWS or with --local into the embedded cloud, and prints \
the body of the answer on stdout; status and headers go to stderr. Where the method asks for an API key, the usage \
plan's first is sent; its value is shown nowhere. Exits with 0 whatever the HTTP status is; with --fail, 400 and above \
exit with 1.";

const EXAMPLES: &str = "\
Examples:
  poc call GET '/admit?gre=800&gpa=4&rank=1'
  poc call GET '/admit?gre=800&gpa=4&rank=1' --local --trace     every step on the way
  poc call GET /admit --key none                                 what a caller without a key gets
  poc call POST /admit -d @applicant.json -H 'Content-Type: application/json'
  poc call GET /admit --local --url http://127.0.0.1:3000/prod   what `poc dev` serves
  poc call GET /admit --json                                     all of the answer as one document";

/// Call the deployed API, on AWS or on this machine
#[derive(Args, Debug)]
#[command(before_help = ABOUT, after_help = EXAMPLES, help_template = HELP)]
pub(super) struct CallArgs {
    /// The HTTP method, like GET
    #[arg(value_name = "METHOD")]
    verb: String,

    /// The path under the stage, with its query
    #[arg(value_name = "PATH")]
    target: String,

    /// The API key to send, by its name in deploy.yaml, or none
    #[arg(long, value_name = "NAME")]
    key: Option<String>,

    /// The body: text, @FILE, or - for stdin; JSON unless a header says otherwise
    #[arg(short, long, value_name = "BODY", allow_hyphen_values = true)]
    data: Option<String>,

    /// A header to send
    #[arg(short = 'H', long, value_name = "NAME: VALUE", value_parser = input::header)]
    header: Vec<(HeaderName, HeaderValue)>,

    /// Print status and headers on stdout, before the body
    #[arg(short, long)]
    include: bool,

    /// Show what goes into and comes out of every step on the way; with --local
    #[arg(long)]
    trace: bool,

    /// Exit with 1 where the status is 400 or above
    #[arg(long)]
    fail: bool,

    /// Call this URL instead of the deployment's own; it takes the place of everything before PATH, and keys are looked up as ever
    #[arg(long, value_name = "URL", value_parser = endpoint_url)]
    url: Option<String>,
}

pub(super) struct CallSettings {
    run: Settings,
    wanted: CallWanted,
    include: bool,
    fail: bool,
}

impl CallArgs {
    pub(super) fn resolve(self, global: Global, ui: &Ui) -> Result<CallSettings, Failure> {
        let run = global.resolve()?;
        let body = self.data.map(|text| input::body(&text, ui)).transpose()?.unwrap_or_default();
        let wanted = CallWanted {
            verb: self.verb.to_uppercase(),
            target: self.target,
            key: match self.key.as_deref() {
                None => KeyWanted::AsNeeded,
                Some("none") => KeyWanted::None,
                Some(name) => KeyWanted::Named(name.to_owned()),
            },
            headers: self.header,
            body: Bytes::from(body),
            trace: self.trace,
            url: self.url,
        };
        Ok(CallSettings { run, wanted, include: self.include, fail: self.fail })
    }
}

pub(super) async fn run(ui: &Ui, settings: CallSettings) -> Result<End, Failure> {
    let called = pipeline::call(&settings.run, settings.wanted, ui).await?;
    ui.called(&called, settings.include);
    Ok(if settings.fail && called.status >= 400 { End::Unfinished } else { End::Done })
}
