//! Waits are conditions, never sleeps: read until the state is the wanted one, say what is being waited for, give up at
//! a stated time.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use crate::aws::{Aws, Error, Result, current_step};
use crate::event::Event;

/// What is waited for, and how patiently.
#[derive(Clone, Debug)]
pub struct Wait<'a> {
    /// `the certificate to be issued`.
    pub what: &'a str,
    /// The longest that is still usual: shown to the person.
    pub usual: Duration,
    /// Then the step fails.
    pub deadline: Duration,
    /// Between two looks once the wait is long; the first looks come quicker.
    pub interval: Duration,
}

/// After which a wait is worth telling, and how often from then on.
const TOLD_AFTER: Duration = Duration::from_secs(2);

/// Runs `work`, and has it told every second how long that has taken so far.
pub async fn telling<T>(work: impl Future<Output = T>, tell: impl Fn(Duration)) -> T {
    let begun = Instant::now();
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = tokio::time::sleep(Duration::from_secs(1)) => tell(begun.elapsed()),
        }
    }
}

/// Looks until `look` gives something.
///
/// # Errors
/// What `look` fails with, or that the deadline has passed.
pub async fn until<T, F, Fut>(aws: &Aws<'_>, wait: Wait<'_>, mut look: F) -> Result<T>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<Option<T>>>,
{
    let begun = Instant::now();
    let mut pause = Duration::from_millis(25).min(wait.interval);
    loop {
        if let Some(done) = look().await? {
            return Ok(done);
        }
        let elapsed = begun.elapsed();
        if elapsed >= wait.deadline {
            return Err(Error::refused(
                "timed_out",
                format!("waited {} s for {}, which has not come", wait.deadline.as_secs(), wait.what),
                "run the same command again: it continues waiting where it stopped",
            ));
        }
        if elapsed >= TOLD_AFTER {
            let (step, waiting_for) = (current_step(), wait.what.to_owned());
            aws.report(&Event::StepWaiting { step, waiting_for, elapsed, usual: wait.usual });
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(wait.interval);
    }
}

/// Looks again and again, `interval` apart, for as long as somebody watches.
///
/// # Errors
/// What `look` fails with; there is no other end.
pub async fn forever<F, Fut>(interval: Duration, mut look: F) -> Result<std::convert::Infallible>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<()>>,
{
    loop {
        look().await?;
        tokio::time::sleep(interval).await;
    }
}

/// A pause before something is tried again whose answer, and not AWS's state, is what is waited for.
pub async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}
