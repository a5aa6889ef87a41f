//! ACM: `AWS_FACTS` B6.

use aws_sdk_acm::types::ValidationMethod;
use aws_sdk_route53::types::{ChangeAction, RrType};

use super::route53::{batch, first_zone, plain};
use super::support::{Env, seconds};

#[tokio::test(start_paused = true)]
async fn a_certificate_is_issued_once_its_record_stands() {
    let env = Env::new();
    let zone = first_zone(&env).await;
    let arn = env
        .acm
        .request_certificate()
        .domain_name("api.example.com")
        .validation_method(ValidationMethod::Dns)
        .send()
        .await
        .unwrap()
        .certificate_arn
        .unwrap();
    let describe = async || {
        env.acm.describe_certificate().certificate_arn(&arn).send().await.map(|told| told.certificate.unwrap())
    };
    assert!(describe().await.is_err(), "for a moment ACM does not know it");
    seconds(4).await;
    assert!(describe().await.unwrap().domain_validation_options()[0].resource_record().is_none());
    seconds(4).await;
    let told = describe().await.unwrap();
    let record = told.domain_validation_options()[0].resource_record().unwrap().clone();
    seconds(600).await;
    assert_eq!(describe().await.unwrap().status().unwrap().as_str(), "PENDING_VALIDATION");
    let cname = plain(record.name(), RrType::Cname, record.value());
    env.route53
        .change_resource_record_sets()
        .hosted_zone_id(zone)
        .change_batch(batch([(ChangeAction::Upsert, cname)]))
        .send()
        .await
        .unwrap();
    assert_eq!(describe().await.unwrap().status().unwrap().as_str(), "PENDING_VALIDATION");
    seconds(60).await;
    assert_eq!(describe().await.unwrap().status().unwrap().as_str(), "ISSUED");
}
