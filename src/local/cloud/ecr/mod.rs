//! ECR: repositories, and which image a tag of theirs means. JSON 1.1, regional. Nobody pushes layers here: an image is
//! its manifest.
//!
//! Other than AWS's, this registry takes an image for existing that nobody put there, as long as its repository was not
//! made here ([`Profile::assumes_images`]): so a deploy.yaml that names an image can be tried without one. Its digest is
//! made up from its name. A repository that was made here holds what was put there and no more.

mod image;
mod repository;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{ACCOUNT, Call, Failure, Reply, Request, hex};

/// Repositories by region and name.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    pub regions: BTreeMap<String, BTreeMap<String, Repository>>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Repository {
    pub created: u64,
    /// By digest.
    pub images: BTreeMap<String, Image>,
    /// The digest that each tag means.
    pub tags: BTreeMap<String, String>,
    pub immutable: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Image {
    pub manifest: String,
    pub media_type: String,
    pub pushed: u64,
}

/// What an image usually is.
const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// Which image of a repository is meant.
#[derive(Clone, Debug)]
pub enum Reference {
    Tag(String),
    Digest(String),
}

/// An image that is there.
#[derive(Clone, Debug)]
pub struct Found {
    pub digest: String,
    pub tags: Vec<String>,
    pub image: Image,
}

/// Why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    Repository,
    Image,
}

/// The image that `reference` means in that repository of that registry.
///
/// # Errors
/// When there is none.
pub fn find(call: &Call<'_>, registry: &str, name: &str, reference: &Reference) -> Result<Found, Absent> {
    let own = call.state.ecr.regions.get(&call.region).and_then(|repositories| repositories.get(name));
    let Some(repository) = own.filter(|_| registry == ACCOUNT) else {
        return if call.profile.assumes_images {
            Ok(assumed(call, registry, name, reference))
        } else {
            Err(Absent::Repository)
        };
    };
    let digest = match reference {
        Reference::Tag(tag) => repository.tags.get(tag).ok_or(Absent::Image)?,
        Reference::Digest(digest) => digest,
    };
    let image = repository.images.get(digest).ok_or(Absent::Image)?.clone();
    let tags = repository.tags.iter().filter(|(_, of)| *of == digest).map(|(tag, _)| tag.clone()).collect();
    Ok(Found { digest: digest.clone(), tags, image })
}

/// The same for everybody who names it.
fn assumed(call: &Call<'_>, registry: &str, name: &str, reference: &Reference) -> Found {
    let image = Image { manifest: "{}".to_owned(), media_type: MANIFEST.to_owned(), pushed: 0 };
    match reference {
        Reference::Digest(digest) => Found { digest: digest.clone(), tags: Vec::new(), image },
        Reference::Tag(tag) => {
            let named = format!("{registry}/{}/{name}:{tag}", call.region);
            Found { digest: digest_of(&named), tags: vec![tag.clone()], image }
        }
    }
}

fn digest_of(manifest: &str) -> String {
    format!("sha256:{}", hex(&Sha256::digest(manifest)))
}

type Answer = Result<Value, Failure>;

pub fn handle(call: &mut Call<'_>, request: &Request) -> Reply {
    let input = request.json();
    let operation = request.header("x-amz-target").and_then(|target| target.split_once('.')).map_or("", |(_, op)| op);
    let answer = match operation {
        "CreateRepository" => repository::create(call, &input),
        "DescribeRepositories" => repository::describe(call, &input),
        "DeleteRepository" => repository::delete(call, &input),
        "PutImage" => image::put(call, &input),
        "DescribeImages" => image::describe(call, &input),
        "BatchDeleteImage" => image::delete(call, &input),
        other => Err(Failure::new(400, "UnknownOperationException", format!("no operation {other}"))),
    };
    match answer {
        Ok(output) => Reply::json(200, &output),
        Err(failure) => failure.json(),
    }
}

/// Registry and repository that a request means.
fn named(input: &Value) -> Result<(String, String), Failure> {
    let name = input["repositoryName"].as_str().unwrap_or_default();
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-/".contains(&byte);
    if name.len() < 2 || name.len() > 256 || !name.bytes().all(letter) {
        let message = format!(
            "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression \
             '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*'': {name}"
        );
        return Err(Failure::new(400, "InvalidParameterException", message));
    }
    Ok((input["registryId"].as_str().unwrap_or(ACCOUNT).to_owned(), name.to_owned()))
}

fn no_repository(registry: &str, name: &str) -> Failure {
    let message = format!("The repository with name '{name}' does not exist in the registry with id '{registry}'");
    Failure::new(400, "RepositoryNotFoundException", message)
}

fn own<'c>(call: &'c mut Call<'_>, input: &Value) -> Result<&'c mut Repository, Failure> {
    let (registry, name) = named(input)?;
    let repositories = call.state.ecr.regions.entry(call.region.clone()).or_default();
    repositories.get_mut(&name).filter(|_| registry == ACCOUNT).ok_or_else(|| no_repository(&registry, &name))
}

/// Seconds, with a fraction.
fn seconds(millis: u64) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of this millennium fit")]
    let seconds = millis as f64 / 1000.0;
    seconds.into()
}
