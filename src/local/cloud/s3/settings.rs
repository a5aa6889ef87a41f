//! What is set on a bucket: tags, versioning, encryption, public access.

use crate::local::cloud::xml::{self, Writer};
use crate::local::cloud::{Call, Failure, Reply, Request};

use super::{Answer, Encryption, NAMESPACE, PublicAccessBlock, bucket, checked_tags, malformed};

pub fn get_tagging(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    let tags = &bucket(call, name, request)?.tags;
    if tags.is_empty() {
        return Err(Failure::new(404, "NoSuchTagSet", "The TagSet does not exist"));
    }
    Ok(tell_tags(tags))
}

/// A `Tagging` document.
pub fn tell_tags<'t>(tags: impl IntoIterator<Item = (&'t String, &'t String)>) -> Reply {
    let mut body = Writer::new();
    body.element("TagSet", |set| {
        for (key, value) in tags {
            set.element("Tag", |tag| {
                tag.text("Key", key).text("Value", value);
            });
        }
    });
    Reply::xml(200, body.document("Tagging", NAMESPACE))
}

/// The tags of a `Tagging` document.
pub fn read_tags(request: &Request) -> Result<Vec<(String, String)>, Failure> {
    let document = xml::parse(&request.body).ok_or_else(malformed)?;
    xml::child(document.root_element(), "TagSet").map(xml::tags).ok_or_else(malformed)
}

/// Replaces all tags.
pub fn put_tagging(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    let found = bucket(call, name, request)?;
    found.tags = checked_tags(read_tags(request)?, 50)?;
    Ok(Reply::empty(204))
}

pub fn delete_tagging(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    bucket(call, name, request)?.tags.clear();
    Ok(Reply::empty(204))
}

pub fn get_versioning(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    let found = bucket(call, name, request)?;
    let mut body = Writer::new();
    body.maybe("Status", found.versioning.as_deref());
    Ok(Reply::xml(200, body.document("VersioningConfiguration", NAMESPACE)))
}

pub fn put_versioning(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    let found = bucket(call, name, request)?;
    let document = xml::parse(&request.body).ok_or_else(malformed)?;
    match xml::text(document.root_element(), "Status") {
        Some(status) if status == "Enabled" || status == "Suspended" => found.versioning = Some(status),
        _ => return Err(malformed()),
    }
    Ok(Reply::empty(200))
}

pub fn get_encryption(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    let encryption = &bucket(call, name, request)?.encryption;
    let mut body = Writer::new();
    body.element("Rule", |rule| {
        rule.element("ApplyServerSideEncryptionByDefault", |default| {
            default.text("SSEAlgorithm", &encryption.algorithm).maybe("KMSMasterKeyID", encryption.key.as_deref());
        });
        rule.text("BucketKeyEnabled", encryption.bucket_key);
    });
    Ok(Reply::xml(200, body.document("ServerSideEncryptionConfiguration", NAMESPACE)))
}

pub fn put_encryption(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    let found = bucket(call, name, request)?;
    let document = xml::parse(&request.body).ok_or_else(malformed)?;
    let rule = xml::child(document.root_element(), "Rule").ok_or_else(malformed)?;
    let default = xml::child(rule, "ApplyServerSideEncryptionByDefault").ok_or_else(malformed)?;
    let algorithm = xml::text(default, "SSEAlgorithm").unwrap_or_default();
    if !matches!(algorithm.as_str(), "AES256" | "aws:kms" | "aws:kms:dsse") {
        return Err(malformed());
    }
    found.encryption = Encryption {
        algorithm,
        key: xml::text(default, "KMSMasterKeyID"),
        bucket_key: xml::text(rule, "BucketKeyEnabled").as_deref() == Some("true"),
    };
    Ok(Reply::empty(200))
}

pub fn get_public_access(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    let Some(block) = bucket(call, name, request)?.public_access_block else {
        let message = "The public access block configuration was not found";
        return Err(Failure::new(404, "NoSuchPublicAccessBlockConfiguration", message));
    };
    let mut body = Writer::new();
    body.text("BlockPublicAcls", block.block_acls)
        .text("IgnorePublicAcls", block.ignore_acls)
        .text("BlockPublicPolicy", block.block_policy)
        .text("RestrictPublicBuckets", block.restrict_buckets);
    Ok(Reply::xml(200, body.document("PublicAccessBlockConfiguration", NAMESPACE)))
}

pub fn put_public_access(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    let lag = u64::try_from(call.profile.public_access_opens.as_millis()).unwrap_or(u64::MAX);
    let opened = call.now.saturating_add(lag);
    let found = bucket(call, name, request)?;
    let document = xml::parse(&request.body).ok_or_else(malformed)?;
    let set = |member: &str| xml::text(document.root_element(), member).as_deref() == Some("true");
    let was_blocked = found.public_access_block.is_some_and(|block| block.block_policy);
    if was_blocked && !set("BlockPublicPolicy") {
        found.policies_blocked_until = opened;
    }
    found.public_access_block = Some(PublicAccessBlock {
        block_acls: set("BlockPublicAcls"),
        ignore_acls: set("IgnorePublicAcls"),
        block_policy: set("BlockPublicPolicy"),
        restrict_buckets: set("RestrictPublicBuckets"),
    });
    Ok(Reply::empty(200))
}

pub fn delete_public_access(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    bucket(call, name, request)?.public_access_block = None;
    Ok(Reply::empty(204))
}

/// As every new bucket has it.
pub fn get_ownership(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    bucket(call, name, request)?;
    let mut body = Writer::new();
    body.element("Rule", |rule| {
        rule.text("ObjectOwnership", "BucketOwnerEnforced");
    });
    Ok(Reply::xml(200, body.document("OwnershipControls", NAMESPACE)))
}
