//! The lock of a stage: an object beside its packages, which says who is changing the stage and until when that holds.
//! S3 lets one of two writers through (`If-None-Match: *` where nothing is, `If-Match` where something is), and its
//! `Date` is the one clock by which leases are judged. A lock that is let go stays as an object that names no holder, so
//! that whoever read the stage before can tell that somebody else was there.

use std::cell::Cell;
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::object;
use crate::aws::{Aws, Error, ErrorKind, Heard, Manner, Repeat, Result};

/// The lock's calls are what the lock lets through.
const UNFENCED: Manner = Manner { budget: None, unfenced: true };

/// Larger objects are no locks of ours.
const LARGEST: usize = 65_536;

/// How often an answer is read whose body ends too soon, and what that is called.
const READS: usize = 3;
const CUT_OFF: &str = "answer_cut_off";

/// Where the lock of a stage lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    pub bucket: String,
    /// Whose the bucket must be.
    pub account: String,
    pub key: String,
}

/// What the object says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// False once it was let go.
    pub held: bool,
    /// One run's own.
    pub id: String,
    /// `deploy`, `teardown`, `key rotate`.
    pub command: String,
    /// What it is after, where the command alone does not tell: kept by a run that did not come to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// `alice@laptop`.
    pub who: String,
    /// The run of a CI system, as a URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    pub host: String,
    pub pid: u32,
    /// Tells where `pid` means this process: machine, boot and name space.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    #[serde(with = "moment")]
    pub since: Option<Timestamp>,
    #[serde(with = "moment")]
    pub until: Option<Timestamp>,
}

/// The lock as it was read.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// None where there is no object.
    pub tag: Option<String>,
    pub record: Record,
    pub modified: Option<Timestamp>,
    /// S3's time of day then.
    pub now: Timestamp,
    /// When that was by this machine's clock, at the latest; earlier makes leases short for their holder.
    pub asked: Option<Instant>,
}

/// What came of writing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// The ETag of what is there now.
    Done(String),
    /// Somebody else wrote it first.
    Moved,
}

impl Record {
    /// Of a version of poc to come, perhaps: it holds until somebody says otherwise.
    fn unreadable() -> Record {
        let someone = "somebody whose lock this version of poc cannot read".to_owned();
        Record { held: true, who: someone, until: Some(Timestamp::MAX), ..Record::default() }
    }

    /// `poc deploy since 2026-01-31 12:00:00 UTC (process 4711 on laptop, https://ci/run/1)`.
    pub fn words(&self) -> String {
        let Some(since) = self.since.map(told) else { return "since an unknown time".to_owned() };
        let run = self.run.as_ref().map(|run| format!(", {run}")).unwrap_or_default();
        format!("poc {} since {since} (process {} on {}{run})", self.command, self.pid, self.host)
    }
}

/// `2026-01-31 12:00:00 UTC`.
pub fn told(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

impl Seen {
    /// Who holds the lock, if its lease has not ended.
    pub fn holder(&self) -> Option<&Record> {
        Some(&self.record).filter(|record| record.held && record.until.is_some_and(|until| self.now < until))
    }

    /// S3's time of day now, as far as that answer told.
    pub fn time(&self) -> Timestamp {
        later(self.now, self.asked.map(|asked| asked.elapsed()).unwrap_or_default())
    }

    /// Who let the lease end, and so is dead or cut off.
    pub fn lapsed(&self) -> Option<&Record> {
        Some(&self.record).filter(|record| record.held && self.holder().is_none())
    }
}

impl Lock {
    /// Under `prefix` (`APP/STAGE/`) of the artifact bucket.
    pub fn under(bucket: &str, account: &str, prefix: &str) -> Lock {
        Lock { bucket: bucket.to_owned(), account: account.to_owned(), key: format!("{prefix}lock.json") }
    }

    /// Is it one of the objects of this stage?
    pub fn lies_beside(&self, key: &str) -> bool {
        let prefix = self.key.rsplit_once('/').map_or("", |(prefix, _)| prefix);
        key.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'))
    }

    /// `s3://bucket/key`.
    pub fn place(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }

    /// # Errors
    /// When S3 cannot be read; no bucket is no error.
    pub async fn look(&self, aws: &Aws<'_>) -> Result<Seen> {
        for _ in 1..READS {
            match self.look_once(aws).await {
                Err(error) if error.name == Some(CUT_OFF) => {}
                looked => return looked,
            }
        }
        self.look_once(aws).await
    }

    async fn look_once(&self, aws: &Aws<'_>) -> Result<Seen> {
        let (heard, asked) = (Heard::default(), Some(Instant::now()));
        let call = || {
            let get = aws.s3().get_object().bucket(&self.bucket).expected_bucket_owner(&self.account).key(&self.key);
            get.customize().interceptor(heard.clone()).send()
        };
        let answer = match aws.call("s3", "GetObject", Repeat::Safe, call).await {
            Ok(answer) => answer,
            Err(error) if error.is(ErrorKind::NotFound) => {
                return Ok(Seen { now: time(aws, &heard), asked, ..Seen::default() });
            }
            Err(error) => return Err(error),
        };
        let (tag, modified) = (answer.e_tag().map(str::to_owned), answer.last_modified().map(|at| at.secs()));
        let length = answer.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
        let cut_off = |_| Error { name: Some(CUT_OFF), ..Error::unexpected(format!("{} ends too soon", self.place())) };
        let bytes = match length {
            0..=LARGEST => answer.body.collect().await.map_err(cut_off)?.into_bytes(),
            _ => Default::default(),
        };
        let record = serde_json::from_slice(&bytes).unwrap_or_else(|_| Record::unreadable());
        let modified = modified.and_then(|seconds| Timestamp::from_second(seconds).ok());
        Ok(Seen { tag, record, modified, now: time(aws, &heard), asked })
    }

    /// Writes `record` over what was read as `over`, or where nothing was.
    ///
    /// # Errors
    /// When S3 refuses for another reason than that somebody else was first.
    pub async fn write(&self, aws: &Aws<'_>, record: &Record, over: Option<&str>) -> Result<Written> {
        let body = serde_json::to_vec_pretty(record).map_err(|fault| Error::unexpected(fault.to_string()))?;
        let call = || {
            let put = aws.s3().put_object().bucket(&self.bucket).expected_bucket_owner(&self.account).key(&self.key);
            let put = put.content_type("application/json").body(ByteStream::from(body.clone()));
            match over {
                Some(tag) => put.if_match(tag),
                None => put.if_none_match("*"),
            }
            .send()
        };
        match aws.call_in(UNFENCED, "s3", "PutObject", Repeat::Safe, call).await {
            Ok(answer) => Ok(Written::Done(answer.e_tag.unwrap_or_default())),
            Err(error) if is_moved(&error) => {
                // Perhaps by this very call, whose first answer was lost.
                let seen = self.look(aws).await?;
                Ok(seen.tag.filter(|_| seen.record == *record).map_or(Written::Moved, Written::Done))
            }
            Err(error) => Err(self.unwritten(error)),
        }
    }

    /// Removes it with all its versions: before the bucket goes.
    ///
    /// # Errors
    /// When S3 refuses.
    pub async fn remove(&self, aws: &Aws<'_>) -> Result<()> {
        object::clear(aws, &self.bucket, &self.account, &self.key, |key| key == self.key).await
    }

    /// The refusal of whoever comes second.
    pub fn held_by(&self, holder: &Record) -> Error {
        Error::refused(
            "locked",
            format!("{} is at work on this stage: {}", holder.who, holder.words()),
            "wait until that is done (--wait-for-lock 10m waits for it), or, if you know that it is dead, `poc unlock`",
        )
    }

    fn unwritten(&self, error: Error) -> Error {
        if !error.is(ErrorKind::AccessDenied) {
            return error;
        }
        let next = format!(
            "let these credentials do s3:GetObject and s3:PutObject on {}, which keeps two deploys apart, then run the \
             same command again",
            self.place()
        );
        Error { next: Some(next), ..error }
    }
}

/// Somebody else was first, or took it away.
fn is_moved(error: &Error) -> bool {
    error.code.as_deref() == Some("PreconditionFailed") || error.is(ErrorKind::NotFound)
}

/// S3's time of day, or this machine's where an endpoint does not tell.
fn time(aws: &Aws<'_>, heard: &Heard) -> Timestamp {
    heard.date().unwrap_or_else(|| {
        let millis = i64::try_from(aws.clock().epoch_millis()).unwrap_or(i64::MAX);
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
    })
}

/// `time` and so much later.
pub fn later(time: Timestamp, by: Duration) -> Timestamp {
    time.saturating_add(by).unwrap_or(Timestamp::MAX)
}

/// As RFC 3339 has it; what cannot be read is as good as none.
mod moment {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "the signature that serde asks for")]
    pub fn serialize<S: Serializer>(moment: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        moment.map(|moment| moment.to_string()).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.and_then(|text| text.parse().ok()))
    }
}

/// Told by the bucket's creation as soon as there is a bucket to put a lock into, while its settings are being made.
#[derive(Debug, Default)]
pub struct Founded {
    there: Cell<bool>,
    told: Notify,
}

impl Founded {
    pub fn tell(&self) {
        self.there.set(true);
        self.told.notify_waiters();
    }

    /// Done once there is a bucket.
    pub async fn wait(&self) {
        let told = self.told.notified();
        if !self.there.get() {
            told.await;
        }
    }
}
