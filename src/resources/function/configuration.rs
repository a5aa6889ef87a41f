//! What a version of the function is made of, wanted and seen, and how the two differ. The function is compared by it,
//! and so are its versions, so that both always agree on what is a new version.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use aws_sdk_lambda::types;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::aws::Error;
use crate::engine::plan::{Change, Changes, Side};
use crate::package::{Zipped, hex};
use crate::resources::Image;
use crate::spec::model::{self, Architecture, EnvironmentValue};

/// How Lambda calls the two kinds of code.
pub(super) const ZIP: &str = "Zip";
pub(super) const IMAGE: &str = "Image";

/// What is wanted of the function's versions.
#[derive(Clone, Debug, PartialEq)]
pub struct Configuration {
    pub runtime: String,
    pub handler: String,
    /// MB.
    pub memory: u32,
    pub timeout: Duration,
    pub environment: BTreeMap<String, EnvironmentValue>,
    pub architecture: Architecture,
    /// MB.
    pub ephemeral_storage: u32,
    pub layers: Vec<String>,
    /// ARN.
    pub role: String,
    pub code: Code,
}

/// What is run.
#[derive(Clone, Debug, PartialEq)]
pub enum Code {
    /// SHA-256 of the zip, 64 lower-case digits.
    Zip(String),
    /// And the digest that it has, once that was read.
    Image(model::Image, Rc<OnceCell<String>>),
}

/// What AWS says of the function or one of its versions. By default nothing, as of a function that is not there.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub runtime: Option<String>,
    pub handler: Option<String>,
    pub memory: Option<i32>,
    /// Seconds.
    pub timeout: Option<i32>,
    pub environment: BTreeMap<String, String>,
    pub architecture: Option<String>,
    pub ephemeral_storage: Option<i32>,
    pub layers: Vec<String>,
    pub role: Option<String>,
    /// In digits: of the zip, or the image's digest.
    pub code: Option<String>,
    /// `Zip` or `Image`.
    pub package_type: Option<String>,
    /// By its digest; told of the function alone, not of its versions.
    pub image: Option<String>,
    pub command: Vec<String>,
    pub entry_point: Vec<String>,
    pub working_directory: Option<String>,
}

impl Configuration {
    pub fn new(function: &model::Function, role: String, package: &Zipped) -> Configuration {
        Configuration {
            runtime: function.runtime.clone(),
            handler: function.handler.clone(),
            memory: function.memory,
            timeout: function.timeout,
            environment: function.environment.clone(),
            architecture: function.architecture,
            ephemeral_storage: function.ephemeral_storage,
            layers: function.layers.clone(),
            role,
            code: Code::Zip(package.sha256_hex.clone()),
        }
    }

    /// Of a function that runs an image, whose digest `read` tells.
    pub fn of_image(function: &model::Function, role: String, read: &Image) -> Configuration {
        let code = Code::Image(read.image.clone(), read.digest.clone());
        Configuration { code, ..Configuration::new(function, role, &Zipped::default()) }
    }

    /// Is the property part of a version?
    pub(super) fn has(path: &str) -> bool {
        Configuration::is_setting(path) || matches!(path, "code" | "image" | "package_type" | "architecture")
    }

    /// Is the property changed by `UpdateFunctionConfiguration`?
    pub(super) fn is_setting(path: &str) -> bool {
        let settings = ["runtime", "handler", "memory", "timeout", "ephemeral_storage", "layers", "role"];
        settings.contains(&path) || path.starts_with("environment.") || Configuration::is_of_image(path)
    }

    /// Is the property one that goes before the image's own?
    pub(super) fn is_of_image(path: &str) -> bool {
        matches!(path, "command" | "entry_point" | "working_directory")
    }

    /// Property by property, named as in deploy.yaml.
    pub(super) fn diff(&self, changes: &mut Changes, seen: &Seen) {
        let package_type = if self.is_image() { IMAGE } else { ZIP };
        if let Some(other) = seen.package_type.as_ref().filter(|seen| *seen != package_type) {
            changes.push(Change::new("package_type", other.clone(), package_type).replacing());
        }
        match &self.code {
            Code::Zip(hash) => {
                changes.compare("code", seen.code.clone(), hash.clone());
                changes.compare("runtime", seen.runtime.clone(), self.runtime.clone());
                changes.compare("handler", seen.handler.clone(), self.handler.clone());
            }
            Code::Image(image, _) => self.diff_image(changes, seen, image),
        }
        changes.compare("memory", seen.memory, self.memory);
        changes.compare("timeout", seen.timeout, self.timeout.as_secs());
        changes.compare("architecture", seen.architecture.clone(), self.sdk_architecture().as_str());
        changes.compare("ephemeral_storage", seen.ephemeral_storage, self.ephemeral_storage);
        changes.compare("layers", list(&seen.layers), list(&self.layers));
        changes.compare("role", seen.role.clone(), self.role.clone());
        self.diff_environment(changes, &seen.environment);
    }

    /// Of a version only the digest is told.
    fn diff_image(&self, changes: &mut Changes, seen: &Seen, image: &model::Image) {
        let same = match &seen.image {
            Some(uri) => *uri == self.image_uri(),
            None => seen.code.as_deref() == Some(self.digest()),
        };
        if !same {
            changes.push(Change::new("image", seen.image.clone().or(seen.code.clone()), self.image_uri()));
        }
        changes.compare("command", list(&seen.command), list(&image.command));
        changes.compare("entry_point", list(&seen.entry_point), list(&image.entry_point));
        changes.compare("working_directory", seen.working_directory.clone(), image.working_directory.clone());
    }

    /// A variable that deploy.yaml does not name may hold anything, so its value is not shown either.
    fn diff_environment(&self, changes: &mut Changes, seen: &BTreeMap<String, String>) {
        let names: BTreeSet<&String> = seen.keys().chain(self.environment.keys()).collect();
        for name in names {
            let (before, after) = (seen.get(name), self.environment.get(name));
            if before == after.map(|wanted| &wanted.value) {
                continue;
            }
            let secret = after.is_none_or(|wanted| wanted.secret);
            let side = |value: Option<&String>| match value {
                Some(_) if secret => Side::Secret,
                value => Side::from(value.cloned()),
            };
            // What a reference takes the place of may be the very secret that it is to keep.
            let reference = after.and_then(|wanted| wanted.reference.as_ref()).filter(|_| !secret);
            let (before, after) = match reference {
                Some(reference) => (before.map_or(Side::Absent, |_| Side::Secret), Side::from(reference.to_string())),
                None => (side(before), side(after.map(|wanted| &wanted.value))),
            };
            changes.push(Change::new(format!("environment.{name}"), before, after));
        }
    }

    /// AWS repeats the environment in some of its refusals (`AWS_FACTS` B5); what is secret is taken out (law 10).
    pub(super) fn hushed(&self, error: Error) -> Error {
        let secrets = self.environment.values().filter(|value| value.secret && !value.value.is_empty());
        let mut message = error.message.clone();
        for secret in secrets {
            message = message.replace(&Value::from(secret.value.as_str()).to_string(), "(secret)");
            // A short one may be part of any word.
            if secret.value.len() >= 8 {
                message = message.replace(&secret.value, "(secret)");
            }
        }
        Error { message, ..error }
    }

    /// Is a version of `seen` what is wanted?
    pub(in crate::resources) fn is_in(&self, seen: &Seen) -> bool {
        let mut changes = Changes::default();
        self.diff(&mut changes, seen);
        changes.done().is_empty()
    }

    pub(in crate::resources) fn is_image(&self) -> bool {
        matches!(self.code, Code::Image(..))
    }

    /// As Lambda spells the code's hash: of a zip in base64, of an image the digits of its digest.
    pub(in crate::resources) fn code_sha256(&self) -> String {
        let Code::Zip(hash) = &self.code else { return self.digest().to_owned() };
        let digits = hash.as_bytes().chunks(2).filter_map(|pair| std::str::from_utf8(pair).ok());
        STANDARD.encode(digits.filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect::<Vec<u8>>())
    }

    /// The digits of the image's digest; nothing before it was read.
    fn digest(&self) -> &str {
        match &self.code {
            Code::Image(_, digest) => {
                digest.get().and_then(|digest| digest.strip_prefix("sha256:")).unwrap_or_default()
            }
            Code::Zip(_) => "",
        }
    }

    /// By its digest, so that what was planned is what is run, whatever happens to the tag.
    pub(super) fn image_uri(&self) -> String {
        match &self.code {
            Code::Image(image, digest) => image.uri_of(digest.get().map_or("", String::as_str)),
            Code::Zip(_) => String::new(),
        }
    }

    /// What goes before the image's own; where nothing does, an empty one clears what was set before.
    pub(super) fn sdk_image_config(&self) -> Option<types::ImageConfig> {
        let Code::Image(image, _) = &self.code else { return None };
        let config = types::ImageConfig::builder().set_command(Some(image.command.clone()));
        let config = config.set_entry_point(Some(image.entry_point.clone()));
        Some(config.set_working_directory(image.working_directory.clone()).build())
    }

    pub(super) fn sdk_runtime(&self) -> types::Runtime {
        types::Runtime::from(self.runtime.as_str())
    }

    pub(super) fn sdk_memory(&self) -> i32 {
        i32::try_from(self.memory).unwrap_or(i32::MAX)
    }

    pub(super) fn sdk_timeout(&self) -> i32 {
        i32::try_from(self.timeout.as_secs()).unwrap_or(i32::MAX)
    }

    pub(super) fn sdk_architecture(&self) -> types::Architecture {
        match self.architecture {
            Architecture::X86_64 => types::Architecture::X8664,
            Architecture::Arm64 => types::Architecture::Arm64,
        }
    }

    pub(super) fn sdk_storage(&self) -> types::EphemeralStorage {
        let size = i32::try_from(self.ephemeral_storage).unwrap_or(i32::MAX);
        // `size` is the one required member.
        types::EphemeralStorage::builder().size(size).build().unwrap_or_else(|_| unreachable!("the size is set"))
    }

    pub(super) fn sdk_environment(&self) -> types::Environment {
        let variables = self.environment.iter().map(|(name, wanted)| (name.clone(), wanted.value.clone()));
        types::Environment::builder().set_variables(Some(variables.collect())).build()
    }
}

/// An empty list is no property.
fn list(words: &[String]) -> Side {
    if words.is_empty() { Side::Absent } else { Side::Value(Value::from(words)) }
}

/// Of a zip Lambda tells base64; the plan, the object's key and this program speak of the same hash in digits. Of an image
/// it tells the digits.
pub(super) fn hash(base64: &str) -> String {
    match STANDARD.decode(base64) {
        Ok(digest) if digest.len() == 32 => hex(&digest),
        _ => base64.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Configuration {
        let value = |value: &str, secret| EnvironmentValue { value: value.to_owned(), secret, reference: None };
        Configuration {
            runtime: "python3.13".to_owned(),
            handler: "handler.run".to_owned(),
            memory: 256,
            timeout: Duration::from_secs(10),
            environment: [("MODEL".to_owned(), value("a", false)), ("TOKEN".to_owned(), value("b", true))].into(),
            architecture: Architecture::Arm64,
            ephemeral_storage: 512,
            layers: Vec::new(),
            role: "arn:aws:iam::0:role/r".to_owned(),
            code: Code::Zip(hex(&[7; 32])),
        }
    }

    #[test]
    fn a_refusal_that_repeats_the_environment_does_not_tell_its_secrets() {
        let mut wanted = wanted();
        let secret = EnvironmentValue { value: "say \"hush-hush\"".to_owned(), secret: true, reference: None };
        wanted.environment.insert("WORD".to_owned(), secret);
        let words = r#"exceeded the 4KB limit. String measured: {"MODEL":"a","TOKEN":"b","WORD":"say \"hush-hush\""}"#;
        let hushed = wanted.hushed(Error::unexpected(words)).message;
        assert!(hushed.ends_with(r#"{"MODEL":"a","TOKEN":(secret),"WORD":(secret)}"#), "{hushed}");
    }

    fn seen() -> Seen {
        Seen {
            runtime: Some("python3.13".to_owned()),
            handler: Some("handler.run".to_owned()),
            memory: Some(256),
            timeout: Some(10),
            environment: [("MODEL".to_owned(), "a".to_owned()), ("TOKEN".to_owned(), "b".to_owned())].into(),
            architecture: Some("arm64".to_owned()),
            ephemeral_storage: Some(512),
            layers: Vec::new(),
            role: Some("arn:aws:iam::0:role/r".to_owned()),
            code: Some(hash(&STANDARD.encode([7; 32]))),
            ..Seen::default()
        }
    }

    fn changes(seen: &Seen) -> Vec<Change> {
        let mut changes = Changes::default();
        wanted().diff(&mut changes, seen);
        changes.done()
    }

    #[test]
    fn what_is_as_wanted_does_not_differ() {
        assert_eq!(changes(&seen()), []);
        assert!(wanted().is_in(&seen()));
        assert_eq!(wanted().code_sha256(), STANDARD.encode([7; 32]));
    }

    #[test]
    fn a_secret_is_told_to_differ_and_never_shown() {
        let mut seen = seen();
        seen.environment = [("TOKEN".to_owned(), "old".to_owned()), ("FOREIGN".to_owned(), "x".to_owned())].into();
        assert_eq!(
            changes(&seen),
            [
                Change::new("environment.FOREIGN", Side::Secret, Side::Absent),
                Change::new("environment.MODEL", Side::Absent, "a"),
                Change::new("environment.TOKEN", Side::Secret, Side::Secret),
            ]
        );
    }

    #[test]
    fn every_property_is_of_a_version_and_is_named_as_in_the_file() {
        let all = changes(&Seen::default());
        assert!(all.iter().all(|change| Configuration::has(&change.path)), "{all:?}");
        assert_eq!(all.len(), 10);
    }

    fn of_image() -> Configuration {
        let image = model::Image {
            account: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            host: "host".to_owned(),
            repository: "model".to_owned(),
            reference: model::ImageReference::Tag("1".to_owned()),
            command: vec!["app.run".to_owned()],
            entry_point: Vec::new(),
            working_directory: None,
        };
        let digest = Rc::new(OnceCell::from(format!("sha256:{}", "a".repeat(64))));
        Configuration { code: Code::Image(image, digest), ..wanted() }
    }

    #[test]
    fn an_image_is_compared_by_its_digest_and_a_version_has_nothing_else() {
        let wanted = of_image();
        let digits = "a".repeat(64);
        let version = Seen {
            runtime: None,
            handler: None,
            package_type: Some(IMAGE.to_owned()),
            code: Some(hash(&digits)),
            command: vec!["app.run".to_owned()],
            ..seen()
        };
        assert!(wanted.is_in(&version));
        assert_eq!(wanted.code_sha256(), digits);
        let paths = |seen: &Seen| {
            let mut changes = Changes::default();
            wanted.diff(&mut changes, seen);
            changes.done().into_iter().map(|change| change.path).collect::<Vec<_>>()
        };
        let moved = Seen { image: Some(format!("host/other@sha256:{digits}")), ..version.clone() };
        assert_eq!(paths(&moved), ["image"], "the same image in another repository");
        assert_eq!(paths(&Seen { code: Some("b".repeat(64)), ..version.clone() }), ["image"]);
        assert_eq!(paths(&Seen { command: Vec::new(), ..version }), ["command"]);
        assert_eq!(paths(&seen())[..1], ["image"]);
        assert_eq!(paths(&Seen { package_type: Some(ZIP.to_owned()), ..seen() })[0], "package_type");
    }
}
