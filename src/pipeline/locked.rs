//! One run at a time on a stage. The lock is read beside everything else, and taken only over what was read then: so it is
//! had only if nobody else was there since, and the plan that was made and shown is still true.

use std::cell::RefCell;
use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, timeout};

use super::holder::{self, Run};
use super::session::{Read, Session, of, unnamed};
use super::{Confirm, Failure};
use crate::aws::{Asked, Aws, Error, Result as AwsResult};
use crate::engine::wait::{Wait, pause, until};
use crate::engine::{Extent, apply, apply_first};
use crate::event::{Action, Event, Outcome};
use crate::resources::lock::{Lock, Record, Seen, Written, later, told};

/// How long a lock outlives its holder on another machine.
const LEASE: Duration = Duration::from_secs(120);
const RENEWED_EVERY: Duration = Duration::from_secs(30);
/// After a renewal that failed.
const RENEWED_AGAIN: Duration = Duration::from_secs(5);
/// Before its end a lease counts as over for its holder: requests under way arrive later than they are sent.
const MARGIN: Duration = Duration::from_secs(15);
/// The longest that letting go may take; then the lease ends by itself.
const LETTING_GO: Duration = Duration::from_secs(10);
/// How coarse S3's times are, twice.
const GRAIN: Duration = Duration::from_secs(2);
const LOOKS_EVERY: Duration = Duration::from_secs(3);

/// What a run is after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    Wanted,
    Unwanted,
}

pub(super) struct Converged {
    pub read: Read,
    pub outcome: Outcome,
    pub extent: Extent,
}

/// What became of taking the lock.
enum Taken<'s> {
    Held(Box<Held<'s>>),
    /// Somebody else was first: what was read is not true any more.
    Moved,
    /// The endpoint knows no conditional writes.
    Impossible,
}

impl Session<'_> {
    /// Read, decide, confirm and apply, with nobody else at work on the stage in between.
    pub async fn converge(&self, aim: Aim, confirm: Confirm<'_>) -> Result<Converged, Failure> {
        let (lock, deadline) = (self.lock(), Instant::now() + self.wait_for_lock);
        let mut ahead = true;
        loop {
            let (seen, read) = match ahead {
                true => tokio::join!(Box::pin(lock.look(&self.aws)), Box::pin(self.read_for(aim))),
                // What somebody else did meanwhile must be seen: the lock first, then everything.
                false => (Box::pin(lock.look(&self.aws)).await, Box::pin(self.read_for(aim)).await),
            };
            let mut read = read?;
            read.allowed()?;
            let planned = self.planned(&read);
            let done = |read, outcome, extent| Ok(Converged { read, outcome, extent });
            if planned.plan.is_empty() {
                seen.iter().filter_map(at_work).for_each(|text| self.tell(&text));
                return done(read, Outcome::Unchanged, Extent::Whole);
            }
            let founding = planned.plan.steps.iter().any(|step| step.step == "bucket" && step.action == Action::Create);
            if !founding && !read.observed.present().any(|at| at == read.desired.handles.bucket.id().at()) {
                if !confirm(&planned) {
                    return done(read, Outcome::Declined, Extent::Whole);
                }
                // Asked in its first round, under a lock, whose fence lets nothing more through.
                self.unless_stopped()?;
                self.tell("there is no artifact bucket of ours to keep a lock in: see that nobody else is at work");
                let extent = self.apply(&read).await?;
                return done(read, Outcome::Changed, extent);
            }
            let seen = seen.map_err(|error| barred(&lock, error))?;
            if let Some(holder) = living(&seen) {
                Box::pin(self.outwait(&lock, holder, deadline)).await?;
                ahead = false;
                continue;
            }
            if ahead && self.may_have_moved(&seen) {
                ahead = false;
                continue;
            }
            if !confirm(&planned) {
                return done(read, Outcome::Declined, Extent::Whole);
            }
            let heeding = self.stop.heed();
            let extent = match Box::pin(self.enter(&lock, &seen, &mut read, founding)).await? {
                Taken::Held(held) => Box::pin(held.during(self.apply(&read))).await?,
                // Asked to stop meanwhile, it does not go on: whoever asked was told that it would end.
                Taken::Impossible | Taken::Moved if self.stop.is_asked() => return Err(Failure::Interrupted),
                Taken::Impossible => {
                    // With nothing to let go of, the run is simply left where it is.
                    drop(heeding);
                    self.apply(&read).await?
                }
                Taken::Moved => {
                    ahead = false;
                    continue;
                }
            };
            return done(read, Outcome::Changed, extent);
        }
    }

    async fn read_for(&self, aim: Aim) -> Result<Read, Failure> {
        match aim {
            Aim::Wanted => self.read().await,
            Aim::Unwanted => self.read_unwanted().await,
        }
    }

    async fn apply(&self, read: &Read) -> Result<Extent, Failure> {
        // On the heap, as all that is large here: the futures of a whole run would fill a small stack.
        let applied = Box::pin(apply(&read.desired.graph, &read.observed, &read.decided, &self.aws)).await;
        applied.map_err(|problem| Failure::Problem(Box::new(problem)))
    }

    /// The lock; on a first deploy the bucket comes before it.
    async fn enter(&self, lock: &Lock, seen: &Seen, read: &mut Read, founding: bool) -> Result<Taken<'_>, Failure> {
        if !founding {
            return self.take(lock, seen).await.map_err(|error| barred(lock, error));
        }
        let (bucket, founded) = (read.desired.handles.bucket.id(), read.desired.founded.clone());
        let making = Box::pin(apply_first(&read.desired.graph, &read.observed, &mut read.decided, &self.aws, bucket));
        let taking = Box::pin(async {
            founded.wait().await;
            self.take(lock, seen).await
        });
        let (mut making, mut taking) = (making, taking);
        let (made, taken) = tokio::select! {
            biased;
            made = &mut making => match made {
                Ok(()) => (Ok(()), taking.await),
                Err(problem) => return Err(Failure::Problem(Box::new(problem))),
            },
            taken = &mut taking => (making.await, taken),
        };
        match (made, taken.map_err(|error| barred(lock, error))?) {
            (Err(problem), Taken::Held(held)) => {
                held.let_go().await;
                Err(Failure::Problem(Box::new(problem)))
            }
            (Err(problem), _) => Err(Failure::Problem(Box::new(problem))),
            (Ok(()), taken) => Ok(taken),
        }
    }

    /// Work that is no plan's, under the lock.
    pub async fn alone<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let (lock, deadline) = (self.lock(), Instant::now() + self.wait_for_lock);
        loop {
            let seen = Box::pin(lock.look(&self.aws)).await.map_err(|error| barred(&lock, error))?;
            if let Some(holder) = living(&seen) {
                Box::pin(self.outwait(&lock, holder, deadline)).await?;
                continue;
            }
            let heeding = self.stop.heed();
            match Box::pin(self.take(&lock, &seen)).await.map_err(|error| barred(&lock, error))? {
                Taken::Held(held) => return Box::pin(held.during(work)).await,
                Taken::Impossible | Taken::Moved if self.stop.is_asked() => return Err(Failure::Interrupted),
                Taken::Impossible => {
                    drop(heeding);
                    return work.await;
                }
                Taken::Moved => {}
            }
        }
    }

    async fn take(&self, lock: &Lock, seen: &Seen) -> AwsResult<Taken<'_>> {
        if seen.record.held {
            let (was, words) = (&seen.record.who, seen.record.words());
            self.tell(&format!("the lock that {was} left ({words}) is taken over: nobody is behind it any more"));
        }
        let (since, asked) = (seen.time(), self.aws.fence().asked());
        let record = Record {
            since: Some(since),
            until: Some(later(since, LEASE)),
            target: self.purpose.borrow().clone(),
            ..holder::this(self.command, &self.aws.token())
        };
        let run = Run::begin(&record);
        match lock.write(&self.aws, &record, seen.tag.as_deref()).await {
            Ok(Written::Done(tag)) => {
                self.aws.fence().hold(&lock.place(), asked, LEASE - MARGIN);
                let (aws, lock, own) = (&self.aws, lock.clone(), RefCell::new(Own { record, tag }));
                let begun = (since, asked);
                Ok(Taken::Held(Box::new(Held { aws, stop: &self.stop, lock, begun, own, _run: run })))
            }
            Ok(Written::Moved) => Ok(Taken::Moved),
            Err(error) if error.code.as_deref() == Some("NotImplemented") => {
                self.tell("this endpoint cannot keep two runs apart: see that nobody else is at work");
                Ok(Taken::Impossible)
            }
            Err(error) => Err(error),
        }
    }

    /// May somebody have let the lock go between the first thing that was read and the lock?
    fn may_have_moved(&self, seen: &Seen) -> bool {
        if let Some(ended) = holder::ended(&seen.record) {
            return ended + self.aws.elapsed() > Instant::now();
        }
        let Some(modified) = seen.modified else { return false };
        later(modified, self.aws.elapsed() + GRAIN) >= seen.now
    }

    /// Waits for whoever holds the lock, as long as this run was told to.
    pub(super) async fn outwait(&self, lock: &Lock, holder: &Record, deadline: Instant) -> Result<(), Failure> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(unnamed(lock.held_by(holder)));
        }
        self.tell(&format!("waiting for {}: {}", holder.who, holder.words()));
        let what = format!("{} to be done", holder.who);
        let wait = Wait { what: &what, usual: LEASE.max(left), deadline: left, interval: LOOKS_EVERY };
        let latest = RefCell::new(holder.clone());
        let waited = until(&self.aws, wait, || async {
            let seen = lock.look(&self.aws).await?;
            let Some(holder) = living(&seen) else { return Ok(Some(())) };
            *latest.borrow_mut() = holder.clone();
            Ok(None)
        });
        waited.await.map_err(|error| match error.name {
            Some("timed_out") => unnamed(lock.held_by(&latest.borrow())),
            _ => barred(lock, error),
        })
    }

    pub(super) fn tell(&self, text: &str) {
        self.aws.report(&Event::Note { text: text.to_owned() });
    }
}

/// What kept this run from taking the lock.
fn barred(lock: &Lock, error: Error) -> Failure {
    of(format!("lock {}", lock.place()), error)
}

/// Who holds the lock and is not known to be dead.
pub(super) fn living(seen: &Seen) -> Option<&Record> {
    seen.holder().filter(|holder| !holder::is_dead(holder))
}

/// What somebody else does at the same time, as a note.
pub(super) fn at_work(seen: &Seen) -> Option<String> {
    living(seen).map(|holder| format!("{} is at work on this stage: {}", holder.who, holder.words()))
}

/// A lock that this run holds.
struct Held<'s> {
    aws: &'s Aws<'s>,
    stop: &'s super::Stop,
    lock: Lock,
    /// S3's time of day, and when that was.
    begun: (Timestamp, Asked),
    own: RefCell<Own>,
    _run: Run,
}

struct Own {
    record: Record,
    tag: String,
}

impl Held<'_> {
    /// Does the work, keeps the lock meanwhile, and lets it go however the work ends. Asked to stop, it finishes what is
    /// in flight.
    async fn during<T>(self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let stopped = async {
            self.stop.asked().await;
            let text = "finishing what is in flight; once more, and it ends at once";
            self.aws.report(&Event::Note { text: text.to_owned() });
            self.aws.fence().halt().await;
        };
        let ended = tokio::select! {
            biased;
            // Asked before it began, it does not begin.
            () = std::future::ready(()), if self.stop.is_asked() => Err(Failure::Interrupted),
            done = work => done,
            () = stopped => Err(Failure::Interrupted),
            () = self.keep() => Err(Failure::Interrupted),
        };
        if ended.is_ok() {
            self.own.borrow_mut().record.target = None;
        }
        self.let_go().await;
        ended
    }

    /// Renews the lease, for ever; a lock that is lost stops what wants to write.
    async fn keep(&self) {
        let mut next = RENEWED_EVERY;
        loop {
            pause(next).await;
            let fence = self.aws.fence();
            if !fence.guards(&self.lock.place()) {
                std::future::pending::<()>().await;
            }
            let asked = fence.asked();
            next = match self.renew().await {
                Ok(true) => {
                    fence.hold(&self.lock.place(), asked, LEASE - MARGIN);
                    RENEWED_EVERY
                }
                // The bucket, and the lock with it, may have gone while this was under way: as it was meant to.
                Ok(false) if !fence.guards(&self.lock.place()) => RENEWED_EVERY,
                Ok(false) => {
                    fence.lose(self.lost().await);
                    std::future::pending().await
                }
                Err(error) if self.is_over() => {
                    fence.lose(unrenewed(&error));
                    std::future::pending().await
                }
                Err(_) => RENEWED_AGAIN,
            };
        }
    }

    async fn renew(&self) -> AwsResult<bool> {
        let (record, tag) = {
            let own = self.own.borrow();
            (Record { until: Some(later(self.now(), LEASE)), ..own.record.clone() }, own.tag.clone())
        };
        match self.lock.write(self.aws, &record, Some(&tag)).await? {
            Written::Done(tag) => {
                *self.own.borrow_mut() = Own { record, tag };
                Ok(true)
            }
            Written::Moved => Ok(false),
        }
    }

    /// Lets go, unless the lock went with the bucket or is somebody else's.
    async fn let_go(&self) {
        let fence = self.aws.fence();
        if !fence.guards(&self.lock.place()) {
            return;
        }
        let until = self.own.borrow().record.until.map(told).unwrap_or_default();
        let failed = match timeout(LETTING_GO, self.write_free()).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("S3 does not answer".to_owned()),
        };
        if let Some(why) = failed {
            let text = format!("the lock could not be let go ({why}): it ends by itself at {until}");
            self.aws.report(&Event::Note { text });
        }
        fence.lift();
    }

    async fn write_free(&self) -> AwsResult<()> {
        let own = {
            let own = self.own.borrow();
            (Record { held: false, until: Some(self.now()), ..own.record.clone() }, own.tag.clone())
        };
        let (free, mut tag) = own;
        // A renewal that was under way when the work ended may have arrived, and changed the tag.
        for _ in 0..2 {
            if let Written::Done(_) = self.lock.write(self.aws, &free, Some(&tag)).await? {
                return Ok(());
            }
            let seen = self.lock.look(self.aws).await?;
            match seen.tag {
                Some(now) if seen.record.id == free.id && seen.record.held => tag = now,
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    fn now(&self) -> Timestamp {
        later(self.begun.0, self.aws.fence().since(self.begun.1))
    }

    /// Has the lease ended, as far as this run knows?
    fn is_over(&self) -> bool {
        self.own.borrow().record.until.is_some_and(|until| later(self.now(), MARGIN) >= until)
    }

    async fn lost(&self) -> Error {
        let now = self.lock.look(self.aws).await.ok();
        let who = match now.as_ref().map(|seen| &seen.record) {
            Some(record) if record.id == self.own.borrow().record.id => "it was taken away by `poc unlock`".to_owned(),
            Some(record) if record.held => format!("{} has it ({})", record.who, record.words()),
            Some(record) if !record.who.is_empty() => format!("{} had it meanwhile", record.who),
            _ => "it was taken away".to_owned(),
        };
        Error::refused(
            "lock_lost",
            format!("this run no longer holds the lock of its stage, so it writes nothing more: {who}"),
            "see what the other run does, then run the same command again: it continues where it stopped",
        )
    }
}

fn unrenewed(error: &Error) -> Error {
    Error::refused(
        "lock_lost",
        format!("the lock of this stage could not be renewed, so nothing more is written: {error}"),
        "run the same command again once S3 can be reached: it continues where it stopped",
    )
}
