//! What a version of the function is made of, wanted and seen, and how the two differ. The function is compared by it,
//! and so are its versions, so that both always agree on what is a new version.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_lambda::types;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::aws::Error;
use crate::engine::plan::{Change, Changes, Side};
use crate::package::{Zipped, hex};
use crate::spec::model::{self, Architecture, EnvironmentValue};

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
    /// SHA-256 of the zip, 64 lower-case digits.
    pub code: String,
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
    pub code: Option<String>,
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
            code: package.sha256_hex.clone(),
        }
    }

    /// Is the property part of a version?
    pub(super) fn has(path: &str) -> bool {
        Configuration::is_setting(path) || path == "code" || path == "architecture"
    }

    /// Is the property changed by `UpdateFunctionConfiguration`?
    pub(super) fn is_setting(path: &str) -> bool {
        let settings = ["runtime", "handler", "memory", "timeout", "ephemeral_storage", "layers", "role"];
        settings.contains(&path) || path.starts_with("environment.")
    }

    /// Property by property, named as in deploy.yaml.
    pub(super) fn diff(&self, changes: &mut Changes, seen: &Seen) {
        changes.compare("code", seen.code.clone(), self.code.clone());
        changes.compare("runtime", seen.runtime.clone(), self.runtime.clone());
        changes.compare("handler", seen.handler.clone(), self.handler.clone());
        changes.compare("memory", seen.memory, self.memory);
        changes.compare("timeout", seen.timeout, self.timeout.as_secs());
        changes.compare("architecture", seen.architecture.clone(), self.sdk_architecture().as_str());
        changes.compare("ephemeral_storage", seen.ephemeral_storage, self.ephemeral_storage);
        changes.compare("layers", list(&seen.layers), list(&self.layers));
        changes.compare("role", seen.role.clone(), self.role.clone());
        self.diff_environment(changes, &seen.environment);
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
            let after = side(after.map(|wanted| &wanted.value));
            changes.push(Change::new(format!("environment.{name}"), side(before), after));
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

    /// As Lambda spells the code's hash.
    pub(in crate::resources) fn code_base64(&self) -> String {
        let digits = self.code.as_bytes().chunks(2).filter_map(|pair| std::str::from_utf8(pair).ok());
        STANDARD.encode(digits.filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect::<Vec<u8>>())
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

/// No layers are no property.
fn list(layers: &[String]) -> Side {
    if layers.is_empty() { Side::Absent } else { Side::Value(Value::from(layers)) }
}

/// Lambda tells base64; the plan, the object's key and this program speak of the same hash in digits.
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
        let value = |value: &str, secret| EnvironmentValue { value: value.to_owned(), secret };
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
            code: hex(&[7; 32]),
        }
    }

    #[test]
    fn a_refusal_that_repeats_the_environment_does_not_tell_its_secrets() {
        let mut wanted = wanted();
        let secret = EnvironmentValue { value: "say \"hush-hush\"".to_owned(), secret: true };
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
        assert_eq!(wanted().code_base64(), STANDARD.encode([7; 32]));
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
}
