//! A name from its certificate to its alias record: where API Gateway meets ACM and Route 53 (`AWS_FACTS` B4, B6, B7).

use std::time::Duration;

use aws_sdk_acm::error::ProvideErrorMetadata;
use aws_sdk_acm::types::ValidationMethod;
use aws_sdk_apigateway::types::{EndpointConfiguration, EndpointType};
use aws_sdk_route53::types::{
    AliasTarget, Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType,
};
use poc::aws::EmbeddedCloud;
use poc::local::cloud::Profile;

use crate::support::{Rows, with_profile};

const NAME: &str = "api.example.com";

fn upsert(record: ResourceRecordSet) -> ChangeBatch {
    let change = Change::builder().action(ChangeAction::Upsert).resource_record_set(record).build();
    ChangeBatch::builder().changes(change.expect("a whole change")).build().expect("a whole batch")
}

fn cname(name: &str, value: &str) -> ResourceRecordSet {
    let value = ResourceRecord::builder().value(value).build().expect("a whole record");
    let record = ResourceRecordSet::builder().name(name).r#type(RrType::Cname).ttl(300).resource_records(value);
    record.build().expect("a whole set")
}

fn alias(target: &str, zone: &str) -> ResourceRecordSet {
    let target = AliasTarget::builder().dns_name(target).hosted_zone_id(zone).evaluate_target_health(false).build();
    let record = ResourceRecordSet::builder().name(NAME).r#type(RrType::A);
    record.alias_target(target.expect("a whole target")).build().expect("a whole set")
}

#[tokio::test(start_paused = true)]
async fn a_name_from_certificate_to_alias() {
    let profile = Profile {
        certificate_record: Duration::from_secs(8),
        certificate_issued: Duration::from_secs(60),
        certificate_released: Duration::from_secs(900),
        domain_regional: Duration::from_secs(30),
        ..Profile::quick()
    };
    let account = with_profile(profile);
    let config = EmbeddedCloud::from(account.cloud.clone()).sdk_config("us-east-1");
    let (acm, route53) = (aws_sdk_acm::Client::new(&config), aws_sdk_route53::Client::new(&config));
    let zones = route53.list_hosted_zones_by_name().dns_name("example.com").send().await.expect("zones");
    let zone = zones.hosted_zones()[0].id().to_owned();
    let change =
        |record| route53.change_resource_record_sets().hosted_zone_id(&zone).change_batch(upsert(record)).send();
    let mut rows = Rows::default();

    let request = acm.request_certificate().domain_name(NAME).validation_method(ValidationMethod::Dns).send().await;
    let certificate = request.expect("requested").certificate_arn.expect("arn");
    let create = || {
        let regional = EndpointConfiguration::builder().types(EndpointType::Regional).build();
        let create = account.create_domain_name().domain_name(NAME).endpoint_configuration(regional);
        create.regional_certificate_arn(&certificate).send()
    };
    let pending =
        "The specified SSL certificate doesn't exist, isn't valid, or doesn't include a valid certificate chain.";
    rows.refused("a certificate not yet validated", create().await, "BadRequestException", pending);

    tokio::time::advance(Duration::from_secs(30)).await;
    let seen = acm.describe_certificate().certificate_arn(&certificate).send().await.expect("described");
    let seen = seen.certificate.expect("a certificate");
    let record = seen.domain_validation_options()[0].resource_record().expect("the record is told").clone();
    change(cname(record.name(), record.value())).await.expect("validation record");
    rows.refused("its record has just been set", create().await, "BadRequestException", pending);
    tokio::time::advance(Duration::from_secs(60)).await;
    let domain = create().await.expect("issued, without anybody asking ACM in between");

    let delete = || acm.delete_certificate().certificate_arn(&certificate).send();
    rows.check("in use", delete().await.expect_err("in use").code() == Some("ResourceInUseException"));

    let target = domain.regional_domain_name().expect("target");
    let right = domain.regional_hosted_zone_id().expect("zone");
    rows.check("an alias in CloudFront's zone", change(alias(target, "Z2FDTNDATAQYW2")).await.is_err());
    let nowhere = "d-0000000000.execute-api.us-east-1.amazonaws.com";
    rows.check("an alias of no domain name", change(alias(nowhere, right)).await.is_err());
    change(alias(target, right)).await.expect("while the domain is still pending");

    account.delete_domain_name().domain_name(NAME).send().await.expect("deleted");
    rows.check("in use for a while", delete().await.is_err());
    tokio::time::advance(Duration::from_secs(900)).await;
    delete().await.expect("released");
}
