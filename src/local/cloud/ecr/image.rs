//! Images put, told and deleted.

use serde_json::{Value, json};

use super::{Absent, Answer, Found, Image, MANIFEST, Reference, digest_of, find, named, no_repository, own, seconds};
use crate::local::cloud::{Call, Failure};

pub fn put(call: &mut Call<'_>, input: &Value) -> Answer {
    let (registry, name) = named(input)?;
    let now = call.now;
    let repository = own(call, input)?;
    let manifest = input["imageManifest"].as_str().unwrap_or_default();
    let invalid = |message: String| Failure::new(400, "InvalidParameterException", message);
    let parsed: Value = serde_json::from_str(manifest).map_err(|_| {
        invalid("Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'".to_owned())
    })?;
    let digest = digest_of(manifest);
    if input["imageDigest"].as_str().is_some_and(|told| told != digest) {
        let message = "The specified image digest does not match the digest that Amazon ECR calculated for the image.";
        return Err(Failure::new(400, "ImageDigestDoesNotMatchException", message));
    }
    let tag = input["imageTag"].as_str();
    let before = tag.and_then(|tag| repository.tags.get(tag));
    if before == Some(&digest) || (tag.is_none() && repository.images.contains_key(&digest)) {
        let tag = tag.unwrap_or("null");
        let message = format!(
            "Image with digest '{digest}' and tag '{tag}' already exists in the repository with name '{name}' in \
             registry with id '{registry}'"
        );
        return Err(Failure::new(400, "ImageAlreadyExistsException", message));
    }
    if let (Some(tag), Some(_), true) = (tag, before, repository.immutable) {
        let message = format!(
            "The image tag '{tag}' already exists in the '{name}' repository and cannot be overwritten because the \
             repository is immutable."
        );
        return Err(Failure::new(400, "ImageTagAlreadyExistsException", message));
    }
    let media_type = input["imageManifestMediaType"].as_str().or(parsed["mediaType"].as_str()).unwrap_or(MANIFEST);
    let image = Image { manifest: manifest.to_owned(), media_type: media_type.to_owned(), pushed: now };
    repository.images.insert(digest.clone(), image);
    if let Some(tag) = tag {
        repository.tags.insert(tag.to_owned(), digest.clone());
    }
    let id = json!({ "imageDigest": digest, "imageTag": tag });
    Ok(json!({ "image": {
        "registryId": registry, "repositoryName": name, "imageId": id, "imageManifest": manifest,
        "imageManifestMediaType": media_type,
    } }))
}

pub fn describe(call: &mut Call<'_>, input: &Value) -> Answer {
    let (registry, name) = named(input)?;
    let found: Vec<Found> = match input["imageIds"].as_array() {
        Some(ids) => ids.iter().map(|id| one(call, &registry, &name, id)).collect::<Result<_, Failure>>()?,
        None => {
            let repository = own(call, input)?;
            let digests: Vec<String> = repository.images.keys().cloned().collect();
            let all = digests.into_iter().map(Reference::Digest);
            all.filter_map(|digest| find(call, &registry, &name, &digest).ok()).collect()
        }
    };
    let told = found.into_iter().map(|Found { digest, tags, image }| {
        let mut told = json!({
            "registryId": registry,
            "repositoryName": name,
            "imageDigest": digest,
            "imageSizeInBytes": image.manifest.len(),
            "imagePushedAt": seconds(image.pushed),
            "imageManifestMediaType": image.media_type,
            "artifactMediaType": "application/vnd.docker.container.image.v1+json",
        });
        if !tags.is_empty() {
            told["imageTags"] = json!(tags);
        }
        told
    });
    Ok(json!({ "imageDetails": told.collect::<Vec<_>>() }))
}

pub fn delete(call: &mut Call<'_>, input: &Value) -> Answer {
    let repository = own(call, input)?;
    let mut gone = Vec::new();
    for id in input["imageIds"].as_array().into_iter().flatten() {
        let tag = id["imageTag"].as_str().map(str::to_owned);
        // A tag goes; the image goes with its last one.
        let digest = match &tag {
            Some(tag) => repository.tags.remove(tag),
            None => id["imageDigest"].as_str().map(str::to_owned),
        };
        let Some(digest) = digest else { continue };
        if tag.is_none() {
            repository.tags.retain(|_, of| *of != digest);
        }
        if !repository.tags.values().any(|of| *of == digest) {
            repository.images.remove(&digest);
        }
        gone.push(json!({ "imageDigest": digest, "imageTag": tag }));
    }
    Ok(json!({ "imageIds": gone, "failures": [] }))
}

fn one(call: &Call<'_>, registry: &str, name: &str, id: &Value) -> Result<Found, Failure> {
    let (tag, digest) = (id["imageTag"].as_str(), id["imageDigest"].as_str());
    let reference = match (digest, tag) {
        (Some(digest), _) => Reference::Digest(digest.to_owned()),
        (None, Some(tag)) => Reference::Tag(tag.to_owned()),
        (None, None) => {
            let message = "Invalid request parameters: an image is identified by its digest or its tag";
            return Err(Failure::new(400, "InvalidParameterException", message));
        }
    };
    find(call, registry, name, &reference).map_err(|absent| match absent {
        Absent::Repository => no_repository(registry, name),
        Absent::Image => {
            let quoted = |text: Option<&str>| text.unwrap_or("null").to_owned();
            let message = format!(
                "The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist within the repository with \
                 name '{name}' in the registry with id '{registry}'",
                quoted(digest),
                quoted(tag)
            );
            Failure::new(400, "ImageNotFoundException", message)
        }
    })
}
