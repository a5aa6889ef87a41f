//! The site: what is sent, what is left alone, what goes, and who may read it. Looked at through S3 itself.

use std::collections::BTreeMap;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use poc::event::{Action, Outcome, Recorder};
use poc::local::cloud::s3::PublicAccessBlock;
use poc::pipeline::Failure;

use crate::inventory::Inventory;
use crate::support::problems::{shown, shown_as};
use crate::support::{Told, World};

const BUCKET: &str = "serverless-poc-site-000000000000-us-east-1";
const URL: &str = "http://serverless-poc-site-000000000000-us-east-1.s3-website-us-east-1.amazonaws.com/";

fn s3(world: &World) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(&world.sdk()).force_path_style(true).build();
    aws_sdk_s3::Client::from_conf(config)
}

/// Keys of a bucket; none where there is no bucket.
async fn keys(world: &World, bucket: &str) -> Vec<String> {
    let pages = s3(world).list_objects_v2().bucket(bucket).into_paginator().send().collect::<Result<Vec<_>, _>>().await;
    let pages = pages.unwrap_or_default();
    pages.iter().flat_map(|page| page.contents()).filter_map(|object| object.key().map(str::to_owned)).collect()
}

async fn object(world: &World, key: &str) -> String {
    let answer = s3(world).get_object().bucket(BUCKET).key(key).send().await.unwrap();
    String::from_utf8(answer.body.collect().await.unwrap().to_vec()).unwrap()
}

async fn put(world: &World, bucket: &str, key: &str, text: &'static str) {
    let body = ByteStream::from_static(text.as_bytes());
    s3(world).put_object().bucket(bucket).key(key).body(body).send().await.unwrap();
}

fn count(told: &Told, operation: &str) -> usize {
    told.calls().iter().filter(|call| **call == operation).count()
}

/// `+ page`, `~ page`, `- page`: what a plan says of the pages.
async fn planned(world: &World) -> Vec<String> {
    use poc::engine::plan::Side::Absent;
    let plan = world.plan().await.plan;
    let changes = plan.steps.iter().filter(|step| step.step == "site").flat_map(|step| &step.changes);
    let sign = |change: &poc::engine::plan::Change| match (&change.before, &change.after) {
        (Absent, _) => '+',
        (_, Absent) => '-',
        _ => '~',
    };
    changes.map(|change| format!("{} {}", sign(change), change.path.replace("site · ", ""))).collect()
}

fn problem(failure: Failure) -> poc::event::Problem {
    match failure {
        Failure::Problem(problem) => *problem,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_folder_is_put_there_with_types_and_times_and_the_apis_url() {
    let world = World::new();
    world.write("web/.env", "SECRET=1");
    world.write("web/more/notes.txt", "x");
    world.deploy().await;
    let expected = [".poc/site.json", "icon.svg", "index.html", "more/notes.txt", "page.js", "poc.json", "style.css"];
    assert_eq!(keys(&world, BUCKET).await, expected);
    let mut told = BTreeMap::new();
    for key in expected {
        let head = s3(&world).head_object().bucket(BUCKET).key(key).send().await.unwrap();
        let header = |text: Option<&str>| text.unwrap_or("-").to_owned();
        told.insert(key, format!("{key}: {}, {}", header(head.content_type()), header(head.cache_control())));
    }
    insta::assert_snapshot!(told.into_values().collect::<Vec<_>>().join("\n"), @"
    .poc/site.json: application/json, no-store
    icon.svg: image/svg+xml, max-age=300
    index.html: text/html; charset=utf-8, no-cache
    more/notes.txt: text/plain; charset=utf-8, max-age=300
    page.js: text/javascript; charset=utf-8, max-age=300
    poc.json: application/json, no-cache
    style.css: text/css; charset=utf-8, max-age=300
    ");
    // The key is nobody's but its owner's.
    let settings = object(&world, "poc.json").await;
    insta::assert_snapshot!(settings, @r#"{"app":"ServerlessPOC","stage":"prod","api":"https://api.example.com/poc","needs_key":true}"#);
    let value = world
        .cloud
        .inspect(|state| state.apigateway.regions["us-east-1"].api_keys.values().next().unwrap().value.clone());
    let value = value.await.unwrap();
    for key in expected {
        assert!(!object(&world, key).await.contains(&value), "{key} tells the API key");
    }
    let status = world.status().await;
    assert_eq!(status.outputs.get("site").map(String::as_str), Some(URL));
}

#[tokio::test]
async fn without_a_domain_the_url_is_known_after_the_api_is_made() {
    let world = World::new();
    let text = std::fs::read_to_string(world.path("deploy.yaml")).unwrap();
    let (before, rest) = text.split_once("domain:\n").unwrap();
    let (_, after) = rest.split_once("hosted_zone: example.com\n").unwrap();
    world.write("deploy.yaml", &format!("{before}{after}"));
    let plan = world.plan().await.plan;
    let step = plan.steps.iter().find(|step| step.step == "site_settings").unwrap();
    assert_eq!(serde_json::to_value(&step.changes[0]).unwrap()["after"]["known_after"], "rest_api");
    world.deploy().await;
    let id = world.status().await.outputs["rest_api_id"].clone();
    let settings: serde_json::Value = serde_json::from_str(&object(&world, "poc.json").await).unwrap();
    assert_eq!(settings["api"], format!("https://{id}.execute-api.us-east-1.amazonaws.com/prod"));
    world.assert_idle().await;
}

#[tokio::test]
async fn only_what_changed_is_sent_and_what_is_gone_goes() {
    let world = World::new();
    world.deploy().await;
    world.assert_idle().await;
    world.edit("web/index.html", "Will I be", "Shall I be");
    world.write("web/about/index.html", "<p>About");
    std::fs::remove_file(world.path("web/icon.svg")).unwrap();
    assert_eq!(planned(&world).await, ["+ about/index.html", "~ index.html", "- icon.svg"]);
    let told = world.deploy().await;
    // Taking the lock and letting it go, the note of a new page, two pages, the note that they have arrived.
    assert_eq!((count(&told, "PutObject"), count(&told, "DeleteObjects")), (2 + 1 + 2 + 1, 1), "{:?}", told.calls());
    let left = [".poc/site.json", "about/index.html", "index.html", "page.js", "poc.json", "style.css"];
    assert_eq!(keys(&world, BUCKET).await, left);
    assert!(object(&world, "index.html").await.contains("Shall I be"));
    world.assert_idle().await;

    // How long browsers keep a page is as much of it as its text.
    world.edit("deploy.yaml", "site: { path: web,", "site: { path: web, cache: 3600,");
    assert_eq!(planned(&world).await, ["~ page.js", "~ style.css"]);
    world.deploy().await;
    let head = s3(&world).head_object().bucket(BUCKET).key("style.css").send().await.unwrap();
    assert_eq!(head.cache_control(), Some("max-age=3600"));
    world.assert_idle().await;
}

#[tokio::test]
async fn many_pages_are_listed_in_pages_and_sent_at_once() {
    let world = World::new();
    for n in 0..1_200 {
        world.write(&format!("web/many/{n:04}.txt"), &n.to_string());
    }
    world.deploy().await;
    assert_eq!(keys(&world, BUCKET).await.len(), 1_206);
    world.assert_idle().await;
    std::fs::remove_dir_all(world.path("web/many")).unwrap();
    let told = world.deploy().await;
    assert_eq!(count(&told, "DeleteObjects"), 2, "a thousand at a time");
    assert_eq!(keys(&world, BUCKET).await.len(), 6);
    world.assert_idle().await;
}

#[tokio::test]
async fn what_somebody_did_to_a_page_or_the_bucket_is_put_right() {
    let world = World::new();
    world.deploy().await;
    put(&world, BUCKET, "index.html", "<p>mine").await;
    s3(&world).delete_object().bucket(BUCKET).key("style.css").send().await.unwrap();
    assert_eq!(planned(&world).await, ["~ index.html", "+ style.css"]);
    world
        .cloud
        .inspect(|state| {
            let bucket = state.s3.buckets.get_mut(BUCKET).unwrap();
            bucket.policy = None;
            bucket.website = None;
            bucket.public_access_block = Some(PublicAccessBlock {
                block_acls: false,
                ignore_acls: true,
                block_policy: true,
                restrict_buckets: true,
            });
        })
        .await
        .unwrap();
    let changes = world.planned_changes().await;
    let of_the_bucket: Vec<&String> = changes.iter().filter(|change| change.starts_with("site_bucket")).collect();
    assert_eq!(of_the_bucket, ["site_bucket: public_access", "site_bucket: website.index", "site_bucket: policy"]);
    world.deploy().await;
    assert!(object(&world, "index.html").await.starts_with("<!doctype"));
    world.assert_idle().await;
}

#[tokio::test]
async fn the_bucket_is_opened_as_far_as_pages_need_it() {
    let world = World::new();
    world.deploy().await;
    let block = s3(&world).get_public_access_block().bucket(BUCKET).send().await.unwrap();
    let block = block.public_access_block_configuration.unwrap();
    assert_eq!((block.block_public_acls(), block.ignore_public_acls()), (Some(true), Some(true)));
    assert_eq!((block.block_public_policy(), block.restrict_public_buckets()), (Some(false), Some(false)));
    let policy = s3(&world).get_bucket_policy().bucket(BUCKET).send().await.unwrap().policy.unwrap();
    let policy: serde_json::Value = serde_json::from_str(&policy).unwrap();
    insta::assert_json_snapshot!(policy["Statement"], @r#"
    [
      {
        "Sid": "PagesForEverybody",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::serverless-poc-site-000000000000-us-east-1/*"
      }
    ]
    "#);
    // The packages' own is as closed as ever.
    let artifacts = "serverless-poc-000000000000-us-east-1";
    let block = s3(&world).get_public_access_block().bucket(artifacts).send().await.unwrap();
    assert_eq!(block.public_access_block_configuration.unwrap().restrict_public_buckets(), Some(true));
    assert!(s3(&world).get_bucket_policy().bucket(artifacts).send().await.is_err());
    // Who may not list the bucket learns no page's name from the notes either.
    let notes = object(&world, ".poc/site.json").await;
    assert!(!notes.contains("index") && !notes.contains("style"), "{notes}");
}

#[tokio::test]
async fn an_account_that_blocks_public_policies_is_told_what_that_means() {
    let world = World::new();
    let whole = PublicAccessBlock { block_acls: true, ignore_acls: true, block_policy: true, restrict_buckets: true };
    world.cloud.inspect(|state| state.s3.public_access_block = Some(whole)).await.unwrap();
    tokio::time::pause();
    let (result, told) = world.try_deploy().await;
    let problem = problem(result.unwrap_err());
    assert_eq!((problem.kind, problem.operation.as_deref()), ("public_access_blocked", Some("PutBucketPolicy")));
    assert!(problem.message.contains("prevented by the BlockPublicPolicy setting"), "{problem:?}");
    shown(&problem);
    assert!(problem.next.contains("the account itself blocks public policies"), "{problem:?}");
    assert!(problem.next.contains("remove `site` from deploy.yaml"), "{problem:?}");
    assert!(count(&told, "PutBucketPolicy") > 1, "S3 may take a moment to open a bucket");
    // What was made is ours, and the next run goes on from there.
    world.cloud.inspect(|state| state.s3.public_access_block = None).await.unwrap();
    world.deploy().await;
    world.assert_idle().await;
}

#[tokio::test]
async fn other_peoples_objects_are_neither_written_over_nor_taken_away() {
    let mut world = World::new();
    world.deploy().await;
    put(&world, BUCKET, "theirs/report.pdf", "theirs").await;
    world.assert_idle().await;
    // A page of that name would have to write over it.
    world.write("web/theirs/report.pdf", "ours");
    let (result, told) = world.try_deploy().await;
    let stopped = problem(result.unwrap_err());
    assert_eq!((stopped.kind, told.finished().1), ("not_ours", 0));
    assert!(stopped.message.contains("theirs/report.pdf is there already"), "{stopped:?}");
    shown_as("not_ours-page", &stopped);
    assert!(stopped.next.contains("--adopt"), "{stopped:?}");
    world.settings.adopt = true;
    world.deploy().await;
    world.settings.adopt = false;
    assert_eq!(object(&world, "theirs/report.pdf").await, "ours");
    world.assert_idle().await;

    put(&world, BUCKET, "theirs/other.pdf", "theirs").await;
    let (torn, told) = world.teardown().await;
    // It is a proper end, as often as it is asked for.
    let kept = format!(
        "site bucket {BUCKET}: it holds objects that poc did not put there, and is closed to the public; should nobody \
         need them, delete the bucket yourself"
    );
    assert_eq!((torn.left, torn.kept, torn.outcome), (vec![], vec![kept.clone()], Outcome::Changed));
    assert_eq!(keys(&world, BUCKET).await, ["theirs/other.pdf"]);
    let about: Vec<String> =
        told.0.iter().filter(|event| format!("{event:?}").contains("\"site_bucket\"")).map(name_of).collect();
    assert_eq!(about.last().map(String::as_str), Some("StepKept"), "{about:?}");
    let (torn, _) = world.teardown().await;
    assert_eq!((torn.left, torn.kept), (vec![], vec![kept]));
    // What let everybody read it was ours.
    assert!(s3(&world).get_bucket_policy().bucket(BUCKET).send().await.is_err());
    assert!(s3(&world).get_bucket_website().bucket(BUCKET).send().await.is_err());
    let block = s3(&world).get_public_access_block().bucket(BUCKET).send().await.unwrap();
    assert_eq!(block.public_access_block_configuration.unwrap().restrict_public_buckets(), Some(true));
    s3(&world).delete_object().bucket(BUCKET).key("theirs/other.pdf").send().await.unwrap();
    let (torn, _) = world.teardown().await;
    assert!(torn.left.is_empty() && torn.kept.is_empty(), "{torn:?}");
    assert!(Inventory::of(&world).await.get("sites").is_empty());
}

fn name_of(event: &poc::event::Event) -> String {
    format!("{event:?}").split([' ', '(']).next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_bucket_that_is_not_ours_stops_the_run_and_can_be_taken_over() {
    let mut world = World::new();
    s3(&world).create_bucket().bucket(BUCKET).send().await.unwrap();
    put(&world, BUCKET, "index.html", "theirs").await;
    put(&world, BUCKET, "kept.html", "theirs").await;
    let before = Inventory::of(&world).await;
    let (result, told) = world.try_deploy().await;
    let stopped = problem(result.unwrap_err());
    assert_eq!((stopped.kind, told.finished().1), ("not_ours", 0));
    assert!(stopped.message.contains(BUCKET), "{stopped:?}");
    assert_eq!(Inventory::of(&world).await, before);
    world.settings.adopt = true;
    world.deploy().await;
    world.settings.adopt = false;
    assert!(object(&world, "index.html").await.starts_with("<!doctype"));
    assert_eq!(object(&world, "kept.html").await, "theirs");
    world.assert_idle().await;
}

#[tokio::test]
async fn another_bucket_or_none_removes_the_former_one() {
    let world = World::new();
    world.deploy().await;
    world.edit("deploy.yaml", "serverless-poc-site-", "serverless-poc-new-site-");
    let planned = world.plan().await.plan;
    let gone: Vec<&str> =
        planned.steps.iter().filter(|step| step.action == Action::Delete).map(|step| step.step.as_str()).collect();
    let former = ["site_settings.poc.json".to_owned(), format!("site.{URL}"), format!("site_bucket.{BUCKET}")];
    assert_eq!(gone, former);
    world.deploy().await;
    assert_eq!(Inventory::of(&world).await.get("sites"), ["serverless-poc-new-site-000000000000-us-east-1"]);
    world.assert_idle().await;

    let text = std::fs::read_to_string(world.path("deploy.yaml")).unwrap();
    let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("site:")).collect();
    world.write("deploy.yaml", &format!("{}\n", kept.join("\n")));
    world.deploy().await;
    assert!(Inventory::of(&world).await.get("sites").is_empty());
    world.assert_idle().await;
}

#[tokio::test]
async fn old_versions_of_pages_go_with_the_bucket() {
    let world = World::new();
    world.deploy().await;
    let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    s3(&world).put_bucket_versioning().bucket(BUCKET).versioning_configuration(on).send().await.unwrap();
    world.edit("web/index.html", "Will I be", "Shall I be");
    std::fs::remove_file(world.path("web/icon.svg")).unwrap();
    world.deploy().await;
    world.assert_idle().await;
    let (torn, _) = world.teardown().await;
    assert!(torn.left.is_empty(), "{:?}", torn.left);
    assert!(Inventory::of(&world).await.get("sites").is_empty());
}

/// Law 6: a page is there after what it calls, and is sent to a name only once that name works.
#[tokio::test(start_paused = true)]
async fn pages_come_after_their_api_and_its_name() {
    let world = World::with(crate::support::counting());
    let told = world.deploy().await;
    let ended: Vec<&str> = told
        .0
        .iter()
        .filter_map(|event| match event {
            poc::event::Event::StepFinished { step, .. } => Some(step.as_str()),
            _ => None,
        })
        .collect();
    let at = |step: &str| ended.iter().position(|one| *one == step).unwrap_or_else(|| panic!("{step}: {ended:?}"));
    assert!(at("stage") < at("site") && at("stage") < at("site_settings"), "{ended:?}");
    for name in ["domain_ready", "alias_record", "base_path_mapping"] {
        assert!(at(name) < at("site_settings"), "{name}: {ended:?}");
    }
    assert!(at("site_bucket") < at("definition"), "the bucket waits for nothing: {ended:?}");
}

#[tokio::test]
async fn a_deploy_that_does_not_wait_puts_the_settings_off_with_the_name_they_lead_to() {
    let mut world = World::with(poc::local::cloud::Profile {
        certificate_issued: std::time::Duration::from_millis(400),
        ..poc::local::cloud::Profile::quick()
    });
    world.settings.wait = false;
    world.deploy().await;
    assert!(!keys(&world, BUCKET).await.contains(&"poc.json".to_owned()));
    world.settings.wait = true;
    world.deploy().await;
    assert!(object(&world, "poc.json").await.contains("https://api.example.com/poc"));
    world.assert_idle().await;
}

#[tokio::test]
async fn what_must_not_be_shown_stops_the_run_before_anything_is_sent() {
    let world = World::new();
    world.write("web/server.key", "-----BEGIN PRIVATE KEY-----\nMII");
    world.write("web/poc.json", "{}");
    let (result, told) = world.try_deploy().await;
    let Err(Failure::Faults(faults)) = result else { panic!("{result:?}") };
    let codes: Vec<&str> = faults.iter().map(|fault| fault.code).collect();
    assert_eq!(codes, ["reserved_name", "secret_in_site"], "{faults:?}");
    assert!(told.0.is_empty(), "{:?}", told.0);
    let judged = poc::pipeline::validate(&world.settings).await;
    let Err(Failure::Faults(again)) = judged else { panic!("{judged:?}") };
    assert_eq!(again.len(), 2, "{again:?}");
}

/// Somebody removes a page between the plan and its turn.
#[tokio::test]
async fn a_page_that_is_gone_when_its_turn_comes_stops_the_run_and_the_next_one_goes_on() {
    let world = World::new();
    world.write("web/gone.txt", "");
    let recorder = Recorder::default();
    let result = poc::pipeline::deploy(&world.settings, &recorder, &|_| {
        std::fs::remove_file(world.path("web/gone.txt")).unwrap();
        true
    })
    .await;
    let problem = problem(result.unwrap_err());
    assert_eq!(problem.kind, "page_unreadable");
    shown(&problem);
    assert!(problem.message.contains("web/gone.txt"), "{problem:?}");
    world.deploy().await;
    world.assert_idle().await;
}
