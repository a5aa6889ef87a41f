//! What `poc` put into the site's bucket, as it notes it down there: an object that S3 shows to nobody but the account.
//! By it a page is told from what somebody else put there, a change from what is the same, and what is removed is found,
//! with two calls however many pages there are. A key is noted before it is written, so that a run that was cut leaves
//! nothing of ours that the next one would take for somebody else's.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::super::bucket::Place;
use super::super::site_bucket::PRIVATE;
use crate::aws::{Aws, Error, Result};
use crate::package::site::{Page, Pages};

/// A hundred bytes for each of ten thousand pages, several times over.
const LARGEST: usize = 16 << 20;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Manifest {
    pub pages: BTreeMap<String, Entry>,
    /// Pages that were removed, and of which a bucket with versions keeps the old ones.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub hidden: BTreeSet<String>,
}

/// One page as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Entry {
    pub sha256: String,
    #[serde(rename = "type")]
    pub content_type: String,
    pub cache: String,
    /// What S3 called it when it had arrived; none before. Who writes over it changes that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
}

impl Entry {
    pub fn of(page: &Page) -> Entry {
        Entry {
            sha256: page.sha256_hex.clone(),
            content_type: page.content_type.clone(),
            cache: page.cache_control.clone(),
            etag: None,
        }
    }
}

pub fn key() -> String {
    format!("{PRIVATE}site.json")
}

impl Manifest {
    /// Nothing of it has arrived.
    pub fn of(pages: &Pages) -> Manifest {
        let pages = pages.files.iter().map(|page| (page.key.clone(), Entry::of(page))).collect();
        Manifest { pages, hidden: BTreeSet::new() }
    }

    /// Did we put it there, now or before?
    pub fn tells(&self, key: &str) -> bool {
        self.pages.contains_key(key) || self.hidden.contains(key)
    }

    /// None where there is none, or none that can be read: then nothing in the bucket is known as ours.
    pub async fn read(aws: &Aws<'_>, place: &Place) -> Result<Option<Manifest>> {
        let text = place.small(aws, &key(), LARGEST).await?;
        Ok(text.and_then(|text| serde_json::from_slice(&text).ok()))
    }

    pub async fn write(&self, aws: &Aws<'_>, place: &Place) -> Result<()> {
        let text = serde_json::to_string(self).map_err(|error| Error::unexpected(error.to_string()))?;
        place.put_json(aws, &key(), "no-store", &text).await
    }
}
