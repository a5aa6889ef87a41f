//! Everything goes wrong on the line to moto, and the program is killed by SIGKILL at requests drawn from a seed. Then
//! the same command again, undisturbed: what stands is what a calm deploy would have made, nothing is doubled, nothing is
//! left, and what others have is as it was; so for a first deploy, an update and a teardown. `FIRE_SEEDS=50` draws more; a seed that fails tells how to repeat it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Stdio;
use std::rc::Rc;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tokio::sync::Notify;
use tokio::task::LocalSet;
use tokio::time::timeout;

use crate::relay::{Fate, Relay};
use crate::world::World;

const SEEDS: u64 = 3;

/// Requests of a first deploy, of an update and of a teardown against moto.
const FIRST: usize = 85;
const UPDATE: usize = 60;
const DOWN: usize = 100;

/// No run takes longer, whatever it meets.
const LONGEST: Duration = Duration::from_secs(240);

fn refusal(status: &str, body: &str) -> Fate {
    let head =
        "connection: close\r\ncontent-type: application/json\r\nx-amzn-requestid: 00000000-0000-4000-8000-000000000000";
    Fate::Refused(format!("HTTP/1.1 {status}\r\n{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
}

/// In the shape of the service that the request is for.
fn refused(status: &str, code: &str, request: &str) -> Fate {
    let json = refusal(status, &format!(r#"{{"__type":"{code}","code":"{code}","message":"drawn by lot"}}"#));
    let head = request.split("\r\n\r\n").next().unwrap_or_default().to_lowercase();
    if ["/iam/", "/sts/", "/route53/", "/s3/"].iter().any(|service| head.contains(service)) {
        let error = format!("<Error><Code>{code}</Code><Message>drawn by lot</Message></Error>");
        return match head.contains("/s3/") {
            true => refusal(status, &error),
            false => refusal(status, &format!("<ErrorResponse>{error}<RequestId>0</RequestId></ErrorResponse>")),
        };
    }
    json
}

fn draw(chance: &mut SmallRng) -> Fate {
    match chance.random_range(0..10) {
        0 => refused("429 Too Many Requests", "TooManyRequestsException", ""),
        1 => refused("500 Internal Server Error", "InternalFailure", ""),
        2 => refused("503 Service Unavailable", "ServiceUnavailable", ""),
        3 => Fate::RequestLost,
        4 | 5 => Fate::AnswerLost,
        6 => Fate::AnswerCut,
        7 => refused("403 Forbidden", "AccessDeniedException", ""),
        8 => refused("400 Bad Request", "ExpiredTokenException", ""),
        _ => Fate::Late(Duration::from_secs(2)),
    }
}

fn address(world: &World) -> SocketAddr {
    world.server.endpoint.trim_start_matches("http://").parse().unwrap()
}

/// Moto knows no domain name without a mapping: where AWS says that there is none, it breaks down.
fn without_gaps(request: &str, answer: Vec<u8>) -> Vec<u8> {
    let line = request.lines().next().unwrap_or_default();
    if !(line.starts_with("GET /domainnames/")
        && line.contains("/basepathmappings")
        && answer.starts_with(b"HTTP/1.1 500"))
    {
        return answer;
    }
    let Fate::Refused(answer) = refused("404 Not Found", "NotFoundException", "") else { return answer };
    answer.into_bytes()
}

/// One run over a bad line, perhaps killed on the way. Tells what it met.
async fn under_fire(world: &World, command: &str, calls: usize, chance: &mut SmallRng) -> String {
    let faults: BTreeMap<usize, Fate> =
        (0..chance.random_range(1..=5)).map(|_| (chance.random_range(0..calls), draw(chance))).collect();
    let killed = chance.random_ratio(2, 3).then(|| chance.random_range(1..calls));
    let (made, met, kill) = (Cell::new(0), Rc::new(RefCell::new(Vec::new())), Rc::new(Notify::new()));
    let upstream = address(world);
    let (told, shoot) = (met.clone(), kill.clone());
    let fate = move |request: &str| {
        let at = made.replace(made.get() + 1);
        let line = request.lines().next().unwrap_or_default().to_owned();
        if killed == Some(at) {
            told.borrow_mut().push(format!("killed at {at} ({line})"));
            shoot.notify_one();
            return Fate::AnswerLost;
        }
        let fate = match faults.get(&at) {
            Some(Fate::Refused(answer)) if answer.contains("429") => {
                refused("429 Too Many Requests", "TooManyRequestsException", request)
            }
            Some(Fate::Refused(answer)) if answer.contains("503") => {
                refused("503 Service Unavailable", "ServiceUnavailable", request)
            }
            Some(Fate::Refused(answer)) if answer.contains("403") => {
                refused("403 Forbidden", "AccessDeniedException", request)
            }
            Some(Fate::Refused(answer)) if answer.contains("ExpiredToken") => {
                refused("400 Bad Request", "ExpiredTokenException", request)
            }
            Some(Fate::Refused(_)) => refused("500 Internal Server Error", "InternalFailure", request),
            Some(fate) => fate.clone(),
            None => return Fate::Passed,
        };
        told.borrow_mut().push(format!("{fate:.20?} at {at} ({line})"));
        fate
    };
    let relay = Relay::mending(upstream, fate, without_gaps).await;
    let mut process = world.command(&[command, "--yes"], &relay.url());
    let mut child = process.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn().unwrap();
    let ended = tokio::select! {
        ended = timeout(LONGEST, child.wait()) => ended.ok(),
        () = kill.notified() => {
            child.kill().await.unwrap();
            Some(Ok(Default::default()))
        }
    };
    let met = met.borrow().join(", ");
    assert!(ended.is_some(), "{command} does not end; {met}");
    format!("[{command}: {met}]")
}

/// In a cloud of its own: moto refuses a record that was there once (its journal of changes never forgets).
async fn burns(calm: &[String; 2], seed: u64) -> String {
    let world = &World::new().await;
    world.place_decoys().await;
    let theirs = world.portrait().await;
    let (mut chance, mut met) = (SmallRng::seed_from_u64(seed), String::new());
    for _ in 0..chance.random_range(1..=3) {
        met += &under_fire(world, "deploy", FIRST, &mut chance).await;
    }
    let repeat = format!("FIRE_SEED={seed} cargo test --test moto fire -- --ignored");
    let good = Relay::mending(address(world), |_| Fate::Passed, without_gaps).await;
    for (at, calm) in calm.iter().enumerate() {
        if at > 0 {
            update(world);
            met += &under_fire(world, "deploy", UPDATE, &mut chance).await;
        }
        let again = world.command(&["deploy", "--yes"], &good.url()).output().await.unwrap();
        assert!(again.status.success(), "{met}\n{repeat}\n{}", String::from_utf8_lossy(&again.stderr));
        let stands = world.portrait().await.since(&theirs).join("\n");
        assert_eq!(&stands, calm, "{met}\n{repeat}");
        let idle = world.deploy().await;
        assert_eq!((idle.outcome.as_str(), idle.writes), ("unchanged", 0), "{met}\n{repeat}");
    }
    for _ in 0..chance.random_range(1..=2) {
        met += &under_fire(world, "teardown", DOWN, &mut chance).await;
    }
    let gone = world.command(&["teardown", "--yes"], &good.url()).output().await.unwrap();
    assert!(gone.status.success(), "{met}\n{repeat}\n{}", String::from_utf8_lossy(&gone.stderr));
    assert_eq!(world.portrait().await.since(&theirs), [""; 0], "{met}\n{repeat}");
    met
}

/// Another code, another template, another plan.
fn update(world: &World) {
    world.edit("deploy.yaml", "memory: 256", "memory: 512");
    world.edit("deploy.yaml", "rate: 10,", "rate: 12,");
    world.edit("app/handler.py", "def ", "# edited\ndef ");
    world.edit("templates/admit/error.vtl", "error", "problem");
}

#[tokio::test]
#[ignore = "needs python3 and a network for moto: run by .ci/run"]
async fn whatever_goes_wrong_on_the_line_the_same_command_finishes_the_job() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let seeds = match number("FIRE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("FIRE_SEEDS").unwrap_or(SEEDS),
    };
    let world = World::new().await;
    if !world.server.is_moto() {
        return;
    }
    world.place_decoys().await;
    let theirs = world.portrait().await;
    world.deploy().await;
    let first = world.portrait().await.since(&theirs).join("\n");
    update(&world);
    world.deploy().await;
    let calm = [first, world.portrait().await.since(&theirs).join("\n")];
    drop(world);
    let (local, one) = (LocalSet::new(), seeds.end - seeds.start == 1);
    let mut met = String::new();
    for seed in seeds {
        met += &local.run_until(burns(&calm, seed)).await;
    }
    let (killed, all) = (met.matches("killed at ").count(), met.matches(" at ").count());
    assert!(one || killed > 0 && all > killed, "too little went wrong: {met}");
}
