//! What `poc` put into the site's bucket, as it notes it down there. By it a page is told from what somebody else put
//! there, a change from what is the same, and what is removed is found, with two calls however many pages there are.
//! A key is noted before it is written, so that a run that was cut leaves nothing of ours that the next one would take for
//! somebody else's.
//!
//! Everybody can read the notes, as everything in the bucket. Nobody may list it, though, so they name no page: what
//! stands there are hashes of keys, by which a key that one knows is found and one that one does not know is not.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::super::bucket::Place;
use crate::aws::{Aws, Error, Result};
use crate::package::hex;
use crate::package::site::{Page, Pages};

/// Where they lie: hidden files are never pages, so no page can be there.
pub const KEY: &str = ".poc/site.json";

/// Two hundred bytes for each of ten thousand pages, several times over.
const LARGEST: usize = 16 << 20;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Manifest {
    /// By the hash of their keys.
    pages: BTreeMap<String, Entry>,
    /// Pages that were removed, and of which a bucket with versions keeps the old ones.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    hidden: BTreeSet<String>,
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

/// Half of the hash is enough to tell keys apart.
fn hashed(key: &str) -> String {
    hex(&Sha256::digest(key)[..16])
}

impl Manifest {
    /// Nothing of it has arrived.
    pub fn of(pages: &Pages) -> Manifest {
        let mut manifest = Manifest::default();
        pages.files.iter().for_each(|page| manifest.note(page, None));
        manifest
    }

    /// None where there is none, or none that can be read: then nothing in the bucket is known as ours.
    pub async fn read(aws: &Aws<'_>, place: &Place) -> Result<Option<Manifest>> {
        let text = place.small(aws, KEY, LARGEST).await?;
        Ok(text.and_then(|text| serde_json::from_slice(&text).ok()))
    }

    pub async fn write(&self, aws: &Aws<'_>, place: &Place) -> Result<()> {
        let text = serde_json::to_string(self).map_err(|error| Error::unexpected(error.to_string()))?;
        place.put_json(aws, KEY, "no-store", &text).await
    }

    /// How many pages there are.
    pub fn len(&self) -> usize {
        self.pages.len()
    }

    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.pages.get(&hashed(key))
    }

    /// Did we put it there, now or before?
    pub fn tells(&self, key: &str) -> bool {
        let hash = hashed(key);
        self.pages.contains_key(&hash) || self.hidden.contains(&hash)
    }

    /// Notes that the page is there as `etag`, or will be.
    pub fn note(&mut self, page: &Page, etag: Option<String>) {
        self.pages.insert(hashed(&page.key), Entry { etag, ..Entry::of(page) });
    }

    /// Old versions of it are there still.
    pub fn note_hidden(&mut self, key: &str) {
        self.hidden.insert(hashed(key));
    }

    /// Forgets every page but these.
    pub fn keep<'k>(&mut self, keys: impl Iterator<Item = &'k str>) {
        let known: BTreeSet<String> = keys.map(hashed).collect();
        self.pages.retain(|hash, _| known.contains(hash));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_know_a_key_and_tell_none() {
        let page = Page {
            key: "drafts/secret-plan.html".to_owned(),
            file: "web/drafts/secret-plan.html".into(),
            size: 1,
            sha256_hex: "aa".to_owned(),
            sha256_base64: String::new(),
            content_type: "text/html".to_owned(),
            cache_control: "no-cache".to_owned(),
        };
        let mut manifest = Manifest::of(&Pages { files: vec![page.clone()], hidden: Vec::new() });
        manifest.note_hidden("old/secret.html");
        let text = serde_json::to_string(&manifest).unwrap();
        assert!(!text.contains("secret") && !text.contains("drafts"), "{text}");
        let read: Manifest = serde_json::from_str(&text).unwrap();
        assert!(read.tells(&page.key) && read.tells("old/secret.html") && !read.tells("drafts/"));
        assert_eq!(read.get(&page.key), Some(&Entry::of(&page)));
        manifest.keep(["index.html"].into_iter());
        assert!(!manifest.tells(&page.key) && manifest.tells("old/secret.html"));
    }
}
