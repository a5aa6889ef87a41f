//! `poc test`: does what was deployed answer as the file says?

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::{End, Global, HELP, endpoint_url, input};
use crate::pipeline::{self, Failure, Settings, Tested};
use crate::ui::{self, Ui};

const ABOUT: &str = "\
Makes the requests that deploy.yaml lists under `checks` to the deployed API and compares the answers: status, JSON \
(members that are not expected may be there, numbers are compared by value), text, headers. An answer that a new key \
or deployment explains while it spreads (403 for a key that should work, Missing Authentication Token) is asked for \
again. Exits with 4 where a check fails. `poc deploy` does the same at its end.";

const EXAMPLES: &str = "\
Examples:
  poc test
  poc test --local
  poc test --json                        one document with every check and what differs
  poc test --junit target/checks.xml     for CI
  poc test --local --url http://127.0.0.1:3000/prod     what `poc dev` serves";

/// Run the file's checks against the deployed API
#[derive(Args, Debug)]
#[command(before_help = ABOUT, after_help = EXAMPLES, help_template = HELP)]
pub(super) struct TestArgs {
    /// Write the results as JUnit XML, too
    #[arg(long, value_name = "PATH")]
    junit: Option<PathBuf>,

    /// Call this URL instead of the deployment's own; keys are looked up as ever
    #[arg(long, value_name = "URL", value_parser = endpoint_url)]
    url: Option<String>,

    /// How long what spreading explains is asked for again, like 30s [default: 2m; 0s for a --url of this machine]
    #[arg(long, value_name = "TIME", value_parser = input::duration)]
    retry_for: Option<Duration>,
}

pub(super) struct TestSettings {
    run: Settings,
    junit: Option<PathBuf>,
    url: Option<String>,
    retry_for: Option<Duration>,
}

impl TestArgs {
    pub(super) fn resolve(self, global: Global) -> Result<TestSettings, Failure> {
        let TestArgs { junit, url, retry_for } = self;
        let run = global.resolve()?;
        junit.as_deref().map_or(Ok(()), ensure_place)?;
        Ok(TestSettings { run, junit, url, retry_for })
    }
}

pub(super) async fn run(ui: &Ui, settings: TestSettings) -> Result<End, Failure> {
    let tested = pipeline::test(&settings.run, settings.url.as_deref(), settings.retry_for, ui).await?;
    ui.tested(&tested);
    if let Some(path) = &settings.junit {
        write(path, &tested)?;
    }
    Ok(if tested.failed == 0 { End::Done } else { End::ChecksFailed })
}

/// Before anything is sent: a report that has nowhere to go should not cost anybody a run.
fn ensure_place(path: &Path) -> Result<(), Failure> {
    let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    made.map_err(|fault| unwritable(path, &fault))?;
    if path.is_dir() { Err(unwritable(path, &"it is a directory")) } else { Ok(()) }
}

fn write(path: &Path, tested: &Tested) -> Result<(), Failure> {
    let xml = ui::junit(tested).map_err(|fault| unwritable(path, &fault))?;
    std::fs::write(path, xml).map_err(|fault| unwritable(path, &fault))
}

fn unwritable(path: &Path, fault: &dyn std::fmt::Display) -> Failure {
    Failure::Usage(format!("{} cannot be written: {fault}", path.display()))
}
