//! What is done to the simulated account, and which laws are looked at when.

use std::time::Duration;

use crate::laws::{self, Broken, Kept, Law, broken};
use crate::line::{INTRUSIONS, Line, Misfortune};
use crate::path;
use crate::probe::Probe;
use crate::world::{Command, Run, Sim, run};
use rand::Rng;

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
}

use Scenario::*;

const NAMES: [(Scenario, &str); 11] = [
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
];

/// Calls of a first deploy, of an update, of a teardown: misfortunes are drawn among so many.
const FIRST: usize = 125;
const UPDATE: usize = 70;
const DOWN: usize = 95;

impl Scenario {
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(scenario, _)| *scenario == self).map(|(_, name)| *name).unwrap()
    }

    pub fn named(wanted: &str) -> Option<Scenario> {
        NAMES.iter().find(|(_, name)| *name == wanted).map(|(scenario, _)| *scenario)
    }

    pub async fn run(self, seed: u64) -> Kept {
        let mut sim = Sim::new(seed, self == Calm).await;
        let told = match self {
            FirstDeploy => Box::pin(first_deploy(&mut sim)).await,
            TemplateUpdate => Box::pin(update(&mut sim, new_template)).await,
            UpdateOfEverything => Box::pin(update(&mut sim, everything)).await,
            Rename => Box::pin(update(&mut sim, renamed)).await,
            KeyRotation => Box::pin(rotation(&mut sim)).await,
            Teardown => Box::pin(teardown(&mut sim)).await,
            TeardownOfHalf => Box::pin(teardown_of_half(&mut sim)).await,
            TwoDeploys => Box::pin(two_deploys(&mut sim)).await,
            TeardownDuringDeploy => Box::pin(teardown_during(&mut sim)).await,
            Intruder => Box::pin(intruder(&mut sim)).await,
            Calm => Box::pin(calm(&mut sim)).await,
        };
        told?;
        laws::foreign(&sim).await?;
        laws::nothing_left(&mut sim).await?;
        laws::foreign(&sim).await?;
        laws::quiet(&sim).await
    }
}

/// What went wrong is part of what broke.
fn after(line: &Line, kept: Kept) -> Kept {
    kept.map_err(|Broken { law, what }| Broken { law, what: format!("[{}] {what}", line.met()) })
}

async fn stands(sim: &mut Sim) -> Kept {
    let run = sim.calmly(Command::Deploy).await;
    if !run.succeeded() {
        return broken(Law::Converges, format!("a first deploy without faults failed: {:#?}", run.ended));
    }
    laws::pace(&run)?;
    // Until the key opens the stage.
    tokio::time::sleep(Duration::from_secs(120)).await;
    Ok(())
}

/// Some runs are cut more than once before anybody looks.
async fn first_deploy(sim: &mut Sim) -> Kept {
    let times = sim.chance.random_range(1..=2);
    for _ in 0..times {
        let misfortune = Misfortune::draw(&mut sim.chance, FIRST);
        let line = sim.line(misfortune);
        let run = sim.run(Command::Deploy, &line).await;
        after(&line, laws::ends(&run))?;
        if !run.succeeded() {
            continue;
        }
        after(&line, laws::single(sim).await)?;
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
    if !old[0].starts_with("200 ") {
        return broken(Law::NoGap, format!("what was deployed answers {old:?}"));
    }
    edit(sim);
    let misfortune = Misfortune::draw(&mut sim.chance, UPDATE);
    let line = Line::new(sim.cloud().clone(), misfortune, Some(probe.clone()));
    let run = sim.run(Command::Deploy, &line).await;
    after(&line, laws::ends(&run))?;
    let again = Line::new(sim.cloud().clone(), Misfortune::default(), Some(probe.clone()));
    let rerun = sim.run(Command::Deploy, &again).await;
    if !rerun.succeeded() {
        return after(&line, broken(Law::Converges, format!("the next run failed: {:#?}", rerun.ended)));
    }
    let new = probe.call("after the update").await;
    let added = ["200 ", "403 "].iter().any(|status| new[1].starts_with(status));
    if !new[0].starts_with("200 ") || !added {
        return after(&line, broken(Law::NoGap, format!("after the update: {new:?}")));
    }
    after(&line, laws::no_gap(&probe, &[old, new]))?;
    after(&line, laws::single(sim).await)?;
    after(&line, laws::idle(sim).await)
}

/// The old value is good until the grace is over: while the command runs, no caller who has it is refused.
async fn rotation(sim: &mut Sim) -> Kept {
    stands(sim).await?;
    let probe = Probe::of(sim.cloud()).await;
    let old = probe.call("before the rotation").await;
    let misfortune = Misfortune::draw(&mut sim.chance, 25);
    let line = Line::new(sim.cloud().clone(), misfortune, Some(probe.clone()));
    let begun = tokio::time::Instant::now();
    let run = sim.run(Command::Rotate, &line).await;
    after(&line, laws::ends(&run))?;
    if run.ended.is_none() && begun.elapsed() < Duration::from_secs(240) {
        after(&line, laws::no_gap(&probe, &[old]))?;
    }
    if !run.succeeded() {
        let rerun = sim.calmly(Command::Rotate).await;
        if !rerun.succeeded() {
            return after(&line, broken(Law::Converges, format!("the rotation is not finished: {:#?}", rerun.ended)));
        }
    }
    // The value that is left opens the stage.
    let new = Probe::of(sim.cloud()).await.call("after the rotation").await;
    if !new[0].starts_with("200 ") {
        return after(&line, broken(Law::NoGap, format!("the new key after the rotation: {new:?}")));
    }
    after(&line, laws::recovers(sim).await)
}

async fn teardown(sim: &mut Sim) -> Kept {
    stands(sim).await?;
    let misfortune = Misfortune::draw(&mut sim.chance, DOWN);
    let line = sim.line(misfortune);
    let run = sim.run(Command::Teardown, &line).await;
    after(&line, laws::ends(&run))?;
    after(&line, laws::foreign(sim).await)?;
    if run.succeeded() && run.left.is_empty() {
        let ours = sim.ours().await;
        if !ours.is_empty() {
            return after(&line, broken(Law::NothingLeft, format!("the teardown says 0 left; there is {ours:#?}")));
        }
    }
    Ok(())
}

/// Torn down from wherever the first deploy was cut; the teardown itself is not spared either.
async fn teardown_of_half(sim: &mut Sim) -> Kept {
    let killed = Some(sim.chance.random_range(1..FIRST));
    let misfortune = Misfortune { killed, ..Misfortune::draw(&mut sim.chance, FIRST) };
    let line = sim.line(misfortune);
    let run = sim.run(Command::Deploy, &line).await;
    after(&line, laws::ends(&run))?;
    if sim.chance.random_ratio(1, 2) {
        let misfortune = Misfortune::draw(&mut sim.chance, DOWN / 2);
        let line = sim.line(misfortune);
        let run = sim.run(Command::Teardown, &line).await;
        after(&line, laws::ends(&run))?;
    }
    Ok(())
}

/// Two people, one account. Nothing keeps them apart yet: each run may fail, and what must hold is that the next one
/// puts everything right.
async fn two_deploys(sim: &mut Sim) -> Kept {
    let (first, second) = together(sim, Command::Deploy).await;
    laws::ends(&first)?;
    laws::ends(&second)?;
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
    if sim.chance.random_ratio(1, 2) { laws::recovers(sim).await } else { Ok(()) }
}

/// A deploy, and soon after its beginning another command.
async fn together(sim: &mut Sim, other: Command) -> (Run, Run) {
    let most = if other == Command::Deploy { 3_000 } else { 90_000 };
    let delay = Duration::from_millis(sim.chance.random_range(0..most));
    let (settings, cloud) = (&sim.world.settings, sim.cloud());
    let (one, two) = (sim.line(Misfortune::default()), sim.line(Misfortune::default()));
    let (first, second) = tokio::join!(Box::pin(run(settings.clone(), cloud.clone(), Command::Deploy, one)), async {
        tokio::time::sleep(delay).await;
        Box::pin(run(settings.clone(), cloud.clone(), other, two)).await
    });
    sim.hear(&first);
    sim.hear(&second);
    (first, second)
}

async fn intruder(sim: &mut Sim) -> Kept {
    stands(sim).await?;
    if sim.chance.random_ratio(1, 2) {
        everything(sim);
    }
    let intrusion = INTRUSIONS[sim.chance.random_range(0..INTRUSIONS.len())];
    let at = sim.chance.random_range(0..UPDATE);
    let line = sim.line(Misfortune { intrusion: Some((at, intrusion)), ..Misfortune::default() });
    let run = sim.run(Command::Deploy, &line).await;
    after(&line, laws::ends(&run))?;
    after(&line, laws::recovers(sim).await)
}

/// Nothing goes wrong: no refusal, and no time lost.
async fn calm(sim: &mut Sim) -> Kept {
    let text = std::fs::read_to_string(sim.world.path("deploy.yaml")).unwrap();
    let edge = text.contains("endpoint: edge\n");
    let profile = sim.cloud().profile().clone();
    let first = sim.calmly(Command::Deploy).await;
    if !first.succeeded() {
        return broken(Law::Converges, format!("{:#?}", first.ended));
    }
    laws::pace(&first)?;
    laws::single(sim).await?;
    on_time(&first, path::critical(first.plan.as_ref().unwrap(), &profile, edge), 1.15)?;
    new_template(sim);
    let update = sim.calmly(Command::Deploy).await;
    laws::pace(&update)?;
    on_time(&update, path::critical(update.plan.as_ref().unwrap(), &profile, edge), 1.2)?;
    everything_else(sim).await
}

async fn everything_else(sim: &mut Sim) -> Kept {
    let idle = sim.calmly(Command::Deploy).await;
    laws::pace(&idle)?;
    let depth = crate::support::Told(idle.events).depth();
    if depth.0 > 4 {
        return broken(Law::Time, format!("an unchanged deploy is {} round trips deep: {:?}", depth.0, depth.1));
    }
    let down = sim.calmly(Command::Teardown).await;
    laws::pace(&down)
}

fn on_time(run: &Run, critical: Duration, most: f64) -> Kept {
    let ratio = run.took.as_secs_f64() / critical.as_secs_f64();
    if ratio <= most {
        return Ok(());
    }
    broken(Law::Time, format!("{:?} is {ratio:.2} × the critical path of {critical:?}; at most {most} ×", run.took))
}
