//! One version of a function: its whole configuration and the code it runs.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::local::cloud::{Call, Profile, stamp};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Version {
    /// `$LATEST`, or a number.
    pub number: String,
    pub configuration: Configuration,
    pub code: Code,
    /// Told until what goes on is through, and then the settled one.
    pub revision: String,
    pub settled_revision: Option<String>,
    pub modified: u64,
    /// Pending from here on, for a while.
    pub created: u64,
    /// An update is in progress from here on, for a while.
    pub updated: Option<u64>,
}

/// What CreateFunction and UpdateFunctionConfiguration set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Configuration {
    pub role: String,
    pub runtime: String,
    pub handler: String,
    pub description: String,
    pub timeout_seconds: u64,
    pub memory_mb: u64,
    pub ephemeral_storage_mb: u64,
    pub architecture: String,
    /// In the order they were sent.
    pub environment: Option<IndexMap<String, String>>,
    pub layers: Vec<String>,
    pub tracing: String,
    pub snap_start: String,
    /// `LogFormat`, `LogGroup`, …: where set.
    pub logging: BTreeMap<String, String>,
    pub dead_letter_target: Option<String>,
    /// `EntryPoint`, `Command`, `WorkingDirectory`: where set.
    pub image: Option<Value>,
    pub kms_key: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Code {
    /// Where the zip's bytes are: the key into [`crate::local::cloud::Blobs`].
    pub blob: String,
    /// The same hash, base64: what Lambda tells as CodeSha256. Of an image, the digits of its digest.
    pub sha256: String,
    pub size: u64,
    /// What is run in place of a zip.
    pub image: Option<ImageCode>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageCode {
    /// As it was named.
    pub uri: String,
    /// By its digest.
    pub resolved: String,
}

impl Version {
    /// `Pending` or `Active`.
    pub fn state(&self, call: &Call<'_>) -> &'static str {
        if self.is_pending(call.now, call.profile) { "Pending" } else { "Active" }
    }

    /// Too new to be called at `now`, in milliseconds since 1970.
    pub fn is_pending(&self, now: u64, profile: &Profile) -> bool {
        stamp::age(now, self.created) < profile.function_settles
    }

    pub fn update_in_progress(&self, call: &Call<'_>) -> bool {
        self.updated.is_some_and(|since| !call.passed(since, call.profile.function_settles))
    }

    /// The revision id as of now: it changes once more when an update is through.
    pub fn revision(&self, call: &Call<'_>) -> &str {
        let settled = self.state(call) == "Active" && !self.update_in_progress(call);
        self.settled_revision.as_deref().filter(|_| settled).unwrap_or(&self.revision)
    }

    /// As Lambda tells a function's configuration. `qualifier` ends the ARN, where the caller gave one.
    pub fn tell(&self, call: &Call<'_>, name: &str, arn: &str, qualifier: Option<&str>) -> Value {
        let set = &self.configuration;
        let mut told = json!({
            "FunctionName": name,
            "FunctionArn": qualifier.map_or_else(|| arn.to_owned(), |qualifier| format!("{arn}:{qualifier}")),
            "Runtime": set.runtime,
            "Role": set.role,
            "Handler": set.handler,
            "CodeSize": self.code.size,
            "Description": set.description,
            "Timeout": set.timeout_seconds,
            "MemorySize": set.memory_mb,
            "LastModified": stamp::lambda(self.modified),
            "CodeSha256": self.code.sha256,
            "Version": self.number,
            "TracingConfig": { "Mode": set.tracing },
            "RevisionId": self.revision(call),
            "PackageType": "Zip",
            "Architectures": [set.architecture],
            "EphemeralStorage": { "Size": set.ephemeral_storage_mb },
            "SnapStart": { "ApplyOn": set.snap_start, "OptimizationStatus": "Off" },
            "LoggingConfig": logging(set, name),
            "State": self.state(call),
        });
        if self.code.image.is_some()
            && let Some(members) = told.as_object_mut()
        {
            members.remove("Runtime");
            members.remove("Handler");
            members.insert("PackageType".to_owned(), super::image::IMAGE.into());
            if let Some(config) =
                set.image.as_ref().filter(|config| config.as_object().is_some_and(|set| !set.is_empty()))
            {
                members.insert("ImageConfigResponse".to_owned(), json!({ "ImageConfig": config }));
            }
        }
        if self.state(call) == "Pending" {
            told["StateReason"] = "The function is being created.".into();
            told["StateReasonCode"] = "Creating".into();
        } else if self.update_in_progress(call) {
            told["LastUpdateStatus"] = "InProgress".into();
            told["LastUpdateStatusReason"] = "The function is being created.".into();
            told["LastUpdateStatusReasonCode"] = "Creating".into();
        } else {
            told["LastUpdateStatus"] = "Successful".into();
        }
        if let Some(variables) = &set.environment {
            told["Environment"] = json!({ "Variables": variables });
        }
        if !set.layers.is_empty() {
            let layers = set.layers.iter().map(|arn| json!({ "Arn": arn, "CodeSize": 0 }));
            told["Layers"] = layers.collect::<Vec<_>>().into();
        }
        if let Some(target) = &set.dead_letter_target {
            told["DeadLetterConfig"] = json!({ "TargetArn": target });
        }
        if let Some(key) = &set.kms_key {
            told["KMSKeyArn"] = key.as_str().into();
        }
        told
    }
}

fn logging(set: &Configuration, name: &str) -> Value {
    let mut told = json!({ "LogFormat": "Text", "LogGroup": format!("/aws/lambda/{name}") });
    for (member, value) in &set.logging {
        told[member] = value.as_str().into();
    }
    told
}
