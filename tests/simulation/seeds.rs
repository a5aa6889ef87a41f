//! Runs scenarios over seeds, each in a runtime of its own with the clock paused.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::scenarios::Scenario;

const SEEDS: u64 = 10;

/// Futures of whole commands are large where nothing is optimised.
const STACK: usize = 64 << 20;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

/// The fingerprint of what was said, or what broke with this seed.
fn outcome(scenario: Scenario, seed: u64) -> Result<u64, String> {
    // Made in a runtime of its own.
    crate::decoys::account();
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(scenario.run(seed))
    };
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(fingerprint)) => Ok(fingerprint),
        Ok(Err(broken)) => Err(format!("{:?}: {}", broken.law, broken.what)),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Err(format!("Panicked: {}", text.unwrap_or_default()))
        }
    }
}

fn repeat(scenario: Scenario, seed: u64) -> String {
    format!("SIM_SCENARIO={} SIM_SEED={seed} cargo test --test simulation one_seed -- --nocapture", scenario.name())
}

#[expect(clippy::print_stdout, reason = "the figures of a run are what it is run for")]
fn tell(line: &str) {
    println!("{line}");
}

/// As many seeds as the environment asks for; all of them, so that a failure shows how common it is.
pub fn many(scenario: Scenario) {
    let (first, seeds) = (number("SIM_FIRST", 0), scenario.share(number("SIM_SEEDS", SEEDS)));
    let (next, failures) = (AtomicU64::new(first), Mutex::new(BTreeMap::new()));
    let fingerprints = AtomicU64::new(0);
    let threads = if seeds > SEEDS { std::thread::available_parallelism().map_or(1, usize::from) } else { 1 };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let work = || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + seeds {
                        break;
                    }
                    match outcome(scenario, seed) {
                        // In whichever order the threads end.
                        Ok(fingerprint) => {
                            fingerprints.fetch_xor(fingerprint, Ordering::Relaxed);
                        }
                        Err(what) => {
                            failures.lock().unwrap().insert(seed, what);
                        }
                    }
                }
            };
            std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).unwrap();
        }
    });
    let failures = failures.into_inner().unwrap();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for what in failures.values() {
        *kinds.entry(what.split(':').next().unwrap_or_default()).or_default() += 1;
    }
    let said = fingerprints.into_inner();
    tell(&format!("{}: {seeds} seeds, {} failed {kinds:?}, fingerprint {said:016x}", scenario.name(), failures.len()));
    if let Some((seed, what)) = failures.first_key_value() {
        let others: Vec<&u64> = failures.keys().skip(1).take(20).collect();
        panic!("seed {seed} of {}: {what}\n{}\nalso: {others:?} {kinds:?}", scenario.name(), repeat(scenario, *seed));
    }
}

pub fn one() {
    let Ok(name) = std::env::var("SIM_SCENARIO") else { return };
    let scenario = Scenario::named(&name).unwrap_or_else(|| panic!("SIM_SCENARIO={name}: no such scenario"));
    let seed = number("SIM_SEED", 0);
    let run = std::thread::Builder::new().stack_size(STACK).spawn(move || outcome(scenario, seed)).unwrap();
    match run.join().unwrap() {
        Ok(said) => tell(&format!("{name}: seed {seed} holds, fingerprint {said:016x}")),
        Err(what) => panic!("seed {seed} of {name}: {what}\n{}", repeat(scenario, seed)),
    }
}
