//! Time on an axis.

use std::time::Duration;

/// Between two ticks, in milliseconds: what a person counts in.
const STEPS: &[u64] = &[
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000,
    900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 43_200_000, 86_400_000,
];

/// More would crowd the axis.
const MOST: u128 = 8;

/// From here on people count in minutes.
const MINUTES: Duration = Duration::from_secs(180);

/// From nothing to the end of a run, over so many points.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    pub total: Duration,
    pub left: f64,
    pub right: f64,
}

impl Scale {
    /// Where `at` is.
    pub fn x(&self, at: Duration) -> f64 {
        if self.total.is_zero() {
            return self.left;
        }
        let share = at.as_secs_f64() / self.total.as_secs_f64();
        self.left + share.clamp(0.0, 1.0) * (self.right - self.left)
    }

    /// Times worth a line, each in words.
    pub fn ticks(&self) -> Vec<(Duration, String)> {
        let total = self.total.as_millis();
        let fits = |step: &&u64| total / u128::from(**step) <= MOST;
        let step = STEPS.iter().find(fits).or(STEPS.last()).copied().unwrap_or(1);
        let count = u64::try_from(total / u128::from(step)).unwrap_or_default();
        (0..=count).map(|tick| (Duration::from_millis(tick * step), self.words(tick * step, step))).collect()
    }

    fn words(&self, millis: u64, step: u64) -> String {
        let seconds = millis / 1000;
        let (minutes, rest) = (seconds / 60, seconds % 60);
        if millis == 0 {
            "0".to_owned()
        } else if self.total < Duration::from_secs(1) {
            format!("{millis} ms")
        } else if step < 1000 {
            format!("{seconds}.{} s", millis % 1000 / 100)
        } else if self.total < MINUTES {
            format!("{seconds} s")
        } else if rest != 0 {
            format!("{minutes}:{rest:02} min")
        } else if minutes < 120 {
            format!("{minutes} min")
        } else {
            format!("{}:{:02} h", minutes / 60, minutes % 60)
        }
    }
}
