//! The command line: one file per command, each with its arguments, what they resolve to, and a straight-line `run`.
//! Nothing here decides or calls AWS; that is the pipeline's. Nothing here prints; that is the ui's.

mod call;
mod change;
mod completions;
mod deploy;
mod dev;
mod diff;
mod doctor;
mod explain;
mod export;
mod init;
mod input;
mod interrupt;
mod key;
mod logs;
mod man;
mod open;
mod package;
mod plan;
mod policy;
mod render;
mod rollback;
mod schema;
mod simulate;
mod status;
mod teardown;
mod test;
#[cfg(test)]
mod tests;
mod unlock;
mod validate;
mod warnings;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::builder::styling::{AnsiColor, Styles};
use clap::error::{ContextKind, ContextValue};
use clap::{Args, Parser, Subcommand, ValueEnum};
use tokio::time::MissedTickBehavior;

pub use self::interrupt::Interrupts;
use crate::event::Outcome;
use crate::pipeline::{self, Failure, Settings, Stop};
use crate::ui::{Color, Format, Ui, Volume};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// What a command is for, more about it, how it is called, its options, examples. No longer form: `-h` shows all of it.
const HELP: &str = "{about-with-newline}\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";

const EXAMPLES: &str = "\
Examples:
  poc init my-model       begin a project
  poc deploy --local      try everything on this machine, no AWS account needed
  poc dev                 serve it on this machine, and deploy every edit
  poc plan                see what a deploy to AWS would change
  poc deploy              change it
  poc call GET '/admit?gre=800&gpa=4&rank=1'
  poc status              see what is there, and what has drifted
  poc rollback            serve the release before again
  poc teardown            delete all of it";

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    a step failed; the same command run again continues
  2    the command line or deploy.yaml is wrong; nothing was sent to AWS
  3    changes are pending (plan --exit-code), or two stages differ (diff --exit-code)
  4    a check failed (test, deploy)
  5    somebody else is at work on the stage, or took the lock over
  130  interrupted, or answered with no

Credentials, region and endpoint are found as in every AWS tool: AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL, \
~/.aws/config, single sign-on, the role of the machine. Flags win over the environment and over deploy.yaml.";

/// Put a prediction function behind a protected web API on AWS, from one deploy.yaml
#[derive(Debug, Parser)]
#[command(
    name = "poc",
    version,
    styles = STYLES,
    max_term_width = 100,
    help_template = HELP,
    after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"),
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::InitArgs),
    Validate(validate::ValidateArgs),
    Package(package::PackageArgs),
    Plan(plan::PlanArgs),
    Deploy(deploy::DeployArgs),
    Dev(dev::DevArgs),
    Status(status::StatusArgs),
    Diff(diff::DiffArgs),
    Open(open::OpenArgs),
    Test(test::TestArgs),
    Call(call::CallArgs),
    Key(key::KeyArgs),
    Logs(logs::LogsArgs),
    Rollback(rollback::RollbackArgs),
    Render(render::RenderArgs),
    Export(export::ExportArgs),
    Policy(policy::PolicyArgs),
    Doctor(doctor::DoctorArgs),
    Teardown(teardown::TeardownArgs),
    Unlock(unlock::UnlockArgs),
    Schema(schema::SchemaArgs),
    Explain(explain::ExplainArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// Options that every command takes, before or after its name.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Where")]
struct Global {
    /// The file that says what to deploy
    #[arg(short, long, global = true, value_name = "PATH", default_value = "deploy.yaml")]
    file: PathBuf,

    /// The stage to work on, instead of the file's `stage`
    #[arg(long, global = true, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    stage: Option<String>,

    /// AWS region, instead of the file's `region`
    #[arg(long, global = true, value_name = "REGION", value_parser = NonEmptyStringValueParser::new())]
    region: Option<String>,

    /// Profile of ~/.aws/config to take credentials from
    #[arg(long, global = true, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    profile: Option<String>,

    /// Send every call to this URL instead of AWS (an emulator, a proxy)
    #[arg(long, global = true, value_name = "URL", value_parser = endpoint_url)]
    endpoint_url: Option<String>,

    /// Work on the embedded cloud in .poc/local instead of AWS; not with --profile or --endpoint-url
    #[arg(long, global = true)]
    local: bool,

    #[command(flatten)]
    output: Output,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Output")]
struct Output {
    /// Print data for programs on stdout: one document, or one event per line (deploy, dev, teardown, rollback, key rotate, logs)
    #[arg(long, global = true)]
    json: bool,

    /// Print errors and the final result only
    #[arg(short, long, global = true)]
    quiet: bool,

    /// Print everything: every property of a plan, every call to AWS
    #[arg(short, long, global = true, overrides_with = "verbose")]
    verbose: bool,

    /// When to use colour; NO_COLOR and CLICOLOR are honoured
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = When::Auto, hide_possible_values = true)]
    color: When,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

/// How a command ended; `main` turns it into an exit code.
#[derive(Debug)]
pub enum End {
    Done,
    /// `plan --exit-code` found something to do, or `diff --exit-code` a difference.
    ChangesPending,
    /// The person answered no.
    Declined,
    /// The command ran to its end, and something remains to be done (a teardown that left something).
    Unfinished,
    /// What was deployed does not answer as the file says.
    ChecksFailed,
    Failed(Failure),
}

impl End {
    fn of(outcome: Outcome) -> End {
        match outcome {
            Outcome::Changed | Outcome::Unchanged => End::Done,
            Outcome::Declined => End::Declined,
            Outcome::Failed => End::Unfinished,
            Outcome::Interrupted => End::Failed(Failure::Interrupted),
        }
    }
}

impl Cli {
    /// The streams and manners that the flags ask for.
    pub fn ui(&self) -> Ui {
        let output = &self.global.output;
        let format = match (output.json, &self.command) {
            (false, _) => Format::Human,
            (true, Command::Deploy(_) | Command::Dev(_) | Command::Teardown(_)) => Format::JsonLines,
            (true, Command::Key(args)) if args.runs() => Format::JsonLines,
            (true, Command::Rollback(args)) if args.runs() => Format::JsonLines,
            (true, _) => Format::JsonDocument,
        };
        let volume = match (output.quiet, output.verbose) {
            (true, _) => Volume::Quiet,
            (false, false) => Volume::Normal,
            (false, true) => Volume::Verbose,
        };
        let color = match output.color {
            When::Auto => Color::Auto,
            When::Always => Color::Always,
            When::Never => Color::Never,
        };
        Ui::of_process(format, volume, color)
    }

    fn name(&self) -> &'static str {
        match &self.command {
            Command::Init(_) => "init",
            Command::Validate(_) => "validate",
            Command::Package(_) => "package",
            Command::Plan(_) => "plan",
            Command::Deploy(_) => "deploy",
            Command::Dev(_) => "dev",
            Command::Status(_) => "status",
            Command::Diff(_) => "diff",
            Command::Open(_) => "open",
            Command::Test(_) => "test",
            Command::Call(_) => "call",
            Command::Key(args) => args.name(),
            Command::Logs(_) => "logs",
            Command::Rollback(_) => "rollback",
            Command::Render(_) => "render",
            Command::Export(_) => "export openapi",
            Command::Policy(_) => "policy",
            Command::Doctor(_) => "doctor",
            Command::Teardown(_) => "teardown",
            Command::Unlock(_) => "unlock",
            Command::Schema(_) => "schema",
            Command::Explain(_) => "explain",
            Command::Completions(_) => "completions",
            Command::Man(_) => "man",
        }
    }
}

impl Global {
    /// The settings that every command has in common.
    fn resolve(self) -> Result<Settings, Failure> {
        // Told here and not by clap, which does not see a conflict between a flag before the command and one after it.
        if self.local && self.endpoint_url.is_some() {
            return Err(usage("--local and --endpoint-url name two different places; give one of them"));
        }
        if self.local && self.profile.is_some() {
            return Err(usage("--local needs no credentials; leave out --profile"));
        }
        if let Some(wrong) = self.region.as_deref().and_then(|region| pipeline::judge_region(region).err()) {
            return Err(usage(&format!("--region: {wrong}")));
        }
        if self.output.quiet && self.output.verbose {
            return Err(usage("--quiet and --verbose contradict each other; give one of them"));
        }
        Ok(Settings {
            cloud: None,
            file: self.file,
            stage: self.stage,
            region: self.region,
            profile: self.profile,
            endpoint_url: self.endpoint_url,
            local: self.local,
            adopt: false,
            wait: true,
            checks: true,
            rebuild: false,
            wait_for_lock: Duration::ZERO,
            stop: Stop::default(),
        })
    }
}

/// Tells what is wrong with a command line that clap does not take; `--help` and `--version` arrive here, too. The exit code.
pub fn misread(mut answer: clap::Error) -> u8 {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    let has = |word: &str| words.iter().any(|given| given == word);
    if has("logs") && has("-f") && answer.use_stderr() {
        let tip = "-f is --file, for every command; `poc logs -F` follows the log".to_owned();
        answer.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    if has("--json") && answer.use_stderr() {
        let text = answer.render().to_string();
        let said = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
        let ui = Ui::of_process(Format::JsonDocument, Volume::Normal, Color::Never);
        ui.misused(&said.split_whitespace().collect::<Vec<_>>().join(" "));
        // A reader that has gone away is no failure.
        let _ = ui.finish();
    }
    let _ = answer.print();
    u8::try_from(answer.exit_code()).unwrap_or(2)
}

/// Runs the command to its end, and tells of the failure if it failed.
pub async fn run(cli: Cli, ui: &Ui, interrupts: &Interrupts) -> End {
    let name = cli.name();
    // Ctrl-C is how a server is meant to end: it sees to that itself.
    let interrupted = async {
        match name {
            "dev" => std::future::pending().await,
            _ => interrupts.first().await,
        }
    };
    match race(dispatch(cli, ui, interrupts), ui, interrupted, &interrupts.stop).await {
        Ok(end) => end,
        Err(failure) => {
            ui.failed(name, &failure);
            End::Failed(failure)
        }
    }
}

async fn dispatch(cli: Cli, ui: &Ui, interrupts: &Interrupts) -> Result<End, Failure> {
    let Cli { command, global } = cli;
    if let Ok(settings) = global.clone().resolve() {
        let local = settings.local || matches!(command, Command::Dev(_));
        ui.repeats(Settings { local, ..settings }.manner().options());
    }
    match command {
        Command::Init(args) => init::run(ui, &args.resolve(global, ui, interrupts)?),
        Command::Validate(args) => validate::run(ui, args.resolve(global)?).await,
        Command::Package(args) => package::run(ui, args.resolve(global)?).await,
        Command::Plan(args) => plan::run(ui, args.resolve(global)?).await,
        Command::Deploy(args) => deploy::run(ui, interrupts, args.resolve(global, ui)?).await,
        Command::Dev(args) => dev::run(ui, interrupts, args.resolve(global)?).await,
        Command::Status(args) => status::run(ui, args.resolve(global)?).await,
        Command::Diff(args) => diff::run(ui, args.resolve(global)?).await,
        Command::Open(args) => open::run(ui, args.resolve(global)?).await,
        Command::Test(args) => test::run(ui, args.resolve(global)?).await,
        Command::Call(args) => call::run(ui, args.resolve(global, ui)?).await,
        Command::Key(args) => key::run(ui, interrupts, args.resolve(global, ui)?).await,
        Command::Logs(args) => logs::run(ui, interrupts, args.resolve(global)?).await,
        Command::Rollback(args) => rollback::run(ui, interrupts, args.resolve(global, ui)?).await,
        Command::Render(args) => render::run(ui, args.resolve(global, ui)?),
        Command::Export(args) => export::run(ui, &args.resolve(global)?),
        Command::Doctor(args) => doctor::run(ui, args.resolve(global)?).await,
        Command::Policy(args) => policy::run(ui, args.resolve(global)?).await,
        Command::Teardown(args) => teardown::run(ui, interrupts, args.resolve(global, ui)?).await,
        Command::Unlock(args) => unlock::run(ui, interrupts, args.resolve(global, ui)?).await,
        Command::Schema(args) => schema::run(ui, &args.resolve(global)?),
        Command::Explain(args) => explain::run(ui, args.resolve(global)?.as_deref()),
        Command::Completions(args) => Ok(completions::run(ui, args.resolve(global)?)),
        Command::Man(args) => man::run(ui, args.resolve(global)?.as_deref()),
    }
}

/// How often the ui looks at the clock.
const PULSE: Duration = Duration::from_millis(100);

/// The command against Ctrl-C, with a pulse by which the ui shows life during long waits.
async fn race(
    command: impl Future<Output = Result<End, Failure>>,
    ui: &Ui,
    interrupted: impl Future<Output = ()>,
    stop: &Stop,
) -> Result<End, Failure> {
    let (mut interrupted, mut asked) = (std::pin::pin!(interrupted), false);
    let mut pulse = tokio::time::interval(PULSE);
    // A hastened clock jumps over many.
    pulse.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut command = std::pin::pin!(command);
    loop {
        tokio::select! {
            biased;
            end = &mut command => return end,
            () = &mut interrupted, if !asked => {
                asked = true;
                // A run that holds a lock finishes what is in flight and lets the lock go.
                if !stop.ask() {
                    return Err(Failure::Interrupted);
                }
                ui.stopping();
            }
            _ = pulse.tick() => ui.pulse(),
        }
    }
}

/// A question needs a person. `command` is what the person typed.
fn ensure_answer(command: &str, yes: bool, ui: &Ui) -> Result<(), Failure> {
    if yes || ui.can_ask() {
        return Ok(());
    }
    Err(Failure::Usage(format!("{command} asks before it changes anything, and nobody can answer here; add --yes")))
}

/// A document on stdout, or in the file that was asked for.
fn written(ui: &Ui, path: Option<&Path>, document: &serde_json::Value) -> Result<(), Failure> {
    let Some(path) = path else {
        ui.results(document);
        return Ok(());
    };
    let wrong = |fault: std::io::Error| Failure::Usage(format!("{} cannot be written: {fault}", path.display()));
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(wrong)?;
    }
    std::fs::write(path, crate::ui::pretty(document)).map_err(wrong)
}

/// The picture's file is opened before anything is sent.
fn draw(path: Option<&Path>, ui: &Ui) -> Result<(), Failure> {
    let Some(path) = path else { return Ok(()) };
    ui.draw(path).map_err(|error| usage(&format!("--timeline: {} cannot be written: {error}", path.display())))
}

/// Ctrl-C at the question is an interruption, not a no.
fn ensure_heard(outcome: Outcome, interrupts: &Interrupts) -> Result<(), Failure> {
    if outcome == Outcome::Declined && interrupts.happened() { Err(Failure::Interrupted) } else { Ok(()) }
}

fn usage(sentence: &str) -> Failure {
    Failure::Usage(sentence.to_owned())
}

fn endpoint_url(text: &str) -> Result<String, String> {
    let wrong = || "give a URL such as http://localhost:4566".to_owned();
    let url: http::Uri = text.parse().map_err(|_| wrong())?;
    match (url.scheme_str(), url.host(), url.query()) {
        (Some("http" | "https"), Some(host), None) if !host.is_empty() => Ok(text.to_owned()),
        _ => Err(wrong()),
    }
}
