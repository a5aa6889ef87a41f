//! Route 53: `AWS_FACTS` B7.

use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType};

use super::support::{Env, seconds};

pub fn plain(name: &str, kind: RrType, value: &str) -> ResourceRecordSet {
    ResourceRecordSet::builder()
        .name(name)
        .r#type(kind)
        .ttl(60)
        .resource_records(ResourceRecord::builder().value(value).build().unwrap())
        .build()
        .unwrap()
}

pub fn batch(changes: impl IntoIterator<Item = (ChangeAction, ResourceRecordSet)>) -> ChangeBatch {
    let changes = changes
        .into_iter()
        .map(|(action, record)| Change::builder().action(action).resource_record_set(record).build().unwrap());
    ChangeBatch::builder().set_changes(Some(changes.collect())).build().unwrap()
}

/// The zone that exists from the start.
pub async fn first_zone(env: &Env) -> String {
    let zones = env.route53.list_hosted_zones_by_name().dns_name("example.com").send().await.unwrap();
    zones.hosted_zones()[0].id().trim_start_matches("/hostedzone/").to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_change_is_pending_and_then_in_sync() {
    let env = Env::new();
    let zone = first_zone(&env).await;
    let record = plain("WWW.example.com", RrType::A, "192.0.2.1");
    let change = env
        .route53
        .change_resource_record_sets()
        .hosted_zone_id(&zone)
        .change_batch(batch([(ChangeAction::Create, record)]))
        .send()
        .await
        .unwrap();
    let id = change.change_info().unwrap().id().to_owned();
    let status =
        async || env.route53.get_change().id(&id).send().await.unwrap().change_info().unwrap().status().clone();
    assert_eq!(status().await.as_str(), "PENDING");
    seconds(30).await;
    assert_eq!(status().await.as_str(), "INSYNC");
    let told = env
        .route53
        .list_resource_record_sets()
        .hosted_zone_id(&zone)
        .start_record_name("www.example.com")
        .start_record_type(RrType::A)
        .max_items(1)
        .send()
        .await
        .unwrap();
    assert_eq!(told.resource_record_sets()[0].name(), "www.example.com.");
}
