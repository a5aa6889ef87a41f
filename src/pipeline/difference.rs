//! `poc diff`: two stages side by side, as deploy.yaml asks for them or as they are served.

use std::collections::BTreeSet;

use serde::Serialize;

use super::session::{Session, unnamed, variables};
use super::{Failure, Settings, opened};
use crate::aws::Error;
use crate::engine::plan::{Change, Changes, Side};
use crate::event::Reporter;
use crate::resources::release::{Release, Serving};
use crate::spec::Asked;

/// Which two, and which side of them.
#[derive(Clone, Debug)]
pub struct DifferenceWanted {
    pub left: String,
    pub right: String,
    /// What is served, instead of what the file asks for.
    pub deployed: bool,
}

/// `poc diff`.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    pub app: String,
    pub left: String,
    pub right: String,
    pub deployed: bool,
    /// Of every property that differs: `before` is the left one's, `after` the right one's.
    pub changes: Vec<Change>,
}

/// Compares two stages. Without `deployed` nothing is sent.
///
/// # Errors
/// Faults of the file in either stage, or that one of the two is not deployed.
pub async fn difference(
    settings: &Settings,
    wanted: &DifferenceWanted,
    reporter: &dyn Reporter,
) -> Result<Difference, Failure> {
    let of = |stage: &str| Settings { stage: Some(stage.to_owned()), ..settings.clone() };
    let (left, right) = (of(&wanted.left), of(&wanted.right));
    let document = opened::open(settings)?;
    let mut faults = Vec::new();
    for settings in [&left, &right] {
        let more = document.spec(&variables(settings, None, None)).err().into_iter().flatten();
        let more: Vec<_> = more.filter(|fault| !faults.contains(fault)).collect();
        faults.extend(more);
    }
    if !faults.is_empty() {
        return Err(Failure::Faults(faults));
    }
    let changes = match wanted.deployed {
        false => {
            let asked = |settings: &Settings| document.asked(&variables(settings, None, None));
            compare(&asked(&left), &asked(&right))
        }
        true => {
            let (left, right) = (Box::pin(served(&left, reporter)).await?, Box::pin(served(&right, reporter)).await?);
            left.changes_to(&right)
        }
    };
    let app = document.names(&variables(&left, None, None)).app.unwrap_or_default();
    let DifferenceWanted { left, right, deployed } = wanted.clone();
    Ok(Difference { app, left, right, deployed, changes })
}

/// Property by property, in the order of the file. Two secrets are told to differ and never shown (law 10).
fn compare(left: &[Asked], right: &[Asked]) -> Vec<Change> {
    let of = |all: &[Asked], path: &str| all.iter().find(|asked| asked.path == path).cloned();
    let known = left.iter().map(|asked| &asked.path);
    let more = right.iter().map(|asked| &asked.path).filter(|path| left.iter().all(|asked| asked.path != **path));
    let mut changes = Vec::new();
    for path in known.chain(more) {
        let (before, after) = (of(left, path), of(right, path));
        if before.as_ref().map(|asked| &asked.value) == after.as_ref().map(|asked| &asked.value) {
            continue;
        }
        let secret = [&before, &after].into_iter().flatten().any(|asked| asked.secret);
        let side = |asked: Option<Asked>| match asked {
            None => Side::Absent,
            Some(_) if secret => Side::Secret,
            Some(asked) => Side::Value(asked.value),
        };
        changes.push(Change::new(path.clone(), side(before), side(after)));
    }
    changes
}

/// What a stage serves.
struct Served {
    release: Release,
    /// `GET /admit`.
    methods: BTreeSet<String>,
}

async fn served(settings: &Settings, reporter: &dyn Reporter) -> Result<Served, Failure> {
    let session = Session::open(settings, "diff", reporter).await?;
    let place = session.release_place(&session.lookups()).await?.ok_or_else(|| session.not_deployed())?;
    let history = place.history(&session.aws).await.map_err(unnamed)?.ok_or_else(|| session.not_deployed())?;
    let now = history.now().ok_or_else(|| unnamed(no_one_release(&place.stage, &history.serving)))?;
    let release = history.releases[now].clone();
    let methods = place.methods(&session.aws, &release.deployment).await.map_err(unnamed)?.unwrap_or_default();
    Ok(Served { release, methods: methods.into_iter().map(|(path, verb)| format!("{verb} {path}")).collect() })
}

/// What is served is no release: somebody else's deployment, or more than one of either.
fn no_one_release(stage: &str, serving: &Serving) -> Error {
    let shared = if serving.canary || serving.shares { ", and a share of the calls goes elsewhere" } else { "" };
    Error::refused(
        "no_such_release",
        format!(
            "stage {stage} serves no one release: version {} with deployment {}{shared}",
            serving.version, serving.deployment
        ),
        "`poc deploy` makes it serve what deploy.yaml says; without --deployed, what deploy.yaml asks for is compared",
    )
}

impl Served {
    /// The function that is called and the methods that are answered. Names that tell the stages apart are no difference.
    fn changes_to(&self, other: &Served) -> Vec<Change> {
        let of_function = self.release.function_changes(&other.release).into_iter();
        let mut all: Vec<Change> = of_function
            .filter(|change| change.path != "role")
            .map(|change| Change { path: format!("function.{}", change.path), ..change })
            .collect();
        let mut changes = Changes::default();
        for name in self.methods.union(&other.methods) {
            let side = |served: &Served| served.methods.contains(name).then(|| "served".to_owned());
            changes.compare(name, side(self), side(other));
        }
        all.extend(changes.done());
        all
    }
}
