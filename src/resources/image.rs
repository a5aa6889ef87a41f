//! A container image in ECR: looked up, never made or deleted. A tag may be moved, so what counts is the digest that it
//! means now.

use std::cell::OnceCell;
use std::rc::Rc;

use aws_sdk_ecr::types::{ImageDetail, ImageIdentifier};

use crate::aws::{Aws, Error, ErrorKind, Repeat, Result};
use crate::engine::plan::Change;
use crate::engine::{Identity, Known, NodeId, Resource};
use crate::spec::model::{self, ImageReference};

/// The image that the function runs.
#[derive(Clone, Debug)]
pub struct Image {
    pub image: model::Image,
    /// Told once it was read, for what compares functions and versions with it.
    pub digest: Rc<OnceCell<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outputs {
    /// `sha256:` and 64 digits.
    pub digest: String,
}

impl Resource for Image {
    type Observed = Outputs;
    type Outputs = Outputs;

    fn identity(&self) -> Identity {
        Identity::one("image", "container image", self.image.uri())
    }

    fn needs(&self) -> Vec<NodeId> {
        Vec::new()
    }

    async fn read(&self, aws: &Aws<'_>, _: &Known) -> Result<Option<Outputs>> {
        let id = match &self.image.reference {
            ImageReference::Tag(tag) => ImageIdentifier::builder().image_tag(tag).build(),
            ImageReference::Digest(digest) => ImageIdentifier::builder().image_digest(digest).build(),
        };
        let call = || {
            let describe = aws.ecr().describe_images().registry_id(&self.image.account);
            describe.repository_name(&self.image.repository).image_ids(id.clone()).send()
        };
        let answer = aws.call("ecr", "DescribeImages", Repeat::Safe, call).await;
        let answer = answer.map_err(|error| self.unread(error))?;
        let detail = answer.image_details().first();
        self.check(detail)?;
        let digest = detail.and_then(ImageDetail::image_digest);
        let digest = digest.ok_or_else(|| Error::unexpected("DescribeImages tells no digest"))?.to_owned();
        let digest = self.digest.get_or_init(|| digest).clone();
        Ok(Some(Outputs { digest }))
    }

    fn outputs(&self, seen: &Outputs) -> Outputs {
        seen.clone()
    }

    fn diff(&self, _: &Outputs, _: &Known) -> Vec<Change> {
        Vec::new()
    }

    fn creation(&self, _: &Known) -> Vec<Change> {
        Vec::new()
    }

    async fn create(&self, _: &Aws<'_>, _: &Known) -> Result<Outputs> {
        Err(self.missing("does not exist"))
    }

    async fn update(&self, _: &Aws<'_>, _: &Known, seen: &Outputs, _: &[Change]) -> Result<Outputs> {
        Ok(seen.clone())
    }

    fn deletable(&self) -> bool {
        false
    }

    async fn delete(&self, _: &Aws<'_>, _: &Known, _: &Outputs) -> Result<()> {
        Ok(())
    }
}

impl Image {
    /// Lambda takes one image, and no list of images for several processors: what recent builders push by default,
    /// because they attach a provenance (unverified here: told by many reports of AWS's refusal).
    fn check(&self, detail: Option<&ImageDetail>) -> Result<()> {
        let media = detail.and_then(ImageDetail::image_manifest_media_type).unwrap_or_default();
        if !media.contains("manifest.list") && !media.contains("image.index") {
            return Ok(());
        }
        let next = "build it as one image and push it again: docker buildx build --provenance=false --sbom=false \
                    --platform linux/amd64 (or linux/arm64) --push …";
        let message =
            format!("the container image {} is a list of images, which Lambda does not take", self.image.uri());
        Err(Error::in_the_way("image_index", message, next))
    }

    /// What keeps a deploy from going on, and no teardown.
    fn unread(&self, error: Error) -> Error {
        let (name, next) = match error.code.as_deref() {
            Some("RepositoryNotFoundException") => (
                "no_repository",
                format!(
                    "create it (aws ecr create-repository --repository-name {}) and push the image, or correct \
                     package.image",
                    self.image.repository
                ),
            ),
            Some("ImageNotFoundException") => {
                ("no_image", format!("push it (docker push {}), or correct package.image", self.image.uri()))
            }
            _ if error.is(ErrorKind::AccessDenied) => (
                "image_denied",
                format!(
                    "let these credentials do ecr:DescribeImages on the repository {0}; if {1} is not your account, its \
                     owner has to allow that in the repository's policy",
                    self.image.repository, self.image.account
                ),
            ),
            _ => return error,
        };
        Error { kind: ErrorKind::Foreign, name: Some(name), next: Some(next), ..error }
    }

    fn missing(&self, why: &str) -> Error {
        Error::in_the_way("no_image", format!("{} {why}", self.image.uri()), "push it, or correct package.image")
    }
}
