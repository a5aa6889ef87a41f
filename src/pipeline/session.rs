//! One run's file, account and clients, and the stages load, desired, read and decide over them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use super::holder;
use super::packing::{pack, with_order};
use super::status;
use super::{Failure, Planned, ResourceState, ResourceStatus, Settings, Status, Stop, Target, Validated, opened};
use crate::aws::{Aws, Connection, EmbeddedCloud, Error, ErrorKind, Place};
use crate::clock::Clock;
use crate::desired::{self, Account, Desired, Former, Uploads};
use crate::engine::{self, Decided, Kept, Observed, Unreadable, decide, read};
use crate::event::{Action, Event, Reporter};
use crate::package::{self, site};
use crate::resources::{HostedZone, Lock, Lookups, Owner};
use crate::spec::model::{PackageSource, Site};
use crate::spec::{Document, Spec, Variables, Warning};

/// Where the embedded cloud is kept, beside deploy.yaml.
const LOCAL: &str = ".poc/local";

/// Everything a command works with.
pub(super) struct Session<'r> {
    pub aws: Aws<'r>,
    pub target: Target,
    pub spec: Spec,
    pub account: Account,
    pub command: &'static str,
    pub stop: Stop,
    pub wait_for_lock: Duration,
    /// What a run that takes the lock is after, for whoever finds it cut.
    pub purpose: RefCell<Option<String>>,
    uploads: Uploads,
    /// Lists fetched while the account was asked for, for the first read; a later one fetches its own.
    ahead: RefCell<Option<Rc<Lookups>>>,
    /// Who runs this, for those who look later.
    by: String,
    adopt: bool,
    wait: bool,
    manner: desired::Manner,
}

/// What was read from disk beside deploy.yaml.
#[derive(Clone, Debug)]
pub(super) struct Sources {
    pub files: Vec<PathBuf>,
    pub package: PackageSource,
    pub site: Option<Site>,
    /// Files and directories elsewhere that decide what the package is.
    pub inputs: Vec<PathBuf>,
    /// A deploy may write into the package's directory.
    pub builds: bool,
}

impl Sources {
    fn of(settings: &Settings, spec: &Spec) -> Sources {
        let routes = spec.api.routes.iter();
        let templates = routes.flat_map(|route| {
            let responses = route.responses.values().flat_map(|response| response.templates.values());
            route.integration.templates.values().chain(responses)
        });
        let answers = spec.api.gateway_responses.values().flat_map(|response| response.templates.values());
        Sources {
            files: templates.chain(answers).filter_map(|template| template.file.clone()).collect(),
            package: spec.package.source.clone(),
            site: spec.site.clone(),
            inputs: with_order(settings, spec, package::inputs),
            builds: !spec.package.build.commands.is_empty(),
        }
    }

    /// Of the file as it is now, where it is right.
    pub fn now(settings: &Settings) -> Option<Sources> {
        let document = Document::open(&settings.file).ok()?;
        let spec = document.spec(&variables(settings, None, None)).ok()?;
        Some(Sources::of(settings, &spec))
    }

    /// What all of it says now.
    pub fn picture(&self, file: &Path) -> String {
        let package = match &self.package {
            PackageSource::Directory { path, .. } | PackageSource::Zip { path } => Some(path.as_path()),
            PackageSource::Image(_) => None,
        };
        let all = self.files.iter().chain(&self.inputs).map(PathBuf::as_path).chain([file]).chain(package);
        package::picture(all)
    }
}

/// What is wanted, what is there, and what follows from it.
pub(super) struct Read {
    /// The lists that it was read from.
    pub lookups: Rc<Lookups>,
    pub desired: Desired,
    pub observed: Observed,
    pub decided: Decided,
}

/// Stage one for every stage of the file, without a word to AWS.
pub(super) fn validate(settings: &Settings) -> Result<Validated, Failure> {
    let document = opened::open(settings)?;
    let stages = document.stages(&variables(settings, None, None));
    let asked = document.names(&variables(settings, None, None)).stage;
    let mut stages: Vec<Option<String>> = stages.into_iter().map(Some).collect();
    stages.sort_by_key(|stage| *stage != asked);
    if stages.is_empty() || settings.stage.is_some() {
        stages = vec![settings.stage.clone()];
    }
    let (mut specs, mut faults) = (Vec::new(), Vec::new());
    for stage in &stages {
        let variables = Variables { stage: stage.as_deref(), ..variables(settings, None, None) };
        match document.spec(&variables) {
            Ok(spec) => specs.push(spec),
            Err(more) => faults.extend(more.into_iter().filter(|fault| !faults.contains(fault)).collect::<Vec<_>>()),
        }
    }
    let mut apart: Vec<&Spec> = Vec::new();
    for spec in &specs {
        let known = |other: &&Spec| other.package == spec.package && other.function == spec.function;
        if !apart.iter().any(known) {
            apart.push(spec);
        }
    }
    for spec in apart {
        if let Err(more) = with_order(settings, spec, package::foresee) {
            faults.extend(more.into_iter().filter(|fault| !faults.contains(fault)).collect::<Vec<_>>());
        }
    }
    let mut sites: Vec<&Site> = Vec::new();
    for site in specs.iter().filter_map(|spec| spec.site.as_ref()) {
        if !sites.iter().any(|known| Site { bucket: site.bucket.clone(), ..(*known).clone() } == *site) {
            sites.push(site);
        }
    }
    for more in sites.into_iter().filter_map(|site| site::pages(site).err()) {
        faults.extend(more.into_iter().filter(|fault| !faults.contains(fault)).collect::<Vec<_>>());
    }
    let looked_at: Vec<String> = specs.iter().map(|spec| spec.stage.clone()).collect();
    match specs.first() {
        Some(spec) if faults.is_empty() => Ok(Validated {
            app: spec.app.clone(),
            stages: specs.iter().map(|spec| spec.stage.clone()).collect(),
            routes: spec.api.routes.len(),
            templates: templates(spec),
            warnings: document.warnings(&variables(settings, None, None), &looked_at, &today(settings)),
        }),
        _ => Err(Failure::Faults(faults)),
    }
}

/// Of the one stage that is worked on.
pub(super) fn warnings(settings: &Settings) -> Result<Vec<Warning>, Failure> {
    let document = opened::open(settings)?;
    let variables = variables(settings, None, None);
    let stage = document.names(&variables).stage;
    Ok(document.warnings(&variables, stage.as_slice(), &today(settings)))
}

/// The day by the clock of the cloud that is worked on.
fn today(settings: &Settings) -> String {
    let clock = settings.cloud.as_ref().map_or_else(Clock::system, EmbeddedCloud::clock);
    let day = jiff::Timestamp::try_from(clock.now()).unwrap_or_default().to_string();
    day.chars().take(10).collect()
}

fn templates(spec: &Spec) -> usize {
    let routes = spec.api.routes.iter();
    let in_routes: usize = routes
        .map(|route| {
            let responses: usize = route.responses.values().map(|response| response.templates.len()).sum();
            route.integration.templates.len() + responses
        })
        .sum();
    in_routes + spec.api.gateway_responses.values().map(|response| response.templates.len()).sum::<usize>()
}

pub(super) fn variables<'a>(
    settings: &'a Settings,
    account: Option<&'a str>,
    region: Option<&'a str>,
) -> Variables<'a> {
    Variables {
        account,
        region: region.or(settings.region.as_deref()),
        stage: settings.stage.as_deref(),
        env: &|name| std::env::var(name).ok(),
    }
}

/// All that would be uploaded.
async fn uploads(settings: &Settings, spec: &Spec, reporter: &dyn Reporter) -> Result<Uploads, Failure> {
    let pages = spec.site.as_ref().map_or_else(|| Ok(site::Pages::default()), site::pages);
    match (Box::pin(pack(settings, spec, reporter)).await, pages) {
        (Ok(package), Ok(pages)) => Ok(Uploads { package: Rc::new(package), pages: Rc::new(pages) }),
        (Err(Failure::Faults(faults)), pages) => {
            Err(Failure::Faults(faults.into_iter().chain(pages.err().into_iter().flatten()).collect()))
        }
        (Err(failure), _) => Err(failure),
        (Ok(_), Err(faults)) => Err(Failure::Faults(faults)),
    }
}

impl<'r> Session<'r> {
    /// Loads the file, then learns the account. Only what compares the whole with AWS builds the package.
    pub async fn open(
        settings: &Settings,
        command: &'static str,
        reporter: &'r dyn Reporter,
    ) -> Result<Session<'r>, Failure> {
        let document = opened::open(settings)?;
        let unsettled = variables(settings, None, None);
        let spec = document.spec(&unsettled).map_err(Failure::Faults)?;
        let uploads = match command {
            "plan" | "deploy" | "status" => Box::pin(uploads(settings, &spec, reporter)).await?,
            _ => Uploads::default(),
        };
        let named = |error| unnamed(with_profile(error, settings));
        let aws = Box::pin(Aws::connect(connection(settings, &spec)?, reporter)).await.map_err(named)?;
        let lookups = Rc::new(Lookups::default());
        let (identity, ()) = tokio::join!(aws.identify(), Box::pin(look_ahead(&aws, &lookups, &spec)));
        let (id, partition) = identity.map_err(named)?;
        let region = aws.region().to_owned();
        let settled = variables(settings, Some(&id), Some(&region));
        let spec = document.spec(&settled).map_err(Failure::Faults)?;
        let target = Target {
            app: spec.app.clone(),
            stage: spec.stage.clone(),
            region: region.clone(),
            account: id.clone(),
            place: place(settings),
        };
        aws.report(&Event::Started {
            command,
            app: target.app.clone(),
            stage: target.stage.clone(),
            region: target.region.clone(),
            account: target.account.clone(),
        });
        let account = Account { id, partition, region };
        let ahead = RefCell::new(Some(lookups));
        let Settings { adopt, wait, wait_for_lock, .. } = *settings;
        let (manner, stop, by) = (settings.manner(), settings.stop.clone(), holder::by());
        Ok(Session {
            aws,
            target,
            spec,
            account,
            command,
            stop,
            wait_for_lock,
            purpose: RefCell::default(),
            uploads,
            ahead,
            by,
            adopt,
            wait,
            manner,
        })
    }

    /// What is wanted, against what is there.
    pub async fn read(&self) -> Result<Read, Failure> {
        let (desired, lookups) = Box::pin(self.draw()).await?;
        Box::pin(self.observe(desired, lookups)).await
    }

    /// Lets the run become `age` old, where AWS is slow to tell of what was made; no emulator is.
    ///
    /// # Errors
    /// When it was asked to stop: what it did is done, and what may still appear is another run's.
    pub async fn passes(&self, age: Duration) -> Result<bool, Failure> {
        if !self.aws.is_paced() {
            return Ok(false);
        }
        self.unless_stopped()?;
        engine::wait::pause(age.saturating_sub(self.aws.elapsed())).await;
        Ok(true)
    }

    /// # Errors
    /// When it was asked to stop: then nothing further is begun.
    pub fn unless_stopped(&self) -> Result<(), Failure> {
        if self.stop.is_asked() { Err(Failure::Interrupted) } else { Ok(()) }
    }

    /// Nothing is wanted, against what is there.
    pub async fn read_unwanted(&self) -> Result<Read, Failure> {
        let (drawn, lookups) = Box::pin(self.draw()).await?;
        Box::pin(self.observe(Desired { graph: drawn.graph.unwanted(), ..drawn }, lookups)).await
    }

    async fn draw(&self) -> Result<(Desired, Rc<Lookups>), Failure> {
        let lookups = self.lookups();
        let former = self.former(&lookups).await?;
        let uploads = self.uploads.clone();
        let drawn = desired::desired(&self.spec, &self.account, self.choices(), uploads, &lookups, &former);
        Ok((drawn, lookups))
    }

    /// The lock that keeps runs on this stage apart.
    pub fn lock(&self) -> Lock {
        desired::lock(&self.spec, &self.account)
    }

    fn choices(&self) -> desired::Choices<'_> {
        desired::Choices { by: &self.by, adopt: self.adopt, wait: self.wait }
    }

    /// Names that an earlier deploy.yaml gave, as the API's tags and the keys' tags tell them.
    async fn former(&self, lookups: &Lookups) -> Result<Former, Failure> {
        let (apis, keys, plans) =
            tokio::join!(lookups.rest_apis(&self.aws), lookups.api_keys(&self.aws), lookups.usage_plans(&self.aws));
        plans.map_err(|error| of("usage plans", error))?;
        let apis = apis.map_err(|error| of("REST APIs", error))?;
        let keys = keys.map_err(|error| of("API keys", error))?;
        Ok(Former::told_by(apis, keys, &self.owner(), &self.spec))
    }

    /// The id of our REST API.
    pub async fn our_api(&self, lookups: &Lookups) -> Result<Option<String>, Failure> {
        let (owner, apis) = (self.owner(), lookups.rest_apis(&self.aws).await.map_err(|error| of("REST APIs", error))?);
        let ours = apis.iter().find(|api| owner.tags.own(&crate::aws::ordered(api.tags())));
        Ok(ours.and_then(|api| api.id()).map(str::to_owned))
    }

    pub fn not_deployed(&self) -> Failure {
        let what = format!("{} (stage {}) is not deployed", self.spec.app, self.spec.stage);
        unnamed(Error::refused("not_deployed", what, format!("`{}` deploys it", self.command("deploy"))))
    }

    /// By what things are known as ours; nothing is adopted by it.
    pub fn owner(&self) -> Owner {
        Owner { tags: crate::aws::Tags::new(&self.spec.app, &self.spec.stage, &self.spec.tags), adopt: false }
    }

    /// The lists that were fetched ahead, once; then fresh ones.
    pub fn lookups(&self) -> Rc<Lookups> {
        self.ahead.take().unwrap_or_default()
    }

    async fn observe(&self, desired: Desired, lookups: Rc<Lookups>) -> Result<Read, Failure> {
        self.aws.report(&Event::Reading { resources: desired.graph.len() });
        let observed = Box::pin(read(&desired.graph, &self.aws))
            .await
            .map_err(|Unreadable { resource, error }| Failure::Problem(Box::new(error.problem(Some(resource)))))?;
        let decided = decide(&desired.graph, &observed);
        Ok(Read { lookups, desired, observed, decided })
    }

    pub fn planned(&self, read: &Read) -> Planned {
        Planned {
            target: self.target.clone(),
            notes: read.desired.graph.notes(&read.observed),
            plan: read.decided.plan.clone(),
            requests: self.aws.counted().0,
        }
    }

    /// URLs and names, as far as they are known.
    pub fn outputs(&self, read: &Read) -> BTreeMap<String, String> {
        let mut outputs =
            desired::outputs(&self.spec, &self.account, &read.desired, read.decided.known(), &self.manner);
        // Where no image runs, the call could only fail.
        if self.aws.embedded().is_some() && self.image().is_some() {
            outputs.remove("call");
        }
        outputs
    }

    /// The container image that the function runs, where it is one.
    pub fn image(&self) -> Option<String> {
        match &self.spec.package.source {
            PackageSource::Image(image) => Some(image.uri()),
            PackageSource::Directory { .. } | PackageSource::Zip { .. } => None,
        }
    }

    /// Another command, with the options that lead it to the same deployment.
    pub fn command(&self, name: &str) -> String {
        self.manner.command(name)
    }

    /// A line for a shell that calls the API at `url`.
    pub fn curl(&self, url: &str) -> Option<String> {
        desired::curl(&self.spec, url, &self.manner)
    }

    /// What the file and the package consist of, for whoever watches them.
    pub fn sources(&self, settings: &Settings) -> Sources {
        Sources::of(settings, &self.spec)
    }

    fn facts(&self, read: &Read, at: usize) -> Vec<(String, String)> {
        let known = read.decided.known();
        let mut facts = read.desired.facts(at, known);
        if let Some((_, end)) = read.desired.certificate_end(known).filter(|(certificate, _)| *certificate == at) {
            facts.push(("expires".to_owned(), status::day(end)));
        }
        facts
    }

    pub fn status(&self, read: &Read) -> Status {
        let steps = &read.decided.plan.steps;
        let present: BTreeSet<usize> = read.observed.present().collect();
        let resources = read.desired.graph.list().enumerate().filter_map(|(at, (id, identity, wanted))| {
            let exists = present.contains(&at);
            let own = steps.iter().filter(|step| step.step == id && step.action != Action::Prune);
            let drift: Vec<_> = own.flat_map(|step| step.changes.clone()).collect();
            let state = match (exists, wanted) {
                (false, false) => return None,
                (true, false) => ResourceState::Surplus,
                (false, true) => ResourceState::Missing,
                (true, true) if drift.is_empty() => ResourceState::Deployed,
                (true, true) => ResourceState::Drifted,
            };
            Some(ResourceStatus {
                step: id.to_owned(),
                kind: identity.kind,
                name: identity.name,
                drift: if state == ResourceState::Drifted { drift } else { Vec::new() },
                state,
                facts: self.facts(read, at),
            })
        });
        let resources: Vec<ResourceStatus> = resources.collect();
        let deployed = read.decided.known().get(read.desired.handles.api).is_some();
        let (target, outputs, notes) =
            (self.target.clone(), self.outputs(read), read.desired.graph.notes(&read.observed));
        Status { target, deployed, outputs, resources, notes, ..Status::default() }
    }
}

impl Read {
    /// # Errors
    /// Where what is wanted cannot be had from what is there.
    pub fn allowed(&self) -> Result<(), Failure> {
        let Some(Unreadable { resource, error }) = self.decided.refused() else { return Ok(()) };
        Err(Failure::Problem(Box::new(error.clone().problem(Some(resource.clone())))))
    }

    /// How long after the beginning something may turn up that was not found.
    pub fn late(&self) -> Option<Duration> {
        self.desired.graph.late(&self.observed)
    }

    /// What is still there but for what is kept, in words.
    pub fn standing(&self, kept: &[Kept]) -> Vec<String> {
        let steps = self.decided.plan.steps.iter().filter(|step| kept.iter().all(|kept| kept.step != step.step));
        steps.map(|step| format!("{} {}", step.kind, step.name)).collect()
    }
}

/// A profile that was asked for by name is named where it gave no credentials.
pub(super) fn with_profile(mut error: Error, settings: &Settings) -> Error {
    if let (ErrorKind::Credentials, Some(profile)) = (error.kind, &settings.profile)
        && !error.message.contains(profile)
    {
        error.message = format!("{} (profile {profile})", error.message);
    }
    error
}

/// Fetches lists while the account is still being asked for. What fails here is met again by whoever needs it.
async fn look_ahead(aws: &Aws<'_>, lookups: &Rc<Lookups>, spec: &Spec) {
    let zones = async {
        if let Some(domain) = &spec.domain {
            let (domain, zone_name) = (domain.name.clone(), domain.hosted_zone.clone());
            let _ = HostedZone { domain, zone_name, lookups: lookups.clone() }.look(aws).await;
        }
    };
    let _ = tokio::join!(lookups.rest_apis(aws), lookups.api_keys(aws), lookups.usage_plans(aws), zones);
}

pub(super) fn connection(settings: &Settings, spec: &Spec) -> Result<Connection, Failure> {
    // A cloud that is given has a time of its own, and a simulated day a chance, so that it can be repeated.
    let given = settings.cloud.as_ref();
    let clock = given.map_or_else(Clock::system, EmbeddedCloud::clock);
    let seed = given.and_then(EmbeddedCloud::traffic).unwrap_or_else(|| clock.epoch_millis());
    let place = match (&settings.cloud, settings.local, &settings.endpoint_url) {
        (Some(cloud), ..) => Place::Embedded(cloud.clone()),
        (None, true, _) => Place::Embedded(embedded(settings, clock)?),
        (None, false, Some(url)) => Place::Endpoint(url.clone()),
        (None, false, None) => Place::Aws,
    };
    let region = spec.region.clone().or_else(|| settings.region.clone());
    Ok(Connection { place, region, profile: settings.profile.clone(), clock, seed })
}

/// The same settings for the embedded cloud on a day at AWS that `seed` stands for. Its clock starts now.
///
/// # Errors
/// Where the cloud beside deploy.yaml cannot be opened.
pub fn simulated(settings: Settings, seed: u64) -> Result<Settings, Failure> {
    let directory = directory(&settings);
    let cloud = EmbeddedCloud::simulated(&directory, Clock::system(), seed);
    Ok(Settings { cloud: Some(cloud.map_err(|fault| unopened(&directory, &fault))?), ..settings })
}

/// The embedded cloud beside deploy.yaml.
pub(super) fn embedded(settings: &Settings, clock: Clock) -> Result<EmbeddedCloud, Failure> {
    let directory = directory(settings);
    EmbeddedCloud::open(&directory, clock).map_err(|fault| unopened(&directory, &fault))
}

fn directory(settings: &Settings) -> PathBuf {
    settings.file.parent().unwrap_or(Path::new("")).join(LOCAL)
}

fn unopened(directory: &Path, fault: &io::Error) -> Failure {
    let kind = match fault.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "full",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => "denied",
        _ => "damaged",
    };
    let message = format!("the embedded cloud in {} cannot be opened: {fault}", directory.display());
    unnamed(Error::local_state(kind, message))
}

pub(super) fn place(settings: &Settings) -> String {
    match (settings.local, &settings.endpoint_url) {
        (true, _) => format!("the embedded cloud ({LOCAL})"),
        (false, Some(url)) => url.clone(),
        (false, None) => "AWS".to_owned(),
    }
}

/// A failure, and of what.
pub(super) fn of(resource: impl Into<String>, error: Error) -> Failure {
    Failure::Problem(Box::new(error.problem(Some(resource.into()))))
}

pub(super) fn unnamed(error: Error) -> Failure {
    Failure::Problem(Box::new(error.problem(None)))
}
