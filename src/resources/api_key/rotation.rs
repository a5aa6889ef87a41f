//! A key's value cannot be changed on AWS, so a rotation makes a second key of the same name. The first is marked with
//! the time at which it goes before anything else happens: killed anywhere, the next look at AWS tells how far it got,
//! and whoever looks, a rotation or a deploy, goes on from there. There is never a third key and never none.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_apigateway::types::ApiKey as Key;
use jiff::Timestamp;

use super::super::usage_plan::keys;
use super::super::usage_plan_key::{attach, detach};
use super::{ApiKey, Lookups, delete, tag};
use crate::aws::{Aws, Error, Repeat, Result, found};
use crate::engine::wait::{Wait, until};

/// When the key goes, RFC 3339. A key without it stands.
const RETIRES: &str = "poc:retires";
/// How many seconds the key outlives its successor at least, for when that comes late.
const GRACE: &str = "poc:grace";

/// A key that has been marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retired {
    pub id: String,
    /// Milliseconds since 1970-01-01 UTC.
    pub due: u64,
    pub is_due: bool,
}

/// How far a rotation has got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The new one as soon as it is there, in the usage plan or not yet.
    pub key: String,
    /// Whether the key above is itself marked, and its successor not made.
    pub lone: bool,
    /// Marked keys, the one above not among them.
    pub retired: Vec<Retired>,
}

pub(super) fn is_marked(key: &Key) -> bool {
    key.tags().is_some_and(|tags| tags.contains_key(RETIRES))
}

impl Retired {
    pub(super) fn of(key: &Key, successor: &Key, now: u64) -> Retired {
        let tag = |name: &str| key.tags().and_then(|tags| tags.get(name)).map(String::as_str).unwrap_or_default();
        let marked = tag(RETIRES).parse().map_or(0, |time: Timestamp| time.as_millisecond());
        let created = successor.created_date().and_then(|date| date.to_millis().ok()).unwrap_or_default();
        let grace = tag(GRACE).parse::<u32>().map_or(0, |seconds| i64::from(seconds) * 1_000);
        let due = u64::try_from(marked.max(created.saturating_add(grace))).unwrap_or_default();
        Retired { id: key.id().unwrap_or_default().to_owned(), due, is_due: due <= now }
    }
}

/// How long AWS may take to show what was just done.
fn shown<'a>(what: &'a str) -> Wait<'a> {
    Wait { what, usual: Duration::from_secs(10), deadline: Duration::from_secs(120), interval: Duration::from_secs(1) }
}

impl ApiKey {
    /// What there is of ours under this name; a fresh look.
    ///
    /// # Errors
    /// When AWS cannot be read.
    pub async fn standing(&self, aws: &Aws<'_>) -> Result<Option<Standing>> {
        let lookups = Lookups::default();
        self.standing_among(aws, &lookups).await
    }

    /// As [`ApiKey::standing`], from lists that are fetched once.
    ///
    /// # Errors
    /// When AWS cannot be read.
    pub async fn standing_among(&self, aws: &Aws<'_>, lookups: &Lookups) -> Result<Option<Standing>> {
        let seen = self.pick(aws, lookups.api_keys(aws).await?).await?;
        Ok(seen.map(|seen| Standing { key: seen.id, lone: seen.lone, retired: seen.retired }))
    }

    /// Ids of keys of this name that are not ours.
    ///
    /// # Errors
    /// When AWS cannot be read.
    pub async fn foreign(&self, aws: &Aws<'_>, lookups: &Lookups) -> Result<Vec<String>> {
        let keys = lookups.api_keys(aws).await?;
        let (standing, retiring) = self.ours(keys);
        let ours = |id: Option<&str>| standing.iter().chain(&retiring).any(|key| key.id() == id);
        let named = keys.iter().filter(|key| key.name() == Some(&self.key.name) && !ours(key.id()));
        Ok(named.filter_map(|key| key.id().map(str::to_owned)).collect())
    }

    /// Marks the key `id`: it goes when `grace` is over.
    ///
    /// # Errors
    /// When AWS refuses, or does not show the mark in time.
    pub async fn retire(&self, aws: &Aws<'_>, id: &str, grace: Duration) -> Result<()> {
        let grace_millis = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
        let due = i64::try_from(aws.clock().epoch_millis().saturating_add(grace_millis)).unwrap_or(i64::MAX);
        let due = Timestamp::from_millisecond(due).unwrap_or(Timestamp::MAX);
        let arn = format!("arn:{}:apigateway:{}::/apikeys/{id}", self.partition, self.region);
        let tags =
            HashMap::from([(RETIRES.to_owned(), due.to_string()), (GRACE.to_owned(), grace.as_secs().to_string())]);
        tag(aws, &arn, tags).await?;
        // A run that is killed from here on must find the mark where it looks for it: in the list.
        until(aws, shown("AWS to show the old key's mark"), || async {
            let lookups = Lookups::default();
            let keys = lookups.api_keys(aws).await?;
            let marked = keys.iter().find(|key| key.id() == Some(id)).is_none_or(is_marked);
            Ok(marked.then_some(()))
        })
        .await
    }

    /// Makes the new key beside the marked one.
    ///
    /// # Errors
    /// When AWS refuses.
    pub async fn succeed(&self, aws: &Aws<'_>) -> Result<String> {
        self.make(aws).await
    }

    /// Puts the new key into the plan, and waits until AWS shows it there.
    ///
    /// # Errors
    /// When AWS refuses, or does not show it in time.
    pub async fn admit(&self, aws: &Aws<'_>, plan: &str, id: &str) -> Result<()> {
        if !keys(aws, plan).await?.iter().any(|held| held == id) {
            attach(aws, plan, id).await?;
        }
        until(aws, shown("AWS to show the new key in the usage plan"), || async {
            Ok(keys(aws, plan).await?.iter().any(|held| held == id).then_some(()))
        })
        .await
    }

    /// Waits until the old key's time has come, then takes it out of the plan and deletes it; unless the new one is
    /// no longer in the plan, as there must always be one.
    ///
    /// # Errors
    /// When AWS refuses.
    pub async fn dismiss(&self, aws: &Aws<'_>, plan: &str, new: &str, old: &Retired) -> Result<()> {
        let left = || Duration::from_millis(old.due.saturating_sub(aws.clock().epoch_millis()));
        let wait = Wait {
            what: "the old value's time to be over",
            usual: left() + Duration::from_millis(999),
            deadline: Duration::MAX,
            interval: (left() / 20).clamp(Duration::from_millis(100), Duration::from_secs(5)),
        };
        until(aws, wait, || async { Ok(left().is_zero().then_some(())) }).await?;
        if !keys(aws, plan).await?.iter().any(|held| held == new) {
            return Err(Error::refused(
                "rotation_undone",
                "the new key is no longer in the usage plan, so the old one stays",
                "run `poc deploy`, which puts it back, then the same command again",
            ));
        }
        detach(aws, plan, &old.id).await?;
        delete(aws, &old.id).await
    }

    /// The value of the key `id`: for `poc key show` and for the requests that checks and calls make (law 10).
    ///
    /// # Errors
    /// When AWS cannot be read.
    pub async fn value_of(aws: &Aws<'_>, id: &str) -> Result<Option<String>> {
        let call = || aws.apigateway().get_api_key().api_key(id).include_value(true).send();
        let key = found(aws.call("apigateway", "GetApiKey", Repeat::Safe, call).await)?;
        Ok(key.and_then(|key| key.value))
    }
}
