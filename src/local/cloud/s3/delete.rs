//! Objects deleted: one, or many at once.

use crate::local::cloud::xml::{self, Writer};
use crate::local::cloud::{ALNUM, Call, Failure, Reply, Request};

use super::{Answer, Bucket, NAMESPACE, Version, bucket, malformed, object};

const MOST_KEYS: usize = 1000;

/// What became of a deletion.
struct Deleted {
    /// The version that is gone, or the delete marker that was added.
    version: Option<String>,
    delete_marker: bool,
}

pub fn one(call: &mut Call<'_>, name: &str, key: &str, request: &Request) -> Answer {
    // With `If-Match` only what is known is deleted; that nothing is there is as good.
    match object::check_conditions(bucket(call, name, request)?, key, request) {
        Err(failure) if failure.code == "PreconditionFailed" => return Err(failure),
        _ => {}
    }
    let (fresh, now) = (call.id(32, ALNUM), call.now);
    let deleted = remove(bucket(call, name, request)?, key, request.query("versionId"), fresh, now);
    let mut reply = Reply::empty(204);
    if let Some(version) = &deleted.version {
        reply = reply.header("x-amz-version-id", version);
    }
    if deleted.delete_marker {
        reply = reply.header("x-amz-delete-marker", "true");
    }
    Ok(reply)
}

pub fn many(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    bucket(call, name, request)?;
    let document = xml::parse(&request.body).ok_or_else(malformed)?;
    let root = document.root_element();
    let quiet = xml::text(root, "Quiet").as_deref() == Some("true");
    let objects: Vec<(String, Option<String>)> = xml::children(root, "Object")
        .filter_map(|object| Some((xml::text(object, "Key")?, xml::text(object, "VersionId"))))
        .collect();
    if objects.is_empty() || objects.len() > MOST_KEYS {
        return Err(malformed());
    }
    let mut body = Writer::new();
    for (key, version) in objects {
        let (fresh, now) = (call.id(32, ALNUM), call.now);
        let found = bucket(call, name, request)?;
        let wrong = |id: &String| found.versioning.is_none() && id != "null";
        if let Some(id) = version.as_ref().filter(|id| wrong(id)) {
            body.element("Error", |error| {
                error.text("Key", &key).text("VersionId", id).text("Code", "NoSuchVersion");
                error.text("Message", "The specified version does not exist.");
            });
            continue;
        }
        let deleted = remove(found, &key, version.as_deref(), fresh, now);
        if quiet {
            continue;
        }
        body.element("Deleted", |out| {
            out.text("Key", &key).maybe("VersionId", version.as_deref());
            if deleted.delete_marker {
                out.text("DeleteMarker", true).maybe("DeleteMarkerVersionId", deleted.version.as_deref());
            }
        });
    }
    Ok(Reply::xml(200, body.document("DeleteResult", NAMESPACE)))
}

/// Deleting what is not there succeeds. With versioning a plain deletion hides the key behind a marker.
fn remove(found: &mut Bucket, key: &str, version: Option<&str>, fresh: String, now: u64) -> Deleted {
    let nothing = Deleted { version: None, delete_marker: false };
    match (version, found.versioning.as_deref()) {
        (Some(id), _) => {
            let Some(versions) = found.objects.get_mut(key) else { return nothing };
            let Some(at) = versions.iter().position(|version| version.id == id) else { return nothing };
            let gone = versions.remove(at);
            if versions.is_empty() {
                found.objects.remove(key);
            }
            Deleted { version: Some(gone.id), delete_marker: gone.delete_marker }
        }
        (None, None) => {
            found.objects.remove(key);
            nothing
        }
        (None, Some(status)) => {
            let id = if status == "Enabled" { fresh } else { "null".to_owned() };
            let versions = found.objects.entry(key.to_owned()).or_default();
            if id == "null" {
                versions.retain(|version| version.id != "null");
            }
            versions.push(Version { id: id.clone(), at: now, delete_marker: true, ..Version::default() });
            Deleted { version: Some(id), delete_marker: true }
        }
    }
}

pub fn no_such_upload() -> Failure {
    let message = "The specified upload does not exist. The upload ID may be invalid, or the upload may have been \
                   aborted or completed.";
    Failure::new(404, "NoSuchUpload", message)
}
