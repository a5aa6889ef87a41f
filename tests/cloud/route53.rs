//! Route 53: `AWS_FACTS` B7.

use aws_sdk_route53::types::{
    AliasTarget, Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType,
};

use super::support::{Env, refusal, refused, seconds};

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

type Outcome = Result<
    aws_sdk_route53::operation::change_resource_record_sets::ChangeResourceRecordSetsOutput,
    aws_smithy_runtime_api::client::result::SdkError<
        aws_sdk_route53::operation::change_resource_record_sets::ChangeResourceRecordSetsError,
        aws_smithy_runtime_api::client::orchestrator::HttpResponse,
    >,
>;

async fn change(env: &Env, changes: impl IntoIterator<Item = (ChangeAction, ResourceRecordSet)>) -> Outcome {
    let zone = first_zone(env).await;
    env.route53.change_resource_record_sets().hosted_zone_id(zone).change_batch(batch(changes)).send().await
}

async fn names(env: &Env) -> Vec<String> {
    let zone = first_zone(env).await;
    let told = env.route53.list_resource_record_sets().hosted_zone_id(zone).send().await.unwrap();
    told.resource_record_sets().iter().map(|record| format!("{} {}", record.name(), record.r#type().as_str())).collect()
}

#[tokio::test(start_paused = true)]
async fn every_refused_change_has_its_own_text() {
    let env = Env::new();
    let a = |value: &str| plain("www.example.com", RrType::A, value);
    let cname = |name: &str| plain(name, RrType::Cname, "elsewhere.test");
    change(&env, [(ChangeAction::Create, a("192.0.2.1")), (ChangeAction::Create, cname("c.example.com"))])
        .await
        .unwrap();
    let rows = [
        (
            (ChangeAction::Create, a("192.0.2.2")),
            "[Tried to create resource record set [name='www.example.com.', type='A'] but it already exists]",
        ),
        (
            (ChangeAction::Delete, plain("gone.example.com", RrType::A, "192.0.2.1")),
            "[Tried to delete resource record set [name='gone.example.com.', type='A'] but it was not found]",
        ),
        (
            (ChangeAction::Delete, a("192.0.2.9")),
            "[Tried to delete resource record set [name='www.example.com.', type='A'] but the values provided do not \
             match the current values]",
        ),
        (
            (ChangeAction::Create, plain("www.example.org", RrType::A, "192.0.2.1")),
            "[RRSet with DNS name www.example.org. is not permitted in zone example.com.]",
        ),
        (
            (ChangeAction::Create, plain("notexample.com", RrType::A, "192.0.2.1")),
            "[RRSet with DNS name notexample.com. is not permitted in zone example.com.]",
        ),
        (
            (ChangeAction::Create, plain("c.example.com", RrType::A, "192.0.2.1")),
            "[RRSet of type A with DNS name c.example.com. is not permitted because a conflicting RRSet of type CNAME \
             with the same DNS name already exists in zone example.com.]",
        ),
        (
            (ChangeAction::Upsert, cname("www.example.com")),
            "[RRSet of type CNAME with DNS name www.example.com. is not permitted as it conflicts with other records \
             with the same DNS name in zone example.com.]",
        ),
        (
            (ChangeAction::Create, cname("example.com")),
            "[RRSet of type CNAME with DNS name example.com. is not permitted at apex in zone example.com.]",
        ),
    ];
    for (one, message) in rows {
        refused(change(&env, [one]).await, "InvalidChangeBatch", message);
    }
    let zone = env.route53.list_resource_record_sets().hosted_zone_id("ZNONE").send().await;
    refused(zone, "NoSuchHostedZone", "No hosted zone found with ID: ZNONE");
    assert_eq!(refusal(env.route53.get_change().id("CNONE").send().await).0, "NoSuchChange");
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_done_whole_or_not_at_all() {
    let env = Env::new();
    let good = plain("a.example.com", RrType::A, "192.0.2.1");
    let bad = plain("b.example.com", RrType::A, "192.0.2.1");
    let outcome = change(&env, [(ChangeAction::Create, good.clone()), (ChangeAction::Delete, bad)]).await;
    assert!(outcome.is_err());
    assert_eq!(names(&env).await, ["example.com. NS", "example.com. SOA"]);
    let twice = change(&env, [(ChangeAction::Upsert, good.clone()), (ChangeAction::Upsert, good)]).await;
    assert_eq!(refusal(twice).0, "InvalidChangeBatch");
}

#[tokio::test(start_paused = true)]
async fn names_are_kept_in_lower_case_with_a_dot_and_octal_stars() {
    let env = Env::new();
    let records = ["*.Example.com", "b.a.example.com", "a.example.com."]
        .map(|name| (ChangeAction::Create, plain(name, RrType::A, "192.0.2.1")));
    change(&env, records).await.unwrap();
    assert_eq!(
        names(&env).await,
        ["example.com. NS", "example.com. SOA", "\\052.example.com. A", "a.example.com. A", "b.a.example.com. A",]
    );
    let listed = plain("\\052.example.com.", RrType::A, "192.0.2.1");
    change(&env, [(ChangeAction::Delete, listed)]).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_zone_keeps_the_records_it_was_born_with() {
    let env = Env::new();
    let zone = first_zone(&env).await;
    let told = env.route53.list_resource_record_sets().hosted_zone_id(zone).send().await.unwrap();
    for (record, message) in told.resource_record_sets().iter().zip([
        "[A HostedZone must contain at least one NS record for the zone itself.]",
        "[A HostedZone must contain exactly one SOA record.]",
    ]) {
        refused(change(&env, [(ChangeAction::Delete, record.clone())]).await, "InvalidChangeBatch", message);
    }
}

#[tokio::test(start_paused = true)]
async fn an_alias_points_at_what_is_there() {
    let env = Env::new();
    let zone = first_zone(&env).await;
    let alias = |target: &str| {
        let target = AliasTarget::builder().hosted_zone_id(&zone).dns_name(target).evaluate_target_health(false);
        let record = ResourceRecordSet::builder().name("alias.example.com").r#type(RrType::A);
        record.alias_target(target.build().unwrap()).build().unwrap()
    };
    refused(
        change(&env, [(ChangeAction::Upsert, alias("www.example.com"))]).await,
        "InvalidChangeBatch",
        &format!(
            "[Tried to create an alias that targets www.example.com., type A in zone {zone}, but that target was not \
             found]"
        ),
    );
    refused(
        change(&env, [(ChangeAction::Upsert, alias("www.example.org"))]).await,
        "InvalidChangeBatch",
        &format!(
            "[Tried to create an alias that targets www.example.org., type A in zone {zone}, but the alias target name \
             does not lie within the target zone]"
        ),
    );
    let target = plain("www.example.com", RrType::A, "192.0.2.1");
    change(&env, [(ChangeAction::Create, target), (ChangeAction::Create, alias("www.example.com"))]).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn zones_are_found_by_name_private_ones_too() {
    let env = Env::new();
    let network = aws_sdk_route53::types::Vpc::builder()
        .vpc_id("vpc-1")
        .vpc_region(aws_sdk_route53::types::VpcRegion::UsEast1)
        .build();
    env.route53.create_hosted_zone().name("sub.example.com").caller_reference("1").send().await.unwrap();
    env.route53.create_hosted_zone().name("example.com").caller_reference("2").vpc(network).send().await.unwrap();
    let told = env.route53.list_hosted_zones_by_name().dns_name("example.com").send().await.unwrap();
    let zones: Vec<_> = told
        .hosted_zones()
        .iter()
        .map(|zone| (zone.name().to_owned(), zone.config().unwrap().private_zone()))
        .collect();
    assert_eq!(zones.len(), 3);
    assert_eq!(zones[2], ("sub.example.com.".to_owned(), false));
    assert!(zones.contains(&("example.com.".to_owned(), true)));
    let first = env.route53.list_hosted_zones().max_items(2).send().await.unwrap();
    assert!(first.is_truncated());
    let rest = env.route53.list_hosted_zones().marker(first.next_marker().unwrap()).send().await.unwrap();
    assert_eq!((first.hosted_zones().len(), rest.hosted_zones().len()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn records_are_told_in_pages() {
    let env = Env::new();
    let records = ["a", "b", "c"]
        .map(|name| (ChangeAction::Create, plain(&format!("{name}.example.com"), RrType::A, "192.0.2.1")));
    change(&env, records).await.unwrap();
    let zone = first_zone(&env).await;
    let page = env.route53.list_resource_record_sets().hosted_zone_id(&zone).max_items(3).send().await.unwrap();
    assert_eq!((page.is_truncated(), page.next_record_name()), (true, Some("b.example.com.")));
    let rest = env
        .route53
        .list_resource_record_sets()
        .hosted_zone_id(&zone)
        .start_record_name("b.example.com.")
        .start_record_type(RrType::A)
        .send()
        .await
        .unwrap();
    assert_eq!(rest.resource_record_sets().len(), 2);
}
