//! `AWS_FACTS` B4: custom domain names, their certificates and states, and base path mappings.

use std::time::Duration;

use aws_sdk_apigateway::types::{
    DomainNameStatus, EndpointConfiguration, EndpointType, MutualTlsAuthenticationInput, SecurityPolicy,
};
use poc::local::cloud::Profile;
use poc::local::cloud::apigateway::AliasTarget;

use crate::support::{Account, Rows, account, replace, with_profile};

const NO_CERTIFICATE: &str =
    "The specified SSL certificate doesn't exist, isn't valid, or doesn't include a valid certificate chain.";

fn regional() -> EndpointConfiguration {
    EndpointConfiguration::builder().types(EndpointType::Regional).build()
}

async fn domain(account: &Account, name: &str) {
    let certificate = account.certificate("us-east-1", name, true, &[name]).await;
    let create = account.create_domain_name().domain_name(name).endpoint_configuration(regional());
    create.regional_certificate_arn(certificate).send().await.expect("domain");
}

#[tokio::test]
async fn certificates_are_looked_at() {
    let account = account();
    let create = |arn: &str| {
        let create = account.create_domain_name().domain_name("api.example.com").endpoint_configuration(regional());
        create.regional_certificate_arn(arn).send()
    };
    let elsewhere = account.certificate("eu-west-1", "elsewhere", true, &["api.example.com"]).await;
    let pending = account.certificate("us-east-1", "pending", false, &["api.example.com"]).await;
    let other = account.certificate("us-east-1", "other", true, &["*.api.example.com", "example.com"]).await;
    let wildcard = account.certificate("us-east-1", "wildcard", true, &["*.example.com"]).await;
    let mut rows = Rows::default();
    let wrong_place = format!("Invalid certificate ARN: {elsewhere}. Certificate must be in 'us-east-1'.");
    rows.refused("another region", create(&elsewhere).await, "BadRequestException", &wrong_place);
    let edge = account.create_domain_name().domain_name("api.example.com").certificate_arn(&elsewhere).send().await;
    rows.refused("edge without endpointConfiguration", edge, "BadRequestException", &wrong_place);
    rows.refused("pending", create(&pending).await, "BadRequestException", NO_CERTIFICATE);
    rows.refused("another name", create(&other).await, "BadRequestException", NO_CERTIFICATE);
    let unknown = "arn:aws:acm:us-east-1:000000000000:certificate/nothere";
    rows.refused("unknown", create(unknown).await, "BadRequestException", NO_CERTIFICATE);
    rows.accepted("a wildcard above it", create(&wildcard).await);
    rows.refused(
        "twice",
        create(&wildcard).await,
        "BadRequestException",
        "The domain name you provided already exists.",
    );
}

#[tokio::test]
async fn targets_come_at_once() {
    let account = account();
    domain(&account, "api.example.com").await;
    let seen = account.get_domain_name().domain_name("api.example.com").send().await.expect("domain");
    let target = seen.regional_domain_name().expect("target").to_owned();
    let name = target.strip_prefix("d-").and_then(|rest| rest.strip_suffix(".execute-api.us-east-1.amazonaws.com"));
    assert_eq!(name.map(str::len), Some(10));
    let zone = seen.regional_hosted_zone_id().expect("zone").to_owned();

    let certificate = account.certificate("us-east-1", "edge", true, &["edge.example.com"]).await;
    let edge = account.create_domain_name().domain_name("edge.example.com").certificate_arn(certificate).send().await;
    let edge = edge.expect("domain");
    assert_eq!(edge.distribution_hosted_zone_id(), Some("Z2FDTNDATAQYW2"));
    let distribution = edge.distribution_domain_name().expect("target").to_owned();
    assert_eq!(distribution.strip_suffix(".cloudfront.net").map(str::len), Some(14));

    let found = account.cloud.inspect(|state| {
        let gateway = &state.apigateway;
        [
            gateway.alias_target_exists(&format!("{target}."), &zone),
            gateway.alias_target_exists(&target, "Z2FDTNDATAQYW2"),
            gateway.alias_target_exists("d-0000000000.execute-api.us-east-1.amazonaws.com", &zone),
            gateway.alias_target_exists(&distribution.to_uppercase(), "Z2FDTNDATAQYW2"),
        ]
    });
    let expected = [AliasTarget::Found, AliasTarget::WrongZone, AliasTarget::Missing, AliasTarget::Found];
    assert_eq!(found.await.expect("memory does not fail"), expected);
}

#[tokio::test(start_paused = true)]
async fn a_domain_passes_through_its_states() {
    let account = with_profile(Profile { domain_regional: Duration::from_secs(60), ..Profile::quick() });
    domain(&account, "api.example.com").await;
    let status = || async {
        let seen = account.get_domain_name().domain_name("api.example.com").send().await.expect("domain");
        seen.domain_name_status().cloned()
    };
    assert_eq!(status().await, Some(DomainNameStatus::Pending));
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(status().await, Some(DomainNameStatus::Available));
    let update = |policy: &str| {
        let operation = replace("/securityPolicy", policy);
        account.update_domain_name().domain_name("api.example.com").patch_operations(operation).send()
    };
    update("TLS_1_0").await.expect("an available domain can be changed");
    assert_eq!(status().await, Some(DomainNameStatus::Updating));
    let refused = update("TLS_1_2").await.expect_err("while UPDATING it cannot be modified further");
    assert!(refused.into_service_error().is_bad_request_exception());
    tokio::time::advance(Duration::from_secs(60)).await;
    update("TLS_1_2").await.expect("available again");
}

#[tokio::test]
async fn security_policies_and_mutual_tls_fit_together() {
    let account = account();
    let certificate = account.certificate("us-east-1", "c", true, &["*.example.com"]).await;
    let create = |name: &str| {
        let create = account.create_domain_name().domain_name(format!("{name}.example.com"));
        create.endpoint_configuration(regional()).regional_certificate_arn(&certificate)
    };
    let tls = |uri: &str| MutualTlsAuthenticationInput::builder().truststore_uri(uri).build();
    let enhanced = SecurityPolicy::from("SecurityPolicy_TLS13_1_3_2025_09");
    let mut rows = Rows::default();
    let no_mode = create("a").security_policy(enhanced.clone()).send().await;
    rows.check("an enhanced policy needs an access mode", no_mode.is_err());
    let with_mode = create("b").security_policy(enhanced.clone()).endpoint_access_mode("BASIC".into());
    let both = with_mode.clone().mutual_tls_authentication(tls("s3://bucket/trust.pem"));
    rows.check("an enhanced policy excludes mutual TLS", both.send().await.is_err());
    rows.accepted("with its access mode", with_mode.send().await);
    let mode_alone = create("c").security_policy(SecurityPolicy::Tls12).endpoint_access_mode("BASIC".into());
    rows.check("an access mode needs an enhanced policy", mode_alone.send().await.is_err());
    let edge_policy =
        create("d").security_policy("SecurityPolicy_TLS13_2025_EDGE".into()).endpoint_access_mode("BASIC".into());
    rows.check("an edge policy is for edge", edge_policy.send().await.is_err());
    let old =
        create("e").security_policy(SecurityPolicy::Tls10).mutual_tls_authentication(tls("s3://bucket/trust.pem"));
    rows.check("mutual TLS needs TLS 1.2", old.send().await.is_err());
    rows.check("a truststore in S3", create("f").mutual_tls_authentication(tls("https://x")).send().await.is_err());
    rows.accepted("mutual TLS", create("g").mutual_tls_authentication(tls("s3://bucket/trust.pem")).send().await);
}

#[tokio::test]
async fn mappings_are_refused() {
    let account = account();
    let api = account.deployed().await;
    domain(&account, "api.example.com").await;
    let create = |path: Option<&str>, api: &str, stage: &str| {
        let create = account.create_base_path_mapping().domain_name("api.example.com").rest_api_id(api).stage(stage);
        create.set_base_path(path.map(str::to_owned)).send()
    };
    let mut rows = Rows::default();
    rows.refused(
        "a slash",
        create(Some("a/b"), &api.id, "prod").await,
        "BadRequestException",
        "API Gateway V1 doesn't support the slash character (/) in base path mappings. To create a multi-level base path mapping, use API Gateway V2.",
    );
    rows.refused(
        "unknown API",
        create(Some("poc"), "nothere", "prod").await,
        "BadRequestException",
        "Invalid REST API identifier specified",
    );
    rows.refused(
        "unknown stage",
        create(Some("poc"), &api.id, "nothere").await,
        "BadRequestException",
        "Invalid stage identifier specified",
    );
    rows.accepted("mapping", create(Some("poc"), &api.id, "prod").await);
    rows.refused(
        "twice",
        create(Some("poc"), &api.id, "prod").await,
        "ConflictException",
        "Base path already exists for this domain name",
    );
    rows.accepted("the empty path", create(None, &api.id, "prod").await);
    let get = |path: &str| account.get_base_path_mapping().domain_name("api.example.com").base_path(path).send();
    rows.accepted("is addressed as (none)", get("(none)").await);

    let other = account.deployed().await;
    let update = |operation| {
        let update = account.update_base_path_mapping().domain_name("api.example.com").base_path("poc");
        update.patch_operations(operation).send()
    };
    let moved = update(replace("/restapiId", &other.id)).await.expect("this casing");
    rows.check("moved to the other API", moved.rest_api_id() == Some(other.id.as_str()));
    rows.check("the other casing is refused", update(replace("/restApiId", &api.id)).await.is_err());
    rows.refused(
        "DeleteRestApi under it",
        account.delete_rest_api().rest_api_id(&other.id).send().await,
        "BadRequestException",
        &format!("Deleting RestApi {} failed. Please remove all base path mappings related to the RestApi in your domains: api.example.com.", other.id),
    );
    rows.refused(
        "DeleteStage under it",
        account.delete_stage().rest_api_id(&other.id).stage_name("prod").send().await,
        "BadRequestException",
        "Deleting stage prod failed. Please remove all base path mappings related to the stage in your domains: api.example.com",
    );
    rows.accepted("renamed", update(replace("/basePath", "v1")).await);
    rows.check("the old path is free", get("poc").await.is_err());
    let delete = |path: &str| account.delete_base_path_mapping().domain_name("api.example.com").base_path(path).send();
    rows.accepted("delete", delete("v1").await);
    rows.accepted("delete the empty one", delete("(none)").await);
    rows.check("once", delete("(none)").await.expect_err("gone").into_service_error().is_not_found_exception());
}
