//! `poc rollback`: the stage and the alias back to an earlier release, in two writes. Nothing is built, uploaded or made
//! anew, and deploy.yaml is not asked for more than whom it is about.

use std::str::FromStr;

use serde::Serialize;

use super::locked::{at_work, living};
use super::session::{Session, unnamed};
use super::step::{Doing, step};
use super::{Confirm, Failure, Planned, Settings, Target};
use crate::aws::{Error, Result as AwsResult, found};
use crate::desired;
use crate::engine::plan::{Change, Changes, Plan, Side, Step};
use crate::event::{Action, Outcome, Reporter};
use crate::resources::Lookups;
use crate::resources::lock::{Record, told};
use crate::resources::permission::{Allowed, Observed as Statements};
use crate::resources::release::{History, Place, Release, gone};

const ROLLBACK: &str = "rollback";

/// Which release is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RollbackTo {
    /// Its place in the list; the newest is 1.
    Number(usize),
    /// A deployment's id; without a version, the newest release of that deployment.
    Deployment { id: String, version: Option<String> },
}

impl FromStr for RollbackTo {
    type Err = String;

    fn from_str(text: &str) -> Result<RollbackTo, String> {
        let wrong =
            || "give a number of `poc rollback --list`, such as 2, or a name from there, such as a1b2c3:7".to_owned();
        let (id, version) = text.split_once(':').map_or((text, None), |(id, version)| (id, Some(version)));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match version {
            // Ids are longer.
            None if digits(id) && id.len() < 4 => match id.parse() {
                Ok(number) if number > 0 => Ok(RollbackTo::Number(number)),
                _ => Err(wrong()),
            },
            _ if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) => Err(wrong()),
            Some(version) if !digits(version) => Err(wrong()),
            version => Ok(RollbackTo::Deployment { id: id.to_owned(), version: version.map(str::to_owned) }),
        }
    }
}

/// `poc rollback --list`, and the history that `poc status` tells.
#[derive(Clone, Debug, Serialize)]
pub struct Releases {
    #[serde(flatten)]
    pub target: Target,
    /// The newest first.
    pub releases: Vec<ReleaseLine>,
}

/// One release, for people and programs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReleaseLine {
    /// What `--to` takes: the place in the list, from 1.
    pub number: usize,
    /// What `--to` takes, too, and what stays the same whatever is deployed later: `DEPLOYMENT:VERSION`.
    pub name: String,
    pub deployment: String,
    pub version: String,
    /// When it could be served first, UTC.
    pub made: Option<String>,
    pub deployed: Option<String>,
    pub published: Option<String>,
    /// Who made the deployment, where it tells.
    pub by: Option<String>,
    /// Of the API's definition.
    pub fingerprint: String,
    /// Of the code, in digits: SHA-256 of the zip, or the image's digest.
    pub code: Option<String>,
    /// The function's own description.
    pub description: Option<String>,
    /// Callers get it now.
    pub serves: bool,
}

/// `poc rollback`.
#[derive(Clone, Debug)]
pub struct RolledBack {
    pub target: Target,
    pub outcome: Outcome,
    /// What was gone back to.
    pub to: ReleaseLine,
    /// A newer release than that is there.
    pub earlier: bool,
}

/// What the stage can serve, the newest first. Nothing is changed.
///
/// # Errors
/// Where nothing is deployed, the function is somebody else's, or AWS cannot be read.
pub async fn releases(settings: &Settings, reporter: &dyn Reporter) -> Result<Releases, Failure> {
    let session = Session::open(settings, ROLLBACK, reporter).await?;
    let (_, history) = session.standing(&session.lookups()).await?;
    Ok(Releases { target: session.target.clone(), releases: lines(&history) })
}

/// Makes the stage serve an earlier release: the one before what it serves, or the one that `to` names. A way back that
/// was cut is ended by the same command.
///
/// # Errors
/// Where there is no such release, somebody else is at work or was meanwhile, or AWS refuses; what was done stays done,
/// and the same command continues.
pub async fn rollback(
    settings: &Settings,
    to: Option<&RollbackTo>,
    reporter: &dyn Reporter,
    confirm: Confirm<'_>,
) -> Result<RolledBack, Failure> {
    let session = Session::open(settings, ROLLBACK, reporter).await?;
    match Box::pin(session.roll_back(to, confirm)).await {
        Ok(done) => {
            let outputs = [("deployment", &done.to.deployment), ("function_version", &done.to.version)];
            let outputs = outputs.map(|(name, value)| (name.to_owned(), value.clone())).into_iter().collect();
            session.finish(ROLLBACK, done.outcome, outputs, None, None);
            Ok(done)
        }
        Err(failure) => Err(session.fail(ROLLBACK, failure)),
    }
}

/// The releases as they are listed.
pub(super) fn lines(history: &History) -> Vec<ReleaseLine> {
    history.releases.iter().enumerate().map(|(at, release)| line(release, at, history)).collect()
}

fn line(release: &Release, at: usize, history: &History) -> ReleaseLine {
    let moment = |moment: Option<jiff::Timestamp>| moment.map(told);
    ReleaseLine {
        number: at + 1,
        name: release.name(),
        deployment: release.deployment.clone(),
        version: release.version.clone(),
        made: moment(release.made()),
        deployed: moment(release.deployed),
        published: moment(release.published),
        by: release.by.clone(),
        fingerprint: release.fingerprint.clone(),
        code: release.code().map(str::to_owned),
        description: release.description.clone(),
        serves: release.is(&history.serving),
    }
}

/// The release that a rollback was on its way to when it was cut. One that ended leaves none.
fn begun(last: &Record) -> Option<&String> {
    last.target.as_ref().filter(|_| last.command == ROLLBACK)
}

/// The way from what is served to a release.
struct Way<'a> {
    place: &'a Place,
    history: &'a History,
    /// What is served, where that is a release.
    from: Option<&'a Release>,
    to: &'a Release,
    allowed: Allowed,
    statements: Statements,
    /// Methods that callers can call now and then no more.
    lost: Vec<(String, String)>,
    /// And the other way round.
    won: Vec<(String, String)>,
}

impl Session<'_> {
    /// Where our releases are, and which there are.
    async fn standing(&self, lookups: &Lookups) -> Result<(Place, History), Failure> {
        let place = self.release_place(lookups).await?.ok_or_else(|| self.not_deployed())?;
        let owner = self.owner();
        let (ours, history) = tokio::join!(place.check_function(&self.aws, &owner), place.history(&self.aws));
        ours.map_err(unnamed)?;
        let history = history.map_err(unnamed)?.ok_or_else(|| self.not_deployed())?;
        Ok((place, history))
    }

    /// Where releases are looked for; none where there is no API of ours.
    pub(super) async fn release_place(&self, lookups: &Lookups) -> Result<Option<Place>, Failure> {
        let (stage, function) = (self.spec.stage.clone(), self.spec.function.name.clone());
        Ok(self.our_api(lookups).await?.map(|api| Place { api, stage, function }))
    }

    async fn roll_back(&self, to: Option<&RollbackTo>, confirm: Confirm<'_>) -> Result<RolledBack, Failure> {
        let (lock, deadline) = (self.lock(), tokio::time::Instant::now() + self.wait_for_lock);
        let (lookups, mut ahead) = (self.lookups(), true);
        let (seen, place, history) = loop {
            let fresh = Lookups::default();
            let lookups = if ahead { &*lookups } else { &fresh };
            let (seen, standing) = tokio::join!(lock.look(&self.aws), self.standing(lookups));
            let (seen, (place, history)) = (seen.map_err(unnamed)?, standing?);
            let Some(holder) = living(&seen) else { break (seen, place, history) };
            Box::pin(self.outwait(&lock, holder, deadline)).await?;
            // What the other one did must be seen.
            ahead = false;
        };
        let to = self.choose(&history, to, &seen.record).map_err(unnamed)?;
        let done = |outcome| {
            let at = history.releases.iter().position(|release| release.name() == to.name()).unwrap_or_default();
            let served = ReleaseLine { serves: outcome != Outcome::Declined, ..line(to, at, &history) };
            RolledBack { target: self.target.clone(), outcome, to: served, earlier: at > 0 }
        };
        if to.is(&history.serving) {
            if begun(&seen.record) == Some(&to.name()) {
                // Cut after its last move: that it has ended is all that is left to be written.
                self.alone(async { Ok(()) }).await?;
            } else {
                at_work(&seen).iter().for_each(|text| self.tell(text));
            }
            return Ok(done(Outcome::Unchanged));
        }
        let way = self.way(&place, &history, to).await.map_err(unnamed)?;
        let planned = Planned {
            target: self.target.clone(),
            notes: way.notes(),
            plan: way.plan(),
            requests: self.aws.counted().0,
        };
        if !confirm(&planned) {
            return Ok(done(Outcome::Declined));
        }
        // Should this be cut, the same command knows where it was going.
        self.purpose.replace(Some(to.name()));
        // A refusal ends it, so that no later run takes up what was never begun; a failure leaves it to be continued.
        let refused = Box::pin(self.alone(Box::pin(async {
            let moved = self.moved(&place, &history, to).await?;
            if moved.is_none() {
                way.go(self).await?;
            }
            Ok(moved)
        })));
        match refused.await? {
            Some(error) => Err(unnamed(error)),
            None => Ok(done(Outcome::Changed)),
        }
    }

    fn choose<'a>(&self, history: &'a History, to: Option<&RollbackTo>, last: &Record) -> AwsResult<&'a Release> {
        let found = match to {
            None => {
                if let Some(begun) = begun(last).and_then(|name| history.named(name)) {
                    self.tell(&format!("a rollback to {} was begun and not ended: it is ended now", begun.name()));
                    return Ok(begun);
                }
                return history.before().ok_or_else(|| self.nothing_before(history));
            }
            Some(RollbackTo::Number(number)) => history.releases.get(number - 1),
            Some(RollbackTo::Deployment { id, version }) => history.releases.iter().find(|release| {
                release.deployment == *id && version.as_ref().is_none_or(|version| release.version == *version)
            }),
        };
        found.ok_or_else(|| {
            let asked = match to {
                Some(RollbackTo::Number(number)) => number.to_string(),
                Some(RollbackTo::Deployment { id, version: None }) => id.clone(),
                Some(RollbackTo::Deployment { id, version: Some(version) }) => format!("{id}:{version}"),
                None => String::new(),
            };
            let there = match history.releases.len() {
                1 => "one is kept".to_owned(),
                count => format!("{count} are kept"),
            };
            Error::refused(
                "no_such_release",
                format!("there is no release {asked}: {there}"),
                format!(
                    "`{}` shows them; the last five deployments and versions are kept",
                    self.command("rollback --list")
                ),
            )
        })
    }

    fn nothing_before(&self, history: &History) -> Error {
        let made = history.now().and_then(|now| history.releases[now].made());
        let made = made.map(|made| format!(", made {},", told(made))).unwrap_or_default();
        let serving = &history.serving;
        Error::refused(
            "no_earlier_release",
            format!(
                "version {} with deployment {}{made} is the earliest release that is kept: there is nothing before it",
                serving.version, serving.deployment
            ),
            format!(
                "put the earlier files back and run `{}`; from then on there is something to go back to",
                self.command("deploy")
            ),
        )
    }

    /// What the way takes, from AWS.
    async fn way<'a>(&self, place: &'a Place, history: &'a History, to: &'a Release) -> AwsResult<Way<'a>> {
        let allowed = desired::allowed(&self.spec, &self.account, Vec::new());
        let methods = async {
            // The same deployment has the same methods, and may call what it calls already.
            if to.deployment == history.serving.deployment {
                return Ok((Vec::new(), Vec::new(), Statements::default()));
            }
            let (then, now, statements) = tokio::join!(
                place.methods(&self.aws, &to.deployment),
                place.methods(&self.aws, &history.serving.deployment),
                allowed.read(&self.aws)
            );
            let then = then?.ok_or_else(|| gone(&format!("deployment {}", to.deployment)))?;
            Ok((then, now?.unwrap_or_default(), statements?))
        };
        let (methods, role) = tokio::join!(methods, self.check_role(history, to));
        role?;
        let (then, now, statements) = methods?;
        let without = |these: &[(String, String)], those: &[(String, String)]| -> Vec<(String, String)> {
            these.iter().filter(|one| !those.contains(one)).cloned().collect()
        };
        let (lost, won) = (without(&now, &then), without(&then, &now));
        // What API Gateway answers by itself calls no function, as far as deploy.yaml still tells.
        let mocks = desired::mocks(&self.spec, &self.account);
        let allowed = Allowed { methods: without(&then, &mocks), ..allowed };
        Ok(Way {
            place,
            history,
            from: history.now().map(|now| &history.releases[now]),
            to,
            allowed,
            statements,
            lost,
            won,
        })
    }

    /// A version works with the role that it was published with, and that may be gone since.
    async fn check_role(&self, history: &History, to: &Release) -> AwsResult<()> {
        let now = history.now().and_then(|now| history.releases[now].role());
        let Some(role) = to.role().filter(|role| now != Some(role)) else { return Ok(()) };
        let name = role.rsplit('/').next().unwrap_or(role);
        let call = || self.aws.iam().get_role().role_name(name).send();
        let there = found(self.aws.call("iam", "GetRole", crate::aws::Repeat::Safe, call).await)?;
        match there {
            Some(_) => Ok(()),
            None => Err(gone(&format!("the role {name}, which version {} works with,", to.version))),
        }
    }

    /// Why what was shown is not true any more; none where it is.
    async fn moved(&self, place: &Place, shown: &History, to: &Release) -> Result<Option<Error>, Failure> {
        let now = place.history(&self.aws).await.map_err(unnamed)?.ok_or_else(|| self.not_deployed())?;
        if now.serving != shown.serving {
            let (was, is) = (&shown.serving, &now.serving);
            return Ok(Some(Error::refused(
                "changed_meanwhile",
                format!(
                    "the stage served version {} with deployment {}, and serves version {} with deployment {} now: \
                     somebody changed it meanwhile, so nothing was changed",
                    was.version, was.deployment, is.version, is.deployment
                ),
                format!("`{}` shows what there is now; then decide anew", self.command("rollback --list")),
            )));
        }
        if !now.versions.contains(&to.version) {
            return Ok(Some(gone(&format!("version {} of {}", to.version, place.function))));
        }
        if !now.deployments.contains(&to.deployment) {
            return Ok(Some(gone(&format!("deployment {}", to.deployment))));
        }
        Ok(None)
    }
}

impl Way<'_> {
    fn moves_stage(&self) -> bool {
        self.to.deployment != self.history.serving.deployment || self.history.serving.canary
    }

    fn moves_alias(&self) -> bool {
        self.to.version != self.history.serving.version || self.history.serving.shares
    }

    /// New code is made to understand the templates of before, because a deploy moves the alias first. Between the two
    /// writes of a way back it is that pair again that callers meet, never old code behind new templates.
    fn alias_first(&self) -> bool {
        self.to.number() > self.history.serving.number()
    }

    fn notes(&self) -> Vec<String> {
        let place = |release: &Release| {
            let made = release.made().map(|made| format!(", made {}", told(made))).unwrap_or_default();
            let by = release.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
            format!("version {} with deployment {}{made}{by}", release.version, release.deployment)
        };
        let serving = &self.history.serving;
        let from = self.from.map_or_else(
            || {
                format!(
                    "version {} with deployment {}, which is no release of ours",
                    serving.version, serving.deployment
                )
            },
            place,
        );
        vec![
            format!("from {from} to {}", place(self.to)),
            "keys, usage plan, domain, role and pages stay as they are; `poc deploy` goes forward again".to_owned(),
        ]
    }

    fn plan(&self) -> Plan {
        let mut steps = Vec::new();
        let missing = self.allowed.missing(&self.place.api, &self.statements);
        if self.moves_stage() && !missing.is_empty() {
            steps.push(self.step("permission", missing, Vec::new()));
        }
        let mut moves = Vec::new();
        if self.moves_stage() {
            let told = self.lost.iter().map(|(path, verb)| {
                format!(
                    "callers of {verb} {path} get 403 Missing Authentication Token: the API had no such method then"
                )
            });
            moves.push(self.step("stage", self.stage_changes(), told.collect()));
        }
        if self.moves_alias() {
            let told = vec![format!("calls get version {} as soon as the alias points to it", self.to.version)];
            moves.push(self.step("alias", self.alias_changes(), told));
        }
        if self.alias_first() {
            moves.reverse();
        }
        steps.extend(moves);
        for at in 1..steps.len() {
            steps[at].after = vec![steps[at - 1].step.clone()];
        }
        Plan { steps }
    }

    fn step(&self, step: &str, changes: Vec<Change>, consequences: Vec<String>) -> Step {
        let Doing { step, kind, name, action } = self.doing(step);
        Step { step, kind, name, action, changes, consequences, slow: None, after: Vec::new() }
    }

    fn doing(&self, step: &str) -> Doing {
        let (kind, name) = match step {
            "permission" => ("invoke permission", self.allowed.name()),
            "stage" => ("stage", self.place.stage.clone()),
            _ => ("Lambda alias", self.allowed.name()),
        };
        Doing { step: step.to_owned(), kind, name, action: Action::Update }
    }

    fn stage_changes(&self) -> Vec<Change> {
        let (from, to, mut changes) = (self.from, self.to, Changes::default());
        let time = |release: &Release| release.deployed.map(told);
        changes.compare("deployment", self.history.serving.deployment.clone(), to.deployment.clone());
        if let Some(from) = from {
            changes.compare("deployed", time(from), time(to)).compare("by", from.by.clone(), to.by.clone()).compare(
                "definition",
                from.fingerprint.clone(),
                to.fingerprint.clone(),
            );
        }
        if self.history.serving.canary {
            changes.push(Change::removed("canary", "a share of the calls"));
        }
        for (path, verb) in &self.won {
            changes.push(Change::set(format!("{verb} {path}"), "served"));
        }
        for (path, verb) in &self.lost {
            changes.push(Change::removed(format!("{verb} {path}"), "served"));
        }
        changes.done()
    }

    fn alias_changes(&self) -> Vec<Change> {
        let (to, mut changes) = (self.to, Changes::default());
        let version = |text: &str| text.parse::<u64>().map_or_else(|_| Side::from(text.to_owned()), Side::from);
        changes.compare("version", version(&self.history.serving.version), version(&to.version));
        if let Some(from) = self.from {
            changes.compare("published", from.published.map(told), to.published.map(told));
        }
        if self.history.serving.shares {
            changes.push(Change::new("routing", "a share of the calls for another version", Side::Absent));
        }
        let mut changes = changes.done();
        changes.extend(self.from.map(|from| from.function_changes(to)).unwrap_or_default());
        changes
    }

    /// Right first, then the two moves (law 6).
    async fn go(&self, session: &Session<'_>) -> Result<(), Failure> {
        for planned in self.plan().steps {
            let (aws, doing) = (&session.aws, self.doing(&planned.step));
            let resource = format!("{} {}", doing.kind, doing.name);
            let work = async {
                match planned.step.as_str() {
                    "permission" => self.allowed.add_missing(aws, &self.place.api, &self.statements).await,
                    "stage" => self.place.serve(aws, &self.to.deployment, self.history.serving.canary).await,
                    _ => self.place.point(aws, &self.to.version).await,
                }
            };
            let done = Box::pin(step(aws, doing, work)).await;
            done.map_err(|error| Failure::Problem(Box::new(error.problem(Some(resource)))))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_named_by_its_place_or_by_what_it_is() {
        let of = |id: &str, version: Option<&str>| RollbackTo::Deployment {
            id: id.to_owned(),
            version: version.map(str::to_owned),
        };
        for (text, wanted) in [
            ("2", RollbackTo::Number(2)),
            ("a1b2c3", of("a1b2c3", None)),
            ("123456", of("123456", None)),
            ("a1b2c3:7", of("a1b2c3", Some("7"))),
        ] {
            assert_eq!(text.parse(), Ok(wanted), "{text}");
        }
        for text in ["", "0", "-1", "a1b2c3:", "a1b2c3:x", ":7", "a b"] {
            assert!(text.parse::<RollbackTo>().is_err(), "{text}");
        }
    }
}
