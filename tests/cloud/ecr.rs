//! ECR: repositories, what a tag means, and which images are taken for existing.

use aws_sdk_ecr::types::{ImageIdentifier, ImageTagMutability};
use poc::clock::Clock;
use poc::local::cloud::{ACCOUNT, Cloud, Profile};

use crate::support::{Env, profile, refused};

fn strict() -> (Env, aws_sdk_ecr::Client) {
    let clock = Clock::system();
    let cloud = Cloud::in_memory(clock, Profile { assumes_images: false, ..profile() });
    let env = Env::of(cloud, clock, "us-east-1");
    let client = aws_sdk_ecr::Client::new(&env.config);
    (env, client)
}

fn tag(tag: &str) -> ImageIdentifier {
    ImageIdentifier::builder().image_tag(tag).build()
}

const MANIFEST: &str = r#"{"schemaVersion": 2}"#;

#[tokio::test(start_paused = true)]
async fn a_repository_holds_what_was_put_there() {
    let (_env, ecr) = strict();
    let made = ecr.create_repository().repository_name("team/model").send().await.unwrap().repository.unwrap();
    assert_eq!(made.repository_uri(), Some("000000000000.dkr.ecr.us-east-1.amazonaws.com/team/model"));
    refused(
        ecr.create_repository().repository_name("team/model").send().await,
        "RepositoryAlreadyExistsException",
        &format!("The repository with name 'team/model' already exists in the registry with id '{ACCOUNT}'"),
    );
    let put = |tag: &str, manifest: &str| {
        ecr.put_image().repository_name("team/model").image_tag(tag).image_manifest(manifest).send()
    };
    let digest = put("1", MANIFEST).await.unwrap().image.unwrap().image_id.unwrap().image_digest.unwrap();
    assert!(digest.starts_with("sha256:") && digest.len() == 71);
    refused(
        put("1", MANIFEST).await,
        "ImageAlreadyExistsException",
        &format!(
            "Image with digest '{digest}' and tag '1' already exists in the repository with name 'team/model' in registry with id '{ACCOUNT}'"
        ),
    );
    put("2", MANIFEST).await.unwrap();
    let told = ecr.describe_images().repository_name("team/model").image_ids(tag("1")).send().await.unwrap();
    let image = &told.image_details()[0];
    assert_eq!(
        (image.image_digest(), image.image_tags()),
        (Some(digest.as_str()), &["1".to_owned(), "2".to_owned()][..])
    );
    assert_eq!(image.image_manifest_media_type(), Some("application/vnd.docker.distribution.manifest.v2+json"));
    // Moved.
    put("1", "{}").await.unwrap();
    let told = ecr.describe_images().repository_name("team/model").image_ids(tag("1")).send().await.unwrap();
    assert_ne!(told.image_details()[0].image_digest(), Some(digest.as_str()));
    let by_digest = ImageIdentifier::builder().image_digest(&digest).build();
    let told = ecr.describe_images().repository_name("team/model").image_ids(by_digest).send().await.unwrap();
    assert_eq!(told.image_details()[0].image_tags(), ["2"]);
    refused(
        ecr.describe_images().repository_name("team/model").image_ids(tag("9")).send().await,
        "ImageNotFoundException",
        &format!(
            "The image with imageId {{imageDigest:'null', imageTag:'9'}} does not exist within the repository with name \
             'team/model' in the registry with id '{ACCOUNT}'"
        ),
    );
    refused(
        ecr.delete_repository().repository_name("team/model").send().await,
        "RepositoryNotEmptyException",
        &format!(
            "The repository with name 'team/model' in registry with id '{ACCOUNT}' cannot be deleted because it still \
             contains images"
        ),
    );
    ecr.delete_repository().repository_name("team/model").force(true).send().await.unwrap();
    let missing = format!("The repository with name 'team/model' does not exist in the registry with id '{ACCOUNT}'");
    refused(
        ecr.describe_images().repository_name("team/model").image_ids(tag("1")).send().await,
        "RepositoryNotFoundException",
        &missing,
    );
    refused(put("1", MANIFEST).await, "RepositoryNotFoundException", &missing);
    assert!(ecr.describe_repositories().send().await.unwrap().repositories().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_immutable_tag_stays() {
    let (_env, ecr) = strict();
    let create = ecr.create_repository().repository_name("model").image_tag_mutability(ImageTagMutability::Immutable);
    create.send().await.unwrap();
    let put = |manifest: &str| ecr.put_image().repository_name("model").image_tag("1").image_manifest(manifest).send();
    put(MANIFEST).await.unwrap();
    refused(
        put("{}").await,
        "ImageTagAlreadyExistsException",
        "The image tag '1' already exists in the 'model' repository and cannot be overwritten because the repository is \
         immutable.",
    );
}

#[tokio::test(start_paused = true)]
async fn what_nobody_put_there_exists_where_that_is_assumed() {
    let env = Env::new();
    let ecr = aws_sdk_ecr::Client::new(&env.config);
    let digest = async |registry: &str, name: &str, id: ImageIdentifier| {
        let describe = ecr.describe_images().registry_id(registry).repository_name(name).image_ids(id);
        let told = describe.send().await.unwrap();
        told.image_details()[0].image_digest().unwrap().to_owned()
    };
    let one = digest(ACCOUNT, "model", tag("1")).await;
    assert_eq!(one, digest(ACCOUNT, "model", tag("1")).await, "the same whenever it is asked");
    assert_ne!(one, digest(ACCOUNT, "model", tag("2")).await);
    assert_ne!(one, digest("123456789012", "model", tag("1")).await);
    let named = ImageIdentifier::builder().image_digest(&one).build();
    assert_eq!(one, digest(ACCOUNT, "other", named).await, "a digest means itself");
    // A repository that was made holds what was put there, and no more.
    ecr.create_repository().repository_name("model").send().await.unwrap();
    let describe = ecr.describe_images().repository_name("model").image_ids(tag("1"));
    assert!(describe.send().await.unwrap_err().into_service_error().is_image_not_found_exception());
}
