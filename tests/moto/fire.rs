//! Everything goes wrong on the line to moto, and the program is killed by SIGKILL at requests drawn from a seed. Then
//! the same command again, undisturbed: what stands is what a calm deploy would have made, nothing is doubled, nothing is
//! left, and what others have is as it was; so for a first deploy, an update and a teardown. `FIRE_SEEDS=50` draws more; a seed that fails tells how to repeat it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
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

/// The statement ids of a policy that were added on one line. Moto adds one that is there a second time; AWS refuses it
/// (`AWS_FACTS` B5), which is what a repeated call relies on whose first answer was lost.
#[derive(Default)]
struct Statements(RefCell<BTreeSet<String>>);

impl Statements {
    /// What AWS says to `request`, if that is not what moto does.
    fn refusal(&self, request: &str) -> Option<Fate> {
        let id = added(request)?;
        let text = format!(
            "The statement id ({id}) provided already exists. Please provide a new statement id, or remove the existing \
             statement."
        );
        let body = serde_json::json!({ "Type": "User", "__type": "ResourceConflictException", "message": text });
        self.0.borrow().contains(&id).then(|| refusal("409 Conflict", &body.to_string()))
    }

    /// `request` has reached moto.
    fn note(&self, request: &str) {
        self.0.borrow_mut().extend(added(request));
        let line = request.lines().next().unwrap_or_default();
        let removed = line.strip_prefix("DELETE ").and_then(|line| line.split_once("/policy/"));
        let id = removed.and_then(|(_, rest)| rest.split(['?', ' ']).next());
        id.map(|id| self.0.borrow_mut().remove(id));
    }
}

/// The id in a request to add a statement.
fn added(request: &str) -> Option<String> {
    let (head, body) = request.split_once("\r\n\r\n")?;
    let line = head.lines().next()?;
    let adds = line.starts_with("POST ") && line.contains("/functions/") && line.contains("/policy");
    let body: serde_json::Value = serde_json::from_str(adds.then_some(body)?).ok()?;
    body["StatementId"].as_str().map(str::to_owned)
}

/// One run over a bad line, perhaps killed on the way. Tells what it met.
async fn under_fire(world: &World, command: &str, calls: usize, chance: &mut SmallRng) -> String {
    let faults: BTreeMap<usize, Fate> =
        (0..chance.random_range(1..=5)).map(|_| (chance.random_range(0..calls), draw(chance))).collect();
    let killed = chance.random_ratio(2, 3).then(|| chance.random_range(1..calls));
    let (made, met, kill) = (Cell::new(0), Rc::new(RefCell::new(Vec::new())), Rc::new(Notify::new()));
    let upstream = address(world);
    let (told, shoot) = (met.clone(), kill.clone());
    let drawn = move |request: &str| {
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
    let statements = Statements::default();
    let fate = move |request: &str| {
        let fate = drawn(request);
        if matches!(fate, Fate::Refused(_) | Fate::RequestLost) {
            return fate;
        }
        let fate = statements.refusal(request).unwrap_or(fate);
        statements.note(request);
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
