//! The certificate and its validation.

use aws_sdk_acm::types::{Tag, ValidationMethod};
use aws_sdk_route53::types::{
    Change, ChangeAction, ChangeBatch, HostedZoneConfig, ResourceRecord, ResourceRecordSet, RrType, Vpc, VpcRegion,
};
use poc::aws::US_EAST_1;
use poc::engine::Graph;
use poc::resources::{Certificate, GivenCertificate, HostedZone, IssuedCertificate, ValidationRecord};

use super::problems::shown_as;
use super::support::{DOMAIN, REGION, World, owner, seconds};

fn request() -> Certificate {
    Certificate { domain: DOMAIN.to_owned(), region: REGION.to_owned(), spared: None, owner: owner("shop") }
}

fn graph(wait: bool) -> Graph {
    let mut graph = Graph::new();
    let zone = graph.add(HostedZone { domain: DOMAIN.to_owned(), zone_name: None, lookups: Default::default() });
    let request = request();
    let certificate = graph.add(request.clone());
    let validation = graph.add(ValidationRecord { domain: DOMAIN.to_owned(), zone, certificate });
    graph.add(IssuedCertificate { request, certificate, validation, wait });
    graph
}

fn given(arn: &str, domain: &str) -> Graph {
    let mut graph = Graph::new();
    graph.add(GivenCertificate { arn: arn.to_owned(), domain: domain.to_owned(), region: REGION.to_owned() });
    graph
}

/// A certificate as a run of ours requests it.
async fn ours(world: &World) -> String {
    let request = world.acm().request_certificate().domain_name(DOMAIN).validation_method(ValidationMethod::Dns);
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build().expect("a tag");
    let request = request.tags(tag("poc:app", "shop")).tags(tag("poc:stage", "prod"));
    request.send().await.expect("a certificate").certificate_arn.expect("an ARN")
}

/// Somebody else's certificate for `domain`.
async fn foreign(world: &World, domain: &str) -> String {
    let request = world.acm().request_certificate().domain_name(domain).validation_method(ValidationMethod::Dns);
    let tag = Tag::builder().key("poc:app").value("other").build().expect("a tag");
    request.tags(tag).send().await.expect("a certificate").certificate_arn.expect("an ARN")
}

async fn cname(world: &World, action: ChangeAction, name: &str, value: &str) {
    let record = ResourceRecord::builder().value(value).build().expect("a value");
    let set = ResourceRecordSet::builder().name(name).r#type(RrType::Cname).ttl(300).resource_records(record);
    let change = Change::builder().action(action).resource_record_set(set.build().expect("a set")).build();
    let batch = ChangeBatch::builder().changes(change.expect("a change")).build().expect("a batch");
    let zone = world.zone_id().await;
    let change = world.route53().change_resource_record_sets().hosted_zone_id(zone).change_batch(batch);
    change.send().await.expect("the zone takes the change");
}

#[tokio::test(start_paused = true)]
async fn a_certificate_is_requested_validated_waited_for_and_found_again() {
    let world = World::new();
    let first = world.run(graph(true)).await.expect("the deploy succeeds");
    assert_eq!(first.told(), ["create certificate", "create validation_record", "create certificate_validation"]);
    assert_eq!(world.certificates().await.into_values().collect::<Vec<_>>(), ["ISSUED"]);
    assert_eq!(world.records().await.len(), 1);
    World::assert_idle(&world.run(graph(true)).await.expect("the second deploy succeeds"));
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_write_the_next_deploy_finishes_with_one_certificate() {
    for writes in 1.. {
        let world = World::quick();
        let killed = world.killed_after(writes, graph(true)).await;
        world.run(graph(true)).await.expect("the deploy succeeds");
        let idle = world.run(graph(true)).await.expect("nothing is left to do");
        World::assert_idle(&idle);
        seconds(60).await;
        assert_eq!(world.certificates().await.len(), 1, "killed after write {writes}");
        assert_eq!(world.records().await.len(), 1, "killed after write {writes}");
        if !killed {
            return;
        }
    }
}

/// Two runs that were stopped right after their requests; when the third looks, ACM tells only the first of them, or neither.
#[tokio::test(start_paused = true)]
async fn of_requests_that_were_left_by_stopped_runs_the_first_is_used_and_the_others_go() {
    for (later, made) in [(2, false), (0, true)] {
        let world = World::new();
        let first = ours(&world).await;
        seconds(3).await;
        let second = ours(&world).await;
        seconds(later).await;
        let ran = world.run(graph(true)).await.expect("the deploy succeeds");
        assert_eq!(ran.told().contains(&"create certificate".to_owned()), made, "{:?}", ran.told());
        let left: Vec<String> = world.certificates().await.into_keys().collect();
        assert_eq!(left, [first], "and not {second}");
        World::assert_idle(&world.run(graph(true)).await.expect("nothing is left to do"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_teardown_leaves_the_zone_as_it_was_and_other_certificates_alone() {
    let world = World::new();
    let other = foreign(&world, "shop.example.com").await;
    cname(&world, ChangeAction::Create, "www.example.com.", "elsewhere.example.net.").await;
    let before = world.records().await;
    world.run(graph(true)).await.expect("the deploy succeeds");
    let torn = world.run(graph(true).unwanted()).await.expect("the teardown succeeds");
    assert_eq!(torn.told(), ["delete validation_record", "delete certificate"]);
    assert_eq!(world.records().await, before);
    assert_eq!(world.certificates().await.into_keys().collect::<Vec<_>>(), [other]);
    World::assert_idle(&world.run(graph(true).unwanted()).await.expect("a second teardown succeeds"));
}

#[tokio::test(start_paused = true)]
async fn a_teardown_killed_after_any_write_is_finished_by_the_next() {
    for writes in 1.. {
        let world = World::quick();
        world.run(graph(true)).await.expect("the deploy succeeds");
        let killed = world.killed_after(writes, graph(true).unwanted()).await;
        world.run(graph(true).unwanted()).await.expect("the teardown succeeds");
        assert_eq!((world.certificates().await.len(), world.records().await.len()), (0, 0));
        if !killed {
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_validation_record_stays_while_another_certificate_of_the_name_needs_it() {
    let world = World::new();
    let other = foreign(&world, DOMAIN).await;
    seconds(10).await;
    world.run(graph(true)).await.expect("the deploy succeeds");
    assert_eq!(world.certificates().await.len(), 2);
    let torn = world.run(graph(true).unwanted()).await.expect("the teardown succeeds");
    assert_eq!(torn.notes(), [format!("validation record of {DOMAIN} stays: {other} is renewed by it")]);
    assert_eq!(world.records().await.len(), 1);
    assert_eq!(world.certificates().await.into_keys().collect::<Vec<_>>(), [other]);
}

#[tokio::test(start_paused = true)]
async fn a_validation_record_that_was_removed_is_put_back() {
    let world = World::new();
    world.run(graph(true)).await.expect("the deploy succeeds");
    let records = world.records().await;
    let parts: Vec<&str> = records[0].split(' ').collect();
    cname(&world, ChangeAction::Delete, parts[1], parts[2]).await;
    let again = world.run(graph(true)).await.expect("the deploy succeeds");
    assert_eq!(again.told(), ["create validation_record"]);
    assert_eq!(world.records().await, records);
}

#[tokio::test(start_paused = true)]
async fn a_record_in_the_validation_records_place_stops_the_deploy() {
    let world = World::new();
    world.run(graph(true)).await.expect("the deploy succeeds");
    let records = world.records().await;
    let parts: Vec<&str> = records[0].split(' ').collect();
    cname(&world, ChangeAction::Upsert, parts[1], "somewhere.example.net.").await;
    let problem = world.run(graph(true)).await.expect_err("the record is in the way");
    assert_eq!(problem.kind, "not_ours");
    assert!(problem.message.contains("holds 'somewhere.example.net'"), "{}", problem.message);
}

#[tokio::test(start_paused = true)]
async fn told_not_to_wait_a_deploy_puts_the_certificate_off_and_the_next_one_goes_on() {
    let world = World::new();
    let first = world.run(graph(false)).await.expect("putting off is no failure");
    assert_eq!(first.deferred(), ["certificate_validation: the certificate to be issued"]);
    let second = world.run(graph(false)).await.expect("nor is it the second time");
    assert_eq!((second.told(), second.writes), (vec!["create certificate_validation".to_owned()], 0));
    seconds(60).await;
    World::assert_idle(&world.run(graph(false)).await.expect("by now it is issued"));
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_timed_out_is_replaced_and_then_removed() {
    let world = World::new();
    let old = ours(&world).await;
    seconds(80 * 60 * 60).await;
    let ran = world.run(graph(true)).await.expect("the deploy succeeds");
    assert_eq!(
        ran.told(),
        ["replace certificate", "create validation_record", "create certificate_validation", "prune certificate"]
    );
    let left = world.certificates().await;
    assert_eq!((left.len(), left.contains_key(&old)), (1, false));
    World::assert_idle(&world.run(graph(true)).await.expect("the next deploy succeeds"));
}

#[tokio::test(start_paused = true)]
async fn private_zones_are_passed_over_and_a_missing_zone_stops_a_deploy_but_not_a_teardown() {
    let world = World::new();
    let private = world.route53().create_hosted_zone().name(DOMAIN).caller_reference("one");
    let vpc = Vpc::builder().vpc_region(VpcRegion::EuWest1).vpc_id("vpc-1").build();
    let config = HostedZoneConfig::builder().private_zone(true).build();
    private.vpc(vpc).hosted_zone_config(config).send().await.expect("a private zone");
    world.run(graph(true)).await.expect("the public zone above it is found");
    world.run(graph(true).unwanted()).await.expect("the teardown succeeds");

    let elsewhere = || {
        let mut graph = Graph::new();
        graph.add(HostedZone { domain: "api.example.org".to_owned(), zone_name: None, lookups: Default::default() });
        graph
    };
    let problem = world.run(elsewhere()).await.expect_err("there is no zone");
    assert_eq!(problem.message, "no public hosted zone for api.example.org in this account");
    assert_eq!(problem.next, "create the zone, name it under domain.hosted_zone, or remove the domain block");
    world.run(elsewhere().unwanted()).await.expect("a teardown goes on without it");
}

#[tokio::test(start_paused = true)]
async fn a_given_certificate_must_exist_be_issued_be_in_the_right_region_and_cover_the_domain() {
    let world = World::new();
    world.run(graph(true)).await.expect("the deploy succeeds");
    let arn = world.certificates().await.into_keys().next().expect("one certificate");
    world.run(given(&arn, DOMAIN)).await.expect("it fits");
    World::assert_idle(&world.run(given(&arn, DOMAIN).unwanted()).await.expect("and is not ours to delete"));

    let why = async |name: &str, arn: &str, domain: &str| {
        let problem = world.run(given(arn, domain)).await.expect_err("it does not fit");
        shown_as(name, &problem);
        problem.message.replace(arn, "ARN")
    };
    let pending = foreign(&world, "new.example.com").await;
    seconds(10).await;
    assert_eq!(
        why("certificate_unfit-for_the_domain", &arn, "www.example.com").await,
        format!("the certificate ARN is for {DOMAIN}, not for www.example.com")
    );
    assert_eq!(
        why("certificate_unfit-pending", &pending, "new.example.com").await,
        "the certificate ARN has the status PENDING_VALIDATION, not ISSUED"
    );
    assert_eq!(
        why("certificate_unfit-elsewhere", &arn.replace(REGION, US_EAST_1), DOMAIN).await,
        "the certificate ARN is in us-east-1, but has to be in eu-west-1"
    );
    let mut unknown = arn.clone();
    unknown.replace_range(arn.len() - 4.., "0000");
    assert_eq!(
        why("certificate_unfit-unknown", &unknown, DOMAIN).await,
        "the certificate ARN does not exist in this account"
    );
}
