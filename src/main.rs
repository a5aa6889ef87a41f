//! Parse, run, exit code. The only place that ends the process.

use std::process::ExitCode;

use clap::Parser;

use poc::cli::{self, Cli, End, Interrupts};
use poc::pipeline::Failure;

const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => {
            return ExitCode::from(cli::misread(answer));
        }
    };
    let ui = cli.ui();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            ui.fatal(&format!("the operating system refuses what a runtime needs: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let interrupts = Interrupts::watch(killed);
    let end = runtime.block_on(cli::run(cli, &ui, &interrupts));
    // A name lookup that hangs must not hold up the exit.
    runtime.shutdown_background();
    match (exit_code(&end), ui.finish()) {
        (0, Err(_)) => ExitCode::FAILURE,
        (code, _) => ExitCode::from(code),
    }
}

/// The second Ctrl-C: the person does not want to wait for anything.
#[expect(clippy::exit, clippy::disallowed_methods, reason = "main.rs is where the process ends")]
fn killed() {
    poc::ui::last_words();
    std::process::exit(i32::from(INTERRUPTED));
}

fn exit_code(end: &End) -> u8 {
    match end {
        End::Done => 0,
        End::Failed(Failure::Problem(problem)) if problem.is_of_the_lock() => 5,
        End::Unfinished | End::Failed(Failure::Problem(_)) => 1,
        End::Failed(Failure::Faults(_) | Failure::Usage(_)) => 2,
        End::ChangesPending => 3,
        End::ChecksFailed => 4,
        End::Declined | End::Failed(Failure::Interrupted) => INTERRUPTED,
    }
}
