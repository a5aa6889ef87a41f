//! The package in the bucket. Its key is the hash of its content, so what is there already is never sent again, and
//! the function's code is named by what it is.

mod upload;

use std::rc::Rc;

use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};

use self::upload::Unfinished;
pub(super) use self::upload::{Stretch, length, patient};
use crate::aws::{Aws, Error, ErrorKind, Repeat, Result, found};
use crate::engine::plan::{Change, Changes};
use crate::engine::{Handle, Identity, Known, NodeId, Resource};
use crate::event::Action;
use crate::package::Zipped;
use crate::resources::{Bucket, Lock};

/// How many packages are kept, the one in use included.
const KEPT: usize = 5;

/// What stands in a plan in place of the size of an upload that was cut off.
const UNFINISHED: &str = "unfinished upload";

/// DeleteObjects takes no more at once.
const BATCH: usize = 1000;

/// An object of the artifact bucket.
#[derive(Clone)]
pub struct Object {
    pub bucket: Handle<Bucket>,
    pub bucket_name: String,
    /// Whose the bucket must be.
    pub account: String,
    /// `APP/STAGE/`: everything under it is ours.
    pub prefix: String,
    pub package: Rc<Zipped>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outputs {
    pub bucket: String,
    pub key: String,
}

/// What is under our prefix, the newest first: something, in one list or the other.
#[derive(Clone, Debug)]
pub struct Observed {
    packages: Vec<Stored>,
    /// Uploads that were cut off.
    unfinished: Vec<Unfinished>,
}

#[derive(Clone, Debug)]
struct Stored {
    key: String,
    modified: DateTime,
    /// Bytes.
    size: i64,
}

impl Resource for Object {
    type Observed = Observed;
    type Outputs = Outputs;

    fn identity(&self) -> Identity {
        Identity::one("package", "package", format!("s3://{}/{}", self.bucket_name, self.prefix))
    }

    fn needs(&self) -> Vec<NodeId> {
        vec![self.bucket.id()]
    }

    async fn read(&self, aws: &Aws<'_>, _: &Known) -> Result<Option<Observed>> {
        let (packages, unfinished) = tokio::join!(self.packages(aws), self.unfinished(aws));
        let denied = |error| self.unlisted(error);
        let (packages, unfinished) = (packages.map_err(denied)?, unfinished.map_err(denied)?);
        let nothing = packages.is_empty() && unfinished.is_empty();
        Ok((!nothing).then_some(Observed { packages, unfinished }))
    }

    fn outputs(&self, _: &Observed) -> Outputs {
        self.place()
    }

    fn diff(&self, seen: &Observed, _: &Known) -> Vec<Change> {
        let key = self.key();
        if seen.packages.iter().any(|stored| stored.key == key) {
            return Vec::new();
        }
        let before = seen.packages.first().map(|stored| self.hash_in(&stored.key).to_owned());
        let mut changes = Changes::default();
        changes.compare("sha256", before, self.package.sha256_hex.clone());
        changes.done()
    }

    fn creation(&self, _: &Known) -> Vec<Change> {
        vec![
            Change::set("sha256", self.package.sha256_hex.clone()),
            Change::set("files", self.package.entries.len()),
            Change::set("bytes", self.package.content.size()),
        ]
    }

    async fn create(&self, aws: &Aws<'_>, _: &Known) -> Result<Outputs> {
        self.upload(aws, &[]).await?;
        Ok(self.place())
    }

    async fn update(&self, aws: &Aws<'_>, _: &Known, seen: &Observed, _: &[Change]) -> Result<Outputs> {
        self.upload(aws, &seen.unfinished).await?;
        Ok(self.place())
    }

    /// Packages beyond the last five; the one in use is always among those. Uploads that were cut off, but for the one
    /// that is gone on with.
    fn surplus(&self, seen: &Observed, _: &Known, acting: bool) -> Vec<Change> {
        let key = self.key();
        let others = seen.packages.iter().filter(|stored| stored.key != key);
        let old = others.skip(KEPT - 1).map(|stored| Change::removed(&stored.key, stored.size));
        let resumed = self.resumed(&seen.unfinished).filter(|_| acting);
        let cut_off = seen.unfinished.iter().filter(|upload| Some(*upload) != resumed);
        old.chain(cut_off.map(|upload| Change::removed(upload.address(), UNFINISHED))).collect()
    }

    async fn prune(&self, aws: &Aws<'_>, _: &Known, seen: &Observed, surplus: &[Change]) -> Result<()> {
        let (cut_off, old): (Vec<&Change>, Vec<&Change>) =
            surplus.iter().partition(|change| seen.unfinished.iter().any(|upload| upload.address() == change.path));
        for upload in seen.unfinished.iter().filter(|upload| cut_off.iter().any(|one| one.path == upload.address())) {
            self.abort(aws, upload).await?;
        }
        let doomed = old.into_iter().map(|change| (change.path.clone(), None)).collect();
        remove(aws, &self.bucket_name, &self.account, doomed).await.map(drop)
    }

    fn consequences(&self, action: Action, changes: &[Change]) -> Vec<String> {
        match action {
            Action::Prune if changes.iter().any(|change| self.is_package(&change.path)) => {
                vec!["versions of the function that were made from them keep working".to_owned()]
            }
            _ => Vec::new(),
        }
    }

    fn loses(&self, seen: &Observed) -> Vec<Change> {
        let packages = seen.packages.iter().map(|stored| Change::removed(&stored.key, stored.size));
        let cut_off = seen.unfinished.iter().map(|upload| Change::removed(upload.address(), UNFINISHED));
        packages.chain(cut_off).collect()
    }

    /// Everything under the prefix goes but the lock, which goes with the bucket; and the parts of uploads that were cut
    /// off, which are paid for as long as nobody gives them up.
    async fn delete(&self, aws: &Aws<'_>, _: &Known, seen: &Observed) -> Result<()> {
        for upload in &seen.unfinished {
            self.abort(aws, upload).await?;
        }
        let lock = Lock::under(&self.bucket_name, &self.account, &self.prefix).key;
        clear(aws, &self.bucket_name, &self.account, &self.prefix, |key| key != lock).await
    }
}

impl Object {
    /// Packages under our prefix, the newest first.
    async fn packages(&self, aws: &Aws<'_>) -> Result<Vec<Stored>> {
        let mut packages = Vec::new();
        let mut token = None;
        loop {
            let call = || {
                let list = aws.s3().list_objects_v2().bucket(&self.bucket_name).expected_bucket_owner(&self.account);
                list.prefix(&self.prefix).set_continuation_token(token.clone()).send()
            };
            let Some(page) = found(aws.call("s3", "ListObjectsV2", Repeat::Safe, call).await)? else { break };
            packages.extend(page.contents().iter().filter_map(|object| {
                let key = object.key().filter(|key| self.is_package(key))?.to_owned();
                let modified = object.last_modified().copied().unwrap_or(DateTime::from_secs(0));
                Some(Stored { key, modified, size: object.size().unwrap_or_default() })
            }));
            token = page.next_continuation_token;
            if token.is_none() {
                break;
            }
        }
        packages.sort_by(|one, other| other.modified.cmp(&one.modified).then_with(|| one.key.cmp(&other.key)));
        Ok(packages)
    }

    fn key(&self) -> String {
        format!("{}{}.zip", self.prefix, self.package.sha256_hex)
    }

    fn place(&self) -> Outputs {
        Outputs { bucket: self.bucket_name.clone(), key: self.key() }
    }

    fn hash_in<'k>(&self, key: &'k str) -> &'k str {
        key.strip_prefix(&self.prefix).and_then(|rest| rest.strip_suffix(".zip")).unwrap_or_default()
    }

    fn is_package(&self, key: &str) -> bool {
        let hash = self.hash_in(key);
        hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
    }

    fn unlisted(&self, error: Error) -> Error {
        if !error.is(ErrorKind::AccessDenied) {
            return error;
        }
        Error {
            next: Some(format!(
                "let these credentials do {1} on {0}, or choose another package.bucket if {0} is another account's",
                self.bucket_name,
                match error.operation {
                    Some("ListMultipartUploads") => "s3:ListBucketMultipartUploads",
                    _ => "s3:ListBucket",
                }
            )),
            ..error
        }
    }
}

/// Everything under `prefix` whose key is `wanted` to go, with every version of it and every delete marker, should the
/// bucket keep such.
pub(super) async fn clear(
    aws: &Aws<'_>,
    bucket: &str,
    account: &str,
    prefix: &str,
    wanted: impl Fn(&str) -> bool,
) -> Result<()> {
    let (mut after_key, mut after_version) = (None, None);
    loop {
        let call = || {
            let list = aws.s3().list_object_versions().bucket(bucket).expected_bucket_owner(account).prefix(prefix);
            list.set_key_marker(after_key.clone()).set_version_id_marker(after_version.clone()).send()
        };
        let answer = found(aws.call("s3", "ListObjectVersions", Repeat::Safe, call).await)?;
        let Some(page) = answer else { return Ok(()) };
        let versions = page.versions().iter().map(|version| (version.key(), version.version_id()));
        let markers = page.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
        let named = |(key, version): (Option<&str>, Option<&str>)| Some((key?.to_owned(), version.map(str::to_owned)));
        let doomed = versions.chain(markers).filter_map(named).filter(|(key, _)| wanted(key));
        let doomed: Vec<_> = doomed.collect();
        if !doomed.is_empty() {
            remove(aws, bucket, account, doomed).await?;
        }
        if page.is_truncated() != Some(true) {
            return Ok(());
        }
        (after_key, after_version) = (page.next_key_marker, page.next_version_id_marker);
    }
}

/// Removes keys, or single versions of them. Where the bucket keeps versions, a key is only hidden: those are told.
pub(super) async fn remove(
    aws: &Aws<'_>,
    bucket: &str,
    account: &str,
    doomed: Vec<(String, Option<String>)>,
) -> Result<Vec<String>> {
    let mut hidden = Vec::new();
    let objects = doomed
        .into_iter()
        .map(|(key, version)| ObjectIdentifier::builder().key(key).set_version_id(version).build().map_err(incomplete));
    let objects: Vec<ObjectIdentifier> = objects.collect::<Result<_>>()?;
    for batch in objects.chunks(BATCH) {
        let delete = Delete::builder().set_objects(Some(batch.to_vec())).build().map_err(incomplete)?;
        let call = || {
            let call = aws.s3().delete_objects().bucket(bucket).expected_bucket_owner(account);
            call.delete(delete.clone()).send()
        };
        let answer = aws.call("s3", "DeleteObjects", Repeat::Safe, call).await?;
        // The call as a whole succeeds even where some keys are refused (`AWS_FACTS` B9).
        if let Some(refused) = answer.errors().iter().find(|refused| refused.code() != Some("NoSuchKey")) {
            let (key, why) = (refused.key().unwrap_or_default(), refused.message().unwrap_or_default());
            return Err(Error {
                operation: Some("DeleteObjects"),
                code: refused.code().map(str::to_owned),
                ..Error::refused(
                    "object_kept",
                    format!("{key}: {why}"),
                    "let these credentials do s3:DeleteObject and s3:DeleteObjectVersion in the bucket, then run \
                     the same command again",
                )
            });
        }
        let markers =
            answer.deleted().iter().filter(|one| one.delete_marker() == Some(true) && one.version_id().is_none());
        hidden.extend(markers.filter_map(|one| one.key().map(str::to_owned)));
    }
    Ok(hidden)
}

/// The SDK's builders check that required members are set; here they always are.
fn incomplete(error: impl std::error::Error) -> Error {
    Error::unexpected(error.to_string())
}
