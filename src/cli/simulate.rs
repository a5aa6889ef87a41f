//! `--simulate` and `--speed`: the embedded cloud with AWS's manners, and a clock that runs faster than the wall's.

use clap::Args;

use super::usage;
use crate::event::{Event, Reporter};
use crate::pipeline::{self, Failure, Settings};
use crate::ui::Ui;

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Simulation")]
pub(super) struct Simulation {
    /// With --local: answer as slowly and as strictly as AWS does, by chance that follows from the seed
    #[arg(long, value_name = "aws[,seed=N]", value_parser = seed)]
    simulate: Option<u64>,

    /// With --simulate: let the clock run N times as fast; the times shown are AWS's
    #[arg(long, value_name = "N", requires = "simulate", default_value_t = 1, hide_default_value = true, value_parser = clap::value_parser!(u32).range(1..=1000))]
    speed: u32,
}

impl Simulation {
    /// The same settings with the simulated cloud in them, and how fast the clock is to run.
    ///
    /// # Errors
    /// Without `--local`.
    pub(super) fn resolve(self, run: Settings) -> Result<(Settings, Hastened), Failure> {
        if self.simulate.is_some() && !run.local {
            return Err(usage("--simulate is about the embedded cloud; add --local"));
        }
        // Functions are processes of this machine: their time is the wall's, and would seem too long.
        let checks = run.checks && self.speed == 1;
        let unchecked = run.checks && !checks;
        Ok((Settings { checks, ..run }, Hastened { seed: self.simulate, speed: self.speed, unchecked }))
    }
}

/// How a run is simulated, if it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hastened {
    seed: Option<u64>,
    speed: u32,
    unchecked: bool,
}

impl Hastened {
    /// What a deploy leaves out for the sake of its speed.
    pub(super) fn tell(self, ui: &Ui) {
        if self.unchecked {
            let text = "the checks are not run: functions run in real time, and above --speed 1 would seem too slow; `poc \
                        test --local` runs them afterwards";
            ui.report(&Event::Note { text: text.to_owned() });
        }
    }

    /// Does `work` in the simulated cloud and at that speed.
    pub(super) async fn run<T>(
        self,
        settings: Settings,
        work: impl AsyncFnOnce(Settings) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        pipeline::hasten(self.speed, async {
            let settings = match self.seed {
                Some(seed) => pipeline::simulated(settings, seed)?,
                None => settings,
            };
            work(settings).await
        })
        .await
    }
}

fn seed(text: &str) -> Result<u64, String> {
    let wrong = || "give aws, or aws,seed=7".to_owned();
    match text.split_once(',') {
        None if text == "aws" => Ok(0),
        Some(("aws", seed)) => seed.strip_prefix("seed=").and_then(|seed| seed.parse().ok()).ok_or_else(wrong),
        _ => Err(wrong()),
    }
}
