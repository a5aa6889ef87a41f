//! ACM: `AWS_FACTS` B6.

use aws_sdk_acm::types::ValidationMethod;
use aws_sdk_route53::types::{ChangeAction, RrType};

use super::route53::{batch, first_zone, plain};
use super::support::{Env, refusal, refused, seconds};

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

async fn request(env: &Env, domain: &str, token: Option<&str>) -> String {
    let request = env.acm.request_certificate().domain_name(domain).validation_method(ValidationMethod::Dns);
    request.set_idempotency_token(token.map(str::to_owned)).send().await.unwrap().certificate_arn.unwrap()
}

async fn describe(env: &Env, arn: &str) -> aws_sdk_acm::types::CertificateDetail {
    env.acm.describe_certificate().certificate_arn(arn).send().await.unwrap().certificate.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_token_means_one_certificate_for_an_hour_even_a_deleted_one() {
    let env = Env::new();
    let first = request(&env, "api.example.com", Some("t_1")).await;
    assert_eq!(request(&env, "api.example.com", Some("t_1")).await, first);
    assert_ne!(request(&env, "api.example.com", Some("t_2")).await, first);
    assert_ne!(request(&env, "api.example.com", None).await, first);
    seconds(10).await;
    env.acm.delete_certificate().certificate_arn(&first).send().await.unwrap();
    assert_eq!(request(&env, "api.example.com", Some("t_1")).await, first);
    seconds(3600).await;
    assert_ne!(request(&env, "api.example.com", Some("t_1")).await, first);
    let hyphen = env.acm.request_certificate().domain_name("api.example.com").idempotency_token("a-b").send().await;
    assert_eq!(refusal(hyphen).0, "ValidationException");
}

#[tokio::test(start_paused = true)]
async fn a_wildcard_shares_its_apex_record_and_each_domain_gets_it_in_its_own_time() {
    let env = Env::new();
    let arn = env
        .acm
        .request_certificate()
        .domain_name("example.com")
        .subject_alternative_names("*.example.com")
        .subject_alternative_names("other.example.com")
        .validation_method(ValidationMethod::Dns)
        .send()
        .await
        .unwrap()
        .certificate_arn
        .unwrap();
    seconds(8).await;
    let told = describe(&env, &arn).await;
    let told_now = told.domain_validation_options().iter().filter(|option| option.resource_record().is_some()).count();
    assert_eq!(told_now, 1);
    seconds(60).await;
    let told = describe(&env, &arn).await;
    let names: Vec<_> =
        told.domain_validation_options().iter().map(|option| option.resource_record().unwrap().name()).collect();
    assert_eq!(names[0], names[1]);
    assert_ne!(names[0], names[2]);
    assert_eq!((told.status().unwrap().as_str(), told.in_use_by().len()), ("PENDING_VALIDATION", 0));
    assert_eq!(told.key_algorithm().unwrap().as_str(), "RSA-2048");
    assert_eq!(told.renewal_eligibility().unwrap().as_str(), "INELIGIBLE");
    let again = request(&env, "example.com", None).await;
    seconds(60).await;
    let again = describe(&env, &again).await;
    let record = again.domain_validation_options()[0].resource_record().unwrap();
    assert_eq!(record.name(), names[0], "the record follows from the domain, not from the certificate");
}

#[tokio::test(start_paused = true)]
async fn neither_a_wrong_value_nor_a_private_zone_nor_half_the_records_issue() {
    let env = Env::new();
    let arn = env
        .acm
        .request_certificate()
        .domain_name("a.example.com")
        .subject_alternative_names("b.example.com")
        .validation_method(ValidationMethod::Dns)
        .send()
        .await
        .unwrap()
        .certificate_arn
        .unwrap();
    seconds(60).await;
    let told = describe(&env, &arn).await;
    let record = |at: usize| told.domain_validation_options()[at].resource_record().unwrap().clone();
    let network = aws_sdk_route53::types::Vpc::builder()
        .vpc_id("vpc-1")
        .vpc_region(aws_sdk_route53::types::VpcRegion::UsEast1)
        .build();
    let private =
        env.route53.create_hosted_zone().name("example.com").caller_reference("p").vpc(network).send().await.unwrap();
    let private = private.hosted_zone().unwrap().id().to_owned();
    let public = first_zone(&env).await;
    let stand = async |zone: &str, name: &str, value: &str| {
        let change = batch([(ChangeAction::Upsert, plain(name, RrType::Cname, value))]);
        env.route53.change_resource_record_sets().hosted_zone_id(zone).change_batch(change).send().await.unwrap();
        seconds(60).await;
        describe(&env, &arn).await.status().unwrap().as_str().to_owned()
    };
    assert_eq!(stand(&private, record(0).name(), record(0).value()).await, "PENDING_VALIDATION");
    assert_eq!(stand(&public, record(1).name(), record(1).value()).await, "PENDING_VALIDATION");
    assert_eq!(stand(&public, record(0).name(), "_wrong.acm-validations.aws.").await, "PENDING_VALIDATION");
    assert_eq!(stand(&public, record(0).name(), record(0).value()).await, "ISSUED");
}

#[tokio::test(start_paused = true)]
async fn a_certificate_in_use_stays_until_it_is_let_go_and_a_while_longer() {
    let env = Env::new();
    let arn = request(&env, "api.example.com", None).await;
    seconds(10).await;
    let hold = async |held: bool| {
        let now = env.clock.epoch_millis();
        env.cloud.inspect(|state| state.acm.set_in_use(&arn, "arn:domain", held, now)).await.unwrap();
    };
    hold(true).await;
    let delete = async || env.acm.delete_certificate().certificate_arn(&arn).send().await;
    let message = format!("Certificate {arn} is in use.");
    refused(delete().await, "ResourceInUseException", &message);
    assert_eq!(describe(&env, &arn).await.in_use_by(), ["arn:domain"]);
    hold(false).await;
    seconds(600).await;
    refused(delete().await, "ResourceInUseException", &message);
    seconds(300).await;
    delete().await.unwrap();
    refused(delete().await, "ResourceNotFoundException", &format!("Could not find certificate {arn}."));
}

#[tokio::test(start_paused = true)]
async fn lists_tell_the_region_s_own_by_status_and_key_type() {
    let env = Env::new();
    for at in 0..3 {
        request(&env, &format!("a{at}.example.com"), None).await;
    }
    request(&env.in_region("eu-west-1"), "b.example.com", None).await;
    env.acm
        .request_certificate()
        .domain_name("c.example.com")
        .key_algorithm(aws_sdk_acm::types::KeyAlgorithm::EcPrime256v1)
        .send()
        .await
        .unwrap();
    assert!(env.acm.list_certificates().send().await.unwrap().certificate_summary_list().is_empty());
    seconds(10).await;
    let page = env.acm.list_certificates().max_items(2).send().await.unwrap();
    assert_eq!(page.certificate_summary_list().len(), 2);
    let rest = env.acm.list_certificates().next_token(page.next_token().unwrap()).send().await.unwrap();
    assert_eq!(rest.certificate_summary_list().len(), 1, "elliptic keys are told only when asked for");
    let issued = aws_sdk_acm::types::CertificateStatus::Issued;
    let issued = env.acm.list_certificates().certificate_statuses(issued).send().await.unwrap();
    assert!(issued.certificate_summary_list().is_empty());
    let elliptic =
        aws_sdk_acm::types::Filters::builder().key_types(aws_sdk_acm::types::KeyAlgorithm::EcPrime256v1).build();
    let elliptic = env.acm.list_certificates().includes(elliptic).send().await.unwrap();
    assert_eq!(elliptic.certificate_summary_list().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn tags_come_and_go() {
    let env = Env::new();
    let tag = |key: &str, value: &str| aws_sdk_acm::types::Tag::builder().key(key).value(value).build().unwrap();
    let requested = env.acm.request_certificate().domain_name("api.example.com").tags(tag("a", "1"));
    let arn = requested.send().await.unwrap().certificate_arn.unwrap();
    seconds(10).await;
    env.acm.add_tags_to_certificate().certificate_arn(&arn).tags(tag("b", "2")).send().await.unwrap();
    env.acm.remove_tags_from_certificate().certificate_arn(&arn).tags(tag("a", "1")).send().await.unwrap();
    let told = env.acm.list_tags_for_certificate().certificate_arn(&arn).send().await.unwrap();
    assert_eq!(told.tags(), [tag("b", "2")]);
}
