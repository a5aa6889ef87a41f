//! The artifact bucket: holds the packages and the lock, nothing else of ours. Its name is unique in the whole world, so a namesake
//! may be anybody's; tags come in a second call, so an interrupted creation leaves a bucket without them (see `read`).

use std::collections::BTreeMap;
use std::rc::Rc;

use aws_sdk_s3::types::{
    BucketLocationConstraint, CreateBucketConfiguration, PublicAccessBlockConfiguration, Tag, Tagging,
};

use crate::aws::{Aws, Error, ErrorKind, Repeat, Result, US_EAST_1, found, gone};
use crate::engine::plan::{Change, Changes};
use crate::engine::{Identity, Known, NodeId, Resource};
use crate::event::{Action, Event};
use crate::resources::lock::Founded;
use crate::resources::{Lock, Owner};

/// An S3 bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    pub name: String,
    /// Where it must be: the function's region (`AWS_FACTS` B5).
    pub region: String,
    /// Whose it must be.
    pub account: String,
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
        Identity::one("bucket", "S3 bucket", &self.name)
    }

    fn needs(&self) -> Vec<NodeId> {
        Vec::new()
    }

    /// A bucket whose name carries the account, without a tag and without an object but where we put ours, is what an
    /// interrupted creation of ours leaves behind, or one that is under way: it is taken for ours and finished. One with any
    /// other name needs `--adopt`.
    async fn read(&self, aws: &Aws<'_>, _: &Known) -> Result<Option<Observed>> {
        let (exists, tags, public_access) = tokio::join!(self.exists(aws), self.tags(aws), self.public_access(aws));
        if !exists? {
            return Ok(None);
        }
        let seen = Observed { tags: tags?, public_access: public_access? };
        let unfinished =
            seen.tags.is_empty() && self.name.contains(&self.account) && self.is_empty_of_others(aws).await?;
        if !unfinished {
            self.owner.check("S3 bucket", &self.name, &seen.tags)?;
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
        vec![Change::set("region", self.region.clone()), Change::set("public_access", PublicAccess::Blocked.words())]
    }

    async fn create(&self, aws: &Aws<'_>, known: &Known) -> Result<()> {
        let constraint = (self.region != US_EAST_1).then(|| {
            let region = BucketLocationConstraint::from(self.region.as_str());
            CreateBucketConfiguration::builder().location_constraint(region).build()
        });
        let call =
            || aws.s3().create_bucket().bucket(&self.name).set_create_bucket_configuration(constraint.clone()).send();
        let existing = match aws.call("s3", "CreateBucket", Repeat::Safe, call).await {
            Ok(_) => BTreeMap::new(),
            Err(error) if error.code.as_deref() == Some("BucketAlreadyOwnedByYou") => {
                // A repeated call whose first answer was lost; should it be somebody else's after all, this refuses.
                self.read(aws, known).await?.map(|seen| seen.tags).unwrap_or_default()
            }
            Err(error) if error.is(ErrorKind::AlreadyExists) => return Err(self.taken(error)),
            Err(error) => return Err(error),
        };
        self.founded.tell();
        let (tagged, blocked) = tokio::join!(self.put_tags(aws, &existing), self.block_public_access(aws));
        tagged.and(blocked)
    }

    async fn update(&self, aws: &Aws<'_>, _: &Known, seen: &Observed, changes: &[Change]) -> Result<()> {
        if changes.iter().any(|change| change.path == "public_access") {
            self.block_public_access(aws).await?;
        }
        if changes.iter().any(|change| change.path.starts_with("tags.")) {
            self.put_tags(aws, &seen.tags).await?;
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
    async fn delete(&self, aws: &Aws<'_>, _: &Known, _: &Observed) -> Result<()> {
        if aws.fence().guards(&self.lock.place()) {
            aws.fence().lift();
        } else if let Some(holder) = self.lock.look(aws).await?.holder() {
            return Err(self.lock.held_by(holder));
        }
        self.lock.remove(aws).await?;
        let call = || aws.s3().delete_bucket().bucket(&self.name).expected_bucket_owner(&self.account).send();
        match gone(aws.call("s3", "DeleteBucket", Repeat::Safe, call).await) {
            Err(error) if error.is(ErrorKind::InUse) => {
                let text = format!("the S3 bucket {} is kept: it holds objects that poc did not put there", self.name);
                aws.report(&Event::Note { text });
                Ok(())
            }
            result => result,
        }
    }
}

impl Bucket {
    /// # Errors
    /// When it is somebody else's, or in another region.
    async fn exists(&self, aws: &Aws<'_>) -> Result<bool> {
        let call = || aws.s3().head_bucket().bucket(&self.name).expected_bucket_owner(&self.account).send();
        let answer = match found(aws.call("s3", "HeadBucket", Repeat::Safe, call).await) {
            Ok(Some(answer)) => answer,
            Ok(None) => return Ok(false),
            Err(error) if error.is(ErrorKind::AccessDenied) => return Err(self.forbidden(error)),
            Err(error) if error.code.as_deref() == Some("PermanentRedirect") => return Err(self.elsewhere(None)),
            Err(error) => return Err(error),
        };
        match answer.bucket_region() {
            Some(region) if region != self.region => Err(self.elsewhere(Some(region))),
            _ => Ok(true),
        }
    }

    async fn tags(&self, aws: &Aws<'_>) -> Result<BTreeMap<String, String>> {
        let call = || aws.s3().get_bucket_tagging().bucket(&self.name).expected_bucket_owner(&self.account).send();
        let answer = found(aws.call("s3", "GetBucketTagging", Repeat::Safe, call).await)?;
        let tags = answer.iter().flat_map(|answer| answer.tag_set());
        Ok(tags.map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect())
    }

    async fn public_access(&self, aws: &Aws<'_>) -> Result<PublicAccess> {
        let call = || aws.s3().get_public_access_block().bucket(&self.name).expected_bucket_owner(&self.account).send();
        let answer = found(aws.call("s3", "GetPublicAccessBlock", Repeat::Safe, call).await)?;
        let blocked = answer.and_then(|answer| answer.public_access_block_configuration).is_some_and(|block| {
            [
                block.block_public_acls(),
                block.ignore_public_acls(),
                block.block_public_policy(),
                block.restrict_public_buckets(),
            ]
            .iter()
            .all(|on| *on == Some(true))
        });
        Ok(if blocked { PublicAccess::Blocked } else { PublicAccess::Possible })
    }

    /// Does it hold nothing, or only what lies where we put things? (The package may arrive before the tags do.)
    async fn is_empty_of_others(&self, aws: &Aws<'_>) -> Result<bool> {
        let call = || {
            let list = aws.s3().list_objects_v2().bucket(&self.name).expected_bucket_owner(&self.account);
            list.max_keys(20).send()
        };
        let answer = aws.call("s3", "ListObjectsV2", Repeat::Safe, call).await?;
        let place = self.lock.key.rsplit_once('/').map_or("", |(place, _)| place);
        let ours = |key: &str| key.strip_prefix(place).is_some_and(|rest| rest.starts_with('/'));
        Ok(answer.contents().iter().all(|object| object.key().is_some_and(ours)))
    }

    /// S3 puts a whole set in place of the old one, so what others put there goes along.
    async fn put_tags(&self, aws: &Aws<'_>, existing: &BTreeMap<String, String>) -> Result<()> {
        let kept = existing.iter().filter(|(key, _)| !key.starts_with("aws:"));
        let mut all: BTreeMap<&String, &String> = kept.collect();
        all.extend(self.owner.tags.map());
        let tags = all.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
        let tags: Vec<Tag> = tags.collect::<std::result::Result<_, _>>().map_err(incomplete)?;
        let tagging = Tagging::builder().set_tag_set(Some(tags)).build().map_err(incomplete)?;
        let call = || {
            let put = aws.s3().put_bucket_tagging().bucket(&self.name).expected_bucket_owner(&self.account);
            put.tagging(tagging.clone()).send()
        };
        aws.call("s3", "PutBucketTagging", Repeat::Safe, call).await.map(|_| ())
    }

    async fn block_public_access(&self, aws: &Aws<'_>) -> Result<()> {
        let block = PublicAccessBlockConfiguration::builder()
            .block_public_acls(true)
            .ignore_public_acls(true)
            .block_public_policy(true)
            .restrict_public_buckets(true)
            .build();
        let call = || {
            let put = aws.s3().put_public_access_block().bucket(&self.name).expected_bucket_owner(&self.account);
            put.public_access_block_configuration(block.clone()).send()
        };
        aws.call("s3", "PutPublicAccessBlock", Repeat::Safe, call).await.map(|_| ())
    }

    fn taken(&self, error: Error) -> Error {
        Error {
            name: Some("bucket_taken"),
            next: Some(format!(
                "bucket names are unique across all of AWS and {} is somebody else's: choose another package.bucket",
                self.name
            )),
            ..error
        }
    }

    fn forbidden(&self, error: Error) -> Error {
        Error {
            message: format!("the S3 bucket {} belongs to another account or may not be looked at", self.name),
            next: Some(
                "choose another package.bucket, or let these credentials do s3:ListBucket, s3:GetBucketTagging and \
                 s3:GetBucketPublicAccessBlock on it"
                    .to_owned(),
            ),
            ..error
        }
    }

    fn elsewhere(&self, region: Option<&str>) -> Error {
        let wher = region.map_or_else(|| "another region".to_owned(), |region| format!("the region {region}"));
        Error::refused(
            "bucket_elsewhere",
            format!("the S3 bucket {} is in {wher}; Lambda reads packages only from {}", self.name, self.region),
            "choose another package.bucket, or deploy to the bucket's region",
        )
    }
}

/// The SDK's builders check that required members are set; here they always are.
fn incomplete(error: impl std::error::Error) -> Error {
    Error::unexpected(error.to_string())
}
