//! What is done to the simulated account, and which laws are looked at when.

use std::sync::Arc;
use std::time::Duration;

use poc::event::Event;
use poc::pipeline::{Failure, GRACE};

use crate::laws::{self, Broken, Kept, Law, broken};
use crate::line::{Among, Counted, INTRUSIONS, Interrupted, Line, MAKING, Misfortune, REMOVING, REPEATABLE};
use crate::path;
use crate::probe::Probe;
use crate::world::{Command, Run, Sim, run};
use rand::Rng;
use rand::rngs::SmallRng;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    FirstDeploy,
    TemplateUpdate,
    UpdateOfEverything,
    Rename,
    KeyRotation,
    Teardown,
    TeardownOfHalf,
    TwoDeploys,
    TeardownDuringDeploy,
    Intruder,
    Calm,
    Usual,
    ManyRoutes,
}

use Scenario::*;

const NAMES: [(Scenario, &str); 13] = [
    (FirstDeploy, "first_deploy"),
    (TemplateUpdate, "template_update"),
    (UpdateOfEverything, "update_of_everything"),
    (Rename, "rename"),
    (KeyRotation, "key_rotation"),
    (Teardown, "teardown"),
    (TeardownOfHalf, "teardown_of_half_a_deploy"),
    (TwoDeploys, "two_deploys_at_once"),
    (TeardownDuringDeploy, "teardown_during_a_deploy"),
    (Intruder, "an_intruder"),
    (Calm, "a_calm_day"),
    (Usual, "a_usual_day"),
    (ManyRoutes, "many_routes"),
];

/// Misfortunes are drawn among the calls of a first deploy, of an update, of a rotation, of a teardown.
const FIRST: Among = Among { calls: 125, counted: Counted::All, denied: MAKING };
const UPDATE: Among = Among { calls: 70, ..FIRST };
const ROTATION: Among = Among { calls: 25, ..FIRST };
const DOWN: Among = Among { calls: 200, counted: Counted::All, denied: REMOVING };

/// Most of a teardown's calls look whether something has gone: half of its misfortunes are drawn among those that remove.
const REMOVALS: Among = Among { calls: 24, counted: Counted::Writes, denied: REMOVING };

/// Calls of a deploy that has nothing to do.
const IDLE: usize = 40;

/// The removals at whose end the artifact bucket and the lock in it go.
const LAST: std::ops::Range<usize> = 17..22;

/// Every fourth time nothing happens before the end.
fn down(chance: &mut SmallRng) -> Misfortune {
    match chance.random_range(0..4) {
        0 | 1 => Misfortune::draw(chance, DOWN),
        2 => Misfortune::draw(chance, REMOVALS),
        _ => Misfortune::draw_one(chance, LAST, Counted::Writes),
    }
}

impl Scenario {
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(scenario, _)| *scenario == self).map(|(_, name)| *name).unwrap()
    }

    pub fn named(wanted: &str) -> Option<Scenario> {
        NAMES.iter().find(|(_, name)| *name == wanted).map(|(scenario, _)| *scenario)
    }

    /// Of so many seeds, how many this one is run with: with hundreds of routes a run takes as long as many others.
    pub fn share(self, seeds: u64) -> u64 {
        if self == ManyRoutes { seeds.div_ceil(100) } else { seeds }
    }

    /// The fingerprint of all that was said: the same seed says the same.
    pub async fn run(self, seed: u64) -> Result<u64, Broken> {
        let mut sim = Sim::new(seed, self == Calm).await;
        match self.played(&mut sim).await {
            Ok(()) => Ok(sim.fingerprint()),
            // What went wrong is part of what broke.
            Err(Broken { law, what }) => Err(Broken { law, what: format!("{} {what}", sim.met()) }),
        }
    }

    async fn played(self, sim: &mut Sim) -> Kept {
        match self {
            FirstDeploy => Box::pin(first_deploy(sim)).await,
            TemplateUpdate => Box::pin(update(sim, new_template)).await,
            UpdateOfEverything => Box::pin(update(sim, everything)).await,
            Rename => Box::pin(update(sim, renamed)).await,
            KeyRotation => Box::pin(rotation(sim)).await,
            Teardown => Box::pin(teardown(sim)).await,
            TeardownOfHalf => Box::pin(teardown_of_half(sim)).await,
            TwoDeploys => Box::pin(two_deploys(sim)).await,
            TeardownDuringDeploy => Box::pin(teardown_during(sim)).await,
            Intruder => Box::pin(intruder(sim)).await,
            Calm => Box::pin(calm(sim)).await,
            Usual => Box::pin(usual(sim)).await,
            ManyRoutes => Box::pin(many_routes(sim)).await,
        }?;
        laws::foreign(sim).await?;
        laws::nothing_left(sim).await?;
        laws::foreign(sim).await?;
        laws::quiet(sim)
    }
}

/// One run and what must hold of it alone. Where nothing but Ctrl-C disturbed it, it also let go of its lock.
async fn suffer(sim: &mut Sim, command: Command, line: &Arc<Line>) -> Result<Run, Broken> {
    let run = sim.run(command, line).await;
    laws::ends(&run)?;
    let worked = run.events.iter().any(|event| matches!(event, Event::StepStarted { .. }));
    if worked && matches!(run.ended, Some(Err(Failure::Interrupted))) && line.misfortune().is_gentle() {
        laws::unlocked(sim).await?;
    }
    Ok(run)
}

async fn stands(sim: &mut Sim) -> Kept {
    undisturbed(sim, Command::Deploy).await?;
    // Until the key opens the stage.
    tokio::time::sleep(Duration::from_secs(120)).await;
    Ok(())
}

/// Some runs are cut more than once before anybody looks.
async fn first_deploy(sim: &mut Sim) -> Kept {
    let times = sim.chance.random_range(1..=2);
    for _ in 0..times {
        let misfortune = Misfortune::draw_unheard(&mut sim.chance, FIRST, &REPEATABLE);
        let line = sim.line(misfortune);
        let run = suffer(sim, Command::Deploy, &line).await?;
        if !run.succeeded() {
            continue;
        }
        laws::single(sim).await?;
    }
    if times > 1 {
        // ACM tells of a certificate only after seconds (`AWS_FACTS` B6): one that the second run requested, beside one of
        // the first, is surplus for whichever run sees both.
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
    laws::recovers(sim).await
}

fn new_template(sim: &mut Sim) {
    sim.world.edit("templates/admit/request.vtl", "\"gre\":", "\"edited\": true,\n  \"gre\":");
}

fn everything(sim: &mut Sim) {
    new_template(sim);
    let world = &sim.world;
    world.edit("app/handler.py", "import json", "import json  # edited");
    world.edit("templates/admit/error.vtl", "{", "{ ");
    world.edit("deploy.yaml", "memory: 256", "memory: 512");
    world.edit("deploy.yaml", "limit: 500000", "limit: 600000");
    world.edit("deploy.yaml", "Admission prediction", "Predicts admissions");
    world.edit("deploy.yaml", "    /admit:\n", "    /extra:\n      GET: {}\n    /admit:\n");
    world.edit("web/index.html", "Will I be", "Shall I be");
    world.write("web/more/extra.css", "p { margin: 0 }");
    std::fs::rename(world.path("web/icon.svg"), world.path("web/mark.svg")).unwrap();
}

/// Another name for the function, its role and its log group, another base path, and another bucket for the pages.
fn renamed(sim: &mut Sim) {
    sim.world.edit("deploy.yaml", "name: ServerlessPOCAdmission", "name: ServerlessPOCAdmitting");
    sim.world.edit("deploy.yaml", "base_path: poc", "base_path: predictions");
    sim.world.edit("deploy.yaml", "serverless-poc-site-", "serverless-poc-new-site-");
}

async fn update(sim: &mut Sim, edit: fn(&mut Sim)) -> Kept {
    stands(sim).await?;
    let probe = Probe::of(sim.cloud()).await;
    let old = probe.call("before the update").await;
    if !old[0].starts_with("200 ") || old[0] != old[2] {
        return broken(Law::NoGap, format!("what was deployed answers {old:?}"));
    }
    edit(sim);
    let misfortune = Misfortune::draw_unheard(&mut sim.chance, UPDATE, &["CreateDeployment"]);
    let line = Line::new(sim.cloud().clone(), misfortune, Some(probe.clone()));
    let run = suffer(sim, Command::Deploy, &line).await?;
    // Before the next run can mend anything.
    if run.succeeded() {
        laws::single(sim).await?;
    }
    let again = Line::new(sim.cloud().clone(), Misfortune::default(), Some(probe.clone()));
    let rested = laws::rests(sim).await;
    let rerun = sim.run(Command::Deploy, &again).await;
    if rested {
        laws::pace(&rerun)?;
    }
    if !rerun.succeeded() {
        return broken(Law::Converges, format!("the next run failed: {:#?}", rerun.ended));
    }
    let new = probe.call("after the update").await;
    let served = |answer: &String| ["200 ", "403 "].iter().any(|status| answer.starts_with(status));
    // Another base path leaves nothing behind at the one before.
    if !new[0].starts_with("200 ") || !new[1..].iter().all(served) {
        return broken(Law::NoGap, format!("after the update: {new:?}"));
    }
    laws::no_gap(&probe, &[old, new], u64::MAX)?;
    laws::single(sim).await?;
    laws::idle(sim).await
}

/// The old value is good until the grace is over, whatever happens to the command and to the one that finishes it; and when
/// it is refused, the new one is accepted.
async fn rotation(sim: &mut Sim) -> Kept {
    stands(sim).await?;
    let probe = Probe::of_turning(sim.cloud()).await;
    let old = probe.call("before the rotation").await;
    let misfortune = Misfortune::draw_unheard(&mut sim.chance, ROTATION, &["CreateApiKey"]);
    let line = Line::new(sim.cloud().clone(), misfortune, Some(probe.clone()));
    // The mark that tells when it goes cannot be older than the command.
    let good = GRACE.as_millis() as u64 + sim.cloud().clock().epoch_millis();
    let run = suffer(sim, Command::Rotate, &line).await?;
    laws::no_gap(&probe, std::slice::from_ref(&old), good)?;
    if !run.succeeded() {
        let rested = laws::rests(sim).await;
        let again = Line::new(sim.cloud().clone(), Misfortune::default(), Some(probe.clone()));
        let rerun = sim.run(Command::Rotate, &again).await;
        if !rerun.succeeded() {
            return broken(Law::Converges, format!("the rotation is not finished: {:#?}", rerun.ended));
        }
        if rested {
            laws::pace(&rerun)?;
        }
        laws::no_gap(&probe, &[old], good)?;
    }
    // Before a deploy can mend anything: one key, which opens the stage.
    laws::single(sim).await?;
    let new = Probe::of(sim.cloud()).await.call("after the rotation").await;
    if !new[0].starts_with("200 ") {
        return broken(Law::NoGap, format!("the new key after the rotation: {new:?}"));
    }
    laws::recovers(sim).await
}

async fn teardown(sim: &mut Sim) -> Kept {
    stands(sim).await?;
    let misfortune = down(&mut sim.chance);
    let line = sim.line(misfortune);
    let run = suffer(sim, Command::Teardown, &line).await?;
    laws::foreign(sim).await?;
    if run.succeeded() && run.left.is_empty() {
        let ours = sim.ours().await;
        if !ours.is_empty() {
            return broken(Law::NothingLeft, format!("the teardown says 0 left; there is {ours:#?}"));
        }
    }
    Ok(())
}

/// Torn down from wherever the first deploy was cut; the teardown itself is not spared either.
async fn teardown_of_half(sim: &mut Sim) -> Kept {
    let killed = Some(sim.chance.random_range(1..FIRST.calls));
    let misfortune = Misfortune { killed, ..Misfortune::draw(&mut sim.chance, FIRST) };
    let line = sim.line(misfortune);
    suffer(sim, Command::Deploy, &line).await?;
    if sim.chance.random_ratio(1, 2) {
        let misfortune = down(&mut sim.chance);
        let line = sim.line(misfortune);
        suffer(sim, Command::Teardown, &line).await?;
    }
    Ok(())
}

/// Two people, one account. The lock keeps them apart: one works, the other is told who does, or waits.
async fn two_deploys(sim: &mut Sim) -> Kept {
    if sim.chance.random_ratio(1, 2) {
        stands(sim).await?;
        everything(sim);
    }
    let (first, second) = together(sim, Command::Deploy).await;
    laws::ends(&first)?;
    laws::ends(&second)?;
    laws::apart(&first, &second)?;
    laws::recovers(sim).await
}

async fn teardown_during(sim: &mut Sim) -> Kept {
    if sim.chance.random_ratio(1, 2) {
        stands(sim).await?;
        everything(sim);
    }
    let (first, second) = together(sim, Command::Teardown).await;
    laws::ends(&first)?;
    laws::ends(&second)?;
    laws::apart(&first, &second)?;
    if sim.chance.random_ratio(1, 2) { laws::recovers(sim).await } else { Ok(()) }
}

/// A deploy, and soon after its beginning another command.
async fn together(sim: &mut Sim, other: Command) -> (Run, Run) {
    let most = if other == Command::Deploy { 3_000 } else { 90_000 };
    let delay = Duration::from_millis(sim.chance.random_range(0..most));
    if sim.chance.random_ratio(1, 3) {
        sim.world.settings.wait_for_lock = Duration::from_secs(3600);
    }
    // Now and then somebody presses Ctrl-C, once or twice.
    let mut line = |calls: usize| {
        let interrupted = sim.chance.random_ratio(1, 5).then(|| Interrupted::draw(&mut sim.chance, calls));
        Line::new(sim.world.cloud.clone(), Misfortune { interrupted, ..Misfortune::default() }, None)
    };
    let (one, two) = (line(UPDATE.calls), line(UPDATE.calls));
    sim.overhear([&one, &two]);
    let (settings, cloud) = (&sim.world.settings, sim.cloud());
    let (first, second) = tokio::join!(Box::pin(run(settings.clone(), cloud.clone(), Command::Deploy, one)), async {
        tokio::time::sleep(delay).await;
        Box::pin(run(settings.clone(), cloud.clone(), other, two)).await
    });
    sim.hear(&first).await;
    sim.hear(&second).await;
    (first, second)
}

async fn intruder(sim: &mut Sim) -> Kept {
    stands(sim).await?;
    let edited = sim.chance.random_ratio(1, 2);
    if edited {
        everything(sim);
    }
    let intrusion = INTRUSIONS[sim.chance.random_range(0..INTRUSIONS.len())];
    let at = sim.chance.random_range(0..if edited { UPDATE.calls } else { IDLE });
    let line = sim.line(Misfortune { intrusion: Some((at, intrusion)), ..Misfortune::default() });
    suffer(sim, Command::Deploy, &line).await?;
    // Whoever comes too late to be in the middle comes after it.
    line.intrude_at_last().await;
    laws::recovers(sim).await
}

/// More at once than the limits allow, unless somebody counts.
fn nine_keys(sim: &mut Sim) {
    let keys: Vec<String> = (1..=9).map(|number| format!("key{number}")).collect();
    sim.world.edit("deploy.yaml", "keys: [ServerlessPOC]", &format!("keys: [{}]", keys.join(", ")));
}

fn without_domain(sim: &mut Sim) {
    let text = std::fs::read_to_string(sim.world.path("deploy.yaml")).unwrap();
    let (head, rest) = text.split_once("\ndomain:\n").unwrap();
    let (_, tail) = rest.split_once("\n\n").unwrap();
    sim.world.write("deploy.yaml", &format!("{head}\n\n{tail}"));
}

/// Nothing goes wrong, and every call takes what it usually takes: no refusal, and no time lost.
async fn calm(sim: &mut Sim) -> Kept {
    let text = std::fs::read_to_string(sim.world.path("deploy.yaml")).unwrap();
    let edge = text.contains("endpoint: edge\n");
    nine_keys(sim);
    // A certificate takes minutes; without one, what is beside it is the longest chain.
    if sim.chance.random_ratio(1, 3) {
        without_domain(sim);
    }
    let profile = sim.cloud().profile().clone();
    let first = undisturbed(sim, Command::Deploy).await?;
    laws::single(sim).await?;
    on_time(&first, path::critical(first.plan.as_ref().unwrap(), &profile, edge), 1.15)?;
    new_template(sim);
    let update = undisturbed(sim, Command::Deploy).await?;
    on_time(&update, path::critical(update.plan.as_ref().unwrap(), &profile, edge), 1.2)?;
    // Calls that take equally long follow one another only where they must.
    let depth = crate::support::Told(idle(sim).await?.events).depth();
    if depth.0 > 4 {
        return broken(Law::Time, format!("an unchanged deploy is {} round trips deep: {:?}", depth.0, depth.1));
    }
    gone(sim).await
}

/// Nothing goes wrong, and no call takes as long as the one before.
async fn usual(sim: &mut Sim) -> Kept {
    nine_keys(sim);
    undisturbed(sim, Command::Deploy).await?;
    laws::single(sim).await?;
    [new_template, everything, renamed][sim.chance.random_range(0..3)](sim);
    undisturbed(sim, Command::Deploy).await?;
    laws::single(sim).await?;
    if sim.chance.random_ratio(1, 2) {
        undisturbed(sim, Command::Rotate).await?;
        laws::single(sim).await?;
    }
    everything_else(sim).await
}

/// As many resources as an API may have: first in one document, then, of some, call by call.
async fn many_routes(sim: &mut Sim) -> Kept {
    let file = |edited: usize| {
        let head = "name: many\nstage: prod\nregion: us-east-1\npackage: { path: app }\n\
            function: { name: many, runtime: python3.13, handler: handler.lambda_handler }\n\
            api:\n  name: many\n  cors: true\n  resources:\n";
        let route = |at: usize| {
            let word = if at < edited { "new" } else { "old" };
            let template = format!("{{ templates: {{ application/json: {{ inline: {word} }} }} }}");
            format!("    /r{at}:\n      GET:\n        request: {template}\n        responses: {{ 200: {{}} }}\n")
        };
        head.to_owned() + &(0..299).map(route).collect::<String>()
    };
    // So few are written call by call, and are still more calls than AWS takes at once.
    for (edited, operation) in [(0, "PutRestApi"), (9, "PutMethod")] {
        sim.world.write("deploy.yaml", &file(edited));
        let run = undisturbed(sim, Command::Deploy).await?;
        if !run.calls().any(|(_, called, _)| called == operation) {
            return broken(Law::Pace, format!("the simulation has moved on: no {operation}"));
        }
    }
    everything_else(sim).await
}

/// An unchanged deploy and a teardown.
async fn everything_else(sim: &mut Sim) -> Kept {
    idle(sim).await?;
    gone(sim).await
}

async fn idle(sim: &mut Sim) -> Result<Run, Broken> {
    let run = undisturbed(sim, Command::Deploy).await?;
    laws::wrote_nothing(&run)?;
    Ok(run)
}

async fn gone(sim: &mut Sim) -> Kept {
    let down = undisturbed(sim, Command::Teardown).await?;
    laws::all_gone(sim, &down).await
}

/// A run in which nothing goes wrong, begun when AWS's limits hold nothing against it: it succeeds, and no call of it is
/// refused for being too quick.
async fn undisturbed(sim: &mut Sim, command: Command) -> Result<Run, Broken> {
    tokio::time::sleep(laws::REST).await;
    let run = sim.calmly(command).await;
    if !run.succeeded() {
        let what = format!("{command:?} failed, and nothing was wrong: {:#?}", run.ended);
        return Err(Broken { law: Law::Converges, what });
    }
    laws::pace(&run)?;
    Ok(run)
}

fn on_time(run: &Run, critical: Duration, most: f64) -> Kept {
    let ratio = run.took.as_secs_f64() / critical.as_secs_f64();
    if ratio <= most {
        return Ok(());
    }
    let steps = run.events.iter().filter_map(|event| match event {
        Event::StepFinished { step, elapsed, .. } => Some(format!("{step} {:.1} s", elapsed.as_secs_f64())),
        _ => None,
    });
    let steps = steps.collect::<Vec<_>>().join(", ");
    let what = format!("{:?} is {ratio:.2} × the critical path of {critical:?}; at most {most} ×: {steps}", run.took);
    broken(Law::Time, what)
}
