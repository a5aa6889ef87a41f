//! What is asked of any bucket of ours, be it the packages' or the site's.

use std::collections::BTreeMap;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketLocationConstraint, CreateBucketConfiguration, PublicAccessBlockConfiguration, Tag, Tagging,
};
use bytes::Bytes;

use crate::aws::{Aws, Error, ErrorKind, Repeat, Result, US_EAST_1, found};
use crate::resources::Owner;

/// A bucket by its name, and where and whose it must be.
#[derive(Clone, Debug)]
pub struct Place {
    pub name: String,
    pub region: String,
    pub account: String,
    /// What names it in deploy.yaml: `package.bucket`.
    pub key: &'static str,
}

/// How often an answer is read whose body ends too soon, and what that is called.
const READS: usize = 3;
const CUT_OFF: &str = "answer_cut_off";

/// Did a creation make it, or was it there already?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    Now,
    /// A repeated call whose first answer was lost, most likely.
    Before,
}

/// The four switches of the public access block; all off where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Block {
    pub acls: bool,
    pub existing_acls: bool,
    pub policy: bool,
    pub restrict: bool,
}

impl Block {
    pub const WHOLE: Block = Block { acls: true, existing_acls: true, policy: true, restrict: true };
}

impl Place {
    /// # Errors
    /// When it is somebody else's, or in another region.
    pub async fn exists(&self, aws: &Aws<'_>) -> Result<bool> {
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

    /// # Errors
    /// When somebody else has the name.
    pub async fn create(&self, aws: &Aws<'_>) -> Result<Made> {
        let constraint = (self.region != US_EAST_1).then(|| {
            let region = BucketLocationConstraint::from(self.region.as_str());
            CreateBucketConfiguration::builder().location_constraint(region).build()
        });
        let call =
            || aws.s3().create_bucket().bucket(&self.name).set_create_bucket_configuration(constraint.clone()).send();
        match aws.call("s3", "CreateBucket", Repeat::Safe, call).await {
            Ok(_) => Ok(Made::Now),
            Err(error) if error.code.as_deref() == Some("BucketAlreadyOwnedByYou") => Ok(Made::Before),
            Err(error) if error.is(ErrorKind::AlreadyExists) => Err(self.taken(error)),
            Err(error) => Err(error),
        }
    }

    pub async fn tags(&self, aws: &Aws<'_>) -> Result<BTreeMap<String, String>> {
        let call = || aws.s3().get_bucket_tagging().bucket(&self.name).expected_bucket_owner(&self.account).send();
        let answer = found(aws.call("s3", "GetBucketTagging", Repeat::Safe, call).await)?;
        let tags = answer.iter().flat_map(|answer| answer.tag_set());
        Ok(tags.map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect())
    }

    /// S3 puts a whole set in place of the old one, so what others put there goes along.
    pub async fn put_tags(&self, aws: &Aws<'_>, owner: &Owner, existing: &BTreeMap<String, String>) -> Result<()> {
        let kept = existing.iter().filter(|(key, _)| !key.starts_with("aws:"));
        let mut all: BTreeMap<&String, &String> = kept.collect();
        all.extend(owner.tags.map());
        let tags = all.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
        let tags: Vec<Tag> = tags.collect::<std::result::Result<_, _>>().map_err(incomplete)?;
        let tagging = Tagging::builder().set_tag_set(Some(tags)).build().map_err(incomplete)?;
        let call = || {
            let put = aws.s3().put_bucket_tagging().bucket(&self.name).expected_bucket_owner(&self.account);
            put.tagging(tagging.clone()).send()
        };
        aws.call("s3", "PutBucketTagging", Repeat::Safe, call).await.map(|_| ())
    }

    pub async fn block(&self, aws: &Aws<'_>) -> Result<Block> {
        let call = || aws.s3().get_public_access_block().bucket(&self.name).expected_bucket_owner(&self.account).send();
        let answer = found(aws.call("s3", "GetPublicAccessBlock", Repeat::Safe, call).await)?;
        let block = answer.and_then(|answer| answer.public_access_block_configuration);
        Ok(block.map_or_else(Block::default, |block| Block {
            acls: block.block_public_acls() == Some(true),
            existing_acls: block.ignore_public_acls() == Some(true),
            policy: block.block_public_policy() == Some(true),
            restrict: block.restrict_public_buckets() == Some(true),
        }))
    }

    pub async fn put_block(&self, aws: &Aws<'_>, block: Block) -> Result<()> {
        let block = PublicAccessBlockConfiguration::builder()
            .block_public_acls(block.acls)
            .ignore_public_acls(block.existing_acls)
            .block_public_policy(block.policy)
            .restrict_public_buckets(block.restrict)
            .build();
        let call = || {
            let put = aws.s3().put_public_access_block().bucket(&self.name).expected_bucket_owner(&self.account);
            put.public_access_block_configuration(block.clone()).send()
        };
        aws.call("s3", "PutPublicAccessBlock", Repeat::Safe, call).await.map(|_| ())
    }

    /// An object of at most `largest` bytes; a larger one is taken for empty.
    pub async fn small(&self, aws: &Aws<'_>, key: &str, largest: usize) -> Result<Option<Bytes>> {
        for _ in 1..READS {
            match self.small_once(aws, key, largest).await {
                Err(error) if error.name == Some(CUT_OFF) => {}
                read => return read,
            }
        }
        self.small_once(aws, key, largest).await
    }

    async fn small_once(&self, aws: &Aws<'_>, key: &str, largest: usize) -> Result<Option<Bytes>> {
        let call = || aws.s3().get_object().bucket(&self.name).key(key).expected_bucket_owner(&self.account).send();
        let Some(answer) = found(aws.call("s3", "GetObject", Repeat::Safe, call).await)? else { return Ok(None) };
        let size = answer.content_length().and_then(|size| usize::try_from(size).ok()).unwrap_or_default();
        if size > largest {
            return Ok(Some(Bytes::new()));
        }
        let body = answer.body.collect().await.map_err(|_| Error {
            name: Some(CUT_OFF),
            ..Error::unexpected(format!("s3://{}/{key} ends too soon", self.name))
        })?;
        Ok(Some(body.into_bytes()))
    }

    /// Puts a small text there.
    pub async fn put_json(&self, aws: &Aws<'_>, key: &str, cache: &str, text: &str) -> Result<()> {
        let call = || {
            let put = aws.s3().put_object().bucket(&self.name).key(key).expected_bucket_owner(&self.account);
            let put = put.content_type("application/json").cache_control(cache);
            put.body(ByteStream::from(text.as_bytes().to_vec())).send()
        };
        aws.call("s3", "PutObject", Repeat::Safe, call).await.map(|_| ())
    }

    /// Is there nothing in it, or only what `ours` knows? Looks at the first few: a bucket of ours that is this new has no more.
    pub async fn is_empty(&self, aws: &Aws<'_>, ours: impl Fn(&str) -> bool) -> Result<bool> {
        let call = || {
            let list = aws.s3().list_objects_v2().bucket(&self.name).expected_bucket_owner(&self.account);
            list.max_keys(20).send()
        };
        let answer = aws.call("s3", "ListObjectsV2", Repeat::Safe, call).await?;
        Ok(answer.contents().iter().all(|object| object.key().is_some_and(&ours)))
    }

    /// Deletes it. False where it is kept, because something is in it still.
    pub async fn delete(&self, aws: &Aws<'_>) -> Result<bool> {
        let call = || aws.s3().delete_bucket().bucket(&self.name).expected_bucket_owner(&self.account).send();
        match found(aws.call("s3", "DeleteBucket", Repeat::Safe, call).await) {
            Err(error) if error.is(ErrorKind::InUse) => Ok(false),
            result => result.map(|_| true),
        }
    }

    fn taken(&self, error: Error) -> Error {
        Error {
            name: Some("bucket_taken"),
            next: Some(format!(
                "bucket names are unique across all of AWS and {} is somebody else's: choose another {}",
                self.name, self.key
            )),
            ..error
        }
    }

    fn forbidden(&self, error: Error) -> Error {
        Error {
            message: format!("the S3 bucket {} belongs to another account or may not be looked at", self.name),
            next: Some(format!(
                "choose another {}, or let these credentials do s3:ListBucket, s3:GetBucketTagging and \
                 s3:GetBucketPublicAccessBlock on it",
                self.key
            )),
            ..error
        }
    }

    fn elsewhere(&self, region: Option<&str>) -> Error {
        let wher = region.map_or_else(|| "another region".to_owned(), |region| format!("the region {region}"));
        let wanted = match self.key {
            "package.bucket" => format!("Lambda reads packages only from {}", self.region),
            _ => format!("this deployment is in {}", self.region),
        };
        Error::refused(
            "bucket_elsewhere",
            format!("the S3 bucket {} is in {wher}; {wanted}", self.name),
            format!("choose another {}, or deploy to the bucket's region", self.key),
        )
    }
}

/// The SDK's builders check that required members are set; here they always are.
fn incomplete(error: impl std::error::Error) -> Error {
    Error::unexpected(error.to_string())
}
