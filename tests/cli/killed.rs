//! The program killed by SIGKILL, at moments drawn from a seed, against the embedded cloud that it keeps on disk: the same
//! command again finishes the job, and nothing is doubled, left or broken. `KILL_SEEDS=100 cargo test --test cli killed`
//! draws more.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::Desk;
use super::lost::counts;

const SEEDS: u64 = 3;

/// Lines of a first deploy, of an update and of a teardown: one per event.
const FIRST: usize = 125;
const UPDATE: usize = 85;
const DOWN: usize = 150;

impl Desk {
    /// Kills the command as soon as it has printed so many events. Was it still at work?
    fn killed(&self, arguments: &[&str], after: usize) -> bool {
        let mut command = self.command(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let told = lines.take(after).count();
        // On Unix that is SIGKILL: no handler runs, no file is closed in good order.
        child.kill().unwrap();
        let ended = child.wait().unwrap();
        told == after && !ended.success()
    }

    fn deploys(&self) -> Value {
        self.poc(&["deploy", "--local", "--yes", "--json", "--no-checks"]).exits(0).last_event()
    }

    /// What the embedded cloud keeps, if it is whole.
    fn kept(&self) -> Value {
        let text = fs::read(self.directory.path().join(".poc/local/cloud.json")).unwrap();
        serde_json::from_slice(&text).unwrap_or_else(|error| panic!("the embedded cloud's file is broken: {error}"))
    }
}

const DEPLOY: [&str; 6] = ["deploy", "--local", "--yes", "--json", "--verbose", "--no-checks"];
const TEARDOWN: [&str; 5] = ["teardown", "--local", "--yes", "--json", "--verbose"];

/// How many runs it cut short.
fn life(seed: u64) -> usize {
    let (desk, mut chance, mut cut) = (Desk::new(), SmallRng::seed_from_u64(seed), 0);
    let mut torment = |arguments: &[&str], events: usize| {
        for _ in 0..chance.random_range(1..=3) {
            cut += usize::from(desk.killed(arguments, chance.random_range(1..events)));
        }
    };

    torment(&DEPLOY, FIRST);
    desk.deploys();
    let versions = one_of_each(&desk, seed);
    assert_eq!(versions, 1, "seed {seed}: versions");
    assert_eq!(desk.deploys()["writes"], 0, "seed {seed}: an unchanged deploy writes");

    desk.edit("deploy.yaml", "memory: 256", "memory: 512");
    desk.edit("templates/admit/request.vtl", "\"gre\":", "\"edited\": true,\n  \"gre\":");
    torment(&DEPLOY, UPDATE);
    desk.deploys();
    let versions = one_of_each(&desk, seed);
    assert_eq!(versions, 2, "seed {seed}: versions after an update");
    assert_eq!(desk.deploys()["writes"], 0, "seed {seed}: an unchanged deploy writes");

    torment(&TEARDOWN, DOWN);
    let gone = desk.poc(&TEARDOWN).exits(0).last_event();
    assert_eq!(gone["left"], json!([]), "seed {seed}");
    let kept = desk.kept();
    for (things, count) in counts(&kept) {
        assert_eq!(count, 0, "seed {seed}: {things} after the teardown");
    }
    assert_eq!(kept["s3"]["buckets"], json!({}), "seed {seed}");
    cut
}

/// Of everything that AWS would make twice there is one; tells how many versions of the function there are.
fn one_of_each(desk: &Desk, seed: u64) -> usize {
    let mut versions = 0;
    for (things, count) in counts(&desk.kept()) {
        match things {
            "versions" => versions = count,
            // One that is live, and those before it.
            "deployments" => assert!(count >= 1, "seed {seed}: no deployment"),
            _ => assert_eq!(count, 1, "seed {seed}: {things}"),
        }
    }
    versions
}

/// What a hastened run did lies ahead of the clock of those after it: nothing of it is waited for.
#[test]
fn after_a_hastened_run_nothing_is_still_on_its_way() {
    let desk = Desk::new();
    let simulated = ["--simulate", "aws,seed=3", "--speed", "20"];
    let mut command = desk.command(&[&DEPLOY[..], &simulated].concat());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("CreateUsagePlanKey")));
    child.kill().unwrap();
    child.wait().unwrap();
    desk.poc(&["deploy", "--local", "--yes"]).exits(0);
}

#[test]
fn a_hastened_deploy_says_that_it_left_the_checks_out() {
    let arguments = ["deploy", "--local", "--yes", "--simulate", "aws,seed=3", "--speed", "500"];
    let ran = Desk::new().poc(&arguments).exits(0);
    assert!(ran.err.contains("the checks are not run: functions run in real time"), "{}", ran.err);
}

#[test]
fn killed_at_any_moment_the_same_command_finishes_the_job() {
    let seeds = std::env::var("KILL_SEEDS").map_or(SEEDS, |text| text.parse().expect("KILL_SEEDS is a number"));
    let cut: usize = (0..seeds).map(life).sum();
    let expected = usize::try_from(seeds).unwrap() * 3;
    assert!(cut >= expected, "only {cut} runs of {seeds} lives were cut short");
}
