//! What callers used up: requests per day against the quotas of usage plans, and the token buckets of throttles. Kept
//! beside the cloud in `usage.json`, not in it: counting a request must not look like a change of what was deployed.
//!
//! Several processes count at once. Each keeps what it counted since it last wrote, and adds that to the file under a
//! lock, so that nothing is lost and nothing counted twice. A file that cannot be read counts as an empty one.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::apigateway::Quota;
use super::store::Stamp;

/// GetUsage looks back this far at most; what is older is dropped.
const KEPT_DAYS: i64 = 93;
const DAY_MILLIS: u64 = 86_400_000;

/// A token bucket's measures: `burst` requests at once, refilled by `rate` a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    pub burst: f64,
    pub rate: f64,
}

/// One bucket that a request takes a token from.
#[derive(Clone, Debug)]
pub struct Tap {
    pub bucket: Arc<str>,
    pub limit: Limit,
    /// Whether it is written down; the account's own is not.
    pub kept: bool,
}

/// Whose quota a request counts against.
#[derive(Clone, Copy, Debug)]
pub struct Quotad<'a> {
    pub plan: &'a str,
    pub key: &'a str,
    pub quota: &'a Quota,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exceeded {
    /// The tap, by its place, that ran dry first.
    Throttle(usize),
    Quota,
}

#[derive(Debug, Default)]
pub struct Ledger {
    kept: Mutex<Kept>,
    file: Option<PathBuf>,
    /// Whether somebody is about to write.
    writing: AtomicBool,
}

#[derive(Debug, Default)]
struct Kept {
    book: Book,
    /// Counted here since the book was last written.
    unwritten: Unwritten,
    /// The file as it was read or written last.
    seen: Option<Stamp>,
    /// What is being written is in neither the file nor `unwritten`: the book is the one to go by until that is done.
    in_flight: bool,
    account: HashMap<Arc<str>, Bucket>,
}

#[derive(Debug, Default)]
struct Unwritten {
    requests: BTreeMap<(String, String, i64), u64>,
    grants: BTreeMap<(String, String), Grant>,
    tokens: BTreeMap<Arc<str>, Taken>,
}

/// Tokens of one bucket.
#[derive(Clone, Copy, Debug)]
struct Taken {
    tokens: f64,
    limit: Limit,
    /// When the last one was taken.
    at: u64,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Book {
    /// By plan and key.
    quotas: BTreeMap<String, BTreeMap<String, Account>>,
    buckets: BTreeMap<String, Bucket>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Account {
    /// Requests by day, counted from 1970-01-01.
    days: BTreeMap<i64, u64>,
    grant: Option<Grant>,
}

/// What UpdateUsage added to one period's quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Grant {
    /// The period's first day.
    since: i64,
    requests: i64,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Bucket {
    tokens: f64,
    /// Milliseconds since 1970.
    at: u64,
}

impl Bucket {
    #[expect(clippy::cast_precision_loss, reason = "an interval in milliseconds is far below 2^52")]
    fn refilled(self, limit: Limit, now: u64) -> Bucket {
        let seconds = now.saturating_sub(self.at) as f64 / 1000.0;
        Bucket { tokens: (self.tokens + limit.rate * seconds).min(limit.burst), at: now.max(self.at) }
    }
}

impl Account {
    fn used(&self, since: i64, today: i64) -> u64 {
        self.days.range(since..=today).map(|(_, count)| count).sum()
    }

    fn remaining(&self, quota: &Quota, today: i64) -> i64 {
        let since = period_start(quota, today);
        let granted = self.grant.filter(|grant| grant.since == since).map_or(0, |grant| grant.requests);
        let used = i64::try_from(self.used(since, today)).unwrap_or(i64::MAX);
        quota.limit.saturating_add(granted).saturating_sub(used).max(0)
    }
}

impl Ledger {
    /// One that lives as long as the process.
    pub fn in_memory() -> Ledger {
        Ledger::default()
    }

    /// One shared with other processes; what they counted is read now and again.
    pub fn beside(directory: &Path) -> Ledger {
        Ledger { file: Some(directory.join("usage.json")), ..Ledger::default() }
    }

    /// Takes a token from every tap and one request from the quota, or says what is exceeded first, in the order of
    /// `taps`, the quota last. A throttled request takes no tokens but counts against the quota (`AWS_FACTS` C2:
    /// "rejected requests also count", unverified), one beyond the quota counts no more. Returns what is left of the
    /// quota.
    ///
    /// # Errors
    /// Names the limit that refused the request.
    pub fn admit(&self, now: u64, taps: &[Tap], quotad: Option<Quotad<'_>>) -> Result<Option<i64>, Exceeded> {
        let mut kept = self.kept();
        if quotad.is_some() || taps.iter().any(|tap| tap.kept) {
            self.catch_up(&mut kept);
        }
        let dry = taps.iter().position(|tap| kept.level(tap, now) < 1.0);
        let today = day(now);
        let remaining = quotad.map(|quotad| {
            kept.account(quotad).map_or(quotad.quota.limit, |account| account.remaining(quotad.quota, today))
        });
        if let (Some(quotad), Some(1..)) = (quotad, remaining) {
            kept.count(quotad, today);
        }
        match (dry, remaining) {
            (Some(tap), _) => Err(Exceeded::Throttle(tap)),
            (None, Some(..=0)) => Err(Exceeded::Quota),
            (None, remaining) => {
                taps.iter().for_each(|tap| kept.take(tap, now));
                Ok(remaining.map(|remaining| remaining - 1))
            }
        }
    }

    /// What GetUsage tells: per key and day of `from..=to`, what was used and what then was left of the quota.
    pub fn usage(&self, plan: &str, key: &str, quota: &Quota, days: (i64, i64)) -> Vec<[i64; 2]> {
        let mut kept = self.kept();
        self.catch_up(&mut kept);
        let account = kept.book.quotas.get(plan).and_then(|keys| keys.get(key)).cloned().unwrap_or_default();
        let used = |day| i64::try_from(account.days.get(&day).copied().unwrap_or(0)).unwrap_or(i64::MAX);
        (days.0..=days.1).map(|day| [used(day), account.remaining(quota, day)]).collect()
    }

    /// The keys of a plan that anything was counted for.
    pub fn keys(&self, plan: &str) -> Vec<String> {
        let mut kept = self.kept();
        self.catch_up(&mut kept);
        kept.book.quotas.get(plan).map(|keys| keys.keys().cloned().collect()).unwrap_or_default()
    }

    /// UpdateUsage: from now until the period ends, `remaining` more requests.
    pub fn grant(&self, now: u64, quotad: Quotad<'_>, remaining: i64) {
        let today = day(now);
        let since = period_start(quotad.quota, today);
        let mut kept = self.kept();
        self.catch_up(&mut kept);
        let used = kept.account(quotad).map_or(0, |account| account.used(since, today));
        let used = i64::try_from(used).unwrap_or(i64::MAX);
        let grant = Grant { since, requests: remaining.saturating_add(used).saturating_sub(quotad.quota.limit) };
        let (plan, key) = (quotad.plan.to_owned(), quotad.key.to_owned());
        kept.book.quotas.entry(plan.clone()).or_default().entry(key.clone()).or_default().grant = Some(grant);
        kept.unwritten.grants.insert((plan, key), grant);
    }

    /// Whether the caller is to write soon: something was counted, and nobody else is about to.
    pub fn wants_writing(&self) -> bool {
        self.file.is_some() && !self.kept().unwritten.is_empty() && !self.writing.swap(true, Ordering::AcqRel)
    }

    /// Adds what was counted here to the file.
    ///
    /// # Errors
    /// When the file cannot be written; what was counted is kept for the next time.
    pub fn write(&self) -> io::Result<()> {
        self.writing.store(false, Ordering::Release);
        let Some(file) = &self.file else { return Ok(()) };
        let (unwritten, mine, seen) = {
            let mut kept = self.kept();
            if kept.in_flight || kept.unwritten.is_empty() {
                return Ok(());
            }
            kept.in_flight = true;
            (std::mem::take(&mut kept.unwritten), kept.book.clone(), kept.seen)
        };
        let written = under_lock(file, || {
            // Where nobody else wrote, this process's own book is exact to the token.
            let book = if seen == Some(Stamp::of_file(file)) {
                mine
            } else {
                let mut book = read(file).unwrap_or_else(|| mine.without(&unwritten));
                book.add(&unwritten);
                book
            };
            let partial = file.with_extension("json.partial");
            fs::write(&partial, serde_json::to_vec(&book)?)?;
            fs::rename(&partial, file)?;
            Ok((book, Stamp::of_file(file)))
        });
        let mut kept = self.kept();
        kept.in_flight = false;
        match written {
            Ok((mut book, seen)) => {
                book.add(&kept.unwritten);
                kept.book = book;
                kept.seen = Some(seen);
                Ok(())
            }
            Err(fault) => {
                kept.unwritten.merge(unwritten);
                Err(fault)
            }
        }
    }

    /// Reads what others wrote since.
    fn catch_up(&self, kept: &mut Kept) {
        let Some(file) = &self.file else { return };
        let stamp = Stamp::of_file(file);
        if kept.in_flight || kept.seen == Some(stamp) {
            return;
        }
        kept.seen = Some(stamp);
        if let Some(mut book) = read(file) {
            book.add(&kept.unwritten);
            kept.book = book;
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn level(&self, tap: &Tap, now: u64) -> f64 {
        if tap.limit.burst < 1.0 || tap.limit.rate <= 0.0 {
            return 0.0;
        }
        let bucket = if tap.kept { self.book.buckets.get(&*tap.bucket) } else { self.account.get(&tap.bucket) };
        bucket.map_or(tap.limit.burst, |bucket| bucket.refilled(tap.limit, now).tokens)
    }

    fn take(&mut self, tap: &Tap, now: u64) {
        let full = Bucket { tokens: tap.limit.burst, at: now };
        let bucket = if tap.kept {
            self.unwritten.take(&tap.bucket, Taken { tokens: 1.0, limit: tap.limit, at: now });
            self.book.buckets.entry(tap.bucket.to_string()).or_insert(full)
        } else {
            self.account.entry(tap.bucket.clone()).or_insert(full)
        };
        *bucket = bucket.refilled(tap.limit, now);
        bucket.tokens -= 1.0;
    }

    fn account(&self, quotad: Quotad<'_>) -> Option<&Account> {
        self.book.quotas.get(quotad.plan)?.get(quotad.key)
    }

    fn count(&mut self, quotad: Quotad<'_>, today: i64) {
        let (plan, key) = (quotad.plan.to_owned(), quotad.key.to_owned());
        *self.unwritten.requests.entry((plan.clone(), key.clone(), today)).or_default() += 1;
        let days = &mut self.book.quotas.entry(plan).or_default().entry(key).or_default().days;
        *days.entry(today).or_default() += 1;
        days.retain(|day, _| *day > today - KEPT_DAYS);
    }
}

impl Unwritten {
    fn is_empty(&self) -> bool {
        self.requests.is_empty() && self.grants.is_empty() && self.tokens.is_empty()
    }

    fn take(&mut self, bucket: &Arc<str>, more: Taken) {
        let taken = self.tokens.entry(bucket.clone()).or_insert(Taken { tokens: 0.0, ..more });
        *taken = Taken { tokens: taken.tokens + more.tokens, limit: more.limit, at: taken.at.max(more.at) };
    }

    fn merge(&mut self, older: Unwritten) {
        for (at, count) in older.requests {
            *self.requests.entry(at).or_default() += count;
        }
        for (bucket, taken) in older.tokens {
            self.take(&bucket, taken);
        }
        for (at, grant) in older.grants {
            self.grants.entry(at).or_insert(grant);
        }
    }
}

impl Book {
    fn add(&mut self, counted: &Unwritten) {
        for ((plan, key, day), count) in &counted.requests {
            let days = &mut self.quotas.entry(plan.clone()).or_default().entry(key.clone()).or_default().days;
            *days.entry(*day).or_default() += count;
        }
        for ((plan, key), grant) in &counted.grants {
            self.quotas.entry(plan.clone()).or_default().entry(key.clone()).or_default().grant = Some(*grant);
        }
        for (name, Taken { tokens, limit, at }) in &counted.tokens {
            let bucket = self.buckets.entry(name.to_string()).or_insert(Bucket { tokens: limit.burst, at: *at });
            *bucket = bucket.refilled(*limit, *at);
            bucket.tokens = (bucket.tokens - tokens).max(0.0);
        }
    }

    /// This process's own view before it counted `counted`: what stands in for a file that cannot be read.
    fn without(mut self, counted: &Unwritten) -> Book {
        for ((plan, key, day), count) in &counted.requests {
            if let Some(account) = self.quotas.get_mut(plan).and_then(|keys| keys.get_mut(key)) {
                let held = account.days.entry(*day).or_default();
                *held = held.saturating_sub(*count);
            }
        }
        for (name, Taken { tokens, .. }) in &counted.tokens {
            if let Some(bucket) = self.buckets.get_mut(&**name) {
                bucket.tokens += tokens;
            }
        }
        self
    }
}

/// Days since 1970-01-01, UTC.
pub fn day(millis: u64) -> i64 {
    i64::try_from(millis / DAY_MILLIS).unwrap_or(i64::MAX)
}

/// The first day of the quota's period that `today` is in. Weeks begin on Sunday, months on their first, each `offset`
/// days later (`AWS_FACTS` B3; that Sunday is 0 is our reading of it).
fn period_start(quota: &Quota, today: i64) -> i64 {
    match quota.period.as_str() {
        "WEEK" => today - (today + 4 - quota.offset).rem_euclid(7),
        "MONTH" => month_start(today, quota.offset).unwrap_or(today),
        _ => today,
    }
}

fn month_start(today: i64, offset: i64) -> Option<i64> {
    let epoch = jiff::civil::date(1970, 1, 1);
    let date = epoch.checked_add(jiff::Span::new().try_days(today).ok()?).ok()?;
    let begins = |date: jiff::civil::Date| {
        let first = i64::from(epoch.until(date.first_of_month()).ok()?.get_days());
        Some(first + offset)
    };
    let this = begins(date)?;
    if this <= today { Some(this) } else { begins(date.first_of_month().yesterday().ok()?) }
}

fn read(file: &Path) -> Option<Book> {
    serde_json::from_slice(&fs::read(file).ok()?).ok()
}

fn under_lock<T>(file: &Path, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let lock = File::options().create(true).truncate(false).write(true).open(file.with_extension("lock"))?;
    lock.lock()?;
    let done = work();
    lock.unlock()?;
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quota(period: &str, offset: i64) -> Quota {
        Quota { limit: 3, offset, period: period.to_owned() }
    }

    /// 2026-01-31 is a Saturday; day 20484.
    #[test]
    fn periods_begin_where_the_offset_says() {
        let saturday = 20_484;
        assert_eq!(period_start(&quota("DAY", 0), saturday), saturday);
        assert_eq!(period_start(&quota("WEEK", 0), saturday), saturday - 6);
        assert_eq!(period_start(&quota("WEEK", 0), saturday + 1), saturday + 1);
        assert_eq!(period_start(&quota("WEEK", 6), saturday), saturday);
        assert_eq!(period_start(&quota("MONTH", 0), saturday), saturday - 30);
        assert_eq!(period_start(&quota("MONTH", 0), saturday + 1), saturday + 1);
        assert_eq!(period_start(&quota("MONTH", 27), saturday), saturday - 3);
        assert_eq!(period_start(&quota("MONTH", 27), saturday + 5), saturday - 3);
    }

    #[test]
    fn two_processes_add_up_what_they_counted() {
        let directory = tempfile::tempdir().unwrap();
        let (one, two) = (Ledger::beside(directory.path()), Ledger::beside(directory.path()));
        let quota = quota("DAY", 0);
        let quotad = Quotad { plan: "plan", key: "key", quota: &quota };
        assert_eq!(one.admit(0, &[], Some(quotad)), Ok(Some(2)));
        assert_eq!(two.admit(0, &[], Some(quotad)), Ok(Some(2)));
        one.write().unwrap();
        two.write().unwrap();
        assert_eq!(one.admit(0, &[], Some(quotad)), Ok(Some(0)));
        one.write().unwrap();
        assert_eq!(two.admit(0, &[], Some(quotad)), Err(Exceeded::Quota));
        assert_eq!(Ledger::beside(directory.path()).usage("plan", "key", &quota, (0, 0)), [[3, 0]]);
    }

    fn tap(rate: f64, burst: f64) -> [Tap; 1] {
        [Tap { bucket: "b".into(), limit: Limit { burst, rate }, kept: true }]
    }

    /// C2: what is refilled since a request counts from the request, not from when it was written down.
    #[test]
    fn writing_takes_no_tokens() {
        let directory = tempfile::tempdir().unwrap();
        let (one, two) = (Ledger::beside(directory.path()), Ledger::beside(directory.path()));
        let slow = tap(1.0, 1.0);
        for (at, ledger) in [(0, &one), (1000, &one), (2000, &two), (3000, &one)] {
            assert_eq!(ledger.admit(at, &slow, None), Ok(None), "at {at}");
            assert_eq!(ledger.admit(at + 100, &slow, None), Err(Exceeded::Throttle(0)));
            ledger.write().unwrap();
        }
    }

    #[test]
    fn who_keeps_to_the_rate_is_never_refused() {
        let directory = tempfile::tempdir().unwrap();
        let ledger = Ledger::beside(directory.path());
        let quick = tap(100.0, 2.0);
        for at in (0..3000).step_by(10) {
            assert_eq!(ledger.admit(at, &quick, None), Ok(None), "at {at}");
            if at % 150 == 0 {
                ledger.write().unwrap();
            }
        }
    }

    #[test]
    fn a_broken_file_is_an_empty_one() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("usage.json"), "{\"quotas\":[").unwrap();
        let quota = quota("DAY", 0);
        let quotad = Quotad { plan: "plan", key: "key", quota: &quota };
        let ledger = Ledger::beside(directory.path());
        assert_eq!(ledger.admit(0, &[], Some(quotad)), Ok(Some(2)));
        ledger.write().unwrap();
        assert_eq!(Ledger::beside(directory.path()).admit(0, &[], Some(quotad)), Ok(Some(1)));
    }
}
