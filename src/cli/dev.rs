//! `poc dev`: serve what deploy.yaml says on this machine, and deploy every edit.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use clap::Args;

use super::{End, Global, HELP, Interrupts, usage};
use crate::pipeline::{self, DevSettings, Failure};
use crate::ui::Ui;

const ABOUT: &str = "\
Deploys into the embedded cloud in .poc/local and answers its API on this machine as API Gateway would: keys, \
throttles, quotas, templates, the function itself; the pages of a `site` are at /, and at /_poc/ is a page that lists the methods, calls them and shows what happened \
to each call, step by step. An edit of deploy.yaml, a template, \
the package or a page is deployed at once; a broken one is told, and what was deployed before stays. One line per \
request. Ctrl-C ends it.

The same port answers the AWS APIs, to look inside with the AWS CLI or boto3 (AWS_ENDPOINT_URL). Web pages \
cannot use those: they ask for a signed request, and for 127.0.0.1 or localhost as the host name.";

const EXAMPLES: &str = "\
Examples:
  poc dev                       http://127.0.0.1:3000, and every edit is deployed
  poc dev --port 0              on any free port; the first lines say which
  poc dev --stage dev --json    another stage; one event per line, for programs
  poc dev --host 0.0.0.0        for other machines, too";

/// Serve it on this machine, and deploy every edit
#[derive(Args, Debug)]
#[command(before_help = ABOUT, after_help = EXAMPLES, help_template = HELP)]
pub(super) struct DevArgs {
    /// The port to answer; 0 takes a free one
    #[arg(short, long, value_name = "PORT", default_value_t = 3000)]
    port: u16,

    /// The address to answer, instead of this machine's own
    #[arg(long, value_name = "ADDRESS", value_parser = address, default_value = "127.0.0.1")]
    host: IpAddr,

    /// Do not deploy edits
    #[arg(long)]
    no_watch: bool,
}

impl DevArgs {
    pub(super) fn resolve(self, global: Global) -> Result<DevSettings, Failure> {
        let given = [("--endpoint-url", global.endpoint_url.is_some()), ("--profile", global.profile.is_some())];
        if let Some((flag, _)) = given.into_iter().find(|(_, given)| *given) {
            return Err(usage(&format!("dev works on the embedded cloud of this machine; leave out {flag}")));
        }
        let run = Global { local: true, ..global }.resolve()?;
        // A deploy from another terminal is over in a moment.
        let run = pipeline::Settings { checks: false, wait_for_lock: Duration::from_secs(30), ..run };
        Ok(DevSettings { run, address: (self.host, self.port).into(), watch: !self.no_watch })
    }
}

fn address(text: &str) -> Result<IpAddr, String> {
    match text {
        "localhost" => Ok(Ipv4Addr::LOCALHOST.into()),
        _ => text.parse().map_err(|_| "give an IP address of this machine, such as 127.0.0.1 or 0.0.0.0".to_owned()),
    }
}

pub(super) async fn run(ui: &Ui, interrupts: &Interrupts, settings: DevSettings) -> Result<End, Failure> {
    pipeline::dev(&settings, ui, &|failure| ui.edit_refused(failure), interrupts.first()).await?;
    Ok(End::Done)
}
