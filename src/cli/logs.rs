//! `poc logs`: what did the function write?

use std::time::Duration;

use clap::Args;

use super::{End, Global, HELP, Interrupts, input};
use crate::pipeline::{self, Failure, LogsWanted, Settings};
use crate::ui::Ui;

const ABOUT: &str = "\
Prints the function's log as CloudWatch Logs has it, the oldest line first, each with its time in UTC: what the \
function writes, and Lambda's START, END and REPORT lines. On a terminal, control characters are shown as escapes.

With --request, only what belongs to one request: Lambda's id, or API Gateway's, which `poc call` prints. The two are \
tied by what the function prints (`$context.requestId` in its event), by execution logs (`stage_settings.logging`), and by \
an access log with `$context.integration.requestId` in its format.";

const EXAMPLES: &str = "\
Examples:
  poc logs                    the last ten minutes
  poc logs --since 2h --errors
  poc logs --follow           go on until Ctrl-C
  poc logs --local
  poc logs --request e1198610-6446-4d8e-b80f-b6f2bc5d571f
  poc logs --access           who called, as the stage's access log has it
  poc logs --json             one event per line: {\"timestamp\", \"time\", \"stream\", \"message\"}";

/// Print the function's log lines
#[derive(Args, Debug)]
#[command(before_help = ABOUT, after_help = EXAMPLES, help_template = HELP)]
pub(super) struct LogsArgs {
    /// How far to look back, like 90s, 10m, 2h or 1d
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = input::duration)]
    since: Duration,

    /// Go on with what is written from now on, until Ctrl-C
    #[arg(short = 'F', long)]
    follow: bool,

    /// Only lines that tell of something going wrong
    #[arg(long)]
    errors: bool,

    /// Only what belongs to the request with this id
    #[arg(long, value_name = "ID", conflicts_with_all = ["follow", "errors"], value_parser = id)]
    request: Option<String>,

    /// The stage's access log instead of the function's
    #[arg(long, conflicts_with = "errors")]
    access: bool,
}

fn id(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=:".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => Ok(text.to_owned()),
        false => {
            Err("give the id as `poc call` or a log line shows it, like e1198610-6446-4d8e-b80f-b6f2bc5d571f"
                .to_owned())
        }
    }
}

pub(super) struct LogsSettings {
    run: Settings,
    wanted: LogsWanted,
}

impl LogsArgs {
    pub(super) fn resolve(self, global: Global) -> Result<LogsSettings, Failure> {
        let LogsArgs { since, follow, errors, request, access } = self;
        Ok(LogsSettings { run: global.resolve()?, wanted: LogsWanted { since, follow, errors, access, request } })
    }
}

pub(super) async fn run(ui: &Ui, interrupts: &Interrupts, settings: LogsSettings) -> Result<End, Failure> {
    let show = |line: &_| ui.log_line(line);
    let shown = tokio::select! {
        biased;
        // Ctrl-C is how following is meant to end.
        () = interrupts.first(), if settings.wanted.follow => return Ok(End::Done),
        shown = pipeline::logs(&settings.run, settings.wanted.clone(), ui, &show) => shown?,
    };
    if shown == 0 {
        ui.no_log_lines(settings.wanted.since, settings.wanted.request.as_deref());
    }
    Ok(End::Done)
}
