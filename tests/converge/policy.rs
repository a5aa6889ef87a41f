//! `poc policy` against the calls that are really sent: a whole life of several files, in which nothing is refused by the
//! file's policy, and after which nothing of the policy was of no use.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_acm::types::ValidationMethod;
use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType};
use poc::aws::EmbeddedCloud;
use poc::event::{Outcome, Recorder};
use poc::local::cloud::Profile;
use poc::pipeline::{self, DifferenceWanted, DoctorWanted, LogsWanted, PolicyMade, PolicyWanted};
use rand::rngs::SmallRng;
use rand::{RngCore, SeedableRng};
use serde_json::Value;

use crate::everything::{EVERYTHING, LITTLE, set_logging_role};
use crate::iam::{Need, Reader, Tap, needs};
use crate::support::World;

/// The file of every block, with the logs that API Gateway writes, and an account in which it may write them.
async fn with_every_block() -> World {
    let world = World::new();
    set_logging_role(&world).await;
    let access =
        "{ destination: \"arn:aws:logs:us-east-1:000000000000:log-group:access\", format: $context.requestId }";
    let logs = format!("  metrics: true\n  logging: {{ level: info }}\n  access_log: {access}\n");
    assert!(EVERYTHING.contains("  metrics: true\n"));
    world.write("deploy.yaml", &EVERYTHING.replace("  metrics: true\n", &logs));
    let logs = aws_sdk_cloudwatchlogs::Client::new(&world.sdk());
    logs.create_log_group().log_group_name("access").send().await.unwrap();
    world
}

/// A world whose every request is held against the policies of the file before and after an edit.
struct Life {
    world: World,
    tap: Arc<Tap>,
    now: PolicyMade,
    before: PolicyMade,
    /// Everything that was needed so far.
    needed: Vec<Need>,
}

async fn policy(world: &World, reads: bool) -> PolicyMade {
    let wanted = PolicyWanted { reads, ..PolicyWanted::default() };
    pipeline::policy(&world.settings, &wanted, &Recorder::default()).await.unwrap()
}

impl Life {
    async fn of(mut world: World) -> Life {
        let tap = Arc::new(Tap::default());
        world.settings.cloud = Some(EmbeddedCloud::from(world.cloud.clone()).with(tap.clone()));
        let now = policy(&world, false).await;
        Life { world, tap, before: now.clone(), now, needed: Vec::new() }
    }

    /// Whoever deploys an edited file has the policies of both, if they differ.
    async fn deploy(&mut self) {
        self.before = std::mem::replace(&mut self.now, Box::pin(policy(&self.world, false)).await);
        Box::pin(self.world.deploy()).await;
        self.judge();
    }

    /// What was sent since is allowed.
    #[track_caller]
    fn judge(&mut self) {
        let mut readers = [&self.before, &self.now].map(|made| Reader::of(&made.policy));
        let heard = std::mem::take(&mut *self.tap.heard.lock().unwrap());
        let mut asked: Vec<Need> = heard.iter().flat_map(|request| needs(request)).collect();
        asked.sort();
        asked.dedup();
        let refused: Vec<&Need> =
            asked.iter().filter(|need| !readers.iter_mut().any(|reader| reader.allows(need))).collect();
        assert!(refused.is_empty(), "the policy does not allow {refused:#?}\n{:#}", self.now.policy);
        self.needed.extend(asked);
    }

    async fn edit(&mut self, path: &str, from: &str, to: &str) {
        self.world.edit(path, from, to);
        self.deploy().await;
    }

    /// Edits of these parts need no other policy.
    async fn edits(&mut self, edits: &[(&str, &str)]) {
        for (from, to) in edits {
            self.edit("deploy.yaml", from, to).await;
            assert_eq!(self.before.policy, self.now.policy, "{from} -> {to}");
        }
    }

    async fn look(&mut self) {
        let (settings, recorder) = (&self.world.settings, Recorder::default());
        Box::pin(pipeline::plan(settings, &recorder)).await.unwrap();
        Box::pin(pipeline::status(settings, &recorder)).await.unwrap();
        Box::pin(pipeline::releases(settings, &recorder)).await.unwrap();
        Box::pin(pipeline::page(settings, 3000, &recorder)).await.unwrap();
        // Of itself a stage does not differ; both sides are asked for all the same.
        let stage = self.now.target.stage.clone();
        let both = DifferenceWanted { left: stage.clone(), right: stage, deployed: true };
        Box::pin(pipeline::difference(settings, &both, &recorder)).await.unwrap();
        let text = std::fs::read_to_string(self.world.path("deploy.yaml")).unwrap();
        let request = Some("99999999-9999-4999-8999-999999999999".to_owned());
        for (access, request) in [(false, None), (false, request), (true, None)] {
            if access && !text.contains("access_log:") {
                continue;
            }
            let since = Duration::from_secs(60);
            let wanted = LogsWanted { since, follow: false, errors: false, access, request };
            Box::pin(pipeline::logs(settings, wanted, &recorder, &|_| {})).await.unwrap();
        }
        // Nobody answers there; that Route 53 is asked at the same time is what counts here.
        let wanted = DoctorWanted { dns: Some("127.0.0.1:9".parse().unwrap()) };
        Box::pin(pipeline::doctor(settings, wanted, &recorder)).await.unwrap();
        self.judge();
    }

    /// More versions of the code than are kept.
    async fn many_versions(&mut self) {
        for _ in 0..6 {
            self.edit("app/handler.py", "def ", "# edited\ndef ").await;
        }
        self.one_too_many("app/handler.py", "def ", "# edited\ndef ").await;
        self.deploy().await;
        self.there_and_back().await;
    }

    /// To the release before, and forward again.
    async fn there_and_back(&mut self) {
        let done = Box::pin(pipeline::rollback(&self.world.settings, None, &Recorder::default(), &|_| true)).await;
        assert_eq!(done.unwrap().outcome, Outcome::Changed);
        self.judge();
        self.deploy().await;
    }

    /// An edit whose deploy stops before it has removed what is old.
    async fn one_too_many(&mut self, path: &str, from: &str, to: &str) {
        *self.tap.refused.lock().unwrap() = Some("DeleteFunction");
        self.world.edit(path, from, to);
        Box::pin(self.world.try_deploy()).await.0.unwrap_err();
        *self.tap.refused.lock().unwrap() = None;
        self.judge();
    }

    /// Somebody puts an object beside the pages, and then the pages go, and the record of their bucket.
    async fn give_the_site_up(&mut self, bucket: &str) {
        let s3 = aws_sdk_s3::Client::from_conf(
            aws_sdk_s3::config::Builder::from(&self.world.sdk()).force_path_style(true).build(),
        );
        s3.put_object().bucket(bucket).key("mine.txt").body(b"mine".to_vec().into()).send().await.unwrap();
        let text = std::fs::read_to_string(self.world.path("deploy.yaml")).unwrap();
        let site = text.lines().find(|line| line.starts_with("site:")).unwrap();
        self.edit("deploy.yaml", site, "").await;
        assert_ne!(self.before.policy, self.now.policy);
    }

    /// What happens to the role behind our back is put right, and foreign policies go with it.
    async fn mend_the_role(&mut self, role: &str) {
        let iam = aws_sdk_iam::Client::new(&self.world.sdk());
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["lambda.amazonaws.com","ec2.amazonaws.com"]},"Action":"sts:AssumeRole"}]}"#;
        iam.update_assume_role_policy().role_name(role).policy_document(trust).send().await.unwrap();
        let foreign = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
        self.deploy().await;
        iam.attach_role_policy().role_name(role).policy_arn(foreign).send().await.unwrap();
    }

    /// A package that goes in parts, interrupted and gone on with, and one that is given up.
    async fn large_packages(&mut self) {
        for (seed, given_up) in [(1, false), (2, true)] {
            let mut letters = vec![0; 25 << 20];
            SmallRng::seed_from_u64(seed).fill_bytes(&mut letters);
            letters.iter_mut().for_each(|letter| *letter = b' ' + *letter % 64);
            std::fs::write(self.world.path("app/weights.txt"), letters).unwrap();
            *self.tap.refused.lock().unwrap() = Some("CompleteMultipartUpload");
            Box::pin(self.world.try_deploy()).await.0.unwrap_err();
            *self.tap.refused.lock().unwrap() = None;
            self.judge();
            if given_up {
                std::fs::remove_file(self.world.path("app/weights.txt")).unwrap();
            }
            self.deploy().await;
        }
    }

    /// The end of it: nothing is left, and all that `first` allows was needed.
    async fn ends(mut self, first: &PolicyMade) {
        self.before = std::mem::replace(&mut self.now, Box::pin(policy(&self.world, false)).await);
        let (gone, _) = Box::pin(self.world.teardown()).await;
        assert_eq!(gone.left, [""; 0]);
        self.judge();
        let mut reader = Reader::of(&first.policy);
        self.needed.iter().for_each(|need| {
            reader.allows(need);
        });
        assert_eq!(reader.unused(), [""; 0], "{:#}", first.policy);
        let told = first.notes.iter().any(|note| note.contains("a managed policy holds 6144"));
        assert_eq!(told, first.characters > 6144, "{}", first.characters);
    }
}

#[tokio::test]
async fn the_samples_policy_is_all_that_a_life_of_the_sample_needs() {
    let mut life = Life::of(World::new()).await;
    let first = life.now.clone();
    assert!(first.characters <= 6144, "{}", first.characters);
    life.deploy().await;
    life.look().await;
    let recorder = Recorder::default();
    Box::pin(pipeline::show_key(&life.world.settings, None, &recorder)).await.unwrap();
    Box::pin(pipeline::test(&life.world.settings, None, Some(Duration::ZERO), &recorder)).await.unwrap();
    Box::pin(pipeline::unlock(&life.world.settings, &recorder, &|_| true)).await.unwrap();
    let grace = Some(Duration::from_millis(1));
    Box::pin(pipeline::rotate_key(&life.world.settings, None, grace, &recorder, &|_| true)).await.unwrap();
    life.judge();
    life.many_versions().await;
    life.edits(&[
        ("memory: 256", "memory: 300"),
        ("timeout: 10 ", "timeout: 10\n  reserved_concurrency: 5 "),
        ("  reserved_concurrency: 5 ", "  log_retention: forever "),
        ("  log_retention: forever ", "  log_retention: 7 "),
        ("\nstage: prod ", "\ntags: { team: data }\nstage: prod "),
        ("rank: required", "rank: required, more: optional"),
        ("    /admit:\n", "    /more: { GET: {} }\n    /admit:\n"),
        ("    /more: { GET: {} }\n", ""),
    ])
    .await;
    life.there_and_back().await;
    life.edits(&[
        ("  base_path: poc\n", "  base_path: poc\n  ip_address_type: dualstack\n"),
        ("keys: [ServerlessPOC]", "keys: [{ name: ServerlessPOC, description: the one }]"),
        ("rate: 10,", "rate: 11,"),
        ("base_path: poc", "base_path: admission"),
        ("description: Admission prediction", "description: Admission"),
    ])
    .await;
    life.mend_the_role("ServerlessPOCAdmission-role").await;
    life.large_packages().await;
    life.give_the_site_up("serverless-poc-site-000000000000-us-east-1").await;
    life.ends(&first).await;
}

#[tokio::test]
async fn the_policy_of_every_block_is_all_that_a_life_with_every_block_needs() {
    let mut life = Life::of(with_every_block().await).await;
    let first = life.now.clone();
    life.deploy().await;
    life.look().await;
    let (recorder, grace) = (Recorder::default(), Some(Duration::from_millis(1)));
    let name = Some("partner-a");
    Box::pin(pipeline::show_key(&life.world.settings, name, &recorder)).await.unwrap();
    Box::pin(pipeline::rotate_key(&life.world.settings, name, grace, &recorder, &|_| true)).await.unwrap();
    life.judge();
    life.edits(&[
        ("  reserved_concurrency: 7\n", ""),
        ("memory: 512", "memory: 600"),
        ("ip_address_type: dualstack", "ip_address_type: ipv4"),
        ("    /predict:\n", "    /more: { GET: {} }\n    /predict:\n"),
        ("    /more: { GET: {} }\n", ""),
        ("log_retention: 90", "log_retention: forever"),
        ("{ team: models }", "{ team: data }"),
        ("type: object", "type: object\n        title: input"),
        ("description: Second", "description: second"),
        ("limit: 1000", "limit: 1001"),
        ("execute-api:Invoke", "execute-api:*"),
        ("    BAD_REQUEST_PARAMETERS: { status: 422 }\n", ""),
        ("name: every.example.com", "name: every.example.com\n  base_path: v1"),
    ])
    .await;
    life.many_versions().await;
    life.mend_the_role("every-function-role").await;
    life.large_packages().await;
    let site = life.world.cloud.look(|state, _| state.s3.buckets.keys().find(|name| name.contains("site")).cloned());
    let site = site.await.unwrap().unwrap();
    life.give_the_site_up(&site).await;
    life.ends(&first).await;
}

#[tokio::test]
async fn the_least_file_has_the_least_policy() {
    let world = World::new();
    world.write("deploy.yaml", LITTLE);
    let mut life = Life::of(world).await;
    let first = life.now.clone();
    for word in [
        "route53",
        "acm",
        "domainnames",
        "ecr",
        "AttachRolePolicy",
        "Website",
        "\"apigateway:POST\",\"Resource\":\"arn:aws:apigateway:us-east-1::/apikeys",
    ] {
        assert!(!first.policy.to_string().contains(word), "{word} in {:#}", first.policy);
    }
    life.deploy().await;
    life.look().await;
    life.many_versions().await;
    life.edits(&[
        ("runtime: python3.13,", "runtime: python3.13, memory: 300, log_retention: forever, reserved_concurrency: 3,"),
        (" reserved_concurrency: 3,", ""),
        (" log_retention: forever,", ""),
        ("region: us-east-1\n", "region: us-east-1\ntags: { team: data }\n"),
        ("POST: {}", "POST: {}, GET: {}"),
        ("POST: {}, ", ""),
        ("name: every-api,", "name: every-api, description: new,"),
    ])
    .await;
    life.mend_the_role("every-function-role").await;
    life.large_packages().await;
    life.ends(&first).await;
}

/// An image, an edge domain name with its certificate in us-east-1, a region that is another.
#[tokio::test]
async fn an_images_policy_names_its_repository_and_an_edge_name_its_distribution() {
    let world = World::new();
    world.edit("deploy.yaml", "package: { path: app,", "package: { image: \"admission:1.4\",");
    world.edit("deploy.yaml", "  runtime: python3.13\n", "");
    world.edit("deploy.yaml", "  handler: handler.lambda_handler\n", "");
    world.edit("deploy.yaml", "region: us-east-1", "region: eu-west-1");
    world.edit("deploy.yaml", "  base_path: poc", "  base_path: poc\n  endpoint: edge");
    let text = std::fs::read_to_string(world.path("deploy.yaml")).unwrap();
    let site = text.lines().find(|line| line.starts_with("site:")).unwrap().to_owned();
    world.edit("deploy.yaml", &site, "");
    let mut life = Life::of(World { region: "eu-west-1", ..world }).await;
    let first = life.now.clone();
    let whole = first.policy.to_string();
    assert!(whole.contains("arn:aws:acm:us-east-1:000000000000:certificate/*"), "{whole}");
    assert!(whole.contains("arn:aws:ecr:eu-west-1:000000000000:repository/admission\""), "{whole}");
    assert!(!whole.contains("AbortMultipartUpload"), "nothing is uploaded: {whole}");
    life.deploy().await;
    life.look().await;
    let (recorder, grace) = (Recorder::default(), Some(Duration::from_millis(1)));
    Box::pin(pipeline::show_key(&life.world.settings, None, &recorder)).await.unwrap();
    Box::pin(pipeline::rotate_key(&life.world.settings, None, grace, &recorder, &|_| true)).await.unwrap();
    life.edits(&[
        ("memory: 256", "memory: 300"),
        ("admission:1.4", "admission:1.5"),
        ("timeout: 10 ", "timeout: 10\n  reserved_concurrency: 5 "),
        ("  reserved_concurrency: 5 ", "  log_retention: forever "),
        ("\nstage: prod ", "\ntags: { team: data }\nstage: prod "),
        ("keys: [ServerlessPOC]", "keys: [{ name: ServerlessPOC, description: the one }]"),
        ("description: Admission prediction", "description: Admission"),
        ("    /admit:\n", "    /health: { GET: { integration: mock } }\n    /admit:\n"),
        ("    /health: { GET: { integration: mock } }\n", ""),
        ("GET:\n        summary", "POST:\n        summary"),
        ("  endpoint: edge\n", "  endpoint: edge\n  security_policy: TLS_1_0\n"),
        ("base_path: poc", "base_path: admission"),
    ])
    .await;
    for tag in 6..11 {
        let was = tag - 1;
        life.edits(&[(&format!("admission:1.{was}"), &format!("admission:1.{tag}"))]).await;
    }
    life.one_too_many("deploy.yaml", "admission:1.10", "admission:1.11").await;
    life.deploy().await;
    life.there_and_back().await;
    life.mend_the_role("ServerlessPOCAdmission-role").await;
    // The name goes, and the record of it.
    let text = std::fs::read_to_string(life.world.path("deploy.yaml")).unwrap();
    let domain: Vec<&str> = text.lines().skip_while(|line| *line != "domain:").take(7).collect();
    life.edit("deploy.yaml", &domain.join("\n"), "").await;
    life.ends(&first).await;
}

/// A certificate of ours that is issued already, as an administrator would make it.
async fn certificate(world: &World) -> String {
    let (acm, dns) = (aws_sdk_acm::Client::new(&world.sdk()), aws_sdk_route53::Client::new(&world.sdk()));
    let request = acm.request_certificate().domain_name("api.example.com").validation_method(ValidationMethod::Dns);
    let arn = request.send().await.unwrap().certificate_arn.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let told = acm.describe_certificate().certificate_arn(&arn).send().await.unwrap().certificate.unwrap();
    let record = told.domain_validation_options()[0].resource_record().unwrap().clone();
    let zones = dns.list_hosted_zones_by_name().send().await.unwrap();
    let value = ResourceRecord::builder().value(record.value()).build().unwrap();
    let set = ResourceRecordSet::builder().name(record.name()).r#type(RrType::Cname).ttl(300).resource_records(value);
    let change = Change::builder().action(ChangeAction::Create).resource_record_set(set.build().unwrap());
    let batch = ChangeBatch::builder().changes(change.build().unwrap()).build().unwrap();
    dns.change_resource_record_sets()
        .hosted_zone_id(zones.hosted_zones()[0].id())
        .change_batch(batch)
        .send()
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    arn
}

#[tokio::test]
async fn a_given_certificate_is_looked_at_and_a_truststore_read() {
    let world = World::with(Profile::quick());
    let arn = certificate(&world).await;
    world.edit("deploy.yaml", "certificate: request ", &format!("certificate: \"{arn}\" "));
    let truststore = "  mutual_tls: { truststore: \"s3://trust/pool.pem\", version: \"1\" }\n";
    world.edit("deploy.yaml", "  base_path: poc\n", &format!("  base_path: poc\n{truststore}"));
    // Another of the name, which is nobody's.
    aws_sdk_acm::Client::new(&world.sdk()).request_certificate().domain_name("api.example.com").send().await.unwrap();
    let mut life = Life::of(world).await;
    let first = life.now.clone();
    for word in ["RequestCertificate", "DeleteCertificate", "AddTagsToCertificate"] {
        assert!(!first.policy.to_string().contains(word), "{word}");
    }
    life.deploy().await;
    life.edits(&[("version: \"1\"", "version: \"2\""), ("base_path: poc", "base_path: admission")]).await;
    let mut reader = Reader::of(&first.policy);
    life.needed.iter().for_each(|need| {
        reader.allows(need);
    });
    let of = |sid: &str| reader.unused().into_iter().filter(|one| one.starts_with(sid)).collect::<Vec<_>>();
    for sid in ["MutualTls", "Truststore", "Certificate"] {
        assert!(first.policy.to_string().contains(&format!("\"Sid\":\"{sid}\"")), "{sid}");
        assert_eq!(of(&format!("{sid}:")), [""; 0]);
    }
}

#[tokio::test]
async fn who_only_looks_may_look_at_everything_and_change_nothing() {
    let mut life = Life::of(with_every_block().await).await;
    life.many_versions().await;
    life.one_too_many("app/handler.py", "def ", "# edited\ndef ").await;
    life.needed.clear();
    life.now = policy(&life.world, true).await;
    life.before = life.now.clone();
    life.tap.heard.lock().unwrap().clear();
    life.look().await;
    let mut reader = Reader::of(&life.now.policy);
    life.needed.iter().for_each(|need| {
        reader.allows(need);
    });
    assert_eq!(reader.unused(), [""; 0], "{:#}", life.now.policy);
    let actions = life.now.policy["Statement"].as_array().unwrap().iter().flat_map(|one| match &one["Action"] {
        Value::Array(many) => many.clone(),
        one => vec![one.clone()],
    });
    for action in actions {
        let verb = action.as_str().unwrap().split(':').nth(1).unwrap();
        let looks = ["GET", "Get", "List", "Describe", "Filter"].iter().any(|look| verb.starts_with(look));
        assert!(looks, "{action}");
    }
}
