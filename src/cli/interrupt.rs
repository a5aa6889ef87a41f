//! Ctrl-C (SIGTERM, and the terminal's end): the first asks the run to stop, the second ends it at once. Heard on a thread
//! of its own, so that it is heard while the run computes or a question waits for its answer.

use tokio::sync::watch;

use crate::pipeline::Stop;

/// Tells whether and when the person asked to stop.
#[derive(Clone, Debug)]
pub struct Interrupts {
    happened: watch::Receiver<bool>,
    /// For runs that end by themselves when asked.
    pub(super) stop: Stop,
}

impl Interrupts {
    /// Listens from now on; `again` is called at the second signal.
    pub fn watch(again: fn()) -> Interrupts {
        let (sender, happened) = watch::channel(false);
        // Without the thread, a signal keeps its usual effect: it ends the process.
        let _ = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            runtime.block_on(async move {
                if signal().await.is_err() {
                    return;
                }
                sender.send_replace(true);
                if signal().await.is_ok() {
                    again();
                }
            });
        });
        Interrupts { happened, stop: Stop::default() }
    }

    /// Happens when the test says so.
    #[cfg(test)]
    pub(super) fn by_hand() -> (watch::Sender<bool>, Interrupts) {
        let (sender, happened) = watch::channel(false);
        (sender, Interrupts { happened, stop: Stop::default() })
    }

    pub fn happened(&self) -> bool {
        *self.happened.borrow()
    }

    /// Done at the first signal; never, if none can come.
    pub async fn first(&self) {
        let mut happened = self.happened.clone();
        if happened.wait_for(|happened| *happened).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(unix)]
async fn signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminated = signal(SignalKind::terminate())?;
    let mut hung_up = if ends_with_its_terminal() { Some(signal(SignalKind::hangup())?) } else { None };
    let terminal_gone = async {
        match &mut hung_up {
            Some(signal) => signal.recv().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminated.recv() => Ok(()),
        _ = terminal_gone => Ok(()),
    }
}

/// Would SIGHUP end this process? Started by `nohup` it is to go on, which listening would spoil. Only Linux tells; elsewhere
/// the signal keeps its usual effect.
#[cfg(unix)]
fn ends_with_its_terminal() -> bool {
    const SIGHUP: u64 = 1;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & SIGHUP == 0)
}

#[cfg(not(unix))]
async fn signal() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
