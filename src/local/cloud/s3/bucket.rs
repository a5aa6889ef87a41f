//! Buckets themselves: made, told, deleted.

use std::net::Ipv4Addr;

use crate::local::cloud::stamp::iso;
use crate::local::cloud::xml::{self, Writer};
use crate::local::cloud::{ACCOUNT, Call, Failure, Reply, Request};

use super::{Answer, Bucket, NAMESPACE, PublicAccessBlock, bucket, checked_tags, malformed, upload};

/// The region whose buckets are made without a location constraint.
const FIRST_REGION: &str = "us-east-1";

pub fn list(call: &mut Call<'_>) -> Answer {
    let mut body = Writer::new();
    body.element("Owner", |owner| {
        owner.text("ID", ACCOUNT);
    });
    body.element("Buckets", |out| {
        for (name, bucket) in call.state.s3.buckets.iter().filter(|(_, bucket)| bucket.owner == ACCOUNT) {
            out.element("Bucket", |one| {
                one.text("Name", name).text("CreationDate", iso(bucket.created)).text("BucketRegion", &bucket.region);
            });
        }
    });
    Ok(Reply::xml(200, body.document("ListAllMyBucketsResult", NAMESPACE)))
}

pub fn create(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    if !is_good_name(name) {
        return Err(Failure::new(400, "InvalidBucketName", "The specified bucket is not valid."));
    }
    let (constraint, tags) = configuration(request)?;
    check_location(&call.region, constraint.as_deref())?;
    let tags = checked_tags(tags, 50)?;
    if let Some(taken) = call.state.s3.buckets.get(name) {
        if taken.owner != ACCOUNT {
            let message = "The requested bucket name is not available. The bucket namespace is shared by all users \
                           of the system. Please select a different name and try again.";
            return Err(Failure::new(409, "BucketAlreadyExists", message));
        }
        // In us-east-1 making one's own bucket again succeeds, unless tags are given (`AWS_FACTS` B9).
        if taken.region != FIRST_REGION || call.region != FIRST_REGION || !tags.is_empty() {
            let message =
                "Your previous request to create the named bucket succeeded and you already own it.".to_owned();
            return Err(Failure::new(409, "BucketAlreadyOwnedByYou", message));
        }
    } else {
        let made = Bucket {
            owner: ACCOUNT.to_owned(),
            region: call.region.clone(),
            created: call.now,
            tags,
            public_access_block: Some(PublicAccessBlock {
                block_acls: true,
                ignore_acls: true,
                block_policy: true,
                restrict_buckets: true,
            }),
            ..Bucket::default()
        };
        call.state.s3.buckets.insert(name.to_owned(), made);
    }
    Ok(Reply::empty(200).header("location", &format!("/{name}")))
}

type Configuration = (Option<String>, Vec<(String, String)>);

/// LocationConstraint and tags of a CreateBucketConfiguration, if one is sent.
fn configuration(request: &Request) -> Result<Configuration, Failure> {
    if request.body.is_empty() {
        return Ok((None, Vec::new()));
    }
    let document = xml::parse(&request.body).ok_or_else(malformed)?;
    let root = document.root_element();
    let tags = xml::child(root, "Tags").map(xml::tags).unwrap_or_default();
    Ok((xml::text(root, "LocationConstraint").filter(|text| !text.is_empty()), tags))
}

fn check_location(region: &str, constraint: Option<&str>) -> Result<(), Failure> {
    let incompatible = |constraint: &str| {
        let message = format!(
            "The {constraint} location constraint is incompatible for the region specific endpoint this request was \
             sent to."
        );
        Err(Failure::new(400, "IllegalLocationConstraintException", message))
    };
    match (region, constraint) {
        (FIRST_REGION, None) => Ok(()),
        // Of the first region alone the name is not a location constraint.
        (FIRST_REGION, Some(FIRST_REGION)) => {
            Err(Failure::new(400, "InvalidLocationConstraint", "The specified location-constraint is not valid"))
        }
        (FIRST_REGION, Some(other)) => incompatible(other),
        (_, None) => incompatible("unspecified"),
        (region, Some(constraint)) if region == constraint => Ok(()),
        (_, Some(constraint)) => incompatible(constraint),
    }
}

fn is_good_name(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = name.as_bytes();
    (3..=63).contains(&name.len())
        && bytes.iter().all(|&byte| letter(byte) || byte == b'-' || byte == b'.')
        && bytes.first().copied().is_some_and(letter)
        && bytes.last().copied().is_some_and(letter)
        && !name.contains("..")
        && !name.starts_with("xn--")
        && !name.ends_with("-s3alias")
        && name.parse::<Ipv4Addr>().is_err()
}

/// 404 when there is none, 403 when it is another's, 301 when it is in another region; the region is told in any case.
pub fn head(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    let region = call.state.s3.buckets.get(name).map(|bucket| bucket.region.clone());
    let reply = match bucket(call, name, request) {
        Ok(_) => Reply::empty(200).header("x-amz-access-point-alias", "false"),
        Err(failure) => Reply::empty(failure.status),
    };
    Ok(match region {
        Some(region) => reply.header("x-amz-bucket-region", &region),
        None => reply,
    })
}

/// Told to every region; an empty constraint means us-east-1.
pub fn location(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    let found = call.state.s3.buckets.get(name);
    let region = match found {
        Some(found) if found.owner == ACCOUNT => found.region.clone(),
        _ => bucket(call, name, request)?.region.clone(),
    };
    let constraint = if region == FIRST_REGION { "" } else { &region };
    Ok(Reply::xml(
        200,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<LocationConstraint xmlns=\"{NAMESPACE}\">{constraint}</LocationConstraint>"
        ),
    ))
}

pub fn delete(call: &mut Call<'_>, name: &str, request: &Request) -> Answer {
    let found = bucket(call, name, request)?;
    if !found.objects.is_empty() {
        let mut message = "The bucket you tried to delete is not empty".to_owned();
        if found.versioning.is_some() {
            message.push_str(". You must delete all versions in the bucket.");
        }
        return Err(Failure::new(409, "BucketNotEmpty", message));
    }
    call.state.s3.buckets.remove(name);
    // Uploads that nobody finished do not hold up the deletion; they go along.
    let of_bucket = call.state.s3.uploads.iter().filter(|(_, upload)| upload.bucket == name);
    let ids: Vec<String> = of_bucket.map(|(id, _)| id.clone()).collect();
    ids.iter().for_each(|id| upload::forget(call, id));
    Ok(Reply::empty(204))
}
