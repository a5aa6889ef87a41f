//! The embedded cloud: AWS's control plane in this process. Requests arrive as the SDK sends them (signed HTTP), and
//! leave as AWS answers them, error codes and texts included (`AWS_FACTS`, appendix B). Strict by intent: a sequence
//! of calls that AWS refuses is refused here.
//!
//! One file or folder per service; `request.rs`, `reply.rs`, `xml.rs`, `page.rs` and `stamp.rs` are the wire, `store.rs`
//! and `blobs.rs` are what is kept, `usage.rs` what callers of the deployed APIs used up.

mod blobs;
mod page;
mod profile;
mod reply;
mod request;
mod stamp;
mod store;
mod wildcard;
mod xml;

pub mod acm;
pub mod apigateway;
pub mod ecr;
pub mod faults;
pub mod iam;
pub mod lambda;
pub mod logs;
pub mod route53;
pub mod s3;
pub mod simulation;
mod sts;
pub mod usage;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tokio::sync::Mutex;

pub use blobs::{Blobs, Source};
pub use profile::Profile;
pub use reply::{Failure, Reply};
pub use request::Request;
pub use stamp::{age, iso};
pub use store::{State, hex};
pub use wildcard::like;

use crate::clock::Clock;
use simulation::Traffic;

/// The account everything here belongs to.
pub const ACCOUNT: &str = "000000000000";

/// The hosted zone that exists from the start, so that a domain block works without an account.
pub const FIRST_ZONE: &str = "example.com";

/// The cloud itself. Shared by every client of the process.
pub struct Cloud {
    kept: Mutex<store::Kept>,
    directory: Option<PathBuf>,
    logs: logs::LogStore,
    /// Counts the transactions of a cloud in memory.
    transactions: AtomicU64,
    usage: Arc<usage::Ledger>,
    clock: Clock,
    profile: Profile,
    /// Where the profile has AWS's manners with those who call.
    traffic: Option<Traffic>,
}

/// Tells whether what a cloud holds may have changed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revision(store::Stamp);

impl Cloud {
    /// A cloud that lives as long as the process.
    pub fn in_memory(clock: Clock, profile: Profile) -> Arc<Cloud> {
        Cloud::of(store::Kept::in_memory(), None, clock, profile)
    }

    /// A cloud kept under `directory` (made with mode 0700), shared with other processes that open the same one.
    ///
    /// # Errors
    /// When the directory cannot be made or what it holds cannot be read.
    pub fn open(directory: &Path, clock: Clock, profile: Profile) -> std::io::Result<Arc<Cloud>> {
        Ok(Cloud::of(store::Kept::open(directory)?, Some(directory.to_owned()), clock, profile))
    }

    fn of(kept: store::Kept, directory: Option<PathBuf>, clock: Clock, profile: Profile) -> Arc<Cloud> {
        let kept = Mutex::new(kept);
        let usage = Arc::new(match &directory {
            Some(directory) => usage::Ledger::beside(directory),
            None => usage::Ledger::in_memory(),
        });
        let logs = match &directory {
            Some(directory) => logs::LogStore::Directory(directory.join("logs")),
            None => logs::LogStore::in_memory(),
        };
        let traffic = profile.traffic.map(|seed| Traffic::new(seed, profile.steady));
        Arc::new(Cloud { kept, directory, logs, transactions: AtomicU64::new(0), usage, clock, profile, traffic })
    }

    pub fn clock(&self) -> Clock {
        self.clock
    }

    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// What was logged: beside the state, because it comes with every invocation.
    pub fn logs(&self) -> &logs::LogStore {
        &self.logs
    }

    /// Makes a log group where it is missing.
    ///
    /// # Errors
    /// When the directory behind the cloud cannot be read or written.
    pub async fn make_log_group(&self, group: &logs::GroupId) -> std::io::Result<()> {
        let now = self.clock.epoch_millis();
        self.inspect(|state| state.logs.make(group, now)).await
    }

    /// Where it is kept; none for a cloud in memory.
    pub fn directory(&self) -> Option<&Path> {
        self.directory.as_deref()
    }

    /// What callers of the deployed APIs used up.
    pub fn usage(&self) -> &Arc<usage::Ledger> {
        &self.usage
    }

    /// As of now; costs one look at a file's metadata. Equal revisions mean that nothing changed in between, whichever
    /// process might have changed it.
    pub fn revision(&self) -> Revision {
        Revision(match &self.directory {
            Some(directory) => store::Stamp::of_disk(directory),
            None => store::Stamp::Memory(self.transactions.load(Ordering::Acquire)),
        })
    }

    /// Looks at what the cloud holds, without changing it.
    ///
    /// # Errors
    /// When the directory behind it cannot be read.
    pub async fn look<T>(&self, look: impl FnOnce(&State, &Blobs) -> T) -> std::io::Result<T> {
        self.kept.lock().await.look(look)
    }

    /// Answers one request. Never fails: what cannot be understood is answered as AWS would.
    ///
    /// Half of the latency passes on the way here and half on the way back: what is cut off may or may not be done.
    pub async fn handle(&self, request: http::Request<Bytes>) -> http::Response<Bytes> {
        let request = Request::new(request);
        let way = match &self.traffic {
            Some(traffic) => traffic.latency(&request) / 2,
            None => self.profile.latency / 2,
        };
        pass(way).await;
        let refusal = self.traffic.as_ref().and_then(|traffic| traffic.admit(&request, way).err());
        let now = self.clock.epoch_millis();
        let reply = match refusal {
            Some(refusal) => Ok(refusal),
            None => self.carry_out(&request).await,
        };
        pass(way).await;
        let reply = reply.unwrap_or_else(|fault| Failure::of_disk(&fault));
        // AWS's own time of day, of the moment at which it did what was asked.
        reply.header("date", &stamp::http(now)).into_http()
    }

    async fn carry_out(&self, request: &Request) -> std::io::Result<Reply> {
        let mut kept = self.kept.lock().await;
        let now = self.clock.epoch_millis();
        let reply = kept.transact(|state, blobs| {
            let region = request.region().to_owned();
            let mut call =
                Call { region, state, blobs, logs: &self.logs, now, profile: &self.profile, usage: &self.usage };
            dispatch(&mut call, request)
        });
        self.transactions.fetch_add(1, Ordering::Release);
        reply
    }

    /// Looks at, or changes, what the cloud holds, past every rule: for tests.
    ///
    /// # Errors
    /// When the directory behind it cannot be read or written.
    pub async fn inspect<T>(&self, look: impl FnOnce(&mut State) -> T) -> std::io::Result<T> {
        let done = self.kept.lock().await.transact(|state, _| look(state));
        self.transactions.fetch_add(1, Ordering::Release);
        done
    }
}

async fn pass(duration: Duration) {
    if !duration.is_zero() {
        tokio::time::sleep(duration).await;
    }
}

fn dispatch(call: &mut Call<'_>, request: &Request) -> Reply {
    match request.service() {
        "acm" => acm::handle(call, request),
        "apigateway" => apigateway::handle(call, request),
        "ecr" => ecr::handle(call, request),
        "iam" => iam::handle(call, request),
        "lambda" => lambda::handle(call, request),
        "logs" => logs::handle(call, request),
        "route53" => route53::handle(call, request),
        "s3" => s3::handle(call, request),
        "sts" => sts::handle(call, request),
        other => Failure::new(400, "UnknownService", format!("this cloud has no service '{other}'")).json(),
    }
}

/// What a service may use while it answers one request. Nothing else is in reach, so an answer is a function of it.
pub struct Call<'a> {
    pub state: &'a mut State,
    pub blobs: &'a Blobs,
    pub logs: &'a logs::LogStore,
    /// Milliseconds since 1970-01-01 UTC.
    pub now: u64,
    pub region: String,
    pub profile: &'a Profile,
    pub usage: &'a usage::Ledger,
}

impl Call<'_> {
    /// A made-up identifier of `length` characters out of `alphabet`.
    pub fn id(&mut self, length: usize, alphabet: &str) -> String {
        self.state.serial += 1;
        let mut rng = SmallRng::seed_from_u64(self.state.serial.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let letters: Vec<char> = alphabet.chars().collect();
        (0..length).map(|_| letters[rng.random_range(0..letters.len())]).collect()
    }

    /// Has `duration` passed since `since` (milliseconds since 1970)?
    pub fn passed(&self, since: u64, duration: Duration) -> bool {
        stamp::age(self.now, since) >= duration
    }
}

pub(crate) const LOWER: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
pub(crate) const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
pub(crate) const ALNUM: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
pub(crate) const HEX: &str = "0123456789abcdef";
