//! `poc key show` and `poc key rotate`.

use std::fmt;
use std::time::Duration;

use super::session::{Session, of, unnamed};
use super::step::{Doing, step};
use super::{Failure, Settings, Target};
use crate::aws::{Aws, Error, Result as AwsResult};
use crate::event::{Action, Event, Outcome, Reporter};
use crate::resources::api_key::{ApiKey, Standing};
use crate::resources::{Lookups, usage_plan};
use crate::spec::model;

/// How long the old value of a rotated key is accepted, unless the command line says otherwise.
pub const GRACE: Duration = Duration::from_secs(300);

/// `poc key show`: the one result that holds a key's value (law 10).
pub struct ShownKey {
    pub name: String,
    pub id: String,
    pub value: String,
}

impl fmt::Debug for ShownKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShownKey").field("name", &self.name).field("id", &self.id).finish_non_exhaustive()
    }
}

/// What `poc key rotate` is about to do.
#[derive(Clone, Debug)]
pub struct Rotation {
    pub target: Target,
    pub key: String,
    /// How long the old value is still accepted.
    pub grace: Duration,
    /// A rotation that was begun before, and is only finished now.
    pub resumed: bool,
}

/// `poc key rotate`.
#[derive(Clone, Debug)]
pub struct Rotated {
    pub key: String,
    pub outcome: Outcome,
    pub resumed: bool,
}

/// Asks the person; called once.
pub type ConfirmRotation<'a> = &'a dyn Fn(&Rotation) -> bool;

/// The value of the key that deploy.yaml calls `name`, or of the usage plan's first.
///
/// # Errors
/// Where there is no such key, in the file or on AWS.
pub async fn show_key(settings: &Settings, name: Option<&str>, reporter: &dyn Reporter) -> Result<ShownKey, Failure> {
    let session = Session::open(settings, "key show", reporter).await?;
    let key = session.named_key(name)?;
    let id = session.current_key(key, &session.lookups()).await?;
    let value = ApiKey::value_of(&session.aws, &id).await.map_err(unnamed)?;
    let value = value.ok_or_else(|| unnamed(Error::unexpected("GetApiKey gives no value")))?;
    Ok(ShownKey { name: key.name.clone(), id, value })
}

/// A new value for a key, and a grace time for the old one. A rotation that was interrupted is finished, and no other
/// begun.
///
/// # Errors
/// As [`show_key`], and where AWS refuses; what was done stays done, and the same command continues.
pub async fn rotate_key(
    settings: &Settings,
    name: Option<&str>,
    grace: Option<Duration>,
    reporter: &dyn Reporter,
    confirm: ConfirmRotation<'_>,
) -> Result<Rotated, Failure> {
    let session = Session::open(settings, ROTATE, reporter).await?;
    match Box::pin(session.rotate(name, grace, confirm)).await {
        Ok(rotated) => {
            session.finish(ROTATE, rotated.outcome, Default::default(), None, None);
            Ok(rotated)
        }
        Err(failure) => Err(session.fail(ROTATE, failure)),
    }
}

const ROTATE: &str = "key rotate";

impl Session<'_> {
    /// By its name in the file, with or without the stage's suffix.
    pub(super) fn named_key(&self, name: Option<&str>) -> Result<&model::ApiKey, Failure> {
        let keys: Vec<&model::ApiKey> = self.spec.usage_plan.iter().flat_map(|plan| &plan.keys).collect();
        let Some(first) = keys.first() else {
            let help = "write one under usage_plan: { keys: [NAME] } and deploy it";
            return Err(Failure::Usage(format!("deploy.yaml names no API key; {help}")));
        };
        let Some(name) = name else { return Ok(first) };
        let suffixed = format!("{name}-{}", self.spec.stage);
        let named = |wanted: &str| keys.iter().find(|key| key.name == wanted).copied();
        named(name).or_else(|| named(&suffixed)).ok_or_else(|| Failure::Usage(unknown(name, &keys)))
    }

    fn key(&self, key: &model::ApiKey) -> ApiKey {
        ApiKey {
            key: key.clone(),
            region: self.account.region.clone(),
            partition: self.account.partition.clone(),
            owner: self.owner(),
            lookups: Default::default(),
        }
    }

    /// The key as AWS has it.
    pub(super) async fn standing_key(&self, key: &model::ApiKey, lookups: &Lookups) -> Result<Standing, Failure> {
        let key = self.key(key);
        let name = &key.key.name;
        let failed = |error| of(format!("API key {name}"), error);
        if let Some(standing) = key.standing_among(&self.aws, lookups).await.map_err(failed)? {
            return Ok(standing);
        }
        let foreign = key.foreign(&self.aws, lookups).await.map_err(failed)?;
        Err(failed(match foreign.as_slice() {
            [] => Error::refused(
                "not_deployed",
                format!("the API key {name} is not there"),
                format!("`{}` makes it", self.command("deploy")),
            ),
            [id, ..] => Error::refused(
                "not_ours",
                format!("the API key {name} (id {id}) does not carry this application's tags, so it is not shown"),
                "`poc deploy` makes one of this name that is ours; with --adopt it takes that one over",
            ),
        }))
    }

    /// The id of the key whose value callers send: while a key is being rotated, of the new one as soon as the usage plan
    /// holds it.
    pub(super) async fn current_key(&self, key: &model::ApiKey, lookups: &Lookups) -> Result<String, Failure> {
        let standing = self.standing_key(key, lookups).await?;
        if standing.retired.is_empty() {
            return Ok(standing.key);
        }
        let held = self.standing_plan().await?.keys;
        let older = standing.retired.into_iter().find(|old| held.contains(&old.id));
        Ok(older.filter(|_| !held.contains(&standing.key)).map_or(standing.key, |old| old.id))
    }

    /// Our usage plan.
    async fn standing_plan(&self) -> Result<usage_plan::Outputs, Failure> {
        let name = self.spec.usage_plan.as_ref().map(|plan| plan.name.clone()).unwrap_or_default();
        let lookups = Default::default();
        let plan = usage_plan::standing(&self.aws, &lookups, &name, &self.spec.stage, &self.owner()).await;
        let failed = |error| of(format!("usage plan {name}"), error);
        let missing = || {
            let next = format!("`{}` makes it; then run the same command again", self.command("deploy"));
            failed(Error::refused("not_deployed", format!("the usage plan {name} is not there"), next))
        };
        plan.map_err(failed)?.ok_or_else(missing)
    }

    async fn rotate(
        &self,
        name: Option<&str>,
        grace: Option<Duration>,
        confirm: ConfirmRotation<'_>,
    ) -> Result<Rotated, Failure> {
        let spec = self.named_key(name)?;
        if spec.value.is_some() {
            return Err(of(format!("API key {}", spec.name), given(&spec.name)));
        }
        let (found, plan) = (self.standing_key(spec, &self.lookups()).await?, self.standing_plan().await?);
        let resumed = found.lone || !found.retired.is_empty();
        let left = found.retired.iter().map(|old| old.due).max().unwrap_or_default();
        let left = Duration::from_millis(left.saturating_sub(self.aws.clock().epoch_millis()));
        let rotation = Rotation {
            target: self.target.clone(),
            key: spec.name.clone(),
            grace: grace.unwrap_or(if resumed && !found.lone { left } else { GRACE }),
            resumed,
        };
        if !confirm(&rotation) {
            return Ok(Rotated { key: spec.name.clone(), outcome: Outcome::Declined, resumed });
        }
        let turning = Turning { aws: &self.aws, key: self.key(spec), plan: plan.id };
        let failed = |error| of(format!("API key {}", spec.name), error);
        let turned = self.alone(Box::pin(async {
            // What was seen before may have been changed by whoever held the lock.
            let found = self.standing_key(spec, &Lookups::default()).await?;
            turning.turn(found, grace).await.map_err(failed)
        }));
        // The wait may be a day long, and nobody is kept from deploying meanwhile: what is due goes all the same.
        let found = Box::pin(turned).await?;
        self.unless_stopped()?;
        Box::pin(turning.retire(&found)).await.map_err(failed)?;
        Ok(Rotated { key: spec.name.clone(), outcome: Outcome::Changed, resumed })
    }
}

fn unknown(name: &str, keys: &[&model::ApiKey]) -> String {
    let mut names: Vec<&str> = keys.iter().map(|key| key.name.as_str()).collect();
    names.sort_by_key(|known| strsim::osa_distance(&known.to_lowercase(), &name.to_lowercase()));
    let near = names.first().filter(|known| strsim::osa_distance(&known.to_lowercase(), &name.to_lowercase()) <= 2);
    match near {
        Some(near) => format!("there is no API key `{name}` in deploy.yaml; did you mean `{near}`?"),
        None => format!("there is no API key `{name}` in deploy.yaml; there is {}", names.join(", ")),
    }
}

fn given(name: &str) -> Error {
    Error::refused(
        "value_is_given",
        format!("the value of {name} comes from an environment variable, so nothing else can change it"),
        "set that variable to the new value and run `poc deploy`: the new value works first, then the old one goes",
    )
}

/// The steps of a rotation, each told as a deploy tells its own.
struct Turning<'a, 'r> {
    aws: &'a Aws<'r>,
    key: ApiKey,
    plan: String,
}

impl Turning<'_, '_> {
    /// From wherever `found` is: marks, makes, admits.
    async fn turn(&self, mut found: Standing, grace: Option<Duration>) -> AwsResult<Standing> {
        let fresh = !found.lone && found.retired.is_empty();
        if fresh || found.lone {
            if fresh || grace.is_some() {
                let mark = self.key.retire(self.aws, &found.key, grace.unwrap_or(GRACE));
                self.step("api_key", "API key", Action::Update, mark).await?;
            }
            self.step("api_key", "API key", Action::Create, self.key.succeed(self.aws)).await?;
        } else if let Some(grace) = grace {
            for old in &found.retired {
                let mark = self.key.retire(self.aws, &old.id, grace);
                self.step("api_key", "API key", Action::Update, mark).await?;
            }
        }
        found = self.key.standing(self.aws).await?.filter(|found| !found.lone).ok_or_else(|| {
            Error::unexpected(format!("the new API key {} is made, and AWS does not list it", self.key.key.name))
        })?;
        let admit = self.key.admit(self.aws, &self.plan, &found.key);
        self.step("usage_plan_key", "usage plan key", Action::Create, admit).await?;
        let text = "`poc key show` prints the new value from now on; the old one is accepted until its time is over";
        self.aws.report(&Event::Note { text: text.to_owned() });
        Ok(found)
    }

    /// Waits and removes.
    async fn retire(&self, found: &Standing) -> AwsResult<()> {
        for old in &found.retired {
            let dismiss = self.key.dismiss(self.aws, &self.plan, &found.key, old);
            self.step("api_key", "API key", Action::Prune, dismiss).await?;
        }
        Ok(())
    }

    async fn step<T>(
        &self,
        id: &str,
        kind: &'static str,
        action: Action,
        work: impl Future<Output = AwsResult<T>>,
    ) -> AwsResult<T> {
        let name = self.key.key.name.clone();
        step(self.aws, Doing { step: format!("{id}.{name}"), kind, name, action }, work).await
    }
}
