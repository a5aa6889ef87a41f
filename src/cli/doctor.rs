//! `poc doctor`: a checklist, with what to do.

use std::net::SocketAddr;

use clap::Args;

use super::{End, Global, HELP};
use crate::pipeline::{self, DoctorWanted, Failure, Settings, Verdict};
use crate::ui::Ui;

const ABOUT: &str = "\
Looks for what would keep a deploy of this file from working, and says what to do about it: credentials and whose they \
are, the region, whether AWS answers, this machine's clock, the permissions that `poc policy` lists, the hosted zone and \
whether the world's DNS leads to it, who may issue certificates, the certificate, quotas that are nearly used up, and \
what runs and packs the function on this machine. All checks run at once; nothing is changed. What nobody can tell is \
told as such.";

const EXAMPLES: &str = "\
Examples:
  poc doctor
  poc doctor --stage dev --json
  poc doctor --dns 1.1.1.1          ask that server instead of the system's
  poc doctor --local

Exit code 1 says that a deploy would fail on something.";

/// Look for what would keep a deploy from working
#[derive(Args, Debug)]
#[command(before_help = ABOUT, after_help = EXAMPLES, help_template = HELP)]
pub(super) struct DoctorArgs {
    /// The DNS server to ask, instead of the system's; its port is every name server's
    #[arg(long, value_name = "ADDRESS", value_parser = server)]
    dns: Option<SocketAddr>,
}

pub(super) struct DoctorSettings {
    run: Settings,
    wanted: DoctorWanted,
}

impl DoctorArgs {
    pub(super) fn resolve(self, global: Global) -> Result<DoctorSettings, Failure> {
        Ok(DoctorSettings { run: global.resolve()?, wanted: DoctorWanted { dns: self.dns } })
    }
}

pub(super) async fn run(ui: &Ui, settings: DoctorSettings) -> Result<End, Failure> {
    let diagnosis = Box::pin(pipeline::doctor(&settings.run, settings.wanted, ui)).await?;
    ui.diagnosed(&diagnosis);
    Ok(if diagnosis.count(Verdict::Problem) == 0 { End::Done } else { End::Unfinished })
}

/// `1.1.1.1`, or with a port, `127.0.0.1:5353`.
fn server(text: &str) -> Result<SocketAddr, String> {
    let alone = || text.parse().ok().map(|address| SocketAddr::new(address, 53));
    text.parse().ok().or_else(alone).ok_or_else(|| "give an address such as 1.1.1.1 or 127.0.0.1:5353".to_owned())
}
