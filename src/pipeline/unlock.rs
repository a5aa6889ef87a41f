//! `poc unlock`: takes the lock from whoever holds it, for those who know better than its lease.

use super::locked::living;
use super::session::{Session, unnamed};
use super::{Failure, Settings, Target};
use crate::event::{Outcome, Reporter};
use crate::resources::lock::{Record, Written, told};

/// Who holds a lock, in words.
#[derive(Clone, Debug)]
pub struct Holder {
    pub target: Target,
    /// `s3://bucket/app/stage/lock.json`.
    pub lock: String,
    /// `alice@laptop`.
    pub who: String,
    /// `poc deploy since 2026-01-31 12:00:00 UTC (process 4711 on laptop)`.
    pub what: String,
    /// When its lease ends, if it is not renewed.
    pub until: Option<String>,
    /// It is known that nobody is behind it any more.
    pub dead: bool,
}

/// `poc unlock`.
#[derive(Clone, Debug)]
pub struct Unlocked {
    pub lock: String,
    /// Whose it was; none where nobody had it.
    pub holder: Option<Holder>,
    pub outcome: Outcome,
}

/// Asks the person, once for each holder.
pub type ConfirmUnlock<'a> = &'a dyn Fn(&Holder) -> bool;

/// Takes the lock away. A run that held it and still lives stops before its next write.
///
/// # Errors
/// When S3 cannot be read or refuses.
pub async fn unlock(
    settings: &Settings,
    reporter: &dyn Reporter,
    confirm: ConfirmUnlock<'_>,
) -> Result<Unlocked, Failure> {
    let session = Session::open(settings, "unlock", reporter).await?;
    let lock = session.lock();
    let mut agreed = None;
    loop {
        let seen = lock.look(&session.aws).await.map_err(unnamed)?;
        let place = lock.place();
        if !seen.record.held {
            return Ok(Unlocked { lock: place, holder: None, outcome: Outcome::Unchanged });
        }
        let holder = Holder {
            target: session.target.clone(),
            lock: place.clone(),
            who: seen.record.who.clone(),
            what: seen.record.words(),
            until: seen.record.until.filter(|_| seen.record.since.is_some()).map(told),
            dead: living(&seen).is_none(),
        };
        if agreed.as_ref() != Some(&seen.record.id) && !confirm(&holder) {
            return Ok(Unlocked { lock: place, holder: Some(holder), outcome: Outcome::Declined });
        }
        let free = Record { held: false, until: Some(seen.time()), ..seen.record.clone() };
        agreed = Some(seen.record.id);
        // Renewed or let go while the person thought about it: what is there now is what counts.
        if let Written::Done(_) = lock.write(&session.aws, &free, seen.tag.as_deref()).await.map_err(unnamed)? {
            return Ok(Unlocked { lock: place, holder: Some(holder), outcome: Outcome::Changed });
        }
    }
}
