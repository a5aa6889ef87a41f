//! The custom domain name and the records that lead to it, with all they need.

use aws_sdk_apigateway::types::{EndpointType as Type, Op, PatchOperation};
use aws_sdk_route53::types::{
    AliasTarget, Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType,
};
use poc::aws::US_EAST_1;
use poc::engine::Graph;
use poc::event::Event;
use poc::resources::domain_name::{CertificateHandle, EndpointType};
use poc::resources::{
    AliasRecord, Certificate, DomainName, DomainReady, HostedZone, IssuedCertificate, ValidationRecord,
};

use super::support::{DOMAIN, REGION, Ran, World, owner, seconds};

const ALL: [&str; 6] = [
    "create certificate",
    "create validation_record",
    "create certificate_validation",
    "create domain_name",
    "create domain_ready",
    "create alias_record",
];

/// What a deploy.yaml may say of a domain.
#[derive(Clone)]
struct Wish {
    endpoint: EndpointType,
    dualstack: bool,
    security_policy: &'static str,
    adopt: bool,
    wait: bool,
}

const REGIONAL: Wish =
    Wish { endpoint: EndpointType::Regional, dualstack: false, security_policy: "TLS_1_2", adopt: false, wait: true };

const EDGE: Wish = Wish { endpoint: EndpointType::Edge, ..REGIONAL };

impl Wish {
    fn graph(&self) -> Graph {
        let (name, wait) = (DOMAIN.to_owned(), self.wait);
        let region = if self.endpoint == EndpointType::Edge { US_EAST_1 } else { REGION }.to_owned();
        let mut owner = owner("shop");
        owner.adopt = self.adopt;
        let mut graph = Graph::new();
        let zone = graph.add(HostedZone { domain: name.clone(), zone_name: None, lookups: Default::default() });
        let request = Certificate { domain: name.clone(), region, spared: None, owner: owner.clone() };
        let certificate = graph.add(request.clone());
        let validation = graph.add(ValidationRecord { domain: name.clone(), zone, certificate });
        let issued = graph.add(IssuedCertificate { request, certificate, validation, wait });
        let domain = DomainName {
            name: name.clone(),
            endpoint: self.endpoint,
            security_policy: self.security_policy.to_owned(),
            mutual_tls: None,
            dualstack: self.dualstack,
            certificate: CertificateHandle::Issued(issued),
            owner,
            partition: "aws".to_owned(),
            wait,
        };
        let ipv6 = domain.has_ipv6();
        let domain = graph.add(domain);
        graph.add(DomainReady { name: name.clone(), endpoint: self.endpoint, domain, wait });
        graph.add(AliasRecord {
            name,
            endpoint: self.endpoint,
            ipv6,
            zone,
            domain,
            after: None,
            adopt: self.adopt,
            wait,
        });
        graph
    }

    async fn deploy(&self, world: &World) -> Ran {
        world.run(self.graph()).await.expect("the deploy succeeds")
    }

    async fn tear_down(&self, world: &World) -> Ran {
        world.run(self.graph().unwanted()).await.expect("the teardown succeeds")
    }
}

async fn change(world: &World, action: ChangeAction, set: ResourceRecordSet) {
    let change = Change::builder().action(action).resource_record_set(set).build().expect("a change");
    let batch = ChangeBatch::builder().changes(change).build().expect("a batch");
    let zone = world.zone_id().await;
    let change = world.route53().change_resource_record_sets().hosted_zone_id(zone).change_batch(batch);
    change.send().await.expect("the zone takes the change");
}

fn plain(kind: RrType, value: &str) -> ResourceRecordSet {
    let record = ResourceRecord::builder().value(value).build().expect("a value");
    ResourceRecordSet::builder().name(DOMAIN).r#type(kind).ttl(60).resource_records(record).build().expect("a set")
}

/// Only the records of the domain itself.
async fn records(world: &World) -> Vec<String> {
    let mut records = world.records().await;
    records.retain(|record| !record.contains("acm-validations"));
    records
}

fn calls(ran: &Ran) -> Vec<&'static str> {
    let events = ran.events.iter();
    events
        .filter_map(|event| match event {
            Event::Call { operation, .. } => Some(*operation),
            _ => None,
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_regional_domain_name_is_built_once_and_then_left_alone() {
    let world = World::new();
    assert_eq!(REGIONAL.deploy(&world).await.told(), ALL);
    let records = records(&world).await;
    assert_eq!(records.len(), 1, "{records:?}");
    assert!(records[0].starts_with("A api.example.com. d-"), "{records:?}");
    assert!(records[0].ends_with(".execute-api.eu-west-1.amazonaws.com."), "{records:?}");
    let again = REGIONAL.deploy(&world).await;
    World::assert_idle(&again);
    let mut calls = calls(&again);
    calls.sort_unstable();
    assert_eq!(
        calls,
        [
            "DescribeCertificate",
            "GetDomainName",
            "ListCertificates",
            "ListHostedZonesByName",
            "ListHostedZonesByName",
            "ListResourceRecordSets",
            "ListResourceRecordSets",
            "ListTagsForCertificate"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_edge_domain_name_has_its_certificate_in_us_east_1_and_both_aliases() {
    let world = World::new();
    assert_eq!(EDGE.deploy(&world).await.told(), ALL);
    let records = records(&world).await;
    assert!(records[0].starts_with("A ") && records[0].ends_with(".cloudfront.net."), "{records:?}");
    assert!(records[1].starts_with("AAAA ") && records[1].ends_with(".cloudfront.net."), "{records:?}");
    assert_eq!(world.certificates().await.len(), 0, "none in the API's own region");
    World::assert_idle(&EDGE.deploy(&world).await);
    EDGE.tear_down(&world).await;
    assert_eq!(world.records().await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_write_the_next_deploy_finishes_the_domain() {
    for writes in 1.. {
        let world = World::quick();
        let killed = world.killed_after(writes, REGIONAL.graph()).await;
        REGIONAL.deploy(&world).await;
        World::assert_idle(&REGIONAL.deploy(&world).await);
        assert_eq!((world.certificates().await.len(), world.records().await.len()), (1, 2), "after write {writes}");
        if !killed {
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_teardown_removes_all_of_it_even_after_being_killed_and_nothing_else() {
    for writes in 1.. {
        let world = World::quick();
        let decoy = ResourceRecordSet::builder().name("www.example.com").r#type(RrType::A).ttl(60);
        let address = ResourceRecord::builder().value("192.0.2.1").build().expect("a value");
        change(&world, ChangeAction::Create, decoy.resource_records(address).build().expect("a set")).await;
        REGIONAL.deploy(&world).await;
        let killed = world.killed_after(writes, REGIONAL.graph().unwanted()).await;
        REGIONAL.tear_down(&world).await;
        World::assert_idle(&REGIONAL.tear_down(&world).await);
        assert_eq!(world.records().await, ["A www.example.com. 192.0.2.1"]);
        assert_eq!(world.certificates().await.len(), 0);
        let domains = world.apigateway().get_domain_names().send().await.expect("domain names are listed");
        assert_eq!(domains.items().len(), 0);
        if !killed {
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_teardown_goes_in_the_order_that_aws_allows() {
    let world = World::new();
    REGIONAL.deploy(&world).await;
    let torn = REGIONAL.tear_down(&world).await;
    assert_eq!(
        torn.told(),
        ["delete alias_record", "delete domain_name", "delete validation_record", "delete certificate"]
    );
    assert!(torn.events.iter().any(|event| matches!(event, Event::StepWaiting { waiting_for, .. }
        if waiting_for == "the certificate to be released by its former domain name")));
}

#[tokio::test(start_paused = true)]
async fn a_foreign_record_of_the_name_stops_a_deploy_before_anything_is_sent_unless_adopted() {
    for (kind, value) in [(RrType::A, "192.0.2.1"), (RrType::Cname, "shop.example.net")] {
        let world = World::new();
        change(&world, ChangeAction::Create, plain(kind.clone(), value)).await;
        let problem = world.run(REGIONAL.graph()).await.expect_err("the record is not ours");
        assert_eq!(
            (problem.kind, problem.message),
            (
                "not_ours",
                format!(
                    "the {} record {DOMAIN} in zone example.com leads to {value}, which is not this deployment's \
                     domain name",
                    kind.as_str()
                )
            )
        );
        assert_eq!(world.certificates().await.len(), 0);
        let torn = REGIONAL.tear_down(&world).await;
        World::assert_idle(&torn);
        assert_eq!(torn.notes().len(), 1);

        let adopted = Wish { adopt: true, ..REGIONAL };
        let ran = adopted.deploy(&world).await;
        assert!(ran.told().contains(&"update alias_record".to_owned()), "{:?}", ran.told());
        let records = records(&world).await;
        assert!(records.len() == 1 && records[0].contains("execute-api"), "{records:?}");
        World::assert_idle(&REGIONAL.deploy(&world).await);
    }
}

#[tokio::test(start_paused = true)]
async fn drift_of_the_domain_name_is_repaired_in_one_patch() {
    let world = World::new();
    REGIONAL.deploy(&world).await;
    let patch = PatchOperation::builder().op(Op::Replace).path("/securityPolicy").value("TLS_1_0").build();
    let patched = world.apigateway().update_domain_name().domain_name(DOMAIN).patch_operations(patch).send().await;
    patched.expect("the domain name takes the patch");
    let ran = REGIONAL.deploy(&world).await;
    assert_eq!(ran.told(), ["update domain_name", "create domain_ready"]);
    let changes: Vec<&str> = ran.plan.steps[0].changes.iter().map(|change| change.path.as_str()).collect();
    assert_eq!(changes, ["security_policy"]);
    assert_eq!(ran.writes, 1);
    World::assert_idle(&REGIONAL.deploy(&world).await);
}

#[tokio::test(start_paused = true)]
async fn dualstack_adds_the_aaaa_record_and_ipv4_takes_it_away() {
    let world = World::new();
    REGIONAL.deploy(&world).await;
    let dualstack = Wish { dualstack: true, ..REGIONAL };
    assert_eq!(dualstack.deploy(&world).await.told(), ["update domain_name", "update alias_record"]);
    assert_eq!(records(&world).await.len(), 2);
    World::assert_idle(&dualstack.deploy(&world).await);
    assert_eq!(REGIONAL.deploy(&world).await.told(), ["update domain_name", "update alias_record"]);
    assert_eq!(records(&world).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_alias_that_was_removed_is_put_back_and_a_stale_one_is_mended() {
    let world = World::new();
    REGIONAL.deploy(&world).await;
    let zone = world.zone_id().await;
    let listed = world.route53().list_resource_record_sets().hosted_zone_id(&zone).start_record_name(DOMAIN);
    let listed = listed.send().await.expect("records are listed");
    let alias = listed.resource_record_sets().iter().find(|set| set.alias_target().is_some()).expect("an alias");
    change(&world, ChangeAction::Delete, alias.clone()).await;
    assert_eq!(REGIONAL.deploy(&world).await.told(), ["create alias_record"]);

    // The domain name is made anew behind our back: it has another target now.
    let regional = |arn: &str| {
        let configuration = aws_sdk_apigateway::types::EndpointConfiguration::builder().types(Type::Regional).build();
        let create = world.apigateway().create_domain_name().domain_name(DOMAIN).regional_certificate_arn(arn);
        create.endpoint_configuration(configuration).tags("poc:app", "shop").tags("poc:stage", "prod").send()
    };
    let arn = world.certificates().await.into_keys().next().expect("one certificate");
    world.apigateway().delete_domain_name().domain_name(DOMAIN).send().await.expect("it is deleted");
    regional(&arn).await.expect("it is made anew");
    seconds(60).await;
    assert_eq!(REGIONAL.deploy(&world).await.told(), ["update alias_record"]);
    World::assert_idle(&REGIONAL.deploy(&world).await);
}

#[tokio::test(start_paused = true)]
async fn a_weighted_record_to_our_own_target_is_still_not_ours() {
    let world = World::new();
    REGIONAL.deploy(&world).await;
    let zone = world.zone_id().await;
    let listed = world.route53().list_resource_record_sets().hosted_zone_id(&zone).start_record_name(DOMAIN);
    let listed = listed.send().await.expect("records are listed");
    let alias = listed.resource_record_sets().iter().find(|set| set.alias_target().is_some()).expect("an alias");
    change(&world, ChangeAction::Delete, alias.clone()).await;
    let target: AliasTarget = alias.alias_target().cloned().expect("an alias");
    let weighted = ResourceRecordSet::builder().name(DOMAIN).r#type(RrType::A).set_identifier("blue").weight(1);
    change(&world, ChangeAction::Create, weighted.alias_target(target).build().expect("a set")).await;
    let problem = world.run(REGIONAL.graph()).await.expect_err("it is somebody's arrangement");
    assert_eq!(problem.kind, "not_ours");
}

#[tokio::test(start_paused = true)]
async fn told_not_to_wait_a_deploy_puts_off_what_is_slow_and_later_ones_go_on() {
    let world = World::new();
    let hasty = Wish { wait: false, ..EDGE };
    let first = hasty.deploy(&world).await;
    assert_eq!(first.deferred(), ["certificate_validation: the certificate to be issued"]);
    let skipped = first.events.iter().filter(|event| matches!(event, Event::StepSkipped { .. })).count();
    assert_eq!(skipped, 3, "the domain name, its set-up and its alias");
    seconds(60).await;
    let second = hasty.deploy(&world).await;
    assert_eq!(second.deferred(), ["domain_ready: CloudFront to distribute the domain name to its edges"]);
    assert_eq!(records(&world).await.len(), 2);
    seconds(2400).await;
    World::assert_idle(&hasty.deploy(&world).await);
}

/// Told not to wait, a run must not send callers to an endpoint that does not answer yet (law 6).
#[tokio::test(start_paused = true)]
async fn a_move_that_does_not_wait_leaves_the_alias_until_the_new_endpoint_works() {
    let world = World::new();
    REGIONAL.deploy(&world).await;
    let before = records(&world).await;
    let hasty = Wish { wait: false, ..EDGE };
    for _ in 0..4 {
        let ran = hasty.deploy(&world).await;
        assert!(!ran.deferred().is_empty());
        if calls(&ran).contains(&"UpdateDomainName") {
            break;
        }
        seconds(120).await;
    }
    hasty.deploy(&world).await;
    assert_eq!(records(&world).await, before, "CloudFront is not done");
    seconds(2400).await;
    hasty.deploy(&world).await;
    assert_eq!(records(&world).await.len(), 2);
    seconds(2400).await;
    hasty.deploy(&world).await;
    seconds(2400).await;
    World::assert_idle(&hasty.deploy(&world).await);
}

#[tokio::test(start_paused = true)]
async fn a_domain_name_of_another_application_stops_the_run() {
    let world = World::new();
    REGIONAL.deploy(&world).await;
    let arn = format!("arn:aws:apigateway:{REGION}::/domainnames/{DOMAIN}");
    let tag = world.apigateway().tag_resource().resource_arn(arn).tags("poc:app", "other").send().await;
    tag.expect("the domain name is tagged");
    let problem = world.run(REGIONAL.graph()).await.expect_err("it is another application's");
    assert_eq!(
        problem.message,
        format!("custom domain name '{DOMAIN}' exists already and does not carry this application's tags")
    );
    let adopted = Wish { adopt: true, ..REGIONAL };
    assert_eq!(adopted.deploy(&world).await.told(), ["update domain_name"]);
    World::assert_idle(&REGIONAL.deploy(&world).await);
}

#[tokio::test(start_paused = true)]
async fn from_regional_to_edge_both_serve_until_the_alias_has_moved() {
    let world = World::new();
    REGIONAL.deploy(&world).await;
    let ran = EDGE.deploy(&world).await;
    assert_eq!(
        ran.told(),
        [
            "create certificate",
            "create validation_record",
            "create certificate_validation",
            "update domain_name",
            "update alias_record",
            "prune domain_name"
        ]
    );
    let calls = calls(&ran);
    let patches = calls.iter().filter(|call| **call == "UpdateDomainName").count();
    let alias = calls.iter().rposition(|call| *call == "ChangeResourceRecordSets");
    assert_eq!((patches, alias < calls.iter().rposition(|call| *call == "UpdateDomainName")), (2, true));
    assert_eq!(records(&world).await.len(), 2);
    World::assert_idle(&EDGE.deploy(&world).await);
}

#[tokio::test(start_paused = true)]
async fn a_move_from_regional_to_edge_killed_after_any_write_is_finished_by_the_next_deploy() {
    for writes in 1.. {
        let world = World::quick();
        REGIONAL.deploy(&world).await;
        let killed = world.killed_after(writes, EDGE.graph()).await;
        EDGE.deploy(&world).await;
        World::assert_idle(&EDGE.deploy(&world).await);
        let records = records(&world).await;
        assert!(records.len() == 2 && records.iter().all(|record| record.contains("cloudfront")), "{records:?}");
        if !killed {
            return;
        }
    }
}
