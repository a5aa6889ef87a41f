//! The pages in the site's bucket, all of them as one thing: what is new is sent, what is the same is not, what is gone
//! from the folder goes from the bucket, and what others put there stays.

pub(super) mod manifest;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::stream::{self, StreamExt, TryStreamExt};

use self::manifest::{Entry, Manifest};
use super::object::{self, Stretch, length, patient};
use crate::aws::{Aws, Error, Repeat, Result, current_step, found};
use crate::engine::plan::{Change, Side};
use crate::engine::{Handle, Identity, Known, NodeId, Resource, wait};
use crate::event::{Action, Event};
use crate::package::site::{Page, Pages};
use crate::resources::bucket::Place;
use crate::resources::{Owner, SiteBucket};

/// Pages under way at once.
const AT_ONCE: usize = 16;

/// Between a plan's word for all pages and the path of one.
const PART: &str = "site · ";

/// The pages of a site.
#[derive(Clone)]
pub struct Site {
    pub bucket: Handle<SiteBucket>,
    pub place: Place,
    pub owner: Owner,
    /// Where they are to be seen.
    pub url: String,
    pub pages: Rc<Pages>,
    /// What the pages call must be there before them (law 6).
    pub after: Vec<NodeId>,
}

#[derive(Clone, Debug)]
pub struct Observed {
    manifest: Manifest,
    /// Every object of the bucket and its ETag.
    there: BTreeMap<String, String>,
}

impl Resource for Site {
    type Observed = Observed;
    type Outputs = ();

    fn identity(&self) -> Identity {
        Identity::one("site", "site", &self.url)
    }

    fn needs(&self) -> Vec<NodeId> {
        std::iter::once(self.bucket.id()).chain(self.after.iter().copied()).collect()
    }

    fn read_after(&self) -> Vec<NodeId> {
        vec![self.bucket.id()]
    }

    async fn read(&self, aws: &Aws<'_>, known: &Known) -> Result<Option<Observed>> {
        if known.get(self.bucket).is_none() {
            return Ok(None);
        }
        let (manifest, there) = tokio::join!(Manifest::read(aws, &self.place), self.there(aws));
        let (manifest, there) = (manifest?, there?);
        let ours = |key: &str| manifest.as_ref().is_some_and(|manifest| manifest.tells(key));
        let taken = self.pages.files.iter().find(|page| there.contains_key(&page.key) && !ours(&page.key));
        if let Some(page) = taken.filter(|_| !self.owner.adopt) {
            return Err(Error::in_the_way(
                "not_ours",
                format!("s3://{}/{} is there already, and poc did not put it there", self.place.name, page.key),
                "rename that page, or write over the object with --adopt if it is yours to change",
            ));
        }
        Ok(manifest.map(|manifest| Observed { manifest, there }))
    }

    fn outputs(&self, _: &Observed) {}

    fn diff(&self, seen: &Observed, _: &Known) -> Vec<Change> {
        let changed = self.pages.files.iter().filter_map(|page| self.difference(page, seen));
        let left = seen.there.keys().filter(|key| !self.pages.files.iter().any(|page| page.key == **key));
        let gone = left.filter_map(|key| Some(Change::removed(path(key), seen.manifest.get(key)?.sha256.clone())));
        changed.chain(gone).collect()
    }

    fn creation(&self, _: &Known) -> Vec<Change> {
        vec![Change::set("files", self.pages.files.len()), Change::set("bytes", self.pages.size())]
    }

    fn consequences(&self, action: Action, _: &[Change]) -> Vec<String> {
        match action {
            Action::Create | Action::Update if !self.pages.hidden.is_empty() => {
                vec![format!("hidden files are not shown: {}", some(&self.pages.hidden))]
            }
            Action::Delete => vec!["the pages are gone".to_owned()],
            _ => Vec::new(),
        }
    }

    /// Nobody looks at it yet, so all go at once.
    async fn create(&self, aws: &Aws<'_>, known: &Known) -> Result<()> {
        let mut manifest = Manifest::of(&self.pages);
        if !known.require(self.bucket)?.noted {
            manifest.write(aws, &self.place).await?;
        }
        self.send(aws, &mut manifest, vec![self.pages.files.iter().collect()]).await?;
        manifest.write(aws, &self.place).await
    }

    async fn update(&self, aws: &Aws<'_>, _: &Known, seen: &Observed, changes: &[Change]) -> Result<()> {
        let named = |key: &str| changes.iter().any(|change| change.path == path(key) && change.after != Side::Absent);
        let pages: Vec<&Page> = self.pages.files.iter().filter(|page| named(&page.key)).collect();
        let mut manifest = seen.manifest.clone();
        let new: Vec<&&Page> = pages.iter().filter(|page| manifest.get(&page.key).is_none()).collect();
        if !new.is_empty() {
            new.into_iter().for_each(|page| manifest.note(page, None));
            manifest.write(aws, &self.place).await?;
        }
        // What a page refers to comes before it, and goes after it.
        let (html, others) = pages.into_iter().partition(|page| page.is_html());
        self.send(aws, &mut manifest, vec![others, html]).await?;
        let gone = changes.iter().filter(|change| change.after == Side::Absent);
        let gone: Vec<&str> = gone.filter_map(|change| change.path.strip_prefix(PART)).collect();
        let doomed = gone.into_iter().map(|key| (key.to_owned(), None)).collect();
        let hidden = object::remove(aws, &self.place.name, &self.place.account, doomed).await?;
        hidden.iter().for_each(|key| manifest.note_hidden(key));
        manifest.keep(self.pages.files.iter().map(|page| page.key.as_str()));
        manifest.write(aws, &self.place).await
    }

    fn loses(&self, seen: &Observed) -> Vec<Change> {
        vec![Change::removed("files", seen.manifest.len())]
    }

    /// The notes go last: until then they tell what is ours.
    async fn delete(&self, aws: &Aws<'_>, _: &Known, seen: &Observed) -> Result<()> {
        let Place { name, account, .. } = &self.place;
        object::clear(aws, name, account, "", |key| seen.manifest.tells(key)).await?;
        object::clear(aws, name, account, manifest::KEY, |_| true).await
    }
}

impl Site {
    /// Every object of the bucket.
    async fn there(&self, aws: &Aws<'_>) -> Result<BTreeMap<String, String>> {
        let Place { name, account, .. } = &self.place;
        let (mut there, mut token) = (BTreeMap::new(), None::<String>);
        loop {
            let call = || {
                let list = aws.s3().list_objects_v2().bucket(name).expected_bucket_owner(account);
                list.set_continuation_token(token.clone()).send()
            };
            let Some(page) = found(aws.call("s3", "ListObjectsV2", Repeat::Safe, call).await)? else {
                return Ok(there);
            };
            let objects = page.contents().iter();
            there.extend(objects.filter_map(|object| Some((object.key()?.to_owned(), object.e_tag()?.to_owned()))));
            token = page.next_continuation_token;
            if token.is_none() {
                return Ok(there);
            }
        }
    }

    /// What is to be told of a page that is not in the bucket as it is in the folder.
    fn difference(&self, page: &Page, seen: &Observed) -> Option<Change> {
        let (want, path) = (Entry::of(page), path(&page.key));
        let (Some(was), Some(etag)) = (seen.manifest.get(&page.key), seen.there.get(&page.key)) else {
            return Some(Change::set(path, want.sha256));
        };
        if was.etag.as_ref() != Some(etag) {
            let told = if was.etag.is_none() { "unfinished" } else { "written over" };
            return Some(Change::new(path, told, want.sha256));
        }
        if was.sha256 != want.sha256 {
            return Some(Change::new(path, was.sha256.clone(), want.sha256));
        }
        let headers = |entry: &Entry| format!("{}, {}", entry.content_type, entry.cache);
        let same = headers(was) == headers(&want);
        (!same).then(|| Change::new(path, headers(was), headers(&want)))
    }

    /// Sends groups of pages one after the other, and notes what S3 calls what has arrived.
    async fn send(&self, aws: &Aws<'_>, manifest: &mut Manifest, groups: Vec<Vec<&Page>>) -> Result<()> {
        let (sent, total) = (Arc::new(AtomicU64::new(0)), groups.iter().flatten().map(|page| page.size).sum());
        for pages in groups {
            let uploads = pages.into_iter().map(|page| self.upload(aws, page, &sent));
            let work = stream::iter(uploads).buffer_unordered(AT_ONCE).try_collect::<Vec<_>>();
            let arrived = wait::telling(work, |elapsed| {
                let (step, done) = (current_step(), sent.load(Ordering::Relaxed));
                aws.report(&Event::StepProgress { step, done, total, elapsed });
            });
            for (page, etag) in arrived.await? {
                manifest.note(page, Some(etag));
            }
        }
        Ok(())
    }

    /// The page, and what S3 calls it.
    async fn upload<'p>(&self, aws: &Aws<'_>, page: &'p Page, sent: &Arc<AtomicU64>) -> Result<(&'p Page, String)> {
        let Place { name, account, .. } = &self.place;
        // Opened when its turn comes: a system grants fewer open files than a site may have.
        let content = page.open().map_err(|error| {
            let shown = page.file.display();
            Error::refused("page_unreadable", format!("{shown} cannot be sent: {error}"), "run the same command again")
        })?;
        let call = || {
            let put = aws.s3().put_object().bucket(name).key(&page.key).expected_bucket_owner(account);
            let put = put.content_type(&page.content_type).cache_control(&page.cache_control);
            let put = put.checksum_sha256(&page.sha256_base64).content_length(length(page.size));
            let put = put.body(Stretch::whole(&content, sent.clone()).into_stream());
            put.customize().config_override(patient(page.size)).send()
        };
        let answer = aws.call("s3", "PutObject", Repeat::Safe, call).await?;
        let etag = answer.e_tag.ok_or_else(|| Error::unexpected("PutObject gave no ETag"))?;
        Ok((page, etag))
    }
}

fn path(key: &str) -> String {
    format!("{PART}{key}")
}

/// A few of them, and how many more.
fn some(names: &[String]) -> String {
    const FEW: usize = 4;
    let few = names.iter().take(FEW).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(FEW) {
        0 => few,
        more => format!("{few} and {more} more"),
    }
}
