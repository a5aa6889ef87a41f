//! `package.image`: how an image is named. Lambda takes images of private registries of ECR only, and of its own region
//! (`AWS_FACTS` D); which image a tag means is ECR's to say.

use super::decode::{At, Reader};
use super::grammar::IMAGE;
use super::interpolate::Filled;
use super::limits;
use super::model::{Image, ImageReference};
use super::tree::Kind;

const EXAMPLES: &str = "write REPOSITORY:TAG for one of this account and region, or the whole URI, like \
                        ${account}.dkr.ecr.${region}.amazonaws.com/model:1.4 or …/model@sha256:…";
/// Of each list of ImageConfig, and of its directory (botocore's model).
const MAX_WORDS: usize = 1500;
const MAX_DIRECTORY: usize = 1000;
/// Of a repository's name and of a tag (botocore's model; a tag by Docker's rule).
const REPOSITORY: (usize, usize) = (2, 256);
const MAX_TAG: usize = 128;

pub(super) fn read(at: &At<'_>, reader: &Reader<'_>, wanted: Option<&str>) -> Option<Image> {
    let Kind::Map(_) = at.node.kind else {
        return named(at, reader, &at.text()?, wanted);
    };
    let table = at.table(&IMAGE)?;
    let words = |key: &'static str| -> Vec<String> {
        let words = table.texts(key);
        if let Some((at, _)) = words.get(MAX_WORDS) {
            let message = format!("Lambda takes {MAX_WORDS} words of `{key}`, and there are {}", words.len());
            at.fault("too_large", message, "put them into a script of the image");
        }
        words.into_iter().map(|(_, word)| word.text).collect()
    };
    let (command, entry_point) = (words("command"), words("entry_point"));
    let working_directory = table.get("working_directory").and_then(|at| {
        let directory = at.text()?;
        if !directory.text.starts_with('/') || directory.text.len() > MAX_DIRECTORY {
            let message = format!("`{}` is not a directory of the image", directory.shown());
            at.fault("bad_directory", message, "write an absolute path, like /var/task");
        }
        Some(directory.text)
    });
    let uri = table.need("uri")?;
    let image = named(&uri, reader, &uri.text()?, wanted)?;
    Some(Image { command, entry_point, working_directory, ..image })
}

fn named(at: &At<'_>, reader: &Reader<'_>, given: &Filled, wanted: Option<&str>) -> Option<Image> {
    let wrong = |message: String, help: &str| {
        at.fault("bad_image", message, help);
        None
    };
    let text = given.text.as_str();
    if text.contains("://") {
        return wrong(format!("`{}` is a URL", given.shown()), "leave out the scheme: images are named without one");
    }
    // What comes before the first slash is a host if it looks like one: Docker's rule.
    let (host, rest) = match text.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) => (Some(first), rest),
        _ => (None, text),
    };
    let (account, region, host) = match host {
        None => own(reader),
        Some(host) => match registry(host) {
            Some((account, region)) => (account, region, host.to_owned()),
            None => {
                let message =
                    format!("`{}` is not in a private registry of ECR, and Lambda takes no other", given.shown());
                return wrong(message, "copy it there: docker pull, docker tag, docker push");
            }
        },
    };
    if let Some(wanted) = wanted.filter(|wanted| *wanted != region) {
        let message = format!("the image is in {region}, the function in {wanted}");
        let message =
            if given.from_env { "the image is in another region than the function".to_owned() } else { message };
        at.fault("wrong_region", message, "copy it to a repository there (ECR replicates, too): Lambda reads no other");
    }
    let (repository, reference) = match rest.split_once('@') {
        Some((name, digest)) => {
            // `name:tag@digest` means the digest.
            let name = name.split_once(':').map_or(name, |(name, _)| name);
            (name, ImageReference::Digest(digest.to_owned()))
        }
        None => match rest.split_once(':') {
            Some((name, tag)) => (name, ImageReference::Tag(tag.to_owned())),
            None => (rest, ImageReference::Tag("latest".to_owned())),
        },
    };
    let sound = match &reference {
        ImageReference::Tag(tag) => is_tag(tag),
        ImageReference::Digest(digest) => is_digest(digest),
    };
    if !sound || !is_repository(repository) {
        return wrong(format!("`{}` does not name an image", given.shown()), EXAMPLES);
    }
    let repository = repository.to_owned();
    let (command, entry_point) = (Vec::new(), Vec::new());
    Some(Image { account, region, host, repository, reference, command, entry_point, working_directory: None })
}

/// The registry of this account and region.
fn own(reader: &Reader<'_>) -> (String, String, String) {
    let (account, region) = (reader.scope.account, reader.scope.region);
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    (account.to_owned(), region.to_owned(), format!("{account}.dkr.ecr.{region}.{suffix}"))
}

/// Account and region of `ACCOUNT.dkr.ecr.REGION.amazonaws.com`.
fn registry(host: &str) -> Option<(String, String)> {
    let (account, rest) = host.split_once(".dkr.ecr.")?;
    let region = rest.strip_suffix(".amazonaws.com").or_else(|| rest.strip_suffix(".amazonaws.com.cn"))?;
    let sound = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) && limits::is_region(region);
    sound.then(|| (account.to_owned(), region.to_owned()))
}

fn is_repository(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    // Runs of `.`, `_`, `__` or hyphens stand between letters; `._` does not (botocore's pattern).
    let separator = |run: &str| matches!(run, "." | "_" | "__") || run.bytes().all(|byte| byte == b'-');
    let part = |part: &str| {
        let bytes = part.as_bytes();
        let ends = bytes.first().is_some_and(|byte| letter(*byte)) && bytes.last().is_some_and(|byte| letter(*byte));
        ends && part.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()).all(separator)
    };
    (REPOSITORY.0..=REPOSITORY.1).contains(&name.len()) && name.split('/').all(part)
}

fn is_tag(tag: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let start = tag.bytes().next().is_some_and(letter);
    start && tag.len() <= MAX_TAG && tag.bytes().all(|byte| letter(byte) || byte == b'.' || byte == b'-')
}

fn is_digest(digest: &str) -> bool {
    let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    digest.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && hex.bytes().all(lower))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_and_tags_are_judged_as_ecr_does() {
        for name in ["model", "team/model", "a-b_c.d/e--f", "a__b"] {
            assert!(is_repository(name), "{name}");
        }
        for name in ["m", "Model", "-model", "model-", "a//b", "a._b", "a___b", "team/", "mo del"] {
            assert!(!is_repository(name), "{name}");
        }
        assert!(is_tag("1.4-beta_2") && !is_tag(".1") && !is_tag("") && !is_tag("a b"));
        assert_eq!(registry("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn").unwrap().1, "cn-north-1");
        assert_eq!(registry("public.ecr.aws"), None);
    }
}
