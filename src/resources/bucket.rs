//! The artifact bucket: holds the packages and the lock, nothing else of ours. Its name is unique in the whole world, so a namesake
//! may be anybody's; tags come in a second call, so an interrupted creation leaves a bucket without them (see `read`).

mod place;

use std::collections::BTreeMap;
use std::rc::Rc;

pub use place::{Block, Made, Place};

use crate::aws::{Aws, Result};
use crate::engine::plan::{Change, Changes};
use crate::engine::{Identity, Known, NodeId, Resource};
use crate::event::Action;
use crate::resources::lock::Founded;
use crate::resources::{Lock, Owner};

/// An S3 bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// In the function's region (`AWS_FACTS` B5).
    pub place: Place,
    pub owner: Owner,
    /// The lock of this stage that lies in it, and goes with it.
    pub lock: Lock,
    pub founded: Rc<Founded>,
}

#[derive(Clone, Debug)]
pub struct Observed {
    tags: BTreeMap<String, String>,
    public_access: PublicAccess,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PublicAccess {
    Blocked,
    Possible,
}

impl PublicAccess {
    fn words(self) -> &'static str {
        match self {
            PublicAccess::Blocked => "blocked",
            PublicAccess::Possible => "possible",
        }
    }
}

impl Resource for Bucket {
    type Observed = Observed;
    type Outputs = ();

    fn identity(&self) -> Identity {
        Identity::one("bucket", "S3 bucket", &self.place.name)
    }

    fn needs(&self) -> Vec<NodeId> {
        Vec::new()
    }

    /// A bucket whose name carries the account, without a tag and without an object but where we put ours, is what an
    /// interrupted creation of ours leaves behind, or one that is under way: it is taken for ours and finished. One with any
    /// other name needs `--adopt`.
    async fn read(&self, aws: &Aws<'_>, _: &Known) -> Result<Option<Observed>> {
        let place = &self.place;
        let (exists, tags, block) = tokio::join!(place.exists(aws), place.tags(aws), place.block(aws));
        if !exists? {
            return Ok(None);
        }
        let public_access = if block? == Block::WHOLE { PublicAccess::Blocked } else { PublicAccess::Possible };
        let seen = Observed { tags: tags?, public_access };
        // The package may arrive before the tags do.
        let mine = |key: &str| self.lock.lies_beside(key);
        let unfinished =
            seen.tags.is_empty() && place.name.contains(&place.account) && place.is_empty(aws, mine).await?;
        if !unfinished {
            self.owner.check("S3 bucket", &place.name, &seen.tags)?;
        }
        Ok(Some(seen))
    }

    fn outputs(&self, _: &Observed) {}

    fn diff(&self, seen: &Observed, _: &Known) -> Vec<Change> {
        let mut changes = Changes::default();
        changes.compare("public_access", seen.public_access.words(), PublicAccess::Blocked.words());
        self.owner.diff(&mut changes, &seen.tags);
        changes.done()
    }

    fn creation(&self, _: &Known) -> Vec<Change> {
        vec![
            Change::set("region", self.place.region.clone()),
            Change::set("public_access", PublicAccess::Blocked.words()),
        ]
    }

    async fn create(&self, aws: &Aws<'_>, known: &Known) -> Result<()> {
        let existing = match self.place.create(aws).await? {
            Made::Now => BTreeMap::new(),
            // Should it be somebody else's after all, this refuses.
            Made::Before => self.read(aws, known).await?.map(|seen| seen.tags).unwrap_or_default(),
        };
        self.founded.tell();
        let (tagged, blocked) =
            tokio::join!(self.place.put_tags(aws, &self.owner, &existing), self.place.put_block(aws, Block::WHOLE));
        tagged.and(blocked)
    }

    async fn update(&self, aws: &Aws<'_>, _: &Known, seen: &Observed, changes: &[Change]) -> Result<()> {
        if changes.iter().any(|change| change.path == "public_access") {
            self.place.put_block(aws, Block::WHOLE).await?;
        }
        if changes.iter().any(|change| change.path.starts_with("tags.")) {
            self.place.put_tags(aws, &self.owner, &seen.tags).await?;
        }
        Ok(())
    }

    fn consequences(&self, action: Action, changes: &[Change]) -> Vec<String> {
        let closed = changes.iter().any(|change| change.path == "public_access");
        match action {
            Action::Update if closed => vec!["objects in it can no longer be made public".to_owned()],
            Action::Delete => vec!["kept if it holds objects that are not ours".to_owned()],
            _ => Vec::new(),
        }
    }

    /// It holds the lock, so it is the last of all.
    fn deletes_last(&self) -> bool {
        true
    }

    /// Our own objects went before, the lock goes now; what is left then is not ours, and the bucket stays for it (law 5).
    async fn remove(&self, aws: &Aws<'_>, _: &Known, _: &Observed) -> Result<Option<String>> {
        if aws.fence().guards(&self.lock.place()) {
            aws.fence().lift();
        } else if let Some(holder) = self.lock.look(aws).await?.holder() {
            return Err(self.lock.held_by(holder));
        }
        self.lock.remove(aws).await?;
        let why = "it holds objects that poc did not put there; should nobody need them, delete the bucket yourself";
        Ok((!self.place.delete(aws).await?).then(|| why.to_owned()))
    }

    async fn delete(&self, aws: &Aws<'_>, known: &Known, seen: &Observed) -> Result<()> {
        self.remove(aws, known, seen).await.map(drop)
    }
}
