//! Functions that run a container image: which image is meant, and what Lambda refuses of it.

use serde_json::{Value, json};

use super::{Code, ImageCode, invalid};
use crate::local::cloud::ecr::{self, Reference};
use crate::local::cloud::{Call, Failure};

/// Of each list of ImageConfig, and of its directory (botocore's model).
const WORDS_LIMIT: usize = 1500;
const DIRECTORY_LIMIT: usize = 1000;

pub const IMAGE: &str = "Image";

/// What an image brings itself.
pub fn refuse_runtime(input: &Value) -> Result<(), Failure> {
    let given = input["Handler"].is_string() || input["Runtime"].is_string();
    let layers = input["Layers"].as_array().is_some_and(|layers| !layers.is_empty());
    if given || layers {
        return Err(invalid(
            "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.",
        ));
    }
    Ok(())
}

/// The image at `uri`, by the digest that it has now.
pub fn load(call: &Call<'_>, uri: &str) -> Result<Code, Failure> {
    let not_valid = || invalid(format!("Source image {uri} is not valid. Provide a valid source image."));
    let (host, rest) = uri.split_once('/').ok_or_else(not_valid)?;
    let registry = host.strip_suffix(&format!(".dkr.ecr.{}.amazonaws.com", call.region)).ok_or_else(not_valid)?;
    let (name, reference) = match (rest.split_once('@'), rest.split_once(':')) {
        (Some((name, digest)), _) => (name, Reference::Digest(digest.to_owned())),
        (None, Some((name, tag))) => (name, Reference::Tag(tag.to_owned())),
        (None, None) => return Err(not_valid()),
    };
    let found = ecr::find(call, registry, name, &reference)
        .map_err(|_| invalid(format!("Source image {uri} does not exist. Provide a valid source image.")))?;
    if found.image.media_type.contains("manifest.list") || found.image.media_type.contains("image.index") {
        return Err(invalid(format!(
            "The image manifest, config or layer media type for the source image {uri} is not supported."
        )));
    }
    let sha256 = found.digest.strip_prefix("sha256:").unwrap_or(&found.digest).to_owned();
    let image = ImageCode { uri: uri.to_owned(), resolved: format!("{host}/{name}@{}", found.digest) };
    Ok(Code { blob: String::new(), sha256, size: 0, image: Some(image) })
}

/// What goes before the image's own; an empty one clears what was set.
pub fn config(input: &Value) -> Result<Option<Value>, Failure> {
    let Some(given) = input["ImageConfig"].as_object() else { return Ok(None) };
    let mut set = json!({});
    for member in ["EntryPoint", "Command"] {
        let words: Vec<&str> =
            given.get(member).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        if words.len() > WORDS_LIMIT {
            return Err(invalid(format!("'{member}' must have length less than or equal to {WORDS_LIMIT}")));
        }
        if !words.is_empty() {
            set[member] = json!(words);
        }
    }
    if let Some(directory) = given.get("WorkingDirectory").and_then(Value::as_str).filter(|text| !text.is_empty()) {
        if directory.len() > DIRECTORY_LIMIT {
            return Err(invalid(format!(
                "'WorkingDirectory' must have length less than or equal to {DIRECTORY_LIMIT}"
            )));
        }
        set["WorkingDirectory"] = directory.into();
    }
    Ok(Some(set))
}
