//! What must hold, for every seed: one check per law of the issue, each with a message that says what was seen.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use poc::event::Event;
use poc::pipeline::Failure;
use serde_json::{Value, json};

use crate::others;
use crate::probe::{Answers, Probe};
use crate::world::{Command, Run, Sim};
use rand::Rng;

/// Which law was broken; its number is that of the list of what must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Law {
    /// 1: the run ends, done or with a clear failure.
    Ends,
    /// 1: a re-run without faults converges.
    Converges,
    /// 1: the run after that writes nothing.
    Idle,
    /// 1: of two runs at once, one does its work and the other is told.
    Apart,
    /// 2: exactly one of each.
    Single,
    /// 2: none untagged that should be tagged.
    Tagged,
    /// 2: teardown reaches zero.
    NothingLeft,
    /// 3: what is not ours is as before, to the last member.
    Foreign,
    /// 4: callers see no gap.
    NoGap,
    /// 5: no refusal for being too quick, or two at once.
    Pace,
    /// 6: secrets stay quiet.
    Quiet,
    /// 7: time.
    Time,
}

#[derive(Debug)]
pub struct Broken {
    pub law: Law,
    pub what: String,
}

pub type Kept = Result<(), Broken>;

pub fn broken(law: Law, what: impl Into<String>) -> Kept {
    Err(Broken { law, what: what.into() })
}

/// A failure says what failed, in whose words, and what to do; where a step failed, it names the resource.
pub fn ends(run: &Run) -> Kept {
    match &run.ended {
        None | Some(Ok(())) => Ok(()),
        Some(Err(Failure::Interrupted)) => stops(run),
        Some(Err(Failure::Problem(problem))) => {
            if problem.message.is_empty() || problem.next.is_empty() {
                return broken(Law::Ends, format!("a failure that says nothing: {problem:?}"));
            }
            let about_the_account = problem.operation.as_deref() == Some("GetCallerIdentity");
            if problem.resource.is_none() && !about_the_account && problem.kind != "locked" {
                return broken(Law::Ends, format!("a failure without its resource: {problem:?}"));
            }
            // Where nothing unforeseen is left, these mean that the program did not understand what it met.
            if problem.kind == "unexpected_answer" {
                return broken(Law::Ends, format!("not understood: {problem:?}"));
            }
            Ok(())
        }
        Some(Err(other)) => broken(Law::Ends, format!("{other:?}")),
    }
}

/// After Ctrl-C nothing new is begun, it does not take long, and the person is told how to go on.
fn stops(run: &Run) -> Kept {
    let Some((at, when)) = run.pressed else {
        return broken(Law::Ends, "interrupted, and nobody pressed anything");
    };
    if let Some(begun) = run.events[at..].iter().find(|event| matches!(event, Event::StepStarted { .. })) {
        return broken(Law::Ends, format!("after Ctrl-C there began {begun:?}"));
    }
    let after = run.took.saturating_sub(when);
    if after > LONGEST_STOP {
        return broken(Law::Ends, format!("it went on for {after:?} after Ctrl-C"));
    }
    let worked = run.events.iter().any(|event| matches!(event, Event::StepStarted { .. }));
    let continues = run.printed.contains("run the same command again to continue");
    if worked && !continues {
        return broken(Law::Ends, format!("after Ctrl-C nothing tells how to continue:\n{}", run.printed));
    }
    Ok(())
}

/// Whoever ended by itself let go of its lock.
pub async fn unlocked(sim: &Sim) -> Kept {
    let config = aws_sdk_s3::config::Builder::from(&sim.world.sdk()).force_path_style(true).build();
    let s3 = aws_sdk_s3::Client::from_conf(config);
    let get = s3.get_object().bucket("serverless-poc-000000000000-us-east-1").key("ServerlessPOC/prod/lock.json");
    let Ok(lock) = get.send().await else { return Ok(()) };
    let record: Value = serde_json::from_slice(&lock.body.collect().await.unwrap().into_bytes()).unwrap();
    if record["held"] == true { broken(Law::Ends, format!("the lock is still held: {record}")) } else { Ok(()) }
}

/// Two runs at once: whoever comes second ends with who is first, and one of them works as if alone, unless a person stops
/// it.
pub fn apart(first: &Run, second: &Run) -> Kept {
    let locked = |run: &Run| matches!(&run.ended, Some(Err(Failure::Problem(problem))) if problem.kind == "locked");
    // Nothing but a second Ctrl-C kills one of them; whether the first was heard before, `ends` asks.
    let stopped = |run: &Run| matches!(run.ended, None | Some(Err(Failure::Interrupted)));
    let runs = [first, second];
    let one_works = runs.iter().any(|run| run.succeeded() || stopped(run));
    if one_works && runs.iter().all(|run| run.succeeded() || stopped(run) || locked(run)) {
        return Ok(());
    }
    broken(Law::Apart, format!("two runs at once ended with {:#?} and {:#?}", first.ended, second.ended))
}

/// What is in flight may be a call that hangs until it is given up.
const LONGEST_STOP: Duration = Duration::from_secs(180);

/// The same command without faults finishes, and the one after that writes nothing.
pub async fn recovers(sim: &mut Sim) -> Kept {
    let rested = rests(sim).await;
    let run = sim.calmly(Command::Deploy).await;
    if !run.succeeded() {
        return broken(Law::Converges, format!("the next run failed: {:#?}", run.ended));
    }
    if rested {
        pace(&run)?;
    }
    single(sim).await?;
    idle(sim).await
}

pub async fn idle(sim: &mut Sim) -> Kept {
    // AWS shows some of what was changed only after a moment; and by then it takes as many calls as it ever does.
    tokio::time::sleep(Duration::from_secs(10)).await;
    let run = sim.calmly(Command::Deploy).await;
    if !run.succeeded() {
        return broken(Law::Idle, format!("an unchanged deploy failed: {:#?}", run.ended));
    }
    pace(&run)?;
    wrote_nothing(&run)
}

pub fn wrote_nothing(run: &Run) -> Kept {
    match run.writes().as_slice() {
        [] => Ok(()),
        writes => broken(Law::Idle, format!("an unchanged deploy wrote {writes:?}, planned {:#?}", run.plan)),
    }
}

/// After which AWS takes as many calls as it ever does. A run cannot know what the one before it used up: only one that
/// begins later than this must meet no refusal.
pub const REST: Duration = Duration::from_secs(60);

/// Now and then whoever comes back takes their time.
pub async fn rests(sim: &mut Sim) -> bool {
    let rests = sim.chance.random_ratio(1, 2);
    if rests {
        tokio::time::sleep(REST).await;
    }
    rests
}

/// Objects of one kind that are ours, as JSON.
fn kinds(state: &Value, theirs: &Value) -> BTreeMap<&'static str, Vec<Value>> {
    let mut all: BTreeMap<&'static str, Vec<Value>> = BTreeMap::new();
    let mut take = |kind: &'static str, path: &str, objects: &Value| {
        let others = theirs.pointer(path).unwrap_or(&Value::Null);
        let objects = objects.as_object().into_iter().flatten().filter(|(name, _)| others[name.as_str()].is_null());
        all.entry(kind).or_default().extend(objects.map(|(_, object)| object.clone()));
    };
    for (region, gateway) in state["apigateway"]["regions"].as_object().into_iter().flatten() {
        let path = format!("/apigateway/regions/{region}");
        for (kind, member) in [
            ("REST APIs", "rest_apis"),
            ("usage plans", "usage_plans"),
            ("API keys", "api_keys"),
            ("domain names", "domain_names"),
        ] {
            take(kind, &format!("{path}/{member}"), &gateway[member]);
        }
    }
    for (region, functions) in state["lambda"]["regions"].as_object().into_iter().flatten() {
        take("functions", &format!("/lambda/regions/{region}"), functions);
    }
    for (region, groups) in state["logs"]["regions"].as_object().into_iter().flatten() {
        take("log groups", &format!("/logs/regions/{region}"), groups);
    }
    take("roles", "/iam/roles", &state["iam"]["roles"]);
    for (kind, of_a_site) in [("buckets", false), ("site buckets", true)] {
        let buckets = state["s3"]["buckets"].as_object().into_iter().flatten();
        let some: serde_json::Map<String, Value> = buckets
            .filter(|(name, _)| name.contains("-site-") == of_a_site)
            .map(|(name, bucket)| (name.clone(), bucket.clone()))
            .collect();
        take(kind, "/s3/buckets", &some.into());
    }
    take("certificates", "/acm/certificates", &state["acm"]["certificates"]);
    all
}

/// One of each kind, with our tags; one stage, one mapping, one record of each kind; each key once, and in the plan; no
/// deployment, version, package or permission twice, and no upload that nobody goes on with.
pub async fn single(sim: &Sim) -> Kept {
    let asked = fs::read_to_string(sim.world.path("deploy.yaml")).unwrap();
    let keys = asked.split_once("keys: [").and_then(|(_, rest)| rest.split_once(']')).unwrap().0.split(',').count();
    let names = usize::from(asked.contains("\ndomain:\n"));
    let state = sim.state().await;
    let kinds = kinds(&state, sim.theirs);
    for (kind, wanted) in [
        ("REST APIs", 1),
        ("usage plans", 1),
        ("API keys", keys),
        ("domain names", names),
        ("functions", 1),
        ("log groups", 1),
        ("roles", 1),
        ("buckets", 1),
        ("site buckets", 1),
        ("certificates", names),
    ] {
        let found = kinds.get(kind).map(Vec::as_slice).unwrap_or_default();
        if found.len() != wanted {
            return broken(Law::Single, format!("{} {kind}, not {wanted}: {found:#?}", found.len()));
        }
        found.iter().try_for_each(|one| tagged(kind, one))?;
    }
    let (api, plan, function) = (&kinds["REST APIs"][0], &kinds["usage plans"][0], &kinds["functions"][0]);
    members(&api["stages"]).iter().try_for_each(|stage| tagged("stage", stage))?;
    let mappings = kinds["domain names"].iter().map(|name| members(&name["basePathMappings"]).len()).sum();
    let records = records(&state, sim.theirs);
    let of_kind = |wanted: &str| records.iter().filter(|record| record["kind"] == wanted).count();
    // CloudFront has both kinds of addresses.
    let by_six = if asked.contains("endpoint: edge\n") { names } else { 0 };
    for (what, count, wanted) in [
        ("stages", members(&api["stages"]).len(), 1),
        ("keys in the plan", members(&plan["keys"]).len(), keys),
        ("stages of the plan", members(&plan["apiStages"]).len(), 1),
        ("mappings", mappings, names),
        ("aliases", members(&function["aliases"]).len(), 1),
        ("A records", of_kind("A"), names),
        ("AAAA records", of_kind("AAAA"), by_six),
        ("CNAME records", of_kind("CNAME"), names),
        ("records", records.len(), 2 * names + by_six),
        ("uploads that are not finished", members(&state["s3"]["uploads"]).len(), 0),
    ] {
        if count != wanted {
            return broken(Law::Single, format!("{count} {what}, not {wanted}"));
        }
    }
    let packages = members(&kinds["buckets"][0]["objects"]).into_iter().flat_map(members);
    let packages = packages.filter(|version| version["delete_marker"] == false).map(|version| version["blob"].clone());
    let policies = members(&function["policies"]).into_iter();
    let statements = policies.flat_map(|policy| members(&policy["statements"]));
    let made = |version: &Value| json!([version["code"], version["configuration"]]);
    different("deployments", members(&api["deployments"]).into_iter().map(|made| pictured(&made["description"])))?;
    different("versions", members(&function["versions"]).into_iter().map(made))?;
    different("objects in the artifact bucket", packages)?;
    different("permissions", statements.map(without_name))
}

fn tagged(kind: &str, one: &Value) -> Kept {
    if one["tags"]["poc:app"] == "ServerlessPOC" && one["tags"]["poc:stage"] == "prod" {
        return Ok(());
    }
    broken(Law::Tagged, format!("{kind}: {:#}", one["tags"]))
}

/// What lies in a list, or under names.
fn members(value: &Value) -> Vec<&Value> {
    match value {
        Value::Object(named) => named.values().collect(),
        Value::Array(items) => items.iter().collect(),
        _ => Vec::new(),
    }
}

/// DNS records that were not there in the beginning.
fn records<'v>(state: &'v Value, theirs: &Value) -> Vec<&'v Value> {
    let zones = state["route53"]["zones"].as_object().into_iter().flatten();
    let ours = zones.flat_map(|(id, zone)| {
        let others = members(&theirs["route53"]["zones"][id]["records"]);
        members(&zone["records"]).into_iter().filter(move |record| !others.contains(record))
    });
    ours.collect()
}

/// A permission, but for its name.
fn without_name(statement: &Value) -> Value {
    let mut statement = statement.clone();
    statement.as_object_mut().unwrap().remove("Sid");
    statement
}

fn different<T: ToString>(what: &str, made: impl Iterator<Item = T>) -> Kept {
    let made: Vec<String> = made.map(|one| one.to_string()).collect();
    if BTreeSet::from_iter(&made).len() == made.len() {
        return Ok(());
    }
    broken(Law::Single, format!("of {} {what} some are the same: {made:#?}", made.len()))
}

/// The fingerprint alone: of one definition there is one deployment, whatever else its description tells.
fn pictured(description: &Value) -> String {
    description.as_str().unwrap_or_default().split(' ').take(2).collect::<Vec<_>>().join(" ")
}

pub async fn foreign(sim: &Sim) -> Kept {
    let changed = others::changed(sim.theirs, &sim.state().await);
    if changed.is_empty() { Ok(()) } else { broken(Law::Foreign, format!("changed: {changed:#?}")) }
}

/// A teardown in which nothing goes wrong leaves nothing of ours, and knows it.
pub async fn nothing_left(sim: &mut Sim) -> Kept {
    let rested = rests(sim).await;
    let run = sim.calmly(Command::Teardown).await;
    if !run.succeeded() {
        return broken(Law::NothingLeft, format!("the teardown failed: {:#?}", run.ended));
    }
    if rested {
        pace(&run)?;
    }
    all_gone(sim, &run).await
}

/// Nothing of ours is there any more, and the run says so.
pub async fn all_gone(sim: &Sim, run: &Run) -> Kept {
    if !run.left.is_empty() {
        return broken(Law::NothingLeft, format!("the teardown says that it left {:?}", run.left));
    }
    let ours = sim.ours().await;
    if ours.is_empty() { Ok(()) } else { broken(Law::NothingLeft, format!("left: {ours:#?}")) }
}

/// Of the answers before `until`, in milliseconds since 1970-01-01 UTC.
pub fn no_gap(probe: &Probe, allowed: &[Answers], until: u64) -> Kept {
    match probe.gap(allowed, until) {
        None => Ok(()),
        Some(gap) => broken(Law::NoGap, gap),
    }
}

/// Refusals that a client which keeps to AWS's pace never meets.
pub fn pace(run: &Run) -> Kept {
    let met = run.calls().find(|(service, _, error)| match error {
        Some("TooManyRequestsException" | "Throttling" | "ThrottlingException" | "SlowDown") => true,
        Some("ConflictException") => *service == "apigateway",
        _ => false,
    });
    match met {
        None => Ok(()),
        Some((service, operation, error)) => {
            broken(Law::Pace, format!("{service} {operation}: {}", error.unwrap_or_default()))
        }
    }
}

/// Neither a key's value nor a secret of the file nor one of the credentials in anything that was said or written.
pub fn quiet(sim: &Sim) -> Kept {
    if let Some(said) = sim.said.iter().find(|said| tells(said, &sim.secrets)) {
        return broken(Law::Quiet, said.clone());
    }
    // All that the laptop has, but for the file that the secret is written in.
    let (laptop, asked) = (sim.world.directory.path(), sim.world.path("deploy.yaml"));
    let text = |path: &PathBuf| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
    let told = walk(laptop).into_iter().find(|path| *path != asked && tells(&text(path), &sim.secrets));
    match told {
        None => Ok(()),
        Some(path) => broken(Law::Quiet, path.display().to_string()),
    }
}

fn tells(said: &str, secrets: &BTreeSet<String>) -> bool {
    secrets.iter().any(|secret| said.contains(secret))
}

fn walk(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.flat_map(|entry| if entry.path().is_dir() { walk(&entry.path()) } else { vec![entry.path()] }).collect()
}
