//! Many callers at once, and callers while a deploy is under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::json;

use super::served::Served;
use super::wire::{connect, get, post};

/// Eight callers on connections of their own, each with its own numbers: nobody gets another's answer.
#[tokio::test]
async fn answers_find_their_callers() {
    let served = Served::file("api: { name: E2e, endpoint: regional, resources: { /x: { POST: {} } } }\n").await;
    let address = served.address;
    let callers = (0..8).map(|caller| {
        thread::spawn(move || {
            let mut stream = connect(address);
            for number in 0..10 {
                let mine = json!({ "caller": caller, "number": number, "sleep": 0.001 });
                let seen = post("/prod/x", &mine.to_string()).on(&mut stream);
                assert_eq!((seen.status, seen.json()), (200, mine));
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.join().unwrap();
    }
    served.stop().await;
}

/// C2: a bucket's tokens and a quota's requests are given out once, however many ask at the same time.
#[tokio::test]
async fn nothing_is_given_out_twice() {
    let served = Served::file(
        r"
api:
  name: E2e
  endpoint: regional
  resources:
    /bucket: { GET: { integration: mock } }
    /quota: { GET: { api_key: true, integration: mock } }
stage_settings: { methods: { GET /bucket: { rate: 0.01, burst: 20 } } }
usage_plan: { quota: { limit: 15, period: month }, keys: [key] }
",
    )
    .await;
    let (address, key) = (served.address, served.key("key").await);
    for (call, holds) in [(get("/prod/bucket"), 20), (get("/prod/quota").key(&key), 15)] {
        let callers = (0..4).map(|_| {
            let call = call.clone();
            thread::spawn(move || {
                let mut stream = connect(address);
                (0..10).map(|_| call.on(&mut stream).status).collect::<Vec<_>>()
            })
        });
        let callers: Vec<_> = callers.collect();
        let statuses: Vec<u16> = callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect();
        let count = |status| statuses.iter().filter(|seen| **seen == status).count();
        assert_eq!((count(200), count(429)), (holds, 40 - holds), "{call}");
    }
    served.stop().await;
}

const FIRST: &str = r#"
api:
  name: E2e
  endpoint: regional
  resources:
    /x:
      GET:
        api_key: true
        request: { templates: { application/json: { inline: '{"return": "one"}' } } }
usage_plan: { keys: [key] }
"#;

/// Law 6, "No caller sees a gap": handler, template, status and headers change under a caller who never stops; each answer is
/// the old one or the new one, and after the deploy only the new one.
#[tokio::test]
async fn a_deploy_under_way_is_not_seen() {
    let served = Served::file(FIRST).await;
    let (address, key) = (served.address, served.key("key").await);
    let call = get("/prod/x").key(&key);
    let before = call.send(address);
    assert_eq!((before.status, before.text().as_str()), (200, "\"one\""));
    let over = Arc::new(AtomicBool::new(false));
    let caller = {
        let (call, over) = (call.clone(), over.clone());
        thread::spawn(move || {
            let mut seen = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let answer = call.send(address);
                seen.push((answer.status, answer.text(), answer.header("x-version")));
            }
            seen
        })
    };
    for (from, to) in [("{\"return\": \"one\"}", "{\"return\": \"two\"}"), ("        api_key: true\n", RESPONSES)] {
        served.world.edit("deploy.yaml", from, to);
    }
    served.world.edit("app/handler.py", "return said[\"return\"]", "return said[\"return\"] * 2");
    served.world.deploy().await;
    let after = call.send(address);
    over.store(true, Ordering::Relaxed);
    let two = (201, "\"twotwo\"".to_owned(), Some("two".to_owned()));
    assert_eq!((after.status, after.text(), after.header("x-version")), two);
    let seen = caller.join().unwrap();
    assert!(!seen.is_empty());
    // The alias moves before the stage does: the old API may call the new function for a moment.
    let known = [(200, "\"one\"".to_owned(), None), (200, "\"oneone\"".to_owned(), None), two];
    let strange: Vec<_> = seen.iter().filter(|answer| !known.contains(answer)).collect();
    assert!(strange.is_empty(), "{strange:?} of {}", seen.len());
    served.stop().await;
}

const RESPONSES: &str = "        api_key: true\n        responses: { 201: { headers: { X-Version: \"'two'\" } } }\n";
