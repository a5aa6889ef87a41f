//! The site's bucket: everybody may read the pages in it, through S3's website hosting. It is opened just as far as that
//! takes: access control lists stay blocked, and nobody may list it.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use aws_sdk_s3::types::{ErrorDocument, IndexDocument, WebsiteConfiguration};
use serde_json::{Value, json};

use super::bucket::{Block, Made, Place};
use super::role::document::{read as read_document, same};
use super::site::manifest::{self, Manifest};
use crate::aws::{Aws, Error, ErrorKind, Repeat, Result, found, gone};
use crate::engine::plan::{Change, Changes};
use crate::engine::wait::{self, Wait};
use crate::engine::{Identity, Known, NodeId, Resource};
use crate::event::Action;
use crate::package::site::Pages;
use crate::resources::Owner;

/// Access control lists stay out; the policy decides.
const OPEN: Block = Block { acls: true, existing_acls: true, policy: false, restrict: false };

/// S3 may go by the old block for some seconds (deployers tell of it; unverified). Where the account blocks public policies,
/// waiting does not help, so it is short.
const OPENS_WITHIN: Duration = Duration::from_secs(15);

/// Why one that was to go is still there.
const KEPT: &str = "it holds objects that poc did not put there, and is closed to the public; should nobody need them, \
                    delete the bucket yourself";

/// An S3 bucket that everybody may read.
#[derive(Clone, Debug)]
pub struct SiteBucket {
    pub place: Place,
    pub partition: String,
    pub owner: Owner,
    /// `index.html`
    pub index: String,
    pub error: Option<String>,
    /// What will be put there: a new bucket comes with the notes of it, so that the pages need not wait for them.
    pub pages: Rc<Pages>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outputs {
    /// Is every page noted down as ours already?
    pub noted: bool,
}

#[derive(Clone, Debug)]
pub struct Observed {
    tags: BTreeMap<String, String>,
    block: Block,
    website: Option<Website>,
    policy: Option<Value>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Website {
    index: Option<String>,
    error: Option<String>,
    /// Redirections, which are none of ours.
    rules: bool,
}

impl Resource for SiteBucket {
    type Observed = Observed;
    type Outputs = Outputs;

    fn identity(&self) -> Identity {
        Identity::one("site_bucket", "site bucket", &self.place.name)
    }

    fn needs(&self) -> Vec<NodeId> {
        Vec::new()
    }

    /// As with the packages' bucket, one without a tag and empty, whose name carries the account, was begun by us.
    async fn read(&self, aws: &Aws<'_>, _: &Known) -> Result<Option<Observed>> {
        let place = &self.place;
        let (exists, tags, block, website, policy) =
            tokio::join!(place.exists(aws), place.tags(aws), place.block(aws), self.website(aws), self.policy(aws));
        if !exists? {
            return Ok(None);
        }
        let seen = Observed { tags: tags?, block: block?, website: website?, policy: policy? };
        let mine = |key: &str| key == manifest::KEY;
        let unfinished =
            seen.tags.is_empty() && place.name.contains(&place.account) && place.is_empty(aws, mine).await?;
        if !unfinished {
            self.owner.check("S3 bucket", &place.name, &seen.tags)?;
        }
        Ok(Some(seen))
    }

    fn outputs(&self, _: &Observed) -> Outputs {
        Outputs { noted: false }
    }

    fn diff(&self, seen: &Observed, _: &Known) -> Vec<Change> {
        let mut changes = Changes::default();
        let website = seen.website.clone().unwrap_or_default();
        changes.compare("public_access", words(seen.block), words(OPEN));
        changes.compare("website.index", website.index, self.index.clone());
        changes.compare("website.error", website.error, self.error.clone());
        if website.rules {
            changes.push(Change::removed("website.redirections", "some"));
        }
        let wanted = self.wanted_policy();
        if !seen.policy.as_ref().is_some_and(|policy| same(policy, &wanted)) {
            changes.push(Change::new("policy", seen.policy.clone().unwrap_or_default(), wanted));
        }
        self.owner.diff(&mut changes, &seen.tags);
        changes.done()
    }

    fn creation(&self, _: &Known) -> Vec<Change> {
        let mut changes = Changes::default();
        changes.compare("region", None::<String>, self.place.region.clone());
        changes.compare("public_access", None::<String>, words(OPEN));
        changes.compare("website.index", None::<String>, self.index.clone());
        changes.compare("website.error", None::<String>, self.error.clone());
        changes.push(Change::set("policy", self.wanted_policy()));
        changes.done()
    }

    async fn create(&self, aws: &Aws<'_>, known: &Known) -> Result<Outputs> {
        let (made, existing) = match self.place.create(aws).await? {
            Made::Now => (Made::Now, BTreeMap::new()),
            // Should it be somebody else's after all, this refuses.
            Made::Before => (Made::Before, self.read(aws, known).await?.map(|seen| seen.tags).unwrap_or_default()),
        };
        // What may be there already keeps its notes.
        let noted = made == Made::Now;
        let notes = async {
            match noted {
                true => Manifest::of(&self.pages).write(aws, &self.place).await,
                false => Ok(()),
            }
        };
        // The policy first needs an open block, and neither needs the rest.
        let readable = async {
            self.place.put_block(aws, OPEN).await?;
            self.put_policy(aws).await
        };
        let tagged = self.place.put_tags(aws, &self.owner, &existing);
        let (tagged, readable, website, written) = tokio::join!(tagged, readable, self.put_website(aws), notes);
        tagged.and(readable).and(website).and(written)?;
        Ok(Outputs { noted })
    }

    async fn update(&self, aws: &Aws<'_>, _: &Known, seen: &Observed, changes: &[Change]) -> Result<Outputs> {
        let touched = |property: &str| changes.iter().any(|change| change.path.starts_with(property));
        if touched("tags.") {
            self.place.put_tags(aws, &self.owner, &seen.tags).await?;
        }
        if touched("public_access") {
            self.place.put_block(aws, OPEN).await?;
        }
        if touched("policy") {
            self.put_policy(aws).await?;
        }
        if touched("website.") {
            self.put_website(aws).await?;
        }
        Ok(self.outputs(seen))
    }

    fn consequences(&self, action: Action, changes: &[Change]) -> Vec<String> {
        let opened = changes.iter().any(|change| ["public_access", "policy"].contains(&change.path.as_str()));
        match action {
            Action::Create => vec![
                "everybody can read what is put there, over HTTP only: S3's website endpoints know no HTTPS".to_owned(),
            ],
            Action::Update if opened => vec!["everybody can read the pages in it".to_owned()],
            Action::Delete => vec!["kept if it holds objects that are not ours".to_owned()],
            _ => Vec::new(),
        }
    }

    /// The pages went before. Where something else is left it stays, for whom it belongs to alone: what let everybody read it
    /// was ours, and goes.
    async fn remove(&self, aws: &Aws<'_>, _: &Known, _: &Observed) -> Result<Option<String>> {
        if self.place.delete(aws).await? {
            return Ok(None);
        }
        let (closed, policy, website) =
            tokio::join!(self.place.put_block(aws, Block::WHOLE), self.delete_policy(aws), self.delete_website(aws));
        closed.and(policy).and(website)?;
        Ok(Some(KEPT.to_owned()))
    }

    async fn delete(&self, aws: &Aws<'_>, known: &Known, seen: &Observed) -> Result<()> {
        self.remove(aws, known, seen).await.map(drop)
    }
}

impl SiteBucket {
    /// What everybody may do. Not `s3:ListBucket`: a page that nothing leads to is nobody's business.
    fn wanted_policy(&self) -> Value {
        json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Sid": "PagesForEverybody",
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": format!("arn:{}:s3:::{}/*", self.partition, self.place.name),
            }],
        })
    }

    async fn website(&self, aws: &Aws<'_>) -> Result<Option<Website>> {
        let Place { name, account, .. } = &self.place;
        let call = || aws.s3().get_bucket_website().bucket(name).expected_bucket_owner(account).send();
        let answer = found(aws.call("s3", "GetBucketWebsite", Repeat::Safe, call).await)?;
        Ok(answer.map(|website| Website {
            index: website.index_document().map(|index| index.suffix().to_owned()),
            error: website.error_document().map(|error| error.key().to_owned()),
            rules: website.redirect_all_requests_to().is_some() || !website.routing_rules().is_empty(),
        }))
    }

    async fn put_website(&self, aws: &Aws<'_>) -> Result<()> {
        let index = IndexDocument::builder().suffix(&self.index).build().map_err(incomplete)?;
        let error = self.error.as_ref().map(|key| ErrorDocument::builder().key(key).build());
        let error = error.transpose().map_err(incomplete)?;
        let website = WebsiteConfiguration::builder().index_document(index).set_error_document(error).build();
        let Place { name, account, .. } = &self.place;
        let call = || {
            let put = aws.s3().put_bucket_website().bucket(name).expected_bucket_owner(account);
            put.website_configuration(website.clone()).send()
        };
        aws.call("s3", "PutBucketWebsite", Repeat::Safe, call).await.map(|_| ())
    }

    async fn delete_website(&self, aws: &Aws<'_>) -> Result<()> {
        let Place { name, account, .. } = &self.place;
        let call = || aws.s3().delete_bucket_website().bucket(name).expected_bucket_owner(account).send();
        gone(aws.call("s3", "DeleteBucketWebsite", Repeat::Safe, call).await)
    }

    async fn policy(&self, aws: &Aws<'_>) -> Result<Option<Value>> {
        let Place { name, account, .. } = &self.place;
        let call = || aws.s3().get_bucket_policy().bucket(name).expected_bucket_owner(account).send();
        let answer = found(aws.call("s3", "GetBucketPolicy", Repeat::Safe, call).await)?;
        Ok(answer.and_then(|answer| answer.policy).map(|text| read_document(&text)))
    }

    async fn put_policy(&self, aws: &Aws<'_>) -> Result<()> {
        let wait = Wait {
            what: "S3 to open the bucket",
            usual: Duration::from_secs(5),
            deadline: OPENS_WITHIN,
            interval: Duration::from_secs(2),
        };
        let refusal = std::cell::RefCell::new(None);
        let put = wait::until(aws, wait, || async {
            match self.try_policy(aws).await {
                Err(error) if is_blocked(&error) => {
                    refusal.replace(Some(error));
                    Ok(None)
                }
                answer => answer.map(Some),
            }
        });
        match (put.await, refusal.into_inner()) {
            (Err(error), Some(blocked)) if error.name == Some("timed_out") => Err(self.kept_out(blocked)),
            (result, _) => result,
        }
    }

    async fn try_policy(&self, aws: &Aws<'_>) -> Result<()> {
        let Place { name, account, .. } = &self.place;
        let policy = self.wanted_policy().to_string();
        let call = || aws.s3().put_bucket_policy().bucket(name).expected_bucket_owner(account).policy(&policy).send();
        aws.call("s3", "PutBucketPolicy", Repeat::Safe, call).await.map(|_| ())
    }

    async fn delete_policy(&self, aws: &Aws<'_>) -> Result<()> {
        let Place { name, account, .. } = &self.place;
        let call = || aws.s3().delete_bucket_policy().bucket(name).expected_bucket_owner(account).send();
        gone(aws.call("s3", "DeleteBucketPolicy", Repeat::Safe, call).await)
    }

    fn kept_out(&self, error: Error) -> Error {
        Error {
            name: Some("public_access_blocked"),
            next: Some(
                "the account itself blocks public policies: someone who may decides whether to turn that off (S3 console, \
                 Block Public Access settings for this account, the third box); or remove `site` from deploy.yaml and show \
                 the pages from elsewhere"
                    .to_owned(),
            ),
            ..error
        }
    }
}

/// AWS has one code for all that is denied; its words alone tell this from a missing permission.
fn is_blocked(error: &Error) -> bool {
    error.is(ErrorKind::AccessDenied) && error.message.contains("BlockPublicPolicy")
}

fn words(block: Block) -> &'static str {
    match block {
        Block::WHOLE => "blocked",
        OPEN => "by policy",
        _ => "other",
    }
}

/// Where the site is to be seen. Regions older than the others have a hyphen where the others have a dot (AWS General
/// Reference, Amazon S3 website endpoints).
pub fn url(bucket: &str, region: &str, partition: &str) -> String {
    const HYPHEN: [&str; 9] = [
        "ap-northeast-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "eu-west-1",
        "sa-east-1",
        "us-east-1",
        "us-gov-west-1",
        "us-west-1",
        "us-west-2",
    ];
    let between = if HYPHEN.contains(&region) { '-' } else { '.' };
    let suffix = if partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("http://{bucket}.s3-website{between}{region}.{suffix}/")
}

/// The SDK's builders check that required members are set; here they always are.
fn incomplete(error: impl std::error::Error) -> Error {
    Error::unexpected(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::url;

    #[test]
    fn every_region_has_its_own_spelling() {
        assert_eq!(url("b", "us-east-1", "aws"), "http://b.s3-website-us-east-1.amazonaws.com/");
        assert_eq!(url("b.c", "eu-central-1", "aws"), "http://b.c.s3-website.eu-central-1.amazonaws.com/");
        assert_eq!(url("b", "us-gov-east-1", "aws-us-gov"), "http://b.s3-website.us-gov-east-1.amazonaws.com/");
        assert_eq!(url("b", "cn-north-1", "aws-cn"), "http://b.s3-website.cn-north-1.amazonaws.com.cn/");
    }
}
